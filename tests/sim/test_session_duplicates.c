/* SPDX-License-Identifier: Apache-2.0
 *
 * Both ends begin at once (COLL-15): each order of arrival and each loss. One IKE SA stays, the
 * same at both ends, and at no time both ends have given up what the other has. RFC 7296 2.4, 2.8.
 */
#include "sim_test.h"

#include "ike_state.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

static void patient(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.retransmit_max = 12;
        s->nodes[i].config.retransmit_first_ms = 500;
        s->nodes[i].config.retransmit_factor_percent = 120;
        s->nodes[i].config.half_open_ms = 60000;
        s->nodes[i].peer.liveness_ms = IPSEC_LIVENESS_OFF;
    }
}

static void begin(struct sim *s, struct sim_node *n)
{
    ipsec_handle sa;

    assert_int_equal(ipsec_ike_initiate(n->ike, &n->peer, s->now, &sa), IPSEC_OK);
}

static uint32_t established(struct sim_node *n)
{
    uint32_t count = 0;
    struct ipsec_ike_sa_info info;

    for (ipsec_handle h = ipsec_ike_next_sa(n->ike, 0); h != 0; h = ipsec_ike_next_sa(n->ike, h)) {
        assert_int_equal(ipsec_ike_sa_info(n->ike, h, &info), IPSEC_OK);
        count += info.phase == IPSEC_IKE_ESTABLISHED ? 1 : 0;
    }
    return count;
}

/* One each, the same; neither end has had none since it had one. */
static void assert_one(struct sim *s, const char *what, uint64_t which)
{
    const char *wrong = sim_disagreement(s, 1, 1);

    wrong = wrong != NULL ? wrong : sim_dead(s);
    if (wrong == NULL && s->esp_lost != 0) {
        wrong = "ESP packets were lost";
    }
    for (int i = 0; i < 2 && wrong == NULL; i++) {
        const uint32_t *events = s->nodes[i].events;
        if (events[IPSEC_EVENT_FAILURE] != 0) {
            wrong = "a failure was reported";
        } else if (events[IPSEC_EVENT_IKE_CLOSED] + 1 != events[IPSEC_EVENT_IKE_ESTABLISHED]) {
            wrong = "more than the duplicate was closed";
        }
    }
    if (wrong != NULL) {
        print_error("%s %llx: %s\n%s", what, (unsigned long long)which, wrong, s->ladder);
        fail();
    }
}

/* ---- both begin --------------------------------------------------------------------------------
 */

static void coll_15_one_stays(void **state)
{
    uint32_t kept_by_a = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct sim *s = sim_new(seed);
        sim_start(s);
        begin(s, A(s));
        begin(s, B(s));
        sim_run(s, 1000);
        for (int i = 0; i < 20; i++) {
            sim_traffic(s);
            sim_run(s, 500);
        }
        assert_one(s, "seed", seed);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
        assert_int_equal(A(s)->last_reason, IPSEC_REASON_REPLACED);
        const struct ipseci_ike_sa *sa =
            ipseci_sa_get(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED));
        kept_by_a += sa->first ? 1 : 0;
        sim_free(s);
    }
    assert_in_range(kept_by_a, 5, 35); /* neither end is always the one */
}

/* Every pattern of losses over the first messages. */
static void coll_15_with_losses(void **state)
{
    (void)state;
    for (uint64_t mask = 0; mask < 1u << 12; mask++) {
        struct sim *s = sim_new(mask + 1);
        patient(s);
        sim_start(s);
        s->loss_mask = mask;
        begin(s, A(s));
        begin(s, B(s));
        for (int i = 0; i < 30; i++) {
            if (established(A(s)) > 0 && established(B(s)) > 0) {
                sim_traffic(s);
            }
            sim_run(s, 1000);
        }
        s->loss_mask = 0;
        sim_run(s, 100000);
        s->esp_lost = 0; /* one end has its first child before the other */
        assert_one(s, "mask", mask);
        sim_free(s);
    }
}

