/* SPDX-License-Identifier: Apache-2.0
 *
 * The policies of the peers that were added: SPD entries that are there before any SA is, and that
 * point at the outbound SA of the child that serves them. Called by the program (add, remove) and
 * by gw_sink.c (switch). RFC 4301 4.4.1, 5.1.
 */
#include "gw_state.h"

#include <string.h>

/* Two pointers in one number: a hash of them, as they may differ in few bits. */
static uint64_t config_key(const struct ipsec_gw *gw, const struct ipsec_peer *peer,
                           const struct ipsec_child_config *config)
{
    const uint64_t words[2] = {(uintptr_t)peer, (uintptr_t)config};
    return ipseci_siphash_words(gw->by_config.secret, words, IPSECI_COUNT(words));
}

struct ipseci_gw_policy *ipseci_gw_policy_find(const struct ipsec_gw *gw,
                                               const struct ipsec_peer *peer,
                                               const struct ipsec_child_config *config)
{
    const uint64_t key = config_key(gw, peer, config);
    struct ipseci_gw_policy *policy =
        ipseci_pool_get(&gw->policies, ipseci_hash_find(&gw->by_config, key));
    return policy != NULL && policy->peer == peer && policy->config == config ? policy : NULL;
}

struct ipseci_gw_policy *ipseci_gw_policy_of(const struct ipsec_gw *gw, void *user)
{
    /* A record lives longer than its entries, so an address inside the pool is one of ours. */
    const uintptr_t first = (uintptr_t)gw->policies.slots;
    const size_t bytes = gw->policies.slot_bytes * gw->policies.count;
    return (uintptr_t)user - first < bytes ? user : NULL;
}

/* ---- Which child serves ---------------------------------------------------------------------- */

void ipseci_gw_policy_join(struct ipseci_gw_child *child)
{
    child->sibling = child->policy->children;
    child->policy->children = child;
}

void ipseci_gw_policy_part(const struct ipseci_gw_child *child)
{
    struct ipseci_gw_child **link = &child->policy->children;
    while (*link != child) {
        link = &(*link)->sibling;
    }
    *link = child->sibling;
}

static struct ipseci_gw_child *newest_sender(const struct ipseci_gw_policy *policy)
{
    struct ipseci_gw_child *newest = NULL;
    for (struct ipseci_gw_child *child = policy->children; child != NULL; child = child->sibling) {
        if (child->order != 0 && (newest == NULL || child->order > newest->order)) {
            newest = child;
        }
    }
    return newest;
}

void ipseci_gw_policy_switch(struct ipsec_gw *gw, struct ipseci_gw_policy *policy)
{
    struct ipseci_gw_child *child = newest_sender(policy);
    policy->serving = child;
    for (uint32_t i = 0; i < policy->entry_count; i++) {
        /* Without a child the entry stays and acquires. RFC 4301 5.1: never in clear. */
        (void)ipsec_spd_set_sa(gw->spd, policy->entry[i], child != NULL ? child->sa_out : 0);
    }
}

/* In transport mode the packet's own header leads it to the host that the SA is with. */
static bool goes_to(struct ipsec_view packet, const struct ipseci_gw_child *child)
{
    const bool ipv4 = child->remote.family == IPSEC_FAMILY_IPV4;
    const size_t at = ipv4 ? 16 : 24;
    return packet.data[0] >> 4 == child->remote.family &&
           memcmp(packet.data + at, child->remote.bytes, ipv4 ? 4 : 16) == 0;
}

struct ipsec_sa *ipseci_gw_policy_sa(const struct ipsec_gw *gw, struct ipsec_sa *sa,
                                     struct ipsec_view packet)
{
    const struct ipseci_gw_child *serving = ipseci_gw_child_of(gw, sa);
    const struct ipseci_gw_child *newest = NULL;
    if (serving == NULL || serving->policy->config->mode != IPSEC_MODE_TRANSPORT ||
        goes_to(packet, serving)) {
        return sa;
    }
    for (const struct ipseci_gw_child *child = serving->policy->children; child != NULL;
         child = child->sibling) {
        if (child->order != 0 && goes_to(packet, child) &&
            (newest == NULL || child->order > newest->order)) {
            newest = child;
        }
    }
    /* Without one, the SA refuses what its selectors do not hold. */
    return newest != NULL ? ipsec_sad_get(gw->sad, newest->sa_out) : sa;
}

/* ---- Adding and removing a peer -------------------------------------------------------------- */

static void drop_policy(struct ipsec_gw *gw, const struct ipseci_gw_policy *policy)
{
    const uint64_t key = config_key(gw, policy->peer, policy->config);
    for (uint32_t i = 0; i < policy->entry_count; i++) {
        (void)ipsec_spd_remove(gw->spd, policy->entry[i]);
    }
    if (ipseci_hash_find(&gw->by_config, key) == policy->self) {
        (void)ipseci_hash_remove(&gw->by_config, key);
    }
    (void)ipseci_pool_release(&gw->policies, policy->self);
}

static void drop_policies(struct ipsec_gw *gw, const struct ipsec_peer *peer)
{
    uint32_t cursor = 0;
    ipsec_handle handle = 0;
    struct ipseci_gw_policy *policy;
    while ((policy = ipseci_pool_next(&gw->policies, &cursor, &handle)) != NULL) {
        if (policy->peer == peer) {
            drop_policy(gw, policy);
        }
    }
}

