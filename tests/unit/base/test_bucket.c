/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/base/bucket.h.
 */
#include "bucket.h"

#include "base_check.h"

static unsigned drain(struct ipseci_bucket *b, ipsec_ms now, unsigned most)
{
    unsigned taken = 0;

    while (taken < most && ipseci_bucket_take(b, now)) {
        taken++;
    }
    return taken;
}

static void starts_full_and_holds_the_rate(void **state)
{
    struct ipseci_bucket b;

    (void)state;
    ipseci_bucket_init(&b, 10, 5, 1000);
    assert_int_equal(drain(&b, 1000, 99), 5);
    assert_false(ipseci_bucket_take(&b, 1099));
    assert_true(ipseci_bucket_take(&b, 1100));
    assert_false(ipseci_bucket_take(&b, 1100));
    assert_int_equal(drain(&b, 1400, 99), 3);
    assert_int_equal(drain(&b, 1000000, 99), 5);
}

static void small_steps_add_up(void **state)
{
    struct ipseci_bucket b;
    unsigned taken = 0;

    (void)state;
    ipseci_bucket_init(&b, 3, 1, 0);
    assert_true(ipseci_bucket_take(&b, 0));
    for (ipsec_ms now = 1; now <= 10000; now++) {
        taken += ipseci_bucket_take(&b, now);
    }
    assert_in_range(taken, 29, 30);
}

static void a_floor_is_left_to_others(void **state)
{
    struct ipseci_bucket b;

    (void)state;
    ipseci_bucket_init(&b, 10, 5, 0);
    assert_false(ipseci_bucket_take_above(&b, 5, 0));
    assert_false(ipseci_bucket_take_above(&b, UINT32_MAX, 0));
    for (int i = 0; i < 3; i++) {
        assert_true(ipseci_bucket_take_above(&b, 2, 0));
    }
    assert_false(ipseci_bucket_take_above(&b, 2, 0));
    assert_int_equal(drain(&b, 0, 99), 2);
    assert_false(ipseci_bucket_take_above(&b, 0, 99));
    assert_true(ipseci_bucket_take_above(&b, 0, 100));
}

static void a_clock_that_steps_back_adds_nothing(void **state)
{
    struct ipseci_bucket b;

    (void)state;
    ipseci_bucket_init(&b, 1000, 2, 5000);
    assert_int_equal(drain(&b, 5000, 99), 2);
    for (unsigned i = 0; i < 100; i++) {
        assert_false(ipseci_bucket_take(&b, 0));
        assert_false(ipseci_bucket_take(&b, 5000));
    }
    assert_true(ipseci_bucket_take(&b, 5001));
}

static void limits(void **state)
{
    struct ipseci_bucket b;

    (void)state;
    ipseci_bucket_init(&b, 0, 2, 0);
    assert_int_equal(drain(&b, 0, 99), 2);
    assert_false(ipseci_bucket_take(&b, UINT64_MAX));
    ipseci_bucket_init(&b, 1000, 0, 0);
    assert_false(ipseci_bucket_take(&b, UINT64_MAX));
    ipseci_bucket_init(&b, UINT32_MAX, UINT32_MAX, 0);
    assert_true(ipseci_bucket_take(&b, UINT64_MAX));
    assert_true(b.millitokens == (uint64_t)UINT32_MAX * 1000 - 1000);
    assert_true(ipseci_bucket_take(&b, UINT64_MAX));
    assert_true(b.millitokens == (uint64_t)UINT32_MAX * 1000 - 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_full_and_holds_the_rate),
        cmocka_unit_test(small_steps_add_up),
        cmocka_unit_test(a_floor_is_left_to_others),
        cmocka_unit_test(a_clock_that_steps_back_adds_nothing),
        cmocka_unit_test(limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
