/* SPDX-License-Identifier: Apache-2.0
 *
 * Mistakes that other implementations have made, tried here: payloads left out of and changed in
 * IKE_AUTH and CREATE_CHILD_SA, with keys that fit. RFC 7296 2.15, 2.21, 3.
 */
#include "sim_craft.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

enum { SA = 33, KE = 34, IDI = 35, IDR = 36, AUTH = 39, NONCE = 40, TSI = 44, TSR = 45 };

/* A message in flight, taken apart: one payload left out, or given another body. */
struct edit {
    uint8_t type;
    bool leave_out;
    uint32_t length; /* of its new body */
    uint8_t fill;    /* octets of the new body */
    uint8_t keep;    /* so many octets of the old one come first */
};

struct chain {
    uint8_t first;
    size_t used;
    uint8_t octets[2000];
};

/* *last: where the type of what follows the last payload stands. */
static void add(struct chain *to, uint8_t **last, uint8_t type, const uint8_t *body, size_t length)
{
    uint8_t *at = to->octets + to->used;

    assert_true(to->used + 4 + length <= sizeof(to->octets));
    **last = type;
    *last = at;
    at[0] = 0;
    at[1] = 0;
    at[2] = (uint8_t)((length + 4) >> 8);
    at[3] = (uint8_t)(length + 4);
    if (length > 0) {
        memcpy(at + 4, body, length);
    }
    to->used += 4 + length;
}

static void rebuild(struct ipsec_view from, uint8_t first, const struct edit *edit,
                    struct chain *to)
{
    static uint8_t body[2000];
    uint8_t *last = &to->first;
    uint8_t type = first;

    to->first = 0;
    to->used = 0;
    for (size_t at = 0; at + 4 <= from.length;) {
        const uint8_t *p = from.data + at;
        size_t length = ((size_t)p[2] << 8 | p[3]) - 4;
        const size_t step = length + 4;
        memcpy(body, p + 4, length);
        if (type == edit->type && !edit->leave_out) {
            memset(body + edit->keep, edit->fill, sizeof(body) - edit->keep);
            length = edit->length;
        }
        if (type != edit->type || !edit->leave_out) {
            add(to, &last, type, body, length);
        }
        type = p[0];
        at += step;
    }
}

/* IKE_AUTH (request to B, or answer to A) or what a command has sent, edited and delivered. */
static enum ipsec_status deliver_edited(struct sim *s, const struct edit *edit)
{
    static struct chain chain;
    static struct sim_datagram d;
    struct sim_datagram *flying = sim_in_the_air(s);
    uint8_t first = 0;
    const struct ipsec_view inside = sim_craft_inside(flying, &first);
    struct sim_craft what = {.exchange = flying->octets[18],
                             .answer = (flying->octets[19] & 0x20) != 0};

    assert_true(inside.length > 0);
    rebuild(inside, first, edit, &chain);
    what.first = chain.first;
    what.chain.data = chain.octets;
    what.chain.length = chain.used;
    assert_true(sim_craft(&s->nodes[flying->to], &what, &d));
    flying->used = false;
    sim_ladder_clear(s);
    return sim_inject(s, d.to, &d);
}

static struct sim *with_auth_in_flight(bool answer)
{
    struct sim *s = sim_new(1);

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0) && (!answer || sim_deliver(s, 0)));
    return s;
}

