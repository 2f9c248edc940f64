/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of ipsec_failure_text: the sentences a user relies on, and the limits of the page over
 * every combination of cause, phase, refuser and role.
 */
#include "choice.h"
#include "explain.h"
#include "ike_kit.h"

#include <ipsec/ike.h>

static char text[IPSEC_FAILURE_TEXT_MAX];
static struct ipsec_failure f;
static struct ipsec_proposals ours;
static struct ipsec_proposals theirs;
static struct ipsec_proposals built_in;
static struct ipsec_selectors selectors[4];
static struct ipsec_id ids[3];
static struct ipsec_peer peer = IPSEC_PEER_INIT;
static struct ipsec_child_config child = IPSEC_CHILD_CONFIG_INIT;

static struct ipsec_endpoint endpoint(const char *addr, uint16_t port)
{
    struct ipsec_endpoint e = {.port = port};
    assert_int_equal(ipsec_addr_parse(addr, &e.addr), IPSEC_OK);
    return e;
}

static void begin(enum ipsec_cause cause, enum ipsec_phase phase, enum ipsec_refuser refuser)
{
    memset(&f, 0, sizeof(f));
    peer.name = "berlin";
    child.name = "net";
    f.cause = cause;
    f.phase = phase;
    f.refused_by = refuser;
    f.peer = &peer;
    f.child = &child;
    f.local = endpoint("203.0.113.1", 500);
    f.remote = endpoint("198.51.100.2", 500);
}

static void show(void)
{
    memset(text, 0x7f, sizeof(text));
    ipsec_failure_text(&f, text, sizeof(text));
}

/* The text with line ends and indentation as single blanks, so that wrapping does not hide words.
 */
static const char *flat(void)
{
    static char out[IPSEC_FAILURE_TEXT_MAX];
    size_t n = 0;
    for (const char *c = text; *c != '\0'; c++) {
        const char now = *c == '\n' ? ' ' : *c;
        if (now != ' ' || (n > 0 && out[n - 1] != ' ')) {
            out[n++] = now;
        }
    }
    out[n] = '\0';
    return out;
}

#define assert_says(words)                                                                         \
    do {                                                                                           \
        if (strstr(flat(), words) == NULL) {                                                       \
            fail_msg("\"%s\" is not in:\n%s", words, text);                                        \
        }                                                                                          \
    } while (0)

#define assert_silent_about(words)                                                                 \
    do {                                                                                           \
        if (strstr(flat(), words) != NULL) {                                                       \
            fail_msg("\"%s\" is in:\n%s", words, text);                                            \
        }                                                                                          \
    } while (0)

/* A responder that refuses `b` with its own list `a`. */
static void refuse(const char *a, const char *b, enum ipsec_protocol protocol,
                   enum ipsec_phase phase)
{
    begin(IPSEC_CAUSE_NO_PROPOSAL, phase, IPSEC_REFUSED_LOCAL);
    ours = kit_list(a, protocol);
    theirs = kit_list(b, protocol);
    f.notify = 14;
    f.ours = &ours;
    f.theirs = &theirs;
    ipseci_explain(&f, NULL, 0);
    show();
}

/* An initiator that was refused and not told why. */
static void refused(const char *a, enum ipsec_protocol protocol, enum ipsec_phase phase)
{
    begin(IPSEC_CAUSE_NO_PROPOSAL, phase, IPSEC_REFUSED_PEER);
    ours = kit_list(a, protocol);
    f.initiator = true;
    f.authenticated = phase != IPSEC_PHASE_IKE_SA_INIT;
    f.notify = 14;
    f.ours = &ours;
    ipseci_explain(&f, NULL, 0);
    show();
}

/* ---- proposals ---------------------------------------------------------------------------------
 */

static void init_07_key_length(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "aes128-sha256-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
    assert_says(
        "No IKE SA with \"berlin\" (198.51.100.2:500): no proposal in common [no-proposal]");
    assert_says("Phase: IKE_SA_INIT");
    assert_says("; the peer asked");
    assert_says("Refused by: us, this gateway; we told the peer NO_PROPOSAL_CHOSEN");
    assert_says("Here: ike = aes256-sha256-modp2048 There: ike = aes128-sha256-modp2048");
    assert_says("Differs: encryption: here AES-CBC-256, there AES-CBC-128 (key length)");
    assert_says("on this gateway: ike = aes128-sha256-modp2048 or on the other: ike = "
                "aes256-sha256-modp2048");
    assert_says("lifetimes are local in IKEv2, never negotiated, and never the reason");
    assert_silent_about("PFS");
    assert_silent_about("Nearest");
    assert_silent_about("hint");
}

