/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of ipsec-two-site: SAs, the layout of an ESP packet, journal lines, status, route prefixes,
 * and the echo packets of the in-process scenario.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "journal.h"
#include "lanpacket.h"
#include "netsetup.h"
#include "packet.h"
#include "render.h"
#include "site_status.h"

static const struct ipsec_suite cbc = {.protocol = IPSEC_PROTOCOL_ESP,
                                       .encr = IPSEC_ENCR_AES_CBC,
                                       .encr_key_bits = 256,
                                       .integ = IPSEC_INTEG_HMAC_SHA2_256_128};

/* ---- SAs --------------------------------------------------------------------------------------
 */

static void child_line(void **state)
{
    struct render out = {.used = 0};
    struct ipsec_child_info child = {.spi_in = 0xc0000001, .spi_out = 0xd, .suite = cbc};
    (void)state;
    child.local_ts.count = 1;
    child.remote_ts.count = 1;
    assert_int_equal(ipsec_selector_parse("192.168.1.0/24", &child.local_ts.item[0]), IPSEC_OK);
    assert_int_equal(ipsec_selector_parse("192.168.2.0/24", &child.remote_ts.item[0]), IPSEC_OK);
    child.rekey_due = 61000;
    child.ends = IPSEC_NEVER;
    render_child(&out, &child, 1000);
    assert_string_equal(out.text, "192.168.1.0/24 === 192.168.2.0/24: AES-CBC-256, "
                                  "HMAC-SHA2-256-128; SPIs in c0000001 out 0000000d; ESP in IP "
                                  "(protocol 50); rekey in 60 s, ends in never");
}

static void text_is_cut_not_overrun(void **state)
{
    struct render out = {.used = 0};
    (void)state;
    for (size_t i = 0; i < 2 * RENDER_BYTES; i++) {
        render_add(&out, "%s", "abc");
    }
    assert_int_equal(out.used, RENDER_BYTES - 1);
    assert_int_equal(strlen(out.text), RENDER_BYTES - 1);
}

static void endpoints(void **state)
{
    struct render out = {.used = 0};
    struct ipsec_endpoint endpoint = {.port = 500};
    (void)state;
    assert_int_equal(ipsec_addr_parse("fd00::1", &endpoint.addr), IPSEC_OK);
    render_endpoint(&out, &endpoint);
    assert_string_equal(out.text, "[fd00::1]:500");
}

/* ---- Packets ----------------------------------------------------------------------------------
 */

static char *printed(const struct packet_layout *layout, bool expected)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    assert_int_equal(packet_print(layout, out), expected);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void layout_of_cbc(void **state)
{
    uint8_t ip[20 + 8 + 16 + 96 + 16] = {0x45, 0, 0, 156, [9] = 50, [12] = 10, [16] = 10};
    struct packet_layout layout = {.suite = cbc, .inner_bytes = 84};
    (void)state;
    ip[20] = 0xc1;
    ip[27] = 7;
    assert_true(packet_find_esp((struct ipsec_view){.data = ip, .length = sizeof(ip)}, &layout));
    assert_int_equal(layout.outer.length, 20);
    assert_int_equal(layout.esp.length, 136);
    char *text = printed(&layout, true);
    assert_non_null(strstr(text, "One ESP packet, 156 octets"));
    assert_non_null(strstr(text, "  SPI                4  c1000000"));
    assert_non_null(strstr(text, "  sequence           4  00000007"));
    assert_non_null(strstr(text, "  IV                16  "));
    assert_non_null(strstr(text, "  inner packet      84  "));
    assert_non_null(strstr(text, "  padding           10  "));
    assert_non_null(strstr(text, "  pad length         1  "));
    assert_non_null(strstr(text, "  ICV               16  "));
    free(text);
}

