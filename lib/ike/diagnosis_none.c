/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without diagnosis (see diagnosis.c, explain.c, message_event.c): failures are reported
 * with phase, cause, side and notify, but without lists and differences; no hints are sent or
 * understood; and there are no events for single messages.
 */
#include "engine.h"
#include "explain.h"

void ipseci_step_vendor(struct ipseci_step *step, const struct ipseci_context *ctx)
{
    (void)step;
    (void)ctx;
}

bool ipseci_knows_hints(const struct ipseci_payloads *payloads)
{
    (void)payloads;
    return false;
}

void ipseci_step_hint(struct ipseci_step *step, const struct ipseci_context *ctx,
                      const struct ipsec_proposals *ours)
{
    (void)step;
    (void)ctx;
    (void)ours;
}

void ipseci_step_explain_ours(struct ipseci_step *step, const struct ipseci_context *ctx,
                              const struct ipseci_lists *lists)
{
    (void)step;
    (void)ctx;
    (void)lists;
}

void ipseci_step_explain_theirs(struct ipseci_step *step, const struct ipseci_context *ctx,
                                const struct ipseci_lists *lists,
                                const struct ipseci_notify *notify)
{
    (void)step;
    (void)ctx;
    (void)lists;
    (void)notify;
}

void ipseci_explain_not_built_in(struct ipsec_failure *failure,
                                 const struct ipsec_proposals *configured,
                                 const struct ipsec_crypto_list *crypto,
                                 struct ipsec_proposals *built_in)
{
    (void)crypto;
    (void)built_in;
    failure->ours = configured;
}

void ipseci_emit_message(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                         const struct ipseci_message *in, bool again)
{
    (void)ike;
    (void)sa;
    (void)in;
    (void)again;
}

void ipseci_emit_sent(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                      struct ipsec_view train, struct ipsec_view body)
{
    (void)ike;
    (void)sa;
    (void)train;
    (void)body;
}
