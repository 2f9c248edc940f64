/* SPDX-License-Identifier: Apache-2.0
 *
 * Which instance a datagram is for, by hand-made datagrams of every kind. RFC 4303 2.1, RFC 7296
 * 3.1, RFC 3948 2.
 */
#include "gw_kit.h"

#include "bytes.h"

#include <ipsec/gw.h>

#define NONE 12345u /* *instance is left alone */

static struct ipsec_ike_config config;
static uint8_t buffer[512];

static struct ipsec_packet datagram(uint8_t carrier, uint16_t port, const void *octets,
                                    uint32_t length)
{
    struct ipsec_packet p = {.buffer = buffer,
                             .capacity = sizeof buffer,
                             .offset = sizeof buffer - length, /* reads beyond are found */
                             .length = length,
                             .carrier = carrier};
    p.local.port = port;
    memcpy(buffer + p.offset, octets, length);
    return p;
}

static void expect(uint8_t carrier, uint16_t port, const void *octets, uint32_t length,
                   enum ipsec_status status, uint32_t instance)
{
    const struct ipsec_packet p = datagram(carrier, port, octets, length);
    uint8_t before[sizeof buffer];
    uint32_t found = NONE;
    memcpy(before, buffer, sizeof buffer);
    assert_int_equal(ipsec_gw_instance(&config, &p, &found), status);
    assert_int_equal(found, instance);
    assert_memory_equal(buffer, before, sizeof buffer);
}

static int set_up(void **state)
{
    (void)state;
    config = (struct ipsec_ike_config)IPSEC_IKE_CONFIG_INIT;
    config.instance_bits = 4;
    return 0;
}

static void esp_goes_by_its_spi(void **state)
{
    (void)state;
    const uint8_t esp[16] = {0xb7, 0x55, 0, 1, 0, 0, 0, 1};
    expect(IPSEC_CARRIER_ESP, 0, esp, 16, IPSEC_OK, 0xb);
    expect(IPSEC_CARRIER_UDP, 4500, esp, 16, IPSEC_OK, 0xb);
    expect(IPSEC_CARRIER_ESP, 0, esp, 12, IPSEC_OK, 0xb);
    expect(IPSEC_CARRIER_ESP, 0, esp, 11, IPSEC_DROP_TRUNCATED, NONE);
    expect(IPSEC_CARRIER_ESP, 0, esp, 0, IPSEC_DROP_TRUNCATED, NONE);
    expect(IPSEC_CARRIER_UDP, 4500, esp, 11, IPSEC_DROP_TRUNCATED, NONE);
    config.instance_bits = 0;
    expect(IPSEC_CARRIER_ESP, 0, esp, 16, IPSEC_OK, 0);
    config.instance_bits = 1;
    expect(IPSEC_CARRIER_ESP, 0, esp, 16, IPSEC_OK, 1);
    config.instance_bits = 8;
    expect(IPSEC_CARRIER_ESP, 0, esp, 16, IPSEC_OK, 0xb7);
    config.instance_bits = 9;
    expect(IPSEC_CARRIER_ESP, 0, esp, 16, IPSEC_ERR_ARGUMENT, NONE);
}

/* RFC 7296 3.1: SPIi, SPIr, ..., flags. */
static void ike_goes_by_the_spi_that_is_ours(void **state)
{
    (void)state;
    uint8_t ike[32] = {0,    0, 0, 0, /* the marker, on port 4500 */
                       0x37, 1, 2, 3, 4, 5, 6, 0xd9, 0xc8, 8, 7, 6, 5, 4, 3, 2, 46, 0x20, 37};
    uint8_t *flags = ike + 4 + 19;
    static const uint8_t others[] = {0, 0x20, 0x10, 0x30}; /* response, version */
    for (size_t i = 0; i < sizeof others; i++) {
        *flags = others[i]; /* from the responder, to us who began */
        expect(IPSEC_CARRIER_UDP, 500, ike + 4, 28, IPSEC_OK, 3);
        expect(IPSEC_CARRIER_UDP, 4500, ike, 32, IPSEC_OK, 3);
        *flags = others[i] | 0x08;
        expect(IPSEC_CARRIER_UDP, 500, ike + 4, 28, IPSEC_OK, 0xc);
        expect(IPSEC_CARRIER_UDP, 4500, ike, 32, IPSEC_OK, 0xc);
    }
    expect(IPSEC_CARRIER_UDP, 500, ike + 4, 27, IPSEC_DROP_TRUNCATED, NONE);
    expect(IPSEC_CARRIER_UDP, 4500, ike, 31, IPSEC_DROP_TRUNCATED, NONE);
    config.instance_bits = 0;
    expect(IPSEC_CARRIER_UDP, 500, ike + 4, 28, IPSEC_OK, 0);
    config.instance_bits = 8;
    expect(IPSEC_CARRIER_UDP, 500, ike + 4, 28, IPSEC_OK, 0xc8);
}

