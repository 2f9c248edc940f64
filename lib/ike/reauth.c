/* SPDX-License-Identifier: Apache-2.0
 *
 * Reauthentication, make before break: a new IKE SA from IKE_SA_INIT on, while the old one carries
 * the traffic (RFC 7296 2.8.3). RFC 4478: how long an authentication holds is said by the end that
 * was called, and the end that began the first IKE SA proves itself again in time. What takes over
 * from what is in heir.c.
 */
#include "reauth.h"

/* ---- RFC 4478: AUTH_LIFETIME -------------------------------------------------------------------
 */

#define LIFETIME_BYTES 4 /* RFC 4478 3: seconds */

void ipseci_reauth_announce(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipsec_peer *peer =
        ctx->hs->facts.peer != NULL ? ctx->hs->facts.peer : ctx->sa->peer;
    uint8_t data[LIFETIME_BYTES];

    if (peer->reauth_ms == 0) {
        return;
    }
    const uint64_t seconds = peer->reauth_ms / 1000;
    ipseci_store32(data, seconds < 1 ? 1 : seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX);
    ipseci_step_notify(step, IPSECI_NOTIFY_AUTH_LIFETIME, ipseci_view(data, sizeof(data)));
}

void ipseci_reauth_take(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipseci_notify notify;

    if (ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_AUTH_LIFETIME, &notify)) {
        (void)ipseci_reauth_notice(ctx, step, &notify);
    }
}

bool ipseci_reauth_notice(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipseci_notify *notify)
{
    /* RFC 4478 2: "The notification is sent by the original responder"; of any other, and of
     * another length, it means nothing. */
    if (ctx->sa->first && notify->data.length == LIFETIME_BYTES) {
        step->has_lifetime = true;
        step->lifetime_s = ipseci_load32(notify->data.data);
    }
    return true;
}

/* ---- times -------------------------------------------------------------------------------------
 */

static ipsec_ms min_ms(ipsec_ms a, ipsec_ms b)
{
    return a < b ? a : b;
}

/* RFC 7296 2.16: EAP proves only who calls. An address is given only to who calls, too. */
static bool may_call(const struct ipseci_ike_sa *sa)
{
    const struct ipsec_peer *peer = sa->peer;

    return sa->first ||
           (peer->remote.addr.family != IPSEC_FAMILY_NONE && peer->local_auth != IPSEC_AUTH_EAP &&
            peer->remote_auth != IPSEC_AUTH_EAP && !sa->lease.given);
}

/* The end that was called waits for the other one nearly to the end: who has told its lifetime is
 * to be called (RFC 4478 2), and not everybody who is told knows of it. */
static void arm(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, uint64_t lifetime_ms)
{
    const struct ipsec_lifetime times = {.jitter_percent = sa->peer->lifetime.jitter_percent};
    const uint64_t wait = sa->first ? ipseci_soft_ms(ike, &times, lifetime_ms)
                                    : lifetime_ms - lifetime_ms / IPSECI_REAUTH_LAST_PART;

    sa->auth_ends = ipseci_after(ike->now, lifetime_ms);
    sa->reauth_due = may_call(sa) ? ipseci_after(ike->now, wait) : IPSEC_NEVER;
    sa->ends = min_ms(sa->ends, sa->auth_ends);
}

/* RFC 4478 2: the time runs "from the time the original Initiator receives the notification". */
static void arm_as_told(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, uint32_t seconds)
{
    const struct ipsec_peer *peer = sa->peer;
    /* "the original responder SHOULD allow a reasonable time": at once, but not dead at once */
    const uint64_t told = seconds == 0 ? IPSECI_REAUTH_GRACE_MS : (uint64_t)seconds * 1000;
    const uint64_t hard = peer->lifetime.hard_ms != 0 ? peer->lifetime.hard_ms : IPSECI_LIFETIME_MS;

    if (peer->reauth_ms != 0 && ipseci_after(ike->now, told) >= sa->auth_ends) {
        return; /* ours is earlier */
    }
    sa->ends = ipseci_after(sa->established, hard);
    arm(ike, sa, told);
    if (seconds == 0) {
        sa->reauth_due = ike->now;
    }
    /* Who says so with each new IKE SA is not called without end. */
    const ipsec_ms earliest = ipseci_after(sa->established, IPSECI_RETRY_MIN_MS);
    sa->reauth_due = sa->reauth_due < earliest ? earliest : sa->reauth_due;
}

void ipseci_reauth_established(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                               const struct ipseci_step *step)
{
    const struct ipseci_ike_sa *elder = ipseci_sa_get(ike, sa->elder);

    sa->proven = sa->initiator;
    sa->rank = (uint32_t)((sa->spi_i < sa->spi_r ? sa->spi_i : sa->spi_r) >> 32);
    if (elder != NULL && elder->first) {
        sa->elder_rank = elder->rank > elder->elder_rank ? elder->rank : elder->elder_rank;
    }
    ipseci_heir_crosses(ike, sa);
    if (sa->peer->reauth_ms != 0) {
        arm(ike, sa, sa->peer->reauth_ms);
    }
    ipseci_reauth_commit(ike, sa, step);
    ipseci_life_update_ike(ike, sa);
    if (sa->proven) {
        ipseci_heir_heard(ike, sa);
    } else if (ipseci_sa_has_sibling(ike, sa)) {
        sa->want_probe = true; /* what the two do to each other waits until both ends have both */
    }
}

void ipseci_reauth_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                          const struct ipseci_step *step)
{
    if (step->has_lifetime && sa->state == IPSECI_IKE_ESTABLISHED) {
        arm_as_told(ike, sa, step->lifetime_s);
        ipseci_life_update_ike(ike, sa);
    }
}

