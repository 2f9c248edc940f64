/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking at the engine: SAs, children, counters. Changes nothing.
 */
#include "mobility.h"

#include <string.h>

void ipseci_ike_info(const struct ipseci_ike_sa *sa, const struct ipsec_ike *ike,
                     struct ipsec_ike_sa_info *out)
{
    static const enum ipsec_ike_sa_phase phase_of[] = {
        [IPSECI_IKE_NEW] = IPSEC_IKE_OPENING,
        [IPSECI_IKE_INIT_SENT] = IPSEC_IKE_OPENING,
        [IPSECI_IKE_REFUSED] = IPSEC_IKE_OPENING,
        [IPSECI_IKE_INIT_REPLIED] = IPSEC_IKE_OPENING,
        [IPSECI_IKE_AUTH_SENT] = IPSEC_IKE_OPENING,
        [IPSECI_IKE_ESTABLISHED] = IPSEC_IKE_ESTABLISHED,
        [IPSECI_IKE_REPLACED] = IPSEC_IKE_REPLACED,
        [IPSECI_IKE_CLOSING] = IPSEC_IKE_CLOSING,
    };
    const struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    memset(out, 0, sizeof(*out));
    out->sa = sa->self;
    out->phase = phase_of[sa->state];
    out->initiator = sa->initiator;
    out->peer = sa->peer;
    out->spi_i = sa->spi_i;
    out->spi_r = sa->spi_r;
    out->suite = sa->suite;
    out->local = sa->local;
    out->remote = sa->remote;
    out->local_id = ipseci_local_id(sa->peer, &sa->local);
    out->remote_id = sa->remote_id;
    out->nat_local = sa->nat_local;
    out->nat_remote = sa->nat_remote;
    out->mobike = (sa->mobile & IPSECI_MOBILE_ON) != 0;
    out->established = sa->established;
    out->rekey_due = sa->rekey_due;
    out->ends = sa->ends;
    out->rekeys = sa->rekeys;
    while (child != NULL) {
        out->children += child->in_sink ? 1u : 0u;
        child = ipseci_child_get(ike, child->next);
    }
}

void ipseci_child_info_fill(const struct ipseci_child *child, const struct ipsec_ike *ike,
                            struct ipsec_child_info *out)
{
    static const enum ipsec_child_phase phase_of[] = {
        [IPSECI_CHILD_NEW] = IPSEC_CHILD_OPENING,
        [IPSECI_CHILD_INSTALLED] = IPSEC_CHILD_INSTALLED,
        [IPSECI_CHILD_REPLACED] = IPSEC_CHILD_REPLACED,
        [IPSECI_CHILD_CLOSING] = IPSEC_CHILD_CLOSING,
        [IPSECI_CHILD_LINGERING] = IPSEC_CHILD_REPLACED,
    };
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, child->ike_sa);

    memset(out, 0, sizeof(*out));
    out->child = child->self;
    out->ike_sa = child->ike_sa;
    out->phase = phase_of[child->state];
    out->config = child->config;
    out->spi_in = child->spi_in;
    out->spi_out = child->spi_out;
    out->suite = child->suite;
    out->local_ts = child->local_ts;
    out->remote_ts = child->remote_ts;
    out->established = child->established;
    out->rekey_due = child->rekey_due;
    out->ends = child->ends;
    out->rekeys = child->rekeys;
    if (sa != NULL) {
        out->peer = sa->peer;
        out->local = sa->local;
        out->remote = sa->remote;
        out->udp_encapsulation = ipseci_sa_encapsulates(sa);
    }
}

/* The handle in use after this one, in order of slots. */
static ipsec_handle next_in(const struct ipseci_pool *pool, ipsec_handle after)
{
    uint32_t cursor = after == 0 ? 0 : ipseci_pool_index(pool, after) + 1;
    ipsec_handle handle;

    (void)ipseci_pool_next(pool, &cursor, &handle);
    return handle;
}

ipsec_handle ipsec_ike_next_sa(const struct ipsec_ike *ike, ipsec_handle after)
{
    return next_in(&ike->sas, after);
}

ipsec_handle ipsec_ike_next_child(const struct ipsec_ike *ike, ipsec_handle after)
{
    return next_in(&ike->children, after);
}

enum ipsec_status ipsec_ike_sa_info(const struct ipsec_ike *ike, ipsec_handle sa,
                                    struct ipsec_ike_sa_info *out)
{
    const struct ipseci_ike_sa *found = ipseci_sa_get(ike, sa);

    if (found == NULL) {
        return IPSEC_ERR_STALE;
    }
    ipseci_ike_info(found, ike, out);
    return IPSEC_OK;
}

enum ipsec_status ipsec_ike_child_info(const struct ipsec_ike *ike, ipsec_handle child,
                                       struct ipsec_child_info *out)
{
    const struct ipseci_child *found = ipseci_child_get(ike, child);

    if (found == NULL) {
        return IPSEC_ERR_STALE;
    }
    ipseci_child_info_fill(found, ike, out);
    return IPSEC_OK;
}

void ipsec_ike_counters(const struct ipsec_ike *ike, struct ipsec_ike_counters *out)
{
    *out = ike->counters;
    out->sas = ike->sas.used;
    out->half_open = ike->half_open;
    out->children = ike->children.used;
    out->handshakes = ike->handshakes.used;
    out->reassemblies = ike->reassemblies.used;
    out->under_attack = ike->calm.position != 0;
}
