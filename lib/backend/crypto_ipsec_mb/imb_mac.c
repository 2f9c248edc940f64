/* SPDX-License-Identifier: Apache-2.0
 *
 * MACs with their keys: HMAC (RFC 2104, RFC 2404, RFC 4868), AES-XCBC-96 (RFC 3566), AES-CMAC-96
 * (RFC 4493, RFC 4494); and the octets that one covers.
 */
#include "imb.h"

#include <stddef.h>
#include <string.h>

#define BLOCK_MAX 128u
#define AES_BLOCK 16u

static void init_hmac(IMB_MGR *manager, struct ipseci_imb_mac *mac, const uint8_t *key);
static void init_xcbc(IMB_MGR *manager, struct ipseci_imb_mac *mac, const uint8_t *key);
static void init_cmac(IMB_MGR *manager, struct ipseci_imb_mac *mac, const uint8_t *key);

static void fill_hmac(IMB_JOB *job, const struct ipseci_imb_mac *mac)
{
    job->u.HMAC._hashed_auth_key_xor_ipad = mac->of.hmac.inner;
    job->u.HMAC._hashed_auth_key_xor_opad = mac->of.hmac.outer;
}

static void fill_xcbc(IMB_JOB *job, const struct ipseci_imb_mac *mac)
{
    job->u.XCBC._k1_expanded = mac->of.aes.rounds;
    job->u.XCBC._k2 = mac->of.aes.whole;
    job->u.XCBC._k3 = mac->of.aes.part;
}

static void fill_cmac(IMB_JOB *job, const struct ipseci_imb_mac *mac)
{
    job->u.CMAC._key_expanded = mac->of.aes.rounds;
    job->u.CMAC._skey1 = mac->of.aes.whole;
    job->u.CMAC._skey2 = mac->of.aes.part;
}

static const struct ipseci_imb_hash hashes[] = {
    {IPSEC_INTEG_HMAC_SHA1_96, 12, 20, 64, false, IMB_AUTH_HMAC_SHA_1,
     offsetof(IMB_MGR, sha1_one_block), offsetof(IMB_MGR, sha1), init_hmac, fill_hmac},
    {IPSEC_INTEG_HMAC_SHA2_256_128, 16, 32, 64, false, IMB_AUTH_HMAC_SHA_256,
     offsetof(IMB_MGR, sha256_one_block), offsetof(IMB_MGR, sha256), init_hmac, fill_hmac},
    {IPSEC_INTEG_HMAC_SHA2_384_192, 24, 48, 128, false, IMB_AUTH_HMAC_SHA_384,
     offsetof(IMB_MGR, sha384_one_block), offsetof(IMB_MGR, sha384), init_hmac, fill_hmac},
    {IPSEC_INTEG_HMAC_SHA2_512_256, 32, 64, 128, false, IMB_AUTH_HMAC_SHA_512,
     offsetof(IMB_MGR, sha512_one_block), offsetof(IMB_MGR, sha512), init_hmac, fill_hmac},
    {IPSEC_INTEG_AES_XCBC_96, 12, 16, 0, true, IMB_AUTH_AES_XCBC, 0, 0, init_xcbc, fill_xcbc},
    {IPSEC_INTEG_AES_CMAC_96, 12, 16, 0, true, IMB_AUTH_AES_CMAC, 0, 0, init_cmac, fill_cmac},
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

const struct ipseci_imb_hash *ipseci_imb_hash_at(size_t index)
{
    return &hashes[index];
}

uint8_t ipseci_imb_hash_index(const struct ipseci_imb_hash *hash)
{
    return (uint8_t)(hash - hashes);
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

static void init_hmac(IMB_MGR *manager, struct ipseci_imb_mac *mac, const uint8_t *key)
{
    const struct ipseci_imb_hash *hash = mac->hash;
    const hash_one_block_t one_block = one_block_of(manager, hash);
    const hash_fn_t whole = whole_of(manager, hash);
    uint8_t block[BLOCK_MAX + IPSECI_IMB_DIGEST_MAX];

    pad(block, hash, key, 0x36);
    one_block(block, mac->of.hmac.inner);
    uint8_t digest[IPSECI_IMB_DIGEST_MAX];
    whole(block, hash->block_octets, digest);
    pad(block, hash, key, 0x5c);
    one_block(block, mac->of.hmac.outer);
    memcpy(block + hash->block_octets, digest, hash->key_octets); /* as long as the digest */
    whole(block, (uint64_t)hash->block_octets + hash->key_octets, mac->of_nothing);
    ipseci_imb_wipe(block, sizeof(block));
    ipseci_imb_wipe(digest, sizeof(digest));
}

/* The one block of a message of no octets: what pads it, under the mask of one that is not full. */
static void answer_nothing(const IMB_MGR *manager, struct ipseci_imb_mac *mac)
{
    static const uint8_t zero[AES_BLOCK] = {0};
    uint8_t block[AES_BLOCK];
    memcpy(block, mac->of.aes.part, sizeof(block));
    block[0] ^= 0x80;
    /* Of one block, CFB is the cipher of what it is given as IV. */
    IMB_AES128_CFB_ONE(manager, mac->of_nothing, zero, block, mac->of.aes.rounds, AES_BLOCK);
    ipseci_imb_wipe(block, sizeof(block));
}

static void init_xcbc(IMB_MGR *manager, struct ipseci_imb_mac *mac, const uint8_t *key)
{
    IMB_AES_XCBC_KEYEXP(manager, key, mac->of.aes.rounds, mac->of.aes.whole, mac->of.aes.part);
    answer_nothing(manager, mac);
}

static void init_cmac(IMB_MGR *manager, struct ipseci_imb_mac *mac, const uint8_t *key)
{
    _Alignas(16) uint32_t dec[IPSECI_IMB_ROUND_WORDS];
    ipseci_imb_expand(manager, AES_BLOCK, key, mac->of.aes.rounds, dec);
    IMB_AES_CMAC_SUBKEY_GEN_128(manager, mac->of.aes.rounds, mac->of.aes.whole, mac->of.aes.part);
    answer_nothing(manager, mac);
    ipseci_imb_wipe(dec, sizeof(dec));
}

void ipseci_imb_mac_init(IMB_MGR *manager, struct ipseci_imb_mac *mac,
                         const struct ipseci_imb_hash *hash, const uint8_t *key)
{
    mac->hash = hash;
    hash->init(manager, mac, key);
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
