/* SPDX-License-Identifier: Apache-2.0
 *
 * The keyed hash table. Called by the SAD (SPI) and the IKE engine (SPI, address).
 */
#include "hash.h"

#include <string.h>

#define HASH_MAX (1u << 30)

void ipseci_hash_layout(struct ipseci_hash *hash, struct ipseci_arena *arena, uint32_t max)
{
    uint32_t size = 2;

    memset(hash, 0, sizeof(*hash));
    if (max > HASH_MAX) {
        arena->failed = true;
        return;
    }
    while (size < 2 * max) {
        size *= 2;
    }
    hash->entry = IPSECI_ARENA_NEW(arena, size, struct ipseci_hash_entry);
    if (hash->entry == NULL) {
        return;
    }
    hash->mask = size - 1;
    hash->max = max;
}

static uint64_t load_secret(const uint8_t *p)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < 8; i++) {
        word |= (uint64_t)p[i] << (8 * i);
    }
    return word;
}

void ipseci_hash_key(struct ipseci_hash *hash, const uint8_t secret[16])
{
    hash->secret[0] = load_secret(secret);
    hash->secret[1] = load_secret(secret + 8);
}

static uint32_t home_of(const struct ipseci_hash *hash, uint64_t key)
{
    return (uint32_t)ipseci_siphash_words(hash->secret, &key, 1) & hash->mask;
}

/* The entry of this key, or the empty one where it belongs. The table is never more than half full,
 * so the walk ends. */
static uint32_t probe(const struct ipseci_hash *hash, uint64_t key)
{
    uint32_t at = home_of(hash, key);

    while (hash->entry[at].value != 0 && hash->entry[at].key != key) {
        at = (at + 1) & hash->mask;
    }
    return at;
}

enum ipsec_status ipseci_hash_add(struct ipseci_hash *hash, uint64_t key, ipsec_handle value)
{
    uint32_t at;

    if (hash->entry == NULL || value == 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    at = probe(hash, key);
    if (hash->entry[at].value != 0) {
        return IPSEC_ERR_STATE;
    }
    if (hash->used >= hash->max) {
        return IPSEC_ERR_FULL;
    }
    hash->entry[at].key = key;
    hash->entry[at].value = value;
    hash->used++;
    return IPSEC_OK;
}

ipsec_handle ipseci_hash_find(const struct ipseci_hash *hash, uint64_t key)
{
    return hash->entry == NULL ? 0 : hash->entry[probe(hash, key)].value;
}

bool ipseci_hash_remove(struct ipseci_hash *hash, uint64_t key)
{
    uint32_t hole;

    if (ipseci_hash_find(hash, key) == 0) {
        return false;
    }
    hole = probe(hash, key);
    /* Entries of the same run move back over the hole unless that would put them before their home,
     * so that probing never meets a gap. */
    for (uint32_t at = (hole + 1) & hash->mask; hash->entry[at].value != 0;
         at = (at + 1) & hash->mask) {
        const uint32_t home = home_of(hash, hash->entry[at].key);

        if (((at - home) & hash->mask) >= ((at - hole) & hash->mask)) {
            hash->entry[hole] = hash->entry[at];
            hole = at;
        }
    }
    memset(&hash->entry[hole], 0, sizeof(hash->entry[hole]));
    hash->used--;
    return true;
}
