/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands around the ESP packet: outer IP header (IPv4, IPv6) and UDP encapsulation (RFC 3948).
 * Called by sa.c once an address, by seal.c and open.c per packet; lib/gw uses ipseci_tunnel_locate
 * to find the SPI.
 */
#ifndef IPSECI_TUNNEL_H
#define IPSECI_TUNNEL_H

#include "sa.h"

/* Where the ESP packet is inside a WAN packet. */
struct ipseci_located {
    uint32_t at; /* octets from the content's start to the SPI */
    uint32_t length;
    uint8_t traffic_class; /* of the outer header */
    bool in_udp;
    uint16_t dst_port; /* of UDP, when the UDP header was here to be seen; 0 otherwise */
};

/* Makes the header template of an outbound SA. IPSEC_ERR_ARGUMENT: see ipsec_sa_move. */
enum ipsec_status ipseci_tunnel_prepare(struct ipsec_sa *sa, const struct ipsec_endpoint *local,
                                        const struct ipsec_endpoint *remote, bool udp);

/* By the packet's carrier. Checks of the ESP packet itself are the caller's. IPSEC_ERR_ARGUMENT: no
 * carrier. IPSEC_DROP_TRUNCATED, _VERSION, _HEADER, _MALFORMED: the outer headers.
 * IPSEC_DROP_FRAGMENT: RFC 4303 3.4.1, to be reassembled before. IPSEC_DROP_ENCAPSULATION: an IP
 * packet with neither ESP nor UDP in it. */
enum ipsec_status ipseci_tunnel_locate(const struct ipsec_packet *packet,
                                       struct ipseci_located *out);

#endif
