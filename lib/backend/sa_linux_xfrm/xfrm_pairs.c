/* SPDX-License-Identifier: Apache-2.0
 *
 * Traffic selectors, which are ranges, as the kernel's, which are prefixes of addresses and masked
 * ports: a range becomes the fewest prefixes that cover it exactly. RFC 7296 3.13.1, RFC 4301
 * 4.4.1.1.
 */
#include <arpa/inet.h>
#include <string.h>

#include "xfrm_state.h"

#define PROTOCOL_ICMP   1
#define PROTOCOL_ICMPV6 58
#define ADDR_BITS_MAX   128

struct prefix {
    uint8_t first[16];
    uint8_t bits;
};
struct prefixes {
    uint32_t count;
    struct prefix item[IPSEC_XFRM_SELECTORS_MAX];
};
struct port {
    uint16_t value;
    uint16_t mask;
};
struct ports {
    uint32_t count;
    struct port item[32]; /* 30 for the worst range of 16 bits */
};

/* ---- Ranges ---------------------------------------------------------------------------------- */

/* The last address of the prefix; false: first is not the first of so large a block. */
static bool block_end(const uint8_t *first, unsigned width, unsigned host_bits, uint8_t *end)
{
    memcpy(end, first, 16);
    for (unsigned i = 0; i < host_bits; i++) {
        const unsigned bit = width - 1 - i;
        const uint8_t mask = (uint8_t)(0x80u >> (bit & 7));
        if ((first[bit >> 3] & mask) != 0) {
            return false;
        }
        end[bit >> 3] |= mask;
    }
    return true;
}

static void step(uint8_t *addr, unsigned octets)
{
    for (unsigned i = octets; i-- > 0;) {
        if (++addr[i] != 0) {
            return;
        }
    }
}

/* first <= last. */
static bool split_addrs(const struct ipsec_selector *s, struct prefixes *out)
{
    const unsigned width = s->family == IPSEC_FAMILY_IPV4 ? 32 : ADDR_BITS_MAX;
    uint8_t at[16];
    uint8_t end[16];
    memcpy(at, s->first, sizeof at);
    out->count = 0;
    while (out->count < XFRM_COUNT(out->item)) {
        unsigned host = width;
        while (!block_end(at, width, host, end) || memcmp(end, s->last, width / 8) > 0) {
            host--; /* a block of one address always fits: at <= last */
        }
        struct prefix *p = &out->item[out->count++];
        memset(p, 0, sizeof *p);
        memcpy(p->first, at, width / 8);
        p->bits = (uint8_t)(width - host);
        if (memcmp(end, s->last, width / 8) == 0) {
            return true;
        }
        memcpy(at, end, sizeof at);
        step(at, width / 8);
    }
    return false;
}

static void split_ports(uint32_t first, uint32_t last, struct ports *out)
{
    out->count = 0;
    while (first <= last && out->count < XFRM_COUNT(out->item)) {
        uint32_t size = 1;
        while (size < 0x10000 && (first & (2 * size - 1)) == 0 && first + 2 * size - 1 <= last) {
            size *= 2;
        }
        out->item[out->count].value = (uint16_t)first;
        out->item[out->count++].mask = (uint16_t)(0x10000 - size);
        first += size;
    }
}

/* ---- One local with one remote selector ------------------------------------------------------ */

