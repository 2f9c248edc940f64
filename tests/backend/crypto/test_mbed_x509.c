/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificate verifier of the Mbed TLS provider: paths, times, usage, identities, strength. RFC
 * 5280 6.1, RFC 4945; rows AUTH-15, AUTH-17, AUTH-20.
 */
#include "x509_kit.h"

#include <ipsec/backend_mbedtls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct ipsec_x509 *x509;

#define CHECK(rows) x509_check(x509, rows, IPSECI_COUNT(rows))

static void auth_17_paths_in_any_order(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root", .certificates = "gw ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-plain"}, IPSEC_CERT_GOOD},
        {{.anchors = "ca", .certificates = "gw"}, IPSEC_CERT_GOOD}, /* an anchor is no root */
        {{.anchors = "ca", .certificates = "gw ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root2 root-rsa root", .certificates = "gw ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-deep ca-a ca-b"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-deep ca-b ca-a"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-deep root gw-rsa ca-a ca root2 ca-b"},
         IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw gw ca ca gw ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-rsa ca"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "root-rsa", .certificates = "gw-rsa"}, IPSEC_CERT_GOOD},
        {{.anchors = "root-rsa", .certificates = "gw-pss"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-p384 ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-p521 ca"}, IPSEC_CERT_GOOD},
    };
    (void)state;
    CHECK(rows);
}

/* One CA under two roots, two CAs of one name, an old certificate of a CA in front of its new one:
 * the path that works is found, wherever it stands. */
static void auth_17_certificates_of_one_name(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root", .certificates = "gw ca-cross ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root2", .certificates = "gw ca ca-cross"}, IPSEC_CERT_GOOD},
        {{.anchors = "root root2", .certificates = "gw ca-twin ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root root2", .certificates = "gw ca ca-twin"}, IPSEC_CERT_GOOD},
        {{.anchors = "root2", .certificates = "gw-by-twin ca ca-cross ca-twin"}, IPSEC_CERT_GOOD},
        {{.anchors = "root2", .certificates = "gw ca-twin"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "root", .certificates = "gw ca-expired ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw ca ca-expired"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw ca-expired"}, IPSEC_CERT_EXPIRED},
        {{.anchors = "ca-expired ca", .certificates = "gw"}, IPSEC_CERT_GOOD},
        {{.anchors = "root-renewed root", .certificates = "gw ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root-renewed", .certificates = "gw ca"}, IPSEC_CERT_NOT_YET},
    };
    (void)state;
    CHECK(rows);
}

static void nobody_is_trusted_without_an_anchor(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "", .certificates = "gw ca root"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "", .certificates = "gw-self"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "root", .certificates = "gw-self"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "root2", .certificates = "gw ca root"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "root", .certificates = "gw"}, IPSEC_CERT_UNTRUSTED}, /* ca is missing */
        {{.anchors = "root", .certificates = "gw-deep ca-b"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "root", .certificates = ""}, IPSEC_CERT_MISSING},
        {{.anchors = "", .certificates = ""}, IPSEC_CERT_MISSING},
    };
    (void)state;
    CHECK(rows);
    struct blob der = x509_der("gw-self");
    struct ipsec_view view = blob_view(der);
    struct ipsec_id id;
    struct ipsec_cert_result result;
    struct ipsec_cert_query query = {
        .id = &id, .certificates = &view, .certificate_count = 1, .wall_time = AT_2026};
    assert_int_equal(ipsec_id_parse("gw.example.org", &id), IPSEC_OK);
    assert_int_equal(x509->validate(x509->context, &query, &result), IPSEC_OK);
    assert_int_equal(result.problem, IPSEC_CERT_UNTRUSTED);
    query.id = NULL;
    assert_int_equal(x509->validate(x509->context, &query, &result), IPSEC_ERR_ARGUMENT);
    assert_int_not_equal(result.problem, IPSEC_CERT_GOOD);
    blob_free(&der);
}

static void pinned_certificates(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "gw-self", .certificates = "gw-self"}, IPSEC_CERT_GOOD},
        {{.anchors = "root gw-self", .certificates = "gw-self ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "gw", .certificates = "gw"}, IPSEC_CERT_GOOD}, /* a CA's, without the CA */
        {{.anchors = "gw-plain", .certificates = "gw"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "gw-self", .certificates = "gw-self", .id = "other.example.org"},
         IPSEC_CERT_IDENTITY},
        {{.anchors = "gw-self", .certificates = "gw-self", .time = AT_2023}, IPSEC_CERT_NOT_YET},
        {{.anchors = "gw-self", .certificates = "gw-self", .time = AT_2034 + 1},
         IPSEC_CERT_EXPIRED},
        {{.anchors = "gw-encipherment", .certificates = "gw-encipherment"}, IPSEC_CERT_USAGE},
        {{.anchors = "gw-1024", .certificates = "gw-1024"}, IPSEC_CERT_WEAK},
        {{.anchors = "gw-secp256k1", .certificates = "gw-secp256k1"}, IPSEC_CERT_WEAK},
        /* a certificate below a pinned one that is no CA */
        {{.anchors = "gw", .certificates = "gw-by-leaf"}, IPSEC_CERT_UNTRUSTED},
    };
    (void)state;
    CHECK(rows);
}

