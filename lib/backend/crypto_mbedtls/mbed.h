/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared inside the Mbed TLS provider: what the linked Mbed TLS has, keys, MACs, groups. One source
 * for Mbed TLS 2.28 and 3.6: no private fields, and every algorithm behind its build switch, since
 * distributions leave some out.
 */
#ifndef IPSECI_MBED_H
#define IPSECI_MBED_H

#include <ipsec/backend_mbedtls.h>

/* version.h brings the configuration in both versions; platform.h the allocator. */
#include <mbedtls/bignum.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/version.h>
#include <stdlib.h>

/* ---- what is built in ---- */

#if defined(MBEDTLS_AES_C) && defined(MBEDTLS_CIPHER_MODE_CBC)
#define IPSECI_MBED_CBC 1
#else
#define IPSECI_MBED_CBC 0
#endif

#if defined(MBEDTLS_AES_C)
#define IPSECI_MBED_AES 1
#else
#define IPSECI_MBED_AES 0
#endif

#if defined(MBEDTLS_AES_C) && defined(MBEDTLS_CIPHER_MODE_CTR)
#define IPSECI_MBED_CTR 1
#else
#define IPSECI_MBED_CTR 0
#endif

#if defined(MBEDTLS_AES_C) && defined(MBEDTLS_CCM_C)
#define IPSECI_MBED_CCM 1
#else
#define IPSECI_MBED_CCM 0
#endif

#if defined(MBEDTLS_AES_C) && defined(MBEDTLS_GCM_C)
#define IPSECI_MBED_GCM 1
#else
#define IPSECI_MBED_GCM 0
#endif

#if defined(MBEDTLS_CHACHAPOLY_C)
#define IPSECI_MBED_CHACHAPOLY 1
#else
#define IPSECI_MBED_CHACHAPOLY 0
#endif

#if defined(MBEDTLS_AES_ONLY_128_BIT_KEY_LENGTH)
#define IPSECI_MBED_AES_BITS_MAX 128
#else
#define IPSECI_MBED_AES_BITS_MAX 256
#endif

#if defined(MBEDTLS_SHA1_C)
#define IPSECI_MBED_SHA1 1
#else
#define IPSECI_MBED_SHA1 0
#endif

#if defined(MBEDTLS_SHA256_C)
#define IPSECI_MBED_SHA256 1
#else
#define IPSECI_MBED_SHA256 0
#endif

#if defined(MBEDTLS_SHA512_C)
#define IPSECI_MBED_SHA512 1
#else
#define IPSECI_MBED_SHA512 0
#endif

/* 2.28 has SHA-384 with SHA-512 unless told otherwise; 3.x switches it alone. The code behind it is
 * SHA-512's. */
#if defined(MBEDTLS_SHA512_C) &&                                                                   \
    (defined(MBEDTLS_SHA384_C) ||                                                                  \
     (MBEDTLS_VERSION_NUMBER < 0x03000000 && !defined(MBEDTLS_SHA512_NO_SHA384)))
#define IPSECI_MBED_SHA384 1
#else
#define IPSECI_MBED_SHA384 0
#endif

#if defined(MBEDTLS_ECP_C)
#define IPSECI_MBED_ECP 1
#else
#define IPSECI_MBED_ECP 0
#endif

/* ---- hashes and MACs ---- */

#define IPSECI_MBED_DIGEST_MAX 64
#define IPSECI_MBED_BLOCK_MAX  128

/* One hash function over a state of state_octets. The functions answer 0, or an Mbed TLS error. */
struct ipseci_mbed_hash {
    uint8_t digest_octets;
    uint8_t block_octets;
    uint16_t state_octets; /* multiple of 8 */
    int (*starts)(void *state);
    int (*update)(void *state, const uint8_t *data, size_t length);
    int (*finish)(void *state, uint8_t *digest);
    void (*init)(void *state);
    void (*clone)(void *to, const void *from);
    void (*free)(void *state);
};

