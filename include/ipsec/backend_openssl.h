/* SPDX-License-Identifier: Apache-2.0
 *
 * A crypto provider of OpenSSL, 3.0 or later, through EVP alone: what it can do is what the
 * providers (modules) loaded into OpenSSL can do, a FIPS module included.
 */
#ifndef IPSEC_BACKEND_OPENSSL_H
#define IPSEC_BACKEND_OPENSSL_H

#include <ipsec/auth.h>
#include <ipsec/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_openssl;

struct ipsec_openssl_config {
    uint32_t size;
    void *libctx; /* an OSSL_LIB_CTX, which must outlive the provider; NULL: the default */
    const char *properties; /* which implementations to fetch ("fips=yes"); copied; NULL: any */
};
#define IPSEC_OPENSSL_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_openssl_config)

/* Makes a provider context: looks up every algorithm once, so that nothing is looked up for a
 * packet. What is not found is not claimed. Memory comes from OpenSSL's allocator, as does that of
 * keys. config may be NULL. prf, sha1, key_new and ke_* may run on several threads at once, random
 * on one. A process that forks makes a new context in the child.
 * Errors are told by status alone: OpenSSL's error queue is left as it was.
 * IPSEC_ERR_MEMORY, IPSEC_ERR_RANDOM (the library context gives no random octets),
 * IPSEC_ERR_STRUCT_SIZE, IPSEC_ERR_ARGUMENT (out is NULL). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_openssl_new(const struct ipsec_openssl_config *config, struct ipsec_openssl **out);

/* The provider's table; valid until ipsec_openssl_free. */
IPSEC_API const struct ipsec_crypto *ipsec_openssl_crypto(const struct ipsec_openssl *provider);

/* Wipes and releases; all keys made with it must have been freed. NULL is allowed. */
IPSEC_API void ipsec_openssl_free(struct ipsec_openssl *provider);

/* ---- Signatures and private keys ----------------------------------------------------------- */

/* The signer's table; valid until ipsec_openssl_free. RSA (PKCS#1 v1.5 and PSS) with keys of 2048
 * to 4096 bits, ECDSA on P-256, P-384 and P-521, and Ed25519 (RFC 8420), as far as the library
 * context has them. Its keys are those of ipsec_openssl_private_key_new. May be used by several
 * threads. It goes with any verifier of certificates; that of Mbed TLS reads none with Ed25519. */
IPSEC_API const struct ipsec_signer *ipsec_openssl_signer(struct ipsec_openssl *provider);

/* Reads a private key: PEM (the first in the text) or DER, PKCS#8, PKCS#1 or SEC1. password opens
 * an encrypted PEM and may be NULL; nobody else is asked for it. octets are not kept; wipe them.
 * *out is NULL on failure: IPSEC_ERR_SYNTAX (no key, or damaged), IPSEC_ERR_ARGUMENT (password
 * missing or wrong, or a NULL), IPSEC_ERR_NOT_BUILT_IN (another kind of key or curve),
 * IPSEC_ERR_FORBIDDEN (RSA below 2048 bits or above 4096), IPSEC_ERR_MEMORY. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_openssl_private_key_new(struct ipsec_openssl *provider, struct ipsec_view octets,
                              const char *password, struct ipsec_private_key **out);

/* Wipes and releases. NULL is allowed. */
IPSEC_API void ipsec_openssl_private_key_free(struct ipsec_private_key *key);

#ifdef __cplusplus
}
#endif

#endif
