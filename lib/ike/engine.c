/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine's input: datagrams and time. Finds the SA, checks role and SPIs, opens what is
 * protected, and hands messages to run.c. Every public call passes ipseci_enter and ipseci_leave.
 */
#include "mobility.h"
#include "reauth.h"
#include "udp_encap.h"

#include <string.h>

enum ipsec_status ipseci_enter(struct ipsec_ike *ike, ipsec_ms now)
{
    if (ike == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (ike->busy) {
        return IPSEC_ERR_REENTRY;
    }
    ike->busy = true;
    if (now < ike->now) {
        ike->counters.clock_stepped_back++; /* clamped: time stands still until it catches up */
        if (ike->counters.clock_stepped_back == 1) {
            ipseci_emit_warnings(ike, NULL, 1u << IPSEC_WARNING_CLOCK);
        }
    } else {
        ike->now = now;
    }
    return IPSEC_OK;
}

void ipseci_leave(struct ipsec_ike *ike)
{
    ipseci_children_catch_up(ike);
    for (int i = 0; i < 2 * IPSECI_TOUCHED_MAX && ike->touched_count > 0; i++) {
        ike->touched_count--;
        const ipsec_handle handle = ike->touched[ike->touched_count];
        ipseci_schedule(ike, handle);
        struct ipseci_ike_sa *sa = ipseci_sa_get(ike, handle);
        if (sa != NULL && sa->state >= IPSECI_IKE_ESTABLISHED) {
            ipseci_life_update_ike(ike, sa);
        }
    }
    ike->touched_count = 0;
    if (ike->whole != 0) {
        (void)ipseci_pool_release(&ike->reassemblies, ike->whole);
        ike->whole = 0;
    }
    if (ike->step->w.start != NULL) {
        ipseci_wipe(ike->step, sizeof(*ike->step)); /* it may have held keys */
    }
    ike->busy = false;
}

/* ---- input -------------------------------------------------------------------------------------
 */

static enum ipsec_status strip_marker(const struct ipsec_ike *ike,
                                      const struct ipsec_packet *packet, struct ipsec_view *message)
{
    *message = ipseci_view(packet->buffer + packet->offset, packet->length);
    if (packet->local.port != ike->config.natt_port) {
        return IPSEC_OK;
    }
    if (message->length == 1 && message->data[0] == IPSECI_KEEPALIVE_OCTET) {
        return IPSEC_DROP_KEEPALIVE; /* NATT-06 */
    }
    if (message->length < IPSECI_MARKER_BYTES) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (ipseci_load32(message->data) != 0) {
        return IPSEC_DROP_SPI; /* ESP: not ours to handle */
    }
    message->data += IPSECI_MARKER_BYTES;
    message->length -= IPSECI_MARKER_BYTES;
    return IPSEC_OK;
}

/* A copy of an IKE_SA_INIT request we have answered: answered again, bit for bit (MSGID-06). */
static enum ipsec_status repeat_init(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                     const struct ipseci_message *in)
{
    const struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->peer_handshake);

    if (hs != NULL && sa->state == IPSECI_IKE_INIT_REPLIED &&
        hs->peer_init.length == in->raw.length &&
        memcmp(hs->peer_init.data, in->raw.data, in->raw.length) == 0 &&
        ipseci_gate_repeat(ike, in)) {
        const struct ipsec_view reply = ipseci_view(hs->own_init.data, hs->own_init.length);
        ike->counters.duplicates_answered++;
        ipseci_transmit(ike, &in->local, &in->remote, reply);
        ipseci_emit_sent(ike, sa, reply, ipseci_view(NULL, 0));
    }
    return IPSEC_DROP_DUPLICATE;
}

static enum ipsec_status first_contact(struct ipsec_ike *ike, struct ipseci_message *in)
{
    const struct ipseci_ike_header *h = &in->header;
    const struct ipseci_ike_sa *known = ipseci_sa_by_init(ike, h->spi_i, &in->remote);

    if ((h->flags & IPSECI_FLAG_INITIATOR) == 0) {
        return IPSEC_DROP_ROLE; /* VER-08 */
    }
    if (h->spi_r != 0) {
        return IPSEC_DROP_SPI;
    }
    if (h->message_id != 0) {
        return IPSEC_DROP_MESSAGE_ID;
    }
    IPSECI_TRY(ipseci_message_parse(in->raw, &in->header, &in->payloads));
    if (known != NULL) {
        return repeat_init(ike, known, in);
    }
    ipseci_emit_message(ike, NULL, in, false);
    return ipseci_run_first(ike, in);
}

static enum ipsec_status init_answer(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                     struct ipseci_message *in)
{
    const bool waits = sa->state == IPSECI_IKE_INIT_SENT || sa->state == IPSECI_IKE_REFUSED;

    if ((in->header.flags & IPSECI_FLAG_RESPONSE) == 0 || !sa->initiator || !waits) {
        return IPSEC_DROP_EXCHANGE;
    }
    IPSECI_TRY(ipseci_message_parse(in->raw, &in->header, &in->payloads));
    ipseci_emit_message(ike, sa, in, false);
    return ipseci_run_response(ike, sa, in);
}

