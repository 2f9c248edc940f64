/* SPDX-License-Identifier: Apache-2.0
 *
 * The method of a proof, and those without certificates: shared key and NULL. Called by the
 * IKE_AUTH handlers. RFC 7296 2.15, RFC 7619.
 */
#include "auth_method.h"
#include "engine.h"
#include "small_payloads.h"

static enum ipsec_auth method_of(const struct ipseci_proof *proof)
{
    if (proof->eap) {
        return IPSEC_AUTH_EAP;
    }
    if (proof->peer == NULL) {
        return IPSEC_AUTH_PSK; /* AUTH-09: checked like one with a wrong secret */
    }
    return (enum ipsec_auth)(proof->ours ? proof->peer->local_auth : proof->peer->remote_auth);
}

struct ipseci_auth_octets ipseci_auth_octets(const struct ipseci_context *ctx,
                                             const struct ipseci_proof *proof)
{
    const struct ipseci_handshake *hs = ctx->hs;
    /* RFC 7296 2.15: the initiator of the IKE SA signs with SK_pi */
    const bool initiator_signs = proof->ours == ctx->sa->initiator;
    const struct ipseci_kept *message = proof->ours ? &hs->own_init : &hs->peer_init;
    const struct ipseci_auth_octets octets = {
        .prf = ctx->sa->suite.prf,
        .message = ipseci_view(message->data, message->length),
        .nonce = proof->ours ? ipseci_view(hs->peer_nonce, hs->peer_nonce_length)
                             : ipseci_view(hs->nonce, sizeof(hs->nonce)),
        .sk_p = ipseci_view(initiator_signs ? hs->keys.pi : hs->keys.pr, hs->keys.prf_length),
        .id_body = proof->id_body,
    };

    return octets;
}

/* ---- shared key --------------------------------------------------------------------------------
 */

static void need_secret(const struct ipseci_context *ctx, struct ipseci_step *step,
                        const struct ipseci_proof *proof)
{
    step->id[0] = ipseci_local_id(proof->peer, &ctx->sa->local);
    step->id[1] = *proof->remote_id;
    step->need.kind = IPSECI_NEED_SECRET;
    step->need.secret.peer = proof->peer;
    step->need.secret.local_id = &step->id[0];
    step->need.secret.remote_id = &step->id[1];
}

struct value {
    size_t length;
    uint8_t octets[IPSEC_PRF_BYTES_MAX];
};

/* NULL: the prover's own SK_p (RFC 7619 2.1). EAP: the MSK, or SK_p when the method makes none (RFC
 * 7296 2.16, AUTH-28). */
static struct ipsec_view key_of(const struct ipseci_context *ctx, const struct ipseci_proof *proof,
                                const struct ipseci_auth_octets *octets)
{
    const struct ipsec_eap_reply *eap = &ctx->hs->eap.reply;
    const struct ipsec_secret *secret = &ctx->hs->facts.secret;

    if (method_of(proof) == IPSEC_AUTH_PSK) {
        return ipseci_view(secret->bytes, secret->length);
    }
    return proof->eap && eap->msk_length > 0 ? ipseci_view(eap->msk, eap->msk_length)
                                             : octets->sk_p;
}

static enum ipsec_status keyed_value(const struct ipseci_context *ctx,
                                     const struct ipseci_proof *proof, struct value *out)
{
    const struct ipseci_facts *facts = &ctx->hs->facts;
    const struct ipseci_auth_octets octets = ipseci_auth_octets(ctx, proof);
    const bool psk = method_of(proof) == IPSEC_AUTH_PSK;
    struct ipsec_view key = key_of(ctx, proof, &octets);
    const bool missing = psk && (facts->secret_status < IPSEC_OK || key.length == 0);

    if (missing) {
        /* AUTH-09: who is not known costs the same work as who has a wrong secret */
        key = ipseci_view(ctx->hs->nonce, sizeof(ctx->hs->nonce));
    }
    IPSECI_TRY(ipseci_auth_psk(&ctx->ike->config.crypto, &octets, key, out->octets, &out->length));
    if (!missing) {
        return IPSEC_OK;
    }
    return facts->secret_status < IPSEC_OK ? facts->secret_status : IPSEC_ERR_NOT_FOUND;
}

