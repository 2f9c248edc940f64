/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the signer and the certificate verifier of the Mbed TLS provider: keys as Mbed TLS has
 * them, and what is built in. A program that calls neither links nothing of this.
 */
#ifndef IPSECI_MBED_AUTH_H
#define IPSECI_MBED_AUTH_H

#include "mbed.h"

#if defined(MBEDTLS_PK_C) && defined(MBEDTLS_PK_PARSE_C) && defined(MBEDTLS_MD_C)
#define IPSECI_MBED_PK 1
#else
#define IPSECI_MBED_PK 0
#endif

#if IPSECI_MBED_PK && defined(MBEDTLS_RSA_C) && defined(MBEDTLS_PKCS1_V15)
#define IPSECI_MBED_RSA 1
#else
#define IPSECI_MBED_RSA 0
#endif

#if IPSECI_MBED_PK && defined(MBEDTLS_RSA_C) && defined(MBEDTLS_PKCS1_V21)
#define IPSECI_MBED_PSS 1
#else
#define IPSECI_MBED_PSS 0
#endif

#if IPSECI_MBED_PK && defined(MBEDTLS_ECDSA_C)
#define IPSECI_MBED_ECDSA 1
#else
#define IPSECI_MBED_ECDSA 0
#endif

/* RFC 8247 4.1 and general practice; above, IPSEC_SIGNATURE_BYTES_MAX is the limit. */
#define IPSECI_MBED_RSA_BITS_MIN 2048
#define IPSECI_MBED_RSA_BITS_MAX (8 * IPSEC_SIGNATURE_BYTES_MAX)

/* Fills *fault, which may be NULL, and gives back the status. */
enum ipsec_status ipseci_mbed_fault(struct ipsec_mbedtls_fault *fault, enum ipsec_status status,
                                    const char *text, int error);

/* Did an allocation fail? The module's own number comes with those of the modules below it. */
bool ipseci_mbed_no_memory(int error);

/* Where the provider keeps its signer's table. */
struct ipsec_signer *ipseci_mbed_signer_slot(struct ipsec_mbedtls *provider);

#if IPSECI_MBED_PK
#include <mbedtls/pk.h>

struct ipsec_private_key {
    mbedtls_pk_context pk;
};

/* Kind and size. IPSEC_ERR_NOT_BUILT_IN: another kind or curve. */
enum ipsec_status ipseci_mbed_pk_info(const mbedtls_pk_context *pk, struct ipsec_key_info *out);

/* Long enough, and not too long. */
bool ipseci_mbed_pk_strong(const struct ipsec_key_info *info);

/* Reads a whole SubjectPublicKeyInfo. pk is initialised here, and freed by the caller in any case.
 * IPSEC_DROP_MALFORMED, IPSEC_ERR_NOT_BUILT_IN, IPSEC_ERR_MEMORY. */
enum ipsec_status ipseci_mbed_pk_read(struct ipsec_view public_key, mbedtls_pk_context *pk);

/* The signer's verify, which needs no context. */
enum ipsec_status ipseci_mbed_verify(void *context, struct ipsec_view public_key,
                                     const struct ipsec_signature_check *check);
#endif

#endif
