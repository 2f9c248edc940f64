/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE_AUTH with EAP: the rounds, the key, and every way to cheat or fail. RFC 7296 2.16, RFC 5998.
 */
#include "sim_test.h"

#include "ike_state.h"
#include "sim_craft.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define EAP_INIT                                                                                   \
    "A IKE_SA_INIT request 0: SA KE Ni " NATD " " FRAG " N(SIGNATURE_HASH_ALGORITHMS) V\n"         \
    "B IKE_SA_INIT response 0: SA KE Nr " NATD " " FRAG " N(SIGNATURE_HASH_ALGORITHMS) V\n"

static void assert_nothing_left(struct sim *s)
{
    assert_int_equal(sim_sa(A(s), 0), 0);
    assert_int_equal(sim_sa(B(s), 0), 0);
    assert_int_equal(sim_sink_count(A(s)) + sim_sink_count(B(s)), 0);
}

static void auth_26_auth_28_two_rounds_and_the_key(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    sim_eap(s, 2, false);
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, EAP_INIT
                      "A IKE_AUTH request 1: SK{IDi N(INITIAL_CONTACT) CERTREQ IDr SA TSi TSr}\n"
                      "B IKE_AUTH response 1: SK{IDr CERT AUTH EAP}\n"
                      "A IKE_AUTH request 2: SK{EAP}\n"
                      "B IKE_AUTH response 2: SK{EAP}\n"
                      "A IKE_AUTH request 3: SK{EAP}\n"
                      "B IKE_AUTH response 3: SK{EAP}\n"
                      "A IKE_AUTH request 4: SK{AUTH}\n"
                      "B IKE_AUTH response 4: SK{AUTH SA TSi TSr}\n");
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* RFC 5998: the responder shows no certificate; the key of the method proves both ends. */
static void eap_alone(void **state)
{
    struct sim *s = sim_new(2);

    (void)state;
    sim_eap(s, 1, true);
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R
                         "A IKE_AUTH request 1: SK{IDi N(INITIAL_CONTACT) IDr SA TSi TSr "
                         "N(EAP_ONLY_AUTHENTICATION)}\n"
                         "B IKE_AUTH response 1: SK{IDr EAP}\n"
                         "A IKE_AUTH request 2: SK{EAP}\n"
                         "B IKE_AUTH response 2: SK{EAP}\n"
                         "A IKE_AUTH request 3: SK{AUTH}\n"
                         "B IKE_AUTH response 3: SK{AUTH SA TSi TSr}\n");
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* A method without a key will do when the server has a certificate (AUTH-28), and not alone. */
static void auth_28_a_method_without_a_key(void **state)
{
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        struct sim *s = sim_new(3);
        sim_eap(s, 1, alone != 0);
        A(s)->eap_key = B(s)->eap_key = 0;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 1000);
        if (alone == 0) {
            sim_assert_agree(s, 1, 1);
        } else {
            assert_nothing_left(s);
            assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        }
        sim_free(s);
    }
}

/* Both ends say the method succeeded, with other keys: somebody is between them. */
static void auth_28_keys_that_differ(void **state)
{
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        struct sim *s = sim_new(4);
        sim_eap(s, 1, alone != 0);
        A(s)->eap_secret = 1;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 40000);
        assert_nothing_left(s);
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        sim_free(s);
    }
}

static void auth_27_cve_2021_45079_success_before_the_method_is_through(void **state)
{
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        struct sim *s = sim_new(5);
        sim_eap(s, 3, alone != 0);
        B(s)->eap_quirk = SIM_EAP_EARLY;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 40000);
        assert_nothing_left(s);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_LOCAL);
        sim_free(s);
    }
}

static void methods_that_fail(void **state)
{
    static const enum sim_eap_quirk quirks[] = {SIM_EAP_REFUSES, SIM_EAP_BREAKS, SIM_EAP_GARBAGE};

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct sim *s = sim_new(6);
        if (i % 2 == 0 && quirks[i / 2] == SIM_EAP_REFUSES) {
            sim_free(s);
            continue; /* only a server's method sends Failure */
        }
        sim_eap(s, 2, false);
        s->nodes[i % 2].eap_quirk = quirks[i / 2];
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 40000);
        assert_nothing_left(s);
        assert_true(s->nodes[i % 2].has_failure);
        assert_int_equal(s->nodes[i % 2].failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        sim_free(s);
    }
}

/* No AUTH where no EAP is configured, AUTH where EAP is, and an end without the callback. */
static void auth_26_ends_that_do_not_agree_on_eap(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct sim *s = sim_new(7);
        sim_eap(s, 1, false);
        if (i == 0) {
            B(s)->peer.remote_auth = IPSEC_AUTH_PSK;
        } else if (i == 1) {
            A(s)->peer.local_auth = IPSEC_AUTH_PSK;
        } else {
            s->nodes[i - 2].speaks_eap = false;
            sim_node_callbacks(&s->nodes[i - 2]);
        }
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 40000);
        assert_nothing_left(s);
        assert_int_equal(s->nodes[i == 2 ? SIM_A : SIM_B].failure.cause,
                         IPSEC_CAUSE_AUTHENTICATION);
        sim_free(s);
    }
}

