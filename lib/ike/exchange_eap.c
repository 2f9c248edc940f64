/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE_AUTH with EAP, both roles: the rounds between the first request without AUTH and the last
 * one, whose AUTH is made with the key of the method. The packets are the caller's; what this file
 * keeps is that nothing is believed before the method has said so. RFC 7296 2.16, RFC 5998.
 *
 *     IDi, [IDr], SA, TSi, TSr, [N(EAP_ONLY)]  ->
 *                                              <-  IDr, [CERT, AUTH], EAP
 *     EAP                                      ->
 *                                              <-  EAP                      (any number of times)
 *     EAP                                      ->
 *                                              <-  EAP(Success)
 *     AUTH                                     ->
 *                                              <-  AUTH, SA, TSi, TSr
 */
#include "child_offer.h"
#include "engine.h"
#include "exchange_auth.h"
#include "redirect.h"
#include "small_payloads.h"

/* The peer's EAP packet, whole; empty: none that could be one (AUTH-29). */
static struct ipsec_view packet_of(const struct ipseci_context *ctx, struct ipseci_eap *eap)
{
    const struct ipseci_payload *p = ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_EAP);

    if (p == NULL || ipseci_payload_count(&ctx->in->payloads, IPSECI_PAYLOAD_EAP) > 1 ||
        ipseci_eap_parse(p->body, eap) < IPSEC_OK) {
        return ipseci_view(NULL, 0);
    }
    return p->body;
}

static bool lacks_reply(const struct ipseci_context *ctx, struct ipseci_step *step,
                        const struct ipsec_id *remote, struct ipsec_view packet)
{
    const struct ipsec_peer *peer = ctx->hs->facts.peer;

    if (ipseci_has(ctx, IPSECI_NEED_EAP)) {
        return false;
    }
    step->need.kind = IPSECI_NEED_EAP;
    step->need.eap.ike_sa = ctx->sa->self;
    step->need.eap.peer = peer != NULL ? peer : ctx->sa->peer;
    step->need.eap.server = !ctx->sa->initiator;
    step->id[1] = *remote;
    step->need.eap.remote_id = &step->id[1];
    step->need.eap.packet = packet;
    return true;
}

static void add_packet(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_kept *packet = &ctx->hs->eap.packet;

    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_EAP);
    ipseci_write_bytes(&step->w, packet->data, packet->length);
    ipseci_payload_end(&step->chain);
}

/* What the caller answered is a whole packet with one of these codes. */
static bool reply_has_code(const struct ipseci_context *ctx, uint8_t code)
{
    const struct ipseci_kept *packet = &ctx->hs->eap.packet;
    struct ipseci_eap eap;

    return ipseci_eap_parse(ipseci_view(packet->data, packet->length), &eap) == IPSEC_OK &&
           eap.code == code;
}

static void next_round(const struct ipseci_context *ctx, struct ipseci_step *step, uint8_t phase)
{
    step->actions |= IPSECI_ACT_EAP;
    step->eap_phase = phase;
    step->next_task = ctx->sa->initiator ? IPSECI_TASK_AUTH : IPSECI_TASK_NONE;
}

/* RFC 5998 4: by EAP alone only with a method that makes a key for both ends. */
static bool key_suffices(const struct ipseci_context *ctx, const struct ipsec_peer *peer)
{
    return ctx->hs->eap.reply.msk_length > 0 || !ipseci_eap_alone(peer);
}

/* Checks the peer's AUTH, made with the key of the method for the identity it began with. False:
 * there is none, or more than one, whatever the verdict. */
static bool last_proof(const struct ipseci_context *ctx, struct ipseci_verdict *verdict)
{
    const struct ipseci_eap_session *session = &ctx->hs->eap;
    const struct ipseci_proof theirs = {
        .peer = ctx->sa->peer,
        .eap = true,
        .id_body = ipseci_view(session->id_body, session->id_body_length),
        .remote_id = &ctx->sa->remote_id,
    };

    ipseci_auth_check(ctx, &theirs, verdict);
    return ipseci_payload_count(&ctx->in->payloads, IPSECI_PAYLOAD_AUTH) == 1;
}

