/* SPDX-License-Identifier: Apache-2.0
 *
 * Children of a long session: a rekey that is taken back. RFC 7296 1.4.1, 2.8.
 */
#include "sim_test.h"

static struct sim_node *A(struct sim *s)
{
    return &s->nodes[SIM_A];
}

static struct sim_node *B(struct sim *s)
{
    return &s->nodes[SIM_B];
}

/* ---- a successor that is taken back ------------------------------------------------------------
 */

/* The initiator of a rekey can not take the answer and deletes the new child: the old one, which it
 * still uses, must not be deleted a minute later by the end that thought it replaced. */
static void rekey_04_a_successor_taken_back_leaves_the_old_child(void **state)
{
    struct sim *s = sim_up(1);

    (void)state;
    const uint32_t up = B(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED];
    A(s)->children_max = 1;
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    sim_run(s, 1000);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], up + 1);
    assert_int_not_equal(sim_child_in(B(s), IPSEC_CHILD_INSTALLED), 0);
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = 1000000;
    for (int i = 0; i < 20; i++) {
        sim_run(s, 10000);
        sim_traffic(s);
        assert_int_equal(s->esp_lost, 0);
    }
    assert_int_equal(sim_sink_count(A(s)), 1);
    assert_true(sim_sink_count(B(s)) >= 1);
    A(s)->children_max = 0;
    sim_run(s, 130000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Its lifetime is what it was, not that of a replaced one, and not a new one. */
static void rekey_10_the_old_child_keeps_its_end(void **state)
{
    struct sim *s = sim_new(2);
    struct ipsec_child_info before;
    struct ipsec_child_info after;

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    const ipsec_handle old = sim_child_in(B(s), IPSEC_CHILD_INSTALLED);
    assert_int_equal(ipsec_ike_child_info(B(s)->ike, old, &before), IPSEC_OK);
    sim_run(s, 5000);
    A(s)->children_max = 1;
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    sim_run(s, 1000);
    assert_int_equal(ipsec_ike_child_info(B(s)->ike, old, &after), IPSEC_OK);
    assert_int_equal(after.phase, IPSEC_CHILD_INSTALLED);
    assert_true(after.ends == before.ends);
    assert_true(after.rekey_due > s->now && after.rekey_due < after.ends);
    sim_free(s);
}

/* One that the peer has used is no offer any more: deleted, it is deleted, and nothing comes back
 * from the dead. */
static void info_03_a_used_successor_is_the_child(void **state)
{
    struct sim *s = sim_up(3);

    (void)state;
    s->held = true;
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    assert_true(sim_deliver(s, 0));
    assert_true(sim_deliver(s, 0));
    assert_true(sim_esp(s, SIM_A, &A(s)->child[0]));
    assert_true(sim_deliver(s, 1)); /* before the delete of the old one */
    s->held = false;
    sim_run(s, 1000);
    (void)ipsec_ike_delete_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), s->now);
    sim_run(s, 5000);
    assert_int_equal(sim_sink_count(A(s)) + sim_sink_count(B(s)), 0);
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rekey_04_a_successor_taken_back_leaves_the_old_child),
        cmocka_unit_test(rekey_10_the_old_child_keeps_its_end),
        cmocka_unit_test(info_03_a_used_successor_is_the_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
