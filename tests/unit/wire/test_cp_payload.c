/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/cp_payload.h.
 */
#include "cp_payload.h"
#include "wire_test.h"

static void attributes_are_iterated(void **state)
{
    (void)state;
    struct ipseci_cp cp;
    struct ipseci_cp_attribute a;
    assert_int_equal(ipseci_cp_parse(hex("01ffffff 00010000 80030004 0a000001"), &cp), IPSEC_OK);
    assert_int_equal(cp.type, IPSECI_CP_REQUEST);
    struct ipseci_reader r = ipseci_reader_init(cp.attributes);
    assert_true(ipseci_cp_next(&r, &a));
    assert_int_equal(a.type, IPSECI_CP_INTERNAL_IP4_ADDRESS);
    assert_int_equal(a.value.length, 0);
    assert_true(a.length_valid);
    assert_true(ipseci_cp_next(&r, &a));
    assert_int_equal(a.type, IPSECI_CP_INTERNAL_IP4_DNS); /* the reserved bit is ignored */
    assert_view(a.value, "0a000001");
    assert_false(ipseci_cp_next(&r, &a));
}

static void auth_32_no_attributes(void **state)
{
    (void)state;
    struct ipseci_cp cp;
    assert_int_equal(ipseci_cp_parse(hex("02000000"), &cp), IPSEC_OK);
    assert_int_equal(cp.attributes.length, 0);
}

static void auth_33_attributes_beyond_the_payload(void **state)
{
    (void)state;
    struct ipseci_cp cp;
    struct ipsec_view whole = hex("01000000 00010004 0a000001 000d0008 0a000000 ff000000");
    assert_int_equal(ipseci_cp_parse(whole, &cp), IPSEC_OK);
    for (size_t n = 0; n < whole.length; n++) {
        enum ipsec_status status = ipseci_cp_parse(exact(ipseci_view(whole.data, n)), &cp);
        assert_int_equal(status, n == 4 || n == 12 ? IPSEC_OK : IPSEC_DROP_TRUNCATED);
    }
    assert_int_equal(ipseci_cp_parse(hex("01000000 0001ffff"), &cp), IPSEC_DROP_TRUNCATED);
}

static void auth_33_lengths_of_known_attributes(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        size_t length; /* besides none */
    } known[] = {{1, 4},  {2, 4},   {3, 4},   {4, 4},  {6, 4},
                 {8, 17}, {10, 16}, {12, 16}, {13, 8}, {15, 17}};
    for (size_t i = 0; i < IPSECI_COUNT(known); i++) {
        for (size_t n = 0; n <= 20; n++) {
            uint8_t octets[24] = {0};
            struct ipseci_cp_attribute a;
            ipseci_store16(octets, known[i].type);
            ipseci_store16(octets + 2, (uint16_t)n);
            struct ipseci_reader r = ipseci_reader_init(exact(ipseci_view(octets, 4 + n)));
            assert_true(ipseci_cp_next(&r, &a));
            assert_int_equal(a.length_valid, n == 0 || n == known[i].length);
        }
    }
}

static void auth_33_lengths_of_other_attributes(void **state)
{
    (void)state;
    struct ipseci_cp_attribute a;
    struct ipseci_reader r = ipseci_reader_init(hex("00070003 616263 000e0003 000100"
                                                    "000e0004 00010008 7fff0001 aa"));
    static const bool valid[] = {true, false, true, true};
    for (size_t i = 0; i < IPSECI_COUNT(valid); i++) {
        assert_true(ipseci_cp_next(&r, &a));
        assert_int_equal(a.length_valid, valid[i]);
    }
}

static void build(void **state)
{
    (void)state;
    static uint8_t buffer[70000];
    static const uint8_t big[65536];
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_cp_build(&w, IPSECI_CP_REPLY);
    ipseci_cp_build_attribute(&w, IPSECI_CP_INTERNAL_IP4_ADDRESS, hex("0a000001"));
    ipseci_cp_build_attribute(&w, IPSECI_CP_INTERNAL_IP4_DNS, ipseci_view(NULL, 0));
    assert_written(&w, "02000000 00010004 0a000001 00030000");
    ipseci_cp_build_attribute(&w, 7, ipseci_view(big, 65535));
    assert_false(w.failed);
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_cp_build_attribute(&w, 7, ipseci_view(big, 65536));
    assert_true(w.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(attributes_are_iterated),
        WIRE_TEST(auth_32_no_attributes),
        WIRE_TEST(auth_33_attributes_beyond_the_payload),
        WIRE_TEST(auth_33_lengths_of_known_attributes),
        WIRE_TEST(auth_33_lengths_of_other_attributes),
        WIRE_TEST(build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
