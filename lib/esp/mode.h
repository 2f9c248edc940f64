/* SPDX-License-Identifier: Apache-2.0
 *
 * What differs between the modes of an SA, as a table that ipsec_sa_init chooses once: seal.c and
 * open.c call through it and know no mode. Tables: mode_tunnel.c; transport.c; header_rules.c for
 * tunnels whose outer headers are made by rules. A build without one of them has a file of refusals
 * in its place.
 */
#ifndef IPSECI_MODE_H
#define IPSECI_MODE_H

#include "esp_batch.h"

struct ipseci_mode {
    /* An outbound SA of whole packets: what can be known of its outer headers before any packet.
     * See ipsec_sa_move. */
    enum ipsec_status (*prepare)(struct ipsec_sa *sa, const struct ipsec_endpoint *local,
                                 const struct ipsec_endpoint *remote, bool udp);
    /* Seal: what of the packet is protected, held against the selectors, and what its outer header
     * will say. Changes nothing but *in. */
    enum ipsec_status (*take)(const struct ipsec_packet *packet, struct ipseci_inner *in);
    /* Seal: the headers in front of a sealed ESP packet of `length` octets at esp, and what is
     * content then. */
    void (*wrap)(const struct ipseci_esp_note *note, uint8_t *esp, uint32_t length);
    /* Open: the packet of this payload, without padding and trailer, held against the selectors;
     * its octets become content, next_header and traffic of the SA. */
    enum ipsec_status (*deliver)(const struct ipseci_esp_note *note,
                                 const struct ipseci_payload_out *out);
    bool keeps_header; /* the packet's own IP header is the outer one */
};

extern const struct ipseci_mode ipseci_mode_tunnel;

/* Tunnel mode's own, also called by the rules. */
enum ipsec_status ipseci_tunnel_take(const struct ipsec_packet *packet, struct ipseci_inner *in);
void ipseci_tunnel_wrap(const struct ipseci_esp_note *note, uint8_t *esp, uint32_t length);
enum ipsec_status ipseci_tunnel_deliver(const struct ipseci_esp_note *note,
                                        const struct ipseci_payload_out *out);

/* transport.c: takes the place of *mode when the params ask for it. IPSEC_ERR_ARGUMENT (not a mode,
 * or rules, which are for tunnels), IPSEC_ERR_NOT_BUILT_IN. */
enum ipsec_status ipseci_transport_choose(const struct ipsec_sa_params *params,
                                          const struct ipseci_mode **mode);
/* header_rules.c: takes the place of *mode when the params have rules. IPSEC_ERR_ARGUMENT,
 * IPSEC_ERR_NOT_BUILT_IN. */
enum ipsec_status ipseci_rules_choose(const struct ipsec_sa_params *params,
                                      const struct ipseci_mode **mode);

#endif
