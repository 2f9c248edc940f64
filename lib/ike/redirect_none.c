/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of redirect.c and exchange_redirect.c: nobody is sent anywhere. What
 * ipsec_peer.follow_redirects and the callbacks say has no effect, and the peer is not told that
 * we would take redirects.
 */
#include "redirect.h"

bool ipseci_redirect_lacks_address(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
    return false;
}

void ipseci_redirect_offer(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
}

bool ipseci_redirect_init(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
    return false;
}

bool ipseci_redirect_auth(const struct ipseci_context *ctx, struct ipseci_step *step,
                          enum ipseci_action ending)
{
    (void)ctx;
    (void)step;
    (void)ending;
    return false;
}

bool ipseci_redirect_notice(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_notify *notify)
{
    (void)ctx;
    (void)step;
    (void)notify;
    return true;
}

void ipseci_redirect_take(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
}

bool ipseci_redirect_asks(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipsec_id *remote)
{
    (void)ctx;
    (void)step;
    (void)remote;
    return false;
}

bool ipseci_redirect_away(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
    return false;
}

enum ipsec_status ipseci_redirect_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
    return IPSEC_FATAL_INVARIANT;
}

bool ipseci_redirect_first(struct ipsec_ike *ike, const struct ipseci_message *in)
{
    (void)ike;
    (void)in;
    return false;
}

enum ipsec_status ipseci_ask_address(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    (void)ike;
    (void)hs;
    return IPSEC_FATAL_INVARIANT;
}

void ipseci_fact_resolved(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                          enum ipsec_status status, const struct ipsec_addr *addr)
{
    (void)ike;
    (void)hs;
    (void)status;
    (void)addr;
}

enum ipsec_status ipseci_ask_redirect(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                      const struct ipseci_need *need)
{
    (void)ike;
    (void)hs;
    (void)need;
    return IPSEC_FATAL_INVARIANT;
}

void ipseci_redirect_unresolved(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    (void)ike;
    (void)sa;
}

void ipseci_redirect_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                            struct ipseci_handshake *hs, const struct ipseci_step *step)
{
    (void)ike;
    (void)sa;
    (void)hs;
    (void)step;
}

bool ipseci_redirect_wanted(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    (void)ike;
    (void)sa;
    return false;
}

void ipseci_redirect_unsent(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    (void)ike;
    (void)sa;
}

void ipseci_redirect_settle(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    (void)ike;
    (void)sa;
}

void ipseci_redirect_inherit(struct ipsec_ike *ike, const struct ipseci_ike_sa *old,
                             const struct ipseci_ike_sa *new_sa)
{
    (void)ike;
    (void)old;
    (void)new_sa;
}

void ipseci_redirects_forget(struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    (void)ike;
    (void)peer;
}

enum ipsec_status ipsec_ike_redirect(struct ipsec_ike *ike, ipsec_handle sa,
                                     const struct ipsec_id *gateway, ipsec_ms now)
{
    (void)ike;
    (void)sa;
    (void)gateway;
    (void)now;
    return IPSEC_ERR_NOT_BUILT_IN;
}
