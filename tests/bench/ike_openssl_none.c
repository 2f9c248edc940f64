/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without OpenSSL.
 */
#include "ike_openssl.h"

#include <stddef.h>

const struct ipsec_crypto *ike_openssl_new(void)
{
    return NULL;
}

void ike_openssl_free(void)
{
}
