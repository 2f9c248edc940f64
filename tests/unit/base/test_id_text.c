/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the identity functions of ipsec/types.h.
 */
#include "base_check.h"

#include <ipsec/types.h>

static void kinds(void **state)
{
    static const struct {
        const char *text;
        uint8_t type;
        uint8_t length;
        const char *bytes;
        const char *back;
    } rows[] = {
        {"any", IPSEC_ID_NONE, 0, "", "any"},
        {"%any", IPSEC_ID_NONE, 0, "", "any"},
        {"10.1.2.3", IPSEC_ID_IPV4_ADDR, 4, "\x0a\1\2\3", "10.1.2.3"},
        {"fd00::1", IPSEC_ID_IPV6_ADDR, 16, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", "fd00::1"},
        {"gw-a.example", IPSEC_ID_FQDN, 12, "gw-a.example", "gw-a.example"},
        {"@gw-a.example", IPSEC_ID_FQDN, 12, "gw-a.example", "gw-a.example"},
        {"@any", IPSEC_ID_FQDN, 3, "any", "@any"},
        {"user@example.net", IPSEC_ID_RFC822_ADDR, 16, "user@example.net", "user@example.net"},
        {"keyid:site a", IPSEC_ID_KEY_ID, 6, "site a", "keyid:site a"},
        {"keyid:0x00fF", IPSEC_ID_KEY_ID, 2, "\0\xff", "keyid:0x00ff"},
        {"keyid:0x3078", IPSEC_ID_KEY_ID, 2, "0x", "keyid:0x3078"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ipsec_id id;
        struct ipsec_id again;
        char text[IPSEC_ID_TEXT_MAX];

        assert_int_equal(ipsec_id_parse(rows[i].text, &id), IPSEC_OK);
        assert_int_equal(id.type, rows[i].type);
        assert_int_equal(id.length, rows[i].length);
        assert_memory_equal(id.bytes, rows[i].bytes, rows[i].length);
        ipsec_id_text(&id, text, sizeof(text));
        assert_string_equal(text, rows[i].back);
        assert_int_equal(ipsec_id_parse(text, &again), IPSEC_OK);
        assert_true(ipsec_id_equal(&id, &again));
    }
}

static void refused_and_unchanged(void **state)
{
    static const char *const rows[] = {
        "",           "@",        "keyid:",       "keyid:0x", "keyid:0x1",  "keyid:0xgg",   "user@",
        "@a@b",       "a b",      "a\n",          "a@b c",    "a b@c",      "1.2.3.300",    "1.2.3",
        "10.0.0.0/8", "fd00:::1", "C=DE, O=Site", "a@b@c",    "user@1.2.3", "b\xc3\xbc.de",
    };
    struct ipsec_id id;
    struct ipsec_id before;

    (void)state;
    memset(&id, 0x5a, sizeof(id));
    before = id;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ipsec_id_parse(rows[i], &id), IPSEC_ERR_SYNTAX);
        assert_memory_equal(&id, &before, sizeof(id));
    }
    assert_int_equal(ipsec_id_parse(NULL, &id), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_id_parse("any", NULL), IPSEC_ERR_ARGUMENT);
}

static void longest_and_one_longer(void **state)
{
    char text[2 * IPSEC_ID_BYTES_MAX + 16];
    struct ipsec_id id;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[IPSEC_ID_BYTES_MAX] = '\0';
    assert_int_equal(ipsec_id_parse(text, &id), IPSEC_OK);
    assert_int_equal(id.length, IPSEC_ID_BYTES_MAX);
    text[IPSEC_ID_BYTES_MAX] = 'a';
    text[IPSEC_ID_BYTES_MAX + 1] = '\0';
    assert_int_equal(ipsec_id_parse(text, &id), IPSEC_ERR_SYNTAX);
    memset(text, 'a', sizeof(text));
    memcpy(text, "keyid:0x", 8);
    text[8 + 2 * IPSEC_ID_BYTES_MAX] = '\0';
    assert_int_equal(ipsec_id_parse(text, &id), IPSEC_OK);
    assert_int_equal(id.length, IPSEC_ID_BYTES_MAX);
    text[8 + 2 * IPSEC_ID_BYTES_MAX] = 'a';
    text[10 + 2 * IPSEC_ID_BYTES_MAX] = '\0';
    assert_int_equal(ipsec_id_parse(text, &id), IPSEC_ERR_SYNTAX);
}

