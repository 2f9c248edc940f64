/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of an ESP SA: every branch on suite and mode is decided here once, at init, so that
 * seal.c and open.c only read lengths and flags. One block holds it all:
 *
 *   struct ipsec_sa (hot fields first) | replay bitmap or IV store | selectors
 *
 * An outbound SA may send packets_max packets and bytes_max octets, and then has no number left.
 * One that shares its numbers with others (sa_share.c) has only what it has drawn.
 *
 * RFC 4301 4.4.2, RFC 4303.
 */
#ifndef IPSECI_SA_H
#define IPSECI_SA_H

#include "esp_header.h"
#include "facade.h"
#include "ip_header.h"
#include "replay.h"
#include "udp_encap.h"

#include <ipsec/esp.h>

#define IPSECI_REPLAY_WINDOW_DEFAULT 128u
#define IPSECI_TTL_DEFAULT           64u
/* Random octets fetched at once for IVs: one generator call serves eight packets of AES-CBC. */
#define IPSECI_IV_STORE_BYTES  128u
#define IPSECI_OUTER_BYTES_MAX (IPSECI_IPV6_HEADER_BYTES + IPSECI_UDP_HEADER_BYTES)

struct ipseci_mode;

/* Where the explicit IV comes from. */
enum ipseci_iv {
    IPSECI_IV_NONE,     /* ENCR_NULL */
    IPSECI_IV_COUNTER,  /* the 64-bit sequence number; RFC 4106 3.1, RFC 3686 3.1: never repeats */
    IPSECI_IV_IMPLICIT, /* RFC 8750: the same number, and not in the packet */
    IPSECI_IV_RANDOM    /* CBC: RFC 3602 3: must not be predictable (CVE-2022-46397) */
};

/* Which shorter ways packets may take, told once: plain_path.h, fast_path.h. */
enum ipseci_shortcut {
    IPSECI_SHORTCUT_PLAIN = 1, /* selectors: one range of IPv4 addresses a side, no more asked */
    IPSECI_SHORTCUT_SEAL = 2,
    IPSECI_SHORTCUT_OPEN = 4,
    IPSECI_SHORTCUT_BARE = 8, /* seal: without outer headers */
    IPSECI_SHORTCUT_IPV4 = 16 /* seal: with an IPv4 header and no UDP */
};

struct ipseci_sending {
    uint64_t sequence; /* last number used */
    struct ipsec_sa_share
        *share; /* where numbers and octets are drawn from; NULL: the SA has all */
    const struct ipsec_header_rules *rules; /* NULL: none */
};

struct ipsec_sa {
    /* Hot: read or written for every packet. */
    struct ipseci_aead aead;
    uint8_t direction;    /* enum ipsec_direction */
    uint8_t outer;        /* enum ipsec_outer */
    uint8_t outer_length; /* octets of outer IP and UDP headers written by seal */
    uint8_t iv_source;    /* enum ipseci_iv */
    bool esn;
    bool udp_encapsulation;
    bool no_replay_check;
    bool accept_any_encapsulation;
    uint8_t shortcuts; /* enum ipseci_shortcut */
    uint8_t local_count;
    uint8_t remote_count;
    uint8_t iv_used; /* outbound: octets of the IV store */
    uint32_t spi;    /* behind the octets: short Thumb instructions reach those in the first 32 */
    const struct ipseci_mode *mode;
    struct ipsec_selector *selectors; /* local ones, then remote ones */
    uint64_t packets;
    uint64_t packets_max;
    uint64_t bytes;
    uint64_t bytes_max;
    union {
        struct ipseci_sending sending;
        struct ipseci_replay replay;
    } way; /* by direction */

    /* Cold: outer headers (copied when sealing), counters, what deinit needs. */
    struct ipsec_endpoint local;
    struct ipsec_endpoint remote;
    uint8_t ttl;
    uint8_t outer_header[IPSECI_IPV6_HEADER_BYTES]; /* IP; length, ID and class still to set */
    uint32_t drops[IPSEC_DROP_REASONS];
    struct ipsec_crypto_list crypto;
    void *user;
};

/* Octets of a block for any SA with this window and this many selectors, both sides together; both
 * within their limits. */
size_t ipseci_sa_size_for(uint32_t replay_window, uint32_t selectors);

/* RFC 4301 5.2: is this inner packet one that the SA's selectors let through? An SA without
 * selectors carries everything. */
bool ipseci_sa_carries(const struct ipsec_sa *sa, const struct ipseci_flow *flow);

/* Counts a PEER status; others have no counter. */
void ipseci_sa_count_drop(struct ipsec_sa *sa, enum ipsec_status status);

/* Would one more packet of this many inner octets be over a hard limit? */
static inline bool ipseci_sa_is_spent(const struct ipsec_sa *sa, uint32_t octets)
{
    return sa->packets >= sa->packets_max || octets > sa->bytes_max - sa->bytes;
}

/* The last number there is. */
static inline uint64_t ipseci_sequence_last(bool esn)
{
    return esn ? UINT64_MAX : UINT32_MAX;
}

/* Of random octets; outbound SAs only. */
static inline uint8_t *ipseci_iv_store(struct ipsec_sa *sa)
{
    return (uint8_t *)(sa + 1);
}

/* Gives out the next number, for a packet of so many octets, within the limits. */
static inline void ipseci_sa_count_number(struct ipsec_sa *sa, uint32_t octets)
{
    sa->way.sending.sequence++;
    sa->packets++;
    sa->bytes += octets;
}

/* key_limits.c: lowers what the SA may carry to what a key of this cipher may see. */
void ipseci_key_limit(struct ipsec_sa *sa, uint16_t encr_id);

#endif
