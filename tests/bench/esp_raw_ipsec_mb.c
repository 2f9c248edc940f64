/* SPDX-License-Identifier: Apache-2.0
 *
 * ipsec-mb by hand: AES-GCM by its direct call, the others as jobs of a whole burst, chained as its
 * examples do it, with expanded keys and the states of HMAC after their pads.
 */
#include "bench.h"
#include "esp_raw.h"

#include <ipsec/backend_ipsec_mb.h>

#include <intel-ipsec-mb.h>

#include <stdlib.h>
#include <string.h>

struct key {
    _Alignas(64) struct gcm_key_data gcm;
    _Alignas(16) uint32_t enc[60];
    _Alignas(16) uint32_t dec[60];
    _Alignas(16) uint8_t inner[64];
    _Alignas(16) uint8_t outer[64];
    enum esp_cipher cipher;
};

static IMB_MGR *manager; /* of the library alone */
static void *blocks[ESP_RAW_THREADS];
static struct ipsec_mb *providers[ESP_RAW_THREADS];
static unsigned provider_count;

static const struct ipsec_crypto *provider_new(void)
{
    size_t bytes = 0;
    struct ipsec_mb *provider;
    bench_require(provider_count < ESP_RAW_THREADS, "too many providers");
    bench_require(ipsec_mb_size(&bytes) == IPSEC_OK, "no size");
    void *block = malloc(bytes);
    if (ipsec_mb_init(block, bytes, NULL, &provider) != IPSEC_OK) {
        free(block);
        return NULL; /* not on this processor */
    }
    if (manager == NULL) {
        manager = alloc_mb_mgr(0);
        bench_require(manager != NULL, "no ipsec-mb");
        init_mb_mgr_auto(manager, NULL);
    }
    blocks[provider_count] = block;
    providers[provider_count++] = provider;
    return ipsec_mb_crypto(provider);
}

static void provider_free(void)
{
    while (provider_count != 0) {
        provider_count--;
        ipsec_mb_deinit(providers[provider_count]);
        free(blocks[provider_count]);
    }
    free_mb_mgr(manager);
    manager = NULL;
}

static void hmac_start(uint8_t *state, uint8_t pad)
{
    uint8_t octets[64];
    memset(octets, pad, sizeof(octets));
    for (unsigned i = 0; i < 32; i++) {
        octets[i] ^= esp_raw_key[i];
    }
    IMB_SHA256_ONE_BLOCK(manager, octets, state);
}

static void *key_new(enum esp_cipher cipher)
{
    const size_t octets = (sizeof(struct key) + 63) / 64 * 64;
    struct key *k = aligned_alloc(64, octets);
    bench_require(k != NULL, "no key");
    memset(k, 0, octets);
    k->cipher = cipher;
    IMB_AES256_GCM_PRE(manager, esp_raw_key, &k->gcm);
    IMB_AES_KEYEXP_256(manager, esp_raw_key, k->enc, k->dec);
    hmac_start(k->inner, 0x36);
    hmac_start(k->outer, 0x5c);
    return k;
}

/* ---- AES-GCM ------------------------------------------------------------------------------------
 */

static int seal(void *key, const struct esp_raw_packet *p)
{
    const struct key *k = key;
    struct gcm_context_data context;
    IMB_AES256_GCM_ENC(manager, &k->gcm, &context, p->data, p->data, p->octets, p->iv, p->header,
                       ESP_RAW_AAD_BYTES, p->tag, 16);
    return 0;
}

static int open_packet(void *key, const struct esp_raw_packet *p)
{
    const struct key *k = key;
    struct gcm_context_data context;
    uint8_t tag[16];
    IMB_AES256_GCM_DEC(manager, &k->gcm, &context, p->data, p->data, p->octets, p->iv, p->header,
                       ESP_RAW_AAD_BYTES, tag, 16);
    return memcmp(tag, p->tag, 16) == 0 ? 0 : -1;
}

/* ---- jobs ---------------------------------------------------------------------------------------
 */

static void fill_cbc(IMB_JOB *job, const struct key *k, const struct esp_raw_packet *p)
{
    job->cipher_mode = IMB_CIPHER_CBC;
    job->hash_alg = IMB_AUTH_HMAC_SHA_256;
    job->enc_keys = k->enc;
    job->dec_keys = k->dec;
    job->iv_len_in_bytes = 16;
    job->hash_start_src_offset_in_bytes = 0;
    job->cipher_start_src_offset_in_bytes = ESP_RAW_AAD_BYTES + ESP_RAW_IV_BYTES;
    job->src = p->data - ESP_RAW_AAD_BYTES - ESP_RAW_IV_BYTES;
    job->msg_len_to_hash_in_bytes = ESP_RAW_AAD_BYTES + ESP_RAW_IV_BYTES + p->octets;
    job->u.HMAC._hashed_auth_key_xor_ipad = k->inner;
    job->u.HMAC._hashed_auth_key_xor_opad = k->outer;
}

static void fill_chacha(IMB_JOB *job, const struct esp_raw_packet *p)
{
    job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job->enc_keys = esp_raw_key;
    job->dec_keys = esp_raw_key;
    job->iv_len_in_bytes = 12;
    job->hash_start_src_offset_in_bytes = 0;
    job->cipher_start_src_offset_in_bytes = 0;
    job->src = p->data;
    job->msg_len_to_hash_in_bytes = p->octets;
    job->u.CHACHA20_POLY1305.aad = p->header;
    job->u.CHACHA20_POLY1305.aad_len_in_bytes = ESP_RAW_AAD_BYTES;
}

static void submit(const struct key *k, const struct esp_raw_packet *p, bool is_open, uint8_t *tag)
{
    IMB_JOB *job = IMB_GET_NEXT_JOB(manager);
    if (k->cipher == ESP_CBC) {
        fill_cbc(job, k, p);
    } else {
        fill_chacha(job, p);
    }
    job->cipher_direction = is_open ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT;
    job->chain_order = is_open ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
    job->key_len_in_bytes = 32;
    job->dst = p->data;
    job->msg_len_to_cipher_in_bytes = p->octets;
    job->iv = p->iv;
    job->auth_tag_output = tag;
    job->auth_tag_output_len_in_bytes = 16;
    IMB_SUBMIT_JOB_NOCHECK(manager);
}

static int burst(void *const keys[], const struct esp_raw_packet *p, unsigned n, bool is_open)
{
    uint8_t made[ESP_RAW_BURST_MAX][16];
    int failed = 0;
    if (((const struct key *)keys[0])->cipher == ESP_GCM) {
        for (unsigned i = 0; i < n; i++) {
            failed |= is_open ? open_packet(keys[i], &p[i]) : seal(keys[i], &p[i]);
        }
        return failed;
    }
    for (unsigned i = 0; i < n; i++) {
        submit(keys[i], &p[i], is_open, is_open ? made[i] : p[i].tag);
    }
    while (IMB_FLUSH_JOB(manager) != NULL) {
    }
    for (unsigned i = 0; is_open && i < n; i++) {
        failed |= memcmp(made[i], p[i].tag, 16);
    }
    return failed;
}

const struct esp_raw *esp_raw_ipsec_mb(void)
{
    static const struct esp_raw raw = {.prefix = "ipsec-mb ",
                                       .marks = {.of_raw_64 = 0.80, .of_raw_1420 = 0.92},
                                       .provider_new = provider_new,
                                       .provider_free = provider_free,
                                       .key_new = key_new,
                                       .key_free = free,
                                       .burst = burst};
    return &raw;
}
