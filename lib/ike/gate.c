/* SPDX-License-Identifier: Apache-2.0
 *
 * First contact (RFC 7296 2.6, RFC 8019 4): what an IKE_SA_INIT request must pass before a slot is
 * taken or a key exchange computed. Keeps nothing of a request: two cookie secrets, the rate of
 * all, and what source.c remembers of prefixes.
 *
 * A request that brings back a good cookie is proven: its sender is where its datagrams say. The
 * rest may be forged, so each limit has a half that only proven requests may use. A flood of forged
 * requests can take the other half, and from then on everybody is asked for a cookie; nobody who
 * can answer is shut out.
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
    ike->sources.rate_per_s = ike->config.source_contacts_per_s;
    ike->sources.failures_max = ike->config.source_failures;
    memcpy(ike->sources.secret, ike->gate_key, sizeof(ike->sources.secret));
    ike->calm.kind = IPSECI_TIMER_GATE;
    ipseci_bucket_init(&ike->stray_answers, ike->config.stray_answers_per_s,
                       ike->config.stray_answers_per_s, ike->now);
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
        .flags = (uint8_t)(IPSECI_FLAG_RESPONSE |
                           (~in->header.flags & IPSECI_FLAG_INITIATOR)), /* the other end's */
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

void ipseci_notify_plain(struct ipsec_ike *ike, const struct ipseci_message *in, uint16_t type,
                         struct ipsec_view data)
{
    struct ipseci_step *step = ike->step;

    step->w = ipseci_writer_init(ike->body, ike->config.message_bytes);
    ipseci_step_begin(step, IPSECI_SEND_ONCE, in->header.exchange);
    ipseci_step_notify(step, type, data);
    ipseci_reply_plain(ike, in, in->header.spi_r, ipseci_written(&step->w));
}

static void demand_cookie(struct ipsec_ike *ike, const struct ipseci_message *in,
                          struct ipsec_view nonce)
{
    uint8_t cookie[IPSECI_COOKIE_BYTES];

    make_cookie(&ike->cookie[0], in, nonce, cookie);
    ike->counters.cookies_demanded++;
    /* COOKIE-01 */
    ipseci_notify_plain(ike, in, IPSECI_NOTIFY_COOKIE, ipseci_view(cookie, sizeof(cookie)));
}

/* ---- under attack ------------------------------------------------------------------------------
 */

static void attack_seen(struct ipsec_ike *ike)
{
    ike->calm_since = ike->now;
    if (ike->calm.position != 0) {
        return;
    }
    (void)ipseci_timer_set(&ike->timers, &ike->calm, ipseci_after(ike->now, IPSECI_CALM_MS));
    ike->counters.attacks++;
    ipseci_emit_warnings(ike, NULL, 1u << IPSEC_WARNING_COOKIES_ON);
}

void ipseci_gate_due(struct ipsec_ike *ike)
{
    const ipsec_ms end = ipseci_after(ike->calm_since, IPSECI_CALM_MS);

    if (ike->now < end) {
        (void)ipseci_timer_set(&ike->timers, &ike->calm, end);
        return;
    }
    ipseci_emit_warnings(ike, NULL, 1u << IPSEC_WARNING_COOKIES_OFF);
}

/* ---- limits ------------------------------------------------------------------------------------
 */

/* Every half-open SA has a handshake slot, of which there are few. */
static uint32_t half_open_of(const struct ipsec_ike *ike, uint64_t source)
{
    const struct ipseci_handshake *hs;
    uint32_t cursor = 0;
    uint32_t count = 0;
    ipsec_handle handle;

    while ((hs = (const struct ipseci_handshake *)ipseci_pool_next(&ike->handshakes, &cursor,
                                                                   &handle)) != NULL) {
        const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, hs->sa);
        count += hs->source == source && sa != NULL && sa->half_open;
    }
    return count;
}

static bool source_must_prove(struct ipsec_ike *ike, uint64_t key)
{
    struct ipseci_source *source = ipseci_source_get(&ike->sources, key, ike->now);

    return ipseci_source_suspect(&ike->sources, source, ike->now) ||
           !ipseci_bucket_take_above(&source->rate, ike->sources.rate_per_s / 2, ike->now) ||
           half_open_of(ike, key) >= (ike->config.source_half_open_max + 1) / 2;
}

