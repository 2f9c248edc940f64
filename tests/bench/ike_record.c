/* SPDX-License-Identifier: Apache-2.0
 *
 * See ike_record.h. Each call has its wrapper, which notes it and stops the engine's clock, and
 * right after it what does the same again.
 */
#include "ike_record.h"

#include "bench.h"

#include <string.h>

/* What the calls of one repetition share. */
struct replay {
    const struct ike_record *record;
    struct ipsec_key *keys[RECORD_KEYS_MAX];
    struct ipsec_ke *ke;
};

static const uint8_t zeros[RECORD_OCTETS];

/* ---- notes and clock ---------------------------------------------------------------------------
 */

void ike_record_enter(struct ike_record *r)
{
    r->since = bench_now();
}

void ike_record_leave(struct ike_record *r)
{
    r->engine_ns += bench_now() - r->since;
}

/* The engine has called: its clock stops until it enters again. Gives where to note the call. */
static struct ike_call *note(struct ike_record *r, enum ike_cost cost,
                             void (*again)(const struct ike_call *call, void *replay))
{
    static struct ike_call nowhere;
    ike_record_leave(r);
    if (!r->on) {
        return &nowhere;
    }
    bench_require(r->calls < RECORD_CALLS_MAX, "more calls in a handshake than expected");
    struct ike_call *call = &r->call[r->calls];
    r->calls++;
    call->cost = cost;
    call->again = again;
    return call;
}

static struct ipsec_view keep(struct ike_record *r, struct ipsec_view view)
{
    if (!r->on) {
        return view;
    }
    bench_require(r->octets_used + view.length <= sizeof(r->octets), "more octets than expected");
    uint8_t *copy = r->octets + r->octets_used;
    memcpy(copy, view.data, view.length);
    r->octets_used += view.length;
    return (struct ipsec_view){copy, view.length};
}

static const struct ipsec_view *keep_all(struct ike_record *r, const struct ipsec_view *views,
                                         size_t count)
{
    if (!r->on) {
        return views;
    }
    bench_require(r->views_used + count <= sizeof(r->views) / sizeof(r->views[0]),
                  "more certificates than expected");
    struct ipsec_view *copy = r->views + r->views_used;
    r->views_used += count;
    for (size_t i = 0; i < count; i++) {
        copy[i] = keep(r, views[i]);
    }
    return copy;
}

static size_t total(const struct ipsec_view parts[], size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += parts[i].length;
    }
    bench_require(length <= RECORD_OCTETS, "a longer message than expected");
    return length;
}

/* ---- random octets, keys and ciphers -----------------------------------------------------------
 */

static bool on_supports(void *c, enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    const struct ike_record *r = c;
    return r->real->supports(r->real->context, type, id, bits);
}

static void again_random(const struct ike_call *call, void *replay)
{
    const struct replay *p = replay;
    const struct ipsec_crypto *real = p->record->real;
    uint8_t out[RECORD_OCTETS];
    bench_require(real->random(real->context, out, call->length) == IPSEC_OK, "bare random");
}

static enum ipsec_status on_random(void *c, uint8_t *out, size_t length)
{
    struct ike_record *r = c;
    note(r, COST_SK, again_random)->length = length;
    const enum ipsec_status status = r->real->random(r->real->context, out, length);
    ike_record_enter(r);
    return status;
}

static void again_key(const struct ike_call *call, void *replay)
{
    struct replay *p = replay;
    const struct ipsec_crypto *real = p->record->real;
    struct ipsec_key_params params = call->params;
    params.encr_key.data = zeros;
    params.integ_key.data = zeros;
    bench_require(real->key_new(real->context, &params, &p->keys[call->id]) == IPSEC_OK,
                  "bare key");
}

static enum ipsec_status on_key_new(void *c, const struct ipsec_key_params *params,
                                    struct ipsec_key **key)
{
    struct ike_record *r = c;
    struct ike_call *call = note(r, COST_SK, again_key);
    call->params = *params;
    call->id = (uint16_t)r->key_count;
    const enum ipsec_status status = r->real->key_new(r->real->context, params, key);
    if (r->on) {
        bench_require(r->key_count < RECORD_KEYS_MAX && status == IPSEC_OK, "keys");
        r->keys[r->key_count] = *key;
        r->key_count++;
    }
    ike_record_enter(r);
    return status;
}

