/* SPDX-License-Identifier: Apache-2.0
 *
 * NATs: keepalives (RFC 3948 4), and following a peer whose mapping has changed (RFC 7296 2.23), by
 * IKE messages and by ESP packets, under each policy.
 */
#include "sim_test.h"

#define A(s)      (&(s)->nodes[SIM_A])
#define B(s)      (&(s)->nodes[SIM_B])
#define NEW_SHIFT 21000
#define SECOND    ((ipsec_ms)1000)

static struct sim *made(void)
{
    struct sim *s = sim_new(1);

    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    s->nat = true;
    s->esp_tells = true;
    return s;
}

static void start(struct sim *s)
{
    sim_start(s);
    (void)sim_connect(s);
    assert_null(sim_disagreement(s, 1, 1));
}

static struct ipsec_ike_sa_info info_of(struct sim_node *n)
{
    struct ipsec_ike_sa_info info;

    assert_int_equal(ipsec_ike_sa_info(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), &info), IPSEC_OK);
    return info;
}

static uint16_t child_port(struct sim_node *n)
{
    return sim_sink_sender(n, &n->child[0])->sa.remote.port;
}

/* ---- keepalives --------------------------------------------------------------------------------
 */

static void natt_07_behind_a_nat_every_20_s_when_idle(void **state)
{
    struct sim *s = made();
    struct ipsec_ike_counters counters;

    (void)state;
    start(s);
    sim_run(s, 18 * SECOND);
    assert_int_equal(A(s)->keepalives, 0);
    sim_run(s, 100 * SECOND);
    assert_int_equal(A(s)->keepalives, 5);
    ipsec_ike_counters(A(s)->ike, &counters);
    assert_true(counters.keepalives_out == 5);
    assert_int_equal(B(s)->keepalives, 0); /* only who is behind a NAT */
    /* one octet 0xFF, no marker, between the ports of the mapping */
    assert_int_equal(A(s)->keepalive.length, 1);
    assert_int_equal(A(s)->keepalive.octets[0], 0xff);
    assert_int_equal(A(s)->keepalive.remote.port, 4500);
    assert_int_equal(A(s)->keepalive.local.port, 4500);
    assert_true(ipsec_addr_equal(&A(s)->keepalive.local.addr, &A(s)->peer.remote.addr));
    /* the other end drops it silently */
    assert_int_equal(sim_inject(s, SIM_B, &A(s)->keepalive), IPSEC_DROP_KEEPALIVE);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void natt_07_not_without_a_nat(void **state)
{
    struct sim *s = made();

    (void)state;
    s->nat = false;
    start(s);
    sim_run(s, 100 * SECOND);
    assert_int_equal(A(s)->keepalives + B(s)->keepalives, 0);
    sim_free(s);
}

static void natt_07_not_for_a_peer_that_only_forces_encapsulation(void **state)
{
    struct sim *s = made();

    (void)state;
    s->nat = false;
    A(s)->peer.force_encapsulation = true; /* B thinks that A is behind a NAT, A knows better */
    start(s);
    sim_run(s, 100 * SECOND);
    assert_true(info_of(B(s)).nat_remote);
    assert_int_equal(A(s)->keepalives + B(s)->keepalives, 0);
    sim_free(s);
}

static void natt_07_esp_sent_spares_them(void **state)
{
    struct sim *s = made();

    (void)state;
    start(s);
    for (int i = 0; i < 50; i++) {
        assert_true(sim_esp(s, SIM_A, &A(s)->child[0]));
        sim_run(s, 5 * SECOND);
    }
    assert_int_equal(A(s)->keepalives, 0);
    /* what comes in keeps no mapping */
    for (int i = 0; i < 12; i++) {
        assert_true(sim_esp(s, SIM_B, &B(s)->child[0]));
        sim_run(s, 5 * SECOND);
    }
    assert_true(A(s)->keepalives >= 1);
    sim_free(s);
}

static void natt_07_ike_sent_spares_them(void **state)
{
    struct sim *s = made();

    (void)state;
    start(s);
    for (int i = 0; i < 20; i++) {
        struct sim_node *asks = i % 2 == 0 ? A(s) : B(s);
        sim_run(s, 15 * SECOND);
        (void)ipsec_ike_probe(asks->ike, sim_sa(asks, IPSEC_IKE_ESTABLISHED), s->now);
    }
    assert_int_equal(A(s)->keepalives, 0);
    sim_free(s);
}

static void natt_07_interval_and_off(void **state)
{
    struct sim *s = made();

    (void)state;
    A(s)->peer.keepalive_ms = 7000;
    start(s);
    sim_run(s, 36 * SECOND);
    assert_int_equal(A(s)->keepalives, 5);
    sim_free(s);
    s = made();
    A(s)->peer.keepalive_ms = IPSEC_KEEPALIVE_OFF;
    start(s);
    sim_run(s, 1000 * SECOND);
    assert_int_equal(A(s)->keepalives, 0);
    sim_free(s);
}

static void natt_07_go_on_over_a_rekey_with_one_sa(void **state)
{
    struct sim *s = made();

    (void)state;
    start(s);
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    sim_run(s, 5 * SECOND);
    const uint32_t before = A(s)->keepalives;
    sim_run(s, 100 * SECOND);
    assert_int_equal(A(s)->keepalives - before, 5);
    sim_free(s);
}

/* Also when the caller comes a day late, and when the low half of the time wraps. */
static void natt_07_late_calls(void **state)
{
    struct sim *s = made();

    (void)state;
    s->now = UINT32_MAX - 10 * SECOND;
    A(s)->peer.lifetime.hard_ms = A(s)->child[0].lifetime.hard_ms = 10000000 * SECOND;
    B(s)->peer.lifetime.hard_ms = B(s)->child[0].lifetime.hard_ms = 10000000 * SECOND;
    start(s);
    sim_run(s, 40 * SECOND);
    assert_int_equal(A(s)->keepalives, 2);
    s->now += 86400 * SECOND;
    ipsec_ike_expire(A(s)->ike, s->now);
    assert_int_equal(A(s)->keepalives, 3);
    assert_true(ipsec_ike_deadline(A(s)->ike) > s->now);
    sim_free(s);
}

/* ---- following, by ESP -------------------------------------------------------------------------
 */

static void esp_from_a(struct sim *s)
{
    assert_true(sim_esp(s, SIM_A, &A(s)->child[0]));
    sim_run(s, SECOND);
}

static void natt_09_follows_by_esp(void **state)
{
    struct sim *s = made();
    struct ipsec_ike_counters counters;

    (void)state;
    start(s);
    esp_from_a(s);
    s->nat_shift = NEW_SHIFT;
    sim_address(&s->nat_outside, "198.51.100.8");
    sim_address_down(s, "198.51.100.7");
    assert_int_equal(sim_esp(s, SIM_B, &B(s)->child[0]), 1);
    assert_int_equal(s->esp_astray, 1); /* to the old mapping */
    esp_from_a(s);
    assert_int_equal(B(s)->moved_status, IPSEC_OK);
    assert_int_equal(child_port(B(s)), 4500 + NEW_SHIFT);
    assert_int_equal(B(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], 1);
    assert_int_equal(B(s)->old_remote.port, 24500);
    assert_int_equal(B(s)->new_remote.port, 25500);
    ipsec_ike_counters(B(s)->ike, &counters);
    assert_true(counters.address_changes == 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], 0);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(s->esp_astray, 1);
    sim_free(s);
}

