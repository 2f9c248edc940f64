/* SPDX-License-Identifier: Apache-2.0
 *
 * How the ends prove who they are: signatures and certificates, nobody in particular, and both
 * sides differently. RFC 7296 2.15, 3.6 to 3.8; RFC 4754, 7427, 7619.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define HASHES "N(SIGNATURE_HASH_ALGORITHMS)"

/*  IKE_SA_INIT 0: SA KE Ni N(HASHES)                 ->
 *                                       <-  IKE_SA_INIT 0: SA KE Nr N(HASHES) CERTREQ
 *  IKE_AUTH 1: IDi CERT CERTREQ IDr AUTH ...         ->
 *                                       <-  IKE_AUTH 1: IDr CERT AUTH ...
 */
static void auth_10_auth_15_certificates_on_both_sides(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    sim_certificates(s, IPSEC_KEY_RSA, 2048);
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s,
                      "A IKE_SA_INIT request 0: SA KE Ni " NATD " " FRAG " " HASHES " V\n"
                      "B IKE_SA_INIT response 0: SA KE Nr " NATD " " FRAG " " HASHES " CERTREQ V\n"
                      "A IKE_AUTH request 1: SK{IDi CERT N(INITIAL_CONTACT) CERTREQ IDr AUTH "
                      "SA TSi TSr}\n"
                      "B IKE_AUTH response 1: SK{IDr CERT AUTH SA TSi TSr}\n");
    sim_assert_agree(s, 1, 1);
    assert_int_equal(A(s)->auth.validated, 1);
    assert_int_equal(B(s)->auth.validated, 1);
    sim_free(s);
}

