/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbound ESP: inner packet -> ESP packet, in place, in batches. Called by lib/gw
 * and by users with manual keys. RFC 4303 3.3, RFC 4301 5.1, RFC 6040 4.1.
 *
 *   prepare  checks, sequence number, IV, padding, trailer, header: all outside the inner packet
 *   batch    encryption and ICV
 *   finish   outer headers; only here do offset and length change
 */
#include "fast_path.h"
#include "mode.h"
#include "sa_draw.h"

#include <string.h>

#define IP_PACKET_BYTES_MAX 65535u

/* Octets that come in between what is protected and what is in front of it. */
static uint32_t head_of(const struct ipsec_sa *sa)
{
    return (uint32_t)sa->outer_length + IPSECI_ESP_HEADER_BYTES + sa->aead.iv_length;
}

/* Padding, room, and the 16 bits of an IP length. CVE-2022-27666: by the packet's real length. */
static enum ipsec_status fit(const struct ipsec_packet *p, struct ipseci_inner *in)
{
    const struct ipsec_sa *sa = p->sa;
    const uint32_t block = sa->aead.block; /* a power of two */
    const uint32_t head = head_of(sa);

    /* RFC 4303 2.4: the trailer ends on a boundary of the cipher block, of 4 octets at least. */
    in->padding = (0u - (in->length + IPSECI_ESP_TRAILER_BYTES)) & (block - 1);
    const uint32_t tail = in->padding + IPSECI_ESP_TRAILER_BYTES + sa->aead.tag_length;
    const uint32_t before = (uint32_t)(in->data - p->buffer);
    if (in->clear + in->length > IP_PACKET_BYTES_MAX - head - tail) {
        return IPSEC_DROP_TOO_BIG;
    }
    if (before - in->clear < head || p->capacity - before - in->length < tail) {
        return IPSEC_ERR_BUFFER;
    }
    return IPSEC_OK;
}

/* At least one unused IV in the store. */
static enum ipsec_status refill_ivs(struct ipsec_sa *sa)
{
    if (sa->iv_source != IPSECI_IV_RANDOM ||
        sa->iv_used + sa->aead.iv_length <= IPSECI_IV_STORE_BYTES) {
        return IPSEC_OK;
    }
    IPSECI_TRY(ipseci_random(&sa->crypto, ipseci_iv_store(sa), IPSECI_IV_STORE_BYTES));
    sa->iv_used = 0;
    return IPSEC_OK;
}

/* The one place where numbers are given out: each once, never past the end, never with an IV used
 * before. For the first of these packets. */
static enum ipsec_status take_number(struct ipsec_packet *const packets[], size_t n,
                                     uint32_t octets)
{
    struct ipsec_sa *sa = packets[0]->sa;
    /* RFC 4303 3.3.3: no cycling; RFC 4106 3.1: and so no IV repeats. */
    if (ipseci_sa_is_spent(sa, octets)) {
        IPSECI_TRY(ipseci_share_draw(packets, n, octets));
    }
    IPSECI_TRY(refill_ivs(sa));
    ipseci_sa_count_number(sa, octets);
    return IPSEC_OK;
}

static void write_iv(struct ipsec_sa *sa, uint8_t *iv)
{
    switch ((enum ipseci_iv)sa->iv_source) {
    case IPSECI_IV_NONE:
    case IPSECI_IV_IMPLICIT:
        return;
    case IPSECI_IV_COUNTER:
        ipseci_store64(iv, sa->way.sending.sequence);
        return;
    case IPSECI_IV_RANDOM:
        memcpy(iv, ipseci_iv_store(sa) + sa->iv_used, sa->aead.iv_length);
        sa->iv_used = (uint8_t)(sa->iv_used + sa->aead.iv_length);
        return;
    }
}

/* Header, IV and trailer, and the crypto operation over them. */
static void write_esp(struct ipsec_sa *sa, const struct ipseci_inner *in,
                      struct ipsec_crypto_op *op)
{
    uint8_t *esp = in->data - sa->aead.iv_length - IPSECI_ESP_HEADER_BYTES;
    const uint64_t sequence = sa->way.sending.sequence;
    ipseci_store32(esp + IPSECI_ESP_SPI_AT, sa->spi);
    /* Between the two, as compilers make one slow store of both when they touch. */
    write_iv(sa, esp + IPSECI_ESP_HEADER_BYTES);
    ipseci_store32(esp + IPSECI_ESP_SEQUENCE_AT, (uint32_t)sequence);

