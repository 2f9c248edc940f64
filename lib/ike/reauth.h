/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE SAs with the same two identities: one that takes the place of another because it is time to
 * prove again who one is (reauthentication, RFC 7296 2.8.3, RFC 4478), and duplicates, of which one
 * has to go. The one that leaves is the "elder" of the one that stays, its "heir", until its
 * children are on the heir, and it is deleted.
 *
 * reauth.c (times, and the new IKE SA) and heir.c (who leaves, and its children), or reauth_none.c.
 */
#ifndef IPSECI_REAUTH_H
#define IPSECI_REAUTH_H

#include "engine.h"

/* reauth.c */

/* RFC 4478 3: how long this authentication holds, in the answer to IKE_AUTH. */
void ipseci_reauth_announce(const struct ipseci_context *ctx, struct ipseci_step *step);
/* The same of the peer. */
void ipseci_reauth_take(const struct ipseci_context *ctx, struct ipseci_step *step);
/* In a request; true: it leaves the answer to others. */
bool ipseci_reauth_notice(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipseci_notify *notify);
/* The IKE SA is up: from now on its time runs. */
void ipseci_reauth_established(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                               const struct ipseci_step *step);
/* The peer has said another time. */
void ipseci_reauth_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                          const struct ipseci_step *step);
/* A rekey changes keys, and nothing of who has proven what: made has the time that old has left. */
void ipseci_reauth_inherit(const struct ipseci_ike_sa *old, struct ipseci_ike_sa *made);
/* Its time is near. IPSEC_OK: the new IKE SA is on its way, or not ours to begin. */
enum ipsec_status ipseci_reauth_begin(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
/* The timer has come: as above, with what follows when it can not be. */
void ipseci_reauth_due(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
/* Could not be authenticated anew, or not with all children: later again. */
void ipseci_reauth_failed(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);

/* heir.c */

/* Up, between the same two identities. */
bool ipseci_same_ends(const struct ipseci_ike_sa *sa, const struct ipsec_peer *peer,
                      const struct ipsec_id *remote_id);
/* The IKE SA that is to take this one's place; NULL: none. */
struct ipseci_ike_sa *ipseci_heir(const struct ipsec_ike *ike, const struct ipseci_ike_sa *elder);
/* It has come up. When it is the peer's: what we begin in another's place crosses it. */
void ipseci_heir_crosses(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
/* Asks for the elder's children on the heir. IPSEC_ERR_FULL: not for all. */
enum ipsec_status ipseci_heir_wants(struct ipsec_ike *ike, const struct ipseci_ike_sa *elder,
                                    struct ipseci_ike_sa *heir,
                                    const struct ipsec_child_config *first);
/* What came of it: the elder is deleted when nothing is left on it alone. */
void ipseci_heir_settle(struct ipsec_ike *ike, struct ipseci_ike_sa *heir);
/* Both ends have it now; called again while `crossed`. */
void ipseci_heir_heard(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
/* new_sa is old, rekeyed. */
void ipseci_heir_rekeyed(struct ipsec_ike *ike, struct ipseci_ike_sa *old,
                         struct ipseci_ike_sa *new_sa);
/* The IKE SA is no more: if it was to be an heir, its elder goes on. */
void ipseci_heir_closing(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_reason reason);
/* Its children are about to go: others over other IKE SAs take over, and what was under way to
 * those of a replaced IKE SA still arrives. */
void ipseci_heir_outlive(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         enum ipsec_reason reason);
/* Nobody wants this IKE SA any more, nor one that is being made in its place. */
void ipseci_heir_cancel(struct ipsec_ike *ike, const struct ipseci_ike_sa *elder);
/* The child that does over another IKE SA what this new one is for: it goes on until the peer is
 * known to have the new one. */
void ipseci_heir_child(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                       struct ipseci_step *step);
/* The one over another IKE SA that took over from this one; NULL: none. */
struct ipseci_child *ipseci_child_heir(const struct ipsec_ike *ike,
                                       const struct ipseci_child *child);

#endif
