/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GMAC keys: ENCR_NULL_AUTH_AES_GMAC (RFC 4543). What is authenticated are the header, the IV
 * and the data; nothing is enciphered.
 *
 * Without extended sequence numbers the three lie behind each other in the packet, and Mbed TLS
 * takes them at once. With them they do not, and Mbed TLS 2.28 takes what is authenticated only in
 * one piece: then the hash of GCM (NIST SP 800-38D 6.4) is made here, and Mbed TLS adds the mask.
 */
#include "mbed.h"

#if IPSECI_MBED_GCM
#include <mbedtls/aes.h>
#include <mbedtls/constant_time.h>
#include <mbedtls/gcm.h>
#include <string.h>

#define BLOCK     16u
#define IV_OCTETS 8u

struct gmac_key {
    struct ipsec_key base;
    mbedtls_gcm_context gcm;
    uint64_t hash_key[2]; /* the cipher's answer to a block of zeros; high half first */
};

/* ---- the hash of GCM ---------------------------------------------------------------------------
 */

struct ghash {
    const uint64_t *key;
    uint64_t sum[2];
    uint8_t rest[BLOCK]; /* what no block could be made of yet */
    size_t rest_octets;
    uint64_t octets;
};

static uint64_t load64(const uint8_t *from)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

static void store64(uint8_t *to, uint64_t value)
{
    for (size_t i = 0; i < 8; i++) {
        to[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

/* sum * key in the field of GCM, a bit at a time and in constant time. */
static void multiply(struct ghash *h)
{
    uint64_t product[2] = {0, 0};
    uint64_t v[2] = {h->key[0], h->key[1]};
    for (unsigned i = 0; i < 128; i++) {
        const uint64_t bit = 0 - (h->sum[i / 64] >> (63 - i % 64) & 1);
        const uint64_t carry = 0 - (v[1] & 1);
        product[0] ^= v[0] & bit;
        product[1] ^= v[1] & bit;
        v[1] = v[1] >> 1 | v[0] << 63;
        v[0] = v[0] >> 1 ^ (UINT64_C(0xe1) << 56 & carry);
    }
    h->sum[0] = product[0];
    h->sum[1] = product[1];
}

static void absorb(struct ghash *h, const uint8_t *block)
{
    h->sum[0] ^= load64(block);
    h->sum[1] ^= load64(block + 8);
    multiply(h);
}

static void ghash_add(struct ghash *h, const uint8_t *data, size_t length)
{
    h->octets += length;
    while (length != 0) {
        const size_t room = BLOCK - h->rest_octets;
        const size_t part = length < room ? length : room;
        memcpy(h->rest + h->rest_octets, data, part);
        h->rest_octets += part;
        data += part;
        length -= part;
        if (h->rest_octets == BLOCK) {
            absorb(h, h->rest);
            h->rest_octets = 0;
        }
    }
}

/* Zeros up to a block, and the lengths: of what is authenticated only, and of no text. */
static void ghash_end(struct ghash *h, uint8_t *out)
{
    uint8_t lengths[BLOCK] = {0};
    if (h->rest_octets != 0) {
        memset(h->rest + h->rest_octets, 0, BLOCK - h->rest_octets);
        absorb(h, h->rest);
    }
    store64(lengths, h->octets * 8);
    absorb(h, lengths);
    store64(out, h->sum[0]);
    store64(out + 8, h->sum[1]);
}

/* ---- packets -----------------------------------------------------------------------------------
 */

/* The tag over this many octets from aad on. 0, or an Mbed TLS error. */
static int tag_of(struct gmac_key *key, const uint8_t *nonce, const uint8_t *aad, size_t length,
                  uint8_t *tag)
{
    return mbedtls_gcm_crypt_and_tag(&key->gcm, MBEDTLS_GCM_ENCRYPT, 0, nonce, 12, aad, length,
                                     NULL, NULL, BLOCK, tag);
}

/* The mask alone is the tag of nothing: its hash is zero. */
static int tag_of_parts(struct gmac_key *key, const uint8_t *nonce,
                        const struct ipsec_crypto_op *op, uint8_t *tag)
{
    struct ghash h = {.key = key->hash_key};
    uint8_t sum[BLOCK];
    ghash_add(&h, op->aad, op->aad_length);
    ghash_add(&h, op->iv, IV_OCTETS);
    ghash_add(&h, op->data, op->data_length);
    ghash_end(&h, sum);
    int error = tag_of(key, nonce, NULL, 0, tag);
    for (size_t i = 0; i < BLOCK; i++) {
        tag[i] ^= sum[i];
    }
    mbedtls_platform_zeroize(&h, sizeof(h));
    return error;
}

static bool is_one_piece(const struct ipsec_crypto_op *op)
{
    return op->aad_length != 0 && op->aad + op->aad_length == op->iv &&
           op->iv + IV_OCTETS == op->data;
}

static enum ipsec_status run_gmac(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct gmac_key *key = (struct gmac_key *)(void *)base;
    uint8_t nonce[12]; /* RFC 4543 3.1: salt | IV */
    uint8_t tag[BLOCK] = {0};
    enum ipsec_status status = IPSEC_OK;
    memcpy(nonce, base->salt, 4);
    memcpy(nonce + 4, op->iv, IV_OCTETS);

    /* RFC 4543 3.3: the IV is authenticated, too. */
    int error = is_one_piece(op) ? tag_of(key, nonce, op->aad,
                                          (size_t)op->aad_length + IV_OCTETS + op->data_length, tag)
                                 : tag_of_parts(key, nonce, op, tag);
    if (error != 0) {
        status = IPSEC_FATAL_CRYPTO;
    } else if (base->direction == IPSEC_SEAL) {
        memcpy(op->tag, tag, BLOCK);
    } else if (mbedtls_ct_memcmp(op->tag, tag, BLOCK) != 0) {
        status = IPSEC_DROP_ICV;
    }
    mbedtls_platform_zeroize(tag, sizeof(tag)); /* of a forged packet it is the right ICV */
    return status;
}

static void free_gmac(struct ipsec_key *base)
{
    struct gmac_key *key = (struct gmac_key *)(void *)base;
    mbedtls_gcm_free(&key->gcm);
}

/* 0, or an Mbed TLS error. */
static int make_hash_key(struct gmac_key *key, const struct ipsec_key_params *params)
{
    mbedtls_aes_context aes;
    uint8_t block[BLOCK] = {0};
    mbedtls_aes_init(&aes);
    int error = mbedtls_aes_setkey_enc(&aes, params->encr_key.data, params->encr_key_bits);
    if (error == 0) {
        error = mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, block, block);
    }
    key->hash_key[0] = load64(block);
    key->hash_key[1] = load64(block + 8);
    mbedtls_platform_zeroize(block, sizeof(block));
    mbedtls_aes_free(&aes);
    return error;
}

enum ipsec_status ipseci_mbed_gmac_new(const struct ipsec_key_params *params,
                                       struct ipsec_key **out)
{
    size_t octets = params->encr_key_bits / 8u;
    if (params->encr_key.length != octets + 4) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct gmac_key *key = ipseci_mbed_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_gmac;
    key->base.free = free_gmac;
    key->base.tag_octets = BLOCK;
    memcpy(key->base.salt, params->encr_key.data + octets, 4); /* RFC 4543 3.2: key | salt */
    mbedtls_gcm_init(&key->gcm);
    if (mbedtls_gcm_setkey(&key->gcm, MBEDTLS_CIPHER_ID_AES, params->encr_key.data,
                           params->encr_key_bits) != 0 ||
        make_hash_key(key, params) != 0) {
        /* The lengths are right, so this is its allocation. */
        ipseci_mbed_key_free(NULL, &key->base);
        return IPSEC_ERR_MEMORY;
    }
    *out = &key->base;
    return IPSEC_OK;
}

#else

enum ipsec_status ipseci_mbed_gmac_new(const struct ipsec_key_params *params,
                                       struct ipsec_key **out)
{
    (void)params;
    (void)out;
    return IPSEC_ERR_NOT_BUILT_IN;
}

#endif
