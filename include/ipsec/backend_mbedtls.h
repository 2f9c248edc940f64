/* SPDX-License-Identifier: Apache-2.0
 *
 * The default crypto provider: Mbed TLS 2.28 or 3.6 through its classic API. Its crypto is
 * all that a gateway with shared secrets links; keys, certificates and trust stores come with the
 * first of their functions that a program calls.
 */
#ifndef IPSEC_BACKEND_MBEDTLS_H
#define IPSEC_BACKEND_MBEDTLS_H

#include <ipsec/auth.h>
#include <ipsec/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_mbedtls;

/* A source of seed entropy: fills out or returns false. */
typedef bool (*ipsec_mbedtls_entropy)(void *user, uint8_t *out, size_t length);

struct ipsec_mbedtls_config {
    uint32_t size;
    ipsec_mbedtls_entropy entropy; /* NULL: Mbed TLS's own entropy sources */
    void *entropy_user;
};
#define IPSEC_MBEDTLS_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_mbedtls_config)

/* Makes a provider context and seeds its generator. Memory comes from Mbed TLS's allocator
 * (mbedtls_calloc), as does that of keys. config may be NULL. Where Mbed TLS is built with
 * MBEDTLS_THREADING_C (Debian does) random and ke_* may run on several threads at once; otherwise
 * one context serves one thread at a time. A process that forks makes a new context in the child.
 * IPSEC_ERR_MEMORY, IPSEC_ERR_RANDOM (no entropy), IPSEC_ERR_STRUCT_SIZE. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_mbedtls_new(const struct ipsec_mbedtls_config *config, struct ipsec_mbedtls **out);

/* The provider's table; valid until ipsec_mbedtls_free. */
IPSEC_API const struct ipsec_crypto *ipsec_mbedtls_crypto(const struct ipsec_mbedtls *provider);

/* Wipes and releases; all keys made with it must have been freed. NULL is allowed. */
IPSEC_API void ipsec_mbedtls_free(struct ipsec_mbedtls *provider);

/* ---- Signatures and private keys ----------------------------------------------------------- */

/* What was wrong with an input, for the person who wrote it. */
struct ipsec_mbedtls_fault {
    const char *text; /* constant, in English: "the password does not open the private key" */
    uint32_t item;    /* from 1: which of several PEM blocks; 0: the input as a whole */
    int32_t error;    /* Mbed TLS's own number, for mbedtls_strerror; 0: none */
};

/* The signer's table; valid until ipsec_mbedtls_free. RSA (PKCS#1 v1.5 and PSS) with keys of 2048
 * to 4096 bits and ECDSA on P-256, P-384 and P-521, as far as Mbed TLS has them; never Ed25519.
 * Its keys are those of ipsec_mbedtls_private_key_new. NULL: this Mbed TLS reads no keys. Signing
 * draws random octets from the provider and follows its thread rule; checking does not. */
IPSEC_API const struct ipsec_signer *ipsec_mbedtls_signer(struct ipsec_mbedtls *provider);

/* Reads a private key: PEM (the first in the text) or DER, PKCS#8, PKCS#1 or SEC1. password opens
 * an encrypted one and may be NULL. octets are not kept; wipe them. *out is NULL on failure, and
 * fault, which may be NULL, says why:
 * IPSEC_ERR_SYNTAX (no key, or damaged), IPSEC_ERR_ARGUMENT (password missing or wrong, or a NULL),
 * IPSEC_ERR_NOT_BUILT_IN (another kind of key, curve or encryption), IPSEC_ERR_FORBIDDEN (RSA below
 * 2048 bits or above 4096), IPSEC_ERR_MEMORY. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_mbedtls_private_key_new(struct ipsec_mbedtls *provider, struct ipsec_view octets,
                              const char *password, struct ipsec_mbedtls_fault *fault,
                              struct ipsec_private_key **out);

/* Wipes and releases. NULL is allowed. */
IPSEC_API void ipsec_mbedtls_private_key_free(struct ipsec_private_key *key);

#ifdef __cplusplus
}
#endif

#endif
