/* SPDX-License-Identifier: Apache-2.0
 *
 * HMAC (RFC 2104), and MAC keys made of it (RFC 2404, RFC 4868).
 */
#include "ossl.h"

#include <openssl/crypto.h>
#include <string.h>

static const struct ipseci_ossl_integ integs[] = {
    {IPSEC_INTEG_HMAC_SHA1_96, 12, IPSECI_OSSL_SHA1},
    {IPSEC_INTEG_HMAC_SHA2_256_128, 16, IPSECI_OSSL_SHA256},
    {IPSEC_INTEG_HMAC_SHA2_384_192, 24, IPSECI_OSSL_SHA384},
    {IPSEC_INTEG_HMAC_SHA2_512_256, 32, IPSECI_OSSL_SHA512},
};

const struct ipseci_ossl_integ *ipseci_ossl_integ_find(const struct ipsec_openssl *provider,
                                                       uint16_t id)
{
    for (size_t i = 0; i < sizeof(integs) / sizeof(integs[0]); i++) {
        if (integs[i].id == id && provider->hash[integs[i].hash].md != NULL) {
            return &integs[i];
        }
    }
    return NULL;
}

/* RFC 2104 2: a key longer than a block is hashed first. */
static bool load_key(struct ipseci_ossl_mac *mac, struct ipsec_view key, uint8_t *padded)
{
    const struct ipseci_ossl_hash *hash = mac->hash;
    if (key.length > hash->block_octets) {
        return hash->kept->start(mac->work, hash->md) &&
               hash->kept->update(mac->work, key.data, key.length) &&
               hash->kept->finish(mac->work, padded);
    }
    if (key.length != 0) {
        memcpy(padded, key.data, key.length);
    }
    return true;
}

static bool absorb_pad(const struct ipseci_ossl_hash *hash, void *state, uint8_t *padded,
                       uint8_t pad)
{
    for (size_t i = 0; i < hash->block_octets && i < IPSECI_OSSL_BLOCK_MAX; i++) {
        padded[i] ^= pad;
    }
    return hash->kept->start(state, hash->md) &&
           hash->kept->update(state, padded, hash->block_octets);
}

bool ipseci_ossl_mac_init(struct ipseci_ossl_mac *mac, const struct ipseci_ossl_hash *hash,
                          struct ipsec_view key)
{
    uint8_t padded[IPSECI_OSSL_BLOCK_MAX] = {0};
    *mac = (struct ipseci_ossl_mac){.hash = hash};
    const bool good = load_key(mac, key, padded) && absorb_pad(hash, mac->inner, padded, 0x36) &&
                      absorb_pad(hash, mac->outer, padded, 0x36 ^ 0x5c);
    OPENSSL_cleanse(padded, sizeof(padded));
    return good;
}

void ipseci_ossl_mac_deinit(struct ipseci_ossl_mac *mac)
{
    if (mac->hash != NULL) {
        mac->hash->kept->release(mac->inner);
        mac->hash->kept->release(mac->outer);
        mac->hash->kept->release(mac->work);
    }
    OPENSSL_cleanse(mac, sizeof(*mac));
}

bool ipseci_ossl_mac_begin(struct ipseci_ossl_mac *mac)
{
    return mac->hash->kept->copy(mac->work, mac->inner);
}

bool ipseci_ossl_mac_add(struct ipseci_ossl_mac *mac, const void *data, size_t length)
{
    return length == 0 || mac->hash->kept->update(mac->work, data, length);
}

bool ipseci_ossl_mac_end(struct ipseci_ossl_mac *mac, uint8_t *digest)
{
    const struct ipseci_ossl_hash *hash = mac->hash;
    uint8_t inner[IPSECI_OSSL_DIGEST_MAX];
    const bool good = hash->kept->finish(mac->work, inner) &&
                      hash->kept->copy(mac->work, mac->outer) &&
                      hash->kept->update(mac->work, inner, hash->digest_octets) &&
                      hash->kept->finish(mac->work, digest);
    OPENSSL_cleanse(inner, sizeof(inner));
    return good;
}

enum ipsec_status ipseci_ossl_mac_op(struct ipseci_ossl_mac *mac, const struct ipsec_key *key,
                                     const struct ipsec_crypto_op *op)
{
    uint8_t digest[IPSECI_OSSL_DIGEST_MAX];
    enum ipsec_status status = IPSEC_OK;

    if (!ipseci_ossl_mac_begin(mac) || !ipseci_ossl_mac_add(mac, op->aad, op->aad_length) ||
        !ipseci_ossl_mac_add(mac, op->data, op->data_length) ||
        !ipseci_ossl_mac_add(mac, op->scratch, op->tail_length) ||
        !ipseci_ossl_mac_end(mac, digest)) {
        status = IPSEC_FATAL_CRYPTO;
    } else if (key->direction == IPSEC_SEAL) {
        memcpy(op->tag, digest, key->tag_octets);
    } else if (CRYPTO_memcmp(op->tag, digest, key->tag_octets) != 0) {
        status = IPSEC_DROP_ICV;
    }
    OPENSSL_cleanse(digest, sizeof(digest)); /* of a forged packet it is the right ICV */
    return status;
}

struct mac_key {
    struct ipsec_key base;
    struct ipseci_ossl_mac mac;
};

static enum ipsec_status run_mac(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct mac_key *key = (struct mac_key *)(void *)base;
    return ipseci_ossl_mac_op(&key->mac, base, op);
}

static void free_mac(struct ipsec_key *base)
{
    struct mac_key *key = (struct mac_key *)(void *)base;
    ipseci_ossl_mac_deinit(&key->mac);
}

enum ipsec_status ipseci_ossl_mac_new(const struct ipsec_openssl *provider,
                                      const EVP_CIPHER *cipher,
                                      const struct ipsec_key_params *params, struct ipsec_key **out)
{
    (void)cipher;
    const struct ipseci_ossl_integ *integ = ipseci_ossl_integ_find(provider, params->integ_id);
    const struct ipseci_ossl_hash *hash = &provider->hash[integ->hash];
    /* RFC 4868 2.1.1, RFC 2404 3: the key is as long as the hash. */
    if (params->integ_key.length != hash->digest_octets) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct mac_key *key = ipseci_ossl_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_mac;
    key->base.free = free_mac;
    key->base.tag_octets = integ->tag_octets;
    if (!ipseci_ossl_mac_init(&key->mac, hash, params->integ_key)) {
        ipseci_ossl_key_drop(&key->base);
        return IPSEC_ERR_MEMORY;
    }
    *out = &key->base;
    return IPSEC_OK;
}
