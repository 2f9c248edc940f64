/* SPDX-License-Identifier: Apache-2.0
 *
 * CREATE_CHILD_SA for a new or a rekeyed Child SA (RFC 7296 1.3.1, 1.3.3, 2.8, 2.17), both roles.
 */
#include "address_config.h"
#include "child_offer.h"
#include "engine.h"
#include "mobility.h"
#include "sa_payload.h"
#include "small_payloads.h"

#include <string.h>

/* ---- initiator ---------------------------------------------------------------------------------
 */

enum ipsec_status ipseci_child_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_handshake *hs = ctx->hs;
    struct ipseci_child_sides sides;

    if (ctx->sa->state != IPSECI_IKE_ESTABLISHED) {
        return IPSEC_ERR_STATE; /* it closes meanwhile */
    }
    if (!ipseci_child_sides(ctx, step, hs->config, &sides)) {
        return IPSEC_ERR_NOT_FOUND; /* the inner address that a side of it is */
    }
    if (hs->group != 0 &&
        ipseci_step_lacks_ke(ctx, step, IPSECI_NEED_KE_START, hs->group, ipseci_view(NULL, 0))) {
        return IPSEC_OK;
    }
    if (hs->group != 0) {
        IPSECI_TRY(hs->facts.ke_status);
    }
    ipseci_step_begin(step, IPSECI_SEND_REQUEST, IPSECI_EXCHANGE_CREATE_CHILD_SA);
    if (hs->task == IPSECI_TASK_CHILD_REKEY) {
        /* RFC 7296 1.3.3: the SPI we receive with (REKEY-01) */
        const struct ipseci_child *old = ipseci_child_get(ctx->ike, ctx->sa->task_child);
        if (old == NULL) {
            return IPSEC_ERR_STALE;
        }
        uint8_t spi[4];
        ipseci_store32(spi, old->spi_in);
        const struct ipseci_notify rekey = {.protocol = IPSEC_PROTOCOL_ESP,
                                            .type = IPSECI_NOTIFY_REKEY_SA,
                                            .spi = ipseci_view(spi, sizeof(spi))};
        ipseci_notify_add_full(&step->chain, &rekey);
    }
    ipseci_child_add_sa(ctx, step, &hs->offered);
    ipseci_step_nonce(step, ipseci_view(hs->nonce, sizeof(hs->nonce)));
    if (hs->group != 0) {
        ipseci_step_ke(step, hs->group, ipseci_view(hs->job.public_value, hs->job.public_length));
    }
    ipseci_child_offer_ts(ctx, step);
    return IPSEC_OK;
}

/* A child that is still to be made is given up for good, so the peer's refusal is reported. */
static bool out_of_patience(const struct ipseci_context *ctx)
{
    const struct ipseci_child *child = ipseci_child_get(ctx->ike, ctx->sa->task_child);

    return ctx->hs->task == IPSECI_TASK_CHILD_CREATE && child != NULL &&
           child->temporary >= IPSECI_TEMPORARY_MAX;
}

static void response_error(const struct ipseci_context *ctx, struct ipseci_step *step,
                           const struct ipseci_notify *notify)
{
    const struct ipseci_handshake *hs = ctx->hs;
    const uint16_t group = ipseci_group_to_try(hs, notify);

    if (notify->type == IPSECI_NOTIFY_TEMPORARY_FAILURE && !out_of_patience(ctx)) {
        step->actions |= IPSECI_ACT_TEMPORARY; /* RFC 7296 2.25 (COLL-14) */
    } else if (notify->type == IPSECI_NOTIFY_CHILD_SA_NOT_FOUND &&
               hs->task == IPSECI_TASK_CHILD_REKEY) {
        step->actions |= IPSECI_ACT_CHILD_LOST; /* RFC 7296 2.25 (REKEY-02) */
    } else if (notify->type == IPSECI_NOTIFY_INVALID_KE_PAYLOAD && group != 0) {
        step->actions |= IPSECI_ACT_RETRY_GROUP; /* RFC 7296 1.3 (CHILD-03) */
        step->group = group;
    } else {
        ipseci_child_refused(ctx, step, notify, 0);
        step->actions |= IPSECI_ACT_TASK_FAILED;
    }
}

