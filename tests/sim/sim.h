/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulator: two IKE engines, A and B, in one process; virtual time; a network that loses,
 * doubles, delays, reorders and corrupts as told. Everything follows from the seed.
 *
 * A test sets what it wants in nodes[] before sim_start, then drives the engines with
 * ipsec_ike_* calls and lets time pass with sim_run. What crossed the wire is in the ladder.
 */
#ifndef SIM_H
#define SIM_H

#include "sim_auth.h"
#include "sim_crypto.h"
#include "sim_redirect.h"

#include <ipsec/ike.h>

#define SIM_A      0
#define SIM_B      1
#define SIM_EITHER 2

#define SIM_DATAGRAM_BYTES 2304
#define SIM_QUEUE_MAX      256
#define SIM_CHILDREN_MAX   64
#define SIM_CONFIGS_MAX    4
#define SIM_LADDER_BYTES   32768
#define SIM_PARKED_MAX     8
#define SIM_LEASES_MAX     64
#define SIM_SENT_MAX       64
#define SIM_EVENTS         16
#define SIM_DOWN_MAX       4
#define SIM_FOREVER        ((ipsec_ms)1 << 40)

struct sim;

/* A Child SA in the sink. */
struct sim_child {
    bool used;
    bool sends; /* outbound_ready, or told to use it, and not told to stop */
    uint64_t packets_in;
    uint64_t packets_out;
    uint64_t top;             /* highest number that came in */
    bool heard;               /* a packet came in on it */
    uint64_t order;           /* of becoming the one to send with */
    struct ipsec_child_sa sa; /* key views point into keys */
    uint8_t keys[4][IPSEC_INTEG_KEY_BYTES_MAX];
};

struct sim_datagram {
    bool used;
    bool esp;
    int to;
    uint64_t order;
    ipsec_ms due;
    uint32_t spi;                /* ESP */
    uint32_t key;                /* ESP: what it was sealed with */
    uint64_t sequence;           /* ESP */
    struct ipsec_endpoint local; /* as the receiver sees it */
    struct ipsec_endpoint remote;
    uint32_t length;
    uint8_t octets[SIM_DATAGRAM_BYTES];
};

struct sim_parked_question {
    uint32_t token;
    bool is_secret;
    bool is_eap;
    bool is_lease;
    bool is_resolve;
    struct ipsec_lease_query lease; /* pointers cleared */
    uint8_t packet[64];             /* EAP: what the peer sent */
    size_t length;
    bool server;
};

enum sim_eap_quirk {
    SIM_EAP_WELL = 0,
    SIM_EAP_EARLY,   /* the server says Success before its method is through */
    SIM_EAP_REFUSES, /* the server's method fails */
    SIM_EAP_BREAKS,  /* the callback gives an error */
    SIM_EAP_GARBAGE  /* and this one no EAP packet */
};

struct sim_node {
    struct sim *sim;
    int index;
    struct ipsec_ike *ike;
    void *block; /* of block_bytes; NULL: sim_start takes one */
    size_t block_bytes;
    struct sim_crypto crypto;
    struct sim_auth auth;

    /* What it is told. */
    struct ipsec_ike_config config;
    struct ipsec_peer peer;
    struct ipsec_child_config child[SIM_CONFIGS_MAX];
    struct ipsec_proposals ike_proposals;
    struct ipsec_proposals esp_proposals[SIM_CONFIGS_MAX];
    const char *secret; /* NULL: none */
    bool unknown_peer;  /* find_peer: not found */
    bool unknown_id;    /* find_peer with identities: not found */
    bool pend_peer;     /* questions are left PENDING */
    bool pend_secret;
    bool pend_eap;
    bool speaks_eap;              /* has the EAP callback at all */
    unsigned eap_rounds;          /* requests the method takes before it succeeds */
    size_t eap_key;               /* octets of its MSK; 0: none */
    uint8_t eap_secret;           /* both ends need the same */
    enum sim_eap_quirk eap_quirk; /* a method that misbehaves */
    bool eap_full;                /* its packets take all the room, */
    bool eap_full_first;          /* and so does the first, beside the certificate */
    size_t eap_longest;           /* octets it has sent at a time */
    unsigned eap_seen;            /* packets of the running method */
    void *eap_method;             /* a real method instead, */
    enum ipsec_status (*eap_run)(void *method, uint32_t token, const struct ipsec_eap_query *query,
                                 struct ipsec_eap_reply *reply); /* unless NULL */
    bool leases;                                                 /* has the lease callback at all */
    bool pend_lease;
    enum ipsec_status lease_status;      /* what it says */
    struct ipsec_config_set lease;       /* what it gives; the number is counted */
    struct ipsec_lease_query last_lease; /* pointers cleared */
    unsigned leased;                     /* given, */
    unsigned released;                   /* and given back */
    uint32_t lease_out[SIM_LEASES_MAX];  /* those that are out; 0: none */
    struct ipsec_config_set assigned;    /* of the last CONFIG */
    struct sim_redirects redirects;
    bool take_jobs;        /* jobs are left undone */
    uint32_t children_max; /* the sink refuses more; 0: no limit */

