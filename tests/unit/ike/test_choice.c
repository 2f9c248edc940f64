/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/choice.h. RFC 7296 2.7, 3.3; RFC 5282 8; RFC 9370 2.2.
 */
#include "choice.h"
#include "ike_kit.h"

#define NUMBERS_IKE "1:12:256 2:5 3:12 4:14"
#define NUMBERS_ESP "1:12:256 3:12 5:0"
#define SPI4        "c0ffee01"
#define SPI8        "0102030405060708"

static struct ipseci_choice choice;

static enum ipsec_status choose(const struct ipsec_proposals *ours, struct ipsec_view body,
                                enum ipsec_protocol protocol, uint16_t ke, uint32_t flags)
{
    const struct ipseci_wish wish = {protocol, ke, flags};
    return ipseci_choose(ours, body, &wish, &choice);
}

/* Our keywords against the peer's numbers, in IKE_SA_INIT. */
static enum ipsec_status ike(const char *ours, const char *theirs)
{
    const struct ipsec_proposals a = kit_list(ours, IKE);
    const struct ipsec_proposals b = kit_raw(theirs, IKE);
    return choose(&a, kit_sa(&b, ""), IKE, 0, 0);
}

static enum ipsec_status esp_with(const char *ours, const char *theirs, uint16_t ke, uint32_t flags)
{
    const struct ipsec_proposals a = kit_list(ours, ESP);
    const struct ipsec_proposals b = kit_raw(theirs, ESP);
    return choose(&a, kit_sa(&b, SPI4), ESP, ke, IPSECI_CHOICE_SPI | flags);
}

static enum ipsec_status esp(const char *ours, const char *theirs)
{
    return esp_with(ours, theirs, 0, 0);
}

static void assert_suite(uint16_t encr, uint16_t bits, uint16_t integ, uint16_t prf, uint16_t ke)
{
    assert_int_equal(choice.suite.encr, encr);
    assert_int_equal(choice.suite.encr_key_bits, bits);
    assert_int_equal(choice.suite.integ, integ);
    assert_int_equal(choice.suite.prf, prf);
    assert_int_equal(choice.suite.ke, ke);
}

/* ---- responder ---------------------------------------------------------------------------------
 */

static void init_08_one_transform_of_each_type(void **state)
{
    (void)state;
    assert_int_equal(ike("aes256-sha256-modp2048", NUMBERS_IKE), IPSEC_OK);
    assert_suite(12, 256, 12, 5, 14);
    assert_int_equal(choice.suite.protocol, IKE);
    assert_int_equal(choice.suite.esn, 0);
    assert_int_equal(choice.number, 1);
    assert_int_equal(choice.spi, 0);
}

/* What no text says in a proposal for IKE: NULL, GMAC, an implicit IV (RFC 8750 6). */
static void ciphers_of_esp_are_not_for_ike(void **state)
{
    static const char *const lists[] = {"1:11 2:5 3:12 4:14", "1:21:256 2:5 4:14",
                                        "1:29:128 2:5 4:14", "1:30:256 2:5 4:14", "1:31 2:5 4:14"};
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(lists); i++) {
        const struct ipsec_proposals both = kit_raw(lists[i], IKE);
        assert_int_equal(choose(&both, kit_sa(&both, ""), IKE, 0, 0), IPSEC_ERR_NOT_FOUND);
    }
    assert_int_equal(esp("aes256gcm16iiv-aes256gcm16", "1:20:256 1:30:256 5:0"), IPSEC_OK);
    assert_int_equal(choice.suite.encr, IPSEC_ENCR_AES_GCM_16_IIV);
    assert_int_equal(esp("aes256gcm16iiv-aes256gcm16", "1:20:256 5:0"), IPSEC_OK);
    assert_int_equal(choice.suite.encr, IPSEC_ENCR_AES_GCM_16);
}

static void init_07_no_acceptable_proposal(void **state)
{
    (void)state;
    static const char *const theirs[] = {
        "1:12:128 2:5 3:12 4:14", /* key length */
        "1:20:256 2:5 3:12 4:14", /* cipher */
        "1:12:256 2:7 3:12 4:14", /* PRF */
        "1:12:256 2:5 3:14 4:14", /* integrity */
        "1:12:256 2:5 3:12 4:20", /* group */
        "2:5 3:12 4:14",          /* no cipher */
        "1:12:256 3:12 4:14",     /* no PRF */
        "1:12:256 2:5 4:14",      /* no integrity */
        "1:12:256 2:5 3:0 4:14",  /* integrity NONE with a plain cipher */
    };
    for (size_t i = 0; i < IPSECI_COUNT(theirs); i++) {
        assert_int_equal(ike("aes256-sha256-modp2048", theirs[i]), IPSEC_ERR_NOT_FOUND);
        assert_suite(0, 0, 0, 0, 0);
    }
}

