/* SPDX-License-Identifier: Apache-2.0
 *
 * MOBIKE's changes of state: addresses that move, paths that are tried, and what a rekeyed IKE SA
 * takes over; and the caller's command. RFC 4555. See mobility.h. Called by commit*.c, window.c and
 * tasks.c.
 */
#include "mobility.h"

#include <string.h>

/* An update of ours: due, or out. */
#define UNDER_WAY (IPSECI_MOBILE_WANT_UPDATE | IPSECI_MOBILE_UPDATE_OUT)

/* ---- what an end that decides on addresses remembers -------------------------------------------
 */

struct ipseci_path *ipseci_path_get(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    return (struct ipseci_path *)ipseci_pool_get(&ike->paths, sa->path);
}

static struct ipseci_path *path_take(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    struct ipseci_path *path = ipseci_path_get(ike, sa);

    if (path != NULL) {
        return path;
    }
    path = (struct ipseci_path *)ipseci_pool_take(&ike->paths, &sa->path);
    if (path != NULL) {
        path->old_local = sa->local;
        path->old_remote = sa->remote;
    }
    if (path != NULL && (sa->mobile & UNDER_WAY) != 0) {
        sa->mobile |= IPSECI_MOBILE_UNSURE; /* nothing that was accepted is remembered */
    }
    return path;
}

void ipseci_path_release(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    (void)ipseci_pool_release(&ike->paths, sa->path);
    sa->path = 0;
}

void ipseci_path_pass(struct ipsec_ike *ike, struct ipseci_ike_sa *old, struct ipseci_ike_sa *sa)
{
    const bool wanted = (sa->mobile & IPSECI_MOBILE_FIRST) != 0 && ipseci_path_get(ike, sa) == NULL;

    ipseci_path_release(ike, old);
    if (wanted) {
        (void)path_take(ike, sa);
    }
}

static bool is_known(const struct ipseci_path *path, const struct ipsec_addr *addr)
{
    for (uint32_t i = 0; i < path->count; i++) {
        if (ipsec_addr_equal(&path->peer[i], addr)) {
            return true;
        }
    }
    return false;
}

/* RFC 4555 3.6: the new list takes the place of the old one. */
static void keep_addresses(struct ipseci_path *path, const struct ipseci_message *in)
{
    struct ipsec_addr addr;
    uint32_t cursor = 0;

    path->count = 0;
    while (path->count < IPSECI_ADDITIONAL_MAX &&
           ipseci_additional_next(&in->payloads, &cursor, &addr)) {
        if (!is_known(path, &addr)) {
            path->peer[path->count] = addr;
            path->count++;
        }
    }
}

/* ---- we move -----------------------------------------------------------------------------------
 */

/* RFC 4555 3.5: the answer to an update that is out says nothing any more; the peer may have taken
 * it all the same, and from another address than it was made for. */
static void overtaken(struct ipseci_ike_sa *sa)
{
    if ((sa->mobile & IPSECI_MOBILE_UPDATE_OUT) != 0) {
        sa->mobile |= IPSECI_MOBILE_UNSURE;
    }
    sa->mobile &= (uint8_t)~IPSECI_MOBILE_UPDATE_OUT;
}

/* The SA takes other addresses and an update is due; what was in use stays known till it is
 * accepted. */
static void move_to(struct ipseci_ike_sa *sa, struct ipseci_path *path,
                    const struct ipsec_endpoint *local, const struct ipsec_endpoint *remote)
{
    if (path != NULL && (sa->mobile & UNDER_WAY) == 0) {
        path->old_local = sa->local;
        path->old_remote = sa->remote;
    }
    sa->local = *local;
    sa->remote = *remote;
    overtaken(sa);
    sa->mobile |= IPSECI_MOBILE_WANT_UPDATE;
}

static void first_moves(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                        const struct ipsec_endpoint *local, const struct ipsec_endpoint *remote)
{
    const struct ipsec_endpoint old_local = sa->local;
    const struct ipsec_endpoint old_remote = sa->remote;
    struct ipseci_path *path = path_take(ike, sa);

    if (path != NULL) {
        path->probing = false;
        path->retries = 0;
    }
    move_to(sa, path, local, remote);
    if (sa->peer->routability != IPSEC_ROUTABILITY_BEFORE) {
        ipseci_children_follow(ike, sa);
    }
    if (path == NULL) {
        ipseci_address_changed(ike, sa, &old_local, &old_remote); /* not known when accepted */
    }
    ipseci_request_again(ike, sa); /* RFC 4555 3.5: what is outstanding goes on from there */
}

