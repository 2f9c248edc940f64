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
#include "mode.h"
#include "tunnel.h"

/* A packet of any traffic costs at least this much of the octet limit. */
#define INNER_BYTES_MIN 1u

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
    if (ipseci_sa_is_spent(sa, INNER_BYTES_MIN)) {
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

/* RFC 7296 2.23 (NATT-09): by the newest packet only, so that one that was held back, or comes a
 * second time, leads nobody away. Called before the number is entered. */
static bool has_moved(const struct ipsec_sa *sa, const struct ipsec_packet *p, uint64_t sequence)
{
    const bool known =
        p->remote.addr.family != IPSEC_FAMILY_NONE && sa->remote.addr.family != IPSEC_FAMILY_NONE;
    const bool other_port =
        sa->udp_encapsulation && p->remote.port != 0 && p->remote.port != sa->remote.port;

    return sequence > sa->way.replay.top && known &&
           (other_port || !ipsec_addr_equal(&p->remote.addr, &sa->remote.addr));
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
    const bool moved = has_moved(sa, p, note->sequence);
    IPSECI_TRY(enter_number(sa, note->sequence));
    p->flags |= moved ? IPSEC_PACKET_MOVED : 0;
    /* The hard limit once more: others of this batch have counted since. */
    if (ipseci_sa_is_spent(sa, INNER_BYTES_MIN)) {
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

static size_t open_batch(struct ipsec_packet *const packets[], size_t n,
                         struct ipseci_esp_batch *batch)
{
    size_t opened = 0;
    batch->count = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t at = batch->count;
        const enum ipsec_status status =
            ipseci_open_prepare(packets[i], &batch->note[at], &batch->op[at]);
        ipseci_esp_settle(packets[i], status);
        if (status == IPSEC_OK) {
            ipseci_esp_add(batch, packets[i]);
        }
    }
    ipseci_aead_run(batch->aead, batch->ops, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        const enum ipsec_status status = ipseci_open_finish(&batch->note[i], &batch->op[i]);
        ipseci_esp_settle(batch->note[i].packet, status);
        opened += status == IPSEC_OK;
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