/* An answer we can not take although the peer has made the SA: it is told to drop it. */
static void not_taken(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    if (!step->has_failure) {
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_PROTOCOL);
    }
    step->failure.authenticated = true;
    step->actions |= IPSECI_ACT_DELETE_CHILD | IPSECI_ACT_TASK_FAILED;
    step->delete_spi = ctx->hs->child_spi;
}

/* The KE payload of the answer, when the chosen suite has a group. */
static bool response_ke(const struct ipseci_context *ctx, const struct ipseci_child_terms *terms,
                        struct ipseci_ke *ke)
{
    const struct ipseci_payload *payload =
        ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_KE);

    return payload != NULL && ipseci_ke_parse(payload->body, ke) == IPSEC_OK &&
           ke->group == ctx->hs->group && terms->choice.suite.ke == ctx->hs->group;
}

/* The peer has deleted the child before its answer, which makes the child, came to us. */
static bool is_gone(const struct ipseci_gone *gone, uint64_t spi)
{
    const uint32_t kept =
        gone->count < IPSECI_DELETE_SPIS_MAX ? gone->count : IPSECI_DELETE_SPIS_MAX;

    for (uint32_t i = 0; i < kept; i++) {
        if (gone->spi[i] == spi) {
            return true;
        }
    }
    return false;
}

/* A child would send at once to where the peer said that it is, and others may suffer from it
 * (RFC 4555 5.4): the peer is to drop it, and it is made later. */
static void not_there(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    if (out_of_patience(ctx)) {
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_POLICY);
    }
    step->actions |= IPSECI_ACT_DELETE_CHILD | IPSECI_ACT_TEMPORARY;
    step->delete_spi = ctx->hs->child_spi;
}

static enum ipsec_status response_accepted(const struct ipseci_context *ctx,
                                           struct ipseci_step *step)
{
    const struct ipseci_handshake *hs = ctx->hs;
    struct ipseci_child_terms terms;
    struct ipseci_ke ke = {0};
    struct ipseci_key_seed seed = {.nonce_i = ipseci_view(hs->nonce, sizeof(hs->nonce))};

    if (!ipseci_child_read_answer(ctx, step, &hs->offered, 0, &terms) ||
        ipseci_step_peer_nonce(ctx, &seed.nonce_r) < IPSEC_OK) {
        not_taken(ctx, step);
        return IPSEC_OK;
    }
    if (is_gone(&hs->gone, terms.choice.spi)) {
        step->actions |= IPSECI_ACT_CHILD_GONE;
        return IPSEC_OK;
    }
    if (ipseci_address_unproven(ctx->ike, ctx->sa)) {
        not_there(ctx, step);
        return IPSEC_OK;
    }
    if (terms.choice.suite.ke != 0) {
        if (!response_ke(ctx, &terms, &ke)) {
            not_taken(ctx, step);
            return IPSEC_OK;
        }
        if (ipseci_step_lacks_ke(ctx, step, IPSECI_NEED_KE_FINISH, hs->group, ke.data)) {
            return IPSEC_OK;
        }
        if (hs->facts.ke_status < IPSEC_OK) {
            not_taken(ctx, step);
            step->failure.status = hs->facts.ke_status;
            return IPSEC_OK;
        }
        seed.ke_secret = ipseci_view(hs->job.secret, hs->job.secret_length);
    } else if (ipseci_proposals_first_ke(&hs->offered) != 0) {
        step->warnings |= 1u << IPSEC_WARNING_NO_PFS;
    }
    step->new_child.slot = hs->task == IPSECI_TASK_CHILD_CREATE ? ctx->sa->task_child : 0;
    step->new_child.replaces = hs->task == IPSECI_TASK_CHILD_REKEY ? ctx->sa->task_child : 0;
    return ipseci_child_settle(ctx, step, &terms, &seed);
}

