/* SPDX-License-Identifier: Apache-2.0
 *
 * Inbound ESP: ESP packet -> inner packet, in place, in batches. Called by lib/gw and by users with
 * manual keys. RFC 4303 3.4.
 *
 *   prepare  outer headers, lengths, SPI, replay check
 *   batch    ICV, then decryption
 *   finish   replay window, padding; then the SA's mode makes the packet of it
 *
 * A packet that fails leaves the SA as it was but for a counter: the window moves only for an
 * authenticated number.
 */
#include "fast_path.h"
#include "mode.h"
#include "tunnel.h"

/* RFC 7296 2.23: bare and in UDP are told apart, unless both were agreed on. VPP e7901e88302: the
 * port belongs to it, where the UDP header is here to be seen. */
static bool is_encapsulation_right(const struct ipsec_sa *sa, const struct ipseci_located *place)
{
    if (!sa->accept_any_encapsulation && place->in_udp != sa->udp_encapsulation) {
        return false;
    }
    return place->dst_port == 0 || sa->local.port == 0 || place->dst_port == sa->local.port;
}

/* Everything that lengths alone can tell; no octet of the packet is read before. */
static enum ipsec_status check_lengths(const struct ipsec_sa *sa, uint32_t length)
{
    const uint32_t around =
        (uint32_t)IPSECI_ESP_HEADER_BYTES + sa->aead.iv_length + sa->aead.tag_length;
    if (length < around + sa->aead.block) {
        return IPSEC_DROP_TRUNCATED;
    }
    const uint32_t block = sa->aead.block; /* a power of two */
    return ((length - around) & (block - 1)) == 0 ? IPSEC_OK : IPSEC_DROP_MALFORMED;
}

static enum ipsec_status check_number(const struct ipsec_sa *sa, const uint8_t *esp,
                                      uint64_t *sequence)
{
    const uint32_t low = ipseci_esp_sequence(esp);
    *sequence = sa->esn ? ipseci_replay_extend(&sa->way.replay, low) : low;
    if (sa->no_replay_check) {
        return IPSEC_OK;
    }
    return ipseci_replay_check(&sa->way.replay, *sequence);
}

enum ipsec_status ipseci_open_prepare(struct ipsec_packet *p, struct ipseci_esp_note *note,
                                      struct ipsec_crypto_op *op)
{
    if (!ipseci_esp_is_usable(p, IPSEC_OPEN)) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct ipsec_sa *sa = p->sa;
    struct ipseci_located place;
    uint64_t sequence;
    p->flags &= (uint8_t)~IPSEC_PACKET_MOVED;
    IPSECI_TRY(ipseci_tunnel_locate(p, &place));
    if (!is_encapsulation_right(sa, &place)) {
        return IPSEC_DROP_ENCAPSULATION;
    }
    IPSECI_TRY(check_lengths(sa, place.length));
    uint8_t *esp = p->buffer + p->offset + place.at;
    if (ipseci_esp_spi(esp) != sa->spi) {
        return IPSEC_DROP_SPI;
    }
    if (ipseci_sa_is_spent(sa, IPSECI_INNER_BYTES_MIN)) {
        return IPSEC_DROP_EXPIRED;
    }
    IPSECI_TRY(check_number(sa, esp, &sequence));

    const uint32_t head = IPSECI_ESP_HEADER_BYTES + (uint32_t)sa->aead.iv_length;
    op->data = esp + head;
    op->data_length = place.length - head - sa->aead.tag_length;
    op->tag = op->data + op->data_length;
    ipseci_esp_bind(op, sa, esp, sequence);
    note->packet = p;
    note->sequence = sequence;
    note->marks.traffic_class = place.traffic_class;
    return IPSEC_OK;
}

/* RFC 4303 3.4.3: the window moves only now, after the ICV was right. Checking again here finds
 * copies inside one batch. */
static enum ipsec_status enter_number(struct ipsec_sa *sa, uint64_t sequence)
{
    if (sa->no_replay_check) {
        ipseci_replay_follow(&sa->way.replay, sequence);
        return IPSEC_OK;
    }
    return ipseci_replay_enter(&sa->way.replay, sequence);
}

