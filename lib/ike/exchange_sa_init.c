/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE_SA_INIT (RFC 7296 1.2), both roles. The initiator's restarts for cookies and groups are steps
 * of their own; the responder keeps nothing until it answers with a key exchange.
 */
#include "auth_method.h"
#include "choice.h"
#include "redirect.h"
#include "rules.h"
#include "sa_payload.h"
#include "small_payloads.h"

#include <string.h>

/* RFC 7383 2.3. The responder's SA is given its peer only when this step is committed. */
static bool wants_fragments(const struct ipseci_context *ctx)
{
    const struct ipsec_peer *peer = ctx->sa->peer != NULL ? ctx->sa->peer : ctx->hs->facts.peer;

    return !ctx->ike->config.no_fragmentation && !(peer != NULL && peer->no_fragmentation);
}

#define PLAIN_NOTIFY_BYTES 8u

/* RFC 6023 3. Nobody has proven its address yet: the answer is not made longer than what was asked,
 * but for CERTREQ, without which there is no IKE SA; one of ours that needs it says so, and that
 * makes the room. */
static void answer_childless(struct ipseci_step *step, const struct ipseci_context *ctx,
                             size_t certreq)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    const size_t length = IPSECI_IKE_HEADER_BYTES + step->w.used - certreq - 1 + PLAIN_NOTIFY_BYTES;
    const bool wanted = !ipseci_knows_hints(p) ||
                        ipseci_notify_find(p, IPSECI_NOTIFY_CHILDLESS_IKEV2_SUPPORTED, NULL);

    if (ctx->hs->facts.peer->childless != IPSEC_CHILDLESS_NEVER && wanted &&
        length <= ctx->in->header.length) {
        ipseci_step_notify(step, IPSECI_NOTIFY_CHILDLESS_IKEV2_SUPPORTED, ipseci_view(NULL, 0));
    }
}

static void add_fragmentation(struct ipseci_step *step)
{
    ipseci_step_notify(step, IPSECI_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED, ipseci_view(NULL, 0));
}

static void add_nat_detection(struct ipseci_step *step, const struct ipseci_context *ctx,
                              uint64_t spi_r)
{
    const struct ipseci_ike_sa *sa = ctx->sa;
    const struct ipseci_nat_path path = {sa->spi_i, spi_r, &sa->local, &sa->remote};

    ipseci_step_nat_detection(step, ctx, &path);
}

enum ipsec_status ipseci_sa_init_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_handshake *hs = ctx->hs;

    if (ipseci_redirect_lacks_address(ctx, step)) {
        return IPSEC_OK;
    }
    if (ipseci_step_lacks_ke(ctx, step, IPSECI_NEED_KE_START, hs->group, ipseci_view(NULL, 0))) {
        return IPSEC_OK;
    }
    if (hs->facts.ke_status < IPSEC_OK) {
        ipseci_step_fail(step, ctx, IPSEC_PHASE_START, IPSEC_CAUSE_RESOURCE)->status =
            hs->facts.ke_status;
        ipseci_step_close(step);
        return IPSEC_OK;
    }
    ipseci_step_begin(step, IPSECI_SEND_REQUEST, IPSECI_EXCHANGE_IKE_SA_INIT);
    if (hs->cookie_length > 0) {
        /* RFC 7296 2.6: first payload, all else unchanged (COOKIE-03) */
        ipseci_step_notify(step, IPSECI_NOTIFY_COOKIE, ipseci_view(hs->cookie, hs->cookie_length));
    }
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_SA);
    ipseci_sa_build(&step->w, &hs->offered, ipseci_view(NULL, 0));
    ipseci_payload_end(&step->chain);
    ipseci_step_ke(step, hs->group, ipseci_view(hs->job.public_value, hs->job.public_length));
    ipseci_step_nonce(step, ipseci_view(hs->nonce, sizeof(hs->nonce)));
    add_nat_detection(step, ctx, 0);
    if (wants_fragments(ctx)) {
        add_fragmentation(step); /* FRAG-01 */
    }
    if (ctx->sa->peer->local_auth == IPSEC_AUTH_SIGNATURE ||
        ctx->sa->peer->remote_auth == IPSEC_AUTH_SIGNATURE) {
        ipseci_hashes_add(ctx, step);
    }
    ipseci_redirect_offer(ctx, step);
    ipseci_step_vendor(step, ctx);
    if (hs->config == NULL) {
        /* RFC 6023 has only the responder say it; from us it means that we need it. RFC
         * 7296 3.10.1: others ignore it. */
        ipseci_step_notify(step, IPSECI_NOTIFY_CHILDLESS_IKEV2_SUPPORTED, ipseci_view(NULL, 0));
    }
    step->next_state = IPSECI_IKE_INIT_SENT;
    return IPSEC_OK;
}

