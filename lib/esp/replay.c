/* SPDX-License-Identifier: Apache-2.0
 *
 * Anti-replay window and ESN. See replay.h.
 */
#include "replay.h"

#include <string.h>

/* Of 32 bits, as shifts of 64 cost much code where registers have 32. */
#define WORD_BITS 32u

void ipseci_replay_init(struct ipseci_replay *r, uint32_t *bits, uint32_t window, uint64_t top)
{
    r->top = top;
    r->window = window;
    r->place = 0;
    r->bits = bits;
    memset(bits, 0xff, window / 8);
}

/* Where a number that is `behind` the top (less than the window) has its bit. */
static uint32_t place_of(const struct ipseci_replay *r, uint32_t behind)
{
    return r->place >= behind ? r->place - behind : r->place + r->window - behind;
}

static bool is_seen(const struct ipseci_replay *r, uint32_t place)
{
    return (r->bits[place / WORD_BITS] >> (place % WORD_BITS) & 1) != 0;
}

/* Clears count bits of the ring from place on; count is less than the window. */
static void clear_bits(struct ipseci_replay *r, uint32_t place, uint32_t count)
{
    while (count != 0) {
        const uint32_t shift = place % WORD_BITS;
        const uint32_t room = WORD_BITS - shift;
        const uint32_t step = count < room ? count : room;
        const uint32_t ones = step == WORD_BITS ? UINT32_MAX : (UINT32_C(1) << step) - 1;
        r->bits[place / WORD_BITS] &= ~(ones << shift);
        place = place + step == r->window ? 0 : place + step;
        count -= step;
    }
}

uint64_t ipseci_replay_extend(const struct ipseci_replay *r, uint32_t low)
{
    const uint32_t top_low = (uint32_t)r->top;
    const uint64_t top_high = r->top >> 32;
    const uint32_t span = r->window - 1;
    const uint32_t bottom = top_low - span; /* modulo 2^32 */

    /* RFC 4303 A2.2 case A: the window lies in one subspace of 2^32. */
    if (top_low >= span) {
        if (low >= bottom) {
            return top_high << 32 | low;
        }
        return top_high == UINT32_MAX ? 0 : (top_high + 1) << 32 | low;
    }
    /* Case B: it spans two. EXCEPTION: before the first subspace there is none, so a low half that
     * would belong to it is taken as a jump ahead; the ICV decides. */
    if (low >= bottom && top_high != 0) {
        return (top_high - 1) << 32 | low;
    }
    return top_high << 32 | low;
}

enum ipsec_status ipseci_replay_check(const struct ipseci_replay *r, uint64_t sequence)
{
    if (sequence > r->top) {
        return IPSEC_OK;
    }
    /* RFC 4303 3.4.3: the first packet has number 1. */
    if (sequence == 0) {
        return IPSEC_DROP_SEQUENCE_ZERO;
    }
    const uint64_t behind = r->top - sequence;
    if (behind >= r->window) {
        return IPSEC_DROP_REPLAY_OLD;
    }
    return is_seen(r, place_of(r, (uint32_t)behind)) ? IPSEC_DROP_REPLAY : IPSEC_OK;
}

static void set_bit(struct ipseci_replay *r, uint32_t place)
{
    r->bits[place / WORD_BITS] |= UINT32_C(1) << (place % WORD_BITS);
}

enum ipsec_status ipseci_replay_enter(struct ipseci_replay *r, uint64_t sequence)
{
    IPSECI_TRY(ipseci_replay_check(r, sequence));
    if (sequence <= r->top) {
        set_bit(r, place_of(r, (uint32_t)(r->top - sequence)));
        return IPSEC_OK;
    }

    const uint64_t ahead = sequence - r->top;
    if (ahead >= r->window) {
        memset(r->bits, 0, r->window / 8);
        r->place = 0;
    } else {
        const uint32_t next = r->place + 1 == r->window ? 0 : r->place + 1;
        clear_bits(r, next, (uint32_t)ahead - 1);
        r->place = place_of(r, r->window - (uint32_t)ahead);
    }
    set_bit(r, r->place);
    r->top = sequence;
    return IPSEC_OK;
}

void ipseci_replay_follow(struct ipseci_replay *r, uint64_t sequence)
{
    r->top = sequence > r->top ? sequence : r->top;
}
