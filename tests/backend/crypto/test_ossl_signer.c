/* SPDX-License-Identifier: Apache-2.0
 *
 * The signer of the OpenSSL provider: the conformance suite, reading of keys, and Ed25519 (RFC 8032
 * 7.1).
 */
#include "provider_kit.h"
#include "provider_suite.h"
#include "test_hex.h"

#include <ipsec/backend_openssl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ipsec_openssl *provider;

static enum ipsec_status read_key(const char *path, const char *password,
                                  struct ipsec_private_key **key)
{
    struct blob file = kit_file(path);
    enum ipsec_status status =
        ipsec_openssl_private_key_new(provider, blob_view(file), password, key);
    blob_free(&file);
    assert_true((status == IPSEC_OK) == (*key != NULL));
    assert_int_equal(ERR_peek_error(), 0);
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
        {"x509/gw.sec1.der", NULL, IPSEC_KEY_EC, 256},
        {"x509/gw.pkcs8.der", "not needed", IPSEC_KEY_EC, 256},
        {"x509/gw-p384.key.pem", NULL, IPSEC_KEY_EC, 384},
        {"x509/gw-p521.key.pem", NULL, IPSEC_KEY_EC, 521},
        {"x509/gw-rsa.key.pem", NULL, IPSEC_KEY_RSA, 2048},
        {"x509/gw-rsa.pkcs1.der", NULL, IPSEC_KEY_RSA, 2048},
        {"x509/gw-rsa.aes128.pem", "open", IPSEC_KEY_RSA, 2048},
        {"x509/gw.3des.pem", "open", IPSEC_KEY_EC, 256},
        {"x509/gw.aes256.pem", "open", IPSEC_KEY_EC, 256},
        {"x509/rsa-4096.key.pem", NULL, IPSEC_KEY_RSA, 4096},
        {"x509/gw-ed25519.key.pem", NULL, IPSEC_KEY_ED25519, 256},
    };
    const struct ipsec_signer *signer = ipsec_openssl_signer(provider);
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        struct ipsec_private_key *key = NULL;
        struct ipsec_key_info info;
        if (read_key(rows[i].path, rows[i].password, &key) != IPSEC_OK) {
            fail_msg("%s", rows[i].path);
        }
        assert_int_equal(signer->key_info(signer->context, key, &info), IPSEC_OK);
        assert_int_equal(info.kind, rows[i].kind);
        assert_int_equal(info.bits, rows[i].bits);
        ipsec_openssl_private_key_free(key);
    }
}

static void keys_that_are_none(void **state)
{
    static const struct {
        const char *path;
        const char *password;
        enum ipsec_status status;
    } rows[] = {
        {"x509/gw-rsa.aes128.pem", NULL, IPSEC_ERR_ARGUMENT},
        {"x509/gw.3des.pem", "closed", IPSEC_ERR_ARGUMENT},
        {"x509/gw.chain.pem", NULL, IPSEC_ERR_SYNTAX},
        {"x509/gw.der", NULL, IPSEC_ERR_SYNTAX},
        {"x509/gw-1024.key.pem", NULL, IPSEC_ERR_FORBIDDEN},
        {"x509/gw-secp256k1.key.pem", NULL, IPSEC_ERR_NOT_BUILT_IN},
    };
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        struct ipsec_private_key *key = (struct ipsec_private_key *)(void *)&key;
        assert_int_equal(read_key(rows[i].path, rows[i].password, &key), rows[i].status);
    }
    struct ipsec_private_key *key = NULL;
    assert_int_equal(ipsec_openssl_private_key_new(provider, ipseci_view(NULL, 0), NULL, &key),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_openssl_private_key_new(provider, ipseci_view("", 0), NULL, NULL),
                     IPSEC_ERR_ARGUMENT);
    ipsec_openssl_private_key_free(NULL);
}

