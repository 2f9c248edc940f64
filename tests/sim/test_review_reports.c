/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said, here and to the peer, when something can not be.
 */
#include "sim_edit.h"
#include "sim_test.h"

static struct sim_node *A(struct sim *s)
{
    return &s->nodes[SIM_A];
}

static struct sim_node *B(struct sim *s)
{
    return &s->nodes[SIM_B];
}

static void assert_says(const struct sim_node *n, const char *words)
{
    if (strstr(n->failure_text, words) == NULL) {
        print_message("not in the report: %s\n%s", words, n->failure_text);
    }
    assert_non_null(strstr(n->failure_text, words));
}

/* ---- certificates ------------------------------------------------------------------------------
 */

/* RFC 7296 3.7: who trusts nobody asks for no certificate. */
static void an_empty_store_asks_for_nothing(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    sim_certificates(s, IPSEC_KEY_EC, 256);
    A(s)->auth.trust.issuer = 0;
    sim_start(s);
    (void)sim_connect(s);
    assert_non_null(strstr(s->ladder, "A IKE_AUTH request 1: SK{IDi CERT N(INITIAL_CONTACT) IDr"));
    assert_non_null(strstr(s->ladder, "CERTREQ V\n")); /* of B, which trusts somebody */
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(A(s)->failure.cert_problem, IPSEC_CERT_UNTRUSTED);
    assert_int_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
    sim_free(s);
}

/* ---- identities --------------------------------------------------------------------------------
 */

/* The body of an ID payload of this type, with this many octets. */
static struct ipsec_view id_of(uint8_t type, size_t octets)
{
    static uint8_t body[600];
    const struct ipsec_view view = {body, 4 + octets};

    memset(body, 0, 4);
    memset(body + 4, 'x', octets);
    body[0] = type;
    return view;
}

/* IKE_AUTH is under way: to B, or, when it has answered, to A. */
static struct sim *under_way(bool eap, bool answered)
{
    struct sim *s = sim_new(11);
    ipsec_handle sa;

    if (eap) {
        sim_eap(s, 2, false);
    }
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int i = 0; i < (answered ? 3 : 2); i++) {
        assert_true(sim_deliver(s, 0));
    }
    return s;
}

static void a_long_identity_of_who_calls(void **state)
{
    struct sim *s = under_way(false, false);
    const struct sim_edit edit = {.kind = SIM_EDIT_REPLACE, .type = 35, .body = id_of(9, 190)};

    (void)state;
    sim_edit(sim_flying(s), &edit);
    s->held = false;
    sim_run(s, 1000);
    assert_int_equal(B(s)->events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_IDENTITY);
    assert_int_equal(B(s)->failure.id_length, 190);
    assert_int_equal(B(s)->failure.notify, 24);
    assert_says(B(s), "an identity is too long [identity]");
    assert_says(B(s), "a distinguished name (DER) of 190 octets");
    assert_says(B(s), "most 128");
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(sim_sa(A(s), 0) | sim_sa(B(s), 0), 0);
    sim_free(s);
}

static void a_long_identity_of_who_is_called(void **state)
{
    static const struct {
        uint8_t type;
        size_t octets;
        const char *words;
    } cases[] = {{2, 129, "a domain name of 129 octets"},
                 {3, 255, "a mail address of 255 octets"},
                 {10, 500, "a general name (DER) of 500 octets"},
                 {11, 256, "a key ID of 256 octets"},
                 {77, 200, "of a kind that is not known here of 200 octets"}};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim *s = under_way(i % 2 == 1, true);
        const struct sim_edit edit = {.kind = SIM_EDIT_REPLACE,
                                      .type = 36,
                                      .body = id_of(cases[i / 2].type, cases[i / 2].octets)};
        sim_edit(sim_flying(s), &edit);
        assert_true(sim_deliver(s, 0));
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_IDENTITY);
        assert_int_equal(A(s)->failure.id_length, cases[i / 2].octets);
        assert_says(A(s), cases[i / 2].words);
        assert_int_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
        sim_free(s);
    }
}

