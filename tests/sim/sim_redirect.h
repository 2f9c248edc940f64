/* SPDX-License-Identifier: Apache-2.0
 *
 * Gateways that send their peers to each other (RFC 5685): the answers of a node's callbacks, and
 * what its events said. B stands for all gateways: each of its addresses leads to it.
 */
#ifndef SIM_REDIRECT_H
#define SIM_REDIRECT_H

#include <ipsec/ike.h>

struct sim;
struct sim_node;

/* What a node is told about redirects, and what it says. In struct sim_node. */
struct sim_redirects {
    const char *init; /* where the redirect callback sends callers in IKE_SA_INIT; NULL: nowhere */
    const char *auth; /* and in IKE_AUTH */
    const char *only_at;               /* when called at this address; NULL: at any */
    unsigned asked;                    /* times, */
    struct ipsec_redirect_query query; /* and the last question, without pointers */
    bool knew_peer;

    const char *address;  /* of every name; NULL: not found */
    bool pend;            /* names are left PENDING */
    unsigned resolved;    /* questions, */
    struct ipsec_id name; /* and the last one */
    uint8_t family;

    unsigned events[4]; /* by kind */
    struct ipsec_redirect_info info;
    struct ipsec_event event; /* of the last, without pointers */
};

#define GATE_1 "203.0.113.2" /* B, as A calls it */
#define GATE_2 "203.0.113.20"
#define GATE_3 "203.0.113.30"

/* Before sim_start. */
void redirect_callbacks(struct sim_node *n);
/* Both nodes have the callbacks; A follows what `follow` says. Before sim_start. */
struct sim *redirect_made(enum ipsec_redirects follow);
/* The same, up at GATE_1. */
struct sim *redirect_up(enum ipsec_redirects follow);
/* B's command about the IKE SA that is up. */
enum ipsec_status redirect_to(struct sim *s, const char *gateway);
/* A's only IKE SA that is up leads there. */
void redirect_assert_at(struct sim *s, const char *address);
void redirect_assert_addr(const struct ipsec_addr *addr, const char *expected);
/* What the node's last event says. */
void redirect_assert_followed(const struct sim_node *n, enum ipsec_phase phase, const char *from,
                              const char *to);

#endif
