/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces that several handlers put into their steps.
 */
#include "step.h"

#include "choice.h"
#include "small_payloads.h"

#include <string.h>

void ipseci_step_begin(struct ipseci_step *step, enum ipseci_send send, uint8_t exchange)
{
    step->send = send;
    step->exchange = exchange;
    step->w.used = 0;
    step->w.failed = false;
    ipseci_write8(&step->w, IPSECI_PAYLOAD_NONE); /* names the first payload */
    step->chain = ipseci_chain_init(&step->w, 0);
}

bool ipseci_step_lacks_ke(const struct ipseci_context *ctx, struct ipseci_step *step,
                          enum ipseci_need_kind kind, uint16_t group, struct ipsec_view peer_public)
{
    if (ipseci_has(ctx, kind)) {
        return false;
    }
    step->need.kind = kind;
    step->need.group = group;
    step->need.peer_public = peer_public;
    return true;
}

uint16_t ipseci_notify_group(const struct ipseci_notify *notify)
{
    return notify->data.length == 2 ? ipseci_load16(notify->data.data) : 0;
}

uint16_t ipseci_group_to_try(const struct ipseci_handshake *hs, const struct ipseci_notify *notify)
{
    const uint16_t group = ipseci_notify_group(notify);
    const bool follow = group != hs->group && ipseci_proposals_have_ke(&hs->offered, group) &&
                        hs->restarts < IPSECI_RESTARTS_MAX;

    return follow ? group : 0;
}

void ipseci_step_nonce(struct ipseci_step *step, struct ipsec_view nonce)
{
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_NONCE);
    ipseci_nonce_build(&step->w, nonce);
    ipseci_payload_end(&step->chain);
}

void ipseci_step_ke(struct ipseci_step *step, uint16_t group, struct ipsec_view value)
{
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_KE);
    ipseci_ke_build(&step->w, group, value);
    ipseci_payload_end(&step->chain);
}

void ipseci_step_notify(struct ipseci_step *step, uint16_t type, struct ipsec_view data)
{
    ipseci_notify_add(&step->chain, type, data);
}

void ipseci_step_nat_detection(struct ipseci_step *step, const struct ipseci_context *ctx,
                               const struct ipseci_nat_path *path)
{
    const struct ipsec_crypto_list *crypto = &ctx->ike->config.crypto;
    /* The responder's SA is given its peer only when its first step is committed. */
    const struct ipsec_peer *peer = ctx->sa->peer != NULL ? ctx->sa->peer
                                    : ctx->hs != NULL     ? ctx->hs->facts.peer
                                                          : NULL;
    struct ipsec_endpoint local = *path->local;
    uint8_t source[IPSECI_NAT_HASH_BYTES];
    uint8_t destination[IPSECI_NAT_HASH_BYTES];

    if (peer != NULL && peer->force_encapsulation) {
        local.port = 0;
    }
    if ((peer != NULL && peer->no_nat) ||
        ipseci_nat_hash(crypto, path->spi_i, path->spi_r, &local, source) < IPSEC_OK ||
        ipseci_nat_hash(crypto, path->spi_i, path->spi_r, path->remote, destination) < IPSEC_OK) {
        return;
    }
    ipseci_step_notify(step, IPSECI_NOTIFY_NAT_DETECTION_SOURCE_IP,
                       ipseci_view(source, sizeof(source)));
    ipseci_step_notify(step, IPSECI_NOTIFY_NAT_DETECTION_DESTINATION_IP,
                       ipseci_view(destination, sizeof(destination)));
}

void ipseci_step_window(struct ipseci_step *step, const struct ipseci_context *ctx)
{
    uint8_t octets[4];

    if (ctx->ike->config.window > 1 && !ctx->sa->wide) {
        ipseci_store32(octets, ctx->ike->config.window);
        ipseci_step_notify(step, IPSECI_NOTIFY_SET_WINDOW_SIZE, ipseci_view(octets, 4));
        step->actions |= IPSECI_ACT_WINDOW; /* RFC 7296 2.3 */
    }
}

void ipseci_step_refuse(struct ipseci_step *step, const struct ipseci_context *ctx, uint16_t type,
                        struct ipsec_view data)
{
    const uint8_t exchange = ctx->in->header.exchange;

