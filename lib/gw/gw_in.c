/* SPDX-License-Identifier: Apache-2.0
 *
 * WAN to LAN: sorts datagrams into IKE, ESP and clear packets, opens ESP in bursts, checks policy
 * and delivers. Called by gw.c. RFC 4301 5.2, RFC 3948 2 (UDP port 4500), RFC 7296 2.23.
 *
 * Order: the data packets between two IKE datagrams are one burst; an IKE datagram is handled when
 * everything before it is done, because it may add or remove SAs.
 */
#include <string.h>

#include "esp_header.h"
#include "gw_state.h"
#include "ip_header.h"
#include "udp_encap.h"

enum kind {
    KIND_IKE,
    KIND_ESP,
    KIND_CLEAR, /* a whole IP packet without protection */
    KIND_NONE   /* sorted out: its status says why */
};

struct sorted {
    enum kind kind;
    uint32_t esp_at; /* KIND_ESP: where the ESP header begins, from the content's start */
    uint32_t spi;    /* and what it says, also of the first piece of one */
    uint32_t sequence;
    uint32_t flow_label; /* outside; 0: none, or not known */
};

static struct sorted refuse(struct ipsec_packet *packet, enum ipsec_status why)
{
    const struct sorted none = {.kind = KIND_NONE};
    packet->status = why;
    return none;
}

/* ---- Sorting --------------------------------------------------------------------------------- */

/* A UDP payload of the NAT-traversal port. RFC 3948 2: a first word of zero is IKE, one octet 0xFF
 * a keepalive, the rest ESP. */
static struct sorted sort_natt(struct ipsec_packet *packet, struct ipsec_view payload)
{
    struct ipsec_view content;
    const struct sorted ike = {.kind = KIND_IKE};
    switch (ipseci_udp_encap_sort(payload, &content)) {
    case IPSECI_ENCAP_IKE:
        return ike; /* the engine takes the marker off */
    case IPSECI_ENCAP_ESP: {
        const uint8_t *start = packet->buffer + packet->offset;
        const struct sorted esp = {.kind = KIND_ESP, .esp_at = (uint32_t)(content.data - start)};
        return esp;
    }
    case IPSECI_ENCAP_KEEPALIVE:
        return refuse(packet, IPSEC_DROP_KEEPALIVE);
    case IPSECI_ENCAP_SHORT:
        break;
    }
    return refuse(packet, IPSEC_DROP_TRUNCATED);
}

static struct sorted sort_udp(const struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    const struct sorted ike = {.kind = KIND_IKE};
    if (packet->local.port == gw->config.ike.natt_port) {
        return sort_natt(packet, ipseci_view(packet->buffer + packet->offset, packet->length));
    }
    /* ESP is in UDP on the NAT-traversal port only; the other port is IKE without marker. */
    return packet->local.port == gw->config.ike.ike_port ? ike
                                                         : refuse(packet, IPSEC_DROP_ENCAPSULATION);
}

static struct sorted sort_esp(struct ipsec_packet *packet, size_t at)
{
    const struct sorted esp = {.kind = KIND_ESP, .esp_at = (uint32_t)at};
    if (at > packet->length || packet->length - at < IPSECI_ESP_BYTES_MIN) {
        return refuse(packet, IPSEC_DROP_TRUNCATED);
    }
    return esp;
}

static void set_addresses(struct ipsec_packet *packet, const struct ipseci_flow *flow)
{
    const struct ipsec_endpoint none = {{0}, 0};
    packet->remote = packet->local = none;
    packet->remote.addr.family = packet->local.addr.family = flow->family;
    memcpy(packet->remote.addr.bytes, flow->src, sizeof flow->src);
    memcpy(packet->local.addr.bytes, flow->dst, sizeof flow->dst);
    packet->remote.port = flow->src_port;
    packet->local.port = flow->dst_port;
    packet->traffic_class = flow->traffic_class;
}

/* UDP for one of the two ports. ESP stays a whole packet, because opening takes the outer header's
 * marks; IKE becomes the payload the engine wants. */
static struct sorted sort_ip_udp(const struct ipsec_gw *gw, struct ipsec_packet *packet,
                                 const struct ipseci_flow *flow)
{
    struct ipseci_udp udp;
    uint8_t *start = packet->buffer + packet->offset;
    const enum ipsec_status status = ipseci_udp_parse(
        ipseci_view(start + flow->upper_at, flow->total_length - flow->upper_at), &udp);
    if (status < IPSEC_OK) {
        return refuse(packet, status);
    }
    struct sorted result = {.kind = KIND_IKE};
    if (flow->dst_port == gw->config.ike.natt_port) {
        result = sort_natt(packet, udp.payload);
    }
    if (result.kind == KIND_IKE) {
        packet->offset += (uint32_t)(udp.payload.data - start);
        packet->length = (uint32_t)udp.payload.length;
        packet->carrier = IPSEC_CARRIER_UDP;
    }
    return result;
}

