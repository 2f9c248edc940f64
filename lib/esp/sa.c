/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of an ESP SA outside its packets: size, init, deinit, move, counters. Called by users
 * with manual keys and by sad.c. RFC 4301 4.4.2, RFC 4303.
 */
#include "sa.h"
#include "fast_path.h"
#include "mode.h"
#include "plain_path.h"
#include "sa_draw.h"
#include "selector.h"
#include "tunnel.h"

#include <string.h>

/* The replay bitmap or the IV store, which are never in one SA and share their place. */
static size_t numbers_bytes(uint8_t direction, uint32_t window)
{
    return direction == IPSEC_OPEN ? window / 8 : IPSECI_IV_STORE_BYTES;
}

/* What stands in front of them keeps the selectors aligned. */
_Static_assert(IPSEC_REPLAY_WINDOW_MIN / 8 % _Alignof(struct ipsec_selector) == 0 &&
                   IPSECI_IV_STORE_BYTES % _Alignof(struct ipsec_selector) == 0,
               "selectors follow without a gap");

/* Of a whole block. Can not overflow: window and selectors were held against their limits. */
static size_t bytes_of(size_t numbers, uint32_t selectors)
{
    return sizeof(struct ipsec_sa) + numbers + selectors * sizeof(struct ipsec_selector);
}

size_t ipseci_sa_size_for(uint32_t replay_window, uint32_t selectors)
{
    const uint32_t octets = replay_window / 8;
    return bytes_of(octets > IPSECI_IV_STORE_BYTES ? octets : IPSECI_IV_STORE_BYTES, selectors);
}

static bool are_selectors_valid(const struct ipsec_selectors *ts)
{
    if (ts->count > IPSEC_SELECTORS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < ts->count; i++) {
        if (!ipseci_selector_valid(&ts->item[i])) {
            return false;
        }
    }
    return true;
}

/* CVE-2017-7184: the window is held against its limits before any memory is sized by it. */
static bool is_window_valid(uint32_t window)
{
    return window >= IPSEC_REPLAY_WINDOW_MIN && window <= IPSEC_REPLAY_WINDOW_MAX &&
           window % 64 == 0;
}

static bool is_suite_valid(const struct ipsec_suite *suite)
{
    return (suite->protocol == 0 || suite->protocol == IPSEC_PROTOCOL_ESP) &&
           suite->esn <= IPSEC_ESN_YES;
}

static bool are_numbers_valid(const struct ipsec_sa_params *p)
{
    return p->spi >= IPSEC_SPI_MIN && is_window_valid(p->replay_window) &&
           (p->suite.esn == IPSEC_ESN_YES || p->sequence_start <= UINT32_MAX);
}

/* Completes the caller's params and checks all that needs no provider. */
static enum ipsec_status take_params(const struct ipsec_sa_params *given, struct ipsec_sa_params *p)
{
    IPSECI_TRY(ipseci_struct_in(p, sizeof(*p), given));
    p->replay_window = p->replay_window == 0 ? IPSECI_REPLAY_WINDOW_DEFAULT : p->replay_window;
    p->ttl = p->ttl == 0 ? IPSECI_TTL_DEFAULT : p->ttl;
    p->packets_max = p->packets_max == 0 ? UINT64_MAX : p->packets_max;
    p->bytes_max = p->bytes_max == 0 ? UINT64_MAX : p->bytes_max;

    if (p->direction > IPSEC_OPEN || p->outer > IPSEC_OUTER_IP || !is_suite_valid(&p->suite) ||
        !are_numbers_valid(p) || !are_selectors_valid(&p->local_ts) ||
        !are_selectors_valid(&p->remote_ts) ||
        (p->local_ts.count == 0) != (p->remote_ts.count == 0)) {
        return IPSEC_ERR_ARGUMENT;
    }
    return IPSEC_OK;
}

static size_t bytes_by_params(const struct ipsec_sa_params *p)
{
    return bytes_of(numbers_bytes(p->direction, p->replay_window),
                    p->local_ts.count + p->remote_ts.count);
}

