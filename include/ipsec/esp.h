/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP (RFC 4303), tunnel and transport mode: one object per SA and direction; packets are sealed
 * and opened in place and in batches. Usable without IKE (manual keys) and without the SAD and SPD.
 *
 * Threads: any two SAs are used at once from two threads, as long as the providers of their keys
 * bear it (crypto.h). One SA is used from one thread at a time:
 *  - Sending: the threads of one outbound SA have a struct ipsec_sa each that draw their sequence
 *    numbers and octets from one place, without a lock (sa_share.h).
 *  - Receiving: each inbound SA has its thread, for the replay window is one: check before and
 *    update after the ICV (RFC 4303 3.4.3) have to be whole. A network card steers by the SPI, or
 *    by the outer addresses where it does not know ESP; software looks at the SPI (sad.h). A peer
 *    with more than a core brings more SAs (RFC 9611).
 *  - ipsec_sa_init, _move, _deinit, and the functions that look at an SA, count as uses of it.
 */
#ifndef IPSEC_ESP_H
#define IPSEC_ESP_H

#include <ipsec/proposal.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_sa;
struct ipsec_sa_share;

/* What stands before the ESP header of a sealed packet, or is stripped from one to be opened. */
enum ipsec_outer {
    IPSEC_OUTER_NONE = 0, /* nothing: the carrier (a raw or UDP socket) makes the headers */
    IPSEC_OUTER_IP = 1    /* IP header, and UDP header when encapsulating: whole packets */
};

#define IPSEC_REPLAY_WINDOW_MIN 64
#define IPSEC_REPLAY_WINDOW_MAX 4096
#define IPSEC_SPI_MIN           256 /* RFC 4303 2.1: 1 to 255 are reserved */

/* ipsec_packet.flags, into seal: the content is filler, sent as a dummy packet (RFC 4303 2.6) that
 * the peer discards. It is not held against the selectors. */
#define IPSEC_PACKET_DUMMY 1
/* ipsec_packet.flags, out of open: the packet is authentic and newer than all before it, and came
 * from another outer address or port (`remote`) than the SA's. The peer may have got another one;
 * ipsec_ike_child_moved decides. Never set for an SA, or a packet, without remote address. */
#define IPSEC_PACKET_MOVED 2
/* ipsec_packet.flags, out of seal: the outer IPv4 header carries DF, or the carrier has to set it
 * (RFC 4301 8.1). Set and cleared for SAs with header rules. */
#define IPSEC_PACKET_DF 4
/* ipsec_packet.flags, into seal, tunnel mode: octets after the inner packet are not left out but
 * sent, as padding for traffic flow confidentiality (RFC 4303 2.7). ipsec_tfc_pad sets it; it stays
 * set. */
#define IPSEC_PACKET_TFC 8
/* ipsec_packet.flags, into seal, tunnel mode: the outer header gets no DF, whatever the rules say,
 * as it is known that the packet has to be cut on its way. It stays set. */
#define IPSEC_PACKET_CUT 16

struct ipsec_sa_params {
    uint32_t size;
    uint8_t direction;      /* enum ipsec_direction: IPSEC_SEAL = outbound, IPSEC_OPEN = inbound */
    uint8_t outer;          /* enum ipsec_outer */
    bool udp_encapsulation; /* RFC 3948; endpoint ports below are used then */
    bool no_replay_check;   /* inbound: accept duplicates (RFC 4303 3.4.3); sender counts anyway */
    bool accept_any_encapsulation; /* inbound: take it in UDP or bare (RFC 7296 2.23: both) */
    uint32_t spi;
    uint32_t replay_window; /* packets, multiple of 64, 64 to 4096; 0: 128. RFC 4303 3.4.3 */
    struct ipsec_suite suite;
    struct ipsec_view encr_key; /* with salt for AEAD; copied into the provider's key */
    struct ipsec_view integ_key;
    struct ipsec_endpoint local; /* outer addresses; ports for UDP encapsulation */
    struct ipsec_endpoint remote;
    struct ipsec_selectors local_ts;  /* inner packets are checked against them (RFC 4301 5.2); */
    struct ipsec_selectors remote_ts; /* count 0 on both: no check */
    uint8_t ttl;                      /* of the outer header; 0: 64 */
    uint64_t packets_max;             /* hard limit; 0: the sequence number space */
    uint64_t bytes_max;               /* hard limit, octets of ESP payload; 0, and anything beyond:
                                         what the cipher's key may be used for */
    uint64_t sequence_start; /* for tests and hand-over: last number used, or top of the window
                              * (every number up to it counts as received) */
    void *user;              /* returned by ipsec_sa_user */
    /* Outbound: outer headers by these, which outlive the SA; NULL: DSCP and ECN copied, DF clear,
     * flow label 0. IPSEC_ERR_NOT_BUILT_IN in a build without header_rules. */
    const struct ipsec_header_rules *rules;
    /* enum ipsec_mode. TRANSPORT: whole packets (IPSEC_OUTER_IP) keep their headers, whatever the
     * addresses above are; otherwise the carrier makes them from these addresses, and a packet with
     * IPv4 options, or IPv6 extension headers that belong before ESP, is IPSEC_DROP_HEADER. No
     * rules; no dummies in whole packets. IPSEC_ERR_NOT_BUILT_IN in a build without. */
    uint8_t mode;
    /* Outbound: one of several senders of an SA, see sa_share.h, which outlives it; sequence_start,
     * packets_max and bytes_max are the share's then. NULL: the only one. IPSEC_ERR_NOT_BUILT_IN in
     * a build without shared_sa. */
    struct ipsec_sa_share *share;
};
#define IPSEC_SA_PARAMS_INIT IPSEC_STRUCT_INIT(struct ipsec_sa_params)

