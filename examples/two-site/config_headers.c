/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of [child] about outer headers and sizes: "df", "dscp", "mtu", "clamp_mss", "tfc".
 * Called by config_keys.c.
 */
#include "config_place.h"

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

void config_dscp(const struct place *place, const char *value)
{
    struct ipsec_header_rules *headers = &place->child->child.headers;
    uint64_t dscp = 0;
    if (strcmp(value, "copy") == 0) {
        headers->dscp = IPSEC_DSCP_COPY;
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
