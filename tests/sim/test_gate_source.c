/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits by source: who can answer and still asks too often, or fails to authenticate again and
 * again. None of it can be laid on somebody else by forging addresses. RFC 7296 5, RFC 8019 4.
 */
#include "gate_kit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

static uint64_t drops(const struct sim_node *n, enum ipsec_status status)
{
    return gate_counters(n).drops[ipsec_drop_index(status)];
}

/* B with what a test has set, and a request of A's that it has never seen. */
static struct sim_datagram started(struct sim *s)
{
    s->keep_sent = true;
    sim_start(s);
    s->cut = true;
    (void)sim_connect(s);
    return gate_request(s);
}

/* ---- limits of one source ----------------------------------------------------------------------
 */

/* With a cookie a source gets its share of half-open SAs, without one half of that; the rest is for
 * others. */
static void sec_01_deviation_attack_half_open_of_one_source(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    B(s)->config.half_open_max = 8;
    B(s)->config.handshake_max = 10;
    B(s)->config.cookie_threshold = 8;
    struct sim_datagram request = started(s);
    gate_from(&request, "198.51.100.1");
    for (uint64_t i = 1; i <= 20; i++) {
        const struct sim_datagram d = gate_numbered(&request, i);
        (void)sim_inject(s, SIM_B, &d);
    }
    assert_int_equal(gate_counters(B(s)).half_open, 2);
    assert_int_equal(drops(B(s), IPSEC_DROP_COOKIE), 18);
    s->now += 1000;
    for (uint64_t i = 21; i <= 30; i++) {
        const struct sim_datagram d = gate_numbered(&request, i);
        assert_int_equal(gate_enter(s, &d), i <= 22 ? IPSEC_OK : IPSEC_DROP_FULL);
    }
    assert_int_equal(gate_counters(B(s)).half_open, 4);
    assert_int_equal(gate_counters(B(s)).source_refused, 8);
    struct sim_datagram other = gate_numbered(&request, 40);
    gate_from(&other, "198.51.100.2");
    assert_int_equal(gate_enter(s, &other), IPSEC_OK);
    assert_int_equal(drops(B(s), IPSEC_DROP_COOKIE), 28); /* it needed no cookie */
    assert_false(gate_counters(B(s)).under_attack);
    /* They end by themselves. */
    sim_run(s, 60000);
    assert_int_equal(gate_counters(B(s)).half_open, 0);
    sim_free(s);
}

/* All addresses of an IPv6 /64 are one source; the next /64 is another. */
static void sec_01_an_ipv6_64_is_one_source(void **state)
{
    struct sim *s = sim_new(2);

    (void)state;
    B(s)->config.half_open_max = 8;
    B(s)->config.handshake_max = 10;
    B(s)->config.cookie_threshold = 8;
    B(s)->config.source_half_open_max = 2;
    struct sim_datagram request = started(s);
    static const char *const same[] = {"2001:db8::1", "2001:db8::ffff:1", "2001:db8::7"};
    for (uint64_t i = 0; i < 3; i++) {
        struct sim_datagram d = gate_numbered(&request, i + 1);
        gate_from(&d, same[i]);
        assert_int_equal(gate_enter(s, &d), i < 2 ? IPSEC_OK : IPSEC_DROP_FULL);
    }
    struct sim_datagram d = gate_numbered(&request, 9);
    gate_from(&d, "2001:db8:0:1::1");
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
    sim_free(s);
}

static void sec_01_rate_of_one_source(void **state)
{
    struct sim *s = sim_new(3);
    uint32_t entered = 0;

    (void)state;
    B(s)->config.half_open_max = 100;
    B(s)->config.handshake_max = 110;
    B(s)->config.sa_max = 200;
    B(s)->config.source_half_open_max = 100;
    B(s)->config.source_contacts_per_s = 4;
    struct sim_datagram request = started(s);
    gate_from(&request, "198.51.100.1");
    for (uint64_t i = 1; i <= 50; i++) {
        const struct sim_datagram d = gate_numbered(&request, i);
        entered += gate_enter(s, &d) == IPSEC_OK;
    }
    assert_int_equal(entered, 4);
    assert_int_equal(drops(B(s), IPSEC_DROP_RATE), 46);
    assert_int_equal(gate_counters(B(s)).source_refused, 46);
    s->now += 500;
    for (uint64_t i = 51; i <= 100; i++) {
        const struct sim_datagram d = gate_numbered(&request, i);
        entered += gate_enter(s, &d) == IPSEC_OK;
    }
    assert_int_equal(entered, 6);
    assert_false(gate_counters(B(s)).under_attack); /* it is only one */
    /* The others have all of theirs. */
    struct sim_datagram other = gate_numbered(&request, 200);
    gate_from(&other, "198.51.100.2");
    assert_int_equal(sim_inject(s, SIM_B, &other), IPSEC_OK);
    sim_free(s);
}

