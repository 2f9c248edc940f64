/* SPDX-License-Identifier: Apache-2.0
 *
 * Two engines under a fuzzer that plays the network, the clock, both callers and both peers. The
 * input begins with the octets of fuzz_setup.h, which say how small the tables are, what the ends
 * are told and how far they have come; then come operations, an octet each with its arguments
 * (table at the end): messages are delivered, lost, repeated, changed or made up, inside SK under
 * the right keys or outside; time passes or steps back; commands are given with good and stale
 * handles; questions and jobs wait and are answered; sink, keys and key exchanges run out. After
 * each the tables must fit each other.
 *
 * Then there is calm. Ends that got nothing but each other's messages must agree; ends that nobody
 * answers must come to rest; and an engine that ends must leave nothing behind.
 */
#include "fuzz_setup.h"
#include "ike_state.h"
#include "reader.h"
#include "sim_craft.h"

#include <string.h>

#define OPERATIONS_MAX 80
#define TURNS_MAX      120 /* of all time that passes between them */
#define REPLAYS        8
#define CHAIN_BYTES    1200
#define CALM_MS        300000
#define SHORT_CALM_MS  1000
#define AGREE_LOOKS    200 /* 1014 s in all */
#define AGREE_MORE_MS  50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct sim *s;
    struct ipseci_reader in;
    uint32_t turns;        /* that time may still bring */
    bool forged;           /* an end may have believed what the other never said */
    ipsec_handle sa[2][4]; /* once good handles, now perhaps stale */
    ipsec_handle child[2][4];
    uint32_t replay_next;
    struct sim_datagram replay[REPLAYS]; /* what was delivered last */
};

static struct run run; /* large */

static uint8_t take(void)
{
    return run.in.left > 0 ? ipseci_read8(&run.in) : 0;
}

/* ---- which one ---------------------------------------------------------------------------------
 */

static struct sim_node *node(uint8_t which)
{
    return &run.s->nodes[which & 1];
}

/* The n-th alive, one of the past, or one that never was. */
static ipsec_handle pick_sa(const struct sim_node *n, uint8_t which)
{
    ipsec_handle h = 0;

    if (which >= 0xf0) {
        return run.sa[n->index][which & 3];
    }
    for (uint32_t i = 0; i <= (which & 3u); i++) {
        h = ipsec_ike_next_sa(n->ike, h);
    }
    run.sa[n->index][which >> 2 & 3] = h;
    return h;
}

static ipsec_handle pick_child(const struct sim_node *n, uint8_t which)
{
    ipsec_handle h = 0;

    if (which >= 0xf0) {
        return run.child[n->index][which & 3];
    }
    for (uint32_t i = 0; i <= (which & 7u); i++) {
        h = ipsec_ike_next_child(n->ike, h);
    }
    run.child[n->index][which >> 3 & 3] = h;
    return h;
}

/* ---- the network -------------------------------------------------------------------------------
 */

static void do_deliver(void)
{
    const uint8_t which = take();
    const struct sim_datagram *d = sim_queued(run.s, which & 7);

    if (d != NULL && !d->esp) {
        run.replay[run.replay_next++ % REPLAYS] = *d;
    }
    (void)sim_deliver(run.s, which & 7);
}

static void do_drop(void)
{
    sim_drop(run.s, take() & 7);
}

/* What was delivered before, perhaps to the end that sent it. */
static void do_replay(void)
{
    const uint8_t which = take();
    const struct sim_datagram *d = &run.replay[which % REPLAYS];

    if (d->length > 0) {
        (void)sim_inject(run.s, (which & 0x80) != 0 ? 1 - d->to : d->to, d);
    }
}

/* A datagram in flight or an old one, with octets changed, cut or put on; the original stays. */
static void do_mutate(void)
{
    static struct sim_datagram d;
    const uint8_t which = take();
    const struct sim_datagram *from = sim_queued(run.s, which & 7);

    from = (which & 8) != 0 || from == NULL ? &run.replay[which % REPLAYS] : from;
    if (from->length == 0 || from->esp) {
        return;
    }
    d = *from;
    for (uint32_t i = 0; i <= (which >> 4 & 3u); i++) {
        const uint32_t at = ipseci_read16(&run.in) % d.length;
        d.octets[at] = (uint8_t)(d.octets[at] ^ take());
    }
    if ((which & 0x40) != 0) {
        d.length = ipseci_read16(&run.in) % d.length;
    }
    if ((which & 0x80) != 0) {
        d.remote.port = (uint16_t)(d.remote.port + 1);
    }
    /* Whom an IKE_SA_INIT comes from nothing protects: a NAT may have changed it. */
    run.forged = run.forged || run.s->nodes[0].crypto.tags_pass || (which & 0x80) != 0;
    (void)sim_inject(run.s, d.to, &d);
}

