/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenSSL provider takes no memory for a packet.
 */
#include "provider_suite.h"

#include <ipsec/backend_openssl.h>

int main(void)
{
    struct ipsec_openssl *provider = NULL;
    if (ipsec_openssl_new(NULL, &provider) != IPSEC_OK) {
        return 1;
    }
    int failed = provider_alloc_run(ipsec_openssl_crypto(provider));
    ipsec_openssl_free(provider);
    return failed;
}
