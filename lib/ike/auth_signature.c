/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures and certificates in IKE_AUTH: which signature, the payloads CERT, CERTREQ and AUTH,
 * hash negotiation. The work itself is done by the caller's signer and verifier, in jobs. Called by
 * auth_method.c and the handlers. RFC 7296 3.6 to 3.8, RFC 4754, RFC 7427, RFC 8420.
 */
#include "auth_method.h"
#include "engine.h"
#include "facade.h"
#include "signature_wire.h"
#include "small_payloads.h"

#define ALL_BUT_SHA1 (~(1u << IPSEC_SIGNATURE_RSA_SHA1))

/* What each way of signing is in the old methods, and which keys it takes. */
struct way {
    uint8_t kind;   /* enum ipsec_key_kind */
    uint8_t hash;   /* enum ipseci_signature_hash */
    uint8_t method; /* without RFC 7427; 0: only with it */
    uint16_t bits;  /* of the key, for that method */
};

static const struct way ways[IPSEC_SIGNATURES] = {
    [IPSEC_SIGNATURE_RSA_SHA1] = {IPSEC_KEY_RSA, IPSECI_HASH_SHA1, IPSECI_AUTH_RSA_SHA1, 0},
    [IPSEC_SIGNATURE_RSA_SHA2_256] = {IPSEC_KEY_RSA, IPSECI_HASH_SHA2_256, 0, 0},
    [IPSEC_SIGNATURE_RSA_SHA2_384] = {IPSEC_KEY_RSA, IPSECI_HASH_SHA2_384, 0, 0},
    [IPSEC_SIGNATURE_RSA_SHA2_512] = {IPSEC_KEY_RSA, IPSECI_HASH_SHA2_512, 0, 0},
    [IPSEC_SIGNATURE_PSS_SHA2_256] = {IPSEC_KEY_RSA, IPSECI_HASH_SHA2_256, 0, 0},
    [IPSEC_SIGNATURE_PSS_SHA2_384] = {IPSEC_KEY_RSA, IPSECI_HASH_SHA2_384, 0, 0},
    [IPSEC_SIGNATURE_PSS_SHA2_512] = {IPSEC_KEY_RSA, IPSECI_HASH_SHA2_512, 0, 0},
    [IPSEC_SIGNATURE_ECDSA_SHA2_256] = {IPSEC_KEY_EC, IPSECI_HASH_SHA2_256, IPSECI_AUTH_ECDSA_256,
                                        256},
    [IPSEC_SIGNATURE_ECDSA_SHA2_384] = {IPSEC_KEY_EC, IPSECI_HASH_SHA2_384, IPSECI_AUTH_ECDSA_384,
                                        384},
    [IPSEC_SIGNATURE_ECDSA_SHA2_512] = {IPSEC_KEY_EC, IPSECI_HASH_SHA2_512, IPSECI_AUTH_ECDSA_521,
                                        521},
    [IPSEC_SIGNATURE_ED25519] = {IPSEC_KEY_ED25519, IPSECI_HASH_IDENTITY, 0, 0},
};

static bool in_set(uint32_t set, uint32_t how)
{
    return (set & 1u << how) != 0;
}

/* ---- which one ---------------------------------------------------------------------------------
 */

/* Can this key sign so for this peer? With RFC 7427 the peer names the hashes it can check
 * (AUTH-10); without it only the old methods are left. */
static bool usable(const struct ipseci_context *ctx, uint8_t how, const struct ipsec_key_info *key)
{
    const struct ipsec_signer *signer = ctx->ike->config.signer;
    const struct way *way = &ways[how];
    const uint8_t hashes = ctx->hs->peer_hashes;
    const bool method_fits = way->method != 0 && (way->bits == 0 || way->bits == key->bits);

    return way->kind == key->kind && signer->supports(signer->context, (enum ipsec_signature)how) &&
           (hashes != 0 ? in_set(hashes, way->hash) && how != IPSEC_SIGNATURE_RSA_SHA1
                        : method_fits);
}

/* The hash that fits the key best: as strong as an elliptic curve, SHA2-256 for RSA. */
static bool fits_curve(uint8_t how, const struct ipsec_key_info *key)
{
    return ways[how].bits == 0 || ways[how].bits == key->bits;
}

/* IPSEC_SIGNATURES: none that both ends know. */
static uint8_t choose(const struct ipseci_context *ctx, const struct ipsec_credential *credential)
{
    const struct ipsec_signer *signer = ctx->ike->config.signer;
    const uint32_t set = credential->signatures != 0 ? credential->signatures : ALL_BUT_SHA1;
    uint8_t best = IPSEC_SIGNATURES;
    struct ipsec_key_info key;

    if (signer->key_info(signer->context, credential->key, &key) < IPSEC_OK) {
        return IPSEC_SIGNATURES;
    }
    for (uint8_t how = 0; how < IPSEC_SIGNATURES; how++) {
        if (in_set(set, how) && usable(ctx, how, &key) &&
            (best == IPSEC_SIGNATURES || (fits_curve(how, &key) && !fits_curve(best, &key)))) {
            best = how;
        }
    }
    return best;
}

