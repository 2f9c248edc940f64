/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the reading half of lib/wire/ip_header.h.
 */
#include "ip_header.h"
#include "wire_test.h"

#define V4_ADDRESSES     "c0a80101 c0a80202"
#define V6_SRC           "20010db8 00000000 00000000 00000001"
#define V6_DST           "20010db8 00000000 00000000 00000002"
#define V6(length, next) "60000000" length next "40" V6_SRC V6_DST

static struct ipseci_flow flow;

static enum ipsec_status parse(const char *text)
{
    return ipseci_ip_parse(hex(text), &flow);
}

static void ipv4_udp(void **state)
{
    (void)state;
    assert_int_equal(parse("45b9001c 00070000 40110000" V4_ADDRESSES "01f41194 00080000"),
                     IPSEC_OK);
    assert_int_equal(flow.family, IPSEC_FAMILY_IPV4);
    assert_int_equal(flow.protocol, IPSECI_IP_UDP);
    assert_int_equal(flow.traffic_class, 0xb9);
    assert_int_equal(flow.ttl, 64);
    assert_true(flow.has_ports);
    assert_int_equal(flow.src_port, 500);
    assert_int_equal(flow.dst_port, 4500);
    assert_false(flow.fragment || flow.fragment_not_first || flow.dont_fragment);
    assert_int_equal(flow.upper_at, 20);
    assert_int_equal(flow.total_length, 28);
    assert_memory_equal(flow.src, hex("c0a80101 000000000000000000000000").data, 16);
    assert_memory_equal(flow.dst, hex("c0a80202 000000000000000000000000").data, 16);
}

static void ipv4_options(void **state)
{
    (void)state;
    assert_int_equal(parse("46000020 00004000 40060000" V4_ADDRESSES "01010100 005001bb 00000000"),
                     IPSEC_OK);
    assert_int_equal(flow.upper_at, 24);
    assert_int_equal(flow.src_port, 80);
    assert_int_equal(flow.dst_port, 443);
    assert_true(flow.dont_fragment);
    /* The longest header, and one octet short of it. */
    struct ipsec_view v =
        hex("4f00003c 00004000 40060000" V4_ADDRESSES
            "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
            "00000000 00000000");
    assert_int_equal(ipseci_ip_parse(v, &flow), IPSEC_OK);
    assert_int_equal(flow.upper_at, 60);
    assert_false(flow.has_ports);
    v.length--;
    assert_int_equal(ipseci_ip_parse(exact(v), &flow), IPSEC_DROP_TRUNCATED);
}

static void pad_07_octets_beyond_the_total_length(void **state)
{
    (void)state;
    assert_int_equal(parse("45000018 00000000 40060000" V4_ADDRESSES "005001bb 00000000 0000"),
                     IPSEC_OK);
    assert_int_equal(flow.total_length, 24);
    assert_int_equal(parse(V6("0004", "06") "005001bb 00000000"), IPSEC_OK);
    assert_int_equal(flow.total_length, 44);
}

static void espb_13_versions(void **state)
{
    (void)state;
    for (uint32_t version = 0; version < 16; version++) {
        uint8_t octets[48] = {0};
        octets[0] = (uint8_t)(version << 4 | 5);
        octets[3] = 20;
        enum ipsec_status status = ipseci_ip_parse(ipseci_view(octets, sizeof(octets)), &flow);
        if (version == 4 || version == 6) {
            assert_int_equal(flow.family, version);
        } else {
            assert_int_equal(status, IPSEC_DROP_VERSION);
        }
    }
    assert_int_equal(parse(""), IPSEC_DROP_VERSION);
}

static void ipv4_headers_that_contradict_themselves(void **state)
{
    (void)state;
    /* Header length 16; total length below header length; total length of nothing. */
    assert_int_equal(parse("44000014 00000000 40110000" V4_ADDRESSES), IPSEC_DROP_HEADER);
    assert_int_equal(parse("40000014 00000000 40110000" V4_ADDRESSES), IPSEC_DROP_HEADER);
    assert_int_equal(parse("46000014 00000000 40110000" V4_ADDRESSES "00000000"),
                     IPSEC_DROP_HEADER);
    assert_int_equal(parse("45000013 00000000 40110000" V4_ADDRESSES), IPSEC_DROP_HEADER);
    assert_int_equal(parse("45000000 00000000 40110000" V4_ADDRESSES), IPSEC_DROP_HEADER);
    assert_int_equal(parse("45000015 00000000 40110000" V4_ADDRESSES), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse("4500ffff 00000000 40110000" V4_ADDRESSES), IPSEC_DROP_TRUNCATED);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct ipsec_view v4 = hex("4500001c 00070000 40110000" V4_ADDRESSES "01f41194 00080000");
    struct ipsec_view v6 = hex(V6("0018", "00") "2b000000 00000000 2c000000 00000000"
                                                "06000000 00000000");
    for (size_t n = 1; n < v4.length; n++) {
        assert_int_equal(ipseci_ip_parse(exact(ipseci_view(v4.data, n)), &flow),
                         IPSEC_DROP_TRUNCATED);
    }
    assert_int_equal(ipseci_ip_parse(v6, &flow), IPSEC_OK);
    for (size_t n = 1; n < v6.length; n++) {
        assert_int_equal(ipseci_ip_parse(exact(ipseci_view(v6.data, n)), &flow),
                         IPSEC_DROP_TRUNCATED);
    }
}

