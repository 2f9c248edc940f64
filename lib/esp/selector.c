/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets against traffic selectors. See selector.h.
 */
#include "selector.h"

#include <string.h>

#define PORT_MAX 65535

static bool is_any_port(const struct ipsec_selector *s)
{
    return s->port_first == 0 && s->port_last == PORT_MAX;
}

static bool is_opaque(const struct ipsec_selector *s)
{
    return s->port_first == PORT_MAX && s->port_last == 0;
}

bool ipseci_selector_valid(const struct ipsec_selector *s)
{
    if (s->family != IPSEC_FAMILY_IPV4 && s->family != IPSEC_FAMILY_IPV6) {
        return false;
    }
    const size_t octets = s->family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    return memcmp(s->first, s->last, octets) <= 0 &&
           (s->port_first <= s->port_last || is_opaque(s));
}

static bool holds_address(const struct ipsec_selector *s, const uint8_t *address)
{
    if (s->family == IPSEC_FAMILY_IPV4) {
        const uint32_t a = ipseci_load32(address);
        return a >= ipseci_load32(s->first) && a <= ipseci_load32(s->last);
    }
    return memcmp(address, s->first, 16) >= 0 && memcmp(address, s->last, 16) <= 0;
}

/* RFC 4301 4.4.1.1, 7.1 to 7.3: a packet whose ports can not be seen (a later fragment, a protocol
 * without ports) falls under any port and under OPAQUE, never under a certain port. */
static bool holds_port(const struct ipsec_selector *s, bool has_ports, uint16_t port)
{
    if (is_any_port(s)) {
        return true;
    }
    if (!has_ports) {
        return is_opaque(s);
    }
    return port >= s->port_first && port <= s->port_last;
}

bool ipseci_selector_has_ports(const struct ipsec_selector *s)
{
    return !is_any_port(s) && !is_opaque(s);
}

bool ipseci_selector_covers(const struct ipsec_selector *s, const struct ipseci_flow *flow,
                            enum ipseci_flow_end end)
{
    return s->family == flow->family && (s->protocol == 0 || s->protocol == flow->protocol) &&
           holds_address(s, end == IPSECI_FLOW_SOURCE ? flow->src : flow->dst);
}

bool ipseci_selector_matches(const struct ipsec_selector *s, const struct ipseci_flow *flow,
                             enum ipseci_flow_end end)
{
    return ipseci_selector_covers(s, flow, end) &&
           holds_port(s, flow->has_ports,
                      end == IPSECI_FLOW_SOURCE ? flow->src_port : flow->dst_port);
}

bool ipseci_selectors_match(const struct ipsec_selector *s, uint32_t count,
                            const struct ipseci_flow *flow, enum ipseci_flow_end end)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ipseci_selector_matches(&s[i], flow, end)) {
            return true;
        }
    }
    return false;
}
