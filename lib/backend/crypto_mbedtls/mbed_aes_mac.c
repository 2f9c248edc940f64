/* SPDX-License-Identifier: Apache-2.0
 *
 * MACs of a block cipher: AES-CMAC-96 (RFC 4493, RFC 4494) and AES-XCBC-MAC-96 (RFC 3566), and the
 * PRFs of them (RFC 4434, RFC 4615). They are one but for the key of the cipher and the masks of
 * the last block. Mbed TLS has CMAC only, behind a switch that distributions leave off; so both are
 * made of its AES.
 */
#include "mbed.h"

#if IPSECI_MBED_AES
#include <mbedtls/aes.h>
#include <mbedtls/constant_time.h>
#include <string.h>

#define BLOCK      16u
#define TAG_OCTETS 12u

struct aes_mac {
    mbedtls_aes_context aes;
    uint8_t whole[BLOCK]; /* mask of a last block that is full */
    uint8_t part[BLOCK];  /* of one that is not */
    uint8_t sum[BLOCK];
    uint8_t rest[BLOCK]; /* the last block so far: 1 to 16 octets once there are any */
    size_t rest_octets;
};

static int encipher(struct aes_mac *mac, uint8_t *block)
{
    return mbedtls_aes_crypt_ecb(&mac->aes, MBEDTLS_AES_ENCRYPT, block, block);
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

static int masks_of_cmac(struct aes_mac *mac)
{
    uint8_t zero[BLOCK] = {0};
    int error = encipher(mac, zero);
    double_block(mac->whole, zero);
    double_block(mac->part, mac->whole);
    mbedtls_platform_zeroize(zero, sizeof(zero));
    return error;
}

/* RFC 3566 4: three keys of the one given; the first becomes the cipher's. */
static int masks_of_xcbc(struct aes_mac *mac)
{
    uint8_t first[BLOCK];
    memset(first, 1, BLOCK);
    memset(mac->whole, 2, BLOCK);
    memset(mac->part, 3, BLOCK);
    int error = encipher(mac, first);
    if (error == 0) {
        error = encipher(mac, mac->whole);
    }
    if (error == 0) {
        error = encipher(mac, mac->part);
    }
    if (error == 0) {
        error = mbedtls_aes_setkey_enc(&mac->aes, first, 128);
    }
    mbedtls_platform_zeroize(first, sizeof(first));
    return error;
}

/* One of the two, as MAC and as PRF. */
struct kind {
    uint16_t integ_id;
    uint16_t prf_id;
    bool hashes_short; /* as a PRF: a key under 16 octets, too, is hashed instead of filled up */
    int (*masks)(struct aes_mac *mac);
};

static const struct kind kinds[] = {
    {IPSEC_INTEG_AES_CMAC_96, IPSEC_PRF_AES128_CMAC, true, masks_of_cmac},
    {IPSEC_INTEG_AES_XCBC_96, IPSEC_PRF_AES128_XCBC, false, masks_of_xcbc},
};

static const struct kind *kind_of_integ(uint16_t id)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].integ_id == id) {
            return &kinds[i];
        }
    }
    return NULL;
}

static const struct kind *kind_of_prf(uint16_t id)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].prf_id == id) {
            return &kinds[i];
        }
    }
    return NULL;
}

static void mac_begin(struct aes_mac *mac)
{
    memset(mac->sum, 0, BLOCK);
    mac->rest_octets = 0;
}

static int mac_absorb(struct aes_mac *mac)
{
    for (size_t i = 0; i < BLOCK; i++) {
        mac->sum[i] ^= mac->rest[i];
    }
    mac->rest_octets = 0;
    return encipher(mac, mac->sum);
}

/* The last block stays behind: it gets a mask. */
static int mac_add(struct aes_mac *mac, const uint8_t *data, size_t length)
{
    int error = 0;
    while (length != 0 && error == 0) {
        if (mac->rest_octets == BLOCK) {
            error = mac_absorb(mac);
        }
        const size_t room = BLOCK - mac->rest_octets;
        const size_t part = length < room ? length : room;
        memcpy(mac->rest + mac->rest_octets, data, part);
        mac->rest_octets += part;
        data += part;
        length -= part;
    }
    return error;
}

static int mac_end(struct aes_mac *mac, uint8_t *out)
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
    int error = mac_absorb(mac);
    memcpy(out, mac->sum, BLOCK);
    return error;
}

/* The key is of 16 octets. 0, or an Mbed TLS error. */
static int mac_init(struct aes_mac *mac, const struct kind *kind, const uint8_t *octets)
{
    mbedtls_aes_init(&mac->aes);
    mac_begin(mac);
    int error = mbedtls_aes_setkey_enc(&mac->aes, octets, 128);
    return error != 0 ? error : kind->masks(mac);
}

static void mac_deinit(struct aes_mac *mac)
{
    mbedtls_aes_free(&mac->aes);
    mbedtls_platform_zeroize(mac, sizeof(*mac));
}

