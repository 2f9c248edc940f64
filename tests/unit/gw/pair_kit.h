/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole reference scenario in one process: two gateways with the real engine and Mbed TLS over
 * the in-memory link, and hosts on either LAN that send numbered packets and count what arrives.
 */
#ifndef PAIR_KIT_H
#define PAIR_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ipsec/backend_mbedtls.h>
#include <ipsec/backend_memory.h>
#include <ipsec/gw.h>

#define PAIR_EVENTS 16 /* enum ipsec_event_type and one more */

struct pair;

struct pair_end {
    struct pair *pair;
    enum ipsec_memory_end end;
    struct ipsec_mbedtls *provider;
    const struct ipsec_crypto *items[1];
    struct ipsec_gw_config config; /* changed by a test before pair_start */
    struct ipsec_peer peer;
    struct ipsec_child_config child;
    struct ipsec_proposals ike_proposals;
    struct ipsec_proposals esp_proposals;
    const char *secret;
    void *block;
    struct ipsec_gw *gw;
    bool acquire_initiates;
    bool pending_secret; /* find_secret answers later */
    uint32_t secret_token;
    unsigned events[PAIR_EVENTS];
    struct ipsec_suite child_suite; /* of the last child established or rekeyed */
    enum ipsec_cause cause;         /* of the last failure */
    ipsec_handle ike_sa;            /* newest */
    ipsec_handle child_sa;
    uint32_t sent;    /* pings this host sent */
    uint32_t arrived; /* pings of the other host that came, in order, unchanged */
    uint32_t expected;
};

struct pair {
    struct ipsec_memory_config memory_config;
    struct ipsec_memory *memory;
    bool quiet; /* failure reports are not printed */
    struct pair_end a;
    struct pair_end b;
};

/* Texts as in ipsec_proposals_parse. Nothing is made yet. */
void pair_init(struct pair *pair, const char *ike, const char *esp);
void pair_start(struct pair *pair);
void pair_stop(struct pair *pair);

/* Sends from this host to the other, a packet of 100 to 1,400 octets. */
void pair_ping(struct pair_end *from);
/* One turn of both gateways, and the hosts read. */
void pair_turn(struct pair *pair);
/* Turns until nothing is under way. */
void pair_settle(struct pair *pair);
/* So much time passes, deadline by deadline. */
void pair_pass(struct pair *pair, ipsec_ms ms);
/* Turns with a ping from both hosts in each. */
void pair_traffic(struct pair *pair, unsigned turns);

/* A initiates; both ends are then established. */
void pair_establish(struct pair *pair);
/* Every ping arrived, no packet was dropped by either gateway. */
void pair_expect_no_loss(struct pair *pair);
uint64_t pair_drops(const struct pair_end *end);
uint64_t pair_dropped(const struct pair_end *end, enum ipsec_status status);
struct ipsec_ike_counters pair_ike_counters(struct pair_end *end);

#endif
