/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages about packets that are too big. See icmp.h and ipsec/mtu.h.
 */
#include "icmp.h"
#include "ip_header.h"
#include "udp_encap.h"

#include <ipsec/mtu.h>

#include <string.h>

#define ICMP_UNREACHABLE   3
#define ICMP_NEEDS_CUTTING 4 /* code */
#define ICMPV6_TOO_BIG     2
#define ICMPV6_ERROR_LAST  127
#define IPV4_MESSAGE_BYTES 576 /* RFC 1812 4.3.2.3 */
#define IPV6_MESSAGE_BYTES 1280
#define TTL                64
#define QUOTED_UPPER_BYTES 8

_Static_assert(IPSEC_TOO_BIG_BYTES >= IPV6_MESSAGE_BYTES, "room for any message");

/* RFC 1122 3.2.2: queries and their answers may be spoken of, errors may not. */
static bool is_icmp_error(const struct ipseci_flow *flow)
{
    const uint8_t type = (uint8_t)(flow->src_port >> 8);
    if (flow->protocol == IPSECI_IP_ICMPV6) {
        return !flow->has_ports || type <= ICMPV6_ERROR_LAST;
    }
    return flow->protocol == IPSECI_IP_ICMP && (!flow->has_ports || type == ICMP_UNREACHABLE ||
                                                type == 4 || type == 5 || type == 11 || type == 12);
}

/* One host, and not nobody. */
static bool is_unicast(uint8_t family, const uint8_t *addr)
{
    static const uint8_t zero[16];
    if (family == IPSEC_FAMILY_IPV4) {
        return addr[0] != 0 && addr[0] < 224;
    }
    return addr[0] != 0xff && memcmp(addr, zero, sizeof(zero)) != 0;
}

static bool may_be_told(const struct ipseci_flow *flow)
{
    /* RFC 4443 2.4 e: to a group is all right for IPv6, so that path MTUs are found for it too. */
    return !is_icmp_error(flow) && !flow->fragment_not_first &&
           is_unicast(flow->family, flow->src) &&
           (flow->family == IPSEC_FAMILY_IPV6 || is_unicast(flow->family, flow->dst));
}

static void write_icmp(uint8_t *icmp, const struct ipseci_flow *flow, struct ipsec_view quoted,
                       uint32_t mtu)
{
    const bool ipv4 = flow->family == IPSEC_FAMILY_IPV4;
    icmp[0] = ipv4 ? ICMP_UNREACHABLE : ICMPV6_TOO_BIG;
    icmp[1] = ipv4 ? ICMP_NEEDS_CUTTING : 0;
    ipseci_store16(icmp + 2, 0);
    ipseci_store32(icmp + 4, mtu); /* IPv4: 16 bits behind 16 that are not used */
    memcpy(icmp + IPSECI_ICMP_HEADER_BYTES, quoted.data, quoted.length);
}

enum ipsec_status ipsec_too_big_build(struct ipsec_view packet, uint32_t mtu,
                                      const struct ipsec_addr *from, uint8_t *out, size_t *length)
{
    struct ipseci_flow flow;
    struct ipsec_addr src = {0};
    struct ipsec_addr dst = {0};
    if (packet.data == NULL || out == NULL || length == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_ip_parse(packet, &flow));
    if (!may_be_told(&flow)) {
        return IPSEC_DROP_POLICY;
    }
    const bool ipv4 = flow.family == IPSEC_FAMILY_IPV4;
    src.family = dst.family = flow.family;
    memcpy(src.bytes, flow.dst, sizeof(flow.dst));
    memcpy(dst.bytes, flow.src, sizeof(flow.src));
    if (from != NULL) {
        if (from->family != flow.family) {
            return IPSEC_ERR_ARGUMENT;
        }
        src = *from;
    }
    const struct ipseci_ip_outer ip = {.family = flow.family,
                                       .protocol = ipv4 ? IPSECI_IP_ICMP : IPSECI_IP_ICMPV6,
                                       .ttl = TTL,
                                       .src = src.bytes,
                                       .dst = dst.bytes};
    const size_t header = ipv4 ? IPSECI_IPV4_HEADER_BYTES : IPSECI_IPV6_HEADER_BYTES;
    const size_t most =
        (ipv4 ? IPV4_MESSAGE_BYTES : IPV6_MESSAGE_BYTES) - header - IPSECI_ICMP_HEADER_BYTES;
    const size_t quoted = flow.total_length < most ? flow.total_length : most;
    const size_t octets = IPSECI_ICMP_HEADER_BYTES + quoted;
    uint32_t told = !ipv4 && mtu < IPV6_MESSAGE_BYTES ? IPV6_MESSAGE_BYTES : mtu;
    told = ipv4 && told > UINT16_MAX ? UINT16_MAX : told;
    (void)ipseci_ip_build(out, &ip, octets); /* such a length always fits */
    uint8_t *icmp = out + header;
    write_icmp(icmp, &flow, ipseci_view(packet.data, quoted), told);
    const struct ipsec_view message = ipseci_view(icmp, octets);
    ipseci_store16(icmp + 2, ipv4 ? ipseci_checksum(message, 0)
                                  : ipseci_upper_checksum(&src, &dst, IPSECI_IP_ICMPV6, message));
    *length = header + octets;
    return IPSEC_OK;
}

