/* SPDX-License-Identifier: Apache-2.0
 *
 * Stored messages, our requests and their retransmission (RFC 7296 2.1 to 2.4), one at a time.
 * Called by the engine's input and timers and by commit.c. What the peer asks: peer_window.c.
 */
#include "engine.h"
#include "mobility.h"
#include "redirect.h"

#include <string.h>

struct ipsec_view ipseci_train_first(struct ipsec_view train)
{
    if (train.length < IPSECI_IKE_HEADER_BYTES) {
        return ipseci_view(NULL, 0);
    }
    const uint32_t length = ipseci_load32(train.data + IPSECI_IKE_LENGTH_AT);
    const bool fits = length >= IPSECI_IKE_HEADER_BYTES && length <= train.length;
    return ipseci_view(train.data, fits ? length : train.length);
}

/* One datagram, whose message lies so many octets into the engine's out buffer, behind room for a
 * marker: of a later fragment that is the end of the one before, which has left already. */
static void transmit_one(struct ipsec_ike *ike, struct ipsec_packet *packet, size_t at,
                         size_t length)
{
    packet->offset = (uint32_t)at;
    packet->length = (uint32_t)length;
    if (packet->local.port == ike->config.natt_port) {
        /* RFC 3948 2.2, RFC 7296 2.23: four zero octets tell IKE from ESP on this port (NATT-03) */
        packet->offset -= IPSECI_MARKER_BYTES;
        packet->length += IPSECI_MARKER_BYTES;
        memset(ike->out + packet->offset, 0, IPSECI_MARKER_BYTES);
    }
    ike->counters.messages_out++;
    if (ike->out[at + IPSECI_IKE_NEXT_PAYLOAD_AT] == IPSECI_PAYLOAD_SKF) {
        ike->counters.fragments_out++;
    }
    ike->config.callbacks.send(ike->config.user, packet);
}

/* The train lies IPSECI_MARKER_BYTES into the engine's out buffer, or is copied there. */
void ipseci_transmit(struct ipsec_ike *ike, const struct ipsec_endpoint *local,
                     const struct ipsec_endpoint *remote, struct ipsec_view train)
{
    uint8_t *at = ike->out + IPSECI_MARKER_BYTES;
    struct ipsec_packet packet = {
        .buffer = ike->out,
        .capacity = (uint32_t)(ike->config.message_bytes + IPSECI_MARKER_BYTES),
        .carrier = IPSEC_CARRIER_UDP,
        .local = *local,
        .remote = *remote,
    };

    if (train.length == 0 || train.length > ike->config.message_bytes) {
        return;
    }
    if (train.data != at) {
        memcpy(at, train.data, train.length);
    }
    struct ipsec_view rest = ipseci_view(at, train.length);
    while (rest.length > 0) {
        const struct ipsec_view one = ipseci_train_first(rest);
        struct ipsec_packet datagram = packet; /* the caller may have changed the last one */
        if (one.length == 0) {
            return;
        }
        transmit_one(ike, &datagram, (size_t)(one.data - ike->out), one.length);
        rest = ipseci_view(rest.data + one.length, rest.length - one.length);
    }
}

/* ---- stored messages ---------------------------------------------------------------------------
 */

void ipseci_store_release(struct ipsec_ike *ike, struct ipseci_stored *stored)
{
    if (stored->buffer != 0) {
        (void)ipseci_pool_release(&ike->buffers, stored->buffer);
    }
    stored->buffer = 0;
    stored->small_length = 0;
}

/* EXCEPTION: RFC 7296 2.1 wants a reply remembered until the next request. When buffers are short,
 * one that no peer can still be asking for is given up; its message ID stays remembered, so a late
 * duplicate is dropped and never worked on again. */