/* The answer is here already; a question or a job of ours is what takes long. */
static bool answer_in_hand(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);

    return hs != NULL && hs->waiting != IPSECI_NEED_NOTHING;
}

/* RFC 7383 2.6. IPSEC_OK: `in` is whole now. */
static enum ipsec_status take_fragment(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                       struct ipseci_message *in, bool response)
{
    const enum ipsec_status status = response && answer_in_hand(ike, sa)
                                         ? IPSEC_DROP_DUPLICATE
                                         : ipseci_fragments_collect(ike, sa, in);

    if (status == IPSEC_PENDING || status == IPSEC_DROP_DUPLICATE) {
        ipseci_emit_message(ike, sa, in, status != IPSEC_PENDING);
    }
    return status;
}

/* Authentic, and what this SA waits for. */
static enum ipsec_status awaited_message(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                         struct ipseci_message *in, bool response)
{
    if (in->fragments != 0) {
        const enum ipsec_status status = take_fragment(ike, sa, in, response);
        if (status != IPSEC_OK) {
            return status == IPSEC_PENDING ? IPSEC_OK : status;
        }
    } else {
        ipseci_fragments_forget(ike, sa->self, &in->header); /* FRAG-08: it came whole as well */
    }
    /* RFC 7296 2.4: only what is new proves that the peer lives; the rest may be a replay. */
    sa->last_heard = ike->now;
    if (sa->state == IPSECI_IKE_ESTABLISHED && (!sa->proven || sa->crossed)) {
        ipseci_heir_heard(ike, sa);
    }
    if (response || ipseci_window_newest(ike, sa, in->header.message_id)) {
        (void)ipseci_follow(ike, sa, &in->remote, in->local.port);
    }
    if (response) {
        ipseci_path_works(ike, sa);
    }
    ipseci_emit_message(ike, sa, in, false);
    return response ? ipseci_run_response(ike, sa, in) : ipseci_run_request(ike, sa, in);
}

static enum ipsec_status protected_message(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                           struct ipsec_packet *datagram, struct ipseci_message *in)
{
    const struct ipsec_view message = in->raw;

    if (!sa->keys_ready) {
        return IPSEC_DROP_EXCHANGE; /* AUTH-34 */
    }
    IPSECI_TRY(ipseci_sk_open(ike, sa, datagram, message, in));
    if ((in->header.flags & IPSECI_FLAG_RESPONSE) != 0) {
        const bool expected = sa->task != IPSECI_TASK_NONE && sa->tries > 0 &&
                              in->header.message_id == sa->request_id;
        return expected ? awaited_message(ike, sa, in, true) : IPSEC_DROP_MESSAGE_ID;
    }
    const enum ipsec_status window = ipseci_window_request(ike, sa, in);
    if (window == IPSEC_DROP_DUPLICATE) {
        ipseci_emit_message(ike, sa, in, true);
    }
    if (window == IPSEC_FATAL_MESSAGE_ID) {
        ipseci_ike_close(ike, sa, IPSEC_REASON_LIFETIME);
    }
    return window == IPSEC_OK ? awaited_message(ike, sa, in, false) : window;
}

static enum ipsec_status for_sa(struct ipsec_ike *ike, struct ipsec_packet *datagram,
                                struct ipseci_message *in)
{
    const struct ipseci_ike_header *h = &in->header;
    const bool from_initiator = (h->flags & IPSECI_FLAG_INITIATOR) != 0;
    struct ipseci_ike_sa *sa = ipseci_sa_by_spi(ike, from_initiator ? h->spi_r : h->spi_i);

    if (sa == NULL) {
        ipseci_stray_spi(ike, in);
        return IPSEC_DROP_SPI; /* INFO-15 */
    }
    if (sa->initiator == from_initiator) {
        return IPSEC_DROP_ROLE; /* VER-08, SK-10: our own message come back */
    }
    ipseci_touch(ike, sa->self);
    if (h->exchange == IPSECI_EXCHANGE_IKE_SA_INIT) {
        return init_answer(ike, sa, in);
    }
    if (from_initiator ? h->spi_i != sa->spi_i : h->spi_r != sa->spi_r) {
        return IPSEC_DROP_SPI;
    }
    return protected_message(ike, sa, datagram, in);
}

static enum ipsec_status take_datagram(struct ipsec_ike *ike, struct ipsec_packet *datagram)
{
    struct ipseci_message *in = ike->message;