/* A chain inside SK, as the peer would send it. */
static void do_craft(void)
{
    static struct sim_datagram d;
    const uint8_t who = take();
    const uint8_t what = take();
    const int8_t offset = (int8_t)take();
    const uint8_t first = take();
    size_t length = ipseci_read16(&run.in) % CHAIN_BYTES;

    length = length > run.in.left ? run.in.left : length;
    const struct sim_craft made = {
        .exchange = (uint8_t)(34 + (what & 0xf)),
        .answer = (what & 0x10) != 0,
        .newest_sa = (what & 0x20) != 0,
        .id_offset = (what & 0x40) != 0 ? offset : 0,
        .pad_octet = (what & 0x80) != 0 ? (uint8_t)offset : 0,
        .first = first,
        .chain = ipseci_read_view(&run.in, length),
    };
    if (sim_craft(node(who), &made, &d)) {
        run.forged = run.forged || node(who)->crypto.tags_pass;
        (void)sim_inject(run.s, who & 1, &d);
    }
}

/* Octets outside SK, after a header with SPIs that somebody has. */
static void do_clear(void)
{
    static struct sim_datagram d;
    const uint8_t who = take();
    const struct sim_datagram *like = &run.replay[who >> 1 & 7];
    size_t length = ipseci_read16(&run.in) % CHAIN_BYTES;

    length = length > run.in.left ? run.in.left : length;
    const struct ipsec_view octets = ipseci_read_view(&run.in, length);
    d = *like;
    if (like->length < 17) {
        d.local = node(who)->peer.local;
        d.remote = node(who)->peer.remote;
    }
    /* Bits 4, 5: how many SPIs are taken over. The marker on port 4500 is the fuzzer's matter. */
    const uint32_t keep = like->length < 17 ? 0 : 8 * (who >> 4 & 3u) % 24;
    d.length = keep + (uint32_t)octets.length;
    if (octets.length > 0) {
        memcpy(d.octets + keep, octets.data, octets.length);
    }
    if ((who & 0x80) != 0 && d.length >= 28) {
        d.octets[24] = d.octets[25] = 0;
        d.octets[26] = (uint8_t)(d.length >> 8);
        d.octets[27] = (uint8_t)d.length;
    }
    run.forged = run.forged || node(who)->crypto.tags_pass;
    (void)sim_inject(run.s, who & 1, &d);
}

static void do_traffic(void)
{
    const uint8_t how = take();

    (void)sim_esp(run.s, how & 1, &run.s->nodes[how & 1].child[how >> 1 & 3]);
}

/* ---- time --------------------------------------------------------------------------------------
 */

static void do_time(void)
{
    static const uint32_t steps[] = {1, 100, 1000, 2500, 10000, 31000, 100000, 4000000};
    const uint8_t how = take();

    run.s->held = (how & 8) == 0;
    if ((how & 16) != 0) { /* late by all of it */
        run.s->now += steps[how & 7];
        for (int k = 0; k < 2; k++) {
            ipsec_ike_expire(run.s->nodes[k].ike, run.s->now);
        }
    } else {
        run.turns = sim_run_some(run.s, steps[how & 7], run.turns);
    }
    run.s->held = true;
}

static void do_time_back(void)
{
    const uint8_t how = take();

    ipsec_ike_expire(node(how)->ike, run.s->now - 500u * (how >> 1));
}

/* ---- commands ----------------------------------------------------------------------------------
 */

static void do_initiate(void)
{
    struct sim_node *n = node(take());
    const uint32_t closed = n->events[IPSEC_EVENT_IKE_CLOSED];
    ipsec_handle sa = 0;

    if (ipsec_ike_initiate(n->ike, &n->peer, run.s->now, &sa) == IPSEC_OK &&
        ipseci_pool_get(&n->ike->sas, sa) == NULL && n->events[IPSEC_EVENT_IKE_CLOSED] == closed) {
        fuzz_require("an IKE SA that was begun is gone, and no event has told");
    }
}

static void do_command(void)
{
    const uint8_t what = take();
    const uint8_t which = take();
    struct sim_node *n = node(what);
    const ipsec_handle sa = pick_sa(n, which);
    const ipsec_handle child = pick_child(n, which);

    switch (what >> 1 & 7) {
    case 0:
        (void)ipsec_ike_rekey(n->ike, sa, run.s->now);
        break;
    case 1:
        (void)ipsec_ike_delete(n->ike, sa, run.s->now);
        break;
    case 2:
        (void)ipsec_ike_probe(n->ike, sa, run.s->now);
        break;
    case 3:
        (void)!ipsec_ike_create_child(n->ike, sa, &n->child[what >> 4 & 3], run.s->now);
        break;
    case 4:
        (void)ipsec_ike_rekey_child(n->ike, child, what >> 4 & 1, run.s->now);
        break;
    case 5:
        (void)ipsec_ike_delete_child(n->ike, child, run.s->now);
        break;
    case 6:
        (void)ipsec_ike_child_notice(n->ike, child, (enum ipsec_child_notice)(1 + (what >> 4) % 3),
                                     run.s->now);
        break;
    default:
        (void)ipsec_ike_forget_peer(n->ike, &n->peer, run.s->now);
        break;
    }
}

