/* SPDX-License-Identifier: Apache-2.0
 *
 * Inner addresses for peers that ask: the next free one of the site's pool, or the one the peer
 * would like.
 */
#include "session.h"

#include <string.h>

static uint32_t number_of(const uint8_t octets[4])
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 |
           octets[3];
}

static uint32_t size_of(const struct ipsec_selector *pool)
{
    const uint32_t last = number_of(pool->last) - number_of(pool->first);
    return last < SESSION_LEASES_MAX ? last + 1 : SESSION_LEASES_MAX;
}

/* Networks and broadcasts of the usual kind are not for hosts. */
static bool is_free(const struct session_site *site, uint32_t place)
{
    const uint32_t low = (number_of(site->config->pool.first) + place) & 0xff;
    return !site->leased[place] && low != 0 && low != 255;
}

static uint32_t choose(const struct session_site *site, const struct ipsec_addr *wanted)
{
    const struct ipsec_selector *pool = &site->config->pool;
    const uint32_t size = size_of(pool);
    const uint32_t asked = number_of(wanted->bytes) - number_of(pool->first);
    uint32_t place = 0;
    if (wanted->family == IPSEC_FAMILY_IPV4 && asked < size && is_free(site, asked)) {
        return asked;
    }
    while (place < size && !is_free(site, place)) {
        place++;
    }
    return place < size ? place : SESSION_LEASES_MAX;
}

static void put_address(const struct session_site *site, uint32_t place,
                        struct ipsec_config_set *set)
{
    const uint32_t address = number_of(site->config->pool.first) + place;
    set->ipv4.family = IPSEC_FAMILY_IPV4;
    for (int i = 0; i < 4; i++) {
        set->ipv4.bytes[i] = (uint8_t)(address >> (24 - 8 * i));
    }
    set->lease = place + 1;
}

enum ipsec_status session_lease(void *user, uint32_t token, const struct ipsec_lease_query *query,
                                struct ipsec_config_set *set)
{
    struct session *session = user;
    struct session_site *site = session_site_of(session, query->peer);
    (void)token;
    if (site == NULL) {
        return IPSEC_ERR_NOT_FOUND;
    }
    if ((query->wanted & IPSEC_CONFIG_DNS) != 0) {
        set->dns_count = site->config->dns_count;
        memcpy(set->dns, site->config->dns, sizeof(set->dns));
    }
    if ((query->wanted & IPSEC_CONFIG_IPV4) == 0 ||
        site->config->pool.family == IPSEC_FAMILY_NONE) {
        return IPSEC_OK;
    }
    uint32_t place = query->held - 1;
    /* Its own once more, when the peer proves itself again. */
    if (query->held == 0 || query->held > SESSION_LEASES_MAX ||
        query->ipv4.family != IPSEC_FAMILY_IPV4 ||
        number_of(query->ipv4.bytes) - number_of(site->config->pool.first) != place) {
        place = choose(site, &query->ipv4);
    }
    if (place == SESSION_LEASES_MAX) {
        journal_line(session->journal, site->config->name, "the pool has no address left");
        return IPSEC_ERR_FULL;
    }
    site->leased[place] = true;
    put_address(site, place, set);
    return IPSEC_OK;
}

void session_release(void *user, const struct ipsec_peer *peer, uint32_t lease)
{
    struct session *session = user;
    struct session_site *site = session_site_of(session, peer);
    if (site != NULL && lease != 0 && lease <= SESSION_LEASES_MAX) {
        site->leased[lease - 1] = false;
    }
}
