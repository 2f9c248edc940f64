/* SPDX-License-Identifier: Apache-2.0
 *
 * The method: its memory, the sessions by IKE SA, and one round of either role.
 */
#include "mschap_session.h"

#include <stdalign.h>
#include <string.h>

#define SESSION_MAX_DEFAULT 8u
#define SESSION_MAX_MOST    4096u
#define SERVER_NAME_MAX     64u

struct ipsec_eap_mschapv2 {
    struct ipsec_eap_mschapv2_config config;
    uint32_t rounds; /* so far, of all */
    struct ipseci_mschap_session session[];
};

static enum ipsec_status take_config(const struct ipsec_eap_mschapv2_config *given,
                                     struct ipsec_eap_mschapv2_config *out)
{
    memset(out, 0, sizeof(*out));
    if (given == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (given->size < sizeof(given->size)) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    for (size_t i = sizeof(*out); i < given->size; i++) {
        if (((const uint8_t *)given)[i] != 0) {
            return IPSEC_ERR_STRUCT_SIZE;
        }
    }
    memcpy(out, given, given->size < sizeof(*out) ? given->size : sizeof(*out));
    out->session_max = out->session_max == 0 ? SESSION_MAX_DEFAULT : out->session_max;
    out->server_name = out->server_name == NULL ? "ipsec-core" : out->server_name;
    return out->credential == NULL || out->random == NULL || out->session_max > SESSION_MAX_MOST ||
                   out->retries > IPSEC_EAP_MSCHAPV2_RETRIES_MAX ||
                   strlen(out->server_name) > SERVER_NAME_MAX
               ? IPSEC_ERR_ARGUMENT
               : IPSEC_OK;
}

static size_t bytes_of(const struct ipsec_eap_mschapv2_config *config)
{
    return sizeof(struct ipsec_eap_mschapv2) +
           config->session_max * sizeof(struct ipseci_mschap_session);
}

enum ipsec_status ipsec_eap_mschapv2_size(const struct ipsec_eap_mschapv2_config *config,
                                          size_t *bytes)
{
    struct ipsec_eap_mschapv2_config taken;
    const enum ipsec_status status =
        bytes == NULL ? IPSEC_ERR_ARGUMENT : take_config(config, &taken);

    if (status == IPSEC_OK) {
        *bytes = bytes_of(&taken);
    }
    return status;
}

enum ipsec_status ipsec_eap_mschapv2_init(void *block, size_t bytes,
                                          const struct ipsec_eap_mschapv2_config *config,
                                          struct ipsec_eap_mschapv2 **out)
{
    struct ipsec_eap_mschapv2_config taken;
    const enum ipsec_status status = take_config(config, &taken);

    if (status != IPSEC_OK) {
        return status;
    }
    if (block == NULL || out == NULL ||
        (uintptr_t)block % alignof(struct ipsec_eap_mschapv2) != 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (bytes < bytes_of(&taken)) {
        return IPSEC_ERR_BUFFER;
    }
    struct ipsec_eap_mschapv2 *method = block;
    memset(method, 0, bytes_of(&taken));
    method->config = taken;
    *out = method;
    return IPSEC_OK;
}

void ipsec_eap_mschapv2_deinit(struct ipsec_eap_mschapv2 *method)
{
    if (method != NULL) {
        ipseci_mschap_wipe(method, bytes_of(&method->config));
    }
}

/* ---- Sessions ----------------------------------------------------------------------------------
 */

static struct ipseci_mschap_session *session_of(struct ipsec_eap_mschapv2 *method,
                                                ipsec_handle ike_sa)
{
    for (uint32_t i = 0; i < method->config.session_max; i++) {
        if (method->session[i].ike_sa == ike_sa) {
            return &method->session[i];
        }
    }
    return NULL;
}

static void wipe_session(struct ipseci_mschap_session *session)
{
    ipseci_mschap_wipe(session, sizeof(*session));
}

/* A free one, or the one that was left alone for the longest time. */
static struct ipseci_mschap_session *new_session(struct ipsec_eap_mschapv2 *method,
                                                 ipsec_handle ike_sa)
{
    struct ipseci_mschap_session *oldest = &method->session[0];

    for (uint32_t i = 0; i < method->config.session_max && oldest->ike_sa != 0; i++) {
        struct ipseci_mschap_session *s = &method->session[i];
        if (s->ike_sa == 0 || method->rounds - s->used > method->rounds - oldest->used) {
            oldest = s;
        }
    }
    wipe_session(oldest);
    oldest->ike_sa = ike_sa;
    return oldest;
}

void ipsec_eap_mschapv2_forget(struct ipsec_eap_mschapv2 *method, ipsec_handle ike_sa)
{
    struct ipseci_mschap_session *session =
        method == NULL || ike_sa == 0 ? NULL : session_of(method, ike_sa);

    if (session != NULL) {
        wipe_session(session);
    }
}

/* ---- What the roles need -----------------------------------------------------------------------
 */

static struct ipsec_eap_mschapv2_query query_of(const struct ipseci_mschap_round *round,
                                                struct ipsec_view name)
{
    const struct ipsec_eap_mschapv2_query query = {
        .ike_sa = round->query->ike_sa,
        .peer = round->query->peer,
        .server = round->query->server,
        .remote_id = round->query->remote_id,
        .name = name,
    };
    return query;
}

enum ipsec_status ipseci_mschap_ask(const struct ipseci_mschap_round *round, struct ipsec_view name,
                                    struct ipsec_eap_mschapv2_credential *out)
{
    const struct ipsec_eap_mschapv2_query query = query_of(round, name);

