/* SPDX-License-Identifier: Apache-2.0
 *
 * MOBIKE (RFC 4555) where the network or the peer is against it: NATs, refusals, silent paths,
 * replays, lies and malformed notifies.
 */
#include "sim_craft.h"
#include "sim_mobile.h"

/* ---- NATs --------------------------------------------------------------------------------------
 */

static void mobike_into_a_nat_and_out_of_it(void **state)
{
    struct sim *s = mobile_made();

    (void)state;
    sim_address(&s->nat_inside, "10.0.0.5");
    s->nat = true;
    mobile_start(s);
    assert_false(mobile_info(A(s)).nat_local);
    assert_int_equal(mobile_move(A(s), "10.0.0.5", NULL), IPSEC_OK);
    sim_run(s, SECOND);
    assert_true(mobile_info(A(s)).nat_local && mobile_info(B(s)).nat_remote);
    assert_true(mobile_remote_is(B(s), "198.51.100.7"));
    assert_int_equal(mobile_info(B(s)).remote.port, 24500);
    for (int i = 0; i < 2; i++) {
        assert_true(sim_sink_sender(&s->nodes[i], &s->nodes[i].child[0])->sa.udp_encapsulation);
    }
    assert_int_equal(sim_sink_sender(B(s), &B(s)->child[0])->sa.remote.port, 24500);
    sim_assert_agree(s, 1, 1);
    sim_run(s, 60 * SECOND);
    assert_true(A(s)->keepalives >= 2);
    assert_int_equal(mobile_move(A(s), OLD_A, NULL), IPSEC_OK);
    sim_run(s, SECOND);
    mobile_assert_at(s, OLD_A, OLD_B);
    assert_false(mobile_info(A(s)).nat_local || mobile_info(B(s)).nat_remote);
    const uint32_t keepalives = A(s)->keepalives;
    for (int i = 0; i < 2; i++) {
        assert_false(sim_sink_sender(&s->nodes[i], &s->nodes[i].child[0])->sa.udp_encapsulation);
    }
    sim_assert_agree(s, 1, 1);
    sim_run(s, 60 * SECOND);
    assert_int_equal(A(s)->keepalives, keepalives);
    sim_free(s);
}

/* RFC 4555 3.8: another mapping shows in the answer to a probe, and is made known by an update. */
static void mobike_natt_09_a_changed_mapping_is_found_by_probing(void **state)
{
    struct sim *s = mobile_made();

    (void)state;
    A(s)->peer.liveness_ms = 30000;
    s->nat = true;
    s->esp_tells = true;
    mobile_start(s);
    sim_run(s, 40 * SECOND);
    s->nat_shift = 21000;
    const uint32_t updates = B(s)->events[IPSEC_EVENT_ADDRESS_CHANGED];
    /* neither an IKE message nor an ESP packet moves anything (NATT-09) */
    (void)sim_esp(s, SIM_A, &A(s)->child[0]);
    sim_run(s, 10 * SECOND);
    assert_int_equal(B(s)->moved_status, IPSEC_ERR_FORBIDDEN);
    assert_int_equal(mobile_info(B(s)).remote.port, 24500);
    sim_run(s, 40 * SECOND);
    assert_int_equal(mobile_info(B(s)).remote.port, 25500);
    assert_int_equal(sim_sink_sender(B(s), &B(s)->child[0])->sa.remote.port, 25500);
    assert_int_equal(B(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], updates + 1);
    const uint32_t sent = s->sent;
    sim_assert_agree(s, 1, 1);
    sim_run(s, 120 * SECOND);
    assert_int_equal(B(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], updates + 1); /* and that was it */
    assert_true(s->sent - sent < 20);
    sim_free(s);
}

