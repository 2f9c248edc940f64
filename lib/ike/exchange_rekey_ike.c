/* SPDX-License-Identifier: Apache-2.0
 *
 * CREATE_CHILD_SA that rekeys the IKE SA itself (RFC 7296 1.3.2, 2.18), both roles.
 */
#include "child_offer.h"
#include "engine.h"
#include "sa_payload.h"
#include "small_payloads.h"

#include <string.h>

static void add_sa(struct ipseci_step *step, const struct ipsec_proposals *offered,
                   uint64_t own_spi)
{
    uint8_t spi[8];

    /* RFC 7296 1.3.2, 3.3.1: the new SPI, 8 octets (REKEY-06) */
    ipseci_store64(spi, own_spi);
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_SA);
    ipseci_sa_build(&step->w, offered, ipseci_view(spi, sizeof(spi)));
    ipseci_payload_end(&step->chain);
}

/* The new SA of this exchange; the seed has nonces, secret and SPIs. */
static enum ipsec_status settle(const struct ipseci_context *ctx, struct ipseci_step *step,
                                const struct ipseci_choice *choice, struct ipseci_key_seed *seed)
{
    const struct ipseci_ike_sa *sa = ctx->sa;
    const struct ipseci_prf_info *prf = ipseci_prf_find(sa->suite.prf);
    struct ipseci_new_ike *out = &step->new_ike;

    if (prf == NULL) {
        return IPSEC_FATAL_INVARIANT;
    }
    seed->ke_secret = ipseci_view(ctx->hs->job.secret, ctx->hs->job.secret_length);
    seed->old_sk_d = ipseci_view(sa->sk_d, prf->key_octets);
    seed->old_prf = sa->suite.prf;
    out->initiator = !ctx->hs->from_peer;
    out->spi_i = seed->spi_i;
    out->spi_r = seed->spi_r;
    out->suite = choice->suite;
    step->quirks |= choice->quirks;
    ipseci_lower_nonce(seed, out->low_nonce);
    step->actions |= IPSECI_ACT_NEW_IKE;
    if (choice->suite.ke == IPSEC_KE_MODP_2048_256) {
        step->warnings |= 1u << IPSEC_WARNING_WEAK_GROUP;
    }
    return ipseci_ike_keys_derive(&ctx->ike->config.crypto, &choice->suite, seed, &out->keys);
}

/* ---- initiator ---------------------------------------------------------------------------------
 */

enum ipsec_status ipseci_ike_rekey_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_handshake *hs = ctx->hs;

    if (ctx->sa->state != IPSECI_IKE_ESTABLISHED) {
        return IPSEC_ERR_STATE; /* it closes meanwhile, or the peer's rekey was faster */
    }
    if (ipseci_step_lacks_ke(ctx, step, IPSECI_NEED_KE_START, hs->group, ipseci_view(NULL, 0))) {
        return IPSEC_OK;
    }
    IPSECI_TRY(hs->facts.ke_status);
    ipseci_step_begin(step, IPSECI_SEND_REQUEST, IPSECI_EXCHANGE_CREATE_CHILD_SA);
    add_sa(step, &hs->offered, hs->spi);
    ipseci_step_nonce(step, ipseci_view(hs->nonce, sizeof(hs->nonce)));
    ipseci_step_ke(step, hs->group, ipseci_view(hs->job.public_value, hs->job.public_length));
    return IPSEC_OK;
}

static struct ipsec_failure *rekey_failed(const struct ipseci_context *ctx,
                                          struct ipseci_step *step, enum ipsec_cause cause)
{
    struct ipsec_failure *f = ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_REKEY, cause);

    f->authenticated = true;
    step->actions |= IPSECI_ACT_TASK_FAILED;
    return f;
}

static void response_error(const struct ipseci_context *ctx, struct ipseci_step *step,
                           const struct ipseci_notify *notify)
{
    const struct ipseci_handshake *hs = ctx->hs;
    const uint16_t group = ipseci_group_to_try(hs, notify);

    if (notify->type == IPSECI_NOTIFY_TEMPORARY_FAILURE) {
        step->actions |= IPSECI_ACT_TEMPORARY;
        return;
    }
    if (notify->type == IPSECI_NOTIFY_INVALID_KE_PAYLOAD && group != 0) {
        step->actions |= IPSECI_ACT_RETRY_GROUP;
        step->group = group;
        return;
    }
    const bool proposal = notify->type == IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN;
    struct ipsec_failure *f =
        rekey_failed(ctx, step, proposal ? IPSEC_CAUSE_NO_PROPOSAL : IPSEC_CAUSE_PEER_REFUSED);
    f->refused_by = IPSEC_REFUSED_PEER;
    f->notify = notify->type;
    if (proposal) {
        const struct ipseci_lists lists = {IPSEC_PROTOCOL_IKE, 0, &hs->offered,
                                           ctx->sa->peer->proposals};
        ipseci_step_explain_theirs(step, ctx, &lists, notify);
    }
}

