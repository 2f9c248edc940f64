/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole gateway: IKE, SAD and SPD joined. One datagram or packet in, the right engine called.
 *
 * Either drive it directly (ipsec_gw_wan_input, ipsec_gw_lan_input, ipsec_gw_expire) or let it run
 * over an I/O backend (ipsec_gw_run).
 */
#ifndef IPSEC_GW_H
#define IPSEC_GW_H

#include <ipsec/ike.h>
#include <ipsec/io.h>
#include <ipsec/sad.h>
#include <ipsec/spd.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_gw;

/* A packet that was dropped for security's sake, with what RFC 4303 (2.1, 3.3.3, 3.4) and RFC
 * 4301 5.2 want a record of: all but keepalives, dummies and IKE of what came in, and of what goes
 * out those that met an SA at its end. Pointers are valid during the call only. */
struct ipsec_gw_audit {
    ipsec_ms now;
    bool outbound;
    enum ipsec_status reason;
    uint32_t spi;                /* 0: it came without ESP, or in pieces and not the first one */
    uint32_t sequence;           /* low half; outbound: the last that was used */
    uint32_t flow_label;         /* IPv6, outbound that of the packet inside; 0: none, or sockets */
    struct ipsec_endpoint local; /* outside; family NONE: not known */
    struct ipsec_endpoint remote;
    ipsec_handle child; /* IKE's name; 0: no SA, or one of the caller's own */
    const struct ipsec_child_config *config;
    const struct ipsec_selector *source;      /* address, protocol and port of the packet inside, */
    const struct ipsec_selector *destination; /* where it could be read; or NULL */
    uint32_t missed; /* records that were not given since the last one, as there are too many */
    /* Not 0: not one packet, but so many of this SA that failed their ICV (IPSEC_DROP_ICV), and
     * that a new SA is asked for (ipsec_lifetime.forgeries_soft); once an SA, outside of the rate.
     * sequence is the highest that was authentic. */
    uint32_t forged;
};

struct ipsec_gw_callbacks {
    uint32_t size;
    /* IKE's questions, events, jobs and key log, as in ike.h. */
    enum ipsec_status (*find_peer)(void *user, uint32_t token, const struct ipsec_peer_query *query,
                                   const struct ipsec_peer **peer);
    enum ipsec_status (*find_secret)(void *user, uint32_t token,
                                     const struct ipsec_secret_query *query,
                                     struct ipsec_secret *secret);
    enum ipsec_status (*wall_time)(void *user, int64_t *seconds);
    enum ipsec_status (*eap)(void *user, uint32_t token, const struct ipsec_eap_query *query,
                             struct ipsec_eap_reply *reply);
    enum ipsec_status (*lease)(void *user, uint32_t token, const struct ipsec_lease_query *query,
                               struct ipsec_config_set *set);
    void (*release)(void *user, const struct ipsec_peer *peer, uint32_t lease);
    enum ipsec_status (*resolve)(void *user, uint32_t token,
                                 const struct ipsec_resolve_query *query, struct ipsec_addr *addr);
    enum ipsec_status (*redirect)(void *user, const struct ipsec_redirect_query *query,
                                  struct ipsec_id *gateway);
    void (*event)(void *user, const struct ipsec_event *event);
    bool (*job)(void *user, struct ipsec_job *job);
    void (*key_log)(void *user, const struct ipsec_key_log *log);
    /* Output when no ipsec_io is used. Keep no pointer. */
    void (*wan_send)(void *user, struct ipsec_packet *const packets[], size_t n);
    void (*lan_deliver)(void *user, struct ipsec_packet *const packets[], size_t n);
    /* A packet matched a PROTECT policy that has no SA: bring one up (rate limited to one a second
     * per child). The packet itself is dropped and counted. It runs after the burst, and may call
     * the gateway's ike commands, and ipsec_gw_acquire, which knows the packet. NULL: that is done
     * for children that start on demand, and nothing for others. */
    void (*acquire)(void *user, const struct ipsec_peer *peer,
                    const struct ipsec_child_config *child);
    /* The largest inner packet of a child has changed (RFC 4301 8.2): the path told of another MTU,
     * it was forgotten again, or the SA is new. 0: not known, and not limited. Call nothing of the
     * gateway from it. */
    void (*mtu)(void *user, const struct ipsec_child_config *config, ipsec_handle child,
                uint32_t mtu);
    /* A packet was dropped; once a second at most, and 20 times at once. Needs a build with
     * diagnosis. Call nothing of the gateway from it. */
    void (*audit)(void *user, const struct ipsec_gw_audit *audit);
};
#define IPSEC_GW_CALLBACKS_INIT IPSEC_STRUCT_INIT(struct ipsec_gw_callbacks)

