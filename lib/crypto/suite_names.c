/* SPDX-License-Identifier: Apache-2.0
 *
 * How the algorithms of the suite table are written, and which of them are weak. Called by what
 * reads and writes texts only, so that a firmware whose proposals are tables does not carry it.
 */
#include "suite.h"

static const struct ipseci_names all_names[] = {
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, false, "aes#", "AES_CBC_#"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, false, "aes#gcm16", "AES_GCM_16_#"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_12, false, "aes#gcm12", "AES_GCM_12_#"},
    /* RFC 8221 5: an 8-octet ICV is not recommended */
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_8, true, "aes#gcm8", "AES_GCM_8_#"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_CHACHA20_POLY1305, false, "chacha20poly1305",
     "CHACHA20_POLY1305"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CTR, false, "aes#ctr", "AES_CTR_#"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_16, false, "aes#ccm16", "AES_CCM_16_#"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_12, false, "aes#ccm12", "AES_CCM_12_#"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_8, true, "aes#ccm8", "AES_CCM_8_#"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL_AES_GMAC, true, "aes#gmac", "NULL_AES_GMAC_#"},
    /* nobody else has words for these */
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_8_IIV, true, "aes#ccm8iiv", "AES_CCM_8_IIV_#"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16_IIV, false, "aes#gcm16iiv", "AES_GCM_16_IIV_#"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_CHACHA20_POLY1305_IIV, false, "chacha20poly1305iiv",
     "CHACHA20_POLY1305_IIV"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_3DES, true, "3des", "3DES"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL, true, "null", "NULL"},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256, false, "prfsha256", "PRF_HMAC_SHA2_256"},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_384, false, "prfsha384", "PRF_HMAC_SHA2_384"},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_512, false, "prfsha512", "PRF_HMAC_SHA2_512"},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA1, true, "prfsha1", "PRF_HMAC_SHA1"},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_AES128_XCBC, false, "prfaesxcbc", "PRF_AES128_XCBC"},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_AES128_CMAC, false, "prfaescmac", "PRF_AES128_CMAC"},
    {IPSEC_TRANSFORM_PRF, 1, true, "prfmd5", "PRF_HMAC_MD5"},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128, false, "sha256", "HMAC_SHA2_256_128"},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_384_192, false, "sha384", "HMAC_SHA2_384_192"},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_512_256, false, "sha512", "HMAC_SHA2_512_256"},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA1_96, true, "sha1", "HMAC_SHA1_96"},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_AES_XCBC_96, false, "aesxcbc", "AES_XCBC_96"},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_AES_CMAC_96, false, "aescmac", "AES_CMAC_96"},
    {IPSEC_TRANSFORM_INTEG, 1, true, "md5", "HMAC_MD5_96"},
    /* RFC 8247 2.4 says which are weak; groups 22 to 24 may have been made with a trapdoor. */
    {IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048, false, "modp2048", "MODP_2048"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_3072, false, "modp3072", "MODP_3072"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_4096, false, "modp4096", "MODP_4096"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256, false, "ecp256", "ECP_256"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_384, false, "ecp384", "ECP_384"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_521, false, "ecp521", "ECP_521"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_CURVE25519, false, "curve25519", "CURVE_25519"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048_256, true, "modp2048s256", "MODP_2048_256"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_CURVE448, false, "curve448", "CURVE_448"},
    {IPSEC_TRANSFORM_KE, 27, false, "ecp224bp", "ECP_224_BP"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_BRAINPOOL_P256, false, "ecp256bp", "ECP_256_BP"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_BRAINPOOL_P384, false, "ecp384bp", "ECP_384_BP"},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_BRAINPOOL_P512, false, "ecp512bp", "ECP_512_BP"},
    {IPSEC_TRANSFORM_KE, 17, false, "modp6144", "MODP_6144"},
    {IPSEC_TRANSFORM_KE, 18, false, "modp8192", "MODP_8192"},
    {IPSEC_TRANSFORM_KE, 25, true, "ecp192", "ECP_192"},
    {IPSEC_TRANSFORM_KE, 26, true, "ecp224", "ECP_224"},
    {IPSEC_TRANSFORM_KE, 22, true, "modp1024s160", "MODP_1024_160"},
    {IPSEC_TRANSFORM_KE, 23, true, "modp2048s224", "MODP_2048_224"},
    {IPSEC_TRANSFORM_KE, 5, true, "modp1536", "MODP_1536"},
    {IPSEC_TRANSFORM_KE, 2, true, "modp1024", "MODP_1024"},
    {IPSEC_TRANSFORM_KE, 1, true, "modp768", "MODP_768"},
};

const struct ipseci_names *ipseci_names_at(size_t index)
{
    return index < IPSECI_COUNT(all_names) ? &all_names[index] : NULL;
}

const struct ipseci_names *ipseci_names_find(uint8_t type, uint16_t id)
{
    /* RFC 9370 2.2.2: types 6 to 12 name methods from the registry of type 4. */
    const uint8_t registry = ipseci_type_is_ke(type) ? IPSEC_TRANSFORM_KE : type;

    for (size_t i = 0; i < IPSECI_COUNT(all_names); i++) {
        if (all_names[i].type == registry && all_names[i].id == id) {
            return &all_names[i];
        }
    }
    return NULL;
}
