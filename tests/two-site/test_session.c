/* SPDX-License-Identifier: Apache-2.0
 *
 * What the session writes of events: bounded for strangers, short when a failure repeats; which
 * site answers a caller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "site_status.h"
#include "two_site_fixture.h"

#include <ipsec/backend_mbedtls.h>

#define SECRET "the secret of the session test"

struct bench {
    struct config *config;
    struct journal *journal;
    struct ipsec_mbedtls *provider;
    const struct ipsec_crypto *crypto;
    struct session session;
};

static int open_bench(void **state)
{
    static struct bench bench;
    memset(&bench, 0, sizeof(bench));
    bench.config = fixture_config(SECRET, "role = initiator\n", "");
    bench.journal = journal_new(NULL);
    *state = &bench;
    if (ipsec_mbedtls_new(NULL, &bench.provider) != IPSEC_OK) {
        return -1;
    }
    bench.crypto = ipsec_mbedtls_crypto(bench.provider);
    const struct session_parts parts = {
        .config = bench.config, .journal = bench.journal, .crypto = {&bench.crypto, 1}};
    return session_open(&bench.session, &parts, 1000) ? 0 : -1;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    session_deinit(&bench->session);
    ipsec_mbedtls_free(bench->provider);
    config_free(bench->config);
    free(bench->journal);
    return 0;
}

static uint64_t lines_with(const struct journal *journal, const char *text)
{
    uint64_t count = 0;
    for (uint64_t n = journal_first(journal); n < journal->next; n++) {
        count += strstr(journal_get(journal, n), text) != NULL ? 1 : 0;
    }
    return count;
}

static void cve_2022_23094_strangers_do_not_fill_the_log(void **state)
{
    struct bench *bench = *state;
    struct ipsec_event drop = {
        .type = IPSEC_EVENT_DROP, .now = 1000, .status = IPSEC_DROP_MALFORMED};
    for (size_t i = 0; i < 500; i++) {
        session_on_event(&bench->session, &drop);
    }
    assert_int_equal(bench->journal->next, SESSION_STRANGER_LINES);
    drop.now += SESSION_STRANGER_WINDOW_MS;
    session_on_event(&bench->session, &drop);
    assert_int_equal(bench->journal->next, SESSION_STRANGER_LINES + 2);
    assert_int_equal(lines_with(bench->journal, "460 more messages of callers"), 1);
}

static void first_messages_of_callers_are_bounded_ours_are_not(void **state)
{
    struct bench *bench = *state;
    struct ipsec_message_info message = {.exchange = 34, .from_initiator = true, .length = 400};
    struct ipsec_event event = {.type = IPSEC_EVENT_MESSAGE, .now = 1000, .message = &message};
    for (size_t i = 0; i < 100; i++) {
        session_on_event(&bench->session, &event);
    }
    assert_int_equal(bench->journal->next, SESSION_STRANGER_LINES);
    message.outbound = true; /* our own calls are shown */
    for (size_t i = 0; i < 100; i++) {
        session_on_event(&bench->session, &event);
    }
    assert_int_equal(bench->journal->next, SESSION_STRANGER_LINES + 100);
}

static void a_failure_is_told_once_and_then_briefly(void **state)
{
    struct bench *bench = *state;
    const struct ipsec_peer *peer = &bench->config->site[0].peer;
    struct ipsec_failure failure = {.phase = IPSEC_PHASE_IKE_SA_INIT,
                                    .cause = IPSEC_CAUSE_SILENT_PEER,
                                    .refused_by = IPSEC_REFUSED_NOBODY,
                                    .initiator = true,
                                    .peer = peer,
                                    .local = peer->local,
                                    .remote = peer->remote,
                                    .attempts = 6,
                                    .duration_ms = 30000};
    struct ipsec_event event = {
        .type = IPSEC_EVENT_FAILURE, .now = 1000, .peer = peer, .failure = &failure};
    session_on_event(&bench->session, &event);
    assert_true(bench->journal->next > 5);
    const uint64_t before = bench->journal->next;
    event.now = 7000;
    session_on_event(&bench->session, &event);
    assert_int_equal(bench->journal->next, before + 1);
    assert_int_equal(lines_with(bench->journal, "failed again: silent-peer"), 1);
    failure.cause = IPSEC_CAUSE_AUTHENTICATION; /* news again */
    session_on_event(&bench->session, &event);
    assert_int_equal(lines_with(bench->journal, "failed: authentication"), 1);
    assert_int_equal(bench->session.site[0].failures, 3);
}

