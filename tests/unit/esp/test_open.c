/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of opening (lib/esp/open.c): what is taken, and every way to be dropped.
 */
#include "esp_kit.h"
#include "ip_header.h"
#include "sa.h"

static struct kit kit;
static struct kit_buffer buffer;

static void start(enum kit_suite suite)
{
    kit_init(&kit, suite);
    kit_start(&kit);
}

static uint64_t drops(enum ipsec_status reason)
{
    struct ipsec_sa_stats stats;
    ipsec_sa_stats(kit.in, &stats);
    return stats.drops[ipsec_drop_index(reason)];
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

static void round_trip_every_suite_family_and_length(void **state)
{
    static uint8_t inner[1500];
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        for (int esn = 0; esn <= 1; esn++) {
            kit_init(&kit, (enum kit_suite)suite);
            kit.params.suite.esn = (uint16_t)esn;
            kit.toy.combines_suites = (suite + esn) % 2 != 0;
            kit_start(&kit);
            for (uint32_t length = 40; length <= 1500; length += length < 120 ? 1 : 97) {
                const bool is_ipv4 = length % 2 == 0;
                if (is_ipv4) {
                    kit_ipv4(&buffer, kit.out, length);
                } else {
                    kit_ipv6(&buffer, kit.out, length);
                }
                memcpy(inner, kit_content(&buffer), length);
                assert_int_equal(kit_seal(&buffer), IPSEC_OK);
                assert_int_equal(buffer.packet.carrier, IPSEC_CARRIER_ESP);
                assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
                assert_int_equal(buffer.packet.length, length);
                assert_int_equal(buffer.packet.next_header, is_ipv4 ? 4 : 41);
                assert_memory_equal(kit_content(&buffer), inner, length);
            }
            kit_stop(&kit);
        }
    }
}

static void espb_05_every_bit_flip_is_dropped(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        start((enum kit_suite)suite);
        kit_ipv4(&buffer, kit.out, 28);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        const struct kit_buffer sealed = buffer;
        const uint64_t decrypted = kit.toy.decrypted;
        for (uint32_t bit = 0; bit < sealed.packet.length * 8; bit++) {
            buffer = sealed;
            buffer.packet.buffer = buffer.octets;
            kit_content(&buffer)[bit / 8] ^= (uint8_t)(1u << bit % 8);
            const enum ipsec_status status = kit_open(&buffer, kit.in);
            if (bit < 32) {
                assert_int_equal(status, IPSEC_DROP_SPI);
            } else {
                assert_int_equal(status, bit == 63 - 7 ? IPSEC_DROP_SEQUENCE_ZERO : IPSEC_DROP_ICV);
            }
            assert_int_equal(buffer.packet.length, sealed.packet.length);
        }
        /* Nothing was decrypted, nothing counted, the window did not move (REPLAY-05). */
        assert_true(kit.toy.decrypted == decrypted);
        assert_true(ipsec_sa_packets(kit.in) == 0 && top() == 0);
        buffer = sealed;
        buffer.packet.buffer = buffer.octets;
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
        kit_stop(&kit);
    }
}

static void espb_11_every_truncation_is_dropped(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        start((enum kit_suite)suite);
        kit_ipv4(&buffer, kit.out, 60);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        const struct kit_buffer sealed = buffer;
        const uint32_t least =
            8u + kit.in->aead.iv_length + kit.in->aead.block + kit.in->aead.tag_length;
        for (uint32_t length = 0; length < sealed.packet.length; length++) {
            /* A copy of exactly this length, so that a sanitizer sees a read beyond it. */
            uint8_t *exact = malloc(length + 1);
            assert_non_null(exact);
            memcpy(exact, sealed.octets + sealed.packet.offset, length);
            struct ipsec_packet p = {.buffer = exact,
                                     .capacity = length,
                                     .length = length,
                                     .carrier = IPSEC_CARRIER_ESP,
                                     .sa = kit.in};
            struct ipsec_packet *const list[1] = {&p};
            const uint64_t ops = kit.toy.ops;
            assert_int_equal(ipsec_esp_open(list, 1), 0);
            if (length < least) {
                assert_int_equal(p.status, IPSEC_DROP_TRUNCATED);
                assert_true(kit.toy.ops == ops); /* before any crypto */
            } else if ((length - least) % kit.in->aead.block != 0) {
                assert_int_equal(p.status, IPSEC_DROP_MALFORMED);
                assert_true(kit.toy.ops == ops);
            } else {
                assert_int_equal(p.status, IPSEC_DROP_ICV);
            }
            free(exact);
        }
        assert_true(drops(IPSEC_DROP_TRUNCATED) == least);
        kit_stop(&kit);
    }
}