/* Every order in which the first messages arrive: the n-th digit says which of those in flight. */
static void coll_15_in_each_order(void **state)
{
    (void)state;
    for (uint64_t order = 0; order < 1u << 12; order++) {
        struct sim *s = sim_new(order + 1);
        patient(s);
        sim_start(s);
        s->held = true;
        begin(s, A(s));
        begin(s, B(s));
        for (uint32_t i = 0; i < 12; i++) {
            const uint32_t flying = sim_in_flight(s);
            if (flying > 0) {
                (void)sim_deliver(s, (order >> i & 1) != 0 ? flying - 1 : 0);
            }
            s->now += 3;
            if (s->nodes[SIM_A].events[IPSEC_EVENT_IKE_ESTABLISHED] > 0) {
                assert_true(established(A(s)) > 0);
            }
            if (s->nodes[SIM_B].events[IPSEC_EVENT_IKE_ESTABLISHED] > 0) {
                assert_true(established(B(s)) > 0);
            }
        }
        s->held = false;
        sim_run(s, 100000);
        s->esp_lost = 0;
        assert_one(s, "order", order);
        sim_free(s);
    }
}

/* One begins any time after the other. */
static void coll_15_one_after_the_other(void **state)
{
    (void)state;
    for (uint64_t later = 0; later < 60; later++) {
        struct sim *s = sim_new(later + 1);
        s->jitter_ms = (uint32_t)(later % 5 * 20);
        sim_start(s);
        begin(s, A(s));
        sim_run(s, later);
        if (sim_sa(B(s), IPSEC_IKE_ESTABLISHED) == 0) {
            begin(s, B(s));
        }
        sim_run(s, 20000);
        s->jitter_ms = 0;
        s->esp_lost = 0;
        assert_one(s, "later by", later);
        sim_free(s);
    }
}

/* ---- both reauthenticate -----------------------------------------------------------------------
 */

static void again(struct sim_node *n)
{
    assert_int_equal(
        ipsec_ike_reauthenticate(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), n->sim->now), IPSEC_OK);
}

static struct sim *up_by(uint64_t seed, int by)
{
    struct sim *s = sim_new(seed);

    patient(s);
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = 20000;
    sim_start(s);
    begin(s, &s->nodes[by]);
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    sim_ladder_clear(s);
    return s;
}

static void assert_one_heir(struct sim *s, const char *what, uint64_t which)
{
    const char *wrong = sim_disagreement(s, 1, 1);

    wrong = wrong != NULL ? wrong : sim_dead(s);
    if (wrong != NULL) {
        print_error("%s %llx: %s\n%s", what, (unsigned long long)which, wrong, s->ladder);
        fail();
    }
}

/* At the same time: one heir stays, at neither end always the own one, and no packet is lost. */
static void coll_15_both_reauthenticate(void **state)
{
    uint32_t kept_by_a = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct sim *s = up_by(seed, seed & 1);
        again(A(s));
        again(B(s));
        for (int i = 0; i < 400; i++) {
            sim_traffic(s);
            sim_run(s, 100);
        }
        assert_one_heir(s, "seed", seed);
        assert_int_equal(s->esp_lost, 0);
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 0);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 3);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 2);
        const struct ipseci_ike_sa *sa =
            ipseci_sa_get(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED));
        kept_by_a += sa->first ? 1 : 0;
        sim_free(s);
    }
    assert_in_range(kept_by_a, 5, 35);
}

/* Every order of arrival: neither end is without an IKE SA at any time, and one stays. */
static void coll_15_both_reauthenticate_in_each_order(void **state)
{
    (void)state;
    for (uint64_t order = 0; order < 1u << 12; order++) {
        struct sim *s = up_by(order + 1, order & 1);
        s->held = true;
        again(A(s));
        again(B(s));
        for (uint32_t i = 0; i < 24; i++) {
            const uint32_t flying = sim_in_flight(s);
            if (flying > 0) {
                (void)sim_deliver(s, (order >> i % 12 & 1) != 0 ? flying - 1 : 0);
            }
            s->now += 3;
            assert_true(established(A(s)) > 0 && established(B(s)) > 0);
        }
        s->held = false;
        sim_run(s, 200000);
        s->esp_lost = 0;
        assert_one_heir(s, "order", order);
        sim_free(s);
    }
}

