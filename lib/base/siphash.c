/* SPDX-License-Identifier: Apache-2.0
 *
 * SipHash-2-4 (Aumasson and Bernstein, 2012). Called by the hash table and by gate decisions.
 */
#include "hash.h"

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void rounds(uint64_t v[4], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    rounds(v, 2);
    v[0] ^= word;
}

/* Up to 8 octets, little-endian as SipHash defines them. */
static uint64_t load_little(const uint8_t *p, size_t length)
{
    uint64_t word = 0;

    for (size_t i = 0; i < length; i++) {
        word |= (uint64_t)p[i] << (8 * i);
    }
    return word;
}

uint64_t ipseci_siphash(const uint64_t secret[2], const void *data, size_t length)
{
    const uint8_t *at = (const uint8_t *)data;
    uint64_t v[4] = {
        secret[0] ^ 0x736f6d6570736575u,
        secret[1] ^ 0x646f72616e646f6du,
        secret[0] ^ 0x6c7967656e657261u,
        secret[1] ^ 0x7465646279746573u,
    };
    size_t left = length;

    for (; left >= 8; left -= 8, at += 8) {
        absorb(v, load_little(at, 8));
    }
    absorb(v, (uint64_t)length << 56 | load_little(at, left));
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
