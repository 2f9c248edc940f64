/* SPDX-License-Identifier: Apache-2.0
 *
 * What the caller tells the engine to do: initiate, rekey, delete, answer. Most only note a wish;
 * tasks.c carries it out when the SA's window is free.
 */
#include "choice.h"
#include "explain.h"
#include "reauth.h"
#include "redirect.h"

#include <string.h>

static void not_built_in(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                         const struct ipsec_proposals *configured)
{
    struct ipsec_proposals defaults;
    struct ipsec_proposals built_in;
    struct ipsec_failure failure = {
        .phase = IPSEC_PHASE_START,
        .cause = IPSEC_CAUSE_NOT_BUILT_IN,
        .refused_by = IPSEC_REFUSED_LOCAL,
        .status = IPSEC_ERR_NOT_BUILT_IN,
        .initiator = true,
        .peer = peer,
        .local = peer->local,
        .remote = peer->remote,
    };

    ipsec_proposals_default(IPSEC_PROTOCOL_IKE, &defaults);
    ipseci_explain_not_built_in(&failure, configured != NULL ? configured : &defaults,
                                &ike->config.crypto, &built_in);
    ipseci_emit_failure(ike, NULL, &failure);
}

enum ipsec_status ipseci_check_child(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                     const struct ipsec_child_config *child)
{
    struct ipsec_proposals esp;

