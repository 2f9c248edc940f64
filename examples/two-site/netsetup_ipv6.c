/* SPDX-License-Identifier: Apache-2.0
 *
 * The IPv6 address of the TUN device, and IPv6 routes into it. Called by netsetup.c.
 */
#include "netsetup.h"
#include "rtnetlink.h"

#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESS_BYTES 16
#define ROUTE_METRIC  1 /* before any that were there, as IPv4's is */

static int ask_alone(struct rtnetlink_request *request)
{
    const int fd = rtnetlink_open();
    if (fd < 0) {
        return errno;
    }
    const int error = rtnetlink_ask(fd, request);
    (void)close(fd);
    return error == EEXIST ? 0 : error;
}

int netsetup_ipv6_address(const char *device, const struct ipsec_addr *addr)
{
    const unsigned index = if_nametoindex(device);
    struct rtnetlink_request request = {
        .head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
                 .nlmsg_type = RTM_NEWADDR,
                 .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE},
        .body.address = {.ifa_family = AF_INET6,
                         .ifa_prefixlen = ADDRESS_BYTES * 8,
                         .ifa_flags = IFA_F_NODAD,
                         .ifa_index = index}};
    rtnetlink_put(&request, IFA_LOCAL, addr->bytes, ADDRESS_BYTES);
    return ask_alone(&request);
}

int netsetup_ipv6_route(const char *device, const uint8_t *network, unsigned bits)
{
    struct rtnetlink_request request = {.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                                                 .nlmsg_type = RTM_NEWROUTE,
                                                 .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE},
                                        .body.route = {.rtm_family = AF_INET6,
                                                       .rtm_dst_len = (uint8_t)bits,
                                                       .rtm_table = RT_TABLE_MAIN,
                                                       .rtm_protocol = RTPROT_STATIC,
                                                       .rtm_scope = RT_SCOPE_UNIVERSE,
                                                       .rtm_type = RTN_UNICAST}};
    rtnetlink_put(&request, RTA_DST, network, ADDRESS_BYTES);
    rtnetlink_put32(&request, RTA_OIF, if_nametoindex(device));
    rtnetlink_put32(&request, RTA_PRIORITY, ROUTE_METRIC);
    return ask_alone(&request);
}
