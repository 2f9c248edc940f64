/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of making and ending an SA (lib/esp/sa.c).
 */
#include "sa.h"

#include "esp_kit.h"

static struct kit kit;

static enum ipsec_status try_init(const struct ipsec_sa_params *p)
{
    struct ipsec_sa *sa = NULL;
    const enum ipsec_status status =
        ipsec_sa_init(kit.out_block, sizeof(kit.out_block), p, &kit.toy.list, &sa);
    assert_true((status == IPSEC_OK) == (sa != NULL));
    ipsec_sa_deinit(sa);
    assert_int_equal(kit.toy.keys_alive, 0);
    return status;
}

static void good_params_are_taken(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        kit_init(&kit, (enum kit_suite)suite);
        assert_int_equal(try_init(&kit.params), IPSEC_OK);
        struct ipsec_sa_params in = kit_mirror(&kit.params);
        assert_int_equal(try_init(&in), IPSEC_OK);
    }
}

static void espb_01_reserved_spis_are_refused(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    for (uint32_t spi = 0; spi < 256; spi++) {
        kit.params.spi = spi;
        assert_int_equal(try_init(&kit.params), IPSEC_ERR_ARGUMENT);
    }
    kit.params.spi = IPSEC_SPI_MIN;
    assert_int_equal(try_init(&kit.params), IPSEC_OK);
}

static void espb_10_encryption_without_integrity_is_refused(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    kit.params.suite.integ = IPSEC_INTEG_NONE;
    kit.params.integ_key.length = 0;
    assert_int_equal(try_init(&kit.params), IPSEC_ERR_FORBIDDEN);
    kit_init(&kit, KIT_NULL_SHA256);
    kit.params.suite.integ = IPSEC_INTEG_NONE;
    kit.params.integ_key.length = 0;
    assert_int_equal(try_init(&kit.params), IPSEC_ERR_FORBIDDEN);
}

/* CVE-2024-3652: no key material where the suite needs some. */
static void cve_2024_3652_key_lengths(void **state)
{
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        kit_init(&kit, (enum kit_suite)suite);
        const size_t right = kit.params.encr_key.length;
        for (size_t length = 0; length <= 64; length++) {
            kit.params.encr_key.length = length;
            assert_int_equal(try_init(&kit.params),
                             length == right ? IPSEC_OK : IPSEC_ERR_ARGUMENT);
        }
        kit.params.encr_key.length = right;
        const size_t mac = kit.params.integ_key.length;
        for (size_t length = 0; length <= 64; length++) {
            kit.params.integ_key.length = length;
            assert_int_equal(try_init(&kit.params), length == mac ? IPSEC_OK : IPSEC_ERR_ARGUMENT);
        }
    }
}

static void cve_2017_7184_replay_06_window_sizes(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct ipsec_sa_params in = kit_mirror(&kit.params);
    for (uint32_t window = 1; window < 9000; window++) {
        size_t bytes = 0;
        in.replay_window = window;
        const bool fits = window >= 64 && window <= 4096 && window % 64 == 0;
        const enum ipsec_status expected = fits ? IPSEC_OK : IPSEC_ERR_ARGUMENT;
        assert_int_equal(try_init(&in), expected);
        assert_int_equal(ipsec_sa_size(&in, &bytes), expected);
    }
    in.replay_window = UINT32_MAX - 63;
    assert_int_equal(try_init(&in), IPSEC_ERR_ARGUMENT);
}

static void other_params_that_are_refused(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct ipsec_sa_params p = kit.params;
    p.direction = 2;
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.outer = 2;
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.suite.protocol = IPSEC_PROTOCOL_IKE;
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.suite.esn = 2;
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.suite.encr = 999;
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.sequence_start = UINT64_C(1) << 32;
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p.suite.esn = IPSEC_ESN_YES;
    assert_int_equal(try_init(&p), IPSEC_OK);
    p = kit.params;
    p.local_ts.count = IPSEC_SELECTORS_MAX + 1;
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.remote_ts.count = 0;
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.remote_ts.item[1].family = 0;
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.outer = IPSEC_OUTER_IP;
    p.remote = kit_endpoint("2001:db8::1", 0);
    assert_int_equal(try_init(&p), IPSEC_ERR_ARGUMENT);
    p = kit.params;
    p.size = 0;
    assert_int_equal(try_init(&p), IPSEC_ERR_STRUCT_SIZE);
}

static void null_pointers_are_refused(void **state)
{
    struct ipsec_sa *sa;
    size_t bytes;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    assert_int_equal(ipsec_sa_init(NULL, 4096, &kit.params, &kit.toy.list, &sa),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_init(kit.in_block, 2048, NULL, &kit.toy.list, &sa),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_init(kit.in_block, 2048, &kit.params, NULL, &sa), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_init(kit.in_block, 2048, &kit.params, &kit.toy.list, NULL),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_size(NULL, &bytes), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sa_size(&kit.params, NULL), IPSEC_ERR_ARGUMENT);
    ipsec_sa_deinit(NULL);
}

