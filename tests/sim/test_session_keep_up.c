/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers that are kept up: dead at first, dead later, unwilling, refused; what ends it.
 */
#include "sim_test.h"

#define FIRST_MS 1000
#define WAIT_MS  60000
#define HOUR_MS  3600000

static struct sim_node *A(struct sim *s)
{
    return &s->nodes[SIM_A];
}

static struct sim_node *B(struct sim *s)
{
    return &s->nodes[SIM_B];
}

static struct sim *begin(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.retransmit_first_ms = 200;
        s->nodes[i].config.retransmit_factor_percent = 100;
        s->nodes[i].config.retransmit_max = 2;
        s->nodes[i].peer.liveness_ms = 2000;
    }
    sim_start(s);
    return s;
}

static enum ipsec_status keep_up(struct sim *s, struct sim_node *n)
{
    return ipsec_ike_keep_up(n->ike, &n->peer, s->now);
}

static struct sim *begin_kept(uint64_t seed)
{
    struct sim *s = begin(seed);

    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    sim_run(s, 1000);
    return s;
}

static struct ipsec_keep_up_info info_of(const struct sim_node *n)
{
    struct ipsec_keep_up_info info;

    assert_int_equal(ipsec_ike_keep_up_info(n->ike, &n->peer, &info), IPSEC_OK);
    return info;
}

static bool is_kept(const struct sim_node *n)
{
    struct ipsec_keep_up_info info;

    return ipsec_ike_keep_up_info(n->ike, &n->peer, &info) == IPSEC_OK;
}

static bool is_up(struct sim_node *n)
{
    return sim_sa(n, IPSEC_IKE_ESTABLISHED) != 0;
}

/* What the proposals name is not built in any more. */
static void lose_group(struct sim_node *n)
{
    n->crypto.absent[0].type = IPSEC_TRANSFORM_KE;
    n->crypto.absent[0].id = 14;
    n->crypto.absent_count = 1;
}

/* Until the next RETRY; false: none within ms. */
static bool next_retry(struct sim *s, struct sim_node *n, ipsec_ms ms)
{
    const uint32_t before = n->events[IPSEC_EVENT_RETRY];
    const ipsec_ms end = s->now + ms;

    while (n->events[IPSEC_EVENT_RETRY] == before && s->now < end) {
        sim_run(s, 100);
        assert_null(sim_broken(n));
    }
    return n->events[IPSEC_EVENT_RETRY] != before;
}

/* What the last RETRY said is a wait of this length, less up to a quarter. */
static void assert_wait(const struct sim_node *n, ipsec_ms wait, uint32_t tries)
{
    const ipsec_ms said = n->retry.next - n->retry.at;

    assert_true(said <= wait && said >= wait - wait / 4);
    assert_int_equal(n->retry.tries, tries);
    assert_int_equal(n->retry.status, IPSEC_OK);
    assert_false(n->retry.child);
}

/* ---- a peer that does not answer ---------------------------------------------------------------
 */

static void a_peer_dead_at_first_is_called_until_it_is_there(void **state)
{
    static const ipsec_ms wait[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct sim *s = begin(1);

    (void)state;
    s->cut = true;
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], i);
        assert_true(next_retry(s, A(s), 2 * WAIT_MS));
        assert_wait(A(s), wait[i], i + 1);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SILENT_PEER);
        assert_true(info_of(A(s)).next_try == A(s)->retry.next);
        assert_int_equal(info_of(A(s)).tries, i + 1);
        assert_int_equal(sim_sa(A(s), 0), 0);
    }
    s->cut = false;
    sim_run(s, A(s)->retry.next - s->now + 1000);
    assert_true(is_up(A(s)) && is_up(B(s)));
    assert_true(info_of(A(s)).next_try == IPSEC_NEVER);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void a_peer_that_dies_is_called_at_once_and_comes_back(void **state)
{
    struct sim *s = begin_kept(2);

    (void)state;
    sim_run(s, WAIT_MS);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    s->cut = true;
    const uint32_t sent = s->sent;
    assert_true(next_retry(s, A(s), 10000));
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 2); /* the old one, and the try at once */
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_IKE_SA_INIT);
    assert_true(s->sent > sent);
    assert_wait(A(s), FIRST_MS, 1);
    s->cut = false;
    sim_run(s, 2 * FIRST_MS);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* An IKE SA that did not last is no new beginning. */
