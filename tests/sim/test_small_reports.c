/* SPDX-License-Identifier: Apache-2.0
 *
 * The library without diagnosis and signatures: what a failure still says, and what is not there
 * any more. That everything else works the same is what the other tests of the suite "small" say.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

struct expected {
    enum ipsec_phase phase;
    enum ipsec_cause cause;
    enum ipsec_refuser refused_by;
};

static void check(struct sim_node *n, struct expected e)
{
    assert_true(n->has_failure);
    assert_int_equal(n->failure.phase, e.phase);
    assert_int_equal(n->failure.cause, e.cause);
    assert_int_equal(n->failure.refused_by, e.refused_by);
    assert_int_equal(n->failure.diff_count, 0);
    assert_true(strlen(n->failure_text) >
                40); /* a report all the same, and no crash in making it */
    assert_int_equal(n->events[IPSEC_EVENT_MESSAGE], 0);
}

static void connect_and_check(struct sim *s, enum ipsec_phase phase, enum ipsec_cause cause)
{
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 5000);
    check(A(s), (struct expected){phase, cause, IPSEC_REFUSED_PEER});
    check(B(s), (struct expected){phase, cause, IPSEC_REFUSED_LOCAL});
    sim_free(s);
}

static void other_ike_proposal(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    sim_ike_proposals(A(s), "aes256-sha256-modp2048");
    sim_ike_proposals(B(s), "aes128-sha256-modp2048");
    connect_and_check(s, IPSEC_PHASE_IKE_SA_INIT, IPSEC_CAUSE_NO_PROPOSAL);
}

static void other_esp_proposal(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    sim_esp_proposals(A(s), "aes256-sha256");
    sim_esp_proposals(B(s), "aes256-sha512");
    connect_and_check(s, IPSEC_PHASE_CHILD_CREATE, IPSEC_CAUSE_NO_PROPOSAL);
}

static void other_selectors(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    sim_child_ts(&A(s)->child[0], "10.1.0.0/16", "192.168.2.0/24");
    connect_and_check(s, IPSEC_PHASE_CHILD_CREATE, IPSEC_CAUSE_SELECTORS);
}

static void other_secret(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    B(s)->secret = "not the secret of the other end";
    connect_and_check(s, IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_AUTHENTICATION);
}

static void not_built_in(void **state)
{
    struct sim *s = sim_new(2);
    ipsec_handle sa;

    (void)state;
    sim_ike_proposals(A(s), "aes256gcm16-prfsha256-ecp256");
    A(s)->crypto.absent_count = 1;
    A(s)->crypto.absent[0].type = IPSEC_TRANSFORM_ENCR;
    A(s)->crypto.absent[0].id = IPSEC_ENCR_AES_GCM_16;
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa),
                     IPSEC_ERR_NOT_BUILT_IN);
    check(A(s),
          (struct expected){IPSEC_PHASE_START, IPSEC_CAUSE_NOT_BUILT_IN, IPSEC_REFUSED_LOCAL});
    assert_non_null(strstr(A(s)->failure_text, "aes256gcm16"));
    sim_free(s);
}

/* A peer configured for signatures is refused here, without anything sent that would show it. */
static void signatures_not_built_in(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    A(s)->peer.local_auth = IPSEC_AUTH_SIGNATURE;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 5000);
    check(A(s),
          (struct expected){IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_AUTHENTICATION, IPSEC_REFUSED_LOCAL});
    assert_int_equal(A(s)->failure.status, IPSEC_ERR_NOT_BUILT_IN);
    sim_free(s);
}

static void signatures_of_the_peer_not_built_in(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    B(s)->peer.remote_auth = IPSEC_AUTH_SIGNATURE;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 5000);
    check(B(s),
          (struct expected){IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_AUTHENTICATION, IPSEC_REFUSED_LOCAL});
    assert_int_equal(B(s)->failure.status, IPSEC_ERR_NOT_BUILT_IN);
    sim_free(s);
}

static void tunnel_and_rekeys(void **state)
{
    struct sim *s = sim_up(1);

    (void)state;
    assert_int_equal(
        ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now),
        IPSEC_OK);
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(ipsec_ike_rekey(B(s)->ike, sim_sa(B(s), 0), s->now), IPSEC_OK);
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 1);
    assert_int_equal(A(s)->events[IPSEC_EVENT_MESSAGE], 0);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_ike_proposal),
        cmocka_unit_test(other_esp_proposal),
        cmocka_unit_test(other_selectors),
        cmocka_unit_test(other_secret),
        cmocka_unit_test(not_built_in),
        cmocka_unit_test(signatures_not_built_in),
        cmocka_unit_test(signatures_of_the_peer_not_built_in),
        cmocka_unit_test(tunnel_and_rekeys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
