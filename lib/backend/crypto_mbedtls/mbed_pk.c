/* SPDX-License-Identifier: Apache-2.0
 *
 * Public and private keys of signatures: read, told apart, released.
 */
#include "mbed_auth.h"

#include <string.h>

enum ipsec_status ipseci_mbed_fault(struct ipsec_mbedtls_fault *fault, enum ipsec_status status,
                                    const char *text, int error)
{
    if (fault != NULL) {
        *fault = (struct ipsec_mbedtls_fault){.text = text, .error = error};
    }
    return status;
}

#if IPSECI_MBED_PK
#include <mbedtls/asn1.h>
#include <mbedtls/error.h>
#include <mbedtls/pem.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/x509.h>

/* An error is a module's number (a multiple of 0x80) and perhaps that of a module below. */
static int high_part(int error)
{
    return -(int)((unsigned)-error & 0xff80u);
}

static int low_part(int error)
{
    return -(int)((unsigned)-error & 0x7fu);
}

bool ipseci_mbed_no_memory(int error)
{
    return low_part(error) == MBEDTLS_ERR_MPI_ALLOC_FAILED ||
           low_part(error) == MBEDTLS_ERR_ASN1_ALLOC_FAILED ||
           high_part(error) == MBEDTLS_ERR_PK_ALLOC_FAILED ||
           high_part(error) == MBEDTLS_ERR_ECP_ALLOC_FAILED ||
           high_part(error) == MBEDTLS_ERR_PEM_ALLOC_FAILED ||
           high_part(error) == MBEDTLS_ERR_X509_ALLOC_FAILED;
}

#if defined(MBEDTLS_ECP_C)
#include <mbedtls/ecp.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
static mbedtls_ecp_group_id curve_of(const mbedtls_pk_context *pk)
{
    return mbedtls_pk_ec(*pk)->grp.id;
}
#else
static mbedtls_ecp_group_id curve_of(const mbedtls_pk_context *pk)
{
    return mbedtls_ecp_keypair_get_group_id(mbedtls_pk_ec(*pk));
}
#endif

/* RFC 7427 leaves the curve open; these are the ones of RFC 4754. */
static bool curve_known(const mbedtls_pk_context *pk)
{
    mbedtls_ecp_group_id id = curve_of(pk);
    return id == MBEDTLS_ECP_DP_SECP256R1 || id == MBEDTLS_ECP_DP_SECP384R1 ||
           id == MBEDTLS_ECP_DP_SECP521R1;
}
#else
static bool curve_known(const mbedtls_pk_context *pk)
{
    (void)pk;
    return false;
}
#endif

enum ipsec_status ipseci_mbed_pk_info(const mbedtls_pk_context *pk, struct ipsec_key_info *out)
{
    mbedtls_pk_type_t type = mbedtls_pk_get_type(pk);

    *out = (struct ipsec_key_info){0, 0};
    if (type == MBEDTLS_PK_RSA) {
        out->kind = IPSEC_KEY_RSA;
    } else if (type == MBEDTLS_PK_ECKEY && curve_known(pk)) {
        /* The other kinds of curve keys are for key agreement alone (RFC 5480 2.1.2). */
        out->kind = IPSEC_KEY_EC;
    } else {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    out->bits = (uint16_t)mbedtls_pk_get_bitlen(pk);
    return IPSEC_OK;
}

bool ipseci_mbed_pk_strong(const struct ipsec_key_info *info)
{
    return info->kind != IPSEC_KEY_RSA ||
           (info->bits >= IPSECI_MBED_RSA_BITS_MIN && info->bits <= IPSECI_MBED_RSA_BITS_MAX);
}

static enum ipsec_status read_status(int error)
{
    switch (high_part(error)) {
    case 0:
        return error == 0 ? IPSEC_OK : IPSEC_DROP_MALFORMED;
    case MBEDTLS_ERR_PK_UNKNOWN_PK_ALG:
    case MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE:
    case MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE:
        return IPSEC_ERR_NOT_BUILT_IN;
    default:
        return IPSEC_DROP_MALFORMED;
    }
}

enum ipsec_status ipseci_mbed_pk_read(struct ipsec_view public_key, mbedtls_pk_context *pk)
{
    mbedtls_pk_init(pk);
    if (public_key.length == 0) {
        return IPSEC_DROP_MALFORMED;
    }
    /* Mbed TLS moves it along, and writes nothing through it. */
    unsigned char *at = (unsigned char *)(uintptr_t)public_key.data;
    const unsigned char *end = public_key.data + public_key.length;
    int error = mbedtls_pk_parse_subpubkey(&at, end, pk);
    if (ipseci_mbed_no_memory(error)) {
        return IPSEC_ERR_MEMORY;
    }
    return error == 0 && at != end ? IPSEC_DROP_MALFORMED : read_status(error);
}

/* ---- private keys ---- */

#if MBEDTLS_VERSION_NUMBER < 0x03000000
static int parse_key(mbedtls_pk_context *pk, struct ipsec_view in, const char *password,
                     struct ipseci_mbed_rng *rng)
{
    (void)rng;
    return mbedtls_pk_parse_key(pk, in.data, in.length, (const unsigned char *)password,
                                password != NULL ? strlen(password) : 0);
}
#else
static int parse_key(mbedtls_pk_context *pk, struct ipsec_view in, const char *password,
                     struct ipseci_mbed_rng *rng)
{
    return mbedtls_pk_parse_key(pk, in.data, in.length, (const unsigned char *)password,
                                password != NULL ? strlen(password) : 0, ipseci_mbed_rng, rng);
}
#endif

struct reading {
    int error;
    enum ipsec_status status;
    const char *text;
};

/* What Mbed TLS answers, for the person who wrote the configuration. */
static const struct reading readings[] = {
    {MBEDTLS_ERR_PK_PASSWORD_REQUIRED, IPSEC_ERR_ARGUMENT,
     "the private key is encrypted and no password was given"},
    {MBEDTLS_ERR_PK_PASSWORD_MISMATCH, IPSEC_ERR_ARGUMENT,
     "the password does not open the private key"},
    {MBEDTLS_ERR_PKCS5_PASSWORD_MISMATCH, IPSEC_ERR_ARGUMENT,
     "the password does not open the private key"},
    {MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE, IPSEC_ERR_NOT_BUILT_IN,
     "the private key is of a kind, or encrypted in a way, that Mbed TLS does not have"},
    {MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE, IPSEC_ERR_NOT_BUILT_IN,
     "the private key is encrypted in a way that Mbed TLS does not have"},
    {MBEDTLS_ERR_PEM_UNKNOWN_ENC_ALG, IPSEC_ERR_NOT_BUILT_IN,
     "the private key is encrypted in a way that Mbed TLS does not have"},
    {MBEDTLS_ERR_PK_UNKNOWN_PK_ALG, IPSEC_ERR_NOT_BUILT_IN,
     "the private key is of a kind that Mbed TLS does not have"},
    {MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE, IPSEC_ERR_NOT_BUILT_IN,
     "the private key is on a curve that Mbed TLS does not have"},
};

static enum ipsec_status explain(struct ipsec_mbedtls_fault *fault, int error)
{
    if (ipseci_mbed_no_memory(error)) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_MEMORY, "no memory", error);
    }
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        if (high_part(error) == readings[i].error) {
            return ipseci_mbed_fault(fault, readings[i].status, readings[i].text, error);
        }
    }
    return ipseci_mbed_fault(fault, IPSEC_ERR_SYNTAX, "the private key can not be read", error);
}

