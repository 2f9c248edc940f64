/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages that no engine would send, written by hand: what a peer with good keys and bad manners
 * sends, and IKE_SA_INIT as strangers send it. RFC 7296 2.3, 2.5, 2.21, 2.25, 3.
 */
#include "sim_craft.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define IKE_AUTH        35
#define CREATE_CHILD_SA 36
#define INFORMATIONAL   37

static struct ipsec_view octets(const char *hex)
{
    static uint8_t room[8192];
    size_t length = 0;

    for (const char *p = hex; *p != '\0'; p++) {
        if (*p != ' ') {
            const char pair[3] = {p[0], p[1], '\0'};
            room[length++] = (uint8_t)strtoul(pair, NULL, 16);
            p++;
        }
    }
    const struct ipsec_view view = {room, length};
    return view;
}

/* A request of A, as B gets it; what B's engine said. */
static enum ipsec_status ask_b(struct sim *s, uint8_t exchange, uint8_t first,
                               struct ipsec_view chain)
{
    static struct sim_datagram d;
    const struct sim_craft what = {.exchange = exchange, .first = first, .chain = chain};

    assert_true(sim_craft(B(s), &what, &d));
    return sim_inject(s, SIM_B, &d);
}

static bool b_is_up(struct sim *s)
{
    return sim_sa(B(s), IPSEC_IKE_ESTABLISHED) != 0 && sim_sink_count(B(s)) == 1;
}

static void says(struct sim *s, const char *answer)
{
    char line[200];

    snprintf(line, sizeof(line), "B %s\n", answer);
    sim_assert_ladder(s, line);
}

/* ---- payload chains ----------------------------------------------------------------------------
 */

static void crit_01_unknown_payload_is_skipped(void **state)
{
    struct sim *s = sim_readable_up(1);

    (void)state;
    assert_int_equal(ask_b(s, INFORMATIONAL, 200, octets("00 00 0004")), IPSEC_OK);
    says(s, "INFORMATIONAL response 3: SK{}");
    assert_int_equal(ask_b(s, INFORMATIONAL, 1, octets("00 00 0005 ff")), IPSEC_OK); /* CRIT-08 */
    says(s, "INFORMATIONAL response 4: SK{}");
    assert_true(b_is_up(s));
    sim_free(s);
}

static void crit_02_unknown_critical_payload(void **state)
{
    struct sim *s = sim_readable_up(2);

    (void)state;
    assert_int_equal(ask_b(s, INFORMATIONAL, 200, octets("00 80 0004")), IPSEC_OK);
    says(s, "INFORMATIONAL response 3: SK{N(UNSUPPORTED_CRITICAL_PAYLOAD)}");
    assert_true(b_is_up(s));
    sim_free(s);
}

/* CRIT-04, INFO-05: the critical bit on a known payload; the SPI of nobody. */
static void crit_04_info_05_unknown_spi(void **state)
{
    struct sim *s = sim_readable_up(3);

    (void)state;
    assert_int_equal(ask_b(s, INFORMATIONAL, 42, octets("00 80 000c 03 04 0001 deadbeef")),
                     IPSEC_OK);
    says(s, "INFORMATIONAL response 3: SK{}");
    assert_true(b_is_up(s));
    sim_free(s);
}

/* SK-09: what is malformed inside a valid SK ends the SA on both ends. */
static void malformed(const char *hex, uint8_t first)
{
    struct sim *s = sim_readable_up(4);

    assert_int_equal(ask_b(s, INFORMATIONAL, first, octets(hex)), IPSEC_OK);
    says(s, "INFORMATIONAL response 3: SK{N(INVALID_SYNTAX)}");
    assert_int_equal(sim_sa(B(s), 0), 0);
    assert_int_equal(sim_sink_count(B(s)), 0);
    assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_PROTOCOL);
    sim_free(s);
}

static void crit_06_sk_09_bad_lengths(void **state)
{
    (void)state;
    malformed("00 00 0003", 42);
    malformed("00 00 0000", 42);
    malformed("00 00 0100", 42);
    malformed("2a 00 0004", 41);
    malformed("00 00", 42);
}

