/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of ipsec_message_text.
 */
#include "ike_kit.h"

#include <ipsec/event.h>

static char text[IPSEC_MESSAGE_TEXT_MAX];

static const char *show(const struct ipsec_message_info *m)
{
    ipsec_message_text(m, text, sizeof(text));
    return text;
}

static void ike_sa_init(void **state)
{
    (void)state;
    struct ipsec_message_info m = {.outbound = true,
                                   .exchange = 34,
                                   .length = 464,
                                   .payload_count = 6,
                                   .payload = {{33, 0, 0, 0},
                                               {34, 0, 0, 0},
                                               {40, 0, 0, 0},
                                               {41, 0, 16388, 0},
                                               {41, 0, 40960, 0},
                                               {43, 0, 0, 0}}};
    assert_string_equal(show(&m), "-> IKE_SA_INIT request 0, 464 octets: SA KE Ni "
                                  "N(NAT_DETECTION_SOURCE_IP) N(40960) V");
    m.outbound = false;
    m.response = true;
    m.payload_count = 3;
    assert_string_equal(show(&m), "<- IKE_SA_INIT response 0, 464 octets: SA KE Nr");
}

static void inside_sk(void **state)
{
    (void)state;
    const struct ipsec_message_info m = {
        .outbound = true,
        .exchange = 35,
        .message_id = 1,
        .length = 236,
        .payload_count = 4,
        .payload = {{46, 0, 0, 0}, {35, 1, 0, 0}, {39, 1, 0, 0}, {41, 1, 16384, 0}}};
    assert_string_equal(show(&m),
                        "-> IKE_AUTH request 1, 236 octets: SK{IDi AUTH N(INITIAL_CONTACT)}");
}

static void inside_sk_without_its_own_entry(void **state)
{
    (void)state;
    const struct ipsec_message_info m = {.exchange = 36,
                                         .response = true,
                                         .message_id = 7,
                                         .length = 1,
                                         .payload_count = 2,
                                         .payload = {{33, 1, 0, 0}, {40, 1, 0, 0}}};
    assert_string_equal(show(&m), "<- CREATE_CHILD_SA response 7, 1 octet: SK{SA Nr}");
}

static void empty_informational(void **state)
{
    (void)state;
    struct ipsec_message_info m = {.exchange = 37,
                                   .message_id = 4294967295u,
                                   .length = 76,
                                   .retransmission = true,
                                   .outbound = true,
                                   .payload_count = 1,
                                   .payload = {{46, 0, 0, 0}}};
    assert_string_equal(show(&m),
                        "-> INFORMATIONAL request 4294967295, 76 octets, sent again: SK{}");
    m.outbound = false;
    assert_string_equal(show(&m),
                        "<- INFORMATIONAL request 4294967295, 76 octets, received again: SK{}");
}

static void unknown_numbers(void **state)
{
    (void)state;
    const struct ipsec_message_info m = {
        .exchange = 240, .length = 28, .payload_count = 1, .payload = {{200, 0, 0, 0}}};
    assert_string_equal(show(&m), "<- exchange-240 request 0, 28 octets: payload-200");
    const struct ipsec_message_info bare = {.exchange = 34, .length = 28};
    assert_string_equal(show(&bare), "<- IKE_SA_INIT request 0, 28 octets");
}

static void cve_2015_3204_longest_message_is_cut_not_overrun(void **state)
{
    (void)state;
    struct ipsec_message_info m = {.exchange = 36, .payload_count = UINT8_MAX};
    char small[500];
    for (size_t i = 0; i < IPSEC_MESSAGE_PAYLOADS_MAX; i++) {
        m.payload[i].type = 41;
        m.payload[i].notify = 16394;
    }
    assert_int_equal(strlen(show(&m)), IPSEC_MESSAGE_TEXT_MAX - 1);
    assert_string_equal(text + IPSEC_MESSAGE_TEXT_MAX - 4, "...");
    for (size_t capacity = 0; capacity < 100; capacity++) {
        memset(small, 0x7f, sizeof(small));
        ipsec_message_text(&m, small, capacity);
        assert_true(capacity == 0 || strlen(small) < capacity);
        assert_int_equal(small[capacity], 0x7f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ike_sa_init),
        cmocka_unit_test(inside_sk),
        cmocka_unit_test(inside_sk_without_its_own_entry),
        cmocka_unit_test(empty_informational),
        cmocka_unit_test(unknown_numbers),
        cmocka_unit_test(cve_2015_3204_longest_message_is_cut_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
