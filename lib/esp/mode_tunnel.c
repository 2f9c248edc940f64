/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnel mode: the whole inner packet is protected, and gets outer headers of the SA's own. Called
 * by seal.c and open.c through the SA's mode. RFC 4301 5.1.2, 5.2, RFC 4303 3.1.2, RFC 6040.
 */
#include "ecn.h"
#include "mode.h"
#include "plain_path.h"
#include "tunnel.h"

const struct ipseci_mode ipseci_mode_tunnel = {ipseci_tunnel_prepare, ipseci_tunnel_take,
                                               ipseci_tunnel_wrap, ipseci_tunnel_deliver, false};

enum ipsec_status ipseci_tunnel_take(const struct ipsec_packet *p, struct ipseci_inner *in)
{
    *in = (struct ipseci_inner){.data = p->buffer + p->offset, .length = p->length};
    if ((p->flags & IPSEC_PACKET_DUMMY) != 0) {
        in->next_header = IPSECI_ESP_NEXT_DUMMY;
        return IPSEC_OK;
    }
    struct ipseci_flow flow;
    IPSECI_TRY(ipseci_plain_look(p->sa, in->data, p->length, &flow));
    in->length = (p->flags & IPSEC_PACKET_TFC) != 0 ? p->length : flow.total_length;
    /* RFC 6040 4.1, normal mode: the ECN field is copied. RFC 4301 5.1.2: so is the DSCP. */
    in->marks.traffic_class = flow.traffic_class;
    in->next_header =
        flow.family == IPSEC_FAMILY_IPV4 ? IPSECI_ESP_NEXT_IPV4 : IPSECI_ESP_NEXT_IPV6;
    return IPSEC_OK;
}

/* RFC 4301 5.2: what came out must be what this SA may carry. */
enum ipsec_status ipseci_tunnel_deliver(const struct ipseci_esp_note *note,
                                        const struct ipseci_payload_out *out)
{
    struct ipsec_packet *p = note->packet;
    struct ipsec_sa *sa = p->sa;
    struct ipseci_flow flow;
    if (out->next_header != IPSECI_ESP_NEXT_IPV4 && out->next_header != IPSECI_ESP_NEXT_IPV6) {
        return IPSEC_DROP_NEXT_HEADER;
    }
    const bool is_ipv4 = out->next_header == IPSECI_ESP_NEXT_IPV4;
    if (out->length == 0 ||
        out->data[0] >> 4 != (is_ipv4 ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6)) {
        return IPSEC_DROP_VERSION;
    }
    IPSECI_TRY(ipseci_plain_look(sa, out->data, out->length, &flow));
    IPSECI_TRY(ipseci_ecn_merge(out->data, flow.traffic_class, note->marks.traffic_class));
    if (flow.total_length > sa->bytes_max - sa->bytes) {
        return IPSEC_DROP_EXPIRED;
    }
    sa->bytes += flow.total_length;

    p->offset = (uint32_t)(out->data - p->buffer);
    p->length = flow.total_length; /* RFC 4303 2.7: TFC padding stays behind */
    p->next_header = out->next_header;
    return IPSEC_OK;
}
