/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirects (RFC 5685) as the end that is sent sees them: in IKE_SA_INIT, in IKE_AUTH and later,
 * names, loops, and what is not followed.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define SUPPORTED "N(REDIRECT_SUPPORTED)"
#define FROM      SUPPORTED " N(REDIRECTED_FROM)"
#define ASK       "A IKE_SA_INIT request 0: SA KE Ni " NATD " " FRAG " " SUPPORTED " V\n"
#define ASK_FROM  "A IKE_SA_INIT request 0: SA KE Ni " NATD " " FRAG " " FROM " V\n"
#define ANSWER    "B IKE_SA_INIT response 0: " INIT_R
#define AUTHS     "A IKE_AUTH request 1: " AUTH_I "B IKE_AUTH response 1: " AUTH_R

/* ---- in IKE_SA_INIT ----------------------------------------------------------------------------
 */

static void followed_in_ike_sa_init(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
    struct ipsec_ike_sa_info info;

    (void)state;
    B(s)->redirects.init = GATE_2;
    B(s)->redirects.only_at = GATE_1;
    sim_start(s);
    const ipsec_handle first = sim_connect(s);
    sim_assert_ladder(s, ASK "B IKE_SA_INIT response 0: N(REDIRECT)\n" ASK_FROM ANSWER AUTHS);
    assert_int_equal(ipsec_ike_sa_info(A(s)->ike, first, &info), IPSEC_ERR_STALE);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 1);
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_REDIRECTED);
    assert_false(A(s)->has_failure);
    assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 1);
    redirect_assert_followed(A(s), IPSEC_PHASE_IKE_SA_INIT, GATE_1, GATE_2);
    assert_int_equal(A(s)->redirects.event.old_sa, first);
    assert_int_equal(A(s)->redirects.event.ike_sa, sim_sa(A(s), IPSEC_IKE_ESTABLISHED));
    /* the other gateway knows where it came from, once it knows who it is */
    assert_int_equal(B(s)->redirects.events[IPSEC_REDIRECT_SENT], 1);
    assert_int_equal(B(s)->redirects.events[IPSEC_REDIRECT_ARRIVED], 1);
    redirect_assert_addr(&B(s)->redirects.info.from, GATE_1);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

/* Each kind of answer that a bystander could send who has not seen the request. */
static void init_redirects_without_our_nonce_are_passed_over(void **state)
{
    static const struct {
        const char *gateway;
        int cut;   /* octets of the nonce that miss, */
        int more;  /* or are too many */
        int wrong; /* bits of its last octet that are not right */
        enum ipsec_status drop;
    } forged[] = {
        {"0104 cb007114", 0, 0, 1, IPSEC_DROP_PAYLOADS},
        {"0104 cb007114", 1, 0, 0, IPSEC_DROP_PAYLOADS},
        {"0104 cb007114", 32, 0, 0, IPSEC_DROP_PAYLOADS},
        {"0104 cb007114", 0, 1, 0, IPSEC_DROP_PAYLOADS},
        {"0404 cb007114", 0, 0, 0, IPSEC_DROP_MALFORMED},
        {"0103 cb0071", 0, 0, 0, IPSEC_DROP_MALFORMED},
        {"0104 e0000001", 0, 0, 0, IPSEC_DROP_MALFORMED},
        {"0304 76706e00", 0, 0, 0, IPSEC_DROP_MALFORMED},
        {"01", 32, 0, 0, IPSEC_DROP_TRUNCATED},
        {"", 32, 0, 0, IPSEC_DROP_TRUNCATED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
        uint8_t octets[64] = {0};
        B(s)->redirects.init = GATE_2;
        B(s)->redirects.only_at = GATE_1;
        sim_start(s);
        s->held = true;
        ipsec_handle sa = 0;
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
        assert_true(sim_deliver(s, 0));
        struct sim_datagram *d = sim_flying(s);
        const struct ipsec_view good = sim_edit_body(d, 41);
        assert_int_equal(good.length, 4 + 6 + 32);
        const struct ipsec_view gateway = sim_hex(forged[i].gateway);
        const size_t nonce = (size_t)(32 - forged[i].cut);
        memcpy(octets, gateway.data, gateway.length);
        memcpy(octets + gateway.length, good.data + 10, nonce);
        if (forged[i].wrong != 0) {
            octets[gateway.length + nonce - 1] ^= (uint8_t)forged[i].wrong;
        }
        const struct ipsec_view data = {octets, gateway.length + nonce + (size_t)forged[i].more};
        const struct sim_edit edit = {SIM_EDIT_REPLACE, 41, 0, sim_notify(16407, data)};
        sim_edit(d, &edit);
        assert_true(sim_deliver(s, 0));
        assert_int_equal(A(s)->last_drop, forged[i].drop);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 0);
        /* the good answer still counts */
        s->held = false;
        sim_run(s, 5000);
        redirect_assert_at(s, GATE_2);
        sim_free(s);
    }
}

