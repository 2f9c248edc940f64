/* SPDX-License-Identifier: Apache-2.0
 *
 * Revocation lists, from the trust store and from the peer. RFC 5280 6.3; AUTH-20: nothing is ever
 * fetched, as there is nothing to fetch with.
 */
#include "x509_kit.h"

#include <ipsec/backend_mbedtls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct ipsec_x509 *x509;

#define CHECK(rows) x509_check(x509, rows, IPSECI_COUNT(rows))
#define REVOKED     .anchors = "root", .certificates = "gw-revoked ca"
#define GOOD        .anchors = "root", .certificates = "gw ca"

static void a_list_revokes(void **state)
{
    static const struct x509_row rows[] = {
        {{REVOKED}, IPSEC_CERT_GOOD}, /* nobody knows */
        {{REVOKED, .own_crls = "crl-ca"}, IPSEC_CERT_REVOKED},
        {{REVOKED, .crls = "crl-ca"}, IPSEC_CERT_REVOKED},
        {{REVOKED, .own_crls = "crl-none"}, IPSEC_CERT_GOOD}, /* from before */
        {{REVOKED, .own_crls = "crl-none crl-ca"}, IPSEC_CERT_REVOKED},
        {{REVOKED, .own_crls = "crl-ca crl-none"}, IPSEC_CERT_REVOKED},
        {{GOOD, .own_crls = "crl-ca"}, IPSEC_CERT_GOOD},
        {{GOOD, .own_crls = "crl-root"}, IPSEC_CERT_GOOD},
        {{GOOD, .own_crls = "crl-root-revokes"}, IPSEC_CERT_REVOKED}, /* the CA itself */
        {{.anchors = "ca", .certificates = "gw-revoked", .own_crls = "crl-ca"}, IPSEC_CERT_REVOKED},
        /* an anchor is trusted as it is */
        {{.anchors = "ca", .certificates = "gw", .own_crls = "crl-root-revokes"}, IPSEC_CERT_GOOD},
        {{.anchors = "gw-revoked", .certificates = "gw-revoked", .own_crls = "crl-ca"},
         IPSEC_CERT_GOOD},
    };
    (void)state;
    CHECK(rows);
}

/* Mbed TLS alone would stop at the forged list, and the one behind it would not be heard. */
static void a_forged_list_hides_nothing_and_revokes_nobody(void **state)
{
    static const struct x509_row rows[] = {
        {{REVOKED, .own_crls = "crl-ca", .crls = "crl-forged"}, IPSEC_CERT_REVOKED},
        {{REVOKED, .own_crls = "crl-forged crl-ca"}, IPSEC_CERT_REVOKED},
        {{REVOKED, .own_crls = "crl-ca crl-forged"}, IPSEC_CERT_REVOKED},
        {{REVOKED, .crls = "crl-forged crl-ca"}, IPSEC_CERT_REVOKED},
        {{GOOD, .own_crls = "crl-forged"}, IPSEC_CERT_GOOD},
        {{GOOD, .own_crls = "crl-root", .crls = "crl-forged", .require_crl = true}, IPSEC_CERT_CRL},
        /* of the CA of the same name it is the list */
        {{.anchors = "root2", .certificates = "gw-by-twin ca-twin", .own_crls = "crl-forged"},
         IPSEC_CERT_GOOD},
        {{.anchors = "ca-twin",
          .certificates = "gw-by-twin",
          .own_crls = "crl-forged",
          .require_crl = true},
         IPSEC_CERT_GOOD},
    };
    (void)state;
    CHECK(rows);
}

static void lists_and_time(void **state)
{
    static const struct x509_row rows[] = {
        /* past its time, or ahead of it, a list still names what it names */
        {{REVOKED, .own_crls = "crl-old"}, IPSEC_CERT_REVOKED},
        {{REVOKED, .own_crls = "crl-future"}, IPSEC_CERT_REVOKED},
        {{GOOD, .own_crls = "crl-old"}, IPSEC_CERT_GOOD},
        /* but covers nobody */
        {{GOOD, .own_crls = "crl-root crl-old", .require_crl = true}, IPSEC_CERT_CRL},
        {{GOOD, .own_crls = "crl-root crl-future", .require_crl = true}, IPSEC_CERT_CRL},
        {{GOOD, .own_crls = "crl-root crl-old crl-ca", .require_crl = true}, IPSEC_CERT_GOOD},
        /* from 2025 to 2027, both ends included */
        {{GOOD, .own_crls = "crl-root crl-ca", .require_crl = true, .time = 1735689600},
         IPSEC_CERT_GOOD},
        {{GOOD, .own_crls = "crl-root crl-ca", .require_crl = true, .time = 1735689599},
         IPSEC_CERT_CRL},
        {{GOOD, .own_crls = "crl-root crl-ca", .require_crl = true, .time = 1798761600},
         IPSEC_CERT_GOOD},
        {{GOOD, .own_crls = "crl-root crl-ca", .require_crl = true, .time = 1798761601},
         IPSEC_CERT_CRL},
        /* and what the certificate's own time says comes first */
        {{GOOD, .require_crl = true, .time = AT_2034 + 1}, IPSEC_CERT_EXPIRED},
    };
    (void)state;
    CHECK(rows);
}

