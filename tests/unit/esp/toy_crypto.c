/* SPDX-License-Identifier: Apache-2.0
 *
 * See toy_crypto.h.
 */
#include "toy_crypto.h"
#include "hash.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_ENOUGH 1000000u

struct ipsec_key {
    uint64_t cipher[2];
    uint64_t mac[2];
    bool ciphers;
    bool macs;
    bool opens;
    uint8_t iv_length;
    uint8_t tag_length;
    bool is_aead;
};

static bool toy_supports(void *context, enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    const struct toy *t = context;
    (void)bits;
    if (type == IPSEC_TRANSFORM_ENCR) {
        return id != t->absent_encr && ipseci_encr_find(id) != NULL;
    }
    return type == IPSEC_TRANSFORM_INTEG && ipseci_integ_find(id) != NULL;
}

static enum ipsec_status toy_random(void *context, uint8_t *out, size_t length)
{
    struct toy *t = context;
    t->random_calls++;
    if (t->random_fails) {
        return IPSEC_ERR_RANDOM;
    }
    for (size_t i = 0; i < length; i++) {
        t->seed++;
        const uint64_t secret[2] = {t->seed, 7};
        out[i] = t->random_counts ? (uint8_t)i : (uint8_t)ipseci_siphash(secret, "r", 1);
    }
    return IPSEC_OK;
}

static void derive(uint64_t out[2], struct ipsec_view octets, uint64_t label)
{
    const uint64_t one[2] = {label, 1};
    const uint64_t two[2] = {label, 2};
    out[0] = ipseci_siphash(one, octets.data, octets.length);
    out[1] = ipseci_siphash(two, octets.data, octets.length);
}

static enum ipsec_status toy_key_new(void *context, const struct ipsec_key_params *params,
                                     struct ipsec_key **key)
{
    struct toy *t = context;
    if (t->keys_left == 0) {
        return IPSEC_ERR_MEMORY;
    }
    struct ipsec_key *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    const struct ipseci_encr *encr = ipseci_encr_find(params->encr_id);
    const struct ipseci_integ *integ = ipseci_integ_find(params->integ_id);
    k->is_aead = encr != NULL && encr->aead;
    k->ciphers = encr != NULL;
    k->macs = k->is_aead || integ != NULL;
    k->opens = params->direction == IPSEC_OPEN;
    k->iv_length = encr != NULL ? encr->iv_octets : 0;
    k->tag_length = integ != NULL ? integ->tag_octets : k->is_aead ? encr->tag_octets : 0;
    derive(k->cipher, params->encr_key, 11);
    derive(k->mac, k->is_aead ? params->encr_key : params->integ_key, 22);
    t->keys_left--;
    t->keys_alive++;
    *key = k;
    return IPSEC_OK;
}

static void toy_key_free(void *context, struct ipsec_key *key)
{
    struct toy *t = context;
    if (key != NULL) {
        t->keys_alive--;
        free(key);
    }
}

static bool toy_combines(void *context, uint16_t encr_id, uint16_t bits, uint16_t integ_id)
{
    (void)encr_id;
    (void)bits;
    (void)integ_id;
    return ((const struct toy *)context)->combines_suites;
}

static void cipher(const struct ipsec_key *k, const struct ipsec_crypto_op *op)
{
    for (uint32_t i = 0; i < op->data_length; i += 8) {
        const uint64_t secret[2] = {k->cipher[0] + i, k->cipher[1]};
        const uint64_t stream = ipseci_siphash(secret, op->iv, k->iv_length);
        for (uint32_t j = 0; j < 8 && i + j < op->data_length; j++) {
            op->data[i + j] ^= (uint8_t)(stream >> (8 * j));
        }
    }
}

static void mac(const struct ipsec_key *k, const struct ipsec_crypto_op *op, uint8_t *tag)
{
    uint64_t s[2] = {k->mac[0] ^ op->aad_length, k->mac[1] ^ op->data_length};
    if (k->is_aead) {
        s[1] ^= ipseci_siphash(s, op->iv, k->iv_length);
    }
    s[0] = ipseci_siphash(s, op->aad, op->aad_length);
    s[1] ^= ipseci_siphash(s, op->data, op->data_length);
    s[0] = ipseci_siphash(s, op->scratch, op->tail_length);
    for (uint8_t i = 0; i < k->tag_length; i++) {
        tag[i] = (uint8_t)ipseci_siphash(s, &i, 1);
    }
}

static void force_iv(const struct toy *t, const struct ipsec_crypto_op *op)
{
    if (t->forced_iv != NULL) {
        /* The IV lies in the packet in front of the data. */
        memcpy(op->data - t->forced_iv_length, t->forced_iv, t->forced_iv_length);
    }
}

static int16_t run_one(struct toy *t, const struct ipsec_crypto_op *op)
{
    const struct ipsec_key *k = op->key;
    uint8_t tag[IPSEC_TAG_BYTES_MAX];
    if (++t->ops == t->fails_at) {
        return IPSEC_FATAL_CRYPTO;
    }
    if (!k->opens) {
        if (k->ciphers) {
            force_iv(t, op);
            cipher(k, op);
        }
        if (k->macs) {
            mac(k, op, op->tag);
        }
        return IPSEC_OK;
    }
    if (k->macs) {
        mac(k, op, tag);
        if (!t->tags_pass && !ipseci_equal_secret(tag, op->tag, k->tag_length)) {
            return IPSEC_DROP_ICV;
        }
    }
    if (k->ciphers && !t->tags_pass) {
        cipher(k, op);
        t->decrypted++;
    }
    return IPSEC_OK;
}

static void toy_run(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    struct toy *t = context;
    t->batches++;
    for (size_t i = 0; i < n; i++) {
        ops[i]->status = run_one(t, ops[i]);
    }
}

void toy_init(struct toy *t)
{
    memset(t, 0, sizeof(*t));
    t->table.size = sizeof(t->table);
    t->table.name = "toy";
    t->table.context = t;
    t->table.supports = toy_supports;
    t->table.random = toy_random;
    t->table.key_new = toy_key_new;
    t->table.key_free = toy_key_free;
    t->table.combines = toy_combines;
    t->table.run = toy_run;
    t->items[0] = &t->table;
    t->list.item = t->items;
    t->list.count = 1;
    t->keys_left = KEYS_ENOUGH;
}
