/* SPDX-License-Identifier: Apache-2.0
 *
 * A crypto provider for the simulator: every algorithm of the suite table, fast, deterministic from
 * its seed, without any allocation, of no strength at all. Lengths are those of the real
 * algorithms, the MAC notices every flipped bit, and the toy Diffie-Hellman really agrees.
 */
#ifndef SIM_CRYPTO_H
#define SIM_CRYPTO_H

#include <ipsec/proposal.h>

#define SIM_KEYS_MAX   512
#define SIM_KES_MAX    64
#define SIM_ABSENT_MAX 4

struct ipsec_key {
    bool used;
    bool opens;
    bool ciphers;
    bool macs;
    bool is_aead;
    uint8_t iv_octets;
    uint8_t tag_octets;
    uint64_t cipher;
    uint64_t mac;
};

struct ipsec_ke {
    bool used;
    uint16_t group;
    uint64_t exponent;
};

struct sim_crypto {
    struct ipsec_crypto table;
    const struct ipsec_crypto *items[1];
    struct ipsec_crypto_list list;
    uint64_t state; /* of the generator */

    /* What it shall do. */
    bool tags_pass; /* opening takes any tag, and nothing is ciphered: for what is inside SK */
    bool random_fails;
    unsigned prfs_left; /* prf fails once it is 0 */
    unsigned keys_left; /* key_new fails once it is 0 */
    unsigned kes_left;  /* ke_start and ke_respond fail once it is 0 */
    uint32_t absent_count;
    struct ipsec_transform absent[SIM_ABSENT_MAX]; /* not built in; key_bits 0: any */

    /* What it has seen. */
    unsigned keys_alive;
    unsigned kes_alive;
    unsigned ke_calls;
    struct ipsec_key keys[SIM_KEYS_MAX];
    struct ipsec_ke kes[SIM_KES_MAX];
};

/* *c must not be moved afterwards. */
void sim_crypto_init(struct sim_crypto *c, uint64_t seed);
/* The generator behind it and behind the network: splitmix64. */
uint64_t sim_random(uint64_t *state);

#endif
