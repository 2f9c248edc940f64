/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-CCM keys with tags of 16, 12 or 8 octets (RFC 4309, RFC 5282).
 *
 * EXCEPTION: opening deciphers before it authenticates, as CCM is made to (its MAC is over the
 * plaintext); on a wrong tag Mbed TLS clears what it wrote.
 */
#include "mbed.h"

#if IPSECI_MBED_CCM
#include <mbedtls/ccm.h>
#include <string.h>

#define SALT_OCTETS  3u
#define NONCE_OCTETS 11u

struct ccm_key {
    struct ipsec_key base;
    mbedtls_ccm_context ccm;
};

static enum ipsec_status run_ccm(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct ccm_key *key = (struct ccm_key *)(void *)base;
    uint8_t nonce[NONCE_OCTETS]; /* RFC 4309 4: salt | IV */
    memcpy(nonce, base->salt, SALT_OCTETS);
    memcpy(nonce + SALT_OCTETS, op->iv, 8);

    if (base->direction == IPSEC_SEAL) {
        int error = mbedtls_ccm_encrypt_and_tag(&key->ccm, op->data_length, nonce, sizeof(nonce),
                                                op->aad, op->aad_length, op->data, op->data,
                                                op->tag, base->tag_octets);
        return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
    }
    int error =
        mbedtls_ccm_auth_decrypt(&key->ccm, op->data_length, nonce, sizeof(nonce), op->aad,
                                 op->aad_length, op->data, op->data, op->tag, base->tag_octets);
    if (error == MBEDTLS_ERR_CCM_AUTH_FAILED) {
        return IPSEC_DROP_ICV;
    }
    return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

static void free_ccm(struct ipsec_key *base)
{
    struct ccm_key *key = (struct ccm_key *)(void *)base;
    mbedtls_ccm_free(&key->ccm);
}

static uint8_t tag_octets_of(uint16_t encr_id)
{
    if (encr_id == IPSEC_ENCR_AES_CCM_8) {
        return 8;
    }
    return encr_id == IPSEC_ENCR_AES_CCM_12 ? 12 : 16;
}

enum ipsec_status ipseci_mbed_ccm_new(const struct ipsec_key_params *params, struct ipsec_key **out)
{
    size_t octets = params->encr_key_bits / 8u;
    if (params->encr_key.length != octets + SALT_OCTETS) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct ccm_key *key = ipseci_mbed_key_take(sizeof(*key), params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_ccm;
    key->base.free = free_ccm;
    key->base.tag_octets = tag_octets_of(params->encr_id);
    memcpy(key->base.salt, params->encr_key.data + octets, SALT_OCTETS); /* RFC 4309 7.1 */
    mbedtls_ccm_init(&key->ccm);
    if (mbedtls_ccm_setkey(&key->ccm, MBEDTLS_CIPHER_ID_AES, params->encr_key.data,
                           params->encr_key_bits) != 0) {
        /* The lengths are right, so this is its allocation. */
        ipseci_mbed_key_free(NULL, &key->base);
        return IPSEC_ERR_MEMORY;
    }
    *out = &key->base;
    return IPSEC_OK;
}

#else

enum ipsec_status ipseci_mbed_ccm_new(const struct ipsec_key_params *params, struct ipsec_key **out)
{
    (void)params;
    (void)out;
    return IPSEC_ERR_NOT_BUILT_IN;
}

#endif
