/* SPDX-License-Identifier: Apache-2.0
 *
 * The signer of the Mbed TLS provider: the conformance suite, reading of keys, and keys with
 * numbers that no key may have.
 */
#include "provider_kit.h"
#include "provider_suite.h"

#include <ipsec/backend_mbedtls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ipsec_mbedtls *provider;
static bool entropy_works = true;

static bool read_source(void *user, uint8_t *out, size_t length)
{
    static uint32_t seed = 7;
    (void)user;
    kit_fill(&seed, out, length);
    return entropy_works;
}

static enum ipsec_status read_key(const char *path, const char *password,
                                  struct ipsec_mbedtls_fault *fault, struct ipsec_private_key **key)
{
    struct blob file = kit_file(path);
    enum ipsec_status status =
        ipsec_mbedtls_private_key_new(provider, blob_view(file), password, fault, key);
    blob_free(&file);
    assert_true((status == IPSEC_OK) == (*key != NULL));
    return status;
}

static void keys_in_every_wrapping(void **state)
{
    static const struct {
        const char *path;
        const char *password;
        uint8_t kind;
        uint16_t bits;
    } rows[] = {
        {"x509/gw.key.pem", NULL, IPSEC_KEY_EC, 256},
        {"x509/gw.key.pem", "not needed", IPSEC_KEY_EC, 256},
        {"x509/gw.sec1.der", NULL, IPSEC_KEY_EC, 256},
        {"x509/gw.pkcs8.der", NULL, IPSEC_KEY_EC, 256},
        {"x509/gw-p384.key.pem", NULL, IPSEC_KEY_EC, 384},
        {"x509/gw-p521.key.pem", NULL, IPSEC_KEY_EC, 521},
        {"x509/gw-rsa.key.pem", NULL, IPSEC_KEY_RSA, 2048},
        {"x509/gw-rsa.pkcs1.der", NULL, IPSEC_KEY_RSA, 2048},
        {"x509/gw-rsa.aes128.pem", "open", IPSEC_KEY_RSA, 2048},
        {"x509/gw.3des.pem", "open", IPSEC_KEY_EC, 256},
        {"x509/rsa-4096.key.pem", NULL, IPSEC_KEY_RSA, 4096},
    };
    const struct ipsec_signer *signer = ipsec_mbedtls_signer(provider);
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        struct ipsec_private_key *key = NULL;
        struct ipsec_mbedtls_fault fault;
        struct ipsec_key_info info;
        if (read_key(rows[i].path, rows[i].password, &fault, &key) != IPSEC_OK) {
            fail_msg("%s: %s", rows[i].path, fault.text);
        }
        assert_int_equal(signer->key_info(signer->context, key, &info), IPSEC_OK);
        assert_int_equal(info.kind, rows[i].kind);
        assert_int_equal(info.bits, rows[i].bits);
        ipsec_mbedtls_private_key_free(key);
    }
}

static void keys_that_are_none_say_why(void **state)
{
    static const struct {
        const char *path;
        const char *password;
        enum ipsec_status status;
        const char *text;
    } rows[] = {
        {"x509/gw-rsa.aes128.pem", NULL, IPSEC_ERR_ARGUMENT,
         "the private key is encrypted and no password was given"},
        {"x509/gw.3des.pem", NULL, IPSEC_ERR_ARGUMENT,
         "the private key is encrypted and no password was given"},
        {"x509/gw-rsa.aes128.pem", "closed", IPSEC_ERR_ARGUMENT,
         "the password does not open the private key"},
        {"x509/gw.3des.pem", "closed", IPSEC_ERR_ARGUMENT,
         "the password does not open the private key"},
        {"x509/gw.chain.pem", NULL, IPSEC_ERR_SYNTAX, "the PEM text holds no private key"},
        {"x509/gw.der", NULL, IPSEC_ERR_SYNTAX, "the private key can not be read"},
        {"x509/gw-1024.key.pem", NULL, IPSEC_ERR_FORBIDDEN,
         "the RSA key is shorter than 2048 bits or longer than 4096"},
        {"x509/gw-secp256k1.key.pem", NULL, IPSEC_ERR_NOT_BUILT_IN,
         "the private key is neither RSA nor on P-256, P-384 or P-521"},
        {"x509/gw-ed25519.key.pem", NULL, IPSEC_ERR_NOT_BUILT_IN,
         "the private key is of a kind that Mbed TLS does not have"},
    };
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        struct ipsec_private_key *key = (struct ipsec_private_key *)(void *)&key;
        struct ipsec_mbedtls_fault fault = {NULL, 9, 0};
        assert_int_equal(read_key(rows[i].path, rows[i].password, &fault, &key), rows[i].status);
        assert_string_equal(fault.text, rows[i].text);
        assert_int_equal(fault.item, 0);
        key = NULL; /* and without the wish to know */
        assert_int_equal(read_key(rows[i].path, rows[i].password, NULL, &key), rows[i].status);
    }
}

