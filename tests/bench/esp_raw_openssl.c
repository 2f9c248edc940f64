/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL by hand, through EVP: algorithms are fetched once, a context has its key from the start,
 * and a packet brings the nonce alone. HMAC copies prepared digest contexts, which is the fastest
 * way that EVP has.
 */
#include "bench.h"
#include "esp_raw.h"

#include <ipsec/backend_openssl.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdlib.h>
#include <string.h>

struct key {
    enum esp_cipher cipher;
    EVP_CIPHER_CTX *enc;
    EVP_CIPHER_CTX *dec;
    EVP_MD_CTX *inner; /* after the key's first block (RFC 2104) */
    EVP_MD_CTX *outer;
    EVP_MD_CTX *work;
};

static struct ipsec_openssl *providers[ESP_RAW_THREADS];
static unsigned provider_count;

static const struct ipsec_crypto *provider_new(void)
{
    bench_require(provider_count < ESP_RAW_THREADS, "too many providers");
    struct ipsec_openssl **provider = &providers[provider_count++];
    bench_require(ipsec_openssl_new(NULL, provider) == IPSEC_OK, "no OpenSSL provider");
    return ipsec_openssl_crypto(*provider);
}

static void provider_free(void)
{
    while (provider_count != 0) {
        ipsec_openssl_free(providers[--provider_count]);
    }
}

static EVP_MD_CTX *hmac_start(const EVP_MD *hash, uint8_t pad)
{
    uint8_t block[64];
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    memset(block, pad, sizeof(block));
    for (unsigned i = 0; i < 32; i++) {
        block[i] ^= esp_raw_key[i];
    }
    bench_require(state != NULL && EVP_DigestInit_ex2(state, hash, NULL) == 1 &&
                      EVP_DigestUpdate(state, block, sizeof(block)) == 1,
                  "OpenSSL takes no key");
    return state;
}

/* Without padding, which is ESP's. */
static EVP_CIPHER_CTX *cipher_start(const EVP_CIPHER *cipher, int enc)
{
    unsigned int padding = 0;
    const OSSL_PARAM plain[] = {OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_PADDING, &padding),
                                OSSL_PARAM_construct_end()};
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bench_require(context != NULL &&
                      EVP_CipherInit_ex2(context, cipher, esp_raw_key, NULL, enc, plain) == 1,
                  "OpenSSL takes no key");
    return context;
}

static void *key_new(enum esp_cipher cipher)
{
    static const char *const names[] = {
        [ESP_GCM] = "AES-256-GCM", [ESP_CBC] = "AES-256-CBC", [ESP_CHACHA] = "ChaCha20-Poly1305"};
    struct key *k = calloc(1, sizeof(*k));
    EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, names[cipher], NULL);
    EVP_MD *hash = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    bench_require(k != NULL && algorithm != NULL && hash != NULL, "no key");
    k->cipher = cipher;
    k->enc = cipher_start(algorithm, 1);
    k->dec = cipher_start(algorithm, 0);
    k->inner = hmac_start(hash, 0x36);
    k->outer = hmac_start(hash, 0x5c);
    k->work = EVP_MD_CTX_new();
    EVP_CIPHER_free(algorithm);
    EVP_MD_free(hash);
    return k;
}

static void key_free(void *key)
{
    struct key *k = key;
    EVP_CIPHER_CTX_free(k->enc);
    EVP_CIPHER_CTX_free(k->dec);
    EVP_MD_CTX_free(k->inner);
    EVP_MD_CTX_free(k->outer);
    EVP_MD_CTX_free(k->work);
    free(k);
}

static bool hmac(struct key *k, const struct esp_raw_packet *p, uint8_t *tag)
{
    uint8_t digest[32];
    return EVP_MD_CTX_copy_ex(k->work, k->inner) == 1 &&
           EVP_DigestUpdate(k->work, p->header, ESP_RAW_AAD_BYTES + ESP_RAW_IV_BYTES) == 1 &&
           EVP_DigestUpdate(k->work, p->data, p->octets) == 1 &&
           EVP_DigestFinal_ex(k->work, digest, NULL) == 1 &&
           EVP_MD_CTX_copy_ex(k->work, k->outer) == 1 &&
           EVP_DigestUpdate(k->work, digest, sizeof(digest)) == 1 &&
           EVP_DigestFinal_ex(k->work, tag, NULL) == 1;
}

static bool seal_aead(EVP_CIPHER_CTX *c, const struct esp_raw_packet *p)
{
    uint8_t none[16];
    int length;
    return EVP_EncryptInit_ex(c, NULL, NULL, NULL, p->iv) == 1 &&
           EVP_EncryptUpdate(c, NULL, &length, p->header, ESP_RAW_AAD_BYTES) == 1 &&
           EVP_EncryptUpdate(c, p->data, &length, p->data, (int)p->octets) == 1 &&
           EVP_EncryptFinal_ex(c, none, &length) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, p->tag) == 1;
}

static bool open_aead(EVP_CIPHER_CTX *c, const struct esp_raw_packet *p)
{
    uint8_t none[16];
    int length;
    return EVP_DecryptInit_ex(c, NULL, NULL, NULL, p->iv) == 1 &&
           EVP_DecryptUpdate(c, NULL, &length, p->header, ESP_RAW_AAD_BYTES) == 1 &&
           EVP_DecryptUpdate(c, p->data, &length, p->data, (int)p->octets) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, p->tag) == 1 &&
           EVP_DecryptFinal_ex(c, none, &length) == 1;
}

static int seal(void *key, const struct esp_raw_packet *p)
{
    struct key *k = key;
    int length;
    if (k->cipher != ESP_CBC) {
        return seal_aead(k->enc, p) ? 0 : -1;
    }
    return EVP_EncryptInit_ex(k->enc, NULL, NULL, NULL, p->iv) == 1 &&
                   EVP_EncryptUpdate(k->enc, p->data, &length, p->data, (int)p->octets) == 1 &&
                   hmac(k, p, p->tag)
               ? 0
               : -1;
}

static int open_packet(void *key, const struct esp_raw_packet *p)
{
    struct key *k = key;
    uint8_t expected[32];
    int length;
    if (k->cipher != ESP_CBC) {
        return open_aead(k->dec, p) ? 0 : -1;
    }
    return hmac(k, p, expected) && memcmp(expected, p->tag, 16) == 0 &&
                   EVP_DecryptInit_ex(k->dec, NULL, NULL, NULL, p->iv) == 1 &&
                   EVP_DecryptUpdate(k->dec, p->data, &length, p->data, (int)p->octets) == 1
               ? 0
               : -1;
}

const struct esp_raw *esp_raw_openssl(void)
{
    static const struct esp_raw raw = {.prefix = "openssl ",
                                       .marks = {.of_raw_64 = 0.75, .of_raw_1420 = 0.90},
                                       .provider_new = provider_new,
                                       .provider_free = provider_free,
                                       .key_new = key_new,
                                       .key_free = key_free,
                                       .seal = seal,
                                       .open = open_packet};
    return &raw;
}
