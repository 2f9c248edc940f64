/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP seal on one and on two cores: two threads that send with one SA (sa_share.h), beside one
 * thread, and beside two that have an SA each, which is what the machine gives to two threads that
 * have nothing to do with each other. All take turns. Each thread has its own provider.
 *
 * Rates are by the clock, the filling of packets included. A turn in which other work had the cores
 * is left out, as long as there are others; how many counted is in the report.
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "esp_ours.h"
#include "esp_raw.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS ESP_RAW_THREADS
#define RUN_NS  1000000u /* about: long beside waking a thread up */
/* A turn counts when each thread had the processor for so much of it; this many times the rounds
 * are tried for that. */
#define HAD_LEAST 0.9
#define TRIES     8u

enum way {
    ONE,        /* core; an SA of its own */
    ONE_SHARED, /* the same, with a sender that shares */
    TWO_SHARED, /* one SA */
    TWO,        /* an SA each */
    WAYS
};

struct worker {
    struct esp_ours own;
    struct esp_ours shared;
    uint64_t begun; /* of the last run */
    uint64_t ended;
    uint64_t cpu;
};

static struct worker workers[THREADS];

/* What both threads do next; written between two barriers. */
static struct {
    pthread_barrier_t barrier;
    enum way way;
    unsigned bursts;
    bool over;
} job;

static void work(struct worker *w)
{
    struct esp_ours *o = job.way == ONE || job.way == TWO ? &w->own : &w->shared;
    w->begun = bench_now();
    w->cpu = bench_cpu();
    for (unsigned i = 0; i < job.bursts; i++) {
        esp_ours_fill(o);
        esp_ours_seal(o);
    }
    w->cpu = bench_cpu() - w->cpu;
    w->ended = bench_now();
}

static void *second(void *argument)
{
    (void)argument;
    for (;;) {
        (void)pthread_barrier_wait(&job.barrier);
        if (job.over) {
            return NULL;
        }
        if (job.way == TWO || job.way == TWO_SHARED) {
            work(&workers[1]);
        }
        (void)pthread_barrier_wait(&job.barrier);
    }
}

struct times {
    double packet_ns; /* by the clock: of all threads together */
    double cpu_ns;    /* of one thread */
    double had;       /* of the time that passed, by each thread; 1: all */
};

static struct times run(enum way way, unsigned bursts)
{
    const unsigned threads = way == TWO || way == TWO_SHARED ? 2 : 1;
    const double packets = (double)bursts * ESP_OURS_BURST;
    job.way = way;
    job.bursts = bursts;
    (void)pthread_barrier_wait(&job.barrier);
    work(&workers[0]);
    (void)pthread_barrier_wait(&job.barrier);
    uint64_t begun = workers[0].begun;
    uint64_t ended = workers[0].ended;
    uint64_t cpu = workers[0].cpu;
    for (unsigned i = 1; i < threads; i++) {
        begun = workers[i].begun < begun ? workers[i].begun : begun;
        ended = workers[i].ended > ended ? workers[i].ended : ended;
        cpu += workers[i].cpu;
    }
    const double all = (double)(ended - begun);
    const struct times t = {all / (packets * threads), (double)cpu / (packets * threads),
                            (double)cpu / (all * threads)};
    return t;
}

/* ---- turns --------------------------------------------------------------------------------------
 */

struct medians {
    double packet_ns[WAYS];
    double cpu_ns[WAYS];
    double gain;       /* two cores with one SA, by one */
    double of_two_sas; /* by two with an SA each */
    size_t turns;      /* that counted, undisturbed; 0: none was, and all count */
};

/* As many bursts as one core does in RUN_NS. */
static unsigned bursts_of_run(void)
{
    double least = run(ONE, 4).packet_ns;
    for (int i = 0; i < 8; i++) {
        const double ns = run(ONE, 4).packet_ns;
        least = ns < least ? ns : least;
    }
    return 1 + (unsigned)(RUN_NS / (least * ESP_OURS_BURST));
}

