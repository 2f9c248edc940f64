/* SPDX-License-Identifier: Apache-2.0
 *
 * The jobs of a proof by signature: making one, and checking one with its certificate chain. Called
 * by jobs.c and needs.c.
 */
#include "engine.h"
#include "signature_wire.h"

#include <string.h>

/* ---- running: touches nothing but the job ------------------------------------------------------
 */

#define SIGNED_PARTS 3

static void signed_parts(const struct ipseci_auth_job *a, struct ipsec_view parts[SIGNED_PARTS])
{
    parts[0] = a->message;
    parts[1] = a->nonce;
    parts[2] = ipseci_view(a->maced_id, a->maced_id_length);
}

void ipseci_job_sign(struct ipsec_job *job)
{
    const struct ipsec_signer *signer = job->config->signer;
    struct ipsec_view parts[SIGNED_PARTS];
    size_t length = sizeof(job->signature);

    signed_parts(&job->auth, parts);
    job->status = signer->sign(signer->context, job->auth.key, (enum ipsec_signature)job->auth.how,
                               parts, SIGNED_PARTS, job->signature, &length);
    if (job->status == IPSEC_OK && length > sizeof(job->signature)) {
        job->status = IPSEC_FATAL_CRYPTO; /* a signer that breaks its word */
    }
    job->signature_length = job->status == IPSEC_OK ? (uint16_t)length : 0;
}

static enum ipsec_status check_key(const struct ipsec_signer *signer,
                                   const struct ipseci_auth_job *a, struct ipsec_view public_key)
{
    struct ipsec_key_info info = {0};

    IPSECI_TRY(signer->public_info(signer->context, public_key, &info));
    /* AUTH-13: methods 9 to 11 name curve and hash; a signature is never checked with a key of
     * another kind */
    return info.kind == a->kind && (a->bits == 0 || a->bits == info.bits) ? IPSEC_OK
                                                                          : IPSEC_DROP_ICV;
}

static enum ipsec_status check_signature(const struct ipsec_signer *signer,
                                         const struct ipseci_auth_job *a, struct ipsec_view key)
{
    struct ipsec_view parts[SIGNED_PARTS];
    uint8_t der[IPSECI_ECDSA_DER_MAX];
    struct ipsec_signature_check check = {
        .how = (enum ipsec_signature)a->how,
        .parts = parts,
        .part_count = SIGNED_PARTS,
        .signature = a->signature,
    };

    signed_parts(a, parts);
    if (a->fixed_width) {
        /* AUTH-13: r and s fill the curve's width each */
        const size_t width = 2 * ((a->bits + 7u) / 8);
        if (a->signature.length != width) {
            return IPSEC_DROP_ICV;
        }
        IPSECI_TRY(ipseci_ecdsa_to_der(a->signature, der, &check.signature.length));
        check.signature.data = der;
    }
    return signer->verify(signer->context, key, &check);
}

void ipseci_job_verify(struct ipsec_job *job)
{
    const struct ipsec_x509 *x509 = job->config->x509;
    const struct ipsec_signer *signer = job->config->signer;
    const struct ipseci_auth_job *a = &job->auth;
    const struct ipsec_cert_query query = {
        .trust = a->trust,
        .id = &a->id,
        .certificates = a->certificate,
        .certificate_count = a->certificate_count,
        .crls = a->crl,
        .crl_count = a->crl_count,
        .wall_time = a->wall_time,
    };

    job->status = x509->validate(x509->context, &query, &job->cert);
    if (job->status < IPSEC_OK || job->cert.problem != IPSEC_CERT_GOOD) {
        return;
    }
    const size_t length = job->cert.public_key_length;
    const struct ipsec_view key = ipseci_view(job->cert.public_key, length);
    job->status =
        length > sizeof(job->cert.public_key) ? IPSEC_FATAL_CRYPTO : check_key(signer, a, key);
    if (job->status == IPSEC_OK) {
        job->status = check_signature(signer, a, key);
    }
}

/* ---- filling -----------------------------------------------------------------------------------
 */

/* The message in hand lies in the caller's buffer; its copy is in the slot, which stays. */
static void to_parked(const struct ipseci_handshake *hs, const struct ipseci_message *in,
                      struct ipsec_view *view)
{
    if (view->length > 0) {
        view->data = hs->parked.data + (view->data - in->raw.data);
    }
}

static void take_certificates(struct ipseci_handshake *hs, const struct ipseci_message *in)
{
    struct ipseci_auth_job *a = &hs->job.auth;

    for (uint8_t i = 0; i < a->certificate_count; i++) {
        to_parked(hs, in, &a->certificate[i]);
    }
    for (uint8_t i = 0; i < a->crl_count; i++) {
        to_parked(hs, in, &a->crl[i]);
    }
}

enum ipsec_status ipseci_job_auth(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                  const struct ipseci_message *in, const struct ipseci_need *need)
{
    const struct ipsec_ike_config *config = &ike->config;
    struct ipsec_job *job = &hs->job;
    struct ipseci_auth_job *a = &job->auth;

    *a = need->auth;
    memset(&job->cert, 0, sizeof(job->cert));
    if (need->kind == IPSECI_NEED_SIGN) {
        return config->signer == NULL || a->key == NULL
                   ? ipseci_job_spare(hs, IPSECI_JOB_SIGN, IPSEC_ERR_NOT_BUILT_IN)
                   : ipseci_job_begin(ike, hs, IPSECI_JOB_SIGN);
    }
    if (config->signer == NULL || config->x509 == NULL) {
        return ipseci_job_spare(hs, IPSECI_JOB_VERIFY, IPSEC_ERR_NOT_BUILT_IN);
    }
    if (a->certificate_count == 0 || config->callbacks.wall_time == NULL ||
        config->callbacks.wall_time(config->user, &a->wall_time) < IPSEC_OK) {
        job->cert.problem = a->certificate_count == 0 ? IPSEC_CERT_MISSING : IPSEC_CERT_NO_TIME;
        return ipseci_job_spare(hs, IPSECI_JOB_VERIFY, IPSEC_OK);
    }
    take_certificates(hs, in);
    to_parked(hs, in, &a->signature);
    return ipseci_job_begin(ike, hs, IPSECI_JOB_VERIFY);
}
