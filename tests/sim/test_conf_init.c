/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the conformance checklist about IKE_SA_INIT: SPIs, payloads one does not know, cookies,
 * addresses, and what failed attempts leave behind. RFC 7296 1.2, 2.1, 2.6, 2.11, 2.23, 3.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

enum { SA = 33, KE = 34, NOTIFY = 41, VENDOR = 43 };

static struct sim *flying_request(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    sim_ladder_clear(s);
    return s;
}

static struct sim *flying_response(uint64_t seed)
{
    struct sim *s = flying_request(seed);

    assert_true(sim_deliver(s, 0));
    sim_ladder_clear(s);
    return s;
}

static struct ipsec_ike_counters counters_of(const struct sim_node *n)
{
    struct ipsec_ike_counters counters;

    ipsec_ike_counters(n->ike, &counters);
    return counters;
}

/* ---- SPIs --------------------------------------------------------------------------------------
 */

static void init_03_no_spi_of_the_initiator(void **state)
{
    struct sim *s = flying_request(1);

    (void)state;
    for (int message = 0; message < 4; message++) { /* the four of a set-up */
        struct sim_datagram d = *sim_flying(s);
        memset(d.octets, 0, 8);
        sim_assert_dropped(s, &d, IPSEC_DROP_SPI);
        assert_true(sim_deliver(s, 0));
    }
    sim_goes_on(s);
}

/* INIT-30: another answer to the same request, from another SA: the first good one counts. */
static void init_30_second_response_with_another_spi(void **state)
{
    struct sim *s = flying_response(2);
    struct sim_datagram other = *sim_flying(s);

    (void)state;
    other.octets[8] ^= 0x55;
    assert_true(sim_deliver(s, 0));
    sim_assert_dropped(s, &other, IPSEC_DROP_EXCHANGE);
    sim_goes_on(s);
}

/* The other way round: what the false one leads to is no SA, on neither end, and is reported. */
static void init_30_false_response_first(void **state)
{
    struct sim *s = flying_response(3);
    struct sim_datagram other = *sim_flying(s);

    (void)state;
    other.octets[8] ^= 0x55;
    assert_int_equal(sim_inject(s, SIM_A, &other), IPSEC_OK);
    s->held = false;
    sim_run(s, 300000);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    assert_int_equal(A(s)->events[IPSEC_EVENT_FAILURE], 1);
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* ---- payloads one does not know ----------------------------------------------------------------
 */

static void with_one_more(uint8_t type, struct ipsec_view body)
{
    const enum sim_edit_kind places[] = {SIM_EDIT_FIRST, SIM_EDIT_LAST};

    for (int answer = 0; answer < 2; answer++) {
        for (size_t i = 0; i < 2; i++) {
            const struct sim_edit edit = {.kind = places[i], .type = type, .body = body};
            struct sim *s = answer != 0 ? flying_response(4) : flying_request(4);
            struct sim_datagram d = *sim_flying(s);
            sim_edit(&d, &edit);
            /* AUTH covers the message as it was sent, so this is not the one to go on with. */
            assert_int_equal(sim_inject(s, d.to, &d), IPSEC_OK);
            assert_non_null(strstr(s->ladder, answer != 0 ? "A IKE_AUTH request 1: SK{IDi"
                                                          : "B IKE_SA_INIT response "
                                                            "0: SA KE Nr"));
            sim_free(s);
        }
    }
}

static void init_31_vendor_ids_of_others(void **state)
{
    static const uint8_t octets[600] = {0x4f, 0x45};

    (void)state;
    for (size_t length = 0; length <= sizeof(octets); length += length < 40 ? 1 : 140) {
        const struct ipsec_view body = {octets, length};
        with_one_more(VENDOR, body);
    }
}

static void init_32_status_notifies_of_others(void **state)
{
    (void)state;
    with_one_more(NOTIFY, sim_notify(16384 + 4000, sim_hex("")));
    with_one_more(NOTIFY, sim_notify(40960, sim_hex("00 01 02 03 04")));
    with_one_more(NOTIFY, sim_notify(65535, sim_hex("ff")));
    with_one_more(NOTIFY, sim_hex("03 04 ffff deadbeef 0102")); /* with an SPI, of ESP */
}

/* INIT-33: in a request an error that one does not know means nothing. */
static void init_33_unknown_error_in_a_request(void **state)
{
    const struct sim_edit edit = {
        .kind = SIM_EDIT_LAST, .type = NOTIFY, .body = sim_notify(8000, sim_hex(""))};
    struct sim *s = flying_request(5);
    struct sim_datagram d = *sim_flying(s);

    (void)state;
    sim_edit(&d, &edit);
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
    assert_non_null(strstr(s->ladder, "B IKE_SA_INIT response 0: SA KE Nr"));
    sim_free(s);
}

/* In an answer it means that the request has failed, whatever else is in there; in this one nothing
 * is proven, so it is a hint and the wait goes on (INIT-29). */
static void init_33_unknown_error_in_a_response(void **state)
{
    struct sim_edit edit = {
        .kind = SIM_EDIT_LAST, .type = NOTIFY, .body = sim_notify(8000, sim_hex(""))};

    (void)state;
    for (int alone = 0; alone < 2; alone++) {
        struct sim *s = flying_response(6);
        struct sim_datagram d = *sim_flying(s);
        sim_edit(&d, &edit);
        if (alone != 0) {
            const struct sim_edit no_sa = {.kind = SIM_EDIT_LEAVE_OUT, .type = SA};
            sim_edit(&d, &no_sa);
        }
        assert_int_equal(sim_inject(s, SIM_A, &d), IPSEC_OK);
        sim_assert_ladder(s, "");
        assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_PEER_REFUSED);
        assert_int_equal(A(s)->failure.notify, 8000);
        sim_goes_on(s);
    }
}

