/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t addr_bytes(uint8_t family)
{
    return family == IPSEC_FAMILY_IPV6 ? 16 : 4;
}

bool netsetup_prefix(const struct ipsec_selector *selector, unsigned *bits)
{
    const unsigned all = (unsigned)addr_bytes(selector->family) * 8;
    unsigned same = 0;
    for (; same < all; same++) {
        const unsigned bit = 0x80u >> same % 8;
        if (((selector->first[same / 8] ^ selector->last[same / 8]) & bit) != 0) {
            break;
        }
    }
    for (unsigned i = same; i < all; i++) {
        const unsigned bit = 0x80u >> i % 8;
        if ((selector->first[i / 8] & bit) != 0 || (selector->last[i / 8] & bit) == 0) {
            return false;
        }
    }
    *bits = same;
    return true;
}

static void put_address(struct sockaddr *out, const uint8_t bytes[4])
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    memcpy(&in.sin_addr, bytes, 4);
    memset(out, 0, sizeof(*out));
    memcpy(out, &in, sizeof(in));
}

static bool set_address(int fd, const char *device, const struct ipsec_addr *addr)
{
    static const uint8_t host[4] = {255, 255, 255, 255};
    struct ifreq request;
    memset(&request, 0, sizeof(request));
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
    put_address(&request.ifr_addr, addr->bytes);
    if (ioctl(fd, SIOCSIFADDR, &request) != 0) {
        return false;
    }
    put_address(&request.ifr_netmask, host);
    return ioctl(fd, SIOCSIFNETMASK, &request) == 0;
}

/* 0, or an errno. */
static int add_route(int fd, const char *device, const uint8_t network[4], unsigned bits)
{
    char name[IFNAMSIZ];
    struct rtentry route;
    uint8_t mask[4];
    const uint32_t ones = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
    for (size_t i = 0; i < 4; i++) {
        mask[i] = (uint8_t)(ones >> (24 - 8 * i));
    }
    memset(&route, 0, sizeof(route));
    snprintf(name, sizeof(name), "%s", device);
    route.rt_dev = name;
    put_address(&route.rt_dst, network);
    put_address(&route.rt_genmask, mask);
    route.rt_flags = RTF_UP | (bits == 32 ? RTF_HOST : 0);
    return ioctl(fd, SIOCADDRT, &route) == 0 || errno == EEXIST ? 0 : errno;
}

static bool holds(const struct ipsec_selector *selector, const struct ipsec_addr *addr)
{
    const size_t octets = addr_bytes(selector->family);
    return addr->family == selector->family && memcmp(selector->first, addr->bytes, octets) <= 0 &&
           memcmp(addr->bytes, selector->last, octets) <= 0;
}

static bool route_selector(int fd, const char *device, const struct config_site *site,
                           const struct ipsec_selector *selector, struct journal *journal)
{
    unsigned bits = 0;
    char text[IPSEC_SELECTOR_TEXT_MAX];
    ipsec_selector_text(selector, text, sizeof(text));
    if (!netsetup_prefix(selector, &bits) || holds(selector, &site->peer.remote.addr)) {
        journal_line(journal, site->name, "no route set for %s: set it yourself, into %s", text,
                     device);
        return true;
    }
    const int error = selector->family == IPSEC_FAMILY_IPV6
                          ? netsetup_ipv6_route(device, selector->first, bits)
                          : add_route(fd, device, selector->first, bits);
    if (error != 0) {
        journal_line(journal, site->name, "route for %s into %s: %s", text, device,
                     strerror(error));
    }
    return error == 0;
}

static bool route_site(int fd, const char *device, const struct config_site *site,
                       struct journal *journal)
{
    if (site->pool.family != IPSEC_FAMILY_NONE &&
        !route_selector(fd, device, site, &site->pool, journal)) {
        return false;
    }
    for (size_t i = 0; i < site->peer.child_count; i++) {
        const struct ipsec_selectors *list = &site->children[i].remote_ts;
        const size_t count = config_is_host(&site->children[i]) ? 0 : list->count;
        for (size_t j = 0; j < count; j++) {
            if (!route_selector(fd, device, site, &list->item[j], journal)) {
                return false;
            }
        }
    }
    return true;
}

static void look_at_forwarding(const char *path, const char *name, struct journal *journal)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    if (fgetc(file) == '0') {
        journal_line(journal, "gateway",
                     "warning: this machine does not forward packets between its LAN and the "
                     "tunnel: sysctl -w net.%s=1",
                     name);
    }
    (void)fclose(file);
}

static bool has_family(const struct config *config, uint8_t family)
{
    for (size_t i = 0; i < config->child_count; i++) {
        const struct ipsec_child_config *c = &config->child[i].child;
        for (size_t j = 0; !config_is_host(c) && j < c->remote_ts.count; j++) {
            if (c->remote_ts.item[j].family == family) {
                return true;
            }
        }
    }
    return false;
}

static void look_at_system(const struct config *config, struct journal *journal)
{
    look_at_forwarding("/proc/sys/net/ipv4/ip_forward", "ipv4.ip_forward", journal);
    if (has_family(config, IPSEC_FAMILY_IPV6)) {
        look_at_forwarding("/proc/sys/net/ipv6/conf/all/forwarding", "ipv6.conf.all.forwarding",
                           journal);
    }
}

static bool route_sites(int fd, const char *device, const struct config *config,
                        struct journal *journal)
{
    bool good = true;
    for (size_t i = 0; good && !config->gateway.no_routes && i < config->site_count; i++) {
        good = route_site(fd, device, &config->site[i], journal);
    }
    return good;
}

void netsetup_assign(const struct config *config, const struct ipsec_addr *addr, const char *device,
                     struct journal *journal)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !set_address(fd, device, addr)) {
        journal_line(journal, "gateway", "address of %s: %s", device, strerror(errno));
    } else {
        (void)route_sites(fd, device, config, journal); /* they went with the last address */
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

bool netsetup_apply(const struct config *config, const char *device, struct journal *journal)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        journal_line(journal, "gateway", "socket: %s", strerror(errno));
        return false;
    }
    const struct ipsec_addr *addr = &config->gateway.tun_address;
    const struct ipsec_addr *addr6 = &config->gateway.tun_address6;
    int error = addr->family == IPSEC_FAMILY_NONE || set_address(fd, device, addr) ? 0 : errno;
    if (error == 0 && addr6->family != IPSEC_FAMILY_NONE) {
        error = netsetup_ipv6_address(device, addr6);
    }
    if (error != 0) {
        journal_line(journal, "gateway", "address of %s: %s", device, strerror(error));
    }
    const bool good = error == 0 && route_sites(fd, device, config, journal);
    (void)close(fd);
    look_at_system(config, journal);
    return good;
}
