/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers to who sends requests that belong to no IKE SA, or of another version; and answers of the
 * peer that hold what nobody knows. RFC 7296 1.5, 2.5, 2.21.4.
 */
#include "gate_kit.h"
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define VERSION_AT  17
#define EXCHANGE_AT 18
#define FLAGS_AT    19
#define LENGTH_AT   24
#define INITIATOR   0x08
#define RESPONSE    0x20

/* Up, with answers to strays as by default. */
static struct sim *up(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    A(s)->config.stray_answers_per_s = B(s)->config.stray_answers_per_s = 0;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    sim_ladder_clear(s);
    return s;
}

/* A's probe, to be changed. */
static struct sim_datagram probe(struct sim *s)
{
    s->held = true;
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    s->keep_sent = true;
    return *sim_flying(s);
}

static struct sim_datagram of_nobody(struct sim *s)
{
    struct sim_datagram d = probe(s);

    memset(d.octets, 0x77, 8);
    memset(d.octets + 8, 0x99, 8);
    return d;
}

/* What B sends to it: NULL: nothing. It keeps nothing of it, either. */
static const struct sim_datagram *answer_to(struct sim *s, const struct sim_datagram *d,
                                            enum ipsec_status status)
{
    const uint64_t digest = sim_digest(B(s));

    s->kept = 0;
    assert_int_equal(sim_inject(s, SIM_B, d), status);
    assert_true(sim_digest(B(s)) == digest);
    assert_true(s->kept <= 1);
    return s->kept == 0 ? NULL : &s->kept_datagram[0];
}

/* A header that mirrors the request's, and a notify of the type and nothing else. */
static void assert_hint(const struct sim_datagram *d, const struct sim_datagram *request,
                        uint8_t type)
{
    const uint8_t notify[] = {0, 0, 0, 8, 0, 0, 0, type};

    assert_non_null(d);
    assert_int_equal(d->length, 36);
    assert_memory_equal(d->octets, request->octets, 16);
    assert_int_equal(d->octets[16], 41);
    assert_int_equal(d->octets[VERSION_AT], 0x20);
    assert_int_equal(d->octets[EXCHANGE_AT], request->octets[EXCHANGE_AT]);
    assert_int_equal(d->octets[FLAGS_AT], RESPONSE | (~request->octets[FLAGS_AT] & INITIATOR));
    assert_memory_equal(d->octets + 20, request->octets + 20, 4);
    assert_memory_equal(d->octets + 28, notify, sizeof(notify));
    assert_true(d->remote.port == request->local.port && d->local.port == request->remote.port);
}

/* ---- versions ----------------------------------------------------------------------------------
 */

static void ver_02_ver_03_later_major_versions_are_told_ours(void **state)
{
    struct sim *s = up(1);
    struct sim_datagram d = probe(s);

    (void)state;
    for (unsigned major = 0; major < 16; major++) {
        d.octets[VERSION_AT] = (uint8_t)(major << 4 | 3);
        for (int first_contact = 0; first_contact < 2 && major != 2; first_contact++) {
            struct sim_datagram request = d;
            request.octets[EXCHANGE_AT] = first_contact ? 34 : 37;
            const struct sim_datagram *a = answer_to(s, &request, IPSEC_DROP_VERSION);
            if (major > 2) {
                assert_hint(a, &request, 5); /* INVALID_MAJOR_VERSION */
            } else {
                assert_null(a); /* IKEv1 has no such answer */
            }
            s->now += 1000;
        }
    }
    sim_free(s);
}

static void ver_02_info_16_no_answer_to_answers_nor_to_stubs(void **state)
{
    struct sim *s = up(2);
    struct sim_datagram d = probe(s);

    (void)state;
    d.octets[VERSION_AT] = 0x30;
    d.octets[FLAGS_AT] |= RESPONSE;
    assert_null(answer_to(s, &d, IPSEC_DROP_VERSION));
    d.octets[FLAGS_AT] &= (uint8_t)~RESPONSE;
    const uint32_t length = d.length;
    for (d.length = 28; d.length < 36; d.length++) { /* it would get more than it sent */
        assert_null(answer_to(s, &d, IPSEC_DROP_VERSION));
    }
    for (d.length = 0; d.length < 28; d.length++) {
        assert_null(answer_to(s, &d, IPSEC_DROP_TRUNCATED));
    }
    d.length = length;
    assert_hint(answer_to(s, &d, IPSEC_DROP_VERSION), &d, 5);
    sim_free(s);
}

/* ---- SPIs --------------------------------------------------------------------------------------
 */

static void info_15_requests_of_no_ike_sa(void **state)
{
    struct sim *s = up(3);
    struct sim_datagram d = of_nobody(s);

    (void)state;
    for (unsigned exchange = 0; exchange < 256; exchange++) {
        if (exchange == 34) {
            continue; /* a first contact is another matter */
        }
        d.octets[EXCHANGE_AT] = (uint8_t)exchange;
        for (int from_initiator = 0; from_initiator < 2; from_initiator++) {
            d.octets[FLAGS_AT] = from_initiator ? INITIATOR : 0;
            const struct sim_datagram *a = answer_to(s, &d, IPSEC_DROP_SPI);
            if (exchange >= 35 && exchange <= 37) {
                assert_hint(a, &d, 4); /* INVALID_IKE_SPI */
            } else {
                assert_null(a); /* VER-07 */
            }
            d.octets[FLAGS_AT] |= RESPONSE;
            assert_null(answer_to(s, &d, IPSEC_DROP_SPI)); /* INFO-16 */
        }
        s->now += 1000;
    }
    sim_free(s);
}

