/* SPDX-License-Identifier: Apache-2.0
 *
 * HMAC with prepared states, the MAC key, PRFs and SHA-1. RFC 2104, RFC 2404, RFC 4868, RFC
 * 7296 2.13.
 */
#include "mbed.h"

#include <mbedtls/constant_time.h>
#include <string.h>

static const struct ipseci_mbed_integ integs[] = {
    {IPSEC_INTEG_HMAC_SHA1_96, 12, IPSECI_MBED_HASH_SHA1},
    {IPSEC_INTEG_HMAC_SHA2_256_128, 16, IPSECI_MBED_HASH_SHA256},
    {IPSEC_INTEG_HMAC_SHA2_384_192, 24, IPSECI_MBED_HASH_SHA384},
    {IPSEC_INTEG_HMAC_SHA2_512_256, 32, IPSECI_MBED_HASH_SHA512},
};

const struct ipseci_mbed_integ *ipseci_mbed_integ_find(uint16_t id)
{
    for (size_t i = 0; i < sizeof(integs) / sizeof(integs[0]); i++) {
        if (integs[i].id == id && ipseci_mbed_hash(integs[i].hash) != NULL) {
            return &integs[i];
        }
    }
    return NULL;
}

/* The state after one block of the key under this pad. */
static int absorb_pad(const struct ipseci_mbed_hash *hash, void *state, const uint8_t *key,
                      uint8_t pad)
{
    uint8_t block[IPSECI_MBED_BLOCK_MAX];
    for (size_t i = 0; i < hash->block_octets; i++) {
        block[i] = (uint8_t)(key[i] ^ pad);
    }
    int error = hash->starts(state);
    if (error == 0) {
        error = hash->update(state, block, hash->block_octets);
    }
    mbedtls_platform_zeroize(block, sizeof(block));
    return error;
}

static void *inner_of(const struct ipseci_mbed_mac *mac)
{
    return mac->states;
}

static void *outer_of(const struct ipseci_mbed_mac *mac)
{
    return mac->states + mac->hash->state_octets;
}

static void *work_of(const struct ipseci_mbed_mac *mac)
{
    return mac->states + 2u * mac->hash->state_octets;
}

/* RFC 2104 2: a key longer than a block is hashed first. `work` serves for that. */
static int shorten_key(struct ipseci_mbed_mac *mac, struct ipsec_view key, uint8_t *padded)
{
    const struct ipseci_mbed_hash *hash = mac->hash;
    if (key.length <= hash->block_octets) {
        if (key.length != 0) {
            memcpy(padded, key.data, key.length);
        }
        return 0;
    }
    int error = hash->starts(work_of(mac));
    if (error == 0) {
        error = hash->update(work_of(mac), key.data, key.length);
    }
    return error != 0 ? error : hash->finish(work_of(mac), padded);
}

int ipseci_mbed_mac_init(struct ipseci_mbed_mac *mac, const struct ipseci_mbed_hash *hash,
                         void *states, struct ipsec_view key)
{
    uint8_t padded[IPSECI_MBED_BLOCK_MAX] = {0};

    mac->hash = hash;
    mac->states = states;
    hash->init(inner_of(mac));
    hash->init(outer_of(mac));
    hash->init(work_of(mac));

    int error = shorten_key(mac, key, padded);
    if (error == 0) {
        error = absorb_pad(hash, inner_of(mac), padded, 0x36);
    }
    if (error == 0) {
        error = absorb_pad(hash, outer_of(mac), padded, 0x5c);
    }
    mbedtls_platform_zeroize(padded, sizeof(padded));
    return error;
}

void ipseci_mbed_mac_free(struct ipseci_mbed_mac *mac)
{
    if (mac->hash != NULL) {
        mac->hash->free(inner_of(mac));
        mac->hash->free(outer_of(mac));
        mac->hash->free(work_of(mac));
    }
    mbedtls_platform_zeroize(mac, sizeof(*mac));
}

void ipseci_mbed_mac_begin(struct ipseci_mbed_mac *mac)
{
    mac->hash->clone(work_of(mac), inner_of(mac));
}

int ipseci_mbed_mac_add(struct ipseci_mbed_mac *mac, const uint8_t *data, size_t length)
{
    return length == 0 ? 0 : mac->hash->update(work_of(mac), data, length);
}

int ipseci_mbed_mac_end(struct ipseci_mbed_mac *mac, uint8_t *digest)
{
    const struct ipseci_mbed_hash *hash = mac->hash;
    uint8_t inner[IPSECI_MBED_DIGEST_MAX];
    int error = hash->finish(work_of(mac), inner);
    if (error == 0) {
        hash->clone(work_of(mac), outer_of(mac));
        error = hash->update(work_of(mac), inner, hash->digest_octets);
    }
    mbedtls_platform_zeroize(inner, sizeof(inner));
    return error != 0 ? error : hash->finish(work_of(mac), digest);
}