static void init_07_second_proposal_of_either_end(void **state)
{
    (void)state;
    assert_int_equal(ike("aes256-sha256-modp2048", "1:12:128 2:5 3:12 4:14 / " NUMBERS_IKE),
                     IPSEC_OK);
    assert_int_equal(choice.number, 2);
    assert_int_equal(ike("aes256gcm16-prfsha256-ecp256,aes256-sha256-modp2048", NUMBERS_IKE),
                     IPSEC_OK);
    assert_suite(12, 256, 12, 5, 14);
}

static void our_order_decides(void **state)
{
    (void)state;
    /* Proposals: our first one, though the peer has it second. */
    assert_int_equal(ike("aes256gcm16-prfsha256-ecp256,aes256-sha256-modp2048",
                         NUMBERS_IKE " / 1:20:256 2:5 4:19"),
                     IPSEC_OK);
    assert_suite(20, 256, 0, 5, 19);
    assert_int_equal(choice.number, 2);
    /* Transforms: our first one, though the peer names it last. */
    assert_int_equal(ike("aes256-aes128-sha512-sha256-ecp384-modp2048",
                         "1:12:128 1:12:256 2:5 2:7 3:12 3:14 4:14 4:20"),
                     IPSEC_OK);
    assert_suite(12, 256, 14, 7, 20);
}

static void init_19_group_of_the_ke_payload_goes_first(void **state)
{
    (void)state;
    const struct ipsec_proposals a = kit_list("aes256-sha256-ecp384-modp2048", IKE);
    const struct ipsec_proposals b = kit_raw("1:12:256 2:5 3:12 4:14 4:20 4:31", IKE);
    const struct ipsec_view body = kit_sa(&b, "");
    static const uint16_t sent[] = {14, 20, 31, 19, 0};
    static const uint16_t chosen[] = {14, 20, 20, 20, 20};
    for (size_t i = 0; i < IPSECI_COUNT(sent); i++) {
        assert_int_equal(choose(&a, body, IKE, sent[i], 0), IPSEC_OK);
        assert_int_equal(choice.suite.ke, chosen[i]);
    }
}

static void init_10_ike_needs_a_group_cve_2016_5391(void **state)
{
    (void)state;
    assert_int_equal(ike("aes256-sha256-modp2048", "1:12:256 2:5 3:12"), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ike("aes256-sha256-modp2048", "1:12:256 2:5 3:12 4:0"), IPSEC_ERR_NOT_FOUND);
    /* Not even when a list of ours is wrong as well. */
    const struct ipsec_proposals a = kit_raw("1:12:256 2:5 3:12 4:0 / 1:12:256 2:5 3:12", IKE);
    assert_int_equal(choose(&a, kit_sa(&a, ""), IKE, 0, 0), IPSEC_ERR_NOT_FOUND);
    /* NONE beside a real group does no harm. */
    assert_int_equal(ike("aes256-sha256-modp2048", "1:12:256 2:5 3:12 4:0 4:14"), IPSEC_OK);
    assert_int_equal(choice.suite.ke, 14);
}

static void init_11_aead_never_with_integrity(void **state)
{
    (void)state;
    /* An AEAD in a proposal that demands an integrity algorithm. */
    assert_int_equal(ike("aes256gcm16-prfsha256-modp2048", "1:20:256 2:5 3:12 4:14"),
                     IPSEC_ERR_NOT_FOUND);
    /* A peer that mixes: its plain cipher fits, its AEAD does not. */
    assert_int_equal(ike("aes256gcm16-prfsha256-modp2048,aes256-sha256-modp2048",
                         "1:20:256 1:12:256 2:5 3:12 4:14"),
                     IPSEC_OK);
    assert_suite(12, 256, 12, 5, 14);
    /* A peer that mixes and has NONE too: each cipher with what it needs. */
    assert_int_equal(ike("aes256gcm16-prfsha256-modp2048", "1:20:256 1:12:256 2:5 3:0 3:12 4:14"),
                     IPSEC_OK);
    assert_suite(20, 256, 0, 5, 14);
    /* A list of ours that mixes, made by hand, does not lead to a wrong pair either. */
    const struct ipsec_proposals a = kit_raw("1:20:256 1:12:256 2:5 3:12 4:14", IKE);
    assert_int_equal(choose(&a, kit_sa(&a, ""), IKE, 0, 0), IPSEC_OK);
    assert_suite(12, 256, 12, 5, 14);
}

