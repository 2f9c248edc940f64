/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs handlers: picks the one for a message, gives it its facts, and hands the step to commit.c. A
 * handler whose fact is not there yet is parked with its message and run again from the start
 * later.
 */
#include "redirect.h"
#include "sa_payload.h"
#include "small_payloads.h"

#include <string.h>

static void step_reset(struct ipsec_ike *ike)
{
    struct ipseci_step *step = ike->step;

    ipseci_wipe(step, sizeof(*step)); /* it has held keys */
    step->w = ipseci_writer_init(ike->body, ike->config.message_bytes);
}

static void park(const struct ipsec_ike *ike, struct ipseci_handshake *hs,
                 const struct ipseci_message *in)
{
    hs->has_message = in != NULL;
    if (in == NULL || in->raw.data == hs->parked.data ||
        in->raw.length > ike->config.message_bytes) {
        return;
    }
    if (in->raw.length > 0) {
        memcpy(hs->parked.data, in->raw.data, in->raw.length);
    }
    hs->parked.length = (uint32_t)in->raw.length;
    hs->parked_protected = in->is_protected;
    hs->parked_first = in->first_inside;
    hs->parked_header = in->header;
    hs->parked_local = in->local;
    hs->parked_remote = in->remote;
}

static enum ipsec_status unpark(const struct ipseci_handshake *hs, struct ipseci_message *in)
{
    const struct ipsec_view raw = ipseci_view(hs->parked.data, hs->parked.length);

    memset(in, 0, sizeof(*in));
    in->header = hs->parked_header;
    in->raw = raw;
    in->local = hs->parked_local;
    in->remote = hs->parked_remote;
    in->is_protected = hs->parked_protected;
    in->first_inside = hs->parked_first;
    if (in->is_protected) {
        return ipseci_payloads_parse(in->first_inside, raw, &in->payloads, NULL);
    }
    return ipseci_message_parse(raw, &in->header, &in->payloads);
}

/* What a dropped message's public value led to says nothing about that of the next (INIT-29), nor
 * its signature, or the secret of who it claimed to be from (AUTH-24). */
static void forget_message(struct ipseci_handshake *hs)
{
    static const uint32_t of_message = 1u << IPSECI_NEED_KE_FINISH | 1u << IPSECI_NEED_KE_RESPOND |
                                       1u << IPSECI_NEED_VERIFY | 1u << IPSECI_NEED_SECRET;

    if (hs != NULL) {
        hs->facts.got &= ~of_message;
    }
}

/* What a request would be answered with has no room in a message: it is refused in few words, or
 * the peer would repeat it until it gave up. */
static enum ipsec_status answer_shorter(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_handshake *hs = ctx->hs;
    const uint8_t exchange = ctx->in->header.exchange;
    uint16_t notify = IPSECI_NOTIFY_NO_ADDITIONAL_SAS;
    enum ipsec_phase phase = hs->task == IPSECI_TASK_IKE_REKEY     ? IPSEC_PHASE_IKE_REKEY
                             : hs->task == IPSECI_TASK_CHILD_REKEY ? IPSEC_PHASE_CHILD_REKEY
                                                                   : IPSEC_PHASE_CHILD_CREATE;

    if (exchange == IPSECI_EXCHANGE_IKE_SA_INIT) {
        notify = IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN;
        phase = IPSEC_PHASE_IKE_SA_INIT;
    } else if (exchange == IPSECI_EXCHANGE_IKE_AUTH) {
        notify = IPSECI_NOTIFY_AUTHENTICATION_FAILED;
        phase = IPSEC_PHASE_IKE_AUTH;
    }
    ipseci_step_refuse_plain(step, ctx, notify);
    struct ipsec_failure *f = ipseci_step_fail(step, ctx, phase, IPSEC_CAUSE_RESOURCE);
    f->status = IPSEC_ERR_BUFFER;
    f->notify = notify;
    f->peer = f->peer != NULL ? f->peer : hs->facts.peer;
    if (exchange == IPSECI_EXCHANGE_IKE_AUTH) {
        ipseci_step_close(step);
    }
    return IPSEC_OK;
}

