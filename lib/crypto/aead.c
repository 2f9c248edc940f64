/* SPDX-License-Identifier: Apache-2.0
 *
 * Every cipher suite in the shape of an AEAD, and batches over them. Called by ESP for each burst
 * and by IKE for each SK payload. RFC 4303 3.3.2 and 3.4.4 (order of encryption and ICV), RFC
 * 7296 3.14.
 */
#include "facade.h"

/* Ops gathered on the stack for the second pass. */
#define CHUNK_OPS 32u

_Static_assert(sizeof(struct ipseci_aead) <= 64, "lives in every SA");

static enum ipsec_status check_key(const struct ipseci_encr *encr, const struct ipseci_integ *integ,
                                   const struct ipsec_key_params *params)
{
    if (!ipseci_encr_bits_valid(encr, params->encr_key_bits) ||
        params->encr_key.length != ipseci_encr_key_octets(encr, params->encr_key_bits)) {
        return IPSEC_ERR_ARGUMENT;
    }
    size_t mac_octets = integ != NULL ? integ->key_octets : 0;
    return params->integ_key.length == mac_octets ? IPSEC_OK : IPSEC_ERR_ARGUMENT;
}

/* Fills encr and integ (NULL: none) when the combination is one that may be used. */
static enum ipsec_status check_params(const struct ipsec_key_params *params,
                                      const struct ipseci_encr **encr,
                                      const struct ipseci_integ **integ)
{
    *encr = ipseci_encr_find(params->encr_id);
    *integ = ipseci_integ_find(params->integ_id);
    bool with_mac = params->integ_id != IPSEC_INTEG_NONE;
    if (*encr == NULL || (with_mac && *integ == NULL) || params->direction > IPSEC_OPEN) {
        return IPSEC_ERR_ARGUMENT;
    }
    if ((*encr)->aead && with_mac) {
        return IPSEC_ERR_ARGUMENT;
    }
    /* RFC 4303 3.2: encryption and integrity must not both be NULL. RFC 8221 4: encryption without
     * integrity must not be used. */
    if (!(*encr)->aead && !with_mac) {
        return IPSEC_ERR_FORBIDDEN;
    }
    return check_key(*encr, *integ, params);
}

static enum ipsec_status make_pass(struct ipseci_pass *pass, const struct ipsec_crypto *provider,
                                   const struct ipsec_key_params *params)
{
    struct ipsec_key *key = NULL;
    enum ipsec_status status = provider->key_new(provider->context, params, &key);
    if (status != IPSEC_OK) {
        return status < IPSEC_OK ? status : IPSEC_FATAL_CRYPTO;
    }
    if (key == NULL) {
        return IPSEC_FATAL_CRYPTO;
    }
    pass->provider = provider;
    pass->key = key;
    return IPSEC_OK;
}

static struct ipsec_key_params cipher_only(const struct ipsec_key_params *params)
{
    struct ipsec_key_params p = *params;
    p.integ_id = IPSEC_INTEG_NONE;
    p.integ_key = ipseci_view(NULL, 0);
    return p;
}

static struct ipsec_key_params mac_only(const struct ipsec_key_params *params)
{
    struct ipsec_key_params p = *params;
    p.encr_id = 0;
    p.encr_key_bits = 0;
    p.encr_key = ipseci_view(NULL, 0);
    return p;
}

/* A plain cipher (or NULL) with a MAC: one pass when possible, else two in the order of direction.
 */
static enum ipsec_status make_composed(struct ipseci_aead *a, const struct ipsec_crypto *cipher,
                                       const struct ipsec_crypto *mac,
                                       const struct ipsec_key_params *params)
{
    struct ipsec_key_params cipher_params = cipher_only(params);
    struct ipsec_key_params mac_params = mac_only(params);

    /* RFC 2410: the NULL cipher changes nothing, so the MAC alone is the whole suite. */
    if (params->encr_id == IPSEC_ENCR_NULL) {
        return make_pass(&a->first, mac, &mac_params);
    }
    if (cipher == mac && cipher->combines != NULL &&
        cipher->combines(cipher->context, params->encr_id, params->encr_key_bits,
                         params->integ_id)) {
        return make_pass(&a->first, cipher, params);
    }
    bool seal = params->direction == IPSEC_SEAL;
    IPSECI_TRY(make_pass(seal ? &a->first : &a->second, cipher, &cipher_params));
    return make_pass(seal ? &a->second : &a->first, mac, &mac_params);
}

