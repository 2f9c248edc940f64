/* SPDX-License-Identifier: Apache-2.0
 *
 * CREATE_CHILD_SA and INFORMATIONAL message by message: further children, rekeys, deletes,
 * liveness. RFC 7296 1.3, 1.4, 2.4, 2.8, 2.17, 2.18, 2.25.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

static struct ipsec_child_info child_info(struct sim_node *n, enum ipsec_child_phase phase)
{
    struct ipsec_child_info info;

    memset(&info, 0, sizeof(info));
    assert_int_equal(ipsec_ike_child_info(n->ike, sim_child_in(n, phase), &info), IPSEC_OK);
    return info;
}

static void rekey_child(struct sim *s, struct sim_node *n, uint32_t flags)
{
    assert_int_equal(
        ipsec_ike_rekey_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), flags, s->now),
        IPSEC_OK);
}

static void rekey_ike(struct sim *s, struct sim_node *n)
{
    assert_int_equal(ipsec_ike_rekey(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now), IPSEC_OK);
}

static void create_child(struct sim *s, struct sim_node *n, size_t which)
{
    assert_int_equal(
        ipsec_ike_create_child(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), &n->child[which], s->now),
        IPSEC_OK);
}

/* With a second child configured on both ends, not made yet. */
static struct sim *up_with(uint64_t seed, const char *esp_a, const char *esp_b)
{
    struct sim *s = sim_new(seed);

    sim_esp_proposals(A(s), esp_a);
    sim_esp_proposals(B(s), esp_b);
    B(s)->peer.child_count = 2;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    sim_ladder_clear(s);
    return s;
}

/* ---- further children --------------------------------------------------------------------------
 */

/*  CREATE_CHILD_SA: SA Ni KE TSi TSr  ->
 *                                     <-     CREATE_CHILD_SA: SA Nr KE TSi TSr
 */
static void child_02_further_child_with_pfs(void **state)
{
    struct sim *s = up_with(1, "aes256-sha256-modp2048", "aes256-sha256-modp2048");

    (void)state;
    create_child(s, A(s), 1);
    sim_run(s, 1000);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{SA Ni KE TSi TSr}\n"
                         "B CREATE_CHILD_SA response 3: SK{SA Nr KE TSi TSr}\n");
    assert_int_equal(sim_sink_sender(A(s), &A(s)->child[1])->sa.suite.ke, IPSEC_KE_MODP_2048);
    sim_assert_agree(s, 1, 2);
    sim_free(s);
}

static void child_01_further_child_without_pfs(void **state)
{
    struct sim *s = up_with(2, "aes256gcm16", "aes256gcm16");

    (void)state;
    create_child(s, A(s), 1);
    sim_run(s, 1000);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{SA Ni TSi TSr}\n"
                         "B CREATE_CHILD_SA response 3: SK{SA Nr TSi TSr}\n");
    assert_int_equal(sim_sink_sender(A(s), &A(s)->child[1])->sa.suite.ke, 0);
    sim_assert_agree(s, 1, 2);
    sim_free(s);
}

/*  CREATE_CHILD_SA: SA Ni KE(14) TSi TSr ->
 *                                        <-  CREATE_CHILD_SA: N(INVALID_KE_PAYLOAD 19)
 *  CREATE_CHILD_SA: SA Ni KE(19) TSi TSr ->
 *                                        <-  CREATE_CHILD_SA: SA Nr KE TSi TSr
 */
static void child_03_other_group(void **state)
{
    struct sim *s = up_with(3, "aes256-sha256-modp2048-ecp256", "aes256-sha256-ecp256");

    (void)state;
    create_child(s, A(s), 1);
    sim_run(s, 1000);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{SA Ni KE TSi TSr}\n"
                         "B CREATE_CHILD_SA response 3: SK{N(INVALID_KE_PAYLOAD)}\n"
                         "A CREATE_CHILD_SA request 4: SK{SA Ni KE TSi TSr}\n"
                         "B CREATE_CHILD_SA response 4: SK{SA Nr KE TSi TSr}\n");
    sim_assert_agree(s, 1, 2);
    sim_free(s);
}