/* The hash follows the curve, in method 14 and in the old methods. */
static void auth_13_every_curve_with_and_without_rfc_7427(void **state)
{
    static const uint16_t bits[] = {256, 384, 521};

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct sim *s = sim_new(10 + i);
        sim_certificates(s, IPSEC_KEY_EC, bits[i / 2]);
        if (i % 2 == 1) {
            /* Neither end announces a hash: as before RFC 7427. */
            A(s)->auth.supported = B(s)->auth.supported = 0;
        }
        sim_start(s);
        ipsec_handle sa;
        s->held = true;
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
        assert_true(sim_deliver(s, 0));
        A(s)->auth.supported = B(s)->auth.supported = (1u << IPSEC_SIGNATURE_ED25519) - 1;
        s->held = false;
        sim_run(s, 1000);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* RFC 8420: the hash is "identity", which an end announces when its signer has Ed25519. */
static void auth_10_ed25519_where_both_ends_have_it(void **state)
{
    const uint32_t all = (1u << IPSEC_SIGNATURES) - 1;

    (void)state;
    for (unsigned without = 0; without < 2; without++) {
        struct sim *s = sim_new(18 + without);
        sim_certificates(s, IPSEC_KEY_ED25519, 256);
        A(s)->auth.supported = all;
        B(s)->auth.supported = all ^ without << IPSEC_SIGNATURE_ED25519;
        sim_start(s);
        (void)sim_connect(s);
        if (without == 0) {
            sim_assert_agree(s, 1, 1);
            assert_int_equal(A(s)->auth.signed_count, 1);
            assert_int_equal(B(s)->auth.signed_count, 1);
        } else {
            assert_int_equal(sim_sa(A(s), 0), 0);
            assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
            assert_int_equal(A(s)->failure.status, IPSEC_ERR_NOT_BUILT_IN);
            assert_int_equal(A(s)->auth.signed_count, 0);
        }
        sim_free(s);
    }
}

static void auth_10_cve_2015_7575_method_1_only_when_named(void **state)
{
    (void)state;
    for (int named = 0; named < 2; named++) {
        struct sim *s = sim_new(20);
        sim_certificates(s, IPSEC_KEY_RSA, 2048);
        /* Knows nothing but the old method: announces no hash. */
        A(s)->auth.supported = B(s)->auth.supported = 1u << IPSEC_SIGNATURE_RSA_SHA1;
        if (named != 0) {
            A(s)->auth.credential.signatures = 1u << IPSEC_SIGNATURE_RSA_SHA1;
            B(s)->auth.credential.signatures = 1u << IPSEC_SIGNATURE_RSA_SHA1;
            A(s)->peer.remote_signatures = 1u << IPSEC_SIGNATURE_RSA_SHA1;
            B(s)->peer.remote_signatures = 1u << IPSEC_SIGNATURE_RSA_SHA1;
        }
        sim_start(s);
        (void)sim_connect(s);
        if (named != 0) {
            sim_assert_agree(s, 1, 1);
        } else {
            assert_int_equal(sim_sa(A(s), 0), 0);
            assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
            assert_int_equal(A(s)->failure.status, IPSEC_ERR_NOT_BUILT_IN);
        }
        sim_free(s);
    }
}

static void auth_07_a_signature_the_peer_may_not_use(void **state)
{
    struct sim *s = sim_new(21);

    (void)state;
    sim_certificates(s, IPSEC_KEY_RSA, 2048);
    A(s)->auth.credential.signatures = 1u << IPSEC_SIGNATURE_RSA_SHA2_256;
    B(s)->peer.remote_signatures = 1u << IPSEC_SIGNATURE_PSS_SHA2_256;
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(B(s)->failure.status, IPSEC_ERR_FORBIDDEN);
    assert_int_equal(B(s)->auth.validated, 0);
    assert_int_equal(sim_sa(A(s), 0), 0);
    sim_free(s);
}

static void sides_may_differ(void **state)
{
    static const uint8_t methods[3] = {IPSEC_AUTH_PSK, IPSEC_AUTH_SIGNATURE, IPSEC_AUTH_NULL};

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        struct sim *s = sim_new(30 + i);
        sim_certificates(s, IPSEC_KEY_EC, 256);
        A(s)->peer.local_auth = B(s)->peer.remote_auth = methods[i % 3];
        B(s)->peer.local_auth = A(s)->peer.remote_auth = methods[i / 3];
        sim_start(s);
        (void)sim_connect(s);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* RFC 7619 2.2: an end that is nobody says so. */
static void null_authentication_has_an_identity_of_nothing(void **state)
{
    struct sim *s = sim_new(40);
    struct ipsec_ike_sa_info info;

    (void)state;
    A(s)->peer.local_auth = IPSEC_AUTH_NULL;
    A(s)->peer.local_id.type = IPSEC_ID_NONE;
    B(s)->peer.remote_auth = IPSEC_AUTH_NULL;
    B(s)->peer.remote_id.type = IPSEC_ID_NONE;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(ipsec_ike_sa_info(B(s)->ike, sim_sa(B(s), 0), &info), IPSEC_OK);
    assert_int_equal(info.remote_id.type, IPSEC_ID_NULL);
    assert_int_equal(info.remote_id.length, 0);
    sim_free(s);
}

/* INFO-12, RFC 7619 2.3: anybody may take the name of one who proves nothing, so who comes under it
 * ends no IKE SA that is there, not even when it says that it knows of none. */
static void info_12_who_proves_nothing_ends_nobody(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const struct sim_edit edit = {
            .kind = SIM_EDIT_LAST, .type = 41, .body = sim_notify(16384, sim_hex(""))};
        struct sim *s = sim_new(41 + i);
        A(s)->peer.local_auth = B(s)->peer.remote_auth = IPSEC_AUTH_NULL;
        A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
        if ((i & 1) == 0) { /* without a name, and with one */
            A(s)->peer.local_id.type = B(s)->peer.remote_id.type = IPSEC_ID_NONE;
        }
        sim_start(s);
        (void)sim_connect(s);
        assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
        s->held = true;
        (void)sim_connect(s);
        assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
        if ((i & 2) != 0) {
            sim_edit(sim_flying(s), &edit);
        }
        s->held = false;
        sim_run(s, 1000);
        assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
        assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_CLOSED], 0);
        sim_free(s);
    }
}

/* Every method where another is wanted is refused, NULL above all: by the responder, and by the
 * initiator (AUTH-24). */
