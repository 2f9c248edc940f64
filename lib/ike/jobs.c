/* SPDX-License-Identifier: Apache-2.0
 *
 * Heavy work: key exchanges, signatures, certificate chains. A job is filled from what a handler
 * needs, run here or by the caller, and its result becomes a fact. Called by needs.c; the caller's
 * thread enters at ipsec_job_run.
 */
#include "engine.h"
#include "signature_wire.h"

#include <string.h>

/* ---- running: touches nothing but the job ------------------------------------------------------
 */

static void run_ke(struct ipsec_job *job, const struct ipsec_crypto_list *list)
{
    const struct ipsec_view peer = ipseci_view(job->peer_public, job->peer_length);
    struct ipseci_octets public_value = {job->public_value, sizeof(job->public_value), 0};
    struct ipseci_octets secret = {job->secret, sizeof(job->secret), 0};

    if (job->kind == IPSECI_JOB_KE_START) {
        ipseci_ke_free(&job->ke);
        job->status = ipseci_ke_start(&job->ke, list, job->group, &public_value);
        job->public_length = (uint16_t)public_value.length;
        return;
    }
    if (job->kind == IPSECI_JOB_KE_RESPOND) {
        job->status = ipseci_ke_respond(list, job->group, peer, &public_value, &secret);
        job->public_length = (uint16_t)public_value.length;
    } else {
        job->status = ipseci_ke_finish(&job->ke, peer, &secret);
    }
    job->secret_length = (uint16_t)secret.length;
}

#define SIGNED_PARTS 3

static void signed_parts(const struct ipseci_auth_job *a, struct ipsec_view parts[SIGNED_PARTS])
{
    parts[0] = a->message;
    parts[1] = a->nonce;
    parts[2] = ipseci_view(a->maced_id, a->maced_id_length);
}

static void run_sign(struct ipsec_job *job)
{
    const struct ipsec_signer *signer = job->config->signer;
    struct ipsec_view parts[SIGNED_PARTS];
    size_t length = sizeof(job->signature);

    signed_parts(&job->auth, parts);
    job->status = signer->sign(signer->context, job->auth.key, (enum ipsec_signature)job->auth.how,
                               parts, SIGNED_PARTS, job->signature, &length);
    if (job->status == IPSEC_OK && length > sizeof(job->signature)) {
        job->status = IPSEC_FATAL_CRYPTO; /* a signer that breaks its word */
    }
    job->signature_length = job->status == IPSEC_OK ? (uint16_t)length : 0;
}

static enum ipsec_status check_key(const struct ipsec_signer *signer,
                                   const struct ipseci_auth_job *a, struct ipsec_view public_key)
{
    struct ipsec_key_info info = {0};

    IPSECI_TRY(signer->public_info(signer->context, public_key, &info));
    /* AUTH-13: methods 9 to 11 name curve and hash; a signature is never checked with a key of
     * another kind */
    return info.kind == a->kind && (a->bits == 0 || a->bits == info.bits) ? IPSEC_OK
                                                                          : IPSEC_DROP_ICV;
}

static enum ipsec_status check_signature(const struct ipsec_signer *signer,
                                         const struct ipseci_auth_job *a, struct ipsec_view key)
{
    struct ipsec_view parts[SIGNED_PARTS];
    uint8_t der[IPSECI_ECDSA_DER_MAX];
    struct ipsec_signature_check check = {
        .how = (enum ipsec_signature)a->how,
        .parts = parts,
        .part_count = SIGNED_PARTS,
        .signature = a->signature,
    };

    signed_parts(a, parts);
    if (a->fixed_width) {
        /* AUTH-13: r and s fill the curve's width each */
        const size_t width = 2 * ((a->bits + 7u) / 8);
        if (a->signature.length != width) {
            return IPSEC_DROP_ICV;
        }
        IPSECI_TRY(ipseci_ecdsa_to_der(a->signature, der, &check.signature.length));
        check.signature.data = der;
    }
    return signer->verify(signer->context, key, &check);
}

static void run_verify(struct ipsec_job *job)
{
    const struct ipsec_x509 *x509 = job->config->x509;
    const struct ipsec_signer *signer = job->config->signer;
    const struct ipseci_auth_job *a = &job->auth;
    const struct ipsec_cert_query query = {
        .trust = a->trust,
        .id = &a->id,
        .certificates = a->certificate,
        .certificate_count = a->certificate_count,
        .crls = a->crl,
        .crl_count = a->crl_count,
        .wall_time = a->wall_time,
    };

    job->status = x509->validate(x509->context, &query, &job->cert);
    if (job->status < IPSEC_OK || job->cert.problem != IPSEC_CERT_GOOD) {
        return;
    }
    const size_t length = job->cert.public_key_length;
    const struct ipsec_view key = ipseci_view(job->cert.public_key, length);
    job->status =
        length > sizeof(job->cert.public_key) ? IPSEC_FATAL_CRYPTO : check_key(signer, a, key);
    if (job->status == IPSEC_OK) {
        job->status = check_signature(signer, a, key);
    }
}

void ipsec_job_run(struct ipsec_job *job, const struct ipsec_crypto_list *crypto)
{
    const struct ipsec_crypto_list *list = crypto != NULL ? crypto : &job->config->crypto;

    switch ((enum ipseci_job_kind)job->kind) {
    case IPSECI_JOB_NONE:
        job->status = IPSEC_ERR_STATE;
        return;
    case IPSECI_JOB_KE_START:
    case IPSECI_JOB_KE_RESPOND:
    case IPSECI_JOB_KE_FINISH:
        run_ke(job, list);
        return;
    case IPSECI_JOB_SIGN:
        run_sign(job);
        return;
    case IPSECI_JOB_VERIFY:
        run_verify(job);
        return;
    }
}

