/* SPDX-License-Identifier: Apache-2.0
 *
 * Known answers of the OpenSSL provider's groups. They need the private values, which the
 * provider's interface rightly never takes, so this test is built with the provider's own objects.
 * tests/vectors/ike-groups (RFC 5903, 5114, 7748 and own ones), Wycheproof (ECDH, X25519).
 */
#include "ossl.h"
#include "provider_kit.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ipsec_openssl *provider;

static const struct ipseci_ossl_group *group_find(uint16_t id)
{
    for (size_t i = 0; i < IPSECI_OSSL_GROUPS; i++) {
        const struct ipseci_ossl_group *group = ipseci_ossl_group_at(i);
        if (group->id == id) {
            return group;
        }
    }
    fail_msg("no group %u", id);
    return NULL;
}

/* A key of the group with this private value. */
static EVP_PKEY *key_of(const struct ipseci_ossl_group *group, struct blob private_value)
{
    EVP_PKEY *key = NULL;
    if (group->name == NULL) {
        key = EVP_PKEY_new_raw_private_key_ex(NULL, group->type, NULL, private_value.data,
                                              private_value.length);
        assert_non_null(key);
        return key;
    }
    BIGNUM *number = BN_bin2bn(private_value.data, (int)private_value.length, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    assert_int_equal(
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group->name, 0), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number), 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, group->type, NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(c), 1);
    assert_int_equal(EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params), 1);
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(number);
    return key;
}

static enum ipsec_status agree(uint16_t id, struct blob private_value, const uint8_t *peer,
                               uint8_t *secret)
{
    const struct ipseci_ossl_group *group = group_find(id);
    EVP_PKEY *own = key_of(group, private_value);
    enum ipsec_status status = ipseci_ossl_agree(provider, group, own, peer, secret);
    EVP_PKEY_free(own);
    return status;
}

static void check_one(const json_t *vector)
{
    uint16_t id = (uint16_t)kit_number(vector, "group");
    struct blob priv_i = blob_of(vector, "priv_i");
    struct blob priv_r = blob_of(vector, "priv_r");
    struct blob pub_i = blob_of(vector, "pub_i");
    struct blob pub_r = blob_of(vector, "pub_r");
    struct blob shared = blob_of(vector, "shared");
    struct blob out = blob_copy(shared.data, shared.length);
    assert_int_equal(pub_i.length, group_find(id)->public_octets);
    assert_int_equal(shared.length, group_find(id)->secret_octets);

    memset(out.data, 0xee, out.length);
    assert_int_equal(agree(id, priv_i, pub_r.data, out.data), IPSEC_OK);
    assert_memory_equal(out.data, shared.data, shared.length);
    memset(out.data, 0xee, out.length);
    assert_int_equal(agree(id, priv_r, pub_i.data, out.data), IPSEC_OK);
    assert_memory_equal(out.data, shared.data, shared.length);
    blob_free(&priv_i);
    blob_free(&priv_r);
    blob_free(&pub_i);
    blob_free(&pub_r);
    blob_free(&shared);
    blob_free(&out);
}

static void check_file(const char *path, size_t expected)
{
    json_t *root = kit_load(path);
    json_t *vectors = json_object_get(root, "vectors");
    size_t i = 0;
    json_t *vector = NULL;
    assert_int_equal(json_array_size(vectors), expected);
    json_array_foreach(vectors, i, vector)
    {
        check_one(vector);
    }
    json_decref(root);
}

static void published_answers(void **state)
{
    (void)state;
    check_file("ike-groups/published.json", 8);
}

static void init_24_modp_answers_with_leading_zeros(void **state)
{
    (void)state;
    check_file("ike-groups/modp.json", 12);
}

