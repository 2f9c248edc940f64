/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE SAs that have no child at first, and children that come later: on demand, again, or never.
 * RFC 6023, RFC 7296 2.9.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define LESS      "N(CHILDLESS_IKEV2_SUPPORTED)"
#define INIT_LESS "A IKE_SA_INIT request 0: SA KE Ni " NATD " " FRAG " V " LESS "\n"
#define INITS     INIT_LESS "B IKE_SA_INIT response 0: SA KE Nr " NATD " " FRAG " V " LESS "\n"
#define BARE                                                                                       \
    "A IKE_AUTH request 1: SK{IDi N(INITIAL_CONTACT) IDr AUTH}\n"                                  \
    "B IKE_AUTH response 1: SK{IDr AUTH}\n"

/* ---- childless ---------------------------------------------------------------------------------
 */

static void no_child_at_all(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    A(s)->peer.child_count = 0;
    A(s)->peer.children = NULL;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    sim_assert_ladder(s, INITS BARE);
    sim_assert_agree(s, 1, 0);
    /* and one later, with a key exchange of its own */
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[0], s->now), IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ALWAYS: each child has an exchange with a key exchange, in the order of the configuration. */
static void every_child_by_an_exchange_of_its_own(void **state)
{
    struct sim *s = sim_new(2);
    struct ipsec_child_info info;

    (void)state;
    A(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
    A(s)->peer.child_count = B(s)->peer.child_count = 2;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, INITS BARE "A CREATE_CHILD_SA request 2: SK{SA Ni KE TSi TSr}\n"
                                    "B CREATE_CHILD_SA response 2: SK{SA Nr KE TSi TSr}\n"
                                    "A CREATE_CHILD_SA request 3: SK{SA Ni KE TSi TSr}\n"
                                    "B CREATE_CHILD_SA response 3: SK{SA Nr KE TSi TSr}\n");
    const ipsec_handle child = sim_child_in(A(s), IPSEC_CHILD_INSTALLED);
    assert_int_equal(ipsec_ike_child_info(A(s)->ike, child, &info), IPSEC_OK);
    assert_int_not_equal(info.suite.ke, 0);
    sim_assert_agree(s, 1, 2);
    sim_free(s);
}

static void the_first_child_of_the_list_comes_first(void **state)
{
    struct sim *s = sim_new(3);

    (void)state;
    A(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
    A(s)->peer.child_count = B(s)->peer.child_count = 3;
    sim_start(s);
    s->held = true;
    ipsec_handle sa;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < (i == 0 ? 6u : 2u); k++) {
            assert_true(sim_deliver(s, 0));
        }
        assert_non_null(sim_sink_sender(A(s), &A(s)->child[i]));
        assert_int_equal(sim_sink_count(A(s)), i + 1);
    }
    sim_free(s);
}

/* A peer that does not say it takes one is not sent one; the report says why. */
static void the_peer_takes_none(void **state)
{
    struct sim *s = sim_new(4);

    (void)state;
    A(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
    B(s)->peer.childless = IPSEC_CHILDLESS_NEVER;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, INIT_LESS "B IKE_SA_INIT response 0: " INIT_R);
    assert_true(A(s)->has_failure);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_POLICY);
    assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_PEER);
    assert_non_null(strstr(A(s)->failure_text, "childless"));
    sim_run(s, 60000);
    assert_int_equal(sim_sa(A(s), 0), 0);
    assert_int_equal(sim_sa(B(s), 0), 0);
    sim_free(s);
}

