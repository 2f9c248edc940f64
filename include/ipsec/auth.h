/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures and certificates: what the library asks of a signer (keys) and of a certificate
 * verifier (X.509), and what a caller gives a peer to authenticate with.
 *
 * Both tables follow the rules of crypto.h: const, no hidden state, nothing kept beyond a call,
 * callable from any thread as long as no two calls share a key or a context, unless the provider
 * promises more. They are called inside jobs.
 */
#ifndef IPSEC_AUTH_H
#define IPSEC_AUTH_H

#include <ipsec/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How an end of an IKE SA proves who it is. */
enum ipsec_auth {
    IPSEC_AUTH_PSK = 0,       /* shared secret (RFC 7296 2.15), by the question find_secret */
    IPSEC_AUTH_SIGNATURE = 1, /* certificate: methods 1, 9 to 11, 14 */
    IPSEC_AUTH_NULL = 2,      /* RFC 7619: nobody in particular. Only when asked for. */
    IPSEC_AUTH_EAP = 3        /* an EAP method, in several rounds (RFC 7296 2.16) */
};

/* How a signature is made. Values are bit numbers of a set. */
enum ipsec_signature {
    IPSEC_SIGNATURE_RSA_SHA1 = 0, /* PKCS#1 v1.5; method 1 only (RFC 7296 3.8), off by default */
    IPSEC_SIGNATURE_RSA_SHA2_256 = 1,
    IPSEC_SIGNATURE_RSA_SHA2_384 = 2,
    IPSEC_SIGNATURE_RSA_SHA2_512 = 3,
    IPSEC_SIGNATURE_PSS_SHA2_256 = 4, /* RSASSA-PSS, MGF1 and salt as long as the same hash */
    IPSEC_SIGNATURE_PSS_SHA2_384 = 5,
    IPSEC_SIGNATURE_PSS_SHA2_512 = 6,
    IPSEC_SIGNATURE_ECDSA_SHA2_256 = 7,
    IPSEC_SIGNATURE_ECDSA_SHA2_384 = 8,
    IPSEC_SIGNATURE_ECDSA_SHA2_512 = 9,
    IPSEC_SIGNATURE_ED25519 = 10, /* RFC 8420 */
    IPSEC_SIGNATURES = 11
};

#define IPSEC_SIGNATURE_BYTES_MAX  512 /* RSA 4096 */
#define IPSEC_PUBLIC_KEY_BYTES_MAX 600 /* SubjectPublicKeyInfo of RSA 4096 */
#define IPSEC_CERTIFICATES_MAX     8   /* looked at in one message */

/* Opaque to everyone but the signer that made it: in a file, a secure element, an HSM. */
struct ipsec_private_key;
/* Trust anchors and revocation lists, opaque to everyone but the verifier that made it. */
struct ipsec_trust;

enum ipsec_key_kind { IPSEC_KEY_RSA = 1, IPSEC_KEY_EC = 2, IPSEC_KEY_ED25519 = 3 };

struct ipsec_key_info {
    uint8_t kind;  /* enum ipsec_key_kind */
    uint16_t bits; /* of the modulus, or of the curve */
};

struct ipsec_signature_check {
    enum ipsec_signature how;
    const struct ipsec_view *parts; /* what was signed, one after the other */
    size_t part_count;
    struct ipsec_view signature; /* ECDSA: DER of Ecdsa-Sig-Value */
};

struct ipsec_signer {
    uint32_t size; /* sizeof(struct ipsec_signer) */
    const char *name;
    void *context; /* first argument of every function */

    /* Can it check such signatures, and make them with a key of its own? Constant. */
    bool (*supports)(void *context, enum ipsec_signature how);

    /* What kind of key it is. IPSEC_ERR_NOT_BUILT_IN: a kind no signature here uses. */
    enum ipsec_status (*key_info)(void *context, const struct ipsec_private_key *key,
                                  struct ipsec_key_info *out);
    /* The same of a SubjectPublicKeyInfo (DER). IPSEC_DROP_MALFORMED; IPSEC_ERR_NOT_BUILT_IN:
     * whole, but of a kind or curve this signer has not. */
    enum ipsec_status (*public_info)(void *context, struct ipsec_view public_key,
                                     struct ipsec_key_info *out);

    /* Signs parts[0] | parts[1] | ... ; *length in: room, out: octets. ECDSA gives the DER of
     * Ecdsa-Sig-Value; the library makes r | s of it where the method wants that. May take long
     * (hardware); it is called inside a job. IPSEC_ERR_NOT_BUILT_IN, IPSEC_ERR_ARGUMENT (a key of
     * another kind), IPSEC_ERR_BUFFER, IPSEC_ERR_MEMORY, IPSEC_ERR_RANDOM, IPSEC_FATAL_CRYPTO. */
    enum ipsec_status (*sign)(void *context, struct ipsec_private_key *key,
                              enum ipsec_signature how, const struct ipsec_view parts[],
                              size_t part_count, uint8_t *out, size_t *length);

