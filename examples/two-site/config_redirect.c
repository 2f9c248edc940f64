/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of [site] about redirects to other gateways (RFC 5685).
 */
#include "config_place.h"

#include <string.h>

bool config_gateway(const char *text, struct ipsec_id *out)
{
    struct ipsec_id id;
    if (ipsec_id_parse(text, &id) != IPSEC_OK ||
        (id.type != IPSEC_ID_IPV4_ADDR && id.type != IPSEC_ID_IPV6_ADDR &&
         id.type != IPSEC_ID_FQDN) ||
        text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:")] !=
            '\0') {
        return false;
    }
    *out = id;
    return true;
}

void config_follow_redirects(const struct place *place, const char *value)
{
    static const char *const word[] = {
        [IPSEC_REDIRECTS_NEVER] = "never",
        [IPSEC_REDIRECTS_AUTHENTICATED] = "authenticated",
        [IPSEC_REDIRECTS_ANY] = "any",
    };
    for (uint8_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
        if (strcmp(value, word[i]) == 0) {
            place->site->peer.follow_redirects = i;
            place->site->follow_line = place->line;
            return;
        }
    }
    config_bad(place, value, "never, authenticated or any");
}

/* "GATEWAY", or "GATEWAY at-once". */
void config_redirect_to(const struct place *place, const char *value)
{
    struct config_site *site = place->site;
    const char *rest = value + strcspn(value, " \t");
    char gateway[IPSEC_ID_BYTES_MAX + 1];
    const bool fits = (size_t)(rest - value) < sizeof(gateway);
    snprintf(gateway, sizeof(gateway), "%.*s", fits ? (int)(rest - value) : 0, value);
    rest += strspn(rest, " \t");
    site->redirect_line = place->line;
    site->redirect_at_once = strcmp(rest, "at-once") == 0;
    if (!config_gateway(gateway, &site->redirect_to) ||
        (*rest != '\0' && !site->redirect_at_once)) {
        config_bad(place, value, "an address or a host name, and at-once behind it or nothing");
    }
}

void config_redirect_check(struct config *config, const struct config_site *site)
{
    if (site->redirect_to.type != IPSEC_ID_NONE && site->role == ROLE_INITIATOR) {
        config_fail(config, site->redirect_line,
                    "site %s: redirect_to is for peers that call, and with role = initiator none "
                    "does",
                    site->name);
    } else if (site->follow_line != 0 && (site->role == ROLE_RESPONDER || site->remote_any) &&
               site->peer.follow_redirects != IPSEC_REDIRECTS_NEVER) {
        config_fail(
            config, site->follow_line,
            "site %s: follow_redirects is for the end that calls, and this one only answers",
            site->name);
    }
}
