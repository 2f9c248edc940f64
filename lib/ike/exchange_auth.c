/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE_AUTH (RFC 7296 1.2, 2.15, 2.16), both roles, and the Child SA that comes with it. How the
 * ends prove who they are is in auth_method.c; what concerns only the child is in child_offer.c,
 * shared with CREATE_CHILD_SA.
 */
#include "exchange_auth.h"
#include "child_offer.h"
#include "mobility.h"
#include "redirect.h"
#include "rules.h"
#include "small_payloads.h"

/* Who we are towards this peer: the one the identities named, else the one the address did. */
static struct ipsec_id own_id(const struct ipseci_context *ctx)
{
    const struct ipsec_peer *peer = ctx->hs->facts.peer;

    return ipseci_local_id(peer != NULL ? peer : ctx->sa->peer, &ctx->sa->local);
}

void ipseci_own_proof(const struct ipseci_context *ctx, const struct ipsec_peer *peer,
                      const struct ipsec_id *remote, struct ipseci_own_proof *out)
{
    struct ipseci_writer w = ipseci_writer_init(out->body, sizeof(out->body));

    out->id = own_id(ctx);
    ipseci_id_build(&w, &out->id);
    out->proof = (struct ipseci_proof){
        .peer = peer, .ours = true, .id_body = ipseci_written(&w), .remote_id = remote};
}

void ipseci_add_id(struct ipseci_step *step, uint8_t payload, const struct ipsec_id *id)
{
    ipseci_payload_begin(&step->chain, payload);
    ipseci_id_build(&step->w, id);
    ipseci_payload_end(&step->chain);
}

/* ---- initiator ---------------------------------------------------------------------------------
 */

enum ipsec_status ipseci_no_proof(const struct ipseci_context *ctx, struct ipseci_step *step,
                                  enum ipsec_status status)
{
    if (ipsec_status_class(status) == IPSEC_CLASS_FATAL && ctx->hs->facts.sign_status == IPSEC_OK) {
        return status; /* a broken provider; a signer that fails is a matter of this peer */
    }
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_AUTHENTICATION);
    f->status = status;
    f->our_id = &step->id[0];
    step->id[0] = own_id(ctx);
    step->send = IPSECI_SEND_NOTHING;
    step->actions = IPSECI_ACT_CLOSE;
    step->reason = IPSEC_REASON_FAILURE;
    return IPSEC_OK;
}

enum ipsec_status ipseci_auth_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipsec_peer *peer = ctx->sa->peer;
    struct ipseci_own_proof own;

    if (ctx->hs->eap.phase != IPSECI_EAP_NONE) {
        return ipseci_eap_start(ctx, step);
    }
    const bool eap = peer->local_auth == IPSEC_AUTH_EAP;
    ipseci_own_proof(ctx, peer, &peer->remote_id, &own);
    if (!eap && ipseci_auth_lacks(ctx, step, &own.proof)) {
        return IPSEC_OK;
    }
    ipseci_step_begin(step, IPSECI_SEND_REQUEST, IPSECI_EXCHANGE_IKE_AUTH);
    ipseci_add_id(step, IPSECI_PAYLOAD_IDI, &own.id);
    ipseci_certificates_add(step, peer);
    /* RFC 7296 2.4: "the only IKE SA currently active between the authenticated identities"; of
     * those that are none it means nothing (RFC 7619 2.3) */
    if (!peer->no_initial_contact && peer->local_auth != IPSEC_AUTH_NULL &&
        !ipseci_sa_has_sibling(ctx->ike, ctx->sa)) {
        ipseci_step_notify(step, IPSECI_NOTIFY_INITIAL_CONTACT, ipseci_view(NULL, 0));
    }
    ipseci_authorities_add(ctx, step, peer);
    if (peer->remote_id.type != IPSEC_ID_NONE) {
        ipseci_add_id(step, IPSECI_PAYLOAD_IDR, &peer->remote_id);
    }
    /* RFC 7296 2.16: no AUTH in the first request asks for EAP (AUTH-26) */
    const enum ipsec_status status = eap ? IPSEC_OK : ipseci_auth_add(ctx, step, &own.proof);
    if (status < IPSEC_OK) {
        return ipseci_no_proof(ctx, step, status);
    }
    ipseci_step_window(step, ctx);
    ipseci_child_offer_auth(ctx, step);
    if (ipseci_eap_alone(peer)) {
        ipseci_step_notify(step, IPSECI_NOTIFY_EAP_ONLY_AUTHENTICATION, ipseci_view(NULL, 0));
    }
    return IPSEC_OK;
}

