/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's state. Handlers (exchange_*.c) see it const; it is changed only by commit.c and by
 * the files that own a part of it: window.c, tasks.c, lifetimes.c, child_table.c, sa_table.c.
 */
#ifndef IPSECI_IKE_STATE_H
#define IPSECI_IKE_STATE_H

#include "bucket.h"
#include "facade.h"
#include "hash.h"
#include "ike_header.h"
#include "ike_keys.h"
#include "ike_limits.h"
#include "pool.h"
#include "source.h"
#include "timer.h"

#include <ipsec/ike.h>

enum ipseci_ike_state {
    IPSECI_IKE_NEW = 0,
    IPSECI_IKE_INIT_SENT,    /* initiator: IKE_SA_INIT is out */
    IPSECI_IKE_REFUSED,      /* initiator: got an unprotected refusal, waits for better */
    IPSECI_IKE_INIT_REPLIED, /* responder: half-open */
    IPSECI_IKE_AUTH_SENT,    /* initiator: IKE_AUTH is out (or its secret is awaited) */
    IPSECI_IKE_ESTABLISHED,
    IPSECI_IKE_REPLACED, /* rekeyed; its children are with the new one */
    IPSECI_IKE_CLOSING   /* our delete is out, or about to be */
};

/* What our one outstanding request is about (window of one, RFC 7296 2.3). */
enum ipseci_task {
    IPSECI_TASK_NONE = 0,
    IPSECI_TASK_SA_INIT,
    IPSECI_TASK_AUTH,
    IPSECI_TASK_CHILD_CREATE,
    IPSECI_TASK_CHILD_REKEY,
    IPSECI_TASK_CHILD_DELETE,
    IPSECI_TASK_IKE_REKEY,
    IPSECI_TASK_IKE_DELETE,
    IPSECI_TASK_PROBE,
    IPSECI_TASK_UPDATE, /* our addresses (RFC 4555) */
    IPSECI_TASK_CHECK,  /* is the peer where it says? */
    IPSECI_TASK_REDIRECT
};

enum ipseci_child_state {
    IPSECI_CHILD_NEW = 0, /* wanted, not negotiated */
    IPSECI_CHILD_INSTALLED,
    IPSECI_CHILD_REPLACED, /* a newer one is in use; inbound open until the delete */
    IPSECI_CHILD_CLOSING,  /* out of the sink or about to be; our delete is due or out */
    IPSECI_CHILD_LINGERING /* deleted on both ends; inbound still open for stragglers */
};

enum ipseci_timer_kind {
    IPSECI_TIMER_EXCHANGE = 1, /* IKE SA: retransmission, half-open, refused */
    IPSECI_TIMER_LIFE,         /* IKE SA: rekey, hard end, liveness */
    IPSECI_TIMER_CHILD,        /* child: rekey, hard end, retry, linger */
    IPSECI_TIMER_GATE,         /* the engine: cookies are demanded until then */
    IPSECI_TIMER_KEEP_UP       /* kept-up peer: look after it */
};

/* A message kept for sending again: small ones in place, others in a pool buffer. */
struct ipseci_stored {
    ipsec_handle buffer;
    uint16_t small_length;
    uint8_t small[IPSECI_SMALL_BYTES];
    uint32_t since; /* low half of the time */
};

struct ipseci_buffer {
    uint32_t length;
    uint32_t reserved;
    uint8_t data[]; /* message_bytes */
};

/* Inner addresses: what we gave to the peer, or it to us. */
struct ipseci_lease {
    bool given; /* by us: `release` is due */
    bool has_ipv4;
    bool has_ipv6;
    uint8_t ipv4[4];
    uint8_t ipv6[16];
};