/* ---- the initiator's side of the answer --------------------------------------------------------
 */

/* An answer that nothing protects: reported as a hint, and followed only in ways that can not make
 * things worse (RFC 7296 2.21.1, INIT-29). */
static void init_refused(const struct ipseci_context *ctx, struct ipseci_step *step,
                         const struct ipseci_notify *notify)
{
    enum ipsec_cause cause = IPSEC_CAUSE_PEER_REFUSED;

    if (ctx->hs->refusal_reported) {
        step->drop = IPSEC_DROP_DUPLICATE;
        return;
    }
    if (notify->type == IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN) {
        cause = IPSEC_CAUSE_NO_PROPOSAL;
    } else if (notify->type == IPSECI_NOTIFY_INVALID_KE_PAYLOAD) {
        cause = IPSEC_CAUSE_KE_GROUP;
    }
    struct ipsec_failure *f = ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_SA_INIT, cause);
    f->refused_by = IPSEC_REFUSED_PEER;
    f->notify = notify->type;
    if (cause != IPSEC_CAUSE_PEER_REFUSED) {
        const struct ipseci_lists lists = {IPSEC_PROTOCOL_IKE, 0, &ctx->hs->offered,
                                           ctx->sa->peer->proposals};
        ipseci_step_explain_theirs(step, ctx, &lists, notify);
    }
    step->actions = IPSECI_ACT_REFUSED;
}

static void init_other_group(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipseci_notify *notify)
{
    const uint16_t group = ipseci_group_to_try(ctx->hs, notify);

    if (group == 0) {
        init_refused(ctx, step, notify);
        return;
    }
    step->actions = IPSECI_ACT_RESTART;
    step->group = group;
}

static void init_cookie(const struct ipseci_context *ctx, struct ipseci_step *step,
                        const struct ipseci_notify *notify)
{
    /* RFC 7296 2.6: 1 to 64 octets (COOKIE-02); a bounded number of restarts (COOKIE-08) */
    if (notify->data.length == 0 || notify->data.length > IPSECI_COOKIE_BYTES_MAX ||
        ctx->hs->restarts >= IPSECI_RESTARTS_MAX) {
        step->drop = IPSEC_DROP_COOKIE;
        return;
    }
    step->actions = IPSECI_ACT_RESTART;
    step->group = ctx->hs->group;
    step->cookie = notify->data;
}

