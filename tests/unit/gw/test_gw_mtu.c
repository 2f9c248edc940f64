/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of path MTUs in a gateway: packets cut or refused with a message, what a path may say, and
 * for how long it is believed.
 */
#include "gw_kit.h"
#include "icmp.h"
#include "ip_header.h"

#include <ipsec/mtu.h>

static struct gw_kit kit;
static struct gw_kit other;
static struct kit_packet packet;
static unsigned told;     /* calls of the callback mtu */
static uint32_t told_mtu; /* and the last */

static const struct kit_child at_a = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001};
static const struct kit_child at_b = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001};

static void on_mtu(void *user, const struct ipsec_child_config *config, ipsec_handle child,
                   uint32_t mtu)
{
    struct gw_kit *k = user;
    assert_ptr_equal(config, &k->child[0]);
    assert_int_equal(child, 7);
    told++;
    told_mtu = mtu;
}

static void on_any_mtu(void *user, const struct ipsec_child_config *config, ipsec_handle child,
                       uint32_t mtu)
{
    (void)user;
    (void)config;
    (void)child;
    told++;
    told_mtu = mtu;
}

static void configure(uint16_t mtu)
{
    told = told_mtu = 0;
    kit_init(&kit, false);
    kit.config.outer = IPSEC_OUTER_IP;
    kit.config.callbacks.mtu = on_mtu;
    kit.child[0].mtu = mtu;
    kit.child[0].local_ts.count = kit.child[0].remote_ts.count = 2;
    kit.child[0].local_ts.item[1] = kit_selector("fd00:1::/32");
    kit.child[0].remote_ts.item[1] = kit_selector("fd00:2::/32");
}

static void start(uint16_t mtu)
{
    configure(mtu);
    kit_start(&kit);
    assert_int_equal(kit_install(&kit, &at_a), IPSEC_OK);
}

static uint32_t inner_mtu(void)
{
    uint32_t mtu = 99999;
    assert_int_equal(ipsec_gw_child_mtu(kit.gw, 7, &mtu), IPSEC_OK);
    return mtu;
}

/* From host A to host B. */
static void make(bool ipv6, uint32_t length, bool df)
{
    const struct ipsec_endpoint src = kit_endpoint(ipv6 ? "fd00:1::10" : "192.168.1.10", 0);
    const struct ipsec_endpoint dst = kit_endpoint(ipv6 ? "fd00:2::10" : "192.168.2.10", 0);
    const struct ipseci_ip_outer ip = {.family = src.addr.family,
                                       .protocol = 253,
                                       .ttl = 9,
                                       .dont_fragment = df,
                                       .src = src.addr.bytes,
                                       .dst = dst.addr.bytes};
    const uint32_t header = ipv6 ? 40 : 20;
    kit_ipv4(&packet, "192.168.1.1", "192.168.1.2", length, 77);
    for (uint32_t i = header; i < length; i++) {
        packet.octets[KIT_OFFSET + i] = (uint8_t)(i * 7);
    }
    assert_int_equal(ipseci_ip_build(packet.octets + KIT_OFFSET, &ip, length - header), header);
}

static void pmtu_02_who_must_not_be_cut_is_told(void **state)
{
    (void)state;
    for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
        start(1400);
        const uint32_t mtu = inner_mtu();
        struct ipseci_too_big said;
        assert_true(mtu > 1300 && mtu < 1400);
        assert_int_equal(told, 1);
        assert_int_equal(told_mtu, mtu);
        make(ipv6 != 0, mtu, true);
        kit_lan(&kit, &packet, 1);
        assert_int_equal(packet.packet.status, IPSEC_OK);
        assert_true(kit.wan.item[0].packet.length <= 1400);
        make(ipv6 != 0, mtu + 1, true);
        kit_lan(&kit, &packet, 1);
        assert_int_equal(packet.packet.status, IPSEC_DROP_TOO_BIG);
        assert_int_equal(kit_drops_out(&kit, IPSEC_DROP_TOO_BIG), 1);
        assert_int_equal(kit.wan.count, 1);
        assert_int_equal(kit.lan.count, 1);
        const struct ipsec_view message = {kit_content(&kit.lan.item[0]),
                                           kit.lan.item[0].packet.length};
        assert_true(ipseci_too_big_parse(message, &said));
        assert_int_equal(said.mtu, mtu);
        assert_int_equal(said.protocol, 253);
        kit_stop(&kit);
    }
}

