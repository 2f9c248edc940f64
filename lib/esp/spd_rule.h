/* SPDX-License-Identifier: Apache-2.0
 *
 * What spd.c shares with the order over its rules, of which there are two: spd_index.c, which
 * hashes, and spd_scan.c, which walks and is small (build option spd_index).
 */
#ifndef IPSECI_SPD_RULE_H
#define IPSECI_SPD_RULE_H

#include <ipsec/spd.h>

#include "pool.h"
#include "selector.h"

/* A rule can stand in two chains: that of all rules, and that of the rules a later fragment may not
 * pass by. */
enum ipseci_spd_purpose { IPSECI_SPD_MATCH, IPSECI_SPD_GUARD, IPSECI_SPD_PURPOSES };

struct ipseci_rule {
    struct ipsec_selector local;
    struct ipsec_selector remote;
    uint8_t action; /* enum ipsec_spd_action */
    uint8_t tuple[IPSECI_SPD_PURPOSES];
    uint32_t next[IPSECI_SPD_PURPOSES]; /* place in the pool, plus one; 0: the last */
    void *user;
    uint64_t age; /* how many were added before: decides between equal priorities */
    int32_t priority;
    ipsec_handle sa;
};
_Static_assert(sizeof(void *) != 8 || sizeof(struct ipseci_rule) == 112, "pack before you add");

struct ipseci_spd_order;

/* IPSEC_ERR_NOT_BUILT_IN, IPSEC_ERR_ARGUMENT. */
enum ipsec_status ipseci_spd_order_check(const struct ipsec_spd_config *c);
/* Room for the order of rules, which lie in `rules`; NULL while measuring. */
struct ipseci_spd_order *ipseci_spd_order_layout(struct ipseci_arena *arena,
                                                 struct ipseci_rule *rules,
                                                 const struct ipsec_spd_config *c);
/* IPSEC_ERR_RANDOM. */
enum ipsec_status ipseci_spd_order_init(struct ipseci_spd_order *order,
                                        const struct ipsec_spd_config *c);
/* Behind the rules of its own priority and before those of larger ones. */
void ipseci_spd_order_insert(struct ipseci_spd_order *order, struct ipseci_rule *rule);
void ipseci_spd_order_remove(struct ipseci_spd_order *order, struct ipseci_rule *rule);
/* RFC 4301 4.4.1: the first rule that matches; NULL: none. */
const struct ipseci_rule *ipseci_spd_order_first(struct ipseci_spd_order *order,
                                                 const struct ipseci_flow *flow, bool outbound);
/* The first rule before `found` that a later fragment may belong to and that does not bypass. */
const struct ipseci_rule *ipseci_spd_order_guard(const struct ipseci_spd_order *order,
                                                 const struct ipseci_rule *found,
                                                 const struct ipseci_flow *flow, bool outbound);

void ipseci_spd_order_stats(const struct ipseci_spd_order *order, struct ipsec_spd_stats *out);

static inline bool ipseci_rule_covers(const struct ipseci_rule *rule,
                                      const struct ipseci_flow *flow, bool outbound)
{
    return ipseci_selector_covers(&rule->local, flow,
                                  outbound ? IPSECI_FLOW_SOURCE : IPSECI_FLOW_DESTINATION) &&
           ipseci_selector_covers(&rule->remote, flow,
                                  outbound ? IPSECI_FLOW_DESTINATION : IPSECI_FLOW_SOURCE);
}

static inline bool ipseci_rule_matches(const struct ipseci_rule *rule,
                                       const struct ipseci_flow *flow, bool outbound)
{
    return ipseci_selector_matches(&rule->local, flow,
                                   outbound ? IPSECI_FLOW_SOURCE : IPSECI_FLOW_DESTINATION) &&
           ipseci_selector_matches(&rule->remote, flow,
                                   outbound ? IPSECI_FLOW_DESTINATION : IPSECI_FLOW_SOURCE);
}

#endif
