/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the address functions of ipsec/types.h.
 */
#include "base_check.h"

#include <ipsec/types.h>

/* A text and how it is written back. */
static void round_trips(void **state)
{
    static const char *const rows[][2] = {
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"192.168.1.1", "192.168.1.1"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"fd00::1", "fd00::1"},
        {"FD00:0:0:0:0:0:0:1", "fd00::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* RFC 5952 4.2.2 */
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* 4.2.3: the longest run */
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    /* 4.2.3: the first of equal runs */
        {"2001:db8::0001:0", "2001:db8::1:0"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"::ffff:10.1.2.3", "::ffff:10.1.2.3"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ipsec_addr addr;
        struct ipsec_addr again;
        char text[IPSEC_ADDR_TEXT_MAX];

        assert_int_equal(ipsec_addr_parse(rows[i][0], &addr), IPSEC_OK);
        ipsec_addr_text(&addr, text, sizeof(text));
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(ipsec_addr_parse(text, &again), IPSEC_OK);
        assert_true(ipsec_addr_equal(&addr, &again));
    }
}

static void refused_and_unchanged(void **state)
{
    static const char *const rows[] = {
        "",
        " ",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.",
        ".1.2.3",
        "1..2.3",
        "1.2.3.256",
        "1.2.3.04",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.-4",
        "1.2.3.0x4",
        "1.2.3.4/24",
        "1.2.3.1000",
        ":",
        ":::",
        ":1",
        "1:",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1::2::3",
        "::1::",
        "1:::2",
        "12345::",
        "g::",
        "::1%eth0",
        "1.2.3.4::",
        "::1.2.3",
        "::1.2.3.4:1",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:1.2.3.4",
        "::1:",
        "1:2:3:4::5:6:7:8",
        "fe80::1/64",
        "localhost",
    };
    struct ipsec_addr addr;
    struct ipsec_addr before;

    (void)state;
    memset(&addr, 0x5a, sizeof(addr));
    before = addr;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ipsec_addr_parse(rows[i], &addr), IPSEC_ERR_SYNTAX);
        assert_memory_equal(&addr, &before, sizeof(addr));
    }
    assert_int_equal(ipsec_addr_parse(NULL, &addr), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_addr_parse("1.2.3.4", NULL), IPSEC_ERR_ARGUMENT);
}

static void equal_looks_at_the_family_and_its_octets(void **state)
{
    struct ipsec_addr a = {IPSEC_FAMILY_IPV4, {10, 0, 0, 1}};
    struct ipsec_addr b = {IPSEC_FAMILY_IPV4, {10, 0, 0, 1, 99}};

    (void)state;
    assert_true(ipsec_addr_equal(&a, &b));
    b.bytes[3] = 2;
    assert_false(ipsec_addr_equal(&a, &b));
    b = a;
    b.family = IPSEC_FAMILY_IPV6;
    assert_false(ipsec_addr_equal(&a, &b));
    a.family = IPSEC_FAMILY_IPV6;
    assert_true(ipsec_addr_equal(&a, &b));
    b.bytes[15] = 1;
    assert_false(ipsec_addr_equal(&a, &b));
    a.family = IPSEC_FAMILY_NONE;
    b.family = IPSEC_FAMILY_NONE;
    assert_true(ipsec_addr_equal(&a, &b));
}

static void no_family_and_small_rooms(void **state)
{
    struct ipsec_addr addr = {IPSEC_FAMILY_NONE, {0}};
    char text[8];

    (void)state;
    ipsec_addr_text(&addr, text, sizeof(text));
    assert_string_equal(text, "none");
    assert_int_equal(ipsec_addr_parse("192.168.1.1", &addr), IPSEC_OK);
    ipsec_addr_text(&addr, text, sizeof(text));
    assert_string_equal(text, "192....");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(refused_and_unchanged),
        cmocka_unit_test(equal_looks_at_the_family_and_its_octets),
        cmocka_unit_test(no_family_and_small_rooms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
