/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP seal and open on each provider beside the same calls of its library on the same octets
 * without ESP around them. What ours has on top: headers, padding, selectors, sequence numbers,
 * replay window, outer fields, and for AES-CBC the random IVs.
 */
#include "bench.h"
#include "esp_raw.h"

#include <ipsec/esp.h>

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

const uint8_t esp_raw_key[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const unsigned sizes[] = {64, 256, 512, 1024, 1420};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* ---- the same crypto alone ----------------------------------------------------------------------
 */

struct raw {
    const struct esp_raw *by;
    void *key[KEYS];
    uint8_t iv[ESP_RAW_IV_BYTES];
    uint8_t header[ESP_RAW_AAD_BYTES + ESP_RAW_IV_BYTES];
    struct esp_raw_packet packet[BURST];
    uint8_t data[BURST][BUFFER_BYTES];
    uint8_t tag[BURST][32];
};

static void raw_init(struct raw *r, const struct esp_raw *by, enum esp_cipher cipher)
{
    memset(r, 0, sizeof(*r));
    r->by = by;
    for (unsigned i = 0; i < KEYS; i++) {
        r->key[i] = by->key_new(cipher);
    }
    for (unsigned i = 0; i < BURST; i++) {
        r->packet[i] = (struct esp_raw_packet){
            .header = r->header, .iv = r->iv, .data = r->data[i], .tag = r->tag[i]};
    }
}

/* Of the data: inner packet, padding and trailer. */
static void raw_octets(struct raw *r, size_t octets)
{
    for (unsigned i = 0; i < BURST; i++) {
        r->packet[i].octets = octets;
    }
}

static void raw_free(struct raw *r)
{
    for (unsigned i = 0; i < KEYS; i++) {
        r->by->key_free(r->key[i]);
    }
}

static void raw_seal(void *work)
{
    struct raw *r = work;
    int failed = 0;
    for (unsigned i = 0; i < BURST; i++) {
        failed |= r->by->seal(r->key[i % KEYS], &r->packet[i]);
    }
    bench_require(failed == 0, "the library does not encrypt");
}

static void raw_open(void *work)
{
    struct raw *r = work;
    int failed = 0;
    for (unsigned i = 0; i < BURST; i++) {
        failed |= r->by->open(r->key[i % KEYS], &r->packet[i]);
    }
    bench_require(failed == 0, "the library does not decrypt");
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

static struct ipsec_suite suite_of(enum esp_cipher cipher)
{
    struct ipsec_suite s = {.protocol = IPSEC_PROTOCOL_ESP};
    switch (cipher) {
    case ESP_GCM:
        s.encr = IPSEC_ENCR_AES_GCM_16;
        s.encr_key_bits = 256;
        break;
    case ESP_CBC:
        s.encr = IPSEC_ENCR_AES_CBC;
        s.encr_key_bits = 256;
        s.integ = IPSEC_INTEG_HMAC_SHA2_256_128;
        break;
    case ESP_CHACHA:
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

static void ours_init(struct ours *o, enum esp_cipher cipher,
                      const struct ipsec_crypto_list *crypto)
{
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    memset(o, 0, sizeof(*o));
    p.spi = SPI;
    p.suite = suite_of(cipher);
    p.encr_key.data = esp_raw_key;
    p.encr_key.length = cipher == ESP_CBC ? 32 : 36;
    p.integ_key.data = esp_raw_key;
    p.integ_key.length = cipher == ESP_CBC ? 32 : 0;
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
    enum esp_cipher cipher;
    const char *name;
};

static const struct subject subjects[] = {
    {ESP_GCM, "aes256gcm16"}, {ESP_CBC, "aes256-sha256"}, {ESP_CHACHA, "chacha20poly1305"}};

/* AES-256-GCM is what the marks are about. */
static void mark(struct bench_report *report, const struct esp_marks *marks,
                 const struct bench_row *row)
{
    char name[80];
    char suite[32];
    (void)snprintf(suite, sizeof(suite), "%s", row->suite);
    for (char *at = suite; *at != '\0'; at++) {
        *at = *at == ' ' ? '_' : *at;
    }
    (void)snprintf(name, sizeof(name), "esp_%s_%s_%u_", row->what, suite, row->octets);
    char *end = name + strlen(name);
    const size_t room = sizeof(name) - strlen(name);
    if (row->octets == 64 && marks->over_raw_64_ns != 0) {
        (void)snprintf(end, room, "over_raw_ns");
        bench_mark(report, name, row->result.over_ns, marks->over_raw_64_ns, BENCH_AT_MOST);
    }
    (void)snprintf(end, room, "of_raw");
    if (row->octets == 64 && marks->of_raw_64 != 0) {
        bench_mark(report, name, row->result.of_raw, marks->of_raw_64, BENCH_AT_LEAST);
    }
    if (row->octets == 1420 && marks->of_raw_1420 != 0) {
        bench_mark(report, name, row->result.of_raw, marks->of_raw_1420, BENCH_AT_LEAST);
    }
}

static void measure(struct bench_report *report, const struct esp_raw *by,
                    const struct subject *subject, const struct ipsec_crypto_list *crypto,
                    bool is_open)
{
    static struct ours ours;
    static struct raw raw;
    char name[32];
    (void)snprintf(name, sizeof(name), "%s%s", by->prefix, subject->name);
    ours_init(&ours, subject->cipher, crypto);
    raw_init(&raw, by, subject->cipher);
    const unsigned block = subject->cipher == ESP_CBC ? 16 : 4;
    for (size_t i = 0; i < SIZES; i++) {
        ours.octets = sizes[i];
        raw_octets(&raw, (sizes[i] + 2 + block - 1) / block * block);
        const struct bench_pair us = {is_open ? ours_fill_and_seal : ours_fill,
                                      is_open ? ours_open : ours_seal, &ours};
        const struct bench_pair them = {is_open ? raw_seal : NULL, is_open ? raw_open : raw_seal,
                                        &raw};
        const struct bench_row row = {is_open ? "open" : "seal", name, sizes[i],
                                      bench_compare(report, &us, &them, BURST)};
        bench_row(report, &row);
        if (subject->cipher == ESP_GCM) {
            mark(report, &by->marks, &row);
        }
    }
    ours_deinit(&ours);
    raw_free(&raw);
}

static void measure_all(struct bench_report *report, const struct esp_raw *by)
{
    if (by == NULL) {
        return;
    }
    const struct ipsec_crypto *const items[1] = {by->provider_new()};
    const struct ipsec_crypto_list crypto = {items, 1};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        measure(report, by, &subjects[i], &crypto, false);
        measure(report, by, &subjects[i], &crypto, true);
    }
    by->provider_free();
}

int main(int argc, char **argv)
{
    struct bench_report *report = bench_start("esp", argc, argv, 2001);
    measure_all(report, esp_raw_mbedtls());
    measure_all(report, esp_raw_openssl());
    return bench_finish(report);
}