static void assert_text(uint8_t type, const char *bytes, uint8_t length, const char *expect)
{
    struct ipsec_id id;
    char text[IPSEC_ID_TEXT_MAX];

    memset(&id, 0, sizeof(id));
    id.type = type;
    id.length = length;
    memcpy(id.bytes, bytes, length);
    ipsec_id_text(&id, text, sizeof(text));
    assert_string_equal(text, expect);
}

/* Octets as a peer may send them: safe in a log, and never shown as an identity that they are not.
 */
static void cve_2010_2628_texts_of_odd_identities(void **state)
{
    (void)state;
    assert_text(IPSEC_ID_FQDN, "10.0.0.1", 8, "@10.0.0.1");
    assert_text(IPSEC_ID_FQDN, "a\nb\x1b[2J", 7, "@a\\x0ab\\x1b[2J");
    assert_text(IPSEC_ID_FQDN, "user@example.net", 16, "@user@example.net");
    assert_text(IPSEC_ID_FQDN, "", 0, "@");
    assert_text(IPSEC_ID_RFC822_ADDR, "gw.example", 10, "mail:gw.example");
    assert_text(IPSEC_ID_IPV4_ADDR, "\1\2\3", 3, "address:0x010203");
    assert_text(IPSEC_ID_IPV6_ADDR, "\1\2\3\4", 4, "address:0x01020304");
    assert_text(IPSEC_ID_DER_ASN1_DN, "\x30\x00", 2, "dn:0x3000");
    assert_text(IPSEC_ID_KEY_ID, "a\\", 2, "keyid:0x615c");
    assert_text(200, "\1", 1, "type 200:0x01");
}

static void the_longest_text_fits_or_is_cut(void **state)
{
    struct ipsec_id id;
    char text[IPSEC_ID_TEXT_MAX];

    (void)state;
    memset(&id, 0xff, sizeof(id)); /* also a length beyond the array */
    ipsec_id_text(&id, text, sizeof(text));
    assert_int_equal(strlen(text), strlen("type 255:0x") + 2 * IPSEC_ID_BYTES_MAX);
    id.type = IPSEC_ID_FQDN;
    ipsec_id_text(&id, text, sizeof(text));
    assert_int_equal(strlen(text), sizeof(text) - 1);
    assert_string_equal(text + sizeof(text) - 4, "...");
}

static void equality(void **state)
{
    struct ipsec_id a;
    struct ipsec_id b;

    (void)state;
    assert_int_equal(ipsec_id_parse("GW.Example", &a), IPSEC_OK);
    assert_int_equal(ipsec_id_parse("gw.example", &b), IPSEC_OK);
    assert_true(ipsec_id_equal(&a, &b)); /* RFC 4343 2 */
    assert_int_equal(ipsec_id_parse("gw.examplf", &b), IPSEC_OK);
    assert_false(ipsec_id_equal(&a, &b));
    assert_int_equal(ipsec_id_parse("gw.exampl", &b), IPSEC_OK);
    assert_false(ipsec_id_equal(&a, &b));
    assert_int_equal(ipsec_id_parse("keyid:GW", &a), IPSEC_OK);
    assert_int_equal(ipsec_id_parse("keyid:gw", &b), IPSEC_OK);
    assert_false(ipsec_id_equal(&a, &b));
    b = a;
    b.type = IPSEC_ID_FQDN;
    assert_false(ipsec_id_equal(&a, &b));
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    b.length = 3;
    assert_true(ipsec_id_equal(&a, &b)); /* none has no octets */
    memset(&a, 0xff, sizeof(a));
    b = a;
    assert_false(ipsec_id_equal(&a, &b)); /* a length that can not be */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(refused_and_unchanged),
        cmocka_unit_test(longest_and_one_longer),
        cmocka_unit_test(cve_2010_2628_texts_of_odd_identities),
        cmocka_unit_test(the_longest_text_fits_or_is_cut),
        cmocka_unit_test(equality),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
