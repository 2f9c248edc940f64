/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/notify.h.
 */
#include "notify.h"
#include "wire_test.h"

static void body_is_read(void **state)
{
    (void)state;
    struct ipseci_notify n;
    assert_int_equal(ipseci_notify_parse(hex("0304 4009 c0ffee01 aabb"), &n), IPSEC_OK);
    assert_int_equal(n.protocol, 3);
    assert_int_equal(n.type, IPSECI_NOTIFY_REKEY_SA);
    assert_view(n.spi, "c0ffee01");
    assert_view(n.data, "aabb");
    assert_int_equal(ipseci_notify_parse(hex("0000 000e"), &n), IPSEC_OK);
    assert_int_equal(n.type, IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN);
    assert_int_equal(n.spi.length + n.data.length, 0);
}

static void short_bodies_and_spis_are_refused(void **state)
{
    (void)state;
    struct ipseci_notify n;
    assert_int_equal(ipseci_notify_parse(hex(""), &n), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_notify_parse(hex("000040"), &n), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_notify_parse(hex("0304 4009 c0ffee"), &n), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_notify_parse(hex("03ff 4009 c0ffee01"), &n), IPSEC_DROP_TRUNCATED);
}

static void build_gives_the_octets_back(void **state)
{
    (void)state;
    static uint8_t buffer[300];
    static const uint8_t spi[256];
    struct ipseci_notify n = {
        .protocol = 3, .type = IPSECI_NOTIFY_REKEY_SA, .spi = hex("c0ffee01"), .data = hex("aabb")};
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_notify_build(&w, &n);
    assert_written(&w, "0304 4009 c0ffee01 aabb");
    w = ipseci_writer_init(buffer, 9);
    ipseci_notify_build(&w, &n);
    assert_true(w.failed);
    n.spi = ipseci_view(spi, 255);
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_notify_build(&w, &n);
    assert_false(w.failed);
    assert_int_equal(buffer[1], 255);
    n.spi = ipseci_view(spi, 256);
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_notify_build(&w, &n);
    assert_true(w.failed);
}

static void add_makes_whole_payloads(void **state)
{
    (void)state;
    uint8_t buffer[64];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_write8(&w, 0);
    struct ipseci_chain chain = ipseci_chain_init(&w, 0);
    struct ipseci_notify n = {.protocol = 3, .type = 44, .spi = hex("c0ffee01")};
    ipseci_notify_add(&chain, IPSECI_NOTIFY_COOKIE, hex("abcd"));
    ipseci_notify_add(&chain, IPSECI_NOTIFY_INITIAL_CONTACT, ipseci_view(NULL, 0));
    ipseci_notify_add_full(&chain, &n);
    assert_written(&w, "29 2900000a 00004006 abcd 29000008 00004000 0000000c 0304002c c0ffee01");
}

/* A cookie, a payload that is too short, two of one type. */
static struct ipseci_payloads mixed(bool damaged)
{
    struct ipseci_payloads p;
    struct ipsec_view body =
        hex(damaged ? "29000009 00004006 aa 29000007 000040 28000009 0000400e bb"
                      "29000005 cc 00000009 0000400e dd"
                    : "29000009 00004006 aa 29000008 00004000 28000009 0000400e"
                      "bb 29000005 cc 00000009 0000400e dd");
    assert_int_equal(ipseci_payloads_parse(41, body, &p, NULL), IPSEC_OK);
    return p;
}

static void iterate_and_find(void **state)
{
    (void)state;
    struct ipseci_payloads p = mixed(false);
    struct ipseci_notify n;
    uint32_t cursor = 0;
    static const uint16_t types[] = {16390, 16384, 16398, 16398};
    assert_int_equal(ipseci_notifies_check(&p), IPSEC_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_true(ipseci_notify_next(&p, &cursor, &n));
        assert_int_equal(n.type, types[i]);
    }
    assert_false(ipseci_notify_next(&p, &cursor, &n));
    assert_true(ipseci_notify_find(&p, 16398, &n));
    assert_view(n.data, "bb");
    assert_true(ipseci_notify_find(&p, 16384, NULL));
    memset(&n, 0x55, sizeof(n));
    assert_false(ipseci_notify_find(&p, 16385, &n));
    assert_int_equal(n.type, 0x5555);
}

static void malformed_ones_are_told_and_skipped(void **state)
{
    (void)state;
    struct ipseci_payloads p = mixed(true);
    struct ipseci_notify n;
    uint32_t cursor = 0;
    assert_int_equal(ipseci_notifies_check(&p), IPSEC_DROP_TRUNCATED);
    assert_true(ipseci_notify_next(&p, &cursor, &n));
    assert_true(ipseci_notify_next(&p, &cursor, &n));
    assert_view(n.data, "bb");
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(ipseci_notify_name(7), "INVALID_SYNTAX");
    assert_string_equal(ipseci_notify_name(16388), "NAT_DETECTION_SOURCE_IP");
    assert_string_equal(ipseci_notify_name(16431), "SIGNATURE_HASH_ALGORITHMS");
    assert_null(ipseci_notify_name(0));
    assert_null(ipseci_notify_name(40960));
    assert_null(ipseci_notify_name(65535));
}

/* The IANA numbers, once more and apart from the enum. */
static void numbers(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        const char *name;
    } iana[] = {
        {1, "UNSUPPORTED_CRITICAL_PAYLOAD"},
        {4, "INVALID_IKE_SPI"},
        {5, "INVALID_MAJOR_VERSION"},
        {9, "INVALID_MESSAGE_ID"},
        {11, "INVALID_SPI"},
        {14, "NO_PROPOSAL_CHOSEN"},
        {17, "INVALID_KE_PAYLOAD"},
        {24, "AUTHENTICATION_FAILED"},
        {34, "SINGLE_PAIR_REQUIRED"},
        {35, "NO_ADDITIONAL_SAS"},
        {36, "INTERNAL_ADDRESS_FAILURE"},
        {37, "FAILED_CP_REQUIRED"},
        {38, "TS_UNACCEPTABLE"},
        {39, "INVALID_SELECTORS"},
        {43, "TEMPORARY_FAILURE"},
        {44, "CHILD_SA_NOT_FOUND"},
        {16387, "IPCOMP_SUPPORTED"},
        {16390, "COOKIE"},
        {16391, "USE_TRANSPORT_MODE"},
        {16393, "REKEY_SA"},
        {16396, "MOBIKE_SUPPORTED"},
        {16400, "UPDATE_SA_ADDRESSES"},
        {16401, "COOKIE2"},
        {16407, "REDIRECT"},
        {16418, "CHILDLESS_IKEV2_SUPPORTED"},
        {16430, "IKEV2_FRAGMENTATION_SUPPORTED"},
    };
    for (size_t i = 0; i < IPSECI_COUNT(iana); i++) {
        assert_string_equal(ipseci_notify_name(iana[i].type), iana[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(body_is_read),
        WIRE_TEST(short_bodies_and_spis_are_refused),
        WIRE_TEST(build_gives_the_octets_back),
        WIRE_TEST(add_makes_whole_payloads),
        WIRE_TEST(iterate_and_find),
        WIRE_TEST(malformed_ones_are_told_and_skipped),
        WIRE_TEST(names),
        WIRE_TEST(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
