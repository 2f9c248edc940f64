/* SPDX-License-Identifier: Apache-2.0
 *
 * The optional pluggable I/O backend that a gateway can be run on. Ready: POSIX UDP and raw ESP
 * sockets with a Linux TUN device (backend_posix.h, backend_linux_tun.h), and an in-memory link
 * (backend_memory.h). A vendor writes these few functions, or calls the gateway directly.
 */
#ifndef IPSEC_IO_H
#define IPSEC_IO_H

#include <ipsec/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the path to a peer carries, as the system has learned it. */
struct ipsec_path_mtu {
    struct ipsec_addr remote;
    uint32_t mtu; /* IP header included */
    uint32_t spi; /* of the packet that was too big, as an ICMP message quotes it; 0: the system's
                     own word, as of a device's MTU */
};

/* All functions are called from the gateway's thread. None blocks but wait. */
struct ipsec_io {
    uint32_t size;
    void *context;

    /* Reads up to max WAN datagrams into the packets' buffers, from their offset on: content,
     * carrier, local, remote and traffic_class. *received may be 0. One too large for its buffer
     * comes with length 0. What a backend has read and found no packet for comes with the next
     * call; wait does not wait for it, so it is for a caller who got nothing. IPSEC_OK, or
     * IPSEC_ERR_IO. */
    enum ipsec_status (*wan_receive)(void *context, struct ipsec_packet *const packets[],
                                     size_t max, size_t *received);
    /* Sends n datagrams in order, one by one or together, and sets each status: IPSEC_OK,
     * IPSEC_DROP_TOO_BIG or IPSEC_DROP_IO. What the system does not take now is lost. Changes no
     * content and keeps no pointer. */
    void (*wan_send)(void *context, struct ipsec_packet *const packets[], size_t n);
    /* Pulls up to max inner packets from the LAN side, as wan_receive; each is a whole packet of
     * its own, with its checksums. */
    enum ipsec_status (*lan_pull)(void *context, struct ipsec_packet *const packets[], size_t max,
                                  size_t *pulled);
    /* Delivers n inner packets to the LAN side and sets each status. The packets of one flow keep
     * their order. Changes no content and keeps no pointer. */
    void (*lan_deliver)(void *context, struct ipsec_packet *const packets[], size_t n);
    /* Monotonic milliseconds. */
    ipsec_ms (*now)(void *context);
    /* Returns when something can be read or when now() reaches deadline (IPSEC_NEVER: no deadline),
     * or earlier for reasons of its own. */
    enum ipsec_status (*wait)(void *context, ipsec_ms deadline);
    /* Path MTUs learned since the last call, one a call; false: no more. NULL: none are. */
    bool (*path_mtu)(void *context, struct ipsec_path_mtu *told);
};

#ifdef __cplusplus
}
#endif

#endif
