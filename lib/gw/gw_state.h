/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of lib/gw share: the gateway's object and its records. Nothing here is used by
 * another layer.
 *
 *   policy   one ipsec_child_config of a peer that was added: its SPD entries, and which child
 * serves child    one Child SA pair that IKE installed: two SAs in the SAD
 */
#ifndef IPSECI_GW_STATE_H
#define IPSECI_GW_STATE_H

#include <ipsec/gw.h>

#include "bucket.h"
#include "hash.h"
#include "pool.h"

/* Packets worked on at once; a larger burst is worked on in parts. Bounds arrays on the stack. */
#define IPSECI_GW_BATCH 64
/* SPD entries of one child config: every local with every remote selector. */
#define IPSECI_GW_ENTRIES_MAX (IPSEC_SELECTORS_MAX * IPSEC_SELECTORS_MAX)
/* An acquire for a child whose last one is younger is not repeated. */
#define IPSECI_GW_ACQUIRE_MS 1000u
/* Of a soft limit in packets or octets, where ipsec_lifetime does not say. */
#define IPSECI_GW_JITTER_PERCENT 10u
/* Room before and after a packet of ipsec_gw_run, for sealing: IPv6 and UDP header, ESP header, IV;
 * and padding, trailer, the longest ICV. */
#define IPSECI_GW_HEAD_ROOM 128u
#define IPSECI_GW_TAIL_ROOM 64u

/* ICMP messages built, and believed: so many a second, and so many at once. */
#define IPSECI_GW_ICMP_PER_S 100u
#define IPSECI_GW_ICMP_BURST 50u

/* Audit records: so many a second, and so many at once. */
#define IPSECI_GW_AUDITS_PER_S 1u
#define IPSECI_GW_AUDITS_BURST 20u

/* In ipseci_gw_child.told beside the notices: the audit record of too many forged packets. */
#define IPSECI_GW_TOLD_FORGED 0x80u

/* Datagrams that come in fragments: how long one may take, how long one stays that another could
 * have the place of, and the part of all places that one source has. */
#define IPSECI_GW_FRAGMENTS_MS     30000u
#define IPSECI_GW_FRAGMENTS_MIN_MS 1000u
#define IPSECI_GW_FRAGMENT_SOURCES 4u

struct ipseci_gw_child;

struct ipseci_gw_policy {
    const struct ipsec_peer *peer;
    const struct ipsec_child_config *config;
    ipsec_handle self;                /* in the pool */
    struct ipseci_gw_child *children; /* all of it, in no order */
    struct ipseci_gw_child *serving;  /* the entries send with its outbound SA; NULL: none */
    ipsec_ms acquired;                /* time of the last acquire */
    bool acquired_ever;
    bool acquire_due; /* after the burst */
    bool dynamic;     /* of one IKE SA's child with a dynamic side: goes with its last SA */
    uint32_t entry_count;
    ipsec_handle entry[IPSECI_GW_ENTRIES_MAX]; /* in the SPD */
};

struct ipseci_gw_child {
    ipsec_handle self;  /* in the pool */
    ipsec_handle child; /* IKE's name for it */
    ipsec_handle sa_in; /* in the SAD */
    ipsec_handle sa_out;
    struct ipseci_gw_policy *policy;
    struct ipseci_gw_child *sibling; /* the next of its policy */
    struct ipseci_gw_child *touched_next;
    uint64_t packets_soft;    /* from here on it asks to be rekeyed, */
    uint64_t bytes_soft;      /* and from here on */
    uint64_t order;           /* when it was told to send, counted; 0: it may not send */
    ipsec_ms path_learned;    /* when path_mtu was told by the path */
    uint32_t path_mtu;        /* 0: not known */
    uint32_t inner_mtu;       /* what the SA leaves of it; 0: not known */
    ipsec_handle spi_next;    /* in the pool: the next in its list of gw->by_spi; 0: none */
    struct ipsec_addr remote; /* outside */
    bool touched;             /* in the list of what to look at after the burst */
    uint8_t due;              /* notices to give, a bit each: 1 << enum ipsec_child_notice */
    uint8_t told;             /* notices given; each is given once */
    uint16_t tfc;             /* as of ipsec_child_config, where the peer takes it */
    uint32_t forgeries_soft;  /* wrong ICVs, from here on it asks to be rekeyed, too */
};

