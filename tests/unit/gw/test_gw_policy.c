/* SPDX-License-Identifier: Apache-2.0
 *
 * Policy on both paths: nothing in clear that should be protected, nothing out of a tunnel that
 * should not come out of it. RFC 4301 4.4.1, 5.1, 5.2.
 */
#include "gw_kit.h"

static void add_entry(struct gw_kit *kit, enum ipsec_spd_action action, int32_t priority,
                      const char *local, const char *remote)
{
    struct ipsec_spd_entry entry = IPSEC_SPD_ENTRY_INIT;
    ipsec_handle handle = 0;
    entry.action = (uint8_t)action;
    entry.priority = priority;
    entry.local = kit_selector(local);
    entry.remote = kit_selector(remote);
    assert_int_equal(ipsec_spd_add(ipsec_gw_spd(kit->gw), &entry, &handle), IPSEC_OK);
}

static const struct kit_child first = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001};
static const struct kit_child first_mirrored = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001};

static struct gw_kit *start(bool mirrored)
{
    struct gw_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    kit_init(kit, mirrored);
    kit_start(kit);
    return kit;
}

static void stop(struct gw_kit *kit)
{
    kit_stop(kit);
    free(kit);
}

/* ---- Out ------------------------------------------------------------------------------------- */

static void spd_01_first_match_decides_and_no_match_is_dropped(void **state)
{
    (void)state;
    struct gw_kit *kit = start(false);
    struct kit_packet p[4];
    add_entry(kit, IPSEC_SPD_DISCARD, -2, "192.168.1.66", "0.0.0.0/0");
    add_entry(kit, IPSEC_SPD_BYPASS, -1, "192.168.1.0/24", "203.0.113.0/24");
    add_entry(kit, IPSEC_SPD_BYPASS, 1, "192.168.1.0/24", "0.0.0.0/0"); /* behind PROTECT */
    assert_int_equal(kit_install(kit, &first), IPSEC_OK);
    kit_ping(kit, &p[0], 1);
    kit_ipv4(&p[1], "192.168.1.10", "203.0.113.5", 60, 2);
    kit_ipv4(&p[2], "192.168.1.66", "192.168.2.10", 60, 3);
    kit_ipv4(&p[3], "172.16.0.1", "172.16.0.2", 60, 4);
    kit_lan(kit, p, 4);
    assert_int_equal(p[0].packet.status, IPSEC_OK);
    assert_int_equal(p[1].packet.status, IPSEC_OK);
    assert_int_equal(p[2].packet.status, IPSEC_DROP_POLICY);
    assert_int_equal(p[3].packet.status, IPSEC_DROP_NO_POLICY);
    assert_int_equal(kit->wan.count, 2);
    assert_int_equal(kit->wan.calls, 1);
    assert_int_equal(kit->wan.item[0].packet.carrier, IPSEC_CARRIER_ESP);
    assert_int_equal(kit->wan.item[1].packet.carrier, IPSEC_CARRIER_IP);
    assert_int_equal(kit->wan.item[1].packet.length, 60);
    assert_int_equal(kit_mark(&kit->wan.item[1]), 2);
    const struct ipsec_gw_counters counters = kit_counters(kit);
    assert_int_equal(counters.bypassed, 1);
    assert_int_equal(counters.lan_in, 4);
    assert_int_equal(counters.wan_out, 2);
    assert_int_equal(kit_drops_out(kit, IPSEC_DROP_POLICY), 1);
    assert_int_equal(kit_drops_out(kit, IPSEC_DROP_NO_POLICY), 1);
    stop(kit);
}