static void mobike_nat_prohibited(void **state)
{
    struct sim *s = mobile_made();

    (void)state;
    A(s)->peer.no_nat = true;
    B(s)->peer.no_nat = true;
    mobile_start(s);
    assert_true(mobile_info(A(s)).mobike);
    assert_int_equal(mobile_info(A(s)).local.port, 500);
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    sim_run(s, SECOND);
    mobile_assert_at(s, NEW_A, OLD_B);
    assert_non_null(strstr(s->ladder, "N(UPDATE_SA_ADDRESSES) N(NO_NATS_ALLOWED)"));
    assert_null(strstr(s->ladder, "NAT_DETECTION"));
    /* a NAT in front of the next address: refused, tried again, given up, all back */
    sim_ladder_clear(s);
    s->nat = true;
    sim_address(&s->nat_inside, "10.0.0.5");
    s->nat_shift = 0;
    assert_int_equal(mobile_move(A(s), "10.0.0.5", NULL), IPSEC_OK);
    sim_run(s, 5 * SECOND);
    int refusals = 0;
    for (const char *t = s->ladder; (t = strstr(t, "UNEXPECTED_NAT_DETECTED")) != NULL; t++) {
        refusals++;
    }
    assert_int_equal(refusals, 1 + IPSECI_UPDATE_RETRIES_MAX);
    assert_int_equal(A(s)->failure.notify, IPSECI_NOTIFY_UNEXPECTED_NAT_DETECTED);
    mobile_assert_at(s, NEW_A, OLD_B);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void mobike_nat_prohibited_from_the_start(void **state)
{
    struct sim *s = mobile_made();

    (void)state;
    A(s)->peer.no_nat = true;
    s->nat = true;
    s->nat_shift = 0;
    sim_start(s);
    (void)sim_connect(s);
    assert_non_null(strstr(s->ladder, "N(MOBIKE_SUPPORTED) N(NO_NATS_ALLOWED)}"));
    assert_int_equal(A(s)->failure.notify, IPSECI_NOTIFY_UNEXPECTED_NAT_DETECTED);
    assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_PEER);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_POLICY);
    assert_null(sim_disagreement(s, 0, 0));
    sim_free(s);
}

/* ---- refusals ----------------------------------------------------------------------------------
 */

static void mobike_unacceptable_addresses(void **state)
{
    static const struct {
        enum ipsec_follow follow;
        const char *to;
        bool accepted;
    } row[] = {
        {IPSEC_FOLLOW_NEVER, NEW_A, false},
        {IPSEC_FOLLOW_NEVER, OLD_A, true},
        {IPSEC_FOLLOW_PORT, NEW_A, false},
        {IPSEC_FOLLOW_ANY, NEW_A, true},
        {IPSEC_FOLLOW_DEFAULT, "0.0.0.0", false},
        {IPSEC_FOLLOW_ANY, "224.0.0.1", false},
        {IPSEC_FOLLOW_ANY, "255.255.255.255", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        for (uint8_t policy = 0; policy < 3; policy++) {
            struct sim *s = mobile_made();
            B(s)->peer.follow = (uint8_t)row[i].follow;
            A(s)->peer.routability = policy;
            mobile_start(s);
            assert_int_equal(mobile_move(A(s), row[i].to, NULL), IPSEC_OK);
            sim_run(s, SECOND);
            mobile_assert_at(s, row[i].accepted ? row[i].to : OLD_A, OLD_B);
            assert_int_equal(A(s)->has_failure, !row[i].accepted);
            if (!row[i].accepted) {
                assert_int_equal(A(s)->failure.notify, IPSECI_NOTIFY_UNACCEPTABLE_ADDRESSES);
                assert_int_equal(B(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], 0);
                assert_non_null(strstr(A(s)->failure_text, "does not accept our new address"));
            }
            sim_assert_agree(s, 1, 1);
            sim_free(s);
        }
    }
}

/* ---- further addresses -------------------------------------------------------------------------
 */

static struct ipsec_addr further[2][5];

static struct sim *with_further(uint32_t of_a, uint32_t of_b)
{
    struct sim *s = mobile_made();

    for (uint32_t i = 0; i < 5; i++) {
        char text[40];
        (void)snprintf(text, sizeof(text), "203.0.113.%u", 101 + i);
        sim_address(&further[SIM_A][i], text);
        (void)snprintf(text, sizeof(text), i == 3 ? "2001:db8::%u" : "203.0.113.%u", 201 + i);
        sim_address(&further[SIM_B][i], text);
    }
    A(s)->peer.other_local = further[SIM_A];
    A(s)->peer.other_local_count = of_a;
    B(s)->peer.other_local = further[SIM_B];
    B(s)->peer.other_local_count = of_b;
    return s;
}

static void mobike_additional_addresses_are_told_and_bounded(void **state)
{
    struct sim *s = with_further(1, 5);

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    assert_non_null(strstr(s->ladder, "N(MOBIKE_SUPPORTED) N(ADDITIONAL_IP4_ADDRESS)}"));
    assert_non_null(strstr(s->ladder, "N(MOBIKE_SUPPORTED) N(ADDITIONAL_IP4_ADDRESS) "
                                      "N(ADDITIONAL_IP4_ADDRESS) N(ADDITIONAL_IP4_ADDRESS) "
                                      "N(ADDITIONAL_IP6_ADDRESS)}"));
    const struct ipseci_path *path = ipseci_path_get(A(s)->ike, mobile_state(A(s)));
    assert_non_null(path);
    assert_int_equal(path->count, 4);
    assert_true(ipsec_addr_equal(&path->peer[3], &further[SIM_B][3]));
    /* the end that does not decide keeps none */
    assert_null(ipseci_path_get(B(s)->ike, mobile_state(B(s))));
    sim_free(s);
}

static void mobike_a_silent_path_is_left_for_one_that_works(void **state)
{
    (void)state;
    for (int dead = 0; dead < 3; dead++) {
        struct sim *s = with_further(1, 2);
        A(s)->peer.liveness_ms = 30000;
        mobile_start(s);
        if (dead != 1) {
            sim_address_down(s, OLD_B);
            sim_address_down(s, "203.0.113.201");
        }
        if (dead != 0) {
            sim_address_down(s, OLD_A);
        }
        sim_run(s, 200 * SECOND);
        mobile_assert_at(s, dead == 0 ? OLD_A : "203.0.113.101",
                         dead == 1 ? OLD_B : "203.0.113.202");
        assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 0);
        assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 0);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

static void mobike_all_paths_silent_ends_in_bounded_time(void **state)
{
    struct sim *s = with_further(5, 4);

    (void)state;
    A(s)->peer.other_local_count = 4;
    A(s)->peer.liveness_ms = 30000;
    mobile_start(s);
    s->cut = true;
    const uint32_t sent = s->sent;
    sim_run(s, 250 * SECOND);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_CLOSED], 1);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SILENT_PEER);
    assert_true(s->sent - sent <= 6 + 2 * IPSECI_PATHS_MAX);
    assert_int_equal(A(s)->ike->paths.used, 0);
    sim_free(s);
}

