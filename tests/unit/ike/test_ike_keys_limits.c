/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/ike_keys.h: shapes of keys, wrong input, failing providers. RFC 7296 2.14, 2.18.
 */
#include "facade.h"
#include "ike_keys.h"
#include "ike_kit.h"
#include "mbed_kit.h"

static struct ipsec_suite suite_of(uint16_t prf)
{
    struct ipsec_suite suite = {.protocol = IKE, .encr = IPSEC_ENCR_AES_CBC, .prf = prf};
    suite.encr_key_bits = prf == IPSEC_PRF_HMAC_SHA1 ? 128 : 256;
    suite.integ = prf == IPSEC_PRF_HMAC_SHA1       ? IPSEC_INTEG_HMAC_SHA1_96
                  : prf == IPSEC_PRF_HMAC_SHA2_256 ? IPSEC_INTEG_HMAC_SHA2_256_128
                  : prf == IPSEC_PRF_HMAC_SHA2_384 ? IPSEC_INTEG_HMAC_SHA2_384_192
                                                   : IPSEC_INTEG_HMAC_SHA2_512_256;
    return suite;
}

static struct ipseci_key_seed some_seed(void)
{
    const struct ipseci_key_seed seed = {.ke_secret = hex("0102030405060708090a0b0c0d0e0f10"),
                                         .nonce_i = hex("00112233445566778899aabbccddeeff"),
                                         .nonce_r = hex("ffeeddccbbaa99887766554433221100"),
                                         .spi_i = 1,
                                         .spi_r = 2};
    return seed;
}

static void init_12_sk_08_aead_has_a_salt_and_no_integrity_keys(void **state)
{
    (void)state;
    static const struct {
        uint16_t encr;
        uint16_t bits;
        uint8_t octets;
    } rows[] = {{IPSEC_ENCR_AES_GCM_16, 128, 20},
                {IPSEC_ENCR_AES_GCM_16, 256, 36},
                {IPSEC_ENCR_CHACHA20_POLY1305, 0, 36}};
    const struct ipseci_key_seed seed = some_seed();
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        const struct ipsec_suite suite = {.protocol = IKE,
                                          .encr = rows[i].encr,
                                          .encr_key_bits = rows[i].bits,
                                          .prf = IPSEC_PRF_HMAC_SHA2_512};
        struct ipseci_ike_keys k;
        struct ipseci_child_keys c;
        assert_int_equal(ipseci_ike_keys_derive(&kit_crypto, &suite, &seed, &k), IPSEC_OK);
        assert_int_equal(k.prf_length, 64);
        assert_int_equal(k.integ_length, 0);
        assert_int_equal(k.encr_length, rows[i].octets);
        assert_memory_not_equal(k.ei, k.er, k.encr_length);
        assert_int_equal(
            ipseci_child_keys_derive(&kit_crypto,
                                     &(struct ipseci_parent_key){suite.prf, ipseci_view(k.d, 64)},
                                     &seed, &suite, &c),
            IPSEC_OK);
        assert_int_equal(c.integ_length, 0);
        assert_int_equal(c.encr_length, rows[i].octets);
    }
}

static void null_cipher_child_has_integrity_keys_only(void **state)
{
    (void)state;
    const struct ipseci_key_seed seed = some_seed();
    const struct ipsec_suite suite = {
        .protocol = ESP, .encr = IPSEC_ENCR_NULL, .integ = IPSEC_INTEG_HMAC_SHA2_256_128};
    struct ipseci_child_keys c;
    assert_int_equal(
        ipseci_child_keys_derive(
            &kit_crypto,
            &(struct ipseci_parent_key){IPSEC_PRF_HMAC_SHA2_256, hex("00112233445566778899")},
            &seed, &suite, &c),
        IPSEC_OK);
    assert_int_equal(c.encr_length, 0);
    assert_int_equal(c.integ_length, 32);
}

