/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GCM (RFC 4106) and ChaCha20-Poly1305 (RFC 7634) keys.
 */
#include "imb.h"

#include <string.h>

#define TAG_MAX      16u
#define SALT_OCTETS  4u
#define NONCE_OCTETS 12u
#define CHACHA_KEY   32u

/* ---- AES-GCM ------------------------------------------------------------------------------------
 */

struct gcm_key {
    struct ipsec_key base;
    aes_gcm_enc_dec_t crypt;
    _Alignas(64) struct gcm_key_data data; /* the library aligns it in builds of its own only */
};

static inline void gcm_crypt(struct ipsec_mb *provider, const struct ipsec_crypto_op *op,
                             const uint8_t *nonce, uint8_t *tag)
{
    const struct gcm_key *key = (const struct gcm_key *)(const void *)op->key;
    key->crypt(&key->data, &provider->gcm, op->data, op->data, op->data_length, nonce, op->aad,
               op->aad_length, tag, key->base.tag_octets);
}

static void seal_gcm(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    gcm_crypt(provider, op, nonce, op->tag);
    op->status = IPSEC_OK;
}

static void open_gcm(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    uint8_t made[TAG_MAX];
    gcm_crypt(provider, op, nonce, made);
    op->status = (int16_t)ipseci_imb_compare(op, made);
}

/* In constant time. */
static inline bool is_whole_tag_right(const uint8_t made[TAG_MAX], const uint8_t *tag)
{
    uint64_t a[2];
    uint64_t b[2];
    ipseci_imb_has_written(made, TAG_MAX);
    memcpy(a, made, sizeof(a));
    memcpy(b, tag, sizeof(b));
    return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
}

static inline void gcm_row_one(struct ipsec_mb *provider, struct ipsec_crypto_op *op,
                               const uint8_t *nonce, bool is_seal)
{
    uint8_t made[TAG_MAX];
    if (is_seal) {
        seal_gcm(provider, op, nonce);
        return;
    }
    gcm_crypt(provider, op, nonce, made);
    const bool is_right = op->key->tag_octets == TAG_MAX && is_whole_tag_right(made, op->tag);
    op->status = is_right ? IPSEC_OK : (int16_t)ipseci_imb_compare(op, made);
}

static inline size_t gcm_row(struct ipsec_mb *provider, struct ipsec_crypto_op *const ops[],
                             size_t n, bool is_seal)
{
    size_t count = 0;
    for (; count < n && ops[count]->key->begin == (is_seal ? seal_gcm : open_gcm); count++) {
        uint8_t *nonce = provider->nonce[count];
        memcpy(nonce, ops[count]->key->salt, SALT_OCTETS);
        memcpy(nonce + SALT_OCTETS, ops[count]->iv, NONCE_OCTETS - SALT_OCTETS);
    }
    for (size_t i = 0; i < count; i++) {
        gcm_row_one(provider, ops[i], provider->nonce[i], is_seal);
    }
    return count;
}

size_t ipseci_imb_gcm_row(struct ipsec_mb *provider, struct ipsec_crypto_op *const ops[], size_t n)
{
    const size_t most = n < IPSECI_IMB_SLOTS ? n : IPSECI_IMB_SLOTS;
    const size_t sealed = gcm_row(provider, ops, most, true);
    return sealed != 0 ? sealed : gcm_row(provider, ops, most, false);
}

static void prepare_gcm(const IMB_MGR *manager, struct gcm_key *key, const uint8_t *octets,
                        uint16_t key_bits)
{
    const bool is_seal = key->base.direction == IPSEC_SEAL;
    switch (key_bits) {
    case 128:
        IMB_AES128_GCM_PRE(manager, octets, &key->data);
        key->crypt = is_seal ? manager->gcm128_enc : manager->gcm128_dec;
        break;
    case 192:
        IMB_AES192_GCM_PRE(manager, octets, &key->data);
        key->crypt = is_seal ? manager->gcm192_enc : manager->gcm192_dec;
        break;
    default: /* 256 */
        IMB_AES256_GCM_PRE(manager, octets, &key->data);
        key->crypt = is_seal ? manager->gcm256_enc : manager->gcm256_dec;
        break;
    }
}

static uint8_t tag_octets_of(uint16_t encr_id)
{
    if (encr_id == IPSEC_ENCR_AES_GCM_8) {
        return 8;
    }
    return encr_id == IPSEC_ENCR_AES_GCM_12 ? 12 : 16;
}

enum ipsec_status ipseci_imb_gcm_new(struct ipsec_mb *provider,
                                     const struct ipsec_key_params *params, struct ipsec_key **out)
{
    struct gcm_key *key = ipseci_imb_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.begin = params->direction == IPSEC_SEAL ? seal_gcm : open_gcm;
    key->base.tag_octets = tag_octets_of(params->encr_id);
    key->base.has_nonce = true;
    memcpy(key->base.salt, params->encr_key.data + params->encr_key_bits / 8u, SALT_OCTETS);
    prepare_gcm(provider->manager, key, params->encr_key.data, params->encr_key_bits);
    *out = &key->base;
    return IPSEC_OK;
}

/* ---- ChaCha20-Poly1305 --------------------------------------------------------------------------
 */

struct chacha_key {
    struct ipsec_key base;
    _Alignas(16) uint8_t octets[CHACHA_KEY];
};

static void begin_chacha(struct ipsec_mb *provider, struct ipsec_crypto_op *op,
                         const uint8_t *nonce)
{
    const struct chacha_key *key = (const struct chacha_key *)(const void *)op->key;
    const bool is_seal = key->base.direction == IPSEC_SEAL;
    struct ipseci_imb_slot *slot = ipseci_imb_slot_take(provider, op);

    IMB_JOB *job = ipseci_imb_job(provider, slot);
    job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job->cipher_direction = is_seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
    job->chain_order = is_seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    job->enc_keys = key->octets;
    job->dec_keys = key->octets;
    job->key_len_in_bytes = CHACHA_KEY;
    job->src = op->data;
    job->dst = op->data;
    job->cipher_start_src_offset_in_bytes = 0;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = op->data_length;
    job->msg_len_to_hash_in_bytes = op->data_length;
    job->iv = nonce;
    job->iv_len_in_bytes = NONCE_OCTETS;
    job->u.CHACHA20_POLY1305.aad = op->aad;
    job->u.CHACHA20_POLY1305.aad_len_in_bytes = op->aad_length;
    job->auth_tag_output = is_seal ? op->tag : slot->digest;
    job->auth_tag_output_len_in_bytes = TAG_MAX;
    ipseci_imb_submit(provider);
}

static enum ipsec_status finish_chacha(const struct ipseci_imb_slot *slot)
{
    return slot->op->key->direction == IPSEC_SEAL ? IPSEC_OK
                                                  : ipseci_imb_compare(slot->op, slot->digest);
}

enum ipsec_status ipseci_imb_chacha_new(struct ipsec_mb *provider,
                                        const struct ipsec_key_params *params,
                                        struct ipsec_key **out)
{
    (void)provider;
    struct chacha_key *key = ipseci_imb_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.begin = begin_chacha;
    key->base.finish = finish_chacha;
    key->base.tag_octets = TAG_MAX;
    key->base.has_nonce = true;
    memcpy(key->octets, params->encr_key.data, CHACHA_KEY);
    memcpy(key->base.salt, params->encr_key.data + CHACHA_KEY, SALT_OCTETS);
    *out = &key->base;
    return IPSEC_OK;
}
