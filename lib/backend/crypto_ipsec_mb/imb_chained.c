/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of AES-CBC (RFC 3602) or AES-CTR (RFC 3686), of a MAC, or of both as one (RFC 4303 3.3.2:
 * encrypt, then MAC), and the bursts of jobs for all ops in hand with such keys. A job is filled in
 * once, for the burst of ciphers and for that of MACs.
 */
#include "imb.h"

#include <string.h>

#define BLOCK       16u
#define CTR_IV      12u /* nonce | IV; the library appends the counter, from 1 */
#define SALT_OCTETS 4u
#define KEY_LENGTHS 3u
#define CIPHER_NONE 0u

/* What one call takes: jobs of one cipher with keys of one length. */
struct cipher {
    IMB_CIPHER_MODE mode;
    uint8_t key_octets;
    uint8_t iv_octets;
};

static const struct cipher ciphers[] = {
    [CIPHER_NONE] = {IMB_CIPHER_NULL, 0, 0},      {IMB_CIPHER_CBC, IMB_KEY_128_BYTES, BLOCK},
    {IMB_CIPHER_CBC, IMB_KEY_192_BYTES, BLOCK},   {IMB_CIPHER_CBC, IMB_KEY_256_BYTES, BLOCK},
    {IMB_CIPHER_CNTR, IMB_KEY_128_BYTES, CTR_IV}, {IMB_CIPHER_CNTR, IMB_KEY_192_BYTES, CTR_IV},
    {IMB_CIPHER_CNTR, IMB_KEY_256_BYTES, CTR_IV},
};

struct chained_key {
    struct ipsec_key base;
    uint8_t cipher; /* index */
    bool has_mac;
    uint32_t kind; /* of ops that go together: cipher, MAC, direction */
    _Alignas(16) uint32_t enc[IPSECI_IMB_ROUND_WORDS];
    _Alignas(16) uint32_t dec[IPSECI_IMB_ROUND_WORDS];
    struct ipseci_imb_mac mac;
};

/* Besides a kind: the op is done alone. */
#define ALONE (UINT32_C(1) << 31)

static inline const struct chained_key *key_of(const struct ipsec_crypto_op *op)
{
    return (const struct chained_key *)(const void *)op->key;
}

/* ---- which ops ----------------------------------------------------------------------------------
 */

static inline size_t octets_of(const struct ipsec_crypto_op *op)
{
    return (size_t)op->aad_length + op->data_length + op->tail_length;
}

static inline bool is_possible(const struct chained_key *key, const struct ipsec_crypto_op *op)
{
    return octets_of(op) <= IPSECI_IMB_JOB_BYTES_MAX && op->tail_length <= IPSECI_IMB_TAIL_MAX &&
           (ciphers[key->cipher].mode != IMB_CIPHER_CBC || op->data_length % BLOCK == 0);
}

static inline const uint8_t *start_of(const struct ipsec_crypto_op *op)
{
    return op->aad_length != 0 ? op->aad : op->data;
}

/* Do aad, data and (by way of the tag's place) the tail touch each other, as in ESP and IKE? */
static inline bool is_in_one_piece(const struct ipsec_crypto_op *op)
{
    const uint8_t *aad_end = start_of(op) + op->aad_length;
    return (op->data_length == 0 || aad_end == op->data) &&
           (op->tail_length == 0 || aad_end + op->data_length == op->tag);
}

/* There is no cipher's job of no octets, nor a MAC's; and of pieces apart a copy is made, for which
 * there is one place. */
static inline bool is_for_itself(const struct chained_key *key, const struct ipsec_crypto_op *op)
{
    return op->data_length == 0 || (key->has_mac && !is_in_one_piece(op));
}

