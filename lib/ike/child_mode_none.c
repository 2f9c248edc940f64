/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of child_mode.c in a build without transport mode: a child that wants it is never
 * agreed on.
 */
#include "child_mode.h"

#include "notify.h"

void ipseci_mode_add(struct ipseci_step *step, const struct ipsec_child_config *config)
{
    (void)step;
    (void)config;
}

bool ipseci_mode_agreed(const struct ipseci_context *ctx, const struct ipsec_child_config *config)
{
    (void)ctx;
    return config->mode == IPSEC_MODE_TUNNEL;
}

bool ipseci_mode_moves(const struct ipsec_peer *peer)
{
    (void)peer;
    return true;
}

void ipseci_mode_fail(const struct ipseci_context *ctx, struct ipseci_step *step,
                      const struct ipsec_child_config *config)
{
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_POLICY);

    f->child = config;
    f->status = IPSEC_ERR_NOT_BUILT_IN;
    f->notify = IPSECI_NOTIFY_USE_TRANSPORT_MODE;
    f->authenticated = true;
}

void ipseci_mode_addresses(const struct ipseci_context *ctx,
                           const struct ipsec_child_config *config, struct ipsec_selectors *local,
                           struct ipsec_selectors *remote)
{
    (void)ctx;
    (void)config;
    (void)local;
    (void)remote;
}

bool ipseci_mode_fits(const struct ipseci_context *ctx, const struct ipseci_child_terms *terms)
{
    (void)ctx;
    (void)terms;
    return true;
}
