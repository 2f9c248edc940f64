/* SPDX-License-Identifier: Apache-2.0
 *
 * Sets of fragments: what fits into one, what bounds them, and what other implementations got
 * wrong. Fragments are made by hand, with keys that fit. RFC 7383 2.6, 5.
 */
#include "frag_kit.h"
#include "ike_state.h"
#include "sim_craft.h"

/* A status notify that nobody knows, as INFORMATIONAL: answered with an empty one. */
static const uint8_t notify[] = {0, 0, 0, 8, 0, 0, 0x9c, 0x40};
#define NOTIFY        41
#define VENDOR        43
#define UNKNOWN       200
#define INFORMATIONAL 37

static struct ipsec_view piece(size_t from, size_t to)
{
    const struct ipsec_view view = {notify + from, to - from};

    return view;
}

static struct sim_craft part(uint16_t number, uint16_t total, struct ipsec_view chain)
{
    const struct sim_craft what = {
        .exchange = INFORMATIONAL,
        .first = number == 1 ? NOTIFY : 0,
        .chain = chain,
        .is_fragment = true,
        .fragment = number,
        .fragments = total,
    };

    return what;
}

static enum ipsec_status feed_craft(struct sim *s, const struct sim_craft *what)
{
    static struct sim_datagram d; /* large */

    assert_true(sim_craft(B(s), what, &d));
    return sim_inject(s, SIM_B, &d);
}

static enum ipsec_status feed(struct sim *s, uint16_t number, uint16_t total,
                              struct ipsec_view chain)
{
    const struct sim_craft what = part(number, total, chain);

    return feed_craft(s, &what);
}

/* Established; B takes every ICV. */
static struct sim *up(void)
{
    struct sim *s = sim_new(1);

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    sim_start(s);
    (void)sim_connect(s);
    s->held = true;
    sim_ladder_clear(s);
    return s;
}

static void assert_answered(struct sim *s)
{
    assert_non_null(strstr(s->ladder, "B INFORMATIONAL response "));
    assert_null(strstr(s->ladder, "SK{N("));
    sim_ladder_clear(s);
}

/* ---- what fits ---------------------------------------------------------------------------------
 */

static void frag_02_one_of_one(void **state)
{
    struct sim *s = up();

    (void)state;
    assert_int_equal(feed(s, 1, 1, piece(0, 8)), IPSEC_OK);
    assert_answered(s);
    assert_int_equal(frag_sets(B(s)), 0);
    sim_free(s);
}

/* The next payload field of later fragments is not looked at. */
static void frag_02_the_first_names_the_first_payload(void **state)
{
    struct sim *s = up();
    struct sim_craft last = part(3, 3, piece(5, 8));

    (void)state;
    last.first = 33;
    assert_int_equal(feed_craft(s, &last), IPSEC_OK);
    assert_int_equal(feed(s, 1, 3, piece(0, 2)), IPSEC_OK);
    assert_int_equal(feed(s, 2, 3, piece(2, 5)), IPSEC_OK);
    assert_answered(s);
    sim_free(s);
}

static void frag_03_numbers_that_can_not_be(void **state)
{
    static const uint16_t bad[][2] = {{0, 0}, {0, 1},     {0, 3},         {1, 0},    {2, 1},
                                      {4, 3}, {65535, 3}, {65535, 65534}, {65535, 0}};
    struct sim *s = up();
    const uint64_t before = sim_digest(B(s));

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(feed(s, bad[i][0], bad[i][1], piece(0, 8)), IPSEC_DROP_MALFORMED);
    }
    assert_int_equal(sim_digest(B(s)), before);
    sim_assert_ladder(s, "");
    sim_free(s);
}

