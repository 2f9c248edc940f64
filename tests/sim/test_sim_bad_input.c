/* SPDX-License-Identifier: Apache-2.0
 *
 * Bad input: every truncation and every flipped bit of every message, unauthenticated and, with
 * keys known, inside SK. Dropped with a counted reason and no state changed; what is authentic and
 * wrong is answered, and leaks nothing. RFC 7296 2.21; CVE-2014-2338, CVE-2023-23009,
 * CVE-2024-3652.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

/* Brings the simulation to where its next datagram in flight is the message under test. */
typedef void (*stage)(struct sim *s);

static void hold_auth(struct sim *s, uint32_t delivered)
{
    ipsec_handle sa;

    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (uint32_t i = 0; i < delivered; i++) {
        assert_true(sim_deliver(s, 0));
    }
}

static void at_init_request(struct sim *s)
{
    hold_auth(s, 0);
}

static void at_init_response(struct sim *s)
{
    hold_auth(s, 1);
}

static void at_auth_request(struct sim *s)
{
    hold_auth(s, 2);
}

static void at_auth_response(struct sim *s)
{
    hold_auth(s, 3);
}

static void at_child_rekey_request(struct sim *s)
{
    (void)sim_connect(s);
    s->held = true;
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
}

static void at_child_rekey_response(struct sim *s)
{
    at_child_rekey_request(s);
    assert_true(sim_deliver(s, 0));
}

static void at_child_delete_request(struct sim *s)
{
    at_child_rekey_response(s);
    assert_true(sim_deliver(s, 0));
}

static void at_child_delete_response(struct sim *s)
{
    at_child_delete_request(s);
    assert_true(sim_deliver(s, 0));
}

static void at_ike_rekey_request(struct sim *s)
{
    (void)sim_connect(s);
    s->held = true;
    (void)ipsec_ike_rekey(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now);
}

static void at_ike_rekey_response(struct sim *s)
{
    at_ike_rekey_request(s);
    assert_true(sim_deliver(s, 0));
}

static void at_ike_delete_request(struct sim *s)
{
    (void)sim_connect(s);
    s->held = true;
    (void)ipsec_ike_delete(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now);
}

static struct sim_datagram *flying(struct sim *s)
{
    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        if (s->queue[i].used) {
            return &s->queue[i];
        }
    }
    fail();
    return NULL;
}

static uint64_t dropped(const struct sim_node *n)
{
    struct ipsec_ike_counters counters;
    uint64_t sum = 0;

    ipsec_ike_counters(n->ike, &counters);
    for (size_t i = 0; i < IPSEC_DROP_REASONS; i++) {
        sum += counters.drops[i];
    }
    return sum;
}

/* ---- not authentic -----------------------------------------------------------------------------
 */

static void must_be_dropped(struct sim *s, const struct sim_datagram *d, const char *how,
                            uint32_t at)
{
    struct sim_node *n = &s->nodes[d->to];
    const uint64_t before = sim_digest(n);
    const uint64_t drops = dropped(n);
    const uint32_t sent = s->sent;
    const enum ipsec_status status = sim_inject(s, d->to, d);

    if (ipsec_status_class(status) != IPSEC_CLASS_PEER || dropped(n) != drops + 1 ||
        sim_digest(n) != before || s->sent != sent) {
        print_error("%s at %u: status %d, drops %llu, state %s, %u sent\n", how, at, status,
                    (unsigned long long)(dropped(n) - drops),
                    sim_digest(n) == before ? "same" : "changed", s->sent - sent);
        fail();
    }
}

static void truncations(struct sim *s, const struct sim_datagram *whole)
{
    static struct sim_datagram d;

    for (uint32_t length = 0; length < whole->length; length++) {
        d = *whole;
        d.length = length;
        must_be_dropped(s, &d, "truncated", length);
        if (length >= 28) { /* INIT-05: with a Length that agrees */
            d.octets[24] = d.octets[25] = 0;
            d.octets[26] = (uint8_t)(length >> 8);
            d.octets[27] = (uint8_t)length;
            must_be_dropped(s, &d, "cut", length);
        }
    }
}

static void flips(struct sim *s, const struct sim_datagram *whole)
{
    static struct sim_datagram d;

    for (uint32_t bit = 0; bit < whole->length * 8; bit++) {
        d = *whole;
        d.octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
        must_be_dropped(s, &d, "flipped", bit);
    }
}

