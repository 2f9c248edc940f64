/* SPDX-License-Identifier: Apache-2.0
 *
 * More messages in fragments than there are slots to put them together in: who gives way to whom.
 * RFC 7383 5.
 */
#include "frag_kit.h"

/* One more half-open SA at B, of whose IKE_AUTH request one fragment has come; the rest is lost. */
static enum ipsec_status stranger(struct sim *s)
{
    ipsec_handle sa;

    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
    assert_int_equal(sim_in_flight(s), 3);
    struct sim_datagram *d = NULL;
    for (size_t i = 0; i < SIM_QUEUE_MAX && d == NULL; i++) {
        d = s->queue[i].used ? &s->queue[i] : NULL;
    }
    assert_non_null(d);
    const enum ipsec_status status = sim_inject(s, SIM_B, d);
    while (sim_in_flight(s) > 0) {
        sim_drop(s, 0);
    }
    return status;
}

static struct sim *crowded(uint32_t reassembly_max)
{
    struct sim *s = sim_new(1);

    frag_set_up(s);
    B(s)->config.reassembly_max = reassembly_max;
    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.handshake_max = 32;
        s->nodes[i].config.cookie_threshold = 100;
        s->nodes[i].config.source_half_open_max = 24;
        s->nodes[i].config.retransmit_first_ms = 40000;
        s->nodes[i].peer.liveness_ms = IPSEC_LIVENESS_OFF;
        s->nodes[i].peer.no_initial_contact = true;
    }
    sim_start(s);
    (void)sim_connect(s);
    s->held = true;
    return s;
}

/* Half-open SAs that never finish their sets: an established SA always has room. */
static void frag_05_strangers_do_not_starve_the_established(void **state)
{
    struct sim *s = crowded(2);

    (void)state;
    const ipsec_handle sa = sim_sa(B(s), IPSEC_IKE_ESTABLISHED);
    assert_int_equal(stranger(s), IPSEC_OK);
    assert_int_equal(stranger(s), IPSEC_OK);
    assert_int_equal(stranger(s), IPSEC_DROP_FULL);
    assert_int_equal(frag_sets(B(s)), 2);
    assert_int_equal(frag_given_up(B(s)), 0);
    sim_ladder_clear(s);
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
    assert_true(sim_in_flight(s) >= 3);
    while (sim_deliver(s, 0)) {
    }
    assert_int_equal(frag_given_up(B(s)), 1); /* one stranger */
    assert_non_null(strstr(s->ladder, "B CREATE_CHILD_SA response"));
    assert_int_not_equal(sim_sa(B(s), IPSEC_IKE_ESTABLISHED), sa);
    sim_free(s);
}

/* Strangers among themselves: who stands still for two seconds gives way. */
static void frag_05_strangers_give_way_to_strangers(void **state)
{
    struct sim *s = crowded(2);

    (void)state;
    assert_int_equal(stranger(s), IPSEC_OK);
    sim_run(s, 1900);
    assert_int_equal(stranger(s), IPSEC_OK);
    assert_int_equal(stranger(s), IPSEC_DROP_FULL);
    sim_run(s, 100);
    assert_int_equal(stranger(s), IPSEC_OK);
    assert_int_equal(stranger(s), IPSEC_DROP_FULL);
    assert_int_equal(frag_given_up(B(s)), 1);
    assert_int_equal(frag_sets(B(s)), 2);
    sim_run(s, 31000); /* half-open SAs end, and their sets with them */
    assert_int_equal(frag_sets(B(s)), 0);
    sim_free(s);
}

/* A set of an established SA is never taken by a stranger. */
static void frag_05_strangers_take_nothing_from_the_established(void **state)
{
    struct sim *s = crowded(1);

    (void)state;
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    assert_int_equal(frag_sets(B(s)), 1);
    while (sim_in_flight(s) > 0) {
        sim_drop(s, 0);
    }
    sim_run(s, 20000);
    assert_int_equal(stranger(s), IPSEC_DROP_FULL);
    assert_int_equal(frag_given_up(B(s)), 0);
    sim_free(s);
}

/* Nor is there more memory than for so many, whoever asks. */
static void frag_05_established_wait_for_one_another(void **state)
{
    struct sim *s = crowded(1);
    ipsec_handle sa[2];

    (void)state;
    s->held = false;
    sa[0] = sim_sa(A(s), IPSEC_IKE_ESTABLISHED);
    sa[1] = sim_connect(s);
    s->held = true;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ipsec_ike_rekey(A(s)->ike, sa[i], s->now), IPSEC_OK);
    }
    const uint32_t flying = sim_in_flight(s) / 2;
    assert_true(sim_deliver(s, 0));
    assert_true(sim_deliver(s, flying - 1)); /* the other's first */
    assert_int_equal(B(s)->last_drop, IPSEC_DROP_FULL);
    assert_int_equal(frag_sets(B(s)), 1);
    sim_run(s, 2000);
    assert_true(sim_deliver(s, flying - 1)); /* its second finds the first set standing still */
    assert_int_equal(frag_given_up(B(s)), 1);
    assert_int_equal(frag_sets(B(s)), 1);
    s->held = false;
    sim_run(s, 200000);
    sim_assert_agree(s, 2, 2);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frag_05_strangers_do_not_starve_the_established),
        cmocka_unit_test(frag_05_strangers_give_way_to_strangers),
        cmocka_unit_test(frag_05_strangers_take_nothing_from_the_established),
        cmocka_unit_test(frag_05_established_wait_for_one_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
