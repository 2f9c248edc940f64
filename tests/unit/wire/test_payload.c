/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/payload.h.
 */
#include "payload.h"
#include "wire_test.h"

static struct ipseci_payloads payloads;
static struct ipsec_view rest;

static enum ipsec_status parse(uint8_t first, const char *text)
{
    return ipseci_payloads_parse(first, hex(text), &payloads, &rest);
}

static void chain_becomes_views(void **state)
{
    (void)state;
    assert_int_equal(parse(34, "28000006 aabb 29000005 cc 00000004"), IPSEC_OK);
    assert_int_equal(payloads.count, 3);
    assert_int_equal(payloads.item[0].type, IPSECI_PAYLOAD_KE);
    assert_int_equal(payloads.item[0].next_payload, IPSECI_PAYLOAD_NONCE);
    assert_view(payloads.item[0].body, "aabb");
    assert_int_equal(payloads.item[1].type, IPSECI_PAYLOAD_NONCE);
    assert_view(payloads.item[1].body, "cc");
    assert_int_equal(payloads.item[2].type, IPSECI_PAYLOAD_NOTIFY);
    assert_int_equal(payloads.item[2].body.length, 0);
    assert_int_equal(rest.length, 0);
    assert_int_equal(payloads.unknown_count, 0);
}

static void known_types(void **state)
{
    (void)state;
    for (uint32_t type = 1; type < 256; type++) {
        bool known = (type >= 33 && type <= 48) || type == 53;
        assert_int_equal(parse((uint8_t)type, "00000005 cc"), IPSEC_OK);
        assert_int_equal(payloads.count, known);
        assert_int_equal(payloads.unknown_count, !known);
    }
}

static void info_01_empty_chain(void **state)
{
    (void)state;
    assert_int_equal(parse(0, ""), IPSEC_OK);
    assert_int_equal(payloads.count, 0);
    assert_int_equal(parse(0, "aabb"), IPSEC_OK);
    assert_view(rest, "aabb");
}

static void rest_may_be_null(void **state)
{
    (void)state;
    assert_int_equal(ipseci_payloads_parse(40, hex("00000004"), &payloads, NULL), IPSEC_OK);
}

static void find_count_next(void **state)
{
    (void)state;
    assert_int_equal(parse(41, "29000005 01 28000005 02 29000005 03 00000005 04"), IPSEC_OK);
    assert_int_equal(ipseci_payload_count(&payloads, IPSECI_PAYLOAD_NOTIFY), 3);
    assert_int_equal(ipseci_payload_count(&payloads, IPSECI_PAYLOAD_SA), 0);
    assert_null(ipseci_payload_find(&payloads, IPSECI_PAYLOAD_SA));
    assert_view(ipseci_payload_find(&payloads, IPSECI_PAYLOAD_NONCE)->body, "03");
    uint32_t cursor = 0;
    assert_view(ipseci_payload_next(&payloads, IPSECI_PAYLOAD_NOTIFY, &cursor)->body, "01");
    assert_view(ipseci_payload_next(&payloads, IPSECI_PAYLOAD_NOTIFY, &cursor)->body, "02");
    assert_view(ipseci_payload_next(&payloads, IPSECI_PAYLOAD_NOTIFY, &cursor)->body, "04");
    assert_null(ipseci_payload_next(&payloads, IPSECI_PAYLOAD_NOTIFY, &cursor));
    assert_null(ipseci_payload_next(&payloads, IPSECI_PAYLOAD_NOTIFY, &cursor));
}

static void crit_01_unknown_not_critical_is_skipped(void **state)
{
    (void)state;
    static const uint8_t types[] = {1, 32, 49, 52, 54, 127, 128, 255};
    for (size_t i = 0; i < IPSECI_COUNT(types); i++) {
        assert_int_equal(parse(types[i], "28000006 aabb 00000005 cc"), IPSEC_OK);
        assert_int_equal(payloads.count, 1);
        assert_int_equal(payloads.item[0].type, IPSECI_PAYLOAD_NONCE);
        assert_int_equal(payloads.unknown_count, 1);
        assert_int_equal(payloads.unknown_critical, 0);
    }
}

static void crit_02_03_first_unknown_critical_is_reported(void **state)
{
    (void)state;
    assert_int_equal(parse(49, "c8000004 fe800004 28800004 00000005 cc"), IPSEC_OK);
    assert_int_equal(payloads.unknown_critical, 200);
    assert_int_equal(payloads.unknown_count, 3);
    assert_int_equal(payloads.count, 1);
}

static void crit_04_critical_on_a_known_payload(void **state)
{
    (void)state;
    assert_int_equal(parse(40, "00800005 cc"), IPSEC_OK);
    assert_int_equal(payloads.unknown_critical, 0);
    assert_true(payloads.item[0].critical);
}

static void crit_05_reserved_bits_are_ignored(void **state)
{
    (void)state;
    assert_int_equal(parse(49, "287f0004 007f0005 cc"), IPSEC_OK);
    assert_int_equal(payloads.unknown_critical, 0);
    assert_false(payloads.item[0].critical);
}

