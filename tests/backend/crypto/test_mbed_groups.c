/* SPDX-License-Identifier: Apache-2.0
 *
 * Known answers of the Mbed TLS provider's groups. They need the private values, which the
 * provider's interface rightly never takes, so this test is built with the provider's own objects.
 * tests/vectors/ike-groups (RFC 5903, 5114, 7748 and own ones), Wycheproof (ECDH, X25519).
 */
#include "mbed.h"
#include "provider_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ipsec_mbedtls *provider;

static const struct ipseci_mbed_group *group_find(uint16_t id)
{
    const struct ipseci_mbed_group *group = ipseci_mbed_modp_find(id);
    return group != NULL ? group : ipseci_mbed_ecp_find(id);
}

/* RFC 7748 5: what X25519 makes of its 32 octets. */
static void read_scalar25519(struct blob octets, mbedtls_mpi *x)
{
    uint8_t turned[32];
    assert_int_equal(octets.length, 32);
    for (size_t i = 0; i < 32; i++) {
        turned[i] = octets.data[31 - i];
    }
    turned[31] &= 248;
    turned[0] = (uint8_t)((turned[0] & 127) | 64);
    assert_int_equal(mbedtls_mpi_read_binary(x, turned, sizeof(turned)), 0);
}

static enum ipsec_status agree(uint16_t id, struct blob private_value, const uint8_t *peer,
                               uint8_t *secret)
{
    const struct ipseci_mbed_group *group = group_find(id);
    struct ipseci_mbed_rng rng = {provider, false};
    mbedtls_mpi x;
    mbedtls_mpi_init(&x);
    if (id == IPSEC_KE_CURVE25519) {
        read_scalar25519(private_value, &x);
    } else {
        assert_int_equal(mbedtls_mpi_read_binary(&x, private_value.data, private_value.length), 0);
    }
    enum ipsec_status status = group->agree(group, &rng, &x, peer, secret);
    mbedtls_mpi_free(&x);
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
    assert_non_null(group_find(id));
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

/* The public value is the generator to the exponent: agree with the generator as the peer. */
static void modp_generators(void **state)
{
    (void)state;
    json_t *root = kit_load("ike-groups/modp.json");
    size_t i = 0;
    json_t *vector = NULL;
    json_array_foreach(json_object_get(root, "vectors"), i, vector)
    {
        uint16_t id = (uint16_t)kit_number(vector, "group");
        const struct ipseci_mbed_group *group = group_find(id);
        struct blob priv = blob_of(vector, "priv_i");
        struct blob pub = blob_of(vector, "pub_i");
        uint8_t generator[IPSEC_KE_PUBLIC_MAX] = {0};
        uint8_t out[IPSEC_KE_PUBLIC_MAX];
        memcpy(generator + pub.length - group->generator.length, group->generator.data,
               group->generator.length);
        assert_int_equal(agree(id, priv, generator, out), IPSEC_OK);
        assert_memory_equal(out, pub.data, pub.length);
        blob_free(&priv);
        blob_free(&pub);
    }
    json_decref(root);
}

static void modp_primes(void **state)
{
    (void)state;
    static const uint16_t ids[] = {14, 15, 16, 24};
    json_t *root = kit_load("ike-groups/primes.json");
    for (size_t i = 0; i < IPSECI_COUNT(ids); i++) {
        char name[8] = {(char)('0' + ids[i] / 10), (char)('0' + ids[i] % 10)};
        struct blob p = blob_of(root, name);
        assert_int_equal(p.length, group_find(ids[i])->public_octets);
        assert_memory_equal(group_find(ids[i])->prime, p.data, p.length);
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

/* Exponents are as long as mbed_modp.c says. */
static void modp_exponent_lengths(void **state)
{
    (void)state;
    static const uint16_t ids[] = {14, 15, 16, 24};
    for (size_t i = 0; i < IPSECI_COUNT(ids); i++) {
        const struct ipseci_mbed_group *group = group_find(ids[i]);
        struct ipseci_mbed_rng rng = {provider, false};
        uint8_t value[IPSEC_KE_PUBLIC_MAX];
        mbedtls_mpi x;
        mbedtls_mpi_init(&x);
        assert_int_equal(group->make(group, &rng, &x, value), IPSEC_OK);
        size_t bits = mbedtls_mpi_bitlen(&x);
        assert_in_range(bits, 256, group->parameter * 8u);
        assert_in_range(bits, group->parameter * 8u - 64, group->parameter * 8u);
        mbedtls_mpi_free(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_answers),
        cmocka_unit_test(init_24_modp_answers_with_leading_zeros),
        cmocka_unit_test(modp_generators),
        cmocka_unit_test(modp_primes),
        cmocka_unit_test(wycheproof_ecdh),
        cmocka_unit_test(wycheproof_x25519),
        cmocka_unit_test(modp_exponent_lengths),
    };
    if (ipsec_mbedtls_new(NULL, &provider) != IPSEC_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests_name("mbedtls groups", tests, NULL, NULL);
    ipsec_mbedtls_free(provider);
    return failed;
}
