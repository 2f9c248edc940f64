/* SPDX-License-Identifier: Apache-2.0
 *
 * See ike_duel.h.
 */
#include "ike_duel.h"

#include "bench.h"

#include <stdlib.h>
#include <string.h>

#define LINGER_MS 3000                  /* a child that was rekeyed is gone by then */
#define WALL_TIME ((int64_t)1780000000) /* 2026: within the certificates' time */

/* ---- callbacks ---------------------------------------------------------------------------------
 */

static void on_send(void *user, struct ipsec_packet *p)
{
    const struct duel_end *from = user;
    struct duel *d = from->duel;

    bench_require(d->sent - d->taken < DUEL_WIRE && p->length <= RECORD_OCTETS,
                  "more on the wire than expected");
    struct duel_wire *w = &d->wire[d->sent % DUEL_WIRE];
    d->sent++;
    memcpy(w->octets, p->buffer + p->offset, p->length);
    w->to = from->other;
    w->packet = (struct ipsec_packet){.buffer = w->octets,
                                      .capacity = RECORD_OCTETS,
                                      .length = p->length,
                                      .carrier = p->carrier,
                                      .local = p->remote,
                                      .remote = p->local};
}

static enum ipsec_status on_find_peer(void *user, uint32_t token,
                                      const struct ipsec_peer_query *query,
                                      const struct ipsec_peer **peer)
{
    const struct duel_end *end = user;
    (void)token;
    (void)query;
    *peer = &end->peer;
    return IPSEC_OK;
}

static enum ipsec_status on_find_secret(void *user, uint32_t token,
                                        const struct ipsec_secret_query *query,
                                        struct ipsec_secret *secret)
{
    (void)user;
    (void)token;
    (void)query;
    secret->length = 32;
    memset(secret->bytes, 7, secret->length);
    return IPSEC_OK;
}

static enum ipsec_status on_wall_time(void *user, int64_t *seconds)
{
    (void)user;
    *seconds = WALL_TIME;
    return IPSEC_OK;
}

static enum ipsec_status on_child_add(void *user, const struct ipsec_child_sa *child)
{
    struct duel_end *end = user;
    end->child_sa = child->child;
    end->up = true;
    return IPSEC_OK;
}

static void on_child_remove(void *user, ipsec_handle child)
{
    (void)child;
    ((struct duel_end *)user)->removed++;
}

/* ---- making ------------------------------------------------------------------------------------
 */

static void open_engine(struct duel_end *end)
{
    struct ipsec_ike_config config = IPSEC_IKE_CONFIG_INIT;
    size_t bytes = 0;

    end->crypto[0] = &end->record.crypto;
    config.crypto.item = end->crypto;
    config.crypto.count = 1;
    config.signer = end->record.real_signer != NULL ? &end->record.signer : NULL;
    config.x509 = end->record.real_x509 != NULL ? &end->record.x509 : NULL;
    config.user = end;
    config.message_bytes = 4096;
    config.first_contact_per_s = 1000000;
    config.callbacks.size = sizeof(config.callbacks);
    config.callbacks.send = on_send;
    config.callbacks.find_peer = on_find_peer;
    config.callbacks.find_secret = on_find_secret;
    config.callbacks.wall_time = on_wall_time;
    config.callbacks.child_add = on_child_add;
    config.callbacks.child_remove = on_child_remove;
    bench_require(ipsec_ike_size(&config, &bytes) == IPSEC_OK, "ipsec_ike_size");
    bench_require(ipsec_ike_init(malloc(bytes), bytes, &config, 0, &end->ike) == IPSEC_OK,
                  "ipsec_ike_init");
}

static void prove(struct ipsec_peer *peer, const struct duel_proof *proof)
{
    if (proof->credential == NULL) {
        return;
    }
    peer->local_auth = peer->remote_auth = IPSEC_AUTH_SIGNATURE;
    peer->credential = proof->credential;
    peer->trust = proof->trust;
    bench_require(ipsec_id_parse(proof->id, &peer->local_id) == IPSEC_OK, "identity");
    peer->remote_id = peer->local_id;
}