/* What came out at the other end, joined. */
static void check_pieces(uint32_t length, uint32_t mtu)
{
    static uint8_t joined[KIT_PACKET_BYTES];
    uint32_t total = 0;
    kit_init(&other, true);
    other.config.outer = IPSEC_OUTER_IP;
    kit_start(&other);
    assert_int_equal(kit_install(&other, &at_b), IPSEC_OK);
    kit_carry(&kit, &other);
    for (size_t i = 0; i < other.lan.count; i++) {
        const uint8_t *ip = kit_content(&other.lan.item[i]);
        const uint32_t octets = other.lan.item[i].packet.length - 20;
        assert_true(octets + 20 <= mtu && ipseci_ipv4_checksum_valid(ip));
        assert_int_equal((ipseci_load16(ip + 6) & 0x1fff) * 8, total);
        memcpy(joined + total, ip + 20, octets);
        total += octets;
    }
    assert_int_equal(total, length - 20);
    assert_memory_equal(joined, packet.octets + KIT_OFFSET + 20, total);
    assert_int_equal(kit_all_drops(&other), 0);
    kit_stop(&other);
}

static void pmtu_02_who_may_be_cut_is_cut_in_order(void **state)
{
    (void)state;
    start(600);
    make(false, 1500, false);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_OK);
    assert_true(kit.wan.count == 3);
    for (size_t i = 0; i < kit.wan.count; i++) {
        assert_true(kit.wan.item[i].packet.length <= 600);
    }
    check_pieces(1500, inner_mtu());
    assert_int_equal(kit_all_drops(&kit), 0);

    /* In a burst, between two that fit. */
    struct kit_packet *three = calloc(3, sizeof *three);
    assert_non_null(three);
    for (size_t i = 0; i < 3; i++) {
        make(false, i == 1 ? 1000 : 100, false);
        three[i] = packet;
        three[i].packet.buffer = three[i].octets;
    }
    kit_lan(&kit, three, 3);
    assert_int_equal(kit.wan.count, 4);
    assert_true(kit.wan.item[0].packet.length < 200 && kit.wan.item[1].packet.length > 500 &&
                kit.wan.item[2].packet.length > 400 && kit.wan.item[3].packet.length < 200);
    free(three);
    kit_stop(&kit);
}

static void cutting_afterwards_is_left_to_the_carrier(void **state)
{
    (void)state;
    configure(600);
    kit.child[0].fragment_after = true;
    kit_start(&kit);
    assert_int_equal(kit_install(&kit, &at_a), IPSEC_OK);
    make(false, 1500, false);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_OK);
    assert_int_equal(kit.wan.count, 1);
    assert_true(kit.wan.item[0].packet.length > 1500);
    make(false, 1500, true);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_TOO_BIG);
    kit_stop(&kit);
}

/* Flags and offset of the IPv4 packet, with a right checksum. */
static void set_field(uint16_t field)
{
    uint8_t *ip = packet.octets + KIT_OFFSET;
    ipseci_store16(ip + 6, field);
    ipseci_store16(ip + 10, 0);
    ipseci_store16(ip + 10, ipseci_checksum(ipseci_view(ip, 20), 0));
}

/* RFC 4301 7.1: an SA with ports would carry the first piece alone. */
static void spd_10_where_pieces_have_no_place_the_sealed_packet_is_cut(void **state)
{
    (void)state;
    static const struct {
        const char *remote;
        size_t sent;
    } rows[] = {{"192.168.2.0/24[udp/2000]", 1}, {"192.168.2.0/24[udp]", 3}};
    for (size_t i = 0; i < 2; i++) {
        configure(600);
        kit.child[0].headers.df = IPSEC_DF_SET; /* which would have it dropped on its way */
        kit.child[0].local_ts.count = kit.child[0].remote_ts.count = 1;
        kit.child[0].remote_ts.item[0] = kit_selector(rows[i].remote);
        kit_start(&kit);
        assert_int_equal(kit_install(&kit, &at_a), IPSEC_OK);
        kit_ipv4(&packet, "192.168.1.10", "192.168.2.10", 1500, 9);
        set_field(0);
        kit_lan(&kit, &packet, 1);
        assert_int_equal(packet.packet.status, IPSEC_OK);
        assert_int_equal(kit.wan.count, rows[i].sent);
        assert_int_equal(ipseci_ipv4_has_df(kit_content(&kit.wan.item[0])), rows[i].sent != 1);
        assert_int_equal(kit_all_drops(&kit), 0);
        kit_ipv4(&packet, "192.168.1.10", "192.168.2.10", 500, 9);
        set_field(0);
        packet.packet.flags = IPSEC_PACKET_CUT; /* from an earlier use */
        kit.wan.count = 0;
        kit_lan(&kit, &packet, 1);
        assert_true(ipseci_ipv4_has_df(kit_content(&kit.wan.item[0])));
        kit_stop(&kit);
    }
}

