/* SPDX-License-Identifier: Apache-2.0
 *
 * Transport mode: what follows a packet's own IP header is protected, the header stays. Called
 * through the SA's mode. RFC 4303 3.1.1, RFC 4301 5, 7, RFC 3948 3.1.2.
 *
 * Whole packets (IPSEC_OUTER_IP) keep their header, options and IPv6 extension headers. A socket
 * makes headers of its own, so the packet's is taken off, and made again at the other end.
 */
#include "ip_header.h"
#include "mode.h"
#include "tunnel.h"

#include <string.h>

#define TCP_HEADER_BYTES   20u
#define TCP_CHECKSUM_AT    16u
#define UDP_LENGTH_AT      4u
#define UDP_CHECKSUM_AT    6u
#define IPV4_PROTOCOL_AT   9u
#define IPV6_NEXT_AT       6u
#define TTL_OF_MADE_HEADER 64u

/* Where the ESP header stands in a packet, and the octet that names what follows the headers before
 * it; both from the packet's start. */
struct gap {
    uint32_t at;
    uint32_t name_at;
};

/* ---- Headers that stay ----------------------------------------------------------------------- */

/* RFC 4303 3.1.1: behind the headers that routers on the way read. Destination options stay in
 * front where a routing header follows them, and are protected otherwise. `end`: as far as headers
 * go (ipseci_ip_parse has checked them). */
static struct gap find_gap(const uint8_t *ip, uint32_t end)
{
    struct gap gap = {end, IPV4_PROTOCOL_AT};
    if (ip[0] >> 4 == IPSEC_FAMILY_IPV4) {
        return gap;
    }
    gap.at = IPSECI_IPV6_HEADER_BYTES;
    gap.name_at = IPV6_NEXT_AT;
    uint8_t name = ip[IPV6_NEXT_AT];
    uint32_t at = gap.at;
    while (at < end) {
        const uint32_t next = at + (name == IPSECI_IP_FRAGMENT ? 8u : 8u + 8u * ip[at + 1]);
        if (name != IPSECI_IP_DESTINATION) {
            gap.at = next;
            gap.name_at = at;
        }
        name = ip[at];
        at = next;
    }
    return gap;
}

/* The name of what follows headers that end at `end`, where ESP or UDP stands now. */
static uint32_t last_name(const uint8_t *ip, uint32_t end)
{
    if (ip[0] >> 4 == IPSEC_FAMILY_IPV4) {
        return IPV4_PROTOCOL_AT;
    }
    uint32_t name_at = IPV6_NEXT_AT;
    for (uint32_t at = IPSECI_IPV6_HEADER_BYTES; at < end;) {
        const uint8_t name = ip[name_at];
        name_at = at;
        at += name == IPSECI_IP_FRAGMENT ? 8u : 8u + 8u * ip[at + 1];
    }
    return name_at;
}

static struct ipsec_addr address_of(const uint8_t *ip, bool source)
{
    struct ipsec_addr addr = {0};
    addr.family = ip[0] >> 4;
    if (addr.family == IPSEC_FAMILY_IPV4) {
        memcpy(addr.bytes, ip + (source ? 12 : 16), 4);
    } else {
        memcpy(addr.bytes, ip + (source ? 8 : 24), 16);
    }
    return addr;
}

/* ---- Sealing --------------------------------------------------------------------------------- */

static enum ipsec_status take(const struct ipsec_packet *p, struct ipseci_inner *in)
{
    const struct ipsec_sa *sa = p->sa;
    uint8_t *ip = p->buffer + p->offset;
    const bool whole = sa->outer == IPSEC_OUTER_IP;
    struct ipseci_flow flow;
    *in = (struct ipseci_inner){.data = ip, .length = p->length};
    if ((p->flags & IPSEC_PACKET_DUMMY) != 0) {
        in->next_header = IPSECI_ESP_NEXT_DUMMY;
        return whole ? IPSEC_ERR_ARGUMENT : IPSEC_OK; /* there is no header to send it with */
    }
    IPSECI_TRY(ipseci_ip_parse(ipseci_view(ip, p->length), &flow));
    if (!ipseci_sa_carries(sa, &flow)) {
        return IPSEC_DROP_SELECTORS;
    }
    /* RFC 4301 7, RFC 4303 3.3.4: whole packets only. */
    if (flow.fragment) {
        return IPSEC_DROP_FRAGMENT;
    }
    const struct gap gap = find_gap(ip, flow.upper_at);
    const uint32_t plain =
        flow.family == IPSEC_FAMILY_IPV4 ? IPSECI_IPV4_HEADER_BYTES : IPSECI_IPV6_HEADER_BYTES;
    if (!whole && gap.at != plain) {
        return IPSEC_DROP_HEADER; /* options that a socket would lose */
    }
    in->data = ip + gap.at;
    in->length = flow.total_length - gap.at;
    in->clear = whole ? gap.at : 0;
    in->next_header = ip[gap.name_at];
    if (in->next_header == IPSECI_ESP_NEXT_DUMMY) {
        return IPSEC_DROP_NEXT_HEADER; /* the peer would take it for a dummy (RFC 4303 2.6) */
    }
    in->marks.traffic_class = flow.traffic_class;
    in->marks.dont_fragment = flow.family == IPSEC_FAMILY_IPV4 && flow.dont_fragment;
    return IPSEC_OK;
}

