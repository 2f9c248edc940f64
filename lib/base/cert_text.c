/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of what was wrong with a certificate (ipsec/auth.h). Called by whoever reports it.
 */
#include "bytes.h"

#include <ipsec/auth.h>

static const char *const texts[] = {
    [IPSEC_CERT_GOOD] = "good",
    [IPSEC_CERT_MISSING] = "no certificate was sent",
    [IPSEC_CERT_MALFORMED] = "not a certificate that can be read",
    [IPSEC_CERT_UNTRUSTED] = "no path to a trust anchor",
    [IPSEC_CERT_EXPIRED] = "expired",
    [IPSEC_CERT_NOT_YET] = "not yet valid",
    [IPSEC_CERT_REVOKED] = "revoked",
    [IPSEC_CERT_IDENTITY] = "for another identity",
    [IPSEC_CERT_USAGE] = "key usage does not allow IKE",
    [IPSEC_CERT_WEAK] = "key too short or signature algorithm too weak",
    [IPSEC_CERT_NO_TIME] = "the time is not known",
    [IPSEC_CERT_CRL] = "no valid revocation list",
};

const char *ipsec_cert_problem_text(enum ipsec_cert_problem problem)
{
    return (size_t)problem < IPSECI_COUNT(texts) ? texts[problem] : "unknown problem";
}
