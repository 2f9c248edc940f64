/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of key_limits.c in a build without limits of its own for keys: only the sequence
 * numbers end a key. Without extended ones those are 2^32 packets of at most 2^16 octets, which is
 * the hard limit of AES, too; with them the caller sets limits. RFC 4303 3.3.3.
 */
#include "sa.h"

#include <string.h>

enum ipsec_status ipsec_key_limits(const struct ipsec_suite *suite, struct ipsec_key_limits *out)
{
    if (suite == NULL || out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    memset(out, 0xff, sizeof(*out)); /* none */
    out->packets_soft = UINT64_C(0xf) << 60;
    if (suite->esn != IPSEC_ESN_YES) {
        out->packets_hard = UINT32_MAX;
        out->packets_soft = UINT64_C(0xf) << 28;
    }
    return IPSEC_OK;
}

void ipseci_key_limit(struct ipsec_sa *sa, uint16_t encr_id)
{
    (void)sa;
    (void)encr_id;
}
