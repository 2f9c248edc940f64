/* SPDX-License-Identifier: Apache-2.0
 *
 * What grows with the number of policies and tunnels, and what does not: a lookup in the SPD and in
 * the SAD, a packet sealed and opened with an SA drawn at random, a timer moved and expired, and
 * the octets of a tunnel. A flat figure is one that does not grow but by what memory costs: with
 * many tunnels each packet meets an SA that no cache holds, so the row "chase" shows what one
 * dependent access to as much memory takes on this machine.
 *
 * Up to 100,000 tunnels, or as many as BENCH_TUNNELS in the environment says (1000000 takes 4 GB).
 */
#define _GNU_SOURCE
#include "bench.h"
#include "timer.h"

#include <ipsec/backend_mbedtls.h>
#include <ipsec/ipsec.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOKUPS      4096u
#define BURST        32u
#define PACKET_BYTES 64u
#define ROOM         128u
#define SPI_FIRST    0x1000u

static uint64_t draw_state = 88172645463325252u;

static uint32_t draw(uint32_t below)
{
    draw_state ^= draw_state << 13;
    draw_state ^= draw_state >> 7;
    draw_state ^= draw_state << 17;
    return (uint32_t)((draw_state >> 32) * below >> 32);
}

static void *need(size_t bytes)
{
    void *block = calloc(1, bytes);
    bench_require(block != NULL, "no memory");
    return block;
}

static void ok(enum ipsec_status status, const char *what)
{
    bench_require(status == IPSEC_OK, what);
}

/* Median nanoseconds of processor time of one of `items` pieces of work. */
static double time_of(const struct bench_report *report, void (*run)(void *), void *work,
                      unsigned items)
{
    const size_t rounds = bench_rounds(report);
    double *times = need(rounds * sizeof(*times));
    run(work); /* warm */
    for (size_t i = 0; i < rounds; i++) {
        const uint64_t start = bench_cpu();
        run(work);
        times[i] = (double)(bench_cpu() - start) / items;
    }
    const double median = bench_median(times, rounds);
    free(times);
    return median;
}

static void show(struct bench_report *report, const char *what, const char *kind, uint32_t count,
                 double ns)
{
    const struct bench_value values[] = {{"count", count}, {"ns", ns}};
    printf("%-10s %-28s %9u %10.1f\n", what, kind, count, ns);
    bench_row_json(report, what, kind, values, 2);
}

/* ---- Policies -------------------------------------------------------------------------------- */

struct policies {
    struct ipsec_spd *spd;
    void *block;
    uint8_t (*packet)[PACKET_BYTES];
    uint32_t found;
};

static void put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static void set_prefix(struct ipsec_selector *s, uint32_t address, unsigned bits)
{
    const uint32_t host = bits == 0 ? UINT32_MAX : bits == 32 ? 0 : UINT32_MAX >> bits;
    s->family = IPSEC_FAMILY_IPV4;
    s->port_last = UINT16_MAX;
    put32(s->first, address & ~host);
    put32(s->last, address | host);
}

/* The i-th network behind a peer: sites of /24, or of all sizes and kinds mixed. */
static struct ipsec_spd_entry policy_of(uint32_t i, bool mixed)
{
    struct ipsec_spd_entry e = IPSEC_SPD_ENTRY_INIT;
    e.action = IPSEC_SPD_PROTECT;
    set_prefix(&e.local, 0x0a000000, 16);
    set_prefix(&e.remote, 0x20000000 + (i << 8), 24);
    if (mixed) {
        set_prefix(&e.local, 0x0a000000 + (i << 8 & 0xff00), 16 + 4 * (i % 3));
        set_prefix(&e.remote, 0x20000000 + (i << 8), 24 + i % 5);
        e.remote.protocol = e.local.protocol = i % 4 == 0 ? 17 : 0;
        e.remote.port_first = i % 8 == 0 ? 7 : 0;
        e.remote.port_last = i % 8 == 0 ? 7 : UINT16_MAX;
    }
    return e;
}

static void make_packet(uint8_t *p, uint32_t i, bool mixed)
{
    memset(p, 0, PACKET_BYTES);
    p[0] = 0x45;
    p[3] = PACKET_BYTES;
    p[8] = 64;
    p[9] = 17;
    put32(p + 12, 0x0a000000 + (mixed ? i << 8 & 0xff00 : draw(65536)));
    put32(p + 16, 0x20000000 + (i << 8));
    put32(p + 20, 7u << 16 | 7u);
}

