/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of sealing (lib/esp/seal.c): layout, padding, numbers, IVs, limits, refusals.
 */
#include "esp_kit.h"
#include "ip_header.h"
#include "sa.h"

static struct kit kit;
static struct kit_buffer buffer;

/* Padding and trailer of a sealed packet, decrypted by opening it by hand. */
static void reveal(struct kit_buffer *b)
{
    const struct ipsec_sa_params *p = &kit.params;
    const struct ipsec_key_params key = {.direction = IPSEC_OPEN,
                                         .encr_id = p->suite.encr,
                                         .encr_key_bits = p->suite.encr_key_bits,
                                         .integ_id = p->suite.integ,
                                         .encr_key = p->encr_key,
                                         .integ_key = p->integ_key};
    struct ipseci_aead aead;
    assert_int_equal(ipseci_aead_init(&aead, &kit.toy.list, &key), IPSEC_OK);
    uint8_t *esp = kit_content(b);
    const uint32_t head = 8u + aead.iv_length;
    struct ipsec_crypto_op op = {.data = esp + head,
                                 .aad = esp,
                                 .aad_length = aead.is_aead ? 8 : (uint16_t)head,
                                 .iv = esp + 8,
                                 .data_length = b->packet.length - head - aead.tag_length};
    op.tag = op.data + op.data_length;
    const struct ipseci_aead *const aeads[1] = {&aead};
    struct ipsec_crypto_op *const ops[1] = {&op};
    ipseci_aead_run(aeads, ops, 1);
    assert_int_equal(op.status, IPSEC_OK);
    ipseci_aead_deinit(&aead);
}

static void pad_01_padding_and_layout_for_every_length(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        kit_init(&kit, (enum kit_suite)suite);
        kit_start(&kit);
        const uint32_t iv = kit.out->aead.iv_length;
        const uint32_t tag = kit.out->aead.tag_length;
        const uint32_t block = kit.out->aead.block;
        for (uint32_t length = 20; length < 60; length++) {
            kit_ipv4(&buffer, kit.out, length);
            uint8_t inner[64];
            memcpy(inner, kit_content(&buffer), length);
            assert_int_equal(kit_seal(&buffer), IPSEC_OK);
            assert_int_equal(buffer.packet.offset, KIT_OFFSET - 8 - iv);
            const uint8_t *esp = kit_content(&buffer);
            assert_int_equal(ipseci_load32(esp), KIT_SPI);
            assert_int_equal(ipseci_load32(esp + 4), length - 19);

            const uint32_t plain = buffer.packet.length - 8 - iv - tag;
            assert_int_equal(plain % block, 0);
            assert_true(plain >= length + 2 && plain < length + 2 + block);
            reveal(&buffer);
            const uint8_t *data = esp + 8 + iv;
            const uint32_t padding = plain - length - 2;
            assert_memory_equal(data, inner, length);
            for (uint32_t i = 0; i < padding; i++) {
                assert_int_equal(data[length + i], i + 1);
            }
            assert_int_equal(data[plain - 2], padding);
            assert_int_equal(data[plain - 1], 4);
        }
        kit_stop(&kit);
    }
}

static void espb_03_next_header_41_for_ipv6(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_NULL_SHA256);
    kit_start(&kit);
    kit_ipv6(&buffer, kit.out, 62);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    const uint8_t *esp = kit_content(&buffer);
    assert_int_equal(esp[buffer.packet.length - 16 - 1], 41);
    kit_stop(&kit);
}

static void replay_01_first_number_is_one_also_without_replay_check(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit.params.no_replay_check = true;
    kit_start(&kit);
    for (uint32_t i = 1; i <= 100; i++) {
        kit_ipv4(&buffer, kit.out, 40);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        assert_int_equal(ipseci_load32(kit_content(&buffer) + 4), i);
    }
    assert_true(ipsec_sa_packets(kit.out) == 100);
    kit_stop(&kit);
}

static void espb_07_counter_iv_never_repeats(void **state)
{
    UNUSED_STATE;
    for (int esn = 0; esn <= 1; esn++) {
        kit_init(&kit, KIT_GCM);
        kit.params.suite.esn = (uint16_t)esn;
        kit.params.sequence_start = esn != 0 ? 0xffffffffff : 0xffff;
        kit_start(&kit);
        for (uint64_t i = 1; i <= 300; i++) {
            kit_ipv4(&buffer, kit.out, 40);
            /* Failing crypto uses the number up: the next packet must not have its IV. */
            kit.toy.fails_at = i % 3 == 0 ? kit.toy.ops + 1 : 0;
            const enum ipsec_status status = kit_seal(&buffer);
            assert_int_equal(status, i % 3 == 0 ? IPSEC_FATAL_CRYPTO : IPSEC_OK);
            if (status == IPSEC_OK) {
                const uint8_t *esp = kit_content(&buffer);
                assert_true(ipseci_load64(esp + 8) == kit.params.sequence_start + i);
                assert_true(ipseci_load32(esp + 4) == (uint32_t)(kit.params.sequence_start + i));
            }
        }
        kit_stop(&kit);
    }
}

