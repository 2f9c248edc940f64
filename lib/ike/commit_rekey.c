/* SPDX-License-Identifier: Apache-2.0
 *
 * New SAs taking the place of old ones: make before break, and simultaneous rekeys decided by the
 * nonces (RFC 7296 2.8, 2.8.1, 2.8.2). Also how an IKE SA ends. Called by commit.c, window.c and
 * lifetimes.c.
 */
#include "mobility.h"
#include "reauth.h"
#include "redirect.h"

#include <string.h>

/* RFC 7296 2.8.1: of the four nonces the lowest loses: the SA of its exchange is closed by the end
 * that created it (COLL-01, COLL-02). */
static bool ours_loses(const uint8_t ours_low[IPSECI_LOW_NONCE_BYTES],
                       const uint8_t theirs_low[IPSECI_LOW_NONCE_BYTES])
{
    return memcmp(ours_low, theirs_low, IPSECI_LOW_NONCE_BYTES) < 0;
}

static void retire_child(struct ipsec_ike *ike, struct ipseci_child *old, bool we_delete)
{
    old->state = IPSECI_CHILD_REPLACED;
    old->reason = IPSEC_REASON_REPLACED;
    old->want_rekey = false;
    old->want_delete = we_delete;
    old->collision = 0;
    if (old->ends > ipseci_after(ike->now, IPSECI_REPLACED_MS)) {
        old->ends = ipseci_after(ike->now, IPSECI_REPLACED_MS);
    }
    ipseci_life_update_child(ike, old);
}

/* What the peer's rekey of the same child has made, or NULL. The old one may be gone already. */
static struct ipseci_child *colliding(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                      ipsec_handle replaces)
{
    const struct ipseci_child *old = ipseci_child_get(ike, replaces);
    struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    if (old != NULL) {
        return ipseci_child_get(ike, old->collision);
    }
    while (child != NULL && !(child->replaces == replaces && !child->initiator &&
                              child->state == IPSECI_CHILD_INSTALLED)) {
        child = ipseci_child_get(ike, child->next);
    }
    return child;
}

/* Our rekey of `old` has made `child`. */
static void rekeyed_by_us(struct ipsec_ike *ike, struct ipseci_child *old,
                          struct ipseci_child *child, struct ipseci_child *theirs, bool lost)
{
    if (old == NULL) {
        if (lost) {
            retire_child(ike, child, true);
        }
    } else if (theirs == NULL) {
        retire_child(ike, old, true); /* REKEY-04 */
    } else if (lost) {
        retire_child(ike, old, false); /* the peer, whose SA stays, deletes it */
        retire_child(ike, child, true);
    } else {
        retire_child(ike, old, true);
        retire_child(ike, theirs, false); /* its creator deletes it */
    }
}

/* The peer's rekey of `old` has made `child`; when ours is under way too, it waits for the
 * comparison. */
static void rekeyed_by_peer(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                            struct ipseci_child *old, const struct ipseci_child *child,
                            const uint8_t *low_nonce)
{
    if (sa->task == IPSECI_TASK_CHILD_REKEY && sa->task_child == old->self) {
        old->collision = child->self;
        memcpy(old->collision_nonce, low_nonce, IPSECI_LOW_NONCE_BYTES);
        return;
    }
    retire_child(ike, old, false);
}

/* Deleted by our caller, or for being idle, while its rekey was under way: then the new one is not
 * wanted, either. */
static bool ended_by_caller(const struct ipseci_child *old)
{
    return old->state == IPSECI_CHILD_CLOSING &&
           (old->reason == IPSEC_REASON_LOCAL || old->reason == IPSEC_REASON_IDLE);
}

enum ipsec_status ipseci_commit_new_child(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                          struct ipseci_step *step, struct ipseci_child **made)
{
    struct ipseci_new_child *new_child = &step->new_child;
    struct ipseci_child *old = ipseci_child_get(ike, new_child->replaces);
    struct ipseci_child *theirs = NULL;
    bool lost = false;

