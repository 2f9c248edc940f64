/* SPDX-License-Identifier: Apache-2.0
 *
 * ICMP and ICMPv6 messages about packets that are too big. RFC 792, 1191, 4443. Building them is
 * public: ipsec/mtu.h.
 */
#ifndef IPSECI_ICMP_H
#define IPSECI_ICMP_H

#include "bytes.h"

#define IPSECI_ICMP_HEADER_BYTES 8

struct ipseci_too_big {
    uint32_t mtu;
    uint8_t family;
    uint8_t protocol;        /* of the packet that was too big */
    uint8_t dst[16];         /* where it went */
    struct ipsec_view upper; /* what is left of it behind its headers: 8 octets at least */
};

/* Reads a whole IP packet: false when it is no such message, not whole, or its checksum is wrong.
 */
bool ipseci_too_big_parse(struct ipsec_view packet, struct ipseci_too_big *out);

#endif
