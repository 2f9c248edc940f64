/* SPDX-License-Identifier: Apache-2.0
 *
 * A crypto provider for tests of ESP: fast, deterministic, of no strength at all. Suites have the
 * lengths of the real ones; the MAC notices every flipped bit. It can be told to fail.
 */
#ifndef TOY_CRYPTO_H
#define TOY_CRYPTO_H

#include <ipsec/crypto.h>

struct toy {
    struct ipsec_crypto table;
    const struct ipsec_crypto *items[1];
    struct ipsec_crypto_list list;

    /* What it shall do. */
    bool combines_suites; /* cipher and MAC as one key */
    bool tags_pass;       /* opening takes any tag: for fuzzing behind the ICV */
    bool random_fails;
    bool random_counts;       /* octets 0, 1, 2, ... instead of pseudorandom ones */
    unsigned keys_left;       /* key_new fails with IPSEC_ERR_MEMORY once it is 0 */
    uint64_t fails_at;        /* the op with this number (from 1) fails; 0: none */
    uint16_t absent_encr;     /* an encryption algorithm it has not */
    const uint8_t *forced_iv; /* written over the IV of each sealed packet (known answers) */
    unsigned forced_iv_length;

    /* What it has seen. */
    unsigned keys_alive;
    unsigned random_calls;
    unsigned batches;
    uint64_t ops;
    uint64_t decrypted; /* ops in which data was decrypted */
    uint64_t seed;
};

/* The list stays valid as long as *t, which must not be moved. */
void toy_init(struct toy *t);

#endif
