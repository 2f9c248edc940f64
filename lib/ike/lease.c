/* SPDX-License-Identifier: Apache-2.0
 *
 * Leases of inner addresses: asked of the caller, kept with the IKE SA, given back once. Called by
 * needs.c, commands.c and wherever an IKE SA or a handshake ends.
 */
#include "engine.h"

static void release(struct ipsec_ike *ike, const struct ipsec_peer *peer, uint32_t lease)
{
    if (ike->config.callbacks.release != NULL) {
        ike->config.callbacks.release(ike->config.user, peer, lease);
    }
}

void ipseci_lease_drop(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    if (hs->facts.lease_open) {
        hs->facts.lease_open = false;
        release(ike, hs->facts.lease_peer, hs->facts.lease.lease);
    }
}

void ipseci_lease_end(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    if (sa->lease.given) {
        sa->lease.given = false;
        release(ike, sa->peer, sa->lease_number);
    }
}

static bool lease_usable(const struct ipsec_config_set *set)
{
    bool usable = set->dns_count <= IPSEC_CONFIG_DNS_MAX &&
                  set->subnet_count <= IPSEC_CONFIG_SUBNETS_MAX && set->ipv4_bits <= 32 &&
                  set->ipv6_bits <= 128;

    for (uint32_t i = 0; usable && i < set->subnet_count; i++) {
        usable =
            set->subnet[i].bits <= (set->subnet[i].addr.family == IPSEC_FAMILY_IPV4 ? 32 : 128);
    }
    return usable;
}

void ipseci_fact_lease(struct ipsec_ike *ike, struct ipseci_handshake *hs, enum ipsec_status status,
                       const struct ipsec_config_set *set)
{
    struct ipseci_facts *facts = &hs->facts;
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, hs->sa);

    facts->lease_status = status;
    if (status == IPSEC_OK) {
        facts->lease = *set;
        facts->lease_peer = facts->peer != NULL ? facts->peer : sa->peer;
        facts->lease_open = true;
    }
    if (status == IPSEC_OK && !lease_usable(set)) {
        facts->lease_status = IPSEC_ERR_ARGUMENT;
        ipseci_lease_drop(ike, hs);
    }
    ipseci_fact_found(hs, IPSECI_NEED_LEASE);
}

enum ipsec_status ipseci_ask_lease(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                   const struct ipseci_need *need)
{
    struct ipsec_config_set set = {0};
    const enum ipsec_status status = ike->config.callbacks.lease(
        ike->config.user, ipseci_new_token(ike, hs), &need->lease, &set);

    if (status == IPSEC_PENDING) {
        return IPSEC_PENDING;
    }
    ipseci_fact_lease(ike, hs, status, &set);
    return IPSEC_OK;
}