enum ipsec_status ipseci_mbed_mac_op(struct ipseci_mbed_mac *mac, const struct ipsec_key *key,
                                     const struct ipsec_crypto_op *op)
{
    uint8_t digest[IPSECI_MBED_DIGEST_MAX];
    enum ipsec_status status = IPSEC_OK;

    ipseci_mbed_mac_begin(mac);
    if (ipseci_mbed_mac_add(mac, op->aad, op->aad_length) != 0 ||
        ipseci_mbed_mac_add(mac, op->data, op->data_length) != 0 ||
        ipseci_mbed_mac_add(mac, op->scratch, op->tail_length) != 0 ||
        ipseci_mbed_mac_end(mac, digest) != 0) {
        status = IPSEC_FATAL_CRYPTO;
    } else if (key->direction == IPSEC_SEAL) {
        memcpy(op->tag, digest, key->tag_octets);
    } else if (mbedtls_ct_memcmp(op->tag, digest, key->tag_octets) != 0) {
        status = IPSEC_DROP_ICV;
    }
    mbedtls_platform_zeroize(digest, sizeof(digest)); /* of a forged packet it is the right ICV */
    return status;
}

struct mac_key {
    struct ipsec_key base;
    struct ipseci_mbed_mac mac;
    uint64_t states[]; /* three */
};

static enum ipsec_status run_mac(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct mac_key *key = (struct mac_key *)(void *)base;
    return ipseci_mbed_mac_op(&key->mac, base, op);
}

static void free_mac(struct ipsec_key *base)
{
    struct mac_key *key = (struct mac_key *)(void *)base;
    ipseci_mbed_mac_free(&key->mac);
}

enum ipsec_status ipseci_mbed_mac_new(const struct ipsec_key_params *params, struct ipsec_key **out)
{
    const struct ipseci_mbed_integ *integ = ipseci_mbed_integ_find(params->integ_id);
    if (integ == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    const struct ipseci_mbed_hash *hash = ipseci_mbed_hash(integ->hash);
    /* RFC 4868 2.1.1, RFC 2404 3: the key is as long as the hash. */
    if (params->integ_key.length != hash->digest_octets) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct mac_key *key =
        ipseci_mbed_key_take(sizeof(*key) + 3u * (size_t)hash->state_octets, params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_mac;
    key->base.free = free_mac;
    key->base.tag_octets = integ->tag_octets;
    if (ipseci_mbed_mac_init(&key->mac, hash, key->states, params->integ_key) != 0) {
        ipseci_mbed_key_free(NULL, &key->base);
        return IPSEC_FATAL_CRYPTO;
    }
    *out = &key->base;
    return IPSEC_OK;
}

struct prf_row {
    uint16_t id;
    enum ipseci_mbed_hash_id hash;
};

static const struct ipseci_mbed_hash *hash_of_prf(uint16_t prf_id)
{
    static const struct prf_row rows[] = {
        {IPSEC_PRF_HMAC_SHA1, IPSECI_MBED_HASH_SHA1},
        {IPSEC_PRF_HMAC_SHA2_256, IPSECI_MBED_HASH_SHA256},
        {IPSEC_PRF_HMAC_SHA2_384, IPSECI_MBED_HASH_SHA384},
        {IPSEC_PRF_HMAC_SHA2_512, IPSECI_MBED_HASH_SHA512},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].id == prf_id) {
            return ipseci_mbed_hash(rows[i].hash);
        }
    }
    return NULL;
}

bool ipseci_mbed_prf_built_in(uint16_t prf_id)
{
    return hash_of_prf(prf_id) != NULL;
}

enum ipsec_status ipseci_mbed_prf(void *context, uint16_t prf_id, struct ipsec_view key,
                                  const struct ipsec_view parts[], size_t part_count, uint8_t *out)
{
    (void)context;
    uint64_t states[3 * IPSECI_MBED_STATE_MAX / 8];
    struct ipseci_mbed_mac mac = {0};
    const struct ipseci_mbed_hash *hash = hash_of_prf(prf_id);
    if (hash == NULL) {
        return ipseci_mbed_aes_prf(prf_id, key, parts, part_count, out);
    }
    int error = ipseci_mbed_mac_init(&mac, hash, states, key);
    ipseci_mbed_mac_begin(&mac);
    for (size_t i = 0; i < part_count && error == 0; i++) {
        error = ipseci_mbed_mac_add(&mac, parts[i].data, parts[i].length);
    }
    if (error == 0) {
        error = ipseci_mbed_mac_end(&mac, out);
    }
    ipseci_mbed_mac_free(&mac);
    return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

enum ipsec_status ipseci_mbed_sha1(void *context, const struct ipsec_view parts[],
                                   size_t part_count, uint8_t out[20])
{
    (void)context;
    uint64_t state[IPSECI_MBED_STATE_MAX / 8];
    const struct ipseci_mbed_hash *hash = ipseci_mbed_hash(IPSECI_MBED_HASH_SHA1);
    if (hash == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    hash->init(state);
    int error = hash->starts(state);
    for (size_t i = 0; i < part_count && error == 0; i++) {
        if (parts[i].length != 0) {
            error = hash->update(state, parts[i].data, parts[i].length);
        }
    }
    if (error == 0) {
        error = hash->finish(state, out);
    }
    hash->free(state);
    return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}
