/* SPDX-License-Identifier: Apache-2.0
 *
 * Carves an object's tables out of the caller's one block. With block NULL it only measures, so the
 * same layout function serves ipsec_X_size and ipsec_X_init. Both passes count from the start of
 * the block, which must be aligned for any type.
 */
#ifndef IPSECI_ARENA_H
#define IPSECI_ARENA_H

#include "bytes.h"

struct ipseci_arena {
    uint8_t *block; /* NULL: measuring */
    size_t capacity;
    size_t used;
    bool failed; /* overflow of size_t, or the block is too small */
};

struct ipseci_arena ipseci_arena_init(void *block, size_t capacity);
/* count * bytes octets aligned to `align` (a power of two), zeroed; NULL when measuring or failed.
 */
void *ipseci_arena_take(struct ipseci_arena *a, size_t count, size_t bytes, size_t align);

#define IPSECI_ARENA_NEW(arena, count, type)                                                       \
    ((type *)ipseci_arena_take((arena), (count), sizeof(type), _Alignof(type)))

#endif
