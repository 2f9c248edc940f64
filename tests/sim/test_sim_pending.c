/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions answered later and jobs done later: duplicates meanwhile, the SA gone meanwhile,
 * answers nobody waits for. RFC 7296 2.1, 2.5 (nothing is done twice).
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

static uint32_t drops(struct sim_node *n, enum ipsec_status status)
{
    struct ipsec_ike_counters counters;

    ipsec_ike_counters(n->ike, &counters);
    return (uint32_t)counters.drops[ipsec_drop_index(status)];
}

/* The responder's two questions about the peer and the one about the secret take seven seconds
 * each; the initiator repeats its requests meanwhile. */
static void questions_are_answered_later(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    B(s)->pend_peer = B(s)->pend_secret = true;
    sim_start(s);
    (void)sim_connect(s);
    for (int question = 0; question < 3; question++) {
        sim_run(s, 7000);
        assert_int_equal(B(s)->question_count, 1);
        sim_answer(B(s), IPSEC_OK);
    }
    sim_run(s, 100);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    assert_int_equal(B(s)->crypto.ke_calls, 1);
    assert_true(drops(B(s), IPSEC_DROP_DUPLICATE) >= 4);
    sim_run(s, 10000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void the_initiators_secret_comes_later(void **state)
{
    struct sim *s = sim_new(2);

    (void)state;
    A(s)->pend_secret = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 20000);
    assert_int_equal(A(s)->question_count, 1);
    sim_answer(A(s), IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_ladder(s, SET_UP);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* A question that is never answered ends the attempt, and a late answer finds nobody. */
static void the_initiators_secret_never_comes(void **state)
{
    struct sim *s = sim_new(2);

    (void)state;
    A(s)->pend_secret = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 60000);
    assert_int_equal(A(s)->question_count, 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 1);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* Refused later is as good as refused at once. */
static void auth_09_refused_later(void **state)
{
    struct sim *s = sim_new(3);

    (void)state;
    B(s)->pend_secret = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_answer(B(s), IPSEC_ERR_NOT_FOUND);
    sim_run(s, 1000);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R
                         "A IKE_AUTH request 1: " AUTH_I
                         "B IKE_AUTH response 1: SK{N(AUTHENTICATION_FAILED)}\n");
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void auth_09_cve_2024_2357_no_secret_for_the_initiator(void **state)
{
    struct sim *s = sim_new(4);

    (void)state;
    A(s)->pend_secret = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_answer(A(s), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(sim_sa(A(s), 0), 0);
    sim_run(s, 60000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* An answer after the half-open SA has timed out: nobody waits for it, nothing happens. */
static void stale_answers(void **state)
{
    struct sim *s = sim_new(5);
    struct ipsec_answer answer = {.status = IPSEC_OK};

    (void)state;
    B(s)->pend_peer = true;
    B(s)->config.retransmit_max = 1;
    A(s)->config.retransmit_max = 1;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(B(s)->question_count, 1);
    const uint32_t token = B(s)->question[0].token;
    sim_run(s, 300000);
    assert_int_equal(sim_sa(B(s), 0), 0);
    answer.peer = &B(s)->peer;
    assert_int_equal(ipsec_ike_answer(B(s)->ike, token, &answer, s->now), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_ike_answer(B(s)->ike, token + 77, &answer, s->now), IPSEC_ERR_STALE);
    answer.status = IPSEC_PENDING;
    assert_int_equal(ipsec_ike_answer(B(s)->ike, token, &answer, s->now), IPSEC_ERR_ARGUMENT);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* ---- jobs --------------------------------------------------------------------------------------
 */

static void run_jobs(struct sim *s, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        sim_run(s, 1000);
        (void)sim_job_done(A(s));
        (void)sim_job_done(B(s));
    }
}

static void jobs_are_done_later(void **state)
{
    struct sim *s = sim_new(6);

    (void)state;
    A(s)->take_jobs = B(s)->take_jobs = true;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(s->sent, 0); /* the key exchange itself is a job */
    run_jobs(s, 10);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(
        ipsec_ike_rekey_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), 0, s->now),
        IPSEC_OK);
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
    run_jobs(s, 30);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* A copy of a request that is being worked on is dropped and counted, not worked on again. */
static void msgid_03_duplicates_while_a_job_is_out(void **state)
{
    struct sim *s = sim_new(7);

    (void)state;
    B(s)->take_jobs = true;
    s->double_percent = 100;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 6000);
    assert_int_equal(B(s)->job_count, 1);
    assert_true(drops(B(s), IPSEC_DROP_DUPLICATE) >= 3);
    assert_int_equal(sim_job_done(B(s)), IPSEC_OK);
    sim_run(s, 10000);
    assert_int_equal(B(s)->crypto.ke_calls, 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* CVE-2023-30570 and the like: the SA is deleted while a job of it is out. The slot waits for the
 * job, and is free afterwards. */
static void delete_while_a_job_is_out(void **state)
{
    struct sim *s = sim_new(8);
    struct ipsec_ike_counters counters;

    (void)state;
    A(s)->take_jobs = true;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    assert_int_equal(A(s)->job_count, 1);
    assert_int_equal(ipsec_ike_delete(A(s)->ike, sa, s->now), IPSEC_OK);
    assert_int_equal(sim_sa(A(s), 0), 0);
    ipsec_ike_counters(A(s)->ike, &counters);
    assert_int_equal(counters.handshakes, 1);
    assert_int_equal(sim_job_done(A(s)), IPSEC_OK);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void peer_closes_while_a_rekey_job_is_out(void **state)
{
    struct sim *s = sim_up(9);

    (void)state;
    B(s)->take_jobs = true;
    assert_int_equal(
        ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now),
        IPSEC_OK);
    sim_run(s, 100);
    assert_int_equal(B(s)->job_count, 1);
    assert_int_equal(ipsec_ike_delete(B(s)->ike, sim_sa(B(s), 0), s->now), IPSEC_OK);
    sim_run(s, 5000);
    assert_int_equal(sim_sa(A(s), 0), 0);
    assert_int_equal(sim_job_done(B(s)), IPSEC_OK);
    sim_run(s, 5000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void a_job_is_handed_back_twice(void **state)
{
    struct sim *s = sim_new(10);

    (void)state;
    A(s)->take_jobs = true;
    sim_start(s);
    (void)sim_connect(s);
    struct ipsec_job *job = A(s)->job[0];
    assert_int_equal(sim_job_done(A(s)), IPSEC_OK);
    assert_int_equal(ipsec_ike_job_done(A(s)->ike, job, s->now), IPSEC_ERR_ARGUMENT);
    A(s)->take_jobs = false;
    sim_run(s, 3000);
    run_jobs(s, 3);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- callbacks that call back ------------------------------------------------------------------
 */

static enum ipsec_status reentry_status;

static void calls_back(void *user, struct ipsec_packet *datagram)
{
    struct sim_node *n = user;
    ipsec_handle sa;

    reentry_status = ipsec_ike_initiate(n->ike, &n->peer, n->sim->now, &sa);
    sim_send(n->sim, n->index, datagram);
}

static void reentry_is_refused(void **state)
{
    struct sim *s = sim_new(11);

    (void)state;
    A(s)->config.callbacks.send = calls_back;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(reentry_status, IPSEC_ERR_REENTRY);
    sim_assert_ladder(s, SET_UP);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* A clock that steps back stands still until it has caught up. */
static void clock_steps_back(void **state)
{
    struct sim *s = sim_up(12);
    struct ipsec_ike_counters counters;

    (void)state;
    const ipsec_ms deadline = ipsec_ike_deadline(A(s)->ike);
    ipsec_ike_expire(A(s)->ike, s->now - 500000);
    ipsec_ike_counters(A(s)->ike, &counters);
    assert_true(counters.clock_stepped_back >= 1);
    assert_int_equal(ipsec_ike_deadline(A(s)->ike), deadline);
    assert_true((A(s)->warnings & 1u << IPSEC_WARNING_CLOCK) != 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Lateness by any amount is correct: a month later both notice that the other is gone. */
static void very_late(void **state)
{
    struct sim *s = sim_up(13);

    (void)state;
    s->now += (ipsec_ms)30 * 24 * 3600 * 1000;
    sim_run(s, 1000);
    sim_run(s, 300000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_answered_later),
        cmocka_unit_test(the_initiators_secret_comes_later),
        cmocka_unit_test(the_initiators_secret_never_comes),
        cmocka_unit_test(auth_09_refused_later),
        cmocka_unit_test(auth_09_cve_2024_2357_no_secret_for_the_initiator),
        cmocka_unit_test(stale_answers),
        cmocka_unit_test(jobs_are_done_later),
        cmocka_unit_test(msgid_03_duplicates_while_a_job_is_out),
        cmocka_unit_test(delete_while_a_job_is_out),
        cmocka_unit_test(peer_closes_while_a_rekey_job_is_out),
        cmocka_unit_test(a_job_is_handed_back_twice),
        cmocka_unit_test(reentry_is_refused),
        cmocka_unit_test(clock_steps_back),
        cmocka_unit_test(very_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
