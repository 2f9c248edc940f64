/* SPDX-License-Identifier: Apache-2.0
 *
 * Heavy work: key exchanges, and what job_auth.c does. A job is filled from what a handler
 * needs, run here or by the caller, and its result becomes a fact. Called by needs.c; the caller's
 * thread enters at ipsec_job_run.
 */
#include "engine.h"

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
        ipseci_job_sign(job);
        return;
    case IPSECI_JOB_VERIFY:
        ipseci_job_verify(job);
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

enum ipsec_status ipseci_job_begin(struct ipsec_ike *ike, struct ipseci_handshake *hs,
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
enum ipsec_status ipseci_job_spare(struct ipseci_handshake *hs, enum ipseci_job_kind kind,
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
        return ipseci_job_spare(hs, kind,
                                IPSEC_DROP_KE); /* longer than any group's (CVE-2023-41913) */
    }
    if (need->peer_public.length > 0) {
        memcpy(job->peer_public, need->peer_public.data, need->peer_public.length);
        job->peer_length = (uint16_t)need->peer_public.length;
    }
    return ipseci_job_begin(ike, hs, kind);
}
