/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP coalescing within a burst. Called by tun_offload.c. RFC 9293 3.1, RFC 6864 4.1.
 */
#include "tcp_merge.h"

#include "inet_sum.h"
#include "tcp_split.h"

#define IPV4_DF       0x4000u
#define IPV4_RESERVED 0x8000u
#define TCP_ECE       0x40u

/* One packet as far as merging wants to know it. */
struct segment {
    const uint8_t *ip;
    const uint8_t *tcp; /* NULL: not TCP, or not to be seen */
    uint32_t length;
    uint32_t ip_bytes;
    uint32_t header_bytes;
    uint32_t payload;
    uint32_t flow;
    bool plain;   /* could be part of a larger one */
    bool unknown; /* might be TCP all the same */
};

static const uint8_t *octets_of(const struct ipsec_packet *p)
{
    return p->buffer + p->offset;
}

/* ---- Looking at one packet ------------------------------------------------------------------ */

static void read_ipv4(struct segment *s)
{
    const uint32_t header = (s->ip[0] & 0x0Fu) * 4u;
    const bool fragment = (inet_load16(s->ip + 6) & 0x3FFFu) != 0;
    if (s->ip[9] != IP_TCP) {
        return;
    }
    s->unknown = true;
    if (header >= IPV4_BYTES_MIN && s->length >= header && !fragment) {
        s->ip_bytes = header;
        s->plain = header == IPV4_BYTES_MIN && inet_load16(s->ip + 2) == s->length &&
                   (inet_load16(s->ip + 6) & IPV4_RESERVED) == 0;
    }
}

static void read_ipv6(struct segment *s)
{
    static const uint8_t other[] = {17, 58, 50}; /* UDP, ICMP, ESP: surely not TCP */
    s->unknown = memchr(other, s->ip[6], sizeof other) == NULL;
    if (s->ip[6] == IP_TCP) {
        s->ip_bytes = IPV6_BYTES;
        s->plain = inet_load16(s->ip + 4) + IPV6_BYTES == s->length;
    }
}

/* Equal for equal addresses and ports. */
static uint32_t flow_of(const struct segment *s)
{
    const bool ipv4 = s->ip[0] >> 4 == 4;
    const uint8_t *at = s->ip + (ipv4 ? 12 : 8);
    uint32_t flow = inet_load32(s->tcp) * 0x9E3779B1u;
    for (uint32_t i = 0; i < (ipv4 ? 8u : 32u); i += 4) {
        flow = (flow ^ inet_load32(at + i)) * 0x9E3779B1u;
        flow ^= flow >> 15;
    }
    return flow;
}

static struct segment look(const struct ipsec_packet *p)
{
    struct segment s = {.ip = octets_of(p), .length = p->length};
    if (s.length >= IPV4_BYTES_MIN && s.ip[0] >> 4 == 4) {
        read_ipv4(&s);
    } else if (s.length >= IPV6_BYTES && s.ip[0] >> 4 == 6) {
        read_ipv6(&s);
    }
    if (s.ip_bytes == 0 || s.length - s.ip_bytes < TCP_BYTES_MIN) {
        s.plain = false;
        return s;
    }
    s.tcp = s.ip + s.ip_bytes;
    s.unknown = false;
    s.flow = flow_of(&s);
    const uint32_t tcp_bytes = (uint32_t)(s.tcp[TCP_OFFSET_AT] >> 4) * 4;
    s.header_bytes = s.ip_bytes + tcp_bytes;
    if (tcp_bytes < TCP_BYTES_MIN || s.header_bytes >= s.length) {
        s.plain = false; /* an acknowledgement alone is not data */
        return s;
    }
    s.payload = s.length - s.header_bytes;
    /* ECE is only compared. CWR begins a large packet or none: it stays alone. */
    const uint8_t flags = s.tcp[TCP_FLAGS_AT];
    s.plain = s.plain && (flags & (uint8_t) ~(TCP_PSH | TCP_FIN | TCP_ECE)) == TCP_ACK;
    return s;
}

/* What was damaged on its way to the other gateway must stay so: the system makes the checksums of
 * a large packet anew. */
static bool is_intact(const struct segment *s)
{
    const uint32_t upper = s->length - s->ip_bytes;
    return (s->ip[0] >> 4 != 4 || inet_sum(s->ip, s->ip_bytes, 0) == UINT16_MAX) &&
           inet_sum(s->tcp, upper, inet_pseudo_sum(s->ip, IP_TCP, upper)) == UINT16_MAX;
}

/* ---- Comparing two -------------------------------------------------------------------------- */

static bool same(const uint8_t *a, const uint8_t *b, size_t at, size_t length)
{
    return memcmp(a + at, b + at, length) == 0;
}

static bool is_same_flow(const struct segment *a, const struct segment *b)
{
    const bool ipv4 = a->ip[0] >> 4 == 4;
    return a->ip[0] >> 4 == b->ip[0] >> 4 && same(a->tcp, b->tcp, 0, 4) &&
           (ipv4 ? same(a->ip, b->ip, 12, 8) : same(a->ip, b->ip, 8, 32));
}