struct turn {
    struct times of[WAYS];
    bool undisturbed;
};

static struct turn take_turn(unsigned bursts)
{
    struct turn t = {.undisturbed = true};
    for (unsigned way = 0; way < WAYS; way++) {
        t.of[way] = run((enum way)way, bursts);
        t.undisturbed = t.undisturbed && t.of[way].had >= HAD_LEAST;
    }
    return t;
}

/* Undisturbed ones in front; the number of those that count goes to *count. */
static size_t take_turns(struct turn *turns, size_t rounds, size_t *count)
{
    const unsigned bursts = bursts_of_run();
    size_t good = 0;
    size_t taken = 0;
    while (good < rounds && taken < TRIES * rounds) {
        turns[taken] = take_turn(bursts);
        if (turns[taken].undisturbed) {
            const struct turn t = turns[good];
            turns[good++] = turns[taken];
            turns[taken] = t;
        }
        taken++;
    }
    *count = good != 0 ? good : taken;
    return good;
}

enum measure { CLOCK_NS, CPU_NS, GAIN, OF_TWO_SAS };

static double value_of(const struct turn *t, enum measure what, enum way way)
{
    switch (what) {
    case CLOCK_NS:
        return t->of[way].packet_ns;
    case CPU_NS:
        return t->of[way].cpu_ns;
    case GAIN:
        return t->of[ONE].packet_ns / t->of[TWO_SHARED].packet_ns;
    case OF_TWO_SAS:
        break;
    }
    return t->of[TWO].packet_ns / t->of[TWO_SHARED].packet_ns;
}

static double median_of(const struct turn *turns, size_t count, enum measure what, enum way way)
{
    double *values = calloc(count, sizeof(*values));
    bench_require(values != NULL, "no memory");
    for (size_t i = 0; i < count; i++) {
        values[i] = value_of(&turns[i], what, way);
    }
    const double median = bench_median(values, count);
    free(values);
    return median;
}

