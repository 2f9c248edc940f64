/* SPDX-License-Identifier: Apache-2.0
 *
 * Key exchange: picks the provider and holds values to the group's lengths in both directions.
 * Called by IKE's jobs. RFC 7296 2.14, 3.4; RFC 6989 (the group's own checks are the provider's).
 */
#include "facade.h"

struct chosen {
    const struct ipseci_ke_info *info;
    const struct ipsec_crypto *provider;
};

static enum ipsec_status choose(const struct ipsec_crypto_list *list, uint16_t group,
                                struct chosen *out)
{
    out->info = ipseci_ke_find(group);
    out->provider = ipseci_crypto_find(list, IPSEC_TRANSFORM_KE, group, 0);
    return out->info != NULL && out->provider != NULL ? IPSEC_OK : IPSEC_ERR_NOT_BUILT_IN;
}

/* What a provider may answer is passed on; success that is not IPSEC_OK would be a broken provider.
 */
static enum ipsec_status answer(enum ipsec_status status, bool lengths_right)
{
    if (status < IPSEC_OK) {
        return status;
    }
    return status == IPSEC_OK && lengths_right ? IPSEC_OK : IPSEC_FATAL_CRYPTO;
}

enum ipsec_status ipseci_ke_start(struct ipseci_ke_state *state,
                                  const struct ipsec_crypto_list *list, uint16_t group,
                                  struct ipseci_octets *public_value)
{
    struct chosen c;
    struct ipsec_ke *ke = NULL;

    *state = (struct ipseci_ke_state){0};
    IPSECI_TRY(choose(list, group, &c));
    size_t length = public_value->capacity;
    if (length < c.info->public_octets) {
        return IPSEC_ERR_BUFFER;
    }
    enum ipsec_status status =
        c.provider->ke_start(c.provider->context, group, &ke, public_value->data, &length);
    status = answer(status, ke != NULL && length == c.info->public_octets);
    if (status != IPSEC_OK) {
        c.provider->ke_free(c.provider->context, ke);
        return status;
    }
    public_value->length = length;
    state->provider = c.provider;
    state->ke = ke;
    state->group = group;
    return IPSEC_OK;
}

enum ipsec_status ipseci_ke_respond(const struct ipsec_crypto_list *list, uint16_t group,
                                    struct ipsec_view peer_public,
                                    struct ipseci_octets *public_value,
                                    struct ipseci_octets *secret)
{
    struct chosen c;

    IPSECI_TRY(choose(list, group, &c));
    size_t public_length = public_value->capacity;
    size_t secret_length = secret->capacity;
    if (public_length < c.info->public_octets || secret_length < c.info->secret_octets) {
        return IPSEC_ERR_BUFFER;
    }
    /* RFC 7296 3.4: the length must be that of the prime (or of both coordinates). */
    if (peer_public.length != c.info->public_octets) {
        return IPSEC_DROP_KE;
    }
    enum ipsec_status status =
        c.provider->ke_respond(c.provider->context, group, peer_public, public_value->data,
                               &public_length, secret->data, &secret_length);
    status = answer(status, public_length == c.info->public_octets &&
                                secret_length == c.info->secret_octets);
    if (status != IPSEC_OK) {
        ipseci_wipe(secret->data, secret->capacity);
        return status;
    }
    public_value->length = public_length;
    secret->length = secret_length;
    return IPSEC_OK;
}

enum ipsec_status ipseci_ke_finish(const struct ipseci_ke_state *state,
                                   struct ipsec_view peer_public, struct ipseci_octets *secret)
{
    const struct ipseci_ke_info *info = ipseci_ke_find(state->group);
    const struct ipsec_crypto *p = state->provider;
    size_t length = secret->capacity;

    if (p == NULL || info == NULL) {
        return IPSEC_ERR_STATE;
    }
    if (length < info->secret_octets) {
        return IPSEC_ERR_BUFFER;
    }
    if (peer_public.length != info->public_octets) {
        return IPSEC_DROP_KE; /* RFC 7296 3.4 */
    }
    enum ipsec_status status =
        p->ke_finish(p->context, state->ke, peer_public, secret->data, &length);
    status = answer(status, length == info->secret_octets);
    if (status != IPSEC_OK) {
        ipseci_wipe(secret->data, secret->capacity);
        return status;
    }
    secret->length = length;
    return IPSEC_OK;
}

void ipseci_ke_free(struct ipseci_ke_state *state)
{
    if (state->provider != NULL) {
        state->provider->ke_free(state->provider->context, state->ke);
    }
    ipseci_wipe(state, sizeof(*state));
}
