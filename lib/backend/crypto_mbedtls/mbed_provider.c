/* SPDX-License-Identifier: Apache-2.0
 *
 * The Mbed TLS provider itself: its table, its context, its random generator.
 */
#include "mbed_auth.h"

#include <string.h>

#if defined(MBEDTLS_CTR_DRBG_C)
#include <mbedtls/ctr_drbg.h>
#endif
#if defined(MBEDTLS_ENTROPY_C)
#include <mbedtls/entropy.h>
#endif

struct ipsec_mbedtls {
    struct ipsec_crypto table;
    struct ipsec_signer signer;    /* filled when first asked for, so that it is linked only then */
    ipsec_mbedtls_entropy entropy; /* the caller's; NULL: Mbed TLS's */
    void *entropy_user;
#if defined(MBEDTLS_ENTROPY_C)
    mbedtls_entropy_context sources;
#endif
#if defined(MBEDTLS_CTR_DRBG_C)
    mbedtls_ctr_drbg_context generator;
#endif
};

#if defined(MBEDTLS_ENTROPY_C)
static void sources_init(struct ipsec_mbedtls *provider)
{
    mbedtls_entropy_init(&provider->sources);
}

static void sources_free(struct ipsec_mbedtls *provider)
{
    mbedtls_entropy_free(&provider->sources);
}

static bool sources_read(struct ipsec_mbedtls *provider, unsigned char *out, size_t length)
{
    return mbedtls_entropy_func(&provider->sources, out, length) == 0;
}
#else
static void sources_init(struct ipsec_mbedtls *provider)
{
    (void)provider;
}

static void sources_free(struct ipsec_mbedtls *provider)
{
    (void)provider;
}

static bool sources_read(struct ipsec_mbedtls *provider, unsigned char *out, size_t length)
{
    (void)provider;
    (void)out;
    (void)length;
    return false;
}
#endif

static bool seed_octets(struct ipsec_mbedtls *provider, unsigned char *out, size_t length)
{
    return provider->entropy != NULL ? provider->entropy(provider->entropy_user, out, length)
                                     : sources_read(provider, out, length);
}

#if defined(MBEDTLS_CTR_DRBG_C)
static int seed_for_generator(void *context, unsigned char *out, size_t length)
{
    return seed_octets(context, out, length) ? 0 : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}

static bool generator_init(struct ipsec_mbedtls *provider)
{
    static const unsigned char personal[] = "ipsec-core";
    mbedtls_ctr_drbg_init(&provider->generator);
    return mbedtls_ctr_drbg_seed(&provider->generator, seed_for_generator, provider, personal,
                                 sizeof(personal) - 1) == 0;
}

static void generator_free(struct ipsec_mbedtls *provider)
{
    mbedtls_ctr_drbg_free(&provider->generator);
}

bool ipseci_mbed_random(struct ipsec_mbedtls *provider, uint8_t *out, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t part =
            length - at < MBEDTLS_CTR_DRBG_MAX_REQUEST ? length - at : MBEDTLS_CTR_DRBG_MAX_REQUEST;
        if (mbedtls_ctr_drbg_random(&provider->generator, out + at, part) != 0) {
            return false;
        }
        at += part;
    }
    return true;
}
#else
/* Without the generator every octet comes from the entropy source. */
static bool generator_init(struct ipsec_mbedtls *provider)
{
    uint8_t trial[16];
    bool ok = seed_octets(provider, trial, sizeof(trial));
    mbedtls_platform_zeroize(trial, sizeof(trial));
    return ok;
}

static void generator_free(struct ipsec_mbedtls *provider)
{
    (void)provider;
}

bool ipseci_mbed_random(struct ipsec_mbedtls *provider, uint8_t *out, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t part = length - at < 32 ? length - at : 32; /* the least an entropy block has */
        if (!seed_octets(provider, out + at, part)) {
            return false;
        }
        at += part;
    }
    return true;
}
#endif

int ipseci_mbed_rng(void *rng, unsigned char *out, size_t length)
{
    struct ipseci_mbed_rng *r = rng;
    if (ipseci_mbed_random(r->provider, out, length)) {
        return 0;
    }
    r->failed = true;
    return MBEDTLS_ERR_MPI_BAD_INPUT_DATA;
}

static enum ipsec_status provider_random(void *context, uint8_t *out, size_t length)
{
    return ipseci_mbed_random(context, out, length) ? IPSEC_OK : IPSEC_ERR_RANDOM;
}

static const struct ipsec_crypto table = {
    .size = sizeof(struct ipsec_crypto),
    .name = "mbedtls",
    .supports = ipseci_mbed_supports,
    .random = provider_random,
    .key_new = ipseci_mbed_key_new,
    .key_free = ipseci_mbed_key_free,
    .combines = ipseci_mbed_combines,
    .run = ipseci_mbed_run,
    .prf = ipseci_mbed_prf,
    .ke_start = ipseci_mbed_ke_start,
    .ke_respond = ipseci_mbed_ke_respond,
    .ke_finish = ipseci_mbed_ke_finish,
    .ke_free = ipseci_mbed_ke_free,
};

enum ipsec_status ipseci_mbed_config(void *to, size_t bytes, const void *from)
{
    uint32_t size;

    memcpy(&size, from, sizeof(size));
    if (size < sizeof(size)) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    for (size_t i = bytes; i < size; i++) {
        if (((const uint8_t *)from)[i] != 0) {
            return IPSEC_ERR_STRUCT_SIZE;
        }
    }
    memcpy(to, from, size < bytes ? size : bytes);
    return IPSEC_OK;
}

enum ipsec_status ipsec_mbedtls_new(const struct ipsec_mbedtls_config *config,
                                    struct ipsec_mbedtls **out)
{
    struct ipsec_mbedtls_config c = IPSEC_MBEDTLS_CONFIG_INIT;
    if (out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *out = NULL;
    enum ipsec_status status =
        config == NULL ? IPSEC_OK : ipseci_mbed_config(&c, sizeof(c), config);
    if (status != IPSEC_OK) {
        return status;
    }
    struct ipsec_mbedtls *provider = mbedtls_calloc(1, sizeof(*provider));
    if (provider == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    provider->table = table;
    provider->table.context = provider;
    if (ipseci_mbed_hash(IPSECI_MBED_HASH_SHA1) != NULL) {
        provider->table.sha1 = ipseci_mbed_sha1;
    }
    provider->entropy = c.entropy;
    provider->entropy_user = c.entropy_user;
    sources_init(provider);
    if (!generator_init(provider)) {
        ipsec_mbedtls_free(provider);
        return IPSEC_ERR_RANDOM;
    }
    *out = provider;
    return IPSEC_OK;
}

const struct ipsec_crypto *ipsec_mbedtls_crypto(const struct ipsec_mbedtls *provider)
{
    return &provider->table;
}

struct ipsec_signer *ipseci_mbed_signer_slot(struct ipsec_mbedtls *provider)
{
    return &provider->signer;
}

void ipsec_mbedtls_free(struct ipsec_mbedtls *provider)
{
    if (provider != NULL) {
        generator_free(provider);
        sources_free(provider);
        mbedtls_platform_zeroize(provider, sizeof(*provider));
        mbedtls_free(provider);
    }
}
