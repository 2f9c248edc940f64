/* SPDX-License-Identifier: Apache-2.0
 *
 * Full tables and failing providers: each is a reported refusal, what is up stays up, and when
 * there is room again everything goes on. RFC 7296 2.6, 2.21.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

static struct ipsec_ike_counters counters_of(const struct sim_node *n)
{
    struct ipsec_ike_counters counters;

    ipsec_ike_counters(n->ike, &counters);
    return counters;
}

static void sa_max_as_initiator(void **state)
{
    struct sim *s = sim_new(1);
    ipsec_handle sa;

    (void)state;
    A(s)->config.sa_max = 1;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_ERR_FULL);
    assert_int_equal(sa, 0);
    sim_assert_agree(s, 1, 1);
    /* A rekey of the IKE SA needs a second slot: refused for now, nothing lost. */
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    sim_run(s, 60000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void sa_max_as_responder(void **state)
{
    struct sim *s = sim_new(2);
    ipsec_handle sa;

    (void)state;
    B(s)->config.sa_max = 1;
    A(s)->peer.no_initial_contact = true;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    sim_run(s, 1000);
    assert_true(counters_of(B(s)).drops[ipsec_drop_index(IPSEC_DROP_FULL)] >= 1);
    sim_run(s, 300000);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SILENT_PEER);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void child_max_at_a_rekey(void **state, int full)
{
    struct sim *s = sim_new(3);

    (void)state;
    s->nodes[full].config.child_max = 1;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(
        ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now),
        IPSEC_OK);
    sim_run(s, 1000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_REKEY_FAILED], 1);
    assert_int_equal(s->nodes[full].failure.cause, IPSEC_CAUSE_RESOURCE);
    sim_run(s, 30000);
    assert_int_not_equal(sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void child_max_at_the_initiator_of_a_rekey(void **state)
{
    child_max_at_a_rekey(state, SIM_A);
}

static void child_07_child_max_at_the_responder_of_a_rekey(void **state)
{
    child_max_at_a_rekey(state, SIM_B);
}

/* Found by fuzz_ike: the responder has made the child when the initiator sees that it has no room.
 */
static void child_max_at_the_initiator_of_a_second_ike_sa(void **state)
{
    struct sim *s = sim_new(4);
    ipsec_handle sa;

    (void)state;
    A(s)->config.child_max = 1;
    A(s)->peer.no_initial_contact = true;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    sim_run(s, 3000);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
    assert_int_equal(counters_of(B(s)).children, 1);
    assert_null(sim_disagreement(s, 2, 1));
    sim_free(s);
}

static void child_max_on_command(void **state)
{
    struct sim *s = sim_new(4);

    (void)state;
    A(s)->config.child_max = 1;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sim_sa(A(s), 0), &A(s)->child[1], s->now),
                     IPSEC_ERR_FULL);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* CVE-2023-26463 and the like: handshake slots that strangers hold do not end what is up. */
