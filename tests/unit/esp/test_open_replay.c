/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sequence numbers on whole packets (lib/esp/open.c): replay, the end of 32 bits, ESN.
 */
#include "esp_kit.h"

static struct kit kit;
static struct kit_buffer buffer;

static void start(enum kit_suite suite)
{
    kit_init(&kit, suite);
    kit_start(&kit);
}

static uint64_t top(void)
{
    struct ipsec_sa_stats stats;
    ipsec_sa_stats(kit.in, &stats);
    return stats.sequence;
}

static enum ipsec_status open_plain(const struct kit_plain *p, uint64_t sequence)
{
    kit_craft(&kit, &buffer, sequence, ipseci_view(p->octets, p->length));
    return kit_open(&buffer, kit.in);
}

static void replay_02_03_04_05_07_on_packets(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    const struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    assert_int_equal(open_plain(&p, 0), IPSEC_DROP_SEQUENCE_ZERO);
    assert_int_equal(open_plain(&p, 200), IPSEC_OK);
    assert_int_equal(open_plain(&p, 200), IPSEC_DROP_REPLAY);
    assert_int_equal(open_plain(&p, 73), IPSEC_OK); /* 128 - 1 behind */
    assert_int_equal(open_plain(&p, 72), IPSEC_DROP_REPLAY_OLD);
    /* Far right with a wrong ICV: the window stays. */
    kit_craft(&kit, &buffer, 100000, ipseci_view(p.octets, p.length));
    kit_content(&buffer)[buffer.packet.length - 1] ^= 1;
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_DROP_ICV);
    assert_true(top() == 200);
    assert_int_equal(open_plain(&p, 74), IPSEC_OK);
    assert_int_equal(open_plain(&p, 100000), IPSEC_OK);
    assert_int_equal(open_plain(&p, 199), IPSEC_DROP_REPLAY_OLD);
    assert_true(ipsec_sa_packets(kit.in) == 4);
    kit_stop(&kit);
}

static void replay_09_after_the_last_number_zero_is_refused(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    const struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    assert_int_equal(open_plain(&p, UINT32_MAX), IPSEC_OK);
    assert_int_equal(open_plain(&p, 0), IPSEC_DROP_SEQUENCE_ZERO);
    assert_int_equal(open_plain(&p, 1), IPSEC_DROP_REPLAY_OLD);
    kit_stop(&kit);
}

static void replay_10_11_13_esn_across_the_boundary(void **state)
{
    const uint64_t g = UINT64_C(1) << 32;
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        kit_init(&kit, (enum kit_suite)suite);
        kit.params.suite.esn = IPSEC_ESN_YES;
        kit.params.sequence_start = g - 100;
        kit_start(&kit);
        for (uint64_t n = g - 99; n < g + 200; n++) {
            kit_ipv4(&buffer, kit.out, 40);
            assert_int_equal(kit_seal(&buffer), IPSEC_OK);
            assert_int_equal(ipseci_load32(kit_content(&buffer) + 4), (uint32_t)n);
            assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
            assert_true(top() == n);
        }
        kit_stop(&kit);

        /* Out of order, over the boundary. */
        kit_init(&kit, (enum kit_suite)suite);
        kit.params.suite.esn = IPSEC_ESN_YES;
        kit.params.sequence_start = g - 100;
        kit_start(&kit);
        const struct kit_plain p = kit_plain_of(36, 0, 10, 4);
        assert_int_equal(open_plain(&p, g + 20), IPSEC_OK);
        assert_int_equal(open_plain(&p, g - 20), IPSEC_OK);
        assert_int_equal(open_plain(&p, g - 20), IPSEC_DROP_REPLAY);
        assert_int_equal(open_plain(&p, g), IPSEC_OK);
        assert_int_equal(open_plain(&p, g + 20 - 127), IPSEC_DROP_REPLAY); /* from the start */
        assert_true(top() == g + 20);
        /* The same low half with another high half is another packet: its ICV is wrong. */
        assert_int_equal(open_plain(&p, 3 * g + 30), IPSEC_DROP_ICV);
        assert_int_equal(open_plain(&p, g + 30), IPSEC_OK);
        kit_stop(&kit);
    }
}

