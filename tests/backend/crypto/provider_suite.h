/* SPDX-License-Identifier: Apache-2.0
 *
 * The conformance suite of crypto providers: every provider runs all of it. What a provider does
 * not claim is skipped; what it claims has to be right. Reads published vectors from VECTORS_DIR.
 */
#ifndef PROVIDER_SUITE_H
#define PROVIDER_SUITE_H

#include "facade.h"

#include <ipsec/auth.h>

/* Runs the whole suite; the number of failed tests. */
int provider_suite_run(const struct ipsec_crypto *provider);

/* Its parts. */
int provider_vectors_run(const struct ipsec_crypto *provider);
int provider_modes_run(const struct ipsec_crypto *provider);
int provider_packets_run(const struct ipsec_crypto *provider);
int provider_prf_run(const struct ipsec_crypto *provider);
int provider_ke_run(const struct ipsec_crypto *provider);

/* Not of the suite, since it stands in front of the allocator of the whole program. */
int provider_alloc_run(const struct ipsec_crypto *provider);

/* A key pair to sign with. */
struct sign_key {
    struct ipsec_private_key *key;
    struct ipsec_view public_key; /* SubjectPublicKeyInfo */
    struct ipsec_key_info info;
};
/* The suite of signers, with keys of different kinds and sizes. */
int provider_sign_run(const struct ipsec_signer *signer, const struct sign_key *keys, size_t count);

#endif