/* ---- EAP ---------------------------------------------------------------------------------------
 */

/* The first packet of the server already fails: the report knows who it is. */
static void a_client_that_fails_at_once_says_with_whom(void **state)
{
    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        struct sim *s = sim_new(2);
        sim_eap(s, 2, alone != 0);
        A(s)->eap_quirk = SIM_EAP_BREAKS;
        sim_start(s);
        (void)sim_connect(s);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_LOCAL);
        assert_says(A(s), "the peer says it is \"gw-b.example\"");
        sim_free(s);
    }
}

/* What a method is told that it may send, a message has room for, whatever the suite. */
static void a_full_eap_packet_fits(void **state)
{
    static const char *const suites[] = {"aes256-sha256-modp2048", "aes256-sha512-modp2048",
                                         "aes256gcm16-prfsha256-modp2048",
                                         "chacha20poly1305-prfsha256-modp2048"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct sim *s = sim_new(3);
        sim_eap(s, 3, false);
        for (int k = 0; k < 2; k++) {
            sim_ike_proposals(&s->nodes[k], suites[i]);
            s->nodes[k].eap_full = true;
            s->nodes[k].config.no_fragmentation = true;
        }
        sim_start(s);
        (void)sim_connect(s);
        assert_true(A(s)->eap_longest > 2048 - 28 - 4 - 4 - 16 - 16 - 32 - 1);
        assert_true(A(s)->eap_longest < 2048 - 28 - 4 - 4 - 8 - 1 - 16 + 1);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* ---- children ----------------------------------------------------------------------------------
 */

/* A responder that answers IKE_AUTH with this notify and nothing else, as some do when they do not
 * want the child. */
static struct sim *refused_with(const char *notify)
{
    struct sim *s = sim_new(4);
    const struct sim_edit alone[] = {{.kind = SIM_EDIT_LEAVE_OUT, .type = 36},
                                     {.kind = SIM_EDIT_LEAVE_OUT, .type = 39},
                                     {.kind = SIM_EDIT_LEAVE_OUT, .type = 33},
                                     {.kind = SIM_EDIT_LEAVE_OUT, .type = 44},
                                     {.kind = SIM_EDIT_LEAVE_OUT, .type = 45},
                                     {.kind = SIM_EDIT_LEAVE_OUT, .type = 41},
                                     {.kind = SIM_EDIT_FIRST, .type = 41, .body = sim_hex(notify)}};
    ipsec_handle sa;

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int i = 0; i < 3; i++) {
        assert_true(sim_deliver(s, 0));
    }
    for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++) {
        sim_edit(sim_flying(s), &alone[i]);
    }
    assert_true(sim_deliver(s, 0));
    return s;
}

static void a_proposal_refused_in_ike_auth_is_the_childs(void **state)
{
    struct sim *s = refused_with("00 00 000e");

    (void)state;
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_CHILD_CREATE);
    assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_PEER);
    assert_true(A(s)->failure.child == &A(s)->child[0]);
    assert_says(A(s), "Here:       esp = aes256-sha256");
    assert_int_equal(sim_sa(A(s), 0), 0);
    sim_free(s);
}

static void selectors_refused_in_ike_auth_are_the_childs(void **state)
{
    struct sim *s = refused_with("00 00 0026");

    (void)state;
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SELECTORS);
    assert_says(A(s), "local_ts = 192.168.1.0/24");
    assert_int_equal(sim_sa(A(s), 0), 0);
    sim_free(s);
}

/* Other notifies are what they were. */
static void what_is_refused_otherwise_is_no_childs(void **state)
{
    struct sim *s = refused_with("00 00 0018");

    (void)state;
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_IKE_AUTH);
    sim_free(s);
    s = refused_with("00 00 0007");
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_PEER_REFUSED);
    assert_int_equal(sim_sa(A(s), 0), 0);
    sim_free(s);
}

/* ---- inner addresses ---------------------------------------------------------------------------
 */