    ipseci_step_begin(
        step, exchange == IPSECI_EXCHANGE_IKE_SA_INIT ? IPSECI_SEND_ONCE : IPSECI_SEND_REPLY,
        exchange);
    ipseci_step_notify(step, type, data);
    if (type == IPSECI_NOTIFY_INVALID_SYNTAX) {
        /* RFC 7296 2.21.3: fatal on both ends, without a delete (SK-09) */
        ipseci_step_fail(step, ctx, IPSEC_PHASE_ESTABLISHED, IPSEC_CAUSE_PROTOCOL)->notify = type;
        ipseci_step_close(step);
    }
}

void ipseci_step_refuse_plain(struct ipseci_step *step, const struct ipseci_context *ctx,
                              uint16_t type)
{
    ipseci_step_refuse(step, ctx, type, ipseci_view(NULL, 0));
}

void ipseci_step_close(struct ipseci_step *step)
{
    step->actions |= IPSECI_ACT_CLOSE;
    step->reason = IPSEC_REASON_FAILURE;
}

enum ipsec_status ipseci_step_peer_nonce(const struct ipseci_context *ctx, struct ipsec_view *nonce)
{
    const struct ipseci_payload *p = ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_NONCE);

    return p == NULL ? IPSEC_DROP_PAYLOADS : ipseci_nonce_parse(p->body, nonce);
}

enum ipsec_status ipseci_step_peer_ke(const struct ipseci_context *ctx, struct ipseci_ke *ke)
{
    const struct ipseci_payload *p = ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_KE);

    return p == NULL ? IPSEC_DROP_PAYLOADS : ipseci_ke_parse(p->body, ke);
}

bool ipseci_step_syntax(struct ipseci_step *step, const struct ipseci_context *ctx,
                        enum ipseci_rule rule)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    uint8_t which;

    if (p->unknown_critical != 0) {
        /* RFC 7296 2.5 (CRIT-02): the request is refused, the SA goes on */
        ipseci_step_refuse(step, ctx, IPSECI_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
                           ipseci_view(&p->unknown_critical, 1));
        return false;
    }
    if (ipseci_rules_check(rule, p, &which) == IPSEC_OK && ipseci_notifies_check(p) == IPSEC_OK) {
        return true;
    }
    ipseci_step_refuse_plain(step, ctx, IPSECI_NOTIFY_INVALID_SYNTAX);
    return false;
}

void ipseci_step_refuse_group(struct ipseci_step *step, const struct ipseci_context *ctx,
                              uint16_t group)
{
    uint8_t octets[2];

    ipseci_store16(octets, group);
    ipseci_step_refuse(step, ctx, IPSECI_NOTIFY_INVALID_KE_PAYLOAD, ipseci_view(octets, 2));
}

struct ipsec_failure *ipseci_step_fail(struct ipseci_step *step, const struct ipseci_context *ctx,
                                       enum ipsec_phase phase, enum ipsec_cause cause)
{
    struct ipsec_failure *f = &step->failure;

    memset(f, 0, sizeof(*f));
    step->has_failure = true;
    f->phase = phase;
    f->cause = cause;
    f->refused_by = IPSEC_REFUSED_LOCAL;
    f->initiator = ctx->in == NULL || (ctx->in->header.flags & IPSECI_FLAG_RESPONSE) != 0;
    f->authenticated = ctx->sa->state >= IPSECI_IKE_ESTABLISHED;
    f->peer = ctx->sa->peer;
    f->auth_ours = f->peer == NULL ? 0 : f->peer->local_auth;
    f->child = ctx->hs == NULL ? NULL : ctx->hs->config;
    f->local = ctx->sa->local;
    f->remote = ctx->sa->remote;
    f->duration_ms = ctx->ike->now - ctx->sa->started;
    return f;
}

bool ipseci_unknown_error(const struct ipseci_payloads *payloads, struct ipseci_notify *out)
{
    /* As registered by IANA: 1, 4, 5, 7, 9, 11, 14, 17, 24, 34 to 48. */
    static const uint64_t known = 0x0001fffc01024ab2u;
    uint32_t cursor = 0;

    while (ipseci_notify_next(payloads, &cursor, out)) {
        if (out->type < IPSECI_NOTIFY_STATUS_FIRST &&
            (out->type > 63 || (known >> out->type & 1) == 0)) {
            return true;
        }
    }
    return false;
}

uint16_t ipseci_error_notify(const struct ipseci_payloads *payloads, struct ipseci_notify *out)
{
    uint32_t cursor = 0;

    while (ipseci_notify_next(payloads, &cursor, out)) {
        if (out->type < IPSECI_NOTIFY_STATUS_FIRST) {
            return out->type;
        }
    }
    return 0;
}
