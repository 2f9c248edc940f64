/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds TCP segments of a burst that can be given to the system as one large packet (GRO): what
 * cutting it again (TSO) would make of it is, octet by octet, what came, but for the IPv4
 * ID of packets that carry DF, which has no meaning (RFC 6864 4.1).
 */
#ifndef TCP_MERGE_H
#define TCP_MERGE_H

#include <stdbool.h>

#include <ipsec/types.h>

#define TCP_MERGE_MAX       64u
#define TCP_MERGE_HEAD_MAX  100u /* IPv6 and TCP with all options */
#define TCP_MERGE_NO_PACKET UINT16_MAX

/* Packets that are written as one; mostly only one. */
struct tcp_group {
    uint16_t first; /* in the burst; the others by tcp_merge.next */
    uint16_t last;
    uint16_t count;
    uint8_t ip_bytes;
    uint8_t header_bytes; /* IP and TCP; 0: not TCP */
    uint32_t mss;         /* payload of all but the last */
    uint32_t length;      /* of the whole */
    uint32_t flow;        /* equal for packets of one flow */
    bool open;            /* takes more */
    bool verified;        /* the first one's checksums */
};

struct tcp_merge {
    struct ipsec_packet *const *packets;
    size_t count;
    size_t barrier; /* groups before it take nothing more */
    struct tcp_group group[TCP_MERGE_MAX];
    uint16_t next[TCP_MERGE_MAX];
};

/* Sorts n packets (at most TCP_MERGE_MAX) into groups, in the order of their first packets. The
 * packets of one flow keep their order. */
void ipseci_tcp_merge(struct tcp_merge *m, struct ipsec_packet *const packets[], size_t n);

/* The header of a group of several: lengths and flags of the whole, and in the place of the
 * checksum the sum over the pseudo header, as whoever cuts it wants it. */
void ipseci_tcp_merge_header(const struct tcp_merge *m, const struct tcp_group *g,
                             uint8_t out[TCP_MERGE_HEAD_MAX]);

#endif