/* A's side of its first child is the address that it asks B for. */
static struct sim *roaming(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    A(s)->peer.request_config = IPSEC_CONFIG_IPV4;
    A(s)->child[0].local_dynamic = B(s)->child[0].remote_dynamic = true;
    A(s)->child[0].local_ts.count = B(s)->child[0].remote_ts.count = 0;
    return s;
}

/* The others come, and the one that has no address does not come again and again. */
static void the_other_children_need_no_address(void **state)
{
    struct sim *s = roaming(17);
    const struct ipsec_child_config first = A(s)->child[0];

    (void)state;
    A(s)->child[0] = A(s)->child[1];
    A(s)->child[1] = first;
    A(s)->child[1].restart = true;
    B(s)->child[0] = B(s)->child[1];
    A(s)->peer.child_count = 2;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 100000);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_POLICY);
    assert_ptr_equal(A(s)->failure.child, &A(s)->child[1]);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 0);
    sim_free(s);
}

/* An address that is given when the peer asks is no reason not to call it. */
static void a_side_that_only_a_responder_knows(void **state)
{
    struct sim *s = roaming(18);

    (void)state;
    B(s)->peer.child_count = A(s)->peer.child_count = 2;
    sim_start(s);
    ipsec_handle sa;
    assert_int_equal(ipsec_ike_initiate(B(s)->ike, &B(s)->peer, s->now, &sa), IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    assert_non_null(sim_sink_sender(B(s), &B(s)->child[1]));
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_POLICY);
    assert_ptr_equal(B(s)->failure.child, &B(s)->child[0]);
    sim_free(s);
}

/* ---- what has no room --------------------------------------------------------------------------
 */

/* An answer to IKE_AUTH that is longer than message_bytes: the peer hears of it at once, and both
 * ends say what it was. */
static void an_answer_to_ike_auth_that_is_too_long(void **state)
{
    struct sim *s = sim_new(5);

    (void)state;
    sim_eap(s, 3, false);
    B(s)->eap_full = B(s)->eap_full_first = true;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(B(s)->events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
    assert_int_equal(B(s)->failure.status, IPSEC_ERR_BUFFER);
    assert_int_equal(B(s)->failure.phase, IPSEC_PHASE_IKE_AUTH);
    assert_ptr_equal(B(s)->failure.peer, &B(s)->peer);
    assert_says(B(s), "a message of ours would be longer than message_bytes");
    assert_says(B(s), "raise message_bytes");
    assert_int_equal(A(s)->failure.notify, 24);
    assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_PEER);
    assert_int_equal(sim_sa(A(s), 0) | sim_sa(B(s), 0), 0);
    assert_true(s->sent == 4);
    sim_free(s);
}

static void an_answer_to_ike_sa_init_that_is_too_long(void **state)
{
    struct sim *s = sim_new(6);

    (void)state;
    sim_certificates(s, IPSEC_KEY_EC, 256);
    B(s)->auth.trust.more = 9;
    B(s)->config.message_bytes = 576;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(B(s)->events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
    assert_int_equal(B(s)->failure.phase, IPSEC_PHASE_IKE_SA_INIT);
    assert_int_equal(A(s)->failure.notify, 14);
    assert_int_equal(sim_sa(B(s), 0), 0);
    sim_free(s);
}

/* And a request. */
static void a_request_that_is_too_long(void **state)
{
    struct sim *s = sim_new(7);

    (void)state;
    sim_certificates(s, IPSEC_KEY_EC, 256);
    A(s)->auth.trust.more = 15;
    A(s)->config.message_bytes = 576;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_IKE_AUTH);
    assert_says(A(s), "raise message_bytes");
    assert_int_equal(sim_sa(A(s), 0), 0);
    sim_free(s);
}

