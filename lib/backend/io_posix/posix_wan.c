/* SPDX-License-Identifier: Apache-2.0
 *
 * WAN datagrams in and out, in bursts where the system has the calls for it. Called by the gateway
 * through the table of posix.c.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <ipsec/esp.h>

#include "posix_state.h"

#define BURST_MAX         32 /* datagrams a system call */
#define IPV4_HEADER_BYTES 20

struct control {
    _Alignas(struct cmsghdr)
        uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

/* ---- System calls ---- */

#if defined(__linux__) && !defined(IPSEC_POSIX_ONE_BY_ONE)

typedef struct mmsghdr message;

static int receive_messages(int fd, message messages[], size_t n)
{
    return recvmmsg(fd, messages, (unsigned)n, MSG_DONTWAIT, NULL);
}

static int send_messages(int fd, message messages[], size_t n)
{
    return sendmmsg(fd, messages, (unsigned)n, MSG_DONTWAIT);
}

#else

typedef struct {
    struct msghdr msg_hdr;
    unsigned msg_len;
} message;

static int receive_messages(int fd, message messages[], size_t n)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t length = recvmsg(fd, &messages[done].msg_hdr, MSG_DONTWAIT);
        if (length < 0) {
            break;
        }
        messages[done++].msg_len = (unsigned)length;
    }
    return done != 0 ? (int)done : -1;
}

static int send_messages(int fd, message messages[], size_t n)
{
    size_t done = 0;
    while (done < n && sendmsg(fd, &messages[done].msg_hdr, MSG_DONTWAIT) >= 0) {
        done++;
    }
    return done != 0 ? (int)done : -1;
}

#endif

/* What a burst's system call works on. */
struct burst {
    message messages[BURST_MAX];
    struct iovec part[BURST_MAX];
    struct sockaddr_storage peer[BURST_MAX];
    struct control control[BURST_MAX];
};

