/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the TUN backend share.
 */
#ifndef TUN_STATE_H
#define TUN_STATE_H

#include <linux/virtio_net.h>

#include <ipsec/backend_linux_tun.h>

#include "tcp_merge.h"
#include "tcp_split.h"

#define TUN_LARGE_BYTES 65536u /* the system hands out no packet over 65,535 octets */

/* Only for a device with offload. */
struct tun_offload {
    struct tcp_split split; /* of a packet in `large`, */
    bool splitting;         /* while segments of it are left */
    struct tcp_merge merge;
    uint8_t large[TUN_LARGE_BYTES];
};

struct ipsec_linux_tun {
    int fd;
    char name[IPSEC_LINUX_TUN_NAME_MAX];
    struct tun_offload *offload; /* NULL: every packet by itself, without a header of the device */
};

/* tun_offload.c: the LAN side of a device that was opened with IFF_VNET_HDR. */
enum ipsec_status ipseci_tun_offload_pull(void *context, struct ipsec_packet *const packets[],
                                          size_t max, size_t *pulled);
void ipseci_tun_offload_deliver(void *context, struct ipsec_packet *const packets[], size_t n);

#endif
