/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim.h: the network and virtual time.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool chance(struct sim *s, uint32_t percent)
{
    return percent != 0 && sim_random(&s->state) % 100 < percent;
}

static struct sim_datagram *free_slot(struct sim *s)
{
    for (size_t i = 0; i < s->queue_top; i++) {
        if (!s->queue[i].used) {
            return &s->queue[i];
        }
    }
    if (s->queue_top == SIM_QUEUE_MAX) {
        return NULL; /* the network is full: lost */
    }
    s->queue_top++;
    return &s->queue[s->queue_top - 1];
}

static void enqueue(struct sim *s, const struct sim_datagram *d)
{
    struct sim_datagram *slot = free_slot(s);

    if (slot == NULL) {
        return;
    }
    memcpy(slot, d, offsetof(struct sim_datagram, octets) + d->length);
    slot->used = true;
    slot->order = s->order++;
    slot->due = s->now + s->delay_ms;
    if (s->jitter_ms != 0) {
        slot->due += sim_random(&s->state) % (s->jitter_ms + 1);
    }
    if (!d->esp && d->length > 0 && chance(s, s->corrupt_percent)) {
        slot->octets[sim_random(&s->state) % d->length] ^=
            (uint8_t)(1 + sim_random(&s->state) % 255);
    }
}

static bool is_lost(struct sim *s)
{
    const uint32_t number = s->sent++ - s->loss_first;

    if (s->cut || (number < 64 && (s->loss_mask >> number & 1) != 0)) {
        return true;
    }
    return chance(s, s->loss_percent);
}

/* ---- addresses ---------------------------------------------------------------------------------
 */

void sim_address(struct ipsec_addr *addr, const char *text)
{
    if (ipsec_addr_parse(text, addr) != IPSEC_OK) {
        abort();
    }
}

void sim_address_down(struct sim *s, const char *text)
{
    if (s->down_count == SIM_DOWN_MAX) {
        abort();
    }
    sim_address(&s->down[s->down_count], text);
    s->down_count++;
}

static bool is_down(const struct sim *s, const struct ipsec_addr *addr)
{
    bool down = false;

    for (uint32_t i = 0; i < s->down_count; i++) {
        down = down || ipsec_addr_equal(&s->down[i], addr);
    }
    return down;
}

/* What the NAT in front of A makes of the addresses; false: nothing is there that would take it. */
static bool translate(const struct sim *s, int from, struct sim_datagram *d)
{
    if (is_down(s, &d->local.addr) || is_down(s, &d->remote.addr)) {
        return false;
    }
    if (!s->nat) {
        return true;
    }
    if (from == SIM_A && ipsec_addr_equal(&d->remote.addr, &s->nat_inside)) {
        d->remote.addr = s->nat_outside;
        d->remote.port = (uint16_t)(d->remote.port + s->nat_shift);
    } else if (from == SIM_B && ipsec_addr_equal(&d->local.addr, &s->nat_outside)) {
        d->local.addr = s->nat_inside;
        d->local.port = (uint16_t)(d->local.port - s->nat_shift);
        return d->local.port == 500 || d->local.port == 4500; /* otherwise an old mapping */
    } else if (from == SIM_B) {
        return !ipsec_addr_equal(&d->local.addr, &s->nat_inside);
    }
    return true;
}

void sim_send(struct sim *s, int from, const struct ipsec_packet *packet)
{
    static struct sim_datagram d; /* large */

    memset(&d, 0, offsetof(struct sim_datagram, octets));
    if (packet->length > SIM_DATAGRAM_BYTES) {
        abort();
    }
    d.to = 1 - from;
    d.local = packet->remote;
    d.remote = packet->local;
    d.length = packet->length;
    memcpy(d.octets, packet->buffer + packet->offset, packet->length);
    if (d.length == 1) { /* a keepalive is for NATs, and not for the other end */
        s->nodes[from].keepalives++;
        s->nodes[from].keepalive = d;
        return;
    }
    const bool routed = translate(s, from, &d);
    if (s->keep_sent && s->kept < SIM_SENT_MAX) {
        s->kept_datagram[s->kept++] = d;
    }
    if (is_lost(s) || !routed) {
        return;
    }
    enqueue(s, &d);
    if (chance(s, s->double_percent)) {
        enqueue(s, &d);
    }
}

/* ---- delivering --------------------------------------------------------------------------------
 */

/* What an ESP packet shows of the key it was sealed with. */
static uint32_t key_mark(const uint8_t *key)
{
    return key[0] + key[1] * 256u + key[2] * 65536u;
}

/* What a data plane does with IPSEC_PACKET_MOVED. */
static void tell_move(const struct sim *s, struct sim_node *n, struct sim_child *c,
                      const struct sim_datagram *d)
{
    const bool newest = d->sequence > c->top;

    c->top = newest ? d->sequence : c->top;
    if (newest && (!ipsec_addr_equal(&d->remote.addr, &c->sa.remote.addr) ||
                   (d->remote.port != 0 && d->remote.port != c->sa.remote.port))) {
        n->moved_status = ipsec_ike_child_moved(n->ike, c->sa.child, &d->remote, s->now);
    }
}

static void deliver_esp(struct sim *s, const struct sim_datagram *d)
{
    struct sim_node *n = &s->nodes[d->to];

    for (size_t i = 0; i < n->sink_top; i++) {
        struct sim_child *c = &n->sink[i];
        if (!c->used || c->sa.spi_in != d->spi) {
            continue;
        }
        if (key_mark(c->keys[0]) != d->key) {
            break;
        }
        s->esp_good++;
        c->packets_in++;
        if (s->esp_tells) {
            tell_move(s, n, c, d);
        }
        if (!c->heard) {
            c->heard = true;
            (void)ipsec_ike_child_notice(n->ike, c->sa.child, IPSEC_CHILD_NOTICE_INBOUND, s->now);
        }
        return;
    }
    s->esp_lost++;
}

