/* SPDX-License-Identifier: Apache-2.0
 *
 * Small parsers over views of text. Called by the parsers of addresses, selectors, identities and
 * proposals.
 */
#include "scan.h"

#include <string.h>

struct ipsec_view ipseci_scan_string(const char *text)
{
    return ipseci_view((const uint8_t *)text, text == NULL ? 0 : strlen(text));
}

bool ipseci_scan_u64(struct ipsec_view text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text.length == 0) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        const unsigned digit = (unsigned)text.data[i] - '0';

        if (digit > 9 || digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

int ipseci_scan_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool ipseci_scan_is(struct ipsec_view text, const char *word)
{
    struct ipsec_view rest;

    return ipseci_scan_prefix(text, word, &rest) && rest.length == 0;
}

bool ipseci_scan_prefix(struct ipsec_view text, const char *word, struct ipsec_view *rest)
{
    const size_t length = strlen(word);

    if (text.length < length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        uint8_t c = text.data[i];

        if (c >= 'A' && c <= 'Z') {
            c = (uint8_t)(c - 'A' + 'a');
        }
        if (c != (uint8_t)word[i]) {
            return false;
        }
    }
    *rest = ipseci_scan_tail(text, length);
    return true;
}

size_t ipseci_scan_find(struct ipsec_view text, char c)
{
    size_t i = 0;

    while (i < text.length && text.data[i] != (uint8_t)c) {
        i++;
    }
    return i;
}

struct ipsec_view ipseci_scan_head(struct ipsec_view text, size_t length)
{
    return ipseci_view(text.data, length < text.length ? length : text.length);
}

struct ipsec_view ipseci_scan_tail(struct ipsec_view text, size_t from)
{
    if (from >= text.length) {
        return ipseci_view(NULL, 0);
    }
    return ipseci_view(text.data + from, text.length - from);
}
