/* SPDX-License-Identifier: Apache-2.0
 *
 * Transport mode in negotiation (RFC 7296 1.3.1, 2.23.1): a child whose configuration says so is
 * made in transport mode or not at all. Called by child_offer.c; changes nothing but the step.
 */
#ifndef IPSECI_CHILD_MODE_H
#define IPSECI_CHILD_MODE_H

#include "child_offer.h"

/* Request and answer: asks for the child's mode, or confirms it. */
void ipseci_mode_add(struct ipseci_step *step, const struct ipsec_child_config *config);
/* Does the message at hand ask for the mode, or confirm it? A tunnel needs nothing said: asked for
 * transport mode, who makes a tunnel just says nothing. */
bool ipseci_mode_agreed(const struct ipseci_context *ctx, const struct ipsec_child_config *config);
/* Fills the failure: one end has the child in transport mode, the other as a tunnel. */
void ipseci_mode_fail(const struct ipseci_context *ctx, struct ipseci_step *step,
                      const struct ipsec_child_config *config);
/* Whether the children of this peer can go to other addresses by MOBIKE. Those in transport mode
 * are between two hosts, not two networks (RFC 4555 1.2 leaves them out): none is moved, then. */
bool ipseci_mode_moves(const struct ipsec_peer *peer);
/* What the peer said of the two sides, seen from us: addresses that a NAT has changed become those
 * of the IKE SA. Tunnels are left alone. */
void ipseci_mode_addresses(const struct ipseci_context *ctx,
                           const struct ipsec_child_config *config, struct ipsec_selectors *local,
                           struct ipsec_selectors *remote);
/* Are these selectors possible in the child's mode: between the two hosts of the IKE SA only
 * (TS-12), the peer's being one that it has received something at? */
bool ipseci_mode_fits(const struct ipseci_context *ctx, const struct ipseci_child_terms *terms);

#endif
