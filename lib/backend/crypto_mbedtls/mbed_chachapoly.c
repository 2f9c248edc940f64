/* SPDX-License-Identifier: Apache-2.0
 *
 * ChaCha20-Poly1305 keys (RFC 7634).
 *
 * EXCEPTION: opening deciphers while it authenticates, in one pass; on a wrong tag Mbed TLS clears
 * what it wrote.
 */
#include "mbed.h"

#if IPSECI_MBED_CHACHAPOLY
#include <mbedtls/chachapoly.h>
#include <string.h>

#define KEY_OCTETS 32u

struct chachapoly_key {
    struct ipsec_key base;
    mbedtls_chachapoly_context chachapoly;
};

static enum ipsec_status run_chachapoly(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct chachapoly_key *key = (struct chachapoly_key *)(void *)base;
    uint8_t nonce[12]; /* RFC 7634 2: salt | IV */
    memcpy(nonce, base->salt, 4);
    memcpy(nonce + 4, op->iv, 8);

    if (base->direction == IPSEC_SEAL) {
        int error =
            mbedtls_chachapoly_encrypt_and_tag(&key->chachapoly, op->data_length, nonce, op->aad,
                                               op->aad_length, op->data, op->data, op->tag);
        return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
    }
    int error = mbedtls_chachapoly_auth_decrypt(&key->chachapoly, op->data_length, nonce, op->aad,
                                                op->aad_length, op->tag, op->data, op->data);
    if (error == MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED) {
        return IPSEC_DROP_ICV;
    }
    return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

static void free_chachapoly(struct ipsec_key *base)
{
    struct chachapoly_key *key = (struct chachapoly_key *)(void *)base;
    mbedtls_chachapoly_free(&key->chachapoly);
}

enum ipsec_status ipseci_mbed_chachapoly_new(const struct ipsec_key_params *params,
                                             struct ipsec_key **out)
{
    if (params->encr_key.length != KEY_OCTETS + 4) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct chachapoly_key *key = ipseci_mbed_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_chachapoly;
    key->base.free = free_chachapoly;
    key->base.tag_octets = 16;
    memcpy(key->base.salt, params->encr_key.data + KEY_OCTETS, 4);
    mbedtls_chachapoly_init(&key->chachapoly);
    if (mbedtls_chachapoly_setkey(&key->chachapoly, params->encr_key.data) != 0) {
        ipseci_mbed_key_free(NULL, &key->base);
        return IPSEC_FATAL_CRYPTO;
    }
    *out = &key->base;
    return IPSEC_OK;
}

#else

enum ipsec_status ipseci_mbed_chachapoly_new(const struct ipsec_key_params *params,
                                             struct ipsec_key **out)
{
    (void)params;
    (void)out;
    return IPSEC_ERR_NOT_BUILT_IN;
}

#endif
