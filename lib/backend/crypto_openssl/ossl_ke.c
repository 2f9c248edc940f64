/* SPDX-License-Identifier: Apache-2.0
 *
 * Key exchange in three moves. RFC 7296 2.14 (fixed width), RFC 6989 (checks of the peer's value):
 * MODP 14, 15, 16 (RFC 3526) and 24 (RFC 5114), ECP 19, 20, 21 (RFC 5903), Brainpool 28, 29, 30
 * (RFC 6954), Curve25519 and Curve448 (RFC 8031).
 *
 * Exponents are OpenSSL's: fresh for each exchange, of twice the strength of a MODP group or more.
 */
#include "ossl.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

/* The initiator's key, until the peer's value comes. */
struct ipsec_ke {
    const struct ipseci_ossl_group *group;
    EVP_PKEY *own;
};

static const struct ipseci_ossl_group groups[] = {
    {IPSEC_KE_MODP_2048, 256, 256, false, false, "DH", "modp_2048"},
    {IPSEC_KE_MODP_3072, 384, 384, false, false, "DH", "modp_3072"},
    {IPSEC_KE_MODP_4096, 512, 512, false, false, "DH", "modp_4096"},
    {IPSEC_KE_ECP_256, 64, 32, true, false, "EC", "P-256"},
    {IPSEC_KE_ECP_384, 96, 48, true, false, "EC", "P-384"},
    {IPSEC_KE_ECP_521, 132, 66, true, false, "EC", "P-521"},
    {IPSEC_KE_CURVE25519, 32, 32, false, false, "X25519", NULL},
    {IPSEC_KE_MODP_2048_256, 256, 256, false, true, "DHX", "dh_2048_256"},
    {IPSEC_KE_BRAINPOOL_P256, 64, 32, true, false, "EC", "brainpoolP256r1"},
    {IPSEC_KE_BRAINPOOL_P384, 96, 48, true, false, "EC", "brainpoolP384r1"},
    {IPSEC_KE_BRAINPOOL_P512, 128, 64, true, false, "EC", "brainpoolP512r1"},
    {IPSEC_KE_CURVE448, 56, 56, false, false, "X448", NULL},
};
_Static_assert(sizeof(groups) / sizeof(groups[0]) == IPSECI_OSSL_GROUPS, "one key a group");

const struct ipseci_ossl_group *ipseci_ossl_group_at(size_t index)
{
    return index < IPSECI_OSSL_GROUPS ? &groups[index] : NULL;
}

static const struct ipseci_ossl_group *group_find(const struct ipsec_openssl *provider, uint16_t id)
{
    for (size_t i = 0; i < IPSECI_OSSL_GROUPS; i++) {
        if (groups[i].id == id && provider->group[i] != NULL) {
            return &groups[i];
        }
    }
    return NULL;
}

bool ipseci_ossl_ke_found(const struct ipsec_openssl *provider, uint16_t id)
{
    return group_find(provider, id) != NULL;
}

/* Parameters alone where the kind has groups. Where it has not, a key, since nothing less can be
 * had; it is used for nothing but its kind. */
EVP_PKEY *ipseci_ossl_group_key(const struct ipsec_openssl *provider,
                                const struct ipseci_ossl_group *group)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c =
        EVP_PKEY_CTX_new_from_name(provider->libctx, group->type, provider->properties);
    if (c == NULL) {
        return NULL;
    }
    if (group->name == NULL) {
        (void)(EVP_PKEY_keygen_init(c) == 1 && EVP_PKEY_generate(c, &key) == 1);
    } else {
        char name[24];
        const size_t length = strlen(group->name);
        memcpy(name, group->name, length + 1); /* OSSL_PARAM has no const */
        const OSSL_PARAM named[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, length),
            OSSL_PARAM_construct_end()};
        (void)(EVP_PKEY_paramgen_init(c) == 1 && EVP_PKEY_CTX_set_params(c, named) == 1 &&
               EVP_PKEY_generate(c, &key) == 1);
    }
    EVP_PKEY_CTX_free(c);
    return key;
}

