/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens the sockets: UDP on the two ports, raw ESP where allowed, IPv4 and IPv6. Called by posix.c.
 * RFC 3948 (ESP in UDP is told apart by the gateway, not by the kernel), RFC 4301 8.1 (DF).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "posix_state.h"

#define ESP_PROTOCOL 50

static void explain(char *why, const char *step, const struct posix_socket *s)
{
    const char *reason = strerror(errno);
    if (why == NULL) {
        return;
    }
    if (s->carrier == IPSEC_CARRIER_UDP) {
        (void)snprintf(why, IPSEC_POSIX_TEXT_MAX, "%s UDP port %u over IPv%u: %s", step,
                       (unsigned)s->port, (unsigned)s->family, reason);
    } else {
        (void)snprintf(why, IPSEC_POSIX_TEXT_MAX, "%s raw ESP socket over IPv%u: %s", step,
                       (unsigned)s->family, reason);
    }
}

/* ---- Options ---- */

static bool set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* The destination address and traffic class of what comes in; fragmentation of what goes out is the
 * system's, but for packets that want DF (posix_wan.c). */
static bool set_options_ipv4(int fd)
{
    return set(fd, IPPROTO_IP, IP_PKTINFO, 1) && set(fd, IPPROTO_IP, IP_RECVTOS, 1) &&
           set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

/* A raw socket is for one family anyway, and Linux refuses to be told so. */
static bool set_options_ipv6(int fd, bool raw)
{
    return (raw || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
           set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

/* The system may grant less; a smaller buffer is no reason to fail. */
#ifdef SO_RCVBUFFORCE
/* Whoever may open a raw socket mostly may go over the system's limit too (CAP_NET_ADMIN). It
 * matters: when a raw socket is full, Linux tells the peer "protocol unreachable" for every packet.
 */
static void set_buffers(int fd, int bytes)
{
    if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes)) {
        (void)set(fd, SOL_SOCKET, SO_RCVBUF, bytes);
    }
    if (!set(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes)) {
        (void)set(fd, SOL_SOCKET, SO_SNDBUF, bytes);
    }
}
#else
static void set_buffers(int fd, int bytes)
{
    (void)set(fd, SOL_SOCKET, SO_RCVBUF, bytes);
    (void)set(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}
#endif

#ifdef SO_MARK
static bool set_mark(int fd, uint32_t mark)
{
    return mark == 0 || set(fd, SOL_SOCKET, SO_MARK, (int)mark);
}
#else
static bool set_mark(int fd, uint32_t mark)
{
    (void)fd;
    errno = ENOTSUP;
    return mark == 0;
}
#endif

static bool set_ttl(const struct posix_socket *s, uint8_t ttl)
{
    if (ttl == 0) {
        return true;
    }
    return s->family == IPSEC_FAMILY_IPV4 ? set(s->fd, IPPROTO_IP, IP_TTL, ttl)
                                          : set(s->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
}

static bool set_options(const struct ipsec_posix *posix, const struct posix_socket *s)
{
    const int bytes = (int)posix->config.socket_bytes;
    const int flags = fcntl(s->fd, F_GETFL);
    if (flags < 0 || fcntl(s->fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(s->fd, F_SETFD, FD_CLOEXEC) != 0 || !set_mark(s->fd, posix->config.mark) ||
        !set_ttl(s, posix->config.ttl)) {
        return false;
    }
    if (bytes != 0) {
        set_buffers(s->fd, bytes);
    }
    return s->family == IPSEC_FAMILY_IPV4
               ? set_options_ipv4(s->fd)
               : set_options_ipv6(s->fd, s->carrier == IPSEC_CARRIER_ESP);
}

/* ---- One socket ---- */

static bool bind_ipv4(const struct ipsec_posix *posix, const struct posix_socket *s)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(s->port)};
    if (posix->config.local.family == IPSEC_FAMILY_IPV4) {
        memcpy(&sin.sin_addr, posix->config.local.bytes, 4);
    }
    return bind(s->fd, (const struct sockaddr *)&sin, sizeof sin) == 0;
}

static bool bind_ipv6(const struct ipsec_posix *posix, const struct posix_socket *s)
{
    struct sockaddr_in6 sin = {.sin6_family = AF_INET6, .sin6_port = htons(s->port)};
    if (posix->config.local.family == IPSEC_FAMILY_IPV6) {
        memcpy(&sin.sin6_addr, posix->config.local.bytes, 16);
    }
    return bind(s->fd, (const struct sockaddr *)&sin, sizeof sin) == 0;
}

static bool bind_socket(const struct ipsec_posix *posix, const struct posix_socket *s)
{
    return s->family == IPSEC_FAMILY_IPV4 ? bind_ipv4(posix, s) : bind_ipv6(posix, s);
}

static enum ipsec_status open_socket(struct ipsec_posix *posix, uint8_t family, uint8_t carrier,
                                     uint16_t port, char *why)
{
    struct posix_socket s = {.family = family, .carrier = carrier, .port = port};
    const int domain = family == IPSEC_FAMILY_IPV4 ? AF_INET : AF_INET6;
    s.fd = carrier == IPSEC_CARRIER_UDP ? socket(domain, SOCK_DGRAM, 0)
                                        : socket(domain, SOCK_RAW, ESP_PROTOCOL);
    if (s.fd < 0) {
        explain(why, "open", &s);
        return IPSEC_ERR_IO;
    }
    const bool ready = set_options(posix, &s);
    if (!ready || !bind_socket(posix, &s)) {
        explain(why, ready ? "bind" : "set up", &s);
        (void)close(s.fd);
        return IPSEC_ERR_IO;
    }
    ipseci_posix_mtu_start(&s);
    if (posix->config.offload && carrier == IPSEC_CARRIER_UDP && port == posix->config.natt_port) {
        ipseci_posix_offload_start(&s);
    }
    posix->socket[posix->socket_count++] = s;
    return s.gro && posix->large == NULL ? ipseci_posix_large_new(posix) : IPSEC_OK;
}

/* ---- All of them ---- */

static enum ipsec_status open_raw_esp(struct ipsec_posix *posix, uint8_t family, char *why)
{
    const enum ipsec_posix_raw_esp wish = posix->config.raw_esp;
    if (wish == IPSEC_POSIX_RAW_ESP_OFF) {
        return IPSEC_OK;
    }
    const enum ipsec_status status = open_socket(posix, family, IPSEC_CARRIER_ESP, 0, why);
    posix->has_raw_esp = posix->has_raw_esp || status == IPSEC_OK;
    return wish == IPSEC_POSIX_RAW_ESP_REQUIRE ? status : IPSEC_OK;
}

static enum ipsec_status open_family(struct ipsec_posix *posix, uint8_t family, char *why)
{
    const uint16_t ports[] = {posix->config.ike_port, posix->config.natt_port};
    for (size_t i = 0; i < 2; i++) {
        const enum ipsec_status status =
            open_socket(posix, family, IPSEC_CARRIER_UDP, ports[i], why);
        if (status < IPSEC_OK) {
            return status;
        }
    }
    return open_raw_esp(posix, family, why);
}

enum ipsec_status ipseci_posix_sockets_open(struct ipsec_posix *posix, char *why)
{
    const uint8_t family = posix->config.local.family;
    enum ipsec_status status = IPSEC_OK;
    if (family != IPSEC_FAMILY_IPV6) {
        status = open_family(posix, IPSEC_FAMILY_IPV4, why);
    }
    const bool ipv6 =
        family == IPSEC_FAMILY_IPV6 || (family == IPSEC_FAMILY_NONE && posix->config.ipv6);
    if (status == IPSEC_OK && ipv6) {
        status = open_family(posix, IPSEC_FAMILY_IPV6, why);
    }
    return status;
}

void ipseci_posix_sockets_close(struct ipsec_posix *posix)
{
    for (size_t i = 0; i < posix->socket_count; i++) {
        (void)close(posix->socket[i].fd);
    }
    posix->socket_count = 0;
}