static void what_no_receiver_takes_is_not_cut(void **state)
{
    (void)state;
    start(600);
    make(false, 1500, false);
    packet.octets[KIT_OFFSET + 10] ^= 1;
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_HEADER);
    make(false, 1500, false);
    set_field(8100);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_HEADER);
    assert_int_equal(kit_drops_out(&kit, IPSEC_DROP_HEADER), 2);
    assert_int_equal(kit.wan.count + kit.lan.count, 0);
    kit_stop(&kit);
}

static unsigned audits;

static void on_audit(void *user, const struct ipsec_gw_audit *audit)
{
    (void)user;
    assert_int_equal(audit->reason, IPSEC_FATAL_LIFETIME);
    audits++;
}

/* The pieces behind the one that met the end of the SA are not tried. */
static void an_sa_that_ends_between_pieces_is_told(void **state)
{
    (void)state;
    audits = 0;
    configure(600);
    kit.config.callbacks.audit = on_audit;
    kit.child[0].lifetime.packets_hard = 2;
    kit_start(&kit);
    assert_int_equal(kit_install(&kit, &at_a), IPSEC_OK);
    make(false, 1500, false);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_FATAL_LIFETIME);
    assert_int_equal(kit.wan.count, 2);
    assert_int_equal(audits, 1);
    assert_int_equal(fake_notices(kit.ike, 7, IPSEC_CHILD_NOTICE_HARD), 1);
    kit_stop(&kit);
}

/* An ICMP error is never told of one, and takes nothing of the rate. */
static void pmtu_07_what_is_not_told_costs_nothing(void **state)
{
    (void)state;
    start(600);
    for (unsigned i = 0; i < 120; i++) {
        make(false, 1500, true);
        packet.octets[KIT_OFFSET + 9] = 1;
        packet.octets[KIT_OFFSET + 20] = 3;
        set_field(0x4000);
        kit_lan(&kit, &packet, 1);
    }
    assert_int_equal(kit.lan.count, 0);
    make(false, 1500, true);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(kit.lan.count, 1);
    kit_stop(&kit);
}

/* And without DF, which would have it dropped on its way (RFC 4213 3.2.2). */
static void pmtu_08_ipv6_of_1280_passes_whatever_df_says(void **state)
{
    (void)state;
    configure(1280);
    kit.child[0].headers.df = IPSEC_DF_COPY;
    kit_start(&kit);
    assert_int_equal(kit_install(&kit, &at_a), IPSEC_OK);
    make(true, 1280, true);
    kit_lan(&kit, &packet, 1);
    make(true, 1100, true);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(kit.wan.count, 2);
    assert_false(ipseci_ipv4_has_df(kit_content(&kit.wan.item[0])));
    assert_true(ipseci_ipv4_has_df(kit_content(&kit.wan.item[1])));
    kit_stop(&kit);
}

static void pmtu_08_ipv6_of_1280_always_passes(void **state)
{
    (void)state;
    start(1280);
    assert_true(inner_mtu() < 1280);
    make(true, 1280, true);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_OK);
    make(true, 1281, true);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_TOO_BIG);
    struct ipseci_too_big said;
    const struct ipsec_view message = {kit_content(&kit.lan.item[0]),
                                       kit.lan.item[0].packet.length};
    assert_true(ipseci_too_big_parse(message, &said));
    assert_int_equal(said.mtu, 1280);
    kit_stop(&kit);
}

static void pmtu_07_messages_are_limited(void **state)
{
    (void)state;
    start(600);
    for (unsigned i = 0; i < 120; i++) {
        make(false, 1500, true);
        kit_lan(&kit, &packet, 1);
    }
    assert_int_equal(kit_drops_out(&kit, IPSEC_DROP_TOO_BIG), 120);
    assert_int_equal(kit.lan.count, 50);
    kit.lan.count = 0;
    kit.now += 100;
    for (unsigned i = 0; i < 20; i++) {
        make(false, 1500, true);
        kit_lan(&kit, &packet, 1);
    }
    assert_int_equal(kit.lan.count, 10);
    kit_stop(&kit);
}

