/* SPDX-License-Identifier: Apache-2.0
 *
 * Trust stores and credentials: certificates as configurations hold them.
 */
#include "mbed_x509.h"

#include <string.h>

#if IPSECI_MBED_X509
#include <mbedtls/asn1.h>

enum ipsec_status ipsec_mbedtls_trust_new(struct ipsec_trust **out)
{
    if (out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *out = mbedtls_calloc(1, sizeof(**out));
    return *out != NULL ? IPSEC_OK : IPSEC_ERR_MEMORY;
}

void ipsec_mbedtls_trust_free(struct ipsec_trust *trust)
{
    if (trust == NULL) {
        return;
    }
    while (trust->anchors != NULL) {
        struct ipseci_mbed_anchor *anchor = trust->anchors;
        trust->anchors = anchor->next;
        mbedtls_free(anchor);
    }
    ipseci_mbed_crls_free(trust->crls);
    mbedtls_free(trust);
}

/* RFC 7296 3.7: SHA-1, here a name and no protection. */
static enum ipsec_status hash_key(struct ipseci_mbed_anchor *anchor)
{
    const struct ipseci_mbed_hash *hash = ipseci_mbed_hash(IPSECI_MBED_HASH_SHA1);
    return hash == NULL ? IPSEC_OK
                        : ipseci_mbed_sha1(NULL, &anchor->node.public_key, 1, anchor->key_hash);
}

static enum ipsec_status fill_anchor(struct ipseci_mbed_anchor *anchor, struct ipsec_view der,
                                     struct ipsec_mbedtls_fault *fault)
{
    memcpy(anchor->der, der.data, der.length);
    struct ipsec_view own = {anchor->der, der.length};
    if (ipseci_mbed_node_read(own, &anchor->node, NULL) != IPSEC_OK ||
        hash_key(anchor) != IPSEC_OK) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_MEMORY, "no memory", 0);
    }
    if (anchor->node.constrained) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_NOT_BUILT_IN,
                                 "the certificate has name constraints, which are not built in", 0);
    }
    return IPSEC_OK;
}

static enum ipsec_status keep_anchor(struct ipsec_trust *trust, struct ipsec_view der,
                                     struct ipsec_mbedtls_fault *fault)
{
    struct ipseci_mbed_anchor **end = &trust->anchors;
    for (; *end != NULL; end = &(*end)->next) {
        if (ipseci_mbed_same((*end)->node.der, der)) {
            return IPSEC_OK;
        }
    }
    struct ipseci_mbed_anchor *anchor = mbedtls_calloc(1, sizeof(*anchor) + der.length);
    if (anchor == NULL) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_MEMORY, "no memory", 0);
    }
    enum ipsec_status status = fill_anchor(anchor, der, fault);
    if (status != IPSEC_OK) {
        mbedtls_free(anchor);
        return status;
    }
    *end = anchor;
    return IPSEC_OK;
}

/* Reads one certificate, PEM or DER, for whoever wrote it. */
static enum ipsec_status read_certificate(struct ipsec_view octets, mbedtls_x509_crt *crt,
                                          struct ipsec_mbedtls_fault *fault)
{
    mbedtls_x509_crt_init(crt);
    int error = mbedtls_x509_crt_parse(crt, octets.data, octets.length);
    if (ipseci_mbed_no_memory(error)) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_MEMORY, "no memory", error);
    }
    if (error != 0) {
        return ipseci_mbed_fault(
            fault, IPSEC_ERR_SYNTAX,
            "the certificate can not be read: damaged, a key of a kind Mbed TLS has not, or an "
            "unknown critical extension",
            error);
    }
    return IPSEC_OK;
}

static enum ipsec_status take_anchor(void *context, struct ipsec_view octets,
                                     struct ipsec_mbedtls_fault *fault)
{
    mbedtls_x509_crt crt;
    enum ipsec_status status = read_certificate(octets, &crt, fault);
    if (status == IPSEC_OK) {
        status = keep_anchor(context, ipseci_mbed_view(&crt.raw), fault);
    }
    mbedtls_x509_crt_free(&crt);
    return status;
}

