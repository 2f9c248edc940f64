/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the files of the certificate verifier: certificates by what a path needs of them, the
 * trust store, texts with PEM blocks.
 */
#ifndef IPSECI_MBED_X509_H
#define IPSECI_MBED_X509_H

#include "mbed_auth.h"

/* 2.28 can be built without its checks of key usage: then there is no verifier. */
#if IPSECI_MBED_PK && defined(MBEDTLS_X509_CRT_PARSE_C) &&                                         \
    (MBEDTLS_VERSION_NUMBER >= 0x03000000 ||                                                       \
     (defined(MBEDTLS_X509_CHECK_KEY_USAGE) && defined(MBEDTLS_X509_CHECK_EXTENDED_KEY_USAGE)))
#define IPSECI_MBED_X509 1
#else
#define IPSECI_MBED_X509 0
#endif

#if IPSECI_MBED_X509 && defined(MBEDTLS_X509_CRL_PARSE_C)
#define IPSECI_MBED_CRL 1
#else
#define IPSECI_MBED_CRL 0
#endif

/* Takes one input: DER, or one PEM block with the NUL that Mbed TLS wants counted. */
typedef enum ipsec_status (*ipseci_mbed_take)(void *context, struct ipsec_view octets,
                                              struct ipsec_mbedtls_fault *fault);

/* Hands each "-----BEGIN label-----" block of a text to take, or the whole where there is no PEM at
 * all. Stops at the first that is not taken, whose number is in fault->item. A text without such a
 * block is IPSEC_ERR_SYNTAX. */
enum ipsec_status ipseci_mbed_each(struct ipsec_view octets, const char *label,
                                   ipseci_mbed_take take, void *context,
                                   struct ipsec_mbedtls_fault *fault);

#if IPSECI_MBED_X509
#include <mbedtls/x509_crt.h>

static inline struct ipsec_view ipseci_mbed_view(const mbedtls_x509_buf *buf)
{
    struct ipsec_view view = {buf->p, buf->len};
    return view;
}

static inline bool ipseci_mbed_same(struct ipsec_view a, struct ipsec_view b)
{
    size_t i = 0;
    if (a.length != b.length) {
        return false;
    }
    while (i < a.length && a.data[i] == b.data[i]) {
        i++;
    }
    return i == a.length;
}

/* What a path is put together from; the views lie in the certificate's own octets. */
struct ipseci_mbed_node {
    struct ipsec_view der;
    struct ipsec_view subject; /* RFC 5280 4.1.2.6: compared as encoded */
    struct ipsec_view issuer;
    struct ipsec_view public_key;
    int64_t from; /* seconds since 1970; both ends belong to the validity */
    int64_t until;
    bool constrained; /* has nameConstraints, which nothing here evaluates */
};

/* IPSEC_DROP_MALFORMED, IPSEC_ERR_MEMORY. *error, which may be NULL, is Mbed TLS's. */
enum ipsec_status ipseci_mbed_node_read(struct ipsec_view der, struct ipseci_mbed_node *out,
                                        int *error);
int64_t ipseci_mbed_seconds(const mbedtls_x509_time *time);

/* Is that identity in the certificate (RFC 4945 3.1)? */
bool ipseci_mbed_identity(const mbedtls_x509_crt *crt, const struct ipsec_id *id);

/* ---- the trust store ---- */

struct ipseci_mbed_anchor {
    struct ipseci_mbed_anchor *next;
    struct ipseci_mbed_node node;
    uint8_t key_hash[IPSEC_AUTHORITY_BYTES];
    uint8_t der[]; /* node's views lie here */
};

struct ipseci_mbed_crl; /* mbed_x509_crl.c */

struct ipsec_trust {
    struct ipseci_mbed_anchor *anchors; /* in the order they were added */
    struct ipseci_mbed_crl *crls;
    bool require_crl;
    bool accept_tls_usage;
};

void ipseci_mbed_crls_free(struct ipseci_mbed_crl *crls);

/* What no path may have: MD5 and SHA-1, RSA below 2048 bits, curves but those of RFC 4754. */
extern const mbedtls_x509_crt_profile ipseci_mbed_profile;

/* Is the certificate revoked by a list of its issuer, or is none there that is demanded? */
enum ipsec_cert_problem ipseci_mbed_revocation(const struct ipsec_cert_query *query,
                                               const mbedtls_x509_crt *crt,
                                               const mbedtls_x509_crt *issuer);
#endif

#endif
