/* SPDX-License-Identifier: Apache-2.0
 *
 * One gateway of the configuration, on any struct ipsec_io: brings its sites up, keeps them up,
 * writes what happens into the journal, and does the commands of the control socket.
 */
#ifndef TWO_SITE_SESSION_H
#define TWO_SITE_SESSION_H

#include "config.h"
#include "journal.h"
#include "keylog.h"
#include "resolver.h"

#include <ipsec/gw.h>

#define SESSION_WAIT_FIRST_MS 5000
#define SESSION_WAIT_MAX_MS   60000

/* The most addresses that are given out of one pool. */
#define SESSION_LEASES_MAX 1024

struct ipsec_eap_mschapv2;

/* How one site is doing. */
struct session_site {
    const struct config_site *config;
    bool wanted;                 /* to be brought up and kept up */
    bool call;                   /* the engine is to be told so, in the next turn */
    bool held;                   /* `down` was said: neither called nor answered until `up` */
    bool refused_acquire;        /* said once that this role does not call */
    enum ipsec_cause last_cause; /* 0: none; reports of the same cause are cut to a line */
    enum ipsec_phase last_phase;
    uint32_t failures;               /* in a row */
    bool leased[SESSION_LEASES_MAX]; /* of the pool, by place */
    struct ipsec_eap_mschapv2 *eap;  /* NULL: not used here */
};

/* What the exchange under way costs, for the line after a rekey. */
struct session_cost {
    uint64_t started_us; /* 0: nothing under way */
    uint32_t messages;
    uint32_t octets;
};

/* What anybody can make us say without being authenticated is bounded: so many lines a while. */
#define SESSION_STRANGER_LINES     40
#define SESSION_STRANGER_WINDOW_MS 10000
struct session_budget {
    ipsec_ms window;
    uint32_t used;
    uint64_t hidden;
};

struct session {
    const struct config *config;
    struct journal *journal;
    struct keylog *keylog; /* NULL: off */
    struct ipsec_crypto_list crypto;
    const struct ipsec_signer *signer;
    const struct ipsec_x509 *x509;
    void *block;
    struct ipsec_gw *gw;
    struct session_site site[CONFIG_SITES_MAX];
    struct session_cost cost;
    bool dirty; /* a site is to be called */
    bool closing;
    struct resolver resolver;
    ipsec_ms next_poll; /* of the resolver */
    struct session_budget strangers;
    ipsec_ms last_event;        /* when it happened */
    struct ipsec_addr assigned; /* the peer's last gift of an IPv4 address; family NONE: none */
};

/* What a session works with; all of it must outlive the session. */
struct session_parts {
    const struct config *config;
    struct journal *journal;
    struct keylog *keylog; /* NULL: off */
    struct ipsec_crypto_list crypto;
    const struct ipsec_signer *signer; /* certificates; NULL: none */
    const struct ipsec_x509 *x509;
};

/* Makes the gateway with all its sites. False after a line in the journal. */
bool session_open(struct session *session, const struct session_parts *parts, ipsec_ms now);
void session_deinit(struct session *session);

/* One turn: reads, works, sends, calls sites; waits at most until `until` when idle. */
enum ipsec_status session_turn(struct session *session, const struct ipsec_io *io, ipsec_ms until);

/* Calls sites, without the gateway's own work: what session_turn does after it. Not before, as the
 * gateway learns in its first turn where its datagrams go. */
void session_tick(struct session *session, ipsec_ms now);
/* When the session wants to run next. */
ipsec_ms session_deadline(const struct session *session);
/* The site is kept up from its next turn on; a wait for the next attempt is over. */
void session_want(struct session *session, struct session_site *site);

/* Deletes every SA, telling the peers; session_closed says when all are gone. */
void session_close(struct session *session, ipsec_ms now);
bool session_closed(const struct session *session);

/* Commands: a status, and *reason why not. */
enum ipsec_status session_up(struct session *session, const char *site);
enum ipsec_status session_down(struct session *session, const char *site, ipsec_ms now);
enum ipsec_status session_rekey_ike(struct session *session, const char *site, ipsec_ms now);
enum ipsec_status session_reauth(struct session *session, const char *site, ipsec_ms now);
/* Other outer addresses, by MOBIKE. */
struct session_ends {
    bool has_local;
    bool has_remote;
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
};
enum ipsec_status session_move(struct session *session, const char *name,
                               const struct session_ends *to, ipsec_ms now);
/* A child of the site is in transport mode. */
bool session_has_hosts(struct session *session, const char *name);
enum ipsec_status session_rekey_child(struct session *session, const char *child, uint32_t flags,
                                      ipsec_ms now);
/* So many dummy packets of so many octets, as far as they are sent. */
enum ipsec_status session_dummy(struct session *session, const char *child, uint32_t octets,
                                uint32_t count, ipsec_ms now);

/* session_lease.c: the addresses of the sites' pools. */
enum ipsec_status session_lease(void *user, uint32_t token, const struct ipsec_lease_query *query,
                                struct ipsec_config_set *set);
void session_release(void *user, const struct ipsec_peer *peer, uint32_t lease);

/* session_redirect.c: to other gateways (RFC 5685). */
enum ipsec_status session_redirect_to(void *user, const struct ipsec_redirect_query *query,
                                      struct ipsec_id *gateway);
enum ipsec_status session_resolve(void *user, uint32_t token,
                                  const struct ipsec_resolve_query *query, struct ipsec_addr *addr);
/* Hands on what was found; when to come again. */
ipsec_ms session_resolver_tick(struct session *session, ipsec_ms now);
/* All peers of the site that are up. */
enum ipsec_status session_redirect(struct session *session, const char *name,
                                   const struct ipsec_id *gateway, ipsec_ms now);

/* Whom a call is for; NULL: nobody here. */
const struct ipsec_peer *session_best_peer(const struct session *session,
                                           const struct ipsec_peer_query *query);

/* session_event.c: the library's events. */
void session_on_event(void *user, const struct ipsec_event *event);

/* Whether the lines may be written about somebody who has not proven who it is. */
bool session_may_say(struct session *session, ipsec_ms now, uint32_t lines);

struct session_site *session_site_of(struct session *session, const struct ipsec_peer *peer);

/* The newest established IKE SA of a peer, and the newest installed child of a configuration; 0:
 * none. */
ipsec_handle session_ike_of(const struct session *session, const struct ipsec_peer *peer);
ipsec_handle session_child_of(const struct session *session,
                              const struct ipsec_child_config *child);

uint64_t session_clock_us(void);

#endif
