/* SPDX-License-Identifier: Apache-2.0
 *
 * Traffic Selector payloads, parse and build. RFC 7296 3.13.
 */
#include "ts_payload.h"
#include <string.h>

#define TS_IPV4_ADDR_RANGE 7
#define TS_IPV6_ADDR_RANGE 8
#define TS_IPV4_BYTES      16
#define TS_IPV6_BYTES      40
#define TS_HEADER_BYTES    4 /* type, protocol, length: what an unknown type has too */

struct ts_raw {
    uint8_t type;
    uint8_t protocol;
    struct ipsec_view content; /* after the length */
};

static enum ipsec_status raw_read(struct ipseci_reader *r, struct ts_raw *out)
{
    out->type = ipseci_read8(r);
    out->protocol = ipseci_read8(r);
    uint16_t length = ipseci_read16(r);
    if (r->failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (length < TS_HEADER_BYTES || (out->type == TS_IPV4_ADDR_RANGE && length != TS_IPV4_BYTES) ||
        (out->type == TS_IPV6_ADDR_RANGE && length != TS_IPV6_BYTES)) {
        return IPSEC_DROP_MALFORMED;
    }
    out->content = ipseci_read_view(r, (size_t)length - TS_HEADER_BYTES);
    return r->failed ? IPSEC_DROP_TRUNCATED : IPSEC_OK;
}

/* RFC 4301 4.4.1.1: 65535 to 0 is OPAQUE; else the range runs forward. */
static bool ports_valid(uint16_t first, uint16_t last)
{
    return first <= last || (first == UINT16_MAX && last == 0);
}

/* raw is of a known type and has that type's length. */
static enum ipsec_status selector_read(const struct ts_raw *raw, struct ipsec_selector *out)
{
    bool v4 = raw->type == TS_IPV4_ADDR_RANGE;
    size_t address_bytes = v4 ? 4 : 16;
    struct ipseci_reader r = ipseci_reader_init(raw->content);
    *out = (struct ipsec_selector){.family = v4 ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6,
                                   .protocol = raw->protocol};
    out->port_first = ipseci_read16(&r);
    out->port_last = ipseci_read16(&r);
    ipseci_read_bytes(&r, out->first, address_bytes);
    ipseci_read_bytes(&r, out->last, address_bytes);
    if (!ports_valid(out->port_first, out->port_last) ||
        memcmp(out->first, out->last, address_bytes) > 0) {
        return IPSEC_DROP_SELECTORS;
    }
    return IPSEC_OK;
}

enum ipsec_status ipseci_ts_parse(struct ipsec_view body, struct ipsec_selector *out, size_t max,
                                  struct ipseci_ts_result *result)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    enum ipsec_status worst = IPSEC_OK;
    *result = (struct ipseci_ts_result){0};
    uint8_t count = ipseci_read8(&r);
    ipseci_read_skip(&r, 3);
    for (uint32_t i = 0; i < count; i++) {
        struct ts_raw raw;
        struct ipsec_selector selector;
        IPSECI_TRY(raw_read(&r, &raw));
        result->present++;
        if (raw.type != TS_IPV4_ADDR_RANGE && raw.type != TS_IPV6_ADDR_RANGE) {
            result->unknown++;
        } else if (selector_read(&raw, &selector) != IPSEC_OK) {
            worst = IPSEC_DROP_SELECTORS;
        } else if (result->stored < max) {
            out[result->stored++] = selector;
        } else {
            result->truncated = true;
        }
    }
    if (r.failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (count == 0 || r.left > 0) {
        return IPSEC_DROP_MALFORMED;
    }
    return result->unknown == result->present ? IPSEC_DROP_SELECTORS : worst;
}

enum ipsec_status ipseci_ts_parse_list(struct ipsec_view body, struct ipsec_selectors *out,
                                       struct ipseci_ts_result *result)
{
    enum ipsec_status status = ipseci_ts_parse(body, out->item, IPSEC_SELECTORS_MAX, result);
    out->count = status == IPSEC_OK ? result->stored : 0;
    return status;
}

static void selector_build(struct ipseci_writer *w, const struct ipsec_selector *selector)
{
    bool v4 = selector->family == IPSEC_FAMILY_IPV4;
    size_t address_bytes = v4 ? 4 : 16;
    ipseci_write8(w, v4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE);
    ipseci_write8(w, selector->protocol);
    ipseci_write16(w, v4 ? TS_IPV4_BYTES : TS_IPV6_BYTES);
    ipseci_write16(w, selector->port_first);
    ipseci_write16(w, selector->port_last);
    ipseci_write_bytes(w, selector->first, address_bytes);
    ipseci_write_bytes(w, selector->last, address_bytes);
}

void ipseci_ts_build(struct ipseci_writer *w, const struct ipsec_selector *item, size_t count)
{
    if (count == 0 || count > UINT8_MAX) {
        w->failed = true;
        return;
    }
    ipseci_write8(w, (uint8_t)count);
    ipseci_write_zeros(w, 3);
    for (size_t i = 0; i < count; i++) {
        selector_build(w, &item[i]);
    }
}
