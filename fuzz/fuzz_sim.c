/* SPDX-License-Identifier: Apache-2.0
 *
 * See fuzz_sim.h.
 */
#include "fuzz_sim.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STARTS      512
#define PIECES      6
#define BLOCK_BYTES (512u * 1024)

/* What the ends come to by themselves, at most: retransmissions, half-open SAs, rounds of EAP. */
#define ALONE_MS 600000

/* A start as it was: the pieces of memory that make it, one after the other. */
struct kept {
    uint8_t key[FUZZ_KEY_BYTES];
    size_t key_length;
    uint8_t *octets; /* NULL: none */
    size_t capacity;
};

static struct kept starts[STARTS];
static struct sim here;
static alignas(max_align_t) uint8_t blocks[2][BLOCK_BYTES];

void fuzz_require(const char *wrong)
{
    if (wrong != NULL) {
        fprintf(stderr, "finding: %s\n", wrong);
        if (here.nodes[0].ike != NULL && here.nodes[1].ike != NULL) {
            sim_print(&here);
        }
        fflush(stdout);
        __builtin_trap();
    }
}

/* ---- starts ------------------------------------------------------------------------------------
 */

struct piece {
    void *at;
    size_t bytes;
};

/* Behind the tops nothing was used. */
static void list_pieces(struct piece piece[PIECES])
{
    piece[0] = (struct piece){&here, offsetof(struct sim, sinks)};
    for (int i = 0; i < 2; i++) {
        const struct sim_node *n = &here.nodes[i];
        piece[1 + i] = (struct piece){n->sink, n->sink_top * sizeof(n->sink[0])};
        piece[3 + i] = (struct piece){n->block, n->block_bytes};
    }
    piece[5] = (struct piece){here.queue, here.queue_top * sizeof(here.queue[0])};
}

static void keep(struct kept *k)
{
    struct piece piece[PIECES];
    size_t at = 0;

    list_pieces(piece);
    for (int i = 0; i < PIECES; i++) {
        at += piece[i].bytes;
    }
    if (at > k->capacity) {
        free(k->octets);
        k->octets = malloc(at);
        k->capacity = at;
    }
    fuzz_require(k->octets != NULL ? NULL : "no memory");
    at = 0;
    for (int i = 0; i < PIECES; i++) {
        memcpy(k->octets + at, piece[i].at, piece[i].bytes);
        at += piece[i].bytes;
    }
}

/* The first piece tells how large the others are. */
static void bring_back(const struct kept *k)
{
    struct piece piece[PIECES];
    size_t at = 0;

    memcpy(&here, k->octets, offsetof(struct sim, sinks));
    list_pieces(piece);
    for (int i = 0; i < PIECES; i++) {
        memcpy(piece[i].at, k->octets + at, piece[i].bytes);
        at += piece[i].bytes;
    }
}

static uint32_t place(struct ipsec_view key)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < key.length; i++) {
        h = (h ^ key.data[i]) * 16777619u;
    }
    return (h ^ h >> 16) % STARTS;
}

struct sim *fuzz_start(struct ipsec_view key, void (*reach)(struct sim *s, struct ipsec_view key))
{
    struct kept *k = &starts[place(key)];

    if (k->octets != NULL && k->key_length == key.length &&
        memcmp(k->key, key.data, key.length) == 0) {
        bring_back(k);
        return &here;
    }
    memset(&here, 0, offsetof(struct sim, sinks)); /* what follows is not looked at */
    reach(&here, key);
    memcpy(k->key, key.data, key.length);
    k->key_length = key.length;
    keep(k);
    return &here;
}

void fuzz_begin(struct sim *s, uint64_t seed)
{
    sim_init(s, seed);
    for (int i = 0; i < 2; i++) { /* little is copied back quickly */
        s->nodes[i].config.sa_max = 6;
        s->nodes[i].config.child_max = 10;
        s->nodes[i].config.handshake_max = 4;
        s->nodes[i].config.source_max = 8;
        s->nodes[i].config.retransmit_max = 2;
    }
    s->no_malloc = true;
    s->verbose = getenv("FUZZ_VERBOSE") != NULL; /* what happens, for a person */
    s->quiet = !s->verbose;
}

