/* SPDX-License-Identifier: Apache-2.0
 *
 * What happened, as lines: printed as they come, and the last ones kept for `log`. Secrets never
 * get here: only texts of the library's events do.
 */
#ifndef TWO_SITE_JOURNAL_H
#define TWO_SITE_JOURNAL_H

#include <ipsec/types.h>
#include <stdio.h>

#define JOURNAL_LINES      1024
#define JOURNAL_LINE_BYTES 480

struct journal {
    FILE *out; /* NULL: not printed */
    /* NULL: wall clock; otherwise seconds since `start` of this clock. */
    const ipsec_ms *clock;
    ipsec_ms start;
    uint64_t next; /* number of the next line; line n is at n % JOURNAL_LINES */
    char line[JOURNAL_LINES][JOURNAL_LINE_BYTES];
};

/* About 500 kB. NULL without memory. Free with free(). */
struct journal *journal_new(FILE *out);

/* One line: time, topic, text; too long a text is cut with "...". */
__attribute__((format(printf, 3, 4))) void journal_line(struct journal *journal, const char *topic,
                                                        const char *format, ...);

/* A text of several lines, each with the topic. */
void journal_block(struct journal *journal, const char *topic, const char *text);

/* Number of the oldest line still there. */
uint64_t journal_first(const struct journal *journal);
/* A line by its number, NULL when it is not there. */
const char *journal_get(const struct journal *journal, uint64_t number);

#endif
