/* SPDX-License-Identifier: Apache-2.0
 *
 * The chain of payloads of an IKE message (RFC 7296 3.2): to views, and built. Called by the engine
 * for the clear part of a message and again for what was inside SK.
 */
#ifndef IPSECI_PAYLOAD_H
#define IPSECI_PAYLOAD_H

#include "ike_header.h"

enum ipseci_payload_type {
    IPSECI_PAYLOAD_NONE = 0,
    IPSECI_PAYLOAD_SA = 33,
    IPSECI_PAYLOAD_KE = 34,
    IPSECI_PAYLOAD_IDI = 35,
    IPSECI_PAYLOAD_IDR = 36,
    IPSECI_PAYLOAD_CERT = 37,
    IPSECI_PAYLOAD_CERTREQ = 38,
    IPSECI_PAYLOAD_AUTH = 39,
    IPSECI_PAYLOAD_NONCE = 40,
    IPSECI_PAYLOAD_NOTIFY = 41,
    IPSECI_PAYLOAD_DELETE = 42,
    IPSECI_PAYLOAD_VENDOR = 43,
    IPSECI_PAYLOAD_TSI = 44,
    IPSECI_PAYLOAD_TSR = 45,
    IPSECI_PAYLOAD_SK = 46,
    IPSECI_PAYLOAD_CP = 47,
    IPSECI_PAYLOAD_EAP = 48,
    IPSECI_PAYLOAD_SKF = 53 /* RFC 7383 */
};

#define IPSECI_PAYLOAD_HEADER_BYTES 4
/* Known payloads in one message: an IKE_AUTH with a long certificate chain and many notifies has
 * fewer. More is refused, never written past the table (CVE-2026-12413). */
#define IPSECI_PAYLOADS_MAX 24

struct ipseci_payload {
    uint8_t type;           /* enum ipseci_payload_type, known ones only */
    uint8_t next_payload;   /* as on the wire; of SK and SKF: the first payload inside */
    bool critical;          /* as on the wire; has no meaning for a known payload (RFC 7296 2.5) */
    struct ipsec_view body; /* without the generic header */
};

struct ipseci_payloads {
    uint32_t count;
    struct ipseci_payload item[IPSECI_PAYLOADS_MAX];
    uint8_t unknown_critical; /* type of the first unknown critical payload, or 0 */
    uint32_t unknown_count;   /* unknown payloads skipped, critical or not */
};

/* Walks the chain that starts with payload type `first` at body's first octet. Views point into
 * body. Unknown payloads are skipped and not stored. SK and SKF end the chain: what follows them is
 * not looked at (RFC 7296 3.14). *rest is what follows the last payload; it may be NULL. An unknown
 * critical payload is not an error here: the caller looks at out->unknown_critical.
 * IPSEC_DROP_TRUNCATED: a payload reaches beyond body. IPSEC_DROP_MALFORMED: a length below 4.
 * IPSEC_DROP_PAYLOADS: more known payloads than IPSECI_PAYLOADS_MAX. On error *out holds the
 * payloads before the fault and should not be used. */
enum ipsec_status ipseci_payloads_parse(uint8_t first, struct ipsec_view body,
                                        struct ipseci_payloads *out, struct ipsec_view *rest);

/* Header and payload chain of a datagram (without non-ESP marker) in one go. Octets between the
 * last payload and the end are IPSEC_DROP_MALFORMED. Other errors: those of the two parse
 * functions; *h is filled on IPSEC_DROP_VERSION as there. */
enum ipsec_status ipseci_message_parse(struct ipsec_view datagram, struct ipseci_ike_header *h,
                                       struct ipseci_payloads *p);

/* The first payload of this type, or NULL. */
const struct ipseci_payload *ipseci_payload_find(const struct ipseci_payloads *payloads,
                                                 uint8_t type);
uint32_t ipseci_payload_count(const struct ipseci_payloads *payloads, uint8_t type);
/* The next payload of this type; start with *cursor 0; NULL at the end. */
const struct ipseci_payload *ipseci_payload_next(const struct ipseci_payloads *payloads,
                                                 uint8_t type, uint32_t *cursor);

/* Building. next_field_at is the offset (in the writer) of the octet that names the next payload:
 * the header's (message start + IPSECI_IKE_NEXT_PAYLOAD_AT), or an SK payload's first octet.
 *
 *     struct ipseci_chain chain = ipseci_chain_init(&w, start + IPSECI_IKE_NEXT_PAYLOAD_AT);
 *     ipseci_payload_begin(&chain, IPSECI_PAYLOAD_NONCE);
 *     ipseci_write_view(&w, nonce);
 *     ipseci_payload_end(&chain);
 *
 * To put payloads inside SK: begin SK, take a second chain whose next_field_at is the SK payload's
 * begin_at, write IV, inner payloads, padding and ICV room, then end SK on the first chain. With
 * the inner payloads built in another buffer, patch SK's first octet instead. */
struct ipseci_chain {
    struct ipseci_writer *w;
    size_t next_field_at;
    size_t begin_at; /* offset of the open payload's generic header */
};

struct ipseci_chain ipseci_chain_init(struct ipseci_writer *w, size_t next_field_at);
/* Writes a generic header (not critical) and links it; returns the offset where the body starts. */
size_t ipseci_payload_begin(struct ipseci_chain *chain, uint8_t type);
/* Patches the length; the writer fails when it is over 65535. */
void ipseci_payload_end(struct ipseci_chain *chain);

#endif