enum ipseci_mbed_hash_id {
    IPSECI_MBED_HASH_SHA1,
    IPSECI_MBED_HASH_SHA256,
    IPSECI_MBED_HASH_SHA384,
    IPSECI_MBED_HASH_SHA512
};

/* NULL: not built in. */
const struct ipseci_mbed_hash *ipseci_mbed_hash(enum ipseci_mbed_hash_id id);

/* The largest of the states, for a hash or MAC on the stack. */
#define IPSECI_MBED_STATE_MAX 256

/* HMAC (RFC 2104) with the key hashed once: the states after the inner and the outer pad are kept
 * and cloned for each message. */
struct ipseci_mbed_mac {
    const struct ipseci_mbed_hash *hash;
    uint8_t *states; /* inner, outer, work: hash->state_octets each */
};

/* states has room for 3 * hash->state_octets, aligned to 8. */
int ipseci_mbed_mac_init(struct ipseci_mbed_mac *mac, const struct ipseci_mbed_hash *hash,
                         void *states, struct ipsec_view key);
void ipseci_mbed_mac_free(struct ipseci_mbed_mac *mac);
/* begin, any number of adds, end: hash->digest_octets are written. */
void ipseci_mbed_mac_begin(struct ipseci_mbed_mac *mac);
int ipseci_mbed_mac_add(struct ipseci_mbed_mac *mac, const uint8_t *data, size_t length);
int ipseci_mbed_mac_end(struct ipseci_mbed_mac *mac, uint8_t *digest);

/* The integrity algorithms made of HMAC. */
struct ipseci_mbed_integ {
    uint16_t id;
    uint8_t tag_octets;
    enum ipseci_mbed_hash_id hash;
};
const struct ipseci_mbed_integ *ipseci_mbed_integ_find(uint16_t id); /* NULL: not built in */

/* ---- keys ---- */

/* Begins every kind of key. */
struct ipsec_key {
    enum ipsec_status (*run)(struct ipsec_key *key, struct ipsec_crypto_op *op);
    void (*free)(struct ipsec_key *key);
    uint32_t octets; /* of the whole, to wipe */
    uint8_t direction;
    uint8_t tag_octets;
    uint8_t salt[4];
};

/* Takes zeroed memory for a key of this size and fills the head; NULL: none left. */
void *ipseci_mbed_key_take(size_t octets, const struct ipsec_key_params *params);

/* Each makes one kind of key from params that name it. */
enum ipsec_status ipseci_mbed_gcm_new(const struct ipsec_key_params *params,
                                      struct ipsec_key **key);
enum ipsec_status ipseci_mbed_chachapoly_new(const struct ipsec_key_params *params,
                                             struct ipsec_key **key);
enum ipsec_status ipseci_mbed_ccm_new(const struct ipsec_key_params *params,
                                      struct ipsec_key **key);
enum ipsec_status ipseci_mbed_gmac_new(const struct ipsec_key_params *params,
                                       struct ipsec_key **key);
/* AES-CBC or AES-CTR alone, or with an HMAC. */
enum ipsec_status ipseci_mbed_cipher_new(const struct ipsec_key_params *params,
                                         struct ipsec_key **key);
/* HMAC. */
enum ipsec_status ipseci_mbed_mac_new(const struct ipsec_key_params *params,
                                      struct ipsec_key **key);

/* A MAC of AES. */
bool ipseci_mbed_aes_mac_built_in(uint16_t integ_id);
enum ipsec_status ipseci_mbed_aes_mac_new(const struct ipsec_key_params *params,
                                          struct ipsec_key **key);

/* The MAC part of an op over aad | data | tail; writes or checks the tag by direction. */
enum ipsec_status ipseci_mbed_mac_op(struct ipseci_mbed_mac *mac, const struct ipsec_key *key,
                                     const struct ipsec_crypto_op *op);

/* ---- the table's functions, by file ---- */

bool ipseci_mbed_supports(void *context, enum ipsec_transform_type type, uint16_t id,
                          uint16_t key_bits);
enum ipsec_status ipseci_mbed_key_new(void *context, const struct ipsec_key_params *params,
                                      struct ipsec_key **key);
