/* SPDX-License-Identifier: Apache-2.0
 *
 * The signer: RSA PKCS#1 v1.5 and PSS (RFC 8017), ECDSA on P-256, P-384 and P-521 (FIPS 186-4).
 * Ed25519 is not in Mbed TLS.
 */
#include "mbed_auth.h"

#include <string.h>

#if IPSECI_MBED_PK
#include <mbedtls/md.h>
#include <mbedtls/rsa.h>

/* The same hash as the provider and as Mbed TLS count. */
struct hash {
    uint8_t id; /* enum ipseci_mbed_hash_id */
    uint8_t md;
};

struct digest {
    mbedtls_md_type_t md;
    uint8_t length;
    uint8_t octets[IPSECI_MBED_DIGEST_MAX];
};

/* 0, or an Mbed TLS error. */
static int digest_make(struct hash which, const struct ipsec_view parts[], size_t part_count,
                       struct digest *out)
{
    const struct ipseci_mbed_hash *hash = ipseci_mbed_hash((enum ipseci_mbed_hash_id)which.id);
    uint64_t state[IPSECI_MBED_STATE_MAX / 8];

    out->md = (mbedtls_md_type_t)which.md;
    out->length = hash->digest_octets;
    hash->init(state);
    int error = hash->starts(state);
    for (size_t i = 0; i < part_count && error == 0; i++) {
        if (parts[i].length != 0) {
            error = hash->update(state, parts[i].data, parts[i].length);
        }
    }
    if (error == 0) {
        error = hash->finish(state, out->octets);
    }
    hash->free(state);
    mbedtls_platform_zeroize(state, sizeof(state));
    return error;
}

/* ---- one scheme after the other: 0, or an Mbed TLS error ---- */

struct scheme {
    uint8_t kind; /* enum ipsec_key_kind */
    int (*verify)(mbedtls_pk_context *pk, const struct digest *digest, struct ipsec_view signature);
    /* Room for IPSEC_SIGNATURE_BYTES_MAX; gives the length, too. */
    int (*sign)(mbedtls_pk_context *pk, const struct digest *digest, struct ipseci_mbed_rng *rng,
                uint8_t *signature, size_t *length);
};

#if IPSECI_MBED_PSS
#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define PSS_VERIFY(rsa, ...)                                                                       \
    mbedtls_rsa_rsassa_pss_verify_ext(rsa, NULL, NULL, MBEDTLS_RSA_PUBLIC, __VA_ARGS__)
#define PSS_PADDING(rsa, md) (mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V21, (int)(md)), 0)
#else
#define PSS_VERIFY(rsa, ...) mbedtls_rsa_rsassa_pss_verify_ext(rsa, __VA_ARGS__)
#define PSS_PADDING(rsa, md) mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V21, md)
#endif

/* RFC 7427 A.4: one hash for message and mask, and a salt as long as it; nothing else is taken. */
static int pss_verify(mbedtls_pk_context *pk, const struct digest *digest,
                      struct ipsec_view signature)
{
    return PSS_VERIFY(mbedtls_pk_rsa(*pk), digest->md, digest->length, digest->octets, digest->md,
                      digest->length, signature.data);
}

static int pss_sign(mbedtls_pk_context *pk, const struct digest *digest,
                    struct ipseci_mbed_rng *rng, uint8_t *signature, size_t *length)
{
    mbedtls_rsa_context *rsa = mbedtls_pk_rsa(*pk);
    int error = PSS_PADDING(rsa, digest->md);
    if (error == 0) {
        error =
            mbedtls_rsa_rsassa_pss_sign_ext(rsa, ipseci_mbed_rng, rng, digest->md, digest->length,
                                            digest->octets, digest->length, signature);
    }
    *length = mbedtls_pk_get_len(pk);
    return error;
}

static const struct scheme pss = {IPSEC_KEY_RSA, pss_verify, pss_sign};
#define SCHEME_PSS &pss
#else
#define SCHEME_PSS NULL
#endif