static enum ipsec_status make_passes(struct ipseci_aead *a, const struct ipsec_crypto_list *list,
                                     const struct ipsec_key_params *params)
{
    const struct ipsec_crypto *cipher =
        ipseci_crypto_find(list, IPSEC_TRANSFORM_ENCR, params->encr_id, params->encr_key_bits);
    if (cipher == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    if (a->is_aead) {
        struct ipsec_key_params p = *params;
        p.encr_id = ipseci_encr_done_as(params->encr_id);
        return make_pass(&a->first, cipher, &p);
    }
    const struct ipsec_crypto *mac =
        ipseci_crypto_find(list, IPSEC_TRANSFORM_INTEG, params->integ_id, 0);
    if (mac == NULL) {
        return IPSEC_ERR_NOT_BUILT_IN;
    }
    return make_composed(a, cipher, mac, params);
}

enum ipsec_status ipseci_aead_init(struct ipseci_aead *a, const struct ipsec_crypto_list *list,
                                   const struct ipsec_key_params *params)
{
    const struct ipseci_encr *encr = NULL;
    const struct ipseci_integ *integ = NULL;
    *a = (struct ipseci_aead){0};
    IPSECI_TRY(check_params(params, &encr, &integ));

    a->iv_length = encr->iv_octets;
    a->tag_length = integ != NULL ? integ->tag_octets : encr->tag_octets;
    a->block = encr->block;
    a->cipher_block = encr->block > 4 ? encr->block : 1;
    a->is_aead = encr->aead;
    a->direction = params->direction;

    enum ipsec_status status = make_passes(a, list, params);
    if (status != IPSEC_OK) {
        ipseci_aead_deinit(a);
        return status;
    }
    a->is_single = a->second.provider == NULL;
    return IPSEC_OK;
}

static void free_pass(const struct ipseci_pass *pass)
{
    if (pass->provider != NULL) {
        pass->provider->key_free(pass->provider->context, pass->key);
    }
}

void ipseci_aead_deinit(struct ipseci_aead *a)
{
    free_pass(&a->first);
    free_pass(&a->second);
    ipseci_wipe(a, sizeof(*a));
}

static inline void run_ops(const struct ipsec_crypto *provider, struct ipsec_crypto_op *const ops[],
                           size_t n)
{
    if (n != 0) {
        provider->run(provider->context, ops, n);
    }
}

/* A provider that leaves an op alone must not let it pass: the status starts as a failure. */
static inline void arm(struct ipsec_crypto_op *op, struct ipsec_key *key)
{
    op->key = key;
    op->status = IPSEC_FATAL_CRYPTO;
}

/* True when some op needs a second pass. */
static bool run_first(const struct ipseci_aead *const aeads[], struct ipsec_crypto_op *const ops[],
                      size_t n)
{
    const struct ipsec_crypto *provider = aeads[0]->first.provider;
    bool more = false;
    size_t from = 0;

    for (size_t i = 0; i < n; i++) {
        if (aeads[i]->first.provider != provider) {
            run_ops(provider, ops + from, i - from);
            provider = aeads[i]->first.provider;
            from = i;
        }
        arm(ops[i], aeads[i]->first.key);
        more |= !aeads[i]->is_single;
    }
    run_ops(provider, ops + from, n - from);
    return more;
}

/* Only what passed the first: a packet with a wrong MAC is never decrypted (RFC 4303 3.4.4). */
static void run_second(const struct ipseci_aead *const aeads[], struct ipsec_crypto_op *const ops[],
                       size_t n)
{
    struct ipsec_crypto_op *chosen[CHUNK_OPS];
    const struct ipsec_crypto *provider = NULL;
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        const struct ipseci_pass *pass = &aeads[i]->second;
        if (aeads[i]->is_single || ops[i]->status != IPSEC_OK) {
            continue;
        }
        if (pass->provider != provider) {
            run_ops(provider, chosen, count);
            provider = pass->provider;
            count = 0;
        }
        arm(ops[i], pass->key);
        chosen[count++] = ops[i];
    }
    run_ops(provider, chosen, count);
}

void ipseci_aead_run(const struct ipseci_aead *const aeads[], struct ipsec_crypto_op *const ops[],
                     size_t n)
{
    for (size_t from = 0; from < n; from += CHUNK_OPS) {
        size_t count = n - from < CHUNK_OPS ? n - from : CHUNK_OPS;
        if (run_first(aeads + from, ops + from, count)) {
            run_second(aeads + from, ops + from, count);
        }
    }
}
