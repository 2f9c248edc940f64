/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnel mode whose outer headers are made by rules of the SA's own: DSCP, ECN, DF, flow label.
 * Called through the SA's mode. RFC 4301 5.1.2, 8.1, RFC 2983 (DSCP), RFC 6040 4.1, RFC 6437.
 */
#include "ip_header.h"
#include "mode.h"
#include "tunnel.h"

#define FLOW_LABEL_MASK UINT32_C(0xfffff)

static uint8_t dscp_of(const struct ipsec_header_rules *r, uint8_t inner)
{
    switch ((enum ipsec_dscp)r->dscp) {
    case IPSEC_DSCP_COPY:
        return inner;
    case IPSEC_DSCP_FIXED:
        return r->dscp_value;
    case IPSEC_DSCP_MAP:
        return r->dscp_map[inner] & 0x3f; /* the caller's octets */
    }
    return 0;
}

static uint32_t label_of(const struct ipsec_sa *sa, const struct ipseci_inner *in)
{
    const uint32_t own = sa->spi & FLOW_LABEL_MASK;
    switch ((enum ipsec_flow_label)sa->way.sending.rules->flow_label) {
    case IPSEC_FLOW_LABEL_ZERO:
        return 0;
    case IPSEC_FLOW_LABEL_COPY:
        if (in->next_header == IPSECI_ESP_NEXT_IPV6) {
            return ipseci_load32(in->data) & FLOW_LABEL_MASK;
        }
        return own;
    case IPSEC_FLOW_LABEL_SA:
        return own;
    }
    return 0;
}

/* RFC 4301 8.1. An IPv6 packet may not be cut on its way, as if it had DF. */
static bool df_of(const struct ipsec_header_rules *r, const struct ipseci_inner *in)
{
    switch ((enum ipsec_df)r->df) {
    case IPSEC_DF_CLEAR:
        return false;
    case IPSEC_DF_SET:
        return true;
    case IPSEC_DF_COPY:
        return in->next_header == IPSECI_ESP_NEXT_IPV6 ||
               (in->next_header == IPSECI_ESP_NEXT_IPV4 && ipseci_ipv4_has_df(in->data));
    }
    return false;
}

static enum ipsec_status take(const struct ipsec_packet *p, struct ipseci_inner *in)
{
    IPSECI_TRY(ipseci_tunnel_take(p, in));
    const struct ipsec_header_rules *r = p->sa->way.sending.rules;
    const uint8_t inner = in->marks.traffic_class;
    /* RFC 6040 4.1: normal mode copies, compatibility mode says Not-ECT. */
    const uint8_t ecn = r->ecn_compatible ? IPSECI_ECN_NOT_ECT : inner & IPSECI_ECN_MASK;
    in->marks.traffic_class = (uint8_t)(dscp_of(r, inner >> 2) << 2 | ecn);
    in->marks.flow_label = label_of(p->sa, in);
    in->marks.dont_fragment = (p->flags & IPSEC_PACKET_CUT) == 0 && df_of(r, in);
    return IPSEC_OK;
}

static void wrap(const struct ipseci_esp_note *note, uint8_t *esp, uint32_t length)
{
    struct ipsec_packet *p = note->packet;
    const struct ipsec_sa *sa = p->sa;
    ipseci_tunnel_wrap(note, esp, length);
    p->flags &= (uint8_t)~IPSEC_PACKET_DF;
    p->flags |= note->marks.dont_fragment ? IPSEC_PACKET_DF : 0;
    if (sa->outer != IPSEC_OUTER_IP) {
        return;
    }
    uint8_t *ip = esp - sa->outer_length;
    if (sa->local.addr.family == IPSEC_FAMILY_IPV4) {
        ipseci_ipv4_set_df(ip, note->marks.dont_fragment);
    } else {
        ipseci_ipv6_set_flow_label(ip, note->marks.flow_label);
    }
}

static const struct ipseci_mode ruled = {ipseci_tunnel_prepare, take, wrap, ipseci_tunnel_deliver,
                                         false};

enum ipsec_status ipseci_rules_choose(const struct ipsec_sa_params *params,
                                      const struct ipseci_mode **mode)
{
    const struct ipsec_header_rules *r = params->rules;
    if (r == NULL || params->direction != IPSEC_SEAL) {
        return IPSEC_OK;
    }
    if (r->df > IPSEC_DF_SET || r->dscp > IPSEC_DSCP_MAP || r->dscp_value > 0x3f ||
        r->flow_label > IPSEC_FLOW_LABEL_COPY ||
        (r->dscp == IPSEC_DSCP_MAP && r->dscp_map == NULL)) {
        return IPSEC_ERR_ARGUMENT;
    }
    *mode = &ruled;
    return IPSEC_OK;
}
