/* SPDX-License-Identifier: Apache-2.0
 *
 * One outbound SA that two threads send with at once (sa_share.h). tests/run runs this under
 * ThreadSanitizer, too. RFC 4303 3.3.3, RFC 4106 3.1.
 */
#include "esp_kit.h"

#include <ipsec/sa_share.h>

#include <pthread.h>

#define THREADS      2
#define PACKETS      4096 /* a thread */
#define BUFFER_BYTES 256
#define OFFSET       64
#define OCTETS       60
#define BURST        32

/* A thread, and all that it alone touches until it has ended. */
struct worker {
    struct toy toy;
    struct ipsec_sa *sa;
    struct ipsec_key_limits limits;
    pthread_barrier_t *barrier;
    size_t packets; /* to be sealed at most */
    size_t burst;
    size_t bad_every; /* one of so many can not be sent; 0: none */
    size_t sealed;
    size_t times_due;
    enum ipsec_status end; /* of the first packet that was not sent for other reasons */
    _Alignas(max_align_t) uint8_t block[KIT_SA_BYTES];
    struct ipsec_packet packet[PACKETS];
    uint8_t octets[PACKETS][BUFFER_BYTES];
};

static struct kit kit;
static struct worker worker[THREADS];
static struct ipsec_sa_share *share;
static _Alignas(64) uint8_t share_block[256];
static struct kit_buffer pattern;

static void fill(struct worker *w, size_t at)
{
    struct ipsec_packet *p = &w->packet[at];
    memcpy(w->octets[at] + OFFSET, pattern.octets + KIT_OFFSET, OCTETS);
    *p = (struct ipsec_packet){.buffer = w->octets[at],
                               .capacity = BUFFER_BYTES,
                               .offset = OFFSET,
                               .length = OCTETS,
                               .sa = w->sa};
    if (w->bad_every != 0 && at % w->bad_every == 1) {
        p->capacity = OFFSET + OCTETS; /* no room for its ICV */
    }
}

static void *work(void *argument)
{
    struct worker *w = argument;
    struct ipsec_packet *list[BURST];
    (void)pthread_barrier_wait(w->barrier);
    for (size_t at = 0; at < w->packets && w->end == IPSEC_OK;) {
        size_t n = 0;
        for (; n < w->burst && at < w->packets; n++) {
            fill(w, at);
            list[n] = &w->packet[at];
            at++;
        }
        w->sealed += ipsec_esp_seal(list, n);
        for (size_t i = 0; i < n && w->end == IPSEC_OK; i++) {
            w->end = list[i]->status == IPSEC_ERR_BUFFER ? IPSEC_OK : list[i]->status;
        }
        w->times_due += ipsec_sa_share_is_due(share, &w->limits);
    }
    return NULL;
}

/* kit.params are as wanted. */
static void start(size_t packets, size_t burst)
{
    assert_true(ipsec_sa_share_size() <= sizeof(share_block));
    assert_int_equal(ipsec_sa_share_init(share_block, sizeof(share_block), &kit.params, &share),
                     IPSEC_OK);
    kit.params.share = share;
    kit_ipv4(&pattern, NULL, OCTETS);
    for (int i = 0; i < THREADS; i++) {
        struct worker *w = &worker[i];
        memset(w, 0, sizeof(*w));
        toy_init(&w->toy);
        w->toy.seed = (uint64_t)i * 1000000;
        w->packets = packets;
        w->burst = burst;
        w->limits.packets_soft = UINT64_MAX;
        w->limits.bytes_soft = UINT64_MAX;
        w->end = IPSEC_OK;
        assert_int_equal(
            ipsec_sa_init(w->block, sizeof(w->block), &kit.params, &w->toy.list, &w->sa), IPSEC_OK);
    }
}