struct ipsec_gw_config {
    uint32_t size;
    struct ipsec_crypto_list crypto;
    struct ipsec_gw_callbacks callbacks;
    void *user;
    struct ipsec_ike_config ike; /* sizes and times; its crypto, callbacks and user are ignored */
    uint32_t sa_max;             /* SAs in the SAD; 0: two per child of ike.child_max */
    uint32_t policy_max;         /* SPD entries; 0: 64 */
    uint32_t replay_window_max;  /* 0: 1024 */
    uint8_t outer;               /* enum ipsec_outer: what sealed packets look like; 0: sockets */
    uint32_t burst;              /* packets a burst in ipsec_gw_run; 0: 32 */
    uint32_t packet_bytes;       /* buffer of one packet in ipsec_gw_run; 0: 2048 */
    /* For whole IP packets from the WAN (IPSEC_CARRIER_IP): ESP and UDP datagrams that are put
     * together at once of their fragments, each of up to packet_bytes less 128 octets, for up to 30
     * s; a quarter of them for one source. Pieces that overlap spoil the whole (RFC 5722). 0: none,
     * fragments are dropped (RFC 4303 3.4.1). Sockets put them together by themselves. */
    uint32_t fragment_max;
    /* Where output goes from the start; NULL: to the callbacks, until the first ipsec_gw_run.
     * Without it, what a command sends before that run is lost where no callback takes it. */
    const struct ipsec_io *io;
    uint32_t flow_max; /* flows remembered by the SPD, see spd.h; 0: none */
    /* Another data plane in the place of the gateway's, such as the kernel's (backend_xfrm.h): it
     * gets the Child SAs and has the packets and their policies; the gateway keeps IKE, and none of
     * its calls for packets, MTUs and dummies knows a child. All four functions are needed; the
     * struct is copied, what it points at must outlive the gateway. NULL: the gateway's own. */
    const struct ipsec_sa_sink *sink;
};
#define IPSEC_GW_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_gw_config)

IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_gw_size(const struct ipsec_gw_config *config,
                                                           size_t *bytes);
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_gw_init(void *block, size_t block_bytes,
                                                           const struct ipsec_gw_config *config,
                                                           ipsec_ms now, struct ipsec_gw **gw);
IPSEC_API void ipsec_gw_deinit(struct ipsec_gw *gw);

/* Adds the PROTECT policies of a peer's children (each local x remote selector pair of one family).
 * Those of a child with a dynamic side come and go with its SAs instead, each IKE SA its own, when
 * the addresses are known; they take room of policy_max too.
 * They are there before any SA is: packets acquire, or are dropped, and never leave in clear (RFC
 * 4301 5.1). The structs must stay unchanged until ipsec_gw_remove_peer. All or nothing:
 * IPSEC_ERR_FULL (policy_max), IPSEC_ERR_STATE (added before), IPSEC_ERR_ARGUMENT (a child without
 * selectors). A child whose peer was not added is refused when IKE wants to install it. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_gw_add_peer(struct ipsec_gw *gw,
                                                               const struct ipsec_peer *peer);
/* Closes its SAs without telling, takes its policies away (its packets then match nothing, and are
 * dropped) and lets go of the structs. IPSEC_ERR_REENTRY from inside a callback of IKE. */
IPSEC_API enum ipsec_status ipsec_gw_remove_peer(struct ipsec_gw *gw, const struct ipsec_peer *peer,
                                                 ipsec_ms now);

/* From inside the acquire callback only (IPSEC_ERR_STATE): ipsec_ike_acquire with the selectors of
 * the packet that waits. */
IPSEC_API enum ipsec_status ipsec_gw_acquire(struct ipsec_gw *gw, const struct ipsec_peer *peer,
                                             const struct ipsec_child_config *child);

/* WAN datagrams (UDP payloads of 500 and 4500, ESP, or whole IP packets) and LAN packets, any
 * number. Each packet's status tells what became of it (IPSEC_PENDING: a fragment that was kept, or
 * made a datagram whole); output goes to the callbacks (or the io)
 * within the call, in order. Contents are worked on in place; LAN packets need head and tail room
 * (ipsec_sa_room; 128 and 64 octets are enough for any SA). From inside one of the gateway's
 * callbacks every packet is refused with IPSEC_ERR_REENTRY. */
IPSEC_API void ipsec_gw_wan_input(struct ipsec_gw *gw, struct ipsec_packet *const packets[],
                                  size_t n, ipsec_ms now);
IPSEC_API void ipsec_gw_lan_input(struct ipsec_gw *gw, struct ipsec_packet *const packets[],
                                  size_t n, ipsec_ms now);

IPSEC_API void ipsec_gw_expire(struct ipsec_gw *gw, ipsec_ms now);
IPSEC_API ipsec_ms ipsec_gw_deadline(const struct ipsec_gw *gw);

