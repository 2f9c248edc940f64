/* SPDX-License-Identifier: Apache-2.0
 *
 * WAN datagrams out, in bursts where the system has the calls for it. Called by the gateway through
 * the table of posix.c.
 */
#include <errno.h>
#include <string.h>

#include <ipsec/esp.h>

#include "posix_state.h"

#if defined(__linux__) && !defined(IPSEC_POSIX_ONE_BY_ONE)

static int send_messages(int fd, posix_message messages[], size_t n)
{
    return sendmmsg(fd, messages, (unsigned)n, MSG_DONTWAIT);
}

#else

static int send_messages(int fd, posix_message messages[], size_t n)
{
    size_t done = 0;
    while (done < n && sendmsg(fd, &messages[done].msg_hdr, MSG_DONTWAIT) >= 0) {
        done++;
    }
    return done != 0 ? (int)done : -1;
}

#endif

/* The socket a packet leaves by, or NULL. */
static struct posix_socket *socket_of(struct ipsec_posix *posix, const struct ipsec_packet *packet)
{
    for (size_t i = 0; i < posix->socket_count; i++) {
        struct posix_socket *s = &posix->socket[i];
        if (s->carrier == packet->carrier && s->family == packet->remote.addr.family &&
            (s->carrier != IPSEC_CARRIER_UDP || s->port == packet->local.port)) {
            return s;
        }
    }
    return NULL;
}

size_t ipseci_posix_put_control(struct msghdr *m, size_t used, int level, int type,
                                const void *data, size_t length)
{
    uint8_t *at = (uint8_t *)m->msg_control + used;
    struct cmsghdr head = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    memcpy(at, &head, sizeof head);
    memcpy(at + CMSG_LEN(0), data, length);
    return used + CMSG_SPACE(length);
}