void ipseci_auth_add_verdict(struct ipsec_failure *f, const struct ipsec_peer *peer,
                             const struct ipseci_verdict *verdict)
{
    f->status = verdict->status;
    f->cert_problem = (uint8_t)verdict->cert_problem;
    f->auth_method = verdict->method;
    f->auth_wanted = peer->remote_auth;
}

void ipseci_auth_failed_here(const struct ipseci_context *ctx, struct ipseci_step *step,
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

/* Some refuse a child with the notify alone, and the IKE SA with it. */
static bool refuses_child(const struct ipseci_context *ctx, uint16_t error)
{
    return ctx->hs->config != NULL &&
           ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_AUTH) == NULL &&
           (error == IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN || error == IPSECI_NOTIFY_TS_UNACCEPTABLE);
}

/* The peer refused our authentication, or said something else than IDr and AUTH. */
void ipseci_auth_refused(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipseci_notify notify;
    const uint16_t error = ipseci_error_notify(&ctx->in->payloads, &notify);
    enum ipsec_cause cause = IPSEC_CAUSE_PEER_REFUSED;

    step->actions |= IPSECI_ACT_CLOSE;
    step->reason = IPSEC_REASON_FAILURE;
    if (refuses_child(ctx, error)) {
        ipseci_child_refused(ctx, step, &notify, IPSECI_CHOICE_NO_KE);
        return;
    }
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
}

/* An identity that there is no room for: never cut, so it is nobody's. */
static void id_too_long(const struct ipseci_context *ctx, struct ipseci_step *step,
                        const struct ipseci_id *id)
{
    const struct ipsec_id type_only = {.type = id->type};

    ipseci_auth_failed_here(ctx, step, IPSEC_CAUSE_IDENTITY, &type_only);
    step->failure.id_length = (uint16_t)id->data.length;
}

/* RFC 7296 2.21.2: closed here, and the peer is told in an exchange of its own (AUTH-24); one that
 * still waits for EAP takes no delete. */
static uint32_t ending(const struct ipsec_peer *peer)
{
    return peer->local_auth == IPSEC_AUTH_EAP ? IPSECI_ACT_CLOSE : IPSECI_ACT_DELETE;
}

static bool proof_good(const struct ipseci_context *ctx, struct ipseci_step *step,
                       const struct ipseci_proof *theirs)
{
    struct ipseci_verdict verdict;

    if (ipseci_auth_lacks(ctx, step, theirs)) {
        return false;
    }
    ipseci_auth_check(ctx, theirs, &verdict);
    if (verdict.good) {
        return true;
    }
    ipseci_auth_failed_here(ctx, step, IPSEC_CAUSE_AUTHENTICATION, theirs->remote_id);
    ipseci_auth_add_verdict(&step->failure, theirs->peer, &verdict);
    step->actions |= ending(theirs->peer);
    return false;
}

bool ipseci_auth_responder_good(const struct ipseci_context *ctx, struct ipseci_step *step,
                                struct ipsec_id *remote)
{
    const struct ipsec_peer *peer = ctx->sa->peer;
    const struct ipseci_payload *idr = ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_IDR);
    const struct ipseci_proof theirs = {.peer = peer, .id_body = idr->body, .remote_id = remote};
    struct ipseci_id id;

    remote->type = IPSEC_ID_NONE;
    if (ipseci_id_parse(idr->body, &id) < IPSEC_OK) {
        ipseci_auth_failed_here(ctx, step, IPSEC_CAUSE_AUTHENTICATION, remote);
        step->actions |= ending(peer);
        return false;
    }
    if (ipseci_id_copy(&id, remote) < IPSEC_OK) {
        id_too_long(ctx, step, &id);
        step->actions |= ending(peer);
        return false;
    }
    if (!ipseci_eap_alone(peer) && !proof_good(ctx, step, &theirs)) {
        return false;
    }
    if (!ipseci_identity_expected(peer, remote)) {
        ipseci_auth_failed_here(ctx, step, IPSEC_CAUSE_IDENTITY, remote);
        step->failure.authenticated = !ipseci_eap_alone(peer);
        step->actions |= ending(peer);
        return false;
    }
    step->remote_id = *remote;
    step->actions |= IPSECI_ACT_REMOTE_ID;
    return true;
}

