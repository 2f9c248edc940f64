/* SPDX-License-Identifier: Apache-2.0
 *
 * The events of the message ladder: each message that came or went, with its payloads.
 */
#include "engine.h"
#include "small_payloads.h"

#include <string.h>

static void add_payloads(struct ipsec_message_info *info, const struct ipseci_payloads *payloads,
                         bool inside)
{
    for (uint32_t i = 0; i < payloads->count && info->payload_count < IPSEC_MESSAGE_PAYLOADS_MAX;
         i++) {
        const struct ipseci_payload *from = &payloads->item[i];
        struct ipsec_message_payload *to = &info->payload[info->payload_count];
        struct ipseci_notify notify;

        to->type = from->type;
        to->inside = inside ? 1 : 0;
        to->length = (uint16_t)(from->body.length + IPSECI_PAYLOAD_HEADER_BYTES);
        to->notify = 0;
        if (from->type == IPSECI_PAYLOAD_NOTIFY &&
            ipseci_notify_parse(from->body, &notify) == IPSEC_OK) {
            to->notify = notify.type;
        }
        info->payload_count++;
    }
}

static void fill_header(struct ipsec_message_info *info, const struct ipseci_ike_header *h)
{
    memset(info, 0, sizeof(*info));
    info->response = (h->flags & IPSECI_FLAG_RESPONSE) != 0;
    info->from_initiator = (h->flags & IPSECI_FLAG_INITIATOR) != 0;
    info->exchange = h->exchange;
    info->message_id = h->message_id;
    info->spi_i = h->spi_i;
    info->spi_r = h->spi_r;
    info->length = h->length;
}

static void emit_info(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                      const struct ipsec_message_info *info)
{
    struct ipsec_event event = {
        .type = IPSEC_EVENT_MESSAGE,
        .ike_sa = sa == NULL ? 0 : sa->self,
        .peer = sa == NULL ? NULL : sa->peer,
        .message = info,
    };

    ipseci_emit(ike, &event);
}

/* What is inside SK, as pseudo-entry SK (or SKF) and then its payloads. */
static void add_sk(struct ipsec_message_info *info, uint32_t length)
{
    info->payload[0].type = info->fragments != 0 ? IPSECI_PAYLOAD_SKF : IPSECI_PAYLOAD_SK;
    info->payload[0].length = (uint16_t)(length - IPSECI_IKE_HEADER_BYTES);
    info->payload_count = 1;
}

void ipseci_emit_message(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         const struct ipseci_message *in, bool again)
{
    struct ipsec_message_info info;

    if (ike->config.callbacks.event == NULL) {
        return;
    }
    fill_header(&info, &in->header);
    info.retransmission = again;
    info.local = in->local;
    info.remote = in->remote;
    info.fragment = in->fragment;
    info.fragments = in->fragments;
    if (in->is_protected) {
        add_sk(&info, in->header.length);
    }
    add_payloads(&info, &in->payloads, in->is_protected);
    emit_info(ike, sa, &info);
}

/* Our own SKF is the first payload behind the header. */
static void fill_fragment(struct ipsec_message_info *info, struct ipsec_view message,
                          uint8_t next_payload)
{
    const size_t at = IPSECI_IKE_HEADER_BYTES + IPSECI_PAYLOAD_HEADER_BYTES;

    if (next_payload == IPSECI_PAYLOAD_SKF && message.length >= at + IPSECI_SKF_FIXED_BYTES) {
        info->fragment = ipseci_load16(message.data + at);
        info->fragments = ipseci_load16(message.data + at + 2);
    }
}

static void emit_sent(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                      struct ipsec_view message, struct ipsec_view body, bool again)
{
    struct ipsec_message_info info;
    struct ipseci_payloads payloads;
    struct ipseci_ike_header header;

    if (ipseci_ike_header_parse(message, &header) < IPSEC_OK) {
        return;
    }
    fill_header(&info, &header);
    fill_fragment(&info, message, header.next_payload);
    info.outbound = true;
    info.retransmission = again;
    if (sa != NULL) {
        info.local = sa->local;
        info.remote = sa->remote;
    }
    const bool sealed = header.next_payload == IPSECI_PAYLOAD_SK || info.fragments != 0;
    if (sealed) {
        add_sk(&info, header.length);
    }
    if (body.length > 0 && info.fragment == info.fragments &&
        ipseci_payloads_parse(body.data[0], ipseci_view(body.data + 1, body.length - 1), &payloads,
                              NULL) == IPSEC_OK) {
        add_payloads(&info, &payloads, sealed);
    }
    emit_info(ike, sa, &info);
}

void ipseci_emit_sent(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                      struct ipsec_view train, struct ipsec_view body)
{
    struct ipsec_view rest = train;

    while (ike->config.callbacks.event != NULL && rest.length > 0) {
        const struct ipsec_view one = ipseci_train_first(rest);
        if (one.length == 0) {
            return;
        }
        emit_sent(ike, sa, one, body, body.length == 0);
        rest = ipseci_view(rest.data + one.length, rest.length - one.length);
    }
}
