/* SPDX-License-Identifier: Apache-2.0
 *
 * Traffic flow confidentiality in a gateway: packets filled up as their child wants it, dummy
 * packets, and what is counted of an SA. RFC 4303 2.6, 2.7, 4.
 */
#include "gw_kit.h"

#define AROUND (8 + 8 + 16) /* ESP header, IV, ICV of AES-GCM */

static struct gw_kit a;
static struct gw_kit b;
static struct kit_packet packet;

static const struct kit_child at_a = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001};
static const struct kit_child at_b = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001};

static void start(uint16_t tfc, uint16_t mtu)
{
    kit_init(&a, false);
    kit_init(&b, true);
    a.child[0].tfc = tfc;
    a.child[0].mtu = mtu;
    kit_start(&a);
    kit_start(&b);
    assert_int_equal(kit_install(&a, &at_a), IPSEC_OK);
    assert_int_equal(kit_install(&b, &at_b), IPSEC_OK);
}

static void stop(void)
{
    kit_stop(&a);
    kit_stop(&b);
}

/* Octets of what left for a packet of this length, which arrives as it was. */
static uint32_t sent(uint32_t length)
{
    kit_ipv4(&packet, "192.168.1.10", "192.168.2.10", length, 5);
    memset(packet.octets + KIT_OFFSET + length, 0xee, 64);
    kit_lan(&a, &packet, 1);
    assert_int_equal(a.wan.count, 1);
    const uint32_t octets = a.wan.item[0].packet.length;
    kit_carry(&a, &b);
    assert_int_equal(b.lan.count, 1);
    assert_int_equal(b.lan.item[0].packet.length, length);
    assert_int_equal(kit_mark(&b.lan.item[0]), 5);
    a.wan.count = b.lan.count = 0;
    return octets;
}

static void packets_leave_with_one_length(void **state)
{
    (void)state;
    start(200, 0);
    const uint32_t full = sent(200);
    for (uint32_t length = 28; length < 200; length += 7) {
        assert_int_equal(sent(length), full);
    }
    assert_true(sent(260) > full);
    assert_int_equal(kit_all_drops(&a) + kit_all_drops(&b), 0);
    stop();
    start(0, 0);
    assert_true(sent(28) < sent(100));
    stop();
}

/* Never so that the path would not carry it. */
static void padding_ends_at_the_mtu(void **state)
{
    (void)state;
    static const uint16_t wanted[] = {700, IPSEC_TFC_MTU};
    for (size_t i = 0; i < 2; i++) {
        uint32_t mtu = 0;
        start(wanted[i], 600);
        assert_int_equal(ipsec_gw_child_mtu(a.gw, 7, &mtu), IPSEC_OK);
        const uint32_t full = sent(mtu);
        assert_true(full + 20 <= 600);
        assert_int_equal(sent(28), full);
        assert_int_equal(sent(300), full);
        stop();
    }
    start(IPSEC_TFC_MTU, 0); /* not known */
    assert_true(sent(28) < sent(100));
    stop();
    /* Those that are cut are as long as they can be, both of them. */
    start(IPSEC_TFC_MTU, 600);
    kit_ipv4(&packet, "192.168.1.10", "192.168.2.10", 700, 5);
    kit_lan(&a, &packet, 1);
    assert_int_equal(a.wan.count, 2);
    assert_int_equal(a.wan.item[0].packet.length, a.wan.item[1].packet.length);
    stop();
}

static void a_child_whose_peer_takes_none_gets_none(void **state)
{
    (void)state;
    kit_init(&a, false);
    kit_init(&b, true);
    a.child[0].tfc = 200;
    kit_start(&a);
    kit_start(&b);
    const struct kit_child refusing = {
        .child = 7, .spi_in = 0x1001, .spi_out = 0x2001, .no_tfc = true};
    assert_int_equal(kit_install(&a, &refusing), IPSEC_OK);
    assert_int_equal(kit_install(&b, &at_b), IPSEC_OK);
    assert_true(sent(28) < 100);
    stop();
}

