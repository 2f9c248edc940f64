/* SPDX-License-Identifier: Apache-2.0
 *
 * Keyed hash table from a 64-bit key to a handle (open addressing, linear probing, deletion without
 * tombstones). The hash is SipHash-1-3 or better under a random 128-bit key, so that peers can not
 * choose collisions. The table is sized at layout for at most half load.
 */
#ifndef IPSECI_HASH_H
#define IPSECI_HASH_H

#include "arena.h"

struct ipseci_hash_entry {
    uint64_t key;
    ipsec_handle value; /* 0: empty */
};

struct ipseci_hash {
    struct ipseci_hash_entry *entry;
    uint32_t mask;
    uint32_t used;
    uint32_t max;
    uint64_t secret[2];
};

void ipseci_hash_layout(struct ipseci_hash *hash, struct ipseci_arena *arena, uint32_t max);
void ipseci_hash_key(struct ipseci_hash *hash, const uint8_t secret[16]);
/* IPSEC_ERR_FULL, IPSEC_ERR_STATE (key present). value must not be 0. */
enum ipsec_status ipseci_hash_add(struct ipseci_hash *hash, uint64_t key, ipsec_handle value);
ipsec_handle ipseci_hash_find(const struct ipseci_hash *hash, uint64_t key); /* 0: absent */
bool ipseci_hash_remove(struct ipseci_hash *hash, uint64_t key);
/* SipHash of octets under a 16-octet key (also used for stateless gate decisions). */
uint64_t ipseci_siphash(const uint64_t secret[2], const void *data, size_t length);
/* The same of count words of 8 octets, little-endian: faster where a key is numbers. */
uint64_t ipseci_siphash_words(const uint64_t secret[2], const uint64_t *words, size_t count);

#endif
