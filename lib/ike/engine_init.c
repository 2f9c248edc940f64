/* SPDX-License-Identifier: Apache-2.0
 *
 * Making and ending an engine: defaults, layout of the caller's block, secrets.
 */
#include "engine.h"
#include "reassembly.h"

#include <string.h>

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

/* False: its times make no sense. */
static bool complete_keep_up(struct ipsec_ike_config *c)
{
    c->keep_up_max = or_default(c->keep_up_max, IPSECI_KEEP_UP_MAX);
    c->keep_up_first_ms = or_default(c->keep_up_first_ms, IPSECI_KEEP_UP_FIRST_MS);
    if (c->keep_up_wait_ms == 0) {
        c->keep_up_wait_ms = c->keep_up_first_ms < IPSECI_KEEP_UP_WAIT_MS ? IPSECI_KEEP_UP_WAIT_MS
                                                                          : c->keep_up_first_ms;
    }
    return c->keep_up_max <= IPSECI_POOL_MAX && c->keep_up_first_ms <= c->keep_up_wait_ms;
}

static bool is_instance_valid(const struct ipsec_ike_config *c)
{
    return c->instance_bits <= IPSEC_INSTANCE_BITS_MAX && c->instance >> c->instance_bits == 0;
}

static enum ipsec_status complete_config(const struct ipsec_ike_config *from,
                                         struct ipsec_ike_config *c)
{
    struct ipsec_ike_callbacks callbacks;

    IPSECI_TRY(ipseci_struct_in(c, sizeof(*c), from));
    if (c->crypto.count == 0 || c->crypto.item == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_struct_in(&callbacks, sizeof(callbacks), &c->callbacks));
    c->callbacks = callbacks;
    if (callbacks.send == NULL || callbacks.child_add == NULL || callbacks.child_remove == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    c->sa_max = or_default(c->sa_max, IPSECI_SA_MAX);
    c->child_max = or_default(c->child_max, 2 * c->sa_max);
    c->handshake_max = or_default(c->handshake_max, IPSECI_HANDSHAKE_MAX);
    c->window = or_default(c->window, 1);
    c->buffer_max = or_default(
        c->buffer_max, (c->window % (IPSECI_WINDOW_MAX + 1) + 1) * c->sa_max + c->handshake_max);
    c->stray_answers_per_s = or_default(c->stray_answers_per_s, IPSECI_STRAY_ANSWERS_PER_S);
    c->message_bytes = or_default(c->message_bytes, IPSECI_MESSAGE_BYTES);
    c->fragment_bytes = or_default(c->fragment_bytes, IPSECI_FRAGMENT_BYTES);
    c->fragments_max = or_default(c->fragments_max, IPSECI_FRAGMENTS_MAX + c->message_bytes / 256);
    c->reassembly_max = or_default(c->reassembly_max, c->handshake_max);
    if (c->no_fragmentation) {
        c->reassembly_max = 0;
    }
    c->mobile_max = or_default(c->mobile_max, IPSECI_MOBILE_MAX);
    c->redirect_max = or_default(c->redirect_max, IPSECI_REDIRECT_MAX);
    c->ike_port = (uint16_t)or_default(c->ike_port, 500);
    c->natt_port = (uint16_t)or_default(c->natt_port, 4500);
    c->retransmit_first_ms = or_default(c->retransmit_first_ms, IPSECI_RETRANSMIT_FIRST_MS);
    c->retransmit_factor_percent =
        or_default(c->retransmit_factor_percent, IPSECI_RETRANSMIT_FACTOR_PERCENT);
    c->retransmit_max = or_default(c->retransmit_max, IPSECI_RETRANSMIT_MAX);
    /* The rest stays free for the rekeys of those who are already here. */
    c->half_open_max = or_default(c->half_open_max, c->handshake_max - c->handshake_max / 4);
    c->cookie_threshold =
        or_default(c->cookie_threshold, c->half_open_max < 4 ? 2 : c->half_open_max / 2);
    c->first_contact_per_s = or_default(c->first_contact_per_s, IPSECI_FIRST_CONTACT_PER_S);
    c->half_open_ms = or_default(c->half_open_ms, IPSECI_HALF_OPEN_MS);
    c->source_max = or_default(c->source_max, IPSECI_SOURCES_MAX);
    c->source_contacts_per_s =
        or_default(c->source_contacts_per_s, (c->first_contact_per_s + 3) / 4);
    c->source_half_open_max = or_default(c->source_half_open_max, (c->half_open_max + 1) / 2);
    c->source_failures = or_default(c->source_failures, IPSECI_AUTH_FAILURES);
    const bool ok = c->message_bytes >= IPSECI_MESSAGE_BYTES_MIN &&
                    c->message_bytes <= IPSECI_MESSAGE_BYTES_MAX && c->sa_max <= IPSECI_POOL_MAX &&
                    c->child_max <= IPSECI_POOL_MAX && c->handshake_max <= IPSECI_POOL_MAX &&
                    c->buffer_max <= IPSECI_POOL_MAX && c->retransmit_factor_percent >= 100 &&
                    c->retransmit_max <= IPSECI_RETRANSMIT_MOST && c->ike_port != c->natt_port &&
                    c->fragment_bytes >= IPSECI_FRAGMENT_BYTES_MIN &&
                    c->fragment_bytes <= UINT16_MAX && c->fragments_max <= UINT16_MAX &&
                    c->reassembly_max <= IPSECI_POOL_MAX && c->mobile_max <= IPSECI_POOL_MAX &&
                    c->redirect_max <= IPSECI_POOL_MAX && c->source_max <= IPSECI_SOURCES_MOST &&
                    c->window <= IPSECI_WINDOW_MAX && is_instance_valid(c) && complete_keep_up(c);
    return ok ? IPSEC_OK : IPSEC_ERR_ARGUMENT;
}

static struct ipsec_ike *layout(struct ipseci_arena *arena, const struct ipsec_ike_config *c)
{
    struct ipsec_ike measure;
    struct ipsec_ike *ike = IPSECI_ARENA_NEW(arena, 1, struct ipsec_ike);
    struct ipsec_ike *to = ike != NULL ? ike : &measure;
    const size_t room = c->message_bytes;