static void write_udp(const struct ipsec_sa *sa, const uint8_t *ip, uint8_t *esp, uint32_t length)
{
    uint8_t *udp = esp - IPSECI_UDP_HEADER_BYTES;
    ipseci_udp_build(udp, sa->local.port, sa->remote.port, (uint16_t)length);
    if (ip[0] >> 4 == IPSEC_FAMILY_IPV6) {
        const struct ipsec_addr src = address_of(ip, true);
        const struct ipsec_addr dst = address_of(ip, false);
        const struct ipsec_view datagram = {udp, length + IPSECI_UDP_HEADER_BYTES};
        ipseci_store16(udp + UDP_CHECKSUM_AT, ipseci_udp_checksum(&src, &dst, datagram));
    }
}

static void wrap(const struct ipseci_esp_note *note, uint8_t *esp, uint32_t length)
{
    struct ipsec_packet *p = note->packet;
    const struct ipsec_sa *sa = p->sa;
    p->flags &= (uint8_t)~IPSEC_PACKET_DF;
    p->flags |= note->marks.dont_fragment ? IPSEC_PACKET_DF : 0;
    if (sa->outer != IPSEC_OUTER_IP) {
        p->offset = (uint32_t)(esp - p->buffer);
        p->length = length;
        return;
    }
    /* The header has moved to the front, by what stands behind it now. */
    p->offset -= sa->outer_length + IPSECI_ESP_HEADER_BYTES + (uint32_t)sa->aead.iv_length;
    uint8_t *ip = p->buffer + p->offset;
    const uint32_t clear = (uint32_t)(esp - ip) - sa->outer_length;
    p->length = clear + sa->outer_length + length;
    ipseci_ip_set_next(ip, last_name(ip, clear),
                       sa->udp_encapsulation ? IPSECI_IP_UDP : IPSECI_IP_ESP);
    ipseci_ip_set_length(ip, (uint16_t)p->length);
    if (sa->udp_encapsulation) {
        write_udp(sa, ip, esp, length);
    }
}

/* ---- Opening --------------------------------------------------------------------------------- */

/* Makes the packet's own header follow directly on the payload again. */
static enum ipsec_status move_header(const struct ipsec_packet *p,
                                     const struct ipseci_payload_out *out,
                                     struct ipsec_view *packet, bool *in_udp)
{
    struct ipseci_flow flow;
    const uint8_t *from = p->buffer + p->offset;
    IPSECI_TRY(ipseci_ip_parse(ipseci_view(from, p->length), &flow));
    uint8_t *ip = out->data - flow.upper_at;
    memmove(ip, from, flow.upper_at);
    *in_udp = flow.protocol == IPSECI_IP_UDP;
    ipseci_ip_set_next(ip, last_name(ip, flow.upper_at), out->next_header);
    ipseci_ip_set_length(ip, (uint16_t)(flow.upper_at + out->length));
    *packet = ipseci_view(ip, flow.upper_at + out->length);
    return IPSEC_OK;
}

/* Makes a header where a socket took it off: from what it said of the addresses, or the SA. */
static enum ipsec_status make_header(const struct ipseci_esp_note *note,
                                     const struct ipseci_payload_out *out,
                                     struct ipsec_view *packet)
{
    const struct ipsec_packet *p = note->packet;
    const bool told =
        p->remote.addr.family != IPSEC_FAMILY_NONE && p->remote.addr.family == p->local.addr.family;
    const struct ipsec_addr *src = told ? &p->remote.addr : &p->sa->remote.addr;
    const struct ipsec_addr *dst = told ? &p->local.addr : &p->sa->local.addr;
    const struct ipseci_ip_outer ip = {.family = src->family,
                                       .protocol = out->next_header,
                                       .traffic_class = note->marks.traffic_class,
                                       .ttl = TTL_OF_MADE_HEADER,
                                       .dont_fragment = true, /* RFC 6864: and so ID 0 */
                                       .src = src->bytes,
                                       .dst = dst->bytes};
    uint8_t header[IPSECI_IPV6_HEADER_BYTES];
    if (src->family != dst->family || src->family == IPSEC_FAMILY_NONE) {
        return IPSEC_ERR_ARGUMENT;
    }
    const uint32_t octets = (uint32_t)ipseci_ip_build(header, &ip, out->length);
    if (octets == 0) {
        return IPSEC_DROP_TOO_BIG;
    }
    if ((uint32_t)(out->data - p->buffer) < octets) {
        return IPSEC_ERR_BUFFER;
    }
    memcpy(out->data - octets, header, octets);
    *packet = ipseci_view(out->data - octets, octets + out->length);
    return IPSEC_OK;
}