/* RFC 4555 3.5: an end that does not decide may go on with another address of its own when it must,
 * and tells it (3.6). */
static void other_moves(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                        const struct ipsec_endpoint *local)
{
    const struct ipsec_endpoint old = sa->local;

    move_to(sa, NULL, local, &sa->remote);
    ipseci_children_follow(ike, sa);
    ipseci_address_changed(ike, sa, &old, &sa->remote);
    ipseci_request_again(ike, sa);
}

static void accepted(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                     const struct ipseci_step *step)
{
    struct ipseci_path *path = ipseci_path_get(ike, sa);

    sa->mobile &= (uint8_t) ~(IPSECI_MOBILE_UPDATE_OUT | IPSECI_MOBILE_UNSURE);
    if ((sa->mobile & IPSECI_MOBILE_FIRST) == 0 || sa->state != IPSECI_IKE_ESTABLISHED) {
        return;
    }
    if (step->nat.supported) {
        sa->nat_local = step->nat.nat_local;
        sa->nat_remote = step->nat.nat_remote;
    }
    ipseci_children_follow(ike, sa);
    if (path == NULL) {
        return;
    }
    path->retries = 0;
    path->seen_by_peer = step->seen_by_peer;
    if (!ipseci_endpoint_equal(&path->old_local, &sa->local) ||
        !ipseci_endpoint_equal(&path->old_remote, &sa->remote)) {
        ipseci_address_changed(ike, sa, &path->old_local, &path->old_remote);
    }
}

static void back(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    struct ipseci_path *path = ipseci_path_get(ike, sa);
    const bool unsure = (sa->mobile & IPSECI_MOBILE_UNSURE) != 0;

    sa->mobile &= (uint8_t) ~(IPSECI_MOBILE_UPDATE_OUT | IPSECI_MOBILE_UNSURE);
    if (path == NULL) {
        return;
    }
    sa->local = path->old_local;
    sa->remote = path->old_remote;
    ipseci_children_follow(ike, sa); /* one that was made meanwhile has gone ahead */
    if (unsure && path->retries <= IPSECI_UPDATE_RETRIES_MAX) {
        /* RFC 4555 3.5: who keeps on using the old addresses has to say so where the peer may have
         * others, or a NAT that it saw. Once: a path that answers and is refused would do for ever.
         */
        path->retries = IPSECI_UPDATE_RETRIES_MAX + 1;
        sa->mobile |= IPSECI_MOBILE_WANT_UPDATE;
    }
}

static void again(const struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    struct ipseci_path *path = ipseci_path_get(ike, sa);

    sa->mobile &= (uint8_t)~IPSECI_MOBILE_UPDATE_OUT;
    sa->mobile |= IPSECI_MOBILE_WANT_UPDATE;
    path->retries++;
}

/* ---- the peer moves ----------------------------------------------------------------------------
 */

bool ipseci_address_unproven(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const uint8_t check = IPSECI_MOBILE_WANT_CHECK | IPSECI_MOBILE_CHECK_OUT;
    const struct ipseci_path *path = ipseci_path_get(ike, sa);

    if (sa->peer->routability != IPSEC_ROUTABILITY_BEFORE) {
        return false;
    }
    if ((sa->mobile & IPSECI_MOBILE_FIRST) == 0) {
        return (sa->mobile & check) != 0;
    }
    return (sa->mobile & UNDER_WAY) != 0 &&
           (path == NULL || !ipseci_endpoint_equal(&path->old_remote, &sa->remote));
}

static void peer_moved(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                       const struct ipseci_message *in, const struct ipseci_step *step)
{
    const struct ipsec_endpoint old_local = sa->local;
    const struct ipsec_endpoint old_remote = sa->remote;
    const bool other = !ipseci_endpoint_equal(&in->remote, &sa->remote);

    sa->local = in->local;
    sa->remote = in->remote;
    if (step->nat.supported) {
        sa->nat_local = step->nat.nat_local;
        sa->nat_remote = step->nat.nat_remote;
    }
    if (other && sa->peer->routability != IPSEC_ROUTABILITY_OFF) {
        /* RFC 4555 3.7: a check that went to another address proves nothing about this one. */
        sa->mobile &= (uint8_t)~IPSECI_MOBILE_CHECK_OUT;
        sa->mobile |= IPSECI_MOBILE_WANT_CHECK;
    }
    if (!ipseci_address_unproven(ike, sa)) {
        ipseci_children_follow(ike, sa);
    }
    if (other || !ipseci_endpoint_equal(&old_local, &sa->local)) {
        ipseci_address_changed(ike, sa, &old_local, &old_remote);
        ipseci_request_again(ike, sa);
    }
}