static void issuers_that_may_not_issue(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root", .certificates = "gw-by-leaf gw ca"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "root", .certificates = "gw-by-no-sign ca-no-sign"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "ca-no-sign", .certificates = "gw-by-no-sign"}, IPSEC_CERT_UNTRUSTED},
        /* ca has a path length of 0 */
        {{.anchors = "root", .certificates = "gw-below ca-below ca"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "ca-below", .certificates = "gw-below"}, IPSEC_CERT_GOOD},
    };
    (void)state;
    CHECK(rows);
}

static void cve_2026_35331_name_constraints_are_never_passed_over(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root", .certificates = "gw-names ca-names"}, IPSEC_CERT_UNTRUSTED},
        {{.anchors = "root", .certificates = "gw-names-soft ca-names-soft"}, IPSEC_CERT_UNTRUSTED},
    };
    static const char *const anchors[] = {"ca-names", "ca-names-soft"};
    static const enum ipsec_status status[] = {IPSEC_ERR_SYNTAX, IPSEC_ERR_NOT_BUILT_IN};
    (void)state;
    CHECK(rows);
    for (size_t i = 0; i < IPSECI_COUNT(anchors); i++) {
        struct ipsec_trust *trust = x509_trust("", "");
        struct blob der = x509_der(anchors[i]);
        struct ipsec_mbedtls_fault fault = {NULL, 0, 0};
        assert_int_equal(ipsec_mbedtls_trust_add_anchor(trust, blob_view(der), &fault), status[i]);
        assert_non_null(strstr(fault.text, i == 0 ? "critical extension" : "name constraints"));
        blob_free(&der);
        ipsec_mbedtls_trust_free(trust);
    }
}

/* By the caller's time, to the second, whatever the system's clock says: gw-future is not valid
 * before 2029, gw-expired not after 2024. */
static void times_are_the_callers(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root", .certificates = "gw ca", .time = VALID_FROM - 1}, IPSEC_CERT_NOT_YET},
        {{.anchors = "root", .certificates = "gw ca", .time = VALID_FROM}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw ca", .time = VALID_UNTIL}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw ca", .time = VALID_UNTIL + 1}, IPSEC_CERT_EXPIRED},
        {{.anchors = "root", .certificates = "gw-future ca", .time = AT_2030}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-future ca"}, IPSEC_CERT_NOT_YET},
        {{.anchors = "root", .certificates = "gw-expired ca", .time = VALID_FROM + 9},
         IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-expired ca"}, IPSEC_CERT_EXPIRED},
        {{.anchors = "root", .certificates = "gw ca", .time = -1}, IPSEC_CERT_NOT_YET},
        {{.anchors = "root", .certificates = "gw ca", .time = INT64_MAX}, IPSEC_CERT_EXPIRED},
        {{.anchors = "root", .certificates = "gw ca", .time = INT64_MIN}, IPSEC_CERT_NOT_YET},
    };
    (void)state;
    CHECK(rows);
}

static void usage_rfc_4945_5_1_3(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root", .certificates = "gw-non-repudiation ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-any-usage ca"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-encipherment ca"}, IPSEC_CERT_USAGE},
        {{.anchors = "root", .certificates = "gw-tls ca"}, IPSEC_CERT_USAGE},
        {{.anchors = "root", .certificates = "gw-intermediate ca"}, IPSEC_CERT_USAGE},
        {{.anchors = "root", .certificates = "gw-code ca"}, IPSEC_CERT_USAGE},
        {{.anchors = "root", .certificates = "gw-tls ca", .accept_tls_usage = true},
         IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-intermediate ca", .accept_tls_usage = true},
         IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-code ca", .accept_tls_usage = true},
         IPSEC_CERT_USAGE},
        {{.anchors = "root", .certificates = "gw-encipherment ca", .accept_tls_usage = true},
         IPSEC_CERT_USAGE},
    };
    (void)state;
    CHECK(rows);
}

static void strength(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root-rsa", .certificates = "gw-sha1"}, IPSEC_CERT_WEAK},
        {{.anchors = "root-rsa", .certificates = "gw-md5"}, IPSEC_CERT_WEAK},
        {{.anchors = "root", .certificates = "gw-1024 ca"}, IPSEC_CERT_WEAK},
        {{.anchors = "root-1024", .certificates = "gw-by-1024"}, IPSEC_CERT_WEAK},
        {{.anchors = "root", .certificates = "gw-secp256k1 ca"}, IPSEC_CERT_WEAK},
        {{.anchors = "root", .certificates = "gw-ed25519 ca"}, IPSEC_CERT_MALFORMED},
    };
    (void)state;
    CHECK(rows);
}

