/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits of following redirects (RFC 5685): loops, room, and gateways that have a name.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define SUPPORTED "N(REDIRECT_SUPPORTED)"
#define FROM      SUPPORTED " N(REDIRECTED_FROM)"
#define ASK_FROM  "A IKE_SA_INIT request 0: SA KE Ni " NATD " " FRAG " " FROM " V\n"
#define ANSWER    "B IKE_SA_INIT response 0: " INIT_R
#define AUTHS     "A IKE_AUTH request 1: " AUTH_I "B IKE_AUTH response 1: " AUTH_R

/* ---- loops -------------------------------------------------------------------------------------
 */

static void five_redirects_in_five_minutes_are_enough(void **state)
{
    (void)state;
    for (int in_auth = 0; in_auth < 2; in_auth++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
        B(s)->redirects.init = in_auth ? NULL : GATE_2;
        B(s)->redirects.auth = in_auth ? GATE_2 : NULL;
        sim_start(s);
        ipsec_handle sa = 0;
        (void)sim_connect(s);
        sim_run(s, 4000);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 5);
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_POLICY);
        assert_int_equal(A(s)->failure.status, IPSEC_ERR_AGAIN);
        assert_int_equal(A(s)->failure.attempts, 5);
        assert_non_null(strstr(A(s)->failure_text, "it looks like a loop"));
        assert_int_equal(A(s)->last_reason, IPSEC_REASON_FAILURE);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 6);
        sim_assert_agree(s, 0, 0);
        /* at once again: none is followed; when the first of them is old enough, one is */
        sim_run(s, 300000 - 6000);
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
        sim_run(s, 3000);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 5);
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 2);
        B(s)->redirects.only_at = GATE_1;
        sim_run(s, 3000);
        (void)sim_connect(s);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 6);
        redirect_assert_at(s, GATE_2);
        sim_free(s);
    }
}

static void a_loop_leaves_an_established_sa_alone(void **state)
{
    struct sim *s = redirect_up(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], i);
        assert_int_equal(redirect_to(s, i % 2 == 0 ? GATE_2 : GATE_1), IPSEC_OK);
        sim_run(s, 1000);
    }
    assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 5);
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_ESTABLISHED);
    assert_true(A(s)->failure.authenticated);
    assert_non_null(strstr(A(s)->failure_text, "The IKE SA stays where it is"));
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

static void what_is_remembered_goes_with_the_peer(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);

    (void)state;
    B(s)->redirects.init = GATE_2;
    sim_start(s);
    for (unsigned i = 1; i <= 2; i++) {
        (void)sim_connect(s);
        sim_run(s, 4000);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 5 * i);
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], i);
        assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
    }
    sim_free(s);
}

static void assert_no_room(const struct sim_node *node, enum ipsec_phase phase)
{
    assert_true(node->has_failure);
    assert_int_equal(node->failure.cause, IPSEC_CAUSE_RESOURCE);
    assert_int_equal(node->failure.status, IPSEC_ERR_FULL);
    assert_int_equal(node->failure.phase, phase);
    assert_int_equal(node->failure.refused_by, IPSEC_REFUSED_LOCAL);
    assert_non_null(strstr(node->failure_text, "sends us to another gateway"));
    assert_non_null(strstr(node->failure_text, GATE_2));
    assert_non_null(strstr(node->failure_text, "redirect_max"));
}

static void no_room_to_remember(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
    struct ipsec_peer other;
    ipsec_handle sa = 0;

    (void)state;
    A(s)->config.redirect_max = 1;
    B(s)->redirects.init = GATE_2;
    B(s)->redirects.only_at = GATE_1;
    sim_start(s);
    other = A(s)->peer;
    (void)sim_connect(s);
    redirect_assert_at(s, GATE_2);
    const unsigned closed = A(s)->events[IPSEC_EVENT_IKE_CLOSED];
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &other, s->now, &sa), IPSEC_OK);
    sim_run(s, 1000);
    assert_no_room(A(s), IPSEC_PHASE_IKE_SA_INIT);
    assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], closed); /* it was no proof: it waits */
    sim_run(s, 3000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], closed + 1);
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_FAILURE);
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1); /* and is reported once */
    redirect_assert_at(s, GATE_2);                          /* the first is what it was */
    /* five minutes later the place is free */
    sim_run(s, 300000);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &other, s->now, &sa), IPSEC_OK);
    sim_run(s, 1000);
    assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 2);
    sim_free(s);
}

