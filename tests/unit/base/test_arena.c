/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/base/arena.h.
 */
#include "arena.h"

#include "base_check.h"

struct layout {
    uint8_t *small;
    uint64_t *wide;
    uint16_t *middle;
};

static void lay_out(struct ipseci_arena *a, struct layout *l)
{
    l->small = IPSECI_ARENA_NEW(a, 3, uint8_t);
    l->wide = IPSECI_ARENA_NEW(a, 2, uint64_t);
    l->middle = IPSECI_ARENA_NEW(a, 1, uint16_t);
}

static void measures_what_it_takes(void **state)
{
    struct ipseci_arena measure = ipseci_arena_init(NULL, 0);
    struct ipseci_arena a;
    struct layout l;
    uint8_t *block;

    (void)state;
    lay_out(&measure, &l);
    assert_false(measure.failed);
    assert_null(l.small);
    assert_null(l.wide);
    block = (uint8_t *)malloc(measure.used);
    assert_non_null(block);
    memset(block, 0xee, measure.used);
    a = ipseci_arena_init(block, measure.used);
    lay_out(&a, &l);
    assert_false(a.failed);
    assert_int_equal(a.used, measure.used);
    assert_ptr_equal(l.small, block);
    assert_int_equal((uintptr_t)l.wide % _Alignof(uint64_t), 0);
    assert_int_equal(l.small[2] | (int)(l.wide[0] | l.wide[1]) | l.middle[0], 0);
    l.middle[0] = 0xffff;
    free(block);
}

static void one_octet_too_small_fails(void **state)
{
    struct ipseci_arena measure = ipseci_arena_init(NULL, 0);
    struct ipseci_arena a;
    struct layout l;
    uint64_t block[8];

    (void)state;
    lay_out(&measure, &l);
    assert_true(measure.used <= sizeof(block));
    a = ipseci_arena_init(block, measure.used - 1);
    lay_out(&a, &l);
    assert_true(a.failed);
    assert_non_null(l.wide);
    assert_null(l.middle);
    assert_null(IPSECI_ARENA_NEW(&a, 1, uint8_t));
}

static void sizes_that_wrap_fail(void **state)
{
    struct ipseci_arena a = ipseci_arena_init(NULL, 0);

    (void)state;
    assert_null(ipseci_arena_take(&a, SIZE_MAX / 2, 3, 1));
    assert_true(a.failed);
    a = ipseci_arena_init(NULL, 0);
    (void)ipseci_arena_take(&a, SIZE_MAX - 3, 1, 1);
    assert_false(a.failed);
    (void)ipseci_arena_take(&a, 1, 4, 8);
    assert_true(a.failed);
    a = ipseci_arena_init(NULL, 0);
    (void)ipseci_arena_take(&a, SIZE_MAX - 1, 1, 1);
    (void)ipseci_arena_take(&a, 0, 1, 16); /* the gap alone wraps */
    assert_true(a.failed);
}

static void nothing_takes_nothing(void **state)
{
    uint64_t block[1];
    struct ipseci_arena a = ipseci_arena_init(block, sizeof(block));

    (void)state;
    (void)ipseci_arena_take(&a, 0, 8, 8);
    (void)ipseci_arena_take(&a, 8, 0, 8);
    assert_false(a.failed);
    assert_int_equal(a.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_what_it_takes),
        cmocka_unit_test(one_octet_too_small_fails),
        cmocka_unit_test(sizes_that_wrap_fail),
        cmocka_unit_test(nothing_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
