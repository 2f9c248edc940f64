/* SPDX-License-Identifier: Apache-2.0
 *
 * One outbound SA that several threads send with, without a lock. Each thread has a sender, which
 * is a struct ipsec_sa of its own with the SPI, keys and addresses of the SA; what must not be
 * drawn twice, sequence numbers and what the limits leave, comes from one place, the share:
 *
 *   ipsec_sa_share_init(block, bytes, &params, &share);       // once
 *   params.share = share;
 *   ipsec_sa_init(block[i], bytes, &params, &crypto[i], &sa); // for each thread, before it starts
 *   packet.sa = sa;                                           // in each, and then as ever
 *
 * A burst (ipsec_esp_seal, 32 packets of it at a time) draws its numbers at once; each number is
 * given once, and so is each IV that is made of it (AES-GCM, AES-CCM, AES-CTR, ChaCha20-Poly1305,
 * RFC 8750). IVs of AES-CBC are random, each sender's from its own providers. At an end the numbers
 * that are left are given out, and no more: every later packet of any sender is
 * IPSEC_FATAL_SEQUENCE or IPSEC_FATAL_LIFETIME. Numbers of packets that could not be sent go back
 * when nobody has drawn since, and are passed over otherwise, which receivers do not mind.
 *
 * Senders have keys of their own because providers work in them, and each its own list of providers
 * where those need a context a thread (ipsec-mb) or draw random octets (AES-CBC): crypto.h.
 *
 * Packets of one sender leave in order, those of two senders in any: the distance must stay below
 * the peer's replay window, so a thread sends what it has sealed before it seals more, and packets
 * of one flow are one thread's.
 *
 * Control: which threads there are is the caller's to know. To move the SA (ipsec_sa_move) each
 * sender is moved in its thread. To replace it, the new senders are made first; each thread goes
 * over in its own time. A sender is released in its thread or when that thread has gone on, the
 * share after its last sender.
 *
 * In a build without shared_sa (no 64-bit atomics, or left out), init is IPSEC_ERR_NOT_BUILT_IN.
 */
#ifndef IPSEC_SA_SHARE_H
#define IPSEC_SA_SHARE_H

#include <ipsec/esp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Octets of a block; 0 in a build without. */
IPSEC_API size_t ipsec_sa_share_size(void);

/* Makes a share in the caller's block, aligned for any type (and best to 64 octets, with nothing
 * else in them). Of params are taken: spi, suite, sequence_start, packets_max and bytes_max, which
 * all senders have together. There is nothing to release. IPSEC_ERR_ARGUMENT, IPSEC_ERR_BUFFER,
 * IPSEC_ERR_STRUCT_SIZE, IPSEC_ERR_NOT_BUILT_IN. A sender whose direction is not outbound, or whose
 * SPI, cipher or ESN is another than the share's, is IPSEC_ERR_ARGUMENT in ipsec_sa_init. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_sa_share_init(void *block, size_t block_bytes, const struct ipsec_sa_params *params,
                    struct ipsec_sa_share **share);

/* The rest may be called from any thread at any time. */

/* Numbers and octets that were drawn by now: what the senders have counted (ipsec_sa_packets, each
 * in its thread), and at most one burst of each more; with numbers that were passed over. */
IPSEC_API uint64_t ipsec_sa_share_packets(const struct ipsec_sa_share *share);
IPSEC_API uint64_t ipsec_sa_share_bytes(const struct ipsec_sa_share *share);

/* Is the SA to be replaced? True for one caller, once: the first that finds a soft limit reached
 * (ipsec_key_limits, or lower ones of the caller's). */
IPSEC_API bool ipsec_sa_share_is_due(struct ipsec_sa_share *share,
                                     const struct ipsec_key_limits *limits);

#ifdef __cplusplus
}
#endif

#endif