/* AES in PKCS#8 came with 3.6; either it opens, or the text says what is missing. */
static void newer_encryption_of_keys(void **state)
{
    struct ipsec_private_key *key = NULL;
    struct ipsec_mbedtls_fault fault;
    (void)state;
    enum ipsec_status status = read_key("x509/gw.aes256.pem", "open", &fault, &key);
    if (status != IPSEC_OK) {
        assert_int_equal(status, IPSEC_ERR_NOT_BUILT_IN);
        assert_non_null(strstr(fault.text, "encrypted in a way"));
    }
    ipsec_mbedtls_private_key_free(key);
}

static void cut_and_empty_keys(void **state)
{
    static const char *const paths[] = {"x509/gw.key.pem", "x509/gw.sec1.der", "x509/gw.pkcs8.der"};
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(paths); i++) {
        struct blob file = kit_file(paths[i]);
        for (size_t n = 0; n + 2 < file.length; n++) {
            struct blob cut = blob_copy(file.data, n);
            struct ipsec_private_key *key = NULL;
            struct ipsec_mbedtls_fault fault = {NULL, 0, 0};
            enum ipsec_status status =
                ipsec_mbedtls_private_key_new(provider, blob_view(cut), NULL, &fault, &key);
            assert_true((status == IPSEC_OK) == (key != NULL));
            assert_non_null(fault.text);
            assert_int_not_equal(status, IPSEC_OK);
            blob_free(&cut);
        }
        blob_free(&file);
    }
}

static void arguments(void **state)
{
    static const uint8_t one = 1;
    struct ipsec_private_key *key = NULL;
    (void)state;
    assert_int_equal(ipsec_mbedtls_private_key_new(NULL, ipseci_view(&one, 1), NULL, NULL, &key),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(
        ipsec_mbedtls_private_key_new(provider, ipseci_view(&one, 1), NULL, NULL, NULL),
        IPSEC_ERR_ARGUMENT);
    assert_int_equal(
        ipsec_mbedtls_private_key_new(provider, ipseci_view(NULL, 1), NULL, NULL, &key),
        IPSEC_ERR_ARGUMENT);
    assert_int_equal(
        ipsec_mbedtls_private_key_new(provider, ipseci_view(NULL, 0), NULL, NULL, &key),
        IPSEC_ERR_SYNTAX);
    ipsec_mbedtls_private_key_free(NULL);
}

/* ---- public keys ---- */

static enum ipsec_status public_info(const uint8_t *key, size_t length, struct ipsec_key_info *info)
{
    const struct ipsec_signer *signer = ipsec_mbedtls_signer(provider);
    return signer->public_info(signer->context, ipseci_view(key, length), info);
}

/* The public half of a fixture's key. */
static struct blob public_of(const char *name)
{
    json_t *root = kit_load("x509/signatures.json");
    struct blob key = {NULL, 0};
    const json_t *test = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(root, "signatures"), i, test)
    {
        if (key.data == NULL && strcmp(kit_text(test, "key"), name) == 0) {
            key = blob_of(test, "public");
        }
    }
    json_decref(root);
    assert_non_null(key.data);
    return key;
}

