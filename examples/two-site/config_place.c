/* SPDX-License-Identifier: Apache-2.0
 *
 * One setter per kind of value. Called by config_keys.c.
 */
#include "config_place.h"
#include "value.h"

#include <string.h>

void config_bad(const struct place *place, const char *value, const char *expected)
{
    config_fail(place->config, place->line, "%s: \"%.100s\" is not %s", place->key, value,
                expected);
}

void config_set_text(const struct place *place, const char *value, char *out, size_t capacity)
{
    if (*value == '\0' || strlen(value) >= capacity) {
        config_fail(place->config, place->line, "%s: from 1 to %zu characters, please", place->key,
                    capacity - 1);
        return;
    }
    memcpy(out, value, strlen(value) + 1);
}

void config_append_text(const struct place *place, const char *value, char *out, size_t capacity)
{
    const size_t used = strlen(out);
    const size_t room = capacity - used;
    const int wanted = snprintf(out + used, room, "%s%s", used == 0 ? "" : ", ", value);
    if (wanted < 0 || (size_t)wanted >= room) {
        out[used] = '\0';
        config_fail(place->config, place->line, "%s: the list is longer than %zu characters",
                    place->key, capacity - 1);
    }
}

void config_set_address(const struct place *place, const char *value, struct ipsec_addr *out)
{
    if (ipsec_addr_parse(value, out) != IPSEC_OK) {
        config_bad(place, value, "an IPv4 or IPv6 address");
    }
}

void config_set_address_of_each(const struct place *place, const char *value,
                                struct ipsec_addr *ipv4, struct ipsec_addr *ipv6)
{
    struct ipsec_addr addr = {.family = IPSEC_FAMILY_NONE};
    config_set_address(place, value, &addr);
    struct ipsec_addr *out = addr.family == IPSEC_FAMILY_IPV6 ? ipv6 : ipv4;
    if (addr.family != IPSEC_FAMILY_NONE && out->family != IPSEC_FAMILY_NONE) {
        config_bad(place, value, "one address of each family");
    } else if (addr.family != IPSEC_FAMILY_NONE) {
        *out = addr;
    }
}

void config_set_number(const struct place *place, const char *value, uint64_t least, uint64_t most,
                       uint64_t *out)
{
    if (!value_number(value, least, most, out)) {
        config_fail(place->config, place->line, "%s: \"%.100s\" is not a number from %llu to %llu",
                    place->key, value, (unsigned long long)least, (unsigned long long)most);
    }
}

void config_set_port(const struct place *place, const char *value, uint16_t *out)
{
    uint64_t port = *out;
    config_set_number(place, value, 1, 65535, &port);
    *out = (uint16_t)port;
}

void config_set_off(const struct place *place, const char *value, bool *off)
{
    bool on = true;
    if (!value_switch(value, &on)) {
        config_bad(place, value, "yes or no");
    }
    *off = !on;
}

void config_set_duration(const struct place *place, const char *value, uint64_t least_ms,
                         uint64_t *out)
{
    uint64_t ms = 0;
    if (!value_duration(value, &ms)) {
        config_bad(place, value, "a time such as 3600, 60m or 1h");
    } else if (ms < least_ms || ms > 366ULL * 86400000) {
        config_fail(place->config, place->line,
                    "%s: \"%s\" is less than %llu s or more than a year", place->key, value,
                    (unsigned long long)least_ms / 1000);
    } else {
        *out = ms;
    }
}

void config_set_size(const struct place *place, const char *value, uint64_t *out)
{
    if (!value_size(value, out) || *out == 0) {
        config_bad(place, value, "a number of octets such as 1000000, 64k, 10M or 4G");
    }
}

void config_set_selectors(const struct place *place, const char *value, struct ipsec_selectors *out)
{
    char item[IPSEC_SELECTOR_TEXT_MAX];
    while (value_next_item(&value, item, sizeof(item))) {
        if (out->count == IPSEC_SELECTORS_MAX) {
            config_fail(place->config, place->line, "%s: more than %d selectors", place->key,
                        IPSEC_SELECTORS_MAX);
            return;
        }
        if (ipsec_selector_parse(item, &out->item[out->count]) != IPSEC_OK) {
            config_bad(place, item,
                       "a selector such as 192.168.1.0/24, 10.0.0.1-10.0.0.9 or 10.0.0.1[tcp/80]");
            return;
        }
        out->count++;
    }
    if (value == NULL) {
        config_fail(place->config, place->line, "%s: an empty or overlong item in the list",
                    place->key);
    }
}

void config_set_id(const struct place *place, const char *value, struct ipsec_id *out)
{
    if (ipsec_id_parse(value, out) != IPSEC_OK) {
        config_bad(place, value,
                   "an identity (an address, a name, name@domain, keyid:TEXT or any)");
    }
}