static void init_07_integrity_and_prf(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "aes256-sha512-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
    assert_says("integrity: here HMAC-SHA2-256-128, there HMAC-SHA2-512-256");
    assert_says("PRF: here PRF-HMAC-SHA2-256, there PRF-HMAC-SHA2-512");
    assert_silent_about("encryption: here");
}

static void init_07_group(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "aes256-sha256-ecp384", IKE, IPSEC_PHASE_IKE_SA_INIT);
    assert_says("Diffie-Hellman group: here MODP-2048 (group 14), there ECP-384 (group 20)");
    assert_says("on this gateway: ike = aes256-sha256-ecp384");
}

static void init_07_esn(void **state)
{
    (void)state;
    refuse("aes256-sha256-esn", "aes256-sha256", ESP, IPSEC_PHASE_CHILD_CREATE);
    assert_says("No Child SA \"net\" with \"berlin\"");
    assert_says("extended sequence numbers: here ESN, there no ESN");
    assert_says("on this gateway: esp = aes256-sha256 or on the other: esp = aes256-sha256-esn");
}

static void init_07_aead_against_cbc(void **state)
{
    (void)state;
    refuse("aes256gcm16", "aes256-sha256", ESP, IPSEC_PHASE_CHILD_CREATE);
    assert_says("encryption: here AES-GCM-16-256, there AES-CBC-256");
    assert_says("integrity: here none, there HMAC-SHA2-256-128 (an AEAD cipher has its own)");
    assert_says("on this gateway: esp = aes256-sha256 or on the other: esp = aes256gcm16");
}

static void init_07_nearest_of_several(void **state)
{
    (void)state;
    refuse("aes256gcm16-prfsha384-ecp384,aes256-sha256-modp2048",
           "3des-sha1-modp1024,aes128-aes192-sha256-modp2048-ecp256", IKE, IPSEC_PHASE_IKE_SA_INIT);
    assert_says("Nearest: here aes256-sha256-modp2048, there aes128-aes192-sha256-modp2048-ecp256");
    assert_says("here AES-CBC-256, there AES-CBC-128 or AES-CBC-192 (key length)");
    assert_says("on this gateway: ike = aes128-sha256-modp2048");
}

static void init_07_weak_choice_is_called_weak(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "3des-sha1-modp1024", IKE, IPSEC_PHASE_IKE_SA_INIT);
    assert_says("on this gateway: ike = 3des-sha1-modp1024 (weak: rather change the other end)");
    assert_silent_about("aes256-sha256-modp2048 (weak");
}

static void init_16_unknown_transform_is_not_recommended(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_NO_PROPOSAL, IPSEC_PHASE_IKE_SA_INIT, IPSEC_REFUSED_LOCAL);
    ours = kit_list("aes256-sha256-modp2048", IKE);
    theirs = kit_raw("1:999:256 2:5 3:12 4:14", IKE);
    f.ours = &ours;
    f.theirs = &theirs;
    f.theirs_cut = true;
    ipseci_explain(&f, NULL, 0);
    show();
    assert_says("encryption: here AES-CBC-256, there ENCR 999-256");
    assert_says("and more");
    assert_silent_about("on this gateway:");
    assert_says("on the other: ike = aes256-sha256-modp2048");
}

