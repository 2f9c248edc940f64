/* SPDX-License-Identifier: Apache-2.0
 *
 * The token bucket. Called by the IKE gate for first contacts.
 */
#include "bucket.h"

void ipseci_bucket_init(struct ipseci_bucket *b, uint32_t rate_per_s, uint32_t burst, ipsec_ms now)
{
    b->rate_per_s = rate_per_s;
    b->burst = burst;
    b->millitokens = (uint64_t)burst * 1000;
    b->last = now;
}

/* One token a second is one millitoken a millisecond, so nothing is rounded. */
static void refill(struct ipseci_bucket *b, ipsec_ms now)
{
    const uint64_t missing = (uint64_t)b->burst * 1000 - b->millitokens;
    uint64_t elapsed_ms;

    if (now <= b->last) {
        return;
    }
    elapsed_ms = now - b->last;
    b->last = now;
    if (b->rate_per_s == 0) {
        return;
    }
    if (elapsed_ms > missing / b->rate_per_s) { /* so that the product below can not overflow */
        b->millitokens += missing;
        return;
    }
    b->millitokens += elapsed_ms * b->rate_per_s;
}

bool ipseci_bucket_take_above(struct ipseci_bucket *b, uint32_t floor, ipsec_ms now)
{
    refill(b, now);
    if (b->millitokens < ((uint64_t)floor + 1) * 1000) {
        return false;
    }
    b->millitokens -= 1000;
    return true;
}

bool ipseci_bucket_take(struct ipseci_bucket *b, ipsec_ms now)
{
    return ipseci_bucket_take_above(b, 0, now);
}
