/* SPDX-License-Identifier: Apache-2.0
 *
 * What an engine asks of its crypto provider, its signer and its certificate verifier: noted in one
 * handshake, done again without an engine, and kept apart from the engine's own time in all.
 */
#ifndef IKE_RECORD_H
#define IKE_RECORD_H

#include <ipsec/auth.h>
#include <ipsec/crypto.h>

/* What the calls are for. */
enum ike_cost {
    COST_DH,
    COST_SIGN,
    COST_VERIFY, /* of the AUTH payload's signature */
    COST_CHAIN,  /* the peer's certificate, up to a trust anchor */
    COST_PRF,    /* and SHA-1 of NAT detection */
    COST_SK,     /* keys and ciphers of SK payloads, random octets */
    COSTS
};

#define RECORD_CALLS_MAX 256u
#define RECORD_KEYS_MAX  16u
#define RECORD_OCTETS    2048u

struct ike_call {
    void (*again)(const struct ike_call *call, void *replay);
    enum ike_cost cost;
    uint16_t id; /* of a PRF or group; of a signature: how; of a key: its number */
    size_t key_length;
    size_t length;              /* of all parts, or of an op's data */
    size_t aad_length;          /* of an op */
    struct ipsec_view value;    /* a peer's public value, a signature */
    struct ipsec_view peer_key; /* of a signature to check */
    struct ipsec_key_params params;
    struct ipsec_private_key *key;
    struct ipsec_cert_query query;
};

struct ike_record {
    const struct ipsec_crypto *real;
    const struct ipsec_signer *real_signer;
    const struct ipsec_x509 *real_x509;
    /* What the engine is given: the same, with notes taken. */
    struct ipsec_crypto crypto;
    struct ipsec_signer signer;
    struct ipsec_x509 x509;

    uint64_t engine_ns; /* the engine's own, since it was last set to 0 */
    uint64_t since;

    bool on; /* take notes */
    struct ike_call call[RECORD_CALLS_MAX];
    size_t calls;
    struct ipsec_key *keys[RECORD_KEYS_MAX]; /* by number */
    size_t key_count;
    /* Copies of what calls are repeated with. */
    uint8_t octets[16384];
    size_t octets_used;
    struct ipsec_view views[2 * IPSEC_CERTIFICATES_MAX];
    size_t views_used;
    struct ipsec_id id;
};

/* signer and x509 may be NULL. *r must not be moved afterwards. */
void ike_record_init(struct ike_record *r, const struct ipsec_crypto *real,
                     const struct ipsec_signer *signer, const struct ipsec_x509 *x509);

/* Around each call of the engine: its own time runs, but for that of the calls noted here. */
void ike_record_enter(struct ike_record *r);
void ike_record_leave(struct ike_record *r);

/* Does all that was noted once more and adds the nanoseconds of each kind. */
void ike_record_again(const struct ike_record *r, uint64_t ns[COSTS]);

#endif
