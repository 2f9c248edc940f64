/* SPDX-License-Identifier: Apache-2.0
 *
 * How far a key may go before it is replaced. Called by lib/gw and by users with manual keys; the
 * hard limits are kept by the SAs themselves (sa.c, seal.c). RFC 4303 3.3.3, RFC 4301 4.4.2.1.
 */
#include "sa.h"
#include "suite.h"

#include <ipsec/esp.h>

/* From `log2` octets on; 0: never. */
static uint64_t octets_of(uint8_t log2)
{
    return log2 == 0 ? UINT64_MAX : UINT64_C(1) << log2;
}

enum ipsec_status ipsec_key_limits(const struct ipsec_suite *suite, struct ipsec_key_limits *out)
{
    if (suite == NULL || out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    const struct ipseci_encr *encr = ipseci_encr_find(suite->encr);
    if (encr == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    out->packets_hard = suite->esn == IPSEC_ESN_YES ? UINT64_MAX : UINT32_MAX;
    out->packets_soft = out->packets_hard - out->packets_hard / 16;
    out->bytes_soft = octets_of(encr->key_soft);
    out->bytes_hard = octets_of(encr->key_hard);
    return IPSEC_OK;
}

void ipseci_key_limit(struct ipsec_sa *sa, uint16_t encr_id)
{
    const struct ipseci_encr *encr = ipseci_encr_find(encr_id);
    /* The same for what comes in: a peer without such a limit is not followed beyond it. */
    const uint64_t bytes = encr == NULL ? UINT64_MAX : octets_of(encr->key_hard);
    sa->bytes_max = bytes < sa->bytes_max ? bytes : sa->bytes_max;
}
