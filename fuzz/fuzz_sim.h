/* SPDX-License-Identifier: Apache-2.0
 *
 * What the targets that run engines in the simulator share. To bring two engines somewhere costs
 * more than most inputs do afterwards, so it is done once for each start that inputs name; then
 * the start is copied back, to the same addresses, as nothing is allocated meanwhile.
 */
#ifndef FUZZ_SIM_H
#define FUZZ_SIM_H

#include "sim.h"

/* Octets that name a start, at most. */
#define FUZZ_KEY_BYTES 16

/* Ends the run as a finding, with what is wrong to stderr; NULL: nothing is. */
void fuzz_require(const char *wrong);

/* The simulation at the start that `key` names. `reach` brings a new one there, and must do the
 * same for the same key every time: it calls fuzz_begin first. Valid until the next call. */
struct sim *fuzz_start(struct ipsec_view key, void (*reach)(struct sim *s, struct ipsec_view key));

/* The reference scenario with small tables, without allocations and without texts. */
void fuzz_begin(struct sim *s, uint64_t seed);
/* sim_start in memory that stays. */
void fuzz_engines(struct sim *s);

enum fuzz_state {
    FUZZ_HALF_OPEN = 0,    /* B is half-open, A waits for the answer to IKE_AUTH */
    FUZZ_UP = 1,           /* established, idle */
    FUZZ_CHILD_REKEY = 2,  /* a child rekey of each end under way */
    FUZZ_IKE_REKEY = 3,    /* an IKE rekey of each end under way */
    FUZZ_MORE = 4,         /* a further child, from both */
    FUZZ_CHILD_DELETE = 5, /* child rekeyed, its delete under way */
    FUZZ_IKE_DELETE = 6,   /* IKE SA rekeyed, the old one's delete under way */
    FUZZ_CLOSING = 7       /* one end deletes, the other probes */
};
/* Starts the engines and goes there, as far as what the ends were told lets it; what is under way
 * then is held. */
void fuzz_reach(struct sim *s, enum fuzz_state state);

/* Delivers the oldest datagrams. */
void fuzz_deliver(struct sim *s, int count);
/* Answers and hands back what is parked now, as far as a few rounds go. */
void fuzz_settle(struct sim_node *n);
/* Nobody answers any more: nothing may remain, and nothing may be left in the blocks. */
void fuzz_alone_to_the_end(struct sim *s);

#endif