static void editing_nothing_changes_nothing(void **state)
{
    const struct edit edit = {.type = 0};

    (void)state;
    for (int answer = 0; answer < 2; answer++) {
        struct sim *s = with_auth_in_flight(answer != 0);
        assert_int_equal(deliver_edited(s, &edit), IPSEC_OK);
        s->held = false;
        sim_run(s, 1000);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* ---- IKE_AUTH request --------------------------------------------------------------------------
 */

static void request_must_fail(const struct edit *edit, const char *notify)
{
    struct sim *s = with_auth_in_flight(false);
    char line[100];

    assert_int_equal(deliver_edited(s, edit), IPSEC_OK);
    snprintf(line, sizeof(line), "B IKE_AUTH response 1: SK{N(%s)}\n", notify);
    sim_assert_ladder(s, line);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    assert_int_equal(sim_sink_count(B(s)), 0);
    assert_int_equal(sim_sa(B(s), 0), 0);
    s->held = false;
    sim_run(s, 1000);
    assert_int_equal(sim_sink_count(A(s)), 0);
    sim_free(s);
}

/* CVE-2009-1958, TS-10, CVE-2013-6467: mandatory payloads left out. */
static void ts_10_cve_2009_1958_payloads_left_out(void **state)
{
    static const uint8_t types[] = {TSI, TSR, SA, IDI};

    (void)state;
    for (size_t i = 0; i < sizeof(types); i++) {
        const struct edit edit = {.type = types[i], .leave_out = true};
        request_must_fail(&edit, "INVALID_SYNTAX");
    }
}

/* AUTH-07, AUTH-26, CVE-2013-2944, CVE-2012-2388: no AUTH, an empty one, a short, a long, a zero
 * one, and the right length of nothing. */
static void auth_07_cve_2013_2944_no_real_auth(void **state)
{
    const struct edit none = {.type = AUTH, .leave_out = true};
    static const uint32_t lengths[] = {4, 5, 20, 35, 36, 37, 68, 500};
    static const uint8_t fills[] = {0x00, 0xff};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        for (size_t f = 0; f < sizeof(fills); f++) {
            const struct edit edit = {
                .type = AUTH, .length = lengths[i], .fill = fills[f], .keep = 4};
            request_must_fail(&edit, "AUTHENTICATION_FAILED");
        }
    }
    struct sim *s = with_auth_in_flight(false);
    (void)deliver_edited(s, &none);
    assert_non_null(strstr(s->ladder, "B IKE_AUTH response 1: SK{N("));
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    sim_free(s);
}

/* CVE-2025-9242, AUTH-14: identities of every length, up to what a message carries. */
static void auth_14_cve_2025_9242_cve_2023_33009_identities_of_every_length(void **state)
{
    (void)state;
    for (uint32_t length = 0; length < 1500; length += length < 140 ? 1 : 97) {
        const struct edit edit = {.type = IDI, .length = length, .fill = 'a', .keep = 4};
        struct sim *s = with_auth_in_flight(false);
        (void)deliver_edited(s, &edit);
        assert_non_null(strstr(s->ladder, "B IKE_AUTH response 1: SK{N("));
        assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
        assert_int_equal(sim_sa(B(s), 0), 0);
        sim_free(s);
    }
}

/* AUTH-21: a child that can not be read is no reason to come up without authentication, nor with a
 * child. */
static void ts_01_selectors_of_every_length(void **state)
{
    (void)state;
    for (uint32_t length = 0; length < 100; length++) {
        for (uint8_t keep = 0; keep < 8; keep = (uint8_t)(keep + 4)) {
            const struct edit edit = {.type = TSI, .length = length, .fill = 0xff, .keep = keep};
            struct sim *s = with_auth_in_flight(false);
            (void)deliver_edited(s, &edit);
            assert_int_equal(sim_sink_count(B(s)), 0);
            assert_int_equal(s->ladder_used > 0, 1);
            sim_free(s);
        }
    }
}

/* ---- IKE_AUTH answer ---------------------------------------------------------------------------
 */

/* AUTH-24, AUTH-25: the initiator is as strict: no child is used, the SA goes. */
static void answer_must_fail(const struct edit *edit)
{
    struct sim *s = with_auth_in_flight(true);

    (void)deliver_edited(s, edit);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], 0);
    assert_int_equal(sim_sink_count(A(s)), 0);
    assert_true(A(s)->has_failure);
    s->held = false;
    sim_run(s, 300000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void auth_24_auth_25_answers(void **state)
{
    static const struct edit edits[] = {
        {.type = AUTH, .leave_out = true},
        {.type = IDR, .leave_out = true},
        {.type = AUTH, .length = 36, .fill = 0, .keep = 4},
        {.type = AUTH, .length = 4, .keep = 4},
        {.type = AUTH, .length = 36, .fill = 0xff, .keep = 4},
        {.type = IDR, .length = 16, .fill = 'x', .keep = 4},
        {.type = IDR, .length = 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        answer_must_fail(&edits[i]);
    }
}

/* The child of an answer that lacks a part: the IKE SA is good, the child is not, and both agree.
 */
static void auth_21_answer_without_child(void **state)
{
    static const uint8_t types[] = {TSI, TSR};

    (void)state;
    for (size_t i = 0; i < sizeof(types); i++) {
        const struct edit edit = {.type = types[i], .leave_out = true};
        struct sim *s = with_auth_in_flight(true);
        (void)deliver_edited(s, &edit);
        s->held = false;
        sim_run(s, 300000);
        assert_int_equal(sim_sink_count(A(s)), 0);
        assert_int_equal(sim_sink_count(B(s)), 0);
        sim_free(s);
    }
}

/* ---- CREATE_CHILD_SA ---------------------------------------------------------------------------
 */

/* CHILD-05, CHILD-11, REKEY-06, TS-10: parts left out of, and nonces of every length in, rekeys of
 * children and of the IKE SA. What was up is up, or the SA was ended as the RFC says. */
static void rekey_edited(const struct edit *edit, bool ike)
{
    struct sim *s = sim_new(2);

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_start(s);
    (void)sim_connect(s);
    s->held = true;
    if (ike) {
        (void)ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), 0), s->now);
    } else {
        (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), 0), 0, s->now);
    }
    (void)deliver_edited(s, edit);
    assert_null(strstr(s->ladder, "SK{SA Nr"));
    assert_non_null(strstr(s->ladder, "B CREATE_CHILD_SA response 2: SK{N("));
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_REKEYED], 0);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_REKEYED], 0);
    sim_free(s);
}

