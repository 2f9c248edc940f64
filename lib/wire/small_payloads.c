/* SPDX-License-Identifier: Apache-2.0
 *
 * KE, ID, AUTH, Nonce, Delete, CERT, CERTREQ and SKF, parse and build. RFC 7296 3.4 to 3.9, 3.11;
 * RFC 7383 2.5.
 */
#include "small_payloads.h"
#include <ipsec/proposal.h>
#include <string.h>

enum ipsec_status ipseci_ke_parse(struct ipsec_view body, struct ipseci_ke *out)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    out->group = ipseci_read16(&r);
    ipseci_read_skip(&r, 2);
    out->data = ipseci_read_rest(&r);
    return r.failed ? IPSEC_DROP_TRUNCATED : IPSEC_OK;
}

void ipseci_ke_build(struct ipseci_writer *w, uint16_t group, struct ipsec_view data)
{
    ipseci_write16(w, group);
    ipseci_write16(w, 0);
    ipseci_write_view(w, data);
}

/* RFC 7296 3.5: addresses have one length, and an identity of nothing names nobody. */
static bool id_length_valid(uint8_t type, size_t length)
{
    if (type == IPSEC_ID_IPV4_ADDR) {
        return length == 4;
    }
    if (type == IPSEC_ID_IPV6_ADDR) {
        return length == 16;
    }
    if (type == IPSEC_ID_NULL) {
        return length == 0; /* RFC 7619 2.2 */
    }
    return length > 0;
}

enum ipsec_status ipseci_id_parse(struct ipsec_view body, struct ipseci_id *out)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    out->body = body;
    out->type = ipseci_read8(&r);
    ipseci_read_skip(&r, 3);
    out->data = ipseci_read_rest(&r);
    if (r.failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    return id_length_valid(out->type, out->data.length) ? IPSEC_OK : IPSEC_DROP_MALFORMED;
}

void ipseci_id_build(struct ipseci_writer *w, const struct ipsec_id *id)
{
    if (id->length > IPSEC_ID_BYTES_MAX) {
        w->failed = true;
        return;
    }
    ipseci_write8(w, id->type);
    ipseci_write_zeros(w, 3);
    ipseci_write_bytes(w, id->bytes, id->length);
}

enum ipsec_status ipseci_id_copy(const struct ipseci_id *id, struct ipsec_id *out)
{
    *out = (struct ipsec_id){0};
    if (id->data.length > IPSEC_ID_BYTES_MAX) {
        return IPSEC_DROP_TOO_BIG;
    }
    out->type = id->type;
    out->length = (uint8_t)id->data.length;
    if (id->data.length > 0) {
        memcpy(out->bytes, id->data.data, id->data.length);
    }
    return IPSEC_OK;
}

enum ipsec_status ipseci_auth_parse(struct ipsec_view body, struct ipseci_auth *out)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    out->method = ipseci_read8(&r);
    ipseci_read_skip(&r, 3);
    out->data = ipseci_read_rest(&r);
    return r.failed ? IPSEC_DROP_TRUNCATED : IPSEC_OK;
}

void ipseci_auth_build(struct ipseci_writer *w, uint8_t method, struct ipsec_view data)
{
    ipseci_write8(w, method);
    ipseci_write_zeros(w, 3);
    ipseci_write_view(w, data);
}

enum ipsec_status ipseci_nonce_parse(struct ipsec_view body, struct ipsec_view *out)
{
    *out = ipseci_view(NULL, 0);
    /* RFC 7296 3.9. */
    if (body.length < IPSECI_NONCE_BYTES_MIN || body.length > IPSECI_NONCE_BYTES_MAX) {
        return IPSEC_DROP_MALFORMED;
    }
    *out = body;
    return IPSEC_OK;
}

void ipseci_nonce_build(struct ipseci_writer *w, struct ipsec_view nonce)
{
    if (nonce.length < IPSECI_NONCE_BYTES_MIN || nonce.length > IPSECI_NONCE_BYTES_MAX) {
        w->failed = true;
        return;
    }
    ipseci_write_view(w, nonce);
}

/* RFC 7296 3.11: IKE has no SPI here, it is the header's; AH and ESP have four octets each. */
static bool delete_shape_valid(const struct ipseci_delete *del)
{
    if (del->protocol == IPSEC_PROTOCOL_IKE) {
        return del->spi_size == 0 && del->count == 0;
    }
    return (del->protocol == IPSEC_PROTOCOL_AH || del->protocol == IPSEC_PROTOCOL_ESP) &&
           del->spi_size == 4;
}

enum ipsec_status ipseci_delete_parse(struct ipsec_view body, struct ipseci_delete *out)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    out->protocol = ipseci_read8(&r);
    out->spi_size = ipseci_read8(&r);
    out->count = ipseci_read16(&r);
    out->spis = ipseci_read_rest(&r);
    if (r.failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (!delete_shape_valid(out) || out->spis.length != (size_t)out->spi_size * out->count) {
        out->count = 0;
        return IPSEC_DROP_MALFORMED;
    }
    return IPSEC_OK;
}

uint32_t ipseci_delete_spi(const struct ipseci_delete *del, uint16_t index)
{
    size_t at = (size_t)index * 4;
    if (del->spi_size != 4 || index >= del->count || at + 4 > del->spis.length) {
        return 0;
    }
    return ipseci_load32(del->spis.data + at);
}

void ipseci_delete_build_ike(struct ipseci_writer *w)
{
    ipseci_write8(w, IPSEC_PROTOCOL_IKE);
    ipseci_write_zeros(w, 3);
}

void ipseci_delete_build_esp(struct ipseci_writer *w, const uint32_t *spi, uint16_t count)
{
    ipseci_write8(w, IPSEC_PROTOCOL_ESP);
    ipseci_write8(w, 4);
    ipseci_write16(w, count);
    for (uint16_t i = 0; i < count; i++) {
        ipseci_write32(w, spi[i]);
    }
}

enum ipsec_status ipseci_cert_parse(struct ipsec_view body, struct ipseci_cert *out)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    out->encoding = ipseci_read8(&r);
    out->data = ipseci_read_rest(&r);
    return r.failed ? IPSEC_DROP_TRUNCATED : IPSEC_OK;
}

void ipseci_cert_build(struct ipseci_writer *w, uint8_t encoding, struct ipsec_view data)
{
    ipseci_write8(w, encoding);
    ipseci_write_view(w, data);
}

struct ipsec_view ipseci_certreq_hash(const struct ipseci_cert *request, size_t index)
{
    if (request->encoding != IPSECI_CERT_X509_SIGNATURE ||
        index >= request->data.length / IPSECI_CA_HASH_BYTES) {
        return ipseci_view(NULL, 0);
    }
    return ipseci_view(request->data.data + index * IPSECI_CA_HASH_BYTES, IPSECI_CA_HASH_BYTES);
}

enum ipsec_status ipseci_skf_parse(struct ipsec_view body, struct ipseci_skf *out)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    out->number = ipseci_read16(&r);
    out->total = ipseci_read16(&r);
    out->data = ipseci_read_rest(&r);
    if (r.failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    /* RFC 7383 2.5: both count from 1. */
    if (out->number == 0 || out->number > out->total) {
        return IPSEC_DROP_MALFORMED;
    }
    return IPSEC_OK;
}

void ipseci_skf_build(struct ipseci_writer *w, uint16_t number, uint16_t total)
{
    ipseci_write16(w, number);
    ipseci_write16(w, total);
}
