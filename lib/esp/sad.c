/* SPDX-License-Identifier: Apache-2.0
 *
 * The SA database: a pool of equal slots, and a keyed hash from SPI to handle for the inbound ones.
 * Called by lib/gw and by users with manual keys. RFC 4301 4.4.2, 4.1.
 */
#include <ipsec/sad.h>

#include "hash.h"
#include "pool.h"
#include "sa.h"

#define SA_MAX_DEFAULT        64u
#define WINDOW_MAX_DEFAULT    1024u
#define SELECTORS_MAX_DEFAULT (2u * IPSEC_SELECTORS_MAX)
#define HASH_SECRET_BYTES     16

struct ipsec_sad {
    struct ipseci_pool pool;
    struct ipseci_hash inbound; /* SPI -> handle */
    struct ipsec_crypto_list crypto;
    size_t sa_bytes;
};

static enum ipsec_status take_config(const struct ipsec_sad_config *given,
                                     struct ipsec_sad_config *c)
{
    IPSECI_TRY(ipseci_struct_in(c, sizeof(*c), given));
    c->sa_max = c->sa_max == 0 ? SA_MAX_DEFAULT : c->sa_max;
    c->replay_window_max = c->replay_window_max == 0 ? WINDOW_MAX_DEFAULT : c->replay_window_max;
    c->selectors_max = c->selectors_max == 0 ? SELECTORS_MAX_DEFAULT : c->selectors_max;
    if (c->sa_max > IPSECI_POOL_MAX || c->replay_window_max > IPSEC_REPLAY_WINDOW_MAX ||
        c->replay_window_max < IPSEC_REPLAY_WINDOW_MIN || c->replay_window_max % 64 != 0 ||
        c->selectors_max > SELECTORS_MAX_DEFAULT) {
        return IPSEC_ERR_ARGUMENT;
    }
    return IPSEC_OK;
}

static struct ipsec_sad *layout(struct ipseci_arena *arena, const struct ipsec_sad_config *c,
                                size_t sa_bytes)
{
    struct ipsec_sad measured;
    struct ipsec_sad *sad = IPSECI_ARENA_NEW(arena, 1, struct ipsec_sad);
    struct ipsec_sad *to = sad != NULL ? sad : &measured;
    ipseci_pool_layout(&to->pool, arena, c->sa_max, sa_bytes);
    ipseci_hash_layout(&to->inbound, arena, c->sa_max);
    return sad;
}

enum ipsec_status ipsec_sad_size(const struct ipsec_sad_config *config, size_t *bytes)
{
    struct ipsec_sad_config c;
    if (bytes == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(take_config(config, &c));
    const size_t sa_bytes = ipseci_sa_size_for(c.replay_window_max, c.selectors_max);
    struct ipseci_arena arena = ipseci_arena_init(NULL, 0);
    (void)layout(&arena, &c, sa_bytes);
    *bytes = arena.used;
    return arena.failed ? IPSEC_ERR_ARGUMENT : IPSEC_OK;
}

enum ipsec_status ipsec_sad_init(void *block, size_t block_bytes,
                                 const struct ipsec_sad_config *config, struct ipsec_sad **sad)
{
    struct ipsec_sad_config c;
    uint8_t secret[HASH_SECRET_BYTES];
    if (block == NULL || sad == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(take_config(config, &c));
    const size_t sa_bytes = ipseci_sa_size_for(c.replay_window_max, c.selectors_max);
    struct ipseci_arena arena = ipseci_arena_init(block, block_bytes);
    struct ipsec_sad *made = layout(&arena, &c, sa_bytes);
    if (arena.failed) {
        return IPSEC_ERR_BUFFER;
    }
    IPSECI_TRY(ipseci_random(&c.crypto, secret, sizeof(secret)));
    ipseci_hash_key(&made->inbound, secret);
    ipseci_wipe(secret, sizeof(secret));
    made->crypto = c.crypto;
    made->sa_bytes = sa_bytes;
    *sad = made;
    return IPSEC_OK;
}

static void drop_sa(struct ipsec_sad *sad, struct ipsec_sa *sa, ipsec_handle handle)
{
    if (sa->direction == IPSEC_OPEN) {
        (void)ipseci_hash_remove(&sad->inbound, sa->spi);
    }
    ipsec_sa_deinit(sa);
    (void)ipseci_pool_release(&sad->pool, handle);
}

void ipsec_sad_deinit(struct ipsec_sad *sad)
{
    if (sad == NULL) {
        return;
    }
    uint32_t cursor = 0;
    ipsec_handle handle;
    struct ipsec_sa *sa = ipseci_pool_next(&sad->pool, &cursor, &handle);
    while (sa != NULL) {
        drop_sa(sad, sa, handle);
        sa = ipseci_pool_next(&sad->pool, &cursor, &handle);
    }
    ipseci_wipe(sad, sizeof(*sad));
}

/* Enters a new SA under its SPI; outbound SPIs are the peer's and may repeat. */
static enum ipsec_status enter(struct ipsec_sad *sad, const struct ipsec_sa *sa,
                               ipsec_handle handle)
{
    return sa->direction == IPSEC_OPEN ? ipseci_hash_add(&sad->inbound, sa->spi, handle) : IPSEC_OK;
}

enum ipsec_status ipsec_sad_add(struct ipsec_sad *sad, const struct ipsec_sa_params *params,
                                ipsec_handle *handle)
{
    ipsec_handle taken;
    struct ipsec_sa *sa;
    if (sad == NULL || params == NULL || handle == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    void *slot = ipseci_pool_take(&sad->pool, &taken);
    if (slot == NULL) {
        return IPSEC_ERR_FULL;
    }
    enum ipsec_status status = ipsec_sa_init(slot, sad->sa_bytes, params, &sad->crypto, &sa);
    if (status != IPSEC_OK) {
        (void)ipseci_pool_release(&sad->pool, taken);
        return status;
    }
    status = enter(sad, sa, taken);
    if (status != IPSEC_OK) {
        ipsec_sa_deinit(sa);
        (void)ipseci_pool_release(&sad->pool, taken);
        return status;
    }
    *handle = taken;
    return IPSEC_OK;
}

enum ipsec_status ipsec_sad_remove(struct ipsec_sad *sad, ipsec_handle handle)
{
    struct ipsec_sa *sa = ipsec_sad_get(sad, handle);
    if (sa == NULL) {
        return IPSEC_ERR_STALE;
    }
    drop_sa(sad, sa, handle);
    return IPSEC_OK;
}

struct ipsec_sa *ipsec_sad_get(struct ipsec_sad *sad, ipsec_handle handle)
{
    return sad == NULL ? NULL : ipseci_pool_get(&sad->pool, handle);
}

struct ipsec_sa *ipsec_sad_find(struct ipsec_sad *sad, uint32_t spi)
{
    return ipsec_sad_get(sad, sad == NULL ? 0 : ipseci_hash_find(&sad->inbound, spi));
}

uint32_t ipsec_sad_count(const struct ipsec_sad *sad)
{
    return sad == NULL ? 0 : sad->pool.used;
}
