/* SPDX-License-Identifier: Apache-2.0
 *
 * EAP-MSCHAPv2 under bad input: every packet cut, changed or without room for its answer; more
 * attempts than sessions; configurations and arguments that are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mschap_kit.h"

/* ---- Every packet, cut and changed -------------------------------------------------------------
 */

/* Brings both to where the server's (client's) packet number `at` is about to be read, and gives
 * it: 0 Identity, 1 Challenge, 2 Success. */
static size_t packet_at(unsigned at, bool of_server, uint8_t out[600])
{
    const struct ipsec_eap_mschapv2_config more = {.ask_identity = true};
    make(&more);
    rounds(at);
    if (!of_server) {
        assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    }
    const struct mschap_end *from = of_server ? &server : &client;
    memcpy(out, from->packet, from->reply.length);
    return from->reply.length;
}

/* In a block of exactly its size. The end did not succeed, and is done with or goes on in order. */
static void give(bool to_client, const uint8_t *octets, size_t length)
{
    uint8_t *exact = malloc(length == 0 ? 1 : length);
    const struct ipsec_view view = {exact, length};
    assert_non_null(exact);
    memcpy(exact, octets, length);
    const enum ipsec_status status = to_client ? ask(view) : serve(view);
    const struct mschap_end *end = to_client ? &client : &server;
    assert_true(status <= IPSEC_OK);
    if (status < IPSEC_OK) {
        assert_int_equal(end->reply.length, 0);
        assert_wiped(end);
    } else {
        assert_int_not_equal(end->reply.state, IPSEC_EAP_SUCCESS);
    }
    free(exact);
}

static void packets_cut_at_every_octet(void **state)
{
    uint8_t packet[600];
    (void)state;
    for (unsigned at = 0; at < 3; at++) {
        for (int to_client = 0; to_client < 2; to_client++) {
            const size_t length = packet_at(at, to_client != 0, packet);
            for (size_t cut = 1; cut < length; cut++) {
                assert_int_equal(packet_at(at, to_client != 0, packet), length);
                give(to_client != 0, packet, cut); /* the length in it is wrong */
                assert_int_equal(packet_at(at, to_client != 0, packet), length);
                packet[2] = 0;
                packet[3] = (uint8_t)cut; /* and now right */
                give(to_client != 0, packet, cut);
            }
        }
    }
}

/* One octet other than it was: nobody succeeds with it but where the octet says nothing. */
static void packets_with_one_octet_changed(void **state)
{
    uint8_t packet[600];
    (void)state;
    for (int to_client = 0; to_client < 2; to_client++) {
        const size_t length = packet_at(2, to_client != 0, packet);
        for (size_t i = 0; i < length; i++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                assert_int_equal(packet_at(2, to_client != 0, packet), length);
                packet[i] ^= (uint8_t)(1u << bit);
                const struct ipsec_view view = {packet, length};
                const enum ipsec_status status = to_client != 0 ? ask(view) : serve(view);
                assert_true(status <= IPSEC_OK);
            }
        }
    }
    /* the client's proof: its value, flags and reserved octets aside, is all of it needed */
    size_t length = packet_at(1, false, packet);
    for (size_t i = 0; i < length; i++) {
        const bool idle = (i >= 10 + 16 && i < 10 + 24) || i == 10 + 48;
        assert_int_equal(packet_at(1, false, packet), length);
        packet[i] ^= 1;
        const struct ipsec_view view = {packet, length};
        const enum ipsec_status status = serve(view);
        const bool good =
            status == IPSEC_OK && server.reply.state == IPSEC_EAP_CONTINUE && server.packet[5] == 3;
        assert_int_equal(good, idle);
        assert_int_equal(server.failed, idle ? 0 : 1);
    }
}

static void replies_that_do_not_fit(void **state)
{
    uint8_t packet[600];
    (void)state;
    for (unsigned at = 0; at < 3; at++) {
        for (int to_client = 0; to_client < 2; to_client++) {
            for (size_t room = 0; room < 100; room++) {
                const size_t length = packet_at(at, to_client != 0, packet);
                struct mschap_end *end = to_client != 0 ? &client : &server;
                uint8_t out[100];
                struct ipsec_eap_reply reply = {.packet = out, .capacity = room};
                const struct ipsec_eap_query query = {.ike_sa = SA,
                                                      .server = to_client == 0,
                                                      .remote_id = &end->id,
                                                      .packet = {packet, length}};
                memset(out, 0xee, sizeof(out));
                const enum ipsec_status status =
                    ipsec_eap_mschapv2_run(end->method, 0, &query, &reply);
                assert_true(status == IPSEC_OK || status == IPSEC_ERR_BUFFER);
                assert_true(reply.length <= room);
                assert_true(status == IPSEC_OK || reply.length == 0);
                assert_true(all_zero(reply.msk, sizeof(reply.msk)) || status == IPSEC_OK);
                for (size_t i = room; i < sizeof(out); i++) {
                    assert_int_equal(out[i], 0xee);
                }
            }
        }
    }
}

