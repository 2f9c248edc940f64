/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without the shorter way: every packet goes the whole one. See plain_path.h.
 */
#include "plain_path.h"

bool ipseci_plain_fits(const struct ipsec_sa_params *params)
{
    (void)params;
    return false;
}

enum ipsec_status ipseci_plain_look(const struct ipsec_sa *sa, const uint8_t *ip, uint32_t length,
                                    struct ipseci_flow *out)
{
    IPSECI_TRY(ipseci_ip_parse(ipseci_view(ip, length), out));
    return ipseci_sa_carries(sa, out) ? IPSEC_OK : IPSEC_DROP_SELECTORS;
}
