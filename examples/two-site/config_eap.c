/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of [site] about EAP, and what must fit together. Called by config_keys.c and
 * config_finish.c.
 */
#include "config_place.h"
#include "eap_secrets.h"
#include "value.h"

#include <string.h>

void config_eap(const struct place *place, const char *value)
{
    struct config_eap *eap = &place->site->eap;
    bool *flag = strcmp(place->key, "eap_any_id") == 0 ? &eap->any_id : &eap->ask_identity;

    eap->line = place->line;
    if (strcmp(place->key, "eap_identity") == 0) {
        config_set_text(place, value, eap->identity, sizeof(eap->identity));
    } else if (strcmp(place->key, "eap_password_file") == 0) {
        config_set_text(place, value, eap->password_file, sizeof(eap->password_file));
    } else if (strcmp(place->key, "eap_users_file") == 0) {
        config_set_text(place, value, eap->users_file, sizeof(eap->users_file));
    } else if (strcmp(place->key, "eap_ids_file") == 0) {
        config_set_text(place, value, eap->ids_file, sizeof(eap->ids_file));
    } else if (!value_switch(value, flag)) {
        config_bad(place, value, "yes or no");
    }
}

/* RFC 7296 2.16: the initiator is the one that proves itself by EAP, or both are (RFC 5998). */
static void check_roles(struct config *config, const struct config_site *site, uint32_t line)
{
    const bool local = site->peer.local_auth == IPSEC_AUTH_EAP;
    const bool remote = site->peer.remote_auth == IPSEC_AUTH_EAP;

    if (local && !remote && site->role != ROLE_INITIATOR) {
        config_fail(config, line,
                    "site %s: local_auth = eap needs role = initiator: who proves itself by EAP "
                    "calls",
                    site->name);
    }
    if (remote && !local && site->role != ROLE_RESPONDER) {
        config_fail(config, line,
                    "site %s: remote_auth = eap needs role = responder: who proves itself by EAP "
                    "calls",
                    site->name);
    }
}

static void check_files(struct config *config, const struct config_site *site, uint32_t line)
{
    const struct config_eap *eap = &site->eap;
    const bool client = site->peer.local_auth == IPSEC_AUTH_EAP && site->role != ROLE_RESPONDER;
    const bool server = site->peer.remote_auth == IPSEC_AUTH_EAP && site->role != ROLE_INITIATOR;

    if (client && eap->password_file[0] == '\0') {
        config_fail(config, line, "site %s: local_auth = eap takes eap_password_file", site->name);
    }
    if (client && eap_user_name(site).length == 0) {
        config_fail(config, line,
                    "site %s: no user name: set eap_identity, or a local_id that is a name",
                    site->name);
    }
    if (server && eap->users_file[0] == '\0') {
        config_fail(config, line, "site %s: remote_auth = eap takes eap_users_file", site->name);
    }
    if (!client && (eap->password_file[0] != '\0' || eap->identity[0] != '\0')) {
        config_fail(config, line,
                    "site %s: eap_identity and eap_password_file are not used: this end does not "
                    "prove itself by EAP",
                    site->name);
    }
    if (!server && (eap->users_file[0] != '\0' || eap->ids_file[0] != '\0' || eap->ask_identity ||
                    eap->any_id)) {
        config_fail(config, line,
                    "site %s: eap_users_file, eap_ids_file, eap_ask_identity and eap_any_id are "
                    "not used: this end does not answer EAP",
                    site->name);
    }
}

void config_eap_check(struct config *config, const struct config_site *site)
{
    const uint32_t line = site->eap.line != 0    ? site->eap.line
                          : site->auth.line != 0 ? site->auth.line
                                                 : site->line;

    check_roles(config, site, line);
    check_files(config, site, line);
}
