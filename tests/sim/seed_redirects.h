/* SPDX-License-Identifier: Apache-2.0
 *
 * Seeded runs in which both ends send the other from one address to the next (RFC 5685), at any
 * time, and follow, or not. Called by sim_seeds.c.
 */
#ifndef SEED_REDIRECTS_H
#define SEED_REDIRECTS_H

#include "sim.h"

/* What the ends follow; before sim_start. */
void seed_redirects_choose(struct sim *s);
/* Where callers are sent, and names that take long; and the end of it. */
void seed_redirects_faults(struct sim *s);
void seed_redirects_calm(struct sim *s);
/* The peer of this IKE SA shall go. */
void seed_redirects_ask(struct sim *s, struct sim_node *n, ipsec_handle sa);

#endif