/* A hint does not make an answer too long: it stays away. */
static void a_hint_that_has_no_room(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sim *s = sim_new(8);
        sim_esp_proposals(A(s), "aes256gcm16");
        sim_esp_proposals(B(s), i == 0 ? "aes256-sha256"
                                       : "aes256-aes192-aes128-sha256-sha384-sha512-sha1,"
                                         "aes256-aes192-aes128-sha256-sha384-sha512,"
                                         "aes192-aes128-sha256-sha384-sha512-sha1,"
                                         "aes256-aes128-sha256-sha384-sha512-sha1,"
                                         "aes256-aes192-sha256-sha384-sha512-sha1");
        B(s)->config.message_bytes = 576;
        sim_start(s);
        (void)sim_connect(s);
        sim_assert_agree(s, 1, 0);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
        if (i == 0) {
            assert_says(A(s), "There:      esp = aes256-sha256");
        } else {
            assert_null(strstr(A(s)->failure_text, "There:      esp"));
        }
        sim_free(s);
    }
}

/* ---- questions that nobody answers -------------------------------------------------------------
 */

/* It was not the peer that was silent. */
static void a_question_left_open_is_said(void **state)
{
    static const struct {
        enum ipsec_question question;
        const char *words;
    } cases[] = {{IPSEC_QUESTION_PEER, "(find_peer)"},
                 {IPSEC_QUESTION_SECRET, "(find_secret)"},
                 {IPSEC_QUESTION_EAP, "(eap)"},
                 {IPSEC_QUESTION_LEASE, "(lease)"},
                 {IPSEC_QUESTION_JOB, "(job)"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim *s = sim_new(9);
        if (cases[i].question == IPSEC_QUESTION_EAP) {
            sim_eap(s, 2, false);
        }
        A(s)->peer.request_config = IPSEC_CONFIG_IPV4;
        B(s)->leases = true;
        B(s)->pend_peer = cases[i].question == IPSEC_QUESTION_PEER;
        B(s)->pend_secret = cases[i].question == IPSEC_QUESTION_SECRET;
        B(s)->pend_eap = cases[i].question == IPSEC_QUESTION_EAP;
        B(s)->pend_lease = cases[i].question == IPSEC_QUESTION_LEASE;
        B(s)->take_jobs = cases[i].question == IPSEC_QUESTION_JOB;
        sim_node_callbacks(B(s));
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 31000);
        assert_int_equal(B(s)->events[IPSEC_EVENT_FAILURE], 1);
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
        assert_int_equal(B(s)->failure.refused_by, IPSEC_REFUSED_LOCAL);
        assert_int_equal(B(s)->failure.waited_for, cases[i].question);
        assert_says(B(s), cases[i].words);
        assert_int_equal(sim_sa(B(s), 0), 0);
        sim_free(s);
    }
}

/* The same of our own call. */
static void a_question_left_open_by_who_calls(void **state)
{
    struct sim *s = sim_new(10);

    (void)state;
    A(s)->pend_secret = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 31000);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
    assert_int_equal(A(s)->failure.waited_for, IPSEC_QUESTION_SECRET);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_IKE_AUTH);
    assert_says(A(s), "(find_secret)");
    assert_int_equal(sim_sa(A(s), 0), 0);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_SILENT_PEER); /* and there it is true */
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_store_asks_for_nothing),
        cmocka_unit_test(a_long_identity_of_who_calls),
        cmocka_unit_test(a_long_identity_of_who_is_called),
        cmocka_unit_test(a_client_that_fails_at_once_says_with_whom),
        cmocka_unit_test(a_full_eap_packet_fits),
        cmocka_unit_test(a_proposal_refused_in_ike_auth_is_the_childs),
        cmocka_unit_test(selectors_refused_in_ike_auth_are_the_childs),
        cmocka_unit_test(what_is_refused_otherwise_is_no_childs),
        cmocka_unit_test(the_other_children_need_no_address),
        cmocka_unit_test(a_side_that_only_a_responder_knows),
        cmocka_unit_test(an_answer_to_ike_auth_that_is_too_long),
        cmocka_unit_test(an_answer_to_ike_sa_init_that_is_too_long),
        cmocka_unit_test(a_request_that_is_too_long),
        cmocka_unit_test(a_hint_that_has_no_room),
        cmocka_unit_test(a_question_left_open_is_said),
        cmocka_unit_test(a_question_left_open_by_who_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
