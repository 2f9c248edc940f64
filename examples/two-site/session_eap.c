/* SPDX-License-Identifier: Apache-2.0 */
#include "session_eap.h"
#include "eap_secrets.h"

#include <ipsec/backend_eap_mschapv2.h>
#include <stdlib.h>
#include <string.h>

/* Wrong passwords that a person may correct within one attempt. */
#define RETRIES 2

bool session_eap_built_in(void)
{
    return true;
}

/* ---- Questions of the method -------------------------------------------------------------------
 */

static bool copy(struct ipsec_view from, uint8_t *to, size_t capacity, size_t *length)
{
    if (from.length == 0 || from.length > capacity) {
        return false;
    }
    memcpy(to, from.data, from.length);
    *length = from.length;
    return true;
}

static void set_identity(const struct config_site *config,
                         const struct ipsec_eap_mschapv2_query *query,
                         struct ipsec_eap_mschapv2_credential *out)
{
    struct ipsec_id id;
    const bool tied = eap_id_of(config, query->name, &id);

    out->wrong_id = tied && (query->remote_id == NULL || !ipsec_id_equal(&id, query->remote_id));
    out->any_id = tied ? !out->wrong_id : config->eap.any_id;
}

static enum ipsec_status credential(void *user, const struct ipsec_eap_mschapv2_query *query,
                                    struct ipsec_eap_mschapv2_credential *out)
{
    const struct session_site *site = session_site_of(user, query->peer);
    if (site == NULL) {
        return IPSEC_ERR_NOT_FOUND;
    }
    const struct config_site *config = site->config;
    if (query->server) {
        set_identity(config, query, out);
        return copy(eap_password_of(config, query->name), out->password, sizeof(out->password),
                    &out->password_length)
                   ? IPSEC_OK
                   : IPSEC_ERR_NOT_FOUND;
    }
    return copy(eap_user_name(config), out->name, sizeof(out->name), &out->name_length) &&
                   copy(eap_password(config), out->password, sizeof(out->password),
                        &out->password_length)
               ? IPSEC_OK
               : IPSEC_ERR_NOT_FOUND;
}

/* A stranger's octets, fit for a log. */
static void printable(struct ipsec_view name, char *out, size_t capacity)
{
    size_t i = 0;
    for (; i < name.length && i + 1 < capacity; i++) {
        const uint8_t octet = name.data[i];
        out[i] = (char)(octet >= 0x20 && octet < 0x7f && octet != '"' ? octet : '?');
    }
    out[i] = '\0';
}

/* Said at once: the report of the failure may be long in coming, when the peer just goes away. */
static void failed(void *user, const struct ipsec_eap_mschapv2_query *query,
                   enum ipsec_eap_mschapv2_cause cause, uint32_t error)
{
    struct session *session = user;
    const struct session_site *site = session_site_of(session, query->peer);
    const char *topic = site != NULL ? site->config->name : "gateway";
    const char *text = ipsec_eap_mschapv2_cause_text(cause);
    const char *meaning = ipsec_eap_mschapv2_error_text(error);
    char name[60];

    if (query->server && !session_may_say(session, session->last_event, 1)) {
        return;
    }
    printable(query->name, name, sizeof(name));
    if (cause == IPSEC_EAP_MSCHAPV2_REFUSED) {
        journal_line(session->journal, topic, "EAP: %s: error %u%s%s", text, (unsigned)error,
                     meaning != NULL ? ", " : "", meaning != NULL ? meaning : "");
    } else if (cause == IPSEC_EAP_MSCHAPV2_METHOD) {
        journal_line(session->journal, topic, "EAP: %s: type %u, and here is 26 only", text,
                     (unsigned)error);
    } else if (name[0] != '\0') {
        journal_line(session->journal, topic, "EAP: %s: user \"%s\"", text, name);
    } else {
        journal_line(session->journal, topic, "EAP: %s", text);
    }
}

/* ---- The methods -------------------------------------------------------------------------------
 */

/* The first that has random octets; one that does packets only has none. */
static const struct ipsec_crypto *random_of(const struct ipsec_crypto_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct ipsec_crypto *item = list->item[i];
        const struct ipsec_crypto *real = item->real != NULL ? item->real : item;
        if (real->random != NULL) {
            return real;
        }
    }
    return NULL;
}

static bool open_site(struct session *session, struct session_site *site)
{
    struct ipsec_eap_mschapv2_config config = IPSEC_EAP_MSCHAPV2_CONFIG_INIT;
    struct ipsec_eap_mschapv2 *method = NULL;
    const struct ipsec_crypto *crypto = random_of(&session->crypto);
    size_t bytes = 0;

    if (crypto == NULL) {
        return false;
    }
    config.credential = credential;
    config.failed = failed;
    config.user = session;
    config.random = crypto->random;
    config.random_context = crypto->context;
    config.retries = RETRIES;
    config.ask_identity = site->config->eap.ask_identity;
    if (ipsec_eap_mschapv2_size(&config, &bytes) != IPSEC_OK) {
        return false;
    }
    void *block = calloc(1, bytes);
    if (block == NULL || ipsec_eap_mschapv2_init(block, bytes, &config, &method) != IPSEC_OK) {
        free(block);
        return false;
    }
    site->eap = method;
    return true;
}

bool session_eap_open(struct session *session)
{
    for (size_t i = 0; i < session->config->site_count; i++) {
        struct session_site *site = &session->site[i];
        if (config_site_uses(site->config, IPSEC_AUTH_EAP) && !open_site(session, site)) {
            return false;
        }
    }
    return true;
}

void session_eap_close(struct session *session)
{
    for (size_t i = 0; i < CONFIG_SITES_MAX; i++) {
        ipsec_eap_mschapv2_deinit(session->site[i].eap);
        free(session->site[i].eap);
        session->site[i].eap = NULL;
    }
}

void session_eap_forget(struct session *session, ipsec_handle ike_sa)
{
    for (size_t i = 0; i < CONFIG_SITES_MAX; i++) {
        ipsec_eap_mschapv2_forget(session->site[i].eap, ike_sa);
    }
}

static enum ipsec_status on_eap(void *user, uint32_t token, const struct ipsec_eap_query *query,
                                struct ipsec_eap_reply *reply)
{
    struct session *session = user;
    const struct session_site *site = session_site_of(session, query->peer);

    return site == NULL || site->eap == NULL
               ? IPSEC_ERR_NOT_FOUND
               : ipsec_eap_mschapv2_run(site->eap, token, query, reply);
}

session_eap_question session_eap_callback(const struct session *session)
{
    for (size_t i = 0; i < session->config->site_count; i++) {
        if (session->site[i].eap != NULL) {
            return on_eap;
        }
    }
    return NULL;
}