#if IPSECI_MBED_RSA
#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define V15_VERIFY(rsa, ...)                                                                       \
    mbedtls_rsa_rsassa_pkcs1_v15_verify(rsa, NULL, NULL, MBEDTLS_RSA_PUBLIC, __VA_ARGS__)
#define V15_SIGN(rsa, rng, ...)                                                                    \
    mbedtls_rsa_rsassa_pkcs1_v15_sign(rsa, ipseci_mbed_rng, rng, MBEDTLS_RSA_PRIVATE, __VA_ARGS__)
#define V15_PADDING(rsa) (mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V15, 0), 0)
#else
#define V15_VERIFY(rsa, ...) mbedtls_rsa_rsassa_pkcs1_v15_verify(rsa, __VA_ARGS__)
#define V15_SIGN(rsa, rng, ...)                                                                    \
    mbedtls_rsa_rsassa_pkcs1_v15_sign(rsa, ipseci_mbed_rng, rng, __VA_ARGS__)
#define V15_PADDING(rsa) mbedtls_rsa_set_padding(rsa, MBEDTLS_RSA_PKCS_V15, MBEDTLS_MD_NONE)
#endif

/* RFC 8017 8.2.2, AUTH-11: Mbed TLS builds the block that is expected and compares the whole. */
static int rsa_verify(mbedtls_pk_context *pk, const struct digest *digest,
                      struct ipsec_view signature)
{
    return V15_VERIFY(mbedtls_pk_rsa(*pk), digest->md, digest->length, digest->octets,
                      signature.data);
}

static int rsa_sign(mbedtls_pk_context *pk, const struct digest *digest,
                    struct ipseci_mbed_rng *rng, uint8_t *signature, size_t *length)
{
    mbedtls_rsa_context *rsa = mbedtls_pk_rsa(*pk);
    int error = V15_PADDING(rsa);
    if (error == 0) {
        error = V15_SIGN(rsa, rng, digest->md, digest->length, digest->octets, signature);
    }
    *length = mbedtls_pk_get_len(pk);
    return error;
}

static const struct scheme rsa_v15 = {IPSEC_KEY_RSA, rsa_verify, rsa_sign};
#define SCHEME_RSA &rsa_v15
#else
#define SCHEME_RSA NULL
#endif

#if IPSECI_MBED_ECDSA
#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define PK_SIGN(pk, digest, out, length, rng)                                                      \
    mbedtls_pk_sign(pk, (digest)->md, (digest)->octets, (digest)->length, out, length,             \
                    ipseci_mbed_rng, rng)
#else
#define PK_SIGN(pk, digest, out, length, rng)                                                      \
    mbedtls_pk_sign(pk, (digest)->md, (digest)->octets, (digest)->length, out,                     \
                    IPSEC_SIGNATURE_BYTES_MAX, length, ipseci_mbed_rng, rng)
#endif

static int ecdsa_verify(mbedtls_pk_context *pk, const struct digest *digest,
                        struct ipsec_view signature)
{
    return mbedtls_pk_verify(pk, digest->md, digest->octets, digest->length, signature.data,
                             signature.length);
}

static int ecdsa_sign(mbedtls_pk_context *pk, const struct digest *digest,
                      struct ipseci_mbed_rng *rng, uint8_t *signature, size_t *length)
{
    return PK_SIGN(pk, digest, signature, length, rng);
}

static const struct scheme ecdsa = {IPSEC_KEY_EC, ecdsa_verify, ecdsa_sign};
#define SCHEME_ECDSA &ecdsa
#else
#define SCHEME_ECDSA NULL
#endif

/* ---- which there are ---- */

struct row {
    const struct scheme *scheme; /* NULL: not built in */
    struct hash hash;
};

#define SHA(bits)                                                                                  \
    {                                                                                              \
        IPSECI_MBED_HASH_SHA##bits, MBEDTLS_MD_SHA##bits                                           \
    }

