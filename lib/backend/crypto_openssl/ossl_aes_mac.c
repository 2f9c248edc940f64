/* SPDX-License-Identifier: Apache-2.0
 *
 * MACs of a block cipher: AES-CMAC-96 (RFC 4493, RFC 4494) and AES-XCBC-MAC-96 (RFC 3566), and the
 * PRFs of them (RFC 4434, RFC 4615). They are one but for the key of the cipher and the masks of
 * the last block. OpenSSL has CMAC only, and calls its cipher for every block; so both are made of
 * its AES-CBC, which takes many blocks at a time.
 */
#include "ossl.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#define BLOCK      16u
#define TAG_OCTETS 12u
#define RUN_OCTETS 512u /* ciphered at a time, into memory that nobody reads */

struct aes_mac {
    EVP_CIPHER_CTX *cipher; /* AES-CBC: its chaining is the sum so far */
    uint8_t whole[BLOCK];   /* mask of a last block that is full */
    uint8_t part[BLOCK];    /* of one that is not */
    uint8_t rest[BLOCK];    /* the last block so far: 1 to 16 octets once there are any */
    size_t rest_octets;
};

/* One of the two, as MAC and as PRF. */
struct kind {
    uint16_t integ_id;
    uint16_t prf_id;
    bool hashes_short; /* as a PRF: a key under 16 octets, too, is hashed instead of filled up */
    bool (*masks)(struct aes_mac *mac, const EVP_CIPHER *cbc);
};

static bool set_key(struct aes_mac *mac, const EVP_CIPHER *cbc, const uint8_t *octets)
{
    unsigned int padding = 0;
    const OSSL_PARAM plain[] = {OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_PADDING, &padding),
                                OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex2(mac->cipher, cbc, octets, NULL, 1, plain) == 1;
}

static bool mac_begin(struct aes_mac *mac)
{
    static const uint8_t zero[BLOCK] = {0};
    mac->rest_octets = 0;
    return EVP_CipherInit_ex2(mac->cipher, NULL, NULL, zero, -1, NULL) == 1;
}

/* Whole blocks; out has room for as many. */
static bool encipher(const struct aes_mac *mac, const uint8_t *data, size_t octets, uint8_t *out)
{
    int length = 0;
    return EVP_CipherUpdate(mac->cipher, out, &length, data, (int)octets) == 1 &&
           (size_t)length == octets;
}

/* RFC 4493 2.3: times x in the field, in constant time. */
static void double_block(uint8_t *to, const uint8_t *from)
{
    const uint8_t carry = (uint8_t)(0x87 & (0 - (from[0] >> 7)));
    for (size_t i = 0; i + 1 < BLOCK; i++) {
        to[i] = (uint8_t)(from[i] << 1 | from[i + 1] >> 7);
    }
    to[BLOCK - 1] = (uint8_t)(from[BLOCK - 1] << 1 ^ carry);
}

static bool masks_of_cmac(struct aes_mac *mac, const EVP_CIPHER *cbc)
{
    (void)cbc;
    uint8_t zero[BLOCK] = {0};
    const bool good = mac_begin(mac) && encipher(mac, zero, BLOCK, zero);
    double_block(mac->whole, zero);
    double_block(mac->part, mac->whole);
    OPENSSL_cleanse(zero, sizeof(zero));
    return good;
}

static bool derive(struct aes_mac *mac, uint8_t number, uint8_t *out)
{
    uint8_t block[BLOCK];
    memset(block, number, BLOCK);
    return mac_begin(mac) && encipher(mac, block, BLOCK, out);
}

/* RFC 3566 4: three keys of the one given; the first becomes the cipher's. */
static bool masks_of_xcbc(struct aes_mac *mac, const EVP_CIPHER *cbc)
{
    uint8_t first[BLOCK] = {0};
    const bool good = derive(mac, 2, mac->whole) && derive(mac, 3, mac->part) &&
                      derive(mac, 1, first) && set_key(mac, cbc, first);
    OPENSSL_cleanse(first, sizeof(first));
    return good;
}

