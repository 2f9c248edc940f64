/* SPDX-License-Identifier: Apache-2.0
 *
 * IKEv2 (RFC 7296): one endpoint with all its IKE SAs, as initiator and responder.
 *
 * The engine does no I/O, reads no clock and allocates nothing after init. Datagrams and time go in
 * through calls; datagrams, questions, SAs and events come out through one struct of callbacks.
 *
 * Rules for callbacks: they run inside the public call that caused them, after the state they speak
 * of is committed; they may not call the same engine again (IPSEC_ERR_REENTRY, nothing happens).
 * Pointers they are given are valid until they return, unless said otherwise. One engine is used
 * from one thread at a time.
 */
#ifndef IPSEC_IKE_H
#define IPSEC_IKE_H

#include <ipsec/event.h>
#include <ipsec/peer.h>
#include <ipsec/redirect.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_ike;
struct ipsec_job;

/* ---- Questions ---------------------------------------------------------------------------- */

/* Asked by a responder: first by address only (IKE_SA_INIT: whose proposals?), then with the
 * identities of IKE_AUTH. */
struct ipsec_peer_query {
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
    const struct ipsec_id *remote_id; /* NULL in IKE_SA_INIT */
    const struct ipsec_id *local_id;  /* what the initiator asked for (IDr); NULL: nothing */
};

#define IPSEC_SECRET_BYTES_MAX 256
/* The callee fills it; the engine wipes it. */
struct ipsec_secret {
    size_t length;
    uint8_t bytes[IPSEC_SECRET_BYTES_MAX];
};

struct ipsec_secret_query {
    const struct ipsec_peer *peer;
    const struct ipsec_id *local_id;
    const struct ipsec_id *remote_id;
};

/* EAP (RFC 7296 2.16, RFC 3748): the engine carries the packets, the caller speaks the method, or
 * lets ipsec/backend_eap_mschapv2.h do so. */
struct ipsec_eap_query {
    ipsec_handle ike_sa; /* tells the sessions of one method apart */
    const struct ipsec_peer *peer;
    bool server;                      /* we are the authenticator */
    const struct ipsec_id *remote_id; /* what the peer called itself in IKE_AUTH. A server's method
                                         has to see to it that who it proves may be called so: the
                                         IKE SA gets this name (RFC 7296 2.16) */
    struct ipsec_view packet;         /* a whole EAP packet; empty: the server begins. Good during
                                         the call only: copy it before saying IPSEC_PENDING */
};

enum ipsec_eap_state {
    IPSEC_EAP_CONTINUE = 0, /* send the packet */
    IPSEC_EAP_SUCCESS = 1,  /* the method has come to its good end: a server sends its Success
                               packet, a client has been given one and sends nothing */
    IPSEC_EAP_FAILURE = 2   /* it has failed: a server sends its Failure packet */
};

#define IPSEC_EAP_MSK_BYTES 64
/* The callee fills it; the engine wipes it. */
struct ipsec_eap_reply {
    enum ipsec_eap_state state;
    uint8_t *packet; /* room for a packet; in ipsec_ike_answer: the packet */
    size_t capacity; /* the most that message_bytes has room for; a server's first packet has to
                        share it with the certificate. No more in ipsec_ike_answer, either */
    size_t length;
    size_t msk_length; /* SUCCESS of a method that makes a key; 0: it makes none */
    uint8_t msk[IPSEC_EAP_MSK_BYTES];
};

/* An inner address, or what goes with it, for a peer that has just proven who it is. */
struct ipsec_lease_query {
    ipsec_handle ike_sa;
    const struct ipsec_peer *peer;
    const struct ipsec_id *remote_id;
    uint32_t wanted;        /* set of enum ipsec_config_wish */
    struct ipsec_addr ipv4; /* the one it would like; family NONE: any */
    struct ipsec_addr ipv6;
    uint32_t held; /* the number of the lease that these identities have over another IKE SA; given
                      again, it is one lease, released once; 0: none */
};

/* The answer to a question that was left PENDING: the field of that question, and the status the
 * callback would have returned. */
struct ipsec_answer {
    enum ipsec_status status;
    const struct ipsec_peer *peer;
    const struct ipsec_secret *secret;    /* copied */
    const struct ipsec_eap_reply *eap;    /* copied */
    const struct ipsec_config_set *lease; /* copied; IPSEC_ERR_STALE: take it back yourself */
    const struct ipsec_addr *addr;        /* of a name; copied */
};