/* The children beyond the first are made after IKE_AUTH without being asked for. */
static void child_02_all_configured_children(void **state)
{
    struct sim *s = sim_new(4);

    (void)state;
    A(s)->peer.child_count = 3;
    B(s)->peer.child_count = 3;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 3);
    sim_free(s);
}

static void child_14_ts_unacceptable_changes_nothing(void **state)
{
    struct sim *s = sim_up(5);

    (void)state;
    create_child(s, A(s), 2); /* B has no such child */
    sim_run(s, 1000);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{SA Ni KE TSi TSr}\n"
                         "B CREATE_CHILD_SA response 3: SK{N(TS_UNACCEPTABLE)}\n");
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SELECTORS);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_CHILD_CREATE);
    assert_true(A(s)->failure.authenticated);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void child_07_no_additional_sas(void **state)
{
    struct sim *s = up_with(6, "aes256-sha256", "aes256-sha256");

    (void)state;
    B(s)->children_max = 1;
    create_child(s, A(s), 1);
    sim_run(s, 1000);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{SA Ni TSi TSr}\n"
                         "B CREATE_CHILD_SA response 3: SK{N(NO_ADDITIONAL_SAS)}\n");
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_PEER_REFUSED);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* The responder has made it, the initiator's sink refuses it: the responder is told. */
static void child_14_initiator_can_not_install(void **state)
{
    struct sim *s = up_with(7, "aes256-sha256", "aes256-sha256");

    (void)state;
    A(s)->children_max = 1;
    create_child(s, A(s), 1);
    sim_run(s, 1000);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{SA Ni TSi TSr}\n"
                         "B CREATE_CHILD_SA response 3: SK{SA Nr TSi TSr}\n"
                         "A INFORMATIONAL request 4: SK{D}\n"
                         "B INFORMATIONAL response 4: SK{D}\n");
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- child rekey -------------------------------------------------------------------------------
 */

/*  CREATE_CHILD_SA: N(REKEY_SA) SA Ni [KE] TSi TSr ->
 *                                     <-     CREATE_CHILD_SA: SA Nr [KE] TSi TSr
 *  INFORMATIONAL: D                   ->
 *                                     <-     INFORMATIONAL: D
 *  Each step with the state of both ends.
 */
static void rekey_by(struct sim *s, struct sim_node *x, struct sim_node *y, uint16_t group)
{
    const uint32_t old_x = child_info(x, IPSEC_CHILD_INSTALLED).spi_in;
    const uint32_t old_y = child_info(y, IPSEC_CHILD_INSTALLED).spi_in;

    sim_run(s, 5000); /* the probes before are over */
    s->held = true;
    rekey_child(s, x, group == 0 ? IPSEC_REKEY_WITHOUT_PFS : 0);
    assert_true(sim_deliver(s, 0)); /* the request */
    /* REKEY-05: the responder receives with both, and sends with the old one */
    assert_int_equal(sim_sink_count(y), 2);
    assert_int_equal(sim_sink_sender(y, y->child)->sa.spi_in, old_y);
    assert_int_equal(child_info(y, IPSEC_CHILD_REPLACED).spi_in, old_y);
    assert_int_equal(child_info(y, IPSEC_CHILD_INSTALLED).suite.ke, group);
    assert_int_equal(sim_sink_count(x), 1);
    assert_true(sim_deliver(s, 0)); /* the answer */
    assert_int_equal(sim_sink_count(x), 2);
    assert_int_not_equal(sim_sink_sender(x, x->child)->sa.spi_in, old_x);
    assert_int_equal(child_info(x, IPSEC_CHILD_INSTALLED).rekeys, 1);
    /* A first packet on the new one is the proof. */
    struct sim_child *fresh = sim_sink_find(y, sim_child_in(y, IPSEC_CHILD_INSTALLED));
    assert_false(fresh->sends);
    assert_int_equal(
        ipsec_ike_child_notice(y->ike, fresh->sa.child, IPSEC_CHILD_NOTICE_INBOUND, s->now),
        IPSEC_OK);
    assert_true(fresh->sends);
    assert_ptr_equal(sim_sink_sender(y, y->child), fresh);
    assert_true(sim_deliver(s, 0)); /* the delete: inbound stays open a little for stragglers */
    assert_int_equal(sim_sink_count(y), 2);
    assert_true(sim_deliver(s, 0));
    s->held = false;
    sim_run(s, 10000);
    assert_int_equal(sim_sink_count(x), 1);
    assert_int_equal(sim_sink_count(y), 1);
    assert_int_equal(x->last_reason, IPSEC_REASON_REPLACED);
}

