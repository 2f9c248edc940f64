/* SPDX-License-Identifier: Apache-2.0
 *
 * Lifetimes (RFC 7296 2.8: local, never negotiated), jitter, retries, liveness (2.4), and the
 * timers that drive them. Called by commit*.c, tasks.c and the engine's expire.
 */
#include "reauth.h"

ipsec_ms ipseci_after(ipsec_ms now, uint64_t ms)
{
    return ms < IPSEC_NEVER - now ? now + ms : IPSEC_NEVER;
}

ipsec_ms ipseci_sooner(const struct ipsec_ike *ike, ipsec_ms wait)
{
    uint8_t part = 0;

    if (ipseci_random(&ike->config.crypto, &part, sizeof(part)) < IPSEC_OK) {
        part = 0;
    }
    return wait - wait / 4 * part / 256;
}

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
    return value != 0 ? value : fallback;
}

static ipsec_ms min_ms(ipsec_ms a, ipsec_ms b)
{
    return a < b ? a : b;
}

/* The soft limit less a random part, so that the two ends do not rekey in the same moment. */
uint64_t ipseci_soft_ms(const struct ipsec_ike *ike, const struct ipsec_lifetime *lifetime,
                        uint64_t hard)
{
    const uint64_t soft = or_default(lifetime->soft_ms, hard / 100 * IPSECI_SOFT_PERCENT);
    const uint64_t percent = or_default(lifetime->jitter_percent, IPSECI_JITTER_PERCENT);
    const uint64_t span = soft / 100 * (percent > 100 ? 100 : percent);
    uint8_t octets[8];

    if (span == 0 || ipseci_random(&ike->config.crypto, octets, sizeof(octets)) < IPSEC_OK) {
        return soft;
    }
    return soft - ipseci_load64(octets) % (span + 1);
}

void ipseci_life_begin_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    const uint64_t hard = or_default(sa->peer->lifetime.hard_ms, IPSECI_LIFETIME_MS);

    sa->ends = ipseci_after(ike->now, hard);
    sa->rekey_due = ipseci_after(ike->now, ipseci_soft_ms(ike, &sa->peer->lifetime, hard));
    sa->last_heard = ike->now;
    ipseci_life_update_ike(ike, sa);
}

void ipseci_life_begin_child(struct ipsec_ike *ike, struct ipseci_child *child)
{
    const uint64_t hard = or_default(child->config->lifetime.hard_ms, IPSECI_LIFETIME_MS);

    child->ends = ipseci_after(ike->now, hard);
    child->rekey_due = ipseci_after(ike->now, ipseci_soft_ms(ike, &child->config->lifetime, hard));
    child->idle_since = (uint32_t)ike->now;
    ipseci_life_update_child(ike, child);
}

static ipsec_ms liveness_due(const struct ipseci_ike_sa *sa)
{
    const uint32_t after = sa->peer->liveness_ms;

    if (after == IPSEC_LIVENESS_OFF || sa->state != IPSECI_IKE_ESTABLISHED ||
        sa->task != IPSECI_TASK_NONE) {
        return IPSEC_NEVER; /* an outstanding request is a probe already */
    }
    return ipseci_after(sa->last_heard, or_default(after, IPSECI_LIVENESS_MS));
}

void ipseci_life_update_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    ipsec_ms due = sa->ends;

    if (sa->state == IPSECI_IKE_ESTABLISHED) {
        due = min_ms(due, min_ms(sa->reauth_due, min_ms(sa->rekey_due, liveness_due(sa))));
        due = min_ms(due, ipseci_keepalive_due(ike, sa));
        if (sa->foreign_spi != 0 && sa->task == IPSECI_TASK_NONE) { /* could not be sent */
            due = min_ms(due, ipseci_after(ike->now, IPSECI_RETRY_MIN_MS));
        }
    }
    (void)ipseci_timer_set(&ike->timers, &sa->life_timer, due);
}

void ipseci_life_update_child(struct ipsec_ike *ike, struct ipseci_child *child)
{
    ipsec_ms due = child->ends;

    if (child->state <= IPSECI_CHILD_INSTALLED) {
        due = min_ms(due, child->rekey_due);
    }
    if (child->state == IPSECI_CHILD_INSTALLED && child->config->idle_ms != 0) {
        const uint32_t quiet = (uint32_t)ike->now - child->idle_since;
        const uint32_t most = child->config->idle_ms;
        due = min_ms(due, ipseci_after(ike->now, quiet < most ? most - quiet : 0));
    }
    (void)ipseci_timer_set(&ike->timers, &child->timer, due);
}

