/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the building half of lib/wire/ip_header.h.
 */
#include "ip_header.h"
#include "wire_test.h"

#define V6_SRC "20010db8 00000000 00000000 00000001"
#define V6_DST "20010db8 00000000 00000000 00000002"

static struct ipseci_ip_outer outer4(void)
{
    return (struct ipseci_ip_outer){.family = IPSEC_FAMILY_IPV4,
                                    .protocol = IPSECI_IP_ESP,
                                    .traffic_class = 0xb8,
                                    .ttl = 64,
                                    .dont_fragment = true,
                                    .src = hex("c0a80101").data,
                                    .dst = hex("c0a80202").data};
}

static struct ipseci_ip_outer outer6(void)
{
    return (struct ipseci_ip_outer){.family = IPSEC_FAMILY_IPV6,
                                    .protocol = IPSECI_IP_ESP,
                                    .traffic_class = 0xab,
                                    .ttl = 255,
                                    .flow_label = 0xfff12345,
                                    .src = hex(V6_SRC).data,
                                    .dst = hex(V6_DST).data};
}

static void espb_03_ipv4_outer_header(void **state)
{
    (void)state;
    uint8_t out[20];
    struct ipseci_ip_outer o = outer4();
    assert_int_equal(ipseci_ip_build(out, &o, 100), 20);
    assert_memory_equal(out, hex("45b80078 00004000 4032").data, 10);
    assert_memory_equal(out + 12, hex("c0a80101 c0a80202").data, 8);
    assert_true(ipseci_ipv4_checksum_valid(out));
    o.dont_fragment = false;
    o.id = 0x1234;
    assert_int_equal(ipseci_ip_build(out, &o, 100), 20);
    assert_memory_equal(out + 4, hex("12340000").data, 4);
}

static void espb_03_ipv6_outer_header(void **state)
{
    (void)state;
    uint8_t out[40];
    struct ipseci_ip_outer o = outer6();
    assert_int_equal(ipseci_ip_build(out, &o, 100), 40);
    assert_memory_equal(out, hex("6ab12345 006432ff" V6_SRC V6_DST).data, 40);
}

static void what_is_built_is_parsed(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        uint8_t out[48] = {0};
        struct ipseci_flow flow;
        struct ipseci_ip_outer o = i == 0 ? outer4() : outer6();
        size_t n = ipseci_ip_build(out, &o, 8);
        assert_int_equal(ipseci_ip_parse(ipseci_view(out, n + 8), &flow), IPSEC_OK);
        assert_int_equal(flow.family, o.family);
        assert_int_equal(flow.protocol, o.protocol);
        assert_int_equal(flow.traffic_class, o.traffic_class);
        assert_int_equal(flow.ttl, o.ttl);
        assert_int_equal(flow.total_length, n + 8);
        assert_true(flow.dont_fragment);
    }
}

static void lengths_that_do_not_fit(void **state)
{
    (void)state;
    uint8_t out[40];
    struct ipseci_ip_outer o = outer4();
    assert_int_equal(ipseci_ip_build(out, &o, 65515), 20);
    assert_int_equal(ipseci_ip_build(out, &o, 65516), 0);
    o = outer6();
    assert_int_equal(ipseci_ip_build(out, &o, 65535), 40);
    assert_int_equal(ipseci_ip_build(out, &o, 65536), 0);
    o.family = IPSEC_FAMILY_NONE;
    assert_int_equal(ipseci_ip_build(out, &o, 8), 0);
}

static void checksum_known_answers(void **state)
{
    (void)state;
    /* RFC 1071 3: the sum of these is ddf2. */
    assert_int_equal(ipseci_checksum(hex("0001f203f4f5f6f7"), 0), (uint16_t)~0xddf2);
    assert_int_equal(ipseci_checksum(hex("45000073 00004000 40110000 c0a80001 c0a800c7"), 0),
                     0xb861);
    assert_int_equal(ipseci_checksum(hex("01"), 0), (uint16_t)~0x0100);
    assert_int_equal(ipseci_checksum(hex(""), 0), 0xffff);
    assert_int_equal(ipseci_checksum(hex(""), 0x1fffe), 0);
    assert_int_equal(ipseci_checksum(hex("ffffffff"), 0xffff), 0);
}

