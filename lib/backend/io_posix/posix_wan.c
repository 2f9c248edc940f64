/* SPDX-License-Identifier: Apache-2.0
 *
 * WAN datagrams in, in bursts where the system has the calls for it. Called by the gateway through
 * the table of posix.c.
 */
#include <errno.h>
#include <string.h>

#include "posix_state.h"

#define IPV4_HEADER_BYTES 20

/* ---- System calls ---- */

#if defined(__linux__) && !defined(IPSEC_POSIX_ONE_BY_ONE)

int ipseci_posix_read(const struct posix_socket *s, posix_message messages[], size_t n)
{
    return recvmmsg(s->fd, messages, (unsigned)n, MSG_DONTWAIT, NULL);
}

#else

int ipseci_posix_read(const struct posix_socket *s, posix_message messages[], size_t n)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t length = recvmsg(s->fd, &messages[done].msg_hdr, MSG_DONTWAIT);
        if (length < 0) {
            break;
        }
        messages[done++].msg_len = (unsigned)length;
    }
    return done != 0 ? (int)done : -1;
}

#endif

struct msghdr *ipseci_posix_prepare(struct posix_burst *b, size_t i, struct iovec *parts,
                                    size_t part_count)
{
    struct msghdr *m = &b->messages[i].msg_hdr;
    memset(m, 0, sizeof *m);
    memset(&b->peer[i], 0, sizeof b->peer[i]);
    memset(&b->control[i], 0, sizeof b->control[i]);
    m->msg_name = &b->peer[i];
    m->msg_namelen = sizeof b->peer[i];
    m->msg_iov = parts;
    m->msg_iovlen = part_count;
    m->msg_control = b->control[i].octets;
    m->msg_controllen = sizeof b->control[i].octets;
    return m;
}

/* ---- Receiving ---- */

static void set_ipv4(struct ipsec_endpoint *e, const void *address, uint16_t port)
{
    memset(e, 0, sizeof *e);
    e->addr.family = IPSEC_FAMILY_IPV4;
    memcpy(e->addr.bytes, address, 4);
    e->port = port;
}

static void set_ipv6(struct ipsec_endpoint *e, const void *address, uint16_t port)
{
    e->addr.family = IPSEC_FAMILY_IPV6;
    memcpy(e->addr.bytes, address, 16);
    e->port = port;
}

static void read_peer(const struct posix_socket *s, const union posix_peer *peer,
                      struct ipsec_packet *packet)
{
    const bool udp = s->carrier == IPSEC_CARRIER_UDP;
    if (s->family == IPSEC_FAMILY_IPV4) {
        set_ipv4(&packet->remote, &peer->in.sin_addr, udp ? ntohs(peer->in.sin_port) : 0);
    } else {
        set_ipv6(&packet->remote, &peer->in6.sin6_addr, udp ? ntohs(peer->in6.sin6_port) : 0);
    }
}

static void read_control(const struct posix_socket *s, struct cmsghdr *c,
                         struct ipsec_packet *packet)
{
    struct in_pktinfo info;
    struct in6_pktinfo info6;
    int traffic_class;
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        memcpy(&info, CMSG_DATA(c), sizeof info);
        set_ipv4(&packet->local, &info.ipi_addr, s->port);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        memcpy(&info6, CMSG_DATA(c), sizeof info6);
        set_ipv6(&packet->local, &info6.ipi6_addr, s->port);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
        packet->traffic_class = *CMSG_DATA(c);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
        memcpy(&traffic_class, CMSG_DATA(c), sizeof traffic_class);
        packet->traffic_class = (uint8_t)traffic_class;
    }
}

/* An IPv4 raw socket gives the IP header too. The system has checked and reassembled it; a length
 * it can not have still leads to an empty packet, not past the end. */
static void strip_ipv4(struct ipsec_packet *packet)
{
    const uint8_t *ip = packet->buffer + packet->offset;
    const uint32_t header = packet->length != 0 ? (ip[0] & 0x0Fu) * 4 : 0;
    if (header < IPV4_HEADER_BYTES || header > packet->length) {
        packet->length = 0;
        return;
    }
    packet->offset += header;
    packet->length -= header;
}

