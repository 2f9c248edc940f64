/* SPDX-License-Identifier: Apache-2.0
 *
 * See plain_path.h. RFC 4301 5.2, RFC 791.
 */
#include "plain_path.h"
#include "plain_inline.h"

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

enum ipsec_status ipseci_plain_look(const struct ipsec_sa *sa, const uint8_t *ip, uint32_t length,
                                    struct ipseci_flow *out)
{
    if ((sa->shortcuts & IPSECI_SHORTCUT_PLAIN) != 0 &&
        ipseci_plain_carries(sa, (enum ipsec_direction)sa->direction, ip, length)) {
        out->family = IPSEC_FAMILY_IPV4;
        out->traffic_class = ip[IPSECI_PLAIN_CLASS_AT];
        out->total_length = ipseci_load16(ip + IPSECI_PLAIN_TOTAL_AT);
        return IPSEC_OK;
    }
    IPSECI_TRY(ipseci_ip_parse(ipseci_view(ip, length), out));
    return ipseci_sa_carries(sa, out) ? IPSEC_OK : IPSEC_DROP_SELECTORS;
}