static void init_29_unauthenticated_refusal_is_a_hint(void **state)
{
    (void)state;
    refused("aes256-sha256-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
    assert_says("; we asked");
    assert_says("Refused by: the peer, with NO_PROPOSAL_CHOSEN; only a hint (not authenticated: "
                "anyone on the path could have sent it)");
    assert_says("There: the peer did not say");
    assert_says("on the other: ike = aes256-sha256-modp2048");
    assert_says("nothing is configured there for our address 203.0.113.1:500");
}

static void init_07_peer_tells_its_list(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "aes128-sha256-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
    f.refused_by = IPSEC_REFUSED_PEER;
    f.initiator = true;
    show();
    assert_says("There: ike = aes128-sha256-modp2048");
    assert_says("(key length)");
    assert_says("only a hint");
    assert_silent_about("did not say");
    assert_silent_about("our address");
}

static void lists_that_meet_and_are_refused_all_the_same(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "aes256-sha256-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
    assert_says("Differs: no single value");
    f.refused_by = IPSEC_REFUSED_PEER;
    show();
    assert_says("the peer has another reason");
    assert_silent_about("To do:");
}

static void rekey_pfs_on_here_off_there(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "aes256-sha256", ESP, IPSEC_PHASE_CHILD_REKEY);
    assert_says("Rekey failed of Child SA \"net\" with \"berlin\"");
    assert_says("PFS is on here (MODP-2048 (group 14)) and off there");
    assert_says("negotiated only at a rekey");
    assert_says("the tunnel came up, and its rekey fails");
    assert_says("on this gateway: esp = aes256-sha256 or on the other: esp = "
                "aes256-sha256-modp2048");
    assert_says("the SA stays up on its present keys until its hard lifetime");
}

static void rekey_pfs_off_here_on_there(void **state)
{
    (void)state;
    refuse("aes256-sha256", "aes256-sha256-ecp256", ESP, IPSEC_PHASE_CHILD_REKEY);
    assert_says("PFS is off here and on there (ECP-256 (group 19))");
    assert_says("on this gateway: esp = aes256-sha256-ecp256");
}

static void rekey_pfs_with_other_groups(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "aes256-sha256-ecp256", ESP, IPSEC_PHASE_CHILD_CREATE);
    assert_says("PFS is on at both ends, with other groups");
    assert_says("the first child came up, and this one fails");
}

static void rekey_pfs_guessed_when_the_peer_is_silent_about_it(void **state)
{
    (void)state;
    refused("aes256-sha256-modp2048", ESP, IPSEC_PHASE_CHILD_REKEY);
    assert_says("most likely PFS: on here (MODP-2048 (group 14)), and off or with another group "
                "there");
    assert_silent_about("hint");
    refused("aes256-sha256", ESP, IPSEC_PHASE_CHILD_REKEY);
    assert_says("most likely PFS: off here, and the peer wants a group");
    refused("aes256-sha256-modp2048", ESP, IPSEC_PHASE_CHILD_CREATE);
    assert_silent_about("PFS");
}

static void init_21_group_the_peer_wants(void **state)
{
    (void)state;
    refused("aes256-sha256-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
    f.cause = IPSEC_CAUSE_KE_GROUP;
    f.notify = 17;
    ipseci_explain_group(&f, 20);
    show();
    assert_says("[ke-group]");
    assert_says("INVALID_KE_PAYLOAD");
    assert_says("Diffie-Hellman group: here MODP-2048 (group 14), there ECP-384 (group 20)");
    assert_says("or on this gateway: add ecp384 to ike");
}

static void not_built_in_before_the_first_packet(void **state)
{
    (void)state;
    const struct ipsec_crypto_list crypto = {0};
    begin(IPSEC_CAUSE_NOT_BUILT_IN, IPSEC_PHASE_START, IPSEC_REFUSED_NOBODY);
    ours = kit_list("chacha20poly1305", ESP);
    f.initiator = true;
    ipseci_explain_not_built_in(&f, &ours, &crypto, &built_in);
    built_in = kit_list("aes256-sha256", ESP);
    show();
    assert_says("Nothing was started with \"berlin\"");
    assert_says("Refused by: nobody: nothing was sent");
    assert_says("Here: esp = chacha20poly1305");
    assert_says("Missing: encryption: CHACHA20-POLY1305 is configured, but not built in here");
    assert_says("Built in: esp = aes256-sha256");
    assert_says("build with a crypto provider that has it");
    assert_silent_about("There:");
    assert_silent_about("we asked");
}

static void not_built_in_is_the_difference(void **state)
{
    (void)state;
    const struct ipsec_proposals configured =
        kit_list("chacha20poly1305-aes256gcm16-prfsha256-ecp256", IKE);
    refuse("aes256gcm16-prfsha256-ecp256", "chacha20poly1305-prfsha256-ecp256", IKE,
           IPSEC_PHASE_IKE_SA_INIT);
    ipseci_explain(&f, &configured, 0);
    show();
    assert_says("CHACHA20-POLY1305 is configured here and offered there, but not built in here");
    assert_silent_about("on this gateway: ike");
    assert_says("on the other: ike = aes256gcm16-prfsha256-ecp256");
}

/* ---- selectors ---------------------------------------------------------------------------------
 */

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
    show();
}