static void malformed_lan_packets_are_dropped_and_counted(void **state)
{
    (void)state;
    struct gw_kit *kit = start(false);
    struct kit_packet p[3];
    kit_ping(kit, &p[0], 1);
    p[0].octets[KIT_OFFSET] = 0x75;
    kit_ping(kit, &p[1], 1);
    p[1].packet.length = 10;
    kit_ping(kit, &p[2], 1);
    p[2].packet.length = 0;
    kit_lan(kit, p, 3);
    assert_int_equal(p[0].packet.status, IPSEC_DROP_VERSION);
    assert_int_equal(p[1].packet.status, IPSEC_DROP_TRUNCATED);
    assert_true(p[2].packet.status < IPSEC_OK);
    assert_int_equal(kit->wan.count, 0);
    assert_int_equal(kit_all_drops(kit), 3);
    stop(kit);
}

static void spd_04_no_sa_acquires_once_a_second_for_each_child(void **state)
{
    (void)state;
    struct gw_kit *kit = start(false);
    struct kit_packet p[3];
    kit_ping(kit, &p[0], 1);
    kit_ping(kit, &p[1], 2);
    kit_lan(kit, p, 2);
    assert_int_equal(p[0].packet.status, IPSEC_DROP_NO_SA);
    assert_int_equal(kit->acquires, 1);
    assert_ptr_equal(kit->acquired, &kit->child[0]);
    kit->now += 999;
    kit_lan(kit, p, 2);
    assert_int_equal(kit->acquires, 1);
    kit_ipv4(&p[2], "10.1.0.1", "10.2.0.1", 60, 1);
    kit_lan(kit, &p[2], 1);
    assert_int_equal(kit->acquires, 2);
    assert_ptr_equal(kit->acquired, &kit->child[1]);
    kit->now += 1;
    kit_lan(kit, p, 1);
    assert_int_equal(kit->acquires, 3);
    /* The clock steps back: the wait begins anew, it does not last forever. */
    kit->now = 5;
    kit_lan(kit, p, 1);
    assert_int_equal(kit->acquires, 3);
    kit->now = 1005;
    kit_lan(kit, p, 1);
    assert_int_equal(kit->acquires, 4);
    assert_int_equal(kit->wan.count, 0);
    assert_int_equal(kit_counters(kit).acquires, 4);
    assert_int_equal(kit_drops_out(kit, IPSEC_DROP_NO_SA), 8);
    stop(kit);
}

static void spd_04_without_an_acquire_callback_it_is_only_dropped(void **state)
{
    (void)state;
    struct gw_kit *kit = malloc(sizeof *kit);
    struct kit_packet p;
    assert_non_null(kit);
    kit_init(kit, false);
    kit->config.callbacks.acquire = NULL;
    kit_start(kit);
    kit_ping(kit, &p, 1);
    kit_lan(kit, &p, 1);
    assert_int_equal(p.packet.status, IPSEC_DROP_NO_SA);
    stop(kit);
}

/* RFC 7296 2.9: with the packet's addresses, protocol and ports. */
static void ts_07_an_acquire_knows_the_packet(void **state)
{
    (void)state;
    struct gw_kit *kit = malloc(sizeof *kit);
    struct kit_packet p[2];
    assert_non_null(kit);
    kit_init(kit, false);
    kit->config.callbacks.acquire = NULL;
    kit->child[1].start = IPSEC_START_ON_DEMAND;
    kit_start(kit);
    kit_ping(kit, &p[0], 1); /* of the other child, which is not on demand */
    kit_ipv4(&p[1], "10.1.0.1", "10.2.0.1", 60, 1);
    kit_lan(kit, p, 2);
    assert_int_equal(kit->ike->acquires, 1);
    assert_ptr_equal(kit->ike->acquired, &kit->child[1]);
    assert_ptr_equal(kit->ike->acquired_peer, &kit->peer);
    assert_true(kit->ike->acquired_with_packet);
    const struct ipsec_selector local = kit_selector("10.1.0.1[udp/1000]");
    const struct ipsec_selector remote = kit_selector("10.2.0.1[udp/2000]");
    assert_memory_equal(&kit->ike->acquired_packet.local, &local, sizeof local);
    assert_memory_equal(&kit->ike->acquired_packet.remote, &remote, sizeof remote);
    stop(kit);
}

