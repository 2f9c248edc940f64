/* SPDX-License-Identifier: Apache-2.0
 *
 * Children come and go: which one the policy sends with, and that the old inbound SA stays open.
 * RFC 7296 2.8 (make before break).
 */
#include "gw_kit.h"

#include "bytes.h"

static const struct kit_child one = {.child = 1, .spi_in = 0x1001, .spi_out = 0x2001};
static const struct kit_child two = {
    .child = 2, .replaces = 1, .spi_in = 0x1002, .spi_out = 0x2002, .waits = true};
static const struct kit_child three = {
    .child = 3, .replaces = 2, .spi_in = 0x1003, .spi_out = 0x2003};

static struct gw_kit *start(void)
{
    struct gw_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    kit_init(kit, false);
    kit_start(kit);
    return kit;
}

static void stop(struct gw_kit *kit)
{
    kit_stop(kit);
    free(kit);
}

/* The SPI the reference flow is sealed with now; 0: it was dropped for want of an SA. */
static uint32_t spi_in_use(struct gw_kit *kit)
{
    struct kit_packet ping;
    kit->wan.count = 0;
    kit_ping(kit, &ping, 1);
    kit_lan(kit, &ping, 1);
    if (ping.packet.status != IPSEC_OK) {
        assert_int_equal(ping.packet.status, IPSEC_DROP_NO_SA);
        assert_int_equal(kit->wan.count, 0);
        return 0;
    }
    assert_int_equal(kit->wan.count, 1);
    return ipseci_load32(kit_content(&kit->wan.item[0]));
}

static bool inbound_open(struct gw_kit *kit, uint32_t spi)
{
    return ipsec_sad_find(ipsec_gw_sad(kit->gw), spi) != NULL;
}

static void rekey_04_the_new_child_waits_until_it_may_be_used(void **state)
{
    (void)state;
    struct gw_kit *kit = start();
    assert_int_equal(spi_in_use(kit), 0);
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2001);
    assert_int_equal(kit_install(kit, &two), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2001);
    assert_true(inbound_open(kit, 0x1001) && inbound_open(kit, 0x1002));
    assert_int_equal(kit_update(kit, 2, IPSEC_CHILD_UPDATE_USE), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2002);
    assert_true(inbound_open(kit, 0x1001));
    kit_remove(kit, 1);
    assert_int_equal(spi_in_use(kit), 0x2002);
    assert_false(inbound_open(kit, 0x1001));
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(kit->gw)), 2);
    stop(kit);
}

static void rekey_a_ready_child_takes_over_at_once(void **state)
{
    (void)state;
    struct gw_kit *kit = start();
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(kit_install(kit, &three), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2003);
    kit_remove(kit, 1);
    assert_int_equal(spi_in_use(kit), 0x2003);
    stop(kit);
}

static void rekey_the_old_one_gone_early_leaves_nothing_to_send_with(void **state)
{
    (void)state;
    struct gw_kit *kit = start();
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(kit_install(kit, &two), IPSEC_OK);
    kit_remove(kit, 1);
    assert_int_equal(spi_in_use(kit), 0); /* child 2 was never said to be ready */
    assert_int_equal(kit_update(kit, 2, IPSEC_CHILD_UPDATE_USE), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2002);
    stop(kit);
}

static void losing_the_newest_falls_back_to_the_one_before(void **state)
{
    (void)state;
    struct gw_kit *kit = start();
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(kit_install(kit, &two), IPSEC_OK);
    assert_int_equal(kit_install(kit, &three), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2003);
    kit_remove(kit, 3);
    assert_int_equal(spi_in_use(kit), 0x2001); /* not 2: it may not send */
    assert_int_equal(kit_update(kit, 2, IPSEC_CHILD_UPDATE_USE), IPSEC_OK);
    assert_int_equal(kit_update(kit, 1, IPSEC_CHILD_UPDATE_USE), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2001);
    kit_remove(kit, 1);
    assert_int_equal(spi_in_use(kit), 0x2002);
    stop(kit);
}

static void stop_closes_outbound_only(void **state)
{
    (void)state;
    struct gw_kit *kit = start();
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(kit_update(kit, 1, IPSEC_CHILD_UPDATE_STOP), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0);
    assert_true(inbound_open(kit, 0x1001));
    assert_int_equal(kit_update(kit, 1, IPSEC_CHILD_UPDATE_USE), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2001);
    stop(kit);
}