static bool is_request(const struct ipseci_context *ctx)
{
    return ctx->hs != NULL && ctx->in != NULL &&
           (ctx->in->header.flags & IPSECI_FLAG_RESPONSE) == 0;
}

enum ipsec_status ipseci_run(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                             struct ipseci_handshake *hs, const struct ipseci_message *in,
                             ipseci_handler handler)
{
    const struct ipseci_context ctx = {.ike = ike, .sa = sa, .hs = hs, .in = in};
    struct ipseci_step *step = ike->step;

    for (int i = 0; i < IPSECI_HANDLER_RUNS_MAX; i++) {
        step_reset(ike);
        enum ipsec_status status = handler(&ctx, step);
        status = status < IPSEC_OK ? status : step->drop;
        if (status < IPSEC_OK) {
            forget_message(hs);
            return status;
        }
        if (step->need.kind == IPSECI_NEED_NOTHING) {
            status = ipseci_commit(ike, sa, hs, in, step);
            if (status == IPSEC_ERR_BUFFER && is_request(&ctx) && handler != answer_shorter) {
                handler = answer_shorter;
            } else if (status != IPSEC_ERR_BUSY) {
                return status;
            }
            continue; /* the sink refused: the handler answers again, knowing that */
        }
        if (hs == NULL) {
            return IPSEC_FATAL_INVARIANT;
        }
        hs->handler = handler;
        park(ike, hs, in);
        if (ipseci_need_satisfy(ike, hs, in, &step->need) == IPSEC_PENDING) {
            return IPSEC_PENDING;
        }
    }
    return IPSEC_FATAL_INVARIANT;
}

/* ---- first contact -----------------------------------------------------------------------------
 */

/* After IKE_SA_INIT as responder: kept only when it was answered with a key exchange. */
static enum ipsec_status first_done(struct ipsec_ike *ike, ipsec_handle handle,
                                    enum ipsec_status status)
{
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, handle);

    if (sa != NULL && status != IPSEC_PENDING && sa->state == IPSECI_IKE_NEW) {
        ipseci_sa_release(ike, sa);
    }
    return status;
}

enum ipsec_status ipseci_run_first(struct ipsec_ike *ike, struct ipseci_message *in)
{
    uint64_t source;

    IPSECI_TRY(ipseci_gate(ike, in, &source));
    if (ipseci_redirect_first(ike, in)) {
        return IPSEC_OK;
    }
    struct ipseci_ike_sa *sa = ipseci_sa_take(ike, false);
    if (sa == NULL) {
        return IPSEC_DROP_FULL;
    }
    sa->spi_i = in->header.spi_i;
    sa->local = in->local;
    sa->remote = in->remote;
    struct ipseci_handshake *hs = ipseci_handshake_take(ike, sa, true);
    if (hs == NULL || ipseci_spi_new(ike, &sa->spi_r) < IPSEC_OK ||
        ipseci_sa_index(ike, sa) < IPSEC_OK || ipseci_sa_index_init(ike, sa) < IPSEC_OK) {
        ipseci_sa_release(ike, sa);
        return IPSEC_DROP_FULL;
    }
    hs->task = IPSECI_TASK_SA_INIT;
    hs->source = source;
    (void)ipseci_timer_set(&ike->timers, &sa->exchange_timer,
                           ipseci_after(ike->now, ike->config.half_open_ms));
    const ipsec_handle handle = sa->self;
    return first_done(ike, handle, ipseci_run(ike, sa, hs, in, ipseci_sa_init_request));
}

/* ---- requests of the peer ----------------------------------------------------------------------
 */

static enum ipsec_status bad_syntax(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    ipseci_step_refuse(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX, ipseci_view(NULL, 0));
    return IPSEC_OK;
}

