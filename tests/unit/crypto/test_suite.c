/* SPDX-License-Identifier: Apache-2.0
 *
 * The IANA suite table against itself and against the limits in the public headers.
 */
#include "suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void known_lengths(void **state)
{
    (void)state;
    const struct ipseci_encr *cbc = ipseci_encr_find(IPSEC_ENCR_AES_CBC);
    assert_int_equal(ipseci_encr_key_octets(cbc, 256), 32);
    assert_int_equal(cbc->iv_octets, 16);
    const struct ipseci_encr *gcm = ipseci_encr_find(IPSEC_ENCR_AES_GCM_16);
    assert_int_equal(ipseci_encr_key_octets(gcm, 192), 28);
    assert_int_equal(gcm->tag_octets, 16);
    assert_int_equal(ipseci_encr_find(IPSEC_ENCR_AES_GCM_8)->tag_octets, 8);
    assert_int_equal(ipseci_encr_key_octets(ipseci_encr_find(IPSEC_ENCR_CHACHA20_POLY1305), 0), 36);
    assert_int_equal(ipseci_encr_key_octets(ipseci_encr_find(IPSEC_ENCR_NULL), 0), 0);
    assert_int_equal(ipseci_integ_find(IPSEC_INTEG_HMAC_SHA2_384_192)->tag_octets, 24);
    assert_int_equal(ipseci_prf_find(IPSEC_PRF_HMAC_SHA2_384)->output_octets, 48);
    assert_int_equal(ipseci_ke_find(IPSEC_KE_ECP_521)->public_octets, 132);
    assert_int_equal(ipseci_ke_find(IPSEC_KE_ECP_521)->secret_octets, 66);
    assert_int_equal(ipseci_ke_find(IPSEC_KE_MODP_2048_256)->public_octets, 256);
}

static void unknown_ids_are_null(void **state)
{
    (void)state;
    assert_null(ipseci_encr_find(0));
    assert_null(ipseci_integ_find(IPSEC_INTEG_NONE));
    assert_null(ipseci_prf_find(0));
    assert_null(ipseci_ke_find(IPSEC_KE_NONE));
    assert_null(ipseci_encr_find(0xffff));
    assert_null(ipseci_names_find(IPSEC_TRANSFORM_ESN, 0));
    assert_null(ipseci_names_find(0, IPSEC_ENCR_AES_CBC));
    assert_null(ipseci_names_find(13, IPSEC_KE_MODP_2048));
    assert_false(ipseci_suite_knows(IPSEC_TRANSFORM_ESN, 0));
    assert_false(ipseci_suite_knows(13, IPSEC_KE_MODP_2048));
    assert_false(ipseci_suite_knows(IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_NONE));
}

static void key_bits(void **state)
{
    (void)state;
    const struct ipseci_encr *cbc = ipseci_encr_find(IPSEC_ENCR_AES_CBC);
    const struct ipseci_encr *chacha = ipseci_encr_find(IPSEC_ENCR_CHACHA20_POLY1305);
    const struct ipseci_encr *null_cipher = ipseci_encr_find(IPSEC_ENCR_NULL);
    assert_true(ipseci_encr_bits_valid(cbc, 128));
    assert_true(ipseci_encr_bits_valid(cbc, 192));
    assert_true(ipseci_encr_bits_valid(cbc, 256));
    assert_false(ipseci_encr_bits_valid(cbc, 0));
    assert_false(ipseci_encr_bits_valid(cbc, 255));
    assert_false(ipseci_encr_bits_valid(cbc, 512));
    assert_true(ipseci_encr_bits_valid(chacha, 0));
    assert_false(ipseci_encr_bits_valid(chacha, 256)); /* RFC 7634 4: no attribute */
    assert_true(ipseci_encr_bits_valid(null_cipher, 0));
}

/* What the whole library's buffers are made for. */
static void algorithms_with_an_identifier_of_ours_fit_the_public_limits(void **state)
{
    (void)state;
    const struct ipseci_encr *encr = NULL;
    for (size_t i = 0; (encr = ipseci_encr_at(i)) != NULL; i++) {
        assert_true(ipseci_encr_key_octets(encr, encr->key_bits[2]) <= IPSEC_ENCR_KEY_BYTES_MAX);
        assert_true(encr->tag_octets <= IPSEC_TAG_BYTES_MAX);
        assert_true(encr->iv_octets <= 16);
        assert_true(encr->block >= 4);
        assert_int_equal(encr->aead, encr->tag_octets != 0);
    }
    const struct ipseci_integ *integ = NULL;
    for (size_t i = 0; (integ = ipseci_integ_at(i)) != NULL; i++) {
        assert_true(integ->key_octets <= IPSEC_INTEG_KEY_BYTES_MAX);
        assert_true(integ->tag_octets <= IPSEC_TAG_BYTES_MAX);
        assert_non_null(ipseci_prf_find(integ->prf_id));
    }
    const struct ipseci_prf_info *prf = NULL;
    for (size_t i = 0; (prf = ipseci_prf_at(i)) != NULL; i++) {
        assert_true(prf->output_octets <= IPSEC_PRF_BYTES_MAX);
    }
    const uint16_t groups[] = {14, 15, 16, 19, 20, 21, 24, 31};
    for (size_t i = 0; i < IPSECI_COUNT(groups); i++) {
        assert_true(ipseci_ke_find(groups[i])->public_octets <= IPSEC_KE_PUBLIC_MAX);
        assert_true(ipseci_ke_find(groups[i])->secret_octets <= IPSEC_KE_SECRET_MAX);
    }
}

