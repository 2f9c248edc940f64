/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirects (RFC 5685) in each exchange, with every pattern of losses: when the network has calmed
 * down, the one IKE SA leads to the other gateway.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

/* ---- losses ------------------------------------------------------------------------------------
 */

#define MASK_BITS 12

static void run_mask(uint64_t mask, int phase)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
    ipsec_handle sa = 0;

    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.retransmit_max = 14;
        s->nodes[i].config.retransmit_first_ms = 500;
        s->nodes[i].config.retransmit_factor_percent = 110;
        s->nodes[i].config.half_open_ms = 60000;
    }
    B(s)->redirects.init = phase == IPSEC_PHASE_IKE_SA_INIT ? GATE_2 : NULL;
    B(s)->redirects.auth = phase == IPSEC_PHASE_IKE_AUTH ? GATE_2 : NULL;
    B(s)->redirects.only_at = GATE_1;
    sim_start(s);
    if (phase == IPSEC_PHASE_ESTABLISHED) {
        (void)sim_connect(s);
    }
    s->loss_mask = mask;
    s->loss_first = s->sent;
    if (phase == IPSEC_PHASE_ESTABLISHED) {
        assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    } else {
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    }
    sim_run(s, 60000);
    s->loss_mask = 0;
    sim_run(s, 100000);
    const char *wrong = sim_disagreement(s, 1, 1);
    if (wrong == NULL) {
        wrong = sim_dead(s);
    }
    if (wrong != NULL) {
        print_error("mask 0x%llx: %s\n%s", (unsigned long long)mask, wrong, s->ladder);
        fail();
    }
    assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 1);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

static void all_losses(int phase)
{
    for (uint64_t mask = 0; mask < (uint64_t)1 << MASK_BITS; mask++) {
        run_mask(mask, phase);
    }
}

static void every_loss_in_ike_sa_init(void **state)
{
    (void)state;
    all_losses(IPSEC_PHASE_IKE_SA_INIT);
}

static void every_loss_in_ike_auth(void **state)
{
    (void)state;
    all_losses(IPSEC_PHASE_IKE_AUTH);
}

static void every_loss_when_established(void **state)
{
    (void)state;
    all_losses(IPSEC_PHASE_ESTABLISHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loss_in_ike_sa_init),
        cmocka_unit_test(every_loss_in_ike_auth),
        cmocka_unit_test(every_loss_when_established),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
