/* SPDX-License-Identifier: Apache-2.0
 *
 * The hashes and how their states are kept. Copies of an EVP context, of which HMAC needs two for
 * each packet, take memory in OpenSSL 3.0, and the EVP layer twice as long as hashing a small
 * packet does. So where the hash found is that of OpenSSL's default module, the same code is called
 * by its older interface, whose states are plain octets; that interface is deprecated, not gone.
 * Hashes of other modules (FIPS), or of an OpenSSL built without it, go through EVP.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ossl.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <openssl/sha.h>
#include <string.h>

/* ---- through EVP: the state is a pointer ---- */

static bool evp_start(void *state, const EVP_MD *md)
{
    EVP_MD_CTX **context = state;
    if (*context == NULL) {
        *context = EVP_MD_CTX_new();
    }
    return *context != NULL && EVP_DigestInit_ex2(*context, md, NULL) == 1;
}

static bool evp_update(void *state, const void *data, size_t length)
{
    EVP_MD_CTX **context = state;
    return EVP_DigestUpdate(*context, data, length) == 1;
}

static bool evp_finish(void *state, uint8_t *digest)
{
    EVP_MD_CTX **context = state;
    return EVP_DigestFinal_ex(*context, digest, NULL) == 1;
}

static bool evp_copy(void *to, const void *from)
{
    EVP_MD_CTX **context = to;
    EVP_MD_CTX *const *model = from;
    if (*context == NULL) {
        *context = EVP_MD_CTX_new();
    }
    return *context != NULL && EVP_MD_CTX_copy_ex(*context, *model) == 1;
}

static void evp_release(void *state)
{
    EVP_MD_CTX **context = state;
    EVP_MD_CTX_free(*context); /* wipes */
    *context = NULL;
}

static const struct ipseci_ossl_state through_evp = {evp_start, evp_update, evp_finish, evp_copy,
                                                     evp_release};

/* ---- the default module's directly ---- */

#ifndef OPENSSL_NO_DEPRECATED_3_0
#define DIRECT(name, type, call, update)                                                           \
    _Static_assert(sizeof(type) <= IPSECI_OSSL_STATE_MAX, "room of a state");                      \
    static bool name##_start(void *state, const EVP_MD *md)                                        \
    {                                                                                              \
        (void)md;                                                                                  \
        return call##_Init(state) == 1;                                                            \
    }                                                                                              \
    static bool name##_update(void *state, const void *data, size_t length)                        \
    {                                                                                              \
        return update(state, data, length) == 1;                                                   \
    }                                                                                              \
    static bool name##_finish(void *state, uint8_t *digest)                                        \
    {                                                                                              \
        return call##_Final(digest, state) == 1;                                                   \
    }                                                                                              \
    static bool name##_copy(void *to, const void *from)                                            \
    {                                                                                              \
        memcpy(to, from, sizeof(type));                                                            \
        return true;                                                                               \
    }                                                                                              \
    static void name##_release(void *state)                                                        \
    {                                                                                              \
        OPENSSL_cleanse(state, sizeof(type));                                                      \
    }                                                                                              \
    static const struct ipseci_ossl_state direct_##name = {                                        \
        name##_start, name##_update, name##_finish, name##_copy, name##_release};

DIRECT(sha1, SHA_CTX, SHA1, SHA1_Update)
DIRECT(sha256, SHA256_CTX, SHA256, SHA256_Update)
DIRECT(sha384, SHA512_CTX, SHA384, SHA384_Update)
DIRECT(sha512, SHA512_CTX, SHA512, SHA512_Update)

static const struct ipseci_ossl_state *const direct[IPSECI_OSSL_HASHES] = {
    [IPSECI_OSSL_SHA1] = &direct_sha1,
    [IPSECI_OSSL_SHA256] = &direct_sha256,
    [IPSECI_OSSL_SHA384] = &direct_sha384,
    [IPSECI_OSSL_SHA512] = &direct_sha512,
};
#else
static const struct ipseci_ossl_state *const direct[IPSECI_OSSL_HASHES] = {
    &through_evp, &through_evp, &through_evp, &through_evp};
#endif

static const char *const names[IPSECI_OSSL_HASHES] = {
    [IPSECI_OSSL_SHA1] = "SHA1",
    [IPSECI_OSSL_SHA256] = "SHA2-256",
    [IPSECI_OSSL_SHA384] = "SHA2-384",
    [IPSECI_OSSL_SHA512] = "SHA2-512",
};

static bool is_of_default_module(const EVP_MD *md)
{
    const OSSL_PROVIDER *module = EVP_MD_get0_provider(md);
    return module != NULL && strcmp(OSSL_PROVIDER_get0_name(module), "default") == 0;
}

void ipseci_ossl_hash_find(struct ipsec_openssl *provider, enum ipseci_ossl_hash_id id)
{
    struct ipseci_ossl_hash *hash = &provider->hash[id];
    EVP_MD *md = EVP_MD_fetch(provider->libctx, names[id], provider->properties);
    if (md == NULL) {
        return;
    }
    hash->md = md;
    hash->kept = is_of_default_module(md) ? direct[id] : &through_evp;
    hash->digest_octets = (uint8_t)EVP_MD_get_size(md);
    hash->block_octets = (uint8_t)EVP_MD_get_block_size(md);
}
