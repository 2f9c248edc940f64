/* SPDX-License-Identifier: Apache-2.0
 *
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers: what selector checks and tunnels need to know of an
 * inner packet, and outer headers. Called per packet by lib/esp and lib/gw: no copies but the
 * addresses.
 */
#ifndef IPSECI_IP_HEADER_H
#define IPSECI_IP_HEADER_H

#include "bytes.h"

#define IPSECI_IPV4_HEADER_BYTES   20
#define IPSECI_IPV6_HEADER_BYTES   40
#define IPSECI_IPV6_EXTENSIONS_MAX 8 /* extension headers walked; more is IPSEC_DROP_HEADER */

enum ipseci_ip_protocol {
    IPSECI_IP_HOP_BY_HOP = 0,
    IPSECI_IP_ICMP = 1,
    IPSECI_IP_IPV4 = 4,
    IPSECI_IP_TCP = 6,
    IPSECI_IP_UDP = 17,
    IPSECI_IP_DCCP = 33,
    IPSECI_IP_IPV6 = 41,
    IPSECI_IP_ROUTING = 43,
    IPSECI_IP_FRAGMENT = 44,
    IPSECI_IP_ESP = 50,
    IPSECI_IP_AH = 51,
    IPSECI_IP_ICMPV6 = 58,
    IPSECI_IP_NO_NEXT = 59,
    IPSECI_IP_DESTINATION = 60,
    IPSECI_IP_SCTP = 132,
    IPSECI_IP_MOBILITY = 135,
    IPSECI_IP_UDPLITE = 136
};

/* ECN, RFC 3168: the low two bits of TOS and traffic class. */
#define IPSECI_ECN_MASK    0x03
#define IPSECI_ECN_NOT_ECT 0x00
#define IPSECI_ECN_ECT1    0x01
#define IPSECI_ECN_ECT0    0x02
#define IPSECI_ECN_CE      0x03

/* Everything of a packet that policy looks at. Ports are in host order. For ICMP, ICMPv6 and
 * Mobility both ports are type * 256 + code (code 0 for Mobility): RFC 7296 3.13.1, RFC
 * 4301 4.4.1.1. */
struct ipseci_flow {
    uint8_t family;   /* enum ipsec_family */
    uint8_t protocol; /* upper layer, IPv6 extension headers skipped; AH and ESP count as upper */
    uint8_t traffic_class; /* DSCP and ECN */
    uint8_t ttl;           /* or hop limit */
    bool has_ports;        /* false: no such thing, not the first fragment, or cut short */
    bool fragment;         /* any fragment: MF or an offset */
    bool fragment_not_first;
    bool dont_fragment; /* IPv4 DF; true for IPv6 */
    uint16_t src_port;
    uint16_t dst_port;
    uint16_t upper_at;     /* offset of the upper layer header */
    uint32_t total_length; /* of the packet by its own header; octets beyond it are TFC padding */
    uint8_t src[16];       /* IPv4: first 4 octets, the rest zero */
    uint8_t dst[16];
};

/* IPSEC_DROP_TRUNCATED: fewer octets than the header says. IPSEC_DROP_VERSION: neither 4 nor 6 in
 * the first four bits, or empty. IPSEC_DROP_HEADER: header length and total length contradict each
 * other, or too many extension headers. *out is then undefined. The IPv4 header checksum is not
 * verified. */
enum ipsec_status ipseci_ip_parse(struct ipsec_view packet, struct ipseci_flow *out);

/* An outer header. */
struct ipseci_ip_outer {
    uint8_t family;
    uint8_t protocol;
    uint8_t traffic_class;
    uint8_t ttl;
    bool dont_fragment;  /* IPv4 */
    uint16_t id;         /* IPv4; RFC 6864: 0 is right for atomic datagrams (DF set) */
    uint32_t flow_label; /* IPv6, 20 bits */
    const uint8_t *src;  /* 4 or 16 octets */
    const uint8_t *dst;
};
/* Writes 20 or 40 octets to out (the caller has checked the room) and returns how many; 0 when
 * family is neither or the length does not fit 16 bits. payload_length is what follows this header.
 */
size_t ipseci_ip_build(uint8_t *out, const struct ipseci_ip_outer *outer, size_t payload_length);

/* Sets length (total, this header included), and for IPv4 class and ID, of a header made by
 * ipseci_ip_build; keeps the checksum right. For templates copied per packet. */
void ipseci_ipv4_finish(uint8_t *header, uint8_t traffic_class, uint16_t total_length, uint16_t id);
void ipseci_ipv6_finish(uint8_t *header, uint16_t total_length);

/* Change a field of a whole IPv4 or IPv6 packet (at least its fixed header, as ipseci_ip_parse
 * checks) in place, checksum included. */
void ipseci_ip_set_traffic_class(uint8_t *packet, uint8_t traffic_class);
void ipseci_ip_set_ttl(uint8_t *packet, uint8_t ttl);
/* Sets the octet at name_at, which says what follows a header, and the length of the packet. */
void ipseci_ip_set_next(uint8_t *packet, size_t name_at, uint8_t next);
void ipseci_ip_set_length(uint8_t *packet, uint16_t total_length);
bool ipseci_ipv4_has_df(const uint8_t *packet);
void ipseci_ipv4_set_df(uint8_t *packet, bool df);
void ipseci_ipv6_set_flow_label(uint8_t *packet, uint32_t flow_label);

/* The Internet checksum (RFC 1071) of octets: the value to store. `sum` carries a pseudo header's
 * unfolded sum, 0 otherwise. */
uint16_t ipseci_checksum(struct ipsec_view octets, uint32_t sum);
/* RFC 1624, equation 3: the checksum after one 16-bit field went from old to now. */
uint16_t ipseci_checksum_update(uint16_t checksum, uint16_t old, uint16_t now);
/* Length of header in octets from its first octet; the whole header must be there. */
bool ipseci_ipv4_checksum_valid(const uint8_t *header);

#endif
