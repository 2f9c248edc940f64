/* SPDX-License-Identifier: Apache-2.0
 *
 * Child SA slots and the SA sink: taking, finding, installing, dropping. Called by commit*.c,
 * tasks.c and lifetimes.c.
 */
#include "reauth.h"

#include <ipsec/esp.h>

#include <string.h>

struct ipseci_child *ipseci_child_get(const struct ipsec_ike *ike, ipsec_handle h)
{
    return (struct ipseci_child *)ipseci_pool_get(&ike->children, h);
}

enum ipsec_status ipseci_child_spi_new(const struct ipsec_ike *ike, uint32_t *spi)
{
    uint8_t octets[4];

    for (int i = 0; i < 8; i++) {
        IPSECI_TRY(ipseci_random(&ike->config.crypto, octets, sizeof(octets)));
        octets[0] = ipseci_spi_first(&ike->config, octets[0]);
        *spi = ipseci_load32(octets);
        /* RFC 4303 2.1: 0 to 255 are not to be used (ESPB-01) */
        if (*spi >= IPSEC_SPI_MIN && ipseci_hash_find(&ike->by_esp, *spi) == 0) {
            return IPSEC_OK;
        }
    }
    return IPSEC_ERR_RANDOM;
}

struct ipseci_child *ipseci_child_take(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    ipsec_handle handle;
    struct ipseci_child *child = (struct ipseci_child *)ipseci_pool_take(&ike->children, &handle);

    if (child == NULL) {
        return NULL;
    }
    child->self = handle;
    child->ike_sa = sa->self;
    child->rekey_due = IPSEC_NEVER;
    child->ends = IPSEC_NEVER;
    child->timer.owner = handle;
    child->timer.kind = IPSECI_TIMER_CHILD;
    child->next = sa->child_first;
    sa->child_first = handle;
    return child;
}

struct ipseci_child *ipseci_child_by_spi_out(const struct ipsec_ike *ike,
                                             const struct ipseci_ike_sa *sa, uint32_t spi_out)
{
    struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    while (child != NULL) {
        if (child->spi_out == spi_out && child->state != IPSECI_CHILD_NEW && spi_out != 0) {
            return child;
        }
        child = ipseci_child_get(ike, child->next);
    }
    return NULL;
}

static void unlink_child(struct ipsec_ike *ike, const struct ipseci_child *child)
{
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, child->ike_sa);

    if (sa == NULL) {
        return;
    }
    ipsec_handle *at = &sa->child_first;
    struct ipseci_child *item = ipseci_child_get(ike, *at);
    while (item != NULL && item != child) {
        at = &item->next;
        item = ipseci_child_get(ike, *at);
    }
    if (item != NULL) {
        *at = item->next;
    }
}

static void release_child(struct ipsec_ike *ike, struct ipseci_child *child)
{
    unlink_child(ike, child);
    ipseci_timer_cancel(&ike->timers, &child->timer);
    if (child->spi_in != 0 && ipseci_hash_find(&ike->by_esp, child->spi_in) == child->self) {
        (void)ipseci_hash_remove(&ike->by_esp, child->spi_in);
    }
    (void)ipseci_pool_release(&ike->children, child->self);
}

static void fill_sa(const struct ipseci_ike_sa *sa, const struct ipseci_child *child,
                    const struct ipseci_new_child *from, struct ipsec_child_sa *out)
{
    const struct ipseci_child_keys *keys = &from->keys;
    /* RFC 7296 2.17: keys of the exchange's initiator first (AUTH-23) */
    const bool i = from->exchange_initiator;

    memset(out, 0, sizeof(*out));
    out->child = child->self;
    out->ike_sa = sa->self;
    out->replaces = from->replaces;
    out->peer = sa->peer;
    out->config = from->config;
    out->spi_in = from->spi_in;
    out->spi_out = from->spi_out;
    out->suite = from->suite;
    out->encr_key_out = ipseci_view(i ? keys->encr_i : keys->encr_r, keys->encr_length);
    out->integ_key_out = ipseci_view(i ? keys->integ_i : keys->integ_r, keys->integ_length);
    out->encr_key_in = ipseci_view(i ? keys->encr_r : keys->encr_i, keys->encr_length);
    out->integ_key_in = ipseci_view(i ? keys->integ_r : keys->integ_i, keys->integ_length);
    out->local = sa->local;
    out->remote = sa->remote;
    out->udp_encapsulation = ipseci_sa_encapsulates(sa);
    out->outbound_ready = from->outbound_ready;
    out->no_tfc = from->no_tfc;
    out->local_ts = from->local_ts;
    out->remote_ts = from->remote_ts;
}

