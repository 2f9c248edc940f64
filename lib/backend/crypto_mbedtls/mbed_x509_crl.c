/* SPDX-License-Identifier: Apache-2.0
 *
 * Revocation lists from memory. RFC 5280 6.3, for complete lists of the certificate's own issuer:
 * a list with a critical extension (a part of a list, a list of another's certificates) is refused
 * when it is read. Nothing is ever fetched (CVE-2022-40617).
 *
 * Mbed TLS reads the lists; their signatures are checked here. Its own check stops at the first of
 * several lists that it can not trust, so that a forged one in front would hide the one that
 * revokes, and it takes want of memory for a bad signature, so that a revoked certificate would
 * pass.
 */
#include "mbed_x509.h"

#include <string.h>

#if IPSECI_MBED_CRL
#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_crl.h>

struct ipseci_mbed_crl {
    struct ipseci_mbed_crl *next;
    mbedtls_x509_crl list;
};

void ipseci_mbed_crls_free(struct ipseci_mbed_crl *crls)
{
    while (crls != NULL) {
        struct ipseci_mbed_crl *crl = crls;
        crls = crl->next;
        mbedtls_x509_crl_free(&crl->list);
        mbedtls_free(crl);
    }
}

static enum ipsec_status take_crl(void *context, struct ipsec_view octets,
                                  struct ipsec_mbedtls_fault *fault)
{
    struct ipsec_trust *trust = context;
    struct ipseci_mbed_crl *crl = mbedtls_calloc(1, sizeof(*crl));
    if (crl == NULL) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_MEMORY, "no memory", 0);
    }
    mbedtls_x509_crl_init(&crl->list);
    int error = mbedtls_x509_crl_parse(&crl->list, octets.data, octets.length);
    if (error != 0) {
        ipseci_mbed_crls_free(crl);
        return ipseci_mbed_no_memory(error)
                   ? ipseci_mbed_fault(fault, IPSEC_ERR_MEMORY, "no memory", error)
                   : ipseci_mbed_fault(fault, IPSEC_ERR_SYNTAX,
                                       "the revocation list can not be read: damaged, or with an "
                                       "unknown critical extension",
                                       error);
    }
    crl->next = trust->crls;
    trust->crls = crl;
    return IPSEC_OK;
}

enum ipsec_status ipsec_mbedtls_trust_add_crl(struct ipsec_trust *trust, struct ipsec_view octets,
                                              struct ipsec_mbedtls_fault *fault)
{
    if (trust == NULL || (octets.data == NULL && octets.length != 0)) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_ARGUMENT, "argument not allowed", 0);
    }
    (void)ipseci_mbed_fault(fault, IPSEC_OK, "ok", 0);
    return ipseci_mbed_each(octets, "X509 CRL", take_crl, trust, fault);
}