static struct medians measure_turns(size_t rounds)
{
    struct medians m;
    size_t count;
    struct turn *turns = calloc(TRIES * rounds, sizeof(*turns));
    bench_require(turns != NULL, "no memory");
    m.turns = take_turns(turns, rounds, &count);
    for (unsigned way = 0; way < WAYS; way++) {
        m.packet_ns[way] = median_of(turns, count, CLOCK_NS, (enum way)way);
        m.cpu_ns[way] = median_of(turns, count, CPU_NS, (enum way)way);
    }
    m.gain = median_of(turns, count, GAIN, ONE);
    m.of_two_sas = median_of(turns, count, OF_TWO_SAS, ONE);
    free(turns);
    return m;
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

struct subject {
    enum esp_cipher cipher;
    const char *name;
};

static const struct subject subjects[] = {
    {ESP_GCM, "aes256gcm16"}, {ESP_CBC, "aes256-sha256"}, {ESP_CHACHA, "chacha20poly1305"}};
static const unsigned sizes[] = {64, 1420};

static double gigabits(unsigned octets, double packet_ns)
{
    return octets * 8 / packet_ns;
}

static void head(void)
{
    printf("%-6s %-24s %6s %9s %9s %9s %9s %6s %8s %8s %8s %5s\n", "", "Gbit/s", "", "one core",
           "it shares", "two share", "two SAs", "", "of two", "CPU ns", "two", "");
    printf("%-6s %-24s %6s %9s %9s %9s %9s %6s %8s %8s %8s %5s\n", "cores", "suite", "octets", "",
           "", "an SA", "", "gain", "SAs", "one", "share", "turns");
}

static void row(struct bench_report *report, const char *suite, unsigned octets,
                const struct medians *m)
{
    const struct bench_value values[] = {
        {"octets", octets},
        {"gbps_one", gigabits(octets, m->packet_ns[ONE])},
        {"gbps_one_shared", gigabits(octets, m->packet_ns[ONE_SHARED])},
        {"gbps_two_shared", gigabits(octets, m->packet_ns[TWO_SHARED])},
        {"gbps_two", gigabits(octets, m->packet_ns[TWO])},
        {"gain", m->gain},
        {"of_two_sas", m->of_two_sas},
        {"cpu_ns_one", m->cpu_ns[ONE]},
        {"cpu_ns_one_shared", m->cpu_ns[ONE_SHARED]},
        {"cpu_ns_two_shared", m->cpu_ns[TWO_SHARED]},
        {"cpu_ns_two", m->cpu_ns[TWO]},
        {"turns", (double)m->turns},
    };
    printf("%-6s %-24s %6u %9.2f %9.2f %9.2f %9.2f %6.2f %8.3f %8.1f %8.1f %5zu\n", "seal", suite,
           octets, values[1].value, values[2].value, values[3].value, values[4].value, m->gain,
           m->of_two_sas, m->cpu_ns[ONE], m->cpu_ns[TWO_SHARED], m->turns);
    bench_row_json(report, "seal", suite, values, sizeof(values) / sizeof(values[0]));
}

static void measure(struct bench_report *report, const struct esp_raw *by,
                    const struct subject *subject, const struct ipsec_crypto_list crypto[THREADS])
{
    static _Alignas(64) uint8_t share_block[256];
    struct ipsec_sa_share *share;
    char name[32];
    const struct ipsec_sa_params params = esp_ours_params(subject->cipher, IPSEC_OUTER_NONE);
    (void)snprintf(name, sizeof(name), "%s%s", by->prefix, subject->name);
    bench_require(ipsec_sa_share_init(share_block, sizeof(share_block), &params, &share) ==
                      IPSEC_OK,
                  "share");
    for (unsigned i = 0; i < THREADS; i++) {
        esp_ours_init(&workers[i].own, subject->cipher, &crypto[i], IPSEC_OUTER_NONE);
        esp_ours_init_shared(&workers[i].shared, subject->cipher, &crypto[i], IPSEC_OUTER_NONE,
                             share);
        workers[i].own.one_sa = true;
        workers[i].shared.one_sa = true;
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (unsigned w = 0; w < THREADS; w++) {
            workers[w].own.octets = sizes[i];
            workers[w].shared.octets = sizes[i];
        }
        const struct medians m = measure_turns(bench_rounds(report));
        row(report, name, sizes[i], &m);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        esp_ours_deinit(&workers[i].own);
        esp_ours_deinit(&workers[i].shared);
    }
}

/* behind: as in bench_esp.c. */
static void measure_all(struct bench_report *report, const struct esp_raw *by,
                        const struct esp_raw *behind)
{
    const struct ipsec_crypto *items[THREADS][2];
    struct ipsec_crypto_list crypto[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        items[i][0] = by != NULL ? by->provider_new() : NULL;
        if (items[i][0] == NULL) {
            return;
        }
        items[i][1] = behind != NULL ? behind->provider_new() : NULL;
        crypto[i] = (struct ipsec_crypto_list){items[i], behind != NULL ? 2 : 1};
    }
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        measure(report, by, &subjects[i], crypto);
    }
    by->provider_free();
    if (behind != NULL) {
        behind->provider_free();
    }
}

int main(int argc, char **argv)
{
    struct bench_report *report = bench_start("cores", argc, argv, 51);
    const struct esp_raw *openssl = esp_raw_openssl();
    pthread_t thread;
    bench_require(pthread_barrier_init(&job.barrier, NULL, THREADS) == 0 &&
                      pthread_create(&thread, NULL, second, NULL) == 0,
                  "no second thread");
    head();
    measure_all(report, esp_raw_mbedtls(), NULL);
    measure_all(report, openssl, NULL);
    measure_all(report, esp_raw_ipsec_mb(), openssl != NULL ? openssl : esp_raw_mbedtls());
    job.over = true;
    (void)pthread_barrier_wait(&job.barrier);
    bench_require(pthread_join(thread, NULL) == 0, "the second thread does not end");
    (void)pthread_barrier_destroy(&job.barrier);
    return bench_finish(report);
}