    if (new_child->replaces == 0) {
        ipseci_heir_child(ike, sa, step);
    } else if (new_child->exchange_initiator) {
        theirs = colliding(ike, sa, new_child->replaces);
    }
    if (theirs != NULL) {
        /* The peer has deleted the old one only if its rekey has won. */
        lost = old == NULL || old->state == IPSECI_CHILD_LINGERING ||
               ours_loses(new_child->low_nonce, old->collision_nonce);
        new_child->outbound_ready = !lost;
    }
    IPSECI_TRY(ipseci_child_install(ike, sa, new_child, made));
    (*made)->established = ike->now;
    ipseci_life_begin_child(ike, *made);
    if (old != NULL && ended_by_caller(old) && new_child->exchange_initiator) {
        ipseci_child_retire(ike, *made, IPSEC_REASON_LOCAL);
    } else if (new_child->replaces != 0 && new_child->exchange_initiator) {
        rekeyed_by_us(ike, old, *made, theirs, lost);
    } else if (old != NULL) {
        rekeyed_by_peer(ike, sa, old, *made, new_child->low_nonce);
    }
    return IPSEC_OK;
}

/* ---- IKE SAs -----------------------------------------------------------------------------------
 */

void ipseci_replace_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *old,
                        struct ipseci_ike_sa *new_sa)
{
    ipseci_mobility_inherit(ike, old, new_sa);
    ipseci_heir_rekeyed(ike, old, new_sa);
    ipseci_redirect_inherit(ike, old, new_sa);
    ipseci_children_move(ike, old, new_sa); /* RFC 7296 2.18 (REKEY-08) */
    new_sa->lacks |= old->lacks;
    new_sa->lease = old->lease; /* and the inner addresses */
    new_sa->lease_number = old->lease_number;
    memset(&old->lease, 0, sizeof(old->lease));
    old->collision = 0;
    new_sa->heir_of = 0;
    old->want_rekey = false;
    old->want_probe = false;
    if (new_sa->state != IPSECI_IKE_ESTABLISHED) { /* ended before the collision was decided */
        ipseci_keep_up_over(ike, old, (enum ipsec_reason)new_sa->reason);
    }
    old->reason = IPSEC_REASON_REPLACED;
    if (old->state == IPSECI_IKE_ESTABLISHED) {
        old->state = IPSECI_IKE_REPLACED;
        old->ends = ipseci_after(ike->now, IPSECI_REPLACED_MS);
        old->rekey_due = IPSEC_NEVER;
        ipseci_life_update_ike(ike, old);
    }
    ipseci_touch(ike, new_sa->self);
    struct ipsec_event event = {.type = IPSEC_EVENT_IKE_REKEYED, .old_sa = old->self};
    struct ipsec_ike_sa_info info;
    ipseci_ike_info(new_sa, ike, &info);
    event.ike_sa = new_sa->self;
    event.peer = new_sa->peer;
    event.ike = &info;
    ipseci_emit(ike, &event);
}

static struct ipseci_ike_sa *make_ike(struct ipsec_ike *ike, const struct ipseci_ike_sa *old,
                                      const struct ipseci_new_ike *from, enum ipsec_status *status)
{
    struct ipseci_ike_sa *sa = ipseci_sa_take(ike, from->initiator);

    if (sa == NULL) {
        *status = IPSEC_ERR_FULL;
        return NULL;
    }
    sa->spi_i = from->spi_i;
    sa->spi_r = from->spi_r;
    *status = ipseci_sa_index(ike, sa);
    if (*status == IPSEC_OK) {
        *status = ipseci_sa_set_keys(ike, sa, &from->suite, &from->keys);
    }
    if (*status < IPSEC_OK) {
        ipseci_sa_release(ike, sa);
        return NULL;
    }
    sa->local = old->local;
    sa->remote = old->remote;
    sa->peer = old->peer;
    sa->remote_id = old->remote_id;
    sa->nat_local = old->nat_local;
    sa->nat_remote = old->nat_remote;
    sa->strayed = old->strayed;
    sa->peer_hints = old->peer_hints;
    sa->mobile = old->mobile & (IPSECI_MOBILE_ON | IPSECI_MOBILE_FIRST);
    sa->redirectable = old->redirectable;
    sa->takes_redirects = old->takes_redirects;
    sa->fragments = old->fragments; /* RFC 7383 2.3: as in the initial exchange (FRAG-01) */
    sa->rekeys = old->rekeys + 1;
    sa->state = IPSECI_IKE_ESTABLISHED;
    sa->established = ike->now;
    ipseci_life_begin_ike(ike, sa);
    ipseci_reauth_inherit(old, sa);
    ipseci_life_update_ike(ike, sa);
    ipseci_key_log_ike(ike, sa, &from->keys);
    return sa;
}

/* The SA of a lost collision has no children and is only there to be deleted by its creator. */
static void retire_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, bool we_delete)
{
    sa->state = IPSECI_IKE_REPLACED;
    sa->reason = IPSEC_REASON_REPLACED;
    sa->want_delete = we_delete;
    sa->rekey_due = IPSEC_NEVER;
    sa->ends = ipseci_after(ike->now, IPSECI_REPLACED_MS);
    ipseci_life_update_ike(ike, sa);
    ipseci_touch(ike, sa->self);
}