/* ---- The SA sink -------------------------------------------------------------------------- */

/* A Child SA pair to install. Keys are valid during the call only. */
struct ipsec_child_sa {
    ipsec_handle child;
    ipsec_handle ike_sa;
    ipsec_handle replaces; /* the child it rekeys; 0: none */
    const struct ipsec_peer *peer;
    const struct ipsec_child_config *config;
    uint32_t spi_in;
    uint32_t spi_out;
    struct ipsec_suite suite;
    struct ipsec_view encr_key_in;
    struct ipsec_view integ_key_in;
    struct ipsec_view encr_key_out;
    struct ipsec_view integ_key_out;
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
    bool udp_encapsulation;
    bool outbound_ready; /* false: go on sending with `replaces` until child_update says USE */
    bool no_tfc;         /* the peer takes no TFC padding (RFC 7296 1.3.1) */
    struct ipsec_selectors local_ts;
    struct ipsec_selectors remote_ts;
};

enum ipsec_child_update_kind {
    IPSEC_CHILD_UPDATE_USE = 1,  /* send with this child from now on (make before break) */
    IPSEC_CHILD_UPDATE_STOP = 2, /* do not send with it any more; inbound stays open */
    IPSEC_CHILD_UPDATE_MOVE = 3  /* outer addresses or encapsulation changed */
};

struct ipsec_child_update {
    ipsec_handle child;
    enum ipsec_child_update_kind kind;
    struct ipsec_endpoint local; /* MOVE */
    struct ipsec_endpoint remote;
    bool udp_encapsulation;
};

struct ipsec_child_stats {
    uint64_t packets_in;
    uint64_t packets_out;
    uint64_t bytes_in;
    uint64_t bytes_out;
};

/* A data plane as one thing: the four functions of the SA sink, as in struct ipsec_ike_callbacks,
 * for those who hand it on (ipsec_gw_config.sink). */
struct ipsec_sa_sink {
    uint32_t size;
    void *context; /* first argument of each */
    enum ipsec_status (*child_add)(void *context, const struct ipsec_child_sa *child);
    enum ipsec_status (*child_update)(void *context, const struct ipsec_child_update *update);
    void (*child_remove)(void *context, ipsec_handle child);
    enum ipsec_status (*child_stats)(void *context, ipsec_handle child,
                                     struct ipsec_child_stats *stats);
};
#define IPSEC_SA_SINK_INIT IPSEC_STRUCT_INIT(struct ipsec_sa_sink)

/* ---- Callbacks ---------------------------------------------------------------------------- */

struct ipsec_key_log;

struct ipsec_ike_callbacks {
    uint32_t size;
    /* Sends one IKE datagram: content is the UDP payload (with the non-ESP marker where one is
     * due), carrier, local and remote are set. A datagram that can not be sent is simply lost.
     * Required. */
    void (*send)(void *user, struct ipsec_packet *datagram);

    /* Questions: IPSEC_OK with the answer, IPSEC_PENDING (then ipsec_ike_answer(token) later), or
     * an error: IPSEC_ERR_NOT_FOUND means "no such peer" or "no secret". Required for PSK. */
    enum ipsec_status (*find_peer)(void *user, uint32_t token, const struct ipsec_peer_query *query,
                                   const struct ipsec_peer **peer);
    enum ipsec_status (*find_secret)(void *user, uint32_t token,
                                     const struct ipsec_secret_query *query,
                                     struct ipsec_secret *secret);
    /* One round of EAP: takes the peer's packet, gives the next. An error ends the attempt. NULL:
     * no EAP in either role. */
    enum ipsec_status (*eap)(void *user, uint32_t token, const struct ipsec_eap_query *query,
                             struct ipsec_eap_reply *reply);
    /* Seconds since 1970-01-01 00:00 UTC, for the validity of certificates; answered at once.
     * NULL or an error: certificates are refused, as nobody knows whether they are valid. */
    enum ipsec_status (*wall_time)(void *user, int64_t *seconds);

    /* Inner addresses for a peer that asks (RFC 7296 2.19): fills the set, which comes zeroed. An
     * error, or a set without an address where one is wanted: the peer is told
     * INTERNAL_ADDRESS_FAILURE and has no child with IKE_AUTH. NULL: such requests are passed over.
     * release gives it back when the IKE SA, or the one that followed from it by rekeys, is gone,
     * and when nothing came of it; each lease once. */
    enum ipsec_status (*lease)(void *user, uint32_t token, const struct ipsec_lease_query *query,
                               struct ipsec_config_set *set);
    void (*release)(void *user, const struct ipsec_peer *peer, uint32_t lease);

