/* SPDX-License-Identifier: Apache-2.0
 *
 * The IKE header (RFC 7296 3.1), both directions. Called by the engine for every datagram.
 */
#ifndef IPSECI_IKE_HEADER_H
#define IPSECI_IKE_HEADER_H

#include "reader.h"

#define IPSECI_IKE_HEADER_BYTES    28
#define IPSECI_IKE_NEXT_PAYLOAD_AT 16 /* offset of the octet a payload chain starts from */
#define IPSECI_IKE_LENGTH_AT       24
#define IPSECI_IKE_VERSION         0x20 /* major 2, minor 0 */

enum ipseci_exchange {
    IPSECI_EXCHANGE_IKE_SA_INIT = 34,
    IPSECI_EXCHANGE_IKE_AUTH = 35,
    IPSECI_EXCHANGE_CREATE_CHILD_SA = 36,
    IPSECI_EXCHANGE_INFORMATIONAL = 37
};

#define IPSECI_FLAG_INITIATOR 0x08
#define IPSECI_FLAG_VERSION   0x10
#define IPSECI_FLAG_RESPONSE  0x20

struct ipseci_ike_header {
    uint64_t spi_i;
    uint64_t spi_r;
    uint8_t next_payload;
    uint8_t version; /* major << 4 | minor */
    uint8_t exchange;
    uint8_t flags;
    uint32_t message_id;
    uint32_t length; /* of the whole message, header included */
};

/* Reads the header of a datagram (without non-ESP marker) and holds its Length against the
 * datagram: the two must be equal, so that nobody later works on octets outside the message.
 * IPSEC_DROP_TRUNCATED: shorter than a header, or than Length; *out is zeroed in the first case.
 * IPSEC_DROP_VERSION: major version not 2; *out is filled, for an INVALID_MAJOR_VERSION answer.
 * IPSEC_DROP_MALFORMED: Length below 28, or octets after the message.
 * Zero SPIs and unknown exchanges are not judged here (RFC 7296 1.5 allows a zero SPI in one case).
 */
enum ipsec_status ipseci_ike_header_parse(struct ipsec_view datagram,
                                          struct ipseci_ike_header *out);

/* Writes the 28 octets; `length` is written as it stands and is patched by
 * ipseci_ike_header_finish. */
void ipseci_ike_header_build(struct ipseci_writer *w, const struct ipseci_ike_header *header);

/* Patches Length to the octets written since `start`, the writer's `used` before the header. */
void ipseci_ike_header_finish(struct ipseci_writer *w, size_t start);

#endif
