/* SPDX-License-Identifier: Apache-2.0
 *
 * Traffic flow confidentiality: packets are filled up, and dummy packets sent when the caller wants
 * some, so that lengths and silence tell less. Called by gw_sink.c, gw_out.c, gw_mtu.c and the
 * program. RFC 4303 2.6, 2.7.
 */
#include "gw_state.h"

#include <string.h>

enum ipsec_status ipseci_gw_tfc_start(struct ipseci_gw_child *child,
                                      const struct ipsec_child_sa *sa)
{
    /* RFC 7296 1.3.1: not to a peer that does not take it. */
    const bool taken = !sa->no_tfc && sa->config->mode == IPSEC_MODE_TUNNEL;
    child->tfc = taken ? sa->config->tfc : 0;
    return IPSEC_OK;
}

void ipseci_gw_tfc_fill(const struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    const struct ipseci_gw_child *child = ipseci_gw_child_of(gw, packet->sa);
    packet->flags &= (uint8_t)~IPSEC_PACKET_TFC; /* what a caller left there */
    if (child == NULL || child->tfc == 0) {
        return;
    }
    const uint32_t mtu = child->inner_mtu;
    const uint32_t wanted = child->tfc == IPSEC_TFC_MTU ? mtu : child->tfc;
    /* What is not an IP packet is refused when it is sealed. */
    (void)ipsec_tfc_pad(packet, mtu != 0 && wanted > mtu ? mtu : wanted);
}

static enum ipsec_status send_dummy(struct ipsec_gw *gw, struct ipsec_sa *sa, uint32_t octets)
{
    struct ipsec_packet dummy = {.buffer = gw->burst_bytes,
                                 .capacity = gw->config.packet_bytes,
                                 .offset = IPSECI_GW_HEAD_ROOM,
                                 .length = octets,
                                 .flags = IPSEC_PACKET_DUMMY,
                                 .sa = sa};
    struct ipsec_packet *const list[1] = {&dummy};
    memset(dummy.buffer + dummy.offset, 0, octets);
    (void)ipsec_esp_seal(list, 1);
    ipseci_gw_after_seal(gw, &dummy);
    ipseci_gw_count(gw->counters.drops_out, &gw->counters.errors_out, dummy.status);
    ipseci_gw_wan_send(gw, list, 1);
    return (enum ipsec_status)dummy.status;
}

enum ipsec_status ipsec_gw_send_dummy(struct ipsec_gw *gw, ipsec_handle child, uint32_t octets,
                                      ipsec_ms now)
{
    if (gw == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (gw->busy) {
        return IPSEC_ERR_REENTRY;
    }
    if (octets > gw->config.packet_bytes - IPSECI_GW_HEAD_ROOM - IPSECI_GW_TAIL_ROOM) {
        return IPSEC_ERR_BUFFER;
    }
    const struct ipseci_gw_child *record = ipseci_gw_child_find(gw, child);
    struct ipsec_sa *sa = record != NULL ? ipsec_sad_get(gw->sad, record->sa_out) : NULL;
    if (sa == NULL) {
        return IPSEC_ERR_STALE;
    }
    if (record->order == 0) {
        return IPSEC_ERR_STATE;
    }
    gw->busy = true;
    const enum ipsec_status status = send_dummy(gw, sa, octets);
    ipseci_gw_settle(gw, now);
    gw->busy = false;
    return status;
}