static const struct row rows[IPSEC_SIGNATURES] = {
    [IPSEC_SIGNATURE_RSA_SHA1] = {SCHEME_RSA, SHA(1)},
    [IPSEC_SIGNATURE_RSA_SHA2_256] = {SCHEME_RSA, SHA(256)},
    [IPSEC_SIGNATURE_RSA_SHA2_384] = {SCHEME_RSA, SHA(384)},
    [IPSEC_SIGNATURE_RSA_SHA2_512] = {SCHEME_RSA, SHA(512)},
    [IPSEC_SIGNATURE_PSS_SHA2_256] = {SCHEME_PSS, SHA(256)},
    [IPSEC_SIGNATURE_PSS_SHA2_384] = {SCHEME_PSS, SHA(384)},
    [IPSEC_SIGNATURE_PSS_SHA2_512] = {SCHEME_PSS, SHA(512)},
    [IPSEC_SIGNATURE_ECDSA_SHA2_256] = {SCHEME_ECDSA, SHA(256)},
    [IPSEC_SIGNATURE_ECDSA_SHA2_384] = {SCHEME_ECDSA, SHA(384)},
    [IPSEC_SIGNATURE_ECDSA_SHA2_512] = {SCHEME_ECDSA, SHA(512)},
};

/* NULL: not built in, or no such signature. */
static const struct row *row_find(enum ipsec_signature how)
{
    if ((size_t)how >= IPSEC_SIGNATURES || rows[how].scheme == NULL) {
        return NULL;
    }
    return ipseci_mbed_hash((enum ipseci_mbed_hash_id)rows[how].hash.id) != NULL ? &rows[how]
                                                                                 : NULL;
}

static bool signer_supports(void *context, enum ipsec_signature how)
{
    (void)context;
    return row_find(how) != NULL;
}

static enum ipsec_status signer_key_info(void *context, const struct ipsec_private_key *key,
                                         struct ipsec_key_info *out)
{
    (void)context;
    return ipseci_mbed_pk_info(&key->pk, out);
}

static enum ipsec_status signer_public_info(void *context, struct ipsec_view public_key,
                                            struct ipsec_key_info *out)
{
    mbedtls_pk_context pk;
    (void)context;
    *out = (struct ipsec_key_info){0, 0};
    enum ipsec_status status = ipseci_mbed_pk_read(public_key, &pk);
    if (status == IPSEC_OK) {
        status = ipseci_mbed_pk_info(&pk, out);
    }
    mbedtls_pk_free(&pk);
    return status;
}

/* A key of that scheme, and of a size that protects. */
static bool key_fits(const struct row *row, const mbedtls_pk_context *pk)
{
    struct ipsec_key_info info;
    return ipseci_mbed_pk_info(pk, &info) == IPSEC_OK && ipseci_mbed_pk_strong(&info) &&
           info.kind == row->scheme->kind;
}

/* ---- verify ---- */

/* A positive INTEGER in its shortest form at *at; moves on. */
static bool der_integer(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *p = *at;
    if (end - p < 3 || p[0] != 0x02 || p[1] == 0 || p[1] >= 0x80 || p[1] > end - p - 2) {
        return false;
    }
    bool padded = p[2] == 0;
    if ((p[2] & 0x80) != 0 || (padded && (p[1] == 1 || (p[3] & 0x80) == 0))) {
        return false; /* negative, zero, or longer than need be */
    }
    *at = p + 2 + p[1];
    return true;
}

/* Mbed TLS reads more than DER, and negative numbers as positive ones; a signature has one form. */
static bool ecdsa_is_der(struct ipsec_view signature)
{
    const uint8_t *p = signature.data;
    size_t head = 2;
    size_t length = signature.length >= 8 ? p[1] : 0;
    if (length == 0x81 && p[2] >= 0x80) {
        head = 3; /* P-521 */
        length = p[2];
    } else if (length >= 0x80) {
        return false;
    }
    if (length == 0 || p[0] != 0x30 || length != signature.length - head) {
        return false;
    }
    const uint8_t *at = p + head;
    const uint8_t *end = p + signature.length;
    return der_integer(&at, end) && der_integer(&at, end) && at == end;
}

