/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line of ipsec-two-site.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"

#define WORDS_MAX 48

/* Reads a command line of words separated by '|'. The text must stay until options_free. */
static bool read_line(struct options *options, char *text, int *exit_status)
{
    static char name[] = "ipsec-two-site";
    static char *words[WORDS_MAX + 1];
    int count = 1;
    char *rest = NULL;
    words[0] = name;
    for (char *word = strtok_r(text, "|", &rest); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, "|", &rest)) {
        words[count++] = word;
    }
    words[count] = NULL;
    *exit_status = -1;
    return options_read(options, count, words, exit_status);
}

static void good_lines(void **state)
{
    struct options options;
    int status = 0;
    char run[] = "run|x.conf|--set|child net.esp=aes128-sha256|-s|gateway.mtu=1300|-q|"
                 "--key-log|/tmp/keys|--control|/tmp/c";
    (void)state;
    assert_true(read_line(&options, run, &status));
    assert_int_equal(options.command, COMMAND_RUN);
    assert_string_equal(options.word[0], "x.conf");
    assert_int_equal(options.set_count, 2);
    assert_string_equal(options.set[1], "gateway.mtu=1300");
    assert_string_equal(options.key_log, "/tmp/keys");
    assert_string_equal(options.control, "/tmp/c");
    assert_true(options.quiet != 0);
    options_free(&options);

    char rekey[] = "rekey|child|net|--without-pfs";
    assert_true(read_line(&options, rekey, &status));
    assert_int_equal(options.command, COMMAND_REKEY);
    assert_int_equal(options.word_count, 2);
    assert_true(options.without_pfs != 0);
    options_free(&options);

    char reauth[] = "reauth|b|x.conf";
    assert_true(read_line(&options, reauth, &status));
    assert_int_equal(options.command, COMMAND_REAUTH);
    assert_int_equal(options.word_count, 2);
    options_free(&options);

    char dummy[] = "dummy|net|100|5|x.conf";
    assert_true(read_line(&options, dummy, &status));
    assert_int_equal(options.command, COMMAND_DUMMY);
    assert_int_equal(options.word_count, 4);
    options_free(&options);

    char log[] = "log|-f";
    assert_true(read_line(&options, log, &status));
    assert_true(options.follow != 0 && options.word_count == 0);
    options_free(&options);

    char packet[] = "packet|c.pcap|--esp|aes256-sha256|--inner|84";
    assert_true(read_line(&options, packet, &status));
    assert_int_equal(options.inner, 84);
    options_free(&options);
}

static void bad_lines(void **state)
{
    static const char *const lines[] = {
        "",         "ruin|x.conf",        "run",          "run|a|b",    "check",
        "up",       "up|a|b|c",           "rekey|child",  "status|a|b", "run|x|--nonsense",
        "run|x|-s", "packet|x|--inner|y", "in-process|a", "reauth",     "dummy|a|b",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char text[100];
        struct options options;
        int status = 0;
        snprintf(text, sizeof(text), "%s", lines[i]);
        assert_false(read_line(&options, text, &status));
        assert_int_equal(status, 2);
        options_free(&options);
    }
}

static void sets_are_bounded(void **state)
{
    char text[1000] = "run|x";
    struct options options;
    int status = 0;
    (void)state;
    for (size_t i = 0; i < OPTIONS_SETS_MAX; i++) {
        strcat(text, "|--set|a.b=c");
    }
    char one_more[1100];
    snprintf(one_more, sizeof(one_more), "%s|--set|a.b=c", text);
    assert_true(read_line(&options, text, &status));
    assert_int_equal(options.set_count, OPTIONS_SETS_MAX);
    options_free(&options);
    assert_false(read_line(&options, one_more, &status));
    assert_int_equal(status, 2);
    options_free(&options);
}

static void help_and_version_end_well(void **state)
{
    static const char *const lines[] = {"--help", "-h", "--version", "run|x|--help"};
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char text[100];
        struct options options;
        int status = 0;
        snprintf(text, sizeof(text), "%s", lines[i]);
        assert_false(read_line(&options, text, &status));
        assert_int_equal(status, 0);
        options_free(&options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines),
        cmocka_unit_test(bad_lines),
        cmocka_unit_test(sets_are_bounded),
        cmocka_unit_test(help_and_version_end_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