/* A CREATE_CHILD_SA request is about what the first proposal's protocol says (RFC 7296 1.3). */
static bool rekeys_ike(const struct ipseci_payloads *payloads)
{
    const struct ipseci_payload *sa = ipseci_payload_find(payloads, IPSECI_PAYLOAD_SA);
    struct ipseci_proposal_view proposal;

    if (sa == NULL) {
        return false;
    }
    struct ipseci_reader proposals = ipseci_sa_proposals(sa->body);
    return ipseci_sa_next(&proposals, &proposal) && proposal.protocol == IPSEC_PROTOCOL_IKE;
}

static enum ipsec_status create_child(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                      const struct ipseci_message *in)
{
    struct ipseci_handshake *hs = ipseci_handshake_take(ike, sa, true);

    if (hs == NULL) {
        return IPSEC_DROP_FULL; /* the peer sends it again */
    }
    const bool ike_rekey = rekeys_ike(&in->payloads);
    if (ike_rekey) {
        hs->task = IPSECI_TASK_IKE_REKEY;
        ipseci_fact_peer(ike, hs, IPSEC_OK, sa->peer); /* our proposals */
    } else {
        hs->task = ipseci_notify_find(&in->payloads, IPSECI_NOTIFY_REKEY_SA, NULL)
                       ? IPSECI_TASK_CHILD_REKEY
                       : IPSECI_TASK_CHILD_CREATE;
    }
    const ipsec_handle slot = hs->self;
    const enum ipsec_status status =
        ipseci_run(ike, sa, hs, in, ike_rekey ? ipseci_ike_rekey_request : ipseci_child_request);
    if (status != IPSEC_PENDING) {
        ipseci_handshake_release(ike, slot);
    }
    return status;
}

/* RFC 7296 2.21.2: who does not accept our first proof (IDr, AUTH) says so in an INFORMATIONAL
 * request, and has nothing more to say: between the rounds of EAP we need not wait for it. */
static bool gives_up(const struct ipseci_handshake *hs, const struct ipseci_message *in)
{
    return hs != NULL && hs->eap.phase != IPSECI_EAP_NONE &&
           in->header.exchange == IPSECI_EXCHANGE_INFORMATIONAL &&
           ipseci_notify_find(&in->payloads, IPSECI_NOTIFY_AUTHENTICATION_FAILED, NULL);
}

static enum ipsec_status half_open_request(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                           const struct ipseci_message *in)
{
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->peer_handshake);

    if (gives_up(hs, in)) {
        return ipseci_run(ike, sa, NULL, in, ipseci_info_request);
    }
    /* AUTH-34, CVE-2014-2338, CVE-2019-12312: nothing but IKE_AUTH before authentication */
    if (in->header.exchange != IPSECI_EXCHANGE_IKE_AUTH || hs == NULL) {
        return IPSEC_DROP_EXCHANGE;
    }
    /* RFC 7296 2.23: the initiator may have moved to port 4500 behind its NAT (NATT-03) */
    sa->strayed = sa->strayed || !ipsec_addr_equal(&sa->remote.addr, &in->remote.addr);
    sa->local = in->local;
    sa->remote = in->remote;
    hs->task = IPSECI_TASK_AUTH;
    /* What was asked for a request that failed here must not vouch for the identity in this one. */
    ipseci_lease_drop(ike, hs);
    ipseci_wipe(&hs->facts, sizeof(hs->facts));
    return ipseci_run(ike, sa, hs, in,
                      hs->eap.phase == IPSECI_EAP_NONE ? ipseci_auth_request : ipseci_eap_request);
}

static bool deletes_ike(const struct ipseci_payloads *payloads)
{
    const struct ipseci_payload *p;
    struct ipseci_delete del;
    uint32_t cursor = 0;

    while ((p = ipseci_payload_next(payloads, IPSECI_PAYLOAD_DELETE, &cursor)) != NULL) {
        if (ipseci_delete_parse(p->body, &del) == IPSEC_OK && del.protocol == IPSEC_PROTOCOL_IKE) {
            return true;
        }
    }
    return false;
}

