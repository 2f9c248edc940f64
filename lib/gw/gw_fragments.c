/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts ESP and IKE datagrams together that came as IP fragments, for callers that hand over whole
 * frames (sockets do it themselves). Bounded: so many at once, a part of them for one source, each
 * for a while. Called by gw_in.c. RFC 4303 3.4.1, RFC 791 3.2, RFC 8200 4.5, RFC 5722 (an overlap
 * spoils the whole datagram), RFC 3168 5.3.
 */
#include <string.h>

#include "esp_header.h"
#include "gw_state.h"
#include "ip_header.h"

#define BLOCK_BYTES       8u /* of which offsets are multiples */
#define IPV6_FRAGMENT_AT  IPSECI_IPV6_HEADER_BYTES
#define IPV6_FRAGMENT_END (IPV6_FRAGMENT_AT + 8u)
#define IPV6_NEXT_AT      6u
#define IPV4_ID_AT        4u
#define IPV4_FRAGMENT_AT  6u
#define IPV4_MORE         0x2000u
#define IPV4_OFFSET       0x1fffu

/* What one fragment says. */
struct piece {
    struct ipseci_flow flow;
    struct ipsec_view payload;
    uint32_t id;
    uint32_t offset;
    bool more;
};

static bool read_ipv4(const uint8_t *ip, struct piece *piece)
{
    const uint32_t header = (ip[0] & 0x0fu) * 4u;
    const uint32_t field = ipseci_load16(ip + IPV4_FRAGMENT_AT);
    piece->id = ipseci_load16(ip + IPV4_ID_AT);
    piece->offset = (field & IPV4_OFFSET) * BLOCK_BYTES;
    piece->more = (field & IPV4_MORE) != 0;
    piece->payload = ipseci_view(ip + header, piece->flow.total_length - header);
    return true;
}

/* Other extension headers in front of ESP or UDP are nothing a peer sends. */
static bool read_ipv6(const uint8_t *ip, struct piece *piece)
{
    if (ip[IPV6_NEXT_AT] != IPSECI_IP_FRAGMENT || piece->flow.total_length < IPV6_FRAGMENT_END ||
        ip[IPV6_FRAGMENT_AT] != piece->flow.protocol) {
        return false;
    }
    const uint32_t field = ipseci_load16(ip + IPV6_FRAGMENT_AT + 2);
    piece->id = ipseci_load32(ip + IPV6_FRAGMENT_AT + 4);
    piece->offset = field & ~7u;
    piece->more = (field & 1u) != 0;
    piece->payload =
        ipseci_view(ip + IPV6_FRAGMENT_END, piece->flow.total_length - IPV6_FRAGMENT_END);
    return true;
}

static bool read_piece(const struct ipsec_packet *packet, struct piece *piece)
{
    const uint8_t *ip = packet->buffer + packet->offset;
    if (ipseci_ip_parse(ipseci_view(ip, packet->length), &piece->flow) < IPSEC_OK) {
        return false;
    }
    return piece->flow.family == IPSEC_FAMILY_IPV4 ? read_ipv4(ip, piece) : read_ipv6(ip, piece);
}

/* ---- Datagrams under way --------------------------------------------------------------------- */

static void drop(struct ipsec_gw *gw, struct ipseci_gw_datagram *d)
{
    if (d->state == IPSECI_DATAGRAM_GATHERING) {
        ipseci_gw_count(gw->counters.drops_in, &gw->counters.errors_in, IPSEC_DROP_FRAGMENT);
    }
    d->state = IPSECI_DATAGRAM_FREE;
}

static bool is_of(const struct ipseci_gw_datagram *d, const struct piece *piece)
{
    const struct ipseci_flow *flow = &piece->flow;
    return d->state != IPSECI_DATAGRAM_FREE && d->id == piece->id && d->family == flow->family &&
           d->protocol == flow->protocol && memcmp(d->src, flow->src, sizeof d->src) == 0 &&
           memcmp(d->dst, flow->dst, sizeof d->dst) == 0;
}

