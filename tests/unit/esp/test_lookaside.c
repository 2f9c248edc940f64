/* SPDX-License-Identifier: Apache-2.0
 *
 * Look-aside on a provider that completes late and out of order: what comes back is what the same
 * packets become when they are done at once.
 */
#include "esp_kit.h"

#include <ipsec/lookaside.h>

#define PACKETS 200
#define QUEUE   512

/* A queue of hardware before each toy. */
struct late {
    struct toy *toy;
    struct ipsec_crypto_op *op[QUEUE];
    size_t count;
    size_t depth;   /* room of the queue */
    unsigned tired; /* so many reaps give nothing, then some do */
    bool twice;     /* gives an op back a second time */
    bool strange;   /* gives back what nobody gave */
    uint64_t seed;
    size_t submits;
};

/* No more than there are lanes for: the last ones stay out. */
#define KITS KIT_CTR_SHA256

static struct kit kits[KITS];
static struct late late[KITS];
static struct kit_buffer buffers[PACKETS];
static struct ipsec_packet *list[PACKETS];
static struct ipsec_packet *back[PACKETS + 1];
static _Alignas(max_align_t) uint8_t block[65536];
static struct ipsec_lookaside *aside;

static struct late *late_of(const void *context)
{
    for (size_t i = 0; i < KITS; i++) {
        if (late[i].toy == context) {
            return &late[i];
        }
    }
    fail();
    return NULL;
}

static size_t late_submit(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    struct late *l = late_of(context);
    size_t taken = 0;
    l->submits++;
    while (taken < n && l->count < l->depth) {
        l->op[l->count++] = ops[taken++];
    }
    return taken;
}

/* Any of the queue, when it feels like it. */
static size_t late_reap(void *context, struct ipsec_crypto_op *ops[], size_t max)
{
    static struct ipsec_crypto_op strange;
    struct late *l = late_of(context);
    size_t n = 0;
    if (l->tired != 0 && seeded(&l->seed) % (l->tired + 1) != 0) {
        return 0;
    }
    if (l->strange && max > 0) {
        ops[n++] = &strange;
    }
    while (n < max && l->count > 0 && seeded(&l->seed) % 4 != 0) {
        const size_t at = seeded(&l->seed) % l->count;
        struct ipsec_crypto_op *op = l->op[at];
        l->op[at] = l->op[--l->count];
        l->toy->table.run(l->toy, &op, 1);
        ops[n++] = op;
        if (l->twice && n < max) {
            ops[n++] = op;
        }
    }
    return n;
}

static void start(uint32_t packet_max)
{
    struct ipsec_lookaside_config config = IPSEC_LOOKASIDE_CONFIG_INIT;
    size_t bytes = 0;
    memset(late, 0, sizeof(late));
    for (int i = 0; i < KITS; i++) {
        kit_init(&kits[i], (enum kit_suite)i);
        kits[i].params.suite.esn = (uint16_t)(i % 2);
        kits[i].toy.combines_suites = i == KIT_CBC_SHA512; /* the other CBC has two passes */
        late[i] = (struct late){.toy = &kits[i].toy, .depth = QUEUE, .tired = 3, .seed = 7u + i};
        kits[i].toy.table.submit = late_submit;
        kits[i].toy.table.reap = late_reap;
        kit_start(&kits[i]);
    }
    for (int i = 0; i < PACKETS; i++) {
        list[i] = &buffers[i].packet;
    }
    config.packet_max = packet_max;
    assert_int_equal(ipsec_lookaside_size(&config, &bytes), IPSEC_OK);
    assert_in_range(bytes, 1, sizeof(block));
    assert_int_equal(ipsec_lookaside_init(block, bytes - 1, &config, &aside), IPSEC_ERR_BUFFER);
    assert_int_equal(ipsec_lookaside_init(block, bytes, &config, &aside), IPSEC_OK);
}

