/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers and children: what the caller configures (the peer authorization database, RFC 4301 4.4.3).
 */
#ifndef IPSEC_PEER_H
#define IPSEC_PEER_H

#include <ipsec/auth.h>
#include <ipsec/proposal.h>

#ifdef __cplusplus
extern "C" {
#endif

/* When an SA is renewed and when it ends. Lifetimes are local: they are never negotiated, the two
 * ends may differ, and whichever end is earlier rekeys (RFC 7296 2.8). */
struct ipsec_lifetime {
    uint64_t hard_ms;        /* the SA ends; 0: 3,600,000 */
    uint64_t soft_ms;        /* rekey starts; 0: 90 % of hard_ms */
    uint32_t jitter_percent; /* up to this part of each soft limit earlier, at random; 0: 10 */
    /* Child SAs only, each direction counted by itself. Soft 0: 90 % of the hard one. Hard 0, and
     * both when they are beyond: what a key of the suite may be used for (ipsec_key_limits). */
    uint64_t bytes_soft;
    uint64_t bytes_hard;
    uint64_t packets_soft;
    uint64_t packets_hard;
    /* Child SAs only: inbound packets that failed their ICV, from which on a new SA is wanted; 0,
     * and all beyond: what a key of the suite stands. One rekey is all that so many cause. */
    uint32_t forgeries_soft;
};

/* When a child is wanted. */
enum ipsec_start {
    IPSEC_START_ALWAYS = 0,   /* as soon as its IKE SA is up */
    IPSEC_START_ON_DEMAND = 1 /* when ipsec_ike_acquire asks for it, or the peer */
};

#define IPSEC_TFC_MTU UINT16_MAX

/* One Child SA (tunnel) to have with a peer. The struct and what it points at must stay unchanged
 * until ipsec_ike_forget_peer. */
struct ipsec_child_config {
    uint32_t size;
    const char *name;
    const struct ipsec_proposals *proposals; /* ESP; NULL: defaults. A group in it: PFS on rekey */
    struct ipsec_selectors local_ts;
    struct ipsec_selectors remote_ts;
    bool local_dynamic;  /* our side is the address that the peer assigns (request_config), within
                            local_ts when that is not empty; without an address there is no child */
    bool remote_dynamic; /* the same of the peer's side and the address that `lease` gave it */
    struct ipsec_lifetime lifetime;
    /* enum ipsec_mode. TRANSPORT: between the two hosts themselves, whose addresses the selectors
     * hold; in that mode or not at all (RFC 7296 1.3.1). Behind a NAT each end has the addresses
     * that it sees in its selectors (2.23.1); of several hosts behind one NAT, the child made last
     * sends. A peer with such a child gets no MOBIKE, which moves tunnels (RFC 4555 1.2). Where one
     * entry of a peer matches several hosts, each has its own child; but every one of them may then
     * be any address of remote_ts at which it gets the answer to IKE_SA_INIT (later the engine
     * follows it as `follow` says): give each identity its own entry, with its own address in
     * remote_ts, where that is too much (RFC 4301 4.4.3). Packets to more than one host of an entry
     * are looked up among all children. */
    uint8_t mode;
    /* Of the path to the peer, IP header included; 0: nobody knows, until the path says so. Inner
     * packets that would be larger when sealed are cut before, or refused with an ICMP message to
     * their sender where they must not be cut. Needs a build with path_mtu. */
    uint16_t mtu;
    bool fragment_after; /* packets that may be cut are sealed whole, and cut by the carrier; those
                            whose later pieces do not fit the selectors (ports) in any case */
    bool clamp_mss;      /* TCP connections through the child offer no larger segments than fit */
    /* Inner packets are filled up to so many octets before they are sealed, and never beyond the
     * child's MTU, so that their lengths tell less (RFC 4303 2.7); IPSEC_TFC_MTU: up to that MTU,
     * where it is known. 0: not at all. Tunnels only; not to a peer that said it takes none
     * (ESP_TFC_PADDING_NOT_SUPPORTED). Needs a build with traffic_flow. */
    uint16_t tfc;
    uint32_t replay_window;            /* 0: 128 */
    struct ipsec_header_rules headers; /* how outer headers are made from inner ones */
    uint8_t ttl;      /* of outer headers, where these are the gateway's (IPSEC_OUTER_IP); 0: 64 */
    bool prove_pfs;   /* the end that initiates rekeys the child at once, when it was made without a
                         key exchange of its own (in IKE_AUTH) and the proposals have a group: a
                         mismatch of the groups is reported now, and not at the first rekey */
    uint32_t idle_ms; /* closed when no packet went either way for so long, and at most twice
                         as long; needs child_stats. 0: never */
    uint8_t start;    /* enum ipsec_start, of the initiator */
    bool restart;     /* made again while the IKE SA is up when it could not be made, was deleted
                         by the peer or came to its hard end: after 1 s, then twice as long each
                         time up to a minute, until one has lasted a minute */
    void *user;
};
#define IPSEC_CHILD_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_child_config)

#define IPSEC_LIVENESS_OFF  UINT32_MAX
#define IPSEC_KEEPALIVE_OFF UINT32_MAX

/* When a new outer address or port of the peer, seen on a new authentic IKE message or on an ESP
 * packet newer than all before, is taken over without an exchange about it. Never while MOBIKE is
 * in use, which has such an exchange (RFC 4555 3.8). */
enum ipsec_follow {
    IPSEC_FOLLOW_DEFAULT = 0, /* we are in the open, the peer is behind a NAT (RFC 7296 2.23) */
    IPSEC_FOLLOW_NEVER = 1,
    IPSEC_FOLLOW_PORT = 2, /* as DEFAULT, but the address must stay what it is */
    IPSEC_FOLLOW_ANY = 3   /* NAT or not, address and port */
};

/* What to ask the peer for with IKE_AUTH (RFC 7296 2.19). */
enum ipsec_config_wish {
    IPSEC_CONFIG_IPV4 = 1, /* an inner address */
    IPSEC_CONFIG_IPV6 = 2,
    IPSEC_CONFIG_DNS = 4,
    IPSEC_CONFIG_SUBNETS = 8 /* what it protects */
};

/* An IKE SA that has no child at first (RFC 6023). As responder the entry that the peer's address
 * finds decides, because it is said before anybody has a name. */
enum ipsec_childless {
    IPSEC_CHILDLESS_DEFAULT =
        0, /* responder: allowed; initiator: when no child is wanted at once */
    IPSEC_CHILDLESS_NEVER = 1,
    IPSEC_CHILDLESS_ALWAYS = 2 /* every child has an exchange of its own, with its own key exchange
                                  where its proposals have a group; a responder makes none in
                                  IKE_AUTH */
};

/* Habits of other implementations, outside of the RFCs or at their edge, that harm nobody. One met
 * in a message is reported by IPSEC_WARNING_QUIRK. ipsec_quirk_text says what each one relaxes. */
enum ipsec_quirk {
    IPSEC_QUIRK_FORTIGATE = 1, /* Key Length 256 on ChaCha20-Poly1305 */
    IPSEC_QUIRK_CISCO_ASA = 2, /* integrity NONE beside an AEAD, wanted back in the answer */
    IPSEC_QUIRK_MIKROTIK = 4,  /* a group in the ESP proposals of IKE_AUTH */
    IPSEC_QUIRK_WINDOWS = 8,   /* relaxes nothing: numbers for private use are passed over anyway */
    IPSEC_QUIRK_AZURE = 16     /* relaxes nothing: children without PFS are the proposals' affair */
};
#define IPSEC_QUIRKS_ALL  31u
#define IPSEC_QUIRKS_NONE 0x80000000u /* the RFCs to the letter */

/* "fortigate", "cisco-asa" ...; NULL for anything but one quirk. */
IPSEC_API const char *ipsec_quirk_name(uint32_t quirk);
/* Who has it and what is relaxed for it, in a line without full stop; NULL likewise. */
IPSEC_API const char *ipsec_quirk_text(uint32_t quirk);
/* Reads a name in lower case. IPSEC_ERR_SYNTAX: no such name; IPSEC_ERR_ARGUMENT: NULL; *quirk is
 * unchanged then. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_quirk_parse(const char *name, uint32_t *quirk);

/* Whether a MOBIKE peer has to prove that it receives at a new address (RFC 4555 3.7). */
enum ipsec_routability {
    IPSEC_ROUTABILITY_BEFORE = 0, /* before traffic goes there; no child is made meanwhile */
    IPSEC_ROUTABILITY_AFTER = 1,  /* traffic goes there at once; without an answer the SA ends */
    IPSEC_ROUTABILITY_OFF = 2     /* a peer that is trusted not to flood others */
};

/* Which redirects of the peer, to another gateway in its place, are followed (RFC 5685), when we
 * are the one that calls. See redirect.h. */
enum ipsec_redirects {
    IPSEC_REDIRECTS_NEVER = 0,
    IPSEC_REDIRECTS_AUTHENTICATED = 1, /* from a peer that has proven who it is: in IKE_AUTH, and
                                          later. A gateway that does so in IKE_SA_INIT only can not
                                          be used */
    IPSEC_REDIRECTS_ANY = 2            /* and in IKE_SA_INIT, which nothing protects but that the
                                          sender must have seen our request */
};

/* One peer (an entry of the peer authorization database, RFC 4301 4.4.3). Must stay unchanged until
 * ipsec_ike_forget_peer. */
struct ipsec_peer {
    uint32_t size;
    const char *name;
    struct ipsec_endpoint local;  /* address to use; port 0: 500 */
    struct ipsec_endpoint remote; /* family NONE: responder only, any address; port 0: 500 */
    uint16_t remote_natt_port;    /* where the peer takes UDP-encapsulated traffic; 0: 4500 */
    struct ipsec_id local_id;     /* NONE: the local address */
    struct ipsec_id remote_id;    /* NONE: any identity (the proof still has to be right) */
    uint8_t local_auth;           /* enum ipsec_auth: how we prove who we are */
    uint8_t remote_auth;          /* how the peer must; the two may differ. EAP: the initiator
                                     proves itself by EAP; on both sides EAP: by EAP alone
                                     (RFC 5998), with a method that makes a key */
    const struct ipsec_credential *credential; /* SIGNATURE: what we show and sign with */
    const struct ipsec_trust *trust; /* SIGNATURE: who may vouch for the peer; NULL: nobody */
    uint32_t remote_signatures;      /* set of 1 << enum ipsec_signature that the peer may use; 0:
                                        all but RSA_SHA1 */
    const struct ipsec_proposals *proposals; /* IKE; NULL: defaults */
    struct ipsec_lifetime lifetime;          /* of the IKE SA */
    uint64_t reauth_ms; /* how long an authentication is good for; 0: for ever. The end that began
                           sets up a new IKE SA with all its children before that, after 90 % of
                           the time less jitter (RFC 7296 2.8.3), or earlier when the peer wants it
                           (RFC 4478); the old one goes when the new one is up. The end that was
                           called says its time to the other, and calls itself when only 5 % are
                           left, if it can. Then the IKE SA ends; rekeys do not prolong it.
                           Needs a build with reauthentication */
    const struct ipsec_child_config *children; /* the first that is wanted at once is made with
                                                  IKE_AUTH, the others after it, in order */
    size_t child_count;                        /* 0: a childless IKE SA */
    uint8_t childless;                         /* enum ipsec_childless */
    uint8_t request_config;   /* initiator: set of enum ipsec_config_wish; the answer is an event */
    uint32_t liveness_ms;     /* probe after such a silence; 0: 30,000; IPSEC_LIVENESS_OFF: never */
    uint32_t keepalive_ms;    /* when behind a NAT, one octet after such a silence of ours, to keep
                                 its mapping; 0: 20,000; IPSEC_KEEPALIVE_OFF (RFC 3948 4) */
    uint8_t follow;           /* enum ipsec_follow; MOBIKE updates that it rules out are refused:
                                 all for NEVER, other addresses for PORT */
    uint8_t routability;      /* enum ipsec_routability */
    uint8_t follow_redirects; /* enum ipsec_redirects */
    bool no_mobike;           /* do not support MOBIKE (RFC 4555), whose use needs both ends, and
                                 children that are all tunnels */
    bool no_nat;              /* NATs are attacks: no NAT traversal, and MOBIKE protects addresses
                                 (RFC 4555 3.9) */
    /* Other addresses of ours, told to the peer by MOBIKE, at most 4; tried, too, when it is
     * silent.
     */
    const struct ipsec_addr *other_local;
    size_t other_local_count;
    bool force_encapsulation; /* ESP in UDP even without a NAT (RFC 7296 2.23) */
    bool no_initial_contact;  /* do not send INITIAL_CONTACT */
    bool several_ike_sas;     /* let more than one IKE SA with the same identities stay: without
                                 this, when two came up because both ends began, the end that began
                                 the one with the lower SPI deletes it */
    bool no_fragmentation;    /* neither offer nor take IKE fragments (RFC 7383) */
    uint32_t quirks; /* set of enum ipsec_quirk; 0: all of them; IPSEC_QUIRKS_NONE: none. In
                        IKE_SA_INIT those of the entry that the address finds hold */
    void *user;
};
#define IPSEC_PEER_INIT IPSEC_STRUCT_INIT(struct ipsec_peer)

#ifdef __cplusplus
}
#endif

#endif
