/* SPDX-License-Identifier: Apache-2.0
 *
 * Carries a step out: the only place where what a handler decided becomes state, datagrams and
 * events. The order: what can fail (keys, buffers, the sink), then fields, then the datagram, then
 * events, and at the very end closing. Called by run.c.
 */
#include "child_offer.h"
#include "mobility.h"
#include "reauth.h"
#include "redirect.h"

#include <string.h>

/* A commit's own bookkeeping, passed down instead of many parameters. */
struct work {
    struct ipsec_ike *ike;
    struct ipseci_ike_sa *sa;
    struct ipseci_handshake *hs;
    const struct ipseci_message *in;
    struct ipseci_step *step;
    bool is_response;           /* `in` answers our request */
    struct ipseci_child *child; /* made by this step */
    struct ipsec_view message;  /* what is to be sent; in SK it lies in the scratch until then */
};

static bool has(const struct work *w, enum ipseci_action action)
{
    return (w->step->actions & (uint32_t)action) != 0;
}

/* ---- sending -----------------------------------------------------------------------------------
 */

static struct ipseci_ike_header own_header(const struct work *w)
{
    const struct ipseci_ike_sa *sa = w->sa;
    const bool response = w->step->send == IPSECI_SEND_REPLY;
    const struct ipseci_ike_header header = {
        .next_payload = w->step->w.start[0],
        .spi_i = sa->spi_i,
        .spi_r = w->step->exchange == IPSECI_EXCHANGE_IKE_SA_INIT && !response ? 0 : sa->spi_r,
        .version = IPSECI_IKE_VERSION,
        .exchange = w->step->exchange,
        .flags = (uint8_t)((sa->initiator ? IPSECI_FLAG_INITIATOR : 0) |
                           (response ? IPSECI_FLAG_RESPONSE : 0)),
        .message_id = response ? w->in->header.message_id : sa->request_id,
    };

    return header;
}

/* IKE_SA_INIT in clear; kept in the handshake because AUTH covers it. */
static enum ipsec_status build_plain(struct work *w, const struct ipseci_ike_header *header,
                                     struct ipsec_view body)
{
    struct ipseci_writer out =
        ipseci_writer_init(w->hs->own_init.data, w->ike->config.message_bytes);

    ipseci_ike_header_build(&out, header);
    ipseci_write_bytes(&out, body.data + 1, body.length - 1);
    ipseci_ike_header_finish(&out, 0);
    if (out.failed) {
        return IPSEC_ERR_BUFFER;
    }
    w->hs->own_init.length = (uint32_t)out.used;
    w->message = ipseci_written(&out);
    return IPSEC_OK;
}

/* Sealing takes random and a provider, which may fail: before anything has changed. An SA that is
 * up without an answer would be up alone. */
static enum ipsec_status make_message(struct work *w)
{
    const struct ipseci_ike_header header = own_header(w);
    const struct ipsec_view body = ipseci_written(&w->step->w);

    return w->step->exchange == IPSECI_EXCHANGE_IKE_SA_INIT
               ? build_plain(w, &header, body)
               : ipseci_sk_seal(w->ike, w->sa, &header, body, &w->message);
}

static enum ipsec_status send_request(const struct work *w)
{
    struct ipseci_ike_sa *sa = w->sa;

    if (w->step->exchange != IPSECI_EXCHANGE_IKE_SA_INIT) {
        IPSECI_TRY(ipseci_store(w->ike, &sa->request, w->message));
    }
    ipseci_request_sent(w->ike, sa);
    sa->sent_at = (uint32_t)w->ike->now;
    ipseci_transmit(w->ike, &sa->local, &sa->remote, w->message);
    ipseci_emit_sent(w->ike, sa, w->message, ipseci_written(&w->step->w));
    return IPSEC_OK;
}

static enum ipsec_status send_reply(const struct work *w)
{
    struct ipseci_ike_sa *sa = w->sa;
    const uint32_t id = w->in->header.message_id;

    if (w->step->exchange != IPSECI_EXCHANGE_IKE_SA_INIT) {
        IPSECI_TRY(ipseci_store(w->ike, ipseci_reply_slot(w->ike, sa, id), w->message));
    }
    ipseci_request_answered(w->ike, sa, id);
    sa->sent_at = (uint32_t)w->ike->now;
    /* RFC 7296 2.11: to where the request came from (NATT-05) */
    ipseci_transmit(w->ike, &w->in->local, &w->in->remote, w->message);
    ipseci_emit_sent(w->ike, sa, w->message, ipseci_written(&w->step->w));
    return IPSEC_OK;
}