    if (child->local_dynamic && child->local_ts.count == 0 &&
        (peer->request_config & (IPSEC_CONFIG_IPV4 | IPSEC_CONFIG_IPV6)) == 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (child->proposals == NULL) {
        return IPSEC_OK;
    }
    ipseci_proposals_usable(child->proposals, IPSEC_PROTOCOL_ESP, &ike->config.crypto, &esp);
    if (esp.count == 0) {
        not_built_in(ike, peer, child->proposals);
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    return IPSEC_OK;
}

/* All lists must have something that is built in, or nothing can come of it. */
static enum ipsec_status check_proposals(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                         struct ipsec_proposals *offered)
{
    ipseci_proposals_usable(peer->proposals, IPSEC_PROTOCOL_IKE, &ike->config.crypto, offered);
    if (offered->count == 0) {
        not_built_in(ike, peer, peer->proposals);
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    for (size_t i = 0; i < peer->child_count; i++) {
        IPSECI_TRY(ipseci_check_child(ike, peer, &peer->children[i]));
    }
    return IPSEC_OK;
}

static enum ipsec_status check_auth(const struct ipsec_peer *peer)
{
    /* RFC 7296 2.16: who is called never proves itself so */
    return peer->remote_auth == IPSEC_AUTH_EAP && peer->local_auth != IPSEC_AUTH_EAP
               ? IPSEC_ERR_ARGUMENT
               : IPSEC_OK;
}

enum ipsec_status ipseci_initiate(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                  const struct ipsec_child_config *config, ipsec_handle *out)
{
    struct ipsec_proposals offered;

    IPSECI_TRY(check_auth(peer));
    IPSECI_TRY(check_proposals(ike, peer, &offered));
    struct ipseci_ike_sa *sa = ipseci_sa_take(ike, true);
    if (sa == NULL) {
        return IPSEC_ERR_FULL;
    }
    sa->peer = peer;
    sa->local = peer->local;
    sa->remote = peer->remote;
    sa->local.port = sa->local.port != 0 ? sa->local.port : ike->config.ike_port;
    sa->remote.port = sa->remote.port != 0 ? sa->remote.port : 500;
    sa->state = IPSECI_IKE_INIT_SENT;
    enum ipsec_status status = ipseci_spi_new(ike, &sa->spi_i);
    if (status == IPSEC_OK) {
        status = ipseci_sa_index(ike, sa);
    }
    struct ipseci_handshake *hs = status == IPSEC_OK ? ipseci_handshake_take(ike, sa, false) : NULL;
    if (hs == NULL) {
        ipseci_sa_release(ike, sa);
        return status < IPSEC_OK ? status : IPSEC_ERR_FULL;
    }
    hs->task = IPSECI_TASK_SA_INIT;
    hs->config = config;
    hs->offered = offered;
    hs->group = ipseci_proposals_first_ke(&offered);
    sa->follow = IPSECI_TASK_SA_INIT;
    *out = sa->self;
    ipseci_touch(ike, sa->self);
    return IPSEC_OK;
}

const struct ipsec_child_config *ipseci_first_child(const struct ipsec_peer *peer)
{
    for (size_t i = 0; i < peer->child_count && peer->childless != IPSEC_CHILDLESS_ALWAYS; i++) {
        /* The address of the peer's side is given when the peer asks: not to who is called. */
        if (peer->children[i].start == IPSEC_START_ALWAYS && !peer->children[i].remote_dynamic) {
            return &peer->children[i];
        }
    }
    return NULL;
}

static enum ipsec_status check_call(const struct ipsec_peer *peer)
{
    if (peer->remote.addr.family == IPSEC_FAMILY_NONE ||
        (peer->child_count != 0 && peer->children == NULL)) {
        return IPSEC_ERR_ARGUMENT;
    }
    return ipseci_first_child(peer) == NULL && peer->childless == IPSEC_CHILDLESS_NEVER
               ? IPSEC_ERR_ARGUMENT
               : check_auth(peer);
}

enum ipsec_status ipseci_check_peer(struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    struct ipsec_proposals offered;

    IPSECI_TRY(check_call(peer));
    return check_proposals(ike, peer, &offered);
}

enum ipsec_status ipseci_call(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                              ipsec_handle *sa)
{
    IPSECI_TRY(check_call(peer));
    return ipseci_initiate(ike, peer, ipseci_first_child(peer), sa);
}

enum ipsec_status ipsec_ike_initiate(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                     ipsec_ms now, ipsec_handle *sa)
{
    if (ike == NULL || peer == NULL || sa == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *sa = 0;
    IPSECI_TRY(ipseci_enter(ike, now));
    const enum ipsec_status status = ipseci_call(ike, peer, sa);
    ipseci_leave(ike);
    return status;
}

static struct ipseci_ike_sa *established(const struct ipsec_ike *ike, ipsec_handle handle,
                                         enum ipsec_status *status)
{
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, handle);

    *status = sa == NULL                            ? IPSEC_ERR_STALE
              : sa->state != IPSECI_IKE_ESTABLISHED ? IPSEC_ERR_STATE
                                                    : IPSEC_OK;
    return sa;
}

enum ipsec_status ipsec_ike_create_child(struct ipsec_ike *ike, ipsec_handle sa_handle,
                                         const struct ipsec_child_config *config, ipsec_ms now)
{
    enum ipsec_status status;

    if (ike == NULL || config == NULL || (config->local_ts.count == 0 && !config->local_dynamic) ||
        (config->remote_ts.count == 0 && !config->remote_dynamic)) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_ike_sa *sa = established(ike, sa_handle, &status);
    if (status == IPSEC_OK) {
        status = ipseci_child_lacks_address(sa, config) ? IPSEC_ERR_STATE
                                                        : ipseci_check_child(ike, sa->peer, config);
    }
    if (status == IPSEC_OK) {
        struct ipseci_child *child = ipseci_child_take(ike, sa);
        if (child != NULL) {
            child->config = config;
            child->want_create = true;
            ipseci_touch(ike, sa_handle);
        } else {
            status = IPSEC_ERR_FULL;
        }
    }
    ipseci_leave(ike);
    return status;
}

/* Notes what an established SA is to do; tasks.c does it when the window is free. */
static enum ipsec_status ask_of_sa(struct ipsec_ike *ike, ipsec_handle sa_handle,
                                   enum ipseci_task task, ipsec_ms now)
{
    enum ipsec_status status;

    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_ike_sa *sa = established(ike, sa_handle, &status);
    if (status == IPSEC_OK) {
        sa->want_rekey = sa->want_rekey || task == IPSECI_TASK_IKE_REKEY;
        sa->want_probe = sa->want_probe || task == IPSECI_TASK_PROBE;
        ipseci_touch(ike, sa_handle);
    }
    ipseci_leave(ike);
    return status;
}

enum ipsec_status ipsec_ike_rekey(struct ipsec_ike *ike, ipsec_handle sa_handle, ipsec_ms now)
{
    return ask_of_sa(ike, sa_handle, IPSECI_TASK_IKE_REKEY, now);
}

enum ipsec_status ipsec_ike_probe(struct ipsec_ike *ike, ipsec_handle sa_handle, ipsec_ms now)
{
    return ask_of_sa(ike, sa_handle, IPSECI_TASK_PROBE, now);
}

enum ipsec_status ipsec_ike_rekey_child(struct ipsec_ike *ike, ipsec_handle child_handle,
                                        uint32_t flags, ipsec_ms now)
{
    enum ipsec_status status = IPSEC_OK;

    if ((flags & ~(uint32_t)IPSEC_REKEY_WITHOUT_PFS) != 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_child *child = ipseci_child_get(ike, child_handle);
    if (child == NULL) {
        status = IPSEC_ERR_STALE;
    } else if (child->state != IPSECI_CHILD_INSTALLED) {
        status = IPSEC_ERR_STATE;
    } else {
        child->want_rekey = true;
        child->without_pfs = (flags & IPSEC_REKEY_WITHOUT_PFS) != 0;
        ipseci_touch(ike, child->ike_sa);
    }
    ipseci_leave(ike);
    return status;
}

enum ipsec_status ipsec_ike_delete(struct ipsec_ike *ike, ipsec_handle sa_handle, ipsec_ms now)
{
    enum ipsec_status status = IPSEC_OK;

    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, sa_handle);
    if (sa == NULL) {
        status = IPSEC_ERR_STALE;
    } else if (sa->state < IPSECI_IKE_ESTABLISHED) {
        ipseci_ike_close(ike, sa, IPSEC_REASON_LOCAL); /* nothing the peer could be told, yet */
    } else if (sa->state == IPSECI_IKE_ESTABLISHED) {
        ipseci_heir_cancel(ike, sa);
        ipseci_ike_end(ike, sa, IPSEC_REASON_LOCAL);
    }
    ipseci_leave(ike);
    return status;
}

enum ipsec_status ipsec_ike_delete_child(struct ipsec_ike *ike, ipsec_handle child_handle,
                                         ipsec_ms now)
{
    enum ipsec_status status = IPSEC_OK;

    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_child *child = ipseci_child_get(ike, child_handle);
    if (child == NULL) {
        status = IPSEC_ERR_STALE;
    } else if (child->state != IPSECI_CHILD_INSTALLED) {
        status = IPSEC_ERR_STATE;
    } else {
        const ipsec_handle sa = child->ike_sa;
        ipseci_child_retire(ike, child, IPSEC_REASON_LOCAL);
        ipseci_touch(ike, sa);
    }
    ipseci_leave(ike);
    return status;
}

enum ipsec_status ipsec_ike_forget_peer(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                        ipsec_ms now)
{
    struct ipseci_handshake *hs;
    struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    if (peer == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    ipseci_keep_up_forget(ike, peer);
    while ((sa = (struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) != NULL) {
        hs = ipseci_handshake_get(ike, sa->peer_handshake);
        if (sa->peer == peer || (hs != NULL && hs->facts.peer == peer)) {
            ipseci_ike_close(ike, sa, IPSEC_REASON_LOCAL);
        }
    }
    ipseci_redirects_forget(ike, peer);
    ipseci_leave(ike);
    return IPSEC_OK;
}

/* ---- answers -----------------------------------------------------------------------------------
 */

static struct ipseci_handshake *by_token(const struct ipsec_ike *ike, uint32_t token)
{
    struct ipseci_handshake *hs;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((hs = (struct ipseci_handshake *)ipseci_pool_next(&ike->handshakes, &cursor, &handle)) !=
           NULL) {
        const bool asks = hs->waiting == IPSECI_NEED_PEER || hs->waiting == IPSECI_NEED_SECRET ||
                          hs->waiting == IPSECI_NEED_EAP || hs->waiting == IPSECI_NEED_LEASE ||
                          hs->waiting == IPSECI_NEED_RESOLVE;
        if (asks && hs->token == token && hs->sa != 0) {
            return hs;
        }
    }
    return NULL;
}

static bool has_answer(const struct ipseci_handshake *hs, const struct ipsec_answer *answer)
{
    return hs->waiting == IPSECI_NEED_EAP       ? answer->eap != NULL
           : hs->waiting == IPSECI_NEED_LEASE   ? answer->lease != NULL
           : hs->waiting == IPSECI_NEED_RESOLVE ? answer->addr != NULL
                                                : answer->secret != NULL;
}

enum ipsec_status ipsec_ike_answer(struct ipsec_ike *ike, uint32_t token,
                                   const struct ipsec_answer *answer, ipsec_ms now)
{
    enum ipsec_status status = IPSEC_OK;

    if (ike == NULL || answer == NULL || answer->status == IPSEC_PENDING) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_handshake *hs = by_token(ike, token);
    if (hs == NULL) {
        status = IPSEC_ERR_STALE;
    } else if (hs->waiting == IPSECI_NEED_PEER) {
        ipseci_fact_peer(ike, hs, answer->status, answer->peer);
        ipseci_resume(ike, hs);
    } else if (answer->status == IPSEC_OK && !has_answer(hs, answer)) {
        status = IPSEC_ERR_ARGUMENT;
    } else if (hs->waiting == IPSECI_NEED_EAP) {
        ipseci_fact_eap(hs, answer->status, answer->eap, ipseci_eap_capacity(ike, hs));
        ipseci_resume(ike, hs);
    } else if (hs->waiting == IPSECI_NEED_LEASE) {
        ipseci_fact_lease(ike, hs, answer->status, answer->lease);
        ipseci_resume(ike, hs);
    } else if (hs->waiting == IPSECI_NEED_RESOLVE) {
        ipseci_fact_resolved(ike, hs, answer->status, answer->addr);
        ipseci_resume(ike, hs);
    } else {
        ipseci_fact_secret(hs, answer->status, answer->secret);
        ipseci_resume(ike, hs);
    }
    ipseci_leave(ike);
    return status;
}

enum ipsec_status ipsec_ike_job_done(struct ipsec_ike *ike, struct ipsec_job *job, ipsec_ms now)
{
    enum ipsec_status status = IPSEC_OK;

    if (ike == NULL || job == NULL || !job->out) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, job->handshake);
    if (hs == NULL || &hs->job != job) {
        status = IPSEC_ERR_STALE;
    } else if (job->abandoned) {
        job->out = false;
        ipseci_handshake_release(ike, job->handshake);
    } else {
        job->out = false;
        ipseci_job_take_result(hs);
        ipseci_resume(ike, hs);
    }
    ipseci_leave(ike);
    return status;
}

enum ipsec_status ipsec_ike_child_notice(struct ipsec_ike *ike, ipsec_handle child_handle,
                                         enum ipsec_child_notice notice, ipsec_ms now)
{
    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_child *child = ipseci_child_get(ike, child_handle);
    if (child == NULL) {
        ipseci_leave(ike);
        return IPSEC_ERR_STALE;
    }
    ipseci_touch(ike, child->ike_sa);
    switch (notice) {
    case IPSEC_CHILD_NOTICE_INBOUND:
        if (child->state == IPSECI_CHILD_INSTALLED) {
            ipseci_child_use(ike, child); /* RFC 7296 2.8 (REKEY-05) */
        }
        break;
    case IPSEC_CHILD_NOTICE_SOFT:
        child->want_rekey = child->state == IPSECI_CHILD_INSTALLED;
        break;
    case IPSEC_CHILD_NOTICE_HARD:
        if (child->state == IPSECI_CHILD_INSTALLED) {
            ipseci_child_ended(ike, child);
            ipseci_child_retire(ike, child, IPSEC_REASON_LIFETIME);
        }
        break;
    }
    ipseci_leave(ike);
    return IPSEC_OK;
}
