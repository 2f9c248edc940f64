/* SPDX-License-Identifier: Apache-2.0
 *
 * Which algorithms there are, and keys from params to release. The kinds are in their own files.
 */
#include "ossl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

typedef enum ipsec_status (*key_maker)(const struct ipsec_openssl *provider,
                                       const EVP_CIPHER *cipher,
                                       const struct ipsec_key_params *params,
                                       struct ipsec_key **key);

struct encr_row {
    uint16_t id;
    bool aead;
    key_maker make;
    enum ipseci_ossl_cipher first; /* of 128 bits; 192 and 256 follow; or of a fixed length */
};

static const struct encr_row encrs[] = {
    {IPSEC_ENCR_AES_CBC, false, ipseci_ossl_cipher_new, IPSECI_OSSL_CBC_128},
    {IPSEC_ENCR_AES_CTR, false, ipseci_ossl_cipher_new, IPSECI_OSSL_CTR_128},
    {IPSEC_ENCR_AES_GCM_16, true, ipseci_ossl_aead_new, IPSECI_OSSL_GCM_128},
    {IPSEC_ENCR_AES_GCM_12, true, ipseci_ossl_aead_new, IPSECI_OSSL_GCM_128},
    {IPSEC_ENCR_AES_GCM_8, true, ipseci_ossl_aead_new, IPSECI_OSSL_GCM_128},
    {IPSEC_ENCR_CHACHA20_POLY1305, true, ipseci_ossl_aead_new, IPSECI_OSSL_CHACHA20_POLY1305},
    {IPSEC_ENCR_AES_CCM_16, true, ipseci_ossl_ccm_new, IPSECI_OSSL_CCM_128},
    {IPSEC_ENCR_AES_CCM_12, true, ipseci_ossl_ccm_new, IPSECI_OSSL_CCM_128},
    {IPSEC_ENCR_AES_CCM_8, true, ipseci_ossl_ccm_new, IPSECI_OSSL_CCM_128},
    {IPSEC_ENCR_NULL_AES_GMAC, true, ipseci_ossl_aead_new, IPSECI_OSSL_GCM_128},
    {IPSEC_ENCR_NULL, false, ipseci_ossl_mac_new, IPSECI_OSSL_CIPHERS},
};

static const struct encr_row *encr_find(uint16_t id)
{
    for (size_t i = 0; i < sizeof(encrs) / sizeof(encrs[0]); i++) {
        if (encrs[i].id == id) {
            return &encrs[i];
        }
    }
    return NULL;
}

static bool is_aes(uint16_t id)
{
    return id != IPSEC_ENCR_NULL && id != IPSEC_ENCR_CHACHA20_POLY1305;
}

static bool bits_fit(uint16_t id, uint16_t key_bits)
{
    return is_aes(id) ? key_bits == 128 || key_bits == 192 || key_bits == 256 : key_bits == 0;
}

/* The cipher of a row with bits that fit; NULL: not there, or ENCR_NULL. */
static const EVP_CIPHER *cipher_of(const struct ipsec_openssl *provider, const struct encr_row *row,
                                   uint16_t key_bits)
{
    if (row->first == IPSECI_OSSL_CIPHERS) {
        return NULL;
    }
    return provider->cipher[row->first + (key_bits != 0 ? (key_bits - 128u) / 64u : 0)];
}

static bool encr_found(const struct ipsec_openssl *provider, uint16_t id, uint16_t key_bits)
{
    const struct encr_row *row = encr_find(id);
    return row != NULL && bits_fit(id, key_bits) &&
           (id == IPSEC_ENCR_NULL || cipher_of(provider, row, key_bits) != NULL);
}

