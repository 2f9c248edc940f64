/* SPDX-License-Identifier: Apache-2.0
 *
 * Builds without sockets: whole IP packets on the WAN side, both ways. RFC 4301 5.1.2, RFC 3948,
 * RFC 4303 3.4.1.
 */
#include "gw_kit.h"

#include "bytes.h"
#include "ip_header.h"

struct pair {
    struct gw_kit a;
    struct gw_kit b;
};

static struct pair *start(bool udp)
{
    struct pair *p = malloc(sizeof *p);
    const struct kit_child at_a = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001, .udp = udp};
    const struct kit_child at_b = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001, .udp = udp};
    assert_non_null(p);
    kit_init(&p->a, false);
    kit_init(&p->b, true);
    p->a.config.outer = p->b.config.outer = IPSEC_OUTER_IP;
    kit_start(&p->a);
    kit_start(&p->b);
    assert_int_equal(kit_install(&p->a, &at_a), IPSEC_OK);
    assert_int_equal(kit_install(&p->b, &at_b), IPSEC_OK);
    return p;
}

static void stop(struct pair *p)
{
    kit_stop(&p->a);
    kit_stop(&p->b);
    free(p);
}

static void traffic_flows_in_ip_and_in_udp(void **state)
{
    (void)state;
    for (unsigned udp = 0; udp < 2; udp++) {
        struct pair *p = start(udp == 1);
        struct kit_packet ping;
        kit_ping(&p->a, &ping, 42);
        kit_lan(&p->a, &ping, 1);
        assert_int_equal(p->a.wan.count, 1);
        const struct kit_packet *sent = &p->a.wan.item[0];
        assert_int_equal(sent->packet.carrier, IPSEC_CARRIER_IP);
        assert_int_equal(kit_content(sent)[0], 0x45);
        assert_int_equal(kit_content(sent)[9], udp ? IPSECI_IP_UDP : IPSECI_IP_ESP);
        assert_true(ipseci_ipv4_checksum_valid(kit_content(sent)));
        kit_carry(&p->a, &p->b);
        assert_int_equal(p->b.lan.count, 1);
        assert_int_equal(kit_mark(&p->b.lan.item[0]), 42);
        assert_int_equal(p->b.lan.item[0].packet.length, 84);
        assert_int_equal(kit_all_drops(&p->b), 0);
        stop(p);
    }
}

/* ---- IKE ------------------------------------------------------------------------------------- */

static void send_ike(struct gw_kit *kit, uint16_t port, uint32_t length)
{
    uint8_t octets[3000] = {0};
    struct ipsec_packet datagram = {.buffer = octets, .capacity = sizeof octets};
    octets[port == KIT_NATT ? 4 : 0] = 0x77;
    datagram.length = length;
    datagram.carrier = IPSEC_CARRIER_UDP;
    datagram.local = kit->peer.local;
    datagram.remote = kit->peer.remote;
    datagram.local.port = datagram.remote.port = port;
    kit->ike->config.callbacks.send(kit->ike->config.user, &datagram);
}

static void ike_gets_headers_and_loses_them_again(void **state)
{
    (void)state;
    struct pair *p = start(false);
    const uint16_t ports[] = {KIT_IKE, KIT_NATT};
    for (size_t i = 0; i < 2; i++) {
        send_ike(&p->a, ports[i], 101);
        assert_int_equal(p->a.wan.count, 1);
        const uint8_t *ip = kit_content(&p->a.wan.item[0]);
        assert_int_equal(p->a.wan.item[0].packet.length, 20 + 8 + 101);
        assert_true(ipseci_ipv4_checksum_valid(ip));
        /* The UDP checksum is right: sum over pseudo header and datagram. */
        const struct ipsec_view udp = {ip + 20, 8 + 101};
        uint32_t sum = 17 + 8 + 101;
        for (size_t at = 12; at < 20; at += 2) {
            sum += ipseci_load16(ip + at);
        }
        assert_int_equal(ipseci_checksum(udp, sum), 0);
        kit_carry(&p->a, &p->b);
        assert_int_equal(p->b.ike->inputs, i + 1);
        assert_int_equal(p->b.ike->input_length[i], 101);
        assert_int_equal(p->b.ike->input_port[i], ports[i]);
    }
    assert_int_equal(kit_all_drops(&p->b), 0);
    stop(p);
}

