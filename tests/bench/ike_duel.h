/* SPDX-License-Identifier: Apache-2.0
 *
 * Two engines in one process that make an IKE SA with a Child SA and forget it again, over a wire
 * that loses nothing; each one's processor time apart.
 */
#ifndef IKE_DUEL_H
#define IKE_DUEL_H

#include "ike_record.h"

#include <ipsec/ike.h>

#define DUEL_WIRE 16 /* datagrams under way: a message with certificates goes in fragments */

struct duel_end {
    struct ipsec_ike *ike;
    struct ike_record record;
    const struct ipsec_crypto *crypto[1]; /* the record's */
    struct ipsec_peer peer;
    struct ipsec_child_config child;
    struct duel *duel;
    struct duel_end *other;
    uint64_t cpu_ns; /* processor time since it was last set to 0 */
    bool up;
    ipsec_handle child_sa;
    unsigned removed; /* Child SAs */
};

struct duel_wire {
    struct duel_end *to;
    struct ipsec_packet packet;
    uint8_t octets[RECORD_OCTETS];
};

struct duel {
    struct duel_end end[2]; /* the initiator, the responder */
    struct ipsec_proposals ike;
    struct ipsec_proposals esp;
    struct duel_wire wire[DUEL_WIRE];
    size_t sent;
    size_t taken;
    ipsec_ms now;
};

/* How the ends prove who they are: both with the same. */
struct duel_proof {
    const struct ipsec_credential *credential; /* NULL: with a shared secret */
    const struct ipsec_trust *trust;
    const char *id; /* a name in the certificate */
};

struct duel_crypto {
    const struct ipsec_crypto *crypto;
    const struct ipsec_signer *signer;
    const struct ipsec_x509 *x509;
};

/* d->ike and d->esp are set. *d must not be moved afterwards. */
void duel_open(struct duel *d, const struct duel_crypto *crypto, const struct duel_proof *proof);
void duel_close(struct duel *d);

/* A handshake, and both forget it. These end the program when they fail. */
void duel_handshake(struct duel *d);
void duel_connect(struct duel *d); /* its two halves */
void duel_forget(struct duel *d);
/* The initiator rekeys the Child SA of duel_connect, or of the last rekey; the old one goes. */
void duel_rekey(struct duel *d);

#endif
