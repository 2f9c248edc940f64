/* SPDX-License-Identifier: Apache-2.0
 *
 * What the IKE engine tells its caller: events, and the failure report that ends every failed
 * negotiation.
 */
#ifndef IPSEC_EVENT_H
#define IPSEC_EVENT_H

#include <ipsec/auth.h>
#include <ipsec/proposal.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_peer;
struct ipsec_child_config;
struct ipsec_redirect_info;

/* ---- Failure report ----------------------------------------------------------------------- */

enum ipsec_phase {
    IPSEC_PHASE_START = 0, /* before the first packet */
    IPSEC_PHASE_IKE_SA_INIT = 1,
    IPSEC_PHASE_IKE_AUTH = 2,     /* authentication of the peers */
    IPSEC_PHASE_CHILD_CREATE = 3, /* the child of IKE_AUTH, or a further one */
    IPSEC_PHASE_CHILD_REKEY = 4,
    IPSEC_PHASE_IKE_REKEY = 5,
    IPSEC_PHASE_ESTABLISHED = 6
};

enum ipsec_cause {
    IPSEC_CAUSE_NO_CONNECTION = 1, /* no configured peer matches this address or these identities */
    IPSEC_CAUSE_NO_PROPOSAL = 2,   /* NO_PROPOSAL_CHOSEN */
    IPSEC_CAUSE_KE_GROUP = 3,      /* INVALID_KE_PAYLOAD with a group that is not acceptable */
    IPSEC_CAUSE_SELECTORS = 4,     /* TS_UNACCEPTABLE */
    IPSEC_CAUSE_AUTHENTICATION = 5, /* the secret or the method is wrong */
    IPSEC_CAUSE_IDENTITY = 6,     /* authenticated, or claimed, under another identity than set, or
                                     under one that is too long here */
    IPSEC_CAUSE_NOT_BUILT_IN = 7, /* configured algorithms that no provider here has */
    IPSEC_CAUSE_POLICY = 8,       /* local policy forbids it */
    IPSEC_CAUSE_SILENT_PEER = 9,  /* no answer after all retransmissions */
    IPSEC_CAUSE_PROTOCOL = 10,    /* the peer broke the protocol */
    IPSEC_CAUSE_RESOURCE = 11,    /* a table was full or a provider failed here */
    IPSEC_CAUSE_PEER_REFUSED = 12 /* another error notify from the peer */
};

enum ipsec_refuser {
    IPSEC_REFUSED_NOBODY = 0, /* silence */
    IPSEC_REFUSED_LOCAL = 1,
    IPSEC_REFUSED_PEER = 2
};

/* A question to our own caller, or work given to it, that was not answered in time. */
enum ipsec_question {
    IPSEC_QUESTION_NONE = 0,
    IPSEC_QUESTION_PEER = 1, /* find_peer */
    IPSEC_QUESTION_SECRET = 2,
    IPSEC_QUESTION_EAP = 3,
    IPSEC_QUESTION_LEASE = 4,
    IPSEC_QUESTION_JOB = 5,
    IPSEC_QUESTION_RESOLVE = 6
};

enum ipsec_diff_kind {
    IPSEC_DIFF_NO_OVERLAP = 1,  /* both ends name this type, but no common value */
    IPSEC_DIFF_KEY_LENGTH = 2,  /* same cipher, other key length */
    IPSEC_DIFF_ONLY_OURS = 3,   /* we require it, the peer does not offer the type (e.g. PFS) */
    IPSEC_DIFF_ONLY_THEIRS = 4, /* the peer requires it, we do not */
    IPSEC_DIFF_NOT_BUILT_IN = 5 /* would match, but no provider here has it */
};

/* One transform type in which the nearest pair of proposals differs. */
struct ipsec_diff {
    uint8_t type;                /* enum ipsec_transform_type */
    uint8_t kind;                /* enum ipsec_diff_kind */
    struct ipsec_transform ours; /* first of that type; type 0: none */
    struct ipsec_transform theirs;
};

#define IPSEC_DIFF_MAX 6

