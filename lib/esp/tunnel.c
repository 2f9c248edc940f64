/* SPDX-License-Identifier: Apache-2.0
 *
 * Outer headers. See tunnel.h. RFC 4301 5.1.2, RFC 3948, RFC 8200 8.1.
 */
#include "tunnel.h"
#include "mode.h"

#include <string.h>

enum ipsec_status ipseci_tunnel_prepare(struct ipsec_sa *sa, const struct ipsec_endpoint *local,
                                        const struct ipsec_endpoint *remote, bool udp)
{
    if (local->addr.family != remote->addr.family ||
        (udp && (local->port == 0 || remote->port == 0))) {
        return IPSEC_ERR_ARGUMENT;
    }
    /* RFC 4301 5.1.2: the outer header is made new. DF is clear where no rules say otherwise. */
    const struct ipseci_ip_outer ip = {.family = local->addr.family,
                                       .protocol = udp ? IPSECI_IP_UDP : IPSECI_IP_ESP,
                                       .ttl = sa->ttl,
                                       .src = local->addr.bytes,
                                       .dst = remote->addr.bytes};
    const size_t octets = ipseci_ip_build(sa->outer_header, &ip, 0);
    if (octets == 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    sa->outer_length = (uint8_t)(octets + (udp ? IPSECI_UDP_HEADER_BYTES : 0));
    return IPSEC_OK;
}

static void write_udp(const struct ipsec_sa *sa, uint8_t *esp, uint32_t length)
{
    uint8_t *udp = esp - IPSECI_UDP_HEADER_BYTES;
    const uint32_t octets = length + IPSECI_UDP_HEADER_BYTES;
    /* RFC 3948 2.1: the checksum is zero over IPv4. */
    ipseci_udp_build(udp, sa->local.port, sa->remote.port, (uint16_t)length);
    if (sa->local.addr.family == IPSEC_FAMILY_IPV6) {
        ipseci_store16(udp + 6, ipseci_udp_checksum(&sa->local.addr, &sa->remote.addr,
                                                    ipseci_view(udp, octets)));
    }
}

void ipseci_tunnel_wrap(const struct ipseci_esp_note *note, uint8_t *esp, uint32_t length)
{
    struct ipsec_packet *p = note->packet;
    const struct ipsec_sa *sa = p->sa;
    uint8_t *ip = esp - sa->outer_length;
    p->offset = (uint32_t)(ip - p->buffer);
    p->length = length + sa->outer_length;
    if (sa->outer != IPSEC_OUTER_IP) {
        return;
    }
    const uint16_t total = (uint16_t)p->length;
    if (sa->udp_encapsulation) {
        write_udp(sa, esp, length);
    }
    if (sa->local.addr.family == IPSEC_FAMILY_IPV4) {
        memcpy(ip, sa->outer_header, IPSECI_IPV4_HEADER_BYTES);
        /* RFC 6864 4.3: an ID that does not repeat soon; it tells nothing of the inner packet. */
        ipseci_ipv4_finish(ip, note->marks.traffic_class, total,
                           (uint16_t)(ipseci_esp_sequence(esp) + sa->spi));
    } else {
        memcpy(ip, sa->outer_header, IPSECI_IPV6_HEADER_BYTES);
        ipseci_ipv6_finish(ip, total);
        ipseci_ip_set_traffic_class(ip, note->marks.traffic_class);
    }
}

/* A whole outer IP packet. */
static enum ipsec_status locate_in_ip(struct ipsec_view packet, struct ipseci_located *out)
{
    struct ipseci_flow flow;
    IPSECI_TRY(ipseci_ip_parse(packet, &flow));
    if (flow.fragment) {
        return IPSEC_DROP_FRAGMENT;
    }
    if (flow.family == IPSEC_FAMILY_IPV4 && !ipseci_ipv4_checksum_valid(packet.data)) {
        return IPSEC_DROP_HEADER;
    }
    out->traffic_class = flow.traffic_class;
    out->at = flow.upper_at;
    out->length = flow.total_length - flow.upper_at;
    if (flow.protocol == IPSECI_IP_ESP) {
        return IPSEC_OK;
    }
    if (flow.protocol != IPSECI_IP_UDP) {
        return IPSEC_DROP_ENCAPSULATION;
    }
    struct ipseci_udp udp;
    IPSECI_TRY(ipseci_udp_parse(ipseci_view(packet.data + out->at, out->length), &udp));
    out->in_udp = true;
    out->dst_port = udp.dst_port;
    out->at += IPSECI_UDP_HEADER_BYTES;
    out->length = (uint32_t)udp.payload.length;
    return IPSEC_OK;
}

enum ipsec_status ipseci_tunnel_locate(const struct ipsec_packet *packet,
                                       struct ipseci_located *out)
{
    memset(out, 0, sizeof(*out));
    out->length = packet->length;
    out->traffic_class = packet->traffic_class;
    switch ((enum ipsec_carrier)packet->carrier) {
    case IPSEC_CARRIER_UDP:
        out->in_udp = true;
        return IPSEC_OK;
    case IPSEC_CARRIER_ESP:
        return IPSEC_OK;
    case IPSEC_CARRIER_IP:
        return locate_in_ip(ipseci_view(packet->buffer + packet->offset, packet->length), out);
    case IPSEC_CARRIER_NONE:
        break;
    }
    return IPSEC_ERR_ARGUMENT;
}