/* RFC 4443 2.3: the addresses are part of it. */
static bool icmpv6_checksum_valid(const struct ipseci_flow *flow, struct ipsec_view message)
{
    struct ipsec_addr src = {.family = IPSEC_FAMILY_IPV6};
    struct ipsec_addr dst = {.family = IPSEC_FAMILY_IPV6};
    memcpy(src.bytes, flow->src, sizeof(flow->src));
    memcpy(dst.bytes, flow->dst, sizeof(flow->dst));
    return ipseci_upper_checksum(&src, &dst, IPSECI_IP_ICMPV6, message) == 0;
}

/* The packet inside, of which only the beginning is there: its headers are walked as far as it
 * says, and 8 octets behind them have to be left. */
static bool parse_quoted(struct ipsec_view quoted, struct ipseci_too_big *out)
{
    const uint8_t *p = quoted.data;
    if (quoted.length < IPSECI_IPV4_HEADER_BYTES || p[0] >> 4 != out->family) {
        return false;
    }
    size_t at = (size_t)(p[0] & 0x0f) * 4;
    if (out->family == IPSEC_FAMILY_IPV4) {
        out->protocol = p[9];
        memcpy(out->dst, p + 16, 4);
    } else {
        at = IPSECI_IPV6_HEADER_BYTES; /* we send no extension headers of our own */
        if (quoted.length < at) {
            return false;
        }
        out->protocol = p[6];
        memcpy(out->dst, p + 24, 16);
    }
    if (at < IPSECI_IPV4_HEADER_BYTES || quoted.length < at + QUOTED_UPPER_BYTES) {
        return false;
    }
    out->upper = ipseci_view(p + at, quoted.length - at);
    return true;
}

bool ipseci_too_big_parse(struct ipsec_view packet, struct ipseci_too_big *out)
{
    struct ipseci_flow flow;
    memset(out, 0, sizeof(*out));
    if (ipseci_ip_parse(packet, &flow) != IPSEC_OK || flow.fragment ||
        flow.total_length - flow.upper_at < IPSECI_ICMP_HEADER_BYTES) {
        return false;
    }
    const uint8_t *icmp = packet.data + flow.upper_at;
    const size_t octets = flow.total_length - flow.upper_at;
    out->family = flow.family;
    if (flow.family == IPSEC_FAMILY_IPV4) {
        if (flow.protocol != IPSECI_IP_ICMP || icmp[0] != ICMP_UNREACHABLE ||
            icmp[1] != ICMP_NEEDS_CUTTING || ipseci_checksum(ipseci_view(icmp, octets), 0) != 0) {
            return false;
        }
        out->mtu = ipseci_load16(icmp + 6);
    } else {
        if (flow.protocol != IPSECI_IP_ICMPV6 || icmp[0] != ICMPV6_TOO_BIG || icmp[1] != 0 ||
            !icmpv6_checksum_valid(&flow, ipseci_view(icmp, octets))) {
            return false;
        }
        out->mtu = ipseci_load32(icmp + 4);
    }
    return parse_quoted(
        ipseci_view(icmp + IPSECI_ICMP_HEADER_BYTES, octets - IPSECI_ICMP_HEADER_BYTES), out);
}
