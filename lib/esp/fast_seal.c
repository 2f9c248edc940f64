/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbound half of fast_path.h, and which SAs go that way. Called by seal.c for each burst and by
 * sa.c. RFC 4303 3.3, RFC 4106.
 */
#include "fast_path.h"
#include "mode.h"
#include "plain_inline.h"

#include <string.h>

#define IV_BYTES      8u
#define HEAD_BYTES    (IPSECI_ESP_HEADER_BYTES + IV_BYTES)
#define ALIGN_BYTES   4u
#define TRAILER_ROOM  8u /* octets written behind the inner packet at once */
#define TAG_BYTES_MIN (TRAILER_ROOM - IPSECI_ESP_TRAILER_BYTES)
#define IP_BYTES_MAX  65535u

/* One pass of one provider, and every packet's octets at places known from its length alone. */
static bool is_usual_suite(const struct ipsec_sa *sa)
{
    const struct ipseci_aead *a = &sa->aead;
    return a->is_aead && a->is_single && !sa->esn && sa->iv_source == IPSECI_IV_COUNTER &&
           a->iv_length == IV_BYTES && a->block == ALIGN_BYTES && a->tag_length >= TAG_BYTES_MIN;
}

static uint8_t way_out_of(const struct ipsec_sa *sa)
{
    if (sa->outer != IPSEC_OUTER_IP) {
        return IPSECI_SHORTCUT_SEAL | IPSECI_SHORTCUT_BARE;
    }
    const bool is_ipv4 = sa->local.addr.family == IPSEC_FAMILY_IPV4 && !sa->udp_encapsulation;
    return IPSECI_SHORTCUT_SEAL | (is_ipv4 ? IPSECI_SHORTCUT_IPV4 : 0);
}

void ipseci_fast_choose(struct ipsec_sa *sa)
{
    sa->shortcuts &= IPSECI_SHORTCUT_PLAIN;
    if (sa->shortcuts == 0 || sa->mode != &ipseci_mode_tunnel || !is_usual_suite(sa)) {
        return;
    }
    if (sa->direction == IPSEC_SEAL) {
        sa->shortcuts |= way_out_of(sa);
    } else if (!sa->no_replay_check) {
        sa->shortcuts |= IPSECI_SHORTCUT_OPEN;
    }
}

/* RFC 4303 2.4: padding, pad length and next header of an IPv4 packet, by the octets of padding,
 * and zeros up to TRAILER_ROOM, where the ICV comes later. */
static const uint64_t trailers[ALIGN_BYTES] = {UINT64_C(0x0004) << 48, UINT64_C(0x010104) << 40,
                                               UINT64_C(0x01020204) << 32,
                                               UINT64_C(0x0102030304) << 24};

/* False: not this way, and nothing has changed. */
static inline bool prepare(struct ipsec_packet *p, struct ipsec_sa *sa,
                           struct ipseci_esp_note *note, struct ipsec_crypto_op *op)
{
    uint8_t *ip = p->buffer + p->offset;
    if ((p->flags & (IPSEC_PACKET_DUMMY | IPSEC_PACKET_TFC)) != 0 || !ipseci_esp_is_inside(p) ||
        !ipseci_plain_carries(sa, IPSEC_SEAL, ip, p->length)) {
        return false;
    }
    const uint32_t length = ipseci_load16(ip + IPSECI_PLAIN_TOTAL_AT);
    const uint32_t padding = (0u - (length + IPSECI_ESP_TRAILER_BYTES)) & (ALIGN_BYTES - 1);
    const uint32_t head = HEAD_BYTES + sa->outer_length;
    const uint32_t tail = padding + IPSECI_ESP_TRAILER_BYTES + sa->aead.tag_length;
    if (p->offset < head || p->capacity - p->offset - length < tail ||
        length + head + tail > IP_BYTES_MAX || ipseci_sa_is_spent(sa, length)) {
        return false;
    }
    ipseci_sa_count_number(sa, length);
    const uint64_t sequence = sa->way.sending.sequence;
    uint8_t *esp = ip - HEAD_BYTES;
    uint8_t *trailer = ip + length;
    ipseci_store64(esp, (uint64_t)sa->spi << 32 | sequence); /* of 32 bits */
    ipseci_store64(esp + IPSECI_ESP_HEADER_BYTES, sequence);
    ipseci_store64(trailer, trailers[padding]);

