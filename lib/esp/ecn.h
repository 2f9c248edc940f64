/* SPDX-License-Identifier: Apache-2.0
 *
 * Explicit congestion notification out of a tunnel (RFC 6040 4.2). Called by open.c. On the way in
 * (normal mode, 4.1) the inner field is copied to the outer header, which seal.c does.
 */
#ifndef IPSECI_ECN_H
#define IPSECI_ECN_H

#include "ip_header.h"

/* Merges the outer mark into an inner packet whose header has been checked and whose traffic class
 * is inner_class; the IPv4 header checksum stays right. IPSEC_OK, or IPSEC_DROP_ECN with the packet
 * unchanged: congestion was signalled to a flow that can not carry it on. */
enum ipsec_status ipseci_ecn_merge(uint8_t *inner, uint8_t inner_class, uint8_t outer_class);

#endif