/* Numbers of a request that is not the last one asked. */
static void responses_of_another_request(void **state)
{
    (void)state;
    make(NULL);
    assert_int_equal(serve(nothing), IPSEC_OK);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    client.packet[1]++;
    assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
    assert_int_equal(server.reply.state, IPSEC_EAP_FAILURE);
    assert_int_equal(server.cause, IPSEC_EAP_MSCHAPV2_MALFORMED);
    assert_wiped(&server);
}

/* ---- Sessions ----------------------------------------------------------------------------------
 */

static void sessions_of_many_ike_sas(void **state)
{
    uint8_t challenge[3][600];
    struct ipsec_view view[3];
    const struct ipsec_eap_mschapv2_config more = {.session_max = 3};
    (void)state;
    make(&more);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mschap_round(&server, 10 + i, true, nothing), IPSEC_OK);
        memcpy(challenge[i], server.packet, server.reply.length);
        view[i] = (struct ipsec_view){challenge[i], server.reply.length};
        assert_true(i == 0 || memcmp(challenge[i], challenge[i - 1], view[i].length) != 0);
    }
    for (unsigned i = 0; i < 3; i++) { /* in their own order, each by itself */
        assert_int_equal(mschap_round(&client, SA, false, view[2 - i]), IPSEC_OK);
        assert_int_equal(mschap_round(&server, 12 - i, true, mschap_sent(&client)), IPSEC_OK);
        assert_int_equal(server.packet[5], 3);
        ipsec_eap_mschapv2_forget(client.method, SA);
    }
    assert_wiped(&client);
    for (unsigned i = 0; i < 3; i++) {
        ipsec_eap_mschapv2_forget(server.method, 10 + i);
    }
    ipsec_eap_mschapv2_forget(server.method, 10);
    ipsec_eap_mschapv2_forget(server.method, 0);
    ipsec_eap_mschapv2_forget(NULL, 10);
    assert_wiped(&server);
}

/* The one left alone for the longest time gives way, and what comes for it then is refused. */
static void more_attempts_than_sessions(void **state)
{
    const struct ipsec_eap_mschapv2_config more = {.session_max = 2};
    (void)state;
    make(&more);
    assert_int_equal(serve(nothing), IPSEC_OK);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    assert_int_equal(mschap_round(&server, 1, true, nothing), IPSEC_OK);
    assert_int_equal(mschap_round(&server, 2, true, nothing), IPSEC_OK);
    assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
    assert_int_equal(server.reply.state, IPSEC_EAP_FAILURE);
    assert_int_equal(server.asked, 0);
}

static void a_method_that_is_given_up_is_wiped(void **state)
{
    (void)state;
    make(NULL);
    rounds(1);
    ipsec_eap_mschapv2_deinit(server.method);
    assert_true(all_zero(server.block, sizeof(server.block)));
    ipsec_eap_mschapv2_deinit(NULL);
}

/* ---- Configuration and arguments ---------------------------------------------------------------
 */