static void begin(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    const struct chained_key *key = key_of(op);
    if (!is_possible(key, op)) {
        op->status = IPSEC_FATAL_CRYPTO;
        return;
    }
    op->status = IPSEC_OK; /* until something goes wrong */
    provider->link[provider->links++] = (struct ipseci_imb_link){
        .op = op, .nonce = nonce, .kind = key->kind | (is_for_itself(key, op) ? ALONE : 0)};
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */

/* from: where src will point. */
static inline void fill_cipher(IMB_JOB *job, const struct ipseci_imb_link *link,
                               const uint8_t *from)
{
    const struct ipsec_crypto_op *op = link->op;
    const struct chained_key *key = key_of(op);
    const struct cipher *cipher = &ciphers[key->cipher];
    const bool is_cbc = cipher->mode == IMB_CIPHER_CBC;
    job->enc_keys = key->enc;
    job->dec_keys = key->dec;
    job->key_len_in_bytes = cipher->key_octets;
    job->src = from;
    job->dst = op->data;
    job->cipher_start_src_offset_in_bytes = (uint64_t)(op->data - from);
    job->msg_len_to_cipher_in_bytes = op->data_length;
    ipseci_imb_will_read(op->iv, is_cbc ? BLOCK : 0);
    job->iv = is_cbc ? op->iv : link->nonce;
    job->iv_len_in_bytes = cipher->iv_octets;
    job->status = IMB_STATUS_BEING_PROCESSED;
    job->user_data = link->op;
}

/* from: aad | data | tail. */
static inline void fill_mac(IMB_JOB *job, struct ipsec_crypto_op *op, const uint8_t *from,
                            uint8_t *digest)
{
    const struct chained_key *key = key_of(op);
    job->src = from;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_hash_in_bytes = octets_of(op);
    job->auth_tag_output = key->base.direction == IPSEC_SEAL ? op->tag : digest;
    job->auth_tag_output_len_in_bytes = key->base.tag_octets;
    job->status = IMB_STATUS_BEING_PROCESSED;
    job->user_data = op;
    ipseci_imb_mac_fill(job, &key->mac);
}

/* The octets of a tag in whose place the tail stands. No tag is shorter than a tail. */
static inline void put_tail(uint8_t saved[IPSECI_IMB_TAIL_MAX], const struct ipsec_crypto_op *op)
{
    if (op->tail_length != 0) {
        memcpy(saved, op->tag, IPSECI_IMB_TAIL_MAX);
        memcpy(op->tag, op->scratch, IPSECI_IMB_TAIL_MAX);
    }
}

static inline void take_tail(const uint8_t saved[IPSECI_IMB_TAIL_MAX],
                             const struct ipsec_crypto_op *op)
{
    if (op->tail_length != 0) {
        memcpy(op->tag, saved, IPSECI_IMB_TAIL_MAX);
    }
}

/* The first n of the burst have come back. */
static void note_burst(struct ipsec_mb *provider, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        IMB_JOB *job = &provider->burst[i];
        if (job->status != IMB_STATUS_COMPLETED) {
            ((struct ipsec_crypto_op *)job->user_data)->status = IPSEC_FATAL_CRYPTO;
        }
        job->status = IMB_STATUS_BEING_PROCESSED;
    }
}

static void run_ciphers(struct ipsec_mb *provider, const struct chained_key *key, size_t n)
{
    const struct cipher *cipher = &ciphers[key->cipher];
    if (n != 0) {
        (void)IMB_SUBMIT_CIPHER_BURST_NOCHECK(
            provider->manager, provider->burst, (uint32_t)n, cipher->mode,
            key->base.direction == IPSEC_SEAL ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT,
            (IMB_KEY_SIZE_BYTES)cipher->key_octets);
        note_burst(provider, n);
    }
}

static void take_back(const IMB_JOB *job)
{
    ((IMB_JOB *)job->user_data)->status = job->status;
}

