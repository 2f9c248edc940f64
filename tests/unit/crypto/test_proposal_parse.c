/* SPDX-License-Identifier: Apache-2.0
 *
 * Proposal texts: what is read, what is refused and where the complaint points.
 */
#include "bytes.h"

#include <ipsec/proposal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ipsec_proposals list;
static struct ipsec_proposal_error error;

static void parse(const char *text, enum ipsec_protocol protocol)
{
    error = (struct ipsec_proposal_error){0};
    enum ipsec_status status = ipsec_proposals_parse(text, protocol, &list, &error);
    if (status != IPSEC_OK) {
        fail_msg("%s: %s at %zu", text, error.reason, error.offset);
    }
}

static void check(size_t proposal, size_t at, uint8_t type, uint16_t id, uint16_t bits)
{
    assert_in_range(proposal, 0, list.count - 1);
    assert_in_range(at, 0, list.item[proposal].transform_count - 1);
    const struct ipsec_transform *t = &list.item[proposal].transform[at];
    assert_int_equal(t->type, type);
    assert_int_equal(t->id, id);
    assert_int_equal(t->key_bits, bits);
}

static void the_reference_scenario(void **state)
{
    (void)state;
    parse("aes256-sha256-modp2048", IPSEC_PROTOCOL_IKE);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.item[0].protocol, IPSEC_PROTOCOL_IKE);
    assert_int_equal(list.item[0].transform_count, 4);
    check(0, 0, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 256);
    check(0, 1, IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256, 0);
    check(0, 2, IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128, 0);
    check(0, 3, IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048, 0);
    parse("aes256-sha256-modp2048", IPSEC_PROTOCOL_ESP);
    assert_int_equal(list.item[0].transform_count, 4);
    check(0, 2, IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048, 0);
    check(0, 3, IPSEC_TRANSFORM_ESN, IPSEC_ESN_NO, 0);
}

/* One word each, in the protocol where it may stand. */
struct word {
    const char *text;
    uint8_t type;
    uint16_t id;
    uint16_t bits;
};

static const struct word words[] = {
    {"aes128", 1, 12, 128},
    {"aes192", 1, 12, 192},
    {"aes256", 1, 12, 256},
    {"aes", 1, 12, 128},
    {"aes256cbc", 1, 12, 256},
    {"AES_CBC_192", 1, 12, 192},
    {"ENCR_AES_CBC_256", 1, 12, 256},
    {"encr_aes_cbc_256", 1, 12, 256},
    {"aes128ctr", 1, 13, 128},
    {"aes256gcm16", 1, 20, 256},
    {"aes256gcm128", 1, 20, 256},
    {"AES_GCM_16_256", 1, 20, 256},
    {"aes192gcm12", 1, 19, 192},
    {"aes128gcm96", 1, 19, 128},
    {"aes128gcm8", 1, 18, 128},
    {"aes128gcm64", 1, 18, 128},
    {"aes256ccm16", 1, 16, 256},
    {"aes256ccm128", 1, 16, 256},
    {"aes128ccm12", 1, 15, 128},
    {"aes128ccm64", 1, 14, 128},
    {"aes256gmac", 1, 21, 256},
    {"aes128ccm8iiv", 1, 29, 128},
    {"aes256gcm16iiv", 1, 30, 256},
    {"ENCR_AES_GCM_16_IIV_192", 1, 30, 192},
    {"chacha20poly1305iiv", 1, 31, 0},
    {"chacha20poly1305", 1, 28, 0},
    {"ENCR_CHACHA20_POLY1305", 1, 28, 0},
    {"3des", 1, 3, 0},
    {"null", 1, 11, 0},
    {"ENCR_NULL", 1, 11, 0},
    {"sha1", 3, 2, 0},
    {"sha", 3, 2, 0},
    {"SHA256", 3, 12, 0},
    {"sha2_256", 3, 12, 0},
    {"sha384", 3, 13, 0},
    {"sha512", 3, 14, 0},
    {"AUTH_HMAC_SHA2_512_256", 3, 14, 0},
    {"HMAC_SHA2_256_128", 3, 12, 0},
    {"aesxcbc", 3, 5, 0},
    {"aescmac", 3, 8, 0},
    {"prfsha1", 2, 2, 0},
    {"prfsha256", 2, 5, 0},
    {"prfsha2_384", 2, 6, 0},
    {"PRF_HMAC_SHA2_512", 2, 7, 0},
    {"modp2048", 4, 14, 0},
    {"MODP_2048", 4, 14, 0},
    {"modp3072", 4, 15, 0},
    {"modp4096", 4, 16, 0},
    {"modp2048s256", 4, 24, 0},
    {"modp1536", 4, 5, 0},
    {"modp1024", 4, 2, 0},
    {"ecp256", 4, 19, 0},
    {"ECP_384", 4, 20, 0},
    {"ecp521", 4, 21, 0},
    {"curve25519", 4, 31, 0},
    {"x25519", 4, 31, 0},
    {"x448", 4, 32, 0},
    {"esn", 5, 1, 0},
    {"noesn", 5, 0, 0},
};