static void on_key_free(void *c, struct ipsec_key *key)
{
    struct ike_record *r = c;
    ike_record_leave(r);
    r->real->key_free(r->real->context, key);
    ike_record_enter(r);
}

static bool on_combines(void *c, uint16_t encr, uint16_t bits, uint16_t integ)
{
    const struct ike_record *r = c;
    return r->real->combines != NULL && r->real->combines(r->real->context, encr, bits, integ);
}

static void again_op(const struct ike_call *call, void *replay)
{
    const struct replay *p = replay;
    const struct ipsec_crypto *real = p->record->real;
    static uint8_t data[RECORD_OCTETS];
    static uint8_t tag[IPSEC_TAG_BYTES_MAX];
    struct ipsec_crypto_op op = {.key = p->keys[call->id],
                                 .data = data,
                                 .aad = zeros,
                                 .iv = zeros,
                                 .tag = tag,
                                 .data_length = (uint32_t)call->length,
                                 .aad_length = (uint16_t)call->aad_length};
    struct ipsec_crypto_op *const ops[1] = {&op};
    real->run(real->context, ops, 1);
}

static void note_op(struct ike_record *r, const struct ipsec_crypto_op *op)
{
    struct ike_call *call = note(r, COST_SK, again_op);
    call->length = op->data_length;
    call->aad_length = op->aad_length;
    for (size_t k = 0; k < r->key_count && r->on; k++) {
        if (r->keys[k] == op->key) {
            call->id = (uint16_t)k;
        }
    }
}

static void on_run(void *c, struct ipsec_crypto_op *const ops[], size_t n)
{
    struct ike_record *r = c;
    for (size_t i = 0; i < n; i++) {
        note_op(r, ops[i]);
        r->real->run(r->real->context, ops + i, 1);
        ike_record_enter(r);
    }
}

/* ---- PRF ---------------------------------------------------------------------------------------
 */

static void again_prf(const struct ike_call *call, void *replay)
{
    const struct replay *p = replay;
    const struct ipsec_crypto *real = p->record->real;
    const struct ipsec_view key = {zeros, call->key_length};
    const struct ipsec_view part = {zeros, call->length};
    uint8_t out[IPSEC_PRF_BYTES_MAX];
    bench_require(real->prf(real->context, call->id, key, &part, 1, out) == IPSEC_OK, "bare PRF");
}

static enum ipsec_status on_prf(void *c, uint16_t id, struct ipsec_view key,
                                const struct ipsec_view parts[], size_t count, uint8_t *out)
{
    struct ike_record *r = c;
    struct ike_call *call = note(r, COST_PRF, again_prf);
    call->id = id;
    call->key_length = key.length;
    call->length = total(parts, count);
    const enum ipsec_status status = r->real->prf(r->real->context, id, key, parts, count, out);
    ike_record_enter(r);
    return status;
}

static void again_sha1(const struct ike_call *call, void *replay)
{
    const struct replay *p = replay;
    const struct ipsec_crypto *real = p->record->real;
    const struct ipsec_view part = {zeros, call->length};
    uint8_t out[20];
    bench_require(real->sha1(real->context, &part, 1, out) == IPSEC_OK, "bare SHA-1");
}

static enum ipsec_status on_sha1(void *c, const struct ipsec_view parts[], size_t count,
                                 uint8_t out[20])
{
    struct ike_record *r = c;
    note(r, COST_PRF, again_sha1)->length = total(parts, count);
    const enum ipsec_status status = r->real->sha1(r->real->context, parts, count, out);
    ike_record_enter(r);
    return status;
}

/* ---- key exchange ------------------------------------------------------------------------------
 */

static void again_start(const struct ike_call *call, void *replay)
{
    struct replay *p = replay;
    const struct ipsec_crypto *real = p->record->real;
    uint8_t value[IPSEC_KE_PUBLIC_MAX];
    size_t length = sizeof(value);
    bench_require(real->ke_start(real->context, call->id, &p->ke, value, &length) == IPSEC_OK,
                  "bare start of a key exchange");
}

static enum ipsec_status on_start(void *c, uint16_t id, struct ipsec_ke **ke, uint8_t *value,
                                  size_t *length)
{
    struct ike_record *r = c;
    note(r, COST_DH, again_start)->id = id;
    const enum ipsec_status status = r->real->ke_start(r->real->context, id, ke, value, length);
    ike_record_enter(r);
    return status;
}