static size_t address_ipv4(struct msghdr *m, const struct ipsec_packet *packet, uint16_t port)
{
    const int traffic_class = packet->traffic_class;
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct in_pktinfo info = {0};
    size_t used = 0;
    memcpy(&peer.sin_addr, packet->remote.addr.bytes, 4);
    memcpy(m->msg_name, &peer, sizeof peer);
    m->msg_namelen = sizeof peer;
    if (packet->local.addr.family == IPSEC_FAMILY_IPV4) {
        memcpy(&info.ipi_spec_dst, packet->local.addr.bytes, 4);
        used = ipseci_posix_put_control(m, used, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
    return ipseci_posix_put_control(m, used, IPPROTO_IP, IP_TOS, &traffic_class,
                                    sizeof traffic_class);
}

static size_t address_ipv6(struct msghdr *m, const struct ipsec_packet *packet, uint16_t port)
{
    const int traffic_class = packet->traffic_class;
    struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct in6_pktinfo info = {0};
    size_t used = 0;
    memcpy(&peer.sin6_addr, packet->remote.addr.bytes, 16);
    memcpy(m->msg_name, &peer, sizeof peer);
    m->msg_namelen = sizeof peer;
    if (packet->local.addr.family == IPSEC_FAMILY_IPV6) {
        memcpy(&info.ipi6_addr, packet->local.addr.bytes, 16);
        used = ipseci_posix_put_control(m, used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    return ipseci_posix_put_control(m, used, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class,
                                    sizeof traffic_class);
}

/* A burst as messages; those of the socket's own kind carry several datagrams. */
struct sending {
    struct posix_burst burst;
    size_t first[POSIX_BURST_MAX + 1]; /* packet of each message, and the end */
    size_t count;
};

static void gather(const struct posix_socket *s, struct ipsec_packet *const packets[], size_t n,
                   bool gso, struct sending *w)
{
    struct posix_burst *b = &w->burst;
    w->count = 0;
    for (size_t i = 0; i < n;) {
        const struct ipsec_packet *p = packets[i];
        const size_t run = gso ? ipseci_posix_gso_run(s, packets + i, n - i) : 1;
        const uint16_t port = s->carrier == IPSEC_CARRIER_UDP ? p->remote.port : 0;
        struct msghdr *m = ipseci_posix_prepare(b, w->count, &b->part[i], run);
        size_t used =
            s->family == IPSEC_FAMILY_IPV4 ? address_ipv4(m, p, port) : address_ipv6(m, p, port);
        if (run > 1) {
            used = ipseci_posix_gso_control(m, used, p->length);
        }
        m->msg_controllen = used;
        w->first[w->count++] = i;
        for (const size_t end = i + run; i < end; i++) {
            b->part[i].iov_base = packets[i]->buffer + packets[i]->offset;
            b->part[i].iov_len = packets[i]->length;
            packets[i]->status = IPSEC_OK;
        }
    }
    w->first[w->count] = n;
}

static bool is_full(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

static bool is_single(const struct sending *w, size_t message)
{
    return w->first[message + 1] - w->first[message] == 1;
}

static void lose(struct ipsec_packet *const packets[], size_t first, size_t end, int error)
{
    for (size_t i = first; i < end; i++) {
        packets[i]->status = error == EMSGSIZE ? IPSEC_DROP_TOO_BIG : IPSEC_DROP_IO;
    }
}

/* What the system does not take now is lost, as on any link: all that is left when it has no room,
 * else one message, and those behind it are still tried. Returns how many packets are dealt with:
 * all, or those before a message of several datagrams that is refused for what it is. */
static size_t send_gathered(struct posix_socket *s, struct ipsec_packet *const packets[],
                            struct sending *w)
{
    const size_t n = w->first[w->count];
    bool retried = false;
    for (size_t at = 0; at < w->count;) {
        const int sent = send_messages(s->fd, w->burst.messages + at, w->count - at);
        const int error = errno;
        const size_t first = w->first[at];
        if (sent > 0) {
            at += (size_t)sent;
        } else if (is_full(error)) {
            lose(packets, first, n, error);
            return n;
        } else if (!retried && (error == EINTR || error == ECONNREFUSED || is_single(w, at))) {
            /* A signal, or an ICMP error about an earlier datagram, which is told once. */
            retried = true;
            s->heard = true;
        } else if (!is_single(w, at)) {
            /* EIO: the device can not do the checksums of such messages, and never will. Other
             * errors are about this destination: a datagram is larger than its MTU. */
            s->gso = s->gso && error != EIO;
            return first;
        } else {
            lose(packets, first, w->first[++at], error);
        }
    }
    return n;
}

/* At most POSIX_BURST_MAX packets of one socket. */
static void send_some(struct posix_socket *s, struct ipsec_packet *const packets[], size_t n)
{
    struct sending w;
    bool gso = s->gso;
    for (size_t done = 0; done < n;) {
        gather(s, packets + done, n - done, gso, &w);
        done += send_gathered(s, packets + done, &w);
        gso = false;
    }
}

static bool wants_df(const struct ipsec_packet *packet)
{
    return (packet->flags & IPSEC_PACKET_DF) != 0;
}

/* DF belongs to the socket, not to a datagram: it is changed between runs of packets that want it
 * and that do not. IPv6 has no such field. */
static void set_df(struct posix_socket *s, bool df)
{
    const int mode = ipseci_posix_mtu_df(df);
    if (s->family == IPSEC_FAMILY_IPV4 && s->sends_df != df &&
        setsockopt(s->fd, IPPROTO_IP, IP_MTU_DISCOVER, &mode, sizeof mode) == 0) {
        s->sends_df = df;
    }
}

void ipseci_posix_wan_send(void *context, struct ipsec_packet *const packets[], size_t n)
{
    struct ipsec_posix *posix = context;
    for (size_t first = 0; first < n;) {
        struct posix_socket *s = socket_of(posix, packets[first]);
        size_t end = first + 1;
        if (s == NULL) {
            packets[first]->status = IPSEC_DROP_IO;
            first = end;
            continue;
        }
        while (end < n && end - first < POSIX_BURST_MAX && socket_of(posix, packets[end]) == s &&
               wants_df(packets[end]) == wants_df(packets[first])) {
            end++;
        }
        set_df(s, wants_df(packets[first]));
        send_some(s, packets + first, end - first);
        first = end;
    }
}
