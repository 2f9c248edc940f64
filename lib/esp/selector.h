/* SPDX-License-Identifier: Apache-2.0
 *
 * Does a packet fall under traffic selectors (RFC 4301 4.4.1.1, RFC 7296 3.13.1)? One rule for the
 * SPD and for the selector check of an SA. Called by spd.c, seal.c and open.c.
 */
#ifndef IPSECI_SELECTOR_H
#define IPSECI_SELECTOR_H

#include "ip_header.h"

/* A family, no range that runs backwards; ports may be OPAQUE. */
bool ipseci_selector_valid(const struct ipsec_selector *s);

/* The end of a flow that a selector is held against. */
enum ipseci_flow_end { IPSECI_FLOW_SOURCE, IPSECI_FLOW_DESTINATION };

/* All but the ports. */
bool ipseci_selector_covers(const struct ipsec_selector *s, const struct ipseci_flow *flow,
                            enum ipseci_flow_end end);
/* Names certain ports: neither any nor OPAQUE. */
bool ipseci_selector_has_ports(const struct ipsec_selector *s);

bool ipseci_selector_matches(const struct ipsec_selector *s, const struct ipseci_flow *flow,
                             enum ipseci_flow_end end);

/* True when one of count selectors matches. */
bool ipseci_selectors_match(const struct ipsec_selector *s, uint32_t count,
                            const struct ipseci_flow *flow, enum ipseci_flow_end end);

#endif
