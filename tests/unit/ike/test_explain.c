/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/explain.h.
 */
#include "choice.h"
#include "explain.h"
#include "ike_kit.h"

static struct ipsec_failure failure;
static struct ipsec_proposals ours;
static struct ipsec_proposals theirs;

static void explain_lists(uint32_t flags)
{
    memset(&failure, 0xaa, sizeof(failure));
    failure.ours = &ours;
    failure.theirs = &theirs;
    ipseci_explain(&failure, NULL, flags);
}

static void explain(const char *a, const char *b, enum ipsec_protocol protocol)
{
    ours = kit_list(a, protocol);
    theirs = kit_list(b, protocol);
    explain_lists(0);
}

static void assert_diff(uint32_t index, uint8_t type, enum ipsec_diff_kind kind, int our_id,
                        int their_id)
{
    assert_true(index < failure.diff_count);
    const struct ipsec_diff *d = &failure.diff[index];
    assert_int_equal(d->type, type);
    assert_int_equal(d->kind, kind);
    assert_int_equal(d->ours.type, our_id < 0 ? 0 : type);
    assert_int_equal(d->theirs.type, their_id < 0 ? 0 : type);
    assert_int_equal(d->ours.id, our_id < 0 ? 0 : our_id);
    assert_int_equal(d->theirs.id, their_id < 0 ? 0 : their_id);
}

static void key_length(void **state)
{
    (void)state;
    explain("aes256-sha256-modp2048", "aes128-sha256-modp2048", IKE);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_ENCR, IPSEC_DIFF_KEY_LENGTH, 12, 12);
    assert_int_equal(failure.diff[0].ours.key_bits, 256);
    assert_int_equal(failure.diff[0].theirs.key_bits, 128);
}

static void key_length_of_the_shared_cipher(void **state)
{
    (void)state;
    explain("aes256ctr-aes256-sha256-modp2048", "3des-aes128-sha256-modp2048", IKE);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_ENCR, IPSEC_DIFF_KEY_LENGTH, 12, 12);
}

static void integrity_takes_the_prf_along(void **state)
{
    (void)state;
    explain("aes256-sha256-modp2048", "aes256-sha512-modp2048", IKE);
    assert_int_equal(failure.diff_count, 2);
    assert_diff(0, IPSEC_TRANSFORM_INTEG, IPSEC_DIFF_NO_OVERLAP, 12, 14);
    assert_diff(1, IPSEC_TRANSFORM_PRF, IPSEC_DIFF_NO_OVERLAP, 5, 7);
}

static void prf_alone(void **state)
{
    (void)state;
    explain("aes256gcm16-prfsha256-ecp256", "aes256gcm16-prfsha384-ecp256", IKE);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_PRF, IPSEC_DIFF_NO_OVERLAP, 5, 6);
}

static void group(void **state)
{
    (void)state;
    explain("aes256-sha256-modp2048", "aes256-sha256-ecp384", IKE);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_KE, IPSEC_DIFF_NO_OVERLAP, 14, 20);
}

static void pfs_on_one_side(void **state)
{
    (void)state;
    explain("aes256-sha256-modp2048", "aes256-sha256", ESP);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_KE, IPSEC_DIFF_ONLY_OURS, 14, -1);
    explain("aes256-sha256", "aes256-sha256-modp2048", ESP);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_KE, IPSEC_DIFF_ONLY_THEIRS, -1, 14);
    /* The first child compares no groups. */
    explain_lists(IPSECI_CHOICE_NO_KE);
    assert_int_equal(failure.diff_count, 0);
}

static void none_counts_as_left_out(void **state)
{
    (void)state;
    ours = kit_list("aes256-sha256", ESP);
    theirs = kit_raw("1:12:256 3:12 4:14 4:0 5:0 6:35 6:0", ESP);
    explain_lists(0);
    assert_int_equal(failure.diff_count, 0);
    theirs = kit_raw("1:12:256 3:12 4:0 5:0", ESP);
    ours = kit_list("aes256-sha256-modp2048", ESP);
    explain_lists(0);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_KE, IPSEC_DIFF_ONLY_OURS, 14, -1);
}

static void esn(void **state)
{
    (void)state;
    explain("aes256-sha256-esn", "aes256-sha256", ESP);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_ESN, IPSEC_DIFF_NO_OVERLAP, 1, 0);
    theirs = kit_raw("1:12:256 3:12", ESP); /* CHILD-06 */
    explain_lists(0);
    assert_diff(0, IPSEC_TRANSFORM_ESN, IPSEC_DIFF_ONLY_OURS, 1, -1);
}

