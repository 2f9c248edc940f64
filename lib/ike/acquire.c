/* SPDX-License-Identifier: Apache-2.0
 *
 * On demand: a packet waits for a child that is not there (RFC 4301 4.4.1, RFC 7296 2.9). Called by
 * the data plane.
 */
#include "engine.h"
#include "narrow.h"

/* Another one that is up takes its place (see reauth.h). */
static bool is_leaving(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_ike_sa *other;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((other = (const struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) !=
           NULL) {
        if (other->elder == sa->self && other->state == IPSECI_IKE_ESTABLISHED) {
            return true;
        }
    }
    return false;
}

/* The peer's IKE SA that the child can be made over: one that is up, or is being called. */
static struct ipseci_ike_sa *usable_sa(const struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    struct ipseci_ike_sa *found = NULL;
    struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = (struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) != NULL) {
        const bool opening = sa->initiator && sa->state < IPSECI_IKE_ESTABLISHED;
        if (sa->peer != peer || sa->want_delete ||
            (!opening && sa->state != IPSECI_IKE_ESTABLISHED) || is_leaving(ike, sa)) {
            continue;
        }
        if (found == NULL || sa->state > found->state) {
            found = sa;
        }
    }
    return found;
}

/* There, or on its way. */
static bool has_child(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                      const struct ipsec_child_config *config)
{
    const struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);
    struct ipseci_child *child =
        ipseci_child_of(ike, sa, config, 1u << IPSECI_CHILD_NEW | 1u << IPSECI_CHILD_INSTALLED);

    if (child != NULL && child->state == IPSECI_CHILD_NEW && sa->state == IPSECI_IKE_ESTABLISHED &&
        sa->task_child != child->self) {
        child->want_create = true; /* it was to come later: now it is wanted */
    }
    return child != NULL ||
           (sa->state < IPSECI_IKE_ESTABLISHED && hs != NULL && hs->config == config);
}

static struct ipseci_child *take(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                 const struct ipsec_child_config *config,
                                 const struct ipsec_packet_selectors *packet)
{
    struct ipseci_child *child = ipseci_child_take(ike, sa);

    if (child == NULL) {
        return NULL;
    }
    child->config = config;
    if (packet != NULL) {
        child->local_ts.item[0] = packet->local;
        child->local_ts.count = 1;
        child->remote_ts.item[0] = packet->remote;
        child->remote_ts.count = 1;
    }
    return child;
}

static enum ipsec_status over_new_sa(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                     const struct ipsec_child_config *config,
                                     const struct ipsec_packet_selectors *packet)
{
    const bool childless = peer->childless == IPSEC_CHILDLESS_ALWAYS;
    ipsec_handle handle = 0;

    if (peer->remote.addr.family == IPSEC_FAMILY_NONE) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (config->remote_dynamic) {
        return IPSEC_ERR_STATE; /* who calls gives no address */
    }
    IPSECI_TRY(ipseci_initiate(ike, peer, childless ? NULL : config, &handle));
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, handle);
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);
    struct ipseci_child *child = take(ike, sa, config, packet);
    if (child == NULL) {
        ipseci_sa_release(ike, sa);
        return IPSEC_ERR_FULL;
    }
    child->want_create = childless;
    hs->child = childless ? 0 : child->self;
    return IPSEC_OK;
}

static enum ipsec_status acquire(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                 const struct ipsec_child_config *config,
                                 const struct ipsec_packet_selectors *packet)
{
    struct ipseci_ike_sa *sa = usable_sa(ike, peer);

    IPSECI_TRY(ipseci_check_child(ike, peer, config));
    if (sa == NULL) {
        return over_new_sa(ike, peer, config, packet);
    }
    ipseci_touch(ike, sa->self);
    if (has_child(ike, sa, config)) {
        return IPSEC_OK;
    }
    if (sa->state == IPSECI_IKE_ESTABLISHED && ipseci_child_lacks_address(sa, config)) {
        return IPSEC_ERR_STATE;
    }
    struct ipseci_child *child = take(ike, sa, config, packet);
    if (child == NULL) {
        return IPSEC_ERR_FULL;
    }
    child->want_create = true;
    return IPSEC_OK;
}

/* What a dynamic side is, is known only to the exchange. */
static bool within(const struct ipsec_selector *s, const struct ipsec_selectors *list, bool dynamic)
{
    struct ipsec_selectors one = {.count = 1};

    one.item[0] = *s;
    return (dynamic && list->count == 0) || ipseci_ts_subset(&one, list);
}

enum ipsec_status ipsec_ike_acquire(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                    const struct ipsec_child_config *config,
                                    const struct ipsec_packet_selectors *packet, ipsec_ms now)
{
    if (ike == NULL || peer == NULL || config == NULL ||
        (packet != NULL &&
         (!within(&packet->local, &config->local_ts, config->local_dynamic) ||
          !within(&packet->remote, &config->remote_ts, config->remote_dynamic)))) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    const enum ipsec_status status = acquire(ike, peer, config, packet);
    ipseci_leave(ike);
    return status;
}