/* A source that asks for too much is told so before its requests count as a flood. */
static bool must_prove(struct ipsec_ike *ike, uint64_t key)
{
    const uint32_t threshold = ike->config.cookie_threshold;

    if (threshold == 1) {
        return true; /* it is configured so: no sign of anything */
    }
    if (ike->half_open >= threshold) {
        attack_seen(ike);
    }
    /* During an attack the sources are forged: they shall not wear out the table. */
    if (ike->calm.position == 0 && source_must_prove(ike, key)) {
        return true;
    }
    if (!ipseci_bucket_take_above(&ike->first_contacts, ike->config.first_contact_per_s / 2,
                                  ike->now)) {
        attack_seen(ike);
    }
    return ike->calm.position != 0;
}

/* What holds even for who can answer. */
static enum ipsec_status proven_may_enter(struct ipsec_ike *ike, uint64_t key)
{
    struct ipseci_source *source = ipseci_source_get(&ike->sources, key, ike->now);

    if (ike->now < source->closed_until) {
        ike->counters.source_waits++;
        return IPSEC_DROP_RATE;
    }
    if (!ipseci_bucket_take(&source->rate, ike->now)) {
        ike->counters.source_refused++;
        return IPSEC_DROP_RATE;
    }
    if (half_open_of(ike, key) >= ike->config.source_half_open_max) {
        ike->counters.source_refused++;
        return IPSEC_DROP_FULL; /* SEC-01 */
    }
    return ipseci_bucket_take(&ike->first_contacts, ike->now) ? IPSEC_OK : IPSEC_DROP_RATE;
}

enum ipsec_status ipseci_gate(struct ipsec_ike *ike, const struct ipseci_message *in,
                              uint64_t *source)
{
    const struct ipseci_payload *payload = ipseci_payload_find(&in->payloads, IPSECI_PAYLOAD_NONCE);
    struct ipsec_view nonce;
    uint8_t which;

    IPSECI_TRY(ipseci_rules_check(IPSECI_RULE_INIT_REQUEST, &in->payloads, &which));
    if (payload == NULL || ipseci_nonce_parse(payload->body, &nonce) < IPSEC_OK) {
        return IPSEC_DROP_PAYLOADS; /* INIT-25, INIT-27 */
    }
    rotate_secrets(ike);
    *source = ipseci_source_key(&ike->sources, &in->remote.addr);
    if (cookie_good(ike, in, nonce)) {
        ike->counters.cookies_accepted++;
        IPSECI_TRY(proven_may_enter(ike, *source));
    } else if (must_prove(ike, *source)) {
        /* Outside the rates: it is cheap and shorter than the request, and who floods from forged
         * addresses must not keep out who can answer. */
        demand_cookie(ike, in, nonce);
        return IPSEC_DROP_COOKIE;
    }
    return ike->half_open >= ike->config.half_open_max ? IPSEC_DROP_FULL : IPSEC_OK;
}

bool ipseci_gate_repeat(struct ipsec_ike *ike, const struct ipseci_message *in)
{
    const uint64_t key = ipseci_source_key(&ike->sources, &in->remote.addr);
    struct ipseci_source *source = ipseci_source_get(&ike->sources, key, ike->now);

    return ipseci_bucket_take_above(&source->rate, ike->sources.rate_per_s / 2, ike->now);
}

void ipseci_gate_authenticated(struct ipsec_ike *ike, uint64_t source, bool good)
{
    if (source == 0) {
        return; /* not the responder of an initial exchange */
    }
    /* The source is that of IKE_SA_INIT, whose answer the peer must have had to get here: a failure
     * can not be laid on somebody else, whatever address IKE_AUTH is sent from. */
    if (good) {
        ipseci_source_cleared(&ike->sources, source);
    } else if (ipseci_source_failed(&ike->sources, source, ike->now)) {
        ike->counters.source_penalties++;
    }
}
