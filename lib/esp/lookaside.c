/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP through the submit and reap of a provider: the prepare halves of seal.c and open.c when a
 * packet is handed in, the finish halves when it comes back. What is between them is kept in a slot
 * for each packet. Called by users that drive ESP themselves. RFC 4303 3.3, 3.4.
 */
#include "arena.h"
#include "esp_batch.h"
#include "sa_draw.h"

#include <ipsec/lookaside.h>

#define PACKETS_DEFAULT 256u
#define PACKETS_MAX     65536u
#define LANES           4u /* providers with packets under way; a fifth has its packets done at once */
#define NO_SLOT         UINT32_MAX

/* A provider with packets under way. */
struct lane {
    const struct ipsec_crypto *provider;
    uint32_t pending; /* 0: the lane is free */
};

struct slot {
    struct ipsec_crypto_op op; /* what the provider gives back points here */
    struct ipseci_esp_note note;
    const struct lane *lane; /* NULL: not with a provider */
    uint32_t next;           /* in the list of the free */
};

struct ipsec_lookaside {
    struct slot *slot;
    uint32_t slots;
    uint32_t first_free;
    uint32_t pending;
    uint32_t turn; /* the lane that is asked first */
    struct lane lane[LANES];
};

/* ---- the object ---------------------------------------------------------------------------------
 */

static enum ipsec_status take_config(const struct ipsec_lookaside_config *given,
                                     struct ipsec_lookaside_config *c)
{
    IPSECI_TRY(ipseci_struct_in(c, sizeof(*c), given));
    c->packet_max = c->packet_max == 0 ? PACKETS_DEFAULT : c->packet_max;
    return c->packet_max > PACKETS_MAX ? IPSEC_ERR_ARGUMENT : IPSEC_OK;
}

static struct ipsec_lookaside *layout(struct ipseci_arena *arena, uint32_t slots)
{
    struct ipsec_lookaside measured;
    struct ipsec_lookaside *l = IPSECI_ARENA_NEW(arena, 1, struct ipsec_lookaside);
    struct ipsec_lookaside *to = l != NULL ? l : &measured;
    to->slot = IPSECI_ARENA_NEW(arena, slots, struct slot);
    to->slots = slots;
    return l;
}

