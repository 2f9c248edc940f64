/* SPDX-License-Identifier: Apache-2.0
 *
 * The provider self test must find wrong providers; right ones are tested in tests/backend.
 */
#include "facade.h"
#include "mock_provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct mock mock;
static const char *failed;

static enum ipsec_status run(void)
{
    return ipsec_crypto_self_test(&mock.table, &failed);
}

static void a_provider_that_claims_nothing_passes(void **state)
{
    (void)state;
    mock_init(&mock, NULL, 0);
    mock.table.sha1 = NULL;
    assert_int_equal(run(), IPSEC_OK);
    assert_null(failed);
    assert_int_equal(ipsec_crypto_self_test(&mock.table, NULL), IPSEC_OK);
}

struct claimed {
    struct mock_claim claim;
    const char *name;
};

/* The toy's answers are all wrong, so each claim must be found out, by name. */
static void wrong_answers_are_found(void **state)
{
    (void)state;
    static const struct claimed cases[] = {
        {{IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC}, "AES-CBC-128"},
        {{IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16}, "AES-GCM-16-128"},
        {{IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_12}, "AES-GCM-12-128"},
        {{IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_8}, "AES-GCM-8-128"},
        {{IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_CHACHA20_POLY1305}, "CHACHA20-POLY1305"},
        {{IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA1_96}, "HMAC-SHA1-96"},
        {{IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128}, "HMAC-SHA2-256-128"},
        {{IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_384_192}, "HMAC-SHA2-384-192"},
        {{IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_512_256}, "HMAC-SHA2-512-256"},
        {{IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA1}, "PRF-HMAC-SHA1"},
        {{IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256}, "PRF-HMAC-SHA2-256"},
        {{IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_384}, "PRF-HMAC-SHA2-384"},
        {{IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_512}, "PRF-HMAC-SHA2-512"},
    };
    for (size_t i = 0; i < IPSECI_COUNT(cases); i++) {
        mock_init(&mock, &cases[i].claim, 1);
        mock.table.sha1 = NULL;
        assert_int_equal(run(), IPSEC_FATAL_CRYPTO);
        assert_string_equal(failed, cases[i].name);
        assert_int_equal(mock.keys_alive, 0);
    }
    mock_init(&mock, NULL, 0);
    assert_int_equal(run(), IPSEC_FATAL_CRYPTO);
    assert_string_equal(failed, "SHA-1");
}

static const struct mock_claim group[] = {{IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048}};

static void groups_that_do_not_agree_are_found(void **state)
{
    (void)state;
    mock_init(&mock, group, 1);
    mock.table.sha1 = NULL;
    assert_int_equal(run(), IPSEC_OK); /* the toy agrees with itself */
    mock.ke_length_wrong = true;
    assert_int_equal(run(), IPSEC_FATAL_CRYPTO);
    assert_string_equal(failed, "MODP-2048");
    mock.ke_length_wrong = false;
    mock.ke_status = IPSEC_ERR_RANDOM;
    assert_int_equal(run(), IPSEC_ERR_RANDOM);
    assert_int_equal(mock.kes_alive, 0);
}

static enum ipsec_status stuck(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memset(out, 4, length);
    return IPSEC_OK;
}

static void a_generator_that_repeats_itself_is_found(void **state)
{
    (void)state;
    mock_init(&mock, NULL, 0);
    mock.table.random = stuck;
    assert_int_equal(run(), IPSEC_FATAL_CRYPTO);
    assert_string_equal(failed, "random");
    mock_init(&mock, NULL, 0);
    mock.random_fails = true;
    assert_int_equal(run(), IPSEC_ERR_RANDOM);
}

static const struct mock_claim all[] = {{IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC},
                                        {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA1_96},
                                        {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA1},
                                        {IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048}};

static void expect_incomplete(size_t claim)
{
    mock.claims = &all[claim];
    mock.claim_count = 1;
    assert_int_equal(run(), IPSEC_ERR_ARGUMENT);
    assert_string_equal(failed, "table");
    mock_init(&mock, NULL, 0);
}

static void incomplete_tables_are_found(void **state)
{
    (void)state;
    assert_int_equal(ipsec_crypto_self_test(NULL, &failed), IPSEC_ERR_ARGUMENT);
    mock_init(&mock, NULL, 0);
    mock.table.size = 0;
    expect_incomplete(0);
    mock.table.name = NULL;
    expect_incomplete(0);
    mock.table.supports = NULL;
    expect_incomplete(0);
    mock.table.run = NULL;
    expect_incomplete(0);
    mock.table.key_new = NULL;
    expect_incomplete(1);
    mock.table.key_free = NULL;
    expect_incomplete(1);
    mock.table.prf = NULL;
    expect_incomplete(2);
    mock.table.ke_finish = NULL;
    expect_incomplete(3);
    mock.table.ke_free = NULL;
    expect_incomplete(3);
}

static void keys_that_can_not_be_made_are_said(void **state)
{
    (void)state;
    mock_init(&mock, all, 1);
    mock.fail_key_at = 0;
    assert_int_equal(run(), IPSEC_ERR_MEMORY);
    assert_string_equal(failed, "AES-CBC-128");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_that_claims_nothing_passes),
        cmocka_unit_test(wrong_answers_are_found),
        cmocka_unit_test(groups_that_do_not_agree_are_found),
        cmocka_unit_test(a_generator_that_repeats_itself_is_found),
        cmocka_unit_test(incomplete_tables_are_found),
        cmocka_unit_test(keys_that_can_not_be_made_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
