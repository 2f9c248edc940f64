/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the XFRM sink share.
 */
#ifndef XFRM_STATE_H
#define XFRM_STATE_H

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include <ipsec/backend_xfrm.h>

#define XFRM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A request, an answer or a burst of events; the longest SA has 1.2 kB. */
#define XFRM_MESSAGE_BYTES 8192
/* SAs of a program that was killed outlive their time by so much. */
#define XFRM_GRACE_S 60
/* Sequence numbers left out when an SA moves: what went out while it was copied can not meet. */
#define XFRM_MOVE_GAP 65536u

/* ---- Selectors ------------------------------------------------------------------------------- */

/* One pair of prefixes, as a kernel policy has it, seen from this gateway. Compared as octets. */
struct xfrm_pair {
    uint8_t local[16];
    uint8_t remote[16];
    uint8_t family;
    uint8_t local_bits;
    uint8_t remote_bits;
    uint8_t protocol;
    uint16_t local_port; /* of ICMP the type, whoever sends */
    uint16_t local_mask;
    uint16_t remote_port; /* of ICMP the code */
    uint16_t remote_mask;
};

_Static_assert(sizeof(struct xfrm_pair) == 44, "no octets that nobody sets");

struct xfrm_pairs {
    uint32_t count;
    struct xfrm_pair item[IPSEC_XFRM_SELECTORS_MAX];
};

/* xfrm_pairs.c. IPSEC_ERR_ARGUMENT (OPAQUE, ICMP ranges the kernel can not have, nothing in
 * common), IPSEC_ERR_FULL, with *why a constant text. */
enum ipsec_status ipseci_xfrm_pairs(const struct ipsec_selectors *local,
                                    const struct ipsec_selectors *remote, struct xfrm_pairs *out,
                                    const char **why);
/* dir: XFRM_POLICY_OUT, IN or FWD. */
void ipseci_xfrm_pair_put(const struct xfrm_pair *pair, int dir, struct xfrm_selector *out);

/* ---- What is installed ----------------------------------------------------------------------- */

struct xfrm_group;

/* One selector pair that a group wants. Those of several groups that are equal are one policy in
 * the kernel, which serves the group with the newest sender. */
struct xfrm_want {
    struct xfrm_pair pair;
    struct xfrm_group *group; /* NULL: free */
    bool installed;           /* our policies for this pair are in the kernel */
    struct xfrm_want *in_bucket;
    struct xfrm_want *in_group; /* the next one; of a free one, too */
};

/* One SA as events name it. */
struct xfrm_name {
    uint32_t spi;
    struct xfrm_child *child;
    struct xfrm_name *in_bucket;
};

struct xfrm_child {
    ipsec_handle child; /* IKE's; 0: free */
    struct xfrm_group *group;
    uint64_t order; /* the highest of a group sends; 0: does not send */
    struct xfrm_name in;
    struct xfrm_name out;
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
    bool udp_encapsulation;
    struct xfrm_child *in_bucket; /* by IKE's handle; the next free one */
    struct xfrm_child *in_group;
};

/* Children of one configuration with the same selectors: they stand for each other. The reqid ties
 * policies to them, so that no SA carries what another one is for. The SAs that send have the next
 * number: a policy that waits for an SA finds none that is not to be sent with. */
struct xfrm_group {
    const struct ipsec_peer *peer; /* NULL: free */
    const struct ipsec_child_config *config;
    struct ipsec_selectors local_ts;
    struct ipsec_selectors remote_ts;
    uint32_t reqid;
    uint32_t priority;
    uint32_t acquire; /* the kernel's number of what waits; 0: nothing */
    bool trap; /* there without children, from ipsec_xfrm_add_peer; of a child with a dynamic side
                  it wants nothing, and has the place in the order only */
    struct xfrm_child *children;
    struct xfrm_want *wants;
    struct xfrm_group *next; /* of those in use, in order of making; of the free ones */
};

