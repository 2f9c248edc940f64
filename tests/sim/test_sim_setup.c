/* SPDX-License-Identifier: Apache-2.0
 *
 * Setting up: IKE_SA_INIT and IKE_AUTH message by message, and every way they can fail. RFC 7296
 * 1.2, 2.6, 2.15, 2.21, 2.23.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

static struct ipsec_ike_sa_info sa_info(struct sim_node *n)
{
    struct ipsec_ike_sa_info info;

    memset(&info, 0, sizeof(info));
    assert_int_equal(ipsec_ike_sa_info(n->ike, sim_sa(n, 0), &info), IPSEC_OK);
    return info;
}

/*  A                                         B
 *  IKE_SA_INIT 0: SA KE Ni            ->
 *                                     <-     IKE_SA_INIT 0: SA KE Nr
 *  IKE_AUTH 1: IDi IDr AUTH SA TSi TSr ->
 *                                     <-     IKE_AUTH 1: IDr AUTH SA TSi TSr
 */
static void init_01_init_02_auth_01_reference_scenario(void **state)
{
    struct sim *s = sim_new(1);
    char text[IPSEC_PROPOSAL_TEXT_MAX];

    (void)state;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    sim_assert_ladder(s, SET_UP);
    assert_int_equal(sa, sim_sa(A(s), IPSEC_IKE_ESTABLISHED));
    const struct ipsec_ike_sa_info a = sa_info(A(s));
    const struct ipsec_ike_sa_info b = sa_info(B(s));
    assert_true(a.initiator && !b.initiator);
    assert_true(a.spi_i == b.spi_i && a.spi_r == b.spi_r && a.spi_i != 0 && a.spi_r != 0);
    assert_true(ipsec_id_equal(&a.remote_id, &b.local_id));
    assert_true(ipsec_id_equal(&b.remote_id, &a.local_id));
    assert_int_equal(a.local.port, 500);
    assert_false(a.nat_local || a.nat_remote || b.nat_local || b.nat_remote);
    ipsec_suite_text(&a.suite, text, sizeof(text));
    assert_string_equal(text, "aes256-sha256-modp2048");
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    /* AUTH-22: no key exchange of its own */
    assert_int_equal(sim_sink_sender(A(s), A(s)->child)->sa.suite.ke, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/*  IKE_SA_INIT 0: SA KE(14) Ni        ->
 *                                     <-     IKE_SA_INIT 0: N(INVALID_KE_PAYLOAD 19)
 *  IKE_SA_INIT 0: SA KE(19) Ni        ->     as before from here
 */
static void init_19_init_20_other_group(void **state)
{
    struct sim *s = sim_new(2);

    (void)state;
    sim_ike_proposals(A(s), "aes256-sha256-modp2048-ecp256");
    sim_ike_proposals(B(s), "aes256-sha256-ecp256");
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I
                         "B IKE_SA_INIT response 0: N(INVALID_KE_PAYLOAD)\n" SET_UP);
    assert_int_equal(sa_info(A(s)).suite.ke, IPSEC_KE_ECP_256);
    assert_false(A(s)->has_failure || B(s)->has_failure);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/*  IKE_SA_INIT 0: SA KE Ni            ->
 *                                     <-     IKE_SA_INIT 0: N(COOKIE)
 *  IKE_SA_INIT 0: N(COOKIE) SA KE Ni  ->     as before from here
 */
static void cookie_01_03_04_sec_02_demanded_and_answered(void **state)
{
    struct sim *s = sim_new(3);

    (void)state;
    B(s)->config.cookie_threshold = 1;
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0));
    /* COOKIE-01: nothing is kept, nothing computed */
    struct ipsec_ike_counters counters;
    ipsec_ike_counters(B(s)->ike, &counters);
    assert_int_equal(counters.sas + counters.half_open + counters.handshakes, 0);
    assert_int_equal(B(s)->crypto.ke_calls, 0);
    s->held = false;
    sim_run(s, 1000);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: N(COOKIE)\n"
                         "A IKE_SA_INIT request 0: N(COOKIE) " INIT_I
                         "B IKE_SA_INIT response 0: " INIT_R "A IKE_AUTH request 1: " AUTH_I
                         "B IKE_AUTH response 1: " AUTH_R);
    assert_int_equal(A(s)->crypto.ke_calls, 2); /* COOKIE-03: the same KE */
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* The responder asks for a cookie, then for another group; the retry carries the cookie, too. */
static void cookie_07_cookie_then_group(void **state)
{
    struct sim *s = sim_new(4);

    (void)state;
    B(s)->config.cookie_threshold = 1;
    sim_ike_proposals(A(s), "aes256-sha256-modp2048-ecp256");
    sim_ike_proposals(B(s), "aes256-sha256-ecp256");
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: N(COOKIE)\n"
                         "A IKE_SA_INIT request 0: N(COOKIE) " INIT_I
                         "B IKE_SA_INIT response 0: N(INVALID_KE_PAYLOAD)\n"
                         "A IKE_SA_INIT request 0: N(COOKIE) " INIT_I
                         "B IKE_SA_INIT response 0: " INIT_R "A IKE_AUTH request 1: " AUTH_I
                         "B IKE_AUTH response 1: " AUTH_R);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* The other order: under load only after the group was refused. */
