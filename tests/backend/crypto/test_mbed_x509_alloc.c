/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificate verifier when memory runs out: one allocation fails, and from there on all of
 * them. It never says that a certificate is good which is not, and loses nothing. Built for
 * glibc without sanitizers only, whose allocator can be stood in front of.
 */
#include "x509_kit.h"

#include <ipsec/backend_mbedtls.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void *__libc_malloc(size_t octets);
void *__libc_calloc(size_t count, size_t octets);
void __libc_free(void *block);
void *malloc(size_t octets);
void *calloc(size_t count, size_t octets);
void free(void *block);

static bool counting;
static long left = -1; /* allocations before the first that fails; -1: none fails */
static bool all_fail;  /* and those after it */
static long held;

void *calloc(size_t count, size_t octets)
{
    if (counting && left >= 0 && (left == 0 || left-- == 0)) {
        left = all_fail ? 0 : -1;
        return NULL;
    }
    held += counting ? 1 : 0;
    return __libc_calloc(count, octets);
}

void *malloc(size_t octets)
{
    held += counting ? 1 : 0; /* the C library's own: the time zone */
    return __libc_malloc(octets);
}

void free(void *block)
{
    held -= counting && block != NULL ? 1 : 0;
    __libc_free(block);
}

struct fixture {
    struct ipsec_trust *trust;
    struct ipsec_cert_query query;
    struct ipsec_id id;
    struct ipsec_view certificates[2];
    struct ipsec_view crls[1];
};

/* True when the run needed no allocation that failed. */
static bool run(const struct fixture *f, long fail_at, struct ipsec_cert_result *result,
                enum ipsec_status *status)
{
    const struct ipsec_x509 *x509 = ipsec_mbedtls_x509();
    held = 0;
    left = fail_at;
    counting = true;
    *status = x509->validate(x509->context, &f->query, result);
    counting = false;
    bool untouched = left > 0;
    left = -1;
    assert_int_equal(held, 0);
    return untouched;
}

static void check(const struct fixture *f, enum ipsec_cert_problem problem)
{
    struct ipsec_cert_result result;
    enum ipsec_status status;
    long at = 0;

    counting = false;
    (void)ipsec_mbedtls_x509()->validate(NULL, &f->query, &result); /* what is kept for ever */
    assert_false(run(f, -1, &result, &status));
    assert_int_equal(status, IPSEC_OK);
    assert_int_equal(result.problem, problem);
    while (at < 100000 && !run(f, at, &result, &status)) {
        at += 1 + at / 6; /* arithmetic allocates by the thousand */
        assert_true(status == IPSEC_OK || status == IPSEC_ERR_MEMORY);
        if (problem != IPSEC_CERT_GOOD) {
            assert_int_not_equal(result.problem, IPSEC_CERT_GOOD);
        }
        assert_true((result.problem == IPSEC_CERT_GOOD) == (result.public_key_length != 0));
    }
    assert_true(at > 100 && at < 100000);
    assert_int_equal(result.problem, problem);
}

static void fill(struct fixture *f, struct blob own, struct blob ca)
{
    *f = (struct fixture){.trust = x509_trust("root", "")};
    f->certificates[0] = blob_view(own);
    f->certificates[1] = blob_view(ca);
    assert_int_equal(ipsec_id_parse("gw.example.org", &f->id), IPSEC_OK);
    f->query.id = &f->id;
    f->query.trust = f->trust;
    f->query.certificates = f->certificates;
    f->query.certificate_count = 2;
    f->query.wall_time = AT_2026;
}

static void check_both(const char *own_name, const char *crl_name, enum ipsec_cert_problem problem)
{
    struct fixture f;
    struct blob own = x509_der(own_name);
    struct blob ca = x509_der("ca");
    struct blob crl = x509_der(crl_name);
    fill(&f, own, ca);
    f.crls[0] = blob_view(crl);
    f.query.crls = f.crls;
    f.query.crl_count = 1;
    all_fail = false;
    check(&f, problem);
    all_fail = true;
    check(&f, problem);
    ipsec_mbedtls_trust_free(f.trust);
    blob_free(&own);
    blob_free(&ca);
    blob_free(&crl);
}

static void good_ones(void **state)
{
    (void)state;
    check_both("gw", "crl-ca", IPSEC_CERT_GOOD);
}

static void bad_ones(void **state)
{
    (void)state;
    check_both("gw-plain", "crl-ca", IPSEC_CERT_GOOD);
    check_both("gw-by-twin", "crl-ca", IPSEC_CERT_UNTRUSTED);
    check_both("gw-encipherment", "crl-ca", IPSEC_CERT_USAGE);
    check_both("gw-zero", "crl-ca", IPSEC_CERT_IDENTITY);
}

/* A list of the trust store says that it is revoked, and stays there when memory runs out. */
static void revoked_ones(void **state)
{
    struct fixture f;
    struct blob own = x509_der("gw-revoked");
    struct blob ca = x509_der("ca");
    (void)state;
    fill(&f, own, ca);
    ipsec_mbedtls_trust_free(f.trust);
    f.trust = x509_trust("root", "crl-ca");
    f.query.trust = f.trust;
    all_fail = false;
    check(&f, IPSEC_CERT_REVOKED);
    all_fail = true;
    check(&f, IPSEC_CERT_REVOKED);
    ipsec_mbedtls_trust_free(f.trust);
    blob_free(&own);
    blob_free(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(bad_ones),
        cmocka_unit_test(revoked_ones),
    };
    return cmocka_run_group_tests_name("mbedtls x509 memory", tests, NULL, NULL);
}
