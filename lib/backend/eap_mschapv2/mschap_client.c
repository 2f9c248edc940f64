/* SPDX-License-Identifier: Apache-2.0
 *
 * The client: says who it is, proves its password, and believes nothing before the server has
 * proven to know it, too.
 */
#include "mschap_session.h"

#include <string.h>

static const struct ipsec_view nobody = {NULL, 0};

static enum ipsec_status malformed(const struct ipseci_mschap_round *round)
{
    ipseci_mschap_failed(round, nobody, IPSEC_EAP_MSCHAPV2_MALFORMED, 0);
    return IPSEC_DROP_MALFORMED;
}

/* Our name and, as a hash, our password; the name stays in *own. */
static enum ipsec_status who_we_are(const struct ipseci_mschap_round *round,
                                    struct ipsec_eap_mschapv2_credential *own,
                                    uint8_t hash[IPSECI_MSCHAP_HASH_BYTES])
{
    enum ipsec_status status = ipseci_mschap_ask(round, nobody, own);
    const struct ipsec_view password = {own->password, own->password_length};

    if (status == IPSEC_PENDING) {
        return status;
    }
    if (status != IPSEC_OK || own->name_length == 0 || !ipseci_mschap_hash(password, hash)) {
        ipseci_mschap_failed(round, nobody, IPSEC_EAP_MSCHAPV2_CREDENTIAL, 0);
        status = IPSEC_ERR_NOT_FOUND;
    }
    ipseci_mschap_wipe(own->password, sizeof(own->password));
    return status;
}

static enum ipsec_status say_name(const struct ipseci_mschap_round *round,
                                  const struct ipsec_eap_mschapv2_credential *own)
{
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_RESPONSE, round->in->identifier);

    ipseci_mschap_put8(&w, IPSECI_MSCHAP_IDENTITY);
    ipseci_mschap_put(&w, own->name, own->name_length);
    return ipseci_mschap_send(round, &w);
}

/* Another method: RFC 3748 5.3.1. */
static enum ipsec_status want_ours(const struct ipseci_mschap_round *round)
{
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_RESPONSE, round->in->identifier);

    ipseci_mschap_failed(round, nobody, IPSEC_EAP_MSCHAPV2_METHOD, round->in->type);
    ipseci_mschap_put8(&w, IPSECI_MSCHAP_NAK);
    ipseci_mschap_put8(&w, IPSECI_MSCHAP_METHOD);
    return ipseci_mschap_send(round, &w);
}

/* The answers to Notification, Success and Failure. */
static enum ipsec_status acknowledge(const struct ipseci_mschap_round *round, uint8_t op)
{
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_RESPONSE, round->in->identifier);

    ipseci_mschap_put8(&w, round->in->type);
    if (op != 0) {
        ipseci_mschap_put8(&w, op);
    }
    return ipseci_mschap_send(round, &w);
}

static enum ipsec_status send_response(const struct ipseci_mschap_round *round,
                                       const struct ipseci_mschap_facts *facts,
                                       const uint8_t nt_response[IPSECI_MSCHAP_NT_BYTES])
{
    static const uint8_t reserved[8] = {0};
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_RESPONSE, round->in->identifier);

    ipseci_mschap_put_op(&w, IPSECI_MSCHAP_OP_RESPONSE, round->in->id);
    ipseci_mschap_put8(&w, IPSECI_MSCHAP_PROOF_AT + IPSECI_MSCHAP_NT_BYTES + 1);
    ipseci_mschap_put(&w, facts->client_challenge, IPSECI_MSCHAP_CHALLENGE_BYTES);
    ipseci_mschap_put(&w, reserved, sizeof(reserved));
    ipseci_mschap_put(&w, nt_response, IPSECI_MSCHAP_NT_BYTES);
    ipseci_mschap_put8(&w, 0); /* Flags */
    ipseci_mschap_put(&w, facts->name.data, facts->name.length);
    return ipseci_mschap_send(round, &w);
}

/* Proves our password; what the server will have to say, and the key, are worked out here, so that
 * the password is not kept. */
static enum ipsec_status respond(const struct ipseci_mschap_round *round,
                                 struct ipseci_mschap_session *session,
                                 const struct ipsec_eap_mschapv2_credential *own,
                                 struct ipseci_mschap_facts *facts)
{
    uint8_t challenge[IPSECI_MSCHAP_CHALLENGE_BYTES];
    uint8_t nt_response[IPSECI_MSCHAP_NT_BYTES];

    if (round->config->random(round->config->random_context, challenge, sizeof(challenge)) !=
        IPSEC_OK) {
        return IPSEC_ERR_RANDOM;
    }
    facts->name.data = own->name;
    facts->name.length = own->name_length;
    facts->server_challenge = round->in->value;
    facts->client_challenge = challenge;
    ipseci_mschap_nt_response(facts, nt_response);
    ipseci_mschap_answer(facts, nt_response, session->answer);
    ipseci_mschap_key(facts->hash, nt_response, session->key);
    session->state = IPSECI_MSCHAP_RESPONDED;
    return send_response(round, facts, nt_response);
}

