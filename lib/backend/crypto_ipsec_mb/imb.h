/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared inside the ipsec-mb provider: the context, keys, jobs.
 *
 * AES-GCM and AES-GMAC are calls of the library for each packet. ChaCha20-Poly1305 and AES-CCM are
 * jobs in the manager's queue, which run hands over and then has finished all together. Ciphers and
 * MACs, alone or as one key, are bursts of jobs of one algorithm, whatever their keys, which the
 * library works on side by side and without its queue: one suite and direction after the other.
 */
#ifndef IPSECI_IMB_H
#define IPSECI_IMB_H

#include "imb_watch.h"

#include <ipsec/backend_ipsec_mb.h>

/* Without the names of its versions before 0.53. */
#ifndef NO_COMPAT_IMB_API_053
#define NO_COMPAT_IMB_API_053
#endif
#include <intel-ipsec-mb.h>
#include <string.h>

/* Jobs in hand at most, below what the manager's queue holds. */
#define IPSECI_IMB_SLOTS 64u
/* The lanes count octets of a message in 16 bits. */
#define IPSECI_IMB_JOB_BYTES_MAX 65520u
#define IPSECI_IMB_TAIL_MAX      12u
#define IPSECI_IMB_DIGEST_MAX    64u
#define IPSECI_IMB_TAG_MAX       16u /* of AEADs */
#define IPSECI_IMB_ALIGN         64u

_Static_assert(IPSECI_IMB_SLOTS < IMB_MAX_JOBS, "what is in hand fits into the queue");

/* An op that jobs were made of, until the burst is settled. */
struct ipseci_imb_slot {
    struct ipsec_crypto_op *op;
    const uint8_t *nonce;
    uint8_t jobs;                       /* not finished yet, or failed */
    uint8_t digest[IPSECI_IMB_TAG_MAX]; /* open: to be compared */
};

/* An op with a key of a cipher, a MAC, or both, until the burst is settled. */
struct ipseci_imb_link {
    struct ipsec_crypto_op *op;
    const uint8_t *nonce;
    uint32_t kind;
};

struct ipsec_mb {
    struct ipsec_crypto table;
    void *block; /* the caller's */
    size_t block_bytes;
    IMB_MGR *manager; /* behind this struct */
    size_t slots;     /* taken */
    struct ipseci_imb_slot slot[IPSECI_IMB_SLOTS];
    size_t links; /* taken */
    struct ipseci_imb_link link[IPSECI_IMB_SLOTS];
    struct gcm_context_data gcm; /* the calls' working memory */
    /* Of the ops of one kind, in their order: */
    IMB_JOB burst[IPSECI_IMB_SLOTS];
    uint8_t digest[IPSECI_IMB_SLOTS][IPSECI_IMB_DIGEST_MAX]; /* open: to be compared */
    uint8_t saved[IPSECI_IMB_SLOTS][IPSECI_IMB_TAIL_MAX];    /* of tags in whose place tails are */
    /* Of the ops in hand. Made for all of them before the first is begun: what reads one octet by
     * octet just after it was put together waits for the processor to have written it. */
    _Alignas(16) uint8_t nonce[IPSECI_IMB_SLOTS][16];
    uint8_t joined[IPSECI_IMB_JOB_BYTES_MAX];
};

/* Also across the end of a function, where a plain memset may be left out. */
void ipseci_imb_wipe(void *data, size_t length);
/* In constant time. a: what the library has made. */
static inline bool ipseci_imb_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
    uint32_t different = 0;
    size_t i = 0;
    ipseci_imb_has_written(a, length);
    for (; length - i >= sizeof(uint32_t); i += sizeof(uint32_t)) { /* all tags: whole words */
        uint32_t x;
        uint32_t y;
        memcpy(&x, a + i, sizeof(x));
        memcpy(&y, b + i, sizeof(y));
        different |= x ^ y;
    }
    for (; i < length; i++) {
        different |= (uint32_t)(a[i] ^ b[i]);
    }
    return different == 0;
}

/* ---- jobs ---- */

/* A job with nothing in it but the op's slot; fill it in, then submit it before the next. */
IMB_JOB *ipseci_imb_job(struct ipsec_mb *provider, struct ipseci_imb_slot *slot);
void ipseci_imb_submit(struct ipsec_mb *provider);
/* Has all jobs finished. */
void ipseci_imb_flush(struct ipsec_mb *provider);
/* Of a job that came back: one that did not end well stays counted. */
void ipseci_imb_note_finished(const IMB_JOB *job);
/* Compares the tag of an AEAD that is opened; what was deciphered before it was known is not left
 * there when it is wrong. */
enum ipsec_status ipseci_imb_compare(const struct ipsec_crypto_op *op, const uint8_t *made);

/* ---- keys ---- */

