/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of transport.c in a build without it: every SA is in tunnel mode.
 */
#include "mode.h"

enum ipsec_status ipseci_transport_choose(const struct ipsec_sa_params *params,
                                          const struct ipseci_mode **mode)
{
    (void)mode;
    return params->mode == IPSEC_MODE_TUNNEL ? IPSEC_OK : IPSEC_ERR_NOT_BUILT_IN;
}
