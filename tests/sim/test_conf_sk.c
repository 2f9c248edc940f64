/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the conformance checklist about the encrypted payload, protection before it, and what a
 * message inside it may and may not say. RFC 7296 2.2, 2.5, 2.21, 3.14; RFC 5282.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

enum { KE = 34, NOTIFY = 41, DELETE = 42, SK = 46 };

#define INFORMATIONAL 37
#define IV_AT         32

/* ---- IVs ---------------------------------------------------------------------------------------
 */

static uint32_t iv_copies(const struct sim *s, size_t octets)
{
    uint32_t copies = 0;

    for (uint32_t i = 0; i < s->kept; i++) {
        for (uint32_t k = 0; k < i; k++) {
            const struct sim_datagram *a = &s->kept_datagram[i];
            const struct sim_datagram *b = &s->kept_datagram[k];
            /* Each direction has a key of its own. */
            if (a->octets[16] == SK && b->octets[16] == SK && a->to == b->to) {
                copies += memcmp(a->octets + IV_AT, b->octets + IV_AT, octets) == 0 ? 1 : 0;
            }
        }
    }
    return copies;
}

static void probes(struct sim *s, int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
        sim_run(s, 100);
    }
}

/* Random and fresh: no two messages have the same, none is the last block of the one before, and
 * another random source gives others for the same messages. */
static void sk_03_cbc_ivs_are_random(void **state)
{
    struct sim *s = sim_new(1);
    uint8_t first[16];

    (void)state;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    probes(s, 20);
    assert_int_equal(s->kept, 44);
    assert_int_equal(iv_copies(s, 16), 0);
    for (uint32_t i = 1; i < s->kept; i++) {
        const struct sim_datagram *before = &s->kept_datagram[i - 1];
        assert_memory_not_equal(s->kept_datagram[i].octets + IV_AT,
                                before->octets + before->length - 32, 16);
    }
    memcpy(first, s->kept_datagram[2].octets + IV_AT, 16);
    sim_free(s);
    s = sim_new(2);
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    assert_memory_not_equal(s->kept_datagram[2].octets + IV_AT, first, 16);
    sim_free(s);
}

static void sk_03_aead_ivs_never_repeat(void **state)
{
    struct sim *s = sim_new(3);

    (void)state;
    for (int i = 0; i < 2; i++) {
        sim_ike_proposals(&s->nodes[i], "aes256gcm16-prfsha256-ecp256");
    }
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    probes(s, 25);
    assert_int_equal(iv_copies(s, 8), 0);
    sim_free(s);
}

/* ---- padding and lengths -----------------------------------------------------------------------
 */

/* Whatever the padding holds, and up to 255 octets of it. */
static void sk_05_any_padding(void **state)
{
    static const uint8_t fills[] = {0x00, 0x01, 0x80, 0xff};
    struct sim *s = sim_readable_up(4);

    (void)state;
    for (uint8_t blocks = 0; blocks <= 15; blocks++) {
        for (size_t i = 0; i < sizeof(fills); i++) {
            static struct sim_datagram d;
            const struct sim_craft what = {.exchange = INFORMATIONAL,
                                           .pad_blocks = blocks,
                                           .pad_fill = fills[i],
                                           .first = NOTIFY,
                                           .chain = sim_hex("00 00 0008 00 00 ff00")};
            assert_true(sim_craft(B(s), &what, &d));
            assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
            assert_non_null(strstr(s->ladder, "SK{}\n"));
            assert_null(strstr(s->ladder, "INVALID_SYNTAX"));
            sim_ladder_clear(s);
        }
    }
    sim_free(s);
}

static const char *const suites[] = {"aes256-sha256-modp2048", "aes256gcm16-prfsha256-ecp256",
                                     "chacha20poly1305-prfsha256-curve25519"};

/* Every length of the SK body, with a Length that agrees: none reaches the cipher's result, and
 * every bit before it is authenticated: header and SK header are the AAD (SK-07). */
