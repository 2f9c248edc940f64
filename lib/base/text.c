/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounded text building. Called by the text functions of the public headers and by reports.
 */
#include "text.h"

static const char hex_digits[] = "0123456789abcdef";

struct ipseci_text ipseci_text_init(char *buffer, size_t capacity)
{
    struct ipseci_text t = {buffer, buffer == NULL ? 0 : capacity, 0, false};

    if (t.capacity != 0) {
        t.start[0] = '\0';
    }
    return t;
}

/* The last characters become dots, as many of three as there is room for. */
static void cut(struct ipseci_text *t)
{
    t->cut = true;
    if (t->capacity == 0) {
        return;
    }
    for (size_t i = 0; i < 3 && i + 1 < t->capacity; i++) {
        t->start[t->capacity - 2 - i] = '.';
    }
    t->used = t->capacity - 1;
    t->start[t->used] = '\0';
}

void ipseci_text_char(struct ipseci_text *t, char c)
{
    if (t->cut) {
        return;
    }
    if (t->capacity == 0 || t->used >= t->capacity - 1) {
        cut(t);
        return;
    }
    t->start[t->used++] = c;
    t->start[t->used] = '\0';
}

void ipseci_text_add(struct ipseci_text *t, const char *s)
{
    for (; *s != '\0' && !t->cut; s++) {
        ipseci_text_char(t, *s);
    }
}

void ipseci_text_u64(struct ipseci_text *t, uint64_t v)
{
    char digits[20]; /* UINT64_MAX has 20 */
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    while (count > 0) {
        ipseci_text_char(t, digits[--count]);
    }
}

void ipseci_text_hex(struct ipseci_text *t, const void *data, size_t length)
{
    const uint8_t *octets = (const uint8_t *)data;

    for (size_t i = 0; i < length && !t->cut; i++) {
        ipseci_text_char(t, hex_digits[octets[i] >> 4]);
        ipseci_text_char(t, hex_digits[octets[i] & 15]);
    }
}

void ipseci_text_escaped(struct ipseci_text *t, const void *data, size_t length)
{
    const uint8_t *octets = (const uint8_t *)data;

    for (size_t i = 0; i < length && !t->cut; i++) {
        if (octets[i] >= 0x20 && octets[i] <= 0x7e && octets[i] != '\\') {
            ipseci_text_char(t, (char)octets[i]);
            continue;
        }
        ipseci_text_add(t, "\\x");
        ipseci_text_hex(t, &octets[i], 1);
    }
}
