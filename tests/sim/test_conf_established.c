/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the conformance checklist about SAs that are up: what peers may ask for and do not get,
 * who repeats and who waits, old SAs, half a child, and texts about what peers say. RFC 7296 1.3,
 * 1.4.1, 2.1, 2.3, 2.8, 2.9.2, 2.25.2, 3.10.1.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

enum { SA = 33, IDI = 35, NOTIFY = 41, DELETE = 42 };

#define CREATE_CHILD_SA 36
#define INFORMATIONAL   37

static void rekey_child(struct sim *s, struct sim_node *n)
{
    assert_int_equal(
        ipsec_ike_rekey_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), 0, s->now), IPSEC_OK);
}

/* ---- asked for, and not given ------------------------------------------------------------------
 */

/* All messages of a set-up and a rekey carry it; both work, and no answer says the same. */
static void comes_with(struct ipsec_view body)
{
    const struct sim_edit edit = {.kind = SIM_EDIT_LAST, .type = NOTIFY, .body = body};
    struct sim *s = sim_readable(1);

    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
    sim_edit(sim_flying(s), &edit);
    assert_true(sim_deliver(s, 0));
    assert_non_null(strstr(s->ladder, "B IKE_AUTH response 1: " AUTH_R));
    sim_edit(sim_flying(s), &edit);
    assert_true(sim_deliver(s, 0));
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    sim_ladder_clear(s);
    rekey_child(s, A(s));
    sim_edit(sim_flying(s), &edit);
    assert_true(sim_deliver(s, 0));
    assert_non_null(strstr(s->ladder, "B CREATE_CHILD_SA response 2: SK{SA Nr KE TSi TSr}\n"));
    sim_edit(sim_flying(s), &edit);
    s->held = false;
    sim_run(s, 10000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    assert_false(A(s)->has_failure || B(s)->has_failure);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void auth_31_known_notifies_are_never_fatal(void **state)
{
    static const uint16_t types[] = {16385, 16386, 16392, 16394, 16395, 16396,
                                     16403, 16404, 16406, 16417, 16430, 16431};

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        comes_with(sim_notify(types[i], sim_hex("")));
        comes_with(sim_notify(types[i], sim_hex("00000e10"))); /* of AUTH_LIFETIME an hour */
    }
}

/* Only tunnels here: asked for transport mode one gets a tunnel, as RFC 7296 1.3.1 has it. */
static void child_08_transport_mode_is_not_granted(void **state)
{
    (void)state;
    comes_with(sim_notify(16391, sim_hex("")));
}

/* Whoever says it is not sent any: the data plane is told, of each SA anew. */
static void child_09_no_tfc_padding(void **state)
{
    (void)state;
    comes_with(sim_notify(16394, sim_hex("")));
    for (int says = 0; says <= 1; says++) {
        const struct sim_edit edit = {
            .kind = SIM_EDIT_LAST, .type = NOTIFY, .body = sim_notify(16394, sim_hex(""))};
        struct sim *s = sim_readable(9);

        s->held = true;
        (void)sim_connect(s);
        assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
        if (says != 0) {
            sim_edit(sim_flying(s), &edit); /* what A asks with */
        }
        assert_true(sim_deliver(s, 0));
        s->held = false;
        sim_run(s, 10000);
        assert_int_equal(sim_sink_sender(B(s), &B(s)->child[0])->sa.no_tfc, says);
        assert_false(sim_sink_sender(A(s), &A(s)->child[0])->sa.no_tfc);
        rekey_child(s, B(s));
        sim_run(s, 10000);
        assert_false(sim_sink_sender(B(s), &B(s)->child[0])->sa.no_tfc);
        sim_free(s);
    }
}

/* We never say it, so it holds for neither direction. */
static void child_10_non_first_fragments_is_not_confirmed(void **state)
{
    (void)state;
    comes_with(sim_notify(16395, sim_hex("")));
}

static void child_15_ipcomp_is_not_taken(void **state)
{
    (void)state;
    comes_with(sim_notify(16387, sim_hex("1234 02")));
    comes_with(sim_notify(16387, sim_hex("")));
}

/* ---- who repeats, who waits --------------------------------------------------------------------
 */

static uint32_t sent_by_b(const struct sim *s)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < s->kept; i++) {
        count += s->kept_datagram[i].to == SIM_A ? 1 : 0;
    }
    return count;
}

/* An answer that is lost is for the requester to ask for again: the responder stays silent. */
static void msgid_04_cve_2016_5361_responder_never_repeats(void **state)
{
    (void)state;
    for (uint32_t answers = 1; answers <= 3; answers++) { /* IKE_SA_INIT, IKE_AUTH, a probe */
        struct sim *s = sim_new(2);
        A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
        s->keep_sent = true;
        sim_start(s);
        s->held = true;
        (void)sim_connect(s);
        for (uint32_t i = 0; i < 2 * answers - 1; i++) {
            if (i == 4) {
                assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
            }
            assert_true(sim_deliver(s, 0));
        }
        assert_int_equal(sent_by_b(s), answers);
        sim_drop(s, 0);
        (void)ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now);
        sim_run(s, 200000);
        assert_int_equal(sent_by_b(s), answers);
        sim_free(s);
    }
}

