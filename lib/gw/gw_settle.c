/* SPDX-License-Identifier: Apache-2.0
 *
 * What a burst leaves to do: notices to IKE about children (first packet in, limits reached,
 * another outer address) and acquires. All after the burst, because IKE may then install and remove
 * SAs. Called by gw.c. RFC 7296 2.8 (proof that the peer uses a new SA), RFC 4303 3.3.3, RFC
 * 4301 5.1.
 */
#include "gw_state.h"
#include "ip_header.h"
#include "sa.h"

#include <string.h>

/* ---- Noting ---------------------------------------------------------------------------------- */

struct ipseci_gw_child *ipseci_gw_child_of(const struct ipsec_gw *gw, const struct ipsec_sa *sa)
{
    void *user = ipsec_sa_user(sa);
    /* A record lives longer than its SAs, so an address inside the pool is one of ours. */
    const uintptr_t first = (uintptr_t)gw->children.slots;
    const size_t bytes = gw->children.slot_bytes * gw->children.count;
    return (uintptr_t)user - first < bytes ? user : NULL;
}

void ipseci_gw_touch(struct ipsec_gw *gw, const struct ipsec_sa *sa, unsigned notice)
{
    struct ipseci_gw_child *child = ipseci_gw_child_of(gw, sa);
    if (child == NULL) {
        return;
    }
    if (notice != 0) {
        child->due = (uint8_t)(child->due | (1u << notice & ~(unsigned)child->told));
    }
    if (child->touched) {
        return;
    }
    child->touched = true;
    child->touched_next = gw->touched;
    gw->touched = child;
}

void ipseci_gw_untouch(struct ipsec_gw *gw, struct ipseci_gw_child *child)
{
    struct ipseci_gw_child **link = &gw->touched;
    while (*link != NULL && *link != child) {
        link = &(*link)->touched_next;
    }
    if (*link == child) {
        *link = child->touched_next;
    }
    child->touched = false;
}

static void one_end(const struct ipseci_flow *flow, const uint8_t *addr, uint16_t port,
                    struct ipsec_selector *out)
{
    memset(out, 0, sizeof *out);
    out->family = flow->family;
    out->protocol = flow->protocol;
    out->port_first = flow->has_ports ? port : 0;
    out->port_last = flow->has_ports ? port : UINT16_MAX;
    memcpy(out->first, addr, sizeof out->first);
    memcpy(out->last, addr, sizeof out->last);
}

bool ipseci_gw_flow_of(struct ipsec_view packet, struct ipsec_packet_selectors *out)
{
    struct ipseci_flow flow;
    if (ipseci_ip_parse(packet, &flow) < IPSEC_OK) {
        return false;
    }
    one_end(&flow, flow.src, flow.src_port, &out->local);
    one_end(&flow, flow.dst, flow.dst_port, &out->remote);
    return true;
}

static void note_packet(struct ipsec_gw *gw, const struct ipseci_gw_policy *policy,
                        struct ipsec_view packet)
{
    gw->wanted.policy = ipseci_gw_flow_of(packet, &gw->wanted.packet) ? policy : NULL;
}

void ipseci_gw_want(struct ipsec_gw *gw, struct ipseci_gw_policy *policy, struct ipsec_view packet,
                    ipsec_ms now)
{
    if (policy->acquired_ever && now < policy->acquired) {
        policy->acquired = now; /* the clock stepped back: count from here */
    }
    if (policy->acquired_ever && now - policy->acquired < IPSECI_GW_ACQUIRE_MS) {
        return;
    }
    policy->acquired_ever = true;
    policy->acquired = now;
    policy->acquire_due = true;
    gw->acquire_due = true;
    note_packet(gw, policy, packet);
}

/* ---- Giving ---------------------------------------------------------------------------------- */

static bool is_over(const struct ipsec_gw *gw, const struct ipseci_gw_child *child, ipsec_handle sa)
{
    const struct ipsec_sa *one = ipsec_sad_get(gw->sad, sa);
    return one != NULL && (ipsec_sa_packets(one) >= child->packets_soft ||
                           ipsec_sa_bytes(one) >= child->bytes_soft);
}

/* RFC 9001 6.6, as RFC 4303 says nothing: who may try often enough forges a packet some day. */
static bool is_forged(struct ipsec_gw *gw, struct ipseci_gw_child *child, ipsec_ms now)
{
    const struct ipsec_sa *in = ipsec_sad_get(gw->sad, child->sa_in);
    const uint32_t forged = in != NULL ? in->drops[ipsec_drop_index(IPSEC_DROP_ICV)] : 0;
    if (forged < child->forgeries_soft) {
        return false;
    }
    if ((child->told & IPSECI_GW_TOLD_FORGED) == 0) {
        child->told |= IPSECI_GW_TOLD_FORGED;
        ipseci_gw_audit_forged(gw, in, forged, now);
    }
    return true;
}