/* CRIT-03: so does a critical payload, here without a hint. */
static void crit_03_unknown_critical_in_a_response(void **state)
{
    const struct sim_edit edit = {.kind = SIM_EDIT_LAST, .type = 200, .flags = 0x80};
    struct sim *s = flying_response(7);
    struct sim_datagram d = *sim_flying(s);

    (void)state;
    sim_edit(&d, &edit);
    sim_assert_dropped(s, &d, IPSEC_DROP_CRITICAL);
    sim_goes_on(s);
}

/* ---- groups ------------------------------------------------------------------------------------
 */

/* CVE-2014-9221: numbers that mean something inside an implementation, and others that were not
 * offered, name no group when they come in a KE payload. */
static void init_19_cve_2014_9221_ke_of_a_group_of_nobody(void **state)
{
    static const uint16_t groups[] = {0, 1, 2, 5, 15, 18, 1024, 1025, 1026, 1080, 0xffff};

    (void)state;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        struct sim *s = flying_request(8);
        struct sim_datagram d = *sim_flying(s);
        uint8_t *ke = d.octets + (sim_edit_body(&d, KE).data - d.octets);
        ke[0] = (uint8_t)(groups[i] >> 8);
        ke[1] = (uint8_t)groups[i];
        assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
        sim_assert_ladder(s, "B IKE_SA_INIT response 0: N(INVALID_KE_PAYLOAD)\n");
        assert_int_equal(sim_sa(B(s), 0), 0);
        assert_int_equal(B(s)->crypto.ke_calls, 0);
        sim_free(s);
        s = flying_response(8);
        d = *sim_flying(s);
        ke = d.octets + (sim_edit_body(&d, KE).data - d.octets);
        ke[0] = (uint8_t)(groups[i] >> 8);
        ke[1] = (uint8_t)groups[i];
        sim_assert_dropped(s, &d, IPSEC_DROP_KE);
        sim_goes_on(s);
    }
}

/* ---- cookies -----------------------------------------------------------------------------------
 */

static struct sim_datagram cookie_answer(const struct sim_datagram *request, size_t length)
{
    struct sim_datagram d = {.to = SIM_A, .local = request->remote, .remote = request->local};

