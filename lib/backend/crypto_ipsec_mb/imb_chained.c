/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-CBC keys, alone or with an HMAC as one (RFC 3602, RFC 4303 3.3.2: encrypt, then MAC).
 */
#include "imb.h"

#include <string.h>

#define BLOCK       16u
#define ROUND_WORDS 60 /* of AES-256 */

struct cbc_key {
    struct ipsec_key base;
    uint8_t key_octets;
    _Alignas(16) uint32_t enc[ROUND_WORDS];
    _Alignas(16) uint32_t dec[ROUND_WORDS];
    struct ipseci_imb_mac mac;
};

static bool can_cipher(const struct ipsec_crypto_op *op)
{
    return op->data_length % BLOCK == 0 && op->data_length <= IPSECI_IMB_JOB_BYTES_MAX;
}

/* Of a slot from which nothing good will come. */
static void give_up(struct ipseci_imb_slot *slot)
{
    slot->jobs++;
}

/* The cipher's part of a job; src is where the octets stand less the offset. */
static void cipher_part(IMB_JOB *job, const struct cbc_key *key, const struct ipsec_crypto_op *op)
{
    job->cipher_mode = IMB_CIPHER_CBC;
    job->enc_keys = key->enc;
    job->dec_keys = key->dec;
    job->key_len_in_bytes = key->key_octets;
    job->dst = op->data;
    job->msg_len_to_cipher_in_bytes = op->data_length;
    job->iv = op->iv;
    job->iv_len_in_bytes = BLOCK;
}

static void submit_cipher(struct ipsec_mb *provider, struct ipseci_imb_slot *slot)
{
    const struct ipsec_crypto_op *op = slot->op;
    const struct cbc_key *key = (const struct cbc_key *)(const void *)op->key;
    const bool is_seal = key->base.direction == IPSEC_SEAL;
    if (op->data_length == 0) {
        return;
    }
    IMB_JOB *job = ipseci_imb_job(provider, slot);
    cipher_part(job, key, op);
    job->src = op->data;
    job->cipher_start_src_offset_in_bytes = 0;
    job->cipher_direction = is_seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
    job->chain_order = is_seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    ipseci_imb_submit(provider);
}

/* ---- the cipher alone ---------------------------------------------------------------------------
 */

static void begin_cipher(struct ipsec_mb *provider, struct ipsec_crypto_op *op,
                         const uint8_t *nonce)
{
    (void)nonce;
    if (!can_cipher(op)) {
        op->status = IPSEC_FATAL_CRYPTO;
        return;
    }
    submit_cipher(provider, ipseci_imb_slot_take(provider, op));
}

static enum ipsec_status finish_good(struct ipsec_mb *provider, struct ipseci_imb_slot *slot)
{
    (void)provider;
    (void)slot;
    return IPSEC_OK;
}

/* ---- with a MAC: seal ---------------------------------------------------------------------------
 */

/* One job for both: the MAC of a packet begins when its cipher is done. */
static void submit_chained(struct ipsec_mb *provider, struct ipseci_imb_slot *slot,
                           const struct ipseci_imb_span *span)
{
    const struct ipsec_crypto_op *op = slot->op;
    const struct cbc_key *key = (const struct cbc_key *)(const void *)op->key;
    IMB_JOB *job = ipseci_imb_job(provider, slot);
    cipher_part(job, key, op);
    ipseci_imb_mac_job(job, &key->mac, span, op->tag);
    job->cipher_start_src_offset_in_bytes = op->aad_length;
    ipseci_imb_submit(provider);
}

static void begin_seal(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    (void)nonce;
    const struct cbc_key *key = (const struct cbc_key *)(const void *)op->key;
    if (!can_cipher(op)) {
        op->status = IPSEC_FATAL_CRYPTO;
        return;
    }
    struct ipseci_imb_slot *slot = ipseci_imb_slot_take(provider, op);
    if (op->data_length != 0 && ipseci_imb_is_in_one_piece(op)) {
        const struct ipseci_imb_span span = ipseci_imb_span_of(provider, slot);
        if (span.is_too_long) {
            give_up(slot);
            return;
        }
        submit_chained(provider, slot, &span);
        return;
    }
    /* The copy that is authenticated is made of what was enciphered. */
    submit_cipher(provider, slot);
    ipseci_imb_flush(provider);
    if (!ipseci_imb_mac_submit(provider, slot, &key->mac, op->tag)) {
        give_up(slot);
    }
}

/* ---- with a MAC: open ---------------------------------------------------------------------------
 */

static void begin_open(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    (void)nonce;
    const struct cbc_key *key = (const struct cbc_key *)(const void *)op->key;
    if (!can_cipher(op)) {
        op->status = IPSEC_FATAL_CRYPTO;
        return;
    }
    struct ipseci_imb_slot *slot = ipseci_imb_slot_take(provider, op);
    if (!ipseci_imb_mac_submit(provider, slot, &key->mac, slot->digest)) {
        give_up(slot);
    }
}

/* RFC 4303 3.4.4: the ICV is checked first; nothing is deciphered when it is wrong. So the
 * library's way of doing both in one job is not for us. */
static enum ipsec_status finish_open(struct ipsec_mb *provider, struct ipseci_imb_slot *slot)
{
    const struct ipsec_crypto_op *op = slot->op;
    if (!ipseci_imb_equal(slot->digest, op->tag, op->key->tag_octets)) {
        return IPSEC_DROP_ICV;
    }
    submit_cipher(provider, slot);
    return IPSEC_OK;
}

/* ---- keys ---------------------------------------------------------------------------------------
 */

static void expand(const IMB_MGR *manager, struct cbc_key *key, const uint8_t *octets)
{
    switch (key->key_octets) {
    case 16:
        IMB_AES_KEYEXP_128(manager, octets, key->enc, key->dec);
        break;
    case 24:
        IMB_AES_KEYEXP_192(manager, octets, key->enc, key->dec);
        break;
    default: /* 32 */
        IMB_AES_KEYEXP_256(manager, octets, key->enc, key->dec);
        break;
    }
}

enum ipsec_status ipseci_imb_cbc_new(struct ipsec_mb *provider,
                                     const struct ipsec_key_params *params, struct ipsec_key **out)
{
    const struct ipseci_imb_hash *hash = ipseci_imb_hash_find(params->integ_id);
    const bool is_seal = params->direction == IPSEC_SEAL;
    struct cbc_key *key = ipseci_imb_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.begin = begin_cipher;
    key->base.finish = finish_good;
    key->key_octets = (uint8_t)params->encr_key.length;
    expand(provider->manager, key, params->encr_key.data);
    if (hash != NULL) {
        key->base.begin = is_seal ? begin_seal : begin_open;
        key->base.finish = is_seal ? finish_good : finish_open;
        key->base.tag_octets = hash->tag_octets;
        ipseci_imb_mac_init(provider->manager, &key->mac, hash, params->integ_key.data);
    }
    *out = &key->base;
    return IPSEC_OK;
}
