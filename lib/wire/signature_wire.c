/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures on the wire. Called by the IKE_AUTH code of lib/ike. RFC 7427, RFC 8420, RFC 4754.
 */
#include "signature_wire.h"
#include "notify.h"

#include <string.h>

/* ---- AlgorithmIdentifier -----------------------------------------------------------------------
 */

/* RFC 7427 appendix A, and the same with parameters left out or spelled out as other
 * implementations send them. The first form of each signature is the one that is sent. */
#define PSS_OID      0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a
#define MGF1_OID     0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08
#define SHA2_OID(n)  0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, n
#define RSA_OID(n)   0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, n
#define ECDSA_OID(n) 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n
#define DER_NULL     0x05, 0x00
#define HASH_NULL(n) 0x30, 0x0d, SHA2_OID(n), DER_NULL
#define HASH_BARE(n) 0x30, 0x0b, SHA2_OID(n)
/* hash, mask generation and salt length; the trailer field has its default and is left out */
#define PSS_NULL(n, salt)                                                                          \
    0x30, 0x41, PSS_OID, 0x30, 0x34, 0xa0, 0x0f, HASH_NULL(n), 0xa1, 0x1c, 0x30, 0x1a, MGF1_OID,   \
        HASH_NULL(n), 0xa2, 0x03, 0x02, 0x01, salt
#define PSS_BARE(n, salt)                                                                          \
    0x30, 0x3d, PSS_OID, 0x30, 0x30, 0xa0, 0x0d, HASH_BARE(n), 0xa1, 0x1a, 0x30, 0x18, MGF1_OID,   \
        HASH_BARE(n), 0xa2, 0x03, 0x02, 0x01, salt
#define RSA(n)      0x30, 0x0d, RSA_OID(n), DER_NULL
#define RSA_BARE(n) 0x30, 0x0b, RSA_OID(n) /* RFC 4055 5: taken, never sent */
#define ECDSA(n)    0x30, 0x0a, ECDSA_OID(n)

/* One after the other: enum ipsec_signature, the length, and so many octets. */
#define FORM(how, length, ...) how, length, __VA_ARGS__
static const uint8_t forms[] = {
    FORM(IPSEC_SIGNATURE_RSA_SHA1, 15, RSA(0x05)),
    FORM(IPSEC_SIGNATURE_RSA_SHA2_256, 15, RSA(0x0b)),
    FORM(IPSEC_SIGNATURE_RSA_SHA2_384, 15, RSA(0x0c)),
    FORM(IPSEC_SIGNATURE_RSA_SHA2_512, 15, RSA(0x0d)),
    FORM(IPSEC_SIGNATURE_PSS_SHA2_256, 67, PSS_NULL(0x01, 0x20)),
    FORM(IPSEC_SIGNATURE_PSS_SHA2_384, 67, PSS_NULL(0x02, 0x30)),
    FORM(IPSEC_SIGNATURE_PSS_SHA2_512, 67, PSS_NULL(0x03, 0x40)),
    FORM(IPSEC_SIGNATURE_ECDSA_SHA2_256, 12, ECDSA(0x02)),
    FORM(IPSEC_SIGNATURE_ECDSA_SHA2_384, 12, ECDSA(0x03)),
    FORM(IPSEC_SIGNATURE_ECDSA_SHA2_512, 12, ECDSA(0x04)),
    FORM(IPSEC_SIGNATURE_ED25519, 7, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70),
    FORM(IPSEC_SIGNATURE_PSS_SHA2_256, 63, PSS_BARE(0x01, 0x20)),
    FORM(IPSEC_SIGNATURE_PSS_SHA2_384, 63, PSS_BARE(0x02, 0x30)),
    FORM(IPSEC_SIGNATURE_PSS_SHA2_512, 63, PSS_BARE(0x03, 0x40)),
    FORM(IPSEC_SIGNATURE_RSA_SHA2_256, 13, RSA_BARE(0x0b)),
    FORM(IPSEC_SIGNATURE_RSA_SHA2_384, 13, RSA_BARE(0x0c)),
    FORM(IPSEC_SIGNATURE_RSA_SHA2_512, 13, RSA_BARE(0x0d)),
};

void ipseci_signature_algorithm_build(struct ipseci_writer *w, enum ipsec_signature how)
{
    for (size_t at = 0; at < sizeof(forms); at += 2u + forms[at + 1]) {
        if (forms[at] == (uint8_t)how) {
            ipseci_write_bytes(w, forms + at + 1, 1u + forms[at + 1]);
            return;
        }
    }
    w->failed = true;
}

enum ipsec_status ipseci_signature_algorithm_parse(struct ipsec_view *data,
                                                   enum ipsec_signature *how)
{
    if (data->length < 1 || data->length - 1 < data->data[0]) {
        return IPSEC_DROP_TRUNCATED;
    }
    const size_t length = data->data[0];
    for (size_t at = 0; at < sizeof(forms); at += 2u + forms[at + 1]) {
        if (forms[at + 1] == length && memcmp(forms + at + 2, data->data + 1, length) == 0) {
            *how = (enum ipsec_signature)forms[at];
            data->data += 1 + length;
            data->length -= 1 + length;
            return IPSEC_OK;
        }
    }
    return IPSEC_DROP_MALFORMED; /* AUTH-12: unusual parameters are no signature of ours */
}