static void the_size_told_is_enough_and_no_octet_more_is_touched(void **state)
{
    UNUSED_STATE;
    for (uint32_t window = 64; window <= 4096; window += 64) {
        for (int direction = 0; direction <= 1; direction++) {
            static _Alignas(max_align_t) uint8_t block[4096];
            struct ipsec_sa *sa;
            size_t bytes;
            kit_init(&kit, KIT_CBC_SHA256);
            struct ipsec_sa_params p = direction == 0 ? kit.params : kit_mirror(&kit.params);
            p.replay_window = window;
            assert_int_equal(ipsec_sa_size(&p, &bytes), IPSEC_OK);
            assert_true(bytes < sizeof(block));
            memset(block, 0xee, sizeof(block));
            assert_int_equal(ipsec_sa_init(block, bytes - 1, &p, &kit.toy.list, &sa),
                             IPSEC_ERR_BUFFER);
            assert_int_equal(ipsec_sa_init(block, bytes, &p, &kit.toy.list, &sa), IPSEC_OK);
            for (size_t i = bytes; i < sizeof(block); i++) {
                assert_int_equal(block[i], 0xee);
            }
            /* SEC-03: nothing of it stays. */
            ipsec_sa_deinit(sa);
            for (size_t i = 0; i < bytes; i++) {
                assert_int_equal(block[i], 0);
            }
            assert_int_equal(kit.toy.keys_alive, 0);
        }
    }
}

static void sec_06_key_memory_failure_leaks_nothing(void **state)
{
    UNUSED_STATE;
    for (unsigned left = 0; left < 2; left++) {
        kit_init(&kit, KIT_CBC_SHA256);
        kit.toy.keys_left = left;
        assert_int_equal(try_init(&kit.params), IPSEC_ERR_MEMORY);
    }
}

static void algorithms_no_provider_has(void **state)
{
    const struct ipsec_crypto_list nobody = {.count = 0};
    struct ipsec_sa *sa;
    UNUSED_STATE;
    kit_init(&kit, KIT_CHACHA);
    kit.toy.absent_encr = IPSEC_ENCR_CHACHA20_POLY1305;
    assert_int_equal(try_init(&kit.params), IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(ipsec_sa_init(kit.in_block, sizeof(kit.in_block), &kit.params, &nobody, &sa),
                     IPSEC_ERR_NOT_BUILT_IN);
}

static void what_an_sa_says_of_itself(void **state)
{
    struct ipsec_sa_stats stats;
    uint32_t head;
    uint32_t tail;
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    kit.params.user = &kit;
    kit.params.sequence_start = 77;
    kit_start(&kit);
    assert_int_equal(ipsec_sa_spi(kit.out), KIT_SPI);
    assert_ptr_equal(ipsec_sa_user(kit.in), &kit);
    ipsec_sa_room(kit.out, &head, &tail);
    assert_int_equal(head, 8 + 16);
    assert_int_equal(tail, 15 + 2 + 16);
    ipsec_sa_room(kit.in, &head, &tail);
    assert_true(head == 0 && tail == 0);
    ipsec_sa_stats(kit.out, &stats);
    assert_true(stats.sequence == 77 && stats.packets == 0 && stats.bytes == 0);
    ipsec_sa_stats(kit.in, &stats);
    assert_true(stats.sequence == 77);

    struct kit_buffer b;
    kit_ipv4(&b, kit.out, 50);
    assert_int_equal(kit_seal(&b), IPSEC_OK);
    assert_true(ipsec_sa_packets(kit.in) == 0);
    assert_int_equal(kit_open(&b, kit.in), IPSEC_OK);
    ipsec_sa_stats(kit.in, &stats);
    assert_true(stats.sequence == 78 && stats.packets == 1 && stats.bytes == 50);
    assert_true(ipsec_sa_packets(kit.in) == 1);
    kit_stop(&kit);
}

static void drop_counters_stop_at_their_end(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit_start(&kit);
    const size_t index = ipsec_drop_index(IPSEC_DROP_ICV);
    kit.in->drops[index] = UINT32_MAX - 1;
    ipseci_sa_count_drop(kit.in, IPSEC_DROP_ICV);
    ipseci_sa_count_drop(kit.in, IPSEC_DROP_ICV);
    assert_true(kit.in->drops[index] == UINT32_MAX);
    ipseci_sa_count_drop(kit.in, IPSEC_FATAL_CRYPTO); /* no counter, no harm */
    kit_stop(&kit);
}

static void numbers_end_a_key(void **state)
{
    UNUSED_STATE;
    struct ipsec_key_limits limits;
    struct ipsec_suite suite = {.encr = IPSEC_ENCR_AES_CBC};
    assert_int_equal(ipsec_key_limits(&suite, &limits), IPSEC_OK);
    assert_true(limits.packets_hard == UINT32_MAX && limits.packets_soft == 0xf0000000u);
    suite.esn = IPSEC_ESN_YES;
    assert_int_equal(ipsec_key_limits(&suite, &limits), IPSEC_OK);
    assert_true(limits.packets_hard == UINT64_MAX);
    assert_true(limits.packets_soft == UINT64_C(0xf000000000000000));
    assert_int_equal(ipsec_key_limits(NULL, &limits), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_key_limits(&suite, NULL), IPSEC_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_params_are_taken),
        cmocka_unit_test(espb_01_reserved_spis_are_refused),
        cmocka_unit_test(espb_10_encryption_without_integrity_is_refused),
        cmocka_unit_test(cve_2024_3652_key_lengths),
        cmocka_unit_test(cve_2017_7184_replay_06_window_sizes),
        cmocka_unit_test(other_params_that_are_refused),
        cmocka_unit_test(null_pointers_are_refused),
        cmocka_unit_test(the_size_told_is_enough_and_no_octet_more_is_touched),
        cmocka_unit_test(sec_06_key_memory_failure_leaks_nothing),
        cmocka_unit_test(algorithms_no_provider_has),
        cmocka_unit_test(what_an_sa_says_of_itself),
        cmocka_unit_test(drop_counters_stop_at_their_end),
        cmocka_unit_test(numbers_end_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