    op->key = sa->aead.first.key;
    op->data = ip;
    op->aad = esp;
    op->iv = esp + IPSECI_ESP_HEADER_BYTES;
    op->tag = trailer + padding + IPSECI_ESP_TRAILER_BYTES;
    op->data_length = length + padding + IPSECI_ESP_TRAILER_BYTES;
    op->aad_length = IPSECI_ESP_HEADER_BYTES;
    op->tail_length = 0;
    op->reserved = 0;
    op->status = IPSEC_FATAL_CRYPTO; /* should the provider leave it alone */
    note->packet = p;
    note->marks = (struct ipseci_marks){.traffic_class = ip[IPSECI_PLAIN_CLASS_AT]};
    return true;
}

size_t ipseci_fast_seal_prepare(struct ipsec_packet *const packets[], size_t n,
                                struct ipseci_esp_batch *batch)
{
    size_t i = 0;
    for (; i < n; i++) {
        struct ipsec_packet *p = packets[i];
        struct ipsec_sa *sa = p->sa;
        const size_t at = batch->count;
        if (sa == NULL || (sa->shortcuts & IPSECI_SHORTCUT_SEAL) == 0 ||
            !prepare(p, sa, &batch->note[at], &batch->op[at])) {
            break;
        }
        ipseci_fast_add(batch, sa);
    }
    return i;
}

static inline void wrap_ipv4(const struct ipseci_esp_note *note, uint8_t *esp, uint32_t total)
{
    const struct ipsec_sa *sa = note->packet->sa;
    uint8_t *ip = esp - IPSECI_IPV4_HEADER_BYTES;
    memcpy(ip, sa->outer_header, IPSECI_IPV4_HEADER_BYTES);
    /* RFC 6864 4.3, as in tunnel.c. */
    ipseci_ipv4_finish(ip, note->marks.traffic_class, (uint16_t)total,
                       (uint16_t)(ipseci_esp_sequence(esp) + sa->spi));
}

/* False: not this way, and nothing has changed. */
static inline bool finish(const struct ipseci_esp_note *note, const struct ipsec_crypto_op *op)
{
    struct ipsec_packet *p = note->packet;
    const struct ipsec_sa *sa = p->sa;
    const uint8_t way = sa->shortcuts;
    if (op->status != IPSEC_OK || (way & (IPSECI_SHORTCUT_BARE | IPSECI_SHORTCUT_IPV4)) == 0) {
        return false;
    }
    uint8_t *esp = op->data - HEAD_BYTES;
    const uint32_t total = sa->outer_length + HEAD_BYTES + op->data_length + sa->aead.tag_length;
    if ((way & IPSECI_SHORTCUT_IPV4) != 0) {
        wrap_ipv4(note, esp, total);
        p->carrier = IPSEC_CARRIER_IP;
    } else {
        p->carrier = sa->udp_encapsulation ? IPSEC_CARRIER_UDP : IPSEC_CARRIER_ESP;
    }
    p->offset = (uint32_t)(esp - p->buffer) - sa->outer_length;
    p->length = total;
    p->status = IPSEC_OK;
    p->traffic_class = note->marks.traffic_class;
    p->local = sa->local;
    p->remote = sa->remote;
    return true;
}

size_t ipseci_fast_seal_finish(const struct ipseci_esp_batch *batch, size_t from)
{
    size_t i = from;
    while (i < batch->count && finish(&batch->note[i], &batch->op[i])) {
        i++;
    }
    return i - from;
}