static const struct kind kinds[] = {
    {IPSEC_INTEG_AES_CMAC_96, IPSEC_PRF_AES128_CMAC, true, masks_of_cmac},
    {IPSEC_INTEG_AES_XCBC_96, IPSEC_PRF_AES128_XCBC, false, masks_of_xcbc},
};

static const EVP_CIPHER *cbc_of(const struct ipsec_openssl *provider)
{
    return provider->cipher[IPSECI_OSSL_CBC_128];
}

static const struct kind *kind_of_integ(const struct ipsec_openssl *provider, uint16_t id)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].integ_id == id && cbc_of(provider) != NULL) {
            return &kinds[i];
        }
    }
    return NULL;
}

static const struct kind *kind_of_prf(const struct ipsec_openssl *provider, uint16_t id)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].prf_id == id && cbc_of(provider) != NULL) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* What is in `rest` can not be the last block, since more comes. */
static bool flush(struct aes_mac *mac)
{
    uint8_t sum[BLOCK];
    if (mac->rest_octets != BLOCK) {
        return true;
    }
    mac->rest_octets = 0;
    const bool good = encipher(mac, mac->rest, BLOCK, sum);
    OPENSSL_cleanse(sum, sizeof(sum));
    return good;
}

/* Whole blocks straight from the data, but for one that may be the last. */
static bool add_blocks(const struct aes_mac *mac, const uint8_t **data, size_t *length)
{
    uint8_t sums[RUN_OCTETS];
    bool good = true;
    while (*length > BLOCK && good) {
        const size_t blocks = (*length - 1) / BLOCK * BLOCK;
        const size_t octets = blocks < RUN_OCTETS ? blocks : RUN_OCTETS;
        good = encipher(mac, *data, octets, sums);
        *data += octets;
        *length -= octets;
    }
    OPENSSL_cleanse(sums, sizeof(sums));
    return good;
}

static bool mac_add(struct aes_mac *mac, const uint8_t *data, size_t length)
{
    bool good = true;
    while (length != 0 && good) {
        good = flush(mac);
        if (good && mac->rest_octets == 0) {
            good = add_blocks(mac, &data, &length);
        }
        const size_t room = BLOCK - mac->rest_octets;
        const size_t octets = length < room ? length : room;
        memcpy(mac->rest + mac->rest_octets, data, octets);
        mac->rest_octets += octets;
        data += octets;
        length -= octets;
    }
    return good;
}

static bool mac_end(struct aes_mac *mac, uint8_t *out)
{
    const uint8_t *mask = mac->whole;
    if (mac->rest_octets < BLOCK) {
        memset(mac->rest + mac->rest_octets, 0, BLOCK - mac->rest_octets);
        mac->rest[mac->rest_octets] = 0x80;
        mask = mac->part;
    }
    for (size_t i = 0; i < BLOCK; i++) {
        mac->rest[i] ^= mask[i];
    }
    return encipher(mac, mac->rest, BLOCK, out);
}

/* The key is of 16 octets. deinit wipes, whatever init said. */
static bool mac_init(struct aes_mac *mac, const struct ipsec_openssl *provider,
                     const struct kind *kind, const uint8_t *octets)
{
    *mac = (struct aes_mac){.cipher = EVP_CIPHER_CTX_new()};
    return mac->cipher != NULL && set_key(mac, cbc_of(provider), octets) &&
           kind->masks(mac, cbc_of(provider));
}

static void mac_deinit(struct aes_mac *mac)
{
    EVP_CIPHER_CTX_free(mac->cipher); /* wipes */
    OPENSSL_cleanse(mac, sizeof(*mac));
}

/* ---- keys --------------------------------------------------------------------------------------
 */

struct aes_mac_key {
    struct ipsec_key base;
    struct aes_mac mac;
};

