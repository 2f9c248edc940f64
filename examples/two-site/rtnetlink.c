/* SPDX-License-Identifier: Apache-2.0 */
#include "rtnetlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int rtnetlink_open(void)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

void rtnetlink_put(struct rtnetlink_request *request, uint16_t type, const void *data,
                   size_t length)
{
    uint8_t *at = (uint8_t *)request + NLMSG_ALIGN(request->head.nlmsg_len);
    const struct rtattr attribute = {.rta_len = (uint16_t)RTA_LENGTH(length), .rta_type = type};
    memcpy(at, &attribute, sizeof(attribute));
    memcpy(at + RTA_LENGTH(0), data, length);
    request->head.nlmsg_len =
        NLMSG_ALIGN(request->head.nlmsg_len) + (uint32_t)RTA_ALIGN(attribute.rta_len);
}

void rtnetlink_put32(struct rtnetlink_request *request, uint16_t type, uint32_t value)
{
    rtnetlink_put(request, type, &value, sizeof(value));
}

int rtnetlink_ask(int fd, struct rtnetlink_request *request)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        uint8_t more[512];
    } answer;
    request->head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (send(fd, request, request->head.nlmsg_len, 0) < 0) {
        return errno;
    }
    const ssize_t length = recv(fd, &answer, sizeof(answer), 0);
    if (length < (ssize_t)(sizeof(answer.head) + sizeof(answer.error.error)) ||
        answer.head.nlmsg_type != NLMSG_ERROR) {
        return length < 0 ? errno : EPROTO;
    }
    return -answer.error.error;
}
