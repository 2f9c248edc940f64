/* SPDX-License-Identifier: Apache-2.0
 *
 * Children in transport mode: agreed on, kept by rekeys, refused, and behind a NAT. RFC 7296 1.3.1,
 * 2.23.1.
 */
#include "sim_test.h"

#define HOST_A  "203.0.113.1"
#define HOST_B  "203.0.113.2"
#define OUTSIDE "198.51.100.7" /* A's, as B sees it, where there is a NAT */

static struct sim_node *A(struct sim *s)
{
    return &s->nodes[SIM_A];
}

static struct sim_node *B(struct sim *s)
{
    return &s->nodes[SIM_B];
}

/* The child of both between the two hosts, in these modes. */
static struct sim *with_modes(enum ipsec_mode a, enum ipsec_mode b)
{
    struct sim *s = sim_new(1);

    sim_child_ts(&A(s)->child[0], HOST_A, HOST_B);
    sim_child_ts(&B(s)->child[0], HOST_B, HOST_A);
    A(s)->child[0].mode = (uint8_t)a;
    B(s)->child[0].mode = (uint8_t)b;
    return s;
}

static void agreed(struct sim *s)
{
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    assert_false(A(s)->has_failure || B(s)->has_failure);
}

static void child_08_transport_mode_is_agreed_on_and_kept(void **state)
{
    struct sim *s = with_modes(IPSEC_MODE_TRANSPORT, IPSEC_MODE_TRANSPORT);

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    agreed(s);
    assert_non_null(strstr(s->ladder,
                           "A IKE_AUTH request 1: SK{IDi N(INITIAL_CONTACT) IDr AUTH SA "
                           "TSi TSr N(USE_TRANSPORT_MODE) N(ESP_TFC_PADDING_NOT_SUPPORTED)}\n"));
    assert_non_null(strstr(s->ladder,
                           "B IKE_AUTH response 1: SK{IDr AUTH SA "
                           "N(USE_TRANSPORT_MODE) N(ESP_TFC_PADDING_NOT_SUPPORTED) TSi TSr}\n"));
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        sim_ladder_clear(s);
        (void)ipsec_ike_rekey_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), 0, s->now);
        sim_run(s, 1000);
        const char *first = strstr(s->ladder, "N(USE_TRANSPORT_MODE)");
        assert_non_null(first);
        assert_non_null(strstr(first + 1, "N(USE_TRANSPORT_MODE)"));
        assert_int_equal(n->events[IPSEC_EVENT_CHILD_REKEYED], 1 + i);
    }
    sim_traffic(s);
    assert_int_equal(s->esp_lost, 0);
    sim_run(s, 130000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* MOBIKE moves tunnels (RFC 4555 1.2): whichever end has a child between two hosts does without,
 * and a move is refused at both, before anything is sent. */
static void child_08_hosts_do_not_move(void **state)
{
    (void)state;
    for (int who = 0; who < 3; who++) {
        struct sim *s = with_modes(IPSEC_MODE_TRANSPORT, IPSEC_MODE_TRANSPORT);
        struct ipsec_endpoint other = {.port = 0};

        A(s)->peer.no_mobike = who == 0;
        B(s)->peer.no_mobike = who == 1;
        sim_address(&other.addr, "203.0.113.99");
        sim_start(s);
        (void)sim_connect(s);
        agreed(s);
        assert_null(strstr(s->ladder, "MOBIKE_SUPPORTED"));
        for (int i = 0; i < 2; i++) {
            struct sim_node *n = &s->nodes[i];
            struct ipsec_ike_sa_info info;
            const ipsec_handle sa = sim_sa(n, IPSEC_IKE_ESTABLISHED);
            assert_int_equal(ipsec_ike_sa_info(n->ike, sa, &info), IPSEC_OK);
            assert_false(info.mobike);
            assert_int_equal(info.local.port, 500); /* nothing to move to 4500 for */
            assert_int_equal(ipsec_ike_move(n->ike, sa, &other, NULL, s->now), IPSEC_ERR_STATE);
        }
        sim_run(s, 1000);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* The same with a peer that has two children, one of them a tunnel. */
static void child_08_one_host_is_enough_not_to_move(void **state)
{
    struct sim *s = with_modes(IPSEC_MODE_TUNNEL, IPSEC_MODE_TUNNEL);

    (void)state;
    A(s)->peer.no_mobike = B(s)->peer.no_mobike = false;
    B(s)->child[1] = B(s)->child[0];
    B(s)->child[1].mode = IPSEC_MODE_TRANSPORT;
    B(s)->peer.child_count = 2;
    sim_start(s);
    (void)sim_connect(s);
    agreed(s);
    const char *offer = strstr(s->ladder, "N(MOBIKE_SUPPORTED)");
    assert_non_null(offer);
    assert_null(strstr(offer + 1, "N(MOBIKE_SUPPORTED)"));
    sim_free(s);
}

/* The peer makes a tunnel: RFC 7296 1.3.1 has the initiator delete it. */
static void child_08_a_tunnel_instead_is_deleted(void **state)
{
    struct sim *s = with_modes(IPSEC_MODE_TRANSPORT, IPSEC_MODE_TUNNEL);

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 1000);
    assert_true(A(s)->has_failure);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_POLICY);
    assert_int_equal(A(s)->failure.notify, 16391);
    assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_PEER);
    assert_ptr_equal(A(s)->failure.child, &A(s)->child[0]);
    assert_non_null(strstr(A(s)->failure_text, "the peer makes a tunnel of it"));
    assert_non_null(strstr(A(s)->failure_text, "mode"));
    assert_int_equal(sim_sink_count(A(s)), 0);
    assert_int_equal(sim_sink_count(B(s)), 0);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_CLOSED], 1);
    assert_int_not_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
    sim_free(s);
}