/* An ICMP message as a router on the way sends it about what the gateway sent last. */
static void router_says(uint32_t mtu, uint32_t spi, const char *about)
{
    uint8_t octets[IPSEC_TOO_BIG_BYTES];
    size_t length = 0;
    const struct ipsec_endpoint src = kit_endpoint("192.0.2.1", 0);
    const struct ipsec_endpoint dst = kit_endpoint(about, 0);
    const struct ipseci_ip_outer ip = {
        .family = 4, .protocol = 50, .ttl = 9, .src = src.addr.bytes, .dst = dst.addr.bytes};
    const struct ipsec_endpoint router = kit_endpoint("203.0.113.9", 0);
    uint8_t sent[60] = {0};
    assert_int_equal(ipseci_ip_build(sent, &ip, 40), 20);
    ipseci_store32(sent + 20, spi);
    assert_int_equal(ipsec_too_big_build((struct ipsec_view){sent, sizeof sent}, mtu, &router.addr,
                                         octets, &length),
                     IPSEC_OK);
    kit_datagram(&packet, IPSEC_CARRIER_IP, 0, octets, (uint32_t)length);
    kit_wan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_NO_POLICY); /* not delivered by itself */
}

static void pmtu_04_the_path_is_believed_with_care(void **state)
{
    (void)state;
    start(0);
    assert_int_equal(inner_mtu(), 0);
    assert_int_equal(told, 0);
    router_says(1400, 0x2002, "192.0.2.2"); /* not an SPI of ours */
    router_says(1400, 0x1001, "192.0.2.2"); /* the one we receive with */
    router_says(1400, 0x2001, "192.0.2.3"); /* to somebody else */
    assert_int_equal(told, 0);
    router_says(1400, 0x2001, "192.0.2.2");
    const uint32_t mtu = inner_mtu();
    assert_true(mtu > 1300 && mtu < 1400);
    assert_int_equal(told, 1);
    router_says(1450, 0x2001, "192.0.2.2"); /* never upwards */
    assert_int_equal(inner_mtu(), mtu);
    router_says(68, 0x2001, "192.0.2.2"); /* never below the floor */
    const uint32_t least = inner_mtu();
    assert_true(least > 500 && least < 576);
    make(false, 540, true);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, least >= 540 ? IPSEC_OK : IPSEC_DROP_TOO_BIG);
    kit_stop(&kit);
}

/* Who does not see our packets can not keep us from hearing who does. */
static void pmtu_04_guesses_cost_the_true_ones_nothing(void **state)
{
    (void)state;
    start(0);
    for (uint32_t i = 0; i < 1000; i++) {
        router_says(1400, 0x3000 + i, "192.0.2.2");
    }
    assert_int_equal(told, 0);
    router_says(1400, 0x2001, "192.0.2.2");
    assert_int_equal(told, 1);
    /* Those with the right SPI are limited: 49 more, and two in 20 ms; 16 octets are a block. */
    for (uint32_t i = 1; i <= 80; i++) {
        router_says(1400 - 16 * i, 0x2001, "192.0.2.2");
    }
    assert_int_equal(told, 50);
    kit.now += 20;
    for (uint32_t i = 0; i < 10; i++) {
        router_says(600 - 16 * i, 0x2001, "192.0.2.2");
    }
    assert_int_equal(told, 52);
    kit_stop(&kit);
}

/* However many children there are, and whichever of them have the same SPI. */
static void pmtu_04_each_child_is_found_by_its_spi(void **state)
{
    (void)state;
    configure(0);
    kit.config.callbacks.mtu = on_any_mtu;
    kit.config.ike.child_max = 3;
    kit_start(&kit);
    for (uint32_t i = 0; i < 3; i++) {
        const struct kit_child child = {
            .child = 10 + i, .spi_in = 0x1001 + i, .spi_out = i == 2 ? 0x2001 : 0x2001 + 3 * i};
        assert_int_equal(kit_install(&kit, &child), IPSEC_OK);
    }
    kit_remove(&kit, 11); /* out of the middle */
    router_says(1400, 0x2004, "192.0.2.2");
    assert_int_equal(told, 0);
    router_says(1400, 0x2001, "192.0.2.2");
    assert_int_equal(told, 2); /* the path is that of both */
    kit_remove(&kit, 10);
    router_says(1300, 0x2001, "192.0.2.2");
    assert_int_equal(told, 3);
    kit_remove(&kit, 12);
    router_says(1200, 0x2001, "192.0.2.2");
    assert_int_equal(told, 3);
    kit_stop(&kit);
}

