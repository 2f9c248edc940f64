/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps wanted sites up, and does the commands: up, down, rekey. Called by the session's turn and
 * by the control socket, never from inside a callback of the engine.
 */
#include "session.h"

#include <string.h>

ipsec_handle session_ike_of(const struct session *session, const struct ipsec_peer *peer,
                            bool established_only)
{
    const struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    ipsec_handle found = 0;
    ipsec_ms newest = 0;
    for (ipsec_handle sa = ipsec_ike_next_sa(ike, 0); sa != 0; sa = ipsec_ike_next_sa(ike, sa)) {
        struct ipsec_ike_sa_info info;
        if (ipsec_ike_sa_info(ike, sa, &info) != IPSEC_OK || info.peer != peer) {
            continue;
        }
        const bool usable = info.phase == IPSEC_IKE_ESTABLISHED ||
                            (info.phase == IPSEC_IKE_OPENING && !established_only);
        if (usable && (found == 0 || info.established >= newest)) {
            found = sa;
            newest = info.established;
        }
    }
    return found;
}

ipsec_handle session_child_of(const struct session *session, const struct ipsec_child_config *child,
                              bool installed_only)
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
        const bool usable = info.phase == IPSEC_CHILD_INSTALLED ||
                            (info.phase == IPSEC_CHILD_OPENING && !installed_only);
        if (usable && (found == 0 || info.established >= newest)) {
            found = sa;
            newest = info.established;
        }
    }
    return found;
}

static void wait_longer(struct session_site *site, ipsec_ms now)
{
    site->retry_at = now + site->backoff_ms;
    site->backoff_ms *= 2;
    if (site->backoff_ms > SESSION_BACKOFF_MAX_MS) {
        site->backoff_ms = SESSION_BACKOFF_MAX_MS;
    }
}

static void start_site(struct session *session, struct session_site *site, ipsec_ms now)
{
    ipsec_handle sa = 0;
    const struct ipsec_peer *peer = &site->config->peer;
    wait_longer(site, now);
    const enum ipsec_status status = ipsec_ike_initiate(ipsec_gw_ike(session->gw), peer, now, &sa);
    if (status < 0) {
        journal_line(session->journal, peer->name, "can not call the peer: %s",
                     ipsec_status_text(status));
    }
}

static void start_child(struct session *session, struct session_site *site, ipsec_handle sa,
                        const struct ipsec_child_config *child, ipsec_ms now)
{
    wait_longer(site, now);
    const enum ipsec_status status =
        ipsec_ike_create_child(ipsec_gw_ike(session->gw), sa, child, now);
    if (status < 0) {
        journal_line(session->journal, site->config->name, "can not ask for child %s: %s",
                     child->name, ipsec_status_text(status));
    }
}

/* Starts what is missing when its time has come. When that is, or IPSEC_NEVER: nothing is missing.
 */
static ipsec_ms keep_up(struct session *session, struct session_site *site, ipsec_ms now)
{
    const struct ipsec_peer *peer = &site->config->peer;
    const ipsec_handle sa = session_ike_of(session, peer, false);
    if (sa == 0) {
        if (now >= site->retry_at) {
            start_site(session, site, now);
        }
        return site->retry_at;
    }
    if (session_ike_of(session, peer, true) == 0) {
        return IPSEC_NEVER; /* opening: an event tells how it ends */
    }
    for (size_t i = 0; i < peer->child_count; i++) {
        if (peer->children[i].start == IPSEC_START_ON_DEMAND ||
            session_child_of(session, &peer->children[i], false) != 0) {
            continue;
        }
        if (now >= site->retry_at) {
            start_child(session, site, sa, &peer->children[i], now);
        }
        return site->retry_at; /* one after the other */
    }
    return IPSEC_NEVER;
}

void session_tick(struct session *session, ipsec_ms now)
{
    if (session->closing || (!session->dirty && now < session->next_tick)) {
        return;
    }
    session->dirty = false;
    session->next_tick = IPSEC_NEVER;
    for (size_t i = 0; i < session->config->site_count; i++) {
        struct session_site *site = &session->site[i];
        if (!site->wanted || site->held) {
            continue;
        }
        const ipsec_ms next = keep_up(session, site, now);
        if (next < session->next_tick) {
            session->next_tick = next;
        }
    }
}

ipsec_ms session_deadline(const struct session *session)
{
    if (session->closing) {
        return IPSEC_NEVER;
    }
    return session->dirty ? 0 : session->next_tick;
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

enum ipsec_status session_up(struct session *session, const char *name, ipsec_ms now)
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
    site->wanted = true;
    site->retry_at = now;
    site->backoff_ms = SESSION_BACKOFF_FIRST_MS;
    site->last_cause = 0;
    session->dirty = true;
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
    for (ipsec_handle sa = ipsec_ike_next_sa(ike, 0); sa != 0; sa = ipsec_ike_next_sa(ike, sa)) {
        struct ipsec_ike_sa_info info;
        if (ipsec_ike_sa_info(ike, sa, &info) == IPSEC_OK && info.peer == &site->config->peer) {
            (void)ipsec_ike_delete(ike, sa, now);
        }
    }
    return IPSEC_OK;
}

enum ipsec_status session_rekey_ike(struct session *session, const char *name, ipsec_ms now)
{
    struct session_site *site = site_named(session, name);
    const ipsec_handle sa = site == NULL ? 0 : session_ike_of(session, &site->config->peer, true);
    if (sa == 0) {
        return site == NULL ? IPSEC_ERR_NOT_FOUND : IPSEC_ERR_STATE;
    }
    session->cost = (struct session_cost){.started_us = session_clock_us()};
    return ipsec_ike_rekey(ipsec_gw_ike(session->gw), sa, now);
}

enum ipsec_status session_move(struct session *session, const char *name,
                               const struct session_ends *to, ipsec_ms now)
{
    struct session_site *site = site_named(session, name);
    const ipsec_handle sa = site == NULL ? 0 : session_ike_of(session, &site->config->peer, true);
    if (sa == 0) {
        return site == NULL ? IPSEC_ERR_NOT_FOUND : IPSEC_ERR_STATE;
    }
    return ipsec_ike_move(ipsec_gw_ike(session->gw), sa, to->has_local ? &to->local : NULL,
                          to->has_remote ? &to->remote : NULL, now);
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
    const ipsec_handle child = config == NULL ? 0 : session_child_of(session, config, true);
    if (child == 0) {
        return config == NULL ? IPSEC_ERR_NOT_FOUND : IPSEC_ERR_STATE;
    }
    session->cost = (struct session_cost){.started_us = session_clock_us()};
    return ipsec_ike_rekey_child(ipsec_gw_ike(session->gw), child, flags, now);
}
