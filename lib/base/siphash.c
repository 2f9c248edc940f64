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

static void begin(uint64_t v[4], const uint64_t secret[2])
{
    v[0] = secret[0] ^ 0x736f6d6570736575u;
    v[1] = secret[1] ^ 0x646f72616e646f6du;
    v[2] = secret[0] ^ 0x6c7967656e657261u;
    v[3] = secret[1] ^ 0x7465646279746573u;
}

static uint64_t finish(uint64_t v[4], uint64_t last)
{
    absorb(v, last);
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t ipseci_siphash(const uint64_t secret[2], const void *data, size_t length)
{
    const uint8_t *at = (const uint8_t *)data;
    uint64_t v[4];
    size_t left = length;

    begin(v, secret);
    for (; left >= 8; left -= 8, at += 8) {
        absorb(v, load_little(at, 8));
    }
    return finish(v, (uint64_t)length << 56 | load_little(at, left));
}

uint64_t ipseci_siphash_words(const uint64_t secret[2], const uint64_t *words, size_t count)
{
    uint64_t v[4];

    begin(v, secret);
    for (size_t i = 0; i < count; i++) {
        absorb(v, words[i]);
    }
    return finish(v, (uint64_t)count << 59);
}