/* RFC 3948 3.1.2 b: a NAT has changed the addresses under the checksum of TCP and UDP. What is made
 * anew covers octets that the ICV has proved. */
static void repair_checksum(const uint8_t *ip, uint8_t *upper, const struct ipseci_flow *flow)
{
    uint32_t length = flow->total_length - flow->upper_at;
    uint32_t at = TCP_CHECKSUM_AT;
    if (flow->protocol == IPSECI_IP_UDP) {
        if (length < IPSECI_UDP_HEADER_BYTES || ipseci_load16(upper + UDP_LENGTH_AT) > length ||
            ipseci_load16(upper + UDP_LENGTH_AT) < IPSECI_UDP_HEADER_BYTES ||
            ipseci_load16(upper + UDP_CHECKSUM_AT) == 0) {
            return; /* nothing there, or wrong anyway */
        }
        length = ipseci_load16(upper + UDP_LENGTH_AT);
        at = UDP_CHECKSUM_AT;
    } else if (flow->protocol != IPSECI_IP_TCP || length < TCP_HEADER_BYTES) {
        return;
    }
    const struct ipsec_addr src = address_of(ip, true);
    const struct ipsec_addr dst = address_of(ip, false);
    ipseci_store16(upper + at, 0);
    const uint16_t sum =
        ipseci_upper_checksum(&src, &dst, flow->protocol, ipseci_view(upper, length));
    ipseci_store16(upper + at, sum == 0 && at == UDP_CHECKSUM_AT ? UINT16_MAX : sum);
}

static enum ipsec_status deliver(const struct ipseci_esp_note *note,
                                 const struct ipseci_payload_out *out)
{
    struct ipsec_packet *p = note->packet;
    struct ipsec_sa *sa = p->sa;
    struct ipsec_view packet;
    struct ipseci_flow flow;
    bool in_udp = p->carrier == IPSEC_CARRIER_UDP;
    if (p->carrier == IPSEC_CARRIER_IP) {
        IPSECI_TRY(move_header(p, out, &packet, &in_udp));
    } else {
        IPSECI_TRY(make_header(note, out, &packet));
    }
    IPSECI_TRY(ipseci_ip_parse(packet, &flow));
    if (!ipseci_sa_carries(sa, &flow)) {
        return IPSEC_DROP_SELECTORS;
    }
    if (out->length > sa->bytes_max - sa->bytes) {
        return IPSEC_DROP_EXPIRED;
    }
    sa->bytes += out->length;
    p->offset = (uint32_t)(packet.data - p->buffer);
    p->length = (uint32_t)packet.length;
    p->next_header = flow.family == IPSEC_FAMILY_IPV4 ? IPSECI_ESP_NEXT_IPV4 : IPSECI_ESP_NEXT_IPV6;
    if (in_udp) {
        repair_checksum(packet.data, p->buffer + p->offset + flow.upper_at, &flow);
    }
    return IPSEC_OK;
}

static enum ipsec_status prepare(struct ipsec_sa *sa, const struct ipsec_endpoint *local,
                                 const struct ipsec_endpoint *remote, bool udp)
{
    IPSECI_TRY(ipseci_tunnel_prepare(sa, local, remote, udp)); /* for its checks */
    sa->outer_length = udp ? IPSECI_UDP_HEADER_BYTES : 0;
    return IPSEC_OK;
}

static const struct ipseci_mode transport = {prepare, take, wrap, deliver, true};

enum ipsec_status ipseci_transport_choose(const struct ipsec_sa_params *params,
                                          const struct ipseci_mode **mode)
{
    if (params->mode == IPSEC_MODE_TUNNEL) {
        return IPSEC_OK;
    }
    if (params->mode != IPSEC_MODE_TRANSPORT || params->rules != NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *mode = &transport;
    return IPSEC_OK;
}
