/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's netlink sockets, one for requests and one for events, so that neither has to wait
 * for the other; and what IKE's own sockets need beside kernel policies. Called by xfrm.c and by
 * the program.
 */
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "xfrm_state.h"

#define ANSWER_WAIT_S 10 /* a first SA may load the kernel's modules */
#define EVENT_BYTES   (1 << 20)

struct xfrm_sockets {
    struct mnl_socket *request;
    struct mnl_socket *events;
};

static enum ipsec_status request(void *context, const void *message, size_t length, void *answer,
                                 size_t capacity, size_t *answered)
{
    const struct xfrm_sockets *sockets = context;
    const uint32_t sequence = ((const struct nlmsghdr *)message)->nlmsg_seq;
    if (mnl_socket_sendto(sockets->request, message, length) < 0) {
        return IPSEC_ERR_IO;
    }
    /* An answer that came too late for its request stands before this one's. */
    for (int i = 0; i < 16; i++) {
        const ssize_t got = mnl_socket_recvfrom(sockets->request, answer, capacity);
        if (got < (ssize_t)sizeof(struct nlmsghdr)) {
            return IPSEC_ERR_IO;
        }
        if (((const struct nlmsghdr *)answer)->nlmsg_seq == sequence) {
            *answered = (size_t)got;
            return IPSEC_OK;
        }
    }
    return IPSEC_ERR_IO;
}

static enum ipsec_status event(void *context, void *buffer, size_t capacity, size_t *length)
{
    const struct xfrm_sockets *sockets = context;
    const ssize_t got = recv(mnl_socket_get_fd(sockets->events), buffer, capacity, MSG_DONTWAIT);
    if (got >= 0) {
        *length = (size_t)got;
        return IPSEC_OK;
    }
    if (errno == EAGAIN || errno == EINTR) {
        return IPSEC_ERR_AGAIN;
    }
    return errno == ENOBUFS ? IPSEC_ERR_FULL : IPSEC_ERR_IO;
}

static bool set(const struct mnl_socket *s, int level, int name, const void *value, size_t length)
{
    return setsockopt(mnl_socket_get_fd(s), level, name, value, (socklen_t)length) == 0;
}

static struct mnl_socket *open_request(void)
{
    const int on = 1;
    const struct timeval wait = {.tv_sec = ANSWER_WAIT_S};
    struct mnl_socket *s = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
    if (s == NULL) {
        return NULL;
    }
    if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
        !set(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait)) {
        (void)mnl_socket_close(s);
        return NULL;
    }
    /* Reasons in words, and no request, which may hold keys, sent back with them. */
    (void)set(s, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    (void)set(s, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    return s;
}

static struct mnl_socket *open_events(void)
{
    static const int groups[] = {XFRMNLGRP_ACQUIRE, XFRMNLGRP_EXPIRE, XFRMNLGRP_MAPPING};
    const int bytes = EVENT_BYTES;
    struct mnl_socket *s = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
    bool good = s != NULL && mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0;
    for (size_t i = 0; good && i < XFRM_COUNT(groups); i++) {
        good = set(s, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof groups[i]);
    }
    if (!good && s != NULL) {
        (void)mnl_socket_close(s);
    }
    if (!good) {
        return NULL;
    }
    if (!set(s, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes)) {
        (void)set(s, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    return s;
}

static enum ipsec_status refuse(char *why, const char *what)
{
    const int error = errno;
    if (why != NULL) {
        (void)snprintf(why, IPSEC_XFRM_TEXT_MAX, "%s: %s", what, strerror(error));
    }
    return error == EPERM || error == EACCES ? IPSEC_ERR_FORBIDDEN : IPSEC_ERR_IO;
}

enum ipsec_status ipseci_xfrm_link_open(struct ipsec_xfrm *xfrm, char *why)
{
    struct xfrm_sockets *sockets = calloc(1, sizeof *sockets);
    if (sockets == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    xfrm->sockets = sockets;
    sockets->request = open_request();
    if (sockets->request == NULL) {
        return refuse(why, "the kernel's IPsec can not be reached (NETLINK_XFRM)");
    }
    sockets->events = open_events();
    if (sockets->events == NULL) {
        return refuse(why, "the kernel's IPsec events (needs the capability CAP_NET_ADMIN)");
    }
    xfrm->link.context = sockets;
    xfrm->link.request = request;
    xfrm->link.event = event;
    xfrm->link.fd = mnl_socket_get_fd(sockets->events);
    return IPSEC_OK;
}

void ipseci_xfrm_link_close(struct ipsec_xfrm *xfrm)
{
    struct xfrm_sockets *sockets = xfrm->sockets;
    if (sockets == NULL) {
        return;
    }
    if (sockets->request != NULL) {
        (void)mnl_socket_close(sockets->request);
    }
    if (sockets->events != NULL) {
        (void)mnl_socket_close(sockets->events);
    }
    free(sockets);
    xfrm->sockets = NULL;
}

/* ---- IKE's own sockets ----------------------------------------------------------------------- */

static bool bypass(int fd, uint8_t family, uint8_t direction)
{
    const bool ipv6 = family == IPSEC_FAMILY_IPV6;
    struct xfrm_userpolicy_info policy;
    memset(&policy, 0, sizeof policy);
    policy.dir = direction;
    policy.action = XFRM_POLICY_ALLOW; /* without a template: in clear */
    policy.sel.family = ipv6 ? AF_INET6 : AF_INET;
    policy.lft.soft_byte_limit = XFRM_INF;
    policy.lft.hard_byte_limit = XFRM_INF;
    policy.lft.soft_packet_limit = XFRM_INF;
    policy.lft.hard_packet_limit = XFRM_INF;
    return setsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
                      ipv6 ? IPV6_XFRM_POLICY : IP_XFRM_POLICY, &policy, sizeof policy) == 0;
}

enum ipsec_status ipsec_xfrm_socket(int fd, uint8_t family, bool natt, char *why)
{
    const int encapsulation = UDP_ENCAP_ESPINUDP;
    if (family != IPSEC_FAMILY_IPV4 && family != IPSEC_FAMILY_IPV6) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (!bypass(fd, family, XFRM_POLICY_OUT) || !bypass(fd, family, XFRM_POLICY_IN)) {
        return refuse(why, "letting IKE past the kernel's policies");
    }
    if (natt && setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &encapsulation, sizeof encapsulation) != 0) {
        return refuse(why, "handing ESP in UDP to the kernel");
    }
    return IPSEC_OK;
}
