/* SPDX-License-Identifier: Apache-2.0
 *
 * Audit: tells the caller of packets that were dropped, with what RFC 4303 and RFC 4301 want to be
 * known of them, within a rate. Called by gw_in.c, gw_out.c and gw_settle.c. RFC 4303 4, RFC
 * 4301 5.2.
 */
#include "gw_state.h"
#include "ip_header.h"
#include "mode.h"

uint32_t ipseci_gw_flow_label(const struct ipsec_packet *packet)
{
    const uint8_t *ip = packet->buffer + packet->offset;
    return ip[0] >> 4 == IPSEC_FAMILY_IPV6 ? ipseci_load32(ip) & UINT32_C(0xfffff) : 0;
}

/* Not worth a record: it is meant to be dropped. */
static bool is_usual(int32_t status)
{
    return status == IPSEC_DROP_DUMMY || status == IPSEC_DROP_KEEPALIVE;
}

/* Where the inner packet lies that was opened and then refused. The SA's selectors were the first
 * to look at it, and left it where it was decrypted. */
static struct ipsec_view inner_of(const struct ipsec_packet *packet,
                                  const struct ipseci_gw_received *from)
{
    const uint8_t *content = packet->buffer + packet->offset;
    const uint32_t head = packet->sa == NULL
                              ? 0
                              : from->esp_at + IPSECI_ESP_HEADER_BYTES + packet->sa->aead.iv_length;
    if (packet->status == IPSEC_DROP_POLICY || packet->status == IPSEC_DROP_NO_POLICY) {
        return ipseci_view(content, packet->length);
    }
    return packet->status == IPSEC_DROP_SELECTORS && !packet->sa->mode->keeps_header &&
                   head < packet->length
               ? ipseci_view(content + head, packet->length - head)
               : ipseci_view(NULL, 0);
}

/* False: nobody listens, or too many came before. */
static bool may_tell(struct ipsec_gw *gw, ipsec_ms now)
{
    if (gw->config.callbacks.audit == NULL) {
        return false;
    }
    if (!ipseci_bucket_take(&gw->audits, now)) {
        gw->audits_missed += gw->audits_missed != UINT32_MAX;
        return false;
    }
    return true;
}

static void tell(struct ipsec_gw *gw, struct ipsec_gw_audit *audit, struct ipsec_view inner,
                 const struct ipsec_sa *sa)
{
    struct ipsec_packet_selectors flow;
    const struct ipseci_gw_child *child = sa != NULL ? ipseci_gw_child_of(gw, sa) : NULL;
    if (child != NULL) {
        audit->child = child->child;
        audit->config = child->policy->config;
    }
    if (inner.length != 0 && ipseci_gw_flow_of(inner, &flow)) {
        audit->source = &flow.local;
        audit->destination = &flow.remote;
    }
    audit->missed = gw->audits_missed;
    gw->audits_missed = 0;
    gw->config.callbacks.audit(gw->config.user, audit);
}

void ipseci_gw_audit_in(struct ipsec_gw *gw, const struct ipsec_packet *packet,
                        const struct ipseci_gw_received *from, ipsec_ms now)
{
    if (is_usual(packet->status) || !may_tell(gw, now)) {
        return;
    }
    struct ipsec_gw_audit audit = {.now = now,
                                   .reason = (enum ipsec_status)packet->status,
                                   .spi = from->spi,
                                   .sequence = from->sequence,
                                   .flow_label = from->flow_label,
                                   .local = packet->local,
                                   .remote = packet->remote};
    tell(gw, &audit, inner_of(packet, from), packet->sa);
}

void ipseci_gw_audit_out(struct ipsec_gw *gw, const struct ipsec_packet *packet, ipsec_ms now)
{
    const struct ipsec_sa *sa = packet->sa;
    /* RFC 4303 3.3.3: the overflow of the counter. Others are what policy wants, or faults here. */
    if ((packet->status != IPSEC_FATAL_SEQUENCE && packet->status != IPSEC_FATAL_LIFETIME) ||
        sa == NULL || !may_tell(gw, now)) {
        return;
    }
    struct ipsec_gw_audit audit = {.now = now,
                                   .outbound = true,
                                   .reason = (enum ipsec_status)packet->status,
                                   .spi = sa->spi,
                                   .sequence = (uint32_t)sa->way.sending.sequence,
                                   .flow_label = ipseci_gw_flow_label(packet),
                                   .local = sa->local,
                                   .remote = sa->remote};
    tell(gw, &audit, ipseci_view(packet->buffer + packet->offset, packet->length), sa);
}

void ipseci_gw_audit_forged(struct ipsec_gw *gw, const struct ipsec_sa *sa, uint32_t count,
                            ipsec_ms now)
{
    struct ipsec_gw_audit audit = {.now = now,
                                   .reason = IPSEC_DROP_ICV,
                                   .spi = sa->spi,
                                   .sequence = (uint32_t)sa->way.replay.top,
                                   .local = sa->local,
                                   .remote = sa->remote,
                                   .forged = count};
    if (gw->config.callbacks.audit != NULL) {
        tell(gw, &audit, ipseci_view(NULL, 0), sa);
    }
}

void ipseci_gw_audit_init(struct ipsec_gw *gw, ipsec_ms now)
{
    ipseci_bucket_init(&gw->audits, IPSECI_GW_AUDITS_PER_S, IPSECI_GW_AUDITS_BURST, now);
}
