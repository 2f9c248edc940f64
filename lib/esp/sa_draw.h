/* SPDX-License-Identifier: Apache-2.0
 *
 * How an outbound SA gets more numbers once it is spent: from its share, in a build with sa_share.c
 * (shared_sa); otherwise never. Called by sa.c, seal.c, lookaside.c. RFC 4303 3.3.3.
 */
#ifndef IPSECI_SA_DRAW_H
#define IPSECI_SA_DRAW_H

#include "sa.h"

static inline enum ipsec_status ipseci_numbers_end(const struct ipsec_sa *sa, uint64_t sequence)
{
    return sequence == ipseci_sequence_last(sa->esn) ? IPSEC_FATAL_SEQUENCE : IPSEC_FATAL_LIFETIME;
}

#if IPSECI_SHARED_SA

/* At init: numbers of its own, or its share's. */
IPSEC_MUST_CHECK enum ipsec_status ipseci_share_choose(struct ipsec_sa *sa,
                                                       const struct ipsec_sa_params *params);

/* An SA that is spent draws for the first of these packets, of so many octets, and for those behind
 * it that are the same SA's, so that a burst draws once. IPSEC_FATAL_SEQUENCE,
 * IPSEC_FATAL_LIFETIME: there is nothing more. */
enum ipsec_status ipseci_share_draw(struct ipsec_packet *const packets[], size_t n,
                                    uint32_t octets);

/* After a burst in which not every packet took a number: what was drawn goes back. */
void ipseci_share_return(struct ipsec_packet *const packets[], size_t n);

#else

static inline enum ipsec_status ipseci_share_choose(struct ipsec_sa *sa,
                                                    const struct ipsec_sa_params *params)
{
    (void)sa;
    return params->share == NULL ? IPSEC_OK : IPSEC_ERR_NOT_BUILT_IN;
}

static inline enum ipsec_status ipseci_share_draw(struct ipsec_packet *const packets[], size_t n,
                                                  uint32_t octets)
{
    const struct ipsec_sa *sa = packets[0]->sa;
    (void)n;
    (void)octets;
    return ipseci_numbers_end(sa, sa->way.sending.sequence);
}

static inline void ipseci_share_return(struct ipsec_packet *const packets[], size_t n)
{
    (void)packets;
    (void)n;
}

#endif

#endif
