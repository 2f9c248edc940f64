/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/esp/replay.h: a numbered table, whole-window loops, a model, extended numbers.
 */
#include "replay.h"

#include "esp_kit.h"

#define WINDOW_MAX IPSEC_REPLAY_WINDOW_MAX

static uint32_t bits[WINDOW_MAX / 32];

struct row {
    uint64_t sequence;
    enum ipsec_status expected;
};

static void enter_rows(struct ipseci_replay *r, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ipseci_replay_check(r, rows[i].sequence) != rows[i].expected ||
            ipseci_replay_enter(r, rows[i].sequence) != rows[i].expected) {
            fail_msg("row %zu, number %llu", i + 1, (unsigned long long)rows[i].sequence);
        }
    }
}

static void replay_02_03_04_06_07_numbered_table(void **state)
{
    static const struct row rows[] = {
        /* 1 */ {0, IPSEC_DROP_SEQUENCE_ZERO},
        /* 2 */ {1, IPSEC_OK},
        /* 3 */ {1, IPSEC_DROP_REPLAY},
        /* 4 */ {9, IPSEC_OK},
        /* 5 */ {8, IPSEC_OK},
        /* 6 */ {7, IPSEC_OK},
        /* 7 */ {7, IPSEC_DROP_REPLAY},
        /* 8 */ {64, IPSEC_OK},
        /* 9 */ {63, IPSEC_OK},
        /* 10 */ {63, IPSEC_DROP_REPLAY},
        /* 11: the left edge of 64, W - 1 behind the top */ {2, IPSEC_OK},
        /* 12 */ {65, IPSEC_OK},
        /* 13: W - 1 behind, seen */ {2, IPSEC_DROP_REPLAY},
        /* 14: W behind */ {1, IPSEC_DROP_REPLAY_OLD},
        /* 15 */ {3, IPSEC_OK},
        /* 16: by just the window */ {129, IPSEC_OK},
        /* 17 */ {65, IPSEC_DROP_REPLAY_OLD},
        /* 18 */ {66, IPSEC_OK},
        /* 19: far */ {1000000, IPSEC_OK},
        /* 20 */ {129, IPSEC_DROP_REPLAY_OLD},
        /* 21 */ {999999, IPSEC_OK},
        /* 22 */ {999937, IPSEC_OK},
        /* 23 */ {999936, IPSEC_DROP_REPLAY_OLD},
        /* 24 */ {1000063, IPSEC_OK},
        /* 25: the only one left of those before */ {1000000, IPSEC_DROP_REPLAY},
        /* 26 */ {1000001, IPSEC_OK},
        /* 27 */ {0, IPSEC_DROP_SEQUENCE_ZERO},
        /* 28 */ {UINT64_MAX, IPSEC_OK},
        /* 29 */ {UINT64_MAX, IPSEC_DROP_REPLAY},
        /* 30 */ {UINT64_MAX - 63, IPSEC_OK},
        /* 31 */ {UINT64_MAX - 64, IPSEC_DROP_REPLAY_OLD},
    };
    struct ipseci_replay r;
    UNUSED_STATE;
    ipseci_replay_init(&r, bits, 64, 0);
    enter_rows(&r, rows, IPSECI_COUNT(rows));
}

