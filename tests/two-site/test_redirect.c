/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirects (RFC 5685) in the program: whom a site sends where, names and their lookups, and what
 * the journal says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "session.h"
#include "two_site_fixture.h"

#include <ipsec/backend_mbedtls.h>

#define SECRET "the secret of the redirect test"

struct bench {
    struct config *config;
    struct journal *journal;
    struct ipsec_mbedtls *provider;
    const struct ipsec_crypto *crypto;
    struct session session;
};

static struct bench *bench_with(const char *site)
{
    static struct bench bench;
    memset(&bench, 0, sizeof(bench));
    bench.config = fixture_config(SECRET, site, "");
    bench.journal = journal_new(NULL);
    assert_int_equal(ipsec_mbedtls_new(NULL, &bench.provider), IPSEC_OK);
    bench.crypto = ipsec_mbedtls_crypto(bench.provider);
    const struct session_parts parts = {
        .config = bench.config, .journal = bench.journal, .crypto = {&bench.crypto, 1}};
    assert_true(session_open(&bench.session, &parts, 1000));
    return &bench;
}

static void bench_free(struct bench *bench)
{
    session_deinit(&bench->session);
    ipsec_mbedtls_free(bench->provider);
    config_free(bench->config);
    free(bench->journal);
}

static bool journal_has(const struct bench *bench, const char *text)
{
    bool found = false;
    for (uint64_t n = journal_first(bench->journal); n < bench->journal->next; n++) {
        found = found || strstr(journal_get(bench->journal, n), text) != NULL;
    }
    return found;
}

static const char *answer_to(struct bench *bench, bool known)
{
    static char text[IPSEC_ID_TEXT_MAX];
    const struct ipsec_peer *peer = &bench->config->site[0].peer;
    const struct ipsec_redirect_query query = {.local = peer->local,
                                               .remote = peer->remote,
                                               .peer = known ? peer : NULL,
                                               .remote_id = known ? &peer->remote_id : NULL};
    struct ipsec_id gateway;
    if (session_redirect_to(&bench->session, &query, &gateway) != IPSEC_OK) {
        return "nowhere";
    }
    ipsec_id_text(&gateway, text, sizeof(text));
    return text;
}

static void peers_are_sent_when_they_are_known(void **state)
{
    struct bench *bench = bench_with("redirect_to = 10.0.0.9\n");
    (void)state;
    assert_string_equal(answer_to(bench, false), "nowhere");
    assert_string_equal(answer_to(bench, true), "10.0.0.9");
    bench_free(bench);
    /* the configuration is shared with the other gateway: there they stay */
    bench = bench_with("redirect_to = 10.0.0.1 at-once\n");
    assert_string_equal(answer_to(bench, false), "nowhere");
    assert_string_equal(answer_to(bench, true), "nowhere");
    bench_free(bench);
    bench = bench_with("redirect_to = vpn2.example at-once\n");
    assert_string_equal(answer_to(bench, false), "vpn2.example");
    assert_string_equal(answer_to(bench, true), "vpn2.example");
    bench->session.site[0].held = true; /* `down`: nobody answers, nor sends elsewhere */
    assert_string_equal(answer_to(bench, false), "nowhere");
    bench_free(bench);
    bench = bench_with("");
    assert_string_equal(answer_to(bench, false), "nowhere");
    assert_string_equal(answer_to(bench, true), "nowhere");
    bench_free(bench);
}

/* No peer is there that could be sent. */
static void the_command_needs_somebody(void **state)
{
    struct bench *bench = bench_with("");
    struct ipsec_id gateway;
    (void)state;
    assert_true(config_gateway("10.0.0.9", &gateway));
    assert_int_equal(session_redirect(&bench->session, "b", &gateway, 1000), IPSEC_ERR_STATE);
    assert_int_equal(session_redirect(&bench->session, "x", &gateway, 1000), IPSEC_ERR_NOT_FOUND);
    bench_free(bench);
}

static void gateways_as_they_are_written(void **state)
{
    static const char *const good[] = {"10.0.0.9", "fd00::9", "vpn2.example", "a-b_c.example."};
    static const char *const bad[] = {"",     "any",   "a@b",   "keyid:x",    "10.0.0.",
                                      "@vpn", "vpn 2", "vpn/2", "10.0.0.9/24"};
    struct ipsec_id gateway;
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(config_gateway(good[i], &gateway));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(config_gateway(bad[i], &gateway));
    }
}

/* ---- names ------------------------------------------------------------------------------------
 */

static enum ipsec_status await(struct resolver *resolver, uint32_t *token, struct ipsec_addr *addr)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    enum ipsec_status status = IPSEC_PENDING;
    while (resolver_busy(resolver) && !resolver_next(resolver, token, &status, addr)) {
        (void)nanosleep(&moment, NULL);
    }
    return status;
}

