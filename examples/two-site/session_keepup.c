/* SPDX-License-Identifier: Apache-2.0
 *
 * Has the engine keep wanted sites up, and does the commands: up, down, rekey. Called by the
 * session's turn and by the control socket, never from inside a callback of the engine.
 */
#include "session.h"

#include <string.h>

ipsec_handle session_ike_of(const struct session *session, const struct ipsec_peer *peer)
{
    const struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    ipsec_handle found = 0;
    ipsec_ms newest = 0;
    for (ipsec_handle sa = ipsec_ike_next_sa(ike, 0); sa != 0; sa = ipsec_ike_next_sa(ike, sa)) {
        struct ipsec_ike_sa_info info;
        if (ipsec_ike_sa_info(ike, sa, &info) != IPSEC_OK || info.peer != peer) {
            continue;
        }
        if (info.phase == IPSEC_IKE_ESTABLISHED && (found == 0 || info.established >= newest)) {
            found = sa;
            newest = info.established;
        }
    }
    return found;
}

ipsec_handle session_child_of(const struct session *session, const struct ipsec_child_config *child)
{
    const struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    ipsec_handle found = 0;
    ipsec_ms newest = 0;
    for (ipsec_handle sa = ipsec_ike_next_child(ike, 0); sa != 0;
         sa = ipsec_ike_next_child(ike, sa)) {
        struct ipsec_child_info info;
        if (ipsec_ike_child_info(ike, sa, &info) != IPSEC_OK || info.config != child) {
            continue;
        }
        if (info.phase == IPSEC_CHILD_INSTALLED && (found == 0 || info.established >= newest)) {
            found = sa;
            newest = info.established;
        }
    }
    return found;
}

/* The engine keeps it up from now on, with its children (`restart`). */
static void call_site(struct session *session, const struct session_site *site, ipsec_ms now)
{
    const struct ipsec_peer *peer = &site->config->peer;
    const enum ipsec_status status = ipsec_ike_keep_up(ipsec_gw_ike(session->gw), peer, now);
    if (status < 0) {
        journal_line(session->journal, peer->name, "can not call the peer: %s",
                     ipsec_status_text(status));
    }
}

void session_tick(struct session *session, ipsec_ms now)
{
    session->dirty = false;
    session->next_poll = session_resolver_tick(session, now);
    for (size_t i = 0; i < session->config->site_count && !session->closing; i++) {
        struct session_site *site = &session->site[i];
        if (site->call) {
            site->call = false;
            call_site(session, site, now);
        }
    }
}

ipsec_ms session_deadline(const struct session *session)
{
    return session->dirty && !session->closing ? 0 : session->next_poll;
}

/* ---- Commands ---------------------------------------------------------------------------------
 */

static struct session_site *site_named(struct session *session, const char *name)
{
    for (size_t i = 0; i < session->config->site_count; i++) {
        if (strcmp(session->site[i].config->name, name) == 0) {
            return &session->site[i];
        }
    }
    return NULL;
}

void session_want(struct session *session, struct session_site *site)
{
    site->wanted = true;
    site->call = true;
    session->dirty = true;
}

enum ipsec_status session_up(struct session *session, const char *name)
{
    struct session_site *site = site_named(session, name);
    if (site == NULL) {
        return IPSEC_ERR_NOT_FOUND;
    }
    site->held = false;
    if (site->config->role == ROLE_RESPONDER || site->config->remote_any) {
        journal_line(session->journal, name, "up: answers the peer again");
        return IPSEC_OK;
    }
    site->last_cause = 0;
    session_want(session, site);
    return IPSEC_OK;
}