enum ipsec_status ipsec_mbedtls_trust_add_anchor(struct ipsec_trust *trust,
                                                 struct ipsec_view octets,
                                                 struct ipsec_mbedtls_fault *fault)
{
    if (trust == NULL || (octets.data == NULL && octets.length != 0)) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_ARGUMENT, "argument not allowed", 0);
    }
    (void)ipseci_mbed_fault(fault, IPSEC_OK, "ok", 0);
    return ipseci_mbed_each(octets, "CERTIFICATE", take_anchor, trust, fault);
}

void ipsec_mbedtls_trust_accept_tls_usage(struct ipsec_trust *trust, bool accept)
{
    if (trust != NULL) {
        trust->accept_tls_usage = accept;
    }
}

/* ---- credentials ---- */

struct credential {
    struct ipsec_credential shown; /* first: the caller's pointer is to this */
    struct ipsec_view chain[IPSEC_CERTIFICATES_MAX];
};

#if MBEDTLS_VERSION_NUMBER < 0x03000000
static int check_pair(const mbedtls_pk_context *public_key, const struct ipsec_private_key *key,
                      struct ipseci_mbed_rng *rng)
{
    (void)rng;
    return mbedtls_pk_check_pair(public_key, &key->pk);
}
#else
static int check_pair(const mbedtls_pk_context *public_key, const struct ipsec_private_key *key,
                      struct ipseci_mbed_rng *rng)
{
    return mbedtls_pk_check_pair(public_key, &key->pk, ipseci_mbed_rng, rng);
}
#endif

struct building {
    struct credential *credential;
    struct ipseci_mbed_rng rng;
};

static enum ipsec_status keep_certificate(struct credential *credential,
                                          const mbedtls_x509_crt *crt,
                                          struct ipsec_mbedtls_fault *fault)
{
    size_t *count = &credential->shown.chain_count;
    if (*count == IPSEC_CERTIFICATES_MAX) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_FULL, "more certificates than a message holds",
                                 0);
    }
    uint8_t *copy = mbedtls_calloc(1, crt->raw.len);
    if (copy == NULL) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_MEMORY, "no memory", 0);
    }
    memcpy(copy, crt->raw.p, crt->raw.len);
    credential->chain[*count] = (struct ipsec_view){copy, crt->raw.len};
    (*count)++;
    return IPSEC_OK;
}

static enum ipsec_status take_certificate(void *context, struct ipsec_view octets,
                                          struct ipsec_mbedtls_fault *fault)
{
    struct building *b = context;
    struct credential *credential = b->credential;
    mbedtls_x509_crt crt;
    enum ipsec_status status = read_certificate(octets, &crt, fault);
    bool first = credential->shown.chain_count == 0;

    if (status == IPSEC_OK && first && check_pair(&crt.pk, credential->shown.key, &b->rng) != 0) {
        status = ipseci_mbed_fault(fault, IPSEC_ERR_ARGUMENT,
                                   "the private key is not that of the first certificate", 0);
    }
    /* RFC 7296 3.6: the peer trusts its own copy of the root, not ours. */
    bool root =
        !first && status == IPSEC_OK &&
        ipseci_mbed_same(ipseci_mbed_view(&crt.subject_raw), ipseci_mbed_view(&crt.issuer_raw));
    if (status == IPSEC_OK && !root) {
        status = keep_certificate(credential, &crt, fault);
    }
    mbedtls_x509_crt_free(&crt);
    return status;
}

static enum ipsec_status fill_credential(struct ipsec_mbedtls *provider,
                                         const struct ipsec_mbedtls_credential_config *config,
                                         struct ipsec_mbedtls_fault *fault,
                                         struct credential *credential)
{
    struct building b = {credential, {provider, false}};
    struct ipsec_credential *shown = &credential->shown;
    enum ipsec_status status = ipsec_mbedtls_private_key_new(provider, config->private_key,
                                                             config->password, fault, &shown->key);
    if (status == IPSEC_OK) {
        status = ipseci_mbed_each(config->certificates, "CERTIFICATE", take_certificate, &b, fault);
    }
    shown->size = sizeof(*shown);
    shown->chain = credential->chain;
    shown->signatures = config->signatures;
    return status;
}