enum ipseci_datagram_state {
    IPSECI_DATAGRAM_FREE = 0,
    IPSECI_DATAGRAM_GATHERING,
    IPSECI_DATAGRAM_SPOILED, /* what still comes of it is dropped */
    IPSECI_DATAGRAM_WHOLE    /* until the burst is done */
};

/* One that is put together. */
struct ipseci_gw_datagram {
    struct ipsec_packet packet; /* WHOLE */
    ipsec_ms began;
    uint32_t *blocks; /* a bit for each eight octets that are there */
    uint8_t *bytes;   /* packet_bytes; what follows the IP header begins at IPSECI_GW_HEAD_ROOM */
    uint32_t id;
    uint32_t end;  /* octets in all; 0: the last piece is not there */
    uint32_t have; /* octets that are there, */
    uint32_t top;  /* and the end of the farthest */
    uint8_t src[16];
    uint8_t dst[16];
    uint8_t state; /* enum ipseci_datagram_state */
    uint8_t family;
    uint8_t protocol;
    uint8_t traffic_class; /* of the first piece, as the next */
    uint8_t ttl;
    uint8_t ecn_seen; /* 1 << mark, of all pieces */
};

struct ipsec_gw {
    struct ipsec_gw_config config; /* complete: no zero means default any more */
    struct ipsec_sa_sink sink;     /* another data plane; all NULL: this one */
    struct ipsec_ike *ike;
    struct ipsec_sad *sad;
    struct ipsec_spd *spd;
    struct ipseci_pool policies;
    struct ipseci_pool children;
    struct ipseci_hash by_child;  /* IKE's name of a child -> record. Nobody but us chooses these */
    struct ipseci_hash by_config; /* peer and child configuration -> policy; two need no secret. */
    struct ipseci_gw_child *touched;
    const struct ipsec_io *io; /* set by ipsec_gw_run: output goes there */
    uint8_t *datagram;         /* outer IP: where an IKE datagram gets its headers */
    size_t datagram_bytes;
    struct ipsec_packet *burst; /* ipsec_gw_run's packets */
    struct ipsec_packet **burst_list;
    uint8_t *burst_bytes;
    uint8_t *scratch; /* gw_mtu.c: a fragment, or a message about a packet */
    size_t scratch_bytes;
    /* gw_mtu.c: children by the SPI they send with, in as many lists as there can be children. */
    ipsec_handle *by_spi;                 /* of the first in the pool; 0: none */
    struct ipseci_gw_datagram *datagrams; /* fragment_max */
    struct ipseci_bucket audits;
    uint32_t audits_missed; /* over the rate since the last one */
    struct ipseci_bucket icmp_sent;
    struct ipseci_bucket icmp_heard;
    uint64_t order; /* last value of a child's order */
    uint16_t ip_id;
    /* The newest packet that came from elsewhere than its child's peer; child 0: none. One a burst
     * is enough: the next packet of another child says the same again. */
    struct ipseci_gw_moved {
        ipsec_handle child; /* IKE's name for it */
        struct ipsec_endpoint remote;
    } moved;
    /* The last packet of a burst that found no SA; one is enough, as the next will come. */
    struct ipseci_gw_wanted {
        const struct ipseci_gw_policy *policy; /* NULL: none */
        struct ipsec_packet_selectors packet;
        bool settling; /* inside the acquire callback, */
        ipsec_ms now;  /* at that time */
    } wanted;
    bool busy; /* inside an input: a callback that comes back is refused */
    bool acquire_due;
    struct ipsec_gw_counters counters;
};

/* ---- gw_sink.c: what IKE installs ------------------------------------------------------------ */

/* The record of IKE's child; NULL: none. */
struct ipseci_gw_child *ipseci_gw_child_find(const struct ipsec_gw *gw, ipsec_handle child);

enum ipsec_status ipseci_gw_child_add(void *user, const struct ipsec_child_sa *sa);
enum ipsec_status ipseci_gw_child_update(void *user, const struct ipsec_child_update *update);
void ipseci_gw_child_remove(void *user, ipsec_handle child);
enum ipsec_status ipseci_gw_child_stats(void *user, ipsec_handle child,
                                        struct ipsec_child_stats *stats);

/* ---- gw_elsewhere.c: another data plane ------------------------------------------------------ */

/* Copies what was given; NULL: none. IPSEC_ERR_STRUCT_SIZE, IPSEC_ERR_ARGUMENT (a function is
 * missing). */
