/* SPDX-License-Identifier: Apache-2.0
 *
 * What a failed negotiation is told beyond its cause: both lists and their difference, and the hint
 * that carries our list to a peer that is one of us. Called by the handlers. The build option
 * `diagnosis` puts diagnosis_none.c into the place of this file, explain.c and message_event.c.
 */
#include "explain.h"
#include "sa_payload.h"
#include "step.h"

#include <string.h>

static const uint8_t vendor_id[IPSECI_VENDOR_BYTES] = {'i', 'p', 's', 'e', 'c', '-', 'c', 'o',
                                                       'r', 'e', '/', 'h', 'i', 'n', 't', '1'};

void ipseci_step_vendor(struct ipseci_step *step, const struct ipseci_context *ctx)
{
    if (!ctx->ike->config.no_hints) {
        ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_VENDOR);
        ipseci_write_bytes(&step->w, vendor_id, sizeof(vendor_id));
        ipseci_payload_end(&step->chain);
    }
}

bool ipseci_knows_hints(const struct ipseci_payloads *payloads)
{
    const struct ipseci_payload *p;
    uint32_t cursor = 0;

    while ((p = ipseci_payload_next(payloads, IPSECI_PAYLOAD_VENDOR, &cursor)) != NULL) {
        if (p->body.length == sizeof(vendor_id) &&
            memcmp(p->body.data, vendor_id, sizeof(vendor_id)) == 0) {
            return true;
        }
    }
    return false;
}

/* Octets of what stands around a reply's payloads, whatever the suite. */
#define AROUND_BYTES 128

/* A hint is worth less than the answer that it comes with. */
static bool has_room(const struct ipseci_step *step, const struct ipseci_context *ctx,
                     const struct ipsec_proposals *list)
{
    size_t bytes = step->w.used + AROUND_BYTES;

    for (uint32_t i = 0; i < list->count; i++) {
        bytes += 8 + 12 * (size_t)list->item[i].transform_count; /* RFC 7296 3.3.1, 3.3.2 */
    }
    return bytes <= ctx->ike->config.message_bytes;
}

void ipseci_step_hint(struct ipseci_step *step, const struct ipseci_context *ctx,
                      const struct ipsec_proposals *ours)
{
    const bool understood = ctx->sa->peer_hints || (step->actions & IPSECI_ACT_HINTS) != 0;

    /* What is not built in here would be bad advice. */
    if (ctx->ike->config.no_hints || !understood || ours->count == 0 ||
        step->failure.cause == IPSEC_CAUSE_NOT_BUILT_IN || !has_room(step, ctx, ours)) {
        return;
    }
    const struct ipseci_notify hint = {.type = IPSECI_NOTIFY_HINT};
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_NOTIFY);
    ipseci_notify_build(&step->w, &hint);
    ipseci_sa_build(&step->w, ours, ipseci_view(NULL, 0));
    ipseci_payload_end(&step->chain);
}

static void explain(struct ipseci_step *step, const struct ipseci_lists *lists)
{
    step->ours = *lists->ours;
    step->failure.ours = &step->ours;
    if (step->theirs.count > 0) {
        step->failure.theirs = &step->theirs;
        ipseci_explain(&step->failure, lists->configured, lists->flags);
    }
}

void ipseci_step_explain_ours(struct ipseci_step *step, const struct ipseci_context *ctx,
                              const struct ipseci_lists *lists)
{
    const struct ipseci_payload *sa = ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_SA);

    ipseci_sa_copy(sa->body, (uint8_t)lists->protocol, &step->theirs, &step->failure.theirs_cut);
    explain(step, lists);
}

static void take_hint(struct ipseci_step *step, const struct ipseci_context *ctx,
                      enum ipsec_protocol protocol)
{
    struct ipseci_notify hint;

    if (ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_HINT, &hint)) {
        ipseci_sa_copy(hint.data, (uint8_t)protocol, &step->theirs, &step->failure.theirs_cut);
    }
}

void ipseci_step_explain_theirs(struct ipseci_step *step, const struct ipseci_context *ctx,
                                const struct ipseci_lists *lists,
                                const struct ipseci_notify *notify)
{
    take_hint(step, ctx, lists->protocol);
    explain(step, lists);
    if (step->failure.cause == IPSEC_CAUSE_KE_GROUP && notify->data.length == 2) {
        ipseci_explain_group(&step->failure, ipseci_notify_group(notify));
    }
}
