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
#include "fuzz_sim.h"
#include "reader.h"
#include "sim_craft.h"

#include <string.h>

#define CHAINS_MAX  16
#define CHAIN_BYTES 1800

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bits 0 to 2: the state; bit 3: the victim is A, else B; bits 4 to 6: what is going to fail; bit
 * 7: failures are told in words. */
static void reach(struct sim *s, struct ipsec_view key)
{
    fuzz_begin(s, 1);
    s->nodes[SIM_A].crypto.tags_pass = s->nodes[SIM_B].crypto.tags_pass = true;
    s->nodes[SIM_B].peer.child_count = 2;
    fuzz_reach(s, (enum fuzz_state)(key.data[0] & 7));
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
    s->quiet = s->quiet && (how & 0x80) == 0;
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
        fuzz_settle(n);
        sim_run(s, (what & 0x20) != 0 ? 3000 : 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    const uint8_t state = data[0] & 7;
    struct sim *s = fuzz_start(ipseci_view(&state, 1), reach);
    const int victim = (data[0] & 8) != 0 ? SIM_A : SIM_B;
    struct sim_node *n = &s->nodes[victim];

    set_failures(s, victim, data[0]);
    feed(s, victim, ipseci_view(data + 1, size - 1));
    n->pend_peer = n->pend_secret = n->take_jobs = false;
    fuzz_settle(n);
    fuzz_settle(n);
    fuzz_alone_to_the_end(s);
    return 0;
}