enum ipsec_status ipseci_run_request(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                     struct ipseci_message *in)
{
    const ipsec_handle handle = sa->self;
    enum ipsec_status status = IPSEC_DROP_EXCHANGE;

    if (sa->state < IPSECI_IKE_INIT_REPLIED || sa->state == IPSECI_IKE_AUTH_SENT) {
        return IPSEC_DROP_EXCHANGE;
    }
    const bool was_busy = sa->peer_busy; /* with another one, in a wider window */
    sa->peer_busy = true;
    if (sa->heir_of != 0 && !deletes_ike(&in->payloads)) {
        ipseci_ike_heir_used(ike, sa);
    }
    if (in->syntax_error) {
        status = ipseci_run(ike, sa, NULL, in, bad_syntax);
    } else if (sa->state == IPSECI_IKE_INIT_REPLIED) {
        status = half_open_request(ike, sa, in);
    } else if (in->header.exchange == IPSECI_EXCHANGE_CREATE_CHILD_SA) {
        status = create_child(ike, sa, in);
    } else if (in->header.exchange == IPSECI_EXCHANGE_INFORMATIONAL) {
        status = ipseci_run(ike, sa, NULL, in, ipseci_info_request);
    } else if (in->header.exchange < IPSECI_EXCHANGE_IKE_SA_INIT ||
               in->header.exchange > IPSECI_EXCHANGE_INFORMATIONAL) {
        status = ipseci_run(ike, sa, NULL, in, bad_syntax); /* VER-06 */
    }
    sa = ipseci_sa_get(ike, handle);
    if (sa != NULL) {
        sa->peer_busy = was_busy || status == IPSEC_PENDING;
    }
    return status;
}

/* ---- answers to our requests -------------------------------------------------------------------
 */

static ipseci_handler response_handler(uint8_t task)
{
    static const ipseci_handler handler[] = {
        [IPSECI_TASK_NONE] = NULL,
        [IPSECI_TASK_SA_INIT] = ipseci_sa_init_response,
        [IPSECI_TASK_AUTH] = ipseci_auth_response,
        [IPSECI_TASK_CHILD_CREATE] = ipseci_child_response,
        [IPSECI_TASK_CHILD_REKEY] = ipseci_child_response,
        [IPSECI_TASK_CHILD_DELETE] = ipseci_info_response,
        [IPSECI_TASK_IKE_REKEY] = ipseci_ike_rekey_response,
        [IPSECI_TASK_IKE_DELETE] = ipseci_info_response,
        [IPSECI_TASK_PROBE] = ipseci_info_response,
        [IPSECI_TASK_UPDATE] = ipseci_info_response,
        [IPSECI_TASK_CHECK] = ipseci_info_response,
        [IPSECI_TASK_REDIRECT] = ipseci_info_response,
    };

    return handler[task];
}

static uint8_t exchange_of(uint8_t task)
{
    static const uint8_t exchange[] = {
        [IPSECI_TASK_NONE] = 0,
        [IPSECI_TASK_SA_INIT] = IPSECI_EXCHANGE_IKE_SA_INIT,
        [IPSECI_TASK_AUTH] = IPSECI_EXCHANGE_IKE_AUTH,
        [IPSECI_TASK_CHILD_CREATE] = IPSECI_EXCHANGE_CREATE_CHILD_SA,
        [IPSECI_TASK_CHILD_REKEY] = IPSECI_EXCHANGE_CREATE_CHILD_SA,
        [IPSECI_TASK_CHILD_DELETE] = IPSECI_EXCHANGE_INFORMATIONAL,
        [IPSECI_TASK_IKE_REKEY] = IPSECI_EXCHANGE_CREATE_CHILD_SA,
        [IPSECI_TASK_IKE_DELETE] = IPSECI_EXCHANGE_INFORMATIONAL,
        [IPSECI_TASK_PROBE] = IPSECI_EXCHANGE_INFORMATIONAL,
        [IPSECI_TASK_UPDATE] = IPSECI_EXCHANGE_INFORMATIONAL,
        [IPSECI_TASK_CHECK] = IPSECI_EXCHANGE_INFORMATIONAL,
        [IPSECI_TASK_REDIRECT] = IPSECI_EXCHANGE_INFORMATIONAL,
    };

    return exchange[task];
}