/* The true message still does its work afterwards. */
static void unauthentic(stage reach, uint32_t sas, uint32_t children)
{
    static struct sim_datagram whole;
    struct sim *s = sim_new(1);

    sim_start(s);
    reach(s);
    whole = *flying(s);
    truncations(s, &whole);
    if (whole.octets[18] != 34) { /* a changed IKE_SA_INIT is another one, not a false one */
        flips(s, &whole);
        /* What is right, but comes to the wrong end: our own message back (SK-10, VER-08). */
        struct sim_datagram back = whole;
        back.to = 1 - whole.to;
        back.local = whole.remote;
        back.remote = whole.local;
        must_be_dropped(s, &back, "reflected", 0);
    }
    s->held = false;
    sim_run(s, 20000);
    sim_assert_agree(s, sas, children);
    sim_free(s);
}

#define UNAUTHENTIC(name, reach, sas, children)                                                    \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        unauthentic(reach, sas, children);                                                         \
    }

UNAUTHENTIC(init_04_init_05_init_request, at_init_request, 1, 1)
UNAUTHENTIC(init_04_init_05_init_response, at_init_response, 1, 1)
UNAUTHENTIC(sk_02_06_10_auth_request, at_auth_request, 1, 1)
UNAUTHENTIC(sk_02_06_10_auth_response, at_auth_response, 1, 1)
UNAUTHENTIC(sk_02_06_10_child_rekey_request, at_child_rekey_request, 1, 1)
UNAUTHENTIC(sk_02_06_10_child_rekey_response, at_child_rekey_response, 1, 1)
UNAUTHENTIC(sk_02_06_10_child_delete_request, at_child_delete_request, 1, 1)
UNAUTHENTIC(sk_02_06_10_child_delete_response, at_child_delete_response, 1, 1)
UNAUTHENTIC(sk_02_06_10_ike_rekey_request, at_ike_rekey_request, 1, 1)
UNAUTHENTIC(sk_02_06_10_ike_rekey_response, at_ike_rekey_response, 1, 1)
UNAUTHENTIC(sk_02_06_10_ike_delete_request, at_ike_delete_request, 0, 0)

/* ---- authentic, or before there is anything to authenticate with -------------------------------
 */

/* Nothing but whole SAs and idle slots may be left. */
static void must_leak_nothing(struct sim *s, const char *how, uint32_t at)
{
    for (int i = 0; i < 2; i++) {
        struct ipsec_ike_counters c;
        ipsec_ike_counters(s->nodes[i].ike, &c);
        if (c.handshakes != 0 || c.half_open != 0 || s->nodes[i].crypto.kes_alive != 0 ||
            sim_sink_count(&s->nodes[i]) > c.children) {
            print_error("%s at %u: %c has %u handshakes, %u half-open, %u children, %u installed\n",
                        how, at, "AB"[i], c.handshakes, c.half_open, c.children,
                        sim_sink_count(&s->nodes[i]));
            fail();
        }
    }
}

static uint32_t changed(stage reach, uint32_t at, uint8_t value, bool null_crypto, bool agree)
{
    struct sim *s = sim_new(2);

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = null_crypto;
    sim_start(s);
    reach(s);
    struct sim_datagram *d = flying(s);
    const uint32_t length = d->length;
    if (at < length) {
        d->octets[at] ^= value;
        s->held = false;
        sim_run(s, 600000);
        must_leak_nothing(s, "changed", at);
        if (agree) {
            struct ipsec_ike_counters c;
            ipsec_ike_counters(A(s)->ike, &c);
            sim_assert_agree(s, c.sas, c.sas);
        }
    }
    sim_free(s);
    return length;
}

/* AUTH covers IKE_SA_INIT: a changed one ends in no SA, or in the one that was wanted when the
 * change was noticed and the message repeated (CVE-2018-5389's kind: no downgrade). */
static void auth_05_changed_init(void **state)
{
    static const stage stages[] = {at_init_request, at_init_response};
    static const uint8_t values[] = {0x01, 0x80, 0xff};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint32_t length = 1;
        for (uint32_t at = 0; at < length; at++) {
            for (size_t v = 0; v < sizeof(values); v++) {
                length = changed(stages[i], at, values[v], false, true);
            }
        }
    }
}