/* Somebody forges the address of a peer: the peer needs a cookie now, and that is all. */
static void sec_01_forged_requests_shut_nobody_out(void **state)
{
    struct sim *s = sim_new(4);
    ipsec_handle sa;

    (void)state;
    s->keep_sent = true;
    sim_start(s);
    s->cut = true;
    (void)sim_connect(s);
    const struct sim_datagram request = gate_request(s);
    (void)ipsec_ike_delete(A(s)->ike, sim_sa(A(s), 0), s->now);
    s->cut = false;
    sim_ladder_clear(s);
    for (uint64_t i = 1; i <= 10000; i++) {
        const struct sim_datagram d = gate_numbered(&request, i); /* from A's address */
        (void)sim_inject(s, SIM_B, &d);
        if (i % 100 == 0) {
            sim_run(s, 1);
        }
        if (i == 5000) {
            assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
        }
    }
    sim_run(s, 1000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    assert_int_equal(gate_counters(B(s)).cookies_accepted, 1);
    sim_run(s, 60000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Tables are full of sources that come and go: nothing but time is lost. */
static void sec_01_more_sources_than_places(void **state)
{
    struct sim *s = sim_new(5);
    uint64_t random = 9;

    (void)state;
    B(s)->config.source_max = 1;
    B(s)->config.cookie_threshold = 1;
    struct sim_datagram request = started(s);
    for (uint64_t i = 1; i <= 1000; i++) {
        struct sim_datagram d = gate_numbered(&request, i);
        gate_forge(&d, &random);
        const enum ipsec_status status = gate_enter(s, &d);
        assert_true(status == IPSEC_OK || status == IPSEC_DROP_FULL);
        s->now += 20;
    }
    assert_true(gate_counters(B(s)).half_open <= 6);
    assert_int_equal(gate_counters(B(s)).source_refused, 0);
    sim_free(s);
}

/* ---- failed authentications --------------------------------------------------------------------
 */

/* One attempt of A, as long as its first messages take. True: B let it in as far as IKE_AUTH. */
static bool attempt(struct sim *s)
{
    const uint32_t failed = B(s)->events[IPSEC_EVENT_FAILURE];
    const uint32_t up = B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED];
    ipsec_handle sa;

    sim_ladder_clear(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    sim_run(s, 500);
    const bool in = B(s)->events[IPSEC_EVENT_FAILURE] > failed ||
                    B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED] > up;
    if (B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED] == up) {
        (void)ipsec_ike_delete(A(s)->ike, sa, s->now); /* or it would go on by itself */
    }
    return in;
}

static struct sim *wrong_secret(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    A(s)->secret = "this is not the secret of B";
    sim_start(s);
    return s;
}

static void sec_01_repeated_failures_slow_a_source_down(void **state)
{
    static const uint32_t wait_ms[] = {2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct sim *s = wrong_secret(10);

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(attempt(s));
        assert_null(strstr(s->ladder, "N(COOKIE)"));
    }
    assert_int_equal(gate_counters(B(s)).source_penalties, 1);
    for (size_t i = 0; i < sizeof(wait_ms) / sizeof(wait_ms[0]); i++) {
        const uint64_t waits = gate_counters(B(s)).source_waits;
        const unsigned ke_calls = B(s)->crypto.ke_calls;
        assert_false(attempt(s));
        assert_non_null(strstr(s->ladder, "B IKE_SA_INIT response 0: N(COOKIE)\n"));
        assert_int_equal(gate_counters(B(s)).source_waits, waits + 1);
        assert_int_equal(B(s)->crypto.ke_calls, ke_calls); /* SEC-02 */
        sim_run(s, wait_ms[i] - 1500);
        assert_false(attempt(s));
        sim_run(s, 510);
        assert_true(attempt(s)); /* and it fails again */
        assert_non_null(strstr(s->ladder, "B IKE_SA_INIT response 0: N(COOKIE)\n"));
    }
    sim_free(s);
}

static void sec_01_a_right_authentication_ends_the_wait(void **state)
{
    struct sim *s = wrong_secret(11);

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(attempt(s));
    }
    assert_false(attempt(s));
    A(s)->secret = B(s)->secret;
    sim_run(s, 2000);
    assert_true(attempt(s));
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    /* Three more are forgiven, and no cookie is needed. */
    A(s)->secret = "wrong again";
    for (int i = 0; i < 3; i++) {
        assert_true(attempt(s));
        assert_null(strstr(s->ladder, "N(COOKIE)"));
    }
    assert_false(attempt(s));
    /* What is up does not wait: it rekeys. */
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
    sim_run(s, 1000);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_REKEYED], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void sec_01_failures_are_forgotten(void **state)
{
    struct sim *s = wrong_secret(12);

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(attempt(s));
    }
    assert_false(attempt(s));
    sim_run(s, 600000);
    assert_true(attempt(s));
    assert_null(strstr(s->ladder, "N(COOKIE)"));
    assert_true(attempt(s));
    sim_free(s);
}

