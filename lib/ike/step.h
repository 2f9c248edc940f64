/* SPDX-License-Identifier: Apache-2.0
 *
 * What a handler returns. A handler reads const state and fills a step; it can not send, set timers
 * or touch tables, so a step that fails leaves nothing half done. commit.c carries a step out.
 *
 * A handler that lacks a fact (an answer, a key exchange result) names it with ipseci_step_need and
 * returns; it is run again from its start when the fact is there. So handlers must be repeatable:
 * nothing in them may depend on how often they ran.
 */
#ifndef IPSECI_STEP_H
#define IPSECI_STEP_H

#include "ike_state.h"
#include "nat.h"
#include "notify.h"
#include "payload.h"
#include "rules.h"

enum ipseci_send {
    IPSECI_SEND_NOTHING = 0,
    IPSECI_SEND_REQUEST, /* the next one of this SA; it becomes the outstanding request */
    IPSECI_SEND_REPLY,   /* to the request in hand; it is stored for duplicates */
    IPSECI_SEND_ONCE     /* a reply without state (IKE_SA_INIT refusals) */
};

enum ipseci_action {
    IPSECI_ACT_PEER = 1 << 0,      /* sa->peer = peer */
    IPSECI_ACT_KEYS = 1 << 1,      /* suite, keys, spi_peer: the SA can seal and open */
    IPSECI_ACT_KEEP_INIT = 1 << 2, /* keep the received IKE_SA_INIT message and nonce for AUTH */
    IPSECI_ACT_NAT = 1 << 3,       /* nat result; the initiator floats to the NAT-T port */
    IPSECI_ACT_REMOTE_ID = 1 << 4, /* remote_id */
    IPSECI_ACT_ESTABLISH = 1 << 5, /* the IKE SA is authenticated */
    IPSECI_ACT_INITIAL_CONTACT = 1 << 6, /* drop our other SAs with these identities */
    IPSECI_ACT_RESTART = 1 << 7,         /* IKE_SA_INIT again, with cookie or group */
    IPSECI_ACT_NEW_CHILD = 1 << 8,       /* install new_child */
    IPSECI_ACT_NEW_IKE = 1 << 9,         /* make the rekeyed IKE SA from new_ike */
    IPSECI_ACT_RETRY_GROUP = 1 << 10,    /* CREATE_CHILD_SA again, with group */
    IPSECI_ACT_TEMPORARY = 1 << 11,      /* the peer said TEMPORARY_FAILURE: later again */
    IPSECI_ACT_TASK_FAILED = 1 << 12,    /* our request was refused: failure is filled */
    IPSECI_ACT_CHILD_LOST = 1 << 13,     /* the peer does not know the child we wanted rekeyed */
    IPSECI_ACT_REMOVE = 1 << 14,         /* remove[]: children the peer has deleted */
    IPSECI_ACT_CLOSE = 1 << 15,          /* close the IKE SA without telling, after sending */
    IPSECI_ACT_DELETE = 1 << 16,         /* close the IKE SA and tell the peer */
    IPSECI_ACT_REFUSED = 1 << 17,        /* an unprotected refusal: wait for better, not long */
    IPSECI_ACT_DELETE_CHILD = 1 << 18,   /* delete_spi: a child the peer has and we do not */
    IPSECI_ACT_CHILD_GONE = 1 << 19,     /* gone: the peer deleted them before we knew them */
    IPSECI_ACT_HINTS = 1 << 20,          /* the peer understands hints */
    IPSECI_ACT_FRAGMENTS = 1 << 21,      /* both ends take fragments */
    IPSECI_ACT_AUTH_FAILED = 1 << 22, /* the peer did not prove its identity: it is slowed down */
    IPSECI_ACT_LEASE = 1 << 24,       /* inner addresses: lease, config */
    IPSECI_ACT_WINDOW = 1 << 25,      /* the peer is told of our window */
    IPSECI_ACT_EAP = 1 << 23          /* another round of IKE_AUTH: eap_phase; keeps id_body */
};

