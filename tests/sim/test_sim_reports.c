/* SPDX-License-Identifier: Apache-2.0
 *
 * The troubleshooting table: each way in which two ends can be configured apart, and what both of
 * them say about it. RFC 7296 2.7, 2.9, 2.21; lifetimes are local (2.8).
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

/* What one end must say; diff 0: none expected. */
struct expected {
    enum ipsec_phase phase;
    enum ipsec_cause cause;
    enum ipsec_refuser refused_by;
    uint8_t diff_type;
    uint8_t diff_kind;
    const char *contains[4]; /* in the text; NULL: no more */
};

struct row {
    const char *ike[2]; /* NULL: the default of the simulator */
    const char *esp[2];
    const char *local_ts[2];
    const char *identity_a; /* what A shows */
    const char *secret_b;
    bool unknown_peer;
    bool silent;
    bool rekey; /* the child is up first, then A rekeys it */
    struct expected says[2];
};

static void apply(struct sim *s, const struct row *row)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        if (row->ike[i] != NULL) {
            sim_ike_proposals(n, row->ike[i]);
        }
        if (row->esp[i] != NULL) {
            sim_esp_proposals(n, row->esp[i]);
        }
        if (row->local_ts[i] != NULL) {
            sim_child_ts(&n->child[0], row->local_ts[i],
                         i == SIM_A ? "192.168.2.0/24" : "192.168.1.0/24");
        }
    }
    if (row->identity_a != NULL) {
        sim_id(&A(s)->peer.local_id, row->identity_a);
    }
    if (row->secret_b != NULL) {
        B(s)->secret = row->secret_b;
    }
    B(s)->unknown_peer = row->unknown_peer;
    s->cut = row->silent;
}

static bool has_diff(const struct ipsec_failure *f, const struct expected *e)
{
    for (uint32_t i = 0; i < f->diff_count; i++) {
        if (f->diff[i].type == e->diff_type && f->diff[i].kind == e->diff_kind) {
            return true;
        }
    }
    return e->diff_type == 0 && f->diff_count == 0;
}

static void check(const struct sim_node *n, const struct expected *e)
{
    const struct ipsec_failure *f = &n->failure;
    bool right = n->has_failure && f->phase == e->phase && f->cause == e->cause &&
                 f->refused_by == e->refused_by && has_diff(f, e);

    for (size_t i = 0; i < 4 && e->contains[i] != NULL; i++) {
        if (strstr(n->failure_text, e->contains[i]) == NULL) {
            print_error("missing: %s\n", e->contains[i]);
            right = false;
        }
    }
    if (!right) {
        print_error("%c: phase %d, cause %s, refused by %d, %u differences, first %u %u\n%s\n",
                    n->index == SIM_A ? 'A' : 'B', f->phase,
                    n->has_failure ? ipsec_cause_name(f->cause) : "none", f->refused_by,
                    f->diff_count, f->diff[0].type, f->diff[0].kind, n->failure_text);
        fail();
    }
}

static void run_row(const struct row *row)
{
    struct sim *s = sim_new(1);

    apply(s, row);
    sim_start(s);
    (void)sim_connect(s);
    if (row->rekey) {
        sim_assert_agree(s, 1, 1);
        (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0,
                                    s->now);
    }
    sim_run(s, row->silent ? 300000 : 5000);
    for (int i = 0; i < 2; i++) {
        if (row->says[i].cause != 0) {
            check(&s->nodes[i], &row->says[i]);
        } else {
            assert_false(s->nodes[i].has_failure);
        }
    }
    sim_free(s);
}

#define INIT  IPSEC_PHASE_IKE_SA_INIT
#define AUTH  IPSEC_PHASE_IKE_AUTH
#define CHILD IPSEC_PHASE_CHILD_CREATE
#define REKEY IPSEC_PHASE_CHILD_REKEY
#define PEER  IPSEC_REFUSED_PEER
#define LOCAL IPSEC_REFUSED_LOCAL
#define NOPE  IPSEC_CAUSE_NO_PROPOSAL

#define REPORT(name, ...)                                                                          \
    static void name(void **state)                                                                 \
    {                                                                                              \
        static const struct row row = {__VA_ARGS__};                                               \
        (void)state;                                                                               \
        run_row(&row);                                                                             \
    }

REPORT(ike_aes256_against_aes128, .ike = {"aes256-sha256-modp2048", "aes128-sha256-modp2048"},
       .says = {{INIT,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_ENCR,
                 IPSEC_DIFF_KEY_LENGTH,
                 {"Here:       ike = aes256-sha256-modp2048\n",
                  "on this gateway: ike = aes128-sha256-modp2048\n",
                  "or on the other: ike = aes256-sha256-modp2048\n", "lifetimes are local"}},
                {INIT,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_ENCR,
                 IPSEC_DIFF_KEY_LENGTH,
                 {"Here:       ike = aes128-sha256-modp2048\n",
                  "on this gateway: ike = aes256-sha256-modp2048\n",
                  "or on the other: ike = aes128-sha256-modp2048\n", "lifetimes are local"}}})