static void spd_04_an_entry_of_the_callers_own_acquires_nothing(void **state)
{
    (void)state;
    struct gw_kit *kit = start(false);
    struct kit_packet p;
    struct ipsec_spd_entry entry = IPSEC_SPD_ENTRY_INIT;
    ipsec_handle handle = 0;
    entry.action = IPSEC_SPD_PROTECT;
    entry.priority = -1;
    entry.local = kit_selector("192.168.1.0/24");
    entry.remote = kit_selector("192.168.2.0/24");
    entry.user = &entry;
    assert_int_equal(ipsec_spd_add(ipsec_gw_spd(kit->gw), &entry, &handle), IPSEC_OK);
    kit_ping(kit, &p, 1);
    kit_lan(kit, &p, 1);
    assert_int_equal(p.packet.status, IPSEC_DROP_NO_SA);
    assert_int_equal(kit->acquires, 0);
    stop(kit);
}

static void spd_05_nothing_leaves_in_clear_at_any_time(void **state)
{
    (void)state;
    struct gw_kit *kit = start(false);
    struct kit_packet p;
    const ipsec_handle child = first.child;
    /* Before any SA; while there is one; after it is gone; after the peer is gone. */
    kit_ping(kit, &p, 1);
    kit_lan(kit, &p, 1);
    assert_int_equal(kit->wan.count, 0);
    assert_int_equal(kit_install(kit, &first), IPSEC_OK);
    kit_ping(kit, &p, 1);
    kit_lan(kit, &p, 1);
    assert_int_equal(kit->wan.count, 1);
    kit_remove(kit, child);
    kit->now += 5000;
    kit_ping(kit, &p, 1);
    kit_lan(kit, &p, 1);
    assert_int_equal(p.packet.status, IPSEC_DROP_NO_SA);
    assert_int_equal(kit->acquires, 2);
    assert_int_equal(ipsec_gw_remove_peer(kit->gw, &kit->peer, kit->now), IPSEC_OK);
    assert_ptr_equal(kit->ike->forgotten, &kit->peer);
    kit_lan(kit, &p, 1);
    assert_int_equal(p.packet.status, IPSEC_DROP_NO_POLICY);
    assert_int_equal(kit->wan.count, 1);
    stop(kit);
}

/* ---- In -------------------------------------------------------------------------------------- */

static void make_clear(struct kit_packet *p, const char *from, const char *to)
{
    kit_ipv4(p, from, to, 60, 7);
    p->packet.carrier = IPSEC_CARRIER_IP;
}

static void spd_02_clear_packet_that_should_be_protected_is_dropped(void **state)
{
    (void)state;
    struct gw_kit *kit = start(false);
    struct kit_packet p[4];
    add_entry(kit, IPSEC_SPD_BYPASS, 1, "0.0.0.0/0", "203.0.113.0/24");
    add_entry(kit, IPSEC_SPD_DISCARD, 2, "0.0.0.0/0", "203.0.114.0/24");
    assert_int_equal(kit_install(kit, &first), IPSEC_OK);
    make_clear(&p[0], "192.168.2.10", "192.168.1.10"); /* PROTECT */
    make_clear(&p[1], "203.0.113.1", "192.168.1.10");  /* BYPASS */
    make_clear(&p[2], "203.0.114.1", "192.168.1.10");  /* DISCARD */
    make_clear(&p[3], "198.18.0.1", "192.168.1.10");   /* nothing */
    kit_wan(kit, p, 4);
    assert_int_equal(p[0].packet.status, IPSEC_DROP_POLICY);
    assert_int_equal(p[1].packet.status, IPSEC_OK);
    assert_int_equal(p[2].packet.status, IPSEC_DROP_POLICY);
    assert_int_equal(p[3].packet.status, IPSEC_DROP_NO_POLICY);
    assert_int_equal(kit->lan.count, 1);
    assert_int_equal(kit_counters(kit).bypassed, 1);
    assert_int_equal(kit_drops_in(kit, IPSEC_DROP_POLICY), 2);
    stop(kit);
}

