/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of transport mode: where ESP stands among IPv4 options and IPv6 extension headers, headers
 * that a socket takes off, NATs, and what is refused.
 */
#include "esp_kit.h"
#include "ip_header.h"
#include "udp_encap.h"

static struct kit kit;
static struct kit_buffer buffer;
static uint8_t before[KIT_BUFFER_BYTES];

static void start(bool ipv6, bool udp, enum ipsec_outer outer)
{
    const char *const here = ipv6 ? "2001:db8::1" : "192.0.2.1";
    const char *const there = ipv6 ? "2001:db8::2" : "192.0.2.2";
    kit_init(&kit, KIT_CBC_SHA256);
    kit.params.mode = IPSEC_MODE_TRANSPORT;
    kit.params.outer = (uint8_t)outer;
    kit.params.udp_encapsulation = udp;
    kit.params.local = kit_endpoint(here, udp ? 4500 : 0);
    kit.params.remote = kit_endpoint(there, udp ? 40000 : 0);
    kit.params.local_ts.count = kit.params.remote_ts.count = 1;
    kit.params.local_ts.item[0] = kit_selector(here);
    kit.params.remote_ts.item[0] = kit_selector(there);
    kit_start(&kit);
}

/* A packet of the two hosts: headers (without addresses and lengths, which are set here) and then
 * `upper` octets that begin with two ports. */
static void packet_of(const uint8_t *headers, uint32_t header_length, uint32_t upper)
{
    uint8_t *ip = buffer.octets + KIT_OFFSET;
    memset(&buffer, 0, sizeof(buffer));
    buffer.packet.buffer = buffer.octets;
    buffer.packet.capacity = KIT_BUFFER_BYTES;
    buffer.packet.offset = KIT_OFFSET;
    buffer.packet.length = header_length + upper;
    buffer.packet.sa = kit.out;
    memcpy(ip, headers, header_length);
    for (uint32_t i = 0; i < upper; i++) {
        ip[header_length + i] = (uint8_t)(i * 11 + 5);
    }
    const size_t octets = headers[0] >> 4 == 4 ? 4 : 16;
    const size_t at = octets == 4 ? 12 : 8;
    memcpy(ip + at, kit.params.local.addr.bytes, octets);
    memcpy(ip + at + octets, kit.params.remote.addr.bytes, octets);
    if (octets == 4) {
        ipseci_store16(ip + 2, (uint16_t)buffer.packet.length);
        ipseci_store16(ip + 10, ipseci_checksum(ipseci_view(ip, header_length), 0));
    } else {
        ipseci_store16(ip + 4, (uint16_t)(buffer.packet.length - 40));
    }
    memcpy(before, ip, buffer.packet.length);
}

static const uint8_t plain4[20] = {0x45, 0xb9, [4] = 0x12, 0x34, [8] = 63, 17};
static const uint8_t options4[28] = {0x47, 0x02, [8] = 9, 6, [20] = 0x94, 4, 0, 0, 1, 1, 1, 0};
static const uint8_t plain6[40] = {0x6b, 0x91, 0x23, 0x45, [6] = 17, 63};

struct layout {
    uint8_t headers[128];
    uint32_t length;
    uint32_t gap;     /* where ESP has to stand */
    uint32_t name_at; /* the octet that names it */
};

/* RFC 8200 4.1 has the order. */
static const struct layout layouts[] = {
    /* hop-by-hop */
    {{0x60, [6] = 0, 63, [40] = 17, 0, 1, 4}, 48, 48, 40},
    /* destination options only: protected */
    {{0x60, [6] = 60, 63, [40] = 17, 0, 1, 4}, 48, 40, 6},
    /* hop-by-hop of 16 octets, destination options, routing, destination options */
    {{0x60, [6] = 0, 63, [40] = 60, 1, 1, 12, [56] = 43, 0, 1, 4, [64] = 60, 2, 4, 0, [88] = 17, 0,
      1, 4},
     96,
     88,
     64},
    /* routing, a fragment header of a whole packet */
    {{0x60, [6] = 43, 63, [40] = 44, 0, 4, 0, [48] = 17, 0, 0, 0, 1, 2, 3, 4}, 56, 56, 48},
};