/* RFC 3686 3.1: a random one would have repeated after some 2^32 packets. */
static void counter_mode_beside_a_mac_has_a_counter_for_iv(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    kit.params.suite.encr = IPSEC_ENCR_AES_CTR;
    kit.params.encr_key.length = 36;
    kit.params.sequence_start = 0x10000;
    kit_start(&kit);
    for (uint64_t i = 1; i <= 50; i++) {
        kit_ipv4(&buffer, kit.out, 40);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        assert_true(ipseci_load64(kit_content(&buffer) + 8) == 0x10000 + i);
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    }
    assert_int_equal(kit.toy.random_calls, 0);
    kit_stop(&kit);
}

static void espb_09_cve_2022_46397_cbc_iv_is_random(void **state)
{
    static uint8_t ivs[300][16];
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    kit_start(&kit);
    for (unsigned i = 0; i < 300; i++) {
        kit_ipv4(&buffer, kit.out, 40);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        memcpy(ivs[i], kit_content(&buffer) + 8, 16);
        for (unsigned j = 0; j < i; j++) {
            assert_memory_not_equal(ivs[i], ivs[j], 16);
        }
    }
    /* Fetched in bulk: eight a call. */
    assert_int_equal(kit.toy.random_calls, (300 + 7) / 8);
    kit_stop(&kit);
}

/* Every octet from the source is used once, in one IV. */
static void espb_09_iv_octets_come_from_the_provider(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    kit.toy.random_counts = true;
    kit_start(&kit);
    for (unsigned i = 0; i < 20; i++) {
        kit_ipv4(&buffer, kit.out, 40);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        for (unsigned j = 0; j < 16; j++) {
            assert_int_equal(kit_content(&buffer)[8 + j], i % 8 * 16 + j);
        }
    }
    kit_stop(&kit);
}

static void sec_04_random_failure_sends_nothing_and_uses_no_number(void **state)
{
    struct ipsec_sa_stats stats;
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    kit_start(&kit);
    kit.toy.random_fails = true;
    kit_ipv4(&buffer, kit.out, 40);
    const struct kit_buffer before = buffer;
    assert_int_equal(kit_seal(&buffer), IPSEC_ERR_RANDOM);
    assert_memory_equal(before.octets, buffer.octets, sizeof(before.octets));
    ipsec_sa_stats(kit.out, &stats);
    assert_true(stats.sequence == 0 && stats.packets == 0 && stats.bytes == 0);
    kit.toy.random_fails = false;
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(ipseci_load32(kit_content(&buffer) + 4), 1);
    kit_stop(&kit);
}

static void replay_08_numbers_never_wrap(void **state)
{
    UNUSED_STATE;
    for (int esn = 0; esn <= 1; esn++) {
        const uint64_t last = esn != 0 ? UINT64_MAX : UINT32_MAX;
        kit_init(&kit, KIT_GCM);
        kit.params.suite.esn = (uint16_t)esn;
        kit.params.sequence_start = last - 2;
        kit_start(&kit);
        for (int i = 0; i < 6; i++) {
            kit_ipv4(&buffer, kit.out, 40);
            const struct kit_buffer before = buffer;
            const enum ipsec_status status = kit_seal(&buffer);
            assert_int_equal(status, i < 2 ? IPSEC_OK : IPSEC_FATAL_SEQUENCE);
            if (i == 1) {
                assert_true(ipseci_load32(kit_content(&buffer) + 4) == UINT32_MAX);
                assert_true(ipseci_load64(kit_content(&buffer) + 8) == last);
            }
            if (status != IPSEC_OK) {
                assert_memory_equal(before.octets, buffer.octets, sizeof(before.octets));
                assert_int_equal(buffer.packet.length, 40);
            }
        }
        kit_stop(&kit);
    }
}

