/* SPDX-License-Identifier: Apache-2.0
 *
 * EAP-MSCHAPv2, client and server, for the question `eap` of ike.h and gw.h: a user name and a
 * password that each end proves to the other to know, and the key for IKE's AUTH that comes of it
 * (RFC 2759, RFC 3079, draft-kamath-pppext-eap-mschapv2).
 *
 * What is sent is worked out with DES and MD4: who sees one attempt finds the password with the
 * effort of a single DES key, whatever its length. Let the server prove itself by a certificate, as
 * usual; with EAP on both sides (RFC 5998) anybody who answers in its place sees such an attempt.
 *
 * No heap, clock or socket. One method serves one engine, on the engine's thread.
 */
#ifndef IPSEC_BACKEND_EAP_MSCHAPV2_H
#define IPSEC_BACKEND_EAP_MSCHAPV2_H

#include <ipsec/ike.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_eap_mschapv2;

#define IPSEC_EAP_MSCHAPV2_NAME_MAX     256 /* octets */
#define IPSEC_EAP_MSCHAPV2_PASSWORD_MAX 256 /* octets of UTF-8 */
#define IPSEC_EAP_MSCHAPV2_RETRIES_MAX  10

/* Whose password? */
struct ipsec_eap_mschapv2_query {
    ipsec_handle ike_sa;
    const struct ipsec_peer *peer;
    bool server;
    const struct ipsec_id *remote_id; /* what the peer called itself in IKE_AUTH */
    struct ipsec_view name; /* server: the user, as sent, with a domain ("DOMAIN\user") if there is
                               one; not known to be true yet. Client: empty, the answer says */
};

/* The callee fills it, and it is wiped after use. */
struct ipsec_eap_mschapv2_credential {
    size_t name_length; /* client: our user name */
    uint8_t name[IPSEC_EAP_MSCHAPV2_NAME_MAX];
    size_t password_length;
    uint8_t password[IPSEC_EAP_MSCHAPV2_PASSWORD_MAX]; /* UTF-8, not empty, without NUL */
    /* Server: what this user may be called in IKE. Without either, its own name and nothing else:
     * an FQDN, RFC822_ADDR or KEY_ID of the same octets. */
    bool any_id;   /* any identity: you have seen to it that query->remote_id is right for
                      query->name. Set for everybody, each user can take the identity of each other,
                      and with it the addresses and children that are meant for that one */
    bool wrong_id; /* not query->remote_id, not even when that is its name: the attempt fails with
                      IPSEC_EAP_MSCHAPV2_IDENTITY. For a user who is tied to another identity:
                      wrong_id = !ipsec_id_equal(&his, query->remote_id), any_id = !wrong_id */
};

/* Why an attempt came to nothing. */
enum ipsec_eap_mschapv2_cause {
    IPSEC_EAP_MSCHAPV2_REFUSED = 1,    /* client: the server refused us; `error` is its number */
    IPSEC_EAP_MSCHAPV2_IMPOSTOR = 2,   /* client: the server does not know the password */
    IPSEC_EAP_MSCHAPV2_EARLY = 3,      /* client: success without proof of the server */
    IPSEC_EAP_MSCHAPV2_CREDENTIAL = 4, /* client: no usable name and password of our own */
    IPSEC_EAP_MSCHAPV2_METHOD = 5,     /* the peer wants another EAP method */
    IPSEC_EAP_MSCHAPV2_MALFORMED = 6,  /* a packet that is none, or comes at the wrong time */
    IPSEC_EAP_MSCHAPV2_USER = 7,       /* server: no such user */
    IPSEC_EAP_MSCHAPV2_PASSWORD = 8,   /* server: a wrong password */
    IPSEC_EAP_MSCHAPV2_IDENTITY = 9,   /* server: the right password, of a user who may not be
                                          called what the peer calls itself in IKE */
    IPSEC_EAP_MSCHAPV2_GIVEN_UP = 10   /* server: the client makes no further try */
};

/* What a server said in its refusal (RFC 2759 6). */
enum ipsec_eap_mschapv2_error {
    IPSEC_EAP_MSCHAPV2_RESTRICTED_HOURS = 646,
    IPSEC_EAP_MSCHAPV2_ACCOUNT_DISABLED = 647,
    IPSEC_EAP_MSCHAPV2_PASSWORD_EXPIRED = 648, /* it asks for a new one: this client has none */
    IPSEC_EAP_MSCHAPV2_NO_DIALIN = 649,
    IPSEC_EAP_MSCHAPV2_AUTHENTICATION = 691,
    IPSEC_EAP_MSCHAPV2_CHANGING = 709
};