static void init_12_aead_without_or_with_integrity_none(void **state)
{
    (void)state;
    assert_int_equal(ike("aes256gcm16-prfsha256-modp2048", "1:20:256 2:5 4:14"), IPSEC_OK);
    assert_suite(20, 256, 0, 5, 14);
    assert_int_equal(ike("aes256gcm16-prfsha256-modp2048", "1:20:256 2:5 3:0 4:14"), IPSEC_OK);
    assert_suite(20, 256, 0, 5, 14);
    assert_int_equal(esp("chacha20poly1305", "1:28 3:0 5:0"), IPSEC_OK);
    assert_suite(28, 0, 0, 0, 0);
}

static void init_13_aes_without_key_length(void **state)
{
    (void)state;
    assert_int_equal(ike("aes256-sha256-modp2048", "1:12 2:5 3:12 4:14"), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ike("aes256-sha256-modp2048", "1:12 1:12:256 2:5 3:12 4:14"), IPSEC_OK);
    assert_int_equal(choice.suite.encr_key_bits, 256);
    const struct ipsec_proposals wrong = kit_raw("1:12 2:5 3:12 4:14", IKE);
    assert_int_equal(choose(&wrong, kit_sa(&wrong, ""), IKE, 0, 0), IPSEC_ERR_NOT_FOUND);
    const struct ipsec_proposals odd = kit_raw("1:12:160 2:5 3:12 4:14", IKE);
    assert_int_equal(choose(&odd, kit_sa(&odd, ""), IKE, 0, 0), IPSEC_ERR_NOT_FOUND);
}

static void init_14_key_length_where_it_is_fixed(void **state)
{
    (void)state;
    assert_int_equal(ike("chacha20poly1305-prfsha256-modp2048", "1:28:256 2:5 4:14"),
                     IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ike("chacha20poly1305-prfsha256-modp2048", "1:28 2:5 4:14"), IPSEC_OK);
    const struct ipsec_proposals wrong = kit_raw("1:28:256 2:5 4:14", IKE);
    assert_int_equal(choose(&wrong, kit_sa(&wrong, ""), IKE, 0, 0), IPSEC_ERR_NOT_FOUND);
    /* A Key Length on another type is out as well. */
    assert_int_equal(ike("aes256-sha256-modp2048", "1:12:256 2:5:256 3:12 4:14"),
                     IPSEC_ERR_NOT_FOUND);
}

static void init_15_unknown_type_spoils_its_proposal_only(void **state)
{
    (void)state;
    static const char *const types[] = {"0", "13", "240", "255"};
    for (size_t i = 0; i < IPSECI_COUNT(types); i++) {
        char text[128] = NUMBERS_IKE " ";
        strcat(strcat(text, types[i]), ":1");
        assert_int_equal(ike("aes256-sha256-modp2048", text), IPSEC_ERR_NOT_FOUND);
        strcat(text, " / " NUMBERS_IKE);
        assert_int_equal(ike("aes256-sha256-modp2048", text), IPSEC_OK);
        assert_int_equal(choice.number, 2);
    }
}