struct ipseci_need {
    enum ipseci_need_kind kind;
    uint16_t group;
    struct ipsec_view peer_public;
    struct ipsec_peer_query peer;
    struct ipsec_id peer_remote_id; /* storage behind the query */
    struct ipsec_id peer_local_id;
    struct ipsec_secret_query secret;
    struct ipsec_eap_query eap;
    struct ipsec_lease_query lease;
    struct ipseci_auth_job auth; /* SIGN and VERIFY; views into the message in hand, or the slot */
};

struct ipseci_new_child {
    ipsec_handle slot;     /* an IPSECI_CHILD_NEW one that waits for this; 0: take one */
    ipsec_handle replaces; /* rekey */
    const struct ipsec_child_config *config;
    bool exchange_initiator; /* we sent the request that makes it */
    bool outbound_ready;
    bool no_tfc; /* the peer said ESP_TFC_PADDING_NOT_SUPPORTED */
    uint32_t spi_in;
    uint32_t spi_out;
    struct ipsec_suite suite;
    struct ipsec_selectors local_ts;
    struct ipsec_selectors remote_ts;
    struct ipseci_child_keys keys;
    uint8_t low_nonce[IPSECI_LOW_NONCE_BYTES]; /* the lower of the exchange's two nonces */
    bool narrowed;
};

struct ipseci_new_ike {
    bool initiator; /* we sent the request, so we are original initiator of the new SA */
    uint64_t spi_i;
    uint64_t spi_r;
    struct ipsec_suite suite;
    struct ipseci_ike_keys keys;
    uint8_t low_nonce[IPSECI_LOW_NONCE_BYTES];
};

/* What every handler touches stands first: near fields take shorter instructions on small machines.
 */
struct ipseci_step {
    enum ipsec_status drop; /* not OK: the message is dropped for it, nothing else happens */
    enum ipseci_send send;
    uint8_t exchange;
    uint8_t next_state; /* enum ipseci_ike_state; IPSECI_IKE_NEW: unchanged */
    uint8_t next_task;  /* our next request follows at once (IKE_AUTH after IKE_SA_INIT) */
    uint8_t reason;     /* enum ipsec_reason of a CLOSE */
    bool has_failure;
    bool has_lifetime;   /* lifetime_s */
    uint8_t mobility;    /* bits of enum ipseci_mobility */
    uint8_t redirect;    /* bits of enum ipseci_redirecting */
    uint8_t eap_phase;   /* enum ipseci_eap_phase */
    uint8_t peer_hashes; /* RFC 7427: set of 1 << enum ipseci_signature_hash */
    uint16_t group;
    uint32_t actions;  /* enum ipseci_action bits */
    uint32_t warnings; /* bits 1 << enum ipsec_warning */
    uint32_t quirks;   /* of the peer that the message was taken with: set of enum ipsec_quirk */
    uint32_t delete_spi;
    uint32_t lifetime_s;    /* of the authentication, as the peer says (RFC 4478) */
    uint32_t seen_by_peer;  /* of our address, see struct ipseci_path */
    struct ipseci_writer w; /* over the engine's body scratch; octet 0 names the first payload */
    struct ipseci_chain chain;
    const struct ipsec_peer *peer;
    struct ipsec_suite suite;
    struct ipseci_nat_result nat;
    uint64_t spi_peer;
    struct ipsec_view cookie;
    struct ipsec_view id_body; /* the peer's ID payload, when EAP begins */
    struct ipsec_view peer_nonce;

    struct ipsec_failure failure;
    struct ipseci_need need;
    uint32_t remove_count;
    ipsec_handle remove[IPSECI_DELETE_SPIS_MAX];
    struct ipseci_gone gone;
    struct ipseci_new_child new_child;
    struct ipseci_new_ike new_ike;
    struct ipseci_ike_keys keys;
    struct ipsec_id remote_id;
    struct ipseci_lease lease;
    uint32_t lease_number;
    struct ipsec_config_set config; /* what the peer assigned */
    struct ipsec_id gateway;        /* to follow, or to send the peer to (RFC 5685) */
    struct ipsec_addr redirected_from;
    struct ipsec_id id[3]; /* storage behind the failure's pointers, as what follows */
    struct ipsec_selectors ts[4];
    struct ipsec_proposals theirs;
    struct ipsec_proposals ours;
};