/* The header is read now: opening may overwrite it. */
static void read_header(const struct ipsec_packet *packet, struct sorted *sorted)
{
    const uint8_t *esp = packet->buffer + packet->offset + sorted->esp_at;
    sorted->spi = ipseci_esp_spi(esp);
    sorted->sequence = ipseci_esp_sequence(esp);
}

/* RFC 4303 3.4.1: reassembly comes before ESP. What can be read of it is for the audit. */
static struct sorted sort_piece(struct ipsec_packet *packet, const struct ipseci_flow *flow)
{
    struct sorted piece = refuse(packet, IPSEC_DROP_FRAGMENT);
    if (flow->protocol == IPSECI_IP_ESP && !flow->fragment_not_first &&
        flow->total_length - flow->upper_at >= IPSECI_ESP_HEADER_BYTES) {
        piece.esp_at = flow->upper_at;
        read_header(packet, &piece);
    }
    return piece;
}

static struct sorted sort_ip(const struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    struct ipseci_flow flow;
    const struct sorted clear = {.kind = KIND_CLEAR};
    const enum ipsec_status status =
        ipseci_ip_parse(ipseci_view(packet->buffer + packet->offset, packet->length), &flow);
    if (status < IPSEC_OK) {
        return refuse(packet, status);
    }
    const bool piece = flow.fragment && flow.protocol == IPSECI_IP_UDP &&
                       gw->config.fragment_max != 0; /* whose ports are in another one */
    const bool udp =
        flow.protocol == IPSECI_IP_UDP && flow.has_ports &&
        (flow.dst_port == gw->config.ike.ike_port || flow.dst_port == gw->config.ike.natt_port);
    if (!udp && !piece && flow.protocol != IPSECI_IP_ESP) {
        return clear;
    }
    const uint32_t flow_label = ipseci_gw_flow_label(packet);
    set_addresses(packet, &flow);
    if (flow.fragment) {
        struct sorted result = sort_piece(packet, &flow);
        result.flow_label = flow_label;
        return result;
    }
    packet->length = flow.total_length;
    struct sorted result = udp ? sort_ip_udp(gw, packet, &flow) : sort_esp(packet, flow.upper_at);
    result.flow_label = flow_label;
    return result;
}

static struct sorted sort(const struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    packet->status = IPSEC_OK;
    packet->sa = NULL;
    if (packet->buffer == NULL || packet->offset > packet->capacity ||
        packet->length > packet->capacity - packet->offset) {
        return refuse(packet, IPSEC_ERR_BUFFER);
    }
    switch ((enum ipsec_carrier)packet->carrier) {
    case IPSEC_CARRIER_UDP:
        return sort_udp(gw, packet);
    case IPSEC_CARRIER_ESP:
        return sort_esp(packet, 0);
    case IPSEC_CARRIER_IP:
        return sort_ip(gw, packet);
    case IPSEC_CARRIER_NONE:
        break;
    }
    return refuse(packet, IPSEC_ERR_ARGUMENT);
}

/* ---- Data ------------------------------------------------------------------------------------ */

static void find_sa(struct ipsec_gw *gw, struct ipsec_packet *packet, struct sorted *sorted)
{
    read_header(packet, sorted);
    packet->sa = ipsec_sad_find(gw->sad, sorted->spi);
    if (packet->sa == NULL) {
        packet->status = IPSEC_DROP_SPI;
    }
}

/* A packet without protection. RFC 4301 5.2: one that policy wants protected is dropped. */
static void check_clear(struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    struct ipsec_spd_result result;
    const struct ipsec_view inner = {packet->buffer + packet->offset, packet->length};
    const enum ipsec_status status = ipsec_spd_lookup(gw->spd, inner, false, &result);
    if (status < IPSEC_OK) {
        packet->status = status;
    } else if (result.entry == 0) {
        packet->status = IPSEC_DROP_NO_POLICY;
    } else if (result.action != IPSEC_SPD_BYPASS) {
        packet->status = IPSEC_DROP_POLICY;
    } else {
        gw->counters.bypassed++;
    }
}

/* RFC 4301 5.2, step 4: what came out of a tunnel has to be what policy wants to come out of it.
 * The SA's own selectors were checked when it was opened. EXCEPTION: any child of the same peer
 * will do. Where two of them overlap, the peer's order of policies need not be ours, and either has
 * the same right to send it. */
static void check_opened(struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    struct ipsec_spd_result result;
    const struct ipsec_view inner = {packet->buffer + packet->offset, packet->length};
    const enum ipsec_status status = ipsec_spd_lookup(gw->spd, inner, false, &result);
    if (status < IPSEC_OK || result.entry == 0) {
        packet->status = status < IPSEC_OK ? (int32_t)status : IPSEC_DROP_NO_POLICY;
        return;
    }
    const struct ipseci_gw_child *child = ipseci_gw_child_of(gw, packet->sa);
    const struct ipseci_gw_policy *policy = ipseci_gw_policy_of(gw, result.user);
    const bool same_owner =
        child != NULL ? policy != NULL && policy->peer == child->policy->peer : policy == NULL;
    if (result.action != IPSEC_SPD_PROTECT || !same_owner) {
        packet->status = IPSEC_DROP_POLICY;
    }
}

