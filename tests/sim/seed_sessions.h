/* SPDX-License-Identifier: Apache-2.0
 *
 * Seeded runs with what sessions bring: leases of inner addresses, childless starts, children on
 * demand, idle ones and ones that come again, EAP and certificates. Called by sim_seeds.c.
 */
#ifndef SEED_SESSIONS_H
#define SEED_SESSIONS_H

#include "sim.h"

/* From 0 to below. */
uint32_t seed_pick(struct sim *s, uint32_t below);

/* What the two ends want; before sim_start. Sets s->caller. */
void seed_sessions_choose(struct sim *s);
/* Trouble with questions; and its end, with children that stay. */
void seed_sessions_faults(struct sim *s);
void seed_sessions_calm(struct sim *s);
/* May this end be the one that calls? */
bool seed_sessions_may_call(const struct sim *s, const struct sim_node *n);
/* A packet without an SA. */
void seed_sessions_ask(struct sim *s, struct sim_node *n);
/* After the calm: an IKE SA with an address where one is needed, and the first child. */
void seed_sessions_revive(struct sim *s);
/* Each lease is with an IKE SA. Gives NULL, or what is wrong. */
const char *seed_sessions_judge(struct sim *s);

#endif
