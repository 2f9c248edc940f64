/* SPDX-License-Identifier: Apache-2.0
 *
 * The way out of the gateway, to the WAN and to the LAN: the backend of ipsec_gw_run, or the
 * caller's callbacks. An IKE datagram gets its IP and UDP headers here when there are no sockets.
 * Called by gw_in.c, gw_out.c and the IKE engine.
 */
#include "gw_state.h"
#include "ip_header.h"
#include "reader.h"
#include "udp_encap.h"

void ipseci_gw_count(uint64_t drops[IPSEC_DROP_REASONS], uint64_t *errors, int32_t status)
{
    if (status >= IPSEC_OK) {
        return;
    }
    const size_t index = ipsec_drop_index((enum ipsec_status)status);
    if (index < IPSEC_DROP_REASONS) {
        drops[index]++;
    } else {
        (*errors)++;
    }
}

void ipseci_gw_refuse(struct ipsec_packet *const packets[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        packets[i]->status = IPSEC_ERR_REENTRY;
    }
}

/* Those that are still to go, in order. */
static size_t keep_good(struct ipsec_packet *const packets[], size_t n,
                        struct ipsec_packet *good[IPSECI_GW_BATCH])
{
    size_t count = 0;
    for (size_t i = 0; i < n && i < IPSECI_GW_BATCH; i++) {
        if (packets[i]->status == IPSEC_OK) {
            good[count++] = packets[i];
        }
    }
    return count;
}

/* ---- To the WAN ------------------------------------------------------------------------------ */

static void send_some(const struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n)
{
    if (gw->io != NULL) {
        gw->io->wan_send(gw->io->context, packets, n);
        return;
    }
    if (gw->config.callbacks.wan_send != NULL) {
        gw->config.callbacks.wan_send(gw->config.user, packets, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        packets[i]->status = IPSEC_DROP_IO;
    }
}

void ipseci_gw_wan_send(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n)
{
    struct ipsec_packet *good[IPSECI_GW_BATCH];
    const size_t count = keep_good(packets, n, good);
    if (count == 0) {
        return;
    }
    send_some(gw, good, count);
    for (size_t i = 0; i < count; i++) {
        gw->counters.wan_out += good[i]->status >= IPSEC_OK;
        ipseci_gw_count(gw->counters.drops_out, &gw->counters.errors_out, good[i]->status);
    }
}

/* Copies an IKE datagram behind IP and UDP headers. */
static enum ipsec_status put_headers(struct ipsec_gw *gw, const struct ipsec_packet *from,
                                     struct ipsec_packet *to)
{
    const struct ipsec_addr *src = &from->local.addr;
    const struct ipsec_addr *dst = &from->remote.addr;
    const struct ipseci_ip_outer outer = {.family = src->family,
                                          .protocol = IPSECI_IP_UDP,
                                          .ttl = 64,
                                          .id = ++gw->ip_id,
                                          .src = src->bytes,
                                          .dst = dst->bytes};
    const size_t udp_bytes = IPSECI_UDP_HEADER_BYTES + (size_t)from->length;
    if (IPSECI_GW_HEAD_ROOM + (size_t)from->length > gw->datagram_bytes || udp_bytes > UINT16_MAX) {
        return IPSEC_DROP_TOO_BIG;
    }
    const size_t ip_bytes =
        src->family == dst->family ? ipseci_ip_build(gw->datagram, &outer, udp_bytes) : 0;
    if (ip_bytes == 0) {
        return IPSEC_DROP_IO; /* no way between such addresses */
    }
    uint8_t *udp = gw->datagram + ip_bytes;
    ipseci_udp_build(udp, from->local.port, from->remote.port, (uint16_t)from->length);
    struct ipseci_writer w =
        ipseci_writer_init(udp + IPSECI_UDP_HEADER_BYTES, (size_t)from->length);
    ipseci_write_bytes(&w, from->buffer + from->offset, from->length);
    ipseci_store16(udp + 6, ipseci_udp_checksum(src, dst, ipseci_view(udp, udp_bytes)));
    to->offset = 0;
    to->length = (uint32_t)(ip_bytes + udp_bytes);
    return w.failed ? IPSEC_DROP_TOO_BIG : IPSEC_OK;
}

void ipseci_gw_ike_send(void *user, struct ipsec_packet *datagram)
{
    struct ipsec_gw *gw = user;
    struct ipsec_packet whole = *datagram;
    struct ipsec_packet *packet = datagram;
    packet->status = IPSEC_OK;
    if (gw->config.outer == IPSEC_OUTER_IP) {
        whole.buffer = gw->datagram;
        whole.capacity = (uint32_t)gw->datagram_bytes;
        whole.carrier = IPSEC_CARRIER_IP;
        whole.status = put_headers(gw, datagram, &whole);
        if (whole.status < IPSEC_OK) {
            datagram->status = whole.status;
            ipseci_gw_count(gw->counters.drops_out, &gw->counters.errors_out, datagram->status);
            return;
        }
        packet = &whole;
    }
    ipseci_gw_wan_send(gw, &packet, 1);
    datagram->status = packet->status;
}

/* ---- To the LAN ------------------------------------------------------------------------------ */

static void deliver_some(const struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n)
{
    if (gw->io != NULL) {
        gw->io->lan_deliver(gw->io->context, packets, n);
        return;
    }
    if (gw->config.callbacks.lan_deliver != NULL) {
        gw->config.callbacks.lan_deliver(gw->config.user, packets, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        packets[i]->status = IPSEC_DROP_IO;
    }
}

void ipseci_gw_lan_deliver(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n)
{
    struct ipsec_packet *good[IPSECI_GW_BATCH];
    const size_t count = keep_good(packets, n, good);
    if (count == 0) {
        return;
    }
    deliver_some(gw, good, count);
    for (size_t i = 0; i < count; i++) {
        gw->counters.lan_out += good[i]->status >= IPSEC_OK;
        ipseci_gw_count(gw->counters.drops_in, &gw->counters.errors_in, good[i]->status);
    }
}