static void hard_limits_by_packets_and_octets(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_CHACHA);
    kit.params.packets_max = 3;
    kit_start(&kit);
    for (int i = 0; i < 5; i++) {
        kit_ipv4(&buffer, kit.out, 40);
        assert_int_equal(kit_seal(&buffer), i < 3 ? IPSEC_OK : IPSEC_FATAL_LIFETIME);
    }
    kit_stop(&kit);

    kit_init(&kit, KIT_CHACHA);
    kit.params.bytes_max = 100;
    kit_start(&kit);
    kit_ipv4(&buffer, kit.out, 60);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    kit_ipv4(&buffer, kit.out, 41);
    assert_int_equal(kit_seal(&buffer), IPSEC_FATAL_LIFETIME);
    kit_ipv4(&buffer, kit.out, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    kit_ipv4(&buffer, kit.out, 20);
    assert_int_equal(kit_seal(&buffer), IPSEC_FATAL_LIFETIME);
    kit_stop(&kit);
}

/* CVE-2022-27666: room is counted for the packet at hand; one octet less is refused untouched. */
static void cve_2022_27666_room_is_exact(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        kit_init(&kit, (enum kit_suite)suite);
        kit_start(&kit);
        uint32_t head;
        uint32_t tail;
        ipsec_sa_room(kit.out, &head, &tail);
        uint32_t most = 0;
        for (uint32_t length = 20; length < 40; length++) {
            kit_ipv4(&buffer, kit.out, length);
            assert_int_equal(kit_seal(&buffer), IPSEC_OK);
            const uint32_t need = buffer.packet.length - head - length;
            most = need > most ? need : most;

            kit_ipv4(&buffer, kit.out, length);
            buffer.packet.capacity = KIT_OFFSET + length + need - 1;
            const struct kit_buffer before = buffer;
            assert_int_equal(kit_seal(&buffer), IPSEC_ERR_BUFFER);
            assert_memory_equal(before.octets, buffer.octets, sizeof(before.octets));
            buffer.packet.capacity++;
            assert_int_equal(kit_seal(&buffer), IPSEC_OK);

            /* And in front. */
            kit_ipv4(&buffer, kit.out, length);
            buffer.packet.buffer += KIT_OFFSET - head + 1;
            buffer.packet.offset = head - 1;
            assert_int_equal(kit_seal(&buffer), IPSEC_ERR_BUFFER);
            buffer.packet.buffer--;
            buffer.packet.offset++;
            assert_int_equal(kit_seal(&buffer), IPSEC_OK);
            assert_int_equal(buffer.packet.offset, 0);
        }
        assert_int_equal(most, tail);
        kit_stop(&kit);
    }
}

static void inner_packets_that_are_refused(void **state)
{
    struct ipsec_sa_stats stats;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit_start(&kit);
    kit_ipv4(&buffer, kit.out, 40);
    buffer.packet.length = 39;
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_TRUNCATED);
    kit_ipv4(&buffer, kit.out, 40);
    kit_content(&buffer)[0] = 0x55;
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_VERSION);
    kit_ipv4(&buffer, kit.out, 40);
    kit_content(&buffer)[0] = 0x44;
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_HEADER);
    kit_ipv4(&buffer, kit.out, 40);
    buffer.packet.length = 0;
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_VERSION);
    /* Source outside. */
    kit_ipv4(&buffer, kit.out, 40);
    kit_content(&buffer)[14] = 9;
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_SELECTORS);
    /* Destination outside. */
    kit_ipv4(&buffer, kit.out, 40);
    kit_content(&buffer)[18] = 9;
    assert_int_equal(kit_seal(&buffer), IPSEC_DROP_SELECTORS);

    ipsec_sa_stats(kit.out, &stats);
    assert_true(stats.sequence == 0 && stats.packets == 0);
    assert_true(stats.drops[ipsec_drop_index(IPSEC_DROP_SELECTORS)] == 2);
    assert_true(stats.drops[ipsec_drop_index(IPSEC_DROP_VERSION)] == 2);
    assert_true(stats.drops[ipsec_drop_index(IPSEC_DROP_HEADER)] == 1);
    assert_true(stats.drops[ipsec_drop_index(IPSEC_DROP_TRUNCATED)] == 1);
    kit_stop(&kit);
}

