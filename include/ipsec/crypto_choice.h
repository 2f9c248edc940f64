/* SPDX-License-Identifier: Apache-2.0
 *
 * Which of several crypto providers does which algorithm. A plain list (crypto.h) leaves it to the
 * order of the providers; a choice is made for each algorithm by itself, by hand or by measuring,
 * and is then given to objects as a list like any other:
 *
 *   ipsec_crypto_choice_init(block, bytes, &providers, &choice);
 *   ipsec_crypto_choice_measure(choice, &measure);              // the fastest that is present
 *   ipsec_crypto_choice_set(choice, IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256, 0, 1);  // the chip's
 *   config.crypto = *ipsec_crypto_choice_list(choice);
 *
 * What a measurement finds depends on the machine and the moment. Who wants every start to be the
 * same measures once, reads the result with ipsec_crypto_choice_get, and sets it from then on.
 */
#ifndef IPSEC_CRYPTO_CHOICE_H
#define IPSEC_CRYPTO_CHOICE_H

#include <ipsec/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque. */
struct ipsec_crypto_choice;

/* Octets of a block for these providers, 1 to IPSEC_CRYPTO_CHOICE_MAX of them. IPSEC_ERR_ARGUMENT.
 */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_crypto_choice_size(const struct ipsec_crypto_list *providers, size_t *bytes);

#define IPSEC_CRYPTO_CHOICE_MAX 16

/* Makes a choice in the caller's block, which is aligned for any type: at first by order, as in the
 * plain list. The providers' tables must outlive it, and it the objects that are given its list;
 * there is nothing to release. IPSEC_ERR_ARGUMENT, IPSEC_ERR_BUFFER (block too small). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_crypto_choice_init(void *block, size_t block_bytes, const struct ipsec_crypto_list *providers,
                         struct ipsec_crypto_choice **choice);

/* What objects are given. Valid as long as the block. Its tables answer `supports` alone: who calls
 * a provider himself takes it from ipsec_crypto_choice_get. */
IPSEC_API const struct ipsec_crypto_list *
ipsec_crypto_choice_list(const struct ipsec_crypto_choice *choice);

/* Gives an algorithm to a provider, by its place in the list from 0. Keys and key exchanges that
 * are there stay with the provider that made them. Not while another thread uses the list.
 * IPSEC_ERR_NOT_BUILT_IN: that provider does not have it; IPSEC_ERR_ARGUMENT: no such place. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_crypto_choice_set(struct ipsec_crypto_choice *choice, enum ipsec_transform_type type,
                        uint16_t id, uint16_t key_bits, size_t place);

/* The provider that does an algorithm, as it was given; NULL: none. */
IPSEC_API const struct ipsec_crypto *
ipsec_crypto_choice_get(const struct ipsec_crypto_choice *choice, enum ipsec_transform_type type,
                        uint16_t id, uint16_t key_bits);

struct ipsec_crypto_measure {
    uint32_t size;
    /* A clock that never goes back, in any unit that is fine enough for a packet's crypto or for
     * some hundred of them: nanoseconds, cycles. */
    uint64_t (*clock)(void *user);
    void *user;
    /* Ticks of that clock for each turn, of which a provider has three for each of its algorithms;
     * a turn that begins is ended, so a key exchange may take longer. 0: an operation a turn. */
    uint64_t turn;
};
#define IPSEC_CRYPTO_MEASURE_INIT IPSEC_STRUCT_INIT(struct ipsec_crypto_measure)

/* Gives each algorithm to the provider that is fastest at it, on bursts of small packets that are
 * sealed, on PRFs over 256 octets, on whole key exchanges. A provider must be faster by a sixteenth
 * to displace one before it in the list, so that chance decides nothing; one that fails is not
 * chosen when another does not. Random octets and SHA-1 stay with the first provider that has them,
 * ENCR_NULL, which is no work, where it was. A cipher and a MAC of different providers are two
 * passes over a packet. Draws random octets. Takes a second or so on a host with a turn of a
 * millisecond. IPSEC_ERR_ARGUMENT (no clock), IPSEC_ERR_STRUCT_SIZE. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_crypto_choice_measure(struct ipsec_crypto_choice *choice,
                            const struct ipsec_crypto_measure *measure);

#ifdef __cplusplus
}
#endif

#endif
