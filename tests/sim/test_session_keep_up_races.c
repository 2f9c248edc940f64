/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers that are kept up while their IKE SA is rekeyed by both ends at once.
 */
#include "sim_test.h"

#define SEEDS 8

/* B has asked for a rekey, and has answered A's: which of the two new IKE SAs counts is decided
 * when the answer to B comes. The handle of the one that A has asked for. */
static ipsec_handle collide(struct sim *s)
{
    struct sim_node *a = &s->nodes[SIM_A];
    struct sim_node *b = &s->nodes[SIM_B];
    const ipsec_handle old = sim_sa(b, IPSEC_IKE_ESTABLISHED);
    ipsec_handle sa;

    s->held = true;
    assert_int_equal(ipsec_ike_rekey(b->ike, old, s->now), IPSEC_OK);
    assert_int_equal(ipsec_ike_rekey(a->ike, sim_sa(a, IPSEC_IKE_ESTABLISHED), s->now), IPSEC_OK);
    assert_true(sim_deliver(s, 1)); /* A's request */
    sa = ipsec_ike_next_sa(b->ike, 0);
    sa = sa == old ? ipsec_ike_next_sa(b->ike, sa) : sa;
    assert_true(sa != 0 && sa != old);
    return sa;
}

/* The one that wins may be at its end by then: the peer is not forgotten with it, nor called though
 * our own delete has ended it. */
static void the_winner_of_a_collision_may_be_gone(void **state)
{
    uint32_t dropped = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim *s = sim_new(seed);
        struct sim_node *b = &s->nodes[SIM_B];
        struct ipsec_keep_up_info info;
        sim_start(s);
        (void)sim_connect(s);
        assert_int_equal(ipsec_ike_keep_up(b->ike, &b->peer, s->now), IPSEC_OK);
        const ipsec_handle theirs = collide(s);
        assert_int_equal(ipsec_ike_delete(b->ike, theirs, s->now), IPSEC_OK);
        while (sim_deliver(s, 0)) {
            assert_null(sim_broken(b));
        }
        s->held = false;
        sim_run(s, 60000);
        assert_null(sim_broken(b));
        const bool kept = ipsec_ike_keep_up_info(b->ike, &b->peer, &info) == IPSEC_OK;
        assert_true(kept == (sim_sa(b, IPSEC_IKE_ESTABLISHED) != 0));
        dropped += kept ? 0 : 1;
        sim_free(s);
    }
    assert_in_range(dropped, 1, SEEDS - 1); /* either end has won */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_winner_of_a_collision_may_be_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
