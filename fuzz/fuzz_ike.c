/* SPDX-License-Identifier: Apache-2.0
 *
 * Two engines under a fuzzer that plays the network, the clock, both callers and both peers. The
 * input begins with SETUP_BYTES octets that say how small the tables are and what the ends are
 * told; then come operations, an octet each with its arguments (table at the end): messages are
 * delivered, lost, repeated, changed or made up, inside SK under the right keys or outside; time
 * passes or steps back; commands are given with good and stale handles; questions and jobs wait and
 * are answered; sink, keys and key exchanges run out. After each the tables must fit each other.
 *
 * Then there is calm. Ends that got nothing but each other's messages must agree; ends that nobody
 * answers must come to rest; and an engine that ends must leave nothing behind.
 */
#include "ike_state.h"
#include "reader.h"
#include "sim_craft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETUP_BYTES    8
#define OPERATIONS_MAX 200
#define REPLAYS        8
#define CHAIN_BYTES    1200
#define CALM_MS        300000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct sim *s;
    struct ipseci_reader in;
    bool forged;           /* an end may have believed what the other never said */
    ipsec_handle sa[2][4]; /* once good handles, now perhaps stale */
    ipsec_handle child[2][4];
    uint32_t replay_next;
    struct sim_datagram replay[REPLAYS]; /* what was delivered last */
};

static struct run run; /* large */

static void require(const char *wrong)
{
    if (wrong != NULL) {
        fprintf(stderr, "fuzz_ike: %s\n", wrong);
        if (run.s->nodes[0].ike != NULL && run.s->nodes[1].ike != NULL) {
            sim_print(run.s);
        }
        fflush(stdout);
        __builtin_trap();
    }
}

static uint8_t take(void)
{
    return run.in.left > 0 ? ipseci_read8(&run.in) : 0;
}

/* ---- set-up ------------------------------------------------------------------------------------
 */

static void choose_proposals(struct sim *s, uint8_t how)
{
    /* AES-CBC and a tag of 16 octets: what sim_craft makes. */
    static const char *const ike[][2] = {
        {"aes256-sha256-modp2048", "aes256-sha256-modp2048"},
        {"aes256-sha256-modp2048-ecp256", "aes256-sha256-ecp256"},
        {"aes128-sha256-ecp256", "aes256-sha256-ecp256,aes128-sha256-ecp256"},
        {"aes256-sha256-ecp256", "aes128-sha256-ecp256"}};
    static const char *const esp[][2] = {{"aes256-sha256-modp2048", "aes256-sha256-modp2048"},
                                         {"aes256-sha256", "aes256-sha256"},
                                         {"aes256gcm16-modp2048-ecp256", "aes256gcm16-ecp256"},
                                         {"aes256gcm16", "aes256-sha256,aes256gcm16"}};

    for (int k = 0; k < 2 && (how & 15) != 0; k++) { /* 0: as they are */
        sim_ike_proposals(&s->nodes[k], ike[how & 3][k]);
        sim_esp_proposals(&s->nodes[k], esp[how >> 2 & 3][k]);
    }
}

/* 0 leaves the default, else the number minus one more than `least`. */
static uint32_t table(uint8_t how, uint32_t least)
{
    return how == 0 ? 0 : least + how - 1;
}

static void choose_node(struct sim_node *n, uint8_t tables, uint8_t times)
{
    struct ipsec_ike_config *c = &n->config;

    c->sa_max = table(tables & 3, 1);
    c->child_max = table(tables >> 2 & 3, 1);
    c->handshake_max = table(tables >> 4 & 3, 1);
    c->buffer_max = table(tables >> 6 & 3, 1);
    c->message_bytes = 1280; /* wiped often */
    c->half_open_max = c->handshake_max == 0 ? 2 : 0;
    c->cookie_threshold = times & 1;
    n->peer.child_count = 1 + (times >> 1 & 3);
    n->peer.no_initial_contact = (times & 8) != 0;
    c->fragment_bytes = (times & 0x80) != 0 ? 192 : 0;
    n->peer.force_encapsulation = (times & 0x10) != 0;
    if ((times & 0x20) != 0) {
        n->peer.lifetime.soft_ms = 110000;
        n->peer.lifetime.hard_ms = 200000;
        n->child[0].lifetime.soft_ms = 90000;
        n->child[0].lifetime.hard_ms = 160000;
    }
    if ((times & 0x40) != 0) {
        n->peer.liveness_ms = 5000;
    }
}

/* How the ends prove who they are: 0 secret, 1 and 2 certificates, 3 and 4 EAP with a certificate
 * on the other side and alone, else secret. */
static void choose_proof(struct sim *s, uint8_t how)
{
    switch (how) {
    case 1:
        sim_certificates(s, IPSEC_KEY_RSA, 2048);
        break;
    case 2:
        sim_certificates(s, IPSEC_KEY_EC, 256);
        break;
    case 3:
    case 4:
        sim_eap(s, 2, how == 4);
        break;
    default:
        break;
    }
}

static struct sim *set_up(struct ipsec_view setup)
{
    const uint8_t *o = setup.data;
    struct sim *s = sim_new(1 + (o[0] & 7));