static void natt_09_an_overtaken_packet_moves_nothing(void **state)
{
    struct sim *s = made();

    (void)state;
    start(s);
    s->held = true;
    assert_true(sim_esp(s, SIM_A, &A(s)->child[0]));
    s->nat_shift = NEW_SHIFT;
    assert_true(sim_esp(s, SIM_A, &A(s)->child[0]));
    assert_true(sim_deliver(s, 1));
    assert_int_equal(child_port(B(s)), 25500);
    assert_true(sim_deliver(s, 0)); /* sent before, from the old mapping */
    assert_int_equal(child_port(B(s)), 25500);
    assert_int_equal(B(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], 1);
    sim_free(s);
}

/* Whose policy, what changes, and whether it is followed. */
static const struct {
    enum ipsec_follow follow;
    bool nat;
    bool address;
    bool followed;
} policy[] = {
    {IPSEC_FOLLOW_DEFAULT, true, false, true},  {IPSEC_FOLLOW_DEFAULT, true, true, true},
    {IPSEC_FOLLOW_DEFAULT, false, true, false}, {IPSEC_FOLLOW_NEVER, true, false, false},
    {IPSEC_FOLLOW_NEVER, true, true, false},    {IPSEC_FOLLOW_PORT, true, false, true},
    {IPSEC_FOLLOW_PORT, true, true, false},     {IPSEC_FOLLOW_PORT, false, true, false},
    {IPSEC_FOLLOW_ANY, true, true, true},       {IPSEC_FOLLOW_ANY, false, true, true},
};

