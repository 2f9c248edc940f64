/* SPDX-License-Identifier: Apache-2.0
 *
 * Conformance suite of signers: Wycheproof, signatures that OpenSSL made, signing and checking
 * with given keys, and everything that has to be refused. See tests/vectors/README.md.
 */
#include "provider_kit.h"
#include "provider_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct ipsec_signer *signer;
static const struct sign_key *keys;
static size_t key_count;

static enum ipsec_status verify(struct ipsec_view public_key, enum ipsec_signature how,
                                struct ipsec_view message, struct ipsec_view signature)
{
    struct ipsec_signature_check check = {how, &message, 1, signature};
    return signer->verify(signer->context, public_key, &check);
}

static bool has(enum ipsec_signature how)
{
    return signer->supports(signer->context, how);
}

/* ---- published cases ---- */

struct file {
    const char *path;
    enum ipsec_signature how;
    size_t valid; /* cases that have to be accepted, so that a changed file does not go unseen */
};

/* Wycheproof's one "acceptable" case, a DigestInfo without its NULL, is refused: AUTH-11. */
static size_t check_case(const json_t *group, const json_t *test, enum ipsec_signature how)
{
    struct blob key = blob_of(group, "publicKeyDer");
    struct blob message = blob_of(test, "msg");
    struct blob signature = blob_of(test, "sig");
    bool valid = strcmp(kit_text(test, "result"), "valid") == 0;
    enum ipsec_status status =
        verify(blob_view(key), how, blob_view(message), blob_view(signature));
    if ((status == IPSEC_OK) != valid ||
        (!valid && status != IPSEC_DROP_ICV && status != IPSEC_DROP_MALFORMED)) {
        fail_msg("tcId %u (%s): %d", kit_number(test, "tcId"), kit_text(test, "comment"), status);
    }
    blob_free(&key);
    blob_free(&message);
    blob_free(&signature);
    return valid ? 1 : 0;
}

static void check_file(const struct file *file)
{
    if (!has(file->how)) {
        return;
    }
    json_t *root = kit_load(file->path);
    const json_t *group = NULL;
    const json_t *test = NULL;
    size_t i = 0;
    size_t k = 0;
    size_t valid = 0;
    json_array_foreach(json_object_get(root, "testGroups"), i, group)
    {
        json_array_foreach(json_object_get(group, "tests"), k, test)
        {
            valid += check_case(group, test, file->how);
        }
    }
    assert_int_equal(valid, file->valid);
    json_decref(root);
}

/* CVE-2018-16151, CVE-2018-16152, CVE-2018-15836, CVE-2026-50721, CVE-2026-50722 */
static void auth_11_cve_2018_16151_rsa_blocks_parsed_loosely_are_refused(void **state)
{
    (void)state;
    static const struct file files[] = {
        {"wycheproof/rsa_signature_2048_sha256_test.json", IPSEC_SIGNATURE_RSA_SHA2_256, 9},
        {"wycheproof/rsa_signature_2048_sha512_test.json", IPSEC_SIGNATURE_RSA_SHA2_512, 8},
    };
    for (size_t i = 0; i < IPSECI_COUNT(files); i++) {
        check_file(&files[i]);
    }
}

/* CVE-2018-6459, CVE-2021-41990 */
static void auth_12_cve_2018_6459_pss_with_other_parameters_is_refused(void **state)
{
    (void)state;
    static const struct file file = {"wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json",
                                     IPSEC_SIGNATURE_PSS_SHA2_256, 63};
    check_file(&file);
}

static void auth_13_ecdsa_has_one_form(void **state)
{
    (void)state;
    static const struct file files[] = {
        {"wycheproof/ecdsa_secp256r1_sha256_test.json", IPSEC_SIGNATURE_ECDSA_SHA2_256, 174},
        {"wycheproof/ecdsa_secp384r1_sha384_test.json", IPSEC_SIGNATURE_ECDSA_SHA2_384, 194},
    };
    for (size_t i = 0; i < IPSECI_COUNT(files); i++) {
        check_file(&files[i]);
    }
}

static enum ipsec_signature how_of(const json_t *test)
{
    enum ipsec_signature how = IPSEC_SIGNATURES;
    assert_int_equal(ipsec_signature_parse(kit_text(test, "how"), &how), IPSEC_OK);
    return how;
}

