/* SPDX-License-Identifier: Apache-2.0
 *
 * INFORMATIONAL (RFC 7296 1.4, 2.4, 3.11): deletes, liveness, errors, both roles.
 */
#include "mobility.h"
#include "reauth.h"
#include "redirect.h"
#include "small_payloads.h"

#include <string.h>

static void add_delete_esp(struct ipseci_step *step, const uint32_t *spi, uint16_t count)
{
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_DELETE);
    ipseci_delete_build_esp(&step->w, spi, count);
    ipseci_payload_end(&step->chain);
}

/* What the task says: a delete, or nothing at all (liveness). */
enum ipsec_status ipseci_info_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_ike_sa *sa = ctx->sa;

    ipseci_step_begin(step, IPSECI_SEND_REQUEST, IPSECI_EXCHANGE_INFORMATIONAL);
    if (sa->task == IPSECI_TASK_IKE_DELETE) {
        ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_DELETE);
        ipseci_delete_build_ike(&step->w);
        ipseci_payload_end(&step->chain);
        step->next_state = IPSECI_IKE_CLOSING;
    } else if (sa->task == IPSECI_TASK_CHILD_DELETE) {
        const struct ipseci_child *child = ipseci_child_get(ctx->ike, sa->task_child);
        const uint32_t *spi = child != NULL ? &child->spi_in : &sa->foreign_spi;
        if (*spi == 0) {
            return IPSEC_ERR_STALE;
        }
        add_delete_esp(step, spi, 1);
    } else if (sa->task == IPSECI_TASK_REDIRECT) {
        IPSECI_TRY(ipseci_redirect_start(ctx, step));
    } else {
        ipseci_mobility_start(ctx, step);
    }
    if (sa->state == IPSECI_IKE_ESTABLISHED && sa->task != IPSECI_TASK_IKE_DELETE) {
        ipseci_step_window(step, ctx); /* after a rekey (REKEY-08) */
    }
    return IPSEC_OK;
}

/* The answers to our own deletes carry nothing we need: that they came is the news.
 * Commit ends the task. */
enum ipsec_status ipseci_info_response(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    if (ctx->in->payloads.unknown_critical != 0) {
        /* RFC 7296 2.5 (CRIT-03): nothing of it is taken. What it answers is over all the same: the
         * peer is alive, and what we delete is gone here. */
        (void)ipseci_step_fail(step, ctx, IPSEC_PHASE_ESTABLISHED, IPSEC_CAUSE_PROTOCOL);
    }
    if (ctx->sa->task == IPSECI_TASK_IKE_DELETE) {
        step->actions |= IPSECI_ACT_CLOSE;
        step->reason = ctx->sa->reason;
    } else if (ctx->sa->task == IPSECI_TASK_CHILD_DELETE) {
        step->actions |= IPSECI_ACT_REMOVE;
        step->remove[0] = ctx->sa->task_child;
        step->remove_count = 1;
    } else if (ctx->sa->task == IPSECI_TASK_REDIRECT) {
        step->redirect |= IPSECI_REDIRECT_TOLD;
    } else {
        ipseci_mobility_response(ctx, step);
    }
    return IPSEC_OK;
}

static void note_gone(struct ipseci_step *step, uint32_t spi)
{
    struct ipseci_gone *gone = &step->gone;

    if (gone->count < IPSECI_DELETE_SPIS_MAX) {
        step->actions |= IPSECI_ACT_CHILD_GONE;
        gone->spi[gone->count] = spi;
        gone->count++;
    }
}

/* One Delete payload for ESP: children by the SPI the peer receives with, and our SPIs for the
 * answer (INFO-03 to INFO-05). */
static void delete_children(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_delete *del, uint32_t *answer, uint16_t *answers)
{
    for (uint16_t i = 0; i < del->count && step->remove_count < IPSECI_DELETE_SPIS_MAX; i++) {
        const struct ipseci_child *child =
            ipseci_child_by_spi_out(ctx->ike, ctx->sa, ipseci_delete_spi(del, i));
        if (child == NULL && ipseci_waits_for_child(ctx->sa)) {
            note_gone(step, ipseci_delete_spi(del, i));
        }
        if (child == NULL || child->state == IPSECI_CHILD_LINGERING) {
            continue;
        }
        step->actions |= IPSECI_ACT_REMOVE;
        step->remove[step->remove_count] = child->self;
        step->remove_count++;
        /* RFC 7296 1.4.1: when both ends delete the same pair, neither names it in its answer */
        const bool ours_too =
            ctx->sa->task == IPSECI_TASK_CHILD_DELETE && ctx->sa->task_child == child->self;
        if (!ours_too) {
            answer[*answers] = child->spi_in;
            (*answers)++;
        }
    }
}

