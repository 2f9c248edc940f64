/* SPDX-License-Identifier: Apache-2.0
 *
 * Which children an IKE SA is to have: those of its peer that are wanted at once, those that come
 * again when they end, and not those that nobody uses. Called by commit.c, tasks.c, child_table.c
 * and lifetimes.c.
 */
#include "engine.h"

/* Doubled with each try. */
static ipsec_ms wait_before(const struct ipsec_ike *ike, uint8_t restarts)
{
    const uint32_t doubled = restarts < IPSECI_RESTART_DOUBLE ? restarts : IPSECI_RESTART_DOUBLE;

    return ipseci_sooner(ike, (ipsec_ms)IPSECI_RESTART_MS << doubled);
}

static void tell(struct ipsec_ike *ike, const struct ipseci_child *child)
{
    struct ipsec_child_info info;
    struct ipsec_event event = {.type = IPSEC_EVENT_RETRY,
                                .ike_sa = child->ike_sa,
                                .child_sa = child->self,
                                .child = &info,
                                .tries = child->restarts,
                                .next_try = child->rekey_due};

    ipseci_child_info_fill(child, ike, &info);
    event.peer = info.peer;
    ipseci_emit(ike, &event);
}

static void ask_later(struct ipsec_ike *ike, struct ipseci_child *child, uint8_t restarts)
{
    child->rekey_due = ipseci_after(ike->now, wait_before(ike, restarts));
    child->restarts = restarts < UINT8_MAX ? (uint8_t)(restarts + 1) : restarts;
    child->temporary = 0;
    ipseci_life_update_child(ike, child);
    tell(ike, child);
}

/* An IKE SA that came without an address stays without. */
static bool comes_again(const struct ipseci_ike_sa *sa, const struct ipsec_child_config *config)
{
    return config->restart && !ipseci_child_lacks_address(sa, config);
}

static uint32_t bit_of(size_t child)
{
    return UINT32_C(1) << (child < 31 ? child : 31);
}

/* No room. Told, and looked at again when a child has left; one on demand comes with its packets.
 */
static void lacking(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                    const struct ipsec_child_config *config)
{
    const struct ipsec_failure failure = {
        .phase = IPSEC_PHASE_CHILD_CREATE,
        .cause = IPSEC_CAUSE_RESOURCE,
        .refused_by = IPSEC_REFUSED_LOCAL,
        .status = IPSEC_ERR_FULL,
        .initiator = true,
        .peer = sa->peer,
        .child = config,
        .local = sa->local,
        .remote = sa->remote,
    };

    for (size_t i = 0; i < sa->peer->child_count; i++) {
        if (&sa->peer->children[i] == config && config->start == IPSEC_START_ALWAYS) {
            sa->lacks |= bit_of(i);
            ike->lacks_children = true;
        }
    }
    ipseci_emit_failure(ike, sa, &failure);
}

void ipseci_child_again(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                        const struct ipsec_child_config *config, uint8_t restarts)
{
    if (!comes_again(sa, config) || sa->state != IPSECI_IKE_ESTABLISHED) {
        return;
    }
    struct ipseci_child *child = ipseci_child_take(ike, sa);
    if (child != NULL) {
        child->config = config;
        ask_later(ike, child, restarts);
    } else {
        lacking(ike, sa, config);
    }
}

/* As many as there is room for. */
static void make_missing(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    const struct ipsec_peer *peer = sa->peer;
    const uint32_t lacks = sa->state == IPSECI_IKE_ESTABLISHED ? sa->lacks : 0;

    sa->lacks = 0;
    for (size_t i = 0; i < peer->child_count; i++) {
        const struct ipsec_child_config *config = &peer->children[i];
        struct ipseci_child *child = NULL;
        if ((lacks & bit_of(i)) != 0 && config->start == IPSEC_START_ALWAYS &&
            ipseci_child_of(ike, sa, config, IPSECI_CHILD_ANY) == NULL) {
            child = ipseci_child_take(ike, sa);
            sa->lacks |= child == NULL ? bit_of(i) : 0;
        }
        if (child != NULL) {
            child->config = config;
            ask_later(ike, child, 0);
        }
    }
    ike->lacks_children = ike->lacks_children || sa->lacks != 0;
}

