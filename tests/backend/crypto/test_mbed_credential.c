/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials and trust stores as a configuration gives them: PEM and DER, and what is said about
 * mistakes.
 */
#include "x509_kit.h"

#include <ipsec/backend_mbedtls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ipsec_mbedtls *provider;

struct row {
    const char *certificates;
    const char *key;
    const char *password;
    enum ipsec_status status;
    uint32_t item;
    const char *text; /* a part of what is said */
};

static enum ipsec_status make(const struct row *row, struct ipsec_mbedtls_fault *fault,
                              const struct ipsec_credential **out)
{
    struct ipsec_mbedtls_credential_config config = IPSEC_MBEDTLS_CREDENTIAL_CONFIG_INIT;
    struct blob certificates = kit_file(row->certificates);
    struct blob key = kit_file(row->key);
    config.certificates = blob_view(certificates);
    config.private_key = blob_view(key);
    config.password = row->password;
    config.signatures = 1u << IPSEC_SIGNATURE_ECDSA_SHA2_256;
    enum ipsec_status status = ipsec_mbedtls_credential_new(provider, &config, fault, out);
    blob_free(&certificates);
    blob_free(&key);
    return status;
}

static void a_chain_and_its_key(void **state)
{
    static const struct row row = {
        .certificates = "x509/gw.chain.pem", .key = "x509/gw.3des.pem", .password = "open"};
    struct ipsec_mbedtls_fault fault = {NULL, 0, 0};
    const struct ipsec_credential *credential = NULL;
    struct blob own = x509_der("gw");
    struct blob ca = x509_der("ca");
    struct ipsec_id id = {0};
    (void)state;
    assert_int_equal(make(&row, &fault, &credential), IPSEC_OK);
    assert_string_equal(fault.text, "ok");
    assert_int_equal(credential->size, sizeof(*credential));
    assert_int_equal(credential->signatures, 1u << IPSEC_SIGNATURE_ECDSA_SHA2_256);
    assert_int_equal(credential->chain_count, 2);
    assert_int_equal(credential->chain[0].length, own.length);
    assert_memory_equal(credential->chain[0].data, own.data, own.length);
    assert_int_equal(credential->chain[1].length, ca.length);
    assert_memory_equal(credential->chain[1].data, ca.data, ca.length);
    assert_non_null(credential->key);
    assert_int_equal(ipsec_mbedtls_credential_subject(credential, &id), IPSEC_OK);
    assert_int_equal(id.type, IPSEC_ID_DER_ASN1_DN);
    assert_true(id.length > 2 && id.bytes[1] == id.length - 2);
    assert_int_equal(ipsec_mbedtls_credential_subject(NULL, &id), IPSEC_ERR_ARGUMENT);
    ipsec_mbedtls_credential_free(credential);
    blob_free(&own);
    blob_free(&ca);
}

/* As two gateways use them: what one shows and signs, the other believes and checks. */
static void what_a_credential_shows_is_believed(void **state)
{
    static const struct row row = {.certificates = "x509/gw.chain.pem", .key = "x509/gw.key.pem"};
    const struct ipsec_signer *signer = ipsec_mbedtls_signer(provider);
    const struct ipsec_x509 *x509 = ipsec_mbedtls_x509();
    const struct ipsec_view part = {(const uint8_t *)"message", 7};
    const struct ipsec_credential *credential = NULL;
    struct ipsec_trust *trust = x509_trust("root", "");
    struct ipsec_cert_result result;
    struct ipsec_id id;
    uint8_t signature[IPSEC_SIGNATURE_BYTES_MAX];
    size_t length = sizeof(signature);
    (void)state;
    assert_int_equal(make(&row, NULL, &credential), IPSEC_OK);
    assert_int_equal(ipsec_mbedtls_credential_subject(credential, &id), IPSEC_OK);
    struct ipsec_cert_query query = {.trust = trust,
                                     .id = &id,
                                     .certificates = credential->chain,
                                     .certificate_count = credential->chain_count,
                                     .wall_time = AT_2026};
    assert_int_equal(x509->validate(x509->context, &query, &result), IPSEC_OK);
    assert_int_equal(result.problem, IPSEC_CERT_GOOD);
    assert_int_equal(signer->sign(signer->context, credential->key, IPSEC_SIGNATURE_ECDSA_SHA2_256,
                                  &part, 1, signature, &length),
                     IPSEC_OK);
    struct ipsec_signature_check check = {IPSEC_SIGNATURE_ECDSA_SHA2_256, &part, 1,
                                          ipseci_view(signature, length)};
    assert_int_equal(signer->verify(signer->context,
                                    ipseci_view(result.public_key, result.public_key_length),
                                    &check),
                     IPSEC_OK);
    ipsec_mbedtls_credential_free(credential);
    ipsec_mbedtls_trust_free(trust);
}

