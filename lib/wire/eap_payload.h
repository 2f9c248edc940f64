/* SPDX-License-Identifier: Apache-2.0
 *
 * The EAP payload (RFC 7296 3.16): one EAP packet (RFC 3748 4), both directions. Called by the
 * IKE_AUTH handlers.
 */
#ifndef IPSECI_EAP_PAYLOAD_H
#define IPSECI_EAP_PAYLOAD_H

#include "reader.h"

enum ipseci_eap_code {
    IPSECI_EAP_REQUEST = 1,
    IPSECI_EAP_RESPONSE = 2,
    IPSECI_EAP_SUCCESS = 3,
    IPSECI_EAP_FAILURE = 4
};

struct ipseci_eap {
    uint8_t code;
    uint8_t identifier;
    uint8_t type;           /* of Request and Response; 0 otherwise */
    struct ipsec_view data; /* after the type */
};

/* IPSEC_DROP_MALFORMED: unknown code, or the EAP length is not the body's, or a Request or Response
 * without a type, or a Success or Failure of more than 4 octets (AUTH-29). */
enum ipsec_status ipseci_eap_parse(struct ipsec_view body, struct ipseci_eap *out);
void ipseci_eap_build(struct ipseci_writer *w, const struct ipseci_eap *eap);

#endif