static void fill_child(const struct ipsec_ike *ike, const struct ipseci_new_child *from,
                       struct ipseci_child *child)
{
    const struct ipseci_child *old = ipseci_child_get(ike, from->replaces);

    child->initiator = from->exchange_initiator;
    child->config = from->config;
    child->spi_in = from->spi_in;
    child->spi_out = from->spi_out;
    child->suite = from->suite;
    child->local_ts = from->local_ts;
    child->remote_ts = from->remote_ts;
    child->replaces = from->replaces;
    child->outbound_ready = from->outbound_ready;
    child->rekeys = old == NULL ? 0 : old->rekeys + 1;
    child->want_create = false;
}

enum ipsec_status ipseci_child_install(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                       const struct ipseci_new_child *new_child,
                                       struct ipseci_child **out)
{
    struct ipseci_child *child = ipseci_child_get(ike, new_child->slot);
    const bool had_slot = child != NULL;
    struct ipsec_child_sa info;

    if (!had_slot) {
        child = ipseci_child_take(ike, sa);
    }
    if (child == NULL) {
        return IPSEC_ERR_FULL;
    }
    enum ipsec_status status = ipseci_hash_add(&ike->by_esp, new_child->spi_in, child->self);
    if (status == IPSEC_OK) {
        fill_child(ike, new_child, child);
        fill_sa(sa, child, new_child, &info);
        status = ike->config.callbacks.child_add(ike->config.user, &info);
    }
    if (status < IPSEC_OK) {
        if (had_slot) {
            (void)ipseci_hash_remove(&ike->by_esp, new_child->spi_in);
            child->spi_in = 0;
        } else {
            release_child(ike, child);
        }
        return status;
    }
    child->state = IPSECI_CHILD_INSTALLED;
    child->in_sink = true;
    ipseci_key_log_child(ike, &info);
    *out = child;
    return IPSEC_OK;
}

void ipseci_child_use(struct ipsec_ike *ike, struct ipseci_child *child)
{
    const struct ipsec_child_update update = {.child = child->self, .kind = IPSEC_CHILD_UPDATE_USE};

    if (child->outbound_ready || !child->in_sink) {
        return;
    }
    child->outbound_ready = true;
    if (ike->config.callbacks.child_update != NULL) {
        (void)ike->config.callbacks.child_update(ike->config.user, &update);
    }
}

void ipseci_child_drop(struct ipsec_ike *ike, struct ipseci_child *child, enum ipsec_reason reason)
{
    const bool was_up = child->in_sink;

    if (child->in_sink) {
        child->in_sink = false;
        ike->config.callbacks.child_remove(ike->config.user, child->self);
    }
    if (was_up) {
        ipseci_emit_child(ike, IPSEC_EVENT_CHILD_CLOSED, child, reason);
    }
    release_child(ike, child);
}

struct ipseci_child *ipseci_child_of(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                     const struct ipsec_child_config *config, unsigned states)
{
    struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    while (child != NULL && (child->config != config || (states >> child->state & 1u) == 0)) {
        child = ipseci_child_get(ike, child->next);
    }
    return child;
}

/* The child that took over from this one and waits for proof that the peer uses it. */
static struct ipseci_child *successor(const struct ipsec_ike *ike, const struct ipseci_child *old)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, old->ike_sa);
    struct ipseci_child *child = sa == NULL ? NULL : ipseci_child_get(ike, sa->child_first);

    while (child != NULL &&
           !(child->replaces == old->self && child->state == IPSECI_CHILD_INSTALLED)) {
        child = ipseci_child_get(ike, child->next);
    }
    return child != NULL ? child : ipseci_child_heir(ike, old);
}

void ipseci_child_retire(struct ipsec_ike *ike, struct ipseci_child *child,
                         enum ipsec_reason reason)
{
    struct ipseci_child *next = successor(ike, child);

    if (next != NULL) {
        ipseci_child_use(ike, next); /* there is no other any more */
    }
    if (child->in_sink) {
        child->in_sink = false;
        ike->config.callbacks.child_remove(ike->config.user, child->self);
        ipseci_emit_child(ike, IPSEC_EVENT_CHILD_CLOSED, child, reason);
    }
    child->state = IPSECI_CHILD_CLOSING;
    child->reason = (uint8_t)reason;
    child->want_rekey = false;
    child->want_delete = true;
    child->rekey_due = IPSEC_NEVER;
    child->ends =
        ipseci_after(ike->now, IPSECI_REPLACED_MS); /* should the delete never be answered */
    ipseci_life_update_child(ike, child);
}

