/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the signer of the OpenSSL provider and its private keys.
 */
#ifndef IPSECI_OSSL_SIGNER_H
#define IPSECI_OSSL_SIGNER_H

#include "ossl.h"

#define IPSECI_OSSL_RSA_BITS_MIN 2048
#define IPSECI_OSSL_RSA_BITS_MAX 4096

struct ipsec_private_key {
    EVP_PKEY *key;
    struct ipsec_key_info info;
};

/* IPSEC_ERR_NOT_BUILT_IN (another kind or curve), IPSEC_ERR_FORBIDDEN (RSA of another length). */
enum ipsec_status ipseci_ossl_key_kind(EVP_PKEY *key, struct ipsec_key_info *out);

#endif