/* RFC 4555 3.5, 3.6: the other end has to leave its address, and the first one follows. */
static void mobike_the_other_end_leaves_its_address(void **state)
{
    (void)state;
    for (uint64_t mask = 0; mask < 64; mask++) {
        struct sim *s = mobile_made();
        mobile_be_patient(s);
        mobile_start(s);
        s->loss_first = s->sent;
        s->loss_mask = mask;
        sim_address_down(s, OLD_B);
        assert_int_equal(mobile_move(B(s), NEW_B, OLD_A), IPSEC_OK);
        sim_run(s, 20 * SECOND);
        s->loss_mask = 0;
        mobile_assert_at(s, OLD_A, NEW_B);
        if (mask == 0) {
            assert_non_null(strstr(s->ladder, "SK{N(COOKIE2) N(NO_ADDITIONAL_ADDRESSES)}"));
        }
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* An IKE SA that has no place to remember paths in (mobile_max) follows its peer all the same. */
static void mobike_the_other_end_moves_and_no_place_is_left(void **state)
{
    (void)state;
    for (int routability = 0; routability < 3; routability++) {
        struct sim *s = mobile_made();
        ipsec_handle second = 0;
        A(s)->config.mobile_max = 1;
        A(s)->peer.no_initial_contact = true;
        A(s)->peer.routability = B(s)->peer.routability = (uint8_t)routability;
        A(s)->peer.several_ike_sas = B(s)->peer.several_ike_sas = true;
        mobile_start(s);
        const ipsec_handle first = mobile_sa(A(s));
        const ipsec_handle first_b = mobile_sa(B(s));
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &second), IPSEC_OK);
        sim_run(s, SECOND);
        const ipsec_handle second_b = ipsec_ike_next_sa(B(s)->ike, first_b);
        const struct ipsec_endpoint to = mobile_at(NEW_B);
        const uint32_t events = A(s)->events[IPSEC_EVENT_ADDRESS_CHANGED];
        assert_int_equal(ipsec_ike_move(B(s)->ike, second_b, &to, NULL, s->now), IPSEC_OK);
        sim_run(s, SECOND);
        assert_int_equal(A(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], events + 1);
        assert_int_equal(A(s)->ike->paths.used, 1);
        sim_assert_agree(s, 2, 2);
        assert_int_equal(ipsec_ike_delete(A(s)->ike, first, s->now), IPSEC_OK);
        sim_run(s, SECOND);
        mobile_assert_at(s, OLD_A, NEW_B);
        assert_int_equal(A(s)->ike->paths.used, 0);
        /* now there is a place: what the peer tells next is remembered */
        assert_int_equal(mobile_move(B(s), OLD_B, OLD_A), IPSEC_OK);
        sim_run(s, 60 * SECOND); /* and the first one's child has lingered at B */
        mobile_assert_at(s, OLD_A, OLD_B);
        assert_int_equal(A(s)->ike->paths.used, 1);
        assert_int_equal(A(s)->events[IPSEC_EVENT_ADDRESS_CHANGED], events + 2);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* ---- lies and replays --------------------------------------------------------------------------
 */

static void mobike_replayed_old_updates_move_nothing(void **state)
{
    struct sim *s = mobile_up();

    (void)state;
    s->keep_sent = true;
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    sim_run(s, SECOND);
    assert_int_equal(mobile_move(A(s), OLD_A, NULL), IPSEC_OK);
    sim_run(s, SECOND);
    s->keep_sent = false;
    mobile_assert_at(s, OLD_A, OLD_B);
    const uint64_t before = sim_digest(B(s));
    for (uint32_t i = 0; i < s->kept; i++) {
        if (s->kept_datagram[i].to == SIM_B) {
            (void)sim_inject(s, SIM_B, &s->kept_datagram[i]);
            struct sim_datagram spoofed = s->kept_datagram[i];
            sim_address(&spoofed.remote.addr, "192.0.2.66");
            (void)sim_inject(s, SIM_B, &spoofed);
        }
    }
    assert_int_equal(sim_digest(B(s)), before);
    sim_run(s, SECOND);
    sim_assert_agree(s, 1, 1);
    mobile_assert_at(s, OLD_A, OLD_B);
    sim_free(s);
}

/* OpenIKED baf0c8e: the address of a message that is not authentic, or is no update. */
static void natt_09_openiked_baf0c8e_mobike_follows_updates_only(void **state)
{
    struct sim *s = mobile_up();

    (void)state;
    s->held = true;
    (void)ipsec_ike_probe(A(s)->ike, mobile_sa(A(s)), s->now);
    sim_address(&mobile_in_flight(s)->remote.addr, "192.0.2.66");
    assert_true(sim_deliver(s, 0));
    assert_true(mobile_is_at(&mobile_in_flight(s)->local,
                             "192.0.2.66")); /* the answer goes there (NATT-05) */
    sim_drop(s, 0);
    assert_true(mobile_remote_is(B(s), OLD_A));
    assert_true(mobile_is_at(&sim_sink_sender(B(s), &B(s)->child[0])->sa.remote, OLD_A));
    /* an update changed on its way, by one octet */
    s->held = false;
    sim_run(s, 5 * SECOND);
    s->held = true;
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    struct sim_datagram *d = mobile_in_flight(s);
    d->octets[d->length - 1] ^= 1;
    assert_true(sim_deliver(s, 0));
    assert_true(mobile_remote_is(B(s), OLD_A));
    s->held = false;
    sim_run(s, 10 * SECOND);
    mobile_assert_at(s, NEW_A, OLD_B);
    sim_free(s);
}

/* Who takes the update along and claims another source gets the IKE SA's messages, but no traffic:
 * it can not answer the check. When the true answer comes, everything is right again. */
static void mobike_a_spoofed_source_gets_no_traffic(void **state)
{
    struct sim *s = mobile_up();

    (void)state;
    s->held = true;
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    sim_address(&mobile_in_flight(s)->remote.addr, "192.0.2.66");
    assert_true(sim_deliver(s, 0));
    assert_true(mobile_is_at(&sim_sink_sender(B(s), &B(s)->child[0])->sa.remote, OLD_A));
    for (uint32_t i = sim_in_flight(s); i > 0; i--) {
        sim_drop(s, 0); /* they went to the liar */
    }
    sim_address_down(s, "192.0.2.66");
    s->held = false;
    sim_run(s, 10 * SECOND);
    /* A's update, sent again, is a duplicate to B: its answer reveals the NAT there seems to be. */
    assert_true(mobile_is_at(&sim_sink_sender(B(s), &B(s)->child[0])->sa.remote, OLD_A));
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    sim_run(s, 60 * SECOND);
    mobile_assert_at(s, NEW_A, OLD_B);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

struct chain {
    struct ipseci_writer w;
    struct ipseci_chain chain;
    uint8_t octets[600];
};

static void chain_begin(struct chain *c)
{
    c->w = ipseci_writer_init(c->octets, sizeof(c->octets));
    ipseci_write8(&c->w, IPSECI_PAYLOAD_NONE);
    c->chain = ipseci_chain_init(&c->w, 0);
}

static enum ipsec_status say(struct sim *s, int to, struct chain *c, bool answer)
{
    static struct sim_datagram d;
    const struct sim_craft what = {.exchange = IPSECI_EXCHANGE_INFORMATIONAL,
                                   .first = c->octets[0],
                                   .answer = answer,
                                   .chain = ipseci_view(c->octets + 1, c->w.used - 1)};

    memset(&d, 0, offsetof(struct sim_datagram, octets));
    assert_true(sim_craft(&s->nodes[to], &what, &d));
    return sim_inject(s, to, &d);
}

/* With no_nat ports stay 500, where crafted messages need no marker. */
static struct sim *plain_up(void)
{
    struct sim *s = mobile_made();

    A(s)->peer.no_nat = B(s)->peer.no_nat = true;
    mobile_start(s);
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    return s;
}

static void mobike_cookie2_lengths_and_echo(void **state)
{
    static const uint8_t cookie[80] = {1, 2, 3};
    static const size_t length[] = {0, 7, 8, 64, 65};

    (void)state;
    for (size_t i = 0; i < sizeof(length) / sizeof(length[0]); i++) {
        struct sim *s = plain_up();
        struct chain c;
        s->held = true;
        chain_begin(&c);
        ipseci_notify_add(&c.chain, IPSECI_NOTIFY_COOKIE2, ipseci_view(cookie, length[i]));
        assert_int_equal(say(s, SIM_B, &c, false), IPSEC_OK);
        const bool echoed = strstr(s->ladder, "SK{N(COOKIE2)}") != NULL;
        assert_int_equal(echoed, length[i] >= 8 && length[i] <= 64);
        sim_free(s);
    }
}

/* RFC 4555 3.7: another value, or none, ends the IKE SA. */
static void mobike_wrong_cookie2_ends_the_sa(void **state)
{
    static const uint8_t wrong[8] = {0};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct sim *s = plain_up();
        struct chain c;
        s->held = true;
        assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
        sim_drop(s, 0);
        chain_begin(&c);
        if (i == 1) {
            ipseci_notify_add(&c.chain, IPSECI_NOTIFY_COOKIE2, ipseci_view(wrong, 8));
        } else if (i == 2) {
            ipseci_notify_add(&c.chain, IPSECI_NOTIFY_COOKIE2, ipseci_view(wrong, 0));
        } else if (i == 3) {
            ipseci_notify_add(&c.chain, IPSECI_NOTIFY_UNACCEPTABLE_ADDRESSES, ipseci_view(NULL, 0));
        }
        assert_int_equal(say(s, SIM_A, &c, true), IPSEC_OK);
        /* a refusal may come without */
        assert_int_equal(mobile_sa(A(s)) == 0, i != 3);
        if (i != 3) {
            assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_PROTOCOL);
        }
        sim_free(s);
    }
}

static void mobike_updates_that_are_not_the_peers_to_send(void **state)
{
    static const uint8_t octets[40] = {192, 0, 2, 66};
    struct chain c;

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct sim *s = i == 5 ? sim_up(1) : plain_up();
        B(s)->crypto.tags_pass = true;
        s->held = true;
        chain_begin(&c);
        if (i < 2 || i == 5) { /* to A: not B's to decide; without MOBIKE: not known */
            ipseci_notify_add(&c.chain, IPSECI_NOTIFY_UPDATE_SA_ADDRESSES, ipseci_view(NULL, 0));
        } else if (i == 2) {
            ipseci_notify_add(&c.chain, IPSECI_NOTIFY_ADDITIONAL_IP4_ADDRESS,
                              ipseci_view(octets, 5));
            ipseci_notify_add(&c.chain, IPSECI_NOTIFY_ADDITIONAL_IP6_ADDRESS,
                              ipseci_view(octets, 4));
            ipseci_notify_add(&c.chain, IPSECI_NOTIFY_ADDITIONAL_IP4_ADDRESS,
                              ipseci_view(octets, 0));
        } else { /* lengths of no address pair, and another pair */
            const size_t length[] = {12, 13};
            ipseci_notify_add(&c.chain, IPSECI_NOTIFY_UPDATE_SA_ADDRESSES, ipseci_view(NULL, 0));
            ipseci_notify_add(&c.chain, IPSECI_NOTIFY_NO_NATS_ALLOWED,
                              ipseci_view(octets, length[i - 3]));
        }
        const int to = i == 0 || i == 2 ? SIM_A : SIM_B;
        assert_int_equal(say(s, to, &c, false), IPSEC_OK);
        assert_int_equal(strstr(s->ladder, "UNACCEPTABLE_ADDRESSES") != NULL, i == 0);
        assert_int_equal(strstr(s->ladder, "UNEXPECTED_NAT_DETECTED") != NULL, i == 3 || i == 4);
        mobile_assert_at(s, OLD_A, OLD_B);
        assert_int_equal(s->nodes[to].events[IPSEC_EVENT_ADDRESS_CHANGED], 0);
        sim_free(s);
    }
}

