/* SPDX-License-Identifier: Apache-2.0
 *
 * MOBIKE (RFC 4555) between two engines: support, updates, return routability, and rekeys that
 * cross an update, with what is lost on the way.
 */
#include "sim_mobile.h"

/* ---- support -----------------------------------------------------------------------------------
 */

static void mobike_negotiated_and_port_4500_from_ike_auth(void **state)
{
    struct sim *s = mobile_made();

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R
                         "A IKE_AUTH request 1: SK{IDi N(INITIAL_CONTACT) IDr AUTH SA TSi TSr "
                         "N(MOBIKE_SUPPORTED)}\n"
                         "B IKE_AUTH response 1: SK{IDr AUTH SA TSi TSr N(MOBIKE_SUPPORTED)}\n");
    for (int i = 0; i < 2; i++) {
        const struct ipsec_ike_sa_info info = mobile_info(&s->nodes[i]);
        assert_true(info.mobike);
        assert_int_equal(info.local.port, 4500); /* RFC 4555 3.3 */
        assert_int_equal(info.remote.port, 4500);
        assert_false(info.nat_local || info.nat_remote);
        assert_false(sim_sink_sender(&s->nodes[i], &s->nodes[i].child[0])->sa.udp_encapsulation);
    }
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void mobike_off_when_one_end_does_without(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        struct sim *s = mobile_made();
        s->nodes[who].peer.no_mobike = true;
        mobile_start(s);
        assert_false(mobile_info(A(s)).mobike || mobile_info(B(s)).mobike);
        assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_ERR_STATE);
        assert_int_equal(mobile_move(B(s), NEW_B, NULL), IPSEC_ERR_STATE);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

static void mobike_command_arguments(void **state)
{
    struct sim *s = mobile_up();
    const struct ipsec_endpoint six = mobile_at("2001:db8::1");
    const struct ipsec_endpoint b = mobile_at(NEW_B);

    (void)state;
    assert_int_equal(ipsec_ike_move(NULL, 1, NULL, NULL, s->now), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_move(A(s)->ike, 0, NULL, NULL, s->now), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_ike_move(A(s)->ike, mobile_sa(A(s)), &six, NULL, s->now),
                     IPSEC_ERR_ARGUMENT);
    /* the end that did not begin can not tell the other where to be */
    assert_int_equal(ipsec_ike_move(B(s)->ike, mobile_sa(B(s)), NULL, &b, s->now),
                     IPSEC_ERR_FORBIDDEN);
    sim_run(s, SECOND);
    mobile_assert_at(s, OLD_A, OLD_B);
    assert_string_equal(s->ladder, "");
    sim_free(s);
}

static void mobike_no_room_for_paths(void **state)
{
    struct sim *s = mobile_made();

    (void)state;
    A(s)->config.mobile_max = 1;
    mobile_start(s);
    /* the place is with the IKE SA, goes over to its successor, and is free with its end */
    assert_int_equal(A(s)->ike->paths.used, 1);
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, mobile_sa(A(s)), s->now), IPSEC_OK);
    sim_run(s, 5 * SECOND);
    assert_int_equal(A(s)->ike->paths.used, 1);
    const ipsec_handle first = mobile_sa(A(s));
    ipsec_handle second = 0;
    A(s)->peer.no_initial_contact = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &second), IPSEC_OK);
    sim_run(s, SECOND);
    const struct ipsec_endpoint to = mobile_at(NEW_A);
    assert_int_equal(ipsec_ike_move(A(s)->ike, second, &to, NULL, s->now), IPSEC_ERR_FULL);
    assert_int_equal(ipsec_ike_delete(A(s)->ike, first, s->now), IPSEC_OK);
    sim_run(s, SECOND);
    assert_int_equal(ipsec_ike_move(A(s)->ike, second, &to, NULL, s->now), IPSEC_OK);
    sim_run(s, SECOND);
    mobile_assert_at(s, NEW_A, OLD_B);
    assert_int_equal(ipsec_ike_delete(A(s)->ike, second, s->now), IPSEC_OK);
    sim_run(s, SECOND);
    assert_int_equal(A(s)->ike->paths.used, 0);
    sim_free(s);
}

