/* SPDX-License-Identifier: Apache-2.0
 *
 * Inner addresses: asked for, given, refused, kept and given back. RFC 7296 2.19, 3.15.
 */
#include "sim_test.h"

#include "cp_payload.h"
#include "payload.h"
#include "sim_edit.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define ASK   "A IKE_AUTH request 1: SK{IDi N(INITIAL_CONTACT) IDr AUTH CP SA TSi TSr}\n"
#define INITS "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R

/* A asks for an IPv4 address, B has 10.77.0.5 and more. */
static struct sim *roaming(uint64_t seed)
{
    struct sim *s = sim_new(seed);
    struct ipsec_config_set *lease = &B(s)->lease;

    A(s)->peer.request_config = IPSEC_CONFIG_IPV4 | IPSEC_CONFIG_DNS | IPSEC_CONFIG_SUBNETS;
    A(s)->child[0].local_dynamic = true;
    A(s)->child[0].local_ts.count = 0;
    B(s)->child[0].remote_dynamic = true;
    B(s)->child[0].remote_ts.count = 0;
    B(s)->leases = true;
    sim_node_callbacks(B(s));
    sim_address(&lease->ipv4, "10.77.0.5");
    lease->ipv4_bits = 24;
    sim_address(&lease->dns[0], "192.168.2.53");
    lease->dns_count = 1;
    sim_address(&lease->subnet[0].addr, "192.168.2.0");
    lease->subnet[0].bits = 24;
    lease->subnet_count = 1;
    return s;
}

static bool is_address(const struct ipsec_selectors *ts, const char *text)
{
    struct ipsec_selector s;

    assert_int_equal(ipsec_selector_parse(text, &s), IPSEC_OK);
    return ts->count == 1 && memcmp(&ts->item[0], &s, sizeof(s)) == 0;
}

static void assert_assigned(struct sim *s, const char *address)
{
    const struct sim_child *a = sim_sink_sender(A(s), &A(s)->child[0]);
    const struct sim_child *b = sim_sink_sender(B(s), &B(s)->child[0]);

    assert_non_null(a);
    assert_non_null(b);
    assert_true(is_address(&a->sa.local_ts, address));
    assert_true(is_address(&b->sa.remote_ts, address));
}

static void auth_32_an_address_and_what_goes_with_it(void **state)
{
    struct sim *s = roaming(1);
    struct ipsec_addr dns;

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, INITS ASK "B IKE_AUTH response 1: SK{IDr AUTH CP SA TSi TSr}\n");
    sim_assert_agree(s, 1, 1);
    assert_assigned(s, "10.77.0.5");
    assert_int_equal(A(s)->events[IPSEC_EVENT_CONFIG], 1);
    assert_int_equal(A(s)->assigned.ipv4_bits, 24);
    assert_int_equal(A(s)->assigned.dns_count, 1);
    sim_address(&dns, "192.168.2.53");
    assert_true(ipsec_addr_equal(&A(s)->assigned.dns[0], &dns));
    assert_int_equal(A(s)->assigned.subnet_count, 1);
    assert_int_equal(A(s)->assigned.subnet[0].bits, 24);
    assert_int_equal(B(s)->last_lease.wanted, A(s)->peer.request_config);
    assert_int_equal(B(s)->leased, 1);
    sim_free(s);
}

static void auth_32_ipv6_and_both_families(void **state)
{
    (void)state;
    for (int both = 0; both < 2; both++) {
        struct sim *s = roaming(2);
        A(s)->peer.request_config = IPSEC_CONFIG_IPV6 | (both ? IPSEC_CONFIG_IPV4 : 0);
        sim_child_ts(&A(s)->child[0], "fd00:2::/64", "fd00:2::/64");
        A(s)->child[0].local_ts.count = 0;
        sim_child_ts(&B(s)->child[0], "fd00:2::/64", "fd00:2::/64");
        B(s)->child[0].remote_ts.count = 0;
        if (both == 0) {
            B(s)->lease.ipv4.family = IPSEC_FAMILY_NONE;
        }
        sim_address(&B(s)->lease.ipv6, "fd00:77::5");
        B(s)->lease.ipv6_bits = 64;
        sim_start(s);
        (void)sim_connect(s);
        sim_assert_agree(s, 1, 1);
        assert_assigned(s, "fd00:77::5"); /* the families of the two sides have to pair */
        assert_int_equal(A(s)->assigned.ipv6_bits, 64);
        assert_int_equal(A(s)->assigned.ipv4.family, both ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_NONE);
        sim_free(s);
    }
}

