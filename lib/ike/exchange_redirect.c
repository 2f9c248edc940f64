/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirect in IKE_SA_INIT, IKE_AUTH and INFORMATIONAL, both roles. RFC 5685. See redirect.h.
 */
#include "redirect.h"
#include "redirect_wire.h"

/* ---- whether to go -----------------------------------------------------------------------------
 */

/* RFC 5685 8: MAX_REDIRECTS within REDIRECT_LOOP_DETECT_PERIOD. */
static bool is_loop(const struct ipseci_context *ctx)
{
    const struct ipseci_redirect *known = ipseci_redirect_of(ctx->ike, ctx->sa->peer);

    return known != NULL && known->count == IPSECI_REDIRECTS_MAX &&
           ctx->ike->now - known->at[known->next] < IPSECI_REDIRECT_LOOP_MS;
}

/* Why we can not go there; IPSEC_OK: we can. */
static enum ipsec_status obstacle(const struct ipseci_context *ctx, const struct ipsec_id *gateway)
{
    struct ipsec_addr remote;
    struct ipsec_addr local;

    if (is_loop(ctx)) {
        return IPSEC_ERR_AGAIN;
    }
    if (!ipseci_redirect_has_room(ctx->ike, ctx->sa->peer)) {
        return IPSEC_ERR_FULL;
    }
    if (!ipseci_gateway_address(gateway, &remote)) {
        return ctx->ike->config.callbacks.resolve == NULL ? IPSEC_ERR_NOT_BUILT_IN : IPSEC_OK;
    }
    return ipseci_redirect_local(ctx->sa, remote.family, &local) ? IPSEC_OK : IPSEC_ERR_ARGUMENT;
}

static enum ipsec_phase phase_of(const struct ipseci_context *ctx)
{
    if (ctx->in == NULL || ctx->in->header.exchange == IPSECI_EXCHANGE_IKE_SA_INIT) {
        return IPSEC_PHASE_IKE_SA_INIT;
    }
    return ctx->in->header.exchange == IPSECI_EXCHANGE_IKE_AUTH ? IPSEC_PHASE_IKE_AUTH
                                                                : IPSEC_PHASE_ESTABLISHED;
}

static void not_followed(const struct ipseci_context *ctx, struct ipseci_step *step,
                         const struct ipsec_id *gateway, enum ipsec_status status)
{
    const bool full = status == IPSEC_ERR_FULL;
    struct ipsec_failure *f = ipseci_step_fail(step, ctx, phase_of(ctx),
                                               full ? IPSEC_CAUSE_RESOURCE : IPSEC_CAUSE_POLICY);

    step->id[1] = *gateway;
    f->initiator = true; /* of the IKE SA: only that end can be sent */
    if (ctx->in != NULL) {
        /* it does not want us, and we do not go; or can not, which is nobody's doing but ours */
        f->refused_by = full ? IPSEC_REFUSED_LOCAL : IPSEC_REFUSED_PEER;
        f->authenticated = f->phase != IPSEC_PHASE_IKE_SA_INIT;
    }
    f->their_id = &step->id[1];
    f->status = status;
    f->notify = IPSECI_NOTIFY_REDIRECT;
    f->attempts = status == IPSEC_ERR_AGAIN ? IPSECI_REDIRECTS_MAX : 0;
}

/* step->gateway is where to go. False: the step says why not. */
static bool follow(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const enum ipsec_status status = obstacle(ctx, &step->gateway);

    if (status < IPSEC_OK) {
        not_followed(ctx, step, &step->gateway, status);
        return false;
    }
    step->redirect |= IPSECI_REDIRECT_FOLLOW;
    return true;
}

/* A peer without identity has proven nothing. */
static bool trusts(const struct ipsec_peer *peer)
{
    return peer->follow_redirects == IPSEC_REDIRECTS_ANY ||
           (peer->follow_redirects == IPSEC_REDIRECTS_AUTHENTICATED &&
            peer->remote_auth != IPSEC_AUTH_NULL);
}

/* ---- the end that is sent ----------------------------------------------------------------------
 */

bool ipseci_redirect_lacks_address(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_handshake *hs = ctx->hs;

    if (hs->gateway.type == IPSEC_ID_NONE) {
        return false;
    }
    if (!ipseci_has(ctx, IPSECI_NEED_RESOLVE)) {
        step->need.kind = IPSECI_NEED_RESOLVE;
        return true;
    }
    if (hs->facts.resolve_status < IPSEC_OK) {
        not_followed(ctx, step, &hs->gateway, hs->facts.resolve_status);
        ipseci_step_close(step);
        return true;
    }
    return false;
}

void ipseci_redirect_offer(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipsec_addr *from = &ctx->hs->redirected_from;
    uint8_t octets[2 + 16];
    struct ipseci_writer w = ipseci_writer_init(octets, sizeof(octets));
    struct ipsec_id gateway;

    if (ctx->sa->peer->follow_redirects == IPSEC_REDIRECTS_NEVER) {
        return;
    }
    step->redirect |= IPSECI_REDIRECT_OFFERED;
    ipseci_step_notify(step, IPSECI_NOTIFY_REDIRECT_SUPPORTED, ipseci_view(NULL, 0));
    if (from->family != IPSEC_FAMILY_NONE) {
        ipseci_gateway_of(from, &gateway);
        ipseci_redirect_build(&w, &gateway, ipseci_view(NULL, 0));
        ipseci_step_notify(step, IPSECI_NOTIFY_REDIRECTED_FROM, ipseci_written(&w));
    }
}

