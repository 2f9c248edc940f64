/* SPDX-License-Identifier: Apache-2.0
 *
 * The facade over the crypto providers: what ESP and IKE call. It finds the provider of each
 * algorithm, makes every cipher suite AEAD-shaped, and turns a wrong or lazy provider into an
 * error. No function allocates; keys live in the provider's memory.
 */
#ifndef IPSECI_FACADE_H
#define IPSECI_FACADE_H

#include "suite.h"

/* The first provider of the list that has the algorithm, or NULL. */
const struct ipsec_crypto *ipseci_crypto_find(const struct ipsec_crypto_list *list,
                                              enum ipsec_transform_type type, uint16_t id,
                                              uint16_t key_bits);

/* ---- packets ---- */

/* One pass of a provider over a packet. */
struct ipseci_pass {
    const struct ipsec_crypto *provider; /* NULL: no such pass */
    struct ipsec_key *key;
};

/* A prepared, directed key of any suite in the shape of an AEAD: an AEAD key, a combined key, a MAC
 * alone (ENCR_NULL), or a cipher and a MAC of different providers run one after the other
 * (encrypt-then-MAC). Lives in each SA; the fields below pass are for reading. All zero: not
 * initialised, safe to deinit. */
struct ipseci_aead {
    struct ipseci_pass first;  /* seal: cipher; open: MAC */
    struct ipseci_pass second; /* the other one; provider NULL when one pass does it all */
    uint8_t iv_length;         /* explicit IV on the wire; 0 with ENCR_NULL or an implicit one */
    uint8_t tag_length;        /* ICV on the wire */
    uint8_t block;             /* data_length must be a multiple of this: 4 or 16 (ESP) */
    uint8_t cipher_block;      /* IKE's alignment (RFC 7296 3.14): 16 for CBC, 1 otherwise */
    bool is_aead;   /* real AEAD: the IV is not part of aad; ESN goes into aad, not into the tail */
    bool is_single; /* one provider operation a packet */
    uint8_t direction; /* enum ipsec_direction */
};

/* Prepares a key; the octets of params are not kept.
 * IPSEC_ERR_ARGUMENT: unknown algorithm, key length wrong, AEAD with a MAC.
 * IPSEC_ERR_FORBIDDEN: NULL or a plain cipher without MAC (RFC 4303 3.2, RFC 8221 4).
 * IPSEC_ERR_NOT_BUILT_IN: no provider. IPSEC_ERR_MEMORY. On failure *a is zeroed. */
IPSEC_MUST_CHECK enum ipsec_status ipseci_aead_init(struct ipseci_aead *a,
                                                    const struct ipsec_crypto_list *list,
                                                    const struct ipsec_key_params *params);

/* Frees the keys (the provider wipes them) and wipes *a. */
void ipseci_aead_deinit(struct ipseci_aead *a);

/* Runs ops[i] with aeads[i]; they may mix SAs, suites, providers and directions. Each op has the
 * layout of ipsec_crypto_op's "AEAD" (is_aead) or "cipher and MAC"; op->key is set here.
 * Consecutive ops of one provider go to it in one call. Each ops[i]->status is the result:
 * IPSEC_OK, IPSEC_DROP_ICV, IPSEC_FATAL_CRYPTO. An op that is not IPSEC_OK leaves its data
 * undefined; nothing is decrypted when the MAC is wrong. An aead must not occur in two threads at
 * once. */
void ipseci_aead_run(const struct ipseci_aead *const aeads[], struct ipsec_crypto_op *const ops[],
                     size_t n);

/* ---- pseudorandom functions ---- */

/* A PRF bound to its provider; cheap to make, nothing to release. */
struct ipseci_prf {
    const struct ipsec_crypto *provider;
    uint16_t id;
    uint8_t length;     /* output octets */
    uint8_t key_length; /* preferred key octets */
};

/* IPSEC_ERR_NOT_BUILT_IN when unknown or no provider has it; *prf is zeroed then. */
IPSEC_MUST_CHECK enum ipsec_status
ipseci_prf_bind(struct ipseci_prf *prf, const struct ipsec_crypto_list *list, uint16_t prf_id);

/* out = prf(key, parts[0] | parts[1] | ...), prf->length octets. IPSEC_FATAL_CRYPTO on failure. */
IPSEC_MUST_CHECK enum ipsec_status ipseci_prf_run(const struct ipseci_prf *prf,
                                                  struct ipsec_view key,
                                                  const struct ipsec_view parts[],
                                                  size_t part_count, uint8_t *out);

#define IPSECI_PRF_SEED_PARTS_MAX 6

struct ipseci_parts {
    const struct ipsec_view *item;
    size_t count;
};

/* prf+ (RFC 7296 2.13): the first `length` octets of T1 | T2 | ... IPSEC_ERR_ARGUMENT when more
 * than 255 blocks or IPSECI_PRF_SEED_PARTS_MAX parts; out is wiped on every failure. */
IPSEC_MUST_CHECK enum ipsec_status ipseci_prf_plus(const struct ipseci_prf *prf,
                                                   struct ipsec_view key, struct ipseci_parts seed,
                                                   uint8_t *out, size_t length);

/* ---- random and hash ---- */

/* From the first provider that has random. IPSEC_ERR_RANDOM: failed or none; out is zeroed then. */
IPSEC_MUST_CHECK enum ipsec_status ipseci_random(const struct ipsec_crypto_list *list, void *out,
                                                 size_t length);

/* SHA-1 for NAT detection only. IPSEC_ERR_NOT_BUILT_IN: no provider has it. */
IPSEC_MUST_CHECK enum ipsec_status ipseci_sha1(const struct ipsec_crypto_list *list,
                                               struct ipseci_parts parts, uint8_t out[20]);

/* ---- key exchange ---- */

/* The initiator's half-done exchange: which provider made it. All zero: none. */
struct ipseci_ke_state {
    const struct ipsec_crypto *provider;
    struct ipsec_ke *ke;
    uint16_t group;
};

/* Where octets go: data with room for capacity; length is written on success. */
struct ipseci_octets {
    uint8_t *data;
    size_t capacity;
    size_t length;
};

/* All three: IPSEC_ERR_NOT_BUILT_IN, IPSEC_ERR_BUFFER (room), IPSEC_ERR_MEMORY, IPSEC_ERR_RANDOM,
 * IPSEC_DROP_KE (the peer's value has the wrong length or fails its group's checks),
 * IPSEC_FATAL_CRYPTO (a provider gives lengths other than the group's). Secrets are the caller's to
 * wipe; on failure they are already wiped. They may run on another thread (a job) as long as the
 * provider allows it. */
IPSEC_MUST_CHECK enum ipsec_status ipseci_ke_start(struct ipseci_ke_state *state,
                                                   const struct ipsec_crypto_list *list,
                                                   uint16_t group,
                                                   struct ipseci_octets *public_value);
IPSEC_MUST_CHECK enum ipsec_status ipseci_ke_respond(const struct ipsec_crypto_list *list,
                                                     uint16_t group, struct ipsec_view peer_public,
                                                     struct ipseci_octets *public_value,
                                                     struct ipseci_octets *secret);
/* The state stays valid (a second answer can be tried after a bad one); free it. IPSEC_ERR_STATE
 * when there is none. */
IPSEC_MUST_CHECK enum ipsec_status ipseci_ke_finish(const struct ipseci_ke_state *state,
                                                    struct ipsec_view peer_public,
                                                    struct ipseci_octets *secret);
/* Wipes; safe on a zeroed state and twice. */
void ipseci_ke_free(struct ipseci_ke_state *state);

#endif
