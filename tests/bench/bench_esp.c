/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP seal and open on each provider beside the same calls of its library on the same octets
 * without ESP around them. What ours has on top: headers, padding, selectors, sequence numbers,
 * replay window, outer fields, and for AES-CBC the random IVs.
 */
#include "bench.h"
#include "esp_ours.h"
#include "esp_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST        ESP_OURS_BURST
#define KEYS         ESP_OURS_KEYS
#define BUFFER_BYTES ESP_OURS_BUFFER_BYTES
#define HEADROOM     128

_Static_assert(BURST <= ESP_RAW_BURST_MAX, "see esp_raw.h");

static const unsigned sizes[] = {64, 256, 512, 1024, 1420};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* ---- the same crypto alone ----------------------------------------------------------------------
 */

struct raw {
    const struct esp_raw *by;
    void *key[KEYS];
    void *key_of[BURST];
    uint8_t iv[ESP_RAW_IV_BYTES];
    uint8_t header[ESP_RAW_AAD_BYTES + ESP_RAW_IV_BYTES];
    struct esp_raw_packet packet[BURST];
    _Alignas(ESP_OURS_LINE) uint8_t data[BURST][BUFFER_BYTES];
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
            .header = r->header, .iv = r->iv, .data = r->data[i] + HEADROOM, .tag = r->tag[i]};
        r->key_of[i] = r->key[i % KEYS];
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
    if (r->by->burst != NULL) {
        bench_require(r->by->burst(r->key_of, r->packet, BURST, false) == 0,
                      "the library does not encrypt");
        return;
    }
    for (unsigned i = 0; i < BURST; i++) {
        failed |= r->by->seal(r->key[i % KEYS], &r->packet[i]);
    }
    bench_require(failed == 0, "the library does not encrypt");
}

static void raw_open(void *work)
{
    struct raw *r = work;
    int failed = 0;
    if (r->by->burst != NULL) {
        bench_require(r->by->burst(r->key_of, r->packet, BURST, true) == 0,
                      "the library does not decrypt");
        return;
    }
    for (unsigned i = 0; i < BURST; i++) {
        failed |= r->by->open(r->key[i % KEYS], &r->packet[i]);
    }
    bench_require(failed == 0, "the library does not decrypt");
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
    if (marks->over_raw_ns != 0) {
        (void)snprintf(end, room, "over_raw_ns");
        bench_mark(report, name, row->result.over_ns, marks->over_raw_ns, BENCH_AT_MOST);
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
    static struct esp_ours ours;
    static struct raw raw;
    char name[32];
    (void)snprintf(name, sizeof(name), "%s%s", by->prefix, subject->name);
    esp_ours_init(&ours, subject->cipher, crypto, IPSEC_OUTER_NONE);
    raw_init(&raw, by, subject->cipher);
    const unsigned block = subject->cipher == ESP_CBC ? 16 : 4;
    for (size_t i = 0; i < SIZES; i++) {
        ours.octets = sizes[i];
        raw_octets(&raw, (sizes[i] + 2 + block - 1) / block * block);
        const struct bench_pair us = {is_open ? esp_ours_fill_and_seal : esp_ours_fill,
                                      is_open ? esp_ours_open : esp_ours_seal, &ours};
        const struct bench_pair them = {is_open ? raw_seal : NULL, is_open ? raw_open : raw_seal,
                                        &raw};
        const struct bench_row row = {is_open ? "open" : "seal", name, sizes[i],
                                      bench_compare(report, &us, &them, BURST)};
        bench_row(report, &row);
        if (subject->cipher == ESP_GCM) {
            mark(report, &by->marks, &row);
        }
    }
    esp_ours_deinit(&ours);
    raw_free(&raw);
}

/* behind: whose random octets are taken where there are none; NULL: none is needed. */
static void measure_all(struct bench_report *report, const struct esp_raw *by,
                        const struct esp_raw *behind)
{
    const struct ipsec_crypto *const first = by != NULL ? by->provider_new() : NULL;
    if (first == NULL) {
        return;
    }
    const struct ipsec_crypto *const items[2] = {first,
                                                 behind != NULL ? behind->provider_new() : NULL};
    const struct ipsec_crypto_list crypto = {items, behind != NULL ? 2 : 1};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        measure(report, by, &subjects[i], &crypto, false);
        measure(report, by, &subjects[i], &crypto, true);
    }
    by->provider_free();
    if (behind != NULL) {
        behind->provider_free();
    }
}

int main(int argc, char **argv)
{
    struct bench_report *report = bench_start("esp", argc, argv, 2001);
    const struct esp_raw *openssl = esp_raw_openssl();
    measure_all(report, esp_raw_mbedtls(), NULL);
    measure_all(report, openssl, NULL);
    measure_all(report, esp_raw_ipsec_mb(), openssl != NULL ? openssl : esp_raw_mbedtls());
    return bench_finish(report);
}
