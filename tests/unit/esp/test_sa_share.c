/* SPDX-License-Identifier: Apache-2.0
 *
 * Senders of one outbound SA in one thread, where every order can be made: which numbers they draw,
 * what goes back, how they end together. test_threads.c has them in threads. RFC 4303 3.3.3.
 */
#include "esp_kit.h"

#include <ipsec/lookaside.h>
#include <ipsec/sa_share.h>

#define SENDERS 2
#define BURST   40 /* more than a batch */

static struct kit kit; /* its outbound SA is the first sender */
static struct toy toys[SENDERS];
static struct ipsec_sa *sender[SENDERS];
static struct ipsec_sa_share *share;
static _Alignas(max_align_t) uint8_t blocks[SENDERS][KIT_SA_BYTES];
static _Alignas(max_align_t) uint8_t share_block[256];
static _Alignas(max_align_t) uint8_t in_block[KIT_SA_BYTES];
static struct ipsec_sa *in;
static struct kit_buffer buffers[BURST];
static struct ipsec_packet *list[BURST];

/* kit.params are as wanted. */
static void start(void)
{
    struct ipsec_sa_params other_end = kit_mirror(&kit.params);
    assert_true(ipsec_sa_share_size() <= sizeof(share_block));
    assert_int_equal(ipsec_sa_share_init(share_block, ipsec_sa_share_size(), &kit.params, &share),
                     IPSEC_OK);
    kit.params.share = share;
    for (int i = 0; i < SENDERS; i++) {
        toy_init(&toys[i]);
        toys[i].seed = (uint64_t)i * 1000000;
        assert_int_equal(
            ipsec_sa_init(blocks[i], sizeof(blocks[i]), &kit.params, &toys[i].list, &sender[i]),
            IPSEC_OK);
    }
    other_end.packets_max = 0;
    other_end.bytes_max = 0;
    assert_int_equal(ipsec_sa_init(in_block, sizeof(in_block), &other_end, &kit.toy.list, &in),
                     IPSEC_OK);
}

static void stop(void)
{
    for (int i = 0; i < SENDERS; i++) {
        ipsec_sa_deinit(sender[i]);
        assert_int_equal(toys[i].keys_alive, 0);
    }
    ipsec_sa_deinit(in);
    assert_int_equal(kit.toy.keys_alive, 0);
}

static void fill(int at, int who, uint32_t length)
{
    kit_ipv4(&buffers[at], sender[who], length);
    list[at] = &buffers[at].packet;
}

static uint32_t number_of(int at)
{
    return ipseci_load32(kit_content(&buffers[at]) + 4);
}

static void open_all(int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(kit_open(&buffers[i], in), IPSEC_OK);
    }
}

static void each_number_is_drawn_once(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        for (int esn = 0; esn <= 1; esn++) {
            kit_init(&kit, (enum kit_suite)suite);
            kit.params.suite.esn = (uint8_t)esn;
            start();
            for (int turn = 0; turn < 6; turn++) {
                for (int i = 0; i < BURST; i++) {
                    fill(i, turn % SENDERS, 60);
                }
                assert_int_equal(ipsec_esp_seal(list, BURST), BURST);
                for (int i = 0; i < BURST; i++) {
                    assert_int_equal(number_of(i), turn * BURST + i + 1);
                }
                open_all(BURST);
            }
            assert_int_equal(ipsec_sa_packets(sender[0]), 3 * BURST);
            assert_int_equal(ipsec_sa_bytes(sender[1]), 3 * BURST * 60);
            assert_int_equal(ipsec_sa_share_packets(share), 6 * BURST);
            assert_int_equal(ipsec_sa_share_bytes(share), 6 * BURST * 60);
            assert_int_equal(ipsec_sa_packets(in), 6 * BURST);
            stop();
        }
    }
}

static void a_burst_may_mix_senders(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    start();
    uint64_t seen = 0;
    for (int i = 0; i < BURST; i++) {
        fill(i, i % 3 == 0, 60 + (uint32_t)i);
    }
    assert_int_equal(ipsec_esp_seal(list, BURST), BURST);
    for (int i = 0; i < BURST; i++) {
        assert_true(number_of(i) >= 1 && number_of(i) <= BURST);
        seen |= UINT64_C(1) << number_of(i);
    }
    assert_true(seen == (UINT64_C(1) << (BURST + 1)) - 2);
    assert_int_equal(ipsec_sa_share_packets(share), BURST);
    open_all(BURST);
    stop();
}