static void espb_01_02_foreign_and_reserved_spis(void **state)
{
    static const uint32_t spis[] = {0, 1, 255, KIT_SPI + 1};
    UNUSED_STATE;
    start(KIT_GCM);
    for (size_t i = 0; i < IPSECI_COUNT(spis); i++) {
        kit_ipv4(&buffer, kit.out, 40);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        ipseci_store32(kit_content(&buffer), spis[i]);
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_DROP_SPI);
    }
    assert_true(drops(IPSEC_DROP_SPI) == IPSECI_COUNT(spis));
    kit_stop(&kit);
}

static void pad_03_vpp_ef5a3e9eaac_pad_length_beyond_the_packet(void **state)
{
    UNUSED_STATE;
    start(KIT_NULL_SHA256);
    struct kit_plain p = {.octets = {0}, .length = 12};
    uint64_t number = 0;
    for (unsigned padding = 0; padding < 256; padding++) {
        for (unsigned i = 0; i < 10; i++) {
            p.octets[i] = (uint8_t)(i + 1 + padding - 10); /* right where it fits */
        }
        p.octets[10] = (uint8_t)padding;
        p.octets[11] = 59;
        const enum ipsec_status status = open_plain(&p, ++number);
        assert_int_equal(status, padding <= 10 ? IPSEC_DROP_DUMMY : IPSEC_DROP_PADDING);
    }
    kit_stop(&kit);
}

static void pad_02_padding_that_does_not_count_up(void **state)
{
    UNUSED_STATE;
    start(KIT_CBC_SHA256);
    for (unsigned i = 0; i < 14; i++) {
        struct kit_plain p = kit_plain_of(32, 0, 14, 4);
        p.octets[32 + i] ^= 0x40;
        assert_int_equal(open_plain(&p, i + 1), IPSEC_DROP_PADDING);
    }
    /* Each was authentic: the window has moved. */
    assert_true(top() == 14 && drops(IPSEC_DROP_PADDING) == 14);
    kit_stop(&kit);
}

static void pad_04_pad_length_0_and_255(void **state)
{
    UNUSED_STATE;
    start(KIT_NULL_SHA256);
    struct kit_plain p = kit_plain_of(22, 0, 0, 4);
    assert_int_equal(open_plain(&p, 1), IPSEC_OK);
    assert_int_equal(buffer.packet.length, 22);
    p = kit_plain_of(23, 0, 255, 4);
    assert_int_equal(open_plain(&p, 2), IPSEC_OK);
    assert_int_equal(buffer.packet.length, 23);
    kit_stop(&kit);
}

static void pad_05_dummy_is_dropped_and_counts_for_the_window(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    struct kit_plain p = kit_plain_of(40, 0, 2, 59);
    assert_int_equal(open_plain(&p, 9), IPSEC_DROP_DUMMY);
    assert_true(top() == 9 && drops(IPSEC_DROP_DUMMY) == 1 && ipsec_sa_packets(kit.in) == 1);
    assert_int_equal(open_plain(&p, 9), IPSEC_DROP_REPLAY);
    /* Even an empty one. */
    const struct kit_plain empty = {.octets = {1, 2, 2, 59}, .length = 4};
    assert_int_equal(open_plain(&empty, 10), IPSEC_DROP_DUMMY);
    kit_stop(&kit);
}

static void pad_07_tfc_padding_is_stripped(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    for (uint32_t more = 0; more <= 800; more += 8) {
        const struct kit_plain p = kit_plain_of(40, more, 2, 4);
        assert_int_equal(open_plain(&p, more + 1), IPSEC_OK);
        assert_int_equal(buffer.packet.length, 40);
    }
    kit_stop(&kit);
}

static void espb_14_next_header_not_understood(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    for (unsigned next = 0; next < 256; next++) {
        const struct kit_plain p = kit_plain_of(40, 0, 2, (uint8_t)next);
        const enum ipsec_status status = open_plain(&p, next + 1);
        const enum ipsec_status expected = next == 4    ? IPSEC_OK
                                           : next == 59 ? IPSEC_DROP_DUMMY
                                           : next == 41 ? IPSEC_DROP_VERSION
                                                        : IPSEC_DROP_NEXT_HEADER;
        assert_int_equal(status, expected);
    }
    assert_true(drops(IPSEC_DROP_NEXT_HEADER) == 253);
    kit_stop(&kit);
}

static void espb_13_version_nibble_against_next_header(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    p.octets[0] = 0x55;
    assert_int_equal(open_plain(&p, 1), IPSEC_DROP_VERSION);
    /* A good IPv6 packet that the trailer calls IPv4. */
    kit_ipv6(&buffer, NULL, 60);
    p.length = 64;
    memcpy(p.octets, kit_content(&buffer), 60);
    memcpy(p.octets + 60, (const uint8_t[]){1, 2, 2, 4}, 4);
    assert_int_equal(open_plain(&p, 2), IPSEC_DROP_VERSION);
    p.octets[63] = 41;
    assert_int_equal(open_plain(&p, 3), IPSEC_OK);
    kit_stop(&kit);
}

