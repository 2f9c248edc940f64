/* SPDX-License-Identifier: Apache-2.0
 *
 * LAN to WAN: policy decides for each packet, a burst is sealed in one call, and what may leave is
 * sent in the order it came. Called by gw.c. RFC 4301 5.1.
 */
#include "gw_state.h"

/* RFC 4301 5.1: without an SA the packet is dropped, never sent in clear. */
static void no_sa(struct ipsec_gw *gw, struct ipsec_packet *packet, void *user, ipsec_ms now)
{
    struct ipseci_gw_policy *policy = ipseci_gw_policy_of(gw, user);
    packet->status = IPSEC_DROP_NO_SA;
    if (policy != NULL) {
        const struct ipsec_view inner = {packet->buffer + packet->offset, packet->length};
        ipseci_gw_want(gw, policy, inner, now);
    }
}

static void bypass(struct ipsec_gw *gw, struct ipsec_packet *packet)
{
    const struct ipsec_endpoint none = {{0}, 0};
    packet->carrier = IPSEC_CARRIER_IP;
    packet->local = packet->remote = none;
    gw->counters.bypassed++;
}

/* Sets status: IPSEC_OK to seal (sa is set) or to send as it is (sa is NULL). */
static void decide(struct ipsec_gw *gw, struct ipsec_packet *packet, ipsec_ms now)
{
    struct ipsec_spd_result result;
    packet->sa = NULL;
    packet->status = IPSEC_OK;
    if (packet->buffer == NULL || packet->offset > packet->capacity ||
        packet->length > packet->capacity - packet->offset) {
        packet->status = IPSEC_ERR_BUFFER;
        return;
    }
    const struct ipsec_view inner = {packet->buffer + packet->offset, packet->length};
    const enum ipsec_status status = ipsec_spd_lookup(gw->spd, inner, true, &result);
    if (status < IPSEC_OK) {
        packet->status = status;
        return;
    }
    switch (result.action) {
    case IPSEC_SPD_DISCARD:
        packet->status = result.entry == 0 ? IPSEC_DROP_NO_POLICY : IPSEC_DROP_POLICY;
        return;
    case IPSEC_SPD_BYPASS:
        bypass(gw, packet);
        return;
    case IPSEC_SPD_PROTECT:
        packet->sa = ipsec_sad_get(gw->sad, result.sa);
        if (packet->sa == NULL) {
            no_sa(gw, packet, result.user, now);
            return;
        }
        packet->sa = ipseci_gw_policy_sa(gw, packet->sa, inner);
        return;
    }
    packet->status = IPSEC_FATAL_INVARIANT; /* no such action: never in clear */
}

void ipseci_gw_after_seal(struct ipsec_gw *gw, const struct ipsec_packet *packet)
{
    const bool dead =
        packet->status == IPSEC_FATAL_SEQUENCE || packet->status == IPSEC_FATAL_LIFETIME;
    ipseci_gw_touch(gw, packet->sa, dead ? IPSEC_CHILD_NOTICE_HARD : 0);
}

/* Packets that have been decided on. */
static void send_decided(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n,
                         ipsec_ms now)
{
    struct ipsec_packet *seal[IPSECI_GW_BATCH];
    size_t seal_count = 0;
    for (size_t i = 0; i < n; i++) {
        if (packets[i]->sa != NULL) {
            ipseci_gw_mtu_clamp(gw, packets[i]);
            ipseci_gw_tfc_fill(gw, packets[i]);
            seal[seal_count++] = packets[i];
        }
    }
    if (seal_count != 0) {
        (void)ipsec_esp_seal(seal, seal_count);
    }
    for (size_t i = 0; i < seal_count; i++) {
        ipseci_gw_after_seal(gw, seal[i]);
        if (seal[i]->status < IPSEC_OK) {
            ipseci_gw_audit_out(gw, seal[i], now);
        }
    }
    for (size_t i = 0; i < n; i++) {
        ipseci_gw_count(gw->counters.drops_out, &gw->counters.errors_out, packets[i]->status);
    }
    ipseci_gw_wan_send(gw, packets, n);
}

void ipseci_gw_out(struct ipsec_gw *gw, struct ipsec_packet *const packets[], size_t n,
                   ipsec_ms now)
{
    size_t first = 0; /* of those not yet sent */
    gw->counters.lan_in += n;
    for (size_t i = 0; i < n; i++) {
        decide(gw, packets[i], now);
        if (packets[i]->sa != NULL && ipseci_gw_mtu_exceeds(gw, packets[i], now)) {
            send_decided(gw, packets + first, i - first, now); /* its fragments come in its place */
            ipseci_gw_mtu_handle(gw, packets[i], now);
            first = i + 1;
        }
    }
    send_decided(gw, packets + first, n - first, now);
}