static enum ipsec_status derive_initial(const struct ipseci_context *ctx, struct ipseci_step *step,
                                        uint64_t spi_r, struct ipsec_view peer_nonce)
{
    const struct ipseci_handshake *hs = ctx->hs;
    const struct ipsec_view own = ipseci_view(hs->nonce, sizeof(hs->nonce));
    const struct ipseci_key_seed seed = {
        .ke_secret = ipseci_view(hs->job.secret, hs->job.secret_length),
        .nonce_i = ctx->sa->initiator ? own : peer_nonce,
        .nonce_r = ctx->sa->initiator ? peer_nonce : own,
        .spi_i = ctx->sa->spi_i,
        .spi_r = spi_r,
    };

    IPSECI_TRY(ipseci_ike_keys_derive(&ctx->ike->config.crypto, &step->suite, &seed, &step->keys));
    step->peer_nonce = peer_nonce;
    step->peer_hashes = ipseci_hashes_read(&ctx->in->payloads);
    step->actions |= IPSECI_ACT_KEYS | IPSECI_ACT_KEEP_INIT | IPSECI_ACT_NAT;
    if (ipseci_knows_hints(&ctx->in->payloads)) {
        step->actions |= IPSECI_ACT_HINTS;
    }
    if (wants_fragments(ctx) &&
        ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED, NULL)) {
        step->actions |= IPSECI_ACT_FRAGMENTS;
    }
    if (step->suite.ke == IPSEC_KE_MODP_2048_256) {
        step->warnings |= 1u << IPSEC_WARNING_WEAK_GROUP;
    }
    return IPSEC_OK;
}

/* RFC 6023 3: no IKE_AUTH without child to a peer that has not said it takes one. The answer is not
 * protected, so a better one may come. */
static void init_no_childless(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    if (ctx->hs->refusal_reported) {
        step->drop = IPSEC_DROP_DUPLICATE;
        return;
    }
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_SA_INIT, IPSEC_CAUSE_POLICY);
    f->refused_by = IPSEC_REFUSED_PEER;
    f->notify = IPSECI_NOTIFY_CHILDLESS_IKEV2_SUPPORTED;
    step->actions = IPSECI_ACT_REFUSED;
}

static enum ipsec_status init_accepted(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    const struct ipseci_handshake *hs = ctx->hs;
    struct ipseci_choice choice;
    struct ipsec_view nonce;
    struct ipseci_ke ke;

    step->drop =
        ipseci_choice_verify(&hs->offered, ipseci_payload_find(p, IPSECI_PAYLOAD_SA)->body,
                             IPSEC_PROTOCOL_IKE, ipseci_choice_quirks(ctx->sa->peer), &choice);
    if (step->drop < IPSEC_OK) {
        step->drop = IPSEC_DROP_MALFORMED; /* INIT-09 */
        return IPSEC_OK;
    }
    step->drop = ipseci_step_peer_nonce(ctx, &nonce);
    if (step->drop == IPSEC_OK) {
        step->drop = ipseci_step_peer_ke(ctx, &ke);
    }
    if (step->drop == IPSEC_OK && (choice.suite.ke != hs->group || ke.group != hs->group)) {
        step->drop = IPSEC_DROP_KE;
    }
    if (step->drop < IPSEC_OK) {
        return IPSEC_OK;
    }
    if (ipseci_step_lacks_ke(ctx, step, IPSECI_NEED_KE_FINISH, hs->group, ke.data)) {
        return IPSEC_OK;
    }
    if (hs->facts.ke_status < IPSEC_OK) {
        step->drop = hs->facts.ke_status; /* INIT-22, INIT-23: keep waiting for a good answer */
        return IPSEC_OK;
    }
    if (hs->config == NULL &&
        !ipseci_notify_find(p, IPSECI_NOTIFY_CHILDLESS_IKEV2_SUPPORTED, NULL)) {
        init_no_childless(ctx, step);
        return IPSEC_OK;
    }
    step->suite = choice.suite;
    step->quirks |= choice.quirks;
    step->spi_peer = ctx->in->header.spi_r;
    const struct ipseci_nat_path path = {ctx->sa->spi_i, step->spi_peer, &ctx->in->local,
                                         &ctx->in->remote};
    ipseci_nat_detect(&ctx->ike->config.crypto, p, &path, &step->nat);
    IPSECI_TRY(derive_initial(ctx, step, step->spi_peer, nonce));
    step->next_state = IPSECI_IKE_AUTH_SENT;
    step->next_task = IPSECI_TASK_AUTH;
    return IPSEC_OK;
}

