/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirects to other gateways (RFC 5685): the engine's questions, and the command. Called by the
 * engine and by the control socket.
 */
#include "session.h"

#include <string.h>

#define RESOLVE_POLL_MS 20 /* the answers of the resolver's threads are fetched */

/* Who called the gateway that it would be sent to is there. */
static bool is_there(const struct ipsec_id *gateway, const struct ipsec_addr *local)
{
    const size_t length = local->family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    return gateway->type != IPSEC_ID_FQDN && gateway->length == length &&
           memcmp(gateway->bytes, local->bytes, length) == 0;
}

enum ipsec_status session_redirect_to(void *user, const struct ipsec_redirect_query *query,
                                      struct ipsec_id *gateway)
{
    struct session *session = user;
    const struct ipsec_peer *peer = query->peer;
    const bool first = peer == NULL; /* IKE_SA_INIT: the address is all that is known */
    if (first) {
        const struct ipsec_peer_query caller = {.local = query->local, .remote = query->remote};
        peer = session_best_peer(session, &caller);
    }
    const struct session_site *site = session_site_of(session, peer);
    if (site == NULL || site->config->redirect_to.type == IPSEC_ID_NONE ||
        (first && !site->config->redirect_at_once) ||
        is_there(&site->config->redirect_to, &query->local.addr)) {
        return IPSEC_ERR_NOT_FOUND;
    }
    *gateway = site->config->redirect_to;
    return IPSEC_OK;
}

enum ipsec_status session_resolve(void *user, uint32_t token,
                                  const struct ipsec_resolve_query *query, struct ipsec_addr *addr)
{
    struct session *session = user;
    char name[IPSEC_ID_BYTES_MAX + 1] = "";
    (void)addr;
    memcpy(name, query->name->bytes, query->name->length);
    return resolver_start(&session->resolver, token, name, query->family) ? IPSEC_PENDING
                                                                          : IPSEC_ERR_FULL;
}

ipsec_ms session_resolver_tick(struct session *session, ipsec_ms now)
{
    struct ipsec_addr addr;
    struct ipsec_answer answer = {.addr = &addr};
    uint32_t token = 0;
    while (resolver_next(&session->resolver, &token, &answer.status, &addr)) {
        (void)ipsec_ike_answer(ipsec_gw_ike(session->gw), token, &answer, now);
    }
    return resolver_busy(&session->resolver) ? now + RESOLVE_POLL_MS : IPSEC_NEVER;
}

enum ipsec_status session_redirect(struct session *session, const char *name,
                                   const struct ipsec_id *gateway, ipsec_ms now)
{
    struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    const struct config_site *site = config_find_site(session->config, name);
    enum ipsec_status result = site == NULL ? IPSEC_ERR_NOT_FOUND : IPSEC_ERR_STATE;
    ipsec_handle sa = site == NULL ? 0 : ipsec_ike_next_sa(ike, 0);
    /* A site may be many peers: all of them go. */
    for (; sa != 0; sa = ipsec_ike_next_sa(ike, sa)) {
        struct ipsec_ike_sa_info info;
        if (ipsec_ike_sa_info(ike, sa, &info) != IPSEC_OK || info.peer != &site->peer ||
            info.phase != IPSEC_IKE_ESTABLISHED) {
            continue;
        }
        const enum ipsec_status status = ipsec_ike_redirect(ike, sa, gateway, now);
        result = result == IPSEC_ERR_STATE || status != IPSEC_OK ? status : result;
    }
    return result;
}
