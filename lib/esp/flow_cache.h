/* SPDX-License-Identifier: Apache-2.0
 *
 * What the policy database answered for the flows it saw last (RFC 4301 4.4.2, as a cache of the
 * SPD): a bounded table that forgets, so nothing grows with what strangers send. Called by
 * spd_index.c. The table is hashed with a secret, so nobody can aim two flows at one place; and a
 * change of the policies makes all of it old at once. Later fragments are not in it: they have no
 * ports.
 */
#ifndef IPSECI_FLOW_CACHE_H
#define IPSECI_FLOW_CACHE_H

#include <ipsec/spd.h>

#include "facade.h"
#include "ip_header.h"

#define IPSECI_FLOWS_MAX 0x1000000u

struct ipseci_flow_entry;

struct ipseci_flow_cache {
    struct ipseci_flow_entry *entry; /* in sets; NULL: no cache */
    uint32_t set_mask;
    uint32_t generation; /* what an entry of now has; never 0 */
    uint64_t secret[2];
    struct ipsec_spd_stats stats;
};

/* A flow as the cache names it; made by a search, used when it found nothing. */
struct ipseci_flow_key {
    uint64_t word[5];
    uint32_t at;
};

struct ipseci_arena;
/* IPSEC_ERR_ARGUMENT. */
enum ipsec_status ipseci_flow_cache_check(const struct ipsec_spd_config *c);
void ipseci_flow_cache_layout(struct ipseci_flow_cache *cache, struct ipseci_arena *arena,
                              uint32_t flows);
/* IPSEC_ERR_RANDOM. */
enum ipsec_status ipseci_flow_cache_init(struct ipseci_flow_cache *cache,
                                         const struct ipsec_crypto_list *crypto);
/* Find and store need a cache with entries. True: *answer is what was stored for it. */
bool ipseci_flow_cache_find(struct ipseci_flow_cache *cache, const struct ipseci_flow *flow,
                            bool outbound, struct ipseci_flow_key *key, uint32_t *answer);
void ipseci_flow_cache_store(struct ipseci_flow_cache *cache, const struct ipseci_flow_key *key,
                             uint32_t answer);
/* All that is stored is old. */
void ipseci_flow_cache_forget(struct ipseci_flow_cache *cache);

#endif
