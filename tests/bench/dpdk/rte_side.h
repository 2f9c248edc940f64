/* SPDX-License-Identifier: Apache-2.0
 *
 * The other side of bench_dpdk.c: ESP in tunnel mode by DPDK's rte_ipsec over its software crypto
 * device (Intel's multi-buffer library), without huge pages and without network devices.
 */
#ifndef RTE_SIDE_H
#define RTE_SIDE_H

#include "esp_ours.h"

/* How rte_ipsec has its crypto done. */
enum rte_way {
    RTE_WAY_ASYNC, /* ops through the device's queue: RTE_SECURITY_ACTION_TYPE_NONE */
    RTE_WAY_SYNC   /* at once, in the call: RTE_SECURITY_ACTION_TYPE_CPU_CRYPTO */
};

struct rte_side;

/* Once, before all else. driver: "crypto_aesni_mb" or another. False, and why on stderr: DPDK does
 * not run here. */
bool rte_side_begin(const char *driver);
void rte_side_end(void);

/* SAs as esp_ours_init makes them with OUTER_IP and one SA a burst: the same keys, SPI, outer
 * addresses, replay window. NULL: the device can not do that. */
struct rte_side *rte_side_new(enum esp_cipher cipher, enum rte_way way);
void rte_side_free(struct rte_side *side);
void rte_side_octets(struct rte_side *side, unsigned octets); /* of an inner packet */

/* For bench_pair; work is a struct rte_side. What is not timed: */
void rte_side_fill(void *work);
void rte_side_fill_and_seal(void *work);
/* What is: */
void rte_side_seal(void *work);
void rte_side_open(void *work);

/* Packet i of the last burst as it is now. */
struct ipsec_view rte_side_packet(const struct rte_side *side, unsigned i);

#endif
