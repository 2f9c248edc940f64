/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE_AUTH (RFC 7296 1.2, 2.15, 2.16) with pre-shared keys, both roles, and the Child SA that comes
 * with it. What concerns only the child is in child_offer.c, shared with CREATE_CHILD_SA.
 */
#include "child_offer.h"
#include "choice.h"
#include "engine.h"
#include "ike_auth.h"
#include "rules.h"
#include "small_payloads.h"

#include <string.h>

#define ID_BODY_MAX (4 + IPSEC_ID_BYTES_MAX)

struct id_body {
    size_t length;
    uint8_t octets[ID_BODY_MAX];
};

static void build_id(const struct ipsec_id *id, struct id_body *out)
{
    struct ipseci_writer w = ipseci_writer_init(out->octets, sizeof(out->octets));

    ipseci_id_build(&w, id);
    out->length = w.used;
}

/* Who we are towards this peer: the one the identities named, else the one the address did. */
static struct ipsec_id own_id(const struct ipseci_context *ctx)
{
    const struct ipsec_peer *peer = ctx->hs->facts.peer;

    return ipseci_local_id(peer != NULL ? peer : ctx->sa->peer, &ctx->sa->local);
}

static void add_id(struct ipseci_step *step, uint8_t payload, const struct ipsec_id *id)
{
    ipseci_payload_begin(&step->chain, payload);
    ipseci_id_build(&step->w, id);
    ipseci_payload_end(&step->chain);
}

static struct ipsec_view kept_view(const struct ipseci_kept *kept)
{
    return ipseci_view(kept->data, kept->length);
}

struct auth_value {
    size_t length;
    uint8_t octets[IPSEC_PRF_BYTES_MAX];
};

/* AUTH of one end: `ours` says whose. The initiator of the IKE SA signs with SK_pi (RFC 7296 2.15).
 */
static enum ipsec_status compute_auth(const struct ipseci_context *ctx, bool ours,
                                      struct ipsec_view id_body, struct ipsec_view secret,
                                      struct auth_value *out)
{
    const struct ipseci_handshake *hs = ctx->hs;
    const bool initiator_signs = ours == ctx->sa->initiator;
    const struct ipseci_auth_octets octets = {
        .prf = ctx->sa->suite.prf,
        .message = kept_view(ours ? &hs->own_init : &hs->peer_init),
        .nonce = ours ? ipseci_view(hs->peer_nonce, hs->peer_nonce_length)
                      : ipseci_view(hs->nonce, sizeof(hs->nonce)),
        .sk_p = ipseci_view(initiator_signs ? hs->keys.pi : hs->keys.pr, hs->keys.prf_length),
        .id_body = id_body,
    };

    return ipseci_auth_psk(&ctx->ike->config.crypto, &octets, secret, out->octets, &out->length);
}

static enum ipsec_status add_own_auth(const struct ipseci_context *ctx, struct ipseci_step *step,
                                      struct ipsec_view secret)
{
    const struct ipsec_id own = own_id(ctx);
    struct auth_value auth;
    struct id_body body;

    build_id(&own, &body);
    IPSECI_TRY(compute_auth(ctx, true, ipseci_view(body.octets, body.length), secret, &auth));
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_AUTH);
    ipseci_auth_build(&step->w, IPSECI_AUTH_SHARED_KEY, ipseci_view(auth.octets, auth.length));
    ipseci_payload_end(&step->chain);
    return IPSEC_OK;
}

/* Constant time in the AUTH value; an empty or short one fails by its length. */
static enum ipsec_status verify_auth(const struct ipseci_context *ctx,
                                     const struct ipseci_payload *id_payload,
                                     struct ipsec_view secret, bool *good)
{
    const struct ipseci_payload *payload =
        ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_AUTH);
    struct auth_value expected;
    struct ipseci_auth auth;

    *good = false;
    IPSECI_TRY(compute_auth(ctx, false, id_payload->body, secret, &expected));
    if (payload != NULL && ipseci_auth_parse(payload->body, &auth) == IPSEC_OK &&
        auth.method == IPSECI_AUTH_SHARED_KEY && auth.data.length == expected.length) {
        *good = ipseci_equal_secret(auth.data.data, expected.octets, expected.length);
    }
    ipseci_wipe(&expected, sizeof(expected));
    return IPSEC_OK;
}

static struct ipsec_view secret_view(const struct ipseci_handshake *hs)
{
    return ipseci_view(hs->facts.secret.bytes, hs->facts.secret.length);
}