static void signatures_of_lists(void **state)
{
    static const struct x509_row rows[] = {
        {{REVOKED, .own_crls = "crl-sha1"}, IPSEC_CERT_GOOD}, /* as if it were not there */
        {{.anchors = "root-rsa", .certificates = "gw-pss", .own_crls = "crl-rsa"},
         IPSEC_CERT_REVOKED},
        {{.anchors = "root-rsa", .certificates = "gw-pss", .own_crls = "crl-pss"},
         IPSEC_CERT_REVOKED},
        {{.anchors = "root-rsa", .certificates = "gw-pss", .crls = "crl-pss-384"},
         IPSEC_CERT_REVOKED},
        {{.anchors = "root-rsa", .certificates = "gw-pss", .own_crls = "crl-pss-salt"},
         IPSEC_CERT_GOOD},
        {{.anchors = "root-rsa",
          .certificates = "gw-rsa",
          .own_crls = "crl-pss-salt",
          .require_crl = true},
         IPSEC_CERT_CRL},
        {{.anchors = "root-rsa",
          .certificates = "gw-rsa",
          .own_crls = "crl-pss",
          .require_crl = true},
         IPSEC_CERT_GOOD},
    };
    (void)state;
    CHECK(rows);
}

static void lists_demanded(void **state)
{
    static const struct x509_row rows[] = {
        {{GOOD, .require_crl = true}, IPSEC_CERT_CRL},
        {{GOOD, .own_crls = "crl-ca", .require_crl = true}, IPSEC_CERT_CRL},   /* root's lacks */
        {{GOOD, .own_crls = "crl-root", .require_crl = true}, IPSEC_CERT_CRL}, /* ca's lacks */
        {{GOOD, .own_crls = "crl-root crl-ca", .require_crl = true}, IPSEC_CERT_GOOD},
        {{GOOD, .own_crls = "crl-root", .crls = "crl-ca", .require_crl = true}, IPSEC_CERT_GOOD},
        {{GOOD, .crls = "crl-ca crl-root", .require_crl = true}, IPSEC_CERT_GOOD},
        {{REVOKED, .own_crls = "crl-root crl-ca", .require_crl = true}, IPSEC_CERT_REVOKED},
        {{.anchors = "ca", .certificates = "gw", .own_crls = "crl-ca", .require_crl = true},
         IPSEC_CERT_GOOD},
        {{.anchors = "gw-self", .certificates = "gw-self", .require_crl = true}, IPSEC_CERT_GOOD},
    };
    (void)state;
    CHECK(rows);
}

static void lists_that_can_not_be_read(void **state)
{
    struct ipsec_trust *trust = x509_trust("root", "");
    struct blob crl = x509_der("crl-ca");
    struct blob der = x509_der("gw");
    struct ipsec_mbedtls_fault fault = {NULL, 0, 0};
    (void)state;
    for (size_t n = 0; n < crl.length; n++) {
        struct blob cut = blob_copy(crl.data, n);
        assert_int_equal(ipsec_mbedtls_trust_add_crl(trust, blob_view(cut), &fault),
                         IPSEC_ERR_SYNTAX);
        blob_free(&cut);
    }
    assert_int_equal(ipsec_mbedtls_trust_add_crl(trust, blob_view(der), &fault), IPSEC_ERR_SYNTAX);
    assert_non_null(strstr(fault.text, "revocation list"));
    assert_int_equal(ipsec_mbedtls_trust_add_crl(NULL, blob_view(crl), &fault), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_mbedtls_trust_add_crl(trust, ipseci_view(NULL, 1), NULL),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_mbedtls_trust_require_crl(NULL, true), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_mbedtls_trust_add_crl(trust, blob_view(crl), &fault), IPSEC_OK);
    blob_free(&crl);
    blob_free(&der);
    ipsec_mbedtls_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_revokes),
        cmocka_unit_test(a_forged_list_hides_nothing_and_revokes_nobody),
        cmocka_unit_test(lists_and_time),
        cmocka_unit_test(signatures_of_lists),
        cmocka_unit_test(lists_demanded),
        cmocka_unit_test(lists_that_can_not_be_read),
    };
    x509 = ipsec_mbedtls_x509();
    return x509 == NULL ? 1 : cmocka_run_group_tests_name("mbedtls crl", tests, NULL, NULL);
}