static void init_redirect_is_not_followed_unprotected(void **state)
{
    (void)state;
    for (int policy = IPSEC_REDIRECTS_NEVER; policy <= IPSEC_REDIRECTS_AUTHENTICATED; policy++) {
        struct sim *s = redirect_made((enum ipsec_redirects)policy);
        B(s)->redirects.init = GATE_2;
        sim_start(s);
        s->held = true;
        ipsec_handle sa = 0;
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
        if (policy == IPSEC_REDIRECTS_NEVER) { /* not said: not sent */
            sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I);
            s->held = false;
            sim_run(s, 1000);
            assert_int_equal(B(s)->redirects.asked, 0);
            redirect_assert_at(s, GATE_1);
            sim_free(s);
            continue;
        }
        s->held = false;
        sim_run(s, 5000);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 0);
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_POLICY);
        assert_int_equal(A(s)->failure.notify, 16407);
        assert_false(A(s)->failure.authenticated);
        assert_non_null(strstr(A(s)->failure_text, "sends us to another gateway, \"" GATE_2 "\""));
        assert_non_null(strstr(A(s)->failure_text, "the peer, with REDIRECT; only a hint"));
        assert_non_null(strstr(A(s)->failure_text, "but it does so before it has shown"));
        assert_int_equal(A(s)->last_reason, IPSEC_REASON_FAILURE);
        sim_assert_agree(s, 0, 0);
        sim_free(s);
    }
}

static void cookies_come_first_and_redirected_from_stays(void **state)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);

    (void)state;
    B(s)->config.cookie_threshold = 1;
    B(s)->redirects.init = GATE_2;
    B(s)->redirects.only_at = GATE_1;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(
        s, ASK
        "B IKE_SA_INIT response 0: N(COOKIE)\n"
        "A IKE_SA_INIT request 0: N(COOKIE) SA KE Ni " NATD " " FRAG " " SUPPORTED " V\n"
        "B IKE_SA_INIT response 0: N(REDIRECT)\n" ASK_FROM "B IKE_SA_INIT response 0: N(COOKIE)\n"
        "A IKE_SA_INIT request 0: N(COOKIE) SA KE Ni " NATD " " FRAG " " FROM " V\n" ANSWER AUTHS);
    assert_int_equal(B(s)->redirects.asked, 3); /* never before the cookie; once in IKE_AUTH */
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

/* ---- in IKE_AUTH -------------------------------------------------------------------------------
 */

static void followed_in_ike_auth(void **state)
{
    (void)state;
    for (int policy = IPSEC_REDIRECTS_AUTHENTICATED; policy <= IPSEC_REDIRECTS_ANY; policy++) {
        struct sim *s = redirect_made((enum ipsec_redirects)policy);
        B(s)->redirects.auth = GATE_2;
        B(s)->redirects.only_at = GATE_1;
        sim_start(s);
        const ipsec_handle first = sim_connect(s);
        sim_assert_ladder(s, ASK ANSWER "A IKE_AUTH request 1: " AUTH_I
                                        "B IKE_AUTH response 1: SK{IDr AUTH N(REDIRECT)}\n" ASK_FROM
                                        "A INFORMATIONAL request 2: SK{D}\n" ANSWER
                                        "B INFORMATIONAL response 2: SK{}\n" AUTHS);
        redirect_assert_followed(A(s), IPSEC_PHASE_IKE_AUTH, GATE_1, GATE_2);
        assert_int_equal(A(s)->redirects.event.old_sa, first);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 1);
        assert_int_equal(A(s)->last_reason, IPSEC_REASON_REDIRECTED);
        assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
        assert_true(B(s)->redirects.knew_peer);
        assert_int_equal(B(s)->redirects.events[IPSEC_REDIRECT_SENT], 1);
        redirect_assert_at(s, GATE_2);
        sim_free(s);
    }
}

/* What waits for the tunnel goes along: the packet that asked for it, with its selectors. */
static void a_waiting_child_goes_along(void **state)
{
    (void)state;
    for (int in_auth = 0; in_auth < 2; in_auth++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_ANY);
        struct ipsec_packet_selectors packet;
        B(s)->redirects.init = in_auth ? NULL : GATE_2;
        B(s)->redirects.auth = in_auth ? GATE_2 : NULL;
        B(s)->redirects.only_at = GATE_1;
        A(s)->child[0].start = IPSEC_START_ON_DEMAND;
        assert_int_equal(ipsec_selector_parse("192.168.1.5", &packet.local), IPSEC_OK);
        assert_int_equal(ipsec_selector_parse("192.168.2.5", &packet.remote), IPSEC_OK);
        sim_start(s);
        assert_int_equal(
            ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], &packet, s->now), IPSEC_OK);
        sim_run(s, 1000);
        redirect_assert_at(s, GATE_2);
        assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
        sim_free(s);
    }
}

