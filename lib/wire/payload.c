/* SPDX-License-Identifier: Apache-2.0
 *
 * The payload chain, walked and built. RFC 7296 2.5, 3.2; RFC 7383 2.5.
 */
#include "payload.h"

static bool type_known(uint8_t type)
{
    return (type >= IPSECI_PAYLOAD_SA && type <= IPSECI_PAYLOAD_EAP) || type == IPSECI_PAYLOAD_SKF;
}

static bool type_ends_chain(uint8_t type)
{
    return type == IPSECI_PAYLOAD_SK || type == IPSECI_PAYLOAD_SKF;
}

/* One payload off the reader, whatever its type. */
static enum ipsec_status payload_read(struct ipseci_reader *r, uint8_t type,
                                      struct ipseci_payload *out)
{
    out->type = type;
    out->next_payload = ipseci_read8(r);
    /* RFC 7296 2.5: the seven RESERVED bits are ignored. */
    out->critical = (ipseci_read8(r) & 0x80) != 0;
    uint16_t length = ipseci_read16(r);
    if (r->failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (length < IPSECI_PAYLOAD_HEADER_BYTES) {
        return IPSEC_DROP_MALFORMED;
    }
    out->body = ipseci_read_view(r, (size_t)length - IPSECI_PAYLOAD_HEADER_BYTES);
    return r->failed ? IPSEC_DROP_TRUNCATED : IPSEC_OK;
}

/* RFC 7296 2.5: unknown payloads are skipped; a critical one is remembered for the answer. */
static enum ipsec_status payload_store(struct ipseci_payloads *out,
                                       const struct ipseci_payload *payload)
{
    if (!type_known(payload->type)) {
        out->unknown_count++;
        if (payload->critical && out->unknown_critical == 0) {
            out->unknown_critical = payload->type;
        }
        return IPSEC_OK;
    }
    if (out->count == IPSECI_PAYLOADS_MAX) {
        return IPSEC_DROP_PAYLOADS;
    }
    out->item[out->count++] = *payload;
    return IPSEC_OK;
}

enum ipsec_status ipseci_payloads_parse(uint8_t first, struct ipsec_view body,
                                        struct ipseci_payloads *out, struct ipsec_view *rest)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    out->count = 0;
    out->unknown_critical = 0;
    out->unknown_count = 0;
    uint8_t type = first;
    /* Ends: every turn takes at least the four octets of a generic header off the reader. */
    while (type != IPSECI_PAYLOAD_NONE) {
        struct ipseci_payload payload;
        IPSECI_TRY(payload_read(&r, type, &payload));
        IPSECI_TRY(payload_store(out, &payload));
        /* RFC 7296 3.14: SK is the last payload, its next payload field names an inner one. */
        type = type_ends_chain(type) ? IPSECI_PAYLOAD_NONE : payload.next_payload;
    }
    if (rest != NULL) {
        *rest = ipseci_read_rest(&r);
    }
    return IPSEC_OK;
}

enum ipsec_status ipseci_message_parse(struct ipsec_view datagram, struct ipseci_ike_header *h,
                                       struct ipseci_payloads *p)
{
    *p = (struct ipseci_payloads){.count = 0};
    IPSECI_TRY(ipseci_ike_header_parse(datagram, h));
    struct ipsec_view body = ipseci_view(datagram.data + IPSECI_IKE_HEADER_BYTES,
                                         datagram.length - IPSECI_IKE_HEADER_BYTES);
    struct ipsec_view rest;
    IPSECI_TRY(ipseci_payloads_parse(h->next_payload, body, p, &rest));
    return rest.length == 0 ? IPSEC_OK : IPSEC_DROP_MALFORMED;
}

const struct ipseci_payload *ipseci_payload_next(const struct ipseci_payloads *payloads,
                                                 uint8_t type, uint32_t *cursor)
{
    while (*cursor < payloads->count) {
        const struct ipseci_payload *payload = &payloads->item[(*cursor)++];
        if (payload->type == type) {
            return payload;
        }
    }
    return NULL;
}

const struct ipseci_payload *ipseci_payload_find(const struct ipseci_payloads *payloads,
                                                 uint8_t type)
{
    uint32_t cursor = 0;
    return ipseci_payload_next(payloads, type, &cursor);
}

uint32_t ipseci_payload_count(const struct ipseci_payloads *payloads, uint8_t type)
{
    uint32_t count = 0;
    uint32_t cursor = 0;
    while (ipseci_payload_next(payloads, type, &cursor) != NULL) {
        count++;
    }
    return count;
}

struct ipseci_chain ipseci_chain_init(struct ipseci_writer *w, size_t next_field_at)
{
    return (struct ipseci_chain){.w = w, .next_field_at = next_field_at, .begin_at = w->used};
}

size_t ipseci_payload_begin(struct ipseci_chain *chain, uint8_t type)
{
    struct ipseci_writer *w = chain->w;
    ipseci_write_patch8(w, chain->next_field_at, type);
    chain->begin_at = w->used;
    chain->next_field_at = w->used;
    ipseci_write8(w, IPSECI_PAYLOAD_NONE);
    /* RFC 7296 2.5: C is 0 for payloads this version defines. */
    ipseci_write8(w, 0);
    ipseci_write16(w, 0);
    return w->used;
}

void ipseci_payload_end(struct ipseci_chain *chain)
{
    struct ipseci_writer *w = chain->w;
    if (w->failed || w->used - chain->begin_at > UINT16_MAX) {
        w->failed = true;
        return;
    }
    ipseci_write_patch16(w, chain->begin_at + 2, (uint16_t)(w->used - chain->begin_at));
}
