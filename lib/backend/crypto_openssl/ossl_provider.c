/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenSSL provider itself: its table, its context, random octets.
 */
#include "ossl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

static const char *const cipher_names[IPSECI_OSSL_CIPHERS] = {
    [IPSECI_OSSL_CBC_128] = "AES-128-CBC",
    [IPSECI_OSSL_CBC_192] = "AES-192-CBC",
    [IPSECI_OSSL_CBC_256] = "AES-256-CBC",
    [IPSECI_OSSL_CTR_128] = "AES-128-CTR",
    [IPSECI_OSSL_CTR_192] = "AES-192-CTR",
    [IPSECI_OSSL_CTR_256] = "AES-256-CTR",
    [IPSECI_OSSL_GCM_128] = "AES-128-GCM",
    [IPSECI_OSSL_GCM_192] = "AES-192-GCM",
    [IPSECI_OSSL_GCM_256] = "AES-256-GCM",
    [IPSECI_OSSL_CCM_128] = "AES-128-CCM",
    [IPSECI_OSSL_CCM_192] = "AES-192-CCM",
    [IPSECI_OSSL_CCM_256] = "AES-256-CCM",
    [IPSECI_OSSL_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};

static bool draw(const struct ipsec_openssl *provider, uint8_t *out, size_t length)
{
    ERR_set_mark();
    const bool good = RAND_bytes_ex(provider->libctx, out, length, 0) == 1;
    ERR_pop_to_mark();
    return good;
}

/* IVs of AES-CBC are what comes in small pieces and often. What was given out is wiped. */
static enum ipsec_status provider_random(void *context, uint8_t *out, size_t length)
{
    struct ipsec_openssl *provider = context;
    if (length > IPSECI_OSSL_STASH / 4) {
        return draw(provider, out, length) ? IPSEC_OK : IPSEC_ERR_RANDOM;
    }
    if (length > provider->stash_left) {
        provider->stash_left = 0;
        if (!draw(provider, provider->stash, IPSECI_OSSL_STASH)) {
            return IPSEC_ERR_RANDOM;
        }
        provider->stash_left = IPSECI_OSSL_STASH;
    }
    if (length != 0) {
        uint8_t *from = provider->stash + IPSECI_OSSL_STASH - provider->stash_left;
        memcpy(out, from, length);
        OPENSSL_cleanse(from, length);
        provider->stash_left -= length;
    }
    return IPSEC_OK;
}

static const struct ipsec_crypto table = {
    .size = sizeof(struct ipsec_crypto),
    .name = "openssl",
    .supports = ipseci_ossl_supports,
    .random = provider_random,
    .key_new = ipseci_ossl_key_new,
    .key_free = ipseci_ossl_key_free,
    .combines = ipseci_ossl_combines,
    .run = ipseci_ossl_run,
    .prf = ipseci_ossl_prf,
    .ke_start = ipseci_ossl_ke_start,
    .ke_respond = ipseci_ossl_ke_respond,
    .ke_finish = ipseci_ossl_ke_finish,
    .ke_free = ipseci_ossl_ke_free,
};

/* Completes an older caller's config with zeros; refuses a newer one that says something unknown.
 */
static enum ipsec_status read_config(struct ipsec_openssl_config *to,
                                     const struct ipsec_openssl_config *from)
{
    *to = (struct ipsec_openssl_config)IPSEC_OPENSSL_CONFIG_INIT;
    if (from == NULL) {
        return IPSEC_OK;
    }
    if (from->size < sizeof(from->size)) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    for (size_t i = sizeof(*to); i < from->size; i++) {
        if (((const uint8_t *)from)[i] != 0) {
            return IPSEC_ERR_STRUCT_SIZE;
        }
    }
    memcpy(to, from, from->size < sizeof(*to) ? from->size : sizeof(*to));
    return IPSEC_OK;
}

static void find_algorithms(struct ipsec_openssl *p)
{
    for (size_t i = 0; i < IPSECI_OSSL_CIPHERS; i++) {
        p->cipher[i] = EVP_CIPHER_fetch(p->libctx, cipher_names[i], p->properties);
    }
    for (size_t i = 0; i < IPSECI_OSSL_HASHES; i++) {
        ipseci_ossl_hash_find(p, (enum ipseci_ossl_hash_id)i);
    }
    ipseci_ossl_signer_find(p);
    for (size_t i = 0; i < IPSECI_OSSL_GROUPS; i++) {
        const struct ipseci_ossl_group *group = ipseci_ossl_group_at(i);
        p->group[i] = group != NULL ? ipseci_ossl_group_key(p, group) : NULL;
    }
}

static enum ipsec_status fill(struct ipsec_openssl *p, const struct ipsec_openssl_config *config)
{
    uint8_t trial[1];
    p->libctx = config->libctx;
    if (config->properties != NULL) {
        p->properties = OPENSSL_strdup(config->properties);
        if (p->properties == NULL) {
            return IPSEC_ERR_MEMORY;
        }
    }
    find_algorithms(p);
    p->table = table;
    p->table.context = p;
    if (p->hash[IPSECI_OSSL_SHA1].md != NULL) {
        p->table.sha1 = ipseci_ossl_sha1;
    }
    return provider_random(p, trial, sizeof(trial));
}

enum ipsec_status ipsec_openssl_new(const struct ipsec_openssl_config *config,
                                    struct ipsec_openssl **out)
{
    struct ipsec_openssl_config c;
    if (out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *out = NULL;
    enum ipsec_status status = read_config(&c, config);
    if (status != IPSEC_OK) {
        return status;
    }
    ERR_set_mark();
    struct ipsec_openssl *provider = OPENSSL_zalloc(sizeof(*provider));
    status = provider != NULL ? fill(provider, &c) : IPSEC_ERR_MEMORY;
    ERR_pop_to_mark(); /* of what is not there, too */
    if (status != IPSEC_OK) {
        ipsec_openssl_free(provider);
        return status;
    }
    *out = provider;
    return IPSEC_OK;
}

const struct ipsec_crypto *ipsec_openssl_crypto(const struct ipsec_openssl *provider)
{
    return &provider->table;
}

void ipsec_openssl_free(struct ipsec_openssl *provider)
{
    if (provider == NULL) {
        return;
    }
    for (size_t i = 0; i < IPSECI_OSSL_CIPHERS; i++) {
        EVP_CIPHER_free(provider->cipher[i]);
    }
    for (size_t i = 0; i < IPSECI_OSSL_HASHES; i++) {
        EVP_MD_free(provider->hash[i].md);
    }
    for (size_t i = 0; i < IPSECI_OSSL_GROUPS; i++) {
        EVP_PKEY_free(provider->group[i]);
    }
    OPENSSL_free(provider->properties);
    OPENSSL_clear_free(provider, sizeof(*provider));
}