static void inner_headers_that_contradict_themselves(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    ipseci_store16(p.octets + 2, 41); /* beyond the payload, into padding */
    assert_int_equal(open_plain(&p, 1), IPSEC_DROP_TRUNCATED);
    ipseci_store16(p.octets + 2, 19);
    assert_int_equal(open_plain(&p, 2), IPSEC_DROP_HEADER);
    ipseci_store16(p.octets + 2, 40);
    p.octets[0] = 0x41;
    assert_int_equal(open_plain(&p, 3), IPSEC_DROP_HEADER);
    const struct kit_plain empty = {.octets = {1, 2, 2, 4}, .length = 4};
    assert_int_equal(open_plain(&empty, 4), IPSEC_DROP_VERSION);
    kit_stop(&kit);
}

static void espb_12_spd_03_ts_13_inner_packet_outside_the_selectors(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    p.octets[14] = 9; /* source not behind the peer */
    assert_int_equal(open_plain(&p, 1), IPSEC_DROP_SELECTORS);
    p = kit_plain_of(40, 0, 2, 4);
    p.octets[18] = 9; /* destination not behind us */
    assert_int_equal(open_plain(&p, 2), IPSEC_DROP_SELECTORS);
    /* The packet of the other direction. */
    p = kit_plain_of(40, 0, 2, 4);
    uint8_t address[4];
    memcpy(address, p.octets + 12, 4);
    memcpy(p.octets + 12, p.octets + 16, 4);
    memcpy(p.octets + 16, address, 4);
    assert_int_equal(open_plain(&p, 3), IPSEC_DROP_SELECTORS);
    assert_true(drops(IPSEC_DROP_SELECTORS) == 3);
    kit_stop(&kit);

    /* No selectors: no check. */
    kit_init(&kit, KIT_GCM);
    kit.params.local_ts.count = kit.params.remote_ts.count = 0;
    kit_start(&kit);
    assert_int_equal(open_plain(&p, 1), IPSEC_OK);
    kit_stop(&kit);
}

static void spd_10_later_fragment_against_ports(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit.params.local_ts.count = kit.params.remote_ts.count = 1;
    kit.params.remote_ts.item[0] = kit_selector("192.168.2.0/24[udp/2000]");
    kit_start(&kit);
    struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    assert_int_equal(open_plain(&p, 1), IPSEC_OK);
    ipseci_store16(p.octets + 6, 10); /* offset: the ports can not be seen */
    assert_int_equal(open_plain(&p, 2), IPSEC_DROP_SELECTORS);
    kit_ipv4(&buffer, kit.out, 40);
    ipseci_store16(kit_content(&buffer) + 6, 10);
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_SELECTORS);
    kit_stop(&kit);

    start(KIT_GCM); /* any port: takes all fragments */
    assert_int_equal(open_plain(&p, 1), IPSEC_OK);
    kit_stop(&kit);
}

static void pmtu_09_10_12_ecn_through_the_tunnel(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    for (unsigned inner = 0; inner < 4; inner++) {
        for (unsigned outer = 0; outer < 4; outer++) {
            static const uint8_t merged[4][4] = {
                {0, 0, 0, 9}, {1, 1, 1, 3}, {2, 1, 2, 3}, {3, 3, 3, 3}};
            kit_ipv4(&buffer, kit.out, 40);
            ipseci_ip_set_traffic_class(kit_content(&buffer), (uint8_t)(0x88 | inner));
            assert_int_equal(kit_seal(&buffer), IPSEC_OK);
            assert_int_equal(buffer.packet.traffic_class, 0x88 | inner);
            buffer.packet.traffic_class = (uint8_t)(0x20 | outer);
            const enum ipsec_status status = kit_open(&buffer, kit.in);
            if (merged[inner][outer] == 9) {
                assert_int_equal(status, IPSEC_DROP_ECN);
                continue;
            }
            assert_int_equal(status, IPSEC_OK);
            /* ESPB-16: the inner DSCP is as it was. */
            assert_int_equal(kit_content(&buffer)[1], 0x88 | merged[inner][outer]);
            assert_true(ipseci_ipv4_checksum_valid(kit_content(&buffer)));
        }
    }
    kit_stop(&kit);
}

