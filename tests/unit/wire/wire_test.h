/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of lib/wire share: packet octets written as hex, in blocks of their exact size so
 * that a sanitizer sees the first octet read beyond them.
 */
#ifndef WIRE_TEST_H
#define WIRE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reader.h"

/* Octets of a hex text, blanks ignored. Freed by wire_test_free. */
struct ipsec_view hex(const char *text);
/* The same octets in a block of their own. */
struct ipsec_view exact(struct ipsec_view octets);
/* Teardown of each test. */
int wire_test_free(void **state);

/* The writer's octets are those of the text. */
#define assert_written(w, text)                                                                    \
    do {                                                                                           \
        struct ipsec_view expected_ = hex(text);                                                   \
        assert_false((w)->failed);                                                                 \
        assert_int_equal((w)->used, expected_.length);                                             \
        assert_memory_equal((w)->start, expected_.data, expected_.length);                         \
    } while (0)

#define assert_view(view, text)                                                                    \
    do {                                                                                           \
        struct ipsec_view actual_ = (view);                                                        \
        struct ipsec_view expected_ = hex(text);                                                   \
        assert_int_equal(actual_.length, expected_.length);                                        \
        assert_memory_equal(actual_.data, expected_.data, expected_.length);                       \
    } while (0)

#define WIRE_TEST(function) cmocka_unit_test_teardown(function, wire_test_free)

#endif
