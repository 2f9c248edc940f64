/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/udp_encap.h and esp_header.h.
 */
#include "esp_header.h"
#include "udp_encap.h"
#include "wire_test.h"

static void udp_header_is_read(void **state)
{
    (void)state;
    struct ipseci_udp u;
    assert_int_equal(ipseci_udp_parse(hex("11940fa0 000a1234 aabb"), &u), IPSEC_OK);
    assert_int_equal(u.src_port, 4500);
    assert_int_equal(u.dst_port, 4000);
    assert_int_equal(u.checksum, 0x1234);
    assert_view(u.payload, "aabb");
    assert_int_equal(ipseci_udp_parse(hex("11940fa0 00080000"), &u), IPSEC_OK);
    assert_int_equal(u.payload.length, 0);
}

static void udp_length_against_the_datagram(void **state)
{
    (void)state;
    struct ipseci_udp u;
    assert_int_equal(ipseci_udp_parse(hex("11940fa0 000b0000 aabb"), &u), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_udp_parse(hex("11940fa0 00070000 aabb"), &u), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_udp_parse(hex("11940fa0 00000000 aabb"), &u), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_udp_parse(hex("11940fa0 000000"), &u), IPSEC_DROP_TRUNCATED);
    /* Octets beyond its Length are not its payload. */
    assert_int_equal(ipseci_udp_parse(hex("11940fa0 00090000 aabb"), &u), IPSEC_OK);
    assert_view(u.payload, "aa");
}

static void natt_08_built_with_checksum_zero(void **state)
{
    (void)state;
    uint8_t out[8];
    ipseci_udp_build(out, 4500, 4501, 100);
    assert_memory_equal(out, hex("11941195 006c0000").data, 8);
}

static struct ipsec_addr address(uint8_t family, const char *text)
{
    struct ipsec_addr a = {.family = family};
    struct ipsec_view v = hex(text);
    memcpy(a.bytes, v.data, v.length);
    return a;
}

/* The answers were computed apart from this code. */
static void udp_checksum(void **state)
{
    (void)state;
    struct ipsec_addr src = address(IPSEC_FAMILY_IPV6, "20010db8000000000000000000000001");
    struct ipsec_addr dst = address(IPSEC_FAMILY_IPV6, "20010db8000000000000000000000002");
    assert_int_equal(ipseci_udp_checksum(&src, &dst, hex("11941195 000a0000 aabb")), 0xd680);
    struct ipsec_addr a = address(IPSEC_FAMILY_IPV4, "c0a80001");
    struct ipsec_addr b = address(IPSEC_FAMILY_IPV4, "c0a800c7");
    assert_int_equal(ipseci_udp_checksum(&a, &b, hex("11941195 00090000 aa")), 0xb099);
}

static void udp_checksum_is_never_zero(void **state)
{
    (void)state;
    struct ipsec_addr zero = {.family = IPSEC_FAMILY_IPV6};
    /* 0011 + 0008 + 0008 + ffde = ffff: its complement is sent as ffff. */
    assert_int_equal(ipseci_udp_checksum(&zero, &zero, hex("ffde0000 00080000")), 0xffff);
}

#define IKE_HEADER "1122334455667788 0000000000000000 21202208 00000000 0000001c"

static void natt_03_marker_means_ike(void **state)
{
    (void)state;
    struct ipsec_view content;
    assert_int_equal(ipseci_udp_encap_sort(hex("00000000" IKE_HEADER "aa"), &content),
                     IPSECI_ENCAP_IKE);
    assert_view(content, IKE_HEADER "aa");
}

static void natt_06_spi_means_esp(void **state)
{
    (void)state;
    struct ipsec_view content;
    struct ipsec_view v = hex("c0ffee01 00000007 00000000");
    assert_int_equal(ipseci_udp_encap_sort(v, &content), IPSECI_ENCAP_ESP);
    assert_ptr_equal(content.data, v.data);
    assert_int_equal(content.length, v.length);
    assert_int_equal(ipseci_esp_spi(content.data), 0xc0ffee01);
    assert_int_equal(ipseci_esp_sequence(content.data), 7);
    assert_int_equal(ipseci_udp_encap_sort(hex("00000001 00000007 00000000"), &content),
                     IPSECI_ENCAP_ESP);
}

static void natt_06_keepalive(void **state)
{
    (void)state;
    struct ipsec_view content = hex("aa");
    assert_int_equal(ipseci_udp_encap_sort(hex("ff"), &content), IPSECI_ENCAP_KEEPALIVE);
    assert_int_equal(content.length, 0);
    assert_int_equal(ipseci_udp_encap_sort(hex("fe"), &content), IPSECI_ENCAP_SHORT);
    assert_int_equal(ipseci_udp_encap_sort(hex("ffff"), &content), IPSECI_ENCAP_SHORT);
}

static void natt_06_12_cve_2017_12896_short_datagrams(void **state)
{
    (void)state;
    struct ipsec_view ike = hex("00000000" IKE_HEADER);
    struct ipsec_view esp = hex("c0ffee01 00000007 00000000");
    struct ipsec_view content;
    for (size_t n = 0; n <= ike.length; n++) {
        assert_int_equal(ipseci_udp_encap_sort(exact(ipseci_view(ike.data, n)), &content),
                         n < 32 ? IPSECI_ENCAP_SHORT : IPSECI_ENCAP_IKE);
    }
    for (size_t n = 0; n <= esp.length; n++) {
        assert_int_equal(ipseci_udp_encap_sort(exact(ipseci_view(esp.data, n)), &content),
                         n < IPSECI_ESP_BYTES_MIN ? IPSECI_ENCAP_SHORT : IPSECI_ENCAP_ESP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(udp_header_is_read),
        WIRE_TEST(udp_length_against_the_datagram),
        WIRE_TEST(natt_08_built_with_checksum_zero),
        WIRE_TEST(udp_checksum),
        WIRE_TEST(udp_checksum_is_never_zero),
        WIRE_TEST(natt_03_marker_means_ike),
        WIRE_TEST(natt_06_spi_means_esp),
        WIRE_TEST(natt_06_keepalive),
        WIRE_TEST(natt_06_12_cve_2017_12896_short_datagrams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
