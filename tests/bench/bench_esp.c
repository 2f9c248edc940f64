/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP seal and open beside the same Mbed TLS calls on the same octets without ESP around them. What
 * ours has on top: headers, padding, selectors, sequence numbers, replay window, outer fields, and
 * for AES-CBC the random IVs.
 */
#include "bench.h"

#include <ipsec/backend_mbedtls.h>
#include <ipsec/esp.h>

#include <mbedtls/aes.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST 32u
/* Where keys and packets lie against the stack modulo 4 KiB decides several percent on some
 * processors, in favour of either side. So packets have strides that do not repeat, and several
 * keys at different places take turns. */
#define KEYS         8u
#define BUFFER_BYTES (2048 + 144)
#define OFFSET       128
#define SPI          0x1000u
#define IV_BYTES_MAX 16
#define AAD_BYTES    8

#if MBEDTLS_VERSION_MAJOR >= 3
#define SHA256_STARTS mbedtls_sha256_starts
#define SHA256_UPDATE mbedtls_sha256_update
#define SHA256_FINISH mbedtls_sha256_finish
#else
#define SHA256_STARTS mbedtls_sha256_starts_ret
#define SHA256_UPDATE mbedtls_sha256_update_ret
#define SHA256_FINISH mbedtls_sha256_finish_ret
#endif

