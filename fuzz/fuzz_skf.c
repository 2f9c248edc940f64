/* SPDX-License-Identifier: Apache-2.0
 *
 * Fragments under a fuzzer (RFC 7383): an engine with a provider whose tags always pass is driven
 * to a state, and then gets the input as SKF and SK payloads of any number, total and order, as
 * requests and as answers. Octet 0 of the input names the state and how few slots there are; the
 * others are messages:
 *
 *   length (1) | exchange, direction, SA (1) | first payload type (1) | number (1) | total (1) |
 * chain
 *
 * Total 0 is SK. At the end nothing may have leaked, and the bounds hold all the time.
 */
#include "fuzz_sim.h"
#include "ike_state.h"
#include "reader.h"
#include "sim_craft.h"

#include <string.h>

#define MESSAGES_MAX 48
#define SLOTS        3
#define TOTAL_MAX    12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bits 0, 1: the state; bit 2: the victim is A, else B; bit 3: questions and jobs stay open. */
static void reach(struct sim *s, struct ipsec_view key)
{
    const uint8_t how = key.data[0];
    struct sim_node *a = &s->nodes[SIM_A];
    struct sim_node *b = &s->nodes[SIM_B];
    ipsec_handle sa = 0;

    fuzz_begin(s, 1);
    for (int i = 0; i < 2; i++) {
        s->nodes[i].crypto.tags_pass = true;
        s->nodes[i].config.fragment_bytes = 192 + 64u * (how >> 6);
        s->nodes[i].config.fragments_max = TOTAL_MAX;
        s->nodes[i].config.reassembly_max = SLOTS;
    }
    fuzz_engines(s);
    (void)!ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa);
    fuzz_deliver(s, 2);
    if ((how & 3) == 0) { /* B half-open, A waits for the answer to IKE_AUTH */
        return;
    }
    fuzz_deliver(s, 8);
    if ((how & 3) == 2) { /* rekeys of both ends under way, in fragments */
        (void)ipsec_ike_rekey(a->ike, sim_sa(a, 0), s->now);
        (void)ipsec_ike_rekey_child(b->ike, sim_child_in(b, 0), 0, s->now);
    } else if ((how & 3) == 3) { /* two IKE SAs, one of them half-open */
        (void)!ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa);
        fuzz_deliver(s, 3);
    }
}

static void check_sets(const struct sim_node *n)
{
    fuzz_require(n->ike->whole == 0 && n->ike->reassemblies.used <= SLOTS
                     ? NULL
                     : "a set of fragments is open, or there are too many");
}

/* The second octet: exchange (bits 0, 1), answer (2), newest SA (3), clear payloads (4), wait (5: 3
 * s, 6: 40 s), settle questions (7). */
static void feed(struct sim *s, int victim, struct ipsec_view input)
{
    static struct sim_datagram d; /* large */
    struct sim_node *n = &s->nodes[victim];
    struct ipseci_reader r = ipseci_reader_init(input);

    for (int i = 0; i < MESSAGES_MAX && r.left >= 5; i++) {
        const uint8_t length = ipseci_read8(&r);
        const uint8_t what = ipseci_read8(&r);
        struct sim_craft made = {
            .exchange = (uint8_t)(35 + (what & 3)),
            .answer = (what & 4) != 0,
            .newest_sa = (what & 8) != 0,
            .clear_type = 43,
            .clear_count = (what & 0x10) != 0 ? 3 : 0,
            .first = ipseci_read8(&r),
            .fragment = ipseci_read8(&r),
            .fragments = ipseci_read8(&r),
        };
        made.is_fragment = made.fragments != 0;
        made.chain = ipseci_read_view(&r, length > r.left ? r.left : length);
        if (sim_craft(n, &made, &d)) {
            (void)sim_inject(s, victim, &d);
        }
        check_sets(n);
        if ((what & 0x80) != 0) {
            fuzz_settle(n);
        }
        sim_run(s, (what & 0x40) != 0 ? 40000 : (what & 0x20) != 0 ? 3000 : 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    const uint8_t state = data[0] & 0xc3;
    struct sim *s = fuzz_start(ipseci_view(&state, 1), reach);
    const int victim = (data[0] & 4) != 0 ? SIM_A : SIM_B;
    struct sim_node *n = &s->nodes[victim];

    n->pend_peer = n->pend_secret = n->take_jobs = (data[0] & 8) != 0;
    s->cut = true; /* what the victim sends, nobody gets */
    feed(s, victim, ipseci_view(data + 1, size - 1));
    n->pend_peer = n->pend_secret = n->take_jobs = false;
    fuzz_settle(n);
    fuzz_settle(n);
    fuzz_alone_to_the_end(s);
    return 0;
}