static void stop(void)
{
    assert_int_equal(ipsec_lookaside_pending(aside), 0);
    for (int i = 0; i < KITS; i++) {
        kit_stop(&kits[i]);
    }
}

/* All that is under way, in the order in which it comes. */
static size_t drain(size_t at_once)
{
    size_t got = 0;
    for (unsigned tries = 0; ipsec_lookaside_pending(aside) != 0; tries++) {
        assert_true(tries < 100000);
        got += ipsec_lookaside_reap(aside, back + got, at_once);
        assert_true(got <= PACKETS);
    }
    return got;
}

static void fill(unsigned count, unsigned suites)
{
    for (unsigned i = 0; i < count; i++) {
        kit_ipv4(&buffers[i], kits[i % suites].out, 40 + i % 300);
        ipseci_store16(kit_content(&buffers[i]) + 4, (uint16_t)i);
    }
}

static bool is_single(unsigned suite)
{
    return suite != KIT_CBC_SHA256;
}

/* ---- the way there and back ---------------------------------------------------------------------
 */

/* A twin whose packets are sealed at once, with the same keys, numbers and IVs. */
static struct kit_buffer expected[PACKETS];

static void seal_expected(unsigned count)
{
    static struct ipsec_packet *twins[PACKETS];
    start(PACKETS);
    fill(count, KITS);
    memcpy(expected, buffers, sizeof(expected));
    for (unsigned i = 0; i < count; i++) {
        expected[i].packet.buffer = expected[i].octets;
        twins[i] = &expected[i].packet;
    }
    assert_int_equal(ipsec_esp_seal(twins, count), count);
    stop();
}

static void sealed_late_is_what_is_sealed_at_once(void **state)
{
    UNUSED_STATE;
    seal_expected(PACKETS);
    start(PACKETS);
    fill(PACKETS, KITS);
    const size_t pending = ipsec_lookaside_submit(aside, list, PACKETS);
    assert_int_equal(pending, PACKETS - PACKETS / KITS);
    assert_int_equal(ipsec_lookaside_pending(aside), pending);
    for (unsigned i = 0; i < PACKETS; i++) {
        assert_int_equal(list[i]->status, is_single(i % KITS) ? IPSEC_PENDING : IPSEC_OK);
    }
    assert_int_equal(drain(7), pending);
    bool moved = false;
    for (unsigned i = 0; i < pending; i++) {
        moved |= i > 0 && back[i] < back[i - 1];
    }
    assert_true(moved); /* out of order indeed */
    for (unsigned i = 0; i < PACKETS; i++) {
        const struct ipsec_packet *p = list[i];
        const struct ipsec_packet *twin = &expected[i].packet;
        assert_int_equal(p->status, IPSEC_OK);
        assert_int_equal(p->length, twin->length);
        assert_int_equal(p->offset, twin->offset);
        assert_memory_equal(p->buffer + p->offset, twin->buffer + twin->offset, p->length);
    }
    stop();
}

static void opened_late_is_what_was_sealed(void **state)
{
    UNUSED_STATE;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        start(PACKETS);
        fill(PACKETS, KITS);
        assert_int_equal(ipsec_esp_seal(list, PACKETS), PACKETS);
        for (unsigned i = 0; i < PACKETS; i++) {
            list[i]->sa = kits[i % KITS].in;
            late[i % KITS].seed = seed * 31;
            if (i % 7 == 3) {
                kit_content(&buffers[i])[list[i]->length - 1] ^= 1;
            }
        }
        const size_t pending = ipsec_lookaside_submit(aside, list, PACKETS);
        assert_int_equal(drain(1 + seed), pending);
        for (unsigned i = 0; i < PACKETS; i++) {
            if (i % 7 == 3) {
                assert_int_equal(list[i]->status, IPSEC_DROP_ICV);
                continue;
            }
            assert_int_equal(list[i]->status, IPSEC_OK);
            assert_int_equal(list[i]->length, 40 + i % 300);
            assert_int_equal(ipseci_load16(kit_content(&buffers[i]) + 4), i);
        }
        stop();
    }
}