/* One request of ours at a time, however much there is to do. */
static void msgid_07_one_request_at_a_time(void **state)
{
    struct sim *s = sim_new(3);

    (void)state;
    A(s)->peer.child_count = B(s)->peer.child_count = 3;
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0) && sim_deliver(s, 0) && sim_deliver(s, 0));
    rekey_child(s, A(s)); /* and two more children are still to be made */
    (void)ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now);
    uint32_t messages = 0;
    while (sim_in_flight(s) > 0 && messages < 100) {
        assert_int_equal(sim_in_flight(s), 1);
        assert_true(sim_deliver(s, 0));
        messages++;
    }
    assert_true(messages >= 8); /* two children, a rekey with its delete */
    s->held = false;
    sim_run(s, 10000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
    sim_assert_agree(s, 1, 3);
    sim_free(s);
}

/* ---- rekeys ------------------------------------------------------------------------------------
 */

static bool same_selectors(const struct ipsec_child_sa *a, const struct ipsec_child_sa *b)
{
    return a->local_ts.count == b->local_ts.count && a->remote_ts.count == b->remote_ts.count &&
           memcmp(a->local_ts.item, b->local_ts.item,
                  a->local_ts.count * sizeof(a->local_ts.item[0])) == 0 &&
           memcmp(a->remote_ts.item, b->remote_ts.item,
                  a->remote_ts.count * sizeof(a->remote_ts.item[0])) == 0;
}

/* RFC 7296 2.9.2: a child that was narrowed is as wide after a rekey of either end as before. */
static void rekey_03_selectors_do_not_shrink(void **state)
{
    struct sim *s = sim_new(4);

    (void)state;
    sim_child_ts(&A(s)->child[0], "192.168.0.0/16", "10.0.0.0/8");
    sim_child_ts(&B(s)->child[0], "10.2.0.0/15", "192.168.1.0/24");
    sim_start(s);
    (void)sim_connect(s);
    const struct ipsec_child_sa first = sim_sink_sender(A(s), A(s)->child)->sa;
    assert_int_equal(first.local_ts.item[0].first[2], 1);
    for (int by = 0; by < 6; by++) {
        rekey_child(s, &s->nodes[by % 2]);
        sim_run(s, 70000);
        assert_true(same_selectors(&first, &sim_sink_sender(A(s), A(s)->child)->sa));
    }
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 6);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* The same child rekeyed again and again, and the IKE SA between: no slot, key or SPI is lost. */
static void rekey_08_vpp_37665ea1c11_many_rekeys_leak_nothing(void **state)
{
    struct sim *s = sim_readable_up(5);

    (void)state;
    for (int i = 0; i < 300; i++) {
        rekey_child(s, &s->nodes[i % 2]);
        sim_run(s, 200);
        if (i % 3 == 0) {
            (void)ipsec_ike_rekey(s->nodes[i / 3 % 2].ike,
                                  sim_sa(&s->nodes[i / 3 % 2], IPSEC_IKE_ESTABLISHED), s->now);
        }
        sim_run(s, 10000);
    }
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 300);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 100);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

struct request {
    uint8_t first;
    uint8_t octets[1500];
    size_t length;
};

/* What is inside the request that `begin` sends; a simulation of the same seed has the same SPIs.
 */
static struct request request_of(uint64_t seed, void (*begin)(struct sim *s))
{
    struct request r = {0};
    struct sim *s = sim_readable_up(seed);

    s->held = true;
    begin(s);
    const struct ipsec_view in = sim_edit_inside(sim_flying(s), &r.first);
    assert_true(in.length > 0 && in.length < sizeof(r.octets));
    memcpy(r.octets, in.data, in.length);
    r.length = in.length;
    sim_free(s);
    return r;
}

static void begin_child_rekey(struct sim *s)
{
    rekey_child(s, A(s));
}

static void begin_child(struct sim *s)
{
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sim_sa(A(s), 0), A(s)->child, s->now),
                     IPSEC_OK);
}

static void begin_ike_rekey(struct sim *s)
{
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
}

static void ask_old(struct sim *s, const struct request *r, const char *answer)
{
    static struct sim_datagram d;
    const struct sim_craft what = {
        .exchange = CREATE_CHILD_SA, .first = r->first, .chain = {r->octets, r->length}};

    sim_ladder_clear(s);
    assert_true(sim_craft(B(s), &what, &d)); /* the first in the table is the old one */
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
    if (strstr(s->ladder, answer) == NULL) {
        print_error("not said: %s\n%s", answer, s->ladder);
        fail();
    }
}

