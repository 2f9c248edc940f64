/* SPDX-License-Identifier: Apache-2.0
 *
 * One IKE SA in the place of another with the same two identities: its children, what of it waits
 * for proof, and which of two duplicates leaves. Called where IKE SAs come up, are heard of, are
 * rekeyed and end.
 *
 * Duplicates come up when both ends begin; who begins two means it so. One leaves at both ends, and
 * never both (COLL-15): each IKE SA has a rank, from the SPIs that it began with, which both ends
 * know and rekeys do not change. The lower rank leaves. Only the end that began it deletes it, and
 * only when it knows that the other end has the one that stays: nothing that is lost or late on the
 * way can take away the highest.
 *
 * Two ends that reauthenticate at once make two heirs of one elder. As long as the elder is there
 * the lower of the two gives up, and leaves the elder to the other. When it is gone they are
 * duplicates; but the peer's may be none of its heirs, and given up for the elder just now, so that
 * one that is below the elder is believed in only when it is still there after a while.
 */
#include "narrow.h"
#include "reauth.h"

bool ipseci_same_ends(const struct ipseci_ike_sa *sa, const struct ipsec_peer *peer,
                      const struct ipsec_id *remote_id)
{
    return sa->state == IPSECI_IKE_ESTABLISHED && ipseci_sa_is_with(sa, peer, remote_id);
}

/* The next other IKE SA with the same ends. */
static struct ipseci_ike_sa *next_sibling(const struct ipsec_ike *ike,
                                          const struct ipseci_ike_sa *sa, uint32_t *cursor)
{
    struct ipseci_ike_sa *other;
    ipsec_handle handle;

    while ((other = (struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, cursor, &handle)) != NULL) {
        if (other != sa && ipseci_same_ends(other, sa->peer, &sa->remote_id)) {
            return other;
        }
    }
    return NULL;
}

struct ipseci_ike_sa *ipseci_heir(const struct ipsec_ike *ike, const struct ipseci_ike_sa *elder)
{
    struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = (struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) != NULL) {
        if (sa->elder == elder->self) {
            return sa;
        }
    }
    return NULL;
}

/* ---- children ----------------------------------------------------------------------------------
 */

/* Installed, or else wanted. */
static struct ipseci_child *child_of(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                     const struct ipsec_child_config *config)
{
    struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);
    struct ipseci_child *found = NULL;

    while (child != NULL) {
        if (child->config == config && (child->state == IPSECI_CHILD_INSTALLED ||
                                        (child->state == IPSECI_CHILD_NEW && found == NULL))) {
            found = child;
        }
        child = ipseci_child_get(ike, child->next);
    }
    return found;
}

static struct ipseci_child *want(struct ipsec_ike *ike, struct ipseci_ike_sa *heir,
                                 const struct ipsec_child_config *config,
                                 const struct ipsec_child_config *first)
{
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, heir->own_handshake);
    struct ipseci_child *child = ipseci_child_take(ike, heir);

    if (child != NULL) {
        child->config = config;
        child->want_create = config != first;
    }
    if (child != NULL && config == first && hs != NULL) {
        hs->child = child->self;
    }
    return child;
}

enum ipsec_status ipseci_heir_wants(struct ipsec_ike *ike, const struct ipseci_ike_sa *elder,
                                    struct ipseci_ike_sa *heir,
                                    const struct ipsec_child_config *first)
{
    const struct ipseci_child *child = ipseci_child_get(ike, elder->child_first);

    while (child != NULL) {
        if (child->state <= IPSECI_CHILD_INSTALLED && child_of(ike, heir, child->config) == NULL &&
            want(ike, heir, child->config, first) == NULL) {
            return IPSEC_ERR_FULL;
        }
        child = ipseci_child_get(ike, child->next);
    }
    return IPSEC_OK;
}

static const struct ipseci_child *twin(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                       const struct ipseci_new_child *new_child)
{
    const struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    while (child != NULL &&
           !(child->state == IPSECI_CHILD_INSTALLED && child->config == new_child->config &&
             ipseci_ts_equal(&child->local_ts, &new_child->local_ts) &&
             ipseci_ts_equal(&child->remote_ts, &new_child->remote_ts))) {
        child = ipseci_child_get(ike, child->next);
    }
    return child;
}

