/* SPDX-License-Identifier: Apache-2.0
 *
 * EAP-MSCHAPv2 as a whole: a client and a server that agree, each way to refuse and to cheat, and
 * the questions to the caller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mschap_kit.h"

static void both_ends_agree(void **state)
{
    (void)state;
    make(NULL);
    rounds(2);
    assert_both_succeed();
    assert_int_equal(client.asked, 1);
    assert_int_equal(server.asked, 1);
}

static void with_a_round_of_identity(void **state)
{
    const struct ipsec_eap_mschapv2_config more = {.ask_identity = true, .server_name = "gw"};
    (void)state;
    make(&more);
    assert_int_equal(serve(nothing), IPSEC_OK);
    assert_int_equal(server.reply.length, 5);
    assert_int_equal(server.packet[4], 1);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    assert_int_equal(client.reply.length, 10);
    assert_memory_equal(client.packet + 5, "alice", 5);
    make(&more);
    rounds(3);
    assert_both_succeed();
}

/* The domain is part of the name, and not of what is hashed. */
static void names_with_a_domain(void **state)
{
    (void)state;
    make(NULL);
    client.name = server.name = "CORP\\alice";
    server.any_id = true;
    rounds(2);
    assert_both_succeed();
}

/* What is the same for every attempt is not the key. */
static void keys_are_fresh(void **state)
{
    uint8_t key[IPSEC_EAP_MSK_BYTES];
    (void)state;
    make(NULL);
    rounds(2);
    memcpy(key, server.reply.msk, sizeof(key));
    ipsec_eap_mschapv2_forget(client.method, SA);
    rounds(2);
    assert_memory_not_equal(key, server.reply.msk, 16);
}

/* ---- Refusals ----------------------------------------------------------------------------------
 */

/* The server refuses with 691, the client acknowledges, the server ends it. */
static void assert_refused(enum ipsec_eap_mschapv2_cause cause)
{
    static const char words[] = "E=691 R=0 C=";
    assert_int_equal(server.reply.state, IPSEC_EAP_CONTINUE);
    assert_int_equal(server.cause, cause);
    assert_memory_equal(server.packet + 9, words, sizeof(words) - 1);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    assert_int_equal(client.cause, IPSEC_EAP_MSCHAPV2_REFUSED);
    assert_int_equal(client.error, IPSEC_EAP_MSCHAPV2_AUTHENTICATION);
    assert_int_equal(client.reply.length, 6);
    assert_int_equal(client.packet[5], 4);
    assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
    assert_int_equal(server.reply.state, IPSEC_EAP_FAILURE);
    assert_int_equal(server.packet[0], 4);
    assert_int_equal(server.packet[1], client.packet[1]);
    assert_int_equal(server.reply.msk_length, 0);
    assert_int_equal(server.failed, 1);
    assert_wiped(&server);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    assert_int_equal(client.reply.state, IPSEC_EAP_FAILURE);
    assert_wiped(&client);
}

static void a_wrong_password(void **state)
{
    (void)state;
    make(NULL);
    client.password = "wrong";
    rounds(1);
    assert_refused(IPSEC_EAP_MSCHAPV2_PASSWORD);
}

/* Nothing of it tells the client that there is no such user. */
static void an_unknown_user(void **state)
{
    uint8_t refusal[600];
    size_t length;
    (void)state;
    make(NULL);
    client.password = "wrong";
    rounds(1);
    length = server.reply.length;
    memcpy(refusal, server.packet, length);
    make(NULL);
    client.name = "bob";
    rounds(1);
    assert_int_equal(server.reply.length, length);
    assert_memory_equal(server.packet, refusal, length);
    assert_refused(IPSEC_EAP_MSCHAPV2_USER);
}

/* A user whose password here can not be used has none. */
static void a_user_without_a_usable_password(void **state)
{
    static const char *const bad[] = {"", "\xff", NULL};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        make(NULL);
        server.password = bad[i];
        rounds(1);
        assert_refused(IPSEC_EAP_MSCHAPV2_USER);
    }
}

