/* SPDX-License-Identifier: Apache-2.0
 *
 * A strict reader of UTF-8.
 */
#include "mschap_utf16.h"

/* The first octet's own bits, how many octets follow, and the least that is worth so many. */
static unsigned lead(uint8_t octet, uint32_t *code, uint32_t *least)
{
    if (octet < 0x80) {
        *code = octet;
        *least = 1; /* a NUL ends nothing here, and is in nobody's password */
        return 0;
    }
    if (octet >= 0xc2 && octet < 0xe0) {
        *code = octet & 0x1fu;
        *least = 0x80;
        return 1;
    }
    if (octet >= 0xe0 && octet < 0xf0) {
        *code = octet & 0x0fu;
        *least = 0x800;
        return 2;
    }
    *code = octet & 0x07u;
    *least = octet >= 0xf0 && octet < 0xf5 ? 0x10000 : UINT32_MAX;
    return 3;
}

static void put(uint8_t **at, uint32_t unit)
{
    *(*at)++ = (uint8_t)unit;
    *(*at)++ = (uint8_t)(unit >> 8);
}

bool ipseci_mschap_utf16(struct ipsec_view text, uint8_t out[2 * IPSECI_MSCHAP_UTF8_MAX],
                         size_t *length)
{
    uint8_t *at = out;
    size_t i = 0;

    *length = 0;
    if (text.length > IPSECI_MSCHAP_UTF8_MAX) {
        return false;
    }
    while (i < text.length) {
        uint32_t code = 0;
        uint32_t least = 0;
        unsigned more = lead(text.data[i++], &code, &least);
        for (; more > 0 && i < text.length && (text.data[i] & 0xc0) == 0x80; more--) {
            code = code << 6 | (text.data[i++] & 0x3fu);
        }
        const bool surrogate = code >= 0xd800 && code < 0xe000;
        if (more > 0 || code < least || surrogate || code > 0x10ffff) {
            return false;
        }
        if (code >= 0x10000) {
            put(&at, 0xd800 + ((code - 0x10000) >> 10));
            put(&at, 0xdc00 + ((code - 0x10000) & 0x3ff));
        } else {
            put(&at, code);
        }
    }
    *length = (size_t)(at - out);
    return true;
}
