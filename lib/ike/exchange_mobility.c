/* SPDX-License-Identifier: Apache-2.0
 *
 * MOBIKE in IKE_AUTH and INFORMATIONAL, both roles: support, further addresses, updates, return
 * routability, prohibition of NATs. RFC 4555. See mobility.h.
 */
#include "mobility.h"

#include <string.h>

static bool is_on(const struct ipseci_ike_sa *sa)
{
    return (sa->mobile & IPSECI_MOBILE_ON) != 0;
}

static bool is_first(const struct ipseci_ike_sa *sa)
{
    return (sa->mobile & IPSECI_MOBILE_FIRST) != 0;
}

static void add_plain(struct ipseci_step *step, uint16_t type)
{
    ipseci_step_notify(step, type, ipseci_view(NULL, 0));
}

static void add_address(struct ipseci_step *step, const struct ipsec_addr *addr)
{
    const bool four = addr->family == IPSEC_FAMILY_IPV4;

    ipseci_step_notify(
        step, four ? IPSECI_NOTIFY_ADDITIONAL_IP4_ADDRESS : IPSECI_NOTIFY_ADDITIONAL_IP6_ADDRESS,
        ipseci_view(addr->bytes, four ? 4 : 16));
}

/* All our addresses but the one in the IP header (RFC 4555 3.6). */
static uint32_t add_addresses(const struct ipseci_context *ctx, struct ipseci_step *step,
                              const struct ipsec_peer *peer)
{
    const struct ipsec_addr *current = &ctx->sa->local.addr;
    uint32_t added = 0;

    if (peer->other_local_count > 0 && peer->local.addr.family != IPSEC_FAMILY_NONE &&
        !ipsec_addr_equal(&peer->local.addr, current)) {
        add_address(step, &peer->local.addr);
        added++;
    }
    for (size_t i = 0; i < peer->other_local_count && added < IPSECI_ADDITIONAL_MAX; i++) {
        if (!ipsec_addr_equal(&peer->other_local[i], current)) {
            add_address(step, &peer->other_local[i]);
            added++;
        }
    }
    return added;
}

static void add_no_nats(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipseci_octets_no_nats data;

    ipseci_no_nats_build(&ctx->sa->local, &ctx->sa->remote, &data);
    ipseci_step_notify(step, IPSECI_NOTIFY_NO_NATS_ALLOWED, ipseci_view(data.octets, data.length));
}

/* ---- IKE_AUTH ----------------------------------------------------------------------------------
 */

void ipseci_mobility_offer(const struct ipseci_context *ctx, struct ipseci_step *step,
                           const struct ipsec_peer *peer)
{
    const bool answers = ctx->in != NULL;

    if (!ipseci_mobility_wanted(peer) ||
        (answers &&
         !ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_MOBIKE_SUPPORTED, NULL))) {
        return;
    }
    add_plain(step, IPSECI_NOTIFY_MOBIKE_SUPPORTED);
    (void)add_addresses(ctx, step, peer);
    if (answers) {
        step->mobility |= IPSECI_MOBILITY_SUPPORTED;
    } else if (peer->no_nat) {
        add_no_nats(ctx, step);
    }
}

void ipseci_mobility_take(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    if (ipseci_mobility_wanted(ctx->sa->peer) &&
        ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_MOBIKE_SUPPORTED, NULL)) {
        step->mobility |= IPSECI_MOBILITY_SUPPORTED;
    }
}

bool ipseci_mobility_unchanged(const struct ipseci_message *in)
{
    struct ipseci_octets_no_nats expected;
    struct ipseci_notify notify;

    if (!ipseci_notify_find(&in->payloads, IPSECI_NOTIFY_NO_NATS_ALLOWED, &notify)) {
        return true;
    }
    ipseci_no_nats_build(&in->remote, &in->local, &expected);
    return notify.data.length == expected.length && expected.length > 0 &&
           memcmp(notify.data.data, expected.octets, expected.length) == 0;
}

/* ---- our requests ------------------------------------------------------------------------------
 */

static struct ipseci_nat_path nat_path(const struct ipseci_ike_sa *sa,
                                       const struct ipsec_endpoint *local,
                                       const struct ipsec_endpoint *remote)
{
    const struct ipseci_nat_path path = {sa->spi_i, sa->spi_r, local, remote};

    return path;
}