static void check_limits(struct ipsec_gw *gw, struct ipseci_gw_child *child, ipsec_ms now)
{
    const uint8_t soft = 1u << IPSEC_CHILD_NOTICE_SOFT;
    if ((child->told & soft) == 0 &&
        (is_over(gw, child, child->sa_in) || is_over(gw, child, child->sa_out) ||
         is_forged(gw, child, now))) {
        child->due |= soft;
    }
}

/* Any notice may make IKE remove the child, so the record is looked up again before each. */
static void give_notices(struct ipsec_gw *gw, struct ipseci_gw_child *child, ipsec_ms now)
{
    static const enum ipsec_child_notice order[] = {
        IPSEC_CHILD_NOTICE_INBOUND, IPSEC_CHILD_NOTICE_SOFT, IPSEC_CHILD_NOTICE_HARD};
    const ipsec_handle self = child->self;
    const uint8_t due = child->due;
    child->due = 0;
    child->told |= due;
    for (size_t i = 0; i < IPSECI_COUNT(order); i++) {
        if ((due & 1u << order[i]) == 0 || ipseci_pool_get(&gw->children, self) == NULL) {
            continue;
        }
        if (ipsec_ike_child_notice(gw->ike, child->child, order[i], now) < IPSEC_OK) {
            /* Not taken now (a command is running, a queue is full): the next burst says it again.
             */
            child->told &= (uint8_t) ~(1u << order[i]);
        }
    }
}

static void settle_children(struct ipsec_gw *gw, ipsec_ms now)
{
    /* Each turn takes one child off the list; notices put none on it. */
    while (gw->touched != NULL) {
        struct ipseci_gw_child *child = gw->touched;
        gw->touched = child->touched_next;
        child->touched = false;
        check_limits(gw, child, now);
        give_notices(gw, child, now);
    }
}

static void settle_move(struct ipsec_gw *gw, ipsec_ms now)
{
    const struct ipseci_gw_moved moved = gw->moved;
    gw->moved.child = 0;
    if (moved.child != 0) {
        /* Refused by policy, or gone meanwhile: the packet was good all the same. */
        (void)ipsec_ike_child_moved(gw->ike, moved.child, &moved.remote, now);
    }
}

enum ipsec_status ipsec_gw_acquire(struct ipsec_gw *gw, const struct ipsec_peer *peer,
                                   const struct ipsec_child_config *child)
{
    if (gw == NULL || peer == NULL || child == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    const struct ipseci_gw_wanted *wanted = &gw->wanted;
    if (!wanted->settling) {
        return IPSEC_ERR_STATE;
    }
    const bool known =
        wanted->policy != NULL && wanted->policy->peer == peer && wanted->policy->config == child;
    return ipsec_ike_acquire(gw->ike, peer, child, known ? &wanted->packet : NULL, wanted->now);
}

static void acquire(struct ipsec_gw *gw, const struct ipseci_gw_policy *policy)
{
    if (gw->config.callbacks.acquire != NULL) {
        gw->config.callbacks.acquire(gw->config.user, policy->peer, policy->config);
    } else if (policy->config->start == IPSEC_START_ON_DEMAND) {
        /* What is wrong with it is told by its failure report; the packet is lost either way. */
        (void)ipsec_gw_acquire(gw, policy->peer, policy->config);
    }
}

static void settle_acquires(struct ipsec_gw *gw, ipsec_ms now)
{
    uint32_t cursor = 0;
    ipsec_handle handle = 0;
    struct ipseci_gw_policy *policy;
    if (!gw->acquire_due) {
        return;
    }
    gw->acquire_due = false;
    gw->wanted.settling = true;
    gw->wanted.now = now;
    while ((policy = ipseci_pool_next(&gw->policies, &cursor, &handle)) != NULL) {
        if (!policy->acquire_due) {
            continue;
        }
        policy->acquire_due = false;
        gw->counters.acquires++;
        acquire(gw, policy);
    }
    gw->wanted.settling = false;
    gw->wanted.policy = NULL;
}

void ipseci_gw_settle(struct ipsec_gw *gw, ipsec_ms now)
{
    settle_children(gw, now);
    settle_move(gw, now);
    settle_acquires(gw, now);
}