/* What a failure means: memory, or else `otherwise`. */
static enum ipsec_status failure(enum ipsec_status otherwise)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE ? IPSEC_ERR_MEMORY
                                                                         : otherwise;
}

static EVP_PKEY *generate(const struct ipsec_openssl *provider,
                          const struct ipseci_ossl_group *group)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY *model = provider->group[group - groups];
    EVP_PKEY_CTX *c =
        group->name != NULL
            ? EVP_PKEY_CTX_new_from_pkey(provider->libctx, model, provider->properties)
            : EVP_PKEY_CTX_new_from_name(provider->libctx, group->type, provider->properties);
    if (c != NULL && EVP_PKEY_keygen_init(c) == 1) {
        (void)EVP_PKEY_generate(c, &key);
    }
    EVP_PKEY_CTX_free(c);
    return key;
}

/* The public value in the group's width, without OpenSSL's lead. */
static bool write_public(const struct ipseci_ossl_group *group, const EVP_PKEY *key, uint8_t *out)
{
    uint8_t all[1 + IPSEC_KE_PUBLIC_MAX];
    const size_t lead = group->has_lead ? 1 : 0;
    size_t length = 0;
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, all, sizeof(all),
                                        &length) != 1 ||
        length != group->public_octets + lead) {
        return false;
    }
    memcpy(out, all + lead, group->public_octets);
    return true;
}