static void child_05_11_rekey_06_parts_left_out(void **state)
{
    static const uint8_t child[] = {SA, KE, NONCE, TSI, TSR};

    (void)state;
    for (size_t i = 0; i < sizeof(child); i++) {
        const struct edit edit = {.type = child[i], .leave_out = true};
        rekey_edited(&edit, false);
        if (child[i] != TSI && child[i] != TSR && child[i] != SA) {
            rekey_edited(&edit, true);
        }
    }
}

static void child_11_nonces_too_short_or_long(void **state)
{
    static const uint32_t lengths[] = {0, 1, 15, 257, 700};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const struct edit edit = {.type = NONCE, .length = lengths[i], .fill = 7};
        rekey_edited(&edit, false);
        rekey_edited(&edit, true);
    }
}

/* INIT-22, CVE-2023-41913: key exchange values of every length but the right one. */
static void init_22_cve_2023_41913_ke_of_other_lengths(void **state)
{
    static const uint32_t lengths[] = {0, 3, 4, 5, 36, 132, 259, 261, 516, 1200};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const struct edit edit = {.type = KE, .length = lengths[i], .fill = 1, .keep = 4};
        rekey_edited(&edit, false);
        rekey_edited(&edit, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(editing_nothing_changes_nothing),
        cmocka_unit_test(ts_10_cve_2009_1958_payloads_left_out),
        cmocka_unit_test(auth_07_cve_2013_2944_no_real_auth),
        cmocka_unit_test(auth_14_cve_2025_9242_cve_2023_33009_identities_of_every_length),
        cmocka_unit_test(ts_01_selectors_of_every_length),
        cmocka_unit_test(auth_24_auth_25_answers),
        cmocka_unit_test(auth_21_answer_without_child),
        cmocka_unit_test(child_05_11_rekey_06_parts_left_out),
        cmocka_unit_test(child_11_nonces_too_short_or_long),
        cmocka_unit_test(init_22_cve_2023_41913_ke_of_other_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
