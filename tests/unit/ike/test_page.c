/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/page.h.
 */
#include "ike_kit.h"
#include "page.h"

static char text[4096];
static struct ipseci_page page;

static void fill(char *out, const char *word, unsigned times)
{
    out[0] = '\0';
    while (times-- > 0) {
        strcat(out, word);
    }
}

static void labels_stand_once(void **state)
{
    (void)state;
    ipseci_page_init(&page, text, sizeof(text));
    ipseci_page_say(&page, NULL, "heading");
    ipseci_page_say(&page, "Here:", "one");
    ipseci_page_say(&page, "", "two");
    assert_string_equal(text, "heading\nHere:       one\n            two");
    assert_int_equal(page.lines, 3);
}

static void words_wrap_under_their_label(void **state)
{
    (void)state;
    char words[400];
    fill(words, "1234567 ", 20); /* 8 columns each, 88 fit: 11 words */
    words[strlen(words) - 1] = '\0';
    ipseci_page_init(&page, text, sizeof(text));
    ipseci_page_say(&page, "Here:", words);
    const char *second = strchr(text, '\n');
    assert_non_null(second);
    assert_int_equal(second - text, IPSECI_PAGE_LABEL + 11 * 8 - 1);
    assert_memory_equal(second + 1, "            1234567", 19);
    assert_int_equal(page.lines, 2);
}

static void long_proposals_break_at_hyphens(void **state)
{
    (void)state;
    char words[400];
    fill(words, "aes256-", 20);
    ipseci_page_init(&page, text, sizeof(text));
    ipseci_page_say(&page, "Here:", words);
    const char *second = strchr(text, '\n');
    assert_non_null(second);
    assert_int_equal(second[-1], '-');
    assert_int_equal(second - text, IPSECI_PAGE_LABEL + 84);
}

static void unbreakable_text_is_broken_anyway(void **state)
{
    (void)state;
    char words[400];
    fill(words, "x", 150);
    ipseci_page_init(&page, text, sizeof(text));
    ipseci_page_say(&page, "Here:", words);
    assert_int_equal(strchr(text, '\n') - text, IPSECI_PAGE_COLUMNS);
}

static void entries_have_their_own_limit(void **state)
{
    (void)state;
    char words[700];
    fill(words, "word ", 120);
    ipseci_page_init(&page, text, sizeof(text));
    ipseci_page_begin(&page, "Here:");
    ipseci_text_add(&page.entry, words);
    ipseci_page_end(&page, 2);
    assert_int_equal(page.lines, 2);
    assert_string_equal(text + strlen(text) - 3, "...");
    assert_int_equal(strlen(strchr(text, '\n') + 1), IPSECI_PAGE_COLUMNS);
}

static void page_ends_at_its_last_line(void **state)
{
    (void)state;
    char words[700];
    fill(words, "word ", 120);
    ipseci_page_init(&page, text, sizeof(text));
    for (unsigned i = 0; i < 40; i++) {
        ipseci_page_say(&page, "Here:", words);
    }
    assert_int_equal(page.lines, IPSECI_PAGE_LINES);
    assert_string_equal(text + strlen(text) - 3, "...");
}

static void empty_entries_leave_no_line(void **state)
{
    (void)state;
    ipseci_page_init(&page, text, sizeof(text));
    ipseci_page_say(&page, "Here:", "");
    assert_string_equal(text, "");
    assert_int_equal(page.lines, 0);
}

static void small_buffers_are_kept(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < 40; capacity++) {
        memset(text, 0x7f, sizeof(text));
        ipseci_page_init(&page, text, capacity);
        ipseci_page_say(&page, "Here:", "the quick brown fox");
        assert_true(capacity == 0 || strlen(text) < capacity);
        assert_int_equal(text[capacity], 0x7f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_stand_once),
        cmocka_unit_test(words_wrap_under_their_label),
        cmocka_unit_test(long_proposals_break_at_hyphens),
        cmocka_unit_test(unbreakable_text_is_broken_anyway),
        cmocka_unit_test(entries_have_their_own_limit),
        cmocka_unit_test(page_ends_at_its_last_line),
        cmocka_unit_test(empty_entries_leave_no_line),
        cmocka_unit_test(small_buffers_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
