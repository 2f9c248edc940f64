/* SPDX-License-Identifier: Apache-2.0
 *
 * The Linux kernel as data plane: what IKE negotiates is installed as SAs and policies (XFRM, by
 * netlink), and the kernel seals and opens the packets itself. Needs CAP_NET_ADMIN and a kernel
 * with ESP (CONFIG_INET_ESP, CONFIG_INET6_ESP, CONFIG_XFRM_USER).
 *
 *     ipsec_xfrm_open(&config, &xfrm, why);
 *     gateway.sink = ipsec_xfrm_sink(xfrm);          the gateway keeps IKE, the kernel has ESP
 *     ipsec_gw_init(..., &gateway, now, &gw);
 *     ipsec_xfrm_attach(xfrm, ipsec_gw_ike(gw));
 *     ipsec_xfrm_add_peer(xfrm, &peer);              from here on nothing leaves in clear
 *     ipsec_xfrm_socket(fd, family, natt, why);      for each UDP socket of IKE
 *     for (;;) { ipsec_gw_run(...); ipsec_xfrm_events(xfrm, now); }
 *
 * What the kernel can not do, against the library's own data plane: suites with an implicit IV (RFC
 * 8750); selectors for OPAQUE ports; DF set, DSCP mapped or to a value of one's own; ESP in UDP on
 * an SA that was made without, and the other way round (RFC 7296 2.23 wants both). Routes are the
 * program's business: a packet needs one to get as far as its policy.
 *
 * Uses the heap in open. One object is used from one thread at a time, that of the engine.
 */
#ifndef IPSEC_BACKEND_XFRM_H
#define IPSEC_BACKEND_XFRM_H

#include <ipsec/esp.h>
#include <ipsec/ike.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_xfrm;

/* How netlink messages travel; for tests, and for programs that have a netlink socket already. */
struct ipsec_xfrm_link {
    uint32_t size;
    void *context;
    /* Sends one request of NETLINK_XFRM and waits for the message that answers it: an NLMSG_ERROR,
     * or what a GET asks for. Keeps neither: requests and answers may hold keys. IPSEC_OK, or
     * IPSEC_ERR_IO. */
    enum ipsec_status (*request)(void *context, const void *message, size_t length, void *answer,
                                 size_t capacity, size_t *answered);
    /* The next datagram of the kernel's events (ACQUIRE, EXPIRE, MAPPING), without waiting.
     * IPSEC_OK; IPSEC_ERR_AGAIN: none; IPSEC_ERR_FULL: some were lost; IPSEC_ERR_IO. */
    enum ipsec_status (*event)(void *context, void *buffer, size_t capacity, size_t *length);
    int fd; /* readable when `event` has something; -1: none */
};
#define IPSEC_XFRM_LINK_INIT IPSEC_STRUCT_INIT(struct ipsec_xfrm_link)

struct ipsec_xfrm_config {
    uint32_t size;
    uint32_t child_max;  /* Child SA pairs, old ones during a rekey included; 0: 32 */
    uint32_t policy_max; /* selector pairs, as the kernel has them; 0: 256 */
    uint32_t priority;   /* of the first policy added; later ones come after it. 0: 0x10000 */
    uint32_t reqid;      /* the first to use; 0: 0x100000 */
    uint32_t if_id;      /* of an xfrm interface, for SAs and policies; 0: none */
    uint32_t mark;       /* of SAs and policies, with its mask; mask 0: none */
    uint32_t mark_mask;
    const struct ipsec_xfrm_link *link; /* copied; NULL: the kernel's own */
};
#define IPSEC_XFRM_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_xfrm_config)

/* What a `why` has room for, at least. */
#define IPSEC_XFRM_TEXT_MAX 256

/* The most kernel policies that the selectors of one child become. The kernel knows prefixes, so a
 * range of addresses or ports is several. */
#define IPSEC_XFRM_SELECTORS_MAX 64

/* Opens the netlink sockets and asks the kernel whether it has ESP, by an SA that goes at once.
 * config may be NULL. `why` (IPSEC_XFRM_TEXT_MAX octets, or NULL) says what is missing in plain
 * words. IPSEC_ERR_IO (no NETLINK_XFRM), IPSEC_ERR_FORBIDDEN (needs CAP_NET_ADMIN),
 * IPSEC_ERR_NOT_BUILT_IN (no ESP), IPSEC_ERR_MEMORY, IPSEC_ERR_ARGUMENT, IPSEC_ERR_STRUCT_SIZE. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_xfrm_open(const struct ipsec_xfrm_config *config,
                                                             struct ipsec_xfrm **xfrm, char *why);

/* Takes all its SAs and policies out of the kernel and closes the sockets. The engine goes first,
 * as it removes its children. NULL is allowed. */
