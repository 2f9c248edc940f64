/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups of children that stand for each other, and which group each pair of selectors serves.
 * Called when children come and go, and by the program for the policies that are there before.
 */
#include <string.h>

#include "xfrm_state.h"

/* ---- Finding --------------------------------------------------------------------------------- */

static bool same_selectors(const struct ipsec_selectors *a, const struct ipsec_selectors *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        const struct ipsec_selector *x = &a->item[i];
        const struct ipsec_selector *y = &b->item[i];
        if (x->family != y->family || x->protocol != y->protocol ||
            x->port_first != y->port_first || x->port_last != y->port_last ||
            memcmp(x->first, y->first, sizeof x->first) != 0 ||
            memcmp(x->last, y->last, sizeof x->last) != 0) {
            return false;
        }
    }
    return true;
}

struct xfrm_group *ipseci_xfrm_group_find(const struct ipsec_xfrm *xfrm,
                                          const struct ipsec_peer *peer,
                                          const struct ipsec_child_config *config,
                                          const struct ipsec_selectors *local,
                                          const struct ipsec_selectors *remote)
{
    for (struct xfrm_group *group = xfrm->groups; group != NULL; group = group->next) {
        if (group->peer == peer && group->config == config &&
            same_selectors(&group->local_ts, local) && same_selectors(&group->remote_ts, remote)) {
            return group;
        }
    }
    return NULL;
}

struct xfrm_group *ipseci_xfrm_trap_of(const struct ipsec_xfrm *xfrm, const struct ipsec_peer *peer,
                                       const struct ipsec_child_config *config)
{
    struct xfrm_group *group = xfrm->groups;
    while (group != NULL && (!group->trap || group->peer != peer || group->config != config)) {
        group = group->next;
    }
    return group;
}

struct xfrm_group *ipseci_xfrm_group_of(const struct ipsec_xfrm *xfrm, uint32_t reqid)
{
    struct xfrm_group *group = xfrm->groups;
    while (group != NULL && group->reqid != reqid) {
        group = group->next;
    }
    return group;
}

struct xfrm_child *ipseci_xfrm_sender(const struct xfrm_group *group)
{
    struct xfrm_child *newest = NULL;
    for (struct xfrm_child *child = group->children; child != NULL; child = child->in_group) {
        if (child->order != 0 && (newest == NULL || child->order > newest->order)) {
            newest = child;
        }
    }
    return newest;
}

/* ---- Which group a pair serves --------------------------------------------------------------- */

/* Where a pair lies: the octets and a multiplication each are enough for what is configured or
 * negotiated with peers that have proven who they are. */
static struct xfrm_want **bucket_of(const struct ipsec_xfrm *xfrm, const struct xfrm_pair *pair)
{
    const uint8_t *octets = (const uint8_t *)pair;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof *pair; i++) {
        hash = (hash ^ octets[i]) * 0x100000001b3u;
    }
    return &xfrm->by_pair[(hash ^ hash >> 32) & (xfrm->buckets - 1)];
}

