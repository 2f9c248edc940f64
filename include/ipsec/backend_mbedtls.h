/* SPDX-License-Identifier: Apache-2.0
 *
 * The default crypto provider: Mbed TLS 2.28 or 3.6 through its classic API. Its crypto is
 * all that a gateway with shared secrets links; keys, certificates and trust stores come with the
 * first of their functions that a program calls.
 */
#ifndef IPSEC_BACKEND_MBEDTLS_H
#define IPSEC_BACKEND_MBEDTLS_H

#include <ipsec/auth.h>
#include <ipsec/crypto.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_mbedtls;

/* A source of seed entropy: fills out or returns false. */
typedef bool (*ipsec_mbedtls_entropy)(void *user, uint8_t *out, size_t length);

struct ipsec_mbedtls_config {
    uint32_t size;
    ipsec_mbedtls_entropy entropy; /* NULL: Mbed TLS's own entropy sources */
    void *entropy_user;
};
#define IPSEC_MBEDTLS_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_mbedtls_config)

/* Makes a provider context and seeds its generator. Memory comes from Mbed TLS's allocator
 * (mbedtls_calloc), as does that of keys. config may be NULL. Where Mbed TLS is built with
 * MBEDTLS_THREADING_C (Debian does) random and ke_* may run on several threads at once; otherwise
 * one context serves one thread at a time. A process that forks makes a new context in the child.
 * IPSEC_ERR_MEMORY, IPSEC_ERR_RANDOM (no entropy), IPSEC_ERR_STRUCT_SIZE. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_mbedtls_new(const struct ipsec_mbedtls_config *config, struct ipsec_mbedtls **out);

/* The provider's table; valid until ipsec_mbedtls_free. */
IPSEC_API const struct ipsec_crypto *ipsec_mbedtls_crypto(const struct ipsec_mbedtls *provider);

/* Wipes and releases; all keys made with it must have been freed. NULL is allowed. */
IPSEC_API void ipsec_mbedtls_free(struct ipsec_mbedtls *provider);

/* ---- Signatures and private keys ----------------------------------------------------------- */

/* What was wrong with an input, for the person who wrote it. */
struct ipsec_mbedtls_fault {
    const char *text; /* constant, in English: "the password does not open the private key" */
    uint32_t item;    /* from 1: which of several PEM blocks; 0: the input as a whole */
    int32_t error;    /* Mbed TLS's own number, for mbedtls_strerror; 0: none */
};

/* The signer's table; valid until ipsec_mbedtls_free. RSA (PKCS#1 v1.5 and PSS) with keys of 2048
 * to 4096 bits and ECDSA on P-256, P-384 and P-521, as far as Mbed TLS has them; never Ed25519.
 * Its keys are those of ipsec_mbedtls_private_key_new. NULL: this Mbed TLS reads no keys. Signing
 * draws random octets from the provider and follows its thread rule; checking does not. */
IPSEC_API const struct ipsec_signer *ipsec_mbedtls_signer(struct ipsec_mbedtls *provider);

/* Reads a private key: PEM (the first in the text) or DER, PKCS#8, PKCS#1 or SEC1. password opens
 * an encrypted one and may be NULL. octets are not kept; wipe them. *out is NULL on failure, and
 * fault, which may be NULL, says why:
 * IPSEC_ERR_SYNTAX (no key, or damaged), IPSEC_ERR_ARGUMENT (password missing or wrong, or a NULL),
 * IPSEC_ERR_NOT_BUILT_IN (another kind of key, curve or encryption), IPSEC_ERR_FORBIDDEN (RSA below
 * 2048 bits or above 4096), IPSEC_ERR_MEMORY. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_mbedtls_private_key_new(struct ipsec_mbedtls *provider, struct ipsec_view octets,
                              const char *password, struct ipsec_mbedtls_fault *fault,
                              struct ipsec_private_key **out);

/* Wipes and releases. NULL is allowed. */
IPSEC_API void ipsec_mbedtls_private_key_free(struct ipsec_private_key *key);

/* ---- What we show of ourselves ------------------------------------------------------------- */

struct ipsec_mbedtls_credential_config {
    uint32_t size;
    uint32_t signatures;            /* as in struct ipsec_credential */
    struct ipsec_view certificates; /* PEM: our own first, then intermediates; or DER of one */
    struct ipsec_view private_key;  /* as ipsec_mbedtls_private_key_new reads it */
    const char *password;           /* of an encrypted key; NULL: none */
};
#define IPSEC_MBEDTLS_CREDENTIAL_CONFIG_INIT                                                       \
    IPSEC_STRUCT_INIT(struct ipsec_mbedtls_credential_config)