static void both_directions_are_under_way_together(void **state)
{
    UNUSED_STATE;
    start(PACKETS);
    fill(PACKETS, KITS);
    assert_int_equal(ipsec_esp_seal(list, PACKETS / 2), PACKETS / 2);
    for (unsigned i = 0; i < PACKETS / 2; i++) {
        list[i]->sa = kits[i % KITS].in;
    }
    for (unsigned i = 0; i < PACKETS / 4; i++) { /* mixed */
        struct ipsec_packet *p = list[i];
        list[i] = list[PACKETS - 1 - i];
        list[PACKETS - 1 - i] = p;
    }
    (void)ipsec_lookaside_submit(aside, list, PACKETS);
    (void)drain(PACKETS);
    for (unsigned i = 0; i < PACKETS; i++) {
        assert_int_equal(buffers[i].packet.status, IPSEC_OK);
        assert_int_equal(buffers[i].packet.length == 40 + i % 300, i < PACKETS / 2);
    }
    stop();
}

/* ---- limits and failures ------------------------------------------------------------------------
 */

static void what_has_no_slot_is_left_as_it_was(void **state)
{
    UNUSED_STATE;
    start(10);
    struct ipsec_sa_stats stats;
    fill(14, 1);
    assert_int_equal(ipsec_lookaside_submit(aside, list, 14), 10);
    ipsec_sa_stats(kits[0].out, &stats);
    assert_int_equal(stats.sequence, 10); /* no number is lost */
    for (unsigned i = 10; i < 14; i++) {
        assert_int_equal(list[i]->status, IPSEC_ERR_FULL);
        assert_int_equal(list[i]->offset, KIT_OFFSET);
        assert_int_equal(kit_content(&buffers[i])[0], 0x45);
    }
    assert_int_equal(drain(3), 10);
    assert_int_equal(ipsec_lookaside_submit(aside, list + 10, 4), 4);
    assert_int_equal(drain(3), 4);
    for (unsigned i = 0; i < 14; i++) {
        assert_int_equal(list[i]->status, IPSEC_OK);
        assert_int_equal(ipseci_load32(kit_content(&buffers[i]) + 4), i + 1);
    }
    stop();
}

static void what_the_queue_does_not_take_is_done_in_place(void **state)
{
    UNUSED_STATE;
    start(PACKETS);
    late[0].depth = 5;
    fill(40, 1);
    assert_int_equal(ipsec_lookaside_submit(aside, list, 40), 5);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(list[i]->status, i < 5 ? IPSEC_PENDING : IPSEC_OK);
    }
    late[0].depth = 0;
    assert_int_equal(drain(40), 5);
    fill(40, 1);
    assert_int_equal(ipsec_lookaside_submit(aside, list, 40), 0);
    assert_int_equal(list[39]->status, IPSEC_OK);
    stop();
}

/* At every place: the others come back sealed. */
static void a_failing_op_loses_only_its_packet(void **state)
{
    UNUSED_STATE;
    for (unsigned bad = 1; bad <= 40; bad++) {
        start(PACKETS);
        kits[0].toy.fails_at = bad;
        fill(40, 1);
        assert_int_equal(ipsec_lookaside_submit(aside, list, 40), 40);
        assert_int_equal(drain(5), 40);
        unsigned failed = 0;
        for (unsigned i = 0; i < 40; i++) {
            failed += list[i]->status == IPSEC_FATAL_CRYPTO;
            assert_true(list[i]->status == IPSEC_OK || list[i]->status == IPSEC_FATAL_CRYPTO);
        }
        assert_int_equal(failed, 1);
        stop();
    }
}