static void auth_15_identities(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root", .certificates = "gw ca", .id = "GW.Example.ORG"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw ca", .id = "192.0.2.1"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw ca", .id = "2001:db8::1"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw ca", .id = "admin@EXAMPLE.org"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw ca", .id = "subject of gw"}, IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-no-san ca", .id = "subject of gw-no-san"},
         IPSEC_CERT_GOOD},
        {{.anchors = "root", .certificates = "gw-no-subject ca"}, IPSEC_CERT_GOOD},

        {{.anchors = "root", .certificates = "gw ca", .id = "gw2.example.org"},
         IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw ca", .id = "w.example.org"}, IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw ca", .id = "192.0.2.2"}, IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw ca", .id = "2001:db8::2"}, IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw ca", .id = "Admin@example.org"},
         IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw ca", .id = "admin@gw.example.org"},
         IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw ca", .id = "subject of gw-plain"},
         IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw ca", .id = "subject of ca"}, IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw ca", .id = "keyid:gw.example.org"},
         IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw ca", .id = "%any"}, IPSEC_CERT_IDENTITY},
        /* the common name is no identity, and nothing stands for others */
        {{.anchors = "root", .certificates = "gw-no-san ca", .id = "@gw-no-san"},
         IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw-wildcard ca"}, IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw-zero ca"}, IPSEC_CERT_IDENTITY},
        {{.anchors = "root", .certificates = "gw-no-subject ca", .id = "subject of gw-no-subject"},
         IPSEC_CERT_IDENTITY},
    };
    (void)state;
    CHECK(rows);
}

/* ---- octets ---- */

static struct ipsec_cert_result ask_octets(struct blob own, struct ipsec_trust *trust,
                                           const struct ipsec_id *id)
{
    struct blob ca = x509_der("ca");
    struct ipsec_view certificates[] = {blob_view(own), blob_view(ca)};
    struct ipsec_cert_result result;
    struct ipsec_cert_query query = {.trust = trust,
                                     .id = id,
                                     .certificates = certificates,
                                     .certificate_count = 2,
                                     .wall_time = AT_2026};
    assert_int_equal(x509->validate(x509->context, &query, &result), IPSEC_OK);
    blob_free(&ca);
    return result;
}

/* CVE-2013-6075 */
static void cve_2013_6075_names_cut_or_longer(void **state)
{
    struct ipsec_trust *trust = x509_trust("root", "");
    struct blob der = x509_der("gw");
    const uint8_t *at = der.data + 8;
    struct ipsec_id id = {.type = IPSEC_ID_DER_ASN1_DN};
    (void)state;
    for (int i = 0; i < 5; i++) {
        at += 2 + at[1];
    }
    size_t whole = 2u + at[1];
    for (size_t n = 0; n <= whole + 1; n++) {
        memcpy(id.bytes, at, n);
        id.length = (uint8_t)n;
        assert_int_equal(ask_octets(der, trust, &id).problem,
                         n == whole ? IPSEC_CERT_GOOD : IPSEC_CERT_IDENTITY);
    }
    id.length = (uint8_t)whole;
    for (size_t n = 0; n < whole; n += 5) {
        id.bytes[n] ^= 0x20;
        assert_int_equal(ask_octets(der, trust, &id).problem, IPSEC_CERT_IDENTITY);
        id.bytes[n] ^= 0x20;
    }
    blob_free(&der);
    ipsec_mbedtls_trust_free(trust);
}

static void the_key_comes_out_as_it_stands_in_the_certificate(void **state)
{
    static const struct question question = {.anchors = "root-rsa", .certificates = "gw-rsa"};
    struct ipsec_cert_result result = x509_ask(x509, &question);
    struct blob der = x509_der("gw-rsa");
    size_t at = 0;
    (void)state;
    assert_int_equal(result.problem, IPSEC_CERT_GOOD);
    assert_int_equal(result.public_key_length, 294);
    while (at + result.public_key_length <= der.length &&
           memcmp(der.data + at, result.public_key, result.public_key_length) != 0) {
        at++;
    }
    assert_true(at + result.public_key_length <= der.length);
    blob_free(&der);
}

/* CVE-2017-9023, CVE-2009-2185, CVE-2009-2661: cut anywhere it can not be read; with an
 * octet changed it is not good. */
