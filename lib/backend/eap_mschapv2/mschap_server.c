/* SPDX-License-Identifier: Apache-2.0
 *
 * The server: challenges, checks the password of the user who answers, and that this user may be
 * called what it calls itself in IKE; proves to know the password, too.
 */
#include "mschap_session.h"

#include <string.h>

static struct ipsec_view identity_of(const struct ipseci_mschap_session *session)
{
    const struct ipsec_view view = {session->name, session->name_length};
    return view;
}

/* EAP's Failure, whose identifier is the response's (RFC 3748 4.2). */
static enum ipsec_status end(const struct ipseci_mschap_round *round)
{
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_EAP_FAILURE, round->in->identifier);

    round->reply->state = IPSEC_EAP_FAILURE;
    return ipseci_mschap_send(round, &w);
}

static enum ipsec_status end_because(const struct ipseci_mschap_round *round,
                                     const struct ipseci_mschap_session *session,
                                     enum ipsec_eap_mschapv2_cause cause, uint32_t error)
{
    ipseci_mschap_failed(round, identity_of(session), cause, error);
    return end(round);
}

static enum ipsec_status ask_identity(const struct ipseci_mschap_round *round,
                                      struct ipseci_mschap_session *session)
{
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_REQUEST, session->identifier);

    ipseci_mschap_put8(&w, IPSECI_MSCHAP_IDENTITY);
    session->state = IPSECI_MSCHAP_ASKED;
    return ipseci_mschap_send(round, &w);
}

static enum ipsec_status challenge(const struct ipseci_mschap_round *round,
                                   struct ipseci_mschap_session *session)
{
    const char *name = round->config->server_name;
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_REQUEST, session->identifier);

    session->id = session->identifier;
    ipseci_mschap_put_op(&w, IPSECI_MSCHAP_OP_CHALLENGE, session->id);
    ipseci_mschap_put8(&w, IPSECI_MSCHAP_CHALLENGE_BYTES);
    ipseci_mschap_put(&w, session->challenge, sizeof(session->challenge));
    ipseci_mschap_put(&w, name, strlen(name));
    session->state = IPSECI_MSCHAP_CHALLENGED;
    return ipseci_mschap_send(round, &w);
}

static bool new_challenge(const struct ipseci_mschap_round *round,
                          struct ipseci_mschap_session *session)
{
    return round->config->random(round->config->random_context, session->challenge,
                                 sizeof(session->challenge)) == IPSEC_OK;
}

static enum ipsec_status begin(const struct ipseci_mschap_round *round,
                               struct ipseci_mschap_session *session)
{
    if (!new_challenge(round, session)) {
        return IPSEC_ERR_RANDOM;
    }
    session->identifier = 1;
    return round->config->ask_identity ? ask_identity(round, session) : challenge(round, session);
}

static enum ipsec_status take_identity(const struct ipseci_mschap_round *round,
                                       struct ipseci_mschap_session *session)
{
    const struct ipsec_view name = round->in->data;

    if (round->in->type != IPSECI_MSCHAP_IDENTITY || name.length == 0 ||
        name.length > sizeof(session->name)) {
        return end_because(round, session, IPSEC_EAP_MSCHAPV2_MALFORMED, 0);
    }
    memcpy(session->name, name.data, name.length);
    session->name_length = (uint16_t)name.length;
    session->identifier++;
    return challenge(round, session);
}

/* RFC 2759 6: "E=691 R=1 C=... V=3 M=..."; with R=1 the client may try again on this challenge. */
static enum ipsec_status refuse(const struct ipseci_mschap_round *round,
                                struct ipseci_mschap_session *session)
{
    static const char once_more[] = "E=691 R=1 C=";
    static const char no_more[] = "E=691 R=0 C=";
    static const char rest[] = " V=3 M=Authentication failed";
    const bool again = session->tries++ < round->config->retries;