static enum ipsec_status run_aes_mac(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct aes_mac_key *key = (struct aes_mac_key *)(void *)base;
    uint8_t sum[BLOCK];
    enum ipsec_status status = IPSEC_OK;
    if (!mac_begin(&key->mac) || !mac_add(&key->mac, op->aad, op->aad_length) ||
        !mac_add(&key->mac, op->data, op->data_length) ||
        !mac_add(&key->mac, op->scratch, op->tail_length) || !mac_end(&key->mac, sum)) {
        status = IPSEC_FATAL_CRYPTO;
    } else if (base->direction == IPSEC_SEAL) {
        memcpy(op->tag, sum, TAG_OCTETS);
    } else if (CRYPTO_memcmp(op->tag, sum, TAG_OCTETS) != 0) {
        status = IPSEC_DROP_ICV;
    }
    OPENSSL_cleanse(sum, sizeof(sum)); /* of a forged packet it is the right ICV */
    return status;
}

static void free_aes_mac(struct ipsec_key *base)
{
    struct aes_mac_key *key = (struct aes_mac_key *)(void *)base;
    mac_deinit(&key->mac);
}

bool ipseci_ossl_aes_mac_found(const struct ipsec_openssl *provider, uint16_t integ_id)
{
    return kind_of_integ(provider, integ_id) != NULL;
}

enum ipsec_status ipseci_ossl_aes_mac_new(const struct ipsec_openssl *provider,
                                          const struct ipsec_key_params *params,
                                          struct ipsec_key **out)
{
    const struct kind *kind = kind_of_integ(provider, params->integ_id);
    if (kind == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    if (params->integ_key.length != BLOCK) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct aes_mac_key *key = ipseci_ossl_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_aes_mac;
    key->base.free = free_aes_mac;
    key->base.tag_octets = TAG_OCTETS;
    if (!mac_init(&key->mac, provider, kind, params->integ_key.data)) {
        ipseci_ossl_key_drop(&key->base);
        return IPSEC_ERR_MEMORY;
    }
    *out = &key->base;
    return IPSEC_OK;
}

/* ---- PRFs --------------------------------------------------------------------------------------
 */

bool ipseci_ossl_aes_prf_found(const struct ipsec_openssl *provider, uint16_t prf_id)
{
    return kind_of_prf(provider, prf_id) != NULL;
}

static bool sum_parts(const struct ipsec_openssl *provider, const struct kind *kind,
                      const uint8_t *octets, struct ipseci_ossl_parts parts, uint8_t *out)
{
    struct aes_mac mac;
    bool good = mac_init(&mac, provider, kind, octets) && mac_begin(&mac);
    for (size_t i = 0; i < parts.count && good; i++) {
        good = mac_add(&mac, parts.item[i].data, parts.item[i].length);
    }
    good = good && mac_end(&mac, out);
    mac_deinit(&mac);
    return good;
}

enum ipsec_status ipseci_ossl_aes_prf(const struct ipsec_openssl *provider, uint16_t prf_id,
                                      struct ipsec_view key, struct ipseci_ossl_parts parts,
                                      uint8_t *out)
{
    static const uint8_t zero[BLOCK] = {0};
    const struct kind *kind = kind_of_prf(provider, prf_id);
    uint8_t octets[BLOCK] = {0};
    bool good = true;
    if (kind == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    /* RFC 4434 2, RFC 4615 3: a key of another length is made one of 16 octets first. */
    if (key.length > BLOCK || (key.length < BLOCK && kind->hashes_short)) {
        good = sum_parts(provider, kind, zero, (struct ipseci_ossl_parts){&key, 1}, octets);
    } else if (key.length != 0) {
        memcpy(octets, key.data, key.length);
    }
    good = good && sum_parts(provider, kind, octets, parts, out);
    OPENSSL_cleanse(octets, sizeof(octets));
    return good ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}