/* RFC 4303 2.4, 2.5: takes padding and trailer off. VPP ef5a3e9eaac: the pad length is held against
 * the octets there are. */
static enum ipsec_status strip_trailer(const struct ipsec_crypto_op *op,
                                       struct ipseci_payload_out *out)
{
    const uint8_t *trailer = op->data + op->data_length - IPSECI_ESP_TRAILER_BYTES;
    const uint32_t room = op->data_length - IPSECI_ESP_TRAILER_BYTES;
    const uint32_t padding = trailer[0];
    if (padding > room) {
        return IPSEC_DROP_PADDING;
    }
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < padding; i++) {
        wrong |= (uint32_t)(trailer - padding)[i] ^ (i + 1);
    }
    out->data = op->data;
    out->length = room - padding;
    out->next_header = trailer[1];
    return wrong == 0 ? IPSEC_OK : IPSEC_DROP_PADDING;
}

enum ipsec_status ipseci_open_finish(const struct ipseci_esp_note *note,
                                     const struct ipsec_crypto_op *op)
{
    struct ipsec_packet *p = note->packet;
    struct ipsec_sa *sa = p->sa;
    struct ipseci_payload_out out;
    IPSECI_TRY((enum ipsec_status)op->status);
    const bool moved = ipseci_esp_has_moved(sa, p, note->sequence);
    IPSECI_TRY(enter_number(sa, note->sequence));
    p->flags |= moved ? IPSEC_PACKET_MOVED : 0;
    /* The hard limit once more: others of this batch have counted since. */
    if (ipseci_sa_is_spent(sa, IPSECI_INNER_BYTES_MIN)) {
        return IPSEC_DROP_EXPIRED;
    }
    sa->packets++;
    IPSECI_TRY(strip_trailer(op, &out));
    /* RFC 4303 2.6: a dummy packet is dropped without complaint. */
    if (out.next_header == IPSECI_ESP_NEXT_DUMMY) {
        return IPSEC_DROP_DUMMY;
    }
    return sa->mode->deliver(note, &out);
}

static void prepare_one(struct ipsec_packet *p, struct ipseci_esp_batch *batch)
{
    const size_t at = batch->count;
    const enum ipsec_status status = ipseci_open_prepare(p, &batch->note[at], &batch->op[at]);
    ipseci_esp_settle(p, status);
    if (status == IPSEC_OK) {
        ipseci_esp_add(batch, p);
    }
}

static size_t finish_one(const struct ipseci_esp_note *note, const struct ipsec_crypto_op *op)
{
    const enum ipsec_status status = ipseci_open_finish(note, op);
    ipseci_esp_settle(note->packet, status);
    return status == IPSEC_OK;
}

/* What goes the fast way comes in rows; what ends a row goes the whole one. */
static size_t open_batch(struct ipsec_packet *const packets[], size_t n,
                         struct ipseci_esp_batch *batch)
{
    size_t opened = 0;
    ipseci_esp_begin(batch);
    for (size_t i = 0; i < n; i++) {
        i += ipseci_fast_open_prepare(packets + i, n - i, batch);
        if (i < n) {
            prepare_one(packets[i], batch);
        }
    }
    ipseci_fast_run(batch);
    for (size_t i = 0; i < batch->count; i++) {
        const size_t fast = ipseci_fast_open_finish(batch, i);
        i += fast;
        opened += fast;
        if (i < batch->count) {
            opened += finish_one(&batch->note[i], &batch->op[i]);
        }
    }
    return opened;
}

size_t ipsec_esp_open(struct ipsec_packet *const packets[], size_t n)
{
    struct ipseci_esp_batch batch;
    size_t opened = 0;
    for (size_t at = 0; at < n; at += IPSECI_ESP_BATCH_MAX) {
        const size_t left = n - at;
        opened += open_batch(packets + at,
                             left < IPSECI_ESP_BATCH_MAX ? left : IPSECI_ESP_BATCH_MAX, &batch);
    }
    return opened;
}