static void aead_against_cipher_and_mac(void **state)
{
    (void)state;
    explain("aes256gcm16", "aes256-sha256", ESP);
    assert_int_equal(failure.diff_count, 2);
    assert_diff(0, IPSEC_TRANSFORM_ENCR, IPSEC_DIFF_NO_OVERLAP, 20, 12);
    assert_diff(1, IPSEC_TRANSFORM_INTEG, IPSEC_DIFF_ONLY_THEIRS, -1, 12);
    explain("aes256-sha256", "aes256gcm16", ESP);
    assert_diff(1, IPSEC_TRANSFORM_INTEG, IPSEC_DIFF_ONLY_OURS, 12, -1);
}

static void further_key_exchange_and_unknown_type(void **state)
{
    (void)state;
    ours = kit_list("aes256-sha256-modp2048", IKE);
    theirs = kit_raw("1:12:256 2:5 3:12 4:14 6:35", IKE);
    explain_lists(0);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_ADDKE1, IPSEC_DIFF_ONLY_THEIRS, -1, 35);
    theirs = kit_raw("1:12:256 2:5 3:12 4:14 200:1", IKE);
    explain_lists(0);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, 200, IPSEC_DIFF_ONLY_THEIRS, -1, 1);
}

static void everything_differs_within_the_limit(void **state)
{
    (void)state;
    ours = kit_raw("1:12:256 2:5 3:12 4:14 5:0 6:35 7:36", IKE);
    theirs = kit_raw("1:20:256 2:7 3:14 4:20 5:1 6:1 7:1 8:1 9:1 10:1 11:1 12:1 99:1", IKE);
    explain_lists(0);
    assert_int_equal(failure.diff_count, IPSEC_DIFF_MAX);
}

static void nearest_pair_has_the_fewest_differences(void **state)
{
    (void)state;
    explain("aes256gcm16-prfsha384-ecp384,aes256-sha256-modp2048",
            "3des-sha1-modp1024,aes128-sha512-modp2048,aes256-sha256-ecp256", IKE);
    assert_int_equal(failure.nearest_ours, 1);
    assert_int_equal(failure.nearest_theirs, 2);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_KE, IPSEC_DIFF_NO_OVERLAP, 14, 19);
}

static void ties_go_to_the_first(void **state)
{
    (void)state;
    explain("aes256-sha256-modp2048,aes256-sha256-ecp256",
            "aes128-sha256-modp2048,aes128-sha256-ecp256", IKE);
    assert_int_equal(failure.nearest_ours, 0);
    assert_int_equal(failure.nearest_theirs, 0);
}

static void another_protocol_is_no_pair(void **state)
{
    (void)state;
    ours = kit_list("aes256-sha256", ESP);
    theirs = ours;
    theirs.item[0].protocol = IPSEC_PROTOCOL_AH;
    explain_lists(0);
    assert_int_equal(failure.diff_count, 0);
}

static void lists_that_match_have_no_difference(void **state)
{
    (void)state;
    explain("aes256-aes128-sha256-modp2048", "aes128-sha256-sha512-ecp256-modp2048", IKE);
    assert_int_equal(failure.diff_count, 0);
}

static void lists_that_are_not_known(void **state)
{
    (void)state;
    ours = kit_list("aes256-sha256-modp2048", IKE);
    memset(&failure, 0xaa, sizeof(failure));
    failure.ours = &ours;
    failure.theirs = NULL;
    ipseci_explain(&failure, NULL, 0);
    assert_int_equal(failure.diff_count, 0);
    assert_int_equal(failure.nearest_ours, 0);
    failure.ours = NULL;
    failure.theirs = &ours;
    ipseci_explain(&failure, NULL, 0);
    assert_int_equal(failure.diff_count, 0);
    const struct ipsec_proposals empty = {0};
    failure.ours = &empty;
    ipseci_explain(&failure, NULL, 0);
    assert_int_equal(failure.diff_count, 0);
}

static void not_built_in(void **state)
{
    (void)state;
    const struct ipsec_proposals configured =
        kit_list("chacha20poly1305-aes256gcm16-prfsha256-curve25519-ecp256", IKE);
    ours = kit_list("aes256gcm16-prfsha256-curve25519-ecp256", IKE);
    theirs = kit_list("chacha20poly1305-prfsha256-ecp256", IKE);
    failure.ours = &ours;
    failure.theirs = &theirs;
    ipseci_explain(&failure, &configured, 0);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_ENCR, IPSEC_DIFF_NOT_BUILT_IN, 28, 28);
    /* What nobody configured stays an ordinary difference. */
    ipseci_explain(&failure, &ours, 0);
    assert_diff(0, IPSEC_TRANSFORM_ENCR, IPSEC_DIFF_NO_OVERLAP, 20, 28);
}

