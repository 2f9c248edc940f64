/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of signatures as configurations and reports have them (ipsec/auth.h).
 */
#include "scan.h"

#include <ipsec/auth.h>
#include <string.h>

static const char *const names[] = {
    [IPSEC_SIGNATURE_RSA_SHA1] = "rsa-sha1",
    [IPSEC_SIGNATURE_RSA_SHA2_256] = "rsa-sha256",
    [IPSEC_SIGNATURE_RSA_SHA2_384] = "rsa-sha384",
    [IPSEC_SIGNATURE_RSA_SHA2_512] = "rsa-sha512",
    [IPSEC_SIGNATURE_PSS_SHA2_256] = "rsa-pss-sha256",
    [IPSEC_SIGNATURE_PSS_SHA2_384] = "rsa-pss-sha384",
    [IPSEC_SIGNATURE_PSS_SHA2_512] = "rsa-pss-sha512",
    [IPSEC_SIGNATURE_ECDSA_SHA2_256] = "ecdsa-sha256",
    [IPSEC_SIGNATURE_ECDSA_SHA2_384] = "ecdsa-sha384",
    [IPSEC_SIGNATURE_ECDSA_SHA2_512] = "ecdsa-sha512",
    [IPSEC_SIGNATURE_ED25519] = "ed25519",
};
_Static_assert(IPSECI_COUNT(names) == IPSEC_SIGNATURES, "each has a name");

const char *ipsec_signature_name(enum ipsec_signature how)
{
    return (size_t)how < IPSECI_COUNT(names) ? names[how] : NULL;
}

/* strongSwan parts the key's type and the scheme by '/'. */
static uint8_t folded(uint8_t c)
{
    return c == '/' ? '-' : c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool matches(struct ipsec_view text, const char *name)
{
    if (text.length != strlen(name)) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        if (folded(text.data[i]) != (uint8_t)name[i]) {
            return false;
        }
    }
    return true;
}

enum ipsec_status ipsec_signature_parse(const char *name, enum ipsec_signature *out)
{
    struct ipsec_view text = ipseci_scan_string(name);

    if (name == NULL || out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < IPSECI_COUNT(names); i++) {
        if (matches(text, names[i])) {
            *out = (enum ipsec_signature)i;
            return IPSEC_OK;
        }
    }
    return IPSEC_ERR_SYNTAX;
}
