/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of certificate verifiers share: the certificates of tests/vectors/x509 by name,
 * and one question as a row of a table.
 */
#ifndef X509_KIT_H
#define X509_KIT_H

#include "provider_kit.h"

#include <ipsec/auth.h>

/* Midnights UTC. The certificates are valid from 2024 to 2034 unless their name says otherwise. */
#define AT_2023     1672531200
#define AT_2026     1767225600
#define AT_2030     1893456000
#define AT_2034     2019686400
#define VALID_FROM  1704067200 /* 2024 */
#define VALID_UNTIL AT_2034

struct question {
    const char *anchors;      /* "root root2": names of files, without .der */
    const char *certificates; /* the peer's own first */
    const char *crls;         /* sent by the peer */
    const char *own_crls;     /* in the trust store */
    const char *id;           /* as ipsec_id_parse reads it; NULL: gw.example.org; "subject of X" */
    int64_t time;             /* 0: AT_2026 */
    bool require_crl;
    bool accept_tls_usage;
};

/* What the verifier says; everything lies in memory of its exact size, and is wiped afterwards. */
struct ipsec_cert_result x509_ask(const struct ipsec_x509 *x509, const struct question *question);

/* A trust store with certificates of these names. */
struct ipsec_trust *x509_trust(const char *anchors, const char *crls);

struct blob x509_der(const char *name);

struct x509_row {
    struct question question;
    enum ipsec_cert_problem problem;
};

/* Asks each and names the row that fails. */
void x509_check(const struct ipsec_x509 *x509, const struct x509_row *rows, size_t count);

#endif
