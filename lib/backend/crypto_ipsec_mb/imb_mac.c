/* SPDX-License-Identifier: Apache-2.0
 *
 * HMAC: keys of a MAC alone, and the MAC's part of others. RFC 2104, RFC 2404, RFC 4868.
 */
#include "imb.h"

#include <stddef.h>
#include <string.h>

#define BLOCK_MAX 128u

static const struct ipseci_imb_hash hashes[] = {
    {IPSEC_INTEG_HMAC_SHA1_96, 12, 20, 64, IMB_AUTH_HMAC_SHA_1, offsetof(IMB_MGR, sha1_one_block),
     offsetof(IMB_MGR, sha1)},
    {IPSEC_INTEG_HMAC_SHA2_256_128, 16, 32, 64, IMB_AUTH_HMAC_SHA_256,
     offsetof(IMB_MGR, sha256_one_block), offsetof(IMB_MGR, sha256)},
    {IPSEC_INTEG_HMAC_SHA2_384_192, 24, 48, 128, IMB_AUTH_HMAC_SHA_384,
     offsetof(IMB_MGR, sha384_one_block), offsetof(IMB_MGR, sha384)},
    {IPSEC_INTEG_HMAC_SHA2_512_256, 32, 64, 128, IMB_AUTH_HMAC_SHA_512,
     offsetof(IMB_MGR, sha512_one_block), offsetof(IMB_MGR, sha512)},
};

const struct ipseci_imb_hash *ipseci_imb_hash_find(uint16_t integ_id)
{
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (hashes[i].integ_id == integ_id) {
            return &hashes[i];
        }
    }
    return NULL;
}

/* ---- the key ------------------------------------------------------------------------------------
 */

static hash_one_block_t one_block_of(const IMB_MGR *manager, const struct ipseci_imb_hash *hash)
{
    hash_one_block_t function;
    memcpy(&function, (const uint8_t *)manager + hash->one_block, sizeof(function));
    return function;
}

static hash_fn_t whole_of(const IMB_MGR *manager, const struct ipseci_imb_hash *hash)
{
    hash_fn_t function;
    memcpy(&function, (const uint8_t *)manager + hash->whole, sizeof(function));
    return function;
}

/* A key is never longer than a block, so is never hashed itself. */
static void pad(uint8_t block[BLOCK_MAX], const struct ipseci_imb_hash *hash, const uint8_t *key,
                uint8_t with)
{
    memset(block, with, BLOCK_MAX);
    for (size_t i = 0; i < hash->key_octets; i++) {
        block[i] ^= key[i];
    }
}

void ipseci_imb_mac_init(IMB_MGR *manager, struct ipseci_imb_mac *mac,
                         const struct ipseci_imb_hash *hash, const uint8_t *key)
{
    const hash_one_block_t one_block = one_block_of(manager, hash);
    const hash_fn_t whole = whole_of(manager, hash);
    uint8_t block[BLOCK_MAX + IPSECI_IMB_DIGEST_MAX];

    mac->hash = hash;
    pad(block, hash, key, 0x36);
    one_block(block, mac->inner);
    uint8_t digest[IPSECI_IMB_DIGEST_MAX];
    whole(block, hash->block_octets, digest);
    pad(block, hash, key, 0x5c);
    one_block(block, mac->outer);
    memcpy(block + hash->block_octets, digest, hash->key_octets); /* as long as the digest */
    whole(block, (uint64_t)hash->block_octets + hash->key_octets, mac->of_nothing);
    ipseci_imb_wipe(block, sizeof(block));
    ipseci_imb_wipe(digest, sizeof(digest));
}

/* ---- what is covered ----------------------------------------------------------------------------
 */

static struct ipseci_imb_span join(struct ipsec_mb *provider, const struct ipsec_crypto_op *op,
                                   size_t octets)
{
    uint8_t *at = provider->joined;
    if (op->aad_length != 0) {
        memcpy(at, op->aad, op->aad_length);
    }
    at += op->aad_length;
    if (op->data_length != 0) {
        memcpy(at, op->data, op->data_length);
    }
    at += op->data_length;
    memcpy(at, op->scratch, op->tail_length);
    return (struct ipseci_imb_span){.start = provider->joined, .octets = octets, .is_joined = true};
}