struct ipseci_ike_sa {
    ipsec_handle self;
    uint8_t state;      /* enum ipseci_ike_state */
    uint8_t task;       /* enum ipseci_task: our outstanding request */
    bool initiator : 1; /* original initiator of this IKE SA */
    bool keys_ready : 1;
    bool nat_local : 1;
    bool nat_remote : 1;
    bool peer_hints : 1; /* the peer is an ipsec-core that understands our hint notify */
    bool peer_busy : 1;  /* a request of the peer waits for a question or a job */
    bool want_rekey : 1;
    bool want_delete : 1;
    bool want_probe : 1;
    bool half_open : 1;       /* in by_init and counted */
    bool strayed : 1;         /* IKE_AUTH came from another address than IKE_SA_INIT */
    bool wide : 1;            /* the peer knows our window: several requests may be under way */
    bool fragments : 1;       /* both ends take fragments (RFC 7383) */
    bool redirectable : 1;    /* we have begun, and take redirects (RFC 5685), */
    bool takes_redirects : 1; /* or the peer has, and does */
    bool first : 1;           /* we began the first IKE SA of this line of rekeyed ones */
    bool proven : 1;          /* the peer is known to have it, too */
    bool is_heir : 1;         /* we began it to take the place of another */
    bool crossed : 1;         /* and the peer another one at that time */
    uint32_t lacks;           /* children of the peer that are always wanted and found no room, a
                                 bit each; the last: all from the 32nd on */
    uint8_t follow;           /* enum ipseci_task to start at once, with the handshake it has */
    uint8_t tries;            /* sendings of the outstanding request */
    uint8_t temporary;        /* TEMPORARY_FAILURE in a row */
    uint8_t reason;           /* enum ipsec_reason of a close under way */
    uint32_t rekeys;
    uint32_t elder_rank; /* the highest of those that we left for it; see rank */
    uint64_t spi_i;
    uint64_t spi_r;
    uint64_t init_key; /* in by_init while half-open: the address may change meanwhile */
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
    const struct ipsec_peer *peer;
    struct ipsec_suite suite;
    uint8_t sk_d[IPSEC_PRF_BYTES_MAX]; /* secret */
    uint8_t mobile;                    /* bits of enum ipseci_mobile */
    ipsec_handle path;                 /* struct ipseci_path, where we decide on addresses */
    uint32_t sent_at;                  /* last sending on the NAT mapping: low half of the time, */
    uint32_t sent_packets;             /* and of the outbound ESP packets counted when last seen */
    uint32_t lease_number;             /* the caller's, of a given lease */
    struct ipseci_aead seal;
    struct ipseci_aead open;
    uint64_t iv_counter; /* AEAD suites: next explicit IV */

    uint32_t request_id;  /* of our next request, or of the outstanding one */
    uint32_t expected_id; /* of the peer's next request */
    struct ipseci_stored request;
    struct ipseci_stored reply;

    ipsec_handle task_child;    /* child our request is about */
    uint32_t foreign_spi;       /* ours of a child the peer has, and we have no room for; 0: none */
    ipsec_handle own_handshake; /* of our outstanding exchange (or the initial ones) */
    ipsec_handle peer_handshake;                     /* of the peer's request being worked on */
    ipsec_handle child_first;                        /* list through ipseci_child.next */
    ipsec_handle collision;                          /* IKE SA the peer's colliding rekey made */
    ipsec_handle elder;                              /* IKE SA whose place it takes; see reauth.h */
    uint32_t rank;                                   /* among duplicates: the lower leaves */
    ipsec_handle heir_of;                            /* the IKE SA whose collision this one is */
    uint8_t collision_nonce[IPSECI_LOW_NONCE_BYTES]; /* its lower nonce, cut to this many octets */

    struct ipsec_id remote_id;
    struct ipseci_lease lease;
    uint32_t heard_packets; /* inbound ESP packets counted when last looked at: low half */
    struct ipseci_timer exchange_timer;
    struct ipseci_timer life_timer;
    ipsec_ms started;
    ipsec_ms established;
    ipsec_ms rekey_due;
    ipsec_ms reauth_due; /* with a new IKE SA (RFC 4478) */
    ipsec_ms auth_ends;  /* and the end of what this authentication is good for */
    ipsec_ms ends;
    ipsec_ms last_heard; /* last protected message from the peer, or proof of ESP from it */
};

/* What the end that decides on an IKE SA's addresses (RFC 4555) remembers. */
struct ipseci_path {
    struct ipsec_endpoint old_local; /* last accepted, while an update is due or out */
    struct ipsec_endpoint old_remote;
    uint32_t seen_by_peer; /* our address, as the first octets of the peer's hash of it */
    bool probing;          /* a silent peer is looked for on other paths */
    uint8_t next;          /* of them */
    uint8_t retries;       /* updates refused for an unexpected NAT, in a row; the most and one
                              more: and the old addresses have been told again */
    uint8_t count;
    struct ipsec_addr peer[IPSECI_ADDITIONAL_MAX]; /* its further addresses */
};

/* A peer that is to have an IKE SA with us. */
struct ipseci_keep_up {
    const struct ipsec_peer *peer;
    ipsec_ms next;  /* no try before */
    uint32_t tries; /* of ours in a row that did not last */
    bool gave_way;  /* to a call from where the peer is, since the last try */
    struct ipseci_timer timer;
};