/* Ends every failed negotiation. Pointers are valid during the event only. */
struct ipsec_failure {
    enum ipsec_phase phase;
    enum ipsec_cause cause;
    enum ipsec_refuser refused_by;
    enum ipsec_status status; /* local reason, where there is one */
    uint16_t notify;          /* error notify sent or received, or the status notify that would have
                                 been needed (POLICY); 0: none */
    bool initiator;           /* our role in the exchange that failed */
    bool authenticated;       /* false: the peer's refusal was not protected, take it as a hint */
    const struct ipsec_peer *peer; /* NULL: no connection matched */
    const struct ipsec_child_config *child;
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
    const struct ipsec_proposals *ours;     /* NULL: not a matter of proposals */
    const struct ipsec_proposals *theirs;   /* NULL: the peer did not say */
    bool theirs_cut;                        /* more than fits was offered */
    const struct ipsec_proposals *built_in; /* NOT_BUILT_IN: what could be used instead; or NULL */
    uint32_t nearest_ours;                  /* indices of the pair the diff speaks of */
    uint32_t nearest_theirs;
    uint32_t diff_count;
    struct ipsec_diff diff[IPSEC_DIFF_MAX];
    const struct ipsec_selectors *our_local_ts; /* SELECTORS */
    const struct ipsec_selectors *our_remote_ts;
    const struct ipsec_selectors *their_local_ts; /* as the peer proposed, seen from us; or NULL */
    const struct ipsec_selectors *their_remote_ts;
    const struct ipsec_id *our_id; /* AUTHENTICATION, IDENTITY, NO_CONNECTION; or NULL */
    const struct ipsec_id *their_id;
    const struct ipsec_id *expected_id;
    uint16_t id_length;   /* IDENTITY: octets of the peer's when they are more than
                             IPSEC_ID_BYTES_MAX; their_id has its type only. 0: they are not */
    uint8_t auth_ours;    /* AUTHENTICATION: enum ipsec_auth of our own proof */
    uint8_t auth_wanted;  /* enum ipsec_auth the peer should have used */
    uint8_t auth_method;  /* and the method of its AUTH payload (RFC 7296 3.8); 0: none */
    uint8_t cert_problem; /* enum ipsec_cert_problem; 0: its certificate is good, or not needed */
    uint8_t waited_for;   /* RESOURCE: enum ipsec_question */
    uint32_t attempts;    /* datagrams sent for nothing (SILENT_PEER) */
    uint64_t duration_ms; /* how long it took */
};

/* The report in plain English, within one screen (at most 24 lines of at most 100 columns): which
 * side refused, what each offered, what differs, and what to set on which box. Always
 * NUL-terminated; cut with "..." when the room is too small. No secret is ever in it; peer octets
 * are escaped. */
#define IPSEC_FAILURE_TEXT_MAX 2400
IPSEC_API void ipsec_failure_text(const struct ipsec_failure *failure, char *text, size_t capacity);

/* One word for machines: "no-proposal", "silent-peer" ... */
IPSEC_API const char *ipsec_cause_name(enum ipsec_cause cause);

/* ---- Messages ----------------------------------------------------------------------------- */

#define IPSEC_MESSAGE_PAYLOADS_MAX 24

/* One IKE message as it crossed the engine; what a message ladder shows. */
struct ipsec_message_info {
    bool outbound;
    bool response;
    bool from_initiator; /* original initiator of the IKE SA (I flag) */
    bool retransmission; /* sent again, or a duplicate received */
    uint8_t exchange;    /* IANA exchange type */
    uint32_t message_id;
    uint64_t spi_i;
    uint64_t spi_r;
    uint32_t length;    /* octets of the IKE message, or of this fragment */
    uint16_t fragment;  /* number of the fragment (RFC 7383); 0: it is not one. The payloads of the
                           message are with the one that came or left last */
    uint16_t fragments; /* of so many */
    uint8_t payload_count;
    struct ipsec_message_payload {
        uint8_t type;    /* IANA payload type */
        uint8_t inside;  /* 1: inside SK or SKF */
        uint16_t notify; /* notify type of an N payload */
        uint16_t length;
    } payload[IPSEC_MESSAGE_PAYLOADS_MAX];
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
};

#define IPSEC_MESSAGE_TEXT_MAX 400
/* "-> IKE_SA_INIT request 0, 464 octets: SA KE Ni N(NAT_DETECTION_SOURCE_IP) ..." */
IPSEC_API void ipsec_message_text(const struct ipsec_message_info *message, char *text,
                                  size_t capacity);
