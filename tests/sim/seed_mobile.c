/* SPDX-License-Identifier: Apache-2.0
 *
 * See seed_mobile.h.
 */
#include "seed_mobile.h"
#include "mobility.h"
#include "seed_sessions.h"

void seed_mobile_ask(struct sim *s, struct sim_node *n, ipsec_handle sa)
{
    const int other = 1 - n->index;
    struct ipsec_endpoint local = n->peer.local;
    struct ipsec_endpoint remote = s->nodes[other].peer.local;

    local.port = remote.port = 0;
    local.addr.bytes[2] = (uint8_t)(113 + seed_pick(s, 4));
    remote.addr.bytes[2] = (uint8_t)(113 + seed_pick(s, 4));
    (void)ipsec_ike_move(n->ike, sa, &local, seed_pick(s, 3) == 0 ? &remote : NULL, s->now);
}

/* Where each IKE SA of A is, the other end has it the other way round. */
static const char *sas_apart(struct sim *s)
{
    const struct ipsec_ike *b = s->nodes[SIM_B].ike;
    const struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = ipseci_pool_next(&s->nodes[SIM_A].ike->sas, &cursor, &handle)) != NULL) {
        const struct ipseci_ike_sa *other =
            ipseci_sa_get(b, ipseci_hash_find(&b->by_spi, sa->initiator ? sa->spi_r : sa->spi_i));
        if (other == NULL || !ipseci_endpoint_equal(&sa->local, &other->remote) ||
            !ipseci_endpoint_equal(&sa->remote, &other->local)) {
            return "the ends of an IKE SA are not where the other takes them to be";
        }
        if ((sa->mobile & ~(unsigned)IPSECI_MOBILE_FIRST) !=
                (other->mobile & ~(unsigned)IPSECI_MOBILE_FIRST) ||
            (sa->mobile & other->mobile & IPSECI_MOBILE_FIRST) != 0) {
            return "the ends of an IKE SA differ in what they want of MOBIKE";
        }
    }
    return NULL;
}

/* And so do the children. */
static const char *children_apart(struct sim *s)
{
    for (size_t i = 0; i < SIM_CHILDREN_MAX; i++) {
        const struct sim_child *a = &s->nodes[SIM_A].sink[i];
        for (size_t k = 0; k < SIM_CHILDREN_MAX && a->used; k++) {
            const struct sim_child *c = &s->nodes[SIM_B].sink[k];
            if (c->used && c->sa.spi_out == a->sa.spi_in &&
                (!ipsec_addr_equal(&a->sa.local.addr, &c->sa.remote.addr) ||
                 !ipsec_addr_equal(&a->sa.remote.addr, &c->sa.local.addr))) {
                return "a child's ends send elsewhere";
            }
        }
    }
    return NULL;
}

const char *seed_mobile_apart(struct sim *s)
{
    const char *wrong = sas_apart(s);

    return wrong != NULL ? wrong : children_apart(s);
}
