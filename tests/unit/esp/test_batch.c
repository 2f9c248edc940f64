/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of batches: sizes 1 to 64, mixed SAs, failures in between, copies of one packet.
 */
#include "esp_kit.h"
#include "ip_header.h"

#define PACKETS_MAX 100
#define KITS        KIT_SUITES

static struct kit kits[KITS];
static struct kit_buffer buffers[PACKETS_MAX];
static struct ipsec_packet *list[PACKETS_MAX];

static void start_all(void)
{
    for (int i = 0; i < KITS; i++) {
        kit_init(&kits[i], (enum kit_suite)i);
        kits[i].params.suite.esn = (uint16_t)(i % 2);
        kit_start(&kits[i]);
    }
    for (int i = 0; i < PACKETS_MAX; i++) {
        list[i] = &buffers[i].packet;
    }
}

static void stop_all(void)
{
    for (int i = 0; i < KITS; i++) {
        kit_stop(&kits[i]);
    }
}

/* Every third packet is bad in one of several ways; *expected says how it ends. */
static void make_packet(unsigned i, enum ipsec_status *expected)
{
    struct kit *kit = &kits[i % KITS];
    kit_ipv4(&buffers[i], kit->out, 40 + i % 17);
    *expected = IPSEC_OK;
    if (i % 3 != 2) {
        return;
    }
    switch (i / 3 % 4) {
    case 0:
        kit_content(&buffers[i])[14] = 77;
        *expected = IPSEC_DROP_SELECTORS;
        break;
    case 1:
        buffers[i].packet.sa = NULL;
        *expected = IPSEC_ERR_ARGUMENT;
        break;
    case 2:
        kit_content(&buffers[i])[0] = 0;
        *expected = IPSEC_DROP_VERSION;
        break;
    default:
        buffers[i].packet.capacity = KIT_OFFSET + buffers[i].packet.length;
        *expected = IPSEC_ERR_BUFFER;
        break;
    }
}

static void sealed_batches_lose_only_what_is_bad(void **state)
{
    UNUSED_STATE;
    start_all();
    for (unsigned n = 1; n <= PACKETS_MAX; n++) {
        enum ipsec_status expected[PACKETS_MAX];
        size_t good = 0;
        for (unsigned i = 0; i < n; i++) {
            make_packet(i, &expected[i]);
            good += expected[i] == IPSEC_OK;
        }
        assert_int_equal(ipsec_esp_seal(list, n), good);
        uint32_t last[KITS] = {0};
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(buffers[i].packet.status, expected[i]);
            if (expected[i] != IPSEC_OK) {
                assert_int_equal(buffers[i].packet.offset, KIT_OFFSET);
                continue;
            }
            /* In order, SA by SA. */
            const uint32_t number = ipseci_load32(kit_content(&buffers[i]) + 4);
            assert_true(number > last[i % KITS]);
            last[i % KITS] = number;
        }
    }
    stop_all();
}

static void opened_batches_lose_only_what_is_bad(void **state)
{
    UNUSED_STATE;
    start_all();
    for (unsigned n = 1; n <= 64; n++) {
        size_t good = 0;
        for (unsigned i = 0; i < n; i++) {
            struct kit *kit = &kits[i * 7 % KITS];
            kit_ipv4(&buffers[i], kit->out, 40 + i);
            ipseci_store16(kit_content(&buffers[i]) + 4, (uint16_t)i); /* the IP ID as a mark */
            assert_int_equal(kit_seal(&buffers[i]), IPSEC_OK);
            buffers[i].packet.sa = kit->in;
            if (i % 4 == 3) {
                kit_content(&buffers[i])[20 + i % 16] ^= 0x10;
            } else {
                good++;
            }
        }
        assert_int_equal(ipsec_esp_open(list, n), good);
        for (unsigned i = 0; i < n; i++) {
            if (i % 4 == 3) {
                assert_int_equal(buffers[i].packet.status, IPSEC_DROP_ICV);
                continue;
            }
            assert_int_equal(buffers[i].packet.status, IPSEC_OK);
            assert_int_equal(buffers[i].packet.length, 40 + i);
            assert_int_equal(ipseci_load16(kit_content(&buffers[i]) + 4), i);
        }
    }
    stop_all();
}

/* A provider failure in the middle, at every place. */
static void crypto_failure_at_every_place(void **state)
{
    UNUSED_STATE;
    for (unsigned bad = 0; bad < 40; bad++) {
        start_all();
        struct kit *kit = &kits[KIT_GCM];
        for (unsigned i = 0; i < 40; i++) {
            kit_ipv4(&buffers[i], kit->out, 60);
        }
        kit->toy.fails_at = bad + 1;
        assert_int_equal(ipsec_esp_seal(list, 40), 39);
        for (unsigned i = 0; i < 40; i++) {
            assert_int_equal(buffers[i].packet.status, i == bad ? IPSEC_FATAL_CRYPTO : IPSEC_OK);
            if (i != bad) {
                assert_int_equal(ipseci_load32(kit_content(&buffers[i]) + 4), i + 1);
            }
        }
        stop_all();
    }
}

