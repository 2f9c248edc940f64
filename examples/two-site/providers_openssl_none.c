/* SPDX-License-Identifier: Apache-2.0 */
#include "providers.h"

enum ipsec_status providers_openssl_open(void **openssl, const struct ipsec_crypto **crypto)
{
    (void)openssl;
    (void)crypto;
    return IPSEC_ERR_NOT_BUILT_IN;
}

void providers_openssl_close(void *openssl)
{
    (void)openssl;
}