/* What the library has no bursts of goes through its queue, which is empty before and after. */
static void queue_macs(struct ipsec_mb *provider, IMB_HASH_ALG algorithm, size_t n)
{
    const IMB_JOB *done;
    for (size_t i = 0; i < n; i++) {
        IMB_JOB *job = IMB_GET_NEXT_JOB(provider->manager);
        *job = provider->burst[i];
        job->cipher_mode = IMB_CIPHER_NULL;
        job->cipher_direction = IMB_DIR_ENCRYPT;
        job->chain_order = IMB_ORDER_CIPHER_HASH;
        job->hash_alg = algorithm;
        job->user_data = &provider->burst[i];
        for (done = IMB_SUBMIT_JOB_NOCHECK(provider->manager); done != NULL;
             done = IMB_GET_COMPLETED_JOB(provider->manager)) {
            take_back(done);
        }
    }
    while ((done = IMB_FLUSH_JOB(provider->manager)) != NULL) {
        take_back(done);
    }
}

static void run_macs(struct ipsec_mb *provider, const struct ipseci_imb_hash *hash, size_t n)
{
    if (hash->is_queued) {
        queue_macs(provider, hash->algorithm, n);
    } else {
        (void)IMB_SUBMIT_HASH_BURST_NOCHECK(provider->manager, provider->burst, (uint32_t)n,
                                            hash->algorithm);
    }
}

/* RFC 4303 3.4.4: the ICV is checked first; nothing is deciphered when it is wrong. So the
 * library's way of doing both in one job is not for us. Only jobs of right ones stay in the burst;
 * how many. */
static size_t keep_right(struct ipsec_mb *provider, uint8_t tag_octets, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        IMB_JOB *job = &provider->burst[i];
        struct ipsec_crypto_op *op = job->user_data;
        if (job->status != IMB_STATUS_COMPLETED) {
            op->status = IPSEC_FATAL_CRYPTO;
        } else if (!ipseci_imb_equal(provider->digest[i], op->tag, tag_octets)) {
            op->status = IPSEC_DROP_ICV;
        } else {
            job->status = IMB_STATUS_BEING_PROCESSED;
            if (kept != i) {
                provider->burst[kept] = *job;
            }
            kept++;
        }
    }
    return kept;
}

/* ---- ops of one kind ----------------------------------------------------------------------------
 */

static void fill_burst(struct ipsec_mb *provider, const struct ipseci_imb_link *links, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ipsec_crypto_op *op = links[i].op;
        const struct chained_key *key = key_of(op);
        IMB_JOB *job = &provider->burst[i];
        const uint8_t *from = key->has_mac ? start_of(op) : op->data;
        if (key->cipher != CIPHER_NONE) {
            fill_cipher(job, &links[i], from);
        }
        if (key->has_mac) {
            put_tail(provider->saved[i], op);
            fill_mac(job, op, from, provider->digest[i]);
        }
    }
}

static void seal_burst(struct ipsec_mb *provider, const struct chained_key *key, size_t n)
{
    if (key->cipher != CIPHER_NONE) {
        run_ciphers(provider, key, n);
    }
    if (key->has_mac) {
        run_macs(provider, key->mac.hash, n);
        note_burst(provider, n);
    }
}

static void open_burst(struct ipsec_mb *provider, const struct chained_key *key,
                       const struct ipseci_imb_link *links, size_t n)
{
    if (key->has_mac) {
        run_macs(provider, key->mac.hash, n);
        for (size_t i = 0; i < n; i++) {
            take_tail(provider->saved[i], links[i].op);
        }
        n = keep_right(provider, key->base.tag_octets, n);
    }
    if (key->cipher != CIPHER_NONE) {
        run_ciphers(provider, key, n);
    }
}

static void run_burst(struct ipsec_mb *provider, const struct ipseci_imb_link *links, size_t n)
{
    const struct chained_key *key = key_of(links[0].op);
    fill_burst(provider, links, n);
    if (key->base.direction == IPSEC_SEAL) {
        seal_burst(provider, key, n);
    } else {
        open_burst(provider, key, links, n);
    }
}

/* ---- one op for itself --------------------------------------------------------------------------
 */

static void cipher_alone(struct ipsec_mb *provider, const struct ipseci_imb_link *link)
{
    const struct chained_key *key = key_of(link->op);
    if (key->cipher != CIPHER_NONE && link->op->data_length != 0) {
        fill_cipher(&provider->burst[0], link, link->op->data);
        run_ciphers(provider, key, 1);
    }
}

