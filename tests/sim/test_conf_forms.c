/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the conformance checklist about the form of messages: headers as sent, payloads in any
 * order, reserved bits, versions, and requests for what is not built in. RFC 7296 2.5, 2.15, 2.19,
 * 3.1 to 3.5.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

enum { SA = 33, KE = 34, IDI = 35, IDR = 36, AUTH = 39, NONCE = 40, TSI = 44, TSR = 45 };

static struct sim *readable(uint64_t seed)
{
    struct sim *s = sim_readable(seed);

    s->held = true;
    (void)sim_connect(s);
    return s;
}

/* IKE_AUTH in flight, to B or back. */
static struct sim *flying_auth(uint64_t seed, bool answer)
{
    struct sim *s = readable(seed);

    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0) && (!answer || sim_deliver(s, 0)));
    sim_ladder_clear(s);
    return s;
}

/* ---- headers -----------------------------------------------------------------------------------
 */

static bool all_zero(const uint8_t *octets, size_t length)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < length; i++) {
        sum |= octets[i];
    }
    return sum == 0;
}

/* Version, exchange and flags, and a message ID below 256. */
static void header_is(const struct sim_datagram *d, uint8_t exchange, uint8_t flags, uint8_t id)
{
    const uint8_t expected[] = {0x20, exchange, flags, 0, 0, 0, id};

    assert_memory_equal(d->octets + 17, expected, sizeof(expected));
    assert_int_equal(d->octets[24] << 24 | d->octets[25] << 16 | d->octets[26] << 8 | d->octets[27],
                     d->length);
}

static void init_01_init_02_auth_01_headers_of_a_set_up(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    const struct sim_datagram *m = s->kept_datagram;
    header_is(&m[0], 34, 0x08, 0);
    header_is(&m[1], 34, 0x20, 0);
    header_is(&m[2], 35, 0x08, 1);
    header_is(&m[3], 35, 0x20, 1);
    assert_false(all_zero(m[0].octets, 8));
    assert_true(all_zero(m[0].octets + 8, 8));
    assert_false(all_zero(m[1].octets + 8, 8));
    for (int i = 1; i < 4; i++) {
        assert_memory_equal(m[i].octets, m[0].octets, 8);
        assert_memory_equal(m[i].octets + 8, m[1].octets + 8, 8);
    }
    assert_int_equal(m[2].octets[16], 46);
    sim_free(s);
}

/* SK-10: what B asks first has B's flags: it is not the original initiator, whoever asks. */
static void sk_10_msgid_01_headers_by_role(void **state)
{
    struct sim *s = sim_up(2);

    (void)state;
    s->keep_sent = true;
    assert_int_equal(ipsec_ike_probe(B(s)->ike, sim_sa(B(s), 0), s->now), IPSEC_OK);
    sim_run(s, 100);
    header_is(&s->kept_datagram[0], 37, 0x00, 1); /* its second */
    header_is(&s->kept_datagram[1], 37, 0x28, 1);
    (void)ipsec_ike_rekey(B(s)->ike, sim_sa(B(s), 0), s->now);
    sim_run(s, 5000);
    s->kept = 0;
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
    sim_run(s, 100);
    header_is(&s->kept_datagram[0], 37, 0x00,
              0); /* from 0 again; B has made the new one: A is its responder */
    header_is(&s->kept_datagram[1], 37, 0x28, 0);
    sim_free(s);
}

/* VER-01: a peer of 2.15 is answered as 2.0; the AUTH of what was changed under way is another
 * matter. */
static void ver_01_own_messages_stay_2_0(void **state)
{
    struct sim *s = readable(3);
    struct sim_datagram d = *sim_flying(s);

    (void)state;
    d.octets[17] = 0x2f;
    sim_drop(s, 0);
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
    header_is(sim_flying(s), 34, 0x20, 0);
    sim_flying(s)->octets[17] = 0x21;
    assert_true(sim_deliver(s, 0));
    header_is(sim_flying(s), 35, 0x08, 1);
    sim_free(s);
}

/* ---- order -------------------------------------------------------------------------------------
 */

/* Every payload inside SK is moved to the front in turn, then to the end. */
static void init_28_any_order_in_auth(void **state)
{
    static const uint8_t types[] = {IDI, IDR, AUTH, SA, TSI, TSR};
    const enum sim_edit_kind places[] = {SIM_EDIT_FIRST, SIM_EDIT_LAST};

    (void)state;
    for (int answer = 0; answer < 2; answer++) {
        for (size_t i = 0; i < 2 * sizeof(types); i++) {
            struct sim *s = flying_auth(4, answer != 0);
            struct sim_datagram *d = sim_flying(s);
            const uint8_t type = types[i / 2];
            const struct ipsec_view found = sim_edit_body(d, type);
            static uint8_t copy[600];
            if (found.data != NULL) {
                assert_true(found.length <= sizeof(copy));
                memcpy(copy, found.data, found.length);
                const struct sim_edit out = {.kind = SIM_EDIT_LEAVE_OUT, .type = type};
                const struct sim_edit back = {
                    .kind = places[i % 2], .type = type, .body = {copy, found.length}};
                sim_edit(d, &out);
                sim_edit(d, &back);
            }
            sim_goes_on(s);
        }
    }
}

