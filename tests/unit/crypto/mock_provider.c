/* SPDX-License-Identifier: Apache-2.0
 *
 * The fault-injecting toy provider.
 */
#include "mock_provider.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

struct ipsec_key {
    struct mock *owner;
    char kind;
    uint8_t direction;
    uint8_t tag_octets;
    uint8_t cipher;
    uint64_t mac;
};

struct ipsec_ke {
    struct mock *owner;
    uint16_t group;
    uint8_t secret;
};

static bool mock_supports(void *context, enum ipsec_transform_type type, uint16_t id,
                          uint16_t key_bits)
{
    struct mock *m = context;
    (void)key_bits;
    for (size_t i = 0; i < m->claim_count; i++) {
        if (m->claims[i].type == type && m->claims[i].id == id) {
            return true;
        }
    }
    return false;
}

static enum ipsec_status mock_random(void *context, uint8_t *out, size_t length)
{
    struct mock *m = context;
    m->randoms++;
    memset(out, (int)(0x40 + m->randoms), length);
    return m->random_fails ? IPSEC_ERR_RANDOM : IPSEC_OK;
}

static uint64_t hash(uint64_t h, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        h = (h ^ data[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

static char kind_of(const struct ipsec_key_params *params)
{
    const struct ipseci_encr *encr = ipseci_encr_find(params->encr_id);
    if (params->encr_id == 0) {
        return 'M';
    }
    if (encr != NULL && encr->aead) {
        return 'A';
    }
    return params->integ_id != 0 ? 'B' : 'C';
}

static enum ipsec_status mock_key_new(void *context, const struct ipsec_key_params *params,
                                      struct ipsec_key **out)
{
    struct mock *m = context;
    *out = NULL;
    if (m->keys_made++ == m->fail_key_at) {
        return IPSEC_ERR_MEMORY;
    }
    if (m->key_is_null) {
        return IPSEC_OK;
    }
    struct ipsec_key *key = calloc(1, sizeof(*key));
    const struct ipseci_encr *encr = ipseci_encr_find(params->encr_id);
    const struct ipseci_integ *integ = ipseci_integ_find(params->integ_id);
    key->owner = m;
    key->kind = kind_of(params);
    key->direction = params->direction;
    key->cipher = params->encr_key.length != 0 ? params->encr_key.data[0] : 0;
    key->tag_octets = integ != NULL ? integ->tag_octets : encr->tag_octets;
    key->mac = hash(7, params->integ_key.data, params->integ_key.length) + key->cipher;
    m->keys_alive++;
    *out = key;
    return IPSEC_OK;
}

static void mock_key_free(void *context, struct ipsec_key *key)
{
    struct mock *m = context;
    if (key != NULL) {
        m->keys_alive--;
        free(key);
    }
}

static bool mock_combines(void *context, uint16_t encr_id, uint16_t encr_key_bits,
                          uint16_t integ_id)
{
    struct mock *m = context;
    (void)encr_id;
    (void)encr_key_bits;
    (void)integ_id;
    return m->combines;
}

static void cipher(const struct ipsec_key *key, struct ipsec_crypto_op *op)
{
    for (size_t i = 0; i < op->data_length; i++) {
        op->data[i] = (uint8_t)(op->data[i] +
                                (key->direction == IPSEC_SEAL ? key->cipher : 256 - key->cipher));
    }
}

static enum ipsec_status mac(const struct ipsec_key *key, struct ipsec_crypto_op *op)
{
    uint8_t tag[IPSEC_TAG_BYTES_MAX] = {0};
    uint64_t h = hash(key->mac, op->aad, op->aad_length);
    h = hash(h, op->data, op->data_length);
    h = hash(h, op->scratch, op->tail_length);
    for (size_t i = 0; i < key->tag_octets; i++) {
        tag[i] = (uint8_t)(h >> (i % 8 * 8));
    }
    if (key->direction == IPSEC_SEAL) {
        memcpy(op->tag, tag, key->tag_octets);
        return IPSEC_OK;
    }
    return memcmp(op->tag, tag, key->tag_octets) == 0 ? IPSEC_OK : IPSEC_DROP_ICV;
}

static enum ipsec_status run_op(const struct ipsec_key *key, struct ipsec_crypto_op *op)
{
    bool seal = key->direction == IPSEC_SEAL;
    enum ipsec_status status = IPSEC_OK;
    if (key->kind != 'M' && seal) {
        cipher(key, op);
    }
    if (key->kind != 'C') {
        status = mac(key, op);
    }
    if (key->kind != 'M' && !seal && status == IPSEC_OK) {
        cipher(key, op);
    }
    return status;
}

static void mock_run(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    struct mock *m = context;
    if (m->runs < MOCK_LOG_MAX) {
        m->run_sizes[m->runs] = n;
    }
    m->runs++;
    for (size_t i = 0; i < n; i++) {
        const struct ipsec_key *key = ops[i]->key;
        uint32_t at = m->ops++;
        if (key->owner != m) {
            abort(); /* a key of another provider */
        }
        if (at < MOCK_LOG_MAX - 1) {
            m->log[at] = (char)(key->direction == IPSEC_SEAL ? key->kind : key->kind + 32);
        }
        if (at == m->lazy_op_at) {
            continue;
        }
        ops[i]->status = (int16_t)(at == m->fail_op_at ? IPSEC_FATAL_CRYPTO : run_op(key, ops[i]));
    }
}

/* out[i] = i-th octet of a hash of key and parts, so that each part matters. */
static enum ipsec_status mock_prf(void *context, uint16_t prf_id, struct ipsec_view key,
                                  const struct ipsec_view parts[], size_t part_count, uint8_t *out)
{
    struct mock *m = context;
    const struct ipseci_prf_info *info = ipseci_prf_find(prf_id);
    uint64_t h = hash(11, key.data, key.length);
    for (size_t i = 0; i < part_count; i++) {
        h = hash(h, parts[i].data, parts[i].length);
    }
    for (size_t i = 0; i < info->output_octets; i++) {
        h = hash(h, (const uint8_t *)"x", 1);
        out[i] = (uint8_t)(h >> 24);
    }
    return m->prfs++ == m->fail_prf_at ? IPSEC_FATAL_CRYPTO : IPSEC_OK;
}

static enum ipsec_status mock_sha1(void *context, const struct ipsec_view parts[],
                                   size_t part_count, uint8_t out[20])
{
    return mock_prf(context, IPSEC_PRF_HMAC_SHA1, (struct ipsec_view){NULL, 0}, parts, part_count,
                    out);
}

/* Public values are the secret octet repeated; the shared secret is the sum of both. */
static enum ipsec_status mock_ke_start(void *context, uint16_t ke_id, struct ipsec_ke **out,
                                       uint8_t *public_value, size_t *public_length)
{
    struct mock *m = context;
    *out = NULL;
    if (m->ke_status != IPSEC_OK) {
        return m->ke_status;
    }
    struct ipsec_ke *ke = calloc(1, sizeof(*ke));
    *public_length = ipseci_ke_find(ke_id)->public_octets;
    ke->owner = m;
    ke->group = ke_id;
    ke->secret = (uint8_t)(++m->randoms);
    memset(public_value, ke->secret, *public_length);
    *public_length -= m->ke_length_wrong;
    m->kes_alive++;
    *out = ke;
    return IPSEC_OK;
}

static enum ipsec_status mock_ke_finish(void *context, struct ipsec_ke *ke,
                                        struct ipsec_view peer_public, uint8_t *secret,
                                        size_t *secret_length)
{
    struct mock *m = context;
    *secret_length = ipseci_ke_find(ke->group)->secret_octets;
    memset(secret, ke->secret + peer_public.data[0], *secret_length);
    *secret_length -= m->ke_length_wrong;
    return peer_public.data[0] == 0 ? IPSEC_DROP_KE : m->ke_status;
}

static void mock_ke_free(void *context, struct ipsec_ke *ke)
{
    struct mock *m = context;
    if (ke != NULL) {
        m->kes_alive--;
        free(ke);
    }
}

static enum ipsec_status mock_ke_respond(void *context, uint16_t ke_id,
                                         struct ipsec_view peer_public, uint8_t *public_value,
                                         size_t *public_length, uint8_t *secret,
                                         size_t *secret_length)
{
    struct ipsec_ke *ke = NULL;
    enum ipsec_status status = mock_ke_start(context, ke_id, &ke, public_value, public_length);
    if (status == IPSEC_OK) {
        status = mock_ke_finish(context, ke, peer_public, secret, secret_length);
    }
    mock_ke_free(context, ke);
    return status;
}

void mock_init(struct mock *mock, const struct mock_claim *claims, size_t claim_count)
{
    *mock = (struct mock){0};
    mock->table = (struct ipsec_crypto){.size = sizeof(struct ipsec_crypto),
                                        .name = "mock",
                                        .context = mock,
                                        .supports = mock_supports,
                                        .random = mock_random,
                                        .key_new = mock_key_new,
                                        .key_free = mock_key_free,
                                        .combines = mock_combines,
                                        .run = mock_run,
                                        .prf = mock_prf,
                                        .sha1 = mock_sha1,
                                        .ke_start = mock_ke_start,
                                        .ke_respond = mock_ke_respond,
                                        .ke_finish = mock_ke_finish,
                                        .ke_free = mock_ke_free};
    mock->claims = claims;
    mock->claim_count = claim_count;
    mock->fail_key_at = MOCK_NEVER;
    mock->fail_op_at = MOCK_NEVER;
    mock->lazy_op_at = MOCK_NEVER;
    mock->fail_prf_at = MOCK_NEVER;
}
