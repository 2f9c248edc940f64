/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of ipsec_failure_text: selectors, secrets, identities, silence and the rest.
 */
#include "explain.h"
#include "failure_kit.h"

static void set_selectors(const char *const words[4])
{
    const struct ipsec_selectors **to[] = {&f.our_local_ts, &f.our_remote_ts, &f.their_local_ts,
                                           &f.their_remote_ts};
    for (size_t i = 0; i < 4; i++) {
        memset(&selectors[i], 0, sizeof(selectors[i]));
        if (words[i] != NULL) {
            assert_int_equal(ipsec_selector_parse(words[i], &selectors[i].item[0]), IPSEC_OK);
            selectors[i].count = 1;
            *to[i] = &selectors[i];
        }
    }
    failure_show();
}

static void ts_09_one_side_does_not_overlap(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_SELECTORS, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_LOCAL);
    f.notify = 38;
    set_selectors((const char *const[]){"192.168.1.0/24", "192.168.2.0/24", "192.168.1.0/24",
                                        "192.168.9.0/24"});
    assert_says("TS_UNACCEPTABLE");
    assert_says("Here: local_ts = 192.168.1.0/24; remote_ts = 192.168.2.0/24");
    assert_says("There: local_ts = 192.168.9.0/24; remote_ts = 192.168.1.0/24");
    assert_says("remote_ts here (192.168.2.0/24) does not overlap local_ts there (192.168.9.0/24)");
    assert_says("on this gateway: remote_ts = 192.168.9.0/24 or on the other: local_ts = "
                "192.168.2.0/24");
    assert_silent_about("local_ts here (");
    assert_silent_about("lifetime");
}

static void ts_09_no_side_overlaps(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_SELECTORS, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_LOCAL);
    set_selectors(
        (const char *const[]){"192.168.1.0/24", "192.168.2.0/24", "10.1.0.0/16", "10.2.0.0/16"});
    assert_says("local_ts here (192.168.1.0/24) does not overlap remote_ts there (10.1.0.0/16)");
    assert_says("remote_ts here (192.168.2.0/24) does not overlap local_ts there (10.2.0.0/16)");
    assert_says("and: on this gateway: remote_ts = 10.2.0.0/16");
}

static void ts_09_peer_did_not_say(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_SELECTORS, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_PEER);
    set_selectors((const char *const[]){"192.168.1.0/24", "192.168.2.0/24", NULL, NULL});
    assert_says("There: the peer did not say");
    assert_says("on the other: local_ts = 192.168.2.0/24 on the other: remote_ts = 192.168.1.0/24");
}

static void ts_11_sides_overlap_and_are_refused(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_SELECTORS, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_PEER);
    set_selectors(
        (const char *const[]){"192.168.1.0/24", "192.168.2.0/24", "0.0.0.0/0", "0.0.0.0/0"});
    assert_says("each side overlaps");
    assert_silent_about("To do:");
}

/* ---- who the ends are --------------------------------------------------------------------------
 */

static void set_ids(const char *our_id, const char *their_id, const char *expected)
{
    const char *const words[] = {our_id, their_id, expected};
    const struct ipsec_id **to[] = {&f.our_id, &f.their_id, &f.expected_id};
    for (size_t i = 0; i < 3; i++) {
        if (words[i] != NULL) {
            assert_int_equal(ipsec_id_parse(words[i], &ids[i]), IPSEC_OK);
            *to[i] = &ids[i];
        }
    }
    failure_show();
}

static void auth_07_wrong_secret_at_the_responder(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_AUTHENTICATION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.notify = 24;
    set_ids("a.example.net", "b.example.net", "b.example.net");
    assert_says("Here: we are \"a.example.net\" and expect \"b.example.net\"");
    assert_says("There: the peer says it is \"b.example.net\"");
    assert_says(
        "the AUTH of \"b.example.net\" does not verify: the secrets of the two ends differ");
    assert_says("A blank or a newline at the end of one secret is enough");
    assert_says("compare the secrets");
    assert_silent_about("another machine");
}

static void auth_07_wrong_secret_at_the_initiator(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_AUTHENTICATION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_PEER);
    f.initiator = true;
    f.authenticated = true;
    f.notify = 24;
    set_ids("a.example.net", NULL, "b.example.net");
    assert_says("the peer, with AUTHENTICATION_FAILED");
    assert_says(
        "the peer does not accept our AUTH as \"a.example.net\": the secrets differ, or the "
        "peer does not know this identity, or it expects us as somebody else");
    assert_says("There: the peer did not say who it is");
    assert_says("on the other: remote_id = a.example.net");
}

