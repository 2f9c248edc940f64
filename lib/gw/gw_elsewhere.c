/* SPDX-License-Identifier: Apache-2.0
 *
 * The SA sink of a gateway whose data plane is another one: hands on what the IKE engine says.
 * Called by the IKE engine only; chosen by gw.c.
 */
#include "gw_state.h"

static enum ipsec_status pass_child_add(void *user, const struct ipsec_child_sa *child)
{
    const struct ipsec_sa_sink *sink = &((const struct ipsec_gw *)user)->sink;
    return sink->child_add(sink->context, child);
}

static enum ipsec_status pass_child_update(void *user, const struct ipsec_child_update *update)
{
    const struct ipsec_sa_sink *sink = &((const struct ipsec_gw *)user)->sink;
    return sink->child_update(sink->context, update);
}

static void pass_child_remove(void *user, ipsec_handle child)
{
    const struct ipsec_sa_sink *sink = &((const struct ipsec_gw *)user)->sink;
    sink->child_remove(sink->context, child);
}

static enum ipsec_status pass_child_stats(void *user, ipsec_handle child,
                                          struct ipsec_child_stats *stats)
{
    const struct ipsec_sa_sink *sink = &((const struct ipsec_gw *)user)->sink;
    return sink->child_stats(sink->context, child, stats);
}

enum ipsec_status ipseci_gw_elsewhere_take(const struct ipsec_sa_sink *given,
                                           struct ipsec_sa_sink *out)
{
    if (given == NULL) {
        *out = (struct ipsec_sa_sink){0};
        return IPSEC_OK;
    }
    IPSECI_TRY(ipseci_struct_in(out, sizeof *out, given));
    return out->child_add != NULL && out->child_update != NULL && out->child_remove != NULL &&
                   out->child_stats != NULL
               ? IPSEC_OK
               : IPSEC_ERR_ARGUMENT;
}

void ipseci_gw_elsewhere(struct ipsec_ike_callbacks *callbacks)
{
    callbacks->child_add = pass_child_add;
    callbacks->child_update = pass_child_update;
    callbacks->child_remove = pass_child_remove;
    callbacks->child_stats = pass_child_stats;
}
