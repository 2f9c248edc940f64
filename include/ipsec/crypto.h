/* SPDX-License-Identifier: Apache-2.0
 *
 * What the library asks of a crypto provider. A provider is a const table plus a context. A list of
 * providers is given to every object in order of preference and composes per algorithm: the first
 * provider that supports an algorithm does it.
 *
 * Rules for providers
 *  - Results of crypto never depend on hidden state: a key is prepared once (key_new) and run any
 *    number of times.
 *  - Data is worked on in place. No alignment is promised.
 *  - No function keeps a pointer it was given beyond its return, unless it says so.
 *  - No function blocks. Memory for keys comes from the provider's own source.
 *  - The MAC of an opened packet is compared in constant time and before anything is decrypted. A
 *    real AEAD may decrypt in the same pass when it clears what it wrote on a wrong tag.
 */
#ifndef IPSEC_CRYPTO_H
#define IPSEC_CRYPTO_H

#include <ipsec/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Transform types of IKEv2 (RFC 7296 3.3.2, RFC 9370). */
enum ipsec_transform_type {
    IPSEC_TRANSFORM_ENCR = 1,
    IPSEC_TRANSFORM_PRF = 2,
    IPSEC_TRANSFORM_INTEG = 3,
    IPSEC_TRANSFORM_KE = 4,
    IPSEC_TRANSFORM_ESN = 5,
    IPSEC_TRANSFORM_ADDKE1 = 6,
    IPSEC_TRANSFORM_ADDKE7 = 12
};

/* IANA transform IDs the library knows by name. */
enum ipsec_encr_id {
    IPSEC_ENCR_3DES = 3,
    IPSEC_ENCR_NULL = 11,
    IPSEC_ENCR_AES_CBC = 12,
    IPSEC_ENCR_AES_CTR = 13,
    IPSEC_ENCR_AES_CCM_8 = 14,
    IPSEC_ENCR_AES_CCM_12 = 15,
    IPSEC_ENCR_AES_CCM_16 = 16,
    IPSEC_ENCR_AES_GCM_8 = 18,
    IPSEC_ENCR_AES_GCM_12 = 19,
    IPSEC_ENCR_AES_GCM_16 = 20,
    IPSEC_ENCR_NULL_AES_GMAC = 21,
    IPSEC_ENCR_CHACHA20_POLY1305 = 28,
    /* RFC 8750, in ESP only: the IV is the sequence number and not sent. Providers are never asked
     * for these but for the same ciphers with an IV. */
    IPSEC_ENCR_AES_CCM_8_IIV = 29,
    IPSEC_ENCR_AES_GCM_16_IIV = 30,
    IPSEC_ENCR_CHACHA20_POLY1305_IIV = 31
};

enum ipsec_prf_id {
    IPSEC_PRF_HMAC_SHA1 = 2,
    IPSEC_PRF_AES128_XCBC = 4,
    IPSEC_PRF_HMAC_SHA2_256 = 5,
    IPSEC_PRF_HMAC_SHA2_384 = 6,
    IPSEC_PRF_HMAC_SHA2_512 = 7,
    IPSEC_PRF_AES128_CMAC = 8
};

enum ipsec_integ_id {
    IPSEC_INTEG_NONE = 0,
    IPSEC_INTEG_HMAC_SHA1_96 = 2,
    IPSEC_INTEG_AES_XCBC_96 = 5,
    IPSEC_INTEG_AES_CMAC_96 = 8,
    IPSEC_INTEG_HMAC_SHA2_256_128 = 12,
    IPSEC_INTEG_HMAC_SHA2_384_192 = 13,
    IPSEC_INTEG_HMAC_SHA2_512_256 = 14
};

enum ipsec_ke_id {
    IPSEC_KE_NONE = 0,
    IPSEC_KE_MODP_2048 = 14,
    IPSEC_KE_MODP_3072 = 15,
    IPSEC_KE_MODP_4096 = 16,
    IPSEC_KE_ECP_256 = 19,
    IPSEC_KE_ECP_384 = 20,
    IPSEC_KE_ECP_521 = 21,
    IPSEC_KE_MODP_2048_256 = 24, /* RFC 5114; RFC 8247: SHOULD NOT. Only when named explicitly. */
    IPSEC_KE_BRAINPOOL_P256 = 28,
    IPSEC_KE_BRAINPOOL_P384 = 29,
    IPSEC_KE_BRAINPOOL_P512 = 30,
    IPSEC_KE_CURVE25519 = 31,
    IPSEC_KE_CURVE448 = 32
};

