/* SPDX-License-Identifier: Apache-2.0
 *
 * The Mbed TLS provider for tests of lib/ike that need right answers: made before a group of tests,
 * freed after it.
 */
#ifndef MBED_KIT_H
#define MBED_KIT_H

#include <ipsec/crypto.h>

/* Mbed TLS, and in the second place nothing yet: a test may add a provider of its own. */
extern const struct ipsec_crypto *kit_providers[2];
extern struct ipsec_crypto_list kit_crypto;

/* For cmocka_run_group_tests. */
int kit_crypto_setup(void **state);
int kit_crypto_teardown(void **state);

#endif