static void ids_are_listed_once(void **state)
{
    (void)state;
    for (size_t i = 0; ipseci_encr_at(i) != NULL; i++) {
        assert_ptr_equal(ipseci_encr_find(ipseci_encr_at(i)->id), ipseci_encr_at(i));
    }
    for (size_t i = 0; ipseci_integ_at(i) != NULL; i++) {
        assert_ptr_equal(ipseci_integ_find(ipseci_integ_at(i)->id), ipseci_integ_at(i));
    }
    for (size_t i = 0; ipseci_prf_at(i) != NULL; i++) {
        assert_ptr_equal(ipseci_prf_find(ipseci_prf_at(i)->id), ipseci_prf_at(i));
    }
    for (size_t i = 0; ipseci_ke_at(i) != NULL; i++) {
        assert_ptr_equal(ipseci_ke_find(ipseci_ke_at(i)->id), ipseci_ke_at(i));
    }
}

static size_t suites(void)
{
    size_t n = 0;
    for (size_t i = 0; ipseci_encr_at(i) != NULL; i++) {
        assert_non_null(ipseci_names_find(IPSEC_TRANSFORM_ENCR, ipseci_encr_at(i)->id));
        n++;
    }
    for (size_t i = 0; ipseci_integ_at(i) != NULL; i++) {
        assert_non_null(ipseci_names_find(IPSEC_TRANSFORM_INTEG, ipseci_integ_at(i)->id));
        n++;
    }
    for (size_t i = 0; ipseci_prf_at(i) != NULL; i++) {
        assert_non_null(ipseci_names_find(IPSEC_TRANSFORM_PRF, ipseci_prf_at(i)->id));
        n++;
    }
    for (size_t i = 0; ipseci_ke_at(i) != NULL; i++) {
        assert_non_null(ipseci_names_find(IPSEC_TRANSFORM_KE, ipseci_ke_at(i)->id));
        n++;
    }
    return n;
}

/* The two files must not drift apart. */
static void names_and_suites_are_the_same_ones(void **state)
{
    (void)state;
    size_t n = 0;
    for (const struct ipseci_names *names; (names = ipseci_names_at(n)) != NULL; n++) {
        assert_true(ipseci_suite_knows(names->type, names->id));
        assert_ptr_equal(ipseci_names_find(names->type, names->id), names);
    }
    assert_int_equal(n, suites());
}

static void weak_ones_are_marked(void **state)
{
    (void)state;
    assert_true(ipseci_names_find(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL)->weak);
    assert_true(ipseci_names_find(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_3DES)->weak);
    assert_true(ipseci_names_find(IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA1_96)->weak);
    assert_true(ipseci_names_find(IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA1)->weak);
    assert_true(ipseci_names_find(IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048_256)->weak);
    assert_true(ipseci_names_find(IPSEC_TRANSFORM_KE, 5)->weak);
    assert_false(ipseci_names_find(IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048)->weak);
    assert_false(ipseci_names_find(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC)->weak);
}

static void additional_key_exchanges_use_the_names_of_groups(void **state)
{
    (void)state;
    for (uint8_t type = IPSEC_TRANSFORM_ADDKE1; type <= IPSEC_TRANSFORM_ADDKE7; type++) {
        assert_ptr_equal(ipseci_names_find(type, IPSEC_KE_CURVE25519),
                         ipseci_names_find(IPSEC_TRANSFORM_KE, IPSEC_KE_CURVE25519));
        assert_true(ipseci_suite_knows(type, IPSEC_KE_CURVE25519));
        assert_false(ipseci_suite_knows(type, 0xffff));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_lengths),
        cmocka_unit_test(unknown_ids_are_null),
        cmocka_unit_test(key_bits),
        cmocka_unit_test(algorithms_with_an_identifier_of_ours_fit_the_public_limits),
        cmocka_unit_test(ids_are_listed_once),
        cmocka_unit_test(names_and_suites_are_the_same_ones),
        cmocka_unit_test(weak_ones_are_marked),
        cmocka_unit_test(additional_key_exchanges_use_the_names_of_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