/* And one that has not said so refuses it when it comes (INIT-15, SK-09). */
static void it_is_refused_where_it_was_not_offered(void **state)
{
    struct sim *s = sim_new(5);
    ipsec_handle sa;

    (void)state;
    A(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    assert_true(sim_deliver(s, 0));
    B(s)->peer.childless = IPSEC_CHILDLESS_NEVER;
    s->held = false;
    sim_run(s, 60000);
    assert_non_null(strstr(s->ladder, "B IKE_AUTH response 1: SK{N(INVALID_SYNTAX)}"));
    assert_int_equal(sim_sa(A(s), 0), 0);
    assert_int_equal(sim_sa(B(s), 0), 0);
    sim_free(s);
}

/* A responder that wants key exchanges of their own makes none in IKE_AUTH; the SA stays. */
static void auth_21_a_responder_that_makes_no_child_in_ike_auth(void **state)
{
    struct sim *s = sim_new(6);

    (void)state;
    B(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    sim_assert_agree(s, 1, 0);
    assert_int_equal(A(s)->failure.notify, 35);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_POLICY);
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[0], s->now), IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void never_needs_a_child_to_begin_with(void **state)
{
    struct sim *s = sim_new(7);
    ipsec_handle sa;

    (void)state;
    A(s)->peer.childless = IPSEC_CHILDLESS_NEVER;
    A(s)->child[0].start = IPSEC_START_ON_DEMAND;
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_ERR_ARGUMENT);
    A(s)->peer.childless = IPSEC_CHILDLESS_DEFAULT;
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

/* The answer names authorities, and is longer than what was asked. */
static void childless_with_certificates(void **state)
{
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        struct sim *s = sim_new(7);
        sim_certificates(s, IPSEC_KEY_EC, 256);
        A(s)->config.no_fragmentation = B(s)->config.no_fragmentation = whole == 1;
        A(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
        sim_start(s);
        (void)sim_connect(s);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

static void childless_with_eap(void **state)
{
    struct sim *s = sim_new(8);

    (void)state;
    sim_eap(s, 1, true);
    A(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void patient(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.retransmit_max = 14;
        s->nodes[i].config.retransmit_first_ms = 500;
        s->nodes[i].config.retransmit_factor_percent = 110;
        s->nodes[i].config.half_open_ms = 60000;
        s->nodes[i].peer.liveness_ms = IPSEC_LIVENESS_OFF;
    }
}

static void every_loss_is_made_good(void **state)
{
    (void)state;
    for (uint64_t mask = 0; mask < 4096; mask++) {
        struct sim *s = sim_new(9);
        patient(s);
        A(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
        s->loss_mask = mask;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 60000);
        s->loss_mask = 0;
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* ---- on demand ---------------------------------------------------------------------------------
 */

static struct ipsec_packet_selectors packet(const char *local, const char *remote)
{
    struct ipsec_packet_selectors p;

    assert_int_equal(ipsec_selector_parse(local, &p.local), IPSEC_OK);
    assert_int_equal(ipsec_selector_parse(remote, &p.remote), IPSEC_OK);
    return p;
}

/* TS-07: in front of the child's own selectors, in either exchange. */
static void ts_07_the_packet_comes_first(void **state)
{
    (void)state;
    for (int over_sa = 0; over_sa < 2; over_sa++) {
        struct sim *s = sim_new(10);
        const struct ipsec_packet_selectors p =
            packet("192.168.1.7[tcp/4000]", "192.168.2.200[tcp/80]");
        A(s)->child[0].start = IPSEC_START_ON_DEMAND;
        sim_start(s);
        if (over_sa != 0) {
            (void)sim_connect(s);
            sim_assert_agree(s, 1, 0);
        }
        const struct ipsec_child_config right = B(s)->child[0];
        sim_child_ts(&B(s)->child[0], "10.9.0.0/16", "10.8.0.0/16");
        assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], &p, s->now),
                         IPSEC_OK);
        sim_run(s, 1000);
        assert_non_null(strstr(B(s)->failure_text, "192.168.1.7[tcp/4000], 192.168.1.0/24"));
        assert_non_null(strstr(B(s)->failure_text, "192.168.2.200[tcp/80], 192.168.2.0/24"));
        sim_assert_agree(s, 1, 0);
        B(s)->child[0] = right;
        for (int i = 0; i < 3; i++) { /* and the next packets, while that is under way and after */
            assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], &p, s->now),
                             IPSEC_OK);
            sim_run(s, (ipsec_ms)i * 1000);
        }
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* A side that is full has no place for the packet, which it covers. */
static void ts_07_a_full_list_stays_as_it_is(void **state)
{
    struct sim *s = sim_new(18);
    const struct ipsec_packet_selectors p = packet("192.168.1.7", "10.4.1.1");
    static const char *const nets[] = {"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ipsec_selector_parse(nets[i], &A(s)->child[0].remote_ts.item[i]), 0);
    }
    A(s)->child[0].remote_ts.count = 4;
    B(s)->child[0].local_ts = A(s)->child[0].remote_ts;
    sim_start(s);
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], &p, s->now),
                     IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(sim_sink_sender(B(s), &B(s)->child[0])->sa.local_ts.count, 4);
    sim_free(s);
}