static void packets_that_are_not_usable(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit_start(&kit);
    kit_ipv4(&buffer, NULL, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_ERR_ARGUMENT);
    kit_ipv4(&buffer, kit.in, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_ERR_ARGUMENT);
    kit_ipv4(&buffer, kit.out, 40);
    buffer.packet.length = KIT_BUFFER_BYTES - KIT_OFFSET + 1;
    assert_int_equal(kit_seal(&buffer), IPSEC_ERR_ARGUMENT);
    kit_ipv4(&buffer, kit.out, 40);
    buffer.packet.offset = KIT_BUFFER_BYTES + 1;
    assert_int_equal(kit_seal(&buffer), IPSEC_ERR_ARGUMENT);
    kit_ipv4(&buffer, kit.out, 40);
    buffer.packet.offset = UINT32_MAX;
    buffer.packet.length = UINT32_MAX;
    assert_int_equal(kit_seal(&buffer), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_esp_seal(NULL, 0), 0);
    kit_stop(&kit);
}

static void too_big_for_any_ip_packet(void **state)
{
    static uint8_t big[70000];
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit.params.local_ts.count = kit.params.remote_ts.count = 0;
    kit_start(&kit);
    kit_ipv4(&buffer, kit.out, 40);
    memcpy(big + 100, kit_content(&buffer), 40);
    ipseci_store16(big + 102, 65535);
    struct ipsec_packet p = {
        .buffer = big, .capacity = sizeof(big), .offset = 100, .length = 65535, .sa = kit.out};
    struct ipsec_packet *const list[1] = {&p};
    assert_int_equal(ipsec_esp_seal(list, 1), 0);
    assert_int_equal(p.status, IPSEC_DROP_TOO_BIG);
    /* 8 header, 8 IV, 2 trailer, 16 ICV, no padding. */
    ipseci_store16(big + 102, 65535 - 34 - 3);
    assert_int_equal(ipsec_esp_seal(list, 1), 1);
    assert_true(p.length <= 65535);
    kit_stop(&kit);
}

static void pad_07_octets_after_the_inner_packet_are_not_sent(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_NULL_SHA256);
    kit_start(&kit);
    kit_ipv4(&buffer, kit.out, 42);
    buffer.packet.length = 60; /* as on Ethernet */
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(buffer.packet.length, 8 + 44 + 16);
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    assert_int_equal(buffer.packet.length, 42);
    kit_stop(&kit);
}

/* RFC 4303 2.7: what is sent behind the inner packet is taken off again, and held against nothing.
 */
static void pad_07_packets_are_filled_up(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        for (uint32_t length = 28; length < 90; length++) {
            kit_init(&kit, (enum kit_suite)suite);
            kit_start(&kit);
            kit_ipv4(&buffer, kit.out, length);
            const struct kit_buffer before = buffer;
            memset(kit_content(&buffer) + length, 0xaa, 100);
            assert_int_equal(ipsec_tfc_pad(&buffer.packet, 60), IPSEC_OK);
            const uint32_t filled = length < 60 ? 60 : length;
            assert_int_equal(buffer.packet.length, filled);
            for (uint32_t i = length; i < filled; i++) {
                assert_int_equal(kit_content(&buffer)[i], 0);
            }
            assert_int_equal(kit_content(&buffer)[filled], 0xaa);
            assert_int_equal(kit_seal(&buffer), IPSEC_OK);
            assert_true(buffer.packet.length >= 8 + filled + 2 + 12);
            struct ipsec_sa_stats stats;
            ipsec_sa_stats(kit.out, &stats);
            assert_true(stats.bytes == filled); /* the key has been used for so much */
            assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
            assert_int_equal(buffer.packet.length, length);
            assert_memory_equal(kit_content(&buffer), before.octets + KIT_OFFSET, length);
            kit_stop(&kit);
        }
    }
}

static void packets_are_filled_up_as_far_as_there_is_room(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        kit_init(&kit, (enum kit_suite)suite);
        kit_start(&kit);
        for (uint32_t capacity = KIT_OFFSET; capacity < KIT_OFFSET + 200; capacity++) {
            kit_ipv4(&buffer, kit.out, 60);
            buffer.packet.capacity = capacity;
            const enum ipsec_status status = ipsec_tfc_pad(&buffer.packet, 65535);
            assert_int_equal(status, capacity < KIT_OFFSET + 60 ? IPSEC_ERR_ARGUMENT : IPSEC_OK);
            assert_true(buffer.packet.length >= 60);
            /* Whatever was filled up can be sealed. */
            assert_int_equal((buffer.packet.flags & IPSEC_PACKET_TFC) != 0,
                             buffer.packet.length > 60);
            if (buffer.packet.length > 60) {
                assert_int_equal(kit_seal(&buffer), IPSEC_OK);
                assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
                assert_int_equal(buffer.packet.length, 60);
            }
        }
        kit_stop(&kit);
    }
}