/* A gateway that has not been asked to, or says what can not be read, is taken by its word: it has
 * made no child. */
static void auth_redirects_that_mean_nothing(void **state)
{
    static const char *const bad[] = {"0404 cb007114", "0105 cb00711400", "01", "0104 00000000"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct sim *s = redirect_made(IPSEC_REDIRECTS_AUTHENTICATED);
        A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
        sim_start(s);
        s->held = true;
        ipsec_handle sa = 0;
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
        for (int k = 0; k < 3; k++) {
            assert_true(sim_deliver(s, 0));
        }
        const struct sim_edit edit = {SIM_EDIT_LAST, 41, 0, sim_notify(16407, sim_hex(bad[i]))};
        sim_edit(sim_flying(s), &edit);
        s->held = false;
        sim_run(s, 1000);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], 0);
        redirect_assert_at(s, GATE_1);
        sim_free(s);
    }
}

/* A shared secret that everybody may have proves nothing: only ANY follows such a peer. */
static void a_peer_without_proof_is_not_followed(void **state)
{
    (void)state;
    for (int policy = IPSEC_REDIRECTS_AUTHENTICATED; policy <= IPSEC_REDIRECTS_ANY; policy++) {
        struct sim *s = redirect_made((enum ipsec_redirects)policy);
        const bool any = policy == IPSEC_REDIRECTS_ANY;
        A(s)->peer.remote_auth = B(s)->peer.local_auth = IPSEC_AUTH_NULL;
        A(s)->peer.remote_id.type = IPSEC_ID_NONE;
        B(s)->peer.local_id.type = IPSEC_ID_NONE;
        B(s)->redirects.auth = GATE_2;
        B(s)->redirects.only_at = GATE_1;
        sim_start(s);
        (void)sim_connect(s);
        assert_int_equal(A(s)->redirects.events[IPSEC_REDIRECT_FOLLOWED], any ? 1 : 0);
        if (any) {
            redirect_assert_at(s, GATE_2);
        }
        sim_free(s);
    }
}

/* ---- EAP ---------------------------------------------------------------------------------------
 */

static struct sim *eap_made(void)
{
    struct sim *s = redirect_made(IPSEC_REDIRECTS_AUTHENTICATED);
    const struct ipsec_ike_callbacks with = A(s)->config.callbacks;

    sim_eap(s, 2, false);
    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.callbacks.redirect = with.redirect;
        s->nodes[i].config.callbacks.resolve = with.resolve;
    }
    return s;
}

static void followed_after_eap(void **state)
{
    struct sim *s = eap_made();

    (void)state;
    B(s)->redirects.auth = GATE_2;
    B(s)->redirects.only_at = GATE_1;
    sim_start(s);
    (void)sim_connect(s);
    assert_non_null(strstr(s->ladder, "B IKE_AUTH response 4: SK{AUTH N(REDIRECT)}\n"));
    assert_non_null(strstr(s->ladder, "A INFORMATIONAL request 5: SK{D}\n"));
    assert_int_equal(B(s)->redirects.asked, 4); /* two first contacts, two ends of EAP */
    redirect_assert_followed(A(s), IPSEC_PHASE_IKE_AUTH, GATE_1, GATE_2);
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

/* RFC 5685 6: the server may say so with its AUTH, before EAP has begun. It knows nobody, yet. */
static void followed_before_eap(void **state)
{
    struct sim *s = eap_made();

    (void)state;
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_start(s);
    s->held = true;
    ipsec_handle sa = 0;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int k = 0; k < 3; k++) {
        assert_true(sim_deliver(s, 0));
    }
    const struct sim_edit none = {.kind = SIM_EDIT_LEAVE_OUT, .type = 48};
    const struct sim_edit add = {SIM_EDIT_LAST, 41, 0, sim_notify(16407, sim_hex("0104 cb007114"))};
    sim_edit(sim_flying(s), &none);
    sim_edit(sim_flying(s), &add);
    s->held = false;
    sim_run(s, 1000);
    assert_null(strstr(s->ladder, "{D}"));
    redirect_assert_followed(A(s), IPSEC_PHASE_IKE_AUTH, GATE_1, GATE_2);
    sim_run(s, 40000); /* what is half-open at the first gateway */
    redirect_assert_at(s, GATE_2);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(followed_in_ike_sa_init),
        cmocka_unit_test(init_redirects_without_our_nonce_are_passed_over),
        cmocka_unit_test(init_redirect_is_not_followed_unprotected),
        cmocka_unit_test(cookies_come_first_and_redirected_from_stays),
        cmocka_unit_test(followed_in_ike_auth),
        cmocka_unit_test(a_waiting_child_goes_along),
        cmocka_unit_test(auth_redirects_that_mean_nothing),
        cmocka_unit_test(a_peer_without_proof_is_not_followed),
        cmocka_unit_test(followed_after_eap),
        cmocka_unit_test(followed_before_eap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