static void need_secret(const struct ipseci_context *ctx, struct ipseci_step *step,
                        const struct ipsec_peer *peer, const struct ipsec_id *remote)
{
    step->id[0] = own_id(ctx);
    step->id[1] = *remote;
    step->need.kind = IPSECI_NEED_SECRET;
    step->need.secret.peer = peer;
    step->need.secret.local_id = &step->id[0];
    step->need.secret.remote_id = &step->id[1];
}

static void warn_secret(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    if (ctx->hs->facts.secret.length < IPSECI_SECRET_WARN_BYTES) {
        step->warnings |= 1u << IPSEC_WARNING_WEAK_SECRET;
    }
}

/* ---- initiator ---------------------------------------------------------------------------------
 */

enum ipsec_status ipseci_auth_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipsec_peer *peer = ctx->sa->peer;
    const struct ipseci_handshake *hs = ctx->hs;

    if (!ipseci_has(ctx, IPSECI_NEED_SECRET)) {
        need_secret(ctx, step, peer, &peer->remote_id);
        return IPSEC_OK;
    }
    if (hs->facts.secret_status < IPSEC_OK || hs->facts.secret.length == 0) {
        struct ipsec_failure *f =
            ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_AUTHENTICATION);
        f->status =
            hs->facts.secret_status < IPSEC_OK ? hs->facts.secret_status : IPSEC_ERR_NOT_FOUND;
        f->our_id = &step->id[0];
        step->id[0] = own_id(ctx);
        step->actions = IPSECI_ACT_CLOSE;
        step->reason = IPSEC_REASON_FAILURE;
        return IPSEC_OK;
    }
    const struct ipsec_id own = own_id(ctx);
    ipseci_step_begin(step, IPSECI_SEND_REQUEST, IPSECI_EXCHANGE_IKE_AUTH);
    add_id(step, IPSECI_PAYLOAD_IDI, &own);
    /* RFC 7296 2.4: "the only IKE SA currently active between the authenticated identities" */
    if (!peer->no_initial_contact && !ipseci_sa_has_sibling(ctx->ike, ctx->sa)) {
        ipseci_step_notify(step, IPSECI_NOTIFY_INITIAL_CONTACT, ipseci_view(NULL, 0));
    }
    if (peer->remote_id.type != IPSEC_ID_NONE) {
        add_id(step, IPSECI_PAYLOAD_IDR, &peer->remote_id);
    }
    IPSECI_TRY(add_own_auth(ctx, step, secret_view(hs)));
    ipseci_child_offer_auth(ctx, step);
    warn_secret(ctx, step);
    return IPSEC_OK;
}

static void auth_failed_here(const struct ipseci_context *ctx, struct ipseci_step *step,
                             enum ipsec_cause cause, const struct ipsec_id *their_id)
{
    struct ipsec_failure *f = ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, cause);

    step->id[0] = own_id(ctx);
    step->id[1] = *their_id;
    f->our_id = &step->id[0];
    f->their_id = &step->id[1];
    if (ctx->sa->peer != NULL && ctx->sa->peer->remote_id.type != IPSEC_ID_NONE) {
        step->id[2] = ctx->sa->peer->remote_id;
        f->expected_id = &step->id[2];
    }
    step->reason = IPSEC_REASON_FAILURE;
}

/* The peer refused our authentication, or said something else than IDr and AUTH. */
static void auth_refused(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipseci_notify notify;
    const uint16_t error = ipseci_error_notify(&ctx->in->payloads, &notify);
    enum ipsec_cause cause = IPSEC_CAUSE_PEER_REFUSED;

    if (error == IPSECI_NOTIFY_AUTHENTICATION_FAILED) {
        cause = IPSEC_CAUSE_AUTHENTICATION;
    } else if (error == 0) {
        cause = IPSEC_CAUSE_PROTOCOL; /* AUTH-25 */
    }
    struct ipsec_failure *f = ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, cause);
    f->refused_by = error == 0 ? IPSEC_REFUSED_LOCAL : IPSEC_REFUSED_PEER;
    f->authenticated = error != 0; /* protected by the SA's keys; the peer is not proven, yet */
    f->notify = error;
    step->id[0] = own_id(ctx);
    f->our_id = &step->id[0];
    if (ctx->sa->peer->remote_id.type != IPSEC_ID_NONE) {
        step->id[2] = ctx->sa->peer->remote_id;
        f->expected_id = &step->id[2];
    }
    step->actions |= IPSECI_ACT_CLOSE;
    step->reason = IPSEC_REASON_FAILURE;
}