/* RFC 8200 4.5: not for ever. */
static struct ipseci_gw_datagram *find(struct ipsec_gw *gw, const struct piece *piece, ipsec_ms now)
{
    struct ipseci_gw_datagram *found = NULL;
    for (uint32_t i = 0; i < gw->config.fragment_max; i++) {
        struct ipseci_gw_datagram *d = &gw->datagrams[i];
        if (now < d->began || now - d->began >= IPSECI_GW_FRAGMENTS_MS) {
            drop(gw, d);
        }
        found = is_of(d, piece) ? d : found;
    }
    return found;
}

/* A free one; or the oldest, when it has had its time, so that lost pieces do not block others.
 * NULL: too many of this source, or at all. */
static struct ipseci_gw_datagram *take(struct ipsec_gw *gw, const struct piece *piece, ipsec_ms now)
{
    const uint32_t all = gw->config.fragment_max;
    const uint32_t most = (all + IPSECI_GW_FRAGMENT_SOURCES - 1) / IPSECI_GW_FRAGMENT_SOURCES;
    struct ipseci_gw_datagram *best = NULL;
    uint32_t same = 0;
    for (uint32_t i = 0; i < all; i++) {
        struct ipseci_gw_datagram *d = &gw->datagrams[i];
        const bool is_free = d->state == IPSECI_DATAGRAM_FREE;
        same += !is_free && d->family == piece->flow.family &&
                memcmp(d->src, piece->flow.src, sizeof d->src) == 0;
        if (d->state != IPSECI_DATAGRAM_WHOLE &&
            (is_free || now - d->began >= IPSECI_GW_FRAGMENTS_MIN_MS) &&
            (best == NULL ||
             (best->state != IPSECI_DATAGRAM_FREE && (is_free || d->began < best->began)))) {
            best = d;
        }
    }
    if (same >= most || best == NULL) {
        return NULL;
    }
    drop(gw, best);
    return best;
}

static void begin(const struct ipsec_gw *gw, struct ipseci_gw_datagram *d,
                  const struct piece *piece, ipsec_ms now)
{
    const uint32_t blocks = gw->config.packet_bytes / BLOCK_BYTES / 32 + 1;
    memset(d->blocks, 0, blocks * sizeof *d->blocks);
    d->state = IPSECI_DATAGRAM_GATHERING;
    d->began = now;
    d->id = piece->id;
    d->end = d->have = d->top = 0;
    d->ecn_seen = 0;
    d->family = piece->flow.family;
    d->protocol = piece->flow.protocol;
    memcpy(d->src, piece->flow.src, sizeof d->src);
    memcpy(d->dst, piece->flow.dst, sizeof d->dst);
}

/* ---- Pieces ---------------------------------------------------------------------------------- */

/* RFC 5722 4: none of it may be there already. Marks it. */
static bool mark(struct ipseci_gw_datagram *d, uint32_t from, uint32_t end)
{
    bool fresh = true;
    for (uint32_t block = from / BLOCK_BYTES; block < (end + BLOCK_BYTES - 1) / BLOCK_BYTES;
         block++) {
        const uint32_t bit = UINT32_C(1) << (block % 32);
        fresh = fresh && (d->blocks[block / 32] & bit) == 0;
        d->blocks[block / 32] |= bit;
    }
    return fresh;
}

/* False: it contradicts itself or the others, or the whole is too long. */
static bool add(const struct ipsec_gw *gw, struct ipseci_gw_datagram *d, const struct piece *piece)
{
    const uint32_t length = (uint32_t)piece->payload.length;
    const uint32_t end = piece->offset + length;
    if (length == 0 || (piece->more && length % BLOCK_BYTES != 0) ||
        end > gw->config.packet_bytes - IPSECI_GW_HEAD_ROOM ||
        end > UINT16_MAX - IPSECI_IPV6_HEADER_BYTES) {
        return false;
    }
    const bool beyond = d->end != 0 && end > d->end;
    const bool another_end = !piece->more && (d->end != 0 || d->top > end);
    if (beyond || another_end || !mark(d, piece->offset, end)) {
        return false;
    }
    memcpy(d->bytes + IPSECI_GW_HEAD_ROOM + piece->offset, piece->payload.data, length);
    d->have += length;
    d->top = end > d->top ? end : d->top;
    d->end = piece->more ? d->end : end;
    d->ecn_seen |= (uint8_t)(1u << (piece->flow.traffic_class & IPSECI_ECN_MASK));
    if (piece->offset == 0) {
        d->traffic_class = piece->flow.traffic_class;
        d->ttl = piece->flow.ttl;
    }
    return true;
}

