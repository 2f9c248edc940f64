/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole handshake of two engines in one process (IKE_SA_INIT, IKE_AUTH with PSK and a Child SA,
 * both ends' work counted) beside the bare cost of its crypto: the calls the engines make of the
 * Mbed TLS provider are recorded once and then repeated without engines around them.
 */
#include "bench.h"

#include <ipsec/backend_mbedtls.h>
#include <ipsec/ike.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 256u
#define KEYS_MAX  16u
#define OCTETS    2048u

enum call_kind {
    CALL_RANDOM,
    CALL_PRF,
    CALL_SHA1,
    CALL_RUN,
    CALL_START,
    CALL_RESPOND,
    CALL_FINISH
};

struct call {
    enum call_kind kind;
    uint16_t id;
    size_t key_length;
    size_t length; /* all parts, or data of an op */
    size_t aad_length;
    struct ipsec_key_params key; /* CALL_RUN: what its key was made from */
};

/* ---- a provider that notes what it is asked to do ----------------------------------------------
 */

struct keyed {
    struct ipsec_key *key;
    struct ipsec_key_params params;
};

struct recorder {
    const struct ipsec_crypto *real;
    bool on;
    struct call call[CALLS_MAX];
    size_t calls;
    struct keyed keys[KEYS_MAX];
};

static struct call *note(struct recorder *r, enum call_kind kind)
{
    static struct call nowhere;
    if (!r->on) {
        return &nowhere;
    }
    bench_require(r->calls < CALLS_MAX, "more calls in a handshake than expected");
    struct call *call = &r->call[r->calls];
    r->calls++;
    call->kind = kind;
    return call;
}

static bool rec_supports(void *c, enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    const struct recorder *r = c;
    return r->real->supports(r->real->context, type, id, bits);
}

static enum ipsec_status rec_random(void *c, uint8_t *out, size_t length)
{
    struct recorder *r = c;
    note(r, CALL_RANDOM)->length = length;
    return r->real->random(r->real->context, out, length);
}

static enum ipsec_status rec_key_new(void *c, const struct ipsec_key_params *params,
                                     struct ipsec_key **key)
{
    struct recorder *r = c;
    const enum ipsec_status status = r->real->key_new(r->real->context, params, key);
    for (size_t i = 0; i < KEYS_MAX && status == IPSEC_OK; i++) {
        if (r->keys[i].key == NULL) {
            r->keys[i].key = *key;
            r->keys[i].params = *params;
            break;
        }
    }
    return status;
}

static void rec_key_free(void *c, struct ipsec_key *key)
{
    struct recorder *r = c;
    for (size_t i = 0; i < KEYS_MAX; i++) {
        if (key != NULL && r->keys[i].key == key) {
            r->keys[i].key = NULL;
        }
    }
    r->real->key_free(r->real->context, key);
}

static bool rec_combines(void *c, uint16_t encr, uint16_t bits, uint16_t integ)
{
    const struct recorder *r = c;
    return r->real->combines != NULL && r->real->combines(r->real->context, encr, bits, integ);
}

static void rec_run(void *c, struct ipsec_crypto_op *const ops[], size_t n)
{
    struct recorder *r = c;
    for (size_t i = 0; i < n; i++) {
        struct call *call = note(r, CALL_RUN);
        call->length = ops[i]->data_length;
        call->aad_length = ops[i]->aad_length;
        for (size_t k = 0; k < KEYS_MAX; k++) {
            if (r->keys[k].key == ops[i]->key) {
                call->key = r->keys[k].params;
            }
        }
    }
    r->real->run(r->real->context, ops, n);
}

static enum ipsec_status rec_prf(void *c, uint16_t id, struct ipsec_view key,
                                 const struct ipsec_view parts[], size_t count, uint8_t *out)
{
    struct recorder *r = c;
    struct call *call = note(r, CALL_PRF);
    call->id = id;
    call->key_length = key.length;
    for (size_t i = 0; i < count; i++) {
        call->length += parts[i].length;
    }
    return r->real->prf(r->real->context, id, key, parts, count, out);
}

static enum ipsec_status rec_sha1(void *c, const struct ipsec_view parts[], size_t count,
                                  uint8_t out[20])
{
    struct recorder *r = c;
    struct call *call = note(r, CALL_SHA1);
    for (size_t i = 0; i < count; i++) {
        call->length += parts[i].length;
    }
    return r->real->sha1(r->real->context, parts, count, out);
}

static enum ipsec_status rec_start(void *c, uint16_t id, struct ipsec_ke **ke, uint8_t *value,
                                   size_t *length)
{
    struct recorder *r = c;
    note(r, CALL_START)->id = id;
    return r->real->ke_start(r->real->context, id, ke, value, length);
}

static enum ipsec_status rec_respond(void *c, uint16_t id, struct ipsec_view peer, uint8_t *value,
                                     size_t *length, uint8_t *secret, size_t *secret_length)
{
    struct recorder *r = c;
    note(r, CALL_RESPOND)->id = id;
    return r->real->ke_respond(r->real->context, id, peer, value, length, secret, secret_length);
}

static enum ipsec_status rec_finish(void *c, struct ipsec_ke *ke, struct ipsec_view peer,
                                    uint8_t *secret, size_t *length)
{
    struct recorder *r = c;
    (void)note(r, CALL_FINISH);
    return r->real->ke_finish(r->real->context, ke, peer, secret, length);
}

static void rec_ke_free(void *c, struct ipsec_ke *ke)
{
    const struct recorder *r = c;
    r->real->ke_free(r->real->context, ke);
}

/* ---- two engines -------------------------------------------------------------------------------
 */

struct end {
    struct ipsec_ike *ike;
    struct ipsec_peer peer;
    struct ipsec_child_config child;
    struct end *other;
    bool up;
};

struct wire {
    struct end *to;
    struct ipsec_packet packet;
    uint8_t octets[OCTETS];
};

struct duel {
    struct end end[2];
    struct ipsec_proposals ike;
    struct ipsec_proposals esp;
    struct wire wire;
    bool in_flight;
    ipsec_ms now;
    unsigned count;
};

static struct duel *duel_now; /* the callbacks' way to the wire */

static void on_send(void *user, struct ipsec_packet *p)
{
    const struct end *from = user;
    struct wire *w = &duel_now->wire;
    memcpy(w->octets, p->buffer + p->offset, p->length);
    w->to = from->other;
    w->packet = (struct ipsec_packet){.buffer = w->octets,
                                      .capacity = OCTETS,
                                      .length = p->length,
                                      .carrier = p->carrier,
                                      .local = p->remote,
                                      .remote = p->local};
    duel_now->in_flight = true;
}

static enum ipsec_status on_find_peer(void *user, uint32_t token,
                                      const struct ipsec_peer_query *query,
                                      const struct ipsec_peer **peer)
{
    const struct end *end = user;
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

static enum ipsec_status on_child_add(void *user, const struct ipsec_child_sa *child)
{
    (void)child;
    ((struct end *)user)->up = true;
    return IPSEC_OK;
}

static void on_child_remove(void *user, ipsec_handle child)
{
    (void)user;
    (void)child;
}

static void make_end(struct duel *d, int side, const struct ipsec_crypto *const *crypto)
{
    struct end *end = &d->end[side];
    struct ipsec_ike_config config = IPSEC_IKE_CONFIG_INIT;
    size_t bytes = 0;

    config.crypto.item = crypto;
    config.crypto.count = 1;
    config.user = end;
    config.first_contact_per_s = 1000000;
    config.callbacks.size = sizeof(config.callbacks);
    config.callbacks.send = on_send;
    config.callbacks.find_peer = on_find_peer;
    config.callbacks.find_secret = on_find_secret;
    config.callbacks.child_add = on_child_add;
    config.callbacks.child_remove = on_child_remove;
    bench_require(ipsec_ike_size(&config, &bytes) == IPSEC_OK, "ipsec_ike_size");
    bench_require(ipsec_ike_init(malloc(bytes), bytes, &config, d->now, &end->ike) == IPSEC_OK,
                  "ipsec_ike_init");
    end->other = &d->end[1 - side];
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
}

static void handshake(struct duel *d)
{
    ipsec_handle sa;

    d->now += 10; /* the gate counts first contacts a second */
    d->end[0].up = d->end[1].up = false;
    duel_now = d;
    bench_require(ipsec_ike_initiate(d->end[0].ike, &d->end[0].peer, d->now, &sa) == IPSEC_OK,
                  "initiate");
    while (d->in_flight) {
        d->in_flight = false;
        (void)ipsec_ike_input(d->wire.to->ike, &d->wire.packet, d->now);
    }
    bench_require(d->end[0].up && d->end[1].up, "a handshake failed");
    for (int side = 0; side < 2; side++) {
        (void)ipsec_ike_forget_peer(d->end[side].ike, &d->end[side].peer, d->now);
    }
}

static void run_handshakes(void *work)
{
    struct duel *d = work;
    for (unsigned i = 0; i < d->count; i++) {
        handshake(d);
    }
}

/* ---- the same crypto alone ---------------------------------------------------------------------
 */

struct bare {
    const struct recorder *record;
    unsigned count;
};

static uint8_t zeros[OCTETS];

static void bare_run(const struct ipsec_crypto *real, const struct call *call)
{
    static uint8_t data[OCTETS];
    static uint8_t tag[IPSEC_TAG_BYTES_MAX];
    static const uint8_t key_octets[IPSEC_INTEG_KEY_BYTES_MAX];
    struct ipsec_key_params params = call->key;
    struct ipsec_key *key = NULL;

    params.encr_key.data = key_octets;
    params.integ_key.data = key_octets;
    bench_require(real->key_new(real->context, &params, &key) == IPSEC_OK, "bare key");
    struct ipsec_crypto_op op = {.key = key,
                                 .data = data,
                                 .aad = zeros,
                                 .iv = zeros,
                                 .tag = tag,
                                 .data_length = (uint32_t)call->length,
                                 .aad_length = (uint16_t)call->aad_length};
    struct ipsec_crypto_op *const ops[1] = {&op};
    real->run(real->context, ops, 1);
    real->key_free(real->context, key);
}

static void bare_ke(const struct ipsec_crypto *real, uint16_t id)
{
    uint8_t value_i[IPSEC_KE_PUBLIC_MAX];
    uint8_t value_r[IPSEC_KE_PUBLIC_MAX];
    uint8_t secret[IPSEC_KE_SECRET_MAX];
    size_t length_i = sizeof(value_i);
    size_t length_r = sizeof(value_r);
    size_t secret_length = sizeof(secret);
    struct ipsec_ke *ke = NULL;

    bench_require(real->ke_start(real->context, id, &ke, value_i, &length_i) == IPSEC_OK, "start");
    const struct ipsec_view from_i = {value_i, length_i};
    bench_require(real->ke_respond(real->context, id, from_i, value_r, &length_r, secret,
                                   &secret_length) == IPSEC_OK,
                  "respond");
    const struct ipsec_view from_r = {value_r, length_r};
    secret_length = sizeof(secret);
    bench_require(real->ke_finish(real->context, ke, from_r, secret, &secret_length) == IPSEC_OK,
                  "finish");
    real->ke_free(real->context, ke);
}

static void bare_call(const struct ipsec_crypto *real, const struct call *call)
{
    uint8_t out[OCTETS];
    const struct ipsec_view part = {zeros, call->length};

    switch (call->kind) {
    case CALL_RANDOM:
        (void)real->random(real->context, out, call->length);
        break;
    case CALL_PRF: {
        const struct ipsec_view key = {zeros, call->key_length};
        (void)real->prf(real->context, call->id, key, &part, 1, out);
        break;
    }
    case CALL_SHA1:
        (void)real->sha1(real->context, &part, 1, out);
        break;
    case CALL_RUN:
        bare_run(real, call);
        break;
    case CALL_START:
        bare_ke(real, call->id); /* with the answer and the end of it */
        break;
    case CALL_RESPOND:
    case CALL_FINISH:
        break;
    }
}

static void run_bare(void *work)
{
    const struct bare *bare = work;
    for (unsigned i = 0; i < bare->count; i++) {
        for (size_t k = 0; k < bare->record->calls; k++) {
            bare_call(bare->record->real, &bare->record->call[k]);
        }
    }
}

/* ---- one suite ---------------------------------------------------------------------------------
 */

static void measure(struct bench_report *report, const struct ipsec_crypto *real, const char *ike,
                    const char *esp)
{
    static struct recorder record;
    static struct duel duel;
    memset(&record, 0, sizeof(record));
    memset(&duel, 0, sizeof(duel));
    record.real = real;
    const struct ipsec_crypto table = {.size = sizeof(table),
                                       .name = "recorder",
                                       .context = &record,
                                       .supports = rec_supports,
                                       .random = rec_random,
                                       .key_new = rec_key_new,
                                       .key_free = rec_key_free,
                                       .combines = rec_combines,
                                       .run = rec_run,
                                       .prf = rec_prf,
                                       .sha1 = rec_sha1,
                                       .ke_start = rec_start,
                                       .ke_respond = rec_respond,
                                       .ke_finish = rec_finish,
                                       .ke_free = rec_ke_free};
    const struct ipsec_crypto *const list[1] = {&table};

    bench_require(ipsec_proposals_parse(ike, IPSEC_PROTOCOL_IKE, &duel.ike, NULL) == IPSEC_OK &&
                      ipsec_proposals_parse(esp, IPSEC_PROTOCOL_ESP, &duel.esp, NULL) == IPSEC_OK,
                  "proposals");
    make_end(&duel, 0, list);
    make_end(&duel, 1, list);
    record.on = true;
    handshake(&duel);
    record.on = false;
    duel.count = 2;
    struct bare bare = {&record, duel.count};
    const struct bench_pair ours = {.run = run_handshakes, .work = &duel};
    const struct bench_pair raw = {.run = run_bare, .work = &bare};
    const struct bench_row row = {"ike", ike, 0, bench_compare(report, &ours, &raw, duel.count)};
    bench_row(report, &row);
    printf("       %.0f handshakes a second, both ends on one core; engine's share %.1f %%\n",
           1e9 / row.result.ours_ns, 100 * (1 - row.result.of_raw));
    for (int side = 0; side < 2; side++) {
        struct ipsec_ike *engine = duel.end[side].ike;
        ipsec_ike_deinit(engine);
        free(engine);
    }
}

int main(int argc, char **argv)
{
    struct bench_report *report = bench_start("ike", argc, argv, 21);
    struct ipsec_mbedtls *mbedtls = NULL;

    bench_require(ipsec_mbedtls_new(NULL, &mbedtls) == IPSEC_OK, "ipsec_mbedtls_new");
    const struct ipsec_crypto *real = ipsec_mbedtls_crypto(mbedtls);
    measure(report, real, "aes256-sha256-modp2048", "aes256-sha256");
    measure(report, real, "aes256-sha256-ecp256", "aes256-sha256");
    measure(report, real, "aes256-sha256-ecp384", "aes256-sha256");
    measure(report, real, "aes256gcm16-prfsha256-curve25519", "aes256gcm16");
    ipsec_mbedtls_free(mbedtls);
    return bench_finish(report);
}