static void auth_17_cve_2017_9023_damaged_certificates(void **state)
{
    struct ipsec_trust *trust = x509_trust("root", "");
    struct blob der = x509_der("gw");
    struct ipsec_id id;
    (void)state;
    assert_int_equal(ipsec_id_parse("gw.example.org", &id), IPSEC_OK);
    for (size_t n = 0; n < der.length; n++) {
        struct blob cut = blob_copy(der.data, n);
        assert_int_equal(ask_octets(cut, trust, &id).problem, IPSEC_CERT_MALFORMED);
        blob_free(&cut);
    }
    for (size_t n = 0; n < der.length; n += 3) {
        struct blob bad = blob_copy(der.data, der.length);
        bad.data[n] ^= (uint8_t)(n % 2 == 0 ? 1 : 0x80);
        assert_int_not_equal(ask_octets(bad, trust, &id).problem, IPSEC_CERT_GOOD);
        blob_free(&bad);
    }
    struct blob longer = blob_join(der, (const uint8_t *)"", 1);
    assert_int_equal(ask_octets(longer, trust, &id).problem, IPSEC_CERT_MALFORMED);
    blob_free(&longer);
    assert_int_equal(ask_octets(der, trust, &id).problem, IPSEC_CERT_GOOD);
    blob_free(&der);
    ipsec_mbedtls_trust_free(trust);
}

static void damaged_helpers_do_no_harm(void **state)
{
    struct ipsec_trust *trust = x509_trust("root", "");
    struct blob own = x509_der("gw");
    struct blob ca = x509_der("ca");
    struct ipsec_view certificates[] = {blob_view(own),           ipseci_view(NULL, 0),
                                        ipseci_view("hello", 5),  ipseci_view(ca.data, 100),
                                        ipseci_view(own.data, 9), blob_view(ca)};
    struct ipsec_id id;
    struct ipsec_cert_result result;
    struct ipsec_cert_query query = {.trust = trust,
                                     .id = &id,
                                     .certificates = certificates,
                                     .certificate_count = IPSECI_COUNT(certificates),
                                     .crls = certificates,
                                     .crl_count = IPSECI_COUNT(certificates),
                                     .wall_time = AT_2026};
    (void)state;
    assert_int_equal(ipsec_id_parse("gw.example.org", &id), IPSEC_OK);
    assert_int_equal(x509->validate(x509->context, &query, &result), IPSEC_OK);
    assert_int_equal(result.problem, IPSEC_CERT_GOOD);
    blob_free(&own);
    blob_free(&ca);
    ipsec_mbedtls_trust_free(trust);
}

static void unknown_critical_extensions(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root", .certificates = "gw-critical ca"}, IPSEC_CERT_MALFORMED},
    };
    (void)state;
    CHECK(rows);
}

/* Certificates of one name sent to make us try all orders of them: it ends, and soon. */
static void many_issuers_of_one_name(void **state)
{
    static const struct x509_row rows[] = {
        {{.anchors = "root-renewed",
          .certificates = "gw root root-renewed ca ca-cross ca-twin ca-expired root2"},
         IPSEC_CERT_NOT_YET},
        {{.anchors = "root-rsa",
          .certificates = "gw root root-renewed ca ca-cross ca-twin ca-expired root2"},
         IPSEC_CERT_UNTRUSTED},
        /* the ninth is not looked at */
        {{.anchors = "root",
          .certificates = "gw root root-renewed root2 root-rsa ca-a ca-b ca-below ca"},
         IPSEC_CERT_UNTRUSTED},
        {{.anchors = "root",
          .certificates = "gw root root-renewed root2 root-rsa ca-a ca-b ca ca-below"},
         IPSEC_CERT_GOOD},
    };
    (void)state;
    CHECK(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_17_paths_in_any_order),
        cmocka_unit_test(auth_17_certificates_of_one_name),
        cmocka_unit_test(nobody_is_trusted_without_an_anchor),
        cmocka_unit_test(pinned_certificates),
        cmocka_unit_test(issuers_that_may_not_issue),
        cmocka_unit_test(cve_2026_35331_name_constraints_are_never_passed_over),
        cmocka_unit_test(times_are_the_callers),
        cmocka_unit_test(usage_rfc_4945_5_1_3),
        cmocka_unit_test(strength),
        cmocka_unit_test(auth_15_identities),
        cmocka_unit_test(cve_2013_6075_names_cut_or_longer),
        cmocka_unit_test(the_key_comes_out_as_it_stands_in_the_certificate),
        cmocka_unit_test(auth_17_cve_2017_9023_damaged_certificates),
        cmocka_unit_test(damaged_helpers_do_no_harm),
        cmocka_unit_test(unknown_critical_extensions),
        cmocka_unit_test(many_issuers_of_one_name),
    };
    x509 = ipsec_mbedtls_x509();
    return x509 == NULL ? 1 : cmocka_run_group_tests_name("mbedtls x509", tests, NULL, NULL);
}