/* CVE-2003-0108: length 0 must not loop. */
static void crit_06_cve_2003_0108_length_below_four(void **state)
{
    (void)state;
    assert_int_equal(parse(40, "28000000"), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse(40, "28000003 aabbcc"), IPSEC_DROP_MALFORMED);
    assert_int_equal(parse(49, "31000000"), IPSEC_DROP_MALFORMED);
}

static void crit_06_length_beyond_the_message(void **state)
{
    (void)state;
    assert_int_equal(parse(40, "00000006 cc"), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse(40, "0000ffff cc"), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse(40, "000000"), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse(40, ""), IPSEC_DROP_TRUNCATED);
    assert_int_equal(parse(40, "28000004"), IPSEC_DROP_TRUNCATED);
}

/* `count` payloads of four octets, all of one type. */
static struct ipsec_view many(uint8_t type, size_t count)
{
    static uint8_t octets[4 * 2000];
    for (size_t i = 0; i < count; i++) {
        ipseci_store32(octets + 4 * i, (uint32_t)(i + 1 < count ? type : 0) << 24 | 4);
    }
    return exact(ipseci_view(octets, 4 * count));
}

static void crit_07_known_payloads_up_to_the_limit(void **state)
{
    (void)state;
    assert_int_equal(ipseci_payloads_parse(43, many(43, IPSECI_PAYLOADS_MAX), &payloads, &rest),
                     IPSEC_OK);
    assert_int_equal(payloads.count, IPSECI_PAYLOADS_MAX);
    assert_int_equal(ipseci_payloads_parse(43, many(43, IPSECI_PAYLOADS_MAX + 1), &payloads, &rest),
                     IPSEC_DROP_PAYLOADS);
    assert_int_equal(ipseci_payloads_parse(43, many(43, 2000), &payloads, &rest),
                     IPSEC_DROP_PAYLOADS);
}

static void cve_2026_12413_frag_07_many_unknown_before_skf(void **state)
{
    (void)state;
    static uint8_t octets[4 * 2000 + 12];
    struct ipsec_view unknown = many(200, 2000);
    memcpy(octets, unknown.data, unknown.length);
    octets[4 * 1999] = IPSECI_PAYLOAD_SKF;
    memcpy(octets + 8000, hex("2300000c 00010002 aabbccdd").data, 12);
    struct ipsec_view body = exact(ipseci_view(octets, sizeof(octets)));
    assert_int_equal(ipseci_payloads_parse(200, body, &payloads, &rest), IPSEC_OK);
    assert_int_equal(payloads.count, 1);
    assert_int_equal(payloads.unknown_count, 2000);
    assert_int_equal(payloads.item[0].type, IPSECI_PAYLOAD_SKF);
    assert_int_equal(payloads.item[0].next_payload, IPSECI_PAYLOAD_IDI);
}

static void crit_08_cve_2015_3991_ikev1_types_are_unknown(void **state)
{
    (void)state;
    for (uint8_t type = 1; type <= 13; type++) {
        assert_int_equal(parse(type, "00800006 aabb"), IPSEC_OK);
        assert_int_equal(payloads.count, 0);
        assert_int_equal(payloads.unknown_critical, type);
    }
}

static void sk_01_nothing_after_sk_is_looked_at(void **state)
{
    (void)state;
    static const uint8_t types[] = {IPSECI_PAYLOAD_SK, IPSECI_PAYLOAD_SKF};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(parse(types[i], "23000006 aabb 00000000"), IPSEC_OK);
        assert_int_equal(payloads.count, 1);
        assert_int_equal(payloads.item[0].next_payload, IPSECI_PAYLOAD_IDI);
        assert_view(payloads.item[0].body, "aabb");
        assert_view(rest, "00000000");
    }
}

#define HEADER(next, length) "1122334455667788 0000000000000000" next "20 22 08 00000000" length

static void message_in_one_go(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    struct ipsec_view v = hex(HEADER("28", "00000021") "00000005 cc");
    assert_int_equal(ipseci_message_parse(v, &h, &payloads), IPSEC_OK);
    assert_int_equal(payloads.count, 1);
    assert_int_equal(h.length, 33);
}

static void init_05_length_and_payloads_contradict(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    /* Length covers more than the payloads. */
    struct ipsec_view v = hex(HEADER("28", "00000022") "00000005 cc 00");
    assert_int_equal(ipseci_message_parse(v, &h, &payloads), IPSEC_DROP_MALFORMED);
    /* The payloads cover more than Length. */
    v = hex(HEADER("28", "00000020") "00000005 cc");
    assert_int_equal(ipseci_message_parse(v, &h, &payloads), IPSEC_DROP_MALFORMED);
    v = hex(HEADER("28", "00000020") "00000005");
    assert_int_equal(ipseci_message_parse(v, &h, &payloads), IPSEC_DROP_TRUNCATED);
    /* SK is not last. */
    v = hex(HEADER("2e", "00000025") "00000005 cc 00000004");
    assert_int_equal(ipseci_message_parse(v, &h, &payloads), IPSEC_DROP_MALFORMED);
}