static void frag_03_totals(void **state)
{
    struct sim *s = up();

    (void)state;
    assert_int_equal(feed(s, 1, 3, piece(0, 1)), IPSEC_OK);
    assert_int_equal(feed(s, 2, 2, piece(0, 8)), IPSEC_DROP_FRAGMENT); /* smaller: ignored */
    assert_int_equal(feed(s, 4, 4, piece(6, 8)), IPSEC_OK);            /* larger: instead */
    assert_int_equal(feed(s, 2, 3, piece(1, 8)), IPSEC_DROP_FRAGMENT);
    assert_int_equal(frag_sets(B(s)), 1);
    assert_int_equal(feed(s, 1, 4, piece(0, 2)), IPSEC_OK);
    assert_int_equal(feed(s, 2, 4, piece(2, 4)), IPSEC_OK);
    assert_int_equal(feed(s, 3, 4, piece(4, 6)), IPSEC_OK);
    assert_answered(s);
    assert_int_equal(frag_sets(B(s)), 0);
    sim_free(s);
}

static void frag_04_of_differing_contents_the_first_stays(void **state)
{
    static const uint8_t other[] = {9, 9, 9, 9, 9};
    struct sim *s = up();
    const struct ipsec_view wrong = {other, sizeof(other)};

    (void)state;
    assert_int_equal(feed(s, 2, 2, piece(3, 8)), IPSEC_OK);
    assert_int_equal(feed(s, 2, 2, wrong), IPSEC_DROP_DUPLICATE);
    assert_int_equal(feed(s, 1, 2, piece(0, 3)), IPSEC_OK);
    assert_answered(s);
    sim_free(s);
}

/* Fragments of one message have one exchange type. */
static void frag_04_of_another_exchange(void **state)
{
    struct sim *s = up();
    struct sim_craft what = part(2, 2, piece(4, 8));

    (void)state;
    what.exchange = 36;
    assert_int_equal(feed(s, 1, 2, piece(0, 4)), IPSEC_OK);
    assert_int_equal(feed_craft(s, &what), IPSEC_DROP_FRAGMENT);
    assert_int_equal(feed(s, 2, 2, piece(4, 8)), IPSEC_OK);
    assert_answered(s);
    sim_free(s);
}

/* What is inside is judged when it is whole: bad syntax is told, and ends the SA (SK-09). */
static void frag_02_bad_syntax_inside(void **state)
{
    struct sim *s = up();

    (void)state;
    assert_int_equal(feed(s, 1, 2, piece(0, 4)), IPSEC_OK);
    assert_int_equal(feed(s, 2, 2, piece(4, 7)), IPSEC_OK);
    assert_non_null(strstr(s->ladder, "SK{N(INVALID_SYNTAX)}"));
    assert_int_equal(frag_sets(B(s)), 0);
    sim_free(s);
}

static void frag_02_bad_padding(void **state)
{
    struct sim *s = up();
    struct sim_craft what = part(1, 2, piece(0, 4));

    (void)state;
    what.pad_octet = 99;
    assert_int_equal(feed_craft(s, &what), IPSEC_DROP_PADDING);
    assert_int_equal(frag_sets(B(s)), 0);
    sim_free(s);
}

/* ---- where there are none ----------------------------------------------------------------------
 */

