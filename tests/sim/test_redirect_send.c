/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirects (RFC 5685) of an IKE SA that is up: the command, make before break, what crosses it;
 * and what a gateway must not do for strangers.
 */
#include "ike_state.h"
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define SUPPORTED "N(REDIRECT_SUPPORTED)"
#define FROM      SUPPORTED " N(REDIRECTED_FROM)"
#define ASK_FROM  "A IKE_SA_INIT request 0: SA KE Ni " NATD " " FRAG " " FROM " V\n"
#define ANSWER    "B IKE_SA_INIT response 0: " INIT_R
/* Without INITIAL_CONTACT: the old one is there, still. */
#define AUTHS                                                                                      \
    "A IKE_AUTH request 1: SK{IDi IDr AUTH SA TSi TSr}\n"                                          \
    "B IKE_AUTH response 1: " AUTH_R

static ipsec_handle sa_of(struct sim_node *n)
{
    return sim_sa(n, IPSEC_IKE_ESTABLISHED);
}

static enum ipsec_status command(struct sim_node *n, ipsec_handle sa, const char *gateway)
{
    struct ipsec_id id;

    sim_id(&id, gateway);
    return ipsec_ike_redirect(n->ike, sa, &id, n->sim->now);
}

/* ---- make before break -------------------------------------------------------------------------
 */

static void an_established_sa_is_redirected(void **state)
{
    struct sim *s = redirect_up(IPSEC_REDIRECTS_AUTHENTICATED);
    const ipsec_handle old = sa_of(A(s));

    (void)state;
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_ladder(s, "B INFORMATIONAL request 1: SK{N(REDIRECT)}\n"
                         "A INFORMATIONAL response 1: SK{}\n" ASK_FROM ANSWER AUTHS
                         "B INFORMATIONAL request 0: SK{}\n"
                         "A INFORMATIONAL request 3: SK{D}\n"
                         "A INFORMATIONAL response 0: SK{}\n"
                         "B INFORMATIONAL response 3: SK{}\n");
    assert_int_equal(A(s)->redirects.info.phase, IPSEC_PHASE_ESTABLISHED);
    assert_int_equal(A(s)->redirects.event.old_sa, old);
    assert_int_equal(A(s)->redirects.event.ike_sa, sa_of(A(s)));
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_REDIRECTED);
    assert_int_equal(B(s)->redirects.events[IPSEC_REDIRECT_SENT], 1);
    assert_int_equal(B(s)->redirects.events[IPSEC_REDIRECT_ARRIVED], 1);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

/* At any time there is a child to send with, and what is sent arrives. */
static void the_tunnel_carries_all_the_time(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    A(s)->peer.child_count = B(s)->peer.child_count = 3;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    for (int i = 0; i < 100; i++) {
        for (int child = 0; child < 3; child++) {
            assert_true(sim_esp(s, SIM_A, &A(s)->child[child]));
            assert_true(sim_esp(s, SIM_B, &B(s)->child[child]));
        }
        sim_run(s, 5);
    }
    sim_run(s, 1000);
    assert_int_equal(s->esp_lost, 0);
    assert_int_equal(s->esp_astray, 0);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

/* The old IKE SA stays until all children are there; those on demand come, too. */
static void children_on_demand_come_along(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_AUTHENTICATED);
    ipsec_handle sa;

    (void)state;
    A(s)->peer.child_count = B(s)->peer.child_count = 3;
    A(s)->child[0].start = A(s)->child[2].start = IPSEC_START_ON_DEMAND;
    sim_start(s);
    sa = sim_connect(s);
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[2], s->now), IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 2);
    sim_ladder_clear(s);
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_ladder(s, "B INFORMATIONAL request 1: SK{N(REDIRECT)}\n"
                         "A INFORMATIONAL response 1: SK{}\n" ASK_FROM ANSWER AUTHS
                         "B INFORMATIONAL request 0: SK{}\n"
                         "A CREATE_CHILD_SA request 2: SK{SA Ni KE TSi TSr}\n"
                         "A INFORMATIONAL response 0: SK{}\n"
                         "B CREATE_CHILD_SA response 2: SK{SA Nr KE TSi TSr}\n"
                         "A INFORMATIONAL request 4: SK{D}\n"
                         "B INFORMATIONAL response 4: SK{}\n");
    assert_non_null(sim_sink_sender(A(s), &A(s)->child[1]));
    assert_non_null(sim_sink_sender(A(s), &A(s)->child[2]));
    A(s)->peer.child_count = 2; /* that are there */
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