/* The numbers of packets that could not be sent. */
static void what_is_not_used_goes_back(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    start();
    for (int i = 0; i < 10; i++) {
        fill(i, 0, 60);
    }
    buffers[3].packet.capacity = KIT_OFFSET + 60; /* no room for its ICV */
    buffers[7].octets[KIT_OFFSET + 12] = 9;       /* not from our network */
    assert_int_equal(ipsec_esp_seal(list, 10), 8);
    assert_int_equal(buffers[3].packet.status, IPSEC_ERR_BUFFER);
    assert_int_equal(buffers[7].packet.status, IPSEC_DROP_SELECTORS);
    assert_int_equal(number_of(9), 8);
    assert_int_equal(ipsec_sa_share_packets(share), 8);
    assert_int_equal(ipsec_sa_share_bytes(share), 8 * 60);
    fill(0, 1, 60);
    assert_int_equal(ipsec_esp_seal(list, 1), 1);
    assert_int_equal(number_of(0), 9);

    /* The other sender of the burst has drawn since: passed over, not given twice. */
    for (int i = 0; i < 6; i++) {
        fill(i, i % 2, 60);
    }
    buffers[4].packet.capacity = KIT_OFFSET + 60;
    assert_int_equal(ipsec_esp_seal(list, 6), 5);
    assert_int_equal(number_of(0), 10);
    assert_int_equal(number_of(2), 11);
    assert_int_equal(number_of(1), 13);
    assert_int_equal(number_of(5), 15);
    fill(0, 0, 60);
    assert_int_equal(ipsec_esp_seal(list, 1), 1);
    assert_int_equal(number_of(0), 16);
    assert_int_equal(ipsec_sa_share_packets(share), 16);
    assert_int_equal(ipsec_sa_packets(sender[0]) + ipsec_sa_packets(sender[1]), 15);
    assert_int_equal(ipsec_sa_share_bytes(share), 15 * 60);
    stop();
}

/* Octets behind the inner packet are not sent, so not counted, and are there for the next burst. */
static void octets_are_those_that_are_sent(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit.params.bytes_max = 300;
    start();
    fill(0, 0, 100);
    buffers[0].packet.length += 50;
    assert_int_equal(ipsec_esp_seal(list, 1), 1);
    assert_int_equal(ipsec_sa_bytes(sender[0]), 100);
    for (int i = 0; i < 2; i++) {
        fill(i, 0, 100);
    }
    assert_int_equal(ipsec_esp_seal(list, 2), 2);
    assert_int_equal(ipsec_sa_share_bytes(share), 300);
    fill(0, 1, 20);
    assert_int_equal(ipsec_esp_seal(list, 1), 0);
    assert_int_equal(buffers[0].packet.status, IPSEC_FATAL_LIFETIME);
    assert_int_equal(ipsec_sa_share_packets(share), 3); /* no number was lost to it */
    stop();
}

static void numbers_end_for_all(void **state)
{
    UNUSED_STATE;
    for (int esn = 0; esn <= 1; esn++) {
        kit_init(&kit, KIT_GCM);
        kit.params.suite.esn = (uint8_t)esn;
        kit.params.sequence_start = (esn != 0 ? UINT64_MAX : UINT32_MAX) - 7;
        start();
        for (int who = 0; who < 4; who++) {
            for (int i = 0; i < 5; i++) {
                fill(i, who % SENDERS, 60);
            }
            const size_t sealed = ipsec_esp_seal(list, 5);
            assert_int_equal(sealed, who == 0 ? 5 : who == 1 ? 2 : 0);
            for (size_t i = sealed; i < 5; i++) {
                assert_int_equal(list[i]->status, IPSEC_FATAL_SEQUENCE);
            }
            if (who == 1) {
                assert_true(number_of(1) == UINT32_MAX);
            }
        }
        assert_int_equal(ipsec_sa_share_packets(share), 7);
        assert_int_equal(ipsec_sa_share_bytes(share), 7 * 60);
        stop();
    }
}

static void hard_limits_are_of_all_together(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    kit.params.packets_max = 7;
    start();
    for (int who = 0; who < 4; who++) {
        for (int i = 0; i < 5; i++) {
            fill(i, who % SENDERS, 60);
        }
        assert_int_equal(ipsec_esp_seal(list, 5), who == 0 ? 5 : who == 1 ? 2 : 0);
        assert_int_equal(list[4]->status, who == 0 ? IPSEC_OK : IPSEC_FATAL_LIFETIME);
    }
    stop();

    kit_init(&kit, KIT_GCM);
    kit.params.bytes_max = 650; /* of five packets of 100, those of the other sender up to there */
    start();
    for (int who = 0; who < 2; who++) {
        for (int i = 0; i < 5; i++) {
            fill(i, who, 100);
        }
        assert_int_equal(ipsec_esp_seal(list, 5), who == 0 ? 5 : 1);
        assert_int_equal(list[4]->status, who == 0 ? IPSEC_OK : IPSEC_FATAL_LIFETIME);
    }
    assert_int_equal(ipsec_sa_share_bytes(share), 600);
    fill(0, 0, 51);
    assert_int_equal(ipsec_esp_seal(list, 1), 0);
    fill(0, 0, 50);
    assert_int_equal(ipsec_esp_seal(list, 1), 1);
    stop();
}

static void a_soft_limit_is_told_once(void **state)
{
    UNUSED_STATE;
    for (int by_bytes = 0; by_bytes <= 1; by_bytes++) {
        const struct ipsec_key_limits limits = {.packets_soft = by_bytes != 0 ? UINT64_MAX : 5,
                                                .bytes_soft = by_bytes != 0 ? 300 : UINT64_MAX};
        kit_init(&kit, KIT_GCM);
        kit.params.sequence_start = 1000;
        start();
        for (int turn = 1; turn <= 8; turn++) {
            fill(0, turn % SENDERS, 60);
            assert_int_equal(ipsec_esp_seal(list, 1), 1);
            assert_int_equal(number_of(0), 1000 + turn);
            assert_true(ipsec_sa_share_is_due(share, &limits) == (turn == 5));
            assert_false(ipsec_sa_share_is_due(share, &limits));
        }
        stop();
    }
}

