/* SPDX-License-Identifier: Apache-2.0
 *
 * Seeded runs in which both ends change their addresses (RFC 4555). Called by sim_seeds.c.
 */
#ifndef SEED_MOBILE_H
#define SEED_MOBILE_H

#include "sim.h"

/* To one of four addresses; now and then of the other end, too. */
void seed_mobile_ask(struct sim *s, struct sim_node *n, ipsec_handle sa);
/* NULL: where each end, and each child, is, the other has it the other way round. Otherwise what is
 * wrong. */
const char *seed_mobile_apart(struct sim *s);

#endif