/* An answer takes its time, or never comes. */
static void auth_32_a_pending_lease(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct sim *s = roaming(3);
        B(s)->pend_lease = true;
        sim_start(s);
        (void)sim_connect(s);
        assert_int_equal(B(s)->question_count, 1);
        sim_run(s, late ? 200000 : 3000);
        sim_answer(B(s), IPSEC_OK);
        sim_run(s, 5000);
        if (late) {
            assert_null(sim_disagreement(s, 0, 0));
        } else {
            sim_assert_agree(s, 1, 1);
            assert_assigned(s, "10.77.0.5");
        }
        sim_free(s);
    }
}

/* Nothing to give: the IKE SA is there, its child is not, and both know why. */
static void auth_32_internal_address_failure(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct sim *s = roaming(4);
        if (i == 0) {
            B(s)->lease_status = IPSEC_ERR_FULL;
        } else if (i == 1) {
            B(s)->lease.ipv4.family = IPSEC_FAMILY_NONE; /* DNS only */
        } else {
            B(s)->lease.dns_count = 99; /* the caller's mistake */
        }
        sim_start(s);
        (void)sim_connect(s);
        assert_non_null(strstr(s->ladder, "N(INTERNAL_ADDRESS_FAILURE)"));
        sim_assert_agree(s, 1, 0);
        assert_int_equal(A(s)->failure.notify, 36);
        assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_CHILD_CREATE);
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
        sim_free(s);
    }
}

/* An IKE SA that came without an address stays without: what needs one does not come again. */
static void no_restart_without_an_address(void **state)
{
    struct sim *s = roaming(4);
    struct ipsec_ike_counters counters;

    (void)state;
    B(s)->lease_status = IPSEC_ERR_FULL;
    A(s)->child[0].restart = B(s)->child[0].restart = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 300000);
    for (int i = 0; i < 2; i++) {
        ipsec_ike_counters(s->nodes[i].ike, &counters);
        assert_int_equal(counters.children, 0);
        assert_int_equal(s->nodes[i].events[IPSEC_EVENT_FAILURE], 1);
        assert_int_equal(s->nodes[i].events[IPSEC_EVENT_RETRY], 0);
    }
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

/* A child whose other side has to be leased is not for those who do not ask. */
static void auth_32_failed_cp_required(void **state)
{
    struct sim *s = roaming(5);

    (void)state;
    A(s)->peer.request_config = 0;
    A(s)->child[0].local_dynamic = false;
    sim_child_ts(&A(s)->child[0], "192.168.1.0/24", "192.168.2.0/24");
    sim_start(s);
    (void)sim_connect(s);
    assert_non_null(strstr(s->ladder, "B IKE_AUTH response 1: SK{IDr AUTH N(FAILED_CP_REQUIRED)}"));
    sim_assert_agree(s, 1, 0);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_POLICY);
    assert_int_equal(B(s)->leased, 0);
    sim_free(s);
}

/* A responder that knows nothing of it: a child that does not need the address is there. */
static void auth_32_a_request_that_is_passed_over(void **state)
{
    (void)state;
    for (int needed = 0; needed < 2; needed++) {
        struct sim *s = roaming(6);
        B(s)->leases = false;
        sim_node_callbacks(B(s));
        B(s)->child[0].remote_dynamic = false;
        sim_child_ts(&B(s)->child[0], "192.168.2.0/24", "192.168.1.0/24");
        if (!needed) {
            A(s)->child[0].local_dynamic = false;
            sim_child_ts(&A(s)->child[0], "192.168.1.0/24", "192.168.2.0/24");
        }
        sim_start(s);
        (void)sim_connect(s);
        assert_int_equal(A(s)->events[IPSEC_EVENT_CONFIG], 0);
        sim_run(s, 5000);
        sim_assert_agree(s, 1, needed ? 0 : 1);
        assert_int_equal(A(s)->has_failure, needed);
        sim_free(s);
    }
}

/* Rekeys of the child and of the IKE SA, from either end, keep the address; the end gives it back.
 */