void ipseci_children_catch_up(struct ipsec_ike *ike)
{
    struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    if (!ike->lacks_children || ike->children.used == ike->children.count) {
        return;
    }
    ike->lacks_children = false;
    while ((sa = (struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) != NULL) {
        if (sa->lacks != 0 && sa->peer != NULL) {
            make_missing(ike, sa);
        }
    }
}

void ipseci_child_not_made(struct ipsec_ike *ike, struct ipseci_child *child)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, child->ike_sa);

    if (sa != NULL && comes_again(sa, child->config)) {
        ask_later(ike, child, child->restarts);
    } else {
        ipseci_child_drop(ike, child, IPSEC_REASON_FAILURE);
    }
}

void ipseci_child_ended(struct ipsec_ike *ike, const struct ipseci_child *child)
{
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, child->ike_sa);
    const bool lasted = ike->now - child->established >= IPSECI_RESTART_CALM_MS;

    if (sa != NULL && child->state == IPSECI_CHILD_INSTALLED) {
        ipseci_child_again(ike, sa, child->config, lasted ? 0 : child->restarts);
    }
}

void ipseci_child_spare(struct ipsec_ike *ike, struct ipseci_child *child)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, child->ike_sa);

    if (sa != NULL && child->state == IPSECI_CHILD_NEW && child->config->restart &&
        ipseci_child_of(ike, sa, child->config, 1u << IPSECI_CHILD_INSTALLED) != NULL) {
        ipseci_child_drop(ike, child, IPSEC_REASON_REPLACED);
    }
}

bool ipseci_child_lacks_address(const struct ipseci_ike_sa *sa,
                                const struct ipsec_child_config *config)
{
    return (config->local_dynamic || config->remote_dynamic) && !sa->lease.has_ipv4 &&
           !sa->lease.has_ipv6;
}

/* The one that was offered with IKE_AUTH, and is not there. */
static void first_not_made(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                           const struct ipseci_handshake *hs)
{
    struct ipseci_child *child = ipseci_child_get(ike, hs->child);

    if (child != NULL && child->state == IPSECI_CHILD_NEW) {
        ipseci_child_not_made(ike, child);
    } else if (hs->config != NULL &&
               ipseci_child_of(ike, sa, hs->config, IPSECI_CHILD_ANY) == NULL) {
        ipseci_child_again(ike, sa, hs->config, 0);
    }
}

void ipseci_children_want(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                          const struct ipseci_handshake *hs)
{
    const struct ipsec_peer *peer = sa->peer;

    first_not_made(ike, sa, hs);
    for (size_t i = peer->child_count; i > 0; i--) { /* the last one taken is the first asked for */
        const struct ipsec_child_config *config = &peer->children[i - 1];
        struct ipseci_child *child = NULL;
        if (config->start == IPSEC_START_ALWAYS && !sa->is_heir && config != hs->config &&
            ipseci_child_of(ike, sa, config, IPSECI_CHILD_ANY) == NULL) {
            child = ipseci_child_take(ike, sa);
            if (child == NULL) {
                lacking(ike, sa, config);
            }
        }
        if (child != NULL) {
            child->config = config;
            child->want_create = true;
        }
    }
}

static uint32_t packets_of(const struct ipsec_ike *ike, const struct ipseci_child *child)
{
    struct ipsec_child_stats stats = {0};

    if (ike->config.callbacks.child_stats == NULL ||
        ike->config.callbacks.child_stats(ike->config.user, child->self, &stats) < IPSEC_OK) {
        return child->idle_packets + 1; /* nobody knows: not idle */
    }
    return (uint32_t)(stats.packets_in + stats.packets_out);
}

bool ipseci_child_idle(struct ipsec_ike *ike, struct ipseci_child *child)
{
    if (child->config->idle_ms == 0 || child->state != IPSECI_CHILD_INSTALLED ||
        (uint32_t)ike->now - child->idle_since < child->config->idle_ms) {
        return false;
    }
    const uint32_t packets = packets_of(ike, child);
    if (packets == child->idle_packets) {
        ipseci_child_retire(ike, child, IPSEC_REASON_IDLE);
        return true;
    }
    child->idle_packets = packets;
    child->idle_since = (uint32_t)ike->now;
    return false;
}