    if (!new_challenge(round, session)) {
        return IPSEC_ERR_RANDOM;
    }
    session->id = ++session->identifier;
    session->state = again ? IPSECI_MSCHAP_CHALLENGED : IPSECI_MSCHAP_REFUSED;
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_REQUEST, session->identifier);
    ipseci_mschap_put_op(&w, IPSECI_MSCHAP_OP_FAILURE, session->id);
    ipseci_mschap_put(&w, again ? once_more : no_more, sizeof(no_more) - 1);
    ipseci_mschap_put_hex(&w, session->challenge, sizeof(session->challenge));
    ipseci_mschap_put(&w, rest, sizeof(rest) - 1);
    return ipseci_mschap_send(round, &w);
}

static enum ipsec_status accept_user(const struct ipseci_mschap_round *round,
                                     struct ipseci_mschap_session *session,
                                     const struct ipseci_mschap_facts *facts)
{
    const uint8_t *nt_response = round->in->value + IPSECI_MSCHAP_PROOF_AT;
    uint8_t answer[IPSECI_MSCHAP_ANSWER_BYTES];

    ipseci_mschap_key(facts->hash, nt_response, session->key);
    ipseci_mschap_answer(facts, nt_response, answer);
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_REQUEST, ++session->identifier);
    ipseci_mschap_put_op(&w, IPSECI_MSCHAP_OP_SUCCESS, session->id);
    ipseci_mschap_put(&w, "S=", 2);
    ipseci_mschap_put_hex(&w, answer, sizeof(answer));
    ipseci_mschap_put(&w, " M=OK", 5);
    session->state = IPSECI_MSCHAP_PROVEN;
    return ipseci_mschap_send(round, &w);
}

/* RFC 7296 2.16: the IKE SA gets the identity of IKE_AUTH, so it has to be the one that is proven.
 * Only identities that are text can be a user's name. */
static bool may_be_called(const struct ipseci_mschap_round *round,
                          const struct ipseci_mschap_session *session,
                          const struct ipsec_eap_mschapv2_credential *user)
{
    const struct ipsec_view name = round->in->name;
    const struct ipsec_id *id = round->query->remote_id;

    if (session->name_length > 0 && (session->name_length != name.length ||
                                     memcmp(session->name, name.data, name.length) != 0)) {
        return false;
    }
    if (user->wrong_id) {
        return false;
    }
    if (user->any_id) {
        return true;
    }
    return id != NULL &&
           (id->type == IPSEC_ID_FQDN || id->type == IPSEC_ID_RFC822_ADDR ||
            id->type == IPSEC_ID_KEY_ID) &&
           id->length == name.length && memcmp(id->bytes, name.data, name.length) == 0;
}

/* The same is worked out for a user who is not there as for a wrong password. */
static bool judge(const struct ipseci_mschap_round *round,
                  const struct ipseci_mschap_session *session,
                  const struct ipsec_eap_mschapv2_credential *user,
                  const struct ipseci_mschap_facts *facts, enum ipsec_eap_mschapv2_cause *cause)
{
    uint8_t expected[IPSECI_MSCHAP_NT_BYTES];

    ipseci_mschap_nt_response(facts, expected);
    const bool right =
        ipseci_mschap_equal(expected, round->in->value + IPSECI_MSCHAP_PROOF_AT, sizeof(expected));
    const bool called = may_be_called(round, session, user);
    ipseci_mschap_wipe(expected, sizeof(expected));
    *cause = !right ? IPSEC_EAP_MSCHAPV2_PASSWORD : IPSEC_EAP_MSCHAPV2_IDENTITY;
    return right && called;
}

static enum ipsec_status check(const struct ipseci_mschap_round *round,
                               struct ipseci_mschap_session *session)
{
    struct ipsec_eap_mschapv2_credential user;
    struct ipseci_mschap_facts facts = {
        .name = round->in->name,
        .server_challenge = session->challenge,
        .client_challenge = round->in->value,
    };
    enum ipsec_status status = ipseci_mschap_ask(round, round->in->name, &user);