/* RFC 7296 2.18: SKEYSEED with the old PRF, expansion with the new one. */
static void rekey_07_prf_changes_with_the_rekey(void **state)
{
    (void)state;
    struct ipseci_key_seed seed = some_seed();
    const struct ipsec_suite suite = suite_of(IPSEC_PRF_HMAC_SHA2_512);
    uint8_t skeyseed[32];
    uint8_t expected[64];
    uint8_t spis[16] = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2};
    struct ipseci_ike_keys k;
    struct ipseci_prf old_prf;
    struct ipseci_prf new_prf;
    seed.old_sk_d = hex("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f");
    seed.old_prf = IPSEC_PRF_HMAC_SHA2_256;
    assert_int_equal(ipseci_ike_keys_derive(&kit_crypto, &suite, &seed, &k), IPSEC_OK);

    assert_int_equal(ipseci_prf_bind(&old_prf, &kit_crypto, IPSEC_PRF_HMAC_SHA2_256), IPSEC_OK);
    assert_int_equal(ipseci_prf_bind(&new_prf, &kit_crypto, IPSEC_PRF_HMAC_SHA2_512), IPSEC_OK);
    const struct ipsec_view from[] = {seed.ke_secret, seed.nonce_i, seed.nonce_r};
    assert_int_equal(ipseci_prf_run(&old_prf, seed.old_sk_d, from, 3, skeyseed), IPSEC_OK);
    const struct ipsec_view plus[] = {seed.nonce_i, seed.nonce_r, ipseci_view(spis, 16)};
    assert_int_equal(ipseci_prf_plus(&new_prf, ipseci_view(skeyseed, 32),
                                     (struct ipseci_parts){plus, 3}, expected, 64),
                     IPSEC_OK);
    assert_int_equal(k.prf_length, 64);
    assert_memory_equal(k.d, expected, 64);
}

static void assert_wiped(const void *block, size_t length)
{
    const uint8_t *octets = block;
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(octets[i], 0);
    }
}

static void refuse(const struct ipsec_suite *suite, const struct ipseci_key_seed *seed,
                   enum ipsec_status expected)
{
    struct ipseci_ike_keys k;
    memset(&k, 0xaa, sizeof(k));
    assert_int_equal(ipseci_ike_keys_derive(&kit_crypto, suite, seed, &k), expected);
    assert_wiped(&k, sizeof(k));
}

static void wrong_suites_and_seeds_are_refused(void **state)
{
    (void)state;
    const struct ipsec_suite good = suite_of(IPSEC_PRF_HMAC_SHA2_256);
    const struct ipseci_key_seed seed = some_seed();
    struct ipsec_suite suite = good;
    suite.prf = 99;
    refuse(&suite, &seed, IPSEC_ERR_NOT_BUILT_IN);
    suite = good;
    suite.encr = 99;
    refuse(&suite, &seed, IPSEC_ERR_ARGUMENT);
    suite = good;
    suite.encr_key_bits = 100;
    refuse(&suite, &seed, IPSEC_ERR_ARGUMENT);
    suite = good;
    suite.integ = 99;
    refuse(&suite, &seed, IPSEC_ERR_ARGUMENT);
    struct ipseci_key_seed other = seed;
    other.ke_secret.length = 0;
    refuse(&good, &other, IPSEC_ERR_ARGUMENT);
    other = seed;
    other.nonce_i.length = 0;
    refuse(&good, &other, IPSEC_ERR_ARGUMENT);
    other = seed;
    other.nonce_r.length = 257;
    refuse(&good, &other, IPSEC_ERR_ARGUMENT);
    other = seed;
    other.old_sk_d = hex("00");
    other.old_prf = 99;
    refuse(&good, &other, IPSEC_ERR_NOT_BUILT_IN);
}

static void init_25_longest_nonces(void **state)
{
    (void)state;
    static const uint8_t nonce[256] = {1};
    const struct ipsec_suite suite = suite_of(IPSEC_PRF_HMAC_SHA2_256);
    struct ipseci_key_seed seed = some_seed();
    struct ipseci_ike_keys k;
    seed.nonce_i = ipseci_view(nonce, 256);
    seed.nonce_r = ipseci_view(nonce, 256);
    assert_int_equal(ipseci_ike_keys_derive(&kit_crypto, &suite, &seed, &k), IPSEC_OK);
}

static void child_keys_refused_are_wiped(void **state)
{
    (void)state;
    const struct ipsec_suite good = suite_of(IPSEC_PRF_HMAC_SHA2_256);
    struct ipsec_suite suite = good;
    struct ipseci_key_seed seed = some_seed();
    struct ipseci_child_keys c;
    memset(&c, 0xaa, sizeof(c));
    assert_int_equal(ipseci_child_keys_derive(&kit_crypto,
                                              &(struct ipseci_parent_key){good.prf, hex("")}, &seed,
                                              &good, &c),
                     IPSEC_ERR_ARGUMENT);
    assert_wiped(&c, sizeof(c));
    assert_int_equal(ipseci_child_keys_derive(
                         &kit_crypto, &(struct ipseci_parent_key){99, hex("00")}, &seed, &good, &c),
                     IPSEC_ERR_NOT_BUILT_IN);
    suite.encr = 99;
    assert_int_equal(ipseci_child_keys_derive(&kit_crypto,
                                              &(struct ipseci_parent_key){good.prf, hex("00")},
                                              &seed, &suite, &c),
                     IPSEC_ERR_ARGUMENT);
    seed.nonce_r.length = 0;
    assert_int_equal(ipseci_child_keys_derive(&kit_crypto,
                                              &(struct ipseci_parent_key){good.prf, hex("00")},
                                              &seed, &good, &c),
                     IPSEC_ERR_ARGUMENT);
}

