/* SPDX-License-Identifier: Apache-2.0
 *
 * Cuts an IPv4 packet into fragments (RFC 791 3.2), before it is sealed (RFC 4301 8.1). Called by
 * lib/gw.
 */
#ifndef IPSECI_IP_FRAGMENT_H
#define IPSECI_IP_FRAGMENT_H

#include "bytes.h"

struct ipseci_cutter {
    struct ipsec_view packet; /* as long as its own header says */
    uint32_t header_bytes;
    uint32_t at;   /* of the payload that is still to go, from the packet's start */
    uint32_t step; /* octets of payload in each fragment but the last */
};

/* IPSEC_DROP_TOO_BIG: mtu has no room for a header and 8 octets. IPSEC_DROP_HEADER: not IPv4, or
 * what no receiver would take: a wrong checksum (each fragment gets a right one), a fragment that
 * reaches beyond the largest packet, or that is not the last and does not end at 8 octets. Others
 * as of ipseci_ip_parse. */
enum ipsec_status ipseci_cutter_start(struct ipseci_cutter *c, struct ipsec_view packet,
                                      uint32_t mtu);
/* Writes the next fragment to out, which has room for mtu octets; its length, 0 after the last. */
uint32_t ipseci_cutter_next(struct ipseci_cutter *c, uint8_t *out);

#endif