/* ---- the end that decides moves ----------------------------------------------------------------
 */

static void mobike_update_moves_all(void **state)
{
    struct sim *s = mobile_up();
    struct ipsec_ike_counters counters;

    (void)state;
    sim_address_down(s, OLD_A);
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    sim_run(s, SECOND);
    sim_assert_ladder(s,
                      "A INFORMATIONAL request 3: SK{N(COOKIE2) N(UPDATE_SA_ADDRESSES) " NATD "}\n"
                      "B INFORMATIONAL response 3: SK{N(COOKIE2) " NATD "}\n"
                      "B INFORMATIONAL request 1: SK{N(COOKIE2)}\n"
                      "A INFORMATIONAL response 1: SK{N(COOKIE2)}\n");
    mobile_assert_at(s, NEW_A, OLD_B);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(s->nodes[i].events[IPSEC_EVENT_ADDRESS_CHANGED], 1);
        ipsec_ike_counters(s->nodes[i].ike, &counters);
        assert_true(counters.address_changes == 1);
    }
    assert_true(mobile_is_at(&B(s)->old_remote, OLD_A) && mobile_is_at(&B(s)->new_remote, NEW_A));
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void mobike_children_wait_for_the_answer_and_the_check(void **state)
{
    struct sim *s = mobile_up();

    (void)state;
    s->held = true;
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    assert_true(mobile_is_at(&sim_sink_sender(A(s), &A(s)->child[0])->sa.local, OLD_A));
    assert_true(sim_deliver(s, 0)); /* the update; B answers and checks */
    assert_true(mobile_is_at(&sim_sink_sender(B(s), &B(s)->child[0])->sa.remote, OLD_A));
    assert_true(mobile_remote_is(B(s), NEW_A));
    assert_int_equal(sim_in_flight(s), 2);
    assert_true(sim_deliver(s, 0)); /* the answer */
    assert_true(mobile_is_at(&sim_sink_sender(A(s), &A(s)->child[0])->sa.local, NEW_A));
    assert_true(mobile_is_at(&sim_sink_sender(B(s), &B(s)->child[0])->sa.remote, OLD_A));
    assert_true(sim_deliver(s, 0)); /* the check */
    assert_true(sim_deliver(s, 0));
    mobile_assert_at(s, NEW_A, OLD_B);
    sim_free(s);
}

/* The outer addresses that the node's children send to. */
static void assert_all_send_to(struct sim_node *n, const char *local, const char *remote)
{
    uint32_t children = 0;

    for (size_t i = 0; i < SIM_CHILDREN_MAX; i++) {
        if (n->sink[i].used) {
            children++;
            assert_true(mobile_is_at(&n->sink[i].sa.local, local));
            assert_true(mobile_is_at(&n->sink[i].sa.remote, remote));
        }
    }
    assert_true(children > 0);
}

static struct sim *two_children(void)
{
    struct sim *s = mobile_made();

    A(s)->peer.child_count = B(s)->peer.child_count = 2;
    A(s)->child[1].start = IPSEC_START_ON_DEMAND;
    return mobile_start(s);
}

/* RFC 4555 3.7, 5.4: nor does a child that is made meanwhile send to what is not proven. */
static void mobike_no_child_is_made_before_the_check(void **state)
{
    (void)state;
    for (int rekey = 0; rekey < 2; rekey++) {
        struct sim *s = two_children();
        s->held = true;
        assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
        assert_true(sim_deliver(s, 0)); /* the update */
        assert_true(sim_deliver(s, 0)); /* its answer; the check stays under way */
        if (rekey == 1) {
            (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0,
                                        s->now);
        } else {
            assert_int_equal(
                ipsec_ike_create_child(A(s)->ike, mobile_sa(A(s)), &A(s)->child[1], s->now),
                IPSEC_OK);
        }
        assert_int_equal(sim_in_flight(s), 2);
        assert_true(sim_deliver(s, 1));
        assert_int_equal(sim_in_flight(s), 2);
        assert_int_equal(sim_sink_count(B(s)), 1);
        assert_all_send_to(B(s), OLD_B, OLD_A);
        s->held = false;
        sim_run(s, 200 * SECOND);
        assert_non_null(
            strstr(s->ladder, "B CREATE_CHILD_SA response 4: SK{N(TEMPORARY_FAILURE)}"));
        assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], rekey);
        assert_all_send_to(A(s), NEW_A, OLD_B);
        assert_all_send_to(B(s), OLD_B, NEW_A);
        sim_assert_agree(s, 1, rekey == 1 ? 1 : 2);
        sim_free(s);
    }
}