/* Nothing protects it: what can not be followed is reported as a hint, as other refusals. */
static void init_not_followed(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    if (ctx->hs->refusal_reported) {
        step->drop = IPSEC_DROP_DUPLICATE;
        return;
    }
    step->actions = IPSECI_ACT_REFUSED;
}

bool ipseci_redirect_init(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_handshake *hs = ctx->hs;
    struct ipseci_notify notify;
    struct ipsec_view nonce;

    if (!ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_REDIRECT, &notify)) {
        return false;
    }
    step->drop = ipseci_redirect_parse(notify.data, &step->gateway, &nonce);
    /* RFC 5685 3: who has not seen our request does not know our nonce; another answer may come */
    if (step->drop == IPSEC_OK && (nonce.length != sizeof(hs->nonce) ||
                                   !ipseci_equal_secret(nonce.data, hs->nonce, nonce.length))) {
        step->drop = IPSEC_DROP_PAYLOADS;
    }
    if (step->drop < IPSEC_OK) {
        return true;
    }
    if (ctx->sa->peer->follow_redirects != IPSEC_REDIRECTS_ANY) {
        not_followed(ctx, step, &step->gateway, IPSEC_ERR_FORBIDDEN);
        init_not_followed(ctx, step);
    } else if (!follow(ctx, step)) {
        init_not_followed(ctx, step);
    } else {
        step->actions = IPSECI_ACT_CLOSE;
        step->reason = IPSEC_REASON_REDIRECTED;
    }
    return true;
}

bool ipseci_redirect_auth(const struct ipseci_context *ctx, struct ipseci_step *step,
                          enum ipseci_action ending)
{
    struct ipseci_notify notify;
    struct ipsec_view nonce;

    /* To who has not said that it takes them, it is a status notify without meaning, as one that
     * can not be read (RFC 7296 3.10.1). */
    if (!trusts(ctx->sa->peer) ||
        !ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_REDIRECT, &notify) ||
        ipseci_redirect_parse(notify.data, &step->gateway, &nonce) < IPSEC_OK) {
        return false;
    }
    step->reason = follow(ctx, step) ? IPSEC_REASON_REDIRECTED : IPSEC_REASON_FAILURE;
    step->actions |= (uint32_t)ending; /* RFC 5685 6 */
    return true;
}

/* The IKE SA is being left already. */
static bool under_way(const struct ipseci_context *ctx)
{
    const struct ipseci_redirect *known = ipseci_redirect_of(ctx->ike, ctx->sa->peer);

    return known != NULL && known->leaves == ctx->sa->self &&
           ipseci_sa_get(ctx->ike, known->sa) != NULL;
}

bool ipseci_redirect_notice(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_notify *notify)
{
    struct ipsec_view nonce;

    if (ctx->sa->redirectable && trusts(ctx->sa->peer) &&
        ctx->sa->state == IPSECI_IKE_ESTABLISHED && !under_way(ctx) &&
        ipseci_redirect_parse(notify->data, &step->gateway, &nonce) == IPSEC_OK) {
        (void)follow(ctx, step); /* or the IKE SA stays what it is */
    }
    return true;
}

/* ---- the end that sends ------------------------------------------------------------------------
 */

bool ipseci_redirect_supported(const struct ipseci_payloads *payloads, struct ipsec_addr *from)
{
    struct ipseci_notify notify;

    from->family = IPSEC_FAMILY_NONE;
    /* RFC 5685 7.3: it says both */
    if (ipseci_notify_find(payloads, IPSECI_NOTIFY_REDIRECTED_FROM, &notify) &&
        ipseci_redirected_from_parse(notify.data, from) == IPSEC_OK) {
        return true;
    }
    return ipseci_notify_find(payloads, IPSECI_NOTIFY_REDIRECT_SUPPORTED, NULL);
}

void ipseci_redirect_take(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    if (ipseci_redirect_supported(&ctx->in->payloads, &step->redirected_from)) {
        step->redirect |= IPSECI_REDIRECT_SUPPORTED;
    }
}

bool ipseci_redirect_asks(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipsec_id *remote)
{
    if (!ctx->sa->takes_redirects || ctx->ike->config.callbacks.redirect == NULL ||
        ipseci_has(ctx, IPSECI_NEED_REDIRECT)) {
        return false;
    }
    step->need.kind = IPSECI_NEED_REDIRECT;
    step->need.peer_remote_id = *remote;
    return true;
}

static void add_redirect(struct ipseci_step *step, const struct ipsec_id *gateway)
{
    uint8_t octets[2 + IPSEC_ID_BYTES_MAX];
    struct ipseci_writer w = ipseci_writer_init(octets, sizeof(octets));

    ipseci_redirect_build(&w, gateway, ipseci_view(NULL, 0));
    ipseci_step_notify(step, IPSECI_NOTIFY_REDIRECT, ipseci_written(&w));
    step->gateway = *gateway;
    step->redirect |= IPSECI_REDIRECT_SEND;
}

bool ipseci_redirect_away(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    if (!ipseci_has(ctx, IPSECI_NEED_REDIRECT) || ctx->hs->gateway.type == IPSEC_ID_NONE) {
        return false;
    }
    add_redirect(step, &ctx->hs->gateway);
    return true;
}

enum ipsec_status ipseci_redirect_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_redirect *wish = ipseci_redirect_wish(ctx->ike, ctx->sa);

    if (wish == NULL) {
        return IPSEC_ERR_STALE;
    }
    add_redirect(step, &wish->to);
    return IPSEC_OK;
}
