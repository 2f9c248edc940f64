/* SPDX-License-Identifier: Apache-2.0
 *
 * Reauthentication, make before break: the new IKE SA, the children that go over to it, the times
 * of RFC 4478, and what happens when it fails. RFC 7296 2.8.3, RFC 4478.
 */
#include "sim_test.h"

#include "ike_state.h"
#include "payload.h"
#include "sim_edit.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define AUTH_AGAIN "SK{IDi IDr AUTH SA TSi TSr}\n"

static struct ipseci_ike_sa *state_of(struct sim_node *n)
{
    return ipseci_sa_get(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED));
}

/* Traffic both ways all the time. */
static void run_busy(struct sim *s, ipsec_ms ms)
{
    const ipsec_ms until = s->now + ms;

    while (s->now < until) {
        sim_traffic(s);
        sim_run(s, 50);
    }
}

static void reauthenticate(struct sim *s, struct sim_node *n)
{
    assert_int_equal(ipsec_ike_reauthenticate(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
}

/* ---- message by message ------------------------------------------------------------------------
 */

static void make_before_break(void **state)
{
    struct sim *s = sim_up(1);
    const uint64_t before = state_of(A(s))->spi_i;
    const ipsec_handle old = sim_sa(A(s), 0);

    (void)state;
    reauthenticate(s, A(s));
    assert_int_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), old);
    run_busy(s, 20000);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R
                         "A IKE_AUTH request 1: " AUTH_AGAIN "B IKE_AUTH response 1: " AUTH_R
                         "B INFORMATIONAL request 0: SK{}\n"
                         "A INFORMATIONAL request 3: SK{D}\n"
                         "A INFORMATIONAL response 0: SK{}\n"
                         "B INFORMATIONAL response 3: SK{}\n");
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 1);
    assert_true(state_of(A(s))->spi_i != before);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(s->nodes[i].events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
        assert_int_equal(s->nodes[i].events[IPSEC_EVENT_CHILD_REKEYED], 1);
        assert_int_equal(s->nodes[i].events[IPSEC_EVENT_IKE_CLOSED], 1);
        assert_int_equal(s->nodes[i].last_reason, IPSEC_REASON_REPLACED);
        assert_int_equal(s->nodes[i].events[IPSEC_EVENT_FAILURE], 0);
    }
    sim_free(s);
}

/* The secret has been changed: what a rekey does not notice. */
static void rekey_11_authentication_is_asked_for_again(void **state)
{
    struct sim *s = sim_up(2);

    (void)state;
    A(s)->peer.lifetime.hard_ms = 0;
    A(s)->secret = "no longer the right one";
    reauthenticate(s, A(s));
    run_busy(s, 3000);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(A(s)->events[IPSEC_EVENT_REKEY_FAILED], 1);
    sim_assert_agree(s, 1, 1); /* the old one stays */
    assert_true(state_of(A(s))->reauth_due != IPSEC_NEVER);
    A(s)->secret = B(s)->secret;
    run_busy(s, 70000); /* and the next try is a good one */
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- children ----------------------------------------------------------------------------------
 */

static void all_children_go_over(void **state)
{
    struct sim *s = sim_new(3);

    (void)state;
    A(s)->peer.child_count = 1;
    B(s)->peer.child_count = 3;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    for (int i = 1; i < 3; i++) { /* not of the peer's entry: made by command */
        assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[i], s->now), IPSEC_OK);
    }
    sim_run(s, 2000);
    sim_assert_agree(s, 1, 3);
    reauthenticate(s, A(s));
    run_busy(s, 20000);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 3);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 3);
    for (int i = 0; i < 3; i++) {
        assert_non_null(sim_sink_sender(A(s), &A(s)->child[i]));
    }
    sim_free(s);
}

/* A packet that waits for a child while the others go over: it is made where they go. */
static void a_child_on_demand_is_made_over_the_new_one(void **state)
{
    struct sim *s = sim_new(5);

    (void)state;
    A(s)->peer.child_count = B(s)->peer.child_count = 3;
    A(s)->child[2].start = IPSEC_START_ON_DEMAND;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 2000);
    sim_assert_agree(s, 1, 2);
    const ipsec_handle old = sim_sa(A(s), IPSEC_IKE_ESTABLISHED);
    reauthenticate(s, A(s));
    s->held = true;
    for (int i = 0; i < 4; i++) {
        assert_true(sim_deliver(s, 0));
    }
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    assert_int_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), old); /* with the second child */
    assert_int_equal(ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[2], NULL, s->now),
                     IPSEC_OK);
    s->held = false;
    run_busy(s, 20000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_REKEY_FAILED], 0);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 3);
    assert_non_null(sim_sink_sender(A(s), &A(s)->child[2]));
    sim_free(s);
}