static void info_07_cve_2023_38711_delete_counts_wrong(void **state)
{
    (void)state;
    malformed("00 00 000c 03 04 0005 deadbeef", 42);
    malformed("00 00 000c 03 03 0001 deadbeef", 42);
    malformed("00 00 0008 03 04 ffff", 42);
}

static void sk_04_more_padding_than_text(void **state)
{
    static struct sim_datagram d;
    struct sim *s = sim_readable_up(5);
    const struct sim_craft what = {.exchange = INFORMATIONAL, .pad_octet = 255};

    (void)state;
    assert_true(sim_craft(B(s), &what, &d));
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
    says(s, "INFORMATIONAL response 3: SK{N(INVALID_SYNTAX)}");
    assert_int_equal(sim_sa(B(s), 0), 0);
    sim_free(s);
}

/* CRIT-07: more payloads than any table has room for. */
static void crit_07_endless_chain(void **state)
{
    static uint8_t chain[1600];
    struct sim *s = sim_readable_up(6);

    (void)state;
    for (size_t i = 0; i < sizeof(chain); i += 4) {
        chain[i] = i + 4 < sizeof(chain) ? 200 : 0;
        chain[i + 3] = 4;
    }
    const struct ipsec_view view = {chain, sizeof(chain)};
    assert_int_equal(ask_b(s, INFORMATIONAL, 200, view), IPSEC_OK);
    says(s, "INFORMATIONAL response 3: SK{}"); /* unknown ones take no room */
    for (size_t i = 0; i + 4 < sizeof(chain); i += 4) {
        chain[i] = 43;
    }
    assert_int_equal(ask_b(s, INFORMATIONAL, 43, view), IPSEC_OK);
    says(s, "INFORMATIONAL response 4: SK{N(INVALID_SYNTAX)}");
    sim_free(s);
}

/* ---- INFORMATIONAL -----------------------------------------------------------------------------
 */

static void info_08_everything_deleted_at_once(void **state)
{
    struct sim *s = sim_readable_up(10);
    char hex[100];

    (void)state;
    snprintf(hex, sizeof(hex), "2a 00 000c 03 04 0001 %08x 00 00 0008 01 00 0000",
             sim_sink_sender(B(s), B(s)->child)->sa.spi_out);
    assert_int_equal(ask_b(s, INFORMATIONAL, 42, octets(hex)), IPSEC_OK);
    says(s, "INFORMATIONAL response 3: SK{}");
    assert_int_equal(sim_sa(B(s), 0), 0);
    assert_int_equal(B(s)->events[IPSEC_EVENT_CHILD_CLOSED], 1);
    sim_free(s);
}

static void info_13_protected_error(void **state)
{
    struct sim *s = sim_readable_up(11);

    (void)state;
    assert_int_equal(ask_b(s, INFORMATIONAL, 41, octets("00 00 0008 00 00 0018")), IPSEC_OK);
    says(s, "INFORMATIONAL response 3: SK{}");
    assert_int_equal(sim_sa(B(s), 0), 0);
    sim_free(s);
}

/* INFO-11, INFO-16: unknown notifies, of errors and of states, change nothing. */
static void info_16_unknown_notifies(void **state)
{
    struct sim *s = sim_readable_up(12);

    (void)state;
    assert_int_equal(
        ask_b(s, INFORMATIONAL, 41, octets("29 00 0008 00 00 1f40 00 00 0008 00 00 ff00")),
        IPSEC_OK);
    says(s, "INFORMATIONAL response 3: SK{}");
    assert_true(b_is_up(s));
    sim_free(s);
}

/* VER-06: exchanges that are not known, or not possible any more. */
static void ver_06_unknown_exchange(void **state)
{
    static const uint8_t unknown[] = {0, 1, 33, 38, 43, 255};
    struct sim *s = sim_readable_up(13);

    (void)state;
    /* Known, but over: no exchange of its time. */
    assert_int_equal(ask_b(s, IKE_AUTH, 0, octets("")), IPSEC_DROP_EXCHANGE);
    sim_assert_ladder(s, "");
    assert_true(b_is_up(s));
    sim_free(s);
    for (size_t i = 0; i < sizeof(unknown); i++) {
        s = sim_readable_up(100 + i);
        assert_int_equal(ask_b(s, unknown[i], 0, octets("")), IPSEC_OK);
        assert_non_null(strstr(s->ladder, " response 3: SK{N(INVALID_SYNTAX)}\n"));
        assert_int_equal(sim_sa(B(s), 0), 0); /* RFC 7296 2.21.3: that ends the IKE SA */
        assert_int_equal(B(s)->failure.cause, IPSEC_CAUSE_PROTOCOL);
        sim_free(s);
    }
}

