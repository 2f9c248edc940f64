/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/base/pool.h.
 */
#include "pool.h"

#include "base_check.h"

#define SLOT_BYTES 24

static void *make(struct ipseci_pool *pool, uint32_t count)
{
    struct ipseci_arena a = ipseci_arena_init(NULL, 0);
    void *block;

    ipseci_pool_layout(pool, &a, count, SLOT_BYTES);
    assert_false(a.failed);
    block = malloc(a.used == 0 ? 1 : a.used);
    assert_non_null(block);
    a = ipseci_arena_init(block, a.used);
    ipseci_pool_layout(pool, &a, count, SLOT_BYTES);
    assert_false(a.failed);
    return block;
}

static void assert_zero(const uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(octets[i], 0);
    }
}

static void gives_each_slot_once_and_then_none(void **state)
{
    struct ipseci_pool pool;
    void *block = make(&pool, 3);
    ipsec_handle handle[4];
    uint8_t *slot[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        slot[i] = (uint8_t *)ipseci_pool_take(&pool, &handle[i]);
        assert_non_null(slot[i]);
        assert_int_not_equal(handle[i], 0);
        assert_int_equal((uintptr_t)slot[i] % _Alignof(union ipseci_widest), 0);
        assert_zero(slot[i], SLOT_BYTES);
        memset(slot[i], (int)i + 1, SLOT_BYTES);
    }
    assert_null(ipseci_pool_take(&pool, &handle[3]));
    assert_int_equal(handle[3], 0);
    assert_int_equal(pool.used, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(ipseci_pool_get(&pool, handle[i]), slot[i]);
        assert_int_equal(slot[i][0], i + 1);
        assert_int_equal(slot[i][SLOT_BYTES - 1], i + 1);
    }
    free(block);
}

static void release_wipes_and_makes_the_handle_stale(void **state)
{
    struct ipseci_pool pool;
    void *block = make(&pool, 2);
    ipsec_handle first;
    ipsec_handle second;
    uint8_t *slot = (uint8_t *)ipseci_pool_take(&pool, &first);

    (void)state;
    memset(slot, 0xff, SLOT_BYTES);
    assert_true(ipseci_pool_release(&pool, first));
    assert_zero(slot, SLOT_BYTES);
    assert_null(ipseci_pool_get(&pool, first));
    assert_false(ipseci_pool_release(&pool, first));
    assert_int_equal(pool.used, 0);
    assert_ptr_equal(ipseci_pool_take(&pool, &second), slot);
    assert_int_not_equal(first, second);
    assert_null(ipseci_pool_get(&pool, first));
    assert_ptr_equal(ipseci_pool_get(&pool, second), slot);
    free(block);
}

static void made_up_handles_are_stale(void **state)
{
    struct ipseci_pool pool;
    void *block = make(&pool, 2);
    ipsec_handle handle;

    (void)state;
    assert_non_null(ipseci_pool_take(&pool, &handle));
    assert_null(ipseci_pool_get(&pool, 0));
    assert_null(ipseci_pool_get(&pool, 1));                /* free slot, its even generation */
    assert_null(ipseci_pool_get(&pool, handle + 2));       /* no such index */
    assert_null(ipseci_pool_get(&pool, handle ^ 0x20000)); /* another generation */
    assert_null(ipseci_pool_get(&pool, 0xffffffffu));
    assert_false(ipseci_pool_release(&pool, 0));
    free(block);
}

/* 32768 uses of one slot: the generation wraps from 65535 to 1 and is never even while in use. */
static void generations_wrap(void **state)
{
    struct ipseci_pool pool;
    void *block = make(&pool, 1);
    ipsec_handle first;
    ipsec_handle last = 0;
    ipsec_handle handle;

    (void)state;
    assert_non_null(ipseci_pool_take(&pool, &first));
    assert_true(ipseci_pool_release(&pool, first));
    for (unsigned use = 1; use < 32768; use++) {
        assert_non_null(ipseci_pool_take(&pool, &handle));
        assert_int_equal(handle >> 16 & 1, 1);
        assert_int_not_equal(handle, last);
        assert_null(ipseci_pool_get(&pool, first));
        assert_true(ipseci_pool_release(&pool, handle));
        last = handle;
    }
    assert_int_equal(last >> 16, 65535);
    assert_non_null(ipseci_pool_take(&pool, &handle));
    assert_int_equal(handle >> 16, 1);
    assert_null(ipseci_pool_get(&pool, last));
    free(block);
}