static void ts_09_one_side_does_not_overlap(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_SELECTORS, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_LOCAL);
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
    begin(IPSEC_CAUSE_SELECTORS, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_LOCAL);
    set_selectors(
        (const char *const[]){"192.168.1.0/24", "192.168.2.0/24", "10.1.0.0/16", "10.2.0.0/16"});
    assert_says("local_ts here (192.168.1.0/24) does not overlap remote_ts there (10.1.0.0/16)");
    assert_says("remote_ts here (192.168.2.0/24) does not overlap local_ts there (10.2.0.0/16)");
    assert_says("and: on this gateway: remote_ts = 10.2.0.0/16");
}

static void ts_09_peer_did_not_say(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_SELECTORS, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_PEER);
    set_selectors((const char *const[]){"192.168.1.0/24", "192.168.2.0/24", NULL, NULL});
    assert_says("There: the peer did not say");
    assert_says("on the other: local_ts = 192.168.2.0/24 on the other: remote_ts = 192.168.1.0/24");
}

static void ts_11_sides_overlap_and_are_refused(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_SELECTORS, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_PEER);
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
    show();
}

static void auth_07_wrong_secret_at_the_responder(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_AUTHENTICATION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
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
    begin(IPSEC_CAUSE_AUTHENTICATION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_PEER);
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
    begin(IPSEC_CAUSE_AUTHENTICATION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.initiator = true;
    set_ids("a.example.net", "b.example.net", "any");
    assert_says("and expect any identity");
    assert_says("another machine than the meant one answered");
}

static void auth_09_no_secret_here(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_AUTHENTICATION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.status = IPSEC_ERR_NOT_FOUND;
    set_ids("a.example.net", "b.example.net", NULL);
    assert_says("no secret is configured here for this pair of identities");
    assert_silent_about("does not verify");
}

static void identity_expected_and_received(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_IDENTITY, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    set_ids("a.example.net", "b.example.net", "c@example.net");
    assert_says("expected is \"c@example.net\", received was \"b.example.net\"");
    assert_says("on this gateway: remote_id = b.example.net");
    assert_says("or on the other: local_id = c@example.net");
    f.refused_by = IPSEC_REFUSED_PEER;
    show();
    assert_says("the peer does not accept us as \"a.example.net\"");
    assert_says("on the other: remote_id = a.example.net");
}

static void peer_octets_are_escaped(void **state)
{
    (void)state;
    static const char evil[] = "x\n\033[31m\"$(reboot)\x80";
    begin(IPSEC_CAUSE_IDENTITY, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    set_ids("a.example.net", "b.example.net", "c.example.net");
    ids[1] = (struct ipsec_id){.type = IPSEC_ID_FQDN, .length = sizeof(evil) - 1};
    memcpy(ids[1].bytes, evil, sizeof(evil) - 1);
    show();
    for (const char *c = text; *c != '\0'; c++) {
        assert_true(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
    }
    assert_says("x\\x0a\\x1b[31m\"$(reboot)\\x80");
}

static void no_connection_here(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_NO_CONNECTION, IPSEC_PHASE_IKE_SA_INIT, IPSEC_REFUSED_LOCAL);
    f.peer = NULL;
    show();
    assert_says("No IKE SA with 198.51.100.2:500: no connection is configured for it");
    assert_says("nothing is configured here for a peer at 198.51.100.2:500");
    assert_says("a site with remote = 198.51.100.2 (or any)");
    f.phase = IPSEC_PHASE_IKE_AUTH;
    set_ids("a.example.net", "b.example.net", NULL);
    assert_says("that says it is \"b.example.net\" and asks for \"a.example.net\"");
    assert_says("and remote_id = b.example.net");
}

static void no_connection_there(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_NO_CONNECTION, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_PEER);
    set_ids("a.example.net", NULL, NULL);
    assert_says("the peer has nothing configured for us at 203.0.113.1:500 as \"a.example.net\"");
    assert_says("on the other: remote = 203.0.113.1, remote_id = a.example.net");
}

/* ---- silence and the rest ----------------------------------------------------------------------
 */

static void silence_from_the_first_packet(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_SILENT_PEER, IPSEC_PHASE_IKE_SA_INIT, IPSEC_REFUSED_NOBODY);
    f.initiator = true;
    f.attempts = 6;
    f.duration_ms = 76500;
    show();
    assert_says("Refused by: nobody");
    assert_says("6 datagrams in 76 seconds to 198.51.100.2:500, and not one answer");
    assert_says("UDP 500 and 4500");
    assert_says("is the other gateway running");
    assert_says("the peer may drop on purpose: is our address 203.0.113.1:500 configured there?");
    f.attempts = 1;
    f.duration_ms = 1000;
    show();
    assert_says("1 datagram in 1 second to");
}

