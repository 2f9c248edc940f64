/* SPDX-License-Identifier: Apache-2.0
 *
 * How the ends of an IKE SA prove who they are: shared key, signature with certificate, or nobody
 * in particular (RFC 7296 2.15, RFC 7427, RFC 7619). Called by the IKE_AUTH handlers; the method of
 * each end is its peer's configuration, and the two may differ.
 */
#ifndef IPSECI_AUTH_METHOD_H
#define IPSECI_AUTH_METHOD_H

#include "ike_auth.h"
#include "step.h"

/* One proof: whose, and between whom. */
struct ipseci_proof {
    const struct ipsec_peer *peer; /* NULL: nobody we know, whose proof is only checked */
    bool ours;
    bool eap; /* with the key EAP made, whatever the configured method (RFC 7296 2.16) */
    struct ipsec_view id_body;        /* the prover's ID payload, RESERVED as received */
    const struct ipsec_id *remote_id; /* what the peer is called: claimed, or expected of it */
};

/* What came of a check. */
struct ipseci_verdict {
    bool good;
    enum ipsec_status status;             /* why it could not be checked; IPSEC_OK: it could */
    enum ipsec_cert_problem cert_problem; /* SIGNATURE */
    uint8_t method;                       /* of the peer's AUTH payload; 0: none */
};

/* True when a fact is missing that the proof takes; the step then names it. */
bool ipseci_auth_lacks(const struct ipseci_context *ctx, struct ipseci_step *step,
                       const struct ipseci_proof *proof);
/* AUTH of our own; its facts are there. What failed: IPSEC_ERR_NOT_FOUND (no secret),
 * IPSEC_ERR_NOT_BUILT_IN (no signature both ends can use), or what the signer said. */
enum ipsec_status ipseci_auth_add(const struct ipseci_context *ctx, struct ipseci_step *step,
                                  const struct ipseci_proof *proof);
/* Checks the peer's AUTH payload; its facts are there. */
void ipseci_auth_check(const struct ipseci_context *ctx, const struct ipseci_proof *proof,
                       struct ipseci_verdict *verdict);

/* prf(SK_p, ID body) and the rest of what an end signs. */
struct ipseci_auth_octets ipseci_auth_octets(const struct ipseci_context *ctx,
                                             const struct ipseci_proof *proof);

/* auth_signature.c: the same for signatures, and the payloads around them; or signatures_none.c. */
bool ipseci_signature_lacks(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_proof *proof);
enum ipsec_status ipseci_signature_add(const struct ipseci_context *ctx, struct ipseci_step *step);
void ipseci_signature_check(const struct ipseci_context *ctx, const struct ipseci_proof *proof,
                            struct ipseci_verdict *verdict);
/* CERT payloads of our chain (RFC 7296 3.6: the first is the one that AUTH is made with). */
void ipseci_certificates_add(struct ipseci_step *step, const struct ipsec_peer *peer);
/* CERTREQ: the authorities we would take the peer's certificate from. */
void ipseci_authorities_add(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipsec_peer *peer);
/* SIGNATURE_HASH_ALGORITHMS (RFC 7427 4): what our signer can check. */
void ipseci_hashes_add(const struct ipseci_context *ctx, struct ipseci_step *step);
uint8_t ipseci_hashes_read(const struct ipseci_payloads *payloads);

#endif
