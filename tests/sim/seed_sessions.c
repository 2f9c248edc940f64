/* SPDX-License-Identifier: Apache-2.0
 *
 * See seed_sessions.h.
 */
#include "seed_sessions.h"

#include "engine.h"

uint32_t seed_pick(struct sim *s, uint32_t below)
{
    return (uint32_t)(sim_random(&s->state) % below);
}

/* ---- what the ends want ------------------------------------------------------------------------
 */

static void choose_children(struct sim *s, struct sim_node *n)
{
    for (uint32_t i = 0; i < SIM_CONFIGS_MAX; i++) {
        struct ipsec_child_config *c = &n->child[i];
        c->start = seed_pick(s, 3) == 0 ? IPSEC_START_ON_DEMAND : IPSEC_START_ALWAYS;
        c->restart = seed_pick(s, 2) == 0;
        c->idle_ms = seed_pick(s, 3) == 0 ? 1000 + seed_pick(s, 30000) : 0;
    }
}

/* RFC 6023: one that never starts childless has a child that it wants at once, and no peer that
 * always does. */
static void choose_childless(struct sim *s)
{
    const bool never = seed_pick(s, 4) == 0;

    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        n->peer.childless = never                  ? IPSEC_CHILDLESS_NEVER
                            : seed_pick(s, 3) == 0 ? IPSEC_CHILDLESS_ALWAYS
                                                   : IPSEC_CHILDLESS_DEFAULT;
        if (never) {
            n->child[0].start = IPSEC_START_ALWAYS;
        }
    }
}

static void choose_proof(struct sim *s)
{
    switch (seed_pick(s, 4)) {
    case 0:
        sim_certificates(s, IPSEC_KEY_RSA, 2048);
        break;
    case 1:
        sim_eap(s, 1 + seed_pick(s, 4), true);
        break;
    case 2:
        sim_eap(s, 1 + seed_pick(s, 4), false);
        s->caller = SIM_A; /* the other can only be called */
        break;
    default:
        break;
    }
}

static void give_leases(struct sim *s, int giver)
{
    struct sim_node *n = &s->nodes[giver];
    struct sim_node *asks = &s->nodes[1 - giver];

    asks->peer.request_config = (uint8_t)(IPSEC_CONFIG_IPV4 | seed_pick(s, 16));
    n->leases = true;
    sim_address(&n->lease.ipv4, "10.77.0.5");
    n->lease.ipv4_bits = 24;
    sim_address(&n->lease.ipv6, "fd00:77::5");
    n->lease.ipv6_bits = 64;
    sim_address(&n->lease.dns[0], "192.168.2.53");
    n->lease.dns_count = 1;
    sim_node_callbacks(n);
}

static void choose_leases(struct sim *s)
{
    const int asks = s->caller == SIM_EITHER ? (int)seed_pick(s, 2) : s->caller;

    switch (seed_pick(s, 4)) {
    case 0:
        give_leases(s, SIM_A);
        give_leases(s, SIM_B);
        break;
    case 1:
        give_leases(s, 1 - asks);
        break;
    case 2: /* and its side of the first child is what it is given */
        s->caller = asks;
        give_leases(s, 1 - asks);
        s->nodes[asks].child[0].local_dynamic = true;
        s->nodes[asks].child[0].local_ts.count = 0;
        s->nodes[1 - asks].child[0].remote_dynamic = true;
        s->nodes[1 - asks].child[0].remote_ts.count = 0;
        break;
    default:
        break;
    }
}

void seed_sessions_choose(struct sim *s)
{
    s->caller = s->nat ? SIM_A : SIM_EITHER;
    choose_proof(s);
    choose_leases(s);
    for (int i = 0; i < 2; i++) {
        choose_children(s, &s->nodes[i]);
    }
    choose_childless(s);
}

void seed_sessions_faults(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        n->pend_lease = seed_pick(s, 5) == 0;
        n->pend_eap = seed_pick(s, 5) == 0;
        n->lease_status = seed_pick(s, 6) == 0 ? IPSEC_ERR_FULL : IPSEC_OK;
        n->eap_quirk = seed_pick(s, 5) == 0 ? (enum sim_eap_quirk)seed_pick(s, 5) : SIM_EAP_WELL;
    }
}

