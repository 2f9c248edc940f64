/* SPDX-License-Identifier: Apache-2.0
 *
 * The path MTU of each child: packets that do not fit are cut before they are sealed, or their
 * sender is told; TCP is kept from sending them; what the path says is taken over with care. Called
 * by gw.c, gw_in.c, gw_out.c and gw_sink.c. RFC 4301 8, RFC 1191, RFC 8201, RFC 8200 5.
 */
#include <string.h>

#include "esp_header.h"
#include "gw_state.h"
#include "icmp.h"
#include "ip_fragment.h"
#include "ip_header.h"
#include "sa.h"

#include <ipsec/mtu.h>

#define IPV6_MTU_MIN 1280u /* RFC 8200 5: every link carries so much */

/* ---- The MTU of a child ---------------------------------------------------------------------- */

static void set_path(const struct ipsec_gw *gw, struct ipseci_gw_child *child, uint32_t path_mtu)
{
    const struct ipsec_sa *out = ipsec_sad_get(gw->sad, child->sa_out);
    const uint32_t inner = path_mtu != 0 && out != NULL ? ipsec_sa_mtu(out, path_mtu) : 0;
    const bool news = inner != child->inner_mtu;
    child->path_mtu = path_mtu;
    child->inner_mtu = inner;
    if (news && gw->config.callbacks.mtu != NULL) {
        gw->config.callbacks.mtu(gw->config.user, child->policy->config, child->child, inner);
    }
}

void ipseci_gw_mtu_start(const struct ipsec_gw *gw, struct ipseci_gw_child *child)
{
    child->path_learned = 0;
    set_path(gw, child, child->policy->config->mtu);
}

/* Unauthenticated, so it is never believed below what any path carries, and never more than we
 * know (RFC 4301 6.1.1, 8.2.1; PMTU-04, PMTU-08). */
static void learn(const struct ipsec_gw *gw, struct ipseci_gw_child *child, uint8_t family,
                  uint32_t mtu, ipsec_ms now)
{
    const uint32_t least =
        family == IPSEC_FAMILY_IPV4 ? IPSEC_PATH_MTU_MIN_IPV4 : IPSEC_PATH_MTU_MIN_IPV6;
    const uint32_t taken = mtu < least ? least : mtu;
    if (child->path_mtu == 0 || taken < child->path_mtu) {
        child->path_learned = now;
        set_path(gw, child, taken);
    }
}

/* RFC 4301 8.2.2 (PMTU-05): what was learned is forgotten after a time, and learned again if it is
 * still so. */
static void age(const struct ipsec_gw *gw, struct ipseci_gw_child *child, ipsec_ms now)
{
    if (child->path_mtu != child->policy->config->mtu &&
        (now < child->path_learned || now - child->path_learned >= IPSEC_PATH_MTU_AGE_MS)) {
        ipseci_gw_mtu_start(gw, child);
    }
}

