/* SPDX-License-Identifier: Apache-2.0
 *
 * First contact (RFC 7296 2.6, RFC 8019 4): what an IKE_SA_INIT request must pass before a slot is
 * taken or a key exchange computed. Stateless but for the rate and two cookie secrets.
 */
#include "engine.h"
#include "small_payloads.h"

#include <string.h>

static void new_secret(struct ipsec_ike *ike, struct ipseci_cookie_secret *secret, uint8_t version)
{
    uint8_t octets[16];

    /* A failing random source leaves the old key in place: cookies stay unforgeable, only older. */
    if (ipseci_random(&ike->config.crypto, octets, sizeof(octets)) == IPSEC_OK) {
        secret->key[0] = ipseci_load64(octets);
        secret->key[1] = ipseci_load64(octets + 8);
        secret->version = version;
    }
    secret->since = ike->now;
    ipseci_wipe(octets, sizeof(octets));
}

void ipseci_gate_init(struct ipsec_ike *ike)
{
    ipseci_bucket_init(&ike->first_contacts, ike->config.first_contact_per_s,
                       ike->config.first_contact_per_s, ike->now);
    new_secret(ike, &ike->cookie[0], 1);
    new_secret(ike, &ike->cookie[1], 0);
}

static void rotate_secrets(struct ipsec_ike *ike)
{
    const ipsec_ms age = ike->now - ike->cookie[0].since;

    if (age < IPSECI_COOKIE_SECRET_MS) {
        return;
    }
    ike->cookie[1] = ike->cookie[0];
    new_secret(ike, &ike->cookie[0], (uint8_t)(ike->cookie[1].version + 1));
    if (age >= 2 * IPSECI_COOKIE_SECRET_MS) {
        new_secret(ike, &ike->cookie[1], ike->cookie[1].version); /* its time is over, too */
    }
}

/* RFC 7296 2.6: version | hash(Ni | IPi | SPIi | secret); two keyed 64-bit hashes make 128 bits. */
static void make_cookie(const struct ipseci_cookie_secret *secret, const struct ipseci_message *in,
                        struct ipsec_view nonce, uint8_t out[IPSECI_COOKIE_BYTES])
{
    uint8_t octets[8 + 17 + 2 + IPSECI_NONCE_BYTES_MAX];
    struct ipseci_writer w = ipseci_writer_init(octets, sizeof(octets));
    const uint64_t other[2] = {secret->key[1], ~secret->key[0]};

    ipseci_write64(&w, in->header.spi_i);
    ipseci_write8(&w, in->remote.addr.family);
    ipseci_write_bytes(&w, in->remote.addr.bytes, sizeof(in->remote.addr.bytes));
    ipseci_write16(&w, in->remote.port);
    ipseci_write_view(&w, nonce);
    out[0] = secret->version;
    ipseci_store64(out + 1, ipseci_siphash(secret->key, octets, w.used));
    ipseci_store64(out + 9, ipseci_siphash(other, octets, w.used));
}

static bool cookie_good(const struct ipsec_ike *ike, const struct ipseci_message *in,
                        struct ipsec_view nonce)
{
    uint8_t expected[IPSECI_COOKIE_BYTES];
    struct ipseci_notify notify;

    if (!ipseci_notify_find(&in->payloads, IPSECI_NOTIFY_COOKIE, &notify) ||
        notify.data.length != IPSECI_COOKIE_BYTES) {
        return false;
    }
    for (size_t i = 0; i < IPSECI_COUNT(ike->cookie); i++) {
        /* COOKIE-06: the previous secret still counts, for as long as it was the current one */
        const bool current = i == 0;
        if (!current && ike->now - ike->cookie[0].since >= IPSECI_COOKIE_SECRET_MS) {
            continue;
        }
        make_cookie(&ike->cookie[i], in, nonce, expected);
        if (ipseci_equal_secret(expected, notify.data.data, sizeof(expected))) {
            return true;
        }
    }
    return false;
}

void ipseci_reply_plain(struct ipsec_ike *ike, const struct ipseci_message *in, uint64_t spi_r,
                        struct ipsec_view body)
{
    struct ipseci_writer w =
        ipseci_writer_init(ike->out + IPSECI_MARKER_BYTES, ike->config.message_bytes);
    const struct ipseci_ike_header header = {
        .spi_i = in->header.spi_i,
        .spi_r = spi_r,
        .next_payload = body.data[0],
        .version = IPSECI_IKE_VERSION,
        .exchange = in->header.exchange,
        .flags = IPSECI_FLAG_RESPONSE,
        .message_id = in->header.message_id,
    };

    ipseci_ike_header_build(&w, &header);
    ipseci_write_bytes(&w, body.data + 1, body.length - 1);
    ipseci_ike_header_finish(&w, 0);
    if (!w.failed) {
        ipseci_transmit(ike, &in->local, &in->remote, ipseci_written(&w));
        ipseci_emit_sent(ike, NULL, ipseci_written(&w), body);
    }
}

static void demand_cookie(struct ipsec_ike *ike, const struct ipseci_message *in,
                          struct ipsec_view nonce)
{
    struct ipseci_step *step = ike->step;
    uint8_t cookie[IPSECI_COOKIE_BYTES];

    make_cookie(&ike->cookie[0], in, nonce, cookie);
    step->w = ipseci_writer_init(ike->body, ike->config.message_bytes);
    ipseci_step_begin(step, IPSECI_SEND_ONCE, IPSECI_EXCHANGE_IKE_SA_INIT);
    ipseci_step_notify(step, IPSECI_NOTIFY_COOKIE, ipseci_view(cookie, sizeof(cookie)));
    ipseci_reply_plain(ike, in, 0, ipseci_written(&step->w)); /* COOKIE-01 */
}

enum ipsec_status ipseci_gate(struct ipsec_ike *ike, const struct ipseci_message *in)
{
    const struct ipseci_payload *payload = ipseci_payload_find(&in->payloads, IPSECI_PAYLOAD_NONCE);
    struct ipsec_view nonce;
    uint8_t which;

    IPSECI_TRY(ipseci_rules_check(IPSECI_RULE_INIT_REQUEST, &in->payloads, &which));
    if (payload == NULL || ipseci_nonce_parse(payload->body, &nonce) < IPSEC_OK) {
        return IPSEC_DROP_PAYLOADS; /* INIT-25, INIT-27 */
    }
    rotate_secrets(ike);
    const uint32_t threshold = ike->config.cookie_threshold;
    if ((threshold == 1 || ike->half_open >= threshold) && !cookie_good(ike, in, nonce)) {
        /* Outside the rate: it is cheap and shorter than the request, and who floods from forged
         * addresses must not keep out who can answer. */
        demand_cookie(ike, in, nonce);
        return IPSEC_DROP_COOKIE;
    }
    if (!ipseci_bucket_take(&ike->first_contacts, ike->now)) {
        return IPSEC_DROP_RATE;
    }
    return ike->half_open >= ike->config.half_open_max ? IPSEC_DROP_FULL : IPSEC_OK;
}