static const uint8_t key_octets[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const unsigned sizes[] = {64, 256, 512, 1024, 1420};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* ---- the same crypto alone ----------------------------------------------------------------------
 */

enum cipher { GCM, CBC, CHACHA };

struct raw_key {
    mbedtls_gcm_context gcm;
    mbedtls_aes_context aes_enc;
    mbedtls_aes_context aes_dec;
    mbedtls_sha256_context inner; /* after the key's first block (RFC 2104) */
    mbedtls_sha256_context outer;
    mbedtls_chachapoly_context chacha;
};

struct raw {
    enum cipher cipher;
    size_t octets; /* of the data: inner packet, padding and trailer */
    struct raw_key *key[KEYS];
    uint8_t iv[IV_BYTES_MAX];
    uint8_t header[AAD_BYTES + IV_BYTES_MAX];
    uint8_t data[BURST][BUFFER_BYTES];
    uint8_t tag[BURST][32];
};

static int hmac_start(mbedtls_sha256_context *state, uint8_t pad)
{
    uint8_t block[64];
    memset(block, pad, sizeof(block));
    for (unsigned i = 0; i < 32; i++) {
        block[i] ^= key_octets[i];
    }
    mbedtls_sha256_init(state);
    return SHA256_STARTS(state, 0) | SHA256_UPDATE(state, block, sizeof(block));
}

static struct raw_key *raw_key_new(void)
{
    struct raw_key *k = calloc(1, sizeof(*k));
    bench_require(k != NULL, "no memory");
    mbedtls_gcm_init(&k->gcm);
    mbedtls_aes_init(&k->aes_enc);
    mbedtls_aes_init(&k->aes_dec);
    mbedtls_chachapoly_init(&k->chacha);
    const int failed = mbedtls_gcm_setkey(&k->gcm, MBEDTLS_CIPHER_ID_AES, key_octets, 256) |
                       mbedtls_aes_setkey_enc(&k->aes_enc, key_octets, 256) |
                       mbedtls_aes_setkey_dec(&k->aes_dec, key_octets, 256) |
                       hmac_start(&k->inner, 0x36) | hmac_start(&k->outer, 0x5c) |
                       mbedtls_chachapoly_setkey(&k->chacha, key_octets);
    bench_require(failed == 0, "Mbed TLS takes no key");
    return k;
}

static void raw_key_free(struct raw_key *k)
{
    mbedtls_gcm_free(&k->gcm);
    mbedtls_aes_free(&k->aes_enc);
    mbedtls_aes_free(&k->aes_dec);
    mbedtls_sha256_free(&k->inner);
    mbedtls_sha256_free(&k->outer);
    mbedtls_chachapoly_free(&k->chacha);
    free(k);
}

static void raw_init(struct raw *r, enum cipher cipher)
{
    memset(r, 0, sizeof(*r));
    r->cipher = cipher;
    for (unsigned i = 0; i < KEYS; i++) {
        r->key[i] = raw_key_new();
    }
}

static void raw_free(struct raw *r)
{
    for (unsigned i = 0; i < KEYS; i++) {
        raw_key_free(r->key[i]);
    }
}

static int raw_hmac(const struct raw *r, const struct raw_key *k, const uint8_t *data, uint8_t *tag)
{
    mbedtls_sha256_context state;
    uint8_t digest[32];
    mbedtls_sha256_init(&state);
    mbedtls_sha256_clone(&state, &k->inner);
    int failed = SHA256_UPDATE(&state, r->header, sizeof(r->header)) |
                 SHA256_UPDATE(&state, data, r->octets) | SHA256_FINISH(&state, digest);
    mbedtls_sha256_clone(&state, &k->outer);
    failed |= SHA256_UPDATE(&state, digest, sizeof(digest)) | SHA256_FINISH(&state, tag);
    mbedtls_sha256_free(&state);
    return failed;
}

static int raw_seal_one(const struct raw *r, struct raw_key *k, uint8_t *data, uint8_t *tag)
{
    uint8_t iv[IV_BYTES_MAX];
    switch (r->cipher) {
    case GCM:
        return mbedtls_gcm_crypt_and_tag(&k->gcm, MBEDTLS_GCM_ENCRYPT, r->octets, r->iv, 12,
                                         r->header, AAD_BYTES, data, data, 16, tag);
    case CBC:
        memcpy(iv, r->iv, sizeof(iv));
        return mbedtls_aes_crypt_cbc(&k->aes_enc, MBEDTLS_AES_ENCRYPT, r->octets, iv, data, data) |
               raw_hmac(r, k, data, tag);
    case CHACHA:
        return mbedtls_chachapoly_encrypt_and_tag(&k->chacha, r->octets, r->iv, r->header,
                                                  AAD_BYTES, data, data, tag);
    }
    return -1;
}

static int raw_open_one(const struct raw *r, struct raw_key *k, uint8_t *data, const uint8_t *tag)
{
    uint8_t iv[IV_BYTES_MAX];
    uint8_t expected[32];
    switch (r->cipher) {
    case GCM:
        return mbedtls_gcm_auth_decrypt(&k->gcm, r->octets, r->iv, 12, r->header, AAD_BYTES, tag,
                                        16, data, data);
    case CBC:
        memcpy(iv, r->iv, sizeof(iv));
        if (raw_hmac(r, k, data, expected) != 0 || memcmp(expected, tag, 16) != 0) {
            return -1;
        }
        return mbedtls_aes_crypt_cbc(&k->aes_dec, MBEDTLS_AES_DECRYPT, r->octets, iv, data, data);
    case CHACHA:
        return mbedtls_chachapoly_auth_decrypt(&k->chacha, r->octets, r->iv, r->header, AAD_BYTES,
                                               tag, data, data);
    }
    return -1;
}

static void raw_seal(void *work)
{
    struct raw *r = work;
    int failed = 0;
    for (unsigned i = 0; i < BURST; i++) {
        failed |= raw_seal_one(r, r->key[i % KEYS], r->data[i], r->tag[i]);
    }
    bench_require(failed == 0, "Mbed TLS does not encrypt");
}

static void raw_open(void *work)
{
    struct raw *r = work;
    int failed = 0;
    for (unsigned i = 0; i < BURST; i++) {
        failed |= raw_open_one(r, r->key[i % KEYS], r->data[i], r->tag[i]);
    }
    bench_require(failed == 0, "Mbed TLS does not decrypt");
}

/* ---- ESP ----------------------------------------------------------------------------------------
 */

struct ours {
    struct ipsec_sa *out[KEYS];
    struct ipsec_sa *in[KEYS];
    unsigned octets;
    struct ipsec_packet packet[BURST];
    struct ipsec_packet *list[BURST];
    _Alignas(max_align_t) uint8_t out_block[KEYS][1024];
    _Alignas(max_align_t) uint8_t in_block[KEYS][1024];
    uint8_t buffer[BURST][BUFFER_BYTES];
};

static struct ipsec_suite suite_of(enum cipher cipher)
{
    struct ipsec_suite s = {.protocol = IPSEC_PROTOCOL_ESP};
    switch (cipher) {
    case GCM:
        s.encr = IPSEC_ENCR_AES_GCM_16;
        s.encr_key_bits = 256;
        break;
    case CBC:
        s.encr = IPSEC_ENCR_AES_CBC;
        s.encr_key_bits = 256;
        s.integ = IPSEC_INTEG_HMAC_SHA2_256_128;
        break;
    case CHACHA:
        s.encr = IPSEC_ENCR_CHACHA20_POLY1305;
        break;
    }
    return s;
}

static struct ipsec_selectors selectors_of(const char *text)
{
    struct ipsec_selectors ts = {.count = 1};
    bench_require(ipsec_selector_parse(text, &ts.item[0]) == IPSEC_OK, "selector");
    return ts;
}

static void ours_init(struct ours *o, enum cipher cipher, const struct ipsec_crypto_list *crypto)
{
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    memset(o, 0, sizeof(*o));
    p.spi = SPI;
    p.suite = suite_of(cipher);
    p.encr_key.data = key_octets;
    p.encr_key.length = cipher == CBC ? 32 : 36;
    p.integ_key.data = key_octets;
    p.integ_key.length = cipher == CBC ? 32 : 0;
    for (unsigned i = 0; i < KEYS; i++) {
        p.direction = IPSEC_SEAL;
        p.local_ts = selectors_of("192.168.1.0/24");
        p.remote_ts = selectors_of("192.168.2.0/24");
        bench_require(ipsec_sa_init(o->out_block[i], sizeof(o->out_block[i]), &p, crypto,
                                    &o->out[i]) == IPSEC_OK,
                      "outbound SA");
        p.direction = IPSEC_OPEN;
        p.local_ts = selectors_of("192.168.2.0/24");
        p.remote_ts = selectors_of("192.168.1.0/24");
        bench_require(ipsec_sa_init(o->in_block[i], sizeof(o->in_block[i]), &p, crypto,
                                    &o->in[i]) == IPSEC_OK,
                      "inbound SA");
    }
}

static void ours_deinit(struct ours *o)
{
    for (unsigned i = 0; i < KEYS; i++) {
        ipsec_sa_deinit(o->out[i]);
        ipsec_sa_deinit(o->in[i]);
    }
}

/* A fresh inner packet in every buffer. */
static void ours_fill(void *work)
{
    struct ours *o = work;
    for (unsigned i = 0; i < BURST; i++) {
        struct ipsec_packet *p = &o->packet[i];
        uint8_t *inner = o->buffer[i] + OFFSET;
        static const uint8_t start[20] = {0x45, 0, 0,   0,   0, 0,  0,   0,   64, 17,
                                          0,    0, 192, 168, 1, 10, 192, 168, 2,  10};
        memcpy(inner, start, sizeof(start));
        inner[2] = (uint8_t)(o->octets >> 8);
        inner[3] = (uint8_t)o->octets;
        p->buffer = o->buffer[i];
        p->capacity = BUFFER_BYTES;
        p->offset = OFFSET;
        p->length = o->octets;
        p->sa = o->out[i % KEYS];
        o->list[i] = p;
    }
}

static void ours_seal(void *work)
{
    struct ours *o = work;
    bench_require(ipsec_esp_seal(o->list, BURST) == BURST, "a packet is not sealed");
}

static void ours_fill_and_seal(void *work)
{
    struct ours *o = work;
    ours_fill(o);
    ours_seal(o);
    for (unsigned i = 0; i < BURST; i++) {
        o->packet[i].sa = o->in[i % KEYS];
    }
}

static void ours_open(void *work)
{
    struct ours *o = work;
    bench_require(ipsec_esp_open(o->list, BURST) == BURST, "a packet is not opened");
}

/* ---- rows and marks -----------------------------------------------------------------------------
 */

struct subject {
    enum cipher cipher;
    const char *name;
};

static const struct subject subjects[] = {
    {GCM, "aes256gcm16"}, {CBC, "aes256-sha256"}, {CHACHA, "chacha20poly1305"}};

static void mark(struct bench_report *report, const struct bench_row *row)
{
    char name[80];
    if (strcmp(row->suite, "aes256gcm16") != 0) {
        return;
    }
    if (row->octets == 64) {
        snprintf(name, sizeof(name), "esp_%s_%s_64_over_raw_ns", row->what, row->suite);
        bench_mark(report, name, row->result.over_ns, 80, BENCH_AT_MOST);
    } else if (row->octets == 1420) {
        snprintf(name, sizeof(name), "esp_%s_%s_1420_of_raw", row->what, row->suite);
        bench_mark(report, name, row->result.of_raw, 0.97, BENCH_AT_LEAST);
    }
}

static void measure(struct bench_report *report, const struct subject *subject,
                    const struct ipsec_crypto_list *crypto, bool is_open)
{
    static struct ours ours;
    static struct raw raw;
    ours_init(&ours, subject->cipher, crypto);
    raw_init(&raw, subject->cipher);
    const unsigned block = subject->cipher == CBC ? 16 : 4;
    for (size_t i = 0; i < SIZES; i++) {
        ours.octets = sizes[i];
        raw.octets = (sizes[i] + 2 + block - 1) / block * block;
        const struct bench_pair us = {is_open ? ours_fill_and_seal : ours_fill,
                                      is_open ? ours_open : ours_seal, &ours};
        const struct bench_pair them = {is_open ? raw_seal : NULL, is_open ? raw_open : raw_seal,
                                        &raw};
        const struct bench_row row = {is_open ? "open" : "seal", subject->name, sizes[i],
                                      bench_compare(report, &us, &them, BURST)};
        bench_row(report, &row);
        mark(report, &row);
    }
    ours_deinit(&ours);
    raw_free(&raw);
}

int main(int argc, char **argv)
{
    struct bench_report *report = bench_start("esp", argc, argv, 2001);
    struct ipsec_mbedtls *provider;
    bench_require(ipsec_mbedtls_new(NULL, &provider) == IPSEC_OK, "no Mbed TLS provider");
    const struct ipsec_crypto *const items[1] = {ipsec_mbedtls_crypto(provider)};
    const struct ipsec_crypto_list crypto = {items, 1};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        measure(report, &subjects[i], &crypto, false);
        measure(report, &subjects[i], &crypto, true);
    }
    ipsec_mbedtls_free(provider);
    return bench_finish(report);
}
