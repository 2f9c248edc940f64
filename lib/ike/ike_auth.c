/* SPDX-License-Identifier: Apache-2.0
 *
 * AUTH with a shared key. Called by the IKE_AUTH handlers for their own value and for the peer's,
 * which they compare with ipseci_equal_secret. RFC 7296 2.15.
 */
#include "ike_auth.h"
#include "facade.h"

/* RFC 7296 2.15: 17 octets, without a terminator (AUTH-08). */
static const char key_pad[] = "Key Pad for IKEv2";

enum ipsec_status ipseci_auth_psk(const struct ipsec_crypto_list *crypto,
                                  const struct ipseci_auth_octets *octets, struct ipsec_view secret,
                                  uint8_t out[IPSEC_PRF_BYTES_MAX], size_t *length)
{
    uint8_t maced_id[IPSEC_PRF_BYTES_MAX];
    uint8_t padded[IPSEC_PRF_BYTES_MAX];
    struct ipseci_prf prf;

    *length = 0;
    if (secret.length == 0) { /* AUTH-09: everybody knows the empty secret */
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_prf_bind(&prf, crypto, octets->prf));
    const struct ipsec_view pad = ipseci_view(key_pad, sizeof(key_pad) - 1);
    const struct ipsec_view parts[] = {octets->message, octets->nonce,
                                       ipseci_view(maced_id, prf.length)};
    enum ipsec_status status = ipseci_prf_run(&prf, octets->sk_p, &octets->id_body, 1, maced_id);
    if (status == IPSEC_OK) {
        status = ipseci_prf_run(&prf, secret, &pad, 1, padded);
    }
    if (status == IPSEC_OK) {
        status =
            ipseci_prf_run(&prf, ipseci_view(padded, prf.length), parts, IPSECI_COUNT(parts), out);
    }
    if (status == IPSEC_OK) {
        *length = prf.length;
    }
    ipseci_wipe(maced_id, sizeof(maced_id));
    ipseci_wipe(padded, sizeof(padded));
    return status;
}
