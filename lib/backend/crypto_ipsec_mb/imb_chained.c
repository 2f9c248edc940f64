/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of AES-CBC (RFC 3602) or AES-CTR (RFC 3686), of a MAC, or of both as one (RFC 4303 3.3.2:
 * encrypt, then MAC), and the bursts of jobs for all ops in hand with such keys.
 */
#include "imb.h"

#include <string.h>

#define BLOCK       16u
#define CTR_IV      12u /* nonce | IV; the library appends the counter, from 1 */
#define SALT_OCTETS 4u
#define KEY_LENGTHS 3u
#define CIPHER_NONE UINT8_MAX

/* What one call takes: jobs of one cipher with keys of one length. */
struct cipher {
    IMB_CIPHER_MODE mode;
    IMB_KEY_SIZE_BYTES key_octets;
};

static const struct cipher ciphers[] = {
    {IMB_CIPHER_CBC, IMB_KEY_128_BYTES},  {IMB_CIPHER_CBC, IMB_KEY_192_BYTES},
    {IMB_CIPHER_CBC, IMB_KEY_256_BYTES},  {IMB_CIPHER_CNTR, IMB_KEY_128_BYTES},
    {IMB_CIPHER_CNTR, IMB_KEY_192_BYTES}, {IMB_CIPHER_CNTR, IMB_KEY_256_BYTES},
};

struct chained_key {
    struct ipsec_key base;
    uint8_t cipher; /* index; CIPHER_NONE */
    uint8_t hash;   /* index, where there is a MAC */
    bool has_mac;
    _Alignas(16) uint32_t enc[IPSECI_IMB_ROUND_WORDS];
    _Alignas(16) uint32_t dec[IPSECI_IMB_ROUND_WORDS];
    struct ipseci_imb_mac mac;
};

static void begin(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce);

/* NULL: a slot of another kind of key. */
static const struct chained_key *key_of(const struct ipseci_imb_slot *slot)
{
    const struct ipsec_key *key = slot->op->key;
    return key->begin == begin ? (const struct chained_key *)(const void *)key : NULL;
}

static bool can_cipher(const struct chained_key *key, const struct ipsec_crypto_op *op)
{
    return op->data_length <= IPSECI_IMB_JOB_BYTES_MAX &&
           (ciphers[key->cipher].mode != IMB_CIPHER_CBC || op->data_length % BLOCK == 0);
}

static void begin(struct ipsec_mb *provider, struct ipsec_crypto_op *op, const uint8_t *nonce)
{
    const struct chained_key *key = (const struct chained_key *)(const void *)op->key;
    if (key->cipher != CIPHER_NONE && !can_cipher(key, op)) {
        op->status = IPSEC_FATAL_CRYPTO;
        return;
    }
    ipseci_imb_slot_take(provider, op)->nonce = nonce;
    if (key->cipher != CIPHER_NONE) {
        provider->chains[key->base.direction] |= 1u << key->cipher;
    }
    if (key->has_mac) {
        provider->hashes |= 1u << key->hash;
    }
}

/* Of a slot from which nothing good will come. */
static void give_up(struct ipseci_imb_slot *slot)
{
    slot->jobs++;
}

static void note_burst(const struct ipsec_mb *provider, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ipseci_imb_note_finished(&provider->burst[i]);
    }
}

/* ---- ciphers ------------------------------------------------------------------------------------
 */

static void fill_cipher(IMB_JOB *job, struct ipseci_imb_slot *slot, const struct chained_key *key)
{
    const struct ipsec_crypto_op *op = slot->op;
    const bool is_cbc = ciphers[key->cipher].mode == IMB_CIPHER_CBC;
    job->enc_keys = key->enc;
    job->dec_keys = key->dec;
    job->src = op->data;
    job->dst = op->data;
    job->msg_len_to_cipher_in_bytes = op->data_length;
    job->iv = is_cbc ? op->iv : slot->nonce;
    job->iv_len_in_bytes = is_cbc ? BLOCK : CTR_IV;
    job->key_len_in_bytes = ciphers[key->cipher].key_octets;
    job->cipher_start_src_offset_in_bytes = 0;
    job->status = IMB_STATUS_BEING_PROCESSED;
    job->user_data = slot;
    slot->jobs++;
}

/* All ops of this cipher in this direction. */
static void run_cipher(struct ipsec_mb *provider, uint8_t index, uint8_t direction)
{
    const struct cipher *cipher = &ciphers[index];
    size_t n = 0;
    for (size_t i = 0; i < provider->slots; i++) {
        struct ipseci_imb_slot *slot = &provider->slot[i];
        const struct chained_key *key = key_of(slot);
        if (key != NULL && key->cipher == index && key->base.direction == direction &&
            slot->jobs == 0 && !slot->is_refused && slot->op->data_length != 0) {
            fill_cipher(&provider->burst[n++], slot, key);
        }
    }
    if (n != 0) {
        (void)IMB_SUBMIT_CIPHER_BURST_NOCHECK(
            provider->manager, provider->burst, (uint32_t)n, cipher->mode,
            direction == IPSEC_SEAL ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT, cipher->key_octets);
        note_burst(provider, n);
    }
}

static void run_ciphers(struct ipsec_mb *provider, uint8_t direction)
{
    for (uint8_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
        if ((provider->chains[direction] >> i & 1u) != 0) {
            run_cipher(provider, i, direction);
        }
    }
    provider->chains[direction] = 0;
}