REPORT(ike_sha256_against_sha512, .ike = {"aes256-sha256-modp2048", "aes256-sha512-modp2048"},
       .says = {{INIT,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_INTEG,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       ike = aes256-sha256-modp2048\n",
                  "on this gateway: ike = aes256-sha512-modp2048\n",
                  "or on the other: ike = aes256-sha256-modp2048\n", "lifetimes are local"}},
                {INIT,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_INTEG,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       ike = aes256-sha512-modp2048\n",
                  "on this gateway: ike = aes256-sha256-modp2048\n",
                  "or on the other: ike = aes256-sha512-modp2048\n", "lifetimes are local"}}})
REPORT(ike_prf, .ike = {"aes256gcm16-prfsha256-ecp256", "aes256gcm16-prfsha384-ecp256"},
       .says = {{INIT,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_PRF,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       ike = aes256gcm16-prfsha256-ecp256\n",
                  "on this gateway: ike = aes256gcm16-prfsha384-ecp256\n",
                  "or on the other: ike = aes256gcm16-prfsha256-ecp256\n", "lifetimes are local"}},
                {INIT,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_PRF,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       ike = aes256gcm16-prfsha384-ecp256\n",
                  "on this gateway: ike = aes256gcm16-prfsha256-ecp256\n",
                  "or on the other: ike = aes256gcm16-prfsha384-ecp256\n", "lifetimes are local"}}})
REPORT(ike_group_14_against_20, .ike = {"aes256-sha256-modp2048", "aes256-sha256-ecp384"},
       .says = {{INIT,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_KE,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       ike = aes256-sha256-modp2048\n",
                  "on this gateway: ike = aes256-sha256-ecp384\n",
                  "or on the other: ike = aes256-sha256-modp2048\n", "lifetimes are local"}},
                {INIT,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_KE,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       ike = aes256-sha256-ecp384\n",
                  "on this gateway: ike = aes256-sha256-modp2048\n",
                  "or on the other: ike = aes256-sha256-ecp384\n", "lifetimes are local"}}})
REPORT(esp_aes256_against_aes128, .esp = {"aes256-sha256", "aes128-sha256"},
       .says = {{CHILD,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_ENCR,
                 IPSEC_DIFF_KEY_LENGTH,
                 {"Here:       esp = aes256-sha256\n", "on this gateway: esp = aes128-sha256\n",
                  "or on the other: esp = aes256-sha256\n", "lifetimes are local"}},
                {CHILD,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_ENCR,
                 IPSEC_DIFF_KEY_LENGTH,
                 {"Here:       esp = aes128-sha256\n", "on this gateway: esp = aes256-sha256\n",
                  "or on the other: esp = aes128-sha256\n", "lifetimes are local"}}})
REPORT(esp_sha256_against_sha512, .esp = {"aes256-sha256", "aes256-sha512"},
       .says = {{CHILD,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_INTEG,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       esp = aes256-sha256\n", "on this gateway: esp = aes256-sha512\n",
                  "or on the other: esp = aes256-sha256\n", "lifetimes are local"}},
                {CHILD,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_INTEG,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       esp = aes256-sha512\n", "on this gateway: esp = aes256-sha256\n",
                  "or on the other: esp = aes256-sha512\n", "lifetimes are local"}}})
REPORT(esp_esn, .esp = {"aes256-sha256-esn", "aes256-sha256"},
       .says = {{CHILD,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_ESN,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       esp = aes256-sha256-esn\n", "on this gateway: esp = aes256-sha256\n",
                  "or on the other: esp = aes256-sha256-esn\n", "lifetimes are local"}},
                {CHILD,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_ESN,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"Here:       esp = aes256-sha256\n", "on this gateway: esp = aes256-sha256-esn\n",
                  "or on the other: esp = aes256-sha256\n", "lifetimes are local"}}})
REPORT(pfs_off_against_on, .rekey = true, .esp = {"aes256-sha256", "aes256-sha256-modp2048"},
       .says = {{REKEY,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_KE,
                 IPSEC_DIFF_ONLY_THEIRS,
                 {"PFS is off here and on there", "on this gateway: esp = aes256-sha256-modp2048\n",
                  "or on the other: esp = aes256-sha256\n", "the tunnel came up"}},
                {REKEY,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_KE,
                 IPSEC_DIFF_ONLY_OURS,
                 {"PFS is on here", "on this gateway: esp = aes256-sha256\n",
                  "or on the other: esp = aes256-sha256-modp2048\n", "the tunnel came up"}}})