/* ---- initiator ---------------------------------------------------------------------------------
 */

enum ipsec_status ipseci_eap_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipsec_peer *peer = ctx->sa->peer;
    struct ipseci_own_proof own;

    ipseci_step_begin(step, IPSECI_SEND_REQUEST, IPSECI_EXCHANGE_IKE_AUTH);
    if (ctx->hs->eap.phase == IPSECI_EAP_RUNNING) {
        add_packet(ctx, step);
        return IPSEC_OK;
    }
    ipseci_own_proof(ctx, peer, &ctx->sa->remote_id, &own);
    own.proof.eap = true;
    return ipseci_auth_add(ctx, step, &own.proof);
}

/* The method has failed, here or there, or was made to look as if it had not. */
static void client_failed(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipsec_id *remote, enum ipsec_status status)
{
    ipseci_auth_failed_here(ctx, step, IPSEC_CAUSE_AUTHENTICATION, remote);
    step->failure.status = status;
    step->failure.auth_wanted = IPSEC_AUTH_EAP;
    /* A server that still waits for us is not authenticated and takes no delete (AUTH-34). */
    step->actions |=
        ctx->hs->eap.phase == IPSECI_EAP_SUCCEEDED ? IPSECI_ACT_DELETE : IPSECI_ACT_CLOSE;
}

/* A packet of the server: asks the method, and goes on as it says. */
static void client_packet(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipsec_id *remote)
{
    const struct ipseci_eap_session *session = &ctx->hs->eap;
    struct ipseci_eap eap = {0};
    const struct ipsec_view packet = packet_of(ctx, &eap);

    if (packet.length == 0) {
        ipseci_auth_refused(ctx, step);
        return;
    }
    if (eap.code == IPSECI_EAP_FAILURE) {
        client_failed(ctx, step, remote, IPSEC_OK);
        step->failure.refused_by = IPSEC_REFUSED_PEER;
        return;
    }
    if (session->rounds >= IPSECI_EAP_ROUNDS_MAX || eap.code == IPSECI_EAP_RESPONSE) {
        client_failed(ctx, step, remote, IPSEC_DROP_MALFORMED);
        return;
    }
    if (lacks_reply(ctx, step, remote, packet)) {
        return;
    }
    /* AUTH-27 (CVE-2021-45079): success is what the method says after the server's Success, never
     * what a packet says alone */
    const bool success = eap.code == IPSECI_EAP_SUCCESS;
    const bool agreed =
        ctx->hs->facts.eap_status == IPSEC_OK &&
        session->reply.state == (success ? IPSEC_EAP_SUCCESS : IPSEC_EAP_CONTINUE) &&
        (success ? key_suffices(ctx, ctx->sa->peer) : reply_has_code(ctx, IPSECI_EAP_RESPONSE));
    if (!agreed) {
        client_failed(ctx, step, remote, ctx->hs->facts.eap_status);
        return;
    }
    next_round(ctx, step, success ? IPSECI_EAP_SUCCEEDED : IPSECI_EAP_RUNNING);
}

static void client_first(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    const struct ipseci_payload *idr = ipseci_payload_find(p, IPSECI_PAYLOAD_IDR);
    const bool alone = ipseci_eap_alone(ctx->sa->peer);
    struct ipsec_id remote;

    /* AUTH-28: who the server is comes before any credential of ours, unless EAP shows that too */
    if (idr == NULL || ipseci_payload_count(p, IPSECI_PAYLOAD_IDR) > 1 ||
        (!alone && ipseci_payload_count(p, IPSECI_PAYLOAD_AUTH) != 1)) {
        ipseci_auth_refused(ctx, step);
        return;
    }
    /* RFC 5685 6: before EAP; the server does not know us, yet, and takes no delete */
    if (!ipseci_auth_responder_good(ctx, step, &remote) ||
        (!alone && ipseci_redirect_auth(ctx, step, IPSECI_ACT_CLOSE))) {
        return;
    }
    step->id_body = idr->body;
    client_packet(ctx, step, &remote);
}