static bool is_listed(const struct ipseci_message *in, const struct ipsec_addr *addr)
{
    struct ipsec_addr listed;
    uint32_t cursor = 0;

    while (ipseci_additional_next(&in->payloads, &cursor, &listed)) {
        if (ipsec_addr_equal(&listed, addr)) {
            return true;
        }
    }
    return false;
}

/* The peer has other addresses than we knew; when the one in use is gone, we move: also where there
 * is no room (mobile_max) to remember the others, for that one would be lost (RFC 4555 3.6). */
static void peer_addresses(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                           const struct ipseci_message *in)
{
    struct ipseci_path *path = path_take(ike, sa);

    if (path != NULL) {
        keep_addresses(path, in);
    }
    if (!ipsec_addr_equal(&sa->remote.addr, &in->remote.addr) && !is_listed(in, &sa->remote.addr) &&
        ipseci_addresses_acceptable(sa, &in->local, &in->remote)) {
        first_moves(ike, sa, &in->local, &in->remote);
    }
}

static void support(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                    const struct ipseci_message *in)
{
    sa->mobile = IPSECI_MOBILE_ON;
    if (sa->initiator) {
        struct ipseci_path *path = path_take(ike, sa);
        sa->mobile |= IPSECI_MOBILE_FIRST;
        if (path != NULL) {
            keep_addresses(path, in);
        }
    }
}

void ipseci_mobility_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                            const struct ipseci_message *in, const struct ipseci_step *step)
{
    const uint8_t what = step->mobility;

    if ((what & IPSECI_MOBILITY_SUPPORTED) != 0) {
        support(ike, sa, in);
    }
    if ((what & IPSECI_MOBILITY_MOVED) != 0) {
        peer_moved(ike, sa, in, step);
    }
    if ((what & IPSECI_MOBILITY_ADDRESSES) != 0) {
        peer_addresses(ike, sa, in);
    }
    if ((what & IPSECI_MOBILITY_ACCEPTED) != 0) {
        accepted(ike, sa, step);
    }
    if ((what & IPSECI_MOBILITY_REFUSED) != 0) {
        back(ike, sa);
    }
    if ((what & IPSECI_MOBILITY_AGAIN) != 0) {
        again(ike, sa);
    }
    if ((what & IPSECI_MOBILITY_CHECKED) != 0) {
        sa->mobile &= (uint8_t)~IPSECI_MOBILE_CHECK_OUT;
        ipseci_children_follow(ike, sa);
    }
    if ((what & IPSECI_MOBILITY_REMAPPED) != 0) {
        move_to(sa, ipseci_path_get(ike, sa), &sa->local, &sa->remote); /* RFC 4555 3.8 */
    }
}

/* ---- requests ----------------------------------------------------------------------------------
 */

enum ipseci_task ipseci_mobility_task(struct ipseci_ike_sa *sa)
{
    if ((sa->mobile & IPSECI_MOBILE_WANT_UPDATE) != 0) {
        sa->mobile &= (uint8_t)~IPSECI_MOBILE_WANT_UPDATE;
        sa->mobile |= IPSECI_MOBILE_UPDATE_OUT;
        return IPSECI_TASK_UPDATE;
    }
    if ((sa->mobile & IPSECI_MOBILE_WANT_CHECK) != 0) {
        sa->mobile &= (uint8_t)~IPSECI_MOBILE_WANT_CHECK;
        sa->mobile |= IPSECI_MOBILE_CHECK_OUT;
        return IPSECI_TASK_CHECK;
    }
    return IPSECI_TASK_NONE;
}