enum ipsec_status ipseci_auth_response(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    struct ipseci_id id;
    struct ipsec_id remote = {0};
    bool good = false;
    uint8_t which;

    if (ipseci_payload_find(p, IPSECI_PAYLOAD_AUTH) == NULL || p->unknown_critical != 0 ||
        ipseci_rules_check(IPSECI_RULE_AUTH_RESPONSE, p, &which) < IPSEC_OK) {
        auth_refused(ctx, step);
        return IPSEC_OK;
    }
    const struct ipseci_payload *idr = ipseci_payload_find(p, IPSECI_PAYLOAD_IDR);
    if (ipseci_id_parse(idr->body, &id) == IPSEC_OK && ipseci_id_copy(&id, &remote) == IPSEC_OK) {
        IPSECI_TRY(verify_auth(ctx, idr, secret_view(ctx->hs), &good));
    }
    if (!good) {
        /* RFC 7296 2.21.2: closed here, and the peer is told in an exchange of its own (AUTH-24) */
        auth_failed_here(ctx, step, IPSEC_CAUSE_AUTHENTICATION, &remote);
        step->actions |= IPSECI_ACT_DELETE;
        return IPSEC_OK;
    }
    const struct ipsec_id *expected = &ctx->sa->peer->remote_id;
    if (expected->type != IPSEC_ID_NONE && !ipsec_id_equal(expected, &remote)) {
        auth_failed_here(ctx, step, IPSEC_CAUSE_IDENTITY, &remote);
        step->failure.authenticated = true;
        step->actions |= IPSECI_ACT_DELETE;
        return IPSEC_OK;
    }
    step->remote_id = remote;
    step->actions |= IPSECI_ACT_REMOTE_ID | IPSECI_ACT_ESTABLISH;
    return ipseci_child_take_auth(ctx, step);
}

/* ---- responder ---------------------------------------------------------------------------------
 */

static void refuse_and_close(const struct ipseci_context *ctx, struct ipseci_step *step,
                             uint16_t notify, struct ipsec_view data)
{
    ipseci_step_refuse(step, ctx, notify, data);
    step->actions |= IPSECI_ACT_CLOSE;
    step->reason = IPSEC_REASON_FAILURE;
}

static bool suite_allowed(const struct ipseci_handshake *hs, const struct ipsec_suite *suite)
{
    const struct ipsec_transform wanted[4] = {
        {IPSEC_TRANSFORM_ENCR, suite->encr, suite->encr_key_bits},
        {IPSEC_TRANSFORM_PRF, suite->prf, 0},
        {IPSEC_TRANSFORM_INTEG, suite->integ, 0},
        {IPSEC_TRANSFORM_KE, suite->ke, 0},
    };

    for (uint32_t i = 0; i < hs->offered.count; i++) {
        const struct ipsec_proposal *proposal = &hs->offered.item[i];
        uint32_t found = 0;
        for (size_t k = 0; k < IPSECI_COUNT(wanted); k++) {
            bool hit = wanted[k].type == IPSEC_TRANSFORM_INTEG && wanted[k].id == IPSEC_INTEG_NONE;
            for (uint32_t t = 0; t < proposal->transform_count && !hit; t++) {
                const struct ipsec_transform *have = &proposal->transform[t];
                hit = have->type == wanted[k].type && have->id == wanted[k].id &&
                      have->key_bits == wanted[k].key_bits;
            }
            found += hit ? 1 : 0;
        }
        if (found == IPSECI_COUNT(wanted)) {
            return true;
        }
    }
    return false;
}

/* The identities decide which peer this is (RFC 4301 4.4.3). */
static bool auth_need_peer(const struct ipseci_context *ctx, struct ipseci_step *step,
                           const struct ipsec_id *remote)
{
    const struct ipseci_payload *idr = ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_IDR);
    struct ipseci_id asked;

    if (ipseci_has(ctx, IPSECI_NEED_PEER)) {
        return false;
    }
    step->need.kind = IPSECI_NEED_PEER;
    step->need.peer.local = ctx->in->local;
    step->need.peer.remote = ctx->in->remote;
    step->need.peer_remote_id = *remote;
    step->need.peer.remote_id = &step->need.peer_remote_id;
    if (idr != NULL && ipseci_id_parse(idr->body, &asked) == IPSEC_OK &&
        ipseci_id_copy(&asked, &step->need.peer_local_id) == IPSEC_OK) {
        step->need.peer.local_id = &step->need.peer_local_id;
    }
    return true;
}

static bool identity_expected(const struct ipsec_peer *peer, const struct ipsec_id *remote)
{
    return peer->remote_id.type == IPSEC_ID_NONE || ipsec_id_equal(&peer->remote_id, remote);
}