static void auth_07_another_method_than_configured(void **state)
{
    static const uint8_t methods[3] = {IPSEC_AUTH_PSK, IPSEC_AUTH_SIGNATURE, IPSEC_AUTH_NULL};

    (void)state;
    for (unsigned i = 0; i < 18; i++) {
        const uint8_t used = methods[i % 3];
        const uint8_t wanted = methods[i / 3 % 3];
        struct sim *s = sim_new(50 + i);
        struct sim_node *prover = i < 9 ? A(s) : B(s);
        struct sim_node *judge = i < 9 ? B(s) : A(s);
        if (used == wanted) {
            sim_free(s);
            continue;
        }
        sim_certificates(s, IPSEC_KEY_EC, 256);
        prover->peer.local_auth = used;
        judge->peer.remote_auth = wanted;
        judge->peer.local_auth = prover->peer.remote_auth = IPSEC_AUTH_PSK;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 1000);
        assert_int_equal(judge->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        assert_int_equal(judge->failure.auth_wanted, wanted);
        assert_int_not_equal(judge->failure.auth_method, 0);
        assert_int_equal(sim_sa(A(s), 0), 0);
        assert_int_equal(sim_sa(B(s), 0), 0);
        assert_int_equal(sim_sink_count(A(s)) + sim_sink_count(B(s)), 0);
        sim_free(s);
    }
}

enum spoil {
    SPOIL_TRUST,
    SPOIL_NO_TRUST,
    SPOIL_EXPIRED,
    SPOIL_IDENTITY,
    SPOIL_TIME,
    SPOIL_MISSING,
    SPOIL_SHORT,
    SPOILS
};

static void spoil(struct sim_node *judge, struct sim_node *prover, unsigned how)
{
    static const uint8_t garbage[3] = {1, 2, 3};
    struct ipsec_id other;
    struct sim_cert cert = {IPSEC_KEY_RSA, 2048, 7, SIM_NOW + 1000000, &prover->peer.local_id, 0};

    sim_id(&other, "somebody-else.example");
    if (how == SPOIL_TRUST) {
        judge->auth.trust.issuer = 8;
    } else if (how == SPOIL_NO_TRUST) {
        judge->peer.trust = NULL;
    } else if (how == SPOIL_EXPIRED) {
        cert.not_after = SIM_NOW - 100;
        sim_auth_certify(&prover->auth, &cert);
    } else if (how == SPOIL_IDENTITY) {
        cert.id = &other;
        sim_auth_certify(&prover->auth, &cert);
    } else if (how == SPOIL_TIME) {
        judge->auth.no_time = true;
    } else if (how == SPOIL_MISSING) {
        prover->auth.credential.chain_count = 0;
    } else if (how == SPOIL_SHORT) {
        prover->auth.chain[0].data = garbage;
        prover->auth.chain[0].length = sizeof(garbage);
    }
}

static void auth_15_17_cve_2023_26463_bad_certificates_in_both_roles(void **state)
{
    static const enum ipsec_cert_problem problem[SPOILS] = {
        [SPOIL_TRUST] = IPSEC_CERT_UNTRUSTED, [SPOIL_NO_TRUST] = IPSEC_CERT_UNTRUSTED,
        [SPOIL_EXPIRED] = IPSEC_CERT_EXPIRED, [SPOIL_IDENTITY] = IPSEC_CERT_IDENTITY,
        [SPOIL_TIME] = IPSEC_CERT_NO_TIME,    [SPOIL_MISSING] = IPSEC_CERT_MISSING,
        [SPOIL_SHORT] = IPSEC_CERT_MALFORMED,
    };

    (void)state;
    for (unsigned i = 0; i < 2 * SPOILS; i++) {
        struct sim *s = sim_new(80 + i);
        struct sim_node *judge = i % 2 == 0 ? B(s) : A(s);
        sim_certificates(s, IPSEC_KEY_RSA, 2048);
        spoil(judge, i % 2 == 0 ? A(s) : B(s), i / 2);
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 1000);
        assert_int_equal(judge->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        assert_int_equal(judge->failure.cert_problem, problem[i / 2]);
        assert_non_null(strstr(judge->failure_text, ipsec_cert_problem_text(problem[i / 2])));
        assert_int_equal(sim_sa(A(s), 0), 0);
        assert_int_equal(sim_sa(B(s), 0), 0);
        sim_free(s);
    }
}