static enum ipsec_status send_step(const struct work *w)
{
    switch (w->step->send) {
    case IPSECI_SEND_NOTHING:
        return IPSEC_OK;
    case IPSECI_SEND_REQUEST:
        return send_request(w);
    case IPSECI_SEND_REPLY:
        return send_reply(w);
    case IPSECI_SEND_ONCE:
        ipseci_reply_plain(w->ike, w->in, 0, ipseci_written(&w->step->w));
        return IPSEC_OK;
    }
    return IPSEC_FATAL_INVARIANT;
}

/* ---- what can fail -----------------------------------------------------------------------------
 */

/* Octets of the message that the step's payloads become. */
static size_t message_length(const struct work *w)
{
    const size_t plain = w->step->w.used - 1; /* without the first payload's type */
    struct ipseci_cut cut;

    if (w->step->exchange == IPSECI_EXCHANGE_IKE_SA_INIT) {
        return IPSECI_IKE_HEADER_BYTES + plain;
    }
    ipseci_fragments_plan(w->ike, w->sa, plain, &cut);
    return cut.bytes;
}

static enum ipsec_status reserve(const struct work *w)
{
    if (w->step->w.failed) {
        return IPSEC_ERR_BUFFER;
    }
    if (w->step->send == IPSECI_SEND_NOTHING || w->step->send == IPSECI_SEND_ONCE) {
        return IPSEC_OK;
    }
    const size_t length = message_length(w);
    if (length > w->ike->config.message_bytes) {
        return IPSEC_ERR_BUFFER;
    }
    if (w->step->exchange == IPSECI_EXCHANGE_IKE_SA_INIT) {
        return IPSEC_OK;
    }
    struct ipseci_stored *stored = w->step->send == IPSECI_SEND_REPLY
                                       ? ipseci_reply_slot(w->ike, w->sa, w->in->header.message_id)
                                       : &w->sa->request;
    return ipseci_store_reserve(w->ike, stored, length);
}

