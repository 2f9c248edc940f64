/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of address_config.c and lease.c: nothing is asked for, nothing given, and a child
 * with a dynamic side can not be.
 */
#include "address_config.h"
#include "engine.h"

void ipseci_config_ask(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
}

void ipseci_config_take(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
}

bool ipseci_config_lacks_lease(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
    return false;
}

uint16_t ipseci_config_answer(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
    return 0;
}

bool ipseci_child_sides(const struct ipseci_context *ctx, const struct ipseci_step *step,
                        const struct ipsec_child_config *config, struct ipseci_child_sides *out)
{
    (void)ctx;
    (void)step;
    out->local = config->local_ts;
    out->remote = config->remote_ts;
    return !config->local_dynamic && !config->remote_dynamic;
}

void ipseci_fact_lease(struct ipsec_ike *ike, struct ipseci_handshake *hs, enum ipsec_status status,
                       const struct ipsec_config_set *set)
{
    (void)ike;
    (void)hs;
    (void)status;
    (void)set;
}

enum ipsec_status ipseci_ask_lease(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                   const struct ipseci_need *need)
{
    (void)ike;
    (void)hs;
    (void)need;
    return IPSEC_FATAL_INVARIANT;
}

void ipseci_lease_drop(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    (void)ike;
    (void)hs;
}

void ipseci_lease_end(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    (void)ike;
    (void)sa;
}

uint32_t ipseci_lease_held(const struct ipsec_ike *ike, const struct ipsec_peer *peer,
                           const struct ipsec_id *remote_id)
{
    (void)ike;
    (void)peer;
    (void)remote_id;
    return 0;
}