static void policies_start(struct policies *w, uint32_t count, bool mixed, uint32_t flows,
                           const struct ipsec_crypto_list *crypto)
{
    struct ipsec_spd_config c = IPSEC_SPD_CONFIG_INIT;
    size_t bytes = 0;
    ipsec_handle handle;
    c.entry_max = count;
    c.flow_max = flows;
    c.crypto = *crypto;
    ok(ipsec_spd_size(&c, &bytes), "spd size");
    w->block = need(bytes);
    ok(ipsec_spd_init(w->block, bytes, &c, &w->spd), "spd init");
    for (uint32_t i = 0; i < count; i++) {
        const struct ipsec_spd_entry e = policy_of(i, mixed);
        ok(ipsec_spd_add(w->spd, &e, &handle), "spd add");
    }
    w->packet = need((size_t)LOOKUPS * PACKET_BYTES);
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        make_packet(w->packet[i], draw(count), mixed);
    }
}

static void policies_run(void *work)
{
    struct policies *w = work;
    struct ipsec_spd_result result;
    w->found = 0;
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        const struct ipsec_view view = {w->packet[i], PACKET_BYTES};
        w->found += ipsec_spd_lookup(w->spd, view, true, &result) == IPSEC_OK &&
                    result.action == IPSEC_SPD_PROTECT;
    }
}

static void bench_policies(struct bench_report *report, const struct ipsec_crypto_list *crypto)
{
    static const struct {
        const char *name;
        bool mixed;
        uint32_t flows;
    } kind[] = {{"equal networks", false, 0},
                {"equal networks, flow cache", false, 4 * LOOKUPS},
                {"mixed kinds", true, 0},
                {"mixed kinds, flow cache", true, 4 * LOOKUPS}};
    for (size_t k = 0; k < sizeof(kind) / sizeof(kind[0]); k++) {
        for (uint32_t count = 10; count <= 100000; count *= count == 10 ? 100 : 10) {
            struct policies w;
            policies_start(&w, count, kind[k].mixed, kind[k].flows, crypto);
            const double ns = time_of(report, policies_run, &w, LOOKUPS);
            bench_require(w.found == LOOKUPS, "a policy was not found");
            show(report, "spd", kind[k].name, count, ns);
            ipsec_spd_deinit(w.spd);
            free(w.block);
            free(w.packet);
        }
    }
}

/* ---- Tunnels --------------------------------------------------------------------------------- */

struct tunnels {
    struct ipsec_sad *sad;
    void *block;
    uint32_t count;
    ipsec_handle *out;
    uint32_t spi[LOOKUPS];
    uint32_t drawn[LOOKUPS];
    uint32_t at;
    uintptr_t sum;
    struct ipsec_packet packet[BURST];
    struct ipsec_packet *list[BURST];
    uint8_t buffer[BURST][PACKET_BYTES + 2 * ROOM];
};

static struct ipsec_sa_params sa_of(const uint8_t *key, uint32_t spi)
{
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    p.suite.encr = IPSEC_ENCR_AES_GCM_16;
    p.suite.encr_key_bits = 256;
    p.encr_key.data = key;
    p.encr_key.length = 36;
    p.spi = spi;
    p.replay_window = 128;
    return p;
}

static size_t tunnels_start(struct tunnels *w, uint32_t count,
                            const struct ipsec_crypto_list *crypto)
{
    static const uint8_t key[64] = {1, 2, 3};
    struct ipsec_sad_config c = IPSEC_SAD_CONFIG_INIT;
    size_t bytes = 0;
    ipsec_handle handle;
    memset(w, 0, sizeof(*w));
    c.sa_max = 2 * count;
    c.replay_window_max = 128;
    c.selectors_max = 2;
    c.crypto = *crypto;
    ok(ipsec_sad_size(&c, &bytes), "sad size");
    w->block = need(bytes);
    w->out = need(count * sizeof(*w->out));
    w->count = count;
    ok(ipsec_sad_init(w->block, bytes, &c, &w->sad), "sad init");
    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (uint32_t i = 0; i < count; i++) {
        struct ipsec_sa_params p = sa_of(key, SPI_FIRST + i);
        p.direction = IPSEC_SEAL;
        ok(ipsec_sad_add(w->sad, &p, &w->out[i]), "sad add");
        p.direction = IPSEC_OPEN;
        ok(ipsec_sad_add(w->sad, &p, &handle), "sad add");
    }
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        w->drawn[i] = draw(count);
        w->spi[i] = SPI_FIRST + w->drawn[i];
    }
    return mallinfo2().uordblks + mallinfo2().hblkhd - before;
}