static void frag_01_not_agreed_upon(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    A(s)->peer.no_fragmentation = true;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(feed(s, 1, 1, piece(0, 8)), IPSEC_DROP_PAYLOADS);
    assert_int_equal(feed(s, 1, 2, piece(0, 4)), IPSEC_DROP_PAYLOADS);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void frag_01_never_in_ike_sa_init(void **state)
{
    static struct sim_datagram d;
    struct sim *s = up();
    struct sim_craft what = part(1, 1, piece(0, 8));
    const uint64_t before = sim_digest(B(s));

    (void)state;
    what.exchange = 34;
    for (int answer = 0; answer < 2; answer++) {
        what.answer = answer != 0;
        assert_true(feed_craft(s, &what) < IPSEC_OK);
        assert_true(sim_craft(B(s), &what, &d));
        memset(d.octets + 8, 0, 8);  /* no responder's SPI */
        memset(d.octets + 20, 0, 4); /* message ID 0 */
        assert_true(sim_inject(s, SIM_B, &d) < IPSEC_OK);
    }
    assert_int_equal(sim_digest(B(s)), before);
    sim_free(s);
}

/* An answer in fragments that nobody waits for, and a request outside the window. */
static void frag_01_only_what_is_awaited(void **state)
{
    struct sim *s = up();
    struct sim_craft what = part(1, 2, piece(0, 4));
    const uint64_t before = sim_digest(B(s));

    (void)state;
    for (int32_t offset = -3; offset < 4; offset++) {
        what.answer = true;
        what.id_offset = offset;
        assert_int_equal(feed_craft(s, &what), IPSEC_DROP_MESSAGE_ID);
        what.answer = false;
        if (offset != 0 && offset != -1) {
            assert_int_equal(feed_craft(s, &what), IPSEC_DROP_MESSAGE_ID);
        }
    }
    assert_int_equal(sim_digest(B(s)), before);
    sim_free(s);
}

/* ---- limits ------------------------------------------------------------------------------------
 */

static void frag_05_octets_and_count(void **state)
{
    static const uint8_t much[2048];
    struct sim *s = up();
    const struct ipsec_view large = {much, 1500};
    const struct ipsec_view rest = {much, 2048 - 1500};
    const struct ipsec_view more = {much, 2048 - 1500 + 1};

    (void)state;
    assert_int_equal(feed(s, 1, 41, piece(0, 1)), IPSEC_DROP_FRAGMENT); /* 32 + 2048 / 256 = 40 */
    assert_int_equal(frag_sets(B(s)), 0);
    assert_int_equal(feed(s, 2, 40, large), IPSEC_OK);
    assert_int_equal(feed(s, 3, 40, more), IPSEC_DROP_TOO_BIG);
    assert_int_equal(feed(s, 3, 40, rest), IPSEC_OK);
    assert_int_equal(feed(s, 4, 40, piece(0, 1)), IPSEC_DROP_TOO_BIG);
    assert_int_equal(frag_sets(B(s)), 1);
    sim_free(s);
}

/* CVE-2016-10396: many small ones, backwards; none costs more than the others. */
static void frag_05_cve_2016_10396_many_small_fragments(void **state)
{
    struct sim *s = up();

    (void)state;
    for (uint16_t n = 40; n > 0; n--) {
        for (int again = 0; again < 3 && n > 1; again++) {
            assert_int_equal(feed(s, n, 40, n == 5 ? piece(1, 8) : piece(0, 0)),
                             again == 0 ? IPSEC_OK : IPSEC_DROP_DUPLICATE);
        }
        assert_int_equal(frag_sets(B(s)), 1);
    }
    assert_int_equal(feed(s, 1, 40, piece(0, 1)), IPSEC_OK);
    assert_answered(s);
    assert_int_equal(frag_sets(B(s)), 0);
    sim_free(s);
}

/* A set that got nothing for 30 seconds is not gone on with. */
static void frag_05_time(void **state)
{
    struct sim *s = up();

    (void)state;
    assert_int_equal(feed(s, 1, 3, piece(0, 1)), IPSEC_OK);
    sim_run(s, 29999);
    assert_int_equal(feed(s, 2, 3, piece(1, 2)), IPSEC_OK);
    sim_run(s, 30000);
    assert_int_equal(feed(s, 3, 3, piece(2, 8)), IPSEC_OK);
    sim_assert_ladder(s, "");
    assert_int_equal(frag_given_up(B(s)), 1);
    assert_int_equal(feed(s, 1, 3, piece(0, 1)), IPSEC_OK);
    assert_int_equal(feed(s, 2, 3, piece(1, 2)), IPSEC_OK);
    assert_answered(s);
    sim_free(s);
}

/* One that gets on is: a path may be slow. */
static void frag_05_time_counts_from_the_last_fragment(void **state)
{
    struct sim *s = up();

    (void)state;
    for (uint16_t n = 1; n <= 8; n++) {
        assert_int_equal(feed(s, n, 8, piece(n - 1u, n)), IPSEC_OK);
        sim_run(s, 29999);
    }
    assert_answered(s);
    assert_int_equal(frag_given_up(B(s)), 0);
    sim_free(s);
}

/* The message that ends its SA is whole: nothing was given up. */
static void frag_05_the_last_message_of_an_sa(void **state)
{
    static const uint8_t del[] = {0, 0, 0, 8, 1, 0, 0, 0};
    struct sim *s = up();
    const struct ipsec_view start = {del, 4};
    const struct ipsec_view rest = {del + 4, 4};
    struct sim_craft what = part(1, 2, start);

    (void)state;
    what.first = 42;
    assert_int_equal(feed_craft(s, &what), IPSEC_OK);
    assert_int_equal(feed(s, 2, 2, rest), IPSEC_OK);
    assert_answered(s);
    assert_int_equal(sim_sa(B(s), 0), 0);
    assert_int_equal(frag_sets(B(s)), 0);
    assert_int_equal(frag_given_up(B(s)), 0);
    sim_free(s);
}

/* An SA has one set a direction, whatever comes. */
static void frag_05_one_set_per_sa(void **state)
{
    struct sim *s = up();
    struct sim_craft whole = part(0, 0, piece(0, 8));

    (void)state;
    whole.is_fragment = false;
    whole.first = NOTIFY;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(feed(s, 1, 2, piece(0, 4)), IPSEC_OK);
        assert_int_equal(frag_sets(B(s)), 1);
        assert_int_equal(feed_craft(s, &whole), IPSEC_OK);
        assert_int_equal(frag_sets(B(s)), 0);
    }
    assert_int_equal(frag_given_up(B(s)), 50);
    sim_free(s);
}