/* While the IKE SA is still being made with another child. */
static void acquire_over_an_opening_sa(void **state)
{
    struct sim *s = sim_new(11);
    ipsec_handle sa;

    (void)state;
    A(s)->peer.child_count = B(s)->peer.child_count = 2;
    A(s)->child[1].start = IPSEC_START_ON_DEMAND;
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[1], NULL, s->now),
                     IPSEC_OK);
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], NULL, s->now),
                     IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 2);
    sim_free(s);
}

static void acquire_that_can_not_be(void **state)
{
    struct sim *s = sim_new(12);
    const struct ipsec_packet_selectors p = packet("192.168.9.7", "192.168.2.200");

    (void)state;
    A(s)->config.child_max = 1;
    sim_start(s);
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], &p, s->now),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, NULL, NULL, s->now),
                     IPSEC_ERR_ARGUMENT);
    A(s)->child[0].remote_dynamic = true; /* whose address the end that is called would give */
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], NULL, s->now),
                     IPSEC_ERR_STATE);
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 0);
    assert_int_equal(sim_sa(A(s), 0), 0);
    A(s)->child[0].remote_dynamic = false;
    (void)sim_connect(s);
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[1], NULL, s->now),
                     IPSEC_ERR_FULL);
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
    A(s)->peer.remote.addr.family = IPSEC_FAMILY_NONE;
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], NULL, s->now),
                     IPSEC_ERR_ARGUMENT);
    sim_free(s);
}

/* The child of IKE_AUTH that the peer refuses leaves no slot behind, nor does one that times out.
 */
static void acquire_that_is_refused(void **state)
{
    (void)state;
    for (int silent = 0; silent < 2; silent++) {
        struct sim *s = sim_new(13);
        sim_child_ts(&B(s)->child[0], "10.9.0.0/16", "10.8.0.0/16");
        sim_start(s);
        s->cut = silent != 0;
        assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], NULL, s->now),
                         IPSEC_OK);
        sim_run(s, 200000);
        assert_true(A(s)->has_failure);
        assert_null(sim_disagreement(s, silent != 0 ? 0 : 1, 0));
        sim_free(s);
    }
}

static void idle_children_are_closed(void **state)
{
    struct sim *s = sim_new(14);

    (void)state;
    A(s)->child[0].start = IPSEC_START_ON_DEMAND;
    A(s)->child[0].idle_ms = 30000;
    sim_start(s);
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], NULL, s->now),
                     IPSEC_OK);
    sim_run(s, 1000);
    for (int i = 0; i < 10; i++) {
        sim_traffic(s);
        sim_run(s, 20000);
        assert_int_equal(sim_sink_count(A(s)), 1);
    }
    sim_run(s, 60000);
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_IDLE);
    sim_assert_agree(s, 1, 0);
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], NULL, s->now),
                     IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- again -------------------------------------------------------------------------------------
 */

