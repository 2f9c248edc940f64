/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests of the gateway share: a gateway over the toy crypto and a fake IKE engine, children
 * installed by hand, packets, and a record of what came out.
 *
 * The reference scenario: LAN 192.168.1.0/24 - 192.0.2.1 ==== 192.0.2.2 - LAN 192.168.2.0/24; the
 * second child is 10.1.0.0/16 to 10.2.0.0/16.
 */
#ifndef GW_KIT_H
#define GW_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_ike.h"
#include "toy_crypto.h"

#include <ipsec/gw.h>

#define KIT_PACKETS      160
#define KIT_PACKET_BYTES 2048
#define KIT_OFFSET       128
#define KIT_NATT         4500
#define KIT_IKE          500

struct kit_packet {
    struct ipsec_packet packet;
    uint8_t octets[KIT_PACKET_BYTES];
};

/* Copies of what the gateway put out, in order. */
struct kit_output {
    size_t count;
    size_t calls;
    struct kit_packet item[KIT_PACKETS];
};

struct gw_kit {
    struct toy toy;
    struct ipsec_gw_config config; /* changed by a test before kit_start */
    struct ipsec_peer peer;
    struct ipsec_child_config child[2];
    void *block;
    struct ipsec_gw *gw;
    struct ipsec_ike *ike;
    struct kit_output wan;
    struct kit_output lan;
    unsigned acquires;
    const struct ipsec_child_config *acquired;
    void (*on_wan_send)(struct gw_kit *kit);
    ipsec_ms now;
};

/* A child as IKE would install it. Keys come from the SPIs, so the other end needs only the SPIs
 * the other way round. */
struct kit_child {
    ipsec_handle child;
    ipsec_handle replaces;
    uint32_t spi_in;
    uint32_t spi_out;
    unsigned config; /* index in kit->child */
    bool waits;      /* not outbound_ready */
    bool udp;
    bool no_tfc;
    const char *host; /* the peer's address, and its selector; NULL: as configured */
};

/* `mirrored`: the gateway at 192.0.2.2. */
void kit_init(struct gw_kit *kit, bool mirrored);
/* Makes the gateway and adds the peer. */
void kit_start(struct gw_kit *kit);
void kit_stop(struct gw_kit *kit);

enum ipsec_status kit_install(struct gw_kit *kit, const struct kit_child *child);
enum ipsec_status kit_update(struct gw_kit *kit, ipsec_handle child,
                             enum ipsec_child_update_kind kind);
void kit_remove(struct gw_kit *kit, ipsec_handle child);

struct ipsec_selector kit_selector(const char *text);
struct ipsec_endpoint kit_endpoint(const char *addr, uint16_t port);

/* An IPv4 UDP packet of `length` octets, ports 1000 to 2000, whose last octet is `mark`. */
void kit_ipv4(struct kit_packet *p, const char *from, const char *to, uint32_t length,
              uint8_t mark);
/* From host A to host B of the reference scenario, or the other way when mirrored. */
void kit_ping(const struct gw_kit *kit, struct kit_packet *p, uint8_t mark);
/* A WAN datagram of any content. */
void kit_datagram(struct kit_packet *p, enum ipsec_carrier carrier, uint16_t local_port,
                  const void *octets, uint32_t length);
/* What IKE looks like on either port. */
void kit_ike_datagram(struct kit_packet *p, uint16_t local_port);
const uint8_t *kit_content(const struct kit_packet *p);
uint8_t kit_mark(const struct kit_packet *p);

void kit_wan(struct gw_kit *kit, struct kit_packet *packets, size_t n);
void kit_lan(struct gw_kit *kit, struct kit_packet *packets, size_t n);
/* What `from` sent becomes an input burst of `to`; copies, so that it can be done again. */
void kit_carry(struct gw_kit *from, struct gw_kit *to);
/* The datagram number i that was sent, as the other end receives it. */
void kit_received(const struct gw_kit *from, size_t i, struct kit_packet *out);

struct ipsec_gw_counters kit_counters(const struct gw_kit *kit);
uint64_t kit_drops_in(const struct gw_kit *kit, enum ipsec_status status);
uint64_t kit_drops_out(const struct gw_kit *kit, enum ipsec_status status);
/* Every drop and error, both ways. */
uint64_t kit_all_drops(const struct gw_kit *kit);

#endif
