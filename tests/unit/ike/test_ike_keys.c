/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/ike_keys.h against published answers. RFC 7296 2.14, 2.17, 2.18.
 */
#include "facade.h"
#include "ike_keys.h"
#include "ike_kit.h"
#include "mbed_kit.h"

#include <mbedtls/md.h>
#include <stdlib.h>

/* ---- HMAC-SHA-224 ------------------------------------------------------------------------------
 * No IKEv2 PRF; but the derivation is the same with any, and NIST has records with it. A provider
 * of its own has it under a private number, and the suite table is asked through here (the linker's
 * --wrap). */

#define PRF_SHA2_224 65500

const struct ipseci_prf_info *__real_ipseci_prf_find(uint16_t id);
const struct ipseci_prf_info *__wrap_ipseci_prf_find(uint16_t id);

const struct ipseci_prf_info *__wrap_ipseci_prf_find(uint16_t id)
{
    static const struct ipseci_prf_info sha224 = {PRF_SHA2_224, 28, 28};

    return id == PRF_SHA2_224 ? &sha224 : __real_ipseci_prf_find(id);
}

static bool supports_sha224(void *context, enum ipsec_transform_type type, uint16_t id,
                            uint16_t bits)
{
    (void)context;
    (void)bits;
    return type == IPSEC_TRANSFORM_PRF && id == PRF_SHA2_224;
}

static enum ipsec_status prf_sha224(void *context, uint16_t id, struct ipsec_view key,
                                    const struct ipsec_view parts[], size_t part_count,
                                    uint8_t *out)
{
    mbedtls_md_context_t md;
    int failed;

    (void)context;
    assert_int_equal(id, PRF_SHA2_224);
    mbedtls_md_init(&md);
    failed = mbedtls_md_setup(&md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA224), 1);
    failed |= mbedtls_md_hmac_starts(&md, key.data, key.length);
    for (size_t i = 0; i < part_count; i++) {
        failed |= mbedtls_md_hmac_update(&md, parts[i].data, parts[i].length);
    }
    failed |= mbedtls_md_hmac_finish(&md, out);
    mbedtls_md_free(&md);
    return failed != 0 ? IPSEC_FATAL_CRYPTO : IPSEC_OK;
}

static const struct ipsec_crypto only_sha224 = {
    .size = sizeof(only_sha224), .name = "sha224", .supports = supports_sha224, .prf = prf_sha224};

#define STREAM_MAX 1024

/* Keys one after the other, in the order of the RFC. */
static size_t ike_stream(const struct ipseci_ike_keys *k, uint8_t out[STREAM_MAX])
{
    struct ipseci_writer w = ipseci_writer_init(out, STREAM_MAX);
    ipseci_write_bytes(&w, k->d, k->prf_length);
    ipseci_write_bytes(&w, k->ai, k->integ_length);
    ipseci_write_bytes(&w, k->ar, k->integ_length);
    ipseci_write_bytes(&w, k->ei, k->encr_length);
    ipseci_write_bytes(&w, k->er, k->encr_length);
    ipseci_write_bytes(&w, k->pi, k->prf_length);
    ipseci_write_bytes(&w, k->pr, k->prf_length);
    assert_false(w.failed);
    return w.used;
}

static size_t child_stream(const struct ipseci_child_keys *k, uint8_t out[STREAM_MAX])
{
    struct ipseci_writer w = ipseci_writer_init(out, STREAM_MAX);
    ipseci_write_bytes(&w, k->encr_i, k->encr_length);
    ipseci_write_bytes(&w, k->integ_i, k->integ_length);
    ipseci_write_bytes(&w, k->encr_r, k->encr_length);
    ipseci_write_bytes(&w, k->integ_r, k->integ_length);
    assert_false(w.failed);
    return w.used;
}

static void assert_begins(const uint8_t *stream, size_t length, struct ipsec_view expected)
{
    const size_t n = length < expected.length ? length : expected.length;
    assert_true(n >= 64);
    assert_memory_equal(stream, expected.data, n);
}

/* ---- NIST CAVP ---------------------------------------------------------------------------------
 */

struct record {
    struct ipsec_view ni;
    struct ipsec_view nr;
    struct ipsec_view secret;
    struct ipsec_view secret_new;
    uint64_t spi_i;
    uint64_t spi_r;
    struct ipsec_view dkm;
    struct ipsec_view child;
    struct ipsec_view child_dh;
    struct ipsec_view rekey_seed;
};

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

static void check_first_keys(const struct record *r, const struct ipsec_suite *suite)
{
    const struct ipseci_key_seed seed = {.ke_secret = r->secret,
                                         .nonce_i = r->ni,
                                         .nonce_r = r->nr,
                                         .spi_i = r->spi_i,
                                         .spi_r = r->spi_r};
    uint8_t stream[STREAM_MAX];
    struct ipseci_ike_keys keys;
    assert_int_equal(ipseci_ike_keys_derive(&kit_crypto, suite, &seed, &keys), IPSEC_OK);
    assert_begins(stream, ike_stream(&keys, stream), r->dkm);
}

