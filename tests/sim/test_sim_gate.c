/* SPDX-License-Identifier: Apache-2.0
 *
 * First contacts from strangers, and what the data plane and time have to say about SAs: cookies,
 * liveness under traffic, packet limits, forgetting. RFC 7296 2.4, 2.6, 2.8.
 */
#include "sim_test.h"

#include "ike_state.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

static struct ipsec_ike_counters counters_of(const struct sim_node *n)
{
    struct ipsec_ike_counters counters;

    ipsec_ike_counters(n->ike, &counters);
    return counters;
}

static uint64_t drops(const struct sim_node *n, enum ipsec_status status)
{
    return counters_of(n).drops[ipsec_drop_index(status)];
}

/* ---- cookies -----------------------------------------------------------------------------------
 */

/* A's request with the cookie B has just asked for, not delivered. */
static struct sim_datagram with_cookie(struct sim *s)
{
    B(s)->config.cookie_threshold = 1;
    s->keep_sent = true;
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
    assert_int_equal(s->kept, 3);
    sim_drop(s, 0);
    sim_ladder_clear(s);
    return s->kept_datagram[2];
}

#define COOKIE_AT (28 + 8)

static void cookie_04_accepted(void **state)
{
    struct sim *s = sim_new(1);
    const struct sim_datagram d = with_cookie(s);

    (void)state;
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
    sim_assert_ladder(s, "B IKE_SA_INIT response 0: " INIT_R);
    sim_free(s);
}

/* COOKIE-05: another cookie, another address, another SPI, another nonce: asked again, nothing
 * computed, nothing kept. */
static void cookie_05_not_accepted(void **state)
{
    struct sim *s = sim_new(2);
    const struct sim_datagram d = with_cookie(s);

    (void)state;
    const uint32_t length = 17;
    for (uint32_t at = COOKIE_AT; at < COOKIE_AT + length; at++) {
        struct sim_datagram wrong = d;
        wrong.octets[at] ^= 0x10;
        assert_int_equal(sim_inject(s, SIM_B, &wrong), IPSEC_DROP_COOKIE);
    }
    struct sim_datagram wrong = d;
    wrong.remote.addr.bytes[3] ^= 1;
    assert_int_equal(sim_inject(s, SIM_B, &wrong), IPSEC_DROP_COOKIE);
    wrong = d;
    wrong.octets[3] ^= 1; /* SPIi */
    assert_int_equal(sim_inject(s, SIM_B, &wrong), IPSEC_DROP_COOKIE);
    assert_int_equal(B(s)->crypto.ke_calls, 0);
    assert_int_equal(counters_of(B(s)).sas, 0);
    assert_int_equal(drops(B(s), IPSEC_DROP_COOKIE), length + 3);
    sim_free(s);
}

/* COOKIE-06: a cookie of the secret before is good for a while, not for ever. */
static void cookie_06_rotation(void **state)
{
    struct sim *s = sim_new(3);
    const struct sim_datagram d = with_cookie(s);
    struct sim_datagram other = d;

    (void)state;
    s->now += 61000;
    other.octets[3] ^= 1;
    assert_int_equal(sim_inject(s, SIM_B, &other), IPSEC_DROP_COOKIE); /* a new secret is drawn */
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
    sim_free(s);
    s = sim_new(4);
    const struct sim_datagram late = with_cookie(s);
    for (int i = 0; i < 3; i++) {
        s->now += 61000;
        (void)sim_inject(s, SIM_B, &other);
    }
    assert_int_equal(sim_inject(s, SIM_B, &late), IPSEC_DROP_COOKIE);
    sim_free(s);
}

/* ---- liveness ----------------------------------------------------------------------------------
 */

/* INFO-10: no probe while protected traffic comes in. */
static void info_10_no_probe_under_traffic(void **state)
{
    struct sim *s = sim_new(10);

    (void)state;
    A(s)->peer.liveness_ms = 5000;
    B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    sim_start(s);
    (void)sim_connect(s);
    sim_ladder_clear(s);
    for (int i = 0; i < 100; i++) {
        sim_traffic(s);
        sim_run(s, 1000);
    }
    sim_assert_ladder(s, "");
    sim_run(s, 10000);
    assert_non_null(strstr(s->ladder, "A INFORMATIONAL request 2: SK{}\n"));
    sim_free(s);
}

/* ---- limits of packets and octets --------------------------------------------------------------
 */