static void cookie_07_group_then_cookie(void **state)
{
    struct sim *s = sim_new(5);

    (void)state;
    B(s)->config.cookie_threshold = 1;
    sim_ike_proposals(A(s), "aes256-sha256-modp2048-ecp256");
    sim_ike_proposals(B(s), "aes256-sha256-ecp256");
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    /* An INVALID_KE_PAYLOAD that B would have sent when it was not under load. */
    struct sim_datagram d = {.to = SIM_A, .local = A(s)->peer.local, .remote = B(s)->peer.local};
    static const uint8_t rest[] = {0, 0, 0, 0, 0,  0, 0, 0, 41, 0x20, 34, 0x20, 0,  0, 0,
                                   0, 0, 0, 0, 38, 0, 0, 0, 10, 0,    0,  0,    17, 0, 19};
    const struct ipsec_ike_sa_info info = sa_info(A(s));
    for (int i = 0; i < 8; i++) {
        d.octets[i] = (uint8_t)(info.spi_i >> (56 - 8 * i));
    }
    memcpy(d.octets + 8, rest, sizeof(rest));
    d.length = 8 + sizeof(rest);
    assert_int_equal(sim_inject(s, SIM_A, &d), IPSEC_OK);
    sim_drop(s, 0);
    s->held = false;
    sim_run(s, 1000);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "A IKE_SA_INIT request 0: " INIT_I
                         "B IKE_SA_INIT response 0: N(COOKIE)\n"
                         "A IKE_SA_INIT request 0: N(COOKIE) " INIT_I
                         "B IKE_SA_INIT response 0: " INIT_R "A IKE_AUTH request 1: " AUTH_I
                         "B IKE_AUTH response 1: " AUTH_R);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* COOKIE-08: somebody who answers every request with another cookie. */
static void cookie_08_bounded_restarts(void **state)
{
    struct sim *s = sim_new(6);
    struct ipsec_ike_counters before;
    struct ipsec_ike_counters after;

    (void)state;
    sim_start(s);
    s->cut = true;
    (void)sim_connect(s);
    const struct ipsec_ike_sa_info info = sa_info(A(s));
    ipsec_ike_counters(A(s)->ike, &before);
    for (int turn = 0; turn < 50; turn++) {
        struct sim_datagram d = {
            .to = SIM_A, .local = A(s)->peer.local, .remote = B(s)->peer.local, .length = 44};
        static const uint8_t rest[] = {41, 0x20, 34, 0x20, 0, 0, 0,    0, 0, 0, 0, 44,
                                       0,  0,    0,  16,   0, 0, 0x40, 6, 1, 2, 3, 4};
        for (int i = 0; i < 8; i++) {
            d.octets[i] = (uint8_t)(info.spi_i >> (56 - 8 * i));
        }
        memcpy(d.octets + 16, rest, sizeof(rest));
        d.length = 16 + sizeof(rest) + 4;
        d.octets[40] = (uint8_t)turn;
        (void)sim_inject(s, SIM_A, &d);
    }
    ipsec_ike_counters(A(s)->ike, &after);
    assert_true(after.messages_out - before.messages_out <= 4);
    assert_int_equal(after.drops[ipsec_drop_index(IPSEC_DROP_COOKIE)], 46);
    sim_free(s);
}

