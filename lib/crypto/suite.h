/* SPDX-License-Identifier: Apache-2.0
 *
 * The IANA suite table: what the library knows about each algorithm without being able to do it.
 * All layers above take lengths from here and never write them down themselves. RFC 7296 3.3.2, RFC
 * 8221, RFC 8247 and the registry "Internet Key Exchange Version 2 (IKEv2) Parameters".
 */
#ifndef IPSECI_SUITE_H
#define IPSECI_SUITE_H

#include "bytes.h"

#include <ipsec/proposal.h>

/* How one algorithm is written. In keyword and name a '#' stands for the key bits. */
struct ipseci_names {
    uint8_t type; /* enum ipsec_transform_type, 1 to 4 */
    uint8_t id;
    bool weak;           /* offered only when a text names it; never in a default list */
    const char *keyword; /* strongSwan's, lower case: "aes#gcm16" */
    const char *name;    /* the registry's without its prefix: "AES_GCM_16_#" */
};

/* An encryption algorithm. */
struct ipseci_encr {
    uint16_t id;
    uint16_t key_bits[3]; /* allowed Key Length attributes, ascending; all 0: fixed, no attribute */
    uint8_t key_octets;   /* of a fixed-length key without salt; 0 otherwise, and for NULL */
    uint8_t salt_octets;  /* follow the key in KEYMAT (RFC 4106 8.1, RFC 7634 2) */
    uint8_t iv_octets;    /* explicit, on the wire; 0 of an AEAD: implicit (RFC 8750) */
    uint8_t block;        /* ESP alignment: max(4, cipher block), RFC 4303 2.4 */
    uint8_t tag_octets;   /* 0: not an AEAD, needs a MAC */
    bool aead;
    /* What one key may encrypt, as log2 of octets; 0: no such limit, the numbers of the packets end
     * before. From `soft` on a new key is wanted, at `hard` the old one is not used any more. */
    uint8_t key_soft;
    uint8_t key_hard;
};

/* An integrity algorithm. */
struct ipseci_integ {
    uint16_t id;
    uint8_t key_octets;
    uint8_t tag_octets;
    uint16_t prf_id; /* the PRF of the same hash: for proposals that name none; 0: none */
};

/* A pseudorandom function. */
struct ipseci_prf_info {
    uint16_t id;
    uint8_t key_octets; /* preferred key: SK_d, SK_p*, nonce minimum is half (RFC 7296 2.10) */
    uint8_t output_octets;
};

/* A key exchange method. Values have these fixed lengths on the wire (RFC 7296 3.4). */
struct ipseci_ke_info {
    uint16_t id;
    uint16_t public_octets;
    uint16_t secret_octets;
};

/* KE and the further key exchanges of RFC 9370. */
static inline bool ipseci_type_is_ke(uint8_t type)
{
    return type == IPSEC_TRANSFORM_KE ||
           (type >= IPSEC_TRANSFORM_ADDKE1 && type <= IPSEC_TRANSFORM_ADDKE7);
}

/* NULL: not known. The tables are const and never end. */
const struct ipseci_encr *ipseci_encr_find(uint16_t id);
const struct ipseci_integ *ipseci_integ_find(uint16_t id);
const struct ipseci_prf_info *ipseci_prf_find(uint16_t id);
const struct ipseci_ke_info *ipseci_ke_find(uint16_t id);

/* By position, for walks; NULL past the end. */
const struct ipseci_encr *ipseci_encr_at(size_t index);
const struct ipseci_integ *ipseci_integ_at(size_t index);
const struct ipseci_prf_info *ipseci_prf_at(size_t index);
const struct ipseci_ke_info *ipseci_ke_at(size_t index);

/* Is it a transform of types 1 to 4 (or 6 to 12, as key exchange) that the tables have? */
bool ipseci_suite_knows(uint8_t type, uint16_t id);

/* suite_names.c: the names of such a transform; NULL: not known. */
const struct ipseci_names *ipseci_names_find(uint8_t type, uint16_t id);
const struct ipseci_names *ipseci_names_at(size_t index); /* for walks */

/* Is this Key Length attribute (0: none) right for the algorithm? */
bool ipseci_encr_bits_valid(const struct ipseci_encr *encr, uint16_t key_bits);

/* RFC 7296 3.3.2: IKE messages are always encrypted; RFC 8750 6: and have an IV. */
static inline bool ipseci_encr_is_esp_only(const struct ipseci_encr *encr)
{
    return encr->iv_octets == 0 || encr->id == IPSEC_ENCR_NULL_AES_GMAC;
}

/* What a provider is asked for: RFC 8750 changes packets, not ciphers. */
static inline uint16_t ipseci_encr_done_as(uint16_t id)
{
    switch (id) {
    case IPSEC_ENCR_AES_CCM_8_IIV:
        return IPSEC_ENCR_AES_CCM_8;
    case IPSEC_ENCR_AES_GCM_16_IIV:
        return IPSEC_ENCR_AES_GCM_16;
    case IPSEC_ENCR_CHACHA20_POLY1305_IIV:
        return IPSEC_ENCR_CHACHA20_POLY1305;
    default: /* a number of the caller's, not an enum */
        return id;
    }
}

/* Octets taken from KEYMAT for a valid key_bits: key and salt. */
size_t ipseci_encr_key_octets(const struct ipseci_encr *encr, uint16_t key_bits);

#endif
