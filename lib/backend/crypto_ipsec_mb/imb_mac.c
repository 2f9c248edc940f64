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
     offsetof(IMB_MGR, sha1_one_block), offsetof(IMB_MGR, sha1), init_hmac, NULL},
    {IPSEC_INTEG_HMAC_SHA2_256_128, 16, 32, 64, false, IMB_AUTH_HMAC_SHA_256,
     offsetof(IMB_MGR, sha256_one_block), offsetof(IMB_MGR, sha256), init_hmac, NULL},
    {IPSEC_INTEG_HMAC_SHA2_384_192, 24, 48, 128, false, IMB_AUTH_HMAC_SHA_384,
     offsetof(IMB_MGR, sha384_one_block), offsetof(IMB_MGR, sha384), init_hmac, NULL},
    {IPSEC_INTEG_HMAC_SHA2_512_256, 32, 64, 128, false, IMB_AUTH_HMAC_SHA_512,
     offsetof(IMB_MGR, sha512_one_block), offsetof(IMB_MGR, sha512), init_hmac, NULL},
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

void ipseci_imb_join(uint8_t *to, const struct ipsec_crypto_op *op)
{
    if (op->aad_length != 0) {
        memcpy(to, op->aad, op->aad_length);
    }
    to += op->aad_length;
    if (op->data_length != 0) {
        memcpy(to, op->data, op->data_length);
    }
    memcpy(to + op->data_length, op->scratch, op->tail_length);
}