/* RFC 7296 2.16: a good password does not make anybody somebody else. */
static void a_user_with_the_identity_of_another(void **state)
{
    static const struct ipsec_id others[] = {
        {.type = IPSEC_ID_FQDN, .length = 4, .bytes = "boss"},
        {.type = IPSEC_ID_FQDN, .length = 4, .bytes = "alic"},
        {.type = IPSEC_ID_FQDN, .length = 6, .bytes = "alicee"},
        {.type = IPSEC_ID_IPV4_ADDR, .length = 4, .bytes = "alic"},
        {.type = IPSEC_ID_DER_ASN1_DN, .length = 5, .bytes = "alice"},
        {.type = IPSEC_ID_NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        make(NULL);
        server.id = others[i];
        rounds(1);
        assert_refused(IPSEC_EAP_MSCHAPV2_IDENTITY);
        make(NULL);
        server.id = others[i];
        server.any_id = true;
        rounds(2);
        assert_both_succeed();
    }
    for (uint8_t type = IPSEC_ID_RFC822_ADDR; type <= IPSEC_ID_KEY_ID; type += 8) {
        make(NULL);
        server.id.type = type;
        rounds(2);
        assert_both_succeed();
    }
}

/* Tied to another identity: not even its own name will do. */
static void a_user_who_may_not_have_its_name(void **state)
{
    (void)state;
    for (int any = 0; any < 2; any++) {
        make(NULL);
        server.wrong_id = true;
        server.any_id = any != 0;
        rounds(1);
        assert_refused(IPSEC_EAP_MSCHAPV2_IDENTITY);
    }
}

/* EAP's Identity is the name that is proven, too. */
static void an_identity_of_eap_that_is_another(void **state)
{
    const struct ipsec_eap_mschapv2_config more = {.ask_identity = true};
    (void)state;
    make(&more);
    server.any_id = true;
    client.name = "boss";
    rounds(1);
    client.name = "alice";
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
    assert_refused(IPSEC_EAP_MSCHAPV2_IDENTITY);
}

static void further_tries(void **state)
{
    const struct ipsec_eap_mschapv2_config more = {.retries = 2};
    static const char words[] = "E=691 R=1 C=";
    (void)state;
    make(&more);
    client.password = "wrong";
    rounds(1);
    /* A client that has another password answers the challenge in the refusal; ours has none and
     * gives up, so the Response is a fresh client's on a Challenge made of that refusal. */
    for (int again = 0; again < 2; again++) {
        assert_memory_equal(server.packet + 9, words, sizeof(words) - 1);
        uint8_t packet[] = {1,
                            server.packet[1],
                            0,
                            26,
                            26,
                            1,
                            (uint8_t)(server.packet[6] + again),
                            0,
                            21,
                            16,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0,
                            0};
        for (size_t i = 0; i < 16; i++) {
            char digits[3] = {(char)server.packet[21 + 2 * i], (char)server.packet[22 + 2 * i], 0};
            packet[10 + i] = (uint8_t)strtoul(digits, NULL, 16);
        }
        const struct ipsec_view challenge = {packet, sizeof(packet)};
        ipsec_eap_mschapv2_forget(client.method, SA);
        client.password = again == 0 ? "wrong" : server.password;
        assert_int_equal(ask(challenge), IPSEC_OK);
        assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
    }
    assert_int_equal(server.failed, 2);
    server.failed = 0;
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
    assert_both_succeed();
}

/* Ours acknowledges a refusal that allows another try: it has no other password. */
static void a_try_that_is_not_made(void **state)
{
    const struct ipsec_eap_mschapv2_config more = {.retries = 1};
    (void)state;
    make(&more);
    client.password = "wrong";
    rounds(2);
    assert_int_equal(client.cause, IPSEC_EAP_MSCHAPV2_REFUSED);
    assert_int_equal(server.cause, IPSEC_EAP_MSCHAPV2_GIVEN_UP);
    assert_int_equal(server.reply.state, IPSEC_EAP_FAILURE);
    assert_wiped(&server);
}

/* E=648 asks for a new password: acknowledged, not followed. */
static void a_password_that_has_expired(void **state)
{
    uint8_t packet[] = "\x01\x02\x00\x50\x1a\x04\x01\x00\x4b"
                       "E=648 R=0 C=000102030405060708090A0B0C0D0E0F V=3 M=Password expired....";
    const struct ipsec_view expired = {packet, 80};
    (void)state;
    make(NULL);
    assert_int_equal(serve(nothing), IPSEC_OK);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    assert_int_equal(ask(expired), IPSEC_OK);
    assert_int_equal(client.reply.length, 6);
    assert_int_equal(client.packet[5], 4);
    assert_int_equal(client.error, IPSEC_EAP_MSCHAPV2_PASSWORD_EXPIRED);
    assert_non_null(ipsec_eap_mschapv2_error_text(client.error));
}

/* ---- A server that cheats ----------------------------------------------------------------------
 */

static void a_server_that_does_not_know_the_password(void **state)
{
    (void)state;
    make(NULL);
    rounds(1);
    assert_int_equal(server.packet[5], 3);
    server.packet[9 + 2 + 39] ^= 1; /* the last digit of 40 */
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_DROP_ICV);
    assert_int_equal(client.cause, IPSEC_EAP_MSCHAPV2_IMPOSTOR);
    assert_int_equal(client.reply.length, 0);
    assert_wiped(&client);
}

