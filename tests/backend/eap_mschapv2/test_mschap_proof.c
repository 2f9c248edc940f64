/* SPDX-License-Identifier: Apache-2.0
 *
 * What MS-CHAPv2 computes, by the numbers of RFC 2759 9.2 and RFC 3079 4.5.3; passwords in UTF-8;
 * and the packets, whole and cut at every place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mschap_packet.h"
#include "mschap_utf16.h"

#include "test_hex.h"

static struct ipsec_view text_view(const char *text)
{
    const struct ipsec_view view = {(const uint8_t *)text, strlen(text)};
    return view;
}

static void assert_hex(const uint8_t *octets, const char *hex)
{
    uint8_t expected[64];
    const size_t length = test_hex(hex, expected, sizeof(expected));
    assert_memory_equal(octets, expected, length);
}

/* ---- RFC 2759 9.2, RFC 3079 4.5.3 --------------------------------------------------------------
 */

static uint8_t server_challenge[16];
static uint8_t client_challenge[16];

static struct ipseci_mschap_facts facts_of(const char *name)
{
    struct ipseci_mschap_facts facts = {
        .name = text_view(name),
        .server_challenge = server_challenge,
        .client_challenge = client_challenge,
    };
    assert_int_equal(test_hex("5b5d7c7d7b3f2f3e3c2c602132262628", server_challenge, 16), 16);
    assert_int_equal(test_hex("21402324255e262a28295f2b3a337c7e", client_challenge, 16), 16);
    assert_true(ipseci_mschap_hash(text_view("clientPass"), facts.hash));
    return facts;
}

static void rfc2759_9_2_proofs_of_both_ends(void **state)
{
    static const char *const names[] = {"User", "DOMAIN\\User"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct ipseci_mschap_facts facts = facts_of(names[i]);
        uint8_t out[24];
        assert_hex(facts.hash, "44ebba8d5312b8d611474411f56989ae");
        ipseci_mschap_challenge(&facts, out);
        assert_hex(out, "d02e4386bce91226");
        ipseci_mschap_nt_response(&facts, out);
        assert_hex(out, "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
        uint8_t answer[20];
        ipseci_mschap_answer(&facts, out, answer);
        assert_hex(answer, "407a5589115fd0d6209f510fe9c04566932cda56");
    }
}

/* The example gives the server's send key, which is the client's receive key. */
static void rfc3079_4_5_3_start_key(void **state)
{
    const struct ipseci_mschap_facts facts = facts_of("User");
    uint8_t nt_response[24];
    uint8_t key[32];
    (void)state;
    ipseci_mschap_nt_response(&facts, nt_response);
    ipseci_mschap_key(facts.hash, nt_response, key);
    assert_hex(key + 16, "8b7cdc149b993a1ba118cb153f56dccb");
    assert_memory_not_equal(key, key + 16, 16);
}

static void names_with_more_than_one_backslash(void **state)
{
    struct ipseci_mschap_facts a = facts_of("D\\a\\b");
    const struct ipseci_mschap_facts b = facts_of("a\\b");
    uint8_t out[2][8];
    (void)state;
    ipseci_mschap_challenge(&a, out[0]);
    a.name = text_view("E\\a\\b");
    ipseci_mschap_challenge(&a, out[1]);
    assert_memory_equal(out[0], out[1], 8);
    ipseci_mschap_challenge(&b, out[1]);
    assert_memory_not_equal(out[0], out[1], 8);
}

static void compares_every_octet(void **state)
{
    uint8_t a[20] = {0};
    uint8_t b[20] = {0};
    (void)state;
    assert_true(ipseci_mschap_equal(a, b, sizeof(a)));
    for (size_t i = 0; i < sizeof(a); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            b[i] = (uint8_t)(1u << bit);
            assert_false(ipseci_mschap_equal(a, b, sizeof(a)));
        }
        b[i] = 0;
    }
}

/* ---- Passwords ---------------------------------------------------------------------------------
 */