/* What a caller left in the flags is not taken for padding: it could be anybody's octets. */
static void a_flag_that_was_left_sends_nothing_more(void **state)
{
    (void)state;
    start(0, 0);
    const uint32_t usual = sent(60);
    kit_ipv4(&packet, "192.168.1.10", "192.168.2.10", 60, 5);
    packet.packet.length = 200;
    packet.packet.flags = IPSEC_PACKET_TFC;
    kit_lan(&a, &packet, 1);
    assert_int_equal(a.wan.item[0].packet.length, usual);
    stop();
}

static void dummies_are_sent_and_taken_in_silence(void **state)
{
    (void)state;
    struct ipsec_sa_stats in;
    struct ipsec_sa_stats out;
    start(0, 0);
    for (uint32_t octets = 0; octets <= 1000; octets += 100) {
        assert_int_equal(ipsec_gw_send_dummy(a.gw, 7, octets, 0), IPSEC_OK);
        assert_true(a.wan.item[a.wan.count - 1].packet.length >= AROUND + octets);
    }
    assert_int_equal(a.wan.count, 11);
    kit_carry(&a, &b);
    assert_int_equal(b.lan.count, 0);
    assert_int_equal(kit_drops_in(&b, IPSEC_DROP_DUMMY), 11);
    assert_int_equal(fake_notices(b.ike, 8, IPSEC_CHILD_NOTICE_INBOUND), 1);
    assert_int_equal(ipsec_gw_child_sa_stats(b.gw, 8, &in, &out), IPSEC_OK);
    assert_true(in.packets == 11 && in.sequence == 11 && out.packets == 0);
    assert_true(in.drops[ipsec_drop_index(IPSEC_DROP_DUMMY)] == 11);
    assert_int_equal(ipsec_gw_child_sa_stats(a.gw, 7, NULL, &out), IPSEC_OK);
    assert_true(out.packets == 11 && out.bytes == 5500);
    assert_int_equal(ipsec_gw_child_sa_stats(a.gw, 7, &in, NULL), IPSEC_OK);
    assert_int_equal(ipsec_gw_child_sa_stats(a.gw, 8, &in, &out), IPSEC_ERR_STALE);
    stop();
}

static void dummies_that_can_not_be_sent(void **state)
{
    (void)state;
    const struct kit_child waiting = {
        .child = 9, .replaces = 7, .spi_in = 0x1002, .spi_out = 0x2002, .waits = true};
    kit_init(&a, false);
    kit_init(&b, true);
    a.child[0].lifetime.packets_hard = 1;
    kit_start(&a);
    kit_start(&b);
    assert_int_equal(kit_install(&a, &at_a), IPSEC_OK);
    assert_int_equal(kit_install(&a, &waiting), IPSEC_OK);
    assert_int_equal(ipsec_gw_send_dummy(a.gw, 9, 10, 0), IPSEC_ERR_STATE);
    assert_int_equal(ipsec_gw_send_dummy(a.gw, 99, 10, 0), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_gw_send_dummy(NULL, 7, 10, 0), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_gw_send_dummy(a.gw, 7, 2048 - 192 + 1, 0), IPSEC_ERR_BUFFER);
    assert_int_equal(a.wan.count, 0);
    assert_int_equal(ipsec_gw_send_dummy(a.gw, 7, 2048 - 192, 0), IPSEC_OK);
    assert_int_equal(a.wan.count, 1);
    assert_int_equal(ipsec_gw_send_dummy(a.gw, 7, 1, 0), IPSEC_FATAL_LIFETIME);
    assert_int_equal(fake_notices(a.ike, 7, IPSEC_CHILD_NOTICE_HARD), 1);
    assert_int_equal(kit_counters(&a).errors_out, 1);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_leave_with_one_length),
        cmocka_unit_test(padding_ends_at_the_mtu),
        cmocka_unit_test(a_child_whose_peer_takes_none_gets_none),
        cmocka_unit_test(a_flag_that_was_left_sends_nothing_more),
        cmocka_unit_test(dummies_are_sent_and_taken_in_silence),
        cmocka_unit_test(dummies_that_can_not_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
