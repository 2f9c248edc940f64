/* SPDX-License-Identifier: Apache-2.0
 *
 * NAT detection. Called by the IKE_SA_INIT handlers of both roles. RFC 7296 2.23.
 */
#include "nat.h"
#include "facade.h"
#include "notify.h"

#include <string.h>

_Static_assert(IPSECI_NAT_HASH_BYTES == IPSECI_NAT_DETECTION_BYTES, "one length, two layers");

enum ipsec_status ipseci_nat_hash(const struct ipsec_crypto_list *crypto, uint64_t spi_i,
                                  uint64_t spi_r, const struct ipsec_endpoint *endpoint,
                                  uint8_t out[IPSECI_NAT_HASH_BYTES])
{
    const size_t addr_bytes = endpoint->addr.family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    uint8_t spis[16];
    uint8_t port[2];

    if (endpoint->addr.family != IPSEC_FAMILY_IPV4 && endpoint->addr.family != IPSEC_FAMILY_IPV6) {
        return IPSEC_ERR_ARGUMENT;
    }
    ipseci_store64(spis, spi_i);
    ipseci_store64(spis + 8, spi_r);
    ipseci_store16(port, endpoint->port);
    const struct ipsec_view parts[] = {ipseci_view(spis, sizeof(spis)),
                                       ipseci_view(endpoint->addr.bytes, addr_bytes),
                                       ipseci_view(port, sizeof(port))};
    return ipseci_sha1(crypto, (struct ipseci_parts){parts, IPSECI_COUNT(parts)}, out);
}

struct seen {
    bool any;   /* a notify of the type with a hash's length */
    bool match; /* one of them is the expected hash */
};

/* RFC 7296 2.23: there may be several SOURCE notifies, of a host that does not know which of its
 * addresses is used; any match will do (NATT-02). */
static struct seen look(const struct ipseci_payloads *payloads, uint16_t type,
                        const uint8_t expected[IPSECI_NAT_HASH_BYTES])
{
    struct seen seen = {false, false};
    struct ipseci_notify notify;
    uint32_t cursor = 0;

    while (ipseci_notify_next(payloads, &cursor, &notify)) {
        if (notify.type != type || notify.data.length != IPSECI_NAT_HASH_BYTES) {
            continue; /* NATT-01: another length is no hash */
        }
        seen.any = true;
        if (memcmp(notify.data.data, expected, IPSECI_NAT_HASH_BYTES) == 0) {
            seen.match = true;
        }
    }
    return seen;
}

void ipseci_nat_detect(const struct ipsec_crypto_list *crypto,
                       const struct ipseci_payloads *payloads, const struct ipseci_nat_path *path,
                       struct ipseci_nat_result *out)
{
    uint8_t here[IPSECI_NAT_HASH_BYTES];
    uint8_t there[IPSECI_NAT_HASH_BYTES];

    *out = (struct ipseci_nat_result){0};
    if (ipseci_nat_hash(crypto, path->spi_i, path->spi_r, path->local, here) != IPSEC_OK ||
        ipseci_nat_hash(crypto, path->spi_i, path->spi_r, path->remote, there) != IPSEC_OK) {
        return;
    }
    const struct seen source = look(payloads, IPSECI_NOTIFY_NAT_DETECTION_SOURCE_IP, there);
    const struct seen destination =
        look(payloads, IPSECI_NOTIFY_NAT_DETECTION_DESTINATION_IP, here);
    if (!source.any || !destination.any) {
        return;
    }
    out->supported = true;
    out->nat_local = !destination.match;
    out->nat_remote = !source.match;
}
