/* SPDX-License-Identifier: Apache-2.0
 *
 * The Mbed TLS provider takes no memory for a packet.
 */
#include "provider_suite.h"

#include <ipsec/backend_mbedtls.h>

int main(void)
{
    struct ipsec_mbedtls *provider = NULL;
    if (ipsec_mbedtls_new(NULL, &provider) != IPSEC_OK) {
        return 1;
    }
    int failed = provider_alloc_run(ipsec_mbedtls_crypto(provider));
    ipsec_mbedtls_free(provider);
    return failed;
}