/* A received message, or what stands in for it when a parked one is taken up again. */
struct ipseci_message {
    struct ipseci_ike_header header;
    struct ipsec_view raw; /* the whole clear message, or the chain that was inside SK */
    uint16_t fragment;     /* its number, when it came in an SKF payload; 0: it did not */
    uint16_t fragments;    /* of so many */
    uint8_t first_inside;  /* first payload type inside SK */
    bool syntax_error;     /* authentic, but the chain inside is malformed */
    bool is_protected;
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
    struct ipseci_payloads payloads; /* of the clear message, or of what was inside SK */
};

struct ipseci_ke;

struct ipseci_context {
    const struct ipsec_ike *ike;
    const struct ipseci_ike_sa *sa;
    const struct ipseci_handshake *hs; /* NULL for INFORMATIONAL */
    const struct ipseci_message *in;   /* NULL when starting a request */
};

/* A handler. Anything below IPSEC_OK means a local failure (a provider, a full buffer): the step is
 * not carried out. What the peer did wrong is said in the step, not in the status. */
typedef enum ipsec_status (*ipseci_handler)(const struct ipseci_context *ctx,
                                            struct ipseci_step *step);

/* Starts the step's payload chain. */
void ipseci_step_begin(struct ipseci_step *step, enum ipseci_send send, uint8_t exchange);
/* Asks for a fact; true when it is already there. */
static inline bool ipseci_has(const struct ipseci_context *ctx, enum ipseci_need_kind kind)
{
    return (ctx->hs->facts.got & (1u << kind)) != 0;
}

/* Asks for a key exchange result (peer_public empty for a start); false when it is there. */
bool ipseci_step_lacks_ke(const struct ipseci_context *ctx, struct ipseci_step *step,
                          enum ipseci_need_kind kind, uint16_t group,
                          struct ipsec_view peer_public);
/* The group an INVALID_KE_PAYLOAD names; 0: none. */
uint16_t ipseci_notify_group(const struct ipseci_notify *notify);
/* The same when it may be followed: one we offered, not the one just refused, and not for ever; 0
 * otherwise (RFC 7296 1.2, 1.3, 2.6.1, INIT-21). */
uint16_t ipseci_group_to_try(const struct ipseci_handshake *hs, const struct ipseci_notify *notify);
void ipseci_step_nonce(struct ipseci_step *step, struct ipsec_view nonce);
void ipseci_step_ke(struct ipseci_step *step, uint16_t group, struct ipsec_view value);
void ipseci_step_notify(struct ipseci_step *step, uint16_t type, struct ipsec_view data);
/* RFC 7296 2.23: both ends' addresses as we see them; of a forced NAT what can not be. Nothing in a
 * build without SHA-1, as from a peer that does not know of it, and nothing where the peer's entry
 * says that there is no NAT. */
void ipseci_step_nat_detection(struct ipseci_step *step, const struct ipseci_context *ctx,
                               const struct ipseci_nat_path *path);
/* Tells the peer how many requests it may have under way, if that is more than it knows. */
void ipseci_step_window(struct ipseci_step *step, const struct ipseci_context *ctx);
/* A reply of nothing but this notify. */
void ipseci_step_refuse(struct ipseci_step *step, const struct ipseci_context *ctx, uint16_t type,
                        struct ipsec_view data);
/* The same without data. */
void ipseci_step_refuse_plain(struct ipseci_step *step, const struct ipseci_context *ctx,
                              uint16_t type);
