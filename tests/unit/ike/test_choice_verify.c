/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/choice.h, the initiator's side and the helpers on lists. RFC 7296 2.7, 3.3.
 */
#include "choice.h"
#include "ike_kit.h"

#define NUMBERS_IKE "1:12:256 2:5 3:12 4:14"
#define NUMBERS_ESP "1:12:256 3:12 5:0"
#define SPI4        "c0ffee01"

static struct ipseci_choice choice;

static void assert_suite(uint16_t encr, uint16_t bits, uint16_t integ, uint16_t prf, uint16_t ke)
{
    assert_int_equal(choice.suite.encr, encr);
    assert_int_equal(choice.suite.encr_key_bits, bits);
    assert_int_equal(choice.suite.integ, integ);
    assert_int_equal(choice.suite.prf, prf);
    assert_int_equal(choice.suite.ke, ke);
}

static enum ipsec_status verify(const char *offered, const char *answer, uint32_t flags)
{
    const struct ipsec_proposals a = kit_list(offered, IKE);
    const struct ipsec_proposals b = kit_raw(answer, IKE);
    return ipseci_choice_verify(&a, kit_sa(&b, ""), IKE, flags, &choice);
}

static enum ipsec_status verify_esp(const char *offered, const char *answer, uint32_t flags)
{
    const struct ipsec_proposals a = kit_list(offered, ESP);
    const struct ipsec_proposals b = kit_raw(answer, ESP);
    return ipseci_choice_verify(&a, kit_sa(&b, SPI4), ESP, flags | IPSECI_CHOICE_SPI, &choice);
}

static void init_08_answer_is_taken(void **state)
{
    (void)state;
    assert_int_equal(
        verify("aes256-aes128-sha256-sha512-modp2048-ecp256", "1:12:128 2:7 3:14 4:19", 0),
        IPSEC_OK);
    assert_suite(12, 128, 14, 7, 19);
    assert_int_equal(choice.number, 1);
    assert_int_equal(verify("aes256gcm16-prfsha256-ecp256", "1:20:256 2:5 4:19", 0), IPSEC_OK);
    assert_int_equal(verify("aes256gcm16-prfsha256-ecp256", "1:20:256 2:5 3:0 4:19", 0), IPSEC_OK);
    assert_int_equal(verify_esp("aes256-sha256-modp2048", NUMBERS_ESP " 4:14", 0), IPSEC_OK);
    assert_int_equal(choice.suite.ke, 14);
    assert_true(choice.spi == 0xc0ffee01u);
}

static void init_09_answer_that_was_not_offered(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "1:12:256 1:12:128 2:5 3:12 4:14", /* two of one type */
        "1:12:256 1:12:256 2:5 3:12 4:14",
        "1:12:192 2:5 3:12 4:14",
        "1:12 2:5 3:12 4:14",
        "1:12:256 2:6 3:12 4:14",
        "1:12:256 2:5 3:13 4:14",
        "1:12:256 2:5 3:12 4:31",
        "1:12:256 2:5 3:0 4:14",
        "1:12:256 2:5 3:12 4:0",
        "1:12:256 3:12 4:14",
        "1:12:256 2:5 4:14",
        "1:12:256 2:5 3:12",
        "2:5 3:12 4:14",
        "1:12:256 2:5 3:12 4:14 5:0",
        "1:12:256 2:5 3:12 4:14 6:35",
        "1:12:256 2:5 3:12 4:14 13:1",
        NUMBERS_IKE " / " NUMBERS_IKE, /* two proposals */
    };
    for (size_t i = 0; i < IPSECI_COUNT(answers); i++) {
        assert_int_equal(verify("aes256-aes128-sha256-sha512-modp2048-ecp256", answers[i], 0),
                         IPSEC_ERR_NOT_FOUND);
        assert_suite(0, 0, 0, 0, 0);
    }
}

