/* SPDX-License-Identifier: Apache-2.0
 *
 * The IANA suite table. An algorithm is added here once; whether it can be done is the providers'
 * answer. Entries no provider has are kept so that a text can name them and be told "not built in".
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

static const struct ipseci_encr encrs[] = {
    {{IPSEC_ENCR_AES_CBC, false, "aes#", "AES_CBC_#"}, AES_BITS, 0, 0, 16, 16, 0, false},
    {{IPSEC_ENCR_AES_GCM_16, false, "aes#gcm16", "AES_GCM_16_#"}, AES_BITS, 0, 4, 8, 4, 16, true},
    {{IPSEC_ENCR_AES_GCM_12, false, "aes#gcm12", "AES_GCM_12_#"}, AES_BITS, 0, 4, 8, 4, 12, true},
    /* RFC 8221 5: an 8-octet ICV is not recommended */
    {{IPSEC_ENCR_AES_GCM_8, true, "aes#gcm8", "AES_GCM_8_#"}, AES_BITS, 0, 4, 8, 4, 8, true},
    {{IPSEC_ENCR_CHACHA20_POLY1305, false, "chacha20poly1305", "CHACHA20_POLY1305"},
     FIXED,
     32,
     4,
     8,
     4,
     16,
     true},
    {{IPSEC_ENCR_AES_CTR, false, "aes#ctr", "AES_CTR_#"}, AES_BITS, 0, 4, 8, 4, 0, false},
    {{IPSEC_ENCR_AES_CCM_16, false, "aes#ccm16", "AES_CCM_16_#"}, AES_BITS, 0, 3, 8, 4, 16, true},
    {{IPSEC_ENCR_AES_CCM_12, false, "aes#ccm12", "AES_CCM_12_#"}, AES_BITS, 0, 3, 8, 4, 12, true},
    {{IPSEC_ENCR_AES_CCM_8, true, "aes#ccm8", "AES_CCM_8_#"}, AES_BITS, 0, 3, 8, 4, 8, true},
    {{IPSEC_ENCR_NULL_AES_GMAC, true, "aes#gmac", "NULL_AES_GMAC_#"},
     AES_BITS,
     0,
     4,
     8,
     4,
     16,
     true},
    {{IPSEC_ENCR_3DES, true, "3des", "3DES"}, FIXED, 24, 0, 8, 8, 0, false},
    {{IPSEC_ENCR_NULL, true, "null", "NULL"}, FIXED, 0, 0, 0, 4, 0, false},
};

static const struct ipseci_integ integs[] = {
    {{IPSEC_INTEG_HMAC_SHA2_256_128, false, "sha256", "HMAC_SHA2_256_128"},
     32,
     16,
     IPSEC_PRF_HMAC_SHA2_256},
    {{IPSEC_INTEG_HMAC_SHA2_384_192, false, "sha384", "HMAC_SHA2_384_192"},
     48,
     24,
     IPSEC_PRF_HMAC_SHA2_384},
    {{IPSEC_INTEG_HMAC_SHA2_512_256, false, "sha512", "HMAC_SHA2_512_256"},
     64,
     32,
     IPSEC_PRF_HMAC_SHA2_512},
    {{IPSEC_INTEG_HMAC_SHA1_96, true, "sha1", "HMAC_SHA1_96"}, 20, 12, IPSEC_PRF_HMAC_SHA1},
    {{5, false, "aesxcbc", "AES_XCBC_96"}, 16, 12, 4},
    {{8, false, "aescmac", "AES_CMAC_96"}, 16, 12, 8},
    {{1, true, "md5", "HMAC_MD5_96"}, 16, 12, 1},
};

static const struct ipseci_prf_info prfs[] = {
    {{IPSEC_PRF_HMAC_SHA2_256, false, "prfsha256", "PRF_HMAC_SHA2_256"}, 32, 32},
    {{IPSEC_PRF_HMAC_SHA2_384, false, "prfsha384", "PRF_HMAC_SHA2_384"}, 48, 48},
    {{IPSEC_PRF_HMAC_SHA2_512, false, "prfsha512", "PRF_HMAC_SHA2_512"}, 64, 64},
    {{IPSEC_PRF_HMAC_SHA1, true, "prfsha1", "PRF_HMAC_SHA1"}, 20, 20},
    {{4, false, "prfaesxcbc", "PRF_AES128_XCBC"}, 16, 16},
    {{8, false, "prfaescmac", "PRF_AES128_CMAC"}, 16, 16},
    {{1, true, "prfmd5", "PRF_HMAC_MD5"}, 16, 16},
};