static void mistakes_are_named(void **state)
{
    static const struct row rows[] = {
        {"x509/gw.chain.pem", "x509/gw-self.key.pem", NULL, IPSEC_ERR_ARGUMENT, 1,
         "the private key is not that of the first certificate"},
        {"x509/gw.chain.pem", "x509/gw-rsa.key.pem", NULL, IPSEC_ERR_ARGUMENT, 1,
         "the private key is not that of the first certificate"},
        {"x509/ca.der", "x509/gw.key.pem", NULL, IPSEC_ERR_ARGUMENT, 0,
         "the private key is not that of the first certificate"},
        {"x509/gw.chain.pem", "x509/gw.3des.pem", NULL, IPSEC_ERR_ARGUMENT, 0, "no password"},
        {"x509/gw.key.pem", "x509/gw.key.pem", NULL, IPSEC_ERR_SYNTAX, 0, "nothing of the kind"},
        {"x509/crl-ca.der", "x509/gw.key.pem", NULL, IPSEC_ERR_SYNTAX, 0,
         "the certificate can not be read"},
        {"x509/gw-ed25519.der", "x509/gw.key.pem", NULL, IPSEC_ERR_SYNTAX, 0,
         "the certificate can not be read"},
    };
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        struct ipsec_mbedtls_fault fault = {"", 9, 0};
        const struct ipsec_credential *credential = (const struct ipsec_credential *)(void *)&fault;
        enum ipsec_status status = make(&rows[i], &fault, &credential);
        if (status != rows[i].status || fault.item != rows[i].item ||
            strstr(fault.text, rows[i].text) == NULL) {
            fail_msg("row %u: %d item %u %s", (unsigned)i, status, (unsigned)fault.item,
                     fault.text);
        }
        assert_null(credential);
        assert_int_equal(make(&rows[i], NULL, &credential), rows[i].status);
    }
}

static void credential_arguments(void **state)
{
    struct ipsec_mbedtls_credential_config config = IPSEC_MBEDTLS_CREDENTIAL_CONFIG_INIT;
    const struct ipsec_credential *credential = NULL;
    struct ipsec_mbedtls_fault fault;
    (void)state;
    assert_int_equal(ipsec_mbedtls_credential_new(NULL, &config, &fault, &credential),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_mbedtls_credential_new(provider, NULL, &fault, &credential),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_mbedtls_credential_new(provider, &config, &fault, NULL),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_mbedtls_credential_new(provider, &config, &fault, &credential),
                     IPSEC_ERR_SYNTAX);
    config.size = 3;
    assert_int_equal(ipsec_mbedtls_credential_new(provider, &config, &fault, &credential),
                     IPSEC_ERR_STRUCT_SIZE);
    ipsec_mbedtls_credential_free(NULL);
}

static struct blob twice(struct blob text, size_t count)
{
    struct blob all = blob_copy(text.data, text.length);
    for (size_t i = 1; i < count; i++) {
        struct blob more = blob_join(all, text.data, text.length);
        blob_free(&all);
        all = more;
    }
    return all;
}

/* A text with a root at its end, as many are written, and one that is too long. */
static void long_chains(void **state)
{
    struct blob key = kit_file("x509/gw.key.pem");
    struct blob text = kit_file("x509/gw.chain.pem");
    (void)state;
    for (size_t count = 3; count <= 5; count++) {
        struct blob all = twice(text, count); /* two certificates each */
        struct ipsec_mbedtls_credential_config config = IPSEC_MBEDTLS_CREDENTIAL_CONFIG_INIT;
        const struct ipsec_credential *credential = NULL;
        struct ipsec_mbedtls_fault fault;
        config.certificates = blob_view(all);
        config.private_key = blob_view(key);
        enum ipsec_status status =
            ipsec_mbedtls_credential_new(provider, &config, &fault, &credential);
        assert_int_equal(status, 2 * count <= IPSEC_CERTIFICATES_MAX ? IPSEC_OK : IPSEC_ERR_FULL);
        assert_true(status == IPSEC_OK ? credential->chain_count == 2 * count : fault.item == 9);
        ipsec_mbedtls_credential_free(credential);
        blob_free(&all);
    }
    blob_free(&key);
    blob_free(&text);
}

static void a_root_is_not_shown(void **state)
{
    static const struct row chain = {.certificates = "x509/gw.root.pem", .key = "x509/gw.key.pem"};
    static const struct row self = {.certificates = "x509/gw-self.der",
                                    .key = "x509/gw-self.key.pem"};
    const struct ipsec_credential *credential = NULL;
    (void)state;
    assert_int_equal(make(&chain, NULL, &credential), IPSEC_OK);
    assert_int_equal(credential->chain_count, 2);
    ipsec_mbedtls_credential_free(credential);
    assert_int_equal(make(&self, NULL, &credential), IPSEC_OK); /* our own is */
    assert_int_equal(credential->chain_count, 1);
    ipsec_mbedtls_credential_free(credential);
}

