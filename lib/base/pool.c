/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots named by handles: the low bits are the index, the rest the slot's generation, which is odd
 * while the slot is in use. So no handle is 0, and a handle of a slot that was released is
 * recognised until the generation has wrapped: 32768 uses of that one slot, 1024 in a large pool.
 */
#include "pool.h"

#include <string.h>

#define INDEX_BITS       16u /* up to 65,535 slots */
#define INDEX_BITS_LARGE 21u

void ipseci_pool_layout(struct ipseci_pool *pool, struct ipseci_arena *arena, uint32_t count,
                        size_t slot_bytes)
{
    const size_t align = _Alignof(union ipseci_widest);

    memset(pool, 0, sizeof(*pool));
    if (count > IPSECI_POOL_MAX || slot_bytes > SIZE_MAX - align) {
        arena->failed = true;
        return;
    }
    pool->slot_bytes = (slot_bytes + align - 1) / align * align;
    pool->slots = (uint8_t *)ipseci_arena_take(arena, count, pool->slot_bytes, align);
    pool->next = IPSECI_ARENA_NEW(arena, count, uint32_t);
    pool->generation = IPSECI_ARENA_NEW(arena, count, uint16_t);
    if (arena->failed || arena->block == NULL) {
        return;
    }
    pool->count = count;
    pool->index_bits = count >> INDEX_BITS == 0 ? INDEX_BITS : INDEX_BITS_LARGE;
    pool->free_last = count - 1;
    for (uint32_t i = 0; i < count; i++) {
        pool->next[i] = i + 1; /* count ends the list */
    }
}

static void *slot_at(const struct ipseci_pool *pool, uint32_t index)
{
    return pool->slots + (size_t)index * pool->slot_bytes;
}

uint32_t ipseci_pool_index(const struct ipseci_pool *pool, ipsec_handle handle)
{
    return handle & ((UINT32_C(1) << pool->index_bits) - 1);
}

static void next_generation(struct ipseci_pool *pool, uint32_t index)
{
    const uint32_t most = UINT32_MAX >> pool->index_bits;
    pool->generation[index] = (uint16_t)((pool->generation[index] + 1u) & most);
}

static ipsec_handle handle_of(const struct ipseci_pool *pool, uint32_t index)
{
    return (uint32_t)pool->generation[index] << pool->index_bits | index;
}

void *ipseci_pool_take(struct ipseci_pool *pool, ipsec_handle *handle)
{
    const uint32_t index = pool->free_first;

    if (index >= pool->count) {
        *handle = 0;
        return NULL;
    }
    pool->free_first = pool->next[index];
    next_generation(pool, index);
    pool->used++;
    *handle = handle_of(pool, index);
    return slot_at(pool, index);
}

void *ipseci_pool_get(const struct ipseci_pool *pool, ipsec_handle handle)
{
    const uint32_t index = ipseci_pool_index(pool, handle);
    const uint32_t generation = handle >> pool->index_bits;

    if (index >= pool->count || (generation & 1u) == 0 || pool->generation[index] != generation) {
        return NULL;
    }
    return slot_at(pool, index);
}

ipsec_handle ipseci_pool_handle(const struct ipseci_pool *pool, const void *slot)
{
    const size_t at = (size_t)((const uint8_t *)slot - pool->slots);
    return handle_of(pool, (uint32_t)(at / pool->slot_bytes));
}

/* The slot used last is warm, so it is taken first; but see IPSECI_POOL_MAX. */
static void free_slot(struct ipseci_pool *pool, uint32_t index)
{
    if (pool->index_bits == INDEX_BITS || pool->free_first >= pool->count) {
        pool->next[index] = pool->free_first;
        pool->free_first = index;
        pool->free_last = pool->used == pool->count ? index : pool->free_last;
    } else {
        pool->next[index] = pool->count;
        pool->next[pool->free_last] = index;
        pool->free_last = index;
    }
}

bool ipseci_pool_release(struct ipseci_pool *pool, ipsec_handle handle)
{
    const uint32_t index = ipseci_pool_index(pool, handle);
    void *slot = ipseci_pool_get(pool, handle);

    if (slot == NULL) {
        return false;
    }
    ipseci_wipe(slot, pool->slot_bytes);
    next_generation(pool, index);
    free_slot(pool, index);
    pool->used--;
    return true;
}

void *ipseci_pool_next(const struct ipseci_pool *pool, uint32_t *cursor, ipsec_handle *handle)
{
    for (uint32_t i = *cursor; i < pool->count; i++) {
        if ((pool->generation[i] & 1u) != 0) {
            *cursor = i + 1;
            *handle = handle_of(pool, i);
            return slot_at(pool, i);
        }
    }
    *cursor = pool->count;
    *handle = 0;
    return NULL;
}