enum ipsec_status ipseci_gw_elsewhere_take(const struct ipsec_sa_sink *given,
                                           struct ipsec_sa_sink *out);
/* Has IKE install its children there. */
void ipseci_gw_elsewhere(struct ipsec_ike_callbacks *callbacks);

/* ---- gw_policy.c: peers' policies ------------------------------------------------------------ */

/* The policy of a peer's child, or NULL. */
struct ipseci_gw_policy *ipseci_gw_policy_find(const struct ipsec_gw *gw,
                                               const struct ipsec_peer *peer,
                                               const struct ipsec_child_config *config);
/* The policy for a new SA of IKE: the peer's, or one of its own where a side is dynamic. */
enum ipsec_status ipseci_gw_policy_for(struct ipsec_gw *gw, const struct ipsec_child_sa *sa,
                                       const struct ipseci_gw_child *replaced,
                                       struct ipseci_gw_policy **out);
/* The record is one of its policy's from here on, */
void ipseci_gw_policy_join(struct ipseci_gw_child *child);
/* and no longer. */
void ipseci_gw_policy_part(const struct ipseci_gw_child *child);
/* An SA has left it: a dynamic one that has no other goes. */
void ipseci_gw_policy_left(struct ipsec_gw *gw, struct ipseci_gw_policy *policy);
/* The record behind an SPD entry's user pointer; NULL for an entry the caller added himself. */
struct ipseci_gw_policy *ipseci_gw_policy_of(const struct ipsec_gw *gw, void *user);
/* The SA to seal a whole inner packet with, where the policy's entry names this one: of several
 * hosts that are in transport mode by one policy, that of the packet's (RFC 4301 4.4.1.2). */
struct ipsec_sa *ipseci_gw_policy_sa(const struct ipsec_gw *gw, struct ipsec_sa *sa,
                                     struct ipsec_view packet);
/* Lets the policy's entries send with the child that was told so last, or acquire. */
void ipseci_gw_policy_switch(struct ipsec_gw *gw, struct ipseci_gw_policy *policy);

/* ---- gw_settle.c: what is due after a burst -------------------------------------------------- */

/* The record of an SA; NULL for one the caller put into the SAD himself. */
struct ipseci_gw_child *ipseci_gw_child_of(const struct ipsec_gw *gw, const struct ipsec_sa *sa);
/* Looks at the SA's child after the burst: limits, and the notice (0: none) the first time. */
void ipseci_gw_touch(struct ipsec_gw *gw, const struct ipsec_sa *sa, unsigned notice);
void ipseci_gw_untouch(struct ipsec_gw *gw, struct ipseci_gw_child *child);
/* A packet's own selectors, its source as local; false: it is no IP packet. */
bool ipseci_gw_flow_of(struct ipsec_view packet, struct ipsec_packet_selectors *out);
/* Asks for an acquire of the policy, unless there was one a moment ago. */
void ipseci_gw_want(struct ipsec_gw *gw, struct ipseci_gw_policy *policy, struct ipsec_view packet,
                    ipsec_ms now);
/* Gives the notices, moves and acquires that are due. */
void ipseci_gw_settle(struct ipsec_gw *gw, ipsec_ms now);

/* ---- gw_output.c: to the WAN and the LAN ----------------------------------------------------- */

/* The engine's send callback. */
void ipseci_gw_ike_send(void *user, struct ipsec_packet *datagram);
/* Sends those whose status is IPSEC_OK, in order, and counts. n is at most IPSECI_GW_BATCH. */
void ipseci_gw_wan_send(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n);
void ipseci_gw_lan_deliver(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n);
/* Counts a status that is an error: under its drop reason, or as another error. */
void ipseci_gw_count(uint64_t drops[IPSEC_DROP_REASONS], uint64_t *errors, int32_t status);
/* Refuses a whole burst that came from inside a callback. */
void ipseci_gw_refuse(struct ipsec_packet *const packets[], size_t n);

/* ---- gw_mtu.c: how large packets may be ------------------------------------------------------ */

