/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/source.h.
 */
#include "ike_limits.h"
#include "source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ENTRIES 8 /* two sets */

static max_align_t block[1024];
static struct ipseci_sources sources;

static int setup(void **state)
{
    struct ipseci_arena arena = ipseci_arena_init(block, sizeof(block));

    (void)state;
    memset(&sources, 0, sizeof(sources));
    ipseci_sources_layout(&sources, &arena, ENTRIES);
    assert_false(arena.failed);
    sources.rate_per_s = 10;
    sources.failures_max = 3;
    sources.secret[0] = 0x0123456789abcdefu;
    sources.secret[1] = 0xfedcba9876543210u;
    return 0;
}

static uint64_t key_of(const char *text)
{
    struct ipsec_addr addr;

    assert_int_equal(ipsec_addr_parse(text, &addr), IPSEC_OK);
    return ipseci_source_key(&sources, &addr);
}

static void a_prefix_is_an_ipv4_address_or_an_ipv6_64(void **state)
{
    (void)state;
    assert_true(key_of("192.0.2.1") == key_of("192.0.2.1"));
    assert_true(key_of("192.0.2.1") != key_of("192.0.2.2"));
    assert_true(key_of("2001:db8:1:2::1") == key_of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_true(key_of("2001:db8:1:2::1") != key_of("2001:db8:1:3::1"));
    assert_true(key_of("c000:201::") != key_of("192.0.2.1")); /* the same octets */
    const uint64_t before = key_of("192.0.2.1");
    sources.secret[1]++;
    assert_true(key_of("192.0.2.1") != before); /* nobody can know it */
}

static void sizes_are_rounded_up_to_whole_sets(void **state)
{
    static const uint32_t count[] = {1, 4, 5, 8, 9, 64, IPSECI_SOURCES_MOST};
    static const uint32_t entries[] = {4, 4, 8, 8, 16, 64, IPSECI_SOURCES_MOST};

    (void)state;
    for (size_t i = 0; i < sizeof(count) / sizeof(count[0]); i++) {
        struct ipseci_arena arena = ipseci_arena_init(NULL, 0);
        struct ipseci_sources s;
        ipseci_sources_layout(&s, &arena, count[i]);
        assert_int_equal((s.set_mask + 1) * IPSECI_SOURCE_WAYS, entries[i]);
        assert_true(arena.used >= entries[i] * sizeof(struct ipseci_source));
    }
}

static void each_has_a_rate_of_its_own(void **state)
{
    struct ipseci_source *a = ipseci_source_get(&sources, 16, 1000);
    struct ipseci_source *b = ipseci_source_get(&sources, 32, 1000);

    (void)state;
    assert_ptr_not_equal(a, b);
    for (int i = 0; i < 10; i++) {
        assert_true(ipseci_bucket_take(&a->rate, 1000));
    }
    assert_false(ipseci_bucket_take(&a->rate, 1000));
    assert_true(ipseci_bucket_take(&b->rate, 1000));
    assert_ptr_equal(ipseci_source_get(&sources, 16, 1000), a);
    assert_ptr_equal(ipseci_source_find(&sources, 16), a);
    assert_null(ipseci_source_find(&sources, 48));
}

/* Any number of strangers: the table stays what it is, and who has failed is kept longest. */
static void strangers_displace_the_quiet_and_not_the_guilty(void **state)
{
    const uint64_t guilty = 2;
    const uint64_t quiet = 4;

    (void)state;
    (void)ipseci_source_get(&sources, quiet, 1000);
    assert_false(ipseci_source_failed(&sources, guilty, 900));
    for (uint64_t key = 100; key < 10000; key++) {
        struct ipseci_source *s = ipseci_source_get(&sources, key, 1000 + key);
        assert_int_equal(s->failures, 0);
        assert_ptr_equal(ipseci_source_find(&sources, key), s);
    }
    assert_null(ipseci_source_find(&sources, quiet));
    assert_non_null(ipseci_source_find(&sources, guilty));
    assert_int_equal(ipseci_source_find(&sources, guilty)->failures, 1);
    /* Even a set full of them gives way to the next: it is bounded, not fair to attackers. */
    for (uint64_t key = 20000; key < 20100; key++) {
        (void)ipseci_source_failed(&sources, key, 30000 + key);
    }
    assert_null(ipseci_source_find(&sources, guilty));
}

static uint64_t wait_of(uint64_t key, ipsec_ms now)
{
    return ipseci_source_find(&sources, key)->closed_until - now;
}

static void failures_beyond_the_forgiven_wait_twice_as_long_each(void **state)
{
    static const uint64_t wait[] = {2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_false(ipseci_source_failed(&sources, 7, 5000));
        assert_int_equal(ipseci_source_find(&sources, 7)->closed_until, 0);
        assert_false(ipseci_source_suspect(&sources, ipseci_source_find(&sources, 7), 5000));
    }
    for (size_t i = 0; i < sizeof(wait) / sizeof(wait[0]); i++) {
        assert_true(ipseci_source_failed(&sources, 7, 6000));
        assert_int_equal(wait_of(7, 6000), wait[i]);
        assert_true(ipseci_source_suspect(&sources, ipseci_source_find(&sources, 7), 6000));
    }
}

static void a_right_one_clears(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        (void)ipseci_source_failed(&sources, 7, 5000);
    }
    ipseci_source_cleared(&sources, 7);
    assert_int_equal(ipseci_source_find(&sources, 7)->closed_until, 0);
    assert_false(ipseci_source_suspect(&sources, ipseci_source_find(&sources, 7), 5000));
    assert_false(ipseci_source_failed(&sources, 7, 5000));
    ipseci_source_cleared(&sources, 99); /* who is not known has nothing to clear */
    assert_null(ipseci_source_find(&sources, 99));
}

static void failures_are_forgotten(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        (void)ipseci_source_failed(&sources, 7, 5000);
    }
    const struct ipseci_source *s = ipseci_source_find(&sources, 7);
    assert_true(ipseci_source_suspect(&sources, s, 5000 + IPSECI_FAILURES_KEPT_MS - 1));
    assert_false(ipseci_source_suspect(&sources, s, 5000 + IPSECI_FAILURES_KEPT_MS));
    assert_false(ipseci_source_failed(&sources, 7, 5000 + IPSECI_FAILURES_KEPT_MS));
    assert_int_equal(s->failures, 1);
}

static void never_is_never(void **state)
{
    (void)state;
    sources.failures_max = UINT32_MAX;
    struct ipseci_source *s = ipseci_source_get(&sources, 7, 0);
    s->failures = UINT32_MAX - 2;
    for (int i = 0; i < 10; i++) {
        assert_false(ipseci_source_failed(&sources, 7, 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_prefix_is_an_ipv4_address_or_an_ipv6_64, setup),
        cmocka_unit_test_setup(sizes_are_rounded_up_to_whole_sets, setup),
        cmocka_unit_test_setup(each_has_a_rate_of_its_own, setup),
        cmocka_unit_test_setup(strangers_displace_the_quiet_and_not_the_guilty, setup),
        cmocka_unit_test_setup(failures_beyond_the_forgiven_wait_twice_as_long_each, setup),
        cmocka_unit_test_setup(a_right_one_clears, setup),
        cmocka_unit_test_setup(failures_are_forgotten, setup),
        cmocka_unit_test_setup(never_is_never, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