    memset(to, 0, sizeof(*to));
    ipseci_pool_layout(&to->sas, arena, c->sa_max, sizeof(struct ipseci_ike_sa));
    ipseci_pool_layout(&to->children, arena, c->child_max, sizeof(struct ipseci_child));
    ipseci_pool_layout(&to->handshakes, arena, c->handshake_max,
                       sizeof(struct ipseci_handshake) + ipseci_handshake_rooms(c) * room);
    ipseci_pool_layout(&to->buffers, arena, c->buffer_max, sizeof(struct ipseci_buffer) + room);
    ipseci_hash_layout(&to->by_spi, arena, c->sa_max);
    ipseci_hash_layout(&to->by_init, arena, c->half_open_max);
    ipseci_hash_layout(&to->by_esp, arena, c->child_max);
    if (c->window > 1) {
        to->answered_ahead = IPSECI_ARENA_NEW(arena, c->sa_max, uint32_t);
        to->more_replies =
            IPSECI_ARENA_NEW(arena, (size_t)c->sa_max * (c->window - 1), struct ipseci_stored);
    }
    ipseci_sources_layout(&to->sources, arena, c->source_max);
    ipseci_timer_layout(&to->timers, arena,
                        2 * c->sa_max + c->child_max + c->keep_up_max + 1); /* 1: the gate's */
    ipseci_pool_layout(&to->reassemblies, arena, c->reassembly_max,
                       ipseci_reassembly_bytes(c->fragments_max, c->message_bytes));
    ipseci_pool_layout(&to->paths, arena, c->mobile_max, sizeof(struct ipseci_path));
    ipseci_pool_layout(&to->kept, arena, c->keep_up_max, sizeof(struct ipseci_keep_up));
    to->redirects = IPSECI_ARENA_NEW(arena, c->redirect_max, struct ipseci_redirect);
    to->step = IPSECI_ARENA_NEW(arena, 1, struct ipseci_step);
    to->message = IPSECI_ARENA_NEW(arena, 1, struct ipseci_message);
    to->body = (uint8_t *)ipseci_arena_take(arena, room, 1, 1);
    to->out = (uint8_t *)ipseci_arena_take(arena, room + IPSECI_MARKER_BYTES, 1, 1);
    return ike;
}

enum ipsec_status ipsec_ike_size(const struct ipsec_ike_config *config, size_t *bytes)
{
    struct ipsec_ike_config complete;

