/* SPDX-License-Identifier: Apache-2.0
 *
 * What the path and the devices say of packets that are too big, from the error queues of the
 * sockets (Linux: IP_RECVERR), kept until the gateway asks for it. Called by posix.c, posix_open.c,
 * posix_send.c and posix_wan.c. RFC 1191, RFC 8201, RFC 4301 8.2.1.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#include "posix_state.h"

#define SPI_BYTES   4
#define ERRORS_MAX  64  /* read at once */
#define QUOTE_BYTES 128 /* of the packet that an error is about; its first octets are looked at */
#define CONTROL_BYTES                                                                              \
    (CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)) +                  \
     CMSG_SPACE(sizeof(struct in6_pktinfo)) + 4 * CMSG_SPACE(sizeof(int)))

void ipseci_posix_mtu_start(const struct posix_socket *s)
{
    const int on = 1;
    /* A system that refuses it tells no MTUs; nothing else needs it. */
    if (s->family == IPSEC_FAMILY_IPV4) {
        (void)setsockopt(s->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    } else {
        (void)setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    }
}

int ipseci_posix_mtu_df(bool df)
{
    /* PROBE: DF, and no path MTU of the system's: it believes anybody who guesses addresses and
     * ports, and the gateway only who has seen a packet of an SA. */
    return df ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
}

/* ---- Reading ---------------------------------------------------------------------------------
 */

static void keep(struct ipsec_posix *posix, const struct ipsec_path_mtu *told)
{
    for (size_t i = 0; i < posix->told_count; i++) {
        struct ipsec_path_mtu *have = &posix->told[i];
        if (have->spi == told->spi && have->remote.family == told->remote.family &&
            memcmp(have->remote.bytes, told->remote.bytes, sizeof told->remote.bytes) == 0) {
            have->mtu = told->mtu < have->mtu ? told->mtu : have->mtu;
            return;
        }
    }
    if (posix->told_count < POSIX_TOLD_MAX) { /* else it is said again when the next one is lost */
        posix->told[posix->told_count++] = *told;
    }
}

/* The system's record of an error; false: there is none. */
static bool find_error(struct msghdr *m, struct sock_extended_err *error)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
            memcpy(error, CMSG_DATA(c), sizeof *error);
            return true;
        }
    }
    return false;
}

/* Where the packet went. */
static void read_destination(const struct posix_socket *s, const union posix_peer *peer,
                             struct ipsec_addr *addr)
{
    addr->family = s->family;
    if (s->family == IPSEC_FAMILY_IPV4) {
        memcpy(addr->bytes, &peer->in.sin_addr, 4);
    } else {
        memcpy(addr->bytes, &peer->in6.sin6_addr, 16);
    }
}

static void understand(struct ipsec_posix *posix, const struct posix_socket *s, struct msghdr *m,
                       const uint8_t *quote, size_t quote_bytes)
{
    struct sock_extended_err error;
    struct ipsec_path_mtu told = {.mtu = 0};
    if (!find_error(m, &error) || error.ee_errno != EMSGSIZE || error.ee_info == 0) {
        return;
    }
    told.mtu = error.ee_info;
    read_destination(s, m->msg_name, &told.remote);
    if (error.ee_origin == SO_EE_ORIGIN_LOCAL) {
        keep(posix, &told); /* a device of ours */
    } else if (error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6) {
        /* RFC 4301 8.2.1: anybody can say so; without an SPI it could be about anything, too. */
        for (size_t i = 0; quote_bytes >= SPI_BYTES && i < SPI_BYTES; i++) {
            told.spi = told.spi << 8 | quote[i];
        }
        if (told.spi != 0) {
            keep(posix, &told);
        }
    }
}

void ipseci_posix_mtu_read(struct ipsec_posix *posix, struct posix_socket *s)
{
    const int saved = errno;
    for (unsigned i = 0; i < ERRORS_MAX && s->heard; i++) {
        _Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
        uint8_t quote[QUOTE_BYTES];
        union posix_peer peer;
        struct iovec part = {quote, sizeof quote};
        struct msghdr m = {.msg_name = &peer,
                           .msg_namelen = sizeof peer,
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
        memset(&peer, 0, sizeof peer);
        const ssize_t length = recvmsg(s->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
        if (length < 0) {
            s->heard = false;
        } else {
            understand(posix, s, &m, quote, (size_t)length);
        }
    }
    errno = saved;
}

/* ---- Telling ---------------------------------------------------------------------------------
 */

bool ipseci_posix_path_mtu(void *context, struct ipsec_path_mtu *told)
{
    struct ipsec_posix *posix = context;
    if (posix->told_count == 0) {
        return false;
    }
    *told = posix->told[--posix->told_count];
    return true;
}