    /* Checks a signature with the key in public_key (SubjectPublicKeyInfo, DER). IPSEC_OK,
     * IPSEC_DROP_ICV (wrong), IPSEC_DROP_MALFORMED (no such key or signature, or the key is of
     * another kind or too short), IPSEC_ERR_NOT_BUILT_IN, IPSEC_ERR_MEMORY. Anything but IPSEC_OK
     * is a failure. */
    enum ipsec_status (*verify)(void *context, struct ipsec_view public_key,
                                const struct ipsec_signature_check *check);
};

/* ---- Certificates -------------------------------------------------------------------------- */

enum ipsec_cert_problem {
    IPSEC_CERT_GOOD = 0,
    IPSEC_CERT_MISSING = 1,   /* the peer sent none */
    IPSEC_CERT_MALFORMED = 2, /* not a certificate, or one this verifier can not read */
    IPSEC_CERT_UNTRUSTED = 3, /* no path to a trust anchor; an empty store trusts nobody */
    IPSEC_CERT_EXPIRED = 4,   /* notAfter has passed, somewhere on the path */
    IPSEC_CERT_NOT_YET = 5,   /* notBefore is still to come */
    IPSEC_CERT_REVOKED = 6,   /* named by a CRL */
    IPSEC_CERT_IDENTITY = 7,  /* the identity is neither its subject nor in subjectAltName */
    IPSEC_CERT_USAGE = 8,     /* key usage or extended key usage does not allow IKE */
    IPSEC_CERT_WEAK = 9,      /* key too short, or signed with a broken hash */
    IPSEC_CERT_NO_TIME = 10,  /* the caller could not say what time it is */
    IPSEC_CERT_CRL = 11       /* a revocation list is demanded, and none valid is there */
};

struct ipsec_cert_query {
    const struct ipsec_trust *trust;       /* the peer's anchors; NULL: nobody is trusted */
    const struct ipsec_id *id;             /* what the peer says it is */
    const struct ipsec_view *certificates; /* DER; [0] is the peer's own, the others may help */
    size_t certificate_count;
    const struct ipsec_view *crls; /* DER, as sent by the peer */
    size_t crl_count;
    int64_t wall_time; /* seconds since 1970-01-01 00:00 UTC */
};

struct ipsec_cert_result {
    enum ipsec_cert_problem problem;
    size_t public_key_length;
    uint8_t public_key[IPSEC_PUBLIC_KEY_BYTES_MAX]; /* SubjectPublicKeyInfo, DER */
};

#define IPSEC_AUTHORITY_BYTES 20 /* SHA-1 of an anchor's SubjectPublicKeyInfo (RFC 7296 3.7) */

struct ipsec_x509 {
    uint32_t size; /* sizeof(struct ipsec_x509) */
    const char *name;
    void *context;

    /* Is this the certificate of that identity, valid now, meant for this use, signed up to a trust
     * anchor and not revoked (RFC 4945, RFC 5280)? IPSEC_OK also when it is not: result->problem
     * says. The caller's data is not kept. */
    enum ipsec_status (*validate)(void *context, const struct ipsec_cert_query *query,
                                  struct ipsec_cert_result *result);

    /* What CERTREQ names: fills up to max entries, returns how many anchors there are. */
    size_t (*authorities)(void *context, const struct ipsec_trust *trust,
                          uint8_t (*out)[IPSEC_AUTHORITY_BYTES], size_t max);
};

/* What we show of ourselves. Must stay unchanged as long as a peer names it. */
struct ipsec_credential {
    uint32_t size;
    const struct ipsec_view *chain; /* DER: our certificate, then intermediates, without the root */
    size_t chain_count;
    struct ipsec_private_key *key; /* of the first */
    uint32_t signatures; /* set of 1 << enum ipsec_signature to use; 0: all but RSA_SHA1 */
};
#define IPSEC_CREDENTIAL_INIT IPSEC_STRUCT_INIT(struct ipsec_credential)

/* "expired", "no path to a trust anchor" ...; never NULL */
IPSEC_API const char *ipsec_cert_problem_text(enum ipsec_cert_problem problem);
/* "rsa-pss-sha256", "ecdsa-sha384" ...; NULL for unknown numbers */
IPSEC_API const char *ipsec_signature_name(enum ipsec_signature how);
/* Reads such a name, in any case and with '/' for '-' ("rsa/pss-sha256"), as strongSwan writes it.
 * IPSEC_ERR_SYNTAX: no such name; IPSEC_ERR_ARGUMENT: NULL; *out is unchanged then. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_signature_parse(const char *name,
                                                                   enum ipsec_signature *out);

#ifdef __cplusplus
}
#endif

#endif
