/* SPDX-License-Identifier: Apache-2.0
 *
 * UDP headers and what travels in UDP port 4500 (RFC 3948). Called by lib/gw and lib/esp.
 */
#ifndef IPSECI_UDP_ENCAP_H
#define IPSECI_UDP_ENCAP_H

#include "bytes.h"

#define IPSECI_UDP_HEADER_BYTES     8
#define IPSECI_NON_ESP_MARKER_BYTES 4
#define IPSECI_PORT_IKE             500
#define IPSECI_PORT_NATT            4500
#define IPSECI_KEEPALIVE_OCTET      0xFF

struct ipseci_udp {
    uint16_t src_port; /* host order */
    uint16_t dst_port;
    uint16_t checksum; /* as received; not verified: ESP and IKE have better */
    struct ipsec_view payload;
};

/* Reads a UDP header; the payload ends where its Length says. IPSEC_DROP_TRUNCATED: fewer octets
 * than Length. IPSEC_DROP_MALFORMED: Length below 8. */
enum ipsec_status ipseci_udp_parse(struct ipsec_view datagram, struct ipseci_udp *out);
/* Writes 8 octets with checksum 0 (RFC 3948 2.1). */
void ipseci_udp_build(uint8_t out[IPSECI_UDP_HEADER_BYTES], uint16_t src_port, uint16_t dst_port,
                      uint16_t payload_length);
/* The checksum of a whole UDP datagram whose checksum field is 0, for IPv6 where 0 is not allowed
 * (RFC 8200 8.1). Both addresses have one family. Never 0. */
uint16_t ipseci_udp_checksum(const struct ipsec_addr *src, const struct ipsec_addr *dst,
                             struct ipsec_view datagram);
/* The same for any protocol with that pseudo header (TCP); may be 0. */
uint16_t ipseci_upper_checksum(const struct ipsec_addr *src, const struct ipsec_addr *dst,
                               uint8_t protocol, struct ipsec_view upper);

enum ipseci_encap {
    IPSECI_ENCAP_IKE,       /* content is the IKE message, marker taken off */
    IPSECI_ENCAP_ESP,       /* content begins with the SPI */
    IPSECI_ENCAP_KEEPALIVE, /* IPSEC_DROP_KEEPALIVE: nothing to do */
    IPSECI_ENCAP_SHORT      /* IPSEC_DROP_TRUNCATED: too short to be any of these */
};

/* Sorts a UDP payload of port 4500. content is set for IKE and ESP, empty otherwise. IKE has at
 * least a whole header after the marker; ESP at least header and the shortest trailer. */
enum ipseci_encap ipseci_udp_encap_sort(struct ipsec_view payload, struct ipsec_view *content);

#endif
