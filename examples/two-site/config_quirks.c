/* SPDX-License-Identifier: Apache-2.0
 *
 * The key "quirks" of [site]: a list of names, or none. Called by config_keys.c.
 */
#include "config_place.h"
#include "value.h"

#include <string.h>

void config_quirks(const struct place *place, const char *value)
{
    uint32_t *set = &place->site->peer.quirks;
    char item[24];

    while (value_next_item(&value, item, sizeof(item))) {
        uint32_t quirk = IPSEC_QUIRKS_NONE;
        if (strcmp(item, "none") != 0 && ipsec_quirk_parse(item, &quirk) != IPSEC_OK) {
            config_bad(place, item,
                       "fortigate, cisco-asa, mikrotik, windows, azure or, alone, none");
            return;
        }
        *set |= quirk;
    }
    if (value == NULL) {
        config_fail(place->config, place->line, "%s: an empty or overlong item in the list",
                    place->key);
    }
    if ((*set & IPSEC_QUIRKS_NONE) != 0 && *set != IPSEC_QUIRKS_NONE) {
        config_fail(place->config, place->line, "%s: none, and others", place->key);
    }
}
