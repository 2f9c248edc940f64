/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-CCM keys with tags of 16, 12 or 8 octets (RFC 4309, RFC 5282). The cipher context has its key
 * and the lengths of nonce and tag from the start; a packet brings the nonce.
 *
 * EXCEPTION: opening deciphers before it authenticates, as CCM is made to (its MAC is over the
 * plaintext); on a wrong tag what was written is cleared.
 */
#include "ossl.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#define SALT_OCTETS  3u
#define NONCE_OCTETS 11u

struct ccm_key {
    struct ipsec_key base;
    EVP_CIPHER_CTX *cipher;
    OSSL_PARAM tag[2]; /* points at the tag of the packet in hand */
};

/* CCM begins with the length of the data, so that is told first. */
static bool start(const struct ccm_key *key, const struct ipsec_crypto_op *op)
{
    uint8_t nonce[NONCE_OCTETS]; /* RFC 4309 4: salt | IV */
    int length = 0;
    memcpy(nonce, key->base.salt, SALT_OCTETS);
    memcpy(nonce + SALT_OCTETS, op->iv, 8);
    return op->data_length <= INT_MAX &&
           EVP_CipherInit_ex2(key->cipher, NULL, NULL, nonce, -1, NULL) == 1 &&
           EVP_CipherUpdate(key->cipher, NULL, &length, NULL, (int)op->data_length) == 1 &&
           (op->aad_length == 0 ||
            EVP_CipherUpdate(key->cipher, NULL, &length, op->aad, op->aad_length) == 1);
}

/* All at once, also where there is no data: the MAC is made, or checked, here. */
static bool pass_over(const struct ccm_key *key, const struct ipsec_crypto_op *op)
{
    uint8_t none[16] = {0};
    uint8_t *data = op->data_length != 0 ? op->data : none;
    int length = 0;
    return EVP_CipherUpdate(key->cipher, data, &length, data, (int)op->data_length) == 1;
}

static enum ipsec_status run_seal(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct ccm_key *key = (struct ccm_key *)(void *)base;
    key->tag[0].data = op->tag;
    if (!start(key, op) || !pass_over(key, op) ||
        EVP_CIPHER_CTX_get_params(key->cipher, key->tag) != 1) {
        return IPSEC_FATAL_CRYPTO;
    }
    return IPSEC_OK;
}

static enum ipsec_status run_open(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct ccm_key *key = (struct ccm_key *)(void *)base;
    key->tag[0].data = op->tag;
    if (EVP_CIPHER_CTX_set_params(key->cipher, key->tag) != 1 || !start(key, op)) {
        return IPSEC_FATAL_CRYPTO;
    }
    if (!pass_over(key, op)) {
        if (op->data_length != 0) {
            OPENSSL_cleanse(op->data, op->data_length);
        }
        return IPSEC_DROP_ICV;
    }
    return IPSEC_OK;
}

static void free_ccm(struct ipsec_key *base)
{
    struct ccm_key *key = (struct ccm_key *)(void *)base;
    EVP_CIPHER_CTX_free(key->cipher); /* wipes */
}

static uint8_t tag_octets_of(uint16_t encr_id)
{
    if (encr_id == IPSEC_ENCR_AES_CCM_8) {
        return 8;
    }
    return encr_id == IPSEC_ENCR_AES_CCM_12 ? 12 : 16;
}

/* The lengths first: the key is set up for them. */
static bool prepare(struct ccm_key *key, const EVP_CIPHER *algorithm,
                    const struct ipsec_key_params *params)
{
    const int seal = params->direction == IPSEC_SEAL ? 1 : 0;
    key->cipher = EVP_CIPHER_CTX_new();
    return key->cipher != NULL &&
           EVP_CipherInit_ex2(key->cipher, algorithm, NULL, NULL, seal, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(key->cipher, EVP_CTRL_AEAD_SET_IVLEN, NONCE_OCTETS, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(key->cipher, EVP_CTRL_AEAD_SET_TAG, key->base.tag_octets, NULL) ==
               1 &&
           EVP_CipherInit_ex2(key->cipher, NULL, params->encr_key.data, NULL, seal, NULL) == 1;
}

enum ipsec_status ipseci_ossl_ccm_new(const struct ipsec_openssl *provider,
                                      const EVP_CIPHER *algorithm,
                                      const struct ipsec_key_params *params, struct ipsec_key **out)
{
    (void)provider;
    const size_t octets = (size_t)EVP_CIPHER_get_key_length(algorithm);
    if (params->encr_key.length != octets + SALT_OCTETS) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct ccm_key *key = ipseci_ossl_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = params->direction == IPSEC_SEAL ? run_seal : run_open;
    key->base.free = free_ccm;
    key->base.tag_octets = tag_octets_of(params->encr_id);
    memcpy(key->base.salt, params->encr_key.data + octets, SALT_OCTETS); /* RFC 4309 7.1 */
    key->tag[0] =
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, key->base.tag_octets);
    key->tag[1] = OSSL_PARAM_construct_end();
    if (!prepare(key, algorithm, params)) {
        /* The lengths are right, so this is its allocation. */
        ipseci_ossl_key_drop(&key->base);
        return IPSEC_ERR_MEMORY;
    }
    *out = &key->base;
    return IPSEC_OK;
}
