/* SPDX-License-Identifier: Apache-2.0
 *
 * See vectors_crypto.h.
 */
#include "vectors_crypto.h"

#include <ipsec/backend_openssl.h>

static struct ipsec_openssl *provider;

const struct ipsec_crypto *vectors_crypto_new(void)
{
    return ipsec_openssl_new(NULL, &provider) == IPSEC_OK ? ipsec_openssl_crypto(provider) : NULL;
}

void vectors_crypto_free(void)
{
    ipsec_openssl_free(provider);
}
