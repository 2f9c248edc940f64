/* SPDX-License-Identifier: Apache-2.0
 *
 * Conformance suite: pseudorandom functions, SHA-1, random. NIST CAVP's IKEv2 key derivation
 * answers (tests/vectors/nist-cavp-ikev2).
 */
#include "provider_kit.h"
#include "provider_suite.h"
#include "test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE_MAX_OCTETS 8192
#define VALUE_MAX       2048

static const struct ipsec_crypto *provider;
static struct ipsec_crypto_list list;

static const uint16_t prf_ids[] = {IPSEC_PRF_HMAC_SHA1, IPSEC_PRF_HMAC_SHA2_256,
                                   IPSEC_PRF_HMAC_SHA2_384, IPSEC_PRF_HMAC_SHA2_512};

/* The fields of one record, in the order of the file. */
enum field {
    FIELD_NI,
    FIELD_NR,
    FIELD_GIR,
    FIELD_GIR_NEW,
    FIELD_SPI_I,
    FIELD_SPI_R,
    FIELD_SKEYSEED,
    FIELD_DKM,
    FIELD_DKM_CHILD,
    FIELD_DKM_CHILD_DH,
    FIELD_SKEYSEED_REKEY,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    "Ni",       "Nr",  "g^ir",          "g^ir (new)",        "SPIi",           "SPIr",
    "SKEYSEED", "DKM", "DKM(Child SA)", "DKM(Child SA D-H)", "SKEYSEED(Rekey)"};

struct record {
    uint16_t prf_id; /* 0: a hash the library does not know */
    uint8_t data[FIELD_COUNT][VALUE_MAX];
    struct ipsec_view value[FIELD_COUNT];
};

static uint16_t prf_of(const char *line)
{
    static const char *const names[] = {"[SHA-1]", "[SHA-256]", "[SHA-384]", "[SHA-512]"};
    static const uint16_t ids[] = {IPSEC_PRF_HMAC_SHA1, IPSEC_PRF_HMAC_SHA2_256,
                                   IPSEC_PRF_HMAC_SHA2_384, IPSEC_PRF_HMAC_SHA2_512};
    for (size_t i = 0; i < IPSECI_COUNT(names); i++) {
        if (strncmp(line, names[i], strlen(names[i])) == 0) {
            return ids[i];
        }
    }
    return 0;
}

static void expand(const struct ipseci_prf *prf, struct ipsec_view key,
                   const struct ipsec_view seed[], size_t count, struct ipsec_view expected)
{
    uint8_t out[VALUE_MAX];
    assert_int_equal(
        ipseci_prf_plus(prf, key, (struct ipseci_parts){seed, count}, out, expected.length),
        IPSEC_OK);
    assert_memory_equal(out, expected.data, expected.length);
}

static void check_record(const struct record *r)
{
    struct ipseci_prf prf;
    uint8_t out[IPSEC_PRF_BYTES_MAX];
    uint8_t nonces[2 * VALUE_MAX];
    const struct ipsec_view *v = r->value;
    assert_int_equal(ipseci_prf_bind(&prf, &list, r->prf_id), IPSEC_OK);
    memcpy(nonces, v[FIELD_NI].data, v[FIELD_NI].length);
    memcpy(nonces + v[FIELD_NI].length, v[FIELD_NR].data, v[FIELD_NR].length);
    struct ipsec_view both = ipseci_view(nonces, v[FIELD_NI].length + v[FIELD_NR].length);

    /* SKEYSEED = prf(Ni | Nr, g^ir) */
    assert_int_equal(ipseci_prf_run(&prf, both, &v[FIELD_GIR], 1, out), IPSEC_OK);
    assert_int_equal(v[FIELD_SKEYSEED].length, prf.length);
    assert_memory_equal(out, v[FIELD_SKEYSEED].data, prf.length);

    /* prf+(SKEYSEED, Ni | Nr | SPIi | SPIr) */
    const struct ipsec_view seed[4] = {v[FIELD_NI], v[FIELD_NR], v[FIELD_SPI_I], v[FIELD_SPI_R]};
    expand(&prf, v[FIELD_SKEYSEED], seed, 4, v[FIELD_DKM]);

    /* SK_d is the first part; KEYMAT = prf+(SK_d, [g^ir (new) |] Ni | Nr) */
    struct ipsec_view sk_d = ipseci_view(v[FIELD_DKM].data, prf.length);
    expand(&prf, sk_d, seed, 2, v[FIELD_DKM_CHILD]);
    const struct ipsec_view fresh[3] = {v[FIELD_GIR_NEW], v[FIELD_NI], v[FIELD_NR]};
    expand(&prf, sk_d, fresh, 3, v[FIELD_DKM_CHILD_DH]);

    /* SKEYSEED of a rekeyed IKE SA = prf(SK_d, g^ir (new) | Ni | Nr) */
    assert_int_equal(ipseci_prf_run(&prf, sk_d, fresh, 3, out), IPSEC_OK);
    assert_memory_equal(out, v[FIELD_SKEYSEED_REKEY].data, prf.length);
}

