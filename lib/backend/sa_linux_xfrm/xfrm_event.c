/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernel tells by itself: packets that wait for an SA, limits reached, peers behind
 * another NAT mapping. Called by the program when the sink's descriptor is readable. RFC
 * 4301 4.4.2, RFC 7296 2.9 (a packet's own selectors), 2.23.
 */
#include <arpa/inet.h>
#include <string.h>

#include "xfrm_state.h"

#define EVENTS_AT_ONCE  64 /* datagrams; what is left keeps the descriptor readable */
#define PROTOCOL_ICMP   1
#define PROTOCOL_ICMPV6 58

/* NULL: too short. */
static const void *payload(const struct nlmsghdr *message, size_t least)
{
    return mnl_nlmsg_get_payload_len(message) >= least ? mnl_nlmsg_get_payload(message) : NULL;
}

/* ---- ACQUIRE --------------------------------------------------------------------------------- */

static int find_reqid(const struct nlattr *attr, void *data)
{
    struct xfrm_user_tmpl template;
    if (mnl_attr_get_type(attr) == XFRMA_TMPL &&
        mnl_attr_get_payload_len(attr) >= sizeof template) {
        memcpy(&template, mnl_attr_get_payload(attr), sizeof template);
        *(uint32_t *)data = template.reqid;
    }
    return MNL_CB_OK;
}

static void one_end(const struct xfrm_selector *sel, const xfrm_address_t *addr, uint16_t port,
                    bool has_port, struct ipsec_selector *out)
{
    memset(out, 0, sizeof *out);
    out->family = sel->family == AF_INET6 ? IPSEC_FAMILY_IPV6 : IPSEC_FAMILY_IPV4;
    out->protocol = sel->proto;
    out->port_first = has_port ? port : 0;
    out->port_last = has_port ? port : UINT16_MAX;
    memcpy(out->first, addr, out->family == IPSEC_FAMILY_IPV6 ? 16 : 4);
    memcpy(out->last, out->first, sizeof out->last);
}

/* The kernel gives the packet itself: one address each, and what ports it has. */
static void selectors_of(const struct xfrm_selector *sel, struct ipsec_packet_selectors *out)
{
    const bool icmp = sel->proto == PROTOCOL_ICMP || sel->proto == PROTOCOL_ICMPV6;
    const bool ports = icmp || ((sel->sport_mask & sel->dport_mask) == UINT16_MAX &&
                                (sel->sport != 0 || sel->dport != 0));
    const uint16_t type = (uint16_t)(ntohs(sel->sport) << 8 | (ntohs(sel->dport) & 0xff));
    one_end(sel, &sel->saddr, icmp ? type : ntohs(sel->sport), ports, &out->local);
    one_end(sel, &sel->daddr, icmp ? type : ntohs(sel->dport), ports, &out->remote);
}

static bool take_acquire(struct ipsec_xfrm *xfrm, const struct nlmsghdr *message, ipsec_ms now)
{
    const struct xfrm_user_acquire *acquire = payload(message, sizeof *acquire);
    struct ipsec_packet_selectors packet;
    uint32_t reqid = 0;
    if (acquire == NULL ||
        mnl_attr_parse(message, sizeof *acquire, find_reqid, &reqid) < MNL_CB_STOP) {
        return false;
    }
    struct xfrm_group *group = ipseci_xfrm_group_of(xfrm, reqid);
    if (group == NULL) {
        return false;
    }
    xfrm->counters.acquires++;
    group->acquire = acquire->seq;
    selectors_of(&acquire->sel, &packet);
    if (xfrm->ike != NULL && group->config->start == IPSEC_START_ON_DEMAND &&
        ipsec_ike_acquire(xfrm->ike, group->peer, group->config, &packet, now) < IPSEC_OK) {
        /* Why is told by a failure report; the packet is lost either way. */
        xfrm->counters.acquires_refused++;
    }
    return true;
}

/* ---- EXPIRE, MAPPING ------------------------------------------------------------------------- */

static bool take_expire(struct ipsec_xfrm *xfrm, const struct nlmsghdr *message, ipsec_ms now)
{
    bool inbound;
    const struct xfrm_user_expire *expire = payload(message, sizeof *expire);
    const struct xfrm_child *child =
        expire == NULL
            ? NULL
            : ipseci_xfrm_child_of(xfrm, ntohl(expire->state.id.spi), &expire->state.id.daddr,
                                   expire->state.family, &inbound);
    if (child == NULL) {
        return false;
    }
    xfrm->counters.hard_limits += expire->hard != 0;
    xfrm->counters.soft_limits += expire->hard == 0;
    if (xfrm->ike != NULL) {
        (void)ipsec_ike_child_notice(
            xfrm->ike, child->child,
            expire->hard != 0 ? IPSEC_CHILD_NOTICE_HARD : IPSEC_CHILD_NOTICE_SOFT, now);
    }
    return true;
}

/* The kernel has found the packet authentic and newer than all before. */
static bool take_mapping(struct ipsec_xfrm *xfrm, const struct nlmsghdr *message, ipsec_ms now)
{
    bool inbound = false;
    struct ipsec_endpoint remote;
    const struct xfrm_user_mapping *mapping = payload(message, sizeof *mapping);
    const struct xfrm_child *child =
        mapping == NULL ? NULL
                        : ipseci_xfrm_child_of(xfrm, ntohl(mapping->id.spi), &mapping->id.daddr,
                                               mapping->id.family, &inbound);
    if (child == NULL || !inbound) {
        return false;
    }
    memset(&remote, 0, sizeof remote);
    remote.addr.family = mapping->id.family == AF_INET6 ? IPSEC_FAMILY_IPV6 : IPSEC_FAMILY_IPV4;
    memcpy(remote.addr.bytes, &mapping->new_saddr, mapping->id.family == AF_INET6 ? 16 : 4);
    remote.port = ntohs(mapping->new_sport);
    xfrm->counters.moves++;
    if (xfrm->ike != NULL) {
        (void)ipsec_ike_child_moved(xfrm->ike, child->child, &remote, now);
    }
    return true;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static bool take_one(struct ipsec_xfrm *xfrm, const struct nlmsghdr *message, ipsec_ms now)
{
    switch (message->nlmsg_type) {
    case XFRM_MSG_ACQUIRE:
        return take_acquire(xfrm, message, now);
    case XFRM_MSG_EXPIRE:
        return take_expire(xfrm, message, now);
    case XFRM_MSG_MAPPING:
        return take_mapping(xfrm, message, now);
    default:
        return false;
    }
}

static void take_datagram(struct ipsec_xfrm *xfrm, const struct xfrm_message *m, size_t length,
                          ipsec_ms now)
{
    int left = (int)length;
    const struct nlmsghdr *message = &m->u.header;
    while (mnl_nlmsg_ok(message, left)) {
        xfrm->counters.strange_events += !take_one(xfrm, message, now);
        message = mnl_nlmsg_next(message, &left);
    }
}

enum ipsec_status ipsec_xfrm_events(struct ipsec_xfrm *xfrm, ipsec_ms now)
{
    struct xfrm_message m;
    if (xfrm == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    for (int i = 0; i < EVENTS_AT_ONCE; i++) {
        size_t length = 0;
        const enum ipsec_status status =
            xfrm->link.event(xfrm->link.context, m.u.octets, sizeof m.u.octets, &length);
        if (status == IPSEC_ERR_AGAIN) {
            return IPSEC_OK;
        }
        xfrm->counters.lost_events += status == IPSEC_ERR_FULL;
        if (status < IPSEC_OK) {
            return status;
        }
        take_datagram(xfrm, &m, length, now);
    }
    return IPSEC_OK;
}
