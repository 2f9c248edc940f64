/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenSSL provider for bench_ike.c, where it is built.
 */
#ifndef IKE_OPENSSL_H
#define IKE_OPENSSL_H

#include <ipsec/crypto.h>

/* NULL: not built. */
const struct ipsec_crypto *ike_openssl_new(void);
void ike_openssl_free(void);

#endif