static void a_call_is_nobodys_and_stays_the_same(void **state)
{
    (void)state;
    uint8_t ike[28] = {0x37, 1, 2, 3, 4, 5, 6, 0xd9, [17] = 0x20, [18] = 34, [19] = 0x08};
    expect(IPSEC_CARRIER_UDP, 500, ike, 28, IPSEC_ERR_NOT_FOUND, 0xd9);
    ike[16] = 41; /* with a cookie in front */
    expect(IPSEC_CARRIER_UDP, 500, ike, 28, IPSEC_ERR_NOT_FOUND, 0xd9);
    /* An answer to nobody. */
    memset(ike, 0, 8);
    ike[8] = 0xc8;
    ike[19] = 0x20;
    expect(IPSEC_CARRIER_UDP, 500, ike, 28, IPSEC_DROP_SPI, NONE);
    /* One of whose two SPIs only the first octet is zero is a known IKE SA all the same. */
    ike[7] = 1;
    expect(IPSEC_CARRIER_UDP, 500, ike, 28, IPSEC_OK, 0);
}

static void the_rest_is_nobodys(void **state)
{
    (void)state;
    const uint8_t keepalive[1] = {0xff};
    const uint8_t esp[16] = {0xb7};
    expect(IPSEC_CARRIER_UDP, 4500, keepalive, 1, IPSEC_DROP_KEEPALIVE, NONE);
    expect(IPSEC_CARRIER_UDP, 4500, keepalive, 0, IPSEC_DROP_TRUNCATED, NONE);
    expect(IPSEC_CARRIER_UDP, 53, esp, 16, IPSEC_DROP_ENCAPSULATION, NONE);
    expect(IPSEC_CARRIER_NONE, 0, esp, 16, IPSEC_ERR_ARGUMENT, NONE);
    config.natt_port = 53;
    config.ike_port = 54;
    expect(IPSEC_CARRIER_UDP, 53, esp, 16, IPSEC_OK, 0xb);
    expect(IPSEC_CARRIER_UDP, 4500, esp, 16, IPSEC_DROP_ENCAPSULATION, NONE);
}

#define IPV4(protocol, length)                                                                     \
    0x45, 0, 0, length, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2

static void whole_packets_are_looked_into(void **state)
{
    (void)state;
    uint8_t esp[36] = {IPV4(50, 36), 0xa7, 1, 2, 3};
    uint8_t natt[44] = {IPV4(17, 44), 0x11, 0x94, 0x11, 0x94, 0, 24, 0, 0, 0x97, 1, 2, 3};
    uint8_t ike[56] = {IPV4(17, 56), 1, 0xf4, 1, 0xf4, 0, 36, 0, 0, 0x61, [47] = 0x20};
    const uint8_t icmp[28] = {IPV4(1, 28), 3, 4};
    const uint8_t esp6[52] = {0x60, 0, 0, 0, 0, 12, 50, 64, [40] = 0xd1};
    expect(IPSEC_CARRIER_IP, 0, esp, 36, IPSEC_OK, 0xa);
    expect(IPSEC_CARRIER_IP, 0, natt, 44, IPSEC_OK, 9);
    expect(IPSEC_CARRIER_IP, 0, ike, 56, IPSEC_OK, 6);
    expect(IPSEC_CARRIER_IP, 0, esp6, 52, IPSEC_OK, 0xd);
    expect(IPSEC_CARRIER_IP, 0, icmp, 28, IPSEC_DROP_POLICY, NONE);
    natt[23] = 0x95; /* to port 4501 */
    expect(IPSEC_CARRIER_IP, 0, natt, 44, IPSEC_DROP_POLICY, NONE);
    ike[25] = 37; /* a UDP length beyond the packet */
    expect(IPSEC_CARRIER_IP, 0, ike, 56, IPSEC_DROP_TRUNCATED, NONE);
    esp[6] = 0x20; /* more fragments */
    expect(IPSEC_CARRIER_IP, 0, esp, 36, IPSEC_DROP_FRAGMENT, NONE);
    expect(IPSEC_CARRIER_IP, 0, esp, 19, IPSEC_DROP_TRUNCATED, NONE);
    for (uint32_t length = 0; length < 44; length++) {
        uint32_t instance;
        const struct ipsec_packet p = datagram(IPSEC_CARRIER_IP, 0, natt, length);
        assert_true(ipsec_gw_instance(&config, &p, &instance) < IPSEC_OK);
    }
}

static void what_can_not_be_is_refused(void **state)
{
    (void)state;
    const uint8_t esp[16] = {0xb7};
    struct ipsec_packet p = datagram(IPSEC_CARRIER_ESP, 0, esp, 16);
    uint32_t instance = 0;
    assert_int_equal(ipsec_gw_instance(NULL, &p, &instance), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_gw_instance(&config, NULL, &instance), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_gw_instance(&config, &p, NULL), IPSEC_ERR_ARGUMENT);
    p.length++;
    assert_int_equal(ipsec_gw_instance(&config, &p, &instance), IPSEC_ERR_BUFFER);
    p.offset = UINT32_MAX;
    assert_int_equal(ipsec_gw_instance(&config, &p, &instance), IPSEC_ERR_BUFFER);
    p.buffer = NULL;
    assert_int_equal(ipsec_gw_instance(&config, &p, &instance), IPSEC_ERR_BUFFER);
    config.size = 0;
    assert_int_equal(ipsec_gw_instance(&config, &p, &instance), IPSEC_ERR_STRUCT_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(esp_goes_by_its_spi, set_up),
        cmocka_unit_test_setup(ike_goes_by_the_spi_that_is_ours, set_up),
        cmocka_unit_test_setup(a_call_is_nobodys_and_stays_the_same, set_up),
        cmocka_unit_test_setup(the_rest_is_nobodys, set_up),
        cmocka_unit_test_setup(whole_packets_are_looked_into, set_up),
        cmocka_unit_test_setup(what_can_not_be_is_refused, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
