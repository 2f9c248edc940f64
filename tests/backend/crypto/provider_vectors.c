/* SPDX-License-Identifier: Apache-2.0
 *
 * Conformance suite: published answers for packets and MACs. Wycheproof (AES-GCM,
 * ChaCha20-Poly1305, HMAC), intel-ipsec-mb (AES-CBC, HMAC). See tests/vectors/README.md.
 */
#include "provider_kit.h"
#include "provider_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct ipsec_crypto *provider;

static bool has(enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    return provider->supports(provider->context, type, id, bits);
}

/* The octets of one AEAD case, and what is expected of opening it. */
struct aead_case {
    struct blob key; /* with salt */
    struct blob iv;
    struct blob aad;
    struct blob text;
    struct blob sealed;
    struct blob tag;
    bool valid;
};

static struct aead_case aead_case_of(const json_t *test)
{
    struct aead_case c;
    struct blob key = blob_of(test, "key");
    c.iv = blob_of(test, "iv");
    c.key = blob_join(key, c.iv.data, 4);
    blob_free(&key);
    c.aad = blob_of(test, "aad");
    c.text = blob_of(test, "msg");
    c.sealed = blob_of(test, "ct");
    c.tag = blob_of(test, "tag");
    c.valid = strcmp(kit_text(test, "result"), "valid") == 0;
    return c;
}

static void aead_case_free(struct aead_case *c)
{
    blob_free(&c->key);
    blob_free(&c->iv);
    blob_free(&c->aad);
    blob_free(&c->text);
    blob_free(&c->sealed);
    blob_free(&c->tag);
}

static struct ipsec_crypto_op op_of(const struct aead_case *c, struct blob data, struct blob tag)
{
    struct ipsec_crypto_op op = {0};
    op.data = data.data;
    op.data_length = (uint32_t)data.length;
    op.aad = c->aad.data;
    op.aad_length = (uint16_t)c->aad.length;
    op.iv = c->iv.data + 4;
    op.tag = tag.data;
    return op;
}

static void check_seal(struct ipsec_key_params params, const struct aead_case *c)
{
    struct blob data = blob_copy(c->text.data, c->text.length);
    struct blob tag = blob_copy(c->sealed.data, 0);
    uint8_t room[16] = {0};
    blob_free(&tag);
    tag = blob_copy(room, sizeof(room));
    struct ipsec_crypto_op op = op_of(c, data, tag);
    params.direction = IPSEC_SEAL;
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
    assert_memory_equal(data.data, c->sealed.data, data.length);
    assert_memory_equal(tag.data, c->tag.data, c->tag.length);
    blob_free(&data);
    blob_free(&tag);
}

static void check_open(struct ipsec_key_params params, const struct aead_case *c)
{
    struct blob data = blob_copy(c->sealed.data, c->sealed.length);
    struct ipsec_crypto_op op = op_of(c, data, c->tag);
    params.direction = IPSEC_OPEN;
    assert_int_equal(kit_run(provider, &params, &op), c->valid ? IPSEC_OK : IPSEC_DROP_ICV);
    if (c->valid) {
        assert_memory_equal(data.data, c->text.data, data.length);
    }
    blob_free(&data);
}

/* All cases of a file with IPsec's nonce and tag lengths; how many were run. */
static size_t run_aead_file(const char *path, uint16_t encr_id, bool with_bits)
{
    json_t *root = kit_load(path);
    size_t run = 0;
    size_t g = 0;
    json_t *group = NULL;
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        uint16_t bits = with_bits ? (uint16_t)kit_number(group, "keySize") : 0;
        if (kit_number(group, "ivSize") != 96 || kit_number(group, "tagSize") != 128 ||
            !has(IPSEC_TRANSFORM_ENCR, encr_id, bits)) {
            continue;
        }
        size_t t = 0;
        json_t *test = NULL;
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            struct aead_case c = aead_case_of(test);
            struct ipsec_key_params params = {
                .encr_id = encr_id, .encr_key_bits = bits, .encr_key = blob_view(c.key)};
            if (c.valid) {
                check_seal(params, &c);
            }
            check_open(params, &c);
            aead_case_free(&c);
            run++;
        }
    }
    json_decref(root);
    return run;
}