/* IKE_SA_INIT: taken, too (what was moved under way does not verify afterwards). */
static void init_28_any_order_in_init(void **state)
{
    static const uint8_t types[] = {SA, KE, NONCE};

    (void)state;
    for (size_t i = 0; i < sizeof(types); i++) {
        struct sim *s = readable(5);
        struct sim_datagram *d = sim_flying(s);
        const struct ipsec_view found = sim_edit_body(d, types[i]);
        static uint8_t copy[600];
        assert_true(found.data != NULL && found.length <= sizeof(copy));
        memcpy(copy, found.data, found.length);
        const struct sim_edit out = {.kind = SIM_EDIT_LEAVE_OUT, .type = types[i]};
        const struct sim_edit back = {
            .kind = SIM_EDIT_LAST, .type = types[i], .body = {copy, found.length}};
        sim_edit(d, &out);
        sim_edit(d, &back);
        sim_ladder_clear(s);
        assert_true(sim_deliver(s, 0));
        assert_non_null(strstr(s->ladder, "B IKE_SA_INIT response 0: SA KE Nr"));
        sim_free(s);
    }
}

/* ---- reserved ----------------------------------------------------------------------------------
 */

/* The octet behind "next payload" of every payload in a chain. */
static void set_flags(uint8_t *chain, size_t length, uint8_t flags)
{
    for (size_t at = 0; at + 4 <= length;) {
        chain[at + 1] = flags;
        at += (size_t)chain[at + 2] << 8 | chain[at + 3];
    }
}

static bool flags_are_zero(struct ipsec_view chain)
{
    for (size_t at = 0; at + 4 <= chain.length;) {
        if (chain.data[at + 1] != 0) {
            return false;
        }
        at += (size_t)chain.data[at + 2] << 8 | chain.data[at + 3];
    }
    return true;
}

/* Reserved bits and the critical bit of known payloads (CRIT-04) mean nothing; ours are zero. */
static void crit_04_05_reserved_bits_in_auth(void **state)
{
    (void)state;
    for (int answer = 0; answer < 2; answer++) {
        struct sim *s = flying_auth(6, answer != 0);
        struct sim_datagram *d = sim_flying(s);
        uint8_t first = 0;
        const struct ipsec_view inside = sim_edit_inside(d, &first);
        assert_true(flags_are_zero(inside));
        set_flags(d->octets + (inside.data - d->octets), inside.length, 0xff);
        d->octets[29] = 0x7f; /* of SK itself */
        sim_goes_on(s);
    }
}

static void crit_04_05_reserved_bits_in_init(void **state)
{
    struct sim *s = readable(7);

    (void)state;
    for (int answer = 0; answer < 2; answer++) {
        struct sim_datagram *d = sim_flying(s);
        uint8_t first = 0;
        assert_true(flags_are_zero(sim_edit_inside(d, &first)));
        set_flags(d->octets + 28, d->length - 28, 0xff);
        assert_true(sim_deliver(s, 0));
    }
    assert_non_null(strstr(s->ladder, "A IKE_AUTH request 1"));
    sim_free(s);
}

/* AUTH-06: the reserved octets of an ID are ignored, and are part of what is proven. */
static void auth_06_reserved_octets_of_an_id_are_covered(void **state)
{
    (void)state;
    for (int answer = 0; answer < 2; answer++) {
        for (size_t octet = 1; octet < 4; octet++) {
            struct sim *s = flying_auth(8, answer != 0);
            struct sim_datagram *d = sim_flying(s);
            const struct ipsec_view id = sim_edit_body(d, answer != 0 ? IDR : IDI);
            d->octets[(size_t)(id.data - d->octets) + octet] ^= 1;
            const int to = d->to;
            assert_true(sim_deliver(s, 0));
            assert_int_equal(s->nodes[to].failure.cause, IPSEC_CAUSE_AUTHENTICATION);
            assert_int_equal(s->nodes[to].events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
            sim_free(s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_01_init_02_auth_01_headers_of_a_set_up),
        cmocka_unit_test(sk_10_msgid_01_headers_by_role),
        cmocka_unit_test(ver_01_own_messages_stay_2_0),
        cmocka_unit_test(init_28_any_order_in_auth),
        cmocka_unit_test(init_28_any_order_in_init),
        cmocka_unit_test(crit_04_05_reserved_bits_in_auth),
        cmocka_unit_test(crit_04_05_reserved_bits_in_init),
        cmocka_unit_test(auth_06_reserved_octets_of_an_id_are_covered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
