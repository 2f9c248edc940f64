/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers that are kept up: called again when the last IKE SA with them is gone, after waits that
 * grow. Each has a timer, and that does all the work: whatever ends an IKE SA only notes when the
 * next try may be, and has the peer looked at when the public call is over. Called by commands, by
 * the engine's expire, and where an IKE SA stops being of use.
 */
#include "engine.h"

static struct ipseci_keep_up *find(const struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    struct ipseci_keep_up *kept;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((kept = (struct ipseci_keep_up *)ipseci_pool_next(&ike->kept, &cursor, &handle)) !=
           NULL) {
        if (kept->peer == peer) {
            return kept;
        }
    }
    return NULL;
}

/* Up, or being called by us. One that the peer has begun counts when the peer has proven who it is:
 * before that, a stranger could hold us back with it. */
static bool is_of_use(const struct ipseci_ike_sa *sa)
{
    return sa->state == IPSECI_IKE_ESTABLISHED ||
           (sa->initiator && sa->state >= IPSECI_IKE_INIT_SENT &&
            sa->state < IPSECI_IKE_ESTABLISHED);
}

static bool has_sa(const struct ipsec_ike *ike, const struct ipsec_peer *peer,
                   const struct ipseci_ike_sa *but)
{
    const struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = (const struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) !=
           NULL) {
        if (sa != but && sa->peer == peer && is_of_use(sa)) {
            return true;
        }
    }
    return false;
}

/* Somebody calls us from where the peer is. */
static bool calls_us(const struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    const struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = (const struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) !=
           NULL) {
        if (sa->state == IPSECI_IKE_INIT_REPLIED &&
            ipsec_addr_equal(&sa->remote.addr, &peer->remote.addr)) {
            return true;
        }
    }
    return false;
}

static void look_at(struct ipsec_ike *ike, struct ipseci_keep_up *kept, ipsec_ms due)
{
    (void)ipseci_timer_set(&ike->timers, &kept->timer, due);
}

static void drop(struct ipsec_ike *ike, struct ipseci_keep_up *kept)
{
    ipseci_timer_cancel(&ike->timers, &kept->timer);
    (void)ipseci_pool_release(&ike->kept, kept->timer.owner);
}

/* After so many tries in a row; the first wait is that after one. */
static ipsec_ms wait_after(const struct ipsec_ike *ike, uint32_t tries)
{
    const ipsec_ms most = ike->config.keep_up_wait_ms;
    ipsec_ms wait = ike->config.keep_up_first_ms;

    for (uint32_t i = 1; i < tries && wait < most; i++) {
        wait *= 2;
    }
    return ipseci_sooner(ike, wait < most ? wait : most);
}

static void tell(struct ipsec_ike *ike, const struct ipseci_keep_up *kept, ipsec_ms next,
                 enum ipsec_status status)
{
    struct ipsec_event event = {.type = IPSEC_EVENT_RETRY,
                                .peer = kept->peer,
                                .status = status,
                                .tries = kept->tries,
                                .next_try = next};

    ipseci_emit(ike, &event);
}

static void wait_until(struct ipsec_ike *ike, struct ipseci_keep_up *kept, ipsec_ms next,
                       enum ipsec_status status)
{
    kept->next = next;
    look_at(ike, kept, next);
    tell(ike, kept, next, status);
}

static void call(struct ipsec_ike *ike, struct ipseci_keep_up *kept)
{
    ipsec_handle sa;

    kept->gave_way = false;
    kept->tries += kept->tries < UINT32_MAX ? 1 : 0;
    const enum ipsec_status status = ipseci_call(ike, kept->peer, &sa);
    if (ipsec_status_class(status) == IPSEC_CLASS_USAGE) {
        tell(ike, kept, IPSEC_NEVER, status); /* the same would be said each time */
        drop(ike, kept);
    } else if (status < IPSEC_OK) {
        wait_until(ike, kept, ipseci_after(ike->now, wait_after(ike, kept->tries)), status);
    }
}