static void ver_02_message_of_another_version(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    payloads.count = 9;
    struct ipsec_view v = hex("1122334455667788 0000000000000000 01 30 22 08 00000005 0000001c");
    assert_int_equal(ipseci_message_parse(v, &h, &payloads), IPSEC_DROP_VERSION);
    assert_int_equal(h.message_id, 5);
    assert_int_equal(payloads.count, 0);
}

static void chain_is_built_and_linked(void **state)
{
    (void)state;
    uint8_t buffer[64];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    struct ipseci_ike_header h = {.spi_i = 1, .version = IPSECI_IKE_VERSION, .exchange = 34};
    ipseci_ike_header_build(&w, &h);
    struct ipseci_chain chain = ipseci_chain_init(&w, IPSECI_IKE_NEXT_PAYLOAD_AT);
    assert_int_equal(ipseci_payload_begin(&chain, IPSECI_PAYLOAD_NONCE), 32);
    ipseci_write16(&w, 0xaabb);
    ipseci_payload_end(&chain);
    assert_int_equal(ipseci_payload_begin(&chain, IPSECI_PAYLOAD_VENDOR), 38);
    ipseci_payload_end(&chain);
    ipseci_ike_header_finish(&w, 0);
    assert_written(&w, "0000000000000001 0000000000000000 28 20 22 00 00000000 00000026"
                       "2b000006 aabb 00000004");
    assert_int_equal(ipseci_message_parse(ipseci_written(&w), &h, &payloads), IPSEC_OK);
    assert_int_equal(payloads.count, 2);
}

static void sk_01_inner_chain_hangs_on_sk(void **state)
{
    (void)state;
    uint8_t buffer[64] = {0};
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_write8(&w, 0xff); /* stands for the header's next payload octet */
    struct ipseci_chain outer = ipseci_chain_init(&w, 0);
    ipseci_payload_begin(&outer, IPSECI_PAYLOAD_SK);
    struct ipseci_chain inner = ipseci_chain_init(&w, outer.begin_at);
    ipseci_write16(&w, 0x1111); /* IV */
    ipseci_payload_begin(&inner, IPSECI_PAYLOAD_IDI);
    ipseci_payload_end(&inner);
    ipseci_payload_begin(&inner, IPSECI_PAYLOAD_AUTH);
    ipseci_payload_end(&inner);
    ipseci_write16(&w, 0x2222); /* ICV */
    ipseci_payload_end(&outer);
    assert_written(&w, "2e 23000010 1111 27000004 00000004 2222");
}

static void building_without_room_fails(void **state)
{
    (void)state;
    uint8_t buffer[40];
    for (size_t room = 0; room < 11; room++) {
        struct ipseci_writer w = ipseci_writer_init(buffer, room);
        ipseci_write8(&w, 0);
        struct ipseci_chain chain = ipseci_chain_init(&w, 0);
        ipseci_payload_begin(&chain, IPSECI_PAYLOAD_NONCE);
        ipseci_write16(&w, 0);
        ipseci_payload_end(&chain);
        ipseci_payload_begin(&chain, IPSECI_PAYLOAD_NONCE);
        ipseci_payload_end(&chain);
        assert_true(w.failed);
    }
}

static void payload_over_65535_octets_fails(void **state)
{
    (void)state;
    static uint8_t buffer[70000];
    for (size_t excess = 0; excess < 2; excess++) {
        struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
        ipseci_write8(&w, 0);
        struct ipseci_chain chain = ipseci_chain_init(&w, 0);
        ipseci_payload_begin(&chain, IPSECI_PAYLOAD_CERT);
        ipseci_write_zeros(&w, 65531 + excess);
        ipseci_payload_end(&chain);
        assert_int_equal(w.failed, excess == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(chain_becomes_views),
        WIRE_TEST(known_types),
        WIRE_TEST(info_01_empty_chain),
        WIRE_TEST(rest_may_be_null),
        WIRE_TEST(find_count_next),
        WIRE_TEST(crit_01_unknown_not_critical_is_skipped),
        WIRE_TEST(crit_02_03_first_unknown_critical_is_reported),
        WIRE_TEST(crit_04_critical_on_a_known_payload),
        WIRE_TEST(crit_05_reserved_bits_are_ignored),
        WIRE_TEST(crit_06_cve_2003_0108_length_below_four),
        WIRE_TEST(crit_06_length_beyond_the_message),
        WIRE_TEST(crit_07_known_payloads_up_to_the_limit),
        WIRE_TEST(cve_2026_12413_frag_07_many_unknown_before_skf),
        WIRE_TEST(crit_08_cve_2015_3991_ikev1_types_are_unknown),
        WIRE_TEST(sk_01_nothing_after_sk_is_looked_at),
        WIRE_TEST(message_in_one_go),
        WIRE_TEST(init_05_length_and_payloads_contradict),
        WIRE_TEST(ver_02_message_of_another_version),
        WIRE_TEST(chain_is_built_and_linked),
        WIRE_TEST(sk_01_inner_chain_hangs_on_sk),
        WIRE_TEST(building_without_room_fails),
        WIRE_TEST(payload_over_65535_octets_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
