/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of [site] about inner addresses: what to ask for, and what to give.
 */
#include "config_place.h"
#include "value.h"

#include <string.h>

void config_request_address(const struct place *place, const char *value)
{
    static const char *const word[] = {"ipv4", "ipv6", "dns", "subnets"}; /* bits in this order */
    char item[16];
    while (value_next_item(&value, item, sizeof(item))) {
        unsigned bit = 0;
        while (bit < sizeof(word) / sizeof(word[0]) && strcmp(item, word[bit]) != 0) {
            bit++;
        }
        if (bit == sizeof(word) / sizeof(word[0])) {
            config_bad(place, item, "ipv4, ipv6, dns or subnets");
            return;
        }
        place->site->peer.request_config |= (uint8_t)(1U << bit);
    }
    if (value == NULL) {
        config_fail(place->config, place->line, "%s: an empty or overlong item in the list",
                    place->key);
    }
}

void config_pool(const struct place *place, const char *value)
{
    struct ipsec_selector *pool = &place->site->pool;
    if (ipsec_selector_parse(value, pool) != IPSEC_OK || pool->family != IPSEC_FAMILY_IPV4 ||
        pool->protocol != 0) {
        config_bad(place, value,
                   "a range of IPv4 addresses such as 10.77.0.0/24 or 10.77.0.10-10.77.0.99");
        pool->family = IPSEC_FAMILY_NONE;
    }
}

void config_dns(const struct place *place, const char *value)
{
    struct config_site *site = place->site;
    if (site->dns_count == IPSEC_CONFIG_DNS_MAX) {
        config_fail(place->config, place->line, "%s: more than %d servers", place->key,
                    IPSEC_CONFIG_DNS_MAX);
        return;
    }
    config_set_address(place, value, &site->dns[site->dns_count]);
    site->dns_count++;
}
