/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared inside the OpenSSL provider: what was found in the library context, keys, MACs, groups.
 */
#ifndef IPSECI_OSSL_H
#define IPSECI_OSSL_H

#include <ipsec/backend_openssl.h>

#include <openssl/evp.h>

/* ---- what was found ---- */

enum ipseci_ossl_cipher {
    IPSECI_OSSL_CBC_128,
    IPSECI_OSSL_CBC_192,
    IPSECI_OSSL_CBC_256,
    IPSECI_OSSL_CTR_128,
    IPSECI_OSSL_CTR_192,
    IPSECI_OSSL_CTR_256,
    IPSECI_OSSL_GCM_128,
    IPSECI_OSSL_GCM_192,
    IPSECI_OSSL_GCM_256,
    IPSECI_OSSL_CCM_128,
    IPSECI_OSSL_CCM_192,
    IPSECI_OSSL_CCM_256,
    IPSECI_OSSL_CHACHA20_POLY1305,
    IPSECI_OSSL_CIPHERS
};

enum ipseci_ossl_hash_id {
    IPSECI_OSSL_SHA1,
    IPSECI_OSSL_SHA256,
    IPSECI_OSSL_SHA384,
    IPSECI_OSSL_SHA512,
    IPSECI_OSSL_HASHES
};

#define IPSECI_OSSL_DIGEST_MAX 64
#define IPSECI_OSSL_BLOCK_MAX  128
#define IPSECI_OSSL_STATE_MAX  224

/* How the state of a hash is kept, in at most IPSECI_OSSL_STATE_MAX octets. A state is zeroed, then
 * started or copied to any number of times, then released. All but release answer false when
 * OpenSSL fails. */
struct ipseci_ossl_state {
    bool (*start)(void *state, const EVP_MD *md);
    bool (*update)(void *state, const void *data, size_t length);
    bool (*finish)(void *state, uint8_t *digest);
    bool (*copy)(void *to, const void *from);
    void (*release)(void *state);
};

struct ipseci_ossl_hash {
    EVP_MD *md; /* NULL: not there */
    const struct ipseci_ossl_state *kept;
    uint8_t digest_octets;
    uint8_t block_octets;
};

/* Fills provider->hash[id]; md is the provider's to release. */
void ipseci_ossl_hash_find(struct ipsec_openssl *provider, enum ipseci_ossl_hash_id id);

#define IPSECI_OSSL_GROUPS 12
/* A call of OpenSSL's generator costs as much as these octets. */
#define IPSECI_OSSL_STASH 1024

struct ipsec_openssl {
    struct ipsec_crypto table;
    struct ipsec_signer signer;
    uint32_t signatures;                     /* set of 1 << enum ipsec_signature that are there */
    OSSL_LIB_CTX *libctx;                    /* NULL: the default one */
    char *properties;                        /* NULL: any */
    EVP_CIPHER *cipher[IPSECI_OSSL_CIPHERS]; /* NULL: not there; and so below */
    struct ipseci_ossl_hash hash[IPSECI_OSSL_HASHES];
    size_t stash_left; /* random octets not given out yet, at the end of the stash */
    uint8_t stash[IPSECI_OSSL_STASH];
    EVP_PKEY *group[IPSECI_OSSL_GROUPS]; /* a key of each group, whose parameters others take */
};

/* ---- MACs ---- */

/* HMAC (RFC 2104) with the key hashed once: the states after the inner and the outer pad are kept
 * and copied for each message. Lives where it was made: the states may point at themselves. */
struct ipseci_ossl_mac {
    const struct ipseci_ossl_hash *hash; /* NULL: nothing to release */
    uint64_t inner[IPSECI_OSSL_STATE_MAX / 8];
    uint64_t outer[IPSECI_OSSL_STATE_MAX / 8];
    uint64_t work[IPSECI_OSSL_STATE_MAX / 8];
};

/* All answer false when OpenSSL fails. deinit wipes, whatever init said. */
bool ipseci_ossl_mac_init(struct ipseci_ossl_mac *mac, const struct ipseci_ossl_hash *hash,
                          struct ipsec_view key);
void ipseci_ossl_mac_deinit(struct ipseci_ossl_mac *mac);
/* begin, any number of adds, end: the hash's digest_octets are written. */
bool ipseci_ossl_mac_begin(struct ipseci_ossl_mac *mac);
bool ipseci_ossl_mac_add(struct ipseci_ossl_mac *mac, const void *data, size_t length);
bool ipseci_ossl_mac_end(struct ipseci_ossl_mac *mac, uint8_t *digest);

/* The integrity algorithms made of HMAC. */
struct ipseci_ossl_integ {
    uint16_t id;
    uint8_t tag_octets;
    enum ipseci_ossl_hash_id hash;
};
/* NULL: not there. */
const struct ipseci_ossl_integ *ipseci_ossl_integ_find(const struct ipsec_openssl *provider,
                                                       uint16_t id);

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
void *ipseci_ossl_key_take(size_t octets, const struct ipsec_key_params *params);
/* Wipes and releases; NULL is allowed. */
void ipseci_ossl_key_drop(struct ipsec_key *key);