void ipseci_heir_child(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                       struct ipseci_step *step)
{
    const struct ipsec_id *id =
        (step->actions & IPSECI_ACT_REMOTE_ID) != 0 ? &step->remote_id : &sa->remote_id;
    const struct ipseci_ike_sa *other;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while (step->new_child.replaces == 0 && (other = (const struct ipseci_ike_sa *)ipseci_pool_next(
                                                 &ike->sas, &cursor, &handle)) != NULL) {
        const struct ipseci_child *old = other != sa && ipseci_same_ends(other, sa->peer, id)
                                             ? twin(ike, other, &step->new_child)
                                             : NULL;
        if (old != NULL) {
            step->new_child.replaces = old->self;
            /* RFC 7296 2.8: the end that was asked goes on with the old one until it is proven that
             * the other has got the answer */
            step->new_child.outbound_ready =
                step->new_child.exchange_initiator || !old->outbound_ready;
        }
    }
}

struct ipseci_child *ipseci_child_heir(const struct ipsec_ike *ike,
                                       const struct ipseci_child *child)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, child->ike_sa);
    struct ipseci_child *found = NULL;
    const struct ipseci_ike_sa *other;
    uint32_t cursor = 0;

    while (sa != NULL && found == NULL && (other = next_sibling(ike, sa, &cursor)) != NULL) {
        found = ipseci_child_get(ike, other->child_first);
        while (found != NULL &&
               !(found->replaces == child->self && found->state == IPSECI_CHILD_INSTALLED)) {
            found = ipseci_child_get(ike, found->next);
        }
    }
    return found;
}

/* Where this child's packets go when its IKE SA is gone. */
static struct ipseci_child *stand_in(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                     const struct ipseci_child *child)
{
    struct ipseci_child *found = NULL;
    const struct ipseci_ike_sa *other;
    uint32_t cursor = 0;

    while (found == NULL && (other = next_sibling(ike, sa, &cursor)) != NULL) {
        found = child_of(ike, other, child->config);
        found = found != NULL && found->state == IPSECI_CHILD_INSTALLED ? found : NULL;
    }
    return found;
}

static void linger(struct ipsec_ike *ike, struct ipseci_child *child,
                   const struct ipseci_child *instead)
{
    const struct ipsec_child_update stop = {.child = child->self, .kind = IPSEC_CHILD_UPDATE_STOP};

    if (ike->config.callbacks.child_update != NULL) {
        (void)ike->config.callbacks.child_update(ike->config.user, &stop);
    }
    ipseci_child_linger(ike, child);
    ipseci_child_move(ike, child, ipseci_sa_get(ike, instead->ike_sa));
}

void ipseci_heir_outlive(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         enum ipsec_reason reason)
{
    const bool lingers = reason == IPSEC_REASON_PEER || reason == IPSEC_REASON_REPLACED ||
                         reason == IPSEC_REASON_LIFETIME || reason == IPSEC_REASON_REDIRECTED;
    struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    while (child != NULL) {
        struct ipseci_child *next = ipseci_child_get(ike, child->next);
        struct ipseci_child *instead = child->in_sink ? stand_in(ike, sa, child) : NULL;
        if (instead != NULL) {
            ipseci_child_use(ike, instead); /* RFC 7296 2.8: the end of the old is proof enough */
        }
        if (instead != NULL && lingers) {
            linger(ike, child, instead);
        }
        child = next;
    }
}

/* ---- the elder leaves --------------------------------------------------------------------------
 */

static void leave(struct ipsec_ike *ike, struct ipseci_ike_sa *elder)
{
    elder->state = IPSECI_IKE_REPLACED;
    elder->reason = IPSEC_REASON_REPLACED;
    elder->want_delete = true;
    elder->want_rekey = false;
    elder->want_probe = false;
    elder->rekey_due = IPSEC_NEVER;
    elder->reauth_due = IPSEC_NEVER;
    elder->ends = ipseci_after(ike->now, IPSECI_REPLACED_MS);
    ipseci_life_update_ike(ike, elder);
    ipseci_touch(ike, elder->self);
}

