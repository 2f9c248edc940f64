/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures through EVP: RSA (PKCS#1 v1.5 and PSS), ECDSA and Ed25519, made and checked. RFC 7296
 * 2.15, 3.8; RFC 7427; RFC 8420. Its private keys are made in ossl_private.c.
 */
#include "ossl_signer.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define ED25519_OCTETS 64

struct method {
    uint8_t kind; /* enum ipsec_key_kind */
    bool pss;
    enum ipseci_ossl_hash_id hash; /* IPSECI_OSSL_HASHES: none of its own */
};

static const struct method methods[IPSEC_SIGNATURES] = {
    [IPSEC_SIGNATURE_RSA_SHA1] = {IPSEC_KEY_RSA, false, IPSECI_OSSL_SHA1},
    [IPSEC_SIGNATURE_RSA_SHA2_256] = {IPSEC_KEY_RSA, false, IPSECI_OSSL_SHA256},
    [IPSEC_SIGNATURE_RSA_SHA2_384] = {IPSEC_KEY_RSA, false, IPSECI_OSSL_SHA384},
    [IPSEC_SIGNATURE_RSA_SHA2_512] = {IPSEC_KEY_RSA, false, IPSECI_OSSL_SHA512},
    [IPSEC_SIGNATURE_PSS_SHA2_256] = {IPSEC_KEY_RSA, true, IPSECI_OSSL_SHA256},
    [IPSEC_SIGNATURE_PSS_SHA2_384] = {IPSEC_KEY_RSA, true, IPSECI_OSSL_SHA384},
    [IPSEC_SIGNATURE_PSS_SHA2_512] = {IPSEC_KEY_RSA, true, IPSECI_OSSL_SHA512},
    [IPSEC_SIGNATURE_ECDSA_SHA2_256] = {IPSEC_KEY_EC, false, IPSECI_OSSL_SHA256},
    [IPSEC_SIGNATURE_ECDSA_SHA2_384] = {IPSEC_KEY_EC, false, IPSECI_OSSL_SHA384},
    [IPSEC_SIGNATURE_ECDSA_SHA2_512] = {IPSEC_KEY_EC, false, IPSECI_OSSL_SHA512},
    [IPSEC_SIGNATURE_ED25519] = {IPSEC_KEY_ED25519, false, IPSECI_OSSL_HASHES},
};

/* OpenSSL's names of the algorithms, by kind of key. */
static const char *const algorithms[] = {
    [IPSEC_KEY_RSA] = "RSA", [IPSEC_KEY_EC] = "ECDSA", [IPSEC_KEY_ED25519] = "ED25519"};

/* ---- what there is ------------------------------------------------------------------------------
 */

static bool is_there(const struct ipsec_openssl *provider, const struct method *method)
{
    if (method->hash != IPSECI_OSSL_HASHES && provider->hash[method->hash].md == NULL) {
        return false;
    }
    EVP_SIGNATURE *found =
        EVP_SIGNATURE_fetch(provider->libctx, algorithms[method->kind], provider->properties);
    EVP_SIGNATURE_free(found);
    return found != NULL;
}

void ipseci_ossl_signer_find(struct ipsec_openssl *provider)
{
    for (size_t i = 0; i < IPSEC_SIGNATURES; i++) {
        provider->signatures |= is_there(provider, &methods[i]) ? 1u << i : 0;
    }
}

static bool on_supports(void *context, enum ipsec_signature how)
{
    const struct ipsec_openssl *provider = context;
    return (unsigned int)how < IPSEC_SIGNATURES && (provider->signatures & 1u << how) != 0;
}

/* ---- keys ---------------------------------------------------------------------------------------
 */

/* A curve by its name, not by numbers that may be another's (CVE-2020-0601's kin). */
static bool is_known_curve(EVP_PKEY *key)
{
    char name[32];
    int is_explicit = 0;
    if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) != 1 ||
        (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                &is_explicit) == 1 &&
         is_explicit != 0)) {
        return false;
    }
    return strcmp(name, "prime256v1") == 0 || strcmp(name, "secp384r1") == 0 ||
           strcmp(name, "secp521r1") == 0;
}

