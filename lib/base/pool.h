/* SPDX-License-Identifier: Apache-2.0
 *
 * A fixed number of equal slots named by handles (index and generation). Freed slots are wiped.
 */
#ifndef IPSECI_POOL_H
#define IPSECI_POOL_H

#include "arena.h"

/* What slots hold is aligned like this at most: max_align_t is for long double, and twice as much.
 */
union ipseci_widest {
    uint64_t number;
    void *pointer;
};

struct ipseci_pool {
    uint8_t *slots;
    uint32_t *next;       /* free list; index of the next free slot */
    uint16_t *generation; /* odd while in use */
    size_t slot_bytes;    /* rounded up to the alignment of union ipseci_widest */
    uint32_t count;
    uint32_t used;
    uint32_t free_first;
    uint32_t free_last;  /* released slots go here where generations are short */
    uint32_t index_bits; /* of a handle; the rest is the generation */
};

/* Slots: a handle has 16 bits of index and 16 of generation. In a pool of more than 65,535 slots it
 * has 21 and 11; there the slot that has been free for the longest is taken, so that a generation
 * comes back as late as it can. */
#define IPSECI_POOL_MAX 0x1fffffu

void ipseci_pool_layout(struct ipseci_pool *pool, struct ipseci_arena *arena, uint32_t count,
                        size_t slot_bytes);
/* A zeroed slot and its handle (never 0), or NULL when full. */
void *ipseci_pool_take(struct ipseci_pool *pool, ipsec_handle *handle);
/* NULL when stale. */
void *ipseci_pool_get(const struct ipseci_pool *pool, ipsec_handle handle);
/* Which slot a handle names, from 0. */
uint32_t ipseci_pool_index(const struct ipseci_pool *pool, ipsec_handle handle);
/* The handle of a slot in use. */
ipsec_handle ipseci_pool_handle(const struct ipseci_pool *pool, const void *slot);
/* Wipes; a stale handle is ignored and answered false. */
bool ipseci_pool_release(struct ipseci_pool *pool, ipsec_handle handle);
/* Walks slots in use: start with *cursor 0; NULL at the end. Releasing the current slot is allowed.
 */
void *ipseci_pool_next(const struct ipseci_pool *pool, uint32_t *cursor, ipsec_handle *handle);

#endif
