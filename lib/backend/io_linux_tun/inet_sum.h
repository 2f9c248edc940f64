/* SPDX-License-Identifier: Apache-2.0
 *
 * The Internet checksum (RFC 1071) and 16-bit words of headers, for the files of the TUN backend,
 * which sees public headers only.
 */
#ifndef INET_SUM_H
#define INET_SUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t inet_load16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t inet_load32(const uint8_t *at)
{
    return (uint32_t)inet_load16(at) << 16 | inet_load16(at + 2);
}

static inline void inet_store16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void inet_store32(uint8_t *at, uint32_t value)
{
    inet_store16(at, value >> 16);
    inet_store16(at + 2, value & 0xFFFFu);
}

static inline uint64_t inet_word(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint64_t inet_halves(uint64_t word)
{
    return (word & UINT32_MAX) + (word >> 32);
}

/* Ones' complement sum of the octets as 16-bit words (an odd last one is padded with zero), added
 * to `start`, not complemented. RFC 1071 2: the sum does not depend on the order of octets in a
 * word, so it is made in this machine's and turned at the end. */
static inline uint16_t inet_sum(const uint8_t *data, size_t length, uint32_t start)
{
    uint64_t a = 0;
    uint64_t b = 0;
    uint8_t rest[8] = {0};
    for (; length >= 32; length -= 32, data += 32) {
        a += inet_halves(inet_word(data)) + inet_halves(inet_word(data + 8));
        b += inet_halves(inet_word(data + 16)) + inet_halves(inet_word(data + 24));
    }
    for (; length >= 8; length -= 8, data += 8) {
        a += inet_halves(inet_word(data));
    }
    memcpy(rest, data, length);
    a += b + inet_halves(inet_word(rest));
    for (unsigned i = 0; i < 4; i++) {
        a = (a & 0xFFFFu) + (a >> 16);
    }
    const uint16_t native = (uint16_t)a;
    uint8_t octets[2];
    memcpy(octets, &native, sizeof octets);
    uint32_t sum = start + inet_load16(octets);
    sum = (sum & 0xFFFFu) + (sum >> 16);
    return (uint16_t)((sum & 0xFFFFu) + (sum >> 16));
}

/* The sum over a pseudo header (RFC 9293 3.1, RFC 8200 8.1): addresses, protocol, length of what
 * follows the IP header. ip points at an IPv4 or IPv6 header. */
static inline uint16_t inet_pseudo_sum(const uint8_t *ip, uint8_t protocol, uint32_t upper_bytes)
{
    const uint32_t start = protocol + (upper_bytes >> 16) + (upper_bytes & 0xFFFFu);
    return ip[0] >> 4 == 4 ? inet_sum(ip + 12, 8, start) : inet_sum(ip + 8, 32, start);
}

#endif