/* What all segments of one large packet have in common. */
static bool is_like(const struct segment *a, const struct segment *b)
{
    const uint8_t *x = a->tcp;
    const uint8_t *y = b->tcp;
    const uint8_t loose = TCP_PSH | TCP_FIN;
    const bool ip = a->ip[0] >> 4 == 4 ? same(a->ip, b->ip, 0, 2) && same(a->ip, b->ip, 6, 3)
                                       : same(a->ip, b->ip, 0, 4) && a->ip[7] == b->ip[7];
    return ip && a->header_bytes == b->header_bytes && same(x, y, TCP_ACK_AT, 5) &&
           ((x[TCP_FLAGS_AT] ^ y[TCP_FLAGS_AT]) & (uint8_t)~loose) == 0 && same(x, y, 14, 2) &&
           same(x, y, 18, a->header_bytes - a->ip_bytes - 18);
}

/* RFC 6864 4.1: an ID means something where DF is clear; cutting counts it up. */
static bool is_next_id(const struct segment *a, const struct segment *b, uint32_t count)
{
    if (a->ip[0] >> 4 != 4 || (inet_load16(a->ip + 6) & IPV4_DF) != 0) {
        return true;
    }
    return (uint16_t)(inet_load16(a->ip + 4) + count) == inet_load16(b->ip + 4);
}

static bool fits(const struct tcp_group *g, const struct segment *head, const struct segment *s)
{
    const uint32_t before = g->length - g->header_bytes;
    return s->payload <= g->mss && g->length + s->payload <= UINT16_MAX &&
           inet_load32(head->tcp + TCP_SEQUENCE_AT) + before ==
               inet_load32(s->tcp + TCP_SEQUENCE_AT) &&
           is_like(head, s) && is_next_id(head, s, g->count);
}

/* ---- Groups --------------------------------------------------------------------------------- */

static bool ends_a_group(const struct segment *s, uint32_t mss)
{
    return s->payload < mss || (s->tcp[TCP_FLAGS_AT] & (TCP_PSH | TCP_FIN)) != 0;
}

static bool join(struct tcp_merge *m, struct tcp_group *g, const struct segment *head,
                 const struct segment *s, uint16_t index)
{
    if (!g->open || !s->plain || !fits(g, head, s)) {
        return false;
    }
    if (!g->verified && !is_intact(head)) {
        g->open = false;
        return false;
    }
    g->verified = true;
    if (!is_intact(s)) {
        return false;
    }
    m->next[g->last] = index;
    g->last = index;
    g->count++;
    g->length += s->payload;
    g->open = !ends_a_group(s, g->mss);
    return true;
}

static void begin(struct tcp_merge *m, const struct segment *s, uint16_t index)
{
    struct tcp_group *g = &m->group[m->count++];
    *g = (struct tcp_group){.first = index, .last = index, .count = 1, .length = s->length};
    if (s->tcp == NULL) {
        /* What can not be seen through may be of any flow: nothing behind it goes before it. */
        m->barrier = s->unknown ? m->count : m->barrier;
        return;
    }
    g->flow = s->flow;
    g->ip_bytes = (uint8_t)s->ip_bytes;
    g->header_bytes = (uint8_t)s->header_bytes;
    g->mss = s->payload;
    g->open = s->plain && !ends_a_group(s, s->payload);
}

/* To the last group of its flow, or to one of its own behind that. */
static void add(struct tcp_merge *m, const struct segment *s, uint16_t index)
{
    for (size_t i = s->tcp != NULL ? m->count : m->barrier; i > m->barrier; i--) {
        struct tcp_group *g = &m->group[i - 1];
        if (g->header_bytes == 0 || g->flow != s->flow) {
            continue;
        }
        const struct segment head = look(m->packets[g->first]);
        if (head.tcp != NULL && is_same_flow(&head, s)) {
            if (join(m, g, &head, s, index)) {
                return;
            }
            break;
        }
    }
    begin(m, s, index);
}

void ipseci_tcp_merge(struct tcp_merge *m, struct ipsec_packet *const packets[], size_t n)
{
    m->packets = packets;
    m->count = 0;
    m->barrier = 0;
    for (size_t i = 0; i < n && i < TCP_MERGE_MAX; i++) {
        const struct segment s = look(packets[i]);
        m->next[i] = TCP_MERGE_NO_PACKET;
        add(m, &s, (uint16_t)i);
    }
}

void ipseci_tcp_merge_header(const struct tcp_merge *m, const struct tcp_group *g,
                             uint8_t out[TCP_MERGE_HEAD_MAX])
{
    const struct segment last = look(m->packets[g->last]);
    uint8_t *tcp = out + g->ip_bytes;
    memcpy(out, octets_of(m->packets[g->first]), g->header_bytes);
    if (out[0] >> 4 == 4) {
        inet_store16(out + 2, g->length);
        inet_store16(out + 10, 0);
        inet_store16(out + 10, (uint16_t)~inet_sum(out, g->ip_bytes, 0));
    } else {
        inet_store16(out + 4, g->length - IPV6_BYTES);
    }
    tcp[TCP_FLAGS_AT] |= last.tcp[TCP_FLAGS_AT] & (TCP_PSH | TCP_FIN);
    inet_store16(tcp + TCP_SUM_AT, inet_pseudo_sum(out, IP_TCP, g->length - g->ip_bytes));
}
