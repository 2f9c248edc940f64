/* SPDX-License-Identifier: Apache-2.0
 *
 * See vectors_crypto.h.
 */
#include "vectors_crypto.h"

#include <ipsec/backend_mbedtls.h>

static struct ipsec_mbedtls *provider;

const struct ipsec_crypto *vectors_crypto_new(void)
{
    return ipsec_mbedtls_new(NULL, &provider) == IPSEC_OK ? ipsec_mbedtls_crypto(provider) : NULL;
}

void vectors_crypto_free(void)
{
    ipsec_mbedtls_free(provider);
}