void ipseci_mbed_key_free(void *context, struct ipsec_key *key);
bool ipseci_mbed_combines(void *context, uint16_t encr_id, uint16_t encr_key_bits,
                          uint16_t integ_id);
void ipseci_mbed_run(void *context, struct ipsec_crypto_op *const ops[], size_t n);

bool ipseci_mbed_prf_built_in(uint16_t prf_id);
enum ipsec_status ipseci_mbed_prf(void *context, uint16_t prf_id, struct ipsec_view key,
                                  const struct ipsec_view parts[], size_t part_count, uint8_t *out);
bool ipseci_mbed_aes_prf_built_in(uint16_t prf_id);
enum ipsec_status ipseci_mbed_aes_prf(uint16_t prf_id, struct ipsec_view key,
                                      const struct ipsec_view parts[], size_t part_count,
                                      uint8_t *out);
enum ipsec_status ipseci_mbed_sha1(void *context, const struct ipsec_view parts[],
                                   size_t part_count, uint8_t out[20]);

enum ipsec_status ipseci_mbed_ke_start(void *context, uint16_t ke_id, struct ipsec_ke **ke,
                                       uint8_t *public_value, size_t *public_length);
enum ipsec_status ipseci_mbed_ke_respond(void *context, uint16_t ke_id,
                                         struct ipsec_view peer_public, uint8_t *public_value,
                                         size_t *public_length, uint8_t *secret,
                                         size_t *secret_length);
enum ipsec_status ipseci_mbed_ke_finish(void *context, struct ipsec_ke *ke,
                                        struct ipsec_view peer_public, uint8_t *secret,
                                        size_t *secret_length);
void ipseci_mbed_ke_free(void *context, struct ipsec_ke *ke);

/* ---- random ---- */

/* Fills or answers false. */
bool ipseci_mbed_random(struct ipsec_mbedtls *provider, uint8_t *out, size_t length);

/* The generator as Mbed TLS's functions want it. `failed` tells its failure from others. */
struct ipseci_mbed_rng {
    struct ipsec_mbedtls *provider;
    bool failed;
};
int ipseci_mbed_rng(void *rng, unsigned char *out, size_t length);

/* Reads a caller's config (its size first) into one that holds the defaults: completes an older
 * caller's, refuses a newer one that says something unknown (IPSEC_ERR_STRUCT_SIZE). */
enum ipsec_status ipseci_mbed_config(void *to, size_t bytes, const void *from);

/* ---- groups ---- */

struct ipseci_mbed_group;

/* A fresh exponent and its fixed-width public value. */
typedef enum ipsec_status (*ipseci_mbed_make)(const struct ipseci_mbed_group *group,
                                              struct ipseci_mbed_rng *rng, mbedtls_mpi *exponent,
                                              uint8_t *public_value);
/* Checks the peer's value (RFC 6989) and makes the fixed-width secret. */
typedef enum ipsec_status (*ipseci_mbed_agree)(const struct ipseci_mbed_group *group,
                                               struct ipseci_mbed_rng *rng,
                                               const mbedtls_mpi *exponent,
                                               const uint8_t *peer_public, uint8_t *secret);

struct ipseci_mbed_group {
    uint16_t id;
    uint16_t public_octets;
    uint16_t secret_octets;
    uint16_t parameter; /* MODP: octets of the exponent; ECP: Mbed TLS's curve number */
    ipseci_mbed_make make;
    ipseci_mbed_agree agree;
    const uint8_t *prime; /* MODP: of public_octets */
    struct ipsec_view generator;
    struct ipsec_view order; /* of the subgroup; empty for a safe prime */
};

/* NULL: unknown or not built in. */
const struct ipseci_mbed_group *ipseci_mbed_modp_find(uint16_t id);
const struct ipseci_mbed_group *ipseci_mbed_ecp_find(uint16_t id);

/* What an Mbed TLS error of big numbers or curves means. */
enum ipsec_status ipseci_mbed_ke_status(int error, const struct ipseci_mbed_rng *rng);

#endif
