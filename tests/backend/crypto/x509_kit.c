/* SPDX-License-Identifier: Apache-2.0
 *
 * The shared parts of the tests of certificate verifiers.
 */
#include "x509_kit.h"

#include <ipsec/backend_mbedtls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct blob x509_der(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "x509/%s.der", name);
    return kit_file(path);
}

/* The next word of a list; false at its end. */
static bool next_word(const char **list, char word[64])
{
    size_t length = 0;
    if (*list == NULL) {
        return false;
    }
    *list += strspn(*list, " ");
    length = strcspn(*list, " ");
    assert_true(length < 64);
    memcpy(word, *list, length);
    word[length] = '\0';
    *list += length;
    return length > 0;
}

static size_t read_all(const char *names, struct blob out[], size_t max)
{
    char name[64];
    size_t count = 0;
    while (next_word(&names, name)) {
        assert_true(count < max);
        out[count] = x509_der(name);
        count++;
    }
    return count;
}

struct ipsec_trust *x509_trust(const char *anchors, const char *crls)
{
    struct blob blobs[16];
    struct ipsec_trust *trust = NULL;
    struct ipsec_mbedtls_fault fault;
    assert_int_equal(ipsec_mbedtls_trust_new(&trust), IPSEC_OK);
    size_t count = read_all(anchors, blobs, 16);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ipsec_mbedtls_trust_add_anchor(trust, blob_view(blobs[i]), &fault),
                         IPSEC_OK);
        blob_free(&blobs[i]);
    }
    count = read_all(crls, blobs, 16);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ipsec_mbedtls_trust_add_crl(trust, blob_view(blobs[i]), &fault), IPSEC_OK);
        blob_free(&blobs[i]);
    }
    return trust;
}

/* The subject is the sixth element of TBSCertificate, behind [0] version, serial, algorithm, issuer
 * and validity. */
static void subject_of(const char *name, struct ipsec_id *id)
{
    struct blob der = x509_der(name);
    const uint8_t *at = der.data + 8; /* two SEQUENCE headers of four octets */
    for (int i = 0; i < 5; i++) {
        at += 2 + at[1];
    }
    *id = (struct ipsec_id){.type = IPSEC_ID_DER_ASN1_DN, .length = (uint8_t)(2 + at[1])};
    assert_int_equal(at[0], 0x30);
    memcpy(id->bytes, at, id->length);
    blob_free(&der);
}

static void id_of(const char *text, struct ipsec_id *id)
{
    if (text != NULL && strncmp(text, "subject of ", 11) == 0) {
        subject_of(text + 11, id);
        return;
    }
    assert_int_equal(ipsec_id_parse(text != NULL ? text : "gw.example.org", id), IPSEC_OK);
}

struct ipsec_cert_result x509_ask(const struct ipsec_x509 *x509, const struct question *question)
{
    struct blob certs[16];
    struct blob crls[16];
    struct ipsec_view cert_view[16];
    struct ipsec_view crl_view[16];
    struct ipsec_cert_result result;
    struct ipsec_id id;
    struct ipsec_cert_query query = {0};
    struct ipsec_trust *trust = x509_trust(question->anchors, question->own_crls);

    assert_int_equal(ipsec_mbedtls_trust_require_crl(trust, question->require_crl), IPSEC_OK);
    ipsec_mbedtls_trust_accept_tls_usage(trust, question->accept_tls_usage);
    id_of(question->id, &id);
    query.trust = trust;
    query.id = &id;
    query.certificate_count = read_all(question->certificates, certs, 16);
    query.crl_count = read_all(question->crls, crls, 16);
    query.certificates = cert_view;
    query.crls = crl_view;
    query.wall_time = question->time != 0 ? question->time : AT_2026;
    for (size_t i = 0; i < query.certificate_count; i++) {
        cert_view[i] = blob_view(certs[i]);
    }
    for (size_t i = 0; i < query.crl_count; i++) {
        crl_view[i] = blob_view(crls[i]);
    }
    memset(&result, 0xa5, sizeof(result));
    assert_int_equal(x509->validate(x509->context, &query, &result), IPSEC_OK);
    assert_true((result.problem == IPSEC_CERT_GOOD) == (result.public_key_length != 0));
    for (size_t i = 0; i < query.certificate_count; i++) {
        blob_free(&certs[i]);
    }
    for (size_t i = 0; i < query.crl_count; i++) {
        blob_free(&crls[i]);
    }
    ipsec_mbedtls_trust_free(trust);
    return result;
}

void x509_check(const struct ipsec_x509 *x509, const struct x509_row *rows, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        const struct question *q = &rows[i].question;
        struct ipsec_cert_result result = x509_ask(x509, q);
        if (result.problem != rows[i].problem) {
            print_error("row %u (%s under %s): %s instead of %s\n", (unsigned)i, q->certificates,
                        q->anchors, ipsec_cert_problem_text(result.problem),
                        ipsec_cert_problem_text(rows[i].problem));
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}