/* Deleted by the peer each time it is made: it comes again, less and less often, for ever. */
static void a_deleted_child_comes_again_with_growing_waits(void **state)
{
    struct sim *s = sim_new(15);
    ipsec_ms last = 0;
    ipsec_ms wait = 0;

    (void)state;
    A(s)->child[0].restart = true;
    sim_start(s);
    (void)sim_connect(s);
    for (int i = 0; i < 9; i++) {
        const ipsec_handle child = sim_child_in(B(s), IPSEC_CHILD_INSTALLED);
        assert_int_not_equal(child, 0);
        (void)ipsec_ike_delete_child(B(s)->ike, child, s->now);
        last = s->now;
        while (sim_child_in(B(s), IPSEC_CHILD_INSTALLED) == 0 && s->now < last + 200000) {
            sim_run(s, 100);
        }
        assert_true(s->now - last <= 65000);
        assert_true(s->now - last >= wait || s->now - last > 40000);
        wait = s->now - last;
    }
    assert_true(wait > 40000);
    sim_run(s, 70000);
    sim_assert_agree(s, 1, 1);
    (void)ipsec_ike_delete_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), s->now);
    sim_run(s, 1500);
    sim_assert_agree(s, 1, 1); /* it had lasted: at once */
    sim_free(s);
}

static void a_refused_child_comes_again_and_harms_no_other(void **state)
{
    struct sim *s = sim_new(16);

    (void)state;
    A(s)->peer.child_count = B(s)->peer.child_count = 3;
    for (int i = 0; i < 2; i++) {
        A(s)->child[i].restart = true;
        sim_child_ts(&B(s)->child[i], "10.99.0.0/16", "10.98.0.0/16");
    }
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(sim_sink_count(A(s)), 1);
    assert_non_null(sim_sink_sender(A(s), &A(s)->child[2]));
    const uint32_t failures = A(s)->events[IPSEC_EVENT_FAILURE];
    sim_run(s, 100000);
    assert_true(A(s)->events[IPSEC_EVENT_FAILURE] > failures);
    assert_true(A(s)->events[IPSEC_EVENT_FAILURE] < failures + 20);
    sim_child_ts(&B(s)->child[0], "192.168.2.0/24", "192.168.1.0/24");
    sim_child_ts(&B(s)->child[1], "10.2.0.0/16", "10.1.0.0/16");
    sim_run(s, 70000);
    sim_assert_agree(s, 1, 3);
    sim_free(s);
}

/* Without `restart` a child that is over is over; and what we close ourselves never comes again. */
static void what_is_not_to_come_again(void **state)
{
    struct sim *s = sim_up(17);

    (void)state;
    (void)ipsec_ike_delete_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), s->now);
    sim_run(s, 100000);
    sim_assert_agree(s, 1, 0);
    A(s)->child[0].restart = true;
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sim_sa(A(s), 0), &A(s)->child[0], s->now),
                     IPSEC_OK);
    sim_run(s, 1000);
    (void)ipsec_ike_delete_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), s->now);
    sim_run(s, 100000);
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_child_at_all),
        cmocka_unit_test(every_child_by_an_exchange_of_its_own),
        cmocka_unit_test(the_first_child_of_the_list_comes_first),
        cmocka_unit_test(the_peer_takes_none),
        cmocka_unit_test(it_is_refused_where_it_was_not_offered),
        cmocka_unit_test(auth_21_a_responder_that_makes_no_child_in_ike_auth),
        cmocka_unit_test(never_needs_a_child_to_begin_with),
        cmocka_unit_test(childless_with_certificates),
        cmocka_unit_test(childless_with_eap),
        cmocka_unit_test(every_loss_is_made_good),
        cmocka_unit_test(ts_07_the_packet_comes_first),
        cmocka_unit_test(ts_07_a_full_list_stays_as_it_is),
        cmocka_unit_test(acquire_over_an_opening_sa),
        cmocka_unit_test(acquire_that_can_not_be),
        cmocka_unit_test(acquire_that_is_refused),
        cmocka_unit_test(idle_children_are_closed),
        cmocka_unit_test(a_deleted_child_comes_again_with_growing_waits),
        cmocka_unit_test(a_refused_child_comes_again_and_harms_no_other),
        cmocka_unit_test(what_is_not_to_come_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
