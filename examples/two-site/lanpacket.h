/* SPDX-License-Identifier: Apache-2.0
 *
 * IPv4 ICMP echo packets for the in-process scenario. Pure.
 */
#ifndef TWO_SITE_LANPACKET_H
#define TWO_SITE_LANPACKET_H

#include <ipsec/types.h>

/* Writes an echo request of `bytes` octets (at least 28) from host 10 of the first selector to host
 * 10 of the second. */
void lanpacket_make_request(uint8_t *packet, size_t bytes, const struct ipsec_selector *from,
                            const struct ipsec_selector *to, uint16_t sequence);

/* Turns a request into its reply; false when it is none, or is damaged. */
bool lanpacket_make_reply(uint8_t *packet, size_t bytes);

bool lanpacket_is_reply(const uint8_t *packet, size_t bytes);

#endif
