/* SPDX-License-Identifier: Apache-2.0
 *
 * A signer and a certificate verifier for the simulator: real in what they notice, of no strength
 * at all. A toy certificate is its holder's key, its issuer, its end of validity and its identity
 * in a row; a toy signature hashes what was signed with the holder's key.
 */
#ifndef SIM_AUTH_H
#define SIM_AUTH_H

#include <ipsec/auth.h>

#define SIM_CERT_BYTES 4200
#define SIM_NOW        ((int64_t)1800000000) /* wall time of the simulation's start */

struct ipsec_private_key {
    uint8_t kind; /* enum ipsec_key_kind */
    uint16_t bits;
    uint64_t number; /* the key itself, public and private */
};

struct ipsec_trust {
    uint8_t issuer;
    uint8_t more; /* authorities that sign nobody's certificate */
};

struct sim_auth {
    struct ipsec_signer signer;
    struct ipsec_x509 x509;
    struct ipsec_private_key key;
    struct ipsec_trust trust;
    struct ipsec_credential credential;
    struct ipsec_view chain[2];
    uint8_t cert[SIM_CERT_BYTES];
    uint32_t supported; /* set of 1 << enum ipsec_signature */
    bool no_time;       /* nobody knows what time it is */
    bool breaks;        /* the signer fails */
    unsigned validated;
    unsigned signed_count;
};

/* Tables that know everything but Ed25519, and no key. *a must not be moved afterwards. */
void sim_auth_init(struct sim_auth *a);

struct sim_cert {
    uint8_t kind; /* enum ipsec_key_kind */
    uint16_t bits;
    uint8_t issuer;
    int64_t not_after;
    const struct ipsec_id *id;
    size_t length; /* 0: as short as it goes; else filled up to this */
};
/* A key, and the certificate that says so, as the credential. */
void sim_auth_certify(struct sim_auth *a, const struct sim_cert *cert);

#endif
