/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the selector functions of ipsec/types.h.
 */
#include "base_check.h"

#include <ipsec/types.h>

/* A text and how it is written back. */
static void round_trips(void **state)
{
    static const char *const rows[][2] = {
        {"192.168.1.0/24", "192.168.1.0/24"},
        {"192.168.1.77/24", "192.168.1.0/24"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"10.0.0.1", "10.0.0.1"},
        {"10.0.0.1/32", "10.0.0.1"},
        {"10.0.0.128/31", "10.0.0.128/31"},
        {"10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"},
        {"10.0.0.0-10.0.0.255", "10.0.0.0/24"},
        {"10.0.0.5-10.0.0.5", "10.0.0.5"},
        {"10.0.0.1-10.0.0.2", "10.0.0.1-10.0.0.2"},
        {"fd00::/64", "fd00::/64"},
        {"::/0", "::/0"},
        {"fd00::1-fd00::9", "fd00::1-fd00::9"},
        {"10.0.0.0/8[any]", "10.0.0.0/8"},
        {"10.0.0.0/8[any/any]", "10.0.0.0/8"},
        {"10.0.0.0/8[0]", "10.0.0.0/8"},
        {"10.0.0.0/8[tcp]", "10.0.0.0/8[tcp]"},
        {"10.0.0.0/8[tcp/any]", "10.0.0.0/8[tcp]"},
        {"10.0.0.0/8[TCP/80]", "10.0.0.0/8[tcp/80]"},
        {"10.0.0.0/8[6/80-90]", "10.0.0.0/8[tcp/80-90]"},
        {"10.0.0.0/8[udp/0-65535]", "10.0.0.0/8[udp]"},
        {"10.0.0.0/8[17/0]", "10.0.0.0/8[udp/0]"},
        {"10.0.0.0/8[udp/opaque]", "10.0.0.0/8[udp/opaque]"},
        {"10.0.0.0/8[47]", "10.0.0.0/8[47]"},
        {"10.0.0.0/8[255/any]", "10.0.0.0/8[255]"},
        {"10.0.0.0/8[icmp/2048]", "10.0.0.0/8[icmp/2048]"},
        {"fd00::1[icmp]", "fd00::1[icmp]"},
        {"10.0.0.1[58]", "10.0.0.1[58]"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ipsec_selector s;
        struct ipsec_selector again;
        char text[IPSEC_SELECTOR_TEXT_MAX];

        assert_int_equal(ipsec_selector_parse(rows[i][0], &s), IPSEC_OK);
        ipsec_selector_text(&s, text, sizeof(text));
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(ipsec_selector_parse(text, &again), IPSEC_OK);
        assert_memory_equal(&s, &again, sizeof(s));
    }
}

static void fields(void **state)
{
    static const uint8_t first[4] = {10, 128, 0, 0};
    static const uint8_t last[4] = {10, 255, 255, 255};
    static const uint8_t zeros[12];
    struct ipsec_selector s;

    (void)state;
    assert_int_equal(ipsec_selector_parse("10.200.0.1/9[udp/1024-2047]", &s), IPSEC_OK);
    assert_int_equal(s.family, IPSEC_FAMILY_IPV4);
    assert_int_equal(s.protocol, 17);
    assert_int_equal(s.port_first, 1024);
    assert_int_equal(s.port_last, 2047);
    assert_memory_equal(s.first, first, 4);
    assert_memory_equal(s.last, last, 4);
    assert_memory_equal(s.first + 4, zeros, 12);
    assert_memory_equal(s.last + 4, zeros, 12);
    assert_int_equal(ipsec_selector_parse("fd00::1[icmp]", &s), IPSEC_OK);
    assert_int_equal(s.protocol, 58);
    assert_int_equal(s.port_first, 0);
    assert_int_equal(s.port_last, 65535);
    assert_int_equal(ipsec_selector_parse("10.0.0.1[tcp/opaque]", &s), IPSEC_OK);
    assert_int_equal(s.port_first, 65535);
    assert_int_equal(s.port_last, 0);
}

static void refused_and_unchanged(void **state)
{
    static const char *const rows[] = {
        "",
        "/24",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0/8",
        "fd00::/129",
        "10.0.0.9-10.0.0.1",
        "10.0.0.1-fd00::1",
        "10.0.0.1-",
        "-10.0.0.1",
        "10.0.0.1-10.0.0.2-10.0.0.3",
        "10.0.0.0/24-10.0.1.0/24",
        "10.0.0.0/8[",
        "10.0.0.0/8]",
        "10.0.0.0/8[]",
        "10.0.0.0/8[tcp",
        "10.0.0.0/8[tcp]x",
        "10.0.0.0/8[tcp/]",
        "10.0.0.0/8[tcp/65536]",
        "10.0.0.0/8[tcp/9-1]",
        "10.0.0.0/8[tcp/1-]",
        "10.0.0.0/8[tcp/http]",
        "10.0.0.0/8[256]",
        "10.0.0.0/8[/80]",
        "10.0.0.0/8[any/80]", /* RFC 7296 3.13.1: no ports without a protocol that has them */
        "10.0.0.0/8[47/1]",
        "[tcp/80]",
        "10.0.0.0/8 ",
        "gateway",
    };
    struct ipsec_selector s;
    struct ipsec_selector before;

    (void)state;
    memset(&s, 0x5a, sizeof(s));
    before = s;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ipsec_selector_parse(rows[i], &s), IPSEC_ERR_SYNTAX);
        assert_memory_equal(&s, &before, sizeof(s));
    }
    assert_int_equal(ipsec_selector_parse(NULL, &s), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_selector_parse("10.0.0.1", NULL), IPSEC_ERR_ARGUMENT);
}

/* What a peer may send though no text is read as it. */
static void texts_of_odd_selectors(void **state)
{
    struct ipsec_selector s;
    char text[IPSEC_SELECTOR_TEXT_MAX];

    (void)state;
    memset(&s, 0, sizeof(s));
    ipsec_selector_text(&s, text, sizeof(text));
    assert_string_equal(text, "none");
    assert_int_equal(ipsec_selector_parse("10.0.0.0/8", &s), IPSEC_OK);
    s.port_first = 80;
    s.port_last = 80;
    ipsec_selector_text(&s, text, sizeof(text));
    assert_string_equal(text, "10.0.0.0/8[any/80]");
    memset(s.first, 0xff, 16);
    memset(s.last, 0xff, 16);
    s.first[15] = 0xf1;
    s.family = IPSEC_FAMILY_IPV6;
    s.protocol = 255;
    s.port_first = 10000;
    s.port_last = 65535;
    ipsec_selector_text(&s, text, sizeof(text));
    assert_string_equal(text, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff1-"
                              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[255/10000-65535]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(fields),
        cmocka_unit_test(refused_and_unchanged),
        cmocka_unit_test(texts_of_odd_selectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