static enum ipsec_status keyed_add(const struct ipseci_context *ctx, struct ipseci_step *step,
                                   const struct ipseci_proof *proof)
{
    const bool null = method_of(proof) == IPSEC_AUTH_NULL;
    struct value value;

    IPSECI_TRY(keyed_value(ctx, proof, &value));
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_AUTH);
    ipseci_auth_build(&step->w, null ? IPSECI_AUTH_NULL : IPSECI_AUTH_SHARED_KEY,
                      ipseci_view(value.octets, value.length));
    ipseci_payload_end(&step->chain);
    if (method_of(proof) == IPSEC_AUTH_PSK &&
        ctx->hs->facts.secret.length < IPSECI_SECRET_WARN_BYTES) {
        step->warnings |= 1u << IPSEC_WARNING_WEAK_SECRET;
    }
    return IPSEC_OK;
}

/* Constant time in the AUTH value; an empty or short one fails by its length. */
static void keyed_check(const struct ipseci_context *ctx, const struct ipseci_proof *proof,
                        const struct ipseci_auth *auth, struct ipseci_verdict *verdict)
{
    const bool null = method_of(proof) == IPSEC_AUTH_NULL;
    struct value expected;

    verdict->status = keyed_value(ctx, proof, &expected);
    if (verdict->status == IPSEC_OK && auth->data.length == expected.length &&
        auth->method == (null ? IPSECI_AUTH_NULL : IPSECI_AUTH_SHARED_KEY)) {
        verdict->good = ipseci_equal_secret(auth->data.data, expected.octets, expected.length);
    }
    ipseci_wipe(&expected, sizeof(expected));
}

/* ---- by method ---------------------------------------------------------------------------------
 */

bool ipseci_auth_lacks(const struct ipseci_context *ctx, struct ipseci_step *step,
                       const struct ipseci_proof *proof)
{
    switch (method_of(proof)) {
    case IPSEC_AUTH_PSK:
        if (!ipseci_has(ctx, IPSECI_NEED_SECRET)) {
            need_secret(ctx, step, proof);
            return true;
        }
        return false;
    case IPSEC_AUTH_SIGNATURE:
        return ipseci_signature_lacks(ctx, step, proof);
    case IPSEC_AUTH_NULL:
    case IPSEC_AUTH_EAP:
        return false;
    }
    return false;
}

enum ipsec_status ipseci_auth_add(const struct ipseci_context *ctx, struct ipseci_step *step,
                                  const struct ipseci_proof *proof)
{
    switch (method_of(proof)) {
    case IPSEC_AUTH_PSK:
    case IPSEC_AUTH_NULL:
        return keyed_add(ctx, step, proof);
    case IPSEC_AUTH_SIGNATURE:
        return ipseci_signature_add(ctx, step);
    case IPSEC_AUTH_EAP:
        return proof->eap ? keyed_add(ctx, step, proof) : IPSEC_ERR_FORBIDDEN;
    }
    return IPSEC_ERR_ARGUMENT;
}

void ipseci_auth_check(const struct ipseci_context *ctx, const struct ipseci_proof *proof,
                       struct ipseci_verdict *verdict)
{
    const struct ipseci_payload *payload =
        ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_AUTH);
    struct ipseci_auth auth = {0};

    verdict->good = false;
    verdict->status = IPSEC_OK;
    verdict->cert_problem = IPSEC_CERT_GOOD;
    if (payload == NULL || ipseci_auth_parse(payload->body, &auth) < IPSEC_OK) {
        auth = (struct ipseci_auth){0}; /* AUTH-09: costs the same work as a wrong one */
    }
    verdict->method = auth.method;
    switch (method_of(proof)) {
    case IPSEC_AUTH_PSK:
    case IPSEC_AUTH_NULL:
        keyed_check(ctx, proof, &auth, verdict);
        return;
    case IPSEC_AUTH_SIGNATURE:
        ipseci_signature_check(ctx, proof, verdict);
        return;
    case IPSEC_AUTH_EAP:
        if (proof->eap) {
            keyed_check(ctx, proof, &auth, verdict);
        } else {
            verdict->status = IPSEC_ERR_FORBIDDEN; /* its own rounds prove it, not this payload */
        }
        return;
    }
}
