/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts for handlers: questions to the caller and heavy work as jobs (jobs.c), answered now or
 * later. Called by run.c.
 */
#include "choice.h"
#include "redirect.h"

#include <string.h>

uint32_t ipseci_new_token(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    ike->token_next++;
    if (ike->token_next == 0) {
        ike->token_next = 1;
    }
    hs->token = ike->token_next;
    return hs->token;
}

void ipseci_fact_found(struct ipseci_handshake *hs, enum ipseci_need_kind kind)
{
    hs->facts.got |= 1u << kind;
    hs->waiting = IPSECI_NEED_NOTHING;
}

void ipseci_fact_peer(struct ipsec_ike *ike, struct ipseci_handshake *hs, enum ipsec_status status,
                      const struct ipsec_peer *peer)
{
    struct ipseci_facts *facts = &hs->facts;

    facts->peer_status = status == IPSEC_OK && peer == NULL ? IPSEC_ERR_NOT_FOUND : status;
    facts->peer = facts->peer_status == IPSEC_OK ? peer : NULL;
    if (facts->peer != NULL) {
        ipseci_proposals_usable(peer->proposals, IPSEC_PROTOCOL_IKE, &ike->config.crypto,
                                &hs->offered);
    }
    ipseci_fact_found(hs, IPSECI_NEED_PEER);
}

void ipseci_fact_secret(struct ipseci_handshake *hs, enum ipsec_status status,
                        const struct ipsec_secret *secret)
{
    struct ipseci_facts *facts = &hs->facts;
    const bool usable = status == IPSEC_OK && secret->length <= IPSEC_SECRET_BYTES_MAX;

    facts->secret_status = status == IPSEC_OK && !usable ? IPSEC_ERR_ARGUMENT : status;
    if (usable && secret != &facts->secret) {
        facts->secret = *secret;
    } else if (!usable) {
        ipseci_wipe(&facts->secret, sizeof(facts->secret));
    }
    ipseci_fact_found(hs, IPSECI_NEED_SECRET);
}

static enum ipsec_status ask_peer(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                  const struct ipseci_need *need)
{
    const struct ipsec_peer *peer = NULL;
    enum ipsec_status status = IPSEC_ERR_NOT_FOUND;

    if (ike->config.callbacks.find_peer != NULL) {
        status = ike->config.callbacks.find_peer(ike->config.user, ipseci_new_token(ike, hs),
                                                 &need->peer, &peer);
    }
    if (status == IPSEC_PENDING) {
        return IPSEC_PENDING;
    }
    ipseci_fact_peer(ike, hs, status, peer);
    return IPSEC_OK;
}

static enum ipsec_status ask_secret(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                    const struct ipseci_need *need)
{
    enum ipsec_status status = IPSEC_ERR_NOT_FOUND;

    hs->facts.secret.length = 0;
    if (ike->config.callbacks.find_secret != NULL) {
        status = ike->config.callbacks.find_secret(ike->config.user, ipseci_new_token(ike, hs),
                                                   &need->secret, &hs->facts.secret);
    }
    if (status == IPSEC_PENDING) {
        return IPSEC_PENDING;
    }
    ipseci_fact_secret(hs, status, &hs->facts.secret);
    return IPSEC_OK;
}

uint8_t ipseci_waits_for(const struct ipseci_handshake *hs)
{
    static const uint8_t question[] = {
        [IPSECI_NEED_NOTHING] = IPSEC_QUESTION_NONE,
        [IPSECI_NEED_PEER] = IPSEC_QUESTION_PEER,
        [IPSECI_NEED_SECRET] = IPSEC_QUESTION_SECRET,
        [IPSECI_NEED_KE_START] = IPSEC_QUESTION_JOB,
        [IPSECI_NEED_KE_RESPOND] = IPSEC_QUESTION_JOB,
        [IPSECI_NEED_KE_FINISH] = IPSEC_QUESTION_JOB,
        [IPSECI_NEED_SIGN] = IPSEC_QUESTION_JOB,
        [IPSECI_NEED_VERIFY] = IPSEC_QUESTION_JOB,
        [IPSECI_NEED_EAP] = IPSEC_QUESTION_EAP,
        [IPSECI_NEED_LEASE] = IPSEC_QUESTION_LEASE,
        [IPSECI_NEED_RESOLVE] = IPSEC_QUESTION_RESOLVE,
        [IPSECI_NEED_REDIRECT] = IPSEC_QUESTION_NONE, /* answered at once */
    };

    return hs == NULL ? IPSEC_QUESTION_NONE : question[hs->waiting];
}

