/* SPDX-License-Identifier: Apache-2.0
 *
 * What an SA leaves of a path's MTU. Called by lib/gw when an SA or a path is new. RFC 4301 8.2.
 */
#include <ipsec/mtu.h>

#include "mode.h"

uint32_t ipsec_sa_mtu(const struct ipsec_sa *sa, uint32_t path_mtu)
{
    const uint32_t ip = sa->remote.addr.family == IPSEC_FAMILY_IPV4 ? IPSECI_IPV4_HEADER_BYTES
                                                                    : IPSECI_IPV6_HEADER_BYTES;
    const uint32_t around = ip + (sa->udp_encapsulation ? IPSECI_UDP_HEADER_BYTES : 0u) +
                            IPSECI_ESP_HEADER_BYTES + sa->aead.iv_length + sa->aead.tag_length;
    const uint32_t room = path_mtu > around ? path_mtu - around : 0;
    /* Payload, padding and trailer end on a boundary of the cipher block, a power of two. */
    const uint32_t padded = room & ~(uint32_t)(sa->aead.block - 1);
    if (padded < IPSECI_ESP_TRAILER_BYTES) {
        return 0;
    }
    return padded - IPSECI_ESP_TRAILER_BYTES + (sa->mode->keeps_header ? ip : 0);
}
