/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of whole packets (IPSEC_OUTER_IP): outer IPv4 and IPv6 headers, UDP encapsulation, and what
 * is done with them on the way in.
 */
#include "tunnel.h"

#include "esp_kit.h"

static struct kit kit;
static struct kit_buffer buffer;

struct end {
    const char *local;
    const char *remote;
    bool udp;
    uint32_t header;
};

static const struct end ends[] = {
    {"192.0.2.1", "192.0.2.2", false, 20},
    {"192.0.2.1", "192.0.2.2", true, 28},
    {"2001:db8::1", "2001:db8::2", false, 40},
    {"2001:db8::1", "2001:db8::2", true, 48},
};

static void start(const struct end *end)
{
    kit_init(&kit, KIT_GCM);
    kit.params.outer = IPSEC_OUTER_IP;
    kit.params.udp_encapsulation = end->udp;
    kit.params.local = kit_endpoint(end->local, 4500);
    kit.params.remote = kit_endpoint(end->remote, 40000);
    kit_start(&kit);
}

static void check_outer(const struct end *end, uint8_t inner_class)
{
    struct ipseci_flow flow;
    const uint8_t *ip = kit_content(&buffer);
    const uint32_t length = buffer.packet.length;
    assert_int_equal(ipseci_ip_parse(ipseci_view(ip, length), &flow), IPSEC_OK);
    assert_int_equal(flow.total_length, length);
    assert_int_equal(flow.protocol, end->udp ? 17 : 50);
    assert_int_equal(flow.traffic_class, inner_class);
    assert_int_equal(flow.ttl, 64);
    assert_memory_equal(flow.src, kit.params.local.addr.bytes, 16);
    assert_memory_equal(flow.dst, kit.params.remote.addr.bytes, 16);
    assert_true(flow.family == IPSEC_FAMILY_IPV6 || ipseci_ipv4_checksum_valid(ip));
    assert_int_equal(ipseci_load32(ip + end->header), KIT_SPI);
    if (!end->udp) {
        return;
    }
    struct ipseci_udp udp;
    const uint32_t at = flow.upper_at;
    assert_int_equal(ipseci_udp_parse(ipseci_view(ip + at, length - at), &udp), IPSEC_OK);
    assert_int_equal(udp.payload.length, length - at - 8);
    assert_int_equal(udp.src_port, 4500);
    assert_int_equal(udp.dst_port, 40000);
    /* RFC 3948 2.1: zero over IPv4; RFC 8200 8.1: never over IPv6. */
    assert_true((udp.checksum == 0) == (flow.family == IPSEC_FAMILY_IPV4));
}

/* IPv6 UDP: the sum over pseudo header and datagram is all ones. */
static void check_udp6_sum(void)
{
    const uint8_t *ip = kit_content(&buffer);
    const uint32_t octets = buffer.packet.length - 40;
    uint32_t sum = octets + 17;
    for (unsigned i = 8; i < 40; i += 2) {
        sum += ipseci_load16(ip + i);
    }
    assert_int_equal(ipseci_checksum(ipseci_view(ip + 40, octets), sum), 0);
}

static void espb_03_four_families_with_and_without_udp(void **state)
{
    static uint8_t inner[100];
    UNUSED_STATE;
    for (size_t e = 0; e < IPSECI_COUNT(ends); e++) {
        start(&ends[e]);
        uint32_t head;
        uint32_t tail;
        ipsec_sa_room(kit.out, &head, &tail);
        assert_int_equal(head, ends[e].header + 16);
        for (uint32_t length = 60; length <= 100; length++) {
            const bool is_ipv4 = length % 2 == 0;
            if (is_ipv4) {
                kit_ipv4(&buffer, kit.out, length);
            } else {
                kit_ipv6(&buffer, kit.out, length);
            }
            ipseci_ip_set_traffic_class(kit_content(&buffer), 0xba);
            memcpy(inner, kit_content(&buffer), length);
            assert_int_equal(kit_seal(&buffer), IPSEC_OK);
            assert_int_equal(buffer.packet.carrier, IPSEC_CARRIER_IP);
            check_outer(&ends[e], 0xba);
            if (ends[e].header == 48) {
                check_udp6_sum();
            }
            /* The other end's local port is our remote one. */
            assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
            assert_int_equal(buffer.packet.next_header, is_ipv4 ? 4 : 41);
            assert_int_equal(buffer.packet.length, length);
            assert_memory_equal(kit_content(&buffer), inner, length);
        }
        kit_stop(&kit);
    }
}