static void mac_alone(struct ipsec_mb *provider, struct ipsec_crypto_op *op)
{
    const struct chained_key *key = key_of(op);
    uint8_t *made = provider->digest[0];
    if (!key->has_mac) {
        return;
    }
    if (octets_of(op) == 0) {
        memcpy(made, key->mac.of_nothing, key->base.tag_octets);
        if (key->base.direction == IPSEC_SEAL) {
            memcpy(op->tag, made, key->base.tag_octets);
        }
    } else {
        ipseci_imb_join(provider->joined, op);
        fill_mac(&provider->burst[0], op, provider->joined, made);
        run_macs(provider, key->mac.hash, 1);
        note_burst(provider, 1);
    }
    if (key->base.direction == IPSEC_OPEN && op->status == IPSEC_OK &&
        !ipseci_imb_equal(made, op->tag, key->base.tag_octets)) {
        op->status = IPSEC_DROP_ICV;
    }
}

static void run_alone(struct ipsec_mb *provider, const struct ipseci_imb_link *link)
{
    if (link->op->key->direction == IPSEC_SEAL) {
        cipher_alone(provider, link);
        mac_alone(provider, link->op);
        return;
    }
    mac_alone(provider, link->op);
    if (link->op->status == IPSEC_OK) {
        cipher_alone(provider, link);
    }
}

/* ---- all that are in hand -----------------------------------------------------------------------
 */

/* Brings those of the first one's kind to the front; how many they are. */
static size_t gather(struct ipseci_imb_link *links, size_t n)
{
    size_t same = 1;
    for (size_t i = 1; i < n; i++) {
        if (links[i].kind == links[0].kind) {
            const struct ipseci_imb_link link = links[i];
            links[i] = links[same];
            links[same++] = link;
        }
    }
    return same;
}

void ipseci_imb_chains_run(struct ipsec_mb *provider)
{
    struct ipseci_imb_link *links = provider->link;
    size_t left = provider->links;
    while (left != 0) {
        const size_t n = gather(links, left);
        if ((links[0].kind & ALONE) == 0) {
            run_burst(provider, links, n);
        } else {
            for (size_t i = 0; i < n; i++) {
                run_alone(provider, &links[i]);
            }
        }
        links += n;
        left -= n;
    }
    provider->links = 0;
}

/* ---- keys ---------------------------------------------------------------------------------------
 */

static void set_cipher(const IMB_MGR *manager, struct chained_key *key,
                       const struct ipsec_key_params *params)
{
    const uint8_t octets = (uint8_t)(params->encr_key_bits / 8u);
    const bool is_ctr = params->encr_id == IPSEC_ENCR_AES_CTR;
    key->cipher = (uint8_t)(octets / 8u - 1u + (is_ctr ? KEY_LENGTHS : 0));
    key->base.has_nonce = is_ctr;
    if (is_ctr) {
        memcpy(key->base.salt, params->encr_key.data + octets, SALT_OCTETS);
    }
    ipseci_imb_expand(manager, octets, params->encr_key.data, key->enc, key->dec);
}

enum ipsec_status ipseci_imb_chained_new(struct ipsec_mb *provider,
                                         const struct ipsec_key_params *params,
                                         struct ipsec_key **out)
{
    const struct ipseci_imb_hash *hash = ipseci_imb_hash_find(params->integ_id);
    struct chained_key *key = ipseci_imb_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.begin = begin;
    if (params->encr_id != 0 && params->encr_id != IPSEC_ENCR_NULL) {
        set_cipher(provider->manager, key, params);
    }
    if (hash != NULL) {
        key->has_mac = true;
        key->base.tag_octets = hash->tag_octets;
        ipseci_imb_mac_init(provider->manager, &key->mac, hash, params->integ_key.data);
    }
    key->kind = (uint32_t)key->cipher << 16 | (uint32_t)params->integ_id << 1 | params->direction;
    *out = &key->base;
    return IPSEC_OK;
}
