/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the POSIX backend share.
 */
#ifndef POSIX_STATE_H
#define POSIX_STATE_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <ipsec/backend_posix.h>

/* UDP on two ports and raw ESP, for each family. */
#define POSIX_SOCKETS_MAX 6
#define POSIX_BURST_MAX   64 /* datagrams a system call */
#define POSIX_REST_TURNS  8  /* a socket that had nothing, while others have */
#define POSIX_TOLD_MAX    16 /* path MTUs kept until the gateway asks */

struct posix_socket {
    int fd;
    uint8_t family;  /* enum ipsec_family */
    uint8_t carrier; /* UDP or ESP */
    uint16_t port;   /* UDP */
    bool sends_df;   /* what the socket is set to */
    bool gso;        /* takes several datagrams of one size as one message, */
    bool gro;        /* and gives them so */
    uint8_t rest;    /* turns in which it is not read: it had nothing the last time */
    bool heard;      /* its error queue is to be read */
};

struct posix_large;

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
    struct posix_large *large; /* where a socket with gro reads; NULL: there is none */
    struct ipsec_path_mtu told[POSIX_TOLD_MAX];
    size_t told_count;
};

/* ---- Messages ---------------------------------------------------------------------------------
 */

#if defined(__linux__) && !defined(IPSEC_POSIX_ONE_BY_ONE)
typedef struct mmsghdr posix_message;
#else
typedef struct {
    struct msghdr msg_hdr;
    unsigned msg_len;
} posix_message;
#endif

union posix_peer {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* Destination address, traffic class, and the size of datagrams that come or go together. */
struct posix_control {
    _Alignas(struct cmsghdr)
        uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int))];
};

/* What a burst's system call works on. */
struct posix_burst {
    posix_message messages[POSIX_BURST_MAX];
    struct iovec part[POSIX_BURST_MAX];
    union posix_peer peer[POSIX_BURST_MAX];
    struct posix_control control[POSIX_BURST_MAX];
};

/* posix_wan.c: message i of a burst, over some of its parts. */
struct msghdr *ipseci_posix_prepare(struct posix_burst *b, size_t i, struct iovec *parts,
                                    size_t part_count);
/* posix_wan.c: reads at most n messages. -1 as recvmsg(2) with errno. */
int ipseci_posix_read(const struct posix_socket *s, posix_message messages[], size_t n);
/* posix_wan.c: all of a packet but its content. */
void ipseci_posix_describe(const struct posix_socket *s, posix_message *m,
                           struct ipsec_packet *packet);

/* posix_open.c: opens all sockets of the configuration. */
enum ipsec_status ipseci_posix_sockets_open(struct ipsec_posix *posix, char *why);
void ipseci_posix_sockets_close(struct ipsec_posix *posix);

/* posix_wan.c */
enum ipsec_status ipseci_posix_wan_receive(void *context, struct ipsec_packet *const packets[],
                                           size_t max, size_t *received);
/* posix_send.c */
void ipseci_posix_wan_send(void *context, struct ipsec_packet *const packets[], size_t n);
size_t ipseci_posix_put_control(struct msghdr *m, size_t used, int level, int type,
                                const void *data, size_t length);

/* ---- posix_mtu.c, or posix_mtu_none.c where the system has no error queues --------------------
 */

/* Turns them on for a socket. */
void ipseci_posix_mtu_start(const struct posix_socket *s);
/* What IP_MTU_DISCOVER is to be. */
int ipseci_posix_mtu_df(bool df);
/* Reads the error queue of a socket that has heard something. Leaves errno alone. */
void ipseci_posix_mtu_read(struct ipsec_posix *posix, struct posix_socket *s);
bool ipseci_posix_path_mtu(void *context, struct ipsec_path_mtu *told);

/* ---- posix_offload.c, or posix_offload_none.c where the system has no such thing --------------
 */

/* Turns on for a UDP socket what it can. */
void ipseci_posix_offload_start(struct posix_socket *s);
/* How many of the packets, from the first on, the socket takes as one message; at least 1. */
size_t ipseci_posix_gso_run(const struct posix_socket *s, struct ipsec_packet *const packets[],
                            size_t n);
/* Says so in a message's control data. The octets used. */
size_t ipseci_posix_gso_control(struct msghdr *m, size_t used, uint32_t datagram_bytes);
/* Memory for sockets with gro. */
enum ipsec_status ipseci_posix_large_new(struct ipsec_posix *posix);
void ipseci_posix_large_free(struct ipsec_posix *posix);
/* Gives what is left of messages that were read, at most max packets. */
size_t ipseci_posix_large_give(struct ipsec_posix *posix, struct ipsec_packet *const packets[],
                               size_t max);
/* When nothing is left: reads messages from the socket. As ipseci_posix_read. */
int ipseci_posix_large_read(struct ipsec_posix *posix, const struct posix_socket *s);

#endif
