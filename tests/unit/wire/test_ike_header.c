/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/ike_header.h.
 */
#include "ike_header.h"
#include "wire_test.h"

#define SPIS "1122334455667788 99aabbccddeeff00"

static void every_field_is_read(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    struct ipsec_view v = hex(SPIS "2e 20 23 08 00000001 00000020 deadbeef");
    assert_int_equal(ipseci_ike_header_parse(v, &h), IPSEC_OK);
    assert_true(h.spi_i == 0x1122334455667788u && h.spi_r == 0x99aabbccddeeff00u);
    assert_int_equal(h.next_payload, 46);
    assert_int_equal(h.version, 0x20);
    assert_int_equal(h.exchange, IPSECI_EXCHANGE_IKE_AUTH);
    assert_int_equal(h.flags, IPSECI_FLAG_INITIATOR);
    assert_int_equal(h.message_id, 1);
    assert_int_equal(h.length, 32);
}

static void init_01_header_is_built_octet_for_octet(void **state)
{
    (void)state;
    uint8_t buffer[40];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    struct ipseci_ike_header h = {.spi_i = 0x1122334455667788u,
                                  .next_payload = 33,
                                  .version = IPSECI_IKE_VERSION,
                                  .exchange = IPSECI_EXCHANGE_IKE_SA_INIT,
                                  .flags = IPSECI_FLAG_INITIATOR};
    ipseci_write32(&w, 0); /* a non-ESP marker before it */
    ipseci_ike_header_build(&w, &h);
    ipseci_write32(&w, 0xcafebabe);
    ipseci_ike_header_finish(&w, 4);
    assert_written(&w, "00000000 1122334455667788 0000000000000000 21 20 22 08 00000000 00000020"
                       "cafebabe");
}

static void finish_without_a_header_fails_the_writer(void **state)
{
    (void)state;
    uint8_t buffer[40];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_write32(&w, 0);
    ipseci_ike_header_finish(&w, 5);
    assert_true(w.failed);
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_write32(&w, 0);
    ipseci_ike_header_finish(&w, 0);
    assert_true(w.failed);
}

static void init_04_vpp_7c8644c368e_length_beyond_the_datagram(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    assert_int_equal(ipseci_ike_header_parse(hex(SPIS "21 20 22 08 00000000 0000001d"), &h),
                     IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_ike_header_parse(hex(SPIS "21 20 22 08 00000000 ffffffff"), &h),
                     IPSEC_DROP_TRUNCATED);
}

static void init_05_length_below_28(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    assert_int_equal(ipseci_ike_header_parse(hex(SPIS "00 20 22 08 00000000 0000001b"), &h),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_ike_header_parse(hex(SPIS "00 20 22 08 00000000 00000000"), &h),
                     IPSEC_DROP_MALFORMED);
}

/* CVE-2013-4564: 28 octets before any field is used. */
static void init_05_cve_2013_4564_every_shorter_datagram(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    struct ipsec_view whole = hex(SPIS "00 20 22 08 00000000 0000001c");
    assert_int_equal(ipseci_ike_header_parse(whole, &h), IPSEC_OK);
    for (size_t n = 0; n < whole.length; n++) {
        struct ipsec_view part = exact(ipseci_view(whole.data, n));
        assert_int_equal(ipseci_ike_header_parse(part, &h), IPSEC_DROP_TRUNCATED);
        assert_true(h.spi_i == 0 && h.version == 0 && h.length == 0);
    }
}

static void init_06_octets_after_the_message(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    assert_int_equal(ipseci_ike_header_parse(hex(SPIS "00 20 22 08 00000000 0000001c ff"), &h),
                     IPSEC_DROP_MALFORMED);
}

static void ver_01_minor_version_is_ignored(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    assert_int_equal(ipseci_ike_header_parse(hex(SPIS "00 2f 22 08 00000000 0000001c"), &h),
                     IPSEC_OK);
    assert_int_equal(h.version, 0x2f);
}

static void ver_02_03_cve_2013_4564_other_major_versions(void **state)
{
    (void)state;
    for (uint32_t major = 0; major < 16; major++) {
        uint8_t octets[28];
        struct ipseci_ike_header h;
        memcpy(octets, hex(SPIS "00 20 22 08 00000007 0000001c").data, sizeof(octets));
        octets[17] = (uint8_t)(major << 4);
        enum ipsec_status status = ipseci_ike_header_parse(ipseci_view(octets, 28), &h);
        assert_int_equal(status, major == 2 ? IPSEC_OK : IPSEC_DROP_VERSION);
        /* An INVALID_MAJOR_VERSION answer copies these. */
        assert_true(h.spi_i == 0x1122334455667788u && h.message_id == 7);
    }
}

static void ver_04_05_07_flags_and_exchange_are_not_judged(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    assert_int_equal(ipseci_ike_header_parse(hex(SPIS "00 20 fe ff 00000000 0000001c"), &h),
                     IPSEC_OK);
    assert_int_equal(h.flags, 0xff);
    assert_int_equal(h.exchange, 0xfe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(every_field_is_read),
        WIRE_TEST(init_01_header_is_built_octet_for_octet),
        WIRE_TEST(finish_without_a_header_fails_the_writer),
        WIRE_TEST(init_04_vpp_7c8644c368e_length_beyond_the_datagram),
        WIRE_TEST(init_05_length_below_28),
        WIRE_TEST(init_05_cve_2013_4564_every_shorter_datagram),
        WIRE_TEST(init_06_octets_after_the_message),
        WIRE_TEST(ver_01_minor_version_is_ignored),
        WIRE_TEST(ver_02_03_cve_2013_4564_other_major_versions),
        WIRE_TEST(ver_04_05_07_flags_and_exchange_are_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
