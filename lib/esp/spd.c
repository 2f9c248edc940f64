/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy database: rules in a pool, and an order over them that finds the first that matches
 * (spd_index.c or spd_scan.c). Called by lib/gw. RFC 4301 4.4.1, 5.1, 5.2, 7.
 */
#include "spd_rule.h"

#include <string.h>

#define ENTRY_MAX_DEFAULT 64u

struct ipsec_spd {
    struct ipseci_pool pool;
    struct ipseci_spd_order *order;
    uint64_t added; /* so many rules so far */
};

static enum ipsec_status take_config(const struct ipsec_spd_config *given,
                                     struct ipsec_spd_config *c)
{
    IPSECI_TRY(ipseci_struct_in(c, sizeof(*c), given));
    c->entry_max = c->entry_max == 0 ? ENTRY_MAX_DEFAULT : c->entry_max;
    return c->entry_max > IPSECI_POOL_MAX ? IPSEC_ERR_ARGUMENT : ipseci_spd_order_check(c);
}

static struct ipsec_spd *layout(struct ipseci_arena *arena, const struct ipsec_spd_config *c)
{
    struct ipsec_spd measured;
    struct ipsec_spd *spd = IPSECI_ARENA_NEW(arena, 1, struct ipsec_spd);
    struct ipsec_spd *to = spd != NULL ? spd : &measured;
    ipseci_pool_layout(&to->pool, arena, c->entry_max, sizeof(struct ipseci_rule));
    to->order = ipseci_spd_order_layout(arena, (struct ipseci_rule *)(void *)to->pool.slots, c);
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
    IPSECI_TRY(ipseci_spd_order_init(made->order, &c));
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
    struct ipseci_rule *rule = ipseci_pool_take(&spd->pool, &taken);
    if (rule == NULL) {
        return IPSEC_ERR_FULL;
    }
    rule->local = e.local;
    rule->remote = e.remote;
    rule->sa = e.sa;
    rule->user = e.user;
    rule->priority = e.priority;
    rule->action = e.action;
    rule->age = spd->added++;
    ipseci_spd_order_insert(spd->order, rule);
    *handle = taken;
    return IPSEC_OK;
}

static struct ipseci_rule *get(const struct ipsec_spd *spd, ipsec_handle handle)
{
    return spd == NULL ? NULL : ipseci_pool_get(&spd->pool, handle);
}

enum ipsec_status ipsec_spd_remove(struct ipsec_spd *spd, ipsec_handle handle)
{
    struct ipseci_rule *rule = get(spd, handle);
    if (rule == NULL) {
        return IPSEC_ERR_STALE;
    }
    ipseci_spd_order_remove(spd->order, rule);
    (void)ipseci_pool_release(&spd->pool, handle);
    return IPSEC_OK;
}

enum ipsec_status ipsec_spd_set_sa(struct ipsec_spd *spd, ipsec_handle handle, ipsec_handle sa)
{
    struct ipseci_rule *rule = get(spd, handle);
    if (rule == NULL) {
        return IPSEC_ERR_STALE;
    }
    if (rule->action != IPSEC_SPD_PROTECT) {
        return IPSEC_ERR_STATE;
    }
    rule->sa = sa;
    return IPSEC_OK;
}

/* RFC 4301 7: ports of a later fragment can not be seen. It must not leave in clear under a general
 * BYPASS when its packet falls under an earlier rule that does not bypass. */
static const struct ipseci_rule *guard(const struct ipsec_spd *spd, const struct ipseci_rule *found,
                                       const struct ipseci_flow *flow, bool outbound)
{
    return found->action == IPSEC_SPD_BYPASS && flow->fragment_not_first
               ? ipseci_spd_order_guard(spd->order, found, flow, outbound)
               : NULL;
}

enum ipsec_status ipsec_spd_lookup(struct ipsec_spd *spd, struct ipsec_view inner_packet,
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

    const struct ipseci_rule *rule = ipseci_spd_order_first(spd->order, &flow, outbound);
    if (rule == NULL) {
        return IPSEC_OK;
    }
    const struct ipseci_rule *held_back = guard(spd, rule, &flow, outbound);
    result->entry = ipseci_pool_handle(&spd->pool, held_back != NULL ? held_back : rule);
    if (held_back != NULL) {
        return IPSEC_OK;
    }
    result->action = (enum ipsec_spd_action)rule->action;
    result->sa = rule->sa;
    result->user = rule->user;
    return IPSEC_OK;
}

void ipsec_spd_stats(const struct ipsec_spd *spd, struct ipsec_spd_stats *out)
{
    if (out == NULL) {
        return;
    }
    memset(out, 0, sizeof(*out));
    if (spd != NULL) {
        ipseci_spd_order_stats(spd->order, out);
    }
}
