/* SPDX-License-Identifier: Apache-2.0
 *
 * Key derivation. Called by the exchange handlers after the key exchange is done. RFC
 * 7296 2.13, 2.14, 2.17, 2.18.
 */
#include "ike_keys.h"
#include "facade.h"
#include "reader.h"

#include <string.h>

#define NONCE_BYTES_MAX 256 /* RFC 7296 2.10 */

#define IKE_MATERIAL_BYTES_MAX                                                                     \
    (3 * IPSEC_PRF_BYTES_MAX + 2 * IPSEC_INTEG_KEY_BYTES_MAX + 2 * IPSEC_ENCR_KEY_BYTES_MAX)
#define CHILD_MATERIAL_BYTES_MAX (2 * IPSEC_ENCR_KEY_BYTES_MAX + 2 * IPSEC_INTEG_KEY_BYTES_MAX)

/* Octets of one direction's keys. */
struct key_lengths {
    uint8_t encr; /* with the salt */
    uint8_t integ;
};

static enum ipsec_status lengths_of(const struct ipsec_suite *suite, struct key_lengths *out)
{
    const struct ipseci_encr *encr = ipseci_encr_find(suite->encr);
    const struct ipseci_integ *integ = ipseci_integ_find(suite->integ);

    if (encr == NULL || !ipseci_encr_bits_valid(encr, suite->encr_key_bits) ||
        (integ == NULL && suite->integ != IPSEC_INTEG_NONE)) {
        return IPSEC_ERR_ARGUMENT;
    }
    const size_t encr_octets = ipseci_encr_key_octets(encr, suite->encr_key_bits);
    const size_t integ_octets = integ == NULL ? 0 : integ->key_octets;
    if (encr_octets > IPSEC_ENCR_KEY_BYTES_MAX || integ_octets > IPSEC_INTEG_KEY_BYTES_MAX) {
        return IPSEC_ERR_ARGUMENT;
    }
    out->encr = (uint8_t)encr_octets;
    out->integ = (uint8_t)integ_octets;
    return IPSEC_OK;
}

/* RFC 7296 2.14: a PRF with a fixed key length takes the first half of its key from each nonce
 * (AUTH-03); the others take both nonces whole. */
static size_t nonce_part(const struct ipseci_prf *prf, size_t length)
{
    const size_t half = prf->key_length / 2u;

    if (prf->id != IPSEC_PRF_AES128_XCBC && prf->id != IPSEC_PRF_AES128_CMAC) {
        return length;
    }
    return length < half ? length : half;
}

/* SKEYSEED = prf(Ni | Nr, g^ir). */
static enum ipsec_status first_seed(const struct ipseci_prf *prf,
                                    const struct ipseci_key_seed *seed, uint8_t *out)
{
    uint8_t nonces[2 * NONCE_BYTES_MAX];
    const size_t from_i = nonce_part(prf, seed->nonce_i.length);
    const size_t from_r = nonce_part(prf, seed->nonce_r.length);

    memcpy(nonces, seed->nonce_i.data, from_i);
    memcpy(nonces + from_i, seed->nonce_r.data, from_r);
    return ipseci_prf_run(prf, ipseci_view(nonces, from_i + from_r), &seed->ke_secret, 1, out);
}

/* RFC 7296 2.18: SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr), with the old SA's PRF. */
static enum ipsec_status rekey_seed(const struct ipseci_prf *prf,
                                    const struct ipseci_key_seed *seed, uint8_t *out)
{
    const struct ipsec_view parts[] = {seed->ke_secret, seed->nonce_i, seed->nonce_r};
    return ipseci_prf_run(prf, seed->old_sk_d, parts, IPSECI_COUNT(parts), out);
}

static bool seed_is_sound(const struct ipseci_key_seed *seed)
{
    return seed->nonce_i.length > 0 && seed->nonce_i.length <= NONCE_BYTES_MAX &&
           seed->nonce_r.length > 0 && seed->nonce_r.length <= NONCE_BYTES_MAX;
}

/* RFC 7296 2.14: SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr (AUTH-02). */
static void ike_keys_cut(struct ipseci_reader *r, struct ipseci_ike_keys *out)
{
    ipseci_read_bytes(r, out->d, out->prf_length);
    ipseci_read_bytes(r, out->ai, out->integ_length);
    ipseci_read_bytes(r, out->ar, out->integ_length);
    ipseci_read_bytes(r, out->ei, out->encr_length);
    ipseci_read_bytes(r, out->er, out->encr_length);
    ipseci_read_bytes(r, out->pi, out->prf_length);
    ipseci_read_bytes(r, out->pr, out->prf_length);
}

