/* SPDX-License-Identifier: Apache-2.0
 *
 * PRF binding and prf+ (RFC 7296 2.13), on a toy PRF; the published answers are in tests/backend.
 */
#include "facade.h"
#include "mock_provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct mock_claim claims[] = {
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA1},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_512},
    {IPSEC_TRANSFORM_PRF, 999},
};
static struct mock mock;
static const struct ipsec_crypto *tables[1];
static const struct ipsec_crypto_list list = {tables, 1};
static const uint8_t key[3] = {1, 2, 3};

static int fresh(void **state)
{
    (void)state;
    mock_init(&mock, claims, IPSECI_COUNT(claims));
    tables[0] = &mock.table;
    return 0;
}

static struct ipseci_prf bound(uint16_t id)
{
    struct ipseci_prf prf;
    assert_int_equal(ipseci_prf_bind(&prf, &list, id), IPSEC_OK);
    return prf;
}

static void binding_gives_the_lengths(void **state)
{
    (void)state;
    struct ipseci_prf prf = bound(IPSEC_PRF_HMAC_SHA2_512);
    assert_int_equal(prf.length, 64);
    assert_int_equal(prf.key_length, 64);
    prf = bound(IPSEC_PRF_HMAC_SHA1);
    assert_int_equal(prf.length, 20);
}

static void binding_what_is_not_there(void **state)
{
    (void)state;
    struct ipseci_prf prf;
    assert_int_equal(ipseci_prf_bind(&prf, &list, IPSEC_PRF_HMAC_SHA2_256), IPSEC_ERR_NOT_BUILT_IN);
    assert_null(prf.provider);
    /* claimed by a provider, but the library does not know its length */
    assert_int_equal(ipseci_prf_bind(&prf, &list, 999), IPSEC_ERR_NOT_BUILT_IN);
    mock.table.prf = NULL;
    assert_int_equal(ipseci_prf_bind(&prf, &list, IPSEC_PRF_HMAC_SHA1), IPSEC_ERR_NOT_BUILT_IN);
}

static void parts_are_one_string(void **state)
{
    (void)state;
    struct ipseci_prf prf = bound(IPSEC_PRF_HMAC_SHA1);
    uint8_t whole[20];
    uint8_t split[20];
    const struct ipsec_view one[1] = {ipseci_view("abcdef", 6)};
    const struct ipsec_view three[3] = {ipseci_view("ab", 2), ipseci_view(NULL, 0),
                                        ipseci_view("cdef", 4)};
    assert_int_equal(ipseci_prf_run(&prf, ipseci_view(key, 3), one, 1, whole), IPSEC_OK);
    assert_int_equal(ipseci_prf_run(&prf, ipseci_view(key, 3), three, 3, split), IPSEC_OK);
    assert_memory_equal(whole, split, 20);
}

/* T1 = prf(K, S | 1), T2 = prf(K, T1 | S | 2), written out. */
static void prf_plus_is_the_formula(void **state)
{
    (void)state;
    struct ipseci_prf prf = bound(IPSEC_PRF_HMAC_SHA1);
    const struct ipsec_view seed[2] = {ipseci_view("nonce", 5), ipseci_view("spi", 3)};
    uint8_t t[3][20];
    uint8_t out[60];
    for (uint8_t n = 1; n <= 3; n++) {
        const struct ipsec_view parts[4] = {n == 1 ? ipseci_view(NULL, 0)
                                                   : ipseci_view(t[n - 2], 20),
                                            seed[0], seed[1], ipseci_view(&n, 1)};
        assert_int_equal(ipseci_prf_run(&prf, ipseci_view(key, 3), parts, 4, t[n - 1]), IPSEC_OK);
    }
    for (size_t length = 0; length <= sizeof(out); length++) {
        memset(out, 0xee, sizeof(out));
        assert_int_equal(
            ipseci_prf_plus(&prf, ipseci_view(key, 3), (struct ipseci_parts){seed, 2}, out, length),
            IPSEC_OK);
        assert_memory_equal(out, t, length);
        if (length < sizeof(out)) {
            assert_int_equal(out[length], 0xee);
        }
    }
}

static void auth_04_at_most_255_blocks(void **state)
{
    (void)state;
    struct ipseci_prf prf = bound(IPSEC_PRF_HMAC_SHA1);
    static uint8_t out[255 * 20 + 1];
    struct ipseci_parts none = {NULL, 0};
    assert_int_equal(ipseci_prf_plus(&prf, ipseci_view(key, 3), none, out, 255 * 20), IPSEC_OK);
    assert_int_equal(mock.prfs, 255);
    assert_int_equal(ipseci_prf_plus(&prf, ipseci_view(key, 3), none, out, 255 * 20 + 1),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(mock.prfs, 255);
}

static void too_many_seed_parts_are_refused(void **state)
{
    (void)state;
    struct ipseci_prf prf = bound(IPSEC_PRF_HMAC_SHA1);
    struct ipsec_view seed[IPSECI_PRF_SEED_PARTS_MAX + 1] = {{0}};
    uint8_t out[20];
    assert_int_equal(ipseci_prf_plus(&prf, ipseci_view(key, 3),
                                     (struct ipseci_parts){seed, IPSECI_PRF_SEED_PARTS_MAX}, out,
                                     20),
                     IPSEC_OK);
    assert_int_equal(ipseci_prf_plus(&prf, ipseci_view(key, 3),
                                     (struct ipseci_parts){seed, IPSECI_PRF_SEED_PARTS_MAX + 1},
                                     out, 20),
                     IPSEC_ERR_ARGUMENT);
}

static void a_failure_in_any_block_wipes_all(void **state)
{
    (void)state;
    struct ipseci_prf prf = bound(IPSEC_PRF_HMAC_SHA1);
    for (uint32_t at = 0; at < 3; at++) {
        uint8_t out[60];
        memset(out, 0xee, sizeof(out));
        mock.prfs = 0;
        mock.fail_prf_at = at;
        assert_int_equal(ipseci_prf_plus(&prf, ipseci_view(key, 3), (struct ipseci_parts){NULL, 0},
                                         out, sizeof(out)),
                         IPSEC_FATAL_CRYPTO);
        for (size_t i = 0; i < sizeof(out); i++) {
            assert_int_equal(out[i], 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(binding_gives_the_lengths, fresh),
        cmocka_unit_test_setup(binding_what_is_not_there, fresh),
        cmocka_unit_test_setup(parts_are_one_string, fresh),
        cmocka_unit_test_setup(prf_plus_is_the_formula, fresh),
        cmocka_unit_test_setup(auth_04_at_most_255_blocks, fresh),
        cmocka_unit_test_setup(too_many_seed_parts_are_refused, fresh),
        cmocka_unit_test_setup(a_failure_in_any_block_wipes_all, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
