/* SPDX-License-Identifier: Apache-2.0
 *
 * Children that are to come again (`restart`), however they end.
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

/* Two engines whose children come again on the ends that are told so. */
static struct sim *begin_restarting(uint64_t seed, bool both)
{
    struct sim *s = sim_new(seed);

    A(s)->child[0].restart = true;
    A(s)->child[1].restart = true;
    B(s)->child[0].restart = both;
    B(s)->peer.child_count = 2;
    sim_start(s);
    (void)sim_connect(s);
    return s;
}

static void a_child_that_is_used_up_comes_again(void **state)
{
    struct sim *s = begin_restarting(20, false);
    const ipsec_handle child = sim_child_in(A(s), IPSEC_CHILD_INSTALLED);

    (void)state;
    assert_int_equal(ipsec_ike_child_notice(A(s)->ike, child, IPSEC_CHILD_NOTICE_HARD, s->now),
                     IPSEC_OK);
    assert_true(A(s)->retry.child);
    assert_true(A(s)->retry.next > s->now && A(s)->retry.next <= s->now + 1000);
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_LIFETIME);
    sim_run(s, 1100);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    sim_free(s);
}

/* The peer's delete overtakes its answer. */
static void a_child_gone_before_its_answer_comes_again(void **state)
{
    struct sim *s = begin_restarting(21, false);

    (void)state;
    s->held = true;
    const ipsec_handle sa = sim_sa(A(s), IPSEC_IKE_ESTABLISHED);
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[1], s->now), IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    const struct sim_child *made = sim_sink_sender(B(s), &B(s)->child[1]);
    assert_non_null(made);
    (void)ipsec_ike_delete_child(B(s)->ike, made->sa.child, s->now);
    assert_true(sim_deliver(s, 1));
    assert_true(sim_deliver(s, 0));
    assert_null(sim_sink_sender(A(s), &A(s)->child[1]));
    s->held = false;
    sim_run(s, 1500);
    sim_assert_agree(s, 1, 2);
    assert_non_null(sim_sink_sender(A(s), &A(s)->child[1]));
    sim_free(s);
}

/* The same of a rekey: the child it was for is no longer there, either. */
static void a_rekeyed_child_gone_before_its_answer_comes_again(void **state)
{
    struct sim *s = begin_restarting(22, false);

    (void)state;
    s->held = true;
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    assert_true(sim_deliver(s, 0));
    struct ipsec_child_info info;
    ipsec_handle h = 0;
    while ((h = ipsec_ike_next_child(B(s)->ike, h)) != 0) {
        assert_int_equal(ipsec_ike_child_info(B(s)->ike, h, &info), IPSEC_OK);
        if (info.phase == IPSEC_CHILD_INSTALLED) {
            (void)ipsec_ike_delete_child(B(s)->ike, h, s->now);
            break;
        }
    }
    assert_true(sim_deliver(s, 1));
    assert_true(sim_deliver(s, 0));
    s->held = false;
    sim_run(s, 3000);
    sim_run(s, 60000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Both ends want it again: one of them is enough. */
static void of_two_that_come_again_one_is_made(void **state)
{
    struct sim *s = begin_restarting(23, true);
    const ipsec_handle child = sim_child_in(A(s), IPSEC_CHILD_INSTALLED);

    (void)state;
    assert_int_equal(ipsec_ike_child_notice(A(s)->ike, child, IPSEC_CHILD_NOTICE_HARD, s->now),
                     IPSEC_OK);
    sim_run(s, 3000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 1);
    assert_int_equal(B(s)->events[IPSEC_EVENT_RETRY], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* What finds no room is told of, and made when another has gone; what was deleted is not. */
static void a_child_without_room_waits_for_some(void **state)
{
    (void)state;
    for (int rekeyed = 0; rekeyed <= 1; rekeyed++) {
        struct sim *s = sim_new(26);
        for (int i = 0; i < 2; i++) {
            s->nodes[i].peer.child_count = 2;
            s->nodes[i].child[1].start = IPSEC_START_ALWAYS;
        }
        A(s)->config.child_max = 1;
        sim_start(s);
        (void)sim_connect(s);
        sim_assert_agree(s, 1, 1);
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
        assert_int_equal(A(s)->failure.status, IPSEC_ERR_FULL);
        assert_ptr_equal(A(s)->failure.child, &A(s)->child[1]);
        if (rekeyed != 0) {
            const ipsec_handle sa = sim_sa(A(s), IPSEC_IKE_ESTABLISHED);
            assert_int_equal(ipsec_ike_rekey(A(s)->ike, sa, s->now), IPSEC_OK);
            sim_run(s, 3000);
        }
        const ipsec_handle first = sim_child_in(A(s), IPSEC_CHILD_INSTALLED);
        assert_int_equal(ipsec_ike_delete_child(A(s)->ike, first, s->now), IPSEC_OK);
        sim_run(s, 5000);
        sim_assert_agree(s, 1, 1);
        assert_non_null(sim_sink_sender(A(s), &A(s)->child[1]));
        assert_null(sim_sink_sender(A(s), &A(s)->child[0]));
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_without_room_waits_for_some),
        cmocka_unit_test(a_child_that_is_used_up_comes_again),
        cmocka_unit_test(a_child_gone_before_its_answer_comes_again),
        cmocka_unit_test(a_rekeyed_child_gone_before_its_answer_comes_again),
        cmocka_unit_test(of_two_that_come_again_one_is_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
