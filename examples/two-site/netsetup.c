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

bool netsetup_prefix(const struct ipsec_selector *selector, uint8_t network[4], unsigned *bits)
{
    if (selector->family != IPSEC_FAMILY_IPV4) {
        return false;
    }
    uint32_t first = 0;
    uint32_t last = 0;
    for (size_t i = 0; i < 4; i++) {
        first = first << 8 | selector->first[i];
        last = last << 8 | selector->last[i];
    }
    const uint32_t host = first ^ last;
    if ((host & (host + 1)) != 0 || (first & host) != 0) {
        return false;
    }
    unsigned zeros = 0;
    for (uint32_t rest = host; rest != 0; rest >>= 1) {
        zeros++;
    }
    memcpy(network, selector->first, 4);
    *bits = 32 - zeros;
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

static bool add_route(int fd, const char *device, const uint8_t network[4], unsigned bits)
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
    return ioctl(fd, SIOCADDRT, &route) == 0 || errno == EEXIST;
}

static bool holds(const struct ipsec_selector *selector, const struct ipsec_addr *addr)
{
    return addr->family == selector->family && memcmp(selector->first, addr->bytes, 4) <= 0 &&
           memcmp(addr->bytes, selector->last, 4) <= 0;
}

static bool route_selector(int fd, const char *device, const struct config_site *site,
                           const struct ipsec_selector *selector, struct journal *journal)
{
    uint8_t network[4];
    unsigned bits = 0;
    char text[IPSEC_SELECTOR_TEXT_MAX];
    ipsec_selector_text(selector, text, sizeof(text));
    if (!netsetup_prefix(selector, network, &bits) || holds(selector, &site->peer.remote.addr)) {
        journal_line(journal, site->name, "no route set for %s: set it yourself, into %s", text,
                     device);
        return true;
    }
    if (!add_route(fd, device, network, bits)) {
        journal_line(journal, site->name, "route for %s into %s: %s", text, device,
                     strerror(errno));
        return false;
    }
    return true;
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

static void look_at_forwarding(struct journal *journal)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_forward", "re");
    if (file == NULL) {
        return;
    }
    if (fgetc(file) == '0') {
        journal_line(journal, "gateway",
                     "warning: this machine does not forward packets between its LAN and the "
                     "tunnel: sysctl -w net.ipv4.ip_forward=1");
    }
    (void)fclose(file);
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
    bool good = true;
    const struct ipsec_addr *addr = &config->gateway.tun_address;
    if (addr->family == IPSEC_FAMILY_IPV4 && !set_address(fd, device, addr)) {
        journal_line(journal, "gateway", "address of %s: %s", device, strerror(errno));
        good = false;
    }
    good = good && route_sites(fd, device, config, journal);
    (void)close(fd);
    look_at_forwarding(journal);
    return good;
}