    /* What is on its way. */
    uint32_t question_count;
    struct sim_parked_question question[SIM_PARKED_MAX];
    uint32_t job_count;
    struct ipsec_job *job[SIM_PARKED_MAX];

    /* What it said. */
    struct sim_child *sink; /* SIM_CHILDREN_MAX, see struct sim */
    uint32_t sink_top;      /* those from here on were never used */
    uint32_t events[SIM_EVENTS];
    uint32_t warnings; /* bits */
    uint32_t quirks;   /* of all warnings */
    enum ipsec_reason last_reason;
    enum ipsec_status last_drop;
    uint32_t keepalives; /* sent */
    struct sim_datagram keepalive;
    enum ipsec_status moved_status;   /* what the engine said to a moved ESP packet */
    struct ipsec_endpoint old_remote; /* of the last ADDRESS_CHANGED */
    struct ipsec_endpoint new_remote;
    struct {
        uint32_t tries;
        ipsec_ms at; /* of the event, */
        ipsec_ms next;
        bool child;
        enum ipsec_status status;
    } retry; /* the last one */
    bool has_failure;
    struct ipsec_failure failure; /* pointers cleared, but peer and child */
    char failure_text[IPSEC_FAILURE_TEXT_MAX];

    struct ipsec_ike_counters seen; /* when sim_broken looked last */
};

struct sim {
    struct sim_node nodes[2];
    ipsec_ms now;
    uint64_t order;
    uint64_t state; /* of the network's generator */
    bool no_malloc; /* the simulator itself does without, too, once it runs */
    bool harder;    /* of sim_seeds.c */
    bool fragments; /* as well */
    bool mobile;
    bool window;
    bool keep_up;
    bool reauth;
    bool keeps[2]; /* which ends do */
    bool redirecting;
    bool sessions;
    int caller;   /* sessions: who may begin */
    bool verbose; /* messages and events to stdout as they happen */
    bool quiet;   /* no ladder and no texts of failures, which take long */

    /* The network. */
    bool held; /* nothing is delivered but by sim_deliver */
    bool cut;  /* everything sent is lost */
    ipsec_ms delay_ms;
    uint64_t loss_mask;  /* bit n: the n-th IKE datagram from loss_first on is lost */
    uint32_t loss_first; /* counts sent */
    uint32_t loss_percent;
    uint32_t double_percent;
    uint32_t corrupt_percent;
    uint32_t jitter_ms;
    bool nat;                      /* A is behind a NAT, */
    struct ipsec_addr nat_inside;  /* with this address of its own; */
    struct ipsec_addr nat_outside; /* as B sees it */
    uint16_t nat_shift;            /* added to ports: another one is another mapping */
    uint32_t down_count;           /* addresses whose datagrams are lost, both ways */
    struct ipsec_addr down[SIM_DOWN_MAX];
    bool esp_tells; /* the data planes tell of moved packets */

    uint32_t sent; /* IKE datagrams */
    uint32_t esp_sent;
    uint32_t esp_good;
    uint32_t esp_astray; /* went where nobody is */
    uint32_t esp_lost;   /* arrived where no SA has the SPI, or with other keys */
    uint32_t queue_top;  /* slots of the queue from here on were never used */
    uint32_t ladder_used;
    bool keep_sent;
    uint32_t kept;

    /* What is large, and mostly empty. */
    struct sim_child sinks[2][SIM_CHILDREN_MAX];
    struct sim_datagram queue[SIM_QUEUE_MAX];
    char ladder[SIM_LADDER_BYTES];
    /* Copies of all IKE datagrams as sent, the first SIM_SENT_MAX of them. */
    struct sim_datagram kept_datagram[SIM_SENT_MAX];
};

/* ---- sim.c: life -------------------------------------------------------------------------------
 */

/* The reference scenario with defaults; NULL never (the test aborts). */
struct sim *sim_new(uint64_t seed);
/* The same in memory that is all zero. */
void sim_init(struct sim *s, uint64_t seed);
/* Makes the engines from what the nodes were told. */
void sim_start(struct sim *s);
void sim_free(struct sim *s);
/* Replaces proposals; the text must be right. */
void sim_ike_proposals(struct sim_node *n, const char *text);
void sim_esp_proposals(struct sim_node *n, const char *text);
void sim_child_ts(struct ipsec_child_config *c, const char *local, const char *remote);
void sim_id(struct ipsec_id *id, const char *text);
/* Both ends prove themselves by certificates of the same issuer, with keys of this kind. */
void sim_certificates(struct sim *s, enum ipsec_key_kind kind, uint16_t bits);
/* A proves itself by EAP, in so many rounds; B by a certificate, or by EAP too. */
void sim_eap(struct sim *s, unsigned rounds, bool alone);
/* A initiates; runs until quiet. The handle of A's IKE SA. */
ipsec_handle sim_connect(struct sim *s);
/* The first IKE SA and child of a node in the given phase (0: any); 0: none. */
ipsec_handle sim_sa(struct sim_node *n, enum ipsec_ike_sa_phase phase);
ipsec_handle sim_child_in(struct sim_node *n, enum ipsec_child_phase phase);

