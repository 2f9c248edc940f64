/* SPDX-License-Identifier: Apache-2.0
 *
 * Inbound half of fast_path.h. Called by open.c for each burst. RFC 4303 3.4, RFC 4106.
 */
#include "fast_path.h"
#include "plain_inline.h"

#define IV_BYTES    8u
#define HEAD_BYTES  (IPSECI_ESP_HEADER_BYTES + IV_BYTES)
#define ALIGN_BYTES 4u

/* False: not this way, and nothing has changed. */
static inline bool prepare(struct ipsec_packet *p, struct ipsec_sa *sa,
                           struct ipseci_esp_note *note, struct ipsec_crypto_op *op)
{
    uint8_t *esp = p->buffer + p->offset;
    const uint32_t around = HEAD_BYTES + sa->aead.tag_length;
    const uint8_t carrier = sa->udp_encapsulation ? IPSEC_CARRIER_UDP : IPSEC_CARRIER_ESP;
    if (p->carrier != carrier || !ipseci_esp_is_inside(p) || p->length < around + ALIGN_BYTES ||
        (p->length - around) % ALIGN_BYTES != 0) {
        return false;
    }
    const uint64_t word = ipseci_load64(esp); /* SPI and number */
    const uint32_t sequence = (uint32_t)word;
    if ((uint32_t)(word >> 32) != sa->spi || ipseci_sa_is_spent(sa, IPSECI_INNER_BYTES_MIN) ||
        (sequence <= sa->way.replay.top &&
         ipseci_replay_check(&sa->way.replay, sequence) != IPSEC_OK)) {
        return false;
    }
    op->key = sa->aead.first.key;
    op->data = esp + HEAD_BYTES;
    op->aad = esp;
    op->iv = esp + IPSECI_ESP_HEADER_BYTES;
    op->data_length = p->length - around;
    op->tag = op->data + op->data_length;
    op->aad_length = IPSECI_ESP_HEADER_BYTES;
    op->tail_length = 0;
    op->reserved = 0;
    op->status = IPSEC_FATAL_CRYPTO; /* should the provider leave it alone */
    note->packet = p;
    note->sequence = sequence;
    note->marks.traffic_class = p->traffic_class;
    p->flags &= (uint8_t)~IPSEC_PACKET_MOVED;
    return true;
}

size_t ipseci_fast_open_prepare(struct ipsec_packet *const packets[], size_t n,
                                struct ipseci_esp_batch *batch)
{
    size_t i = 0;
    for (; i < n; i++) {
        struct ipsec_packet *p = packets[i];
        struct ipsec_sa *sa = p->sa;
        const size_t at = batch->count;
        if (sa == NULL || (sa->shortcuts & IPSECI_SHORTCUT_OPEN) == 0 ||
            !prepare(p, sa, &batch->note[at], &batch->op[at])) {
            break;
        }
        ipseci_fast_add(batch, sa);
    }
    return i;
}

/* RFC 4303 2.4: the padding that aligning takes, by its octets, as they end a word. More may be
 * there, and is right, but does not come this way. */
static inline bool is_trailer_usual(const uint8_t *trailer)
{
    static const uint32_t endings[ALIGN_BYTES] = {0, 0x01, 0x0102, 0x010203};
    const uint32_t padding = trailer[0];
    if (padding >= ALIGN_BYTES || trailer[1] != IPSECI_ESP_NEXT_IPV4) {
        return false;
    }
    const uint32_t mask = (UINT32_C(1) << (8 * padding)) - 1;
    return ((ipseci_load32(trailer - sizeof(uint32_t)) ^ endings[padding]) & mask) == 0;
}

/* False: not this way, and nothing has changed. */
static inline bool finish(const struct ipseci_esp_note *note, const struct ipsec_crypto_op *op)
{
    struct ipsec_packet *p = note->packet;
    struct ipsec_sa *sa = p->sa;
    if (op->status != IPSEC_OK || (sa->shortcuts & IPSECI_SHORTCUT_OPEN) == 0 ||
        op->data_length < IPSECI_IPV4_HEADER_BYTES + ALIGN_BYTES) {
        return false;
    }
    const uint8_t *ip = op->data;
    const uint8_t *trailer = ip + op->data_length - IPSECI_ESP_TRAILER_BYTES;
    if (!is_trailer_usual(trailer) || (note->marks.traffic_class & IPSECI_ECN_MASK) != 0 ||
        !ipseci_plain_carries(sa, IPSEC_OPEN, ip,
                              op->data_length - IPSECI_ESP_TRAILER_BYTES - trailer[0])) {
        return false;
    }
    const uint32_t length = ipseci_load16(ip + IPSECI_PLAIN_TOTAL_AT);
    const bool moved = ipseci_esp_has_moved(sa, p, note->sequence);
    if (ipseci_sa_is_spent(sa, length) ||
        ipseci_replay_enter_next(&sa->way.replay, note->sequence) != IPSEC_OK) {
        return false;
    }
    sa->packets++;
    sa->bytes += length;
    p->flags |= moved ? IPSEC_PACKET_MOVED : 0;
    p->offset = (uint32_t)(ip - p->buffer);
    p->length = length; /* RFC 4303 2.7: TFC padding stays behind */
    p->next_header = IPSECI_ESP_NEXT_IPV4;
    p->status = IPSEC_OK;
    return true;
}

size_t ipseci_fast_open_finish(const struct ipseci_esp_batch *batch, size_t from)
{
    size_t i = from;
    while (i < batch->count && finish(&batch->note[i], &batch->op[i])) {
        i++;
    }
    return i - from;
}
