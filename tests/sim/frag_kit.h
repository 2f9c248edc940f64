/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fragmentation tests share: ends whose IKE_AUTH does not fit one datagram, and a look
 * into SKF payloads.
 */
#ifndef FRAG_KIT_H
#define FRAG_KIT_H

#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define FRAG_BYTES 224 /* IKE_AUTH makes three fragments of it each way, with B's long identity */

/* Small fragments and a long identity; before sim_start. */
void frag_set_up(struct sim *s);
/* Started, with the IKE_AUTH request (of three fragments), or its answer, in flight and held. */
struct sim *frag_in_flight(bool answer);

/* Where a datagram's message starts, and what its SKF says; number 0: it has none. */
struct frag_view {
    const uint8_t *message;
    uint32_t length;
    uint8_t first;
    uint16_t number;
    uint16_t total;
};
struct frag_view frag_look(const struct sim_datagram *d);
uint32_t frag_ladder_count(const struct sim *s, const char *text);
/* Messages being put together, and given up. */
uint32_t frag_sets(struct sim_node *n);
uint64_t frag_given_up(struct sim_node *n);

#endif