bool ipseci_ossl_supports(void *context, enum ipsec_transform_type type, uint16_t id,
                          uint16_t key_bits)
{
    const struct ipsec_openssl *provider = context;
    switch (type) {
    case IPSEC_TRANSFORM_ENCR:
        return encr_found(provider, id, key_bits);
    case IPSEC_TRANSFORM_PRF:
        return ipseci_ossl_prf_found(provider, id) || ipseci_ossl_aes_prf_found(provider, id);
    case IPSEC_TRANSFORM_INTEG:
        return ipseci_ossl_integ_find(provider, id) != NULL ||
               ipseci_ossl_aes_mac_found(provider, id);
    case IPSEC_TRANSFORM_KE:
        return ipseci_ossl_ke_found(provider, id);
    case IPSEC_TRANSFORM_ESN:
    case IPSEC_TRANSFORM_ADDKE1:
    case IPSEC_TRANSFORM_ADDKE7:
        return false;
    }
    return false;
}

void *ipseci_ossl_key_take(size_t octets, const struct ipsec_key_params *params)
{
    struct ipsec_key *key = OPENSSL_zalloc(octets);
    if (key != NULL) {
        key->octets = (uint32_t)octets;
        key->direction = params->direction;
    }
    return key;
}

void ipseci_ossl_key_drop(struct ipsec_key *key)
{
    if (key != NULL) {
        key->free(key);
        OPENSSL_clear_free(key, key->octets);
    }
}

static enum ipsec_status make_mac(const struct ipsec_openssl *provider,
                                  const struct ipsec_key_params *params, struct ipsec_key **key)
{
    if (ipseci_ossl_aes_mac_found(provider, params->integ_id)) {
        return ipseci_ossl_aes_mac_new(provider, params, key);
    }
    if (ipseci_ossl_integ_find(provider, params->integ_id) == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    return ipseci_ossl_mac_new(provider, NULL, params, key);
}

static enum ipsec_status make(const struct ipsec_openssl *provider,
                              const struct ipsec_key_params *params, struct ipsec_key **key)
{
    const bool with_mac = params->integ_id != IPSEC_INTEG_NONE;
    if (params->direction > IPSEC_OPEN || (params->encr_id == 0 && !with_mac)) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (params->encr_id == 0) {
        return make_mac(provider, params, key);
    }
    const struct encr_row *row = encr_find(params->encr_id);
    if (row == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    /* NULL alone protects nothing; an AEAD has its own MAC. */
    if (!bits_fit(params->encr_id, params->encr_key_bits) || (row->aead && with_mac) ||
        (params->encr_id == IPSEC_ENCR_NULL && (!with_mac || params->encr_key.length != 0))) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (!encr_found(provider, params->encr_id, params->encr_key_bits) ||
        (with_mac && ipseci_ossl_integ_find(provider, params->integ_id) == NULL)) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    return row->make(provider, cipher_of(provider, row, params->encr_key_bits), params, key);
}

enum ipsec_status ipseci_ossl_key_new(void *context, const struct ipsec_key_params *params,
                                      struct ipsec_key **key)
{
    *key = NULL;
    ERR_set_mark();
    const enum ipsec_status status = make(context, params, key);
    ERR_pop_to_mark();
    return status;
}

void ipseci_ossl_key_free(void *context, struct ipsec_key *key)
{
    (void)context;
    ipseci_ossl_key_drop(key);
}

bool ipseci_ossl_combines(void *context, uint16_t encr_id, uint16_t encr_key_bits,
                          uint16_t integ_id)
{
    const struct ipsec_openssl *provider = context;
    const struct encr_row *row = encr_find(encr_id);
    return row != NULL && !row->aead && encr_found(provider, encr_id, encr_key_bits) &&
           ipseci_ossl_integ_find(provider, integ_id) != NULL;
}

void ipseci_ossl_run(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    (void)context;
    ERR_set_mark(); /* once a batch: a forged packet leaves an error in the queue */
    for (size_t i = 0; i < n; i++) {
        ops[i]->status = (int16_t)ops[i]->key->run(ops[i]->key, ops[i]);
    }
    ERR_pop_to_mark();
}
