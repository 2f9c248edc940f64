/* SPDX-License-Identifier: Apache-2.0
 *
 * Text to addresses: dotted decimal without leading zeros (which some would read as octal), and
 * IPv6 as in RFC 4291 2.2. Called by the caller's configuration and by the other parsers.
 */
#include "scan.h"

#include <string.h>

#define GROUPS 8

static bool parse_ipv4(struct ipsec_view text, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++) {
        const size_t end = i == 3 ? text.length : ipseci_scan_find(text, '.');
        const struct ipsec_view part = ipseci_scan_head(text, end);
        uint64_t value;

        if (!ipseci_scan_u64(part, 255, &value) || part.length > 3 ||
            (part.length > 1 && part.data[0] == '0') || (i < 3 && end == text.length)) {
            return false;
        }
        out[i] = (uint8_t)value;
        text = ipseci_scan_tail(text, end + 1);
    }
    return true;
}

/* The octets read so far, with the place of "::". */
struct ipv6_parts {
    uint8_t octets[16];
    unsigned count;
    unsigned gap; /* octets before "::"; 17: none seen */
};

static bool add_group(struct ipv6_parts *parts, struct ipsec_view part)
{
    unsigned value = 0;

    if (part.length == 0 || part.length > 4 || parts->count > 14) {
        return false;
    }
    for (size_t i = 0; i < part.length; i++) {
        const int digit = ipseci_scan_hex_digit(part.data[i]);

        if (digit < 0) {
            return false;
        }
        value = value << 4 | (unsigned)digit;
    }
    ipseci_store16(parts->octets + parts->count, (uint16_t)value);
    parts->count += 2;
    return true;
}

/* One part, which the dotted form of IPv4 may be when it is the last. */
static bool add_part(struct ipv6_parts *parts, struct ipsec_view part, bool last)
{
    if (!last || ipseci_scan_find(part, '.') == part.length) {
        return add_group(parts, part);
    }
    if (parts->count > 12 || !parse_ipv4(part, parts->octets + parts->count)) {
        return false;
    }
    parts->count += 4;
    return true;
}

static bool split_ipv6(struct ipsec_view text, struct ipv6_parts *parts)
{
    struct ipsec_view rest;

    if (ipseci_scan_prefix(text, "::", &rest)) {
        parts->gap = 0;
        text = rest;
        if (text.length == 0) {
            return true;
        }
    }
    for (unsigned i = 0; i <= GROUPS; i++) {
        const size_t end = ipseci_scan_find(text, ':');
        const bool last = end == text.length;

        if (!add_part(parts, ipseci_scan_head(text, end), last)) {
            return false;
        }
        if (last) {
            return true;
        }
        text = ipseci_scan_tail(text, end + 1);
        if (text.length != 0 && text.data[0] == ':') {
            if (parts->gap <= 16) {
                return false; /* a second "::" */
            }
            parts->gap = parts->count;
            text = ipseci_scan_tail(text, 1);
            if (text.length == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool parse_ipv6(struct ipsec_view text, uint8_t out[16])
{
    struct ipv6_parts parts = {{0}, 0, 17};
    unsigned after;

    if (!split_ipv6(text, &parts)) {
        return false;
    }
    if (parts.gap > 16) {
        memcpy(out, parts.octets, 16);
        return parts.count == 16;
    }
    if (parts.count > 14) {
        return false; /* "::" stands for one group at least */
    }
    after = parts.count - parts.gap;
    memset(out, 0, 16);
    memcpy(out, parts.octets, parts.gap);
    memcpy(out + 16 - after, parts.octets + parts.gap, after);
    return true;
}

bool ipseci_scan_addr(struct ipsec_view text, struct ipsec_addr *out)
{
    struct ipsec_addr addr = {0, {0}};

    if (parse_ipv4(text, addr.bytes)) {
        addr.family = IPSEC_FAMILY_IPV4;
    } else if (parse_ipv6(text, addr.bytes)) {
        addr.family = IPSEC_FAMILY_IPV6;
    } else {
        return false;
    }
    *out = addr;
    return true;
}

enum ipsec_status ipsec_addr_parse(const char *text, struct ipsec_addr *out)
{
    if (text == NULL || out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    return ipseci_scan_addr(ipseci_scan_string(text), out) ? IPSEC_OK : IPSEC_ERR_SYNTAX;
}
