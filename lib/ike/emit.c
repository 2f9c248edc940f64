/* SPDX-License-Identifier: Apache-2.0
 *
 * Events to the caller, and the key log of debugging builds. Called after the state they speak of
 * is committed.
 */
#include "engine.h"

#include <string.h>

void ipseci_emit(struct ipsec_ike *ike, struct ipsec_event *event)
{
    if (ike->config.callbacks.event != NULL) {
        event->now = ike->now;
        ike->config.callbacks.event(ike->config.user, event);
    }
}

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

/* What is inside SK, as pseudo-entry SK and then its payloads. */
static void add_sk(struct ipsec_message_info *info, uint32_t length)
{
    info->payload[0].type = IPSECI_PAYLOAD_SK;
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
    if (in->is_protected) {
        add_sk(&info, in->header.length);
    }
    add_payloads(&info, &in->payloads, in->is_protected);
    emit_info(ike, sa, &info);
}

void ipseci_emit_sent(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                      struct ipsec_view message, struct ipsec_view body)
{
    struct ipsec_message_info info;
    struct ipseci_payloads payloads;
    struct ipseci_ike_header header;

    if (ike->config.callbacks.event == NULL ||
        ipseci_ike_header_parse(message, &header) < IPSEC_OK) {
        return;
    }
    fill_header(&info, &header);
    info.outbound = true;
    info.retransmission = body.length == 0;
    if (sa != NULL) {
        info.local = sa->local;
        info.remote = sa->remote;
    }
    const bool sealed = header.next_payload == IPSECI_PAYLOAD_SK;
    if (sealed) {
        add_sk(&info, header.length);
    }
    if (body.length > 0 &&
        ipseci_payloads_parse(body.data[0], ipseci_view(body.data + 1, body.length - 1), &payloads,
                              NULL) == IPSEC_OK) {
        add_payloads(&info, &payloads, sealed);
    }
    emit_info(ike, sa, &info);
}

void ipseci_emit_ike(struct ipsec_ike *ike, enum ipsec_event_type type,
                     const struct ipseci_ike_sa *sa, enum ipsec_reason reason)
{
    struct ipsec_ike_sa_info info;
    struct ipsec_event event = {
        .type = type, .ike_sa = sa->self, .peer = sa->peer, .ike = &info, .reason = reason};

    if (ike->config.callbacks.event != NULL) {
        ipseci_ike_info(sa, ike, &info);
        ipseci_emit(ike, &event);
    }
}

void ipseci_emit_child(struct ipsec_ike *ike, enum ipsec_event_type type,
                       const struct ipseci_child *child, enum ipsec_reason reason)
{
    struct ipsec_child_info info;
    struct ipsec_event event = {.type = type,
                                .ike_sa = child->ike_sa,
                                .child_sa = child->self,
                                .old_child = child->replaces,
                                .child = &info,
                                .reason = reason};

    if (ike->config.callbacks.event != NULL) {
        ipseci_child_info_fill(child, ike, &info);
        event.peer = info.peer;
        ipseci_emit(ike, &event);
    }
}

void ipseci_emit_failure(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         const struct ipsec_failure *failure)
{
    struct ipsec_event event = {.type = IPSEC_EVENT_FAILURE,
                                .ike_sa = sa == NULL ? 0 : sa->self,
                                .peer = failure->peer,
                                .failure = failure,
                                .status = failure->status,
                                .remote = failure->remote};

    ipseci_emit(ike, &event);
}

void ipseci_emit_warnings(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa, uint32_t warnings)
{
    for (uint32_t bit = 0; bit < 32; bit++) {
        if ((warnings & (1u << bit)) != 0) {
            struct ipsec_event event = {.type = IPSEC_EVENT_WARNING,
                                        .ike_sa = sa == NULL ? 0 : sa->self,
                                        .peer = sa == NULL ? NULL : sa->peer,
                                        .warning = (enum ipsec_warning)bit};
            ipseci_emit(ike, &event);
        }
    }
}

void ipseci_emit_drop(struct ipsec_ike *ike, enum ipsec_status status,
                      const struct ipsec_endpoint *remote)
{
    struct ipsec_event event = {.type = IPSEC_EVENT_DROP, .status = status, .remote = *remote};

    ipseci_emit(ike, &event);
}

#ifdef IPSECI_KEY_LOG

void ipseci_key_log_ike(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                        const struct ipseci_ike_keys *keys)
{
    const struct ipsec_key_log log = {
        .protocol = IPSEC_PROTOCOL_IKE,
        .suite = sa->suite,
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .sk_ei = ipseci_view(keys->ei, keys->encr_length),
        .sk_er = ipseci_view(keys->er, keys->encr_length),
        .sk_ai = ipseci_view(keys->ai, keys->integ_length),
        .sk_ar = ipseci_view(keys->ar, keys->integ_length),
    };

    if (ike->config.callbacks.key_log != NULL) {
        ike->config.callbacks.key_log(ike->config.user, &log);
    }
}

void ipseci_key_log_child(struct ipsec_ike *ike, const struct ipsec_child_sa *child)
{
    const struct ipsec_key_log log = {
        .protocol = IPSEC_PROTOCOL_ESP, .suite = child->suite, .child = child};

    if (ike->config.callbacks.key_log != NULL) {
        ike->config.callbacks.key_log(ike->config.user, &log);
    }
}

bool ipsec_ike_has_key_log(void)
{
    return true;
}

#else

void ipseci_key_log_ike(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                        const struct ipseci_ike_keys *keys)
{
    (void)ike;
    (void)sa;
    (void)keys;
}

void ipseci_key_log_child(struct ipsec_ike *ike, const struct ipsec_child_sa *child)
{
    (void)ike;
    (void)child;
}

bool ipsec_ike_has_key_log(void)
{
    return false;
}

#endif
