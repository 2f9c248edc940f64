/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim_auth.h.
 */
#include "sim_auth.h"

#include "bytes.h"
#include "reader.h"

#include <ipsec/proposal.h>

#include <stdlib.h>
#include <string.h>

#define SPKI_BYTES 11

static uint64_t mix(uint64_t h, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        h = (h ^ data[i]) * 1099511628211u;
        h ^= h >> 29;
    }
    return h;
}

static uint64_t sum(uint64_t number, enum ipsec_signature how, const struct ipsec_view parts[],
                    size_t count)
{
    uint64_t h = number * 31 + (uint64_t)how + 1469598103934665603u;

    for (size_t i = 0; i < count; i++) {
        h = mix(h, parts[i].data, parts[i].length);
    }
    return h;
}

/* ---- the signer --------------------------------------------------------------------------------
 */

static bool on_supports(void *context, enum ipsec_signature how)
{
    const struct sim_auth *a = context;

    return (a->supported & 1u << (unsigned)how) != 0;
}

static enum ipsec_status on_key_info(void *context, const struct ipsec_private_key *key,
                                     struct ipsec_key_info *out)
{
    (void)context;
    out->kind = key->kind;
    out->bits = key->bits;
    return IPSEC_OK;
}

static enum ipsec_status on_public_info(void *context, struct ipsec_view key,
                                        struct ipsec_key_info *out)
{
    (void)context;
    if (key.length != SPKI_BYTES) {
        return IPSEC_DROP_MALFORMED;
    }
    out->kind = key.data[0];
    out->bits = ipseci_load16(key.data + 1);
    return IPSEC_OK;
}

/* RSA: the sum, filled up to the modulus. ECDSA: r is the sum, s its complement, as DER. */
static size_t shape(uint8_t kind, uint16_t bits, uint64_t value, uint8_t *out)
{
    struct ipseci_writer w = ipseci_writer_init(out, IPSEC_SIGNATURE_BYTES_MAX);

    if (kind == IPSEC_KEY_EC) {
        value = (value >> 1) | (uint64_t)1 << 61; /* positive, always eight octets */
        ipseci_write16(&w, 0x3014);
        ipseci_write16(&w, 0x0208);
        ipseci_write64(&w, value);
        ipseci_write16(&w, 0x0208);
        ipseci_write64(&w, value ^ 0x1555555555555555u);
        return w.used;
    }
    ipseci_write64(&w, value);
    ipseci_write_zeros(&w, (bits + 7u) / 8 - w.used);
    return w.used;
}

static enum ipsec_status on_sign(void *context, struct ipsec_private_key *key,
                                 enum ipsec_signature how, const struct ipsec_view parts[],
                                 size_t part_count, uint8_t *out, size_t *length)
{
    struct sim_auth *a = context;

    a->signed_count++;
    if (a->breaks) {
        return IPSEC_FATAL_CRYPTO;
    }
    *length = shape(key->kind, key->bits, sum(key->number, how, parts, part_count), out);
    return IPSEC_OK;
}

static enum ipsec_status on_verify(void *context, struct ipsec_view key,
                                   const struct ipsec_signature_check *check)
{
    uint8_t wanted[IPSEC_SIGNATURE_BYTES_MAX];
    const uint64_t number = ipseci_load64(key.data + 3);
    const size_t length = shape(key.data[0], ipseci_load16(key.data + 1),
                                sum(number, check->how, check->parts, check->part_count), wanted);

    (void)context;
    return check->signature.length == length && memcmp(check->signature.data, wanted, length) == 0
               ? IPSEC_OK
               : IPSEC_DROP_ICV;
}

/* ---- the verifier ------------------------------------------------------------------------------
 */

static enum ipsec_cert_problem problem_of(const struct ipsec_cert_query *query,
                                          struct ipsec_cert_result *result)
{
    struct ipseci_reader r = ipseci_reader_init(query->certificates[0]);
    const struct ipsec_view key = ipseci_read_view(&r, SPKI_BYTES);
    const uint8_t issuer = ipseci_read8(&r);
    const int64_t not_after = (int64_t)ipseci_read64(&r);
    const uint8_t type = ipseci_read8(&r);
    const struct ipsec_view id = ipseci_read_view(&r, ipseci_read8(&r));

    if (r.failed) {
        return IPSEC_CERT_MALFORMED;
    }
    if (query->trust == NULL || query->trust->issuer != issuer) {
        return IPSEC_CERT_UNTRUSTED;
    }
    if (query->wall_time > not_after) {
        return IPSEC_CERT_EXPIRED;
    }
    if (type != query->id->type || id.length != query->id->length ||
        memcmp(id.data, query->id->bytes, id.length) != 0) {
        return IPSEC_CERT_IDENTITY;
    }
    memcpy(result->public_key, key.data, SPKI_BYTES);
    result->public_key_length = SPKI_BYTES;
    return IPSEC_CERT_GOOD;
}

static enum ipsec_status on_validate(void *context, const struct ipsec_cert_query *query,
                                     struct ipsec_cert_result *result)
{
    struct sim_auth *a = context;

    a->validated++;
    result->problem = problem_of(query, result);
    return IPSEC_OK;
}

static size_t on_authorities(void *context, const struct ipsec_trust *trust,
                             uint8_t (*out)[IPSEC_AUTHORITY_BYTES], size_t max)
{
    (void)context;
    const size_t count = (trust->issuer != 0 ? 1 : 0) + trust->more; /* 0: an empty store */
    for (size_t i = 0; i < count && i < max; i++) {
        memset(out[i], trust->issuer + (int)i, IPSEC_AUTHORITY_BYTES);
    }
    return count;
}

/* ---- making ------------------------------------------------------------------------------------
 */

void sim_auth_init(struct sim_auth *a)
{
    a->signer.size = sizeof(a->signer);
    a->signer.name = "toy";
    a->signer.context = a;
    a->signer.supports = on_supports;
    a->signer.key_info = on_key_info;
    a->signer.public_info = on_public_info;
    a->signer.sign = on_sign;
    a->signer.verify = on_verify;
    a->x509.size = sizeof(a->x509);
    a->x509.name = "toy";
    a->x509.context = a;
    a->x509.validate = on_validate;
    a->x509.authorities = on_authorities;
    a->supported = (1u << IPSEC_SIGNATURE_ED25519) - 1;
    a->credential.size = sizeof(a->credential);
}

void sim_auth_certify(struct sim_auth *a, const struct sim_cert *cert)
{
    struct ipseci_writer w = ipseci_writer_init(a->cert, sizeof(a->cert));

    a->key.kind = cert->kind;
    a->key.bits = cert->bits;
    a->key.number = mix(cert->bits, cert->id->bytes, cert->id->length);
    ipseci_write8(&w, cert->kind);
    ipseci_write16(&w, cert->bits);
    ipseci_write64(&w, a->key.number);
    ipseci_write8(&w, cert->issuer);
    ipseci_write64(&w, (uint64_t)cert->not_after);
    ipseci_write8(&w, cert->id->type);
    ipseci_write8(&w, cert->id->length);
    ipseci_write_bytes(&w, cert->id->bytes, cert->id->length);
    if (cert->length > w.used) {
        ipseci_write_zeros(&w, cert->length - w.used);
    }
    if (w.failed) {
        abort();
    }
    a->chain[0] = ipseci_written(&w);
    a->credential.chain = a->chain;
    a->credential.chain_count = 1;
    a->credential.key = &a->key;
}