/* Above 65,535 slots generations are short, so a slot is used again only after all others. */
static void large_pools_use_the_slot_that_was_free_longest(void **state)
{
    enum { SLOTS = 65536 };
    struct ipseci_pool pool;
    void *block = make(&pool, SLOTS);
    static ipsec_handle handles[SLOTS];
    ipsec_handle handle;

    (void)state;
    assert_non_null(ipseci_pool_take(&pool, &handles[0]));
    assert_true(ipseci_pool_release(&pool, handles[0]));
    for (uint32_t i = 1; i < SLOTS; i++) {
        assert_non_null(ipseci_pool_take(&pool, &handles[i]));
        assert_int_equal(ipseci_pool_index(&pool, handles[i]), i);
    }
    const void *slot = ipseci_pool_take(&pool, &handle);
    assert_int_equal(ipseci_pool_index(&pool, handle), 0);
    assert_int_not_equal(handle, handles[0]);
    assert_int_equal(ipseci_pool_handle(&pool, slot), handle);
    assert_null(ipseci_pool_get(&pool, handles[0]));
    assert_null(ipseci_pool_take(&pool, &handle));

    /* Full: what is released now is the first and the last that is free. */
    assert_true(ipseci_pool_release(&pool, handles[7]));
    assert_true(ipseci_pool_release(&pool, handles[3]));
    assert_non_null(ipseci_pool_take(&pool, &handle));
    assert_int_equal(ipseci_pool_index(&pool, handle), 7);
    assert_non_null(ipseci_pool_take(&pool, &handle));
    assert_int_equal(ipseci_pool_index(&pool, handle), 3);
    for (unsigned use = 1; use < 1024; use++) { /* the generation wraps, and is never even */
        const ipsec_handle last = handle;
        assert_true(ipseci_pool_release(&pool, last));
        assert_non_null(ipseci_pool_take(&pool, &handle));
        assert_null(ipseci_pool_get(&pool, last));
        assert_non_null(ipseci_pool_get(&pool, handle));
        assert_int_equal(handle >> 21 & 1, 1);
    }
    free(block);
}

static void walk_meets_each_used_slot_once_and_allows_release(void **state)
{
    struct ipseci_pool pool;
    void *block = make(&pool, 8);
    ipsec_handle handle[8];
    ipsec_handle at;
    uint32_t cursor = 0;
    unsigned seen = 0;
    void *slot;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        assert_non_null(ipseci_pool_take(&pool, &handle[i]));
    }
    for (unsigned i = 0; i < 8; i += 2) {
        assert_true(ipseci_pool_release(&pool, handle[i]));
    }
    while ((slot = ipseci_pool_next(&pool, &cursor, &at)) != NULL) {
        assert_ptr_equal(ipseci_pool_get(&pool, at), slot);
        assert_int_equal(at, handle[2 * seen + 1]);
        assert_true(ipseci_pool_release(&pool, at));
        seen++;
    }
    assert_int_equal(seen, 4);
    assert_int_equal(at, 0);
    assert_int_equal(pool.used, 0);
    cursor = 0;
    assert_null(ipseci_pool_next(&pool, &cursor, &at));
    free(block);
}

static void limits_of_the_layout(void **state)
{
    struct ipseci_pool pool;
    struct ipseci_arena a = ipseci_arena_init(NULL, 0);
    ipsec_handle handle;
    void *block = make(&pool, 0);

    (void)state;
    assert_null(ipseci_pool_take(&pool, &handle));
    assert_null(ipseci_pool_get(&pool, 0x10000));
    free(block);
    ipseci_pool_layout(&pool, &a, IPSECI_POOL_MAX + 1, 1);
    assert_true(a.failed);
    a = ipseci_arena_init(NULL, 0);
    ipseci_pool_layout(&pool, &a, 1, SIZE_MAX);
    assert_true(a.failed);
    a = ipseci_arena_init(NULL, 0);
    ipseci_pool_layout(&pool, &a, IPSECI_POOL_MAX, SIZE_MAX / 1000);
    assert_true(a.failed);
    assert_null(ipseci_pool_take(&pool, &handle));
}

static void the_largest_pool_hands_out_all(void **state)
{
    struct ipseci_pool pool;
    void *block = make(&pool, IPSECI_POOL_MAX);
    ipsec_handle handle = 0;

    (void)state;
    for (uint32_t i = 0; i < IPSECI_POOL_MAX; i++) {
        void *slot = ipseci_pool_take(&pool, &handle);

        assert_non_null(slot);
        assert_ptr_equal(ipseci_pool_get(&pool, handle), slot);
    }
    assert_null(ipseci_pool_take(&pool, &handle));
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_slot_once_and_then_none),
        cmocka_unit_test(release_wipes_and_makes_the_handle_stale),
        cmocka_unit_test(made_up_handles_are_stale),
        cmocka_unit_test(generations_wrap),
        cmocka_unit_test(large_pools_use_the_slot_that_was_free_longest),
        cmocka_unit_test(walk_meets_each_used_slot_once_and_allows_release),
        cmocka_unit_test(limits_of_the_layout),
        cmocka_unit_test(the_largest_pool_hands_out_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
