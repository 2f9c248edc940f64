/* SPDX-License-Identifier: Apache-2.0
 *
 * The IANA suite table. An algorithm is added here once; whether it can be done is the providers'
 * answer. Entries no provider has are kept so that a text can name them and be told "not built in".
 * Their names are in suite_names.c: who reads and writes no proposal texts does not link them.
 */
#include "suite.h"

/* The salts: RFC 3686 5.1, RFC 4106 8.1, RFC 4309 7.1 (three octets), RFC 4543 3.2, RFC 7634 2. */
#define AES_BITS                                                                                   \
    {                                                                                              \
        128, 192, 256                                                                              \
    }
#define FIXED                                                                                      \
    {                                                                                              \
        0, 0, 0                                                                                    \
    }

/* The last two columns. A block cipher of 128 bits shows after 2^64 blocks, by equal blocks, that
 * it is one; the odds grow with the square. RFC 8446 5.5 and RFC 9147 4.5.3 have a new key after
 * 2^38.5 octets, for odds of 2^-57; none here goes on after 2^48 (2^-41). CCM takes each block
 * twice. SP 800-67 2.1 (and CVE-2016-2183): at most 2^20 blocks of 64 bits. ChaCha20 and GMAC have
 * no blocks that could be equal: what must not repeat is the IV (SP 800-38D 8.3, RFC 7634 2), and
 * that is the sequence number. */
static const struct ipseci_encr encrs[] = {
    {IPSEC_ENCR_AES_CBC, AES_BITS, 0, 0, 16, 16, 0, false, 38, 48},
    {IPSEC_ENCR_AES_GCM_16, AES_BITS, 0, 4, 8, 4, 16, true, 38, 48},
    {IPSEC_ENCR_AES_GCM_12, AES_BITS, 0, 4, 8, 4, 12, true, 38, 48},
    {IPSEC_ENCR_AES_GCM_8, AES_BITS, 0, 4, 8, 4, 8, true, 38, 48},
    {IPSEC_ENCR_CHACHA20_POLY1305, FIXED, 32, 4, 8, 4, 16, true, 0, 0},
    {IPSEC_ENCR_AES_CTR, AES_BITS, 0, 4, 8, 4, 0, false, 38, 48},
    {IPSEC_ENCR_AES_CCM_16, AES_BITS, 0, 3, 8, 4, 16, true, 37, 47},
    {IPSEC_ENCR_AES_CCM_12, AES_BITS, 0, 3, 8, 4, 12, true, 37, 47},
    {IPSEC_ENCR_AES_CCM_8, AES_BITS, 0, 3, 8, 4, 8, true, 37, 47},
    {IPSEC_ENCR_NULL_AES_GMAC, AES_BITS, 0, 4, 8, 4, 16, true, 0, 0},
    {IPSEC_ENCR_AES_CCM_8_IIV, AES_BITS, 0, 3, 0, 4, 8, true, 37, 47},
    {IPSEC_ENCR_AES_GCM_16_IIV, AES_BITS, 0, 4, 0, 4, 16, true, 38, 48},
    {IPSEC_ENCR_CHACHA20_POLY1305_IIV, FIXED, 32, 4, 0, 4, 16, true, 0, 0},
    {IPSEC_ENCR_3DES, FIXED, 24, 0, 8, 8, 0, false, 22, 23},
    {IPSEC_ENCR_NULL, FIXED, 0, 0, 0, 4, 0, false, 0, 0},
};

static const struct ipseci_integ integs[] = {
    {IPSEC_INTEG_HMAC_SHA2_256_128, 32, 16, IPSEC_PRF_HMAC_SHA2_256},
    {IPSEC_INTEG_HMAC_SHA2_384_192, 48, 24, IPSEC_PRF_HMAC_SHA2_384},
    {IPSEC_INTEG_HMAC_SHA2_512_256, 64, 32, IPSEC_PRF_HMAC_SHA2_512},
    {IPSEC_INTEG_HMAC_SHA1_96, 20, 12, IPSEC_PRF_HMAC_SHA1},
    {IPSEC_INTEG_AES_XCBC_96, 16, 12, IPSEC_PRF_AES128_XCBC},
    {IPSEC_INTEG_AES_CMAC_96, 16, 12, IPSEC_PRF_AES128_CMAC},
    {1, 16, 12, 1},
};