/* At the end of its memory, so that a sanitizer sees the first octet beyond. */
void fuzz_engines(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        size_t bytes = 0;
        fuzz_require(ipsec_ike_size(&n->config, &bytes) == IPSEC_OK && bytes <= BLOCK_BYTES
                         ? NULL
                         : "an engine of no such size");
        n->block_bytes = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
        n->block = blocks[i] + BLOCK_BYTES - n->block_bytes;
    }
    sim_start(s);
    s->held = true;
}

/* ---- states ------------------------------------------------------------------------------------
 */

void fuzz_deliver(struct sim *s, int count)
{
    for (int i = 0; i < count; i++) {
        (void)sim_deliver(s, 0);
    }
}

void fuzz_settle(struct sim_node *n)
{
    for (int i = 0; i < 4; i++) {
        (void)sim_job_done(n);
        sim_answer(n, IPSEC_OK);
    }
}

static void bring_up(struct sim *s)
{
    s->held = false;
    sim_run(s, 1000);
    s->held = true;
}

void fuzz_reach(struct sim *s, enum fuzz_state state)
{
    struct sim_node *a = &s->nodes[SIM_A];
    struct sim_node *b = &s->nodes[SIM_B];
    ipsec_handle sa = 0;

    fuzz_engines(s);
    (void)!ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa);
    if (state == FUZZ_HALF_OPEN) {
        fuzz_deliver(s, 2);
        return;
    }
    bring_up(s);
    switch (state) {
    case FUZZ_HALF_OPEN:
    case FUZZ_UP:
        break;
    case FUZZ_CHILD_REKEY:
        (void)ipsec_ike_rekey_child(a->ike, sim_child_in(a, 0), 0, s->now);
        (void)ipsec_ike_rekey_child(b->ike, sim_child_in(b, 0), 0, s->now);
        break;
    case FUZZ_IKE_REKEY:
        (void)ipsec_ike_rekey(a->ike, sim_sa(a, 0), s->now);
        (void)ipsec_ike_rekey(b->ike, sim_sa(b, 0), s->now);
        break;
    case FUZZ_MORE:
        (void)!ipsec_ike_create_child(a->ike, sim_sa(a, 0), &a->child[1], s->now);
        (void)!ipsec_ike_create_child(b->ike, sim_sa(b, 0), &b->child[1], s->now);
        break;
    case FUZZ_CHILD_DELETE:
        (void)ipsec_ike_rekey_child(a->ike, sim_child_in(a, 0), 0, s->now);
        fuzz_deliver(s, 2);
        break;
    case FUZZ_IKE_DELETE:
        (void)ipsec_ike_rekey(a->ike, sim_sa(a, 0), s->now);
        fuzz_deliver(s, 2);
        break;
    case FUZZ_CLOSING:
        (void)ipsec_ike_delete(a->ike, sim_sa(a, 0), s->now);
        (void)ipsec_ike_probe(b->ike, sim_sa(b, 0), s->now);
        break;
    }
}

/* ---- the end -----------------------------------------------------------------------------------
 */

void fuzz_alone_to_the_end(struct sim *s)
{
    s->held = false;
    s->cut = true;
    sim_run(s, ALONE_MS);
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        struct ipsec_ike_counters c;
        ipsec_ike_counters(n->ike, &c);
        fuzz_require(sim_broken(n));
        fuzz_require(c.sas == 0 ? NULL : "an IKE SA lives on without its peer");
        fuzz_require(c.half_open == 0 && c.handshakes == 0 ? NULL : "a handshake has no end");
        fuzz_require(c.reassemblies == 0 ? NULL : "fragments are kept without end");
        fuzz_require(sim_sink_count(n) == 0 ? NULL : "a child outlives its IKE SA");
        fuzz_require(n->crypto.keys_alive == 0 && n->crypto.kes_alive == 0 ? NULL
                                                                           : "a key is not freed");
        fuzz_require(n->leased == n->released ? NULL : "a lease is not given back");
        fuzz_require(sim_end(n));
    }
}