/* "IKE_AUTH", "SA", "NO_PROPOSAL_CHOSEN"; unknown numbers give "?" */
IPSEC_API const char *ipsec_exchange_name(uint8_t exchange);
IPSEC_API const char *ipsec_payload_name(uint8_t payload);
IPSEC_API const char *ipsec_notify_name(uint16_t notify);

/* ---- SAs ---------------------------------------------------------------------------------- */

enum ipsec_ike_sa_phase {
    IPSEC_IKE_OPENING = 1, /* before authentication */
    IPSEC_IKE_ESTABLISHED = 2,
    IPSEC_IKE_REPLACED = 3, /* rekeyed, waits for its delete */
    IPSEC_IKE_CLOSING = 4
};

struct ipsec_ike_sa_info {
    ipsec_handle sa;
    enum ipsec_ike_sa_phase phase;
    bool initiator; /* original initiator */
    const struct ipsec_peer *peer;
    uint64_t spi_i;
    uint64_t spi_r;
    struct ipsec_suite suite;
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
    struct ipsec_id local_id;
    struct ipsec_id remote_id;
    bool nat_local;       /* a NAT in front of us */
    bool nat_remote;      /* a NAT in front of the peer */
    bool mobike;          /* both ends support it: ipsec_ike_move is possible */
    ipsec_ms established; /* time of the engine's clock */
    ipsec_ms rekey_due;
    ipsec_ms ends;
    uint32_t rekeys; /* how often its keys were renewed, over all generations */
    uint32_t children;
};

enum ipsec_child_phase {
    IPSEC_CHILD_OPENING = 1,
    IPSEC_CHILD_INSTALLED = 2,
    IPSEC_CHILD_REPLACED = 3, /* inbound open until its delete */
    IPSEC_CHILD_CLOSING = 4
};

struct ipsec_child_info {
    ipsec_handle child;
    ipsec_handle ike_sa;
    enum ipsec_child_phase phase;
    const struct ipsec_peer *peer;
    const struct ipsec_child_config *config;
    uint32_t spi_in;
    uint32_t spi_out;
    struct ipsec_suite suite; /* ke: the group of its own exchange (PFS); 0: none */
    struct ipsec_selectors local_ts;
    struct ipsec_selectors remote_ts;
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
    bool udp_encapsulation;
    ipsec_ms established;
    ipsec_ms rekey_due;
    ipsec_ms ends;
    uint32_t rekeys;
};

/* ---- Inner addresses ---------------------------------------------------------------------- */

#define IPSEC_CONFIG_DNS_MAX     4
#define IPSEC_CONFIG_SUBNETS_MAX 8

struct ipsec_prefix {
    struct ipsec_addr addr;
    uint8_t bits;
};

/* What a responder gives to an initiator with IKE_AUTH: RFC 7296 2.19, 3.15. */
struct ipsec_config_set {
    uint32_t lease;         /* the giver's own number for it, which comes back with `release` */
    struct ipsec_addr ipv4; /* family NONE: none */
    uint8_t ipv4_bits;      /* of the network it is in; 0: not said */
    struct ipsec_addr ipv6;
    uint8_t ipv6_bits;
    uint32_t dns_count;
    struct ipsec_addr dns[IPSEC_CONFIG_DNS_MAX];
    uint32_t subnet_count; /* what the giver protects */
    struct ipsec_prefix subnet[IPSEC_CONFIG_SUBNETS_MAX];
};

/* ---- Events ------------------------------------------------------------------------------- */