/* Takes "name = hex" into the record; true when it was the last field. */
static bool take_line(struct record *r, char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    char *equals = strstr(line, " = ");
    if (equals == NULL) {
        return false;
    }
    *equals = '\0';
    for (size_t f = 0; f < FIELD_COUNT; f++) {
        if (strcmp(line, field_names[f]) == 0) {
            size_t length = test_hex(equals + 3, r->data[f], VALUE_MAX);
            assert_int_not_equal(length, SIZE_MAX);
            r->value[f] = ipseci_view(r->data[f], length);
            return f == FIELD_SKEYSEED_REKEY;
        }
    }
    return false;
}

static void auth_02_nist_cavp_key_derivation(void **state)
{
    (void)state;
    static struct record record;
    char line[LINE_MAX_OCTETS];
    size_t records = 0;
    size_t checked = 0;
    FILE *file = fopen(VECTORS_DIR "/nist-cavp-ikev2/ikev2-part1.rsp", "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "[SHA", 4) == 0) {
            record.prf_id = prf_of(line);
        }
        if (!take_line(&record, line)) {
            continue;
        }
        records++;
        if (record.prf_id != 0 &&
            provider->supports(provider->context, IPSEC_TRANSFORM_PRF, record.prf_id, 0)) {
            check_record(&record);
            checked++;
        }
    }
    (void)fclose(file);
    assert_int_equal(records, 140);
    size_t prfs = 0;
    for (size_t i = 0; i < IPSECI_COUNT(prf_ids); i++) {
        prfs += provider->supports(provider->context, IPSEC_TRANSFORM_PRF, prf_ids[i], 0);
    }
    /* the other 30 are of SHA-224, which is no PRF of IKEv2 */
    assert_true(prfs != IPSECI_COUNT(prf_ids) || checked == 110);
}

/* However a message is cut, the answer is the same; nor does an empty part matter. */
static void prfs_take_any_cut(void **state)
{
    (void)state;
    uint8_t message[300];
    uint8_t key[200];
    uint32_t seed = 77;
    kit_fill(&seed, message, sizeof(message));
    kit_fill(&seed, key, sizeof(key));
    for (size_t i = 0; i < IPSECI_COUNT(prf_ids); i++) {
        struct ipseci_prf prf;
        if (ipseci_prf_bind(&prf, &list, prf_ids[i]) != IPSEC_OK) {
            continue;
        }
        for (size_t n = 0; n < sizeof(key); n += 13) {
            uint8_t whole[IPSEC_PRF_BYTES_MAX];
            uint8_t cut[IPSEC_PRF_BYTES_MAX + 1];
            size_t a = kit_next(&seed) % 150;
            size_t b = kit_next(&seed) % 150;
            struct ipsec_view one = ipseci_view(message, sizeof(message));
            const struct ipsec_view four[4] = {ipseci_view(message, a), ipseci_view(NULL, 0),
                                               ipseci_view(message + a, b),
                                               ipseci_view(message + a + b, 300 - a - b)};
            struct ipsec_view k = ipseci_view(n != 0 ? key : NULL, n);
            cut[prf.length] = 0xee;
            assert_int_equal(ipseci_prf_run(&prf, k, &one, 1, whole), IPSEC_OK);
            assert_int_equal(ipseci_prf_run(&prf, k, four, 4, cut), IPSEC_OK);
            assert_memory_equal(whole, cut, prf.length);
            assert_int_equal(cut[prf.length], 0xee);
        }
    }
}

