/* SPDX-License-Identifier: Apache-2.0
 *
 * The encrypted payload (RFC 7296 3.14, RFC 5282) and its fragments (RFC 7383 2.5): messages sealed
 * and opened. Called by commit.c and the engine's input.
 */
#include "engine.h"
#include "small_payloads.h"

#include <string.h>

static void run_op(const struct ipseci_aead *aead, struct ipsec_crypto_op *op)
{
    const struct ipseci_aead *const aeads[1] = {aead};
    struct ipsec_crypto_op *const ops[1] = {op};

    ipseci_aead_run(aeads, ops, 1);
}

static enum ipsec_status make_iv(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, uint8_t *iv)
{
    if (sa->seal.cipher_block > 1) {
        return ipseci_random(&ike->config.crypto, iv, sa->seal.iv_length); /* SK-03 */
    }
    if (sa->iv_counter == UINT64_MAX) {
        return IPSEC_FATAL_SEQUENCE;
    }
    /* RFC 5282 3.1, RFC 5930 2: unique under the key; a counter is */
    ipseci_store64(iv, sa->iv_counter);
    sa->iv_counter++;
    return IPSEC_OK;
}

static size_t padded_bytes(const struct ipseci_aead *aead, size_t plain)
{
    const size_t block = aead->cipher_block;

    return (plain + block) / block * block; /* with the pad length */
}

size_t ipseci_sk_bytes(const struct ipseci_aead *aead, size_t plain)
{
    return IPSECI_IKE_HEADER_BYTES + IPSECI_PAYLOAD_HEADER_BYTES + (size_t)aead->iv_length +
           padded_bytes(aead, plain) + aead->tag_length;
}

/* What one SK or SKF payload holds. */
struct content {
    uint16_t number; /* SKF; 0: SK */
    uint16_t total;
    uint8_t first;
    struct ipsec_view plain;
};

/* Appends a message of its own. */
static enum ipsec_status seal_one(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                  const struct ipseci_ike_header *header,
                                  const struct content *content, struct ipseci_writer *w)
{
    const struct ipseci_aead *aead = &sa->seal;
    const size_t plain = content->plain.length;
    const size_t padded = padded_bytes(aead, plain);
    const size_t start = w->used;
    struct ipseci_ike_header h = *header;

    h.next_payload = content->number != 0 ? IPSECI_PAYLOAD_SKF : IPSECI_PAYLOAD_SK;
    ipseci_ike_header_build(w, &h);
    const size_t payload_at = w->used;
    ipseci_write8(w, content->first);
    ipseci_write8(w, 0);
    ipseci_write16(w, 0);
    if (content->number != 0) {
        ipseci_skf_build(w, content->number, content->total);
    }
    const size_t clear = w->used - start;
    uint8_t *iv = ipseci_write_hole(w, aead->iv_length);
    uint8_t *data = ipseci_write_hole(w, padded);
    uint8_t *tag = ipseci_write_hole(w, aead->tag_length);
    ipseci_write_patch16(w, payload_at + 2, (uint16_t)(w->used - payload_at));
    ipseci_ike_header_finish(w, start);
    if (w->failed) {
        return IPSEC_ERR_BUFFER;
    }
    IPSECI_TRY(make_iv(ike, sa, iv));
    if (plain > 0) {
        memcpy(data, content->plain.data, plain);
    }
    data[padded - 1] = (uint8_t)(padded - plain - 1);
    struct ipsec_crypto_op op = {
        .data = data,
        .aad = w->start + start,
        .iv = iv,
        .tag = tag,
        .data_length = (uint32_t)padded,
        .aad_length = (uint16_t)(aead->is_aead ? clear : clear + aead->iv_length),
    };
    run_op(aead, &op);
    return (enum ipsec_status)op.status;
}

enum ipsec_status ipseci_sk_seal(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                 const struct ipseci_ike_header *header, struct ipsec_view body,
                                 struct ipsec_view *message)
{
    struct ipseci_writer w =
        ipseci_writer_init(ike->out + IPSECI_MARKER_BYTES, ike->config.message_bytes);
    struct ipsec_view rest =
        ipseci_view(body.data + 1, body.length - 1); /* behind the first payload's type */
    struct ipseci_cut cut;

    ipseci_fragments_plan(ike, sa, rest.length, &cut);
    for (uint16_t i = 0; i < cut.count; i++) {
        const size_t length = rest.length < cut.piece ? rest.length : cut.piece;
        /* RFC 7383 2.5: the first fragment names the first payload, the others 0 (FRAG-02) */
        const struct content content = {
            .number = cut.count > 1 ? (uint16_t)(i + 1) : 0,
            .total = cut.count,
            .first = i == 0 ? body.data[0] : IPSECI_PAYLOAD_NONE,
            .plain = ipseci_view(rest.data, length),
        };
        IPSECI_TRY(seal_one(ike, sa, header, &content, &w));
        rest = ipseci_view(rest.data + length, rest.length - length);
    }
    *message = ipseci_written(&w);
    return IPSEC_OK;
}