enum ipsec_status sim_inject(struct sim *s, int to, const struct sim_datagram *d)
{
    struct sim_node *n = &s->nodes[to];
    static uint8_t room[SIM_DATAGRAM_BYTES];
    /* A block of its own, or the end of one, so that a sanitizer sees the first octet beyond. */
    uint8_t *octets =
        s->no_malloc ? room + sizeof(room) - d->length : malloc(d->length == 0 ? 1 : d->length);
    struct ipsec_packet packet = {.buffer = octets,
                                  .capacity = d->length,
                                  .length = d->length,
                                  .carrier = IPSEC_CARRIER_UDP,
                                  .local = d->local,
                                  .remote = d->remote};

    if (octets == NULL) {
        abort();
    }
    memcpy(octets, d->octets, d->length);
    const enum ipsec_status status = ipsec_ike_input(n->ike, &packet, s->now);
    if (!s->no_malloc) {
        free(octets);
    }
    return status;
}

static void deliver(struct sim *s, struct sim_datagram *d)
{
    static struct sim_datagram copy;

    memcpy(&copy, d, offsetof(struct sim_datagram, octets) + d->length);
    d->used = false;
    if (copy.esp) {
        deliver_esp(s, &copy);
    } else {
        (void)sim_inject(s, copy.to, &copy);
    }
}

struct sim_datagram *sim_queued(struct sim *s, uint32_t n)
{
    struct sim_datagram *found = NULL;
    uint64_t after = 0;

    for (uint32_t k = 0; k <= n; k++) {
        found = NULL;
        for (size_t i = 0; i < s->queue_top; i++) {
            struct sim_datagram *d = &s->queue[i];
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

bool sim_deliver(struct sim *s, uint32_t n)
{
    struct sim_datagram *d = sim_queued(s, n);

    if (d == NULL) {
        return false;
    }
    s->now += 1;
    deliver(s, d);
    return true;
}

void sim_drop(struct sim *s, uint32_t n)
{
    struct sim_datagram *d = sim_queued(s, n);

    if (d != NULL) {
        d->used = false;
    }
}

uint32_t sim_in_flight(const struct sim *s)
{
    uint32_t count = 0;

    for (size_t i = 0; i < s->queue_top; i++) {
        count += s->queue[i].used ? 1 : 0;
    }
    return count;
}

/* ---- time --------------------------------------------------------------------------------------
 */

static struct sim_datagram *next_due(struct sim *s)
{
    struct sim_datagram *found = NULL;

    for (size_t i = 0; i < s->queue_top && !s->held; i++) {
        struct sim_datagram *d = &s->queue[i];
        if (d->used && (found == NULL || d->due < found->due ||
                        (d->due == found->due && d->order < found->order))) {
            found = d;
        }
    }
    return found;
}

/* The one thing that happens next, not later than `until`; false: nothing. */
static bool turn(struct sim *s, ipsec_ms until)
{
    struct sim_datagram *d = next_due(s);
    ipsec_ms due = d == NULL ? IPSEC_NEVER : d->due;
    int timer = -1;

    for (int i = 0; i < 2; i++) {
        const ipsec_ms deadline = ipsec_ike_deadline(s->nodes[i].ike);
        if (deadline < due) {
            due = deadline;
            timer = i;
        }
    }
    if (due > until) {
        return false;
    }
    s->now = due > s->now ? due : s->now;
    if (timer >= 0) {
        ipsec_ike_expire(s->nodes[timer].ike, s->now);
    } else {
        deliver(s, d);
    }
    return true;
}

#define TURNS_MAX 200000

uint32_t sim_run_some(struct sim *s, ipsec_ms ms, uint32_t turns)
{
    const ipsec_ms until = s->now + ms;

    while (turns > 0 && turn(s, until)) {
        turns--;
    }
    s->now = turns > 0 ? until : s->now;
    return turns;
}

void sim_run(struct sim *s, ipsec_ms ms)
{
    if (sim_run_some(s, ms, TURNS_MAX) == 0) {
        fprintf(stderr, "simulator: no end of events at %llu\n%s", (unsigned long long)s->now,
                s->ladder + (s->ladder_used > 2000 ? s->ladder_used - 2000 : 0));
        abort();
    }
}

/* ---- ESP ---------------------------------------------------------------------------------------
 */

bool sim_esp(struct sim *s, int from, const struct ipsec_child_config *config)
{
    static struct sim_datagram d;
    struct sim_child *c = sim_sink_sender(&s->nodes[from], config);

    if (c == NULL) {
        return false;
    }
    memset(&d, 0, offsetof(struct sim_datagram, octets));
    d.esp = true;
    d.to = 1 - from;
    d.local = c->sa.remote;
    d.remote = c->sa.local;
    c->packets_out++;
    d.sequence = c->packets_out;
    if (!translate(s, from, &d)) {
        s->esp_sent++;
        s->esp_astray++;
        return true;
    }
    if (!c->sa.udp_encapsulation) {
        d.local.port = d.remote.port = 0;
    }
    d.spi = c->sa.spi_out;
    d.key = key_mark(c->keys[2]);
    s->esp_sent++;
    enqueue(s, &d);
    return true;
}

void sim_traffic(struct sim *s)
{
    for (int from = 0; from < 2; from++) {
        for (size_t i = 0; i < SIM_CONFIGS_MAX; i++) {
            (void)sim_esp(s, from, &s->nodes[from].child[i]);
        }
    }
    sim_run(s, s->delay_ms + s->jitter_ms);
}