static void what_is_not_to_be_filled_up_stays_as_it_is(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit_start(&kit);
    kit_ipv4(&buffer, kit.out, 60);
    buffer.packet.length = 19;
    assert_int_equal(ipsec_tfc_pad(&buffer.packet, 100), IPSEC_DROP_TRUNCATED);
    assert_int_equal(buffer.packet.length, 19);
    kit_ipv4(&buffer, kit.out, 60);
    kit_content(&buffer)[0] = 0x75;
    assert_int_equal(ipsec_tfc_pad(&buffer.packet, 100), IPSEC_DROP_VERSION);
    kit_ipv4(&buffer, kit.in, 60);
    assert_int_equal(ipsec_tfc_pad(&buffer.packet, 100), IPSEC_ERR_ARGUMENT);
    kit_ipv4(&buffer, NULL, 60);
    assert_int_equal(ipsec_tfc_pad(&buffer.packet, 100), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_tfc_pad(NULL, 100), IPSEC_ERR_ARGUMENT);
    assert_int_equal(buffer.packet.length, 60);
    assert_int_equal(buffer.packet.flags, 0);
    /* A flag that was left there goes, and with it what stood behind the packet. */
    kit_ipv4(&buffer, kit.out, 60);
    buffer.packet.length = 90;
    buffer.packet.flags = IPSEC_PACKET_TFC;
    assert_int_equal(ipsec_tfc_pad(&buffer.packet, 50), IPSEC_OK);
    assert_int_equal(buffer.packet.flags, 0);
    kit_stop(&kit);
}

static void pad_06_dummy_packets_can_be_sent(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    kit_start(&kit);
    for (uint32_t length = 0; length < 40; length++) {
        kit_ipv4(&buffer, kit.out, 40);
        buffer.packet.length = length;
        buffer.packet.flags = IPSEC_PACKET_DUMMY;
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_DROP_DUMMY);
    }
    kit_stop(&kit);
}

static void pmtu_09_espb_16_traffic_class_goes_out(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit_start(&kit);
    for (unsigned tos = 0; tos < 256; tos++) {
        kit_ipv4(&buffer, kit.out, 40);
        ipseci_ip_set_traffic_class(kit_content(&buffer), (uint8_t)tos);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        assert_int_equal(buffer.packet.traffic_class, tos);
        kit_ipv6(&buffer, kit.out, 60);
        ipseci_ip_set_traffic_class(kit_content(&buffer), (uint8_t)tos);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        assert_int_equal(buffer.packet.traffic_class, tos);
    }
    kit_stop(&kit);
}

static void crypto_failure_is_told_and_loses_one_packet(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    kit_start(&kit);
    kit.toy.fails_at = 1;
    kit_ipv4(&buffer, kit.out, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_FATAL_CRYPTO);
    assert_int_equal(buffer.packet.offset, KIT_OFFSET);
    assert_int_equal(buffer.packet.length, 40);
    kit_ipv4(&buffer, kit.out, 40);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pad_01_padding_and_layout_for_every_length),
        cmocka_unit_test(espb_03_next_header_41_for_ipv6),
        cmocka_unit_test(replay_01_first_number_is_one_also_without_replay_check),
        cmocka_unit_test(espb_07_counter_iv_never_repeats),
        cmocka_unit_test(counter_mode_beside_a_mac_has_a_counter_for_iv),
        cmocka_unit_test(espb_09_cve_2022_46397_cbc_iv_is_random),
        cmocka_unit_test(espb_09_iv_octets_come_from_the_provider),
        cmocka_unit_test(sec_04_random_failure_sends_nothing_and_uses_no_number),
        cmocka_unit_test(replay_08_numbers_never_wrap),
        cmocka_unit_test(hard_limits_by_packets_and_octets),
        cmocka_unit_test(cve_2022_27666_room_is_exact),
        cmocka_unit_test(inner_packets_that_are_refused),
        cmocka_unit_test(packets_that_are_not_usable),
        cmocka_unit_test(too_big_for_any_ip_packet),
        cmocka_unit_test(pad_07_octets_after_the_inner_packet_are_not_sent),
        cmocka_unit_test(pad_07_packets_are_filled_up),
        cmocka_unit_test(packets_are_filled_up_as_far_as_there_is_room),
        cmocka_unit_test(what_is_not_to_be_filled_up_stays_as_it_is),
        cmocka_unit_test(pad_06_dummy_packets_can_be_sent),
        cmocka_unit_test(pmtu_09_espb_16_traffic_class_goes_out),
        cmocka_unit_test(crypto_failure_is_told_and_loses_one_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
