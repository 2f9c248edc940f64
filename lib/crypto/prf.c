/* SPDX-License-Identifier: Apache-2.0
 *
 * Pseudorandom functions and prf+. Called by IKE's key derivation, authentication and cookies.
 * RFC 7296 2.13.
 */
#include "facade.h"

#include "reader.h"

/* RFC 7296 2.13: the counter is one octet and starts at 1. */
#define PRF_PLUS_BLOCKS_MAX 255u

enum ipsec_status ipseci_prf_bind(struct ipseci_prf *prf, const struct ipsec_crypto_list *list,
                                  uint16_t prf_id)
{
    const struct ipseci_prf_info *info = ipseci_prf_find(prf_id);
    const struct ipsec_crypto *provider = ipseci_crypto_find(list, IPSEC_TRANSFORM_PRF, prf_id, 0);

    *prf = (struct ipseci_prf){0};
    if (info == NULL || provider == NULL || provider->prf == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    prf->provider = provider;
    prf->id = prf_id;
    prf->length = info->output_octets;
    prf->key_length = info->key_octets;
    return IPSEC_OK;
}

enum ipsec_status ipseci_prf_run(const struct ipseci_prf *prf, struct ipsec_view key,
                                 const struct ipsec_view parts[], size_t part_count, uint8_t *out)
{
    const struct ipsec_crypto *p = prf->provider;
    if (p->prf(p->context, prf->id, key, parts, part_count, out) == IPSEC_OK) {
        return IPSEC_OK;
    }
    ipseci_wipe(out, prf->length);
    return IPSEC_FATAL_CRYPTO;
}

/* T(n) = prf(K, T(n-1) | S | n), cut to what is still wanted. `parts` has its first item free for
 * T(n-1) and its last for n. */
static enum ipsec_status expand(const struct ipseci_prf *prf, struct ipsec_view key,
                                struct ipsec_view parts[], size_t part_count,
                                struct ipseci_writer *out)
{
    uint8_t t[2][IPSEC_PRF_BYTES_MAX] = {{0}}; /* T(n-1) is read while T(n) is written */
    uint8_t counter = 0;
    enum ipsec_status status = IPSEC_OK;

    parts[0] = ipseci_view(NULL, 0); /* T(0) is empty */
    parts[part_count - 1] = ipseci_view(&counter, 1);
    while (out->used < out->capacity && status == IPSEC_OK) {
        size_t left = out->capacity - out->used;
        counter++;
        uint8_t *now = t[counter & 1];
        status = ipseci_prf_run(prf, key, parts, part_count, now);
        ipseci_write_bytes(out, now, left < prf->length ? left : prf->length);
        parts[0] = ipseci_view(now, prf->length);
    }
    ipseci_wipe(t, sizeof(t));
    return status;
}

enum ipsec_status ipseci_prf_plus(const struct ipseci_prf *prf, struct ipsec_view key,
                                  struct ipseci_parts seed, uint8_t *out, size_t length)
{
    struct ipsec_view parts[IPSECI_PRF_SEED_PARTS_MAX + 2];
    struct ipseci_writer w = ipseci_writer_init(out, length);

    if (seed.count > IPSECI_PRF_SEED_PARTS_MAX || length > PRF_PLUS_BLOCKS_MAX * prf->length) {
        ipseci_wipe(out, length);
        return IPSEC_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < seed.count; i++) {
        parts[i + 1] = seed.item[i];
    }
    enum ipsec_status status = expand(prf, key, parts, seed.count + 2, &w);
    if (status != IPSEC_OK) {
        ipseci_wipe(out, length);
    }
    return status;
}
