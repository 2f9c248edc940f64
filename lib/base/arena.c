/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout of an object's tables in one block. Called by the layout function of every object.
 */
#include "arena.h"

#include <string.h>

struct ipseci_arena ipseci_arena_init(void *block, size_t capacity)
{
    struct ipseci_arena a = {(uint8_t *)block, block == NULL ? SIZE_MAX : capacity, 0, false};

    return a;
}

void *ipseci_arena_take(struct ipseci_arena *a, size_t count, size_t bytes, size_t align)
{
    /* Measured from the block's start rather than from address 0: the block must itself be aligned
     * to max_align_t, and then both passes give the same offsets. */
    const size_t gap = (align - (a->used & (align - 1))) & (align - 1);
    void *start;

    if (a->failed || (bytes != 0 && count > SIZE_MAX / bytes) || gap > a->capacity - a->used ||
        count * bytes > a->capacity - a->used - gap) {
        a->failed = true;
        return NULL;
    }
    a->used += gap;
    start = a->block == NULL ? NULL : a->block + a->used;
    a->used += count * bytes;
    if (start != NULL) {
        memset(start, 0, count * bytes);
    }
    return start;
}