/* A ping that A sealed, as B gets it. */
static void from_a(struct kit_packet *out)
{
    struct gw_kit *a = start(false);
    struct kit_packet ping;
    assert_int_equal(kit_install(a, &first), IPSEC_OK);
    kit_ping(a, &ping, 5);
    kit_lan(a, &ping, 1);
    kit_received(a, 0, out);
    stop(a);
}

static void spd_03_out_of_a_tunnel_against_policy_is_dropped(void **state)
{
    (void)state;
    const enum ipsec_spd_action actions[] = {IPSEC_SPD_BYPASS, IPSEC_SPD_DISCARD,
                                             IPSEC_SPD_PROTECT};
    for (size_t i = 0; i < 3; i++) {
        struct gw_kit *b = start(true);
        struct kit_packet p;
        /* Somebody else's entry stands before the peer's. */
        add_entry(b, actions[i], -1, "192.168.2.0/24", "192.168.1.0/24");
        assert_int_equal(kit_install(b, &first_mirrored), IPSEC_OK);
        from_a(&p);
        kit_wan(b, &p, 1);
        assert_int_equal(p.packet.status, IPSEC_DROP_POLICY);
        assert_int_equal(b->lan.count, 0);
        stop(b);
    }
}

static void spd_03_another_childs_packet_does_not_come_through_this_sa(void **state)
{
    (void)state;
    struct gw_kit *a = start(false);
    struct gw_kit *b = start(true);
    struct kit_packet p;
    /* A believes the SA to be the other child's: its packets are 10.1 to 10.2. */
    const struct kit_child wrong = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001, .config = 1};
    assert_int_equal(kit_install(a, &wrong), IPSEC_OK);
    assert_int_equal(kit_install(b, &first_mirrored), IPSEC_OK);
    kit_ipv4(&p, "10.1.0.1", "10.2.0.1", 60, 1);
    kit_lan(a, &p, 1);
    assert_int_equal(a->wan.count, 1);
    kit_carry(a, b);
    assert_int_equal(b->lan.count, 0);
    assert_int_equal(kit_drops_in(b, IPSEC_DROP_SELECTORS), 1);
    stop(a);
    stop(b);
}

static void spd_08_ike_needs_no_policy(void **state)
{
    (void)state;
    struct gw_kit *kit = start(false);
    struct kit_packet p[2];
    uint8_t octets[28] = {0};
    struct ipsec_packet datagram = {.buffer = octets, .capacity = 28, .length = 28};
    add_entry(kit, IPSEC_SPD_DISCARD, -9, "0.0.0.0/0", "0.0.0.0/0");
    kit_ike_datagram(&p[0], KIT_IKE);
    kit_ike_datagram(&p[1], KIT_NATT);
    kit_wan(kit, p, 2);
    assert_int_equal(kit->ike->inputs, 2);
    datagram.carrier = IPSEC_CARRIER_UDP;
    datagram.local = kit_endpoint("192.0.2.1", 500);
    datagram.remote = kit_endpoint("192.0.2.2", 500);
    kit->ike->config.callbacks.send(kit->ike->config.user, &datagram);
    assert_int_equal(kit->wan.count, 1);
    assert_int_equal(datagram.status, IPSEC_OK);
    assert_int_equal(kit_all_drops(kit), 0);
    stop(kit);
}

/* ---- Peers ----------------------------------------------------------------------------------- */

static void a_child_of_an_unknown_peer_is_refused(void **state)
{
    (void)state;
    struct gw_kit *kit = start(false);
    assert_int_equal(ipsec_gw_remove_peer(kit->gw, &kit->peer, 0), IPSEC_OK);
    assert_int_equal(kit_install(kit, &first), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(kit->gw)), 0);
    stop(kit);
}