void ipseci_posix_describe(const struct posix_socket *s, posix_message *m,
                           struct ipsec_packet *packet)
{
    const struct ipsec_endpoint none = {{0}, 0};
    packet->status = IPSEC_OK;
    packet->carrier = s->carrier;
    packet->traffic_class = 0;
    packet->local = packet->remote = none;
    packet->local.port = s->port;
    read_peer(s, m->msg_hdr.msg_name, packet);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg_hdr); c != NULL;
         c = CMSG_NXTHDR(&m->msg_hdr, c)) {
        read_control(s, c, packet);
    }
}

static void finish_received(const struct posix_socket *s, posix_message *m,
                            struct ipsec_packet *packet)
{
    ipseci_posix_describe(s, m, packet);
    /* One that was cut is given on empty: the gateway counts it as truncated. */
    packet->length = (m->msg_hdr.msg_flags & MSG_TRUNC) != 0 ? 0 : m->msg_len;
    if (s->carrier == IPSEC_CARRIER_ESP && s->family == IPSEC_FAMILY_IPV4) {
        strip_ipv4(packet);
    }
}

/* Everything else is news of some peer (ICMP) or of the moment. */
static bool is_unusable(int error)
{
    return error == EBADF || error == ENOTSOCK || error == EINVAL || error == EFAULT;
}

/* Nothing was read. */
static bool is_failed(struct posix_socket *s, int error)
{
    s->heard = s->heard || (error != EAGAIN && error != EWOULDBLOCK && error != EINTR);
    return is_unusable(error);
}

/* At most POSIX_BURST_MAX. *failed: the socket itself is unusable. */
static size_t receive_some(struct posix_socket *s, struct ipsec_packet *const packets[], size_t max,
                           bool *failed)
{
    struct posix_burst b;
    const size_t n = max < POSIX_BURST_MAX ? max : POSIX_BURST_MAX;
    for (size_t i = 0; i < n; i++) {
        const struct ipsec_packet *p = packets[i];
        b.part[i].iov_base = p->buffer + p->offset;
        b.part[i].iov_len = p->offset < p->capacity ? p->capacity - p->offset : 0;
        (void)ipseci_posix_prepare(&b, i, &b.part[i], 1);
    }
    const int got = ipseci_posix_read(s, b.messages, n);
    if (got < 0) {
        *failed = is_failed(s, errno);
        return 0;
    }
    for (int i = 0; i < got; i++) {
        finish_received(s, &b.messages[i], packets[i]);
    }
    return (size_t)got;
}

/* Messages of several datagrams; those that find no packet are given the next time. */
static size_t receive_large(struct ipsec_posix *posix, struct posix_socket *s,
                            struct ipsec_packet *const packets[], size_t max, bool *failed)
{
    const int got = ipseci_posix_large_read(posix, s);
    if (got < 0) {
        *failed = is_failed(s, errno);
        return 0;
    }
    return ipseci_posix_large_give(posix, packets, max);
}

enum ipsec_status ipseci_posix_wan_receive(void *context, struct ipsec_packet *const packets[],
                                           size_t max, size_t *received)
{
    struct ipsec_posix *posix = context;
    bool failed = false;
    size_t n = ipseci_posix_large_give(posix, packets, max);
    for (size_t i = 0; i < posix->socket_count && n < max; i++) {
        struct posix_socket *s = &posix->socket[(posix->first + i) % posix->socket_count];
        if (s->heard) {
            ipseci_posix_mtu_read(posix, s);
        }
        if (s->rest != 0) {
            s->rest--;
            continue;
        }
        const size_t got = s->gro ? receive_large(posix, s, packets + n, max - n, &failed)
                                  : receive_some(s, packets + n, max - n, &failed);
        s->rest = got == 0 && !s->heard ? POSIX_REST_TURNS : 0;
        n += got;
    }
    posix->first = (posix->first + 1) % posix->socket_count;
    *received = n;
    return failed && n == 0 ? IPSEC_ERR_IO : IPSEC_OK;
}
