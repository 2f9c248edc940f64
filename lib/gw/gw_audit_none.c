/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of gw_audit.c in a build without diagnosis: drops are counted and not told.
 */
#include "gw_state.h"

uint32_t ipseci_gw_flow_label(const struct ipsec_packet *packet)
{
    (void)packet;
    return 0;
}

void ipseci_gw_audit_in(struct ipsec_gw *gw, const struct ipsec_packet *packet,
                        const struct ipseci_gw_received *from, ipsec_ms now)
{
    (void)gw;
    (void)packet;
    (void)from;
    (void)now;
}

void ipseci_gw_audit_out(struct ipsec_gw *gw, const struct ipsec_packet *packet, ipsec_ms now)
{
    (void)gw;
    (void)packet;
    (void)now;
}

void ipseci_gw_audit_forged(struct ipsec_gw *gw, const struct ipsec_sa *sa, uint32_t count,
                            ipsec_ms now)
{
    (void)gw;
    (void)sa;
    (void)count;
    (void)now;
}

void ipseci_gw_audit_init(struct ipsec_gw *gw, ipsec_ms now)
{
    (void)gw;
    (void)now;
}