enum ipsec_status ipseci_sa_init_response(const struct ipseci_context *ctx,
                                          struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    struct ipseci_notify notify;
    uint8_t which;

    if (ipseci_notify_find(p, IPSECI_NOTIFY_COOKIE, &notify)) {
        init_cookie(ctx, step, &notify);
        return IPSEC_OK;
    }
    if (ipseci_payload_find(p, IPSECI_PAYLOAD_SA) == NULL) {
        if (ipseci_redirect_init(ctx, step)) {
            return IPSEC_OK;
        }
        const uint16_t error = ipseci_error_notify(p, &notify);
        if (error == IPSECI_NOTIFY_INVALID_KE_PAYLOAD) {
            init_other_group(ctx, step, &notify);
        } else if (error != 0) {
            init_refused(ctx, step, &notify);
        } else {
            step->drop = IPSEC_DROP_PAYLOADS;
        }
        return IPSEC_OK;
    }
    if (ipseci_unknown_error(p, &notify)) {
        init_refused(ctx, step, &notify);
        return IPSEC_OK;
    }
    step->drop = ipseci_rules_check(IPSECI_RULE_INIT_RESPONSE, p, &which);
    if (step->drop == IPSEC_OK && ctx->in->header.spi_r == 0) {
        step->drop = IPSEC_DROP_SPI;
    }
    if (step->drop == IPSEC_OK && p->unknown_critical != 0) {
        step->drop = IPSEC_DROP_CRITICAL; /* CRIT-03 */
    }
    return step->drop < IPSEC_OK ? IPSEC_OK : init_accepted(ctx, step);
}

/* ---- the responder -----------------------------------------------------------------------------
 */

static void init_no_peer(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN);
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_SA_INIT, IPSEC_CAUSE_NO_CONNECTION);
    f->status = ctx->hs->facts.peer_status;
    f->notify = IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN;
}

/* RFC 7296 2.7: no acceptable proposal; no state is kept (INIT-07). */
static void init_no_proposal(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipsec_proposals *ours)
{
    const struct ipsec_peer *peer = ctx->hs->facts.peer;

    ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN);
    ipseci_step_hint(step, ctx, ours);
    if (IPSECI_IKE_HEADER_BYTES + step->w.used > ctx->in->header.length) {
        /* Nobody has proven its address yet: the answer is never longer than what was asked. */
        ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN);
    }
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_SA_INIT, IPSEC_CAUSE_NO_PROPOSAL);
    f->peer = peer;
    f->notify = IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN;
    const struct ipseci_lists lists = {IPSEC_PROTOCOL_IKE, 0, ours, peer->proposals};
    ipseci_step_explain_ours(step, ctx, &lists);
}

static enum ipsec_status init_reply(const struct ipseci_context *ctx, struct ipseci_step *step,
                                    const struct ipseci_choice *choice, struct ipsec_view nonce)
{
    const struct ipseci_handshake *hs = ctx->hs;

    step->suite = choice->suite;
    step->quirks |= choice->quirks;
    step->spi_peer = ctx->sa->spi_i;
    step->peer = hs->facts.peer;
    const struct ipseci_nat_path path = {ctx->sa->spi_i, 0, &ctx->in->local, &ctx->in->remote};
    ipseci_nat_detect(&ctx->ike->config.crypto, &ctx->in->payloads, &path, &step->nat);
    IPSECI_TRY(derive_initial(ctx, step, ctx->sa->spi_r, nonce));
    step->actions |= IPSECI_ACT_PEER;
    ipseci_step_begin(step, IPSECI_SEND_REPLY, IPSECI_EXCHANGE_IKE_SA_INIT);
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_SA);
    ipseci_choice_build(&step->w, choice, ipseci_view(NULL, 0));
    ipseci_payload_end(&step->chain);
    ipseci_step_ke(step, choice->suite.ke,
                   ipseci_view(hs->job.public_value, hs->job.public_length));
    ipseci_step_nonce(step, ipseci_view(hs->nonce, sizeof(hs->nonce)));
    add_nat_detection(step, ctx, ctx->sa->spi_r);
    if ((step->actions & IPSECI_ACT_FRAGMENTS) != 0) {
        add_fragmentation(step);
    }
    ipseci_redirect_take(ctx, step);
    if (step->peer_hashes != 0) {
        ipseci_hashes_add(ctx, step); /* RFC 7427 4: method 14 takes both ends' word */
    }
    const size_t before = step->w.used;
    ipseci_authorities_add(ctx, step, hs->facts.peer);
    const size_t certreq = step->w.used - before;
    if (ipseci_knows_hints(&ctx->in->payloads)) {
        ipseci_step_vendor(step, ctx);
    }
    answer_childless(step, ctx, certreq);
    step->next_state = IPSECI_IKE_INIT_REPLIED;
    return IPSEC_OK;
}