struct ipsec_xfrm {
    struct ipsec_xfrm_config config;
    struct ipsec_xfrm_link link;
    struct ipsec_sa_sink sink;
    struct ipsec_ike *ike;
    struct ipsec_xfrm_counters counters;
    uint32_t sequence; /* of requests */
    uint32_t next_reqid;
    uint32_t next_priority;
    uint64_t order;
    size_t buckets; /* a power of two */
    struct xfrm_child **by_child;
    struct xfrm_name **by_spi;
    struct xfrm_want **by_pair;
    struct xfrm_group *groups; /* in use */
    struct xfrm_child *free_children;
    struct xfrm_want *free_wants;
    struct xfrm_group *free_groups;
    struct xfrm_child *all_children; /* the blocks, for close */
    struct xfrm_want *all_wants;
    struct xfrm_group *all_groups;
    struct xfrm_sockets *sockets; /* xfrm_link.c; NULL: the caller's link */
    char why[IPSEC_XFRM_TEXT_MAX];
};

/* ---- xfrm_suite.c: algorithms by the kernel's names ------------------------------------------ */

struct xfrm_suite {
    const char *aead; /* NULL: cipher and integrity */
    const char *cipher;
    const char *integ;
    uint16_t icv_bits;
};
/* False: Linux has none. */
bool ipseci_xfrm_suite(const struct ipsec_suite *suite, struct xfrm_suite *out);

/* ---- xfrm_message.c: requests as octets ------------------------------------------------------ */

/* Holds keys: wiped when it was sent. */
struct xfrm_message {
    union {
        struct nlmsghdr header;
        uint8_t octets[XFRM_MESSAGE_BYTES];
    } u;
    bool overflow; /* something had no room */
};

/* An SA to install. */
struct xfrm_sa {
    const struct ipsec_child_sa *child;
    const struct xfrm_pair *only; /* the one pair it may carry; NULL: several, policies tell */
    bool outbound;
    uint32_t reqid;
    uint32_t acquire;
};
/* The policies of a pair in one direction. */
struct xfrm_policy_terms {
    const struct xfrm_pair *pair;
    int dir;
    uint32_t priority;
    bool block;              /* nothing passes; the rest is unused */
    uint8_t mode;            /* enum ipsec_mode */
    uint32_t reqid;          /* of the SA */
    uint32_t spi;            /* 0: any of that reqid */
    struct ipsec_addr local; /* of the SA, outbound */
    struct ipsec_addr remote;
};

void ipseci_xfrm_message_wipe(struct xfrm_message *m);
void ipseci_xfrm_put_new_sa(const struct ipsec_xfrm *xfrm, const struct xfrm_sa *sa,
                            struct xfrm_message *m);
/* type: XFRM_MSG_DELSA or XFRM_MSG_GETSA. */
void ipseci_xfrm_put_sa_id(const struct ipsec_xfrm *xfrm, uint16_t type, uint32_t spi,
                           const struct ipsec_addr *destination, struct xfrm_message *m);
/* type: XFRM_MSG_NEWPOLICY or XFRM_MSG_UPDPOLICY. */
void ipseci_xfrm_put_policy(const struct ipsec_xfrm *xfrm, uint16_t type,
                            const struct xfrm_policy_terms *terms, struct xfrm_message *m);
void ipseci_xfrm_put_policy_id(const struct ipsec_xfrm *xfrm, const struct xfrm_pair *pair, int dir,
                               struct xfrm_message *m);
void ipseci_xfrm_put_addr(const struct ipsec_addr *addr, xfrm_address_t *out);
void ipseci_xfrm_put_encap(const struct ipsec_endpoint *source,
                           const struct ipsec_endpoint *destination, struct xfrm_message *m);
void ipseci_xfrm_put_attr(struct xfrm_message *m, uint16_t type, size_t length, const void *data);

/* ---- xfrm_request.c: asking the kernel ------------------------------------------------------- */