static struct msghdr *prepare(struct burst *b, size_t i, const struct ipsec_packet *packet,
                              size_t length)
{
    struct msghdr *m = &b->messages[i].msg_hdr;
    memset(m, 0, sizeof *m);
    memset(&b->peer[i], 0, sizeof b->peer[i]);
    memset(&b->control[i], 0, sizeof b->control[i]);
    b->part[i].iov_base = packet->buffer + packet->offset;
    b->part[i].iov_len = length;
    m->msg_name = &b->peer[i];
    m->msg_namelen = sizeof b->peer[i];
    m->msg_iov = &b->part[i];
    m->msg_iovlen = 1;
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

static void read_peer(const struct posix_socket *s, const struct sockaddr_storage *peer,
                      struct ipsec_packet *packet)
{
    const bool udp = s->carrier == IPSEC_CARRIER_UDP;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (s->family == IPSEC_FAMILY_IPV4) {
        memcpy(&in, peer, sizeof in);
        set_ipv4(&packet->remote, &in.sin_addr, udp ? ntohs(in.sin_port) : 0);
    } else {
        memcpy(&in6, peer, sizeof in6);
        set_ipv6(&packet->remote, &in6.sin6_addr, udp ? ntohs(in6.sin6_port) : 0);
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

static void finish_received(const struct posix_socket *s, message *m, struct ipsec_packet *packet)
{
    const struct ipsec_endpoint none = {{0}, 0};
    packet->status = IPSEC_OK;
    packet->carrier = s->carrier;
    packet->traffic_class = 0;
    packet->local = packet->remote = none;
    packet->local.port = s->port;
    /* One that was cut is given on empty: the gateway counts it as truncated. */
    packet->length = (m->msg_hdr.msg_flags & MSG_TRUNC) != 0 ? 0 : m->msg_len;
    read_peer(s, m->msg_hdr.msg_name, packet);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg_hdr); c != NULL;
         c = CMSG_NXTHDR(&m->msg_hdr, c)) {
        read_control(s, c, packet);
    }
    if (s->carrier == IPSEC_CARRIER_ESP && s->family == IPSEC_FAMILY_IPV4) {
        strip_ipv4(packet);
    }
}

/* At most BURST_MAX. *failed: the socket itself is unusable. */
static size_t receive_some(const struct posix_socket *s, struct ipsec_packet *const packets[],
                           size_t max, bool *failed)
{
    struct burst b;
    const size_t n = max < BURST_MAX ? max : BURST_MAX;
    for (size_t i = 0; i < n; i++) {
        const struct ipsec_packet *p = packets[i];
        (void)prepare(&b, i, p, p->offset < p->capacity ? p->capacity - p->offset : 0);
    }
    const int got = receive_messages(s->fd, b.messages, n);
    if (got < 0) {
        /* Everything else is news of some peer (ICMP) or of the moment. */
        *failed = errno == EBADF || errno == ENOTSOCK || errno == EINVAL || errno == EFAULT;
        return 0;
    }
    for (int i = 0; i < got; i++) {
        finish_received(s, &b.messages[i], packets[i]);
    }
    return (size_t)got;
}

enum ipsec_status ipseci_posix_wan_receive(void *context, struct ipsec_packet *const packets[],
                                           size_t max, size_t *received)
{
    struct ipsec_posix *posix = context;
    bool failed = false;
    *received = 0;
    for (size_t i = 0; i < posix->socket_count && *received < max; i++) {
        const struct posix_socket *s = &posix->socket[(posix->first + i) % posix->socket_count];
        *received += receive_some(s, packets + *received, max - *received, &failed);
    }
    posix->first = (posix->first + 1) % posix->socket_count;
    return failed && *received == 0 ? IPSEC_ERR_IO : IPSEC_OK;
}

/* ---- Sending ---- */

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

static size_t put_control(struct msghdr *m, size_t used, int level, int type, const void *data,
                          size_t length)
{
    uint8_t *at = (uint8_t *)m->msg_control + used;
    struct cmsghdr head = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    memcpy(at, &head, sizeof head);
    memcpy(at + CMSG_LEN(0), data, length);
    return used + CMSG_SPACE(length);
}

static void address_ipv4(struct msghdr *m, const struct ipsec_packet *packet, uint16_t port)
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
        used = put_control(m, used, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
    m->msg_controllen =
        put_control(m, used, IPPROTO_IP, IP_TOS, &traffic_class, sizeof traffic_class);
}

static void address_ipv6(struct msghdr *m, const struct ipsec_packet *packet, uint16_t port)
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
        used = put_control(m, used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    m->msg_controllen =
        put_control(m, used, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class);
}

/* At most BURST_MAX packets of one socket. What the system does not take now is lost, as on any
 * link; the packets behind it are still tried. */
static void send_some(const struct posix_socket *s, struct ipsec_packet *const packets[], size_t n)
{
    struct burst b;
    for (size_t i = 0; i < n; i++) {
        const uint16_t port = s->carrier == IPSEC_CARRIER_UDP ? packets[i]->remote.port : 0;
        struct msghdr *m = prepare(&b, i, packets[i], packets[i]->length);
        if (s->family == IPSEC_FAMILY_IPV4) {
            address_ipv4(m, packets[i], port);
        } else {
            address_ipv6(m, packets[i], port);
        }
        packets[i]->status = IPSEC_OK;
    }
    bool retried = false;
    for (size_t done = 0; done < n;) {
        const int sent = send_messages(s->fd, b.messages + done, n - done);
        if (sent > 0) {
            done += (size_t)sent;
        } else if (!retried && (errno == EINTR || errno == ECONNREFUSED)) {
            retried = true; /* a signal, or an ICMP error about an earlier datagram */
        } else {
            packets[done++]->status = errno == EMSGSIZE ? IPSEC_DROP_TOO_BIG : IPSEC_DROP_IO;
        }
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
    const int mode = df ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
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
        while (end < n && end - first < BURST_MAX && socket_of(posix, packets[end]) == s &&
               wants_df(packets[end]) == wants_df(packets[first])) {
            end++;
        }
        set_df(s, wants_df(packets[first]));
        send_some(s, packets + first, end - first);
        first = end;
    }
}