enum ipsec_status ipsec_sa_size(const struct ipsec_sa_params *params, size_t *bytes)
{
    struct ipsec_sa_params p;
    if (bytes == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(take_params(params, &p));
    *bytes = bytes_by_params(&p);
    return IPSEC_OK;
}

static void set_numbers(struct ipsec_sa *sa, const struct ipsec_sa_params *p)
{
    void *numbers = sa + 1;
    if (p->direction == IPSEC_OPEN) {
        ipseci_replay_init(&sa->way.replay, numbers, p->replay_window, p->sequence_start);
        return;
    }
    /* RFC 4303 3.3.3: the numbers end before any other limit. */
    const uint64_t left = ipseci_sequence_last(sa->esn) - p->sequence_start;
    if (sa->packets_max > left) {
        sa->packets_max = left;
    }
    sa->way.sending.sequence = p->sequence_start;
    sa->way.sending.rules = p->rules;
    sa->iv_used = IPSECI_IV_STORE_BYTES;
}

static void set_selectors(struct ipsec_sa *sa, const struct ipsec_sa_params *p)
{
    void *behind = (uint8_t *)(sa + 1) + numbers_bytes(p->direction, p->replay_window);
    struct ipsec_selector *place = behind;
    sa->local_count = (uint8_t)p->local_ts.count;
    sa->remote_count = (uint8_t)p->remote_ts.count;
    if (sa->local_count == 0) {
        return;
    }
    memcpy(place, p->local_ts.item, p->local_ts.count * sizeof(*place));
    memcpy(place + p->local_ts.count, p->remote_ts.item, p->remote_ts.count * sizeof(*place));
    sa->selectors = place;
    sa->shortcuts = ipseci_plain_fits(p) ? IPSECI_SHORTCUT_PLAIN : 0;
}

static void set_fields(struct ipsec_sa *sa, const struct ipsec_sa_params *p)
{
    sa->spi = p->spi;
    sa->direction = p->direction;
    sa->outer = p->outer;
    sa->esn = p->suite.esn == IPSEC_ESN_YES;
    sa->accept_any_encapsulation = p->accept_any_encapsulation;
    sa->no_replay_check = p->no_replay_check;
    sa->packets_max = p->packets_max;
    sa->bytes_max = p->bytes_max;
    sa->ttl = p->ttl;
    sa->user = p->user;
}

static enum ipsec_status set_key(struct ipsec_sa *sa, const struct ipsec_sa_params *p)
{
    const struct ipsec_key_params key = {.direction = p->direction,
                                         .encr_id = p->suite.encr,
                                         .encr_key_bits = p->suite.encr_key_bits,
                                         .integ_id = p->suite.integ,
                                         .encr_key = p->encr_key,
                                         .integ_key = p->integ_key};
    IPSECI_TRY(ipseci_aead_init(&sa->aead, &sa->crypto, &key));
    if (sa->aead.iv_length == 0) {
        sa->iv_source = sa->aead.is_aead ? IPSECI_IV_IMPLICIT : IPSECI_IV_NONE;
    } else {
        /* RFC 3686 3.1: that of counter mode must not repeat, with a MAC beside it or not. */
        sa->iv_source = sa->aead.cipher_block > 1 ? IPSECI_IV_RANDOM : IPSECI_IV_COUNTER;
    }
    ipseci_key_limit(sa, p->suite.encr);
    return IPSEC_OK;
}

enum ipsec_status ipsec_sa_init(void *block, size_t block_bytes,
                                const struct ipsec_sa_params *params,
                                const struct ipsec_crypto_list *crypto, struct ipsec_sa **sa)
{
    struct ipsec_sa_params p;
    if (block == NULL || crypto == NULL || sa == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(take_params(params, &p));

    const size_t bytes = bytes_by_params(&p);
    if (block_bytes < bytes) {
        return IPSEC_ERR_BUFFER;
    }
    memset(block, 0, bytes);
    struct ipsec_sa *made = block;
    made->crypto = *crypto;
    set_fields(made, &p);
    set_numbers(made, &p);
    set_selectors(made, &p);
    made->mode = &ipseci_mode_tunnel;
    IPSECI_TRY(ipseci_transport_choose(&p, &made->mode));
    IPSECI_TRY(ipseci_rules_choose(&p, &made->mode));
    IPSECI_TRY(ipseci_share_choose(made, &p));
    IPSECI_TRY(ipsec_sa_move(made, &p.local, &p.remote, p.udp_encapsulation));
    IPSECI_TRY(set_key(made, &p));
    ipseci_fast_choose(made);
    *sa = made;
    return IPSEC_OK;
}

void ipsec_sa_deinit(struct ipsec_sa *sa)
{
    if (sa == NULL) {
        return;
    }
    ipseci_aead_deinit(&sa->aead);
    const uint32_t window = sa->direction == IPSEC_OPEN ? sa->way.replay.window : 0;
    const uint32_t selectors = (uint32_t)sa->local_count + sa->remote_count;
    ipseci_wipe(sa, bytes_of(numbers_bytes(sa->direction, window), selectors));
}

enum ipsec_status ipsec_sa_move(struct ipsec_sa *sa, const struct ipsec_endpoint *local,
                                const struct ipsec_endpoint *remote, bool udp_encapsulation)
{
    if (sa == NULL || local == NULL || remote == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (sa->direction == IPSEC_SEAL && sa->outer == IPSEC_OUTER_IP) {
        IPSECI_TRY(sa->mode->prepare(sa, local, remote, udp_encapsulation));
    }
    sa->local = *local;
    sa->remote = *remote;
    sa->udp_encapsulation = udp_encapsulation;
    ipseci_fast_choose(sa);
    return IPSEC_OK;
}

void ipsec_sa_room(const struct ipsec_sa *sa, uint32_t *head, uint32_t *tail)
{
    if (sa->direction == IPSEC_OPEN) {
        *head = 0;
        *tail = 0;
        return;
    }
    *head = (uint32_t)sa->outer_length + IPSECI_ESP_HEADER_BYTES + sa->aead.iv_length;
    *tail = (uint32_t)sa->aead.block - 1 + IPSECI_ESP_TRAILER_BYTES + sa->aead.tag_length;
}

void ipsec_sa_stats(const struct ipsec_sa *sa, struct ipsec_sa_stats *out)
{
    out->packets = sa->packets;
    out->bytes = sa->bytes;
    out->sequence = sa->direction == IPSEC_OPEN ? sa->way.replay.top : sa->way.sending.sequence;
    for (size_t i = 0; i < IPSEC_DROP_REASONS; i++) {
        out->drops[i] = sa->drops[i];
    }
}

uint64_t ipsec_sa_packets(const struct ipsec_sa *sa)
{
    return sa->packets;
}

uint64_t ipsec_sa_bytes(const struct ipsec_sa *sa)
{
    return sa->bytes;
}

uint32_t ipsec_sa_spi(const struct ipsec_sa *sa)
{
    return sa->spi;
}

void *ipsec_sa_user(const struct ipsec_sa *sa)
{
    return sa->user;
}

bool ipseci_sa_carries(const struct ipsec_sa *sa, const struct ipseci_flow *flow)
{
    const bool is_seal = sa->direction == IPSEC_SEAL;
    const enum ipseci_flow_end local = is_seal ? IPSECI_FLOW_SOURCE : IPSECI_FLOW_DESTINATION;
    const enum ipseci_flow_end remote = is_seal ? IPSECI_FLOW_DESTINATION : IPSECI_FLOW_SOURCE;
    return sa->local_count == 0 ||
           (ipseci_selectors_match(sa->selectors, sa->local_count, flow, local) &&
            ipseci_selectors_match(sa->selectors + sa->local_count, sa->remote_count, flow,
                                   remote));
}

void ipseci_sa_count_drop(struct ipsec_sa *sa, enum ipsec_status status)
{
    const size_t index = ipsec_drop_index(status);
    if (index < IPSEC_DROP_REASONS && sa->drops[index] != UINT32_MAX) {
        sa->drops[index]++;
    }
}
