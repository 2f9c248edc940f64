/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of gw_tfc.c in a build without it: nothing is filled up, no dummies are sent.
 */
#include "gw_state.h"

enum ipsec_status ipseci_gw_tfc_start(struct ipseci_gw_child *child,
                                      const struct ipsec_child_sa *sa)
{
    (void)child;
    return sa->config->tfc == 0 ? IPSEC_OK : IPSEC_ERR_NOT_BUILT_IN;
}

void ipseci_gw_tfc_fill(const struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    (void)gw;
    packet->flags &= (uint8_t)~IPSEC_PACKET_TFC;
}

enum ipsec_status ipsec_gw_send_dummy(struct ipsec_gw *gw, ipsec_handle child, uint32_t octets,
                                      ipsec_ms now)
{
    (void)gw;
    (void)child;
    (void)octets;
    (void)now;
    return IPSEC_ERR_NOT_BUILT_IN;
}
