/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets of a TUN device in the form network cards take them (IFF_VNET_HDR): large TCP packets are
 * cut here after they are read, segments that follow each other are written as one, and checksums
 * that the system left out are filled in. Called through the table of linux_tun.c.
 */
#include "tun_state.h"

#include <errno.h>
#include <sys/uio.h>

#include "inet_sum.h"

#define TCP_SUM_OFFSET 16

static uint8_t *octets_of(const struct ipsec_packet *p)
{
    return p->buffer + p->offset;
}

static size_t room_of(const struct ipsec_packet *p)
{
    return p->offset < p->capacity ? p->capacity - p->offset : 0;
}

static void give(struct ipsec_packet *p, size_t length)
{
    p->length = (uint32_t)length;
    p->status = IPSEC_OK;
    p->carrier = IPSEC_CARRIER_NONE;
}

/* ---- From the device ------------------------------------------------------------------------ */

/* The system has left the checksum to the card: in its place is the sum of the pseudo header. */
static bool fill_checksum(const struct virtio_net_hdr *head, uint8_t *octets, size_t length)
{
    const size_t at = (size_t)head->csum_start + head->csum_offset;
    if (head->csum_start >= length || at + 2 > length) {
        return false;
    }
    const uint16_t sum =
        (uint16_t)~inet_sum(octets + head->csum_start, length - head->csum_start, 0);
    inet_store16(octets + at,
                 sum != 0 ? sum : UINT16_MAX); /* UDP: 0 would say that there is none */
    return true;
}

