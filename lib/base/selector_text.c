/* SPDX-License-Identifier: Apache-2.0
 *
 * Traffic selectors to and from text. Called by the caller's configuration and by reports.
 * RFC 7296 3.13.1, RFC 4301 4.4.1.1.
 */
#include "addr_text.h"
#include "scan.h"

#include <string.h>

enum {
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_DCCP = 33,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_SCTP = 132,
    PROTOCOL_MOBILITY = 135,
    PROTOCOL_UDP_LITE = 136
};

static unsigned family_octets(uint8_t family)
{
    return family == IPSEC_FAMILY_IPV4 ? 4 : 16;
}

/* The address range of first/prefix: host bits may be set in the text and are ignored. */
static void fill_prefix(struct ipsec_selector *s, const struct ipsec_addr *addr, unsigned bits)
{
    const unsigned octets = family_octets(addr->family);

    for (unsigned i = 0; i < octets; i++) {
        const unsigned here = bits > 8 * i ? bits - 8 * i : 0;
        const uint8_t host = (uint8_t)(here >= 8 ? 0u : 0xffu >> here);

        s->first[i] = (uint8_t)(addr->bytes[i] & ~host);
        s->last[i] = addr->bytes[i] | host;
    }
    s->family = addr->family;
}

static bool parse_prefix(struct ipsec_view text, size_t slash, struct ipsec_selector *s)
{
    struct ipsec_addr addr;
    uint64_t bits;

    if (!ipseci_scan_addr(ipseci_scan_head(text, slash), &addr) ||
        !ipseci_scan_u64(ipseci_scan_tail(text, slash + 1), 8 * family_octets(addr.family),
                         &bits)) {
        return false;
    }
    fill_prefix(s, &addr, (unsigned)bits);
    return true;
}

static bool parse_range(struct ipsec_view text, size_t dash, struct ipsec_selector *s)
{
    struct ipsec_addr first;
    struct ipsec_addr last;

    if (!ipseci_scan_addr(ipseci_scan_head(text, dash), &first) ||
        !ipseci_scan_addr(ipseci_scan_tail(text, dash + 1), &last) || first.family != last.family ||
        memcmp(first.bytes, last.bytes, sizeof(first.bytes)) > 0) {
        return false;
    }
    memcpy(s->first, first.bytes, sizeof(s->first));
    memcpy(s->last, last.bytes, sizeof(s->last));
    s->family = first.family;
    return true;
}

static bool parse_addresses(struct ipsec_view text, struct ipsec_selector *s)
{
    const size_t slash = ipseci_scan_find(text, '/');
    const size_t dash = ipseci_scan_find(text, '-');
    struct ipsec_addr addr;

    if (slash < text.length) {
        return parse_prefix(text, slash, s);
    }
    if (dash < text.length) {
        return parse_range(text, dash, s);
    }
    if (!ipseci_scan_addr(text, &addr)) {
        return false;
    }
    fill_prefix(s, &addr, 8 * family_octets(addr.family));
    return true;
}

/* "icmp" is the family's own ICMP. */
static uint8_t icmp_of(uint8_t family)
{
    return family == IPSEC_FAMILY_IPV6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
}

static bool parse_protocol(struct ipsec_view text, struct ipsec_selector *s)
{
    uint64_t number = 0;

    if (ipseci_scan_is(text, "tcp")) {
        number = PROTOCOL_TCP;
    } else if (ipseci_scan_is(text, "udp")) {
        number = PROTOCOL_UDP;
    } else if (ipseci_scan_is(text, "icmp")) {
        number = icmp_of(s->family);
    } else if (!ipseci_scan_is(text, "any") && !ipseci_scan_u64(text, 255, &number)) {
        return false;
    }
    s->protocol = (uint8_t)number;
    return true;
}

static bool has_ports(uint8_t protocol)
{
    return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP ||
           protocol == PROTOCOL_DCCP || protocol == PROTOCOL_UDP_LITE ||
           protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6 ||
           protocol == PROTOCOL_MOBILITY;
}

static bool parse_ports(struct ipsec_view text, struct ipsec_selector *s)
{
    const size_t dash = ipseci_scan_find(text, '-');
    uint64_t first;
    uint64_t last;

    if (ipseci_scan_is(text, "any")) {
        return true;
    }
    /* RFC 7296 3.13.1: ports mean something for these protocols only. */
    if (!has_ports(s->protocol)) {
        return false;
    }
    if (ipseci_scan_is(text, "opaque")) {
        s->port_first = UINT16_MAX;
        s->port_last = 0;
        return true;
    }
    if (!ipseci_scan_u64(ipseci_scan_head(text, dash), UINT16_MAX, &first)) {
        return false;
    }
    last = first;
    if (dash < text.length &&
        !ipseci_scan_u64(ipseci_scan_tail(text, dash + 1), UINT16_MAX, &last)) {
        return false;
    }
    s->port_first = (uint16_t)first;
    s->port_last = (uint16_t)last;
    return first <= last;
}

