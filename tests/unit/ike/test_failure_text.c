/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of ipsec_failure_text: the sentences about proposals that a user relies on.
 */
#include "explain.h"
#include "failure_kit.h"

static void init_07_key_length(void **state)
{
    (void)state;
    failure_refuse("aes256-sha256-modp2048", "aes128-sha256-modp2048", IKE,
                   IPSEC_PHASE_IKE_SA_INIT);
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
    failure_refuse("aes256-sha256-modp2048", "aes256-sha512-modp2048", IKE,
                   IPSEC_PHASE_IKE_SA_INIT);
    assert_says("integrity: here HMAC-SHA2-256-128, there HMAC-SHA2-512-256");
    assert_says("PRF: here PRF-HMAC-SHA2-256, there PRF-HMAC-SHA2-512");
    assert_silent_about("encryption: here");
}

static void init_07_group(void **state)
{
    (void)state;
    failure_refuse("aes256-sha256-modp2048", "aes256-sha256-ecp384", IKE, IPSEC_PHASE_IKE_SA_INIT);
    assert_says("Diffie-Hellman group: here MODP-2048 (group 14), there ECP-384 (group 20)");
    assert_says("on this gateway: ike = aes256-sha256-ecp384");
}

static void init_07_esn(void **state)
{
    (void)state;
    failure_refuse("aes256-sha256-esn", "aes256-sha256", ESP, IPSEC_PHASE_CHILD_CREATE);
    assert_says("No Child SA \"net\" with \"berlin\"");
    assert_says("extended sequence numbers: here ESN, there no ESN");
    assert_says("on this gateway: esp = aes256-sha256 or on the other: esp = aes256-sha256-esn");
}

static void init_07_aead_against_cbc(void **state)
{
    (void)state;
    failure_refuse("aes256gcm16", "aes256-sha256", ESP, IPSEC_PHASE_CHILD_CREATE);
    assert_says("encryption: here AES-GCM-16-256, there AES-CBC-256");
    assert_says("integrity: here none, there HMAC-SHA2-256-128 (an AEAD cipher has its own)");
    assert_says("on this gateway: esp = aes256-sha256 or on the other: esp = aes256gcm16");
}

static void init_07_nearest_of_several(void **state)
{
    (void)state;
    failure_refuse("aes256gcm16-prfsha384-ecp384,aes256-sha256-modp2048",
                   "3des-sha1-modp1024,aes128-aes192-sha256-modp2048-ecp256", IKE,
                   IPSEC_PHASE_IKE_SA_INIT);
    assert_says("Nearest: here aes256-sha256-modp2048, there aes128-aes192-sha256-modp2048-ecp256");
    assert_says("here AES-CBC-256, there AES-CBC-128 or AES-CBC-192 (key length)");
    assert_says("on this gateway: ike = aes128-sha256-modp2048");
}

static void init_07_weak_choice_is_called_weak(void **state)
{
    (void)state;
    failure_refuse("aes256-sha256-modp2048", "3des-sha1-modp1024", IKE, IPSEC_PHASE_IKE_SA_INIT);
    assert_says("on this gateway: ike = 3des-sha1-modp1024 (weak: rather change the other end)");
    assert_silent_about("aes256-sha256-modp2048 (weak");
}

static void init_16_unknown_transform_is_not_recommended(void **state)
{
    (void)state;
    failure_begin(IPSEC_CAUSE_NO_PROPOSAL, IPSEC_PHASE_IKE_SA_INIT, IPSEC_REFUSED_LOCAL);
    ours = kit_list("aes256-sha256-modp2048", IKE);
    theirs = kit_raw("1:999:256 2:5 3:12 4:14", IKE);
    f.ours = &ours;
    f.theirs = &theirs;
    f.theirs_cut = true;
    ipseci_explain(&f, NULL, 0);
    failure_show();
    assert_says("encryption: here AES-CBC-256, there ENCR 999-256");
    assert_says("and more");
    assert_silent_about("on this gateway:");
    assert_says("on the other: ike = aes256-sha256-modp2048");
}