/* ---- SIGNATURE_HASH_ALGORITHMS -----------------------------------------------------------------
 */

uint8_t ipseci_signature_hashes_parse(struct ipsec_view data)
{
    uint8_t set = 0;

    for (size_t i = 0; i + 2 <= data.length; i += 2) {
        const uint16_t number = ipseci_load16(data.data + i);
        if (number >= IPSECI_HASH_SHA1 && number <= IPSECI_HASH_IDENTITY) {
            set |= (uint8_t)(1u << number);
        }
    }
    return set;
}

void ipseci_signature_hashes_build(struct ipseci_writer *w, uint8_t set)
{
    const struct ipseci_notify notify = {.type = IPSECI_NOTIFY_SIGNATURE_HASH_ALGORITHMS};

    ipseci_notify_build(w, &notify);
    for (uint16_t number = IPSECI_HASH_SHA1; number <= IPSECI_HASH_IDENTITY; number++) {
        if ((set & 1u << number) != 0) {
            ipseci_write16(w, number);
        }
    }
}

/* ---- ECDSA -------------------------------------------------------------------------------------
 */

#define DER_SEQUENCE 0x30
#define DER_INTEGER  0x02

/* Tag and length in the shortest form (lengths here are below 256). */
static struct ipsec_view der_take(struct ipseci_reader *r, uint8_t tag)
{
    if (ipseci_read8(r) != tag) {
        r->failed = true;
    }
    size_t length = ipseci_read8(r);
    if (length == 0x81) {
        length = ipseci_read8(r);
        r->failed = r->failed || length < 0x80;
    } else if (length > 0x7f) {
        r->failed = true;
    }
    return ipseci_read_view(r, length);
}

/* A positive number, left-padded with zeros. */
static bool der_number(struct ipseci_reader *r, size_t half_bytes, uint8_t *out)
{
    struct ipsec_view number = der_take(r, DER_INTEGER);

    if (r->failed || number.length == 0 || (number.data[0] & 0x80) != 0) {
        return false;
    }
    if (number.data[0] == 0 && number.length > 1) {
        if ((number.data[1] & 0x80) == 0) {
            return false; /* not the shortest form */
        }
        number.data++;
        number.length--;
    }
    if (number.length > half_bytes) {
        return false;
    }
    memset(out, 0, half_bytes - number.length);
    memcpy(out + half_bytes - number.length, number.data, number.length);
    return true;
}

enum ipsec_status ipseci_ecdsa_to_fixed(struct ipsec_view der, size_t half_bytes, uint8_t *out)
{
    struct ipseci_reader outer = ipseci_reader_init(der);
    struct ipseci_reader inner = ipseci_reader_init(der_take(&outer, DER_SEQUENCE));

    if (outer.failed || outer.left != 0 || !der_number(&inner, half_bytes, out) ||
        !der_number(&inner, half_bytes, out + half_bytes) || inner.left != 0) {
        return IPSEC_DROP_MALFORMED;
    }
    return IPSEC_OK;
}

static void write_number(struct ipseci_writer *w, struct ipsec_view half)
{
    while (half.length > 1 && half.data[0] == 0) {
        half.data++;
        half.length--;
    }
    const bool sign = (half.data[0] & 0x80) != 0;
    ipseci_write8(w, DER_INTEGER);
    ipseci_write8(w, (uint8_t)(half.length + (sign ? 1 : 0)));
    if (sign) {
        ipseci_write8(w, 0);
    }
    ipseci_write_view(w, half);
}

enum ipsec_status ipseci_ecdsa_to_der(struct ipsec_view fixed, uint8_t *out, size_t *length)
{
    const size_t half = fixed.length / 2;
    uint8_t numbers[IPSECI_ECDSA_DER_MAX];
    struct ipseci_writer n = ipseci_writer_init(numbers, sizeof(numbers));
    struct ipseci_writer w = ipseci_writer_init(out, IPSECI_ECDSA_DER_MAX);

    *length = 0;
    if (half == 0 || fixed.length % 2 != 0 || fixed.length > IPSECI_ECDSA_FIXED_MAX) {
        return IPSEC_DROP_MALFORMED;
    }
    write_number(&n, ipseci_view(fixed.data, half));
    write_number(&n, ipseci_view(fixed.data + half, half));
    ipseci_write8(&w, DER_SEQUENCE);
    if (n.used > 0x7f) {
        ipseci_write8(&w, 0x81);
    }
    ipseci_write8(&w, (uint8_t)n.used);
    ipseci_write_view(&w, ipseci_written(&n));
    if (n.failed || w.failed) {
        return IPSEC_DROP_MALFORMED;
    }
    *length = w.used;
    return IPSEC_OK;
}
