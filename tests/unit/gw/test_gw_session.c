/* SPDX-License-Identifier: Apache-2.0
 *
 * Two gateways with children that are not there from the start: on demand, and with inner addresses
 * that one end gives to the other. RFC 4301 4.4.1, 5.1; RFC 7296 2.19.
 */
#include "pair_kit.h"

#include <stdio.h>

#define IKE "aes256-sha256-ecp256"
#define ESP "aes256-sha256-ecp256"

static unsigned leased;
static unsigned released;

static enum ipsec_status lease(void *user, uint32_t token, const struct ipsec_lease_query *query,
                               struct ipsec_config_set *set)
{
    (void)user;
    (void)token;
    assert_int_equal(query->wanted, IPSEC_CONFIG_IPV4);
    set->lease = 100 + ++leased;
    return ipsec_addr_parse("192.168.1.10", &set->ipv4); /* where A's host sends from */
}

static void release(void *user, const struct ipsec_peer *peer, uint32_t number)
{
    const struct pair_end *end = user;
    assert_ptr_equal(peer, &end->peer);
    released++;
    assert_int_equal(number, 100 + released);
}

static struct pair *make(void)
{
    struct pair *p = malloc(sizeof *p);
    assert_non_null(p);
    leased = released = 0;
    pair_init(p, IKE, ESP);
    return p;
}

static void stop(struct pair *p)
{
    pair_stop(p);
    free(p);
}

