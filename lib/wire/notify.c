/* SPDX-License-Identifier: Apache-2.0
 *
 * Notify payloads, parse and build. RFC 7296 3.10.
 */
#include "notify.h"

enum ipsec_status ipseci_notify_parse(struct ipsec_view body, struct ipseci_notify *out)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    out->protocol = ipseci_read8(&r);
    uint8_t spi_size = ipseci_read8(&r);
    out->type = ipseci_read16(&r);
    out->spi = ipseci_read_view(&r, spi_size);
    out->data = ipseci_read_rest(&r);
    return r.failed ? IPSEC_DROP_TRUNCATED : IPSEC_OK;
}

void ipseci_notify_build(struct ipseci_writer *w, const struct ipseci_notify *notify)
{
    if (notify->spi.length > UINT8_MAX) {
        w->failed = true;
        return;
    }
    ipseci_write8(w, notify->protocol);
    ipseci_write8(w, (uint8_t)notify->spi.length);
    ipseci_write16(w, notify->type);
    ipseci_write_view(w, notify->spi);
    ipseci_write_view(w, notify->data);
}

void ipseci_notify_add_full(struct ipseci_chain *chain, const struct ipseci_notify *notify)
{
    ipseci_payload_begin(chain, IPSECI_PAYLOAD_NOTIFY);
    ipseci_notify_build(chain->w, notify);
    ipseci_payload_end(chain);
}

void ipseci_notify_add(struct ipseci_chain *chain, uint16_t type, struct ipsec_view data)
{
    /* RFC 7296 3.10: without an SPI the protocol is sent as zero. */
    ipseci_notify_add_full(chain, &(struct ipseci_notify){.type = type, .data = data});
}

enum ipsec_status ipseci_notifies_check(const struct ipseci_payloads *payloads)
{
    const struct ipseci_payload *payload;
    struct ipseci_notify notify;
    uint32_t cursor = 0;
    while ((payload = ipseci_payload_next(payloads, IPSECI_PAYLOAD_NOTIFY, &cursor)) != NULL) {
        IPSECI_TRY(ipseci_notify_parse(payload->body, &notify));
    }
    return IPSEC_OK;
}

bool ipseci_notify_next(const struct ipseci_payloads *payloads, uint32_t *cursor,
                        struct ipseci_notify *out)
{
    const struct ipseci_payload *payload;
    while ((payload = ipseci_payload_next(payloads, IPSECI_PAYLOAD_NOTIFY, cursor)) != NULL) {
        if (ipseci_notify_parse(payload->body, out) == IPSEC_OK) {
            return true;
        }
    }
    return false;
}

bool ipseci_notify_find(const struct ipseci_payloads *payloads, uint16_t type,
                        struct ipseci_notify *out)
{
    struct ipseci_notify notify;
    uint32_t cursor = 0;
    while (ipseci_notify_next(payloads, &cursor, &notify)) {
        if (notify.type != type) {
            continue;
        }
        if (out != NULL) {
            *out = notify;
        }
        return true;
    }
    return false;
}