static enum ipsec_status bad_response(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    ipseci_step_fail(step, ctx, IPSEC_PHASE_ESTABLISHED, IPSEC_CAUSE_PROTOCOL);
    step->actions |= IPSECI_ACT_CLOSE; /* RFC 7296 2.21.3 */
    step->reason = IPSEC_REASON_FAILURE;
    return IPSEC_OK;
}

static enum ipsec_status refused_syntax(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, IPSEC_PHASE_ESTABLISHED, IPSEC_CAUSE_PEER_REFUSED);

    f->refused_by = IPSEC_REFUSED_PEER;
    f->notify = IPSECI_NOTIFY_INVALID_SYNTAX;
    step->actions |= IPSECI_ACT_CLOSE; /* RFC 7296 2.21.3: the peer has closed it */
    step->reason = IPSEC_REASON_FAILURE;
    return IPSEC_OK;
}

enum ipsec_status ipseci_run_response(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                      const struct ipseci_message *in)
{
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);

    if (sa->task == IPSECI_TASK_NONE || sa->tries == 0 || in->header.message_id != sa->request_id) {
        return IPSEC_DROP_MESSAGE_ID; /* MSGID-10 */
    }
    if (in->header.exchange != exchange_of(sa->task)) {
        return IPSEC_DROP_EXCHANGE;
    }
    if (hs != NULL && hs->waiting != IPSECI_NEED_NOTHING) {
        return IPSEC_DROP_DUPLICATE;
    }
    if (in->syntax_error) {
        return ipseci_run(ike, sa, hs, in, bad_response);
    }
    if (sa->state >= IPSECI_IKE_ESTABLISHED && sa->task != IPSECI_TASK_IKE_DELETE &&
        ipseci_notify_find(&in->payloads, IPSECI_NOTIFY_INVALID_SYNTAX, NULL)) {
        return ipseci_run(ike, sa, hs, in, refused_syntax);
    }
    return ipseci_run(ike, sa, hs, in, response_handler(sa->task));
}

/* ---- parked ------------------------------------------------------------------------------------
 */

void ipseci_resume(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, hs->sa);
    const ipsec_handle slot = hs->self;
    const ipsec_handle handle = hs->sa;
    const bool from_peer = hs->from_peer;
    struct ipseci_message *in = ike->message;
    enum ipsec_status status;

    if (sa == NULL || hs->handler == NULL) {
        return;
    }
    if (hs->has_message && unpark(hs, in) < IPSEC_OK) {
        return;
    }
    const uint8_t state = sa->state;
    status = ipseci_run(ike, sa, hs, hs->has_message ? in : NULL, hs->handler);
    sa = ipseci_sa_get(ike, handle);
    if (status == IPSEC_PENDING || sa == NULL) {
        return;
    }
    if (!from_peer) {
        if (status < IPSEC_OK && ipsec_status_class(status) != IPSEC_CLASS_PEER) {
            ipseci_task_failed(ike, sa, status);
        }
    } else if (state == IPSECI_IKE_NEW) {
        (void)first_done(ike, handle, status);
    } else {
        sa->peer_busy = false;
        if (state >= IPSECI_IKE_ESTABLISHED) {
            ipseci_handshake_release(ike, slot);
        }
    }
    ipseci_touch(ike, handle);
}