/* Who can not be followed for want of room has not sent us away. */
static void no_room_for_another_ike_sa(void **state)
{
    (void)state;
    for (int in_auth = 0; in_auth < 2; in_auth++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
        A(s)->config.sa_max = 1;
        B(s)->redirects.init = in_auth ? NULL : GATE_2;
        B(s)->redirects.auth = in_auth ? GATE_2 : NULL;
        sim_start(s);
        (void)sim_connect(s);
        assert_no_room(A(s), in_auth ? IPSEC_PHASE_IKE_AUTH : IPSEC_PHASE_IKE_SA_INIT);
        assert_int_equal(A(s)->failure.authenticated, in_auth != 0);
        sim_run(s, 3000);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 0);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 1);
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
        assert_int_equal(A(s)->last_reason, IPSEC_REASON_FAILURE);
        sim_assert_agree(s, 0, 0);
        sim_free(s);
    }
}

static void an_established_sa_without_room_stays(void **state)
{
    (void)state;
    for (int handshakes = 0; handshakes < 2; handshakes++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_AUTHENTICATED);
        struct ipsec_peer other;
        ipsec_handle sa = 0;
        A(s)->config.sa_max = handshakes ? 4 : 1;
        A(s)->config.handshake_max = handshakes ? 1 : 0;
        sim_start(s);
        (void)sim_connect(s);
        if (handshakes) { /* the only one waits for an answer */
            other = A(s)->peer;
            assert_int_equal(ipsec_ike_initiate(A(s)->ike, &other, s->now, &sa), IPSEC_OK);
        }
        assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
        sim_run(s, 1000);
        assert_no_room(A(s), IPSEC_PHASE_ESTABLISHED);
        assert_true(A(s)->failure.authenticated);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 0);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 0);
        sim_free(s);
    }
}

/* ---- names -------------------------------------------------------------------------------------
 */

#define NAME "vpn2.example.net"

static struct sim *named(bool in_auth)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);

    B(s)->redirects.init = in_auth ? NULL : NAME;
    B(s)->redirects.auth = in_auth ? NAME : NULL;
    B(s)->redirects.only_at = GATE_1;
    A(s)->redirects.address = GATE_2;
    return s;
}

static void a_name_is_asked_for_once(void **state)
{
    char text[IPSEC_ID_TEXT_MAX];

    (void)state;
    for (int in_auth = 0; in_auth < 2; in_auth++) {
        struct sim *s = named(in_auth != 0);
        B(s)->config.cookie_threshold = 1; /* IKE_SA_INIT is sent twice */
        sim_start(s);
        (void)sim_connect(s);
        assert_int_equal(A(s)->redirects.resolved, 1);
        assert_int_equal(A(s)->redirects.family, IPSEC_FAMILY_IPV4);
        ipsec_id_text(&A(s)->redirects.name, text, sizeof(text));
        assert_string_equal(text, NAME);
        redirect_assert_followed(A(s), in_auth ? IPSEC_PHASE_IKE_AUTH : IPSEC_PHASE_IKE_SA_INIT,
                                 GATE_1, NAME);
        redirect_assert_at(s, GATE_2);
        sim_free(s);
    }
}

static void a_name_that_takes_long(void **state)
{
    (void)state;
    for (int in_auth = 0; in_auth < 2; in_auth++) {
        struct sim *s = named(in_auth != 0);
        A(s)->redirects.pend = true;
        sim_start(s);
        (void)sim_connect(s);
        sim_ladder_clear(s);
        sim_run(s, 20000);
        sim_assert_ladder(s, "");
        assert_int_equal(A(s)->question_count, 1);
        sim_answer(A(s), IPSEC_OK);
        sim_run(s, 1000);
        sim_assert_ladder(s, ASK_FROM ANSWER AUTHS);
        redirect_assert_at(s, GATE_2);
        sim_free(s);
    }
}