static void an_sa_that_does_not_last_makes_the_waits_longer(void **state)
{
    struct sim *s = begin_kept(3);

    (void)state;
    for (uint32_t i = 1; i < 6; i++) {
        assert_true(is_up(A(s)));
        (void)ipsec_ike_delete(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now);
        assert_true(next_retry(s, A(s), 1000));
        assert_wait(A(s), (ipsec_ms)FIRST_MS << (i - 1), i);
        sim_run(s, A(s)->retry.next - s->now + 1000);
    }
    sim_run(s, WAIT_MS);
    (void)ipsec_ike_delete(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now);
    assert_true(next_retry(s, A(s), 1000));
    assert_wait(A(s), FIRST_MS, 0); /* it lasted; but the peer did not want it at once again */
    sim_run(s, 2 * FIRST_MS);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* At the hard limit the next one begins before the delete of the old one is answered. */
static void the_hard_limit_is_followed_at_once(void **state)
{
    struct sim *s = sim_new(4);
    struct ipsec_ike_sa_info before;
    struct ipsec_ike_sa_info after;

    (void)state;
    for (int i = 0; i < 2; i++) {
        s->nodes[i].peer.lifetime.hard_ms = 100000;
        s->nodes[i].peer.lifetime.soft_ms = 1000000; /* nobody rekeys */
        s->nodes[i].peer.lifetime.jitter_percent = 1;
    }
    B(s)->peer.lifetime.hard_ms = 200000;
    sim_start(s);
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    sim_run(s, 90000);
    assert_int_equal(ipsec_ike_sa_info(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), &before),
                     IPSEC_OK);
    sim_run(s, 11000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 0);
    assert_int_equal(ipsec_ike_sa_info(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), &after),
                     IPSEC_OK);
    assert_true(after.spi_i != before.spi_i && after.rekeys == 0);
    assert_true(after.established - before.ends < 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- a peer that refuses -----------------------------------------------------------------------
 */

/* The waits go to their maximum, the peer is not hammered, and the right secret is found out within
 * one of them and the peer's own penalty. */
static void a_wrong_secret_is_tried_seldom(void **state)
{
    struct sim *s = begin(5);

    (void)state;
    A(s)->secret = "another secret";
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    sim_run(s, HOUR_MS);
    const uint32_t failures = A(s)->events[IPSEC_EVENT_FAILURE];
    assert_true(failures >= 60 && failures <= 6 + HOUR_MS / 45000);
    assert_true(A(s)->retry.next - A(s)->retry.at >= WAIT_MS - WAIT_MS / 4);
    assert_true(A(s)->retry.next - A(s)->retry.at <= WAIT_MS);
    A(s)->secret = B(s)->secret;
    sim_run(s, 3 * WAIT_MS);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void a_proposal_that_is_refused_is_offered_again(void **state)
{
    struct sim *s = begin(6);

    (void)state;
    sim_ike_proposals(B(s), "aes128-sha256-modp2048");
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    assert_true(next_retry(s, A(s), 10000));
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
    assert_wait(A(s), FIRST_MS, 1);
    sim_ike_proposals(B(s), "aes256-sha256-modp2048");
    sim_run(s, 2 * FIRST_MS);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Here it is we who refuse, and tell the peer so. */
static void a_peer_that_is_somebody_else_is_called_again(void **state)
{
    struct sim *s = begin(24);
    const struct ipsec_id right = A(s)->peer.remote_id;

    (void)state;
    sim_id(&A(s)->peer.remote_id, "other.example");
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    assert_true(next_retry(s, A(s), 10000));
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_IDENTITY);
    assert_wait(A(s), FIRST_MS, 1);
    A(s)->peer.remote_id = right;
    sim_run(s, 2 * FIRST_MS);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- two ends ----------------------------------------------------------------------------------
 */

static void the_peers_own_sa_counts(void **state)
{
    struct sim *s = begin(7);
    ipsec_handle sa;

    (void)state;
    assert_int_equal(ipsec_ike_initiate(B(s)->ike, &B(s)->peer, s->now, &sa), IPSEC_OK);
    sim_run(s, 1000);
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    assert_true(info_of(A(s)).next_try == IPSEC_NEVER);
    sim_run(s, WAIT_MS);
    sim_assert_agree(s, 1, 1);
    (void)ipsec_ike_delete(B(s)->ike, sa, s->now);
    sim_run(s, 2 * FIRST_MS);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), sim_sa(A(s), 0));
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    sim_free(s);
}

/* A call from the peer's address that comes to nothing, as a stranger's does, holds us back once.
 */
static void a_call_under_way_is_waited_for_once(void **state)
{
    struct sim *s = begin(8);
    ipsec_handle sa;

    (void)state;
    assert_int_equal(ipsec_ike_initiate(B(s)->ike, &B(s)->peer, s->now, &sa), IPSEC_OK);
    sim_run(s, 15);
    assert_int_equal(A(s)->events[IPSEC_EVENT_MESSAGE], 2); /* half-open */
    s->cut = true;
    sim_run(s, 1);
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 1);
    assert_wait(A(s), FIRST_MS, 0);
    assert_int_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
    sim_run(s, 1500);
    assert_int_equal(info_of(A(s)).tries, 1);
    s->cut = false;
    sim_run(s, 20000);
    assert_true(is_up(A(s)) && is_up(B(s)));
    sim_free(s);
}

