/* SPDX-License-Identifier: Apache-2.0
 *
 * The SA sink of the built-in data plane: installs in the SAD what IKE negotiated, points the SPD
 * at it when it may be sent with, and takes it out again. Called by the IKE engine only. RFC
 * 7296 2.8 (make before break), RFC 4301 4.4.
 */
#include "facade.h"
#include "gw_state.h"

struct ipseci_gw_child *ipseci_gw_child_find(const struct ipsec_gw *gw, ipsec_handle child)
{
    return ipseci_pool_get(&gw->children, ipseci_hash_find(&gw->by_child, child));
}

static void send_with(struct ipsec_gw *gw, struct ipseci_gw_child *child)
{
    child->order = ++gw->order;
    ipseci_gw_policy_switch(gw, child->policy);
}

/* Where ESP in UDP may come in: an SA made on the IKE port takes it on the other one. */
static struct ipsec_endpoint inbound_local(const struct ipsec_gw *gw,
                                           const struct ipsec_endpoint *local, bool udp)
{
    struct ipsec_endpoint result = *local;
    if (!udp) {
        result.port = gw->config.ike.natt_port;
    }
    return result;
}

/* ---- child_add ------------------------------------------------------------------------------- */

/* What both directions have in common. */
static struct ipsec_sa_params sa_params(const struct ipsec_gw *gw, const struct ipsec_child_sa *sa,
                                        struct ipseci_gw_child *child)
{
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    p.outer = gw->config.outer;
    p.udp_encapsulation = sa->udp_encapsulation;
    p.mode = sa->config->mode;
    p.suite = sa->suite;
    p.local = sa->local;
    p.remote = sa->remote;
    p.local_ts = sa->local_ts;
    p.remote_ts = sa->remote_ts;
    p.packets_max = sa->config->lifetime.packets_hard;
    p.bytes_max = sa->config->lifetime.bytes_hard;
    p.user = child;
    return p;
}

/* NULL: the usual ones, which every build has. */
static const struct ipsec_header_rules *rules_of(const struct ipsec_child_config *config)
{
    const struct ipsec_header_rules *h = &config->headers;
    /* In transport mode the packet's own header stays. */
    const bool usual = config->mode == IPSEC_MODE_TRANSPORT ||
                       (h->df == 0 && h->dscp == 0 && h->flow_label == 0 && !h->ecn_compatible);
    return usual ? NULL : h;
}

static enum ipsec_status add_pair(struct ipsec_gw *gw, const struct ipsec_child_sa *sa,
                                  struct ipseci_gw_child *child)
{
    struct ipsec_sa_params in = sa_params(gw, sa, child);
    in.direction = IPSEC_OPEN;
    /* RFC 7296 2.23: ESP is taken with and without UDP, whatever NAT detection said. */
    in.accept_any_encapsulation = true;
    in.local = inbound_local(gw, &sa->local, sa->udp_encapsulation);
    in.spi = sa->spi_in;
    in.replay_window = sa->config->replay_window;
    in.encr_key = sa->encr_key_in;
    in.integ_key = sa->integ_key_in;
    struct ipsec_sa_params out = sa_params(gw, sa, child);
    out.direction = IPSEC_SEAL;
    out.spi = sa->spi_out;
    out.encr_key = sa->encr_key_out;
    out.integ_key = sa->integ_key_out;
    out.ttl = sa->config->ttl;
    out.rules = rules_of(sa->config);

    IPSECI_TRY(ipsec_sad_add(gw->sad, &in, &child->sa_in));
    const enum ipsec_status status = ipsec_sad_add(gw->sad, &out, &child->sa_out);
    if (status < IPSEC_OK) {
        (void)ipsec_sad_remove(gw->sad, child->sa_in);
    }
    return status;
}

struct limit {
    uint64_t soft; /* as set; 0: not */
    uint64_t hard;
    uint64_t of_key; /* soft, too */
};

/* Where a new SA is wanted: as set, or a part of the hard limit, but never beyond the key's. Both
 * ends count the same packets, so each draws a random part, or the two would always rekey at once.
 */