static void check_child_keys(const struct record *r, const struct ipsec_suite *suite,
                             struct ipsec_view sk_d)
{
    struct ipseci_key_seed seed = {.nonce_i = r->ni, .nonce_r = r->nr};
    uint8_t stream[STREAM_MAX];
    struct ipseci_child_keys keys;
    assert_int_equal(ipseci_child_keys_derive(&kit_crypto,
                                              &(struct ipseci_parent_key){suite->prf, sk_d}, &seed,
                                              suite, &keys),
                     IPSEC_OK);
    assert_begins(stream, child_stream(&keys, stream), r->child);
    seed.ke_secret = r->secret_new;
    assert_int_equal(ipseci_child_keys_derive(&kit_crypto,
                                              &(struct ipseci_parent_key){suite->prf, sk_d}, &seed,
                                              suite, &keys),
                     IPSEC_OK);
    assert_begins(stream, child_stream(&keys, stream), r->child_dh);
}

/* The file has SKEYSEED(Rekey) only; the keys must be prf+ of it. */
static void check_rekey(const struct record *r, const struct ipsec_suite *suite,
                        struct ipsec_view sk_d)
{
    const struct ipseci_key_seed seed = {.ke_secret = r->secret_new,
                                         .nonce_i = r->ni,
                                         .nonce_r = r->nr,
                                         .spi_i = r->spi_i,
                                         .spi_r = r->spi_r,
                                         .old_sk_d = sk_d,
                                         .old_prf = suite->prf};
    uint8_t stream[STREAM_MAX];
    uint8_t expected[STREAM_MAX];
    uint8_t spis[16];
    struct ipseci_ike_keys keys;
    struct ipseci_prf prf;
    assert_int_equal(ipseci_ike_keys_derive(&kit_crypto, suite, &seed, &keys), IPSEC_OK);
    const size_t length = ike_stream(&keys, stream);
    ipseci_store64(spis, r->spi_i);
    ipseci_store64(spis + 8, r->spi_r);
    const struct ipsec_view parts[] = {r->ni, r->nr, ipseci_view(spis, 16)};
    assert_int_equal(ipseci_prf_bind(&prf, &kit_crypto, suite->prf), IPSEC_OK);
    assert_int_equal(
        ipseci_prf_plus(&prf, r->rekey_seed, (struct ipseci_parts){parts, 3}, expected, length),
        IPSEC_OK);
    assert_memory_equal(stream, expected, length);
}

static void check_record(const struct record *r, uint16_t prf)
{
    const struct ipsec_suite suite = suite_of(prf);
    struct ipseci_prf bound;
    assert_int_equal(ipseci_prf_bind(&bound, &kit_crypto, prf), IPSEC_OK);
    const struct ipsec_view sk_d = ipseci_view(r->dkm.data, bound.length);
    check_first_keys(r, &suite);
    check_child_keys(r, &suite, sk_d);
    check_rekey(r, &suite, sk_d);
}

static uint16_t prf_of(const char *line)
{
    static const struct {
        const char *word;
        uint16_t prf;
    } words[] = {{"[SHA-1]", IPSEC_PRF_HMAC_SHA1},
                 {"[SHA-224]", PRF_SHA2_224},
                 {"[SHA-256]", IPSEC_PRF_HMAC_SHA2_256},
                 {"[SHA-384]", IPSEC_PRF_HMAC_SHA2_384},
                 {"[SHA-512]", IPSEC_PRF_HMAC_SHA2_512}};
    for (size_t i = 0; i < IPSECI_COUNT(words); i++) {
        if (strncmp(line, words[i].word, strlen(words[i].word)) == 0) {
            return words[i].prf;
        }
    }
    fail();
    return 0;
}

static struct ipsec_view field(const char *line)
{
    static char digits[2048];
    const char *value = strstr(line, " = ");
    assert_non_null(value);
    value += 3;
    const size_t length = strcspn(value, "\r\n");
    assert_true(length < sizeof(digits));
    memcpy(digits, value, length);
    digits[length] = '\0';
    return hex(digits);
}

static bool begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

/* True at the last field of a record. */
static bool take_line(const char *line, struct record *r)
{
    if (begins(line, "Ni =")) {
        r->ni = field(line);
    } else if (begins(line, "Nr =")) {
        r->nr = field(line);
    } else if (begins(line, "g^ir =")) {
        r->secret = field(line);
    } else if (begins(line, "g^ir (new) =")) {
        r->secret_new = field(line);
    } else if (begins(line, "SPIi =")) {
        r->spi_i = ipseci_load64(field(line).data);
    } else if (begins(line, "SPIr =")) {
        r->spi_r = ipseci_load64(field(line).data);
    } else if (begins(line, "DKM =")) {
        r->dkm = field(line);
    } else if (begins(line, "DKM(Child SA) =")) {
        r->child = field(line);
    } else if (begins(line, "DKM(Child SA D-H) =")) {
        r->child_dh = field(line);
    } else if (begins(line, "SKEYSEED(Rekey) =")) {
        r->rekey_seed = field(line);
        return true;
    }
    return false;
}