static void an_ike_datagram_too_large_is_dropped(void **state)
{
    (void)state;
    struct pair *p = start(false);
    send_ike(&p->a, KIT_IKE, 2048);
    assert_int_equal(p->a.wan.count, 1);
    send_ike(&p->a, KIT_IKE, 2049);
    assert_int_equal(p->a.wan.count, 1);
    assert_int_equal(kit_drops_out(&p->a, IPSEC_DROP_TOO_BIG), 1);
    stop(p);
}

/* ---- What comes in --------------------------------------------------------------------------- */

static void make_ip(struct kit_packet *p, uint8_t protocol, uint16_t port, const uint8_t *octets,
                    uint32_t length)
{
    kit_ipv4(p, "192.0.2.1", "192.0.2.2", 28 + length, 0);
    p->packet.carrier = IPSEC_CARRIER_IP;
    p->octets[KIT_OFFSET + 9] = protocol;
    ipseci_store16(p->octets + KIT_OFFSET + 22, port);
    memcpy(p->octets + KIT_OFFSET + 28, octets, length);
}

static void natt_06_the_port_decides_in_whole_packets_too(void **state)
{
    (void)state;
    struct pair *p = start(true);
    const uint8_t keepalive[] = {0xFF};
    const uint8_t esp[40] = {0, 0, 0x99, 1};
    const uint8_t ike[40] = {0, 0, 0, 0, 1};
    struct kit_packet b[6];
    make_ip(&b[0], 17, KIT_NATT, keepalive, 1);
    make_ip(&b[1], 17, KIT_NATT, esp, 40);
    make_ip(&b[2], 17, KIT_NATT, ike, 40);
    make_ip(&b[3], 17, KIT_IKE, ike, 40);
    make_ip(&b[4], 17, 4501, esp, 40); /* clear UDP: policy decides */
    make_ip(&b[5], 17, KIT_NATT, esp, 2);
    kit_wan(&p->b, b, 6);
    assert_int_equal(b[0].packet.status, IPSEC_DROP_KEEPALIVE);
    assert_int_equal(b[1].packet.status, IPSEC_DROP_SPI);
    assert_int_equal(b[2].packet.status, IPSEC_OK);
    assert_int_equal(b[3].packet.status, IPSEC_OK);
    assert_int_equal(b[4].packet.status, IPSEC_DROP_NO_POLICY);
    assert_int_equal(b[5].packet.status, IPSEC_DROP_TRUNCATED);
    assert_int_equal(p->b.ike->inputs, 2);
    stop(p);
}

static void spd_12_fragments_of_esp_and_ike_are_dropped(void **state)
{
    (void)state;
    struct pair *p = start(false);
    struct kit_packet ping;
    struct kit_packet packet;
    kit_ping(&p->a, &ping, 1);
    kit_lan(&p->a, &ping, 1);
    const uint16_t fragment_fields[] = {0x2000, 0x0001};
    for (size_t i = 0; i < 2; i++) {
        kit_received(&p->a, 0, &packet);
        ipseci_store16(packet.octets + KIT_OFFSET + 6, fragment_fields[i]);
        kit_wan(&p->b, &packet, 1);
        assert_int_equal(packet.packet.status, IPSEC_DROP_FRAGMENT);
    }
    const uint8_t ike[40] = {1};
    make_ip(&packet, 17, KIT_IKE, ike, 40);
    ipseci_store16(packet.octets + KIT_OFFSET + 6, 0x2000);
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_FRAGMENT);
    assert_int_equal(p->b.ike->inputs, 0);
    assert_int_equal(p->b.lan.count, 0);
    stop(p);
}

static void headers_that_lie_are_dropped(void **state)
{
    (void)state;
    struct pair *p = start(false);
    struct kit_packet ping;
    struct kit_packet packet;
    kit_ping(&p->a, &ping, 1);
    kit_lan(&p->a, &ping, 1);
    const uint32_t whole = p->a.wan.item[0].packet.length;
    for (uint32_t length = 0; length < whole; length++) {
        kit_received(&p->a, 0, &packet);
        uint8_t *exact = malloc(length + 1);
        assert_non_null(exact);
        memcpy(exact, kit_content(&packet), length);
        packet.packet.buffer = exact;
        packet.packet.offset = 0;
        packet.packet.length = packet.packet.capacity = length;
        kit_wan(&p->b, &packet, 1);
        assert_true(packet.packet.status < IPSEC_OK);
        free(exact);
    }
    /* UDP shorter than its own header says. */
    const uint8_t ike[40] = {0};
    make_ip(&packet, 17, KIT_NATT, ike, 40);
    ipseci_store16(packet.octets + KIT_OFFSET + 24, 200);
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_TRUNCATED);
    make_ip(&packet, 17, KIT_IKE, ike, 40);
    ipseci_store16(packet.octets + KIT_OFFSET + 24, 7);
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_MALFORMED);
    assert_int_equal(p->b.lan.count, 0);
    assert_int_equal(p->b.ike->inputs, 0);
    stop(p);
}

