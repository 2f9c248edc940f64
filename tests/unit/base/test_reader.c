/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the reader of lib/base/reader.h. Inputs are blocks of their exact size, so that a memory
 * checker sees a read past the end.
 */
#include "reader.h"

#include "base_check.h"

static uint8_t *exact(size_t length)
{
    uint8_t *block = (uint8_t *)malloc(length == 0 ? 1 : length);

    assert_non_null(block);
    for (size_t i = 0; i < length; i++) {
        block[i] = (uint8_t)(i + 1);
    }
    return block;
}

static void reads_in_order(void **state)
{
    uint8_t *block = exact(20);
    struct ipseci_reader r = ipseci_reader_init(ipseci_view(block, 20));
    uint8_t copy[2];
    struct ipsec_view view;

    (void)state;
    assert_int_equal(ipseci_read8(&r), 0x01);
    assert_int_equal(ipseci_read16(&r), 0x0203);
    assert_int_equal(ipseci_read32(&r), 0x04050607);
    assert_true(ipseci_read64(&r) == 0x08090a0b0c0d0e0fu);
    ipseci_read_bytes(&r, copy, 2);
    assert_int_equal(copy[1], 0x11);
    ipseci_read_skip(&r, 1);
    view = ipseci_read_view(&r, 1);
    assert_ptr_equal(view.data, block + 18);
    assert_int_equal(view.length, 1);
    view = ipseci_read_rest(&r);
    assert_ptr_equal(view.data, block + 19);
    assert_int_equal(view.length, 1);
    assert_false(r.failed);
    assert_int_equal(r.left, 0);
    assert_int_equal(ipseci_read_rest(&r).length, 0);
    assert_false(r.failed);
    free(block);
}

/* One octet less than each read needs. */
static void fails_one_octet_short(void **state)
{
    static const size_t need[] = {1, 2, 4, 8};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t *block = exact(need[i] - 1);
        struct ipseci_reader r = ipseci_reader_init(ipseci_view(block, need[i] - 1));
        const uint64_t value = i == 0   ? ipseci_read8(&r)
                               : i == 1 ? ipseci_read16(&r)
                               : i == 2 ? ipseci_read32(&r)
                                        : ipseci_read64(&r);

        assert_true(value == 0);
        assert_true(r.failed);
        free(block);
    }
}

static void failure_stays_and_leaves_nothing(void **state)
{
    uint8_t *block = exact(4);
    struct ipseci_reader r = ipseci_reader_init(ipseci_view(block, 4));
    uint8_t out[3] = {9, 9, 9};

    (void)state;
    assert_null(ipseci_read_view(&r, 5).data);
    assert_true(r.failed);
    assert_int_equal(r.left, 0);
    assert_int_equal(ipseci_read8(&r), 0);
    ipseci_read_bytes(&r, out, 3);
    assert_int_equal(out[0] | out[1] | out[2], 0);
    assert_null(ipseci_read_rest(&r).data);
    assert_null(ipseci_read_view(&r, 0).data);
    ipseci_read_skip(&r, 0);
    assert_true(r.failed);
    free(block);
}

static void lengths_near_the_largest_do_not_wrap(void **state)
{
    uint8_t *block = exact(4);
    struct ipseci_reader r = ipseci_reader_init(ipseci_view(block, 4));

    (void)state;
    ipseci_read_skip(&r, 1);
    ipseci_read_skip(&r, SIZE_MAX);
    assert_true(r.failed);
    r = ipseci_reader_init(ipseci_view(block, 4));
    ipseci_read_skip(&r, 3);
    assert_int_equal(ipseci_read_view(&r, SIZE_MAX - 1).length, 0);
    assert_true(r.failed);
    free(block);
}

static void an_empty_view_reads_as_empty(void **state)
{
    struct ipseci_reader r = ipseci_reader_init(ipseci_view(NULL, 0));

    (void)state;
    assert_false(r.failed);
    ipseci_read_bytes(&r, NULL, 0);
    assert_int_equal(ipseci_read_rest(&r).length, 0);
    assert_false(r.failed);
    (void)ipseci_read8(&r);
    assert_true(r.failed);
}

static void no_octets_with_a_length_is_failed_at_once(void **state)
{
    struct ipseci_reader r = ipseci_reader_init(ipseci_view(NULL, 3));

    (void)state;
    assert_true(r.failed);
    assert_int_equal(ipseci_read8(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_order),
        cmocka_unit_test(fails_one_octet_short),
        cmocka_unit_test(failure_stays_and_leaves_nothing),
        cmocka_unit_test(lengths_near_the_largest_do_not_wrap),
        cmocka_unit_test(an_empty_view_reads_as_empty),
        cmocka_unit_test(no_octets_with_a_length_is_failed_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
