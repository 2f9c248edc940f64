/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the POSIX backend share.
 */
#ifndef POSIX_STATE_H
#define POSIX_STATE_H

#include <ipsec/backend_posix.h>

/* UDP on two ports and raw ESP, for each family. */
#define POSIX_SOCKETS_MAX 6

struct posix_socket {
    int fd;
    uint8_t family;  /* enum ipsec_family */
    uint8_t carrier; /* UDP or ESP */
    uint16_t port;   /* UDP */
    bool sends_df;   /* what the socket is set to */
};

struct ipsec_posix {
    struct ipsec_posix_config config;
    struct ipsec_io io;
    struct ipsec_posix_lan lan;
    struct posix_socket socket[POSIX_SOCKETS_MAX];
    size_t socket_count;
    size_t first; /* socket read first next time, so that none starves the others */
    int fd[IPSEC_POSIX_FD_MAX];
    size_t fd_count;
    bool has_raw_esp;
};

/* posix_open.c: opens all sockets of the configuration. */
enum ipsec_status ipseci_posix_sockets_open(struct ipsec_posix *posix, char *why);
void ipseci_posix_sockets_close(struct ipsec_posix *posix);

/* posix_wan.c */
enum ipsec_status ipseci_posix_wan_receive(void *context, struct ipsec_packet *const packets[],
                                           size_t max, size_t *received);
void ipseci_posix_wan_send(void *context, struct ipsec_packet *const packets[], size_t n);

#endif
