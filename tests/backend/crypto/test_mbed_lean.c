/* SPDX-License-Identifier: Apache-2.0
 *
 * The provider where Mbed TLS has next to nothing built in: what is left works, the rest is said to
 * be missing, and nothing crashes. No generator either, so all random octets come from the caller.
 */
#include "provider_suite.h"

#include <ipsec/backend_mbedtls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct ipsec_mbedtls *lean;
static const struct ipsec_crypto *provider;
static struct ipsec_crypto_list list = {&provider, 1};
static bool source_works = true;

static bool read_source(void *user, uint8_t *out, size_t length)
{
    FILE *file = fopen("/dev/urandom", "rb");
    size_t n = 0;
    (void)user;
    if (file != NULL) {
        n = fread(out, 1, length, file);
        (void)fclose(file);
    }
    return source_works && n == length;
}

struct missing {
    enum ipsec_transform_type type;
    uint16_t id;
    uint16_t bits;
};

static const struct missing missing[] = {
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 256},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_8, 128},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_CHACHA20_POLY1305, 0},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CTR, 128},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_16, 256},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL_AES_GMAC, 128},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA1_96, 0},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_384_192, 0},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_512_256, 0},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA1, 0},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_384, 0},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_512, 0},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_384, 0},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_521, 0},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_CURVE25519, 0},
};

static void what_is_missing_is_not_claimed(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(missing); i++) {
        assert_false(ipsec_crypto_supports(&list, missing[i].type, missing[i].id, missing[i].bits));
    }
    assert_true(ipsec_crypto_supports(&list, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 256));
    assert_true(ipsec_crypto_supports(&list, IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048, 0));
    assert_true(ipsec_crypto_supports(&list, IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256, 0));
}

/* Asked all the same, each function says so. */
static void what_is_missing_is_not_built_in(void **state)
{
    (void)state;
    static const uint8_t octets[IPSEC_INTEG_KEY_BYTES_MAX] = {1};
    uint8_t out[IPSEC_KE_PUBLIC_MAX];
    for (size_t i = 0; i < IPSECI_COUNT(missing); i++) {
        uint16_t id = missing[i].id;
        struct ipsec_key *key = NULL;
        struct ipsec_ke *ke = NULL;
        size_t length = sizeof(out);
        struct ipsec_key_params params = {0};
        enum ipsec_status status = IPSEC_OK;
        if (missing[i].type == IPSEC_TRANSFORM_ENCR) {
            params.encr_id = id;
            params.encr_key_bits = missing[i].bits;
            params.encr_key = ipseci_view(octets, 36);
            status = provider->key_new(provider->context, &params, &key);
        } else if (missing[i].type == IPSEC_TRANSFORM_INTEG) {
            params.integ_id = id;
            params.integ_key = ipseci_view(octets, ipseci_integ_find(id)->key_octets);
            status = provider->key_new(provider->context, &params, &key);
        } else if (missing[i].type == IPSEC_TRANSFORM_PRF) {
            status = provider->prf(provider->context, id, ipseci_view(octets, 4), NULL, 0, out);
        } else {
            status = provider->ke_start(provider->context, id, &ke, out, &length);
        }
        assert_int_equal(status, IPSEC_ERR_NOT_BUILT_IN);
        assert_null(key);
        assert_null(ke);
    }
    assert_null(provider->sha1);
}

static void default_proposals_shrink_to_what_is_there(void **state)
{
    (void)state;
    struct ipsec_proposals proposals;
    char text[IPSEC_PROPOSAL_TEXT_MAX];
    ipsec_proposals_default(IPSEC_PROTOCOL_IKE, &proposals);
    assert_true(ipsec_proposals_restrict(&proposals, &list) > 0);
    ipsec_proposals_text(&proposals, text, sizeof(text));
    assert_string_equal(text, "aes256-aes128-sha256-ecp256-modp2048-modp3072-modp4096");
}

static void random_without_a_generator(void **state)
{
    (void)state;
    uint8_t out[100];
    uint8_t room[64];
    struct ipseci_octets value = {room, sizeof(room), 0};
    struct ipseci_ke_state ke;
    source_works = false;
    assert_int_equal(ipseci_random(&list, out, sizeof(out)), IPSEC_ERR_RANDOM);
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &value), IPSEC_ERR_RANDOM);
    source_works = true;
    assert_int_equal(ipseci_random(&list, out, sizeof(out)), IPSEC_OK);
}

static void no_keys_and_signatures(void **state)
{
    struct ipsec_mbedtls_fault fault = {NULL, 0, 0};
    struct ipsec_private_key *key = (struct ipsec_private_key *)(void *)&fault;
    (void)state;
    assert_null(ipsec_mbedtls_signer(lean));
    assert_int_equal(ipsec_mbedtls_private_key_new(lean, ipseci_view("x", 1), NULL, &fault, &key),
                     IPSEC_ERR_NOT_BUILT_IN);
    assert_null(key);
    assert_string_equal(fault.text, "this Mbed TLS reads no keys");
    assert_null(ipsec_mbedtls_x509());
    struct ipsec_trust *trust = (struct ipsec_trust *)(void *)&fault;
    assert_int_equal(ipsec_mbedtls_trust_new(&trust), IPSEC_ERR_NOT_BUILT_IN);
    assert_null(trust);
    assert_int_equal(ipsec_mbedtls_trust_add_anchor(NULL, ipseci_view("x", 1), &fault),
                     IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(ipsec_mbedtls_trust_add_crl(NULL, ipseci_view("x", 1), &fault),
                     IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(ipsec_mbedtls_trust_require_crl(NULL, true), IPSEC_ERR_NOT_BUILT_IN);
    const struct ipsec_credential *credential = (const struct ipsec_credential *)(void *)&fault;
    struct ipsec_mbedtls_credential_config config = IPSEC_MBEDTLS_CREDENTIAL_CONFIG_INIT;
    assert_int_equal(ipsec_mbedtls_credential_new(lean, &config, &fault, &credential),
                     IPSEC_ERR_NOT_BUILT_IN);
    assert_null(credential);
    ipsec_mbedtls_credential_free(NULL);
    ipsec_mbedtls_trust_free(NULL);
    ipsec_mbedtls_private_key_free(NULL);
}

static void without_any_source_there_is_no_provider(void **state)
{
    (void)state;
    struct ipsec_mbedtls *none = NULL;
    assert_int_equal(ipsec_mbedtls_new(NULL, &none), IPSEC_ERR_RANDOM);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_not_claimed),
        cmocka_unit_test(what_is_missing_is_not_built_in),
        cmocka_unit_test(default_proposals_shrink_to_what_is_there),
        cmocka_unit_test(random_without_a_generator),
        cmocka_unit_test(no_keys_and_signatures),
        cmocka_unit_test(without_any_source_there_is_no_provider),
    };
    struct ipsec_mbedtls_config config = IPSEC_MBEDTLS_CONFIG_INIT;
    config.entropy = read_source;
    if (ipsec_mbedtls_new(&config, &lean) != IPSEC_OK) {
        return 1;
    }
    provider = ipsec_mbedtls_crypto(lean);
    int failed = cmocka_run_group_tests_name("mbedtls lean", tests, NULL, NULL);
    failed += provider_suite_run(provider);
    ipsec_mbedtls_free(lean);
    return failed;
}