static void make_peer(struct duel *d, int side, const struct duel_proof *proof)
{
    struct duel_end *end = &d->end[side];

    end->peer.size = sizeof(end->peer);
    end->peer.proposals = &d->ike;
    end->peer.children = &end->child;
    end->peer.child_count = 1;
    end->child.size = sizeof(end->child);
    end->child.proposals = &d->esp;
    end->child.local_ts.count = 1;
    end->child.remote_ts.count = 1;
    bench_require(
        ipsec_addr_parse(side ? "10.9.0.2" : "10.9.0.1", &end->peer.local.addr) == IPSEC_OK &&
            ipsec_addr_parse(side ? "10.9.0.1" : "10.9.0.2", &end->peer.remote.addr) == IPSEC_OK &&
            ipsec_selector_parse(side ? "192.168.2.0/24" : "192.168.1.0/24",
                                 &end->child.local_ts.item[0]) == IPSEC_OK &&
            ipsec_selector_parse(side ? "192.168.1.0/24" : "192.168.2.0/24",
                                 &end->child.remote_ts.item[0]) == IPSEC_OK,
        "addresses");
    prove(&end->peer, proof);
}

void duel_open(struct duel *d, const struct duel_crypto *crypto, const struct duel_proof *proof)
{
    for (int side = 0; side < 2; side++) {
        struct duel_end *end = &d->end[side];
        end->duel = d;
        end->other = &d->end[1 - side];
        ike_record_init(&end->record, crypto->crypto, crypto->signer, crypto->x509);
        make_peer(d, side, proof);
        open_engine(end);
    }
}

void duel_close(struct duel *d)
{
    for (int side = 0; side < 2; side++) {
        struct ipsec_ike *engine = d->end[side].ike;
        ipsec_ike_deinit(engine);
        free(engine);
    }
}

/* ---- a handshake -------------------------------------------------------------------------------
 */

/* Around each call of an end's engine. */
static uint64_t enter(struct duel_end *end)
{
    const uint64_t cpu = bench_cpu();
    ike_record_enter(&end->record);
    return cpu;
}

static void leave(struct duel_end *end, uint64_t cpu)
{
    ike_record_leave(&end->record);
    end->cpu_ns += bench_cpu() - cpu;
}

static void begin(struct duel *d)
{
    ipsec_handle sa;
    struct duel_end *end = &d->end[0];
    const uint64_t cpu = enter(end);
    const enum ipsec_status status = ipsec_ike_initiate(end->ike, &end->peer, d->now, &sa);
    leave(end, cpu);
    bench_require(status == IPSEC_OK, "initiate");
}

static void deliver(struct duel *d)
{
    struct duel_wire *w = &d->wire[d->taken % DUEL_WIRE];
    d->taken++;
    const uint64_t cpu = enter(w->to);
    (void)ipsec_ike_input(w->to->ike, &w->packet, d->now);
    leave(w->to, cpu);
}

static void run_wire(struct duel *d)
{
    while (d->taken < d->sent) {
        deliver(d);
    }
}

void duel_connect(struct duel *d)
{
    d->now += 10; /* the gate counts first contacts a second */
    d->end[0].up = d->end[1].up = false;
    begin(d);
    run_wire(d);
    bench_require(d->end[0].up && d->end[1].up, "a handshake failed");
}

void duel_forget(struct duel *d)
{
    for (int side = 0; side < 2; side++) {
        struct duel_end *end = &d->end[side];
        const uint64_t cpu = enter(end);
        (void)ipsec_ike_forget_peer(end->ike, &end->peer, d->now);
        leave(end, cpu);
    }
}

void duel_handshake(struct duel *d)
{
    duel_connect(d);
    duel_forget(d);
}

static void expire(struct duel *d)
{
    d->now += LINGER_MS;
    for (int side = 0; side < 2; side++) {
        struct duel_end *end = &d->end[side];
        const uint64_t cpu = enter(end);
        ipsec_ike_expire(end->ike, d->now);
        leave(end, cpu);
    }
    run_wire(d);
}

void duel_rekey(struct duel *d)
{
    struct duel_end *end = &d->end[0];
    for (int side = 0; side < 2; side++) {
        d->end[side].up = false;
        d->end[side].removed = 0;
    }
    const uint64_t cpu = enter(end);
    const enum ipsec_status status = ipsec_ike_rekey_child(end->ike, end->child_sa, 0, d->now);
    leave(end, cpu);
    bench_require(status == IPSEC_OK, "rekey");
    run_wire(d);
    expire(d);
    bench_require(d->end[0].up && d->end[1].up && d->end[0].removed == 1 && d->end[1].removed == 1,
                  "a rekey failed");
}
