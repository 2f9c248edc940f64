/* SPDX-License-Identifier: Apache-2.0
 *
 * The default proposal lists, and what is left of a list on the providers given.
 * RFC 8221 and RFC 8247 choose the algorithms.
 */
#include "facade.h"

#include <string.h>

/* As tables and not as texts, so that a firmware without configuration texts does not carry the
 * parser (the tests hold the two against each other). */
#define AES(bits, id)                                                                              \
    {                                                                                              \
        IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_##id, (bits)                                          \
    }
#define CHACHA                                                                                     \
    {                                                                                              \
        IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_CHACHA20_POLY1305, 0                                      \
    }
#define INTEG(id)                                                                                  \
    {                                                                                              \
        IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_##id, 0                                       \
    }
#define PRF(id)                                                                                    \
    {                                                                                              \
        IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_##id, 0                                           \
    }
#define KE(id)                                                                                     \
    {                                                                                              \
        IPSEC_TRANSFORM_KE, IPSEC_KE_##id, 0                                                       \
    }
#define ESN(id)                                                                                    \
    {                                                                                              \
        IPSEC_TRANSFORM_ESN, IPSEC_ESN_##id, 0                                                     \
    }

#define CIPHERS   AES(256, CBC), AES(128, CBC)
#define AEADS     AES(256, GCM_16), AES(128, GCM_16), CHACHA
#define INTEGRITY INTEG(256_128), INTEG(384_192), INTEG(512_256)
#define PRFS      PRF(256), PRF(384), PRF(512)
#define GROUPS                                                                                     \
    KE(CURVE25519), KE(ECP_256), KE(ECP_384), KE(MODP_2048), KE(MODP_3072), KE(MODP_4096),         \
        KE(ECP_521)

static const struct ipsec_transform ike_ciphers[] = {CIPHERS, PRFS, INTEGRITY, GROUPS};
static const struct ipsec_transform ike_aeads[] = {AEADS, PRFS, GROUPS};
static const struct ipsec_transform esp_ciphers[] = {CIPHERS, INTEGRITY, ESN(YES), ESN(NO)};
static const struct ipsec_transform esp_aeads[] = {AEADS, ESN(YES), ESN(NO)};

static void add(struct ipsec_proposals *out, enum ipsec_protocol protocol,
                const struct ipsec_transform *transform, size_t count)
{
    struct ipsec_proposal *proposal = &out->item[out->count];

    proposal->protocol = (uint8_t)protocol;
    proposal->transform_count = (uint8_t)count;
    memcpy(proposal->transform, transform, count * sizeof(*transform));
    out->count++;
}

void ipsec_proposals_default(enum ipsec_protocol protocol, struct ipsec_proposals *out)
{
    memset(out, 0, sizeof(*out)); /* AH: there is no default */
    if (protocol == IPSEC_PROTOCOL_IKE) {
        add(out, protocol, ike_ciphers, IPSECI_COUNT(ike_ciphers));
        add(out, protocol, ike_aeads, IPSECI_COUNT(ike_aeads));
    } else if (protocol == IPSEC_PROTOCOL_ESP) {
        add(out, protocol, esp_ciphers, IPSECI_COUNT(esp_ciphers));
        add(out, protocol, esp_aeads, IPSECI_COUNT(esp_aeads));
    }
}

static bool is_possible(const struct ipsec_transform *t, const struct ipsec_crypto_list *crypto)
{
    /* ESN, and NONE of integrity or key exchange, need no provider. */
    if (t->type == IPSEC_TRANSFORM_ESN ||
        (t->id == 0 && (t->type == IPSEC_TRANSFORM_INTEG || t->type >= IPSEC_TRANSFORM_KE))) {
        return true;
    }
    if (!ipseci_suite_knows(t->type, t->id)) {
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