static void configurations_that_are_refused(void **state)
{
    struct ipsec_eap_mschapv2 *method = NULL;
    static uint64_t block[1000];
    size_t bytes = 0;
    char name[66];
    (void)state;
    memset(name, 'n', sizeof(name));
    name[65] = '\0';
    assert_true(mschap_end_make(&client, 1, NULL));
    for (int i = 0; i < 6; i++) {
        struct ipsec_eap_mschapv2_config config = mschap_config(&client);
        enum ipsec_status wanted = IPSEC_ERR_ARGUMENT;
        switch (i) {
        case 0:
            config.credential = NULL;
            break;
        case 1:
            config.random = NULL;
            break;
        case 2:
            config.session_max = 4097;
            break;
        case 3:
            config.retries = IPSEC_EAP_MSCHAPV2_RETRIES_MAX + 1;
            break;
        case 4:
            config.server_name = name;
            break;
        default:
            config.size = 3;
            wanted = IPSEC_ERR_STRUCT_SIZE;
            break;
        }
        assert_int_equal(ipsec_eap_mschapv2_size(&config, &bytes), wanted);
        assert_int_equal(ipsec_eap_mschapv2_init(block, sizeof(block), &config, &method), wanted);
    }
    const struct ipsec_eap_mschapv2_config config = mschap_config(&client);
    assert_int_equal(ipsec_eap_mschapv2_size(&config, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_eap_mschapv2_size(NULL, &bytes), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_eap_mschapv2_size(&config, &bytes), IPSEC_OK);
    assert_int_equal(ipsec_eap_mschapv2_init(block, bytes - 1, &config, &method), IPSEC_ERR_BUFFER);
    assert_int_equal(ipsec_eap_mschapv2_init(NULL, bytes, &config, &method), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_eap_mschapv2_init(block, bytes, &config, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_eap_mschapv2_init((uint8_t *)block + 1, bytes, &config, &method),
                     IPSEC_ERR_ARGUMENT);
    assert_null(method);
    assert_int_equal(ipsec_eap_mschapv2_init(block, bytes, &config, &method), IPSEC_OK);
}

/* A caller of another version of the struct. */
static void configurations_of_other_lengths(void **state)
{
    struct {
        struct ipsec_eap_mschapv2_config config;
        uint64_t more;
    } newer = {.more = 0};
    size_t bytes[2] = {0};
    (void)state;
    assert_true(mschap_end_make(&client, 1, NULL));
    newer.config = mschap_config(&client);
    assert_int_equal(ipsec_eap_mschapv2_size(&newer.config, &bytes[0]), IPSEC_OK);
    newer.config.size = (uint32_t)sizeof(newer);
    assert_int_equal(ipsec_eap_mschapv2_size(&newer.config, &bytes[1]), IPSEC_OK);
    assert_int_equal(bytes[0], bytes[1]);
    newer.more = 1;
    assert_int_equal(ipsec_eap_mschapv2_size(&newer.config, &bytes[1]), IPSEC_ERR_STRUCT_SIZE);
    newer.config.size = (uint32_t)offsetof(struct ipsec_eap_mschapv2_config, server_name);
    newer.config.session_max = 99; /* behind its end */
    assert_int_equal(ipsec_eap_mschapv2_size(&newer.config, &bytes[1]), IPSEC_OK);
    assert_int_equal(bytes[0], bytes[1]);
}

static void arguments_that_are_refused(void **state)
{
    struct ipsec_eap_query query = {.ike_sa = SA, .packet = {NULL, 5}};
    struct ipsec_eap_reply reply = {0};
    (void)state;
    make(NULL);
    assert_int_equal(ipsec_eap_mschapv2_run(NULL, 0, &query, &reply), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_eap_mschapv2_run(client.method, 0, NULL, &reply), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_eap_mschapv2_run(client.method, 0, &query, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_eap_mschapv2_run(client.method, 0, &query, &reply), IPSEC_ERR_ARGUMENT);
    query.packet.length = 0;
    query.ike_sa = 0;
    assert_int_equal(ipsec_eap_mschapv2_run(client.method, 0, &query, &reply), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ask(nothing), IPSEC_DROP_MALFORMED); /* a client does not begin */
    assert_wiped(&client);
}

static void every_cause_has_words(void **state)
{
    (void)state;
    for (int i = IPSEC_EAP_MSCHAPV2_REFUSED; i <= IPSEC_EAP_MSCHAPV2_GIVEN_UP; i++) {
        const char *text = ipsec_eap_mschapv2_cause_text((enum ipsec_eap_mschapv2_cause)i);
        assert_true(strlen(text) > 10);
        for (int j = IPSEC_EAP_MSCHAPV2_REFUSED; j < i; j++) {
            assert_string_not_equal(
                text, ipsec_eap_mschapv2_cause_text((enum ipsec_eap_mschapv2_cause)j));
        }
    }
    assert_string_equal(ipsec_eap_mschapv2_cause_text((enum ipsec_eap_mschapv2_cause)99),
                        "unknown");
    assert_non_null(ipsec_eap_mschapv2_error_text(646));
    assert_non_null(ipsec_eap_mschapv2_error_text(709));
    assert_null(ipsec_eap_mschapv2_error_text(692));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_cut_at_every_octet),
        cmocka_unit_test(packets_with_one_octet_changed),
        cmocka_unit_test(replies_that_do_not_fit),
        cmocka_unit_test(responses_of_another_request),
        cmocka_unit_test(sessions_of_many_ike_sas),
        cmocka_unit_test(more_attempts_than_sessions),
        cmocka_unit_test(a_method_that_is_given_up_is_wiped),
        cmocka_unit_test(configurations_that_are_refused),
        cmocka_unit_test(configurations_of_other_lengths),
        cmocka_unit_test(arguments_that_are_refused),
        cmocka_unit_test(every_cause_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