enum ipsec_status ipsec_gw_path_mtu(struct ipsec_gw *gw, const struct ipsec_addr *remote,
                                    uint32_t mtu, ipsec_ms now)
{
    uint32_t cursor = 0;
    ipsec_handle handle = 0;
    struct ipseci_gw_child *child;
    enum ipsec_status status = IPSEC_ERR_NOT_FOUND;
    if (gw == NULL || remote == NULL || mtu == 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    while ((child = ipseci_pool_next(&gw->children, &cursor, &handle)) != NULL) {
        if (ipsec_addr_equal(&child->remote, remote)) {
            learn(gw, child, remote->family, mtu, now);
            status = IPSEC_OK;
        }
    }
    return status;
}

enum ipsec_status ipsec_gw_child_mtu(const struct ipsec_gw *gw, ipsec_handle child, uint32_t *mtu)
{
    uint32_t cursor = 0;
    ipsec_handle handle = 0;
    const struct ipseci_gw_child *record;
    if (gw == NULL || mtu == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    while ((record = ipseci_pool_next(&gw->children, &cursor, &handle)) != NULL) {
        if (record->child == child) {
            *mtu = record->inner_mtu;
            return IPSEC_OK;
        }
    }
    return IPSEC_ERR_STALE;
}

/* ---- What the path says ---------------------------------------------------------------------- */

/* Peers choose these SPIs, so they could fill one list; strangers, who may ask for it to be looked
 * through, can not. */
static ipsec_handle *list_of(const struct ipsec_gw *gw, uint32_t spi)
{
    return &gw->by_spi[spi % gw->children.count];
}

void ipseci_gw_mtu_enter(struct ipsec_gw *gw, struct ipseci_gw_child *child, uint32_t spi_out)
{
    ipsec_handle *first = list_of(gw, spi_out);
    child->spi_next = *first;
    *first = child->self;
}

void ipseci_gw_mtu_forget(struct ipsec_gw *gw, const struct ipseci_gw_child *child)
{
    const struct ipsec_sa *out = ipsec_sad_get(gw->sad, child->sa_out);
    ipsec_handle *link = out != NULL ? list_of(gw, ipsec_sa_spi(out)) : NULL;
    while (link != NULL && *link != child->self) {
        struct ipseci_gw_child *next = ipseci_pool_get(&gw->children, *link);
        link = next != NULL ? &next->spi_next : NULL;
    }
    if (link != NULL) {
        *link = child->spi_next;
    }
}

/* From there on in its list, the child that sends with this SPI, to where the packet went. */
static struct ipseci_gw_child *sender_of(const struct ipsec_gw *gw, ipsec_handle from, uint32_t spi,
                                         const struct ipseci_too_big *said)
{
    struct ipseci_gw_child *child = ipseci_pool_get(&gw->children, from);
    while (child != NULL) {
        const struct ipsec_sa *out = ipsec_sad_get(gw->sad, child->sa_out);
        if (out != NULL && ipsec_sa_spi(out) == spi && child->remote.family == said->family &&
            memcmp(child->remote.bytes, said->dst, sizeof said->dst) == 0) {
            return child;
        }
        child = ipseci_pool_get(&gw->children, child->spi_next);
    }
    return NULL;
}

/* Whether the packet that was too big shows the SPI of ESP. */
static bool quotes_esp(const struct ipseci_too_big *said, uint32_t *spi)
{
    const size_t esp_at = said->protocol == IPSECI_IP_UDP ? 8 : 0;
    if ((said->protocol != IPSECI_IP_UDP && said->protocol != IPSECI_IP_ESP) ||
        said->upper.length < esp_at + IPSECI_ESP_HEADER_BYTES) {
        return false; /* it could be about anything */
    }
    *spi = ipseci_esp_spi(said->upper.data + esp_at);
    return true;
}

/* The rate is for those who have seen our packets: who guesses takes nothing of it. */
static void hear(struct ipsec_gw *gw, const struct ipseci_too_big *said, uint32_t spi, ipsec_ms now)
{
    struct ipseci_gw_child *child = sender_of(gw, *list_of(gw, spi), spi, said);
    if (child == NULL || !ipseci_bucket_take(&gw->icmp_heard, now)) {
        return;
    }
    while (child != NULL) {
        learn(gw, child, said->family, said->mtu, now);
        child = sender_of(gw, child->spi_next, spi, said);
    }
}

void ipseci_gw_mtu_told(struct ipsec_gw *gw, const struct ipsec_path_mtu *told, ipsec_ms now)
{
    struct ipseci_too_big said = {.mtu = told->mtu, .family = told->remote.family};
    memcpy(said.dst, told->remote.bytes, sizeof said.dst);
    if (told->spi == 0) {
        (void)ipsec_gw_path_mtu(gw, &told->remote, told->mtu, now);
    } else if (told->mtu != 0) {
        hear(gw, &said, told->spi, now);
    }
}

void ipseci_gw_mtu_heard(struct ipsec_gw *gw, const struct ipsec_packet *packet, ipsec_ms now)
{
    struct ipseci_too_big said;
    uint32_t spi = 0;
    const struct ipsec_view whole = {packet->buffer + packet->offset, packet->length};
    if (packet->carrier != IPSEC_CARRIER_IP || !ipseci_too_big_parse(whole, &said) ||
        said.mtu == 0 || !quotes_esp(&said, &spi)) {
        return;
    }
    hear(gw, &said, spi, now);
}

/* ---- Packets that do not fit ----------------------------------------------------------------- */

/* RFC 4301 7.1: an SA with ports takes the first fragment only. */
static bool takes_pieces(const struct ipsec_sa *sa, const struct ipseci_flow *flow)
{
    struct ipseci_flow later = *flow;
    later.fragment = later.fragment_not_first = true;
    later.has_ports = false;
    later.src_port = later.dst_port = 0;
    return ipseci_sa_carries(sa, &later);
}

/* RFC 8200 5 (PMTU-08): no sender of IPv6 makes packets that are smaller than that. Transport mode
 * seals whole packets only (RFC 4301 7). */
static bool is_sealed_whole(const struct ipseci_gw_child *child, const struct ipsec_sa *sa,
                            const struct ipseci_flow *flow)
{
    const struct ipsec_child_config *config = child->policy->config;
    if (flow->dont_fragment) {
        return flow->family == IPSEC_FAMILY_IPV6 && flow->total_length <= IPV6_MTU_MIN;
    }
    return config->fragment_after || config->mode == IPSEC_MODE_TRANSPORT ||
           !takes_pieces(sa, flow);
}

bool ipseci_gw_mtu_exceeds(const struct ipsec_gw *gw, struct ipsec_packet *packet, ipsec_ms now)
{
    struct ipseci_gw_child *child = ipseci_gw_child_of(gw, packet->sa);
    struct ipseci_flow flow;
    packet->flags &= (uint8_t)~IPSEC_PACKET_CUT; /* what a caller left there */
    if (child == NULL || child->inner_mtu == 0 || packet->length <= child->inner_mtu) {
        return false;
    }
    age(gw, child, now);
    const struct ipsec_view view = {packet->buffer + packet->offset, packet->length};
    if (child->inner_mtu == 0 || ipseci_ip_parse(view, &flow) < IPSEC_OK ||
        flow.total_length <= child->inner_mtu) {
        return false;
    }
    if (is_sealed_whole(child, packet->sa, &flow)) {
        packet->flags |= IPSEC_PACKET_CUT; /* RFC 4213 3.2.2: with DF it would get nowhere */
        return false;
    }
    return true;
}

/* RFC 4301 8.2.1 (PMTU-02): to the host that sent it, on the LAN side, within a rate. */
static void tell_sender(struct ipsec_gw *gw, struct ipsec_view packet, uint32_t mtu, ipsec_ms now)
{
    size_t length = 0;
    struct ipsec_packet message = {.buffer = gw->scratch, .capacity = (uint32_t)gw->scratch_bytes};
    struct ipsec_packet *const list[1] = {&message};
    if (ipsec_too_big_build(packet, mtu, NULL, gw->scratch, &length) < IPSEC_OK ||
        !ipseci_bucket_take(&gw->icmp_sent, now)) {
        return;
    }
    message.length = (uint32_t)length;
    ipseci_gw_lan_deliver(gw, list, 1);
}

static void seal_and_send(struct ipsec_gw *gw, struct ipsec_packet *packet, ipsec_ms now)
{
    struct ipsec_packet *const list[1] = {packet};
    ipseci_gw_tfc_fill(gw, packet);
    (void)ipsec_esp_seal(list, 1);
    ipseci_gw_after_seal(gw, packet);
    if (packet->status < IPSEC_OK) {
        ipseci_gw_audit_out(gw, packet, now);
    }
    ipseci_gw_count(gw->counters.drops_out, &gw->counters.errors_out, packet->status);
    ipseci_gw_wan_send(gw, list, 1);
}

/* RFC 4301 8.1: cut before it is sealed, each fragment a packet of its own in the tunnel. The SA
 * holds each against its selectors. */
static enum ipsec_status send_cut(struct ipsec_gw *gw, const struct ipsec_packet *packet,
                                  struct ipseci_cutter *cutter, ipsec_ms now)
{
    uint8_t *content = gw->scratch + IPSECI_GW_HEAD_ROOM;
    for (uint32_t length; (length = ipseci_cutter_next(cutter, content)) != 0;) {
        struct ipsec_packet piece = *packet;
        piece.buffer = gw->scratch;
        piece.capacity = (uint32_t)gw->scratch_bytes;
        piece.offset = IPSECI_GW_HEAD_ROOM;
        piece.length = length;
        seal_and_send(gw, &piece, now);
        if (piece.status < IPSEC_OK) {
            return (enum ipsec_status)piece.status; /* the others would be of no use */
        }
    }
    return IPSEC_OK;
}

void ipseci_gw_mtu_handle(struct ipsec_gw *gw, struct ipsec_packet *packet, ipsec_ms now)
{
    struct ipseci_cutter cutter;
    const uint32_t mtu = ipseci_gw_child_of(gw, packet->sa)->inner_mtu;
    const uint32_t room = (uint32_t)gw->scratch_bytes - IPSECI_GW_HEAD_ROOM - IPSECI_GW_TAIL_ROOM;
    const struct ipsec_view view = {packet->buffer + packet->offset, packet->length};
    if (view.data[0] >> 4 != IPSEC_FAMILY_IPV4 || ipseci_ipv4_has_df(view.data)) {
        tell_sender(gw, view, mtu, now);
        packet->status = IPSEC_DROP_TOO_BIG;
    } else {
        packet->status = ipseci_cutter_start(&cutter, view, mtu < room ? mtu : room);
        if (packet->status == IPSEC_OK) {
            packet->status = send_cut(gw, packet, &cutter, now); /* counted there */
            return;
        }
    }
    ipseci_gw_count(gw->counters.drops_out, &gw->counters.errors_out, packet->status);
}

void ipseci_gw_mtu_clamp(const struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    const struct ipseci_gw_child *child = ipseci_gw_child_of(gw, packet->sa);
    if (child != NULL && child->inner_mtu != 0 && child->policy->config->clamp_mss) {
        (void)ipsec_tcp_mss_clamp(packet->buffer + packet->offset, packet->length,
                                  child->inner_mtu);
    }
}

/* ---- Memory ---------------------------------------------------------------------------------- */

void ipseci_gw_mtu_layout(struct ipsec_gw *gw, struct ipseci_arena *arena,
                          const struct ipsec_gw_config *config)
{
    const size_t most =
        config->packet_bytes > IPSEC_TOO_BIG_BYTES ? config->packet_bytes : IPSEC_TOO_BIG_BYTES;
    gw->scratch_bytes = most + IPSECI_GW_HEAD_ROOM + IPSECI_GW_TAIL_ROOM;
    gw->scratch = ipseci_arena_take(arena, gw->scratch_bytes, 1, 1);
    gw->by_spi = IPSECI_ARENA_NEW(arena, config->ike.child_max, ipsec_handle);
}

void ipseci_gw_mtu_init(struct ipsec_gw *gw, ipsec_ms now)
{
    ipseci_bucket_init(&gw->icmp_sent, IPSECI_GW_ICMP_PER_S, IPSECI_GW_ICMP_BURST, now);
    ipseci_bucket_init(&gw->icmp_heard, IPSECI_GW_ICMP_PER_S, IPSECI_GW_ICMP_BURST, now);
}