/* REPLAY-12: more than 2^32 lost. The guess is wrong and stays wrong; nothing else breaks. */
static void replay_12_esn_after_too_long_a_loss(void **state)
{
    const uint64_t g = UINT64_C(1) << 32;
    UNUSED_STATE;
    kit_init(&kit, KIT_CHACHA);
    kit.params.suite.esn = IPSEC_ESN_YES;
    kit_start(&kit);
    const struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    assert_int_equal(open_plain(&p, 1000), IPSEC_OK);
    assert_int_equal(open_plain(&p, 2 * g + 1001), IPSEC_DROP_ICV);
    assert_int_equal(open_plain(&p, 1001), IPSEC_OK);
    assert_int_equal(open_plain(&p, g + 500), IPSEC_OK); /* within 2^32 - W ahead */
    assert_true(top() == g + 500);
    kit_stop(&kit);
}

static void replay_13_esn_and_plain_do_not_mix(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        start((enum kit_suite)suite); /* no ESN inbound */
        kit.params.suite.esn = IPSEC_ESN_YES;
        const struct kit_plain p = kit_plain_of(36, 0, 10, 4);
        assert_int_equal(open_plain(&p, 5), IPSEC_DROP_ICV);
        kit_stop(&kit);
    }
}

static void replay_14_check_switched_off(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit.params.no_replay_check = true;
    kit_start(&kit);
    const struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    assert_int_equal(open_plain(&p, 5), IPSEC_OK);
    assert_int_equal(open_plain(&p, 5), IPSEC_OK);
    assert_int_equal(open_plain(&p, 5000), IPSEC_OK);
    assert_int_equal(open_plain(&p, 1), IPSEC_OK);
    assert_int_equal(open_plain(&p, 0), IPSEC_OK);
    assert_true(top() == 5000 && ipsec_sa_packets(kit.in) == 5);
    kit_stop(&kit);
}

static bool moves(uint64_t sequence, const char *addr, uint16_t port)
{
    const struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    kit_craft(&kit, &buffer, sequence, ipseci_view(p.octets, p.length));
    buffer.packet.carrier = kit.params.udp_encapsulation ? IPSEC_CARRIER_UDP : IPSEC_CARRIER_ESP;
    buffer.packet.remote = kit_endpoint(addr, port);
    buffer.packet.flags = IPSEC_PACKET_MOVED; /* of an earlier use of the struct */
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    return (buffer.packet.flags & IPSEC_PACKET_MOVED) != 0;
}

static void natt_09_moved_is_said_by_newer_packets_only(void **state)
{
    UNUSED_STATE;
    for (int udp = 0; udp < 2; udp++) {
        kit_init(&kit, KIT_GCM);
        kit.params.udp_encapsulation = udp != 0;
        kit.params.local = kit_endpoint("192.0.2.1", 4500);
        kit.params.remote = kit_endpoint("192.0.2.2", 4500);
        kit_start(&kit);
        assert_false(moves(10, "192.0.2.1", 4500));
        assert_true(moves(11, "192.0.2.9", 4500));
        assert_true(moves(12, "192.0.2.9", 4500)); /* again, until the SA is moved */
        assert_false(moves(9, "192.0.2.9", 4500)); /* older than the top */
        assert_false(moves(13, "192.0.2.1", 0));   /* without a port only the address counts */
        assert_int_equal(moves(14, "192.0.2.1", 30000), udp);
        buffer.packet.remote.port = 0;
        kit_stop(&kit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_02_03_04_05_07_on_packets),
        cmocka_unit_test(replay_09_after_the_last_number_zero_is_refused),
        cmocka_unit_test(replay_10_11_13_esn_across_the_boundary),
        cmocka_unit_test(replay_12_esn_after_too_long_a_loss),
        cmocka_unit_test(replay_13_esn_and_plain_do_not_mix),
        cmocka_unit_test(replay_14_check_switched_off),
        cmocka_unit_test(natt_09_moved_is_said_by_newer_packets_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