/* ---- ours --------------------------------------------------------------------------------------
 */

static enum ipsec_status mac_id(const struct ipseci_context *ctx,
                                const struct ipseci_auth_octets *octets,
                                struct ipseci_auth_job *job)
{
    struct ipseci_prf prf;

    IPSECI_TRY(ipseci_prf_bind(&prf, &ctx->ike->config.crypto, octets->prf));
    job->maced_id_length = prf.length;
    job->message = octets->message;
    job->nonce = octets->nonce;
    return ipseci_prf_run(&prf, octets->sk_p, &octets->id_body, 1, job->maced_id);
}

static bool need_signature(const struct ipseci_context *ctx, struct ipseci_step *step,
                           const struct ipseci_proof *proof)
{
    const struct ipsec_credential *credential = proof->peer->credential;
    const struct ipseci_auth_octets octets = ipseci_auth_octets(ctx, proof);
    struct ipseci_auth_job *job = &step->need.auth;

    step->need.kind = IPSECI_NEED_SIGN;
    if (ctx->ike->config.signer == NULL || credential == NULL || credential->key == NULL) {
        return true; /* the job finds no key and says so */
    }
    job->how = choose(ctx, credential);
    if (job->how < IPSEC_SIGNATURES && mac_id(ctx, &octets, job) == IPSEC_OK) {
        job->key = credential->key;
    }
    return true;
}

void ipseci_certificates_add(struct ipseci_step *step, const struct ipsec_peer *peer)
{
    const struct ipsec_credential *credential = peer->credential;

    if (peer->local_auth != IPSEC_AUTH_SIGNATURE || credential == NULL) {
        return;
    }
    for (size_t i = 0; i < credential->chain_count; i++) {
        ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_CERT);
        ipseci_cert_build(&step->w, IPSECI_CERT_X509_SIGNATURE, credential->chain[i]);
        ipseci_payload_end(&step->chain);
    }
}

/* Method 14 names the algorithm; the old ones stand for it. */
enum ipsec_status ipseci_signature_add(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipsec_job *job = &ctx->hs->job;
    const uint8_t how = job->auth.how;
    struct ipsec_view signature = ipseci_view(job->signature, job->signature_length);
    uint8_t fixed[IPSECI_ECDSA_FIXED_MAX];

    IPSECI_TRY(ctx->hs->facts.sign_status);
    const bool named = ctx->hs->peer_hashes != 0;
    if (!named && ways[how].kind == IPSEC_KEY_EC) {
        const size_t half = (ways[how].bits + 7u) / 8;
        IPSECI_TRY(ipseci_ecdsa_to_fixed(signature, half, fixed));
        signature = ipseci_view(fixed, 2 * half);
    }
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_AUTH);
    ipseci_auth_build(&step->w, named ? IPSECI_AUTH_SIGNATURE : ways[how].method,
                      ipseci_view(NULL, 0));
    if (named) {
        ipseci_signature_algorithm_build(&step->w, (enum ipsec_signature)how);
    }
    ipseci_write_view(&step->w, signature);
    ipseci_payload_end(&step->chain);
    return IPSEC_OK;
}

/* ---- the peer's --------------------------------------------------------------------------------
 */

/* What the peer's AUTH payload says of itself: method, way, signature. False: none we take. */
static bool read_signature(const struct ipseci_context *ctx, const struct ipsec_peer *peer,
                           struct ipseci_auth_job *job)
{
    const struct ipsec_signer *signer = ctx->ike->config.signer;
    const struct ipseci_payload *payload =
        ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_AUTH);
    const uint32_t set = peer->remote_signatures != 0 ? peer->remote_signatures : ALL_BUT_SHA1;
    struct ipseci_auth auth;
    enum ipsec_signature how = IPSEC_SIGNATURES;

    if (signer == NULL || payload == NULL || ipseci_auth_parse(payload->body, &auth) < IPSEC_OK) {
        return false;
    }
    job->signature = auth.data;
    if (auth.method == IPSECI_AUTH_SIGNATURE) {
        if (ipseci_signature_algorithm_parse(&job->signature, &how) < IPSEC_OK) {
            return false;
        }
        job->bits = 0;
    } else {
        for (uint8_t i = 0; i < IPSEC_SIGNATURES; i++) {
            how = ways[i].method != 0 && ways[i].method == auth.method ? (enum ipsec_signature)i
                                                                       : how;
        }
    }
    if (how >= IPSEC_SIGNATURES || !in_set(set, how) ||
        (auth.method == IPSECI_AUTH_SIGNATURE && how == IPSEC_SIGNATURE_RSA_SHA1)) {
        return false; /* AUTH-10: only a hash that we have announced */
    }
    job->how = (uint8_t)how;
    job->kind = ways[how].kind;
    job->fixed_width = auth.method != IPSECI_AUTH_SIGNATURE && job->kind == IPSEC_KEY_EC;
    job->bits = job->fixed_width ? ways[how].bits : 0;
    return signer->supports(signer->context, how);
}

