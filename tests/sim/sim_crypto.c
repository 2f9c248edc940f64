/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim_crypto.h.
 */
#include "sim_crypto.h"
#include "bytes.h"
#include "suite.h"

#include <string.h>

#define ENOUGH      1000000u
#define PRFS_ENOUGH 4294967295u /* without end */
#define DH_PRIME    2147483647u /* 2^31 - 1 */
#define DH_BASE     7u

uint64_t sim_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- hashing -----------------------------------------------------------------------------------
 */

/* The result depends on the octets only, not on how they are split into calls. */
static uint64_t absorb(uint64_t h, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        h = (h ^ data[i]) * 0x100000001b3u;
        h ^= h >> 29;
    }
    return h;
}

static uint64_t start(uint64_t label)
{
    return 0xcbf29ce484222325u ^ (label * 0x9e3779b97f4a7c15u);
}

static void squeeze(uint64_t h, uint8_t *out, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        out[i] = (uint8_t)(sim_random(&h) >> 17);
    }
}

static enum ipsec_status sim_prf(void *context, uint16_t prf_id, struct ipsec_view key,
                                 const struct ipsec_view parts[], size_t part_count, uint8_t *out)
{
    const struct ipseci_prf_info *info = ipseci_prf_find(prf_id);
    struct sim_crypto *c = context;
    uint64_t h = absorb(start(prf_id), key.data, key.length);

    if (info == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    if (c->prfs_left == 0) {
        return IPSEC_FATAL_CRYPTO;
    }
    c->prfs_left -= c->prfs_left < PRFS_ENOUGH ? 1 : 0;
    h = h * 31 + key.length;
    for (size_t i = 0; i < part_count; i++) {
        h = absorb(h, parts[i].data, parts[i].length);
    }
    squeeze(h, out, info->output_octets);
    return IPSEC_OK;
}

static enum ipsec_status sim_sha1(void *context, const struct ipsec_view parts[], size_t part_count,
                                  uint8_t out[20])
{
    uint64_t h = start(1);

    (void)context;
    for (size_t i = 0; i < part_count; i++) {
        h = absorb(h, parts[i].data, parts[i].length);
    }
    squeeze(h, out, 20);
    return IPSEC_OK;
}

/* ---- what there is -----------------------------------------------------------------------------
 */

static bool is_absent(const struct sim_crypto *c, uint8_t type, uint16_t id, uint16_t bits)
{
    for (uint32_t i = 0; i < c->absent_count; i++) {
        const struct ipsec_transform *a = &c->absent[i];
        if (a->type == type && a->id == id && (a->key_bits == 0 || a->key_bits == bits)) {
            return true;
        }
    }
    return false;
}

static bool sim_supports(void *context, enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    return !is_absent(context, (uint8_t)type, id, bits) && ipseci_suite_knows((uint8_t)type, id);
}

static enum ipsec_status random_octets(void *context, uint8_t *out, size_t length)
{
    struct sim_crypto *c = context;

    if (c->random_fails) {
        return IPSEC_ERR_RANDOM;
    }
    for (size_t i = 0; i < length; i++) {
        out[i] = (uint8_t)(sim_random(&c->state) >> 23);
    }
    return IPSEC_OK;
}

/* ---- keys --------------------------------------------------------------------------------------
 */

static enum ipsec_status key_new(void *context, const struct ipsec_key_params *params,
                                 struct ipsec_key **out)
{
    struct sim_crypto *c = context;
    const struct ipseci_encr *encr = ipseci_encr_find(params->encr_id);
    const struct ipseci_integ *integ = ipseci_integ_find(params->integ_id);
    struct ipsec_key *key = NULL;

    for (size_t i = 0; i < SIM_KEYS_MAX && key == NULL && c->keys_left > 0; i++) {
        key = c->keys[i].used ? NULL : &c->keys[i];
    }
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    memset(key, 0, sizeof(*key));
    key->used = true;
    key->is_aead = encr != NULL && encr->aead;
    key->ciphers = encr != NULL;
    key->macs = key->is_aead || integ != NULL;
    key->opens = params->direction == IPSEC_OPEN;
    key->iv_octets = encr != NULL ? encr->iv_octets : 0;
    key->tag_octets = integ != NULL ? integ->tag_octets : key->is_aead ? encr->tag_octets : 0;
    key->cipher = absorb(start(11), params->encr_key.data, params->encr_key.length);
    key->mac = key->is_aead ? key->cipher + 1
                            : absorb(start(22), params->integ_key.data, params->integ_key.length);
    c->keys_left--;
    c->keys_alive++;
    *out = key;
    return IPSEC_OK;
}

static void key_free(void *context, struct ipsec_key *key)
{
    struct sim_crypto *c = context;

    if (key != NULL) {
        c->keys_alive--;
        memset(key, 0, sizeof(*key));
    }
}

static void cipher(const struct ipsec_key *k, const struct ipsec_crypto_op *op)
{
    uint64_t state = absorb(k->cipher, op->iv, k->iv_octets);

    for (uint32_t i = 0; i < op->data_length; i++) {
        op->data[i] ^= (uint8_t)(sim_random(&state) >> 31);
    }
}

static void mac(const struct ipsec_key *k, const struct ipsec_crypto_op *op, uint8_t *tag)
{
    uint64_t h = k->mac;

    if (k->is_aead) {
        h = absorb(h, op->iv, k->iv_octets);
    }
    h = absorb(h, op->aad, op->aad_length);
    h = absorb(h, op->data, op->data_length);
    h = absorb(h, op->scratch, op->tail_length);
    squeeze(h, tag, k->tag_octets);
}

static int16_t run_one(const struct sim_crypto *c, const struct ipsec_crypto_op *op)
{
    const struct ipsec_key *k = op->key;
    uint8_t tag[IPSEC_TAG_BYTES_MAX];

    if (!k->opens) {
        if (k->ciphers && !c->tags_pass) {
            cipher(k, op);
        }
        if (k->macs) {
            mac(k, op, op->tag);
        }
        return IPSEC_OK;
    }
    if (k->macs) {
        mac(k, op, tag);
        if (!c->tags_pass && !ipseci_equal_secret(tag, op->tag, k->tag_octets)) {
            return IPSEC_DROP_ICV;
        }
    }
    if (k->ciphers && !c->tags_pass) {
        cipher(k, op);
    }
    return IPSEC_OK;
}

static void run(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ops[i]->status = run_one(context, ops[i]);
    }
}