enum ipsec_status ipseci_commit_new_ike(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                        struct ipseci_step *step)
{
    enum ipsec_status status = IPSEC_OK;
    struct ipseci_ike_sa *theirs = ipseci_sa_get(ike, sa->collision);
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);
    if (hs != NULL && step->new_ike.initiator) {
        ipseci_sa_unreserve(ike, hs);
    }
    struct ipseci_ike_sa *made = make_ike(ike, sa, &step->new_ike, &status);

    if (made == NULL) {
        return status;
    }
    if (!step->new_ike.initiator) {
        if (sa->task == IPSECI_TASK_IKE_REKEY) {
            sa->collision =
                made->self; /* RFC 7296 2.8.2: decided when our answer comes (COLL-04) */
            made->heir_of = sa->self;
            memcpy(sa->collision_nonce, step->new_ike.low_nonce, IPSECI_LOW_NONCE_BYTES);
        } else {
            ipseci_replace_ike(ike, sa, made);
        }
        return IPSEC_OK;
    }
    if (sa->state == IPSECI_IKE_CLOSING) {
        ipseci_ike_end(ike, made, (enum ipsec_reason)sa->reason);
        return IPSEC_OK;
    }
    if (sa->state == IPSECI_IKE_REPLACED) {
        retire_ike(ike, made, true); /* the peer goes on with its own rekey already */
        return IPSEC_OK;
    }
    if (theirs != NULL && ours_loses(step->new_ike.low_nonce, sa->collision_nonce)) {
        retire_ike(ike, made, true);
        ipseci_replace_ike(ike, sa, theirs); /* the peer deletes the old one */
        return IPSEC_OK;
    }
    ipseci_replace_ike(ike, sa, made);
    sa->want_delete = true; /* REKEY-09 */
    if (theirs != NULL) {
        theirs->heir_of = 0;
        retire_ike(ike, theirs, false);
    }
    return IPSEC_OK;
}

void ipseci_ike_heir_used(struct ipsec_ike *ike, struct ipseci_ike_sa *heir)
{
    struct ipseci_ike_sa *old = ipseci_sa_get(ike, heir->heir_of);

    heir->heir_of = 0;
    if (old != NULL && old->collision == heir->self) {
        ipseci_replace_ike(ike, old, heir);
    }
}

void ipseci_ike_end(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_reason reason)
{
    /* What a rekey of the peer has made of it meanwhile goes the same way. */
    for (int i = 0; i < 2 && sa != NULL; i++) {
        struct ipseci_ike_sa *heir = ipseci_sa_get(ike, sa->collision);

        ipseci_keep_up_over(ike, sa, reason);
        sa->state = IPSECI_IKE_CLOSING;
        sa->reason = (uint8_t)reason;
        sa->want_delete = true;
        sa->collision = 0;
        sa->ends = ipseci_after(ike->now, IPSECI_REPLACED_MS);
        ipseci_heir_outlive(ike, sa, reason);
        ipseci_children_drop(ike, sa, reason);
        ipseci_touch(ike, sa->self);
        sa = heir;
    }
}

static void close_one(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_reason reason)
{
    const bool known = sa->state != IPSECI_IKE_NEW && sa->state != IPSECI_IKE_INIT_REPLIED;

    ipseci_keep_up_over(ike, sa, reason);
    ipseci_heir_outlive(ike, sa, reason);
    ipseci_heir_closing(ike, sa, reason);
    ipseci_children_drop(ike, sa, reason);
    if (known) {
        sa->state = IPSECI_IKE_CLOSING;
        ipseci_emit_ike(ike, IPSEC_EVENT_IKE_CLOSED, sa, reason);
    }
    ipseci_sa_release(ike, sa);
}

void ipseci_ike_close(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_reason reason)
{
    struct ipseci_ike_sa *heir = ipseci_sa_get(ike, sa->collision);

    if (heir != NULL && reason == IPSEC_REASON_PEER) {
        /* The peer closes the old SA of a collision before our answer came: its rekey has won. */
        ipseci_replace_ike(ike, sa, heir);
    } else if (heir != NULL) {
        close_one(ike, heir, reason); /* it was never used */
    }
    close_one(ike, sa, sa->reason == IPSEC_REASON_REPLACED ? IPSEC_REASON_REPLACED : reason);
}
