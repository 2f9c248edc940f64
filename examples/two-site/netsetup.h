/* SPDX-License-Identifier: Apache-2.0
 *
 * Address of the TUN device and routes of the remote selectors into it. They go with the device.
 */
#ifndef TWO_SITE_NETSETUP_H
#define TWO_SITE_NETSETUP_H

#include "config.h"
#include "journal.h"

/* False after a line in the journal. */
bool netsetup_apply(const struct config *config, const char *device, struct journal *journal);

/* netsetup_hosts.c: children in transport mode, whose packets go to the other gateway itself. The
 * rules stay when the device goes: they are taken away at the end. */
bool netsetup_hosts_apply(const struct config *config, const char *device, struct journal *journal);
void netsetup_hosts_remove(const struct config *config);

/* Gives the device the address that a peer has assigned, and its routes once more. */
void netsetup_assign(const struct config *config, const struct ipsec_addr *addr, const char *device,
                     struct journal *journal);

/* The route of a selector, `first` and so many bits: false when the range is not one prefix. */
bool netsetup_prefix(const struct ipsec_selector *selector, unsigned *bits);

/* netsetup_ipv6.c: 0, or an errno. */
int netsetup_ipv6_address(const char *device, const struct ipsec_addr *addr);
int netsetup_ipv6_route(const char *device, const uint8_t *network, unsigned bits);

#endif
