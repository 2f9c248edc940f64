/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of the configuration language: numbers, durations, sizes, switches, and the nearest known
 * word to a mistyped one. Pure. Called by config_keys.c and options.c.
 */
#ifndef TWO_SITE_VALUE_H
#define TWO_SITE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal, least <= value <= most, nothing around it. */
bool value_number(const char *text, uint64_t least, uint64_t most, uint64_t *out);

/* "3600", "3600s", "60m", "1h", "1d", "500ms" to milliseconds. */
bool value_duration(const char *text, uint64_t *ms);

/* "1000000", "64k", "10M", "4G" (powers of 1024). */
bool value_size(const char *text, uint64_t *bytes);

/* "yes", "no", "true", "false", "on", "off". */
bool value_switch(const char *text, bool *out);

/* The word of the list that is at most two or three keystrokes away from text, or NULL. */
const char *value_nearest(const char *text, const char *const words[], size_t count);

/* Copies the next item of a comma-separated list, without blanks around it, and moves *list on.
 * False at the end, and when an item is empty or does not fit (then *list is NULL). */
bool value_next_item(const char **list, char *item, size_t capacity);

/* "1h", "90m", "3600s": what value_duration reads back. */
#define VALUE_DURATION_BYTES 24
void value_duration_text(uint64_t ms, char text[VALUE_DURATION_BYTES]);

#endif
