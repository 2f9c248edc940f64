/* SPDX-License-Identifier: Apache-2.0 */
#include "providers.h"

enum ipsec_status providers_ipsec_mb_open(void **ipsec_mb, const struct ipsec_crypto **crypto)
{
    (void)ipsec_mb;
    (void)crypto;
    return IPSEC_ERR_NOT_BUILT_IN;
}

void providers_ipsec_mb_close(void *ipsec_mb)
{
    (void)ipsec_mb;
}