static void rekey_08_the_address_stays_for_all_generations(void **state)
{
    struct sim *s = roaming(7);

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    for (int i = 0; i < 4; i++) {
        struct sim_node *n = &s->nodes[i % 2];
        (void)ipsec_ike_rekey(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now);
        sim_run(s, 5000);
        (void)ipsec_ike_rekey_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), 0, s->now);
        sim_run(s, 5000);
        sim_assert_agree(s, 1, 1);
        assert_assigned(s, "10.77.0.5");
        assert_int_equal(B(s)->released, 0);
    }
    (void)ipsec_ike_delete(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now);
    sim_run(s, 5000);
    assert_int_equal(B(s)->leased, 1);
    assert_int_equal(B(s)->released, 1);
    sim_free(s);
}

/* Both ends rekey the IKE SA at once: whichever wins has the address. */
static void coll_04_the_address_survives_a_collision(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 9; seed++) {
        struct sim *s = roaming(seed);
        sim_start(s);
        (void)sim_connect(s);
        for (int i = 0; i < 2; i++) {
            struct sim_node *n = &s->nodes[i];
            (void)ipsec_ike_rekey(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now);
        }
        sim_run(s, 5000);
        assert_int_equal(B(s)->released, 0);
        (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0,
                                    s->now);
        sim_run(s, 5000);
        sim_assert_agree(s, 1, 1);
        assert_assigned(s, "10.77.0.5");
        sim_free(s);
    }
}

/* A child of that kind is asked for later, by the caller and by a packet; without an address it can
 * not be. */
static void dynamic_children_by_command(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct sim *s = roaming(15);
        struct ipsec_packet_selectors p;
        B(s)->lease_status = i < 2 ? IPSEC_OK : IPSEC_ERR_FULL;
        A(s)->child[0].start = IPSEC_START_ON_DEMAND;
        sim_start(s);
        const ipsec_handle sa = sim_connect(s);
        sim_assert_agree(s, 1, 0);
        assert_int_equal(ipsec_selector_parse("10.77.0.5", &p.local), IPSEC_OK);
        assert_int_equal(ipsec_selector_parse("192.168.2.9", &p.remote), IPSEC_OK);
        assert_int_equal(
            i == 0 ? ipsec_ike_acquire(A(s)->ike, &A(s)->peer, &A(s)->child[0], &p, s->now)
                   : ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[0], s->now),
            i < 2 ? IPSEC_OK : IPSEC_ERR_STATE);
        sim_run(s, 1000);
        sim_assert_agree(s, 1, i < 2 ? 1 : 0);
        if (i < 2) {
            assert_assigned(s, "10.77.0.5");
        }
        ipsec_handle none;
        A(s)->peer.request_config = IPSEC_CONFIG_DNS;
        assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &none),
                         IPSEC_ERR_ARGUMENT);
        sim_free(s);
    }
}

/* Those that are to stand and can not, for want of an address, are given up and told of. */
static void a_standing_child_without_an_address(void **state)
{
    struct sim *s = roaming(16);

    (void)state;
    A(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
    B(s)->lease_status = IPSEC_ERR_FULL;
    sim_start(s);
    (void)sim_connect(s);
    sim_run(s, 100000);
    sim_assert_agree(s, 1, 0);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_CHILD_CREATE);
    assert_ptr_equal(A(s)->failure.child, &A(s)->child[0]);
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1); /* at once, and once */
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_POLICY);
    assert_int_equal(A(s)->failure.refused_by, IPSEC_REFUSED_LOCAL);
    assert_non_null(strstr(A(s)->failure_text, "the peer has assigned none that fits"));
    sim_free(s);
}

/* Children of CREATE_CHILD_SA know the address too. */
static void childless_first_and_the_address_later(void **state)
{
    struct sim *s = roaming(8);

    (void)state;
    A(s)->peer.childless = IPSEC_CHILDLESS_ALWAYS;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    assert_assigned(s, "10.77.0.5");
    sim_free(s);
}

static void auth_32_with_eap_the_last_answer_gives(void **state)
{
    struct sim *s = roaming(9);

    (void)state;
    sim_eap(s, 2, true);
    sim_start(s);
    (void)sim_connect(s);
    assert_non_null(strstr(s->ladder, "B IKE_AUTH response 4: SK{AUTH CP SA TSi TSr}"));
    sim_assert_agree(s, 1, 1);
    assert_assigned(s, "10.77.0.5");
    sim_free(s);
}