enum ipsec_status ipsec_mbedtls_trust_require_crl(struct ipsec_trust *trust, bool require)
{
    if (trust == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    trust->require_crl = require;
    return IPSEC_OK;
}

/* ---- the signature of a list ---- */

/* RSASSA-PSS with everything spelled out (RFC 4055 3.1), SHA2-256, with and without NULL behind the
 * hashes. The last octet of the hash's number and the salt's length stand for the others. */
#define SHA2_256 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01
#define PSS      0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a
#define MGF1     0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08

static const uint8_t pss_null[] = {0x30,     0x41,     PSS,  0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d,
                                   SHA2_256, 0x05,     0x00, 0xa1, 0x1c, 0x30, 0x1a, MGF1, 0x30,
                                   0x0d,     SHA2_256, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20};
static const uint8_t pss_bare[] = {0x30, 0x3d,     PSS,  0x30, 0x30, 0xa0, 0x0d, 0x30,
                                   0x0b, SHA2_256, 0xa1, 0x1a, 0x30, 0x18, MGF1, 0x30,
                                   0x0b, SHA2_256, 0xa2, 0x03, 0x02, 0x01, 0x20};

struct pss_form {
    const uint8_t *octets;
    uint8_t length;
    uint8_t hash[2]; /* where its number's last octet is */
};

static const struct pss_form pss_forms[] = {
    {pss_null, sizeof(pss_null), {29, 59}},
    {pss_bare, sizeof(pss_bare), {29, 57}},
};

static bool is_pss(struct ipsec_view algorithm, const struct pss_form *form, unsigned n)
{
    uint8_t expected[sizeof(pss_null)];
    struct ipsec_view whole = {expected, form->length};
    memcpy(expected, form->octets, form->length);
    expected[form->hash[0]] = (uint8_t)n;
    expected[form->hash[1]] = (uint8_t)n;
    expected[form->length - 1] = (uint8_t)(16 + 16 * n); /* 32, 48, 64 */
    return ipseci_mbed_same(algorithm, whole);
}

static enum ipsec_signature pss_of(struct ipsec_view algorithm)
{
    for (unsigned n = 1; n <= 3; n++) {
        if (is_pss(algorithm, &pss_forms[0], n) || is_pss(algorithm, &pss_forms[1], n)) {
            return (enum ipsec_signature)(IPSEC_SIGNATURE_PSS_SHA2_256 + n - 1);
        }
    }
    return IPSEC_SIGNATURES;
}

/* IPSEC_SIGNATURES: none that a list may have (no MD5, no SHA-1). */
static enum ipsec_signature signature_of(const mbedtls_x509_crl *list, struct ipsec_view algorithm)
{
    mbedtls_md_type_t md = MBEDTLS_MD_NONE;
    mbedtls_pk_type_t pk = MBEDTLS_PK_NONE;
    unsigned n = 0;