static void spd_04_a_packet_brings_up_a_child_on_demand(void **state)
{
    (void)state;
    struct pair *p = make();
    struct ipsec_child_info info;
    p->a.child.start = IPSEC_START_ON_DEMAND;
    p->a.config.callbacks.acquire = NULL;
    pair_start(p);
    pair_ping(&p->a);
    pair_settle(p);
    assert_int_equal(p->a.events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    assert_int_equal(ipsec_ike_child_info(ipsec_gw_ike(p->a.gw), p->a.child_sa, &info), IPSEC_OK);
    assert_int_equal(info.local_ts.count, 1); /* the network, in which the packet's address is */
    pair_ping(&p->a);
    pair_ping(&p->b);
    pair_settle(p);
    assert_int_equal(p->b.arrived, 1);
    assert_int_equal(p->a.arrived, 1);
    stop(p);
}

/* A child that is to stand is not the gateway's to bring up. */
static void spd_04_without_a_callback_only_those_on_demand(void **state)
{
    (void)state;
    struct pair *p = make();
    p->a.config.callbacks.acquire = NULL;
    pair_start(p);
    pair_ping(&p->a);
    pair_settle(p);
    assert_int_equal(p->a.events[IPSEC_EVENT_MESSAGE], 0);
    stop(p);
}

static void outside_of_the_callback_it_is_refused(void **state)
{
    (void)state;
    struct pair *p = make();
    pair_start(p);
    assert_int_equal(ipsec_gw_acquire(p->a.gw, &p->a.peer, &p->a.child), IPSEC_ERR_STATE);
    assert_int_equal(ipsec_gw_acquire(p->a.gw, NULL, &p->a.child), IPSEC_ERR_ARGUMENT);
    stop(p);
}

/* A's side of the tunnel is what B leases to it. */
static struct pair *roaming(void)
{
    struct pair *p = make();
    p->a.peer.request_config = IPSEC_CONFIG_IPV4;
    p->a.child.local_dynamic = true;
    p->a.child.local_ts.count = 0;
    p->b.child.remote_dynamic = true;
    p->b.child.remote_ts.count = 0;
    p->b.config.callbacks.lease = lease;
    p->b.config.callbacks.release = release;
    pair_start(p);
    return p;
}

static void auth_32_traffic_of_a_leased_address(void **state)
{
    (void)state;
    struct pair *p = roaming();
    pair_ping(&p->a);
    pair_settle(p);
    assert_int_equal(pair_dropped(&p->a, IPSEC_DROP_NO_POLICY), 1); /* not before it is leased */
    pair_establish(p);
    p->a.sent = 0;
    pair_traffic(p, 20);
    pair_settle(p);
    assert_int_equal(p->b.arrived, 20);
    assert_int_equal(p->a.arrived, 20);
    assert_int_equal(p->a.events[IPSEC_EVENT_CONFIG], 1);
    stop(p);
    assert_int_equal(leased, 1);
    assert_int_equal(released, 1);
}

static void rekey_08_its_policy_stays_through_rekeys_and_goes_with_the_child(void **state)
{
    (void)state;
    struct pair *p = roaming();
    pair_establish(p);
    for (int i = 0; i < 3; i++) {
        const ipsec_ms now = ipsec_memory_now(p->memory);
        struct pair_end *end = i % 2 == 0 ? &p->a : &p->b;
        assert_int_equal(ipsec_ike_rekey_child(ipsec_gw_ike(end->gw), end->child_sa, 0, now),
                         IPSEC_OK);
        pair_settle(p);
        assert_int_equal(ipsec_ike_rekey(ipsec_gw_ike(p->a.gw), p->a.ike_sa, now), IPSEC_OK);
        pair_settle(p);
        pair_traffic(p, 5);
        pair_pass(p, 5000);
    }
    pair_expect_no_loss(p);
    assert_int_equal(released, 0);
    assert_int_equal(
        ipsec_ike_delete(ipsec_gw_ike(p->a.gw), p->a.ike_sa, ipsec_memory_now(p->memory)),
        IPSEC_OK);
    pair_settle(p);
    assert_int_equal(released, 1);
    pair_ping(&p->a);
    pair_ping(&p->b);
    pair_settle(p);
    assert_int_equal(pair_dropped(&p->a, IPSEC_DROP_NO_POLICY), 1);
    assert_int_equal(pair_dropped(&p->b, IPSEC_DROP_NO_POLICY), 1);
    ipsec_handle sa = 0; /* and again: what it took was given back */
    assert_int_equal(
        ipsec_ike_initiate(ipsec_gw_ike(p->a.gw), &p->a.peer, ipsec_memory_now(p->memory), &sa),
        IPSEC_OK);
    pair_settle(p);
    assert_int_equal(p->a.events[IPSEC_EVENT_CHILD_ESTABLISHED], 2);
    stop(p);
    assert_int_equal(leased, 2);
}

/* No room for the policy of a leased address: the child is refused, nothing is left behind. */
static void auth_32_no_room_for_the_policy(void **state)
{
    (void)state;
    struct pair *p = make();
    p->quiet = true;
    p->a.peer.request_config = IPSEC_CONFIG_IPV4;
    p->a.child.local_dynamic = true;
    p->b.child.remote_dynamic = true;
    p->a.child.local_ts.count = p->b.child.remote_ts.count = 0;
    p->b.config.callbacks.lease = lease;
    p->b.config.callbacks.release = release;
    p->b.config.policy_max = 1; /* the peer's own record takes it */
    pair_start(p);
    ipsec_handle sa = 0;
    assert_int_equal(
        ipsec_ike_initiate(ipsec_gw_ike(p->a.gw), &p->a.peer, ipsec_memory_now(p->memory), &sa),
        IPSEC_OK);
    pair_settle(p);
    assert_int_equal(p->b.events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    assert_int_equal(p->b.events[IPSEC_EVENT_CHILD_ESTABLISHED], 0);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->b.gw)), 0);
    stop(p);
    assert_int_equal(released, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spd_04_a_packet_brings_up_a_child_on_demand),
        cmocka_unit_test(spd_04_without_a_callback_only_those_on_demand),
        cmocka_unit_test(outside_of_the_callback_it_is_refused),
        cmocka_unit_test(auth_32_traffic_of_a_leased_address),
        cmocka_unit_test(rekey_08_its_policy_stays_through_rekeys_and_goes_with_the_child),
        cmocka_unit_test(auth_32_no_room_for_the_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