    /* The address of a gateway that a peer sends us to by name (RFC 5685), of the family asked for
     * when it has one. NULL or an error: it is not followed, which a failure report says. */
    enum ipsec_status (*resolve)(void *user, uint32_t token,
                                 const struct ipsec_resolve_query *query, struct ipsec_addr *addr);
    /* Where to send a peer that takes it (RFC 5685); answered at once. IPSEC_OK: to *gateway; any
     * error, and a gateway that is none: it stays here, as it does with NULL. */
    enum ipsec_status (*redirect)(void *user, const struct ipsec_redirect_query *query,
                                  struct ipsec_id *gateway);

    /* SA sink. child_add refusing (IPSEC_ERR_FULL ...) makes the negotiation fail cleanly.
     * Required: child_add and child_remove. */
    enum ipsec_status (*child_add)(void *user, const struct ipsec_child_sa *child);
    enum ipsec_status (*child_update)(void *user, const struct ipsec_child_update *update);
    void (*child_remove)(void *user, ipsec_handle child);
    enum ipsec_status (*child_stats)(void *user, ipsec_handle child,
                                     struct ipsec_child_stats *stats);

    /* What happened. Optional. */
    void (*event)(void *user, const struct ipsec_event *event);

    /* Heavy work. NULL or false: the engine runs it inline. True: the caller took it, runs
     * ipsec_job_run on any thread, and hands it back with ipsec_ike_job_done. */
    bool (*job)(void *user, struct ipsec_job *job);

    /* Secrets, for decrypting captures. Only in builds with the key_log option; otherwise it is
     * never called. NULL: off. */
    void (*key_log)(void *user, const struct ipsec_key_log *log);
};
#define IPSEC_IKE_CALLBACKS_INIT IPSEC_STRUCT_INIT(struct ipsec_ike_callbacks)

/* ---- The engine --------------------------------------------------------------------------- */

#define IPSEC_STRAY_ANSWERS_OFF UINT32_MAX

#define IPSEC_INSTANCE_BITS_MAX 8

struct ipsec_ike_config {
    uint32_t size;
    struct ipsec_crypto_list crypto;
    struct ipsec_ike_callbacks callbacks;
    void *user; /* first argument of every callback */

    const struct ipsec_signer *signer; /* keys and signatures; NULL: no certificates */
    const struct ipsec_x509 *x509;     /* checks the certificates of peers; NULL: none is good */

    uint32_t sa_max;        /* IKE SAs, opening, open and closing; 0: 16 */
    uint32_t child_max;     /* Child SA pairs, old ones during a rekey included; 0: 2 * sa_max */
    uint32_t handshake_max; /* key exchanges in flight; 0: 8 */
    uint32_t buffer_max;    /* stored requests and replies; 0: 2 * sa_max + handshake_max, and
                               sa_max more for each that `window` is more than one */
    uint32_t message_bytes; /* largest IKE message sent or taken, its fragments together; 0: 2048 */
    uint32_t mobile_max;    /* IKE SAs that we began, with MOBIKE, and can move, two of a peer while
                               it is called in the place of another gateway; 0: 4 */
    uint32_t redirect_max;  /* peers that have sent us elsewhere, remembered for 300 s, and IKE SAs
                               whose peers are being sent; 0: 4 */
    uint32_t keep_up_max;   /* peers kept up by ipsec_ike_keep_up; 0: 16 */

    uint32_t keep_up_first_ms; /* the first wait of ipsec_ike_keep_up; 0: 1,000 */
    uint32_t keep_up_wait_ms;  /* its longest; 0: 60,000, or the first when that is longer */

    uint16_t ike_port;  /* 0: 500 */
    uint16_t natt_port; /* 0: 4500: datagrams on it carry the non-ESP marker */

    uint32_t retransmit_first_ms;       /* 0: 2,000 */
    uint32_t retransmit_factor_percent; /* each wait is so much of the one before; 0: 180 */
    uint32_t retransmit_max;            /* retransmissions before giving up, at most 254; 0: 5 */