static void add_cookie2(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    uint8_t cookie[IPSECI_COOKIE2_BYTES];

    ipseci_cookie2(ctx->ike, ctx->sa, cookie);
    ipseci_step_notify(step, IPSECI_NOTIFY_COOKIE2, ipseci_view(cookie, sizeof(cookie)));
}

static void add_update(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_ike_sa *sa = ctx->sa;
    const struct ipseci_nat_path path = nat_path(sa, &sa->local, &sa->remote);

    if (sa->peer->routability != IPSEC_ROUTABILITY_OFF) {
        add_cookie2(ctx, step);
    }
    if (is_first(sa)) {
        add_plain(step, IPSECI_NOTIFY_UPDATE_SA_ADDRESSES);
    }
    /* RFC 4555 3.6: the responder, whose address has changed, says so with the list alone. */
    if (add_addresses(ctx, step, sa->peer) == 0 && !is_first(sa)) {
        add_plain(step, IPSECI_NOTIFY_NO_ADDITIONAL_ADDRESSES);
    }
    if (sa->peer->no_nat) {
        add_no_nats(ctx, step);
    } else if (is_first(sa)) {
        ipseci_step_nat_detection(step, ctx, &path);
    }
}

void ipseci_mobility_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_ike_sa *sa = ctx->sa;
    const struct ipseci_nat_path path = nat_path(sa, &sa->local, &sa->remote);

    if (sa->task == IPSECI_TASK_UPDATE) {
        add_update(ctx, step);
    } else if (sa->task == IPSECI_TASK_CHECK) {
        add_cookie2(ctx, step);
    } else if (is_on(sa) && is_first(sa) && sa->nat_local) {
        ipseci_step_nat_detection(step, ctx, &path); /* RFC 4555 3.8: has our mapping changed? */
    }
}

/* RFC 4555 3.7: a value that is not the one sent ends the IKE SA. A refusal may come without. */
static bool cookie2_right(const struct ipseci_context *ctx, bool refused)
{
    const struct ipseci_ike_sa *sa = ctx->sa;
    const bool sent =
        sa->task == IPSECI_TASK_CHECK ||
        (sa->task == IPSECI_TASK_UPDATE && sa->peer->routability != IPSEC_ROUTABILITY_OFF);
    uint8_t expected[IPSECI_COOKIE2_BYTES];
    struct ipseci_notify notify;

    if (!sent) {
        return true;
    }
    if (!ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_COOKIE2, &notify)) {
        return refused;
    }
    ipseci_cookie2(ctx->ike, sa, expected);
    return notify.data.length == sizeof(expected) &&
           ipseci_equal_secret(notify.data.data, expected, sizeof(expected));
}

static void refused(const struct ipseci_context *ctx, struct ipseci_step *step, uint16_t error)
{
    const struct ipseci_path *path = ipseci_path_get(ctx->ike, ctx->sa);

    /* RFC 4555 3.9: who can change a single packet must not make a path unusable. */
    if (error == IPSECI_NOTIFY_UNEXPECTED_NAT_DETECTED && path != NULL &&
        path->retries < IPSECI_UPDATE_RETRIES_MAX) {
        step->mobility |= IPSECI_MOBILITY_AGAIN;
        return;
    }
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, IPSEC_PHASE_ESTABLISHED, IPSEC_CAUSE_PEER_REFUSED);
    f->refused_by = IPSEC_REFUSED_PEER;
    f->notify = error;
    step->mobility |= IPSECI_MOBILITY_REFUSED;
}

static void updated(const struct ipseci_context *ctx, struct ipseci_step *step, uint16_t error)
{
    const struct ipseci_message *in = ctx->in;
    const struct ipseci_nat_path path = nat_path(ctx->sa, &in->local, &in->remote);

    if ((ctx->sa->mobile & IPSECI_MOBILE_UPDATE_OUT) == 0) {
        return; /* our addresses have changed again meanwhile: the next update is under way */
    }
    if (error != 0) {
        refused(ctx, step, error);
        return;
    }
    step->mobility |= IPSECI_MOBILITY_ACCEPTED;
    if (!ctx->sa->peer->no_nat) {
        ipseci_nat_detect(&ctx->ike->config.crypto, &in->payloads, &path, &step->nat);
    }
}

