/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/base/text.h.
 */
#include "text.h"

#include "base_check.h"

static void adds_every_kind(void **state)
{
    char buffer[80];
    struct ipseci_text t = ipseci_text_init(buffer, sizeof(buffer));

    (void)state;
    assert_string_equal(buffer, "");
    ipseci_text_add(&t, "a=");
    ipseci_text_u64(&t, 0);
    ipseci_text_char(&t, ' ');
    ipseci_text_u64(&t, UINT64_MAX);
    ipseci_text_char(&t, ' ');
    ipseci_text_hex(&t, "\x00\x9f\xff", 3);
    ipseci_text_char(&t, ' ');
    ipseci_text_escaped(&t, "x\n\\\x7f\xc3 ~", 7);
    assert_false(t.cut);
    assert_string_equal(buffer, "a=0 18446744073709551615 009fff x\\x0a\\x5c\\x7f\\xc3 ~");
    assert_int_equal(t.used, strlen(buffer));
}

static void what_fits_exactly_is_not_cut(void **state)
{
    char buffer[6];
    struct ipseci_text t = ipseci_text_init(buffer, sizeof(buffer));

    (void)state;
    ipseci_text_add(&t, "12345");
    assert_false(t.cut);
    assert_string_equal(buffer, "12345");
    ipseci_text_add(&t, "");
    assert_false(t.cut);
    ipseci_text_char(&t, '6');
    assert_true(t.cut);
    assert_string_equal(buffer, "12...");
    ipseci_text_add(&t, "more");
    ipseci_text_u64(&t, 1);
    ipseci_text_hex(&t, "a", 1);
    ipseci_text_escaped(&t, "\n", 1);
    assert_string_equal(buffer, "12...");
}

/* Every capacity: always ended, never past the end. */
static void tiny_rooms_are_kept(void **state)
{
    static const char *const expect[] = {"", ".", "..", "...", "0..."};

    (void)state;
    for (size_t capacity = 1; capacity <= 5; capacity++) {
        char buffer[8];
        struct ipseci_text t;

        memset(buffer, '#', sizeof(buffer));
        t = ipseci_text_init(buffer, capacity);
        ipseci_text_add(&t, "0123456789");
        assert_true(t.cut);
        assert_string_equal(buffer, expect[capacity - 1]);
        assert_int_equal(buffer[capacity], '#');
    }
}

static void no_room_at_all(void **state)
{
    char buffer[1] = {'#'};
    struct ipseci_text t = ipseci_text_init(buffer, 0);

    (void)state;
    ipseci_text_add(&t, "x");
    assert_true(t.cut);
    assert_int_equal(buffer[0], '#');
    t = ipseci_text_init(NULL, 10);
    ipseci_text_u64(&t, 10);
    assert_true(t.cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_every_kind),
        cmocka_unit_test(what_fits_exactly_is_not_cut),
        cmocka_unit_test(tiny_rooms_are_kept),
        cmocka_unit_test(no_room_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