/* The same with an exchange that was begun before the peer moved. */
static void mobike_no_child_is_taken_before_the_check(void **state)
{
    (void)state;
    for (int rekey = 0; rekey < 2; rekey++) {
        struct sim *s = two_children();
        s->held = true;
        if (rekey == 1) {
            (void)ipsec_ike_rekey_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), 0,
                                        s->now);
        } else {
            assert_int_equal(
                ipsec_ike_create_child(B(s)->ike, mobile_sa(B(s)), &B(s)->child[1], s->now),
                IPSEC_OK);
        }
        assert_true(sim_deliver(s, 0)); /* A makes it, and its answer is on the way */
        assert_int_equal(sim_sink_count(A(s)), 2);
        assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
        assert_true(sim_deliver(s, 1)); /* the update comes before it */
        assert_true(mobile_remote_is(B(s), NEW_A));
        assert_true(sim_deliver(s, 0));
        assert_int_equal(sim_sink_count(B(s)), 1);
        assert_all_send_to(B(s), OLD_B, OLD_A);
        s->held = false;
        sim_run(s, 200 * SECOND);
        assert_int_equal(B(s)->events[IPSEC_EVENT_FAILURE], 0);
        assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_REKEYED], rekey);
        assert_all_send_to(A(s), NEW_A, OLD_B);
        assert_all_send_to(B(s), OLD_B, NEW_A);
        sim_assert_agree(s, 1, rekey == 1 ? 1 : 2);
        sim_free(s);
    }
}

/* The end that decides has to hear from the address it goes to, too. */
static void mobike_no_child_is_made_to_an_address_that_has_not_answered(void **state)
{
    struct sim *s = two_children();

    (void)state;
    s->held = true;
    assert_int_equal(mobile_move(A(s), NULL, NEW_B), IPSEC_OK);
    assert_int_equal(ipsec_ike_create_child(B(s)->ike, mobile_sa(B(s)), &B(s)->child[1], s->now),
                     IPSEC_OK);
    assert_true(sim_deliver(s, 1));
    assert_int_equal(sim_sink_count(A(s)), 1);
    assert_all_send_to(A(s), OLD_A, OLD_B);
    s->held = false;
    sim_run(s, 200 * SECOND);
    assert_non_null(strstr(s->ladder, "A CREATE_CHILD_SA response 1: SK{N(TEMPORARY_FAILURE)}"));
    assert_all_send_to(A(s), OLD_A, NEW_B);
    assert_all_send_to(B(s), NEW_B, OLD_A);
    sim_assert_agree(s, 1, 2);
    sim_free(s);
}

