/* SPDX-License-Identifier: Apache-2.0
 *
 * See mbed_kit.h.
 */
#include "mbed_kit.h"

#include <ipsec/backend_mbedtls.h>

const struct ipsec_crypto *kit_providers[2];
struct ipsec_crypto_list kit_crypto = {kit_providers, 1};

static struct ipsec_mbedtls *provider;

int kit_crypto_setup(void **state)
{
    (void)state;
    if (ipsec_mbedtls_new(NULL, &provider) != IPSEC_OK) {
        return -1;
    }
    kit_providers[0] = ipsec_mbedtls_crypto(provider);
    return 0;
}

int kit_crypto_teardown(void **state)
{
    (void)state;
    ipsec_mbedtls_free(provider);
    return 0;
}