/* What is remembered of redirects (RFC 5685): of a peer that has sent us elsewhere, or of an IKE SA
 * whose peer is to be sent. */
struct ipseci_redirect {
    const struct ipsec_peer *peer; /* that has sent us; NULL: its peer is to be sent */
    ipsec_handle sa;               /* that calls the new gateway, or whose peer is to be sent */
    ipsec_handle leaves; /* an IKE SA to delete when `sa` is up with its children; 0: none */
    bool out;            /* the peer is told, and has not answered */
    uint8_t count;       /* times, at most so many; the oldest stands at `next` */
    uint8_t next;
    ipsec_ms at[IPSECI_REDIRECTS_MAX];
    struct ipsec_id to;
};

struct ipseci_child {
    ipsec_handle self;
    ipsec_handle ike_sa;
    ipsec_handle next;     /* of the same IKE SA */
    ipsec_handle replaces; /* while it waits for proof */
    uint8_t state;         /* enum ipseci_child_state */
    bool initiator : 1;    /* we began the exchange that made it */
    bool in_sink : 1;
    bool outbound_ready : 1;
    bool want_create : 1;
    bool want_rekey : 1;
    bool want_delete : 1;
    bool without_pfs : 1; /* flag of the wanted rekey */
    bool proving : 1;     /* that rekey comes early, to show that it can be done */
    uint8_t temporary;
    uint8_t reason;   /* enum ipsec_reason */
    uint8_t restarts; /* times it was made again in a row */
    uint32_t rekeys;
    uint32_t idle_packets; /* both ways together, when last looked at, */
    uint32_t idle_since;   /* low half of that time */
    uint32_t spi_in;
    uint32_t spi_out;
    const struct ipsec_child_config *config;
    struct ipsec_suite suite;
    struct ipsec_selectors local_ts; /* NEW: those of the packet that wants it, if any */
    struct ipsec_selectors remote_ts;
    struct ipseci_timer timer;
    ipsec_ms established;
    ipsec_ms rekey_due; /* NEW: when it is to be asked for */
    ipsec_ms ends;
    ipsec_handle collision; /* child that the peer's colliding rekey of this one made */
    uint8_t collision_nonce[IPSECI_LOW_NONCE_BYTES];
};

/* Heavy work on its way. Touches nothing but itself while it is out. */
enum ipseci_job_kind {
    IPSECI_JOB_NONE = 0,
    IPSECI_JOB_KE_START,
    IPSECI_JOB_KE_RESPOND,
    IPSECI_JOB_KE_FINISH,
    IPSECI_JOB_SIGN,
    IPSECI_JOB_VERIFY
};

/* A signature to make, or a chain and a signature to check. Views point into the handshake slot,
 * which stays while the job is out. */
struct ipseci_auth_job {
    uint8_t how;   /* enum ipsec_signature */
    uint8_t kind;  /* VERIFY: enum ipsec_key_kind the key must be of; */
    uint16_t bits; /* and its length, where the method says so; 0: any */
    uint8_t maced_id_length;
    uint8_t maced_id[IPSEC_PRF_BYTES_MAX]; /* prf(SK_p, ID body): the last part of what is signed */
    struct ipsec_view message;             /* the signer's IKE_SA_INIT message */
    struct ipsec_view nonce;               /* the other end's */
    struct ipsec_private_key *key;         /* SIGN */
    const struct ipsec_trust *trust;       /* VERIFY */
    struct ipsec_id id;
    int64_t wall_time;
    bool fixed_width; /* the signature is r | s, not DER (RFC 4754) */
    uint8_t certificate_count;
    uint8_t crl_count;
    struct ipsec_view certificate[IPSEC_CERTIFICATES_MAX];
    struct ipsec_view crl[IPSECI_CRLS_MAX];
    struct ipsec_view signature;
};

struct ipsec_job {
    uint8_t kind;   /* enum ipseci_job_kind */
    bool out;       /* the caller has it */
    bool abandoned; /* its handshake ended meanwhile; release when it comes back */
    uint16_t group;
    ipsec_handle handshake;
    const struct ipsec_ike_config *config; /* the engine's: providers */
    enum ipsec_status status;
    struct ipseci_ke_state ke;
    uint16_t peer_length;
    uint16_t public_length;
    uint16_t secret_length;
    uint8_t peer_public[IPSEC_KE_PUBLIC_MAX];
    uint8_t public_value[IPSEC_KE_PUBLIC_MAX];
    uint8_t secret[IPSEC_KE_SECRET_MAX]; /* secret */
    struct ipseci_auth_job auth;
    uint16_t signature_length;
    uint8_t signature[IPSEC_SIGNATURE_BYTES_MAX];
    struct ipsec_cert_result cert;
};

