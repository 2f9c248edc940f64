/* SPDX-License-Identifier: Apache-2.0
 *
 * The timer queue. Called by the IKE engine, which keeps one timer a purpose in each SA.
 */
#include "timer.h"

#include <string.h>

void ipseci_timer_layout(struct ipseci_timer_queue *q, struct ipseci_arena *arena, uint32_t max)
{
    memset(q, 0, sizeof(*q));
    q->heap = IPSECI_ARENA_NEW(arena, max, struct ipseci_timer_entry);
    if (q->heap != NULL) {
        q->max = max;
    }
}

static void place(struct ipseci_timer_queue *q, struct ipseci_timer_entry e, uint32_t at)
{
    q->heap[at] = e;
    e.timer->position = (at + 1) & IPSECI_TIMERS_MAX;
}

static void sift_up(struct ipseci_timer_queue *q, struct ipseci_timer_entry e, uint32_t at)
{
    while (at > 0) {
        const uint32_t parent = (at - 1) / 2;

        if (q->heap[parent].due <= e.due) {
            break;
        }
        place(q, q->heap[parent], at);
        at = parent;
    }
    place(q, e, at);
}

static void sift_down(struct ipseci_timer_queue *q, struct ipseci_timer_entry e, uint32_t at)
{
    /* at < count / 2: it has a child, and 2 * at + 1 can not overflow. */
    while (at < q->count / 2) {
        uint32_t child = 2 * at + 1;

        if (child + 1 < q->count && q->heap[child + 1].due < q->heap[child].due) {
            child++;
        }
        if (e.due <= q->heap[child].due) {
            break;
        }
        place(q, q->heap[child], at);
        at = child;
    }
    place(q, e, at);
}

enum ipsec_status ipseci_timer_set(struct ipseci_timer_queue *q, struct ipseci_timer *t,
                                   ipsec_ms due)
{
    const struct ipseci_timer_entry e = {due, t};

    ipseci_timer_cancel(q, t);
    if (due == IPSEC_NEVER) {
        return IPSEC_OK;
    }
    if (q->count >= q->max) {
        return IPSEC_ERR_FULL;
    }
    q->count++;
    sift_up(q, e, q->count - 1);
    return IPSEC_OK;
}

void ipseci_timer_cancel(struct ipseci_timer_queue *q, struct ipseci_timer *t)
{
    const uint32_t at = (uint32_t)t->position - 1;
    struct ipseci_timer_entry last;

    if (t->position == 0) {
        return;
    }
    t->position = 0;
    q->count--;
    last = q->heap[q->count];
    q->heap[q->count].timer = NULL;
    if (last.timer == t) {
        return;
    }
    if (at > 0 && q->heap[(at - 1) / 2].due > last.due) {
        sift_up(q, last, at);
    } else {
        sift_down(q, last, at);
    }
}

ipsec_ms ipseci_timer_due(const struct ipseci_timer_queue *q)
{
    return q->count == 0 ? IPSEC_NEVER : q->heap[0].due;
}

struct ipseci_timer *ipseci_timer_expire(struct ipseci_timer_queue *q, ipsec_ms now)
{
    struct ipseci_timer *t;

    if (q->count == 0 || q->heap[0].due > now) {
        return NULL;
    }
    t = q->heap[0].timer;
    ipseci_timer_cancel(q, t);
    return t;
}