enum ipsec_status ipseci_auth_response(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    struct ipseci_notify unknown;
    struct ipsec_id remote;
    uint8_t which;

    if (p->unknown_critical != 0 || ipseci_unknown_error(p, &unknown)) {
        ipseci_auth_refused(ctx, step); /* CRIT-03, INIT-33 */
        return IPSEC_OK;
    }
    if (ctx->sa->peer->local_auth == IPSEC_AUTH_EAP) {
        return ipseci_eap_response(ctx, step);
    }
    if (ipseci_payload_find(p, IPSECI_PAYLOAD_AUTH) == NULL ||
        ipseci_rules_check(IPSECI_RULE_AUTH_RESPONSE, p, &which) < IPSEC_OK) {
        ipseci_auth_refused(ctx, step);
        return IPSEC_OK;
    }
    if (!ipseci_auth_responder_good(ctx, step, &remote) ||
        ipseci_redirect_auth(ctx, step, IPSECI_ACT_DELETE)) {
        return IPSEC_OK;
    }
    step->actions |= IPSECI_ACT_ESTABLISH;
    return ipseci_child_take_auth(ctx, step);
}

/* ---- responder ---------------------------------------------------------------------------------
 */

void ipseci_auth_refuse(const struct ipseci_context *ctx, struct ipseci_step *step, uint16_t notify,
                        struct ipsec_view data)
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

bool ipseci_identity_expected(const struct ipsec_peer *peer, const struct ipsec_id *remote)
{
    return peer->remote_id.type == IPSEC_ID_NONE || ipsec_id_equal(&peer->remote_id, remote);
}

static void auth_not_accepted(const struct ipseci_context *ctx, struct ipseci_step *step,
                              const struct ipsec_id *remote, const struct ipseci_verdict *verdict)
{
    const struct ipseci_facts *facts = &ctx->hs->facts;
    enum ipsec_cause cause = IPSEC_CAUSE_AUTHENTICATION;

    if (facts->peer_status < IPSEC_OK) {
        cause = IPSEC_CAUSE_NO_CONNECTION;
    } else if (!ipseci_identity_expected(facts->peer, remote)) {
        cause = IPSEC_CAUSE_IDENTITY;
    }
    ipseci_auth_refuse(ctx, step, IPSECI_NOTIFY_AUTHENTICATION_FAILED, ipseci_view(NULL, 0));
    ipseci_auth_failed_here(ctx, step, cause, remote);
    step->actions |= IPSECI_ACT_AUTH_FAILED;
    step->failure.notify = IPSECI_NOTIFY_AUTHENTICATION_FAILED;
    if (facts->peer_status < IPSEC_OK) {
        step->failure.status = facts->peer_status;
        return;
    }
    ipseci_auth_add_verdict(&step->failure, facts->peer, verdict);
    step->failure.peer = facts->peer;
    if (facts->peer->remote_id.type != IPSEC_ID_NONE) {
        step->id[2] = facts->peer->remote_id;
        step->failure.expected_id = &step->id[2];
    }
}

bool ipseci_auth_open_reply(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipsec_id *remote, enum ipsec_status *status)
{
    const struct ipsec_peer *peer = ctx->hs->facts.peer;
    struct ipseci_own_proof own;

    *status = IPSEC_OK;
    ipseci_own_proof(ctx, peer, remote, &own);
    if (!ipseci_eap_alone(peer) && ipseci_auth_lacks(ctx, step, &own.proof)) {
        return false;
    }
    ipseci_step_begin(step, IPSECI_SEND_REPLY, IPSECI_EXCHANGE_IKE_AUTH);
    ipseci_add_id(step, IPSECI_PAYLOAD_IDR, &own.id);
    ipseci_certificates_add(step, peer);
    *status = ipseci_eap_alone(peer) ? IPSEC_OK : ipseci_auth_add(ctx, step, &own.proof);
    if (*status < IPSEC_OK) {
        *status = ipseci_no_proof(ctx, step, *status);
        ipseci_step_refuse(step, ctx, IPSECI_NOTIFY_AUTHENTICATION_FAILED, ipseci_view(NULL, 0));
        step->failure.notify = IPSECI_NOTIFY_AUTHENTICATION_FAILED;
        step->failure.peer = peer; /* the identities', which the SA does not have, yet */
        step->failure.auth_ours = peer->local_auth;
        return false;
    }
    step->peer = peer;
    step->remote_id = *remote;
    step->actions |= IPSECI_ACT_PEER | IPSECI_ACT_REMOTE_ID;
    return true;
}

