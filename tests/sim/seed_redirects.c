/* SPDX-License-Identifier: Apache-2.0
 *
 * See seed_redirects.h.
 */
#include "seed_redirects.h"
#include "seed_sessions.h"

static const char *const gates[2][4] = {
    {"203.0.113.1", "203.0.113.10", "203.0.113.11", "a.example"},
    {"203.0.113.2", "203.0.113.20", "203.0.113.21", "b.example"},
};

static const char *some_gate(struct sim *s, const struct sim_node *n)
{
    return gates[n->index][seed_pick(s, 4)];
}

void seed_redirects_choose(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        redirect_callbacks(n);
        n->peer.follow_redirects =
            seed_pick(s, 3) == 0 ? (uint8_t)seed_pick(s, 3) : (uint8_t)IPSEC_REDIRECTS_ANY;
        n->config.redirect_max = seed_pick(s, 4) == 0 ? 1 : 0;
        n->redirects.address = gates[1 - i][0];
    }
}

void seed_redirects_faults(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        struct sim_redirects *r = &n->redirects;
        r->init = seed_pick(s, 3) == 0 ? some_gate(s, n) : NULL;
        r->auth = seed_pick(s, 3) == 0 ? some_gate(s, n) : NULL;
        r->only_at = seed_pick(s, 3) != 0 ? gates[i][seed_pick(s, 3)] : NULL;
        r->address = gates[1 - i][seed_pick(s, 3)];
        r->pend = seed_pick(s, 4) == 0;
    }
}

void seed_redirects_calm(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_redirects *r = &s->nodes[i].redirects;
        r->init = r->auth = NULL;
        r->pend = false;
    }
}

void seed_redirects_ask(struct sim *s, struct sim_node *n, ipsec_handle sa)
{
    struct ipsec_id gateway;

    sim_id(&gateway, seed_pick(s, 20) == 0 ? "keyid:nonsense" : some_gate(s, n));
    (void)ipsec_ike_redirect(n->ike, sa, &gateway, s->now);
}
