/* SPDX-License-Identifier: Apache-2.0
 *
 * Which algorithms there are, and keys from params to release. The kinds are in their own files.
 */
#include "mbed.h"

struct encr_row {
    uint16_t id;
    bool built_in;
    bool aead;
    enum ipsec_status (*make)(const struct ipsec_key_params *params, struct ipsec_key **key);
};

static const struct encr_row encrs[] = {
    {IPSEC_ENCR_AES_CBC, IPSECI_MBED_CBC, false, ipseci_mbed_cipher_new},
    {IPSEC_ENCR_AES_CTR, IPSECI_MBED_CTR, false, ipseci_mbed_cipher_new},
    {IPSEC_ENCR_AES_GCM_16, IPSECI_MBED_GCM, true, ipseci_mbed_gcm_new},
    {IPSEC_ENCR_AES_GCM_12, IPSECI_MBED_GCM, true, ipseci_mbed_gcm_new},
    {IPSEC_ENCR_AES_GCM_8, IPSECI_MBED_GCM, true, ipseci_mbed_gcm_new},
    {IPSEC_ENCR_CHACHA20_POLY1305, IPSECI_MBED_CHACHAPOLY, true, ipseci_mbed_chachapoly_new},
    {IPSEC_ENCR_AES_CCM_16, IPSECI_MBED_CCM, true, ipseci_mbed_ccm_new},
    {IPSEC_ENCR_AES_CCM_12, IPSECI_MBED_CCM, true, ipseci_mbed_ccm_new},
    {IPSEC_ENCR_AES_CCM_8, IPSECI_MBED_CCM, true, ipseci_mbed_ccm_new},
    {IPSEC_ENCR_NULL_AES_GMAC, IPSECI_MBED_GCM, true, ipseci_mbed_gmac_new},
    {IPSEC_ENCR_NULL, true, false, ipseci_mbed_mac_new},
};

static const struct encr_row *encr_find(uint16_t id)
{
    for (size_t i = 0; i < sizeof(encrs) / sizeof(encrs[0]); i++) {
        if (encrs[i].id == id && encrs[i].built_in) {
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
    if (!is_aes(id)) {
        return key_bits == 0;
    }
    return (key_bits == 128 || key_bits == 192 || key_bits == 256) &&
           key_bits <= IPSECI_MBED_AES_BITS_MAX;
}

static bool ke_built_in(uint16_t id)
{
    return ipseci_mbed_modp_find(id) != NULL || ipseci_mbed_ecp_find(id) != NULL;
}

bool ipseci_mbed_supports(void *context, enum ipsec_transform_type type, uint16_t id,
                          uint16_t key_bits)
{
    (void)context;
    switch (type) {
    case IPSEC_TRANSFORM_ENCR:
        return encr_find(id) != NULL && bits_fit(id, key_bits);
    case IPSEC_TRANSFORM_PRF:
        return ipseci_mbed_prf_built_in(id) || ipseci_mbed_aes_prf_built_in(id);
    case IPSEC_TRANSFORM_INTEG:
        return ipseci_mbed_integ_find(id) != NULL || ipseci_mbed_aes_mac_built_in(id);
    case IPSEC_TRANSFORM_KE:
        return ke_built_in(id);
    case IPSEC_TRANSFORM_ESN:
    case IPSEC_TRANSFORM_ADDKE1:
    case IPSEC_TRANSFORM_ADDKE7:
        return false;
    }
    return false;
}

void *ipseci_mbed_key_take(size_t octets, const struct ipsec_key_params *params)
{
    struct ipsec_key *key = mbedtls_calloc(1, octets);
    if (key != NULL) {
        key->octets = (uint32_t)octets;
        key->direction = params->direction;
    }
    return key;
}

enum ipsec_status ipseci_mbed_key_new(void *context, const struct ipsec_key_params *params,
                                      struct ipsec_key **key)
{
    (void)context;
    *key = NULL;
    bool with_mac = params->integ_id != IPSEC_INTEG_NONE;
    if (params->direction > IPSEC_OPEN || (params->encr_id == 0 && !with_mac)) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (params->encr_id == 0) {
        return ipseci_mbed_aes_mac_built_in(params->integ_id) ? ipseci_mbed_aes_mac_new(params, key)
                                                              : ipseci_mbed_mac_new(params, key);
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
    if (with_mac && ipseci_mbed_integ_find(params->integ_id) == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    return row->make(params, key);
}

void ipseci_mbed_key_free(void *context, struct ipsec_key *key)
{
    (void)context;
    if (key != NULL) {
        key->free(key);
        mbedtls_platform_zeroize(key, key->octets);
        mbedtls_free(key);
    }
}

bool ipseci_mbed_combines(void *context, uint16_t encr_id, uint16_t encr_key_bits,
                          uint16_t integ_id)
{
    (void)context;
    const struct encr_row *row = encr_find(encr_id);
    return row != NULL && !row->aead && bits_fit(encr_id, encr_key_bits) &&
           ipseci_mbed_integ_find(integ_id) != NULL;
}

void ipseci_mbed_run(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    (void)context;
    for (size_t i = 0; i < n; i++) {
        ops[i]->status = (int16_t)ops[i]->key->run(ops[i]->key, ops[i]);
    }
}