enum ipseci_need_kind {
    IPSECI_NEED_NOTHING = 0,
    IPSECI_NEED_PEER,
    IPSECI_NEED_SECRET,
    IPSECI_NEED_KE_START,
    IPSECI_NEED_KE_RESPOND,
    IPSECI_NEED_KE_FINISH,
    IPSECI_NEED_SIGN,
    IPSECI_NEED_VERIFY,
    IPSECI_NEED_EAP,
    IPSECI_NEED_LEASE,
    IPSECI_NEED_RESOLVE,
    IPSECI_NEED_REDIRECT
};

/* Facts a handler has asked for; got says which are there. */
struct ipseci_facts {
    uint32_t got; /* bits 1 << enum ipseci_need_kind */
    enum ipsec_status peer_status;
    enum ipsec_status secret_status;
    enum ipsec_status ke_status;
    enum ipsec_status sign_status;
    enum ipsec_status eap_status;
    enum ipsec_status verify_status;
    enum ipsec_status lease_status;
    enum ipsec_status resolve_status;
    const struct ipsec_peer *lease_peer;
    bool lease_open;                  /* given, and not with an IKE SA yet: `release` is due */
    bool lease_shared;                /* with an IKE SA, which has to release it */
    uint8_t cert_problem;             /* enum ipsec_cert_problem */
    enum ipsec_status install_status; /* what the sink or a table said to the last attempt */
    const struct ipsec_peer *peer;
    struct ipsec_secret secret; /* secret */
    struct ipsec_config_set lease;
};

/* Octets kept with a length. */
struct ipseci_kept {
    uint8_t *data; /* message_bytes, carved with the slot */
    uint32_t length;
};

enum ipseci_eap_phase {
    IPSECI_EAP_NONE = 0,
    IPSECI_EAP_RUNNING,
    IPSECI_EAP_SUCCEEDED /* what is left is AUTH with the key it made */
};

#define IPSECI_ID_BODY_MAX (4 + IPSEC_ID_BYTES_MAX)

/* IKE_AUTH in several rounds. */
struct ipseci_eap_session {
    uint8_t phase; /* enum ipseci_eap_phase */
    uint8_t rounds;
    uint8_t first_type;     /* first payload type of `first` */
    uint8_t id_body_length; /* the peer's ID payload, as AUTH covers it */
    uint8_t id_body[IPSECI_ID_BODY_MAX];
    struct ipseci_kept first;  /* responder: the request that began it, whose child is made last */
    struct ipseci_kept packet; /* what the caller answered; the reply points here */
    struct ipsec_eap_reply reply; /* secret: the MSK */
};

/* The peer's SPIs of children it has deleted and we have not heard of. */
struct ipseci_gone {
    uint32_t count;
    uint32_t spi[IPSECI_DELETE_SPIS_MAX];
};

/* A large slot: taken after the gate, wiped and returned when the exchange ends. */
struct ipseci_context;
struct ipseci_step;

struct ipseci_handshake {
    ipsec_handle self;
    ipsec_handle sa;
    uint8_t task;     /* enum ipseci_task: whose handlers serve it */
    bool from_peer;   /* the peer's request */
    bool reserves_sa; /* a slot for the IKE SA that our rekey makes */
    uint8_t waiting;  /* enum ipseci_need_kind that is out; 0: none */
    uint8_t restarts;
    bool refusal_reported;
    bool without_pfs;
    bool has_message; /* its handler works on `parked`, not on nothing */
    bool parked_protected;
    uint8_t parked_first; /* first payload type of a protected one */
    uint8_t cookie_length;
    uint8_t peer_hashes; /* set of IPSECI_HASH_* the peer can check signatures with (RFC 7427) */
    uint16_t group;      /* of the KE payload we send */
    uint16_t peer_nonce_length;
    uint32_t token;
    uint32_t child_spi; /* ours for a new child */
    uint64_t spi;       /* ours for a new IKE SA */
    uint64_t source; /* key of the prefix an IKE_SA_INIT request came from; 0: another exchange */
    ipsec_handle child;                      /* the one our request is about */
    const struct ipsec_child_config *config; /* of the child it makes; NULL: none (RFC 6023) */
    /* the handler to run again when the fact is there */
    enum ipsec_status (*handler)(const struct ipseci_context *ctx, struct ipseci_step *step);
    struct ipseci_kept own_init;       /* our IKE_SA_INIT message, as sent */
    struct ipseci_kept peer_init;      /* the peer's */
    struct ipseci_kept parked;         /* what came (decrypted chain), while something is out */
    uint8_t nonce[IPSECI_NONCE_BYTES]; /* ours */
    struct ipseci_facts facts;
    struct ipseci_eap_session eap;
    struct ipseci_gone gone; /* deleted by the peer before its answer came to us */
    struct ipsec_id gateway; /* RFC 5685: to call, by a name; or to send the peer to; NONE */
    struct ipsec_addr redirected_from;
    struct ipseci_ike_header parked_header;
    struct ipsec_endpoint parked_local;
    struct ipsec_endpoint parked_remote;
    uint8_t cookie[64];
    uint8_t peer_nonce[256];
    struct ipseci_ike_keys keys; /* secret; of the initial exchanges */
    struct ipsec_job job;
    struct ipsec_proposals offered; /* what we offer, or our list: built-in ones only */
};