static void utf8_that_is_good(void **state)
{
    static const struct {
        const char *text;
        const char *units;
    } good[] = {
        {"a", "6100"},
        {"\x7f", "7f00"},
        {"\xc2\x80", "8000"},
        {"\xc3\xa9", "e900"},
        {"\xdf\xbf", "ff07"},
        {"\xe0\xa0\x80", "0008"},
        {"\xe2\x82\xac", "ac20"},
        {"\xed\x9f\xbf", "ffd7"},
        {"\xee\x80\x80", "00e0"},
        {"\xef\xbf\xbf", "ffff"},
        {"\xf0\x90\x80\x80", "00d800dc"},
        {"\xf0\x9d\x84\x9e", "34d81edd"},
        {"\xf4\x8f\xbf\xbf", "ffdbffdf"},
        {"x\xe2\x82\xacy", "7800ac207900"},
    };
    uint8_t out[2 * IPSECI_MSCHAP_UTF8_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        size_t length = 0;
        assert_true(ipseci_mschap_utf16(text_view(good[i].text), out, &length));
        assert_int_equal(length, strlen(good[i].units) / 2);
        assert_hex(out, good[i].units);
    }
}

static void utf8_that_is_none(void **state)
{
    static const char *const bad[] = {
        "\x80",             /* a continuation alone */
        "\xbf",             /* */
        "\xc0\x80",         /* overlong NUL */
        "\xc1\xbf",         /* overlong */
        "\xc2",             /* cut */
        "\xc2g",            /* no continuation */
        "\xe0\x9f\xbf",     /* overlong */
        "\xe2\x82",         /* cut */
        "\xe2\x82g",        /* */
        "\xed\xa0\x80",     /* surrogates */
        "\xed\xbf\xbf",     /* */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xf0\x9d\x84",     /* cut */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80", /* */
        "\xff",             /* */
        "good\xfe",         /* */
    };
    uint8_t out[2 * IPSECI_MSCHAP_UTF8_MAX];
    uint8_t hash[16];
    size_t length = 1;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        length = 1;
        assert_false(ipseci_mschap_utf16(text_view(bad[i]), out, &length));
        assert_int_equal(length, 0);
        assert_false(ipseci_mschap_hash(text_view(bad[i]), hash));
    }
    const struct ipsec_view nul = {(const uint8_t *)"a\0b", 3};
    assert_false(ipseci_mschap_utf16(nul, out, &length));
    assert_false(ipseci_mschap_hash(text_view(""), hash)); /* nobody's password */
}

static void passwords_of_the_greatest_length(void **state)
{
    char text[IPSECI_MSCHAP_UTF8_MAX + 2];
    uint8_t out[2 * IPSECI_MSCHAP_UTF8_MAX];
    size_t length = 0;
    (void)state;
    memset(text, 'p', sizeof(text));
    text[IPSECI_MSCHAP_UTF8_MAX] = '\0';
    assert_true(ipseci_mschap_utf16(text_view(text), out, &length));
    assert_int_equal(length, sizeof(out));
    text[IPSECI_MSCHAP_UTF8_MAX] = 'p';
    text[IPSECI_MSCHAP_UTF8_MAX + 1] = '\0';
    assert_false(ipseci_mschap_utf16(text_view(text), out, &length));
}

/* ---- Packets -----------------------------------------------------------------------------------
 */

#define CHALLENGE_VALUE "000102030405060708090a0b0c0d0e0f"
#define RESPONSE_VALUE                                                                             \
    CHALLENGE_VALUE "0000000000000000000102030405060708090a0b0c0d0e0f101112131415161700"

static bool parse_hex(const char *hex, struct ipseci_mschap_packet *out, uint8_t octets[300])
{
    const size_t length = test_hex(hex, octets, 300);
    const struct ipsec_view view = {octets, length};
    return ipseci_mschap_parse(view, out);
}