/* ---- one provider of several fails --------------------------------------------------------------
 */

#define MIXED 40u

static struct toy ciphers; /* the second provider of the composed SAs */

/* The cipher of this kit's SAs is done by `ciphers` from now on, their MAC by the kit's own. */
static void compose(struct kit *kit)
{
    static const struct ipsec_crypto *items[2];
    const struct ipsec_crypto_list both = {items, 2};
    struct ipsec_sa_params in = kit_mirror(&kit->params);
    items[0] = &kit->toy.table;
    items[1] = &ciphers.table;
    ipsec_sa_deinit(kit->out);
    ipsec_sa_deinit(kit->in);
    kit->toy.absent_encr = kit->params.suite.encr;
    assert_int_equal(
        ipsec_sa_init(kit->out_block, sizeof(kit->out_block), &kit->params, &both, &kit->out),
        IPSEC_OK);
    assert_int_equal(ipsec_sa_init(kit->in_block, sizeof(kit->in_block), &in, &both, &kit->in),
                     IPSEC_OK);
}

/* Every kit has a provider of its own, and one of them two. */
static void start_mixed(void)
{
    start_all();
    toy_init(&ciphers);
    compose(&kits[KIT_CBC_SHA256]);
    for (unsigned i = 0; i < MIXED; i++) {
        kit_ipv4(&buffers[i], kits[i % KITS].out, 60 + i);
    }
}

/* Only the packet with this status is lost, and it is one of the provider's; its number. */
static unsigned lost_one(void)
{
    unsigned lost = MIXED;
    for (unsigned i = 0; i < MIXED; i++) {
        if (buffers[i].packet.status != IPSEC_OK) {
            assert_int_equal(buffers[i].packet.status, IPSEC_FATAL_CRYPTO);
            assert_int_equal(lost, MIXED);
            lost = i;
        }
    }
    assert_true(lost < MIXED);
    return lost;
}

static struct toy *provider_of(unsigned number)
{
    return number < KITS ? &kits[number].toy : &ciphers;
}

static unsigned kit_of(unsigned number)
{
    return number < KITS ? number : KIT_CBC_SHA256;
}

static void stop_mixed(void)
{
    stop_all();
    assert_int_equal(ciphers.keys_alive, 0);
}

/* The op of this number, of this provider, fails while sealing. False: it has not so many. */
static bool fail_sealing(unsigned number, uint64_t op)
{
    start_mixed();
    struct toy *toy = provider_of(number);
    toy->fails_at = toy->ops + op;
    const size_t sealed = ipsec_esp_seal(list, MIXED);
    const bool failed = toy->ops >= toy->fails_at;
    toy->fails_at = 0;
    assert_int_equal(sealed, MIXED - failed);
    if (failed) {
        assert_int_equal(lost_one() % KITS, kit_of(number));
    }
    for (unsigned i = 0; i < MIXED; i++) {
        if (buffers[i].packet.status == IPSEC_OK) {
            assert_int_equal(kit_open(&buffers[i], kits[i % KITS].in), IPSEC_OK);
        }
    }
    stop_mixed();
    return failed;
}

/* While opening; afterwards the packet that was lost is still new to its window. */
static bool fail_opening(unsigned number, uint64_t op)
{
    static struct kit_buffer copies[MIXED];
    start_mixed();
    struct toy *toy = provider_of(number);
    assert_int_equal(ipsec_esp_seal(list, MIXED), MIXED);
    for (unsigned i = 0; i < MIXED; i++) {
        buffers[i].packet.sa = kits[i % KITS].in;
        copies[i] = buffers[i];
        copies[i].packet.buffer = copies[i].octets;
    }
    toy->fails_at = toy->ops + op;
    const size_t opened = ipsec_esp_open(list, MIXED);
    const bool failed = toy->ops >= toy->fails_at;
    toy->fails_at = 0;
    assert_int_equal(opened, MIXED - failed);
    const unsigned lost = failed ? lost_one() : MIXED;
    for (unsigned i = 0; i < MIXED; i++) {
        if (i != lost) {
            assert_int_equal(buffers[i].packet.length, 60 + i);
        }
        assert_int_equal(kit_open(&copies[i], kits[i % KITS].in),
                         i == lost ? IPSEC_OK : IPSEC_DROP_REPLAY);
    }
    if (failed) {
        assert_int_equal(lost % KITS, kit_of(number));
    }
    stop_mixed();
    return failed;
}

static void one_failing_provider_of_many_loses_one_packet(void **state)
{
    UNUSED_STATE;
    for (unsigned number = 0; number <= KITS; number++) {
        uint64_t op = 1;
        while (fail_sealing(number, op)) {
            op++;
        }
        assert_true(op > MIXED / KITS);
        op = 1;
        while (fail_opening(number, op)) {
            op++;
        }
        assert_true(op > MIXED / KITS);
    }
}

