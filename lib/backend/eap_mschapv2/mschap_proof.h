/* SPDX-License-Identifier: Apache-2.0
 *
 * What MS-CHAPv2 computes: hashes of the password, the proofs of both ends (RFC 2759 8) and the key
 * (RFC 3079 3). Called by the two roles.
 */
#ifndef IPSECI_MSCHAP_PROOF_H
#define IPSECI_MSCHAP_PROOF_H

#include <ipsec/types.h>

#define IPSECI_MSCHAP_CHALLENGE_BYTES 16
#define IPSECI_MSCHAP_HASH_BYTES      16 /* MD4 */
#define IPSECI_MSCHAP_NT_BYTES        24 /* NtResponse */
#define IPSECI_MSCHAP_ANSWER_BYTES    20 /* AuthenticatorResponse, without its letters */
#define IPSECI_MSCHAP_KEY_BYTES       32 /* the part of the MSK that is not zero */

/* Who proves what on which challenges. */
struct ipseci_mschap_facts {
    uint8_t hash[IPSECI_MSCHAP_HASH_BYTES]; /* of the password; secret */
    struct ipsec_view name;                 /* with its domain, if it has one */
    const uint8_t *server_challenge;
    const uint8_t *client_challenge;
};

/* NtPasswordHash of a password in UTF-8. False: not UTF-8, empty, with a NUL, or too long. */
bool ipseci_mschap_hash(struct ipsec_view password, uint8_t hash[IPSECI_MSCHAP_HASH_BYTES]);

/* ChallengeHash (RFC 2759 8.2), the name without its domain. */
void ipseci_mschap_challenge(const struct ipseci_mschap_facts *facts, uint8_t out[8]);
/* The client's proof, GenerateNTResponse (RFC 2759 8.1). */
void ipseci_mschap_nt_response(const struct ipseci_mschap_facts *facts,
                               uint8_t out[IPSECI_MSCHAP_NT_BYTES]);
/* The server's, GenerateAuthenticatorResponse (8.7), as octets and not yet as text. */
void ipseci_mschap_answer(const struct ipseci_mschap_facts *facts,
                          const uint8_t nt_response[IPSECI_MSCHAP_NT_BYTES],
                          uint8_t out[IPSECI_MSCHAP_ANSWER_BYTES]);
/* The server's receive key, then its send key (RFC 3079 3): what the MSK begins with. */
void ipseci_mschap_key(const uint8_t hash[IPSECI_MSCHAP_HASH_BYTES],
                       const uint8_t nt_response[IPSECI_MSCHAP_NT_BYTES],
                       uint8_t out[IPSECI_MSCHAP_KEY_BYTES]);

/* Time depends on length only. */
bool ipseci_mschap_equal(const uint8_t *a, const uint8_t *b, size_t length);
/* Zeros that the compiler may not leave out. */
void ipseci_mschap_wipe(void *data, size_t length);

#endif
