/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests to the kernel about addresses, routes and rules, by rtnetlink(7). Called by
 * netsetup_ipv6.c and netsetup_hosts.c.
 */
#ifndef TWO_SITE_RTNETLINK_H
#define TWO_SITE_RTNETLINK_H

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct rtnetlink_request {
    struct nlmsghdr head; /* nlmsg_len: what is there of head and body */
    union {
        struct fib_rule_hdr rule;
        struct rtmsg route;
        struct ifaddrmsg address;
    } body;
    uint8_t attributes[256];
};

/* A socket; -1 and errno. */
int rtnetlink_open(void);
void rtnetlink_put(struct rtnetlink_request *request, uint16_t type, const void *data,
                   size_t length);
void rtnetlink_put32(struct rtnetlink_request *request, uint16_t type, uint32_t value);
/* 0, or an errno. */
int rtnetlink_ask(int fd, struct rtnetlink_request *request);

#endif