/* RFC 8247 2.4 says which are weak; groups 22 to 24 may have been made with a trapdoor. */
static const struct ipseci_ke_info kes[] = {
    {{IPSEC_KE_MODP_2048, false, "modp2048", "MODP_2048"}, 256, 256},
    {{IPSEC_KE_MODP_3072, false, "modp3072", "MODP_3072"}, 384, 384},
    {{IPSEC_KE_MODP_4096, false, "modp4096", "MODP_4096"}, 512, 512},
    {{IPSEC_KE_ECP_256, false, "ecp256", "ECP_256"}, 64, 32},
    {{IPSEC_KE_ECP_384, false, "ecp384", "ECP_384"}, 96, 48},
    {{IPSEC_KE_ECP_521, false, "ecp521", "ECP_521"}, 132, 66},
    {{IPSEC_KE_CURVE25519, false, "curve25519", "CURVE_25519"}, 32, 32},
    {{IPSEC_KE_MODP_2048_256, true, "modp2048s256", "MODP_2048_256"}, 256, 256},
    {{32, false, "curve448", "CURVE_448"}, 56, 56},
    {{27, false, "ecp224bp", "ECP_224_BP"}, 56, 28},
    {{28, false, "ecp256bp", "ECP_256_BP"}, 64, 32},
    {{29, false, "ecp384bp", "ECP_384_BP"}, 96, 48},
    {{30, false, "ecp512bp", "ECP_512_BP"}, 128, 64},
    {{17, false, "modp6144", "MODP_6144"}, 768, 768},
    {{18, false, "modp8192", "MODP_8192"}, 1024, 1024},
    {{25, true, "ecp192", "ECP_192"}, 48, 24},
    {{26, true, "ecp224", "ECP_224"}, 56, 28},
    {{22, true, "modp1024s160", "MODP_1024_160"}, 128, 128},
    {{23, true, "modp2048s224", "MODP_2048_224"}, 256, 256},
    {{5, true, "modp1536", "MODP_1536"}, 192, 192},
    {{2, true, "modp1024", "MODP_1024"}, 128, 128},
    {{1, true, "modp768", "MODP_768"}, 96, 96},
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
        if (encrs[i].names.id == id) {
            return &encrs[i];
        }
    }
    return NULL;
}

const struct ipseci_integ *ipseci_integ_find(uint16_t id)
{
    for (size_t i = 0; i < IPSECI_COUNT(integs); i++) {
        if (integs[i].names.id == id) {
            return &integs[i];
        }
    }
    return NULL;
}

const struct ipseci_prf_info *ipseci_prf_find(uint16_t id)
{
    for (size_t i = 0; i < IPSECI_COUNT(prfs); i++) {
        if (prfs[i].names.id == id) {
            return &prfs[i];
        }
    }
    return NULL;
}

const struct ipseci_ke_info *ipseci_ke_find(uint16_t id)
{
    for (size_t i = 0; i < IPSECI_COUNT(kes); i++) {
        if (kes[i].names.id == id) {
            return &kes[i];
        }
    }
    return NULL;
}

static const struct ipseci_names *names_of_ke(uint16_t id)
{
    const struct ipseci_ke_info *ke = ipseci_ke_find(id);
    return ke != NULL ? &ke->names : NULL;
}

static const struct ipseci_names *names_of_crypto(uint8_t type, uint16_t id)
{
    const struct ipseci_encr *encr = type == IPSEC_TRANSFORM_ENCR ? ipseci_encr_find(id) : NULL;
    const struct ipseci_prf_info *prf = type == IPSEC_TRANSFORM_PRF ? ipseci_prf_find(id) : NULL;
    const struct ipseci_integ *integ = type == IPSEC_TRANSFORM_INTEG ? ipseci_integ_find(id) : NULL;

    if (encr != NULL) {
        return &encr->names;
    }
    if (prf != NULL) {
        return &prf->names;
    }
    return integ != NULL ? &integ->names : NULL;
}

const struct ipseci_names *ipseci_names_find(uint8_t type, uint16_t id)
{
    /* RFC 9370 2.2.2: types 6 to 12 name methods from the registry of type 4. */
    bool additional = type >= IPSEC_TRANSFORM_ADDKE1 && type <= IPSEC_TRANSFORM_ADDKE7;
    if (type == IPSEC_TRANSFORM_KE || additional) {
        return names_of_ke(id);
    }
    return names_of_crypto(type, id);
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
