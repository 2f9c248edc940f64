/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared inside the ipsec-mb provider: the context, keys, jobs.
 *
 * AES-GCM is a call of the library for each packet. All else are jobs, which the manager works on
 * side by side, whatever their keys: run hands a whole burst to it, has it finish all, and then
 * looks at what became of each.
 */
#ifndef IPSECI_IMB_H
#define IPSECI_IMB_H

#include <ipsec/backend_ipsec_mb.h>

/* Without the names of its versions before 0.53. */
#ifndef NO_COMPAT_IMB_API_053
#define NO_COMPAT_IMB_API_053
#endif
#include <intel-ipsec-mb.h>

/* Jobs in hand at most, below what the manager's queue holds. */
#define IPSECI_IMB_SLOTS 64u
/* The lanes count octets of a message in 16 bits. */
#define IPSECI_IMB_JOB_BYTES_MAX 65520u
#define IPSECI_IMB_TAIL_MAX      12u
#define IPSECI_IMB_DIGEST_MAX    64u
#define IPSECI_IMB_ALIGN         64u

_Static_assert(IPSECI_IMB_SLOTS < IMB_MAX_JOBS, "what is in hand fits into the queue");

/* An op that jobs were made of, until the burst is settled. */
struct ipseci_imb_slot {
    struct ipsec_crypto_op *op;
    uint8_t jobs; /* not finished yet, or failed */
    uint8_t tail; /* octets of the packet's tag that stand in `saved` */
    uint8_t saved[IPSECI_IMB_TAIL_MAX];
    uint8_t digest[IPSECI_IMB_DIGEST_MAX]; /* open: to be compared */
};

struct ipsec_mb {
    struct ipsec_crypto table;
    void *block; /* the caller's */
    size_t block_bytes;
    IMB_MGR *manager; /* behind this struct */
    size_t slots;     /* taken */
    struct ipseci_imb_slot slot[IPSECI_IMB_SLOTS];
    struct gcm_context_data gcm; /* the calls' working memory */
    /* Of the ops in hand. Made for all of them before the first is begun: what reads one octet by
     * octet just after it was put together waits for the processor to have written it. */
    _Alignas(16) uint8_t nonce[IPSECI_IMB_SLOTS][16];
    uint8_t joined[IPSECI_IMB_JOB_BYTES_MAX];
};

/* Also across the end of a function, where a plain memset may be left out. */
void ipseci_imb_wipe(void *data, size_t length);
/* In constant time. */
bool ipseci_imb_equal(const uint8_t *a, const uint8_t *b, size_t length);

/* ---- jobs ---- */

/* A job with nothing in it but the op's slot; fill it in, then submit it before the next. */
IMB_JOB *ipseci_imb_job(struct ipsec_mb *provider, struct ipseci_imb_slot *slot);
void ipseci_imb_submit(struct ipsec_mb *provider);
/* Has all jobs finished. */
void ipseci_imb_flush(struct ipsec_mb *provider);

/* ---- keys ---- */

/* Begins every kind of key. */
struct ipsec_key {
    /* Sets op->status, or takes a slot and submits jobs. nonce: of AEADs, kept until settled. */
    void (*begin)(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce);
    /* Of a slot whose jobs were finished, and none failed: the op's status. More jobs may be
     * submitted that are not waited for; IPSEC_OK is then what it will be. NULL: no slots. */
    enum ipsec_status (*finish)(struct ipsec_mb *provider, struct ipseci_imb_slot *slot);
    uint32_t octets; /* of the whole, to wipe */
    uint8_t direction;
    uint8_t tag_octets;
    bool has_nonce;
    uint8_t salt[4];
};

/* Takes zeroed memory for a key of this size and fills the head; NULL: none left. */
void *ipseci_imb_key_take(size_t octets, const struct ipsec_key_params *params);

/* There is one: run settles when all are taken. */
struct ipseci_imb_slot *ipseci_imb_slot_take(struct ipsec_mb *provider, struct ipsec_crypto_op *op);

/* ---- MACs ---- */

