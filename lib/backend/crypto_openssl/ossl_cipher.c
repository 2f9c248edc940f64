/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-CBC (RFC 3602) and AES-CTR (RFC 3686) keys, alone or with an HMAC as one (RFC 4303 3.3.2:
 * encrypt, then MAC).
 */
#include "ossl.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

struct cipher_key {
    struct ipsec_key base;
    uint8_t block; /* data is a multiple of it: 16 of AES-CBC, 1 of AES-CTR */
    EVP_CIPHER_CTX *cipher;
    struct ipseci_ossl_mac mac; /* zeroed: the cipher alone */
};

/* What the cipher starts with; `counter` serves for that. */
static const uint8_t *start_of(const struct cipher_key *key, const struct ipsec_crypto_op *op,
                               uint8_t counter[16])
{
    if (key->block != 1) {
        return op->iv;
    }
    memset(counter, 0, 16); /* RFC 3686 4: nonce | IV | block counter, from 1 */
    memcpy(counter, key->base.salt, 4);
    memcpy(counter + 4, op->iv, 8);
    counter[15] = 1;
    return counter;
}

static enum ipsec_status cipher(const struct cipher_key *key, const struct ipsec_crypto_op *op)
{
    uint8_t counter[16];
    int length = 0;
    if (op->data_length == 0) {
        return IPSEC_OK;
    }
    if (op->data_length % key->block != 0 || op->data_length > INT_MAX ||
        EVP_CipherInit_ex2(key->cipher, NULL, NULL, start_of(key, op, counter), -1, NULL) != 1 ||
        EVP_CipherUpdate(key->cipher, op->data, &length, op->data, (int)op->data_length) != 1 ||
        (uint32_t)length != op->data_length) {
        return IPSEC_FATAL_CRYPTO;
    }
    return IPSEC_OK;
}

static enum ipsec_status run_cipher(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    return cipher((struct cipher_key *)(void *)base, op);
}

static enum ipsec_status run_seal(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct cipher_key *key = (struct cipher_key *)(void *)base;
    enum ipsec_status status = cipher(key, op);
    return status == IPSEC_OK ? ipseci_ossl_mac_op(&key->mac, base, op) : status;
}

/* RFC 4303 3.4.4: the ICV is checked first; nothing is deciphered when it is wrong. */
static enum ipsec_status run_open(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct cipher_key *key = (struct cipher_key *)(void *)base;
    enum ipsec_status status = ipseci_ossl_mac_op(&key->mac, base, op);
    return status == IPSEC_OK ? cipher(key, op) : status;
}

static void free_cipher(struct ipsec_key *base)
{
    struct cipher_key *key = (struct cipher_key *)(void *)base;
    EVP_CIPHER_CTX_free(key->cipher); /* wipes */
    ipseci_ossl_mac_deinit(&key->mac);
}

/* Padding is ESP's. Told by parameter, once: EVP_CIPHER_CTX_set_padding would be told again with
 * each packet. */
static bool prepare(struct cipher_key *key, const EVP_CIPHER *algorithm,
                    const struct ipsec_key_params *params)
{
    unsigned int padding = 0;
    const OSSL_PARAM plain[] = {OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_PADDING, &padding),
                                OSSL_PARAM_construct_end()};
    key->cipher = EVP_CIPHER_CTX_new();
    return key->cipher != NULL &&
           EVP_CipherInit_ex2(key->cipher, algorithm, params->encr_key.data, NULL,
                              params->direction == IPSEC_SEAL ? 1 : 0, plain) == 1;
}

enum ipsec_status ipseci_ossl_cipher_new(const struct ipsec_openssl *provider,
                                         const EVP_CIPHER *algorithm,
                                         const struct ipsec_key_params *params,
                                         struct ipsec_key **out)
{
    const struct ipseci_ossl_integ *integ = ipseci_ossl_integ_find(provider, params->integ_id);
    const struct ipseci_ossl_hash *hash = integ != NULL ? &provider->hash[integ->hash] : NULL;
    const size_t mac_key = hash != NULL ? hash->digest_octets : 0;
    const bool counts = params->encr_id == IPSEC_ENCR_AES_CTR;
    const size_t octets = params->encr_key_bits / 8u;
    const size_t salt = counts ? 4 : 0; /* RFC 3686 5.1: key | nonce */

    if (params->encr_key.length != octets + salt || params->integ_key.length != mac_key) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct cipher_key *key = ipseci_ossl_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_cipher;
    key->base.free = free_cipher;
    key->block = counts ? 1 : 16;
    memcpy(key->base.salt, params->encr_key.data + octets, salt);
    if (integ != NULL) {
        key->base.run = params->direction == IPSEC_SEAL ? run_seal : run_open;
        key->base.tag_octets = integ->tag_octets;
    }
    if (!prepare(key, algorithm, params) ||
        (hash != NULL && !ipseci_ossl_mac_init(&key->mac, hash, params->integ_key))) {
        ipseci_ossl_key_drop(&key->base);
        return IPSEC_ERR_MEMORY;
    }
    *out = &key->base;
    return IPSEC_OK;
}
