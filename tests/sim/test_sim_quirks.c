/* SPDX-License-Identifier: Apache-2.0
 *
 * Habits of other implementations (IPSEC_QUIRK_...): a message as such a peer writes it, made from
 * one of ours; what is answered, and that it is told once, in the messages where it was met.
 */
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

enum { SA = 33, NOTIFY = 41, CP = 47 };

#define AES_CBC_SHA256 "0300000c 0100000c 800e0100 03000008 0300000c "
#define GCM16          "0300000c 01000014 800e0100 "
#define CHACHA_LENGTH  "0300000c 0100001c 800e0100 "
#define INTEG_NONE     "03000008 03000000 "
#define PRF_SHA256     "03000008 02000005 "
#define GROUP_14       "03000008 0400000e "
#define LAST_GROUP_14  "00000008 0400000e"
#define LAST_NO_ESN    "00000008 05000000"

static struct sim *readable(const char *esp)
{
    struct sim *s = sim_new(1);

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_esp_proposals(A(s), esp);
    sim_esp_proposals(B(s), esp);
    return s;
}

/* Up to the request of IKE_AUTH, which is in flight. */
static void until_auth(struct sim *s)
{
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
    assert_int_equal(A(s)->quirks | B(s)->quirks, 0);
}

static void go_on(struct sim *s)
{
    s->held = false;
    sim_run(s, 10000);
}

/* The SA payload of the message in flight says this instead; number and SPI stay. */
static void say(struct sim *s, uint8_t number, uint8_t count, const char *transforms)
{
    static uint8_t body[200];
    const struct ipsec_view rest = sim_hex(transforms);
    const struct ipsec_view old = sim_edit_body(sim_flying(s), SA);
    const size_t spi = old.data[6];
    const struct sim_edit edit = {
        .kind = SIM_EDIT_REPLACE, .type = SA, .body = {body, 8 + spi + rest.length}};

    assert_true(edit.body.length <= sizeof(body));
    memcpy(body, old.data, 8 + spi);
    body[0] = 0; /* the last */
    body[2] = 0;
    body[3] = (uint8_t)edit.body.length;
    body[4] = number;
    body[7] = count;
    memcpy(body + 8 + spi, rest.data, rest.length);
    sim_edit(sim_flying(s), &edit);
}

/* The SA payload in flight has exactly these transforms. */
static void assert_said(struct sim *s, const char *transforms)
{
    const struct ipsec_view rest = sim_hex(transforms);
    const struct ipsec_view body = sim_edit_body(sim_flying(s), SA);

    assert_non_null(body.data);
    const size_t head = 8 + body.data[6];
    assert_int_equal(body.length, head + rest.length);
    assert_memory_equal(body.data + head, rest.data, rest.length);
}

/* One event for a message, in each end. */
static void assert_told(struct sim_node *n, uint32_t quirk)
{
    assert_int_equal(n->quirks, quirk);
    assert_int_equal(n->events[IPSEC_EVENT_WARNING], 1);
    assert_int_equal(n->warnings, 1u << IPSEC_WARNING_QUIRK);
}