static void layout_of_gcm_in_udp(void **state)
{
    uint8_t ip[20 + 8 + 8 + 8 + 88 + 16] = {0x45, 0, 0, 148, [9] = 17};
    struct packet_layout layout = {.inner_bytes = 84};
    (void)state;
    layout.suite = (struct ipsec_suite){.encr = IPSEC_ENCR_AES_GCM_16, .encr_key_bits = 128};
    ip[20] = 4500 >> 8;
    ip[21] = 4500 & 255;
    const struct ipsec_view view = {.data = ip, .length = sizeof(ip)};
    assert_false(packet_find_esp(view, &layout)); /* SPI 0 is the non-ESP marker */
    ip[28] = 1;
    assert_true(packet_find_esp(view, &layout));
    char *text = printed(&layout, true);
    assert_non_null(strstr(text, "  UDP                8  "));
    assert_non_null(strstr(text, "  IV                 8  "));
    assert_non_null(strstr(text, "  padding            2  "));
    free(text);
}

static void what_is_no_esp(void **state)
{
    uint8_t ip[60] = {0x45, 0, 0, 60, [9] = 50};
    struct packet_layout layout = {.suite = cbc};
    (void)state;
    assert_false(packet_find_esp((struct ipsec_view){.data = ip, .length = 19}, &layout));
    assert_false(packet_find_esp((struct ipsec_view){.data = ip, .length = 59}, &layout));
    ip[9] = 6;
    assert_false(packet_find_esp((struct ipsec_view){.data = ip, .length = 60}, &layout));
    ip[9] = 50;
    ip[0] = 0x44;
    assert_false(packet_find_esp((struct ipsec_view){.data = ip, .length = 60}, &layout));
    ip[0] = 0x65;
    assert_false(packet_find_esp((struct ipsec_view){.data = ip, .length = 60}, &layout));
    layout.esp = (struct ipsec_view){.data = ip, .length = 41};
    free(printed(&layout, false)); /* too short for IV and ICV */
    layout.esp.length = 57;
    free(printed(&layout, false)); /* not whole blocks */
    layout.esp.length = 56;
    layout.inner_bytes = 15;
    free(printed(&layout, false)); /* the inner packet does not fit */
    layout.inner_bytes = 14;
    free(printed(&layout, true));
    layout.suite.encr = 99;
    free(printed(&layout, false));
}

static void echo_packets(void **state)
{
    uint8_t packet[1400];
    struct ipsec_selector a;
    struct ipsec_selector b;
    (void)state;
    assert_int_equal(ipsec_selector_parse("192.168.1.0/24", &a), IPSEC_OK);
    assert_int_equal(ipsec_selector_parse("10.0.0.7", &b), IPSEC_OK);
    for (size_t bytes = 28; bytes <= sizeof(packet); bytes += 343) {
        lanpacket_make_request(packet, bytes, &a, &b, 5);
        assert_int_equal(packet[15], 10);
        assert_int_equal(packet[19], 7);
        assert_false(lanpacket_is_reply(packet, bytes));
        assert_true(lanpacket_make_reply(packet, bytes));
        assert_int_equal(packet[19], 10);
        assert_true(lanpacket_is_reply(packet, bytes));
        assert_false(lanpacket_make_reply(packet, bytes));
        packet[bytes - 1] ^= 1;
        assert_false(lanpacket_is_reply(packet, bytes));
    }
}

/* ---- Journal ----------------------------------------------------------------------------------
 */

static void journal_keeps_the_last_lines(void **state)
{
    struct journal *journal = journal_new(NULL);
    const ipsec_ms clock = 12345;
    (void)state;
    assert_non_null(journal);
    journal->clock = &clock;
    assert_null(journal_get(journal, 0));
    for (unsigned i = 0; i < JOURNAL_LINES + 5; i++) {
        journal_line(journal, "b", "line %u", i);
    }
    assert_int_equal(journal_first(journal), 5);
    assert_null(journal_get(journal, 4));
    assert_string_equal(journal_get(journal, 5), "   12.345 b        line 5");
    assert_null(journal_get(journal, JOURNAL_LINES + 5));
    free(journal);
}

