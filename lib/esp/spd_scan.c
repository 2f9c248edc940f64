/* SPDX-License-Identifier: Apache-2.0
 *
 * The order over policies as one chain that is walked from the front: for small builds in the place
 * of spd_index.c, where a few policies are held against a packet one after the other. See
 * spd_rule.h.
 */
#include "spd_rule.h"

#include <string.h>

struct ipseci_spd_order {
    struct ipseci_rule *rules;
    uint32_t first; /* place plus one, as in struct ipseci_rule */
};

enum ipsec_status ipseci_spd_order_check(const struct ipsec_spd_config *c)
{
    return c->flow_max == 0 ? IPSEC_OK : IPSEC_ERR_NOT_BUILT_IN;
}

struct ipseci_spd_order *ipseci_spd_order_layout(struct ipseci_arena *arena,
                                                 struct ipseci_rule *rules,
                                                 const struct ipsec_spd_config *c)
{
    struct ipseci_spd_order *order = IPSECI_ARENA_NEW(arena, 1, struct ipseci_spd_order);
    (void)c;
    if (order != NULL) {
        order->rules = rules;
    }
    return order;
}

enum ipsec_status ipseci_spd_order_init(struct ipseci_spd_order *order,
                                        const struct ipsec_spd_config *c)
{
    (void)order;
    (void)c;
    return IPSEC_OK;
}

static struct ipseci_rule *rule_at(const struct ipseci_spd_order *order, uint32_t place)
{
    return place == 0 ? NULL : &order->rules[place - 1];
}

void ipseci_spd_order_insert(struct ipseci_spd_order *order, struct ipseci_rule *rule)
{
    uint32_t *link = &order->first;
    while (*link != 0 && rule_at(order, *link)->priority <= rule->priority) {
        link = &rule_at(order, *link)->next[IPSECI_SPD_MATCH];
    }
    rule->next[IPSECI_SPD_MATCH] = *link;
    *link = (uint32_t)(rule - order->rules) + 1;
}

void ipseci_spd_order_remove(struct ipseci_spd_order *order, struct ipseci_rule *rule)
{
    uint32_t *link = &order->first;
    while (rule_at(order, *link) != rule) {
        link = &rule_at(order, *link)->next[IPSECI_SPD_MATCH];
    }
    *link = rule->next[IPSECI_SPD_MATCH];
}

static const struct ipseci_rule *after(const struct ipseci_spd_order *order,
                                       const struct ipseci_rule *rule)
{
    return rule_at(order, rule->next[IPSECI_SPD_MATCH]);
}

const struct ipseci_rule *ipseci_spd_order_first(struct ipseci_spd_order *order,
                                                 const struct ipseci_flow *flow, bool outbound)
{
    const struct ipseci_rule *rule = rule_at(order, order->first);
    while (rule != NULL && !ipseci_rule_matches(rule, flow, outbound)) {
        rule = after(order, rule);
    }
    return rule;
}

const struct ipseci_rule *ipseci_spd_order_guard(const struct ipseci_spd_order *order,
                                                 const struct ipseci_rule *found,
                                                 const struct ipseci_flow *flow, bool outbound)
{
    const struct ipseci_rule *rule = rule_at(order, order->first);
    for (; rule != found; rule = after(order, rule)) {
        if (rule->action != IPSEC_SPD_BYPASS && ipseci_rule_covers(rule, flow, outbound)) {
            return rule;
        }
    }
    return NULL;
}

void ipseci_spd_order_stats(const struct ipseci_spd_order *order, struct ipsec_spd_stats *out)
{
    (void)order;
    memset(out, 0, sizeof(*out));
}
