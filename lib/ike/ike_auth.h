/* SPDX-License-Identifier: Apache-2.0
 *
 * AUTH with a shared key (RFC 7296 2.15), and the octets it covers. Pure.
 */
#ifndef IPSECI_IKE_AUTH_H
#define IPSECI_IKE_AUTH_H

#include "bytes.h"

#include <ipsec/proposal.h>

#define IPSECI_AUTH_METHOD_RSA       1
#define IPSECI_AUTH_METHOD_PSK       2
#define IPSECI_AUTH_METHOD_SIGNATURE 14

struct ipseci_auth_octets {
    uint16_t prf;
    struct ipsec_view message; /* the signer's IKE_SA_INIT message, exactly as on the wire */
    struct ipsec_view nonce;   /* the other end's */
    struct ipsec_view sk_p;    /* the signer's SK_pi or SK_pr */
    struct ipsec_view
        id_body; /* the signer's ID payload without generic header, RESERVED included */
};

/* prf(prf(secret, "Key Pad for IKEv2"), octets); writes the PRF's length and says it. */
enum ipsec_status ipseci_auth_psk(const struct ipsec_crypto_list *crypto,
                                  const struct ipseci_auth_octets *octets, struct ipsec_view secret,
                                  uint8_t out[IPSEC_PRF_BYTES_MAX], size_t *length);

#endif