/* A good certificate does not help who has not its key (AUTH-07, CVE-2020-16088). */
static void auth_07_cve_2020_16088_somebody_elses_certificate(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sim *s = sim_new(100);
        sim_certificates(s, IPSEC_KEY_RSA, 2048);
        s->nodes[i].auth.key.number ^= 1;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 1000);
        assert_int_equal(s->nodes[1 - i].failure.cause, IPSEC_CAUSE_AUTHENTICATION);
        assert_int_equal(s->nodes[1 - i].failure.cert_problem, IPSEC_CERT_GOOD);
        assert_int_equal(s->nodes[1 - i].failure.status, IPSEC_DROP_ICV);
        assert_int_equal(sim_sa(A(s), 0), 0);
        assert_int_equal(sim_sa(B(s), 0), 0);
        sim_free(s);
    }
}

static void a_signer_that_fails_ends_the_attempt(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sim *s = sim_new(110);
        sim_certificates(s, IPSEC_KEY_RSA, 2048);
        s->nodes[i].auth.breaks = true;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 60000);
        assert_true(s->nodes[i].has_failure);
        assert_int_equal(sim_sa(A(s), 0), 0);
        assert_int_equal(sim_sa(B(s), 0), 0);
        sim_free(s);
    }
}

/* Signing and checking may be with a secure element, and take their time. */
static void signatures_are_jobs(void **state)
{
    struct sim *s = sim_new(120);
    ipsec_handle sa;
    unsigned done = 0;

    (void)state;
    sim_certificates(s, IPSEC_KEY_EC, 384);
    A(s)->take_jobs = B(s)->take_jobs = true;
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int i = 0; i < 40; i++) {
        sim_run(s, 100);
        done += sim_job_done(A(s)) == IPSEC_OK ? 1 : 0;
        done += sim_job_done(B(s)) == IPSEC_OK ? 1 : 0;
    }
    sim_assert_agree(s, 1, 1);
    /* A: start, finish, sign, verify. B: respond, verify, sign. */
    assert_int_equal(done, 7);
    sim_free(s);
}

/* What a job works on must not move while it is out: retransmissions arrive meanwhile. */
static void a_repeated_request_does_not_touch_a_job_that_is_out(void **state)
{
    struct sim *s = sim_new(121);
    ipsec_handle sa;

    (void)state;
    sim_certificates(s, IPSEC_KEY_RSA, 2048);
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    assert_true(sim_deliver(s, 0));
    B(s)->take_jobs = true;
    s->held = false;
    sim_run(s, 10000);
    assert_int_equal(B(s)->job_count, 1);
    B(s)->take_jobs = false;
    assert_int_equal(sim_job_done(B(s)), IPSEC_OK);
    sim_run(s, 10000);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(B(s)->auth.validated, 1);
    sim_free(s);
}

/* Without signer and verifier a peer that needs them fails with words, not with a crash. */
static void certificates_that_are_not_built_in(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct sim *s = sim_new(130);
        sim_certificates(s, IPSEC_KEY_RSA, 2048);
        s->nodes[i].config.signer = NULL;
        s->nodes[i].config.x509 = NULL;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 60000);
        assert_true(s->nodes[i].has_failure);
        assert_int_equal(sim_sa(A(s), 0), 0);
        assert_int_equal(sim_sa(B(s), 0), 0);
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_10_auth_15_certificates_on_both_sides),
        cmocka_unit_test(auth_13_every_curve_with_and_without_rfc_7427),
        cmocka_unit_test(auth_10_ed25519_where_both_ends_have_it),
        cmocka_unit_test(auth_10_cve_2015_7575_method_1_only_when_named),
        cmocka_unit_test(auth_07_a_signature_the_peer_may_not_use),
        cmocka_unit_test(sides_may_differ),
        cmocka_unit_test(null_authentication_has_an_identity_of_nothing),
        cmocka_unit_test(info_12_who_proves_nothing_ends_nobody),
        cmocka_unit_test(auth_07_another_method_than_configured),
        cmocka_unit_test(auth_15_17_cve_2023_26463_bad_certificates_in_both_roles),
        cmocka_unit_test(auth_07_cve_2020_16088_somebody_elses_certificate),
        cmocka_unit_test(a_signer_that_fails_ends_the_attempt),
        cmocka_unit_test(signatures_are_jobs),
        cmocka_unit_test(a_repeated_request_does_not_touch_a_job_that_is_out),
        cmocka_unit_test(certificates_that_are_not_built_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
