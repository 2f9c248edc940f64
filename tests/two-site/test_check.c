/* SPDX-License-Identifier: Apache-2.0
 *
 * What `check` finds questionable, and the settings it prints for the other box.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check.h"
#include "two_site_fixture.h"

#include <ipsec/backend_mbedtls.h>

#define GOOD_SECRET "a secret of more than twenty octets"

static struct ipsec_mbedtls *provider;

static int make_provider(void **state)
{
    (void)state;
    return ipsec_mbedtls_new(NULL, &provider) == IPSEC_OK ? 0 : -1;
}

static int free_provider(void **state)
{
    (void)state;
    ipsec_mbedtls_free(provider);
    return 0;
}

/* The findings as a text; the caller frees it. */
static char *findings(const struct config *config, struct check_counts *counts)
{
    char *text = NULL;
    size_t length = 0;
    const struct ipsec_crypto *item[] = {ipsec_mbedtls_crypto(provider)};
    const struct ipsec_crypto_list list = {.item = item, .count = 1};
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    check_config(config, &list, out, counts);
    assert_int_equal(fclose(out), 0);
    return text;
}

struct row {
    const char *secret;
    const char *site_more;
    const char *child_more;
    const char *found; /* NULL: no warning and no error */
};

static const struct row rows[] = {
    {GOOD_SECRET, "", "esp = aes256-sha256-modp2048\n", NULL},
    {GOOD_SECRET, "ike = aes256-sha256-ecp256\n", "esp = aes256gcm16-ecp256\n", NULL},
    {"short", "", "esp = aes256-sha256-ecp256\n", "warning: site b: the secret has only 5 octets"},
    {GOOD_SECRET, "ike = aes256-sha256-modp2048s256\n", "esp = aes256-sha256-ecp256\n",
     "x.conf:7: warning: ike: MODP-2048-256 (group 24): group 24 is a SHOULD NOT of RFC 8247"},
    {GOOD_SECRET, "", "esp = aes256-sha256\n", "x.conf:11: warning: child net: no Diffie-Hellman "},
    {GOOD_SECRET, "", "esp = aes256-sha1-modp2048\n", "SHA-1 is on its way out"},
    {GOOD_SECRET, "", "esp = null-sha256-modp2048\n", "does not hide it"},
    {GOOD_SECRET, "", "esp = aes256gmac-modp2048\n", "does not hide it"},
    {GOOD_SECRET, "", "esp = aes256ccm16-aes128ccm8-modp2048\n",
     "AES-CCM-8-128: its ICV of 8 octets"},
    {GOOD_SECRET, "", "esp = aes256gcm16iiv-aes256gcm16-modp2048\n", NULL},
    {GOOD_SECRET, "", "esp = aes256ccm8iiv-modp2048\n", "its ICV of 8 octets"},
    {GOOD_SECRET, "", "esp = aes256gcm8-modp2048\n", "its ICV of 8 octets"},
    {GOOD_SECRET, "", "esp = 3des-sha256-modp2048\n", "is not built in here"},
    {GOOD_SECRET, "", "esp = 3des-sha256-modp2048\n",
     "x.conf:11: error: esp: none of these proposals is built in"},
    {GOOD_SECRET, "", "esp = 3des-aes256-sha256-modp2048\n", "warning: esp: "},
    {GOOD_SECRET, "", "esp = aes256-sha256-ecp256\nremote_ts = 10.0.0.0/24\n",
     "remote_ts holds the peer's own address"},
    {GOOD_SECRET, "", "esp = aes256-sha256-ecp256\nremote_ts = 192.168.1.128/25\n",
     "local_ts and remote_ts overlap"},
    {GOOD_SECRET, "", "esp = aes256-sha256-ecp256\ntfc = mtu\n", "nothing is padded until"},
    {GOOD_SECRET, "",
     "esp = aes256-sha256-ecp256\n[child more]\nsite = b\nlocal_ts = 192.168.1.7\n"
     "remote_ts = 192.168.0.0/16\nesp = aes256-sha256-ecp256\n",
     "child more: its selectors overlap those of child net"},
    {GOOD_SECRET, "reauth_time = 2h\n", "esp = aes256-sha256-modp2048\n", NULL},
    {GOOD_SECRET, "reauth_time = 60m\n", "esp = aes256-sha256-modp2048\n",
     "x.conf:7: note: site b: reauth_time is not above ike_lifetime"},
    {GOOD_SECRET, "ike_lifetime = 8h\nreauth_time = 4h\n", "esp = aes256-sha256-modp2048\n",
     "x.conf:8: note: site b: reauth_time is not above ike_lifetime"},
    {GOOD_SECRET, "reauth_time = 299\n", "esp = aes256-sha256-modp2048\n",
     "note: site b: a reauth_time below 5 minutes"},
    {GOOD_SECRET, "reauth_time = 169h\n", "esp = aes256-sha256-modp2048\n",
     "note: site b: a reauth_time of more than a week"},
};

static void cve_2018_5389_questionable_things_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct check_counts counts;
        struct config *config =
            fixture_config(rows[i].secret, rows[i].site_more, rows[i].child_more);
        char *text = findings(config, &counts);
        const bool good = rows[i].found == NULL ? counts.warnings == 0 && counts.errors == 0
                                                : strstr(text, rows[i].found) != NULL;
        if (!good) {
            print_error("row %zu: \"%s\" was expected in:\n%s", i,
                        rows[i].found == NULL ? "nothing" : rows[i].found, text);
        }
        assert_true(good);
        assert_null(strstr(text, rows[i].secret));
        free(text);
        config_free(config);
    }
}

