/* SPDX-License-Identifier: Apache-2.0
 *
 * The flow cache. See flow_cache.h.
 */
#include "flow_cache.h"

#include "arena.h"
#include "hash.h"

#include <string.h>

/* Places a flow may have. With two, one flow in ten of a table half full would meet two others. */
#define SET 4u

struct ipseci_flow_entry {
    uint64_t word[5];
    uint32_t answer;
    uint32_t generation; /* 0: never used */
};

enum ipsec_status ipseci_flow_cache_check(const struct ipsec_spd_config *c)
{
    const bool ok = c->flow_max == 0 || (c->flow_max <= IPSECI_FLOWS_MAX && c->crypto.count != 0 &&
                                         c->crypto.item != NULL);
    return ok ? IPSEC_OK : IPSEC_ERR_ARGUMENT;
}

void ipseci_flow_cache_layout(struct ipseci_flow_cache *cache, struct ipseci_arena *arena,
                              uint32_t flows)
{
    uint32_t sets = 1;
    memset(cache, 0, sizeof(*cache));
    if (flows == 0) {
        return;
    }
    while (SET * sets < flows) {
        sets *= 2;
    }
    cache->entry = IPSECI_ARENA_NEW(arena, (size_t)SET * sets, struct ipseci_flow_entry);
    cache->set_mask = sets - 1;
    cache->generation = 1;
}

enum ipsec_status ipseci_flow_cache_init(struct ipseci_flow_cache *cache,
                                         const struct ipsec_crypto_list *crypto)
{
    return cache->entry == NULL ? IPSEC_OK
                                : ipseci_random(crypto, cache->secret, sizeof(cache->secret));
}

static void make_key(const struct ipseci_flow_cache *cache, const struct ipseci_flow *flow,
                     bool outbound, struct ipseci_flow_key *key)
{
    size_t words = 2;
    key->word[0] = (uint64_t)ipseci_load32(flow->src) << 32 | ipseci_load32(flow->dst);
    key->word[1] = (uint64_t)flow->src_port << 48 | (uint64_t)flow->dst_port << 32 |
                   (uint64_t)flow->protocol << 16 | (uint64_t)flow->family << 8 |
                   (uint64_t)flow->has_ports << 1 | (uint64_t)outbound;
    key->word[2] = key->word[3] = key->word[4] = 0;
    if (flow->family == IPSEC_FAMILY_IPV6) {
        words = 5;
        key->word[2] = ipseci_load64(flow->src + 4);
        key->word[3] = ipseci_load64(flow->dst + 4);
        key->word[4] =
            (uint64_t)ipseci_load32(flow->src + 12) << 32 | ipseci_load32(flow->dst + 12);
    }
    const uint64_t hash = ipseci_siphash_words(cache->secret, key->word, words);
    key->at = SET * ((uint32_t)hash & cache->set_mask);
}

bool ipseci_flow_cache_find(struct ipseci_flow_cache *cache, const struct ipseci_flow *flow,
                            bool outbound, struct ipseci_flow_key *key, uint32_t *answer)
{
    make_key(cache, flow, outbound, key);
    for (uint32_t i = 0; i < SET; i++) {
        const struct ipseci_flow_entry *e = &cache->entry[key->at + i];
        if (e->generation == cache->generation &&
            memcmp(e->word, key->word, sizeof(e->word)) == 0) {
            *answer = e->answer;
            cache->stats.flow_hits++;
            return true;
        }
    }
    cache->stats.flow_misses++;
    return false;
}

/* The oldest of a set makes room: new ones come in front. */
void ipseci_flow_cache_store(struct ipseci_flow_cache *cache, const struct ipseci_flow_key *key,
                             uint32_t answer)
{
    struct ipseci_flow_entry *set = &cache->entry[key->at];
    cache->stats.flow_evictions += set[SET - 1].generation == cache->generation;
    for (uint32_t i = SET - 1; i > 0; i--) {
        set[i] = set[i - 1];
    }
    memcpy(set[0].word, key->word, sizeof(set[0].word));
    set[0].answer = answer;
    set[0].generation = cache->generation;
}

void ipseci_flow_cache_forget(struct ipseci_flow_cache *cache)
{
    if (cache->entry == NULL) {
        return;
    }
    if (++cache->generation == 0) {
        /* All were used once: an entry of the first generation must not come back. */
        memset(cache->entry, 0, ((size_t)cache->set_mask + 1) * SET * sizeof(*cache->entry));
        cache->generation = 1;
    }
}
