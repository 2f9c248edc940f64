/* SPDX-License-Identifier: Apache-2.0
 *
 * Mbed TLS by hand, through its classic API.
 */
#include "bench.h"
#include "esp_raw.h"

#include <ipsec/backend_mbedtls.h>

#include <mbedtls/aes.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#include <stdlib.h>
#include <string.h>

#if MBEDTLS_VERSION_MAJOR >= 3
#define SHA256_STARTS mbedtls_sha256_starts
#define SHA256_UPDATE mbedtls_sha256_update
#define SHA256_FINISH mbedtls_sha256_finish
#else
#define SHA256_STARTS mbedtls_sha256_starts_ret
#define SHA256_UPDATE mbedtls_sha256_update_ret
#define SHA256_FINISH mbedtls_sha256_finish_ret
#endif

struct key {
    enum esp_cipher cipher;
    mbedtls_gcm_context gcm;
    mbedtls_aes_context aes_enc;
    mbedtls_aes_context aes_dec;
    mbedtls_sha256_context inner; /* after the key's first block (RFC 2104) */
    mbedtls_sha256_context outer;
    mbedtls_chachapoly_context chacha;
};

static struct ipsec_mbedtls *providers[ESP_RAW_THREADS];
static unsigned provider_count;

static const struct ipsec_crypto *provider_new(void)
{
    bench_require(provider_count < ESP_RAW_THREADS, "too many providers");
    struct ipsec_mbedtls **provider = &providers[provider_count++];
    bench_require(ipsec_mbedtls_new(NULL, provider) == IPSEC_OK, "no Mbed TLS provider");
    return ipsec_mbedtls_crypto(*provider);
}

static void provider_free(void)
{
    while (provider_count != 0) {
        ipsec_mbedtls_free(providers[--provider_count]);
    }
}

static int hmac_start(mbedtls_sha256_context *state, uint8_t pad)
{
    uint8_t block[64];
    memset(block, pad, sizeof(block));
    for (unsigned i = 0; i < 32; i++) {
        block[i] ^= esp_raw_key[i];
    }
    mbedtls_sha256_init(state);
    return SHA256_STARTS(state, 0) | SHA256_UPDATE(state, block, sizeof(block));
}

static void *key_new(enum esp_cipher cipher)
{
    struct key *k = calloc(1, sizeof(*k));
    bench_require(k != NULL, "no memory");
    k->cipher = cipher;
    mbedtls_gcm_init(&k->gcm);
    mbedtls_aes_init(&k->aes_enc);
    mbedtls_aes_init(&k->aes_dec);
    mbedtls_chachapoly_init(&k->chacha);
    const int failed = mbedtls_gcm_setkey(&k->gcm, MBEDTLS_CIPHER_ID_AES, esp_raw_key, 256) |
                       mbedtls_aes_setkey_enc(&k->aes_enc, esp_raw_key, 256) |
                       mbedtls_aes_setkey_dec(&k->aes_dec, esp_raw_key, 256) |
                       hmac_start(&k->inner, 0x36) | hmac_start(&k->outer, 0x5c) |
                       mbedtls_chachapoly_setkey(&k->chacha, esp_raw_key);
    bench_require(failed == 0, "Mbed TLS takes no key");
    return k;
}

static void key_free(void *key)
{
    struct key *k = key;
    mbedtls_gcm_free(&k->gcm);
    mbedtls_aes_free(&k->aes_enc);
    mbedtls_aes_free(&k->aes_dec);
    mbedtls_sha256_free(&k->inner);
    mbedtls_sha256_free(&k->outer);
    mbedtls_chachapoly_free(&k->chacha);
    free(k);
}

static int hmac(const struct key *k, const struct esp_raw_packet *p, uint8_t *tag)
{
    mbedtls_sha256_context state;
    uint8_t digest[32];
    mbedtls_sha256_init(&state);
    mbedtls_sha256_clone(&state, &k->inner);
    int failed = SHA256_UPDATE(&state, p->header, ESP_RAW_AAD_BYTES + ESP_RAW_IV_BYTES) |
                 SHA256_UPDATE(&state, p->data, p->octets) | SHA256_FINISH(&state, digest);
    mbedtls_sha256_clone(&state, &k->outer);
    failed |= SHA256_UPDATE(&state, digest, sizeof(digest)) | SHA256_FINISH(&state, tag);
    mbedtls_sha256_free(&state);
    return failed;
}

static int seal(void *key, const struct esp_raw_packet *p)
{
    struct key *k = key;
    uint8_t iv[ESP_RAW_IV_BYTES];
    switch (k->cipher) {
    case ESP_GCM:
        return mbedtls_gcm_crypt_and_tag(&k->gcm, MBEDTLS_GCM_ENCRYPT, p->octets, p->iv, 12,
                                         p->header, ESP_RAW_AAD_BYTES, p->data, p->data, 16,
                                         p->tag);
    case ESP_CBC:
        memcpy(iv, p->iv, sizeof(iv));
        return mbedtls_aes_crypt_cbc(&k->aes_enc, MBEDTLS_AES_ENCRYPT, p->octets, iv, p->data,
                                     p->data) |
               hmac(k, p, p->tag);
    case ESP_CHACHA:
        return mbedtls_chachapoly_encrypt_and_tag(&k->chacha, p->octets, p->iv, p->header,
                                                  ESP_RAW_AAD_BYTES, p->data, p->data, p->tag);
    }
    return -1;
}

static int open_packet(void *key, const struct esp_raw_packet *p)
{
    struct key *k = key;
    uint8_t iv[ESP_RAW_IV_BYTES];
    uint8_t expected[32];
    switch (k->cipher) {
    case ESP_GCM:
        return mbedtls_gcm_auth_decrypt(&k->gcm, p->octets, p->iv, 12, p->header, ESP_RAW_AAD_BYTES,
                                        p->tag, 16, p->data, p->data);
    case ESP_CBC:
        memcpy(iv, p->iv, sizeof(iv));
        if (hmac(k, p, expected) != 0 || memcmp(expected, p->tag, 16) != 0) {
            return -1;
        }
        return mbedtls_aes_crypt_cbc(&k->aes_dec, MBEDTLS_AES_DECRYPT, p->octets, iv, p->data,
                                     p->data);
    case ESP_CHACHA:
        return mbedtls_chachapoly_auth_decrypt(&k->chacha, p->octets, p->iv, p->header,
                                               ESP_RAW_AAD_BYTES, p->tag, p->data, p->data);
    }
    return -1;
}

const struct esp_raw *esp_raw_mbedtls(void)
{
    static const struct esp_raw raw = {.prefix = "",
                                       .marks = {.over_raw_ns = 80, .of_raw_1420 = 0.97},
                                       .provider_new = provider_new,
                                       .provider_free = provider_free,
                                       .key_new = key_new,
                                       .key_free = key_free,
                                       .seal = seal,
                                       .open = open_packet};
    return &raw;
}