    memset(out, 0, sizeof(*out));
    const enum ipsec_status status = round->config->credential(round->config->user, &query, out);
    if (status == IPSEC_OK &&
        (out->name_length > sizeof(out->name) || out->password_length > sizeof(out->password))) {
        out->name_length = out->password_length = 0;
        return IPSEC_ERR_ARGUMENT;
    }
    if (status != IPSEC_OK) {
        out->name_length = out->password_length = 0;
    }
    return status > IPSEC_OK && status != IPSEC_PENDING ? IPSEC_ERR_ARGUMENT : status;
}

void ipseci_mschap_failed(const struct ipseci_mschap_round *round, struct ipsec_view name,
                          enum ipsec_eap_mschapv2_cause cause, uint32_t error)
{
    const struct ipsec_eap_mschapv2_query query = query_of(round, name);

    if (round->config->failed != NULL) {
        round->config->failed(round->config->user, &query, cause, error);
    }
}

struct ipseci_mschap_writer ipseci_mschap_open(const struct ipseci_mschap_round *round,
                                               uint8_t code, uint8_t identifier)
{
    return ipseci_mschap_begin(round->reply->packet, round->reply->capacity, code, identifier);
}

enum ipsec_status ipseci_mschap_send(const struct ipseci_mschap_round *round,
                                     struct ipseci_mschap_writer *w)
{
    return ipseci_mschap_end(w, &round->reply->length) ? IPSEC_OK : IPSEC_ERR_BUFFER;
}

void ipseci_mschap_succeed(const struct ipseci_mschap_round *round,
                           const struct ipseci_mschap_session *session)
{
    struct ipsec_eap_reply *reply = round->reply;

    reply->state = IPSEC_EAP_SUCCESS;
    memset(reply->msk, 0, sizeof(reply->msk));
    memcpy(reply->msk, session->key, sizeof(session->key));
    reply->msk_length = sizeof(reply->msk);
}

/* ---- A round -----------------------------------------------------------------------------------
 */

static enum ipsec_status play(struct ipsec_eap_mschapv2 *method, struct ipseci_mschap_round *round,
                              struct ipseci_mschap_session *session)
{
    struct ipseci_mschap_packet in;
    const struct ipsec_view none = {NULL, 0};

    if (round->query->packet.length > 0) {
        if (!ipseci_mschap_parse(round->query->packet, &in)) {
            /* the server's Failure would need a number that nobody can read */
            ipseci_mschap_failed(round, none, IPSEC_EAP_MSCHAPV2_MALFORMED, 0);
            return IPSEC_DROP_MALFORMED;
        }
        round->in = &in;
    }
    session->used = ++method->rounds;
    return round->query->server ? ipseci_mschap_server(round, session)
                                : ipseci_mschap_client(round, session);
}

enum ipsec_status ipsec_eap_mschapv2_run(void *opaque, uint32_t token,
                                         const struct ipsec_eap_query *query,
                                         struct ipsec_eap_reply *reply)
{
    struct ipsec_eap_mschapv2 *method = opaque;

    (void)token;
    if (method == NULL || query == NULL || reply == NULL || query->ike_sa == 0 ||
        (query->packet.data == NULL && query->packet.length > 0)) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct ipseci_mschap_round round = {.config = &method->config, .query = query, .reply = reply};
    struct ipseci_mschap_session *session = session_of(method, query->ike_sa);
    if (session != NULL && query->packet.length == 0) {
        wipe_session(session);
        session->ike_sa = query->ike_sa;
    } else if (session == NULL) {
        session = new_session(method, query->ike_sa);
    }
    reply->state = IPSEC_EAP_CONTINUE;
    reply->length = 0;
    reply->msk_length = 0;
    const enum ipsec_status status = play(method, &round, session);
    if (status < IPSEC_OK) {
        reply->length = 0;
    }
    if (status < IPSEC_OK || (status == IPSEC_OK && reply->state != IPSEC_EAP_CONTINUE)) {
        wipe_session(session);
    }
    return status;
}