/* A packet waits for a child, and may say which addresses it has. */
static void do_acquire(void)
{
    const uint8_t how = take();
    struct sim_node *n = node(how);
    const struct ipsec_child_config *c = &n->child[how >> 1 & 3];
    struct ipsec_packet_selectors packet = {c->local_ts.item[0], c->remote_ts.item[0]};

    packet.local.protocol = packet.remote.protocol = how >> 4;
    (void)!ipsec_ike_acquire(n->ike, &n->peer, c, (how & 8) != 0 ? &packet : NULL, run.s->now);
}

/* An end changes its address, that of the other, or both, to one of four. */
static void do_move(void)
{
    const uint8_t how = take();
    struct sim_node *n = node(how);
    struct ipsec_endpoint local = n->peer.local;
    struct ipsec_endpoint remote = n->peer.remote;

    local.port = remote.port = 0;
    local.addr.bytes[2] = (uint8_t)(113 + (how >> 3 & 3));
    remote.addr.bytes[2] = (uint8_t)(113 + (how >> 5 & 3));
    (void)ipsec_ike_move(n->ike, pick_sa(n, take()), (how & 2) != 0 ? &local : NULL,
                         (how & 4) != 0 ? &remote : NULL, run.s->now);
}

/* A peer is kept up, or not any more. */
static void do_keep_up(void)
{
    const uint8_t how = take();
    struct sim_node *n = node(how);

    if ((how & 2) != 0) {
        (void)!ipsec_ike_keep_up(n->ike, &n->peer, run.s->now);
    } else {
        (void)ipsec_ike_let_go(n->ike, &n->peer);
    }
}

static void do_redirect(void)
{
    const uint8_t how = take();
    struct sim_node *n = node(how);
    struct ipsec_id gateway;

    sim_id(&gateway, fuzz_gateway[(how & 2) != 0 ? n->index : 1 - n->index]);
    (void)ipsec_ike_redirect(n->ike, pick_sa(n, take()), &gateway, run.s->now);
}

/* The NAT forgets its mapping and makes another, or packets tell where they came from. */
static void do_rebind(void)
{
    const uint8_t how = take();

    run.s->esp_tells = (how & 1) != 0;
    if ((how & 2) != 0) {
        run.s->nat_shift = (uint16_t)(20000 + (how >> 2));
        run.forged = true; /* who is told not to follow speaks to nobody */
    }
}

/* ---- callbacks ---------------------------------------------------------------------------------
 */

static void do_refuse(void)
{
    const uint8_t how = take();
    struct sim_node *n = node(how);

    n->pend_peer = (how & 2) != 0;
    n->pend_secret = (how & 4) != 0;
    n->take_jobs = (how & 8) != 0;
    n->unknown_peer = (how & 16) != 0;
    n->unknown_id = (how & 32) != 0;
    n->children_max = how >> 6;
}

static void do_refuse_more(void)
{
    static const enum ipsec_status lease[] = {IPSEC_OK, IPSEC_ERR_NOT_FOUND, IPSEC_OK,
                                              IPSEC_ERR_FULL};
    const uint8_t how = take();
    struct sim_node *n = node(how);

    n->pend_eap = (how & 2) != 0;
    n->pend_lease = (how & 4) != 0;
    n->lease_status = lease[how >> 3 & 3];
    n->eap_quirk = (enum sim_eap_quirk)((how >> 5) % 5);
    n->auth.no_time = (how >> 5) == 5;
    n->auth.breaks = (how >> 5) == 6;
}

static void do_exhaust(void)
{
    const uint8_t how = take();
    struct sim_crypto *c = &node(how)->crypto;

    c->random_fails = (how & 2) != 0;
    c->keys_left = (how & 4) != 0 ? how >> 4 : ~0u;
    c->kes_left = (how & 8) != 0 ? how >> 4 : ~0u;
}

static void do_answer(void)
{
    static const enum ipsec_status status[] = {IPSEC_OK, IPSEC_ERR_NOT_FOUND, IPSEC_ERR_MEMORY,
                                               IPSEC_OK};
    const uint8_t how = take();

    sim_answer(node(how), status[how >> 1 & 3]);
}