static void pmtu_05_it_grows_again(void **state)
{
    (void)state;
    start(1450);
    const uint32_t configured = inner_mtu();
    const struct ipsec_endpoint peer = kit_endpoint("192.0.2.2", 0);
    const struct ipsec_endpoint nobody = kit_endpoint("192.0.2.9", 0);
    assert_int_equal(ipsec_gw_path_mtu(kit.gw, &peer.addr, 1000, kit.now), IPSEC_OK);
    assert_int_equal(ipsec_gw_path_mtu(kit.gw, &nobody.addr, 1000, kit.now), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ipsec_gw_path_mtu(kit.gw, &peer.addr, 0, kit.now), IPSEC_ERR_ARGUMENT);
    assert_true(inner_mtu() < 1000);
    kit.now += IPSEC_PATH_MTU_AGE_MS - 1;
    make(false, 1300, true);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_TOO_BIG);
    kit.now += 1;
    make(false, 1300, true);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_OK);
    assert_int_equal(inner_mtu(), configured);
    /* Another path: nobody has told anything of it. */
    assert_int_equal(ipsec_gw_path_mtu(kit.gw, &peer.addr, 1000, kit.now), IPSEC_OK);
    assert_int_equal(kit_update(&kit, 7, IPSEC_CHILD_UPDATE_MOVE), IPSEC_OK);
    assert_true(inner_mtu() > 1300);
    kit_stop(&kit);
}

static uint16_t mss_after(bool clamp)
{
    configure(1400);
    kit.child[0].clamp_mss = clamp;
    kit.child[0].proposals = NULL;
    kit_start(&kit);
    assert_int_equal(kit_install(&kit, &at_a), IPSEC_OK);
    make(false, 44, true);
    uint8_t *ip = packet.octets + KIT_OFFSET;
    memset(ip + 20, 0, 24);
    ipseci_ip_set_next(ip, 9, 6);
    ip[32] = 0x60;
    ip[33] = 2;
    memcpy(ip + 40, "\x02\x04\x05\xb4", 4);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_OK);
    kit_init(&other, true);
    other.config.outer = IPSEC_OUTER_IP;
    kit_start(&other);
    assert_int_equal(kit_install(&other, &at_b), IPSEC_OK);
    kit_carry(&kit, &other);
    assert_int_equal(other.lan.count, 1);
    const uint16_t mss = ipseci_load16(kit_content(&other.lan.item[0]) + 42);
    assert_int_equal(mss, clamp ? inner_mtu() - 40 : 1460);
    kit_stop(&other);
    kit_stop(&kit);
    return mss;
}

static void tcp_is_clamped_where_a_child_says_so(void **state)
{
    (void)state;
    assert_int_equal(mss_after(false), 1460);
    assert_true(mss_after(true) < 1400);
}

static void what_nobody_limits_is_sent(void **state)
{
    (void)state;
    uint32_t mtu;
    start(0);
    make(false, 1500, true);
    kit_lan(&kit, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_OK);
    assert_int_equal(ipsec_gw_child_mtu(kit.gw, 9, &mtu), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_gw_child_mtu(NULL, 7, &mtu), IPSEC_ERR_ARGUMENT);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pmtu_02_who_must_not_be_cut_is_told),
        cmocka_unit_test(pmtu_02_who_may_be_cut_is_cut_in_order),
        cmocka_unit_test(cutting_afterwards_is_left_to_the_carrier),
        cmocka_unit_test(spd_10_where_pieces_have_no_place_the_sealed_packet_is_cut),
        cmocka_unit_test(what_no_receiver_takes_is_not_cut),
        cmocka_unit_test(an_sa_that_ends_between_pieces_is_told),
        cmocka_unit_test(pmtu_07_what_is_not_told_costs_nothing),
        cmocka_unit_test(pmtu_08_ipv6_of_1280_passes_whatever_df_says),
        cmocka_unit_test(pmtu_08_ipv6_of_1280_always_passes),
        cmocka_unit_test(pmtu_07_messages_are_limited),
        cmocka_unit_test(pmtu_04_the_path_is_believed_with_care),
        cmocka_unit_test(pmtu_04_guesses_cost_the_true_ones_nothing),
        cmocka_unit_test(pmtu_04_each_child_is_found_by_its_spi),
        cmocka_unit_test(pmtu_05_it_grows_again),
        cmocka_unit_test(tcp_is_clamped_where_a_child_says_so),
        cmocka_unit_test(what_nobody_limits_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