static void a_call_under_way_may_be_the_one(void **state)
{
    struct sim *s = begin(9);
    ipsec_handle sa;

    (void)state;
    assert_int_equal(ipsec_ike_initiate(B(s)->ike, &B(s)->peer, s->now, &sa), IPSEC_OK);
    sim_run(s, 15);
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    sim_run(s, WAIT_MS);
    assert_int_equal(info_of(A(s)).tries, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* A run, as a number: both ends keep each other up through outages of any length. */
static uint64_t outages(uint64_t seed)
{
    struct sim *s = begin(seed);
    uint64_t digest = 0;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(keep_up(s, &s->nodes[i]), IPSEC_OK);
    }
    for (int i = 0; i < 12; i++) {
        s->cut = i % 2 == 1;
        sim_run(s, 1000 + sim_random(&s->state) % (2 * WAIT_MS));
        assert_null(sim_broken(A(s)));
        assert_null(sim_broken(B(s)));
        digest = digest * 31 + A(s)->retry.next * 7 + B(s)->retry.next + s->sent;
    }
    s->cut = false;
    sim_run(s, 2 * WAIT_MS);
    assert_true(is_up(A(s)) && is_up(B(s)));
    assert_null(sim_dead(s));
    sim_free(s);
    return digest;
}

static void both_ends_find_each_other_and_a_seed_is_a_run(void **state)
{
    uint64_t before = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const uint64_t digest = outages(seed);
        assert_true(outages(seed) == digest);
        assert_true(digest != before);
        before = digest;
    }
}

/* ---- what ends it ------------------------------------------------------------------------------
 */

static void our_own_delete_ends_it(void **state)
{
    struct sim *s = begin_kept(10);

    (void)state;
    (void)ipsec_ike_delete(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now);
    assert_false(is_kept(A(s)));
    sim_run(s, HOUR_MS);
    sim_assert_agree(s, 0, 0);
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    assert_int_equal(info_of(A(s)).tries, 1);
    (void)ipsec_ike_delete(A(s)->ike, sim_sa(A(s), 0), s->now); /* it is being opened */
    assert_false(is_kept(A(s)));
    sim_run(s, HOUR_MS);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 0);
    sim_free(s);
}

/* Of two, one may go. */
static void a_delete_of_one_of_two_does_not(void **state)
{
    struct sim *s = begin_kept(11);
    const ipsec_handle first = sim_sa(A(s), IPSEC_IKE_ESTABLISHED);
    ipsec_handle sa;

    (void)state;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    sim_run(s, 1000);
    (void)ipsec_ike_delete(A(s)->ike, first, s->now);
    sim_run(s, 1000);
    assert_true(is_kept(A(s)));
    assert_int_equal(sim_sa(A(s), 0), sa);
    sim_free(s);
}

