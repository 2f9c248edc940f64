/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/base/bytes.h.
 */
#include "bytes.h"

#include "base_check.h"

static void loads_and_stores_are_big_endian(void **state)
{
    static const uint8_t octets[8] = {0x81, 0x02, 0x03, 0x84, 0x85, 0x06, 0x07, 0x88};
    uint8_t out[8];

    (void)state;
    assert_int_equal(ipseci_load16(octets), 0x8102);
    assert_int_equal(ipseci_load32(octets), 0x81020384u);
    assert_true(ipseci_load64(octets) == 0x8102038485060788u);
    ipseci_store16(out, 0x8102);
    assert_memory_equal(out, octets, 2);
    ipseci_store32(out, 0x81020384u);
    assert_memory_equal(out, octets, 4);
    ipseci_store64(out, 0x8102038485060788u);
    assert_memory_equal(out, octets, 8);
}

static void equal_secret_sees_every_bit(void **state)
{
    uint8_t a[33];
    uint8_t b[33];

    (void)state;
    memset(a, 0x5a, sizeof(a));
    memset(b, 0x5a, sizeof(b));
    assert_true(ipseci_equal_secret(a, b, sizeof(a)));
    for (unsigned bit = 0; bit < 8 * sizeof(a); bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(ipseci_equal_secret(a, b, sizeof(a)));
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    b[32] = 0;
    assert_true(ipseci_equal_secret(a, b, 32));
    assert_true(ipseci_equal_secret(NULL, NULL, 0));
}

static void wipe_touches_its_range_only(void **state)
{
    uint8_t octets[20];
    static const uint8_t zeros[16];

    (void)state;
    memset(octets, 0xee, sizeof(octets));
    ipseci_wipe(octets + 2, 16);
    assert_memory_equal(octets + 2, zeros, 16);
    assert_int_equal(octets[1], 0xee);
    assert_int_equal(octets[18], 0xee);
    ipseci_wipe(NULL, 0);
}

struct known {
    uint32_t size;
    uint32_t a;
    uint32_t b;
};

struct newer {
    uint32_t size;
    uint32_t a;
    uint32_t b;
    uint32_t c;
};

static void struct_in_completes_an_older_struct(void **state)
{
    struct known to = {1, 2, 3};
    struct newer from = {8, 7, 6, 5};

    (void)state;
    assert_int_equal(ipseci_struct_in(&to, sizeof(to), &from), IPSEC_OK);
    assert_int_equal(to.size, sizeof(to));
    assert_int_equal(to.a, 7);
    assert_int_equal(to.b, 0);
}

static void struct_in_takes_its_own_size_and_the_least(void **state)
{
    struct known to = {1, 2, 3};
    struct known from = {sizeof(from), 7, 6};

    (void)state;
    assert_int_equal(ipseci_struct_in(&to, sizeof(to), &from), IPSEC_OK);
    assert_int_equal(to.b, 6);
    from.size = 4;
    assert_int_equal(ipseci_struct_in(&to, sizeof(to), &from), IPSEC_OK);
    assert_int_equal(to.a, 0);
    assert_int_equal(to.b, 0);
    from.size = 6; /* in the middle of a field: the octets of the size, and no others */
    from.a = 0xffffffffu;
    assert_int_equal(ipseci_struct_in(&to, sizeof(to), &from), IPSEC_OK);
    assert_true(to.a == 0xffffu || to.a == 0xffff0000u);
}

static void struct_in_takes_a_newer_struct_with_a_zero_tail_only(void **state)
{
    struct known to = {1, 2, 3};
    struct newer from = {sizeof(from), 7, 6, 0};

    (void)state;
    assert_int_equal(ipseci_struct_in(&to, sizeof(to), &from), IPSEC_OK);
    assert_int_equal(to.size, sizeof(to));
    assert_int_equal(to.b, 6);
    from.c = 0x80;
    from.a = 1;
    assert_int_equal(ipseci_struct_in(&to, sizeof(to), &from), IPSEC_ERR_STRUCT_SIZE);
    assert_int_equal(to.a, 7);
}

static void struct_in_refuses_sizes_below_the_size_field(void **state)
{
    struct known to = {1, 2, 3};
    struct known from = {0, 7, 6};

    (void)state;
    for (uint32_t size = 0; size < 4; size++) {
        from.size = size;
        assert_int_equal(ipseci_struct_in(&to, sizeof(to), &from), IPSEC_ERR_STRUCT_SIZE);
    }
    assert_int_equal(to.a, 2);
    assert_int_equal(ipseci_struct_in(&to, sizeof(to), NULL), IPSEC_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_and_stores_are_big_endian),
        cmocka_unit_test(equal_secret_sees_every_bit),
        cmocka_unit_test(wipe_touches_its_range_only),
        cmocka_unit_test(struct_in_completes_an_older_struct),
        cmocka_unit_test(struct_in_takes_its_own_size_and_the_least),
        cmocka_unit_test(struct_in_takes_a_newer_struct_with_a_zero_tail_only),
        cmocka_unit_test(struct_in_refuses_sizes_below_the_size_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