REPORT(pfs_on_against_off, .rekey = true, .esp = {"aes256-sha256-modp2048", "aes256-sha256"},
       .says = {{REKEY,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_KE,
                 IPSEC_DIFF_ONLY_OURS,
                 {"PFS is on here", "on this gateway: esp = aes256-sha256\n",
                  "or on the other: esp = aes256-sha256-modp2048\n", "the tunnel came up"}},
                {REKEY,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_KE,
                 IPSEC_DIFF_ONLY_THEIRS,
                 {"PFS is off here and on there", "on this gateway: esp = aes256-sha256-modp2048\n",
                  "or on the other: esp = aes256-sha256\n", "the tunnel came up"}}})
REPORT(pfs_other_group, .rekey = true, .esp = {"aes256-sha256-modp2048", "aes256-sha256-ecp384"},
       .says = {{REKEY,
                 NOPE,
                 PEER,
                 IPSEC_TRANSFORM_KE,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"with other groups", "on this gateway: esp = aes256-sha256-ecp384\n",
                  "or on the other: esp = aes256-sha256-modp2048\n", "the tunnel came up"}},
                {REKEY,
                 NOPE,
                 LOCAL,
                 IPSEC_TRANSFORM_KE,
                 IPSEC_DIFF_NO_OVERLAP,
                 {"with other groups", "on this gateway: esp = aes256-sha256-modp2048\n",
                  "or on the other: esp = aes256-sha256-ecp384\n", "the tunnel came up"}}})
REPORT(selectors, .local_ts = {"192.168.1.0/24", "10.9.0.0/16"},
       .says = {{CHILD,
                 IPSEC_CAUSE_SELECTORS,
                 PEER,
                 0,
                 0,
                 {"TS_UNACCEPTABLE", "local_ts = 192.168.1.0/24; remote_ts = 192.168.2.0/24",
                  "on the other:    remote_ts = 192.168.1.0/24"}},
                {CHILD,
                 IPSEC_CAUSE_SELECTORS,
                 LOCAL,
                 0,
                 0,
                 {"local_ts here (10.9.0.0/16)", "on this gateway: local_ts = 192.168.2.0/24",
                  "or on the other: remote_ts = 10.9.0.0/16"}}})
REPORT(identity, .identity_a = "gw-x.example",
       .says = {{AUTH,
                 IPSEC_CAUSE_AUTHENTICATION,
                 PEER,
                 0,
                 0,
                 {"AUTHENTICATION_FAILED", "compare the secrets", "remote_id = gw-x.example"}},
                {AUTH,
                 IPSEC_CAUSE_IDENTITY,
                 LOCAL,
                 0,
                 0,
                 {"expected is \"gw-a.example\", received was \"gw-x.example\"",
                  "remote_id = gw-x.example", "local_id = gw-a.example"}}})
REPORT(wrong_secret, .secret_b = "not the same secret at all",
       .says = {{AUTH,
                 IPSEC_CAUSE_AUTHENTICATION,
                 PEER,
                 0,
                 0,
                 {"the secrets differ", "compare the secrets"}},
                {AUTH,
                 IPSEC_CAUSE_AUTHENTICATION,
                 LOCAL,
                 0,
                 0,
                 {"does not verify: the secrets of the two ends differ", "compare the secrets"}}})
REPORT(no_such_peer, .unknown_peer = true,
       .says = {
           {INIT, NOPE, PEER, 0, 0, {"only a hint", "nothing is configured there for our address"}},
           {INIT,
            IPSEC_CAUSE_NO_CONNECTION,
            LOCAL,
            0,
            0,
            {"nothing is configured here for a peer at 203.0.113.1",
             "a site with remote = 203.0.113.1"}}})
REPORT(silent_peer, .silent = true,
       .says = {{INIT,
                 IPSEC_CAUSE_SILENT_PEER,
                 IPSEC_REFUSED_NOBODY,
                 0,
                 0,
                 {"6 datagrams in 82 seconds", "UDP 500 and 4500", "is our address 203.0.113.1"}}})

/* ---- not built in ------------------------------------------------------------------------------
 */

/* Nothing of what is configured is built in: known before the first packet. */
static void not_built_in_here(void **state)
{
    struct sim *s = sim_new(2);
    ipsec_handle sa;
    const struct expected e = {
        IPSEC_PHASE_START, IPSEC_CAUSE_NOT_BUILT_IN, LOCAL, 0, 0, {"aes256gcm16", "not built in"}};

    (void)state;
    sim_ike_proposals(A(s), "aes256gcm16-prfsha256-ecp256");
    A(s)->crypto.absent_count = 1;
    A(s)->crypto.absent[0].type = IPSEC_TRANSFORM_ENCR;
    A(s)->crypto.absent[0].id = IPSEC_ENCR_AES_GCM_16;
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa),
                     IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(s->sent, 0);
    A(s)->failure.diff_count = 0; /* which of its algorithms it is, the text says */
    check(A(s), &e);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* The peer's proposal would fit the configuration, but not the build. */