static enum ipsec_status check_kind(const mbedtls_pk_context *pk, struct ipsec_mbedtls_fault *fault)
{
    struct ipsec_key_info info;
    if (ipseci_mbed_pk_info(pk, &info) != IPSEC_OK) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_NOT_BUILT_IN,
                                 "the private key is neither RSA nor on P-256, P-384 or P-521", 0);
    }
    if (!ipseci_mbed_pk_strong(&info)) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_FORBIDDEN,
                                 "the RSA key is shorter than 2048 bits or longer than 4096", 0);
    }
    return IPSEC_OK;
}

/* PEM goes in with the NUL that follows it, DER without. */
static enum ipsec_status read_key(struct ipsec_mbedtls *provider, struct ipsec_view in,
                                  const char *password, struct ipsec_mbedtls_fault *fault,
                                  mbedtls_pk_context *pk)
{
    struct ipseci_mbed_rng rng = {provider, false};
    const char *text = (const char *)in.data;
    bool pem = strstr(text, "-----BEGIN ") != NULL;

    if (pem && strstr(text, "PRIVATE KEY-----") == NULL) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_SYNTAX, "the PEM text holds no private key", 0);
    }
    in.length += pem ? 1 : 0;
    int error = parse_key(pk, in, password, &rng);
    return error != 0 ? explain(fault, error) : check_kind(pk, fault);
}

enum ipsec_status ipsec_mbedtls_private_key_new(struct ipsec_mbedtls *provider,
                                                struct ipsec_view octets, const char *password,
                                                struct ipsec_mbedtls_fault *fault,
                                                struct ipsec_private_key **out)
{
    if (provider == NULL || out == NULL || (octets.data == NULL && octets.length != 0)) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_ARGUMENT, "argument not allowed", 0);
    }
    *out = NULL;
    if (octets.length == 0) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_SYNTAX, "the private key is empty", 0);
    }
    struct ipsec_private_key *key = mbedtls_calloc(1, sizeof(*key));
    uint8_t *copy = mbedtls_calloc(1, octets.length + 1);
    enum ipsec_status status = IPSEC_ERR_MEMORY;
    if (key != NULL && copy != NULL) {
        memcpy(copy, octets.data, octets.length);
        mbedtls_pk_init(&key->pk);
        struct ipsec_view in = {copy, octets.length};
        status = read_key(provider, in, password, fault, &key->pk);
    } else {
        (void)ipseci_mbed_fault(fault, status, "no memory", 0);
    }
    if (copy != NULL) {
        mbedtls_platform_zeroize(copy, octets.length);
        mbedtls_free(copy);
    }
    if (status != IPSEC_OK) {
        ipsec_mbedtls_private_key_free(key);
        return status;
    }
    *out = key;
    return ipseci_mbed_fault(fault, IPSEC_OK, "ok", 0);
}

void ipsec_mbedtls_private_key_free(struct ipsec_private_key *key)
{
    if (key != NULL) {
        mbedtls_pk_free(&key->pk); /* wipes */
        mbedtls_platform_zeroize(key, sizeof(*key));
        mbedtls_free(key);
    }
}

#else

bool ipseci_mbed_no_memory(int error)
{
    return error == MBEDTLS_ERR_MPI_ALLOC_FAILED;
}

enum ipsec_status ipsec_mbedtls_private_key_new(struct ipsec_mbedtls *provider,
                                                struct ipsec_view octets, const char *password,
                                                struct ipsec_mbedtls_fault *fault,
                                                struct ipsec_private_key **out)
{
    (void)provider;
    (void)octets;
    (void)password;
    if (out != NULL) {
        *out = NULL;
    }
    return ipseci_mbed_fault(fault, IPSEC_ERR_NOT_BUILT_IN, "this Mbed TLS reads no keys", 0);
}

void ipsec_mbedtls_private_key_free(struct ipsec_private_key *key)
{
    (void)key;
}

#endif