struct ipseci_imb_hash {
    uint16_t integ_id;
    uint8_t tag_octets;
    uint8_t key_octets;
    uint8_t block_octets;
    IMB_HASH_ALG algorithm;
    size_t one_block; /* offsets of the functions in IMB_MGR */
    size_t whole;
};

/* NULL: not there. */
const struct ipseci_imb_hash *ipseci_imb_hash_find(uint16_t integ_id);

/* HMAC (RFC 2104) with the key hashed once: the states after the inner and the outer pad. */
struct ipseci_imb_mac {
    const struct ipseci_imb_hash *hash; /* NULL: none */
    _Alignas(16) uint8_t inner[IPSECI_IMB_DIGEST_MAX];
    _Alignas(16) uint8_t outer[IPSECI_IMB_DIGEST_MAX];
    uint8_t of_nothing[IPSECI_IMB_DIGEST_MAX]; /* the tag of no octets, which no job takes */
};

void ipseci_imb_mac_init(IMB_MGR *manager, struct ipseci_imb_mac *mac,
                         const struct ipseci_imb_hash *hash, const uint8_t *key);

/* Where the octets are that a MAC covers. */
struct ipseci_imb_span {
    const uint8_t *start;
    size_t octets;
    bool is_joined;   /* a copy, which the next op overwrites */
    bool is_too_long; /* for a job; nothing else is set */
};

/* Do aad, data and (by way of the tag's place) the tail touch each other? */
bool ipseci_imb_is_in_one_piece(const struct ipsec_crypto_op *op);
/* aad | data | tail in one piece: where they lie when they touch each other, as in ESP and IKE;
 * then the tail stands in the tag's place, whose octets are in the slot. Otherwise a copy. */
struct ipseci_imb_span ipseci_imb_span_of(struct ipsec_mb *provider, struct ipseci_imb_slot *slot);
/* Puts the octets of the tag back. */
void ipseci_imb_span_end(struct ipseci_imb_slot *slot);

/* The MAC's part of a job; the rest of it is set already. */
void ipseci_imb_mac_job(IMB_JOB *job, const struct ipseci_imb_mac *mac,
                        const struct ipseci_imb_span *span, uint8_t *out);
/* A job for the MAC alone; what does not take one is done here. False: it can not be done. */
bool ipseci_imb_mac_submit(struct ipsec_mb *provider, struct ipseci_imb_slot *slot,
                           const struct ipseci_imb_mac *mac, uint8_t *out);

/* ---- kinds of keys ---- */

/* Each makes one kind of key from params that name it and have the right lengths. */
typedef enum ipsec_status (*ipseci_imb_maker)(struct ipsec_mb *provider,
                                              const struct ipsec_key_params *params,
                                              struct ipsec_key **key);
enum ipsec_status ipseci_imb_gcm_new(struct ipsec_mb *provider,
                                     const struct ipsec_key_params *params, struct ipsec_key **key);
enum ipsec_status ipseci_imb_chacha_new(struct ipsec_mb *provider,
                                        const struct ipsec_key_params *params,
                                        struct ipsec_key **key);
/* AES-CBC alone, or with a MAC. */
enum ipsec_status ipseci_imb_cbc_new(struct ipsec_mb *provider,
                                     const struct ipsec_key_params *params, struct ipsec_key **key);
enum ipsec_status ipseci_imb_mac_new(struct ipsec_mb *provider,
                                     const struct ipsec_key_params *params, struct ipsec_key **key);

/* ---- the table's functions, by file ---- */

bool ipseci_imb_supports(void *context, enum ipsec_transform_type type, uint16_t id,
                         uint16_t key_bits);
enum ipsec_status ipseci_imb_key_new(void *context, const struct ipsec_key_params *params,
                                     struct ipsec_key **key);
void ipseci_imb_key_free(void *context, struct ipsec_key *key);
bool ipseci_imb_combines(void *context, uint16_t encr_id, uint16_t encr_key_bits,
                         uint16_t integ_id);
void ipseci_imb_run(void *context, struct ipsec_crypto_op *const ops[], size_t n);

#endif
