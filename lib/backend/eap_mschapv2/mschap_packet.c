/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading and writing. Every length of the peer's is held against what is there.
 */
#include "mschap_packet.h"

#include <string.h>

#define EAP_HEADER_BYTES    4
#define METHOD_HEADER_BYTES 4 /* op, MS-CHAPv2-ID, MS-Length */
#define METHOD_AT           (EAP_HEADER_BYTES + 1)
#define RESPONSE_BYTES      49

static uint16_t load16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static struct ipsec_view behind(struct ipsec_view view, size_t octets)
{
    const struct ipsec_view rest = {view.data + octets, view.length - octets};
    return rest;
}

/* Value-Size, a value of just that size, and a name. */
static bool read_value(struct ipsec_view body, uint8_t size, struct ipseci_mschap_packet *out)
{
    if (body.length < 1u + size || body.data[0] != size ||
        body.length - 1 - size > IPSECI_MSCHAP_NAME_MAX) {
        return false;
    }
    out->value = body.data + 1;
    out->name = behind(body, 1u + size);
    return true;
}

static bool read_method(struct ipseci_mschap_packet *out)
{
    const struct ipsec_view data = out->data;

    if (data.length == 0) {
        return false;
    }
    out->op = data.data[0];
    if (data.length == 1) {
        /* answers to Success and Failure have nothing else */
        return out->code == IPSECI_MSCHAP_RESPONSE &&
               (out->op == IPSECI_MSCHAP_OP_SUCCESS || out->op == IPSECI_MSCHAP_OP_FAILURE);
    }
    if (data.length < METHOD_HEADER_BYTES || load16(data.data + 2) != data.length) {
        return false;
    }
    const struct ipsec_view body = behind(data, METHOD_HEADER_BYTES);
    out->whole = true;
    out->id = data.data[1];
    switch (out->op) {
    case IPSECI_MSCHAP_OP_CHALLENGE:
        return out->code == IPSECI_MSCHAP_REQUEST &&
               read_value(body, IPSECI_MSCHAP_CHALLENGE_BYTES, out);
    case IPSECI_MSCHAP_OP_RESPONSE:
        return out->code == IPSECI_MSCHAP_RESPONSE && read_value(body, RESPONSE_BYTES, out);
    case IPSECI_MSCHAP_OP_SUCCESS:
    case IPSECI_MSCHAP_OP_FAILURE:
        out->text = body;
        return out->code == IPSECI_MSCHAP_REQUEST;
    case IPSECI_MSCHAP_OP_CHANGE_PASSWORD:
        return out->code == IPSECI_MSCHAP_RESPONSE;
    default:
        return false;
    }
}

bool ipseci_mschap_parse(struct ipsec_view octets, struct ipseci_mschap_packet *out)
{
    memset(out, 0, sizeof(*out));
    if (octets.length < EAP_HEADER_BYTES || load16(octets.data + 2) != octets.length) {
        return false;
    }
    out->code = octets.data[0];
    out->identifier = octets.data[1];
    if (out->code == IPSECI_MSCHAP_EAP_SUCCESS || out->code == IPSECI_MSCHAP_EAP_FAILURE) {
        return octets.length == EAP_HEADER_BYTES;
    }
    if ((out->code != IPSECI_MSCHAP_REQUEST && out->code != IPSECI_MSCHAP_RESPONSE) ||
        octets.length <= EAP_HEADER_BYTES) {
        return false;
    }
    out->type = octets.data[EAP_HEADER_BYTES];
    out->data = behind(octets, METHOD_AT);
    return out->type != IPSECI_MSCHAP_METHOD || read_method(out);
}

static int nibble(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool ipseci_mschap_read_answer(struct ipsec_view text, uint8_t out[IPSECI_MSCHAP_ANSWER_BYTES])
{
    const size_t length = 2 + 2 * IPSECI_MSCHAP_ANSWER_BYTES;

    if (text.length < length || text.data[0] != 'S' || text.data[1] != '=' ||
        (text.length > length && text.data[length] != ' ')) {
        return false;
    }
    for (size_t i = 0; i < IPSECI_MSCHAP_ANSWER_BYTES; i++) {
        const int high = nibble(text.data[2 + 2 * i]);
        const int low = nibble(text.data[3 + 2 * i]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

uint32_t ipseci_mschap_read_error(struct ipsec_view text)
{
    uint32_t number = 0;

    if (text.length < 2 || text.data[0] != 'E' || text.data[1] != '=') {
        return 0;
    }
    for (size_t i = 2; i < text.length && text.data[i] != ' '; i++) {
        /* RFC 2759 6: up to ten digits; none known has more than three */
        if (text.data[i] < '0' || text.data[i] > '9' || number > 99999999) {
            return 0;
        }
        number = number * 10 + (text.data[i] - '0');
    }
    return number;
}

/* ---- Writing -----------------------------------------------------------------------------------
 */

void ipseci_mschap_put(struct ipseci_mschap_writer *w, const void *data, size_t length)
{
    if (w->failed || length > w->capacity - w->used) {
        w->failed = true;
        return;
    }
    if (length > 0) {
        memcpy(w->data + w->used, data, length);
    }
    w->used += length;
}

void ipseci_mschap_put8(struct ipseci_mschap_writer *w, uint8_t octet)
{
    ipseci_mschap_put(w, &octet, 1);
}

struct ipseci_mschap_writer ipseci_mschap_begin(uint8_t *data, size_t capacity, uint8_t code,
                                                uint8_t identifier)
{
    struct ipseci_mschap_writer w = {.data = data, .capacity = data == NULL ? 0 : capacity};
    const uint8_t header[EAP_HEADER_BYTES] = {code, identifier};

    ipseci_mschap_put(&w, header, sizeof(header));
    return w;
}

void ipseci_mschap_put_op(struct ipseci_mschap_writer *w, uint8_t op, uint8_t id)
{
    const uint8_t header[1 + METHOD_HEADER_BYTES] = {IPSECI_MSCHAP_METHOD, op, id};

    ipseci_mschap_put(w, header, sizeof(header));
}

void ipseci_mschap_put_hex(struct ipseci_mschap_writer *w, const uint8_t *data, size_t length)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < length; i++) {
        ipseci_mschap_put8(w, (uint8_t)digits[data[i] >> 4]);
        ipseci_mschap_put8(w, (uint8_t)digits[data[i] & 15]);
    }
}

static void store16(uint8_t *p, size_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

bool ipseci_mschap_end(struct ipseci_mschap_writer *w, size_t *length)
{
    *length = 0;
    if (w->failed || w->used > UINT16_MAX) {
        return false;
    }
    store16(w->data + 2, w->used);
    if (w->used >= METHOD_AT + METHOD_HEADER_BYTES &&
        w->data[EAP_HEADER_BYTES] == IPSECI_MSCHAP_METHOD) {
        store16(w->data + METHOD_AT + 2, w->used - METHOD_AT);
    }
    *length = w->used;
    return true;
}