static void bad_packets_are_refused_before(void **state)
{
    UNUSED_STATE;
    start(PACKETS);
    fill(4, 1);
    list[0]->sa = NULL;
    kit_content(&buffers[1])[14] = 77;
    list[2]->capacity = KIT_OFFSET + list[2]->length;
    assert_int_equal(ipsec_lookaside_submit(aside, list, 4), 1);
    assert_int_equal(list[0]->status, IPSEC_ERR_ARGUMENT);
    assert_int_equal(list[1]->status, IPSEC_DROP_SELECTORS);
    assert_int_equal(list[2]->status, IPSEC_ERR_BUFFER);
    assert_int_equal(list[3]->status, IPSEC_PENDING);
    struct ipsec_sa_stats stats;
    ipsec_sa_stats(kits[0].out, &stats);
    assert_int_equal(stats.drops[ipsec_drop_index(IPSEC_DROP_SELECTORS)], 1);
    assert_int_equal(drain(1), 1);
    stop();
}

static void replay_15_copies_under_way_are_taken_once(void **state)
{
    UNUSED_STATE;
    start(PACKETS);
    fill(1, 1);
    assert_int_equal(kit_seal(&buffers[0]), IPSEC_OK);
    for (unsigned i = 0; i < 20; i++) {
        buffers[i] = buffers[0];
        buffers[i].packet.buffer = buffers[i].octets;
        list[i]->sa = kits[0].in;
    }
    assert_int_equal(ipsec_lookaside_submit(aside, list, 20), 20);
    assert_int_equal(drain(3), 20);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(back[i]->status, i == 0 ? IPSEC_OK : IPSEC_DROP_REPLAY);
    }
    stop();
}

/* A driver with a fault: nothing is finished twice, and nothing that nobody gave. */
static void what_should_not_come_back_is_passed_over(void **state)
{
    UNUSED_STATE;
    start(PACKETS);
    for (unsigned i = 0; i < KITS; i++) {
        late[i].twice = true;
        late[i].strange = true;
    }
    fill(100, KITS);
    const size_t pending = ipsec_lookaside_submit(aside, list, 100);
    assert_int_equal(drain(9), pending);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(list[i]->status, IPSEC_OK);
    }
    assert_int_equal(ipsec_lookaside_reap(aside, back, PACKETS), 0);
    stop();
}

static void nothing_is_nothing(void **state)
{
    UNUSED_STATE;
    struct ipsec_lookaside_config config = IPSEC_LOOKASIDE_CONFIG_INIT;
    size_t bytes = 0;
    start(4);
    assert_int_equal(ipsec_lookaside_submit(aside, list, 0), 0);
    assert_int_equal(ipsec_lookaside_reap(aside, back, PACKETS), 0);
    assert_int_equal(late[0].submits, 0);
    stop();
    assert_int_equal(ipsec_lookaside_size(&config, &bytes), IPSEC_OK);
    assert_int_equal(ipsec_lookaside_size(NULL, &bytes), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_lookaside_size(&config, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_lookaside_init(NULL, bytes, &config, &aside), IPSEC_ERR_ARGUMENT);
    config.packet_max = 65537;
    assert_int_equal(ipsec_lookaside_size(&config, &bytes), IPSEC_ERR_ARGUMENT);
    config.size = 2;
    assert_int_equal(ipsec_lookaside_size(&config, &bytes), IPSEC_ERR_STRUCT_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_late_is_what_is_sealed_at_once),
        cmocka_unit_test(opened_late_is_what_was_sealed),
        cmocka_unit_test(both_directions_are_under_way_together),
        cmocka_unit_test(what_has_no_slot_is_left_as_it_was),
        cmocka_unit_test(what_the_queue_does_not_take_is_done_in_place),
        cmocka_unit_test(a_failing_op_loses_only_its_packet),
        cmocka_unit_test(bad_packets_are_refused_before),
        cmocka_unit_test(replay_15_copies_under_way_are_taken_once),
        cmocka_unit_test(what_should_not_come_back_is_passed_over),
        cmocka_unit_test(nothing_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
