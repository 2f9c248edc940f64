/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the conformance checklist about EAP that need messages no engine would send: lengths that
 * lie, codes of nobody, in every round and on both ends. RFC 7296 2.16, 3.16; RFC 3748 4.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

enum { NOTIFY = 41, EAP = 48 };

/* With the n-th message that holds EAP in flight, from 0; even ones are the responder's. */
static struct sim *flying_eap(unsigned n)
{
    struct sim *s = sim_new(1);

    sim_eap(s, 3, false);
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    for (unsigned i = 0; i < 3 + n; i++) {
        assert_true(sim_deliver(s, 0));
    }
    assert_non_null(sim_edit_body(sim_flying(s), EAP).data);
    return s;
}

static void ends_in_nothing(struct sim *s)
{
    s->held = false;
    sim_run(s, 600000);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(s->nodes[i].events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    }
    sim_assert_agree(s, 0, 0);
    sim_free(s);
}

/* The receiver's method never sees it, and nothing comes up. */
static void auth_29_cve_2015_8023_lengths_and_codes_in_every_round(void **state)
{
    static const char *const packets[] = {
        "",                 /* no octet */
        "01",               /* cut in the fixed part */
        "01 01 00",         /* likewise */
        "01 01 0000",       /* length 0 */
        "01 01 0003",       /* less than the fixed part */
        "01 01 0004",       /* a request without a type */
        "02 01 0004",       /* a response without a type */
        "01 01 0005 fe 00", /* more octets than it says */
        "01 01 0010 fe 00", /* fewer */
        "01 01 ffff fe 00", /* by far */
        "00 01 0005 fe",    /* codes of nobody */
        "05 01 0005 fe",
        "ff 01 0005 fe",
        "03 01 0005 fe",       /* a success with something in it */
        "04 01 0008 deadbeef", /* a failure with something in it */
    };

    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
            const struct sim_edit edit = {
                .kind = SIM_EDIT_REPLACE, .type = EAP, .body = sim_hex(packets[i])};
            struct sim *s = flying_eap(round);
            struct sim_datagram *d = sim_flying(s);
            const struct sim_node *receiver = &s->nodes[d->to];
            const unsigned seen = receiver->eap_seen;
            sim_edit(d, &edit);
            assert_true(sim_deliver(s, 0));
            assert_int_equal(receiver->eap_seen, seen);
            ends_in_nothing(s);
        }
    }
}

/* CVE-2015-8023's other half: a success or failure of ours to give, said by the wrong end. */
static void auth_27_results_from_the_client(void **state)
{
    (void)state;
    for (unsigned round = 1; round < 6; round += 2) {
        for (int failure = 0; failure < 2; failure++) {
            const struct sim_edit edit = {.kind = SIM_EDIT_REPLACE,
                                          .type = EAP,
                                          .body = sim_hex(failure ? "04 01 0004" : "03 01 0004")};
            struct sim *s = flying_eap(round);
            const unsigned seen = B(s)->eap_seen;
            assert_int_equal(sim_flying(s)->to, SIM_B);
            sim_edit(sim_flying(s), &edit);
            assert_true(sim_deliver(s, 0));
            assert_int_equal(B(s)->eap_seen, seen);
            ends_in_nothing(s);
        }
    }
}

/* Two packets are none. */
static void auth_29_two_packets(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        const struct sim_edit edit = {
            .kind = SIM_EDIT_LAST, .type = EAP, .body = sim_hex("01 01 0005 fe")};
        struct sim *s = flying_eap(round);
        sim_edit(sim_flying(s), &edit);
        assert_true(sim_deliver(s, 0));
        ends_in_nothing(s);
    }
}

/* INIT-33: an error that one does not know, beside the responder's packet. */
static void init_33_unknown_error_in_a_round(void **state)
{
    const struct sim_edit edit = {
        .kind = SIM_EDIT_LAST, .type = NOTIFY, .body = sim_notify(8000, sim_hex(""))};

    (void)state;
    for (unsigned round = 0; round < 6; round += 2) {
        struct sim *s = flying_eap(round);
        assert_int_equal(sim_flying(s)->to, SIM_A);
        sim_edit(sim_flying(s), &edit);
        assert_true(sim_deliver(s, 0));
        assert_int_equal(A(s)->failure.notify, 8000);
        ends_in_nothing(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_29_cve_2015_8023_lengths_and_codes_in_every_round),
        cmocka_unit_test(auth_27_results_from_the_client),
        cmocka_unit_test(auth_29_two_packets),
        cmocka_unit_test(init_33_unknown_error_in_a_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