static uint64_t soft_of(const struct ipsec_gw *gw, const struct ipsec_lifetime *lifetime,
                        const struct limit *limit)
{
    const uint64_t percent = lifetime->jitter_percent;
    const uint64_t early = percent == 0 ? IPSECI_GW_JITTER_PERCENT : percent > 100 ? 100 : percent;
    const uint64_t part = limit->hard - (limit->hard + 9) / 10; /* 90 % */
    const uint64_t set = limit->soft != 0 ? limit->soft : part;
    const uint64_t soft =
        (limit->soft | limit->hard) != 0 && set < limit->of_key ? set : limit->of_key;
    const uint64_t span = soft / 100 * early;
    uint8_t octets[8];
    if (span == 0 || ipseci_random(&gw->config.crypto, octets, sizeof octets) < IPSEC_OK) {
        return soft;
    }
    return soft - ipseci_load64(octets) % (span + 1);
}

/* RFC 4301 4.4.2.1, RFC 4303 3.3.3. */
static enum ipsec_status set_soft_limits(const struct ipsec_gw *gw, const struct ipsec_child_sa *sa,
                                         struct ipseci_gw_child *child)
{
    const struct ipsec_lifetime *l = &sa->config->lifetime;
    struct ipsec_key_limits key;
    IPSECI_TRY(ipsec_key_limits(&sa->suite, &key));
    const struct limit packets = {l->packets_soft, l->packets_hard, key.packets_soft};
    const struct limit bytes = {l->bytes_soft, l->bytes_hard, key.bytes_soft};
    child->packets_soft = soft_of(gw, l, &packets);
    child->bytes_soft = soft_of(gw, l, &bytes);
    child->forgeries_soft = l->forgeries_soft != 0 && l->forgeries_soft < key.forgeries_soft
                                ? l->forgeries_soft
                                : key.forgeries_soft;
    return IPSEC_OK;
}

/* The record, its name and its SAs; nothing is left when it fails. */
static enum ipsec_status install(struct ipsec_gw *gw, const struct ipsec_child_sa *sa,
                                 struct ipseci_gw_child *child)
{
    IPSECI_TRY(set_soft_limits(gw, sa, child));
    IPSECI_TRY(ipseci_gw_tfc_start(child, sa));
    IPSECI_TRY(ipseci_hash_add(&gw->by_child, sa->child, child->self));
    const enum ipsec_status status = add_pair(gw, sa, child);
    if (status < IPSEC_OK) {
        (void)ipseci_hash_remove(&gw->by_child, sa->child);
    }
    return status;
}

enum ipsec_status ipseci_gw_child_add(void *user, const struct ipsec_child_sa *sa)
{
    struct ipsec_gw *gw = user;
    ipsec_handle handle = 0;
    struct ipseci_gw_policy *policy = NULL;
    /* A child no policy speaks of could send nothing and accept nothing. */
    IPSECI_TRY(ipseci_gw_policy_for(gw, sa, ipseci_gw_child_find(gw, sa->replaces), &policy));
    struct ipseci_gw_child *child = ipseci_pool_take(&gw->children, &handle);
    if (child == NULL) {
        ipseci_gw_policy_left(gw, policy);
        return IPSEC_ERR_FULL;
    }
    child->self = handle;
    child->child = sa->child;
    child->policy = policy;
    const enum ipsec_status status = install(gw, sa, child);
    if (status < IPSEC_OK) {
        (void)ipseci_pool_release(&gw->children, handle);
        ipseci_gw_policy_left(gw, policy);
        return status;
    }
    child->remote = sa->remote.addr;
    ipseci_gw_policy_join(child);
    ipseci_gw_mtu_enter(gw, child, sa->spi_out);
    ipseci_gw_mtu_start(gw, child);
    if (sa->outbound_ready) {
        send_with(gw, child);
    }
    return IPSEC_OK;
}

/* ---- child_update ---------------------------------------------------------------------------- */