/* AUTH-27, CVE-2021-45079. */
static void auth_27_success_before_the_server_has_proven_itself(void **state)
{
    const uint8_t packet[] = {3, 1, 0, 4};
    const struct ipsec_view success = {packet, 4};
    (void)state;
    for (int i = 0; i < 3; i++) {
        make(NULL);
        assert_int_equal(serve(nothing), IPSEC_OK);
        if (i > 0) {
            assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
        }
        if (i > 1) {
            client.password = "wrong";
            assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
            server.packet[5] = 4; /* a refusal, acknowledged */
            assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
        }
        assert_int_equal(ask(success), IPSEC_ERR_STATE);
        assert_int_equal(client.cause, IPSEC_EAP_MSCHAPV2_EARLY);
        assert_int_equal(client.reply.msk_length, 0);
        assert_wiped(&client);
    }
}

/* The name is asked for again and again; what is proven stays what it is. */
static void challenges_after_the_first(void **state)
{
    uint8_t packet[600];
    struct ipsec_view challenge = {packet, 0};
    (void)state;
    make(NULL);
    assert_int_equal(serve(nothing), IPSEC_OK);
    challenge.length = server.reply.length;
    memcpy(packet, server.packet, challenge.length);
    assert_int_equal(ask(challenge), IPSEC_OK);
    assert_int_equal(ask(challenge), IPSEC_DROP_MALFORMED);
    assert_wiped(&client);
}

/* ---- Other methods, notifications --------------------------------------------------------------
 */

static void a_server_of_another_method(void **state)
{
    const uint8_t md5[] = {1, 9, 0, 7, 4, 1, 7};
    const uint8_t nak[] = {2, 9, 0, 6, 3, 26};
    const struct ipsec_view packet = {md5, sizeof(md5)};
    (void)state;
    make(NULL);
    assert_int_equal(ask(packet), IPSEC_OK);
    assert_int_equal(client.reply.length, sizeof(nak));
    assert_memory_equal(client.packet, nak, sizeof(nak));
    assert_int_equal(client.cause, IPSEC_EAP_MSCHAPV2_METHOD);
    assert_int_equal(client.error, 4);
    client.failed = 0;
    rounds(2);
    assert_both_succeed(); /* it offered ours after that */
}

static void a_client_of_another_method(void **state)
{
    uint8_t nak[] = {2, 0, 0, 6, 3, 4};
    const struct ipsec_view packet = {nak, sizeof(nak)};
    (void)state;
    make(NULL);
    assert_int_equal(serve(nothing), IPSEC_OK);
    nak[1] = server.packet[1];
    assert_int_equal(serve(packet), IPSEC_OK);
    assert_int_equal(server.reply.state, IPSEC_EAP_FAILURE);
    assert_int_equal(server.cause, IPSEC_EAP_MSCHAPV2_METHOD);
    assert_int_equal(server.error, 4);
    assert_wiped(&server);
}

