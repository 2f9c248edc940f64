/* SPDX-License-Identifier: Apache-2.0 */
#include "providers.h"

#include <ipsec/backend_openssl.h>

enum ipsec_status providers_openssl_open(void **openssl, const struct ipsec_crypto **crypto)
{
    struct ipsec_openssl *made = NULL;
    const enum ipsec_status status = ipsec_openssl_new(NULL, &made);
    if (status == IPSEC_OK) {
        *crypto = ipsec_openssl_crypto(made);
        *openssl = made;
    }
    return status;
}

void providers_openssl_close(void *openssl)
{
    ipsec_openssl_free(openssl);
}
