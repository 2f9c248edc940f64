/* SPDX-License-Identifier: Apache-2.0
 *
 * Hex texts of test vectors to octets. Used by tests of every layer.
 */
#ifndef TEST_HEX_H
#define TEST_HEX_H

#include <ipsec/types.h>

static inline int test_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads hex digits (spaces allowed between octets) up to the NUL; gives the octets written, or
 * SIZE_MAX when the text is not hex or does not fit. */
static inline size_t test_hex(const char *text, uint8_t *out, size_t capacity)
{
    size_t used = 0;
    while (*text != '\0') {
        if (*text == ' ' || *text == '\n') {
            text++;
            continue;
        }
        int high = test_hex_digit(text[0]);
        int low = high < 0 ? -1 : test_hex_digit(text[1]);
        if (low < 0 || used == capacity) {
            return SIZE_MAX;
        }
        out[used++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return used;
}

#endif