static void different_protocols_do_not_overlap(void **state)
{
    struct check_counts counts;
    (void)state;
    struct config *config = fixture_config(
        GOOD_SECRET, "",
        "esp = aes256-sha256-ecp256\n[child a]\nsite = b\nlocal_ts = 10.1.0.1[tcp/80]\n"
        "remote_ts = 10.2.0.1\nesp = aes256-sha256-ecp256\n[child c]\nsite = b\n"
        "local_ts = 10.1.0.1[udp/80]\nremote_ts = 10.2.0.1\n"
        "esp = aes256-sha256-ecp256\n[child d]\nsite = b\n"
        "local_ts = 10.1.0.1[tcp/81-90]\nremote_ts = 10.2.0.1\n"
        "esp = aes256-sha256-ecp256\n");
    char *text = findings(config, &counts);
    assert_int_equal(counts.warnings, 0);
    free(text);
    config_free(config);
}

static void assert_same_proposals(const struct ipsec_proposals *a, const struct ipsec_proposals *b)
{
    char a_text[IPSEC_PROPOSALS_MAX * IPSEC_PROPOSAL_TEXT_MAX];
    char b_text[IPSEC_PROPOSALS_MAX * IPSEC_PROPOSAL_TEXT_MAX];
    ipsec_proposals_text(a, a_text, sizeof(a_text));
    ipsec_proposals_text(b, b_text, sizeof(b_text));
    assert_string_equal(a_text, b_text);
}

/* The mirror of the mirror is the thing itself, as far as it goes. */
static void mirror_is_readable_and_mirrors(void **state)
{
    char *text = NULL;
    size_t length = 0;
    (void)state;
    struct config *config = fixture_config(
        GOOD_SECRET, "role = initiator\nike = aes256-sha256-modp2048, aes128-sha256-ecp256\n",
        "esp = aes256-sha256-ecp384\nlifetime = 90m\n");
    FILE *out = open_memstream(&text, &length);
    mirror_ini(config, &config->site[0], out);
    assert_int_equal(fclose(out), 0);
    assert_null(strstr(text, GOOD_SECRET));

    struct config *other = config_new();
    FILE *stream = fmemopen(text, length, "r");
    (void)config_read(other, stream, "/nonexistent/y.conf", NULL, 0);
    (void)fclose(stream);
    /* Only the secret is not there. */
    assert_int_equal(other->error_count, 1);
    assert_non_null(strstr(other->error[0].text, "here.psk"));
    const struct ipsec_peer *peer = &other->site[0].peer;
    assert_true(ipsec_addr_equal(&peer->local.addr, &config->site[0].peer.remote.addr));
    assert_true(ipsec_addr_equal(&peer->remote.addr, &config->site[0].peer.local.addr));
    assert_true(ipsec_id_equal(&peer->local_id, &config->site[0].peer.remote_id));
    assert_int_equal(other->site[0].role, ROLE_RESPONDER);
    assert_int_equal(other->site[0].ike.count, 2);
    assert_same_proposals(&other->site[0].ike, &config->site[0].ike);
    assert_memory_equal(&peer->children[0].local_ts, &config->child[0].child.remote_ts,
                        sizeof(peer->children[0].local_ts));
    assert_same_proposals(&other->child[0].esp, &config->child[0].esp);
    assert_int_equal(peer->children[0].lifetime.hard_ms, 90 * 60000);
    free(text);
    config_free(other);
    config_free(config);
}

static void swanctl_has_the_other_side(void **state)
{
    static const char *const lines[] = {
        "local_addrs = 10.0.0.2\n",
        "remote_addrs = 10.0.0.1\n",
        "id = b.example\n",
        "id = 10.0.0.1\n",
        "local_ts = 192.168.2.0/24\n",
        "remote_ts = 192.168.1.0/24\n",
        "esp_proposals = aes256-sha256-modp2048\n",
        "life_time = 3600s\n",
    };
    char *text = NULL;
    size_t length = 0;
    (void)state;
    struct config *config =
        fixture_config(GOOD_SECRET, "", "esp = aes256-sha256-modp2048\nlifetime = 1h\n");
    FILE *out = open_memstream(&text, &length);
    mirror_swanctl(config, &config->site[0], out);
    assert_int_equal(fclose(out), 0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_non_null(strstr(text, lines[i]));
    }
    assert_null(strstr(text, GOOD_SECRET));
    size_t open = 0;
    size_t closed = 0;
    for (const char *at = text; *at != '\0'; at++) {
        open += *at == '{' ? 1 : 0;
        closed += *at == '}' ? 1 : 0;
    }
    assert_int_equal(open, closed);
    free(text);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cve_2018_5389_questionable_things_are_found),
        cmocka_unit_test(different_protocols_do_not_overlap),
        cmocka_unit_test(mirror_is_readable_and_mirrors),
        cmocka_unit_test(swanctl_has_the_other_side),
    };
    return cmocka_run_group_tests(tests, make_provider, free_provider);
}
