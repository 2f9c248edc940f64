/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/narrow.h. RFC 7296 2.9, 3.13; RFC 4301 4.4.1.1.
 */
#include "ike_kit.h"
#include "narrow.h"

#define ANY_PORT "0000ffff"

static struct ipsec_selectors out;
static bool cut;

/* "192.168.1.0/24, 10.0.0.1[tcp/80]" */
static struct ipsec_selectors list(const char *text)
{
    struct ipsec_selectors result = {0};
    char item[IPSEC_SELECTOR_TEXT_MAX];

    while (*text != '\0') {
        const size_t length = strcspn(text, ",");
        assert_true(length < sizeof(item) && result.count < IPSEC_SELECTORS_MAX);
        memcpy(item, text, length);
        item[length] = '\0';
        assert_int_equal(ipsec_selector_parse(item, &result.item[result.count++]), IPSEC_OK);
        text += length + (text[length] == ',');
        text += strspn(text, " ");
    }
    return result;
}

static void assert_out(const char *expected)
{
    char text[IPSEC_SELECTORS_MAX * IPSEC_SELECTOR_TEXT_MAX] = "";

    for (uint32_t i = 0; i < out.count; i++) {
        char item[IPSEC_SELECTOR_TEXT_MAX];
        ipsec_selector_text(&out.item[i], item, sizeof(item));
        strcat(strcat(text, i == 0 ? "" : ", "), item);
    }
    assert_string_equal(text, expected);
}

static enum ipsec_status narrow(const char *ours, const char *offered)
{
    const struct ipsec_selectors a = list(ours);
    const struct ipsec_selectors b = list(offered);
    return ipseci_ts_narrow(&a, &b, &out);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static enum ipsec_status read_hex(const char *body)
{
    return ipseci_ts_read(hex(body), &out, &cut);
}

static void ts_01_published_payload(void **state)
{
    (void)state;
    kit_load("android-ike/payload-ts.json");
    const struct ipsec_view payload = kit_value("TS_INITIATOR_PAYLOAD_HEX_STRING");
    const struct ipsec_view body = ipseci_view(payload.data + 4, payload.length - 4);
    assert_int_equal(ipseci_ts_read(body, &out, &cut), IPSEC_OK);
    assert_false(cut);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.item[0].port_first, 16);
    assert_int_equal(out.item[0].port_last, 65520);
    for (size_t length = 0; length < body.length; length++) {
        assert_int_equal(ipseci_ts_read(exact(ipseci_view(body.data, length)), &out, &cut),
                         IPSEC_DROP_MALFORMED);
        assert_int_equal(out.count, 0);
    }
}

static void ts_01_count_and_length_cve_2023_23009(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "00000000",                                          /* count 0 */
        "02000000 07000010" ANY_PORT "0a000000 0a0000ff",    /* count beyond the payload */
        "01000000 07000010" ANY_PORT "0a000000 0a0000ff 00", /* octets left */
        "01000000 0700000f" ANY_PORT "0a000000 0a0000",      /* selector length */
        "01000000 07000028" ANY_PORT "0a000000 0a0000ff",    /* IPv6's length */
        "01000000 07000003" ANY_PORT "0a000000 0a0000ff",    /* below its header */
        "01000000 08000010" ANY_PORT "0a000000 0a0000ff",    /* IPv4's length */
    };
    for (size_t i = 0; i < IPSECI_COUNT(bodies); i++) {
        assert_int_equal(read_hex(bodies[i]), IPSEC_DROP_MALFORMED);
    }
}

static void ts_02_backward_ranges(void **state)
{
    (void)state;
    assert_int_equal(read_hex("01000000 07000010" ANY_PORT "0a0000ff 0a000000"),
                     IPSEC_ERR_NOT_FOUND);
    assert_int_equal(read_hex("01000000 07060010 00500040 0a000000 0a0000ff"), IPSEC_ERR_NOT_FOUND);
}

static void ts_03_opaque_ports(void **state)
{
    (void)state;
    assert_int_equal(read_hex("01000000 07060010 ffff0000 0a000000 0a0000ff"), IPSEC_OK);
    assert_int_equal(out.item[0].port_first, 65535);
    assert_int_equal(out.item[0].port_last, 0);
}

static void ts_04_any(void **state)
{
    (void)state;
    assert_int_equal(read_hex("01000000 07000010" ANY_PORT "00000000 ffffffff"), IPSEC_OK);
    assert_out("0.0.0.0/0");
}

static void ts_06_unknown_types(void **state)
{
    (void)state;
    assert_int_equal(read_hex("02000000 0a000008 11223344 07000010" ANY_PORT "0a000000 0a0000ff"),
                     IPSEC_OK);
    assert_out("10.0.0.0/24");
    assert_int_equal(read_hex("01000000 0a000008 11223344"), IPSEC_ERR_NOT_FOUND);
}

