/* SPDX-License-Identifier: Apache-2.0
 *
 * The anti-replay window of an inbound SA (RFC 4303 3.4.3) and the high half of extended sequence
 * numbers (RFC 4303 appendix A). Called by open.c, in two steps: a number is checked before the
 * crypto and entered after it, and entering checks again, so that copies within one batch are
 * found.
 *
 * The bitmap is a ring of exactly `window` bits: window - 1 numbers left of the top are still
 * taken, the one after that is not.
 */
#ifndef IPSECI_REPLAY_H
#define IPSECI_REPLAY_H

#include "bytes.h"

struct ipseci_replay {
    uint64_t top;    /* highest number accepted so far */
    uint32_t window; /* bits; a multiple of 64 */
    uint32_t place;  /* of top in the ring */
    uint32_t *bits;
};

/* bits has window / 32 words. Every number up to `top` counts as seen. */
void ipseci_replay_init(struct ipseci_replay *r, uint32_t *bits, uint32_t window, uint64_t top);

/* The 64-bit number that low stands for, seen from the window's place (RFC 4303 A2.2). A number
 * beyond 2^64 - 1 can not be; it is answered with 0, which ipseci_replay_check refuses. */
uint64_t ipseci_replay_extend(const struct ipseci_replay *r, uint32_t low);

/* Changes nothing. IPSEC_OK, IPSEC_DROP_SEQUENCE_ZERO, IPSEC_DROP_REPLAY, IPSEC_DROP_REPLAY_OLD. */
enum ipsec_status ipseci_replay_check(const struct ipseci_replay *r, uint64_t sequence);

/* Checks once more and enters an authenticated number. Answers as ipseci_replay_check does. */
enum ipsec_status ipseci_replay_enter(struct ipseci_replay *r, uint64_t sequence);

/* The same, shorter for the number after the top. */
static inline enum ipsec_status ipseci_replay_enter_next(struct ipseci_replay *r, uint64_t sequence)
{
    if (sequence != r->top + 1) {
        return ipseci_replay_enter(r, sequence);
    }
    r->place = r->place + 1 == r->window ? 0 : r->place + 1;
    r->bits[r->place / 32] |= UINT32_C(1) << (r->place % 32);
    r->top = sequence;
    return IPSEC_OK;
}

/* For SAs without replay check: only the top follows, which ESN needs (RFC 4303 3.3.3). */
void ipseci_replay_follow(struct ipseci_replay *r, uint64_t sequence);

#endif