struct ipsec_eap_mschapv2_config {
    uint32_t size;
    /* Our name and password, or the password of the user named. Names are taken as they are sent,
     * and identities that are host names are compared without regard to case (RFC 4343): let no two
     * users have names that differ only in case, or one can be called what the other is. IPSEC_OK;
     * IPSEC_PENDING: not yet, nothing has changed, and the same packet may be given again when it
     * is known; anything else: there is none, which the peer can not tell from a wrong password.
     * Required. */
    enum ipsec_status (*credential)(void *user, const struct ipsec_eap_mschapv2_query *query,
                                    struct ipsec_eap_mschapv2_credential *out);
    /* For the person who looks for the reason. query->name is what the peer sent, if anything, and
     * not to be printed as it is. error: of REFUSED enum ipsec_eap_mschapv2_error, 0: none; of
     * METHOD the EAP type it wants. Not called for what this method was not asked. NULL: nobody
     * looks. */
    void (*failed)(void *user, const struct ipsec_eap_mschapv2_query *query,
                   enum ipsec_eap_mschapv2_cause cause, uint32_t error);
    void *user;
    /* Random octets; struct ipsec_crypto.random and its context will do. Required. */
    enum ipsec_status (*random)(void *context, uint8_t *out, size_t length);
    void *random_context;
    const char *server_name; /* what a server calls itself, up to 64 octets, kept by the caller;
                                NULL: "ipsec-core". Clients do not look at it */
    uint32_t session_max;    /* attempts under way; 0: 8, up to 4096. As many as the engine's
                                handshake_max are enough. A further one takes the place of that
                                which has not been used for the longest time */
    uint8_t retries;         /* server: further tries in one attempt, up to 10; 0: none */
    bool ask_identity;       /* server: begin with EAP's own Identity, which IKE makes needless (RFC
                                7296 3.16) and some clients wait for. It has to be the name that is
                                proven */
};
#define IPSEC_EAP_MSCHAPV2_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_eap_mschapv2_config)

/* How much memory init takes. IPSEC_ERR_ARGUMENT, IPSEC_ERR_STRUCT_SIZE. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_eap_mschapv2_size(const struct ipsec_eap_mschapv2_config *config, size_t *bytes);
/* Makes the method in the caller's block, aligned as malloc does, which stays the caller's; all the
 * memory it ever uses. IPSEC_ERR_BUFFER (too small), and what size says. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_eap_mschapv2_init(void *block, size_t bytes, const struct ipsec_eap_mschapv2_config *config,
                        struct ipsec_eap_mschapv2 **out);
/* Wipes the block. NULL is allowed. */
IPSEC_API void ipsec_eap_mschapv2_deinit(struct ipsec_eap_mschapv2 *method);

/* One round, of either role: the question `eap` itself, when the callbacks' `user` is the method,
 * or called by the caller's own. A server ends a failed attempt by EAP's Failure
 * (IPSEC_EAP_FAILURE). IPSEC_DROP_MALFORMED, IPSEC_DROP_ICV (the server's proof is wrong),
 * IPSEC_ERR_STATE (success too early), IPSEC_ERR_NOT_FOUND (no credential), IPSEC_ERR_RANDOM,
 * IPSEC_ERR_BUFFER (reply->capacity), IPSEC_ERR_ARGUMENT: the attempt and its session are over.
 * IPSEC_PENDING: as the question `credential` said. The token is not looked at. */
IPSEC_API enum ipsec_status ipsec_eap_mschapv2_run(void *method, uint32_t token,
                                                   const struct ipsec_eap_query *query,
                                                   struct ipsec_eap_reply *reply);

/* The IKE SA is gone, or authenticated: wipes what is left of its attempt. Calling it at
 * IPSEC_EVENT_IKE_CLOSED and IPSEC_EVENT_FAILURE keeps no secrets longer than needed. */
IPSEC_API void ipsec_eap_mschapv2_forget(struct ipsec_eap_mschapv2 *method, ipsec_handle ike_sa);

/* One line in English without full stop; never NULL. */
IPSEC_API const char *ipsec_eap_mschapv2_cause_text(enum ipsec_eap_mschapv2_cause cause);
/* What a server's number means; NULL: not one of RFC 2759. */
IPSEC_API const char *ipsec_eap_mschapv2_error_text(uint32_t error);

#ifdef __cplusplus
}
#endif

#endif