void ipseci_reauth_inherit(const struct ipseci_ike_sa *old, struct ipseci_ike_sa *made)
{
    made->first = old->first;
    made->proven = old->proven;
    made->is_heir = old->is_heir;
    made->crossed = old->crossed;
    made->rank = old->rank;
    made->elder_rank = old->elder_rank;
    made->reauth_due = old->reauth_due;
    made->auth_ends = old->auth_ends;
    made->ends = min_ms(made->ends, made->auth_ends);
}

/* ---- the new IKE SA ----------------------------------------------------------------------------
 */

static bool has_child(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                      const struct ipsec_child_config *config)
{
    const unsigned states = 1u << IPSECI_CHILD_NEW | 1u << IPSECI_CHILD_INSTALLED;

    return ipseci_child_of(ike, sa, config, states) != NULL;
}

/* The child to make with IKE_AUTH: one that is there, or any when the peer wants one. */
static const struct ipsec_child_config *first_of(const struct ipsec_ike *ike,
                                                 const struct ipseci_ike_sa *sa)
{
    const struct ipsec_peer *peer = sa->peer;
    const struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    if (peer->childless == IPSEC_CHILDLESS_ALWAYS) {
        return NULL;
    }
    for (size_t i = 0; i < peer->child_count; i++) {
        if (has_child(ike, sa, &peer->children[i])) {
            return &peer->children[i];
        }
    }
    while (child != NULL && child->state != IPSECI_CHILD_INSTALLED) {
        child = ipseci_child_get(ike, child->next);
    }
    if (child != NULL) {
        return child->config;
    }
    return peer->childless == IPSEC_CHILDLESS_NEVER ? ipseci_first_child(peer) : NULL;
}

static enum ipsec_status call_again(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    const struct ipsec_child_config *config = first_of(ike, sa);
    ipsec_handle handle = 0;

    IPSECI_TRY(ipseci_initiate(ike, sa->peer, config, &handle));
    struct ipseci_ike_sa *heir = ipseci_sa_get(ike, handle);
    /* Where the peer is now. RFC 7296 2.23: "all traffic, including the IKE_SA_INIT", may go over
     * the port that a NAT's mapping is for. */
    heir->local = sa->local;
    heir->remote = sa->remote;
    heir->elder = sa->self;
    heir->is_heir = true;
    const enum ipsec_status status = ipseci_heir_wants(ike, sa, heir, config);
    if (status < IPSEC_OK) {
        heir->elder = 0;
        ipseci_children_drop(ike, heir, IPSEC_REASON_FAILURE);
        ipseci_sa_release(ike, heir);
    }
    return status;
}

/* The peer has done it; the old one is its to delete. */
static bool called_by_peer(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_ike_sa *other;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((other = (const struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) !=
           NULL) {
        if (other != sa && !other->first && other->established > sa->established &&
            ipseci_same_ends(other, sa->peer, &sa->remote_id)) {
            return true;
        }
    }
    return false;
}

enum ipsec_status ipseci_reauth_begin(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    struct ipseci_ike_sa *heir = ipseci_heir(ike, sa);

    if (heir != NULL && heir->state != IPSECI_IKE_ESTABLISHED) {
        return IPSEC_OK; /* on its way */
    }
    if (heir != NULL) {
        ipseci_touch(ike, heir->self);
        return ipseci_heir_wants(ike, sa, heir, NULL); /* what could not be made the last time */
    }
    if (!may_call(sa)) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (!sa->first && called_by_peer(ike, sa)) {
        return IPSEC_OK;
    }
    return call_again(ike, sa);
}

static void report(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, enum ipsec_status status)
{
    const struct ipsec_failure failure = {
        .phase = IPSEC_PHASE_IKE_SA_INIT,
        .cause = IPSEC_CAUSE_RESOURCE,
        .refused_by = IPSEC_REFUSED_LOCAL,
        .status = status,
        .initiator = true,
        .peer = sa->peer,
        .local = sa->local,
        .remote = sa->remote,
    };

    ipseci_emit_failure(ike, sa, &failure);
}

void ipseci_reauth_due(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    sa->reauth_due = IPSEC_NEVER;
    if (ipseci_sa_get(ike, sa->heir_of) != NULL) {
        sa->reauth_due = ipseci_after(ike->now, IPSECI_RETRY_MIN_MS); /* it may yet lose */
        return;
    }
    const enum ipsec_status status = ipseci_reauth_begin(ike, sa);
    if (status < IPSEC_OK) {
        report(ike, sa, status);
        ipseci_reauth_failed(ike, sa);
    }
}

void ipseci_reauth_failed(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    const uint64_t left = sa->ends > ike->now ? (sa->ends - ike->now) / 1000 : 0;
    struct ipsec_event event = {.type = IPSEC_EVENT_REKEY_FAILED,
                                .ike_sa = sa->self,
                                .peer = sa->peer,
                                .seconds_left = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX};

    sa->reauth_due = ipseci_retry_at(ike, sa->ends);
    ipseci_life_update_ike(ike, sa);
    ipseci_emit(ike, &event);
}

/* ---- on demand ---------------------------------------------------------------------------------
 */

enum ipsec_status ipsec_ike_reauthenticate(struct ipsec_ike *ike, ipsec_handle handle, ipsec_ms now)
{
    enum ipsec_status status = IPSEC_ERR_STALE;

    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, handle);
    if (sa != NULL) {
        status = sa->state == IPSECI_IKE_ESTABLISHED && ipseci_sa_get(ike, sa->heir_of) == NULL
                     ? ipseci_reauth_begin(ike, sa)
                     : IPSEC_ERR_STATE;
    }
    ipseci_leave(ike);
    return status;
}