/* ---- a provider of our own ---------------------------------------------------------------------
 */

/* Records the key of its first call, then fails from call `fail_at` on (0: never). */
static struct {
    uint8_t key[64];
    size_t key_length;
    unsigned calls;
    unsigned fail_at;
} toy;

static bool toy_supports(void *context, enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    (void)context;
    (void)bits;
    return type == IPSEC_TRANSFORM_PRF && (id == 4 || id == IPSEC_PRF_HMAC_SHA2_256);
}

static enum ipsec_status toy_prf(void *context, uint16_t prf_id, struct ipsec_view key,
                                 const struct ipsec_view parts[], size_t part_count, uint8_t *out)
{
    (void)context;
    (void)parts;
    (void)part_count;
    if (toy.calls++ == 0) {
        assert_true(key.length <= sizeof(toy.key));
        memcpy(toy.key, key.data, key.length);
        toy.key_length = key.length;
    }
    memset(out, 0x5a, prf_id == 4 ? 16 : 32);
    return toy.fail_at != 0 && toy.calls >= toy.fail_at ? IPSEC_FATAL_CRYPTO : IPSEC_OK;
}

static const struct ipsec_crypto toy_crypto = {
    .size = sizeof(struct ipsec_crypto), .name = "toy", .supports = toy_supports, .prf = toy_prf};
static const struct ipsec_crypto *const toy_items[] = {&toy_crypto};
static const struct ipsec_crypto_list toy_list = {toy_items, 1};

static void auth_03_fixed_key_prf_takes_half_of_each_nonce(void **state)
{
    (void)state;
    const struct ipseci_key_seed seed = some_seed();
    struct ipsec_suite suite = suite_of(4);
    struct ipseci_ike_keys k;
    memset(&toy, 0, sizeof(toy));
    assert_int_equal(ipseci_ike_keys_derive(&toy_list, &suite, &seed, &k), IPSEC_OK);
    assert_view(ipseci_view(toy.key, toy.key_length), "0011223344556677 ffeeddccbbaa9988");
    memset(&toy, 0, sizeof(toy));
    suite.prf = IPSEC_PRF_HMAC_SHA2_256;
    assert_int_equal(ipseci_ike_keys_derive(&toy_list, &suite, &seed, &k), IPSEC_OK);
    assert_int_equal(toy.key_length, 32);
}

static void failing_provider_leaves_no_key(void **state)
{
    (void)state;
    const struct ipsec_suite suite = suite_of(IPSEC_PRF_HMAC_SHA2_256);
    const struct ipseci_key_seed seed = some_seed();
    for (unsigned at = 1; at <= 4; at++) {
        struct ipseci_ike_keys k;
        struct ipseci_child_keys c;
        memset(&toy, 0, sizeof(toy));
        toy.fail_at = at;
        assert_int_equal(ipseci_ike_keys_derive(&toy_list, &suite, &seed, &k), IPSEC_FATAL_CRYPTO);
        assert_wiped(&k, sizeof(k));
        memset(&toy, 0, sizeof(toy));
        toy.fail_at = at;
        assert_int_equal(ipseci_child_keys_derive(&toy_list,
                                                  &(struct ipseci_parent_key){suite.prf, hex("00")},
                                                  &seed, &suite, &c),
                         IPSEC_FATAL_CRYPTO);
        assert_wiped(&c, sizeof(c));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(init_12_sk_08_aead_has_a_salt_and_no_integrity_keys),
        KIT_TEST(null_cipher_child_has_integrity_keys_only),
        KIT_TEST(rekey_07_prf_changes_with_the_rekey),
        KIT_TEST(wrong_suites_and_seeds_are_refused),
        KIT_TEST(init_25_longest_nonces),
        KIT_TEST(child_keys_refused_are_wiped),
        KIT_TEST(auth_03_fixed_key_prf_takes_half_of_each_nonce),
        KIT_TEST(failing_provider_leaves_no_key),
    };
    return cmocka_run_group_tests(tests, kit_crypto_setup, kit_crypto_teardown);
}