static void wycheproof_aes_gcm(void **state)
{
    (void)state;
    if (!has(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 128)) {
        skip();
    }
    assert_in_range(run_aead_file("wycheproof/aes_gcm_test.json", IPSEC_ENCR_AES_GCM_16, true), 60,
                    316);
}

static void wycheproof_chacha20_poly1305(void **state)
{
    (void)state;
    if (!has(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_CHACHA20_POLY1305, 0)) {
        skip();
    }
    assert_in_range(run_aead_file("wycheproof/chacha20_poly1305_test.json",
                                  IPSEC_ENCR_CHACHA20_POLY1305, false),
                    200, 400);
}

/* RFC 4106 6: the shorter tags are the long one cut. */
static void short_gcm_tags_are_the_long_one_cut(void **state)
{
    (void)state;
    static const uint16_t ids[] = {IPSEC_ENCR_AES_GCM_16, IPSEC_ENCR_AES_GCM_12,
                                   IPSEC_ENCR_AES_GCM_8};
    static const uint8_t octets[] = {16, 12, 8};
    uint8_t key[20] = {1, 2, 3};
    uint8_t iv[8] = {4};
    uint8_t tags[3][17];
    memset(tags, 0xee, sizeof(tags));
    for (size_t i = 0; i < 3; i++) {
        uint8_t data[20] = {5};
        struct ipsec_key_params params = {
            .encr_id = ids[i], .encr_key_bits = 128, .encr_key = {key, sizeof(key)}};
        struct ipsec_crypto_op op = {
            .data = data, .data_length = sizeof(data), .iv = iv, .tag = tags[i]};
        if (!has(IPSEC_TRANSFORM_ENCR, ids[i], 128)) {
            skip();
        }
        assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
        assert_memory_equal(tags[i], tags[0], octets[i]);
        assert_int_equal(tags[i][octets[i]], 0xee); /* and not an octet more */
        params.direction = IPSEC_OPEN;
        tags[i][octets[i] - 1] ^= 0x80;
        assert_int_equal(kit_run(provider, &params, &op), IPSEC_DROP_ICV);
        tags[i][octets[i] - 1] ^= 0x80;
    }
}

static void intel_aes_cbc(void **state)
{
    (void)state;
    json_t *root = kit_load("intel-ipsec-mb/cbc_test.json");
    size_t run = 0;
    size_t g = 0;
    json_t *group = NULL;
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        uint16_t bits = (uint16_t)kit_number(group, "keySize");
        size_t t = 0;
        json_t *test = NULL;
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            struct blob key = blob_of(test, "key");
            struct blob iv = blob_of(test, "iv");
            struct blob text = blob_of(test, "msg");
            struct blob sealed = blob_of(test, "ct");
            struct blob data = blob_copy(text.data, text.length);
            struct ipsec_key_params params = {
                .encr_id = IPSEC_ENCR_AES_CBC, .encr_key_bits = bits, .encr_key = blob_view(key)};
            struct ipsec_crypto_op op = {
                .data = data.data, .data_length = (uint32_t)data.length, .iv = iv.data};
            if (has(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, bits)) {
                assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
                assert_memory_equal(data.data, sealed.data, data.length);
                params.direction = IPSEC_OPEN;
                assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
                assert_memory_equal(data.data, text.data, data.length);
                run++;
            }
            blob_free(&key);
            blob_free(&iv);
            blob_free(&text);
            blob_free(&sealed);
            blob_free(&data);
        }
    }
    json_decref(root);
    if (run == 0) {
        skip();
    }
    assert_int_equal(run, 7);
}

/* One HMAC case as PRF (any key length), and as integrity algorithm where the key length is its
 * own. */
struct mac_ids {
    const char *path;
    uint16_t prf_id;
    uint16_t integ_id;
};

static void check_as_prf(const struct mac_ids *ids, struct blob key, struct blob text,
                         struct blob tag, bool valid)
{
    uint8_t out[IPSEC_PRF_BYTES_MAX] = {0};
    struct ipsec_view part = blob_view(text);
    assert_int_equal(provider->prf(provider->context, ids->prf_id, blob_view(key), &part, 1, out),
                     IPSEC_OK);
    assert_int_equal(memcmp(out, tag.data, tag.length) == 0, valid);
}

