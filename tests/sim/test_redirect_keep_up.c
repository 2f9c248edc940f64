/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers that are kept up, and redirects (RFC 5685).
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

/* Kept up, and so it is. */
static bool waits_for_nothing(const struct sim_node *n)
{
    struct ipsec_keep_up_info info;

    return ipsec_ike_keep_up_info(n->ike, &n->peer, &info) == IPSEC_OK &&
           info.next_try == IPSEC_NEVER;
}

/* Sent to a gateway that is not there, and, once up, away from one that dies: every way leads back
 * to the gateway that is configured. */
static void redirects_lead_back_to_the_configured_gateway(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
        for (int k = 0; k < 2; k++) {
            s->nodes[k].config.retransmit_first_ms = 200;
            s->nodes[k].config.retransmit_max = 2;
            s->nodes[k].peer.liveness_ms = 2000;
        }
        B(s)->redirects.init = GATE_2;
        B(s)->redirects.only_at = GATE_1;
        if (i == 0) {
            sim_address_down(s, GATE_2);
        }
        sim_start(s);
        assert_int_equal(ipsec_ike_keep_up(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
        sim_run(s, 500);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 1);
        assert_true(waits_for_nothing(A(s)));
        assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 0); /* a redirect is no failure */
        if (i == 1) {
            redirect_assert_at(s, GATE_2);
            sim_run(s, 60000);
            sim_address_down(s, GATE_2);
        }
        B(s)->redirects.init = NULL;
        sim_run(s, 20000);
        redirect_assert_at(s, GATE_1);
        assert_true(waits_for_nothing(A(s)));
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redirects_lead_back_to_the_configured_gateway),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