/* Begins every kind of key. */
struct ipsec_key {
    /* Sets op->status, or takes a slot and submits jobs, or takes a link. nonce: of AEADs and
     * AES-CTR, kept until settled. */
    void (*begin)(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce);
    /* Of a slot whose jobs were finished, and none failed: the op's status. NULL: no slots. */
    enum ipsec_status (*finish)(const struct ipseci_imb_slot *slot);
    uint32_t octets; /* of the whole, to wipe */
    uint8_t direction;
    uint8_t tag_octets;
    bool has_nonce;
    uint8_t salt_lacks; /* octets that the salt has less than 4 */
    uint8_t salt[4];
};

/* Takes zeroed memory for a key of this size and fills the head; NULL: none left. */
void *ipseci_imb_key_take(size_t octets, const struct ipsec_key_params *params);

/* There is one: run settles when all are taken. */
struct ipseci_imb_slot *ipseci_imb_slot_take(struct ipsec_mb *provider, struct ipsec_crypto_op *op);

/* The round keys of AES that the library is given. */
#define IPSECI_IMB_ROUND_WORDS 60u /* of AES-256 */
void ipseci_imb_expand(const IMB_MGR *manager, uint8_t key_octets, const uint8_t *octets,
                       uint32_t *enc, uint32_t *dec);

/* ---- MACs ---- */

struct ipseci_imb_mac;

struct ipseci_imb_hash {
    uint16_t integ_id;
    uint8_t tag_octets;
    uint8_t key_octets;
    uint8_t block_octets; /* HMAC */
    bool is_queued;       /* the library has no bursts of it */
    IMB_HASH_ALG algorithm;
    size_t one_block; /* HMAC: offsets of the functions in IMB_MGR */
    size_t whole;
    void (*init)(IMB_MGR *manager, struct ipseci_imb_mac *mac, const uint8_t *key);
    void (*fill)(IMB_JOB *job, const struct ipseci_imb_mac *mac); /* NULL: HMAC */
};

/* NULL: not there. */
const struct ipseci_imb_hash *ipseci_imb_hash_find(uint16_t integ_id);

/* A MAC with its key. */
struct ipseci_imb_mac {
    const struct ipseci_imb_hash *hash; /* NULL: none */
    union {
        struct { /* HMAC (RFC 2104): the states after the inner and the outer pad */
            _Alignas(16) uint8_t inner[IPSECI_IMB_DIGEST_MAX];
            _Alignas(16) uint8_t outer[IPSECI_IMB_DIGEST_MAX];
        } hmac;
        struct { /* of AES: the cipher's key, and the masks of a last block, full and not */
            _Alignas(16) uint32_t rounds[IPSECI_IMB_ROUND_WORDS];
            _Alignas(16) uint8_t whole[16];
            _Alignas(16) uint8_t part[16];
        } aes;
    } of;
    uint8_t of_nothing[IPSECI_IMB_DIGEST_MAX]; /* the tag of no octets, which no job takes */
};

void ipseci_imb_mac_init(IMB_MGR *manager, struct ipseci_imb_mac *mac,
                         const struct ipseci_imb_hash *hash, const uint8_t *key);

/* The job's fields of this algorithm. */
static inline void ipseci_imb_mac_fill(IMB_JOB *job, const struct ipseci_imb_mac *mac)
{
    if (mac->hash->fill != NULL) {
        mac->hash->fill(job, mac);
        return;
    }
    job->u.HMAC._hashed_auth_key_xor_ipad = mac->of.hmac.inner;
    job->u.HMAC._hashed_auth_key_xor_opad = mac->of.hmac.outer;
}

/* Copies aad | data | tail. */
void ipseci_imb_join(uint8_t *to, const struct ipsec_crypto_op *op);

/* ---- ciphers and MACs ---- */

/* Has all done that was begun with keys of ciphers and MACs. */
void ipseci_imb_chains_run(struct ipsec_mb *provider);

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
enum ipsec_status ipseci_imb_ccm_new(struct ipsec_mb *provider,
                                     const struct ipsec_key_params *params, struct ipsec_key **key);
enum ipsec_status ipseci_imb_gmac_new(struct ipsec_mb *provider,
                                      const struct ipsec_key_params *params,
                                      struct ipsec_key **key);
/* AES-CBC or AES-CTR, a MAC, or both. */
enum ipsec_status ipseci_imb_chained_new(struct ipsec_mb *provider,
                                         const struct ipsec_key_params *params,
                                         struct ipsec_key **key);

/* Has the ops in front done that are of AES-GCM and of one direction: what there is to do in
 * begin, without a call in between. How many. */
size_t ipseci_imb_gcm_row(struct ipsec_mb *provider, struct ipsec_crypto_op *const ops[], size_t n);

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