static void init_09_answer_under_a_wrong_number(void **state)
{
    (void)state;
    const struct ipsec_proposals offered =
        kit_list("aes256gcm16-prfsha256-ecp256,aes256-sha256-modp2048", IKE);
    const struct ipsec_proposals answer = kit_raw(NUMBERS_IKE, IKE);
    const struct ipsec_view body = kit_sa(&answer, "");
    uint8_t octets[64];
    memcpy(octets, body.data, body.length);
    for (unsigned number = 0; number < 256; number++) {
        octets[4] = (uint8_t)number;
        const enum ipsec_status expected = number == 2   ? IPSEC_OK
                                           : number == 0 ? IPSEC_DROP_MALFORMED
                                                         : IPSEC_ERR_NOT_FOUND;
        assert_int_equal(
            ipseci_choice_verify(&offered, ipseci_view(octets, body.length), IKE, 0, &choice),
            expected);
    }
}

static void init_09_answer_is_malformed(void **state)
{
    (void)state;
    const struct ipsec_proposals offered = kit_list("aes256-sha256-modp2048", IKE);
    const struct ipsec_view good = kit_sa(&offered, "");
    for (size_t cut = 0; cut < good.length; cut++) {
        assert_int_equal(
            ipseci_choice_verify(&offered, exact(ipseci_view(good.data, cut)), IKE, 0, &choice),
            IPSEC_DROP_MALFORMED);
    }
}

static void init_11_answer_with_aead_and_integrity(void **state)
{
    (void)state;
    assert_int_equal(verify("aes256gcm16-prfsha256-ecp256", "1:20:256 2:5 3:12 4:19", 0),
                     IPSEC_ERR_NOT_FOUND);
}

static void child_04_answer_and_groups(void **state)
{
    (void)state;
    assert_int_equal(verify_esp("aes256-sha256", NUMBERS_ESP " 4:14", 0), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(verify_esp("aes256-sha256", NUMBERS_ESP " 4:0", 0), IPSEC_OK);
    assert_int_equal(verify_esp("aes256-sha256-modp2048", NUMBERS_ESP, 0), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(verify_esp("aes256-sha256-modp2048", NUMBERS_ESP " 4:14", IPSECI_CHOICE_NO_KE),
                     IPSEC_ERR_NOT_FOUND);
    assert_int_equal(verify_esp("aes256-sha256-modp2048", NUMBERS_ESP " 4:0", IPSECI_CHOICE_NO_KE),
                     IPSEC_OK);
    assert_int_equal(choice.suite.ke, 0);
    assert_int_equal(verify_esp("aes256-sha256-esn-noesn", "1:12:256 3:12", 0),
                     IPSEC_ERR_NOT_FOUND);
}

/* ---- lists -------------------------------------------------------------------------------------
 */

static void groups_come_out_of_a_list(void **state)
{
    (void)state;
    const struct ipsec_proposals list =
        kit_list("aes256-sha256-modp2048,aes256-sha256-ecp256,aes128-sha256", ESP);
    struct ipsec_proposals bare;
    char text[IPSEC_PROPOSAL_TEXT_MAX];
    ipseci_proposals_without_ke(&list, &bare);
    assert_int_equal(bare.count, 2);
    ipsec_proposals_text(&bare, text, sizeof(text));
    assert_string_equal(text, "aes256-sha256,aes128-sha256");
    assert_int_equal(ipseci_proposals_first_ke(&bare), 0);
}

static void groups_of_a_list(void **state)
{
    (void)state;
    const struct ipsec_proposals list =
        kit_list("aes256-sha256,aes256-sha256-ecp384-modp2048", ESP);
    const struct ipsec_proposals none = kit_raw(NUMBERS_ESP " 4:0", ESP);
    assert_int_equal(ipseci_proposals_first_ke(&list), 20);
    assert_true(ipseci_proposals_have_ke(&list, 14));
    assert_true(ipseci_proposals_have_ke(&list, 20));
    assert_false(ipseci_proposals_have_ke(&list, 19));
    assert_false(ipseci_proposals_have_ke(&list, 0));
    assert_int_equal(ipseci_proposals_first_ke(&none), 0);
    assert_false(ipseci_proposals_have_ke(&none, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(init_08_answer_is_taken),
        KIT_TEST(init_09_answer_that_was_not_offered),
        KIT_TEST(init_09_answer_under_a_wrong_number),
        KIT_TEST(init_09_answer_is_malformed),
        KIT_TEST(init_11_answer_with_aead_and_integrity),
        KIT_TEST(child_04_answer_and_groups),
        KIT_TEST(groups_come_out_of_a_list),
        KIT_TEST(groups_of_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