static void sk_02_06_07_every_length_and_bit_of_each_suite(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sim *s = sim_new(5);
        sim_ike_proposals(A(s), suites[i]);
        sim_ike_proposals(B(s), suites[i]);
        sim_start(s);
        (void)sim_connect(s);
        s->held = true;
        assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
        const struct sim_datagram whole = *sim_flying(s);
        static struct sim_datagram d;
        for (uint32_t length = 32; length < whole.length; length++) {
            d = whole;
            d.length = length;
            d.octets[26] = d.octets[30] = 0;
            d.octets[27] = (uint8_t)length;
            d.octets[31] = (uint8_t)(length - 28);
            const uint64_t before = sim_digest(B(s));
            assert_int_equal(ipsec_status_class(sim_inject(s, SIM_B, &d)), IPSEC_CLASS_PEER);
            assert_true(sim_digest(B(s)) == before);
        }
        for (uint32_t bit = 0; bit < whole.length * 8; bit++) {
            d = whole;
            d.octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
            const uint64_t before = sim_digest(B(s));
            assert_int_equal(ipsec_status_class(sim_inject(s, SIM_B, &d)), IPSEC_CLASS_PEER);
            assert_true(sim_digest(B(s)) == before);
        }
        s->held = false;
        sim_run(s, 1000);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* SK-01: what follows SK in the datagram is not looked at, and breaks the ICV's coverage. */
static void sk_01_payload_behind_sk(void **state)
{
    struct sim *s = sim_readable_up(6);
    static struct sim_datagram d;
    const struct sim_craft what = {.exchange = INFORMATIONAL};

    (void)state;
    assert_true(sim_craft(B(s), &what, &d));
    memcpy(d.octets + d.length, "\x00\x00\x00\x08\x01\x00\x00\x00", 8); /* a delete of the IKE SA */
    d.length += 8;
    d.octets[27] = (uint8_t)d.length;
    (void)sim_inject(s, SIM_B, &d);
    assert_int_equal(sim_sa(B(s), IPSEC_IKE_ESTABLISHED) != 0, 1);
    assert_int_equal(sim_sink_count(B(s)), 1);
    sim_free(s);
}

/* ---- nothing in clear --------------------------------------------------------------------------
 */

static struct sim_datagram in_clear(const struct sim_datagram *like, uint8_t first,
                                    struct ipsec_view chain)
{
    struct sim_datagram d = *like;

    d.octets[16] = first;
    memcpy(d.octets + 28, chain.data, chain.length);
    d.length = (uint32_t)(28 + chain.length);
    d.octets[26] = (uint8_t)(d.length >> 8);
    d.octets[27] = (uint8_t)d.length;
    return d;
}

/* AUTH-01: the whole of IKE_AUTH in clear, and IKE_AUTH under another message ID. */
static void auth_01_in_clear_or_with_another_id(void **state)
{
    struct sim *s = sim_readable(7);
    uint8_t first = 0;

    (void)state;
    s->held = true;
    (void)sim_connect(s);
    for (int answer = 0; answer < 2; answer++) {
        assert_true(sim_deliver(s, 0));
        if (answer == 0) {
            assert_true(sim_deliver(s, 0));
        }
        const struct sim_datagram whole = *sim_flying(s);
        assert_int_equal(whole.octets[18], 35);
        assert_int_equal(whole.octets[23], 1);
        const struct ipsec_view inside = sim_edit_inside(&whole, &first);
        const struct sim_datagram clear = in_clear(&whole, first, inside);
        sim_assert_dropped(s, &clear, IPSEC_DROP_PAYLOADS);
        for (uint8_t id = 0; id < 5; id++) {
            struct sim_datagram other = whole;
            other.octets[23] = id;
            if (id != 1) {
                const bool last = answer == 0 && id == 0; /* as IKE_SA_INIT had: not again */
                sim_assert_dropped(s, &other, last ? IPSEC_DROP_DUPLICATE : IPSEC_DROP_MESSAGE_ID);
            }
        }
    }
    s->held = false;
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* INFO-02, INFO-11: deletes and errors that nothing protects, in requests and answers. */
static void info_02_info_11_unprotected_hints_change_nothing(void **state)
{
    static const struct {
        uint8_t first;
        const char *chain;
    } hints[] = {
        {DELETE, "00 00 0008 01 00 0000"},          /* of the IKE SA */
        {NOTIFY, "00 00 0008 00 00 0004"},          /* INVALID_IKE_SPI */
        {NOTIFY, "00 00 0008 00 00 0007"},          /* INVALID_SYNTAX */
        {NOTIFY, "00 00 0008 00 00 0018"},          /* AUTHENTICATION_FAILED */
        {NOTIFY, "00 00 000c 00 00 000b 00000001"}, /* INVALID_SPI */
        {NOTIFY, "00 00 0008 00 00 4000"},          /* INITIAL_CONTACT */
        {0, ""},
    };
    struct sim *s = sim_readable_up(8);

    (void)state;
    s->held = true;
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    const struct sim_datagram request = *sim_flying(s);
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        struct sim_datagram d = in_clear(&request, hints[i].first, sim_hex(hints[i].chain));
        sim_assert_dropped(s, &d, IPSEC_DROP_PAYLOADS);
        d.to = SIM_A; /* as the answer */
        d.local = request.remote;
        d.remote = request.local;
        d.octets[19] = 0x20;
        sim_assert_dropped(s, &d, IPSEC_DROP_PAYLOADS);
        d.octets[18] = 34;
        sim_assert_dropped(s, &d, IPSEC_DROP_EXCHANGE);
    }
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* INFO-15: SPIs of nobody in any exchange but the first: no answer, so no loop. */
static void info_15_info_16_spis_of_nobody(void **state)
{
    struct sim *s = sim_readable_up(9);

    (void)state;
    s->held = true;
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    for (uint8_t exchange = 35; exchange < 45; exchange++) {
        for (int flags = 0; flags < 4; flags++) {
            struct sim_datagram d = *sim_flying(s);
            memset(d.octets, 0x77, 16);
            d.octets[18] = exchange;
            d.octets[19] = (uint8_t)((flags & 1) * 0x20 + (flags & 2) * 4);
            sim_assert_dropped(s, &d, IPSEC_DROP_SPI);
        }
    }
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* VER-07: an exchange that nobody knows, in clear, with the right SPIs. */
static void ver_07_unknown_exchange_in_clear(void **state)
{
    struct sim *s = sim_readable_up(10);

    (void)state;
    s->held = true;
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    for (unsigned exchange = 0; exchange < 256; exchange++) {
        struct sim_datagram d = in_clear(sim_flying(s), 0, sim_hex(""));
        d.octets[18] = (uint8_t)exchange;
        if (exchange != 34) {
            sim_assert_dropped(s, &d, IPSEC_DROP_PAYLOADS);
        }
    }
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- answers that hold what one does not know --------------------------------------------------
 */

static void child_rekey(struct sim *s)
{
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
}

static void ike_rekey(struct sim *s)
{
    (void)ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), 0), s->now);
}

/* The answer to what was begun comes with that payload: nothing comes of it, what was up is up, and
 * in the end both agree. (The peer believes in its answer, and may have let go of the old by then.)
 */
static void begun_and_failed(void (*begin)(struct sim *s), const struct sim_edit *edit)
{
    struct sim *s = sim_readable_up(11);

    s->held = true;
    begin(s);
    assert_true(sim_deliver(s, 0));
    sim_edit(sim_flying(s), edit);
    assert_true(sim_deliver(s, 0));
    assert_int_equal(A(s)->events[IPSEC_EVENT_REKEY_FAILED], 1);
    assert_true(A(s)->has_failure);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 0);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 0);
    s->held = false;
    sim_run(s, 2000);
    assert_int_not_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
    assert_int_equal(sim_sink_count(A(s)), 1);
    sim_run(s, 300000);
    struct ipsec_ike_counters a;
    ipsec_ike_counters(A(s)->ike, &a);
    const char *wrong = sim_disagreement(s, a.sas, a.children);
    if (wrong != NULL) {
        print_error("%s\n%s", wrong, s->ladder);
        fail();
    }
    sim_free(s);
}