static void change_mapping(struct sim *s, size_t row)
{
    s->nat = true;
    s->nat_shift = policy[row].nat ? NEW_SHIFT : 0;
    if (policy[row].address) {
        sim_address(&s->nat_outside, "198.51.100.8");
    }
}

static void expect_followed(struct sim *s, size_t row, bool by_esp)
{
    const bool followed = policy[row].followed;

    assert_int_equal(B(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], followed);
    const struct ipsec_ike_sa_info info = info_of(B(s));
    assert_int_equal(ipsec_addr_equal(&info.remote.addr, &s->nat_outside),
                     followed || !policy[row].address);
    if (by_esp) {
        assert_int_equal(B(s)->moved_status, followed ? IPSEC_OK : IPSEC_ERR_FORBIDDEN);
    }
}

static void natt_09_policies(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof(policy) / sizeof(policy[0]); row++) {
        for (int by_esp = 0; by_esp < 2; by_esp++) {
            struct sim *s = made();
            s->nat = policy[row].nat;
            B(s)->peer.follow = (uint8_t)policy[row].follow;
            start(s);
            change_mapping(s, row);
            if (by_esp != 0) {
                esp_from_a(s);
            } else {
                (void)ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now);
                sim_run(s, SECOND / 2);
            }
            expect_followed(s, row, by_esp != 0);
            sim_free(s);
        }
    }
}

static void natt_09_host_behind_a_nat_does_not_follow_by_esp(void **state)
{
    struct sim *s = made();

    (void)state;
    start(s);
    s->held = true;
    assert_true(sim_esp(s, SIM_B, &B(s)->child[0]));
    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        if (s->queue[i].used) {
            s->queue[i].remote.port = 7;
        }
    }
    assert_true(sim_deliver(s, 0));
    assert_int_equal(A(s)->moved_status, IPSEC_ERR_FORBIDDEN);
    assert_int_equal(child_port(A(s)), 4500);
    sim_free(s);
}

static void natt_09_child_moved_arguments(void **state)
{
    struct sim *s = made();
    struct ipsec_endpoint to;

    (void)state;
    start(s);
    const ipsec_handle child = sim_child_in(B(s), IPSEC_CHILD_INSTALLED);
    assert_int_equal(ipsec_ike_child_moved(B(s)->ike, child, NULL, s->now), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_child_moved(NULL, child, &to, s->now), IPSEC_ERR_ARGUMENT);
    to = info_of(B(s)).remote;
    assert_int_equal(ipsec_ike_child_moved(B(s)->ike, child, &to, s->now), IPSEC_OK);
    to.port = 0;
    assert_int_equal(ipsec_ike_child_moved(B(s)->ike, child, &to, s->now), IPSEC_OK);
    sim_address(&to.addr, "2001:db8::1"); /* the other end of our IPv4 address it is not */
    assert_int_equal(ipsec_ike_child_moved(B(s)->ike, child, &to, s->now), IPSEC_ERR_FORBIDDEN);
    assert_int_equal(ipsec_ike_child_moved(B(s)->ike, child + 65536, &to, s->now), IPSEC_ERR_STALE);
    assert_int_equal(B(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(natt_07_behind_a_nat_every_20_s_when_idle),
        cmocka_unit_test(natt_07_not_without_a_nat),
        cmocka_unit_test(natt_07_not_for_a_peer_that_only_forces_encapsulation),
        cmocka_unit_test(natt_07_esp_sent_spares_them),
        cmocka_unit_test(natt_07_ike_sent_spares_them),
        cmocka_unit_test(natt_07_interval_and_off),
        cmocka_unit_test(natt_07_go_on_over_a_rekey_with_one_sa),
        cmocka_unit_test(natt_07_late_calls),
        cmocka_unit_test(natt_09_follows_by_esp),
        cmocka_unit_test(natt_09_an_overtaken_packet_moves_nothing),
        cmocka_unit_test(natt_09_policies),
        cmocka_unit_test(natt_09_host_behind_a_nat_does_not_follow_by_esp),
        cmocka_unit_test(natt_09_child_moved_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