    if (config == NULL || bytes == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(complete_config(config, &complete));
    struct ipseci_arena arena = ipseci_arena_init(NULL, 0);
    (void)layout(&arena, &complete);
    *bytes = arena.used;
    return arena.failed ? IPSEC_ERR_ARGUMENT : IPSEC_OK;
}

static bool type_available(const struct ipsec_crypto_list *crypto, uint8_t type,
                           const struct ipsec_proposals *defaults)
{
    for (uint32_t i = 0; i < defaults->count; i++) {
        for (uint32_t t = 0; t < defaults->item[i].transform_count; t++) {
            const struct ipsec_transform *tr = &defaults->item[i].transform[t];
            if (tr->type == type && ipsec_crypto_supports(crypto, (enum ipsec_transform_type)type,
                                                          tr->id, tr->key_bits)) {
                return true;
            }
        }
    }
    return false;
}

static enum ipsec_status key_tables(struct ipsec_ike *ike)
{
    uint8_t secret[4][16];

    IPSECI_TRY(ipseci_random(&ike->config.crypto, secret, sizeof(secret)));
    ipseci_hash_key(&ike->by_spi, secret[0]);
    ipseci_hash_key(&ike->by_init, secret[1]);
    ipseci_hash_key(&ike->by_esp, secret[2]);
    ike->gate_key[0] = ipseci_load64(secret[3]);
    ike->gate_key[1] = ipseci_load64(secret[3] + 8);
    ipseci_wipe(secret, sizeof(secret));
    return IPSEC_OK;
}

enum ipsec_status ipsec_ike_init(void *block, size_t block_bytes,
                                 const struct ipsec_ike_config *config, ipsec_ms now,
                                 struct ipsec_ike **out)
{
    struct ipsec_ike_config complete;
    struct ipsec_proposals defaults;

    if (block == NULL || config == NULL || out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *out = NULL;
    IPSECI_TRY(complete_config(config, &complete));
    ipsec_proposals_default(IPSEC_PROTOCOL_IKE, &defaults);
    if (!type_available(&complete.crypto, IPSEC_TRANSFORM_ENCR, &defaults) ||
        !type_available(&complete.crypto, IPSEC_TRANSFORM_PRF, &defaults) ||
        !type_available(&complete.crypto, IPSEC_TRANSFORM_KE, &defaults)) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    struct ipseci_arena arena = ipseci_arena_init(block, block_bytes);
    struct ipsec_ike *ike = layout(&arena, &complete);
    if (ike == NULL || arena.failed) {
        return IPSEC_ERR_BUFFER;
    }
    ike->config = complete;
    ike->now = now;
    IPSECI_TRY(key_tables(ike));
    ipseci_gate_init(ike);
    *out = ike;
    return IPSEC_OK;
}

void ipsec_ike_deinit(struct ipsec_ike *ike)
{
    uint32_t cursor = 0;
    ipsec_handle handle;
    struct ipseci_ike_sa *sa;

    if (ike == NULL) {
        return;
    }
    ike->busy = true;
    ike->config.callbacks.event = NULL; /* nobody is left to be told */
    while ((sa = (struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) != NULL) {
        sa->collision = 0;
        ipseci_ike_close(ike, sa, IPSEC_REASON_LOCAL);
    }
    ipseci_wipe(ike->cookie, sizeof(ike->cookie));
    ipseci_wipe(ike->step, sizeof(*ike->step));
    ipseci_wipe(ike->body, ike->config.message_bytes);
}