enum ipsec_status ipseci_ossl_key_kind(EVP_PKEY *key, struct ipsec_key_info *out)
{
    const int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA")) {
        *out = (struct ipsec_key_info){IPSEC_KEY_RSA, (uint16_t)bits};
        return bits >= IPSECI_OSSL_RSA_BITS_MIN && bits <= IPSECI_OSSL_RSA_BITS_MAX
                   ? IPSEC_OK
                   : IPSEC_ERR_FORBIDDEN;
    }
    if (EVP_PKEY_is_a(key, "EC") && is_known_curve(key)) {
        *out = (struct ipsec_key_info){IPSEC_KEY_EC, (uint16_t)bits};
        return IPSEC_OK;
    }
    if (EVP_PKEY_is_a(key, "ED25519")) {
        *out = (struct ipsec_key_info){IPSEC_KEY_ED25519, 256};
        return IPSEC_OK;
    }
    return IPSEC_ERR_NOT_BUILT_IN;
}

/* The key of a SubjectPublicKeyInfo; *key is NULL on failure. */
static enum ipsec_status read_public(const struct ipsec_openssl *provider, struct ipsec_view octets,
                                     EVP_PKEY **key, struct ipsec_key_info *info)
{
    const uint8_t *at = octets.data;
    *key = NULL;
    if (octets.length == 0 || octets.length > IPSEC_PUBLIC_KEY_BYTES_MAX) {
        return IPSEC_DROP_MALFORMED;
    }
    *key = d2i_PUBKEY_ex(NULL, &at, (long)octets.length, provider->libctx, provider->properties);
    enum ipsec_status status = IPSEC_DROP_MALFORMED;
    if (*key != NULL && at == octets.data + octets.length) {
        status = ipseci_ossl_key_kind(*key, info);
        status = status == IPSEC_ERR_FORBIDDEN ? IPSEC_DROP_MALFORMED : status;
    }
    if (status != IPSEC_OK) {
        EVP_PKEY_free(*key);
        *key = NULL;
    }
    return status;
}

static enum ipsec_status on_public_info(void *context, struct ipsec_view public_key,
                                        struct ipsec_key_info *out)
{
    EVP_PKEY *key = NULL;
    ERR_set_mark();
    const enum ipsec_status status = read_public(context, public_key, &key, out);
    EVP_PKEY_free(key);
    ERR_pop_to_mark();
    return status;
}

static enum ipsec_status on_key_info(void *context, const struct ipsec_private_key *key,
                                     struct ipsec_key_info *out)
{
    (void)context;
    *out = key->info;
    return IPSEC_OK;
}

/* ---- what both ways share -----------------------------------------------------------------------
 */

/* RFC 7427 A.4: MGF1 and the salt's length by the same hash; both are OpenSSL's defaults but for
 * the length. */
