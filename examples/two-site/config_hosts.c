/* SPDX-License-Identifier: Apache-2.0
 *
 * Children in transport mode: the keys "mode" of [child] and "fwmark" of [gateway], and what must
 * fit together. Called by config_keys.c and config_finish.c.
 */
#include "config_place.h"

#include <string.h>

void config_mode(const struct place *place, const char *value)
{
    const bool host = strcmp(value, "transport") == 0;
    if (!host && strcmp(value, "tunnel") != 0) {
        config_bad(place, value, "tunnel or transport");
    }
    place->child->child.mode = host ? IPSEC_MODE_TRANSPORT : IPSEC_MODE_TUNNEL;
}

void config_fwmark(const struct place *place, const char *value)
{
    uint64_t mark = 0;
    config_set_number(place, value, 1, INT32_MAX, &mark);
    place->gateway->fwmark = (uint32_t)mark;
}

bool config_is_host(const struct ipsec_child_config *child)
{
    return child->mode == IPSEC_MODE_TRANSPORT;
}

bool config_has_hosts(const struct config *config)
{
    for (size_t i = 0; i < config->child_count; i++) {
        if (config_is_host(&config->child[i].child)) {
            return true;
        }
    }
    return false;
}

/* Nothing said: all that goes between the two addresses. */
static void fill(struct ipsec_selectors *side, const struct ipsec_addr *addr)
{
    if (side->count == 0 && addr->family != IPSEC_FAMILY_NONE) {
        struct ipsec_selector *s = &side->item[side->count++];
        s->family = addr->family;
        s->port_last = UINT16_MAX;
        memcpy(s->first, addr->bytes, sizeof(s->first));
        memcpy(s->last, addr->bytes, sizeof(s->last));
    }
}

static bool is_only(const struct ipsec_selectors *side, const struct ipsec_addr *addr)
{
    for (uint32_t i = 0; i < side->count; i++) {
        const struct ipsec_selector *s = &side->item[i];
        if (s->family != addr->family || memcmp(s->first, addr->bytes, sizeof(s->first)) != 0 ||
            memcmp(s->last, addr->bytes, sizeof(s->last)) != 0) {
            return false;
        }
    }
    return true;
}

static void check_side(struct config *config, const struct config_child *child, const char *key,
                       const struct ipsec_selectors *side, const struct ipsec_addr *addr)
{
    char text[IPSEC_ADDR_TEXT_MAX];
    if (addr->family == IPSEC_FAMILY_NONE || is_only(side, addr)) {
        return;
    }
    ipsec_addr_text(addr, text, sizeof(text));
    config_fail(config, child->line,
                "child %s: transport mode is between the two gateways themselves: %s has to be %s, "
                "with ports if wanted",
                child->name, key, text);
}

void config_hosts_finish(struct config *config, const struct config_site *site,
                         struct config_child *child)
{
    struct ipsec_child_config *c = &child->child;
    if (!config_is_host(c)) {
        return;
    }
    if (c->local_dynamic || c->remote_dynamic) {
        config_fail(config, child->line,
                    "child %s: transport mode has no inner addresses that could be dynamic",
                    child->name);
        return;
    }
    fill(&c->local_ts, &site->peer.local.addr);
    fill(&c->remote_ts, &site->peer.remote.addr);
    check_side(config, child, "local_ts", &c->local_ts, &site->peer.local.addr);
    check_side(config, child, "remote_ts", &c->remote_ts, &site->peer.remote.addr);
    if (c->tfc != 0) {
        config_fail(config, child->line,
                    "child %s: tfc is for tunnels: in transport mode nothing says where the "
                    "padding begins",
                    child->name);
    }
}
