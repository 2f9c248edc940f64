/* SPDX-License-Identifier: Apache-2.0
 *
 * Private keys from PEM or DER for the signer of the OpenSSL provider.
 */
#include "ossl_signer.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* The password, and whether it was asked for: OpenSSL would ask the terminal otherwise. */
struct password {
    const char *text;
    bool asked;
};

static int give_password(char *out, int room, int writing, void *user)
{
    struct password *p = user;
    (void)writing;
    p->asked = true;
    const size_t length = p->text != NULL ? strlen(p->text) : 0;
    if (p->text == NULL || length > (size_t)room) {
        return -1;
    }
    memcpy(out, p->text, length);
    return (int)length;
}

static bool is_pem(struct ipsec_view octets)
{
    static const char begin[] = "-----BEGIN ";
    const size_t length = sizeof(begin) - 1;
    for (size_t i = 0; i + length <= octets.length; i++) {
        if (memcmp(octets.data + i, begin, length) == 0) {
            return true;
        }
    }
    return false;
}

static EVP_PKEY *read_pem(const struct ipsec_openssl *provider, struct ipsec_view octets,
                          struct password *password)
{
    BIO *bio = BIO_new_mem_buf(octets.data, (int)octets.length);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey_ex(bio, NULL, give_password, password,
                                                             provider->libctx, provider->properties)
                                : NULL;
    BIO_free(bio);
    return key;
}

static EVP_PKEY *read_der(const struct ipsec_openssl *provider, struct ipsec_view octets)
{
    const uint8_t *at = octets.data;
    EVP_PKEY *key = d2i_AutoPrivateKey_ex(NULL, &at, (long)octets.length, provider->libctx,
                                          provider->properties);
    if (key != NULL && at != octets.data + octets.length) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static enum ipsec_status make(const struct ipsec_openssl *provider, struct ipsec_view octets,
                              struct password *password, struct ipsec_private_key **out)
{
    struct ipsec_key_info info;
    EVP_PKEY *key =
        is_pem(octets) ? read_pem(provider, octets, password) : read_der(provider, octets);
    if (key == NULL) {
        return password->asked ? IPSEC_ERR_ARGUMENT : IPSEC_ERR_SYNTAX;
    }
    enum ipsec_status status = ipseci_ossl_key_kind(key, &info);
    struct ipsec_private_key *made = NULL;
    if (status == IPSEC_OK) {
        made = OPENSSL_zalloc(sizeof(*made));
        status = made != NULL ? IPSEC_OK : IPSEC_ERR_MEMORY;
    }
    if (status != IPSEC_OK) {
        EVP_PKEY_free(key);
        return status;
    }
    made->key = key;
    made->info = info;
    *out = made;
    return IPSEC_OK;
}

enum ipsec_status ipsec_openssl_private_key_new(struct ipsec_openssl *provider,
                                                struct ipsec_view octets, const char *password,
                                                struct ipsec_private_key **out)
{
    struct password p = {password, false};
    if (out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *out = NULL;
    if (provider == NULL || octets.data == NULL || octets.length > INT_MAX) {
        return IPSEC_ERR_ARGUMENT;
    }
    ERR_set_mark();
    const enum ipsec_status status = make(provider, octets, &p, out);
    ERR_pop_to_mark();
    return status;
}

void ipsec_openssl_private_key_free(struct ipsec_private_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->key); /* wipes */
        OPENSSL_free(key);
    }
}