/* ---- filling and taking results ----------------------------------------------------------------
 */

void ipseci_job_take_result(struct ipseci_handshake *hs)
{
    static const enum ipseci_need_kind need_of[] = {
        [IPSECI_JOB_NONE] = IPSECI_NEED_NOTHING,
        [IPSECI_JOB_KE_START] = IPSECI_NEED_KE_START,
        [IPSECI_JOB_KE_RESPOND] = IPSECI_NEED_KE_RESPOND,
        [IPSECI_JOB_KE_FINISH] = IPSECI_NEED_KE_FINISH,
        [IPSECI_JOB_SIGN] = IPSECI_NEED_SIGN,
        [IPSECI_JOB_VERIFY] = IPSECI_NEED_VERIFY,
    };

    if (hs->job.kind == IPSECI_JOB_SIGN) {
        hs->facts.sign_status = hs->job.status;
    } else if (hs->job.kind == IPSECI_JOB_VERIFY) {
        hs->facts.verify_status = hs->job.status;
        hs->facts.cert_problem = (uint8_t)hs->job.cert.problem;
    } else {
        hs->facts.ke_status = hs->job.status;
    }
    ipseci_fact_found(hs, need_of[hs->job.kind]);
}

static enum ipsec_status run_job(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                 enum ipseci_job_kind kind)
{
    struct ipsec_job *job = &hs->job;

    job->kind = (uint8_t)kind;
    job->config = &ike->config;
    job->status = IPSEC_OK;
    if (ike->config.callbacks.job != NULL) {
        job->out = true;
        if (ike->config.callbacks.job(ike->config.user, job)) {
            return IPSEC_PENDING;
        }
        job->out = false;
    }
    ipsec_job_run(job, NULL);
    ipseci_job_take_result(hs);
    return IPSEC_OK;
}

/* The job is not even begun: this is what came of it. */
static enum ipsec_status no_job(struct ipseci_handshake *hs, enum ipseci_job_kind kind,
                                enum ipsec_status status)
{
    hs->job.kind = (uint8_t)kind;
    hs->job.status = status;
    ipseci_job_take_result(hs);
    return IPSEC_OK;
}

enum ipsec_status ipseci_job_ke(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                const struct ipseci_need *need)
{
    struct ipsec_job *job = &hs->job;
    const enum ipseci_job_kind kind = need->kind == IPSECI_NEED_KE_START     ? IPSECI_JOB_KE_START
                                      : need->kind == IPSECI_NEED_KE_RESPOND ? IPSECI_JOB_KE_RESPOND
                                                                             : IPSECI_JOB_KE_FINISH;

    job->group = need->group;
    job->peer_length = 0;
    if (need->peer_public.length > sizeof(job->peer_public)) {
        return no_job(hs, kind, IPSEC_DROP_KE); /* longer than any group's (CVE-2023-41913) */
    }
    if (need->peer_public.length > 0) {
        memcpy(job->peer_public, need->peer_public.data, need->peer_public.length);
        job->peer_length = (uint16_t)need->peer_public.length;
    }
    return run_job(ike, hs, kind);
}

/* The message in hand lies in the caller's buffer; its copy is in the slot, which stays. */
static void to_parked(const struct ipseci_handshake *hs, const struct ipseci_message *in,
                      struct ipsec_view *view)
{
    if (view->length > 0) {
        view->data = hs->parked.data + (view->data - in->raw.data);
    }
}

static void take_certificates(struct ipseci_handshake *hs, const struct ipseci_message *in)
{
    struct ipseci_auth_job *a = &hs->job.auth;

    for (uint8_t i = 0; i < a->certificate_count; i++) {
        to_parked(hs, in, &a->certificate[i]);
    }
    for (uint8_t i = 0; i < a->crl_count; i++) {
        to_parked(hs, in, &a->crl[i]);
    }
}

enum ipsec_status ipseci_job_auth(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                  const struct ipseci_message *in, const struct ipseci_need *need)
{
    const struct ipsec_ike_config *config = &ike->config;
    struct ipsec_job *job = &hs->job;
    struct ipseci_auth_job *a = &job->auth;

    *a = need->auth;
    memset(&job->cert, 0, sizeof(job->cert));
    if (need->kind == IPSECI_NEED_SIGN) {
        return config->signer == NULL || a->key == NULL
                   ? no_job(hs, IPSECI_JOB_SIGN, IPSEC_ERR_NOT_BUILT_IN)
                   : run_job(ike, hs, IPSECI_JOB_SIGN);
    }
    if (config->signer == NULL || config->x509 == NULL) {
        return no_job(hs, IPSECI_JOB_VERIFY, IPSEC_ERR_NOT_BUILT_IN);
    }
    if (a->certificate_count == 0 || config->callbacks.wall_time == NULL ||
        config->callbacks.wall_time(config->user, &a->wall_time) < IPSEC_OK) {
        job->cert.problem = a->certificate_count == 0 ? IPSEC_CERT_MISSING : IPSEC_CERT_NO_TIME;
        return no_job(hs, IPSECI_JOB_VERIFY, IPSEC_OK);
    }
    take_certificates(hs, in);
    to_parked(hs, in, &a->signature);
    return run_job(ike, hs, IPSECI_JOB_VERIFY);
}
