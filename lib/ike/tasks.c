/* SPDX-License-Identifier: Apache-2.0
 *
 * What each IKE SA requests next: one exchange at a time (RFC 7296 2.3), what closes before what
 * opens. Called at the end of every public call for the SAs it touched.
 */
#include "child_offer.h"
#include "choice.h"
#include "engine.h"
#include "mobility.h"
#include "reauth.h"
#include "redirect.h"

void ipseci_touch(struct ipsec_ike *ike, ipsec_handle sa)
{
    for (uint32_t i = 0; i < ike->touched_count; i++) {
        if (ike->touched[i] == sa) {
            return;
        }
    }
    if (ike->touched_count < IPSECI_TOUCHED_MAX) {
        ike->touched[ike->touched_count] = sa;
        ike->touched_count++;
    }
}

/* ---- starting ----------------------------------------------------------------------------------
 */

static ipseci_handler start_handler(enum ipseci_task task)
{
    static const ipseci_handler handler[] = {
        [IPSECI_TASK_NONE] = NULL,
        [IPSECI_TASK_SA_INIT] = ipseci_sa_init_start,
        [IPSECI_TASK_AUTH] = ipseci_auth_start,
        [IPSECI_TASK_CHILD_CREATE] = ipseci_child_start,
        [IPSECI_TASK_CHILD_REKEY] = ipseci_child_start,
        [IPSECI_TASK_CHILD_DELETE] = ipseci_info_start,
        [IPSECI_TASK_IKE_REKEY] = ipseci_ike_rekey_start,
        [IPSECI_TASK_IKE_DELETE] = ipseci_info_start,
        [IPSECI_TASK_PROBE] = ipseci_info_start,
        [IPSECI_TASK_UPDATE] = ipseci_info_start,
        [IPSECI_TASK_CHECK] = ipseci_info_start,
        [IPSECI_TASK_REDIRECT] = ipseci_info_start,
    };

    return handler[task];
}

static bool makes_sa(enum ipseci_task task)
{
    return task == IPSECI_TASK_CHILD_CREATE || task == IPSECI_TASK_CHILD_REKEY ||
           task == IPSECI_TASK_IKE_REKEY;
}

static void child_terms(const struct ipsec_ike *ike, const struct ipseci_child *child,
                        struct ipseci_handshake *hs)
{
    hs->config = child->config;
    hs->child = child->self;
    hs->without_pfs = child->without_pfs;
    ipseci_child_proposals(ike, child->config, hs->without_pfs, &hs->offered);
    hs->group = ipseci_proposals_first_ke(&hs->offered);
    if (hs->task == IPSECI_TASK_CHILD_REKEY &&
        ipseci_proposals_have_ke(&hs->offered, child->suite.ke)) {
        hs->group = child->suite.ke; /* what the last exchange settled on spares a round trip */
    }
}

static enum ipsec_status begin_handshake(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                         enum ipseci_task task, ipsec_handle child_handle,
                                         struct ipseci_handshake **out)
{
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);
    const struct ipseci_child *child = ipseci_child_get(ike, child_handle);

    *out = hs;
    if (hs != NULL || !makes_sa(task)) {
        return IPSEC_OK; /* going on with the one it has (cookie, group, IKE_AUTH) */
    }
    hs = ipseci_handshake_take(ike, sa, false);
    if (hs == NULL) {
        return IPSEC_ERR_FULL;
    }
    hs->task = (uint8_t)task;
    *out = hs;
    if (task == IPSECI_TASK_IKE_REKEY) {
        IPSECI_TRY(ipseci_sa_reserve(ike, hs));
        ipseci_fact_peer(ike, hs, IPSEC_OK, sa->peer);
        hs->group = ipseci_proposals_have_ke(&hs->offered, sa->suite.ke)
                        ? sa->suite.ke
                        : ipseci_proposals_first_ke(&hs->offered);
    } else if (child != NULL) {
        child_terms(ike, child, hs);
    }
    return IPSEC_OK;
}

enum ipsec_status ipseci_task_start(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                    enum ipseci_task task, ipsec_handle child)
{
    const ipsec_handle handle = sa->self;
    struct ipseci_handshake *hs = NULL;

    sa->task = (uint8_t)task;
    sa->task_child = child;
    enum ipsec_status status = begin_handshake(ike, sa, task, child, &hs);
    if (status == IPSEC_OK) {
        if (hs != NULL) {
            hs->task = (uint8_t)task;
        }
        status = ipseci_run(ike, sa, hs, NULL, start_handler(task));
    }
    sa = ipseci_sa_get(ike, handle);
    if (status < IPSEC_OK && sa != NULL) {
        ipseci_task_failed(ike, sa, status);
    } else if (status == IPSEC_PENDING && sa != NULL && sa->tries == 0) {
        /* Nothing is sent that could time out: the question itself must. */
        (void)ipseci_timer_set(&ike->timers, &sa->exchange_timer,
                               ipseci_after(ike->now, ike->config.half_open_ms));
    }
    return status;
}