static void replay_03_04_06_whole_window_loops(void **state)
{
    static const uint32_t windows[] = {64, 128, 192, 1024, WINDOW_MAX};
    struct ipseci_replay r;
    UNUSED_STATE;
    for (size_t w = 0; w < IPSECI_COUNT(windows); w++) {
        const uint64_t size = windows[w];
        const uint64_t top = 3 * size + 5;

        /* Upwards, then all again. */
        ipseci_replay_init(&r, bits, windows[w], 0);
        for (uint64_t n = 1; n <= top; n++) {
            assert_int_equal(ipseci_replay_enter(&r, n), IPSEC_OK);
        }
        for (uint64_t n = 1; n <= top; n++) {
            assert_int_equal(ipseci_replay_enter(&r, n),
                             top - n < size ? IPSEC_DROP_REPLAY : IPSEC_DROP_REPLAY_OLD);
        }
        /* The top first, then downwards: W - 1 behind is taken, W is not. */
        ipseci_replay_init(&r, bits, windows[w], 0);
        for (uint64_t n = top; n > top - size; n--) {
            assert_int_equal(ipseci_replay_enter(&r, n), IPSEC_OK);
        }
        assert_int_equal(ipseci_replay_enter(&r, top - size), IPSEC_DROP_REPLAY_OLD);
        /* Every step to the right clears what it jumps over and keeps what stays inside. */
        for (uint64_t step = 1; step <= size + 1; step++) {
            ipseci_replay_init(&r, bits, windows[w], 10 * size);
            assert_int_equal(ipseci_replay_enter(&r, 10 * size + step), IPSEC_OK);
            if (step > 1) {
                const uint64_t over = 10 * size + step - 1;
                assert_int_equal(ipseci_replay_enter(&r, over), IPSEC_OK);
                assert_int_equal(ipseci_replay_enter(&r, over), IPSEC_DROP_REPLAY);
            }
            assert_int_equal(ipseci_replay_check(&r, 10 * size),
                             step < size ? IPSEC_DROP_REPLAY : IPSEC_DROP_REPLAY_OLD);
        }
    }
}

/* What RFC 4303 says, with a list of all numbers instead of a bitmap. */
#define MODEL_NUMBERS 20000

static enum ipsec_status model_enter(uint8_t *seen, uint64_t *top, uint32_t window, uint64_t n)
{
    if (n == 0) {
        return IPSEC_DROP_SEQUENCE_ZERO;
    }
    if (n + window <= *top) {
        return IPSEC_DROP_REPLAY_OLD;
    }
    if (seen[n] != 0) {
        return IPSEC_DROP_REPLAY;
    }
    seen[n] = 1;
    *top = n > *top ? n : *top;
    return IPSEC_OK;
}

static void replay_against_a_model(void **state)
{
    static uint8_t seen[MODEL_NUMBERS];
    struct ipseci_replay r;
    UNUSED_STATE;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t random = seed;
        uint64_t top = 0;
        const uint32_t window = (uint32_t)(1 + seeded(&random) % (WINDOW_MAX / 64)) * 64;
        const uint32_t jump = 1 + (uint32_t)(seeded(&random) % (window * 2));
        memset(seen, 0, sizeof(seen));
        ipseci_replay_init(&r, bits, window, 0);
        for (unsigned i = 0; i < 8000; i++) {
            const uint64_t behind = seeded(&random) % (window + window / 2);
            const bool ahead = seeded(&random) % 8 == 0;
            uint64_t n = ahead ? top + seeded(&random) % jump : top > behind ? top - behind : 0;
            n = n < MODEL_NUMBERS ? n : MODEL_NUMBERS - 1;
            const enum ipsec_status expected = model_enter(seen, &top, window, n);
            if (ipseci_replay_check(&r, n) != expected || ipseci_replay_enter(&r, n) != expected ||
                r.top != top) {
                fail_msg("seed %llu, step %u, window %u", (unsigned long long)seed, i, window);
            }
        }
    }
}

static void replay_check_changes_nothing(void **state)
{
    struct ipseci_replay r;
    uint64_t before[2];
    UNUSED_STATE;
    ipseci_replay_init(&r, bits, 128, 0);
    assert_int_equal(ipseci_replay_enter(&r, 50), IPSEC_OK);
    memcpy(before, bits, sizeof(before));
    assert_int_equal(ipseci_replay_check(&r, 51), IPSEC_OK);
    assert_int_equal(ipseci_replay_check(&r, 5000), IPSEC_OK);
    assert_int_equal(ipseci_replay_check(&r, 49), IPSEC_OK);
    assert_memory_equal(before, bits, sizeof(before));
    assert_true(r.top == 50);
}

static void replay_start_counts_as_seen(void **state)
{
    struct ipseci_replay r;
    UNUSED_STATE;
    ipseci_replay_init(&r, bits, 64, 1000);
    for (uint64_t n = 937; n <= 1000; n++) {
        assert_int_equal(ipseci_replay_check(&r, n), IPSEC_DROP_REPLAY);
    }
    assert_int_equal(ipseci_replay_check(&r, 936), IPSEC_DROP_REPLAY_OLD);
    assert_int_equal(ipseci_replay_enter(&r, 1001), IPSEC_OK);
}

