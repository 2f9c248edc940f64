/* SPDX-License-Identifier: Apache-2.0
 *
 * Conformance suite: published answers for the further modes of AES: counter mode (RFC 3686, from
 * intel-ipsec-mb), CMAC (Wycheproof) and XCBC (RFC 3566, from intel-ipsec-mb) as MACs, both as PRFs
 * (RFC 4615, RFC 4434), GMAC (draft-mcgrew-gcm-test-01). See tests/vectors/README.md.
 */
#include "provider_kit.h"
#include "provider_suite.h"
#include "test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ipsec_crypto *provider;

static bool has(enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    return provider->supports(provider->context, type, id, bits);
}

/* The tests of a file, each with its group; how many say that they were run. */
typedef bool (*one_test)(const json_t *group, const json_t *test);

static size_t each_test(const char *path, one_test one)
{
    json_t *root = kit_load(path);
    size_t run = 0;
    size_t g = 0;
    json_t *group = NULL;
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        size_t t = 0;
        json_t *test = NULL;
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            run += one(group, test);
        }
    }
    json_decref(root);
    return run;
}

/* ---- counter mode ------------------------------------------------------------------------------
 */

/* Groups whose IV is a whole counter block are not RFC 3686's. */
static bool one_ctr(const json_t *group, const json_t *test)
{
    const uint16_t bits = (uint16_t)kit_number(group, "keySize");
    if (kit_number(group, "ivSize") != 96 || !has(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CTR, bits)) {
        return false;
    }
    struct blob key = blob_of(test, "key");
    struct blob iv = blob_of(test, "iv"); /* nonce | IV */
    struct blob salted = blob_join(key, iv.data, 4);
    struct blob text = blob_of(test, "msg");
    struct blob sealed = blob_of(test, "ct");
    struct blob data = blob_copy(text.data, text.length);
    struct ipsec_key_params params = {
        .encr_id = IPSEC_ENCR_AES_CTR, .encr_key_bits = bits, .encr_key = blob_view(salted)};
    struct ipsec_crypto_op op = {
        .data = data.data, .data_length = (uint32_t)data.length, .iv = iv.data + 4};
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
    assert_memory_equal(data.data, sealed.data, data.length);
    params.direction = IPSEC_OPEN;
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
    assert_memory_equal(data.data, text.data, data.length);
    blob_free(&key);
    blob_free(&iv);
    blob_free(&salted);
    blob_free(&text);
    blob_free(&sealed);
    blob_free(&data);
    return true;
}

static void espb_08_rfc_3686_counter_blocks_begin_at_1(void **state)
{
    (void)state;
    if (!has(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CTR, 256)) {
        skip();
    }
    assert_int_equal(each_test("intel-ipsec-mb/ctr_test.json", one_ctr), 14);
}

/* ---- MACs --------------------------------------------------------------------------------------
 */

static uint16_t mac_integ;
static uint16_t mac_prf;

/* As a MAC of 12 octets, in three parts, and as a PRF where the whole answer is given. */
static bool one_mac(const json_t *group, const json_t *test)
{
    if (kit_number(group, "keySize") != 128) {
        return false; /* IPsec's are of AES-128 */
    }
    struct blob key = blob_of(test, "key");
    struct blob text = blob_of(test, "msg");
    struct blob tag = blob_of(test, "tag");
    const bool valid = strcmp(kit_text(test, "result"), "valid") == 0;
    const size_t ahead = text.length / 3;
    const size_t behind = text.length - ahead < 12 ? (text.length - ahead) / 2 : 12;
    uint8_t sum[IPSEC_PRF_BYTES_MAX];
    struct ipsec_key_params params = {.integ_id = mac_integ, .integ_key = blob_view(key)};
    struct ipsec_crypto_op op = {.aad = text.data,
                                 .aad_length = (uint16_t)ahead,
                                 .data = text.data + ahead,
                                 .data_length = (uint32_t)(text.length - ahead - behind),
                                 .tail_length = (uint8_t)behind,
                                 .tag = sum};
    memset(sum, 0xee, sizeof(sum));
    memcpy(op.scratch, text.data + text.length - behind, behind);
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
    assert_int_equal(sum[12], 0xee); /* not an octet more */
    if (valid) {
        assert_memory_equal(sum, tag.data, 12);
    }
    params.direction = IPSEC_OPEN;
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
    sum[11] ^= 1;
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_DROP_ICV);

    struct ipsec_view parts[2] = {ipseci_view(text.data, ahead),
                                  ipseci_view(text.data + ahead, text.length - ahead)};
    if (tag.length == 16 && has(IPSEC_TRANSFORM_PRF, mac_prf, 0)) {
        assert_int_equal(provider->prf(provider->context, mac_prf, blob_view(key), parts, 2, sum),
                         IPSEC_OK);
        assert_int_equal(memcmp(sum, tag.data, 16) == 0, valid);
    }
    blob_free(&key);
    blob_free(&text);
    blob_free(&tag);
    return true;
}

