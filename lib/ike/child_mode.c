/* SPDX-License-Identifier: Apache-2.0
 *
 * Transport mode in negotiation. See child_mode.h.
 */
#include "child_mode.h"

#include "engine.h"
#include "notify.h"

#include <string.h>

static bool is_transport(const struct ipsec_child_config *config)
{
    return config->mode == IPSEC_MODE_TRANSPORT;
}

void ipseci_mode_add(struct ipseci_step *step, const struct ipsec_child_config *config)
{
    if (is_transport(config)) {
        ipseci_notify_add(&step->chain, IPSECI_NOTIFY_USE_TRANSPORT_MODE, ipseci_view(NULL, 0));
        /* Without an inner IP header nothing says where the padding begins (RFC 4303 2.7). */
        ipseci_notify_add(&step->chain, IPSECI_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED,
                          ipseci_view(NULL, 0));
    }
}

bool ipseci_mode_agreed(const struct ipseci_context *ctx, const struct ipsec_child_config *config)
{
    return !is_transport(config) ||
           ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_USE_TRANSPORT_MODE, NULL);
}

bool ipseci_mode_moves(const struct ipsec_peer *peer)
{
    for (size_t i = 0; i < peer->child_count; i++) {
        if (is_transport(&peer->children[i])) {
            return false;
        }
    }
    return true;
}

void ipseci_mode_fail(const struct ipseci_context *ctx, struct ipseci_step *step,
                      const struct ipsec_child_config *config)
{
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_POLICY);

    f->child = config;
    f->notify = IPSECI_NOTIFY_USE_TRANSPORT_MODE;
    f->authenticated = true;
}

/* RFC 7296 2.23.1: one address, or it is not for transport mode. */
static void replace(struct ipsec_selectors *side, const struct ipsec_addr *addr)
{
    for (uint32_t i = 0; i < side->count; i++) {
        struct ipsec_selector *s = &side->item[i];
        if (s->family == addr->family && memcmp(s->first, s->last, sizeof(s->first)) == 0) {
            memcpy(s->first, addr->bytes, sizeof(s->first));
            memcpy(s->last, addr->bytes, sizeof(s->last));
        }
    }
}

void ipseci_mode_addresses(const struct ipseci_context *ctx,
                           const struct ipsec_child_config *config, struct ipsec_selectors *local,
                           struct ipsec_selectors *remote)
{
    if (!is_transport(config)) {
        return;
    }
    if (ctx->sa->nat_local) {
        replace(local, &ctx->sa->local.addr);
    }
    if (ctx->sa->nat_remote) {
        replace(remote, &ctx->sa->remote.addr);
    }
}

static bool is_host(const struct ipsec_selectors *side, const struct ipsec_addr *addr)
{
    for (uint32_t i = 0; i < side->count; i++) {
        const struct ipsec_selector *s = &side->item[i];
        if (s->family != addr->family || memcmp(s->first, addr->bytes, sizeof(s->first)) != 0 ||
            memcmp(s->last, addr->bytes, sizeof(s->last)) != 0) {
            return false;
        }
    }
    return true;
}

bool ipseci_mode_fits(const struct ipseci_context *ctx, const struct ipseci_child_terms *terms)
{
    /* RFC 7296 2.23.1 takes the address from the packets, which anybody can write on them: only
     * that at which the answer to IKE_SA_INIT was received is known to be the peer's. */
    return !is_transport(terms->config) ||
           (!ctx->sa->strayed && is_host(&terms->local_ts, &ctx->sa->local.addr) &&
            is_host(&terms->remote_ts, &ctx->sa->remote.addr));
}
