/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the engine call of each other, each group by the file that has it. Nothing here
 * is called by handlers but the const look-ups of sa_table.c and child_table.c.
 */
#ifndef IPSECI_ENGINE_H
#define IPSECI_ENGINE_H

#include "step.h"

/* sa_table.c: IKE SAs and handshake slots. */
/* Beside those that are kept for SAs under way. */
bool ipseci_sa_has_room(const struct ipsec_ike *ike);
struct ipseci_ike_sa *ipseci_sa_take(struct ipsec_ike *ike, bool initiator);
enum ipsec_status ipseci_sa_index(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
void ipseci_sa_release(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
struct ipseci_ike_sa *ipseci_sa_by_spi(const struct ipsec_ike *ike, uint64_t own_spi);
struct ipseci_ike_sa *ipseci_sa_by_init(const struct ipsec_ike *ike, uint64_t spi_i,
                                        const struct ipsec_endpoint *remote);
enum ipsec_status ipseci_sa_index_init(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
void ipseci_sa_unindex_init(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
enum ipsec_status ipseci_sa_set_keys(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                     const struct ipsec_suite *suite,
                                     const struct ipseci_ike_keys *keys);
uint64_t ipseci_sa_own_spi(const struct ipseci_ike_sa *sa);
/* The first octet of an SPI, as it was drawn, with the instance's number in front. */
static inline uint8_t ipseci_spi_first(const struct ipsec_ike_config *c, uint8_t drawn)
{
    return (uint8_t)(c->instance << (8 - c->instance_bits) | drawn >> c->instance_bits);
}
enum ipsec_status ipseci_spi_new(const struct ipsec_ike *ike, uint64_t *spi);
struct ipsec_id ipseci_local_id(const struct ipsec_peer *peer, const struct ipsec_endpoint *local);
/* Whether that IKE SA is known to be with the same: the peer's entry, and an identity that both
 * have proven. Anybody can take the name of one who proves nothing (RFC 7619). */
bool ipseci_sa_is_with(const struct ipseci_ike_sa *sa, const struct ipsec_peer *peer,
                       const struct ipsec_id *remote_id);
/* Whether another established IKE SA with the same peer is there. */
bool ipseci_sa_has_sibling(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
bool ipseci_sa_encapsulates(const struct ipseci_ike_sa *sa);
enum ipsec_status ipseci_sa_reserve(struct ipsec_ike *ike, struct ipseci_handshake *hs);
void ipseci_sa_unreserve(struct ipsec_ike *ike, struct ipseci_handshake *hs);
/* Messages that a handshake slot keeps: EAP takes two more. */
static inline size_t ipseci_handshake_rooms(const struct ipsec_ike_config *config)
{
    return config->callbacks.eap != NULL ? 5 : 3;
}
struct ipseci_handshake *ipseci_handshake_take(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                               bool from_peer);
void ipseci_handshake_release(struct ipsec_ike *ike, ipsec_handle handle);

/* child_table.c: Child SAs and the sink. */
struct ipseci_child *ipseci_child_take(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
/* The first of that configuration in one of these states: 1 << enum ipseci_child_state. */
#define IPSECI_CHILD_ANY (~0u)
struct ipseci_child *ipseci_child_of(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                     const struct ipsec_child_config *config, unsigned states);
struct ipseci_child *ipseci_child_by_spi_out(const struct ipsec_ike *ike,
                                             const struct ipseci_ike_sa *sa, uint32_t spi_out);
enum ipsec_status ipseci_child_spi_new(const struct ipsec_ike *ike, uint32_t *spi);
enum ipsec_status ipseci_child_install(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                       const struct ipseci_new_child *new_child,
                                       struct ipseci_child **out);
void ipseci_child_use(struct ipsec_ike *ike, struct ipseci_child *child);
/* Out of the sink and the table, with an event when it was up. */
void ipseci_child_drop(struct ipsec_ike *ike, struct ipseci_child *child, enum ipsec_reason reason);
/* Out of the sink at once; the peer is told by a delete. */
void ipseci_child_retire(struct ipsec_ike *ike, struct ipseci_child *child,
                         enum ipsec_reason reason);
/* The peer has deleted it: drop, or linger when a newer one took its place. */
void ipseci_child_deleted(struct ipsec_ike *ike, struct ipseci_child *child);
/* Out of use here and at the peer; inbound stays open a little for what is under way. */
void ipseci_child_linger(struct ipsec_ike *ike, struct ipseci_child *child);
void ipseci_child_move(struct ipsec_ike *ike, struct ipseci_child *child, struct ipseci_ike_sa *to);
void ipseci_children_move(struct ipsec_ike *ike, struct ipseci_ike_sa *from,
                          struct ipseci_ike_sa *to);
/* The IKE SA's addresses have changed. */
void ipseci_children_follow(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
void ipseci_children_drop(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                          enum ipsec_reason reason);

/* child_keep.c: children that come again, and idle ones. */
/* A child of this configuration, after a wait that grows with the number of tries. */
void ipseci_child_again(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                        const struct ipsec_child_config *config, uint8_t restarts);
/* Those that found no room, when there is some again. */
void ipseci_children_catch_up(struct ipsec_ike *ike);
/* It could not be made: later again, or given up. */
void ipseci_child_not_made(struct ipsec_ike *ike, struct ipseci_child *child);
/* Drops one that was to come again, when the peer has made it meanwhile. */
void ipseci_child_spare(struct ipsec_ike *ike, struct ipseci_child *child);
/* What follows an installed one that has come to its end against our will. */
void ipseci_child_ended(struct ipsec_ike *ike, const struct ipseci_child *child);
/* The peer's children that are wanted at once and not made with IKE_AUTH. */
void ipseci_children_want(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                          const struct ipseci_handshake *hs);
/* A side of it is an address that this IKE SA has not brought. */
bool ipseci_child_lacks_address(const struct ipseci_ike_sa *sa,
                                const struct ipsec_child_config *config);
/* When it was idle for long enough, it is closed, and that is true. */
bool ipseci_child_idle(struct ipsec_ike *ike, struct ipseci_child *child);

/* commands.c: config: the child to begin with; NULL: none. */
enum ipsec_status ipseci_initiate(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                  const struct ipsec_child_config *config, ipsec_handle *out);
/* The same with the peer's first child, when it can be called at all. */
enum ipsec_status ipseci_call(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                              ipsec_handle *out);
/* Whether it can, as ipsec_ike_initiate would say. */
enum ipsec_status ipseci_check_peer(struct ipsec_ike *ike, const struct ipsec_peer *peer);
/* The child that is made with IKE_AUTH; NULL: none. */
const struct ipsec_child_config *ipseci_first_child(const struct ipsec_peer *peer);
/* IPSEC_ERR_NOT_BUILT_IN, after a report, when nothing of its proposals is built in. */
enum ipsec_status ipseci_check_child(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                     const struct ipsec_child_config *child);

/* keep_up.c: peers that are called again. */
/* IPSECI_TIMER_KEEP_UP is due. */
void ipseci_keep_up_due(struct ipsec_ike *ike, ipsec_handle handle);
/* From now on the IKE SA is of no use any more; its state still says what it was. */
void ipseci_keep_up_over(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         enum ipsec_reason reason);
void ipseci_keep_up_forget(struct ipsec_ike *ike, const struct ipsec_peer *peer);

/* fragment.c: RFC 7383. How a payload chain is sent: whole (count 1), or cut. */
struct ipseci_cut {
    uint16_t count;
    size_t piece; /* octets of the chain in each but the last */
    size_t bytes; /* of all messages together */
};
void ipseci_fragments_plan(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                           size_t plain, struct ipseci_cut *out);
/* Takes a fragment that was opened and is awaited. IPSEC_OK: it made the message whole, and `in` is
 * that one, until ipseci_leave. IPSEC_PENDING: more to come. Else why it was dropped. */
enum ipsec_status ipseci_fragments_collect(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                           struct ipseci_message *in);
/* What was collected in this direction is not needed any more. */
void ipseci_fragments_forget(struct ipsec_ike *ike, ipsec_handle sa,
                             const struct ipseci_ike_header *header);

/* sk.c: the encrypted payload. */
/* Octets of a message with so many octets in SK. */
size_t ipseci_sk_bytes(const struct ipseci_aead *aead, size_t plain);
/* Fills `in` with what was inside: authentic, so what is wrong now is the peer's mistake. */
void ipseci_sk_inside(struct ipseci_message *in, uint8_t first, struct ipsec_view plain);
enum ipsec_status ipseci_sk_seal(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                 const struct ipseci_ike_header *header, struct ipsec_view body,
                                 struct ipsec_view *message);
enum ipsec_status ipseci_sk_open(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                 struct ipsec_packet *datagram, struct ipsec_view message,
                                 struct ipseci_message *in);

/* window.c: message IDs, stored messages, retransmission. */
/* A message, or a train of fragments: a datagram each. */
void ipseci_transmit(struct ipsec_ike *ike, const struct ipsec_endpoint *local,
                     const struct ipsec_endpoint *remote, struct ipsec_view train);
/* The first message of a train; all of it when it is not cut; empty at its end. */
struct ipsec_view ipseci_train_first(struct ipsec_view train);
enum ipsec_status ipseci_store(struct ipsec_ike *ike, struct ipseci_stored *stored,
                               struct ipsec_view message);
/* Makes sure that storing so many octets will not fail. */
enum ipsec_status ipseci_store_reserve(struct ipsec_ike *ike, struct ipseci_stored *stored,
                                       size_t length);
void ipseci_store_release(struct ipsec_ike *ike, struct ipseci_stored *stored);
struct ipsec_view ipseci_stored_view(const struct ipsec_ike *ike,
                                     const struct ipseci_stored *stored);
void ipseci_request_sent(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
void ipseci_request_done(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
/* What is outstanding, at once and with all its tries: the SA's addresses have changed. */
void ipseci_request_again(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
void ipseci_retransmit_due(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);

/* peer_window.c: message IDs of the peer's requests. */
enum ipsec_status ipseci_window_request(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                        const struct ipseci_message *in);
/* Whether a request of this ID would be new. */
bool ipseci_window_awaits(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t id);
/* Whether none with a higher ID was answered before it. */
bool ipseci_window_newest(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t id);
void ipseci_request_answered(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, uint32_t id);
struct ipseci_stored *ipseci_reply_slot(const struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                        uint32_t id);
void ipseci_replies_release(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);

/* stray.c: hints to who sends what belongs to no IKE SA. */
void ipseci_stray_version(struct ipsec_ike *ike, const struct ipseci_message *in);
void ipseci_stray_spi(struct ipsec_ike *ike, const struct ipseci_message *in);

/* gate.c: first contact, no state. */
enum ipsec_status ipseci_gate(struct ipsec_ike *ike, const struct ipseci_message *in,
                              uint64_t *source);
void ipseci_gate_init(struct ipsec_ike *ike);
/* Whether a copy of an answered IKE_SA_INIT request may be answered again: not without end. */
bool ipseci_gate_repeat(struct ipsec_ike *ike, const struct ipseci_message *in);
/* IPSECI_TIMER_GATE is due. */
void ipseci_gate_due(struct ipsec_ike *ike);
/* A responder's IKE_AUTH has shown who is behind that source, or not. */
void ipseci_gate_authenticated(struct ipsec_ike *ike, uint64_t source, bool good);
/* A message without SA, answered statelessly. */
void ipseci_notify_plain(struct ipsec_ike *ike, const struct ipseci_message *in, uint16_t type,
                         struct ipsec_view data);
void ipseci_reply_plain(struct ipsec_ike *ike, const struct ipseci_message *in, uint64_t spi_r,
                        struct ipsec_view body);

/* run.c: runs a handler until it has its facts, then commits. */
enum ipsec_status ipseci_run(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                             struct ipseci_handshake *hs, const struct ipseci_message *in,
                             ipseci_handler handler);
enum ipsec_status ipseci_run_request(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                     struct ipseci_message *in);
enum ipsec_status ipseci_run_response(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                      const struct ipseci_message *in);
enum ipsec_status ipseci_run_first(struct ipsec_ike *ike, struct ipseci_message *in);
void ipseci_resume(struct ipsec_ike *ike, struct ipseci_handshake *hs);

/* needs.c: facts. */
enum ipsec_status ipseci_need_satisfy(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                      const struct ipseci_message *in,
                                      const struct ipseci_need *need);
void ipseci_fact_found(struct ipseci_handshake *hs, enum ipseci_need_kind kind);
void ipseci_fact_peer(struct ipsec_ike *ike, struct ipseci_handshake *hs, enum ipsec_status status,
                      const struct ipsec_peer *peer);
void ipseci_fact_eap(struct ipseci_handshake *hs, enum ipsec_status status,
                     const struct ipsec_eap_reply *reply, size_t room);
/* enum ipsec_question: what the caller has not answered; 0: nothing. NULL is allowed. */
uint8_t ipseci_waits_for(const struct ipseci_handshake *hs);
/* Octets of an EAP packet that a message has room for. */
size_t ipseci_eap_capacity(const struct ipsec_ike *ike, const struct ipseci_handshake *hs);
uint32_t ipseci_new_token(struct ipsec_ike *ike, struct ipseci_handshake *hs);
void ipseci_fact_secret(struct ipseci_handshake *hs, enum ipsec_status status,
                        const struct ipsec_secret *secret);

/* lease.c, or address_config_none.c: inner addresses. */
enum ipsec_status ipseci_ask_lease(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                   const struct ipseci_need *need);
void ipseci_fact_lease(struct ipsec_ike *ike, struct ipseci_handshake *hs, enum ipsec_status status,
                       const struct ipsec_config_set *set);
/* What was leased and came to nothing goes back. */
void ipseci_lease_drop(struct ipsec_ike *ike, struct ipseci_handshake *hs);
/* The lease that these identities have; 0: none. */
uint32_t ipseci_lease_held(const struct ipsec_ike *ike, const struct ipsec_peer *peer,
                           const struct ipsec_id *remote_id);
/* The end of an IKE SA's lease. */
void ipseci_lease_end(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);

/* jobs.c: heavy work, inline or with the caller. */
enum ipsec_status ipseci_job_ke(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                const struct ipseci_need *need);
void ipseci_job_take_result(struct ipseci_handshake *hs);
/* Runs the filled job, or gives it to the caller: IPSEC_PENDING. */
enum ipsec_status ipseci_job_begin(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                   enum ipseci_job_kind kind);
/* The job is not even begun: this is what came of it. */
enum ipsec_status ipseci_job_spare(struct ipseci_handshake *hs, enum ipseci_job_kind kind,
                                   enum ipsec_status status);
/* job_auth.c, or signatures_none.c */
enum ipsec_status ipseci_job_auth(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                  const struct ipseci_message *in, const struct ipseci_need *need);
void ipseci_job_sign(struct ipsec_job *job);
void ipseci_job_verify(struct ipsec_job *job);

/* commit.c: the only place where a step becomes state. */
enum ipsec_status ipseci_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                struct ipseci_handshake *hs, const struct ipseci_message *in,
                                struct ipseci_step *step);
/* commit_rekey.c */
enum ipsec_status ipseci_commit_new_child(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                          struct ipseci_step *step, struct ipseci_child **made);
enum ipsec_status ipseci_commit_new_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                        struct ipseci_step *step);
void ipseci_replace_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *old,
                        struct ipseci_ike_sa *new_sa);
/* The peer sends requests over what its colliding rekey has made: that rekey has won. */
void ipseci_ike_heir_used(struct ipsec_ike *ike, struct ipseci_ike_sa *heir);
/* No longer used from now on; the peer is told by a delete. */
void ipseci_ike_end(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_reason reason);
void ipseci_ike_close(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_reason reason);

/* tasks.c: what to request next. */
/* Has it scheduled before the public call returns. */
void ipseci_touch(struct ipsec_ike *ike, ipsec_handle sa);
void ipseci_schedule(struct ipsec_ike *ike, ipsec_handle sa);
enum ipsec_status ipseci_task_start(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                    enum ipseci_task task, ipsec_handle child);

/* Our request could not be made, or was refused: actions as in a step. */
void ipseci_task_outcome(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, uint8_t task,
                         ipsec_handle child, uint32_t actions);
/* The outstanding task failed here, before or after its request. */
void ipseci_task_failed(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_status status);

/* lifetimes.c: rekey, hard ends, liveness. */
void ipseci_life_begin_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
void ipseci_life_begin_child(struct ipsec_ike *ike, struct ipseci_child *child);
void ipseci_life_update_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
void ipseci_life_update_child(struct ipsec_ike *ike, struct ipseci_child *child);
void ipseci_life_due_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
void ipseci_life_due_child(struct ipsec_ike *ike, struct ipseci_child *child);
void ipseci_life_retry_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
void ipseci_life_retry_child(struct ipsec_ike *ike, struct ipseci_child *child);
/* Up to a quarter less, at random: many ends must not come back in the same moment. */
ipsec_ms ipseci_sooner(const struct ipsec_ike *ike, ipsec_ms wait);
/* The soft limit less a random part, so that the two ends do not rekey in the same moment. */
uint64_t ipseci_soft_ms(const struct ipsec_ike *ike, const struct ipsec_lifetime *lifetime,
                        uint64_t hard);
/* When to try again what could not be renewed before this end. */
ipsec_ms ipseci_retry_at(const struct ipsec_ike *ike, ipsec_ms ends);
/* A replaced child is in use again: until its own end. */
void ipseci_life_resume_child(struct ipsec_ike *ike, struct ipseci_child *child);

/* nat_follow.c: NAT mappings, our own and the peer's. */
ipsec_ms ipseci_keepalive_due(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa);
void ipseci_keepalive_run(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);
/* The sum of one direction's packets over the children. */
uint64_t ipseci_packets(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, bool outbound);
/* Something new and authentic came from there, to our port `port` (0: not known). */
enum ipsec_status ipseci_follow(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                const struct ipsec_endpoint *remote, uint16_t port);
/* The IKE SA has other addresses than these now: says so. */
void ipseci_address_changed(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                            const struct ipsec_endpoint *old_local,
                            const struct ipsec_endpoint *old_remote);
bool ipseci_endpoint_equal(const struct ipsec_endpoint *a, const struct ipsec_endpoint *b);

/* emit.c: events. */
void ipseci_emit(struct ipsec_ike *ike, struct ipsec_event *event);
void ipseci_emit_message(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         const struct ipseci_message *in, bool again);
void ipseci_emit_sent(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                      struct ipsec_view train, struct ipsec_view body);
void ipseci_emit_ike(struct ipsec_ike *ike, enum ipsec_event_type type,
                     const struct ipseci_ike_sa *sa, enum ipsec_reason reason);
void ipseci_emit_child(struct ipsec_ike *ike, enum ipsec_event_type type,
                       const struct ipseci_child *child, enum ipsec_reason reason);
void ipseci_emit_failure(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         const struct ipsec_failure *failure);
void ipseci_emit_config(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                        const struct ipsec_config_set *set);
/* One warning for all quirks of a message; none for none. */
void ipseci_emit_quirks(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t quirks);
void ipseci_emit_warnings(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t warnings);
void ipseci_key_log_ike(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                        const struct ipseci_ike_keys *keys);
void ipseci_key_log_child(struct ipsec_ike *ike, const struct ipsec_child_sa *child);

void ipseci_emit_drop(struct ipsec_ike *ike, enum ipsec_status status,
                      const struct ipsec_endpoint *remote);

/* engine.c: around every public call. */
enum ipsec_status ipseci_enter(struct ipsec_ike *ike, ipsec_ms now);
void ipseci_leave(struct ipsec_ike *ike);

/* ike_info.c */
void ipseci_ike_info(const struct ipseci_ike_sa *sa, const struct ipsec_ike *ike,
                     struct ipsec_ike_sa_info *out);
void ipseci_child_info_fill(const struct ipseci_child *child, const struct ipsec_ike *ike,
                            struct ipsec_child_info *out);

#endif
