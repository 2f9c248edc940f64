/* SPDX-License-Identifier: Apache-2.0
 *
 * A Linux TUN device as a gateway's LAN side: what the kernel routes into the device is to be
 * protected, what comes out of tunnels is given to the kernel. Needs CAP_NET_ADMIN, or a persistent
 * device that belongs to the user. Addresses and routes are the program's business.
 *
 *     struct ipsec_posix_lan lan = IPSEC_POSIX_LAN_INIT;
 *     ipsec_linux_tun_open(&config, &tun, why);
 *     ipsec_linux_tun_lan(tun, &lan);
 *     ipsec_posix_set_lan(posix, &lan);
 *
 * Uses the heap in open. One object is used from one thread at a time.
 */
#ifndef IPSEC_BACKEND_LINUX_TUN_H
#define IPSEC_BACKEND_LINUX_TUN_H

#include <ipsec/backend_posix.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_linux_tun;

struct ipsec_linux_tun_config {
    uint32_t size;
    const char *name; /* at most 15 octets; may hold "%d" for a free number; NULL: "ipsec%d" */
    uint32_t mtu;     /* 0: leave as it is (1500); tunnels over Ethernet: 1400 is safe */
    bool down;        /* do not set the interface up */
    bool offload;     /* large TCP packets are read and written whole, where the system can */
};
#define IPSEC_LINUX_TUN_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_linux_tun_config)

#define IPSEC_LINUX_TUN_NAME_MAX 16

/* Opens or makes the device, sets MTU and up. config may be NULL. IPSEC_ERR_IO: `why` (at least
 * IPSEC_POSIX_TEXT_MAX octets, or NULL) says which step and the system's reason. On IPSEC_OK `why`
 * is empty, or says why the offload that was wished is not there. IPSEC_ERR_ARGUMENT (name too
 * long, MTU below 68 or above 65535), IPSEC_ERR_MEMORY, IPSEC_ERR_STRUCT_SIZE. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_linux_tun_open(const struct ipsec_linux_tun_config *config, struct ipsec_linux_tun **tun,
                     char *why);

/* A device that open made is gone afterwards. NULL is allowed. */
IPSEC_API void ipsec_linux_tun_close(struct ipsec_linux_tun *tun);

/* The interface's name; valid until close. */
IPSEC_API const char *ipsec_linux_tun_name(const struct ipsec_linux_tun *tun);

/* With offload (IFF_VNET_HDR; TSO4, TSO6 and checksums): a TCP packet of up to 64 kB that the
 * system would have cut is read in one piece and pulled as the segments it stands for, each with
 * its own lengths, numbers and checksums. All segments are given in one burst where they fit into
 * one; those that are left are given by the next lan_pull, so pull until nothing comes before
 * waiting for the descriptor. Delivered TCP segments of one burst that follow each other in a flow,
 * are alike and undamaged, are written in one piece; packets of one flow keep their order. */
IPSEC_API bool ipsec_linux_tun_has_offload(const struct ipsec_linux_tun *tun);

/* Fills the LAN side's functions, context and descriptor; valid until close. */
IPSEC_API void ipsec_linux_tun_lan(struct ipsec_linux_tun *tun, struct ipsec_posix_lan *lan);

#ifdef __cplusplus
}
#endif

#endif