/* The server's last word: AUTH with the key of the method, and the child. */
static enum ipsec_status client_last(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipseci_verdict verdict;

    if (!last_proof(ctx, &verdict)) {
        ipseci_auth_refused(ctx, step);
        return IPSEC_OK;
    }
    if (!verdict.good) {
        client_failed(ctx, step, &ctx->sa->remote_id, verdict.status);
        return IPSEC_OK;
    }
    if (ipseci_redirect_auth(ctx, step, IPSECI_ACT_DELETE)) {
        return IPSEC_OK;
    }
    step->actions |= IPSECI_ACT_ESTABLISH;
    return ipseci_child_take_auth(ctx, step);
}

enum ipsec_status ipseci_eap_response(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    switch ((enum ipseci_eap_phase)ctx->hs->eap.phase) {
    case IPSECI_EAP_NONE:
        client_first(ctx, step);
        return IPSEC_OK;
    case IPSECI_EAP_RUNNING:
        client_packet(ctx, step, &ctx->sa->remote_id);
        return IPSEC_OK;
    case IPSECI_EAP_SUCCEEDED:
        return client_last(ctx, step);
    }
    return IPSEC_FATAL_INVARIANT;
}

/* ---- responder ---------------------------------------------------------------------------------
 */

static void server_failed(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipsec_id *remote, enum ipsec_status status)
{
    ipseci_auth_refuse(ctx, step, IPSECI_NOTIFY_AUTHENTICATION_FAILED, ipseci_view(NULL, 0));
    ipseci_auth_failed_here(ctx, step, IPSEC_CAUSE_AUTHENTICATION, remote);
    step->failure.notify = IPSECI_NOTIFY_AUTHENTICATION_FAILED;
    step->failure.status = status;
    step->failure.auth_wanted = IPSEC_AUTH_EAP;
    step->actions |= IPSECI_ACT_AUTH_FAILED;
}

enum ipsec_status ipseci_eap_begin(const struct ipseci_context *ctx, struct ipseci_step *step,
                                   const struct ipsec_id *remote)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    const struct ipsec_peer *peer = ctx->hs->facts.peer;
    const struct ipseci_facts *facts = &ctx->hs->facts;
    enum ipsec_status status;

    if (peer->local_auth == IPSEC_AUTH_EAP &&
        !ipseci_notify_find(p, IPSECI_NOTIFY_EAP_ONLY_AUTHENTICATION, NULL)) {
        server_failed(ctx, step, remote, IPSEC_ERR_FORBIDDEN); /* it wants more than EAP alone */
        return IPSEC_OK;
    }
    if (lacks_reply(ctx, step, remote, ipseci_view(NULL, 0))) {
        return IPSEC_OK;
    }
    if (facts->eap_status < IPSEC_OK || ctx->hs->eap.reply.state != IPSEC_EAP_CONTINUE ||
        !reply_has_code(ctx, IPSECI_EAP_REQUEST)) {
        server_failed(ctx, step, remote, facts->eap_status);
        return IPSEC_OK;
    }
    if (!ipseci_auth_open_reply(ctx, step, remote, &status)) {
        return status;
    }
    add_packet(ctx, step);
    step->id_body = ipseci_payload_find(p, IPSECI_PAYLOAD_IDI)->body;
    next_round(ctx, step, IPSECI_EAP_RUNNING);
    return IPSEC_OK;
}

