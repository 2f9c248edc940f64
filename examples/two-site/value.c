/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The leading decimal number; *rest stands behind it. */
static bool leading_number(const char *text, uint64_t *out, const char **rest)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        const uint64_t digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    *rest = at;
    return at != text;
}

bool value_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    uint64_t value = 0;
    const char *rest = NULL;
    if (!leading_number(text, &value, &rest) || *rest != '\0' || value < least || value > most) {
        return false;
    }
    *out = value;
    return true;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static bool scaled(const char *text, const struct unit units[], size_t count, uint64_t *out)
{
    uint64_t value = 0;
    const char *rest = NULL;
    if (!leading_number(text, &value, &rest)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rest, units[i].name) == 0) {
            if (value > UINT64_MAX / units[i].factor) {
                return false;
            }
            *out = value * units[i].factor;
            return true;
        }
    }
    return false;
}

bool value_duration(const char *text, uint64_t *ms)
{
    static const struct unit units[] = {{"", 1000},     {"s", 1000},    {"ms", 1},
                                        {"m", 60000},   {"min", 60000}, {"h", 3600000},
                                        {"d", 86400000}};
    return scaled(text, units, sizeof(units) / sizeof(units[0]), ms);
}

bool value_size(const char *text, uint64_t *bytes)
{
    static const struct unit units[] = {
        {"", 1},         {"k", 1U << 10}, {"K", 1U << 10},
        {"M", 1U << 20}, {"G", 1U << 30}, {"T", 1ULL << 40},
    };
    return scaled(text, units, sizeof(units) / sizeof(units[0]), bytes);
}

bool value_switch(const char *text, bool *out)
{
    static const char *const words[] = {"yes", "true", "on", "no", "false", "off"};
    for (size_t i = 0; i < 6; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *out = i < 3;
            return true;
        }
    }
    return false;
}

#define WORD_MAX 32

static size_t least_of(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein distance, case ignored. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t above = row[j];
            const bool same = (a[i - 1] | 0x20) == (b[j - 1] | 0x20);
            row[j] = least_of(above + 1, row[j - 1] + 1, diagonal + (same ? 0 : 1));
            diagonal = above;
        }
    }
    return row[b_length];
}

const char *value_nearest(const char *text, const char *const words[], size_t count)
{
    const size_t length = strlen(text);
    if (length == 0 || length > WORD_MAX) {
        return NULL;
    }
    const char *nearest = NULL;
    size_t best = length < 5 ? 3 : 4; /* must be nearer than that */
    for (size_t i = 0; i < count; i++) {
        const size_t word_length = strlen(words[i]);
        if (word_length > WORD_MAX) {
            continue;
        }
        const size_t d = distance(text, length, words[i], word_length);
        if (d < best && d < word_length) {
            best = d;
            nearest = words[i];
        }
    }
    return nearest;
}

bool value_next_item(const char **list, char *item, size_t capacity)
{
    const char *at = *list;
    if (at == NULL || *at == '\0') {
        return false;
    }
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    const size_t whole = strcspn(at, ",");
    size_t length = whole;
    while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t')) {
        length--;
    }
    if (length == 0 || length >= capacity) {
        *list = NULL;
        return false;
    }
    memcpy(item, at, length);
    item[length] = '\0';
    const bool more = at[whole] == ',';
    *list = more ? at + whole + 1 : at + whole;
    if (more && **list == '\0') {
        *list = NULL; /* a comma with nothing behind it */
        return false;
    }
    return true;
}

void value_duration_text(uint64_t ms, char text[VALUE_DURATION_BYTES])
{
    const uint64_t s = ms / 1000;
    if (ms % 1000 != 0) {
        snprintf(text, VALUE_DURATION_BYTES, "%" PRIu64 "ms", ms);
    } else if (s != 0 && s % 3600 == 0) {
        snprintf(text, VALUE_DURATION_BYTES, "%" PRIu64 "h", s / 3600);
    } else if (s != 0 && s % 60 == 0) {
        snprintf(text, VALUE_DURATION_BYTES, "%" PRIu64 "m", s / 60);
    } else {
        snprintf(text, VALUE_DURATION_BYTES, "%" PRIu64 "s", s);
    }
}