static void spd_10_ipv4_fragments(void **state)
{
    (void)state;
    /* First: MF. */
    assert_int_equal(parse("4500001c 00072000 40110000" V4_ADDRESSES "01f41194 00080000"),
                     IPSEC_OK);
    assert_true(flow.fragment && !flow.fragment_not_first && flow.has_ports);
    /* Middle and last: an offset; what stands there are not ports. */
    assert_int_equal(parse("4500001c 00072001 40110000" V4_ADDRESSES "01f41194 00080000"),
                     IPSEC_OK);
    assert_true(flow.fragment && flow.fragment_not_first && !flow.has_ports);
    assert_int_equal(parse("4500001c 00071fff 40110000" V4_ADDRESSES "01f41194 00080000"),
                     IPSEC_OK);
    assert_true(flow.fragment && flow.fragment_not_first && !flow.has_ports);
    assert_int_equal(flow.src_port | flow.dst_port, 0);
}

static void ipv6_tcp(void **state)
{
    (void)state;
    assert_int_equal(parse("6ab12345 000406ff" V6_SRC V6_DST "005001bb"), IPSEC_OK);
    assert_int_equal(flow.family, IPSEC_FAMILY_IPV6);
    assert_int_equal(flow.traffic_class, 0xab);
    assert_int_equal(flow.ttl, 255);
    assert_int_equal(flow.protocol, IPSECI_IP_TCP);
    assert_int_equal(flow.upper_at, 40);
    assert_int_equal(flow.total_length, 44);
    assert_true(flow.dont_fragment && flow.has_ports);
    assert_int_equal(flow.dst_port, 443);
    assert_memory_equal(flow.src, hex(V6_SRC).data, 16);
    assert_memory_equal(flow.dst, hex(V6_DST).data, 16);
}

static void ipv6_extension_headers_are_skipped(void **state)
{
    (void)state;
    /* Hop-by-hop (16 octets), routing, destination options, then UDP. */
    assert_int_equal(parse(V6("0024", "00") "2b010000 00000000 00000000 00000000 3c000000 00000000"
                                            "11000000 00000000 01f41194"),
                     IPSEC_OK);
    assert_int_equal(flow.protocol, IPSECI_IP_UDP);
    assert_int_equal(flow.upper_at, 72);
    assert_int_equal(flow.src_port, 500);
}

static void ipv6_extension_beyond_the_packet(void **state)
{
    (void)state;
    assert_int_equal(parse(V6("0008", "00") "06010000 00000000"), IPSEC_DROP_HEADER);
    assert_int_equal(parse(V6("0008", "00") "06ff0000 00000000"), IPSEC_DROP_HEADER);
    assert_int_equal(parse(V6("0007", "3c") "06000000 000000"), IPSEC_DROP_HEADER);
    assert_int_equal(parse(V6("0000", "00")), IPSEC_DROP_HEADER);
    /* There, but beyond the payload length. */
    assert_int_equal(parse(V6("0008", "00") "06010000 00000000 00000000 00000000"),
                     IPSEC_DROP_HEADER);
}

static void ipv6_walk_is_bounded(void **state)
{
    (void)state;
    for (size_t n = IPSECI_IPV6_EXTENSIONS_MAX - 1; n <= IPSECI_IPV6_EXTENSIONS_MAX + 1; n++) {
        uint8_t octets[40 + 8 * (IPSECI_IPV6_EXTENSIONS_MAX + 1)] = {0x60};
        octets[5] = (uint8_t)(8 * n);
        octets[6] = IPSECI_IP_DESTINATION;
        for (size_t i = 0; i < n; i++) {
            octets[40 + 8 * i] = i + 1 < n ? IPSECI_IP_DESTINATION : IPSECI_IP_NO_NEXT;
        }
        assert_int_equal(ipseci_ip_parse(exact(ipseci_view(octets, 40 + 8 * n)), &flow),
                         n <= IPSECI_IPV6_EXTENSIONS_MAX ? IPSEC_OK : IPSEC_DROP_HEADER);
    }
}