    if (status != IPSEC_PENDING) {
        static const uint8_t nobody[] = "the password of nobody";
        const struct ipsec_view password = {user.password, user.password_length};
        const struct ipsec_view stand_in = {nobody, sizeof(nobody) - 1};
        enum ipsec_eap_mschapv2_cause cause = IPSEC_EAP_MSCHAPV2_USER;
        const bool there = status == IPSEC_OK && password.length > 0;
        const bool known = ipseci_mschap_hash(there ? password : stand_in, facts.hash) && there;
        if (judge(round, session, &user, &facts, &cause) && known) {
            status = accept_user(round, session, &facts);
        } else {
            ipseci_mschap_failed(round, round->in->name, known ? cause : IPSEC_EAP_MSCHAPV2_USER,
                                 0);
            status = refuse(round, session);
        }
    }
    ipseci_mschap_wipe(&facts, sizeof(facts));
    ipseci_mschap_wipe(&user, sizeof(user));
    return status;
}

static enum ipsec_status take_proof(const struct ipseci_mschap_round *round,
                                    struct ipseci_mschap_session *session)
{
    const struct ipseci_mschap_packet *in = round->in;

    if (in->type != IPSECI_MSCHAP_METHOD) {
        /* a Nak says which method it would like (RFC 3748 5.3.1) */
        return in->type == IPSECI_MSCHAP_NAK
                   ? end_because(round, session, IPSEC_EAP_MSCHAPV2_METHOD,
                                 in->data.length > 0 ? in->data.data[0] : 0)
                   : end_because(round, session, IPSEC_EAP_MSCHAPV2_MALFORMED, 0);
    }
    if (session->tries > 0 &&
        (in->op == IPSECI_MSCHAP_OP_FAILURE || in->op == IPSECI_MSCHAP_OP_CHANGE_PASSWORD)) {
        return end_because(round, session, IPSEC_EAP_MSCHAPV2_GIVEN_UP, 0);
    }
    /* A further try has the number of the refusal or the one after it: both are in use. */
    const bool numbered =
        in->id == session->id || (session->tries > 0 && in->id == (uint8_t)(session->id + 1));
    if (in->op != IPSECI_MSCHAP_OP_RESPONSE || in->name.length == 0 || !numbered) {
        return end_because(round, session, IPSEC_EAP_MSCHAPV2_MALFORMED, 0);
    }
    return check(round, session);
}

static enum ipsec_status take_success(const struct ipseci_mschap_round *round,
                                      const struct ipseci_mschap_session *session)
{
    const struct ipseci_mschap_packet *in = round->in;

    if (in->type != IPSECI_MSCHAP_METHOD || in->op != IPSECI_MSCHAP_OP_SUCCESS) {
        return in->type == IPSECI_MSCHAP_METHOD && in->op == IPSECI_MSCHAP_OP_FAILURE
                   ? end_because(round, session, IPSEC_EAP_MSCHAPV2_GIVEN_UP, 0)
                   : end_because(round, session, IPSEC_EAP_MSCHAPV2_MALFORMED, 0);
    }
    struct ipseci_mschap_writer w =
        ipseci_mschap_open(round, IPSECI_MSCHAP_EAP_SUCCESS, in->identifier);
    const enum ipsec_status status = ipseci_mschap_send(round, &w);
    if (status == IPSEC_OK) {
        ipseci_mschap_succeed(round, session);
    }
    return status;
}

enum ipsec_status ipseci_mschap_server(const struct ipseci_mschap_round *round,
                                       struct ipseci_mschap_session *session)
{
    const struct ipseci_mschap_packet *in = round->in;

    if (in == NULL) {
        return begin(round, session);
    }
    if (in->code != IPSECI_MSCHAP_RESPONSE || in->identifier != session->identifier) {
        return end_because(round, session, IPSEC_EAP_MSCHAPV2_MALFORMED, 0);
    }
    switch ((enum ipseci_mschap_state)session->state) {
    case IPSECI_MSCHAP_ASKED:
        return take_identity(round, session);
    case IPSECI_MSCHAP_CHALLENGED:
        return take_proof(round, session);
    case IPSECI_MSCHAP_PROVEN:
        return take_success(round, session);
    case IPSECI_MSCHAP_REFUSED:
        return end(round);
    case IPSECI_MSCHAP_NEW:
    case IPSECI_MSCHAP_RESPONDED:
        break; /* nothing was asked, and a client's */
    }
    return end_because(round, session, IPSEC_EAP_MSCHAPV2_MALFORMED, 0);
}
