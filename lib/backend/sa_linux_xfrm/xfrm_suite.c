/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP algorithms by the names the Linux kernel has for them. Called when an SA is installed, and by
 * who wants to know before.
 */
#include "xfrm_state.h"

struct cipher_name {
    uint16_t encr;
    uint16_t icv_bits; /* of an AEAD; 0: has an integrity algorithm beside it */
    const char *name;
};

/* Implicit IVs (RFC 8750) have none. */
static const struct cipher_name ciphers[] = {
    {IPSEC_ENCR_3DES, 0, "cbc(des3_ede)"},
    {IPSEC_ENCR_NULL, 0, "ecb(cipher_null)"},
    {IPSEC_ENCR_AES_CBC, 0, "cbc(aes)"},
    {IPSEC_ENCR_AES_CTR, 0, "rfc3686(ctr(aes))"},
    {IPSEC_ENCR_AES_CCM_8, 64, "rfc4309(ccm(aes))"},
    {IPSEC_ENCR_AES_CCM_12, 96, "rfc4309(ccm(aes))"},
    {IPSEC_ENCR_AES_CCM_16, 128, "rfc4309(ccm(aes))"},
    {IPSEC_ENCR_AES_GCM_8, 64, "rfc4106(gcm(aes))"},
    {IPSEC_ENCR_AES_GCM_12, 96, "rfc4106(gcm(aes))"},
    {IPSEC_ENCR_AES_GCM_16, 128, "rfc4106(gcm(aes))"},
    {IPSEC_ENCR_NULL_AES_GMAC, 128, "rfc4543(gcm(aes))"},
    {IPSEC_ENCR_CHACHA20_POLY1305, 128, "rfc7539esp(chacha20,poly1305)"},
};

static const struct cipher_name macs[] = {
    {IPSEC_INTEG_HMAC_SHA1_96, 96, "hmac(sha1)"},
    {IPSEC_INTEG_AES_XCBC_96, 96, "xcbc(aes)"},
    {IPSEC_INTEG_AES_CMAC_96, 96, "cmac(aes)"},
    {IPSEC_INTEG_HMAC_SHA2_256_128, 128, "hmac(sha256)"},
    {IPSEC_INTEG_HMAC_SHA2_384_192, 192, "hmac(sha384)"},
    {IPSEC_INTEG_HMAC_SHA2_512_256, 256, "hmac(sha512)"},
};

static const struct cipher_name *find(const struct cipher_name *table, size_t n, uint16_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i].encr == id) {
            return &table[i];
        }
    }
    return NULL;
}

bool ipseci_xfrm_suite(const struct ipsec_suite *suite, struct xfrm_suite *out)
{
    const struct cipher_name *cipher = find(ciphers, XFRM_COUNT(ciphers), suite->encr);
    *out = (struct xfrm_suite){0};
    if (cipher == NULL) {
        return false;
    }
    if (cipher->icv_bits != 0) {
        out->aead = cipher->name;
        out->icv_bits = cipher->icv_bits;
        return true;
    }
    const struct cipher_name *mac = find(macs, XFRM_COUNT(macs), suite->integ);
    if (mac == NULL) {
        return false; /* RFC 4303 5: no cipher without integrity */
    }
    out->cipher = cipher->name;
    out->integ = mac->name;
    out->icv_bits = mac->icv_bits;
    return true;
}

bool ipsec_xfrm_has_suite(const struct ipsec_suite *suite)
{
    struct xfrm_suite names;
    return suite != NULL && ipseci_xfrm_suite(suite, &names);
}
