/* SPDX-License-Identifier: Apache-2.0
 *
 * MOBIKE without state: bodies of its notifies, which addresses are acceptable, and which paths
 * there are. RFC 4555. See mobility.h.
 */
#include "mobility.h"

#include "child_mode.h"

#include <string.h>

static size_t addr_bytes(const struct ipsec_addr *addr)
{
    return addr->family == IPSEC_FAMILY_IPV4 ? 4 : 16;
}

bool ipseci_mobility_wanted(const struct ipsec_peer *peer)
{
    return !peer->no_mobike && ipseci_mode_moves(peer);
}

void ipseci_no_nats_build(const struct ipsec_endpoint *source,
                          const struct ipsec_endpoint *destination,
                          struct ipseci_octets_no_nats *out)
{
    struct ipseci_writer w = ipseci_writer_init(out->octets, sizeof(out->octets));

    out->length = 0;
    if (source->addr.family == destination->addr.family) {
        ipseci_write_bytes(&w, source->addr.bytes, addr_bytes(&source->addr));
        ipseci_write_bytes(&w, destination->addr.bytes, addr_bytes(&destination->addr));
        ipseci_write16(&w, source->port);
        ipseci_write16(&w, destination->port);
        out->length = w.used;
    }
}

bool ipseci_additional_next(const struct ipseci_payloads *payloads, uint32_t *cursor,
                            struct ipsec_addr *out)
{
    struct ipseci_notify notify;

    while (ipseci_notify_next(payloads, cursor, &notify)) {
        const bool four = notify.type == IPSECI_NOTIFY_ADDITIONAL_IP4_ADDRESS;
        if (!four && notify.type != IPSECI_NOTIFY_ADDITIONAL_IP6_ADDRESS) {
            continue;
        }
        if (notify.data.length == (four ? 4u : 16u)) {
            memset(out, 0, sizeof(*out));
            out->family = four ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6;
            memcpy(out->bytes, notify.data.data, notify.data.length);
            return true;
        }
    }
    return false;
}

/* An address that one host can have. */
static bool is_unicast(const struct ipsec_addr *addr)
{
    static const uint8_t zero[16];

    if (addr->family == IPSEC_FAMILY_IPV4) {
        return addr->bytes[0] != 0 && addr->bytes[0] < 224;
    }
    return addr->family == IPSEC_FAMILY_IPV6 && addr->bytes[0] != 0xff &&
           memcmp(addr->bytes, zero, sizeof(zero)) != 0;
}

bool ipseci_addresses_acceptable(const struct ipseci_ike_sa *sa, const struct ipsec_endpoint *local,
                                 const struct ipsec_endpoint *remote)
{
    const bool same = ipseci_endpoint_equal(remote, &sa->remote);

    if (local->addr.family != remote->addr.family || local->port != sa->local.port ||
        remote->port == 0 || !is_unicast(&remote->addr)) {
        return false;
    }
    switch ((enum ipsec_follow)sa->peer->follow) {
    case IPSEC_FOLLOW_DEFAULT:
    case IPSEC_FOLLOW_ANY:
        return true;
    case IPSEC_FOLLOW_NEVER:
        return same;
    case IPSEC_FOLLOW_PORT:
        return ipsec_addr_equal(&remote->addr, &sa->remote.addr);
    }
    return false;
}

/* Ours: where it worked last, the configured one, the others. */
static uint32_t local_count(const struct ipseci_ike_sa *sa)
{
    return 2 + (uint32_t)sa->peer->other_local_count;
}

static const struct ipsec_addr *local_at(const struct ipseci_ike_sa *sa,
                                         const struct ipseci_path *path, uint32_t i)
{
    if (i == 0) {
        return &path->old_local.addr;
    }
    return i == 1 ? &sa->peer->local.addr : &sa->peer->other_local[i - 2];
}

bool ipseci_path_pair(const struct ipseci_ike_sa *sa, const struct ipseci_path *path, uint32_t n,
                      struct ipsec_addr *local, struct ipsec_addr *remote)
{
    const uint32_t remotes = 1u + path->count;

    if (n >= remotes * local_count(sa) || n >= IPSECI_PATHS_MAX) {
        return false;
    }
    *local = *local_at(sa, path, n / remotes);
    *remote = n % remotes == 0 ? path->old_remote.addr : path->peer[n % remotes - 1];
    return true;
}

void ipseci_cookie2(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                    uint8_t out[IPSECI_COOKIE2_BYTES])
{
    uint8_t octets[8 + 8 + 4];

    /* A keyed hash of what no second request has, so that nothing needs to be kept. */
    ipseci_store64(octets, sa->spi_i);
    ipseci_store64(octets + 8, sa->spi_r);
    ipseci_store32(octets + 16, sa->request_id);
    ipseci_store64(out, ipseci_siphash(ike->gate_key, octets, sizeof(octets)));
}