/* Nobody is given anything before it has proven who it is (AUTH-34). */
static void auth_34_no_lease_for_a_stranger(void **state)
{
    struct sim *s = roaming(10);

    (void)state;
    A(s)->secret = "another secret, which is wrong";
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(B(s)->leased, 0);
    assert_int_equal(sim_sa(B(s), 0), 0);
    sim_free(s);
}

/* A sink that has no room: the child is refused, the lease goes with the IKE SA. */
static void child_07_the_lease_of_a_child_that_has_no_room(void **state)
{
    struct sim *s = roaming(11);

    (void)state;
    A(s)->peer.no_initial_contact = true;
    B(s)->children_max = 1;
    sim_start(s);
    (void)sim_connect(s);
    const ipsec_handle second = sim_connect(s);
    assert_int_equal(B(s)->leased, 2);
    assert_int_equal(sim_sink_count(A(s)), 1);
    (void)ipsec_ike_delete(A(s)->ike, second, s->now);
    sim_run(s, 1000);
    assert_int_equal(B(s)->released, 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void every_loss_is_made_good(void **state)
{
    (void)state;
    for (uint64_t mask = 0; mask < 4096; mask++) {
        struct sim *s = roaming(12);
        A(s)->config.retransmit_max = 20;
        A(s)->config.retransmit_first_ms = 500;
        A(s)->config.retransmit_factor_percent = 100;
        A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
        s->loss_mask = mask;
        sim_start(s);
        (void)sim_connect(s);
        sim_run(s, 20000);
        s->loss_mask = 0;
        sim_assert_agree(s, 1, 1);
        assert_assigned(s, "10.77.0.5");
        assert_int_equal(B(s)->leased - B(s)->released, 1);
        sim_free(s);
    }
}

/* ---- answers that are not what they should be --------------------------------------------------
 */

/* Builds a CP body. */
struct cp_text {
    uint8_t octets[256];
    struct ipseci_writer w;
};

static void cp_begin(struct cp_text *t, uint8_t type)
{
    t->w = ipseci_writer_init(t->octets, sizeof(t->octets));
    ipseci_cp_build(&t->w, type);
}

static void cp_add(struct cp_text *t, uint16_t type, const char *hex)
{
    ipseci_cp_build_attribute(&t->w, type, sim_hex(hex));
}

/* B's IKE_AUTH answer with another CP in it. */
static struct sim *answered(const struct cp_text *t)
{
    struct sim *s = roaming(13);
    ipsec_handle sa;

    sim_start(s);
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int i = 0; i < 3; i++) {
        assert_true(sim_deliver(s, 0));
    }
    const struct sim_edit edit = {
        .kind = SIM_EDIT_REPLACE, .type = IPSECI_PAYLOAD_CP, .body = ipseci_written(&t->w)};
    sim_edit(sim_flying(s), &edit);
    assert_true(sim_deliver(s, 0));
    s->held = false;
    sim_run(s, 100);
    return s;
}

/* AUTH-33: unknown attributes and impossible lengths are passed over, what can not be an address is
 * none, and there is room for so many of each. */
static void auth_33_attributes_that_are_passed_over(void **state)
{
    struct cp_text t;

    (void)state;
    cp_begin(&t, IPSECI_CP_REPLY);
    cp_add(&t, 16384, "0102030405");
    cp_add(&t, IPSECI_CP_INTERNAL_IP4_ADDRESS, "0a4d");
    cp_add(&t, IPSECI_CP_INTERNAL_IP4_ADDRESS, "");
    cp_add(&t, IPSECI_CP_INTERNAL_IP4_ADDRESS, "e0000001");
    cp_add(&t, IPSECI_CP_INTERNAL_IP4_ADDRESS, "00000000");
    cp_add(&t, IPSECI_CP_INTERNAL_IP4_ADDRESS, "0a4d0005");
    cp_add(&t, IPSECI_CP_INTERNAL_IP4_ADDRESS, "0a4d0006");
    cp_add(&t, IPSECI_CP_INTERNAL_IP4_NETMASK, "ff00ff00");
    cp_add(&t, IPSECI_CP_INTERNAL_IP4_SUBNET, "0a000000ff00ff00");
    cp_add(&t, IPSECI_CP_INTERNAL_IP4_SUBNET, "0a00000000000000");
    cp_add(&t, IPSECI_CP_INTERNAL_IP6_SUBNET, "fd000000000000000000000000000000ff");
    for (int i = 0; i < 6; i++) {
        cp_add(&t, IPSECI_CP_INTERNAL_IP4_DNS, "0a000001");
    }
    struct sim *s = answered(&t);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CONFIG], 1);
    assert_int_equal(A(s)->assigned.ipv4.bytes[3], 5);
    assert_int_equal(A(s)->assigned.ipv4_bits, 0);
    assert_int_equal(A(s)->assigned.dns_count, IPSEC_CONFIG_DNS_MAX);
    assert_int_equal(A(s)->assigned.subnet_count, 1);
    assert_int_equal(sim_sink_count(A(s)), 1);
    sim_free(s);
}

