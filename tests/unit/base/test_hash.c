/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the table of lib/base/hash.h, also against a plain array as model.
 */
#include "hash.h"

#include "base_check.h"

static void *make(struct ipseci_hash *hash, uint32_t max, uint8_t secret)
{
    struct ipseci_arena a = ipseci_arena_init(NULL, 0);
    uint8_t secrets[16];
    void *block;

    ipseci_hash_layout(hash, &a, max);
    assert_false(a.failed);
    assert_int_equal(ipseci_hash_find(hash, 0), 0); /* measured only: empty, not a crash */
    block = malloc(a.used);
    assert_non_null(block);
    a = ipseci_arena_init(block, a.used);
    ipseci_hash_layout(hash, &a, max);
    assert_false(a.failed);
    memset(secrets, secret, sizeof(secrets));
    ipseci_hash_key(hash, secrets);
    return block;
}

static void adds_finds_removes(void **state)
{
    struct ipseci_hash hash;
    void *block = make(&hash, 4, 1);

    (void)state;
    assert_int_equal(ipseci_hash_find(&hash, 0), 0);
    assert_false(ipseci_hash_remove(&hash, 0));
    assert_int_equal(ipseci_hash_add(&hash, 0, 11), IPSEC_OK);
    assert_int_equal(ipseci_hash_add(&hash, UINT64_MAX, 12), IPSEC_OK);
    assert_int_equal(ipseci_hash_find(&hash, 0), 11);
    assert_int_equal(ipseci_hash_find(&hash, UINT64_MAX), 12);
    assert_int_equal(ipseci_hash_find(&hash, UINT32_MAX), 0);
    assert_int_equal(ipseci_hash_add(&hash, 0, 13), IPSEC_ERR_STATE);
    assert_int_equal(ipseci_hash_find(&hash, 0), 11);
    assert_true(ipseci_hash_remove(&hash, 0));
    assert_false(ipseci_hash_remove(&hash, 0));
    assert_int_equal(ipseci_hash_find(&hash, 0), 0);
    assert_int_equal(ipseci_hash_find(&hash, UINT64_MAX), 12);
    free(block);
}

static void refuses_when_full_and_takes_again_after_removal(void **state)
{
    struct ipseci_hash hash;
    void *block = make(&hash, 5, 2);

    (void)state;
    for (uint64_t key = 0; key < 5; key++) {
        assert_int_equal(ipseci_hash_add(&hash, key, 1), IPSEC_OK);
    }
    assert_int_equal(ipseci_hash_add(&hash, 5, 1), IPSEC_ERR_FULL);
    assert_int_equal(ipseci_hash_add(&hash, 4, 1), IPSEC_ERR_STATE);
    assert_true(ipseci_hash_remove(&hash, 3));
    assert_int_equal(ipseci_hash_add(&hash, 5, 1), IPSEC_OK);
    assert_true(hash.max * 2 <= hash.mask + 1);
    free(block);
}

static void refuses_the_empty_value_and_a_table_without_memory(void **state)
{
    struct ipseci_hash hash;
    struct ipseci_arena a = ipseci_arena_init(NULL, 0);
    void *block = make(&hash, 1, 3);

    (void)state;
    assert_int_equal(ipseci_hash_add(&hash, 1, 0), IPSEC_ERR_ARGUMENT);
    free(block);
    ipseci_hash_layout(&hash, &a, 4);
    assert_int_equal(ipseci_hash_add(&hash, 1, 1), IPSEC_ERR_ARGUMENT);
    assert_false(ipseci_hash_remove(&hash, 1));
    ipseci_hash_layout(&hash, &a, UINT32_MAX);
    assert_true(a.failed);
}

static void a_table_of_none_is_always_full(void **state)
{
    struct ipseci_hash hash;
    void *block = make(&hash, 0, 4);

    (void)state;
    assert_int_equal(ipseci_hash_add(&hash, 1, 1), IPSEC_ERR_FULL);
    assert_int_equal(ipseci_hash_find(&hash, 1), 0);
    free(block);
}

#define KEYS 48
#define MAX  24

static void check_all(const struct ipseci_hash *hash, const ipsec_handle *model)
{
    uint32_t used = 0;

    for (uint64_t key = 0; key < KEYS; key++) {
        assert_int_equal(ipseci_hash_find(hash, key), model[key]);
        used += model[key] != 0;
    }
    assert_int_equal(hash->used, used);
}

/* Long runs of collisions in a small table, under many secrets; every key is looked up after every
 * step, so an entry that a removal cut off is seen at once. */
static void follows_the_model(void **state)
{
    uint64_t seed = 20240601;

    (void)state;
    for (uint8_t secret = 0; secret < 40; secret++) {
        struct ipseci_hash hash;
        void *block = make(&hash, MAX, secret);
        ipsec_handle model[KEYS] = {0};

        for (unsigned step = 0; step < 600; step++) {
            const uint64_t key = seeded(&seed) % KEYS;
            const ipsec_handle value = (ipsec_handle)(seeded(&seed) | 1);

            if (seeded(&seed) % 2 == 0) {
                assert_int_equal(ipseci_hash_remove(&hash, key), model[key] != 0);
                model[key] = 0;
            } else if (model[key] != 0) {
                assert_int_equal(ipseci_hash_add(&hash, key, value), IPSEC_ERR_STATE);
            } else if (hash.used == MAX) {
                assert_int_equal(ipseci_hash_add(&hash, key, value), IPSEC_ERR_FULL);
            } else {
                assert_int_equal(ipseci_hash_add(&hash, key, value), IPSEC_OK);
                model[key] = value;
            }
            check_all(&hash, model);
        }
        free(block);
    }
}

/* The same keys under two secrets lie differently, or a peer could choose collisions. */
static void places_depend_on_the_secret(void **state)
{
    struct ipseci_hash one;
    struct ipseci_hash two;
    void *block_one = make(&one, 32, 7);
    void *block_two = make(&two, 32, 8);
    unsigned same = 0;

    (void)state;
    for (uint64_t key = 0; key < 32; key++) {
        assert_int_equal(ipseci_hash_add(&one, key, 1), IPSEC_OK);
        assert_int_equal(ipseci_hash_add(&two, key, 1), IPSEC_OK);
    }
    for (uint32_t i = 0; i <= one.mask; i++) {
        same += one.entry[i].value != 0 && two.entry[i].value != 0 &&
                one.entry[i].key == two.entry[i].key;
    }
    assert_true(same < 16);
    free(block_one);
    free(block_two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_finds_removes),
        cmocka_unit_test(refuses_when_full_and_takes_again_after_removal),
        cmocka_unit_test(refuses_the_empty_value_and_a_table_without_memory),
        cmocka_unit_test(a_table_of_none_is_always_full),
        cmocka_unit_test(follows_the_model),
        cmocka_unit_test(places_depend_on_the_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
