/* SPDX-License-Identifier: Apache-2.0
 *
 * NAT detection (RFC 7296 2.23). Pure.
 */
#ifndef IPSECI_NAT_H
#define IPSECI_NAT_H

#include "payload.h"

#include <ipsec/crypto.h>

#define IPSECI_NAT_HASH_BYTES 20

/* SHA-1(SPIi | SPIr | address | port). IPSEC_ERR_NOT_BUILT_IN when no provider has SHA-1. */
enum ipsec_status ipseci_nat_hash(const struct ipsec_crypto_list *crypto, uint64_t spi_i,
                                  uint64_t spi_r, const struct ipsec_endpoint *endpoint,
                                  uint8_t out[IPSECI_NAT_HASH_BYTES]);

/* Where a message came from and arrived, as we see it. */
struct ipseci_nat_path {
    uint64_t spi_i;
    uint64_t spi_r; /* 0 for a request */
    const struct ipsec_endpoint *local;
    const struct ipsec_endpoint *remote;
};

struct ipseci_nat_result {
    bool supported;  /* the peer sent the notifies and we can check them */
    bool nat_local;  /* DESTINATION hash differs from where we received it */
    bool nat_remote; /* no SOURCE hash matches where it came from */
};

/* Looks at the N(NAT_DETECTION_*) of a received IKE_SA_INIT message. Notifies of another length
 * than 20 are ignored (NATT-01); any matching SOURCE means no NAT there (NATT-02). */
void ipseci_nat_detect(const struct ipsec_crypto_list *crypto,
                       const struct ipseci_payloads *payloads, const struct ipseci_nat_path *path,
                       struct ipseci_nat_result *out);

#endif