static void init_14_fortigate_child(void **state)
{
    struct sim *s = readable("chacha20poly1305");

    (void)state;
    until_auth(s);
    say(s, 1, 2, CHACHA_LENGTH LAST_NO_ESN);
    assert_true(sim_deliver(s, 0));
    assert_said(s, CHACHA_LENGTH LAST_NO_ESN);
    go_on(s);
    assert_told(A(s), IPSEC_QUIRK_FORTIGATE);
    assert_told(B(s), IPSEC_QUIRK_FORTIGATE);
    assert_int_equal(sim_sink_sender(A(s), A(s)->child)->sa.suite.encr_key_bits, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void init_14_without_the_quirk_it_is_refused(void **state)
{
    static const uint32_t sets[] = {IPSEC_QUIRKS_NONE,
                                    IPSEC_QUIRKS_ALL & ~(uint32_t)IPSEC_QUIRK_FORTIGATE};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sim *s = readable("chacha20poly1305");
        B(s)->peer.quirks = sets[i];
        until_auth(s);
        say(s, 1, 2, CHACHA_LENGTH LAST_NO_ESN);
        go_on(s);
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
        assert_int_equal(B(s)->quirks, 0);
        sim_assert_agree(s, 1, 0);
        sim_free(s);
    }
}

/* In clear, so that AUTH fails after it: what is read here is the answer. */
static void init_14_fortigate_in_ike_sa_init(void **state)
{
    static const char transforms[] = CHACHA_LENGTH PRF_SHA256 LAST_GROUP_14;

    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct sim *s = readable("aes256-sha256");
        sim_ike_proposals(A(s), "chacha20poly1305-prfsha256-modp2048");
        sim_ike_proposals(B(s), "chacha20poly1305-prfsha256-modp2048");
        A(s)->peer.quirks = strict ? IPSEC_QUIRKS_NONE : IPSEC_QUIRK_FORTIGATE;
        sim_start(s);
        s->held = true;
        (void)sim_connect(s);
        say(s, 1, 3, transforms);
        assert_true(sim_deliver(s, 0));
        assert_said(s, transforms);
        assert_told(B(s), IPSEC_QUIRK_FORTIGATE);
        assert_true(sim_deliver(s, 0));
        if (strict) {
            assert_int_equal(A(s)->quirks, 0);
            assert_int_equal(A(s)->last_drop, IPSEC_DROP_MALFORMED);
        } else {
            assert_told(A(s), IPSEC_QUIRK_FORTIGATE);
            assert_non_null(strstr(s->ladder, "A IKE_AUTH request 1: "));
        }
        sim_free(s);
    }
}

static void init_14_fortigate_rekeys_the_ike_sa(void **state)
{
    static const char transforms[] = CHACHA_LENGTH PRF_SHA256 LAST_GROUP_14;
    static const char list[] = "aes256-sha256-modp2048,chacha20poly1305-prfsha256-modp2048";
    struct sim *s = readable("aes256-sha256");

    (void)state;
    sim_ike_proposals(A(s), list);
    sim_ike_proposals(B(s), list);
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    s->held = true;
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sa, s->now), IPSEC_OK);
    say(s, 2, 3, transforms);
    assert_true(sim_deliver(s, 0));
    assert_said(s, transforms);
    go_on(s);
    assert_told(A(s), IPSEC_QUIRK_FORTIGATE);
    assert_told(B(s), IPSEC_QUIRK_FORTIGATE);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_REKEYED], 1);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void init_12_cisco_asa_rekeys_with_integrity_none(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct sim *s = readable("aes256gcm16");
        B(s)->peer.quirks = strict ? IPSEC_QUIRKS_NONE : 0;
        sim_start(s);
        (void)sim_connect(s);
        s->held = true;
        const ipsec_handle child = sim_child_in(A(s), IPSEC_CHILD_INSTALLED);
        assert_int_equal(ipsec_ike_rekey_child(A(s)->ike, child, 0, s->now), IPSEC_OK);
        say(s, 1, 3, GCM16 INTEG_NONE LAST_NO_ESN);
        assert_true(sim_deliver(s, 0));
        assert_said(s, strict ? GCM16 LAST_NO_ESN : GCM16 INTEG_NONE LAST_NO_ESN);
        go_on(s);
        if (strict) {
            assert_int_equal(A(s)->quirks | B(s)->quirks, 0);
        } else {
            assert_told(A(s), IPSEC_QUIRK_CISCO_ASA);
            assert_told(B(s), IPSEC_QUIRK_CISCO_ASA);
        }
        assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_REKEYED], 1);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

static void auth_22_mikrotik_asks_with_a_group(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct sim *s = readable("aes256-sha256");
        B(s)->peer.quirks = strict ? IPSEC_QUIRKS_NONE : 0;
        until_auth(s);
        say(s, 1, 4, AES_CBC_SHA256 GROUP_14 LAST_NO_ESN);
        assert_true(sim_deliver(s, 0));
        if (!strict) {
            assert_said(s, AES_CBC_SHA256 LAST_NO_ESN);
            assert_told(B(s), IPSEC_QUIRK_MIKROTIK);
        }
        go_on(s);
        assert_int_equal(A(s)->quirks, 0);
        assert_int_equal(B(s)->quirks, strict ? 0 : IPSEC_QUIRK_MIKROTIK);
        sim_assert_agree(s, 1, strict ? 0 : 1);
        sim_free(s);
    }
}