static void only_children_on_demand(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    A(s)->child[0].start = IPSEC_START_ON_DEMAND;
    sim_start(s);
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], NULL, s->now),
                     IPSEC_OK);
    sim_run(s, 1000);
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    sim_run(s, 1000);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

/* A gateway that is not there: the old one is kept, and may send us elsewhere. */
static void the_new_gateway_is_silent(void **state)
{
    struct sim *s = redirect_up(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    sim_address_down(s, GATE_2);
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    sim_run(s, 5000);
    /* said again while it is tried: nothing more */
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    sim_run(s, 5000);
    assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 1);
    sim_run(s, 200000);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SILENT_PEER);
    redirect_assert_at(s, GATE_1);
    assert_int_equal(redirect_to(s, GATE_3), IPSEC_OK);
    sim_run(s, 1000);
    assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 2);
    redirect_assert_at(s, GATE_3);
    sim_free(s);
}

/* The gateway we are sent to sends us on, at each stage: the one we come from is left when the last
 * is there. */
static void sent_on_and_on(void **state)
{
    (void)state;
    for (int in_auth = 0; in_auth < 2; in_auth++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
        sim_start(s);
        const ipsec_handle old = sim_connect(s);
        B(s)->redirects.init = in_auth ? NULL : GATE_3;
        B(s)->redirects.auth = in_auth ? GATE_3 : NULL;
        B(s)->redirects.only_at = GATE_2;
        assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
        s->held = true;
        struct ipsec_ike_sa_info info;
        for (int i = 0; i < 40 && A(s)->events[IPSEC_EVENT_CHILD_REKEYED] < 1; i++) {
            assert_int_equal(ipsec_ike_sa_info(A(s)->ike, old, &info), IPSEC_OK);
            assert_int_equal(info.phase, IPSEC_IKE_ESTABLISHED);
            assert_true(sim_deliver(s, 0));
        }
        s->held = false;
        sim_run(s, 1000);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 2);
        redirect_assert_at(s, GATE_3);
        sim_free(s);
    }
}

/* ---- the command -------------------------------------------------------------------------------
 */

static void what_the_command_refuses(void **state)
{
    static const char *const none[] = {"any", "keyid:x", "someone@example.net", "0.0.0.0"};
    struct sim *s = redirect_up(IPSEC_REDIRECTS_AUTHENTICATED);
    struct ipsec_id id;

    (void)state;
    sim_id(&id, GATE_2);
    assert_int_equal(ipsec_ike_redirect(NULL, 1, &id, s->now), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_redirect(B(s)->ike, sa_of(B(s)), NULL, s->now), IPSEC_ERR_ARGUMENT);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(redirect_to(s, none[i]), IPSEC_ERR_ARGUMENT);
    }
    assert_int_equal(command(B(s), 0, GATE_2), IPSEC_ERR_STALE);
    /* the end that began is the one that can be sent */
    assert_int_equal(command(A(s), sa_of(A(s)), GATE_2), IPSEC_ERR_FORBIDDEN);
    const ipsec_handle sa = sa_of(B(s));
    assert_int_equal(ipsec_ike_delete(B(s)->ike, sa, s->now), IPSEC_OK);
    assert_int_equal(command(B(s), sa, GATE_2), IPSEC_ERR_STATE);
    sim_free(s);

    s = redirect_up(IPSEC_REDIRECTS_NEVER);
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_ERR_FORBIDDEN);
    sim_free(s);
}