/* A credential with certificates and key, for struct ipsec_peer. Nothing of config is kept. A root
 * after the first certificate is left out, as peers trust none that is sent to them. Valid until
 * ipsec_mbedtls_credential_free; *out is NULL on failure, and fault, which may be NULL, says why:
 * IPSEC_ERR_SYNTAX (a certificate or the key can not be read), IPSEC_ERR_ARGUMENT (the key is not
 * that of the first certificate, the password is wrong, or a NULL), IPSEC_ERR_FULL (more than
 * IPSEC_CERTIFICATES_MAX), IPSEC_ERR_STRUCT_SIZE, and those of ipsec_mbedtls_private_key_new. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_mbedtls_credential_new(
    struct ipsec_mbedtls *provider, const struct ipsec_mbedtls_credential_config *config,
    struct ipsec_mbedtls_fault *fault, const struct ipsec_credential **out);

/* Wipes the key and releases everything; no peer may name it any more. NULL is allowed. */
IPSEC_API void ipsec_mbedtls_credential_free(const struct ipsec_credential *credential);

/* The subject of our certificate as an identity (IPSEC_ID_DER_ASN1_DN), which is what many
 * implementations expect of a certificate's owner. IPSEC_ERR_NOT_FOUND (the subject is empty),
 * IPSEC_ERR_BUFFER (longer than IPSEC_ID_BYTES_MAX), IPSEC_ERR_ARGUMENT; *out is unchanged then. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_mbedtls_credential_subject(const struct ipsec_credential *credential, struct ipsec_id *out);

/* ---- Whom we trust ------------------------------------------------------------------------- */

/* The verifier's table: constant, needs no context, and takes trust stores of the functions below.
 * NULL: this Mbed TLS reads no certificates. Several threads may validate at once, with one trust
 * store too, as long as none changes it.
 *
 * A certificate is good when a path of at most IPSEC_CERTIFICATES_MAX certificates leads to an
 * anchor, each valid at the time of the query (the system's clock is not asked), signed with
 * SHA2-256 or longer and RSA of 2048 bits or ECDSA on P-256, P-384 or P-521; each issuer a CA
 * within its path length; none revoked; and the peer's own allows its use and names its identity:
 *
 * - addresses, FQDN and RFC822 in subjectAltName; the common name is not looked at, and wildcards
 *   stand for nothing. Host names in any case.
 * - a distinguished name in the very encoding of the subject: another kind of string or another
 *   case is another name.
 * - keyUsage, where it is there, with digitalSignature or nonRepudiation; extendedKeyUsage, where
 *   it is there, with ipsecIKE or any (RFC 4945 5.1.3.2, 5.1.3.12).
 *
 * A certificate that is itself an anchor is trusted as it is, whoever signed it; its time, key,
 * usage and identity are checked all the same, revocation is not. An issuer with name constraints
 * issues nothing, as nothing here checks them. Anchors are checked for their time, too. */
IPSEC_API const struct ipsec_x509 *ipsec_mbedtls_x509(void);

/* An empty store, which trusts nobody. Memory comes from mbedtls_calloc.
 * IPSEC_ERR_MEMORY, IPSEC_ERR_NOT_BUILT_IN, IPSEC_ERR_ARGUMENT. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_mbedtls_trust_new(struct ipsec_trust **out);

/* Adds certificates: PEM with any number of them, or DER of one. A root, an intermediate CA, or the
 * peer's own certificate; one that is there already is passed over. octets are not kept. fault,
 * which may be NULL, says which was not taken; those before it were.
 * IPSEC_ERR_SYNTAX, IPSEC_ERR_NOT_BUILT_IN (name constraints), IPSEC_ERR_MEMORY,
 * IPSEC_ERR_ARGUMENT. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_mbedtls_trust_add_anchor(struct ipsec_trust *trust, struct ipsec_view octets,
                               struct ipsec_mbedtls_fault *fault);

/* Adds revocation lists, PEM or DER, of any CA on a path; as above. They are believed once a
 * certificate of their issuer is on a path and has signed them. The list that replaces one is added
 * beside it; to forget lists, make a new store. A list past its time still revokes what it names.
 * Parts of lists and lists on behalf of other CAs (critical extensions) are not read. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_mbedtls_trust_add_crl(struct ipsec_trust *trust, struct ipsec_view octets,
                            struct ipsec_mbedtls_fault *fault);

/* Demands for each certificate below the anchor a list of its issuer that is valid at the time of
 * the query, from here or from the peer; IPSEC_CERT_CRL otherwise. Off in a new store.
 * IPSEC_ERR_NOT_BUILT_IN (no lists in this Mbed TLS), IPSEC_ERR_ARGUMENT. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_mbedtls_trust_require_crl(struct ipsec_trust *trust, bool require);

/* Also takes certificates whose extended key usage is serverAuth, clientAuth or ikeIntermediate
 * without ipsecIKE, against RFC 4945 5.1.3.12: such are often made for IKE gateways. Only wise with
 * a CA that issues no certificates to others. Off in a new store. */
IPSEC_API void ipsec_mbedtls_trust_accept_tls_usage(struct ipsec_trust *trust, bool accept);

/* NULL is allowed; no peer may name it any more. */
IPSEC_API void ipsec_mbedtls_trust_free(struct ipsec_trust *trust);

#ifdef __cplusplus
}
#endif

#endif