/* Octets ipsec_sa_init needs for these params (the window size decides). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_sa_size(const struct ipsec_sa_params *params,
                                                           size_t *bytes);

/* Makes an SA in the caller's block (aligned for any type, at least ipsec_sa_size octets), which
 * must stay until ipsec_sa_deinit. crypto is copied by value; its tables must outlive the SA.
 * IPSEC_ERR_ARGUMENT (SPI 0..255, window, key lengths), IPSEC_ERR_FORBIDDEN (NULL or a plain cipher
 * without integrity, RFC 4303 5), IPSEC_ERR_NOT_BUILT_IN, IPSEC_ERR_BUFFER, IPSEC_ERR_MEMORY,
 * IPSEC_FATAL_CRYPTO (a provider broke its contract). Nothing is kept on failure. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_sa_init(void *block, size_t block_bytes,
                                                           const struct ipsec_sa_params *params,
                                                           const struct ipsec_crypto_list *crypto,
                                                           struct ipsec_sa **sa);

/* Frees the keys and wipes the block. NULL is allowed. */
IPSEC_API void ipsec_sa_deinit(struct ipsec_sa *sa);

/* Head room and tail room a packet needs around its content to be sealed with this SA; the most for
 * any length. Ask once, and again after ipsec_sa_move. Both are 0 for an inbound SA. */
IPSEC_API void ipsec_sa_room(const struct ipsec_sa *sa, uint32_t *head, uint32_t *tail);

/* Seals n packets in place, each with its packet's `sa`. In: content is an inner IPv4 or IPv6
 * packet (in transport mode: the packet itself, no fragment); octets beyond the length its own
 * header gives are not sent (but see IPSEC_PACKET_TFC). Out: content is what the SA's `outer` says;
 * carrier, local, remote and traffic_class are set. Order is kept; packets[i]->status says how each
 * ended, and a packet that failed is unchanged in content (but not after IPSEC_FATAL_CRYPTO).
 * Returns how many are IPSEC_OK. n is any number; work is done in batches. The inner TTL is not
 * touched: whoever forwards the packet has counted it down (RFC 4301 5.1.2.1). Per packet:
 * IPSEC_ERR_ARGUMENT (no outbound SA, or content outside the buffer), IPSEC_ERR_BUFFER (room),
 * IPSEC_DROP_TRUNCATED, IPSEC_DROP_VERSION, IPSEC_DROP_HEADER, IPSEC_DROP_SELECTORS,
 * IPSEC_DROP_TOO_BIG (no IP packet can carry it), IPSEC_DROP_FRAGMENT (transport mode takes whole
 * packets, RFC 4301 7: reassemble before), IPSEC_DROP_NEXT_HEADER (there: protocol 59, which is a
 * dummy's), IPSEC_FATAL_SEQUENCE, IPSEC_FATAL_LIFETIME, IPSEC_ERR_RANDOM (nothing sent, no number
 * used), IPSEC_FATAL_CRYPTO. */
IPSEC_API size_t ipsec_esp_seal(struct ipsec_packet *const packets[], size_t n);

/* Fills an inner packet up to `octets`, for an observer who goes by lengths (RFC 4303 2.7), before
 * it is sealed with its `sa`: zeros behind it, a longer content, IPSEC_PACKET_TFC set. As far as
 * the buffer has room beside what sealing needs; a packet of that length already is left as it is,
 * flag cleared. For peers that take it: one that sent ESP_TFC_PADDING_NOT_SUPPORTED does not.
 * IPSEC_ERR_ARGUMENT: NULL, no outbound SA in tunnel mode, or content outside the buffer;
 * IPSEC_DROP_TRUNCATED, IPSEC_DROP_VERSION, IPSEC_DROP_HEADER: not an IP packet; unchanged then. */