/* An RSA key with the low octet of its modulus and its three octets of exponent replaced. */
static enum ipsec_status odd_rsa(uint8_t modulus, uint32_t exponent)
{
    struct ipsec_key_info info;
    struct blob key = public_of("gw-rsa");
    uint8_t *end = key.data + key.length;
    end[-6] = modulus != 0 ? end[-6] : end[-6] & 0xfe;
    end[-3] = (uint8_t)(exponent >> 16);
    end[-2] = (uint8_t)(exponent >> 8);
    end[-1] = (uint8_t)exponent;
    enum ipsec_status status = public_info(key.data, key.length, &info);
    blob_free(&key);
    return status;
}

static void cve_2018_17540_cve_2026_14957_impossible_rsa_numbers(void **state)
{
    /* a modulus of four octets, with exponent 3 */
    static const uint8_t tiny[] = {0x30, 0x1e, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                   0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x0d, 0x00, 0x30, 0x0a,
                                   0x02, 0x05, 0x00, 0xc1, 0x02, 0x03, 0x01, 0x02, 0x01, 0x03};
    struct ipsec_key_info info;
    (void)state;
    assert_int_equal(odd_rsa(1, 65537), IPSEC_OK);
    assert_int_equal(odd_rsa(1, 0), IPSEC_DROP_MALFORMED);
    assert_int_equal(odd_rsa(1, 1), IPSEC_DROP_MALFORMED);
    assert_int_equal(odd_rsa(1, 65536), IPSEC_DROP_MALFORMED);
    assert_int_equal(odd_rsa(0, 65537), IPSEC_DROP_MALFORMED);
    assert_int_equal(public_info(tiny, sizeof(tiny), &info), IPSEC_DROP_MALFORMED);
}

/* Told, so that a policy can name it, and refused when it is to check something. */
static void cve_2017_11185_short_rsa_keys_check_nothing(void **state)
{
    const struct ipsec_signer *signer = ipsec_mbedtls_signer(provider);
    json_t *root = kit_load("x509/signatures.json");
    const json_t *test = NULL;
    size_t i = 0;
    size_t seen = 0;
    (void)state;
    json_array_foreach(json_object_get(root, "signatures"), i, test)
    {
        if (strcmp(kit_text(test, "key"), "gw-1024") != 0) {
            continue;
        }
        struct blob key = blob_of(test, "public");
        struct blob signature = blob_of(test, "signature");
        struct blob message = blob_of(test, "message");
        struct ipsec_view part = blob_view(message);
        struct ipsec_signature_check check = {IPSEC_SIGNATURE_RSA_SHA2_256, &part, 1,
                                              blob_view(signature)};
        struct ipsec_key_info info;
        assert_int_equal(public_info(key.data, key.length, &info), IPSEC_OK);
        assert_int_equal(info.bits, 1024);
        assert_int_equal(signer->verify(signer->context, blob_view(key), &check),
                         IPSEC_DROP_MALFORMED);
        seen++;
        blob_free(&key);
        blob_free(&signature);
        blob_free(&message);
    }
    assert_int_equal(seen, 1);
    json_decref(root);
}

/* ECDSA r or s of 0, n, negative or in more octets than need be: AUTH-13. Wycheproof has them all;
 * here is that an Ed25519 key is known to be another kind, not damage. */