static void mobike_routability_after_and_off(void **state)
{
    (void)state;
    for (uint8_t policy = IPSEC_ROUTABILITY_AFTER; policy <= IPSEC_ROUTABILITY_OFF; policy++) {
        struct sim *s = mobile_made();
        A(s)->peer.routability = B(s)->peer.routability = policy;
        mobile_start(s);
        s->held = true;
        assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
        assert_true(mobile_is_at(&sim_sink_sender(A(s), &A(s)->child[0])->sa.local, NEW_A));
        assert_true(sim_deliver(s, 0));
        mobile_assert_at(s, NEW_A, OLD_B);
        /* the answer, and the check that follows, or not */
        assert_int_equal(sim_in_flight(s), policy == IPSEC_ROUTABILITY_AFTER ? 2 : 1);
        s->held = false;
        sim_run(s, SECOND);
        assert_int_equal(strstr(s->ladder, "COOKIE2") == NULL, policy == IPSEC_ROUTABILITY_OFF);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

static void mobike_to_another_address_of_the_peer(void **state)
{
    struct sim *s = mobile_up();

    (void)state;
    assert_int_equal(mobile_move(A(s), NULL, NEW_B), IPSEC_OK);
    sim_run(s, SECOND);
    mobile_assert_at(s, OLD_A, NEW_B);
    /* our own address is as it was: nothing to check */
    assert_null(strstr(s->ladder, "B INFORMATIONAL request"));
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void mobike_to_ipv6_and_back(void **state)
{
    struct sim *s = mobile_up();

    (void)state;
    assert_int_equal(mobile_move(A(s), "2001:db8::a", "2001:db8::b"), IPSEC_OK);
    sim_run(s, SECOND);
    mobile_assert_at(s, "2001:db8::a", "2001:db8::b");
    sim_assert_agree(s, 1, 1);
    assert_int_equal(mobile_move(A(s), OLD_A, OLD_B), IPSEC_OK);
    sim_run(s, SECOND);
    mobile_assert_at(s, OLD_A, OLD_B);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Every way to lose some of the first eight datagrams after the command. */
static void mobike_any_lost_datagram(void **state)
{
    (void)state;
    for (uint64_t mask = 0; mask < 256; mask++) {
        for (uint8_t policy = 0; policy < 3; policy++) {
            struct sim *s = mobile_made();
            A(s)->peer.routability = B(s)->peer.routability = policy;
            mobile_be_patient(s);
            mobile_start(s);
            s->loss_first = s->sent;
            s->loss_mask = mask;
            sim_address_down(s, OLD_A);
            assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
            sim_run(s, 20 * SECOND);
            s->loss_mask = 0;
            const char *wrong = mobile_not_at(s, NEW_A, OLD_B);
            if (wrong != NULL) {
                print_error("mask %llx: %s\n", (unsigned long long)mask, wrong);
            }
            assert_null(wrong);
            sim_assert_agree(s, 1, 1);
            sim_free(s);
        }
    }
}

static void mobike_the_last_of_several_moves_counts(void **state)
{
    (void)state;
    for (uint32_t lost = 0; lost < 8; lost++) {
        struct sim *s = mobile_up();
        s->held = true;
        assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
        if ((lost & 1) != 0) {
            assert_true(sim_deliver(s, 0)); /* the first update arrives, its answer comes late */
        }
        assert_int_equal(mobile_move(A(s), "203.0.113.78", NULL), IPSEC_OK);
        if ((lost & 2) != 0) {
            sim_drop(s, 0);
        }
        assert_int_equal(mobile_move(A(s), "203.0.113.79", NULL), IPSEC_OK);
        if ((lost & 4) != 0) {
            assert_true(sim_deliver(s, sim_in_flight(s) - 1));
        }
        s->held = false;
        sim_run(s, 60 * SECOND);
        mobile_assert_at(s, "203.0.113.79", OLD_B);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* RFC 4555 3.5: what is outstanding goes on from the new address. */
static void mobike_outstanding_request_follows(void **state)
{
    struct sim *s = mobile_up();

    (void)state;
    s->held = true;
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    sim_drop(s, 0);
    sim_address_down(s, OLD_A);
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    assert_true(mobile_is_at(&mobile_in_flight(s)->remote,
                             NEW_A)); /* at once, without waiting for a timer */
    s->held = false;
    sim_run(s, 10 * SECOND);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    mobile_assert_at(s, NEW_A, OLD_B);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- rekeys that cross -------------------------------------------------------------------------
 */

enum crossing { CHILD_BY_A, CHILD_BY_B, IKE_BY_A, IKE_BY_B, IKE_BY_BOTH };

static void begin_rekey(struct sim *s, enum crossing what)
{
    if (what == CHILD_BY_A || what == CHILD_BY_B) {
        struct sim_node *n = what == CHILD_BY_A ? A(s) : B(s);
        (void)ipsec_ike_rekey_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), 0, s->now);
        return;
    }
    if (what != IKE_BY_B) {
        (void)ipsec_ike_rekey(A(s)->ike, mobile_sa(A(s)), s->now);
    }
    if (what != IKE_BY_A) {
        (void)ipsec_ike_rekey(B(s)->ike, mobile_sa(B(s)), s->now);
    }
}

static void cross(enum crossing what, bool move_first, uint64_t mask, uint32_t delivered)
{
    struct sim *s = mobile_made();

    mobile_be_patient(s);
    mobile_start(s);
    s->loss_first = s->sent;
    s->loss_mask = mask;
    s->held = true;
    if (!move_first) {
        begin_rekey(s, what);
    }
    for (uint32_t i = 0; i < delivered; i++) {
        (void)sim_deliver(s, 0);
    }
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    if (move_first) {
        begin_rekey(s, what);
    }
    s->held = false;
    sim_run(s, 80 * SECOND);
    s->loss_mask = 0;
    const char *wrong = mobile_not_at(s, NEW_A, OLD_B);
    wrong = wrong != NULL ? wrong : sim_disagreement(s, 1, 1);
    if (wrong != NULL) {
        print_error("crossing %d, %d, mask %llx, after %u: %s\n%s", what, move_first,
                    (unsigned long long)mask, delivered, wrong, s->ladder);
        fail();
    }
    sim_assert_agree(s, 1, 1);
    assert_true(mobile_info(A(s)).mobike && mobile_info(B(s)).mobike);
    sim_free(s);
}

static void mobike_update_crosses_rekeys(void **state)
{
    (void)state;
    for (int what = CHILD_BY_A; what <= IKE_BY_BOTH; what++) {
        for (uint64_t mask = 0; mask < 32; mask++) {
            cross((enum crossing)what, true, mask, 0);
            for (uint32_t delivered = 0; delivered < 4; delivered++) {
                cross((enum crossing)what, false, mask, delivered);
            }
        }
    }
}

/* RFC 4555 1.3: whoever rekeys, the end that began goes on deciding. */
static void mobike_roles_stay_over_rekeys(void **state)
{
    struct sim *s = mobile_up();
    const struct ipsec_endpoint b = mobile_at(NEW_B);

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct sim_node *n = &s->nodes[i % 2 == 0 ? SIM_B : SIM_A];
        assert_int_equal(ipsec_ike_rekey(n->ike, mobile_sa(n), s->now), IPSEC_OK);
        sim_run(s, 5 * SECOND);
        assert_int_equal(mobile_info(A(s)).initiator, i % 2 != 0);
        assert_int_equal(mobile_info(A(s)).rekeys, i + 1);
        assert_int_equal(ipsec_ike_move(B(s)->ike, mobile_sa(B(s)), NULL, &b, s->now),
                         IPSEC_ERR_FORBIDDEN);
        assert_int_equal(mobile_move(A(s), i % 2 == 0 ? NEW_A : OLD_A, NULL), IPSEC_OK);
        sim_run(s, SECOND);
        mobile_assert_at(s, i % 2 == 0 ? NEW_A : OLD_A, OLD_B);
    }
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mobike_negotiated_and_port_4500_from_ike_auth),
        cmocka_unit_test(mobike_off_when_one_end_does_without),
        cmocka_unit_test(mobike_command_arguments),
        cmocka_unit_test(mobike_no_room_for_paths),
        cmocka_unit_test(mobike_update_moves_all),
        cmocka_unit_test(mobike_children_wait_for_the_answer_and_the_check),
        cmocka_unit_test(mobike_no_child_is_made_before_the_check),
        cmocka_unit_test(mobike_no_child_is_taken_before_the_check),
        cmocka_unit_test(mobike_no_child_is_made_to_an_address_that_has_not_answered),
        cmocka_unit_test(mobike_routability_after_and_off),
        cmocka_unit_test(mobike_to_another_address_of_the_peer),
        cmocka_unit_test(mobike_to_ipv6_and_back),
        cmocka_unit_test(mobike_any_lost_datagram),
        cmocka_unit_test(mobike_the_last_of_several_moves_counts),
        cmocka_unit_test(mobike_outstanding_request_follows),
        cmocka_unit_test(mobike_update_crosses_rekeys),
        cmocka_unit_test(mobike_roles_stay_over_rekeys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
