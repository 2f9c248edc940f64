/* SPDX-License-Identifier: Apache-2.0
 *
 * A client and a server of EAP-MSCHAPv2 that talk to each other without IKE, and one of them to a
 * test. After cmocka.h.
 */
#ifndef MSCHAP_KIT_H
#define MSCHAP_KIT_H

#include <ipsec/backend_eap_mschapv2.h>

#include <string.h>

struct mschap_end {
    struct ipsec_eap_mschapv2 *method;
    uint64_t block[2000]; /* room for the sessions of every test */
    uint8_t next_random;
    bool no_random;
    const char *name;     /* client: ours; server: the only user */
    const char *password; /* NULL: none */
    bool any_id;
    bool wrong_id;
    enum ipsec_status answer; /* of the question `credential`; IPSEC_OK */
    unsigned asked;
    unsigned failed;
    enum ipsec_eap_mschapv2_cause cause; /* the last */
    uint32_t error;
    struct ipsec_id id; /* what the other end calls itself in IKE */
    /* What the last round brought. */
    uint8_t packet[600];
    struct ipsec_eap_reply reply;
};

static inline enum ipsec_status mschap_random(void *context, uint8_t *out, size_t length)
{
    struct mschap_end *end = context;
    for (size_t i = 0; i < length; i++) {
        out[i] = end->next_random++;
    }
    return end->no_random ? IPSEC_ERR_RANDOM : IPSEC_OK;
}

static inline enum ipsec_status mschap_credential(void *user,
                                                  const struct ipsec_eap_mschapv2_query *query,
                                                  struct ipsec_eap_mschapv2_credential *out)
{
    struct mschap_end *end = user;
    end->asked++;
    if (end->answer != IPSEC_OK) {
        return end->answer;
    }
    if (end->password == NULL ||
        (query->server && (query->name.length != strlen(end->name) ||
                           memcmp(query->name.data, end->name, query->name.length) != 0))) {
        return IPSEC_ERR_NOT_FOUND;
    }
    if (!query->server) {
        out->name_length = strlen(end->name);
        memcpy(out->name, end->name, out->name_length);
    }
    out->password_length = strlen(end->password);
    memcpy(out->password, end->password, out->password_length);
    out->any_id = end->any_id;
    out->wrong_id = end->wrong_id;
    return IPSEC_OK;
}

static inline void mschap_failed(void *user, const struct ipsec_eap_mschapv2_query *query,
                                 enum ipsec_eap_mschapv2_cause cause, uint32_t error)
{
    struct mschap_end *end = user;
    (void)query;
    end->failed++;
    end->cause = cause;
    end->error = error;
}

static inline struct ipsec_eap_mschapv2_config mschap_config(struct mschap_end *end)
{
    struct ipsec_eap_mschapv2_config config = IPSEC_EAP_MSCHAPV2_CONFIG_INIT;
    config.credential = mschap_credential;
    config.failed = mschap_failed;
    config.user = end;
    config.random = mschap_random;
    config.random_context = end;
    return config;
}

/* Both ends: the user "alice" with a good password, called so in IKE. False: no method. */
static inline bool mschap_end_make(struct mschap_end *end, uint8_t seed,
                                   const struct ipsec_eap_mschapv2_config *more)
{
    struct ipsec_eap_mschapv2_config config = mschap_config(end);
    memset(end, 0, sizeof(*end));
    end->next_random = seed;
    end->name = "alice";
    end->password = "p\xc3\xa4ss";
    end->id.type = IPSEC_ID_FQDN;
    end->id.length = 5;
    memcpy(end->id.bytes, "alice", 5);
    if (more != NULL) {
        config.session_max = more->session_max;
        config.retries = more->retries;
        config.ask_identity = more->ask_identity;
        config.server_name = more->server_name;
    }
    return ipsec_eap_mschapv2_init(end->block, sizeof(end->block), &config, &end->method) ==
           IPSEC_OK;
}

static inline enum ipsec_status mschap_round(struct mschap_end *end, ipsec_handle ike_sa,
                                             bool server, struct ipsec_view packet)
{
    const struct ipsec_eap_query query = {
        .ike_sa = ike_sa, .server = server, .remote_id = &end->id, .packet = packet};
    memset(end->packet, 0xee, sizeof(end->packet));
    memset(&end->reply, 0, sizeof(end->reply));
    end->reply.packet = end->packet;
    end->reply.capacity = sizeof(end->packet) - 8;
    return ipsec_eap_mschapv2_run(end->method, 0, &query, &end->reply);
}

static inline struct ipsec_view mschap_sent(const struct mschap_end *end)
{
    const struct ipsec_view view = {end->packet, end->reply.length};
    return view;
}

/* ---- The two of a test, on one IKE SA ------------------------------------------------------- */

#define SA 77u

static struct mschap_end client;
static struct mschap_end server;

static inline void make(const struct ipsec_eap_mschapv2_config *more)
{
    assert_true(mschap_end_make(&client, 1, NULL));
    assert_true(mschap_end_make(&server, 100, more));
}

static inline enum ipsec_status serve(struct ipsec_view packet)
{
    return mschap_round(&server, SA, true, packet);
}

static inline enum ipsec_status ask(struct ipsec_view packet)
{
    return mschap_round(&client, SA, false, packet);
}

static const struct ipsec_view nothing = {NULL, 0};

/* The server begins, and so many packets go to the client and back. */
static inline void rounds(unsigned count)
{
    assert_int_equal(serve(nothing), IPSEC_OK);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(server.reply.state, IPSEC_EAP_CONTINUE);
        assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
        assert_int_equal(client.reply.state, IPSEC_EAP_CONTINUE);
        assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
    }
}

static inline bool all_zero(const void *data, size_t length)
{
    const uint8_t *octet = data;
    size_t i = 0;
    while (i < length && octet[i] == 0) {
        i++;
    }
    return i == length;
}

/* No session is left in the method: all of it but what comes with the configuration is zero. */
static inline void assert_wiped(const struct mschap_end *end)
{
    struct mschap_end fresh;
    assert_true(mschap_end_make(&fresh, 0, NULL));
    const size_t header = sizeof(struct ipsec_eap_mschapv2_config) + 8;
    assert_true(all_zero((const uint8_t *)end->block + header, sizeof(end->block) - header));
}

static inline void assert_both_succeed(void)
{
    assert_int_equal(server.reply.state, IPSEC_EAP_SUCCESS);
    assert_int_equal(server.reply.length, 4);
    assert_int_equal(server.packet[0], 3);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    assert_int_equal(client.reply.state, IPSEC_EAP_SUCCESS);
    assert_int_equal(client.reply.length, 0);
    assert_int_equal(client.reply.msk_length, IPSEC_EAP_MSK_BYTES);
    assert_int_equal(server.reply.msk_length, IPSEC_EAP_MSK_BYTES);
    assert_memory_equal(client.reply.msk, server.reply.msk, IPSEC_EAP_MSK_BYTES);
    assert_false(all_zero(client.reply.msk, 16));
    assert_false(all_zero(client.reply.msk + 16, 16));
    assert_true(all_zero(client.reply.msk + 32, 32));
    assert_int_equal(client.failed + server.failed, 0);
    assert_wiped(&client);
    assert_wiped(&server);
}

#endif
