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

/* An IKE SA that holds this lease; number 0: any. */
static struct ipseci_ike_sa *holder(const struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                    const struct ipsec_id *remote_id, uint32_t number)
{
    struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = (struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) != NULL) {
        const bool same_id = remote_id == NULL || ipseci_sa_is_with(sa, peer, remote_id);
        if (sa->lease.given && sa->peer == peer && same_id &&
            (number == 0 || sa->lease_number == number)) {
            return sa;
        }
    }
    return NULL;
}

uint32_t ipseci_lease_held(const struct ipsec_ike *ike, const struct ipsec_peer *peer,
                           const struct ipsec_id *remote_id)
{
    const struct ipseci_ike_sa *sa = holder(ike, peer, remote_id, 0);

    return sa != NULL ? sa->lease_number : 0;
}

/* A handshake that has it: open, as its own; or about to give once more what an IKE SA has. */
static struct ipseci_handshake *giver(const struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                      uint32_t number, bool open)
{
    struct ipseci_handshake *hs;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((hs = (struct ipseci_handshake *)ipseci_pool_next(&ike->handshakes, &cursor, &handle)) !=
           NULL) {
        if ((open ? hs->facts.lease_open : hs->facts.lease_shared) &&
            hs->facts.lease_peer == peer && hs->facts.lease.lease == number) {
            return hs;
        }
    }
    return NULL;
}

/* Given up by one: it goes back when nobody else has it. */
static void give_back(struct ipsec_ike *ike, const struct ipsec_peer *peer, uint32_t number)
{
    if (number != 0 &&
        (holder(ike, peer, NULL, number) != NULL || giver(ike, peer, number, true) != NULL)) {
        return;
    }
    struct ipseci_handshake *next = number != 0 ? giver(ike, peer, number, false) : NULL;
    if (next != NULL) {
        next->facts.lease_shared = false;
        next->facts.lease_open = true; /* now it is its own */
    } else {
        release(ike, peer, number);
    }
}

void ipseci_lease_drop(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    const bool open = hs->facts.lease_open;

    hs->facts.lease_open = false;
    hs->facts.lease_shared = false;
    if (open) {
        give_back(ike, hs->facts.lease_peer, hs->facts.lease.lease);
    }
}

void ipseci_lease_end(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    if (sa->lease.given) {
        sa->lease.given = false;
        give_back(ike, sa->peer, sa->lease_number);
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
        facts->lease_shared =
            set->lease != 0 && (holder(ike, facts->lease_peer, NULL, set->lease) != NULL ||
                                giver(ike, facts->lease_peer, set->lease, true) != NULL);
        facts->lease_open = !facts->lease_shared;
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