static enum ipsec_status ike_expand(const struct ipseci_prf *prf, struct ipsec_view skeyseed,
                                    const struct ipseci_key_seed *seed, struct ipseci_ike_keys *out)
{
    uint8_t material[IKE_MATERIAL_BYTES_MAX];
    uint8_t spis[16];

    ipseci_store64(spis, seed->spi_i);
    ipseci_store64(spis + 8, seed->spi_r);
    const struct ipsec_view parts[] = {seed->nonce_i, seed->nonce_r,
                                       ipseci_view(spis, sizeof(spis))};
    const size_t length = 3u * out->prf_length + 2u * out->integ_length + 2u * out->encr_length;
    const enum ipsec_status status = ipseci_prf_plus(
        prf, skeyseed, (struct ipseci_parts){parts, IPSECI_COUNT(parts)}, material, length);
    if (status == IPSEC_OK) {
        struct ipseci_reader r = ipseci_reader_init(ipseci_view(material, length));
        ike_keys_cut(&r, out);
    }
    ipseci_wipe(material, sizeof(material));
    return status;
}

static enum ipsec_status ike_derive(const struct ipsec_crypto_list *crypto,
                                    const struct ipsec_suite *suite,
                                    const struct ipseci_key_seed *seed, struct ipseci_ike_keys *out)
{
    const bool rekey = seed->old_sk_d.length > 0;
    uint8_t skeyseed[IPSEC_PRF_BYTES_MAX];
    struct key_lengths lengths;
    struct ipseci_prf prf;
    struct ipseci_prf seed_prf;

    if (!seed_is_sound(seed) || seed->ke_secret.length == 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(lengths_of(suite, &lengths));
    IPSECI_TRY(ipseci_prf_bind(&prf, crypto, suite->prf));
    IPSECI_TRY(ipseci_prf_bind(&seed_prf, crypto, rekey ? seed->old_prf : suite->prf));
    out->prf_length = prf.key_length;
    out->integ_length = lengths.integ;
    out->encr_length = lengths.encr;
    enum ipsec_status status =
        rekey ? rekey_seed(&seed_prf, seed, skeyseed) : first_seed(&seed_prf, seed, skeyseed);
    if (status == IPSEC_OK) {
        status = ike_expand(&prf, ipseci_view(skeyseed, seed_prf.length), seed, out);
    }
    ipseci_wipe(skeyseed, sizeof(skeyseed));
    return status;
}

enum ipsec_status ipseci_ike_keys_derive(const struct ipsec_crypto_list *crypto,
                                         const struct ipsec_suite *suite,
                                         const struct ipseci_key_seed *seed,
                                         struct ipseci_ike_keys *out)
{
    ipseci_wipe(out, sizeof(*out));
    const enum ipsec_status status = ike_derive(crypto, suite, seed, out);
    if (status != IPSEC_OK) {
        ipseci_wipe(out, sizeof(*out));
    }
    return status;
}

/* RFC 7296 2.17: initiator to responder first, encryption before integrity (AUTH-23). */
static void child_keys_cut(struct ipseci_reader *r, struct ipseci_child_keys *out)
{
    ipseci_read_bytes(r, out->encr_i, out->encr_length);
    ipseci_read_bytes(r, out->integ_i, out->integ_length);
    ipseci_read_bytes(r, out->encr_r, out->encr_length);
    ipseci_read_bytes(r, out->integ_r, out->integ_length);
}

enum ipsec_status ipseci_child_keys_derive(const struct ipsec_crypto_list *crypto,
                                           const struct ipseci_parent_key *parent,
                                           const struct ipseci_key_seed *seed,
                                           const struct ipsec_suite *child_suite,
                                           struct ipseci_child_keys *out)
{
    uint8_t material[CHILD_MATERIAL_BYTES_MAX];
    struct key_lengths lengths;
    struct ipseci_prf bound;

    ipseci_wipe(out, sizeof(*out));
    if (!seed_is_sound(seed) || parent->sk_d.length == 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(lengths_of(child_suite, &lengths));
    IPSECI_TRY(ipseci_prf_bind(&bound, crypto, parent->prf));
    /* RFC 7296 2.17: KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr); an empty secret adds nothing. */
    const struct ipsec_view parts[] = {seed->ke_secret, seed->nonce_i, seed->nonce_r};
    const size_t length = 2u * lengths.encr + 2u * lengths.integ;
    const enum ipsec_status status = ipseci_prf_plus(
        &bound, parent->sk_d, (struct ipseci_parts){parts, IPSECI_COUNT(parts)}, material, length);
    if (status == IPSEC_OK) {
        struct ipseci_reader r = ipseci_reader_init(ipseci_view(material, length));
        out->encr_length = lengths.encr;
        out->integ_length = lengths.integ;
        child_keys_cut(&r, out);
    }
    ipseci_wipe(material, sizeof(material));
    return status;
}