/* Seals, looks at the outside, opens, and has the packet back octet by octet. */
static void round_trip(uint32_t gap, uint32_t name_at, bool udp)
{
    struct ipseci_flow flow;
    const uint32_t length = buffer.packet.length;
    const uint8_t named = udp ? 17 : 50;
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    const uint8_t *ip = kit_content(&buffer);
    const uint32_t sealed = buffer.packet.length;
    assert_int_equal(buffer.packet.carrier, IPSEC_CARRIER_IP);
    assert_int_equal(ipseci_ip_parse(ipseci_view(ip, sealed), &flow), IPSEC_OK);
    assert_int_equal(flow.total_length, sealed);
    assert_int_equal(flow.upper_at, gap);
    assert_int_equal(flow.protocol, named);
    assert_int_equal(ip[name_at], named);
    assert_int_equal(ipseci_load32(ip + gap + (udp ? 8 : 0)), KIT_SPI);
    if (ip[0] >> 4 == 4) {
        assert_true(ipseci_ipv4_checksum_valid(ip));
    }
    /* What stays in clear is as it was, but for length, name and checksum. */
    for (uint32_t i = 0; i < gap; i++) {
        const bool ipv4 = ip[0] >> 4 == 4;
        const bool changes = i == name_at || (ipv4 && (i == 2 || i == 3 || i == 10 || i == 11)) ||
                             (!ipv4 && (i == 4 || i == 5));
        assert_true(changes || ip[i] == before[i]);
    }
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    assert_int_equal(buffer.packet.length, length);
    assert_memory_equal(kit_content(&buffer), before, length);
    assert_int_equal(buffer.packet.next_header, before[0] >> 4 == 4 ? 4 : 41);
}

static void espb_04_ipv4_with_and_without_options(void **state)
{
    UNUSED_STATE;
    for (unsigned udp = 0; udp < 2; udp++) {
        start(false, udp != 0, IPSEC_OUTER_IP);
        for (uint32_t upper = 0; upper < 70; upper++) {
            packet_of(plain4, sizeof(plain4), upper);
            ipseci_store16(kit_content(&buffer) + 26, 0); /* a UDP checksum that is not there */
            memcpy(before, kit_content(&buffer), buffer.packet.length);
            round_trip(20, 9, udp != 0);
        }
        kit_stop(&kit);
    }
    start(false, false, IPSEC_OUTER_IP);
    packet_of(options4, sizeof(options4), 40);
    round_trip(28, 9, false);
    kit_stop(&kit);
}

static void espb_04_ipv6_with_every_extension_header(void **state)
{
    UNUSED_STATE;
    for (unsigned udp = 0; udp < 2; udp++) {
        start(true, udp != 0, IPSEC_OUTER_IP);
        packet_of(plain6, sizeof(plain6), 0);
        round_trip(40, 6, udp != 0);
        for (size_t i = 0; i < IPSECI_COUNT(layouts); i++) {
            const struct layout *l = &layouts[i];
            packet_of(l->headers, l->length, 6); /* too short for a UDP header: left alone */
            round_trip(l->gap, l->name_at, udp != 0);
        }
        kit_stop(&kit);
    }
}