/* ---- message IDs -------------------------------------------------------------------------------
 */

static void msgid_08_msgid_10_outside_the_window(void **state)
{
    static struct sim_datagram d;
    struct sim *s = sim_readable_up(20);
    struct sim_craft what = {.exchange = INFORMATIONAL, .id_offset = 1};

    (void)state;
    const uint64_t before = sim_digest(B(s));
    assert_true(sim_craft(B(s), &what, &d));
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_MESSAGE_ID);
    what.id_offset = -3;
    assert_true(sim_craft(B(s), &what, &d));
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_MESSAGE_ID);
    what.answer = true;
    what.id_offset = 0;
    assert_true(sim_craft(B(s), &what, &d));
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_MESSAGE_ID);
    assert_int_equal(sim_digest(B(s)), before);
    sim_assert_ladder(s, "");
    sim_free(s);
}

/* MSGID-03: another content under the last message ID: the stored answer, and nothing is done. */
static void msgid_03_changed_content(void **state)
{
    static struct sim_datagram d;
    struct sim *s = sim_readable_up(21);
    const struct sim_craft what = {.exchange = INFORMATIONAL,
                                   .id_offset = -1,
                                   .first = 42,
                                   .chain = octets("00 00 0008 01 00 0000")};

    (void)state;
    assert_true(sim_craft(B(s), &what, &d));
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_DUPLICATE);
    says(s, "INFORMATIONAL response 2, sent again: SK{}");
    assert_true(b_is_up(s));
    sim_free(s);
}

/* ---- before authentication ---------------------------------------------------------------------
 */

static struct sim *half_open(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
    sim_ladder_clear(s);
    return s;
}

/* AUTH-34, CVE-2014-2338, CVE-2019-12312: nothing but IKE_AUTH. */
static void auth_34_cve_2014_2338_cve_2019_12312_other_exchanges_first(void **state)
{
    struct sim *s = half_open(30);

    (void)state;
    assert_int_equal(ask_b(s, CREATE_CHILD_SA, 0, octets("")), IPSEC_DROP_EXCHANGE);
    assert_int_equal(ask_b(s, INFORMATIONAL, 42, octets("00 00 0008 01 00 0000")),
                     IPSEC_DROP_EXCHANGE);
    sim_assert_ladder(s, "");
    assert_int_equal(sim_sink_count(B(s)), 0);
    s->held = false;
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* AUTH-25: an answer to IKE_AUTH without AUTH is no success. */
static void auth_25_answer_without_auth(void **state)
{
    static struct sim_datagram d;
    struct sim *s = half_open(31);
    struct sim_craft what = {.exchange = IKE_AUTH, .answer = true};

    (void)state;
    assert_true(sim_craft(A(s), &what, &d));
    assert_int_equal(sim_inject(s, SIM_A, &d), IPSEC_OK);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_PROTOCOL);
    assert_int_equal(A(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    assert_int_equal(sim_sa(A(s), IPSEC_IKE_ESTABLISHED), 0);
    sim_free(s);
}

/* AUTH-07: an empty IKE_AUTH request. */
static void auth_07_request_without_anything(void **state)
{
    struct sim *s = half_open(32);

    (void)state;
    assert_int_equal(ask_b(s, IKE_AUTH, 0, octets("")), IPSEC_OK);
    says(s, "IKE_AUTH response 1: SK{N(INVALID_SYNTAX)}");
    assert_int_equal(sim_sa(B(s), 0), 0);
    sim_free(s);
}

/* ---- CREATE_CHILD_SA ---------------------------------------------------------------------------
 */

static struct sim *rekey_in_flight(uint64_t seed, bool ike)
{
    struct sim *s = sim_readable_up(seed);

    s->held = true;
    if (ike) {
        (void)ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), 0), s->now);
    } else {
        (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), 0), 0, s->now);
    }
    return s;
}

