/* SPDX-License-Identifier: Apache-2.0
 *
 * Routes of children in transport mode: what this machine sends to the other gateway goes into the
 * device, but for what carries our mark, which are the sealed packets and IKE itself. A rule for
 * each pair of selectors, and a table with one route a peer. Called by daemon.c.
 */
#include "netsetup.h"
#include "render.h"
#include "rtnetlink.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* In front of the tables of the system, behind that of its own addresses. */
#define RULE_PRIORITY 30450u

struct hosts {
    int fd; /* rtnetlink */
    const struct config *config;
    unsigned device;
    struct journal *journal;
};

static size_t addr_bytes(uint8_t family)
{
    return family == IPSEC_FAMILY_IPV6 ? 16 : 4;
}

static uint8_t family_of(uint8_t family)
{
    return family == IPSEC_FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

static bool has_ports(uint8_t protocol)
{
    return protocol == 6 || protocol == 17 || protocol == 132;
}

static void put_ports(struct rtnetlink_request *request, uint16_t type,
                      const struct ipsec_selector *s)
{
    const struct fib_rule_port_range range = {s->port_first, s->port_last};
    if (has_ports(s->protocol) && s->port_first <= s->port_last && s->port_first != 0) {
        rtnetlink_put(request, type, &range, sizeof(range));
    }
}

/* What of a pair goes through the table; our mark does not. */
static int change_rule(const struct hosts *hosts, uint16_t what, const struct ipsec_selector *local,
                       const struct ipsec_selector *remote)
{
    const uint32_t mark = hosts->config->gateway.fwmark;
    const uint8_t protocol = remote->protocol != 0 ? remote->protocol : local->protocol;
    struct rtnetlink_request request = {
        .head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct fib_rule_hdr)),
                 .nlmsg_type = what,
                 .nlmsg_flags = what == RTM_NEWRULE ? NLM_F_CREATE | NLM_F_EXCL : 0},
        .body.rule = {.family = family_of(remote->family),
                      .dst_len = (uint8_t)(addr_bytes(remote->family) * 8),
                      .action = FR_ACT_TO_TBL}};
    rtnetlink_put(&request, FRA_DST, remote->first, addr_bytes(remote->family));
    rtnetlink_put32(&request, FRA_PRIORITY, RULE_PRIORITY);
    rtnetlink_put32(&request, FRA_FWMARK, 0);
    rtnetlink_put32(&request, FRA_FWMASK, mark);
    rtnetlink_put32(&request, FRA_TABLE, mark);
    if (protocol != 0) {
        rtnetlink_put(&request, FRA_IP_PROTO, &protocol, sizeof(protocol));
        put_ports(&request, FRA_SPORT_RANGE, local);
        put_ports(&request, FRA_DPORT_RANGE, remote);
    }
    const int error = rtnetlink_ask(hosts->fd, &request);
    return error == EEXIST ? 0 : error; /* of an earlier run that had no time to take it away */
}

static int add_route(const struct hosts *hosts, const struct ipsec_peer *peer)
{
    const size_t n = addr_bytes(peer->remote.addr.family);
    struct rtnetlink_request request = {
        .head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                 .nlmsg_type = RTM_NEWROUTE,
                 .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE},
        .body.route = {.rtm_family = family_of(peer->remote.addr.family),
                       .rtm_dst_len = (uint8_t)(n * 8),
                       .rtm_protocol = RTPROT_STATIC,
                       .rtm_scope = RT_SCOPE_LINK,
                       .rtm_type = RTN_UNICAST}};
    rtnetlink_put(&request, RTA_DST, peer->remote.addr.bytes, n);
    rtnetlink_put(&request, RTA_PREFSRC, peer->local.addr.bytes, n);
    rtnetlink_put32(&request, RTA_OIF, hosts->device);
    rtnetlink_put32(&request, RTA_TABLE, hosts->config->gateway.fwmark);
    return rtnetlink_ask(hosts->fd, &request);
}

static int change_rules(const struct hosts *hosts, uint16_t what,
                        const struct ipsec_child_config *child)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < child->local_ts.count; i++) {
        for (size_t j = 0; error == 0 && j < child->remote_ts.count; j++) {
            error = change_rule(hosts, what, &child->local_ts.item[i], &child->remote_ts.item[j]);
        }
    }
    return error;
}

static bool add_child(const struct hosts *hosts, const struct config_site *site,
                      const struct ipsec_child_config *child)
{
    struct render to = {.used = 0};
    if (site->remote_any) {
        journal_line(hosts->journal, child->name,
                     "no route set, as the other host is not known: what it is sent has to go into "
                     "the device");
        return true;
    }
    int error = add_route(hosts, &site->peer);
    error = error != 0 ? error : change_rules(hosts, RTM_NEWRULE, child);
    if (error != 0) {
        render_addr(&to, &site->peer.remote.addr);
        journal_line(hosts->journal, child->name,
                     "route for %s into the device (table and mark %u): %s", to.text,
                     hosts->config->gateway.fwmark, strerror(error));
    }
    return error == 0;
}

/* False: something could not be done. Taking away goes on all the same. */
static bool each_child(const struct hosts *hosts, bool add)
{
    bool good = true;
    for (size_t i = 0; i < hosts->config->site_count; i++) {
        const struct config_site *site = &hosts->config->site[i];
        for (size_t j = 0; j < site->peer.child_count && (good || !add); j++) {
            const struct ipsec_child_config *child = &site->children[j];
            if (config_is_host(child) && add) {
                good = add_child(hosts, site, child);
            } else if (config_is_host(child) && !site->remote_any) {
                good = change_rules(hosts, RTM_DELRULE, child) == 0 && good;
            }
        }
    }
    return good;
}

/* Strict filters see ESP come from where the other host is not, as its route leads into the device.
 */
static void look_at_filters(struct journal *journal)
{
    FILE *file = fopen("/proc/sys/net/ipv4/conf/all/rp_filter", "re");
    if (file == NULL) {
        return;
    }
    if (fgetc(file) == '1') {
        journal_line(journal, "gateway",
                     "warning: strict reverse path filters drop ESP from hosts in transport mode: "
                     "sysctl -w net.ipv4.conf.all.rp_filter=2");
    }
    (void)fclose(file);
}

bool netsetup_hosts_apply(const struct config *config, const char *device, struct journal *journal)
{
    if (config->gateway.no_routes || !config_has_hosts(config)) {
        return true;
    }
    const struct hosts hosts = {rtnetlink_open(), config, if_nametoindex(device), journal};
    if (hosts.fd < 0) {
        journal_line(journal, "gateway", "rtnetlink: %s", strerror(errno));
        return false;
    }
    look_at_filters(journal);
    const bool good = each_child(&hosts, true);
    (void)close(hosts.fd);
    return good;
}

void netsetup_hosts_remove(const struct config *config)
{
    if (config->gateway.no_routes || !config_has_hosts(config)) {
        return;
    }
    const struct hosts hosts = {rtnetlink_open(), config, 0, NULL};
    if (hosts.fd >= 0) {
        (void)each_child(&hosts, false);
        (void)close(hosts.fd);
    }
}