/* Who has it in transport mode gives nobody a tunnel. */
static void child_08_a_request_for_a_tunnel_is_refused(void **state)
{
    struct sim *s = with_modes(IPSEC_MODE_TUNNEL, IPSEC_MODE_TRANSPORT);

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    assert_true(A(s)->has_failure && B(s)->has_failure);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SELECTORS);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_POLICY);
    assert_int_equal(B(s)->failure.notify, 16391);
    assert_int_equal(B(s)->failure.refused_by, IPSEC_REFUSED_LOCAL);
    assert_non_null(strstr(B(s)->failure_text, "the peer asks for a tunnel"));
    assert_int_equal(sim_sink_count(A(s)) + sim_sink_count(B(s)), 0);
    assert_int_not_equal(sim_sa(B(s), IPSEC_IKE_ESTABLISHED), 0);
    sim_free(s);
}

/* The first child that has the mode, or needs none said, is taken. */
static void child_08_the_child_of_that_mode_is_chosen(void **state)
{
    struct sim *s = with_modes(IPSEC_MODE_TUNNEL, IPSEC_MODE_TRANSPORT);

    (void)state;
    B(s)->child[1] = B(s)->child[0];
    B(s)->child[1].mode = IPSEC_MODE_TUNNEL;
    B(s)->child[1].proposals = B(s)->child[0].proposals;
    B(s)->peer.child_count = 2;
    sim_start(s);
    (void)sim_connect(s);
    agreed(s);
    assert_null(strstr(s->ladder, "N(USE_TRANSPORT_MODE)"));
    assert_non_null(sim_sink_sender(B(s), &B(s)->child[1]));
    sim_free(s);
}

static void ts_12_only_the_hosts_of_the_ike_sa(void **state)
{
    static const char *const other[][2] = {
        {"203.0.113.0/24", HOST_B}, /* narrowed by the responder to nothing but what was asked */
        {"203.0.113.9", HOST_B},
        {HOST_A, "203.0.113.9"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        struct sim *s = with_modes(IPSEC_MODE_TRANSPORT, IPSEC_MODE_TRANSPORT);
        sim_child_ts(&A(s)->child[0], other[i][0], other[i][1]);
        sim_child_ts(&B(s)->child[0], other[i][1], other[i][0]);
        sim_start(s);
        (void)sim_connect(s);
        assert_true(A(s)->has_failure && B(s)->has_failure);
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_SELECTORS);
        assert_int_equal(sim_sink_count(A(s)) + sim_sink_count(B(s)), 0);
        sim_free(s);
    }
    /* Protocols and ports may be chosen. */
    struct sim *s = with_modes(IPSEC_MODE_TRANSPORT, IPSEC_MODE_TRANSPORT);
    sim_child_ts(&A(s)->child[0], HOST_A "[udp/1701]", HOST_B "[udp]");
    sim_child_ts(&B(s)->child[0], HOST_B "[udp/1701]", "0.0.0.0/0[udp]");
    sim_start(s);
    (void)sim_connect(s);
    agreed(s);
    assert_int_equal(sim_sink_sender(B(s), &B(s)->child[0])->sa.remote_ts.item[0].port_first, 1701);
    sim_free(s);
}

