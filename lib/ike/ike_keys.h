/* SPDX-License-Identifier: Apache-2.0
 *
 * Key derivation (RFC 7296 2.13, 2.14, 2.17, 2.18). Pure. Everything here is secret: callers wipe.
 */
#ifndef IPSECI_IKE_KEYS_H
#define IPSECI_IKE_KEYS_H

#include "bytes.h"

#include <ipsec/proposal.h>

struct ipseci_ike_keys {
    uint8_t prf_length;
    uint8_t integ_length; /* 0 with an AEAD */
    uint8_t encr_length;  /* with the salt */
    uint8_t d[IPSEC_PRF_BYTES_MAX];
    uint8_t ai[IPSEC_INTEG_KEY_BYTES_MAX];
    uint8_t ar[IPSEC_INTEG_KEY_BYTES_MAX];
    uint8_t ei[IPSEC_ENCR_KEY_BYTES_MAX];
    uint8_t er[IPSEC_ENCR_KEY_BYTES_MAX];
    uint8_t pi[IPSEC_PRF_BYTES_MAX];
    uint8_t pr[IPSEC_PRF_BYTES_MAX];
};

struct ipseci_key_seed {
    struct ipsec_view ke_secret; /* g^ir */
    struct ipsec_view nonce_i;
    struct ipsec_view nonce_r;
    uint64_t spi_i; /* of the new IKE SA */
    uint64_t spi_r;
    struct ipsec_view old_sk_d; /* rekey (RFC 7296 2.18); empty: first keys */
    uint16_t old_prf;
};

enum ipsec_status ipseci_ike_keys_derive(const struct ipsec_crypto_list *crypto,
                                         const struct ipsec_suite *suite,
                                         const struct ipseci_key_seed *seed,
                                         struct ipseci_ike_keys *out);

struct ipseci_child_keys {
    uint8_t encr_length; /* with the salt */
    uint8_t integ_length;
    uint8_t encr_i[IPSEC_ENCR_KEY_BYTES_MAX]; /* initiator of the exchange to responder */
    uint8_t integ_i[IPSEC_INTEG_KEY_BYTES_MAX];
    uint8_t encr_r[IPSEC_ENCR_KEY_BYTES_MAX];
    uint8_t integ_r[IPSEC_INTEG_KEY_BYTES_MAX];
};

/* What Child SAs are derived from: the IKE SA's PRF and SK_d. */
struct ipseci_parent_key {
    uint16_t prf;
    struct ipsec_view sk_d;
};

/* KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr); ke_secret empty without PFS. Of the seed only it and the
 * nonces are used. */
enum ipsec_status ipseci_child_keys_derive(const struct ipsec_crypto_list *crypto,
                                           const struct ipseci_parent_key *parent,
                                           const struct ipseci_key_seed *seed,
                                           const struct ipsec_suite *child_suite,
                                           struct ipseci_child_keys *out);

#endif
