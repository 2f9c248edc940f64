/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads an IPv4 or IPv6 packet into a flow. RFC 791, RFC 8200; selectors as RFC 4301 4.4.1.1 takes
 * them. Building and checksums stand in ip_build.c. Hot path: every access follows a check on its
 * range.
 */
#include "ip_header.h"
#include <string.h>

#define IPV4_DF          0x4000
#define IPV4_MF          0x2000
#define IPV4_OFFSET_MASK 0x1fff
#define IPV6_OFFSET_MASK 0xfff8
#define IPV6_MF          0x0001

/* Protocols whose first four octets are two ports. */
static bool protocol_has_ports(uint8_t protocol)
{
    return protocol == IPSECI_IP_TCP || protocol == IPSECI_IP_UDP || protocol == IPSECI_IP_SCTP ||
           protocol == IPSECI_IP_DCCP || protocol == IPSECI_IP_UDPLITE;
}

static void ports_set(struct ipseci_flow *out, uint16_t src, uint16_t dst)
{
    out->has_ports = true;
    out->src_port = src;
    out->dst_port = dst;
}

/* `upper` has `left` octets. */
static void ports_take(struct ipseci_flow *out, const uint8_t *upper, size_t left)
{
    if (out->fragment_not_first) {
        return;
    }
    if (protocol_has_ports(out->protocol)) {
        if (left >= 4) {
            ports_set(out, ipseci_load16(upper), ipseci_load16(upper + 2));
        }
    } else if (out->protocol == IPSECI_IP_ICMP || out->protocol == IPSECI_IP_ICMPV6) {
        /* RFC 7296 3.13.1: type in the high octet, code in the low one. */
        if (left >= 2) {
            ports_set(out, ipseci_load16(upper), ipseci_load16(upper));
        }
    } else if (out->protocol == IPSECI_IP_MOBILITY) {
        /* RFC 4301 4.4.1.1: the message type, high octet. It is the header's third octet. */
        if (left >= 3) {
            uint16_t port = (uint16_t)(upper[2] << 8);
            ports_set(out, port, port);
        }
    }
}

static enum ipsec_status ipv4_parse(struct ipsec_view packet, struct ipseci_flow *out)
{
    const uint8_t *p = packet.data;
    if (packet.length < IPSECI_IPV4_HEADER_BYTES) {
        return IPSEC_DROP_TRUNCATED;
    }
    size_t header_bytes = (size_t)(p[0] & 0x0f) * 4;
    uint16_t total = ipseci_load16(p + 2);
    uint16_t fragment = ipseci_load16(p + 6);
    if (header_bytes < IPSECI_IPV4_HEADER_BYTES || total < header_bytes) {
        return IPSEC_DROP_HEADER;
    }
    if (total > packet.length) {
        return IPSEC_DROP_TRUNCATED;
    }
    out->family = IPSEC_FAMILY_IPV4;
    out->traffic_class = p[1];
    out->total_length = total;
    out->dont_fragment = (fragment & IPV4_DF) != 0;
    out->fragment_not_first = (fragment & IPV4_OFFSET_MASK) != 0;
    out->fragment = (fragment & (IPV4_MF | IPV4_OFFSET_MASK)) != 0;
    out->ttl = p[8];
    out->protocol = p[9];
    out->upper_at = (uint16_t)header_bytes;
    memcpy(out->src, p + 12, 4);
    memcpy(out->dst, p + 16, 4);
    ports_take(out, p + header_bytes, total - header_bytes);
    return IPSEC_OK;
}

static bool is_extension(uint8_t next)
{
    return next == IPSECI_IP_HOP_BY_HOP || next == IPSECI_IP_ROUTING ||
           next == IPSECI_IP_DESTINATION || next == IPSECI_IP_FRAGMENT;
}

/* One extension header at out->upper_at; false when it does not fit the packet. */
static bool extension_skip(const uint8_t *p, struct ipseci_flow *out)
{
    size_t at = out->upper_at;
    size_t left = out->total_length - at;
    if (left < 8) {
        return false;
    }
    size_t bytes = 8;
    if (out->protocol == IPSECI_IP_FRAGMENT) {
        uint16_t field = ipseci_load16(p + at + 2);
        /* RFC 6946: offset 0 without more fragments is a whole packet. */
        out->fragment_not_first |= (field & IPV6_OFFSET_MASK) != 0;
        out->fragment |= (field & (IPV6_OFFSET_MASK | IPV6_MF)) != 0;
    } else {
        bytes += (size_t)p[at + 1] * 8;
    }
    if (bytes > left) {
        return false;
    }
    out->protocol = p[at];
    out->upper_at = (uint16_t)(at + bytes);
    return true;
}

/* What follows a later fragment's header is not a header: the walk stops there. */
static enum ipsec_status extensions_skip(const uint8_t *p, struct ipseci_flow *out)
{
    for (int i = 0; i < IPSECI_IPV6_EXTENSIONS_MAX; i++) {
        if (!is_extension(out->protocol) || out->fragment_not_first) {
            return IPSEC_OK;
        }
        if (!extension_skip(p, out)) {
            return IPSEC_DROP_HEADER;
        }
    }
    return is_extension(out->protocol) && !out->fragment_not_first ? IPSEC_DROP_HEADER : IPSEC_OK;
}

static enum ipsec_status ipv6_parse(struct ipsec_view packet, struct ipseci_flow *out)
{
    const uint8_t *p = packet.data;
    if (packet.length < IPSECI_IPV6_HEADER_BYTES) {
        return IPSEC_DROP_TRUNCATED;
    }
    uint32_t total = (uint32_t)ipseci_load16(p + 4) + IPSECI_IPV6_HEADER_BYTES;
    if (total > packet.length) {
        return IPSEC_DROP_TRUNCATED;
    }
    out->family = IPSEC_FAMILY_IPV6;
    out->traffic_class = (uint8_t)(ipseci_load16(p) >> 4);
    out->total_length = total;
    out->dont_fragment = true;
    out->protocol = p[6];
    out->ttl = p[7];
    out->upper_at = IPSECI_IPV6_HEADER_BYTES;
    memcpy(out->src, p + 8, 16);
    memcpy(out->dst, p + 24, 16);
    IPSECI_TRY(extensions_skip(p, out));
    ports_take(out, p + out->upper_at, total - out->upper_at);
    return IPSEC_OK;
}

enum ipsec_status ipseci_ip_parse(struct ipsec_view packet, struct ipseci_flow *out)
{
    *out = (struct ipseci_flow){0};
    if (packet.length == 0) {
        return IPSEC_DROP_VERSION;
    }
    switch (packet.data[0] >> 4) {
    case 4:
        return ipv4_parse(packet, out);
    case 6:
        return ipv6_parse(packet, out);
    default: /* a wire value, not an enum */
        return IPSEC_DROP_VERSION;
    }
}