/* ---- sim_net.c: the network and time -----------------------------------------------------------
 */

void sim_address(struct ipsec_addr *addr, const char *text);
/* All other addresses lead to the node that uses them. */
void sim_address_down(struct sim *s, const char *text);
void sim_send(struct sim *s, int from, const struct ipsec_packet *packet);
/* Until nothing is in flight and no retransmission due within ms; at least ms pass. */
void sim_run(struct sim *s, ipsec_ms ms);
/* The same, until so many things have happened; of them the rest. 0: the time may not be up. */
uint32_t sim_run_some(struct sim *s, ipsec_ms ms, uint32_t turns);
/* Delivers the oldest (n-th, from 0) datagram in flight; false: there is none. */
bool sim_deliver(struct sim *s, uint32_t n);
/* Drops the n-th in flight. */
void sim_drop(struct sim *s, uint32_t n);
uint32_t sim_in_flight(const struct sim *s);
/* The n-th, oldest first; NULL: there is none. */
struct sim_datagram *sim_queued(struct sim *s, uint32_t n);
/* Hands octets to a node as if they came from the other; what the engine said. */
enum ipsec_status sim_inject(struct sim *s, int to, const struct sim_datagram *d);
/* An ESP packet with the child the sink says to send with; false: there is none. */
bool sim_esp(struct sim *s, int from, const struct ipsec_child_config *config);
/* A packet each way, for every child config that has a child. */
void sim_traffic(struct sim *s);

/* ---- sim_node.c: the callbacks -----------------------------------------------------------------
 */

void sim_node_callbacks(struct sim_node *n);
struct sim_child *sim_sink_find(struct sim_node *n, ipsec_handle child);
struct sim_child *sim_sink_sender(struct sim_node *n, const struct ipsec_child_config *config);
uint32_t sim_sink_count(const struct sim_node *n);
/* Answers the oldest parked question as the node would have at once, or with a refusal. */
void sim_answer(struct sim_node *n, enum ipsec_status status);
/* Runs and hands back the oldest job. */
enum ipsec_status sim_job_done(struct sim_node *n);

/* ---- sim_agree.c: whether the ends agree -------------------------------------------------------
 */

/* NULL: after a calm both ends agree, hold `sas` IKE SAs and `children` children each, are keyed
 * crosswise, and leak no slot. Otherwise what is wrong. */
const char *sim_disagreement(struct sim *s, uint32_t sas, uint32_t children);
/* Both ends' SAs to stdout. */
void sim_print(const struct sim *s);
/* A complaint for functions that answer with one; the text stays until the next. */
__attribute__((format(printf, 1, 2))) const char *sim_complain(const char *format, ...);

/* ---- sim_invariants.c: what holds at any time --------------------------------------------------
 */

/* NULL: the engine's tables, counters, timers and sink fit each other. Otherwise what does not. */
const char *sim_broken(struct sim_node *n);
/* Ends the engine; NULL: it called nothing but child_remove, gave all back and left no secret in
 * its block. No job may be out. */
const char *sim_end(struct sim_node *n);

/* ---- sim_check.c: what must hold ---------------------------------------------------------------
 */

/* sim_new, sim_start, sim_connect, and both must be up. Clears the ladder. */
struct sim *sim_up(uint64_t seed);
/* sim_new and sim_start; SK payloads that a test changes are authentic all the same. */
struct sim *sim_readable(uint64_t seed);
/* And connected, as sim_up. */
struct sim *sim_readable_up(uint64_t seed);
/* Lets what is held go its way; both end up with an IKE SA and a child. Ends the simulation. */
void sim_goes_on(struct sim *s);
/* The oldest datagram of IKE in flight, which must be there. */
struct sim_datagram *sim_in_the_air(struct sim *s);
/* A datagram that gets that status, changes nothing and is not answered. */
void sim_assert_dropped(struct sim *s, const struct sim_datagram *d, enum ipsec_status status);
/* sim_disagreement as an assertion, with a probe and traffic both ways. */
void sim_assert_agree(struct sim *s, uint32_t sas, uint32_t children);
/* The tunnel carries: NULL, or what is wrong. */
const char *sim_dead(struct sim *s);
void sim_ladder_clear(struct sim *s);
/* Lines "A IKE_SA_INIT request 0: SA KE ..." of all that was sent. */
void sim_assert_ladder(struct sim *s, const char *expected);
/* Everything an engine could show or act upon, as one number. */
uint64_t sim_digest(struct sim_node *n);

#endif
