/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures on the wire: the AlgorithmIdentifier in front of a signature of method 14 (RFC 7427
 * 3, appendix A; RFC 8420), the hash algorithms an end announces (RFC 7427 4), and the two forms of
 * an ECDSA signature (RFC 4754 7). Called by the IKE_AUTH code.
 */
#ifndef IPSECI_SIGNATURE_WIRE_H
#define IPSECI_SIGNATURE_WIRE_H

#include "reader.h"

#include <ipsec/auth.h>

/* IANA hash algorithm numbers; sets have bit 1 << number. */
enum ipseci_signature_hash {
    IPSECI_HASH_SHA1 = 1,
    IPSECI_HASH_SHA2_256 = 2,
    IPSECI_HASH_SHA2_384 = 3,
    IPSECI_HASH_SHA2_512 = 4,
    IPSECI_HASH_IDENTITY = 5 /* RFC 8420: the signature does its own hashing */
};

/* The octet of its length, then the AlgorithmIdentifier; the signature follows from the caller. */
void ipseci_signature_algorithm_build(struct ipseci_writer *w, enum ipsec_signature how);
/* Takes length octet and AlgorithmIdentifier off the front of *data and says what they mean.
 * Compared octet by octet with the few forms there are, so nothing is parsed that could be read in
 * two ways. IPSEC_DROP_TRUNCATED, IPSEC_DROP_MALFORMED (none that we know). */
enum ipsec_status ipseci_signature_algorithm_parse(struct ipsec_view *data,
                                                   enum ipsec_signature *how);

/* Notify data: two octets a number. Unknown numbers, and half a number at the end, are passed over.
 */
uint8_t ipseci_signature_hashes_parse(struct ipsec_view data);
/* The whole body of the notify. */
void ipseci_signature_hashes_build(struct ipseci_writer *w, uint8_t set);

#define IPSECI_ECDSA_FIXED_MAX 132 /* P-521: two times 66 */
#define IPSECI_ECDSA_DER_MAX   141
/* Ecdsa-Sig-Value (DER) as r | s of half_bytes each, half_bytes at most 66. IPSEC_DROP_MALFORMED:
 * no such DER, a negative number, or one that is too long. */
enum ipsec_status ipseci_ecdsa_to_fixed(struct ipsec_view der, size_t half_bytes, uint8_t *out);
/* The other way; out has IPSECI_ECDSA_DER_MAX octets. IPSEC_DROP_MALFORMED: odd, empty or over
 * IPSECI_ECDSA_FIXED_MAX octets. */
enum ipsec_status ipseci_ecdsa_to_der(struct ipsec_view fixed, uint8_t *out, size_t *length);

#endif
