/* SPDX-License-Identifier: Apache-2.0
 *
 * Inner addresses that one end gives to the other with IKE_AUTH: the Configuration payload in both
 * roles (RFC 7296 2.19, 3.15), and what it means for the selectors of children. Called by
 * child_offer.c; changes nothing but the step.
 */
#ifndef IPSECI_ADDRESS_CONFIG_H
#define IPSECI_ADDRESS_CONFIG_H

#include "step.h"

/* Initiator: asks, when its peer says so; reads the answer. */
void ipseci_config_ask(const struct ipseci_context *ctx, struct ipseci_step *step);
void ipseci_config_take(const struct ipseci_context *ctx, struct ipseci_step *step);

/* Responder: true when the lease is asked for, and the handler runs again with it. */
bool ipseci_config_lacks_lease(const struct ipseci_context *ctx, struct ipseci_step *step);
/* The answer with what was leased. 0, or the error notify that stands for the child: there is
 * nothing to give. */
uint16_t ipseci_config_answer(const struct ipseci_context *ctx, struct ipseci_step *step);

/* Both sides of a child, with addresses in the place of what is dynamic. False: one that is needed
 * is not there. */
struct ipseci_child_sides {
    struct ipsec_selectors local;
    struct ipsec_selectors remote;
};
bool ipseci_child_sides(const struct ipseci_context *ctx, const struct ipseci_step *step,
                        const struct ipsec_child_config *config, struct ipseci_child_sides *out);

#endif