/* Sends, takes the answer, and wipes the message. `what` says what was tried, for xfrm->why. */
enum ipsec_status ipseci_xfrm_do(struct ipsec_xfrm *xfrm, struct xfrm_message *m, const char *what);
/* For what is given up anyway: a failure changes neither xfrm->why nor the counters. */
void ipseci_xfrm_do_quietly(struct ipsec_xfrm *xfrm, struct xfrm_message *m);
/* The same for a GET: the answer is left in m, and the caller wipes it. */
enum ipsec_status ipseci_xfrm_ask(struct ipsec_xfrm *xfrm, struct xfrm_message *m,
                                  const char *what);
/* Sets xfrm->why. */
enum ipsec_status ipseci_xfrm_refuse(struct ipsec_xfrm *xfrm, enum ipsec_status status,
                                     const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Quietly: it may have come to its end. */
void ipseci_xfrm_delete_sa(struct ipsec_xfrm *xfrm, uint32_t spi,
                           const struct ipsec_addr *destination);

/* ---- xfrm_group.c, xfrm_policy.c ------------------------------------------------------------- */

struct xfrm_group *ipseci_xfrm_group_find(const struct ipsec_xfrm *xfrm,
                                          const struct ipsec_peer *peer,
                                          const struct ipsec_child_config *config,
                                          const struct ipsec_selectors *local,
                                          const struct ipsec_selectors *remote);
/* A new one, with its wants (none for an empty side), and nothing in the kernel yet. */
enum ipsec_status ipseci_xfrm_group_make(struct ipsec_xfrm *xfrm, const struct ipsec_peer *peer,
                                         const struct ipsec_child_config *config,
                                         const struct ipsec_selectors *local,
                                         const struct ipsec_selectors *remote, uint32_t priority,
                                         struct xfrm_group **out);
/* Its policies go, or serve another group. */
void ipseci_xfrm_group_drop(struct ipsec_xfrm *xfrm, struct xfrm_group *group);
/* Brings the kernel's policies of all its pairs in line with who sends now. */
enum ipsec_status ipseci_xfrm_group_refresh(struct ipsec_xfrm *xfrm,
                                            const struct xfrm_group *group);
/* The child of a group that sends, or NULL. */
struct xfrm_child *ipseci_xfrm_sender(const struct xfrm_group *group);
/* The one that ipsec_xfrm_add_peer made for this child; NULL: the peer was not added. */
struct xfrm_group *ipseci_xfrm_trap_of(const struct ipsec_xfrm *xfrm, const struct ipsec_peer *peer,
                                       const struct ipsec_child_config *config);
/* The group whose policies have this reqid, or NULL. */
struct xfrm_group *ipseci_xfrm_group_of(const struct ipsec_xfrm *xfrm, uint32_t reqid);

/* The policies of a pair serve this want's group from now on. fresh: none of ours is there yet. All
 * directions or none. */
enum ipsec_status ipseci_xfrm_policy_set(struct ipsec_xfrm *xfrm, const struct xfrm_want *want,
                                         bool fresh);
void ipseci_xfrm_policy_remove(struct ipsec_xfrm *xfrm, const struct xfrm_pair *pair);

/* ---- xfrm_child.c, xfrm_move.c, xfrm_event.c, xfrm_link.c ------------------------------------ */

struct xfrm_child *ipseci_xfrm_child_find(const struct ipsec_xfrm *xfrm, ipsec_handle child);
/* The child that an SA belongs to, as the kernel names it; NULL: not ours. inbound: which of the
 * two. */
struct xfrm_child *ipseci_xfrm_child_of(const struct ipsec_xfrm *xfrm, uint32_t spi,
                                        const xfrm_address_t *destination, uint16_t family,
                                        bool *inbound);
void ipseci_xfrm_child_functions(struct ipsec_sa_sink *sink);
enum ipsec_status ipseci_xfrm_rules_check(const struct ipsec_child_config *config,
                                          const char **why);
enum ipsec_status ipseci_xfrm_move(struct ipsec_xfrm *xfrm, struct xfrm_child *child,
                                   const struct ipsec_child_update *update);

enum ipsec_status ipseci_xfrm_link_open(struct ipsec_xfrm *xfrm, char *why);
void ipseci_xfrm_link_close(struct ipsec_xfrm *xfrm);

#endif
