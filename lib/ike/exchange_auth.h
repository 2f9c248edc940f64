/* SPDX-License-Identifier: Apache-2.0
 *
 * What the rounds of IKE_AUTH have in common: the usual one (exchange_auth.c) and those of EAP
 * (exchange_eap.c).
 */
#ifndef IPSECI_EXCHANGE_AUTH_H
#define IPSECI_EXCHANGE_AUTH_H

#include "auth_method.h"

/* Our proof towards a peer, with what it stands on. */
struct ipseci_own_proof {
    struct ipsec_id id;
    struct ipseci_proof proof;
    uint8_t body[IPSECI_ID_BODY_MAX];
};

/* RFC 5998: the rounds of EAP are the proof of both ends. On one side only, they prove nothing
 * about the other. */
static inline bool ipseci_eap_alone(const struct ipsec_peer *peer)
{
    return peer->local_auth == IPSEC_AUTH_EAP && peer->remote_auth == IPSEC_AUTH_EAP;
}

void ipseci_own_proof(const struct ipseci_context *ctx, const struct ipsec_peer *peer,
                      const struct ipsec_id *remote, struct ipseci_own_proof *out);
void ipseci_add_id(struct ipseci_step *step, uint8_t payload, const struct ipsec_id *id);
/* We can not prove who we are: nothing is sent. */
enum ipsec_status ipseci_no_proof(const struct ipseci_context *ctx, struct ipseci_step *step,
                                  enum ipsec_status status);
/* The peer's proof is not good: the failure, for closing. */
void ipseci_auth_failed_here(const struct ipseci_context *ctx, struct ipseci_step *step,
                             enum ipsec_cause cause, const struct ipsec_id *their_id);
void ipseci_auth_add_verdict(struct ipsec_failure *f, const struct ipsec_peer *peer,
                             const struct ipseci_verdict *verdict);
/* Initiator: the peer refused us, or its answer is none. */
void ipseci_auth_refused(const struct ipseci_context *ctx, struct ipseci_step *step);
/* Responder: this notify, and the end. */
void ipseci_auth_refuse(const struct ipseci_context *ctx, struct ipseci_step *step, uint16_t notify,
                        struct ipsec_view data);
/* The identity the initiator expects, or the responder has configured. */
bool ipseci_identity_expected(const struct ipsec_peer *peer, const struct ipsec_id *remote);

/* Initiator: IDr is there; is the responder who it should be? False: the step says what is missing
 * or wrong. With EAP alone the proof is still to come. */
bool ipseci_auth_responder_good(const struct ipseci_context *ctx, struct ipseci_step *step,
                                struct ipsec_id *remote);
/* Responder: starts the answer to a peer that is accepted so far: IDr, CERT, AUTH (none with EAP
 * alone). False: the step says what is missing or wrong; *status: what failed here. */
bool ipseci_auth_open_reply(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipsec_id *remote, enum ipsec_status *status);

/* exchange_eap.c. Initiator: the first answer, and what follows. */
enum ipsec_status ipseci_eap_start(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_eap_response(const struct ipseci_context *ctx, struct ipseci_step *step);
/* Responder: the request without AUTH that asks for EAP. The requests after it go to
 * ipseci_eap_request (step.h). */
enum ipsec_status ipseci_eap_begin(const struct ipseci_context *ctx, struct ipseci_step *step,
                                   const struct ipsec_id *remote);

#endif