static void let_go_leaves_what_is_there(void **state)
{
    struct sim *s = begin_kept(12);

    (void)state;
    assert_int_equal(ipsec_ike_let_go(A(s)->ike, &A(s)->peer), IPSEC_OK);
    assert_int_equal(ipsec_ike_let_go(A(s)->ike, &A(s)->peer), IPSEC_ERR_NOT_FOUND);
    sim_assert_agree(s, 1, 1);
    s->cut = true;
    sim_run(s, HOUR_MS);
    assert_int_equal(sim_sa(A(s), 0), 0);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 0);
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    assert_true(next_retry(s, A(s), 5000));
    assert_int_equal(ipsec_ike_let_go(A(s)->ike, &A(s)->peer), IPSEC_OK); /* while it waits */
    assert_true(ipsec_ike_deadline(A(s)->ike) == IPSEC_NEVER);
    sim_free(s);
}

static void a_forgotten_peer_is_not_called(void **state)
{
    struct sim *s = begin_kept(13);

    (void)state;
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
    assert_false(is_kept(A(s)));
    s->cut = true;
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    assert_true(next_retry(s, A(s), 5000));
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
    assert_false(is_kept(A(s)));
    sim_run(s, HOUR_MS);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 1);
    assert_int_equal(sim_sa(A(s), 0), 0);
    sim_free(s);
}

/* ---- commands ----------------------------------------------------------------------------------
 */

static void asked_again_it_does_not_wait(void **state)
{
    struct sim *s = begin(14);

    (void)state;
    s->cut = true;
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    for (int i = 0; i < 5; i++) {
        assert_true(next_retry(s, A(s), WAIT_MS));
    }
    s->cut = false;
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    sim_run(s, 200);
    assert_true(is_up(A(s)));
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK); /* up: nothing to do */
    sim_run(s, WAIT_MS);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void what_can_not_be_called_is_refused(void **state)
{
    struct sim *s = begin(15);
    const struct ipsec_addr none = {0};
    const struct ipsec_addr there = A(s)->peer.remote.addr;
    struct ipsec_keep_up_info info;

    (void)state;
    assert_int_equal(ipsec_ike_keep_up(A(s)->ike, NULL, s->now), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_keep_up(NULL, &A(s)->peer, s->now), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_let_go(A(s)->ike, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_keep_up_info(A(s)->ike, NULL, &info), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_keep_up_info(A(s)->ike, &A(s)->peer, &info), IPSEC_ERR_NOT_FOUND);
    A(s)->peer.remote.addr = none;
    assert_int_equal(keep_up(s, A(s)), IPSEC_ERR_ARGUMENT);
    A(s)->peer.remote.addr = there;
    A(s)->peer.remote_auth = IPSEC_AUTH_EAP;
    assert_int_equal(keep_up(s, A(s)), IPSEC_ERR_ARGUMENT);
    A(s)->peer.remote_auth = IPSEC_AUTH_PSK;
    A(s)->child[0].start = IPSEC_START_ON_DEMAND;
    A(s)->peer.childless = IPSEC_CHILDLESS_NEVER;
    assert_int_equal(keep_up(s, A(s)), IPSEC_ERR_ARGUMENT);
    A(s)->child[0].start = IPSEC_START_ALWAYS;
    lose_group(A(s));
    assert_int_equal(keep_up(s, A(s)), IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NOT_BUILT_IN);
    assert_false(is_kept(A(s)));
    assert_int_equal(sim_sa(A(s), 0), 0);
    assert_true(ipsec_ike_deadline(A(s)->ike) == IPSEC_NEVER);
    sim_free(s);
}

/* What could be called once and can not any more is said, and not tried for ever. */
static void what_can_not_be_called_any_more_is_given_up(void **state)
{
    struct sim *s = begin_kept(16);

    (void)state;
    lose_group(A(s));
    (void)ipsec_ike_delete(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now);
    sim_run(s, 2 * FIRST_MS);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 2);
    assert_true(A(s)->retry.next == IPSEC_NEVER);
    assert_int_equal(A(s)->retry.status, IPSEC_ERR_NOT_BUILT_IN);
    assert_false(is_kept(A(s)));
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
    sim_run(s, HOUR_MS);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 2);
    sim_free(s);
}