static void wycheproof_aes_cmac(void **state)
{
    (void)state;
    mac_integ = IPSEC_INTEG_AES_CMAC_96;
    mac_prf = IPSEC_PRF_AES128_CMAC;
    if (!has(IPSEC_TRANSFORM_INTEG, mac_integ, 0)) {
        skip();
    }
    assert_int_equal(each_test("wycheproof/aes_cmac_test.json", one_mac), 102);
}

static void rfc_3566_aes_xcbc(void **state)
{
    (void)state;
    mac_integ = IPSEC_INTEG_AES_XCBC_96;
    mac_prf = IPSEC_PRF_AES128_XCBC;
    if (!has(IPSEC_TRANSFORM_INTEG, mac_integ, 0)) {
        skip();
    }
    assert_int_equal(each_test("intel-ipsec-mb/xcbc_test.json", one_mac), 7);
}

/* Any length and any cut of a message is one and the same, also beyond what a provider takes at a
 * time. */
static void a_message_in_pieces(uint16_t prf_id)
{
    uint8_t text[1500];
    uint8_t whole[IPSEC_PRF_BYTES_MAX];
    uint8_t cut[IPSEC_PRF_BYTES_MAX];
    uint32_t seed = 17;
    kit_fill(&seed, text, sizeof(text));
    for (size_t n = 0; n <= sizeof(text); n += 1 + n / 9) {
        const struct ipsec_view one = ipseci_view(text, n);
        const struct ipsec_view key = ipseci_view(text, 16);
        assert_int_equal(provider->prf(provider->context, prf_id, key, &one, 1, whole), IPSEC_OK);
        for (size_t round = 0; round < 20; round++) {
            const size_t a = kit_next(&seed) % (n + 1);
            const size_t b = a + kit_next(&seed) % (n - a + 1);
            const struct ipsec_view parts[3] = {ipseci_view(text, a), ipseci_view(text + a, b - a),
                                                ipseci_view(text + b, n - b)};
            assert_int_equal(provider->prf(provider->context, prf_id, key, parts, 3, cut),
                             IPSEC_OK);
            assert_memory_equal(cut, whole, 16);
        }
    }
}

static void macs_of_aes_do_not_see_the_cuts(void **state)
{
    (void)state;
    if (!has(IPSEC_TRANSFORM_PRF, IPSEC_PRF_AES128_CMAC, 0)) {
        skip();
    }
    a_message_in_pieces(IPSEC_PRF_AES128_CMAC);
    a_message_in_pieces(IPSEC_PRF_AES128_XCBC);
}

/* ---- PRFs with keys of other lengths -----------------------------------------------------------
 */

/* RFC 4615 4 and RFC 4434 2: the key is the first octets of this; the message counts up. */
struct prf_answer {
    uint16_t id;
    uint8_t key_octets;
    const char *answer;
};

static void rfc_4434_4615_keys_of_any_length(void **state)
{
    (void)state;
    static const uint8_t key[18] = {0, 1,  2,  3,  4,  5,  6,  7,    8,
                                    9, 10, 11, 12, 13, 14, 15, 0xed, 0xcb};
    static const struct prf_answer answers[] = {
        {IPSEC_PRF_AES128_CMAC, 18, "84a348a4a45d235babfffc0d2b4da09a"},
        {IPSEC_PRF_AES128_CMAC, 16, "980ae87b5f4c9c5214f5b6a8455e4c2d"},
        {IPSEC_PRF_AES128_CMAC, 10, "290d9e112edb09ee141fcf64c0b72f3d"},
        {IPSEC_PRF_AES128_XCBC, 18, "8cd3c93ae598a9803006ffb67c40e9e4"},
        {IPSEC_PRF_AES128_XCBC, 16, "47f51b4564966215b8985c63055ed308"},
        {IPSEC_PRF_AES128_XCBC, 10, "0fa087af7d866e7653434e602fdde835"},
    };
    uint8_t text[20];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)i;
    }
    const struct ipsec_view part = ipseci_view(text, sizeof(text));
    for (size_t i = 0; i < IPSECI_COUNT(answers); i++) {
        const struct prf_answer *a = &answers[i];
        uint8_t out[IPSEC_PRF_BYTES_MAX];
        uint8_t expected[16];
        if (!has(IPSEC_TRANSFORM_PRF, a->id, 0)) {
            skip();
        }
        assert_int_equal(test_hex(a->answer, expected, sizeof(expected)), 16);
        assert_int_equal(
            provider->prf(provider->context, a->id, ipseci_view(key, a->key_octets), &part, 1, out),
            IPSEC_OK);
        assert_memory_equal(out, expected, 16);
    }
}

/* ---- GMAC --------------------------------------------------------------------------------------
 */

