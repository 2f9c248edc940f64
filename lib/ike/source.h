/* SPDX-License-Identifier: Apache-2.0
 *
 * What the gate remembers of where first contacts came from: a table of fixed size, in which each
 * prefix (one IPv4 address; one IPv6 /64, which one host can fill at will) has a token bucket and a
 * count of authentications that failed. RFC 8019 4.2, RFC 7296 5.
 *
 * A keyed hash picks a set of a few places and tells their owners apart, so nobody can choose whom
 * to collide with. When a set is full, the place that says least is taken: first one without
 * failures, then the one that has been quiet for longest. So the table costs strangers nothing but
 * their own history.
 */
#ifndef IPSECI_SOURCE_H
#define IPSECI_SOURCE_H

#include "arena.h"
#include "bucket.h"

struct ipseci_source {
    uint64_t key;              /* keyed hash of the prefix; 0: free */
    struct ipseci_bucket rate; /* first contacts */
    ipsec_ms closed_until;     /* the penalty under way */
    ipsec_ms last_failure;
    uint32_t failures; /* in a row */
};

#define IPSECI_SOURCE_WAYS 4 /* places of a set */

struct ipseci_sources {
    struct ipseci_source *entry;
    uint32_t set_mask;
    uint32_t rate_per_s;
    uint32_t failures_max; /* so many are forgiven */
    uint64_t secret[2];
};

/* So many places, rounded up to a power of two of sets. */
void ipseci_sources_layout(struct ipseci_sources *sources, struct ipseci_arena *arena,
                           uint32_t count);
/* Names the prefix of an address; never 0. */
uint64_t ipseci_source_key(const struct ipseci_sources *sources, const struct ipsec_addr *addr);
/* NULL: nothing is known of it. */
struct ipseci_source *ipseci_source_find(const struct ipseci_sources *sources, uint64_t key);
/* Its place, made when it has none. */
struct ipseci_source *ipseci_source_get(struct ipseci_sources *sources, uint64_t key, ipsec_ms now);
/* True when failures were too many and not too long ago: it has to prove its address. */
bool ipseci_source_suspect(const struct ipseci_sources *sources, const struct ipseci_source *source,
                           ipsec_ms now);
/* An authentication failed; true when that begins a (longer) penalty. */
bool ipseci_source_failed(struct ipseci_sources *sources, uint64_t key, ipsec_ms now);
/* An authentication was right. */
void ipseci_source_cleared(struct ipseci_sources *sources, uint64_t key);

#endif
