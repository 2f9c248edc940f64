/* SPDX-License-Identifier: Apache-2.0
 *
 * The data of the REDIRECT and REDIRECTED_FROM notifies (RFC 5685 7.2, 7.3), both directions. A
 * gateway is an identity of the types IPV4_ADDR, IPV6_ADDR and FQDN. Called by the redirect
 * handlers.
 */
#ifndef IPSECI_REDIRECT_WIRE_H
#define IPSECI_REDIRECT_WIRE_H

#include "reader.h"

/* An address that one host can have; a host name of letters, digits, '-', '_' and single dots. */
bool ipseci_gateway_usable(const struct ipsec_id *gateway);
/* False: it is a name, which has no address yet. */
bool ipseci_gateway_address(const struct ipsec_id *gateway, struct ipsec_addr *out);
void ipseci_gateway_of(const struct ipsec_addr *addr, struct ipsec_id *out);

/* REDIRECT. *nonce: what follows the gateway, empty when nothing does. IPSEC_DROP_TRUNCATED:
 * shorter than its own length says; IPSEC_DROP_MALFORMED: unknown type, a length that is not the
 * type's, or a gateway that is none; IPSEC_DROP_TOO_BIG: a name over IPSEC_ID_BYTES_MAX. */
enum ipsec_status ipseci_redirect_parse(struct ipsec_view data, struct ipsec_id *gateway,
                                        struct ipsec_view *nonce);
/* REDIRECTED_FROM: as above, but an address only, and nothing behind it (else MALFORMED). */
enum ipsec_status ipseci_redirected_from_parse(struct ipsec_view data, struct ipsec_addr *out);
/* Either of them; a gateway that is not usable fails the writer. */
void ipseci_redirect_build(struct ipseci_writer *w, const struct ipsec_id *gateway,
                           struct ipsec_view nonce);

#endif
