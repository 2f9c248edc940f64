/* SPDX-License-Identifier: Apache-2.0
 *
 * MOBIKE (RFC 4555 3.5): an end whose update is refused keeps on using the addresses it had. Where
 * the peer may have taken an update that was overtaken, the end has to say so.
 */
#include "sim_mobile.h"

#define BEHIND_NAT "10.0.0.5"
#define FURTHER_A  "203.0.113.99"

static void assert_encapsulates(struct sim *s, bool encapsulates)
{
    for (int i = 0; i < 2; i++) {
        const struct sim_child *c = sim_sink_sender(&s->nodes[i], &s->nodes[i].child[0]);
        assert_non_null(c);
        assert_int_equal(c->sa.udp_encapsulation, encapsulates);
    }
}

/* An update that is sent again from another address looks to the peer as if a NAT were there. */
static void mobike_a_nat_that_never_was_is_forgotten(void **state)
{
    struct sim *s = mobile_made();

    (void)state;
    B(s)->peer.follow = IPSEC_FOLLOW_NEVER;
    mobile_start(s);
    s->held = true;
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    sim_drop(s, 0);
    assert_int_equal(mobile_move(A(s), OLD_A, NULL), IPSEC_OK);
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    assert_true(sim_deliver(s, 0)); /* made for the new address, sent from the old one */
    assert_true(mobile_info(B(s)).nat_remote);
    s->held = false;
    sim_run(s, SECOND);
    assert_int_equal(A(s)->failure.notify, IPSECI_NOTIFY_UNACCEPTABLE_ADDRESSES);
    mobile_assert_at(s, OLD_A, OLD_B);
    assert_false(mobile_info(A(s)).nat_local || mobile_info(B(s)).nat_remote);
    assert_encapsulates(s, false);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* B takes the first update, and A never learns of it. What A tells from then on comes through a
 * NAT, which B does not want. */
static struct sim *taken_unheard(void)
{
    struct sim *s = mobile_made();

    A(s)->peer.no_nat = B(s)->peer.no_nat = true;
    mobile_start(s);
    s->held = true;
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    assert_true(mobile_remote_is(B(s), NEW_A));
    sim_drop(s, 0); /* the answer; B's check of the address goes through */
    assert_true(sim_deliver(s, 0));
    assert_true(sim_deliver(s, 0));
    assert_int_equal(sim_in_flight(s), 0);
    s->nat = true;
    sim_address(&s->nat_inside, BEHIND_NAT);
    s->nat_shift = 0;
    return s;
}

static void mobike_the_peer_is_called_back(void **state)
{
    struct sim *s = taken_unheard();

    (void)state;
    assert_int_equal(mobile_move(A(s), BEHIND_NAT, NULL), IPSEC_OK);
    s->held = false;
    sim_run(s, 10 * SECOND);
    assert_int_equal(A(s)->failure.notify, IPSECI_NOTIFY_UNEXPECTED_NAT_DETECTED);
    mobile_assert_at(s, OLD_A, OLD_B);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* A path that answers, and where the peer does not want us, is not tried for ever. */
static void mobike_called_back_once(void **state)
{
    struct sim *s = mobile_made();
    struct ipsec_addr further;

    (void)state;
    sim_address(&further, NEW_A);
    mobile_be_patient(s);
    B(s)->peer.follow = IPSEC_FOLLOW_NEVER;
    A(s)->peer.other_local = &further;
    A(s)->peer.other_local_count = 1;
    mobile_start(s);
    sim_address_down(s, OLD_A);
    sim_address_down(s, FURTHER_A);
    assert_int_equal(mobile_move(A(s), FURTHER_A, NULL), IPSEC_OK);
    sim_run(s, 120 * SECOND);
    assert_int_equal(A(s)->failure.notify, IPSECI_NOTIFY_UNACCEPTABLE_ADDRESSES);
    const uint32_t refused = A(s)->events[IPSEC_EVENT_FAILURE];
    const uint32_t sent = s->sent;
    sim_run(s, 600 * SECOND);
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], refused);
    assert_int_equal(s->sent, sent);
    sim_free(s);
}

/* Two IKE SAs, and A remembers addresses of the first alone; of the second it has an update out,
 * which it had to make without, or one due, after a probe. */
static struct sim *nothing_remembered(ipsec_handle *second, bool due)
{
    struct sim *s = mobile_made();
    const struct ipsec_endpoint b = mobile_at(NEW_B);

    A(s)->config.mobile_max = 1;
    A(s)->peer.no_initial_contact = true;
    B(s)->peer.follow = IPSEC_FOLLOW_NEVER;
    mobile_start(s);
    const ipsec_handle first = mobile_sa(A(s));
    const ipsec_handle first_of_b = mobile_sa(B(s));
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, second), IPSEC_OK);
    sim_run(s, SECOND);
    s->held = true;
    if (due) {
        assert_int_equal(ipsec_ike_probe(A(s)->ike, *second, s->now), IPSEC_OK);
        sim_drop(s, 0);
    }
    assert_int_equal(
        ipsec_ike_move(B(s)->ike, ipsec_ike_next_sa(B(s)->ike, first_of_b), &b, NULL, s->now),
        IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    assert_true(mobile_is_at(&ipseci_sa_get(A(s)->ike, *second)->remote, NEW_B));
    assert_int_equal(sim_in_flight(s), 2);
    sim_drop(s, 0); /* the answer, and the update or the probe once more */
    sim_drop(s, 0);
    assert_int_equal(ipsec_ike_delete(A(s)->ike, first, s->now), IPSEC_OK);
    while (sim_in_flight(s) > 0) {
        (void)sim_deliver(s, 0);
    }
    assert_int_equal(A(s)->ike->paths.used, 0);
    return s;
}

static void mobike_back_to_what_is_known(void **state)
{
    const struct ipsec_endpoint a = mobile_at(NEW_A);

    (void)state;
    for (int due = 0; due < 2; due++) {
        ipsec_handle second = 0;
        struct sim *s = nothing_remembered(&second, due == 1);
        assert_int_equal(ipsec_ike_move(A(s)->ike, second, &a, NULL, s->now), IPSEC_OK);
        s->held = false;
        sim_run(s, 60 * SECOND);
        assert_int_equal(A(s)->failure.notify, IPSECI_NOTIFY_UNACCEPTABLE_ADDRESSES);
        mobile_assert_at(s, OLD_A, NEW_B);
        /* after the second request, and the update that was refused */
        assert_non_null(strstr(s->ladder, "A INFORMATIONAL request 4: SK{N(COOKIE2) "
                                          "N(UPDATE_SA_ADDRESSES)"));
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mobike_a_nat_that_never_was_is_forgotten),
        cmocka_unit_test(mobike_the_peer_is_called_back),
        cmocka_unit_test(mobike_called_back_once),
        cmocka_unit_test(mobike_back_to_what_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