enum ipsec_status ipsec_mbedtls_credential_new(struct ipsec_mbedtls *provider,
                                               const struct ipsec_mbedtls_credential_config *config,
                                               struct ipsec_mbedtls_fault *fault,
                                               const struct ipsec_credential **out)
{
    struct ipsec_mbedtls_credential_config c = IPSEC_MBEDTLS_CREDENTIAL_CONFIG_INIT;

    if (provider == NULL || config == NULL || out == NULL) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_ARGUMENT, "argument not allowed", 0);
    }
    *out = NULL;
    enum ipsec_status status = ipseci_mbed_config(&c, sizeof(c), config);
    if (status != IPSEC_OK || (c.certificates.data == NULL && c.certificates.length != 0)) {
        status = status != IPSEC_OK ? status : IPSEC_ERR_ARGUMENT;
        return ipseci_mbed_fault(fault, status, "argument not allowed", 0);
    }
    struct credential *credential = mbedtls_calloc(1, sizeof(*credential));
    if (credential == NULL) {
        return ipseci_mbed_fault(fault, IPSEC_ERR_MEMORY, "no memory", 0);
    }
    status = fill_credential(provider, &c, fault, credential);
    if (status != IPSEC_OK) {
        ipsec_mbedtls_credential_free(&credential->shown);
        return status;
    }
    *out = &credential->shown;
    return IPSEC_OK;
}

void ipsec_mbedtls_credential_free(const struct ipsec_credential *shown)
{
    /* It was made here, so it may be written. */
    struct credential *credential = (struct credential *)(uintptr_t)shown;
    if (credential == NULL) {
        return;
    }
    for (size_t i = 0; i < credential->shown.chain_count; i++) {
        mbedtls_free((void *)(uintptr_t)credential->chain[i].data);
    }
    ipsec_mbedtls_private_key_free(credential->shown.key);
    mbedtls_free(credential);
}

enum ipsec_status ipsec_mbedtls_credential_subject(const struct ipsec_credential *credential,
                                                   struct ipsec_id *out)
{
    struct ipseci_mbed_node node;

    if (credential == NULL || out == NULL || credential->chain_count == 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    enum ipsec_status status = ipseci_mbed_node_read(credential->chain[0], &node, NULL);
    if (status != IPSEC_OK) {
        return status;
    }
    if (node.subject.length <= 2) {
        return IPSEC_ERR_NOT_FOUND;
    }
    if (node.subject.length > IPSEC_ID_BYTES_MAX) {
        return IPSEC_ERR_BUFFER;
    }
    *out = (struct ipsec_id){.type = IPSEC_ID_DER_ASN1_DN, .length = (uint8_t)node.subject.length};
    memcpy(out->bytes, node.subject.data, node.subject.length);
    return IPSEC_OK;
}

#else

enum ipsec_status ipsec_mbedtls_trust_new(struct ipsec_trust **out)
{
    if (out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    *out = NULL;
    return IPSEC_ERR_NOT_BUILT_IN;
}

void ipsec_mbedtls_trust_free(struct ipsec_trust *trust)
{
    (void)trust;
}

static enum ipsec_status not_built_in(struct ipsec_mbedtls_fault *fault)
{
    return ipseci_mbed_fault(fault, IPSEC_ERR_NOT_BUILT_IN, "this Mbed TLS reads no certificates",
                             0);
}

enum ipsec_status ipsec_mbedtls_trust_add_anchor(struct ipsec_trust *trust,
                                                 struct ipsec_view octets,
                                                 struct ipsec_mbedtls_fault *fault)
{
    (void)trust;
    (void)octets;
    return not_built_in(fault);
}

void ipsec_mbedtls_trust_accept_tls_usage(struct ipsec_trust *trust, bool accept)
{
    (void)trust;
    (void)accept;
}

enum ipsec_status ipsec_mbedtls_credential_new(struct ipsec_mbedtls *provider,
                                               const struct ipsec_mbedtls_credential_config *config,
                                               struct ipsec_mbedtls_fault *fault,
                                               const struct ipsec_credential **out)
{
    (void)provider;
    (void)config;
    if (out != NULL) {
        *out = NULL;
    }
    return not_built_in(fault);
}

void ipsec_mbedtls_credential_free(const struct ipsec_credential *shown)
{
    (void)shown;
}

enum ipsec_status ipsec_mbedtls_credential_subject(const struct ipsec_credential *credential,
                                                   struct ipsec_id *out)
{
    (void)credential;
    (void)out;
    return IPSEC_ERR_NOT_BUILT_IN;
}

#endif