/* All Delete payloads. False: one is malformed (INFO-07). */
static bool request_deletes(const struct ipseci_context *ctx, struct ipseci_step *step,
                            uint32_t *answer, uint16_t *answers, bool *whole_sa)
{
    const struct ipseci_payload *p;
    struct ipseci_delete del;
    uint32_t cursor = 0;

    while ((p = ipseci_payload_next(&ctx->in->payloads, IPSECI_PAYLOAD_DELETE, &cursor)) != NULL) {
        if (ipseci_delete_parse(p->body, &del) < IPSEC_OK) {
            return false;
        }
        if (del.protocol == IPSEC_PROTOCOL_IKE) {
            *whole_sa = true;
        } else if (del.protocol == IPSEC_PROTOCOL_ESP) {
            delete_children(ctx, step, &del, answer, answers);
        }
    }
    return true;
}

static void bad_syntax(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    step->actions = 0;
    step->remove_count = 0;
    ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX);
}

/* What a request may ask for in notifies, in the order it is looked at: each is answered once, and
 * the first that ends the answer is the last. */
static const struct notice {
    uint16_t type;
    bool (*take)(const struct ipseci_context *ctx, struct ipseci_step *step,
                 const struct ipseci_notify *notify);
} notices[] = {
    {IPSECI_NOTIFY_COOKIE2, ipseci_mobility_cookie2},
    {IPSECI_NOTIFY_NO_NATS_ALLOWED, ipseci_mobility_no_nats},
    {IPSECI_NOTIFY_UPDATE_SA_ADDRESSES, ipseci_mobility_update},
    {IPSECI_NOTIFY_ADDITIONAL_IP4_ADDRESS, ipseci_mobility_addresses},
    {IPSECI_NOTIFY_ADDITIONAL_IP6_ADDRESS, ipseci_mobility_addresses},
    {IPSECI_NOTIFY_NO_ADDITIONAL_ADDRESSES, ipseci_mobility_addresses},
    {IPSECI_NOTIFY_NAT_DETECTION_SOURCE_IP, ipseci_mobility_nat},
    {IPSECI_NOTIFY_AUTH_LIFETIME, ipseci_reauth_notice},
    {IPSECI_NOTIFY_REDIRECT, ipseci_redirect_notice},
};

static void take_notices(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    /* RFC 4555 3.5, 3.6: of addresses the newest request counts, whenever it came */
    const bool newest = ipseci_window_newest(ctx->ike, ctx->sa, ctx->in->header.message_id);
    struct ipseci_notify notify;

    for (size_t i = 0; i < IPSECI_COUNT(notices); i++) {
        if (!newest && notices[i].type != IPSECI_NOTIFY_COOKIE2) {
            continue;
        }
        if (ipseci_notify_find(&ctx->in->payloads, notices[i].type, &notify) &&
            !notices[i].take(ctx, step, &notify)) {
            return;
        }
    }
}

enum ipsec_status ipseci_info_request(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    uint32_t answer[IPSECI_DELETE_SPIS_MAX];
    uint16_t answers = 0;
    bool whole_sa = false;
    struct ipseci_notify notify;

    if (!ipseci_step_syntax(step, ctx, IPSECI_RULE_INFORMATIONAL)) {
        return IPSEC_OK;
    }
    if (!request_deletes(ctx, step, answer, &answers, &whole_sa)) {
        bad_syntax(ctx, step);
        return IPSEC_OK;
    }
    ipseci_step_begin(step, IPSECI_SEND_REPLY, IPSECI_EXCHANGE_INFORMATIONAL);
    if (answers > 0 && !whole_sa) {
        add_delete_esp(step, answer, answers);
    }
    const uint16_t error = ipseci_error_notify(&ctx->in->payloads, &notify);
    if (whole_sa) {
        step->actions |= IPSECI_ACT_CLOSE; /* INFO-06, INFO-08 */
        step->reason = IPSEC_REASON_PEER;
    } else if (error == IPSECI_NOTIFY_AUTHENTICATION_FAILED ||
               error == IPSECI_NOTIFY_INVALID_SYNTAX) {
        const enum ipsec_phase phase = ctx->sa->state < IPSECI_IKE_ESTABLISHED
                                           ? IPSEC_PHASE_IKE_AUTH
                                           : IPSEC_PHASE_ESTABLISHED;
        struct ipsec_failure *f = ipseci_step_fail(step, ctx, phase,
                                                   error == IPSECI_NOTIFY_AUTHENTICATION_FAILED
                                                       ? IPSEC_CAUSE_AUTHENTICATION
                                                       : IPSEC_CAUSE_PEER_REFUSED);
        f->refused_by = IPSEC_REFUSED_PEER;
        f->notify = error;
        ipseci_step_close(step); /* INFO-13 */
    } else {
        take_notices(ctx, step);
        if (ctx->sa->state == IPSECI_IKE_ESTABLISHED) {
            ipseci_step_window(step, ctx); /* after a rekey (REKEY-08) */
        }
    }
    return IPSEC_OK;
}