static void a_prf_of_nothing(void **state)
{
    (void)state;
    /* HMAC-SHA256 with an empty key over nothing, from FIPS 198's definition */
    uint8_t expected[32];
    uint8_t out[32];
    if (!provider->supports(provider->context, IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256, 0)) {
        skip();
    }
    assert_int_equal(test_hex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
                              expected, sizeof(expected)),
                     32);
    assert_int_equal(provider->prf(provider->context, IPSEC_PRF_HMAC_SHA2_256, ipseci_view(NULL, 0),
                                   NULL, 0, out),
                     IPSEC_OK);
    assert_memory_equal(out, expected, 32);
}

static void an_unknown_prf_is_not_built_in(void **state)
{
    (void)state;
    uint8_t out[64];
    assert_false(provider->supports(provider->context, IPSEC_TRANSFORM_PRF, 999, 0));
    if (provider->prf == NULL) {
        skip();
    }
    assert_int_equal(provider->prf(provider->context, 999, ipseci_view("k", 1), NULL, 0, out),
                     IPSEC_ERR_NOT_BUILT_IN);
}

static void sha1_takes_any_cut(void **state)
{
    (void)state;
    static const uint8_t spis[16] = {1};
    static const uint8_t address[6] = {192, 168, 1, 1, 0x01, 0xf4};
    const struct ipsec_view parts[3] = {ipseci_view(spis, 16), ipseci_view(address, 4),
                                        ipseci_view(address + 4, 2)};
    uint8_t whole[22];
    uint8_t a[20];
    uint8_t b[20];
    if (provider->sha1 == NULL) {
        skip();
    }
    memcpy(whole, spis, 16);
    memcpy(whole + 16, address, 6);
    const struct ipsec_view one = ipseci_view(whole, sizeof(whole));
    assert_int_equal(provider->sha1(provider->context, parts, 3, a), IPSEC_OK);
    assert_int_equal(provider->sha1(provider->context, &one, 1, b), IPSEC_OK);
    assert_memory_equal(a, b, 20);
    uint8_t expected[20];
    assert_int_equal(test_hex("da39a3ee5e6b4b0d3255bfef95601890afd80709", expected, 20), 20);
    assert_int_equal(provider->sha1(provider->context, NULL, 0, a), IPSEC_OK);
    assert_memory_equal(a, expected, 20);
}

/* Not a test of quality: that all is filled, that it differs, and that nothing is written behind.
 */
static void random_fills_any_length(void **state)
{
    (void)state;
    if (provider->random == NULL) {
        skip();
    }
    assert_int_equal(provider->random(provider->context, NULL, 0), IPSEC_OK);
    for (size_t n = 16; n < 6000; n = n * 2 + 1) {
        uint8_t *a = calloc(1, n + 1);
        uint8_t *b = calloc(1, n);
        assert_int_equal(provider->random(provider->context, a, n), IPSEC_OK);
        assert_int_equal(provider->random(provider->context, b, n), IPSEC_OK);
        assert_int_not_equal(memcmp(a, b, n), 0);
        assert_int_not_equal(memcmp(a + n - 16, b + n - 16, 16), 0);
        assert_int_equal(a[n], 0);
        free(a);
        free(b);
    }
}

int provider_prf_run(const struct ipsec_crypto *of)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_02_nist_cavp_key_derivation),
        cmocka_unit_test(prfs_take_any_cut),
        cmocka_unit_test(a_prf_of_nothing),
        cmocka_unit_test(an_unknown_prf_is_not_built_in),
        cmocka_unit_test(sha1_takes_any_cut),
        cmocka_unit_test(random_fills_any_length),
    };
    provider = of;
    list = (struct ipsec_crypto_list){&provider, 1};
    return cmocka_run_group_tests_name("provider prf", tests, NULL, NULL);
}
