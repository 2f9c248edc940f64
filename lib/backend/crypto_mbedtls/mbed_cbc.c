/* SPDX-License-Identifier: Apache-2.0
 *
 * AES-CBC keys, alone or with an HMAC as one (RFC 3602, RFC 4303 3.3.2: encrypt, then MAC).
 */
#include "mbed.h"

#if IPSECI_MBED_CBC
#include <mbedtls/aes.h>
#include <string.h>

struct cbc_key {
    struct ipsec_key base;
    mbedtls_aes_context aes;
    struct ipseci_mbed_mac mac; /* hash NULL: the cipher alone */
    uint64_t states[];          /* three with a MAC */
};

static enum ipsec_status cipher(struct cbc_key *key, struct ipsec_crypto_op *op)
{
    uint8_t iv[16]; /* Mbed TLS moves it on */
    int mode = key->base.direction == IPSEC_SEAL ? MBEDTLS_AES_ENCRYPT : MBEDTLS_AES_DECRYPT;
    if (op->data_length == 0) {
        return IPSEC_OK;
    }
    memcpy(iv, op->iv, sizeof(iv));
    int error = mbedtls_aes_crypt_cbc(&key->aes, mode, op->data_length, iv, op->data, op->data);
    return error == 0 ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

static enum ipsec_status run_cipher(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    return cipher((struct cbc_key *)(void *)base, op);
}

static enum ipsec_status run_seal(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct cbc_key *key = (struct cbc_key *)(void *)base;
    enum ipsec_status status = cipher(key, op);
    return status == IPSEC_OK ? ipseci_mbed_mac_op(&key->mac, base, op) : status;
}

/* RFC 4303 3.4.4: the ICV is checked first; nothing is deciphered when it is wrong. */
static enum ipsec_status run_open(struct ipsec_key *base, struct ipsec_crypto_op *op)
{
    struct cbc_key *key = (struct cbc_key *)(void *)base;
    enum ipsec_status status = ipseci_mbed_mac_op(&key->mac, base, op);
    return status == IPSEC_OK ? cipher(key, op) : status;
}

static void free_cbc(struct ipsec_key *base)
{
    struct cbc_key *key = (struct cbc_key *)(void *)base;
    mbedtls_aes_free(&key->aes);
    ipseci_mbed_mac_free(&key->mac);
}

/* 0, or an Mbed TLS error. */
static int prepare(struct cbc_key *key, const struct ipsec_key_params *params,
                   const struct ipseci_mbed_hash *hash)
{
    mbedtls_aes_init(&key->aes);
    int error =
        params->direction == IPSEC_SEAL
            ? mbedtls_aes_setkey_enc(&key->aes, params->encr_key.data, params->encr_key_bits)
            : mbedtls_aes_setkey_dec(&key->aes, params->encr_key.data, params->encr_key_bits);
    if (error != 0 || hash == NULL) {
        return error;
    }
    key->base.run = params->direction == IPSEC_SEAL ? run_seal : run_open;
    return ipseci_mbed_mac_init(&key->mac, hash, key->states, params->integ_key);
}

enum ipsec_status ipseci_mbed_cbc_new(const struct ipsec_key_params *params, struct ipsec_key **out)
{
    const struct ipseci_mbed_integ *integ = ipseci_mbed_integ_find(params->integ_id);
    const struct ipseci_mbed_hash *hash = integ != NULL ? ipseci_mbed_hash(integ->hash) : NULL;
    size_t mac_key = hash != NULL ? hash->digest_octets : 0;
    size_t states = hash != NULL ? 3u * (size_t)hash->state_octets : 0;

    if (params->encr_key.length != params->encr_key_bits / 8u ||
        params->integ_key.length != mac_key) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct cbc_key *key = ipseci_mbed_key_take(sizeof(*key) + states, params);
    if (key == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    key->base.run = run_cipher;
    key->base.free = free_cbc;
    key->base.tag_octets = integ != NULL ? integ->tag_octets : 0;
    if (prepare(key, params, hash) != 0) {
        ipseci_mbed_key_free(NULL, &key->base);
        return IPSEC_FATAL_CRYPTO;
    }
    *out = &key->base;
    return IPSEC_OK;
}

#else

enum ipsec_status ipseci_mbed_cbc_new(const struct ipsec_key_params *params, struct ipsec_key **out)
{
    (void)params;
    (void)out;
    return IPSEC_ERR_NOT_BUILT_IN;
}

#endif
