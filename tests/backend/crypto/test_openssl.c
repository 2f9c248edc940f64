/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenSSL provider: the conformance suite, and what is its own: library contexts, properties,
 * OpenSSL's error queue.
 */
#include "provider_kit.h"
#include "provider_suite.h"

#include <ipsec/backend_openssl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool has(const struct ipsec_crypto *p, enum ipsec_transform_type type, uint16_t id,
                uint16_t bits)
{
    return p->supports(p->context, type, id, bits);
}

static void config_sizes(void **state)
{
    (void)state;
    struct ipsec_openssl *provider = NULL;
    struct {
        struct ipsec_openssl_config config;
        uint8_t more[8];
    } newer = {IPSEC_OPENSSL_CONFIG_INIT, {0}};
    newer.config.size = sizeof(newer);
    assert_int_equal(ipsec_openssl_new(&newer.config, &provider), IPSEC_OK);
    ipsec_openssl_free(provider);
    newer.more[7] = 1;
    assert_int_equal(ipsec_openssl_new(&newer.config, &provider), IPSEC_ERR_STRUCT_SIZE);
    assert_null(provider);
    newer.config.size = 3;
    assert_int_equal(ipsec_openssl_new(&newer.config, &provider), IPSEC_ERR_STRUCT_SIZE);
    newer.config.size = 4; /* an older program: the rest is default */
    assert_int_equal(ipsec_openssl_new(&newer.config, &provider), IPSEC_OK);
    ipsec_openssl_free(provider);
    assert_int_equal(ipsec_openssl_new(NULL, NULL), IPSEC_ERR_ARGUMENT);
    ipsec_openssl_free(NULL);
}

/* Debian's OpenSSL has all of it. */
static void what_is_expected_is_there(void **state)
{
    (void)state;
    static const uint16_t groups[] = {14, 15, 16, 19, 20, 21, 24, 28, 29, 30, 31, 32};
    static const uint16_t hashes[] = {2, 12, 13, 14};
    struct ipsec_openssl *provider = NULL;
    assert_int_equal(ipsec_openssl_new(NULL, &provider), IPSEC_OK);
    const struct ipsec_crypto *p = ipsec_openssl_crypto(provider);
    for (uint16_t bits = 128; bits <= 256; bits += 64) {
        assert_true(has(p, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, bits));
        assert_true(has(p, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, bits));
        assert_true(has(p, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_12, bits));
        assert_true(has(p, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_8, bits));
    }
    assert_true(has(p, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_CHACHA20_POLY1305, 0));
    assert_true(has(p, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL, 0));
    for (size_t i = 0; i < IPSECI_COUNT(groups); i++) {
        assert_true(has(p, IPSEC_TRANSFORM_KE, groups[i], 0));
    }
    for (size_t i = 0; i < IPSECI_COUNT(hashes); i++) {
        assert_true(has(p, IPSEC_TRANSFORM_INTEG, hashes[i], 0));
    }
    assert_non_null(p->sha1);
    assert_true(p->combines(p->context, IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA2_256_128));
    assert_false(
        p->combines(p->context, IPSEC_ENCR_AES_GCM_16, 256, IPSEC_INTEG_HMAC_SHA2_256_128));
    assert_false(p->combines(p->context, IPSEC_ENCR_AES_CBC, 256, 0));
    ipsec_openssl_free(provider);
}