static void check_as_integ(const struct mac_ids *ids, struct blob key, struct blob text,
                           struct blob tag)
{
    uint8_t out[IPSEC_TAG_BYTES_MAX] = {0};
    struct ipsec_key_params params = {.integ_id = ids->integ_id, .integ_key = blob_view(key)};
    struct ipsec_crypto_op op = {
        .data = text.data, .data_length = (uint32_t)text.length, .tag = out};
    size_t octets = ipseci_integ_find(ids->integ_id)->tag_octets;
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
    assert_memory_equal(out, tag.data, octets < tag.length ? octets : tag.length);
    params.direction = IPSEC_OPEN;
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
}

static size_t run_mac_file(const struct mac_ids *ids)
{
    json_t *root = kit_load(ids->path);
    size_t as_integ = 0;
    size_t g = 0;
    json_t *group = NULL;
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        size_t t = 0;
        json_t *test = NULL;
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            struct blob key = blob_of(test, "key");
            struct blob text = blob_of(test, "msg");
            struct blob tag = blob_of(test, "tag");
            bool valid = strcmp(kit_text(test, "result"), "valid") == 0;
            if (has(IPSEC_TRANSFORM_PRF, ids->prf_id, 0)) {
                check_as_prf(ids, key, text, tag, valid);
            }
            if (valid && has(IPSEC_TRANSFORM_INTEG, ids->integ_id, 0) &&
                key.length == ipseci_integ_find(ids->integ_id)->key_octets) {
                check_as_integ(ids, key, text, tag);
                as_integ++;
            }
            blob_free(&key);
            blob_free(&text);
            blob_free(&tag);
        }
    }
    json_decref(root);
    return as_integ;
}

static void run_macs(const struct mac_ids *files, size_t count)
{
    size_t as_integ = 0;
    for (size_t i = 0; i < count; i++) {
        as_integ += run_mac_file(&files[i]);
    }
    if (has(IPSEC_TRANSFORM_INTEG, files[0].integ_id, 0)) {
        assert_true(as_integ > 0);
    }
}

static void hmac_sha1(void **state)
{
    (void)state;
    static const struct mac_ids files[] = {
        {"wycheproof/hmac_sha1_test.json", IPSEC_PRF_HMAC_SHA1, IPSEC_INTEG_HMAC_SHA1_96},
        {"intel-ipsec-mb/hmac_sha1_test.json", IPSEC_PRF_HMAC_SHA1, IPSEC_INTEG_HMAC_SHA1_96},
    };
    run_macs(files, IPSECI_COUNT(files));
}

static void hmac_sha256(void **state)
{
    (void)state;
    static const struct mac_ids files[] = {
        {"wycheproof/hmac_sha256_test.json", IPSEC_PRF_HMAC_SHA2_256,
         IPSEC_INTEG_HMAC_SHA2_256_128},
        {"intel-ipsec-mb/hmac_sha256_test.json", IPSEC_PRF_HMAC_SHA2_256,
         IPSEC_INTEG_HMAC_SHA2_256_128},
    };
    run_macs(files, IPSECI_COUNT(files));
}

static void hmac_sha512(void **state)
{
    (void)state;
    static const struct mac_ids files[] = {
        {"wycheproof/hmac_sha512_test.json", IPSEC_PRF_HMAC_SHA2_512,
         IPSEC_INTEG_HMAC_SHA2_512_256},
        {"intel-ipsec-mb/hmac_sha512_test.json", IPSEC_PRF_HMAC_SHA2_512,
         IPSEC_INTEG_HMAC_SHA2_512_256},
    };
    run_macs(files, IPSECI_COUNT(files));
}

static void its_own_self_test_passes(void **state)
{
    (void)state;
    const char *failed = NULL;
    enum ipsec_status status = ipsec_crypto_self_test(provider, &failed);
    if (status != IPSEC_OK) {
        fail_msg("%s: %d", failed, status);
    }
}

int provider_vectors_run(const struct ipsec_crypto *of)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_own_self_test_passes),
        cmocka_unit_test(wycheproof_aes_gcm),
        cmocka_unit_test(wycheproof_chacha20_poly1305),
        cmocka_unit_test(short_gcm_tags_are_the_long_one_cut),
        cmocka_unit_test(intel_aes_cbc),
        cmocka_unit_test(hmac_sha1),
        cmocka_unit_test(hmac_sha256),
        cmocka_unit_test(hmac_sha512),
    };
    provider = of;
    return cmocka_run_group_tests_name("provider vectors", tests, NULL, NULL);
}