static void again_respond(const struct ike_call *call, void *replay)
{
    const struct replay *p = replay;
    const struct ipsec_crypto *real = p->record->real;
    uint8_t value[IPSEC_KE_PUBLIC_MAX];
    uint8_t secret[IPSEC_KE_SECRET_MAX];
    size_t length = sizeof(value);
    size_t secret_length = sizeof(secret);
    bench_require(real->ke_respond(real->context, call->id, call->value, value, &length, secret,
                                   &secret_length) == IPSEC_OK,
                  "bare answer of a key exchange");
}

static enum ipsec_status on_respond(void *c, uint16_t id, struct ipsec_view peer, uint8_t *value,
                                    size_t *length, uint8_t *secret, size_t *secret_length)
{
    struct ike_record *r = c;
    struct ike_call *call = note(r, COST_DH, again_respond);
    call->id = id;
    call->value = keep(r, peer);
    const enum ipsec_status status =
        r->real->ke_respond(r->real->context, id, peer, value, length, secret, secret_length);
    ike_record_enter(r);
    return status;
}

static void again_finish(const struct ike_call *call, void *replay)
{
    struct replay *p = replay;
    const struct ipsec_crypto *real = p->record->real;
    uint8_t secret[IPSEC_KE_SECRET_MAX];
    size_t length = sizeof(secret);
    bench_require(real->ke_finish(real->context, p->ke, call->value, secret, &length) == IPSEC_OK,
                  "bare end of a key exchange");
    real->ke_free(real->context, p->ke);
    p->ke = NULL;
}

static enum ipsec_status on_finish(void *c, struct ipsec_ke *ke, struct ipsec_view peer,
                                   uint8_t *secret, size_t *length)
{
    struct ike_record *r = c;
    note(r, COST_DH, again_finish)->value = keep(r, peer);
    const enum ipsec_status status = r->real->ke_finish(r->real->context, ke, peer, secret, length);
    ike_record_enter(r);
    return status;
}

static void on_ke_free(void *c, struct ipsec_ke *ke)
{
    struct ike_record *r = c;
    ike_record_leave(r);
    r->real->ke_free(r->real->context, ke);
    ike_record_enter(r);
}

/* ---- signatures and certificates ---------------------------------------------------------------
 *
 * Questions about keys are the engine's own affair: they are not needed for a signature, so their
 * time is its own.
 */

static bool on_signs(void *c, enum ipsec_signature how)
{
    const struct ike_record *r = c;
    return r->real_signer->supports(r->real_signer->context, how);
}

static enum ipsec_status on_key_info(void *c, const struct ipsec_private_key *key,
                                     struct ipsec_key_info *out)
{
    const struct ike_record *r = c;
    return r->real_signer->key_info(r->real_signer->context, key, out);
}

static enum ipsec_status on_public_info(void *c, struct ipsec_view key, struct ipsec_key_info *out)
{
    const struct ike_record *r = c;
    return r->real_signer->public_info(r->real_signer->context, key, out);
}

static void again_sign(const struct ike_call *call, void *replay)
{
    const struct replay *p = replay;
    const struct ipsec_signer *signer = p->record->real_signer;
    const struct ipsec_view part = {zeros, call->length};
    uint8_t out[IPSEC_SIGNATURE_BYTES_MAX];
    size_t length = sizeof(out);
    bench_require(signer->sign(signer->context, call->key, (enum ipsec_signature)call->id, &part, 1,
                               out, &length) == IPSEC_OK,
                  "bare signature");
}

static enum ipsec_status on_sign(void *c, struct ipsec_private_key *key, enum ipsec_signature how,
                                 const struct ipsec_view parts[], size_t count, uint8_t *out,
                                 size_t *length)
{
    struct ike_record *r = c;
    const struct ipsec_signer *signer = r->real_signer;
    struct ike_call *call = note(r, COST_SIGN, again_sign);
    call->id = (uint16_t)how;
    call->key = key;
    call->length = total(parts, count);
    const enum ipsec_status status =
        signer->sign(signer->context, key, how, parts, count, out, length);
    ike_record_enter(r);
    return status;
}

