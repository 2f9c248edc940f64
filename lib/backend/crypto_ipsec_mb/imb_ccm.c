/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-CCM keys with tags of 16, 12 or 8 octets (RFC 4309, RFC 5282, RFC 3610). The library has jobs
 * for keys of 128 and 256 bits and a short aad; the rest is put together from its CBC and CTR.
 *
 * EXCEPTION: opening deciphers before it authenticates, as CCM is made to (its MAC is over the
 * plaintext); on a wrong tag what was written is cleared.
 */
#include "imb.h"

#include <string.h>

#define BLOCK        16u
#define SALT_OCTETS  3u
#define NONCE_OCTETS 11u
#define AAD_JOB_MAX  46u     /* what the library's job takes */
#define AAD_MAX      0xfeffu /* whose length is told in two octets */

struct ccm_key {
    struct ipsec_key base;
    uint8_t key_octets;
    _Alignas(16) uint32_t enc[IPSECI_IMB_ROUND_WORDS];
    _Alignas(16) uint32_t dec[IPSECI_IMB_ROUND_WORDS];
};

static const struct ccm_key *key_of(const struct ipsec_crypto_op *op)
{
    return (const struct ccm_key *)(const void *)op->key;
}

/* ---- the library's job --------------------------------------------------------------------------
 */

static void submit_ccm(struct ipsec_mb *provider, struct ipseci_imb_slot *slot)
{
    const struct ipsec_crypto_op *op = slot->op;
    const struct ccm_key *key = key_of(op);
    const bool is_seal = key->base.direction == IPSEC_SEAL;
    IMB_JOB *job = ipseci_imb_job(provider, slot);
    job->cipher_mode = IMB_CIPHER_CCM;
    job->hash_alg = IMB_AUTH_AES_CCM;
    job->cipher_direction = is_seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
    job->chain_order = is_seal ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
    job->enc_keys = key->enc;
    job->dec_keys = key->enc;
    job->key_len_in_bytes = key->key_octets;
    job->src = op->data;
    job->dst = op->data;
    job->cipher_start_src_offset_in_bytes = 0;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = op->data_length;
    job->msg_len_to_hash_in_bytes = op->data_length;
    job->iv = slot->nonce;
    job->iv_len_in_bytes = NONCE_OCTETS;
    job->u.CCM.aad = op->aad;
    job->u.CCM.aad_len_in_bytes = op->aad_length;
    job->auth_tag_output = is_seal ? op->tag : slot->digest;
    job->auth_tag_output_len_in_bytes = key->base.tag_octets;
    ipseci_imb_submit(provider);
}

/* ---- put together -------------------------------------------------------------------------------
 */

/* In place, and done on return. */
static void encipher(struct ipsec_mb *provider, struct ipseci_imb_slot *slot, IMB_CIPHER_MODE mode,
                     const uint8_t iv[BLOCK], uint8_t *data, size_t octets)
{
    const struct ccm_key *key = key_of(slot->op);
    if (octets == 0) {
        return;
    }
    IMB_JOB *job = ipseci_imb_job(provider, slot);
    job->cipher_mode = mode;
    job->enc_keys = key->enc;
    job->dec_keys = key->dec;
    job->key_len_in_bytes = key->key_octets;
    job->src = data;
    job->dst = data;
    job->cipher_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = octets;
    job->iv = iv;
    job->iv_len_in_bytes = BLOCK;
    ipseci_imb_submit(provider);
    ipseci_imb_flush(provider);
}

/* Appends, with zeros to the end of a block. */
static size_t add(uint8_t *to, size_t at, const uint8_t *data, size_t octets)
{
    if (octets != 0) {
        memcpy(to + at, data, octets);
    }
    const size_t end = at + octets;
    const size_t whole = (end + BLOCK - 1) / BLOCK * BLOCK;
    memset(to + end, 0, whole - end);
    return whole;
}

