/* SPDX-License-Identifier: Apache-2.0
 *
 * Time and message IDs at their ends: lifetimes without end, a clock about to wrap, replayed
 * messages against liveness, retransmission counts, the last message ID. RFC 7296 2.1 to 2.4, 2.8.
 */
#include "sim_test.h"

#include "ike_state.h"

#define DAY ((ipsec_ms)24 * 3600 * 1000)

/* A recorded message of a peer that is dead proves nothing: the probe comes, and nobody answers. */
static void info_10_replayed_message_is_no_sign_of_life(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    const struct sim_datagram answer = s->kept_datagram[3];
    assert_int_equal(answer.to, SIM_A);
    s->cut = true;
    for (int i = 0; i < 40; i++) {
        sim_run(s, 10000);
        (void)sim_inject(s, SIM_A, &answer);
    }
    assert_int_equal(sim_sa(&s->nodes[SIM_A], 0), 0);
    assert_int_equal(s->nodes[SIM_A].last_reason, IPSEC_REASON_TIMEOUT);
    sim_free(s);
}

static void info_10_replayed_request_is_no_sign_of_life(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    const struct sim_datagram request = s->kept_datagram[2];
    assert_int_equal(request.to, SIM_B);
    s->cut = true;
    for (int i = 0; i < 40; i++) {
        sim_run(s, 10000);
        (void)sim_inject(s, SIM_B, &request);
    }
    assert_int_equal(sim_sa(&s->nodes[SIM_B], 0), 0);
    sim_free(s);
}

static void rekey_10_lifetimes_without_end(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    for (int i = 0; i < 2; i++) {
        s->nodes[i].peer.lifetime.hard_ms = IPSEC_NEVER;
        s->nodes[i].peer.lifetime.soft_ms = IPSEC_NEVER;
        s->nodes[i].child[0].lifetime.hard_ms = IPSEC_NEVER - 1;
        s->nodes[i].child[0].lifetime.soft_ms = IPSEC_NEVER - 1;
    }
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    sim_run(s, DAY);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(sim_sa(&s->nodes[SIM_A], 0), sa);
    assert_int_equal(s->nodes[SIM_A].events[IPSEC_EVENT_CHILD_REKEYED], 0);
    sim_free(s);
}

/* A child that the peer has replaced and never deletes ends although its lifetime does not. */
static void rekey_04_replaced_child_ends_without_its_delete(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    s->nodes[SIM_B].child[0].lifetime.hard_ms = IPSEC_NEVER;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    const ipsec_handle old = sim_child_in(&s->nodes[SIM_B], IPSEC_CHILD_INSTALLED);
    s->held = true;
    (void)ipsec_ike_rekey_child(s->nodes[SIM_A].ike, sim_child_in(&s->nodes[SIM_A], 0), 0, s->now);
    assert_true(sim_deliver(s, 0)); /* the request; the answer is lost */
    sim_drop(s, 0);
    (void)ipsec_ike_forget_peer(s->nodes[SIM_A].ike, &s->nodes[SIM_A].peer, s->now);
    s->held = false;
    struct ipsec_child_info info;
    assert_int_equal(ipsec_ike_child_info(s->nodes[SIM_B].ike, old, &info), IPSEC_OK);
    assert_int_equal(info.phase, IPSEC_CHILD_REPLACED);
    s->nodes[SIM_B].peer.liveness_ms = IPSEC_LIVENESS_OFF;
    sim_run(s, 70000);
    if (ipsec_ike_child_info(s->nodes[SIM_B].ike, old, &info) == IPSEC_OK) {
        assert_int_not_equal(info.phase, IPSEC_CHILD_REPLACED);
    }
    sim_free(s);
}

/* When it ends so, its successor carries our traffic, proven or not. */
static void rekey_05_successor_takes_over_at_the_end(void **state)
{
    struct sim *s = sim_up(1);
    struct sim_node *b = &s->nodes[SIM_B];

    (void)state;
    const ipsec_handle old = sim_child_in(b, IPSEC_CHILD_INSTALLED);
    s->held = true;
    (void)ipsec_ike_rekey_child(s->nodes[SIM_A].ike, sim_child_in(&s->nodes[SIM_A], 0), 0, s->now);
    assert_true(sim_deliver(s, 0));
    s->held = false;
    s->cut = true;
    assert_int_equal(sim_sink_sender(b, &b->child[0])->sa.child, old);
    sim_run(s, 65000);
    assert_null(sim_sink_find(b, old));
    assert_non_null(sim_sink_sender(b, &b->child[0]));
    sim_free(s);
}

static void time_near_the_end_of_the_clock(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    s->now = IPSEC_NEVER - 100000;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    sim_run(s, 20000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* More retransmissions than the engine can count are refused, not endless. */
static void msgid_05_retransmissions_are_counted(void **state)
{
    struct sim *s = sim_new(1);
    struct sim_node *a = &s->nodes[SIM_A];
    size_t bytes;

    (void)state;
    a->config.retransmit_max = 255;
    assert_int_equal(ipsec_ike_size(&a->config, &bytes), IPSEC_ERR_ARGUMENT);
    a->config.retransmit_max = 254;
    a->config.retransmit_first_ms = 10;
    a->config.retransmit_factor_percent = 100;
    sim_start(s);
    s->cut = true;
    (void)sim_connect(s);
    sim_run(s, 10000);
    assert_int_equal(sim_sa(a, 0), 0);
    assert_int_equal(s->sent, 255);
    sim_free(s);
}

static void msgid_11_our_last_message_id(void **state)
{
    struct sim *s = sim_up(1);
    struct sim_node *a = &s->nodes[SIM_A];

    (void)state;
    ipseci_sa_get(a->ike, sim_sa(a, 0))->request_id = UINT32_MAX - 1;
    ipseci_sa_get(s->nodes[SIM_B].ike, sim_sa(&s->nodes[SIM_B], 0))->expected_id = UINT32_MAX - 1;
    (void)ipsec_ike_probe(a->ike, sim_sa(a, 0), s->now);
    sim_run(s, 1000);
    (void)ipsec_ike_probe(a->ike, sim_sa(a, 0), s->now);
    sim_run(s, 1000);
    assert_int_equal(sim_sa(a, 0), 0); /* closed: no ID is used twice */
    assert_int_equal(sim_sink_count(a), 0);
    sim_free(s);
}

/* The close that nobody answers is still the one that was asked for. */
static void delete_unanswered_keeps_its_reason(void **state)
{
    struct sim *s = sim_up(1);
    struct sim_node *a = &s->nodes[SIM_A];

    (void)state;
    s->cut = true;
    (void)ipsec_ike_delete(a->ike, sim_sa(a, 0), s->now);
    a->last_reason = IPSEC_REASON_FAILURE;
    sim_run(s, 200000);
    assert_int_equal(sim_sa(a, 0), 0);
    assert_int_equal(a->last_reason, IPSEC_REASON_LOCAL);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_10_replayed_message_is_no_sign_of_life),
        cmocka_unit_test(info_10_replayed_request_is_no_sign_of_life),
        cmocka_unit_test(rekey_10_lifetimes_without_end),
        cmocka_unit_test(rekey_04_replaced_child_ends_without_its_delete),
        cmocka_unit_test(rekey_05_successor_takes_over_at_the_end),
        cmocka_unit_test(time_near_the_end_of_the_clock),
        cmocka_unit_test(msgid_05_retransmissions_are_counted),
        cmocka_unit_test(msgid_11_our_last_message_id),
        cmocka_unit_test(delete_unanswered_keeps_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