void seed_sessions_calm(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        n->pend_lease = n->pend_eap = false;
        n->lease_status = IPSEC_OK;
        n->eap_quirk = SIM_EAP_WELL;
        for (size_t k = 0; k < SIM_CONFIGS_MAX; k++) {
            n->child[k].idle_ms = 0;
        }
    }
}

/* ---- what is asked for -------------------------------------------------------------------------
 */

bool seed_sessions_may_call(const struct sim *s, const struct sim_node *n)
{
    return s->caller == SIM_EITHER || s->caller == n->index;
}

/* One address and port of each side. */
static void packet_of(struct sim *s, const struct ipsec_child_config *c,
                      struct ipsec_packet_selectors *packet)
{
    packet->local = c->local_ts.item[0];
    packet->remote = c->remote_ts.item[0];
    packet->local.first[3] = packet->local.last[3] = (uint8_t)(1 + seed_pick(s, 200));
    packet->remote.first[3] = packet->remote.last[3] = (uint8_t)(1 + seed_pick(s, 200));
    packet->local.last[2] = packet->local.first[2];
    packet->remote.last[2] = packet->remote.first[2];
    packet->local.protocol = packet->remote.protocol = 17;
    packet->local.port_first = packet->local.port_last = 4000;
    packet->remote.port_first = packet->remote.port_last = (uint16_t)(5000 + seed_pick(s, 9));
}

void seed_sessions_ask(struct sim *s, struct sim_node *n)
{
    const struct ipsec_child_config *c = &n->child[seed_pick(s, (uint32_t)n->peer.child_count)];
    const bool fixed = c->local_ts.count == 1 && c->remote_ts.count == 1;
    struct ipsec_packet_selectors packet;

    if (!seed_sessions_may_call(s, n) && sim_sa(n, IPSEC_IKE_ESTABLISHED) == 0) {
        return;
    }
    if (fixed) {
        packet_of(s, c, &packet);
    }
    (void)!ipsec_ike_acquire(n->ike, &n->peer, c, fixed && seed_pick(s, 2) == 0 ? &packet : NULL,
                             s->now);
}

void seed_sessions_revive(struct sim *s)
{
    struct sim_node *n = &s->nodes[s->caller == SIM_B ? SIM_B : SIM_A];
    const struct ipseci_ike_sa *sa = ipseci_sa_get(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED));

    if (sa != NULL && ipseci_child_lacks_address(sa, &n->child[0])) {
        for (int i = 0; i < 2; i++) { /* made when there was none to give */
            (void)ipsec_ike_forget_peer(s->nodes[i].ike, &s->nodes[i].peer, s->now);
        }
    }
    /* A responder that is always childless refuses the first. */
    for (int i = 0; i < 2 && sim_sink_sender(n, &n->child[0]) == NULL; i++) {
        (void)!ipsec_ike_acquire(n->ike, &n->peer, &n->child[0], NULL, s->now);
        sim_run(s, 20000);
    }
    sim_traffic(s);
}

/* ---- whether it is right -----------------------------------------------------------------------
 */

/* One lease of two IKE SAs, the second in the place of the first. */
static bool held_before(const struct sim_node *n, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_ike_sa *other;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((other = ipseci_pool_next(&n->ike->sas, &cursor, &handle)) != NULL && other != sa) {
        if (other->lease.given && other->lease_number == sa->lease_number) {
            return true;
        }
    }
    return false;
}

const char *seed_sessions_judge(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        const struct sim_node *n = &s->nodes[i];
        const struct ipseci_ike_sa *sa;
        uint32_t cursor = 0;
        uint32_t held = 0;
        ipsec_handle handle;
        while ((sa = ipseci_pool_next(&n->ike->sas, &cursor, &handle)) != NULL) {
            held += sa->lease.given && !held_before(n, sa) ? 1 : 0;
        }
        if (n->leased - n->released != held) {
            return sim_complain("%c has given %u leases and has %u back, but %u IKE SAs hold one",
                                "AB"[i], n -> leased, n -> released, held);
        }
    }
    return NULL;
}