static void rekey_01_child_rekey_by_a_with_pfs(void **state)
{
    struct sim *s = sim_up(10);

    (void)state;
    rekey_by(s, A(s), B(s), IPSEC_KE_MODP_2048);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{N(REKEY_SA) SA Ni KE TSi TSr}\n"
                         "B CREATE_CHILD_SA response 3: SK{SA Nr KE TSi TSr}\n"
                         "A INFORMATIONAL request 4: SK{D}\n"
                         "B INFORMATIONAL response 4: SK{D}\n");
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void rekey_01_child_rekey_by_b_with_pfs(void **state)
{
    struct sim *s = sim_up(11);

    (void)state;
    rekey_by(s, B(s), A(s), IPSEC_KE_MODP_2048);
    sim_assert_ladder(s, "B CREATE_CHILD_SA request 1: SK{N(REKEY_SA) SA Ni KE TSi TSr}\n"
                         "A CREATE_CHILD_SA response 1: SK{SA Nr KE TSi TSr}\n"
                         "B INFORMATIONAL request 2: SK{D}\n"
                         "A INFORMATIONAL response 2: SK{D}\n");
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void rekey_01_child_rekey_without_pfs(void **state)
{
    static const char esp[] = "aes256-sha256-modp2048,aes256-sha256";
    struct sim *s = up_with(12, esp, esp);

    (void)state;
    rekey_by(s, A(s), B(s), 0);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{N(REKEY_SA) SA Ni TSi TSr}\n"
                         "B CREATE_CHILD_SA response 3: SK{SA Nr TSi TSr}\n"
                         "A INFORMATIONAL request 4: SK{D}\n"
                         "B INFORMATIONAL response 4: SK{D}\n");
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* REKEY-05: without traffic the delete of the old one is the proof. */
static void rekey_05_delete_is_proof(void **state)
{
    struct sim *s = sim_up(13);

    (void)state;
    rekey_child(s, A(s), 0);
    sim_run(s, 500);
    const struct sim_child *b = sim_sink_sender(B(s), B(s)->child);
    assert_int_equal(b->sa.child, sim_child_in(B(s), IPSEC_CHILD_INSTALLED));
    sim_run(s, 10000);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(s->esp_lost, 0);
    sim_free(s);
}

/* REKEY-02: the peer does not know the child: gone here too, and made anew. */
static void rekey_02_child_not_found(void **state)
{
    struct sim *s = sim_up(14);

    (void)state;
    s->held = true;
    const ipsec_handle b = sim_child_in(B(s), IPSEC_CHILD_INSTALLED);
    assert_int_equal(ipsec_ike_delete_child(B(s)->ike, b, s->now), IPSEC_OK);
    sim_drop(s, 0);
    s->held = false;
    sim_run(s, 1); /* B's slot is closing: its delete was lost */
    rekey_child(s, A(s), 0);
    sim_run(s, 30000);
    /* A heard TEMPORARY_FAILURE, then the delete. */
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

static void rekey_04_vpp_37665ea1c11_soft_lifetime(void **state)
{
    struct sim *s = sim_new(15);

    (void)state;
    A(s)->child[0].lifetime.hard_ms = 100000;
    A(s)->child[0].lifetime.soft_ms = 50000;
    A(s)->peer.lifetime.hard_ms = 200000;
    A(s)->peer.lifetime.soft_ms = 120000;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    sim_start(s);
    (void)sim_connect(s);
    for (int i = 0; i < 1000; i++) {
        sim_traffic(s);
        sim_run(s, 1000);
    }
    /* Jitter takes up to a tenth: at least 20 rekeys of the child, 8 of the IKE SA; B never. */
    assert_in_range(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 19, 23);
    assert_in_range(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 8, 10);
    assert_int_equal(s->esp_lost, 0);
    assert_int_equal(s->esp_good, s->esp_sent);
    sim_run(s, 3000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* The peer refuses every rekey: the hard limit ends the child, and the peer is told. */
static void rekey_10_hard_lifetime(void **state)
{
    struct sim *s = up_with(16, "aes256-sha256", "aes256-sha256-modp2048");

    (void)state;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    rekey_child(s, A(s), 0);
    sim_run(s, 1000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_REKEY_FAILED], 1);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_CHILD_REKEY);
    sim_assert_agree(s, 1, 1);
    sim_run(s, 3000000);
    sim_run(s, 3000000);
    assert_true(A(s)->events[IPSEC_EVENT_REKEY_FAILED] > 3);
    assert_int_equal(sim_sink_count(A(s)), 0);
    assert_int_equal(sim_sink_count(B(s)), 0);
    sim_free(s);
}

/* ---- IKE rekey ---------------------------------------------------------------------------------
 */

/*  CREATE_CHILD_SA: SA Ni KE          ->
 *                                     <-     CREATE_CHILD_SA: SA Nr KE
 *  INFORMATIONAL: D   (old SA)        ->
 *                                     <-     INFORMATIONAL
 */
static void ike_rekey_by(struct sim *s, struct sim_node *x, struct sim_node *y)
{
    struct ipsec_ike_sa_info info;
    const uint32_t child = child_info(x, IPSEC_CHILD_INSTALLED).spi_in;

    sim_run(s, 5000);
    rekey_ike(s, x);
    sim_run(s, 1000);
    assert_int_equal(ipsec_ike_sa_info(x->ike, sim_sa(x, IPSEC_IKE_ESTABLISHED), &info), IPSEC_OK);
    assert_true(info.initiator); /* REKEY-07: of the new SA, whoever rekeyed */
    assert_int_equal(info.rekeys, 1);
    assert_int_equal(info.children, 1);
    assert_int_equal(ipsec_ike_sa_info(y->ike, sim_sa(y, IPSEC_IKE_ESTABLISHED), &info), IPSEC_OK);
    assert_false(info.initiator);
    assert_int_equal(x->events[IPSEC_EVENT_IKE_REKEYED], 1);
    assert_int_equal(y->events[IPSEC_EVENT_IKE_REKEYED], 1);
    /* REKEY-08: the children are the same */
    assert_int_equal(child_info(x, IPSEC_CHILD_INSTALLED).spi_in, child);
    assert_int_equal(x->last_reason, IPSEC_REASON_REPLACED);
}

static void rekey_06_08_msgid_01_ike_rekey_by_a(void **state)
{
    struct sim *s = sim_up(20);

    (void)state;
    ike_rekey_by(s, A(s), B(s));
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{SA Ni KE}\n"
                         "B CREATE_CHILD_SA response 3: SK{SA Nr KE}\n"
                         "A INFORMATIONAL request 4: SK{D}\n"
                         "B INFORMATIONAL response 4: SK{}\n");
    sim_assert_agree(s, 1, 1);
    /* MSGID-07: the new SA counts from 0 */
    sim_assert_ladder(s, "A INFORMATIONAL request 0: SK{}\nB INFORMATIONAL response 0: SK{}\n"
                         "B INFORMATIONAL request 0: SK{}\nA INFORMATIONAL response 0: SK{}\n");
    sim_free(s);
}

static void rekey_06_08_ike_rekey_by_b(void **state)
{
    struct sim *s = sim_up(21);

    (void)state;
    ike_rekey_by(s, B(s), A(s));
    sim_assert_ladder(s, "B CREATE_CHILD_SA request 1: SK{SA Ni KE}\n"
                         "A CREATE_CHILD_SA response 1: SK{SA Nr KE}\n"
                         "B INFORMATIONAL request 2: SK{D}\n"
                         "A INFORMATIONAL response 2: SK{}\n");
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Other group at an IKE rekey. */
static void child_03_ike_rekey_other_group(void **state)
{
    struct sim *s = sim_up(22);

    (void)state;
    sim_ike_proposals(A(s), "aes256-sha256-modp3072-ecp256");
    sim_ike_proposals(B(s), "aes256-sha256-ecp256");
    rekey_ike(s, A(s));
    sim_run(s, 1000);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{SA Ni KE}\n"
                         "B CREATE_CHILD_SA response 3: SK{N(INVALID_KE_PAYLOAD)}\n"
                         "A CREATE_CHILD_SA request 4: SK{SA Ni KE}\n"
                         "B CREATE_CHILD_SA response 4: SK{SA Nr KE}\n"
                         "A INFORMATIONAL request 5: SK{D}\n"
                         "B INFORMATIONAL response 5: SK{}\n");
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void child_14_ike_rekey_no_proposal(void **state)
{
    struct sim *s = sim_up(23);

    (void)state;
    sim_ike_proposals(B(s), "aes128-sha256-ecp256");
    rekey_ike(s, A(s));
    sim_run(s, 1000);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{SA Ni KE}\n"
                         "B CREATE_CHILD_SA response 3: SK{N(NO_PROPOSAL_CHOSEN) N(40987)}\n");
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_IKE_REKEY);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
    assert_int_equal(A(s)->events[IPSEC_EVENT_REKEY_FAILED], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- INFORMATIONAL -----------------------------------------------------------------------------
 */

static void info_03_child_delete(void **state)
{
    struct sim *s = sim_up(30);

    (void)state;
    assert_int_equal(ipsec_ike_delete_child(B(s)->ike, sim_child_in(B(s), 0), s->now), IPSEC_OK);
    assert_int_equal(sim_sink_count(B(s)), 0);
    sim_run(s, 1000);
    sim_assert_ladder(s, "B INFORMATIONAL request 1: SK{D}\nA INFORMATIONAL response 1: SK{D}\n");
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_PEER);
    assert_int_equal(B(s)->last_reason, IPSEC_REASON_LOCAL);
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

/* INFO-05: both at once: neither answers with a delete of its own. */
static void info_04_child_deleted_by_both(void **state)
{
    struct sim *s = sim_up(31);

    (void)state;
    assert_int_equal(ipsec_ike_delete_child(A(s)->ike, sim_child_in(A(s), 0), s->now), IPSEC_OK);
    assert_int_equal(ipsec_ike_delete_child(B(s)->ike, sim_child_in(B(s), 0), s->now), IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_ladder(s, "A INFORMATIONAL request 3: SK{D}\nB INFORMATIONAL request 1: SK{D}\n"
                         "B INFORMATIONAL response 3: SK{}\nA INFORMATIONAL response 1: SK{}\n");
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

static void ike_delete_by(struct sim *s, struct sim_node *x, struct sim_node *y)
{
    assert_int_equal(ipsec_ike_delete(x->ike, sim_sa(x, 0), s->now), IPSEC_OK);
    assert_int_equal(sim_sink_count(x), 0);
    assert_int_equal(x->events[IPSEC_EVENT_IKE_CLOSED], 0);
    sim_run(s, 1000);
    assert_int_equal(x->last_reason, IPSEC_REASON_LOCAL);
    assert_int_equal(y->last_reason, IPSEC_REASON_PEER);
    assert_int_equal(y->events[IPSEC_EVENT_CHILD_CLOSED], 1);
    assert_int_equal(ipsec_ike_delete(x->ike, 12345, s->now), IPSEC_ERR_STALE);
}

static void info_06_ike_delete_by_a(void **state)
{
    struct sim *s = sim_up(32);

    (void)state;
    ike_delete_by(s, A(s), B(s));
    sim_assert_ladder(s, "A INFORMATIONAL request 3: SK{D}\nB INFORMATIONAL response 3: SK{}\n");
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

static void info_06_ike_delete_by_b(void **state)
{
    struct sim *s = sim_up(33);

    (void)state;
    ike_delete_by(s, B(s), A(s));
    sim_assert_ladder(s, "B INFORMATIONAL request 1: SK{D}\nA INFORMATIONAL response 1: SK{}\n");
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* INFO-09, INFO-10: silence brings a probe, traffic or an answer ends it. */
static void info_01_10_liveness(void **state)
{
    struct sim *s = sim_new(34);

    (void)state;
    A(s)->peer.liveness_ms = 10000;
    B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    sim_start(s);
    (void)sim_connect(s);
    sim_ladder_clear(s);
    sim_run(s, 9500);
    sim_assert_ladder(s, "A INFORMATIONAL request 2: SK{}\nB INFORMATIONAL response 2: SK{}\n");
    s->cut = true;
    sim_run(s, 200000);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SILENT_PEER);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_ESTABLISHED);
    assert_int_equal(A(s)->last_reason, IPSEC_REASON_TIMEOUT);
    assert_int_equal(sim_sink_count(A(s)), 0);
    sim_free(s);
}

/* MSGID-02, MSGID-03: a duplicate gets the same answer, bit for bit, and nothing is done twice. */
static void msgid_02_06_duplicates_get_the_stored_answer(void **state)
{
    struct sim *s = sim_new(35);
    struct ipsec_ike_counters counters;

    (void)state;
    s->double_percent = 100;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    ipsec_ike_counters(B(s)->ike, &counters);
    assert_true(counters.duplicates_answered >= 2);
    assert_int_equal(B(s)->crypto.ke_calls, 1);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    /* The answers to IKE_SA_INIT: sent for the request and for its copy. */
    const struct sim_datagram *first = &s->kept_datagram[1];
    const struct sim_datagram *second = &s->kept_datagram[2];
    assert_int_equal(first->to, second->to);
    assert_int_equal(first->length, second->length);
    assert_memory_equal(first->octets, second->octets, first->length);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_02_further_child_with_pfs),
        cmocka_unit_test(child_01_further_child_without_pfs),
        cmocka_unit_test(child_03_other_group),
        cmocka_unit_test(child_02_all_configured_children),
        cmocka_unit_test(child_14_ts_unacceptable_changes_nothing),
        cmocka_unit_test(child_07_no_additional_sas),
        cmocka_unit_test(child_14_initiator_can_not_install),
        cmocka_unit_test(rekey_01_child_rekey_by_a_with_pfs),
        cmocka_unit_test(rekey_01_child_rekey_by_b_with_pfs),
        cmocka_unit_test(rekey_01_child_rekey_without_pfs),
        cmocka_unit_test(rekey_05_delete_is_proof),
        cmocka_unit_test(rekey_02_child_not_found),
        cmocka_unit_test(rekey_04_vpp_37665ea1c11_soft_lifetime),
        cmocka_unit_test(rekey_10_hard_lifetime),
        cmocka_unit_test(rekey_06_08_msgid_01_ike_rekey_by_a),
        cmocka_unit_test(rekey_06_08_ike_rekey_by_b),
        cmocka_unit_test(child_03_ike_rekey_other_group),
        cmocka_unit_test(child_14_ike_rekey_no_proposal),
        cmocka_unit_test(info_03_child_delete),
        cmocka_unit_test(info_04_child_deleted_by_both),
        cmocka_unit_test(info_06_ike_delete_by_a),
        cmocka_unit_test(info_06_ike_delete_by_b),
        cmocka_unit_test(info_01_10_liveness),
        cmocka_unit_test(msgid_02_06_duplicates_get_the_stored_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