static void assert_host(const struct ipsec_selectors *side, const char *text)
{
    struct ipsec_addr addr;

    sim_address(&addr, text);
    assert_int_equal(side->count, 1);
    assert_memory_equal(side->item[0].first, addr.bytes, 16);
    assert_memory_equal(side->item[0].last, addr.bytes, 16);
}

static void ts_12_behind_a_nat_each_end_has_what_it_sees(void **state)
{
    struct sim *s = with_modes(IPSEC_MODE_TRANSPORT, IPSEC_MODE_TRANSPORT);

    (void)state;
    s->nat = true;
    sim_child_ts(&B(s)->child[0], HOST_B, OUTSIDE);
    sim_start(s);
    (void)sim_connect(s);
    agreed(s);
    for (int i = 0; i < 2; i++) {
        const struct ipsec_child_sa *a = &sim_sink_sender(A(s), &A(s)->child[0])->sa;
        const struct ipsec_child_sa *b = &sim_sink_sender(B(s), &B(s)->child[0])->sa;
        assert_true(a->udp_encapsulation && b->udp_encapsulation);
        assert_host(&a->local_ts, HOST_A);
        assert_host(&a->remote_ts, HOST_B);
        assert_host(&b->local_ts, HOST_B);
        assert_host(&b->remote_ts, OUTSIDE);
        (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0,
                                    s->now);
        sim_run(s, 1000);
        assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1 + i);
    }
    sim_free(s);
}

/* Asks for a child in transport mode with any host; at IKE_AUTH the sender's address becomes this
 * one. */
static struct sim *called_from(const char *first, const char *then)
{
    struct sim *s = with_modes(IPSEC_MODE_TRANSPORT, IPSEC_MODE_TRANSPORT);
    ipsec_handle sa = 0;

    sim_child_ts(&B(s)->child[0], HOST_B, "0.0.0.0/0");
    s->nat = true;
    sim_address(&s->nat_outside, first);
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    assert_true(sim_deliver(s, 0));     /* IKE_SA_INIT */
    sim_address(&s->nat_outside, then); /* the answer is on its way to where that came from */
    assert_true(sim_deliver(s, 0));
    s->held = false;
    sim_run(s, 1000);
    return s;
}

/* Who is known may still claim the address of somebody else, and get what is sent to that one, or
 * keep it from arriving: only where the answer to IKE_SA_INIT was received, is a host (RFC 7296
 * 2.6). With a NAT and without one. */
static void ts_12_only_the_address_that_has_answered(void **state)
{
    static const char *const first[] = {HOST_A, OUTSIDE};

    (void)state;
    for (int nat = 0; nat < 2; nat++) {
        struct sim *s = called_from(first[nat], first[nat]);
        agreed(s);
        assert_host(&sim_sink_sender(B(s), &B(s)->child[0])->sa.remote_ts, first[nat]);
        sim_free(s);
        s = called_from(first[nat], "198.51.100.99");
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_SELECTORS);
        assert_int_equal(sim_sink_count(B(s)), 0);
        /* nor later, nor after a rekey of the IKE SA */
        for (int again = 0; again < 2; again++) {
            const ipsec_handle sa = sim_sa(A(s), IPSEC_IKE_ESTABLISHED);
            assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[0], s->now),
                             IPSEC_OK);
            sim_run(s, 1000);
            assert_int_equal(B(s)->events[IPSEC_EVENT_FAILURE], 2 + again);
            assert_int_equal(sim_sink_count(A(s)) + sim_sink_count(B(s)), 0);
            assert_int_equal(ipsec_ike_rekey(A(s)->ike, sa, s->now), IPSEC_OK);
            sim_run(s, 1000);
            assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 1 + again);
        }
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_08_transport_mode_is_agreed_on_and_kept),
        cmocka_unit_test(child_08_hosts_do_not_move),
        cmocka_unit_test(child_08_one_host_is_enough_not_to_move),
        cmocka_unit_test(child_08_a_tunnel_instead_is_deleted),
        cmocka_unit_test(child_08_a_request_for_a_tunnel_is_refused),
        cmocka_unit_test(child_08_the_child_of_that_mode_is_chosen),
        cmocka_unit_test(ts_12_only_the_hosts_of_the_ike_sa),
        cmocka_unit_test(ts_12_behind_a_nat_each_end_has_what_it_sees),
        cmocka_unit_test(ts_12_only_the_address_that_has_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