    s->no_malloc = true;
    s->verbose = getenv("FUZZ_VERBOSE") != NULL; /* what happens, for a person */
    s->nat = (o[0] & 8) != 0;
    choose_proposals(s, o[1]);
    for (int k = 0; k < 2; k++) {
        choose_node(&s->nodes[k], o[2 + k], o[4 + k]);
        s->nodes[k].crypto.tags_pass = (o[0] & 0x10) == 0;
        s->nodes[k].unknown_peer = (o[6] & (1 << k)) != 0;
        s->nodes[k].unknown_id = (o[6] & (4 << k)) != 0;
        s->nodes[k].secret = (o[6] & (16 << k)) != 0 ? NULL : s->nodes[k].secret;
    }
    choose_proof(s, o[7] >> 2 & 7);
    for (int k = 0; k < 2; k++) {
        s->nodes[k].peer.follow = o[7] >> 5 & 3;
    }
    sim_start(s);
    s->held = true;
    return s;
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

/* The oldest datagram in flight but `n`; NULL: there is none. */
static struct sim_datagram *in_flight(uint32_t n)
{
    struct sim_datagram *found = NULL;
    uint64_t after = 0;

    for (uint32_t k = 0; k <= n; k++) {
        found = NULL;
        for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
            struct sim_datagram *d = &run.s->queue[i];
            if (d->used && d->order >= after && (found == NULL || d->order < found->order)) {
                found = d;
            }
        }
        if (found == NULL) {
            return NULL;
        }
        after = found->order + 1;
    }
    return found;
}

/* ---- the network -------------------------------------------------------------------------------
 */

static void do_deliver(void)
{
    const uint8_t which = take();
    const struct sim_datagram *d = in_flight(which & 7);

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
    const struct sim_datagram *from = in_flight(which & 7);

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
        sim_run(run.s, steps[how & 7]);
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
        require("an IKE SA that was begun is gone, and no event has told");
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
    size_t bytes = 0;

    while (n->job_count > 0) {
        (void)sim_job_done(n);
    }
    n->crypto.random_fails = false;
    require(sim_end(n));
    n->question_count = 0;
    memset(&n->seen, 0, sizeof(n->seen));
    if (ipsec_ike_size(&n->config, &bytes) != IPSEC_OK ||
        ipsec_ike_init(n->block, bytes, &n->config, run.s->now, &n->ike) != IPSEC_OK) {
        require("an engine can not be made again in its block");
    }
}

/* ---- the end -----------------------------------------------------------------------------------
 */

static void wait_for_nothing(struct sim_node *n)
{
    n->pend_peer = n->pend_secret = n->take_jobs = false;
    n->unknown_peer = n->unknown_id = false;
    n->children_max = 0;
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

    require(sim_broken(n));
    ipsec_ike_counters(n->ike, &counters);
    return counters;
}

/* Lifetimes may be short, so that there is now and then a rekey under way. */
static void agree(struct sim *s)
{
    const char *wrong = "";

    for (int i = 0; i < 300 && wrong != NULL; i++) {
        const struct ipsec_ike_counters a = counters_of(&s->nodes[SIM_A]);
        wrong = sim_disagreement(s, a.sas, a.children);
        if (wrong != NULL) {
            sim_run(s, 97);
        }
    }
    require(wrong);
}

/* Nobody answers any more, or everybody does. */
static void calm(struct sim *s, bool alone)
{
    s->held = false;
    s->cut = alone;
    wait_for_nothing(&s->nodes[0]);
    wait_for_nothing(&s->nodes[1]);
    sim_run(s, CALM_MS);
    if (!alone && !run.forged) {
        agree(s);
        return;
    }
    s->cut = true;
    sim_run(s, alone ? 0 : CALM_MS);
    for (int k = 0; k < 2; k++) {
        const struct ipsec_ike_counters c = counters_of(&s->nodes[k]);
        require(c.sas == 0 ? NULL : "an IKE SA lives on without its peer");
    }
}

static void finish(struct sim *s, bool alone)
{
    calm(s, alone);
    require(sim_end(&s->nodes[0]));
    require(sim_end(&s->nodes[1]));
    sim_free(s);
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

static void (*const operations[])(void) = {
    do_deliver, do_deliver, do_drop,      do_replay,  do_mutate,  do_craft,    do_clear,
    do_traffic, do_time,    do_time,      do_command, do_command, do_initiate, do_refuse,
    do_exhaust, do_answer,  do_time_back, do_job,     do_restart,
};

/* With a new operation the corpus means something else: add at the end. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < SETUP_BYTES) {
        return 0;
    }
    memset(&run, 0, offsetof(struct run, replay));
    for (size_t i = 0; i < REPLAYS; i++) {
        run.replay[i].length = 0;
    }
    run.s = set_up(ipseci_view(data, SETUP_BYTES));
    run.in = ipseci_reader_init(ipseci_view(data + SETUP_BYTES, size - SETUP_BYTES));
    if ((data[7] & 2) != 0) { /* straight to two ends that are up */
        (void)sim_connect(run.s);
        run.s->held = false;
        sim_run(run.s, 1000);
        run.s->held = true;
    }
    for (int i = 0; i < OPERATIONS_MAX && run.in.left > 0 && !run.in.failed; i++) {
        operations[take() % (sizeof(operations) / sizeof(operations[0]))]();
        require(sim_broken(&run.s->nodes[0]));
        require(sim_broken(&run.s->nodes[1]));
    }
    finish(run.s, (data[7] & 1) != 0);
    return 0;
}