static void frag_05_gone_with_its_sa(void **state)
{
    struct sim *s = up();

    (void)state;
    assert_int_equal(feed(s, 1, 2, piece(0, 4)), IPSEC_OK);
    assert_int_equal(ipsec_ike_forget_peer(B(s)->ike, &B(s)->peer, s->now), IPSEC_OK);
    assert_int_equal(frag_sets(B(s)), 0);
    sim_free(s);
    s = frag_in_flight(true);
    assert_true(sim_deliver(s, 0));
    assert_int_equal(frag_sets(A(s)), 1);
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
    assert_int_equal(frag_sets(A(s)), 0);
    sim_free(s);
}

/* ---- payloads in clear -------------------------------------------------------------------------
 */

/* CVE-2026-12413: more payloads before SKF than a table holds. */
static void frag_07_cve_2026_12413_payloads_before_skf(void **state)
{
    static const uint16_t counts[] = {1, 22, 23, 24, 25, 26, 60, 300};

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (int known = 0; known < 2; known++) {
            struct sim *s = up();
            struct sim_craft what = part(1, 2, piece(0, 4));
            what.clear_type = known != 0 ? VENDOR : UNKNOWN;
            what.clear_count = counts[i];
            if (known != 0 && counts[i] > 23) {
                assert_int_equal(feed_craft(s, &what), IPSEC_DROP_PAYLOADS);
                assert_int_equal(frag_sets(B(s)), 0);
            } else {
                assert_int_equal(feed_craft(s, &what), IPSEC_OK);
                assert_int_equal(feed(s, 2, 2, piece(4, 8)), IPSEC_OK);
                assert_answered(s);
            }
            sim_free(s);
        }
    }
}

/* Those of later fragments are as little looked at. */
static void frag_07_payloads_before_a_later_fragment(void **state)
{
    struct sim *s = up();
    struct sim_craft what = part(2, 2, piece(4, 8));

    (void)state;
    what.clear_type = UNKNOWN;
    what.clear_count = 3;
    assert_int_equal(feed(s, 1, 2, piece(0, 4)), IPSEC_OK);
    assert_int_equal(feed_craft(s, &what), IPSEC_OK);
    assert_answered(s);
    sim_free(s);
}

