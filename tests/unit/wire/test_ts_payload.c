/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/ts_payload.h.
 */
#include "ts_payload.h"
#include "wire_test.h"

#define V4_NET  "07000010 0000ffff c0a80100 c0a801ff" /* 192.168.1.0/24, any */
#define V4_HOST "07110010 01f401f4 0a000001 0a000001" /* 10.0.0.1, UDP 500 */
#define V6_ANY  "08000028 0000ffff 00000000000000000000000000000000 ffffffffffffffffffffffffffffffff"
#define LABEL   "0a000008 aabbccdd" /* TS_SECLABEL, RFC 9478: unknown here */

static struct ipsec_selector out[4];
static struct ipseci_ts_result result;

static enum ipsec_status parse(const char *text)
{
    return ipseci_ts_parse(hex(text), out, 4, &result);
}

static void ts_01_both_families(void **state)
{
    (void)state;
    assert_int_equal(parse("03000000" V4_NET V6_ANY V4_HOST), IPSEC_OK);
    assert_int_equal(result.present, 3);
    assert_int_equal(result.stored, 3);
    assert_int_equal(result.unknown, 0);
    assert_false(result.truncated);
    assert_int_equal(out[0].family, IPSEC_FAMILY_IPV4);
    assert_memory_equal(out[0].first, hex("c0a80100 000000000000000000000000").data, 16);
    assert_memory_equal(out[0].last, hex("c0a801ff 000000000000000000000000").data, 16);
    assert_int_equal(out[1].family, IPSEC_FAMILY_IPV6);
    assert_int_equal(out[1].last[15], 0xff);
    assert_int_equal(out[2].protocol, 17);
    assert_int_equal(out[2].port_first, 500);
    assert_int_equal(out[2].port_last, 500);
}

static void ts_01_cve_2023_23009_counts(void **state)
{
    (void)state;
    assert_int_equal(parse("00000000"), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse("00000000" V4_NET), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse("02000000" V4_NET), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse("ff000000" V4_NET), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse("01000000" V4_NET V4_NET), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse("01000000" V4_NET "00"), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse(""), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse("010000"), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse("000000"), IPSEC_DROP_TRUNCATED);
}

static void ts_01_vpp_ab63c830114_lengths(void **state)
{
    (void)state;
    /* IPv4 with the length of IPv6 and the reverse, and around them. */
    assert_int_equal(parse("01000000 07000028 0000ffff c0a80100 c0a801ff"), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse("01000000 08000010 0000ffff c0a80100 c0a801ff"), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse("01000000 0700000f 0000ffff c0a80100 c0a801"), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse("01000000 07000000 0000ffff c0a80100 c0a801ff"), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse("01000000 0700ffff 0000ffff c0a80100 c0a801ff"), IPSEC_DROP_MALFORMED);
    /* Unknown types: no shorter than their own header, no longer than the payload. */
    assert_int_equal(parse("02000000" V4_NET "0a000003"), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse("02000000" V4_NET "0a000005"), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse("02000000" V4_NET "0a000004"), IPSEC_OK);
}

static void ts_01_every_truncation_is_refused(void **state)
{
    (void)state;
    struct ipsec_view whole = hex("03000000" V4_NET V6_ANY V4_HOST);
    for (size_t n = 0; n < whole.length; n++) {
        struct ipsec_view part = exact(ipseci_view(whole.data, n));
        assert_int_equal(ipseci_ts_parse(part, out, 4, &result), IPSEC_DROP_TRUNCATED);
    }
}

static void ts_02_ranges_that_run_backwards(void **state)
{
    (void)state;
    assert_int_equal(parse("01000000 07000010 0000ffff c0a801ff c0a80100"), IPSEC_DROP_SELECTORS);
    assert_int_equal(parse("01000000 07060010 01f501f4 c0a80100 c0a801ff"), IPSEC_DROP_SELECTORS);
    assert_int_equal(parse("01000000 08000028 0000ffff ffffffffffffffffffffffffffffffff"
                           "fffffffffffffffffffffffffffffffe"),
                     IPSEC_DROP_SELECTORS);
    /* Also when another one is good, and when it would not have been stored. */
    assert_int_equal(parse("02000000" V4_NET "07000010 0000ffff c0a801ff c0a80100"),
                     IPSEC_DROP_SELECTORS);
    assert_int_equal(ipseci_ts_parse(hex("02000000" V4_NET "07000010 0000ffff c0a801ff c0a80100"),
                                     out, 1, &result),
                     IPSEC_DROP_SELECTORS);
    /* A fault in structure weighs more than one in content. */
    assert_int_equal(parse("02000000 07000010 0000ffff c0a801ff c0a80100 07000011"),
                     IPSEC_DROP_MALFORMED);
}

