/* SPDX-License-Identifier: Apache-2.0
 *
 * See source.h. Called by gate.c.
 */
#include "source.h"
#include "hash.h"
#include "ike_limits.h"

#include <string.h>

void ipseci_sources_layout(struct ipseci_sources *sources, struct ipseci_arena *arena,
                           uint32_t count)
{
    uint32_t sets = 1;

    while (sets * IPSECI_SOURCE_WAYS < count) { /* count is at most IPSECI_SOURCES_MOST */
        sets *= 2;
    }
    sources->set_mask = sets - 1;
    sources->entry =
        IPSECI_ARENA_NEW(arena, (size_t)sets * IPSECI_SOURCE_WAYS, struct ipseci_source);
}

uint64_t ipseci_source_key(const struct ipseci_sources *sources, const struct ipsec_addr *addr)
{
    uint8_t octets[1 + 8] = {addr->family};
    const size_t prefix = addr->family == IPSEC_FAMILY_IPV6 ? 8 : 4;

    memcpy(octets + 1, addr->bytes, prefix);
    const uint64_t key = ipseci_siphash(sources->secret, octets, sizeof(octets));
    return key != 0 ? key : 1;
}

static struct ipseci_source *set_of(const struct ipseci_sources *sources, uint64_t key)
{
    return &sources->entry[(size_t)(key & sources->set_mask) * IPSECI_SOURCE_WAYS];
}

struct ipseci_source *ipseci_source_find(const struct ipseci_sources *sources, uint64_t key)
{
    struct ipseci_source *set = set_of(sources, key);

    for (size_t i = 0; i < IPSECI_SOURCE_WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
    }
    return NULL;
}

/* Whether a says less than b. */
static bool less_telling(const struct ipseci_source *a, const struct ipseci_source *b)
{
    if ((a->key == 0) != (b->key == 0)) {
        return a->key == 0;
    }
    if ((a->failures == 0) != (b->failures == 0)) {
        return a->failures == 0;
    }
    return a->rate.last < b->rate.last;
}

struct ipseci_source *ipseci_source_get(struct ipseci_sources *sources, uint64_t key, ipsec_ms now)
{
    struct ipseci_source *known = ipseci_source_find(sources, key);
    struct ipseci_source *set = set_of(sources, key);
    struct ipseci_source *least = &set[0];

    if (known != NULL) {
        return known;
    }
    for (size_t i = 1; i < IPSECI_SOURCE_WAYS; i++) {
        least = less_telling(&set[i], least) ? &set[i] : least;
    }
    memset(least, 0, sizeof(*least));
    least->key = key;
    ipseci_bucket_init(&least->rate, sources->rate_per_s, sources->rate_per_s, now);
    return least;
}

static bool long_ago(const struct ipseci_source *source, ipsec_ms now)
{
    return now >= source->last_failure && now - source->last_failure >= IPSECI_FAILURES_KEPT_MS;
}

bool ipseci_source_suspect(const struct ipseci_sources *sources, const struct ipseci_source *source,
                           ipsec_ms now)
{
    return source->failures >= sources->failures_max && !long_ago(source, now);
}

/* Doubles with each failure beyond what is forgiven. */
static uint64_t penalty_ms(uint32_t failures_beyond)
{
    uint64_t ms = IPSECI_PENALTY_FIRST_MS;

    for (uint32_t i = 0; i < failures_beyond && ms < IPSECI_PENALTY_MAX_MS; i++) {
        ms *= 2;
    }
    return ms < IPSECI_PENALTY_MAX_MS ? ms : IPSECI_PENALTY_MAX_MS;
}

bool ipseci_source_failed(struct ipseci_sources *sources, uint64_t key, ipsec_ms now)
{
    struct ipseci_source *source = ipseci_source_get(sources, key, now);

    if (source->failures > 0 && long_ago(source, now)) {
        source->failures = 0;
    }
    source->last_failure = now;
    if (source->failures < UINT32_MAX - 1) { /* UINT32_MAX is the limit that none reaches */
        source->failures++;
    }
    if (source->failures < sources->failures_max) {
        return false;
    }
    source->closed_until = now + penalty_ms(source->failures - sources->failures_max);
    return true;
}

void ipseci_source_cleared(struct ipseci_sources *sources, uint64_t key)
{
    struct ipseci_source *source = ipseci_source_find(sources, key);

    if (source != NULL) {
        source->failures = 0;
        source->closed_until = 0;
    }
}
