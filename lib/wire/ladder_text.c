/* SPDX-License-Identifier: Apache-2.0
 *
 * Names for the message ladder. RFC 7296 1.2 (notation), 3.1, 3.2.
 */
#include "ladder_text.h"
#include "notify.h"

static const char *const exchange_names[] = {"IKE_SA_INIT", "IKE_AUTH", "CREATE_CHILD_SA",
                                             "INFORMATIONAL"};

/* From IPSECI_PAYLOAD_SA on, without gaps. */
static const char *const payload_names[] = {"SA",   "KE",    "IDi", "IDr", "CERT", "CERTREQ",
                                            "AUTH", "Nonce", "N",   "D",   "V",    "TSi",
                                            "TSr",  "SK",    "CP",  "EAP"};

_Static_assert(IPSECI_COUNT(payload_names) == IPSECI_PAYLOAD_EAP - IPSECI_PAYLOAD_SA + 1,
               "a name for each payload type");

const char *ipseci_exchange_name(uint8_t exchange)
{
    unsigned index = (unsigned)exchange - IPSECI_EXCHANGE_IKE_SA_INIT;
    return index < IPSECI_COUNT(exchange_names) ? exchange_names[index] : "unknown exchange";
}

const char *ipseci_payload_name(uint8_t type)
{
    unsigned index = (unsigned)type - IPSECI_PAYLOAD_SA;
    if (type == IPSECI_PAYLOAD_SKF) {
        return "SKF";
    }
    return index < IPSECI_COUNT(payload_names) ? payload_names[index] : "unknown payload";
}

static void notify_text(struct ipsec_view body, struct ipseci_text *t)
{
    struct ipseci_notify notify;
    ipseci_text_add(t, "N(");
    if (ipseci_notify_parse(body, &notify) != IPSEC_OK) {
        ipseci_text_add(t, "malformed)");
        return;
    }
    const char *name = ipseci_notify_name(notify.type);
    if (name != NULL) {
        ipseci_text_add(t, name);
    } else {
        ipseci_text_u64(t, notify.type);
    }
    ipseci_text_char(t, ')');
}

void ipseci_payloads_text(const struct ipseci_payloads *payloads, struct ipseci_text *t)
{
    for (uint32_t i = 0; i < payloads->count; i++) {
        const struct ipseci_payload *payload = &payloads->item[i];
        if (i > 0) {
            ipseci_text_add(t, ", ");
        }
        if (payload->type == IPSECI_PAYLOAD_NOTIFY) {
            notify_text(payload->body, t);
        } else {
            ipseci_text_add(t, ipseci_payload_name(payload->type));
        }
    }
}
