/* SPDX-License-Identifier: Apache-2.0
 *
 * NATT-09: a NAT gives the peer another port or address; the end in the open follows, on the word
 * of a new authentic message only. RFC 7296 2.23.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define NEW_PORT 30000

static struct sim *up(bool nat)
{
    struct sim *s = sim_new(1);

    s->nat = nat;
    sim_start(s);
    (void)sim_connect(s);
    assert_null(sim_disagreement(s, 1, 1));
    s->held = true;
    return s;
}

static uint16_t port_of_sa(struct sim_node *n)
{
    struct ipsec_ike_sa_info info;

    assert_int_equal(ipsec_ike_sa_info(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), &info), IPSEC_OK);
    return info.remote.port;
}

static uint16_t port_of_child(struct sim_node *n)
{
    const struct sim_child *c = sim_sink_sender(n, &n->child[0]);

    assert_non_null(c);
    return c->sa.remote.port;
}

/* A probe of `from` that comes from another port than before. */
static void probe_from_new_port(struct sim *s, int from)
{
    struct sim_node *n = &s->nodes[from];

    (void)ipsec_ike_probe(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now);
    sim_flying(s)->remote.port = NEW_PORT;
    assert_true(sim_deliver(s, 0));
}

static void natt_09_openiked_baf0c8e_follows_the_peer_behind_a_nat(void **state)
{
    struct sim *s = up(true);
    struct sim_node *b = &s->nodes[SIM_B];

    (void)state;
    const uint16_t before = port_of_child(b);
    (void)ipsec_ike_probe(s->nodes[SIM_A].ike, sim_sa(&s->nodes[SIM_A], 0), s->now);
    struct sim_datagram old = *sim_flying(s);
    sim_flying(s)->remote.port = NEW_PORT;
    assert_true(sim_deliver(s, 0));
    assert_int_equal(port_of_sa(b), NEW_PORT);
    assert_int_equal(port_of_child(b), NEW_PORT);
    assert_int_not_equal(before, NEW_PORT);
    /* a replay, and one with a broken tag, move nothing */
    assert_int_equal(sim_inject(s, SIM_B, &old), IPSEC_DROP_DUPLICATE);
    old.octets[old.length - 1] ^= 1;
    (void)sim_inject(s, SIM_B, &old);
    assert_int_equal(port_of_sa(b), NEW_PORT);
    assert_int_equal(port_of_child(b), NEW_PORT);
    sim_free(s);
}

/* Also on an answer to a request of ours. */
static void natt_09_follows_an_answer(void **state)
{
    struct sim *s = up(true);
    struct sim_node *b = &s->nodes[SIM_B];

    (void)state;
    (void)ipsec_ike_probe(b->ike, sim_sa(b, 0), s->now);
    assert_true(sim_deliver(s, 0));
    sim_flying(s)->remote.port = NEW_PORT;
    assert_true(sim_deliver(s, 0));
    assert_int_equal(port_of_sa(b), NEW_PORT);
    assert_int_equal(port_of_child(b), NEW_PORT);
    sim_free(s);
}

static void natt_09_host_behind_a_nat_does_not_follow(void **state)
{
    struct sim *s = up(true);
    struct sim_node *a = &s->nodes[SIM_A];

    (void)state;
    probe_from_new_port(s, SIM_B);
    assert_int_equal(port_of_sa(a), 4500);
    assert_int_equal(port_of_child(a), 4500);
    sim_free(s);
}

static void natt_09_nobody_follows_without_a_nat(void **state)
{
    struct sim *s = up(false);

    (void)state;
    probe_from_new_port(s, SIM_A);
    assert_int_equal(port_of_sa(&s->nodes[SIM_B]), 500);
    assert_int_equal(port_of_child(&s->nodes[SIM_B]), 500);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(natt_09_openiked_baf0c8e_follows_the_peer_behind_a_nat),
        cmocka_unit_test(natt_09_follows_an_answer),
        cmocka_unit_test(natt_09_host_behind_a_nat_does_not_follow),
        cmocka_unit_test(natt_09_nobody_follows_without_a_nat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