static void run(void)
{
    pthread_t thread[THREADS];
    pthread_barrier_t barrier;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        worker[i].barrier = &barrier;
        assert_int_equal(pthread_create(&thread[i], NULL, work, &worker[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }
    assert_int_equal(pthread_barrier_destroy(&barrier), 0);
}

static void stop(void)
{
    for (int i = 0; i < THREADS; i++) {
        ipsec_sa_deinit(worker[i].sa);
        assert_int_equal(worker[i].toy.keys_alive, 0);
    }
}

/* Puts what was sent in the place of its number, counted from `first`, which it has alone, and
 * opens all in that order. How many there were. */
static size_t check_sent(uint64_t first, size_t places)
{
    static struct ipsec_packet *by_number[THREADS * PACKETS];
    static _Alignas(max_align_t) uint8_t block[KIT_SA_BYTES];
    struct ipsec_sa_params p = kit_mirror(&kit.params);
    struct ipsec_sa *in;
    size_t sent = 0;
    assert_true(places <= THREADS * PACKETS);
    memset(by_number, 0, sizeof(by_number));
    for (int i = 0; i < THREADS; i++) {
        for (size_t at = 0; at < worker[i].packets; at++) {
            struct ipsec_packet *packet = &worker[i].packet[at];
            if (packet->buffer == NULL || packet->status != IPSEC_OK) {
                continue;
            }
            const uint32_t number = ipseci_load32(packet->buffer + packet->offset + 4);
            const uint32_t place = number - (uint32_t)first;
            assert_true(place < places);
            assert_null(by_number[place]);
            by_number[place] = packet;
            sent++;
        }
    }
    p.share = NULL;
    p.packets_max = 0;
    p.bytes_max = 0;
    assert_int_equal(ipsec_sa_init(block, sizeof(block), &p, &kit.toy.list, &in), IPSEC_OK);
    for (size_t i = 0; i < places; i++) {
        if (by_number[i] != NULL) {
            by_number[i]->sa = in;
            assert_int_equal(ipsec_esp_open(&by_number[i], 1), 1);
            assert_memory_equal(by_number[i]->buffer + by_number[i]->offset,
                                pattern.octets + KIT_OFFSET, OCTETS);
        }
    }
    assert_int_equal(ipsec_sa_packets(in), sent);
    ipsec_sa_deinit(in);
    return sent;
}

static void every_number_is_there_once(void **state)
{
    UNUSED_STATE;
    const enum kit_suite suites[] = {KIT_GCM, KIT_CTR_SHA256, KIT_CBC_SHA256};
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        kit_init(&kit, suites[i]);
        kit.params.suite.esn = i == 0 ? IPSEC_ESN_YES : IPSEC_ESN_NO;
        kit.params.sequence_start = i == 0 ? UINT64_C(0xfffff000) : 0; /* over 2^32 with ESN */
        start(PACKETS, i == 2 ? 1 : BURST);
        run();
        assert_int_equal(check_sent(kit.params.sequence_start + 1, THREADS * PACKETS),
                         THREADS * PACKETS);
        for (int t = 0; t < THREADS; t++) {
            assert_int_equal(worker[t].end, IPSEC_OK);
            assert_int_equal(ipsec_sa_packets(worker[t].sa), PACKETS);
            assert_int_equal(ipsec_sa_bytes(worker[t].sa), PACKETS * OCTETS);
        }
        assert_int_equal(ipsec_sa_share_packets(share), THREADS * PACKETS);
        assert_int_equal(ipsec_sa_share_bytes(share), THREADS * PACKETS * OCTETS);
        stop();
    }
}

/* Numbers go back, or are passed over; never is one given twice. */
static void bad_packets_spoil_no_number(void **state)
{
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    start(PACKETS, 11);
    worker[0].bad_every = 5;
    worker[1].bad_every = 3;
    run();
    const uint64_t drawn = ipsec_sa_share_packets(share);
    const size_t sent = check_sent(1, (size_t)drawn);
    assert_int_equal(sent, worker[0].sealed + worker[1].sealed);
    assert_int_equal(worker[0].sealed, PACKETS - (PACKETS + 3) / 5);
    assert_int_equal(worker[1].sealed, PACKETS - (PACKETS + 1) / 3);
    assert_int_equal(ipsec_sa_share_bytes(share), sent * OCTETS);
    stop();
}

static void the_end_is_reached_and_not_passed(void **state)
{
    UNUSED_STATE;
    const size_t left = 500;
    for (int round = 0; round < 40; round++) {
        const bool esn = round % 2 != 0;
        const bool limited = round % 4 >= 2; /* not by the numbers, but by packets_max */
        kit_init(&kit, KIT_GCM);
        kit.params.suite.esn = esn;
        if (limited) {
            kit.params.packets_max = left;
        } else {
            kit.params.sequence_start = (esn ? UINT64_MAX : UINT32_MAX) - left;
        }
        start(left + 1, 1 + (size_t)round % 9);
        worker[1].bad_every = round % 3 == 0 ? 7 : 0;
        run();
        /* A thread may have met the end while the other gave a number back: it is given now. */
        worker[0].packets++;
        struct ipsec_packet *last = &worker[0].packet[left + 1];
        fill(&worker[0], left + 1);
        worker[0].sealed += ipsec_esp_seal(&last, 1);
        assert_true(ipsec_sa_share_packets(share) <= left);
        const size_t sent = check_sent(kit.params.sequence_start + 1, left);
        assert_int_equal(sent, worker[0].sealed + worker[1].sealed);
        assert_true(worker[1].bad_every != 0 || sent == left);
        if (ipsec_sa_share_packets(share) == left) {
            fill(&worker[0], 0);
            last = &worker[0].packet[0];
            assert_int_equal(ipsec_esp_seal(&last, 1), 0);
            assert_int_equal(last->status, limited ? IPSEC_FATAL_LIFETIME : IPSEC_FATAL_SEQUENCE);
        }
        stop();
    }
}

static void octets_end_for_both(void **state)
{
    UNUSED_STATE;
    const size_t left = 500;
    for (int round = 0; round < 20; round++) {
        kit_init(&kit, KIT_GCM);
        kit.params.bytes_max = left * OCTETS + OCTETS / 2;
        start(left + 1, 1 + (size_t)round % 9);
        run();
        assert_true(worker[0].end == IPSEC_FATAL_LIFETIME || worker[1].end == IPSEC_FATAL_LIFETIME);
        /* What a thread held for packets that were then refused is there again. */
        for (size_t i = worker[0].sealed + worker[1].sealed; i < left; i++) {
            struct ipsec_packet *last = &worker[0].packet[0];
            fill(&worker[0], 0);
            assert_int_equal(ipsec_esp_seal(&last, 1), 1);
        }
        assert_int_equal(ipsec_sa_share_bytes(share), left * OCTETS);
        struct ipsec_packet *last = &worker[1].packet[0];
        fill(&worker[1], 0);
        assert_int_equal(ipsec_esp_seal(&last, 1), 0);
        assert_int_equal(last->status, IPSEC_FATAL_LIFETIME);
        stop();
    }
}

static void one_thread_is_told_once(void **state)
{
    UNUSED_STATE;
    for (int round = 0; round < 20; round++) {
        kit_init(&kit, KIT_GCM);
        start(256, 4);
        for (int i = 0; i < THREADS; i++) {
            worker[i].limits.packets_soft = round % 2 != 0 ? 200 : UINT64_MAX;
            worker[i].limits.bytes_soft = round % 2 != 0 ? UINT64_MAX : 200 * OCTETS;
        }
        run();
        assert_int_equal(worker[0].times_due + worker[1].times_due, 1);
        stop();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_there_once),
        cmocka_unit_test(bad_packets_spoil_no_number),
        cmocka_unit_test(the_end_is_reached_and_not_passed),
        cmocka_unit_test(octets_end_for_both),
        cmocka_unit_test(one_thread_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
