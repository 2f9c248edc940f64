/* SPDX-License-Identifier: Apache-2.0
 *
 * The crypto providers that [gateway] crypto names. Mbed TLS is always open: certificates are read
 * and checked by it.
 */
#ifndef TWO_SITE_PROVIDERS_H
#define TWO_SITE_PROVIDERS_H

#include "config.h"

#include <ipsec/backend_mbedtls.h>

#define PROVIDERS_WHY_BYTES 160

struct providers {
    struct ipsec_mbedtls *mbedtls;
    void *openssl;  /* of providers_openssl.c; NULL: not named */
    void *ipsec_mb; /* of providers_ipsec_mb.c, as well */
    const struct ipsec_crypto *item[CONFIG_CRYPTO_MAX];
    struct ipsec_crypto_list list; /* for the session */
    void *choice;                  /* a block; NULL: by order */
};

/* Opens what the configuration names; `fastest` is measured. On failure `why` says what it was, and
 * *out, which must not be moved, is to be closed all the same. */
bool providers_open(struct providers *out, const struct config_gateway *gateway,
                    char why[PROVIDERS_WHY_BYTES]);
/* Known answers of every provider; takes its time. */
bool providers_test(const struct providers *providers, char why[PROVIDERS_WHY_BYTES]);
void providers_close(struct providers *providers);

/* providers_openssl.c, or providers_openssl_none.c in a build without: IPSEC_ERR_NOT_BUILT_IN. */
enum ipsec_status providers_openssl_open(void **openssl, const struct ipsec_crypto **crypto);
void providers_openssl_close(void *openssl);

/* providers_ipsec_mb.c, or providers_ipsec_mb_none.c, as well; also IPSEC_ERR_NOT_BUILT_IN on a
 * processor without AES instructions. */
enum ipsec_status providers_ipsec_mb_open(void **ipsec_mb, const struct ipsec_crypto **crypto);
void providers_ipsec_mb_close(void *ipsec_mb);

#endif
