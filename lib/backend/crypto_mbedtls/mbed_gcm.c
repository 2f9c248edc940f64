/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-GCM keys with tags of 16, 12 or 8 octets (RFC 4106, RFC 5282).
 *
 * EXCEPTION: opening deciphers while it authenticates, in one pass, as GCM is made to; on a wrong
 * tag Mbed TLS clears what it wrote.
 */
#include "mbed.h"

#if IPSECI_MBED_GCM
#include <mbedtls/gcm.h>
#include <string.h>

struct gcm_key {
    struct ipsec_key base;
    mbedtls_gcm_context gcm;
};

static enum ipsec_status run_gcm(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct gcm_key *key = (struct gcm_key *)(void *)base;
    uint8_t nonce[12]; /* RFC 4106 4: salt | IV */
    memcpy(nonce, base->salt, 4);
    memcpy(nonce + 4, op->iv, 8);

    if (base->direction == IPSEC_SEAL) {
        int error = mbedtls_gcm_crypt_and_tag(&key->gcm, MBEDTLS_GCM_ENCRYPT, op->data_length,
                                              nonce, sizeof(nonce), op->aad, op->aad_length,
                                              op->data, op->data, base->tag_octets, op->tag);
        return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
    }
    int error =
        mbedtls_gcm_auth_decrypt(&key->gcm, op->data_length, nonce, sizeof(nonce), op->aad,
                                 op->aad_length, op->tag, base->tag_octets, op->data, op->data);
    if (error == MBEDTLS_ERR_GCM_AUTH_FAILED) {
        return IPSEC_DROP_ICV;
    }
    return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

static void free_gcm(struct ipsec_key *base)
{
    struct gcm_key *key = (struct gcm_key *)(void *)base;
    mbedtls_gcm_free(&key->gcm);
}

static uint8_t tag_octets_of(uint16_t encr_id)
{
    if (encr_id == IPSEC_ENCR_AES_GCM_8) {
        return 8;
    }
    return encr_id == IPSEC_ENCR_AES_GCM_12 ? 12 : 16;
}

enum ipsec_status ipseci_mbed_gcm_new(const struct ipsec_key_params *params, struct ipsec_key **out)
{
    size_t octets = params->encr_key_bits / 8u;
    if (params->encr_key.length != octets + 4) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct gcm_key *key = ipseci_mbed_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_gcm;
    key->base.free = free_gcm;
    key->base.tag_octets = tag_octets_of(params->encr_id);
    memcpy(key->base.salt, params->encr_key.data + octets, 4); /* RFC 4106 8.1: key | salt */
    mbedtls_gcm_init(&key->gcm);
    if (mbedtls_gcm_setkey(&key->gcm, MBEDTLS_CIPHER_ID_AES, params->encr_key.data,
                           params->encr_key_bits) != 0) {
        /* The lengths are right, so this is its allocation. */
        ipseci_mbed_key_free(NULL, &key->base);
        return IPSEC_ERR_MEMORY;
    }
    *out = &key->base;
    return IPSEC_OK;
}

#else

enum ipsec_status ipseci_mbed_gcm_new(const struct ipsec_key_params *params, struct ipsec_key **out)
{
    (void)params;
    (void)out;
    return IPSEC_ERR_NOT_BUILT_IN;
}

#endif
