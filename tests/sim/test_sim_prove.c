/* SPDX-License-Identifier: Apache-2.0
 *
 * Proving at t = 0 that the first child can be rekeyed: what would fail an hour later fails now.
 * RFC 7296 1.2, 1.3.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define HOUR 3600000u

static struct sim *begin(uint64_t seed, const char *ours, const char *theirs)
{
    struct sim *s = sim_new(seed);

    sim_esp_proposals(A(s), ours);
    sim_esp_proposals(B(s), theirs);
    A(s)->child[0].prove_pfs = true;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 5000);
    return s;
}

static void a_rekey_that_works_is_done_at_once(void **state)
{
    struct sim *s = begin(1, "aes256-sha256-modp2048", "aes256-sha256-modp2048");

    (void)state;
    sim_assert_agree(s, 1, 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    assert_int_equal(sim_sink_sender(A(s), A(s)->child)->sa.suite.ke, IPSEC_KE_MODP_2048);
    assert_false(A(s)->has_failure || B(s)->has_failure);
    sim_free(s);
}

static void a_group_that_differs_is_told_at_once_and_once(void **state)
{
    struct sim *s = begin(2, "aes256-sha256-modp2048", "aes256-sha256-ecp384");

    (void)state;
    /* The child itself is up and stays up. */
    sim_assert_agree(s, 1, 1);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_CHILD_REKEY);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
    assert_int_equal(A(s)->events[IPSEC_EVENT_REKEY_FAILED], 1);
    sim_run(s, HOUR / 2);
    assert_int_equal(A(s)->events[IPSEC_EVENT_REKEY_FAILED], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void without_it_the_same_comes_an_hour_later(void **state)
{
    struct sim *s = sim_new(3);

    (void)state;
    sim_esp_proposals(B(s), "aes256-sha256-ecp384");
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, HOUR / 2);
    assert_false(A(s)->has_failure);
    sim_run(s, HOUR / 2);
    assert_true(A(s)->has_failure);
    sim_free(s);
}

static void nothing_to_prove_without_a_group(void **state)
{
    struct sim *s = begin(4, "aes256-sha256", "aes256-sha256");

    (void)state;
    sim_assert_agree(s, 1, 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 0);
    sim_free(s);
}

/* A peer that is busy is asked again; the proof still comes. */
static void a_busy_peer_is_asked_again(void **state)
{
    struct sim *s = sim_new(5);
    ipsec_handle sa;

    (void)state;
    A(s)->child[0].prove_pfs = true;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int i = 0; i < 4; i++) {
        assert_true(sim_deliver(s, 0));
    }
    /* A's rekey of the child is in flight; B rekeys the IKE SA before it comes. */
    assert_int_equal(ipsec_ike_rekey(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
    s->held = false;
    sim_run(s, 20000);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rekey_that_works_is_done_at_once),
        cmocka_unit_test(a_group_that_differs_is_told_at_once_and_once),
        cmocka_unit_test(without_it_the_same_comes_an_hour_later),
        cmocka_unit_test(nothing_to_prove_without_a_group),
        cmocka_unit_test(a_busy_peer_is_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