static void signatures_of_openssl(void **state)
{
    (void)state;
    json_t *root = kit_load("x509/signatures.json");
    const json_t *test = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(root, "signatures"), i, test)
    {
        struct blob key = blob_of(test, "public");
        struct blob message = blob_of(test, "message");
        struct blob signature = blob_of(test, "signature");
        bool valid = json_is_true(json_object_get(test, "valid"));
        enum ipsec_status status =
            has(how_of(test))
                ? verify(blob_view(key), how_of(test), blob_view(message), blob_view(signature))
                : IPSEC_ERR_NOT_BUILT_IN;
        if (status != IPSEC_ERR_NOT_BUILT_IN && (status == IPSEC_OK) != valid) {
            fail_msg("%s %s %s: %d", kit_text(test, "key"), kit_text(test, "how"),
                     kit_text(test, "options"), status);
        }
        blob_free(&key);
        blob_free(&message);
        blob_free(&signature);
    }
    json_decref(root);
}

/* ---- signing ---- */

static const uint8_t text[] = "ID and nonces and the first message";

/* The same octets in one part, and in several with empty ones between. */
static const struct ipsec_view whole = {text, sizeof(text)};
static const struct ipsec_view split[] = {
    {NULL, 0}, {text, 1}, {text + 1, 0}, {text + 1, 20}, {text + 21, sizeof(text) - 21}};

static enum ipsec_status sign(const struct sign_key *key, enum ipsec_signature how, uint8_t *out,
                              size_t *length)
{
    return signer->sign(signer->context, key->key, how, split, IPSECI_COUNT(split), out, length);
}

static bool key_makes(const struct sign_key *key, enum ipsec_signature how)
{
    uint8_t kind = how < IPSEC_SIGNATURE_ECDSA_SHA2_256 ? IPSEC_KEY_RSA : IPSEC_KEY_EC;
    kind = how == IPSEC_SIGNATURE_ED25519 ? IPSEC_KEY_ED25519 : kind;
    return has(how) && kind == key->info.kind;
}

/* Every single octet damaged, the ends cut, one more: none is taken (CVE-2013-2944 and its kin). */
static void check_damage(const struct sign_key *key, enum ipsec_signature how,
                         struct ipsec_view good)
{
    uint8_t bad[IPSEC_SIGNATURE_BYTES_MAX + 1];
    for (size_t i = 0; i < good.length; i += 7) {
        memcpy(bad, good.data, good.length);
        bad[i] ^= 0x10;
        assert_int_not_equal(verify(key->public_key, how, whole, ipseci_view(bad, good.length)),
                             IPSEC_OK);
    }
    memcpy(bad, good.data, good.length);
    bad[good.length] = 0;
    assert_int_equal(verify(key->public_key, how, whole, ipseci_view(bad, good.length + 1)),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(verify(key->public_key, how, whole, ipseci_view(bad, good.length - 1)),
                     IPSEC_DROP_MALFORMED);
    assert_int_equal(verify(key->public_key, how, whole, ipseci_view(NULL, 0)),
                     IPSEC_DROP_MALFORMED);
    memset(bad, 0, sizeof(bad));
    assert_int_not_equal(verify(key->public_key, how, whole, ipseci_view(bad, good.length)),
                         IPSEC_OK);
    assert_int_equal(verify(key->public_key, how, ipseci_view(text, 5), good), IPSEC_DROP_ICV);
}

/* Taken under its own scheme and hash only. */
static void check_schemes(const struct sign_key *key, enum ipsec_signature how,
                          struct ipsec_view good)
{
    for (int other = 0; other < IPSEC_SIGNATURES; other++) {
        enum ipsec_status status =
            verify(key->public_key, (enum ipsec_signature)other, whole, good);
        if (!has((enum ipsec_signature)other)) {
            assert_int_equal(status, IPSEC_ERR_NOT_BUILT_IN);
        } else if (!key_makes(key, (enum ipsec_signature)other)) {
            assert_int_equal(status, IPSEC_DROP_MALFORMED);
        } else {
            assert_int_equal(status, other == (int)how ? IPSEC_OK : IPSEC_DROP_ICV);
        }
    }
}

/* CVE-2020-16088: another key, of the same kind or not. */
static void check_other_keys(size_t own, enum ipsec_signature how, struct ipsec_view good)
{
    for (size_t i = 0; i < key_count; i++) {
        if (i != own) {
            assert_int_not_equal(verify(keys[i].public_key, how, whole, good), IPSEC_OK);
        }
    }
    assert_int_equal(verify(ipseci_view(NULL, 0), how, whole, good), IPSEC_DROP_MALFORMED);
}

static void what_a_key_signs_is_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        for (int n = 0; n < IPSEC_SIGNATURES; n++) {
            enum ipsec_signature how = (enum ipsec_signature)n;
            uint8_t out[IPSEC_SIGNATURE_BYTES_MAX];
            size_t length = sizeof(out);
            if (!key_makes(&keys[i], how)) {
                continue;
            }
            assert_int_equal(sign(&keys[i], how, out, &length), IPSEC_OK);
            assert_true(length > 0 && length <= sizeof(out));
            struct ipsec_view good = ipseci_view(out, length);
            assert_int_equal(verify(keys[i].public_key, how, whole, good), IPSEC_OK);
            check_damage(&keys[i], how, good);
            check_schemes(&keys[i], how, good);
            check_other_keys(i, how, good);
        }
    }
}