/* RFC 8032 7.1, TEST 1 and TEST 3; the keys in the wrapping of RFC 8410. */
static void ed25519_answers(void **state)
{
    static const struct {
        const char *secret;
        const char *public_key;
        const char *message;
        const char *signature;
    } rows[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "c"
         "f9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "8"
         "4dc6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    const struct ipsec_signer *signer = ipsec_openssl_signer(provider);
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        uint8_t secret[48];
        uint8_t spki[44];
        uint8_t message[8];
        uint8_t expected[64];
        uint8_t out[64];
        size_t length = sizeof(out);
        struct ipsec_private_key *key = NULL;
        assert_int_equal(test_hex("302e020100300506032b657004220420", secret, 16), 16);
        assert_int_equal(test_hex(rows[i].secret, secret + 16, 32), 32);
        assert_int_equal(test_hex("302a300506032b6570032100", spki, 12), 12);
        assert_int_equal(test_hex(rows[i].public_key, spki + 12, 32), 32);
        assert_int_equal(test_hex(rows[i].signature, expected, 64), 64);
        const struct ipsec_view part =
            ipseci_view(message, test_hex(rows[i].message, message, sizeof(message)));
        assert_int_equal(
            ipsec_openssl_private_key_new(provider, ipseci_view(secret, 48), NULL, &key), IPSEC_OK);
        assert_int_equal(
            signer->sign(signer->context, key, IPSEC_SIGNATURE_ED25519, &part, 1, out, &length),
            IPSEC_OK);
        assert_int_equal(length, 64);
        assert_memory_equal(out, expected, 64);
        const struct ipsec_signature_check check = {IPSEC_SIGNATURE_ED25519, &part, 1,
                                                    ipseci_view(expected, 64)};
        assert_int_equal(signer->verify(signer->context, ipseci_view(spki, 44), &check), IPSEC_OK);
        ipsec_openssl_private_key_free(key);
    }
}

/* The public half of a private key file, by OpenSSL itself. */
static struct blob public_of(const char *path)
{
    struct blob file = kit_file(path);
    BIO *bio = BIO_new_mem_buf(file.data, (int)file.length);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    uint8_t *octets = NULL;
    const int length = i2d_PUBKEY(key, &octets);
    assert_true(length > 0);
    struct blob blob = blob_copy(octets, (size_t)length);
    OPENSSL_free(octets);
    EVP_PKEY_free(key);
    BIO_free(bio);
    blob_free(&file);
    return blob;
}

int main(void)
{
    static const char *const paths[] = {"x509/gw.key.pem", "x509/gw-p384.key.pem",
                                        "x509/gw-p521.key.pem", "x509/gw-rsa.key.pem",
                                        "x509/gw-ed25519.key.pem"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_in_every_wrapping),
        cmocka_unit_test(keys_that_are_none),
        cmocka_unit_test(ed25519_answers),
    };
    struct sign_key keys[IPSECI_COUNT(paths)];
    struct blob blobs[IPSECI_COUNT(paths)];
    if (ipsec_openssl_new(NULL, &provider) != IPSEC_OK) {
        return 1;
    }
    const struct ipsec_signer *signer = ipsec_openssl_signer(provider);
    int failed = cmocka_run_group_tests_name("openssl signer", tests, NULL, NULL);
    for (size_t i = 0; i < IPSECI_COUNT(paths); i++) {
        keys[i].key = NULL;
        if (read_key(paths[i], NULL, &keys[i].key) != IPSEC_OK) {
            return 1;
        }
        (void)signer->key_info(signer->context, keys[i].key, &keys[i].info);
        blobs[i] = public_of(paths[i]);
        keys[i].public_key = blob_view(blobs[i]);
    }
    failed += provider_sign_run(signer, keys, IPSECI_COUNT(paths));
    for (size_t i = 0; i < IPSECI_COUNT(paths); i++) {
        ipsec_openssl_private_key_free(keys[i].key);
        blob_free(&blobs[i]);
    }
    ipsec_openssl_free(provider);
    return failed;
}