/* ---- keys --------------------------------------------------------------------------------------
 */

struct aes_mac_key {
    struct ipsec_key base;
    struct aes_mac mac;
};

static int sum_op(struct aes_mac *mac, const struct ipsec_crypto_op *op, uint8_t *out)
{
    mac_begin(mac);
    int error = mac_add(mac, op->aad, op->aad_length);
    if (error == 0) {
        error = mac_add(mac, op->data, op->data_length);
    }
    if (error == 0) {
        error = mac_add(mac, op->scratch, op->tail_length);
    }
    return error != 0 ? error : mac_end(mac, out);
}

static enum ipsec_status run_aes_mac(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct aes_mac_key *key = (struct aes_mac_key *)(void *)base;
    uint8_t sum[BLOCK];
    enum ipsec_status status = IPSEC_OK;
    if (sum_op(&key->mac, op, sum) != 0) {
        status = IPSEC_FATAL_CRYPTO;
    } else if (base->direction == IPSEC_SEAL) {
        memcpy(op->tag, sum, TAG_OCTETS);
    } else if (mbedtls_ct_memcmp(op->tag, sum, TAG_OCTETS) != 0) {
        status = IPSEC_DROP_ICV;
    }
    mbedtls_platform_zeroize(sum, sizeof(sum)); /* of a forged packet it is the right ICV */
    return status;
}

static void free_aes_mac(struct ipsec_key *base)
{
    struct aes_mac_key *key = (struct aes_mac_key *)(void *)base;
    mac_deinit(&key->mac);
}

bool ipseci_mbed_aes_mac_built_in(uint16_t id)
{
    return kind_of_integ(id) != NULL;
}

bool ipseci_mbed_aes_prf_built_in(uint16_t prf_id)
{
    return kind_of_prf(prf_id) != NULL;
}

enum ipsec_status ipseci_mbed_aes_mac_new(const struct ipsec_key_params *params,
                                          struct ipsec_key **out)
{
    const struct kind *kind = kind_of_integ(params->integ_id);
    if (kind == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    if (params->integ_key.length != BLOCK) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct aes_mac_key *key = ipseci_mbed_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_aes_mac;
    key->base.free = free_aes_mac;
    key->base.tag_octets = TAG_OCTETS;
    if (mac_init(&key->mac, kind, params->integ_key.data) != 0) {
        ipseci_mbed_key_free(NULL, &key->base);
        return IPSEC_FATAL_CRYPTO;
    }
    *out = &key->base;
    return IPSEC_OK;
}

/* ---- PRFs --------------------------------------------------------------------------------------
 */

static int sum_parts(const struct kind *kind, const uint8_t *octets,
                     const struct ipsec_view parts[], size_t part_count, uint8_t *out)
{
    struct aes_mac mac;
    int error = mac_init(&mac, kind, octets);
    for (size_t i = 0; i < part_count && error == 0; i++) {
        error = mac_add(&mac, parts[i].data, parts[i].length);
    }
    if (error == 0) {
        error = mac_end(&mac, out);
    }
    mac_deinit(&mac);
    return error;
}

enum ipsec_status ipseci_mbed_aes_prf(uint16_t prf_id, struct ipsec_view key,
                                      const struct ipsec_view parts[], size_t part_count,
                                      uint8_t *out)
{
    static const uint8_t zero[BLOCK] = {0};
    const struct kind *kind = kind_of_prf(prf_id);
    uint8_t octets[BLOCK] = {0};
    int error = 0;
    if (kind == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    /* RFC 4434 2, RFC 4615 3: a key of another length is made one of 16 octets first. */
    if (key.length > BLOCK || (key.length < BLOCK && kind->hashes_short)) {
        error = sum_parts(kind, zero, &key, 1, octets);
    } else if (key.length != 0) {
        memcpy(octets, key.data, key.length);
    }
    if (error == 0) {
        error = sum_parts(kind, octets, parts, part_count, out);
    }
    mbedtls_platform_zeroize(octets, sizeof(octets));
    return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

#else

bool ipseci_mbed_aes_mac_built_in(uint16_t id)
{
    (void)id;
    return false;
}

bool ipseci_mbed_aes_prf_built_in(uint16_t prf_id)
{
    (void)prf_id;
    return false;
}

enum ipsec_status ipseci_mbed_aes_mac_new(const struct ipsec_key_params *params,
                                          struct ipsec_key **out)
{
    (void)params;
    (void)out;
    return IPSEC_ERR_NOT_BUILT_IN;
}

enum ipsec_status ipseci_mbed_aes_prf(uint16_t prf_id, struct ipsec_view key,
                                      const struct ipsec_view parts[], size_t part_count,
                                      uint8_t *out)
{
    (void)prf_id;
    (void)key;
    (void)parts;
    (void)part_count;
    (void)out;
    return IPSEC_ERR_NOT_BUILT_IN;
}

#endif