static bool same_pair(const struct xfrm_pair *a, const struct xfrm_pair *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* The newest sender's, or else what was there before children, or else any. */
static bool is_better(const struct xfrm_want *a, const struct xfrm_want *b)
{
    const struct xfrm_child *x = ipseci_xfrm_sender(a->group);
    const struct xfrm_child *y = ipseci_xfrm_sender(b->group);
    const uint64_t x_order = x != NULL ? x->order : 0;
    const uint64_t y_order = y != NULL ? y->order : 0;
    if (x_order != y_order) {
        return x_order > y_order;
    }
    if (a->group->trap != b->group->trap) {
        return a->group->trap;
    }
    return a->group->priority < b->group->priority;
}

/* NULL: nobody wants the pair. */
static struct xfrm_want *best_of(const struct ipsec_xfrm *xfrm, const struct xfrm_pair *pair,
                                 bool *installed)
{
    struct xfrm_want *best = NULL;
    *installed = false;
    for (struct xfrm_want *want = *bucket_of(xfrm, pair); want != NULL; want = want->in_bucket) {
        if (!same_pair(&want->pair, pair)) {
            continue;
        }
        *installed = *installed || want->installed;
        if (best == NULL || is_better(want, best)) {
            best = want;
        }
    }
    return best;
}

static enum ipsec_status refresh_one(struct ipsec_xfrm *xfrm, struct xfrm_want *want)
{
    bool installed;
    const struct xfrm_want *best = best_of(xfrm, &want->pair, &installed);
    const enum ipsec_status status = ipseci_xfrm_policy_set(xfrm, best, !installed);
    want->installed = want->installed || status == IPSEC_OK;
    return status;
}

enum ipsec_status ipseci_xfrm_group_refresh(struct ipsec_xfrm *xfrm, const struct xfrm_group *group)
{
    enum ipsec_status result = IPSEC_OK;
    for (struct xfrm_want *want = group->wants; want != NULL; want = want->in_group) {
        const enum ipsec_status status = refresh_one(xfrm, want);
        if (result == IPSEC_OK) {
            result = status;
        }
    }
    return result;
}

/* ---- Making and dropping --------------------------------------------------------------------- */

static void want_link(struct ipsec_xfrm *xfrm, struct xfrm_group *group,
                      const struct xfrm_pair *pair)
{
    struct xfrm_want *want = xfrm->free_wants;
    struct xfrm_want **bucket = bucket_of(xfrm, pair);
    xfrm->free_wants = want->in_group;
    memset(want, 0, sizeof *want);
    memcpy(&want->pair, pair, sizeof want->pair);
    want->group = group;
    want->in_bucket = *bucket;
    *bucket = want;
    want->in_group = group->wants;
    group->wants = want;
}

static void want_drop(struct ipsec_xfrm *xfrm, struct xfrm_want *want)
{
    struct xfrm_want **link = bucket_of(xfrm, &want->pair);
    const bool was_installed = want->installed;
    bool installed;
    while (*link != want) {
        link = &(*link)->in_bucket;
    }
    *link = want->in_bucket;
    struct xfrm_want *best = best_of(xfrm, &want->pair, &installed);
    if (best == NULL && was_installed) {
        ipseci_xfrm_policy_remove(xfrm, &want->pair);
    } else if (was_installed) {
        best->installed = true; /* what is there is its, now */
        (void)ipseci_xfrm_policy_set(xfrm, best, false);
    }
    want->group = NULL;
    want->in_group = xfrm->free_wants;
    xfrm->free_wants = want;
}

static bool has_wants(const struct ipsec_xfrm *xfrm, uint32_t n)
{
    const struct xfrm_want *want = xfrm->free_wants;
    while (n > 0 && want != NULL) {
        want = want->in_group;
        n--;
    }
    return n == 0;
}

static struct xfrm_group *take_group(struct ipsec_xfrm *xfrm)
{
    struct xfrm_group *group = xfrm->free_groups;
    struct xfrm_group **last = &xfrm->groups;
    xfrm->free_groups = group->next;
    memset(group, 0, sizeof *group);
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = group;
    return group;
}

enum ipsec_status ipseci_xfrm_group_make(struct ipsec_xfrm *xfrm, const struct ipsec_peer *peer,
                                         const struct ipsec_child_config *config,
                                         const struct ipsec_selectors *local,
                                         const struct ipsec_selectors *remote, uint32_t priority,
                                         struct xfrm_group **out)
{
    struct xfrm_pairs pairs = {.count = 0};
    const char *why = "";
    const char *name = config->name != NULL ? config->name : "";
    const bool empty = local->count == 0 || remote->count == 0;
    const enum ipsec_status status =
        empty ? IPSEC_OK : ipseci_xfrm_pairs(local, remote, &pairs, &why);
    if (status < IPSEC_OK) {
        return ipseci_xfrm_refuse(xfrm, status, "child \"%s\": %s", name, why);
    }
    if (xfrm->free_groups == NULL || !has_wants(xfrm, pairs.count)) {
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_FULL,
                                  "child \"%s\": no room for its policies (policy_max)", name);
    }
    struct xfrm_group *group = take_group(xfrm);
    group->peer = peer;
    group->config = config;
    group->local_ts = *local;
    group->remote_ts = *remote;
    group->priority = priority;
    group->reqid = xfrm->next_reqid;
    xfrm->next_reqid += 2;
    for (uint32_t i = 0; i < pairs.count; i++) {
        want_link(xfrm, group, &pairs.item[i]);
    }
    *out = group;
    return IPSEC_OK;
}

void ipseci_xfrm_group_drop(struct ipsec_xfrm *xfrm, struct xfrm_group *group)
{
    struct xfrm_group **link = &xfrm->groups;
    while (group->wants != NULL) {
        struct xfrm_want *want = group->wants;
        group->wants = want->in_group;
        want_drop(xfrm, want);
    }
    while (*link != group) {
        link = &(*link)->next;
    }
    *link = group->next;
    memset(group, 0, sizeof *group);
    group->next = xfrm->free_groups;
    xfrm->free_groups = group;
}
