/* SPDX-License-Identifier: Apache-2.0
 *
 * The hash functions of Mbed TLS under one shape. 2.28 and 3.x name the same functions differently.
 */
#include "mbed.h"

#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define SHA(name, call) mbedtls_##name##_##call##_ret
#else
#define SHA(name, call) mbedtls_##name##_##call
#endif

#define STATE(type) (uint16_t)((sizeof(type) + 7u) / 8u * 8u)

#if IPSECI_MBED_SHA1
_Static_assert(STATE(mbedtls_sha1_context) <= IPSECI_MBED_STATE_MAX, "room on the stack");

static void sha1_init(void *s)
{
    mbedtls_sha1_init(s);
}

static void sha1_free(void *s)
{
    mbedtls_sha1_free(s);
}

static void sha1_clone(void *to, const void *from)
{
    mbedtls_sha1_clone(to, from);
}

static int sha1_starts(void *s)
{
    return SHA(sha1, starts)(s);
}

static int sha1_update(void *s, const uint8_t *data, size_t length)
{
    return SHA(sha1, update)(s, data, length);
}

static int sha1_finish(void *s, uint8_t *digest)
{
    return SHA(sha1, finish)(s, digest);
}

static const struct ipseci_mbed_hash sha1 = {20,          64,          STATE(mbedtls_sha1_context),
                                             sha1_starts, sha1_update, sha1_finish,
                                             sha1_init,   sha1_clone,  sha1_free};
#define HASH_SHA1 &sha1
#else
#define HASH_SHA1 NULL
#endif

#if IPSECI_MBED_SHA256
_Static_assert(STATE(mbedtls_sha256_context) <= IPSECI_MBED_STATE_MAX, "room on the stack");

static void sha256_init(void *s)
{
    mbedtls_sha256_init(s);
}

static void sha256_free(void *s)
{
    mbedtls_sha256_free(s);
}

static void sha256_clone(void *to, const void *from)
{
    mbedtls_sha256_clone(to, from);
}

static int sha256_starts(void *s)
{
    return SHA(sha256, starts)(s, 0);
}

static int sha256_update(void *s, const uint8_t *data, size_t length)
{
    return SHA(sha256, update)(s, data, length);
}

static int sha256_finish(void *s, uint8_t *digest)
{
    return SHA(sha256, finish)(s, digest);
}

static const struct ipseci_mbed_hash sha256 = {32,
                                               64,
                                               STATE(mbedtls_sha256_context),
                                               sha256_starts,
                                               sha256_update,
                                               sha256_finish,
                                               sha256_init,
                                               sha256_clone,
                                               sha256_free};
#define HASH_SHA256 &sha256
#else
#define HASH_SHA256 NULL
#endif

#if IPSECI_MBED_SHA512
_Static_assert(STATE(mbedtls_sha512_context) <= IPSECI_MBED_STATE_MAX, "room on the stack");

static void sha512_init(void *s)
{
    mbedtls_sha512_init(s);
}

static void sha512_free(void *s)
{
    mbedtls_sha512_free(s);
}

static void sha512_clone(void *to, const void *from)
{
    mbedtls_sha512_clone(to, from);
}

static int sha512_starts(void *s)
{
    return SHA(sha512, starts)(s, 0);
}

static int sha512_update(void *s, const uint8_t *data, size_t length)
{
    return SHA(sha512, update)(s, data, length);
}

static int sha512_finish(void *s, uint8_t *digest)
{
    return SHA(sha512, finish)(s, digest);
}

static const struct ipseci_mbed_hash sha512 = {64,
                                               128,
                                               STATE(mbedtls_sha512_context),
                                               sha512_starts,
                                               sha512_update,
                                               sha512_finish,
                                               sha512_init,
                                               sha512_clone,
                                               sha512_free};
#define HASH_SHA512 &sha512
#else
#define HASH_SHA512 NULL
#endif

#if IPSECI_MBED_SHA384
static int sha384_starts(void *s)
{
    return SHA(sha512, starts)(s, 1);
}

/* Some versions write all 64 octets of SHA-512 whatever was asked for. */
static int sha384_finish(void *s, uint8_t *digest)
{
    uint8_t all[64];
    int error = SHA(sha512, finish)(s, all);
    for (size_t i = 0; i < 48; i++) {
        digest[i] = all[i];
    }
    mbedtls_platform_zeroize(all, sizeof(all));
    return error;
}

static const struct ipseci_mbed_hash sha384 = {48,
                                               128,
                                               STATE(mbedtls_sha512_context),
                                               sha384_starts,
                                               sha512_update,
                                               sha384_finish,
                                               sha512_init,
                                               sha512_clone,
                                               sha512_free};
#define HASH_SHA384 &sha384
#else
#define HASH_SHA384 NULL
#endif

const struct ipseci_mbed_hash *ipseci_mbed_hash(enum ipseci_mbed_hash_id id)
{
    static const struct ipseci_mbed_hash *const hashes[] = {
        [IPSECI_MBED_HASH_SHA1] = HASH_SHA1,
        [IPSECI_MBED_HASH_SHA256] = HASH_SHA256,
        [IPSECI_MBED_HASH_SHA384] = HASH_SHA384,
        [IPSECI_MBED_HASH_SHA512] = HASH_SHA512,
    };
    return hashes[id];
}
