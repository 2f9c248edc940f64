/* SPDX-License-Identifier: Apache-2.0
 *
 * Outer IPv4 and IPv6 headers, fields changed in place, Internet checksum. RFC 791, 1071, 1624,
 * 8200.
 */
#include "ip_header.h"
#include <string.h>

#define IPV4_DF          0x4000
#define IPV4_CHECKSUM_AT 10

static uint16_t sum_fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* sum of n octets, n up to 65535 and a pseudo header of at most 18 words: below 2^31. */
uint16_t ipseci_checksum(struct ipsec_view octets, uint32_t sum)
{
    size_t i = 0;
    for (; i + 3 < octets.length; i += 4) {
        const uint32_t two = ipseci_load32(octets.data + i);
        sum += (two >> 16) + (two & 0xffff);
    }
    for (; i + 1 < octets.length; i += 2) {
        sum += ipseci_load16(octets.data + i);
    }
    if (i < octets.length) {
        sum += (uint32_t)octets.data[i] << 8;
    }
    return (uint16_t)~sum_fold(sum);
}

uint16_t ipseci_checksum_update(uint16_t checksum, uint16_t old, uint16_t now)
{
    uint32_t sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~old + now;
    return (uint16_t)~sum_fold(sum);
}

bool ipseci_ipv4_checksum_valid(const uint8_t *header)
{
    return ipseci_checksum(ipseci_view(header, (size_t)(header[0] & 0x0f) * 4), 0) == 0;
}

/* Stores a 16-bit field of an IPv4 header and carries the change into the checksum. */
static void ipv4_field_set(uint8_t *header, size_t at, uint16_t now)
{
    uint16_t old = ipseci_load16(header + at);
    uint16_t checksum = ipseci_load16(header + IPV4_CHECKSUM_AT);
    ipseci_store16(header + at, now);
    ipseci_store16(header + IPV4_CHECKSUM_AT, ipseci_checksum_update(checksum, old, now));
}

static size_t ipv4_build(uint8_t *out, const struct ipseci_ip_outer *outer, size_t payload_length)
{
    if (payload_length > UINT16_MAX - IPSECI_IPV4_HEADER_BYTES) {
        return 0;
    }
    out[0] = 0x45;
    out[1] = outer->traffic_class;
    ipseci_store16(out + 2, (uint16_t)(payload_length + IPSECI_IPV4_HEADER_BYTES));
    ipseci_store16(out + 4, outer->id);
    ipseci_store16(out + 6, outer->dont_fragment ? IPV4_DF : 0);
    out[8] = outer->ttl;
    out[9] = outer->protocol;
    ipseci_store16(out + IPV4_CHECKSUM_AT, 0);
    memcpy(out + 12, outer->src, 4);
    memcpy(out + 16, outer->dst, 4);
    uint16_t checksum = ipseci_checksum(ipseci_view(out, IPSECI_IPV4_HEADER_BYTES), 0);
    ipseci_store16(out + IPV4_CHECKSUM_AT, checksum);
    return IPSECI_IPV4_HEADER_BYTES;
}

static size_t ipv6_build(uint8_t *out, const struct ipseci_ip_outer *outer, size_t payload_length)
{
    if (payload_length > UINT16_MAX) {
        return 0;
    }
    ipseci_store32(out, UINT32_C(6) << 28 | (uint32_t)outer->traffic_class << 20 |
                            (outer->flow_label & 0xfffff));
    ipseci_store16(out + 4, (uint16_t)payload_length);
    out[6] = outer->protocol;
    out[7] = outer->ttl;
    memcpy(out + 8, outer->src, 16);
    memcpy(out + 24, outer->dst, 16);
    return IPSECI_IPV6_HEADER_BYTES;
}

size_t ipseci_ip_build(uint8_t *out, const struct ipseci_ip_outer *outer, size_t payload_length)
{
    if (outer->family == IPSEC_FAMILY_IPV4) {
        return ipv4_build(out, outer, payload_length);
    }
    if (outer->family == IPSEC_FAMILY_IPV6) {
        return ipv6_build(out, outer, payload_length);
    }
    return 0;
}

/* Three fields at a time: RFC 1624, equation 3, as a sum of all changes. */
void ipseci_ipv4_finish(uint8_t *header, uint8_t traffic_class, uint16_t total_length, uint16_t id)
{
    uint32_t sum = (uint16_t)~ipseci_load16(header + IPV4_CHECKSUM_AT);
    sum += (uint32_t)UINT16_MAX * 3 - header[1] - ipseci_load16(header + 2) -
           ipseci_load16(header + 4);
    sum += (uint32_t)traffic_class + total_length + id;
    header[1] = traffic_class;
    ipseci_store16(header + 2, total_length);
    ipseci_store16(header + 4, id);
    ipseci_store16(header + IPV4_CHECKSUM_AT, (uint16_t)~sum_fold(sum));
}

void ipseci_ipv6_finish(uint8_t *header, uint16_t total_length)
{
    ipseci_store16(header + 4, (uint16_t)(total_length - IPSECI_IPV6_HEADER_BYTES));
}

void ipseci_ip_set_traffic_class(uint8_t *packet, uint8_t traffic_class)
{
    if (packet[0] >> 4 == IPSEC_FAMILY_IPV4) {
        ipv4_field_set(packet, 0, (uint16_t)(packet[0] << 8 | traffic_class));
        return;
    }
    uint16_t word = ipseci_load16(packet);
    ipseci_store16(packet, (uint16_t)((word & 0xf00f) | traffic_class << 4));
}

void ipseci_ip_set_ttl(uint8_t *packet, uint8_t ttl)
{
    if (packet[0] >> 4 == IPSEC_FAMILY_IPV4) {
        ipv4_field_set(packet, 8, (uint16_t)(ttl << 8 | packet[9]));
        return;
    }
    packet[7] = ttl;
}

void ipseci_ip_set_next(uint8_t *packet, size_t name_at, uint8_t next)
{
    if (packet[0] >> 4 == IPSEC_FAMILY_IPV4) {
        ipv4_field_set(packet, 8, (uint16_t)(packet[8] << 8 | next));
        return;
    }
    packet[name_at] = next;
}

void ipseci_ip_set_length(uint8_t *packet, uint16_t total_length)
{
    if (packet[0] >> 4 == IPSEC_FAMILY_IPV4) {
        ipv4_field_set(packet, 2, total_length);
        return;
    }
    ipseci_ipv6_finish(packet, total_length);
}

bool ipseci_ipv4_has_df(const uint8_t *packet)
{
    return (ipseci_load16(packet + 6) & IPV4_DF) != 0;
}

void ipseci_ipv4_set_df(uint8_t *packet, bool df)
{
    const uint16_t others = ipseci_load16(packet + 6) & (uint16_t)~IPV4_DF;
    ipv4_field_set(packet, 6, (uint16_t)(others | (df ? IPV4_DF : 0)));
}

void ipseci_ipv6_set_flow_label(uint8_t *packet, uint32_t flow_label)
{
    ipseci_store32(packet, (ipseci_load32(packet) & 0xfff00000) | (flow_label & 0xfffff));
}
