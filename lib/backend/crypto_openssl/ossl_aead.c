/* SPDX-License-Identifier: Apache-2.0
 *
 * AEAD keys: AES-GCM with tags of 16, 12 or 8 octets (RFC 4106, RFC 5282), ChaCha20-Poly1305
 * (RFC 7634) and AES-GMAC (RFC 4543). The cipher context has its key from the
 * start; a packet brings the nonce.
 *
 * EXCEPTION: opening deciphers while it authenticates, in one pass, as these are made to; on a
 * wrong tag what was written is cleared.
 */
#include "ossl.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

struct aead_key {
    struct ipsec_key base;
    EVP_CIPHER_CTX *cipher;
    bool (*pass)(const struct aead_key *key, const struct ipsec_crypto_op *op);
    OSSL_PARAM tag[2]; /* points at the tag of the packet in hand */
};

static bool start(const struct aead_key *key, const struct ipsec_crypto_op *op)
{
    uint8_t nonce[12]; /* RFC 4106 4, RFC 7634 2: salt | IV */
    memcpy(nonce, key->base.salt, 4);
    memcpy(nonce + 4, op->iv, 8);
    return op->data_length <= INT_MAX &&
           EVP_CipherInit_ex2(key->cipher, NULL, NULL, nonce, -1, NULL) == 1;
}

static bool authenticate(const struct aead_key *key, const uint8_t *data, uint32_t octets)
{
    int length = 0;
    return octets == 0 || EVP_CipherUpdate(key->cipher, NULL, &length, data, (int)octets) == 1;
}

/* RFC 4543 3.3: header, IV and data; there is nothing to encipher. */
static bool pass_gmac(const struct aead_key *key, const struct ipsec_crypto_op *op)
{
    return start(key, op) && authenticate(key, op->aad, op->aad_length) &&
           authenticate(key, op->iv, 8) && authenticate(key, op->data, op->data_length);
}

/* Nonce, what is authenticated only, and the data, up to the tag. */
static bool pass_over(const struct aead_key *key, const struct ipsec_crypto_op *op)
{
    int length = 0;
    if (!start(key, op) || !authenticate(key, op->aad, op->aad_length)) {
        return false;
    }
    return op->data_length == 0 ||
           (EVP_CipherUpdate(key->cipher, op->data, &length, op->data, (int)op->data_length) == 1 &&
            (uint32_t)length == op->data_length);
}

static enum ipsec_status run_seal(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct aead_key *key = (struct aead_key *)(void *)base;
    uint8_t none[16];
    int length = 0;
    key->tag[0].data = op->tag;
    if (!key->pass(key, op) || EVP_CipherFinal_ex(key->cipher, none, &length) != 1 ||
        EVP_CIPHER_CTX_get_params(key->cipher, key->tag) != 1) {
        return IPSEC_FATAL_CRYPTO;
    }
    return IPSEC_OK;
}

static enum ipsec_status run_open(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct aead_key *key = (struct aead_key *)(void *)base;
    uint8_t none[16];
    int length = 0;
    key->tag[0].data = op->tag;
    if (!key->pass(key, op) || EVP_CIPHER_CTX_set_params(key->cipher, key->tag) != 1) {
        return IPSEC_FATAL_CRYPTO;
    }
    if (EVP_CipherFinal_ex(key->cipher, none, &length) != 1) {
        if (op->data_length != 0 && key->pass == pass_over) {
            OPENSSL_cleanse(op->data, op->data_length);
        }
        return IPSEC_DROP_ICV;
    }
    return IPSEC_OK;
}

static void free_aead(struct ipsec_key *base)
{
    struct aead_key *key = (struct aead_key *)(void *)base;
    EVP_CIPHER_CTX_free(key->cipher); /* wipes */
}

static uint8_t tag_octets_of(uint16_t encr_id)
{
    if (encr_id == IPSEC_ENCR_AES_GCM_8) {
        return 8;
    }
    return encr_id == IPSEC_ENCR_AES_GCM_12 ? 12 : 16;
}

enum ipsec_status ipseci_ossl_aead_new(const struct ipsec_openssl *provider,
                                       const EVP_CIPHER *cipher,
                                       const struct ipsec_key_params *params,
                                       struct ipsec_key **out)
{
    (void)provider;
    const size_t octets = (size_t)EVP_CIPHER_get_key_length(cipher);
    if (params->encr_key.length != octets + 4) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct aead_key *key = ipseci_ossl_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = params->direction == IPSEC_SEAL ? run_seal : run_open;
    key->base.free = free_aead;
    key->pass = params->encr_id == IPSEC_ENCR_NULL_AES_GMAC ? pass_gmac : pass_over;
    key->base.tag_octets = tag_octets_of(params->encr_id);
    memcpy(key->base.salt, params->encr_key.data + octets, 4); /* RFC 4106 8.1: key | salt */
    key->tag[0] =
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, key->base.tag_octets);
    key->tag[1] = OSSL_PARAM_construct_end();
    key->cipher = EVP_CIPHER_CTX_new();
    if (key->cipher == NULL ||
        EVP_CipherInit_ex2(key->cipher, cipher, params->encr_key.data, NULL,
                           params->direction == IPSEC_SEAL ? 1 : 0, NULL) != 1) {
        /* The lengths are right, so this is its allocation. */
        ipseci_ossl_key_drop(&key->base);
        return IPSEC_ERR_MEMORY;
    }
    *out = &key->base;
    return IPSEC_OK;
}
