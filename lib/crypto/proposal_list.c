/* SPDX-License-Identifier: Apache-2.0
 *
 * The default proposal lists, and what is left of a list on the providers given.
 * RFC 8221 and RFC 8247 choose the algorithms.
 */
#include "facade.h"

#define GROUPS "curve25519-ecp256-ecp384-modp2048-modp3072-modp4096-ecp521"

static const char default_ike[] =
    "aes256-aes128-sha256-sha384-sha512-" GROUPS ","
    "aes256gcm16-aes128gcm16-chacha20poly1305-prfsha256-prfsha384-prfsha512-" GROUPS;

static const char default_esp[] = "aes256-aes128-sha256-sha384-sha512-esn-noesn,"
                                  "aes256gcm16-aes128gcm16-chacha20poly1305-esn-noesn";

void ipsec_proposals_default(enum ipsec_protocol protocol, struct ipsec_proposals *out)
{
    const char *text = protocol == IPSEC_PROTOCOL_IKE ? default_ike : default_esp;
    if (ipsec_proposals_parse(text, protocol, out, NULL) != IPSEC_OK) {
        out->count = 0; /* AH: there is no default */
    }
}

static bool is_possible(const struct ipsec_transform *t, const struct ipsec_crypto_list *crypto)
{
    /* ESN, and NONE of integrity or key exchange, need no provider. */
    if (t->type == IPSEC_TRANSFORM_ESN ||
        (t->id == 0 && (t->type == IPSEC_TRANSFORM_INTEG || t->type >= IPSEC_TRANSFORM_KE))) {
        return true;
    }
    if (ipseci_names_find(t->type, t->id) == NULL) {
        return false;
    }
    enum ipsec_transform_type type =
        t->type >= IPSEC_TRANSFORM_ADDKE1 ? IPSEC_TRANSFORM_KE : (enum ipsec_transform_type)t->type;
    return ipseci_crypto_find(crypto, type, t->id, t->key_bits) != NULL;
}

static uint32_t types_of(const struct ipsec_proposal *proposal)
{
    uint32_t types = 0;
    for (size_t i = 0; i < proposal->transform_count; i++) {
        types |= UINT32_C(1) << (proposal->transform[i].type & 31u);
    }
    return types;
}

/* Removes from one proposal; to nothing when a type it had is gone, since an offer without its
 * groups or without its MAC would mean something else. */
static void restrict_one(struct ipsec_proposal *proposal, const struct ipsec_crypto_list *crypto)
{
    uint32_t before = types_of(proposal);
    uint8_t kept = 0;
    for (size_t i = 0; i < proposal->transform_count; i++) {
        if (is_possible(&proposal->transform[i], crypto)) {
            proposal->transform[kept++] = proposal->transform[i];
        }
    }
    proposal->transform_count = kept;
    if (types_of(proposal) != before) {
        proposal->transform_count = 0;
    }
}

size_t ipsec_proposals_restrict(struct ipsec_proposals *list,
                                const struct ipsec_crypto_list *crypto)
{
    size_t gone = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        size_t before = list->item[i].transform_count;
        restrict_one(&list->item[i], crypto);
        gone += before - list->item[i].transform_count;
        if (list->item[i].transform_count != 0) {
            if (kept != i) {
                list->item[kept] = list->item[i];
            }
            kept++;
        }
    }
    list->count = kept;
    return gone;
}
