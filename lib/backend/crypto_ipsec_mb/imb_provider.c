/* SPDX-License-Identifier: Apache-2.0
 *
 * The ipsec-mb provider itself: its table, its context, and bursts of ops.
 */
#include "imb.h"

#include <string.h>

/* An AES of lookups, which the older library has for processors without AES-NI, is not used: its
 * time tells of the key. */
#ifdef IMB_FEATURE_AESNI_EMU
#define UNWANTED IMB_FEATURE_AESNI_EMU
#else
#define UNWANTED 0u
#endif

struct level {
    void (*init)(IMB_MGR *manager);
    uint64_t needs;
};

static void init_best(IMB_MGR *manager)
{
    init_mb_mgr_auto(manager, NULL);
}

static const struct level levels[] = {
    [IPSEC_MB_BEST] = {init_best, IMB_CPUFLAGS_SSE},
    [IPSEC_MB_SSE] = {init_mb_mgr_sse, IMB_CPUFLAGS_SSE},
    [IPSEC_MB_AVX2] = {init_mb_mgr_avx2, IMB_CPUFLAGS_AVX2},
    [IPSEC_MB_AVX512] = {init_mb_mgr_avx512, IMB_CPUFLAGS_AVX512},
};

/* The tails are among what is read. */
static void watch_before(struct ipsec_crypto_op *const ops[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct ipsec_crypto_op *op = ops[i];
        const struct ipsec_key *key = op->key;
        ipseci_imb_will_read(op->aad, op->aad_length);
        ipseci_imb_will_read(op->data, op->data_length);
        ipseci_imb_will_read(op->scratch, op->tail_length);
        ipseci_imb_will_read(op->iv, key->has_nonce ? 8 : 0);
        ipseci_imb_will_read(op->tag, key->direction == IPSEC_OPEN ? key->tag_octets : 0);
    }
}

static void watch_after(struct ipsec_crypto_op *const ops[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct ipsec_key *key = ops[i]->key;
        ipseci_imb_has_written(ops[i]->tag, key->direction == IPSEC_SEAL ? key->tag_octets : 0);
    }
}

static void run_watched(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    watch_before(ops, n);
    ipseci_imb_run(context, ops, n);
    watch_after(ops, n);
}

static const struct ipsec_crypto table = {
    .size = sizeof(struct ipsec_crypto),
    .name = "ipsec-mb",
    .supports = ipseci_imb_supports,
    .key_new = ipseci_imb_key_new,
    .key_free = ipseci_imb_key_free,
    .combines = ipseci_imb_combines,
    .run = run_watched,
};

void ipseci_imb_wipe(void *data, size_t length)
{
    memset(data, 0, length);
    __asm__ volatile("" : : "r"(data) : "memory");
}

enum ipsec_status ipseci_imb_compare(const struct ipsec_crypto_op *op, const uint8_t *made)
{
    if (ipseci_imb_equal(made, op->tag, op->key->tag_octets)) {
        return IPSEC_OK;
    }
    if (op->data_length != 0) {
        ipseci_imb_wipe(op->data, op->data_length);
    }
    return IPSEC_DROP_ICV;
}

/* ---- the context --------------------------------------------------------------------------------
 */

static size_t aligned(size_t octets)
{
    return (octets + IPSECI_IMB_ALIGN - 1) / IPSECI_IMB_ALIGN * IPSECI_IMB_ALIGN;
}

