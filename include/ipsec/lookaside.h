/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP on crypto hardware that answers later: packets are handed in, the processor goes on with
 * other work, and packets come back finished, in the order in which the hardware was done with
 * them. For SAs whose provider has `submit` and `reap` (crypto.h); packets of other SAs are done at
 * once, so a program has one way for all. ipsec_esp_seal and ipsec_esp_open work with such
 * providers, too, and wait for each batch, as the gateway (gw.h) does, which calls those.
 */
#ifndef IPSEC_LOOKASIDE_H
#define IPSEC_LOOKASIDE_H

#include <ipsec/esp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque; one thread at a time. */
struct ipsec_lookaside;

struct ipsec_lookaside_config {
    uint32_t size;
    uint32_t packet_max; /* under way at once; 0: 256 */
};
#define IPSEC_LOOKASIDE_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_lookaside_config)

/* Octets of a block (some 150 a packet). IPSEC_ERR_ARGUMENT (more than 65536 packets),
 * IPSEC_ERR_STRUCT_SIZE. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_lookaside_size(const struct ipsec_lookaside_config *config, size_t *bytes);

/* Makes one in the caller's block, aligned for any type. It takes no more memory and holds no
 * secret: once nothing is under way the block is simply the caller's again. As
 * ipsec_lookaside_size, and IPSEC_ERR_BUFFER. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_lookaside_init(void *block, size_t block_bytes, const struct ipsec_lookaside_config *config,
                     struct ipsec_lookaside **lookaside);

/* Begins n packets, each with its packet's `sa`: sealing with an outbound one, opening with an
 * inbound one, in any mix. packets[i]->status then is
 * - IPSEC_PENDING: under way. Packet, buffer and SA must stay until ipsec_lookaside_reap gives the
 *   packet back; until then its content is the hardware's.
 * - IPSEC_ERR_FULL: packet_max are under way. Nothing has happened to it; reap, then try again.
 * - anything else: how it ended, as ipsec_esp_seal and ipsec_esp_open say.
 * Sequence numbers are given in this order. What a provider's queue has no room for is done by its
 * `run` instead. Returns how many are PENDING. */
IPSEC_API size_t ipsec_lookaside_submit(struct ipsec_lookaside *lookaside,
                                        struct ipsec_packet *const packets[], size_t n);

/* Finishes what has come back, up to max packets, in the order in which it came: an outbound SA's
 * packets may so leave in another order than they were given, which replay windows bear with. Does
 * not wait. status of each says how it ended; for copies of one packet the first that comes back is
 * the good one. Returns how many. A provider (its context) serves one ipsec_lookaside only, as what
 * it gives back would otherwise be another's. */
IPSEC_API size_t ipsec_lookaside_reap(struct ipsec_lookaside *lookaside,
                                      struct ipsec_packet *packets[], size_t max);

/* How many are under way. */
IPSEC_API uint32_t ipsec_lookaside_pending(const struct ipsec_lookaside *lookaside);

#ifdef __cplusplus
}
#endif

#endif