enum ipsec_esn_id { IPSEC_ESN_NO = 0, IPSEC_ESN_YES = 1 };

#define IPSEC_KE_PUBLIC_MAX       512 /* MODP 4096 */
#define IPSEC_KE_SECRET_MAX       512
#define IPSEC_PRF_BYTES_MAX       64
#define IPSEC_TAG_BYTES_MAX       32
#define IPSEC_ENCR_KEY_BYTES_MAX  36 /* AES-256 or ChaCha20 key with its 4-octet salt */
#define IPSEC_INTEG_KEY_BYTES_MAX 64

/* Opaque to everyone but the provider that made them. */
struct ipsec_key;
struct ipsec_ke;

enum ipsec_direction { IPSEC_SEAL = 0, IPSEC_OPEN = 1 };

/* What key_new prepares: an AEAD (integ_id NONE), a cipher alone, a MAC alone (encr_id 0), or,
 * where the provider says it can, cipher and MAC as one. */
struct ipsec_key_params {
    uint8_t direction; /* enum ipsec_direction */
    uint16_t encr_id;
    uint16_t encr_key_bits; /* without the salt; 0 for fixed-length ciphers */
    uint16_t integ_id;
    /* As taken from KEYMAT: an AEAD's salt, and AES-CTR's nonce, follow the key: 4 octets, 3 of
     * AES-CCM (RFC 4106 8.1, RFC 4309 7.1, RFC 3686 5.1). */
    struct ipsec_view encr_key;
    struct ipsec_view integ_key; /* empty without MAC */
};

/* One packet's worth of crypto, self-contained, so that a batch may mix keys, SAs and directions.
 *
 *   AEAD            authenticates aad[0..aad_length), ciphers data[0..data_length) in place under
 *                   salt | iv, writes (seal) or checks (open) the tag.
 *   AES-GMAC        an AEAD in shape: authenticates aad | iv | data, changes nothing (RFC 4543).
 *   cipher alone    ciphers data; iv is the whole block of AES-CBC, the 8 octets of AES-CTR, whose
 *                   first counter is 1 (RFC 3686 4); tag and aad unused.
 *   MAC alone       over aad | data | scratch[0..tail_length). aad and data need not touch.
 *   cipher and MAC  encrypt-then-MAC: MAC over aad | data (as ciphertext) | tail. The IV on the
 *                   wire is the last part of aad; iv points at it.
 *
 * The tag's length is the key's. status is written by the provider: IPSEC_OK, IPSEC_DROP_ICV (open
 * only: then data is undefined and must not be used) or IPSEC_FATAL_CRYPTO. */
struct ipsec_crypto_op {
    struct ipsec_key *key;
    uint8_t *data;
    const uint8_t *aad;
    const uint8_t *iv;
    uint8_t *tag;
    uint32_t data_length;
    uint16_t aad_length;
    uint8_t tail_length; /* 0 to 12, octets of scratch */
    uint8_t reserved;
    int16_t status;
    uint8_t scratch[14]; /* the ESP code's: high sequence bits, or a composed AAD */
};

/* Limits of one provider; see each function. All functions may be called from any thread as long as
 * no two calls share a key, a ke or (for random, and for ke_*, which draw random) the context,
 * unless the provider promises more, or asks for more (backend_ipsec_mb.h: a context a thread). */
struct ipsec_crypto {
    uint32_t size; /* sizeof(struct ipsec_crypto) */
    const char *name;
    void *context; /* first argument of every function */

    /* Can it do this algorithm? key_bits is 0 where the length is fixed. Must be constant for the
     * life of the context. */
    bool (*supports)(void *context, enum ipsec_transform_type type, uint16_t id, uint16_t key_bits);

    /* Cryptographically strong octets, all of them, or IPSEC_ERR_RANDOM and the content undefined.
     */
    enum ipsec_status (*random)(void *context, uint8_t *out, size_t length);