/* ---- outcomes ----------------------------------------------------------------------------------
 */

static uint32_t seconds_until(const struct ipsec_ike *ike, ipsec_ms ends)
{
    const uint64_t seconds = ends > ike->now ? (ends - ike->now) / 1000 : 0;

    return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

static void rekey_failed_event(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                               const struct ipseci_child *child)
{
    const ipsec_ms ends = child != NULL ? child->ends : sa->ends;
    struct ipsec_event event = {
        .type = IPSEC_EVENT_REKEY_FAILED,
        .ike_sa = sa->self,
        .child_sa = child == NULL ? 0 : child->self,
        .peer = sa->peer,
        .seconds_left = seconds_until(ike, ends),
    };

    ipseci_emit(ike, &event);
}

/* A rekey that did not work out. When the peer's colliding one is there, that one counts. */
static void child_rekey_failed(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                               struct ipseci_child *child)
{
    if (ipseci_child_get(ike, child->collision) != NULL) {
        child->collision = 0;
        child->state = IPSECI_CHILD_REPLACED; /* COLL-03 */
        child->reason = IPSEC_REASON_REPLACED;
        ipseci_life_update_child(ike, child);
        return;
    }
    rekey_failed_event(ike, sa, child);
    if (child->proving && child->rekey_due != IPSEC_NEVER) {
        child->proving = false; /* it is told; the child itself is as good as any until its time */
        return;
    }
    ipseci_life_retry_child(ike, child);
}

static void ike_rekey_failed(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    struct ipseci_ike_sa *heir = ipseci_sa_get(ike, sa->collision);

    if (heir != NULL) {
        ipseci_replace_ike(ike, sa, heir);
        return;
    }
    if (sa->state != IPSECI_IKE_ESTABLISHED) {
        return; /* replaced or closing meanwhile */
    }
    rekey_failed_event(ike, sa, NULL);
    ipseci_life_retry_ike(ike, sa);
}

/* With a random part: two ends that refuse each other must not come back in the same moment. */
static ipsec_ms temporary_wait(const struct ipsec_ike *ike)
{
    uint8_t part = 0;

    if (ipseci_random(&ike->config.crypto, &part, sizeof(part)) < IPSEC_OK) {
        part = 0;
    }
    return IPSECI_TEMPORARY_MS + (ipsec_ms)part * IPSECI_TEMPORARY_MS / 256;
}

/* RFC 7296 2.25: later again, not for ever (COLL-14). */
static void later_again(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, uint8_t task,
                        struct ipseci_child *child)
{
    const ipsec_ms due = ipseci_after(ike->now, temporary_wait(ike));

    if (task == IPSECI_TASK_IKE_REKEY) {
        sa->temporary++;
        sa->rekey_due = due;
        ipseci_life_update_ike(ike, sa);
    } else if (child != NULL) {
        child->temporary++;
        child->rekey_due = due;
        ipseci_life_update_child(ike, child);
    }
}

/* The peer does not know the child: it is gone here too, and made anew (REKEY-02). */
static void child_lost(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, struct ipseci_child *child)
{
    const struct ipsec_child_config *config = child->config;
    const bool replaced = ipseci_child_get(ike, child->collision) != NULL;

    ipseci_child_drop(ike, child, IPSEC_REASON_PEER);
    struct ipseci_child *anew = replaced ? NULL : ipseci_child_take(ike, sa);
    if (anew != NULL) {
        anew->config = config;
        anew->want_create = true;
    }
}

/* The peer has deleted the new child already; the one it was to replace goes the same way. */
static void child_gone(struct ipsec_ike *ike, struct ipseci_child *child, uint8_t task)
{
    if (task == IPSECI_TASK_CHILD_REKEY) {
        ipseci_child_ended(ike, child);
        ipseci_child_retire(ike, child, IPSEC_REASON_PEER);
    } else {
        ipseci_child_not_made(ike, child);
    }
}

void ipseci_task_outcome(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, uint8_t task,
                         ipsec_handle child_handle, uint32_t actions)
{
    struct ipseci_child *child = ipseci_child_get(ike, child_handle);
    const uint8_t tries = task == IPSECI_TASK_IKE_REKEY ? sa->temporary
                          : child != NULL               ? child->temporary
                                                        : 0;
    const bool collided =
        task == IPSECI_TASK_IKE_REKEY ? sa->collision != 0 : child != NULL && child->collision != 0;

    if ((actions & IPSECI_ACT_TEMPORARY) != 0 && !collided && tries < IPSECI_TEMPORARY_MAX) {
        later_again(ike, sa, task, child);
        return;
    }
    if (task == IPSECI_TASK_IKE_REKEY) {
        ike_rekey_failed(ike, sa);
    } else if (child != NULL && (actions & IPSECI_ACT_CHILD_GONE) != 0 && !collided) {
        child_gone(ike, child, task);
    } else if (child != NULL && (actions & IPSECI_ACT_CHILD_LOST) != 0) {
        child_lost(ike, sa, child);
    } else if (child != NULL && task == IPSECI_TASK_CHILD_REKEY) {
        child_rekey_failed(ike, sa, child);
    } else if (child != NULL && task == IPSECI_TASK_CHILD_CREATE) {
        ipseci_child_not_made(ike, child);
    }
}

/* A child that could not even be asked for, the last time that is tried. */
static void report_given_up(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                            const struct ipseci_child *child, enum ipsec_status status)
{
    const bool no_address = status == IPSEC_ERR_NOT_FOUND;

    if (child == NULL || (child->temporary < IPSECI_TEMPORARY_MAX && !no_address)) {
        return;
    }
    const struct ipsec_failure failure = {
        .phase = IPSEC_PHASE_CHILD_CREATE,
        .cause = no_address ? IPSEC_CAUSE_POLICY : IPSEC_CAUSE_RESOURCE,
        .refused_by = IPSEC_REFUSED_LOCAL,
        .status = status,
        .initiator = true,
        .peer = sa->peer,
        .child = child->config,
        .local = sa->local,
        .remote = sa->remote,
        .attempts = child->temporary + 1u,
    };
    ipseci_emit_failure(ike, sa, &failure);
}

/* What could not even be sent is asked for again: the peer does not miss the child by itself. */
static void delete_failed(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                          struct ipseci_child *child, bool sent)
{
    if (child == NULL) {
        sa->foreign_spi = sent ? 0 : sa->foreign_spi;
    } else if (sent) {
        ipseci_child_drop(ike, child, IPSEC_REASON_LOCAL);
    } else {
        child->want_delete = true;
        child->ends = ipseci_after(ike->now, IPSECI_RETRY_MIN_MS);
        ipseci_life_update_child(ike, child);
    }
}

/* What an IKE SA has not brought it never will (RFC 7296 2.19): not asked for again. */
static void create_failed(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, ipsec_handle handle,
                          enum ipsec_status status)
{
    struct ipseci_child *child = ipseci_child_get(ike, handle);

    report_given_up(ike, sa, child, status);
    if (child != NULL && status == IPSEC_ERR_NOT_FOUND) {
        ipseci_child_drop(ike, child, IPSEC_REASON_FAILURE);
    } else {
        ipseci_task_outcome(ike, sa, IPSECI_TASK_CHILD_CREATE, handle, IPSECI_ACT_TEMPORARY);
    }
}

void ipseci_task_failed(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_status status)
{
    const struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);
    const uint8_t task = sa->task;
    const ipsec_handle child = sa->task_child;
    const bool sent = sa->tries > 0;
    const struct ipsec_failure failure = {
        .phase = sa->state >= IPSECI_IKE_ESTABLISHED ? IPSEC_PHASE_ESTABLISHED
                 : task == IPSECI_TASK_AUTH          ? IPSEC_PHASE_IKE_AUTH
                                                     : IPSEC_PHASE_IKE_SA_INIT,
        .cause = IPSEC_CAUSE_RESOURCE,
        .refused_by = IPSEC_REFUSED_LOCAL,
        .status = status,
        .waited_for = ipseci_waits_for(hs),
        .initiator = true,
        .peer = sa->peer,
        .local = sa->local,
        .remote = sa->remote,
    };

    if (sent) {
        ipseci_request_done(ike, sa);
    }
    sa->task = IPSECI_TASK_NONE;
    sa->task_child = 0;
    ipseci_handshake_release(ike, sa->own_handshake);
    switch ((enum ipseci_task)task) {
    case IPSECI_TASK_NONE:
    case IPSECI_TASK_PROBE:
        break;
    case IPSECI_TASK_UPDATE:
    case IPSECI_TASK_CHECK:
        ipseci_mobility_unsent(sa);
        break;
    case IPSECI_TASK_REDIRECT:
        ipseci_redirect_unsent(ike, sa);
        break;
    case IPSECI_TASK_SA_INIT:
    case IPSECI_TASK_AUTH:
        ipseci_emit_failure(ike, sa, &failure);
        ipseci_ike_close(ike, sa, IPSEC_REASON_FAILURE);
        break;
    case IPSECI_TASK_IKE_DELETE:
        ipseci_ike_close(ike, sa,
                         sa->reason != 0 ? (enum ipsec_reason)sa->reason : IPSEC_REASON_LOCAL);
        break;
    case IPSECI_TASK_CHILD_DELETE:
        delete_failed(ike, sa, ipseci_child_get(ike, child), sent);
        break;
    case IPSECI_TASK_CHILD_CREATE:
        create_failed(ike, sa, child, status);
        break;
    case IPSECI_TASK_CHILD_REKEY:
    case IPSECI_TASK_IKE_REKEY:
        ipseci_task_outcome(ike, sa, task, child, IPSECI_ACT_TEMPORARY);
        break;
    }
}