static bool is_icmp(uint8_t protocol)
{
    return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

static bool any_port(const struct ipsec_selector *s)
{
    return s->port_first == 0 && s->port_last == UINT16_MAX;
}

/* Types and codes stand in both selectors, and a packet has to be within both. The kernel has the
 * type where others have the source's port, and the code in place of the destination's. */
static const char *split_icmp(const struct ipsec_selector *l, const struct ipsec_selector *r,
                              struct ports *types, struct ports *codes)
{
    const unsigned first = l->port_first > r->port_first ? l->port_first : r->port_first;
    const unsigned last = l->port_last < r->port_last ? l->port_last : r->port_last;
    if (first > last) {
        return "the ICMP types of both sides have nothing in common";
    }
    if (first == 0 && last == UINT16_MAX) {
        split_ports(0, UINT16_MAX, types);
        split_ports(0, UINT16_MAX, codes);
        return NULL;
    }
    if (first >> 8 != last >> 8 && ((first & 0xff) != 0 || (last & 0xff) != 0xff)) {
        return "the kernel has no policy for a range of ICMP codes over several types";
    }
    split_ports(first >> 8, last >> 8, types);
    if ((first & 0xff) == 0 && (last & 0xff) == 0xff) {
        split_ports(0, UINT16_MAX, codes);
    } else {
        split_ports(first & 0xff, last & 0xff, codes);
    }
    return NULL;
}

static const char *split_protocol(const struct ipsec_selector *l, const struct ipsec_selector *r,
                                  uint8_t protocol, struct ports *local, struct ports *remote)
{
    if (l->port_first > l->port_last || r->port_first > r->port_last) {
        return "the kernel has no policy for OPAQUE ports";
    }
    if (protocol == 0 && (!any_port(l) || !any_port(r))) {
        return "ports of any protocol are no policy of the kernel's";
    }
    if (is_icmp(protocol)) {
        return split_icmp(l, r, local, remote);
    }
    split_ports(l->port_first, l->port_last, local);
    split_ports(r->port_first, r->port_last, remote);
    return NULL;
}

struct parts {
    struct prefixes local;
    struct prefixes remote;
    struct ports local_ports;
    struct ports remote_ports;
};

/* Each pair once: a packet's own selectors may stand in front of the network they lie in. */
static bool add_pair(const struct parts *p, const uint32_t at[4], uint8_t family, uint8_t protocol,
                     struct xfrm_pairs *out)
{
    struct xfrm_pair pair;
    memset(&pair, 0, sizeof pair);
    memcpy(pair.local, p->local.item[at[0]].first, sizeof pair.local);
    memcpy(pair.remote, p->remote.item[at[1]].first, sizeof pair.remote);
    pair.family = family;
    pair.local_bits = p->local.item[at[0]].bits;
    pair.remote_bits = p->remote.item[at[1]].bits;
    pair.protocol = protocol;
    pair.local_port = p->local_ports.item[at[2]].value;
    pair.local_mask = p->local_ports.item[at[2]].mask;
    pair.remote_port = p->remote_ports.item[at[3]].value;
    pair.remote_mask = p->remote_ports.item[at[3]].mask;
    for (uint32_t i = 0; i < out->count; i++) {
        if (memcmp(&out->item[i], &pair, sizeof pair) == 0) {
            return true;
        }
    }
    if (out->count == XFRM_COUNT(out->item)) {
        return false;
    }
    memcpy(&out->item[out->count++], &pair, sizeof pair);
    return true;
}

static bool cross(const struct parts *p, uint8_t family, uint8_t protocol, struct xfrm_pairs *out)
{
    uint32_t at[4];
    for (at[0] = 0; at[0] < p->local.count; at[0]++) {
        for (at[1] = 0; at[1] < p->remote.count; at[1]++) {
            for (at[2] = 0; at[2] < p->local_ports.count; at[2]++) {
                for (at[3] = 0; at[3] < p->remote_ports.count; at[3]++) {
                    if (!add_pair(p, at, family, protocol, out)) {
                        return false;
                    }
                }
            }
        }
    }
    return true;
}

static bool is_backwards(const struct ipsec_selector *s)
{
    return memcmp(s->first, s->last, s->family == IPSEC_FAMILY_IPV4 ? 4 : 16) > 0;
}

static enum ipsec_status pairs_of(const struct ipsec_selector *l, const struct ipsec_selector *r,
                                  struct xfrm_pairs *out, const char **why)
{
    struct parts parts;
    const uint8_t protocol = l->protocol != 0 ? l->protocol : r->protocol;
    if (is_backwards(l) || is_backwards(r)) {
        *why = "an address range ends before it begins";
        return IPSEC_ERR_ARGUMENT;
    }
    if (l->family != r->family || (r->protocol != 0 && r->protocol != protocol)) {
        return IPSEC_OK; /* no packet is of both */
    }
    const char *wrong = split_protocol(l, r, protocol, &parts.local_ports, &parts.remote_ports);
    if (wrong != NULL) {
        *why = wrong;
        return IPSEC_ERR_ARGUMENT;
    }
    if (!split_addrs(l, &parts.local) || !split_addrs(r, &parts.remote) ||
        !cross(&parts, l->family, protocol, out)) {
        *why = "these ranges would take more than 64 policies of the kernel, which has prefixes "
               "only: choose networks and ports that are such";
        return IPSEC_ERR_FULL;
    }
    return IPSEC_OK;
}

enum ipsec_status ipseci_xfrm_pairs(const struct ipsec_selectors *local,
                                    const struct ipsec_selectors *remote, struct xfrm_pairs *out,
                                    const char **why)
{
    out->count = 0;
    for (uint32_t i = 0; i < local->count; i++) {
        for (uint32_t j = 0; j < remote->count; j++) {
            const enum ipsec_status status = pairs_of(&local->item[i], &remote->item[j], out, why);
            if (status < IPSEC_OK) {
                return status;
            }
        }
    }
    if (out->count == 0) {
        *why = "the selectors of the two sides have no family and protocol in common";
        return IPSEC_ERR_ARGUMENT;
    }
    return IPSEC_OK;
}

void ipseci_xfrm_pair_put(const struct xfrm_pair *pair, int dir, struct xfrm_selector *out)
{
    const bool outbound = dir == XFRM_POLICY_OUT;
    /* Type and code do not change places with the direction. */
    const bool local_first = outbound || is_icmp(pair->protocol);
    memset(out, 0, sizeof *out);
    memcpy(&out->saddr, outbound ? pair->local : pair->remote, 16);
    memcpy(&out->daddr, outbound ? pair->remote : pair->local, 16);
    out->prefixlen_s = outbound ? pair->local_bits : pair->remote_bits;
    out->prefixlen_d = outbound ? pair->remote_bits : pair->local_bits;
    out->sport = htons(local_first ? pair->local_port : pair->remote_port);
    out->sport_mask = htons(local_first ? pair->local_mask : pair->remote_mask);
    out->dport = htons(local_first ? pair->remote_port : pair->local_port);
    out->dport_mask = htons(local_first ? pair->remote_mask : pair->local_mask);
    out->family = pair->family == IPSEC_FAMILY_IPV4 ? AF_INET : AF_INET6;
    out->proto = pair->protocol;
}