IPSEC_API void ipsec_xfrm_close(struct ipsec_xfrm *xfrm);

/* For ipsec_gw_config.sink, or to be called from an engine's callbacks; valid until close. What
 * child_add refuses with: IPSEC_ERR_NOT_BUILT_IN (the kernel lacks the algorithm, or has none for
 * this suite), IPSEC_ERR_FORBIDDEN (CAP_NET_ADMIN was given up), IPSEC_ERR_STATE (SPI or selectors
 * belong to somebody else), IPSEC_ERR_ARGUMENT (selectors or rules the kernel can not have),
 * IPSEC_ERR_FULL (child_max, policy_max, IPSEC_XFRM_SELECTORS_MAX), IPSEC_ERR_IO. Nothing is left
 * in the kernel then; ipsec_xfrm_why has it in words.
 *
 * Soft and hard limits by octets and packets are the kernel's, which tells of them; times are the
 * engine's. SAs have a hard time of a minute more than the child's, so that those of a program that
 * was killed go by themselves. */
IPSEC_API const struct ipsec_sa_sink *ipsec_xfrm_sink(const struct ipsec_xfrm *xfrm);

/* The last refusal in words, "" when there was none; valid until the next call. */
IPSEC_API const char *ipsec_xfrm_why(const struct ipsec_xfrm *xfrm);

/* Who is told of the kernel's events, and asked for children on demand. NULL: nobody. */
IPSEC_API void ipsec_xfrm_attach(struct ipsec_xfrm *xfrm, struct ipsec_ike *ike);

/* Installs the policies of a peer's children, in their order, before there is any SA: a packet
 * outbound makes the engine bring its child up, where that starts on demand, and is dropped; one
 * inbound in clear is dropped (RFC 4301 5.1, 5.2). Without a remote address to call, packets
 * outbound are dropped. Children with a dynamic side have policies with their SAs only. The structs
 * must stay until ipsec_xfrm_remove_peer. All or nothing; errors as of child_add, and
 * IPSEC_ERR_STATE (added before). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_xfrm_add_peer(struct ipsec_xfrm *xfrm,
                                                                 const struct ipsec_peer *peer);
/* Takes them away. Its SAs have to be gone (ipsec_ike_forget_peer): IPSEC_ERR_STATE.
 * IPSEC_ERR_NOT_FOUND. */
IPSEC_API enum ipsec_status ipsec_xfrm_remove_peer(struct ipsec_xfrm *xfrm,
                                                   const struct ipsec_peer *peer);

/* Readable when the kernel has events. -1: none. */
IPSEC_API int ipsec_xfrm_fd(const struct ipsec_xfrm *xfrm);
/* Takes what has come: packets that wait for an SA (ipsec_ike_acquire), limits reached
 * (ipsec_ike_child_notice), peers behind another NAT mapping (ipsec_ike_child_moved). Not from a
 * callback of the engine. IPSEC_OK, IPSEC_ERR_FULL (the kernel dropped some: they come again, as
 * limits do with the next packet), IPSEC_ERR_IO. */
IPSEC_API enum ipsec_status ipsec_xfrm_events(struct ipsec_xfrm *xfrm, ipsec_ms now);

/* Lets a socket of IKE's own past all policies, or IKE could not speak where a policy protects its
 * addresses (RFC 4301 5.1); natt: and hands ESP in UDP on it to the kernel (RFC 3948). family: enum
 * ipsec_family, of the socket. IPSEC_ERR_FORBIDDEN, IPSEC_ERR_IO; `why` as in open. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_xfrm_socket(int fd, uint8_t family, bool natt,
                                                               char *why);

/* Whether the kernel could have this child at all, to be said before anything is negotiated:
 * selectors and header rules. IPSEC_ERR_ARGUMENT or IPSEC_ERR_FULL, and `why`. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_xfrm_check_child(const struct ipsec_child_config *child, char *why);
/* Whether Linux has a name for the algorithms of an ESP suite; a kernel may still lack them. */
IPSEC_API bool ipsec_xfrm_has_suite(const struct ipsec_suite *suite);

struct ipsec_xfrm_counters {
    uint64_t acquires;         /* packets that waited for an SA, */
    uint64_t acquires_refused; /* and those for which the engine could not begin */
    uint64_t soft_limits;
    uint64_t hard_limits;
    uint64_t moves;          /* of NAT mappings */
    uint64_t strange_events; /* of SAs and policies that are not ours, or malformed */
    uint64_t lost_events;    /* times that the kernel dropped some */
    uint64_t failures;       /* requests refused */
};
IPSEC_API void ipsec_xfrm_counters(const struct ipsec_xfrm *xfrm, struct ipsec_xfrm_counters *out);

#ifdef __cplusplus
}
#endif

#endif