    memset(in, 0, sizeof(*in));
    IPSECI_TRY(strip_marker(ike, datagram, &in->raw));
    if (in->raw.length > ike->config.message_bytes) {
        return IPSEC_DROP_TOO_BIG;
    }
    in->local = datagram->local;
    in->remote = datagram->remote;
    const enum ipsec_status parsed = ipseci_ike_header_parse(in->raw, &in->header);
    if (parsed == IPSEC_DROP_VERSION) {
        ipseci_stray_version(ike, in);
    }
    IPSECI_TRY(parsed);
    if (in->header.spi_i == 0) {
        return IPSEC_DROP_SPI; /* INIT-03 */
    }
    const bool request = (in->header.flags & IPSECI_FLAG_RESPONSE) == 0;
    if (in->header.exchange == IPSECI_EXCHANGE_IKE_SA_INIT && request) {
        return first_contact(ike, in);
    }
    return for_sa(ike, datagram, in);
}

enum ipsec_status ipsec_ike_input(struct ipsec_ike *ike, struct ipsec_packet *datagram,
                                  ipsec_ms now)
{
    if (ike == NULL || datagram == NULL || datagram->buffer == NULL ||
        datagram->offset > datagram->capacity ||
        datagram->length > datagram->capacity - datagram->offset) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    ike->counters.messages_in++;
    const enum ipsec_status status = take_datagram(ike, datagram);
    const size_t index = ipsec_drop_index(status);
    if (index < IPSEC_DROP_REASONS) {
        ike->counters.drops[index]++;
        ipseci_emit_drop(ike, status, &datagram->remote);
    }
    ipseci_leave(ike);
    return status;
}

/* ---- time --------------------------------------------------------------------------------------
 */

/* What was waited for is the peer, unless its request is here and the answer to a question of ours,
 * or work that was given away, is not. */
static void half_open_over(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    const uint8_t waited_for = ipseci_waits_for(ipseci_handshake_get(ike, sa->peer_handshake));
    const bool ours = waited_for != IPSEC_QUESTION_NONE;
    const struct ipsec_failure failure = {
        .phase = sa->state == IPSECI_IKE_NEW ? IPSEC_PHASE_IKE_SA_INIT : IPSEC_PHASE_IKE_AUTH,
        .cause = ours ? IPSEC_CAUSE_RESOURCE : IPSEC_CAUSE_SILENT_PEER,
        .refused_by = ours ? IPSEC_REFUSED_LOCAL : IPSEC_REFUSED_NOBODY,
        .waited_for = waited_for,
        .peer = sa->peer,
        .local = sa->local,
        .remote = sa->remote,
        .duration_ms = ike->now - sa->started,
    };

    if (sa->state == IPSECI_IKE_INIT_REPLIED || ours) {
        ipseci_emit_failure(ike, sa, &failure);
    }
    ipseci_ike_close(ike, sa, IPSEC_REASON_TIMEOUT);
}

static void exchange_due(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    switch ((enum ipseci_ike_state)sa->state) {
    case IPSECI_IKE_NEW:
    case IPSECI_IKE_INIT_REPLIED:
        half_open_over(ike, sa);
        return;
    case IPSECI_IKE_REFUSED:
        ipseci_ike_close(ike, sa, IPSEC_REASON_FAILURE);
        return;
    case IPSECI_IKE_INIT_SENT:
    case IPSECI_IKE_AUTH_SENT:
    case IPSECI_IKE_ESTABLISHED:
    case IPSECI_IKE_REPLACED:
    case IPSECI_IKE_CLOSING:
        ipseci_retransmit_due(ike, sa);
        return;
    }
}

static void timer_due(struct ipsec_ike *ike, const struct ipseci_timer *timer)
{
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, timer->owner);
    struct ipseci_child *child = ipseci_child_get(ike, timer->owner);

    switch ((enum ipseci_timer_kind)timer->kind) {
    case IPSECI_TIMER_EXCHANGE:
        if (sa != NULL) {
            exchange_due(ike, sa);
        }
        return;
    case IPSECI_TIMER_LIFE:
        if (sa != NULL) {
            ipseci_life_due_ike(ike, sa);
        }
        return;
    case IPSECI_TIMER_CHILD:
        if (child != NULL) {
            ipseci_life_due_child(ike, child);
        }
        return;
    case IPSECI_TIMER_GATE:
        ipseci_gate_due(ike);
        return;
    case IPSECI_TIMER_KEEP_UP:
        ipseci_keep_up_due(ike, timer->owner);
        return;
    }
}

void ipsec_ike_expire(struct ipsec_ike *ike, ipsec_ms now)
{
    /* Each timer that is due once, and then control goes back: a timer that sets itself to the past
     * would come at the next call, not in an endless loop here. */
    const uint32_t bound = ike == NULL ? 0 : ike->timers.count;

    for (uint32_t i = 0; i < bound; i++) {
        if (ipseci_enter(ike, now) < IPSEC_OK) {
            return;
        }
        const struct ipseci_timer *timer = ipseci_timer_expire(&ike->timers, ike->now);
        if (timer != NULL) {
            timer_due(ike, timer);
        }
        ipseci_leave(ike);
        if (timer == NULL) {
            return;
        }
    }
}

ipsec_ms ipsec_ike_deadline(const struct ipsec_ike *ike)
{
    return ipseci_timer_due(&ike->timers);
}