/* Gateways side by side: one a thread, each with tables, keys and providers of its own, as there is
 * nothing that they share. Behind one address they have numbers (instance of ike.h), and whoever
 * reads the socket gives each datagram to the instance whose SPI it bears. Of config only
 * instance_bits and the ports are looked at; nothing is changed. Any thread.
 *
 * IPSEC_OK: *instance owns it, if there is such a one.
 * IPSEC_ERR_NOT_FOUND: a peer that calls (an IKE_SA_INIT request), so far nobody's: *instance is a
 * number from 0 to 255 that is the same when the call is repeated; modulo the number of instances
 * it spreads callers. Where addresses are known it is better to go by remote, so that each peer has
 * one instance: another one does not see that it has called anew, and keeps the old SAs until they
 * are found dead. IPSEC_DROP_POLICY: a whole IP packet that is neither IKE nor ESP; ICMP about
 * paths is for all instances, a copy each. IPSEC_DROP_FRAGMENT: pieces have to be put together
 * before. IPSEC_DROP_KEEPALIVE, IPSEC_DROP_TRUNCATED, IPSEC_DROP_SPI and the like: nobody needs it.
 * IPSEC_ERR_ARGUMENT, IPSEC_ERR_BUFFER, IPSEC_ERR_STRUCT_SIZE.
 *
 * LAN packets go to the instance that has the peer: by the peer's own networks, or by the events of
 * children that come up. RFC 4301 4.1. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_gw_instance(const struct ipsec_ike_config *config, const struct ipsec_packet *datagram,
                  uint32_t *instance);

/* What the path to a peer carries, as the system or an ICMP message has it: taken for all children
 * whose outer address this is, where it is less than what is known, and not below
 * IPSEC_PATH_MTU_MIN_. Forgotten after IPSEC_PATH_MTU_AGE_MS (RFC 4301 8.2.2). ICMP that comes in
 * whole packets (IPSEC_OUTER_IP) is looked at by the gateway itself, and taken when it quotes the
 * SPI of an SA of ours. IPSEC_ERR_NOT_FOUND: no child goes there; IPSEC_ERR_NOT_BUILT_IN. */
#define IPSEC_PATH_MTU_MIN_IPV4 576
#define IPSEC_PATH_MTU_MIN_IPV6 1280
#define IPSEC_PATH_MTU_AGE_MS   600000u
IPSEC_API enum ipsec_status ipsec_gw_path_mtu(struct ipsec_gw *gw, const struct ipsec_addr *remote,
                                              uint32_t mtu, ipsec_ms now);
/* The largest inner packet of a child; 0: not known, and not limited. IPSEC_ERR_STALE. */
IPSEC_API enum ipsec_status ipsec_gw_child_mtu(const struct ipsec_gw *gw, ipsec_handle child,
                                               uint32_t *mtu);

/* One turn over a backend: reads a burst from either side, works, sends, runs what is due; waits
 * first, at most until `until`, when nothing is to be read. Sets the output to io for good.
 * IPSEC_OK or IPSEC_ERR_IO. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_gw_run(struct ipsec_gw *gw, const struct ipsec_io *io, ipsec_ms until);

/* The parts, for commands and for looking at them. SAs and SPD entries of the caller's own (manual
 * keys, bypass, discard) may stand beside the gateway's: it touches only those it made. What an own
 * SA opens has to match an own PROTECT entry. */
IPSEC_API struct ipsec_ike *ipsec_gw_ike(struct ipsec_gw *gw);
IPSEC_API struct ipsec_sad *ipsec_gw_sad(struct ipsec_gw *gw);
IPSEC_API struct ipsec_spd *ipsec_gw_spd(struct ipsec_gw *gw);

struct ipsec_gw_counters {
    uint64_t lan_in, lan_out, wan_in, wan_out; /* packets */
    uint64_t bypassed;
    uint64_t acquires;
    uint64_t drops_in[IPSEC_DROP_REASONS];  /* WAN to LAN */
    uint64_t drops_out[IPSEC_DROP_REASONS]; /* LAN to WAN */
    uint64_t errors_in;    /* lost to a status of another class: provider, used-up SA */
    uint64_t errors_out;   /* and: no room in the buffer, no random octets */
    uint64_t fragments_in; /* pieces from the WAN that were kept, */
    uint64_t reassembled;  /* and what was put together of them */
};
IPSEC_API void ipsec_gw_counters(const struct ipsec_gw *gw, struct ipsec_gw_counters *out);
/* Packets and octets of a child, from its SAs. IPSEC_ERR_STALE. */
IPSEC_API enum ipsec_status ipsec_gw_child_stats(const struct ipsec_gw *gw, ipsec_handle child,
                                                 struct ipsec_child_stats *out);
/* All that its two SAs have counted, the drops by reason too (RFC 4303 4); either may be
 * NULL. IPSEC_ERR_STALE; nothing is written then. */
IPSEC_API enum ipsec_status ipsec_gw_child_sa_stats(const struct ipsec_gw *gw, ipsec_handle child,
                                                    struct ipsec_sa_stats *in,
                                                    struct ipsec_sa_stats *out);
/* Sends a dummy packet with so many octets of content, which the peer discards (RFC 4303 2.6): for
 * a caller that hides when there is traffic. At most packet_bytes less 192. IPSEC_ERR_BUFFER
 * (longer), IPSEC_ERR_STALE, IPSEC_ERR_STATE (the child does not send yet, or any more),
 * IPSEC_ERR_REENTRY, IPSEC_ERR_NOT_BUILT_IN (without traffic_flow), and how sealing it ended. */
IPSEC_API enum ipsec_status ipsec_gw_send_dummy(struct ipsec_gw *gw, ipsec_handle child,
                                                uint32_t octets, ipsec_ms now);

#ifdef __cplusplus
}
#endif

#endif
