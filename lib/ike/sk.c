/* SPDX-License-Identifier: Apache-2.0
 *
 * The encrypted payload (RFC 7296 3.14, RFC 5282): whole messages sealed and opened. Called by
 * commit.c and the engine's input.
 */
#include "engine.h"

#include <string.h>

static void run_op(const struct ipseci_aead *aead, struct ipsec_crypto_op *op)
{
    const struct ipseci_aead *const aeads[1] = {aead};
    struct ipsec_crypto_op *const ops[1] = {op};

    ipseci_aead_run(aeads, ops, 1);
}

static enum ipsec_status make_iv(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, uint8_t *iv)
{
    if (!sa->seal.is_aead) {
        return ipseci_random(&ike->config.crypto, iv, sa->seal.iv_length); /* SK-03 */
    }
    if (sa->iv_counter == UINT64_MAX) {
        return IPSEC_FATAL_SEQUENCE;
    }
    /* RFC 5282 3.1: unique under the key; a counter is */
    ipseci_store64(iv, sa->iv_counter);
    sa->iv_counter++;
    return IPSEC_OK;
}

enum ipsec_status ipseci_sk_seal(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                 const struct ipseci_ike_header *header, struct ipsec_view body,
                                 struct ipsec_view *message)
{
    const struct ipseci_aead *aead = &sa->seal;
    struct ipseci_writer w =
        ipseci_writer_init(ike->out + IPSECI_MARKER_BYTES, ike->config.message_bytes);
    const size_t plain = body.length - 1; /* body starts with the first payload's type */
    const size_t block = aead->cipher_block;
    const size_t padded = (plain + 1 + block - 1) / block * block;
    struct ipseci_ike_header h = *header;

    h.next_payload = IPSECI_PAYLOAD_SK;
    ipseci_ike_header_build(&w, &h);
    const size_t sk_at = w.used;
    ipseci_write8(&w, body.data[0]);
    ipseci_write8(&w, 0);
    ipseci_write16(
        &w, (uint16_t)(IPSECI_PAYLOAD_HEADER_BYTES + aead->iv_length + padded + aead->tag_length));
    uint8_t *iv = ipseci_write_hole(&w, aead->iv_length);
    uint8_t *data = ipseci_write_hole(&w, padded);
    uint8_t *tag = ipseci_write_hole(&w, aead->tag_length);
    ipseci_ike_header_finish(&w, 0);
    if (w.failed) {
        return IPSEC_ERR_BUFFER;
    }
    IPSECI_TRY(make_iv(ike, sa, iv));
    memcpy(data, body.data + 1, plain);
    data[padded - 1] = (uint8_t)(padded - plain - 1);
    const size_t clear = sk_at + IPSECI_PAYLOAD_HEADER_BYTES;
    struct ipsec_crypto_op op = {
        .data = data,
        .aad = w.start,
        .iv = iv,
        .tag = tag,
        .data_length = (uint32_t)padded,
        .aad_length = (uint16_t)(aead->is_aead ? clear : clear + aead->iv_length),
    };
    run_op(aead, &op);
    *message = ipseci_written(&w);
    return (enum ipsec_status)op.status;
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

enum ipsec_status ipseci_sk_open(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                 struct ipsec_packet *datagram, struct ipsec_view message,
                                 struct ipseci_message *in)
{
    struct ipsec_view plain;

    (void)ike;
    IPSECI_TRY(ipseci_message_parse(message, &in->header, &in->payloads));
    const struct ipseci_payload *sk = ipseci_payload_find(&in->payloads, IPSECI_PAYLOAD_SK);
    if (sk == NULL) {
        return IPSEC_DROP_PAYLOADS; /* AUTH-01, INFO-02: nothing in clear after IKE_SA_INIT */
    }
    uint8_t *start = datagram->buffer + datagram->offset + (datagram->length - message.length);
    const size_t body_at = (size_t)(sk->body.data - message.data);
    const uint8_t first = sk->next_payload;
    IPSECI_TRY(open_body(&sa->open, start, body_at, sk->body.length, &plain));
    /* Authentic from here on: what is wrong now is the peer's mistake, and it is told (SK-09). */
    in->is_protected = true;
    in->first_inside = first;
    in->raw = plain;
    if (plain.data == NULL && plain.length != 0) {
        in->raw.length = 0;
        in->syntax_error = true;
        return IPSEC_OK;
    }
    if (plain.data == NULL || plain.length == 0) {
        memset(&in->payloads, 0, sizeof(in->payloads));
        in->syntax_error = first != IPSECI_PAYLOAD_NONE;
        return IPSEC_OK;
    }
    in->syntax_error = ipseci_payloads_parse(first, plain, &in->payloads, NULL) < IPSEC_OK;
    return IPSEC_OK;
}