static void do_job(void)
{
    (void)sim_job_done(node(take()));
}

/* Ends an engine and makes another; what the other end has of it is stale. */
static void do_restart(void)
{
    struct sim_node *n = node(take());

    while (n->job_count > 0) {
        (void)sim_job_done(n);
    }
    n->crypto.random_fails = false;
    fuzz_require(sim_end(n));
    n->question_count = 0;
    memset(&n->seen, 0, sizeof(n->seen));
    if (ipsec_ike_init(n->block, n->block_bytes, &n->config, run.s->now, &n->ike) != IPSEC_OK) {
        fuzz_require("an engine can not be made again in its block");
    }
}

/* ---- the end -----------------------------------------------------------------------------------
 */

static void wait_for_nothing(struct sim_node *n)
{
    n->pend_peer = n->pend_secret = n->take_jobs = n->pend_eap = n->pend_lease = false;
    n->lease_status = IPSEC_OK;
    n->eap_quirk = SIM_EAP_WELL;
    n->auth.no_time = n->auth.breaks = false;
    n->unknown_peer = n->unknown_id = false;
    (void)ipsec_ike_let_go(n->ike, &n->peer); /* else there is no end */
    n->children_max = 0;
    for (int i = 0; i < SIM_CONFIGS_MAX; i++) { /* one the peer has no room for is tried for ever */
        n->child[i].restart = false;
    }
    n->crypto.random_fails = false;
    n->crypto.keys_left = n->crypto.kes_left = ~0u;
    for (int i = 0; i < 2 * SIM_PARKED_MAX; i++) {
        (void)sim_job_done(n);
        sim_answer(n, IPSEC_OK);
    }
}

static struct ipsec_ike_counters counters_of(struct sim_node *n)
{
    struct ipsec_ike_counters counters;

    fuzz_require(sim_broken(n));
    ipsec_ike_counters(n->ike, &counters);
    return counters;
}

/* Within some minutes: a message that was lost is sent again for so long, and a peer that is gone
 * is found so. Lifetimes may be short, so that there is now and then a rekey under way. */
static void agree(struct sim *s)
{
    const char *wrong = "";

    for (uint32_t i = 0; i < AGREE_LOOKS && wrong != NULL; i++) {
        const struct ipsec_ike_counters a = counters_of(&s->nodes[SIM_A]);
        wrong = sim_disagreement(s, a.sas, a.children);
        if (wrong != NULL) {
            sim_run(s, 97 + i * AGREE_MORE_MS);
        }
    }
    fuzz_require(wrong);
}

/* Nobody answers any more, or everybody does. `lasting`: for some time, before anybody looks. */
static void finish(struct sim *s, bool alone, bool lasting)
{
    s->held = false;
    s->cut = alone;
    wait_for_nothing(&s->nodes[0]);
    wait_for_nothing(&s->nodes[1]);
    (void)sim_run_some(s, lasting ? CALM_MS : SHORT_CALM_MS, TURNS_MAX);
    if (alone || run.forged) {
        fuzz_alone_to_the_end(s);
        return;
    }
    agree(s);
    fuzz_require(sim_end(&s->nodes[0]));
    fuzz_require(sim_end(&s->nodes[1]));
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

static void (*const operations[])(void) = {
    do_deliver, do_deliver,     do_drop,      do_replay,   do_mutate,  do_craft,    do_clear,
    do_traffic, do_time,        do_time,      do_command,  do_command, do_initiate, do_refuse,
    do_exhaust, do_answer,      do_time_back, do_job,      do_restart, do_move,     do_acquire,
    do_rebind,  do_refuse_more, do_keep_up,   do_redirect,
};

/* With a new operation the corpus means something else: add at the end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < FUZZ_SETUP_BYTES) {
        return 0;
    }
    memset(&run, 0, offsetof(struct run, replay));
    run.turns = TURNS_MAX;
    for (size_t i = 0; i < REPLAYS; i++) {
        run.replay[i].length = 0;
    }
    run.s = fuzz_start(ipseci_view(data, FUZZ_SETUP_BYTES), fuzz_set_up);
    run.in = ipseci_reader_init(ipseci_view(data + FUZZ_SETUP_BYTES, size - FUZZ_SETUP_BYTES));
    for (int i = 0; i < OPERATIONS_MAX && run.in.left > 0 && !run.in.failed; i++) {
        operations[take() % (sizeof(operations) / sizeof(operations[0]))]();
        fuzz_require(sim_broken(&run.s->nodes[0]));
        fuzz_require(sim_broken(&run.s->nodes[1]));
    }
    finish(run.s, (data[7] & 1) != 0, (data[7] & 0x80) != 0);
    return 0;
}
