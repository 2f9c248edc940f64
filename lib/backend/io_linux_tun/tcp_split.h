/* SPDX-License-Identifier: Apache-2.0
 *
 * Cuts a TCP packet that the system left whole (TSO) into segments, as a network card would.
 */
#ifndef TCP_SPLIT_H
#define TCP_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV4_BYTES_MIN 20u
#define IPV6_BYTES     40u
#define IP_TCP         6u
#define TCP_BYTES_MIN  20u

/* Flags in the octet at TCP_FLAGS_AT. */
#define TCP_SEQUENCE_AT 4u
#define TCP_ACK_AT      8u
#define TCP_OFFSET_AT   12u
#define TCP_FLAGS_AT    13u
#define TCP_SUM_AT      16u
#define TCP_FIN         0x01u
#define TCP_PSH         0x08u
#define TCP_ACK         0x10u
#define TCP_CWR         0x80u

struct tcp_split {
    const uint8_t *data; /* the whole packet, which stays until the last segment is made */
    uint32_t tcp_at;
    uint32_t header_bytes; /* IP and TCP, at the start of every segment */
    uint32_t payload_bytes;
    uint32_t mss;
    uint32_t next; /* of the payload */
    uint32_t made; /* segments */
};

/* False when this is no TCP packet that can be cut: lengths that can not be, another protocol at
 * tcp_at, an IPv4 fragment, mss 0, or no payload. Octets behind the packet's own end do not count;
 * its own length may say more than 16 bits can (0 in the header), so `length` is what counts. */
bool ipseci_tcp_split_start(struct tcp_split *s, const uint8_t *data, size_t length, size_t tcp_at,
                            size_t mss);

static inline uint32_t ipseci_tcp_split_left(const struct tcp_split *s)
{
    return (s->payload_bytes - s->next + s->mss - 1) / s->mss;
}

/* Writes the next segment, complete with checksums. Its length; 0 when `room` is too small for it
 * (it is passed over), or when there is none left. */
size_t ipseci_tcp_split_next(struct tcp_split *s, uint8_t *out, size_t room);

#endif
