/* SPDX-License-Identifier: Apache-2.0
 *
 * Two gateways' I/O in one process. See backend_memory.h. Called by ipsec_gw_run and by the program
 * that plays the hosts.
 */
#include <stdlib.h>
#include <string.h>

#include <ipsec/backend_memory.h>

#define QUEUE_DEFAULT        256u
#define PACKET_BYTES_DEFAULT 2048u
#define LIMIT_MAX            (1u << 20) /* of either setting: keeps products in range */

struct slot {
    struct ipsec_packet packet; /* addresses, carrier, marks; its buffer is not used */
    uint32_t length;
};

/* A ring of packets; the octets of slot i begin at i * packet_bytes. */
struct queue {
    struct slot *slot;
    uint8_t *octets;
    uint32_t first;
    uint32_t used;
};

struct side {
    struct ipsec_memory *memory;
    enum ipsec_memory_end end;
    struct ipsec_io io;
    struct queue from_wan; /* what the gateway will read */
    struct queue from_lan;
    struct queue to_lan; /* what it delivered */
};

struct ipsec_memory {
    struct ipsec_memory_config config;
    ipsec_ms now;
    struct side side[2];
    struct ipsec_memory_counters counters;
};

/* ---- Queues ---------------------------------------------------------------------------------- */

static bool put(const struct ipsec_memory *m, struct queue *q, const struct ipsec_packet *packet,
                const uint8_t *octets, size_t length)
{
    if (q->used == m->config.queue_max || length > m->config.packet_bytes) {
        return false;
    }
    const uint32_t at = (q->first + q->used) % m->config.queue_max;
    q->slot[at].packet = *packet;
    q->slot[at].length = (uint32_t)length;
    if (length != 0) {
        memcpy(q->octets + (size_t)at * m->config.packet_bytes, octets, length);
    }
    q->used++;
    return true;
}

static void pop(const struct ipsec_memory *m, struct queue *q)
{
    q->first = (q->first + 1) % m->config.queue_max;
    q->used--;
}

/* Copies the first packet behind the other's offset; one that has no room there is cut, as a socket
 * would cut it. */
static void take(const struct ipsec_memory *m, struct queue *q, struct ipsec_packet *out)
{
    const struct slot *slot = &q->slot[q->first];
    const uint32_t room = out->offset < out->capacity ? out->capacity - out->offset : 0;
    const uint32_t length = slot->length < room ? slot->length : room;
    if (length != 0) {
        memcpy(out->buffer + out->offset, q->octets + (size_t)q->first * m->config.packet_bytes,
               length);
    }
    out->length = length;
    out->status = IPSEC_OK;
    out->carrier = slot->packet.carrier;
    out->traffic_class = slot->packet.traffic_class;
    out->local = slot->packet.remote;
    out->remote = slot->packet.local;
    pop(m, q);
}

static size_t take_some(const struct ipsec_memory *m, struct queue *q,
                        struct ipsec_packet *const packets[], size_t max)
{
    size_t n = 0;
    while (n < max && q->used != 0) {
        take(m, q, packets[n++]);
    }
    return n;
}

static bool queue_new(const struct ipsec_memory *m, struct queue *q)
{
    q->slot = calloc(m->config.queue_max, sizeof *q->slot);
    q->octets = calloc(m->config.queue_max, m->config.packet_bytes);
    return q->slot != NULL && q->octets != NULL;
}

static void queue_free(struct queue *q)
{
    free(q->slot);
    free(q->octets);
}

/* ---- The table ------------------------------------------------------------------------------- */

static enum ipsec_status wan_receive(void *context, struct ipsec_packet *const packets[],
                                     size_t max, size_t *received)
{
    struct side *side = context;
    *received = take_some(side->memory, &side->from_wan, packets, max);
    return IPSEC_OK;
}

static void send_one(struct side *side, struct ipsec_packet *packet)
{
    struct ipsec_memory *m = side->memory;
    const struct ipsec_memory_config *config = &m->config;
    m->counters.wan_sent[side->end]++;
    packet->status = IPSEC_OK;
    if (config->filter != NULL && !config->filter(config->user, side->end, packet)) {
        m->counters.wan_lost[side->end]++;
        return;
    }
    struct queue *other = &m->side[1 - side->end].from_wan;
    if (!put(m, other, packet, packet->buffer + packet->offset, packet->length)) {
        m->counters.refused[side->end]++;
        packet->status = IPSEC_DROP_IO;
    }
}

static void wan_send(void *context, struct ipsec_packet *const packets[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        send_one(context, packets[i]);
    }
}

static enum ipsec_status lan_pull(void *context, struct ipsec_packet *const packets[], size_t max,
                                  size_t *pulled)
{
    struct side *side = context;
    *pulled = take_some(side->memory, &side->from_lan, packets, max);
    return IPSEC_OK;
}

