/* SPDX-License-Identifier: Apache-2.0
 *
 * Padding for traffic flow confidentiality, put behind an inner packet before it is sealed. Called
 * by lib/gw and by users with manual keys; mode_tunnel.c sends it. RFC 4303 2.7.
 */
#include "mode.h"

#include <string.h>

enum ipsec_status ipsec_tfc_pad(struct ipsec_packet *packet, uint32_t octets)
{
    struct ipseci_flow flow;
    uint32_t head = 0;
    uint32_t tail = 0;
    if (packet == NULL || !ipseci_esp_is_usable(packet, IPSEC_SEAL) ||
        packet->sa->mode->keeps_header) {
        return IPSEC_ERR_ARGUMENT;
    }
    uint8_t *inner = packet->buffer + packet->offset;
    IPSECI_TRY(ipseci_ip_parse(ipseci_view(inner, packet->length), &flow));
    ipsec_sa_room(packet->sa, &head, &tail);
    const uint32_t after = packet->capacity - packet->offset;
    const uint32_t room = after > tail ? after - tail : 0;
    const uint32_t to = octets < room ? octets : room;

    packet->flags &= (uint8_t)~IPSEC_PACKET_TFC;
    if (to > flow.total_length) {
        memset(inner + flow.total_length, 0, to - flow.total_length);
        packet->length = to;
        packet->flags |= IPSEC_PACKET_TFC;
    }
    return IPSEC_OK;
}