/* IKE_AUTH: no SA comes up. */
static void auth_failed(const struct sim_edit *edit)
{
    struct sim *s = sim_readable(12);

    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0) && sim_deliver(s, 0));
    sim_edit(sim_flying(s), edit);
    assert_true(sim_deliver(s, 0));
    assert_true(A(s)->has_failure);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    assert_int_equal(sim_sink_count(A(s)), 0);
    s->held = false;
    sim_run(s, 600000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void crit_03_unknown_critical_in_a_response(void **state)
{
    const struct sim_edit edit = {.kind = SIM_EDIT_LAST, .type = 200, .flags = 0x80};

    (void)state;
    begun_and_failed(child_rekey, &edit);
    begun_and_failed(ike_rekey, &edit);
    auth_failed(&edit);
}

static void init_33_unknown_error_in_a_response(void **state)
{
    const struct sim_edit edit = {
        .kind = SIM_EDIT_LAST, .type = NOTIFY, .body = sim_notify(8000, sim_hex(""))};

    (void)state;
    begun_and_failed(child_rekey, &edit);
    begun_and_failed(ike_rekey, &edit);
    auth_failed(&edit);
}

/* Known errors beside a child that was made mean what they mean; statuses mean nothing. */
static void init_32_unknown_status_in_a_response(void **state)
{
    const struct sim_edit edit = {
        .kind = SIM_EDIT_LAST, .type = NOTIFY, .body = sim_notify(40000, sim_hex("0102"))};
    struct sim *s = sim_readable_up(13);

    (void)state;
    s->held = true;
    child_rekey(s);
    sim_edit(sim_flying(s), &edit);
    assert_true(sim_deliver(s, 0));
    sim_edit(sim_flying(s), &edit);
    s->held = false;
    sim_run(s, 10000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sk_03_cbc_ivs_are_random),
        cmocka_unit_test(sk_03_aead_ivs_never_repeat),
        cmocka_unit_test(sk_05_any_padding),
        cmocka_unit_test(sk_02_06_07_every_length_and_bit_of_each_suite),
        cmocka_unit_test(sk_01_payload_behind_sk),
        cmocka_unit_test(auth_01_in_clear_or_with_another_id),
        cmocka_unit_test(info_02_info_11_unprotected_hints_change_nothing),
        cmocka_unit_test(info_15_info_16_spis_of_nobody),
        cmocka_unit_test(ver_07_unknown_exchange_in_clear),
        cmocka_unit_test(crit_03_unknown_critical_in_a_response),
        cmocka_unit_test(init_33_unknown_error_in_a_response),
        cmocka_unit_test(init_32_unknown_status_in_a_response),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
