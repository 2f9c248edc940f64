/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP seal and open beside DPDK's rte_ipsec over Intel's multi-buffer library, in turns: the same
 * inner packets in the same tunnel, bursts of 32 of one SA. Times begin with a burst of packets and
 * end with a burst of packets; allocating and filling buffers is in neither's, nor is reading the
 * outer header of a packet to be opened, from which its SA is found.
 *
 * What ours does in addition: it holds each inner packet against the selectors, makes the IPv4
 * checksum of the outer header (DPDK leaves that to the network card), and draws the IVs of AES-CBC
 * at random (rte_ipsec's are the sequence number).
 */
#include "bench.h"
#include "esp_ours.h"
#include "rte_side.h"

#include <stdio.h>
#include <string.h>

static const unsigned sizes[] = {64, 256, 512, 1024, 1420};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define WAYS  2u

static const char *const way_names[WAYS] = {[RTE_WAY_ASYNC] = "async", [RTE_WAY_SYNC] = "sync"};

/* How many times as fast as DPDK ours must be, by octets; 0: nothing is demanded. */
struct subject {
    enum esp_cipher cipher;
    const char *name;
    double mark_64[WAYS];
    double mark_1420[WAYS];
};

static const struct subject subjects[] = {
    {ESP_GCM, "aes256gcm16", {1.25, 0}, {1.10, 1.0}},
    {ESP_CBC, "aes256-sha256", {1.0, 0}, {1.0, 0}},
    {ESP_CHACHA, "chacha20poly1305", {1.05, 0}, {1.05, 0}},
};

struct provider {
    const char *name;
    const struct esp_raw *by;
    const struct esp_raw *behind; /* whose random octets are taken; NULL: it has its own */
};

#define PROVIDERS_MAX 3u

/* The best of ours against one way of DPDK's. */
struct best {
    double of_raw[SIZES][2];
};

/* ---- both do the same ---------------------------------------------------------------------------
 */

/* What DPDK has sealed, ours opens; so both work on the same octets. */
static void check_same(struct rte_side *theirs, struct esp_ours *ours)
{
    static uint8_t buffer[ESP_OURS_BUFFER_BYTES];
    rte_side_octets(theirs, 100);
    rte_side_fill_and_seal(theirs);
    const struct ipsec_view sealed = rte_side_packet(theirs, 0);
    bench_require(sealed.length <= sizeof(buffer), "a packet of DPDK's is too long");
    memcpy(buffer, sealed.data, sealed.length);
    struct ipsec_packet p = {.buffer = buffer,
                             .capacity = sizeof(buffer),
                             .length = (uint32_t)sealed.length,
                             .carrier = IPSEC_CARRIER_ESP,
                             .sa = ours->in[0]};
    /* Behind the outer header: rte_ipsec leaves its checksum to the network card. */
    p.offset = 20;
    p.length -= p.offset;
    struct ipsec_packet *const list[] = {&p};
    bench_require(ipsec_esp_open(list, 1) == 1 && p.length == 100,
                  "ours does not open what DPDK has sealed");
}

/* ---- rows and marks -----------------------------------------------------------------------------
 */

static void measure_size(struct bench_report *report, const char *name, size_t size,
                         struct esp_ours *ours, struct rte_side *theirs, struct best *best)
{
    ours->octets = sizes[size];
    rte_side_octets(theirs, sizes[size]);
    for (unsigned is_open = 0; is_open < 2; is_open++) {
        const struct bench_pair us = {is_open ? esp_ours_fill_and_seal : esp_ours_fill,
                                      is_open ? esp_ours_open : esp_ours_seal, ours};
        const struct bench_pair them = {is_open ? rte_side_fill_and_seal : rte_side_fill,
                                        is_open ? rte_side_open : rte_side_seal, theirs};
        const struct bench_row row = {is_open ? "open" : "seal", name, sizes[size],
                                      bench_compare(report, &us, &them, ESP_OURS_BURST)};
        bench_row(report, &row);
        if (row.result.of_raw > best->of_raw[size][is_open]) {
            best->of_raw[size][is_open] = row.result.of_raw;
        }
    }
}

static void measure(struct bench_report *report, const struct subject *subject, unsigned way,
                    const struct provider *provider, struct best *best)
{
    static struct esp_ours ours;
    char name[64];
    const struct esp_raw *behind = provider->behind;
    const struct ipsec_crypto *const items[2] = {provider->by->provider_new(),
                                                 behind != NULL ? behind->provider_new() : NULL};
    const struct ipsec_crypto_list crypto = {items, behind != NULL ? 2 : 1};
    bench_require(items[0] != NULL, "no provider");
    struct rte_side *theirs = rte_side_new(subject->cipher, (enum rte_way)way);
    if (theirs != NULL) {
        (void)snprintf(name, sizeof(name), "%s %s %s", provider->name, subject->name,
                       way_names[way]);
        esp_ours_init(&ours, subject->cipher, &crypto, IPSEC_OUTER_IP);
        ours.one_sa = true;
        check_same(theirs, &ours);
        for (size_t i = 0; i < SIZES; i++) {
            measure_size(report, name, i, &ours, theirs, best);
        }
        esp_ours_deinit(&ours);
        rte_side_free(theirs);
    }
    provider->by->provider_free();
    if (behind != NULL) {
        behind->provider_free();
    }
}

static void mark(struct bench_report *report, const struct subject *subject, unsigned way,
                 const struct best *best)
{
    for (size_t i = 0; i < SIZES; i++) {
        const double demand = sizes[i] == 64     ? subject->mark_64[way]
                              : sizes[i] == 1420 ? subject->mark_1420[way]
                                                 : 0;
        for (unsigned is_open = 0; is_open < 2 && demand != 0; is_open++) {
            char name[80];
            (void)snprintf(name, sizeof(name), "dpdk_%s_%s_%s_%u", way_names[way],
                           is_open ? "open" : "seal", subject->name, sizes[i]);
            bench_mark(report, name, best->of_raw[i][is_open], demand, BENCH_AT_LEAST);
        }
    }
}

static size_t find_providers(struct provider out[PROVIDERS_MAX])
{
    const struct esp_raw *openssl = esp_raw_openssl();
    const struct esp_raw *behind = openssl != NULL ? openssl : esp_raw_mbedtls();
    const struct provider all[PROVIDERS_MAX] = {{"mbedtls", esp_raw_mbedtls(), NULL},
                                                {"openssl", openssl, NULL},
                                                {"ipsec-mb", esp_raw_ipsec_mb(), behind}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i].by != NULL) {
            out[count++] = all[i];
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    struct bench_report *report = bench_start("dpdk", argc, argv, 2001);
    struct provider providers[PROVIDERS_MAX];
    const size_t count = find_providers(providers);
    if (!rte_side_begin("crypto_aesni_mb")) {
        return 1;
    }
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        for (unsigned way = 0; way < WAYS; way++) {
            struct best best = {{{0}}};
            for (size_t k = 0; k < count; k++) {
                measure(report, &subjects[i], way, &providers[k], &best);
            }
            mark(report, &subjects[i], way, &best);
        }
    }
    rte_side_end();
    return bench_finish(report);
}
