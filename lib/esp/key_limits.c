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

/* Tries after which the odds that a forged packet of 2^16 octets was taken are 2^-57, as in RFC
 * 9001 6.6 and its appendix B: a tag of n bits is good for 2^n tries less one bit for each doubling
 * of the blocks in a packet (SP 800-38D C); CCM's proof counts blocks twice. A tag of 64 bits can
 * not reach that: AES-GCM-8 has 2^-31, AES-CCM-8 2^-43. */
static const struct {
    uint16_t encr;
    uint8_t log2;
} forgeries[] = {
    {IPSEC_ENCR_AES_GCM_12, 26}, {IPSEC_ENCR_AES_GCM_8, 20}, {IPSEC_ENCR_AES_CCM_16, 21},
    {IPSEC_ENCR_AES_CCM_12, 21}, {IPSEC_ENCR_AES_CCM_8, 21}, {IPSEC_ENCR_AES_CCM_8_IIV, 21},
};

static uint32_t forgeries_of(uint16_t encr)
{
    for (size_t i = 0; i < IPSECI_COUNT(forgeries); i++) {
        if (forgeries[i].encr == encr) {
            return UINT32_C(1) << forgeries[i].log2;
        }
    }
    return UINT32_MAX;
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
    out->forgeries_soft = forgeries_of(suite->encr);
    return IPSEC_OK;
}

void ipseci_key_limit(struct ipsec_sa *sa, uint16_t encr_id)
{
    const struct ipseci_encr *encr = ipseci_encr_find(encr_id);
    /* The same for what comes in: a peer without such a limit is not followed beyond it. */
    const uint64_t bytes = encr == NULL ? UINT64_MAX : octets_of(encr->key_hard);
    sa->bytes_max = bytes < sa->bytes_max ? bytes : sa->bytes_max;
}