/* The groups of RFC 3526 and RFC 5114, not others of the same size. */
static void modp_primes(void **state)
{
    (void)state;
    static const uint16_t ids[] = {14, 15, 16, 24};
    json_t *root = kit_load("ike-groups/primes.json");
    for (size_t i = 0; i < IPSECI_COUNT(ids); i++) {
        char name[8] = {(char)('0' + ids[i] / 10), (char)('0' + ids[i] % 10)};
        struct blob p = blob_of(root, name);
        uint8_t have[IPSEC_KE_PUBLIC_MAX];
        BIGNUM *prime = NULL;
        EVP_PKEY *key = ipseci_ossl_group_key(provider, group_find(ids[i]));
        assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_P, &prime), 1);
        assert_int_equal(BN_bn2binpad(prime, have, (int)p.length), p.length);
        assert_memory_equal(have, p.data, p.length);
        BN_free(prime);
        EVP_PKEY_free(key);
        blob_free(&p);
    }
    json_decref(root);
}

/* Private values may have a zero octet in front, or be shorter than the curve. */
static size_t check_ecdh(const char *path, uint16_t id, size_t lead)
{
    json_t *root = kit_load(path);
    json_t *tests =
        json_object_get(json_array_get(json_object_get(root, "testGroups"), 0), "tests");
    size_t answers = 0;
    size_t t = 0;
    json_t *test = NULL;
    json_array_foreach(tests, t, test)
    {
        struct blob value = blob_of(test, "public");
        struct blob priv = blob_of(test, "private");
        struct blob shared = blob_of(test, "shared");
        uint8_t out[IPSEC_KE_SECRET_MAX] = {0};
        bool invalid = strcmp(kit_text(test, "result"), "invalid") == 0;
        size_t octets = group_find(id)->public_octets;
        if (value.length == octets + lead && (lead == 0 || value.data[0] == 4)) {
            enum ipsec_status status = agree(id, priv, value.data + lead, out);
            bool zero = true;
            for (size_t i = 0; i < shared.length; i++) {
                zero &= shared.data[i] == 0;
            }
            /* RFC 8031 2: Wycheproof calls all-zero results acceptable, IKE does not. */
            assert_int_equal(status, invalid || (lead == 0 && zero) ? IPSEC_DROP_KE : IPSEC_OK);
            if (status == IPSEC_OK) {
                assert_memory_equal(out, shared.data, shared.length);
                answers++;
            }
        }
        blob_free(&value);
        blob_free(&priv);
        blob_free(&shared);
    }
    json_decref(root);
    return answers;
}

static void wycheproof_ecdh(void **state)
{
    (void)state;
    assert_in_range(check_ecdh("wycheproof/ecdh_secp256r1_ecpoint_test.json", IPSEC_KE_ECP_256, 1),
                    200, 355);
    assert_in_range(check_ecdh("wycheproof/ecdh_secp384r1_ecpoint_test.json", IPSEC_KE_ECP_384, 1),
                    200, 1200);
}

static void wycheproof_x25519(void **state)
{
    (void)state;
    assert_in_range(check_ecdh("wycheproof/x25519_test.json", IPSEC_KE_CURVE25519, 0), 400, 518);
}

/* Octets in store are given out once, and nothing of them is left behind. */
static void random_octets_are_given_out_once(void **state)
{
    (void)state;
    const struct ipsec_crypto *p = ipsec_openssl_crypto(provider);
    uint8_t all[4 * IPSECI_OSSL_STASH];
    size_t used = 0;
    for (size_t length = 1; used + length <= sizeof(all); length = length % 300 + 7) {
        assert_int_equal(p->random(p->context, all + used, length), IPSEC_OK);
        used += length;
        for (size_t i = 0; i + provider->stash_left < IPSECI_OSSL_STASH; i++) {
            assert_int_equal(provider->stash[i], 0);
        }
    }
    for (size_t i = 0; i + 16 <= used; i++) { /* no run of octets comes again */
        for (size_t k = i + 1; k + 16 <= used && k < i + 2 * IPSECI_OSSL_STASH; k++) {
            assert_true(all[i] != all[k] || memcmp(all + i, all + k, 16) != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_answers),
        cmocka_unit_test(init_24_modp_answers_with_leading_zeros),
        cmocka_unit_test(modp_primes),
        cmocka_unit_test(wycheproof_ecdh),
        cmocka_unit_test(wycheproof_x25519),
        cmocka_unit_test(random_octets_are_given_out_once),
    };
    if (ipsec_openssl_new(NULL, &provider) != IPSEC_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests_name("openssl groups", tests, NULL, NULL);
    ipsec_openssl_free(provider);
    return failed;
}