static void init_29_unauthenticated_refusal_is_a_hint(void **state)
{
    (void)state;
    failure_refused("aes256-sha256-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
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
    failure_refuse("aes256-sha256-modp2048", "aes128-sha256-modp2048", IKE,
                   IPSEC_PHASE_IKE_SA_INIT);
    f.refused_by = IPSEC_REFUSED_PEER;
    f.initiator = true;
    failure_show();
    assert_says("There: ike = aes128-sha256-modp2048");
    assert_says("(key length)");
    assert_says("only a hint");
    assert_silent_about("did not say");
    assert_silent_about("our address");
}

static void lists_that_meet_and_are_refused_all_the_same(void **state)
{
    (void)state;
    failure_refuse("aes256-sha256-modp2048", "aes256-sha256-modp2048", IKE,
                   IPSEC_PHASE_IKE_SA_INIT);
    assert_says("Differs: no single value");
    f.refused_by = IPSEC_REFUSED_PEER;
    failure_show();
    assert_says("the peer has another reason");
    assert_silent_about("To do:");
}

static void rekey_pfs_on_here_off_there(void **state)
{
    (void)state;
    failure_refuse("aes256-sha256-modp2048", "aes256-sha256", ESP, IPSEC_PHASE_CHILD_REKEY);
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
    failure_refuse("aes256-sha256", "aes256-sha256-ecp256", ESP, IPSEC_PHASE_CHILD_REKEY);
    assert_says("PFS is off here and on there (ECP-256 (group 19))");
    assert_says("on this gateway: esp = aes256-sha256-ecp256");
}

static void rekey_pfs_with_other_groups(void **state)
{
    (void)state;
    failure_refuse("aes256-sha256-modp2048", "aes256-sha256-ecp256", ESP, IPSEC_PHASE_CHILD_CREATE);
    assert_says("PFS is on at both ends, with other groups");
    assert_says("the first child came up, and this one fails");
}

static void rekey_pfs_guessed_when_the_peer_is_silent_about_it(void **state)
{
    (void)state;
    failure_refused("aes256-sha256-modp2048", ESP, IPSEC_PHASE_CHILD_REKEY);
    assert_says("most likely PFS: on here (MODP-2048 (group 14)), and off or with another group "
                "there");
    assert_silent_about("hint");
    failure_refused("aes256-sha256", ESP, IPSEC_PHASE_CHILD_REKEY);
    assert_says("most likely PFS: off here, and the peer wants a group");
    failure_refused("aes256-sha256-modp2048", ESP, IPSEC_PHASE_CHILD_CREATE);
    assert_silent_about("PFS");
}

static void init_21_group_the_peer_wants(void **state)
{
    (void)state;
    failure_refused("aes256-sha256-modp2048", IKE, IPSEC_PHASE_IKE_SA_INIT);
    f.cause = IPSEC_CAUSE_KE_GROUP;
    f.notify = 17;
    ipseci_explain_group(&f, 20);
    failure_show();
    assert_says("[ke-group]");
    assert_says("INVALID_KE_PAYLOAD");
    assert_says("Diffie-Hellman group: here MODP-2048 (group 14), there ECP-384 (group 20)");
    assert_says("or on this gateway: add ecp384 to ike");
}

static void not_built_in_before_the_first_packet(void **state)
{
    (void)state;
    const struct ipsec_crypto_list crypto = {0};
    failure_begin(IPSEC_CAUSE_NOT_BUILT_IN, IPSEC_PHASE_START, IPSEC_REFUSED_NOBODY);
    ours = kit_list("chacha20poly1305", ESP);
    f.initiator = true;
    ipseci_explain_not_built_in(&f, &ours, &crypto, &built_in);
    built_in = kit_list("aes256-sha256", ESP);
    failure_show();
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
    failure_refuse("aes256gcm16-prfsha256-ecp256", "chacha20poly1305-prfsha256-ecp256", IKE,
                   IPSEC_PHASE_IKE_SA_INIT);
    ipseci_explain(&f, &configured, 0);
    failure_show();
    assert_says("CHACHA20-POLY1305 is configured here and offered there, but not built in here");
    assert_silent_about("on this gateway: ike");
    assert_says("on the other: ike = aes256gcm16-prfsha256-ecp256");
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
