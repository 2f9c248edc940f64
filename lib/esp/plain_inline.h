/* SPDX-License-Identifier: Apache-2.0
 *
 * The check of plain_path.h itself, for plain_path.c and the loops of fast_path.h.
 */
#ifndef IPSECI_PLAIN_INLINE_H
#define IPSECI_PLAIN_INLINE_H

#include "sa.h"

#define IPSECI_PLAIN_VERSION_AND_LENGTH 0x45 /* IPv4, 20 octets of header */
#define IPSECI_PLAIN_CLASS_AT           1
#define IPSECI_PLAIN_TOTAL_AT           2
#define IPSECI_PLAIN_SOURCE_AT          12
#define IPSECI_PLAIN_DESTINATION_AT     16

static inline bool ipseci_plain_is_in(const struct ipsec_selector *s, const uint8_t *address)
{
    const uint32_t a = ipseci_load32(address);
    return a >= ipseci_load32(s->first) && a <= ipseci_load32(s->last);
}

/* An IPv4 packet without options, whole, and between the networks of an SA with
 * IPSECI_SHORTCUT_PLAIN. False says nothing. */
static inline bool ipseci_plain_carries(const struct ipsec_sa *sa, enum ipsec_direction direction,
                                        const uint8_t *ip, uint32_t length)
{
    if (length < IPSECI_IPV4_HEADER_BYTES || ip[0] != IPSECI_PLAIN_VERSION_AND_LENGTH) {
        return false;
    }
    const uint32_t total = ipseci_load16(ip + IPSECI_PLAIN_TOTAL_AT);
    const bool is_seal = direction == IPSEC_SEAL;
    const uint8_t *local = ip + (is_seal ? IPSECI_PLAIN_SOURCE_AT : IPSECI_PLAIN_DESTINATION_AT);
    const uint8_t *remote = ip + (is_seal ? IPSECI_PLAIN_DESTINATION_AT : IPSECI_PLAIN_SOURCE_AT);
    return total >= IPSECI_IPV4_HEADER_BYTES && total <= length &&
           ipseci_plain_is_in(&sa->selectors[0], local) &&
           ipseci_plain_is_in(&sa->selectors[1], remote);
}

#endif