/* The peer is nowhere: what the journal says of each wait, and `status` of the one under way. */
static void the_wait_doubles_up_to_a_minute(void **state)
{
    static const unsigned waits[] = {5, 10, 20, 40, 60, 60};
    struct bench *bench = *state;
    ipsec_ms now = 1000;
    session_tick(&bench->session, now);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        const uint64_t before = lines_with(bench->journal, "next attempt in ");
        while (lines_with(bench->journal, "next attempt in ") == before && now < IPSEC_NEVER) {
            now = ipsec_gw_deadline(bench->session.gw);
            ipsec_gw_expire(bench->session.gw, now);
        }
        unsigned said = 0;
        assert_int_equal(sscanf(strstr(journal_get(bench->journal, bench->journal->next - 1),
                                       "next attempt in "),
                                "next attempt in %u s", &said),
                         1);
        assert_true(said <= waits[i] && said >= waits[i] - waits[i] / 4);
        json_t *status = status_json(&bench->session, now);
        const json_t *site = json_array_get(json_object_get(status, "sites"), 0);
        const json_int_t left = json_integer_value(json_object_get(site, "next_attempt_in_s"));
        assert_true(left <= said && left + 1 >= said);
        assert_int_equal(json_integer_value(json_object_get(site, "attempts")), i + 1);
        json_decref(status);
    }
}

static void other_retries_are_told(void **state)
{
    struct bench *bench = *state;
    const struct ipsec_peer *peer = &bench->config->site[0].peer;
    struct ipsec_child_info child = {.config = &peer->children[0]};
    struct ipsec_event event = {
        .type = IPSEC_EVENT_RETRY, .now = 1000, .peer = peer, .next_try = 1001};
    session_on_event(&bench->session, &event);
    assert_int_equal(lines_with(bench->journal, " next attempt in 1 s"), 1);
    event.status = IPSEC_ERR_FULL;
    session_on_event(&bench->session, &event);
    assert_int_equal(lines_with(bench->journal, "can not call the peer: "), 1);
    event.next_try = IPSEC_NEVER;
    session_on_event(&bench->session, &event);
    assert_int_equal(lines_with(bench->journal, "; no next attempt until `up`"), 1);
    event.status = IPSEC_OK;
    event.child = &child;
    event.next_try = 9000;
    session_on_event(&bench->session, &event);
    assert_int_equal(lines_with(bench->journal, "child net: next attempt in 8 s"), 1);
}

static void a_held_site_is_not_called(void **state)
{
    struct bench *bench = *state;
    const struct ipsec_ike *ike = ipsec_gw_ike(bench->session.gw);
    assert_int_equal(session_down(&bench->session, "b", 1000), IPSEC_OK);
    session_tick(&bench->session, 1000);
    assert_int_equal(ipsec_ike_next_sa(ike, 0), 0);
    assert_int_equal(session_up(&bench->session, "b"), IPSEC_OK);
    session_tick(&bench->session, 2000);
    assert_true(ipsec_ike_next_sa(ike, 0) != 0);
}

/* Addresses of a pool: none twice, the one that is wanted when it is free, none of networks. */
static void a_pool_gives_each_address_once(void **state)
{
    struct bench *bench = *state;
    struct config_site *site = (struct config_site *)(uintptr_t)&bench->config->site[0];
    struct ipsec_lease_query query = {.peer = &site->peer, .wanted = IPSEC_CONFIG_IPV4};
    struct ipsec_config_set set;
    uint32_t second = 0;
    assert_int_equal(ipsec_selector_parse("10.77.0.254-10.77.1.2", &site->pool), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse("10.77.1.2", &query.ipv4), IPSEC_OK);
    static const uint8_t low[] = {2, 254, 1}; /* .255 and .0 are left out */
    for (size_t i = 0; i < 3; i++) {
        memset(&set, 0, sizeof(set));
        assert_int_equal(session_lease(&bench->session, 1, &query, &set), IPSEC_OK);
        assert_int_equal(set.ipv4.bytes[3], low[i]);
        second = i == 1 ? set.lease : second;
    }
    assert_int_equal(session_lease(&bench->session, 1, &query, &set), IPSEC_ERR_FULL);
    session_release(&bench->session, &site->peer, second);
    session_release(&bench->session, &site->peer, 0);
    assert_int_equal(session_lease(&bench->session, 1, &query, &set), IPSEC_OK);
    assert_int_equal(set.ipv4.bytes[3], 254);
    query.wanted = IPSEC_CONFIG_DNS;
    site->dns_count = 1;
    memset(&set, 0, sizeof(set));
    assert_int_equal(session_lease(&bench->session, 1, &query, &set), IPSEC_OK);
    assert_int_equal(set.dns_count, 1);
    assert_int_equal(set.ipv4.family, IPSEC_FAMILY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cve_2022_23094_strangers_do_not_fill_the_log, open_bench,
                                        close_bench),
        cmocka_unit_test_setup_teardown(first_messages_of_callers_are_bounded_ours_are_not,
                                        open_bench, close_bench),
        cmocka_unit_test_setup_teardown(a_failure_is_told_once_and_then_briefly, open_bench,
                                        close_bench),
        cmocka_unit_test_setup_teardown(the_wait_doubles_up_to_a_minute, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(other_retries_are_told, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(a_held_site_is_not_called, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(a_pool_gives_each_address_once, open_bench, close_bench),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