/* What the peer sees of us, cut short: two mappings that agree in it do not happen. */
static bool seen_by_peer(const struct ipseci_payloads *payloads, uint32_t *seen)
{
    struct ipseci_notify notify;

    if (!ipseci_notify_find(payloads, IPSECI_NOTIFY_NAT_DETECTION_DESTINATION_IP, &notify) ||
        notify.data.length != IPSECI_NAT_HASH_BYTES) {
        return false;
    }
    *seen = ipseci_load32(notify.data.data);
    return true;
}

static void probed(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_path *path = ipseci_path_get(ctx->ike, ctx->sa);
    uint32_t seen;

    if (path != NULL && ctx->sa->nat_local && seen_by_peer(&ctx->in->payloads, &seen) &&
        seen != path->seen_by_peer) {
        step->mobility |= IPSECI_MOBILITY_REMAPPED;
    }
}

void ipseci_mobility_response(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const uint8_t task = ctx->sa->task;
    struct ipseci_notify notify;
    const uint16_t error = ipseci_error_notify(&ctx->in->payloads, &notify);

    (void)seen_by_peer(&ctx->in->payloads, &step->seen_by_peer);
    if (!cookie2_right(ctx, error != 0)) {
        ipseci_step_fail(step, ctx, IPSEC_PHASE_ESTABLISHED, IPSEC_CAUSE_PROTOCOL);
        ipseci_step_close(step);
    } else if (task == IPSECI_TASK_UPDATE) {
        updated(ctx, step, error);
    } else if (task == IPSECI_TASK_CHECK && (ctx->sa->mobile & IPSECI_MOBILE_CHECK_OUT) != 0) {
        step->mobility |= IPSECI_MOBILITY_CHECKED;
    } else if (task == IPSECI_TASK_PROBE) {
        probed(ctx, step);
    }
}

/* ---- the peer's requests -----------------------------------------------------------------------
 */

bool ipseci_mobility_cookie2(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipseci_notify *notify)
{
    if (is_on(ctx->sa) && notify->data.length >= IPSECI_COOKIE2_BYTES &&
        notify->data.length <= IPSECI_COOKIE2_BYTES_MAX) {
        ipseci_step_notify(step, IPSECI_NOTIFY_COOKIE2, notify->data); /* as it is */
    }
    return true;
}

bool ipseci_mobility_no_nats(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipseci_notify *notify)
{
    (void)notify;
    if (!is_on(ctx->sa) || ipseci_mobility_unchanged(ctx->in)) {
        return true;
    }
    add_plain(step, IPSECI_NOTIFY_UNEXPECTED_NAT_DETECTED);
    return false;
}

bool ipseci_mobility_update(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_notify *notify)
{
    const struct ipseci_message *in = ctx->in;
    const struct ipseci_nat_path path = nat_path(ctx->sa, &in->local, &in->remote);

    (void)notify;
    if (!is_on(ctx->sa)) {
        return true; /* an unknown status notify to us */
    }
    /* RFC 4555 3.5: it is the first end's to decide. The addresses are those of the IP header, and
     * the newest request's: an older one does not come so far. */
    if (is_first(ctx->sa) || !ipseci_addresses_acceptable(ctx->sa, &in->local, &in->remote)) {
        add_plain(step, IPSECI_NOTIFY_UNACCEPTABLE_ADDRESSES);
        return false;
    }
    if (ctx->sa->state != IPSECI_IKE_ESTABLISHED) {
        return true; /* rekeyed meanwhile: the peer asks again on the new one */
    }
    step->mobility |= IPSECI_MOBILITY_MOVED;
    if (!ctx->sa->peer->no_nat) {
        ipseci_nat_detect(&ctx->ike->config.crypto, &in->payloads, &path, &step->nat);
    }
    return true;
}

bool ipseci_mobility_addresses(const struct ipseci_context *ctx, struct ipseci_step *step,
                               const struct ipseci_notify *notify)
{
    (void)notify;
    /* RFC 4555 3.4: the other end would need them only if it changed its own address. */
    if (is_on(ctx->sa) && is_first(ctx->sa)) {
        step->mobility |= IPSECI_MOBILITY_ADDRESSES;
    }
    return true;
}

bool ipseci_mobility_nat(const struct ipseci_context *ctx, struct ipseci_step *step,
                         const struct ipseci_notify *notify)
{
    const struct ipseci_nat_path path = nat_path(ctx->sa, &ctx->in->local, &ctx->in->remote);

    (void)notify;
    if (is_on(ctx->sa)) {
        ipseci_step_nat_detection(step, ctx, &path); /* RFC 4555 3.8 */
    }
    return true;
}
