/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/reassembly.h. RFC 7383 2.6.
 */
#include "ike_kit.h"
#include "reassembly.h"

#include <stdlib.h>

#define TOTAL_MAX 6
#define ROOM      64

static struct ipseci_reassembly *set;

/* A block of exactly its size, so that a sanitizer sees its end. */
static void start(void)
{
    const size_t bytes = ipseci_reassembly_bytes(TOTAL_MAX, ROOM);

    free(set);
    set = calloc(1, bytes);
    assert_non_null(set);
    ipseci_reassembly_init(set, TOTAL_MAX, ROOM);
}

static int stop(void **state)
{
    (void)state;
    free(set);
    set = NULL;
    return 0;
}

static enum ipsec_status add(uint16_t number, uint16_t total, const char *text)
{
    const struct ipseci_piece piece = {number, total, (uint8_t)(40 + number),
                                       ipseci_view(text, strlen(text))};

    return ipseci_reassembly_add(set, &piece);
}

static void assert_whole(const char *text)
{
    assert_int_equal(set->used, strlen(text));
    assert_memory_equal(set->data, text, strlen(text));
    assert_int_equal(set->first, 41);
}

static void frag_02_every_order_of_four(void **state)
{
    static const char *const text[] = {"one,", "two,,", "3", "four"};

    (void)state;
    for (unsigned order = 0; order < 256; order++) {
        unsigned seen = 0;
        for (unsigned i = 0; i < 4; i++) {
            seen |= 1u << (order >> 2 * i & 3);
        }
        if (seen != 15) {
            continue; /* no permutation */
        }
        start();
        for (unsigned i = 0; i < 4; i++) {
            const unsigned n = order >> 2 * i & 3;
            assert_int_equal(add((uint16_t)(n + 1), 4, text[n]), i < 3 ? IPSEC_PENDING : IPSEC_OK);
        }
        assert_whole("one,two,,3four");
    }
}

static void frag_02_a_single_fragment_is_whole(void **state)
{
    (void)state;
    start();
    assert_int_equal(add(1, 1, "all"), IPSEC_OK);
    assert_whole("all");
}

static void frag_03_numbers_and_totals(void **state)
{
    (void)state;
    start();
    assert_int_equal(add(0, 3, "x"), IPSEC_DROP_FRAGMENT);
    assert_int_equal(add(4, 3, "x"), IPSEC_DROP_FRAGMENT);
    assert_int_equal(add(0, 0, "x"), IPSEC_DROP_FRAGMENT);
    assert_int_equal(add(1, 0, "x"), IPSEC_DROP_FRAGMENT);
    assert_int_equal(set->have, 0);
    assert_int_equal(add(2, 3, "b"), IPSEC_PENDING);
    assert_int_equal(add(1, 2, "x"), IPSEC_DROP_FRAGMENT); /* smaller */
    assert_int_equal(add(1, 3, "a"), IPSEC_PENDING);
    assert_int_equal(add(3, 3, "c"), IPSEC_OK);
    assert_whole("abc");
}

static void frag_03_a_larger_total_replaces(void **state)
{
    (void)state;
    start();
    assert_int_equal(add(1, 2, "old "), IPSEC_PENDING);
    assert_int_equal(add(3, 3, "c"), IPSEC_PENDING);
    assert_int_equal(set->used, 1);
    assert_int_equal(add(2, 2, "old"), IPSEC_DROP_FRAGMENT);
    assert_int_equal(add(1, 3, "a"), IPSEC_PENDING);
    assert_int_equal(add(2, 3, "b"), IPSEC_OK);
    assert_whole("abc");
}

static void frag_04_the_first_of_a_number_stays(void **state)
{
    (void)state;
    start();
    assert_int_equal(add(1, 2, "first "), IPSEC_PENDING);
    assert_int_equal(add(1, 2, "first "), IPSEC_DROP_DUPLICATE);
    assert_int_equal(add(1, 2, "other"), IPSEC_DROP_DUPLICATE);
    assert_int_equal(add(2, 2, "second"), IPSEC_OK);
    assert_whole("first second");
}

static void frag_04_empty_pieces_count_once(void **state)
{
    (void)state;
    start();
    assert_int_equal(add(2, 3, ""), IPSEC_PENDING);
    assert_int_equal(add(2, 3, "x"), IPSEC_DROP_DUPLICATE);
    assert_int_equal(add(3, 3, "b"), IPSEC_PENDING);
    assert_int_equal(add(1, 3, "a"), IPSEC_OK);
    assert_whole("ab");
}

/* CVE-2016-1287, CVE-2016-10396: sums of checked lengths, and a table by number. */
static void frag_05_cve_2016_10396_count_and_octets_are_bounded(void **state)
{
    static const char half[] = "01234567890123456789012345678901"; /* ROOM / 2 */

    (void)state;
    start();
    assert_int_equal(add(1, TOTAL_MAX + 1, "x"), IPSEC_DROP_FRAGMENT);
    assert_int_equal(add(UINT16_MAX, UINT16_MAX, "x"), IPSEC_DROP_FRAGMENT);
    assert_int_equal(add(TOTAL_MAX, TOTAL_MAX, half), IPSEC_PENDING);
    assert_int_equal(add(2, TOTAL_MAX, "0123456789012345678901234567890123"), IPSEC_DROP_TOO_BIG);
    assert_int_equal(add(2, TOTAL_MAX, half), IPSEC_PENDING);
    assert_int_equal(add(1, TOTAL_MAX, "x"), IPSEC_DROP_TOO_BIG);
    assert_int_equal(set->used, ROOM);
    for (uint16_t n = 3; n < TOTAL_MAX; n++) {
        assert_int_equal(add(n, TOTAL_MAX, ""), IPSEC_PENDING);
    }
    assert_int_equal(add(1, TOTAL_MAX, ""), IPSEC_OK);
    assert_int_equal(set->used, ROOM);
}

/* A piece that never fits does not throw away what is there. */
static void frag_05_what_is_refused_changes_nothing(void **state)
{
    static const char long_one[] =
        "0123456789012345678901234567890101234567890123456789012345678901x";

    (void)state;
    start();
    assert_int_equal(add(1, 2, "a"), IPSEC_PENDING);
    assert_int_equal(add(1, 3, long_one), IPSEC_DROP_TOO_BIG);
    assert_int_equal(add(2, 2, "b"), IPSEC_OK);
    assert_whole("ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frag_02_every_order_of_four),
        cmocka_unit_test(frag_02_a_single_fragment_is_whole),
        cmocka_unit_test(frag_03_numbers_and_totals),
        cmocka_unit_test(frag_03_a_larger_total_replaces),
        cmocka_unit_test(frag_04_the_first_of_a_number_stays),
        cmocka_unit_test(frag_04_empty_pieces_count_once),
        cmocka_unit_test(frag_05_cve_2016_10396_count_and_octets_are_bounded),
        cmocka_unit_test(frag_05_what_is_refused_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, stop);
}