/* ---- choosing ----------------------------------------------------------------------------------
 */

typedef bool (*child_wish)(struct ipseci_child *child);

static bool wants_delete(struct ipseci_child *child)
{
    const bool wanted = child->want_delete;

    child->want_delete = false;
    return wanted;
}

static bool wants_rekey(struct ipseci_child *child)
{
    const bool wanted = child->want_rekey && child->state == IPSECI_CHILD_INSTALLED;

    child->want_rekey = false;
    return wanted;
}

static bool wants_create(struct ipseci_child *child)
{
    const bool wanted = child->want_create && child->state == IPSECI_CHILD_NEW;

    child->want_create = false;
    return wanted;
}

static ipsec_handle child_that(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                               child_wish wish)
{
    struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    while (child != NULL) {
        if (wish(child)) {
            return child->self;
        }
        child = ipseci_child_get(ike, child->next);
    }
    return 0;
}

/* The next task of an SA with nothing outstanding; its wish is taken back. */
static enum ipseci_task choose(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, ipsec_handle *child)
{
    *child = 0;
    if (sa->follow != IPSECI_TASK_NONE) {
        const enum ipseci_task follow = (enum ipseci_task)sa->follow;
        sa->follow = IPSECI_TASK_NONE;
        *child = sa->task_child;
        return follow;
    }
    if (sa->task != IPSECI_TASK_NONE || sa->state < IPSECI_IKE_ESTABLISHED) {
        return IPSECI_TASK_NONE;
    }
    if (sa->want_delete) {
        sa->want_delete = false;
        return IPSECI_TASK_IKE_DELETE;
    }
    if (sa->state != IPSECI_IKE_ESTABLISHED || ipseci_sa_get(ike, sa->heir_of) != NULL) {
        return IPSECI_TASK_NONE; /* nothing over what a collision may yet take away */
    }
    const enum ipseci_task mobility = ipseci_mobility_task(sa);
    if (mobility != IPSECI_TASK_NONE) {
        return mobility;
    }
    if (ipseci_redirect_wanted(ike, sa)) {
        return IPSECI_TASK_REDIRECT;
    }
    if ((*child = child_that(ike, sa, wants_delete)) != 0 || sa->foreign_spi != 0) {
        return IPSECI_TASK_CHILD_DELETE;
    }
    if ((*child = child_that(ike, sa, wants_rekey)) != 0) {
        return IPSECI_TASK_CHILD_REKEY;
    }
    if ((*child = child_that(ike, sa, wants_create)) != 0) {
        return IPSECI_TASK_CHILD_CREATE;
    }
    if (sa->want_rekey) {
        sa->want_rekey = false;
        return IPSECI_TASK_IKE_REKEY;
    }
    const bool probe = sa->want_probe;
    sa->want_probe = false;
    return probe ? IPSECI_TASK_PROBE : IPSECI_TASK_NONE;
}

void ipseci_schedule(struct ipsec_ike *ike, ipsec_handle handle)
{
    ipsec_handle child;

    for (int i = 0; i < IPSECI_STARTS_MAX; i++) {
        struct ipseci_ike_sa *sa = ipseci_sa_get(ike, handle);
        if (sa == NULL) {
            return;
        }
        if (sa->request_id == UINT32_MAX) {
            ipseci_ike_close(ike, sa, IPSEC_REASON_LIFETIME); /* MSGID-11: no ID is used twice */
            return;
        }
        ipseci_heir_settle(ike, sa);
        const enum ipseci_task task = choose(ike, sa, &child);
        if (task == IPSECI_TASK_NONE) {
            ipseci_redirect_settle(ike, sa);
            return;
        }
        (void)ipseci_task_start(ike, sa, task, child);
    }
}
