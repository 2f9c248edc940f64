/* SPDX-License-Identifier: Apache-2.0
 *
 * See plain_path.h. RFC 4301 5.2, RFC 791.
 */
#include "plain_path.h"

#define VERSION_AND_LENGTH 0x45 /* IPv4, 20 octets of header */
#define TRAFFIC_CLASS_AT   1
#define TOTAL_LENGTH_AT    2
#define SOURCE_AT          12
#define DESTINATION_AT     16

static bool is_plain(const struct ipsec_selectors *ts)
{
    const struct ipsec_selector *s = &ts->item[0];
    return ts->count == 1 && s->family == IPSEC_FAMILY_IPV4 && s->protocol == 0 &&
           s->port_first == 0 && s->port_last == UINT16_MAX;
}

bool ipseci_plain_fits(const struct ipsec_sa_params *params)
{
    return is_plain(&params->local_ts) && is_plain(&params->remote_ts);
}

static inline bool is_in_range(const struct ipsec_selector *s, const uint8_t *address)
{
    const uint32_t a = ipseci_load32(address);
    return a >= ipseci_load32(s->first) && a <= ipseci_load32(s->last);
}

/* False says nothing. */
static inline bool carries_plain(const struct ipsec_sa *sa, const uint8_t *ip, uint32_t length)
{
    if (!sa->is_plain || length < IPSECI_IPV4_HEADER_BYTES || ip[0] != VERSION_AND_LENGTH) {
        return false;
    }
    const uint32_t total = ipseci_load16(ip + TOTAL_LENGTH_AT);
    const bool is_seal = sa->direction == IPSEC_SEAL;
    return total >= IPSECI_IPV4_HEADER_BYTES && total <= length &&
           is_in_range(&sa->selectors[0], ip + (is_seal ? SOURCE_AT : DESTINATION_AT)) &&
           is_in_range(&sa->selectors[1], ip + (is_seal ? DESTINATION_AT : SOURCE_AT));
}

enum ipsec_status ipseci_plain_look(const struct ipsec_sa *sa, const uint8_t *ip, uint32_t length,
                                    struct ipseci_flow *out)
{
    if (carries_plain(sa, ip, length)) {
        out->family = IPSEC_FAMILY_IPV4;
        out->traffic_class = ip[TRAFFIC_CLASS_AT];
        out->total_length = ipseci_load16(ip + TOTAL_LENGTH_AT);
        return IPSEC_OK;
    }
    IPSECI_TRY(ipseci_ip_parse(ipseci_view(ip, length), out));
    return ipseci_sa_carries(sa, out) ? IPSEC_OK : IPSEC_DROP_SELECTORS;
}