static void every_word_means_its_transform(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(words); i++) {
        const struct word *w = &words[i];
        static const char *const rest_ike[] = {
            "", "-sha256-ecp256", "-aes128-sha256-ecp256", "-aes128-ecp256", "-aes128-sha256", ""};
        static const char *const rest_esp[] = {
            "", "", "", "-aes128", "-aes128-sha256", "-aes128-sha256"};
        bool ike = w->type == IPSEC_TRANSFORM_PRF;
        char text[64] = "";
        strcat(text, w->text);
        strcat(text, ike ? rest_ike[w->type] : rest_esp[w->type]);
        bool aead = (w->id >= 28 && w->id <= 31) || (w->id >= 14 && w->id <= 21);
        if (w->type == IPSEC_TRANSFORM_ENCR && !aead) {
            strcat(text, "-sha256");
        }
        parse(text, ike ? IPSEC_PROTOCOL_IKE : IPSEC_PROTOCOL_ESP);
        size_t found = 0;
        for (size_t t = 0; t < list.item[0].transform_count; t++) {
            const struct ipsec_transform *have = &list.item[0].transform[t];
            found += have->type == w->type && have->id == w->id && have->key_bits == w->bits;
        }
        assert_int_equal(found, 1);
    }
}

static void prfs_follow_the_integrity_algorithms(void **state)
{
    (void)state;
    parse("aes128-sha512-sha384-sha1-ecp256", IPSEC_PROTOCOL_IKE);
    check(0, 1, IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_512, 0);
    check(0, 2, IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_384, 0);
    check(0, 3, IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA1, 0);
    parse("aes128-sha512-prfsha256-ecp256", IPSEC_PROTOCOL_IKE);
    assert_int_equal(list.item[0].transform_count, 4);
    check(0, 1, IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256, 0);
}

static void an_aead_in_ike_takes_a_prf_in_either_way(void **state)
{
    (void)state;
    parse("aes256gcm16-prfsha384-ecp384", IPSEC_PROTOCOL_IKE);
    assert_int_equal(list.item[0].transform_count, 3);
    parse("aes256gcm16-sha384-ecp384", IPSEC_PROTOCOL_IKE);
    assert_int_equal(list.item[0].transform_count, 3);
    check(0, 1, IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_384, 0);
}

static void esn(void **state)
{
    (void)state;
    parse("aes256gcm16-esn", IPSEC_PROTOCOL_ESP);
    assert_int_equal(list.item[0].transform_count, 2);
    check(0, 1, IPSEC_TRANSFORM_ESN, IPSEC_ESN_YES, 0);
    parse("aes256gcm16-esn-noesn", IPSEC_PROTOCOL_ESP);
    check(0, 1, IPSEC_TRANSFORM_ESN, IPSEC_ESN_YES, 0);
    check(0, 2, IPSEC_TRANSFORM_ESN, IPSEC_ESN_NO, 0);
}

static void several_proposals_space_and_repeats(void **state)
{
    (void)state;
    parse(" aes256 - sha256-sha256 ,\n\taes128gcm16", IPSEC_PROTOCOL_ESP);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.item[0].transform_count, 3);
    check(1, 0, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 128);
}

static void order_of_words_is_preference_within_a_type(void **state)
{
    (void)state;
    parse("modp3072-sha512-aes128-aes256-ecp256-sha256", IPSEC_PROTOCOL_ESP);
    check(0, 0, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 128);
    check(0, 1, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 256);
    check(0, 2, IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_512_256, 0);
    check(0, 3, IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128, 0);
    check(0, 4, IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_3072, 0);
    check(0, 5, IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256, 0);
}

struct refusal {
    const char *text;
    enum ipsec_protocol protocol;
    size_t offset;
    size_t length;
    const char *reason; /* begins so */
};