static void checksum_validity(void **state)
{
    (void)state;
    assert_true(
        ipseci_ipv4_checksum_valid(hex("45000073 00004000 4011b861 c0a80001 c0a800c7").data));
    assert_false(
        ipseci_ipv4_checksum_valid(hex("45000073 00004000 4011b862 c0a80001 c0a800c7").data));
    assert_false(ipseci_ipv4_checksum_valid(
        hex("46000073 00004000 4011b861 c0a80001 c0a800c7 00000000").data));
}

/* RFC 1624: updating gives what computing anew gives, for every value of the field. */
static void checksum_update_equals_recomputation(void **state)
{
    (void)state;
    uint8_t header[20];
    struct ipseci_ip_outer o = outer4();
    ipseci_ip_build(header, &o, 100);
    uint16_t checksum = ipseci_load16(header + 10);
    uint16_t old = ipseci_load16(header + 4);
    for (uint32_t now = 0; now <= 0xffff; now++) {
        uint16_t updated = ipseci_checksum_update(checksum, old, (uint16_t)now);
        ipseci_store16(header + 4, (uint16_t)now);
        ipseci_store16(header + 10, updated);
        if (!ipseci_ipv4_checksum_valid(header)) {
            fail_msg("field %u", (unsigned)now);
        }
    }
}

static void template_is_finished_per_packet(void **state)
{
    (void)state;
    uint8_t header[40];
    struct ipseci_ip_outer o = outer4();
    ipseci_ip_build(header, &o, 0);
    ipseci_ipv4_finish(header, 0xb9, 1500, 0xbeef);
    assert_int_equal(header[1], 0xb9);
    assert_int_equal(ipseci_load16(header + 2), 1500);
    assert_int_equal(ipseci_load16(header + 4), 0xbeef);
    assert_true(ipseci_ipv4_checksum_valid(header));
    o = outer6();
    ipseci_ip_build(header, &o, 0);
    ipseci_ipv6_finish(header, 1500);
    assert_int_equal(ipseci_load16(header + 4), 1460);
}

/* All at once as one after the other, whatever stood there: also where the sum comes out as zero.
 */
static void template_is_finished_as_by_single_fields(void **state)
{
    (void)state;
    const struct ipseci_ip_outer o = outer4();
    uint8_t header[20];
    uint8_t single[20];
    ipseci_ip_build(header, &o, 0);
    for (uint32_t id = 0; id <= 0xffff; id++) {
        const uint8_t traffic_class = (uint8_t)(id * 7);
        const uint16_t total = (uint16_t)(id * 31);
        memcpy(single, header, sizeof(single));
        ipseci_ipv4_finish(header, traffic_class, total, (uint16_t)id);
        ipseci_ip_set_traffic_class(single, traffic_class);
        ipseci_ip_set_length(single, total);
        ipseci_store16(single + 10,
                       ipseci_checksum_update(ipseci_load16(single + 10), ipseci_load16(single + 4),
                                              (uint16_t)id));
        ipseci_store16(single + 4, (uint16_t)id);
        assert_memory_equal(header, single, sizeof(single));
        assert_true(ipseci_ipv4_checksum_valid(header));
    }
}

static void espb_15_16_ttl_and_traffic_class_change_in_place(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        uint8_t before[48] = {0};
        uint8_t after[48];
        struct ipseci_flow flow;
        struct ipseci_ip_outer o = i == 0 ? outer4() : outer6();
        size_t n = ipseci_ip_build(before, &o, 8);
        memcpy(after, before, sizeof(after));
        ipseci_ip_set_ttl(after, 7);
        ipseci_ip_set_traffic_class(after, 0x5a);
        assert_int_equal(ipseci_ip_parse(ipseci_view(after, n + 8), &flow), IPSEC_OK);
        assert_int_equal(flow.ttl, 7);
        assert_int_equal(flow.traffic_class, 0x5a);
        assert_true(i == 1 || ipseci_ipv4_checksum_valid(after));
        ipseci_ip_set_ttl(after, o.ttl);
        ipseci_ip_set_traffic_class(after, o.traffic_class);
        assert_memory_equal(after, before, sizeof(after));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(espb_03_ipv4_outer_header),
        WIRE_TEST(espb_03_ipv6_outer_header),
        WIRE_TEST(what_is_built_is_parsed),
        WIRE_TEST(lengths_that_do_not_fit),
        WIRE_TEST(checksum_known_answers),
        WIRE_TEST(checksum_validity),
        WIRE_TEST(checksum_update_equals_recomputation),
        WIRE_TEST(template_is_finished_per_packet),
        WIRE_TEST(template_is_finished_as_by_single_fields),
        WIRE_TEST(espb_15_16_ttl_and_traffic_class_change_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