static enum ipsec_status start(const struct ipsec_openssl *provider, uint16_t ke_id,
                               struct ipsec_ke **out, uint8_t *public_value, size_t *public_length)
{
    const struct ipseci_ossl_group *group = group_find(provider, ke_id);
    if (group == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    if (*public_length < group->public_octets) {
        return IPSEC_ERR_BUFFER;
    }
    struct ipsec_ke *ke = OPENSSL_zalloc(sizeof(*ke));
    if (ke == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    ke->group = group;
    ke->own = generate(provider, group);
    if (ke->own == NULL || !write_public(group, ke->own, public_value)) {
        /* Of what a new key takes, random octets are what can be missing. */
        const enum ipsec_status status = failure(IPSEC_ERR_RANDOM);
        ipseci_ossl_ke_free(NULL, ke);
        return status;
    }
    *public_length = group->public_octets;
    *out = ke;
    return IPSEC_OK;
}

/* RFC 6989 2.1 and 2.3: OpenSSL takes MODP values of 2 to p - 2 only, and points on the curve. */
static EVP_PKEY *read_peer(const struct ipsec_openssl *provider,
                           const struct ipseci_ossl_group *group, const uint8_t *value)
{
    uint8_t all[1 + IPSEC_KE_PUBLIC_MAX];
    const size_t lead = group->has_lead ? 1 : 0;
    EVP_PKEY *model = provider->group[group - groups];
    if (group->name == NULL) {
        return EVP_PKEY_new_raw_public_key_ex(provider->libctx, group->type, provider->properties,
                                              value, group->public_octets);
    }
    all[0] = 0x04;
    memcpy(all + lead, value, group->public_octets);
    EVP_PKEY *key = EVP_PKEY_new();
    if (key == NULL || EVP_PKEY_copy_parameters(key, model) != 1 ||
        EVP_PKEY_set1_encoded_public_key(key, all, group->public_octets + lead) != 1) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* RFC 6989 2.2: y^q mod p must be 1 where there are small subgroups. */
static bool is_of_group(const struct ipsec_openssl *provider, const struct ipseci_ossl_group *group,
                        EVP_PKEY *peer)
{
    if (!group->check_order) {
        return true;
    }
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(provider->libctx, peer, provider->properties);
    const bool good = c != NULL && EVP_PKEY_public_check(c) == 1;
    EVP_PKEY_CTX_free(c);
    return good;
}

static bool derive(const struct ipsec_openssl *provider, const struct ipseci_ossl_group *group,
                   EVP_PKEY *own, EVP_PKEY *peer, uint8_t *secret)
{
    unsigned int pad = 1; /* RFC 7296 2.14: g^ir is padded too */
    const OSSL_PARAM padded[] = {OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &pad),
                                 OSSL_PARAM_construct_end()};
    size_t length = group->secret_octets;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(provider->libctx, own, provider->properties);
    /* RFC 8031 2: X25519 and X448 fail by themselves when all octets are zero. */
    const bool good = c != NULL && EVP_PKEY_derive_init_ex(c, padded) == 1 &&
                      EVP_PKEY_derive_set_peer_ex(c, peer, 0) == 1 &&
                      EVP_PKEY_derive(c, secret, &length) == 1 && length == group->secret_octets;
    EVP_PKEY_CTX_free(c);
    return good;
}

enum ipsec_status ipseci_ossl_agree(const struct ipsec_openssl *provider,
                                    const struct ipseci_ossl_group *group, EVP_PKEY *own,
                                    const uint8_t *peer_public, uint8_t *secret)
{
    enum ipsec_status status = IPSEC_OK;
    EVP_PKEY *peer = read_peer(provider, group, peer_public);
    if (peer == NULL || !is_of_group(provider, group, peer) ||
        !derive(provider, group, own, peer, secret)) {
        status = failure(IPSEC_DROP_KE);
        OPENSSL_cleanse(secret, group->secret_octets);
    }
    EVP_PKEY_free(peer);
    return status;
}

static enum ipsec_status finish(const struct ipsec_openssl *provider, const struct ipsec_ke *ke,
                                struct ipsec_view peer_public, uint8_t *secret,
                                size_t *secret_length)
{
    const struct ipseci_ossl_group *group = ke->group;
    if (*secret_length < group->secret_octets) {
        return IPSEC_ERR_BUFFER;
    }
    if (peer_public.length != group->public_octets) {
        return IPSEC_DROP_KE;
    }
    enum ipsec_status status =
        ipseci_ossl_agree(provider, group, ke->own, peer_public.data, secret);
    if (status == IPSEC_OK) {
        *secret_length = group->secret_octets;
    }
    return status;
}

enum ipsec_status ipseci_ossl_ke_start(void *context, uint16_t ke_id, struct ipsec_ke **ke,
                                       uint8_t *public_value, size_t *public_length)
{
    *ke = NULL;
    ERR_set_mark();
    enum ipsec_status status = start(context, ke_id, ke, public_value, public_length);
    ERR_pop_to_mark();
    return status;
}

enum ipsec_status ipseci_ossl_ke_finish(void *context, struct ipsec_ke *ke,
                                        struct ipsec_view peer_public, uint8_t *secret,
                                        size_t *secret_length)
{
    ERR_set_mark();
    enum ipsec_status status = finish(context, ke, peer_public, secret, secret_length);
    ERR_pop_to_mark();
    return status;
}

enum ipsec_status ipseci_ossl_ke_respond(void *context, uint16_t ke_id,
                                         struct ipsec_view peer_public, uint8_t *public_value,
                                         size_t *public_length, uint8_t *secret,
                                         size_t *secret_length)
{
    struct ipsec_ke *ke = NULL;
    enum ipsec_status status =
        ipseci_ossl_ke_start(context, ke_id, &ke, public_value, public_length);
    if (status == IPSEC_OK) {
        status = ipseci_ossl_ke_finish(context, ke, peer_public, secret, secret_length);
    }
    ipseci_ossl_ke_free(context, ke);
    return status;
}

void ipseci_ossl_ke_free(void *context, struct ipsec_ke *ke)
{
    (void)context;
    if (ke != NULL) {
        EVP_PKEY_free(ke->own); /* wipes */
        OPENSSL_free(ke);
    }
}