static enum ipsec_status move(struct ipsec_gw *gw, struct ipseci_gw_child *child,
                              const struct ipsec_child_update *u)
{
    struct ipsec_sa *in = ipsec_sad_get(gw->sad, child->sa_in);
    struct ipsec_sa *out = ipsec_sad_get(gw->sad, child->sa_out);
    if (in == NULL || out == NULL) {
        return IPSEC_ERR_STALE;
    }
    const struct ipsec_endpoint local_in = inbound_local(gw, &u->local, u->udp_encapsulation);
    IPSECI_TRY(ipsec_sa_move(in, &local_in, &u->remote, u->udp_encapsulation));
    IPSECI_TRY(ipsec_sa_move(out, &u->local, &u->remote, u->udp_encapsulation));
    child->remote = u->remote.addr;
    ipseci_gw_mtu_start(gw, child); /* another path */
    return IPSEC_OK;
}

enum ipsec_status ipseci_gw_child_update(void *user, const struct ipsec_child_update *update)
{
    struct ipsec_gw *gw = user;
    struct ipseci_gw_child *child = ipseci_gw_child_find(gw, update->child);
    if (child == NULL) {
        return IPSEC_ERR_STALE;
    }
    switch (update->kind) {
    case IPSEC_CHILD_UPDATE_USE:
        send_with(gw, child);
        return IPSEC_OK;
    case IPSEC_CHILD_UPDATE_STOP:
        child->order = 0;
        ipseci_gw_policy_switch(gw, child->policy);
        return IPSEC_OK;
    case IPSEC_CHILD_UPDATE_MOVE:
        return move(gw, child, update);
    }
    return IPSEC_ERR_ARGUMENT;
}

/* ---- child_remove, child_stats --------------------------------------------------------------- */

void ipseci_gw_child_remove(void *user, ipsec_handle child)
{
    struct ipsec_gw *gw = user;
    struct ipseci_gw_child *record = ipseci_gw_child_find(gw, child);
    if (record == NULL) {
        return;
    }
    record->order = 0;
    if (record->policy->serving == record) {
        ipseci_gw_policy_switch(gw, record->policy);
    }
    ipseci_gw_untouch(gw, record);
    ipseci_gw_mtu_forget(gw, record);
    (void)ipsec_sad_remove(gw->sad, record->sa_in);
    (void)ipsec_sad_remove(gw->sad, record->sa_out);
    struct ipseci_gw_policy *policy = record->policy;
    ipseci_gw_policy_part(record);
    (void)ipseci_hash_remove(&gw->by_child, child);
    (void)ipseci_pool_release(&gw->children, record->self);
    ipseci_gw_policy_left(gw, policy);
}

enum ipsec_status ipseci_gw_child_stats(void *user, ipsec_handle child,
                                        struct ipsec_child_stats *stats)
{
    const struct ipsec_gw *gw = user;
    return ipsec_gw_child_stats(gw, child, stats);
}

enum ipsec_status ipsec_gw_child_sa_stats(const struct ipsec_gw *gw, ipsec_handle child,
                                          struct ipsec_sa_stats *in, struct ipsec_sa_stats *out)
{
    const struct ipseci_gw_child *record = ipseci_gw_child_find(gw, child);
    const struct ipsec_sa *opening = record != NULL ? ipsec_sad_get(gw->sad, record->sa_in) : NULL;
    const struct ipsec_sa *sealing =
        opening != NULL ? ipsec_sad_get(gw->sad, record->sa_out) : NULL;
    if (sealing == NULL) {
        return IPSEC_ERR_STALE;
    }
    if (in != NULL) {
        ipsec_sa_stats(opening, in);
    }
    if (out != NULL) {
        ipsec_sa_stats(sealing, out);
    }
    return IPSEC_OK;
}

enum ipsec_status ipsec_gw_child_stats(const struct ipsec_gw *gw, ipsec_handle child,
                                       struct ipsec_child_stats *out)
{
    struct ipsec_sa_stats in_stats;
    struct ipsec_sa_stats out_stats;
    if (gw->sink.child_stats != NULL) {
        return gw->sink.child_stats(gw->sink.context, child, out);
    }
    IPSECI_TRY(ipsec_gw_child_sa_stats(gw, child, &in_stats, &out_stats));
    out->packets_in = in_stats.packets;
    out->bytes_in = in_stats.bytes;
    out->packets_out = out_stats.packets;
    out->bytes_out = out_stats.bytes;
    return IPSEC_OK;
}
