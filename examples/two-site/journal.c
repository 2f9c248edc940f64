/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct journal *journal_new(FILE *out)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    if (journal != NULL) {
        journal->out = out;
    }
    return journal;
}

static size_t stamp(const struct journal *journal, char *text, size_t capacity)
{
    if (journal->clock != NULL) {
        const uint64_t ms = *journal->clock - journal->start;
        return (size_t)snprintf(text, capacity, "%5" PRIu64 ".%03" PRIu64, ms / 1000, ms % 1000);
    }
    struct timespec now = {0};
    struct tm local = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &local);
    return (size_t)snprintf(text, capacity, "%02d:%02d:%02d.%03ld", local.tm_hour, local.tm_min,
                            local.tm_sec, now.tv_nsec / 1000000);
}

/* Peer texts are escaped by the library; names and addresses are ours. This is the last look. */
static void only_printable(char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            *text = '?';
        }
    }
}

void journal_line(struct journal *journal, const char *topic, const char *format, ...)
{
    char *line = journal->line[journal->next % JOURNAL_LINES];
    size_t used = stamp(journal, line, JOURNAL_LINE_BYTES);
    used += (size_t)snprintf(line + used, JOURNAL_LINE_BYTES - used, " %-8.32s ", topic);
    va_list arguments;
    va_start(arguments, format);
    const int wanted = vsnprintf(line + used, JOURNAL_LINE_BYTES - used, format, arguments);
    va_end(arguments);
    if (wanted < 0 || (size_t)wanted >= JOURNAL_LINE_BYTES - used) {
        memcpy(line + JOURNAL_LINE_BYTES - 4, "...", 4);
    }
    only_printable(line);
    journal->next++;
    if (journal->out != NULL) {
        fprintf(journal->out, "%s\n", line);
        (void)fflush(journal->out);
    }
}

void journal_block(struct journal *journal, const char *topic, const char *text)
{
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        journal_line(journal, topic, "%.*s", (int)length, text);
        text += length;
        if (*text == '\n') {
            text++;
        }
    }
}

uint64_t journal_first(const struct journal *journal)
{
    return journal->next > JOURNAL_LINES ? journal->next - JOURNAL_LINES : 0;
}

const char *journal_get(const struct journal *journal, uint64_t number)
{
    if (number < journal_first(journal) || number >= journal->next) {
        return NULL;
    }
    return journal->line[number % JOURNAL_LINES];
}