static void init_15_types_of_the_other_protocol(void **state)
{
    (void)state;
    assert_int_equal(ike("aes256-sha256-modp2048", NUMBERS_IKE " 5:0"), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(esp("aes256-sha256", NUMBERS_ESP " 2:5"), IPSEC_ERR_NOT_FOUND);
}

static void init_16_unknown_id_spoils_its_transform_only(void **state)
{
    (void)state;
    assert_int_equal(
        ike("aes256-sha256-modp2048", "1:999:256 1:12:256 2:999 2:5 3:999 3:12 4:999 4:14"),
        IPSEC_OK);
    assert_suite(12, 256, 12, 5, 14);
    assert_int_equal(ike("aes256-sha256-modp2048", "1:12:256 2:5 3:999 4:14"), IPSEC_ERR_NOT_FOUND);
}

static void init_16_unknown_attribute_spoils_its_transform_only(void **state)
{
    (void)state;
    const struct ipsec_proposals ours = kit_list("aes256-sha256-modp2048", IKE);
    const char *rest = "03000008 02000005 03000008 0300000c 00000008 0400000e";
    char text[256];
    /* AES-256 with attribute 17 besides. */
    strcpy(text, "00000030 01010004 03000010 0100000c 800e0100 80110001");
    strcat(text, rest);
    assert_int_equal(choose(&ours, hex(text), IKE, 0, 0), IPSEC_ERR_NOT_FOUND);
    /* The same and a good one behind it. */
    strcpy(text, "0000003c 01010005 03000010 0100000c 800e0100 80110001"
                 "0300000c 0100000c 800e0100");
    strcat(text, rest);
    assert_int_equal(choose(&ours, hex(text), IKE, 0, 0), IPSEC_OK);
    assert_suite(12, 256, 12, 5, 14);
}

static void init_17_contradicting_payloads(void **state)
{
    (void)state;
    const struct ipsec_proposals ours = kit_list("aes256-sha256-modp2048", IKE);
    const struct ipsec_view good = kit_sa(&ours, "");
    for (size_t cut = 0; cut < good.length; cut++) {
        assert_int_equal(choose(&ours, exact(ipseci_view(good.data, cut)), IKE, 0, 0),
                         IPSEC_DROP_MALFORMED);
    }
    static const size_t places[] = {0, 2, 4, 7, 8}; /* flag, length, number, count, inner flag */
    for (size_t i = 0; i < IPSECI_COUNT(places); i++) {
        uint8_t octets[64];
        memcpy(octets, good.data, good.length);
        octets[places[i]] = places[i] == 4 ? 0 : (uint8_t)(octets[places[i]] + 1);
        assert_int_equal(choose(&ours, ipseci_view(octets, good.length), IKE, 0, 0),
                         IPSEC_DROP_MALFORMED);
    }
}

static void init_18_spi_in_ike_sa_init(void **state)
{
    (void)state;
    const struct ipsec_proposals ours = kit_list("aes256-sha256-modp2048", IKE);
    assert_int_equal(choose(&ours, kit_sa(&ours, SPI8), IKE, 0, 0), IPSEC_DROP_MALFORMED);
    assert_int_equal(choose(&ours, kit_sa(&ours, "01"), IKE, 0, 0), IPSEC_DROP_MALFORMED);
}

static void rekey_06_ike_rekey_carries_the_new_spi(void **state)
{
    (void)state;
    const struct ipsec_proposals ours = kit_list("aes256-sha256-modp2048", IKE);
    assert_int_equal(choose(&ours, kit_sa(&ours, SPI8), IKE, 14, IPSECI_CHOICE_SPI), IPSEC_OK);
    assert_true(choice.spi == 0x0102030405060708u);
    static const char *const wrong[] = {"", "01020304", "0000000000000000", "010203040506070809"};
    for (size_t i = 0; i < IPSECI_COUNT(wrong); i++) {
        assert_int_equal(choose(&ours, kit_sa(&ours, wrong[i]), IKE, 14, IPSECI_CHOICE_SPI),
                         IPSEC_DROP_MALFORMED);
    }
}

static void child_12_spi_of_esp(void **state)
{
    (void)state;
    const struct ipsec_proposals ours = kit_list("aes256-sha256", ESP);
    static const char *const wrong[] = {"",         "00000000",   "00000001",
                                        "000000ff", "0102030405", "0102030405060708"};
    for (size_t i = 0; i < IPSECI_COUNT(wrong); i++) {
        assert_int_equal(choose(&ours, kit_sa(&ours, wrong[i]), ESP, 0, IPSECI_CHOICE_SPI),
                         IPSEC_DROP_MALFORMED);
    }
    assert_int_equal(choose(&ours, kit_sa(&ours, "00000100"), ESP, 0, IPSECI_CHOICE_SPI), IPSEC_OK);
    assert_int_equal(choice.spi, 256);
}

static void child_13_wrong_protocol_cve_2023_38710(void **state)
{
    (void)state;
    const struct ipsec_proposals ours = kit_list("aes256-sha256", ESP);
    struct ipsec_proposals theirs = ours;
    static const struct {
        uint8_t protocol;
        enum ipsec_status status;
    } rows[] = {{0, IPSEC_DROP_MALFORMED}, {1, IPSEC_DROP_MALFORMED},
                {2, IPSEC_ERR_NOT_FOUND},  {3, IPSEC_OK},
                {4, IPSEC_ERR_NOT_FOUND},  {255, IPSEC_ERR_NOT_FOUND}};
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        theirs.item[0].protocol = rows[i].protocol;
        assert_int_equal(choose(&ours, kit_sa(&theirs, SPI4), ESP, 0, IPSECI_CHOICE_SPI),
                         rows[i].status);
        /* In an answer only ours will do. */
        const enum ipsec_status verified =
            ipseci_choice_verify(&ours, kit_sa(&theirs, SPI4), ESP, IPSECI_CHOICE_SPI, &choice);
        assert_int_equal(verified, rows[i].status);
    }
    const struct ipsec_proposals ike_list = kit_list("aes256-sha256-modp2048", IKE);
    for (unsigned protocol = 2; protocol < 6; protocol++) {
        theirs = ike_list;
        theirs.item[0].protocol = (uint8_t)protocol;
        assert_int_equal(choose(&ike_list, kit_sa(&theirs, ""), IKE, 0, 0), IPSEC_DROP_MALFORMED);
    }
}