    if (mbedtls_oid_get_sig_alg(&list->sig_oid, &md, &pk) != 0) {
        return IPSEC_SIGNATURES;
    }
    if (pk == MBEDTLS_PK_RSASSA_PSS) {
        return pss_of(algorithm);
    }
    n = md == MBEDTLS_MD_SHA256 ? 1 : md == MBEDTLS_MD_SHA384 ? 2 : md == MBEDTLS_MD_SHA512 ? 3 : 0;
    if (n == 0 || (pk != MBEDTLS_PK_RSA && pk != MBEDTLS_PK_ECDSA)) {
        return IPSEC_SIGNATURES;
    }
    return (enum ipsec_signature)(
        (pk == MBEDTLS_PK_RSA ? IPSEC_SIGNATURE_RSA_SHA2_256 : IPSEC_SIGNATURE_ECDSA_SHA2_256) + n -
        1);
}

/* CertificateList ::= SEQUENCE { tbsCertList, AlgorithmIdentifier, BIT STRING }. IPSEC_OK, or
 * IPSEC_ERR_MEMORY; anything else is a signature that is not its issuer's. */
static enum ipsec_status check_signature(const mbedtls_x509_crl *list,
                                         const mbedtls_x509_crt *issuer)
{
    struct ipsec_view signed_part = ipseci_mbed_view(&list->tbs);
    unsigned char *at = list->tbs.p + list->tbs.len;
    const unsigned char *start = at;
    const unsigned char *end = list->raw.p + list->raw.len;
    size_t length = 0;

    if (mbedtls_asn1_get_tag(&at, end, &length, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) !=
        0) {
        return IPSEC_DROP_MALFORMED;
    }
    at += length;
    struct ipsec_view algorithm = {start, (size_t)(at - start)};
    struct ipsec_signature_check check = {signature_of(list, algorithm), &signed_part, 1, {0}};
    if (mbedtls_asn1_get_bitstring_null(&at, end, &length) != 0) {
        return IPSEC_DROP_MALFORMED;
    }
    check.signature = (struct ipsec_view){at, length};
    return ipseci_mbed_verify(NULL, ipseci_mbed_view(&issuer->pk_raw), &check);
}

/* ---- one certificate against the lists of its issuer ---- */

/* What the lists looked at so far say of one certificate. */
struct verdict {
    const mbedtls_x509_crt *crt;
    const mbedtls_x509_crt *issuer;
    int64_t now;
    bool revoked;
    bool covered; /* by a list that is valid now */
    bool unknown; /* a list could not be looked at for want of memory */
};

/* RFC 5280 6.3.3: a list of exactly this issuer, that may sign lists and has signed it. */
static void try_list(struct verdict *verdict, const mbedtls_x509_crl *list)
{
    if (!ipseci_mbed_same(ipseci_mbed_view(&list->issuer_raw),
                          ipseci_mbed_view(&verdict->issuer->subject_raw)) ||
        mbedtls_x509_crt_check_key_usage(verdict->issuer, MBEDTLS_X509_KU_CRL_SIGN) != 0) {
        return;
    }
    enum ipsec_status status = check_signature(list, verdict->issuer);
    verdict->unknown = verdict->unknown || status == IPSEC_ERR_MEMORY;
    if (status != IPSEC_OK) {
        return;
    }
    /* An old list that names the certificate still names it. */
    verdict->revoked = verdict->revoked || mbedtls_x509_crt_is_revoked(verdict->crt, list) != 0;
    verdict->covered =
        verdict->covered || (ipseci_mbed_seconds(&list->this_update) <= verdict->now &&
                             verdict->now <= ipseci_mbed_seconds(&list->next_update));
}

/* Lists that the peer sent: those that can not be read say nothing. */
static void try_sent(struct verdict *verdict, const struct ipsec_view *crl)
{
    mbedtls_x509_crl list;
    mbedtls_x509_crl_init(&list);
    int error = crl->length != 0 ? mbedtls_x509_crl_parse_der(&list, crl->data, crl->length)
                                 : MBEDTLS_ERR_X509_INVALID_FORMAT;
    if (error == 0) {
        try_list(verdict, &list);
    }
    verdict->unknown = verdict->unknown || ipseci_mbed_no_memory(error);
    mbedtls_x509_crl_free(&list);
}

enum ipsec_cert_problem ipseci_mbed_revocation(const struct ipsec_cert_query *query,
                                               const mbedtls_x509_crt *crt,
                                               const mbedtls_x509_crt *issuer)
{
    struct verdict verdict = {crt, issuer, query->wall_time, false, false, false};

    for (const struct ipseci_mbed_crl *crl = query->trust->crls; crl != NULL; crl = crl->next) {
        try_list(&verdict, &crl->list);
    }
    for (size_t i = 0; i < query->crl_count && i < IPSEC_CERTIFICATES_MAX; i++) {
        try_sent(&verdict, &query->crls[i]);
    }
    if (verdict.revoked) {
        return IPSEC_CERT_REVOKED;
    }
    return verdict.unknown || (query->trust->require_crl && !verdict.covered) ? IPSEC_CERT_CRL
                                                                              : IPSEC_CERT_GOOD;
}

#else

enum ipsec_status ipsec_mbedtls_trust_add_crl(struct ipsec_trust *trust, struct ipsec_view octets,
                                              struct ipsec_mbedtls_fault *fault)
{
    (void)trust;
    (void)octets;
    return ipseci_mbed_fault(fault, IPSEC_ERR_NOT_BUILT_IN,
                             "this Mbed TLS reads no revocation lists", 0);
}

enum ipsec_status ipsec_mbedtls_trust_require_crl(struct ipsec_trust *trust, bool require)
{
    (void)trust;
    return require ? IPSEC_ERR_NOT_BUILT_IN : IPSEC_OK;
}

#if IPSECI_MBED_X509
void ipseci_mbed_crls_free(struct ipseci_mbed_crl *crls)
{
    (void)crls;
}

enum ipsec_cert_problem ipseci_mbed_revocation(const struct ipsec_cert_query *query,
                                               const mbedtls_x509_crt *crt,
                                               const mbedtls_x509_crt *issuer)
{
    (void)query;
    (void)crt;
    (void)issuer;
    return IPSEC_CERT_GOOD;
}
#endif

#endif