/* RFC 7296 3.6: other encodings are passed over (AUTH-18), and nothing is fetched (AUTH-20). */
static void read_certificates(const struct ipseci_payloads *payloads, struct ipseci_auth_job *job)
{
    const struct ipseci_payload *p;
    struct ipseci_cert cert;
    uint32_t cursor = 0;

    while ((p = ipseci_payload_next(payloads, IPSECI_PAYLOAD_CERT, &cursor)) != NULL) {
        if (ipseci_cert_parse(p->body, &cert) < IPSEC_OK || cert.data.length == 0) {
            continue;
        }
        if (cert.encoding == IPSECI_CERT_X509_SIGNATURE &&
            job->certificate_count < IPSEC_CERTIFICATES_MAX) {
            job->certificate[job->certificate_count] = cert.data;
            job->certificate_count++;
        } else if (cert.encoding == IPSECI_CERT_CRL && job->crl_count < IPSECI_CRLS_MAX) {
            job->crl[job->crl_count] = cert.data;
            job->crl_count++;
        }
    }
}

static bool need_verdict(const struct ipseci_context *ctx, struct ipseci_step *step,
                         const struct ipseci_proof *proof)
{
    const struct ipseci_auth_octets octets = ipseci_auth_octets(ctx, proof);
    struct ipseci_auth_job *job = &step->need.auth;

    if (!read_signature(ctx, proof->peer, job) || mac_id(ctx, &octets, job) < IPSEC_OK) {
        return false; /* the check sees that nothing was verified */
    }
    read_certificates(&ctx->in->payloads, job);
    job->trust = proof->peer->trust;
    job->id = *proof->remote_id;
    step->need.kind = IPSECI_NEED_VERIFY;
    return true;
}

void ipseci_signature_check(const struct ipseci_context *ctx, const struct ipseci_proof *proof,
                            struct ipseci_verdict *verdict)
{
    const struct ipseci_facts *facts = &ctx->hs->facts;

    (void)proof;
    if (!ipseci_has(ctx, IPSECI_NEED_VERIFY)) {
        verdict->status = IPSEC_ERR_FORBIDDEN; /* no signature, or none we take */
        return;
    }
    verdict->status = facts->verify_status;
    verdict->cert_problem = (enum ipsec_cert_problem)facts->cert_problem;
    verdict->good = facts->verify_status == IPSEC_OK && facts->cert_problem == IPSEC_CERT_GOOD;
}

bool ipseci_signature_lacks(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipseci_proof *proof)
{
    if (proof->ours) {
        return !ipseci_has(ctx, IPSECI_NEED_SIGN) && need_signature(ctx, step, proof);
    }
    return !ipseci_has(ctx, IPSECI_NEED_VERIFY) && need_verdict(ctx, step, proof);
}

/* ---- around it ---------------------------------------------------------------------------------
 */

void ipseci_authorities_add(const struct ipseci_context *ctx, struct ipseci_step *step,
                            const struct ipsec_peer *peer)
{
    const struct ipsec_x509 *x509 = ctx->ike->config.x509;
    uint8_t hashes[IPSECI_AUTHORITIES_MAX][IPSEC_AUTHORITY_BYTES];

    if (peer->remote_auth != IPSEC_AUTH_SIGNATURE || x509 == NULL || peer->trust == NULL) {
        return;
    }
    size_t count = x509->authorities(x509->context, peer->trust, hashes, IPSECI_AUTHORITIES_MAX);
    count = count < IPSECI_AUTHORITIES_MAX ? count : IPSECI_AUTHORITIES_MAX;
    if (count == 0) {
        return; /* none is trusted: a request that names nobody would ask for any */
    }
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_CERTREQ);
    ipseci_cert_build(&step->w, IPSECI_CERT_X509_SIGNATURE,
                      ipseci_view(hashes[0], count * IPSEC_AUTHORITY_BYTES));
    ipseci_payload_end(&step->chain);
}

void ipseci_hashes_add(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipsec_signer *signer = ctx->ike->config.signer;
    uint8_t set = 0;

    for (uint8_t how = 0; signer != NULL && how < IPSEC_SIGNATURES; how++) {
        /* RFC 8247: SHA-1 is not announced; it is left to method 1 */
        if (how != IPSEC_SIGNATURE_RSA_SHA1 &&
            signer->supports(signer->context, (enum ipsec_signature)how)) {
            set |= (uint8_t)(1u << ways[how].hash);
        }
    }
    if (set != 0) {
        ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_NOTIFY);
        ipseci_signature_hashes_build(&step->w, set);
        ipseci_payload_end(&step->chain);
    }
}

uint8_t ipseci_hashes_read(const struct ipseci_payloads *payloads)
{
    struct ipseci_notify notify;

    return ipseci_notify_find(payloads, IPSECI_NOTIFY_SIGNATURE_HASH_ALGORITHMS, &notify)
               ? ipseci_signature_hashes_parse(notify.data)
               : 0;
}