static void espb_04_sockets_make_the_headers(void **state)
{
    UNUSED_STATE;
    for (unsigned way = 0; way < 4; way++) {
        const bool ipv6 = way % 2 != 0;
        const bool udp = way / 2 != 0;
        start(ipv6, udp, IPSEC_OUTER_NONE);
        packet_of(ipv6 ? plain6 : plain4, ipv6 ? 40 : 20, 60);
        const uint32_t header = ipv6 ? 40 : 20;
        ipseci_store16(kit_content(&buffer) + header + 6, 0);
        memcpy(before, kit_content(&buffer), buffer.packet.length);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        assert_int_equal(buffer.packet.carrier, udp ? IPSEC_CARRIER_UDP : IPSEC_CARRIER_ESP);
        assert_int_equal(buffer.packet.traffic_class, 0xb9);
        assert_int_equal(ipseci_load32(kit_content(&buffer)), KIT_SPI);
        buffer.packet.traffic_class = 0xbb; /* marked on the way */
        const struct ipsec_endpoint local = buffer.packet.local;
        buffer.packet.local = buffer.packet.remote;
        buffer.packet.remote = local;
        if (way == 0) { /* a carrier that does not tell addresses: the SA's are taken */
            memset(&buffer.packet.local, 0, sizeof(buffer.packet.local));
            memset(&buffer.packet.remote, 0, sizeof(buffer.packet.remote));
        }
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
        struct ipseci_flow flow;
        const uint8_t *ip = kit_content(&buffer);
        assert_int_equal(buffer.packet.length, header + 60);
        assert_int_equal(ipseci_ip_parse(ipseci_view(ip, header + 60), &flow), IPSEC_OK);
        assert_int_equal(flow.total_length, header + 60);
        assert_int_equal(flow.protocol, 17);
        assert_int_equal(flow.traffic_class, 0xbb);
        assert_memory_equal(flow.src, kit.params.local.addr.bytes, ipv6 ? 16 : 4);
        assert_memory_equal(flow.dst, kit.params.remote.addr.bytes, ipv6 ? 16 : 4);
        assert_memory_equal(ip + header, before + header, 60);
        assert_true(ipv6 || ipseci_ipv4_checksum_valid(ip));
        kit_stop(&kit);
    }
}

static void options_that_a_socket_would_lose_are_refused(void **state)
{
    UNUSED_STATE;
    start(false, false, IPSEC_OUTER_NONE);
    packet_of(options4, sizeof(options4), 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_HEADER);
    kit_stop(&kit);
    start(true, false, IPSEC_OUTER_NONE);
    packet_of(layouts[0].headers, layouts[0].length, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_HEADER);
    packet_of(layouts[1].headers, layouts[1].length, 40); /* behind ESP they are safe */
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    kit_stop(&kit);
}

static void pmtu_01_the_packets_own_df_goes_along(void **state)
{
    UNUSED_STATE;
    for (unsigned df = 0; df < 2; df++) {
        start(false, false, df == 0 ? IPSEC_OUTER_NONE : IPSEC_OUTER_IP);
        packet_of(plain4, sizeof(plain4), 40);
        ipseci_ipv4_set_df(kit_content(&buffer), df != 0);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        assert_int_equal(buffer.packet.flags, df != 0 ? IPSEC_PACKET_DF : 0);
        kit_stop(&kit);
    }
}

/* A NAT gives the sender another address, and corrects nothing below ESP. */
static void open_behind_nat(bool whole)
{
    struct ipsec_endpoint outside = kit_endpoint("198.51.100.7", 1234);
    struct ipsec_sa_params in = kit_mirror(&kit.params);
    in.remote = outside;
    in.remote_ts.item[0] = kit_selector("198.51.100.7");
    ipsec_sa_deinit(kit.in);
    assert_int_equal(ipsec_sa_init(kit.in_block, sizeof(kit.in_block), &in, &kit.toy.list, &kit.in),
                     IPSEC_OK);
    if (whole) {
        uint8_t *ip = kit_content(&buffer);
        memcpy(ip + 12, outside.addr.bytes, 4);
        ipseci_store16(ip + 10, 0);
        ipseci_store16(ip + 10, ipseci_checksum(ipseci_view(ip, 20), 0));
    } else {
        buffer.packet.local = kit.params.remote;
        buffer.packet.remote = outside;
    }
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    assert_memory_equal(kit_content(&buffer) + 12, outside.addr.bytes, 4);
}

