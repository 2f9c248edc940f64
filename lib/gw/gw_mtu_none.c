/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of gw_mtu.c in a build without it: no path MTU is kept, every packet is sealed.
 */
#include "gw_state.h"

void ipseci_gw_mtu_enter(struct ipsec_gw *gw, struct ipseci_gw_child *child, uint32_t spi_out)
{
    (void)gw;
    (void)child;
    (void)spi_out;
}

void ipseci_gw_mtu_forget(struct ipsec_gw *gw, const struct ipseci_gw_child *child)
{
    (void)gw;
    (void)child;
}

void ipseci_gw_mtu_start(const struct ipsec_gw *gw, struct ipseci_gw_child *child)
{
    (void)gw;
    (void)child;
}

enum ipsec_status ipsec_gw_path_mtu(struct ipsec_gw *gw, const struct ipsec_addr *remote,
                                    uint32_t mtu, ipsec_ms now)
{
    (void)gw;
    (void)remote;
    (void)mtu;
    (void)now;
    return IPSEC_ERR_NOT_BUILT_IN;
}

enum ipsec_status ipsec_gw_child_mtu(const struct ipsec_gw *gw, ipsec_handle child, uint32_t *mtu)
{
    (void)gw;
    (void)child;
    (void)mtu;
    return IPSEC_ERR_NOT_BUILT_IN;
}

void ipseci_gw_mtu_heard(struct ipsec_gw *gw, const struct ipsec_packet *packet, ipsec_ms now)
{
    (void)gw;
    (void)packet;
    (void)now;
}

void ipseci_gw_mtu_told(struct ipsec_gw *gw, const struct ipsec_path_mtu *told, ipsec_ms now)
{
    (void)gw;
    (void)told;
    (void)now;
}

bool ipseci_gw_mtu_exceeds(const struct ipsec_gw *gw, struct ipsec_packet *packet, ipsec_ms now)
{
    (void)gw;
    (void)packet;
    (void)now;
    return false;
}

void ipseci_gw_mtu_handle(struct ipsec_gw *gw, struct ipsec_packet *packet, ipsec_ms now)
{
    (void)gw;
    (void)packet;
    (void)now;
}

void ipseci_gw_mtu_clamp(const struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    (void)gw;
    (void)packet;
}

void ipseci_gw_mtu_layout(struct ipsec_gw *gw, struct ipseci_arena *arena,
                          const struct ipsec_gw_config *config)
{
    (void)gw;
    (void)arena;
    (void)config;
}

void ipseci_gw_mtu_init(struct ipsec_gw *gw, ipsec_ms now)
{
    (void)gw;
    (void)now;
}