static void silence_at_ike_auth(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_SILENT_PEER, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_NOBODY);
    f.initiator = true;
    f.attempts = 6;
    f.duration_ms = 76500;
    f.remote = endpoint("2001:db8::2", 4500);
    show();
    assert_says("[2001:db8::2]:4500");
    assert_says("IKE_SA_INIT was answered: the peer runs, and UDP 500 works");
    assert_says("pass UDP 4500");
    assert_says("IP fragments");
    assert_says("some peers drop it in silence when the identity or the secret is wrong");
    f.initiator = false;
    f.duration_ms = 30000;
    show();
    assert_says("did not go on with IKE_AUTH within 30 seconds");
}

static void silence_later(void **state)
{
    (void)state;
    static const enum ipsec_phase phases[] = {IPSEC_PHASE_CHILD_CREATE, IPSEC_PHASE_CHILD_REKEY,
                                              IPSEC_PHASE_IKE_REKEY, IPSEC_PHASE_ESTABLISHED};
    for (size_t i = 0; i < IPSECI_COUNT(phases); i++) {
        begin(IPSEC_CAUSE_SILENT_PEER, phases[i], IPSEC_REFUSED_NOBODY);
        show();
        assert_says("the peer has answered before on this IKE SA");
        assert_silent_about("stays up");
    }
    assert_says("IKE SA lost with \"berlin\"");
}

static void other_refusals_are_translated(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_PEER_REFUSED, IPSEC_PHASE_CHILD_CREATE, IPSEC_REFUSED_PEER);
    f.authenticated = true;
    f.notify = 35;
    show();
    assert_says("NO_ADDITIONAL_SAS: it takes no further Child SAs on this IKE SA");
    f.notify = 1234;
    show();
    assert_says("the peer answers notify 1234");
    assert_says("the log of the other end says why");
}