static enum ipsec_status auth_accept(const struct ipseci_context *ctx, struct ipseci_step *step,
                                     const struct ipsec_id *remote)
{
    enum ipsec_status status;

    if (ipseci_redirect_asks(ctx, step, remote)) {
        return IPSEC_OK;
    }
    if (!ipseci_auth_open_reply(ctx, step, remote, &status)) {
        return status;
    }
    if (ipseci_redirect_away(ctx, step)) {
        return IPSEC_OK;
    }
    step->actions |= IPSECI_ACT_ESTABLISH;
    if (ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_INITIAL_CONTACT, NULL)) {
        step->actions |= IPSECI_ACT_INITIAL_CONTACT; /* RFC 7296 2.4: only now (AUTH-30) */
    }
    /* RFC 7296 1.2, 2.21.2: a child that can not be does not take the IKE SA with it (AUTH-21) */
    ipseci_step_window(step, ctx);
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
        ipseci_auth_refuse(ctx, step, IPSECI_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
                           ipseci_view(&p->unknown_critical, 1));
    } else if (ipseci_rules_check(IPSECI_RULE_AUTH_REQUEST, p, &which) < IPSEC_OK ||
               (ipseci_payload_find(p, IPSECI_PAYLOAD_SA) == NULL &&
                ctx->sa->peer->childless == IPSEC_CHILDLESS_NEVER) || /* RFC 6023 4 */
               ipseci_id_parse(ipseci_payload_find(p, IPSECI_PAYLOAD_IDI)->body, &id) < IPSEC_OK) {
        ipseci_auth_refuse(ctx, step, IPSECI_NOTIFY_INVALID_SYNTAX, ipseci_view(NULL, 0));
    } else if (ipseci_id_copy(&id, remote) < IPSEC_OK) {
        ipseci_auth_refuse(ctx, step, IPSECI_NOTIFY_AUTHENTICATION_FAILED, ipseci_view(NULL, 0));
        id_too_long(ctx, step, &id);
        step->failure.notify = IPSECI_NOTIFY_AUTHENTICATION_FAILED;
        step->actions |= IPSECI_ACT_AUTH_FAILED;
        return false;
    } else {
        return true;
    }
    ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_PROTOCOL);
    return false;
}

enum ipsec_status ipseci_auth_request(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    const struct ipseci_handshake *hs = ctx->hs;
    struct ipseci_verdict verdict;
    struct ipsec_id remote = {0};

    if (!auth_syntax(ctx, step, &remote) || auth_need_peer(ctx, step, &remote)) {
        return IPSEC_OK;
    }
    const bool known = hs->facts.peer_status == IPSEC_OK;
    const bool eap = known && hs->facts.peer->remote_auth == IPSEC_AUTH_EAP &&
                     ipseci_payload_find(p, IPSECI_PAYLOAD_AUTH) == NULL;
    const struct ipseci_proof theirs = {.peer = known ? hs->facts.peer : NULL,
                                        .id_body = ipseci_payload_find(p, IPSECI_PAYLOAD_IDI)->body,
                                        .remote_id = &remote};
    if (known && ipseci_auth_lacks(ctx, step, &theirs)) {
        return IPSEC_OK;
    }
    ipseci_auth_check(ctx, &theirs, &verdict);
    if ((!verdict.good && !eap) || !known || !ipseci_identity_expected(hs->facts.peer, &remote)) {
        auth_not_accepted(ctx, step, &remote, &verdict);
        return IPSEC_OK;
    }
    if (!suite_allowed(hs, &ctx->sa->suite)) {
        /* The address spoke for another peer than the identity: its IKE proposals hold. RFC 7296
         * 2.21.2: NO_PROPOSAL_CHOSEN would speak of the child, and leave the IKE SA. */
        ipseci_auth_refuse(ctx, step, IPSECI_NOTIFY_AUTHENTICATION_FAILED, ipseci_view(NULL, 0));
        struct ipsec_failure *f =
            ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_POLICY);
        f->peer = hs->facts.peer;
        f->notify = IPSECI_NOTIFY_AUTHENTICATION_FAILED;
        return IPSEC_OK;
    }
    if (!ipseci_mobility_unchanged(ctx->in)) {
        /* RFC 4555 3.9: who forbids NATs has one on the path. */
        ipseci_auth_refuse(ctx, step, IPSECI_NOTIFY_UNEXPECTED_NAT_DETECTED, ipseci_view(NULL, 0));
        ipseci_step_fail(step, ctx, IPSEC_PHASE_IKE_AUTH, IPSEC_CAUSE_POLICY)->peer =
            hs->facts.peer;
        return IPSEC_OK;
    }
    return eap ? ipseci_eap_begin(ctx, step, &remote) : auth_accept(ctx, step, &remote);
}
