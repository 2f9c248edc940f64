/* SPDX-License-Identifier: Apache-2.0
 *
 * Which payloads an exchange must, may and must not carry (RFC 7296 1.2 to 1.5, appendix C), as a
 * table checked before any handler runs (CVE-2013-6467, CVE-2009-1958).
 */
#ifndef IPSECI_RULES_H
#define IPSECI_RULES_H

#include "payload.h"

enum ipseci_rule {
    IPSECI_RULE_INIT_REQUEST,
    IPSECI_RULE_INIT_RESPONSE, /* the good one: SA, KE, Nonce */
    IPSECI_RULE_AUTH_REQUEST,  /* IDi, AUTH, SA, TSi, TSr; AUTH may miss (EAP): the handler decides
                                */
    IPSECI_RULE_AUTH_RESPONSE, /* IDr, AUTH; SA and TS all or none */
    IPSECI_RULE_CHILD_REQUEST, /* SA, Nonce, TSi, TSr [KE] */
    IPSECI_RULE_CHILD_RESPONSE,
    IPSECI_RULE_IKE_REKEY_REQUEST, /* SA, Nonce, KE */
    IPSECI_RULE_IKE_REKEY_RESPONSE,
    IPSECI_RULE_INFORMATIONAL
};

/* IPSEC_OK, or IPSEC_DROP_PAYLOADS with the type that is missing or repeated in *which. Payload
 * types that the rule does not name but that are known are ignored (RFC 7296 2.5); order does not
 * matter. */
enum ipsec_status ipseci_rules_check(enum ipseci_rule rule, const struct ipseci_payloads *payloads,
                                     uint8_t *which);

#endif