static void find_run(void *work)
{
    struct tunnels *w = work;
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        w->sum += (uintptr_t)ipsec_sad_find(w->sad, w->spi[i]);
    }
}

/* Bursts of packets, each with a tunnel of its own, sealed and then opened by their SPI. */
static void seal_burst(struct tunnels *w)
{
    for (unsigned i = 0; i < BURST; i++) {
        struct ipsec_packet *p = &w->packet[i];
        memset(p, 0, sizeof(*p));
        p->buffer = w->buffer[i];
        p->capacity = sizeof(w->buffer[i]);
        p->offset = ROOM;
        p->length = PACKET_BYTES;
        make_packet(p->buffer + ROOM, w->drawn[w->at + i], false);
        p->sa = ipsec_sad_get(w->sad, w->out[w->drawn[w->at + i]]);
        w->list[i] = p;
    }
    bench_require(ipsec_esp_seal(w->list, BURST) == BURST, "seal");
}

static void open_burst(struct tunnels *w)
{
    for (unsigned i = 0; i < BURST; i++) {
        w->packet[i].sa = ipsec_sad_find(w->sad, w->spi[w->at + i]);
        w->packet[i].carrier = IPSEC_CARRIER_ESP;
    }
    bench_require(ipsec_esp_open(w->list, BURST) == BURST, "open");
}

static void packets_run(void *work)
{
    struct tunnels *w = work;
    for (w->at = 0; w->at < LOOKUPS; w->at += BURST) {
        seal_burst(w);
        open_burst(w);
    }
}

/* Where the key schedules of so many tunnels lie, somewhere: dependent reads over as much. */
struct chase {
    uint32_t *next;
    uint32_t at;
};

static void chase_run(void *work)
{
    struct chase *w = work;
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        w->at = w->next[(size_t)w->at * 16]; /* a cache line each */
    }
}

static double chase(const struct bench_report *report, uint32_t count)
{
    const uint32_t lines = count * 32; /* 2 kB a tunnel */
    struct chase w = {need((size_t)lines * 64), 0};
    for (uint32_t i = 0; i < lines; i++) {
        w.next[(size_t)i * 16] = i;
    }
    for (uint32_t i = lines - 1; i > 0; i--) { /* Sattolo: one cycle through all */
        const uint32_t other = draw(i);
        const uint32_t swap = w.next[(size_t)i * 16];
        w.next[(size_t)i * 16] = w.next[(size_t)other * 16];
        w.next[(size_t)other * 16] = swap;
    }
    const double ns = time_of(report, chase_run, &w, LOOKUPS);
    bench_require(w.at < lines, "the chase left its track");
    free(w.next);
    return ns;
}

/* ---- Timers ---------------------------------------------------------------------------------- */

struct timers {
    struct ipseci_timer_queue queue;
    struct ipseci_timer *timer;
    uint32_t count;
    ipsec_ms now;
};

/* A timer that expires is set anew, as those of keepalives, liveness and rekeys are; and one that
 * did not expire is moved, as traffic moves them. */
static void timers_run(void *work)
{
    struct timers *w = work;
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        w->now = ipseci_timer_due(&w->queue);
        struct ipseci_timer *t = ipseci_timer_expire(&w->queue, w->now);
        ok(ipseci_timer_set(&w->queue, t, w->now + 1 + draw(3600000)), "timer");
        ok(ipseci_timer_set(&w->queue, &w->timer[draw(w->count)], w->now + 1 + draw(3600000)),
           "timer");
    }
}

static double bench_timers(const struct bench_report *report, uint32_t tunnels)
{
    const uint32_t count = 3 * tunnels; /* two an IKE SA, one a child */
    struct timers w = {.count = count};
    const size_t bytes = (size_t)count * sizeof(struct ipseci_timer_entry);
    void *block = need(bytes);
    struct ipseci_arena arena = ipseci_arena_init(block, bytes);
    ipseci_timer_layout(&w.queue, &arena, count);
    w.timer = need(count * sizeof(*w.timer));
    for (uint32_t i = 0; i < count; i++) {
        ok(ipseci_timer_set(&w.queue, &w.timer[i], 1 + draw(3600000)), "timer");
    }
    const double ns = time_of(report, timers_run, &w, 2 * LOOKUPS);
    free(w.timer);
    free(block);
    return ns;
}