/* A child whose SAs are there: what the path says of the SPI it sends with is about it, */
void ipseci_gw_mtu_enter(struct ipsec_gw *gw, struct ipseci_gw_child *child, uint32_t spi_out);
/* or no more; its SAs are still there. */
void ipseci_gw_mtu_forget(struct ipsec_gw *gw, const struct ipseci_gw_child *child);
/* The child has a path whose MTU nobody has told: the configured one. Its SAs are there. */
void ipseci_gw_mtu_start(const struct ipsec_gw *gw, struct ipseci_gw_child *child);
/* A packet that came without protection: is it ICMP about one of ours? */
void ipseci_gw_mtu_heard(struct ipsec_gw *gw, const struct ipsec_packet *packet, ipsec_ms now);
/* What the backend was told of a path. */
void ipseci_gw_mtu_told(struct ipsec_gw *gw, const struct ipsec_path_mtu *told, ipsec_ms now);
/* A packet that is to be sealed with its `sa`: is it to be handled below instead? */
bool ipseci_gw_mtu_exceeds(const struct ipsec_gw *gw, struct ipsec_packet *packet, ipsec_ms now);
/* Cuts and sends it, or tells its sender; sets its status and counts. */
void ipseci_gw_mtu_handle(struct ipsec_gw *gw, struct ipsec_packet *packet, ipsec_ms now);
/* An inner packet of either direction: a TCP SYN is kept from offering too much. */
void ipseci_gw_mtu_clamp(const struct ipsec_gw *gw, struct ipsec_packet *packet);
/* Takes scratch and by_spi, for a complete config. */
void ipseci_gw_mtu_layout(struct ipsec_gw *gw, struct ipseci_arena *arena,
                          const struct ipsec_gw_config *config);
void ipseci_gw_mtu_init(struct ipsec_gw *gw, ipsec_ms now);

/* ---- gw_tfc.c: what lengths and silence tell --------------------------------------------------
 */

/* A new child. IPSEC_ERR_NOT_BUILT_IN: it wants padding, and the build has none. */
enum ipsec_status ipseci_gw_tfc_start(struct ipseci_gw_child *child,
                                      const struct ipsec_child_sa *sa);
/* A packet that is to be sealed with its `sa`: fills it up as its child wants it. */
void ipseci_gw_tfc_fill(const struct ipsec_gw *gw, struct ipsec_packet *packet);

/* ---- gw_audit.c: packets that were dropped ----------------------------------------------------
 */

/* What is kept of a received packet while it is opened; spi 0: it came without ESP. */
struct ipseci_gw_received {
    uint32_t esp_at; /* from the content's start as it came */
    uint32_t spi;
    uint32_t sequence;
    uint32_t flow_label; /* outside */
};
/* Of a whole IP packet, at least its fixed header; 0: none. */
uint32_t ipseci_gw_flow_label(const struct ipsec_packet *packet);
/* Packets whose status is an error. */
void ipseci_gw_audit_in(struct ipsec_gw *gw, const struct ipsec_packet *packet,
                        const struct ipseci_gw_received *from, ipsec_ms now);
void ipseci_gw_audit_out(struct ipsec_gw *gw, const struct ipsec_packet *packet, ipsec_ms now);
/* So many came of this inbound SA with a wrong ICV. */
void ipseci_gw_audit_forged(struct ipsec_gw *gw, const struct ipsec_sa *sa, uint32_t count,
                            ipsec_ms now);
void ipseci_gw_audit_init(struct ipsec_gw *gw, ipsec_ms now);

/* ---- gw_fragments.c: datagrams that come in pieces ----------------------------------------------
 */

/* A received fragment, a whole IP packet by itself; sets its status: IPSEC_PENDING (kept),
 * IPSEC_DROP_FRAGMENT, IPSEC_DROP_FULL. The datagram when this was the last of it, good until
 * ipseci_gw_fragments_done; or NULL. */
struct ipsec_packet *ipseci_gw_fragment(struct ipsec_gw *gw, struct ipsec_packet *packet,
                                        ipsec_ms now);
void ipseci_gw_fragments_done(struct ipsec_gw *gw);
void ipseci_gw_fragments_layout(struct ipsec_gw *gw, struct ipseci_arena *arena,
                                const struct ipsec_gw_config *config);

/* ---- gw_in.c, gw_out.c ----------------------------------------------------------------------- */

/* At most IPSECI_GW_BATCH packets. */
void ipseci_gw_in(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n,
                  ipsec_ms now);
/* Looks at the SA after a packet was sealed with it. */
void ipseci_gw_after_seal(struct ipsec_gw *gw, const struct ipsec_packet *packet);
void ipseci_gw_out(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n,
                   ipsec_ms now);

#endif