static void a_peer_is_added_once_and_wholly_or_not_at_all(void **state)
{
    (void)state;
    struct gw_kit *kit = malloc(sizeof *kit);
    struct kit_packet p;
    assert_non_null(kit);
    kit_init(kit, false);
    kit->config.policy_max = 2;
    kit_start(kit);
    assert_int_equal(ipsec_gw_add_peer(kit->gw, &kit->peer), IPSEC_ERR_STATE);
    assert_int_equal(ipsec_gw_add_peer(kit->gw, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_gw_remove_peer(kit->gw, &kit->peer, 0), IPSEC_OK);
    /* Three entries do not fit into two, and none is left behind. */
    kit->child[1].local_ts.count = 2;
    kit->child[1].local_ts.item[1] = kit_selector("10.3.0.0/16");
    assert_int_equal(ipsec_gw_add_peer(kit->gw, &kit->peer), IPSEC_ERR_FULL);
    kit_ping(kit, &p, 1);
    kit_lan(kit, &p, 1);
    assert_int_equal(p.packet.status, IPSEC_DROP_NO_POLICY);
    /* No selectors: nothing could be protected. */
    kit->child[1].local_ts.count = 0;
    assert_int_equal(ipsec_gw_add_peer(kit->gw, &kit->peer), IPSEC_ERR_ARGUMENT);
    kit->child[1].local_ts.count = 1;
    assert_int_equal(ipsec_gw_add_peer(kit->gw, &kit->peer), IPSEC_OK);
    stop(kit);
}

static void every_pair_of_selectors_is_protected(void **state)
{
    (void)state;
    struct gw_kit *kit = malloc(sizeof *kit);
    struct kit_packet p;
    static const char *const locals[] = {"192.168.1.10", "172.16.1.1"};
    static const char *const remotes[] = {"192.168.2.10", "172.16.2.1"};
    assert_non_null(kit);
    kit_init(kit, false);
    kit->child[0].local_ts.count = 2;
    kit->child[0].local_ts.item[1] = kit_selector("172.16.1.0/24");
    kit->child[0].remote_ts.count = 3;
    kit->child[0].remote_ts.item[1] = kit_selector("172.16.2.0/24");
    kit->child[0].remote_ts.item[2] = kit_selector("fd00::/16"); /* pairs with no local */
    kit_start(kit);
    assert_int_equal(kit_install(kit, &first), IPSEC_OK);
    for (size_t i = 0; i < 4; i++) {
        kit_ipv4(&p, locals[i / 2], remotes[i % 2], 60, (uint8_t)i);
        kit_lan(kit, &p, 1);
        assert_int_equal(p.packet.status, IPSEC_OK);
    }
    assert_int_equal(kit->wan.count, 4);
    stop(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spd_01_first_match_decides_and_no_match_is_dropped),
        cmocka_unit_test(malformed_lan_packets_are_dropped_and_counted),
        cmocka_unit_test(spd_04_no_sa_acquires_once_a_second_for_each_child),
        cmocka_unit_test(spd_04_without_an_acquire_callback_it_is_only_dropped),
        cmocka_unit_test(ts_07_an_acquire_knows_the_packet),
        cmocka_unit_test(spd_04_an_entry_of_the_callers_own_acquires_nothing),
        cmocka_unit_test(spd_05_nothing_leaves_in_clear_at_any_time),
        cmocka_unit_test(spd_02_clear_packet_that_should_be_protected_is_dropped),
        cmocka_unit_test(spd_03_out_of_a_tunnel_against_policy_is_dropped),
        cmocka_unit_test(spd_03_another_childs_packet_does_not_come_through_this_sa),
        cmocka_unit_test(spd_08_ike_needs_no_policy),
        cmocka_unit_test(a_child_of_an_unknown_peer_is_refused),
        cmocka_unit_test(a_peer_is_added_once_and_wholly_or_not_at_all),
        cmocka_unit_test(every_pair_of_selectors_is_protected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