enum ipsec_status ipseci_child_response(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    struct ipseci_notify notify;
    uint8_t which;

    if (ctx->sa->state == IPSECI_IKE_CLOSING) {
        return IPSEC_OK; /* the child goes with the IKE SA, whose delete is next */
    }
    if (ctx->hs->facts.install_status < IPSEC_OK) {
        ipseci_child_not_installed(ctx, step);
        not_taken(ctx, step);
        return IPSEC_OK;
    }
    if (ipseci_payload_find(p, IPSECI_PAYLOAD_SA) == NULL && ipseci_error_notify(p, &notify) != 0) {
        response_error(ctx, step, &notify);
        return IPSEC_OK;
    }
    if (ipseci_unknown_error(p, &notify)) {
        ipseci_child_refused(ctx, step, &notify, 0);
        not_taken(ctx, step); /* INIT-33: failed, whatever else it says */
        return IPSEC_OK;
    }
    if (p->unknown_critical != 0 ||
        ipseci_rules_check(IPSECI_RULE_CHILD_RESPONSE, p, &which) < IPSEC_OK) {
        not_taken(ctx, step); /* CRIT-03 */
        return IPSEC_OK;
    }
    return response_accepted(ctx, step);
}

/* ---- responder ---------------------------------------------------------------------------------
 */

/* RFC 7296 2.25.2: an IKE SA that is being closed or rekeyed makes no children (COLL-13), nor does
 * one that has been rekeyed, whose children are elsewhere and not unknown (REKEY-09). RFC 4555 3.7:
 * nor does one whose peer is to answer at its new address before that is sent to. */
static bool not_now(const struct ipseci_context *ctx)
{
    const struct ipseci_ike_sa *sa = ctx->sa;

    return sa->state != IPSECI_IKE_ESTABLISHED || sa->want_delete ||
           sa->task == IPSECI_TASK_IKE_REKEY || ipseci_address_unproven(ctx->ike, sa);
}

static void child_not_found(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_notify *rekey)
{
    /* RFC 7296 2.25, 3.10.1: with the SPI that was not found. The protocol is ours to say, not
     * copied from the peer (CVE-2023-38710). */
    const struct ipseci_notify answer = {.protocol = IPSEC_PROTOCOL_ESP,
                                         .type = IPSECI_NOTIFY_CHILD_SA_NOT_FOUND,
                                         .spi = rekey->spi};

    ipseci_step_begin(step, IPSECI_SEND_REPLY, ctx->in->header.exchange);
    ipseci_notify_add_full(&step->chain, &answer);
}

static enum ipsec_status request_reply(const struct ipseci_context *ctx, struct ipseci_step *step,
                                       const struct ipseci_child_terms *terms,
                                       ipsec_handle replaces)
{
    const struct ipseci_handshake *hs = ctx->hs;
    struct ipseci_key_seed seed = {.nonce_r = ipseci_view(hs->nonce, sizeof(hs->nonce))};

    if (ipseci_step_peer_nonce(ctx, &seed.nonce_i) < IPSEC_OK) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX);
        return IPSEC_OK; /* CHILD-11 */
    }
    if (terms->choice.suite.ke != 0) {
        seed.ke_secret = ipseci_view(hs->job.secret, hs->job.secret_length);
    }
    ipseci_step_begin(step, IPSECI_SEND_REPLY, IPSECI_EXCHANGE_CREATE_CHILD_SA);
    ipseci_child_add_answer(ctx, step, terms);
    ipseci_step_nonce(step, seed.nonce_r);
    if (terms->choice.suite.ke != 0) {
        ipseci_step_ke(step, terms->choice.suite.ke,
                       ipseci_view(hs->job.public_value, hs->job.public_length));
    }
    ipseci_child_add_ts(step, &terms->remote_ts, &terms->local_ts);
    IPSECI_TRY(ipseci_child_settle(ctx, step, terms, &seed));
    step->new_child.replaces = replaces;
    /* RFC 7296 2.8: a rekeyed child carries our traffic only when the peer is proven to have it
     * (REKEY-05). */
    step->new_child.outbound_ready = replaces == 0;
    return IPSEC_OK;
}