static void auth_24_answer_does_not_verify(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_AUTHENTICATION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.initiator = true;
    set_ids("a.example.net", "b.example.net", "any");
    assert_says("and expect any identity");
    assert_says("another machine than the meant one answered");
}

static void auth_09_no_secret_here(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_AUTHENTICATION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.status = IPSEC_ERR_NOT_FOUND;
    set_ids("a.example.net", "b.example.net", NULL);
    assert_says("no secret is configured here for this pair of identities");
    assert_silent_about("does not verify");
}

static void identity_expected_and_received(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_IDENTITY, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    set_ids("a.example.net", "b.example.net", "c@example.net");
    assert_says("expected is \"c@example.net\", received was \"b.example.net\"");
    assert_says("on this gateway: remote_id = b.example.net");
    assert_says("or on the other: local_id = c@example.net");
    f.refused_by = IPSEC_REFUSED_PEER;
    failure_show();
    assert_says("the peer does not accept us as \"a.example.net\"");
    assert_says("on the other: remote_id = a.example.net");
}

static void peer_octets_are_escaped(void **state)
{
    (void)state;
    static const char evil[] = "x\n\033[31m\"$(reboot)\x80";
    failure_begin(IPSEC_CAUSE_IDENTITY, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    set_ids("a.example.net", "b.example.net", "c.example.net");
    ids[1] = (struct ipsec_id){.type = IPSEC_ID_FQDN, .length = sizeof(evil) - 1};
    memcpy(ids[1].bytes, evil, sizeof(evil) - 1);
    failure_show();
    for (const char *c = text; *c != '\0'; c++) {
        assert_true(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
    }
    assert_says("x\\x0a\\x1b[31m\"$(reboot)\\x80");
}

static void no_connection_here(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_NO_CONNECTION, IPSEC_PHASE_IKE_SA_INIT, IPSEC_REFUSED_LOCAL);
    f.peer = NULL;
    failure_show();
    assert_says("No IKE SA with 198.51.100.2:500: no connection is configured for it");
    assert_says("nothing is configured here for a peer at 198.51.100.2:500");
    assert_says("a site with remote = 198.51.100.2 (or any)");
    f.phase = IPSEC_PHASE_IKE_AUTH;
    set_ids("a.example.net", "b.example.net", NULL);
    assert_says("that says it is \"b.example.net\" (here we are \"a.example.net\")");
    assert_says("and remote_id = b.example.net");
}

static void no_connection_there(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_NO_CONNECTION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_PEER);
    set_ids("a.example.net", NULL, NULL);
    assert_says("the peer has nothing configured for us at 203.0.113.1:500 as \"a.example.net\"");
    assert_says("on the other: remote = 203.0.113.1, remote_id = a.example.net");
}

/* ---- silence and the rest ----------------------------------------------------------------------
 */

static void silence_from_the_first_packet(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_SILENT_PEER, IPSEC_PHASE_IKE_SA_INIT, IPSEC_REFUSED_NOBODY);
    f.initiator = true;
    f.attempts = 6;
    f.duration_ms = 76500;
    failure_show();
    assert_says("Refused by: nobody");
    assert_says("6 datagrams in 76 seconds to 198.51.100.2:500, and not one answer");
    assert_says("UDP 500 and 4500");
    assert_says("is the other gateway running");
    assert_says("the peer may drop on purpose: is our address 203.0.113.1:500 configured there?");
    f.attempts = 1;
    f.duration_ms = 1000;
    failure_show();
    assert_says("1 datagram in 1 second to");
}

static void silence_at_ike_auth(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_SILENT_PEER, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_NOBODY);
    f.initiator = true;
    f.attempts = 6;
    f.duration_ms = 76500;
    f.remote = failure_endpoint("2001:db8::2", 4500);
    failure_show();
    assert_says("[2001:db8::2]:4500");
    assert_says("IKE_SA_INIT was answered: the peer runs, and UDP 500 works");
    assert_says("pass UDP 4500");
    assert_says("IP fragments");
    assert_says("some peers drop it in silence when the identity or the secret is wrong");
    f.initiator = false;
    f.duration_ms = 30000;
    failure_show();
    assert_says("did not go on with IKE_AUTH within 30 seconds");
}

