/* SPDX-License-Identifier: Apache-2.0
 *
 * One line of a message ladder. Called by the caller's event handler. RFC 7296 1.2 (notation).
 */
#include "payload.h"
#include "text.h"

#include <ipsec/event.h>

/* "Ni" or "Nr", and "N(NAME)" as the RFC draws them. */
static void add_payload(struct ipseci_text *t, const struct ipsec_message_info *m,
                        const struct ipsec_message_payload *p)
{
    if (p->type == IPSECI_PAYLOAD_NONCE) {
        ipseci_text_add(t, m->response ? "Nr" : "Ni");
        return;
    }
    const char *name = ipsec_payload_name(p->type);
    if (name[0] == '?') {
        ipseci_text_add(t, "payload-");
        ipseci_text_u64(t, p->type);
        return;
    }
    ipseci_text_add(t, name);
    if (p->type == IPSECI_PAYLOAD_SKF && m->fragments != 0) {
        ipseci_text_char(t, ' ');
        ipseci_text_u64(t, m->fragment);
        ipseci_text_char(t, '/');
        ipseci_text_u64(t, m->fragments);
    }
    if (p->type != IPSECI_PAYLOAD_NOTIFY) {
        return;
    }
    const char *notify = ipsec_notify_name(p->notify);
    ipseci_text_char(t, '(');
    if (notify[0] == '?') {
        ipseci_text_u64(t, p->notify);
    } else {
        ipseci_text_add(t, notify);
    }
    ipseci_text_char(t, ')');
}

static bool is_wrapping(const struct ipsec_message_payload *p)
{
    return p->type == IPSECI_PAYLOAD_SK || p->type == IPSECI_PAYLOAD_SKF;
}

/* What is inside SK stands in braces behind it: "SK{IDi AUTH SA}", or "SKF 2/3" and at the end
 * "SKF 3/3{IDi AUTH SA}". */
static void add_payloads(struct ipseci_text *t, const struct ipsec_message_info *m)
{
    const uint32_t count = m->payload_count < IPSEC_MESSAGE_PAYLOADS_MAX
                               ? m->payload_count
                               : IPSEC_MESSAGE_PAYLOADS_MAX;
    bool open = false;

    for (uint32_t i = 0; i < count; i++) {
        const struct ipsec_message_payload *p = &m->payload[i];
        if (p->inside != 0 && !open) {
            ipseci_text_add(t, i > 0 && is_wrapping(&m->payload[i - 1]) ? "{" : " SK{");
        } else {
            ipseci_text_add(t, p->inside == 0 && open ? "} " : " ");
        }
        open = p->inside != 0;
        add_payload(t, m, p);
    }
    if (open) {
        ipseci_text_char(t, '}');
    } else if (count > 0 && m->payload[count - 1].type == IPSECI_PAYLOAD_SK) {
        ipseci_text_add(t, "{}"); /* an empty INFORMATIONAL */
    }
}

static void add_exchange(struct ipseci_text *t, uint8_t exchange)
{
    const char *name = ipsec_exchange_name(exchange);

    if (name[0] == '?') {
        ipseci_text_add(t, "exchange-");
        ipseci_text_u64(t, exchange);
        return;
    }
    ipseci_text_add(t, name);
}

void ipsec_message_text(const struct ipsec_message_info *message, char *text, size_t capacity)
{
    struct ipseci_text t = ipseci_text_init(text, capacity);

    ipseci_text_add(&t, message->outbound ? "-> " : "<- ");
    add_exchange(&t, message->exchange);
    ipseci_text_add(&t, message->response ? " response " : " request ");
    ipseci_text_u64(&t, message->message_id);
    ipseci_text_add(&t, ", ");
    ipseci_text_u64(&t, message->length);
    ipseci_text_add(&t, message->length == 1 ? " octet" : " octets");
    if (message->retransmission) {
        ipseci_text_add(&t, message->outbound ? ", sent again" : ", received again");
    }
    if (message->payload_count > 0) {
        ipseci_text_char(&t, ':');
    }
    add_payloads(&t, message);
}
