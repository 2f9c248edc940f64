/* SPDX-License-Identifier: Apache-2.0
 *
 * How two engines are made for fuzz_ike.c: what the first octets of an input say.
 */
#ifndef FUZZ_SETUP_H
#define FUZZ_SETUP_H

#include "fuzz_sim.h"

/* Octet, and what it chooses:
 *   0     seed (bits 0 to 2), NAT (3), tags are checked (4)
 *   1     proposals
 *   2, 3  of each end: sizes of tables
 *   4, 5  of each end: cookies, children, lifetimes, liveness, fragments
 *   6     what an end does not know: the peer, its identity, the secret (0 to 5); callers are sent
 * to another gateway (RFC 5685) in IKE_AUTH (6), in IKE_SA_INIT (7) 7     alone in the end (0), up
 * at the start (1), proof (2 to 4), follow (5, 6), long calm (7) 8     0: as octet 7 says; else
 * enum fuzz_state and one more 9     inner addresses (0), for a child (1), MOBIKE (2), window (3),
 * children that restart (4) or wait for a packet (5), childless start (6), early proof of PFS and
 * idle children (7) */
#define FUZZ_SETUP_BYTES 10

/* A further address of each end. */
extern const char *const fuzz_gateway[2];

/* Tells the ends, and starts the engines. For fuzz_start. */
void fuzz_set_up(struct sim *s, struct ipsec_view setup);

#endif