/* The address in use is gone from the peer's list: its new one, that of the IP header, is taken. */
static void mobike_hostile_address_lists_are_bounded(void **state)
{
    struct sim *s = plain_up();
    struct chain c;

    (void)state;
    s->held = true;
    chain_begin(&c);
    for (uint8_t i = 0; i < 24; i++) {
        const uint8_t addr[4] = {192, 0, 2, (uint8_t)(i / 2)}; /* each twice */
        ipseci_notify_add(&c.chain, IPSECI_NOTIFY_ADDITIONAL_IP4_ADDRESS, ipseci_view(addr, 4));
    }
    assert_false(c.w.failed);
    assert_int_equal(say(s, SIM_A, &c, false), IPSEC_OK);
    const struct ipseci_path *path = ipseci_path_get(A(s)->ike, mobile_state(A(s)));
    assert_int_equal(path->count, IPSECI_ADDITIONAL_MAX);
    for (uint8_t i = 0; i < IPSECI_ADDITIONAL_MAX; i++) {
        assert_int_equal(path->peer[i].bytes[3], i);
    }
    mobile_assert_at(s, OLD_A, OLD_B); /* it came from the address in use */
    sim_free(s);
}

/* A provider or a buffer that fails when the update is to be made: it is made later. */
static void mobike_update_that_can_not_be_sent(void **state)
{
    struct sim *s = mobile_up();

    (void)state;
    A(s)->crypto.random_fails = true;
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    sim_run(s, SECOND);
    assert_string_equal(s->ladder, "");
    A(s)->crypto.random_fails = false;
    (void)ipsec_ike_probe(A(s)->ike, mobile_sa(A(s)), s->now);
    sim_run(s, SECOND);
    mobile_assert_at(s, NEW_A, OLD_B);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mobike_into_a_nat_and_out_of_it),
        cmocka_unit_test(mobike_natt_09_a_changed_mapping_is_found_by_probing),
        cmocka_unit_test(mobike_nat_prohibited),
        cmocka_unit_test(mobike_nat_prohibited_from_the_start),
        cmocka_unit_test(mobike_unacceptable_addresses),
        cmocka_unit_test(mobike_additional_addresses_are_told_and_bounded),
        cmocka_unit_test(mobike_a_silent_path_is_left_for_one_that_works),
        cmocka_unit_test(mobike_all_paths_silent_ends_in_bounded_time),
        cmocka_unit_test(mobike_the_other_end_leaves_its_address),
        cmocka_unit_test(mobike_the_other_end_moves_and_no_place_is_left),
        cmocka_unit_test(mobike_replayed_old_updates_move_nothing),
        cmocka_unit_test(natt_09_openiked_baf0c8e_mobike_follows_updates_only),
        cmocka_unit_test(mobike_a_spoofed_source_gets_no_traffic),
        cmocka_unit_test(mobike_cookie2_lengths_and_echo),
        cmocka_unit_test(mobike_wrong_cookie2_ends_the_sa),
        cmocka_unit_test(mobike_updates_that_are_not_the_peers_to_send),
        cmocka_unit_test(mobike_hostile_address_lists_are_bounded),
        cmocka_unit_test(mobike_update_that_can_not_be_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
