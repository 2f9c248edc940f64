/* SPDX-License-Identifier: Apache-2.0
 *
 * Traffic selector narrowing (RFC 7296 2.9). Pure.
 */
#ifndef IPSECI_NARROW_H
#define IPSECI_NARROW_H

#include "bytes.h"

/* Reads a TS payload into at most IPSEC_SELECTORS_MAX selectors; unknown types are passed over
 * (TS-06), more than fit set *cut. IPSEC_DROP_MALFORMED (TS-01), IPSEC_ERR_NOT_FOUND (nothing
 * usable left). */
enum ipsec_status ipseci_ts_read(struct ipsec_view ts_body, struct ipsec_selectors *out, bool *cut);

/* out = offered n ours, in the order of the offer, at most IPSEC_SELECTORS_MAX.
 * IPSEC_ERR_NOT_FOUND: empty. */
enum ipsec_status ipseci_ts_narrow(const struct ipsec_selectors *ours,
                                   const struct ipsec_selectors *offered,
                                   struct ipsec_selectors *out);

/* Takes out of each side what has no counterpart of its address family on the other: no packet
 * could use it (TS-11). IPSEC_ERR_NOT_FOUND: nothing left. Call after both sides are narrowed. */
enum ipsec_status ipseci_ts_pair_families(struct ipsec_selectors *a, struct ipsec_selectors *b);

/* Every selector of `inner` lies in some selector of `outer`. */
bool ipseci_ts_subset(const struct ipsec_selectors *inner, const struct ipsec_selectors *outer);
/* Each lies in the other: they speak of the same packets. */
bool ipseci_ts_equal(const struct ipsec_selectors *a, const struct ipsec_selectors *b);

#endif