/* CVE-2016-1287: a payload shorter than its own fixed part, and every length up to a good one. */
static void frag_03_cve_2016_1287_short_skf(void **state)
{
    struct sim *s = up();
    struct sim_craft what = part(1, 1, piece(0, 8));
    const uint64_t before = sim_digest(B(s));

    (void)state;
    for (uint16_t cut = 52; cut > 0; cut--) { /* 4 fixed, 16 IV, 16 sealed, 16 ICV */
        what.cut = cut;
        assert_true(feed_craft(s, &what) < IPSEC_OK);
        assert_int_equal(sim_digest(B(s)), before);
    }
    what.cut = 0;
    assert_int_equal(feed_craft(s, &what), IPSEC_OK);
    assert_answered(s);
    sim_free(s);
}

/* ---- whole and in pieces -----------------------------------------------------------------------
 */

static void frag_08_either_form_is_taken_once(void **state)
{
    struct sim *s = up();
    struct sim_craft whole = part(0, 0, piece(0, 8));
    struct sim_craft late = part(2, 2, piece(4, 8));

    (void)state;
    whole.is_fragment = false;
    whole.first = NOTIFY;
    assert_int_equal(feed(s, 1, 2, piece(0, 4)), IPSEC_OK);
    assert_int_equal(feed_craft(s, &whole), IPSEC_OK);
    assert_answered(s);
    late.id_offset = -1;
    assert_int_equal(feed_craft(s, &late), IPSEC_DROP_DUPLICATE);
    sim_assert_ladder(s, "");
    late.fragment = 1;
    assert_int_equal(feed_craft(s, &late), IPSEC_DROP_DUPLICATE);
    assert_non_null(strstr(s->ladder, ", sent again: SK{}"));
    sim_ladder_clear(s);
    assert_int_equal(feed(s, 1, 2, piece(0, 4)), IPSEC_OK);
    assert_int_equal(feed(s, 2, 2, piece(4, 8)), IPSEC_OK);
    assert_answered(s);
    whole.id_offset = -1;
    assert_int_equal(feed_craft(s, &whole), IPSEC_DROP_DUPLICATE);
    assert_non_null(strstr(s->ladder, ", sent again: SK{}"));
    assert_int_equal(frag_sets(B(s)), 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frag_02_one_of_one),
        cmocka_unit_test(frag_02_the_first_names_the_first_payload),
        cmocka_unit_test(frag_03_numbers_that_can_not_be),
        cmocka_unit_test(frag_03_totals),
        cmocka_unit_test(frag_04_of_differing_contents_the_first_stays),
        cmocka_unit_test(frag_04_of_another_exchange),
        cmocka_unit_test(frag_02_bad_syntax_inside),
        cmocka_unit_test(frag_02_bad_padding),
        cmocka_unit_test(frag_01_not_agreed_upon),
        cmocka_unit_test(frag_01_never_in_ike_sa_init),
        cmocka_unit_test(frag_01_only_what_is_awaited),
        cmocka_unit_test(frag_05_octets_and_count),
        cmocka_unit_test(frag_05_cve_2016_10396_many_small_fragments),
        cmocka_unit_test(frag_05_time),
        cmocka_unit_test(frag_05_time_counts_from_the_last_fragment),
        cmocka_unit_test(frag_05_the_last_message_of_an_sa),
        cmocka_unit_test(frag_05_one_set_per_sa),
        cmocka_unit_test(frag_05_gone_with_its_sa),
        cmocka_unit_test(frag_07_cve_2026_12413_payloads_before_skf),
        cmocka_unit_test(frag_07_payloads_before_a_later_fragment),
        cmocka_unit_test(frag_03_cve_2016_1287_short_skf),
        cmocka_unit_test(frag_08_either_form_is_taken_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