/*  IKE_SA_INIT 0: SA KE Ni            ->
 *                                     <-     IKE_SA_INIT 0: N(NO_PROPOSAL_CHOSEN) N(hint)
 */
static void init_07_no_acceptable_proposal(void **state)
{
    struct sim *s = sim_new(7);

    (void)state;
    sim_ike_proposals(B(s), "aes128-sha256-modp2048");
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I
                         "B IKE_SA_INIT response 0: N(NO_PROPOSAL_CHOSEN) N(40987)\n");
    assert_true(A(s)->has_failure && B(s)->has_failure);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
    assert_false(A(s)->failure.authenticated);
    assert_int_equal(sim_sa(B(s), 0), 0);
    assert_int_not_equal(sim_sa(A(s), 0), 0); /* INIT-29: it waits for better, not for long */
    sim_run(s, 5000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 1);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* INIT-29: a forged refusal comes before the true answer: the SA is set up all the same. */
static void init_29_forged_refusal_is_only_a_hint(void **state)
{
    struct sim *s = sim_new(8);
    struct sim_datagram d = {.to = SIM_A, .length = 36};
    static const uint8_t rest[] = {41, 0x20, 34, 0x20, 0, 0, 0, 0, 0, 0,
                                   0,  36,   0,  0,    0, 8, 0, 0, 0, 14};

    (void)state;
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    const struct ipsec_ike_sa_info info = sa_info(A(s));
    d.local = A(s)->peer.local;
    d.remote = B(s)->peer.local;
    for (int i = 0; i < 8; i++) {
        d.octets[i] = (uint8_t)(info.spi_i >> (56 - 8 * i));
    }
    memcpy(d.octets + 16, rest, sizeof(rest));
    assert_int_equal(sim_inject(s, SIM_A, &d), IPSEC_OK);
    assert_true(A(s)->has_failure);
    s->held = false;
    sim_run(s, 1000);
    sim_assert_ladder(s, SET_UP);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/*  IKE_SA_INIT, then
 *  IKE_AUTH 1: IDi IDr AUTH SA TSi TSr ->
 *                                      <-    IKE_AUTH 1: N(AUTHENTICATION_FAILED)
 */
#define REFUSED_AUTH                                                                               \
    "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R                         \
    "A IKE_AUTH request 1: " AUTH_I "B IKE_AUTH response 1: SK{N(AUTHENTICATION_FAILED)}\n"

static void auth_07_wrong_secret(void **state)
{
    struct sim *s = sim_new(9);

    (void)state;
    B(s)->secret = "another pre-shared key of some length";
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, REFUSED_AUTH);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_PEER);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(B(s)->failure.refused_by, IPSEC_REFUSED_LOCAL);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* AUTH-09: who is not known looks like who has the wrong secret. */
static void auth_09_unknown_identity(void **state)
{
    struct sim *s = sim_new(10);

    (void)state;
    B(s)->unknown_id = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, REFUSED_AUTH);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_NO_CONNECTION);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void auth_09_no_secret(void **state)
{
    struct sim *s = sim_new(11);

    (void)state;
    B(s)->secret = NULL;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, REFUSED_AUTH);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void auth_09_empty_secret(void **state)
{
    struct sim *s = sim_new(12);

    (void)state;
    B(s)->secret = "";
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, REFUSED_AUTH);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void auth_15_identity_not_the_expected_one(void **state)
{
    struct sim *s = sim_new(13);

    (void)state;
    sim_id(&A(s)->peer.local_id, "someone-else.example");
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, REFUSED_AUTH);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_IDENTITY);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/*  ... and the responder shows another identity than the initiator expects:
 *  IKE_AUTH 1                         ->
 *                                     <-     IKE_AUTH 1: IDr AUTH SA TSi TSr
 *  INFORMATIONAL 2: D                 ->
 *                                     <-     INFORMATIONAL 2
 */
