/* SPDX-License-Identifier: Apache-2.0
 *
 * Living with NATs: keepalives for the mapping in front of us (RFC 3948 4), and following a peer
 * whose mapping has changed (RFC 7296 2.23). Called by the engine's input, lifetimes.c and the data
 * plane through ipsec_ike_child_moved.
 */
#include "mobility.h"
#include "udp_encap.h"

bool ipseci_endpoint_equal(const struct ipsec_endpoint *a, const struct ipsec_endpoint *b)
{
    return a->port == b->port && ipsec_addr_equal(&a->addr, &b->addr);
}

uint64_t ipseci_packets(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, bool outbound)
{
    const struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);
    struct ipsec_child_stats stats;
    uint64_t sum = 0;

    while (child != NULL && ike->config.callbacks.child_stats != NULL) {
        stats = (struct ipsec_child_stats){0};
        if (child->in_sink &&
            ike->config.callbacks.child_stats(ike->config.user, child->self, &stats) == IPSEC_OK) {
            sum += outbound ? stats.packets_out : stats.packets_in;
        }
        child = ipseci_child_get(ike, child->next);
    }
    return sum;
}

/* ---- keepalives --------------------------------------------------------------------------------
 */

static uint32_t keepalive_ms(const struct ipseci_ike_sa *sa)
{
    return sa->peer->keepalive_ms != 0 ? sa->peer->keepalive_ms : IPSECI_KEEPALIVE_MS;
}

ipsec_ms ipseci_keepalive_due(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    /* RFC 3948 4: only who is behind a NAT has a mapping to keep (NATT-07) */
    if (!sa->nat_local || sa->state != IPSECI_IKE_ESTABLISHED ||
        keepalive_ms(sa) == IPSEC_KEEPALIVE_OFF) {
        return IPSEC_NEVER;
    }
    /* Half of the time is enough to tell how long ago it was: the rest wraps after 49 days. */
    const uint32_t silent_ms = (uint32_t)ike->now - sa->sent_at;
    const uint32_t after = keepalive_ms(sa);
    return ipseci_after(ike->now, silent_ms < after ? after - silent_ms : 0);
}

static void send_keepalive(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    struct ipsec_packet packet = {
        .buffer = ike->out,
        .capacity = (uint32_t)(ike->config.message_bytes + IPSECI_MARKER_BYTES),
        .length = 1,
        .carrier = IPSEC_CARRIER_UDP,
        .local = sa->local,
        .remote = sa->remote,
    };

    ike->out[0] = IPSECI_KEEPALIVE_OCTET; /* RFC 3948 2.3: no marker before it */
    ike->counters.keepalives_out++;
    ike->config.callbacks.send(ike->config.user, &packet);
}

void ipseci_keepalive_run(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    if (ipseci_keepalive_due(ike, sa) > ike->now) {
        return;
    }
    const uint32_t packets = (uint32_t)ipseci_packets(ike, sa, true);
    if (packets != sa->sent_packets) {
        /* ESP has kept the mapping alive some time since the last look; when is not known, so half
         * of it is counted as silence. */
        sa->sent_packets = packets;
        sa->sent_at = (uint32_t)ike->now - keepalive_ms(sa) / 2;
        return;
    }
    send_keepalive(ike, sa);
    sa->sent_at = (uint32_t)ike->now;
}

/* ---- following ---------------------------------------------------------------------------------
 */

void ipseci_address_changed(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                            const struct ipsec_endpoint *old_local,
                            const struct ipsec_endpoint *old_remote)
{
    struct ipsec_ike_sa_info info;
    struct ipsec_event event = {.type = IPSEC_EVENT_ADDRESS_CHANGED,
                                .ike_sa = sa->self,
                                .peer = sa->peer,
                                .ike = &info,
                                .remote = sa->remote,
                                .old_local = *old_local,
                                .old_remote = *old_remote};

    ike->counters.address_changes++;
    ipseci_ike_info(sa, ike, &info);
    ipseci_emit(ike, &event);
}

static bool may_follow(const struct ipseci_ike_sa *sa, bool other_address)
{
    /* RFC 7296 2.23: the end in the open follows the one behind a NAT, and nobody else anybody: who
     * is behind a NAT would be led away by whoever sends it a captured packet (NATT-09) */
    const bool in_the_open = sa->nat_remote && !sa->nat_local;

    switch ((enum ipsec_follow)sa->peer->follow) {
    case IPSEC_FOLLOW_DEFAULT:
        return in_the_open;
    case IPSEC_FOLLOW_NEVER:
        return false;
    case IPSEC_FOLLOW_PORT:
        return in_the_open && !other_address;
    case IPSEC_FOLLOW_ANY:
        return true;
    }
    return false;
}

enum ipsec_status ipseci_follow(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                const struct ipsec_endpoint *remote, uint16_t port)
{
    const bool other_address = !ipsec_addr_equal(&remote->addr, &sa->remote.addr);
    const struct ipsec_endpoint old = sa->remote;

    if (sa->state < IPSECI_IKE_ESTABLISHED || ipseci_endpoint_equal(remote, &sa->remote)) {
        return IPSEC_OK;
    }
    if ((port != 0 && port != sa->local.port) || remote->port == 0 ||
        remote->addr.family != sa->local.addr.family ||
        (sa->mobile & IPSECI_MOBILE_ON) != 0 || /* RFC 4555 3.8 */
        !may_follow(sa, other_address)) {
        return IPSEC_ERR_FORBIDDEN;
    }
    sa->remote = *remote;
    ipseci_children_follow(ike, sa);
    ipseci_address_changed(ike, sa, &sa->local, &old);
    return IPSEC_OK;
}

enum ipsec_status ipsec_ike_child_moved(struct ipsec_ike *ike, ipsec_handle child_handle,
                                        const struct ipsec_endpoint *remote, ipsec_ms now)
{
    enum ipsec_status status = IPSEC_ERR_STALE;

    if (remote == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    const struct ipseci_child *child = ipseci_child_get(ike, child_handle);
    struct ipseci_ike_sa *sa = child == NULL ? NULL : ipseci_sa_get(ike, child->ike_sa);
    if (sa != NULL && child->in_sink) {
        struct ipsec_endpoint to = *remote;
        /* Bare ESP has no port, and that of ESP in UDP which nobody asked for says nothing. */
        to.port = to.port != 0 && ipseci_sa_encapsulates(sa) ? to.port : sa->remote.port;
        status = ipseci_follow(ike, sa, &to, 0);
        ipseci_touch(ike, sa->self);
    }
    ipseci_leave(ike);
    return status;
}