/* Each makes one kind of key from params that name it; cipher is the one they name. */
enum ipsec_status ipseci_ossl_aead_new(const struct ipsec_openssl *provider,
                                       const EVP_CIPHER *cipher,
                                       const struct ipsec_key_params *params,
                                       struct ipsec_key **key);
enum ipsec_status ipseci_ossl_ccm_new(const struct ipsec_openssl *provider,
                                      const EVP_CIPHER *cipher,
                                      const struct ipsec_key_params *params,
                                      struct ipsec_key **key);
/* AES-CBC or AES-CTR alone, or with an HMAC. */
enum ipsec_status ipseci_ossl_cipher_new(const struct ipsec_openssl *provider,
                                         const EVP_CIPHER *cipher,
                                         const struct ipsec_key_params *params,
                                         struct ipsec_key **key);
/* HMAC. */
enum ipsec_status ipseci_ossl_mac_new(const struct ipsec_openssl *provider,
                                      const EVP_CIPHER *cipher,
                                      const struct ipsec_key_params *params,
                                      struct ipsec_key **key);

/* A MAC of AES. */
bool ipseci_ossl_aes_mac_found(const struct ipsec_openssl *provider, uint16_t integ_id);
enum ipsec_status ipseci_ossl_aes_mac_new(const struct ipsec_openssl *provider,
                                          const struct ipsec_key_params *params,
                                          struct ipsec_key **key);

/* The MAC part of an op over aad | data | tail; writes or checks the tag by direction. */
enum ipsec_status ipseci_ossl_mac_op(struct ipseci_ossl_mac *mac, const struct ipsec_key *key,
                                     const struct ipsec_crypto_op *op);

/* ---- the table's functions, by file ---- */

struct ipseci_ossl_parts {
    const struct ipsec_view *item;
    size_t count;
};

bool ipseci_ossl_supports(void *context, enum ipsec_transform_type type, uint16_t id,
                          uint16_t key_bits);
enum ipsec_status ipseci_ossl_key_new(void *context, const struct ipsec_key_params *params,
                                      struct ipsec_key **key);
void ipseci_ossl_key_free(void *context, struct ipsec_key *key);
bool ipseci_ossl_combines(void *context, uint16_t encr_id, uint16_t encr_key_bits,
                          uint16_t integ_id);
void ipseci_ossl_run(void *context, struct ipsec_crypto_op *const ops[], size_t n);

bool ipseci_ossl_prf_found(const struct ipsec_openssl *provider, uint16_t prf_id);
enum ipsec_status ipseci_ossl_prf(void *context, uint16_t prf_id, struct ipsec_view key,
                                  const struct ipsec_view parts[], size_t part_count, uint8_t *out);
bool ipseci_ossl_aes_prf_found(const struct ipsec_openssl *provider, uint16_t prf_id);
enum ipsec_status ipseci_ossl_aes_prf(const struct ipsec_openssl *provider, uint16_t prf_id,
                                      struct ipsec_view key, struct ipseci_ossl_parts parts,
                                      uint8_t *out);
enum ipsec_status ipseci_ossl_sha1(void *context, const struct ipsec_view parts[],
                                   size_t part_count, uint8_t out[20]);

enum ipsec_status ipseci_ossl_ke_start(void *context, uint16_t ke_id, struct ipsec_ke **ke,
                                       uint8_t *public_value, size_t *public_length);
enum ipsec_status ipseci_ossl_ke_respond(void *context, uint16_t ke_id,
                                         struct ipsec_view peer_public, uint8_t *public_value,
                                         size_t *public_length, uint8_t *secret,
                                         size_t *secret_length);
enum ipsec_status ipseci_ossl_ke_finish(void *context, struct ipsec_ke *ke,
                                        struct ipsec_view peer_public, uint8_t *secret,
                                        size_t *secret_length);
void ipseci_ossl_ke_free(void *context, struct ipsec_ke *ke);

/* ---- signatures ---- */

void ipseci_ossl_signer_find(struct ipsec_openssl *provider);

/* ---- groups ---- */

struct ipseci_ossl_group {
    uint16_t id;
    uint16_t public_octets;
    uint16_t secret_octets;
    bool has_lead;    /* OpenSSL's values begin with 0x04, IKE's do not (RFC 5903 7) */
    bool check_order; /* the peer's value may lie in a small subgroup (RFC 6989 2.2) */
    const char *type; /* OpenSSL's name of the kind of key */
    const char *name; /* and of the group; NULL: the kind has one only */
};

/* By position in ipsec_openssl.group; NULL past the end. */
const struct ipseci_ossl_group *ipseci_ossl_group_at(size_t index);
bool ipseci_ossl_ke_found(const struct ipsec_openssl *provider, uint16_t id);
/* A key of the group, to take parameters from; NULL: OpenSSL does not have it. */
EVP_PKEY *ipseci_ossl_group_key(const struct ipsec_openssl *provider,
                                const struct ipseci_ossl_group *group);
/* Checks the peer's value (RFC 6989) and makes the fixed-width secret; secret is zeroed on failure.
 */
enum ipsec_status ipseci_ossl_agree(const struct ipsec_openssl *provider,
                                    const struct ipseci_ossl_group *group, EVP_PKEY *own,
                                    const uint8_t *peer_public, uint8_t *secret);

#endif