void ipseci_mobility_unsent(struct ipseci_ike_sa *sa)
{
    if ((sa->mobile & IPSECI_MOBILE_UPDATE_OUT) != 0) {
        sa->mobile |= IPSECI_MOBILE_WANT_UPDATE;
    }
    if ((sa->mobile & IPSECI_MOBILE_CHECK_OUT) != 0) {
        sa->mobile |= IPSECI_MOBILE_WANT_CHECK;
    }
    sa->mobile &= (uint8_t) ~(IPSECI_MOBILE_UPDATE_OUT | IPSECI_MOBILE_CHECK_OUT);
}

void ipseci_mobility_inherit(struct ipsec_ike *ike, struct ipseci_ike_sa *old,
                             struct ipseci_ike_sa *new_sa)
{
    /* Also what changed while a collision was not decided. What is outstanding is asked anew on the
     * new SA: the old one gives the children away, and an answer on it moves none. */
    ipseci_mobility_unsent(old);
    new_sa->local = old->local;
    new_sa->remote = old->remote;
    new_sa->nat_local = old->nat_local;
    new_sa->nat_remote = old->nat_remote;
    new_sa->mobile = old->mobile;
    ipseci_path_release(ike, new_sa);
    new_sa->path = old->path;
    old->path = 0;
    old->mobile &= IPSECI_MOBILE_ON | IPSECI_MOBILE_FIRST;
}

/* ---- a silent peer -----------------------------------------------------------------------------
 */

bool ipseci_path_next(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    struct ipseci_path *path = ipseci_path_get(ike, sa);
    struct ipsec_endpoint local = sa->local;
    struct ipsec_endpoint remote = sa->remote;

    if (path == NULL || sa->state != IPSECI_IKE_ESTABLISHED) {
        return false;
    }
    if (!path->probing) {
        path->probing = true;
        path->next = 0;
        move_to(sa, path, &local, &remote); /* what answers is made known as the path to use */
    }
    while (ipseci_path_pair(sa, path, path->next, &local.addr, &remote.addr)) {
        path->next++;
        const bool other = !ipseci_endpoint_equal(&local, &sa->local) ||
                           !ipseci_endpoint_equal(&remote, &sa->remote);
        if (other && local.addr.family == remote.addr.family) {
            move_to(sa, path, &local, &remote);
            return true;
        }
    }
    return false;
}

uint32_t ipseci_path_tries(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_path *path = ipseci_path_get(ike, sa);

    return path != NULL && path->probing ? IPSECI_PATH_TRIES : ike->config.retransmit_max;
}

void ipseci_path_works(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    struct ipseci_path *path = ipseci_path_get(ike, sa);

    if (path != NULL) {
        path->probing = false;
    }
}

/* ---- the command -------------------------------------------------------------------------------
 */

static void take_given(struct ipsec_endpoint *to, const struct ipsec_endpoint *given)
{
    if (given != NULL) {
        to->addr = given->addr;
        to->port = given->port != 0 ? given->port : to->port;
    }
}

static enum ipsec_status move(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                              const struct ipsec_endpoint *given_local,
                              const struct ipsec_endpoint *given_remote)
{
    struct ipsec_endpoint local = sa->local;
    struct ipsec_endpoint remote = sa->remote;

    take_given(&local, given_local);
    take_given(&remote, given_remote);
    if (local.addr.family != remote.addr.family || local.addr.family == IPSEC_FAMILY_NONE) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (sa->state != IPSECI_IKE_ESTABLISHED || (sa->mobile & IPSECI_MOBILE_ON) == 0) {
        return IPSEC_ERR_STATE;
    }
    if ((sa->mobile & IPSECI_MOBILE_FIRST) == 0) {
        if (!ipseci_endpoint_equal(&remote, &sa->remote)) {
            return IPSEC_ERR_FORBIDDEN;
        }
        other_moves(ike, sa, &local);
        return IPSEC_OK;
    }
    if (path_take(ike, sa) == NULL) {
        return IPSEC_ERR_FULL;
    }
    first_moves(ike, sa, &local, &remote);
    return IPSEC_OK;
}

enum ipsec_status ipsec_ike_move(struct ipsec_ike *ike, ipsec_handle sa_handle,
                                 const struct ipsec_endpoint *local,
                                 const struct ipsec_endpoint *remote, ipsec_ms now)
{
    enum ipsec_status status = IPSEC_ERR_STALE;

    IPSECI_TRY(ipseci_enter(ike, now));
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, sa_handle);
    if (sa != NULL) {
        status = move(ike, sa, local, remote);
        ipseci_touch(ike, sa_handle);
    }
    ipseci_leave(ike);
    return status;
}
