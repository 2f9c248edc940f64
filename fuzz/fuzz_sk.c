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
#include "ike_header.h"
#include "ike_state.h"
#include "reader.h"
#include "sim.h"

#include <string.h>

#define CHAINS_MAX  16
#define CHAIN_BYTES 1800
#define IV_BYTES    16
#define TAG_BYTES   16

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

static const struct ipseci_ike_sa *some_sa(const struct sim_node *n, uint8_t which)
{
    const struct ipseci_ike_sa *found = NULL;
    const struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = ipseci_pool_next(&n->ike->sas, &cursor, &handle)) != NULL) {
        if (sa->keys_ready && (found == NULL || (which & 0x10) != 0)) {
            found = sa;
        }
    }
    return found;
}

/* Wraps a chain in SK as the victim's peer would; what names exchange (bits 0, 1), answer (bit 2)
 * and SA (bit 4). */
static bool wrap(const struct sim_node *n, uint8_t what, uint8_t first, struct ipsec_view chain,
                 struct sim_datagram *d)
{
    static const uint8_t exchange[] = {35, 36, 37, 38};
    const struct ipseci_ike_sa *sa = some_sa(n, what);
    const bool answer = (what & 4) != 0;
    struct ipseci_writer w = ipseci_writer_init(d->octets, sizeof(d->octets));

    if (sa == NULL) {
        return false;
    }
    const struct ipseci_ike_header header = {
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .next_payload = 46,
        .version = IPSECI_IKE_VERSION,
        .exchange = exchange[what & 3],
        .flags = (uint8_t)((sa->initiator ? 0 : IPSECI_FLAG_INITIATOR) |
                           (answer ? IPSECI_FLAG_RESPONSE : 0)),
        .message_id = answer ? sa->request_id : sa->expected_id,
    };
    const size_t pad = 15 - chain.length % 16;
    ipseci_ike_header_build(&w, &header);
    ipseci_write8(&w, first);
    ipseci_write8(&w, 0);
    ipseci_write16(&w, (uint16_t)(4 + IV_BYTES + chain.length + pad + 1 + TAG_BYTES));
    ipseci_write_zeros(&w, IV_BYTES);
    ipseci_write_bytes(&w, chain.data, chain.length);
    ipseci_write_zeros(&w, pad);
    ipseci_write8(&w, (uint8_t)pad);
    ipseci_write_zeros(&w, TAG_BYTES);
    ipseci_ike_header_finish(&w, 0);
    d->length = (uint32_t)w.used;
    d->local = sa->local;
    d->remote = sa->remote;
    return !w.failed;
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
        if (wrap(n, what, first, ipseci_read_view(&r, length), &d)) {
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