    uint8_t *trailer = in->data + in->length;
    for (uint32_t i = 0; i < in->padding; i++) {
        trailer[i] = (uint8_t)(i + 1); /* RFC 4303 2.4 */
    }
    trailer += in->padding;
    trailer[0] = (uint8_t)in->padding;
    trailer[1] = in->next_header;

    op->data = in->data;
    op->data_length = in->length + in->padding + IPSECI_ESP_TRAILER_BYTES;
    op->tag = trailer + IPSECI_ESP_TRAILER_BYTES;
    ipseci_esp_bind(op, sa, esp, sequence);
}

enum ipsec_status ipseci_seal_prepare(struct ipsec_packet *const packets[], size_t n,
                                      struct ipseci_esp_note *note, struct ipsec_crypto_op *op)
{
    struct ipsec_packet *p = packets[0];
    if (!ipseci_esp_is_usable(p, IPSEC_SEAL)) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct ipsec_sa *sa = p->sa;
    struct ipseci_inner in;
    IPSECI_TRY(sa->mode->take(p, &in));
    IPSECI_TRY(fit(p, &in));
    IPSECI_TRY(take_number(packets, n, in.length));

    if (in.clear != 0) {
        memmove(in.data - in.clear - head_of(sa), in.data - in.clear, in.clear);
    }
    write_esp(sa, &in, op);
    note->packet = p;
    note->marks = in.marks;
    return IPSEC_OK;
}

static enum ipsec_carrier carrier_of(const struct ipsec_sa *sa)
{
    if (sa->outer == IPSEC_OUTER_IP) {
        return IPSEC_CARRIER_IP;
    }
    return sa->udp_encapsulation ? IPSEC_CARRIER_UDP : IPSEC_CARRIER_ESP;
}

enum ipsec_status ipseci_seal_finish(const struct ipseci_esp_note *note,
                                     const struct ipsec_crypto_op *op)
{
    struct ipsec_packet *p = note->packet;
    const struct ipsec_sa *sa = p->sa;
    if (op->status != IPSEC_OK) {
        return (enum ipsec_status)op->status;
    }
    const uint32_t head = IPSECI_ESP_HEADER_BYTES + (uint32_t)sa->aead.iv_length;
    const uint32_t length = head + op->data_length + sa->aead.tag_length;
    p->traffic_class = note->marks.traffic_class;
    sa->mode->wrap(note, op->data - head, length);
    p->carrier = (uint8_t)carrier_of(sa);
    p->local = sa->local;
    p->remote = sa->remote;
    return IPSEC_OK;
}

/* The first of these. */
static void prepare_one(struct ipsec_packet *const packets[], size_t n,
                        struct ipseci_esp_batch *batch)
{
    const size_t at = batch->count;
    const enum ipsec_status status =
        ipseci_seal_prepare(packets, n, &batch->note[at], &batch->op[at]);
    ipseci_esp_settle(packets[0], status);
    if (status == IPSEC_OK) {
        ipseci_esp_add(batch, packets[0]);
    }
}

static size_t finish_one(const struct ipseci_esp_note *note, const struct ipsec_crypto_op *op)
{
    const enum ipsec_status status = ipseci_seal_finish(note, op);
    ipseci_esp_settle(note->packet, status);
    return status == IPSEC_OK;
}

/* What goes the fast way comes in rows; what ends a row goes the whole one. */
static size_t seal_batch(struct ipsec_packet *const packets[], size_t n,
                         struct ipseci_esp_batch *batch)
{
    size_t sealed = 0;
    ipseci_esp_begin(batch);
    for (size_t i = 0; i < n; i++) {
        i += ipseci_fast_seal_prepare(packets + i, n - i, batch);
        if (i < n) {
            prepare_one(packets + i, n - i, batch);
        }
    }
    if (batch->count != n) {
        ipseci_share_return(packets, n);
    }
    ipseci_fast_run(batch);
    for (size_t i = 0; i < batch->count; i++) {
        const size_t fast = ipseci_fast_seal_finish(batch, i);
        i += fast;
        sealed += fast;
        if (i < batch->count) {
            sealed += finish_one(&batch->note[i], &batch->op[i]);
        }
    }
    return sealed;
}

size_t ipsec_esp_seal(struct ipsec_packet *const packets[], size_t n)
{
    struct ipseci_esp_batch batch;
    size_t sealed = 0;
    for (size_t at = 0; at < n; at += IPSECI_ESP_BATCH_MAX) {
        const size_t left = n - at;
        sealed += seal_batch(packets + at,
                             left < IPSECI_ESP_BATCH_MAX ? left : IPSECI_ESP_BATCH_MAX, &batch);
    }
    return sealed;
}