ipsec_ms ipseci_retry_at(const struct ipsec_ike *ike, ipsec_ms ends)
{
    const ipsec_ms left = ends > ike->now ? ends - ike->now : 0;
    ipsec_ms wait = left / 4;

    wait = wait < IPSECI_RETRY_MIN_MS ? IPSECI_RETRY_MIN_MS : wait;
    wait = wait > IPSECI_RETRY_MAX_MS ? IPSECI_RETRY_MAX_MS : wait;
    return ipseci_after(ike->now, wait);
}

void ipseci_life_retry_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    sa->temporary = 0;
    sa->rekey_due = ipseci_retry_at(ike, sa->ends);
    ipseci_life_update_ike(ike, sa);
}

void ipseci_life_retry_child(struct ipsec_ike *ike, struct ipseci_child *child)
{
    child->temporary = 0;
    child->rekey_due = ipseci_retry_at(ike, child->ends);
    ipseci_life_update_child(ike, child);
}

void ipseci_life_resume_child(struct ipsec_ike *ike, struct ipseci_child *child)
{
    child->ends = ipseci_after(child->established,
                               or_default(child->config->lifetime.hard_ms, IPSECI_LIFETIME_MS));
    ipseci_life_retry_child(ike, child);
}

/* ---- due ---------------------------------------------------------------------------------------
 */

/* RFC 7296 2.4: protected traffic of any kind is a sign of life (INFO-10). */
static void check_liveness(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    const uint32_t heard = (uint32_t)ipseci_packets(ike, sa, false);

    if (heard != sa->heard_packets) {
        sa->heard_packets = heard;
        sa->last_heard = ike->now;
        return;
    }
    sa->want_probe = true;
}

void ipseci_life_due_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    ipseci_keepalive_run(ike, sa);
    if (ike->now >= sa->ends) {
        if (sa->state != IPSECI_IKE_ESTABLISHED) {
            ipseci_ike_close(
                ike, sa, sa->reason != 0 ? (enum ipsec_reason)sa->reason : IPSEC_REASON_LIFETIME);
            return;
        }
        /* REKEY-10: no longer used even if every rekey failed; the peer is told */
        ipseci_ike_end(ike, sa, IPSEC_REASON_LIFETIME);
    } else if (sa->state == IPSECI_IKE_ESTABLISHED && ike->now >= sa->reauth_due) {
        ipseci_reauth_due(ike, sa);
    } else if (ike->now >= sa->rekey_due) {
        sa->rekey_due = IPSEC_NEVER;
        sa->want_rekey = true;
    } else if (ike->now >= liveness_due(sa)) {
        check_liveness(ike, sa);
        if (sa->want_probe) {
            sa->last_heard = ike->now; /* the probe itself decides from here on */
        }
    }
    ipseci_life_update_ike(ike, sa);
    ipseci_touch(ike, sa->self);
}

/* The delete of a closing child is not sent yet, or not answered: the IKE SA's window is taken by
 * another request, and dies with it when that is never answered. */
static bool delete_under_way(const struct ipsec_ike *ike, const struct ipseci_child *child)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, child->ike_sa);
    const bool outstanding = sa != NULL && sa->task_child == child->self;

    return child->state == IPSECI_CHILD_CLOSING && sa != NULL &&
           (child->want_delete || outstanding);
}

static void child_ends(struct ipsec_ike *ike, struct ipseci_child *child)
{
    if (child->state == IPSECI_CHILD_INSTALLED) {
        ipseci_child_ended(ike, child);
        ipseci_child_retire(ike, child, IPSEC_REASON_LIFETIME);
    } else if (child->state == IPSECI_CHILD_REPLACED) {
        /* Its delete has not come: the peer may have it for longer, and is told. */
        ipseci_child_retire(ike, child, IPSEC_REASON_REPLACED);
    } else if (delete_under_way(ike, child)) {
        child->ends = ike->now + IPSECI_REPLACED_MS;
        ipseci_life_update_child(ike, child);
    } else {
        ipseci_child_drop(ike, child,
                          child->reason != 0 ? (enum ipsec_reason)child->reason
                                             : IPSEC_REASON_LIFETIME);
    }
}

void ipseci_life_due_child(struct ipsec_ike *ike, struct ipseci_child *child)
{
    const ipsec_handle sa = child->ike_sa;

    if (ike->now >= child->ends) {
        child_ends(ike, child);
    } else if (ipseci_child_idle(ike, child)) {
        /* it is closed */
    } else if (ike->now >= child->rekey_due) {
        child->rekey_due = IPSEC_NEVER;
        child->want_rekey = child->state == IPSECI_CHILD_INSTALLED;
        child->want_create = child->state == IPSECI_CHILD_NEW;
        ipseci_life_update_child(ike, child);
        ipseci_child_spare(ike, child);
    } else {
        ipseci_life_update_child(ike, child);
    }
    ipseci_touch(ike, sa);
}