/* The one that a successor took over from, when the peer takes that successor back unused: it could
 * not have the new one, and goes on with the old. NULL: nothing is taken back. */
static struct ipseci_child *taken_back(const struct ipsec_ike *ike,
                                       const struct ipseci_child *child)
{
    struct ipseci_child *old = ipseci_child_get(ike, child->replaces);
    const bool offered = child->state == IPSECI_CHILD_INSTALLED && !child->outbound_ready;

    return offered && old != NULL && old->state == IPSECI_CHILD_REPLACED && !old->want_delete
               ? old
               : NULL;
}

void ipseci_child_deleted(struct ipsec_ike *ike, struct ipseci_child *child)
{
    const enum ipsec_reason reason =
        child->reason != 0 ? (enum ipsec_reason)child->reason : IPSEC_REASON_PEER;
    struct ipseci_child *next = successor(ike, child);
    struct ipseci_child *old = taken_back(ike, child);

    if (next != NULL) {
        ipseci_child_use(ike, next); /* RFC 7296 2.8: the delete is proof enough */
    }
    if (!child->in_sink || (next == NULL && child->state != IPSECI_CHILD_REPLACED)) {
        if (old == NULL && reason == IPSEC_REASON_PEER) {
            ipseci_child_ended(ike, child);
        }
        ipseci_child_drop(ike, child, reason);
        if (old != NULL && successor(ike, old) == NULL) {
            old->state = IPSECI_CHILD_INSTALLED;
            old->reason = 0;
            ipseci_life_resume_child(ike, old);
            ipseci_emit_child(ike, IPSEC_EVENT_CHILD_ESTABLISHED, old, 0);
        }
        return;
    }
    ipseci_child_linger(ike, child);
}

/* Packets sent before the delete may be behind it on another socket: inbound stays open a little.
 */
void ipseci_child_linger(struct ipsec_ike *ike, struct ipseci_child *child)
{
    child->state = IPSECI_CHILD_LINGERING;
    child->reason = IPSEC_REASON_REPLACED;
    child->want_delete = false;
    child->want_rekey = false;
    child->rekey_due = IPSEC_NEVER;
    child->ends = ipseci_after(ike->now, IPSECI_LINGER_MS);
    ipseci_life_update_child(ike, child);
}

void ipseci_child_move(struct ipsec_ike *ike, struct ipseci_child *child, struct ipseci_ike_sa *to)
{
    unlink_child(ike, child);
    child->ike_sa = to->self;
    child->next = to->child_first;
    to->child_first = child->self;
}

void ipseci_children_move(struct ipsec_ike *ike, struct ipseci_ike_sa *from,
                          struct ipseci_ike_sa *to)
{
    struct ipseci_child *child = ipseci_child_get(ike, from->child_first);
    ipsec_handle last = 0;

    while (child != NULL) {
        child->ike_sa = to->self;
        last = child->self;
        child = ipseci_child_get(ike, child->next);
    }
    if (last != 0) {
        ipseci_child_get(ike, last)->next = to->child_first;
        to->child_first = from->child_first;
        from->child_first = 0;
    }
    if (from->foreign_spi != 0) {
        to->foreign_spi = from->foreign_spi; /* asked for again, if it was: no harm */
        from->foreign_spi = 0;
    }
}

void ipseci_children_follow(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);
    struct ipsec_child_update update = {.kind = IPSEC_CHILD_UPDATE_MOVE,
                                        .local = sa->local,
                                        .remote = sa->remote,
                                        .udp_encapsulation = ipseci_sa_encapsulates(sa)};

    while (child != NULL && ike->config.callbacks.child_update != NULL) {
        if (child->in_sink) {
            update.child = child->self;
            (void)ike->config.callbacks.child_update(ike->config.user, &update);
        }
        child = ipseci_child_get(ike, child->next);
    }
}

void ipseci_children_drop(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_reason reason)
{
    struct ipseci_child *child = ipseci_child_get(ike, sa->child_first);

    while (child != NULL) { /* each turn takes one off the list */
        ipseci_child_drop(ike, child, reason);
        child = ipseci_child_get(ike, sa->child_first);
    }
}