static void wishes_have_a_maximum(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    B(s)->config.redirect_max = 1;
    A(s)->peer.no_initial_contact = true;
    sim_start(s);
    (void)sim_connect(s);
    (void)sim_connect(s);
    const ipsec_handle first = ipsec_ike_next_sa(B(s)->ike, 0);
    const ipsec_handle second = ipsec_ike_next_sa(B(s)->ike, first);
    s->held = true;
    assert_int_equal(command(B(s), first, GATE_2), IPSEC_OK);
    assert_int_equal(command(B(s), second, GATE_2), IPSEC_ERR_FULL);
    assert_int_equal(command(B(s), first, GATE_3), IPSEC_OK); /* in the place of the first */
    s->held = false;
    sim_run(s, 1000);
    assert_int_equal(command(B(s), second, GATE_2), IPSEC_OK);
    sim_run(s, 1000);
    sim_free(s);
}

/* The window is taken: it is sent when the answer is there. Said twice, the last counts. */
static void it_waits_for_the_window(void **state)
{
    struct sim *s = redirect_up(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    s->held = true;
    assert_int_equal(ipsec_ike_probe(B(s)->ike, sa_of(B(s)), s->now), IPSEC_OK);
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    assert_int_equal(redirect_to(s, GATE_3), IPSEC_OK);
    assert_int_equal(sim_in_flight(s), 1);
    s->held = false;
    sim_run(s, 1000);
    assert_int_equal(B(s)->redirects.events[IPSEC_REDIRECT_SENT], 1);
    redirect_assert_at(s, GATE_3);
    sim_free(s);
}

/* A second command while the first is unanswered: sent after it, and passed over by a peer that is
 * on its way already. */
static void said_again_before_the_answer(void **state)
{
    struct sim *s = redirect_up(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    s->held = true;
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    assert_int_equal(redirect_to(s, GATE_3), IPSEC_OK);
    s->held = false;
    sim_run(s, 1000);
    assert_int_equal(B(s)->redirects.events[IPSEC_REDIRECT_SENT], 2);
    assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 1);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

/* A rekey of either end crosses it: the wish goes over to the successor, as does what is left. */
static void rekeys_of_the_ike_sa_cross_it(void **state)
{
    (void)state;
    for (int by = 0; by < 2; by++) {
        for (uint32_t order = 0; order < 8; order++) {
            struct sim *s = redirect_up(IPSEC_REDIRECTS_AUTHENTICATED);
            s->held = true;
            if (order & 1) {
                assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
            }
            assert_int_equal(ipsec_ike_rekey(s->nodes[by].ike, sa_of(&s->nodes[by]), s->now),
                             IPSEC_OK);
            if (!(order & 1)) {
                assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
            }
            for (int i = 0; i < 4 && sim_in_flight(s) > 0; i++) {
                const uint32_t last = sim_in_flight(s) - 1;
                assert_true(sim_deliver(s, order >> (i % 2 + 1) & 1 ? last : 0));
            }
            s->held = false;
            sim_run(s, 70000);
            redirect_assert_at(s, GATE_2);
            sim_free(s);
        }
    }
}

static void the_old_sa_is_rekeyed_while_the_new_one_opens(void **state)
{
    struct sim *s = redirect_up(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    sim_address_down(s, GATE_2);
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    sim_run(s, 1000);
    assert_int_equal(ipsec_ike_rekey(B(s)->ike, sa_of(B(s)), s->now), IPSEC_OK);
    sim_run(s, 500);
    s->down_count = 0;
    sim_run(s, 10000);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

static void still_redirectable_after_rekeys(void **state)
{
    struct sim *s = redirect_up(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    for (int by = 1; by >= 0; by--) {
        assert_int_equal(ipsec_ike_rekey(s->nodes[by].ike, sa_of(&s->nodes[by]), s->now), IPSEC_OK);
        sim_run(s, 1000);
        assert_int_equal(command(A(s), sa_of(A(s)), GATE_2), IPSEC_ERR_FORBIDDEN);
    }
    assert_int_equal(redirect_to(s, GATE_2), IPSEC_OK);
    sim_run(s, 1000);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

/* ---- what is passed over -----------------------------------------------------------------------
 */

static void informational_redirects_that_mean_nothing(void **state)
{
    static const char *const bad[] = {"",
                                      "01",
                                      "0404 cb007114",
                                      "0105 cb00711400",
                                      "0104 cb0071",
                                      "0104 e0000001",
                                      "0304 76706e00"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_AUTHENTICATED);
        A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
        sim_start(s);
        (void)sim_connect(s);
        s->held = true;
        assert_int_equal(ipsec_ike_probe(B(s)->ike, sa_of(B(s)), s->now), IPSEC_OK);
        const struct sim_edit edit = {SIM_EDIT_FIRST, 41, 0, sim_notify(16407, sim_hex(bad[i]))};
        sim_edit(sim_flying(s), &edit);
        s->held = false;
        sim_run(s, 3000);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 0);
        assert_false(A(s)->has_failure);
        redirect_assert_at(s, GATE_1);
        sim_free(s);
    }
}

/* The end that was called is not sent away by the one that called, whatever its entry says; and one
 * that has not said it would go does not go. */
static void only_the_end_that_began_and_said_so_goes(void **state)
{
    (void)state;
    for (int from = 0; from < 2; from++) {
        struct sim *s = redirect_made(from == SIM_A ? IPSEC_REDIRECTS_ANY : IPSEC_REDIRECTS_NEVER);
        A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
        B(s)->peer.follow_redirects = IPSEC_REDIRECTS_ANY;
        sim_start(s);
        (void)sim_connect(s);
        s->held = true;
        struct sim_node *sender = &s->nodes[from];
        assert_int_equal(ipsec_ike_probe(sender->ike, sa_of(sender), s->now), IPSEC_OK);
        const struct sim_edit edit = {SIM_EDIT_FIRST, 41, 0,
                                      sim_notify(16407, sim_hex("0104 cb007114"))};
        sim_edit(sim_flying(s), &edit);
        s->held = false;
        sim_run(s, 3000);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 0);
        assert_int_equal(B(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 0);
        redirect_assert_at(s, GATE_1);
        sim_free(s);
    }
}

static void a_bad_redirected_from_is_passed_over(void **state)
{
    static const char *const bad[] = {"", "0104 cb0071", "0304 76706e32", "0104 cb007102 00"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_NEVER);
        B(s)->redirects.init = GATE_2;
        sim_start(s);
        s->held = true;
        ipsec_handle sa = 0;
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
        const struct sim_edit edit = {SIM_EDIT_LAST, 41, 0, sim_notify(16408, sim_hex(bad[i]))};
        sim_edit(sim_flying(s), &edit);
        assert_true(sim_deliver(s, 0));
        assert_int_equal(B(s)->redirects.asked, 0); /* it has not said that it would go */
        assert_int_equal(B(s)->events[IPSEC_EVENT_DROP], 0);
        assert_int_equal(sim_in_flight(s), 1);
        sim_free(s);
    }
}

/* ---- strangers ---------------------------------------------------------------------------------
 */

static void redirect_in_ike_sa_init_keeps_nothing(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
    struct ipsec_ike_counters counters;
    ipsec_handle sa = 0;

    (void)state;
    B(s)->config.half_open_max = 4;
    B(s)->redirects.init = GATE_2;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    struct sim_datagram request = *sim_flying(s);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(sim_inject(s, SIM_B, &request), IPSEC_OK);
    }
    ipsec_ike_counters(B(s)->ike, &counters);
    assert_int_equal(counters.sas, 0);
    assert_int_equal(counters.handshakes, 0);
    assert_int_equal(counters.half_open, 0);
    assert_int_equal(B(s)->redirects.events[IPSEC_REDIRECT_SENT], 10);
    assert_int_equal(B(s)->redirects.event.ike_sa, 0);
    sim_free(s);
}

/* Behind the gate: a source over its rate is not redirected, either. */
static void redirect_in_ike_sa_init_is_behind_the_gate(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
    ipsec_handle sa = 0;

    (void)state;
    B(s)->config.source_contacts_per_s = 4;
    B(s)->redirects.init = GATE_2;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    const struct sim_datagram request = *sim_flying(s);
    for (int i = 0; i < 20; i++) {
        (void)sim_inject(s, SIM_B, &request);
    }
    assert_true(B(s)->redirects.events[IPSEC_REDIRECT_SENT] <= 4);
    assert_int_equal(B(s)->last_drop, IPSEC_DROP_COOKIE);
    sim_free(s);
}

/* Whoever has not proven its address gets no more octets than it sent: a long name waits for
 * IKE_AUTH. */
static void a_long_name_waits_for_ike_auth(void **state)
{
    char name[IPSEC_ID_BYTES_MAX + 1];
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 2; i++) {
        s->nodes[i].peer.no_nat = true;
        s->nodes[i].peer.no_fragmentation = true;
        s->nodes[i].config.no_hints = true;
        sim_ike_proposals(&s->nodes[i], "aes128gcm16-prfsha256-curve25519");
    }
    B(s)->redirects.init = B(s)->redirects.auth = name;
    B(s)->redirects.only_at = GATE_1;
    A(s)->redirects.address = GATE_2;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(A(s)->redirects.info.phase, IPSEC_PHASE_IKE_AUTH);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

/* The peer that was sent away in IKE_AUTH never deletes its IKE SA: it ends by itself, and can do
 * nothing until then. */
static void sent_away_in_ike_auth_and_silent(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_AUTHENTICATED);

    (void)state;
    B(s)->redirects.auth = GATE_2;
    sim_address_down(s, GATE_2);
    sim_start(s);
    s->held = true;
    ipsec_handle sa = 0;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int k = 0; k < 3; k++) {
        assert_true(sim_deliver(s, 0));
    }
    s->cut = true;
    assert_true(sim_deliver(s, 0));
    struct ipsec_ike_counters counters;
    ipsec_ike_counters(B(s)->ike, &counters);
    assert_int_equal(counters.sas, 1);
    assert_int_equal(counters.half_open, 0);
    assert_int_equal(counters.handshakes, 0);
    assert_int_equal(sim_sa(B(s), IPSEC_IKE_ESTABLISHED), 0);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    sim_run(s, 61000);
    assert_int_equal(B(s)->last_reason, IPSEC_REASON_REDIRECTED);
    ipsec_ike_counters(B(s)->ike, &counters);
    assert_int_equal(counters.sas, 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_established_sa_is_redirected),
        cmocka_unit_test(the_tunnel_carries_all_the_time),
        cmocka_unit_test(children_on_demand_come_along),
        cmocka_unit_test(only_children_on_demand),
        cmocka_unit_test(the_new_gateway_is_silent),
        cmocka_unit_test(sent_on_and_on),
        cmocka_unit_test(what_the_command_refuses),
        cmocka_unit_test(wishes_have_a_maximum),
        cmocka_unit_test(it_waits_for_the_window),
        cmocka_unit_test(said_again_before_the_answer),
        cmocka_unit_test(rekeys_of_the_ike_sa_cross_it),
        cmocka_unit_test(the_old_sa_is_rekeyed_while_the_new_one_opens),
        cmocka_unit_test(still_redirectable_after_rekeys),
        cmocka_unit_test(informational_redirects_that_mean_nothing),
        cmocka_unit_test(only_the_end_that_began_and_said_so_goes),
        cmocka_unit_test(a_bad_redirected_from_is_passed_over),
        cmocka_unit_test(redirect_in_ike_sa_init_keeps_nothing),
        cmocka_unit_test(redirect_in_ike_sa_init_is_behind_the_gate),
        cmocka_unit_test(a_long_name_waits_for_ike_auth),
        cmocka_unit_test(sent_away_in_ike_auth_and_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
