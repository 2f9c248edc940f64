/* SPDX-License-Identifier: Apache-2.0
 *
 * Why two proposal lists do not meet: the nearest pair and a diff per transform type. Pure.
 */
#ifndef IPSECI_EXPLAIN_H
#define IPSECI_EXPLAIN_H

#include "bytes.h"

#include <ipsec/event.h>

/* Fills nearest_*, diff and diff_count of a failure from its ours and theirs. `configured` is our
 * list before ipsec_proposals_restrict took out what is not built in (NULL: the same as ours): a
 * match only there is IPSEC_DIFF_NOT_BUILT_IN. flags as in choice.h. */
void ipseci_explain(struct ipsec_failure *failure, const struct ipsec_proposals *configured,
                    uint32_t choice_flags);

/* A list of which nothing can be used: ours becomes `configured`, each of its transforms that no
 * provider has (the first IPSEC_DIFF_MAX of them) a diff of kind IPSEC_DIFF_NOT_BUILT_IN, and
 * *built_in the default list as far as it can be done. All three must outlive the report. */
void ipseci_explain_not_built_in(struct ipsec_failure *failure,
                                 const struct ipsec_proposals *configured,
                                 const struct ipsec_crypto_list *crypto,
                                 struct ipsec_proposals *built_in);

/* INVALID_KE_PAYLOAD names the group that the peer wants (RFC 7296 1.2): the one thing known of it.
 * After ipseci_explain; nothing happens when its list is known, or when the group is one of ours.
 */
void ipseci_explain_group(struct ipsec_failure *failure, uint16_t group);

#endif