static void rekey_12_soft_limit_of_packets(void **state)
{
    struct sim *s = sim_up(20);

    (void)state;
    const ipsec_handle child = sim_child_in(A(s), IPSEC_CHILD_INSTALLED);
    assert_int_equal(ipsec_ike_child_notice(A(s)->ike, child, IPSEC_CHILD_NOTICE_SOFT, s->now),
                     IPSEC_OK);
    sim_run(s, 10000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    assert_int_equal(ipsec_ike_child_notice(A(s)->ike, child, IPSEC_CHILD_NOTICE_SOFT, s->now),
                     IPSEC_ERR_STALE);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Both ends count the same packets: the limits of both are reached in one moment, and one new child
 * remains. */
static void rekey_12_soft_limits_of_both_ends_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct sim *s = sim_up(3000 + seed);
        for (int i = 0; i < 2; i++) {
            struct sim_node *n = &s->nodes[i];
            const ipsec_handle child = sim_child_in(n, IPSEC_CHILD_INSTALLED);
            assert_int_equal(ipsec_ike_child_notice(n->ike, child, IPSEC_CHILD_NOTICE_SOFT, s->now),
                             IPSEC_OK);
        }
        sim_traffic(s);
        sim_run(s, 60000);
        /* RFC 7296 2.8.1: two were made, one of them too many. */
        assert_in_range(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1, 2);
        assert_in_range(B(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1, 2);
        assert_false(A(s)->has_failure || B(s)->has_failure);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

static void rekey_10_hard_limit_of_packets(void **state)
{
    struct sim *s = sim_up(21);

    (void)state;
    const ipsec_handle child = sim_child_in(B(s), IPSEC_CHILD_INSTALLED);
    assert_int_equal(ipsec_ike_child_notice(B(s)->ike, child, IPSEC_CHILD_NOTICE_HARD, s->now),
                     IPSEC_OK);
    assert_int_equal(sim_sink_count(B(s)), 0);
    sim_run(s, 1000);
    sim_assert_ladder(s, "B INFORMATIONAL request 1: SK{D}\nA INFORMATIONAL response 1: SK{D}\n");
    assert_int_equal(B(s)->last_reason, IPSEC_REASON_LIFETIME);
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

/* REKEY-10: the IKE SA's own end: nothing of it is used any more, and the peer is told. */
static void rekey_10_hard_limit_of_the_ike_sa(void **state)
{
    struct sim *s = sim_new(22);

    (void)state;
    A(s)->peer.lifetime.hard_ms = 60000;
    A(s)->peer.lifetime.soft_ms = 59999; /* its rekey does not get an answer in time */
    A(s)->peer.lifetime.jitter_percent = 1;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    sim_start(s);
    (void)sim_connect(s);
    A(s)->crypto.kes_left = 0;
    sim_run(s, 70000);
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_LIFETIME);
    assert_true(A(s)->events[IPSEC_EVENT_REKEY_FAILED] + A(s)->events[IPSEC_EVENT_FAILURE] +
                    A(s)->events[IPSEC_EVENT_IKE_CLOSED] >=
                1);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* Two ends with the same lifetimes do not rekey in the same moment: up to a tenth earlier. */
static void rekey_10_jitter(void **state)
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct sim *s = sim_up(200 + seed);
        struct ipsec_ike_sa_info info;
        assert_int_equal(ipsec_ike_sa_info(A(s)->ike, sim_sa(A(s), 0), &info), IPSEC_OK);
        const uint64_t wait = info.rekey_due - info.established;
        assert_in_range(wait, 3240000 - 324000, 3240000);
        assert_int_equal(info.ends - info.established, 3600000);
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
        sim_free(s);
    }
    assert_true(most - least > 200000);
}

/* ---- commands ----------------------------------------------------------------------------------
 */

static void stale_handles(void **state)
{
    struct sim *s = sim_up(30);
    struct ipsec_ike *ike = A(s)->ike;
    struct ipsec_ike_sa_info info;
    struct ipsec_child_info child;

    (void)state;
    for (int i = 0; i < 2; i++) {
        const ipsec_handle h = i == 0 ? 0 : 0x7fff0001;
        assert_int_equal(ipsec_ike_rekey(ike, h, s->now), IPSEC_ERR_STALE);
        assert_int_equal(ipsec_ike_delete(ike, h, s->now), IPSEC_ERR_STALE);
        assert_int_equal(ipsec_ike_probe(ike, h, s->now), IPSEC_ERR_STALE);
        assert_int_equal(ipsec_ike_rekey_child(ike, h, 0, s->now), IPSEC_ERR_STALE);
        assert_int_equal(ipsec_ike_delete_child(ike, h, s->now), IPSEC_ERR_STALE);
        assert_int_equal(ipsec_ike_create_child(ike, h, A(s)->child, s->now), IPSEC_ERR_STALE);
        assert_int_equal(ipsec_ike_child_notice(ike, h, IPSEC_CHILD_NOTICE_INBOUND, s->now),
                         IPSEC_ERR_STALE);
        assert_int_equal(ipsec_ike_sa_info(ike, h, &info), IPSEC_ERR_STALE);
        assert_int_equal(ipsec_ike_child_info(ike, h, &child), IPSEC_ERR_STALE);
    }
    assert_int_equal(ipsec_ike_rekey_child(ike, sim_child_in(A(s), 0), 0x80, s->now),
                     IPSEC_ERR_ARGUMENT);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void not_yet_possible(void **state)
{
    struct sim *s = sim_new(31);
    ipsec_handle sa;

    (void)state;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sa, s->now), IPSEC_ERR_STATE);
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sa, s->now), IPSEC_ERR_STATE);
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, A(s)->child, s->now), IPSEC_ERR_STATE);
    /* Before authentication it just closes. */
    sim_ladder_clear(s);
    assert_int_equal(ipsec_ike_delete(A(s)->ike, sa, s->now), IPSEC_OK);
    sim_assert_ladder(s, "");
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 1);
    s->held = false;
    sim_run(s, 100000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void forget_peer(void **state)
{
    struct sim *s = sim_up(32);

    (void)state;
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &B(s)->peer, s->now), IPSEC_OK);
    assert_int_not_equal(sim_sa(A(s), 0), 0); /* another peer's struct */
    (void)ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), 0), s->now);
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
    assert_int_equal(sim_sa(A(s), 0), 0);
    assert_int_equal(sim_sink_count(A(s)), 0);
    sim_run(s, 1000);
    assert_null(strstr(s->ladder, "SK{D}")); /* without telling: the peer finds out by itself */
    sim_run(s, 300000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* COLL-15: both ends initiate at once: two IKE SAs, no churn. */
static void coll_15_both_initiate(void **state)
{
    struct sim *s = sim_new(33);
    ipsec_handle sa;

    (void)state;
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    assert_int_equal(ipsec_ike_initiate(B(s)->ike, &B(s)->peer, s->now, &sa), IPSEC_OK);
    sim_run(s, 1000);
    const uint32_t sent = s->sent;
    assert_true(sent <= 12);
    sim_run(s, 300000);
    const uint32_t sas = counters_of(A(s)).sas;
    assert_in_range(sas, 1, 2);
    sim_assert_agree(s, sas, sas);
    sim_free(s);
}

static void configurations(void **state)
{
    struct sim *s = sim_new(34);
    struct ipsec_ike_config c = A(s)->config;
    struct ipsec_ike *ike;
    size_t bytes = 0;
    size_t more = 0;
    static uint8_t small[64];

    (void)state;
    assert_int_equal(ipsec_ike_size(NULL, &bytes), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_size(&c, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_size(&c, &bytes), IPSEC_OK);
    assert_int_equal(ipsec_ike_init(small, sizeof(small), &c, 0, &ike), IPSEC_ERR_BUFFER);
    assert_null(ike);
    c.sa_max = 100;
    assert_int_equal(ipsec_ike_size(&c, &more), IPSEC_OK);
    assert_true(more > bytes);
    c.size = 0;
    assert_int_equal(ipsec_ike_size(&c, &bytes), IPSEC_ERR_STRUCT_SIZE);
    c = A(s)->config;
    c.message_bytes = 100;
    assert_int_equal(ipsec_ike_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c = A(s)->config;
    c.callbacks.send = NULL;
    assert_int_equal(ipsec_ike_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c = A(s)->config;
    c.crypto.count = 0;
    assert_int_equal(ipsec_ike_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c = A(s)->config;
    c.sa_max = IPSECI_POOL_MAX + 1;
    assert_int_equal(ipsec_ike_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    ipsec_ike_deinit(NULL);
    sim_free(s);
}

static void sec_04_random_source_broken_at_init(void **state)
{
    struct sim *s = sim_new(35);
    struct ipsec_ike *ike;
    size_t bytes = 0;

    (void)state;
    assert_int_equal(ipsec_ike_size(&A(s)->config, &bytes), IPSEC_OK);
    void *block = malloc(bytes);
    assert_non_null(block);
    A(s)->crypto.random_fails = true;
    assert_int_equal(ipsec_ike_init(block, bytes, &A(s)->config, 0, &ike), IPSEC_ERR_RANDOM);
    free(block);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookie_04_accepted),
        cmocka_unit_test(cookie_05_not_accepted),
        cmocka_unit_test(cookie_06_rotation),
        cmocka_unit_test(info_10_no_probe_under_traffic),
        cmocka_unit_test(rekey_12_soft_limit_of_packets),
        cmocka_unit_test(rekey_12_soft_limits_of_both_ends_at_once),
        cmocka_unit_test(rekey_10_hard_limit_of_packets),
        cmocka_unit_test(rekey_10_hard_limit_of_the_ike_sa),
        cmocka_unit_test(rekey_10_jitter),
        cmocka_unit_test(stale_handles),
        cmocka_unit_test(not_yet_possible),
        cmocka_unit_test(forget_peer),
        cmocka_unit_test(coll_15_both_initiate),
        cmocka_unit_test(configurations),
        cmocka_unit_test(sec_04_random_source_broken_at_init),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