static enum ipsec_status init_chosen(const struct ipseci_context *ctx, struct ipseci_step *step,
                                     const struct ipseci_choice *choice, const struct ipseci_ke *ke)
{
    struct ipsec_view nonce;

    step->drop = ipseci_step_peer_nonce(ctx, &nonce);
    if (step->drop < IPSEC_OK) {
        return IPSEC_OK;
    }
    if (choice->suite.ke != ke->group) {
        /* RFC 7296 1.2: name the group we want; nothing is kept (INIT-19) */
        ipseci_step_refuse_group(step, ctx, choice->suite.ke);
        return IPSEC_OK;
    }
    if (ipseci_step_lacks_ke(ctx, step, IPSECI_NEED_KE_RESPOND, ke->group, ke->data)) {
        return IPSEC_OK;
    }
    if (ctx->hs->facts.ke_status < IPSEC_OK) {
        step->drop = ctx->hs->facts.ke_status;
        return IPSEC_OK;
    }
    return init_reply(ctx, step, choice, nonce);
}

enum ipsec_status ipseci_sa_init_request(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    struct ipseci_choice choice;
    struct ipseci_ke ke;
    uint8_t which;

    step->drop = ipseci_rules_check(IPSECI_RULE_INIT_REQUEST, p, &which);
    if (step->drop < IPSEC_OK) {
        return IPSEC_OK;
    }
    if (p->unknown_critical != 0) {
        /* RFC 7296 2.5 (CRIT-02) */
        ipseci_step_refuse(step, ctx, IPSECI_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
                           ipseci_view(&p->unknown_critical, 1));
        return IPSEC_OK;
    }
    if (!ipseci_has(ctx, IPSECI_NEED_PEER)) {
        step->need.kind = IPSECI_NEED_PEER;
        step->need.peer.local = ctx->in->local;
        step->need.peer.remote = ctx->in->remote;
        return IPSEC_OK;
    }
    if (ctx->hs->facts.peer_status < IPSEC_OK) {
        init_no_peer(ctx, step);
        return IPSEC_OK;
    }
    step->drop = ipseci_step_peer_ke(ctx, &ke);
    if (step->drop < IPSEC_OK) {
        return IPSEC_OK;
    }
    if (ipseci_knows_hints(p)) {
        step->actions |= IPSECI_ACT_HINTS; /* before choosing: a refusal may carry the hint */
    }
    const struct ipseci_wish wish = {IPSEC_PROTOCOL_IKE, ke.group,
                                     ipseci_choice_quirks(ctx->hs->facts.peer)};
    const enum ipsec_status chosen = ipseci_choose(
        &ctx->hs->offered, ipseci_payload_find(p, IPSECI_PAYLOAD_SA)->body, &wish, &choice);
    if (chosen == IPSEC_ERR_NOT_FOUND) {
        init_no_proposal(ctx, step, &ctx->hs->offered);
        return IPSEC_OK;
    }
    step->drop = chosen < IPSEC_OK ? chosen : IPSEC_OK;
    return step->drop < IPSEC_OK ? IPSEC_OK : init_chosen(ctx, step, &choice, &ke);
}