static void server_packet(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    static const uint8_t code_of[] = {
        [IPSEC_EAP_CONTINUE] = IPSECI_EAP_REQUEST,
        [IPSEC_EAP_SUCCESS] = IPSECI_EAP_SUCCESS,
        [IPSEC_EAP_FAILURE] = IPSECI_EAP_FAILURE,
    };
    const struct ipseci_eap_session *session = &ctx->hs->eap;
    const struct ipsec_id *remote = &ctx->sa->remote_id;
    struct ipseci_eap eap = {0};
    const struct ipsec_view packet = packet_of(ctx, &eap);

    if (packet.length == 0 || eap.code != IPSECI_EAP_RESPONSE ||
        session->rounds >= IPSECI_EAP_ROUNDS_MAX) {
        server_failed(ctx, step, remote, IPSEC_DROP_MALFORMED);
        return;
    }
    if (lacks_reply(ctx, step, remote, packet)) {
        return;
    }
    const enum ipsec_eap_state state = session->reply.state;
    if (ctx->hs->facts.eap_status < IPSEC_OK || (unsigned)state >= IPSECI_COUNT(code_of) ||
        !reply_has_code(ctx, code_of[state]) ||
        (state == IPSEC_EAP_SUCCESS && !key_suffices(ctx, ctx->sa->peer))) {
        server_failed(ctx, step, remote, ctx->hs->facts.eap_status);
        return;
    }
    if (state == IPSEC_EAP_FAILURE) {
        server_failed(ctx, step, remote, IPSEC_OK);
    }
    ipseci_step_begin(step, IPSECI_SEND_REPLY, IPSECI_EXCHANGE_IKE_AUTH);
    add_packet(ctx, step);
    if (state != IPSEC_EAP_FAILURE) {
        next_round(ctx, step,
                   state == IPSEC_EAP_SUCCESS ? IPSECI_EAP_SUCCEEDED : IPSECI_EAP_RUNNING);
    }
}

/* The child of the first request, which is read once more. */
static enum ipsec_status server_child(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_eap_session *session = &ctx->hs->eap;
    struct ipseci_message first = {.header = ctx->in->header,
                                   .raw = ipseci_view(session->first.data, session->first.length)};
    struct ipseci_context then = *ctx;

    IPSECI_TRY(ipseci_payloads_parse(session->first_type, first.raw, &first.payloads, NULL));
    first.is_protected = true;
    first.local = ctx->in->local;
    first.remote = ctx->in->remote;
    then.in = &first;
    if (ipseci_notify_find(&first.payloads, IPSECI_NOTIFY_INITIAL_CONTACT, NULL)) {
        step->actions |= IPSECI_ACT_INITIAL_CONTACT; /* RFC 7296 2.4: only now (AUTH-30) */
    }
    ipseci_step_window(step, &then);
    return ipseci_child_answer_auth(&then, step);
}

static enum ipsec_status server_last(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipseci_own_proof own;
    struct ipseci_verdict verdict;

    if (!last_proof(ctx, &verdict) || !verdict.good) {
        server_failed(ctx, step, &ctx->sa->remote_id, verdict.status);
        return IPSEC_OK;
    }
    if (ipseci_redirect_asks(ctx, step, &ctx->sa->remote_id)) {
        return IPSEC_OK;
    }
    ipseci_own_proof(ctx, ctx->sa->peer, &ctx->sa->remote_id, &own);
    own.proof.eap = true;
    ipseci_step_begin(step, IPSECI_SEND_REPLY, IPSECI_EXCHANGE_IKE_AUTH);
    IPSECI_TRY(ipseci_auth_add(ctx, step, &own.proof));
    step->remote_id = ctx->sa->remote_id;
    if (ipseci_redirect_away(ctx, step)) {
        return IPSEC_OK;
    }
    step->actions |= IPSECI_ACT_ESTABLISH;
    return server_child(ctx, step);
}

enum ipsec_status ipseci_eap_request(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;

    if (p->unknown_critical != 0) {
        ipseci_auth_refuse(ctx, step, IPSECI_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
                           ipseci_view(&p->unknown_critical, 1));
        ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_PROTOCOL);
        return IPSEC_OK;
    }
    if (ctx->hs->eap.phase == IPSECI_EAP_SUCCEEDED) {
        return server_last(ctx, step);
    }
    server_packet(ctx, step);
    return IPSEC_OK;
}