/* REKEY-02: a child of ours that the peer does not know is gone, and made anew. */
static void rekey_02_unknown_child(void **state)
{
    struct sim *s = rekey_in_flight(40, false);

    (void)state;
    sim_in_the_air(s)->octets[28 + 4 + 16 + 8] ^= 0xff; /* the SPI in N(REKEY_SA) */
    s->held = false;
    sim_run(s, 1000);
    sim_assert_ladder(s, "A CREATE_CHILD_SA request 3: SK{N(REKEY_SA) SA Ni KE TSi TSr}\n"
                         "B CREATE_CHILD_SA response 3: SK{N(CHILD_SA_NOT_FOUND)}\n"
                         "A CREATE_CHILD_SA request 4: SK{SA Ni KE TSi TSr}\n"
                         "B CREATE_CHILD_SA response 4: SK{SA Nr KE TSi TSr}\n");
    assert_int_equal(sim_sink_count(A(s)), 1);
    sim_free(s);
}

/* CHILD-13, CVE-2023-38710: the notify's protocol is not one that has SPIs. */
static void child_13_rekey_of_no_protocol(void **state)
{
    static const uint8_t protocols[] = {0, 1, 2, 4, 255};

    (void)state;
    for (size_t i = 0; i < sizeof(protocols); i++) {
        struct sim *s = rekey_in_flight(41, false);
        sim_in_the_air(s)->octets[28 + 4 + 16 + 4] = protocols[i];
        assert_true(sim_deliver(s, 0));
        assert_null(strstr(s->ladder, "SK{SA Nr"));
        assert_int_equal(sim_sink_count(B(s)) <= 1, 1);
        sim_free(s);
    }
}

/* REKEY-06: an IKE rekey without KE. Ends like any malformed request. */
static void rekey_06_without_ke(void **state)
{
    struct sim *s = rekey_in_flight(42, true);
    static uint8_t chain[2000];
    uint8_t first = 0;

    (void)state;
    const struct ipsec_view whole = sim_craft_inside(sim_in_the_air(s), &first);
    assert_true(whole.length > 300 && whole.length < sizeof(chain));
    memcpy(chain, whole.data, whole.length);
    const size_t nonce_at = (size_t)chain[2] << 8 | chain[3];
    chain[nonce_at] = 0; /* the nonce is the last */
    const struct ipsec_view cut = {chain, nonce_at + 36};
    sim_ladder_clear(s);
    assert_int_equal(ask_b(s, CREATE_CHILD_SA, first, cut), IPSEC_OK);
    says(s, "CREATE_CHILD_SA response 3: SK{N(INVALID_SYNTAX)}");
    sim_free(s);
}

/* COLL-05: a rekey of a child that is being closed. */
static void coll_05_rekey_of_a_closing_child(void **state)
{
    struct sim *s = rekey_in_flight(43, false);

    (void)state;
    (void)ipsec_ike_delete_child(B(s)->ike, sim_child_in(B(s), 0), s->now);
    s->held = false;
    sim_run(s, 5000);
    assert_non_null(strstr(s->ladder, "B CREATE_CHILD_SA response 3: SK{N(TEMPORARY_FAILURE)}"));
    assert_int_equal(sim_sink_count(A(s)) + sim_sink_count(B(s)), 0);
    sim_free(s);
}

/* ---- IKE_SA_INIT -------------------------------------------------------------------------------
 */

static struct sim_datagram init_request(struct sim *s)
{
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    return *sim_in_the_air(s);
}

static void stranger(uint64_t seed, size_t at, uint8_t value, enum ipsec_status expected)
{
    struct sim *s = sim_new(seed);
    struct sim_datagram d = init_request(s);

    assert_true(at < d.length);
    d.octets[at] = value;
    assert_int_equal(sim_inject(s, SIM_B, &d), expected);
    assert_int_equal(sim_sa(B(s), 0) != 0, expected == IPSEC_OK);
    sim_free(s);
}