static bool set_padding(const struct method *method, EVP_PKEY_CTX *c)
{
    return !method->pss || (EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 &&
                            EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static const char *hash_name(const struct ipsec_openssl *provider, const struct method *method)
{
    return method->hash != IPSECI_OSSL_HASHES ? EVP_MD_get0_name(provider->hash[method->hash].md)
                                              : NULL;
}

/* Ed25519 goes over its message twice (RFC 8032 5.1.6), so it takes it in one piece. */
static uint8_t *join(const struct ipsec_view parts[], size_t count, size_t *length)
{
    size_t at = 0;
    *length = 0;
    for (size_t i = 0; i < count; i++) {
        *length += parts[i].length;
    }
    uint8_t *all = OPENSSL_malloc(*length + 1);
    for (size_t i = 0; i < count && all != NULL; i++) {
        if (parts[i].length != 0) {
            memcpy(all + at, parts[i].data, parts[i].length);
            at += parts[i].length;
        }
    }
    return all;
}

/* ---- checking -----------------------------------------------------------------------------------
 */

/* The one form there is: DER without anything behind it (RFC 3279 2.2.3). */
static bool is_ecdsa_der(struct ipsec_view signature)
{
    const uint8_t *at = signature.data;
    uint8_t *again = NULL;
    if (signature.length == 0 || signature.length > IPSEC_SIGNATURE_BYTES_MAX) {
        return false;
    }
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &at, (long)signature.length);
    const int length = parsed != NULL ? i2d_ECDSA_SIG(parsed, &again) : -1;
    const bool good = length > 0 && (size_t)length == signature.length &&
                      memcmp(again, signature.data, signature.length) == 0;
    OPENSSL_free(again);
    ECDSA_SIG_free(parsed);
    return good;
}

static bool has_form(const struct ipsec_key_info *info, struct ipsec_view signature)
{
    switch ((enum ipsec_key_kind)info->kind) {
    case IPSEC_KEY_RSA:
        return signature.length == (info->bits + 7u) / 8u;
    case IPSEC_KEY_EC:
        return is_ecdsa_der(signature);
    case IPSEC_KEY_ED25519:
        return signature.length == ED25519_OCTETS;
    }
    return false;
}

static bool check_whole(EVP_MD_CTX *c, const struct ipsec_signature_check *check)
{
    size_t length = 0;
    uint8_t *all = join(check->parts, check->part_count, &length);
    const bool good = all != NULL && EVP_DigestVerify(c, check->signature.data,
                                                      check->signature.length, all, length) == 1;
    OPENSSL_free(all);
    return good;
}

static bool check_parts(EVP_MD_CTX *c, const struct ipsec_signature_check *check)
{
    for (size_t i = 0; i < check->part_count; i++) {
        if (check->parts[i].length != 0 &&
            EVP_DigestVerifyUpdate(c, check->parts[i].data, check->parts[i].length) != 1) {
            return false;
        }
    }
    return EVP_DigestVerifyFinal(c, check->signature.data, check->signature.length) == 1;
}

static enum ipsec_status check_with(const struct ipsec_openssl *provider,
                                    const struct method *method, EVP_PKEY *key,
                                    const struct ipsec_signature_check *check)
{
    EVP_PKEY_CTX *p = NULL;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    enum ipsec_status status = IPSEC_DROP_ICV;
    if (EVP_DigestVerifyInit_ex(c, &p, hash_name(provider, method), provider->libctx,
                                provider->properties, key, NULL) == 1 &&
        set_padding(method, p) &&
        (method->kind == IPSEC_KEY_ED25519 ? check_whole(c, check) : check_parts(c, check))) {
        status = IPSEC_OK;
    }
    EVP_MD_CTX_free(c);
    return status;
}

static enum ipsec_status on_verify(void *context, struct ipsec_view public_key,
                                   const struct ipsec_signature_check *check)
{
    EVP_PKEY *key = NULL;
    struct ipsec_key_info info;
    if (!on_supports(context, check->how)) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    const struct method *method = &methods[check->how];
    ERR_set_mark();
    enum ipsec_status status = read_public(context, public_key, &key, &info);
    if (status == IPSEC_OK) {
        status = info.kind == method->kind && has_form(&info, check->signature)
                     ? check_with(context, method, key, check)
                     : IPSEC_DROP_MALFORMED;
    }
    EVP_PKEY_free(key);
    ERR_pop_to_mark();
    return status;
}

/* ---- signing ------------------------------------------------------------------------------------
 */

struct signing {
    const struct ipsec_view *parts;
    size_t part_count;
    uint8_t *out;
    size_t *length;
};

static bool sign_whole(EVP_MD_CTX *c, const struct signing *s)
{
    size_t length = 0;
    uint8_t *all = join(s->parts, s->part_count, &length);
    const bool good = all != NULL && EVP_DigestSign(c, s->out, s->length, all, length) == 1;
    OPENSSL_free(all);
    return good;
}

static bool sign_parts(EVP_MD_CTX *c, const struct signing *s)
{
    for (size_t i = 0; i < s->part_count; i++) {
        if (s->parts[i].length != 0 &&
            EVP_DigestSignUpdate(c, s->parts[i].data, s->parts[i].length) != 1) {
            return false;
        }
    }
    return EVP_DigestSignFinal(c, s->out, s->length) == 1;
}

static enum ipsec_status on_sign(void *context, struct ipsec_private_key *key,
                                 enum ipsec_signature how, const struct ipsec_view parts[],
                                 size_t part_count, uint8_t *out, size_t *length)
{
    const struct ipsec_openssl *provider = context;
    const struct signing s = {parts, part_count, out, length};
    EVP_PKEY_CTX *p = NULL;
    if (!on_supports(context, how)) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    const struct method *method = &methods[how];
    if (method->kind != key->info.kind) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (*length < (size_t)EVP_PKEY_get_size(key->key)) {
        return IPSEC_ERR_BUFFER;
    }
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    ERR_set_mark();
    const bool good = EVP_DigestSignInit_ex(c, &p, hash_name(provider, method), provider->libctx,
                                            provider->properties, key->key, NULL) == 1 &&
                      set_padding(method, p) &&
                      (method->kind == IPSEC_KEY_ED25519 ? sign_whole(c, &s) : sign_parts(c, &s));
    ERR_pop_to_mark();
    EVP_MD_CTX_free(c);
    return good ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

const struct ipsec_signer *ipsec_openssl_signer(struct ipsec_openssl *provider)
{
    provider->signer = (struct ipsec_signer){.size = sizeof(provider->signer),
                                             .name = "openssl",
                                             .context = provider,
                                             .supports = on_supports,
                                             .key_info = on_key_info,
                                             .public_info = on_public_info,
                                             .sign = on_sign,
                                             .verify = on_verify};
    return &provider->signer;
}
