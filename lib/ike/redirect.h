/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirect (RFC 5685): what the engine's files call of exchange_redirect.c (handlers) and
 * redirect.c (state), or of redirect_none.c, where nothing is said, and nothing followed. Who can
 * be sent is the end that began the first IKE SA of a line of rekeyed ones, as in mobility.h.
 */
#ifndef IPSECI_REDIRECT_H
#define IPSECI_REDIRECT_H

#include "engine.h"

/* ipseci_step.redirect: what commit is to do. */
enum ipseci_redirecting {
    IPSECI_REDIRECT_OFFERED = 1 << 0,   /* we have said that we take redirects */
    IPSECI_REDIRECT_SUPPORTED = 1 << 1, /* and this the peer; redirected_from */
    IPSECI_REDIRECT_FOLLOW = 1 << 2,    /* gateway is called */
    IPSECI_REDIRECT_SEND = 1 << 3,      /* the peer is told to call gateway */
    IPSECI_REDIRECT_TOLD = 1 << 4       /* and has answered */
};

/* exchange_redirect.c */

/* Our IKE_SA_INIT: a name has no address, yet, or the step says that it will not have one. */
bool ipseci_redirect_lacks_address(const struct ipseci_context *ctx, struct ipseci_step *step);
void ipseci_redirect_offer(const struct ipseci_context *ctx, struct ipseci_step *step);
/* An answer to it without SA payload; false: there is no redirect in it. */
bool ipseci_redirect_init(const struct ipseci_context *ctx, struct ipseci_step *step);
/* The peer has proven who it is; false: nothing to follow in its answer. ending: how the IKE SA is
 * given up, DELETE or CLOSE. */
bool ipseci_redirect_auth(const struct ipseci_context *ctx, struct ipseci_step *step,
                          enum ipseci_action ending);
/* A notify of an INFORMATIONAL request. */
bool ipseci_redirect_notice(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_notify *notify);
/* The peer's IKE_SA_INIT. */
void ipseci_redirect_take(const struct ipseci_context *ctx, struct ipseci_step *step);
/* Its IKE_AUTH: true when it is not known, yet, whether it is sent away. */
bool ipseci_redirect_asks(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipsec_id *remote);
/* The answer to it, which ends with AUTH; true: it is complete with a redirect. */
bool ipseci_redirect_away(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_redirect_start(const struct ipseci_context *ctx, struct ipseci_step *step);

/* redirect.c */

/* An IKE_SA_INIT request behind the gate; true: it was answered with a redirect. */
bool ipseci_redirect_first(struct ipsec_ike *ike, const struct ipseci_message *in);
enum ipsec_status ipseci_ask_address(struct ipsec_ike *ike, struct ipseci_handshake *hs);
void ipseci_fact_resolved(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                          enum ipsec_status status, const struct ipsec_addr *addr);
enum ipsec_status ipseci_ask_redirect(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                      const struct ipseci_need *need);
/* The caller has not told the address in time. */
void ipseci_redirect_unresolved(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
void ipseci_redirect_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                            struct ipseci_handshake *hs, const struct ipseci_step *step);
/* The peer of an idle SA is to be told; the wish is taken back, */
bool ipseci_redirect_wanted(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
/* or is there again, as it could not be sent. */
void ipseci_redirect_unsent(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
/* Nothing is left to be done over sa: what it is called in the place of is given up. */
void ipseci_redirect_settle(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
/* new_sa takes the place of old, by a rekey. */
void ipseci_redirect_inherit(struct ipsec_ike *ike, const struct ipseci_ike_sa *old,
                             const struct ipseci_ike_sa *new_sa);
void ipseci_redirects_forget(struct ipsec_ike *ike, const struct ipsec_peer *peer);
/* What is remembered of this peer; NULL: nothing. */
struct ipseci_redirect *ipseci_redirect_of(const struct ipsec_ike *ike,
                                           const struct ipsec_peer *peer);
/* Whether another gateway can be called in the place of one of this peer's, beside it. */
bool ipseci_redirect_has_room(const struct ipsec_ike *ike, const struct ipsec_peer *peer);
/* Where the peer of sa is to be sent; NULL: nowhere. */
struct ipseci_redirect *ipseci_redirect_wish(const struct ipsec_ike *ike,
                                             const struct ipseci_ike_sa *sa);
/* An address of ours of that family to call from; false: there is none. */
bool ipseci_redirect_local(const struct ipseci_ike_sa *sa, uint8_t family, struct ipsec_addr *out);
/* Whether the initiator of this IKE_SA_INIT takes redirects, and who has sent it (NONE: nobody). */
bool ipseci_redirect_supported(const struct ipseci_payloads *payloads, struct ipsec_addr *from);

#endif
