/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers to messages that belong to no IKE SA (RFC 7296 1.5, 2.5, 2.21.4): hints, in clear, that a
 * peer may believe or not. Called by the engine's input.
 *
 * No loop can come of them (INFO-16): only requests are answered, and of those without an SA only
 * such as have an SK payload, which no hint has. An answer is never longer than what it answers,
 * and there are so many a second for all together.
 */
#include "engine.h"

#define STRAY_BYTES (IPSECI_IKE_HEADER_BYTES + 8) /* a header and a notify without data */

static void answer(struct ipsec_ike *ike, const struct ipseci_message *in, uint16_t type)
{
    const uint32_t rate = ike->config.stray_answers_per_s;

    if ((in->header.flags & IPSECI_FLAG_RESPONSE) != 0 || in->raw.length < STRAY_BYTES ||
        rate == IPSEC_STRAY_ANSWERS_OFF || !ipseci_bucket_take(&ike->stray_answers, ike->now)) {
        return;
    }
    ike->counters.stray_answers++;
    ipseci_notify_plain(ike, in, type, ipseci_view(NULL, 0));
}

/* RFC 7296 2.5, 3.10.1: the version that we speak is in the answer's header (VER-02). IKEv1 has
 * other messages: it would not understand. */
void ipseci_stray_version(struct ipsec_ike *ike, const struct ipseci_message *in)
{
    if (in->header.version >> 4 > IPSECI_IKE_VERSION >> 4) {
        answer(ike, in, IPSECI_NOTIFY_INVALID_MAJOR_VERSION);
    }
}

/* RFC 7296 1.5, 2.21.4 (INFO-15). An unknown exchange is ignored (VER-07). */
void ipseci_stray_spi(struct ipsec_ike *ike, const struct ipseci_message *in)
{
    const uint8_t first = in->header.next_payload;
    const uint8_t exchange = in->header.exchange;

    if ((first == IPSECI_PAYLOAD_SK || first == IPSECI_PAYLOAD_SKF) &&
        exchange >= IPSECI_EXCHANGE_IKE_AUTH && exchange <= IPSECI_EXCHANGE_INFORMATIONAL) {
        answer(ike, in, IPSECI_NOTIFY_INVALID_IKE_SPI);
    }
}