static void replay_15_copies_in_one_batch_are_taken_once(void **state)
{
    UNUSED_STATE;
    for (unsigned n = 2; n <= 70; n++) {
        start_all();
        struct kit *kit = &kits[KIT_CBC_SHA256];
        kit_ipv4(&buffers[0], kit->out, 60);
        assert_int_equal(kit_seal(&buffers[0]), IPSEC_OK);
        buffers[0].packet.sa = kit->in;
        for (unsigned i = 1; i < n; i++) {
            buffers[i] = buffers[0];
            buffers[i].packet.buffer = buffers[i].octets;
        }
        /* The first is damaged: the next good one wins. */
        kit_content(&buffers[0])[30] ^= 1;
        assert_int_equal(ipsec_esp_open(list, n), 1);
        assert_int_equal(buffers[0].packet.status, IPSEC_DROP_ICV);
        assert_int_equal(buffers[1].packet.status, IPSEC_OK);
        for (unsigned i = 2; i < n; i++) {
            assert_int_equal(buffers[i].packet.status, IPSEC_DROP_REPLAY);
        }
        assert_true(ipsec_sa_packets(kit->in) == 1);
        stop_all();
    }
}

/* Numbers pushed out of the window by one that comes before them in the batch. */
static void replay_04_window_moves_within_a_batch(void **state)
{
    UNUSED_STATE;
    start_all();
    struct kit *kit = &kits[KIT_GCM];
    const uint8_t plain[] = {1, 2, 2, 59}; /* an empty dummy */
    static const uint64_t numbers[] = {1, 2, 500, 3, 372, 373, 501};
    static const enum ipsec_status expected[] = {
        IPSEC_DROP_DUMMY,      IPSEC_DROP_DUMMY, IPSEC_DROP_DUMMY, IPSEC_DROP_REPLAY_OLD,
        IPSEC_DROP_REPLAY_OLD, IPSEC_DROP_DUMMY, IPSEC_DROP_DUMMY};
    for (unsigned i = 0; i < IPSECI_COUNT(numbers); i++) {
        kit_craft(kit, &buffers[i], numbers[i], ipseci_view(plain, sizeof(plain)));
    }
    assert_int_equal(ipsec_esp_open(list, IPSECI_COUNT(numbers)), 0);
    for (unsigned i = 0; i < IPSECI_COUNT(numbers); i++) {
        assert_int_equal(buffers[i].packet.status, expected[i]);
    }
    stop_all();
}

/* Limits are exact also where a batch crosses them. */
static void limits_inside_a_batch(void **state)
{
    UNUSED_STATE;
    kit_init(&kits[0], KIT_GCM);
    kits[0].params.packets_max = 45;
    kits[0].params.bytes_max = 45 * 40 + 39;
    kit_start(&kits[0]);
    for (unsigned i = 0; i < 64; i++) {
        list[i] = &buffers[i].packet;
        kit_ipv4(&buffers[i], kits[0].out, 40);
    }
    assert_int_equal(ipsec_esp_seal(list, 64), 45);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(buffers[i].packet.status, i < 45 ? IPSEC_OK : IPSEC_FATAL_LIFETIME);
        buffers[i].packet.sa = kits[0].in;
    }
    kit_stop(&kits[0]);

    /* Inbound, with a peer whose own limit is higher. */
    kit_init(&kits[0], KIT_GCM);
    kit_start(&kits[0]);
    struct ipsec_sa_params in = kit_mirror(&kits[0].params);
    in.packets_max = 10;
    ipsec_sa_deinit(kits[0].in);
    assert_int_equal(ipsec_sa_init(kits[0].in_block, sizeof(kits[0].in_block), &in,
                                   &kits[0].toy.list, &kits[0].in),
                     IPSEC_OK);
    for (unsigned i = 0; i < 20; i++) {
        kit_ipv4(&buffers[i], kits[0].out, 40);
        assert_int_equal(kit_seal(&buffers[i]), IPSEC_OK);
        buffers[i].packet.sa = kits[0].in;
    }
    assert_int_equal(ipsec_esp_open(list, 20), 10);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(buffers[i].packet.status, i < 10 ? IPSEC_OK : IPSEC_DROP_EXPIRED);
    }
    kit_stop(&kits[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_batches_lose_only_what_is_bad),
        cmocka_unit_test(opened_batches_lose_only_what_is_bad),
        cmocka_unit_test(crypto_failure_at_every_place),
        cmocka_unit_test(one_failing_provider_of_many_loses_one_packet),
        cmocka_unit_test(replay_15_copies_in_one_batch_are_taken_once),
        cmocka_unit_test(replay_04_window_moves_within_a_batch),
        cmocka_unit_test(limits_inside_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