struct ipseci_cookie_secret {
    uint64_t key[2];
    ipsec_ms since;
    uint8_t version;
};

struct ipseci_message;

struct ipsec_ike {
    ipsec_ms now;
    bool busy;                      /* inside a public call */
    bool lacks_children;            /* an IKE SA may lack some */
    struct ipseci_step *step;       /* scratch */
    struct ipseci_message *message; /* scratch */
    uint8_t *body;                  /* scratch: payloads of the message being built */
    uint8_t *out;                   /* scratch: non-ESP marker room and message */
    uint32_t half_open;
    uint32_t reserved_sas;  /* slots of IKE SAs that our own rekeys will need */
    uint32_t touched_count; /* IKE SAs to schedule before the public call returns */
    ipsec_handle touched[IPSECI_TOUCHED_MAX];
    uint32_t token_next;
    struct ipseci_timer_queue timers;
    struct ipsec_ike_config config; /* completed: no zero means default any more */
    struct ipseci_pool sas;
    struct ipseci_pool children;
    struct ipseci_pool handshakes;
    struct ipseci_pool buffers;
    struct ipseci_pool reassemblies;
    struct ipseci_pool paths;
    struct ipseci_pool kept;           /* struct ipseci_keep_up */
    struct ipseci_redirect *redirects; /* config.redirect_max */
    uint32_t *answered_ahead; /* window > 1, by SA slot: bit n: request expected_id + 1 + n */
    struct ipseci_stored *more_replies; /* window - 1 for each SA slot; see peer_window.c */
    ipsec_handle whole;                 /* the set that the message in hand lies in; 0: none */
    struct ipseci_hash by_spi;          /* our IKE SPI -> SA */
    struct ipseci_hash by_init;         /* initiator's SPI and address -> half-open SA */
    struct ipseci_hash by_esp;          /* our ESP SPI -> child */
    struct ipseci_bucket first_contacts;
    struct ipseci_sources sources;
    struct ipseci_bucket stray_answers;
    struct ipseci_timer calm;              /* set: under attack, cookies are demanded */
    ipsec_ms calm_since;                   /* the last sign of the attack */
    struct ipseci_cookie_secret cookie[2]; /* current, previous */
    uint64_t gate_key[2];
    struct ipsec_ike_counters counters;
};

#define IPSECI_MARKER_BYTES 4

/* lifetimes.c: a time so much later; one that no clock reaches is never. */
ipsec_ms ipseci_after(ipsec_ms now, uint64_t ms);
/* sa_table.c, child_table.c: what a handle names; NULL when it is gone. Functions, as they are
 * called in so many places. */
struct ipseci_ike_sa *ipseci_sa_get(const struct ipsec_ike *ike, ipsec_handle h);
struct ipseci_child *ipseci_child_get(const struct ipsec_ike *ike, ipsec_handle h);
struct ipseci_handshake *ipseci_handshake_get(const struct ipsec_ike *ike, ipsec_handle h);

/* The two directions have windows of their own: a request of the peer about a child may overtake
 * the answer that tells us of that child. */
static inline bool ipseci_waits_for_child(const struct ipseci_ike_sa *sa)
{
    return sa->task == IPSECI_TASK_CHILD_CREATE || sa->task == IPSECI_TASK_CHILD_REKEY;
}

#endif
