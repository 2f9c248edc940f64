/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of [child] about outer headers and sizes: "df", "dscp", "ecn", "fragment", "mtu",
 * "clamp_mss", "tfc"; and "ttl" of [gateway]. Called by config_keys.c.
 */
#include "config_place.h"
#include "value.h"

#include <string.h>

void config_df(const struct place *place, const char *value)
{
    static const char *const words[] = {
        [IPSEC_DF_CLEAR] = "clear", [IPSEC_DF_COPY] = "copy", [IPSEC_DF_SET] = "set"};
    for (uint8_t i = 0; i <= IPSEC_DF_SET; i++) {
        if (strcmp(value, words[i]) == 0) {
            place->child->child.headers.df = i;
            return;
        }
    }
    config_bad(place, value, "clear, copy or set");
}

#define DSCP_COUNT 64
#define DSCP_UNSET 0xff

/* "INNER:OUTER", or "*:OUTER" for all that are not named. */
static bool map_one(uint8_t map[DSCP_COUNT], uint8_t *rest, char *item)
{
    uint64_t inner = 0;
    uint64_t outer = 0;
    char *colon = strchr(item, ':');
    if (colon == NULL || !value_number(colon + 1, 0, DSCP_COUNT - 1, &outer)) {
        return false;
    }
    *colon = '\0';
    const bool all = strcmp(item, "*") == 0;
    if (!all && !value_number(item, 0, DSCP_COUNT - 1, &inner)) {
        return false;
    }
    uint8_t *at = all ? rest : &map[inner];
    const bool twice = *at != DSCP_UNSET;
    *at = (uint8_t)outer;
    return !twice;
}

/* What is not named is copied, unless "*" says otherwise. */
static bool map_all(uint8_t map[DSCP_COUNT], const char *value)
{
    char item[CONFIG_TEXT_BYTES];
    uint8_t rest = DSCP_UNSET;
    memset(map, DSCP_UNSET, DSCP_COUNT);
    while (value_next_item(&value, item, sizeof(item))) {
        if (!map_one(map, &rest, item)) {
            return false;
        }
    }
    for (uint8_t i = 0; i < DSCP_COUNT; i++) {
        const uint8_t unnamed = rest == DSCP_UNSET ? i : rest;
        map[i] = map[i] == DSCP_UNSET ? unnamed : map[i];
    }
    return value != NULL;
}

void config_dscp(const struct place *place, const char *value)
{
    struct ipsec_header_rules *headers = &place->child->child.headers;
    uint64_t dscp = 0;
    if (strcmp(value, "copy") == 0) {
        headers->dscp = IPSEC_DSCP_COPY;
        return;
    }
    if (strchr(value, ':') != NULL) {
        if (!map_all(place->child->dscp_map, value)) {
            config_bad(
                place, value,
                "copy, a number from 0 to 63, or a list of INNER:OUTER, each inner one once, "
                "* for all others");
        }
        headers->dscp = IPSEC_DSCP_MAP;
        headers->dscp_map = place->child->dscp_map;
        return;
    }
    config_set_number(place, value, 0, 63, &dscp);
    headers->dscp = IPSEC_DSCP_FIXED;
    headers->dscp_value = (uint8_t)dscp;
}

void config_mtu(const struct place *place, const char *value)
{
    uint64_t mtu = 0;
    config_set_number(place, value, 576, UINT16_MAX, &mtu);
    place->child->child.mtu = (uint16_t)mtu;
}

void config_tfc(const struct place *place, const char *value)
{
    uint64_t octets = IPSEC_TFC_MTU;
    if (strcmp(value, "mtu") != 0) {
        config_set_number(place, value, 64, IPSEC_TFC_MTU - 1, &octets);
    }
    place->child->child.tfc = (uint16_t)octets;
}

void config_clamp_mss(const struct place *place, const char *value)
{
    place->child->child.clamp_mss = strcmp(value, "yes") == 0;
    if (!place->child->child.clamp_mss && strcmp(value, "no") != 0) {
        config_bad(place, value, "yes or no");
    }
}

void config_fragment(const struct place *place, const char *value)
{
    place->child->child.fragment_after = strcmp(value, "after") == 0;
    if (!place->child->child.fragment_after && strcmp(value, "before") != 0) {
        config_bad(place, value, "before or after");
    }
}

void config_ecn(const struct place *place, const char *value)
{
    place->child->child.headers.ecn_compatible = strcmp(value, "compatible") == 0;
    if (!place->child->child.headers.ecn_compatible && strcmp(value, "normal") != 0) {
        config_bad(place, value, "normal or compatible");
    }
}

void config_ttl(const struct place *place, const char *value)
{
    uint64_t ttl = 0;
    config_set_number(place, value, 1, UINT8_MAX, &ttl);
    place->gateway->ttl = (uint8_t)ttl;
}