static void auth_02_child_01_child_02_rekey_07_nist_cavp(void **state)
{
    uint16_t prf = 0;
    unsigned checked = 0;
    struct record r = {0};
    for (const char *line = kit_load("nist-cavp-ikev2/ikev2-part1.rsp"); line != NULL;) {
        if (begins(line, "[SHA-")) {
            prf = prf_of(line);
        }
        if (take_line(line, &r)) {
            check_record(&r, prf);
            checked++;
            wire_test_free(state);
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    assert_int_equal(checked, 140);
}

/* ---- sessions of other implementations ---------------------------------------------------------
 */

static const struct ipsec_suite sha1_suite = {.protocol = IKE,
                                              .encr = IPSEC_ENCR_AES_CBC,
                                              .encr_key_bits = 128,
                                              .integ = IPSEC_INTEG_HMAC_SHA1_96,
                                              .prf = IPSEC_PRF_HMAC_SHA1};

static void assert_key(const uint8_t *key, size_t length, const char *name)
{
    const struct ipsec_view expected = kit_value(name);
    assert_int_equal(length, expected.length);
    assert_memory_equal(key, expected.data, length);
}

static void auth_02_published_session(void **state)
{
    (void)state;
    kit_load("rub-nds/ikev2-session-keys.json");
    const struct ipseci_key_seed seed = {.ke_secret = kit_value("g_ir"),
                                         .nonce_i = kit_value("Ni"),
                                         .nonce_r = kit_value("Nr"),
                                         .spi_i = ipseci_load64(kit_value("SPIi").data),
                                         .spi_r = ipseci_load64(kit_value("SPIr").data)};
    struct ipseci_ike_keys k;
    assert_int_equal(ipseci_ike_keys_derive(&kit_crypto, &sha1_suite, &seed, &k), IPSEC_OK);
    assert_key(k.d, k.prf_length, "SK_d");
    assert_key(k.ai, k.integ_length, "SK_ai");
    assert_key(k.ar, k.integ_length, "SK_ar");
    assert_key(k.ei, k.encr_length, "SK_ei");
    assert_key(k.er, k.encr_length, "SK_er");
    assert_key(k.pi, k.prf_length, "SK_pi");
    assert_key(k.pr, k.prf_length, "SK_pr");
}

static struct ipseci_key_seed android_seed(void)
{
    kit_load("android-ike/key-derivation.json");
    const struct ipseci_key_seed seed = {.ke_secret = kit_value("IKE_SHARED_DH_KEY_HEX_STRING"),
                                         .nonce_i = kit_value("IKE_NONCE_INIT_HEX_STRING"),
                                         .nonce_r = kit_value("IKE_NONCE_RESP_HEX_STRING"),
                                         .spi_i = ipseci_load64(kit_value("IKE_INIT_SPI").data),
                                         .spi_r = ipseci_load64(kit_value("IKE_RESP_SPI").data)};
    return seed;
}

static void auth_02_android_session(void **state)
{
    (void)state;
    const struct ipseci_key_seed seed = android_seed();
    uint8_t stream[STREAM_MAX];
    struct ipseci_ike_keys k;
    assert_int_equal(ipseci_ike_keys_derive(&kit_crypto, &sha1_suite, &seed, &k), IPSEC_OK);
    assert_key(stream, ike_stream(&k, stream), "IKE_KEY_MAT");
    assert_key(k.er, k.encr_length, "IKE_SK_ENCR_RESP_HEX_STRING");
}

static void auth_22_auth_23_android_first_child(void **state)
{
    (void)state;
    struct ipseci_key_seed seed = android_seed();
    uint8_t stream[STREAM_MAX];
    struct ipseci_child_keys k;
    seed.ke_secret = ipseci_view(NULL, 0);
    assert_int_equal(
        ipseci_child_keys_derive(
            &kit_crypto,
            &(struct ipseci_parent_key){IPSEC_PRF_HMAC_SHA1, kit_value("IKE_SK_D_HEX_STRING")},
            &seed, &sha1_suite, &k),
        IPSEC_OK);
    assert_key(stream, child_stream(&k, stream), "FIRST_CHILD_KEY_MAT");
    assert_key(k.encr_i, k.encr_length, "FIRST_CHILD_ENCR_INIT_HEX_STRING");
    assert_key(k.integ_i, k.integ_length, "FIRST_CHILD_AUTH_INIT_HEX_STRING");
    assert_key(k.encr_r, k.encr_length, "FIRST_CHILD_ENCR_RESP_HEX_STRING");
    assert_key(k.integ_r, k.integ_length, "FIRST_CHILD_AUTH_RESP_HEX_STRING");
}

static int setup(void **state)
{
    kit_providers[1] = &only_sha224;
    kit_crypto.count = 2;
    return kit_crypto_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(auth_02_child_01_child_02_rekey_07_nist_cavp),
        KIT_TEST(auth_02_published_session),
        KIT_TEST(auth_02_android_session),
        KIT_TEST(auth_22_auth_23_android_first_child),
    };
    return cmocka_run_group_tests(tests, setup, kit_crypto_teardown);
}
