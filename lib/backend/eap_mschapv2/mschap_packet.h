/* SPDX-License-Identifier: Apache-2.0
 *
 * EAP packets (RFC 3748 4, 5) and those of MS-CHAPv2 in them (draft-kamath-pppext-eap-mschapv2 2),
 * read and written. Called by the two roles.
 */
#ifndef IPSECI_MSCHAP_PACKET_H
#define IPSECI_MSCHAP_PACKET_H

#include "mschap_proof.h"

#define IPSECI_MSCHAP_NAME_MAX 256

enum ipseci_mschap_eap_code {
    IPSECI_MSCHAP_REQUEST = 1,
    IPSECI_MSCHAP_RESPONSE = 2,
    IPSECI_MSCHAP_EAP_SUCCESS = 3,
    IPSECI_MSCHAP_EAP_FAILURE = 4
};

enum ipseci_mschap_eap_type {
    IPSECI_MSCHAP_IDENTITY = 1,
    IPSECI_MSCHAP_NOTIFICATION = 2,
    IPSECI_MSCHAP_NAK = 3,
    IPSECI_MSCHAP_METHOD = 26
};

enum ipseci_mschap_op {
    IPSECI_MSCHAP_OP_CHALLENGE = 1,
    IPSECI_MSCHAP_OP_RESPONSE = 2,
    IPSECI_MSCHAP_OP_SUCCESS = 3,
    IPSECI_MSCHAP_OP_FAILURE = 4,
    IPSECI_MSCHAP_OP_CHANGE_PASSWORD = 7
};

/* A packet taken apart; views lead into it. */
struct ipseci_mschap_packet {
    uint8_t code;
    uint8_t identifier;
    uint8_t type;           /* of Request and Response */
    struct ipsec_view data; /* after the type */
    uint8_t op;             /* of METHOD: and all that follows */
    bool whole;             /* it has more than the op */
    uint8_t id;             /* MS-CHAPv2-ID */
    const uint8_t *value;   /* CHALLENGE: 16 octets. RESPONSE: client challenge, 8 octets, proof */
    struct ipsec_view name; /* of CHALLENGE and RESPONSE */
    struct ipsec_view text; /* of SUCCESS and FAILURE */
};

/* False: cut short, too long, or at odds with itself. Names longer than IPSECI_MSCHAP_NAME_MAX are
 * none. */
bool ipseci_mschap_parse(struct ipsec_view octets, struct ipseci_mschap_packet *out);

/* What RESPONSE's value holds. */
#define IPSECI_MSCHAP_PROOF_AT 24 /* behind the client challenge and 8 octets of zeros */

/* "S=" and forty digits, then a blank or nothing. */
bool ipseci_mschap_read_answer(struct ipsec_view text, uint8_t out[IPSECI_MSCHAP_ANSWER_BYTES]);
/* The number of "E=691 R=0 ..."; 0: none. */
uint32_t ipseci_mschap_read_error(struct ipsec_view text);

/* ---- Writing ----------------------------------------------------------------------------------
 */

/* A bounded writer: once something did not fit, nothing is there. */
struct ipseci_mschap_writer {
    uint8_t *data;
    size_t capacity;
    size_t used;
    bool failed;
};

struct ipseci_mschap_writer ipseci_mschap_begin(uint8_t *data, size_t capacity, uint8_t code,
                                                uint8_t identifier);
void ipseci_mschap_put(struct ipseci_mschap_writer *w, const void *data, size_t length);
void ipseci_mschap_put8(struct ipseci_mschap_writer *w, uint8_t octet);
/* The method's header; its length is filled in at the end. */
void ipseci_mschap_put_op(struct ipseci_mschap_writer *w, uint8_t op, uint8_t id);
/* Upper-case hexadecimal digits. */
void ipseci_mschap_put_hex(struct ipseci_mschap_writer *w, const uint8_t *data, size_t length);
/* Fills in the lengths. False: it did not fit. */
bool ipseci_mschap_end(struct ipseci_mschap_writer *w, size_t *length);

#endif