/* AUTH-33: a CP that is cut, or of another type, is none; then there is no address, and no child.
 */
static void auth_33_answers_that_are_none(void **state)
{
    struct cp_text t;

    (void)state;
    for (int i = 0; i < 3; i++) {
        cp_begin(&t, i == 0 ? IPSECI_CP_SET : IPSECI_CP_REPLY);
        cp_add(&t, IPSECI_CP_INTERNAL_IP4_ADDRESS, "0a4d0005");
        t.w.used -= i == 1 ? 1 : 0;
        if (i == 2) {
            cp_begin(&t, IPSECI_CP_REPLY);
            cp_add(&t, IPSECI_CP_INTERNAL_IP4_ADDRESS, "0a4d0007"); /* not what TSi says */
        }
        struct sim *s = answered(&t);
        assert_int_equal(A(s)->events[IPSEC_EVENT_CONFIG], i == 2);
        assert_int_equal(sim_sink_count(A(s)), 0);
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_SELECTORS);
        assert_int_not_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
        sim_free(s);
    }
}

/* RFC 7296 2.20, 3.15: a CP where none is expected is answered with nothing (AUTH-33): CFG_SET and
 * CFG_REQUEST in INFORMATIONAL, CFG_SET in IKE_AUTH. */
static void auth_33_politely_ignored(void **state)
{
    struct cp_text t;

    (void)state;
    for (uint8_t type = IPSECI_CP_REQUEST; type <= IPSECI_CP_ACK; type++) {
        struct sim *s = roaming(14);
        sim_start(s);
        (void)sim_connect(s);
        A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
        sim_ladder_clear(s);
        s->held = true;
        assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
        cp_begin(&t, type);
        cp_add(&t, IPSECI_CP_APPLICATION_VERSION, "");
        cp_add(&t, IPSECI_CP_INTERNAL_IP4_ADDRESS, "0a4d0009");
        const struct sim_edit edit = {
            .kind = SIM_EDIT_FIRST, .type = IPSECI_PAYLOAD_CP, .body = ipseci_written(&t.w)};
        sim_edit(sim_flying(s), &edit);
        s->held = false;
        sim_run(s, 1000);
        sim_assert_ladder(s, "A INFORMATIONAL request 2: SK{}\n"
                             "B INFORMATIONAL response 2: SK{}\n");
        A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = false;
        sim_assert_agree(s, 1, 1);
        assert_assigned(s, "10.77.0.5");
        assert_int_equal(B(s)->leased, 1);
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_32_an_address_and_what_goes_with_it),
        cmocka_unit_test(auth_32_ipv6_and_both_families),
        cmocka_unit_test(auth_32_a_pending_lease),
        cmocka_unit_test(auth_32_internal_address_failure),
        cmocka_unit_test(no_restart_without_an_address),
        cmocka_unit_test(auth_32_failed_cp_required),
        cmocka_unit_test(auth_32_a_request_that_is_passed_over),
        cmocka_unit_test(rekey_08_the_address_stays_for_all_generations),
        cmocka_unit_test(coll_04_the_address_survives_a_collision),
        cmocka_unit_test(dynamic_children_by_command),
        cmocka_unit_test(a_standing_child_without_an_address),
        cmocka_unit_test(childless_first_and_the_address_later),
        cmocka_unit_test(auth_32_with_eap_the_last_answer_gives),
        cmocka_unit_test(auth_34_no_lease_for_a_stranger),
        cmocka_unit_test(child_07_the_lease_of_a_child_that_has_no_room),
        cmocka_unit_test(every_loss_is_made_good),
        cmocka_unit_test(auth_33_attributes_that_are_passed_over),
        cmocka_unit_test(auth_33_answers_that_are_none),
        cmocka_unit_test(auth_33_politely_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
