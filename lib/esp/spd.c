/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy database: entries in a pool, and an order over them that a lookup walks from the
 * front. Called by lib/gw. RFC 4301 4.4.1, 5.1, 5.2, 7.
 */
#include <ipsec/spd.h>

#include "pool.h"
#include "selector.h"

#include <string.h>

#define ENTRY_MAX_DEFAULT 64u

struct rule {
    struct ipsec_selector local;
    struct ipsec_selector remote;
    ipsec_handle handle; /* its own */
    ipsec_handle sa;
    void *user;
    int32_t priority;
    uint8_t action; /* enum ipsec_spd_action */
};

struct ipsec_spd {
    struct ipseci_pool pool;
    struct rule **order; /* by priority, equal ones by age */
    uint32_t count;
};

static enum ipsec_status take_config(const struct ipsec_spd_config *given,
                                     struct ipsec_spd_config *c)
{
    IPSECI_TRY(ipseci_struct_in(c, sizeof(*c), given));
    c->entry_max = c->entry_max == 0 ? ENTRY_MAX_DEFAULT : c->entry_max;
    return c->entry_max > IPSECI_POOL_MAX ? IPSEC_ERR_ARGUMENT : IPSEC_OK;
}

static struct ipsec_spd *layout(struct ipseci_arena *arena, const struct ipsec_spd_config *c)
{
    struct ipsec_spd measured;
    struct ipsec_spd *spd = IPSECI_ARENA_NEW(arena, 1, struct ipsec_spd);
    struct ipsec_spd *to = spd != NULL ? spd : &measured;
    ipseci_pool_layout(&to->pool, arena, c->entry_max, sizeof(struct rule));
    to->order = IPSECI_ARENA_NEW(arena, c->entry_max, struct rule *);
    return spd;
}

