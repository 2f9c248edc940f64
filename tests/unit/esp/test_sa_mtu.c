/* SPDX-License-Identifier: Apache-2.0
 *
 * The largest packet for a path: exact, for every suite, family and mode, at every boundary.
 */
#include "esp_kit.h"
#include "ip_header.h"

#include <ipsec/mtu.h>

static struct kit kit;
static struct kit_buffer buffer;

static void start(unsigned way, enum kit_suite suite, enum ipsec_outer outer)
{
    const bool ipv6 = (way & 1) != 0;
    const bool udp = (way & 2) != 0;
    kit_init(&kit, suite);
    kit.params.mode = (way & 4) != 0 ? IPSEC_MODE_TRANSPORT : IPSEC_MODE_TUNNEL;
    kit.params.outer = (uint8_t)outer;
    kit.params.udp_encapsulation = udp;
    kit.params.local = kit_endpoint(ipv6 ? "2001:db8::1" : "192.0.2.1", udp ? 4500 : 0);
    kit.params.remote = kit_endpoint(ipv6 ? "2001:db8::2" : "192.0.2.2", udp ? 4500 : 0);
    kit_start(&kit);
}

/* Octets that a sealed packet of this length has on the wire. */
static uint32_t on_the_wire(bool ipv6, uint32_t length)
{
    if (ipv6) {
        kit_ipv6(&buffer, kit.out, length);
    } else {
        kit_ipv4(&buffer, kit.out, length);
    }
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    return buffer.packet.length;
}

static void pmtu_03_exact_at_every_boundary(void **state)
{
    UNUSED_STATE;
    for (unsigned suite = 0; suite < KIT_SUITES; suite++) {
        for (unsigned way = 0; way < 8; way++) {
            const bool ipv6 = (way & 1) != 0;
            start(way, (enum kit_suite)suite, IPSEC_OUTER_IP);
            for (uint32_t path = 1280; path < 1330; path++) {
                const uint32_t mtu = ipsec_sa_mtu(kit.out, path);
                assert_true(on_the_wire(ipv6, mtu) <= path);
                assert_true(on_the_wire(ipv6, mtu + 1) > path);
            }
            kit_stop(&kit);
        }
    }
}

/* What a socket adds is counted, too. */
static void pmtu_03_the_carriers_headers_count(void **state)
{
    UNUSED_STATE;
    for (unsigned way = 0; way < 8; way++) {
        start(way, KIT_GCM, IPSEC_OUTER_IP);
        const uint32_t whole = ipsec_sa_mtu(kit.out, 1500);
        kit_stop(&kit);
        start(way, KIT_GCM, IPSEC_OUTER_NONE);
        assert_int_equal(ipsec_sa_mtu(kit.out, 1500), whole);
        kit_stop(&kit);
    }
    /* RFC 4303, RFC 4106 over IPv4: 1500 - 20 - 8 - 8 - 16 = 1448, of it 2 for the trailer. */
    start(0, KIT_GCM, IPSEC_OUTER_IP);
    assert_int_equal(ipsec_sa_mtu(kit.out, 1500), 1446);
    kit_stop(&kit);
}

static void a_path_too_small_for_anything(void **state)
{
    UNUSED_STATE;
    start(0, KIT_GCM, IPSEC_OUTER_IP);
    assert_int_equal(ipsec_sa_mtu(kit.out, 0), 0);
    assert_int_equal(ipsec_sa_mtu(kit.out, 20 + 8 + 8 + 16 + 3), 0);
    assert_int_equal(ipsec_sa_mtu(kit.out, 20 + 8 + 8 + 16 + 4), 2);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pmtu_03_exact_at_every_boundary),
        cmocka_unit_test(pmtu_03_the_carriers_headers_count),
        cmocka_unit_test(a_path_too_small_for_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