static void journal_lines_are_cut_and_printable(void **state)
{
    char longer[2 * JOURNAL_LINE_BYTES];
    struct journal *journal = journal_new(NULL);
    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    longer[3] = '\033';
    journal_line(journal, "b", "%s", longer);
    const char *line = journal_get(journal, 0);
    assert_int_equal(strlen(line), JOURNAL_LINE_BYTES - 1);
    assert_string_equal(line + JOURNAL_LINE_BYTES - 4, "...");
    assert_null(strchr(line, '\033'));
    journal_block(journal, "b", "one\ntwo\n");
    assert_int_equal(journal->next, 3);
    assert_non_null(strstr(journal_get(journal, 2), "two"));
    free(journal);
}

/* ---- Status -----------------------------------------------------------------------------------
 */

static char *status_text(const char *json)
{
    json_error_t error;
    char *text = NULL;
    size_t length = 0;
    json_t *status = json_loads(json, 0, &error);
    assert_non_null(status);
    FILE *out = open_memstream(&text, &length);
    status_print(status, out);
    assert_int_equal(fclose(out), 0);
    json_decref(status);
    return text;
}

static void status_of_json(void **state)
{
    (void)state;
    char *text =
        status_text("{\"sites\":[{\"name\":\"b\",\"role\":\"both\",\"held\":true,\"failures\":2,"
                    "\"last_cause\":\"selectors\",\"next_attempt_in_s\":8,\"attempts\":3,\"ike\":[]"
                    ",\"children\":[{\"name\":\"net\","
                    "\"phase\":\"installed\",\"ends_in_s\":null,\"rekey_in_s\":5}]}],"
                    "\"counters\":{\"lan_in\":3,\"drops_from_wan\":{\"replay\":4}}}");
    assert_non_null(strstr(text, "site b (both), held down\n"));
    assert_non_null(strstr(text, "child net installed"));
    assert_non_null(strstr(text, "rekey in 5 s, ends in never"));
    assert_non_null(strstr(text, "next attempt in 8 s, after 3\n"));
    assert_non_null(strstr(text, "2 failures in a row, last: selectors"));
    assert_non_null(strstr(text, "drops_from_wan: replay: 4"));
    free(text);
}

static void status_of_strange_json(void **state)
{
    static const char *const strange[] = {"{}",
                                          "[]",
                                          "{\"sites\":3}",
                                          "{\"sites\":[1,null,[]]}",
                                          "{\"sites\":[{\"ike\":{},\"children\":[7]}]}",
                                          "{\"counters\":{\"drops_ike\":[1]}}"};
    (void)state;
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        free(status_text(strange[i]));
    }
}

/* ---- Routes -----------------------------------------------------------------------------------
 */

static void prefixes(void **state)
{
    static const struct {
        const char *selector;
        bool is;
        unsigned bits;
    } rows[] = {
        {"192.168.2.0/24", true, 24},     {"10.0.0.1", true, 32},
        {"0.0.0.0/0", true, 0},           {"10.0.0.0-10.0.0.255", true, 24},
        {"10.0.0.1-10.0.0.2", false, 0},  {"10.0.0.128-10.0.1.127", false, 0},
        {"10.0.0.0/31", true, 31},        {"fd00::/64", true, 64},
        {"fd00::1", true, 128},           {"::/0", true, 0},
        {"fd00::-fd00::fe", false, 0},    {"fd00::1-fd00::ff", false, 0},
        {"fd00::-fd00::ffff", true, 112},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ipsec_selector selector;
        unsigned bits = 99;
        assert_int_equal(ipsec_selector_parse(rows[i].selector, &selector), IPSEC_OK);
        assert_int_equal(netsetup_prefix(&selector, &bits), rows[i].is);
        assert_true(!rows[i].is || bits == rows[i].bits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_line),
        cmocka_unit_test(text_is_cut_not_overrun),
        cmocka_unit_test(endpoints),
        cmocka_unit_test(layout_of_cbc),
        cmocka_unit_test(layout_of_gcm_in_udp),
        cmocka_unit_test(what_is_no_esp),
        cmocka_unit_test(echo_packets),
        cmocka_unit_test(journal_keeps_the_last_lines),
        cmocka_unit_test(journal_lines_are_cut_and_printable),
        cmocka_unit_test(status_of_json),
        cmocka_unit_test(status_of_strange_json),
        cmocka_unit_test(prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