static void refusals_point_at_the_word(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"", IPSEC_PROTOCOL_ESP, 0, 0, "a word is missing"},
        {"aes256-sha256-", IPSEC_PROTOCOL_ESP, 14, 0, "a word is missing"},
        {"aes256--sha256", IPSEC_PROTOCOL_ESP, 7, 0, "a word is missing"},
        {"aes256-sha256,", IPSEC_PROTOCOL_ESP, 14, 0, "a word is missing"},
        {",aes256-sha256", IPSEC_PROTOCOL_ESP, 0, 0, "a word is missing"},
        {"aes256-sah256", IPSEC_PROTOCOL_ESP, 7, 6, "unknown algorithm"},
        {"aes257-sha256", IPSEC_PROTOCOL_ESP, 0, 6, "unknown algorithm"},
        {"aes00256-sha256", IPSEC_PROTOCOL_ESP, 0, 8, "unknown algorithm"},
        {"aes99999999999-sha256", IPSEC_PROTOCOL_ESP, 0, 14, "unknown algorithm"},
        {"aes256x-sha256", IPSEC_PROTOCOL_ESP, 0, 7, "unknown algorithm"},
        {"AES_CBC-sha256", IPSEC_PROTOCOL_ESP, 0, 7, "unknown algorithm"},
        {"ENCR_-sha256", IPSEC_PROTOCOL_ESP, 0, 5, "unknown algorithm"},
        {"aes256-sha256,aes128-foo", IPSEC_PROTOCOL_ESP, 21, 3, "unknown algorithm"},
        {"sha256", IPSEC_PROTOCOL_ESP, 0, 6, "no encryption"},
        {"aes256", IPSEC_PROTOCOL_ESP, 0, 6, "no integrity"},
        {"null", IPSEC_PROTOCOL_ESP, 0, 4, "no integrity"},
        {"aes256gcm16-aes256-sha256", IPSEC_PROTOCOL_ESP, 0, 25, "AEAD and other"},
        {"aes256gcm16-aes256-sha256-ecp256", IPSEC_PROTOCOL_IKE, 0, 32, "AEAD and other"},
        {"aes256gcm16-sha256", IPSEC_PROTOCOL_ESP, 0, 18, "an AEAD cipher takes"},
        {"aes256-sha256-prfsha256", IPSEC_PROTOCOL_ESP, 14, 9, "an ESP proposal"},
        {"aes256-sha256", IPSEC_PROTOCOL_IKE, 0, 13, "no Diffie-Hellman group"},
        {" aes256-sha256 ,x", IPSEC_PROTOCOL_IKE, 1, 13, "no Diffie-Hellman group"},
        {"aes256gcm16-ecp256", IPSEC_PROTOCOL_IKE, 0, 18, "no PRF"},
        {"aes256-sha256-esn-ecp256", IPSEC_PROTOCOL_IKE, 14, 3, "sequence numbers"},
        {"null-sha256-ecp256", IPSEC_PROTOCOL_IKE, 0, 4, "IKE can not"},
        {"aes256gmac-prfsha256-ecp256", IPSEC_PROTOCOL_IKE, 0, 10, "IKE can not"},
        {"aes256gcm16iiv-prfsha256-ecp256", IPSEC_PROTOCOL_IKE, 0, 14, "an implicit IV"},
    };
    for (size_t i = 0; i < IPSECI_COUNT(refusals); i++) {
        const struct refusal *r = &refusals[i];
        list.count = 5;
        assert_int_equal(ipsec_proposals_parse(r->text, r->protocol, &list, &error),
                         IPSEC_ERR_SYNTAX);
        assert_int_equal(list.count, 0);
        if (error.offset != r->offset || error.length != r->length ||
            strncmp(error.reason, r->reason, strlen(r->reason)) != 0) {
            fail_msg("%s: %zu+%zu %s", r->text, error.offset, error.length, error.reason);
        }
        assert_int_equal(ipsec_proposals_parse(r->text, r->protocol, &list, NULL),
                         IPSEC_ERR_SYNTAX);
    }
}

static void arguments(void **state)
{
    (void)state;
    assert_int_equal(ipsec_proposals_parse(NULL, IPSEC_PROTOCOL_ESP, &list, NULL),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_proposals_parse("null-sha1", IPSEC_PROTOCOL_ESP, NULL, NULL),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_proposals_parse("null-sha1", IPSEC_PROTOCOL_AH, &list, NULL),
                     IPSEC_ERR_ARGUMENT);
}

static void at_most_eight_proposals_and_twenty_transforms(void **state)
{
    (void)state;
    char text[200] = "aes128gcm16";
    for (size_t i = 1; i < IPSEC_PROPOSALS_MAX; i++) {
        strcat(text, ",aes128gcm16");
    }
    parse(text, IPSEC_PROTOCOL_ESP);
    assert_int_equal(list.count, IPSEC_PROPOSALS_MAX);
    strcat(text, ",aes256gcm16");
    assert_int_equal(ipsec_proposals_parse(text, IPSEC_PROTOCOL_ESP, &list, &error),
                     IPSEC_ERR_FULL);
    assert_int_equal(error.offset, 96);
    assert_int_equal(list.count, 0);

    /* 4 + 4 + 11 with "no ESN": exactly 20; then one more */
    static const char most[] = "aes128-aes192-aes256-3des-sha1-sha256-sha384-sha512-"
                               "modp768-modp1024-modp1536-modp2048-modp3072-modp4096-modp6144-"
                               "modp8192-ecp256-ecp384-ecp521";
    parse(most, IPSEC_PROTOCOL_ESP);
    assert_int_equal(list.item[0].transform_count, IPSEC_PROPOSAL_TRANSFORMS_MAX);
    char more[200];
    strcpy(more, most);
    strcat(more, "-x25519");
    assert_int_equal(ipsec_proposals_parse(more, IPSEC_PROTOCOL_ESP, &list, &error),
                     IPSEC_ERR_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_scenario),
        cmocka_unit_test(every_word_means_its_transform),
        cmocka_unit_test(prfs_follow_the_integrity_algorithms),
        cmocka_unit_test(an_aead_in_ike_takes_a_prf_in_either_way),
        cmocka_unit_test(esn),
        cmocka_unit_test(several_proposals_space_and_repeats),
        cmocka_unit_test(order_of_words_is_preference_within_a_type),
        cmocka_unit_test(refusals_point_at_the_word),
        cmocka_unit_test(arguments),
        cmocka_unit_test(at_most_eight_proposals_and_twenty_transforms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