static void packets_that_are_whole(void **state)
{
    uint8_t octets[300];
    struct ipseci_mschap_packet p;
    (void)state;
    assert_true(parse_hex("0107001c1a0107001710" CHALLENGE_VALUE "7376", &p, octets));
    assert_int_equal(p.op, IPSECI_MSCHAP_OP_CHALLENGE);
    assert_int_equal(p.identifier, 7);
    assert_int_equal(p.id, 7);
    assert_int_equal(p.name.length, 2);
    assert_memory_equal(p.name.data, "sv", 2);
    assert_int_equal(p.value[15], 15);
    assert_true(parse_hex("0208003c1a0209003731" RESPONSE_VALUE "75", &p, octets));
    assert_int_equal(p.op, IPSECI_MSCHAP_OP_RESPONSE);
    assert_int_equal(p.id, 9);
    assert_int_equal(p.value[IPSECI_MSCHAP_PROOF_AT + 1], 1);
    assert_int_equal(p.name.length, 1);
    assert_true(parse_hex("020100061a03", &p, octets));
    assert_false(p.whole);
    assert_true(parse_hex("020100061a04", &p, octets));
    assert_true(parse_hex("03010004", &p, octets));
    assert_true(parse_hex("04010004", &p, octets));
    assert_true(parse_hex("0101000501", &p, octets));
    assert_int_equal(p.data.length, 0);
    assert_true(parse_hex("0201000703abcd", &p, octets));
}

static void packets_that_are_at_odds_with_themselves(void **state)
{
    static const char *const bad[] = {
        "",                                            /* nothing */
        "010100",                                      /* half a header */
        "01010004",                                    /* a request without a type */
        "02010004",                                    /* */
        "0301000500",                                  /* a result with more */
        "05010004",                                    /* no such code */
        "0001000501",                                  /* */
        "0101000601",                                  /* longer than it is */
        "010100050101",                                /* shorter */
        "010100051a",                                  /* no op */
        "010100061a03",                                /* a request of an op alone */
        "010100061a01",                                /* */
        "020100061a02",                                /* */
        "020100061a07",                                /* */
        "020100081a030100",                            /* half a header */
        "010100091a01010004",                          /* no value */
        "0107001c1a0107001610" CHALLENGE_VALUE "7376", /* MS-Length */
        "0107001c1a0107001711" CHALLENGE_VALUE "7376", /* Value-Size */
        "0107001c1a010700170f" CHALLENGE_VALUE "7376", /* */
        "0207001c1a0107001710" CHALLENGE_VALUE "7376", /* a challenge of the client */
        "0108003c1a0209003731" RESPONSE_VALUE "75",    /* a response of the server */
        "0208003c1a0209003730" RESPONSE_VALUE "75",    /* Value-Size */
        "020100091a03010004",                          /* Success with more than the op */
        "010100091a05010004",                          /* no such op */
        "010100091a07010004",                          /* a change of the server */
    };
    uint8_t octets[300];
    struct ipseci_mschap_packet p;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (parse_hex(bad[i], &p, octets)) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

/* Each in a block of exactly its size, for the sanitizer. */
static void packets_cut_at_every_octet(void **state)
{
    static const char *const all[] = {
        "0107001c1a0107001710" CHALLENGE_VALUE "7376",
        "0208003c1a0209003731" RESPONSE_VALUE "75",
        "0101000b1a03010006533d",
        "020100061a03",
        "03010004",
    };
    uint8_t octets[300];
    struct ipseci_mschap_packet p;
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const size_t length = test_hex(all[i], octets, sizeof(octets));
        for (size_t cut = 0; cut < length; cut++) {
            uint8_t *exact = malloc(cut == 0 ? 1 : cut);
            assert_non_null(exact);
            memcpy(exact, octets, cut);
            const struct ipsec_view view = {exact, cut};
            assert_false(ipseci_mschap_parse(view, &p));
            free(exact);
        }
        const struct ipsec_view view = {octets, length};
        assert_true(ipseci_mschap_parse(view, &p));
    }
}

