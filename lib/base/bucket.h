/* SPDX-License-Identifier: Apache-2.0
 *
 * Token bucket: `rate` tokens a second, at most `burst` at once. Starts full. Integer arithmetic.
 */
#ifndef IPSECI_BUCKET_H
#define IPSECI_BUCKET_H

#include <ipsec/types.h>

struct ipseci_bucket {
    uint32_t rate_per_s;
    uint32_t burst;
    uint64_t millitokens;
    ipsec_ms last;
};

void ipseci_bucket_init(struct ipseci_bucket *b, uint32_t rate_per_s, uint32_t burst, ipsec_ms now);
/* Takes one token; false when there is none. A clock that steps back adds nothing. */
bool ipseci_bucket_take(struct ipseci_bucket *b, ipsec_ms now);
/* Takes one if so many are still there afterwards: for those who may not empty it. */
bool ipseci_bucket_take_above(struct ipseci_bucket *b, uint32_t floor, ipsec_ms now);

#endif