    /* Prepares a directed key. The octets of params are copied or expanded, never kept.
     * IPSEC_ERR_NOT_BUILT_IN, IPSEC_ERR_ARGUMENT (a key length that is wrong), IPSEC_ERR_MEMORY. */
    enum ipsec_status (*key_new)(void *context, const struct ipsec_key_params *params,
                                 struct ipsec_key **key);
    /* Wipes and releases; NULL is allowed. */
    void (*key_free)(void *context, struct ipsec_key *key);
    /* True when key_new takes this cipher and MAC as one key. NULL: never; the facade composes. */
    bool (*combines)(void *context, uint16_t encr_id, uint16_t encr_key_bits, uint16_t integ_id);

    /* Runs n ops in order and sets each status. All keys are this provider's. */
    void (*run)(void *context, struct ipsec_crypto_op *const ops[], size_t n);

    /* Look-aside hardware (lookaside.h); both NULL otherwise. submit takes as many as it can, from
     * the first, and says how many; reap gives back finished ops, each once and in any order, at
     * most max, without waiting. Keys and ops stay until their ops are back. Such a provider has
     * run, too. */
    size_t (*submit)(void *context, struct ipsec_crypto_op *const ops[], size_t n);
    size_t (*reap)(void *context, struct ipsec_crypto_op *ops[], size_t max);

    /* prf(key, parts[0] | parts[1] | ...); writes the PRF's whole output. */
    enum ipsec_status (*prf)(void *context, uint16_t prf_id, struct ipsec_view key,
                             const struct ipsec_view parts[], size_t part_count, uint8_t *out);

    /* SHA-1, for NAT detection only (RFC 7296 2.23). NULL: NAT detection is off. */
    enum ipsec_status (*sha1)(void *context, const struct ipsec_view parts[], size_t part_count,
                              uint8_t out[20]);

    /* Key exchange, one shape for Diffie-Hellman and KEM (three moves):
     *   initiator  ke_start   -> ke, own public value (public_length in: room, out: octets)
     *   responder  ke_respond (peer's public) -> own public value and the shared secret
     *   initiator  ke_finish  (ke, peer's public) -> the shared secret
     * Values have the group's fixed length, left-padded with zeros (RFC 7296 2.14, 3.4). Public
     * values are checked as RFC 6989 says: a bad one is IPSEC_DROP_KE. ke_free wipes; NULL allowed.
     */
    enum ipsec_status (*ke_start)(void *context, uint16_t ke_id, struct ipsec_ke **ke,
                                  uint8_t *public_value, size_t *public_length);
    enum ipsec_status (*ke_respond)(void *context, uint16_t ke_id, struct ipsec_view peer_public,
                                    uint8_t *public_value, size_t *public_length, uint8_t *secret,
                                    size_t *secret_length);
    enum ipsec_status (*ke_finish)(void *context, struct ipsec_ke *ke,
                                   struct ipsec_view peer_public, uint8_t *secret,
                                   size_t *secret_length);
    void (*ke_free)(void *context, struct ipsec_ke *ke);

    /* NULL. In the tables of a choice (crypto_choice.h), which have no functions but supports: the
     * provider's own table. */
    const struct ipsec_crypto *real;
};

/* The providers of an object, in order of preference. The array and the tables must outlive it. */
struct ipsec_crypto_list {
    const struct ipsec_crypto *const *item;
    size_t count;
};

/* Checks a provider's table and runs known answers for every algorithm it claims. Meant for
 * start-up. On failure *failed (may be NULL) names the algorithm (constant text). Key exchanges,
 * which draw fresh exponents, are run against themselves: this takes a second or more on a
 * microcontroller. IPSEC_ERR_ARGUMENT: the table is incomplete; IPSEC_FATAL_CRYPTO: an answer is
 * wrong; what key_new or ke_start said otherwise. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_crypto_self_test(const struct ipsec_crypto *provider, const char **failed);

/* True when some provider of the list has it. */
IPSEC_API bool ipsec_crypto_supports(const struct ipsec_crypto_list *list,
                                     enum ipsec_transform_type type, uint16_t id,
                                     uint16_t key_bits);

#ifdef __cplusplus
}
#endif

#endif
