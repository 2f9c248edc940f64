/* SPDX-License-Identifier: Apache-2.0
 *
 * UDP datagrams of one size and one way, many in one message: sent with UDP_SEGMENT, received with
 * UDP_GRO. Linux, from 4.18 and 5.0 on; a socket of an older system says so when it is opened.
 * Called by posix_open.c, posix_wan.c and posix_send.c.
 */
#include "posix_state.h"

#include <linux/udp.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX  64    /* of a message; Linux: UDP_MAX_SEGMENTS, in its first versions */
#define MESSAGE_BYTES 65507 /* UDP over IPv4 can carry no more */
#define LARGE_COUNT   4     /* messages read by one system call */
#define LARGE_BYTES   65536 /* none is larger */

/* A message that was read: datagrams of `each` octets, the last may be shorter. */
struct large {
    struct ipsec_packet like; /* all about them but where they are */
    uint32_t length;
    uint32_t each;
};

struct posix_large {
    size_t count;
    size_t at;     /* message given next */
    uint32_t next; /* octet of it */
    struct large message[LARGE_COUNT];
    uint8_t octets[LARGE_COUNT][LARGE_BYTES];
};

void ipseci_posix_offload_start(struct posix_socket *s)
{
    const int off = 0;
    const int on = 1;
    s->gso = setsockopt(s->fd, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof off) == 0;
    s->gro = setsockopt(s->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0;
}

/* ---- Sending ----------------------------------------------------------------------------------
 */

static bool is_same_addr(const struct ipsec_addr *a, const struct ipsec_addr *b)
{
    return a->family == b->family &&
           memcmp(a->bytes, b->bytes, a->family == IPSEC_FAMILY_IPV4 ? 4 : 16) == 0;
}

static bool is_same_way(const struct ipsec_packet *a, const struct ipsec_packet *b)
{
    return a->traffic_class == b->traffic_class && a->remote.port == b->remote.port &&
           is_same_addr(&a->remote.addr, &b->remote.addr) &&
           is_same_addr(&a->local.addr, &b->local.addr);
}

size_t ipseci_posix_gso_run(const struct posix_socket *s, struct ipsec_packet *const packets[],
                            size_t n)
{
    const struct ipsec_packet *first = packets[0];
    size_t total = first->length;
    size_t run = 1;
    bool open = s->gso && first->length != 0;
    while (open && run < n && run < SEGMENTS_MAX) {
        const struct ipsec_packet *p = packets[run];
        if (p->length == 0 || p->length > first->length || total + p->length > MESSAGE_BYTES ||
            !is_same_way(first, p)) {
            break;
        }
        total += p->length;
        run++;
        open = p->length == first->length; /* a shorter one is the last */
    }
    return run;
}

size_t ipseci_posix_gso_control(struct msghdr *m, size_t used, uint32_t datagram_bytes)
{
    const uint16_t bytes = (uint16_t)datagram_bytes;
    return ipseci_posix_put_control(m, used, IPPROTO_UDP, UDP_SEGMENT, &bytes, sizeof bytes);
}

/* ---- Receiving --------------------------------------------------------------------------------
 */

enum ipsec_status ipseci_posix_large_new(struct ipsec_posix *posix)
{
    posix->large = calloc(1, sizeof *posix->large);
    return posix->large != NULL ? IPSEC_OK : IPSEC_ERR_MEMORY;
}

void ipseci_posix_large_free(struct ipsec_posix *posix)
{
    free(posix->large);
    posix->large = NULL;
}

/* Without the system's word for it, a message is one datagram. */
static uint32_t each_of(struct msghdr *m, uint32_t length)
{
    int each = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            memcpy(&each, CMSG_DATA(c), sizeof each);
        }
    }
    return each > 0 && (uint32_t)each < length ? (uint32_t)each : length;
}

int ipseci_posix_large_read(struct ipsec_posix *posix, const struct posix_socket *s)
{
    struct posix_large *l = posix->large;
    struct posix_burst b;
    if (l->at < l->count) {
        return 0;
    }
    for (size_t i = 0; i < LARGE_COUNT; i++) {
        b.part[i] = (struct iovec){l->octets[i], LARGE_BYTES};
        (void)ipseci_posix_prepare(&b, i, &b.part[i], 1);
    }
    const int got = ipseci_posix_read(s, b.messages, LARGE_COUNT);
    for (int i = 0; i < got; i++) {
        struct large *m = &l->message[i];
        ipseci_posix_describe(s, &b.messages[i], &m->like);
        m->length = b.messages[i].msg_len;
        m->each = each_of(&b.messages[i].msg_hdr, m->length);
    }
    l->count = got > 0 ? (size_t)got : 0;
    l->at = 0;
    l->next = 0;
    return got;
}

/* One that has no room is given on empty: the gateway counts it as truncated. */
static void give(const struct large *m, const uint8_t *octets, uint32_t length,
                 struct ipsec_packet *p)
{
    const uint32_t room = p->offset < p->capacity ? p->capacity - p->offset : 0;
    p->status = m->like.status;
    p->carrier = m->like.carrier;
    p->traffic_class = m->like.traffic_class;
    p->local = m->like.local;
    p->remote = m->like.remote;
    p->length = length <= room ? length : 0;
    memcpy(p->buffer + p->offset, octets, p->length);
}

/* Datagrams of a message that would not all fit into this burst, and would into the next, wait for
 * it: what they hold leaves in one piece then. */
static bool waits(const struct posix_large *l, size_t given, size_t max)
{
    const struct large *m = &l->message[l->at];
    const size_t left = m->each != 0 ? (m->length - l->next + m->each - 1) / m->each : 1;
    return given != 0 && left > max - given && left <= max;
}

size_t ipseci_posix_large_give(struct ipsec_posix *posix, struct ipsec_packet *const packets[],
                               size_t max)
{
    struct posix_large *l = posix->large;
    size_t n = 0;
    while (l != NULL && n < max && l->at < l->count && !waits(l, n, max)) {
        const struct large *m = &l->message[l->at];
        do {
            const uint32_t left = m->length - l->next;
            const uint32_t length = left < m->each ? left : m->each;
            give(m, l->octets[l->at] + l->next, length, packets[n++]);
            l->next += length;
        } while (n < max && l->next < m->length);
        if (l->next == m->length) {
            l->at++;
            l->next = 0;
        }
    }
    return n;
}
