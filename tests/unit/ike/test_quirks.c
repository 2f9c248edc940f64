/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/quirks.h and of what choice.h does for each quirk: with it, without it, and what
 * it must not let in besides. RFC 7296 1.2, 2.7, 3.3.5; RFC 5282 8.
 */
#include "choice.h"
#include "ike_kit.h"

#define SPI4 "c0ffee01"

static struct ipseci_choice choice;

static uint32_t with(uint32_t quirks)
{
    return quirks << IPSECI_CHOICE_QUIRKS_SHIFT;
}

static enum ipsec_status chosen(const char *ours, const char *theirs, uint8_t protocol,
                                uint32_t flags)
{
    const struct ipsec_proposals a = kit_list(ours, (enum ipsec_protocol)protocol);
    const struct ipsec_proposals b = kit_raw(theirs, protocol);
    const struct ipseci_wish wish = {(enum ipsec_protocol)protocol, 0,
                                     flags | (protocol == ESP ? IPSECI_CHOICE_SPI : 0u)};
    return ipseci_choose(&a, kit_sa(&b, protocol == ESP ? SPI4 : ""), &wish, &choice);
}

static enum ipsec_status verified(const char *ours, const char *theirs, uint8_t protocol,
                                  uint32_t flags)
{
    const struct ipsec_proposals a = kit_list(ours, (enum ipsec_protocol)protocol);
    const struct ipsec_proposals b = kit_raw(theirs, protocol);
    return ipseci_choice_verify(&a, kit_sa(&b, protocol == ESP ? SPI4 : ""),
                                (enum ipsec_protocol)protocol,
                                flags | (protocol == ESP ? IPSECI_CHOICE_SPI : 0u), &choice);
}

/* The answer to the last choice is exactly this. */
static void assert_answer(const char *numbers, uint8_t protocol)
{
    uint8_t octets[128];
    struct ipseci_writer w = ipseci_writer_init(octets, sizeof(octets));
    const struct ipsec_proposals expected = kit_raw(numbers, protocol);
    const struct ipsec_view body = kit_sa(&expected, "");

    ipseci_choice_build(&w, &choice, ipseci_view(NULL, 0));
    assert_false(w.failed);
    assert_int_equal(w.used, body.length);
    assert_memory_equal(octets, body.data, body.length);
}