/* ---- tables that are full ----------------------------------------------------------------------
 */

static void so_many_peers_and_no_more(void **state)
{
    struct sim *s = sim_new(17);
    struct ipsec_peer other = A(s)->peer;

    (void)state;
    A(s)->config.keep_up_max = 1;
    sim_start(s);
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    sim_run(s, 1000);
    assert_int_equal(ipsec_ike_keep_up(A(s)->ike, &other, s->now), IPSEC_ERR_FULL);
    sim_assert_agree(s, 1, 1); /* nothing was begun */
    assert_int_equal(ipsec_ike_let_go(A(s)->ike, &A(s)->peer), IPSEC_OK);
    assert_int_equal(ipsec_ike_keep_up(A(s)->ike, &other, s->now), IPSEC_OK);
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &other, s->now), IPSEC_OK);
    sim_free(s);
}

/* No room for an IKE SA now is no reason not to keep the peer up. */
static void a_full_table_is_tried_again(void **state)
{
    struct sim *s = sim_new(18);
    struct ipsec_peer other = A(s)->peer;
    ipsec_handle sa;

    (void)state;
    A(s)->config.sa_max = 1;
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &other, s->now, &sa), IPSEC_OK);
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    assert_int_equal(A(s)->events[IPSEC_EVENT_RETRY], 1);
    assert_int_equal(A(s)->retry.status, IPSEC_ERR_FULL);
    assert_int_equal(A(s)->retry.tries, 1);
    sim_run(s, 20000);
    assert_true(A(s)->events[IPSEC_EVENT_RETRY] >= 4);
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &other, s->now), IPSEC_OK);
    sim_run(s, WAIT_MS);
    assert_true(is_up(A(s)) && is_kept(A(s)));
    sim_free(s);
}

static void times_that_make_no_sense_are_refused(void **state)
{
    struct sim *s = sim_new(19);
    size_t bytes;

    (void)state;
    A(s)->config.keep_up_first_ms = 5000;
    A(s)->config.keep_up_wait_ms = 4999;
    assert_int_equal(ipsec_ike_size(&A(s)->config, &bytes), IPSEC_ERR_ARGUMENT);
    A(s)->config.keep_up_first_ms = 100000; /* longer than the longest by default */
    A(s)->config.keep_up_wait_ms = 0;
    sim_start(s);
    s->cut = true;
    assert_int_equal(keep_up(s, A(s)), IPSEC_OK);
    for (uint32_t i = 1; i < 3; i++) {
        assert_true(next_retry(s, A(s), 300000));
        assert_wait(A(s), 100000, i);
    }
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_dead_at_first_is_called_until_it_is_there),
        cmocka_unit_test(a_peer_that_dies_is_called_at_once_and_comes_back),
        cmocka_unit_test(an_sa_that_does_not_last_makes_the_waits_longer),
        cmocka_unit_test(the_hard_limit_is_followed_at_once),
        cmocka_unit_test(a_wrong_secret_is_tried_seldom),
        cmocka_unit_test(a_proposal_that_is_refused_is_offered_again),
        cmocka_unit_test(a_peer_that_is_somebody_else_is_called_again),
        cmocka_unit_test(the_peers_own_sa_counts),
        cmocka_unit_test(a_call_under_way_is_waited_for_once),
        cmocka_unit_test(a_call_under_way_may_be_the_one),
        cmocka_unit_test(both_ends_find_each_other_and_a_seed_is_a_run),
        cmocka_unit_test(our_own_delete_ends_it),
        cmocka_unit_test(a_delete_of_one_of_two_does_not),
        cmocka_unit_test(let_go_leaves_what_is_there),
        cmocka_unit_test(a_forgotten_peer_is_not_called),
        cmocka_unit_test(asked_again_it_does_not_wait),
        cmocka_unit_test(what_can_not_be_called_is_refused),
        cmocka_unit_test(what_can_not_be_called_any_more_is_given_up),
        cmocka_unit_test(so_many_peers_and_no_more),
        cmocka_unit_test(a_full_table_is_tried_again),
        cmocka_unit_test(times_that_make_no_sense_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