static void after_open(struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    const struct ipseci_gw_child *child =
        (packet->flags & IPSEC_PACKET_MOVED) != 0 ? ipseci_gw_child_of(gw, packet->sa) : NULL;
    if (child != NULL) {
        gw->moved.child = child->child;
        gw->moved.remote = packet->remote;
    }
    if (packet->status == IPSEC_OK || packet->status == IPSEC_DROP_DUMMY) {
        /* A dummy packet is as good a proof that the peer sends with this SA. */
        ipseci_gw_touch(gw, packet->sa, IPSEC_CHILD_NOTICE_INBOUND);
    } else if (packet->status == IPSEC_DROP_EXPIRED || packet->status == IPSEC_FATAL_LIFETIME ||
               packet->status == IPSEC_FATAL_SEQUENCE) {
        ipseci_gw_touch(gw, packet->sa, IPSEC_CHILD_NOTICE_HARD);
    } else if (packet->status == IPSEC_DROP_ICV) {
        ipseci_gw_touch(gw, packet->sa, 0); /* how many there were is looked at after the burst */
    }
    if (packet->status == IPSEC_OK) {
        check_opened(gw, packet);
        ipseci_gw_mtu_clamp(gw, packet);
    }
}

static void audit(struct ipsec_gw *gw, const struct ipsec_packet *packet,
                  const struct sorted *sorted, ipsec_ms now)
{
    const struct ipseci_gw_received from = {sorted->esp_at, sorted->spi, sorted->sequence,
                                            sorted->flow_label};
    ipseci_gw_audit_in(gw, packet, &from, now);
}

/* Data packets without an IKE datagram between them. */
static void run_data(struct ipsec_gw *gw, struct ipsec_packet *const packets[],
                     struct sorted sorted[], size_t n, ipsec_ms now)
{
    struct ipsec_packet *esp[IPSECI_GW_BATCH];
    size_t esp_count = 0;
    for (size_t i = 0; i < n; i++) {
        if (sorted[i].kind == KIND_ESP) {
            find_sa(gw, packets[i], &sorted[i]);
        } else if (sorted[i].kind == KIND_CLEAR) {
            check_clear(gw, packets[i]);
        }
        if (packets[i]->sa != NULL) {
            esp[esp_count++] = packets[i];
        }
    }
    if (esp_count != 0) {
        (void)ipsec_esp_open(esp, esp_count);
    }
    for (size_t i = 0; i < esp_count; i++) {
        after_open(gw, esp[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (packets[i]->status < IPSEC_OK) {
            ipseci_gw_count(gw->counters.drops_in, &gw->counters.errors_in, packets[i]->status);
            audit(gw, packets[i], &sorted[i], now);
        }
    }
    ipseci_gw_lan_deliver(gw, packets, n);
}

static void run_ike(struct ipsec_gw *gw, struct ipsec_packet *packet, ipsec_ms now)
{
    packet->status = ipsec_ike_input(gw->ike, packet, now);
    ipseci_gw_count(gw->counters.drops_in, &gw->counters.errors_in, packet->status);
}

/* A fragment, whose place the datagram takes that it was the last piece of. */
static void gather(struct ipsec_gw *gw, struct ipsec_packet **packet, struct sorted *sorted,
                   ipsec_ms now)
{
    struct ipsec_packet *whole = ipseci_gw_fragment(gw, *packet, now);
    if (whole != NULL) {
        *packet = whole;
        *sorted = sort(gw, whole);
    }
}

void ipseci_gw_in(struct ipsec_gw *gw, struct ipsec_packet *const given[], size_t n, ipsec_ms now)
{
    struct sorted sorted[IPSECI_GW_BATCH];
    struct ipsec_packet *packets[IPSECI_GW_BATCH];
    size_t first = 0; /* of the data packets not yet worked on */
    for (size_t i = 0; i < n; i++) {
        packets[i] = given[i];
        sorted[i] = sort(gw, packets[i]);
        if (packets[i]->status == IPSEC_DROP_FRAGMENT) {
            gather(gw, &packets[i], &sorted[i], now);
        }
        if (sorted[i].kind == KIND_CLEAR) {
            ipseci_gw_mtu_heard(gw, packets[i], now);
        }
    }
    gw->counters.wan_in += n;
    for (size_t i = 0; i < n; i++) {
        if (sorted[i].kind == KIND_IKE) {
            run_data(gw, packets + first, sorted + first, i - first, now);
            /* What the data proved (a rekeyed SA in use) comes before what the datagram says. */
            ipseci_gw_settle(gw, now);
            run_ike(gw, packets[i], now);
            first = i + 1;
        }
    }
    run_data(gw, packets + first, sorted + first, n - first, now);
    ipseci_gw_fragments_done(gw);
}