static void what_a_key_can_not_sign(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        for (int n = 0; n <= IPSEC_SIGNATURES; n++) {
            enum ipsec_signature how = (enum ipsec_signature)n;
            uint8_t out[IPSEC_SIGNATURE_BYTES_MAX] = {0xa5};
            size_t length = sizeof(out);
            if (n < IPSEC_SIGNATURES && key_makes(&keys[i], how)) {
                length = 60;
                assert_int_equal(sign(&keys[i], how, out, &length), IPSEC_ERR_BUFFER);
                assert_int_equal(length, 60);
            } else {
                assert_int_equal(sign(&keys[i], how, out, &length),
                                 has(how) ? IPSEC_ERR_ARGUMENT : IPSEC_ERR_NOT_BUILT_IN);
            }
            assert_int_equal(out[0], 0xa5);
        }
    }
}

/* ---- keys ---- */

static void keys_say_what_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        struct ipsec_key_info info = {0, 0};
        assert_int_equal(signer->key_info(signer->context, keys[i].key, &info), IPSEC_OK);
        assert_int_equal(info.kind, keys[i].info.kind);
        assert_int_equal(info.bits, keys[i].info.bits);
        info = (struct ipsec_key_info){0, 0};
        assert_int_equal(signer->public_info(signer->context, keys[i].public_key, &info), IPSEC_OK);
        assert_int_equal(info.kind, keys[i].info.kind);
        assert_int_equal(info.bits, keys[i].info.bits);
    }
}

/* Cut anywhere, or with more behind it, it is no key; in memory of its exact size. */
static void damaged_public_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        struct ipsec_view good = keys[i].public_key;
        struct ipsec_key_info info;
        for (size_t n = 0; n < good.length; n++) {
            struct blob cut = blob_copy(good.data, n);
            assert_int_not_equal(signer->public_info(signer->context, blob_view(cut), &info),
                                 IPSEC_OK);
            blob_free(&cut);
        }
        struct blob whole_key = blob_copy(good.data, good.length);
        struct blob longer = blob_join(whole_key, (const uint8_t *)"", 1);
        assert_int_equal(signer->public_info(signer->context, blob_view(longer), &info),
                         IPSEC_DROP_MALFORMED);
        blob_free(&whole_key);
        blob_free(&longer);
    }
}

int provider_sign_run(const struct ipsec_signer *with, const struct sign_key *its_keys,
                      size_t count)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_11_cve_2018_16151_rsa_blocks_parsed_loosely_are_refused),
        cmocka_unit_test(auth_12_cve_2018_6459_pss_with_other_parameters_is_refused),
        cmocka_unit_test(auth_13_ecdsa_has_one_form),
        cmocka_unit_test(signatures_of_openssl),
        cmocka_unit_test(what_a_key_signs_is_its_own),
        cmocka_unit_test(what_a_key_can_not_sign),
        cmocka_unit_test(keys_say_what_they_are),
        cmocka_unit_test(damaged_public_keys),
    };
    signer = with;
    keys = its_keys;
    key_count = count;
    return cmocka_run_group_tests_name("signer", tests, NULL, NULL);
}