static void natt_11_vpp_e7901e88302_encapsulation_must_fit(void **state)
{
    UNUSED_STATE;
    for (int in_udp = 0; in_udp <= 1; in_udp++) {
        for (int any = 0; any <= 1; any++) {
            kit_init(&kit, KIT_GCM);
            kit.params.udp_encapsulation = in_udp != 0;
            kit.params.accept_any_encapsulation = any != 0;
            kit.params.local.port = kit.params.remote.port = 4500;
            kit_start(&kit);
            for (int wrong = 0; wrong <= 1; wrong++) {
                kit_ipv4(&buffer, kit.out, 40);
                assert_int_equal(kit_seal(&buffer), IPSEC_OK);
                assert_int_equal(buffer.packet.carrier,
                                 in_udp != 0 ? IPSEC_CARRIER_UDP : IPSEC_CARRIER_ESP);
                if (wrong != 0) {
                    buffer.packet.carrier = in_udp != 0 ? IPSEC_CARRIER_ESP : IPSEC_CARRIER_UDP;
                }
                assert_int_equal(kit_open(&buffer, kit.in),
                                 wrong != 0 && any == 0 ? IPSEC_DROP_ENCAPSULATION : IPSEC_OK);
            }
            kit_ipv4(&buffer, kit.out, 40);
            assert_int_equal(kit_seal(&buffer), IPSEC_OK);
            buffer.packet.carrier = IPSEC_CARRIER_NONE;
            assert_int_equal(kit_open(&buffer, kit.in), IPSEC_ERR_ARGUMENT);
            buffer.packet.carrier = 77;
            assert_int_equal(kit_open(&buffer, kit.in), IPSEC_ERR_ARGUMENT);
            kit_stop(&kit);
        }
    }
}

static void hard_limits_inbound(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit.params.packets_max = 2;
    kit_start(&kit);
    const struct kit_plain p = kit_plain_of(40, 0, 2, 4);
    assert_int_equal(open_plain(&p, 1), IPSEC_OK);
    assert_int_equal(open_plain(&p, 2), IPSEC_OK);
    assert_int_equal(open_plain(&p, 3), IPSEC_DROP_EXPIRED);
    assert_true(ipsec_sa_packets(kit.in) == 2 && drops(IPSEC_DROP_EXPIRED) == 1);
    kit_stop(&kit);

    kit_init(&kit, KIT_GCM);
    kit.params.bytes_max = 90;
    kit_start(&kit);
    assert_int_equal(open_plain(&p, 1), IPSEC_OK);
    assert_int_equal(open_plain(&p, 2), IPSEC_OK);
    assert_int_equal(open_plain(&p, 3), IPSEC_DROP_EXPIRED);
    kit_stop(&kit);
}

static void packets_that_are_not_usable(void **state)
{
    UNUSED_STATE;
    start(KIT_GCM);
    kit_ipv4(&buffer, kit.out, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(kit_open(&buffer, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(kit_open(&buffer, kit.out), IPSEC_ERR_ARGUMENT);
    buffer.packet.length = KIT_BUFFER_BYTES;
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_esp_open(NULL, 0), 0);
    kit_stop(&kit);
}

static void crypto_failure_is_told_and_moves_nothing(void **state)
{
    UNUSED_STATE;
    start(KIT_CBC_SHA256);
    for (uint64_t pass = 1; pass <= 2; pass++) { /* the MAC's, then the cipher's */
        kit_ipv4(&buffer, kit.out, 40);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        const struct kit_buffer sealed = buffer;
        const uint64_t before = top();
        kit.toy.fails_at = kit.toy.ops + pass;
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_FATAL_CRYPTO);
        assert_true(top() == before);
        kit.toy.fails_at = 0;
        buffer = sealed;
        buffer.packet.buffer = buffer.octets;
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    }
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_every_suite_family_and_length),
        cmocka_unit_test(espb_05_every_bit_flip_is_dropped),
        cmocka_unit_test(espb_11_every_truncation_is_dropped),
        cmocka_unit_test(espb_01_02_foreign_and_reserved_spis),
        cmocka_unit_test(pad_03_vpp_ef5a3e9eaac_pad_length_beyond_the_packet),
        cmocka_unit_test(pad_02_padding_that_does_not_count_up),
        cmocka_unit_test(pad_04_pad_length_0_and_255),
        cmocka_unit_test(pad_05_dummy_is_dropped_and_counts_for_the_window),
        cmocka_unit_test(pad_07_tfc_padding_is_stripped),
        cmocka_unit_test(espb_14_next_header_not_understood),
        cmocka_unit_test(espb_13_version_nibble_against_next_header),
        cmocka_unit_test(inner_headers_that_contradict_themselves),
        cmocka_unit_test(espb_12_spd_03_ts_13_inner_packet_outside_the_selectors),
        cmocka_unit_test(spd_10_later_fragment_against_ports),
        cmocka_unit_test(pmtu_09_10_12_ecn_through_the_tunnel),
        cmocka_unit_test(natt_11_vpp_e7901e88302_encapsulation_must_fit),
        cmocka_unit_test(hard_limits_inbound),
        cmocka_unit_test(packets_that_are_not_usable),
        cmocka_unit_test(crypto_failure_is_told_and_moves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