/* What is due, if anything: its IKE SA, when there is one, has it looked at when it ends. */
static void look(struct ipsec_ike *ike, struct ipseci_keep_up *kept)
{
    if (has_sa(ike, kept->peer, NULL)) {
        return;
    }
    if (ike->now < kept->next) {
        wait_until(ike, kept, kept->next, IPSEC_OK);
    } else if (!kept->gave_way && calls_us(ike, kept->peer)) {
        kept->gave_way = true; /* both at once makes two: it may be that one, but once only */
        wait_until(ike, kept, ipseci_after(ike->now, wait_after(ike, 1)), IPSEC_OK);
    } else {
        call(ike, kept);
    }
}

void ipseci_keep_up_due(struct ipsec_ike *ike, ipsec_handle handle)
{
    struct ipseci_keep_up *kept = (struct ipseci_keep_up *)ipseci_pool_get(&ike->kept, handle);

    if (kept != NULL) {
        look(ike, kept);
    }
}

void ipseci_keep_up_over(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         enum ipsec_reason reason)
{
    struct ipseci_keep_up *kept = sa->peer == NULL ? NULL : find(ike, sa->peer);

    if (kept == NULL || !is_of_use(sa) || has_sa(ike, sa->peer, sa)) {
        return;
    }
    if (reason == IPSEC_REASON_LOCAL) {
        drop(ike, kept); /* we were told that it is not wanted */
        return;
    }
    const bool lasted = sa->state == IPSECI_IKE_ESTABLISHED &&
                        (sa->rekeys > 0 || ike->now - sa->established >= IPSECI_KEEP_UP_CALM_MS);
    kept->tries = lasted ? 0 : kept->tries;
    /* A peer that has just said it does not want it is not asked at once again. */
    const bool at_once = kept->tries == 0 && reason != IPSEC_REASON_PEER;
    kept->next = at_once ? ike->now : ipseci_after(ike->now, wait_after(ike, kept->tries));
    look_at(ike, kept, ike->now);
}

void ipseci_keep_up_forget(struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    struct ipseci_keep_up *kept = find(ike, peer);

    if (kept != NULL) {
        drop(ike, kept);
    }
}

/* ---- commands ----------------------------------------------------------------------------------
 */

static enum ipsec_status keep_up(struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    struct ipseci_keep_up *kept = find(ike, peer);
    ipsec_handle handle;

    IPSECI_TRY(ipseci_check_peer(ike, peer));
    if (kept == NULL) {
        kept = (struct ipseci_keep_up *)ipseci_pool_take(&ike->kept, &handle);
        if (kept == NULL) {
            return IPSEC_ERR_FULL;
        }
        kept->peer = peer;
        kept->timer.owner = handle;
        kept->timer.kind = IPSECI_TIMER_KEEP_UP;
    }
    kept->tries = 0;
    kept->next = ike->now;
    look(ike, kept);
    return IPSEC_OK;
}

enum ipsec_status ipsec_ike_keep_up(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                    ipsec_ms now)
{
    if (ike == NULL || peer == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    const enum ipsec_status status = keep_up(ike, peer);
    ipseci_leave(ike);
    return status;
}

enum ipsec_status ipsec_ike_let_go(struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    if (ike == NULL || peer == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, ike->now));
    const bool known = find(ike, peer) != NULL;
    ipseci_keep_up_forget(ike, peer);
    ipseci_leave(ike);
    return known ? IPSEC_OK : IPSEC_ERR_NOT_FOUND;
}

enum ipsec_status ipsec_ike_keep_up_info(const struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                         struct ipsec_keep_up_info *out)
{
    if (ike == NULL || peer == NULL || out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    const struct ipseci_keep_up *kept = find(ike, peer);
    if (kept == NULL) {
        return IPSEC_ERR_NOT_FOUND;
    }
    out->tries = kept->tries;
    out->next_try = has_sa(ike, peer, NULL) ? IPSEC_NEVER : kept->next;
    return IPSEC_OK;
}
