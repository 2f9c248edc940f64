/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of header_rules.c in a build without it: every outer header is the usual one.
 */
#include "mode.h"

enum ipsec_status ipseci_rules_choose(const struct ipsec_sa_params *params,
                                      const struct ipseci_mode **mode)
{
    (void)mode;
    return params->rules == NULL ? IPSEC_OK : IPSEC_ERR_NOT_BUILT_IN;
}