static void auth_16_auth_24_responder_is_somebody_else(void **state)
{
    struct sim *s = sim_new(14);

    (void)state;
    sim_id(&B(s)->peer.local_id, "someone-else.example");
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, SET_UP "A INFORMATIONAL request 2: SK{D}\n"
                                "B INFORMATIONAL response 2: SK{}\n");
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_IDENTITY);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], 0);
    assert_int_equal(sim_sink_count(A(s)), 0);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* No such peer: the answer says no more than that nothing was chosen. */
static void init_07_unknown_peer(void **state)
{
    struct sim *s = sim_new(15);

    (void)state;
    B(s)->unknown_peer = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I
                         "B IKE_SA_INIT response 0: N(NO_PROPOSAL_CHOSEN)\n");
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_NO_CONNECTION);
    sim_run(s, 5000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/*  IKE_AUTH 1: IDi IDr AUTH SA TSi TSr ->
 *                                      <-    IKE_AUTH 1: IDr AUTH N(TS_UNACCEPTABLE)
 */
static void auth_21_ts_09_selectors_do_not_fit(void **state)
{
    struct sim *s = sim_new(16);

    (void)state;
    sim_child_ts(&B(s)->child[0], "192.168.7.0/24", "192.168.8.0/24");
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R
                         "A IKE_AUTH request 1: " AUTH_I
                         "B IKE_AUTH response 1: SK{IDr AUTH N(TS_UNACCEPTABLE)}\n");
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SELECTORS);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_SELECTORS);
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

static void auth_21_esp_proposal_does_not_fit(void **state)
{
    struct sim *s = sim_new(17);

    (void)state;
    sim_esp_proposals(B(s), "aes128-sha256");
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R
                         "A IKE_AUTH request 1: " AUTH_I
                         "B IKE_AUTH response 1: SK{IDr AUTH N(NO_PROPOSAL_CHOSEN) N(40987)}\n");
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
    assert_true(A(s)->failure.authenticated);
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

static void ts_07_narrowed(void **state)
{
    struct sim *s = sim_new(18);

    (void)state;
    sim_child_ts(&A(s)->child[0], "192.168.0.0/16", "192.168.2.0/24");
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, SET_UP);
    sim_assert_agree(s, 1, 1);
    assert_true((A(s)->warnings & 1u << IPSEC_WARNING_NARROWED) != 0);
    assert_int_equal(sim_sink_sender(A(s), A(s)->child)->sa.local_ts.item[0].first[2], 1);
    sim_free(s);
}

/*  Behind a NAT everything after IKE_SA_INIT goes from and to port 4500, with the non-ESP marker.
 */
static void natt_03_ports_change(void **state)
{
    struct sim *s = sim_new(19);

    (void)state;
    s->nat = true;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, SET_UP);
    assert_true(sa_info(A(s)).nat_local && !sa_info(A(s)).nat_remote);
    assert_true(sa_info(B(s)).nat_remote && !sa_info(B(s)).nat_local);
    assert_int_equal(sa_info(A(s)).local.port, 4500);
    assert_int_equal(s->kept_datagram[1].remote.port, 500);
    assert_int_equal(s->kept_datagram[2].local.port, 4500);
    assert_memory_equal(s->kept_datagram[2].octets, "\0\0\0\0", 4);
    assert_int_equal(s->kept_datagram[3].local.port, 4500); /* NATT-05: back through the NAT */
    assert_true(sim_sink_sender(A(s), A(s)->child)->sa.udp_encapsulation);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void natt_11_forced(struct sim_node *who, struct sim *s)
{
    who->peer.force_encapsulation = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, SET_UP);
    assert_int_equal(sa_info(A(s)).local.port, 4500);
    assert_true(sim_sink_sender(A(s), A(s)->child)->sa.udp_encapsulation);
    assert_true(sim_sink_sender(B(s), B(s)->child)->sa.udp_encapsulation);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void natt_11_forced_by_the_initiator(void **state)
{
    struct sim *s = sim_new(20);

    (void)state;
    natt_11_forced(A(s), s);
}

static void natt_11_forced_by_the_responder(void **state)
{
    struct sim *s = sim_new(21);

    (void)state;
    natt_11_forced(B(s), s);
}

