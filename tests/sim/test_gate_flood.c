/* SPDX-License-Identifier: Apache-2.0
 *
 * A flood of forged first contacts: no memory, no Diffie-Hellman, and whoever can answer goes on.
 * RFC 7296 2.6, RFC 8019.
 */
#include "gate_kit.h"
#include "ike_state.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define THRESHOLD 3 /* of the defaults: half of the six half-open SAs */

/* The octets of the engine's slots, used and free: what a flood must not change. */
struct memory {
    uint8_t *octets;
    size_t length;
};

static void add_pool(struct memory *m, const struct ipseci_pool *pool)
{
    const size_t length = pool->slot_bytes * pool->count;

    m->octets = realloc(m->octets, m->length + length);
    assert_non_null(m->octets);
    memcpy(m->octets + m->length, pool->slots, length);
    m->length += length;
}

static struct memory memory_of(const struct sim_node *n)
{
    struct memory m = {NULL, 0};

    add_pool(&m, &n->ike->sas);
    add_pool(&m, &n->ike->children);
    add_pool(&m, &n->ike->handshakes);
    add_pool(&m, &n->ike->buffers);
    return m;
}

static void assert_memory_unchanged(const struct sim_node *n, struct memory *before)
{
    struct memory now = memory_of(n);

    assert_int_equal(now.length, before->length);
    assert_memory_equal(now.octets, before->octets, now.length);
    free(now.octets);
    free(before->octets);
}

/* Slots in use of every table the engine has. */
struct slots {
    uint32_t used[8];
};

static struct slots slots_of(const struct sim_node *n)
{
    const struct ipsec_ike *ike = n->ike;
    const struct slots slots = {{ike->sas.used, ike->children.used, ike->handshakes.used,
                                 ike->buffers.used, ike->by_spi.used, ike->by_init.used,
                                 ike->by_esp.used, ike->reserved_sas}};

    return slots;
}

static void forged(struct sim *s, const struct sim_datagram *request, uint64_t *random)
{
    struct sim_datagram d = *request;

    gate_forge(&d, random);
    (void)sim_inject(s, SIM_B, &d);
}

/* So many forged ones in each of so many milliseconds, in between what else there is. */
static void flood(struct sim *s, const struct sim_datagram *request, uint32_t ms, uint32_t each)
{
    static uint64_t random = 77;

    for (uint32_t i = 0; i < ms; i++) {
        for (uint32_t k = 0; k < each; k++) {
            forged(s, request, &random);
        }
        sim_run(s, 1);
        assert_true(gate_counters(B(s)).half_open <= THRESHOLD + 1); /* 1: a good one among them */
    }
}

static struct sim *connected(uint64_t seed, struct sim_datagram *request)
{
    struct sim *s = sim_new(seed);

    s->keep_sent = true;
    A(s)->peer.no_initial_contact = true;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    sim_ladder_clear(s);
    *request = gate_request(s);
    s->keep_sent = false;
    return s;
}

/* 100,000 of them in twenty seconds: what the first few have taken is all they ever take. Meanwhile
 * the tunnel that is up rekeys twice, and another is set up. */
