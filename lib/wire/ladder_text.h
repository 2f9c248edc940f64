/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of exchanges and payloads as the RFCs draw them in message ladders, for display. Called by
 * the event texts of lib/ike.
 */
#ifndef IPSECI_LADDER_TEXT_H
#define IPSECI_LADDER_TEXT_H

#include "payload.h"
#include "text.h"

/* "IKE_SA_INIT"; "unknown exchange" when it is none of IKEv2's. */
const char *ipseci_exchange_name(uint8_t exchange);
/* "SA", "KE", "IDi", "CERT", "AUTH", "Nonce", "N", "D", "V", "TSi", "SK", "CP", "EAP", "SKF";
 * "unknown payload" otherwise. */
const char *ipseci_payload_name(uint8_t type);
/* "SA, KE, Nonce, N(COOKIE), N(40960)": the payloads of a message, bounded by t. */
void ipseci_payloads_text(const struct ipseci_payloads *payloads, struct ipseci_text *t);

#endif
