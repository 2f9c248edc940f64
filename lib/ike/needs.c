/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts for handlers: questions to the caller and heavy work as jobs, answered now or later. Called
 * by run.c.
 */
#include "choice.h"
#include "engine.h"

#include <string.h>

static uint32_t new_token(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    ike->token_next++;
    if (ike->token_next == 0) {
        ike->token_next = 1;
    }
    hs->token = ike->token_next;
    return hs->token;
}

static void found(struct ipseci_handshake *hs, enum ipseci_need_kind kind)
{
    hs->facts.got |= 1u << kind;
    hs->waiting = IPSECI_NEED_NOTHING;
}

void ipseci_fact_peer(struct ipsec_ike *ike, struct ipseci_handshake *hs, enum ipsec_status status,
                      const struct ipsec_peer *peer)
{
    struct ipseci_facts *facts = &hs->facts;

    facts->peer_status = status == IPSEC_OK && peer == NULL ? IPSEC_ERR_NOT_FOUND : status;
    facts->peer = facts->peer_status == IPSEC_OK ? peer : NULL;
    if (facts->peer != NULL) {
        ipseci_proposals_usable(peer->proposals, IPSEC_PROTOCOL_IKE, &ike->config.crypto,
                                &hs->offered);
    }
    found(hs, IPSECI_NEED_PEER);
}

void ipseci_fact_secret(struct ipseci_handshake *hs, enum ipsec_status status,
                        const struct ipsec_secret *secret)
{
    struct ipseci_facts *facts = &hs->facts;
    const bool usable = status == IPSEC_OK && secret->length <= IPSEC_SECRET_BYTES_MAX;

    facts->secret_status = status == IPSEC_OK && !usable ? IPSEC_ERR_ARGUMENT : status;
    if (usable && secret != &facts->secret) {
        facts->secret = *secret;
    } else if (!usable) {
        ipseci_wipe(&facts->secret, sizeof(facts->secret));
    }
    found(hs, IPSECI_NEED_SECRET);
}

static enum ipsec_status ask_peer(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                  const struct ipseci_need *need)
{
    const struct ipsec_peer *peer = NULL;
    enum ipsec_status status = IPSEC_ERR_NOT_FOUND;

    if (ike->config.callbacks.find_peer != NULL) {
        status = ike->config.callbacks.find_peer(ike->config.user, new_token(ike, hs), &need->peer,
                                                 &peer);
    }
    if (status == IPSEC_PENDING) {
        return IPSEC_PENDING;
    }
    ipseci_fact_peer(ike, hs, status, peer);
    return IPSEC_OK;
}

static enum ipsec_status ask_secret(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                    const struct ipseci_need *need)
{
    enum ipsec_status status = IPSEC_ERR_NOT_FOUND;

    hs->facts.secret.length = 0;
    if (ike->config.callbacks.find_secret != NULL) {
        status = ike->config.callbacks.find_secret(ike->config.user, new_token(ike, hs),
                                                   &need->secret, &hs->facts.secret);
    }
    if (status == IPSEC_PENDING) {
        return IPSEC_PENDING;
    }
    ipseci_fact_secret(hs, status, &hs->facts.secret);
    return IPSEC_OK;
}

/* ---- jobs --------------------------------------------------------------------------------------
 */

void ipsec_job_run(struct ipsec_job *job, const struct ipsec_crypto_list *crypto)
{
    const struct ipsec_crypto_list *list = crypto != NULL ? crypto : job->crypto;
    const struct ipsec_view peer = ipseci_view(job->peer_public, job->peer_length);
    struct ipseci_octets public_value = {job->public_value, sizeof(job->public_value), 0};
    struct ipseci_octets secret = {job->secret, sizeof(job->secret), 0};

    switch ((enum ipseci_job_kind)job->kind) {
    case IPSECI_JOB_NONE:
        job->status = IPSEC_ERR_STATE;
        return;
    case IPSECI_JOB_KE_START:
        ipseci_ke_free(&job->ke);
        job->status = ipseci_ke_start(&job->ke, list, job->group, &public_value);
        job->public_length = (uint16_t)public_value.length;
        return;
    case IPSECI_JOB_KE_RESPOND:
        job->status = ipseci_ke_respond(list, job->group, peer, &public_value, &secret);
        job->public_length = (uint16_t)public_value.length;
        job->secret_length = (uint16_t)secret.length;
        return;
    case IPSECI_JOB_KE_FINISH:
        job->status = ipseci_ke_finish(&job->ke, peer, &secret);
        job->secret_length = (uint16_t)secret.length;
        return;
    }
}

void ipseci_job_take_result(struct ipseci_handshake *hs)
{
    static const enum ipseci_need_kind need_of[] = {
        [IPSECI_JOB_NONE] = IPSECI_NEED_NOTHING,
        [IPSECI_JOB_KE_START] = IPSECI_NEED_KE_START,
        [IPSECI_JOB_KE_RESPOND] = IPSECI_NEED_KE_RESPOND,
        [IPSECI_JOB_KE_FINISH] = IPSECI_NEED_KE_FINISH,
    };

    hs->facts.ke_status = hs->job.status;
    found(hs, need_of[hs->job.kind]);
}

static enum ipsec_status run_job(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                 const struct ipseci_need *need, enum ipseci_job_kind kind)
{
    struct ipsec_job *job = &hs->job;

    job->kind = (uint8_t)kind;
    job->crypto = &ike->config.crypto;
    job->group = need->group;
    job->status = IPSEC_OK;
    job->peer_length = 0;
    if (need->peer_public.length > sizeof(job->peer_public)) {
        /* Longer than any group's (CVE-2023-41913): nothing is copied. */
        job->status = IPSEC_DROP_KE;
        ipseci_job_take_result(hs);
        return IPSEC_OK;
    }
    if (need->peer_public.length > 0) {
        memcpy(job->peer_public, need->peer_public.data, need->peer_public.length);
        job->peer_length = (uint16_t)need->peer_public.length;
    }
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

enum ipsec_status ipseci_need_satisfy(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                      const struct ipseci_need *need)
{
    enum ipsec_status status = IPSEC_FATAL_INVARIANT;

    hs->waiting = (uint8_t)need->kind;
    switch (need->kind) {
    case IPSECI_NEED_NOTHING:
        break;
    case IPSECI_NEED_PEER:
        status = ask_peer(ike, hs, need);
        break;
    case IPSECI_NEED_SECRET:
        status = ask_secret(ike, hs, need);
        break;
    case IPSECI_NEED_KE_START:
        status = run_job(ike, hs, need, IPSECI_JOB_KE_START);
        break;
    case IPSECI_NEED_KE_RESPOND:
        status = run_job(ike, hs, need, IPSECI_JOB_KE_RESPOND);
        break;
    case IPSECI_NEED_KE_FINISH:
        status = run_job(ike, hs, need, IPSECI_JOB_KE_FINISH);
        break;
    }
    return status;
}
