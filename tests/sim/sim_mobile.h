/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of mobility share: two engines with MOBIKE, and where they and their children are.
 */
#ifndef SIM_MOBILE_H
#define SIM_MOBILE_H

#include "ike_state.h"
#include "mobility.h"
#include "sim_test.h"

#define A(s)   (&(s)->nodes[SIM_A])
#define B(s)   (&(s)->nodes[SIM_B])
#define SECOND ((ipsec_ms)1000)
#define OLD_A  "203.0.113.1"
#define NEW_A  "203.0.113.77"
#define OLD_B  "203.0.113.2"
#define NEW_B  "203.0.113.88"

/* A and B with MOBIKE, to be changed; started and connected; both. */
struct sim *mobile_made(void);
struct sim *mobile_start(struct sim *s);
struct sim *mobile_up(void);
/* Retransmission that is quick and patient; before the start. */
void mobile_be_patient(struct sim *s);
ipsec_handle mobile_sa(struct sim_node *n);
struct ipsec_ike_sa_info mobile_info(struct sim_node *n);
const struct ipseci_ike_sa *mobile_state(struct sim_node *n);
struct ipsec_endpoint mobile_at(const char *text);
/* ipsec_ike_move of the established IKE SA; NULL: that end stays. */
enum ipsec_status mobile_move(struct sim_node *n, const char *local, const char *remote);
bool mobile_is_at(const struct ipsec_endpoint *e, const char *text);
bool mobile_remote_is(struct sim_node *n, const char *text);
/* NULL when both ends and their children send between A's and B's addresses. */
const char *mobile_not_at(struct sim *s, const char *a, const char *b);
void mobile_assert_at(struct sim *s, const char *a, const char *b);
/* The newest datagram under way. */
struct sim_datagram *mobile_in_flight(struct sim *s);

#endif
