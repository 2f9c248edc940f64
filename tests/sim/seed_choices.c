/* SPDX-License-Identifier: Apache-2.0
 *
 * See seed_choices.h.
 */
#include "seed_choices.h"

#include "seed_sessions.h"

/* Small ones, and few slots to put them together in. */
void seed_choose_fragments(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct ipsec_ike_config *c = &s->nodes[i].config;
        c->fragment_bytes =
            192 + seed_pick(s, 2) * seed_pick(s, 60) + seed_pick(s, 2) * seed_pick(s, 400);
        c->reassembly_max = seed_pick(s, 3) == 0 ? 1 + seed_pick(s, 3) : 0;
        c->no_fragmentation = seed_pick(s, 12) == 0;
    }
}

/* Without the option neither: the seeds stay the runs they were. */
void seed_choose_reauth(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct ipsec_peer *peer = &s->nodes[i].peer;
        peer->several_ike_sas = !s->reauth || seed_pick(s, 8) == 0;
        peer->reauth_ms = !s->reauth || seed_pick(s, 3) == 0 ? 0 : 15000 + seed_pick(s, 90000);
    }
}