static uint16_t sum_of(uint8_t protocol, uint32_t length)
{
    const uint8_t *ip = kit_content(&buffer);
    const struct ipsec_endpoint none = {{0}, 0};
    struct ipsec_endpoint src = none;
    struct ipsec_endpoint dst = none;
    src.addr.family = dst.addr.family = IPSEC_FAMILY_IPV4;
    memcpy(src.addr.bytes, ip + 12, 4);
    memcpy(dst.addr.bytes, ip + 16, 4);
    return ipseci_upper_checksum(&src.addr, &dst.addr, protocol, ipseci_view(ip + 20, length));
}

static void natt_10_checksums_of_tcp_and_udp_are_repaired(void **state)
{
    UNUSED_STATE;
    for (unsigned way = 0; way < 8; way++) {
        const bool whole = way % 2 != 0;
        const bool tcp = way / 2 % 2 != 0;
        const bool none = way / 4 != 0 && !tcp; /* a UDP datagram without checksum */
        const uint32_t at = tcp ? 36 : 26;
        start(false, true, whole ? IPSEC_OUTER_IP : IPSEC_OUTER_NONE);
        packet_of(plain4, sizeof(plain4), 45); /* odd */
        uint8_t *ip = kit_content(&buffer);
        ipseci_ip_set_next(ip, 9, tcp ? 6 : 17);
        ipseci_store16(ip + 24, tcp ? 0x7777 : 45);
        ipseci_store16(ip + at, 0);
        if (!none) {
            ipseci_store16(ip + at, sum_of(tcp ? 6 : 17, 45));
            assert_int_equal(sum_of(tcp ? 6 : 17, 45), 0);
        }
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        open_behind_nat(whole);
        if (none) {
            assert_int_equal(ipseci_load16(kit_content(&buffer) + at), 0);
        } else {
            assert_int_equal(sum_of(tcp ? 6 : 17, 45), 0);
        }
        kit_stop(&kit);
    }
}

static void natt_10_headers_that_lie_are_left_alone(void **state)
{
    UNUSED_STATE;
    static const uint16_t udp_lengths[] = {0, 7, 46, 0xffff};
    for (size_t i = 0; i < IPSECI_COUNT(udp_lengths); i++) {
        start(false, true, IPSEC_OUTER_NONE);
        packet_of(plain4, sizeof(plain4), 45);
        ipseci_store16(kit_content(&buffer) + 24, udp_lengths[i]);
        memcpy(before, kit_content(&buffer), buffer.packet.length);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        open_behind_nat(false);
        assert_memory_equal(kit_content(&buffer) + 20, before + 20, 45);
        kit_stop(&kit);
    }
    start(false, true, IPSEC_OUTER_NONE);
    packet_of(plain4, sizeof(plain4), 19); /* TCP that is not whole */
    ipseci_ip_set_next(kit_content(&buffer), 9, 6);
    memcpy(before, kit_content(&buffer), buffer.packet.length);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    open_behind_nat(false);
    assert_memory_equal(kit_content(&buffer) + 20, before + 20, 19);
    kit_stop(&kit);
}

static void spd_11_fragments_are_not_sealed(void **state)
{
    UNUSED_STATE;
    start(false, false, IPSEC_OUTER_IP);
    for (unsigned i = 0; i < 2; i++) {
        packet_of(plain4, sizeof(plain4), 40);
        kit_content(&buffer)[i == 0 ? 6 : 7] = i == 0 ? 0x20 : 1; /* the first; a later one */
        assert_int_equal(kit_seal(&buffer), i == 0 ? IPSEC_DROP_FRAGMENT : IPSEC_DROP_FRAGMENT);
    }
    kit_stop(&kit);
    start(true, false, IPSEC_OUTER_IP);
    packet_of(layouts[3].headers, layouts[3].length, 40);
    kit_content(&buffer)[51] = 1; /* more fragments */
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_FRAGMENT);
    kit_stop(&kit);
}

