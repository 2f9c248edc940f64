/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 6040 decapsulation. See ecn.h.
 */
#include "ecn.h"

#define NOT_ECT  IPSECI_ECN_NOT_ECT
#define ECT_1    IPSECI_ECN_ECT1
#define ECT_0    IPSECI_ECN_ECT0
#define CE       IPSECI_ECN_CE
#define ECN_DROP 0xff

/* RFC 6040 4.2, figure 4: the outgoing codepoint by [inner][outer]. */
static const uint8_t merged[4][4] = {
    [NOT_ECT] = {[NOT_ECT] = NOT_ECT, [ECT_1] = NOT_ECT, [ECT_0] = NOT_ECT, [CE] = ECN_DROP},
    [ECT_1] = {[NOT_ECT] = ECT_1, [ECT_1] = ECT_1, [ECT_0] = ECT_1, [CE] = CE},
    [ECT_0] = {[NOT_ECT] = ECT_0, [ECT_1] = ECT_1, [ECT_0] = ECT_0, [CE] = CE},
    [CE] = {[NOT_ECT] = CE, [ECT_1] = CE, [ECT_0] = CE, [CE] = CE},
};

enum ipsec_status ipseci_ecn_merge(uint8_t *inner, uint8_t inner_class, uint8_t outer_class)
{
    const uint8_t before = inner_class & IPSECI_ECN_MASK;
    const uint8_t after = merged[before][outer_class & IPSECI_ECN_MASK];
    if (after == ECN_DROP) {
        return IPSEC_DROP_ECN;
    }
    if (after != before) {
        ipseci_ip_set_traffic_class(inner, (uint8_t)((inner_class & ~IPSECI_ECN_MASK) | after));
    }
    return IPSEC_OK;
}
