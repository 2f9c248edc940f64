/* SPDX-License-Identifier: Apache-2.0
 *
 * The password of this gateway for EAP, and the users it answers: from files that others can not
 * read, wiped, never printed.
 */
#ifndef TWO_SITE_EAP_SECRETS_H
#define TWO_SITE_EAP_SECRETS_H

#include "config.h"

/* Reads what the site names. False after config_fail, which never shows any of a password. */
bool eap_secrets_load(struct config *config, struct config_site *site);
void eap_secrets_release(struct config_site *site);

/* Our user name: eap_identity, or the text of local_id. Empty: there is none. */
struct ipsec_view eap_user_name(const struct config_site *site);
/* Our password. */
struct ipsec_view eap_password(const struct config_site *site);
/* A user's; data is NULL: there is no such user. */
struct ipsec_view eap_password_of(const struct config_site *site, struct ipsec_view name);
/* What it has to be called in IKE; false: nothing is said of it. */
bool eap_id_of(const struct config_site *site, struct ipsec_view name, struct ipsec_id *id);

#endif