static void pad_08_no_tfc_is_sent_and_explicit_lengths_survive_it(void **state)
{
    UNUSED_STATE;
    start(false, false, IPSEC_OUTER_IP);
    packet_of(plain4, sizeof(plain4), 40);
    buffer.packet.length += 30; /* beyond the packet's own length: not sent */
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(buffer.packet.length, 20 + 8 + 16 + 48 + 16);
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    assert_int_equal(buffer.packet.length, 60);
    buffer.packet.sa = kit.out;
    assert_int_equal(ipsec_tfc_pad(&buffer.packet, 100), IPSEC_ERR_ARGUMENT);
    kit_stop(&kit);

    /* A peer's padding behind a UDP datagram: its own length says where it ends. */
    start(false, false, IPSEC_OUTER_NONE);
    uint8_t plain[64] = {0x03, 0xe8, 0x07, 0xd0, 0, 20, 0, 0};
    plain[62] = 0;
    plain[63] = 17;
    kit_craft(&kit, &buffer, 1, ipseci_view(plain, 64));
    buffer.packet.local = kit.params.remote;
    buffer.packet.remote = kit.params.local;
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    assert_int_equal(buffer.packet.length, 20 + 62);
    assert_int_equal(ipseci_load16(kit_content(&buffer) + 24), 20);
    kit_stop(&kit);
}

static void what_fails_is_unchanged(void **state)
{
    UNUSED_STATE;
    start(false, true, IPSEC_OUTER_IP);
    uint32_t head;
    uint32_t tail;
    ipsec_sa_room(kit.out, &head, &tail);
    assert_int_equal(head, 8 + 8 + 16);
    packet_of(plain4, sizeof(plain4), 40);
    for (unsigned i = 0; i < 3; i++) {
        buffer.packet.buffer = buffer.octets + (i == 0 ? KIT_OFFSET - head + 1 : 0);
        buffer.packet.offset = i == 0 ? head - 1 : KIT_OFFSET;
        buffer.packet.capacity = i == 1 ? KIT_OFFSET + 60 + 6 + 17 : KIT_BUFFER_BYTES - KIT_OFFSET;
        kit.toy.random_fails = i == 2;
        assert_int_equal(kit_seal(&buffer), i == 2 ? IPSEC_ERR_RANDOM : IPSEC_ERR_BUFFER);
        assert_int_equal(buffer.packet.length, 60);
        assert_memory_equal(buffer.octets + KIT_OFFSET, before, 60);
    }
    kit.toy.random_fails = false;
    buffer.packet.flags = IPSEC_PACKET_DUMMY;
    assert_int_equal(kit_seal(&buffer), IPSEC_ERR_ARGUMENT);
    buffer.packet.flags = 0;
    /* Exactly the room it takes. */
    buffer.packet.buffer = buffer.octets + KIT_OFFSET - head;
    buffer.packet.offset = head;
    buffer.packet.capacity = head + 60 + 6 + 2 + 16;
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(buffer.packet.offset, 0);
    assert_int_equal(buffer.packet.length, buffer.packet.capacity);
    kit_stop(&kit);
}

static void espb_12_other_hosts_are_refused_both_ways(void **state)
{
    UNUSED_STATE;
    start(false, false, IPSEC_OUTER_IP);
    packet_of(plain4, sizeof(plain4), 40);
    kit_content(&buffer)[19] = 9;
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_SELECTORS);
    packet_of(plain4, sizeof(plain4), 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    uint8_t *ip = kit_content(&buffer);
    ip[15] = 77; /* authentic, and from another address */
    ipseci_store16(ip + 10, 0);
    ipseci_store16(ip + 10, ipseci_checksum(ipseci_view(ip, 20), 0));
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_DROP_SELECTORS);
    kit_stop(&kit);
}

