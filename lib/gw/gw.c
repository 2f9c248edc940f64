/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole gateway: its memory, its parts, and the calls of gw.h that feed it. Called by the program
 * or by gw_run.c. RFC 4301 5 (the two paths); what happens in them is in gw_in.c and gw_out.c.
 */
#include "gw_state.h"

/* ---- Configuration --------------------------------------------------------------------------- */

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

/* The nested structs may be left all zero: that is their default too. */
static enum ipsec_status complete_ike(struct ipsec_gw_config *c)
{
    const struct ipsec_ike_config given = c->ike;
    if (given.size != 0) {
        IPSECI_TRY(ipseci_struct_in(&c->ike, sizeof c->ike, &given));
    }
    c->ike.size = (uint32_t)sizeof c->ike;
    c->ike.crypto = c->crypto;
    c->ike.sa_max = or_default(c->ike.sa_max, 16);
    c->ike.child_max = or_default(c->ike.child_max, 2 * c->ike.sa_max);
    c->ike.message_bytes = or_default(c->ike.message_bytes, 2048);
    c->ike.ike_port = (uint16_t)or_default(c->ike.ike_port, 500);
    c->ike.natt_port = (uint16_t)or_default(c->ike.natt_port, 4500);
    return IPSEC_OK;
}

static enum ipsec_status complete(struct ipsec_gw_config *c, const struct ipsec_gw_config *given)
{
    if (given == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_struct_in(c, sizeof *c, given));
    if (c->outer > IPSEC_OUTER_IP || c->crypto.count == 0 || c->crypto.item == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(complete_ike(c));
    if (c->ike.child_max > IPSECI_POOL_MAX || c->policy_max > IPSECI_POOL_MAX) {
        return IPSEC_ERR_ARGUMENT;
    }
    c->sa_max = or_default(c->sa_max, 2 * c->ike.child_max);
    c->policy_max = or_default(c->policy_max, 64);
    c->replay_window_max = or_default(c->replay_window_max, 1024);
    c->burst = or_default(c->burst, 32);
    c->packet_bytes = or_default(c->packet_bytes, 2048);
    if (c->burst > 65536 || c->fragment_max > 65536 || c->packet_bytes > (1u << 24) ||
        c->packet_bytes <= IPSECI_GW_HEAD_ROOM + IPSECI_GW_TAIL_ROOM) {
        return IPSEC_ERR_ARGUMENT;
    }
    return IPSEC_OK;
}

/* ---- The parts' own configurations ----------------------------------------------------------- */

static void pass_event(void *user, const struct ipsec_event *event)
{
    const struct ipsec_gw *gw = user;
    gw->config.callbacks.event(gw->config.user, event);
}

static enum ipsec_status pass_find_peer(void *user, uint32_t token,
                                        const struct ipsec_peer_query *query,
                                        const struct ipsec_peer **peer)
{
    const struct ipsec_gw *gw = user;
    return gw->config.callbacks.find_peer(gw->config.user, token, query, peer);
}

static enum ipsec_status pass_find_secret(void *user, uint32_t token,
                                          const struct ipsec_secret_query *query,
                                          struct ipsec_secret *secret)
{
    const struct ipsec_gw *gw = user;
    return gw->config.callbacks.find_secret(gw->config.user, token, query, secret);
}

static enum ipsec_status pass_wall_time(void *user, int64_t *seconds)
{
    const struct ipsec_gw *gw = user;
    return gw->config.callbacks.wall_time(gw->config.user, seconds);
}

static enum ipsec_status pass_eap(void *user, uint32_t token, const struct ipsec_eap_query *query,
                                  struct ipsec_eap_reply *reply)
{
    const struct ipsec_gw *gw = user;
    return gw->config.callbacks.eap(gw->config.user, token, query, reply);
}

static enum ipsec_status pass_lease(void *user, uint32_t token,
                                    const struct ipsec_lease_query *query,
                                    struct ipsec_config_set *set)
{
    const struct ipsec_gw *gw = user;
    return gw->config.callbacks.lease(gw->config.user, token, query, set);
}

static void pass_release(void *user, const struct ipsec_peer *peer, uint32_t lease)
{
    const struct ipsec_gw *gw = user;
    gw->config.callbacks.release(gw->config.user, peer, lease);
}

static enum ipsec_status pass_resolve(void *user, uint32_t token,
                                      const struct ipsec_resolve_query *query,
                                      struct ipsec_addr *addr)
{
    const struct ipsec_gw *gw = user;
    return gw->config.callbacks.resolve(gw->config.user, token, query, addr);
}

static enum ipsec_status pass_redirect(void *user, const struct ipsec_redirect_query *query,
                                       struct ipsec_id *gateway)
{
    const struct ipsec_gw *gw = user;
    return gw->config.callbacks.redirect(gw->config.user, query, gateway);
}

static bool pass_job(void *user, struct ipsec_job *job)
{
    const struct ipsec_gw *gw = user;
    return gw->config.callbacks.job(gw->config.user, job);
}

static void pass_key_log(void *user, const struct ipsec_key_log *log)
{
    const struct ipsec_gw *gw = user;
    gw->config.callbacks.key_log(gw->config.user, log);
}

static struct ipsec_ike_config ike_config(const struct ipsec_gw_config *c, struct ipsec_gw *gw)
{
    const struct ipsec_gw_callbacks *given = &c->callbacks;
    struct ipsec_ike_callbacks callbacks = IPSEC_IKE_CALLBACKS_INIT;
    callbacks.send = ipseci_gw_ike_send;
    callbacks.child_add = ipseci_gw_child_add;
    callbacks.child_update = ipseci_gw_child_update;
    callbacks.child_remove = ipseci_gw_child_remove;
    callbacks.child_stats = ipseci_gw_child_stats;
    callbacks.find_peer = given->find_peer != NULL ? pass_find_peer : NULL;
    callbacks.find_secret = given->find_secret != NULL ? pass_find_secret : NULL;
    callbacks.wall_time = given->wall_time != NULL ? pass_wall_time : NULL;
    callbacks.eap = given->eap != NULL ? pass_eap : NULL;
    callbacks.lease = given->lease != NULL ? pass_lease : NULL;
    callbacks.release = given->release != NULL ? pass_release : NULL;
    callbacks.resolve = given->resolve != NULL ? pass_resolve : NULL;
    callbacks.redirect = given->redirect != NULL ? pass_redirect : NULL;
    callbacks.event = given->event != NULL ? pass_event : NULL;
    callbacks.job = given->job != NULL ? pass_job : NULL;
    callbacks.key_log = given->key_log != NULL ? pass_key_log : NULL;
    if (c->sink != NULL) {
        ipseci_gw_elsewhere(&callbacks);
    }
    struct ipsec_ike_config ike = c->ike;
    ike.callbacks = callbacks;
    ike.user = gw;
    return ike;
}

static struct ipsec_sad_config sad_config(const struct ipsec_gw_config *c)
{
    struct ipsec_sad_config sad = IPSEC_SAD_CONFIG_INIT;
    sad.sa_max = c->sa_max;
    sad.replay_window_max = c->replay_window_max;
    sad.crypto = c->crypto;
    return sad;
}

static struct ipsec_spd_config spd_config(const struct ipsec_gw_config *c)
{
    struct ipsec_spd_config spd = IPSEC_SPD_CONFIG_INIT;
    spd.entry_max = c->policy_max;
    spd.flow_max = c->flow_max;
    spd.crypto = c->crypto;
    return spd;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* The block's parts in order; the three engines' blocks with their sizes. */
struct layout {
    struct ipsec_gw *gw;
    void *block[3];
    size_t bytes[3];
};
enum { PART_IKE, PART_SAD, PART_SPD };

static enum ipsec_status measure_parts(const struct ipsec_gw_config *c, struct layout *l)
{
    const struct ipsec_ike_config ike = ike_config(c, NULL);
    const struct ipsec_sad_config sad = sad_config(c);
    const struct ipsec_spd_config spd = spd_config(c);
    IPSECI_TRY(ipsec_ike_size(&ike, &l->bytes[PART_IKE]));
    IPSECI_TRY(ipsec_sad_size(&sad, &l->bytes[PART_SAD]));
    return ipsec_spd_size(&spd, &l->bytes[PART_SPD]);
}

/* With an arena that measures, everything is NULL but the count of octets. */
static enum ipsec_status lay_out(const struct ipsec_gw_config *c, struct ipseci_arena *arena,
                                 struct layout *l)
{
    struct ipsec_gw scratch = {0};
    IPSECI_TRY(measure_parts(c, l));
    l->gw = IPSECI_ARENA_NEW(arena, 1, struct ipsec_gw);
    struct ipsec_gw *gw = l->gw != NULL ? l->gw : &scratch;
    ipseci_pool_layout(&gw->policies, arena, c->policy_max, sizeof(struct ipseci_gw_policy));
    ipseci_pool_layout(&gw->children, arena, c->ike.child_max, sizeof(struct ipseci_gw_child));
    ipseci_hash_layout(&gw->by_child, arena, c->ike.child_max);
    ipseci_hash_layout(&gw->by_config, arena, c->policy_max);
    gw->burst = IPSECI_ARENA_NEW(arena, c->burst, struct ipsec_packet);
    gw->burst_list = IPSECI_ARENA_NEW(arena, c->burst, struct ipsec_packet *);
    gw->burst_bytes = ipseci_arena_take(arena, c->burst, c->packet_bytes, 1);
    ipseci_gw_mtu_layout(gw, arena, c);
    ipseci_gw_fragments_layout(gw, arena, c);
    if (c->outer == IPSEC_OUTER_IP) {
        gw->datagram_bytes = IPSECI_GW_HEAD_ROOM + (size_t)c->ike.message_bytes;
        gw->datagram = ipseci_arena_take(arena, gw->datagram_bytes, 1, 1);
    }
    for (size_t i = 0; i < IPSECI_COUNT(l->block); i++) {
        l->block[i] = ipseci_arena_take(arena, l->bytes[i], 1, _Alignof(max_align_t));
    }
    return arena->failed ? IPSEC_ERR_BUFFER : IPSEC_OK;
}

enum ipsec_status ipsec_gw_size(const struct ipsec_gw_config *config, size_t *bytes)
{
    struct ipsec_gw_config c;
    struct layout l = {0};
    struct ipseci_arena arena = ipseci_arena_init(NULL, 0);
    if (bytes == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(complete(&c, config));
    IPSECI_TRY(lay_out(&c, &arena, &l));
    *bytes = arena.used;
    return IPSEC_OK;
}

static enum ipsec_status init_parts(struct ipsec_gw *gw, const struct layout *l, ipsec_ms now)
{
    const struct ipsec_ike_config ike = ike_config(&gw->config, gw);
    const struct ipsec_sad_config sad = sad_config(&gw->config);
    const struct ipsec_spd_config spd = spd_config(&gw->config);
    IPSECI_TRY(ipsec_spd_init(l->block[PART_SPD], l->bytes[PART_SPD], &spd, &gw->spd));
    IPSECI_TRY(ipsec_sad_init(l->block[PART_SAD], l->bytes[PART_SAD], &sad, &gw->sad));
    return ipsec_ike_init(l->block[PART_IKE], l->bytes[PART_IKE], &ike, now, &gw->ike);
}

enum ipsec_status ipsec_gw_init(void *block, size_t block_bytes,
                                const struct ipsec_gw_config *config, ipsec_ms now,
                                struct ipsec_gw **gw)
{
    struct ipsec_gw_config c;
    struct layout l = {0};
    struct ipseci_arena arena = ipseci_arena_init(block, block_bytes);
    if (gw == NULL || block == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(complete(&c, config));
    IPSECI_TRY(lay_out(&c, &arena, &l));
    IPSECI_TRY(ipseci_gw_elsewhere_take(c.sink, &l.gw->sink));
    l.gw->config = c;
    l.gw->io = c.io;
    ipseci_gw_mtu_init(l.gw, now);
    ipseci_gw_audit_init(l.gw, now);
    const enum ipsec_status status = init_parts(l.gw, &l, now);
    if (status < IPSEC_OK) {
        ipsec_gw_deinit(l.gw);
        return status;
    }
    *gw = l.gw;
    return IPSEC_OK;
}

void ipsec_gw_deinit(struct ipsec_gw *gw)
{
    if (gw == NULL) {
        return;
    }
    /* IKE first: it takes its children out of the other two. */
    ipsec_ike_deinit(gw->ike);
    ipsec_sad_deinit(gw->sad);
    ipsec_spd_deinit(gw->spd);
    ipseci_wipe(gw->scratch, gw->scratch_bytes);
    ipseci_wipe(gw->burst_bytes, (size_t)gw->config.burst * gw->config.packet_bytes);
    ipseci_wipe(gw, sizeof *gw);
}

/* ---- Feeding it ------------------------------------------------------------------------------ */

typedef void (*gw_direction)(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n,
                             ipsec_ms now);

static void feed(struct ipsec_gw *gw, gw_direction direction, struct ipsec_packet *const packets[],
                 size_t n, ipsec_ms now)
{
    if (gw->busy) {
        ipseci_gw_refuse(packets, n);
        return;
    }
    gw->busy = true;
    for (size_t at = 0; at < n; at += IPSECI_GW_BATCH) {
        const size_t left = n - at;
        direction(gw, packets + at, left < IPSECI_GW_BATCH ? left : IPSECI_GW_BATCH, now);
    }
    ipseci_gw_settle(gw, now);
    gw->busy = false;
}

void ipsec_gw_wan_input(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n,
                        ipsec_ms now)
{
    feed(gw, ipseci_gw_in, packets, n, now);
}

void ipsec_gw_lan_input(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n,
                        ipsec_ms now)
{
    feed(gw, ipseci_gw_out, packets, n, now);
}

void ipsec_gw_expire(struct ipsec_gw *gw, ipsec_ms now)
{
    ipsec_ike_expire(gw->ike, now);
}

ipsec_ms ipsec_gw_deadline(const struct ipsec_gw *gw)
{
    return ipsec_ike_deadline(gw->ike);
}

/* ---- Looking at it --------------------------------------------------------------------------- */

struct ipsec_ike *ipsec_gw_ike(struct ipsec_gw *gw)
{
    return gw->ike;
}

struct ipsec_sad *ipsec_gw_sad(struct ipsec_gw *gw)
{
    return gw->sad;
}

struct ipsec_spd *ipsec_gw_spd(struct ipsec_gw *gw)
{
    return gw->spd;
}

void ipsec_gw_counters(const struct ipsec_gw *gw, struct ipsec_gw_counters *out)
{
    *out = gw->counters;
}