static void drop_other_contacts(const struct work *w)
{
    struct ipsec_ike *ike = w->ike;
    struct ipseci_ike_sa *other;
    uint32_t cursor = 0;
    ipsec_handle handle;

    /* RFC 7296 2.4: SAs with the same two identities are gone at the peer (INFO-12). What came up
     * since this one was begun it has not forgotten: it did not have it yet when it wrote that
     * (COLL-15). Who has proven nothing ends nobody's (RFC 7619 2.3). */
    while ((other = (struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) !=
           NULL) {
        if (other != w->sa && other->state >= IPSECI_IKE_ESTABLISHED &&
            other->established < w->sa->started &&
            ipseci_sa_is_with(other, w->sa->peer, &w->step->remote_id)) {
            ipseci_ike_close(ike, other, IPSEC_REASON_INITIAL_CONTACT);
        }
    }
}

static enum ipsec_status prepare(struct work *w)
{
    enum ipsec_status status;

    IPSECI_TRY(reserve(w));
    if (w->step->send == IPSECI_SEND_REQUEST || w->step->send == IPSECI_SEND_REPLY) {
        IPSECI_TRY(make_message(w));
    }
    if (has(w, IPSECI_ACT_KEYS)) {
        IPSECI_TRY(ipseci_sa_set_keys(w->ike, w->sa, &w->step->suite, &w->step->keys));
        w->hs->keys = w->step->keys;
    }
    if (has(w, IPSECI_ACT_PEER)) {
        w->sa->peer = w->step->peer; /* the sink is told it with the child */
    }
    if (has(w, IPSECI_ACT_INITIAL_CONTACT)) {
        drop_other_contacts(w); /* their children may have the room that the new one needs */
    }
    if (has(w, IPSECI_ACT_NEW_CHILD)) {
        status = ipseci_commit_new_child(w->ike, w->sa, w->step, &w->child);
        if (status < IPSEC_OK) {
            w->hs->facts.install_status = status;
            return IPSEC_ERR_BUSY;
        }
    }
    if (has(w, IPSECI_ACT_NEW_IKE)) {
        status = ipseci_commit_new_ike(w->ike, w->sa, w->step);
        if (status < IPSEC_OK) {
            w->hs->facts.install_status = status;
            return IPSEC_ERR_BUSY;
        }
    }
    return IPSEC_OK;
}

/* ---- fields ------------------------------------------------------------------------------------
 */

static void apply_nat(const struct work *w)
{
    struct ipseci_ike_sa *sa = w->sa;
    const struct ipsec_ike_config *config = &w->ike->config;

    if (sa->peer->no_nat) {
        return;
    }
    sa->nat_local = w->step->nat.supported && w->step->nat.nat_local;
    sa->nat_remote = w->step->nat.supported && w->step->nat.nat_remote;
    const bool may_move = w->step->nat.supported && ipseci_mobility_wanted(w->sa->peer);
    if (sa->initiator && sa->local.port != config->natt_port &&
        (ipseci_sa_encapsulates(sa) || may_move)) {
        /* RFC 7296 2.23: both ports change for IKE_AUTH and all that follows (NATT-03). RFC 4555
         * 3.3: also without a NAT, since one may stand on a path to come. */
        sa->local.port = config->natt_port;
        sa->remote.port =
            sa->peer->remote_natt_port != 0 ? sa->peer->remote_natt_port : config->natt_port;
    }
}

static void keep_init(const struct work *w)
{
    struct ipseci_handshake *hs = w->hs;
    const struct ipsec_view raw = w->in->raw;
    const struct ipsec_view nonce = w->step->peer_nonce;

    memcpy(hs->peer_init.data, raw.data, raw.length);
    hs->peer_init.length = (uint32_t)raw.length;
    memcpy(hs->peer_nonce, nonce.data, nonce.length);
    hs->peer_nonce_length = (uint16_t)nonce.length;
    hs->peer_hashes = w->step->peer_hashes;
    /* IKE_AUTH asks anew: the identities may name another peer than the address did. */
    ipseci_wipe(&hs->facts, sizeof(hs->facts));
    ipseci_wipe(hs->job.secret, sizeof(hs->job.secret));
    ipseci_ke_free(&hs->job.ke);
}

/* Another round of IKE_AUTH. What the first one was is needed once more, at the end. */
static void apply_eap(const struct work *w)
{
    struct ipseci_eap_session *eap = &w->hs->eap;
    const struct ipseci_step *step = w->step;

    if (eap->phase == IPSECI_EAP_NONE) {
        memcpy(eap->id_body, step->id_body.data, step->id_body.length);
        eap->id_body_length = (uint8_t)step->id_body.length;
    }
    if (eap->phase == IPSECI_EAP_NONE && w->hs->from_peer) {
        memcpy(eap->first.data, w->in->raw.data, w->in->raw.length);
        eap->first.length = (uint32_t)w->in->raw.length;
        eap->first_type = w->in->first_inside;
    }
    eap->phase = step->eap_phase;
    eap->rounds++;
    w->hs->facts.got &= ~(1u << IPSECI_NEED_EAP);
    if (w->hs->from_peer) {
        const uint64_t round_ms = w->ike->config.half_open_ms;
        const ipsec_ms due = ipseci_after(w->ike->now, round_ms);
        const ipsec_ms end = ipseci_after(w->sa->started, IPSECI_EAP_HALF_OPENS * round_ms);
        (void)ipseci_timer_set(&w->ike->timers, &w->sa->exchange_timer, due < end ? due : end);
    }
}

static void apply_fields(const struct work *w)
{
    struct ipseci_ike_sa *sa = w->sa;
    struct ipseci_step *step = w->step;

    if (has(w, IPSECI_ACT_KEYS) && sa->initiator) {
        sa->spi_r = step->spi_peer;
    }
    if (has(w, IPSECI_ACT_KEYS)) {
        ipseci_key_log_ike(w->ike, sa, &step->keys);
    }
    if (has(w, IPSECI_ACT_HINTS)) {
        sa->peer_hints = true;
    }
    if (has(w, IPSECI_ACT_WINDOW)) {
        sa->wide = true;
    }
    if (has(w, IPSECI_ACT_FRAGMENTS)) {
        sa->fragments = true;
    }
    if (has(w, IPSECI_ACT_NAT)) {
        apply_nat(w);
    }
    if (has(w, IPSECI_ACT_KEEP_INIT)) {
        keep_init(w);
    }
    if (has(w, IPSECI_ACT_REMOTE_ID)) {
        sa->remote_id = step->remote_id;
    }
    if (has(w, IPSECI_ACT_LEASE)) {
        sa->lease = step->lease;
        sa->lease_number = step->lease_number;
        w->hs->facts.lease_open = false;
        w->hs->facts.lease_shared = false;
    }
    if (has(w, IPSECI_ACT_EAP)) {
        apply_eap(w);
    }
    if (step->next_state != IPSECI_IKE_NEW) {
        sa->state = step->next_state;
    }
    if (w->is_response && !has(w, IPSECI_ACT_RESTART) && !has(w, IPSECI_ACT_REFUSED)) {
        ipseci_request_done(w->ike, sa);
    }
    sa->follow = step->next_task;
}

/* ---- consequences ------------------------------------------------------------------------------
 */

/* RFC 7296 2.6, 1.2: IKE_SA_INIT again, everything else unchanged (COOKIE-03, INIT-20). */
static void restart_init(const struct work *w)
{
    struct ipseci_handshake *hs = w->hs;
    const struct ipseci_step *step = w->step;

    hs->restarts++;
    if (step->cookie.length > 0) {
        memcpy(hs->cookie, step->cookie.data, step->cookie.length);
        hs->cookie_length = (uint8_t)step->cookie.length;
    }
    if (step->group != hs->group) {
        hs->group = step->group;
        ipseci_ke_free(&hs->job.ke);
        hs->facts.got &= ~(1u << IPSECI_NEED_KE_START);
    }
    w->sa->state = IPSECI_IKE_INIT_SENT;
    w->sa->follow = IPSECI_TASK_SA_INIT;
}

static void establish(const struct work *w)
{
    struct ipseci_ike_sa *sa = w->sa;

    sa->state = IPSECI_IKE_ESTABLISHED;
    sa->established = w->ike->now;
    ipseci_sa_unindex_init(w->ike, sa);
    ipseci_timer_cancel(&w->ike->timers, &sa->exchange_timer);
    ipseci_life_begin_ike(w->ike, sa);
    ipseci_reauth_established(w->ike, sa, w->step);
    ipseci_emit_ike(w->ike, IPSEC_EVENT_IKE_ESTABLISHED, sa, 0);
}

/* What the first child is made of says nothing about its rekeys: IKE_AUTH has no key exchange for
 * it (RFC 7296 1.2), so groups that do not match show only then. */
static void prove_rekey(const struct work *w)
{
    struct ipseci_child *child = w->child;

    if (!child->config->prove_pfs || !child->initiator || child->suite.ke != IPSEC_KE_NONE) {
        return;
    }
    ipseci_child_proposals(w->ike, child->config, false, &w->step->ours);
    if (ipseci_proposals_first_ke(&w->step->ours) != IPSEC_KE_NONE) {
        child->want_rekey = true;
        child->proving = true;
    }
}

static void announce_child(const struct work *w)
{
    const bool rekeyed = w->child->replaces != 0;

    if (w->child->state != IPSECI_CHILD_INSTALLED) {
        return; /* it has lost a collision, or was not wanted any more */
    }
    if (rekeyed) {
        ipseci_emit_child(w->ike, IPSEC_EVENT_CHILD_REKEYED, w->child, 0);
    } else {
        ipseci_emit_child(w->ike, IPSEC_EVENT_CHILD_ESTABLISHED, w->child, 0);
        prove_rekey(w);
    }
}

/* The peer has made a child that we do not have: it is told to delete it. */
static void delete_foreign_child(const struct work *w)
{
    struct ipseci_child *child = ipseci_child_take(w->ike, w->sa);

    if (child != NULL) {
        child->config = w->hs->config;
        child->state = IPSECI_CHILD_CLOSING;
        child->spi_in = w->step->delete_spi;
        child->want_delete = true;
    } else {
        w->sa->foreign_spi = w->step->delete_spi;
    }
}

static void remove_children(const struct work *w)
{
    for (uint32_t i = 0; i < w->step->remove_count; i++) {
        struct ipseci_child *child = ipseci_child_get(w->ike, w->step->remove[i]);
        if (child != NULL) {
            ipseci_child_deleted(w->ike, child);
        }
    }
}

static void own_exchange_over(const struct work *w)
{
    struct ipseci_handshake *hs = w->hs;

    if (hs == NULL) {
        return;
    }
    if (has(w, IPSECI_ACT_RETRY_GROUP)) {
        hs->restarts++;
        hs->group = w->step->group;
        hs->facts.got = 0;
        ipseci_ke_free(&hs->job.ke);
        w->sa->follow = hs->task;
        w->sa->task_child = hs->child;
    } else if (w->is_response && w->step->next_task == IPSECI_TASK_NONE &&
               !has(w, IPSECI_ACT_RESTART) && !has(w, IPSECI_ACT_REFUSED)) {
        ipseci_handshake_release(w->ike, hs->self);
    } else if (!w->is_response && has(w, IPSECI_ACT_ESTABLISH)) {
        ipseci_handshake_release(w->ike, hs->self); /* the responder's, after IKE_AUTH */
    }
}

static void wait_for_better(const struct work *w)
{
    w->hs->refusal_reported = true;
    w->sa->state = IPSECI_IKE_REFUSED;
    (void)ipseci_timer_set(&w->ike->timers, &w->sa->exchange_timer,
                           ipseci_after(w->ike->now, IPSECI_REFUSED_WAIT_MS));
}

static void close_telling(const struct work *w)
{
    ipseci_keep_up_over(w->ike, w->sa, (enum ipsec_reason)w->step->reason);
    w->sa->state = IPSECI_IKE_CLOSING;
    w->sa->want_delete = true;
    w->sa->reason = w->step->reason;
}

static void note_gone(const struct work *w)
{
    struct ipseci_handshake *hs = ipseci_handshake_get(w->ike, w->sa->own_handshake);

    for (uint32_t i = 0; hs != NULL && i < w->step->gone.count; i++) {
        /* The newest are kept: of the others the answer would have come long ago. */
        hs->gone.spi[hs->gone.count % IPSECI_DELETE_SPIS_MAX] = w->step->gone.spi[i];
        hs->gone.count++;
    }
}

static void consequences(const struct work *w, uint8_t task, ipsec_handle task_child)
{
    struct ipsec_ike *ike = w->ike;

    ipseci_mobility_commit(ike, w->sa, w->in, w->step);
    ipseci_redirect_commit(ike, w->sa, w->hs, w->step);
    if (has(w, IPSECI_ACT_ESTABLISH)) {
        establish(w);
    } else {
        ipseci_reauth_commit(ike, w->sa, w->step);
    }
    if (w->hs != NULL && (has(w, IPSECI_ACT_ESTABLISH) || has(w, IPSECI_ACT_AUTH_FAILED))) {
        ipseci_gate_authenticated(ike, w->hs->source, has(w, IPSECI_ACT_ESTABLISH));
    }
    if (has(w, IPSECI_ACT_LEASE) && w->sa->initiator) {
        ipseci_emit_config(ike, w->sa, &w->step->config);
    }
    if (w->child != NULL) {
        announce_child(w);
    }
    ipseci_emit_warnings(ike, w->sa, w->step->warnings);
    ipseci_emit_quirks(ike, w->sa, w->step->quirks);
    if (w->step->has_failure) {
        ipseci_emit_failure(ike, w->sa, &w->step->failure);
    }
    if (has(w, IPSECI_ACT_ESTABLISH) && w->sa->initiator) {
        ipseci_children_want(ike, w->sa, w->hs);
    }
    if (has(w, IPSECI_ACT_RESTART)) {
        restart_init(w);
    }
    if (has(w, IPSECI_ACT_REFUSED)) {
        wait_for_better(w);
    }
    if (has(w, IPSECI_ACT_DELETE_CHILD)) {
        delete_foreign_child(w);
    }
    if (has(w, IPSECI_ACT_REMOVE)) {
        remove_children(w);
        /* Answered: the delete of what is not in the table. */
        const bool foreign = w->is_response && w->step->remove[0] == 0;
        w->sa->foreign_spi = foreign ? 0 : w->sa->foreign_spi;
    }
    if (has(w, IPSECI_ACT_CHILD_GONE) && !w->is_response) {
        note_gone(w);
    }
    if (has(w, IPSECI_ACT_TASK_FAILED) || has(w, IPSECI_ACT_TEMPORARY) ||
        has(w, IPSECI_ACT_CHILD_LOST) || (has(w, IPSECI_ACT_CHILD_GONE) && w->is_response)) {
        ipseci_task_outcome(ike, w->sa, task, task_child, w->step->actions);
    }
    if (has(w, IPSECI_ACT_DELETE)) {
        close_telling(w);
    }
}

enum ipsec_status ipseci_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                struct ipseci_handshake *hs, const struct ipseci_message *in,
                                struct ipseci_step *step)
{
    const bool is_response = in != NULL && (in->header.flags & IPSECI_FLAG_RESPONSE) != 0;
    struct work w = {
        .ike = ike, .sa = sa, .hs = hs, .in = in, .step = step, .is_response = is_response};
    const uint8_t task = sa->task;
    const ipsec_handle task_child = sa->task_child;
    const ipsec_handle handle = sa->self;

    IPSECI_TRY(prepare(&w));
    apply_fields(&w);
    const enum ipsec_status sent = send_step(&w);
    consequences(&w, task, task_child);
    own_exchange_over(&w);
    if (has(&w, IPSECI_ACT_CLOSE)) {
        ipseci_ike_close(ike, sa, (enum ipsec_reason)step->reason);
    }
    ipseci_touch(ike, handle);
    return sent;
}
