/* SPDX-License-Identifier: Apache-2.0
 *
 * A shorter way for the usual inner packet of the usual tunnel: IPv4 without options, held against
 * one range of addresses a side. Called by mode_tunnel.c for each packet. A build without has a
 * file in its place that never takes it.
 */
#ifndef IPSECI_PLAIN_PATH_H
#define IPSECI_PLAIN_PATH_H

#include "sa.h"

/* Selectors of that kind: any protocol, any port. Told once, at init. */
bool ipseci_plain_fits(const struct ipsec_sa_params *params);

/* Reads an inner packet and holds it against the selectors: as ipseci_ip_parse and
 * ipseci_sa_carries do, but that only family, traffic_class and total_length of *out are set. */
enum ipsec_status ipseci_plain_look(const struct ipsec_sa *sa, const uint8_t *ip, uint32_t length,
                                    struct ipseci_flow *out);

#endif