/* With terms chosen: the key exchange, when there is one. */
static enum ipsec_status request_chosen(const struct ipseci_context *ctx, struct ipseci_step *step,
                                        const struct ipseci_child_terms *terms,
                                        const struct ipseci_ke *ke, ipsec_handle replaces)
{
    const uint16_t group = terms->choice.suite.ke;

    if (group != 0 && ke->group != group) {
        /* RFC 7296 1.3: another group than the KE payload's, or none came (CHILD-03, CHILD-05) */
        ipseci_step_refuse_group(step, ctx, group);
        return IPSEC_OK;
    }
    if (group != 0 && ipseci_step_lacks_ke(ctx, step, IPSECI_NEED_KE_RESPOND, group, ke->data)) {
        return IPSEC_OK;
    }
    if (group != 0 && ctx->hs->facts.ke_status < IPSEC_OK) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX);
        step->failure.phase = ipseci_child_phase(ctx);
        step->failure.status = ctx->hs->facts.ke_status;
        return IPSEC_OK;
    }
    return request_reply(ctx, step, terms, replaces);
}

/* The REKEY_SA notify: 0 no rekey, 1 rekey of *old, -1 the step holds the refusal. */
static int request_rekeys(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipseci_child **old)
{
    struct ipseci_notify rekey;

    if (!ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_REKEY_SA, &rekey)) {
        return 0;
    }
    if (rekey.protocol != IPSEC_PROTOCOL_ESP || rekey.spi.length != 4) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX);
        return -1;
    }
    *old = ipseci_child_by_spi_out(ctx->ike, ctx->sa, ipseci_load32(rekey.spi.data));
    if (*old == NULL && ipseci_waits_for_child(ctx->sa)) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_TEMPORARY_FAILURE);
        return -1; /* RFC 7296 2.25: it may be the one our own request is making */
    }
    if (*old == NULL || (*old)->state == IPSECI_CHILD_LINGERING) {
        child_not_found(ctx, step, &rekey);
        return -1;
    }
    if ((*old)->state != IPSECI_CHILD_INSTALLED) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_TEMPORARY_FAILURE);
        return -1; /* COLL-05 */
    }
    return 1;
}

enum ipsec_status ipseci_child_request(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_child *old = NULL;
    struct ipseci_child_terms terms;
    struct ipseci_ke ke = {0};

    if (!ipseci_step_syntax(step, ctx, IPSECI_RULE_CHILD_REQUEST)) {
        return IPSEC_OK;
    }
    if (not_now(ctx)) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_TEMPORARY_FAILURE);
        return IPSEC_OK;
    }
    if (request_rekeys(ctx, step, &old) < 0) {
        return IPSEC_OK;
    }
    if (ctx->hs->facts.install_status < IPSEC_OK) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_NO_ADDITIONAL_SAS);
        ipseci_child_not_installed(ctx, step);
        return IPSEC_OK; /* CHILD-07 */
    }
    const struct ipseci_payload *payload =
        ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_KE);
    if (payload != NULL && ipseci_ke_parse(payload->body, &ke) < IPSEC_OK) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX);
        return IPSEC_OK;
    }
    const struct ipseci_child_request_terms asked = {.only = old == NULL ? NULL : old->config,
                                                     .ke_offered = ke.group};
    const uint16_t error = ipseci_child_choose(ctx, step, &asked, &terms);
    if (error != 0) {
        ipseci_step_refuse_plain(step, ctx, error);
        if (error == IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN) {
            ipseci_step_hint(step, ctx, &step->ours);
        }
        return IPSEC_OK; /* CHILD-14: everything else stays as it is */
    }
    return request_chosen(ctx, step, &terms, &ke, old == NULL ? 0 : old->self);
}