static void sec_01_sec_02_cookie_01_hundred_thousand_forged_requests(void **state)
{
    struct sim_datagram request;
    struct sim *s = connected(1, &request);

    (void)state;
    const unsigned ke_before = B(s)->crypto.ke_calls;
    flood(s, &request, 100, 5);
    const struct slots at_first = slots_of(B(s));
    struct memory memory_at_first = memory_of(B(s));
    assert_int_equal(at_first.used[2], THRESHOLD);
    flood(s, &request, 9000, 5);
    const struct slots later = slots_of(B(s));
    assert_memory_equal(&at_first, &later, sizeof(later));
    assert_memory_unchanged(B(s), &memory_at_first);
    assert_true(gate_counters(B(s)).under_attack);
    assert_int_equal(B(s)->crypto.ke_calls, ke_before + THRESHOLD);

    assert_int_equal(
        ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now),
        IPSEC_OK);
    flood(s, &request, 500, 5);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    assert_int_equal(ipsec_ike_rekey(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
    flood(s, &request, 500, 5);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 1);

    ipsec_handle sa;
    sim_ladder_clear(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    flood(s, &request, 500, 5);
    assert_non_null(strstr(s->ladder, "A IKE_SA_INIT request 0: N(COOKIE) SA"));
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    flood(s, &request, 9400, 5);
    assert_int_equal(gate_counters(B(s)).cookies_accepted, 1);
    assert_true(gate_counters(B(s)).cookies_demanded >= 99990);
    sim_run(s, 60000);
    sim_assert_agree(s, 2, 2);
    sim_free(s);
}

static uint32_t warnings_said(const struct sim_node *n)
{
    return n->events[IPSEC_EVENT_WARNING];
}

/* Said when it begins and when it is over, and not in between. */
static void sec_01_the_attack_is_reported_once(void **state)
{
    struct sim_datagram request;
    struct sim *s = connected(2, &request);
    const uint32_t before = warnings_said(B(s));

    (void)state;
    assert_false(gate_counters(B(s)).under_attack);
    flood(s, &request, 5000, 2);
    assert_int_equal(warnings_said(B(s)), before + 1);
    assert_int_equal(B(s)->warnings, 1u << IPSEC_WARNING_COOKIES_ON);
    assert_true(gate_counters(B(s)).under_attack);
    /* Half-open SAs above the threshold are a sign, too, until they have timed out. */
    sim_run(s, 9000);
    assert_true(gate_counters(B(s)).under_attack);
    sim_run(s, 60000);
    assert_false(gate_counters(B(s)).under_attack);
    assert_int_equal(warnings_said(B(s)), before + 2);
    assert_int_equal(B(s)->warnings,
                     1u << IPSEC_WARNING_COOKIES_ON | 1u << IPSEC_WARNING_COOKIES_OFF);
    assert_int_equal(gate_counters(B(s)).attacks, 1);
    /* An hour of it: reported a few times a minute at the most. */
    for (int i = 0; i < 360; i++) {
        flood(s, &request, 5, 20);
        sim_run(s, 9995);
    }
    assert_true(warnings_said(B(s)) - before - 2 <= 2 * 360);
    assert_true(gate_counters(B(s)).half_open <= THRESHOLD);
    sim_free(s);
}

/* Forged requests that no proposal fits never become half-open, so their number is the sign. */
static void sec_01_sec_02_requests_that_are_refused_are_counted_too(void **state)
{
    struct sim_datagram request;
    struct sim *s = sim_new(3);
    ipsec_handle sa;

    (void)state;
    sim_ike_proposals(A(s), "aes128-sha256-ecp256");
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    request = gate_request(s);
    sim_run(s, 60000);
    sim_ike_proposals(A(s), "aes256-sha256-modp2048");
    flood(s, &request, 2000, 5);
    assert_int_equal(gate_counters(B(s)).half_open, 0);
    assert_true(gate_counters(B(s)).under_attack);
    assert_true(gate_counters(B(s)).drops[ipsec_drop_index(IPSEC_DROP_COOKIE)] > 9000);
    sim_ladder_clear(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    flood(s, &request, 500, 5);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    assert_non_null(strstr(s->ladder, "A IKE_SA_INIT request 0: N(COOKIE) SA"));
    sim_free(s);
}

/* Where cookies are always asked for, that is no sign of anything. */
static void cookie_01_always_is_no_attack(void **state)
{
    struct sim_datagram request;
    struct sim *s = sim_new(4);

    (void)state;
    B(s)->config.cookie_threshold = 1;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    request = gate_request(s);
    flood(s, &request, 1000, 5);
    assert_int_equal(gate_counters(B(s)).half_open, 0);
    assert_int_equal(gate_counters(B(s)).attacks, 0);
    assert_int_equal(warnings_said(B(s)), 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* What a forged request is answered with is never longer than itself, whatever the load. */
static void sec_01_no_amplification_under_load(void **state)
{
    struct sim_datagram request;
    struct sim *s = connected(5, &request);
    uint64_t random = 5;

    (void)state;
    s->cut = true;
    for (uint32_t i = 0; i < 2000; i++) {
        s->keep_sent = true;
        s->kept = 0;
        forged(s, &request, &random);
        assert_true(s->kept <= 1);
        assert_true(s->kept == 0 || s->kept_datagram[0].length <= request.length);
        s->now += i % 7;
    }
    sim_free(s);
}

/* The copies of one request are answered as often as its source may ask, and not more. */
static void sec_01_msgid_06_copies_are_not_answered_without_end(void **state)
{
    struct sim_datagram request;
    struct sim *s = connected(6, &request);
    struct sim_datagram d = gate_numbered(&request, 4711);

    (void)state;
    gate_from(&d, "198.51.100.9");
    s->cut = true;
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
    const uint64_t before = gate_counters(B(s)).messages_out;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_DUPLICATE);
    }
    assert_in_range(gate_counters(B(s)).messages_out - before, 1, 12);
    s->now += 2000; /* a peer that repeats itself as it should is answered */
    const uint64_t after = gate_counters(B(s)).duplicates_answered;
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_DUPLICATE);
    assert_int_equal(gate_counters(B(s)).duplicates_answered, after + 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sec_01_sec_02_cookie_01_hundred_thousand_forged_requests),
        cmocka_unit_test(sec_01_the_attack_is_reported_once),
        cmocka_unit_test(sec_01_sec_02_requests_that_are_refused_are_counted_too),
        cmocka_unit_test(cookie_01_always_is_no_attack),
        cmocka_unit_test(sec_01_no_amplification_under_load),
        cmocka_unit_test(sec_01_msgid_06_copies_are_not_answered_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