static void lan_deliver(void *context, struct ipsec_packet *const packets[], size_t n)
{
    struct side *side = context;
    struct ipsec_memory *m = side->memory;
    for (size_t i = 0; i < n; i++) {
        struct ipsec_packet *packet = packets[i];
        packet->status = IPSEC_OK;
        if (!put(m, &side->to_lan, packet, packet->buffer + packet->offset, packet->length)) {
            m->counters.refused[side->end]++;
            packet->status = IPSEC_DROP_IO;
        }
    }
}

static ipsec_ms now(void *context)
{
    const struct side *side = context;
    return side->memory->now;
}

static enum ipsec_status wait(void *context, ipsec_ms deadline)
{
    (void)context;
    (void)deadline;
    return IPSEC_OK;
}

/* ---- The object ------------------------------------------------------------------------------ */

static enum ipsec_status read_config(struct ipsec_memory_config *to,
                                     const struct ipsec_memory_config *from)
{
    const struct ipsec_memory_config defaults = IPSEC_MEMORY_CONFIG_INIT;
    *to = from != NULL ? *from : defaults;
    if (to->size != sizeof *to) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    if (to->queue_max > LIMIT_MAX || to->packet_bytes > LIMIT_MAX) {
        return IPSEC_ERR_ARGUMENT;
    }
    to->queue_max = to->queue_max != 0 ? to->queue_max : QUEUE_DEFAULT;
    to->packet_bytes = to->packet_bytes != 0 ? to->packet_bytes : PACKET_BYTES_DEFAULT;
    return IPSEC_OK;
}

static bool side_new(struct ipsec_memory *m, enum ipsec_memory_end end)
{
    struct side *side = &m->side[end];
    side->memory = m;
    side->end = end;
    side->io.size = (uint32_t)sizeof side->io;
    side->io.context = side;
    side->io.wan_receive = wan_receive;
    side->io.wan_send = wan_send;
    side->io.lan_pull = lan_pull;
    side->io.lan_deliver = lan_deliver;
    side->io.now = now;
    side->io.wait = wait;
    return queue_new(m, &side->from_wan) && queue_new(m, &side->from_lan) &&
           queue_new(m, &side->to_lan);
}

enum ipsec_status ipsec_memory_new(const struct ipsec_memory_config *config,
                                   struct ipsec_memory **memory)
{
    struct ipsec_memory_config complete;
    const enum ipsec_status status =
        memory != NULL ? read_config(&complete, config) : IPSEC_ERR_ARGUMENT;
    if (status < IPSEC_OK) {
        return status;
    }
    struct ipsec_memory *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    m->config = complete;
    m->now = complete.start;
    if (!side_new(m, IPSEC_MEMORY_A) || !side_new(m, IPSEC_MEMORY_B)) {
        ipsec_memory_free(m);
        return IPSEC_ERR_MEMORY;
    }
    *memory = m;
    return IPSEC_OK;
}

void ipsec_memory_free(struct ipsec_memory *memory)
{
    if (memory == NULL) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        queue_free(&memory->side[i].from_wan);
        queue_free(&memory->side[i].from_lan);
        queue_free(&memory->side[i].to_lan);
    }
    free(memory);
}

const struct ipsec_io *ipsec_memory_io(const struct ipsec_memory *memory, enum ipsec_memory_end end)
{
    return &memory->side[end == IPSEC_MEMORY_B].io;
}

ipsec_ms ipsec_memory_now(const struct ipsec_memory *memory)
{
    return memory->now;
}

void ipsec_memory_set_now(struct ipsec_memory *memory, ipsec_ms time)
{
    memory->now = time;
}

enum ipsec_status ipsec_memory_lan_send(struct ipsec_memory *memory, enum ipsec_memory_end end,
                                        struct ipsec_view packet)
{
    const struct ipsec_packet none = {0};
    struct queue *q = &memory->side[end == IPSEC_MEMORY_B].from_lan;
    if (packet.length > memory->config.packet_bytes) {
        return IPSEC_ERR_BUFFER;
    }
    return put(memory, q, &none, packet.data, packet.length) ? IPSEC_OK : IPSEC_ERR_FULL;
}

enum ipsec_status ipsec_memory_lan_receive(struct ipsec_memory *memory, enum ipsec_memory_end end,
                                           uint8_t *out, size_t capacity, size_t *length)
{
    struct queue *q = &memory->side[end == IPSEC_MEMORY_B].to_lan;
    if (q->used == 0) {
        return IPSEC_ERR_AGAIN;
    }
    *length = q->slot[q->first].length;
    if (*length > capacity) {
        return IPSEC_ERR_BUFFER;
    }
    if (*length != 0) {
        memcpy(out, q->octets + (size_t)q->first * memory->config.packet_bytes, *length);
    }
    pop(memory, q);
    return IPSEC_OK;
}

bool ipsec_memory_idle(const struct ipsec_memory *memory)
{
    bool idle = true;
    for (size_t i = 0; i < 2; i++) {
        idle = idle && memory->side[i].from_wan.used == 0 && memory->side[i].from_lan.used == 0;
    }
    return idle;
}

void ipsec_memory_counters(const struct ipsec_memory *memory, struct ipsec_memory_counters *out)
{
    *out = memory->counters;
}