/* RFC 7296 2.25.2: an IKE SA that has been rekeyed takes its delete, and no other request. A child
 * moved to the new one is not lost on the peer, so CHILD_SA_NOT_FOUND would be a lie. */
static void rekey_09_requests_on_the_old_ike_sa(void **state)
{
    const struct request child_rekey = request_of(6, begin_child_rekey);
    const struct request child = request_of(6, begin_child);
    const struct request ike_rekey = request_of(6, begin_ike_rekey);
    struct sim *s = sim_readable_up(6);

    (void)state;
    s->held = true;
    begin_ike_rekey(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
    sim_drop(s, 0); /* the delete */
    ask_old(s, &child, "SK{N(TEMPORARY_FAILURE)}");
    ask_old(s, &ike_rekey, "SK{N(TEMPORARY_FAILURE)}");
    ask_old(s, &child_rekey, "SK{N(TEMPORARY_FAILURE)}");
    assert_int_equal(sim_sink_count(B(s)), 1);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_REKEYED], 1);
    sim_free(s);
}

/* ---- half a child ------------------------------------------------------------------------------
 */

/* INFO-09: the peer answers our delete without deleting its direction. Ours is not used to send
 * from the moment we asked, and the pair goes. */
static void info_09_half_closed_child(void **state)
{
    const struct sim_edit edit = {.kind = SIM_EDIT_LEAVE_OUT, .type = DELETE};
    struct sim *s = sim_readable_up(7);

    (void)state;
    s->held = true;
    assert_int_equal(ipsec_ike_delete_child(A(s)->ike, sim_child_in(A(s), 0), s->now), IPSEC_OK);
    assert_null(sim_sink_sender(A(s), A(s)->child));
    assert_true(sim_deliver(s, 0));
    sim_edit(sim_flying(s), &edit);
    assert_true(sim_deliver(s, 0));
    assert_int_equal(sim_sink_count(A(s)), 0);
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 0);
    sim_free(s);
}

/* ---- texts -------------------------------------------------------------------------------------
 */

/* CVE-2023-28771, CVE-2013-2053: what a peer says ends up in logs. It is shown there as data: no
 * control octets, no line that it has made itself. */
static void auth_14_cve_2023_28771_identities_in_texts(void **state)
{
    static const char evil[] = "\x02\0\0\0x`reboot`;$(id)\nRefused by: nobody\r\x1b[2J\x7f\xff%s%n";
    const struct ipsec_view body = {(const uint8_t *)evil, sizeof(evil) - 1};
    const struct sim_edit edit = {.kind = SIM_EDIT_REPLACE, .type = IDI, .body = body};
    struct sim *s = sim_readable(8);

    (void)state;
    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
    sim_edit(sim_flying(s), &edit);
    assert_true(sim_deliver(s, 0));
    assert_true(B(s)->has_failure);
    assert_non_null(strstr(B(s)->failure_text, "reboot"));
    assert_null(strstr(B(s)->failure_text, "\nRefused by: nobody"));
    for (const char *p = B(s)->failure_text; *p != '\0'; p++) {
        assert_true(*p == '\n' || (*p >= ' ' && *p < 0x7f));
    }
    sim_free(s);
}

/* CVE-2023-33009, CVE-2023-33010: notifies of every length, also inside SK. */
static void auth_14_cve_2023_33009_notifies_of_every_length(void **state)
{
    static uint8_t octets[1200];
    struct sim *s = sim_readable_up(9);

    (void)state;
    memset(octets, 'n', sizeof(octets));
    octets[0] = octets[1] = 0; /* no protocol, no SPI */
    for (size_t length = 4; length < sizeof(octets); length += length < 300 ? 1 : 61) {
        struct sim_edit edit = {.kind = SIM_EDIT_LAST, .type = NOTIFY, .body = {octets, length}};
        assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
        sim_edit(sim_flying(s), &edit);
        sim_run(s, 50);
    }
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_31_known_notifies_are_never_fatal),
        cmocka_unit_test(child_08_transport_mode_is_not_granted),
        cmocka_unit_test(child_09_no_tfc_padding),
        cmocka_unit_test(child_10_non_first_fragments_is_not_confirmed),
        cmocka_unit_test(child_15_ipcomp_is_not_taken),
        cmocka_unit_test(msgid_04_cve_2016_5361_responder_never_repeats),
        cmocka_unit_test(msgid_07_one_request_at_a_time),
        cmocka_unit_test(rekey_03_selectors_do_not_shrink),
        cmocka_unit_test(rekey_08_vpp_37665ea1c11_many_rekeys_leak_nothing),
        cmocka_unit_test(rekey_09_requests_on_the_old_ike_sa),
        cmocka_unit_test(info_09_half_closed_child),
        cmocka_unit_test(auth_14_cve_2023_28771_identities_in_texts),
        cmocka_unit_test(auth_14_cve_2023_33009_notifies_of_every_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
