/* SPDX-License-Identifier: Apache-2.0
 *
 * Types that every part shares: time, addresses, selectors, identities, packets.
 */
#ifndef IPSEC_TYPES_H
#define IPSEC_TYPES_H

#include <ipsec/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every open input struct begins with `uint32_t size`, set by its _INIT macro. Zero means default
 * in every other field. A shorter struct (older header) is completed with zeros; a longer one is
 * refused unless its unknown tail is zero. */
#ifdef __cplusplus
/* A function, as C++ compilers warn of members that an initializer leaves out. */
extern "C++" {
template <class T> inline T ipsec_struct_init()
{
    T made = T();
    made.size = static_cast<uint32_t>(sizeof(T));
    return made;
}
}
#define IPSEC_STRUCT_INIT(type) ipsec_struct_init<type>()
#else
#define IPSEC_STRUCT_INIT(type)                                                                    \
    {                                                                                              \
        .size = (uint32_t)sizeof(type)                                                             \
    }
#endif

/* Monotonic milliseconds of any epoch. The library never reads a clock. */
typedef uint64_t ipsec_ms;
#define IPSEC_NEVER UINT64_MAX

/* A handle: index and generation in one. 0 is never valid; a handle of something gone is answered
 * with IPSEC_ERR_STALE, not with a crash. */
typedef uint32_t ipsec_handle;

/* Octets that belong to somebody else. data may be NULL when length is 0. */
struct ipsec_view {
    const uint8_t *data;
    size_t length;
};

enum ipsec_family { IPSEC_FAMILY_NONE = 0, IPSEC_FAMILY_IPV4 = 4, IPSEC_FAMILY_IPV6 = 6 };

/* An address in network order: 4 octets used for IPv4 (the rest zero), 16 for IPv6. */
struct ipsec_addr {
    uint8_t family; /* enum ipsec_family */
    uint8_t bytes[16];
};

struct ipsec_endpoint {
    struct ipsec_addr addr;
    uint16_t port; /* host order */
};

/* A traffic selector (RFC 7296 3.13.1): an address range, a protocol (0 = any) and a port range
 * (host order). Any port: 0 to 65535. OPAQUE (RFC 4301 4.4.1.1): 65535 to 0. For ICMP the ports
 * are type * 256 + code. */
struct ipsec_selector {
    uint8_t family;
    uint8_t protocol;
    uint16_t port_first;
    uint16_t port_last;
    uint8_t first[16];
    uint8_t last[16];
};

/* The most selectors one side of one Child SA has. */
#define IPSEC_SELECTORS_MAX 4

struct ipsec_selectors {
    uint32_t count;
    struct ipsec_selector item[IPSEC_SELECTORS_MAX];
};

/* What an SA protects: a whole packet, which gets another header in front; or what follows a
 * packet's own header, between hosts (RFC 4301 3.2). */
enum ipsec_mode { IPSEC_MODE_TUNNEL = 0, IPSEC_MODE_TRANSPORT = 1 };

/* DF of an outer IPv4 header (RFC 4301 8.1). */
enum ipsec_df {
    IPSEC_DF_CLEAR = 0,
    IPSEC_DF_COPY = 1, /* of the inner packet; an inner IPv6 packet counts as one with DF */
    IPSEC_DF_SET = 2
};

/* DSCP of an outer header (RFC 4301 5.1.2, RFC 2983). */
enum ipsec_dscp {
    IPSEC_DSCP_COPY = 0,
    IPSEC_DSCP_FIXED = 1, /* dscp_value: says nothing of the inner packet */
    IPSEC_DSCP_MAP = 2    /* dscp_map[inner DSCP] */
};

/* Flow label of an outer IPv6 header (RFC 6437). */
enum ipsec_flow_label {
    IPSEC_FLOW_LABEL_ZERO = 0,
    IPSEC_FLOW_LABEL_SA = 1,  /* one for all packets of the SA, from its SPI */
    IPSEC_FLOW_LABEL_COPY = 2 /* of an inner IPv6 packet, which lets an observer tell inner flows
                                 apart; as SA for inner IPv4 */
};

/* How outer headers are made from inner ones, in tunnel mode; all zero: the recommended way. */
struct ipsec_header_rules {
    uint8_t df;              /* enum ipsec_df */
    uint8_t dscp;            /* enum ipsec_dscp */
    uint8_t dscp_value;      /* FIXED: 0 to 63 */
    uint8_t flow_label;      /* enum ipsec_flow_label; whole packets only (IPSEC_OUTER_IP) */
    bool ecn_compatible;     /* RFC 6040 4.1: outer Not-ECT, for a peer that would lose marks */
    const uint8_t *dscp_map; /* MAP: 64 octets, 0 to 63, that outlive the SA */
};