static void policy_protocol_resource(void **state)
{
    (void)state;
    begin(IPSEC_CAUSE_POLICY, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.status = IPSEC_ERR_FORBIDDEN;
    show();
    assert_says("the policy of this gateway forbids it: ");
    assert_says(ipsec_status_text(IPSEC_ERR_FORBIDDEN));
    begin(IPSEC_CAUSE_PROTOCOL, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.status = IPSEC_DROP_PAYLOADS;
    show();
    assert_says("a message of the peer breaks the rules of RFC 7296: ");
    assert_says(ipsec_status_text(IPSEC_DROP_PAYLOADS));
    begin(IPSEC_CAUSE_RESOURCE, IPSEC_PHASE_IKE_AUTH, IPSEC_REFUSED_LOCAL);
    f.status = IPSEC_ERR_FULL;
    show();
    assert_says("sa_max, child_max, handshake_max");
    f.status = IPSEC_ERR_RANDOM;
    show();
    assert_says("the random source of the crypto provider fails");
    f.status = IPSEC_FATAL_CRYPTO;
    show();
    assert_says("ipsec_crypto_self_test");
    f.status = IPSEC_ERR_MEMORY;
    show();
    assert_says("more memory");
}

/* ---- limits ------------------------------------------------------------------------------------
 */

enum amount { NOTHING, USUAL, MOST, AMOUNTS };

static void fill_id(struct ipsec_id *id, enum amount amount)
{
    memset(id, 0, sizeof(*id));
    id->type = IPSEC_ID_FQDN;
    id->length = amount == MOST ? IPSEC_ID_BYTES_MAX : 5;
    memset(id->bytes, amount == MOST ? 0x01 : 'a', sizeof(id->bytes));
}

static void fill_selectors(struct ipsec_selectors *list, unsigned seed, enum amount amount)
{
    list->count = amount == MOST ? IPSEC_SELECTORS_MAX : 1;
    for (uint32_t i = 0; i < list->count; i++) {
        struct ipsec_selector *s = &list->item[i];
        memset(s, 0, sizeof(*s));
        s->family = amount == MOST ? IPSEC_FAMILY_IPV6 : IPSEC_FAMILY_IPV4;
        s->protocol = 250;
        s->port_first = 10001;
        s->port_last = 60001;
        memset(s->first, (int)(0x20 + 8 * seed + i), sizeof(s->first));
        memcpy(s->last, s->first, sizeof(s->last));
        s->last[3]++;
    }
}

static void fill_lists(enum amount amount, enum ipsec_protocol protocol)
{
    if (amount == USUAL) {
        ours = kit_list(protocol == IKE ? "aes256-sha256-modp2048" : "aes256-sha256", protocol);
        theirs =
            kit_list(protocol == IKE ? "aes128-sha512-ecp256" : "aes256-sha256-modp2048", protocol);
        return;
    }
    memset(&ours, 0, sizeof(ours));
    ours.count = IPSEC_PROPOSALS_MAX;
    for (unsigned i = 0; i < IPSEC_PROPOSALS_MAX; i++) {
        ours.item[i].protocol = (uint8_t)protocol;
        ours.item[i].transform_count = IPSEC_PROPOSAL_TRANSFORMS_MAX;
        for (unsigned k = 0; k < IPSEC_PROPOSAL_TRANSFORMS_MAX; k++) {
            ours.item[i].transform[k] =
                (struct ipsec_transform){(uint8_t)(1 + k % 8), (uint16_t)(60000 + k), 65535};
        }
    }
    theirs = ours;
    for (unsigned i = 0; i < IPSEC_PROPOSALS_MAX; i++) {
        for (unsigned k = 0; k < IPSEC_PROPOSAL_TRANSFORMS_MAX; k++) {
            theirs.item[i].transform[k].id -= 10000;
        }
    }
}

static void fill_names(enum amount amount)
{
    static const char longest[] =
        "\001\002\003\004\005\006\007\010a long name of a configured peer, "
        "longer than any line of the page could ever hold it, truly long";
    peer.name = amount == MOST ? longest : "berlin";
    child.name = amount == MOST ? longest : NULL;
    if (amount == MOST) {
        f.local = endpoint("2001:db8:1111:2222:3333:4444:5555:6666", 65535);
        f.remote = endpoint("2001:db8:1111:2222:3333:4444:5555:7777", 65535);
        f.attempts = UINT32_MAX;
        f.duration_ms = UINT64_MAX;
        f.notify = 65535;
        f.status = IPSEC_FATAL_INVARIANT;
        f.theirs_cut = true;
    }
}

static void fill_all(enum amount amount)
{
    const bool esp = f.phase == IPSEC_PHASE_CHILD_CREATE || f.phase == IPSEC_PHASE_CHILD_REKEY;
    if (amount == NOTHING) {
        f.peer = NULL;
        f.child = NULL;
        memset(&f.local, 0, sizeof(f.local));
        memset(&f.remote, 0, sizeof(f.remote));
        return;
    }
    fill_names(amount);
    fill_lists(amount, esp ? ESP : IKE);
    f.ours = &ours;
    f.theirs = &theirs;
    f.built_in = &ours;
    ipseci_explain(&f, NULL, 0);
    for (unsigned i = 0; i < 3; i++) {
        fill_id(&ids[i], amount);
    }
    f.our_id = &ids[0];
    f.their_id = &ids[1];
    f.expected_id = &ids[2];
    for (unsigned i = 0; i < 4; i++) {
        fill_selectors(&selectors[i], i, amount);
    }
    f.our_local_ts = &selectors[0];
    f.our_remote_ts = &selectors[1];
    f.their_local_ts = &selectors[2];
    f.their_remote_ts = &selectors[3];
}

static void assert_page(void)
{
    size_t lines = 1;
    size_t column = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n') {
            assert_true(column > 0); /* no empty line */
            lines++;
            column = 0;
            continue;
        }
        assert_true(*c >= 0x20 && *c <= 0x7e);
        column++;
        if (column > 100) {
            fail_msg("more than 100 columns in:\n%s", text);
        }
    }
    if (lines > 24) {
        fail_msg("more than 24 lines:\n%s", text);
    }
}