static void child_13_ah_beside_esp_is_passed_over(void **state)
{
    (void)state;
    const struct ipsec_proposals ours = kit_list("aes256-sha256", ESP);
    struct ipsec_proposals theirs = kit_raw("3:12 5:0 / " NUMBERS_ESP, ESP);
    theirs.item[0].protocol = IPSEC_PROTOCOL_AH;
    assert_int_equal(choose(&ours, kit_sa(&theirs, SPI4), ESP, 0, IPSECI_CHOICE_SPI), IPSEC_OK);
    assert_int_equal(choice.number, 2);
}

static void child_06_esn_is_mandatory(void **state)
{
    (void)state;
    assert_int_equal(esp("aes256-sha256", "1:12:256 3:12"), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(esp("aes256-sha256", NUMBERS_ESP), IPSEC_OK);
    assert_int_equal(choice.suite.esn, 0);
    assert_int_equal(esp("aes256-sha256", "1:12:256 3:12 5:1"), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(esp("aes256-sha256-esn-noesn", "1:12:256 3:12 5:0 5:1"), IPSEC_OK);
    assert_int_equal(choice.suite.esn, 1);
    assert_true(choice.spi == 0xc0ffee01u);
}

static void espb_10_cve_2024_3652_esp_needs_integrity(void **state)
{
    (void)state;
    const struct ipsec_proposals bare = kit_raw("1:12:256 5:0", ESP);
    const struct ipsec_proposals none = kit_raw("1:11 3:0 5:0", ESP);
    assert_int_equal(choose(&bare, kit_sa(&bare, SPI4), ESP, 0, IPSECI_CHOICE_SPI),
                     IPSEC_ERR_NOT_FOUND);
    assert_int_equal(choose(&none, kit_sa(&none, SPI4), ESP, 0, IPSECI_CHOICE_SPI),
                     IPSEC_ERR_NOT_FOUND);
}

static void child_04_openiked_278688a_no_group_of_ours(void **state)
{
    (void)state;
    assert_int_equal(esp("aes256-sha256", NUMBERS_ESP " 4:14"), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(esp("aes256-sha256", NUMBERS_ESP " 4:0"), IPSEC_OK);
    assert_int_equal(choice.suite.ke, 0);
    /* A KE payload came though no group is chosen: it plays no part. */
    assert_int_equal(esp_with("aes256-sha256", NUMBERS_ESP " 4:0 4:14", 14, 0), IPSEC_OK);
    assert_int_equal(choice.suite.ke, 0);
}

static void child_02_pfs_on_one_side_only(void **state)
{
    (void)state;
    assert_int_equal(esp("aes256-sha256-modp2048", NUMBERS_ESP), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(esp("aes256-sha256-modp2048", NUMBERS_ESP " 4:0"), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(esp_with("aes256-sha256-modp2048", NUMBERS_ESP " 4:14", 14, 0), IPSEC_OK);
    assert_int_equal(choice.suite.ke, 14);
    assert_int_equal(esp("aes256-sha256-modp2048,aes256-sha256", NUMBERS_ESP), IPSEC_OK);
    assert_int_equal(choice.suite.ke, 0);
}

static void child_05_group_optional_on_both_ends(void **state)
{
    (void)state;
    const struct ipsec_proposals both = kit_raw(NUMBERS_ESP " 4:14 4:0", ESP);
    const struct ipsec_view body = kit_sa(&both, SPI4);
    assert_int_equal(choose(&both, body, ESP, 14, IPSECI_CHOICE_SPI), IPSEC_OK);
    assert_int_equal(choice.suite.ke, 14);
    /* No KE payload: NONE, and no INVALID_KE_PAYLOAD. */
    assert_int_equal(choose(&both, body, ESP, 0, IPSECI_CHOICE_SPI), IPSEC_OK);
    assert_int_equal(choice.suite.ke, 0);
}

/* A group other than NONE is a quirk: test_quirks.c. */
static void auth_22_first_child_has_no_group(void **state)
{
    (void)state;
    static const char *const theirs[] = {
        NUMBERS_ESP,         NUMBERS_ESP " 4:0",        NUMBERS_ESP " 4:14 4:0", NUMBERS_ESP " 6:0",
        NUMBERS_ESP " 4:14", NUMBERS_ESP " 4:999 6:35", NUMBERS_ESP " 4:0 6:35"};
    for (size_t i = 0; i < IPSECI_COUNT(theirs); i++) {
        assert_int_equal(esp_with("aes256-sha256-ecp256", theirs[i], 0, IPSECI_CHOICE_NO_KE),
                         i < 4 ? IPSEC_OK : IPSEC_ERR_NOT_FOUND);
        assert_int_equal(choice.suite.ke, 0);
        assert_int_equal(choice.quirks, 0);
    }
}

static void further_key_exchanges_only_when_none_will_do(void **state)
{
    (void)state;
    assert_int_equal(ike("aes256-sha256-modp2048", NUMBERS_IKE " 6:35"), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ike("aes256-sha256-modp2048", NUMBERS_IKE " 6:35 6:0 12:0"), IPSEC_OK);
    assert_int_equal(ike("aes256-sha256-modp2048", NUMBERS_IKE " 6:0 7:36"), IPSEC_ERR_NOT_FOUND);
}

static void lists_made_by_hand_are_bounded(void **state)
{
    (void)state;
    struct ipsec_proposals ours = kit_list("aes256-sha256-modp2048", IKE);
    const struct ipsec_view body = kit_sa(&ours, "");
    ours.count = UINT32_MAX;
    ours.item[1].transform_count = UINT8_MAX;
    assert_int_equal(choose(&ours, body, IKE, 0, 0), IPSEC_OK);
    ours.count = 0;
    assert_int_equal(choose(&ours, body, IKE, 0, 0), IPSEC_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(init_08_one_transform_of_each_type),
        KIT_TEST(ciphers_of_esp_are_not_for_ike),
        KIT_TEST(init_07_no_acceptable_proposal),
        KIT_TEST(init_07_second_proposal_of_either_end),
        KIT_TEST(our_order_decides),
        KIT_TEST(init_19_group_of_the_ke_payload_goes_first),
        KIT_TEST(init_10_ike_needs_a_group_cve_2016_5391),
        KIT_TEST(init_11_aead_never_with_integrity),
        KIT_TEST(init_12_aead_without_or_with_integrity_none),
        KIT_TEST(init_13_aes_without_key_length),
        KIT_TEST(init_14_key_length_where_it_is_fixed),
        KIT_TEST(init_15_unknown_type_spoils_its_proposal_only),
        KIT_TEST(init_15_types_of_the_other_protocol),
        KIT_TEST(init_16_unknown_id_spoils_its_transform_only),
        KIT_TEST(init_16_unknown_attribute_spoils_its_transform_only),
        KIT_TEST(init_17_contradicting_payloads),
        KIT_TEST(init_18_spi_in_ike_sa_init),
        KIT_TEST(rekey_06_ike_rekey_carries_the_new_spi),
        KIT_TEST(child_12_spi_of_esp),
        KIT_TEST(child_13_wrong_protocol_cve_2023_38710),
        KIT_TEST(child_13_ah_beside_esp_is_passed_over),
        KIT_TEST(child_06_esn_is_mandatory),
        KIT_TEST(espb_10_cve_2024_3652_esp_needs_integrity),
        KIT_TEST(child_04_openiked_278688a_no_group_of_ours),
        KIT_TEST(child_02_pfs_on_one_side_only),
        KIT_TEST(child_05_group_optional_on_both_ends),
        KIT_TEST(auth_22_first_child_has_no_group),
        KIT_TEST(further_key_exchanges_only_when_none_will_do),
        KIT_TEST(lists_made_by_hand_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