/* The three pieces behind each other as in a packet, or (`apart`) each elsewhere. */
static enum ipsec_status run_gmac(const struct ipsec_key_params *params, struct blob packet,
                                  bool apart, uint8_t *tag)
{
    struct blob iv = blob_copy(packet.data + 8, 8);
    struct blob data = blob_copy(packet.data + 16, packet.length - 16);
    struct ipsec_crypto_op op = {.aad = packet.data,
                                 .aad_length = 8,
                                 .iv = apart ? iv.data : packet.data + 8,
                                 .data = apart ? data.data : packet.data + 16,
                                 .data_length = (uint32_t)data.length,
                                 .tag = tag};
    const enum ipsec_status status = kit_run(provider, params, &op);
    blob_free(&iv);
    blob_free(&data);
    return status;
}

static void draft_mcgrew_gmac(void **state)
{
    (void)state;
    uint8_t key[20];
    uint8_t octets[68];
    uint8_t expected[16];
    uint8_t tag[17] = {0};
    if (!has(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL_AES_GMAC, 128)) {
        skip();
    }
    assert_int_equal(test_hex("4c80cdefbb5d10da906ac73c3613a63422433c64", key, 20), 20);
    assert_int_equal(test_hex("00004321000000070000000000000000"
                              "45000030da3a00008001df3bc0a80005c0a800010800c6cd02000700"
                              "6162636465666768696a6b6c6d6e6f707172737401020201",
                              octets, sizeof(octets)),
                     sizeof(octets));
    assert_int_equal(test_hex("f2a9a836e155106aa8dcd618e4099aaa", expected, 16), 16);
    struct blob packet = blob_copy(octets, sizeof(octets));
    struct ipsec_key_params params = {.encr_id = IPSEC_ENCR_NULL_AES_GMAC,
                                      .encr_key_bits = 128,
                                      .encr_key = ipseci_view(key, sizeof(key))};
    for (size_t apart = 0; apart < 2; apart++) {
        memset(tag, 0, sizeof(tag));
        params.direction = IPSEC_SEAL;
        assert_int_equal(run_gmac(&params, packet, apart != 0, tag), IPSEC_OK);
        assert_memory_equal(tag, expected, 16);
        assert_int_equal(tag[16], 0);
        params.direction = IPSEC_OPEN;
        assert_int_equal(run_gmac(&params, packet, apart != 0, tag), IPSEC_OK);
        tag[15] ^= 1;
        assert_int_equal(run_gmac(&params, packet, apart != 0, tag), IPSEC_DROP_ICV);
        assert_memory_equal(packet.data, octets, sizeof(octets)); /* nothing is ciphered */
    }
    blob_free(&packet);
}

/* RFC 4543 3: GMAC is GCM over no text, with all of the packet as what is authenticated. */
static void gmac_is_gcm_of_nothing(void **state)
{
    (void)state;
    uint32_t seed = 4543;
    if (!has(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL_AES_GMAC, 256) ||
        !has(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 256)) {
        skip();
    }
    for (size_t n = 16; n < 600; n++) {
        uint8_t key[36];
        uint8_t octets[600];
        uint8_t tags[3][16] = {{0}};
        kit_fill(&seed, key, sizeof(key));
        kit_fill(&seed, octets, sizeof(octets));
        struct blob packet = blob_copy(octets, n);
        struct ipsec_key_params params = {.encr_id = IPSEC_ENCR_NULL_AES_GMAC,
                                          .encr_key_bits = 256,
                                          .encr_key = ipseci_view(key, sizeof(key))};
        assert_int_equal(run_gmac(&params, packet, false, tags[0]), IPSEC_OK);
        assert_int_equal(run_gmac(&params, packet, true, tags[1]), IPSEC_OK);
        params.encr_id = IPSEC_ENCR_AES_GCM_16;
        struct ipsec_crypto_op op = {
            .aad = packet.data, .aad_length = (uint16_t)n, .iv = packet.data + 8, .tag = tags[2]};
        assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
        assert_memory_equal(tags[0], tags[2], 16);
        assert_memory_equal(tags[1], tags[2], 16);
        blob_free(&packet);
    }
}

int provider_modes_run(const struct ipsec_crypto *of)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(espb_08_rfc_3686_counter_blocks_begin_at_1),
        cmocka_unit_test(wycheproof_aes_cmac),
        cmocka_unit_test(rfc_3566_aes_xcbc),
        cmocka_unit_test(macs_of_aes_do_not_see_the_cuts),
        cmocka_unit_test(rfc_4434_4615_keys_of_any_length),
        cmocka_unit_test(draft_mcgrew_gmac),
        cmocka_unit_test(gmac_is_gcm_of_nothing),
    };
    provider = of;
    return cmocka_run_group_tests_name("provider modes", tests, NULL, NULL);
}
