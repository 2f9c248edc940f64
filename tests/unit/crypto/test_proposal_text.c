/* SPDX-License-Identifier: Apache-2.0
 *
 * Proposals back to text, the default lists, and what is left of a list on given providers.
 */
#include "facade.h"
#include "mock_provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ipsec_proposals list;
static char text[IPSEC_PROPOSAL_TEXT_MAX * 2];

static void parse(const char *from, enum ipsec_protocol protocol)
{
    assert_int_equal(ipsec_proposals_parse(from, protocol, &list, NULL), IPSEC_OK);
}

static void expect(const char *from, enum ipsec_protocol protocol, const char *expected)
{
    parse(from, protocol);
    ipsec_proposals_text(&list, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void texts_are_canonical(void **state)
{
    (void)state;
    const enum ipsec_protocol ike = IPSEC_PROTOCOL_IKE;
    const enum ipsec_protocol esp = IPSEC_PROTOCOL_ESP;
    expect("MODP_2048-SHA2_256-aes256", ike, "aes256-sha256-modp2048");
    expect("aes256-sha256-prfsha512-x25519", ike, "aes256-prfsha512-sha256-curve25519");
    expect("aes256gcm128-sha256-ecp256", ike, "aes256gcm16-prfsha256-ecp256");
    expect("aes256-sha256", esp, "aes256-sha256");
    expect("aes256-sha256-noesn", esp, "aes256-sha256");
    expect("aes256gcm16-noesn-esn,null-sha512", esp, "aes256gcm16-noesn-esn,null-sha512");
    expect("chacha20poly1305-modp2048s256-esn", esp, "chacha20poly1305-modp2048s256-esn");
}

/* Every algorithm there is, out and back in. */
static void a_text_of_ours_is_read_back_the_same(void **state)
{
    (void)state;
    const char *const texts[] = {
        "aes128-aes192-3des-sha1-sha256-sha384-sha512-aesxcbc-aescmac-md5-modp768-modp1024-ecp521",
        "aes256gcm8-aes192gcm12-aes128ccm16-aes128ccm8-aes256gmac-chacha20poly1305-esn-noesn",
        "null-aes128ctr-sha256-curve448-ecp224bp-ecp512bp-modp8192-modp1024s160-esn",
    };
    for (size_t i = 0; i < IPSECI_COUNT(texts); i++) {
        parse(texts[i], IPSEC_PROTOCOL_ESP);
        struct ipsec_proposal before = list.item[0];
        ipsec_proposal_text(&before, text, sizeof(text));
        parse(text, IPSEC_PROTOCOL_ESP);
        assert_int_equal(list.item[0].transform_count, before.transform_count);
        for (size_t t = 0; t < before.transform_count; t++) {
            assert_int_equal(list.item[0].transform[t].type, before.transform[t].type);
            assert_int_equal(list.item[0].transform[t].id, before.transform[t].id);
            assert_int_equal(list.item[0].transform[t].key_bits, before.transform[t].key_bits);
        }
    }
}

static void unknown_transforms_of_a_peer_are_numbers(void **state)
{
    (void)state;
    struct ipsec_proposal p = {
        IPSEC_PROTOCOL_IKE,
        6,
        {{1, 99, 512}, {2, 77, 0}, {3, 66, 0}, {4, 55, 0}, {9, 31, 0}, {14, 3, 0}}};
    ipsec_proposal_text(&p, text, sizeof(text));
    assert_string_equal(text, "encr99_512-prf77-integ66-ke55-ke4_curve25519-type14_3");
}

static void short_room_is_cut(void **state)
{
    (void)state;
    char small[12];
    parse("aes256-sha256-modp2048", IPSEC_PROTOCOL_IKE);
    ipsec_proposal_text(&list.item[0], small, sizeof(small));
    assert_string_equal(small + strlen(small) - 3, "...");
}

static void suites(void **state)
{
    (void)state;
    struct ipsec_suite ike = {IPSEC_PROTOCOL_IKE, 12, 256, 12, 5, 14, 0};
    ipsec_suite_text(&ike, text, sizeof(text));
    assert_string_equal(text, "aes256-sha256-modp2048");
    struct ipsec_suite gcm = {IPSEC_PROTOCOL_IKE, 20, 256, 0, 5, 19, 0};
    ipsec_suite_text(&gcm, text, sizeof(text));
    assert_string_equal(text, "aes256gcm16-prfsha256-ecp256");
    struct ipsec_suite esp = {IPSEC_PROTOCOL_ESP, 12, 256, 12, 0, 0, 1};
    ipsec_suite_text(&esp, text, sizeof(text));
    assert_string_equal(text, "aes256-sha256-esn");
}

struct named {
    struct ipsec_transform transform;
    const char *text;
};

static void transforms(void **state)
{
    (void)state;
    static const struct named names[] = {
        {{1, 12, 256}, "AES-CBC-256"},
        {{1, 12, 0}, "AES-CBC"},
        {{1, 20, 128}, "AES-GCM-16-128"},
        {{1, 28, 0}, "CHACHA20-POLY1305"},
        {{2, 5, 0}, "PRF-HMAC-SHA2-256"},
        {{3, 12, 0}, "HMAC-SHA2-256-128"},
        {{4, 14, 0}, "MODP-2048 (group 14)"},
        {{6, 31, 0}, "CURVE-25519 (group 31)"},
        {{5, 0, 0}, "no ESN"},
        {{5, 1, 0}, "ESN"},
        {{5, 2, 0}, "ESN 2"},
        {{1, 99, 0}, "ENCR 99"},
        {{1, 99, 256}, "ENCR 99-256"},
        {{3, 0, 0}, "INTEG 0"},
        {{4, 1000, 0}, "KE 1000"},
        {{12, 1000, 0}, "KE 1000"},
        {{200, 3, 0}, "transform 3"},
    };
    for (size_t i = 0; i < IPSECI_COUNT(names); i++) {
        char out[IPSEC_TRANSFORM_TEXT_MAX];
        ipsec_transform_text(&names[i].transform, out, sizeof(out));
        assert_string_equal(out, names[i].text);
    }
    assert_string_equal(ipsec_transform_type_text(1), "encryption");
    assert_string_equal(ipsec_transform_type_text(4), "Diffie-Hellman group");
    assert_string_equal(ipsec_transform_type_text(7), "additional key exchange");
    assert_string_equal(ipsec_transform_type_text(255), "transform");
}

static bool is_weak(const struct ipsec_transform *t)
{
    const struct ipseci_names *names = ipseci_names_find(t->type, t->id);
    return names != NULL && names->weak;
}

static void sec_05_cve_2015_4000_default_lists_are_strong(void **state)
{
    (void)state;
    const enum ipsec_protocol protocols[2] = {IPSEC_PROTOCOL_IKE, IPSEC_PROTOCOL_ESP};
    for (size_t i = 0; i < 2; i++) {
        ipsec_proposals_default(protocols[i], &list);
        assert_int_equal(list.count, 2);
        for (size_t p = 0; p < list.count; p++) {
            for (size_t t = 0; t < list.item[p].transform_count; t++) {
                assert_false(is_weak(&list.item[p].transform[t]));
            }
        }
        ipsec_proposals_text(&list, text, IPSEC_PROPOSAL_TEXT_MAX);
        assert_null(strstr(text, "..."));
        struct ipsec_proposals before = list;
        parse(text, protocols[i]);
        assert_int_equal(list.item[1].transform_count, before.item[1].transform_count);
    }
    ipsec_proposals_default(IPSEC_PROTOCOL_AH, &list);
    assert_int_equal(list.count, 0);
}

static void same_as_text(enum ipsec_protocol protocol, const char *words)
{
    struct ipsec_proposals table;
    ipsec_proposals_default(protocol, &table);
    parse(words, protocol);
    assert_int_equal(table.count, list.count);
    for (size_t p = 0; p < list.count; p++) {
        assert_int_equal(table.item[p].protocol, list.item[p].protocol);
        assert_int_equal(table.item[p].transform_count, list.item[p].transform_count);
        for (size_t t = 0; t < list.item[p].transform_count; t++) {
            assert_int_equal(table.item[p].transform[t].type, list.item[p].transform[t].type);
            assert_int_equal(table.item[p].transform[t].id, list.item[p].transform[t].id);
            assert_int_equal(table.item[p].transform[t].key_bits,
                             list.item[p].transform[t].key_bits);
        }
    }
}

static void default_lists_are_what_one_would_write(void **state)
{
    (void)state;
    same_as_text(
        IPSEC_PROTOCOL_IKE,
        "aes256-aes128-sha256-sha384-sha512-curve25519-ecp256-ecp384-modp2048-modp3072-"
        "modp4096-ecp521,"
        "aes256gcm16-aes128gcm16-chacha20poly1305-prfsha256-prfsha384-prfsha512-curve25519-"
        "ecp256-ecp384-modp2048-modp3072-modp4096-ecp521");
    same_as_text(IPSEC_PROTOCOL_ESP, "aes256-aes128-sha256-sha384-sha512-esn-noesn,"
                                     "aes256gcm16-aes128gcm16-chacha20poly1305-esn-noesn");
}

static const struct mock_claim claims[] = {
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048},
};

static size_t restricted(const char *from, enum ipsec_protocol protocol, const char *expected)
{
    struct mock mock;
    mock_init(&mock, claims, IPSECI_COUNT(claims));
    const struct ipsec_crypto *tables[1] = {&mock.table};
    struct ipsec_crypto_list crypto = {tables, 1};
    parse(from, protocol);
    size_t gone = ipsec_proposals_restrict(&list, &crypto);
    ipsec_proposals_text(&list, text, sizeof(text));
    assert_string_equal(text, expected);
    return gone;
}

static void cve_2016_3071_restricting_removes_what_is_not_built_in(void **state)
{
    (void)state;
    const enum ipsec_protocol esp = IPSEC_PROTOCOL_ESP;
    const enum ipsec_protocol ike = IPSEC_PROTOCOL_IKE;
    assert_int_equal(restricted("aes256-sha256-esn", esp, "aes256-sha256-esn"), 0);
    assert_int_equal(
        restricted("aes256-3des-sha256-sha512-modp2048-ecp256", esp, "aes256-sha256-modp2048"), 3);
    assert_int_equal(restricted("aes256gcm16,aes256-sha256", esp, "aes256-sha256"), 2);
    /* without its groups an offer would lose PFS without a word: it goes whole */
    assert_int_equal(restricted("aes256-sha256-ecp256,aes128-sha256", esp, "aes128-sha256"), 4);
    assert_int_equal(restricted("aes256-sha512-modp2048", ike, ""), 4);
    assert_int_equal(restricted("aes256-sha256-sha512-modp2048", ike, "aes256-sha256-modp2048"), 2);
}

static void restricting_to_nothing(void **state)
{
    (void)state;
    struct ipsec_crypto_list none = {NULL, 0};
    ipsec_proposals_default(IPSEC_PROTOCOL_IKE, &list);
    assert_true(ipsec_proposals_restrict(&list, &none) > 20);
    assert_int_equal(list.count, 0);
    assert_int_equal(ipsec_proposals_restrict(&list, &none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_canonical),
        cmocka_unit_test(a_text_of_ours_is_read_back_the_same),
        cmocka_unit_test(unknown_transforms_of_a_peer_are_numbers),
        cmocka_unit_test(short_room_is_cut),
        cmocka_unit_test(suites),
        cmocka_unit_test(transforms),
        cmocka_unit_test(sec_05_cve_2015_4000_default_lists_are_strong),
        cmocka_unit_test(default_lists_are_what_one_would_write),
        cmocka_unit_test(cve_2016_3071_restricting_removes_what_is_not_built_in),
        cmocka_unit_test(restricting_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