/* Less than the room there is, by what stands around the packet in a message with nothing else. */
size_t ipseci_eap_capacity(const struct ipsec_ike *ike, const struct ipseci_handshake *hs)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, hs->sa);
    const size_t most = ike->config.message_bytes;
    size_t packet = most - IPSECI_IKE_HEADER_BYTES;

    /* So many steps as IV, padding and ICV have octets. */
    while (ipseci_sk_bytes(&sa->seal, IPSECI_PAYLOAD_HEADER_BYTES + packet) > most) {
        packet--;
    }
    return packet;
}

/* A packet that does not fit its room, or a key that is longer than an MSK, is the caller's
 * mistake. */
void ipseci_fact_eap(struct ipseci_handshake *hs, enum ipsec_status status,
                     const struct ipsec_eap_reply *reply, size_t room)
{
    struct ipseci_eap_session *eap = &hs->eap;
    const bool usable = status == IPSEC_OK && reply->length <= room &&
                        reply->msk_length <= IPSEC_EAP_MSK_BYTES &&
                        (reply->length == 0 || reply->packet != NULL);

    hs->facts.eap_status = status == IPSEC_OK && !usable ? IPSEC_ERR_ARGUMENT : status;
    if (usable) {
        if (reply != &eap->reply) {
            eap->reply = *reply;
        }
        if (reply->length > 0 && reply->packet != eap->packet.data) {
            memcpy(eap->packet.data, reply->packet, reply->length);
        }
        eap->packet.length = (uint32_t)reply->length;
    }
    ipseci_fact_found(hs, IPSECI_NEED_EAP);
}

static enum ipsec_status ask_eap(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                 const struct ipseci_need *need)
{
    struct ipsec_eap_reply *reply = &hs->eap.reply;
    const size_t capacity = ipseci_eap_capacity(ike, hs);

    if (ike->config.callbacks.eap == NULL) {
        ipseci_fact_eap(hs, IPSEC_ERR_NOT_BUILT_IN, reply, 0);
        return IPSEC_OK;
    }
    ipseci_wipe(reply, sizeof(*reply));
    reply->packet = hs->eap.packet.data;
    reply->capacity = capacity;
    const enum ipsec_status status =
        ike->config.callbacks.eap(ike->config.user, ipseci_new_token(ike, hs), &need->eap, reply);
    if (status == IPSEC_PENDING) {
        return IPSEC_PENDING;
    }
    ipseci_fact_eap(hs, status, reply, capacity);
    return IPSEC_OK;
}

enum ipsec_status ipseci_need_satisfy(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                      const struct ipseci_message *in,
                                      const struct ipseci_need *need)
{
    enum ipsec_status status = IPSEC_FATAL_INVARIANT;

    hs->waiting = (uint8_t)need->kind;
    switch (need->kind) {
    case IPSECI_NEED_NOTHING:
        break;
    case IPSECI_NEED_PEER:
        status = ask_peer(ike, hs, need);
        break;
    case IPSECI_NEED_SECRET:
        status = ask_secret(ike, hs, need);
        break;
    case IPSECI_NEED_EAP:
        status = ask_eap(ike, hs, need);
        break;
    case IPSECI_NEED_LEASE:
        status = ipseci_ask_lease(ike, hs, need);
        break;
    case IPSECI_NEED_RESOLVE:
        status = ipseci_ask_address(ike, hs);
        break;
    case IPSECI_NEED_REDIRECT:
        status = ipseci_ask_redirect(ike, hs, need);
        break;
    case IPSECI_NEED_KE_START:
    case IPSECI_NEED_KE_RESPOND:
    case IPSECI_NEED_KE_FINISH:
        status = ipseci_job_ke(ike, hs, need);
        break;
    case IPSECI_NEED_SIGN:
    case IPSECI_NEED_VERIFY:
        status = ipseci_job_auth(ike, hs, in, need);
        break;
    }
    return status;
}