static void names_of_the_greatest_length(void **state)
{
    uint8_t packet[9 + 17 + IPSECI_MSCHAP_NAME_MAX + 1] = {1, 1, 0, 0, 26, 1, 1, 0, 0, 16};
    struct ipseci_mschap_packet p;
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        const size_t length = sizeof(packet) - 1 + more;
        packet[2] = (uint8_t)(length >> 8);
        packet[3] = (uint8_t)length;
        packet[7] = (uint8_t)((length - 5) >> 8);
        packet[8] = (uint8_t)(length - 5);
        const struct ipsec_view view = {packet, length};
        assert_int_equal(ipseci_mschap_parse(view, &p), more == 0);
    }
}

static void answers_in_hexadecimal(void **state)
{
#define DIGITS "407A5589115FD0D6209F510FE9C04566932CDA56"
    uint8_t out[20];
    (void)state;
    assert_true(ipseci_mschap_read_answer(text_view("S=" DIGITS), out));
    assert_hex(out, "407a5589115fd0d6209f510fe9c04566932cda56");
    assert_true(ipseci_mschap_read_answer(text_view("S=" DIGITS " M=welcome"), out));
    assert_true(
        ipseci_mschap_read_answer(text_view("S=407a5589115fd0d6209f510fe9c04566932cda56"), out));
    static const char *const bad[] = {"",
                                      "S=",
                                      "S",
                                      "s=" DIGITS,
                                      "S:" DIGITS,
                                      DIGITS,
                                      "S=" DIGITS "0",
                                      "S=" DIGITS "M=",
                                      "S=407A5589115FD0D6209F510FE9C04566932CDA5",
                                      "S=407A5589115FD0D6209F510FE9C04566932CDA5G",
                                      "S=/07A5589115FD0D6209F510FE9C04566932CDA56"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(ipseci_mschap_read_answer(text_view(bad[i]), out));
    }
}

static void error_numbers(void **state)
{
    (void)state;
    assert_int_equal(ipseci_mschap_read_error(text_view("E=691 R=1 C=00 V=3 M=x")), 691);
    assert_int_equal(ipseci_mschap_read_error(text_view("E=648")), 648);
    assert_int_equal(ipseci_mschap_read_error(text_view("E=0000000691 R=0")), 691);
    static const char *const bad[] = {
        "", "E", "E=", "e=691", "E=x", "E=69x", "E=-1", "691", "E=99999999999 R=0"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ipseci_mschap_read_error(text_view(bad[i])), 0);
    }
}

static void writing_into_every_room(void **state)
{
    uint8_t room[40];
    (void)state;
    for (size_t capacity = 0; capacity < sizeof(room); capacity++) {
        size_t length = 99;
        memset(room, 0xee, sizeof(room));
        struct ipseci_mschap_writer w = ipseci_mschap_begin(room, capacity, 1, 2);
        ipseci_mschap_put_op(&w, IPSECI_MSCHAP_OP_SUCCESS, 3);
        ipseci_mschap_put_hex(&w, (const uint8_t *)"\x0f\xa0", 2);
        const bool fits = ipseci_mschap_end(&w, &length);
        assert_int_equal(fits, capacity >= 13);
        assert_int_equal(length, fits ? 13 : 0);
        for (size_t i = capacity; i < sizeof(room); i++) {
            assert_int_equal(room[i], 0xee);
        }
        if (fits) {
            assert_hex(room, "0102000d1a0303000830464130");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2759_9_2_proofs_of_both_ends),
        cmocka_unit_test(rfc3079_4_5_3_start_key),
        cmocka_unit_test(names_with_more_than_one_backslash),
        cmocka_unit_test(compares_every_octet),
        cmocka_unit_test(utf8_that_is_good),
        cmocka_unit_test(utf8_that_is_none),
        cmocka_unit_test(passwords_of_the_greatest_length),
        cmocka_unit_test(packets_that_are_whole),
        cmocka_unit_test(packets_that_are_at_odds_with_themselves),
        cmocka_unit_test(packets_cut_at_every_octet),
        cmocka_unit_test(names_of_the_greatest_length),
        cmocka_unit_test(answers_in_hexadecimal),
        cmocka_unit_test(error_numbers),
        cmocka_unit_test(writing_into_every_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