/* Inside SK, with a good ICV: the peer itself is wrong. SK-09. */
static void inside(stage reach)
{
    static const uint8_t values[] = {0x01, 0x10, 0x80, 0xff};
    uint32_t length = 29;

    for (uint32_t at = 28; at < length; at++) {
        for (size_t v = 0; v < sizeof(values); v++) {
            length = changed(reach, at, values[v], true, false);
        }
    }
}

#define INSIDE(name, reach)                                                                        \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        inside(reach);                                                                             \
    }

INSIDE(sk_09_inside_auth_request, at_auth_request)
INSIDE(sk_09_inside_auth_response, at_auth_response)
INSIDE(sk_09_inside_child_rekey_request, at_child_rekey_request)
INSIDE(sk_09_inside_child_rekey_response, at_child_rekey_response)
INSIDE(sk_09_inside_ike_rekey_request, at_ike_rekey_request)
INSIDE(sk_09_inside_ike_rekey_response, at_ike_rekey_response)
INSIDE(sk_09_inside_child_delete, at_child_delete_request)
INSIDE(sk_09_inside_ike_delete, at_ike_delete_request)

/* ---- replays -----------------------------------------------------------------------------------
 */

/* MSGID-08: everything ever sent comes again, to both ends and from other addresses. */
static void msgid_08_everything_again(void **state)
{
    struct sim *s = sim_new(3);

    (void)state;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    sim_run(s, 5000);
    (void)ipsec_ike_rekey(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now);
    sim_run(s, 5000);
    const uint32_t kept = s->kept;
    assert_int_equal(kept, 12);
    s->keep_sent = false;
    for (uint32_t i = 0; i < kept; i++) {
        struct sim_datagram d = s->kept_datagram[i];
        (void)sim_inject(s, d.to, &d);
        sim_run(s, 50);
        d.remote.addr.bytes[3] ^= 0x55;
        (void)sim_inject(s, d.to, &d);
        sim_run(s, 50);
    }
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    sim_run(s, 100000); /* the half-open SAs that the old IKE_SA_INIT made are gone */
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Octets of no meaning. */
static void random_datagrams(void **state)
{
    struct sim *s = sim_up(4);
    struct sim_datagram d = {.to = SIM_B, .local = B(s)->peer.local, .remote = A(s)->peer.local};
    uint64_t random = 5;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        d.length = (uint32_t)(sim_random(&random) % 300);
        for (uint32_t k = 0; k < d.length; k++) {
            d.octets[k] = (uint8_t)sim_random(&random);
        }
        if (i % 2 == 0) {
            d.octets[17] = 0x20;
            d.octets[18] = (uint8_t)(34 + i / 2 % 5);
            d.octets[24] = d.octets[25] = 0;
            d.octets[26] = (uint8_t)(d.length >> 8);
            d.octets[27] = (uint8_t)d.length;
        }
        must_be_dropped(s, &d, "random", (uint32_t)i);
    }
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_04_init_05_init_request),
        cmocka_unit_test(init_04_init_05_init_response),
        cmocka_unit_test(sk_02_06_10_auth_request),
        cmocka_unit_test(sk_02_06_10_auth_response),
        cmocka_unit_test(sk_02_06_10_child_rekey_request),
        cmocka_unit_test(sk_02_06_10_child_rekey_response),
        cmocka_unit_test(sk_02_06_10_child_delete_request),
        cmocka_unit_test(sk_02_06_10_child_delete_response),
        cmocka_unit_test(sk_02_06_10_ike_rekey_request),
        cmocka_unit_test(sk_02_06_10_ike_rekey_response),
        cmocka_unit_test(sk_02_06_10_ike_delete_request),
        cmocka_unit_test(auth_05_changed_init),
        cmocka_unit_test(sk_09_inside_auth_request),
        cmocka_unit_test(sk_09_inside_auth_response),
        cmocka_unit_test(sk_09_inside_child_rekey_request),
        cmocka_unit_test(sk_09_inside_child_rekey_response),
        cmocka_unit_test(sk_09_inside_ike_rekey_request),
        cmocka_unit_test(sk_09_inside_ike_rekey_response),
        cmocka_unit_test(sk_09_inside_child_delete),
        cmocka_unit_test(sk_09_inside_ike_delete),
        cmocka_unit_test(msgid_08_everything_again),
        cmocka_unit_test(random_datagrams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