static void silence_later(void **state)
{
    (void)state;
    static const enum ipsec_phase phases[] = {IPSEC_PHASE_CHILD_CREATE, IPSEC_PHASE_CHILD_REKEY,
                                              IPSEC_PHASE_IKE_REKEY, IPSEC_PHASE_ESTABLISHED};
    for (size_t i = 0; i < IPSECI_COUNT(phases); i++) {
        failure_begin(IPSEC_CAUSE_SILENT_PEER, phases[i], IPSEC_REFUSED_NOBODY);
        failure_show();
        assert_says("the peer has answered before on this IKE SA");
        assert_silent_about("stays up");
    }
    assert_says("IKE SA lost with \"berlin\"");
}

static void other_refusals_are_translated(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_PEER_REFUSED, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_PEER);
    f.authenticated = true;
    f.notify = 35;
    failure_show();
    assert_says("NO_ADDITIONAL_SAS: it takes no further Child SAs on this IKE SA");
    f.notify = 1234;
    failure_show();
    assert_says("the peer answers notify 1234");
    assert_says("the log of the other end says why");
}

static void policy_protocol_resource(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_POLICY, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.status = IPSEC_ERR_FORBIDDEN;
    failure_show();
    assert_says("the policy of this gateway forbids it: ");
    assert_says(ipsec_status_text(IPSEC_ERR_FORBIDDEN));
    failure_begin(IPSEC_CAUSE_PROTOCOL, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.status = IPSEC_DROP_PAYLOADS;
    failure_show();
    assert_says("a message of the peer breaks the rules of RFC 7296: ");
    assert_says(ipsec_status_text(IPSEC_DROP_PAYLOADS));
    failure_begin(IPSEC_CAUSE_RESOURCE, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.status = IPSEC_ERR_FULL;
    failure_show();
    assert_says("sa_max, child_max, handshake_max");
    f.status = IPSEC_ERR_RANDOM;
    failure_show();
    assert_says("the random source of the crypto provider fails");
    f.status = IPSEC_FATAL_CRYPTO;
    failure_show();
    assert_says("ipsec_crypto_self_test");
    f.status = IPSEC_ERR_MEMORY;
    failure_show();
    assert_says("more memory");
    f.status = IPSEC_ERR_BUFFER;
    failure_show();
    assert_says("a message of ours would be longer than message_bytes");
    assert_says("raise message_bytes");
    f.refused_by = IPSEC_REFUSED_PEER;
    failure_show();
    assert_says("the peer has run out of something");
}

static void questions_of_our_own(void **state)
{
    (void)state;
    static const char *const words[] = {"(find_peer)",      "(find_secret)", "(eap)",
                                        "(lease)",          "(job)",         "(resolve)",
                                        "in time something"};
    for (uint8_t i = 0; i < IPSECI_COUNT(words); i++) {
        failure_begin(IPSEC_CAUSE_RESOURCE, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
        f.waited_for = (uint8_t)(i + 1);
        failure_show();
        assert_says(words[i]);
        assert_says("half_open_ms");
        assert_silent_about("ran out of something");
    }
}

static void an_inner_address_that_is_not_there(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_POLICY, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_LOCAL);
    f.initiator = true;
    f.status = IPSEC_ERR_NOT_FOUND;
    failure_show();
    assert_says("the peer has assigned none that fits");
    assert_says("(a pool)");
    f.initiator = false;
    f.status = IPSEC_OK;
    f.notify = 37; /* FAILED_CP_REQUIRED */
    failure_show();
    assert_says("it may not have asked for one");
    assert_says("let it ask for an inner address");
    f.refused_by = IPSEC_REFUSED_PEER;
    failure_show();
    assert_says("the peer's policy forbids it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(ts_09_one_side_does_not_overlap),
        KIT_TEST(ts_09_no_side_overlaps),
        KIT_TEST(ts_09_peer_did_not_say),
        KIT_TEST(ts_11_sides_overlap_and_are_refused),
        KIT_TEST(auth_07_wrong_secret_at_the_responder),
        KIT_TEST(auth_07_wrong_secret_at_the_initiator),
        KIT_TEST(auth_24_answer_does_not_verify),
        KIT_TEST(auth_09_no_secret_here),
        KIT_TEST(identity_expected_and_received),
        KIT_TEST(peer_octets_are_escaped),
        KIT_TEST(no_connection_here),
        KIT_TEST(no_connection_there),
        KIT_TEST(silence_from_the_first_packet),
        KIT_TEST(silence_at_ike_auth),
        KIT_TEST(silence_later),
        KIT_TEST(other_refusals_are_translated),
        KIT_TEST(policy_protocol_resource),
        KIT_TEST(questions_of_our_own),
        KIT_TEST(an_inner_address_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
