/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/base/scan.h.
 */
#include "scan.h"

#include "base_check.h"

static bool number(const char *text, uint64_t max, uint64_t *out)
{
    return ipseci_scan_u64(ipseci_scan_string(text), max, out);
}

static void numbers(void **state)
{
    uint64_t out = 77;

    (void)state;
    assert_true(number("0", 0, &out));
    assert_true(out == 0);
    assert_true(number("65535", 65535, &out));
    assert_true(out == 65535);
    assert_true(number("18446744073709551615", UINT64_MAX, &out));
    assert_true(out == UINT64_MAX);
    assert_true(number("007", 9, &out));
    out = 77;
    assert_false(number("", 9, &out));
    assert_false(number("1", 0, &out));
    assert_false(number("10", 9, &out));
    assert_false(number("65536", 65535, &out));
    assert_false(number("18446744073709551616", UINT64_MAX, &out));
    assert_false(number("99999999999999999999999", UINT64_MAX, &out));
    assert_false(number("-1", 9, &out));
    assert_false(number("+1", 9, &out));
    assert_false(number(" 1", 9, &out));
    assert_false(number("1 ", 9, &out));
    assert_false(number("0x1", 9, &out));
    assert_true(out == 77);
}

static void words_and_parts(void **state)
{
    const struct ipsec_view text = ipseci_scan_string("AES256-sha");
    struct ipsec_view rest;

    (void)state;
    assert_true(ipseci_scan_is(text, "aes256-sha"));
    assert_false(ipseci_scan_is(text, "aes256-sha2"));
    assert_false(ipseci_scan_is(text, "aes256"));
    assert_true(ipseci_scan_prefix(text, "aes", &rest));
    assert_int_equal(rest.length, 7);
    assert_false(ipseci_scan_prefix(text, "aes-", &rest));
    assert_int_equal(ipseci_scan_find(text, '-'), 6);
    assert_int_equal(ipseci_scan_find(text, '!'), 10);
    assert_int_equal(ipseci_scan_head(text, 99).length, 10);
    assert_int_equal(ipseci_scan_head(text, 6).length, 6);
    assert_int_equal(ipseci_scan_tail(text, 7).length, 3);
    assert_int_equal(ipseci_scan_tail(text, 10).length, 0);
    assert_int_equal(ipseci_scan_tail(text, SIZE_MAX).length, 0);
    assert_int_equal(ipseci_scan_string(NULL).length, 0);
    assert_true(ipseci_scan_is(ipseci_scan_string(""), ""));
}

static void hex_digits(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *digits = "0123456789abcdefABCDEF";
        const char *at = c == 0 ? NULL : strchr(digits, c);
        const long place = at == NULL ? -1 : at - digits;

        assert_int_equal(ipseci_scan_hex_digit((uint8_t)c), place > 15 ? place - 6 : place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(words_and_parts),
        cmocka_unit_test(hex_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