    uint32_t half_open_max;       /* responder SAs not yet authenticated; 0: three quarters of
                                     handshake_max, so that strangers can not stop rekeys */
    uint32_t cookie_threshold;    /* half-open SAs from which everybody needs a cookie; 0: half of
                                     half_open_max, at least 2; 1: always (RFC 7296 2.6) */
    uint32_t first_contact_per_s; /* IKE_SA_INIT requests looked at in a second, but for those
                                     that only get a cookie; 0: 100 */
    uint32_t half_open_ms;        /* a responder waits so long for IKE_AUTH; 0: 30,000 */
    bool no_hints;                /* do not tell another ipsec-core why its proposal was refused */

    /* IKE fragmentation (RFC 7383), for paths that lose IP fragments: where both ends take it, what
     * makes an IP packet of more than fragment_bytes goes out in several. What has no room in
     * pieces (message_bytes, fragments_max) goes out whole, as to a peer that takes none. */
    bool no_fragmentation;   /* neither offered nor taken */
    uint32_t fragment_bytes; /* largest IP packet made for a fragment, at least 192; 0: 1280 */
    uint32_t fragments_max;  /* of one message, either way; 0: 32 and message_bytes / 256 */
    uint32_t reassembly_max; /* put together at a time, with message_bytes each; 0: handshake_max */

    /* First contacts by source: one IPv4 address, or one IPv6 /64 (RFC 8019 4.2). Where many peers
     * share an address (behind a NAT), raise these. Who has not shown by a cookie that it is where
     * its datagrams say may use half of each limit, here and above, and is asked for a cookie
     * beyond; so forged addresses shut out nobody who can answer. */
    uint32_t source_max;            /* sources remembered, at most 65,536; 0: 64 */
    uint32_t source_contacts_per_s; /* of one source; 0: a quarter of first_contact_per_s */
    uint32_t source_half_open_max;  /* of one source; 0: half of half_open_max */
    uint32_t source_failures; /* after so many failed authentications in a row a source needs a
                                 cookie and waits 2 s, twice as long after each more, up to 60 s,
                                 until one is right or 10 minutes without one have passed. Only
                                 new IKE SAs wait. 0: 3; UINT32_MAX: never */

    /* Requests of a peer that may be under way at once, at most 32; 0: 1 (RFC 7296 2.3). It is told
     * in IKE_AUTH and, as each rekeyed IKE SA begins with one, in the next INFORMATIONAL. Each
     * costs an IKE SA room for a short reply. Of our own there is one, whatever the peer offers. */
    uint32_t window;
    /* Unprotected answers a second to requests of an IKE SA that is not here (INVALID_IKE_SPI), or
     * of a later major version (RFC 7296 1.5, 2.5). 0: 10; IPSEC_STRAY_ANSWERS_OFF: none. */
    uint32_t stray_answers_per_s;

    /* Several engines behind one address, in threads of their own: each has a number of
     * instance_bits bits, which are the first of every SPI that it chooses, of IKE SAs and of ESP
     * SAs; ipsec_gw_instance reads it. At most IPSEC_INSTANCE_BITS_MAX; 0: one engine. */
    uint8_t instance_bits;
    uint8_t instance;
};
#define IPSEC_IKE_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_ike_config)

IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_ike_size(const struct ipsec_ike_config *config,
                                                            size_t *bytes);
/* Makes an engine in the caller's block (aligned for any type), which must stay until deinit. The
 * config is copied. Takes random octets from the crypto providers. IPSEC_ERR_ARGUMENT,
 * IPSEC_ERR_BUFFER, IPSEC_ERR_RANDOM, IPSEC_ERR_NOT_BUILT_IN (no PRF, no cipher or no group at
 * all). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_ike_init(void *block, size_t block_bytes,
                                                            const struct ipsec_ike_config *config,
                                                            ipsec_ms now, struct ipsec_ike **ike);
/* Wipes everything without telling peers; the sink gets child_remove for each child. Jobs that are
 * out must have come back. NULL is allowed. */
IPSEC_API void ipsec_ike_deinit(struct ipsec_ike *ike);

/* One datagram from port 500 or 4500 (content: the UDP payload; local and remote set). The content
 * is decrypted in place. IPSEC_OK, IPSEC_PENDING (a question or a job is out), or why it was
 * dropped; the same is counted. */
IPSEC_API enum ipsec_status ipsec_ike_input(struct ipsec_ike *ike, struct ipsec_packet *datagram,
                                            ipsec_ms now);