/* In clear nobody asks anything of an IKE SA; it may be a hint itself. */
static void info_16_no_answer_to_what_is_in_clear(void **state)
{
    struct sim *s = up(4);
    struct sim_datagram d = of_nobody(s);

    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        d.octets[16] = (uint8_t)first;
        const struct sim_datagram *a = answer_to(s, &d, IPSEC_DROP_SPI);
        if (first == 46 || first == 53) {
            assert_hint(a, &d, 4);
        } else {
            assert_null(a);
        }
        s->now += 1000;
    }
    sim_free(s);
}

static void sec_01_info_15_answers_are_rate_limited(void **state)
{
    struct sim *s = up(5);
    const struct sim_datagram nobody = of_nobody(s);
    struct sim_datagram version = nobody;
    uint32_t answers = 0;

    (void)state;
    version.octets[VERSION_AT] = 0x30;
    for (int i = 0; i < 1000; i++) {
        answers += answer_to(s, &nobody, IPSEC_DROP_SPI) != NULL;
        answers += answer_to(s, &version, IPSEC_DROP_VERSION) != NULL;
    }
    assert_int_equal(answers, 10);
    for (int i = 0; i < 5000; i++) {
        s->now += 1;
        answers += answer_to(s, &nobody, IPSEC_DROP_SPI) != NULL;
    }
    assert_int_equal(answers, 60);
    assert_int_equal(gate_counters(B(s)).stray_answers, 60);
    sim_free(s);
}

static void info_15_none_when_told_so(void **state)
{
    struct sim *s = sim_new(6);

    (void)state;
    B(s)->config.stray_answers_per_s = IPSEC_STRAY_ANSWERS_OFF;
    sim_start(s);
    (void)sim_connect(s);
    struct sim_datagram d = of_nobody(s);
    assert_null(answer_to(s, &d, IPSEC_DROP_SPI));
    d.octets[VERSION_AT] = 0x30;
    assert_null(answer_to(s, &d, IPSEC_DROP_VERSION));
    sim_free(s);
}

/* One end has forgotten the IKE SA: the other asks, is told, and believes nothing of it (INFO-11).
 * Each of its tries gets one answer, and the answers none. */
static void info_11_info_15_info_16_no_loop(void **state)
{
    struct sim *s = up(7);

    (void)state;
    assert_int_equal(ipsec_ike_forget_peer(B(s)->ike, &B(s)->peer, s->now), IPSEC_OK);
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    const uint32_t sent = s->sent;
    sim_run(s, 30000);
    assert_int_not_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
    assert_int_equal(sim_sink_count(A(s)), 1);
    sim_run(s, 300000);
    assert_int_equal(sim_sa(A(s), 0), 0); /* by its own timer */
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_TIMEOUT);
    assert_int_equal(gate_counters(B(s)).stray_answers, 6);
    assert_true(s->sent - sent <= 12);
    assert_int_equal(gate_counters(A(s)).stray_answers, 0);
    sim_free(s);
}

/* ---- answers with what nobody knows ------------------------------------------------------------
 */

static const struct sim_edit unknown_critical = {.kind = SIM_EDIT_LAST, .type = 200, .flags = 0x80};

/* CRIT-03: the exchange has failed and that is reported; the SA, whose peer has answered under its
 * keys, stays. */
static void crit_03_unknown_critical_in_the_answer_to_a_probe(void **state)
{
    struct sim *s = up(8);

    (void)state;
    (void)probe(s);
    assert_true(sim_deliver(s, 0));
    sim_edit(sim_flying(s), &unknown_critical);
    assert_true(sim_deliver(s, 0));
    assert_true(A(s)->has_failure);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_PROTOCOL);
    s->held = false;
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void crit_03_unknown_critical_in_the_answer_to_a_delete(void **state)
{
    for (int ike = 0; ike < 2; ike++) {
        struct sim *s = up(9);
        (void)state;
        s->held = true;
        if (ike) {
            assert_int_equal(ipsec_ike_delete(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
        } else {
            assert_int_equal(ipsec_ike_delete_child(
                                 A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), s->now),
                             IPSEC_OK);
        }
        assert_true(sim_deliver(s, 0));
        sim_edit(sim_flying(s), &unknown_critical);
        s->held = false;
        sim_run(s, 1000);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_PROTOCOL);
        sim_assert_agree(s, ike ? 0 : 1, 0);
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ver_02_ver_03_later_major_versions_are_told_ours),
        cmocka_unit_test(ver_02_info_16_no_answer_to_answers_nor_to_stubs),
        cmocka_unit_test(info_15_requests_of_no_ike_sa),
        cmocka_unit_test(info_16_no_answer_to_what_is_in_clear),
        cmocka_unit_test(sec_01_info_15_answers_are_rate_limited),
        cmocka_unit_test(info_15_none_when_told_so),
        cmocka_unit_test(info_11_info_15_info_16_no_loop),
        cmocka_unit_test(crit_03_unknown_critical_in_the_answer_to_a_probe),
        cmocka_unit_test(crit_03_unknown_critical_in_the_answer_to_a_delete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