static void auth_not_accepted(const struct ipseci_context *ctx, struct ipseci_step *step,
                              const struct ipsec_id *remote)
{
    const struct ipseci_facts *facts = &ctx->hs->facts;
    enum ipsec_cause cause = IPSEC_CAUSE_AUTHENTICATION;

    if (facts->peer_status < IPSEC_OK) {
        cause = IPSEC_CAUSE_NO_CONNECTION;
    } else if (!identity_expected(facts->peer, remote)) {
        cause = IPSEC_CAUSE_IDENTITY;
    }
    refuse_and_close(ctx, step, IPSECI_NOTIFY_AUTHENTICATION_FAILED, ipseci_view(NULL, 0));
    auth_failed_here(ctx, step, cause, remote);
    step->failure.notify = IPSECI_NOTIFY_AUTHENTICATION_FAILED;
    step->failure.status =
        facts->peer_status < IPSEC_OK ? facts->peer_status : facts->secret_status;
    if (facts->peer_status == IPSEC_OK) {
        step->failure.peer = facts->peer;
        if (facts->peer->remote_id.type != IPSEC_ID_NONE) {
            step->id[2] = facts->peer->remote_id;
            step->failure.expected_id = &step->id[2];
        }
    }
}

static enum ipsec_status auth_accept(const struct ipseci_context *ctx, struct ipseci_step *step,
                                     const struct ipsec_id *remote)
{
    step->peer = ctx->hs->facts.peer;
    step->remote_id = *remote;
    step->actions |= IPSECI_ACT_PEER | IPSECI_ACT_REMOTE_ID | IPSECI_ACT_ESTABLISH;
    if (ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_INITIAL_CONTACT, NULL)) {
        step->actions |= IPSECI_ACT_INITIAL_CONTACT; /* RFC 7296 2.4: only now (AUTH-30) */
    }
    const struct ipsec_id own = own_id(ctx);
    ipseci_step_begin(step, IPSECI_SEND_REPLY, IPSECI_EXCHANGE_IKE_AUTH);
    add_id(step, IPSECI_PAYLOAD_IDR, &own);
    IPSECI_TRY(add_own_auth(ctx, step, secret_view(ctx->hs)));
    warn_secret(ctx, step);
    /* RFC 7296 1.2, 2.21.2: a child that can not be does not take the IKE SA with it (AUTH-21) */
    return ipseci_child_answer_auth(ctx, step);
}

/* RFC 7296 2.21.2, 2.21.3: what is malformed inside a valid SK ends the SA (SK-09). */
static bool auth_syntax(const struct ipseci_context *ctx, struct ipseci_step *step,
                        struct ipsec_id *remote)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    struct ipseci_id id;
    uint8_t which;

    if (p->unknown_critical != 0) {
        refuse_and_close(ctx, step, IPSECI_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
                         ipseci_view(&p->unknown_critical, 1));
    } else if (ipseci_rules_check(IPSECI_RULE_AUTH_REQUEST, p, &which) < IPSEC_OK ||
               ipseci_id_parse(ipseci_payload_find(p, IPSECI_PAYLOAD_IDI)->body, &id) < IPSEC_OK ||
               ipseci_id_copy(&id, remote) < IPSEC_OK) {
        refuse_and_close(ctx, step, IPSECI_NOTIFY_INVALID_SYNTAX, ipseci_view(NULL, 0));
    } else {
        return true;
    }
    ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_PROTOCOL);
    return false;
}

enum ipsec_status ipseci_auth_request(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_handshake *hs = ctx->hs;
    struct ipsec_id remote = {0};
    bool good = false;

    if (!auth_syntax(ctx, step, &remote) || auth_need_peer(ctx, step, &remote)) {
        return IPSEC_OK;
    }
    const bool known = hs->facts.peer_status == IPSEC_OK;
    if (known && !ipseci_has(ctx, IPSECI_NEED_SECRET)) {
        need_secret(ctx, step, hs->facts.peer, &remote);
        return IPSEC_OK;
    }
    const bool have_secret =
        known && hs->facts.secret_status == IPSEC_OK && hs->facts.secret.length > 0;
    /* AUTH-09: who is not known costs the same work as who has a wrong secret */
    const struct ipsec_view secret =
        have_secret ? secret_view(hs) : ipseci_view(hs->nonce, sizeof(hs->nonce));
    IPSECI_TRY(verify_auth(ctx, ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_IDI), secret,
                           &good));
    if (!good || !have_secret || !identity_expected(hs->facts.peer, &remote)) {
        auth_not_accepted(ctx, step, &remote);
        return IPSEC_OK;
    }
    if (!suite_allowed(hs, &ctx->sa->suite)) {
        /* The address spoke for another peer than the identity: its IKE proposals hold. */
        refuse_and_close(ctx, step, IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN, ipseci_view(NULL, 0));
        ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_POLICY)->peer =
            hs->facts.peer;
        return IPSEC_OK;
    }
    return auth_accept(ctx, step, &remote);
}
