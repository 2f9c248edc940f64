/* SPDX-License-Identifier: Apache-2.0
 *
 * A crypto provider of Intel's multi-buffer library (libIPSec_MB, 1.3 or later), for x86-64 with
 * AES-NI. It does packets only: ciphers, AEADs and their MACs. Key derivation, key exchange, random
 * octets and signatures come from another provider, which stands behind it in the list:
 *
 *   const struct ipsec_crypto *items[] = {ipsec_mb_crypto(mb), ipsec_openssl_crypto(openssl)};
 *
 * What it is given at once is what makes it fast: packets of different SAs in one burst are
 * encrypted and authenticated side by side, in the lanes of one instruction.
 */
#ifndef IPSEC_BACKEND_IPSEC_MB_H
#define IPSEC_BACKEND_IPSEC_MB_H

#include <ipsec/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_mb;

/* The instructions to be used. */
enum ipsec_mb_level {
    IPSEC_MB_BEST = 0, /* of those the processor has */
    IPSEC_MB_SSE,
    IPSEC_MB_AVX2,
    IPSEC_MB_AVX512
};

struct ipsec_mb_config {
    uint32_t size;
    uint8_t level; /* enum ipsec_mb_level; for tests and comparisons */
};
#define IPSEC_MB_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_mb_config)

/* Octets of a block for a context. IPSEC_ERR_ARGUMENT (bytes is NULL). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_mb_size(size_t *bytes);

/* Makes a provider context in the caller's block, of any alignment; config may be NULL. The library
 * tests itself (some milliseconds). Packets take no memory; each key, which ipsec_sa_init and its
 * like make, takes its own from the C library.
 *
 * Threads: a context is for one thread at a time, with all its keys: packets of different keys
 * share the lanes. A gateway instance on a thread of its own has a context of its own.
 *
 * IPSEC_ERR_ARGUMENT (a NULL, no such level), IPSEC_ERR_BUFFER (block too small),
 * IPSEC_ERR_STRUCT_SIZE, IPSEC_ERR_NOT_BUILT_IN (the processor has no AES-NI, or not what the level
 * needs: go on without this provider), IPSEC_FATAL_CRYPTO (the library's own test failed). *out is
 * NULL on failure. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_mb_init(void *block, size_t block_bytes,
                                                           const struct ipsec_mb_config *config,
                                                           struct ipsec_mb **out);

/* The provider's table; valid until ipsec_mb_deinit. */
IPSEC_API const struct ipsec_crypto *ipsec_mb_crypto(const struct ipsec_mb *provider);

/* Wipes; all keys made with it must have been freed. The block is the caller's again. NULL is
 * allowed. */
IPSEC_API void ipsec_mb_deinit(struct ipsec_mb *provider);

#ifdef __cplusplus
}
#endif

#endif
