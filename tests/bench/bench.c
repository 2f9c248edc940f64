/* SPDX-License-Identifier: Apache-2.0
 *
 * See bench.h.
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MAX 1000000u
#define MARKS_MAX  128

struct mark {
    char name[80];
    double value;
    double mark;
    bool held;
};

struct bench_report {
    const char *subject;
    const char *json_path;
    unsigned rounds;
    json_t *rows;
    bool headed;
    struct mark marks[MARKS_MAX];
    size_t mark_count;
};

void bench_require(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

static void usage(const char *program)
{
    fprintf(stderr, "usage: %s [--json FILE] [--rounds N]\n", program);
    exit(2);
}

static unsigned rounds_of(const char *text, const char *program)
{
    char *end;
    const unsigned long n = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || n == 0 || n > ROUNDS_MAX) {
        usage(program);
    }
    return (unsigned)n;
}

struct bench_report *bench_start(const char *subject, int argc, char **argv, unsigned rounds)
{
    struct bench_report *r = calloc(1, sizeof(*r));
    bench_require(r != NULL, "no memory");
    r->subject = subject;
    r->rounds = rounds;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) {
            usage(argv[0]);
        } else if (strcmp(argv[i], "--json") == 0) {
            r->json_path = argv[i + 1];
        } else if (strcmp(argv[i], "--rounds") == 0) {
            r->rounds = rounds_of(argv[i + 1], argv[0]);
        } else {
            usage(argv[0]);
        }
    }
    r->rows = json_array();
    bench_require(r->rows != NULL, "no memory");
    return r;
}

unsigned bench_rounds(const struct bench_report *report)
{
    return report->rounds;
}

static uint64_t read_clock(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t bench_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t bench_cpu(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* Runs with the stack so many octets further down. Whether an array on the stack of a cipher
 * straddles a cache line costs it several percent, and is decided by chance when the program
 * starts; so turns go through all places, and the median is that of the usual case. */
#define STACK_PLACES 4u
#define RUN_BELOW(octets)                                                                          \
    __attribute__((noinline)) static void run_below_##octets(const struct bench_pair *side)        \
    {                                                                                              \
        volatile uint8_t place[octets];                                                            \
        place[0] = 0;                                                                              \
        side->run(side->work);                                                                     \
        place[(octets)-1] = place[0];                                                              \
    }
RUN_BELOW(16)
RUN_BELOW(32)
RUN_BELOW(48)
RUN_BELOW(64)

static void (*const run_below[STACK_PLACES])(const struct bench_pair *side) = {
    run_below_16, run_below_32, run_below_48, run_below_64};

static double timed(const struct bench_pair *side, size_t place)
{
    if (side->prepare != NULL) {
        side->prepare(side->work);
    }
    const uint64_t start = bench_now();
    run_below[place](side);
    return (double)(bench_now() - start);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_value);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Over one stack place: the medians of both sides, and of what each turn says of the two, which
 * have met the same machine: its clock rate changes, and others come and go, slower than that. */
static struct bench_result compare_at(const struct bench_pair *ours, const struct bench_pair *raw,
                                      size_t place, double *times, size_t rounds)
{
    double *raw_times = times + rounds;
    double *overs = raw_times + rounds;
    double *ratios = overs + rounds;
    (void)timed(ours, place); /* warm */
    (void)timed(raw, place);
    for (size_t i = 0; i < rounds; i++) {
        times[i] = timed(ours, place);
        raw_times[i] = timed(raw, place);
        overs[i] = times[i] - raw_times[i];
        ratios[i] = raw_times[i] / times[i];
    }
    const struct bench_result result = {bench_median(times, rounds),
                                        bench_median(raw_times, rounds),
                                        bench_median(overs, rounds), bench_median(ratios, rounds)};
    return result;
}