static void addresses_as_names(void **state)
{
    struct resolver resolver = {0};
    struct ipsec_addr addr;
    struct ipsec_addr expected;
    uint32_t token = 0;
    (void)state;
    assert_false(resolver_busy(&resolver));
    assert_true(resolver_start(&resolver, 7, "10.0.0.9", IPSEC_FAMILY_IPV4));
    assert_int_equal(await(&resolver, &token, &addr), IPSEC_OK);
    assert_int_equal(token, 7);
    assert_int_equal(ipsec_addr_parse("10.0.0.9", &expected), IPSEC_OK);
    assert_true(ipsec_addr_equal(&addr, &expected));
    assert_false(resolver_busy(&resolver));
    /* the only one there is, though of the other family */
    assert_true(resolver_start(&resolver, 8, "fd00::9", IPSEC_FAMILY_IPV4));
    assert_int_equal(await(&resolver, &token, &addr), IPSEC_OK);
    assert_int_equal(addr.family, IPSEC_FAMILY_IPV6);
    /* no resolver is asked for what can be no name */
    assert_true(resolver_start(&resolver, 9, "", IPSEC_FAMILY_IPV4));
    assert_int_equal(await(&resolver, &token, &addr), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(token, 9);
    resolver_deinit(&resolver);
}

static void lookups_have_a_maximum_and_may_be_left(void **state)
{
    struct resolver resolver = {0};
    (void)state;
    for (uint32_t i = 0; i < RESOLVER_LOOKUPS_MAX; i++) {
        assert_true(resolver_start(&resolver, i, "10.0.0.9", IPSEC_FAMILY_IPV4));
    }
    assert_false(resolver_start(&resolver, 99, "10.0.0.9", IPSEC_FAMILY_IPV4));
    assert_true(resolver_busy(&resolver));
    resolver_deinit(&resolver);
    assert_false(resolver_busy(&resolver));
}

/* While a name is looked up the session comes again soon; then it waits for nothing. */
static void the_session_fetches_what_was_found(void **state)
{
    struct bench *bench = bench_with("role = responder\n");
    const struct ipsec_peer *peer = &bench->config->site[0].peer;
    struct ipsec_id name = {.type = IPSEC_ID_FQDN, .length = 8};
    const struct ipsec_resolve_query query = {peer, &name, IPSEC_FAMILY_IPV4};
    struct ipsec_addr addr;
    const struct timespec moment = {.tv_nsec = 1000000};
    (void)state;
    memcpy(name.bytes, "10.0.0.9", 8);
    session_tick(&bench->session, 1000);
    assert_true(session_deadline(&bench->session) == IPSEC_NEVER);
    assert_int_equal(session_resolve(&bench->session, 5, &query, &addr), IPSEC_PENDING);
    session_tick(&bench->session, 1000);
    while (resolver_busy(&bench->session.resolver)) {
        assert_true(session_deadline(&bench->session) > 1000);
        (void)nanosleep(&moment, NULL);
        session_tick(&bench->session, 1000); /* nobody asked with that token: no harm */
    }
    assert_true(session_deadline(&bench->session) == IPSEC_NEVER);
    bench_free(bench);
}

/* ---- the journal ------------------------------------------------------------------------------
 */

static void what_the_journal_says(void **state)
{
    struct bench *bench = bench_with("");
    struct ipsec_redirect_info info = {.kind = IPSEC_REDIRECT_FOLLOWED};
    struct ipsec_event event = {.type = IPSEC_EVENT_REDIRECTED,
                                .now = 1000,
                                .ike_sa = 1,
                                .peer = &bench->config->site[0].peer,
                                .redirect = &info};
    (void)state;
    assert_true(config_gateway("vpn2.example", &info.to));
    assert_int_equal(ipsec_addr_parse("10.0.0.8", &info.from), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse("10.0.0.7", &event.remote.addr), IPSEC_OK);
    session_on_event(&bench->session, &event);
    assert_true(journal_has(bench, "redirected by 10.0.0.8 to vpn2.example, which is called"));
    info.kind = IPSEC_REDIRECT_SENT;
    session_on_event(&bench->session, &event);
    assert_true(journal_has(bench, "10.0.0.7"));
    assert_true(journal_has(bench, "is redirected to vpn2.example"));
    info.kind = IPSEC_REDIRECT_ARRIVED;
    session_on_event(&bench->session, &event);
    assert_true(journal_has(bench, "was redirected to us by 10.0.0.8"));
    /* strangers do not fill the log */
    info.kind = IPSEC_REDIRECT_SENT;
    event.ike_sa = 0;
    const uint64_t before = bench->journal->next;
    for (int i = 0; i < 500; i++) {
        session_on_event(&bench->session, &event);
    }
    assert_int_equal(bench->journal->next - before, SESSION_STRANGER_LINES);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_are_sent_when_they_are_known),
        cmocka_unit_test(the_command_needs_somebody),
        cmocka_unit_test(gateways_as_they_are_written),
        cmocka_unit_test(addresses_as_names),
        cmocka_unit_test(lookups_have_a_maximum_and_may_be_left),
        cmocka_unit_test(the_session_fetches_what_was_found),
        cmocka_unit_test(what_the_journal_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