IPSEC_API enum ipsec_status ipsec_tfc_pad(struct ipsec_packet *packet, uint32_t octets);

/* Opens n packets in place, each with its packet's `sa` (found by ipsec_sad_find). In: content
 * begins with the ESP header (carrier UDP or ESP; traffic_class is the outer header's) or the outer
 * IP header (carrier IP). Out: content is the inner packet, TFC padding stripped, ECN merged (RFC
 * 6040), next_header 4 or 41. Order is kept; packets[i]->status says how each ended. Returns how
 * many are IPSEC_OK. Copies of one packet may stand in one call: the first good one is taken. Per
 * packet any IPSEC_DROP_ of ESP (IPSEC_DROP_DUMMY is a valid packet with nothing to deliver;
 * IPSEC_DROP_EXPIRED a hard limit), IPSEC_ERR_ARGUMENT (no inbound SA, no carrier), or
 * IPSEC_FATAL_CRYPTO; then the content is undefined and offset and length are as before. The flag
 * IPSEC_PACKET_MOVED is set or cleared.
 * In transport mode the packet gets its header back, or a new one from `remote` and `local` of the
 * packet (of the SA where a carrier does not tell them); IPSEC_ERR_BUFFER: no head room for that.
 * Checksums of TCP and UDP are made anew when the packet came in UDP, as a NAT may have changed the
 * addresses under them (RFC 3948 3.1.2). */
IPSEC_API size_t ipsec_esp_open(struct ipsec_packet *const packets[], size_t n);

struct ipsec_sa_stats {
    uint64_t packets;  /* outbound: given a number; inbound: authenticated and new, also dummies */
    uint64_t bytes;    /* inner octets */
    uint64_t sequence; /* last sent, or top of the window */
    uint64_t drops[IPSEC_DROP_REASONS]; /* by ipsec_drop_index; each stops at 2^32 - 1 */
};
IPSEC_API void ipsec_sa_stats(const struct ipsec_sa *sa, struct ipsec_sa_stats *out);

/* ipsec_sa_stats.packets alone. Of an inbound SA, above 0 proves that the peer sends with it. */
IPSEC_API uint64_t ipsec_sa_packets(const struct ipsec_sa *sa);
/* ipsec_sa_stats.bytes alone. */
IPSEC_API uint64_t ipsec_sa_bytes(const struct ipsec_sa *sa);

/* How far a key of this suite may go: SAs end at the hard limits by themselves, and a caller with
 * manual keys replaces them from the soft ones on. The gateway does. A build without key_limits has
 * those of the packets only, for any suite. */
struct ipsec_key_limits {
    uint64_t packets_soft; /* a sixteenth of the sequence numbers is left (RFC 4303 3.3.3) */
    uint64_t packets_hard; /* sequence numbers, and so IVs of a counter, never repeat */
    uint64_t bytes_soft;   /* of the cipher: 2^38 for AES, 2^37 for AES-CCM, 2^22 for 3DES, and */
    uint64_t bytes_hard;   /* 2^48, 2^47, 2^23 octets (RFC 8446 5.5, SP 800-67); both UINT64_MAX: no
                              limit before the packets' */
    /* Packets that failed their ICV from which on a new key is wanted, because each was a try to
     * forge one: 2^20 for AES-GCM-8, 2^26 for AES-GCM-12, 2^21 for AES-CCM (RFC 9001 6.6). All
     * others, UINT32_MAX: what is counted stops there, and they stand more. No limit is hard, or
     * who can send anything could end an SA. */
    uint32_t forgeries_soft;
};
/* IPSEC_ERR_ARGUMENT: NULL, or a suite whose cipher has no entry in the suite table. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_key_limits(const struct ipsec_suite *suite,
                                                              struct ipsec_key_limits *out);

IPSEC_API uint32_t ipsec_sa_spi(const struct ipsec_sa *sa);
IPSEC_API void *ipsec_sa_user(const struct ipsec_sa *sa);

/* Follows a peer or an own address that has changed (NAT rebinding, MOBIKE): outer addresses, ports
 * and encapsulation. The endpoints are copied. IPSEC_ERR_ARGUMENT: an outbound SA with
 * IPSEC_OUTER_IP needs two addresses of one family, and ports when encapsulating; nothing changes
 * then. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_sa_move(struct ipsec_sa *sa,
                                                           const struct ipsec_endpoint *local,
                                                           const struct ipsec_endpoint *remote,
                                                           bool udp_encapsulation);

#ifdef __cplusplus
}
#endif

#endif