static void not_built_in_there(void **state)
{
    struct sim *s = sim_new(3);
    const struct expected e = {INIT,
                               NOPE,
                               LOCAL,
                               IPSEC_TRANSFORM_KE,
                               IPSEC_DIFF_NOT_BUILT_IN,
                               {"is configured here and offered there"}};

    (void)state;
    sim_ike_proposals(A(s), "aes256-sha256-ecp384");
    sim_ike_proposals(B(s), "aes256-sha256-ecp384-modp2048");
    B(s)->crypto.absent_count = 1;
    B(s)->crypto.absent[0].type = IPSEC_TRANSFORM_KE;
    B(s)->crypto.absent[0].id = IPSEC_KE_ECP_384;
    sim_start(s);
    (void)sim_connect(s);
    check(B(s), &e);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
    sim_free(s);
}

/* ---- what is no mismatch -----------------------------------------------------------------------
 */

/* Lifetimes 3600 and 28800 s: it connects, and whichever is earlier rekeys. */
static void lifetimes_connect(void **state)
{
    struct sim *s = sim_new(4);

    (void)state;
    A(s)->child[0].lifetime.hard_ms = A(s)->peer.lifetime.hard_ms = 3600000;
    B(s)->child[0].lifetime.hard_ms = B(s)->peer.lifetime.hard_ms = 28800000;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    for (int i = 0; i < 720; i++) {
        sim_traffic(s);
        sim_run(s, 10000);
    }
    assert_false(A(s)->has_failure || B(s)->has_failure);
    assert_true(A(s)->events[IPSEC_EVENT_CHILD_REKEYED] >= 2);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* No hint is given when the configuration says so. */
static void no_hints(void **state)
{
    struct sim *s = sim_new(5);

    (void)state;
    A(s)->config.no_hints = B(s)->config.no_hints = true;
    sim_ike_proposals(B(s), "aes128-sha256-modp2048");
    sim_start(s);
    (void)sim_connect(s);
    assert_null(strstr(s->ladder, "40987"));
    assert_null(strstr(s->ladder, " V"));
    assert_non_null(strstr(A(s)->failure_text, "the peer did not say"));
    assert_non_null(strstr(B(s)->failure_text, "on this gateway: ike = aes256-sha256-modp2048"));
    sim_free(s);
}

/* A refusal is never longer than what it answers: a list too long for that is not hinted at,
 * because anybody can send such a request under another's address. */
static void no_hint_longer_than_the_question(void **state)
{
    struct sim *s = sim_new(6);

    (void)state;
    s->keep_sent = true;
    sim_ike_proposals(A(s), "chacha20poly1305-prfsha256-curve25519");
    sim_ike_proposals(B(s),
                      "aes256-aes192-aes128-sha256-sha384-sha512-modp2048-modp3072-ecp256-ecp384,"
                      "aes256gcm16-aes128gcm16-prfsha256-prfsha384-prfsha512-modp2048-ecp256,"
                      "aes256-sha256-ecp521,aes256-sha256-modp4096");
    sim_start(s);
    (void)sim_connect(s);
    assert_true(s->kept >= 2);
    assert_true(s->kept_datagram[1].length <= s->kept_datagram[0].length);
    assert_null(strstr(s->ladder, "40987"));
    assert_non_null(strstr(B(s)->failure_text, "on this gateway: ike = chacha20poly1305"));
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ike_aes256_against_aes128),
        cmocka_unit_test(ike_sha256_against_sha512),
        cmocka_unit_test(ike_prf),
        cmocka_unit_test(ike_group_14_against_20),
        cmocka_unit_test(esp_aes256_against_aes128),
        cmocka_unit_test(esp_sha256_against_sha512),
        cmocka_unit_test(esp_esn),
        cmocka_unit_test(pfs_off_against_on),
        cmocka_unit_test(pfs_on_against_off),
        cmocka_unit_test(pfs_other_group),
        cmocka_unit_test(selectors),
        cmocka_unit_test(identity),
        cmocka_unit_test(wrong_secret),
        cmocka_unit_test(no_such_peer),
        cmocka_unit_test(silent_peer),
        cmocka_unit_test(not_built_in_here),
        cmocka_unit_test(not_built_in_there),
        cmocka_unit_test(lifetimes_connect),
        cmocka_unit_test(no_hints),
        cmocka_unit_test(no_hint_longer_than_the_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
