/* SPDX-License-Identifier: Apache-2.0
 *
 * The provider that the published answers are put to: each program is built with one of them.
 */
#ifndef VECTORS_CRYPTO_H
#define VECTORS_CRYPTO_H

#include <ipsec/crypto.h>

/* NULL: it can not be made. */
const struct ipsec_crypto *vectors_crypto_new(void);
void vectors_crypto_free(void);

#endif