enum carried { CARRIED, UNDER_WAY, MISSING };

static enum carried carried(const struct ipsec_ike *ike, const struct ipseci_ike_sa *elder,
                            const struct ipseci_ike_sa *heir)
{
    const struct ipseci_child *child = ipseci_child_get(ike, elder->child_first);
    enum carried result = CARRIED;

    while (child != NULL) {
        const struct ipseci_child *mine = child_of(ike, heir, child->config);
        if (child->state == IPSECI_CHILD_INSTALLED && mine == NULL) {
            result = MISSING;
        } else if (child->state == IPSECI_CHILD_INSTALLED && mine->state == IPSECI_CHILD_NEW) {
            return UNDER_WAY;
        }
        child = ipseci_child_get(ike, child->next);
    }
    return result;
}

/* Whom the peer has given up is gone after so long a time. */
static bool is_settled(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, unsigned times)
{
    return ike->now - sa->established >= (ipsec_ms)times * IPSECI_REPLACED_MS;
}

void ipseci_heir_crosses(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    struct ipseci_ike_sa *other;
    uint32_t cursor = 0;

    while (!sa->first && (other = next_sibling(ike, sa, &cursor)) != NULL) {
        struct ipseci_ike_sa *heir = ipseci_heir(ike, other);
        if (heir != NULL && heir->is_heir) {
            heir->crossed = true;
        }
        other->crossed = other->is_heir && !is_settled(ike, other, 1);
    }
}

/* The peer has made one in the elder's place at the same time, which is the higher. */
static bool outdone(const struct ipsec_ike *ike, const struct ipseci_ike_sa *elder,
                    const struct ipseci_ike_sa *heir)
{
    const struct ipseci_ike_sa *other;
    uint32_t cursor = 0;

    if (!heir->crossed || heir->peer->several_ike_sas) {
        return false;
    }
    while ((other = next_sibling(ike, heir, &cursor)) != NULL) {
        if (other != elder && !other->first && other->established > elder->established &&
            other->rank > heir->rank) {
            return true;
        }
    }
    return false;
}

static void give_up(struct ipsec_ike *ike, struct ipseci_ike_sa *elder, struct ipseci_ike_sa *heir)
{
    heir->elder = 0;
    leave(ike, heir);
    elder->reauth_due = ipseci_retry_at(ike, elder->ends); /* if the peer does not end it */
    ipseci_life_update_ike(ike, elder);
}

static void duplicates(struct ipsec_ike *ike, struct ipseci_ike_sa *sa);

void ipseci_heir_settle(struct ipsec_ike *ike, struct ipseci_ike_sa *heir)
{
    struct ipseci_ike_sa *elder = ipseci_sa_get(ike, heir->elder);

    if (heir->elder == 0 || heir->state != IPSECI_IKE_ESTABLISHED) {
        return;
    }
    if (elder == NULL || elder->state != IPSECI_IKE_ESTABLISHED) {
        heir->elder = 0;
        duplicates(ike, heir);
        return;
    }
    if (outdone(ike, elder, heir)) {
        give_up(ike, elder, heir);
        return;
    }
    const enum carried result = carried(ike, elder, heir);
    if (result == CARRIED) {
        heir->elder = 0;
        leave(ike, elder);
        duplicates(ike, heir);
    } else if (result == MISSING && !heir->is_heir) {
        heir->elder = 0; /* a duplicate with something that the other can not have: both stay */
    } else if (result == MISSING && elder->reauth_due == IPSEC_NEVER) {
        ipseci_reauth_failed(ike, elder);
    }
}

void ipseci_heir_rekeyed(struct ipsec_ike *ike, struct ipseci_ike_sa *old,
                         struct ipseci_ike_sa *new_sa)
{
    struct ipseci_ike_sa *heir = ipseci_heir(ike, old);

    if (heir != NULL) {
        heir->elder = new_sa->self;
    }
    new_sa->elder = old->elder;
    old->elder = 0;
}