static void spd_10_ipv6_fragments(void **state)
{
    (void)state;
    assert_int_equal(parse(V6("000c", "2c") "11000001 00000007 01f41194"), IPSEC_OK);
    assert_true(flow.fragment && !flow.fragment_not_first && flow.has_ports);
    assert_int_equal(parse(V6("000c", "2c") "11000008 00000007 01f41194"), IPSEC_OK);
    assert_true(flow.fragment && flow.fragment_not_first && !flow.has_ports);
    assert_int_equal(flow.protocol, IPSECI_IP_UDP);
    /* RFC 6946: an atomic fragment is a whole packet. */
    assert_int_equal(parse(V6("000c", "2c") "11000000 00000007 01f41194"), IPSEC_OK);
    assert_true(!flow.fragment && flow.has_ports);
    /* A later fragment's content is no extension header. */
    assert_int_equal(parse(V6("000c", "2c") "3c000008 00000007 11ff1194"), IPSEC_OK);
    assert_int_equal(flow.protocol, IPSECI_IP_DESTINATION);
    assert_int_equal(flow.upper_at, 48);
}

static void spd_06_icmp_type_and_code_are_ports(void **state)
{
    (void)state;
    assert_int_equal(parse("45000018 00000000 40010000" V4_ADDRESSES "0301abcd"), IPSEC_OK);
    assert_true(flow.has_ports);
    assert_int_equal(flow.src_port, 3 * 256 + 1);
    assert_int_equal(flow.dst_port, 3 * 256 + 1);
    assert_int_equal(parse(V6("0004", "3a") "80000000"), IPSEC_OK);
    assert_int_equal(flow.dst_port, 128 * 256);
    assert_int_equal(parse(V6("0008", "87") "3b000500 00000000"), IPSEC_OK);
    assert_true(flow.has_ports);
    assert_int_equal(flow.src_port, 5 * 256);
}

static void spd_06_protocols_with_and_without_ports(void **state)
{
    (void)state;
    for (uint32_t protocol = 0; protocol < 256; protocol++) {
        uint8_t octets[28];
        memcpy(octets, hex("4500001c 00000000 40000000" V4_ADDRESSES "01f41194 00080000").data, 28);
        octets[9] = (uint8_t)protocol;
        assert_int_equal(ipseci_ip_parse(ipseci_view(octets, 28), &flow), IPSEC_OK);
        bool ports =
            protocol == 6 || protocol == 17 || protocol == 132 || protocol == 33 || protocol == 136;
        bool type = protocol == 1 || protocol == 58 || protocol == 135;
        assert_int_equal(flow.has_ports, ports || type);
        assert_int_equal(flow.dst_port == 4500, ports);
        assert_int_equal(flow.protocol, protocol);
    }
}

static void spd_06_ports_cut_short(void **state)
{
    (void)state;
    assert_int_equal(parse("45000017 00000000 40060000" V4_ADDRESSES "005001"), IPSEC_OK);
    assert_false(flow.has_ports);
    assert_int_equal(parse("45000015 00000000 40010000" V4_ADDRESSES "08"), IPSEC_OK);
    assert_false(flow.has_ports);
    assert_int_equal(parse("45000016 00000000 40010000" V4_ADDRESSES "0800"), IPSEC_OK);
    assert_true(flow.has_ports);
    assert_int_equal(parse(V6("0003", "87") "3b0005"), IPSEC_OK);
    assert_true(flow.has_ports);
    assert_int_equal(parse(V6("0002", "87") "3b00"), IPSEC_OK);
    assert_false(flow.has_ports);
    /* Octets that are there, but beyond the total length, are not ports. */
    assert_int_equal(parse("45000016 00000000 40060000" V4_ADDRESSES "005001bb"), IPSEC_OK);
    assert_false(flow.has_ports);
}

static void espb_19_esp_and_ah_are_upper_layers(void **state)
{
    (void)state;
    assert_int_equal(parse(V6("0008", "33") "32000000 00000000"), IPSEC_OK);
    assert_int_equal(flow.protocol, IPSECI_IP_AH);
    assert_false(flow.has_ports);
    assert_int_equal(parse(V6("0008", "32") "00000100 00000001"), IPSEC_OK);
    assert_int_equal(flow.protocol, IPSECI_IP_ESP);
    assert_false(flow.has_ports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(ipv4_udp),
        WIRE_TEST(ipv4_options),
        WIRE_TEST(pad_07_octets_beyond_the_total_length),
        WIRE_TEST(espb_13_versions),
        WIRE_TEST(ipv4_headers_that_contradict_themselves),
        WIRE_TEST(every_truncation_is_refused),
        WIRE_TEST(spd_10_ipv4_fragments),
        WIRE_TEST(ipv6_tcp),
        WIRE_TEST(ipv6_extension_headers_are_skipped),
        WIRE_TEST(ipv6_extension_beyond_the_packet),
        WIRE_TEST(ipv6_walk_is_bounded),
        WIRE_TEST(spd_10_ipv6_fragments),
        WIRE_TEST(spd_06_icmp_type_and_code_are_ports),
        WIRE_TEST(spd_06_protocols_with_and_without_ports),
        WIRE_TEST(spd_06_ports_cut_short),
        WIRE_TEST(espb_19_esp_and_ah_are_upper_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