/* Every pattern of losses. */
static void coll_15_both_reauthenticate_with_losses(void **state)
{
    (void)state;
    for (uint64_t mask = 0; mask < 1u << 12; mask++) {
        struct sim *s = up_by(mask + 1, mask & 1);
        s->loss_first = s->sent;
        s->loss_mask = mask;
        again(A(s));
        again(B(s));
        for (int i = 0; i < 100; i++) {
            sim_run(s, 200);
            assert_true(established(A(s)) > 0 && established(B(s)) > 0);
        }
        s->loss_mask = 0;
        sim_run(s, 200000);
        s->esp_lost = 0;
        assert_one_heir(s, "mask", mask);
        sim_free(s);
    }
}

/* ---- what stays as it is -----------------------------------------------------------------------
 */

static void coll_15_several_when_wanted(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    A(s)->peer.several_ike_sas = B(s)->peer.several_ike_sas = true;
    sim_start(s);
    begin(s, A(s));
    begin(s, B(s));
    sim_run(s, 200000);
    sim_assert_agree(s, 2, 2);
    sim_free(s);
}

/* Who begins two means it so. */
static void coll_15_two_by_one_end(void **state)
{
    struct sim *s = sim_up(2);

    (void)state;
    begin(s, A(s));
    sim_run(s, 60000);
    sim_assert_agree(s, 2, 2);
    sim_free(s);
}

/* A child that only the one that leaves has goes over. */
static void coll_15_children_go_over(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim *s = sim_new(seed);
        B(s)->peer.child_count = 2;
        A(s)->peer.child_count = 2;
        A(s)->child[1].start = B(s)->child[1].start = IPSEC_START_ON_DEMAND;
        s->delay_ms = 100;
        sim_start(s);
        begin(s, A(s));
        assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[1], NULL, s->now),
                         IPSEC_OK);
        begin(s, B(s));
        sim_run(s, 20000);
        s->delay_ms = 5;
        sim_assert_agree(s, 1, 2);
        sim_free(s);
    }
}

/* RFC 7296 2.4: it has forgotten what it had when it began, not what came up since. */
static void coll_15_info_12_initial_contact(void **state)
{
    struct sim *s = sim_new(3);

    (void)state;
    sim_start(s);
    s->held = true;
    begin(s, B(s));
    (void)sim_deliver(s, 0); /* B's IKE_SA_INIT to A, */
    s->now += 5;
    begin(s, A(s));
    (void)sim_deliver(s, 0); /* A's answer: B sends IKE_AUTH, which has to wait */
    s->now += 5;
    assert_int_equal(sim_in_flight(s), 2);
    (void)sim_deliver(s, 0); /* A's own IKE_SA_INIT */
    s->now += 5;
    (void)sim_deliver(s, 1); /* and all of it */
    s->now += 5;
    (void)sim_deliver(s, 1);
    s->now += 5;
    (void)sim_deliver(s, 1);
    assert_int_equal(established(A(s)), 1);
    s->now += 5;
    (void)sim_deliver(s, 0); /* B's IKE_AUTH says INITIAL_CONTACT */
    assert_int_equal(established(A(s)), 2);
    s->held = false;
    sim_run(s, 20000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coll_15_one_stays),
        cmocka_unit_test(coll_15_with_losses),
        cmocka_unit_test(coll_15_in_each_order),
        cmocka_unit_test(coll_15_one_after_the_other),
        cmocka_unit_test(coll_15_both_reauthenticate),
        cmocka_unit_test(coll_15_both_reauthenticate_in_each_order),
        cmocka_unit_test(coll_15_both_reauthenticate_with_losses),
        cmocka_unit_test(coll_15_several_when_wanted),
        cmocka_unit_test(coll_15_two_by_one_end),
        cmocka_unit_test(coll_15_children_go_over),
        cmocka_unit_test(coll_15_info_12_initial_contact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