static bool is_tcp(const struct virtio_net_hdr *head)
{
    const uint8_t type = head->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
    return (type == VIRTIO_NET_HDR_GSO_TCPV4 || type == VIRTIO_NET_HDR_GSO_TCPV6) &&
           (head->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0 && head->csum_offset == TCP_SUM_OFFSET;
}

/* What lies in the packet up to its room, and in `large` from there on: given on as it is, or kept
 * in `large` to be cut. What can be neither is given on empty: the gateway counts it as truncated.
 * Says whether a packet was given. */
static bool take_read(struct tun_offload *o, struct ipsec_packet *p,
                      const struct virtio_net_hdr *head, size_t length)
{
    const size_t room = room_of(p);
    if (head->gso_type == VIRTIO_NET_HDR_GSO_NONE) {
        const bool partial = (head->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
        const bool good = length <= room && (!partial || fill_checksum(head, octets_of(p), length));
        give(p, good ? length : 0);
        return true;
    }
    if (length > sizeof o->large || !is_tcp(head)) {
        give(p, 0);
        return true;
    }
    memcpy(o->large, octets_of(p), length < room ? length : room);
    o->splitting =
        ipseci_tcp_split_start(&o->split, o->large, length, head->csum_start, head->gso_size);
    if (!o->splitting) {
        give(p, 0);
    }
    return !o->splitting;
}

/* False when there is nothing to be read. */
static bool read_next(struct ipsec_linux_tun *tun, struct ipsec_packet *p, size_t *given)
{
    struct tun_offload *o = tun->offload;
    struct virtio_net_hdr head = {0};
    const size_t room = room_of(p);
    const size_t kept = room < sizeof o->large ? room : sizeof o->large;
    const struct iovec parts[] = {
        {&head, sizeof head}, {octets_of(p), room}, {o->large + kept, sizeof o->large - kept}};
    const ssize_t length = readv(tun->fd, parts, 3);
    if (length < (ssize_t)sizeof head) {
        return false;
    }
    *given += take_read(o, p, &head, (size_t)length - sizeof head) ? 1 : 0;
    return true;
}

static size_t give_segments(struct tun_offload *o, struct ipsec_packet *const packets[], size_t max)
{
    size_t n = 0;
    while (n < max && ipseci_tcp_split_left(&o->split) != 0) {
        struct ipsec_packet *p = packets[n++];
        give(p, ipseci_tcp_split_next(&o->split, octets_of(p), room_of(p)));
    }
    o->splitting = ipseci_tcp_split_left(&o->split) != 0;
    return n;
}

/* Segments that would not fit into this burst and would into the next wait for it: there they leave
 * in one piece. */
static bool waits(const struct tun_offload *o, size_t given, size_t max)
{
    const size_t left = ipseci_tcp_split_left(&o->split);
    return given != 0 && left > max - given && left <= max;
}

enum ipsec_status ipseci_tun_offload_pull(void *context, struct ipsec_packet *const packets[],
                                          size_t max, size_t *pulled)
{
    struct ipsec_linux_tun *tun = context;
    struct tun_offload *o = tun->offload;
    *pulled = 0;
    errno = 0;
    while (*pulled < max) {
        if (!o->splitting) {
            if (!read_next(tun, packets[*pulled], pulled)) {
                break;
            }
        } else if (waits(o, *pulled, max)) {
            break;
        } else {
            *pulled += give_segments(o, packets + *pulled, max - *pulled);
        }
    }
    return *pulled == 0 && (errno == EBADF || errno == EBADFD) ? IPSEC_ERR_IO : IPSEC_OK;
}

/* ---- To the device -------------------------------------------------------------------------- */

static void write_alone(const struct ipsec_linux_tun *tun, struct ipsec_packet *p)
{
    struct virtio_net_hdr head = {0};
    const struct iovec parts[] = {{&head, sizeof head}, {octets_of(p), p->length}};
    const ssize_t length = (ssize_t)(sizeof head + p->length);
    p->status = writev(tun->fd, parts, 2) == length ? IPSEC_OK : IPSEC_DROP_IO;
}

static bool write_group(const struct ipsec_linux_tun *tun, const struct tcp_merge *m,
                        const struct tcp_group *g)
{
    uint8_t header[TCP_MERGE_HEAD_MAX];
    struct iovec parts[2 + TCP_MERGE_MAX];
    const bool ipv4 = octets_of(m->packets[g->first])[0] >> 4 == 4;
    struct virtio_net_hdr head = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6,
        .hdr_len = g->header_bytes,
        .gso_size = (uint16_t)g->mss,
        .csum_start = g->ip_bytes,
        .csum_offset = TCP_SUM_OFFSET,
    };
    int n = 2;
    ipseci_tcp_merge_header(m, g, header);
    parts[0] = (struct iovec){&head, sizeof head};
    parts[1] = (struct iovec){header, g->header_bytes};
    for (uint16_t i = g->first; i != TCP_MERGE_NO_PACKET; i = m->next[i]) {
        const struct ipsec_packet *p = m->packets[i];
        parts[n++] = (struct iovec){octets_of(p) + g->header_bytes, p->length - g->header_bytes};
    }
    return writev(tun->fd, parts, n) == (ssize_t)(sizeof head + g->length);
}

/* A large packet that the system has no memory for now is lost, as its segments would be. One that
 * it will not have is given to it in segments. */
static void deliver_group(const struct ipsec_linux_tun *tun, const struct tcp_merge *m,
                          const struct tcp_group *g)
{
    const bool whole = g->count > 1 && write_group(tun, m, g);
    const bool lost =
        g->count > 1 && !whole && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM);
    for (uint16_t i = g->first; i != TCP_MERGE_NO_PACKET; i = m->next[i]) {
        if (whole || lost) {
            m->packets[i]->status = whole ? IPSEC_OK : IPSEC_DROP_IO;
        } else {
            write_alone(tun, m->packets[i]);
        }
    }
}

void ipseci_tun_offload_deliver(void *context, struct ipsec_packet *const packets[], size_t n)
{
    const struct ipsec_linux_tun *tun = context;
    struct tcp_merge *m = &tun->offload->merge;
    for (size_t at = 0; at < n; at += TCP_MERGE_MAX) {
        ipseci_tcp_merge(m, packets + at, n - at < TCP_MERGE_MAX ? n - at : TCP_MERGE_MAX);
        for (size_t i = 0; i < m->count; i++) {
            deliver_group(tun, m, &m->group[i]);
        }
    }
}
