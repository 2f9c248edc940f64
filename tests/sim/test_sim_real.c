/* SPDX-License-Identifier: Apache-2.0
 *
 * The exchanges once more with real algorithms: set-up and all rekeys with each suite of the
 * reference scenario and its relatives. RFC 7296 2.13 to 2.18, RFC 5282, RFC 7634.
 */
#include "sim_test.h"

#include <ipsec/backend_mbedtls.h>

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

static struct ipsec_mbedtls *mbedtls;
static const struct ipsec_crypto *items[1];
static const struct ipsec_crypto_list list = {items, 1};

static int provider_start(void **state)
{
    (void)state;
    if (ipsec_mbedtls_new(NULL, &mbedtls) != IPSEC_OK) {
        return 1;
    }
    items[0] = ipsec_mbedtls_crypto(mbedtls);
    return 0;
}

static int provider_end(void **state)
{
    (void)state;
    ipsec_mbedtls_free(mbedtls);
    return 0;
}

static bool built_in(const struct ipsec_proposals *proposals)
{
    struct ipsec_proposals copy = *proposals;

    return ipsec_proposals_restrict(&copy, &list) == 0;
}

static void run_suite(const char *ike, const char *esp)
{
    struct sim *s = sim_new(1);

    for (int i = 0; i < 2; i++) {
        sim_ike_proposals(&s->nodes[i], ike);
        sim_esp_proposals(&s->nodes[i], esp);
        s->nodes[i].config.crypto = list;
    }
    if (!built_in(&A(s)->ike_proposals) || !built_in(&A(s)->esp_proposals[0])) {
        print_message("not built in: %s, %s\n", ike, esp);
        free(s);
        return;
    }
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, SET_UP);
    sim_traffic(s);
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    sim_run(s, 5000);
    (void)ipsec_ike_rekey(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now);
    sim_run(s, 5000);
    (void)ipsec_ike_rekey_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    sim_run(s, 5000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 2);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void every_suite(void **state)
{
    (void)state;
    run_suite("aes256-sha256-modp2048", "aes256-sha256-modp2048");
    run_suite("aes256-sha256-modp2048s256", "aes256-sha256-modp2048s256");
    run_suite("aes256-sha256-ecp256", "aes256-sha256-ecp256");
    run_suite("aes256-sha384-ecp384", "aes192-sha384-ecp384-esn");
    run_suite("aes128-sha512-ecp521", "aes128-sha512-ecp521");
    run_suite("aes256gcm16-prfsha256-ecp256", "aes256gcm16-ecp256");
    run_suite("aes128gcm16-prfsha384-modp3072", "aes128gcm16-esn");
    run_suite("chacha20poly1305-prfsha256-curve25519", "chacha20poly1305-curve25519");
    run_suite("aes256ctr-sha256-ecp256", "aes256ctr-sha256-esn");
    run_suite("aes128gcm8-prfsha256-ecp256", "aes192gcm12-ecp256");
    run_suite("aes256ccm16-prfaescmac-ecp256", "aes128ccm12-esn");
    run_suite("aes192ccm8-prfsha256-curve25519", "aes256ccm8");
    run_suite("aes128-aesxcbc-ecp256", "aes128ctr-aesxcbc");
    run_suite("aes128-aescmac-ecp256", "null-aescmac-esn");
    run_suite("aes256-sha256-ecp256", "aes256gmac-esn");
    run_suite("aes256-sha256-ecp256", "aes256gcm16iiv");
    run_suite("aes256-sha256-ecp256", "chacha20poly1305iiv-esn");
    run_suite("aes256-sha256-ecp256", "aes128ccm8iiv-aes128gcm16-ecp256-esn");
}

/* AUTH-08: the same secret in other words is another secret. */
static void auth_07_wrong_secret(void **state)
{
    struct sim *s = sim_new(2);

    (void)state;
    A(s)->config.crypto = B(s)->config.crypto = list;
    A(s)->secret = "a pre-shared key of some length ";
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite),
        cmocka_unit_test(auth_07_wrong_secret),
    };

    return cmocka_run_group_tests(tests, provider_start, provider_end);
}