enum ipsec_status session_down(struct session *session, const char *name, ipsec_ms now)
{
    struct session_site *site = site_named(session, name);
    struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    if (site == NULL) {
        return IPSEC_ERR_NOT_FOUND;
    }
    site->held = true;
    site->call = false;
    (void)ipsec_ike_let_go(ike, &site->config->peer);
    for (ipsec_handle sa = ipsec_ike_next_sa(ike, 0); sa != 0; sa = ipsec_ike_next_sa(ike, sa)) {
        struct ipsec_ike_sa_info info;
        if (ipsec_ike_sa_info(ike, sa, &info) == IPSEC_OK && info.peer == &site->config->peer) {
            (void)ipsec_ike_delete(ike, sa, now);
        }
    }
    return IPSEC_OK;
}

typedef enum ipsec_status (*ike_renewal)(struct ipsec_ike *ike, ipsec_handle sa, ipsec_ms now);

static enum ipsec_status renew(struct session *session, const char *name, ike_renewal by,
                               ipsec_ms now)
{
    struct session_site *site = site_named(session, name);
    const ipsec_handle sa = site == NULL ? 0 : session_ike_of(session, &site->config->peer);
    if (sa == 0) {
        return site == NULL ? IPSEC_ERR_NOT_FOUND : IPSEC_ERR_STATE;
    }
    session->cost = (struct session_cost){.started_us = session_clock_us()};
    return by(ipsec_gw_ike(session->gw), sa, now);
}

enum ipsec_status session_rekey_ike(struct session *session, const char *name, ipsec_ms now)
{
    return renew(session, name, ipsec_ike_rekey, now);
}

enum ipsec_status session_reauth(struct session *session, const char *name, ipsec_ms now)
{
    return renew(session, name, ipsec_ike_reauthenticate, now);
}

enum ipsec_status session_move(struct session *session, const char *name,
                               const struct session_ends *to, ipsec_ms now)
{
    struct session_site *site = site_named(session, name);
    const ipsec_handle sa = site == NULL ? 0 : session_ike_of(session, &site->config->peer);
    if (sa == 0) {
        return site == NULL ? IPSEC_ERR_NOT_FOUND : IPSEC_ERR_STATE;
    }
    return ipsec_ike_move(ipsec_gw_ike(session->gw), sa, to->has_local ? &to->local : NULL,
                          to->has_remote ? &to->remote : NULL, now);
}

bool session_has_hosts(struct session *session, const char *name)
{
    const struct session_site *site = site_named(session, name);
    for (size_t i = 0; site != NULL && i < site->config->peer.child_count; i++) {
        if (config_is_host(&site->config->children[i])) {
            return true;
        }
    }
    return false;
}

static const struct ipsec_child_config *child_named(const struct session *session, const char *name)
{
    for (size_t i = 0; i < session->config->site_count; i++) {
        const struct ipsec_peer *peer = &session->config->site[i].peer;
        for (size_t j = 0; j < peer->child_count; j++) {
            if (strcmp(peer->children[j].name, name) == 0) {
                return &peer->children[j];
            }
        }
    }
    return NULL;
}

enum ipsec_status session_rekey_child(struct session *session, const char *name, uint32_t flags,
                                      ipsec_ms now)
{
    const struct ipsec_child_config *config = child_named(session, name);
    const ipsec_handle child = config == NULL ? 0 : session_child_of(session, config);
    if (child == 0) {
        return config == NULL ? IPSEC_ERR_NOT_FOUND : IPSEC_ERR_STATE;
    }
    session->cost = (struct session_cost){.started_us = session_clock_us()};
    return ipsec_ike_rekey_child(ipsec_gw_ike(session->gw), child, flags, now);
}

enum ipsec_status session_dummy(struct session *session, const char *name, uint32_t octets,
                                uint32_t count, ipsec_ms now)
{
    const struct ipsec_child_config *config = child_named(session, name);
    const ipsec_handle child = config == NULL ? 0 : session_child_of(session, config);
    enum ipsec_status status = child != 0 ? IPSEC_OK : IPSEC_ERR_STATE;
    for (uint32_t i = 0; child != 0 && status == IPSEC_OK && i < count; i++) {
        status = ipsec_gw_send_dummy(session->gw, child, octets, now);
    }
    return config == NULL ? IPSEC_ERR_NOT_FOUND : status;
}