static void ts_03_opaque_ports(void **state)
{
    (void)state;
    assert_int_equal(parse("01000000 07000010 ffff0000 c0a80100 c0a801ff"), IPSEC_OK);
    assert_int_equal(out[0].port_first, 65535);
    assert_int_equal(out[0].port_last, 0);
    assert_int_equal(parse("01000000 07000010 ffff0001 c0a80100 c0a801ff"), IPSEC_DROP_SELECTORS);
    assert_int_equal(parse("01000000 07000010 fffe0000 c0a80100 c0a801ff"), IPSEC_DROP_SELECTORS);
}

static void ts_04_any(void **state)
{
    (void)state;
    assert_int_equal(parse("01000000" V6_ANY), IPSEC_OK);
    assert_int_equal(out[0].protocol, 0);
    assert_int_equal(out[0].port_first, 0);
    assert_int_equal(out[0].port_last, 65535);
}

static void ts_05_icmp_type_and_code(void **state)
{
    (void)state;
    assert_int_equal(parse("01000000 07010010 080008ff c0a80100 c0a801ff"), IPSEC_OK);
    assert_int_equal(out[0].port_first, 8 * 256);
    assert_int_equal(out[0].port_last, 8 * 256 + 255);
}

static void ts_06_unknown_types(void **state)
{
    (void)state;
    assert_int_equal(parse("02000000" LABEL V4_NET), IPSEC_OK);
    assert_int_equal(result.present, 2);
    assert_int_equal(result.stored, 1);
    assert_int_equal(result.unknown, 1);
    assert_int_equal(out[0].family, IPSEC_FAMILY_IPV4);
    assert_int_equal(parse("01000000" LABEL), IPSEC_DROP_SELECTORS);
    assert_int_equal(result.stored, 0);
}

static void more_than_the_room(void **state)
{
    (void)state;
    struct ipsec_view body = hex("03000000" V4_NET V6_ANY V4_HOST);
    out[2].protocol = 99;
    assert_int_equal(ipseci_ts_parse(body, out, 2, &result), IPSEC_OK);
    assert_true(result.truncated);
    assert_int_equal(result.present, 3);
    assert_int_equal(result.stored, 2);
    assert_int_equal(out[2].protocol, 99);
    assert_int_equal(ipseci_ts_parse(body, NULL, 0, &result), IPSEC_OK);
    assert_int_equal(result.stored, 0);
}

static void list_of_a_child_sa(void **state)
{
    (void)state;
    struct ipsec_selectors list = {.count = 9};
    assert_int_equal(ipseci_ts_parse_list(hex("02000000" V4_NET V6_ANY), &list, &result), IPSEC_OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(
        ipseci_ts_parse_list(hex("05000000" V4_NET V4_NET V4_NET V4_NET V4_NET), &list, &result),
        IPSEC_OK);
    assert_int_equal(list.count, IPSEC_SELECTORS_MAX);
    assert_true(result.truncated);
    assert_int_equal(ipseci_ts_parse_list(hex("02000000" V4_NET), &list, &result),
                     IPSEC_DROP_TRUNCATED);
    assert_int_equal(list.count, 0);
}

static void build_gives_the_octets_back(void **state)
{
    (void)state;
    uint8_t buffer[128];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    assert_int_equal(parse("03000000" V4_NET V6_ANY V4_HOST), IPSEC_OK);
    ipseci_ts_build(&w, out, 3);
    assert_written(&w, "03000000" V4_NET V6_ANY V4_HOST);
    w = ipseci_writer_init(buffer, w.used - 1);
    ipseci_ts_build(&w, out, 3);
    assert_true(w.failed);
}

static void build_refuses_none_and_over_255(void **state)
{
    (void)state;
    static uint8_t buffer[256 * 16 + 4];
    static struct ipsec_selector many[256];
    for (size_t i = 0; i < 256; i++) {
        many[i].family = IPSEC_FAMILY_IPV4;
    }
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_ts_build(&w, many, 0);
    assert_true(w.failed);
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_ts_build(&w, many, 256);
    assert_true(w.failed);
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_ts_build(&w, many, 255);
    assert_false(w.failed);
    assert_int_equal(ipseci_ts_parse(ipseci_written(&w), out, 4, &result), IPSEC_OK);
    assert_int_equal(result.present, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(ts_01_both_families),
        WIRE_TEST(ts_01_cve_2023_23009_counts),
        WIRE_TEST(ts_01_vpp_ab63c830114_lengths),
        WIRE_TEST(ts_01_every_truncation_is_refused),
        WIRE_TEST(ts_02_ranges_that_run_backwards),
        WIRE_TEST(ts_03_opaque_ports),
        WIRE_TEST(ts_04_any),
        WIRE_TEST(ts_05_icmp_type_and_code),
        WIRE_TEST(ts_06_unknown_types),
        WIRE_TEST(more_than_the_room),
        WIRE_TEST(list_of_a_child_sa),
        WIRE_TEST(build_gives_the_octets_back),
        WIRE_TEST(build_refuses_none_and_over_255),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
