/* SPDX-License-Identifier: Apache-2.0
 *
 * What rekeying an IKE SA proves, and what it does not. RFC 7296 2.8.3, RFC 4478.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

/* New keys, nobody asked who anybody is: a changed secret and an expired certificate go unnoticed.
 */
static void rekey_11_rekeying_does_not_authenticate(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    sim_certificates(s, IPSEC_KEY_EC, 256);
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    sim_ladder_clear(s);
    A(s)->auth.trust.issuer = 8;
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sa, s->now), IPSEC_OK);
    sim_run(s, 5000);
    assert_null(strstr(s->ladder, "IKE_AUTH"));
    assert_null(strstr(s->ladder, "CERT"));
    assert_int_equal(A(s)->auth.validated, 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Authenticating again is an IKE SA from scratch: here one whose proof is no longer good. */
static void rekey_11_a_new_ike_sa_does(void **state)
{
    struct sim *s = sim_new(2);
    ipsec_handle again;

    (void)state;
    sim_certificates(s, IPSEC_KEY_EC, 256);
    sim_start(s);
    (void)sim_connect(s);
    A(s)->auth.trust.issuer = 8;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &again), IPSEC_OK);
    sim_run(s, 5000);
    assert_int_equal(A(s)->failure.cert_problem, IPSEC_CERT_UNTRUSTED);
    /* The first one is not touched by it. */
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rekey_11_rekeying_does_not_authenticate),
        cmocka_unit_test(rekey_11_a_new_ike_sa_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