static void more_than_fit_are_cut(void **state)
{
    (void)state;
    char body[512] = "05000000";
    for (unsigned i = 0; i < 5; i++) {
        strcat(body, "07000010" ANY_PORT "0a000000 0a0000ff");
    }
    assert_int_equal(read_hex(body), IPSEC_OK);
    assert_true(cut);
    assert_int_equal(out.count, IPSEC_SELECTORS_MAX);
}

/* ---- narrowing ---------------------------------------------------------------------------------
 */

static void ts_07_subset_of_both(void **state)
{
    (void)state;
    static const struct {
        const char *ours;
        const char *offered;
        const char *common;
    } rows[] = {
        {"192.168.1.0/24", "192.168.1.0/24", "192.168.1.0/24"},
        {"192.168.0.0/16", "192.168.1.0/24", "192.168.1.0/24"},
        {"192.168.1.0/24", "0.0.0.0/0", "192.168.1.0/24"},
        {"10.0.0.0-10.0.0.20", "10.0.0.10-10.0.0.30", "10.0.0.10-10.0.0.20"},
        {"10.0.0.0/24[tcp]", "10.0.0.0/24", "10.0.0.0/24[tcp]"},
        {"10.0.0.0/24", "10.0.0.0/24[tcp/80]", "10.0.0.0/24[tcp/80]"},
        {"10.0.0.0/24[tcp/1-100]", "10.0.0.0/24[tcp/50-200]", "10.0.0.0/24[tcp/50-100]"},
        {"fd00::/64", "::/0", "fd00::/64"},
        {"10.0.1.0/24, 10.0.2.0/24", "10.0.0.0/16", "10.0.1.0/24, 10.0.2.0/24"},
        {"10.0.0.0/16", "10.0.2.0/24, 10.0.1.0/24", "10.0.2.0/24, 10.0.1.0/24"},
    };
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        assert_int_equal(narrow(rows[i].ours, rows[i].offered), IPSEC_OK);
        assert_out(rows[i].common);
        const struct ipsec_selectors ours = list(rows[i].ours);
        const struct ipsec_selectors offered = list(rows[i].offered);
        assert_true(ipseci_ts_subset(&out, &ours));
        assert_true(ipseci_ts_subset(&out, &offered));
    }
}

static void ts_07_first_selector_is_covered(void **state)
{
    (void)state;
    /* The packet that caused it, and then the network: the network holds both. */
    assert_int_equal(narrow("10.0.0.0/16", "10.0.5.6[tcp/443], 10.0.0.0/8"), IPSEC_OK);
    assert_out("10.0.0.0/16");
    const struct ipsec_selectors packet = list("10.0.5.6[tcp/443]");
    assert_true(ipseci_ts_subset(&packet, &out));
    /* When the rest is not ours, the packet's stays. */
    assert_int_equal(narrow("10.0.5.0/24[tcp/443]", "10.0.5.6[tcp/443], 172.16.0.0/12"), IPSEC_OK);
    assert_out("10.0.5.6[tcp/443]");
}

static void ts_08_beyond_our_room_the_first_stay(void **state)
{
    (void)state;
    assert_int_equal(
        narrow("10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/24", "10.0.0.0/16[tcp], 10.0.0.0/16[udp]"),
        IPSEC_OK);
    assert_out("10.0.1.0/24[tcp], 10.0.2.0/24[tcp], 10.0.3.0/24[tcp], 10.0.1.0/24[udp]");
}

static void ts_09_empty_intersection(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"192.168.1.0/24", "192.168.2.0/24"},
        {"10.0.0.1[tcp/80]", "10.0.0.1[tcp/81]"},
        {"10.0.0.1[tcp]", "10.0.0.1[udp]"},
        {"10.0.0.0/8", "fd00::/64"},
        {"0.0.0.0/0", "::/0"},
        {"", "10.0.0.0/8"},
        {"10.0.0.0/8", ""},
    };
    for (size_t i = 0; i < IPSECI_COUNT(pairs); i++) {
        assert_int_equal(narrow(pairs[i][0], pairs[i][1]), IPSEC_ERR_NOT_FOUND);
        assert_int_equal(out.count, 0);
    }
}

static void ts_05_icmp_type_and_code(void **state)
{
    (void)state;
    struct ipsec_selectors echo = list("10.0.0.0/24[icmp]");
    struct ipsec_selectors types = echo;
    echo.item[0].port_first = 8 << 8; /* type 8, any code */
    echo.item[0].port_last = (8 << 8) + 255;
    types.item[0].port_first = (3 << 8) + 4;
    types.item[0].port_last = 8 << 8; /* to type 8, code 0 */
    assert_int_equal(ipseci_ts_narrow(&echo, &types, &out), IPSEC_OK);
    assert_int_equal(out.item[0].port_first, 8 << 8);
    assert_int_equal(out.item[0].port_last, 8 << 8);
}

