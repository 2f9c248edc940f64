/* SPDX-License-Identifier: Apache-2.0
 *
 * First contacts made from a kept IKE_SA_INIT request: forged ones, and those of somebody who
 * brings back the cookie that was asked for.
 */
#ifndef GATE_KIT_H
#define GATE_KIT_H

#include "sim.h"

/* A's IKE_SA_INIT request to B, from the first datagrams that were kept. */
struct sim_datagram gate_request(const struct sim *s);
/* The same with another SPI. */
struct sim_datagram gate_numbered(const struct sim_datagram *request, uint64_t number);
void gate_from(struct sim_datagram *d, const char *addr);
/* Somewhere else: SPI, nonce, address and port drawn. */
void gate_forge(struct sim_datagram *d, uint64_t *random);
/* To B, again with the cookie if it asks for one; what B said to the last. The kept datagrams are
 * used up by it. */
enum ipsec_status gate_enter(struct sim *s, const struct sim_datagram *request);
struct ipsec_ike_counters gate_counters(const struct sim_node *n);

#endif