/* What follows the addresses: nothing, or "[protocol]" or "[protocol/port]". */
static bool parse_upper(struct ipsec_view text, struct ipsec_selector *s)
{
    size_t slash;

    s->protocol = 0;
    s->port_first = 0;
    s->port_last = UINT16_MAX;
    if (text.length == 0) {
        return true;
    }
    if (text.data[0] != '[' || text.data[text.length - 1] != ']') {
        return false;
    }
    text = ipseci_view(text.data + 1, text.length > 2 ? text.length - 2 : 0);
    slash = ipseci_scan_find(text, '/');
    if (!parse_protocol(ipseci_scan_head(text, slash), s)) {
        return false;
    }
    return slash == text.length || parse_ports(ipseci_scan_tail(text, slash + 1), s);
}

enum ipsec_status ipsec_selector_parse(const char *text, struct ipsec_selector *out)
{
    const struct ipsec_view view = ipseci_scan_string(text);
    const size_t bracket = ipseci_scan_find(view, '[');
    struct ipsec_selector s;

    if (text == NULL || out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    memset(&s, 0, sizeof(s));
    if (!parse_addresses(ipseci_scan_head(view, bracket), &s) ||
        !parse_upper(ipseci_scan_tail(view, bracket), &s)) {
        return IPSEC_ERR_SYNTAX;
    }
    *out = s;
    return IPSEC_OK;
}

/* The prefix length whose range this is, or -1. */
static int prefix_of(const struct ipsec_selector *s)
{
    const unsigned octets = family_octets(s->family);
    unsigned bits = 0;
    struct ipsec_selector same = {0, 0, 0, 0, {0}, {0}};
    struct ipsec_addr first = {s->family, {0}};

    memcpy(first.bytes, s->first, octets);
    while (bits < 8 * octets &&
           ((s->first[bits / 8] ^ s->last[bits / 8]) >> (7 - bits % 8) & 1) == 0) {
        bits++;
    }
    fill_prefix(&same, &first, bits);
    if (memcmp(same.first, s->first, octets) != 0 || memcmp(same.last, s->last, octets) != 0) {
        return -1;
    }
    return (int)bits;
}

static void add_addresses(struct ipseci_text *t, const struct ipsec_selector *s)
{
    const int prefix = prefix_of(s);

    ipseci_text_addr(t, s->family, s->first);
    if (prefix < 0) {
        ipseci_text_char(t, '-');
        ipseci_text_addr(t, s->family, s->last);
    } else if ((unsigned)prefix < 8 * family_octets(s->family)) {
        ipseci_text_char(t, '/');
        ipseci_text_u64(t, (unsigned)prefix);
    }
}

static void add_protocol(struct ipseci_text *t, const struct ipsec_selector *s)
{
    if (s->protocol == 0) {
        ipseci_text_add(t, "any");
    } else if (s->protocol == PROTOCOL_TCP) {
        ipseci_text_add(t, "tcp");
    } else if (s->protocol == PROTOCOL_UDP) {
        ipseci_text_add(t, "udp");
    } else if (s->protocol == icmp_of(s->family)) {
        ipseci_text_add(t, "icmp");
    } else {
        ipseci_text_u64(t, s->protocol);
    }
}

static void add_ports(struct ipseci_text *t, const struct ipsec_selector *s)
{
    if (s->port_first == UINT16_MAX && s->port_last == 0) {
        ipseci_text_add(t, "opaque");
        return;
    }
    ipseci_text_u64(t, s->port_first);
    if (s->port_last != s->port_first) {
        ipseci_text_char(t, '-');
        ipseci_text_u64(t, s->port_last);
    }
}

void ipsec_selector_text(const struct ipsec_selector *selector, char *text, size_t capacity)
{
    struct ipseci_text t = ipseci_text_init(text, capacity);
    const bool any_port = selector->port_first == 0 && selector->port_last == UINT16_MAX;

    if (selector->family != IPSEC_FAMILY_IPV4 && selector->family != IPSEC_FAMILY_IPV6) {
        ipseci_text_add(&t, "none");
        return;
    }
    add_addresses(&t, selector);
    if (selector->protocol == 0 && any_port) {
        return;
    }
    ipseci_text_char(&t, '[');
    add_protocol(&t, selector);
    if (!any_port) {
        ipseci_text_char(&t, '/');
        add_ports(&t, selector);
    }
    ipseci_text_char(&t, ']');
}