static void ts_03_opaque_meets_any_and_opaque_only(void **state)
{
    (void)state;
    struct ipsec_selectors opaque = list("10.0.0.0/24[tcp]");
    opaque.item[0].port_first = 65535;
    opaque.item[0].port_last = 0;
    const struct ipsec_selectors any = list("10.0.0.0/24[tcp]");
    const struct ipsec_selectors range = list("10.0.0.0/24[tcp/1-65535]");
    assert_int_equal(ipseci_ts_narrow(&opaque, &any, &out), IPSEC_OK);
    assert_int_equal(out.item[0].port_first, 65535);
    assert_int_equal(out.item[0].port_last, 0);
    assert_int_equal(ipseci_ts_narrow(&any, &opaque, &out), IPSEC_OK);
    assert_int_equal(out.item[0].port_first, 65535);
    assert_int_equal(ipseci_ts_narrow(&opaque, &opaque, &out), IPSEC_OK);
    assert_int_equal(ipseci_ts_narrow(&opaque, &range, &out), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ipseci_ts_narrow(&range, &opaque, &out), IPSEC_ERR_NOT_FOUND);
    assert_true(ipseci_ts_subset(&opaque, &any));
    assert_false(ipseci_ts_subset(&any, &opaque));
}

static void ts_11_families_are_paired(void **state)
{
    (void)state;
    struct ipsec_selectors a = list("10.0.1.0/24, fd00:1::/64");
    struct ipsec_selectors b = list("10.0.2.0/24");
    assert_int_equal(ipseci_ts_pair_families(&a, &b), IPSEC_OK);
    out = a;
    assert_out("10.0.1.0/24");
    out = b;
    assert_out("10.0.2.0/24");
    a = list("10.0.1.0/24, fd00:1::/64");
    b = list("fd00:2::/64, 10.0.2.0/24");
    assert_int_equal(ipseci_ts_pair_families(&a, &b), IPSEC_OK);
    assert_int_equal(a.count, 2);
    assert_int_equal(b.count, 2);
    a = list("10.0.1.0/24");
    b = list("fd00:2::/64");
    assert_int_equal(ipseci_ts_pair_families(&a, &b), IPSEC_ERR_NOT_FOUND);
}

static void unknown_family_meets_nothing(void **state)
{
    (void)state;
    const struct ipsec_selectors zero = {.count = 1};
    assert_int_equal(ipseci_ts_narrow(&zero, &zero, &out), IPSEC_ERR_NOT_FOUND);
}

static void ts_07_subset_and_equal(void **state)
{
    (void)state;
    const struct ipsec_selectors net = list("10.0.0.0/24");
    const struct ipsec_selectors part = list("10.0.0.0/25");
    const struct ipsec_selectors both = list("10.0.0.0/25, 10.0.0.0/24");
    const struct ipsec_selectors other = list("10.0.0.0/24, 10.0.1.0/24");
    const struct ipsec_selectors none = {0};
    assert_true(ipseci_ts_subset(&part, &net));
    assert_false(ipseci_ts_subset(&net, &part));
    assert_true(ipseci_ts_equal(&net, &both));
    assert_false(ipseci_ts_equal(&net, &other));
    assert_false(ipseci_ts_equal(&net, &part));
    assert_true(ipseci_ts_subset(&none, &net));
    assert_false(ipseci_ts_subset(&net, &none));
}

static void lists_made_by_hand_are_bounded(void **state)
{
    (void)state;
    struct ipsec_selectors many = list("10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/24");
    const struct ipsec_selectors all = list("0.0.0.0/0");
    many.count = UINT32_MAX;
    assert_int_equal(ipseci_ts_narrow(&all, &many, &out), IPSEC_OK);
    assert_int_equal(out.count, 4);
    assert_true(ipseci_ts_subset(&many, &all));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(ts_01_published_payload),
        KIT_TEST(ts_01_count_and_length_cve_2023_23009),
        KIT_TEST(ts_02_backward_ranges),
        KIT_TEST(ts_03_opaque_ports),
        KIT_TEST(ts_04_any),
        KIT_TEST(ts_06_unknown_types),
        KIT_TEST(more_than_fit_are_cut),
        KIT_TEST(ts_07_subset_of_both),
        KIT_TEST(ts_07_first_selector_is_covered),
        KIT_TEST(ts_08_beyond_our_room_the_first_stay),
        KIT_TEST(ts_09_empty_intersection),
        KIT_TEST(ts_05_icmp_type_and_code),
        KIT_TEST(ts_03_opaque_meets_any_and_opaque_only),
        KIT_TEST(ts_11_families_are_paired),
        KIT_TEST(unknown_family_meets_nothing),
        KIT_TEST(ts_07_subset_and_equal),
        KIT_TEST(lists_made_by_hand_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
