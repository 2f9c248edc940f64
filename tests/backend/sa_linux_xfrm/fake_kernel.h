/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's side of NETLINK_XFRM, as far as the sink speaks to it: takes requests apart by
 * itself, keeps SAs and policies, refuses what is told, and makes events.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include <ipsec/backend_xfrm.h>

#define FAKE_ENTRIES     300
#define FAKE_ENTRY_BYTES 1500
#define FAKE_REQUESTS    2000

struct fake_entry {
    bool used;
    bool policy;
    uint64_t packets; /* of an SA */
    uint64_t bytes;
    size_t length; /* of the request that made it */
    union {
        struct nlmsghdr header;
        uint8_t octets[FAKE_ENTRY_BYTES];
    } request;
};

struct fake_kernel {
    struct ipsec_xfrm_link link;
    struct fake_entry entry[FAKE_ENTRIES];
    uint16_t types[FAKE_REQUESTS]; /* of all requests, in order */
    unsigned requests;
    unsigned fail_at;         /* the request that fails, counted from 1; 0: none */
    int fail_with;            /* errno */
    const char *words;        /* with a failure; NULL: none */
    enum ipsec_status broken; /* of the socket itself */
    uint8_t event[2048];      /* the next one */
    size_t event_length;
    enum ipsec_status event_status;
};

void fake_init(struct fake_kernel *kernel);
/* An attribute of a request after its fixed part, or NULL. */
const void *fake_attr(const struct nlmsghdr *message, size_t fixed, uint16_t type, size_t *length);

unsigned fake_count(const struct fake_kernel *kernel, bool policies);
/* NULL: there is none. */
struct fake_entry *fake_sa(struct fake_kernel *kernel, uint32_t spi);
const struct xfrm_usersa_info *fake_sa_info(const struct fake_entry *sa);
const void *fake_sa_attr(const struct fake_entry *sa, uint16_t type, size_t *length);
/* The nth policy of a direction, in order of making. */
const struct fake_entry *fake_policy(const struct fake_kernel *kernel, int dir, unsigned n);
const struct xfrm_userpolicy_info *fake_policy_info(const struct fake_entry *policy);
/* NULL: it has none. */
const struct xfrm_user_tmpl *fake_template(const struct fake_entry *policy);

/* Events, to be read next. */
void fake_expire(struct fake_kernel *kernel, uint32_t spi, bool hard);
void fake_mapping(struct fake_kernel *kernel, uint32_t spi, const char *addr, uint16_t port);
/* For the nth policy outbound: a packet between these addresses. */
void fake_acquire(struct fake_kernel *kernel, unsigned n, const char *from, const char *to,
                  uint8_t protocol, uint16_t sport, uint16_t dport);

#endif