/* Identity types, RFC 7296 3.5. */
enum ipsec_id_type {
    IPSEC_ID_NONE = 0,
    IPSEC_ID_IPV4_ADDR = 1,
    IPSEC_ID_FQDN = 2,
    IPSEC_ID_RFC822_ADDR = 3,
    IPSEC_ID_IPV6_ADDR = 5,
    IPSEC_ID_DER_ASN1_DN = 9,
    IPSEC_ID_DER_ASN1_GN = 10,
    IPSEC_ID_KEY_ID = 11,
    IPSEC_ID_NULL = 13 /* RFC 7619: nobody in particular, no octets */
};

#define IPSEC_ID_BYTES_MAX 128

/* An identity by value. IPSEC_ID_NONE matches any where a peer's identity is expected. */
struct ipsec_id {
    uint8_t type; /* enum ipsec_id_type */
    uint8_t length;
    uint8_t bytes[IPSEC_ID_BYTES_MAX];
};

/* How a WAN datagram travels. */
enum ipsec_carrier {
    IPSEC_CARRIER_NONE = 0, /* a LAN packet */
    IPSEC_CARRIER_UDP = 1,  /* content is a UDP payload */
    IPSEC_CARRIER_ESP = 2,  /* content begins with the ESP header: IP protocol 50 */
    IPSEC_CARRIER_IP = 3    /* content is a whole outer IP packet (builds without sockets) */
};

/* One packet, worked on in place. The content is buffer[offset .. offset + length); the octets
 * before and after it, within capacity, are head and tail room that the library may write.
 * The caller owns the buffer throughout. */
struct ipsec_packet {
    uint8_t *buffer;
    uint32_t capacity;
    uint32_t offset;
    uint32_t length;
    int32_t status;              /* enum ipsec_status of this one packet */
    uint8_t carrier;             /* enum ipsec_carrier */
    uint8_t traffic_class;       /* outer TOS / traffic class, DSCP and ECN, in and out */
    uint8_t next_header;         /* out of open: protocol of the inner packet (4, 41) */
    uint8_t flags;               /* IPSEC_PACKET_ bits of esp.h */
    struct ipsec_endpoint local; /* WAN side only */
    struct ipsec_endpoint remote;
    struct ipsec_sa *sa; /* the SA to seal or open with */
    void *user;          /* never touched */
};

/* "192.168.1.1", "fd00::1"; no leading zeros in a decimal part, no zone. IPSEC_ERR_SYNTAX
 * otherwise, IPSEC_ERR_ARGUMENT for NULL; *out is unchanged then. RFC 4291 2.2. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_addr_parse(const char *text,
                                                              struct ipsec_addr *out);

#define IPSEC_ADDR_TEXT_MAX 46
/* Writes the text with its NUL (RFC 5952; "none" without a family); text has room for `capacity`
 * octets, and IPSEC_ADDR_TEXT_MAX is always enough. A text that does not fit ends in "...". */
IPSEC_API void ipsec_addr_text(const struct ipsec_addr *addr, char *text, size_t capacity);

IPSEC_API bool ipsec_addr_equal(const struct ipsec_addr *a, const struct ipsec_addr *b);

/* "192.168.1.0/24" (bits of the host part are ignored), "10.0.0.1", "10.0.0.1-10.0.0.9", each
 * optionally followed by "[protocol]" or "[protocol/port]" with protocol tcp, udp, icmp (the
 * family's own), a number or any, and port a number, first-last, opaque or any. Protocols without
 * ports take no port but any. IPSEC_ERR_SYNTAX otherwise, IPSEC_ERR_ARGUMENT for NULL; *out is
 * unchanged then. RFC 7296 3.13.1. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_selector_parse(const char *text,
                                                                  struct ipsec_selector *out);

#define IPSEC_SELECTOR_TEXT_MAX 128
/* As ipsec_selector_parse reads it; room as in ipsec_addr_text. */
IPSEC_API void ipsec_selector_text(const struct ipsec_selector *selector, char *text,
                                   size_t capacity);

/* An address becomes IPV4_ADDR/IPV6_ADDR, a text with '@' inside RFC822_ADDR, a leading '@' (which
 * is left out) or any other name FQDN, "keyid:TEXT" or "keyid:0xHEX" KEY_ID, "any" or "%any"
 * IPSEC_ID_NONE. IPSEC_ERR_SYNTAX for what can be none of them, such as an address with a mistake
 * in it, a distinguished name, or more than IPSEC_ID_BYTES_MAX octets; IPSEC_ERR_ARGUMENT for NULL;
 * *out is unchanged then. RFC 7296 3.5. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_id_parse(const char *text, struct ipsec_id *out);

#define IPSEC_ID_TEXT_MAX 288
/* Printable form, cut with "..." when the room is too small; octets that are not printable ASCII
 * are escaped, so it is safe in a log. What would be read as another kind of identity (an address
 * sent as FQDN) gets its kind in front. */
IPSEC_API void ipsec_id_text(const struct ipsec_id *id, char *text, size_t capacity);

/* Same type and octets; host names are compared without regard to case (RFC 4343 2). */
IPSEC_API bool ipsec_id_equal(const struct ipsec_id *a, const struct ipsec_id *b);

#ifdef __cplusplus
}
#endif

#endif