static enum ipsec_status with_credential(const struct ipseci_mschap_round *round,
                                         struct ipseci_mschap_session *session)
{
    struct ipsec_eap_mschapv2_credential own;
    struct ipseci_mschap_facts facts = {.name = nobody};
    enum ipsec_status status = who_we_are(round, &own, facts.hash);

    if (status == IPSEC_OK) {
        status = round->in->type == IPSECI_MSCHAP_IDENTITY ? say_name(round, &own)
                                                           : respond(round, session, &own, &facts);
    }
    ipseci_mschap_wipe(&facts, sizeof(facts));
    ipseci_mschap_wipe(&own, sizeof(own));
    return status;
}

static enum ipsec_status first_request(const struct ipseci_mschap_round *round,
                                       struct ipseci_mschap_session *session)
{
    const struct ipseci_mschap_packet *in = round->in;

    switch (in->type) {
    case IPSECI_MSCHAP_IDENTITY:
        return with_credential(round, session);
    case IPSECI_MSCHAP_METHOD:
        return in->op == IPSECI_MSCHAP_OP_CHALLENGE ? with_credential(round, session)
                                                    : malformed(round);
    case IPSECI_MSCHAP_NAK: /* only in responses */
        return malformed(round);
    default:
        return want_ours(round);
    }
}

/* RFC 2759 5: the server's proof, or its refusal. A refusal that allows another try (R=1) or a new
 * password is acknowledged all the same: there is no other password here. */
static enum ipsec_status verdict(const struct ipseci_mschap_round *round,
                                 struct ipseci_mschap_session *session)
{
    uint8_t answer[IPSECI_MSCHAP_ANSWER_BYTES];
    const struct ipseci_mschap_packet *in = round->in;

    if (in->type == IPSECI_MSCHAP_METHOD && in->op == IPSECI_MSCHAP_OP_FAILURE) {
        ipseci_mschap_failed(round, nobody, IPSEC_EAP_MSCHAPV2_REFUSED,
                             ipseci_mschap_read_error(in->text));
        session->state = IPSECI_MSCHAP_REFUSED;
        return acknowledge(round, IPSECI_MSCHAP_OP_FAILURE);
    }
    if (in->type != IPSECI_MSCHAP_METHOD || in->op != IPSECI_MSCHAP_OP_SUCCESS) {
        return malformed(round);
    }
    if (!ipseci_mschap_read_answer(in->text, answer) ||
        !ipseci_mschap_equal(answer, session->answer, sizeof(answer))) {
        ipseci_mschap_failed(round, nobody, IPSEC_EAP_MSCHAPV2_IMPOSTOR, 0);
        return IPSEC_DROP_ICV;
    }
    session->state = IPSECI_MSCHAP_PROVEN;
    return acknowledge(round, IPSECI_MSCHAP_OP_SUCCESS);
}

/* EAP's own result. AUTH-27: what it says counts only when the server has proven itself. */
static enum ipsec_status result(const struct ipseci_mschap_round *round,
                                const struct ipseci_mschap_session *session)
{
    if (round->in->code == IPSECI_MSCHAP_EAP_FAILURE) {
        round->reply->state = IPSEC_EAP_FAILURE;
        return IPSEC_OK;
    }
    if (session->state != IPSECI_MSCHAP_PROVEN) {
        ipseci_mschap_failed(round, nobody, IPSEC_EAP_MSCHAPV2_EARLY, 0);
        return IPSEC_ERR_STATE;
    }
    ipseci_mschap_succeed(round, session);
    return IPSEC_OK;
}

enum ipsec_status ipseci_mschap_client(const struct ipseci_mschap_round *round,
                                       struct ipseci_mschap_session *session)
{
    const struct ipseci_mschap_packet *in = round->in;

    if (in == NULL || in->code == IPSECI_MSCHAP_RESPONSE) {
        return malformed(round);
    }
    if (in->code != IPSECI_MSCHAP_REQUEST) {
        return result(round, session);
    }
    if (in->type == IPSECI_MSCHAP_NOTIFICATION) {
        return acknowledge(round, 0); /* RFC 3748 5.2: at any time, and of no consequence */
    }
    switch ((enum ipseci_mschap_state)session->state) {
    case IPSECI_MSCHAP_NEW:
        return first_request(round, session);
    case IPSECI_MSCHAP_RESPONDED:
        return verdict(round, session);
    case IPSECI_MSCHAP_PROVEN:
    case IPSECI_MSCHAP_REFUSED:
    case IPSECI_MSCHAP_ASKED:
    case IPSECI_MSCHAP_CHALLENGED:
        break; /* only a result is left to come, and the last two are a server's */
    }
    return malformed(round);
}