/* The peer never answers: all retransmissions, then a report. */
static void msgid_05_silent_peer(void **state)
{
    struct sim *s = sim_new(22);

    (void)state;
    sim_start(s);
    s->cut = true;
    (void)sim_connect(s);
    sim_run(s, 300000);
    assert_int_equal(s->sent, 6);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SILENT_PEER);
    assert_int_equal(A(s)->failure.attempts, 6);
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_TIMEOUT);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* A responder whose initiator goes away forgets it. */
static void msgid_05_half_open_ends(void **state)
{
    struct sim *s = sim_new(23);

    (void)state;
    sim_start(s);
    s->loss_mask = ~(uint64_t)1;
    (void)sim_connect(s);
    assert_int_not_equal(sim_sa(B(s), 0), 0);
    sim_run(s, 300000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* AUTH-30: the peer was restarted; its new SA says that it knows no other. */
static void auth_30_info_12_initial_contact(void **state)
{
    struct sim *s = sim_up(24);

    (void)state;
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
    assert_int_equal(sim_sink_count(B(s)), 1);
    (void)sim_connect(s);
    assert_int_equal(B(s)->last_reason, IPSEC_REASON_INITIAL_CONTACT);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void init_08_all_suites(void **state)
{
    static const char *const ike[] = {
        "aes256gcm16-prfsha256-ecp256", "chacha20poly1305-prfsha512-curve25519",
        "aes128-sha384-modp3072",       "aes192-sha512-modp4096",
        "aes256-sha256-modp2048s256",   "aes256-sha1-prfsha256-ecp521"};
    static const char *const esp[] = {"aes256gcm16-esn",   "chacha20poly1305", "aes128-sha384",
                                      "aes192-sha512-esn", "null-sha256",      "aes256-sha1"};

    (void)state;
    for (size_t i = 0; i < sizeof(ike) / sizeof(ike[0]); i++) {
        struct sim *s = sim_new(100 + i);
        for (int k = 0; k < 2; k++) {
            sim_ike_proposals(&s->nodes[k], ike[i]);
            sim_esp_proposals(&s->nodes[k], esp[i]);
        }
        sim_start(s);
        (void)sim_connect(s);
        sim_assert_ladder(s, SET_UP);
        sim_assert_agree(s, 1, 1);
        assert_int_equal((A(s)->warnings & 1u << IPSEC_WARNING_WEAK_GROUP) != 0, i == 4);
        assert_int_equal((A(s)->warnings & 1u << IPSEC_WARNING_NULL_CIPHER) != 0, i == 4);
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_01_init_02_auth_01_reference_scenario),
        cmocka_unit_test(init_19_init_20_other_group),
        cmocka_unit_test(cookie_01_03_04_sec_02_demanded_and_answered),
        cmocka_unit_test(cookie_07_cookie_then_group),
        cmocka_unit_test(cookie_07_group_then_cookie),
        cmocka_unit_test(cookie_08_bounded_restarts),
        cmocka_unit_test(init_07_no_acceptable_proposal),
        cmocka_unit_test(init_29_forged_refusal_is_only_a_hint),
        cmocka_unit_test(auth_07_wrong_secret),
        cmocka_unit_test(auth_09_unknown_identity),
        cmocka_unit_test(auth_09_no_secret),
        cmocka_unit_test(auth_09_empty_secret),
        cmocka_unit_test(auth_15_identity_not_the_expected_one),
        cmocka_unit_test(auth_16_auth_24_responder_is_somebody_else),
        cmocka_unit_test(init_07_unknown_peer),
        cmocka_unit_test(auth_21_ts_09_selectors_do_not_fit),
        cmocka_unit_test(auth_21_esp_proposal_does_not_fit),
        cmocka_unit_test(ts_07_narrowed),
        cmocka_unit_test(natt_03_ports_change),
        cmocka_unit_test(natt_11_forced_by_the_initiator),
        cmocka_unit_test(natt_11_forced_by_the_responder),
        cmocka_unit_test(msgid_05_silent_peer),
        cmocka_unit_test(msgid_05_half_open_ends),
        cmocka_unit_test(auth_30_info_12_initial_contact),
        cmocka_unit_test(init_08_all_suites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