static bool reclaim_buffer(struct ipsec_ike *ike)
{
    struct ipseci_stored *oldest = NULL;
    uint32_t oldest_age = 0;
    struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = (struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) != NULL) {
        for (uint32_t i = 0; i < ike->config.window; i++) {
            struct ipseci_stored *reply = ipseci_reply_slot(ike, sa, i);
            const uint32_t age = (uint32_t)ike->now - reply->since;
            if (reply->buffer != 0 && age >= IPSECI_REPLY_KEEP_MS && age > oldest_age) {
                oldest = reply;
                oldest_age = age;
            }
        }
    }
    if (oldest != NULL) {
        ipseci_store_release(ike, oldest);
    }
    return oldest != NULL;
}

enum ipsec_status ipseci_store_reserve(struct ipsec_ike *ike, struct ipseci_stored *stored,
                                       size_t length)
{
    ipsec_handle handle;

    if (length <= IPSECI_SMALL_BYTES || stored->buffer != 0) {
        return IPSEC_OK;
    }
    if (ipseci_pool_take(&ike->buffers, &handle) == NULL &&
        (!reclaim_buffer(ike) || ipseci_pool_take(&ike->buffers, &handle) == NULL)) {
        return IPSEC_ERR_FULL;
    }
    stored->buffer = handle;
    return IPSEC_OK;
}

enum ipsec_status ipseci_store(struct ipsec_ike *ike, struct ipseci_stored *stored,
                               struct ipsec_view message)
{
    stored->since = (uint32_t)ike->now;
    if (message.length <= IPSECI_SMALL_BYTES) {
        ipseci_store_release(ike, stored);
        memcpy(stored->small, message.data, message.length);
        stored->small_length = (uint16_t)message.length;
        return IPSEC_OK;
    }
    IPSECI_TRY(ipseci_store_reserve(ike, stored, message.length));
    struct ipseci_buffer *buffer =
        (struct ipseci_buffer *)ipseci_pool_get(&ike->buffers, stored->buffer);
    if (buffer == NULL || message.length > ike->config.message_bytes) {
        return IPSEC_FATAL_INVARIANT;
    }
    memcpy(buffer->data, message.data, message.length);
    buffer->length = (uint32_t)message.length;
    stored->small_length = 0;
    return IPSEC_OK;
}

struct ipsec_view ipseci_stored_view(const struct ipsec_ike *ike,
                                     const struct ipseci_stored *stored)
{
    const struct ipseci_buffer *buffer =
        (const struct ipseci_buffer *)ipseci_pool_get(&ike->buffers, stored->buffer);

    if (buffer != NULL) {
        return ipseci_view(buffer->data, buffer->length);
    }
    return ipseci_view(stored->small, stored->small_length);
}

/* ---- our requests ------------------------------------------------------------------------------
 */

static struct ipsec_view outstanding(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);

    if (sa->task == IPSECI_TASK_SA_INIT && hs != NULL) {
        return ipseci_view(hs->own_init.data, hs->own_init.length);
    }
    return ipseci_stored_view(ike, &sa->request);
}

static ipsec_ms next_wait(const struct ipsec_ike *ike, uint32_t tries)
{
    uint64_t wait = ike->config.retransmit_first_ms;

    for (uint32_t i = 1; i < tries && wait < UINT32_MAX; i++) {
        wait = wait * ike->config.retransmit_factor_percent / 100;
    }
    return wait;
}

void ipseci_request_sent(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    sa->tries = 1;
    (void)ipseci_timer_set(&ike->timers, &sa->exchange_timer,
                           ipseci_after(ike->now, next_wait(ike, 1)));
}

void ipseci_request_done(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    ipseci_timer_cancel(&ike->timers, &sa->exchange_timer);
    ipseci_store_release(ike, &sa->request);
    sa->task = IPSECI_TASK_NONE;
    sa->task_child = 0;
    sa->tries = 0;
    sa->request_id++;
}