static bool only_aes(void *context, enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    (void)context;
    (void)bits;
    return type != IPSEC_TRANSFORM_ENCR || id == IPSEC_ENCR_AES_CBC;
}

static void not_built_in_at_the_start(void **state)
{
    (void)state;
    const struct ipsec_crypto provider = {
        .size = sizeof(provider), .name = "toy", .supports = only_aes};
    const struct ipsec_crypto *items[] = {&provider};
    const struct ipsec_crypto_list crypto = {items, 1};
    struct ipsec_proposals built_in;
    ours = kit_list("aes256gcm16,chacha20poly1305,aes256gcm16-modp2048", ESP);
    memset(&failure, 0, sizeof(failure));
    ipseci_explain_not_built_in(&failure, &ours, &crypto, &built_in);
    assert_int_equal(failure.diff_count, 2); /* each once */
    assert_ptr_equal(failure.ours, &ours);
    assert_ptr_equal(failure.built_in, &built_in);
    assert_diff(0, IPSEC_TRANSFORM_ENCR, IPSEC_DIFF_NOT_BUILT_IN, 20, -1);
    assert_diff(1, IPSEC_TRANSFORM_ENCR, IPSEC_DIFF_NOT_BUILT_IN, 28, -1);
    assert_int_equal(built_in.count, 1);
    assert_int_equal(built_in.item[0].protocol, ESP);
    assert_int_equal(built_in.item[0].transform[0].id, IPSEC_ENCR_AES_CBC);
}

static void init_21_group_named_by_the_peer(void **state)
{
    (void)state;
    ours = kit_list("aes256-sha256-modp2048-ecp256", IKE);
    memset(&failure, 0, sizeof(failure));
    failure.ours = &ours;
    ipseci_explain_group(&failure, 19); /* one of ours: nothing to tell */
    assert_int_equal(failure.diff_count, 0);
    ipseci_explain_group(&failure, 0);
    assert_int_equal(failure.diff_count, 0);
    ipseci_explain_group(&failure, 20);
    assert_int_equal(failure.diff_count, 1);
    assert_diff(0, IPSEC_TRANSFORM_KE, IPSEC_DIFF_NO_OVERLAP, 14, 20);
    ours = kit_list("aes256-sha256", ESP);
    ipseci_explain_group(&failure, 20);
    assert_diff(0, IPSEC_TRANSFORM_KE, IPSEC_DIFF_ONLY_THEIRS, -1, 20);
    failure.ours = NULL;
    failure.diff_count = 0;
    ipseci_explain_group(&failure, 20);
    assert_int_equal(failure.diff_count, 0);
}

static void lists_made_by_hand_are_bounded(void **state)
{
    (void)state;
    ours = kit_list("aes256-sha256-modp2048", IKE);
    theirs = kit_list("aes128-sha256-modp2048", IKE);
    ours.count = UINT32_MAX;
    theirs.count = UINT32_MAX;
    ours.item[7].transform_count = UINT8_MAX;
    explain_lists(0);
    assert_true(failure.nearest_ours < IPSEC_PROPOSALS_MAX);
    assert_true(failure.nearest_theirs < IPSEC_PROPOSALS_MAX);
    assert_true(failure.diff_count <= IPSEC_DIFF_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(key_length),
        KIT_TEST(key_length_of_the_shared_cipher),
        KIT_TEST(integrity_takes_the_prf_along),
        KIT_TEST(prf_alone),
        KIT_TEST(group),
        KIT_TEST(pfs_on_one_side),
        KIT_TEST(none_counts_as_left_out),
        KIT_TEST(esn),
        KIT_TEST(aead_against_cipher_and_mac),
        KIT_TEST(further_key_exchange_and_unknown_type),
        KIT_TEST(everything_differs_within_the_limit),
        KIT_TEST(nearest_pair_has_the_fewest_differences),
        KIT_TEST(ties_go_to_the_first),
        KIT_TEST(another_protocol_is_no_pair),
        KIT_TEST(lists_that_match_have_no_difference),
        KIT_TEST(lists_that_are_not_known),
        KIT_TEST(not_built_in),
        KIT_TEST(not_built_in_at_the_start),
        KIT_TEST(init_21_group_named_by_the_peer),
        KIT_TEST(lists_made_by_hand_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