static void fortigate_key_length_on_chacha20_init_14(void **state)
{
    const char *ours = "chacha20poly1305-prfsha256-modp2048";

    (void)state;
    assert_int_equal(chosen(ours, "1:28:256 2:5 4:14", IKE, with(IPSEC_QUIRK_FORTIGATE)), IPSEC_OK);
    assert_int_equal(choice.quirks, IPSEC_QUIRK_FORTIGATE);
    assert_int_equal(choice.suite.encr, 28);
    assert_int_equal(choice.suite.encr_key_bits, 0); /* what keys are made from is as ever */
    assert_answer("1:28:256 2:5 4:14", IKE);
    assert_int_equal(verified(ours, "1:28:256 2:5 4:14", IKE, with(IPSEC_QUIRK_FORTIGATE)),
                     IPSEC_OK);
    assert_int_equal(choice.quirks, IPSEC_QUIRK_FORTIGATE);
    assert_int_equal(choice.suite.encr_key_bits, 0);
    const uint32_t others = IPSEC_QUIRKS_ALL & ~(uint32_t)IPSEC_QUIRK_FORTIGATE;
    assert_int_equal(chosen(ours, "1:28:256 2:5 4:14", IKE, with(others)), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(verified(ours, "1:28:256 2:5 4:14", IKE, with(others)), IPSEC_ERR_NOT_FOUND);
}

static void fortigate_says_it_both_ways(void **state)
{
    (void)state;
    assert_int_equal(chosen("chacha20poly1305-prfsha256-modp2048", "1:28:256 1:28 2:5 4:14", IKE,
                            with(IPSEC_QUIRKS_ALL)),
                     IPSEC_OK);
    assert_int_equal(choice.quirks, 0);
    assert_answer("1:28 2:5 4:14", IKE);
    /* Offered, and not what is chosen. */
    assert_int_equal(chosen("aes256gcm16-chacha20poly1305-prfsha256-modp2048",
                            "1:28:256 1:20:256 2:5 4:14", IKE, with(IPSEC_QUIRKS_ALL)),
                     IPSEC_OK);
    assert_int_equal(choice.suite.encr, 20);
    assert_int_equal(choice.quirks, 0);
    assert_answer("1:20:256 2:5 4:14", IKE);
}

static void fortigate_quirk_is_about_nothing_else_init_13_init_14(void **state)
{
    (void)state;
    static const char *const wrong[] = {"1:28:128 2:5 4:14", "1:28:288 2:5 4:14",
                                        "1:28 2:5:256 4:14", "1:28 2:5 4:14:256"};
    for (size_t i = 0; i < IPSECI_COUNT(wrong); i++) {
        assert_int_equal(
            chosen("chacha20poly1305-prfsha256-modp2048", wrong[i], IKE, with(IPSEC_QUIRKS_ALL)),
            IPSEC_ERR_NOT_FOUND);
        assert_int_equal(
            verified("chacha20poly1305-prfsha256-modp2048", wrong[i], IKE, with(IPSEC_QUIRKS_ALL)),
            IPSEC_ERR_NOT_FOUND);
    }
    assert_int_equal(
        chosen("aes256gcm16-prfsha256-modp2048", "1:20 2:5 4:14", IKE, with(IPSEC_QUIRKS_ALL)),
        IPSEC_ERR_NOT_FOUND);
    /* Not when it was not offered. */
    assert_int_equal(verified("aes256gcm16-prfsha256-modp2048", "1:28:256 2:5 4:14", IKE,
                              with(IPSEC_QUIRKS_ALL)),
                     IPSEC_ERR_NOT_FOUND);
}

static void cisco_asa_integrity_none_beside_an_aead_init_12(void **state)
{
    const char *theirs = "1:20:256 3:0 4:14 5:0";
    struct ipsec_suite suite;

    (void)state;
    assert_int_equal(chosen("aes256gcm16-modp2048", theirs, ESP, with(IPSEC_QUIRK_CISCO_ASA)),
                     IPSEC_OK);
    assert_int_equal(choice.quirks, IPSEC_QUIRK_CISCO_ASA);
    suite = choice.suite;
    assert_answer("1:20:256 3:0 4:14 5:0", ESP);
    /* Without the quirk it is taken as well, and left out of the answer. */
    assert_int_equal(chosen("aes256gcm16-modp2048", theirs, ESP, 0), IPSEC_OK);
    assert_int_equal(choice.quirks, 0);
    assert_memory_equal(&choice.suite, &suite, sizeof(suite));
    assert_answer("1:20:256 4:14 5:0", ESP);
    assert_int_equal(verified("aes256gcm16-modp2048", theirs, ESP, with(IPSEC_QUIRK_CISCO_ASA)),
                     IPSEC_OK);
    assert_int_equal(choice.quirks, IPSEC_QUIRK_CISCO_ASA);
    assert_int_equal(verified("aes256gcm16-modp2048", theirs, ESP, 0), IPSEC_OK);
    assert_int_equal(choice.quirks, 0);
}

static void cisco_asa_quirk_keeps_integrity_init_11_cve_2024_3652(void **state)
{
    (void)state;
    /* Never echoed where it was not offered, or where a plain cipher is chosen. */
    assert_int_equal(chosen("aes256gcm16", "1:20:256 5:0", ESP, with(IPSEC_QUIRKS_ALL)), IPSEC_OK);
    assert_int_equal(choice.quirks, 0);
    assert_answer("1:20:256 5:0", ESP);
    assert_int_equal(
        chosen("aes256-sha256", "1:12:256 1:20:256 3:0 3:12 5:0", ESP, with(IPSEC_QUIRKS_ALL)),
        IPSEC_OK);
    assert_int_equal(choice.quirks, 0);
    assert_answer("1:12:256 3:12 5:0", ESP);
    assert_int_equal(chosen("aes256-sha256", "1:12:256 3:0 5:0", ESP, with(IPSEC_QUIRKS_ALL)),
                     IPSEC_ERR_NOT_FOUND);
    assert_int_equal(verified("aes256-sha256", "1:12:256 3:0 5:0", ESP, with(IPSEC_QUIRKS_ALL)),
                     IPSEC_ERR_NOT_FOUND);
}

static void mikrotik_group_in_ike_auth_auth_22(void **state)
{
    static const char *const theirs[] = {"1:12:256 3:12 5:0 4:14", "1:12:256 3:12 5:0 4:999 6:35",
                                         "1:12:256 3:12 5:0 4:14 4:15"};
    const uint32_t others = IPSEC_QUIRKS_ALL & ~(uint32_t)IPSEC_QUIRK_MIKROTIK;

    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(theirs); i++) {
        const uint32_t flags = IPSECI_CHOICE_NO_KE | with(IPSEC_QUIRK_MIKROTIK);
        assert_int_equal(chosen("aes256-sha256", theirs[i], ESP, flags), IPSEC_OK);
        assert_int_equal(choice.quirks, IPSEC_QUIRK_MIKROTIK);
        assert_int_equal(choice.suite.ke, 0);
        assert_answer("1:12:256 3:12 5:0", ESP);
        assert_int_equal(verified("aes256-sha256", theirs[i], ESP, flags), IPSEC_OK);
        assert_int_equal(choice.quirks, IPSEC_QUIRK_MIKROTIK);
        assert_int_equal(
            chosen("aes256-sha256", theirs[i], ESP, IPSECI_CHOICE_NO_KE | with(others)),
            IPSEC_ERR_NOT_FOUND);
        assert_int_equal(
            verified("aes256-sha256", theirs[i], ESP, IPSECI_CHOICE_NO_KE | with(others)),
            IPSEC_ERR_NOT_FOUND);
    }
    /* NONE says that it may be left out. */
    assert_int_equal(chosen("aes256-sha256", "1:12:256 3:12 5:0 4:14 4:0", ESP,
                            IPSECI_CHOICE_NO_KE | with(IPSEC_QUIRKS_ALL)),
                     IPSEC_OK);
    assert_int_equal(choice.quirks, 0);
}

