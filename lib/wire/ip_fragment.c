/* SPDX-License-Identifier: Apache-2.0
 *
 * Fragments of an IPv4 packet. See ip_fragment.h.
 */
#include "ip_fragment.h"
#include "ip_header.h"

#include <string.h>

#define IPV4_MF          0x2000
#define IPV4_OFFSET_MASK 0x1fff
#define UNIT_BYTES       8u
#define OPTION_END       0
#define OPTION_NOP       1
#define OPTION_COPIED    0x80

/* Cutting may not repair what is broken, nor let an offset begin anew. */
static bool is_sound(const uint8_t *ip, const struct ipseci_flow *flow)
{
    const uint16_t field = ipseci_load16(ip + 6);
    const uint32_t offset = (field & IPV4_OFFSET_MASK) * UNIT_BYTES;
    const uint32_t payload = flow->total_length - flow->upper_at;
    return ipseci_ipv4_checksum_valid(ip) && offset + flow->total_length <= UINT16_MAX &&
           ((field & IPV4_MF) == 0 || payload % UNIT_BYTES == 0);
}

enum ipsec_status ipseci_cutter_start(struct ipseci_cutter *c, struct ipsec_view packet,
                                      uint32_t mtu)
{
    struct ipseci_flow flow;
    IPSECI_TRY(ipseci_ip_parse(packet, &flow));
    if (flow.family != IPSEC_FAMILY_IPV4 || !is_sound(packet.data, &flow)) {
        return IPSEC_DROP_HEADER;
    }
    if (mtu < flow.upper_at + UNIT_BYTES) {
        return IPSEC_DROP_TOO_BIG;
    }
    c->packet = ipseci_view(packet.data, flow.total_length);
    c->header_bytes = flow.upper_at;
    c->at = flow.upper_at;
    c->step = (mtu - flow.upper_at) / UNIT_BYTES * UNIT_BYTES;
    return IPSEC_OK;
}

/* Options without the copied flag stand in the first fragment alone; those that are broken, too. */
static void blank_options(uint8_t *header, uint32_t end)
{
    uint32_t at = IPSECI_IPV4_HEADER_BYTES;
    while (at < end && header[at] != OPTION_END) {
        uint32_t octets = 1;
        if (header[at] != OPTION_NOP) {
            octets = end - at >= 2 && header[at + 1] >= 2 && header[at + 1] <= end - at
                         ? header[at + 1]
                         : end - at;
            if ((header[at] & OPTION_COPIED) == 0) {
                memset(header + at, OPTION_NOP, octets);
            }
        }
        at += octets;
    }
}

uint32_t ipseci_cutter_next(struct ipseci_cutter *c, uint8_t *out)
{
    const uint32_t left = (uint32_t)c->packet.length - c->at;
    const uint32_t octets = left < c->step ? left : c->step;
    if (octets == 0) {
        return 0;
    }
    const uint16_t field = ipseci_load16(c->packet.data + 6);
    const uint32_t done = c->at - c->header_bytes;
    /* A fragment of a fragment goes on counting; only the last of the last ends the packet. */
    const uint32_t offset = (field & IPV4_OFFSET_MASK) + done / UNIT_BYTES;
    const bool more = octets < left || (field & IPV4_MF) != 0;
    memcpy(out, c->packet.data, c->header_bytes);
    memcpy(out + c->header_bytes, c->packet.data + c->at, octets);
    if (done != 0) {
        blank_options(out, c->header_bytes);
    }
    ipseci_store16(out + 2, (uint16_t)(c->header_bytes + octets));
    ipseci_store16(out + 6, (uint16_t)((more ? IPV4_MF : 0) | (offset & IPV4_OFFSET_MASK)));
    ipseci_store16(out + 10, 0);
    ipseci_store16(out + 10, ipseci_checksum(ipseci_view(out, c->header_bytes), 0));
    c->at += octets;
    return c->header_bytes + octets;
}