/* ---- MACs ---------------------------------------------------------------------------------------
 */

static void fill_hash(IMB_JOB *job, struct ipseci_imb_slot *slot, const struct chained_key *key,
                      const struct ipseci_imb_span *span)
{
    job->cipher_mode = IMB_CIPHER_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_CIPHER_HASH;
    job->hash_alg = key->mac.hash->algorithm;
    job->src = span->start;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_hash_in_bytes = span->octets;
    job->auth_tag_output = key->base.direction == IPSEC_SEAL ? slot->op->tag : slot->digest;
    job->auth_tag_output_len_in_bytes = key->base.tag_octets;
    key->mac.hash->fill(job, &key->mac);
    job->status = IMB_STATUS_BEING_PROCESSED;
    job->user_data = slot;
    slot->jobs++;
}

/* The first n of the burst. */
static void submit_hashes(struct ipsec_mb *provider, const struct ipseci_imb_hash *hash, size_t n)
{
    if (n == 0) {
        return;
    }
    if (!hash->is_queued) {
        (void)IMB_SUBMIT_HASH_BURST_NOCHECK(provider->manager, provider->burst, (uint32_t)n,
                                            hash->algorithm);
        note_burst(provider, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        *IMB_GET_NEXT_JOB(provider->manager) = provider->burst[i];
        ipseci_imb_submit(provider);
    }
    ipseci_imb_flush(provider);
}

static void answer_nothing(const struct ipseci_imb_slot *slot, const struct chained_key *key,
                           uint8_t *digest)
{
    memcpy(key->base.direction == IPSEC_SEAL ? slot->op->tag : digest, key->mac.of_nothing,
           key->base.tag_octets);
}

/* All ops of this MAC. */
static void run_hash(struct ipsec_mb *provider, uint8_t index)
{
    const struct ipseci_imb_hash *hash = ipseci_imb_hash_at(index);
    size_t n = 0;
    for (size_t i = 0; i < provider->slots; i++) {
        struct ipseci_imb_slot *slot = &provider->slot[i];
        const struct chained_key *key = key_of(slot);
        if (key == NULL || !key->has_mac || key->hash != index || slot->jobs != 0) {
            continue;
        }
        if (!ipseci_imb_is_in_one_piece(slot->op)) { /* one copy at a time */
            submit_hashes(provider, hash, n);
            n = 0;
        }
        const struct ipseci_imb_span span = ipseci_imb_span_of(provider, slot);
        if (span.is_too_long) {
            give_up(slot);
            continue;
        }
        if (span.octets == 0) {
            answer_nothing(slot, key, slot->digest);
            continue;
        }
        fill_hash(&provider->burst[n++], slot, key, &span);
        if (span.is_joined) {
            submit_hashes(provider, hash, n);
            n = 0;
        }
    }
    submit_hashes(provider, hash, n);
}

static void run_hashes(struct ipsec_mb *provider)
{
    for (uint8_t i = 0; provider->hashes >> i != 0; i++) {
        if ((provider->hashes >> i & 1u) != 0) {
            run_hash(provider, i);
        }
    }
    provider->hashes = 0;
}

/* RFC 4303 3.4.4: the ICV is checked first; nothing is deciphered when it is wrong. So the
 * library's way of doing both in one job is not for us. */
static void compare(struct ipsec_mb *provider)
{
    for (size_t i = 0; i < provider->slots; i++) {
        struct ipseci_imb_slot *slot = &provider->slot[i];
        const struct chained_key *key = key_of(slot);
        if (key != NULL && key->has_mac) {
            ipseci_imb_span_end(slot);
            slot->is_refused = key->base.direction == IPSEC_OPEN && slot->jobs == 0 &&
                               !ipseci_imb_equal(slot->digest, slot->op->tag, key->base.tag_octets);
        }
    }
}

void ipseci_imb_chains_run(struct ipsec_mb *provider)
{
    run_ciphers(provider, IPSEC_SEAL);
    if (provider->hashes != 0) {
        run_hashes(provider);
        compare(provider);
    }
    run_ciphers(provider, IPSEC_OPEN);
}

static enum ipsec_status finish(const struct ipseci_imb_slot *slot)
{
    return slot->is_refused ? IPSEC_DROP_ICV : IPSEC_OK;
}

/* ---- keys ---------------------------------------------------------------------------------------
 */

static void set_cipher(const IMB_MGR *manager, struct chained_key *key,
                       const struct ipsec_key_params *params)
{
    const uint8_t octets = (uint8_t)(params->encr_key_bits / 8u);
    const bool is_ctr = params->encr_id == IPSEC_ENCR_AES_CTR;
    key->cipher = (uint8_t)(octets / 8u - 2u + (is_ctr ? KEY_LENGTHS : 0));
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
    key->base.finish = finish;
    key->cipher = CIPHER_NONE;
    if (params->encr_id != 0 && params->encr_id != IPSEC_ENCR_NULL) {
        set_cipher(provider->manager, key, params);
    }
    if (hash != NULL) {
        key->has_mac = true;
        key->hash = ipseci_imb_hash_index(hash);
        key->base.tag_octets = hash->tag_octets;
        ipseci_imb_mac_init(provider->manager, &key->mac, hash, params->integ_key.data);
    }
    *out = &key->base;
    return IPSEC_OK;
}