static void move_changes_the_outer_addresses(void **state)
{
    (void)state;
    struct gw_kit *kit = start();
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2001);
    assert_int_equal(kit->wan.item[0].packet.carrier, IPSEC_CARRIER_ESP);
    assert_int_equal(kit_update(kit, 1, IPSEC_CHILD_UPDATE_MOVE), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2001);
    const struct ipsec_packet *sent = &kit->wan.item[0].packet;
    const struct ipsec_endpoint local = kit_endpoint("198.51.100.1", KIT_NATT);
    const struct ipsec_endpoint remote = kit_endpoint("198.51.100.2", 40000);
    assert_int_equal(sent->carrier, IPSEC_CARRIER_UDP);
    assert_true(ipsec_addr_equal(&sent->local.addr, &local.addr));
    assert_true(ipsec_addr_equal(&sent->remote.addr, &remote.addr));
    assert_int_equal(sent->local.port, KIT_NATT);
    assert_int_equal(sent->remote.port, 40000);
    stop(kit);
}

static void children_that_are_not_there_are_answered(void **state)
{
    (void)state;
    struct gw_kit *kit = start();
    struct ipsec_child_stats stats;
    assert_int_equal(kit_update(kit, 1, IPSEC_CHILD_UPDATE_USE), IPSEC_ERR_STALE);
    assert_int_equal(kit_update(kit, 1, IPSEC_CHILD_UPDATE_MOVE), IPSEC_ERR_STALE);
    kit_remove(kit, 1);
    assert_int_equal(ipsec_gw_child_stats(kit->gw, 1, &stats), IPSEC_ERR_STALE);
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(kit_update(kit, 1, (enum ipsec_child_update_kind)9), IPSEC_ERR_ARGUMENT);
    kit_remove(kit, 1);
    kit_remove(kit, 1);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(kit->gw)), 0);
    stop(kit);
}

static void full_tables_refuse_and_leave_nothing_behind(void **state)
{
    (void)state;
    struct gw_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    kit_init(kit, false);
    kit->config.ike.size = sizeof kit->config.ike;
    kit->config.ike.child_max = 2;
    kit->config.sa_max = 3; /* the second child's outbound SA finds no room */
    kit_start(kit);
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(kit_install(kit, &two), IPSEC_ERR_FULL);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(kit->gw)), 2);
    assert_false(inbound_open(kit, 0x1002));
    assert_int_equal(spi_in_use(kit), 0x2001);
    kit_remove(kit, 1);
    assert_int_equal(kit_install(kit, &two), IPSEC_OK);
    stop(kit);

    kit = malloc(sizeof *kit);
    assert_non_null(kit);
    kit_init(kit, false);
    kit->config.ike.size = sizeof kit->config.ike;
    kit->config.ike.child_max = 1;
    kit->config.sa_max = 8;
    kit_start(kit);
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(kit_install(kit, &two), IPSEC_ERR_FULL);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(kit->gw)), 2);
    stop(kit);
}

static void an_spi_in_use_or_a_provider_that_fails_refuses(void **state)
{
    (void)state;
    struct gw_kit *kit = start();
    struct kit_child same = two;
    same.spi_in = one.spi_in;
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    assert_int_equal(kit_install(kit, &same), IPSEC_ERR_STATE);
    for (unsigned left = 0; left < 4; left++) {
        kit->toy.keys_left = left;
        assert_int_equal(kit_install(kit, &two), IPSEC_ERR_MEMORY);
        assert_int_equal(ipsec_sad_count(ipsec_gw_sad(kit->gw)), 2);
    }
    kit->toy.keys_left = 100;
    assert_int_equal(kit_install(kit, &two), IPSEC_OK);
    assert_int_equal(spi_in_use(kit), 0x2001);
    stop(kit);
}