/* ---- key exchange ------------------------------------------------------------------------------
 */

static uint64_t power(uint64_t base, uint64_t exponent)
{
    uint64_t result = 1;

    for (int bit = 0; bit < 31; bit++) {
        if ((exponent >> bit & 1) != 0) {
            result = result * base % DH_PRIME;
        }
        base = base * base % DH_PRIME;
    }
    return result;
}

/* In the last octets of a value of the group's length. */
static void put_public(const struct ipseci_ke_info *info, uint64_t value, uint8_t *out,
                       size_t *length)
{
    memset(out, 0, info->public_octets);
    ipseci_store64(out + info->public_octets - 8, value);
    *length = info->public_octets;
}

static bool get_public(const struct ipseci_ke_info *info, struct ipsec_view from, uint64_t *value)
{
    if (from.length != info->public_octets) {
        return false;
    }
    for (size_t i = 0; i + 8 < from.length; i++) {
        if (from.data[i] != 0) {
            return false;
        }
    }
    *value = ipseci_load64(from.data + from.length - 8);
    return *value > 1 && *value < DH_PRIME - 1;
}

static void put_secret(const struct ipseci_ke_info *info, uint64_t value, uint8_t *out,
                       size_t *length)
{
    squeeze(value * 65536 + info->id, out, info->secret_octets);
    *length = info->secret_octets;
}

static uint64_t exponent(struct sim_crypto *c)
{
    return 2 + sim_random(&c->state) % (DH_PRIME - 4);
}

static enum ipsec_status ke_start(void *context, uint16_t ke_id, struct ipsec_ke **out,
                                  uint8_t *public_value, size_t *public_length)
{
    struct sim_crypto *c = context;
    const struct ipseci_ke_info *info = ipseci_ke_find(ke_id);
    struct ipsec_ke *ke = NULL;

    c->ke_calls++;
    for (size_t i = 0; i < SIM_KES_MAX && ke == NULL && c->kes_left > 0; i++) {
        ke = c->kes[i].used ? NULL : &c->kes[i];
    }
    if (ke == NULL || info == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    ke->used = true;
    ke->group = ke_id;
    ke->exponent = exponent(c);
    c->kes_left--;
    c->kes_alive++;
    put_public(info, power(DH_BASE, ke->exponent), public_value, public_length);
    *out = ke;
    return IPSEC_OK;
}

static enum ipsec_status ke_respond(void *context, uint16_t ke_id, struct ipsec_view peer_public,
                                    uint8_t *public_value, size_t *public_length, uint8_t *secret,
                                    size_t *secret_length)
{
    struct sim_crypto *c = context;
    const struct ipseci_ke_info *info = ipseci_ke_find(ke_id);
    uint64_t peer;

    c->ke_calls++;
    if (info == NULL || c->kes_left == 0) {
        return IPSEC_ERR_MEMORY;
    }
    if (!get_public(info, peer_public, &peer)) {
        return IPSEC_DROP_KE;
    }
    const uint64_t x = exponent(c);
    put_public(info, power(DH_BASE, x), public_value, public_length);
    put_secret(info, power(peer, x), secret, secret_length);
    return IPSEC_OK;
}

static enum ipsec_status ke_finish(void *context, struct ipsec_ke *ke,
                                   struct ipsec_view peer_public, uint8_t *secret,
                                   size_t *secret_length)
{
    struct sim_crypto *c = context;
    const struct ipseci_ke_info *info = ipseci_ke_find(ke->group);
    uint64_t peer;

    c->ke_calls++;
    if (info == NULL || !get_public(info, peer_public, &peer)) {
        return IPSEC_DROP_KE;
    }
    put_secret(info, power(peer, ke->exponent), secret, secret_length);
    return IPSEC_OK;
}

static void ke_free(void *context, struct ipsec_ke *ke)
{
    struct sim_crypto *c = context;

    if (ke != NULL) {
        c->kes_alive--;
        memset(ke, 0, sizeof(*ke));
    }
}

void sim_crypto_init(struct sim_crypto *c, uint64_t seed)
{
    memset(c, 0, sizeof(*c));
    c->state = seed;
    c->keys_left = ENOUGH;
    c->kes_left = ENOUGH;
    c->prfs_left = PRFS_ENOUGH;
    c->table.size = sizeof(c->table);
    c->table.name = "sim";
    c->table.context = c;
    c->table.supports = sim_supports;
    c->table.random = random_octets;
    c->table.key_new = key_new;
    c->table.key_free = key_free;
    c->table.run = run;
    c->table.prf = sim_prf;
    c->table.sha1 = sim_sha1;
    c->table.ke_start = ke_start;
    c->table.ke_respond = ke_respond;
    c->table.ke_finish = ke_finish;
    c->table.ke_free = ke_free;
    c->items[0] = &c->table;
    c->list.item = c->items;
    c->list.count = 1;
}