/* Properties that nothing has: nothing is claimed but ENCR_NULL, and nothing made. */
static void what_is_not_there_is_not_claimed(void **state)
{
    (void)state;
    struct ipsec_openssl_config config = IPSEC_OPENSSL_CONFIG_INIT;
    struct ipsec_openssl *provider = NULL;
    char properties[] = "provider=none-of-this-name";
    uint8_t octets[64] = {0};
    config.properties = properties;
    assert_int_equal(ipsec_openssl_new(&config, &provider), IPSEC_OK);
    memset(properties, 'x', sizeof(properties) - 1); /* a copy was taken */
    const struct ipsec_crypto *p = ipsec_openssl_crypto(provider);
    assert_null(p->sha1);
    for (uint16_t id = 1; id < 64; id++) {
        for (uint16_t bits = 0; bits <= 256; bits += 64) {
            assert_int_equal(has(p, IPSEC_TRANSFORM_ENCR, id, bits),
                             id == IPSEC_ENCR_NULL && bits == 0);
        }
        assert_false(has(p, IPSEC_TRANSFORM_INTEG, id, 0));
        assert_false(has(p, IPSEC_TRANSFORM_PRF, id, 0));
        assert_false(has(p, IPSEC_TRANSFORM_KE, id, 0));
    }
    const struct ipsec_key_params gcm = {
        .encr_id = IPSEC_ENCR_AES_GCM_16, .encr_key_bits = 256, .encr_key = {octets, 36}};
    const struct ipsec_key_params mac = {.integ_id = IPSEC_INTEG_HMAC_SHA2_256_128,
                                         .integ_key = {octets, 32}};
    struct ipsec_key *key = NULL;
    struct ipsec_ke *ke = NULL;
    size_t length = sizeof(octets);
    assert_int_equal(p->key_new(p->context, &gcm, &key), IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(p->key_new(p->context, &mac, &key), IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(p->ke_start(p->context, IPSEC_KE_CURVE25519, &ke, octets, &length),
                     IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(
        p->prf(p->context, IPSEC_PRF_HMAC_SHA2_256, ipseci_view(octets, 32), NULL, 0, octets),
        IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(ERR_peek_error(), 0);
    ipsec_openssl_free(provider);
}

/* A library context in which only the "base" module is loaded has no generator. */
static void no_random_octets_no_provider(void **state)
{
    (void)state;
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *base = OSSL_PROVIDER_load(libctx, "base");
    struct ipsec_openssl_config config = IPSEC_OPENSSL_CONFIG_INIT;
    struct ipsec_openssl *provider = (struct ipsec_openssl *)(void *)&config;
    assert_non_null(base);
    config.libctx = libctx;
    assert_int_equal(ipsec_openssl_new(&config, &provider), IPSEC_ERR_RANDOM);
    assert_null(provider);
    assert_int_equal(ERR_peek_error(), 0);
    OSSL_PROVIDER_unload(base);
    OSSL_LIB_CTX_free(libctx);
}

static void a_libctx_of_its_own(void **state)
{
    (void)state;
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    struct ipsec_openssl_config config = IPSEC_OPENSSL_CONFIG_INIT;
    struct ipsec_openssl *provider = NULL;
    const char *failed = NULL;
    config.libctx = libctx;
    config.properties = "provider=default";
    assert_int_equal(ipsec_openssl_new(&config, &provider), IPSEC_OK);
    assert_int_equal(ipsec_crypto_self_test(ipsec_openssl_crypto(provider), &failed), IPSEC_OK);
    ipsec_openssl_free(provider);
    OSSL_LIB_CTX_free(libctx);
}

/* What goes wrong is told by status; the program's own errors in the queue stay, ours do not. */
static void the_error_queue_is_left_alone(void **state)
{
    (void)state;
    struct ipsec_openssl *provider = NULL;
    uint8_t key[36] = {0};
    uint8_t iv[8] = {0};
    uint8_t data[32] = {0};
    uint8_t tag[16] = {0};
    uint8_t point[64] = {0};
    uint8_t answer[64];
    uint8_t secret[32];
    size_t public_length = sizeof(answer);
    size_t secret_length = sizeof(secret);
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 77);
    const unsigned long mine = ERR_peek_last_error();
    assert_int_equal(ipsec_openssl_new(NULL, &provider), IPSEC_OK);
    const struct ipsec_crypto *p = ipsec_openssl_crypto(provider);
    const struct ipsec_key_params params = {.direction = IPSEC_OPEN,
                                            .encr_id = IPSEC_ENCR_AES_GCM_16,
                                            .encr_key_bits = 256,
                                            .encr_key = {key, sizeof(key)}};
    struct ipsec_crypto_op op = {.data = data, .data_length = 32, .iv = iv, .tag = tag};
    assert_int_equal(kit_run(p, &params, &op), IPSEC_DROP_ICV);
    assert_int_equal(p->ke_respond(p->context, IPSEC_KE_ECP_256, ipseci_view(point, 64), answer,
                                   &public_length, secret, &secret_length),
                     IPSEC_DROP_KE);
    assert_true(ERR_peek_last_error() == mine);
    assert_true(ERR_get_error() == mine);
    assert_int_equal(ERR_get_error(), 0);
    /* and so with an empty queue */
    assert_int_equal(kit_run(p, &params, &op), IPSEC_DROP_ICV);
    assert_int_equal(ERR_peek_error(), 0);
    ipsec_openssl_free(provider);
}

/* crypto.h: an AEAD that decrypts in the same pass clears what it wrote on a wrong tag. */
static void a_forged_packet_is_cleared(void **state)
{
    (void)state;
    static const uint16_t ids[] = {IPSEC_ENCR_AES_GCM_16, IPSEC_ENCR_CHACHA20_POLY1305};
    struct ipsec_openssl *provider = NULL;
    assert_int_equal(ipsec_openssl_new(NULL, &provider), IPSEC_OK);
    for (size_t n = 0; n < IPSECI_COUNT(ids); n++) {
        uint8_t key[36] = {9};
        uint8_t iv[8] = {0};
        uint8_t data[100];
        uint8_t tag[16] = {0};
        memset(data, 0xaa, sizeof(data));
        const struct ipsec_key_params params = {.direction = IPSEC_OPEN,
                                                .encr_id = ids[n],
                                                .encr_key_bits =
                                                    ids[n] == IPSEC_ENCR_AES_GCM_16 ? 256 : 0,
                                                .encr_key = {key, sizeof(key)}};
        struct ipsec_crypto_op op = {
            .data = data, .data_length = sizeof(data), .iv = iv, .tag = tag};
        assert_int_equal(kit_run(ipsec_openssl_crypto(provider), &params, &op), IPSEC_DROP_ICV);
        for (size_t i = 0; i < sizeof(data); i++) {
            assert_int_equal(data[i], 0);
        }
    }
    ipsec_openssl_free(provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_sizes),
        cmocka_unit_test(what_is_expected_is_there),
        cmocka_unit_test(what_is_not_there_is_not_claimed),
        cmocka_unit_test(no_random_octets_no_provider),
        cmocka_unit_test(a_libctx_of_its_own),
        cmocka_unit_test(the_error_queue_is_left_alone),
        cmocka_unit_test(a_forged_packet_is_cleared),
    };
    struct ipsec_openssl *provider = NULL;
    int failed = cmocka_run_group_tests_name("openssl", tests, NULL, NULL);
    if (ipsec_openssl_new(NULL, &provider) != IPSEC_OK) {
        return 1;
    }
    failed += provider_suite_run(ipsec_openssl_crypto(provider));
    ipsec_openssl_free(provider);
    return failed;
}