static void mikrotik_quirk_is_for_ike_auth_only_child_04(void **state)
{
    (void)state;
    assert_int_equal(chosen("aes256-sha256", "1:12:256 3:12 5:0 4:14", ESP, with(IPSEC_QUIRKS_ALL)),
                     IPSEC_ERR_NOT_FOUND);
}

static void azure_child_without_pfs_child_02_child_04(void **state)
{
    static const char *const theirs[] = {"1:20:256 5:0", "1:20:256 4:0 5:0"};

    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(theirs); i++) {
        for (uint32_t quirks = 0; quirks <= IPSEC_QUIRKS_ALL; quirks += IPSEC_QUIRKS_ALL) {
            assert_int_equal(
                chosen("aes256gcm16-modp2048,aes256gcm16", theirs[i], ESP, with(quirks)), IPSEC_OK);
            assert_int_equal(choice.suite.ke, 0);
            assert_int_equal(choice.quirks, 0);
            assert_int_equal(chosen("aes256gcm16-modp2048", theirs[i], ESP, with(quirks)),
                             IPSEC_ERR_NOT_FOUND);
        }
    }
}

/* ---- the set and its names ---------------------------------------------------------------------
 */

static void which_hold_for_a_peer(void **state)
{
    struct ipsec_peer peer = {0};

    (void)state;
    assert_int_equal(ipseci_quirks_of(&peer), IPSEC_QUIRKS_ALL);
    peer.quirks = IPSEC_QUIRKS_NONE;
    assert_int_equal(ipseci_quirks_of(&peer), 0);
    assert_int_equal(ipseci_choice_quirks(&peer), 0);
    peer.quirks = IPSEC_QUIRK_MIKROTIK | IPSEC_QUIRK_AZURE;
    assert_int_equal(ipseci_quirks_of(&peer), IPSEC_QUIRK_MIKROTIK | IPSEC_QUIRK_AZURE);
    peer.quirks = 0x40000000u; /* of a later version: those that are known, so none */
    assert_int_equal(ipseci_quirks_of(&peer), 0);
}

static void every_quirk_has_a_name_and_a_text(void **state)
{
    uint32_t all = 0;

    (void)state;
    for (uint32_t bit = 1; bit <= IPSEC_QUIRKS_ALL; bit <<= 1) {
        uint32_t back = 0;
        assert_non_null(ipsec_quirk_name(bit));
        assert_non_null(ipsec_quirk_text(bit));
        assert_int_equal(ipsec_quirk_parse(ipsec_quirk_name(bit), &back), IPSEC_OK);
        assert_int_equal(back, bit);
        all |= bit;
    }
    assert_int_equal(all, IPSEC_QUIRKS_ALL);
    assert_string_equal(ipsec_quirk_name(IPSEC_QUIRK_CISCO_ASA), "cisco-asa");
    static const uint32_t no_quirks[] = {0, 3, IPSEC_QUIRKS_ALL, IPSEC_QUIRKS_ALL + 1,
                                         IPSEC_QUIRKS_NONE};
    for (size_t i = 0; i < IPSECI_COUNT(no_quirks); i++) {
        assert_null(ipsec_quirk_name(no_quirks[i]));
        assert_null(ipsec_quirk_text(no_quirks[i]));
    }
}

static void names_that_are_none(void **state)
{
    static const char *const wrong[] = {"", "none", "Fortigate", "fortigat", "fortigate ", "all"};
    uint32_t quirk = 77;

    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(wrong); i++) {
        assert_int_equal(ipsec_quirk_parse(wrong[i], &quirk), IPSEC_ERR_SYNTAX);
    }
    assert_int_equal(ipsec_quirk_parse(NULL, &quirk), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_quirk_parse("azure", NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(quirk, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(fortigate_key_length_on_chacha20_init_14),
        KIT_TEST(fortigate_says_it_both_ways),
        KIT_TEST(fortigate_quirk_is_about_nothing_else_init_13_init_14),
        KIT_TEST(cisco_asa_integrity_none_beside_an_aead_init_12),
        KIT_TEST(cisco_asa_quirk_keeps_integrity_init_11_cve_2024_3652),
        KIT_TEST(mikrotik_group_in_ike_auth_auth_22),
        KIT_TEST(mikrotik_quirk_is_for_ike_auth_only_child_04),
        KIT_TEST(azure_child_without_pfs_child_02_child_04),
        KIT_TEST(which_hold_for_a_peer),
        KIT_TEST(every_quirk_has_a_name_and_a_text),
        KIT_TEST(names_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