static void a_name_that_is_not_found(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct sim *s = named(false);
        A(s)->redirects.pend = how > 0;
        A(s)->redirects.address = NULL;
        sim_start(s);
        (void)sim_connect(s);
        if (how == 1) {
            sim_answer(A(s), IPSEC_ERR_NOT_FOUND);
        } else if (how == 2) {
            assert_false(A(s)->has_failure);
            sim_run(s, 31000); /* nobody ever answers */
        }
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_POLICY);
        assert_int_equal(A(s)->failure.status, IPSEC_ERR_NOT_FOUND);
        assert_non_null(strstr(A(s)->failure_text, NAME));
        assert_non_null(strstr(A(s)->failure_text, "whose address was not found"));
        assert_int_equal(A(s)->last_reason, IPSEC_REASON_FAILURE);
        sim_assert_agree(s, 0, 0);
        if (how == 2) { /* and then does: too late */
            struct ipsec_addr addr = {0};
            const struct ipsec_answer answer = {.status = IPSEC_OK, .addr = &addr};
            assert_int_equal(ipsec_ike_answer(A(s)->ike, A(s)->question[0].token, &answer, s->now),
                             IPSEC_ERR_STALE);
        }
        sim_free(s);
    }
}

static void an_answer_without_address(void **state)
{
    struct sim *s = named(false);
    const struct ipsec_answer nothing = {.status = IPSEC_OK};

    (void)state;
    A(s)->redirects.pend = true;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(ipsec_ike_answer(A(s)->ike, A(s)->question[0].token, &nothing, s->now),
                     IPSEC_ERR_ARGUMENT);
    sim_answer(A(s), IPSEC_OK); /* it still waits */
    sim_run(s, 1000);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

static void a_name_that_leads_nowhere(void **state)
{
    static const struct {
        const char *address;
        enum ipsec_status status;
    } cases[] = {{"2001:db8::20", IPSEC_ERR_ARGUMENT}, /* we have no such address */
                 {"0.0.0.0", IPSEC_ERR_NOT_FOUND},
                 {"224.0.0.1", IPSEC_ERR_NOT_FOUND}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sim *s = named(false);
        A(s)->redirects.address = cases[i].address;
        sim_start(s);
        (void)sim_connect(s);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_POLICY);
        assert_int_equal(A(s)->failure.status, cases[i].status);
        sim_assert_agree(s, 0, 0);
        sim_free(s);
    }
}

/* Nobody can look it up: in IKE_SA_INIT there is nothing left; an IKE SA that is up goes on. */
static void a_name_without_resolver(void **state)
{
    struct sim *s = named(false);

    (void)state;
    A(s)->config.callbacks.resolve = NULL;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 3000);
    assert_int_equal(A(s)->failure.status, IPSEC_ERR_NOT_BUILT_IN);
    assert_non_null(strstr(A(s)->failure_text, "nobody here can look"));
    sim_assert_agree(s, 0, 0);
    B(s)->redirects.init = NULL;
    (void)sim_connect(s);
    A(s)->has_failure = false;
    assert_int_equal(redirect_to(s, NAME), IPSEC_OK);
    sim_run(s, 3000);
    assert_true(A(s)->has_failure);
    redirect_assert_at(s, GATE_1);
    sim_free(s);
}

static void another_family_is_called_from_another_address(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
    static struct ipsec_addr more[1];
    struct ipsec_ike_sa_info info;

    (void)state;
    sim_address(&more[0], "2001:db8::1");
    B(s)->redirects.init = "2001:db8::20";
    B(s)->redirects.only_at = GATE_1;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 3000);
    assert_int_equal(A(s)->failure.status, IPSEC_ERR_ARGUMENT);
    assert_non_null(strstr(A(s)->failure_text, "has no address"));
    A(s)->peer.other_local = more;
    A(s)->peer.other_local_count = 1;
    (void)sim_connect(s);
    assert_int_equal(ipsec_ike_sa_info(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), &info),
                     IPSEC_OK);
    redirect_assert_addr(&info.local.addr, "2001:db8::1");
    redirect_assert_at(s, "2001:db8::20");
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_redirects_in_five_minutes_are_enough),
        cmocka_unit_test(a_loop_leaves_an_established_sa_alone),
        cmocka_unit_test(what_is_remembered_goes_with_the_peer),
        cmocka_unit_test(no_room_to_remember),
        cmocka_unit_test(no_room_for_another_ike_sa),
        cmocka_unit_test(an_established_sa_without_room_stays),
        cmocka_unit_test(a_name_is_asked_for_once),
        cmocka_unit_test(a_name_that_takes_long),
        cmocka_unit_test(a_name_that_is_not_found),
        cmocka_unit_test(an_answer_without_address),
        cmocka_unit_test(a_name_that_leads_nowhere),
        cmocka_unit_test(a_name_without_resolver),
        cmocka_unit_test(another_family_is_called_from_another_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
