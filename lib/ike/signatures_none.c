/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without signatures and certificates (see auth_signature.c, job_auth.c): a peer configured
 * for them is told IPSEC_ERR_NOT_BUILT_IN, as by an engine without a signer.
 */
#include "auth_method.h"
#include "engine.h"

bool ipseci_signature_lacks(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_proof *proof)
{
    (void)ctx;
    (void)step;
    (void)proof;
    return false;
}

enum ipsec_status ipseci_signature_add(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
    return IPSEC_ERR_NOT_BUILT_IN;
}

void ipseci_signature_check(const struct ipseci_context *ctx, const struct ipseci_proof *proof,
                            struct ipseci_verdict *verdict)
{
    (void)ctx;
    (void)proof;
    verdict->status = IPSEC_ERR_NOT_BUILT_IN;
}

void ipseci_certificates_add(struct ipseci_step *step, const struct ipsec_peer *peer)
{
    (void)step;
    (void)peer;
}

void ipseci_authorities_add(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipsec_peer *peer)
{
    (void)ctx;
    (void)step;
    (void)peer;
}

void ipseci_hashes_add(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    (void)ctx;
    (void)step;
}

uint8_t ipseci_hashes_read(const struct ipseci_payloads *payloads)
{
    (void)payloads;
    return 0;
}

void ipseci_job_sign(struct ipsec_job *job)
{
    job->status = IPSEC_ERR_NOT_BUILT_IN;
}

void ipseci_job_verify(struct ipsec_job *job)
{
    job->status = IPSEC_ERR_NOT_BUILT_IN;
}

enum ipsec_status ipseci_job_auth(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                  const struct ipseci_message *in, const struct ipseci_need *need)
{
    (void)ike;
    (void)hs;
    (void)in;
    (void)need;
    return IPSEC_ERR_NOT_BUILT_IN; /* no handler asks for one */
}
