/* SPDX-License-Identifier: Apache-2.0
 *
 * What IKE_AUTH and CREATE_CHILD_SA have in common about Child SAs: offering, choosing, answering
 * and taking an answer (RFC 7296 2.7, 2.9, 2.17). Called by the handlers; changes nothing but the
 * step.
 */
#ifndef IPSECI_CHILD_OFFER_H
#define IPSECI_CHILD_OFFER_H

#include "choice.h"
#include "step.h"

/* What an exchange settles on for a child. */
struct ipseci_child_terms {
    const struct ipsec_child_config *config;
    struct ipseci_choice choice;
    struct ipsec_selectors local_ts;
    struct ipsec_selectors remote_ts;
    bool narrowed;
};

/* Our list for a child: the configured or default one, without what is not built in. */
void ipseci_child_proposals(const struct ipsec_ike *ike, const struct ipsec_child_config *config,
                            bool without_ke, struct ipsec_proposals *out);

/* Payloads SA and TSi, TSr of a request. */
void ipseci_child_add_sa(const struct ipseci_context *ctx, struct ipseci_step *step,
                         const struct ipsec_proposals *offered);
void ipseci_child_add_ts(struct ipseci_step *step, const struct ipsec_selectors *initiator,
                         const struct ipsec_selectors *responder);
/* TSi and TSr of our request, the selectors of the packet that caused it in front. */
void ipseci_child_offer_ts(const struct ipseci_context *ctx, struct ipseci_step *step);

/* What a request allows. */
struct ipseci_child_request_terms {
    const struct ipsec_child_config *only; /* rekey: the old child's; NULL: any of the peer's */
    uint16_t ke_offered;                   /* group of its KE payload; 0: none */
    uint32_t flags;                        /* enum ipseci_choice_flags */
};

/* Responder: settles on terms with one of the peer's children (or `only`, for a rekey). Gives 0, or
 * the error notify to answer with; the step's failure is filled then. */
uint16_t ipseci_child_choose(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipseci_child_request_terms *asked,
                             struct ipseci_child_terms *terms);
/* SA, TSi and TSr of the answer, and the child to install. seed: nonces and secret of this
 * exchange. */
enum ipsec_status ipseci_child_settle(const struct ipseci_context *ctx, struct ipseci_step *step,
                                      const struct ipseci_child_terms *terms,
                                      const struct ipseci_key_seed *seed);
void ipseci_child_add_answer(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipseci_child_terms *terms);

/* Initiator: reads the answer. Gives 0, or why it can not be taken: the step's failure is filled.
 */
bool ipseci_child_read_answer(const struct ipseci_context *ctx, struct ipseci_step *step,
                              const struct ipsec_proposals *offered, uint32_t flags,
                              struct ipseci_child_terms *terms);
/* The peer refused the child: the failure for this notify. */
void ipseci_child_refused(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipseci_notify *notify, uint32_t flags);
/* The sink or a table refused to install it. */
void ipseci_child_not_installed(const struct ipseci_context *ctx, struct ipseci_step *step);

/* The lower of an exchange's two nonces, cut to the octets kept for comparing
 * (RFC 7296 2.8.1). */
void ipseci_lower_nonce(const struct ipseci_key_seed *seed, uint8_t out[IPSECI_LOW_NONCE_BYTES]);

enum ipsec_phase ipseci_child_phase(const struct ipseci_context *ctx);

/* IKE_AUTH's share. */
void ipseci_child_offer_auth(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_child_answer_auth(const struct ipseci_context *ctx,
                                           struct ipseci_step *step);
enum ipsec_status ipseci_child_take_auth(const struct ipseci_context *ctx,
                                         struct ipseci_step *step);

#endif
