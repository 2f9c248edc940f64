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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_store_asks_for_nothing),
        cmocka_unit_test(a_client_that_fails_at_once_says_with_whom),
        cmocka_unit_test(a_full_eap_packet_fits),
        cmocka_unit_test(a_proposal_refused_in_ike_auth_is_the_childs),
        cmocka_unit_test(selectors_refused_in_ike_auth_are_the_childs),
        cmocka_unit_test(what_is_refused_otherwise_is_no_childs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