/* RFC 3602 3: random for each packet, with two generators. */
static void senders_have_ivs_of_their_own(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    start();
    for (int i = 0; i < BURST; i++) {
        fill(i, i % SENDERS, 60);
    }
    assert_int_equal(ipsec_esp_seal(list, BURST), BURST);
    for (int i = 0; i < BURST; i++) {
        for (int j = 0; j < i; j++) {
            assert_memory_not_equal(kit_content(&buffers[i]) + 8, kit_content(&buffers[j]) + 8, 16);
        }
    }
    open_all(BURST);

    /* No number is used without an IV; it goes back. */
    for (int i = 0; i < BURST; i++) {
        fill(i, 0, 60);
    }
    toys[0].random_fails = true;
    const size_t sealed = ipsec_esp_seal(list, BURST);
    assert_true(sealed < 8);
    assert_int_equal(list[BURST - 1]->status, IPSEC_ERR_RANDOM);
    assert_int_equal(ipsec_sa_share_packets(share), BURST + sealed);
    stop();
}

static void look_aside_draws_too(void **state)
{
    UNUSED_STATE;
    struct ipsec_lookaside_config config = IPSEC_LOOKASIDE_CONFIG_INIT;
    static _Alignas(max_align_t) uint8_t block[16384];
    struct ipsec_lookaside *aside;
    config.packet_max = 64;
    assert_int_equal(ipsec_lookaside_init(block, sizeof(block), &config, &aside), IPSEC_OK);
    kit_init(&kit, KIT_GCM);
    start();
    for (int i = 0; i < BURST; i++) {
        fill(i, 0, 60);
    }
    buffers[5].packet.length = 3;
    assert_int_equal(ipsec_lookaside_submit(aside, list, BURST), 0);
    assert_int_equal(buffers[5].packet.status, IPSEC_DROP_TRUNCATED);
    assert_int_equal(number_of(4), 5);
    assert_int_equal(number_of(6), 6);
    assert_int_equal(number_of(BURST - 1), BURST - 1);
    assert_int_equal(ipsec_sa_share_packets(share), BURST - 1);
    fill(0, 1, 60);
    assert_int_equal(ipsec_esp_seal(list, 1), 1);
    assert_int_equal(number_of(0), BURST);
    stop();
}

static enum ipsec_status make(const struct ipsec_sa_params *params)
{
    struct ipsec_sa *made;
    return ipsec_sa_init(blocks[0], sizeof(blocks[0]), params, &kit.toy.list, &made);
}

static enum ipsec_status make_share(const struct ipsec_sa_params *params)
{
    return ipsec_sa_share_init(share_block, sizeof(share_block), params, &share);
}

static void what_does_not_fit_is_refused(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct ipsec_sa_params p = kit.params;
    assert_int_equal(ipsec_sa_share_init(NULL, 256, &p, &share), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_share_init(share_block, 256, &p, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_share_init(share_block, ipsec_sa_share_size() - 1, &p, &share),
                     IPSEC_ERR_BUFFER);
    p.spi = 255;
    assert_int_equal(make_share(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.sequence_start = UINT64_C(1) << 32;
    assert_int_equal(make_share(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.suite.encr = 999;
    assert_int_equal(make_share(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.size = 2;
    assert_int_equal(make_share(&p), IPSEC_ERR_STRUCT_SIZE);

    assert_int_equal(make_share(&kit.params), IPSEC_OK);
    p = kit.params;
    p.share = share;
    p.spi++;
    assert_int_equal(make(&p), IPSEC_ERR_ARGUMENT);
    p.spi--;
    p.suite.esn = IPSEC_ESN_YES;
    assert_int_equal(make(&p), IPSEC_ERR_ARGUMENT);
    p.suite.esn = IPSEC_ESN_NO;
    p.direction = IPSEC_OPEN;
    assert_int_equal(make(&p), IPSEC_ERR_ARGUMENT);
    p.direction = IPSEC_SEAL;
    p.suite.encr = IPSEC_ENCR_AES_GCM_8;
    assert_int_equal(make(&p), IPSEC_ERR_ARGUMENT);
    assert_int_equal(kit.toy.keys_alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_is_drawn_once),
        cmocka_unit_test(a_burst_may_mix_senders),
        cmocka_unit_test(what_is_not_used_goes_back),
        cmocka_unit_test(octets_are_those_that_are_sent),
        cmocka_unit_test(numbers_end_for_all),
        cmocka_unit_test(hard_limits_are_of_all_together),
        cmocka_unit_test(a_soft_limit_is_told_once),
        cmocka_unit_test(senders_have_ivs_of_their_own),
        cmocka_unit_test(look_aside_draws_too),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
