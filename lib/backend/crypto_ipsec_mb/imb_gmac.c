/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GMAC keys (RFC 4543): GCM's authentication over aad | IV | data, which is not changed.
 */
#include "imb.h"

#include <string.h>

#define TAG_OCTETS   16u
#define SALT_OCTETS  4u
#define NONCE_OCTETS 12u
#define IV_OCTETS    8u

struct gmac_key {
    struct ipsec_key base;
    aes_gmac_init_t init;
    aes_gmac_update_t update;
    aes_gmac_finalize_t finalize;
    _Alignas(64) struct gcm_key_data data; /* the library aligns it in builds of its own only */
};

static void pass_over(struct ipsec_mb *provider, const struct gmac_key *key, const uint8_t *data,
                      size_t octets)
{
    if (octets != 0) {
        key->update(&key->data, &provider->gcm, data, octets);
    }
}

static void begin(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    const struct gmac_key *key = (const struct gmac_key *)(const void *)op->key;
    const bool is_seal = key->base.direction == IPSEC_SEAL;
    const uint8_t *start = op->aad_length != 0 ? op->aad : op->iv;
    const size_t ahead = (size_t)op->aad_length + IV_OCTETS;
    uint8_t made[TAG_OCTETS];

    key->init(&key->data, &provider->gcm, nonce, NONCE_OCTETS);
    if (start + op->aad_length == op->iv && op->iv + IV_OCTETS == op->data) {
        pass_over(provider, key, start, ahead + op->data_length);
    } else {
        pass_over(provider, key, op->aad, op->aad_length);
        pass_over(provider, key, op->iv, IV_OCTETS);
        pass_over(provider, key, op->data, op->data_length);
    }
    key->finalize(&key->data, &provider->gcm, is_seal ? op->tag : made, TAG_OCTETS);
    op->status = is_seal || ipseci_imb_equal(made, op->tag, TAG_OCTETS) ? IPSEC_OK : IPSEC_DROP_ICV;
}

static void prepare(const IMB_MGR *manager, struct gmac_key *key, const uint8_t *octets,
                    uint16_t key_bits)
{
    switch (key_bits) {
    case 128:
        IMB_AES128_GCM_PRE(manager, octets, &key->data);
        key->init = manager->gmac128_init;
        key->update = manager->gmac128_update;
        key->finalize = manager->gmac128_finalize;
        break;
    case 192:
        IMB_AES192_GCM_PRE(manager, octets, &key->data);
        key->init = manager->gmac192_init;
        key->update = manager->gmac192_update;
        key->finalize = manager->gmac192_finalize;
        break;
    default: /* 256 */
        IMB_AES256_GCM_PRE(manager, octets, &key->data);
        key->init = manager->gmac256_init;
        key->update = manager->gmac256_update;
        key->finalize = manager->gmac256_finalize;
        break;
    }
}

enum ipsec_status ipseci_imb_gmac_new(struct ipsec_mb *provider,
                                      const struct ipsec_key_params *params, struct ipsec_key **out)
{
    struct gmac_key *key = ipseci_imb_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.begin = begin;
    key->base.tag_octets = TAG_OCTETS;
    key->base.has_nonce = true;
    memcpy(key->base.salt, params->encr_key.data + params->encr_key_bits / 8u, SALT_OCTETS);
    prepare(provider->manager, key, params->encr_key.data, params->encr_key_bits);
    *out = &key->base;
    return IPSEC_OK;
}
