/* SPDX-License-Identifier: Apache-2.0
 *
 * Pseudorandom functions (RFC 7296 2.13) and the hash of NAT detection. Each call has a state of
 * its own, so that they may run on several threads at once.
 */
#include "ossl.h"

#include <openssl/err.h>

struct prf_row {
    uint16_t id;
    enum ipseci_ossl_hash_id hash;
};

static const struct ipseci_ossl_hash *hash_of_prf(const struct ipsec_openssl *provider,
                                                  uint16_t prf_id)
{
    static const struct prf_row rows[] = {
        {IPSEC_PRF_HMAC_SHA1, IPSECI_OSSL_SHA1},
        {IPSEC_PRF_HMAC_SHA2_256, IPSECI_OSSL_SHA256},
        {IPSEC_PRF_HMAC_SHA2_384, IPSECI_OSSL_SHA384},
        {IPSEC_PRF_HMAC_SHA2_512, IPSECI_OSSL_SHA512},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].id == prf_id) {
            const struct ipseci_ossl_hash *hash = &provider->hash[rows[i].hash];
            return hash->md != NULL ? hash : NULL;
        }
    }
    return NULL;
}

bool ipseci_ossl_prf_found(const struct ipsec_openssl *provider, uint16_t prf_id)
{
    return hash_of_prf(provider, prf_id) != NULL;
}

enum ipsec_status ipseci_ossl_prf(void *context, uint16_t prf_id, struct ipsec_view key,
                                  const struct ipsec_view parts[], size_t part_count, uint8_t *out)
{
    struct ipseci_ossl_mac mac;
    const struct ipseci_ossl_hash *hash = hash_of_prf(context, prf_id);
    if (hash == NULL) {
        return ipseci_ossl_aes_prf(context, prf_id, key,
                                   (struct ipseci_ossl_parts){parts, part_count}, out);
    }
    ERR_set_mark();
    bool good = ipseci_ossl_mac_init(&mac, hash, key) && ipseci_ossl_mac_begin(&mac);
    for (size_t i = 0; i < part_count && good; i++) {
        good = ipseci_ossl_mac_add(&mac, parts[i].data, parts[i].length);
    }
    good = good && ipseci_ossl_mac_end(&mac, out);
    ipseci_ossl_mac_deinit(&mac);
    ERR_pop_to_mark();
    return good ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

enum ipsec_status ipseci_ossl_sha1(void *context, const struct ipsec_view parts[],
                                   size_t part_count, uint8_t out[20])
{
    const struct ipsec_openssl *provider = context;
    const struct ipseci_ossl_hash *hash = &provider->hash[IPSECI_OSSL_SHA1];
    uint64_t state[IPSECI_OSSL_STATE_MAX / 8] = {0};
    ERR_set_mark();
    bool good = hash->kept->start(state, hash->md);
    for (size_t i = 0; i < part_count && good; i++) {
        good = parts[i].length == 0 || hash->kept->update(state, parts[i].data, parts[i].length);
    }
    good = good && hash->kept->finish(state, out);
    hash->kept->release(state);
    ERR_pop_to_mark();
    return good ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}
