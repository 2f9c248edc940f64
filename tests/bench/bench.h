/* SPDX-License-Identifier: Apache-2.0
 *
 * What the benchmark programs share: arguments, time, medians, and the report as a table on stdout
 * and as JSON in a file. One program a subject (bench_esp.c); each runs a piece of the library and
 * the same crypto without it in turns, so that both meet the same machine.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_report;

/* Reads `--json FILE` and `--rounds N` (turns of each measurement; `rounds` when not given). Ends
 * the program with status 2 on anything else. */
struct bench_report *bench_start(const char *subject, int argc, char **argv, unsigned rounds);
unsigned bench_rounds(const struct bench_report *report);
/* Writes the JSON file, frees; gives the program's exit status: 0, or 1 when the file could not be
 * written. Times never decide it. */
int bench_finish(struct bench_report *report);

/* Monotonic nanoseconds. */
uint64_t bench_now(void);
/* Nanoseconds of processor time that this thread has had. */
uint64_t bench_cpu(void);
/* Sorts them. */
double bench_median(double *values, size_t count);
/* Ends the program with a message when a piece of work did not do what it should. */
void bench_require(bool condition, const char *what);

/* Turns of two contestants, one after the other each time. */
struct bench_pair {
    void (*prepare)(void *work); /* not timed; NULL allowed; before each run */
    void (*run)(void *work);
    void *work;
};

/* Medians over all turns, averaged over places of the stack. The last two are of each turn's own
 * two times. */
struct bench_result {
    double ours_ns; /* an item */
    double raw_ns;
    double over_ns; /* ours less raw, an item */
    double of_raw;  /* raw by ours: 1 is as fast as raw */
};

/* Runs both `rounds` times in turns; items is how many pieces one run does. */
struct bench_result bench_compare(const struct bench_report *report, const struct bench_pair *ours,
                                  const struct bench_pair *raw, unsigned items);

/* One row of the table, whose head goes before the first. */
struct bench_row {
    const char *what; /* "seal" */
    const char *suite;
    unsigned octets;
    struct bench_result result;
};
void bench_row(struct bench_report *report, const struct bench_row *row);

/* A row of a table of the program's own, for the JSON report: it prints the row itself. */
struct bench_value {
    const char *name;
    double value;
};
void bench_row_json(struct bench_report *report, const char *what, const char *suite,
                    const struct bench_value values[], size_t count);

enum bench_side { BENCH_AT_LEAST, BENCH_AT_MOST };
/* A line `name value mark held|missed`. */
void bench_mark(struct bench_report *report, const char *name, double value, double mark,
                enum bench_side side);

#endif