/* Decrypts in place; *plain is what was inside, without padding. */
static enum ipsec_status open_body(const struct ipseci_aead *aead, uint8_t *start, size_t body_at,
                                   size_t body_length, struct ipsec_view *plain)
{
    const size_t overhead = (size_t)aead->iv_length + aead->tag_length;

    if (body_length < overhead + 1) {
        return IPSEC_DROP_TRUNCATED; /* SK-06 */
    }
    const size_t length = body_length - overhead;
    if (length % aead->cipher_block != 0) {
        return IPSEC_DROP_MALFORMED;
    }
    uint8_t *iv = start + body_at;
    uint8_t *data = iv + aead->iv_length;
    struct ipsec_crypto_op op = {
        .data = data,
        .aad = start,
        .iv = iv,
        .tag = data + length,
        .data_length = (uint32_t)length,
        .aad_length = (uint16_t)(aead->is_aead ? body_at : body_at + aead->iv_length),
    };
    run_op(aead, &op);
    if (op.status != IPSEC_OK) {
        return (enum ipsec_status)op.status;
    }
    const size_t pad = (size_t)data[length - 1] + 1;
    /* SK-04: more padding than there is text is bad syntax; an empty view says so */
    *plain = pad <= length ? ipseci_view(data, length - pad) : ipseci_view(NULL, 1);
    return IPSEC_OK;
}

void ipseci_sk_inside(struct ipseci_message *in, uint8_t first, struct ipsec_view plain)
{
    in->first_inside = first;
    in->raw = plain;
    if (plain.length == 0) {
        memset(&in->payloads, 0, sizeof(in->payloads));
        in->syntax_error = first != IPSECI_PAYLOAD_NONE;
        return;
    }
    in->syntax_error = ipseci_payloads_parse(first, plain, &in->payloads, NULL) < IPSEC_OK;
}

/* The SK payload, or the SKF where they were agreed upon, with what it says in clear. */
static enum ipsec_status find_sealed(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                     const struct ipseci_message *in,
                                     const struct ipseci_payload **out, struct ipseci_skf *skf)
{
    *skf = (struct ipseci_skf){0};
    *out = ipseci_payload_find(&in->payloads, IPSECI_PAYLOAD_SK);
    if (*out != NULL) {
        skf->data = (*out)->body;
        return IPSEC_OK;
    }
    *out = ipseci_payload_find(&in->payloads, IPSECI_PAYLOAD_SKF);
    if (*out == NULL || !sa->fragments) {
        return IPSEC_DROP_PAYLOADS; /* AUTH-01, INFO-02: nothing in clear after IKE_SA_INIT; FRAG-01
                                     */
    }
    IPSECI_TRY(ipseci_skf_parse((*out)->body, skf));
    return skf->total <= ike->config.fragments_max ? IPSEC_OK : IPSEC_DROP_FRAGMENT;
}

enum ipsec_status ipseci_sk_open(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                 struct ipsec_packet *datagram, struct ipsec_view message,
                                 struct ipseci_message *in)
{
    const struct ipseci_payload *sealed;
    struct ipseci_skf skf;
    struct ipsec_view plain;

    IPSECI_TRY(ipseci_message_parse(message, &in->header, &in->payloads));
    IPSECI_TRY(find_sealed(ike, sa, in, &sealed, &skf));
    uint8_t *start = datagram->buffer + datagram->offset + (datagram->length - message.length);
    const size_t body_at = (size_t)(skf.data.data - message.data);
    const uint8_t first = sealed->next_payload;
    IPSECI_TRY(open_body(&sa->open, start, body_at, skf.data.length, &plain));
    /* Authentic from here on: what is wrong now is the peer's mistake, and it is told (SK-09). */
    const bool bad_padding = plain.data == NULL && plain.length != 0;
    if (bad_padding && skf.total != 0) {
        return IPSEC_DROP_PADDING; /* of what, the others will tell: there is nothing to answer yet
                                    */
    }
    in->is_protected = true;
    if (skf.total != 0) {
        in->fragment = skf.number;
        in->fragments = skf.total;
        in->first_inside = first;
        in->raw = plain;
        memset(&in->payloads, 0, sizeof(in->payloads)); /* known when all are there */
        return IPSEC_OK;
    }
    ipseci_sk_inside(in, first, bad_padding ? ipseci_view(NULL, 0) : plain);
    in->syntax_error = in->syntax_error || bad_padding;
    return IPSEC_OK;
}