/* A child that the configuration wants and somebody has closed does not come back by it. */
static void closed_children_stay_closed(void **state)
{
    struct sim *s = sim_new(4);

    (void)state;
    A(s)->peer.child_count = B(s)->peer.child_count = 2;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 2000);
    sim_assert_agree(s, 1, 2);
    const struct sim_child *c = sim_sink_sender(A(s), &A(s)->child[1]);
    assert_int_equal(ipsec_ike_delete_child(A(s)->ike, c->sa.child, s->now), IPSEC_OK);
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    reauthenticate(s, A(s));
    run_busy(s, 20000);
    assert_null(sim_sink_sender(A(s), &A(s)->child[1]));
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* The peer takes the IKE SA and not the child any more: the old one is kept for it, until it does.
 */
static void child_refused(void **state)
{
    struct sim *s = sim_up(5);

    (void)state;
    B(s)->children_max = 1;
    reauthenticate(s, A(s));
    run_busy(s, 10000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_REKEY_FAILED], 1);
    assert_true(A(s)->has_failure);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 2, 1); /* two IKE SAs, the child on the old one */
    B(s)->children_max = 0;
    run_busy(s, 80000);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* The same when A has no room for both. */
static void no_room(void **state)
{
    struct sim *s = sim_new(6);

    (void)state;
    A(s)->config.sa_max = 1;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    assert_int_equal(ipsec_ike_reauthenticate(A(s)->ike, sa, s->now), IPSEC_ERR_FULL);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
    s = sim_new(7);
    A(s)->config.child_max = 1;
    sim_start(s);
    assert_int_equal(ipsec_ike_reauthenticate(A(s)->ike, sim_connect(s), s->now), IPSEC_ERR_FULL);
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void commands(void **state)
{
    struct sim *s = sim_up(8);
    const ipsec_handle sa = sim_sa(A(s), 0);

    (void)state;
    reauthenticate(s, A(s));
    assert_int_equal(ipsec_ike_reauthenticate(A(s)->ike, sa, s->now), IPSEC_OK); /* under way */
    run_busy(s, 10000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    assert_int_equal(ipsec_ike_reauthenticate(A(s)->ike, sa, s->now), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_ike_reauthenticate(NULL, sa, s->now), IPSEC_ERR_ARGUMENT);
    /* Whoever deletes the old one wants nothing in its place. */
    reauthenticate(s, A(s));
    assert_int_equal(ipsec_ike_delete(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
    sim_run(s, 60000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* ---- times -------------------------------------------------------------------------------------
 */

static void in_time(void **state)
{
    struct sim *s = sim_new(9);

    (void)state;
    A(s)->peer.reauth_ms = 600000;
    A(s)->peer.lifetime.hard_ms = 200000; /* rekeyed meanwhile: the time goes on */
    sim_start(s);
    (void)sim_connect(s);
    const struct ipseci_ike_sa *sa = state_of(A(s));
    const ipsec_ms begun = sa->established;
    assert_in_range(sa->reauth_due, begun + 600000 * 8 / 10, begun + 600000 * 9 / 10);
    run_busy(s, 450000);
    assert_true(A(s)->events[IPSEC_EVENT_IKE_REKEYED] >= 2);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    assert_int_equal(state_of(A(s))->auth_ends, begun + 600000);
    run_busy(s, 100000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* RFC 4478: the called end says when, the calling one acts. */
static void rfc4478_the_peer_says_when(void **state)
{
    struct sim *s = sim_new(10);

    (void)state;
    B(s)->peer.reauth_ms = 300000;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R
                         "A IKE_AUTH request 1: " AUTH_I
                         "B IKE_AUTH response 1: SK{IDr AUTH SA TSi TSr N(AUTH_LIFETIME)}\n");
    const ipsec_ms due = state_of(A(s))->reauth_due;
    assert_in_range(due, s->now + 200000, s->now + 300000 * 9 / 10);
    assert_true(state_of(B(s))->reauth_due > due);
    run_busy(s, 280000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* One that knows nothing of RFC 4478 is called by us, when we may. */
static void rfc4478_not_understood(void **state)
{
    struct sim *s = sim_new(11);

    (void)state;
    B(s)->peer.reauth_ms = 300000;
    sim_start(s);
    (void)sim_connect(s);
    state_of(A(s))->reauth_due = IPSEC_NEVER;
    state_of(A(s))->auth_ends = IPSEC_NEVER;
    state_of(A(s))->ends = s->now + 3600000;
    run_busy(s, 310000);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    assert_non_null(strstr(s->ladder, "B IKE_SA_INIT request 0"));
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* And closed when we may not. */
static void rfc4478_closed_when_the_time_is_over(void **state)
{
    struct sim *s = sim_new(12);

    (void)state;
    B(s)->peer.reauth_ms = 300000;
    memset(&B(s)->peer.remote, 0, sizeof(B(s)->peer.remote));
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(state_of(B(s))->reauth_due, IPSEC_NEVER);
    state_of(A(s))->reauth_due = IPSEC_NEVER;
    sim_run(s, state_of(B(s))->auth_ends - s->now - 1000);
    assert_non_null(state_of(A(s)));
    sim_run(s, 2000);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* In a request of its own, at any time. */
static void send_lifetime(struct sim *s, uint32_t seconds)
{
    uint8_t chain[12] = {0, 0, 0, 12, 0, 0, 0x40, 0x13};
    const struct sim_craft what = {.exchange = IPSECI_EXCHANGE_INFORMATIONAL,
                                   .first = IPSECI_PAYLOAD_NOTIFY,
                                   .chain = {chain, sizeof(chain)}};
    struct sim_datagram d;

    for (int i = 0; i < 4; i++) {
        chain[8 + i] = (uint8_t)(seconds >> (24 - 8 * i));
    }
    A(s)->crypto.tags_pass = true;
    assert_true(sim_craft(A(s), &what, &d));
    assert_int_equal(sim_inject(s, SIM_A, &d), IPSEC_OK);
    A(s)->crypto.tags_pass = false;
}

static void rfc4478_in_a_request(void **state)
{
    struct sim *s = sim_up(13);

    (void)state;
    assert_int_equal(state_of(A(s))->reauth_due, IPSEC_NEVER);
    send_lifetime(s, 100);
    assert_int_equal(state_of(A(s))->auth_ends, s->now + 100000);
    send_lifetime(s, 1000);
    assert_int_equal(state_of(A(s))->auth_ends, s->now + 1000000);
    assert_in_range(state_of(A(s))->reauth_due, s->now + 800000, s->now + 900000);
    send_lifetime(s, 0); /* at once */
    sim_run(s, 5000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    sim_free(s);
}

/* Our own time is not prolonged by the peer's. */
static void rfc4478_the_earlier_counts(void **state)
{
    struct sim *s = sim_new(14);

    (void)state;
    A(s)->peer.reauth_ms = 200000;
    B(s)->peer.reauth_ms = 300000;
    sim_start(s);
    (void)sim_connect(s);
    const ipsec_ms end = state_of(A(s))->auth_ends;
    assert_int_equal(end, state_of(A(s))->established + 200000);
    send_lifetime(s, 1000);
    assert_int_equal(state_of(A(s))->auth_ends, end);
    send_lifetime(s, 100);
    assert_int_equal(state_of(A(s))->auth_ends, s->now + 100000);
    sim_free(s);
}

/* A peer that is gone for good: reports, tries again, and the hard end. */
static void silent_peer(void **state)
{
    struct sim *s = sim_new(15);

    (void)state;
    A(s)->peer.reauth_ms = 300000;
    A(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    A(s)->config.retransmit_max = 2;
    sim_start(s);
    (void)sim_connect(s);
    const ipsec_ms end = state_of(A(s))->auth_ends;
    s->cut = true;
    sim_run(s, end - s->now - 10);
    assert_true(A(s)->events[IPSEC_EVENT_REKEY_FAILED] >= 2);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SILENT_PEER);
    assert_int_not_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
    assert_non_null(sim_sink_sender(A(s), &A(s)->child[0]));
    sim_run(s, 1000);
    assert_int_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
    assert_int_equal(sim_sink_count(A(s)), 0);
    sim_free(s);
}

/* ---- with the rest -----------------------------------------------------------------------------
 */

static void eap_only_from_the_client(void **state)
{
    struct sim *s = sim_new(16);

    (void)state;
    sim_eap(s, 2, false);
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(ipsec_ike_reauthenticate(B(s)->ike, sim_sa(B(s), 0), s->now),
                     IPSEC_ERR_ARGUMENT);
    reauthenticate(s, A(s));
    run_busy(s, 20000);
    assert_int_equal(s->esp_lost, 0);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static struct sim *roaming(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    A(s)->peer.request_config = IPSEC_CONFIG_IPV4;
    A(s)->child[0].local_dynamic = true;
    A(s)->child[0].local_ts.count = 0;
    B(s)->child[0].remote_dynamic = true;
    B(s)->child[0].remote_ts.count = 0;
    B(s)->leases = true;
    sim_node_callbacks(B(s));
    sim_address(&B(s)->lease.ipv4, "10.77.0.5");
    B(s)->lease.ipv4_bits = 24;
    return s;
}

/* The same address is asked for, and the lease goes over: given once, released once. */
static void the_lease_goes_over(void **state)
{
    struct sim *s = roaming(17);

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    sim_address(&B(s)->lease.ipv4, "10.77.0.6"); /* what anybody else would get */
    reauthenticate(s, A(s));
    run_busy(s, 20000);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 1);
    assert_true(ipsec_addr_equal(&B(s)->last_lease.ipv4, &A(s)->assigned.ipv4));
    assert_int_equal(B(s)->last_lease.held, 1);
    assert_int_equal(A(s)->assigned.ipv4.bytes[3], 5);
    assert_int_equal(B(s)->leased, 1);
    assert_int_equal(B(s)->released, 0);
    assert_int_equal(ipsec_ike_delete(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    sim_run(s, 5000);
    assert_int_equal(B(s)->released, 1);
    sim_free(s);
}

/* A caller that gives a peer one address, however often it comes. */
static enum ipsec_status the_same(void *user, uint32_t token, const struct ipsec_lease_query *query,
                                  struct ipsec_config_set *set)
{
    struct sim_node *n = user;

    (void)token;
    (void)query;
    *set = n->lease;
    set->lease = 1;
    n->leased = 1;
    return IPSEC_OK;
}

static void count_release(void *user, const struct ipsec_peer *peer, uint32_t lease)
{
    struct sim_node *n = user;

    assert_ptr_equal(peer, &n->peer);
    assert_int_equal(lease, 1);
    n->released++;
}

/* Two IKE SAs that have one lease end together, as a third one comes up that is given it, too. */
static void a_lease_of_several_is_released_with_the_last(void **state)
{
    struct sim *s = roaming(13);

    (void)state;
    A(s)->peer.no_initial_contact = true;
    A(s)->peer.several_ike_sas = B(s)->peer.several_ike_sas = true;
    B(s)->config.callbacks.lease = the_same;
    B(s)->config.callbacks.release = count_release;
    sim_start(s);
    (void)sim_connect(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 2, 2);
    ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now);
    A(s)->peer.no_initial_contact = false;
    (void)sim_connect(s);
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(B(s)->released, 0);
    assert_int_equal(ipsec_ike_delete(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    sim_run(s, 5000);
    assert_int_equal(B(s)->released, 1);
    sim_free(s);
}

/* Rekeys of either end while the new IKE SA is on its way. */
static void rekeyed_meanwhile(void **state)
{
    (void)state;
    for (int by = 0; by < 2; by++) {
        struct sim *s = sim_up(18);
        struct sim_node *n = &s->nodes[by];
        const ipsec_handle old = sim_sa(n, 0);
        reauthenticate(s, A(s));
        sim_run(s, s->delay_ms + 1); /* IKE_SA_INIT has gone one way */
        assert_int_equal(ipsec_ike_rekey(n->ike, old, s->now), IPSEC_OK);
        run_busy(s, 90000);
        assert_int_equal(s->esp_lost, 0);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* Through a NAT the new IKE SA comes over the mapping that is there. */
static void behind_a_nat(void **state)
{
    struct sim *s = sim_new(19);

    (void)state;
    s->nat = true;
    sim_start(s);
    (void)sim_connect(s);
    reauthenticate(s, A(s));
    assert_int_equal(state_of(A(s))->local.port, 4500);
    run_busy(s, 20000);
    assert_int_equal(s->esp_lost, 0);
    assert_int_equal(s->esp_astray, 0);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 2);
    sim_assert_agree(s, 1, 1);
    reauthenticate(s, B(s)); /* and back through it */
    run_busy(s, 20000);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 3);
    assert_int_equal(s->esp_lost, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make_before_break),
        cmocka_unit_test(rekey_11_authentication_is_asked_for_again),
        cmocka_unit_test(all_children_go_over),
        cmocka_unit_test(a_child_on_demand_is_made_over_the_new_one),
        cmocka_unit_test(closed_children_stay_closed),
        cmocka_unit_test(child_refused),
        cmocka_unit_test(no_room),
        cmocka_unit_test(commands),
        cmocka_unit_test(in_time),
        cmocka_unit_test(rfc4478_the_peer_says_when),
        cmocka_unit_test(rfc4478_not_understood),
        cmocka_unit_test(rfc4478_closed_when_the_time_is_over),
        cmocka_unit_test(rfc4478_in_a_request),
        cmocka_unit_test(rfc4478_the_earlier_counts),
        cmocka_unit_test(silent_peer),
        cmocka_unit_test(eap_only_from_the_client),
        cmocka_unit_test(the_lease_goes_over),
        cmocka_unit_test(a_lease_of_several_is_released_with_the_last),
        cmocka_unit_test(rekeyed_meanwhile),
        cmocka_unit_test(behind_a_nat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