static void natt_11_esp_in_udp_is_taken_on_an_sa_without_it(void **state)
{
    (void)state;
    struct pair *p = start(false);
    struct kit_packet ping;
    struct kit_packet packet;
    kit_ping(&p->a, &ping, 77);
    kit_lan(&p->a, &ping, 1);
    const struct kit_packet *sent = &p->a.wan.item[0];
    /* The peer chose to encapsulate: same ESP, a UDP header before it. */
    kit_ipv4(&packet, "192.0.2.1", "192.0.2.2", sent->packet.length + 8, 0);
    packet.packet.carrier = IPSEC_CARRIER_IP;
    ipseci_store16(packet.octets + KIT_OFFSET + 20, KIT_NATT);
    ipseci_store16(packet.octets + KIT_OFFSET + 22, KIT_NATT);
    memcpy(packet.octets + KIT_OFFSET + 28, kit_content(sent) + 20, sent->packet.length - 20);
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_OK);
    assert_int_equal(kit_mark(&p->b.lan.item[0]), 77);
    stop(p);
}

/* ---- IPv6 outside ---- */

static void ipv6_outside_works_the_same(void **state)
{
    (void)state;
    for (unsigned udp = 0; udp < 2; udp++) {
        struct pair *p = malloc(sizeof *p);
        struct kit_packet ping;
        const struct kit_child at_a = {
            .child = 7, .spi_in = 0x1001, .spi_out = 0x2001, .udp = udp == 1};
        const struct kit_child at_b = {
            .child = 8, .spi_in = 0x2001, .spi_out = 0x1001, .udp = udp == 1};
        assert_non_null(p);
        kit_init(&p->a, false);
        kit_init(&p->b, true);
        p->a.config.outer = p->b.config.outer = IPSEC_OUTER_IP;
        p->a.peer.local = p->b.peer.remote = kit_endpoint("2001:db8::1", 0);
        p->b.peer.local = p->a.peer.remote = kit_endpoint("2001:db8::2", 0);
        kit_start(&p->a);
        kit_start(&p->b);
        assert_int_equal(kit_install(&p->a, &at_a), IPSEC_OK);
        assert_int_equal(kit_install(&p->b, &at_b), IPSEC_OK);
        kit_ping(&p->a, &ping, 42);
        kit_lan(&p->a, &ping, 1);
        send_ike(&p->a, KIT_NATT, 60);
        assert_int_equal(p->a.wan.count, 2);
        assert_int_equal(kit_content(&p->a.wan.item[0])[0] >> 4, 6);
        assert_int_equal(p->a.wan.item[1].packet.length, 40 + 8 + 60);
        kit_carry(&p->a, &p->b);
        assert_int_equal(p->b.lan.count, 1);
        assert_int_equal(kit_mark(&p->b.lan.item[0]), 42);
        assert_int_equal(p->b.ike->inputs, 1);
        assert_int_equal(p->b.ike->input_length[0], 60);
        assert_int_equal(kit_all_drops(&p->b), 0);
        stop(p);
    }
}

static void mixed_families_can_not_be_sent(void **state)
{
    (void)state;
    struct pair *p = start(false);
    p->a.peer.remote = kit_endpoint("2001:db8::2", 0);
    send_ike(&p->a, KIT_IKE, 60);
    assert_int_equal(p->a.wan.count, 0);
    assert_int_equal(kit_drops_out(&p->a, IPSEC_DROP_IO), 1);
    stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traffic_flows_in_ip_and_in_udp),
        cmocka_unit_test(ike_gets_headers_and_loses_them_again),
        cmocka_unit_test(an_ike_datagram_too_large_is_dropped),
        cmocka_unit_test(natt_06_the_port_decides_in_whole_packets_too),
        cmocka_unit_test(spd_12_fragments_of_esp_and_ike_are_dropped),
        cmocka_unit_test(headers_that_lie_are_dropped),
        cmocka_unit_test(natt_11_esp_in_udp_is_taken_on_an_sa_without_it),
        cmocka_unit_test(ipv6_outside_works_the_same),
        cmocka_unit_test(mixed_families_can_not_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