static bool signature_has_form(const struct row *row, const mbedtls_pk_context *pk,
                               struct ipsec_view signature)
{
    if (row->scheme->kind == IPSEC_KEY_EC) {
        return ecdsa_is_der(signature);
    }
    return signature.length == mbedtls_pk_get_len(pk);
}

static enum ipsec_status check_with(mbedtls_pk_context *pk, const struct row *row,
                                    const struct ipsec_signature_check *check)
{
    struct digest digest;
    if (!key_fits(row, pk) || !signature_has_form(row, pk, check->signature)) {
        return IPSEC_DROP_MALFORMED;
    }
    if (digest_make(row->hash, check->parts, check->part_count, &digest) != 0) {
        return IPSEC_FATAL_CRYPTO;
    }
    int error = row->scheme->verify(pk, &digest, check->signature);
    if (ipseci_mbed_no_memory(error)) {
        return IPSEC_ERR_MEMORY;
    }
    return error == 0 ? IPSEC_OK : IPSEC_DROP_ICV;
}

enum ipsec_status ipseci_mbed_verify(void *context, struct ipsec_view public_key,
                                     const struct ipsec_signature_check *check)
{
    const struct row *row = row_find(check->how);
    mbedtls_pk_context pk;

    (void)context;
    if (row == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    enum ipsec_status status = ipseci_mbed_pk_read(public_key, &pk);
    if (status == IPSEC_OK) {
        status = check_with(&pk, row, check);
    }
    mbedtls_pk_free(&pk);
    return status;
}

/* ---- sign ---- */

static enum ipsec_status sign_status(int error, const struct ipseci_mbed_rng *rng)
{
    if (error == 0) {
        return IPSEC_OK;
    }
    if (rng->failed) {
        return IPSEC_ERR_RANDOM;
    }
    return ipseci_mbed_no_memory(error) ? IPSEC_ERR_MEMORY : IPSEC_FATAL_CRYPTO;
}

/* Private operations are blinded by Mbed TLS with the provider's generator. */
static enum ipsec_status signer_sign(void *context, struct ipsec_private_key *key,
                                     enum ipsec_signature how, const struct ipsec_view parts[],
                                     size_t part_count, uint8_t *out, size_t *length)
{
    const struct row *row = row_find(how);
    struct ipseci_mbed_rng rng = {context, false};
    uint8_t signature[IPSEC_SIGNATURE_BYTES_MAX]; /* Mbed TLS 2.28 does not ask for the room */
    size_t made = 0;
    struct digest digest;

    if (row == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    if (!key_fits(row, &key->pk)) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (digest_make(row->hash, parts, part_count, &digest) != 0) {
        return IPSEC_FATAL_CRYPTO;
    }
    enum ipsec_status status =
        sign_status(row->scheme->sign(&key->pk, &digest, &rng, signature, &made), &rng);
    if (status == IPSEC_OK && made > *length) {
        status = IPSEC_ERR_BUFFER;
    }
    if (status == IPSEC_OK) {
        memcpy(out, signature, made);
        *length = made;
    }
    mbedtls_platform_zeroize(&digest, sizeof(digest));
    return status;
}

static const struct ipsec_signer table = {
    .size = sizeof(struct ipsec_signer),
    .name = "mbedtls",
    .supports = signer_supports,
    .key_info = signer_key_info,
    .public_info = signer_public_info,
    .sign = signer_sign,
    .verify = ipseci_mbed_verify,
};

const struct ipsec_signer *ipsec_mbedtls_signer(struct ipsec_mbedtls *provider)
{
    struct ipsec_signer *slot = ipseci_mbed_signer_slot(provider);
    if (slot->size == 0) {
        *slot = table;
        slot->context = provider;
    }
    return slot;
}

#else

const struct ipsec_signer *ipsec_mbedtls_signer(struct ipsec_mbedtls *provider)
{
    (void)provider;
    return NULL;
}

#endif