/* RFC 3610 2.2: the blocks that are authenticated; how many octets. */
static size_t write_blocks(uint8_t *to, const struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    const unsigned tag = op->key->tag_octets;
    size_t at = BLOCK;
    to[0] = (uint8_t)((op->aad_length != 0 ? 0x40u : 0u) | (tag - 2u) / 2u << 3 | 3u);
    memcpy(to + 1, nonce, NONCE_OCTETS);
    for (unsigned i = 0; i < 4; i++) {
        to[BLOCK - 1 - i] = (uint8_t)(op->data_length >> 8 * i);
    }
    if (op->aad_length != 0) {
        to[at] = (uint8_t)(op->aad_length >> 8);
        to[at + 1] = (uint8_t)op->aad_length;
        at = add(to, at + 2, op->aad, op->aad_length);
    }
    return add(to, at, op->data, op->data_length);
}

static void work_out(struct ipsec_mb *provider, struct ipseci_imb_slot *slot)
{
    static const uint8_t zero[BLOCK] = {0};
    const struct ipsec_crypto_op *op = slot->op;
    const bool is_seal = op->key->direction == IPSEC_SEAL;
    uint8_t counter[BLOCK] = {3}; /* RFC 3610 2.3: the first is for the tag */
    memcpy(counter + 1, slot->nonce, NONCE_OCTETS);
    counter[BLOCK - 1] = 1;
    if (!is_seal) {
        encipher(provider, slot, IMB_CIPHER_CNTR, counter, op->data, op->data_length);
    }
    const size_t octets = write_blocks(provider->joined, op, slot->nonce);
    uint8_t *last = provider->joined + octets - BLOCK;
    encipher(provider, slot, IMB_CIPHER_CBC, zero, provider->joined, octets);
    if (is_seal) {
        encipher(provider, slot, IMB_CIPHER_CNTR, counter, op->data, op->data_length);
    }
    counter[BLOCK - 1] = 0;
    encipher(provider, slot, IMB_CIPHER_CNTR, counter, last, BLOCK);
    memcpy(is_seal ? op->tag : slot->digest, last, op->key->tag_octets);
    ipseci_imb_wipe(provider->joined, octets);
}

/* ---- keys ---------------------------------------------------------------------------------------
 */

static void begin(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    const size_t frame = 3 * (size_t)BLOCK + 2;
    if (op->aad_length > AAD_MAX ||
        frame + op->aad_length + op->data_length > IPSECI_IMB_JOB_BYTES_MAX) {
        op->status = IPSEC_FATAL_CRYPTO;
        return;
    }
    struct ipseci_imb_slot *slot = ipseci_imb_slot_take(provider, op);
    slot->nonce = nonce;
    if (op->aad_length <= AAD_JOB_MAX && key_of(op)->key_octets != IMB_KEY_192_BYTES) {
        submit_ccm(provider, slot);
    } else {
        work_out(provider, slot);
    }
}

static enum ipsec_status finish(const struct ipseci_imb_slot *slot)
{
    return slot->op->key->direction == IPSEC_SEAL ? IPSEC_OK
                                                  : ipseci_imb_compare(slot->op, slot->digest);
}

static uint8_t tag_octets_of(uint16_t encr_id)
{
    if (encr_id == IPSEC_ENCR_AES_CCM_8) {
        return 8;
    }
    return encr_id == IPSEC_ENCR_AES_CCM_12 ? 12 : 16;
}

enum ipsec_status ipseci_imb_ccm_new(struct ipsec_mb *provider,
                                     const struct ipsec_key_params *params, struct ipsec_key **out)
{
    struct ccm_key *key = ipseci_imb_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.begin = begin;
    key->base.finish = finish;
    key->base.tag_octets = tag_octets_of(params->encr_id);
    key->base.has_nonce = true;
    key->base.salt_lacks = sizeof(key->base.salt) - SALT_OCTETS;
    key->key_octets = (uint8_t)(params->encr_key_bits / 8u);
    memcpy(key->base.salt, params->encr_key.data + key->key_octets, SALT_OCTETS); /* RFC 4309 7.1 */
    ipseci_imb_expand(provider->manager, key->key_octets, params->encr_key.data, key->enc,
                      key->dec);
    *out = &key->base;
    return IPSEC_OK;
}
