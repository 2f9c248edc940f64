/* SPDX-License-Identifier: Apache-2.0
 *
 * The short texts of event.h: names of causes, exchanges, payloads and notifies, warnings, reasons.
 * Called by the caller's logging.
 */
#include "ladder_text.h"
#include "notify.h"

#include <ipsec/event.h>

const char *ipsec_cause_name(enum ipsec_cause cause)
{
    switch (cause) {
    case IPSEC_CAUSE_NO_CONNECTION:
        return "no-connection";
    case IPSEC_CAUSE_NO_PROPOSAL:
        return "no-proposal";
    case IPSEC_CAUSE_KE_GROUP:
        return "ke-group";
    case IPSEC_CAUSE_SELECTORS:
        return "selectors";
    case IPSEC_CAUSE_AUTHENTICATION:
        return "authentication";
    case IPSEC_CAUSE_IDENTITY:
        return "identity";
    case IPSEC_CAUSE_NOT_BUILT_IN:
        return "not-built-in";
    case IPSEC_CAUSE_POLICY:
        return "policy";
    case IPSEC_CAUSE_SILENT_PEER:
        return "silent-peer";
    case IPSEC_CAUSE_PROTOCOL:
        return "protocol";
    case IPSEC_CAUSE_RESOURCE:
        return "resource";
    case IPSEC_CAUSE_PEER_REFUSED:
        return "peer-refused";
    }
    return "unknown";
}

const char *ipsec_exchange_name(uint8_t exchange)
{
    return exchange >= IPSECI_EXCHANGE_IKE_SA_INIT && exchange <= IPSECI_EXCHANGE_INFORMATIONAL
               ? ipseci_exchange_name(exchange)
               : "?";
}

const char *ipsec_payload_name(uint8_t payload)
{
    const bool known = (payload >= IPSECI_PAYLOAD_SA && payload <= IPSECI_PAYLOAD_EAP) ||
                       payload == IPSECI_PAYLOAD_SKF;
    return known ? ipseci_payload_name(payload) : "?";
}

const char *ipsec_notify_name(uint16_t notify)
{
    const char *name = ipseci_notify_name(notify);
    return name == NULL ? "?" : name;
}

const char *ipsec_warning_text(enum ipsec_warning warning)
{
    switch (warning) {
    case IPSEC_WARNING_WEAK_GROUP:
        return "a Diffie-Hellman group that RFC 8247 advises against was negotiated";
    case IPSEC_WARNING_WEAK_SECRET:
        return "the pre-shared key is short: who records the traffic can try keys until one fits";
    case IPSEC_WARNING_CLOCK:
        return "the clock given to the library stepped back; it was held at its latest time";
    case IPSEC_WARNING_NARROWED:
        return "the peer narrowed the traffic selectors: less is protected than was asked for";
    case IPSEC_WARNING_NO_PFS:
        return "rekeyed without PFS though a Diffie-Hellman group is configured";
    case IPSEC_WARNING_NULL_CIPHER:
        return "the traffic is authenticated but not encrypted (NULL cipher)";
    case IPSEC_WARNING_COOKIES_ON:
        return "many first contacts: every new peer has to bring back a cookie now";
    case IPSEC_WARNING_COOKIES_OFF:
        return "first contacts are few again: new peers need no cookie any more";
    case IPSEC_WARNING_QUIRK:
        return "a habit of the peer outside of the RFCs, or at their edge, was put up with";
    }
    return "unknown warning";
}

const char *ipsec_reason_text(enum ipsec_reason reason)
{
    switch (reason) {
    case IPSEC_REASON_LOCAL:
        return "closed on this side";
    case IPSEC_REASON_PEER:
        return "deleted by the peer";
    case IPSEC_REASON_TIMEOUT:
        return "the peer no longer answers";
    case IPSEC_REASON_LIFETIME:
        return "hard lifetime reached";
    case IPSEC_REASON_REPLACED:
        return "replaced by a newer one";
    case IPSEC_REASON_INITIAL_CONTACT:
        return "the peer has started anew and forgotten it";
    case IPSEC_REASON_FAILURE:
        return "ended by a failure";
    case IPSEC_REASON_IDLE:
        return "no traffic";
    case IPSEC_REASON_REDIRECTED:
        return "another gateway is called in its place";
    }
    return "unknown reason";
}