static const struct ipseci_prf_info prfs[] = {
    {IPSEC_PRF_HMAC_SHA2_256, 32, 32},
    {IPSEC_PRF_HMAC_SHA2_384, 48, 48},
    {IPSEC_PRF_HMAC_SHA2_512, 64, 64},
    {IPSEC_PRF_HMAC_SHA1, 20, 20},
    {IPSEC_PRF_AES128_XCBC, 16, 16},
    {IPSEC_PRF_AES128_CMAC, 16, 16},
    {1, 16, 16},
};

static const struct ipseci_ke_info kes[] = {
    {IPSEC_KE_MODP_2048, 256, 256},
    {IPSEC_KE_MODP_3072, 384, 384},
    {IPSEC_KE_MODP_4096, 512, 512},
    {IPSEC_KE_ECP_256, 64, 32},
    {IPSEC_KE_ECP_384, 96, 48},
    {IPSEC_KE_ECP_521, 132, 66},
    {IPSEC_KE_CURVE25519, 32, 32},
    {IPSEC_KE_MODP_2048_256, 256, 256},
    {IPSEC_KE_CURVE448, 56, 56},
    {27, 56, 28},
    {IPSEC_KE_BRAINPOOL_P256, 64, 32},
    {IPSEC_KE_BRAINPOOL_P384, 96, 48},
    {IPSEC_KE_BRAINPOOL_P512, 128, 64},
    {17, 768, 768},
    {18, 1024, 1024},
    {25, 48, 24},
    {26, 56, 28},
    {22, 128, 128},
    {23, 256, 256},
    {5, 192, 192},
    {2, 128, 128},
    {1, 96, 96},
};

const struct ipseci_encr *ipseci_encr_at(size_t index)
{
    return index < IPSECI_COUNT(encrs) ? &encrs[index] : NULL;
}

const struct ipseci_integ *ipseci_integ_at(size_t index)
{
    return index < IPSECI_COUNT(integs) ? &integs[index] : NULL;
}

const struct ipseci_prf_info *ipseci_prf_at(size_t index)
{
    return index < IPSECI_COUNT(prfs) ? &prfs[index] : NULL;
}

const struct ipseci_ke_info *ipseci_ke_at(size_t index)
{
    return index < IPSECI_COUNT(kes) ? &kes[index] : NULL;
}

const struct ipseci_encr *ipseci_encr_find(uint16_t id)
{
    for (size_t i = 0; i < IPSECI_COUNT(encrs); i++) {
        if (encrs[i].id == id) {
            return &encrs[i];
        }
    }
    return NULL;
}

const struct ipseci_integ *ipseci_integ_find(uint16_t id)
{
    for (size_t i = 0; i < IPSECI_COUNT(integs); i++) {
        if (integs[i].id == id) {
            return &integs[i];
        }
    }
    return NULL;
}

const struct ipseci_prf_info *ipseci_prf_find(uint16_t id)
{
    for (size_t i = 0; i < IPSECI_COUNT(prfs); i++) {
        if (prfs[i].id == id) {
            return &prfs[i];
        }
    }
    return NULL;
}

const struct ipseci_ke_info *ipseci_ke_find(uint16_t id)
{
    for (size_t i = 0; i < IPSECI_COUNT(kes); i++) {
        if (kes[i].id == id) {
            return &kes[i];
        }
    }
    return NULL;
}

bool ipseci_suite_knows(uint8_t type, uint16_t id)
{
    /* RFC 9370 2.2.2: types 6 to 12 name methods from the registry of type 4. */
    if (ipseci_type_is_ke(type)) {
        return ipseci_ke_find(id) != NULL;
    }
    switch (type) {
    case IPSEC_TRANSFORM_ENCR:
        return ipseci_encr_find(id) != NULL;
    case IPSEC_TRANSFORM_PRF:
        return ipseci_prf_find(id) != NULL;
    case IPSEC_TRANSFORM_INTEG:
        return ipseci_integ_find(id) != NULL;
    default: /* a number of the peer's, not an enum */
        return false;
    }
}

bool ipseci_encr_bits_valid(const struct ipseci_encr *encr, uint16_t key_bits)
{
    if (encr->key_bits[0] == 0) {
        return key_bits == 0;
    }
    for (size_t i = 0; i < IPSECI_COUNT(encr->key_bits); i++) {
        if (key_bits != 0 && encr->key_bits[i] == key_bits) {
            return true;
        }
    }
    return false;
}

size_t ipseci_encr_key_octets(const struct ipseci_encr *encr, uint16_t key_bits)
{
    return (size_t)encr->key_octets + key_bits / 8u + encr->salt_octets;
}
