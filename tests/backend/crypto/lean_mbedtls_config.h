/* SPDX-License-Identifier: Apache-2.0
 *
 * An Mbed TLS configuration with next to nothing in it, as a device's may be. The provider is built
 * a second time under it, for test_mbed_lean.c.
 */
#ifndef LEAN_MBEDTLS_CONFIG_H
#define LEAN_MBEDTLS_CONFIG_H

#define MBEDTLS_AES_C
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_CIPHER_MODE_CBC
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_PLATFORM_C
/* The library that is linked has it, and in 3.6 a SHA-256 context is larger then. */
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C

#endif