enum ipsec_status ipsec_mb_size(size_t *bytes)
{
    if (bytes == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *bytes = IPSECI_IMB_ALIGN + aligned(sizeof(struct ipsec_mb)) + aligned(imb_get_mb_mgr_size());
    return IPSEC_OK;
}

/* Completes an older caller's config with zeros; refuses a newer one that says something unknown.
 */
static enum ipsec_status read_config(struct ipsec_mb_config *to, const struct ipsec_mb_config *from)
{
    *to = (struct ipsec_mb_config)IPSEC_MB_CONFIG_INIT;
    if (from == NULL) {
        return IPSEC_OK;
    }
    if (from->size < sizeof(from->size)) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    for (size_t i = sizeof(*to); i < from->size; i++) {
        if (((const uint8_t *)from)[i] != 0) {
            return IPSEC_ERR_STRUCT_SIZE;
        }
    }
    memcpy(to, from, from->size < sizeof(*to) ? from->size : sizeof(*to));
    return to->level < sizeof(levels) / sizeof(levels[0]) ? IPSEC_OK : IPSEC_ERR_ARGUMENT;
}

static enum ipsec_status start(struct ipsec_mb *p, uint8_t *memory, const struct level *level)
{
    p->manager = imb_set_pointers_mb_mgr(memory, 0, 1);
    if (p->manager == NULL) {
        return IPSEC_FATAL_CRYPTO;
    }
    if ((p->manager->features & level->needs) != level->needs) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    level->init(p->manager);
    if ((p->manager->features & UNWANTED) != 0) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    const uint64_t tested = IMB_FEATURE_SELF_TEST | IMB_FEATURE_SELF_TEST_PASS;
    return imb_get_errno(p->manager) == 0 && (p->manager->features & tested) == tested
               ? IPSEC_OK
               : IPSEC_FATAL_CRYPTO;
}

enum ipsec_status ipsec_mb_init(void *block, size_t block_bytes,
                                const struct ipsec_mb_config *config, struct ipsec_mb **out)
{
    struct ipsec_mb_config c;
    size_t needed = 0;
    if (out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *out = NULL;
    enum ipsec_status status = read_config(&c, config);
    if (status != IPSEC_OK) {
        return status;
    }
    if (block == NULL || ipsec_mb_size(&needed) != IPSEC_OK) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (block_bytes < needed) {
        return IPSEC_ERR_BUFFER;
    }
    memset(block, 0, needed);
    uint8_t *first = (uint8_t *)block + (0u - (uintptr_t)block) % IPSECI_IMB_ALIGN;
    struct ipsec_mb *provider = (struct ipsec_mb *)(void *)first;
    status = start(provider, first + aligned(sizeof(*provider)), &levels[c.level]);
    if (status != IPSEC_OK) {
        return status;
    }
    provider->table = table;
    provider->table.context = provider;
    provider->block = block;
    provider->block_bytes = needed;
    *out = provider;
    return IPSEC_OK;
}

const struct ipsec_crypto *ipsec_mb_crypto(const struct ipsec_mb *provider)
{
    return &provider->table;
}

void ipsec_mb_deinit(struct ipsec_mb *provider)
{
    if (provider != NULL) {
        ipseci_imb_wipe(provider->block, provider->block_bytes);
    }
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */

struct ipseci_imb_slot *ipseci_imb_slot_take(struct ipsec_mb *provider, struct ipsec_crypto_op *op)
{
    struct ipseci_imb_slot *slot = &provider->slot[provider->slots++];
    slot->op = op;
    slot->jobs = 0;
    return slot;
}

IMB_JOB *ipseci_imb_job(struct ipsec_mb *provider, struct ipseci_imb_slot *slot)
{
    IMB_JOB *job = IMB_GET_NEXT_JOB(provider->manager);
    job->cipher_mode = IMB_CIPHER_NULL;
    job->hash_alg = IMB_AUTH_NULL;
    job->chain_order = IMB_ORDER_CIPHER_HASH;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->user_data = slot;
    slot->jobs++;
    return job;
}

void ipseci_imb_note_finished(const IMB_JOB *job)
{
    struct ipseci_imb_slot *slot = job->user_data;
    slot->jobs = (uint8_t)(slot->jobs - (job->status == IMB_STATUS_COMPLETED));
}

/* The jobs' fields were checked as they were filled in. */
void ipseci_imb_submit(struct ipsec_mb *provider)
{
    const IMB_JOB *job = IMB_SUBMIT_JOB_NOCHECK(provider->manager);
    while (job != NULL) {
        ipseci_imb_note_finished(job);
        job = IMB_GET_COMPLETED_JOB(provider->manager);
    }
}

void ipseci_imb_flush(struct ipsec_mb *provider)
{
    const IMB_JOB *job;
    while ((job = IMB_FLUSH_JOB(provider->manager)) != NULL) {
        ipseci_imb_note_finished(job);
    }
}

/* ---- bursts -------------------------------------------------------------------------------------
 */

static void settle_slots(struct ipsec_mb *provider)
{
    ipseci_imb_flush(provider);
    for (size_t i = 0; i < provider->slots; i++) {
        const struct ipseci_imb_slot *slot = &provider->slot[i];
        slot->op->status =
            (int16_t)(slot->jobs == 0 ? slot->op->key->finish(slot) : IPSEC_FATAL_CRYPTO);
    }
    provider->slots = 0;
}

/* RFC 3686 4, RFC 4106 4, RFC 4309 4, RFC 7634 2: salt | IV. */
static void make_nonces(struct ipsec_mb *provider, struct ipsec_crypto_op *const ops[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct ipsec_key *key = ops[i]->key;
        if (key->has_nonce) {
            memcpy(provider->nonce[i], key->salt, sizeof(key->salt));
            memcpy(provider->nonce[i] + sizeof(key->salt) - key->salt_lacks, ops[i]->iv, 8);
        }
    }
}

void ipseci_imb_run(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    struct ipsec_mb *provider = context;
    const size_t done = ipseci_imb_gcm_row(provider, ops, n);
    for (size_t from = done; from < n; from += IPSECI_IMB_SLOTS) {
        const size_t count = n - from < IPSECI_IMB_SLOTS ? n - from : IPSECI_IMB_SLOTS;
        make_nonces(provider, ops + from, count);
        for (size_t i = 0; i < count; i++) {
            struct ipsec_crypto_op *op = ops[from + i];
            op->key->begin(provider, op, provider->nonce[i]);
        }
        if (provider->slots != 0) {
            settle_slots(provider);
        }
        if (provider->links != 0) {
            ipseci_imb_chains_run(provider);
        }
    }
}