static void stats_count_both_directions(void **state)
{
    (void)state;
    struct gw_kit *a = start();
    struct gw_kit *b = malloc(sizeof *b);
    struct ipsec_child_stats stats;
    struct ipsec_child_stats by_sink;
    const struct kit_child mirrored = {.child = 5, .spi_in = 0x2001, .spi_out = 0x1001};
    assert_non_null(b);
    kit_init(b, true);
    kit_start(b);
    assert_int_equal(kit_install(a, &one), IPSEC_OK);
    assert_int_equal(kit_install(b, &mirrored), IPSEC_OK);
    for (unsigned i = 0; i < 3; i++) {
        (void)spi_in_use(a);
        kit_carry(a, b);
    }
    (void)spi_in_use(b);
    kit_carry(b, a);
    assert_int_equal(ipsec_gw_child_stats(a->gw, 1, &stats), IPSEC_OK);
    assert_int_equal(stats.packets_out, 3);
    assert_int_equal(stats.bytes_out, 3 * 84);
    assert_int_equal(stats.packets_in, 1);
    assert_int_equal(stats.bytes_in, 84);
    assert_int_equal(a->ike->config.callbacks.child_stats(a->ike->config.user, 1, &by_sink),
                     IPSEC_OK);
    assert_memory_equal(&stats, &by_sink, sizeof stats);
    assert_int_equal(ipsec_gw_child_stats(b->gw, 5, &stats), IPSEC_OK);
    assert_int_equal(stats.packets_in, 3);
    assert_int_equal(stats.packets_out, 1);
    assert_int_equal(kit_all_drops(a) + kit_all_drops(b), 0);
    stop(a);
    stop(b);
}

/* ---- Transport mode with many hosts ---------------------------------------------------------- */

/* The SPI that a packet to this host is sealed with; 0: it was dropped. */
static uint32_t spi_to(struct gw_kit *kit, const char *host)
{
    struct kit_packet p;
    kit->wan.count = 0;
    kit_ipv4(&p, "192.0.2.1", host, 84, 1);
    kit_lan(kit, &p, 1);
    assert_int_equal(kit->wan.count, p.packet.status == IPSEC_OK ? 1 : 0);
    return kit->wan.count == 0 ? 0 : ipseci_load32(kit_content(&kit->wan.item[0]));
}

/* RFC 4301 4.4.1.2: what is said of many is held by each packet's own values. */
static void spd_each_host_is_sent_to_with_its_own_child(void **state)
{
    (void)state;
    static const char *const host[] = {"10.9.0.1", "10.9.0.2", "10.9.0.3"};
    struct gw_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    kit_init(kit, false);
    kit->child[0].mode = IPSEC_MODE_TRANSPORT;
    kit->child[0].local_ts.item[0] = kit_selector("192.0.2.1");
    kit->child[0].remote_ts.item[0] = kit_selector("10.9.0.0/16");
    kit_start(kit);
    for (uint32_t i = 0; i < 3; i++) {
        const struct kit_child child = {
            .child = 1 + i, .spi_in = 0x1001 + i, .spi_out = 0x2001 + i, .host = host[i]};
        assert_int_equal(kit_install(kit, &child), IPSEC_OK);
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(spi_to(kit, host[i]), 0x2001 + i);
    }
    assert_int_equal(spi_to(kit, "10.9.0.4"), 0); /* nobody who is known */
    /* a rekey of the first */
    const struct kit_child anew = {.child = 9,
                                   .replaces = 1,
                                   .spi_in = 0x1009,
                                   .spi_out = 0x2009,
                                   .host = host[0],
                                   .waits = true};
    assert_int_equal(kit_install(kit, &anew), IPSEC_OK);
    assert_int_equal(spi_to(kit, host[0]), 0x2001);
    assert_int_equal(kit_update(kit, 9, IPSEC_CHILD_UPDATE_USE), IPSEC_OK);
    assert_int_equal(spi_to(kit, host[0]), 0x2009);
    assert_int_equal(spi_to(kit, host[1]), 0x2002);
    kit_remove(kit, 1);
    kit_remove(kit, 3);
    assert_int_equal(spi_to(kit, host[0]), 0x2009);
    assert_int_equal(spi_to(kit, host[1]), 0x2002);
    assert_int_equal(spi_to(kit, host[2]), 0); /* gone, and not with the key of another */
    stop(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rekey_04_the_new_child_waits_until_it_may_be_used),
        cmocka_unit_test(rekey_a_ready_child_takes_over_at_once),
        cmocka_unit_test(rekey_the_old_one_gone_early_leaves_nothing_to_send_with),
        cmocka_unit_test(losing_the_newest_falls_back_to_the_one_before),
        cmocka_unit_test(stop_closes_outbound_only),
        cmocka_unit_test(move_changes_the_outer_addresses),
        cmocka_unit_test(children_that_are_not_there_are_answered),
        cmocka_unit_test(full_tables_refuse_and_leave_nothing_behind),
        cmocka_unit_test(an_spi_in_use_or_a_provider_that_fails_refuses),
        cmocka_unit_test(stats_count_both_directions),
        cmocka_unit_test(spd_each_host_is_sent_to_with_its_own_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