static void ed25519_is_not_built_in(void **state)
{
    static const uint8_t key[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
                                  0x00, 0x7d, 0x4d, 0x0e, 0x7f, 0x61, 0x53, 0xa6, 0x9b, 0x62, 0x42,
                                  0xb5, 0x22, 0xab, 0xbe, 0xe6, 0x85, 0xfd, 0xa4, 0x42, 0x0f, 0x88,
                                  0x34, 0xb1, 0x08, 0xc3, 0xbd, 0xae, 0x36, 0x9e, 0xf5, 0x49, 0xfa};
    const struct ipsec_signer *signer = ipsec_mbedtls_signer(provider);
    struct ipsec_key_info info;
    (void)state;
    assert_int_equal(public_info(key, sizeof(key), &info), IPSEC_ERR_NOT_BUILT_IN);
    assert_false(signer->supports(signer->context, IPSEC_SIGNATURE_ED25519));
    assert_false(signer->supports(signer->context, IPSEC_SIGNATURES));
    assert_false(signer->supports(signer->context, (enum ipsec_signature) - 1));
}

static void entropy_that_dries_up_fails_signing(void **state)
{
    const struct ipsec_signer *signer = ipsec_mbedtls_signer(provider);
    struct ipsec_private_key *key = NULL;
    const struct ipsec_view part = {(const uint8_t *)"x", 1};
    enum ipsec_status status = IPSEC_OK;
    uint8_t out[IPSEC_SIGNATURE_BYTES_MAX];
    (void)state;
    assert_int_equal(read_key("x509/gw.key.pem", NULL, NULL, &key), IPSEC_OK);
    entropy_works = false;
    for (size_t i = 0; i < 100000 && status == IPSEC_OK; i++) {
        const struct ipsec_crypto *crypto = ipsec_mbedtls_crypto(provider);
        status = crypto->random(crypto->context, out, 16);
    }
    size_t length = sizeof(out);
    assert_int_equal(
        signer->sign(signer->context, key, IPSEC_SIGNATURE_ECDSA_SHA2_256, &part, 1, out, &length),
        IPSEC_ERR_RANDOM);
    entropy_works = true;
    assert_int_equal(
        signer->sign(signer->context, key, IPSEC_SIGNATURE_ECDSA_SHA2_256, &part, 1, out, &length),
        IPSEC_OK);
    ipsec_mbedtls_private_key_free(key);
}

#define KEYS 5

/* The keys of the suite: the public halves stand with the signatures that OpenSSL made. */
static int run_suite(void)
{
    static const char *const names[KEYS] = {"gw", "gw-p384", "gw-p521", "gw-rsa", "rsa-4096"};
    const struct ipsec_signer *signer = ipsec_mbedtls_signer(provider);
    struct sign_key keys[KEYS] = {{0}};
    struct blob public_key[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        char path[64] = "x509/";
        strcat(strcat(path, names[i]), ".key.pem");
        assert_int_equal(read_key(path, NULL, NULL, &keys[i].key), IPSEC_OK);
        assert_int_equal(signer->key_info(signer->context, keys[i].key, &keys[i].info), IPSEC_OK);
        public_key[i] = public_of(names[i]);
        keys[i].public_key = blob_view(public_key[i]);
    }
    int failed = provider_sign_run(signer, keys, KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        ipsec_mbedtls_private_key_free(keys[i].key);
        blob_free(&public_key[i]);
    }
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_in_every_wrapping),
        cmocka_unit_test(keys_that_are_none_say_why),
        cmocka_unit_test(newer_encryption_of_keys),
        cmocka_unit_test(cut_and_empty_keys),
        cmocka_unit_test(arguments),
        cmocka_unit_test(cve_2018_17540_cve_2026_14957_impossible_rsa_numbers),
        cmocka_unit_test(cve_2017_11185_short_rsa_keys_check_nothing),
        cmocka_unit_test(ed25519_is_not_built_in),
        cmocka_unit_test(entropy_that_dries_up_fails_signing),
    };
    struct ipsec_mbedtls_config config = IPSEC_MBEDTLS_CONFIG_INIT;
    config.entropy = read_source;
    if (ipsec_mbedtls_new(&config, &provider) != IPSEC_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests_name("mbedtls signer", tests, NULL, NULL);
    failed += run_suite();
    ipsec_mbedtls_free(provider);
    return failed;
}
