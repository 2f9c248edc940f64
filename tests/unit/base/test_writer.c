/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the writer of lib/base/reader.h.
 */
#include "reader.h"

#include "base_check.h"

static void writes_in_order(void **state)
{
    static const uint8_t expect[] = {1,  2,  3,  4,  5,  6,  7,  8, 9, 10, 11,
                                     12, 13, 14, 15, 16, 17, 18, 0, 0, 0};
    uint8_t buffer[sizeof(expect)];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));

    (void)state;
    memset(buffer, 0xee, sizeof(buffer));
    ipseci_write8(&w, 1);
    ipseci_write16(&w, 0x0203);
    ipseci_write32(&w, 0x04050607);
    ipseci_write64(&w, 0x08090a0b0c0d0e0fu);
    ipseci_write_bytes(&w, "\x10\x11", 2);
    ipseci_write_view(&w, ipseci_view((const uint8_t *)"\x12", 1));
    ipseci_write_zeros(&w, 2);
    assert_ptr_equal(ipseci_write_hole(&w, 1), buffer + 20);
    assert_false(w.failed);
    assert_int_equal(ipseci_written(&w).length, sizeof(expect));
    assert_ptr_equal(ipseci_written(&w).data, buffer);
    assert_memory_equal(buffer, expect, sizeof(expect));
}

static void write_of(struct ipseci_writer *w, unsigned kind)
{
    switch (kind) {
    case 0:
        ipseci_write8(w, 0xff);
        break;
    case 1:
        ipseci_write16(w, 0xffff);
        break;
    case 2:
        ipseci_write32(w, 0xffffffffu);
        break;
    case 3:
        ipseci_write64(w, UINT64_MAX);
        break;
    case 4:
        ipseci_write_bytes(w, "abcdefghi", 9);
        break;
    default:
        assert_null(ipseci_write_hole(w, 10));
        break;
    }
}

/* One octet less room than each write needs: nothing is written, not even a part. */
static void fails_one_octet_short(void **state)
{
    static const size_t need[] = {1, 2, 4, 8, 9, 10};

    (void)state;
    for (unsigned kind = 0; kind < 6; kind++) {
        uint8_t buffer[16];
        struct ipseci_writer w = ipseci_writer_init(buffer, need[kind] - 1);

        memset(buffer, 0xee, sizeof(buffer));
        write_of(&w, kind);
        assert_true(w.failed);
        assert_int_equal(w.used, 0);
        for (unsigned i = 0; i < sizeof(buffer); i++) {
            assert_int_equal(buffer[i], 0xee);
        }
        assert_null(ipseci_written(&w).data);
        assert_int_equal(ipseci_written(&w).length, 0);
    }
}

static void failure_stays(void **state)
{
    uint8_t buffer[4] = {0xee, 0xee, 0xee, 0xee};
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));

    (void)state;
    ipseci_write64(&w, 1);
    ipseci_write8(&w, 1);
    ipseci_write_patch8(&w, 0, 1);
    assert_null(ipseci_write_hole(&w, 0));
    assert_true(w.failed);
    assert_int_equal(buffer[0], 0xee);
}

static void lengths_near_the_largest_do_not_wrap(void **state)
{
    uint8_t buffer[4];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));

    (void)state;
    ipseci_write8(&w, 1);
    ipseci_write_zeros(&w, SIZE_MAX);
    assert_true(w.failed);
    assert_int_equal(w.used, 1);
}

static void patches_only_what_is_written(void **state)
{
    uint8_t buffer[8];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));

    (void)state;
    ipseci_write_zeros(&w, 7);
    ipseci_write_patch8(&w, 0, 1);
    ipseci_write_patch16(&w, 1, 0x0203);
    ipseci_write_patch32(&w, 3, 0x04050607);
    assert_false(w.failed);
    assert_memory_equal(buffer, "\1\2\3\4\5\6\7", 7);
    ipseci_write_patch8(&w, 7, 9);
    assert_true(w.failed);

    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_write_zeros(&w, 4);
    ipseci_write_patch16(&w, 3, 9);
    assert_true(w.failed);
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_write_zeros(&w, 4);
    ipseci_write_patch32(&w, SIZE_MAX, 9);
    assert_true(w.failed);
    assert_int_equal(buffer[3], 0);
}

static void without_a_buffer_everything_fails(void **state)
{
    struct ipseci_writer w = ipseci_writer_init(NULL, 100);

    (void)state;
    ipseci_write8(&w, 1);
    assert_true(w.failed);
    w = ipseci_writer_init(NULL, 0);
    ipseci_write_bytes(&w, NULL, 0);
    assert_false(w.failed);
    ipseci_write8(&w, 1);
    assert_true(w.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_in_order),
        cmocka_unit_test(fails_one_octet_short),
        cmocka_unit_test(failure_stays),
        cmocka_unit_test(lengths_near_the_largest_do_not_wrap),
        cmocka_unit_test(patches_only_what_is_written),
        cmocka_unit_test(without_a_buffer_everything_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
