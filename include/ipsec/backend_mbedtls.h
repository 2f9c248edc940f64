/* SPDX-License-Identifier: Apache-2.0
 *
 * The default crypto provider: Mbed TLS 2.28 or 3.6 through its classic API.
 */
#ifndef IPSEC_BACKEND_MBEDTLS_H
#define IPSEC_BACKEND_MBEDTLS_H

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

#ifdef __cplusplus
}
#endif

#endif
