/* SPDX-License-Identifier: Apache-2.0
 *
 * Proposals: what an end offers or accepts, as the ecosystem writes them:
 *
 *   IKE   aes256-sha256-modp2048, aes256gcm16-prfsha256-ecp256
 *   IKE   chacha20poly1305-prfsha256-curve25519
 *   ESP   aes256-sha256, aes256-sha256-modp2048 (a group means PFS on rekey), aes256gcm16-esn
 *
 * A proposal may name several algorithms of one type; several proposals are separated by commas, in
 * order of preference.
 */
#ifndef IPSEC_PROPOSAL_H
#define IPSEC_PROPOSAL_H

#include <ipsec/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ipsec_protocol { IPSEC_PROTOCOL_IKE = 1, IPSEC_PROTOCOL_AH = 2, IPSEC_PROTOCOL_ESP = 3 };

#define IPSEC_PROPOSALS_MAX           8  /* proposals in one configured list */
#define IPSEC_PROPOSAL_TRANSFORMS_MAX 20 /* transforms in one configured proposal */

struct ipsec_transform {
    uint8_t type; /* enum ipsec_transform_type */
    uint16_t id;
    uint16_t key_bits; /* 0: no Key Length attribute */
};

struct ipsec_proposal {
    uint8_t protocol; /* enum ipsec_protocol */
    uint8_t transform_count;
    struct ipsec_transform transform[IPSEC_PROPOSAL_TRANSFORMS_MAX];
};

struct ipsec_proposals {
    uint32_t count;
    struct ipsec_proposal item[IPSEC_PROPOSALS_MAX];
};

/* The outcome of a negotiation: one transform of each type. Fields that are not used are 0. */
struct ipsec_suite {
    uint8_t protocol;
    uint16_t encr;
    uint16_t encr_key_bits;
    uint16_t integ;
    uint16_t prf;
    uint16_t ke;
    uint16_t esn;
};

/* Where and why a text could not be read. */
struct ipsec_proposal_error {
    size_t offset;      /* in the text */
    size_t length;      /* of the word that is wrong */
    const char *reason; /* constant text, e.g. "unknown algorithm", "no Diffie-Hellman group" */
};

/* Reads a comma-separated list. Keywords are strongSwan's; IANA names (ENCR_AES_CBC_256,
 * AUTH_HMAC_SHA2_256_128 ...) are accepted too, in any case. For IKE a missing PRF is derived from
 * the integrity algorithm; a group is required. AEAD and non-AEAD ciphers may not share a proposal
 * (RFC 5282 8). ESP without ESN keyword means "no ESN"; "esn-noesn" offers both.
 * IPSEC_ERR_SYNTAX with *error filled (error may be NULL); IPSEC_ERR_FULL: more than fits.
 * NULL ciphers and groups 24 and below 14 are taken only because the text names them. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_proposals_parse(const char *text, enum ipsec_protocol protocol, struct ipsec_proposals *out,
                      struct ipsec_proposal_error *error);

/* The library's default lists: strong algorithms only; never NULL, SHA-1 or group 24. */
IPSEC_API void ipsec_proposals_default(enum ipsec_protocol protocol, struct ipsec_proposals *out);

/* Removes what no provider has (so that nothing is offered that could not be done) and says how
 * many transforms went; a proposal that lost all of a required type goes whole. */
IPSEC_API size_t ipsec_proposals_restrict(struct ipsec_proposals *list,
                                          const struct ipsec_crypto_list *crypto);

#define IPSEC_PROPOSAL_TEXT_MAX 320
/* In keywords, e.g. "aes256-sha256-modp2048"; cut with "..." when the room is too small. */
IPSEC_API void ipsec_proposal_text(const struct ipsec_proposal *proposal, char *text,
                                   size_t capacity);
IPSEC_API void ipsec_proposals_text(const struct ipsec_proposals *list, char *text,
                                    size_t capacity);
IPSEC_API void ipsec_suite_text(const struct ipsec_suite *suite, char *text, size_t capacity);

/* "AES-CBC-256", "HMAC-SHA2-256-128", "MODP-2048 (group 14)"; unknown: "ENCR 99". */
#define IPSEC_TRANSFORM_TEXT_MAX 40
IPSEC_API void ipsec_transform_text(const struct ipsec_transform *transform, char *text,
                                    size_t capacity);
/* "encryption", "integrity", "PRF", "Diffie-Hellman group", "extended sequence numbers". */
IPSEC_API const char *ipsec_transform_type_text(uint8_t type);

#ifdef __cplusplus
}
#endif

#endif