/* Runs what is due. Lateness by any amount is correct. */
IPSEC_API void ipsec_ike_expire(struct ipsec_ike *ike, ipsec_ms now);
/* When to call ipsec_ike_expire next, or IPSEC_NEVER. Changes with every call above and below. */
IPSEC_API ipsec_ms ipsec_ike_deadline(const struct ipsec_ike *ike);

/* ---- Commands ----------------------------------------------------------------------------- */

/* Starts an IKE SA and its children, but for those on demand. Without one to begin with it is
 * childless (RFC 6023), and fails when the peer does not know that. IPSEC_OK: under way, events
 * tell the rest. IPSEC_ERR_FULL, IPSEC_ERR_ARGUMENT (no remote address; no child, and childless is
 * NEVER; remote_auth is EAP and local_auth is not: such a peer can only call us; a dynamic side for
 * which no address is asked), IPSEC_ERR_NOT_BUILT_IN (nothing in the proposals is built in; a
 * failure report says what). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_ike_initiate(struct ipsec_ike *ike,
                                                                const struct ipsec_peer *peer,
                                                                ipsec_ms now, ipsec_handle *sa);
/* Keeps a peer up: initiates now, as above, unless an IKE SA with it is up or being opened, and
 * again whenever the last one has ended or could not be made. At once when that one had lasted a
 * minute and the peer did not delete it; else after keep_up_first_ms and twice as long each time,
 * up to keep_up_wait_ms, less up to a quarter at random. IPSEC_EVENT_RETRY tells of each wait.
 * While somebody is about to set up an IKE SA from the peer's address, we wait once for that one.
 * What the IKE SA carries is the affair of its children (`start`, `restart`).
 *
 * It ends with ipsec_ike_let_go, with ipsec_ike_delete of the last of the peer's IKE SAs, and with
 * ipsec_ike_forget_peer; until then the struct must stay. For a peer that is kept up already a wait
 * is over, and the next one is the first again.
 *
 * IPSEC_OK: so it is; a table that is full for now is tried again, too. IPSEC_ERR_FULL:
 * keep_up_max. IPSEC_ERR_ARGUMENT, IPSEC_ERR_NOT_BUILT_IN: as above; the peer is not kept up. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_ike_keep_up(struct ipsec_ike *ike, const struct ipsec_peer *peer, ipsec_ms now);
/* No longer; its IKE SAs stay. IPSEC_ERR_NOT_FOUND: it was not kept up. */
IPSEC_API enum ipsec_status ipsec_ike_let_go(struct ipsec_ike *ike, const struct ipsec_peer *peer);

/* A further child over an established IKE SA. IPSEC_ERR_NOT_BUILT_IN as above; IPSEC_ERR_STATE: the
 * IKE SA is not up, or has not brought the address of a dynamic side. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_ike_create_child(struct ipsec_ike *ike, ipsec_handle sa,
                       const struct ipsec_child_config *config, ipsec_ms now);

/* A packet's own selectors: one address, protocol and port each. */
struct ipsec_packet_selectors {
    struct ipsec_selector local;
    struct ipsec_selector remote;
};
/* A packet waits for this child of this peer: makes it, and an IKE SA first when there is none.
 * packet: its selectors are offered in front of the child's, so that a peer that narrows covers it
 * (RFC 7296 2.9; not on a side that has IPSEC_SELECTORS_MAX already); NULL: none. Copied.
 * IPSEC_OK: under way, or there. IPSEC_ERR_ARGUMENT (no remote address to call, or the packet is
 * outside of the child's selectors), IPSEC_ERR_STATE (the IKE SA has not brought the address of a
 * dynamic side, or a new one would not bring the peer's), IPSEC_ERR_FULL, IPSEC_ERR_NOT_BUILT_IN as
 * above. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_ike_acquire(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                  const struct ipsec_child_config *config,
                  const struct ipsec_packet_selectors *packet, ipsec_ms now);

enum ipsec_rekey_flags {
    IPSEC_REKEY_WITHOUT_PFS = 1 /* offer only proposals with their groups taken out */
};
IPSEC_API enum ipsec_status ipsec_ike_rekey(struct ipsec_ike *ike, ipsec_handle sa, ipsec_ms now);
/* Sets up an IKE SA anew, with authentication and all its children, and deletes the old one when
 * the new one is up (struct ipsec_peer: reauth_ms). IPSEC_ERR_ARGUMENT: only the peer can, because
 * it proves itself by EAP, has an address of ours or is not to be called; IPSEC_ERR_FULL: no room
 * for two at a time; IPSEC_ERR_STATE; IPSEC_ERR_STALE; IPSEC_ERR_NOT_BUILT_IN. What goes wrong
 * later comes as IPSEC_EVENT_FAILURE and IPSEC_EVENT_REKEY_FAILED. */