enum ipsec_status ipseci_ike_rekey_response(const struct ipseci_context *ctx,
                                            struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    const struct ipseci_handshake *hs = ctx->hs;
    struct ipseci_key_seed seed = {.nonce_i = ipseci_view(hs->nonce, sizeof(hs->nonce)),
                                   .spi_i = hs->spi};
    struct ipseci_choice choice;
    struct ipseci_notify notify;
    struct ipseci_ke ke;
    uint8_t which;

    if (hs->facts.install_status < IPSEC_OK) {
        rekey_failed(ctx, step, IPSEC_CAUSE_RESOURCE)->status = hs->facts.install_status;
        return IPSEC_OK;
    }
    const bool no_sa = ipseci_payload_find(p, IPSECI_PAYLOAD_SA) == NULL;
    if ((no_sa && ipseci_error_notify(p, &notify) != 0) || ipseci_unknown_error(p, &notify)) {
        response_error(ctx, step, &notify);
        return IPSEC_OK;
    }
    if (p->unknown_critical != 0 ||
        ipseci_rules_check(IPSECI_RULE_IKE_REKEY_RESPONSE, p, &which) < IPSEC_OK ||
        ipseci_choice_verify(
            &hs->offered, ipseci_payload_find(p, IPSECI_PAYLOAD_SA)->body, IPSEC_PROTOCOL_IKE,
            IPSECI_CHOICE_SPI | ipseci_choice_quirks(ctx->sa->peer), &choice) < IPSEC_OK ||
        ipseci_step_peer_nonce(ctx, &seed.nonce_r) < IPSEC_OK ||
        ipseci_step_peer_ke(ctx, &ke) < IPSEC_OK || ke.group != hs->group ||
        choice.suite.ke != hs->group || choice.spi == 0) {
        rekey_failed(ctx, step, IPSEC_CAUSE_PROTOCOL);
        return IPSEC_OK;
    }
    if (ipseci_step_lacks_ke(ctx, step, IPSECI_NEED_KE_FINISH, hs->group, ke.data)) {
        return IPSEC_OK;
    }
    if (hs->facts.ke_status < IPSEC_OK) {
        rekey_failed(ctx, step, IPSEC_CAUSE_PROTOCOL)->status = hs->facts.ke_status;
        return IPSEC_OK;
    }
    seed.spi_r = choice.spi;
    return settle(ctx, step, &choice, &seed);
}

/* ---- responder ---------------------------------------------------------------------------------
 */

/* RFC 7296 2.25.2: a rekey of the IKE SA waits for our exchanges about children, and for a close.
 * Two rekeys of the IKE SA at once are answered and sorted out by the nonces (2.8.2). */
static bool not_now(const struct ipseci_context *ctx)
{
    const struct ipseci_ike_sa *sa = ctx->sa;

    return sa->state != IPSECI_IKE_ESTABLISHED || sa->want_delete ||
           (sa->task != IPSECI_TASK_NONE && sa->task != IPSECI_TASK_IKE_REKEY &&
            sa->task != IPSECI_TASK_PROBE) ||
           sa->collision != 0;
}

static enum ipsec_status request_reply(const struct ipseci_context *ctx, struct ipseci_step *step,
                                       const struct ipseci_choice *choice)
{
    const struct ipseci_handshake *hs = ctx->hs;
    struct ipseci_key_seed seed = {.nonce_r = ipseci_view(hs->nonce, sizeof(hs->nonce)),
                                   .spi_i = choice->spi,
                                   .spi_r = hs->spi};
    uint8_t spi[8];

    if (ipseci_step_peer_nonce(ctx, &seed.nonce_i) < IPSEC_OK) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX);
        return IPSEC_OK;
    }
    ipseci_step_begin(step, IPSECI_SEND_REPLY, IPSECI_EXCHANGE_CREATE_CHILD_SA);
    ipseci_store64(spi, hs->spi);
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_SA);
    ipseci_choice_build(&step->w, choice, ipseci_view(spi, sizeof(spi)));
    ipseci_payload_end(&step->chain);
    ipseci_step_nonce(step, seed.nonce_r);
    ipseci_step_ke(step, choice->suite.ke,
                   ipseci_view(hs->job.public_value, hs->job.public_length));
    return settle(ctx, step, choice, &seed);
}

static void no_proposal(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN);
    ipseci_step_hint(step, ctx, &ctx->hs->offered);
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_REKEY, IPSEC_CAUSE_NO_PROPOSAL);
    f->notify = IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN;
    const struct ipseci_lists lists = {IPSEC_PROTOCOL_IKE, 0, &ctx->hs->offered,
                                       ctx->sa->peer->proposals};
    ipseci_step_explain_ours(step, ctx, &lists);
}

enum ipsec_status ipseci_ike_rekey_request(const struct ipseci_context *ctx,
                                           struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    struct ipseci_choice choice;
    struct ipseci_ke ke;

    if (!ipseci_step_syntax(step, ctx, IPSECI_RULE_IKE_REKEY_REQUEST)) {
        return IPSEC_OK;
    }
    if (not_now(ctx) || ctx->hs->facts.install_status < IPSEC_OK) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_TEMPORARY_FAILURE);
        return IPSEC_OK; /* COLL-10, COLL-11 */
    }
    if (ipseci_step_peer_ke(ctx, &ke) < IPSEC_OK) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX);
        return IPSEC_OK;
    }
    const struct ipseci_wish wish = {IPSEC_PROTOCOL_IKE, ke.group,
                                     IPSECI_CHOICE_SPI | ipseci_choice_quirks(ctx->sa->peer)};
    if (ipseci_choose(&ctx->hs->offered, ipseci_payload_find(p, IPSECI_PAYLOAD_SA)->body, &wish,
                      &choice) < IPSEC_OK ||
        choice.spi == 0) {
        no_proposal(ctx, step);
        return IPSEC_OK;
    }
    if (choice.suite.ke != ke.group) {
        ipseci_step_refuse_group(step, ctx, choice.suite.ke);
        return IPSEC_OK;
    }
    if (ipseci_step_lacks_ke(ctx, step, IPSECI_NEED_KE_RESPOND, ke.group, ke.data)) {
        return IPSEC_OK;
    }
    if (ctx->hs->facts.ke_status < IPSEC_OK) {
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX);
        step->failure.phase = IPSEC_PHASE_IKE_REKEY;
        step->failure.status = ctx->hs->facts.ke_status;
        return IPSEC_OK;
    }
    return request_reply(ctx, step, &choice);
}