static void notifications_at_any_time(void **state)
{
    const uint8_t note[] = {1, 200, 0, 10, 2, 'h', 'e', 'l', 'l', 'o'};
    const uint8_t answer[] = {2, 200, 0, 5, 2};
    const struct ipsec_view packet = {note, sizeof(note)};
    (void)state;
    make(NULL);
    assert_int_equal(serve(nothing), IPSEC_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(packet), IPSEC_OK);
        assert_int_equal(client.reply.length, sizeof(answer));
        assert_memory_equal(client.packet, answer, sizeof(answer));
        if (i < 2) {
            assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
            assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
        }
    }
    assert_both_succeed();
}

/* ---- Questions ---------------------------------------------------------------------------------
 */

static void a_password_that_comes_later(void **state)
{
    uint8_t kept[600];
    struct ipsec_view packet = {kept, 0};
    (void)state;
    make(NULL);
    assert_int_equal(serve(nothing), IPSEC_OK);
    client.answer = server.answer = IPSEC_PENDING;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(mschap_sent(&server)), IPSEC_PENDING);
    }
    client.answer = IPSEC_OK;
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    packet.length = client.reply.length;
    memcpy(kept, client.packet, packet.length);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(serve(packet), IPSEC_PENDING);
        assert_int_equal(server.reply.length, 0);
    }
    server.answer = IPSEC_OK;
    assert_int_equal(serve(packet), IPSEC_OK);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    assert_int_equal(serve(mschap_sent(&client)), IPSEC_OK);
    assert_both_succeed();
}

static void a_client_without_credentials(void **state)
{
    static const char *const bad[] = {"", "\xc3", NULL};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        make(NULL);
        assert_int_equal(serve(nothing), IPSEC_OK);
        if (i < 3) {
            client.password = bad[i];
        } else {
            client.name = "";
        }
        assert_int_equal(ask(mschap_sent(&server)), IPSEC_ERR_NOT_FOUND);
        assert_int_equal(client.cause, IPSEC_EAP_MSCHAPV2_CREDENTIAL);
        assert_wiped(&client);
    }
}

static void random_octets_that_do_not_come(void **state)
{
    (void)state;
    make(NULL);
    server.no_random = true;
    assert_int_equal(serve(nothing), IPSEC_ERR_RANDOM);
    assert_wiped(&server);
    make(NULL);
    client.no_random = true;
    assert_int_equal(serve(nothing), IPSEC_OK);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_ERR_RANDOM);
    assert_wiped(&client);
    make(NULL);
    client.password = "wrong";
    assert_int_equal(serve(nothing), IPSEC_OK);
    assert_int_equal(ask(mschap_sent(&server)), IPSEC_OK);
    server.no_random = true;
    assert_int_equal(serve(mschap_sent(&client)), IPSEC_ERR_RANDOM);
    assert_wiped(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_agree),
        cmocka_unit_test(with_a_round_of_identity),
        cmocka_unit_test(names_with_a_domain),
        cmocka_unit_test(keys_are_fresh),
        cmocka_unit_test(a_wrong_password),
        cmocka_unit_test(an_unknown_user),
        cmocka_unit_test(a_user_without_a_usable_password),
        cmocka_unit_test(a_user_with_the_identity_of_another),
        cmocka_unit_test(a_user_who_may_not_have_its_name),
        cmocka_unit_test(an_identity_of_eap_that_is_another),
        cmocka_unit_test(further_tries),
        cmocka_unit_test(a_try_that_is_not_made),
        cmocka_unit_test(a_password_that_has_expired),
        cmocka_unit_test(a_server_that_does_not_know_the_password),
        cmocka_unit_test(auth_27_success_before_the_server_has_proven_itself),
        cmocka_unit_test(challenges_after_the_first),
        cmocka_unit_test(a_server_of_another_method),
        cmocka_unit_test(a_client_of_another_method),
        cmocka_unit_test(notifications_at_any_time),
        cmocka_unit_test(a_password_that_comes_later),
        cmocka_unit_test(a_client_without_credentials),
        cmocka_unit_test(random_octets_that_do_not_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