enum ipsec_status ipsec_lookaside_size(const struct ipsec_lookaside_config *config, size_t *bytes)
{
    struct ipsec_lookaside_config c;
    if (config == NULL || bytes == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(take_config(config, &c));
    struct ipseci_arena arena = ipseci_arena_init(NULL, 0);
    (void)layout(&arena, c.packet_max);
    *bytes = arena.used;
    return IPSEC_OK;
}

enum ipsec_status ipsec_lookaside_init(void *block, size_t block_bytes,
                                       const struct ipsec_lookaside_config *config,
                                       struct ipsec_lookaside **lookaside)
{
    struct ipsec_lookaside_config c;
    if (block == NULL || config == NULL || lookaside == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(take_config(config, &c));
    struct ipseci_arena arena = ipseci_arena_init(block, block_bytes);
    struct ipsec_lookaside *l = layout(&arena, c.packet_max);
    if (arena.failed) {
        return IPSEC_ERR_BUFFER;
    }
    for (uint32_t i = 0; i < l->slots; i++) {
        l->slot[i].next = i + 1 < l->slots ? i + 1 : NO_SLOT;
    }
    *lookaside = l;
    return IPSEC_OK;
}

uint32_t ipsec_lookaside_pending(const struct ipsec_lookaside *lookaside)
{
    return lookaside->pending;
}

static void give_back(struct ipsec_lookaside *l, struct slot *slot)
{
    slot->lane = NULL;
    slot->next = l->first_free;
    l->first_free = (uint32_t)(slot - l->slot);
}

/* ---- the two halves of a packet -----------------------------------------------------------------
 */

static enum ipsec_status prepare(struct ipsec_packet *const packets[], size_t n, struct slot *slot)
{
    struct ipsec_packet *p = packets[0];
    if (p->sa == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    return p->sa->direction == IPSEC_SEAL ? ipseci_seal_prepare(packets, n, &slot->note, &slot->op)
                                          : ipseci_open_prepare(p, &slot->note, &slot->op);
}

static void finish(struct ipsec_lookaside *l, struct slot *slot)
{
    struct ipsec_packet *p = slot->note.packet;
    const enum ipsec_status status = p->sa->direction == IPSEC_SEAL
                                         ? ipseci_seal_finish(&slot->note, &slot->op)
                                         : ipseci_open_finish(&slot->note, &slot->op);
    ipseci_esp_settle(p, status);
    give_back(l, slot);
}

/* ---- handing in ---------------------------------------------------------------------------------
 */

/* Prepared packets that go the same way. */
struct burst {
    const struct ipsec_crypto *later; /* NULL: done at once */
    size_t count;
    struct slot *slot[IPSECI_ESP_BATCH_MAX];
};

/* NULL: it answers at once. Two passes over a packet are never under way. */
static const struct ipsec_crypto *later_of(const struct ipsec_sa *sa)
{
    const struct ipsec_crypto *provider = sa->aead.first.provider;
    return sa->aead.is_single && provider->submit != NULL && provider->reap != NULL ? provider
                                                                                    : NULL;
}

/* NULL: there are too many providers. */
static struct lane *lane_of(struct ipsec_lookaside *l, const struct ipsec_crypto *provider)
{
    struct lane *free_lane = NULL;
    for (size_t i = 0; i < LANES; i++) {
        if (l->lane[i].provider == provider) {
            return &l->lane[i];
        }
        if (l->lane[i].pending == 0) {
            free_lane = &l->lane[i];
        }
    }
    if (free_lane != NULL) {
        free_lane->provider = provider;
    }
    return free_lane;
}

/* In place: the whole burst, or what the provider's queue did not take. */
static void do_at_once(struct ipsec_lookaside *l, struct slot *const slots[], size_t count)
{
    const struct ipseci_aead *aeads[IPSECI_ESP_BATCH_MAX];
    struct ipsec_crypto_op *ops[IPSECI_ESP_BATCH_MAX];

    if (count == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        aeads[i] = &slots[i]->note.packet->sa->aead;
        ops[i] = &slots[i]->op;
    }
    ipseci_aead_run(aeads, ops, count);
    for (size_t i = 0; i < count; i++) {
        finish(l, slots[i]);
    }
}

static size_t flush(struct ipsec_lookaside *l, struct burst *b)
{
    struct ipsec_crypto_op *ops[IPSECI_ESP_BATCH_MAX];
    struct lane *lane = b->later != NULL ? lane_of(l, b->later) : NULL;
    const size_t count = b->count;
    size_t taken = 0;

    b->count = 0;
    if (lane != NULL && count != 0) {
        for (size_t i = 0; i < count; i++) {
            ops[i] = &b->slot[i]->op;
            ops[i]->key = b->slot[i]->note.packet->sa->aead.first.key;
            ops[i]->status = IPSEC_FATAL_CRYPTO; /* should the provider leave it alone */
            b->slot[i]->lane = lane;
        }
        taken = b->later->submit(b->later->context, ops, count);
        taken = taken < count ? taken : count;
        lane->pending += (uint32_t)taken;
        l->pending += (uint32_t)taken;
    }
    do_at_once(l, b->slot + taken, count - taken);
    return taken;
}

static struct slot *take_slot(struct ipsec_lookaside *l)
{
    if (l->first_free == NO_SLOT) {
        return NULL;
    }
    struct slot *slot = &l->slot[l->first_free];
    l->first_free = slot->next;
    return slot;
}

/* The first of these packets. NULL: it has its status. */
static struct slot *begin(struct ipsec_lookaside *l, struct ipsec_packet *const packets[], size_t n)
{
    struct ipsec_packet *p = packets[0];
    struct slot *slot = take_slot(l);
    if (slot == NULL) {
        p->status = IPSEC_ERR_FULL;
        return NULL;
    }
    const enum ipsec_status status = prepare(packets, n, slot);
    if (status != IPSEC_OK) {
        ipseci_esp_settle(p, status);
        give_back(l, slot);
        return NULL;
    }
    p->status = IPSEC_PENDING;
    return slot;
}

size_t ipsec_lookaside_submit(struct ipsec_lookaside *lookaside,
                              struct ipsec_packet *const packets[], size_t n)
{
    struct burst b = {.count = 0};
    size_t pending = 0;
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        struct slot *slot = begin(lookaside, packets + i, n - i);
        if (slot == NULL) {
            all = false;
            continue;
        }
        const struct ipsec_crypto *later = later_of(packets[i]->sa);
        if (later != b.later || b.count == IPSECI_ESP_BATCH_MAX) {
            pending += flush(lookaside, &b);
        }
        b.later = later;
        b.slot[b.count] = slot;
        b.count++;
    }
    if (!all) {
        ipseci_share_return(packets, n);
    }
    return pending + flush(lookaside, &b);
}

/* ---- coming back --------------------------------------------------------------------------------
 */

/* NULL: not an op that this lane was given, or one that has come back before. */
static struct slot *slot_of(const struct ipsec_lookaside *l, const struct lane *lane,
                            const struct ipsec_crypto_op *op)
{
    const uintptr_t at = (uintptr_t)op - (uintptr_t)l->slot;
    const uintptr_t index = at / sizeof(struct slot);
    if (at % sizeof(struct slot) != 0 || index >= l->slots || l->slot[index].lane != lane) {
        return NULL;
    }
    return &l->slot[index];
}

static size_t reap_lane(struct ipsec_lookaside *l, struct lane *lane,
                        struct ipsec_packet *packets[], size_t max)
{
    struct ipsec_crypto_op *ops[IPSECI_ESP_BATCH_MAX];
    size_t got = 0;
    while (lane->pending != 0 && got < max) {
        const size_t room = max - got < IPSECI_ESP_BATCH_MAX ? max - got : IPSECI_ESP_BATCH_MAX;
        const size_t before = got;
        const size_t n = lane->provider->reap(lane->provider->context, ops, room);
        for (size_t i = 0; i < n && i < room; i++) {
            struct slot *slot = slot_of(l, lane, ops[i]);
            if (slot == NULL) {
                continue;
            }
            packets[got] = slot->note.packet;
            got++;
            finish(l, slot);
            lane->pending--;
            l->pending--;
        }
        if (n < room || got == before) {
            break;
        }
    }
    return got;
}

size_t ipsec_lookaside_reap(struct ipsec_lookaside *lookaside, struct ipsec_packet *packets[],
                            size_t max)
{
    size_t got = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        struct lane *lane = &lookaside->lane[(lookaside->turn + i) % LANES];
        got += reap_lane(lookaside, lane, packets + got, max - got);
    }
    lookaside->turn = (lookaside->turn + 1) % LANES; /* so that none is always asked last */
    return got;
}