static void every_combination_fits_the_page(void **state)
{
    (void)state;
    unsigned count = 0;
    for (int cause = 1; cause <= IPSEC_CAUSE_PEER_REFUSED; cause++) {
        for (int phase = 0; phase <= IPSEC_PHASE_ESTABLISHED; phase++) {
            for (int variant = 0; variant < 3 * 2 * AMOUNTS; variant++) {
                begin((enum ipsec_cause)cause, (enum ipsec_phase)phase,
                      (enum ipsec_refuser)(variant % 3));
                f.initiator = variant / 3 % 2 != 0;
                fill_all((enum amount)(variant / 6));
                show();
                assert_page();
                assert_non_null(strchr(text, '['));
                assert_non_null(strstr(flat(), ipsec_cause_name((enum ipsec_cause)cause)));
                assert_says("Refused by: ");
                wire_test_free(state);
                count++;
            }
        }
    }
    assert_int_equal(count, 12 * 7 * 18);
}

/* What to do must not fall off the page, however long the lists are. */
static void advice_survives_the_longest_lists(void **state)
{
    (void)state;
    for (int phase = IPSEC_PHASE_IKE_SA_INIT; phase <= IPSEC_PHASE_IKE_REKEY; phase++) {
        begin(IPSEC_CAUSE_NO_PROPOSAL, (enum ipsec_phase)phase, IPSEC_REFUSED_LOCAL);
        fill_all(MOST);
        ours.item[0] = kit_raw("1:12:256 2:5 3:12 4:14 5:0", ours.item[0].protocol).item[0];
        ipseci_explain(&f, NULL, 0);
        show();
        assert_page();
        assert_says("To do:");
        assert_says("lifetimes are local");
    }
}

static void small_buffers_are_kept(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "aes128-sha256-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
    for (size_t capacity = 0; capacity < 800; capacity += 7) {
        memset(text, 0x7f, sizeof(text));
        ipsec_failure_text(&f, text, capacity);
        assert_true(capacity == 0 || strlen(text) < capacity);
        assert_int_equal(text[capacity], 0x7f);
    }
    ipsec_failure_text(NULL, text, sizeof(text));
    assert_string_equal(text, "");
}

static void numbers_out_of_range_are_survived(void **state)
{
    (void)state;
    refuse("aes256-sha256-modp2048", "aes128-sha256-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
    f.diff_count = UINT32_MAX;
    f.nearest_ours = UINT32_MAX;
    f.nearest_theirs = UINT32_MAX;
    ours.count = UINT32_MAX;
    f.cause = (enum ipsec_cause)77;
    f.phase = (enum ipsec_phase)77;
    f.refused_by = (enum ipsec_refuser)77;
    show();
    assert_page();
    f.cause = IPSEC_CAUSE_NO_PROPOSAL;
    ours.count = 1;
    show();
    assert_page();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(init_07_key_length),
        KIT_TEST(init_07_integrity_and_prf),
        KIT_TEST(init_07_group),
        KIT_TEST(init_07_esn),
        KIT_TEST(init_07_aead_against_cbc),
        KIT_TEST(init_07_nearest_of_several),
        KIT_TEST(init_07_weak_choice_is_called_weak),
        KIT_TEST(init_16_unknown_transform_is_not_recommended),
        KIT_TEST(init_29_unauthenticated_refusal_is_a_hint),
        KIT_TEST(init_07_peer_tells_its_list),
        KIT_TEST(lists_that_meet_and_are_refused_all_the_same),
        KIT_TEST(rekey_pfs_on_here_off_there),
        KIT_TEST(rekey_pfs_off_here_on_there),
        KIT_TEST(rekey_pfs_with_other_groups),
        KIT_TEST(rekey_pfs_guessed_when_the_peer_is_silent_about_it),
        KIT_TEST(init_21_group_the_peer_wants),
        KIT_TEST(not_built_in_before_the_first_packet),
        KIT_TEST(not_built_in_is_the_difference),
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
        KIT_TEST(every_combination_fits_the_page),
        KIT_TEST(advice_survives_the_longest_lists),
        KIT_TEST(small_buffers_are_kept),
        KIT_TEST(numbers_out_of_range_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