IPSEC_API enum ipsec_status ipsec_ike_reauthenticate(struct ipsec_ike *ike, ipsec_handle sa,
                                                     ipsec_ms now);
IPSEC_API enum ipsec_status ipsec_ike_rekey_child(struct ipsec_ike *ike, ipsec_handle child,
                                                  uint32_t flags, ipsec_ms now);
/* Tells the peer and closes; an event follows. Before authentication it just closes. */
IPSEC_API enum ipsec_status ipsec_ike_delete(struct ipsec_ike *ike, ipsec_handle sa, ipsec_ms now);
IPSEC_API enum ipsec_status ipsec_ike_delete_child(struct ipsec_ike *ike, ipsec_handle child,
                                                   ipsec_ms now);
/* The IKE SA and its children move to other outer addresses (MOBIKE, RFC 4555): ours has changed,
 * or another path is wanted. NULL: that end stays; port 0: its port stays. What is outstanding is
 * sent again from there at once; children follow when the peer has accepted
 * (IPSEC_ROUTABILITY_BEFORE) or at once, with IPSEC_EVENT_ADDRESS_CHANGED; when it refuses,
 * everything goes back to the addresses before, with IPSEC_EVENT_FAILURE. A further call before
 * that replaces the one before; when the last is refused, the peer is told of the addresses before,
 * as it may have taken another call's. Only the end that initiated the first IKE SA decides; the
 * other may change its own address, and tells it. IPSEC_ERR_STATE: not established, or without
 * MOBIKE: start the tunnel anew. IPSEC_ERR_FORBIDDEN: the peer's address is the peer's to choose.
 * IPSEC_ERR_FULL: mobile_max. IPSEC_ERR_ARGUMENT: two families. IPSEC_ERR_STALE. */
IPSEC_API enum ipsec_status ipsec_ike_move(struct ipsec_ike *ike, ipsec_handle sa,
                                           const struct ipsec_endpoint *local,
                                           const struct ipsec_endpoint *remote, ipsec_ms now);
/* Sends a liveness check at once (RFC 7296 2.4). */
IPSEC_API enum ipsec_status ipsec_ike_probe(struct ipsec_ike *ike, ipsec_handle sa, ipsec_ms now);

/* Closes, without telling, all SAs of a peer; afterwards the struct may be changed or freed, but
 * its credential and trust only when no job of it is out any more (ipsec_ike_job_done). */
IPSEC_API enum ipsec_status ipsec_ike_forget_peer(struct ipsec_ike *ike,
                                                  const struct ipsec_peer *peer, ipsec_ms now);

/* The answer to a PENDING question. IPSEC_ERR_STALE: nobody waits for it any more (no error). */
IPSEC_API enum ipsec_status ipsec_ike_answer(struct ipsec_ike *ike, uint32_t token,
                                             const struct ipsec_answer *answer, ipsec_ms now);

/* Does a job's work with these providers (NULL: the engine's own; then the providers must be safe
 * to use from this thread). Any thread; touches nothing but the job. */
IPSEC_API void ipsec_job_run(struct ipsec_job *job, const struct ipsec_crypto_list *crypto);
/* Hands a job back, on the engine's thread. */
IPSEC_API enum ipsec_status ipsec_ike_job_done(struct ipsec_ike *ike, struct ipsec_job *job,
                                               ipsec_ms now);

/* What the data plane has to tell. */
enum ipsec_child_notice {
    IPSEC_CHILD_NOTICE_INBOUND = 1, /* first authentic packet came in on it: proof for make before
                                       break */
    IPSEC_CHILD_NOTICE_SOFT = 2,    /* packets or octets: time to rekey */
    IPSEC_CHILD_NOTICE_HARD = 3     /* packets, octets or sequence numbers used up: it is dead */
};
IPSEC_API enum ipsec_status ipsec_ike_child_notice(struct ipsec_ike *ike, ipsec_handle child,
                                                   enum ipsec_child_notice notice, ipsec_ms now);
