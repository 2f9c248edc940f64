/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt of EAP-MSCHAPv2, and what its rounds are given. The method (mschap_method.c) finds
 * the session and wipes it at its end; a role (mschap_client.c, mschap_server.c) plays a round.
 */
#ifndef IPSECI_MSCHAP_SESSION_H
#define IPSECI_MSCHAP_SESSION_H

#include "mschap_packet.h"

#include <ipsec/backend_eap_mschapv2.h>

enum ipseci_mschap_state {
    IPSECI_MSCHAP_NEW = 0,
    IPSECI_MSCHAP_ASKED,      /* server: for the Identity */
    IPSECI_MSCHAP_CHALLENGED, /* server: the client's proof is awaited */
    IPSECI_MSCHAP_RESPONDED,  /* client: the server's is */
    IPSECI_MSCHAP_PROVEN,     /* both know; what follows is formality */
    IPSECI_MSCHAP_REFUSED     /* the same, of a failure */
};

struct ipseci_mschap_session {
    ipsec_handle ike_sa; /* 0: free */
    uint32_t used;       /* the method's count of rounds when it was used last */
    uint8_t state;       /* enum ipseci_mschap_state */
    uint8_t identifier;  /* server: of the request that waits for its response */
    uint8_t id;          /* MS-CHAPv2-ID of the challenge */
    uint8_t tries;       /* server: wrong passwords so far */
    uint16_t name_length;
    uint8_t name[IPSECI_MSCHAP_NAME_MAX]; /* server: the Identity, when it has asked for one */
    uint8_t challenge[IPSECI_MSCHAP_CHALLENGE_BYTES]; /* server: its own */
    uint8_t answer[IPSECI_MSCHAP_ANSWER_BYTES];       /* client: what the server has to know */
    uint8_t key[IPSECI_MSCHAP_KEY_BYTES];             /* secret: the MSK without its zeros */
};

/* One round. */
struct ipseci_mschap_round {
    const struct ipsec_eap_mschapv2_config *config;
    const struct ipsec_eap_query *query;
    const struct ipseci_mschap_packet *in; /* NULL: the server begins */
    struct ipsec_eap_reply *reply;
};

/* They leave the session as it is with IPSEC_PENDING; anything but IPSEC_OK and that, and a reply
 * that is not CONTINUE, ends it. */
enum ipsec_status ipseci_mschap_client(const struct ipseci_mschap_round *round,
                                       struct ipseci_mschap_session *session);
enum ipsec_status ipseci_mschap_server(const struct ipseci_mschap_round *round,
                                       struct ipseci_mschap_session *session);

/* What both roles need of the method. */
enum ipsec_status ipseci_mschap_ask(const struct ipseci_mschap_round *round, struct ipsec_view name,
                                    struct ipsec_eap_mschapv2_credential *out);
void ipseci_mschap_failed(const struct ipseci_mschap_round *round, struct ipsec_view name,
                          enum ipsec_eap_mschapv2_cause cause, uint32_t error);
struct ipseci_mschap_writer ipseci_mschap_open(const struct ipseci_mschap_round *round,
                                               uint8_t code, uint8_t identifier);
/* Sends what was written. IPSEC_ERR_BUFFER: it did not fit. */
enum ipsec_status ipseci_mschap_send(const struct ipseci_mschap_round *round,
                                     struct ipseci_mschap_writer *w);
/* The good end, with the key. */
void ipseci_mschap_succeed(const struct ipseci_mschap_round *round,
                           const struct ipseci_mschap_session *session);

#endif
