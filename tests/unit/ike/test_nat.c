/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/nat.h on a published IKE_SA_INIT request. RFC 7296 2.23.
 */
#include "ike_kit.h"
#include "mbed_kit.h"
#include "nat.h"
#include "notify.h"

#define SPI_I       0x5f54bf6d8b48e6e1u
#define SOURCE      "e54f73b7d83f6beb881eab2051d8663f421d10b0"
#define DESTINATION "d915368ca036004cb578ae3e3fb268509aeab190"
#define OTHER       "00112233445566778899aabbccddeeff00112233"

static struct ipsec_endpoint endpoint(const char *addr, uint16_t port)
{
    struct ipsec_endpoint e = {.port = port};
    assert_int_equal(ipsec_addr_parse(addr, &e.addr), IPSEC_OK);
    return e;
}

static void natt_01_published_hashes(void **state)
{
    (void)state;
    const struct ipsec_endpoint source = endpoint("10.80.80.13", 500);
    const struct ipsec_endpoint destination = endpoint("10.80.80.80", 500);
    uint8_t hash[IPSECI_NAT_HASH_BYTES];
    assert_int_equal(ipseci_nat_hash(&kit_crypto, SPI_I, 0, &source, hash), IPSEC_OK);
    assert_view(ipseci_view(hash, sizeof(hash)), SOURCE);
    assert_int_equal(ipseci_nat_hash(&kit_crypto, SPI_I, 0, &destination, hash), IPSEC_OK);
    assert_view(ipseci_view(hash, sizeof(hash)), DESTINATION);
}

/* SHA-1 of 16 octets of SPIs, fd00::1 and 4500. */
static void natt_01_ipv6_takes_sixteen_octets(void **state)
{
    (void)state;
    const struct ipsec_endpoint e = endpoint("fd00::1", 4500);
    uint8_t hash[IPSECI_NAT_HASH_BYTES];
    assert_int_equal(ipseci_nat_hash(&kit_crypto, 1, 2, &e, hash), IPSEC_OK);
    assert_view(ipseci_view(hash, sizeof(hash)), "c7596a0c614823fd8f6f73b741bf32ec460b4229");
}

static void no_address_and_no_provider(void **state)
{
    (void)state;
    const struct ipsec_endpoint none = {0};
    const struct ipsec_endpoint good = endpoint("10.0.0.1", 500);
    const struct ipsec_crypto_list empty = {0};
    uint8_t hash[IPSECI_NAT_HASH_BYTES];
    assert_int_equal(ipseci_nat_hash(&kit_crypto, 1, 2, &none, hash), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipseci_nat_hash(&empty, 1, 2, &good, hash), IPSEC_ERR_NOT_BUILT_IN);
}

static struct ipseci_payloads message;

static void add(const char *type, const char *data)
{
    char body[160] = "0000";
    struct ipseci_payload *p = &message.item[message.count++];
    strcat(strcat(body, type), data);
    p->type = IPSECI_PAYLOAD_NOTIFY;
    p->body = hex(body);
}

static struct ipseci_nat_result detect(const char *local, const char *remote, uint16_t remote_port)
{
    const struct ipsec_endpoint l = endpoint(local, 500);
    const struct ipsec_endpoint r = endpoint(remote, remote_port);
    struct ipseci_nat_result result;
    const struct ipseci_nat_path path = {SPI_I, 0, &l, &r};
    ipseci_nat_detect(&kit_crypto, &message, &path, &result);
    return result;
}

static void assert_result(struct ipseci_nat_result r, bool supported, bool local, bool remote)
{
    assert_int_equal(r.supported, supported);
    assert_int_equal(r.nat_local, local);
    assert_int_equal(r.nat_remote, remote);
}

static void natt_01_published_message(void **state)
{
    (void)state;
    kit_load("android-ike/auth-psk.json");
    struct ipseci_ike_header header;
    assert_int_equal(
        ipseci_message_parse(kit_value("PSK_IKE_INIT_REQUEST_HEX_STRING"), &header, &message),
        IPSEC_OK);
    assert_true(header.spi_i == SPI_I);
    assert_result(detect("10.80.80.80", "10.80.80.13", 500), true, false, false);
    assert_result(detect("10.80.80.80", "10.80.80.13", 1024), true, false, true);
    assert_result(detect("10.80.80.80", "192.0.2.1", 500), true, false, true);
    assert_result(detect("10.80.80.81", "10.80.80.13", 500), true, true, false);
    assert_result(detect("10.80.80.81", "192.0.2.1", 500), true, true, true);
}

static void natt_02_any_source_will_do(void **state)
{
    (void)state;
    message.count = 0;
    add("4004", OTHER);
    add("4004", SOURCE);
    add("4005", DESTINATION);
    add("4004", OTHER);
    assert_result(detect("10.80.80.80", "10.80.80.13", 500), true, false, false);
    assert_result(detect("10.80.80.80", "10.80.80.14", 500), true, false, true);
}

static void natt_01_vpp_c3f677c1ec0_other_lengths_are_no_hash(void **state)
{
    (void)state;
    message.count = 0;
    add("4004", "e54f73b7d83f6beb881eab2051d8663f421d10");
    add("4004", "");
    add("4005", DESTINATION);
    assert_result(detect("10.80.80.80", "10.80.80.13", 500), false, false, false);
    add("4004", SOURCE "00");
    assert_result(detect("10.80.80.80", "10.80.80.13", 500), false, false, false);
    add("4004", SOURCE);
    assert_result(detect("10.80.80.80", "10.80.80.13", 500), true, false, false);
}

static void natt_01_one_kind_alone_says_nothing(void **state)
{
    (void)state;
    message.count = 0;
    assert_result(detect("10.80.80.80", "10.80.80.13", 500), false, false, false);
    add("4004", OTHER);
    assert_result(detect("10.80.80.80", "10.80.80.13", 500), false, false, false);
    message.count = 0;
    add("4005", OTHER);
    assert_result(detect("10.80.80.80", "10.80.80.13", 500), false, false, false);
}

static void without_sha1_nothing_is_supported(void **state)
{
    (void)state;
    const struct ipsec_crypto_list empty = {0};
    const struct ipsec_endpoint e = endpoint("10.0.0.1", 500);
    struct ipseci_nat_result result = {true, true, true};
    message.count = 0;
    add("4004", OTHER);
    add("4005", OTHER);
    const struct ipseci_nat_path path = {SPI_I, 0, &e, &e};
    ipseci_nat_detect(&empty, &message, &path, &result);
    assert_result(result, false, false, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(natt_01_published_hashes),
        KIT_TEST(natt_01_ipv6_takes_sixteen_octets),
        KIT_TEST(no_address_and_no_provider),
        KIT_TEST(natt_01_published_message),
        KIT_TEST(natt_02_any_source_will_do),
        KIT_TEST(natt_01_vpp_c3f677c1ec0_other_lengths_are_no_hash),
        KIT_TEST(natt_01_one_kind_alone_says_nothing),
        KIT_TEST(without_sha1_nothing_is_supported),
    };
    return cmocka_run_group_tests(tests, kit_crypto_setup, kit_crypto_teardown);
}