static void sec_01_failures_never_count_when_told_so(void **state)
{
    struct sim *s = sim_new(13);

    (void)state;
    A(s)->secret = "this is not the secret of B";
    B(s)->config.source_failures = UINT32_MAX;
    sim_start(s);
    for (int i = 0; i < 20; i++) {
        assert_true(attempt(s));
    }
    assert_int_equal(gate_counters(B(s)).source_penalties, 0);
    sim_free(s);
}

/* Who has IKE_SA_INIT answered at its own address and then sends its bad IKE_AUTH from another: the
 * other does not pay for it. */
static void sec_01_a_failure_is_not_laid_on_another_address(void **state)
{
    struct sim *s = wrong_secret(14);
    ipsec_handle sa;

    (void)state;
    for (int i = 0; i < 5; i++) {
        s->keep_sent = true;
        s->kept = 0;
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
        s->held = true;
        while (s->kept == 0 || s->kept_datagram[s->kept - 1].octets[18] != 35) {
            assert_true(sim_deliver(s, 0)); /* until IKE_AUTH is out */
        }
        struct sim_datagram auth = s->kept_datagram[s->kept - 1];
        sim_drop(s, 0);
        gate_from(&auth, "198.51.100.77");
        assert_int_equal(sim_inject(s, SIM_B, &auth), IPSEC_OK);
        s->held = false;
        sim_run(s, 100);
        (void)ipsec_ike_delete(A(s)->ike, sa, s->now);
        sim_run(s, 30000); /* past what A has brought on itself */
    }
    assert_true(gate_counters(B(s)).source_penalties >= 2);
    /* The address it was sent from comes in as always; A's own needs a cookie. */
    s->cut = true;
    s->kept = 0;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    struct sim_datagram request = gate_request(s);
    assert_int_equal(sim_inject(s, SIM_B, &request), IPSEC_DROP_COOKIE);
    gate_from(&request, "198.51.100.77");
    assert_int_equal(sim_inject(s, SIM_B, &request), IPSEC_OK);
    sim_free(s);
}

/* What anybody can forge, first contacts that never come to IKE_AUTH and IKE_AUTH that does not
 * open, is no failure. */
static void sec_01_what_can_be_forged_is_no_failure(void **state)
{
    struct sim *s = sim_new(15);
    ipsec_handle sa;

    (void)state;
    s->keep_sent = true;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    while (s->kept < 3) {
        assert_true(sim_deliver(s, 0));
    }
    struct sim_datagram auth = s->kept_datagram[2];
    auth.octets[auth.length - 1] ^= 1;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(sim_inject(s, SIM_B, &auth), IPSEC_DROP_ICV);
    }
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(gate_counters(B(s)).source_penalties, 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sec_01_deviation_attack_half_open_of_one_source),
        cmocka_unit_test(sec_01_an_ipv6_64_is_one_source),
        cmocka_unit_test(sec_01_rate_of_one_source),
        cmocka_unit_test(sec_01_forged_requests_shut_nobody_out),
        cmocka_unit_test(sec_01_more_sources_than_places),
        cmocka_unit_test(sec_01_repeated_failures_slow_a_source_down),
        cmocka_unit_test(sec_01_a_right_authentication_ends_the_wait),
        cmocka_unit_test(sec_01_failures_are_forgotten),
        cmocka_unit_test(sec_01_failures_never_count_when_told_so),
        cmocka_unit_test(sec_01_a_failure_is_not_laid_on_another_address),
        cmocka_unit_test(sec_01_what_can_be_forged_is_no_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
