/* SPDX-License-Identifier: Apache-2.0
 *
 * How large packets may be: what an SA leaves of a path's MTU, the ICMP messages that say so, and
 * the TCP option that avoids them. A gateway does all of it by itself (`mtu` and `clamp_mss` of a
 * child); these are for callers that drive the parts.
 */
#ifndef IPSEC_MTU_H
#define IPSEC_MTU_H

#include <ipsec/esp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest packet that can be sealed with this SA so that what leaves is at most path_mtu
 * octets, IP header and UDP included, also where a carrier makes these (RFC 4301 8.2). In transport
 * mode: with a header without options. 0: there is none. */
IPSEC_API uint32_t ipsec_sa_mtu(const struct ipsec_sa *sa, uint32_t path_mtu);

/* Room for the answer of ipsec_too_big_build, whatever the packet. */
#define IPSEC_TOO_BIG_BYTES 1280

/* Writes the whole ICMP packet that tells the sender of `packet` that it is too big for mtu: IPv4
 * "fragmentation needed" (RFC 1191), IPv6 "packet too big" (RFC 4443 3.2; mtu is raised to 1280).
 * `from`: the sender of the message; NULL: the packet's destination. out has room for
 * IPSEC_TOO_BIG_BYTES; *length is written on success. IPSEC_ERR_ARGUMENT; IPSEC_DROP_POLICY: no
 * message may be sent about this one (an ICMP error, a later fragment, to or from more than one
 * host; RFC 1122 3.2.2, RFC 4443 2.4); and what is wrong with its headers. Limiting the rate is the
 * caller's. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_too_big_build(struct ipsec_view packet,
                                                                 uint32_t mtu,
                                                                 const struct ipsec_addr *from,
                                                                 uint8_t *out, size_t *length);

/* Lowers the maximum segment size that a TCP SYN offers to what fits packets of mtu octets, in
 * place, checksum included. True: it was changed. Anything else is left alone. */
IPSEC_API bool ipsec_tcp_mss_clamp(uint8_t *packet, size_t length, uint32_t mtu);

#ifdef __cplusplus
}
#endif

#endif
