/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without EAP (see exchange_eap.c): a peer configured for it is told
 * IPSEC_ERR_NOT_BUILT_IN.
 */
#include "engine.h"
#include "exchange_auth.h"

enum ipsec_status ipseci_eap_start(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    return ipseci_no_proof(ctx, step, IPSEC_ERR_NOT_BUILT_IN);
}

enum ipsec_status ipseci_eap_response(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    return ipseci_no_proof(ctx, step, IPSEC_ERR_NOT_BUILT_IN);
}

enum ipsec_status ipseci_eap_begin(const struct ipseci_context *ctx, struct ipseci_step *step,
                                   const struct ipsec_id *remote)
{
    ipseci_auth_refuse(ctx, step, IPSECI_NOTIFY_AUTHENTICATION_FAILED, ipseci_view(NULL, 0));
    ipseci_auth_failed_here(ctx, step, IPSEC_CAUSE_AUTHENTICATION, remote);
    step->failure.status = IPSEC_ERR_NOT_BUILT_IN;
    step->failure.auth_wanted = IPSEC_AUTH_EAP;
    return IPSEC_OK;
}

enum ipsec_status ipseci_eap_request(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
    return IPSEC_DROP_EXCHANGE; /* no round was ever begun */
}