/* Where payloads begin in A's request: SA at 28 (48 octets), KE, Ni, N, N, V. */
#define SA_OCTETS 48
#define KE_AT     (28 + SA_OCTETS)
#define KE_OCTETS 264
#define NONCE_AT  (KE_AT + KE_OCTETS)
#define LAST_N_AT (NONCE_AT + 36 + 28)

static void ver_01_02_03_04_05_08_versions_and_flags(void **state)
{
    (void)state;
    stranger(50, 17, 0x21, IPSEC_OK); /* VER-01 */
    stranger(50, 17, 0x30, IPSEC_DROP_VERSION);
    stranger(50, 17, 0x10, IPSEC_DROP_VERSION);
    stranger(50, 17, 0x00, IPSEC_DROP_VERSION);
    stranger(50, 17, 0xf0, IPSEC_DROP_VERSION);
    stranger(50, 19, 0x18, IPSEC_OK); /* VER-04 */
    stranger(50, 19, 0xcf, IPSEC_OK); /* VER-05 */
    stranger(50, 19, 0x00, IPSEC_DROP_ROLE);
    stranger(50, 23, 0x01, IPSEC_DROP_MESSAGE_ID);
    stranger(50, 15, 0x01, IPSEC_DROP_SPI);
}

static void init_26_27_payloads(void **state)
{
    (void)state;
    stranger(51, KE_AT, 43, IPSEC_DROP_PAYLOADS);     /* INIT-27: Ni missing */
    stranger(51, 28, 43, IPSEC_DROP_PAYLOADS);        /* KE missing */
    stranger(51, 16, 43, IPSEC_DROP_PAYLOADS);        /* SA missing */
    stranger(51, LAST_N_AT, 40, IPSEC_DROP_PAYLOADS); /* INIT-26: V as a second Ni */
    stranger(51, LAST_N_AT, 200, IPSEC_OK);           /* CRIT-01 */
}

/* INIT-21: a group that was not offered is not followed. */
static void init_21_group_of_nobody(void **state)
{
    struct sim *s = sim_new(52);
    struct sim_datagram request = init_request(s);
    struct sim_datagram d = {.to = SIM_A, .length = 38};
    static const uint8_t rest[] = {41, 0x20, 34, 0x20, 0,  0, 0, 0, 0,  0, 0,
                                   38, 0,    0,  0,    10, 0, 0, 0, 17, 0, 31};

    (void)state;
    memcpy(d.octets, request.octets, 8);
    memcpy(d.octets + 16, rest, sizeof(rest));
    d.local = A(s)->peer.local;
    d.remote = B(s)->peer.local;
    sim_ladder_clear(s);
    assert_int_equal(sim_inject(s, SIM_A, &d), IPSEC_OK);
    sim_assert_ladder(s, "");
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_KE_GROUP);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crit_01_unknown_payload_is_skipped),
        cmocka_unit_test(crit_02_unknown_critical_payload),
        cmocka_unit_test(crit_04_info_05_unknown_spi),
        cmocka_unit_test(crit_06_sk_09_bad_lengths),
        cmocka_unit_test(info_07_cve_2023_38711_delete_counts_wrong),
        cmocka_unit_test(sk_04_more_padding_than_text),
        cmocka_unit_test(crit_07_endless_chain),
        cmocka_unit_test(info_08_everything_deleted_at_once),
        cmocka_unit_test(info_13_protected_error),
        cmocka_unit_test(info_16_unknown_notifies),
        cmocka_unit_test(ver_06_unknown_exchange),
        cmocka_unit_test(msgid_08_msgid_10_outside_the_window),
        cmocka_unit_test(msgid_03_changed_content),
        cmocka_unit_test(auth_34_cve_2014_2338_cve_2019_12312_other_exchanges_first),
        cmocka_unit_test(auth_25_answer_without_auth),
        cmocka_unit_test(auth_07_request_without_anything),
        cmocka_unit_test(rekey_02_unknown_child),
        cmocka_unit_test(child_13_rekey_of_no_protocol),
        cmocka_unit_test(rekey_06_without_ke),
        cmocka_unit_test(coll_05_rekey_of_a_closing_child),
        cmocka_unit_test(ver_01_02_03_04_05_08_versions_and_flags),
        cmocka_unit_test(init_26_27_payloads),
        cmocka_unit_test(init_21_group_of_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