    memcpy(d.octets, request->octets, 8);
    d.octets[16] = NOTIFY;
    d.octets[17] = 0x20;
    d.octets[18] = 34;
    d.octets[19] = 0x20;
    d.octets[31] = (uint8_t)(8 + length);
    d.octets[34] = 0x40;
    d.octets[35] = 0x06;
    memset(d.octets + 36, 0xc0, length);
    d.length = (uint32_t)(36 + length);
    d.octets[27] = (uint8_t)d.length;
    return d;
}

static void cookie_02_sizes(void **state)
{
    (void)state;
    for (size_t length = 0; length < 70; length++) {
        struct sim *s = flying_request(9);
        const struct sim_datagram first = *sim_flying(s);
        const struct sim_datagram d = cookie_answer(&first, length);
        if (length == 0 || length > 64) {
            sim_assert_dropped(s, &d, IPSEC_DROP_COOKIE);
            sim_free(s);
            continue;
        }
        assert_int_equal(sim_inject(s, SIM_A, &d), IPSEC_OK);
        sim_drop(s, 0);
        /* COOKIE-03: it comes back first and whole, and the rest is as it was */
        const struct sim_datagram *again = sim_flying(s);
        assert_int_equal(again->length, first.length + 8 + length);
        assert_memory_equal(again->octets + 28 + 4, d.octets + 28 + 4, 4 + length);
        assert_memory_equal(again->octets + 28 + 8 + length, first.octets + 28, first.length - 28);
        assert_memory_equal(again->octets, first.octets, 16);
        sim_free(s);
    }
}

/* ---- addresses ---------------------------------------------------------------------------------
 */

static void natt_04_first_message_on_the_other_port(void **state)
{
    struct sim *s = sim_new(10);

    (void)state;
    A(s)->peer.local.port = A(s)->peer.remote.port = 4500;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, SET_UP);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(s->kept_datagram[i].local.port, 4500);
        assert_memory_equal(s->kept_datagram[i].octets, "\0\0\0\0", 4);
    }
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void answered_at(struct sim *s, const struct ipsec_endpoint *from)
{
    struct sim_datagram d = *sim_flying(s);

    sim_drop(s, 0);
    d.remote = *from;
    assert_int_equal(sim_inject(s, d.to, &d), IPSEC_OK);
    const struct sim_datagram *answer = sim_flying(s);
    assert_int_equal(answer->to, SIM_A);
    assert_int_equal(answer->local.port, from->port);
    assert_true(ipsec_addr_equal(&answer->local.addr, &from->addr));
    assert_true(ipsec_addr_equal(&answer->remote.addr, &d.local.addr));
    assert_int_equal(answer->remote.port, d.local.port);
}

/* NATT-05: an answer goes where its request came from, first contact or not, whether or not the SA
 * follows. */
static void natt_05_answers_go_back_where_requests_came_from(void **state)
{
    struct ipsec_endpoint from = {.port = 31000};
    struct sim *s = flying_request(11);

    (void)state;
    assert_int_equal(ipsec_addr_parse("198.51.100.99", &from.addr), IPSEC_OK);
    answered_at(s, &from);
    sim_free(s);
    s = sim_up(12);
    s->held = true;
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    answered_at(s, &from);
    sim_goes_on(s);
}

/* ---- what failed attempts leave behind ---------------------------------------------------------
 */

/* CVE-2009-1957: a refused IKE_SA_INIT leaves nothing that another exchange could be done on. */
static void init_07_auth_34_cve_2009_1957_no_half_state(void **state)
{
    struct sim *s = sim_new(13);

    (void)state;
    sim_ike_proposals(B(s), "aes128-sha256-modp2048");
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    struct sim_datagram d = *sim_flying(s);
    assert_true(sim_deliver(s, 0));
    memcpy(d.octets + 8, sim_flying(s)->octets + 8, 8);
    assert_int_equal(sim_sa(B(s), 0), 0);
    for (uint8_t exchange = 35; exchange <= 37; exchange++) {
        d.octets[16] = 46;
        d.octets[18] = exchange;
        d.octets[23] = 1;
        sim_assert_dropped(s, &d, IPSEC_DROP_SPI);
        d.octets[8] = 1; /* an SPI of nobody */
        sim_assert_dropped(s, &d, IPSEC_DROP_SPI);
    }
    sim_free(s);
}