static void auth_22_mikrotik_answers_with_a_group(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct sim *s = readable("aes256-sha256");
        A(s)->peer.quirks = strict ? IPSEC_QUIRKS_NONE : IPSEC_QUIRK_MIKROTIK;
        until_auth(s);
        assert_true(sim_deliver(s, 0));
        say(s, 1, 4, AES_CBC_SHA256 GROUP_14 LAST_NO_ESN);
        go_on(s);
        if (strict) {
            assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_PROTOCOL);
            assert_int_equal(A(s)->quirks, 0);
        } else {
            assert_told(A(s), IPSEC_QUIRK_MIKROTIK);
        }
        assert_int_equal(B(s)->quirks, 0);
        sim_assert_agree(s, 1, strict ? 0 : 1);
        sim_free(s);
    }
}

/* Two habits in one message are told in one event. */
static void two_in_one_message(void **state)
{
    struct sim *s = readable("chacha20poly1305");

    (void)state;
    until_auth(s);
    say(s, 1, 4, CHACHA_LENGTH INTEG_NONE GROUP_14 LAST_NO_ESN);
    assert_true(sim_deliver(s, 0));
    assert_said(s, CHACHA_LENGTH INTEG_NONE LAST_NO_ESN);
    assert_told(B(s), IPSEC_QUIRK_FORTIGATE | IPSEC_QUIRK_CISCO_ASA | IPSEC_QUIRK_MIKROTIK);
    go_on(s);
    assert_told(A(s), IPSEC_QUIRK_FORTIGATE | IPSEC_QUIRK_CISCO_ASA);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* The strict rules take its attributes 23456, 23457 and notifies for private use. */
static void auth_32_windows_asks_for_private_attributes(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct sim *s = readable("aes256-sha256");
        A(s)->peer.request_config = IPSEC_CONFIG_IPV4;
        A(s)->child[0].local_dynamic = B(s)->child[0].remote_dynamic = true;
        A(s)->child[0].local_ts.count = B(s)->child[0].remote_ts.count = 0;
        B(s)->leases = true;
        B(s)->peer.quirks = strict ? IPSEC_QUIRKS_NONE : 0;
        sim_address(&B(s)->lease.ipv4, "10.77.0.5");
        sim_node_callbacks(B(s));
        until_auth(s);
        const struct sim_edit attributes = {
            .kind = SIM_EDIT_REPLACE,
            .type = CP,
            .body = sim_hex("01000000 00010000 00030000 00040000 5ba00000 5ba10000")};
        const struct sim_edit notify = {
            .kind = SIM_EDIT_LAST, .type = NOTIFY, .body = sim_notify(50000, sim_hex("0102"))};
        sim_edit(sim_flying(s), &attributes);
        sim_edit(sim_flying(s), &notify);
        go_on(s);
        assert_int_equal(B(s)->leased, 1);
        assert_int_equal(A(s)->events[IPSEC_EVENT_CONFIG], 1);
        assert_int_equal(A(s)->events[IPSEC_EVENT_WARNING] + B(s)->events[IPSEC_EVENT_WARNING], 0);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_14_fortigate_child),
        cmocka_unit_test(init_14_without_the_quirk_it_is_refused),
        cmocka_unit_test(init_14_fortigate_in_ike_sa_init),
        cmocka_unit_test(init_14_fortigate_rekeys_the_ike_sa),
        cmocka_unit_test(init_12_cisco_asa_rekeys_with_integrity_none),
        cmocka_unit_test(auth_22_mikrotik_asks_with_a_group),
        cmocka_unit_test(auth_22_mikrotik_answers_with_a_group),
        cmocka_unit_test(two_in_one_message),
        cmocka_unit_test(auth_32_windows_asks_for_private_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
