/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of SK payloads under a fuzzer: an engine with a provider whose tags always pass and
 * whose ciphers do nothing is driven to a state, and then gets the input as payload chains inside
 * SK, as requests and as answers. Octet 0 of the input names the state, the others are chains:
 *
 *   length (2) | exchange and direction (1) | first payload type (1) | chain
 *
 * Between them time passes, and questions and allocations may fail, as the input says. At the end
 * nothing may have leaked.
 */
#include "reader.h"
#include "sim_craft.h"

#include <string.h>

#define CHAINS_MAX  16
#define CHAIN_BYTES 1800

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

/* ---- states ------------------------------------------------------------------------------------
 */

static void deliver(struct sim *s, int count)
{
    for (int i = 0; i < count; i++) {
        (void)sim_deliver(s, 0);
    }
}

/* Bits 0 to 2: the state; bit 3: the victim is A, else B; bits 4, 5: what is going to fail. */
static struct sim *reach(uint8_t how)
{
    struct sim *s = sim_new(1);
    struct sim_node *a = &s->nodes[SIM_A];
    struct sim_node *b = &s->nodes[SIM_B];
    ipsec_handle sa = 0;

    s->no_malloc = true;
    a->crypto.tags_pass = b->crypto.tags_pass = true;
    b->peer.child_count = 2;
    sim_start(s);
    s->held = true;
    (void)!ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa);
    if ((how & 7) == 0) { /* B half-open, A waits for the answer to IKE_AUTH */
        deliver(s, 2);
        return s;
    }
    deliver(s, 4);
    switch (how & 7) {
    case 1: /* established, idle */
        break;
    case 2: /* a child rekey of each end under way */
        (void)ipsec_ike_rekey_child(a->ike, sim_child_in(a, 0), 0, s->now);
        (void)ipsec_ike_rekey_child(b->ike, sim_child_in(b, 0), 0, s->now);
        break;
    case 3: /* an IKE rekey of each end under way */
        (void)ipsec_ike_rekey(a->ike, sim_sa(a, 0), s->now);
        (void)ipsec_ike_rekey(b->ike, sim_sa(b, 0), s->now);
        break;
    case 4: /* a further child */
        (void)!ipsec_ike_create_child(a->ike, sim_sa(a, 0), &a->child[1], s->now);
        (void)!ipsec_ike_create_child(b->ike, sim_sa(b, 0), &b->child[1], s->now);
        break;
    case 5: /* child rekeyed, its delete under way */
        (void)ipsec_ike_rekey_child(a->ike, sim_child_in(a, 0), 0, s->now);
        deliver(s, 2);
        break;
    case 6: /* IKE SA rekeyed, the old one's delete under way */
        (void)ipsec_ike_rekey(a->ike, sim_sa(a, 0), s->now);
        deliver(s, 2);
        break;
    default: /* being closed */
        (void)ipsec_ike_delete(a->ike, sim_sa(a, 0), s->now);
        (void)ipsec_ike_probe(b->ike, sim_sa(b, 0), s->now);
        break;
    }
    return s;
}

static void set_failures(struct sim *s, int victim, uint8_t how)
{
    struct sim_node *n = &s->nodes[victim];

    if ((how & 0x10) != 0) {
        n->children_max = 1;
        n->crypto.kes_left = 1;
    }
    if ((how & 0x20) != 0) {
        n->pend_peer = n->pend_secret = n->take_jobs = true;
    }
    n->unknown_id = (how & 0x40) != 0;
    s->cut = true; /* what the victim sends, nobody gets */
}

/* ---- messages ----------------------------------------------------------------------------------
 */

/* The octet says which exchange (bits 0, 1), answer (bit 2), which SA (bit 4), wait after it (5).
 */
static struct sim_craft craft(uint8_t what, uint8_t first, struct ipsec_view chain)
{
    const struct sim_craft made = {
        .exchange = (uint8_t)(35 + (what & 3)),
        .answer = (what & 4) != 0,
        .newest_sa = (what & 0x10) != 0,
        .first = first,
        .chain = chain,
    };

    return made;
}

static void settle(struct sim_node *n)
{
    for (int i = 0; i < 4; i++) {
        (void)sim_job_done(n);
        sim_answer(n, IPSEC_OK);
    }
}

static void feed(struct sim *s, int victim, struct ipsec_view input)
{
    static struct sim_datagram d; /* large */
    struct sim_node *n = &s->nodes[victim];
    struct ipseci_reader r = ipseci_reader_init(input);

    for (int i = 0; i < CHAINS_MAX && r.left >= 4; i++) {
        size_t length = ipseci_read16(&r);
        const uint8_t what = ipseci_read8(&r);
        const uint8_t first = ipseci_read8(&r);
        length = length > r.left ? r.left : length;
        length = length > CHAIN_BYTES ? CHAIN_BYTES : length;
        const struct sim_craft made = craft(what, first, ipseci_read_view(&r, length));
        if (sim_craft(n, &made, &d)) {
            (void)sim_inject(s, victim, &d);
        }
        settle(n);
        sim_run(s, (what & 0x20) != 0 ? 3000 : 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct sim *s = reach(data[0]);
    const int victim = (data[0] & 8) != 0 ? SIM_A : SIM_B;
    struct sim_node *n = &s->nodes[victim];
    struct ipsec_ike_counters counters;

    set_failures(s, victim, data[0]);
    feed(s, victim, ipseci_view(data + 1, size - 1));
    n->pend_peer = n->pend_secret = n->take_jobs = false;
    settle(n);
    settle(n);
    sim_run(s, 600000); /* nobody answers: everything ends by itself */
    ipsec_ike_counters(n->ike, &counters);
    require(counters.handshakes == 0 && counters.half_open == 0 && n->crypto.kes_alive == 0);
    require(counters.sas == 0 && sim_sink_count(n) == 0 && n->crypto.keys_alive == 0);
    sim_free(s);
    return 0;
}