enum ipsec_event_type {
    IPSEC_EVENT_MESSAGE = 1,           /* message: a message was sent, or received and accepted */
    IPSEC_EVENT_IKE_ESTABLISHED = 2,   /* ike; old_sa: the one whose place it takes, when it was
                                          reauthenticated */
    IPSEC_EVENT_IKE_REKEYED = 3,       /* ike: the new SA; old_sa: the one it replaces */
    IPSEC_EVENT_IKE_CLOSED = 4,        /* ike, reason */
    IPSEC_EVENT_CHILD_ESTABLISHED = 5, /* child; also an old one that is in use again, as the peer
                                          could not take the one it was rekeyed to */
    IPSEC_EVENT_CHILD_REKEYED = 6,     /* child: the new one; old_child */
    IPSEC_EVENT_CHILD_CLOSED = 7,      /* child, reason */
    IPSEC_EVENT_FAILURE = 8,           /* failure */
    IPSEC_EVENT_WARNING = 9,           /* warning */
    IPSEC_EVENT_REKEY_FAILED = 10,     /* ike_sa or child_sa, seconds_left; a rekey, or setting up
                                          the IKE SA anew; tried again till hard limit */
    IPSEC_EVENT_DROP = 11,             /* status, remote: a datagram was dropped */
    IPSEC_EVENT_ADDRESS_CHANGED = 12,  /* ike; old_local, old_remote: outer addresses before, which
                                          are in ike now; its children follow */
    IPSEC_EVENT_CONFIG = 13,           /* config: what the peer has assigned to us, before the first
                                          child; ike. It holds until the IKE SA that followed from
                                          this one by rekeys, or was set up in its place, is
                                          closed */
    IPSEC_EVENT_RETRY = 14,     /* next_try, tries: a peer that is kept up will be called then
                                  (status: why it could not be now), or, with child, that
                                  child asked for (`restart`). next_try NEVER: the peer is not
                                  kept up any more, as it can not be called: status */
    IPSEC_EVENT_REDIRECTED = 15 /* redirect (redirect.h), ike_sa, old_sa, remote */
};

enum ipsec_reason {
    IPSEC_REASON_LOCAL = 1,           /* we were told to */
    IPSEC_REASON_PEER = 2,            /* the peer deleted it */
    IPSEC_REASON_TIMEOUT = 3,         /* no answer */
    IPSEC_REASON_LIFETIME = 4,        /* hard limit */
    IPSEC_REASON_REPLACED = 5,        /* rekeyed, reauthenticated, or a duplicate that lost */
    IPSEC_REASON_INITIAL_CONTACT = 6, /* the peer has forgotten it */
    IPSEC_REASON_FAILURE = 7,         /* an error; a failure event came before */
    IPSEC_REASON_IDLE = 8,            /* no packets for idle_ms */
    IPSEC_REASON_REDIRECTED = 9       /* another gateway is called in its place */
};

enum ipsec_warning {
    IPSEC_WARNING_WEAK_GROUP = 1,  /* group 24 or another RFC 8247 SHOULD NOT was negotiated */
    IPSEC_WARNING_WEAK_SECRET = 2, /* a short pre-shared key */
    IPSEC_WARNING_CLOCK = 3,       /* the caller's clock stepped back */
    IPSEC_WARNING_NARROWED = 4,    /* the peer narrowed the selectors */
    IPSEC_WARNING_NO_PFS = 5,      /* rekeyed without PFS though a group is configured */
    IPSEC_WARNING_NULL_CIPHER = 6, /* traffic is authenticated, not encrypted */
    /* Many first contacts or half-open IKE SAs: everybody has to bring a cookie (RFC 7296 2.6). */
    IPSEC_WARNING_COOKIES_ON = 7,
    IPSEC_WARNING_COOKIES_OFF = 8, /* that is over, since 10 seconds */
    IPSEC_WARNING_QUIRK = 9        /* quirks: habits of the peer that a message was taken with */
};
IPSEC_API const char *ipsec_warning_text(enum ipsec_warning warning);
IPSEC_API const char *ipsec_reason_text(enum ipsec_reason reason);

struct ipsec_event {
    enum ipsec_event_type type;
    ipsec_ms now;
    ipsec_handle ike_sa;
    ipsec_handle child_sa;
    ipsec_handle old_sa;
    ipsec_handle old_child;
    const struct ipsec_peer *peer; /* may be NULL */
    const struct ipsec_message_info *message;
    const struct ipsec_failure *failure;
    const struct ipsec_ike_sa_info *ike;
    const struct ipsec_child_info *child;
    const struct ipsec_config_set *config;
    const struct ipsec_redirect_info *redirect;
    enum ipsec_reason reason;
    enum ipsec_warning warning;
    uint32_t quirks; /* of IPSEC_WARNING_QUIRK: set of enum ipsec_quirk, of one message */
    enum ipsec_status status;
    uint32_t seconds_left;
    uint32_t tries; /* so far, in a row */
    ipsec_ms next_try;
    struct ipsec_endpoint remote;
    struct ipsec_endpoint old_local;
    struct ipsec_endpoint old_remote;
};

#ifdef __cplusplus
}
#endif

#endif
