/* SPDX-License-Identifier: Apache-2.0
 *
 * The IKE header, parse and build. RFC 7296 3.1.
 */
#include "ike_header.h"

enum ipsec_status ipseci_ike_header_parse(struct ipsec_view datagram, struct ipseci_ike_header *out)
{
    struct ipseci_reader r = ipseci_reader_init(datagram);
    *out = (struct ipseci_ike_header){
        .spi_i = ipseci_read64(&r),
    };
    out->spi_r = ipseci_read64(&r);
    out->next_payload = ipseci_read8(&r);
    out->version = ipseci_read8(&r);
    out->exchange = ipseci_read8(&r);
    out->flags = ipseci_read8(&r);
    out->message_id = ipseci_read32(&r);
    out->length = ipseci_read32(&r);
    if (r.failed) {
        *out = (struct ipseci_ike_header){0};
        return IPSEC_DROP_TRUNCATED;
    }
    /* RFC 7296 2.5: the minor version is ignored, so is the V flag (3.1). */
    if (out->version >> 4 != IPSECI_IKE_VERSION >> 4) {
        return IPSEC_DROP_VERSION;
    }
    if (out->length > datagram.length) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (out->length < IPSECI_IKE_HEADER_BYTES || out->length != datagram.length) {
        return IPSEC_DROP_MALFORMED;
    }
    return IPSEC_OK;
}

void ipseci_ike_header_build(struct ipseci_writer *w, const struct ipseci_ike_header *header)
{
    ipseci_write64(w, header->spi_i);
    ipseci_write64(w, header->spi_r);
    ipseci_write8(w, header->next_payload);
    ipseci_write8(w, header->version);
    ipseci_write8(w, header->exchange);
    ipseci_write8(w, header->flags);
    ipseci_write32(w, header->message_id);
    ipseci_write32(w, header->length);
}

void ipseci_ike_header_finish(struct ipseci_writer *w, size_t start)
{
    if (start > w->used || w->used - start > UINT32_MAX) {
        w->failed = true;
        return;
    }
    ipseci_write_patch32(w, start + IPSECI_IKE_LENGTH_AT, (uint32_t)(w->used - start));
}
