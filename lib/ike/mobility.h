/* SPDX-License-Identifier: Apache-2.0
 *
 * MOBIKE (RFC 4555): what the engine's files call of mobility.c (pure), exchange_mobility.c
 * (handlers) and commit_mobility.c (state). "First" is the end that began the first IKE SA of a
 * line of rekeyed ones (RFC 4555 1.3: the "initiator", whoever rekeyed since): it alone decides on
 * addresses, and the other takes them over.
 */
#ifndef IPSECI_MOBILITY_H
#define IPSECI_MOBILITY_H

#include "engine.h"

/* ipseci_ike_sa.mobile */
enum ipseci_mobile {
    IPSECI_MOBILE_ON = 1 << 0,          /* both ends support it */
    IPSECI_MOBILE_FIRST = 1 << 1,       /* we decide on addresses */
    IPSECI_MOBILE_WANT_UPDATE = 1 << 2, /* RFC 4555 3.5: "pending_update" */
    IPSECI_MOBILE_UPDATE_OUT = 1 << 3,  /* sent, and our addresses have not changed since */
    IPSECI_MOBILE_WANT_CHECK = 1 << 4,  /* the peer's address is to be proven (3.7) */
    IPSECI_MOBILE_CHECK_OUT = 1 << 5,   /* sent, and its address has not changed since */
    IPSECI_MOBILE_UNSURE = 1 << 6       /* the peer has perhaps other addresses than the old ones:
                                           an update went out whose answer says nothing any more */
};

/* ipseci_step.mobility: what commit is to do. */
enum ipseci_mobility {
    IPSECI_MOBILITY_SUPPORTED = 1 << 0, /* both ends support it */
    IPSECI_MOBILITY_MOVED = 1 << 1,     /* the message's addresses are the SA's from now on */
    IPSECI_MOBILITY_ADDRESSES = 1 << 2, /* the message has the peer's further addresses */
    IPSECI_MOBILITY_ACCEPTED = 1 << 3,  /* our update was taken */
    IPSECI_MOBILITY_REFUSED = 1 << 4,   /* our update was not; back to the addresses before */
    IPSECI_MOBILITY_AGAIN = 1 << 5,     /* the same update once more */
    IPSECI_MOBILITY_CHECKED = 1 << 6,   /* the peer's address is proven */
    IPSECI_MOBILITY_REMAPPED = 1 << 7   /* the peer sees us at another address than before */
};

#define IPSECI_COOKIE2_BYTES     8 /* RFC 4555 4.2.5: 8 to 64 octets */
#define IPSECI_COOKIE2_BYTES_MAX 64
#define IPSECI_NO_NATS_BYTES_MAX 36 /* two IPv6 addresses, two ports */

/* mobility.c */

struct ipseci_octets_no_nats {
    size_t length;
    uint8_t octets[IPSECI_NO_NATS_BYTES_MAX];
};
/* The data of a NO_NATS_ALLOWED notify (RFC 4555 4.2.6). Empty for addresses of two families. */
void ipseci_no_nats_build(const struct ipsec_endpoint *source,
                          const struct ipsec_endpoint *destination,
                          struct ipseci_octets_no_nats *out);
/* The next address of the ADDITIONAL_IP4_ADDRESS and _IP6_ADDRESS notifies; start with *cursor 0;
 * false at the end. Those of a wrong length are passed over. */
bool ipseci_additional_next(const struct ipseci_payloads *payloads, uint32_t *cursor,
                            struct ipsec_addr *out);
/* Whether the addresses of an authentic message may become those of its SA. */
bool ipseci_addresses_acceptable(const struct ipseci_ike_sa *sa, const struct ipsec_endpoint *local,
                                 const struct ipsec_endpoint *remote);
/* The n-th pair of addresses, ours and the peer's, that a silent peer is looked for at; false: n is
 * beyond the last. Families may differ: such a pair is none. */
bool ipseci_path_pair(const struct ipseci_ike_sa *sa, const struct ipseci_path *path, uint32_t n,
                      struct ipsec_addr *local, struct ipsec_addr *remote);
/* COOKIE2 of our outstanding request: not to be known without having seen the request. */
void ipseci_cookie2(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                    uint8_t out[IPSECI_COOKIE2_BYTES]);

/* MOBIKE is for this peer: it is not switched off, and every child can move. */
bool ipseci_mobility_wanted(const struct ipsec_peer *peer);

/* exchange_mobility.c: IKE_AUTH, then the parts of INFORMATIONAL. */

void ipseci_mobility_offer(const struct ipseci_context *ctx, struct ipseci_step *step,
                           const struct ipsec_peer *peer);
void ipseci_mobility_take(const struct ipseci_context *ctx, struct ipseci_step *step);
/* RFC 4555 3.9: what NO_NATS_ALLOWED says is what the message's IP header says, or it is not there.
 */
bool ipseci_mobility_unchanged(const struct ipseci_message *in);
void ipseci_mobility_start(const struct ipseci_context *ctx, struct ipseci_step *step);
void ipseci_mobility_response(const struct ipseci_context *ctx, struct ipseci_step *step);
/* One kind of notify of a request; false: the answer is complete with what is in it now. */
bool ipseci_mobility_cookie2(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipseci_notify *notify);
bool ipseci_mobility_no_nats(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipseci_notify *notify);
bool ipseci_mobility_update(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_notify *notify);
bool ipseci_mobility_addresses(const struct ipseci_context *ctx, struct ipseci_step *step,
                               const struct ipseci_notify *notify);
bool ipseci_mobility_nat(const struct ipseci_context *ctx, struct ipseci_step *step,
                         const struct ipseci_notify *notify);

/* commit_mobility.c */

void ipseci_mobility_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                            const struct ipseci_message *in, const struct ipseci_step *step);
/* Nothing may be sent to the peer's address in the SA but IKE messages: it has not answered there,
 * and is to before (IPSEC_ROUTABILITY_BEFORE, RFC 4555 3.7). */
bool ipseci_address_unproven(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
/* The next request that mobility wants of an idle SA; its wish is taken back. */
enum ipseci_task ipseci_mobility_task(struct ipseci_ike_sa *sa);
/* It could not be sent: the wish is there again. */
void ipseci_mobility_unsent(struct ipseci_ike_sa *sa);
/* new_sa takes the place of old. */
void ipseci_mobility_inherit(struct ipsec_ike *ike, struct ipseci_ike_sa *old,
                             struct ipseci_ike_sa *new_sa);
void ipseci_path_release(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
/* sa is called in the place of old, which is given up: where there was no room for both, sa has it
 * now. Further addresses that its peer told before are not known, then. */
void ipseci_path_pass(struct ipsec_ike *ike, struct ipseci_ike_sa *old, struct ipseci_ike_sa *sa);
struct ipseci_path *ipseci_path_get(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
/* The peer is silent: true when the outstanding request is to be sent on another path, which is in
 * the SA now. RFC 4555 3.5, 3.12. */
bool ipseci_path_next(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
/* So often a request is sent again before the peer counts as silent on this path. */
uint32_t ipseci_path_tries(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
/* An answer came: the path works. */
void ipseci_path_works(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);

#endif
