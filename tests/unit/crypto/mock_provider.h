/* SPDX-License-Identifier: Apache-2.0
 *
 * A provider with toy algorithms that fails on request: for tests of the facade. It claims what
 * `claims` lists, counts what is alive, and logs every pass, so that a test can say in which order
 * cipher and MAC ran.
 *
 * The toy cipher adds the key's first octet to each octet of data; the toy MAC is a 64-bit FNV hash
 * under the key. Neither protects anything.
 */
#ifndef MOCK_PROVIDER_H
#define MOCK_PROVIDER_H

#include <ipsec/crypto.h>

#define MOCK_NEVER   UINT32_MAX
#define MOCK_LOG_MAX 256

struct mock_claim {
    enum ipsec_transform_type type;
    uint16_t id;
};

struct mock {
    struct ipsec_crypto table;
    const struct mock_claim *claims;
    size_t claim_count;
    bool combines;

    /* failures: the n-th call (from 0) of its kind, MOCK_NEVER for none */
    uint32_t fail_key_at;
    uint32_t fail_op_at; /* that op ends IPSEC_FATAL_CRYPTO */
    uint32_t lazy_op_at; /* that op is not touched, status included */
    uint32_t fail_prf_at;
    bool random_fails;
    bool key_is_null; /* key_new says OK and gives none */
    bool ke_length_wrong;
    enum ipsec_status ke_status;

    /* what happened */
    uint32_t keys_made;
    uint32_t keys_alive;
    uint32_t kes_alive;
    uint32_t ops;
    uint32_t prfs;
    uint32_t randoms;
    uint32_t runs;
    size_t run_sizes[MOCK_LOG_MAX]; /* n of each run() */
    char log[MOCK_LOG_MAX];         /* C cipher, M MAC, A AEAD, B both; small letters: open */
};

/* All claimed, nothing fails. The claims stay the caller's. */
void mock_init(struct mock *mock, const struct mock_claim *claims, size_t claim_count);

#endif
