/* SPDX-License-Identifier: Apache-2.0
 *
 * A timer queue: an indexed binary heap over caller-owned nodes. Cost O(log n), no allocation.
 */
#ifndef IPSECI_TIMER_H
#define IPSECI_TIMER_H

#include "arena.h"

struct ipseci_timer {
    uint32_t position : 24; /* in the heap, plus one; 0: not queued */
    uint32_t kind : 8;      /* the user's to interpret, */
    ipsec_handle owner;     /* together with whose timer it is */
};

/* The times stand in the heap itself: with many SAs the nodes are in no cache, and are not read to
 * compare. */
struct ipseci_timer_entry {
    ipsec_ms due;
    struct ipseci_timer *timer;
};

struct ipseci_timer_queue {
    struct ipseci_timer_entry *heap;
    uint32_t count;
    uint32_t max;
};

#define IPSECI_TIMERS_MAX 0xffffffu /* what a position can name */

void ipseci_timer_layout(struct ipseci_timer_queue *q, struct ipseci_arena *arena, uint32_t max);
/* Queues or moves; due IPSEC_NEVER cancels. IPSEC_ERR_FULL can not happen when max counts all
 * nodes. */
enum ipsec_status ipseci_timer_set(struct ipseci_timer_queue *q, struct ipseci_timer *t,
                                   ipsec_ms due);
void ipseci_timer_cancel(struct ipseci_timer_queue *q, struct ipseci_timer *t);
/* Earliest due time, IPSEC_NEVER when empty. */
ipsec_ms ipseci_timer_due(const struct ipseci_timer_queue *q);
/* Removes and gives the earliest timer with due <= now, or NULL. Equal times: order of setting is
 * not promised but is deterministic. */
struct ipseci_timer *ipseci_timer_expire(struct ipseci_timer_queue *q, ipsec_ms now);

#endif
