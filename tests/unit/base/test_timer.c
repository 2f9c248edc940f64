/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/base/timer.h, also against a plain array as model.
 */
#include "timer.h"

#include "base_check.h"

static void *make(struct ipseci_timer_queue *q, uint32_t max)
{
    struct ipseci_arena a = ipseci_arena_init(NULL, 0);
    void *block;

    ipseci_timer_layout(q, &a, max);
    assert_false(a.failed);
    block = malloc(a.used == 0 ? 1 : a.used);
    assert_non_null(block);
    a = ipseci_arena_init(block, a.used);
    ipseci_timer_layout(q, &a, max);
    assert_false(a.failed);
    return block;
}

static void expires_in_order_of_time(void **state)
{
    static const ipsec_ms due[] = {50, 10, 40, 20, 30};
    struct ipseci_timer timer[5];
    struct ipseci_timer_queue q;
    void *block = make(&q, 5);

    (void)state;
    memset(timer, 0, sizeof(timer));
    assert_true(ipseci_timer_due(&q) == IPSEC_NEVER);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(ipseci_timer_set(&q, &timer[i], due[i]), IPSEC_OK);
    }
    assert_null(ipseci_timer_expire(&q, 9));
    for (ipsec_ms now = 10; now <= 50; now += 10) {
        struct ipseci_timer *t;

        assert_true(ipseci_timer_due(&q) == now);
        t = ipseci_timer_expire(&q, now);
        assert_non_null(t);
        assert_true(due[t - timer] == now);
        assert_int_equal(t->position, 0);
        assert_null(ipseci_timer_expire(&q, now));
    }
    assert_true(ipseci_timer_due(&q) == IPSEC_NEVER);
    assert_null(ipseci_timer_expire(&q, IPSEC_NEVER));
    free(block);
}

static void setting_again_moves(void **state)
{
    struct ipseci_timer a = {0, 0, 0};
    struct ipseci_timer b = {0, 0, 0};
    struct ipseci_timer_queue q;
    void *block = make(&q, 2);

    (void)state;
    assert_int_equal(ipseci_timer_set(&q, &a, 10), IPSEC_OK);
    assert_int_equal(ipseci_timer_set(&q, &b, 20), IPSEC_OK);
    assert_int_equal(ipseci_timer_set(&q, &a, 30), IPSEC_OK);
    assert_int_equal(q.count, 2);
    assert_ptr_equal(ipseci_timer_expire(&q, 100), &b);
    assert_int_equal(ipseci_timer_set(&q, &a, 0), IPSEC_OK);
    assert_true(ipseci_timer_due(&q) == 0);
    assert_ptr_equal(ipseci_timer_expire(&q, 0), &a);
    free(block);
}

static void never_cancels(void **state)
{
    struct ipseci_timer a = {0, 0, 0};
    struct ipseci_timer_queue q;
    void *block = make(&q, 1);

    (void)state;
    assert_int_equal(ipseci_timer_set(&q, &a, IPSEC_NEVER), IPSEC_OK);
    assert_int_equal(q.count, 0);
    assert_int_equal(ipseci_timer_set(&q, &a, IPSEC_NEVER - 1), IPSEC_OK);
    assert_null(ipseci_timer_expire(&q, IPSEC_NEVER - 2));
    assert_int_equal(ipseci_timer_set(&q, &a, IPSEC_NEVER), IPSEC_OK);
    assert_int_equal(a.position, 0);
    assert_null(ipseci_timer_expire(&q, IPSEC_NEVER));
    ipseci_timer_cancel(&q, &a); /* not queued: nothing to do */
    assert_int_equal(q.count, 0);
    free(block);
}

static void one_too_many_is_refused(void **state)
{
    struct ipseci_timer a = {0, 0, 0};
    struct ipseci_timer b = {0, 0, 0};
    struct ipseci_timer_queue q;
    void *block = make(&q, 1);

    (void)state;
    assert_int_equal(ipseci_timer_set(&q, &a, 5), IPSEC_OK);
    assert_int_equal(ipseci_timer_set(&q, &b, 1), IPSEC_ERR_FULL);
    assert_int_equal(b.position, 0);
    assert_int_equal(ipseci_timer_set(&q, &a, 6), IPSEC_OK);
    assert_ptr_equal(ipseci_timer_expire(&q, 6), &a);
    assert_int_equal(ipseci_timer_set(&q, &b, 1), IPSEC_OK);
    free(block);
}

#define TIMERS 40

static ipsec_ms model_due(const ipsec_ms *model)
{
    ipsec_ms due = IPSEC_NEVER;

    for (unsigned i = 0; i < TIMERS; i++) {
        due = model[i] < due ? model[i] : due;
    }
    return due;
}

static void check_heap(const struct ipseci_timer_queue *q, const struct ipseci_timer *timer,
                       const ipsec_ms *model)
{
    uint32_t queued = 0;

    for (unsigned i = 0; i < TIMERS; i++) {
        if (model[i] == IPSEC_NEVER) {
            assert_int_equal(timer[i].position, 0);
            continue;
        }
        queued++;
        assert_int_not_equal(timer[i].position, 0);
        assert_true(q->heap[timer[i].position - 1].due == model[i]);
        assert_ptr_equal(q->heap[timer[i].position - 1].timer, &timer[i]);
    }
    assert_int_equal(q->count, queued);
    for (uint32_t i = 1; i < q->count; i++) {
        assert_true(q->heap[(i - 1) / 2].due <= q->heap[i].due);
    }
    assert_true(ipseci_timer_due(q) == model_due(model));
}

static void step(struct ipseci_timer_queue *q, struct ipseci_timer *timer, ipsec_ms *model,
                 uint64_t *seed)
{
    const unsigned i = (unsigned)(seeded(seed) % TIMERS);
    const uint64_t what = seeded(seed) % 8;
    const ipsec_ms time = seeded(seed) % 50; /* few values: many equal times */

    if (what < 4) {
        assert_int_equal(ipseci_timer_set(q, &timer[i], time), IPSEC_OK);
        model[i] = time;
    } else if (what < 6) {
        ipseci_timer_cancel(q, &timer[i]);
        model[i] = IPSEC_NEVER;
    } else {
        const ipsec_ms due = model_due(model);
        struct ipseci_timer *t = ipseci_timer_expire(q, time);

        assert_int_equal(t != NULL, due <= time);
        if (t != NULL) {
            assert_true(model[t - timer] == due);
            model[t - timer] = IPSEC_NEVER;
        }
    }
}

static void follows_the_model(void **state)
{
    uint64_t seed = 20240602;
    struct ipseci_timer timer[TIMERS];
    ipsec_ms model[TIMERS];
    struct ipseci_timer_queue q;
    void *block = make(&q, TIMERS);

    (void)state;
    memset(timer, 0, sizeof(timer));
    for (unsigned i = 0; i < TIMERS; i++) {
        model[i] = IPSEC_NEVER;
    }
    for (unsigned i = 0; i < 20000; i++) {
        step(&q, timer, model, &seed);
        check_heap(&q, timer, model);
    }
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expires_in_order_of_time),
        cmocka_unit_test(setting_again_moves),
        cmocka_unit_test(never_cancels),
        cmocka_unit_test(one_too_many_is_refused),
        cmocka_unit_test(follows_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