/* Where a word stands at or after an offset of octets that no NUL ends. */
static size_t find(struct blob text, size_t from, const char *word)
{
    const size_t length = strlen(word);
    while (from + length < text.length && memcmp(text.data + from, word, length) != 0) {
        from++;
    }
    assert_true(from + length < text.length);
    return from;
}

static void trust_stores_from_pem(void **state)
{
    struct ipsec_trust *trust = x509_trust("", "");
    struct blob text = kit_file("x509/gw.root.pem");
    struct ipsec_mbedtls_fault fault = {NULL, 0, 0};
    const struct ipsec_x509 *x509 = ipsec_mbedtls_x509();
    uint8_t names[4][IPSEC_AUTHORITY_BYTES];
    (void)state;
    assert_int_equal(x509->authorities(x509->context, trust, names, 4), 0);
    assert_int_equal(x509->authorities(x509->context, NULL, names, 4), 0);
    assert_int_equal(ipsec_mbedtls_trust_add_anchor(trust, blob_view(text), &fault), IPSEC_OK);
    assert_int_equal(ipsec_mbedtls_trust_add_anchor(trust, blob_view(text), &fault), IPSEC_OK);
    assert_int_equal(x509->authorities(x509->context, trust, names, 4), 3); /* once each */

    /* the block that is damaged is named; those before it were taken */
    uint8_t *third = text.data + find(text, find(text, 0, "-----END"), "-----BEGIN");
    third[40] = '!';
    struct ipsec_trust *other = x509_trust("", "");
    assert_int_equal(ipsec_mbedtls_trust_add_anchor(other, blob_view(text), &fault),
                     IPSEC_ERR_SYNTAX);
    assert_int_equal(fault.item, 2);
    assert_int_not_equal(fault.error, 0);
    assert_int_equal(x509->authorities(x509->context, other, names, 0), 1);

    struct blob cut = blob_copy(text.data, text.length - 20); /* in its last line */
    cut.data[(size_t)(third - text.data) + 40] = 'A';
    assert_int_not_equal(ipsec_mbedtls_trust_add_anchor(other, blob_view(cut), &fault), IPSEC_OK);
    blob_free(&cut);
    assert_int_equal(ipsec_mbedtls_trust_add_anchor(NULL, blob_view(text), NULL),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_mbedtls_trust_add_anchor(other, ipseci_view(NULL, 0), NULL),
                     IPSEC_ERR_SYNTAX);
    assert_int_equal(ipsec_mbedtls_trust_new(NULL), IPSEC_ERR_ARGUMENT);
    ipsec_mbedtls_trust_accept_tls_usage(NULL, true);
    ipsec_mbedtls_trust_free(NULL);
    ipsec_mbedtls_trust_free(other);
    ipsec_mbedtls_trust_free(trust);
    blob_free(&text);
}

/* RFC 7296 3.7: SHA-1 of the SubjectPublicKeyInfo, computed apart from the verifier. */
static void authorities_are_hashes_of_keys(void **state)
{
    struct ipsec_trust *trust = x509_trust("root-rsa ca gw-rsa", "");
    const struct ipsec_x509 *x509 = ipsec_mbedtls_x509();
    const struct ipsec_crypto *crypto = ipsec_mbedtls_crypto(provider);
    static const struct question question = {.anchors = "root-rsa", .certificates = "gw-rsa"};
    struct ipsec_cert_result result = x509_ask(x509, &question);
    struct ipsec_view key = {result.public_key, result.public_key_length};
    uint8_t expected[20];
    uint8_t names[3][IPSEC_AUTHORITY_BYTES];
    (void)state;
    assert_int_equal(crypto->sha1(crypto->context, &key, 1, expected), IPSEC_OK);
    assert_int_equal(x509->authorities(x509->context, trust, names, 3), 3);
    assert_memory_equal(names[2], expected, 20);
    assert_memory_not_equal(names[0], expected, 20);
    ipsec_mbedtls_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_and_its_key),
        cmocka_unit_test(what_a_credential_shows_is_believed),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(credential_arguments),
        cmocka_unit_test(long_chains),
        cmocka_unit_test(a_root_is_not_shown),
        cmocka_unit_test(trust_stores_from_pem),
        cmocka_unit_test(authorities_are_hashes_of_keys),
    };
    if (ipsec_mbedtls_new(NULL, &provider) != IPSEC_OK) {
        return 1;
    }
    int failed = cmocka_run_group_tests_name("mbedtls credentials", tests, NULL, NULL);
    ipsec_mbedtls_free(provider);
    return failed;
}