/* AUTH-28: a server with a bad certificate never sees a credential of ours. */
static void auth_28_cve_2015_4171_the_server_comes_first(void **state)
{
    struct sim *s = sim_new(8);

    (void)state;
    sim_eap(s, 1, false);
    A(s)->auth.trust.issuer = 8;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 40000);
    assert_nothing_left(s);
    assert_int_equal(A(s)->eap_seen, 0);
    assert_int_equal(A(s)->failure.cert_problem, IPSEC_CERT_UNTRUSTED);
    sim_free(s);
}

static void answers_that_take_their_time(void **state)
{
    struct sim *s = sim_new(9);
    ipsec_handle sa;

    (void)state;
    sim_eap(s, 3, false);
    A(s)->pend_eap = B(s)->pend_eap = true;
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int i = 0; i < 40; i++) {
        sim_run(s, 700);
        sim_answer(A(s), IPSEC_OK);
        sim_answer(B(s), IPSEC_OK);
    }
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* A half-open SA may take half_open_ms for each round, not for all of them. */
static void every_round_has_its_time(void **state)
{
    struct sim *s = sim_new(10);
    ipsec_handle sa;

    (void)state;
    sim_eap(s, 4, false);
    A(s)->pend_eap = true;
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int i = 0; i < 6; i++) {
        sim_run(s, 20000);
        sim_answer(A(s), IPSEC_OK);
    }
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Eight messages of four rounds, every pattern of losses among them. */
static void every_loss_is_made_good(void **state)
{
    (void)state;
    for (uint64_t mask = 0; mask < 1024; mask++) {
        struct sim *s = sim_new(11);
        sim_eap(s, 2, true);
        A(s)->config.retransmit_max = 20;
        A(s)->config.retransmit_factor_percent = 100;
        s->loss_mask = mask;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 60000);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* AUTH-34, CVE-2014-2338: nothing but IKE_AUTH between the rounds. */
static void auth_34_no_other_exchange_between_the_rounds(void **state)
{
    struct sim *s = sim_new(12);
    ipsec_handle sa;

    (void)state;
    sim_eap(s, 2, true);
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int i = 0; i < 4; i++) {
        assert_true(sim_deliver(s, 0));
    }
    /* B waits for the second round; what A could be made to send otherwise is not worked on. */
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sa, s->now), IPSEC_ERR_STATE);
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sa, s->now), IPSEC_ERR_STATE);
    assert_int_equal(sim_sink_count(A(s)) + sim_sink_count(B(s)), 0);
    s->held = false;
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* RFC 7296 2.21.2: an initiator that does not accept the responder's proof may say so. */
static void auth_34_the_client_gives_up_between_the_rounds(void **state)
{
    static struct sim_datagram d;
    static const uint8_t failed[] = {0, 0, 0, 8, 0, 0, 0, 24};
    static const uint8_t other[] = {0, 0, 0, 8, 0, 0, 0, 7};
    const struct sim_craft what = {.exchange = 37, .first = 41, .chain = {failed, sizeof(failed)}};
    struct sim_craft else_what = what;
    struct sim *s = sim_new(14);

    (void)state;
    sim_eap(s, 2, true);
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    for (int i = 0; i < 4; i++) {
        assert_true(sim_deliver(s, 0));
    }
    else_what.chain.data = other;
    assert_true(sim_craft(B(s), &else_what, &d));
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_EXCHANGE);
    assert_int_not_equal(sim_sa(B(s), 0), 0);
    assert_true(sim_craft(B(s), &what, &d));
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
    assert_int_equal(sim_sa(B(s), 0), 0);
    assert_int_equal(B(s)->failure.phase, IPSEC_PHASE_IKE_AUTH);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(B(s)->failure.refused_by, IPSEC_REFUSED_PEER);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    assert_int_equal(B(s)->ike->handshakes.used, 0);
    sim_free(s);
}

/* Afterwards it is an IKE SA like any other. */
static void lives_on_like_any_other(void **state)
{
    struct sim *s = sim_new(13);

    (void)state;
    sim_eap(s, 2, false);
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sa, s->now), IPSEC_OK);
    sim_run(s, 5000);
    assert_int_equal(
        ipsec_ike_rekey_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), 0, s->now),
        IPSEC_OK);
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_26_auth_28_two_rounds_and_the_key),
        cmocka_unit_test(eap_alone),
        cmocka_unit_test(auth_28_a_method_without_a_key),
        cmocka_unit_test(auth_28_keys_that_differ),
        cmocka_unit_test(auth_27_cve_2021_45079_success_before_the_method_is_through),
        cmocka_unit_test(methods_that_fail),
        cmocka_unit_test(auth_26_ends_that_do_not_agree_on_eap),
        cmocka_unit_test(auth_28_cve_2015_4171_the_server_comes_first),
        cmocka_unit_test(answers_that_take_their_time),
        cmocka_unit_test(every_round_has_its_time),
        cmocka_unit_test(every_loss_is_made_good),
        cmocka_unit_test(auth_34_no_other_exchange_between_the_rounds),
        cmocka_unit_test(auth_34_the_client_gives_up_between_the_rounds),
        cmocka_unit_test(lives_on_like_any_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