/* VPP 98d6f2971e2, CVE-2019-5719: what claims to be protected, before there are keys. */
static void auth_34_vpp_98d6f2971e2_cve_2019_5719_no_keys_yet(void **state)
{
    struct sim *s = flying_request(14);
    struct sim_datagram d = *sim_flying(s);

    (void)state;
    d.to = SIM_A;
    d.local = A(s)->peer.local;
    d.remote = A(s)->peer.remote;
    d.octets[16] = 46;
    for (uint8_t exchange = 35; exchange <= 38; exchange++) {
        d.octets[18] = exchange;
        d.octets[19] = 0x20;
        sim_assert_dropped(s, &d, IPSEC_DROP_EXCHANGE);
        d.octets[19] = 0;
        sim_assert_dropped(s, &d, IPSEC_DROP_EXCHANGE);
        d.octets[8] = 9; /* no SPI of the responder is known yet, so none is right */
        sim_assert_dropped(s, &d, IPSEC_DROP_SPI);
        d.octets[8] = 0;
    }
    sim_goes_on(s);
}

/* VPP 6614df53509: failed first contacts by the thousand leave everything as it was. */
static void sec_01_vpp_6614df53509_failures_leave_nothing(void **state)
{
    struct sim *s = sim_new(15);

    (void)state;
    B(s)->config.first_contact_per_s = 100000;
    sim_ike_proposals(B(s), "aes256-sha256-modp2048-ecp256");
    sim_start(s);
    s->keep_sent = true;
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    s->cut = true;
    const struct sim_datagram good = s->kept_datagram[0];
    const struct ipsec_ike_counters before = counters_of(B(s));
    const unsigned keys = B(s)->crypto.keys_alive;
    for (uint32_t i = 0; i < 3000; i++) {
        struct sim_datagram d = good;
        d.octets[0] = (uint8_t)(i >> 8);
        d.octets[1] = (uint8_t)i;
        d.octets[7] ^= 0xa5;
        uint8_t *ke = d.octets + (sim_edit_body(&d, KE).data - d.octets);
        uint8_t *sa = d.octets + (sim_edit_body(&d, SA).data - d.octets);
        switch (i % 3) {
        case 0:
            ke[1] = 15; /* another group */
            break;
        case 1:
            sa[8 + 4] = 77; /* a transform type of nobody: no proposal */
            break;
        default:
            memset(ke + 4, 0, 256); /* no public value */
        }
        (void)sim_inject(s, SIM_B, &d);
    }
    const struct ipsec_ike_counters after = counters_of(B(s));
    assert_int_equal(after.messages_in - before.messages_in, 3000);
    assert_int_equal(after.sas, before.sas);
    assert_int_equal(after.half_open + after.handshakes, 0);
    assert_int_equal(B(s)->crypto.keys_alive, keys);
    assert_int_equal(B(s)->crypto.kes_alive, 0);
    s->cut = false;
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_03_no_spi_of_the_initiator),
        cmocka_unit_test(init_30_second_response_with_another_spi),
        cmocka_unit_test(init_30_false_response_first),
        cmocka_unit_test(init_31_vendor_ids_of_others),
        cmocka_unit_test(init_32_status_notifies_of_others),
        cmocka_unit_test(init_33_unknown_error_in_a_request),
        cmocka_unit_test(init_33_unknown_error_in_a_response),
        cmocka_unit_test(crit_03_unknown_critical_in_a_response),
        cmocka_unit_test(init_19_cve_2014_9221_ke_of_a_group_of_nobody),
        cmocka_unit_test(cookie_02_sizes),
        cmocka_unit_test(natt_04_first_message_on_the_other_port),
        cmocka_unit_test(natt_05_answers_go_back_where_requests_came_from),
        cmocka_unit_test(init_07_auth_34_cve_2009_1957_no_half_state),
        cmocka_unit_test(auth_34_vpp_98d6f2971e2_cve_2019_5719_no_keys_yet),
        cmocka_unit_test(sec_01_vpp_6614df53509_failures_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