/* ---- A tunnel's octets ------------------------------------------------------------------------
 */

static void no_send(void *user, struct ipsec_packet *datagram)
{
    (void)user;
    (void)datagram;
}

static enum ipsec_status no_child_add(void *user, const struct ipsec_child_sa *child)
{
    (void)user;
    (void)child;
    return IPSEC_ERR_FULL;
}

static void no_child_remove(void *user, ipsec_handle child)
{
    (void)user;
    (void)child;
}

static size_t engine_bytes(uint32_t tunnels, const struct ipsec_crypto_list *crypto)
{
    struct ipsec_ike_config ike = IPSEC_IKE_CONFIG_INIT;
    struct ipsec_spd_config spd = IPSEC_SPD_CONFIG_INIT;
    size_t ike_bytes = 0;
    size_t spd_bytes = 0;
    ike.crypto = *crypto;
    ike.callbacks.size = sizeof(ike.callbacks);
    ike.callbacks.send = no_send;
    ike.callbacks.child_add = no_child_add;
    ike.callbacks.child_remove = no_child_remove;
    ike.sa_max = tunnels;
    ike.child_max = tunnels;
    ike.handshake_max = 64;
    ike.buffer_max = 64;
    ike.half_open_max = 48;
    spd.entry_max = tunnels;
    ok(ipsec_ike_size(&ike, &ike_bytes), "ike size");
    ok(ipsec_spd_size(&spd, &spd_bytes), "spd size");
    return ike_bytes + spd_bytes;
}

static void bench_tunnels(struct bench_report *report, uint32_t count,
                          const struct ipsec_crypto_list *crypto)
{
    static struct tunnels w;
    size_t bytes = 0;
    const size_t keys = tunnels_start(&w, count, crypto);
    struct ipsec_sad_config c = IPSEC_SAD_CONFIG_INIT;
    c.sa_max = 2 * count;
    c.replay_window_max = 128;
    c.selectors_max = 2;
    c.crypto = *crypto;
    ok(ipsec_sad_size(&c, &bytes), "sad size");
    bytes += keys + engine_bytes(count, crypto);
    show(report, "sad", "find by SPI", count, time_of(report, find_run, &w, LOOKUPS));
    show(report, "packet", "seal and open, AES-256-GCM", count,
         time_of(report, packets_run, &w, LOOKUPS));
    show(report, "timer", "expire and set, 3 a tunnel", count, bench_timers(report, count));
    show(report, "memory", "chase, 2 kB a tunnel", count, chase(report, count));
    printf("%-10s %-28s %9u %10.0f octets a tunnel\n", "memory", "IKE SA, child pair, keys", count,
           (double)bytes / count);
    const struct bench_value values[] = {{"count", count}, {"octets", (double)bytes / count}};
    bench_row_json(report, "memory", "octets a tunnel", values, 2);
    ipsec_sad_deinit(w.sad);
    free(w.block);
    free(w.out);
}

int main(int argc, char **argv)
{
    struct bench_report *report = bench_start("scale", argc, argv, 40);
    const char *most = getenv("BENCH_TUNNELS");
    const unsigned long tunnels = most != NULL ? strtoul(most, NULL, 10) : 100000;
    struct ipsec_mbedtls *provider = NULL;
    const struct ipsec_crypto *item[1];
    const struct ipsec_crypto_list crypto = {item, 1};
    bench_require(tunnels >= 1000 && tunnels <= 1000000, "BENCH_TUNNELS is 1000 to 1000000");
    ok(ipsec_mbedtls_new(NULL, &provider), "mbedtls");
    item[0] = ipsec_mbedtls_crypto(provider);
    printf("%-10s %-28s %9s %10s\n", "scale", "", "count", "ns");
    bench_policies(report, &crypto);
    for (unsigned long count = 1000; count <= tunnels; count *= 10) {
        bench_tunnels(report, (uint32_t)count, &crypto);
    }
    ipsec_mbedtls_free(provider);
    return bench_finish(report);
}
