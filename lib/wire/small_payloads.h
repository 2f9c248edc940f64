/* SPDX-License-Identifier: Apache-2.0
 *
 * The payloads of one fixed part and a tail: KE, ID, AUTH, Nonce, Delete, CERT, CERTREQ, SKF (RFC
 * 7296 3.4 to 3.9, 3.11; RFC 7383 2.5). Vendor ID bodies have no structure: use the payload's view.
 * CP and EAP stand in their own headers, included here. Called by the exchange handlers.
 *
 * Every parse function takes the body without the generic header and gives views into it; every
 * build function writes a body. IPSEC_DROP_TRUNCATED: shorter than the fixed part.
 * IPSEC_DROP_MALFORMED: lengths or values that no message may have.
 */
#ifndef IPSECI_SMALL_PAYLOADS_H
#define IPSECI_SMALL_PAYLOADS_H

#include "cp_payload.h"
#include "eap_payload.h"

struct ipseci_ke {
    uint16_t group;
    struct ipsec_view data; /* its length is judged against the group by the caller (INIT-22) */
};
enum ipsec_status ipseci_ke_parse(struct ipsec_view body, struct ipseci_ke *out);
void ipseci_ke_build(struct ipseci_writer *w, uint16_t group, struct ipsec_view data);

struct ipseci_id {
    uint8_t type; /* enum ipsec_id_type, unjudged when unknown */
    struct ipsec_view data;
    struct ipsec_view body; /* with type and RESERVED as received: what AUTH covers */
};
/* Address types must have 4 or 16 octets; no type but ID_NULL may be empty. */
enum ipsec_status ipseci_id_parse(struct ipsec_view body, struct ipseci_id *out);
void ipseci_id_build(struct ipseci_writer *w, const struct ipsec_id *id);
/* By value; IPSEC_DROP_TOO_BIG when over IPSEC_ID_BYTES_MAX: never cut, never overflowed. */
enum ipsec_status ipseci_id_copy(const struct ipseci_id *id, struct ipsec_id *out);

enum ipseci_auth_method {
    IPSECI_AUTH_RSA_SHA1 = 1,
    IPSECI_AUTH_SHARED_KEY = 2,
    IPSECI_AUTH_DSS_SHA1 = 3,
    IPSECI_AUTH_ECDSA_256 = 9,  /* RFC 4754 */
    IPSECI_AUTH_ECDSA_384 = 10, /* RFC 4754 */
    IPSECI_AUTH_ECDSA_521 = 11, /* RFC 4754 */
    IPSECI_AUTH_NULL = 13,      /* RFC 7619 */
    IPSECI_AUTH_SIGNATURE = 14  /* RFC 7427 */
};
struct ipseci_auth {
    uint8_t method;
    struct ipsec_view data; /* may be empty here; the verifier refuses it */
};
enum ipsec_status ipseci_auth_parse(struct ipsec_view body, struct ipseci_auth *out);
void ipseci_auth_build(struct ipseci_writer *w, uint8_t method, struct ipsec_view data);

#define IPSECI_NONCE_BYTES_MIN 16
#define IPSECI_NONCE_BYTES_MAX 256
/* *out is the body when its length is 16 to 256 octets; IPSEC_DROP_MALFORMED otherwise. */
enum ipsec_status ipseci_nonce_parse(struct ipsec_view body, struct ipsec_view *out);
void ipseci_nonce_build(struct ipseci_writer *w, struct ipsec_view nonce);

struct ipseci_delete {
    uint8_t protocol; /* enum ipsec_protocol */
    uint8_t spi_size; /* 0 for IKE, 4 for AH and ESP */
    uint16_t count;
    struct ipsec_view spis; /* spi_size * count octets */
};
/* Strict: the protocol is IKE, AH or ESP, its SPI size is the right one, the SPIs fill the body. */
enum ipsec_status ipseci_delete_parse(struct ipsec_view body, struct ipseci_delete *out);
/* The SPI at index; 0 (never valid) beyond count or for IKE. */
uint32_t ipseci_delete_spi(const struct ipseci_delete *del, uint16_t index);
void ipseci_delete_build_ike(struct ipseci_writer *w);
void ipseci_delete_build_esp(struct ipseci_writer *w, const uint32_t *spi, uint16_t count);

enum ipseci_cert_encoding {
    IPSECI_CERT_X509_SIGNATURE = 4,
    IPSECI_CERT_CRL = 7,
    IPSECI_CERT_HASH_URL = 12,
    IPSECI_CERT_HASH_URL_BUNDLE = 13,
    IPSECI_CERT_RAW_PUBLIC_KEY = 15 /* RFC 7670 */
};
/* CERT and CERTREQ have one form: an encoding octet and data. */
struct ipseci_cert {
    uint8_t encoding;
    struct ipsec_view data;
};
enum ipsec_status ipseci_cert_parse(struct ipsec_view body, struct ipseci_cert *out);
void ipseci_cert_build(struct ipseci_writer *w, uint8_t encoding, struct ipsec_view data);

#define IPSECI_CA_HASH_BYTES 20
/* The CA hash at index of a CERTREQ of encoding 4; an empty view beyond the last whole one. Octets
 * after the last whole hash are no hint and no fault (AUTH-19). */
struct ipsec_view ipseci_certreq_hash(const struct ipseci_cert *request, size_t index);

#define IPSECI_SKF_FIXED_BYTES 4
struct ipseci_skf {
    uint16_t number; /* from 1 */
    uint16_t total;
    struct ipsec_view data; /* IV, ciphertext, ICV */
};
/* number 0, total 0 and number above total are IPSEC_DROP_MALFORMED (FRAG-03). */
enum ipsec_status ipseci_skf_parse(struct ipsec_view body, struct ipseci_skf *out);
/* The four fixed octets; IV, ciphertext and ICV follow from the caller. */
void ipseci_skf_build(struct ipseci_writer *w, uint16_t number, uint16_t total);

#endif