/* The signature is one of something else: the same work up to the comparison at the end. */
static void again_verify(const struct ike_call *call, void *replay)
{
    const struct replay *p = replay;
    const struct ipsec_signer *signer = p->record->real_signer;
    const struct ipsec_view part = {zeros, call->length};
    const struct ipsec_signature_check check = {.how = (enum ipsec_signature)call->id,
                                                .parts = &part,
                                                .part_count = 1,
                                                .signature = call->value};
    bench_require(signer->verify(signer->context, call->peer_key, &check) == IPSEC_DROP_ICV,
                  "bare check of a signature");
}

static enum ipsec_status on_verify(void *c, struct ipsec_view key,
                                   const struct ipsec_signature_check *check)
{
    struct ike_record *r = c;
    const struct ipsec_signer *signer = r->real_signer;
    struct ike_call *call = note(r, COST_VERIFY, again_verify);
    call->id = (uint16_t)check->how;
    call->value = keep(r, check->signature);
    call->peer_key = keep(r, key);
    call->length = total(check->parts, check->part_count);
    const enum ipsec_status status = signer->verify(signer->context, key, check);
    ike_record_enter(r);
    return status;
}

static void again_validate(const struct ike_call *call, void *replay)
{
    const struct replay *p = replay;
    const struct ipsec_x509 *x509 = p->record->real_x509;
    struct ipsec_cert_result result;
    bench_require(x509->validate(x509->context, &call->query, &result) == IPSEC_OK &&
                      result.problem == IPSEC_CERT_GOOD,
                  "bare check of a certificate");
}

static enum ipsec_status on_validate(void *c, const struct ipsec_cert_query *query,
                                     struct ipsec_cert_result *result)
{
    struct ike_record *r = c;
    struct ike_call *call = note(r, COST_CHAIN, again_validate);
    call->query = *query;
    call->query.certificates = keep_all(r, query->certificates, query->certificate_count);
    call->query.crl_count = 0; /* none is sent */
    if (r->on) {
        r->id = *query->id;
        call->query.id = &r->id;
    }
    const enum ipsec_status status = r->real_x509->validate(r->real_x509->context, query, result);
    ike_record_enter(r);
    return status;
}

static size_t on_authorities(void *c, const struct ipsec_trust *trust,
                             uint8_t (*out)[IPSEC_AUTHORITY_BYTES], size_t max)
{
    const struct ike_record *r = c;
    return r->real_x509->authorities(r->real_x509->context, trust, out, max);
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

void ike_record_init(struct ike_record *r, const struct ipsec_crypto *real,
                     const struct ipsec_signer *signer, const struct ipsec_x509 *x509)
{
    memset(r, 0, sizeof(*r));
    r->real = real;
    r->real_signer = signer;
    r->real_x509 = x509;
    r->crypto = (struct ipsec_crypto){.size = sizeof(r->crypto),
                                      .name = "recorder",
                                      .context = r,
                                      .supports = on_supports,
                                      .random = on_random,
                                      .key_new = on_key_new,
                                      .key_free = on_key_free,
                                      .combines = on_combines,
                                      .run = on_run,
                                      .prf = on_prf,
                                      .sha1 = on_sha1,
                                      .ke_start = on_start,
                                      .ke_respond = on_respond,
                                      .ke_finish = on_finish,
                                      .ke_free = on_ke_free};
    r->signer = (struct ipsec_signer){.size = sizeof(r->signer),
                                      .name = "recorder",
                                      .context = r,
                                      .supports = on_signs,
                                      .key_info = on_key_info,
                                      .public_info = on_public_info,
                                      .sign = on_sign,
                                      .verify = on_verify};
    r->x509 = (struct ipsec_x509){.size = sizeof(r->x509),
                                  .name = "recorder",
                                  .context = r,
                                  .validate = on_validate,
                                  .authorities = on_authorities};
}

/* Long calls by processor time, which others on the machine do not take; reading that clock costs
 * as much as a short call. */
void ike_record_again(const struct ike_record *r, uint64_t ns[COSTS])
{
    struct replay replay = {.record = r};
    for (size_t i = 0; i < r->calls; i++) {
        const struct ike_call *call = &r->call[i];
        uint64_t (*const clock)(void) = call->cost <= COST_CHAIN ? bench_cpu : bench_now;
        const uint64_t start = clock();
        call->again(call, &replay);
        ns[call->cost] += clock() - start;
    }
    for (size_t i = 0; i < RECORD_KEYS_MAX; i++) {
        r->real->key_free(r->real->context, replay.keys[i]);
    }
}