struct bench_result bench_compare(const struct bench_report *report, const struct bench_pair *ours,
                                  const struct bench_pair *raw, unsigned items)
{
    const size_t rounds = (report->rounds + STACK_PLACES - 1) / STACK_PLACES;
    struct bench_result all = {0, 0, 0, 0};
    double *times = calloc(4 * rounds, sizeof(*times));
    bench_require(times != NULL, "no memory");
    for (size_t place = 0; place < STACK_PLACES; place++) {
        const struct bench_result one = compare_at(ours, raw, place, times, rounds);
        all.ours_ns += one.ours_ns / STACK_PLACES / items;
        all.raw_ns += one.raw_ns / STACK_PLACES / items;
        all.over_ns += one.over_ns / STACK_PLACES / items;
        all.of_raw += one.of_raw / STACK_PLACES;
    }
    free(times);
    return all;
}

void bench_row(struct bench_report *report, const struct bench_row *row)
{
    const struct bench_result *r = &row->result;
    if (!report->headed) {
        printf("%-6s %-24s %7s %10s %10s %9s %7s\n", report->subject, "suite", "octets", "ns",
               "raw ns", "over ns", "of raw");
        report->headed = true;
    }
    printf("%-6s %-24s %7u %10.1f %10.1f %9.1f %7.3f\n", row->what, row->suite, row->octets,
           r->ours_ns, r->raw_ns, r->over_ns, r->of_raw);
    json_t *json = json_pack("{s:s, s:s, s:i, s:f, s:f, s:f, s:f}", "what", row->what, "suite",
                             row->suite, "octets", (int)row->octets, "ns", r->ours_ns, "raw_ns",
                             r->raw_ns, "over_raw_ns", r->over_ns, "of_raw", r->of_raw);
    bench_require(json != NULL && json_array_append_new(report->rows, json) == 0, "no memory");
}

void bench_row_json(struct bench_report *report, const char *what, const char *suite,
                    const struct bench_value values[], size_t count)
{
    json_t *json = json_pack("{s:s, s:s}", "what", what, "suite", suite);
    for (size_t i = 0; i < count && json != NULL; i++) {
        json_object_set_new(json, values[i].name, json_real(values[i].value));
    }
    bench_require(json != NULL && json_array_append_new(report->rows, json) == 0, "no memory");
}

void bench_mark(struct bench_report *report, const char *name, double value, double mark,
                enum bench_side side)
{
    bench_require(report->mark_count < MARKS_MAX, "too many marks");
    struct mark *m = &report->marks[report->mark_count++];
    snprintf(m->name, sizeof(m->name), "%s", name);
    m->value = value;
    m->mark = mark;
    m->held = side == BENCH_AT_LEAST ? value >= mark : value <= mark;
}

static json_t *report_json(const struct bench_report *r)
{
    json_t *marks = json_array();
    for (size_t i = 0; i < r->mark_count; i++) {
        const struct mark *m = &r->marks[i];
        json_array_append_new(marks, json_pack("{s:s, s:f, s:f, s:b}", "name", m->name, "value",
                                               m->value, "mark", m->mark, "held", m->held));
    }
    return json_pack("{s:s, s:i, s:O, s:o}", "subject", r->subject, "rounds", (int)r->rounds,
                     "rows", r->rows, "marks", marks);
}

int bench_finish(struct bench_report *report)
{
    int status = 0;
    printf("\n");
    for (size_t i = 0; i < report->mark_count; i++) {
        const struct mark *m = &report->marks[i];
        printf("%s %.3f %.3f %s\n", m->name, m->value, m->mark, m->held ? "held" : "missed");
    }
    if (report->json_path != NULL) {
        json_t *json = report_json(report);
        if (json == NULL || json_dump_file(json, report->json_path, JSON_INDENT(2)) != 0) {
            fprintf(stderr, "bench: %s can not be written\n", report->json_path);
            status = 1;
        }
        json_decref(json);
    }
    json_decref(report->rows);
    free(report);
    return status;
}