struct extension {
    uint64_t top;
    uint32_t window;
    uint32_t low;
    uint64_t expected;
};

static void replay_10_11_esn_guess_by_table(void **state)
{
    const uint64_t g = UINT64_C(1) << 32;
    const struct extension rows[] = {
        /* 1: at the very start */ {0, 64, 1, 1},
        /* 2: nothing lies before the first subspace */ {0, 64, UINT32_MAX, UINT32_MAX},
        /* 3 */ {10, 64, 5, 5},
        /* 4: case A, inside the window */ {1000, 64, 937, 937},
        /* 5: case A, left of it: the next subspace */ {1000, 64, 936, g + 936},
        /* 6 */ {1000, 64, 5000, 5000},
        /* 7: the top is the last of its subspace */ {g - 1, 64, 0, g},
        /* 8 */ {g - 1, 64, UINT32_MAX, g - 1},
        /* 9: case B, from the subspace before */ {g + 5, 64, UINT32_MAX, g - 1},
        /* 10: case B, its left edge */ {g + 5, 64, UINT32_MAX - 57, g - 58},
        /* 11: one more is far ahead in this one */ {g + 5, 64, UINT32_MAX - 58, 2 * g - 59},
        /* 12: case B, this subspace */ {g + 5, 64, 6, g + 6},
        /* 13: case A begins where the window fits */ {g + 63, 64, 0, g},
        /* 14 */ {g + 63, 64, UINT32_MAX, 2 * g - 1},
        /* 15 */ {g + 62, 64, UINT32_MAX, g - 1},
        /* 16: there is nothing beyond 2^64 - 1 */ {UINT64_MAX, 64, 0, 0},
        /* 17 */ {UINT64_MAX, 64, UINT32_MAX - 63, UINT64_MAX - 63},
        /* 18: a wide window */ {3 * g + 4000, 4096, UINT32_MAX - 94, 3 * g - 95},
        /* 19 */ {3 * g + 4000, 4096, UINT32_MAX - 95, 4 * g - 96},
    };
    struct ipseci_replay r;
    UNUSED_STATE;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        ipseci_replay_init(&r, bits, rows[i].window, rows[i].top);
        if (ipseci_replay_extend(&r, rows[i].low) != rows[i].expected) {
            fail_msg("row %zu: %llx", i + 1,
                     (unsigned long long)ipseci_replay_extend(&r, rows[i].low));
        }
    }
}

/* Whatever is less than a window behind or less than 2^32 - W ahead is recognised. */
static void replay_11_esn_guess_is_right_near_the_window(void **state)
{
    struct ipseci_replay r;
    uint64_t random = 7;
    UNUSED_STATE;
    for (unsigned i = 0; i < 200000; i++) {
        const uint32_t window = (uint32_t)(1 + seeded(&random) % (WINDOW_MAX / 64)) * 64;
        const uint64_t near = (seeded(&random) % 5 << 32) + seeded(&random) % (4 * WINDOW_MAX);
        const uint64_t top = near > 2 * WINDOW_MAX ? near - 2 * WINDOW_MAX : near;
        const uint64_t behind = seeded(&random) % window;
        const uint64_t ahead = seeded(&random) % (UINT32_MAX - window);
        r.top = top;
        r.window = window;
        assert_true(ipseci_replay_extend(&r, (uint32_t)(top + ahead)) == top + ahead);
        if (top > behind) {
            assert_true(ipseci_replay_extend(&r, (uint32_t)(top - behind)) == top - behind);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_02_03_04_06_07_numbered_table),
        cmocka_unit_test(replay_03_04_06_whole_window_loops),
        cmocka_unit_test(replay_against_a_model),
        cmocka_unit_test(replay_check_changes_nothing),
        cmocka_unit_test(replay_start_counts_as_seen),
        cmocka_unit_test(replay_10_11_esn_guess_by_table),
        cmocka_unit_test(replay_11_esn_guess_is_right_near_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