static void peer_is_silent(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    static const enum ipsec_phase phase_of[] = {
        [IPSECI_TASK_NONE] = IPSEC_PHASE_ESTABLISHED,
        [IPSECI_TASK_SA_INIT] = IPSEC_PHASE_IKE_SA_INIT,
        [IPSECI_TASK_AUTH] = IPSEC_PHASE_IKE_AUTH,
        [IPSECI_TASK_CHILD_CREATE] = IPSEC_PHASE_CHILD_CREATE,
        [IPSECI_TASK_CHILD_REKEY] = IPSEC_PHASE_CHILD_REKEY,
        [IPSECI_TASK_CHILD_DELETE] = IPSEC_PHASE_ESTABLISHED,
        [IPSECI_TASK_IKE_REKEY] = IPSEC_PHASE_IKE_REKEY,
        [IPSECI_TASK_IKE_DELETE] = IPSEC_PHASE_ESTABLISHED,
        [IPSECI_TASK_PROBE] = IPSEC_PHASE_ESTABLISHED,
        [IPSECI_TASK_UPDATE] = IPSEC_PHASE_ESTABLISHED,
        [IPSECI_TASK_CHECK] = IPSEC_PHASE_ESTABLISHED,
        [IPSECI_TASK_REDIRECT] = IPSEC_PHASE_ESTABLISHED,
    };
    const struct ipsec_failure failure = {
        .phase = phase_of[sa->task],
        .cause = IPSEC_CAUSE_SILENT_PEER,
        .refused_by = IPSEC_REFUSED_NOBODY,
        .initiator = true,
        .peer = sa->peer,
        .local = sa->local,
        .remote = sa->remote,
        .attempts = sa->tries,
        .duration_ms = ike->now - sa->started,
    };

    if (sa->task == IPSECI_TASK_IKE_DELETE) {
        ipseci_ike_close(ike, sa,
                         sa->reason != 0 ? (enum ipsec_reason)sa->reason : IPSEC_REASON_LOCAL);
        return; /* we wanted it gone, and it is */
    }
    ipseci_emit_failure(ike, sa, &failure);
    ipseci_ike_close(ike, sa, IPSEC_REASON_TIMEOUT); /* RFC 7296 2.4 (MSGID-05) */
}

static void send_again(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    const struct ipsec_view message = outstanding(ike, sa);

    sa->tries++;
    sa->sent_at = (uint32_t)ike->now;
    ike->counters.retransmissions++;
    (void)ipseci_timer_set(&ike->timers, &sa->exchange_timer,
                           ipseci_after(ike->now, next_wait(ike, sa->tries)));
    ipseci_transmit(ike, &sa->local, &sa->remote, message);
    ipseci_emit_sent(ike, sa, message, ipseci_view(NULL, 0));
}

void ipseci_request_again(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    const struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);
    const bool answered = hs != NULL && hs->waiting != IPSECI_NEED_NOTHING;

    if (sa->task != IPSECI_TASK_NONE && sa->tries > 0 && !answered) {
        sa->tries = 0;
        send_again(ike, sa);
    }
}

void ipseci_retransmit_due(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    const struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);
    const ipsec_ms again = ipseci_after(ike->now, next_wait(ike, sa->tries + 1u));

    const bool asks =
        hs != NULL && (hs->waiting == IPSECI_NEED_SECRET || hs->waiting == IPSECI_NEED_EAP);

    if (hs != NULL && hs->waiting == IPSECI_NEED_RESOLVE) {
        ipseci_redirect_unresolved(ike, sa); /* the caller never answered */
        return;
    }
    if (asks && (sa->tries == 0 || sa->tries > ipseci_path_tries(ike, sa))) {
        ipseci_task_failed(ike, sa,
                           IPSEC_OK); /* the caller never answered; the peer has long given up */
        return;
    }
    if (hs != NULL && hs->waiting != IPSECI_NEED_NOTHING) {
        /* The answer is here; a question or a job of ours is what takes long. */
        sa->tries = (uint8_t)(sa->tries + (asks ? 1 : 0));
        (void)ipseci_timer_set(&ike->timers, &sa->exchange_timer, again);
        return;
    }
    if (sa->tries <= ipseci_path_tries(ike, sa)) {
        send_again(ike, sa);
    } else if (ipseci_path_next(ike, sa)) {
        ipseci_request_again(ike, sa);
    } else {
        peer_is_silent(ike, sa);
    }
}