void ipseci_heir_closing(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_reason reason)
{
    struct ipseci_ike_sa *elder = ipseci_sa_get(ike, sa->elder);
    const bool local = reason == IPSEC_REASON_LOCAL;

    sa->elder = 0;
    if (elder != NULL && elder->state == IPSECI_IKE_ESTABLISHED && sa->is_heir && !local) {
        ipseci_reauth_failed(ike, elder);
    } else if (elder != NULL && elder->state == IPSECI_IKE_ESTABLISHED && sa->is_heir) {
        elder->reauth_due = ipseci_retry_at(ike, elder->ends);
        ipseci_life_update_ike(ike, elder);
    }
    if (elder != NULL && elder->state == IPSECI_IKE_ESTABLISHED && sa->crossed) {
        elder->crossed = true; /* the peer's one is looked at again when it is next heard of */
        elder->want_probe = true;
        ipseci_touch(ike, elder->self);
    }
}

void ipseci_heir_cancel(struct ipsec_ike *ike, const struct ipseci_ike_sa *elder)
{
    struct ipseci_ike_sa *heir = ipseci_heir(ike, elder);

    if (heir != NULL && heir->state < IPSECI_IKE_ESTABLISHED) {
        ipseci_ike_close(ike, heir, IPSEC_REASON_LOCAL);
    }
}

/* ---- duplicates --------------------------------------------------------------------------------
 */

/* One that is on its way to take the place of another is none; nor is one in whose place both ends
 * have begun another, till it is seen what comes of them. */
static bool engaged(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_ike_sa *heir = ipseci_heir(ike, sa);

    return ipseci_sa_get(ike, sa->elder) != NULL ||
           (heir != NULL && (heir->state == IPSECI_IKE_ESTABLISHED || heir->crossed));
}

static void supersede(struct ipsec_ike *ike, struct ipseci_ike_sa *loser,
                      struct ipseci_ike_sa *winner)
{
    if (!winner->proven) {
        winner->want_probe = true;
        ipseci_touch(ike, winner->self);
        return;
    }
    ipseci_heir_cancel(ike, loser);
    if (ipseci_heir_wants(ike, loser, winner, NULL) == IPSEC_OK) {
        winner->elder = loser->self;
        ipseci_touch(ike, winner->self);
    }
}

/* One is ours to delete, and the other one is higher. */
static bool loses(const struct ipsec_ike *ike, const struct ipseci_ike_sa *ours,
                  const struct ipseci_ike_sa *theirs)
{
    return ours->first && !theirs->first && ours->rank < theirs->rank &&
           (ours->elder_rank < theirs->rank ||
            (is_settled(ike, ours, 1) && is_settled(ike, theirs, 1)));
}

static void duplicates(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    struct ipseci_ike_sa *other;
    uint32_t cursor = 0;

    if (sa->peer->several_ike_sas) {
        return;
    }
    while (!engaged(ike, sa) && (other = next_sibling(ike, sa, &cursor)) != NULL) {
        if (engaged(ike, other)) {
            continue;
        }
        if (loses(ike, sa, other)) {
            supersede(ike, sa, other);
        } else if (loses(ike, other, sa)) {
            supersede(ike, other, sa);
        }
    }
}

/* The peer has called again itself, and the elder is its own: what we had begun for it is not
 * needed. */
static void spare(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_ike_sa *other;
    uint32_t cursor = 0;

    while (!sa->first && (other = next_sibling(ike, sa, &cursor)) != NULL) {
        if (!other->first && other->established < sa->established) {
            ipseci_heir_cancel(ike, other);
        }
    }
}

void ipseci_heir_heard(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    while (child != NULL) {
        const struct ipseci_child *old = ipseci_child_get(ike, child->replaces);
        if (child->state == IPSECI_CHILD_INSTALLED && (old == NULL || old->ike_sa != sa->self)) {
            ipseci_child_use(ike, child);
        }
        child = ipseci_child_get(ike, child->next);
    }
    sa->proven = true;
    spare(ike, sa);
    duplicates(ike, sa);
    /* the other one came up no later than that */
    sa->crossed = sa->crossed && !is_settled(ike, sa, 2);
}