static void espb_15_ttl_is_fresh_and_inner_one_untouched(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit.params.outer = IPSEC_OUTER_IP;
    kit.params.ttl = 7;
    kit_start(&kit);
    kit_ipv4(&buffer, kit.out, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(kit_content(&buffer)[8], 7);
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    assert_int_equal(kit_content(&buffer)[8], 63);
    kit_stop(&kit);
}

static void espb_17_outer_id_tells_nothing_of_the_inner_packet(void **state)
{
    UNUSED_STATE;
    uint16_t ids[4];
    start(&ends[0]);
    for (unsigned i = 0; i < 4; i++) {
        kit_ipv4(&buffer, kit.out, 40);
        ipseci_ipv4_finish(kit_content(&buffer), 0, 40, i < 2 ? 0x1111 : 0x2222);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        ids[i] = ipseci_load16(kit_content(&buffer) + 4);
        assert_true(i == 0 || ids[i] == (uint16_t)(ids[i - 1] + 1));
    }
    kit_stop(&kit);
}

static void pmtu_10_outer_mark_is_read_from_the_outer_header(void **state)
{
    UNUSED_STATE;
    for (size_t e = 0; e < IPSECI_COUNT(ends); e++) {
        start(&ends[e]);
        kit_ipv4(&buffer, kit.out, 40);
        ipseci_ip_set_traffic_class(kit_content(&buffer), 2);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        ipseci_ip_set_traffic_class(kit_content(&buffer), 3);
        buffer.packet.traffic_class = 0; /* not looked at */
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
        assert_int_equal(kit_content(&buffer)[1], 3);
        kit_stop(&kit);
    }
}

/* Applies a change to a sealed packet and opens it. */
static enum ipsec_status open_changed(const struct end *end, uint32_t at, uint8_t value,
                                      bool repair)
{
    start(end);
    kit_ipv4(&buffer, kit.out, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    uint8_t *ip = kit_content(&buffer);
    ip[at] = value;
    if (repair) {
        ipseci_store16(ip + 10, 0);
        ipseci_store16(ip + 10, ipseci_checksum(ipseci_view(ip, 20), 0));
    }
    const enum ipsec_status status = kit_open(&buffer, kit.in);
    kit_stop(&kit);
    return status;
}

static void spd_12_fragments_and_other_wrong_outer_headers(void **state)
{
    UNUSED_STATE;
    assert_int_equal(open_changed(&ends[0], 8, 64, true), IPSEC_OK); /* the repair works */
    assert_int_equal(open_changed(&ends[0], 6, 0x20, true), IPSEC_DROP_FRAGMENT);
    assert_int_equal(open_changed(&ends[0], 7, 5, true), IPSEC_DROP_FRAGMENT);
    assert_int_equal(open_changed(&ends[0], 9, 6, true), IPSEC_DROP_ENCAPSULATION);
    assert_int_equal(open_changed(&ends[0], 8, 63, false), IPSEC_DROP_HEADER);
    assert_int_equal(open_changed(&ends[0], 0, 0x44, true), IPSEC_DROP_HEADER);
    assert_int_equal(open_changed(&ends[0], 0, 0x55, true), IPSEC_DROP_VERSION);
    assert_int_equal(open_changed(&ends[0], 2, 9, true), IPSEC_DROP_TRUNCATED);
    /* Bare ESP on an SA in UDP, and the reverse. */
    assert_int_equal(open_changed(&ends[1], 9, 50, true), IPSEC_DROP_ENCAPSULATION);
    /* UDP length 4. */
    assert_int_equal(open_changed(&ends[1], 25, 4, false), IPSEC_DROP_MALFORMED);
    assert_int_equal(open_changed(&ends[1], 24, 4, false), IPSEC_DROP_TRUNCATED);
    /* IPv6: TCP, a fragment header that leads nowhere. */
    assert_int_equal(open_changed(&ends[2], 6, 6, false), IPSEC_DROP_ENCAPSULATION);
    assert_int_equal(open_changed(&ends[2], 4, 0xff, false), IPSEC_DROP_TRUNCATED);
}

static void natt_11_wrong_destination_port(void **state)
{
    UNUSED_STATE;
    assert_int_equal(open_changed(&ends[1], 23, 0x41, false), IPSEC_DROP_ENCAPSULATION);
    assert_int_equal(open_changed(&ends[1], 21, 0x41, false), IPSEC_OK); /* source: a NAT's */
}

static void vpp_c2c1bfd9b72_every_truncation_of_a_whole_packet(void **state)
{
    UNUSED_STATE;
    for (size_t e = 0; e < IPSECI_COUNT(ends); e++) {
        start(&ends[e]);
        kit_ipv4(&buffer, kit.out, 40);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        for (uint32_t length = 0; length < buffer.packet.length; length++) {
            uint8_t *exact = malloc(length + 1);
            assert_non_null(exact);
            memcpy(exact, kit_content(&buffer), length);
            struct ipsec_packet p = {.buffer = exact,
                                     .capacity = length,
                                     .length = length,
                                     .carrier = IPSEC_CARRIER_IP,
                                     .sa = kit.in};
            struct ipsec_packet *const list[1] = {&p};
            assert_int_equal(ipsec_esp_open(list, 1), 0);
            assert_int_equal(p.status, length == 0 ? IPSEC_DROP_VERSION : IPSEC_DROP_TRUNCATED);
            free(exact);
        }
        kit_stop(&kit);
    }
}

static void octets_after_the_outer_packet_are_not_its_own(void **state)
{
    UNUSED_STATE;
    for (size_t e = 0; e < IPSECI_COUNT(ends); e++) {
        start(&ends[e]);
        kit_ipv4(&buffer, kit.out, 40);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        buffer.packet.length += 6;
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
        kit_stop(&kit);
    }
}

static void move_changes_headers_and_room(void **state)
{
    UNUSED_STATE;
    start(&ends[0]);
    const struct ipsec_endpoint local = kit_endpoint("2001:db8::9", 4500);
    const struct ipsec_endpoint remote = kit_endpoint("2001:db8::8", 4501);
    const struct ipsec_endpoint other = kit_endpoint("192.0.2.7", 4501);
    const struct ipsec_endpoint portless = kit_endpoint("2001:db8::8", 0);
    const struct ipsec_endpoint none = {.port = 0};
    assert_int_equal(ipsec_sa_move(kit.out, &local, &other, true), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_move(kit.out, &local, &portless, true), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_move(kit.out, &none, &none, false), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_move(kit.out, NULL, &remote, false), IPSEC_ERR_ARGUMENT);
    kit_ipv4(&buffer, kit.out, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK); /* as before */
    check_outer(&ends[0], 0);

    assert_int_equal(ipsec_sa_move(kit.out, &local, &remote, true), IPSEC_OK);
    assert_int_equal(ipsec_sa_move(kit.in, &remote, &local, true), IPSEC_OK);
    uint32_t head;
    uint32_t tail;
    ipsec_sa_room(kit.out, &head, &tail);
    assert_int_equal(head, 48 + 16);
    kit_ipv4(&buffer, kit.out, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_true(ipsec_addr_equal(&buffer.packet.remote.addr, &remote.addr));
    assert_int_equal(buffer.packet.remote.port, 4501);
    assert_int_equal(kit_content(&buffer)[0] >> 4, 6);
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(espb_03_four_families_with_and_without_udp),
        cmocka_unit_test(espb_15_ttl_is_fresh_and_inner_one_untouched),
        cmocka_unit_test(espb_17_outer_id_tells_nothing_of_the_inner_packet),
        cmocka_unit_test(pmtu_10_outer_mark_is_read_from_the_outer_header),
        cmocka_unit_test(spd_12_fragments_and_other_wrong_outer_headers),
        cmocka_unit_test(natt_11_wrong_destination_port),
        cmocka_unit_test(vpp_c2c1bfd9b72_every_truncation_of_a_whole_packet),
        cmocka_unit_test(octets_after_the_outer_packet_are_not_its_own),
        cmocka_unit_test(move_changes_headers_and_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