bool ipseci_imb_is_in_one_piece(const struct ipsec_crypto_op *op)
{
    const uint8_t *end = op->aad_length != 0 ? op->aad + op->aad_length : op->data;
    if (op->data_length != 0) {
        if (end != op->data) {
            return false;
        }
        end = op->data + op->data_length;
    }
    return op->tail_length == 0 || end == op->tag;
}

struct ipseci_imb_span ipseci_imb_span_of(struct ipsec_mb *provider, struct ipseci_imb_slot *slot)
{
    const struct ipsec_crypto_op *op = slot->op;
    const uint8_t tail = op->tail_length;
    const size_t octets = (size_t)op->aad_length + op->data_length + tail;
    if (octets > IPSECI_IMB_JOB_BYTES_MAX || tail > IPSECI_IMB_TAIL_MAX) {
        return (struct ipseci_imb_span){.is_too_long = true};
    }
    if (!ipseci_imb_is_in_one_piece(op)) {
        return join(provider, op, octets);
    }
    /* No tag is shorter than a tail. */
    memcpy(slot->saved, op->tag, tail);
    memcpy(op->tag, op->scratch, tail);
    slot->tail = tail;
    return (struct ipseci_imb_span){.start = op->aad_length != 0 ? op->aad : op->data,
                                    .octets = octets};
}

/* A tag that was made stands there by now; one that came is to be as it was. */
void ipseci_imb_span_end(struct ipseci_imb_slot *slot)
{
    if (slot->tail != 0 && slot->op->key->direction == IPSEC_OPEN) {
        memcpy(slot->op->tag, slot->saved, slot->tail);
    }
    slot->tail = 0;
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */

void ipseci_imb_mac_job(IMB_JOB *job, const struct ipseci_imb_mac *mac,
                        const struct ipseci_imb_span *span, uint8_t *out)
{
    job->hash_alg = mac->hash->algorithm;
    job->src = span->start;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_hash_in_bytes = span->octets;
    job->auth_tag_output = out;
    job->auth_tag_output_len_in_bytes = mac->hash->tag_octets;
    job->u.HMAC._hashed_auth_key_xor_ipad = mac->inner;
    job->u.HMAC._hashed_auth_key_xor_opad = mac->outer;
}

bool ipseci_imb_mac_submit(struct ipsec_mb *provider, struct ipseci_imb_slot *slot,
                           const struct ipseci_imb_mac *mac, uint8_t *out)
{
    const struct ipseci_imb_span span = ipseci_imb_span_of(provider, slot);
    if (span.is_too_long) {
        return false;
    }
    if (span.octets == 0) {
        memcpy(out, mac->of_nothing, mac->hash->tag_octets);
        return true;
    }
    IMB_JOB *job = ipseci_imb_job(provider, slot);
    ipseci_imb_mac_job(job, mac, &span, out);
    ipseci_imb_submit(provider);
    if (span.is_joined) {
        ipseci_imb_flush(provider);
    }
    return true;
}

/* ---- a MAC alone --------------------------------------------------------------------------------
 */

struct mac_key {
    struct ipsec_key base;
    struct ipseci_imb_mac mac;
};

static void begin(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    (void)nonce;
    const struct mac_key *key = (const struct mac_key *)(const void *)op->key;
    struct ipseci_imb_slot *slot = ipseci_imb_slot_take(provider, op);
    uint8_t *out = key->base.direction == IPSEC_SEAL ? op->tag : slot->digest;
    if (!ipseci_imb_mac_submit(provider, slot, &key->mac, out)) {
        slot->jobs++; /* of which nothing comes */
    }
}

static enum ipsec_status finish(struct ipsec_mb *provider, struct ipseci_imb_slot *slot)
{
    (void)provider;
    const struct ipsec_key *key = slot->op->key;
    if (key->direction == IPSEC_SEAL) {
        return IPSEC_OK;
    }
    return ipseci_imb_equal(slot->digest, slot->op->tag, key->tag_octets) ? IPSEC_OK
                                                                          : IPSEC_DROP_ICV;
}

enum ipsec_status ipseci_imb_mac_new(struct ipsec_mb *provider,
                                     const struct ipsec_key_params *params, struct ipsec_key **out)
{
    const struct ipseci_imb_hash *hash = ipseci_imb_hash_find(params->integ_id);
    struct mac_key *key = ipseci_imb_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.begin = begin;
    key->base.finish = finish;
    key->base.tag_octets = hash->tag_octets;
    ipseci_imb_mac_init(provider->manager, &key->mac, hash, params->integ_key.data);
    *out = &key->base;
    return IPSEC_OK;
}
