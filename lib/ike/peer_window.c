/* SPDX-License-Identifier: Apache-2.0
 *
 * The window of the peer's requests (RFC 7296 2.3): which message IDs are new, which were answered,
 * and the answers that may be asked for again. Called by the engine's input, commit.c and the files
 * that own IKE SAs.
 *
 * A window of one costs an SA nothing beyond its one stored reply. A wider one has further places
 * for replies and a word of bits, in tables of their own by the number of the SA's slot; what is
 * too long for a place lies in the buffer pool, as everywhere. The wider window of an SA counts
 * from when we have told the peer of it (SET_WINDOW_SIZE), and begins anew at one with a rekey.
 *
 * For our own requests the window is one whatever the peer offers: RFC 7296 2.3 lets an end have
 * fewer outstanding than it may, so the peer's SET_WINDOW_SIZE needs no reading (MSGID-07).
 */
#include "engine.h"

#include <string.h>

static uint32_t slot_number(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    return ipseci_pool_index(&ike->sas, sa->self);
}

static uint32_t window_of(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    return sa->wide ? ike->config.window : 1;
}

/* The place of the reply to this message ID; the one before in it is a whole window older: the peer
 * has that, or it could not have sent this request. */
struct ipseci_stored *ipseci_reply_slot(const struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                        uint32_t id)
{
    const uint32_t place = id % ike->config.window;

    if (place == 0) {
        return &sa->reply;
    }
    return &ike->more_replies[(size_t)slot_number(ike, sa) * (ike->config.window - 1) + place - 1];
}

void ipseci_replies_release(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    for (uint32_t i = 0; i < ike->config.window; i++) {
        ipseci_store_release(ike, ipseci_reply_slot(ike, sa, i));
    }
    if (ike->config.window > 1) {
        ike->answered_ahead[slot_number(ike, sa)] = 0;
    }
}

/* Answered though the request before it was not, yet. */
static bool answered_ahead(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t id)
{
    const uint32_t ahead = id - sa->expected_id;

    if (ike->config.window == 1 || id <= sa->expected_id || ahead > IPSECI_WINDOW_MAX) {
        return false;
    }
    return (ike->answered_ahead[slot_number(ike, sa)] >> (ahead - 1) & 1) != 0;
}

bool ipseci_window_awaits(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t id)
{
    return id >= sa->expected_id && id - sa->expected_id < window_of(ike, sa) &&
           !answered_ahead(ike, sa, id);
}

bool ipseci_window_newest(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t id)
{
    if (ike->config.window == 1 || id < sa->expected_id) {
        return id >= sa->expected_id;
    }
    return ike->answered_ahead[slot_number(ike, sa)] >> (id - sa->expected_id) == 0;
}

void ipseci_request_answered(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, uint32_t id)
{
    bool next = false;

    if (ike->config.window == 1) {
        sa->expected_id = id + 1;
        return;
    }
    uint32_t *bits = &ike->answered_ahead[slot_number(ike, sa)];
    if (id != sa->expected_id) {
        *bits |= (uint32_t)1 << (id - sa->expected_id - 1);
        return;
    }
    do {
        next = (*bits & 1) != 0;
        *bits >>= 1;
        sa->expected_id++;
    } while (next);
}

static bool was_answered(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t id)
{
    return id < sa->expected_id || answered_ahead(ike, sa, id);
}

/* A request waits for a question or a job. In a wider window what needs neither goes on meanwhile;
 * the rest comes again. */
static enum ipsec_status while_busy(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                    const struct ipseci_message *in)
{
    const struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->peer_handshake);

    if (!sa->wide || hs == NULL || hs->parked_header.message_id == in->header.message_id) {
        return IPSEC_DROP_DUPLICATE;
    }
    return in->header.exchange == IPSECI_EXCHANGE_INFORMATIONAL ? IPSEC_OK : IPSEC_DROP_FULL;
}

/* IPSEC_OK: new. A duplicate is answered with the stored reply, bit for bit (MSGID-02); nothing is
 * worked on twice (MSGID-03). */
enum ipsec_status ipseci_window_request(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                        const struct ipseci_message *in)
{
    const uint32_t id = in->header.message_id;
    const uint32_t window = window_of(ike, sa);

    if (ipseci_window_awaits(ike, sa, id)) {
        if (id == UINT32_MAX) {
            return IPSEC_FATAL_MESSAGE_ID; /* MSGID-11 */
        }
        return sa->peer_busy ? while_busy(ike, sa, in) : IPSEC_OK; /* MSGID-12 */
    }
    if (!was_answered(ike, sa, id) || was_answered(ike, sa, id + window)) {
        return IPSEC_DROP_MESSAGE_ID; /* MSGID-08 */
    }
    const struct ipsec_view reply = ipseci_stored_view(ike, ipseci_reply_slot(ike, sa, id));
    /* RFC 7383 2.6.1: of a request that comes again in pieces the first one is answered (FRAG-06)
     */
    if (reply.length > 0 && in->fragment <= 1) {
        ike->counters.duplicates_answered++;
        ipseci_transmit(ike, &in->local, &in->remote, reply);
        ipseci_emit_sent(ike, sa, reply, ipseci_view(NULL, 0));
    }
    return IPSEC_DROP_DUPLICATE;
}