static void sec_01_deviation_attack_handshake_max_under_a_flood(void **state)
{
    struct sim *s = sim_new(5);

    (void)state;
    B(s)->config.handshake_max = 2;
    B(s)->config.half_open_max = 2;
    B(s)->config.cookie_threshold = 100;
    B(s)->config.source_half_open_max = 100; /* forged, but all from one address */
    B(s)->config.first_contact_per_s = 1000;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    struct sim_datagram init = s->kept_datagram[0];
    for (uint8_t i = 0; i < 20; i++) {
        init.octets[0] = (uint8_t)(i + 1); /* another SPI: another half-open SA */
        (void)sim_inject(s, SIM_B, &init);
    }
    assert_int_equal(counters_of(B(s)).half_open, 2);
    assert_int_equal(counters_of(B(s)).drops[ipsec_drop_index(IPSEC_DROP_FULL)], 18);
    /* A rekey needs a slot of the same kind: it waits until the strangers time out. */
    assert_int_equal(
        ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now),
        IPSEC_OK);
    sim_run(s, 120000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* COOKIE-01, RFC 7296 2.6: from the threshold on a stranger gets a cookie and no slot. */
static void cookie_01_sec_02_from_the_threshold_on(void **state)
{
    struct sim *s = sim_new(6);

    (void)state;
    B(s)->config.half_open_max = 6;
    B(s)->config.cookie_threshold = 3;
    B(s)->config.source_half_open_max = 6;
    s->keep_sent = true;
    sim_start(s);
    s->cut = true;
    (void)sim_connect(s);
    struct sim_datagram init = s->kept_datagram[0];
    for (uint8_t i = 0; i < 20; i++) {
        init.octets[0] = (uint8_t)(i + 1);
        (void)sim_inject(s, SIM_B, &init);
    }
    assert_int_equal(counters_of(B(s)).half_open, 3);
    assert_int_equal(counters_of(B(s)).drops[ipsec_drop_index(IPSEC_DROP_COOKIE)], 17);
    assert_int_equal(B(s)->crypto.ke_calls, 3);
    sim_free(s);
}

/* Who may be forged uses half of the rate, and gets a cookie beyond. */
static void sec_01_first_contacts_are_limited(void **state)
{
    struct sim *s = sim_new(7);

    (void)state;
    B(s)->config.first_contact_per_s = 5;
    B(s)->config.source_contacts_per_s = 1000;
    B(s)->config.source_half_open_max = 1000;
    B(s)->config.cookie_threshold = 1000; /* not for half-open ones */
    s->keep_sent = true;
    sim_start(s);
    s->cut = true;
    (void)sim_connect(s);
    struct sim_datagram init = s->kept_datagram[0];
    for (uint8_t i = 0; i < 50; i++) {
        init.octets[0] = (uint8_t)(i + 1);
        (void)sim_inject(s, SIM_B, &init);
    }
    assert_int_equal(B(s)->crypto.ke_calls, 3);
    assert_int_equal(counters_of(B(s)).drops[ipsec_drop_index(IPSEC_DROP_COOKIE)], 47);
    assert_int_equal(counters_of(B(s)).half_open, 3);
    sim_free(s);
}

/* Two buffers for two IKE SAs, which keep a reply each. */
static void buffer_max(void **state)
{
    struct sim *s = sim_new(8);

    (void)state;
    B(s)->config.buffer_max = 1;
    A(s)->config.buffer_max = 1;
    sim_start(s);
    (void)sim_connect(s);
    /* B's buffer holds its reply: a rekey of B's own has none for its request, for now. */
    assert_int_equal(
        ipsec_ike_rekey_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), 0, s->now),
        IPSEC_OK);
    sim_run(s, 5000);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_REKEYED], 0);
    /* In between smaller replies have taken its place (liveness). */
    for (int i = 0; i < 300 && B(s)->events[IPSEC_EVENT_CHILD_REKEYED] == 0; i++) {
        sim_run(s, 10000);
    }
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    sim_run(s, 30000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- failing providers -------------------------------------------------------------------------
 */

/* The n-th key, key exchange or random draw fails, for every n of a set-up and a rekey: whatever
 * happens, nothing leaks, and a later attempt succeeds. */
static void fail_at(unsigned n, int node, bool keys)
{
    struct sim *s = sim_new(100 + n);
    struct sim_node *bad = &s->nodes[node];

    sim_start(s);
    if (keys) {
        bad->crypto.keys_left = n;
    } else {
        bad->crypto.kes_left = n;
    }
    (void)sim_connect(s);
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    sim_run(s, 200000);
    (void)ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now);
    sim_run(s, 200000);
    bad->crypto.keys_left = 1000000;
    bad->crypto.kes_left = 1000000;
    if (sim_sa(A(s), IPSEC_IKE_ESTABLISHED) == 0 ||
        sim_child_in(A(s), IPSEC_CHILD_INSTALLED) == 0) {
        (void)ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now);
        (void)ipsec_ike_forget_peer(B(s)->ike, &B(s)->peer, s->now);
        (void)sim_connect(s);
    }
    sim_run(s, 300000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void sec_06_cve_2018_10811_failing_keys(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 16; n++) {
        fail_at(n, SIM_A, true);
        fail_at(n, SIM_B, true);
    }
}

static void sec_06_openiked_f4cf5d1_failing_key_exchanges(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 6; n++) {
        fail_at(n, SIM_A, false);
        fail_at(n, SIM_B, false);
    }
}

static void sec_04_failing_random(void **state)
{
    struct sim *s = sim_new(9);
    ipsec_handle sa;

    (void)state;
    sim_start(s);
    A(s)->crypto.random_fails = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_ERR_RANDOM);
    A(s)->crypto.random_fails = false;
    B(s)->crypto.random_fails = true;
    (void)sim_connect(s);
    assert_int_equal(sim_sa(B(s), 0), 0);
    B(s)->crypto.random_fails = false;
    sim_run(s, 10000);
    sim_assert_agree(s, 1, 1);
    /* With CBC every message needs an IV: without random nothing is sent, and nothing is lost. */
    A(s)->crypto.random_fails = true;
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    sim_run(s, 3000);
    A(s)->crypto.random_fails = false;
    sim_run(s, 100000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Found by fuzz_ike: the delete of a child that can not be sent at once is sent later. */
static void sec_04_failing_random_at_a_delete(void **state)
{
    struct sim *s = sim_up(12);

    (void)state;
    A(s)->crypto.random_fails = true;
    assert_int_equal(ipsec_ike_delete_child(A(s)->ike, sim_child_in(A(s), 0), s->now), IPSEC_OK);
    sim_run(s, 5000);
    assert_int_equal(sim_sink_count(A(s)), 0);
    assert_int_equal(sim_sink_count(B(s)), 1);
    A(s)->crypto.random_fails = false;
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sa_max_as_initiator),
        cmocka_unit_test(sa_max_as_responder),
        cmocka_unit_test(child_max_at_the_initiator_of_a_rekey),
        cmocka_unit_test(child_07_child_max_at_the_responder_of_a_rekey),
        cmocka_unit_test(child_max_at_the_initiator_of_a_second_ike_sa),
        cmocka_unit_test(child_max_on_command),
        cmocka_unit_test(sec_01_deviation_attack_handshake_max_under_a_flood),
        cmocka_unit_test(cookie_01_sec_02_from_the_threshold_on),
        cmocka_unit_test(sec_01_first_contacts_are_limited),
        cmocka_unit_test(buffer_max),
        cmocka_unit_test(sec_06_cve_2018_10811_failing_keys),
        cmocka_unit_test(sec_06_openiked_f4cf5d1_failing_key_exchanges),
        cmocka_unit_test(sec_04_failing_random),
        cmocka_unit_test(sec_04_failing_random_at_a_delete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
