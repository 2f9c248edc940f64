/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of reauth.c and heir.c: an authentication is good for ever, the peer's wishes are
 * passed over, and duplicates stay.
 */
#include "reauth.h"

void ipseci_reauth_announce(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
}

void ipseci_reauth_take(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
}

bool ipseci_reauth_notice(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipseci_notify *notify)
{
    (void)ctx;
    (void)step;
    (void)notify;
    return true;
}

void ipseci_reauth_established(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                               const struct ipseci_step *step)
{
    (void)ike;
    (void)sa;
    (void)step;
}

void ipseci_reauth_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                          const struct ipseci_step *step)
{
    (void)ike;
    (void)sa;
    (void)step;
}

void ipseci_reauth_inherit(const struct ipseci_ike_sa *old, struct ipseci_ike_sa *made)
{
    (void)old;
    (void)made;
}

void ipseci_reauth_due(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    (void)ike;
    (void)sa;
}

void ipseci_heir_settle(struct ipsec_ike *ike, struct ipseci_ike_sa *heir)
{
    (void)ike;
    (void)heir;
}

void ipseci_heir_heard(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    (void)ike;
    (void)sa;
}

void ipseci_heir_rekeyed(struct ipsec_ike *ike, struct ipseci_ike_sa *old,
                         struct ipseci_ike_sa *new_sa)
{
    (void)ike;
    (void)old;
    (void)new_sa;
}

void ipseci_heir_closing(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, enum ipsec_reason reason)
{
    (void)ike;
    (void)sa;
    (void)reason;
}

void ipseci_heir_outlive(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         enum ipsec_reason reason)
{
    (void)ike;
    (void)sa;
    (void)reason;
}

void ipseci_heir_cancel(struct ipsec_ike *ike, const struct ipseci_ike_sa *elder)
{
    (void)ike;
    (void)elder;
}

void ipseci_heir_child(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                       struct ipseci_step *step)
{
    (void)ike;
    (void)sa;
    (void)step;
}

struct ipseci_child *ipseci_child_heir(const struct ipsec_ike *ike,
                                       const struct ipseci_child *child)
{
    (void)ike;
    (void)child;
    return NULL;
}

enum ipsec_status ipsec_ike_reauthenticate(struct ipsec_ike *ike, ipsec_handle handle, ipsec_ms now)
{
    (void)ike;
    (void)handle;
    (void)now;
    return IPSEC_ERR_NOT_BUILT_IN;
}