static void a_header_needs_addresses_and_room(void **state)
{
    UNUSED_STATE;
    start(false, false, IPSEC_OUTER_NONE);
    uint8_t plain[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 99};
    kit.params.integ_key.length = 32;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t padded[16] = {0};
        memcpy(padded + 4, plain, 12);
        kit_craft(&kit, &buffer, i + 1, ipseci_view(padded, 16));
        const uint32_t length = buffer.packet.length;
        if (i == 0) { /* 8 + 16 octets of header and IV are enough for IPv4, not for IPv6 */
            buffer.packet.local = kit_endpoint("2001:db8::2", 0);
            buffer.packet.remote = kit_endpoint("2001:db8::1", 0);
            memmove(buffer.octets, kit_content(&buffer), length);
            buffer.packet.offset = 0;
            assert_int_equal(kit_open(&buffer, kit.in), IPSEC_ERR_BUFFER);
            continue;
        }
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK); /* any protocol */
        assert_int_equal(kit_content(&buffer)[9], 99);
    }
    kit_stop(&kit);

    kit_init(&kit, KIT_GCM);
    kit.params.mode = IPSEC_MODE_TRANSPORT;
    kit.params.local_ts.count = kit.params.remote_ts.count = 0;
    memset(&kit.params.local, 0, sizeof(kit.params.local));
    memset(&kit.params.remote, 0, sizeof(kit.params.remote));
    kit_start(&kit);
    kit_craft(&kit, &buffer, 1, ipseci_view(plain, 12));
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_ERR_ARGUMENT);
    kit_stop(&kit);
}

static void pad_05_dummies_are_dropped(void **state)
{
    UNUSED_STATE;
    start(false, false, IPSEC_OUTER_NONE);
    packet_of(plain4, sizeof(plain4), 40);
    buffer.packet.flags = IPSEC_PACKET_DUMMY;
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_DROP_DUMMY);
    packet_of(plain4, sizeof(plain4), 40); /* one that would look like a dummy */
    ipseci_ip_set_next(kit_content(&buffer), 9, 59);
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_NEXT_HEADER);
    kit_stop(&kit);
}

static void params_that_do_not_fit_are_refused(void **state)
{
    UNUSED_STATE;
    static const struct ipsec_header_rules rules = {.df = IPSEC_DF_SET};
    kit_init(&kit, KIT_GCM);
    for (unsigned i = 0; i < 2; i++) {
        kit.params.mode = i == 0 ? IPSEC_MODE_TRANSPORT + 1 : IPSEC_MODE_TRANSPORT;
        kit.params.rules = i == 0 ? NULL : &rules;
        assert_int_equal(ipsec_sa_init(kit.out_block, sizeof(kit.out_block), &kit.params,
                                       &kit.toy.list, &kit.out),
                         IPSEC_ERR_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(espb_04_ipv4_with_and_without_options),
        cmocka_unit_test(espb_04_ipv6_with_every_extension_header),
        cmocka_unit_test(espb_04_sockets_make_the_headers),
        cmocka_unit_test(options_that_a_socket_would_lose_are_refused),
        cmocka_unit_test(pmtu_01_the_packets_own_df_goes_along),
        cmocka_unit_test(natt_10_checksums_of_tcp_and_udp_are_repaired),
        cmocka_unit_test(natt_10_headers_that_lie_are_left_alone),
        cmocka_unit_test(spd_11_fragments_are_not_sealed),
        cmocka_unit_test(pad_08_no_tfc_is_sent_and_explicit_lengths_survive_it),
        cmocka_unit_test(what_fails_is_unchanged),
        cmocka_unit_test(espb_12_other_hosts_are_refused_both_ways),
        cmocka_unit_test(a_header_needs_addresses_and_room),
        cmocka_unit_test(pad_05_dummies_are_dropped),
        cmocka_unit_test(params_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
