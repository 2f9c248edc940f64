/* SPDX-License-Identifier: Apache-2.0
 *
 * POSIX sockets as a gateway's WAN side: UDP on the IKE and NAT-traversal ports and, where the
 * process may open it, a raw socket for ESP (IP protocol 50). The LAN side is another backend's
 * (for example backend_linux_tun.h), joined with ipsec_posix_set_lan so that one poll(2) waits for
 * both.
 *
 * Uses the heap in open, sockets and CLOCK_MONOTONIC. One object is used from one thread at a time.
 */
#ifndef IPSEC_BACKEND_POSIX_H
#define IPSEC_BACKEND_POSIX_H

#include <ipsec/io.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_posix;

enum ipsec_posix_raw_esp {
    IPSEC_POSIX_RAW_ESP_TRY = 0,    /* open it when allowed, go on with UDP alone otherwise */
    IPSEC_POSIX_RAW_ESP_OFF = 1,    /* UDP alone: peers have to encapsulate (force_encapsulation) */
    IPSEC_POSIX_RAW_ESP_REQUIRE = 2 /* ipsec_posix_open fails without it */
};

struct ipsec_posix_config {
    uint32_t size;
    struct ipsec_addr local; /* bind to this address; family NONE: every IPv4 address */
    bool ipv6;               /* with family NONE: every IPv6 address as well */
    uint16_t ike_port;       /* 0: 500 */
    uint16_t natt_port;      /* 0: 4500 */
    uint8_t raw_esp;         /* enum ipsec_posix_raw_esp */
    uint8_t ttl;             /* or hop limit, of all that is sent; 0: the system's */
    uint32_t socket_bytes;   /* kernel buffer of each socket and direction; 0: the system's */
    uint32_t mark; /* of all that is sent (Linux: SO_MARK), so that routes can tell it from
                      the packets inside; 0: none. Needs CAP_NET_ADMIN */
    bool offload;  /* many datagrams of ESP in UDP in one message, where the system can */
};
#define IPSEC_POSIX_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_posix_config)

/* Where and why an open failed, for the user's eyes. */
#define IPSEC_POSIX_TEXT_MAX 160

/* Opens the sockets. config may be NULL. IPSEC_ERR_IO: a socket could not be opened or bound; `why`
 * (at least IPSEC_POSIX_TEXT_MAX octets, or NULL) says which and the system's reason. On IPSEC_OK
 * `why` is empty, or says why raw ESP is not there (see ipsec_posix_has_raw_esp). IPSEC_ERR_MEMORY,
 * IPSEC_ERR_STRUCT_SIZE, IPSEC_ERR_ARGUMENT (equal ports, unknown family). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_posix_open(const struct ipsec_posix_config *config, struct ipsec_posix **posix, char *why);

/* Closes the sockets; not the LAN side, not added descriptors. NULL is allowed. */
IPSEC_API void ipsec_posix_close(struct ipsec_posix *posix);

/* False: only UDP. Packets that should leave as protocol 50 get IPSEC_DROP_IO. */
IPSEC_API bool ipsec_posix_has_raw_esp(const struct ipsec_posix *posix);

/* What of the offload that was wished is there: a set of these; 0 when it was not wished. SEND goes
 * away for good when a device refuses such messages; datagrams are then sent one by one, as they
 * are in any case to a destination with a smaller MTU. Linux: UDP_SEGMENT and UDP_GRO. */
#define IPSEC_POSIX_OFFLOAD_SEND    1u
#define IPSEC_POSIX_OFFLOAD_RECEIVE 2u
IPSEC_API uint32_t ipsec_posix_offload(const struct ipsec_posix *posix);

/* The table to run a gateway on; valid until ipsec_posix_close. A datagram the system refuses gets
 * IPSEC_DROP_IO. Sealed packets larger than the device's MTU are fragmented by the system, or
 * refused with IPSEC_DROP_TOO_BIG where they carry IPSEC_PACKET_DF and IPv4. On Linux the device's
 * MTU and ICMP messages about packets that were too big are learned (path_mtu): of IPv4 those with
 * IPSEC_PACKET_DF, of IPv6 all; messages count when they quote the SPI. Other ICMP errors are not
 * reported. Packets of carrier IP can not be sent. */
IPSEC_API const struct ipsec_io *ipsec_posix_io(const struct ipsec_posix *posix);

/* A LAN side: two functions as in struct ipsec_io, and a descriptor that is readable when lan_pull
 * has something. */
struct ipsec_posix_lan {
    uint32_t size;
    void *context;
    enum ipsec_status (*lan_pull)(void *context, struct ipsec_packet *const packets[], size_t max,
                                  size_t *pulled);
    void (*lan_deliver)(void *context, struct ipsec_packet *const packets[], size_t n);
    int fd; /* -1: none */
};
#define IPSEC_POSIX_LAN_INIT IPSEC_STRUCT_INIT(struct ipsec_posix_lan)

/* Without one, nothing is pulled and delivered packets get IPSEC_DROP_IO. NULL takes it away. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_posix_set_lan(struct ipsec_posix *posix,
                                                                 const struct ipsec_posix_lan *lan);

#define IPSEC_POSIX_FD_MAX 32

/* A descriptor of the program's own (a control socket, a signalfd) that ends a wait when it is
 * readable. Level triggered: the program reads it after ipsec_gw_run. IPSEC_ERR_FULL,
 * IPSEC_ERR_STATE (added before), IPSEC_ERR_ARGUMENT (negative). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_posix_add_fd(struct ipsec_posix *posix, int fd);
/* IPSEC_ERR_NOT_FOUND. Remove before closing it. */
IPSEC_API enum ipsec_status ipsec_posix_remove_fd(struct ipsec_posix *posix, int fd);

/* True when a descriptor was added and is readable now; for the program's loop after ipsec_gw_run.
 */
IPSEC_API bool ipsec_posix_fd_ready(const struct ipsec_posix *posix, int fd);

#ifdef __cplusplus
}
#endif

#endif