static enum ipsec_status add_entry(struct ipsec_gw *gw, struct ipseci_gw_policy *policy,
                                   const struct ipsec_selector *local,
                                   const struct ipsec_selector *remote)
{
    struct ipsec_spd_entry entry = IPSEC_SPD_ENTRY_INIT;
    entry.action = IPSEC_SPD_PROTECT;
    entry.local = *local;
    entry.remote = *remote;
    entry.user = policy;
    IPSECI_TRY(ipsec_spd_add(gw->spd, &entry, &policy->entry[policy->entry_count]));
    policy->entry_count++;
    return IPSEC_OK;
}

static struct ipseci_gw_policy *take_policy(struct ipsec_gw *gw, const struct ipsec_peer *peer,
                                            const struct ipsec_child_config *config)
{
    ipsec_handle handle = 0;
    struct ipseci_gw_policy *policy = ipseci_pool_take(&gw->policies, &handle);
    if (policy != NULL) {
        policy->peer = peer;
        policy->config = config;
        policy->self = handle;
    }
    return policy;
}

static bool count_is_good(uint32_t count)
{
    return count != 0 && count <= IPSEC_SELECTORS_MAX;
}

static enum ipsec_status add_entries(struct ipsec_gw *gw, struct ipseci_gw_policy *policy,
                                     const struct ipsec_selectors *local,
                                     const struct ipsec_selectors *remote)
{
    for (uint32_t l = 0; l < local->count; l++) {
        for (uint32_t r = 0; r < remote->count; r++) {
            /* A child may carry both families; mixed pairs match nothing. */
            if (local->item[l].family == remote->item[r].family) {
                IPSECI_TRY(add_entry(gw, policy, &local->item[l], &remote->item[r]));
            }
        }
    }
    return policy->entry_count != 0 ? IPSEC_OK : IPSEC_ERR_ARGUMENT;
}

static bool is_dynamic(const struct ipsec_child_config *config)
{
    return config->local_dynamic || config->remote_dynamic;
}

static enum ipsec_status add_policy(struct ipsec_gw *gw, const struct ipsec_peer *peer,
                                    const struct ipsec_child_config *config)
{
    const bool dynamic = is_dynamic(config);
    if (!dynamic &&
        (!count_is_good(config->local_ts.count) || !count_is_good(config->remote_ts.count))) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct ipseci_gw_policy *policy = take_policy(gw, peer, config);
    if (policy == NULL) {
        return IPSEC_ERR_FULL;
    }
    IPSECI_TRY(ipseci_hash_add(&gw->by_config, config_key(gw, peer, config), policy->self));
    return dynamic ? IPSEC_OK : add_entries(gw, policy, &config->local_ts, &config->remote_ts);
}

/* ---- Dynamic sides --------------------------------------------------------------------------- */

enum ipsec_status ipseci_gw_policy_for(struct ipsec_gw *gw, const struct ipsec_child_sa *sa,
                                       const struct ipseci_gw_child *replaced,
                                       struct ipseci_gw_policy **out)
{
    *out = ipseci_gw_policy_find(gw, sa->peer, sa->config);
    if (*out == NULL || !is_dynamic(sa->config)) {
        return *out != NULL ? IPSEC_OK : IPSEC_ERR_NOT_FOUND;
    }
    if (replaced != NULL && replaced->policy->dynamic) {
        *out = replaced->policy;
        return IPSEC_OK;
    }
    *out = take_policy(gw, sa->peer, sa->config);
    if (*out == NULL) {
        return IPSEC_ERR_FULL;
    }
    (*out)->dynamic = true;
    const enum ipsec_status status = add_entries(gw, *out, &sa->local_ts, &sa->remote_ts);
    if (status < IPSEC_OK) {
        drop_policy(gw, *out);
    }
    return status;
}

void ipseci_gw_policy_left(struct ipsec_gw *gw, struct ipseci_gw_policy *policy)
{
    if (policy->dynamic && policy->children == NULL) {
        drop_policy(gw, policy);
    }
}

enum ipsec_status ipsec_gw_add_peer(struct ipsec_gw *gw, const struct ipsec_peer *peer)
{
    if (gw == NULL || peer == NULL || (peer->child_count != 0 && peer->children == NULL)) {
        return IPSEC_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < peer->child_count; i++) {
        if (ipseci_gw_policy_find(gw, peer, &peer->children[i]) != NULL) {
            return IPSEC_ERR_STATE;
        }
    }
    for (size_t i = 0; i < peer->child_count; i++) {
        const enum ipsec_status status = add_policy(gw, peer, &peer->children[i]);
        if (status < IPSEC_OK) {
            drop_policies(gw, peer);
            return status;
        }
    }
    return IPSEC_OK;
}

enum ipsec_status ipsec_gw_remove_peer(struct ipsec_gw *gw, const struct ipsec_peer *peer,
                                       ipsec_ms now)
{
    if (gw == NULL || peer == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipsec_ike_forget_peer(gw->ike, peer, now));
    drop_policies(gw, peer);
    return IPSEC_OK;
}
