/* SPDX-License-Identifier: Apache-2.0
 *
 * The facade's small services: which provider has an algorithm, random octets, SHA-1.
 */
#include "facade.h"

/* A table of a choice stands for another; one of an older program has no such field. */
static const struct ipsec_crypto *real_of(const struct ipsec_crypto *item)
{
    return item->size >= sizeof(*item) && item->real != NULL ? item->real : item;
}

const struct ipsec_crypto *ipseci_crypto_find(const struct ipsec_crypto_list *list,
                                              enum ipsec_transform_type type, uint16_t id,
                                              uint16_t key_bits)
{
    const uint16_t asked = type == IPSEC_TRANSFORM_ENCR ? ipseci_encr_done_as(id) : id;

    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct ipsec_crypto *item = list->item[i];
        if (item->supports(item->context, type, asked, key_bits)) {
            return real_of(item);
        }
    }
    return NULL;
}

bool ipsec_crypto_supports(const struct ipsec_crypto_list *list, enum ipsec_transform_type type,
                           uint16_t id, uint16_t key_bits)
{
    return ipseci_crypto_find(list, type, id, key_bits) != NULL;
}

enum ipsec_status ipseci_random(const struct ipsec_crypto_list *list, void *out, size_t length)
{
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct ipsec_crypto *item = real_of(list->item[i]);
        if (item->random == NULL) {
            continue;
        }
        /* A source that fails is not passed over silently for the next: the caller must know. */
        if (item->random(item->context, out, length) == IPSEC_OK) {
            return IPSEC_OK;
        }
        break;
    }
    ipseci_wipe(out, length);
    return IPSEC_ERR_RANDOM;
}

enum ipsec_status ipseci_sha1(const struct ipsec_crypto_list *list, struct ipseci_parts parts,
                              uint8_t out[20])
{
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct ipsec_crypto *item = real_of(list->item[i]);
        if (item->sha1 == NULL) {
            continue;
        }
        if (item->sha1(item->context, parts.item, parts.count, out) == IPSEC_OK) {
            return IPSEC_OK;
        }
        return IPSEC_FATAL_CRYPTO;
    }
    return IPSEC_ERR_NOT_BUILT_IN;
}
