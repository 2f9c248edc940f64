/* SPDX-License-Identifier: Apache-2.0
 *
 * See ike_openssl.h.
 */
#include "ike_openssl.h"

#include "bench.h"

#include <ipsec/backend_openssl.h>

static struct ipsec_openssl *provider;

const struct ipsec_crypto *ike_openssl_new(void)
{
    bench_require(ipsec_openssl_new(NULL, &provider) == IPSEC_OK, "ipsec_openssl_new");
    return ipsec_openssl_crypto(provider);
}

void ike_openssl_free(void)
{
    ipsec_openssl_free(provider);
}