/* The same for a packet with IPSEC_PACKET_MOVED: an authentic one, newer than all before, came from
 * another outer address. remote: that address; port 0 where it has none (ESP without UDP). The IKE
 * SA and all its children follow when ipsec_peer.follow allows it; an event tells. IPSEC_OK: so it
 * is (now). IPSEC_ERR_FORBIDDEN: the policy, or MOBIKE, says no, and nothing has changed.
 * IPSEC_ERR_STALE, IPSEC_ERR_ARGUMENT. RFC 7296 2.23. */
IPSEC_API enum ipsec_status ipsec_ike_child_moved(struct ipsec_ike *ike, ipsec_handle child,
                                                  const struct ipsec_endpoint *remote,
                                                  ipsec_ms now);

/* ---- Looking at it ------------------------------------------------------------------------ */

/* Walk: start with 0, stop at 0. */
IPSEC_API ipsec_handle ipsec_ike_next_sa(const struct ipsec_ike *ike, ipsec_handle after);
IPSEC_API ipsec_handle ipsec_ike_next_child(const struct ipsec_ike *ike, ipsec_handle after);
IPSEC_API enum ipsec_status ipsec_ike_sa_info(const struct ipsec_ike *ike, ipsec_handle sa,
                                              struct ipsec_ike_sa_info *out);
IPSEC_API enum ipsec_status ipsec_ike_child_info(const struct ipsec_ike *ike, ipsec_handle child,
                                                 struct ipsec_child_info *out);

struct ipsec_keep_up_info {
    uint32_t tries;    /* of ours in a row that came to nothing, or have not lasted a minute yet */
    ipsec_ms next_try; /* IPSEC_NEVER: an IKE SA is up, or being opened */
};
/* IPSEC_ERR_NOT_FOUND: the peer is not kept up. */
IPSEC_API enum ipsec_status ipsec_ike_keep_up_info(const struct ipsec_ike *ike,
                                                   const struct ipsec_peer *peer,
                                                   struct ipsec_keep_up_info *out);

struct ipsec_ike_counters {
    uint64_t messages_in;
    uint64_t messages_out;
    uint64_t retransmissions;
    uint64_t duplicates_answered;
    uint64_t clock_stepped_back;
    uint64_t fragments_in;         /* new ones, taken for a message */
    uint64_t fragments_out;        /* sendings, retransmissions too */
    uint64_t reassemblies_dropped; /* messages given up for which fragments had come */
    uint64_t keepalives_out;
    uint64_t address_changes; /* IPSEC_EVENT_ADDRESS_CHANGED */
    uint64_t drops[IPSEC_DROP_REASONS];
    uint32_t sas;
    uint32_t half_open;
    uint32_t children;
    uint32_t handshakes;
    uint32_t reassemblies;     /* messages being put together */
    uint64_t cookies_demanded; /* first contacts answered with nothing but a cookie */
    uint64_t cookies_accepted; /* first contacts that brought a good one back */
    uint64_t source_refused;   /* good cookie, but its source was over its rate or its half-open
                                  limit; the drop reason tells which */
    uint64_t source_waits;     /* good cookie, but its source waits after failed authentications */
    uint64_t source_penalties; /* such waits begun */
    uint64_t attacks;          /* times that cookies had to be demanded of everybody */
    bool under_attack;         /* now */
    uint64_t stray_answers;    /* INVALID_IKE_SPI and INVALID_MAJOR_VERSION sent */
};
IPSEC_API void ipsec_ike_counters(const struct ipsec_ike *ike, struct ipsec_ike_counters *out);

/* True when this build calls key_log at all (build option key_log). */
IPSEC_API bool ipsec_ike_has_key_log(void);

/* Keys of one IKE SA or one Child SA pair, as key_log gets them. */
struct ipsec_key_log {
    uint8_t protocol; /* IPSEC_PROTOCOL_IKE or IPSEC_PROTOCOL_ESP */
    struct ipsec_suite suite;
    uint64_t spi_i; /* IKE */
    uint64_t spi_r;
    struct ipsec_view sk_ei; /* IKE; AEAD keys with their salt */
    struct ipsec_view sk_er;
    struct ipsec_view sk_ai;
    struct ipsec_view sk_ar;
    const struct ipsec_child_sa *child; /* ESP */
};

#ifdef __cplusplus
}
#endif

#endif