enum ipsec_status ipsec_spd_size(const struct ipsec_spd_config *config, size_t *bytes)
{
    struct ipsec_spd_config c;
    if (bytes == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(take_config(config, &c));
    struct ipseci_arena arena = ipseci_arena_init(NULL, 0);
    (void)layout(&arena, &c);
    *bytes = arena.used;
    return arena.failed ? IPSEC_ERR_ARGUMENT : IPSEC_OK;
}

enum ipsec_status ipsec_spd_init(void *block, size_t block_bytes,
                                 const struct ipsec_spd_config *config, struct ipsec_spd **spd)
{
    struct ipsec_spd_config c;
    if (block == NULL || spd == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(take_config(config, &c));
    struct ipseci_arena arena = ipseci_arena_init(block, block_bytes);
    struct ipsec_spd *made = layout(&arena, &c);
    if (arena.failed) {
        return IPSEC_ERR_BUFFER;
    }
    *spd = made;
    return IPSEC_OK;
}

void ipsec_spd_deinit(struct ipsec_spd *spd)
{
    if (spd != NULL) {
        ipseci_wipe(spd, sizeof(*spd));
    }
}

static bool is_entry_valid(const struct ipsec_spd_entry *e)
{
    return e->action <= IPSEC_SPD_PROTECT && ipseci_selector_valid(&e->local) &&
           ipseci_selector_valid(&e->remote) && e->local.family == e->remote.family &&
           (e->action == IPSEC_SPD_PROTECT || e->sa == 0);
}

/* Puts a rule behind those of its own priority and before those of larger ones. */
static void insert(struct ipsec_spd *spd, struct rule *rule)
{
    uint32_t at = spd->count;
    while (at > 0 && spd->order[at - 1]->priority > rule->priority) {
        spd->order[at] = spd->order[at - 1];
        at--;
    }
    spd->order[at] = rule;
    spd->count++;
}

enum ipsec_status ipsec_spd_add(struct ipsec_spd *spd, const struct ipsec_spd_entry *entry,
                                ipsec_handle *handle)
{
    struct ipsec_spd_entry e;
    if (spd == NULL || handle == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_struct_in(&e, sizeof(e), entry));
    if (!is_entry_valid(&e)) {
        return IPSEC_ERR_ARGUMENT;
    }
    ipsec_handle taken;
    struct rule *rule = ipseci_pool_take(&spd->pool, &taken);
    if (rule == NULL) {
        return IPSEC_ERR_FULL;
    }
    rule->local = e.local;
    rule->remote = e.remote;
    rule->handle = taken;
    rule->sa = e.sa;
    rule->user = e.user;
    rule->priority = e.priority;
    rule->action = e.action;
    insert(spd, rule);
    *handle = taken;
    return IPSEC_OK;
}

static struct rule *get(const struct ipsec_spd *spd, ipsec_handle handle)
{
    return spd == NULL ? NULL : ipseci_pool_get(&spd->pool, handle);
}

enum ipsec_status ipsec_spd_remove(struct ipsec_spd *spd, ipsec_handle handle)
{
    const struct rule *rule = get(spd, handle);
    if (rule == NULL) {
        return IPSEC_ERR_STALE;
    }
    uint32_t at = 0;
    while (at < spd->count && spd->order[at] != rule) {
        at++;
    }
    for (; at + 1 < spd->count; at++) {
        spd->order[at] = spd->order[at + 1];
    }
    spd->count--;
    (void)ipseci_pool_release(&spd->pool, handle);
    return IPSEC_OK;
}

enum ipsec_status ipsec_spd_set_sa(struct ipsec_spd *spd, ipsec_handle handle, ipsec_handle sa)
{
    struct rule *rule = get(spd, handle);
    if (rule == NULL) {
        return IPSEC_ERR_STALE;
    }
    if (rule->action != IPSEC_SPD_PROTECT) {
        return IPSEC_ERR_STATE;
    }
    rule->sa = sa;
    return IPSEC_OK;
}

static bool matches(const struct rule *rule, const struct ipseci_flow *flow, bool outbound)
{
    return ipseci_selector_matches(&rule->local, flow,
                                   outbound ? IPSECI_FLOW_SOURCE : IPSECI_FLOW_DESTINATION) &&
           ipseci_selector_matches(&rule->remote, flow,
                                   outbound ? IPSECI_FLOW_DESTINATION : IPSECI_FLOW_SOURCE);
}

/* Could a later fragment belong to a packet that falls under this rule? All but the ports fits. */
static bool may_match(const struct rule *rule, const struct ipseci_flow *flow, bool outbound)
{
    struct rule portless = *rule;
    portless.local.port_first = portless.remote.port_first = 0;
    portless.local.port_last = portless.remote.port_last = UINT16_MAX;
    return matches(&portless, flow, outbound);
}

/* RFC 4301 7: ports of a later fragment can not be seen. It must not leave in clear under a general
 * BYPASS when its packet falls under an earlier rule that does not bypass. */
static const struct rule *guard(const struct ipsec_spd *spd, const struct rule *found,
                                const struct ipseci_flow *flow, bool outbound)
{
    if (found->action != IPSEC_SPD_BYPASS || !flow->fragment_not_first) {
        return NULL;
    }
    for (uint32_t i = 0; i < spd->count && spd->order[i] != found; i++) {
        const struct rule *rule = spd->order[i];
        if (rule->action != IPSEC_SPD_BYPASS && may_match(rule, flow, outbound)) {
            return rule;
        }
    }
    return NULL;
}

/* RFC 4301 4.4.1: the first entry that matches decides. */
static const struct rule *first_match(const struct ipsec_spd *spd, const struct ipseci_flow *flow,
                                      bool outbound)
{
    for (uint32_t i = 0; i < spd->count; i++) {
        if (matches(spd->order[i], flow, outbound)) {
            return spd->order[i];
        }
    }
    return NULL;
}

enum ipsec_status ipsec_spd_lookup(const struct ipsec_spd *spd, struct ipsec_view inner_packet,
                                   bool outbound, struct ipsec_spd_result *result)
{
    struct ipseci_flow flow;
    if (result == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    memset(result, 0, sizeof(*result)); /* DISCARD */
    if (spd == NULL || (inner_packet.data == NULL && inner_packet.length != 0)) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_ip_parse(inner_packet, &flow));

    const struct rule *rule = first_match(spd, &flow, outbound);
    if (rule == NULL) {
        return IPSEC_OK;
    }
    const struct rule *held_back = guard(spd, rule, &flow, outbound);
    if (held_back != NULL) {
        result->entry = held_back->handle;
        return IPSEC_OK;
    }
    result->action = (enum ipsec_spd_action)rule->action;
    result->entry = rule->handle;
    result->sa = rule->sa;
    result->user = rule->user;
    return IPSEC_OK;
}
