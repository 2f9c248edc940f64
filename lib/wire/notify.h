/* SPDX-License-Identifier: Apache-2.0
 *
 * Notify payloads (RFC 7296 3.10), both directions, and their names. Called by the exchange
 * handlers, the gate and the message ladder.
 */
#ifndef IPSECI_NOTIFY_H
#define IPSECI_NOTIFY_H

#include "payload.h"

enum ipseci_notify_type {
    /* Errors. */
    IPSECI_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD = 1,
    IPSECI_NOTIFY_INVALID_IKE_SPI = 4,
    IPSECI_NOTIFY_INVALID_MAJOR_VERSION = 5,
    IPSECI_NOTIFY_INVALID_SYNTAX = 7,
    IPSECI_NOTIFY_INVALID_MESSAGE_ID = 9,
    IPSECI_NOTIFY_INVALID_SPI = 11,
    IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN = 14,
    IPSECI_NOTIFY_INVALID_KE_PAYLOAD = 17,
    IPSECI_NOTIFY_AUTHENTICATION_FAILED = 24,
    IPSECI_NOTIFY_SINGLE_PAIR_REQUIRED = 34,
    IPSECI_NOTIFY_NO_ADDITIONAL_SAS = 35,
    IPSECI_NOTIFY_INTERNAL_ADDRESS_FAILURE = 36,
    IPSECI_NOTIFY_FAILED_CP_REQUIRED = 37,
    IPSECI_NOTIFY_TS_UNACCEPTABLE = 38,
    IPSECI_NOTIFY_INVALID_SELECTORS = 39,
    IPSECI_NOTIFY_UNACCEPTABLE_ADDRESSES = 40,  /* RFC 4555 */
    IPSECI_NOTIFY_UNEXPECTED_NAT_DETECTED = 41, /* RFC 4555 */
    IPSECI_NOTIFY_TEMPORARY_FAILURE = 43,
    IPSECI_NOTIFY_CHILD_SA_NOT_FOUND = 44,

    /* Status. */
    IPSECI_NOTIFY_INITIAL_CONTACT = 16384,
    IPSECI_NOTIFY_SET_WINDOW_SIZE = 16385,
    IPSECI_NOTIFY_ADDITIONAL_TS_POSSIBLE = 16386,
    IPSECI_NOTIFY_IPCOMP_SUPPORTED = 16387,
    IPSECI_NOTIFY_NAT_DETECTION_SOURCE_IP = 16388,
    IPSECI_NOTIFY_NAT_DETECTION_DESTINATION_IP = 16389,
    IPSECI_NOTIFY_COOKIE = 16390,
    IPSECI_NOTIFY_USE_TRANSPORT_MODE = 16391,
    IPSECI_NOTIFY_HTTP_CERT_LOOKUP_SUPPORTED = 16392,
    IPSECI_NOTIFY_REKEY_SA = 16393,
    IPSECI_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
    IPSECI_NOTIFY_NON_FIRST_FRAGMENTS_ALSO = 16395,
    IPSECI_NOTIFY_MOBIKE_SUPPORTED = 16396,              /* RFC 4555 */
    IPSECI_NOTIFY_ADDITIONAL_IP4_ADDRESS = 16397,        /* RFC 4555 */
    IPSECI_NOTIFY_ADDITIONAL_IP6_ADDRESS = 16398,        /* RFC 4555 */
    IPSECI_NOTIFY_NO_ADDITIONAL_ADDRESSES = 16399,       /* RFC 4555 */
    IPSECI_NOTIFY_UPDATE_SA_ADDRESSES = 16400,           /* RFC 4555 */
    IPSECI_NOTIFY_COOKIE2 = 16401,                       /* RFC 4555 */
    IPSECI_NOTIFY_NO_NATS_ALLOWED = 16402,               /* RFC 4555 */
    IPSECI_NOTIFY_AUTH_LIFETIME = 16403,                 /* RFC 4478 */
    IPSECI_NOTIFY_REDIRECT_SUPPORTED = 16406,            /* RFC 5685 */
    IPSECI_NOTIFY_REDIRECT = 16407,                      /* RFC 5685 */
    IPSECI_NOTIFY_REDIRECTED_FROM = 16408,               /* RFC 5685 */
    IPSECI_NOTIFY_EAP_ONLY_AUTHENTICATION = 16417,       /* RFC 5998 */
    IPSECI_NOTIFY_CHILDLESS_IKEV2_SUPPORTED = 16418,     /* RFC 6023 */
    IPSECI_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED = 16430, /* RFC 7383 */
    IPSECI_NOTIFY_SIGNATURE_HASH_ALGORITHMS = 16431      /* RFC 7427 */
};

#define IPSECI_NOTIFY_STATUS_FIRST 16384 /* below: an error (RFC 7296 3.10.1) */
#define IPSECI_COOKIE_BYTES_MAX    64    /* RFC 7296 2.6 */
#define IPSECI_NAT_DETECTION_BYTES 20

struct ipseci_notify {
    uint8_t protocol; /* 0 when there is no SPI (RFC 7296 3.10) */
    uint16_t type;
    struct ipsec_view spi;
    struct ipsec_view data;
};

/* Reads a body; views point into it. IPSEC_DROP_TRUNCATED: shorter than its fixed part and SPI. */
enum ipsec_status ipseci_notify_parse(struct ipsec_view body, struct ipseci_notify *out);
/* Writes a body. SPI up to 255 octets. */
void ipseci_notify_build(struct ipseci_writer *w, const struct ipseci_notify *notify);

/* A whole payload in a chain: no SPI, protocol 0, this data. */
void ipseci_notify_add(struct ipseci_chain *chain, uint16_t type, struct ipsec_view data);
/* A whole payload in a chain with protocol and SPI. */
void ipseci_notify_add_full(struct ipseci_chain *chain, const struct ipseci_notify *notify);

/* All notify bodies of a message are well formed: the first fault otherwise. Check it once; then
 * the two below pass over nothing. */
enum ipsec_status ipseci_notifies_check(const struct ipseci_payloads *payloads);
/* The next notify of any type; start with *cursor 0; false at the end. Malformed ones are skipped.
 */
bool ipseci_notify_next(const struct ipseci_payloads *payloads, uint32_t *cursor,
                        struct ipseci_notify *out);
/* The first notify of this type; out may be NULL. */
bool ipseci_notify_find(const struct ipseci_payloads *payloads, uint16_t type,
                        struct ipseci_notify *out);

/* "NO_PROPOSAL_CHOSEN"; NULL when the library has no name for it. */
const char *ipseci_notify_name(uint16_t type);

#endif