/* RFC 3168 5.3: one mark is a mark of the whole; where others could not have been marked, it is
 * lost instead. */
static bool merge_ecn(struct ipseci_gw_datagram *d)
{
    const bool marked = (d->ecn_seen & 1u << IPSECI_ECN_CE) != 0;
    if (marked) {
        d->traffic_class |= IPSECI_ECN_CE;
    }
    return !marked || (d->ecn_seen & 1u << IPSECI_ECN_NOT_ECT) == 0;
}

/* The header is made anew: its options, if any, were for the way, and ESP does not cover them. */
static struct ipsec_packet *finish(const struct ipsec_gw *gw, struct ipseci_gw_datagram *d)
{
    const bool is_right = merge_ecn(d);
    const struct ipseci_ip_outer outer = {.family = d->family,
                                          .protocol = d->protocol,
                                          .traffic_class = d->traffic_class,
                                          .ttl = d->ttl,
                                          .id = (uint16_t)d->id,
                                          .src = d->src,
                                          .dst = d->dst};
    const uint32_t header =
        d->family == IPSEC_FAMILY_IPV4 ? IPSECI_IPV4_HEADER_BYTES : IPSECI_IPV6_HEADER_BYTES;
    const struct ipsec_packet whole = {.buffer = d->bytes,
                                       .capacity = gw->config.packet_bytes,
                                       .offset = IPSECI_GW_HEAD_ROOM - header,
                                       .length = header + d->end,
                                       .carrier = IPSEC_CARRIER_IP};
    if (!is_right || ipseci_ip_build(d->bytes + whole.offset, &outer, d->end) != header) {
        return NULL;
    }
    d->packet = whole;
    d->state = IPSECI_DATAGRAM_WHOLE;
    return &d->packet;
}

struct ipsec_packet *ipseci_gw_fragment(struct ipsec_gw *gw, struct ipsec_packet *packet,
                                        ipsec_ms now)
{
    struct piece piece = {.more = false};
    packet->status = IPSEC_DROP_FRAGMENT;
    if (gw->config.fragment_max == 0 || !read_piece(packet, &piece)) {
        return NULL;
    }
    struct ipseci_gw_datagram *d = find(gw, &piece, now);
    if (d == NULL && (d = take(gw, &piece, now)) != NULL) {
        begin(gw, d, &piece, now);
    }
    if (d == NULL) {
        packet->status = IPSEC_DROP_FULL;
        return NULL;
    }
    if (d->state != IPSECI_DATAGRAM_GATHERING) {
        return NULL; /* spoiled, or whole already */
    }
    struct ipsec_packet *whole = NULL;
    if (!add(gw, d, &piece) || (d->have == d->end && (whole = finish(gw, d)) == NULL)) {
        d->state = IPSECI_DATAGRAM_SPOILED;
        return NULL;
    }
    packet->status = IPSEC_PENDING;
    gw->counters.fragments_in++;
    gw->counters.reassembled += whole != NULL;
    return whole;
}

void ipseci_gw_fragments_done(struct ipsec_gw *gw)
{
    for (uint32_t i = 0; i < gw->config.fragment_max; i++) {
        struct ipseci_gw_datagram *d = &gw->datagrams[i];
        d->state = d->state == IPSECI_DATAGRAM_WHOLE ? IPSECI_DATAGRAM_FREE : d->state;
    }
}

void ipseci_gw_fragments_layout(struct ipsec_gw *gw, struct ipseci_arena *arena,
                                const struct ipsec_gw_config *config)
{
    const uint32_t words = config->packet_bytes / BLOCK_BYTES / 32 + 1;
    gw->datagrams = IPSECI_ARENA_NEW(arena, config->fragment_max, struct ipseci_gw_datagram);
    for (uint32_t i = 0; i < config->fragment_max; i++) {
        uint32_t *blocks = IPSECI_ARENA_NEW(arena, words, uint32_t);
        uint8_t *bytes = ipseci_arena_take(arena, config->packet_bytes, 1, 1);
        if (gw->datagrams != NULL) {
            gw->datagrams[i].blocks = blocks;
            gw->datagrams[i].bytes = bytes;
        }
    }
}
