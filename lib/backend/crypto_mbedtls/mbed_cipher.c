/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-CBC (RFC 3602) and AES-CTR (RFC 3686) keys, alone or with an HMAC as one (RFC 4303 3.3.2:
 * encrypt, then MAC).
 */
#include "mbed.h"

#if IPSECI_MBED_CBC || IPSECI_MBED_CTR
#include <mbedtls/aes.h>
#include <string.h>

struct cipher_key {
    struct ipsec_key base;
    /* 0, or an Mbed TLS error. */
    int (*crypt)(struct cipher_key *key, const struct ipsec_crypto_op *op);
    mbedtls_aes_context aes;
    struct ipseci_mbed_mac mac; /* hash NULL: the cipher alone */
    uint64_t states[];          /* three with a MAC */
};

#if IPSECI_MBED_CBC
static int crypt_cbc(struct cipher_key *key, const struct ipsec_crypto_op *op)
{
    uint8_t iv[16]; /* Mbed TLS moves it on */
    int mode = key->base.direction == IPSEC_SEAL ? MBEDTLS_AES_ENCRYPT : MBEDTLS_AES_DECRYPT;
    memcpy(iv, op->iv, sizeof(iv));
    return mbedtls_aes_crypt_cbc(&key->aes, mode, op->data_length, iv, op->data, op->data);
}
#else
#define crypt_cbc NULL
#endif

#if IPSECI_MBED_CTR
static int crypt_ctr(struct cipher_key *key, const struct ipsec_crypto_op *op)
{
    uint8_t counter[16] = {0}; /* RFC 3686 4: nonce | IV | block counter, from 1 */
    uint8_t stream[16];
    size_t used = 0;
    memcpy(counter, key->base.salt, 4);
    memcpy(counter + 4, op->iv, 8);
    counter[15] = 1;
    int error = mbedtls_aes_crypt_ctr(&key->aes, op->data_length, &used, counter, stream, op->data,
                                      op->data);
    mbedtls_platform_zeroize(stream, sizeof(stream));
    return error;
}
#else
#define crypt_ctr NULL
#endif

static enum ipsec_status cipher(struct cipher_key *key, const struct ipsec_crypto_op *op)
{
    if (op->data_length == 0) {
        return IPSEC_OK;
    }
    return key->crypt(key, op) == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

static enum ipsec_status run_cipher(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    return cipher((struct cipher_key *)(void *)base, op);
}

static enum ipsec_status run_seal(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct cipher_key *key = (struct cipher_key *)(void *)base;
    enum ipsec_status status = cipher(key, op);
    return status == IPSEC_OK ? ipseci_mbed_mac_op(&key->mac, base, op) : status;
}

/* RFC 4303 3.4.4: the ICV is checked first; nothing is deciphered when it is wrong. */
static enum ipsec_status run_open(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct cipher_key *key = (struct cipher_key *)(void *)base;
    enum ipsec_status status = ipseci_mbed_mac_op(&key->mac, base, op);
    return status == IPSEC_OK ? cipher(key, op) : status;
}

static void free_cipher(struct ipsec_key *base)
{
    struct cipher_key *key = (struct cipher_key *)(void *)base;
    mbedtls_aes_free(&key->aes);
    ipseci_mbed_mac_free(&key->mac);
}

/* 0, or an Mbed TLS error. The counter mode deciphers by enciphering. */
static int prepare(struct cipher_key *key, const struct ipsec_key_params *params,
                   const struct ipseci_mbed_hash *hash)
{
    const bool backward = params->direction == IPSEC_OPEN && params->encr_id == IPSEC_ENCR_AES_CBC;
    mbedtls_aes_init(&key->aes);
    int error =
        backward ? mbedtls_aes_setkey_dec(&key->aes, params->encr_key.data, params->encr_key_bits)
                 : mbedtls_aes_setkey_enc(&key->aes, params->encr_key.data, params->encr_key_bits);
    if (error != 0 || hash == NULL) {
        return error;
    }
    key->base.run = params->direction == IPSEC_SEAL ? run_seal : run_open;
    return ipseci_mbed_mac_init(&key->mac, hash, key->states, params->integ_key);
}

enum ipsec_status ipseci_mbed_cipher_new(const struct ipsec_key_params *params,
                                         struct ipsec_key **out)
{
    const struct ipseci_mbed_integ *integ = ipseci_mbed_integ_find(params->integ_id);
    const struct ipseci_mbed_hash *hash = integ != NULL ? ipseci_mbed_hash(integ->hash) : NULL;
    const bool counts = params->encr_id == IPSEC_ENCR_AES_CTR;
    const size_t octets = params->encr_key_bits / 8u;
    const size_t salt = counts ? 4 : 0; /* RFC 3686 5.1: key | nonce */
    const size_t mac_key = hash != NULL ? hash->digest_octets : 0;
    const size_t states = hash != NULL ? 3u * (size_t)hash->state_octets : 0;

    if (params->encr_key.length != octets + salt || params->integ_key.length != mac_key) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct cipher_key *key = ipseci_mbed_key_take(sizeof(*key) + states, params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_cipher;
    key->base.free = free_cipher;
    key->base.tag_octets = integ != NULL ? integ->tag_octets : 0;
    memcpy(key->base.salt, params->encr_key.data + octets, salt);
    key->crypt = counts ? crypt_ctr : crypt_cbc;
    if (prepare(key, params, hash) != 0) {
        ipseci_mbed_key_free(NULL, &key->base);
        return IPSEC_FATAL_CRYPTO;
    }
    *out = &key->base;
    return IPSEC_OK;
}

#else

enum ipsec_status ipseci_mbed_cipher_new(const struct ipsec_key_params *params,
                                         struct ipsec_key **out)
{
    (void)params;
    (void)out;
    return IPSEC_ERR_NOT_BUILT_IN;
}

#endif
