/* SPDX-License-Identifier: Apache-2.0
 *
 * Which algorithms there are, and keys from params to release. The kinds are in their own files.
 */
#include "imb.h"

#include <stdlib.h>
#include <string.h>

struct encr_row {
    uint16_t id;
    bool aead;
    uint8_t fixed_octets; /* of a key of one length, without salt; 0: AES of 128, 192 or 256 bits */
    uint8_t salt_octets;
    ipseci_imb_maker make;
};

static const struct encr_row encrs[] = {
    {IPSEC_ENCR_AES_CBC, false, 0, 0, ipseci_imb_chained_new},
    {IPSEC_ENCR_AES_CTR, false, 0, 4, ipseci_imb_chained_new},
    {IPSEC_ENCR_AES_GCM_16, true, 0, 4, ipseci_imb_gcm_new},
    {IPSEC_ENCR_AES_GCM_12, true, 0, 4, ipseci_imb_gcm_new},
    {IPSEC_ENCR_AES_GCM_8, true, 0, 4, ipseci_imb_gcm_new},
    {IPSEC_ENCR_AES_CCM_16, true, 0, 3, ipseci_imb_ccm_new},
    {IPSEC_ENCR_AES_CCM_12, true, 0, 3, ipseci_imb_ccm_new},
    {IPSEC_ENCR_AES_CCM_8, true, 0, 3, ipseci_imb_ccm_new},
    {IPSEC_ENCR_NULL_AES_GMAC, true, 0, 4, ipseci_imb_gmac_new},
    {IPSEC_ENCR_CHACHA20_POLY1305, true, 32, 4, ipseci_imb_chacha_new},
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

static bool bits_fit(const struct encr_row *row, uint16_t key_bits)
{
    return row->fixed_octets == 0 ? key_bits == 128 || key_bits == 192 || key_bits == 256
                                  : key_bits == 0;
}

bool ipseci_imb_supports(void *context, enum ipsec_transform_type type, uint16_t id,
                         uint16_t key_bits)
{
    (void)context;
    const struct encr_row *row = encr_find(id);
    switch (type) {
    case IPSEC_TRANSFORM_ENCR:
        return id == IPSEC_ENCR_NULL ? key_bits == 0 : row != NULL && bits_fit(row, key_bits);
    case IPSEC_TRANSFORM_INTEG:
        return ipseci_imb_hash_find(id) != NULL;
    case IPSEC_TRANSFORM_PRF:
    case IPSEC_TRANSFORM_KE:
    case IPSEC_TRANSFORM_ESN:
    case IPSEC_TRANSFORM_ADDKE1:
    case IPSEC_TRANSFORM_ADDKE7:
        return false;
    }
    return false;
}

bool ipseci_imb_combines(void *context, uint16_t encr_id, uint16_t encr_key_bits, uint16_t integ_id)
{
    (void)context;
    const struct encr_row *row = encr_find(encr_id);
    return row != NULL && !row->aead && bits_fit(row, encr_key_bits) &&
           ipseci_imb_hash_find(integ_id) != NULL;
}

/* ---- memory -------------------------------------------------------------------------------------
 */

void *ipseci_imb_key_take(size_t octets, const struct ipsec_key_params *params)
{
    const size_t rounded = (octets + IPSECI_IMB_ALIGN - 1) / IPSECI_IMB_ALIGN * IPSECI_IMB_ALIGN;
    struct ipsec_key *key = aligned_alloc(IPSECI_IMB_ALIGN, rounded);
    if (key != NULL) {
        memset(key, 0, rounded);
        key->octets = (uint32_t)rounded;
        key->direction = params->direction;
    }
    return key;
}

void ipseci_imb_key_free(void *context, struct ipsec_key *key)
{
    (void)context;
    if (key != NULL) {
        ipseci_imb_wipe(key, key->octets);
        free(key);
    }
}

void ipseci_imb_expand(const IMB_MGR *manager, uint8_t key_octets, const uint8_t *octets,
                       uint32_t *enc, uint32_t *dec)
{
    switch (key_octets) {
    case 16:
        IMB_AES_KEYEXP_128(manager, octets, enc, dec);
        break;
    case 24:
        IMB_AES_KEYEXP_192(manager, octets, enc, dec);
        break;
    default: /* 32 */
        IMB_AES_KEYEXP_256(manager, octets, enc, dec);
        break;
    }
}

/* ---- from params --------------------------------------------------------------------------------
 */

static bool is_cipher_key_right(const struct encr_row *row, const struct ipsec_key_params *params)
{
    if (params->encr_id == 0 || params->encr_id == IPSEC_ENCR_NULL) {
        return params->encr_key_bits == 0 && params->encr_key.length == 0;
    }
    const size_t octets = row->fixed_octets != 0 ? row->fixed_octets : params->encr_key_bits / 8u;
    return bits_fit(row, params->encr_key_bits) &&
           params->encr_key.length == octets + row->salt_octets;
}

enum ipsec_status ipseci_imb_key_new(void *context, const struct ipsec_key_params *params,
                                     struct ipsec_key **key)
{
    struct ipsec_mb *provider = context;
    const struct encr_row *row = encr_find(params->encr_id);
    const struct ipseci_imb_hash *hash = ipseci_imb_hash_find(params->integ_id);
    const bool with_mac = params->integ_id != IPSEC_INTEG_NONE;
    const bool with_cipher = params->encr_id != 0 && params->encr_id != IPSEC_ENCR_NULL;

    *key = NULL;
    if (params->direction > IPSEC_OPEN || (!with_mac && !with_cipher)) {
        return IPSEC_ERR_ARGUMENT;
    }
    if ((with_mac && hash == NULL) || (with_cipher && row == NULL)) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    if (!is_cipher_key_right(row, params) ||
        params->integ_key.length != (with_mac ? hash->key_octets : 0) ||
        (with_cipher && row->aead && with_mac)) {
        return IPSEC_ERR_ARGUMENT;
    }
    return (with_cipher ? row->make : ipseci_imb_chained_new)(provider, params, key);
}