/* Closes the IKE SA after a failure, without telling. */
void ipseci_step_close(struct ipseci_step *step);
/* The message's nonce and KE payload. IPSEC_DROP_PAYLOADS: there is none; else as parsed. */
enum ipsec_status ipseci_step_peer_nonce(const struct ipseci_context *ctx,
                                         struct ipsec_view *nonce);
enum ipsec_status ipseci_step_peer_ke(const struct ipseci_context *ctx, struct ipseci_ke *ke);
/* The refusal that names the group we want instead (RFC 7296 1.2, 1.3). */
void ipseci_step_refuse_group(struct ipseci_step *step, const struct ipseci_context *ctx,
                              uint16_t group);
/* Checks a protected request of an established SA against its rule: false when the step now holds
 * the refusal. RFC 7296 2.21.3: bad syntax inside a valid SK ends the SA on both ends (SK-09). */
bool ipseci_step_syntax(struct ipseci_step *step, const struct ipseci_context *ctx,
                        enum ipseci_rule rule);
/* Starts a failure report; fields that do not depend on the cause are filled. */
struct ipsec_failure *ipseci_step_fail(struct ipseci_step *step, const struct ipseci_context *ctx,
                                       enum ipsec_phase phase, enum ipsec_cause cause);
/* The first error notify of a message; 0: none. */
/* RFC 7296 3.10.1: an error that nobody has told us the meaning of. In an answer it says that the
 * request has failed entirely, whatever else the answer holds (INIT-33). */
bool ipseci_unknown_error(const struct ipseci_payloads *payloads, struct ipseci_notify *out);
uint16_t ipseci_error_notify(const struct ipseci_payloads *payloads, struct ipseci_notify *out);

/* diagnosis.c, or diagnosis_none.c, where they do nothing. */

/* What was compared: our list, as configured before what is not built in was left out (NULL: the
 * same), with flags as in choice.h. */
struct ipseci_lists {
    enum ipsec_protocol protocol;
    uint32_t flags;
    const struct ipsec_proposals *ours;
    const struct ipsec_proposals *configured;
};

/* The vendor ID that says we understand hints, and whether the peer has sent it. */
void ipseci_step_vendor(struct ipseci_step *step, const struct ipseci_context *ctx);
bool ipseci_knows_hints(const struct ipseci_payloads *payloads);
/* The hint notify with our proposals, when the peer is one of us. */
void ipseci_step_hint(struct ipseci_step *step, const struct ipseci_context *ctx,
                      const struct ipsec_proposals *ours);
/* Into the failure: both lists and the diff when we refuse the message's SA payload. */
void ipseci_step_explain_ours(struct ipseci_step *step, const struct ipseci_context *ctx,
                              const struct ipseci_lists *lists);
/* The same when the peer refuses: its list is that of its hint, or what its notify says of it. */
void ipseci_step_explain_theirs(struct ipseci_step *step, const struct ipseci_context *ctx,
                                const struct ipseci_lists *lists,
                                const struct ipseci_notify *notify);

/* The handlers, by exchange. Starts have no message. */
enum ipsec_status ipseci_sa_init_start(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_sa_init_request(const struct ipseci_context *ctx,
                                         struct ipseci_step *step);
enum ipsec_status ipseci_sa_init_response(const struct ipseci_context *ctx,
                                          struct ipseci_step *step);
enum ipsec_status ipseci_auth_start(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_auth_request(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_auth_response(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_eap_request(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_child_start(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_child_request(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_child_response(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_ike_rekey_start(const struct ipseci_context *ctx,
                                         struct ipseci_step *step);
enum ipsec_status ipseci_ike_rekey_request(const struct ipseci_context *ctx,
                                           struct ipseci_step *step);
enum ipsec_status ipseci_ike_rekey_response(const struct ipseci_context *ctx,
                                            struct ipseci_step *step);
enum ipsec_status ipseci_info_start(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_info_request(const struct ipseci_context *ctx, struct ipseci_step *step);
enum ipsec_status ipseci_info_response(const struct ipseci_context *ctx, struct ipseci_step *step);

#endif
